"""The two axes: what is marked and written along ages, in each window, and along values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation, Transform
from numpy.typing import ArrayLike

from centiles.ages import DAYS_IN_MONTH, DAYS_IN_YEAR, TERM_DAYS
from centiles.charts import style
from centiles.charts.windows import Window

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GESTATION_TO_DAY: Final = 14  # 42 weeks
_DOWN: Final = -19.0  # from the axis to the second line under it [pt]
_CAPTION: Final = 84.0  # the width of "weeks of gestation" and a gap [pt]
_LEAST_RISE: Final = 30.0  # between two numbers of the value axis [pt]
_SMALL_MARK: Final = 3.0  # [pt]
_LEAST_GAP: Final = 17  # between two labels [pt]


@dataclass(frozen=True)
class Row:
    """Marks along an axis: where [d], what each says, and what the whole row is in."""

    days: tuple[float, ...]
    labels: tuple[str, ...]
    unit: str

    def __add__(self, other: Row) -> Row:
        """Return two rows as one, in the unit of the second."""
        return Row(self.days + other.days, self.labels + other.labels, other.unit)


@dataclass(frozen=True)
class AgeAxis:
    """The rows of an age axis: the finer above, the coarser below it or in line with it."""

    fine: Row
    coarse: Row
    in_line: bool
    gestation: bool


def age_axis(window: Window, width: float) -> AgeAxis:
    """Return the marks of a window's age axis.

    Weeks of gestation below 42 weeks; weeks and months to 2 years; months and years to 4; years
    and half years after.

    Parameters
    ----------
    window
        The ages shown.
    width
        How wide the axis is [pt].

    Examples
    --------
    >>> from centiles.charts.windows import WINDOWS
    >>> axis = age_axis(WINDOWS["0-4"], 600)
    >>> axis.fine.unit, axis.coarse.unit, axis.coarse.labels
    ('months', 'years', ('1', '2', '3', '4'))
    """
    scale = width / window.days
    if window.to_day > 4.5 * DAYS_IN_YEAR:
        return _years(window, scale)
    gestation = _gestation(window, scale)
    after = gestation.days[-1] + _LEAST_GAP / scale if gestation.days else window.from_day
    clear = max(after, window.from_day + _CAPTION / scale)
    if window.by_gestation:
        return AgeAxis(gestation, Row((), (), ""), in_line=False, gestation=True)
    if window.to_day > 2.5 * DAYS_IN_YEAR:
        fine = _multiples(window, scale, DAYS_IN_MONTH, (1, 3, 6, 12), "months", after)
        coarse = _multiples(window, scale, DAYS_IN_YEAR, (1,), "years", clear)
    else:
        fine = _multiples(window, scale, 7, (1, 2, 4, 8, 13, 26), "weeks", after)
        coarse = _multiples(window, scale, DAYS_IN_MONTH, (1, 2, 3, 6), "months", clear)
    return AgeAxis(gestation + fine, coarse, in_line=False, gestation=bool(gestation.days))


def _gestation(window: Window, scale: float) -> Row:
    """Return weeks of gestation, counted from 40, up to 42 weeks."""
    last = min(window.to_day, _GESTATION_TO_DAY)
    step = _step(7 * scale, (1, 2, 4, 8))
    weeks = np.arange(-24 // step * step, 3, step)
    weeks = weeks[(weeks * 7 >= window.from_day) & (weeks * 7 <= last)]
    labels = tuple(str(int(week) + TERM_DAYS // 7) for week in weeks)
    return Row(tuple(float(week * 7) for week in weeks), labels, "weeks of gestation")


def _years(window: Window, scale: float) -> AgeAxis:
    """Return years, with half years written out where there is room."""
    years = _multiples(window, scale, DAYS_IN_YEAR, (1, 2, 5), "years", window.from_day)
    halves = np.arange(np.ceil(window.from_day / DAYS_IN_YEAR * 2), 41) / 2
    halves = halves[(halves % 1 != 0) & (halves * DAYS_IN_YEAR <= window.to_day)]
    roomy = DAYS_IN_YEAR / 2 * scale >= 1.4 * _LEAST_GAP
    labels = tuple((f"{int(half)}½" if half > 1 else "½") if roomy else "" for half in halves)
    fine = Row(tuple(float(half * DAYS_IN_YEAR) for half in halves), labels, "half years")
    return AgeAxis(fine, years, in_line=True, gestation=False)


def _multiples(
    window: Window,
    scale: float,
    unit_days: float,
    steps: Sequence[int],
    unit: str,
    after: float,
) -> Row:
    """Return every so many units, as close together as their labels allow."""
    step = _step(unit_days * scale, steps)
    numbers = np.arange(0, window.to_day / unit_days + 1e-9, step)
    numbers = numbers[numbers * unit_days >= after]
    days = tuple(float(number * unit_days) for number in numbers)
    return Row(days, tuple(str(int(number)) for number in numbers), unit)


def _step(gap: float, steps: Sequence[int]) -> int:
    """Return the smallest step that keeps labels apart, ``gap`` [pt] being one unit."""
    return next((step for step in steps if step * gap >= _LEAST_GAP), steps[-1])


def draw_age_axis(ax: Axes, window: Window, width: float) -> None:
    """Mark and label the age axis, whose width is given [pt]."""
    axis = age_axis(window, width)
    ax.set_xlim(window.from_day, window.to_day)
    ax.xaxis.remove_overlapping_locs = False
    if any(axis.fine.labels):
        ax.set_xticks(axis.fine.days, axis.fine.labels, minor=True)
    else:
        none = np.zeros(len(axis.fine.days))
        _mark(ax, axis.fine.days, none, TICKDOWN, ax.get_xaxis_transform())
    ax.set_xticks(axis.coarse.days, axis.coarse.labels)
    small = style.SMALL if axis.in_line else style.NORMAL
    ax.tick_params(
        axis="x", which="minor", length=4, pad=3, width=0.6, labelsize=small, colors=style.TEXT
    )
    ax.tick_params(
        axis="x",
        length=6 if axis.in_line else 0,
        pad=1 if axis.in_line or window.by_gestation else -_DOWN + 5,
        width=0.7,
        labelsize=style.NORMAL,
        colors=style.TEXT,
    )
    label = "Weeks of gestation" if window.by_gestation else "Age"
    ax.set_xlabel(label, labelpad=2, fontsize=style.NORMAL, color=style.TEXT)
    if axis.in_line:
        _caption(ax, axis.coarse.unit, 1, -6)
        return
    if axis.coarse.days:
        gap = 8 * window.days / width
        _second_line(ax, (_GESTATION_TO_DAY + gap, window.to_day), axis.coarse.days)
        _caption(ax, axis.fine.unit, 1, -5)
        _caption(ax, axis.coarse.unit, 1, _DOWN - 5)
    if axis.gestation and not window.by_gestation:
        start = window.from_day
        _second_line(ax, (start, min(window.to_day, _GESTATION_TO_DAY)), ())
        _caption(ax, "weeks of gestation", 0, _DOWN - 5)


def _second_line(ax: Axes, ends: tuple[float, float], days: Sequence[float]) -> None:
    """Draw a second line under the axis, marked at its own days."""
    down = ScaledTranslation(0, _DOWN / 72, style.page_of(ax).dpi_scale_trans)
    place = ax.get_xaxis_transform() + down
    ax.add_artist(Line2D(ends, (0, 0), color=style.TEXT, lw=0.7, clip_on=False, transform=place))
    _mark(ax, days, np.zeros(len(days)), TICKDOWN, place)


def _mark(ax: Axes, x: ArrayLike, y: ArrayLike, marker: Any, place: Transform) -> None:
    """Draw small marks that carry no number, all in one go: ticks one by one are slow."""
    marks = Line2D(
        np.asarray(x),
        np.asarray(y),
        color=style.TEXT,
        linestyle="none",
        marker=marker,
        markersize=_SMALL_MARK,
        markeredgewidth=0.5,
        clip_on=False,
        transform=place,
    )
    ax.add_artist(marks)


def _caption(ax: Axes, text: str, side: int, down: float) -> None:
    """Say what a row is in, right of the axis or (side 0) under its start."""
    ax.annotate(
        text,
        (side, 0),
        xycoords="axes fraction",
        xytext=(9 * side, down),
        textcoords="offset points",
        va="top",
        fontsize=style.SMALL,
        color=style.QUIET,
        annotation_clip=False,
    )


def draw_value_axis(ax: Axes, values: tuple[float, float], height: float) -> None:
    """Mark and number the value axis from low to high; its height is given [pt]."""
    low, high = values
    ax.set_ylim(low, high)
    most = max(int(height / _LEAST_RISE), 2)
    found = MaxNLocator(most, steps=[1, 2, 5, 10]).tick_values(low, high)
    numbered = np.asarray(found, dtype=np.float64)
    parts = 4 if f"{numbered[1] - numbered[0]:e}"[0] == "2" else 5  # halves, fifths or whole
    finer = np.linspace(numbered[0], numbered[-1], (len(numbered) - 1) * parts + 1)
    ax.set_yticks(numbered[(numbered >= low) & (numbered <= high)])
    ax.tick_params(axis="y", length=5, width=0.7, labelsize=style.NORMAL, colors=style.TEXT)
    finer = finer[(finer >= low) & (finer <= high)]
    _mark(ax, np.zeros(len(finer)), finer, TICKLEFT, ax.get_yaxis_transform())
