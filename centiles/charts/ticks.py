"""The two axes, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation, Transform
from numpy.typing import ArrayLike

from centiles.charts import style
from centiles.charts.marks import GESTATION_TO_DAY, age_axis
from centiles.charts.windows import Window

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DOWN: Final = -19.0  # from the axis to the second line under it [pt]
_LEAST_RISE: Final = 30.0  # between two numbers of the value axis [pt]
_SMALL_MARK: Final = 3.0  # [pt]


def draw_age_axis(ax: Axes, window: Window, width: float, *, gestation: bool = True) -> None:
    """Mark and label the age axis, whose width is given [pt]."""
    axis = age_axis(window, width, gestation=gestation)
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
        start = GESTATION_TO_DAY + gap if axis.gestation else window.from_day
        _second_line(ax, (start, window.to_day), axis.coarse.days)
        _caption(ax, axis.fine.unit, 1, -5)
        _caption(ax, axis.coarse.unit, 1, _DOWN - 5)
    if axis.gestation and not window.by_gestation:
        start = window.from_day
        _second_line(ax, (start, min(window.to_day, GESTATION_TO_DAY)), ())
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
