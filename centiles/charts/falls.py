"""What a finding adds to a chart: a ring round its point, a shaded band over a fall or a rise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from centiles import zscores
from centiles.ages import FloatArray
from centiles.charts import style
from centiles.charts.labels import Placer
from centiles.charts.points import Points, inset, numbers, shifted
from centiles.charts.windows import Window
from centiles.lms import SPACE
from centiles.measures import Sex
from centiles.monitoring.findings import UP
from centiles.monitoring.wording import VERIFY_TODAY, interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from centiles.checks import Child

_PAST_STATES: Final = ("closed", "lapsed")
_STRETCHED_Z: Final = 4.0  # beyond it the tables stretch, and a size is "more than"
_LOW: Final = 130.0  # axes, which labels are small on [pt]
_SMALLEST: Final = SPACE / 2  # [z] worth a band


@dataclass(frozen=True)
class Fall:
    """A fall or rise between two points: ages since birth [d], z on the later section.

    ``start_z`` is the earlier z carried over joins, ``to_z`` the later one.
    """

    rule: str
    state: str
    from_age_days: float
    to_age_days: float
    start_z: float
    to_z: float

    @property
    def rose(self) -> bool:
        """Whether it is a rise."""
        return self.to_z > self.start_z

    @property
    def size_z(self) -> float:
        """Its size, carried over joins [z]."""
        return abs(self.to_z - self.start_z)

    @property
    def words(self) -> str:
        """Its size and interval, on two rows, as its sentence gives them."""
        spaces = self.size_z / SPACE
        stretched = self.to_z > _STRETCHED_Z if self.rose else self.to_z < -_STRETCHED_Z
        size = f"more than {np.floor(spaces * 2) / 2:g}" if stretched else f"{spaces:.1f}"
        unit = "space" if size in ("1.0", "more than 1") else "spaces"
        gone = interval(self.to_age_days - self.from_age_days)
        if self.state == "recovering":
            return f"still {size} {unit} {'higher' if self.rose else 'lower'}\n{gone} on"
        return f"{'rose' if self.rose else 'fell'} {size} {unit}\nin {gone}"


def open_findings(child: Child, measure: str | None = None) -> pd.DataFrame:
    """Return the findings, of one measure or all, neither closed nor lapsed, worst first."""
    frame = child.findings
    mine = frame["measure"].astype(object).eq(str(measure)) | (measure is None)
    past = frame["state"].astype(object).isin(_PAST_STATES)
    found: pd.DataFrame = frame.loc[mine & ~past]
    return found


def falls(findings: Mapping[Any, Any] | pd.DataFrame) -> tuple[Fall, ...]:
    """Return the findings that are falls or rises, worst first, none overlapping a worse one.

    What only a doubtful value makes is none: it would be the largest on the chart.
    """
    columns = ("from_age_days", "to_age_days", "carried_change_z", "to_z")
    figures = [numbers(findings, column) for column in columns]
    kept: list[Fall] = []
    block = findings.get("block", [""] * len(figures[0]))
    words = (findings["rule"], findings["state"], findings["direction"], block)
    for rule, state, direction, doubt, start, end, change, to_z in zip(
        *words, *figures, strict=True
    ):
        if doubt == VERIFY_TODAY:
            continue
        larger = change if direction == UP else -change
        if not (start < end and larger >= _SMALLEST):  # NaN is neither
            continue
        if all(end <= other.from_age_days or start >= other.to_age_days for other in kept):
            kept.append(Fall(str(rule), str(state), start, end, to_z - change, to_z))
    return tuple(kept)


def draw_falls(ax: Axes, shown: Sequence[Fall], window: Window, points: Points) -> None:
    """Shade the ages between the two points of each fall or rise."""
    for fall in shown:
        start, end = _days(fall, window, points)
        band = ax.axvspan(start, end, facecolor=style.FALL, edgecolor="none", zorder=0)
        band.set_gid(f"{'rise' if fall.rose else 'fall'}-{fall.rule}")
        for day in (start, end):
            ax.axvline(day, color=style.FALL_EDGE, linewidth=0.5, zorder=1, gid="fall-edge")


@dataclass(frozen=True)
class Arrow:
    """An arrow of a fall or rise: where along the axis [d], from which value to which.

    ``at_dot`` says that it stands at the point itself, and not at its cross.
    """

    rule: str
    day: float
    start: float
    end: float
    at_dot: bool


def arrows(
    shown: Sequence[Fall], chart: Mapping[str, str], window: Window, points: Points,
    *, crosses: bool, least_days: float,
) -> tuple[Arrow, ...]:  # fmt: skip
    """Return an arrow for each fall from where the earlier z would be now to where the child is.

    It stands where the lines are those of its values: at the corrected age. So it crosses as many
    spaces between the lines as the label counts.

    Parameters
    ----------
    shown
        The falls of the chart.
    chart
        Its ``measure`` and ``sex``.
    window, points
        The ages shown; the child's points.
    crosses
        Whether corrected ages are drawn. Where they are not, a point that stands further than
        ``least_days`` [d] from its corrected age has no arrow.
    """
    if chart["sex"] not in tuple(Sex) or not len(points) or not shown:
        return ()
    ends = np.array([fall.to_age_days for fall in shown])
    nearest = np.argmin(np.abs(points.age_days[:, None] - ends), axis=0)
    corrected, dot = points.corrected_age_days[nearest], points.day(window)[nearest]
    beside = crosses or window.corrected
    day = corrected if beside else dot
    z = np.array([(fall.start_z, fall.to_z) for fall in shown])
    values = np.asarray(zscores.measurement(z, **chart, age_days=corrected[:, None]))
    close = np.abs(dot - corrected) <= least_days
    wanted = np.isfinite(values).all(axis=1) & window.holds(day) & (close | beside)
    return tuple(
        Arrow(
            shown[k].rule, float(day[k]), float(values[k, 0]), float(values[k, 1]), bool(close[k])
        )
        for k in np.flatnonzero(wanted).tolist()
    )


def draw_arrows(ax: Axes, shown: Sequence[Arrow]) -> None:
    """Draw the arrows of falls and rises, each up to the ring or the cross it points at."""
    for arrow in shown:
        ax.annotate(
            "",
            (arrow.day, arrow.end),
            xytext=(arrow.day, arrow.start),
            arrowprops={
                "arrowstyle": "-|>,head_width=0.22,head_length=0.5",
                "color": style.FALL_EDGE,
                "linewidth": 1.6,
                "shrinkA": 0,
                "shrinkB": style.RING_SIZE / 2 if arrow.at_dot else style.MARKER * 0.6,
            },
            zorder=4.5,
        ).set_gid(f"arrow-{arrow.rule}")


def _days(fall: Fall, window: Window, points: Points) -> FloatArray:
    """Return where the two ends of a fall are along a window's axis, shape (2,) [d]."""
    return shifted(np.array([fall.from_age_days, fall.to_age_days]), window, points)


def label_falls(
    ax: Axes, shown: Sequence[Fall], window: Window, points: Points, placer: Placer
) -> None:
    """Write each size and interval where its band is emptiest; smaller on low axes."""
    low, high = ax.get_ylim()
    tall = ax.get_window_extent().height * 72 / style.page_of(ax).dpi
    size = style.NORMAL if tall > _LOW else style.SMALL - 0.5
    for fall in shown:
        days = _days(fall, window, points)
        middle = float(np.clip(np.mean(days), window.from_day, window.to_day))
        heights = low + (high - low) * np.r_[0.95, 0.05, np.linspace(0.9, 0.1, 17)]
        text = fall.words
        wishes = placer.place(np.stack([np.full(len(heights), middle), heights]))
        at = placer.best(text, size, wishes)
        anchor = placer.place(np.array([[middle], [low]]))[0]
        ax.annotate(
            text,
            (middle, low),
            xytext=tuple(at - anchor),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=size,
            fontweight="bold",
            color=style.FALL_TEXT,
            linespacing=1.25,
            bbox={
                "boxstyle": "round,pad=0.35,rounding_size=0.4",
                "facecolor": "white",
                "edgecolor": style.FALL_EDGE,
                "linewidth": 0.6,
            },
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
    days = shifted(ages, window, points)
    for day, value, severity in zip(days, values, findings["severity"], strict=True):
        place = (float(day), value)
        inside = window.from_day <= place[0] <= window.to_day and np.isfinite(value)
        if inside and (place not in found or _rank(severity) > _rank(found[place])):
            found[place] = str(severity)
    return found


def draw_rings(ax: Axes, found: Mapping[tuple[float, float], str], height: float) -> None:
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


def severities(found: Mapping[tuple[float, float], str]) -> list[str]:
    """Return the severities of the rings, the gravest first."""
    return sorted(set(found.values()), key=_rank, reverse=True)


def ring_width(severity: str) -> float:
    """Return how heavy a ring is [pt]."""
    return style.RING_WIDTHS.get(severity, 1.0)


def _rank(severity: object) -> float:
    return ring_width(str(severity))
