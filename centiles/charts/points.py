"""A child's points: markers by source, dots and crosses, queried and off-scale values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from centiles.ages import DAYS_IN_YEAR, TERM_FROM_DAYS, FloatArray, gestation_known
from centiles.charts import style
from centiles.charts.labels import Placer, around
from centiles.charts.windows import Window
from centiles.measures import Measure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from centiles.checks import Child

VALUE_MARGIN: Final = 0.035  # of the span of values: room above and below
CHECK: Final = "check"
IMPOSSIBLE: Final = "impossible"
LEAST_SHIFT: Final = style.MARKER / 2  # between dot and cross, for the cross to be drawn [pt]
_CROSSES_TO_DAY: Final = 4.5 * DAYS_IN_YEAR  # windows up to here always cross a preterm child
_MOST_LABELS: Final = 40
_ORDINARY: Final = 0.3  # of the span of the lines: how far outside them the axis still follows


@dataclass(frozen=True)
class Points:
    """The points of one measure, arrays of shape (points,), youngest first.

    Ages in days, values in the unit of the measure; ``queried`` where the verdict is not "ok",
    the ``impossible`` among them.
    """

    age_days: FloatArray
    corrected_age_days: FloatArray
    value: FloatArray
    source: NDArray[np.object_]
    queried: NDArray[np.bool_]
    impossible: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return how many points there are."""
        return len(self.value)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources, in the order of their first points."""
        return tuple(dict.fromkeys(str(source) for source in self.source))

    def where(self, chosen: NDArray[np.bool_]) -> Points:
        """Return some of the points."""
        return Points(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def day(self, window: Window) -> FloatArray:
        """Return where each point stands along the axis of a window [d]."""
        return self.corrected_age_days if window.corrected else self.age_days


def points_of(child: Child, measure: str) -> tuple[Points, int]:
    """Return the points of one measure, and how many more have a number but no age.

    All that has a number is a point, scored or not, unless it was merged into another, skipped
    or could not be read.
    """
    frame = child.scored
    frame = frame[frame["measure"].astype(object) == str(measure)]
    verdict = frame["verdict"].astype(object)
    columns = ("age_days", "corrected_age_days", "value")
    age, corrected, value = (numbers(frame, column) for column in columns)
    wanted = _is_drawn(frame) & np.isfinite(value)
    points = Points(
        age,
        np.where(np.isfinite(corrected), corrected, age),
        value,
        frame["source"].astype(object).fillna("").to_numpy(),
        verdict.isin(["check", "doubtful", IMPOSSIBLE]).to_numpy(),
        (verdict == IMPOSSIBLE).to_numpy(),
    )
    dated = np.isfinite(age)
    return points.where(wanted & dated), int((wanted & ~dated).sum())


def _is_drawn(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows are points, if they have a number, shape (rows,)."""
    fate = frame["fate"].astype(object)
    derived = frame["derived"].astype(object).fillna(value=False).astype(bool)
    kept = fate.isin(["scored", "unscored"]) | (derived & (fate != "merged"))
    return np.asarray(kept.to_numpy())


def numbers(frame: Mapping[Any, Any] | pd.DataFrame, column: str) -> FloatArray:
    """Return a column of a frame, or of arrays, as numbers, shape (rows,); NaN where none."""
    found: Any = frame[column]
    if isinstance(found, np.ndarray):
        return np.asarray(found, dtype=np.float64)
    return np.asarray(found.to_numpy(dtype=np.float64, na_value=np.nan))


def shifted(age_days: FloatArray, window: Window, points: Points) -> FloatArray:
    """Return where ages [d since birth] are along a window's axis [d], shape as given.

    Where points stand at their corrected ages, an age is corrected as the point nearest to it is.
    """
    if not window.corrected or not len(points):
        return age_days
    nearest = np.argmin(np.abs(points.age_days[:, None] - age_days), axis=0)
    return np.asarray(age_days + (points.corrected_age_days - points.age_days)[nearest])


def value_range(points: Points, lines: tuple[float, float] | None) -> tuple[float, float]:
    """Return the values an axis shows: the lines, the ordinary points and a margin.

    A point far outside the lines, or impossible, does not stretch the axis: it is drawn at the
    edge.
    """
    values = points.value[~points.impossible]
    if lines is None:
        low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
        margin = max(0.15 * (high - low), 0.05 * abs(high))
    else:
        low, high = lines
        reach = _ORDINARY * (high - low)
        ordinary = values[(values >= low - reach) & (values <= high + reach)]
        low, high = min([low, *ordinary]), max([high, *ordinary])
        margin = VALUE_MARGIN * (high - low)
    return max(float(low - margin), 0.0), float(high + margin)


def shows_crosses(points: Points, window: Window, gestation_days: float, width: float) -> bool:
    """Return whether corrected ages are drawn beside the dots.

    Always for a preterm child up to 4 years where there is a correction; else where the
    correction can be seen on an axis of this width [pt].
    """
    shift = np.abs(points.age_days - points.corrected_age_days)
    if window.corrected or not len(shift) or not shift.max():
        return bool(window.corrected and len(shift))
    preterm = bool(gestation_known(gestation_days) & (gestation_days < TERM_FROM_DAYS))
    visible = shift.max() * width / window.days >= LEAST_SHIFT
    return bool(visible or (preterm and window.to_day < _CROSSES_TO_DAY))


def marker_of(sources: Sequence[str]) -> dict[str, str]:
    """Return each source's marker."""
    shapes = style.MARKERS
    return {source: shapes[k % len(shapes)] for k, source in enumerate(sources)}


def sources_of(child: Child) -> tuple[str, ...]:
    """Return the sources of all of a child's points, in the order of their first ones.

    So a source has the same marker on every chart of a child.
    """
    frame = child.scored
    drawn = _is_drawn(frame) & np.isfinite(numbers(frame, "value"))
    order = np.argsort(numbers(frame, "age_days")[drawn], kind="stable")  # NaN last
    sources = frame["source"].astype(object).fillna("").to_numpy()[drawn][order]
    return tuple(dict.fromkeys(map(str, sources)))


def inset(ax: Axes, value: FloatArray, height: float) -> FloatArray:
    """Return values moved just inside the axis, whose height is given [pt]."""
    low, high = ax.get_ylim()
    room = (high - low) * style.MARKER / height
    return np.where(value > high, high - room, np.where(value < low, low + room, value))


def draw_points(
    ax: Axes,
    points: Points,
    window: Window,
    markers: Mapping[str, str],
    *,
    crosses: bool,
    height: float,
) -> None:
    """Draw the points of one window: a marker each, open where queried, an arrow off scale."""
    day, value = points.day(window), inset(ax, points.value, height)
    off = value != points.value
    if crosses:
        _draw_crosses(ax, points.where(~off), window)
    # Where corrected ages stand alone the cross is the point, unless the marker has more to say.
    crossed = window.corrected and len(markers) == 1
    for source, marker in markers.items():
        mine = (points.source == source) & ~off
        for queried in (False, True):
            chosen = mine & (points.queried == queried)
            if chosen.any() and (queried or not crossed):
                line = _mark(ax, day[chosen], value[chosen], marker, open_=queried)
                line.set_gid(f"points-{'check' if queried else 'ok'}-{marker}")
    for marker, chosen in (("^", points.value > value), ("v", points.value < value)):
        if chosen.any():
            _mark(ax, day[chosen], value[chosen], marker, open_=True).set_gid("points-off-scale")


def _mark(ax: Axes, day: FloatArray, value: FloatArray, marker: str, *, open_: bool) -> Any:
    (line,) = ax.plot(
        day,
        value,
        linestyle="none",
        marker=marker,
        markersize=style.MARKER,
        markerfacecolor="white" if open_ else style.INK,
        markeredgecolor=style.INK if open_ else "white",
        markeredgewidth=1.2 if open_ else 0.6,
        clip_on=False,
        zorder=5,
    )
    return line


def _draw_crosses(ax: Axes, points: Points, window: Window) -> None:
    """Draw a cross at each corrected age, joined to its own dot and to nothing else."""
    points = points.where(window.holds(points.corrected_age_days))
    ends = np.stack([points.corrected_age_days, points.age_days], axis=1)
    gaps = np.full((len(ends), 1), np.nan)
    if not window.corrected:
        ax.plot(
            np.c_[ends, gaps].ravel(),
            np.repeat(points.value, 3),
            color=style.INK,
            linewidth=0.7,
            zorder=4,
            gid="correction",
        )
    ax.plot(
        points.corrected_age_days,
        points.value,
        linestyle="none",
        marker="x",
        markersize=style.MARKER * (1.6 if window.corrected and len(points.sources) > 1 else 1.1),
        markeredgecolor=style.INK,
        markeredgewidth=1.2,
        zorder=4,
        gid="corrected",
    )


def label_points(
    ax: Axes, points: Points, day: FloatArray, value: FloatArray, measure: Measure, placer: Placer
) -> None:
    """Write "check" beside a queried point, and its number beside one that is off the scale.

    ``day`` and ``value`` are where the points are drawn, shape (points,).
    """
    off = value != points.value
    arrows = np.where(points.value > value, "↑", "↓")
    for k in np.flatnonzero(points.queried | off)[:_MOST_LABELS]:
        words = [f"{arrows[k]} {amount(points.value[k], measure)}"] if off[k] else []
        text = ", ".join([*words, CHECK] if points.queried[k] else words)
        at = placer.place(np.array([[day[k]], [value[k]]]))[0]
        gap = style.MARKER * (1.7 if placer.is_taken(at) else 0.8)  # past a ring
        centre = placer.best(text, style.SMALL, around(at, text, style.SMALL, gap))
        ax.annotate(
            text,
            (day[k], value[k]),
            xytext=tuple(centre - at),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=style.SMALL,
            color=style.INK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
            annotation_clip=False,
            zorder=6,
        )


def amount(value: float, measure: Measure) -> str:
    """Return a value as it is printed, with its unit: to four figures, one decimal at the least.

    Examples
    --------
    >>> amount(18, Measure.WEIGHT), amount(32000, Measure.WEIGHT), amount(15.6789, Measure.BMI)
    ('18.0 kg', '32,000 kg', '15.7 kg/m²')
    """
    if abs(value) >= 1e7:
        figures = f"{value:.3g}"
    elif abs(value) >= 1000:
        figures = f"{value:,.0f}"
    else:
        figures = f"{value:.1f}" if measure == Measure.BMI else f"{value:.4g}"
        figures += "" if "." in figures else ".0"
    return f"{figures} {measure.unit}"
