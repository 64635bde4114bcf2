"""What stands behind the points: the ages of puberty, and which tables speak where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from centiles.ages import DAYS_IN_YEAR
from centiles.charts import style
from centiles.charts.lines import LineSet
from centiles.charts.points import Points
from centiles.charts.windows import Window
from centiles.measures import Measure, Sex
from centiles.monitoring.conditions import PUBERTY_YEARS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIDES: Final = {  # of each join, by its later section: what is on the left of it, and on the right
    "who_infant": ("UK 1990", "WHO"),
    "who_child": ("lying", "standing"),
    "uk90_child": ("WHO", "UK 1990"),
}
_LEAST_ROOM: Final = 36.0  # beside a join, for its words [pt]
_FOOT: Final = 16.0  # under the lines, for the same [pt]


def puberty(measure: Measure, sex: str, window: Window) -> tuple[float, float] | None:
    """Return from when to when puberty changes how height is read [d], where a chart shows it.

    On height charts that reach into those ages, of a sex that is known.
    """
    if measure != Measure.HEIGHT or sex not in tuple(Sex):
        return None
    start, end = (year * DAYS_IN_YEAR for year in PUBERTY_YEARS[Sex(sex)])
    return (start, min(end, window.to_day)) if start < window.to_day else None


def puberty_words(sex: str) -> str:
    """Return what the shading of puberty says."""
    start, end = PUBERTY_YEARS[Sex(sex)]
    whose = "girls" if sex == Sex.FEMALE else "boys"
    return f"Puberty, {whose}\n{start} to {end} years"


def puberty_note(sex: str) -> str:
    """Return why puberty is shaded, as a note."""
    start, end = PUBERTY_YEARS[Sex(sex)]
    whose = "girls" if sex == Sex.FEMALE else "boys"
    return (
        f"Shaded: {start} to {end} years in {whose}, when an early or late growth spurt moves "
        "height across the lines; read it with the stage of puberty."
    )


def draw_puberty(ax: Axes, span: tuple[float, float], sex: str) -> None:
    """Shade the ages of puberty, and say so at the foot of the chart."""
    band = ax.axvspan(*span, facecolor=style.PUBERTY, edgecolor="none", zorder=-1)
    band.set_gid(f"puberty-{sex}")
    ax.annotate(
        puberty_words(sex),
        (float(np.mean(span)), 0),
        xycoords=("data", "axes fraction"),
        xytext=(0, 5),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=style.SMALL,
        linespacing=1.3,
        color=style.TEXT,
        zorder=1.5,
    ).set_gid("puberty-words")


def draw_joins(ax: Axes, lines: LineSet, points: Points, width: float) -> None:
    """Write beside each step of the lines which tables speak on either side of it.

    ``width`` is the width of the axes [pt]. Nothing is written where points are near. Right of a
    step it is written below the lines or, where there is no room, above them.
    """
    reach = _LEAST_ROOM * lines.window.days / width
    day = np.r_[points.age_days, points.corrected_age_days]
    value = np.r_[points.value, points.value]
    scale = width / lines.window.days
    dots = style.page_of(ax).dpi / 72
    for step in lines.step_places:
        room = min(step.at_day - lines.window.from_day, lines.window.to_day - step.at_day) * scale
        if step.later not in _SIDES or room < _LEAST_ROOM:
            continue
        # Children grow: above left of a step and below right of it is room.
        low, high = ax.get_ylim()
        is_low = (step.low - low) * ax.get_window_extent().height < _FOOT * dots * (high - low)
        places = ((-1, 1, step.high), (1, 1, step.high) if is_low else (1, -1, step.low))
        for (side, up, edge), words in zip(places, _SIDES[step.later], strict=True):
            near = (np.abs(day - step.at_day) < reach) & ((value - edge) * up > 0)
            if near.any():
                continue
            ax.annotate(
                words,
                (step.at_day, edge),
                xytext=(3 * side, 5 * up),
                textcoords="offset points",
                ha="right" if side < 0 else "left",
                va="bottom" if up > 0 else "top",
                fontsize=style.SMALL - 0.5,
                color=style.QUIET,
                zorder=1.5,
            ).set_gid(f"join-{step.later}")
