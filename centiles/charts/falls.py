"""What a finding adds to a chart: a ring round its point, a shaded band over a fall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from centiles.charts import style
from centiles.charts.labels import Placer
from centiles.charts.points import Points, inset, numbers
from centiles.charts.windows import Window
from centiles.lms import SPACE
from centiles.monitoring.wording import interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from centiles.checks import Child

_PAST_STATES: Final = ("closed", "lapsed")
_STRETCHED_Z: Final = -4.0  # below it the tables stretch, and a size is "more than"
_SMALLEST_FALL: Final = SPACE / 2  # [z] worth a band


@dataclass(frozen=True)
class Fall:
    """A fall between two points: ages since birth [d], size carried over joins [z], its end [z]."""

    rule: str
    state: str
    from_age_days: float
    to_age_days: float
    size_z: float
    to_z: float

    @property
    def words(self) -> str:
        """Its size and interval, on two rows, as its sentence gives them."""
        spaces = self.size_z / SPACE
        if self.to_z < _STRETCHED_Z:
            size = f"more than {np.floor(spaces * 2) / 2:g}"
        else:
            size = f"{spaces:.1f}"
        unit = "space" if size == "1.0" else "spaces"
        gone = interval(self.to_age_days - self.from_age_days)
        if self.state == "recovering":
            return f"still {size} {unit} lower\n{gone} on"
        return f"fell {size} {unit}\nin {gone}"


def open_findings(child: Child, measure: str) -> pd.DataFrame:
    """Return the findings of one measure that are neither closed nor lapsed, worst first."""
    frame = child.findings
    mine = frame["measure"].astype(object).eq(str(measure))
    past = frame["state"].astype(object).isin(_PAST_STATES)
    found: pd.DataFrame = frame.loc[mine & ~past]
    return found


def falls(findings: Mapping[Any, Any] | pd.DataFrame) -> tuple[Fall, ...]:
    """Return the findings that are falls, worst first, none overlapping a worse one."""
    figures = [
        numbers(findings, column)
        for column in ("from_age_days", "to_age_days", "carried_change_z", "to_z")
    ]
    kept: list[Fall] = []
    for rule, state, start, end, change, to_z in zip(
        findings["rule"], findings["state"], *figures, strict=True
    ):
        if not (start < end and change <= -_SMALLEST_FALL):  # NaN is neither
            continue
        if all(end <= other.from_age_days or start >= other.to_age_days for other in kept):
            kept.append(Fall(str(rule), str(state), start, end, -change, to_z))
    return tuple(kept)


def draw_falls(ax: Axes, shown: Sequence[Fall], window: Window, points: Points) -> None:
    """Shade the ages between the two points of each fall."""
    for fall in shown:
        start, end = (_day(day, window, points) for day in (fall.from_age_days, fall.to_age_days))
        band = ax.axvspan(start, end, facecolor=style.FALL, edgecolor="none", zorder=0)
        band.set_gid(f"fall-{fall.rule}")
        for day in (start, end):
            ax.axvline(day, color=style.FALL_EDGE, linewidth=0.7, zorder=1, gid="fall-edge")


def label_falls(
    ax: Axes, shown: Sequence[Fall], window: Window, points: Points, placer: Placer
) -> None:
    """Write each fall's size and interval where its band is emptiest."""
    low, high = ax.get_ylim()
    for fall in shown:
        days = [_day(day, window, points) for day in (fall.from_age_days, fall.to_age_days)]
        middle = float(np.clip(np.mean(days), window.from_day, window.to_day))
        heights = low + (high - low) * np.r_[0.95, 0.05, np.linspace(0.9, 0.1, 17)]
        text = fall.words
        wishes = placer.place(np.stack([np.full(len(heights), middle), heights]))
        at = placer.best(text, style.NORMAL, wishes)
        anchor = placer.place(np.array([[middle], [low]]))[0]
        ax.annotate(
            text,
            (middle, low),
            xytext=tuple(at - anchor),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=style.NORMAL,
            fontweight="bold",
            color=style.FALL_TEXT,
            linespacing=1.25,
            bbox={"facecolor": style.FALL, "edgecolor": "none", "pad": 2.5},
            annotation_clip=False,
            zorder=6,
        )


def rings(
    findings: Mapping[Any, Any] | pd.DataFrame, points: Points, window: Window
) -> dict[tuple[float, float], str]:
    """Return the points findings are about: age [d] along the axis and value, and severity.

    The gravest severity, where a point carries several findings.
    """
    found: dict[tuple[float, float], str] = {}
    ages, values = numbers(findings, "to_age_days"), numbers(findings, "to_value")
    for age, value, severity in zip(ages, values, findings["severity"], strict=True):
        place = (_day(age, window, points), value)
        inside = window.from_day <= place[0] <= window.to_day and np.isfinite(value)
        if inside and (place not in found or _rank(severity) > _rank(found[place])):
            found[place] = str(severity)
    return found


def draw_rings(ax: Axes, found: dict[tuple[float, float], str], height: float) -> None:
    """Ring each point, heavier the graver."""
    for (day, value), severity in found.items():
        ax.plot(
            [day],
            inset(ax, np.array([value]), height),
            linestyle="none",
            marker="o",
            markersize=style.RING_SIZE,
            markerfacecolor="none",
            markeredgecolor=style.RING,
            markeredgewidth=ring_width(severity),
            clip_on=False,
            zorder=5.5,
            gid=f"ring-{severity}",
        )


def severities(found: dict[tuple[float, float], str]) -> list[str]:
    """Return the severities of the rings, the gravest first."""
    return sorted(set(found.values()), key=_rank, reverse=True)


def ring_width(severity: str) -> float:
    """Return how heavy a ring is [pt]."""
    return style.RING_WIDTHS.get(severity, 1.0)


def _rank(severity: object) -> float:
    return ring_width(str(severity))


def _day(age_days: float, window: Window, points: Points) -> float:
    """Return where an age [d since birth] is along a window's axis."""
    if not window.by_gestation or not len(points):
        return age_days
    nearest = int(np.argmin(np.abs(points.age_days - age_days)))
    return age_days + float(points.corrected_age_days[nearest] - points.age_days[nearest])
