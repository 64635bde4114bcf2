"""The SDS chart: all measures on one axis of z, to see height and weight part company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib.lines import Line2D

from centiles import lms
from centiles.charts import falls, style, words
from centiles.charts.axes import LEFT, RIGHT, size_of
from centiles.charts.keys import OPEN_SIGN, ring_signs
from centiles.charts.labels import Placer, around
from centiles.charts.lines import DASHED_LABELS
from centiles.charts.marks import age_axis
from centiles.charts.pages import EDGE, page_of
from centiles.charts.points import CHECK, numbers
from centiles.charts.scores import (
    END_Z,
    ScoreChart,
    Series,
    latest,
    moved,
    notes,
    score_chart_of,
    signed,
)
from centiles.charts.texts import fitted
from centiles.charts.ticks import draw_age_axis
from centiles.charts.windows import Window
from centiles.measures import Measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from centiles.checks import Child

TITLE: Final = "SDS chart"
_ROOMY: Final = 650.0  # axes that have all words of the key in one row [pt]
_MOST_LABELS: Final = 8  # of a measure
_MARGIN_Z: Final = 0.25  # past the ends, so that what is at the edge shows whole
_LOOKS: Final[dict[Measure, tuple[str, str, Any]]] = {
    Measure.WEIGHT: ("#0b4f8a", "o", "-"),
    Measure.HEIGHT: ("#a34a00", "s", (0, (7, 2))),
    Measure.BMI: ("#1d6b3a", "^", (0, (3, 1.5))),
    Measure.HEAD: ("#6a2c91", "D", (0, (7, 2, 1.5, 2))),
}


def plot_sds(
    child: Child,
    ax: Axes | None = None,
    *,
    window: str | None = None,
    name: str | None = None,
    drawn_on: Any = None,
) -> Axes:
    """Draw all measures of one child as z along age, points joined.

    Parameters
    ----------
    child
        A checked child.
    ax
        Axes to draw on; without, an A4 page is made.
    window, name, drawn_on
        As for :func:`centiles.charts.plot`.

    Returns
    -------
    Axes
        The axes drawn on.

    Raises
    ------
    UsageError
        If the window is not one of its words, or the records are of more than one child.
    """
    if ax is None:
        return figure_sds(child, window=window, name=name, drawn_on=drawn_on).axes[0]
    chart = score_chart_of(child, window)
    with style.drawing():
        title = f"{TITLE}: {words.heading(child, Measure.WEIGHT, name)[1]}"
        ax.set_title(title, loc="left", pad=22, fontsize=11, color=style.INK)
        _draw(ax, chart, [*notes(chart), *words.footer(child.provenance, drawn_on)])
    return ax


def figure_sds(
    child: Child,
    *,
    window: str | None = None,
    name: str | None = None,
    drawn_on: Any = None,
    orientation: str = "landscape",
) -> Figure:
    """Return an A4 page with the SDS chart of one child; parameters as for :func:`plot_sds`."""
    page = page_of(orientation, left=LEFT, right=EDGE)
    chart = score_chart_of(child, window)
    with style.drawing():
        who = words.heading(child, Measure.WEIGHT, name)[1]
        top = page.head(TITLE, who, [latest(chart)]) + 26
        bottom = page.foot(words.footer(child.provenance, drawn_on))
        said = notes(chart)
        width = page.width - LEFT - RIGHT
        bottom -= 58 + page.text_height(said, style.SMALL)
        _draw(page.axes(LEFT, top, width, bottom - top), chart, said)
    return page.figure


def _draw(ax: Axes, chart: ScoreChart, said: Sequence[str]) -> None:
    width, _ = size_of(ax)
    ax.grid(visible=False, which="both")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(color=style.TEXT, linewidth=0.7)
    draw_age_axis(ax, chart.window, width, gestation=False)
    ax.set_ylim(-END_Z - _MARGIN_Z, END_Z + _MARGIN_Z)
    ax.set_yticks(np.arange(-4, 5))
    ax.tick_params(axis="y", length=5, width=0.7, labelsize=style.NORMAL, colors=style.TEXT)
    ax.set_yticklabels([signed(z, 0) for z in range(-4, 5)])
    ax.set_ylabel("z (SDS)", labelpad=8, fontsize=style.NORMAL + 0.5, color=style.TEXT)
    _draw_lines(ax, chart.window)
    for series in chart.series:
        _draw_series(ax, series)
    rings = _draw_rings(ax, chart)
    placer = _placer(ax, chart, rings)
    _name(ax, chart, placer)
    _label(ax, chart, placer)
    _key(ax, chart, rings)
    two_rows = not age_axis(chart.window, width, gestation=False).in_line
    ax.annotate(
        fitted(said, width + 30, style.SMALL),
        (0, 0),
        xycoords="axes fraction",
        xytext=(0, -50 if two_rows else -34),
        textcoords="offset points",
        va="top",
        fontsize=style.SMALL,
        linespacing=1.4,
        color=style.TEXT,
        annotation_clip=False,
    )
    if not chart.series:
        ax.text(
            0.5, 0.5, "Nothing that could be scored is recorded", transform=ax.transAxes,
            ha="center", va="center", fontsize=style.NORMAL + 2, color=style.INK, zorder=7,
            bbox={"facecolor": "white", "edgecolor": style.QUIET, "linewidth": 0.6, "pad": 7},
        )  # fmt: skip


def _draw_lines(ax: Axes, window: Window) -> None:
    """Draw a line every centile space, the nine named by their centiles."""
    names = dict(zip(np.round(np.array(lms.LINE_Z) / lms.SPACE), lms.LINE_LABELS, strict=True))
    for k in range(-6, 7):
        name = names.get(k, "")
        dashed = name in DASHED_LABELS
        ax.plot(
            [window.from_day, window.to_day], [k * lms.SPACE] * 2, color=style.LINES,
            linewidth=style.LINE_WIDTH if name else 0.4,
            linestyle=style.DASHED if dashed else style.SOLID, zorder=1, gid=f"line-{k}",
        )  # fmt: skip
        ax.annotate(
            name, (1, k * lms.SPACE), xycoords=("axes fraction", "data"), xytext=(5, 0),
            textcoords="offset points", va="center", fontsize=style.SMALL, color=style.TEXT,
            annotation_clip=False,
        )  # fmt: skip


def _draw_series(ax: Axes, series: Series) -> None:
    """Draw one measure: points joined, dotted where the reference changes; queried ones open."""
    colour, marker, dashes = _LOOKS[series.measure]
    sure = series.sure
    jumps = moved(sure)
    ends = np.stack([sure.age_days[:-1], sure.age_days[1:], np.full(len(jumps), np.nan)])
    heights = np.stack([sure.shown[:-1], sure.shown[1:], np.full(len(jumps), np.nan)])
    for chosen, look, gid in ((~jumps, dashes, "joined"), (jumps, (0, (1, 3)), "crossing")):
        if chosen.any():
            ax.plot(
                ends[:, chosen].T.ravel(), heights[:, chosen].T.ravel(), color=colour,
                linestyle=look, linewidth=1.1, zorder=3, gid=f"{gid}-{series.measure}",
            )  # fmt: skip
    off = np.abs(series.z) > END_Z
    for chosen, shape, open_ in (
        (~series.queried & ~off, marker, False),
        (series.queried & ~off, marker, True),
        (series.z > END_Z, "^", True),
        (series.z < -END_Z, "v", True),
    ):
        if chosen.any():
            ax.plot(
                series.age_days[chosen], series.shown[chosen], linestyle="none", marker=shape,
                markersize=style.MARKER, markerfacecolor="white" if open_ else colour,
                markeredgecolor=colour if open_ else "white", markeredgewidth=1.2 if open_ else 0.6,
                clip_on=False, zorder=5, gid=f"points-{series.measure}",
            )  # fmt: skip


def _label(ax: Axes, chart: ScoreChart, placer: Placer) -> None:
    """Write its number beside each point that is off the scale, and "check" where it is queried."""
    for series in chart.series:
        off = np.abs(series.z) > END_Z
        for at in np.flatnonzero(off | series.queried)[-_MOST_LABELS:]:
            parts = [signed(series.z[at])] if off[at] else []
            parts += [CHECK] if series.queried[at] else []
            place = series.age_days[at], series.shown[at]
            _write(ax, placer, ", ".join(parts), place, series.measure, style.SMALL)


def _placer(ax: Axes, chart: ScoreChart, rings: Mapping[tuple[float, float], str]) -> Placer:
    """Return what finds places for labels, clear of points, rings and the lines between points."""
    points = [np.stack([series.age_days, series.shown]) for series in chart.series]
    placer = Placer(ax, np.concatenate([np.empty((2, 0)), *points], axis=1), np.empty((2, 0)))
    for series in chart.series:
        sure = series.sure
        for k in range(len(sure.z) - 1):
            placer.keep_off(np.stack([sure.age_days[k : k + 2], sure.shown[k : k + 2]]))
    for place in rings:
        placer.keep_clear(placer.place(np.array(place)[:, None])[0], style.RING_SIZE)
    return placer


def _draw_rings(ax: Axes, chart: ScoreChart) -> dict[tuple[float, float], str]:
    """Ring the points that open findings are about, heavier the graver, and return them."""
    open_ = falls.open_findings(chart.child)
    ages, z = numbers(open_, "to_age_days"), np.clip(numbers(open_, "to_z"), -END_Z, END_Z)
    graver: dict[tuple[float, float], str] = {}
    for age, at, severity in zip(ages, z, open_["severity"].astype(str), strict=True):
        known = falls.ring_width(graver.get((age, at), "")) if (age, at) in graver else 0.0
        if falls.ring_width(severity) > known:
            graver[age, at] = severity
    shown = {
        (age, at): severity
        for (age, at), severity in graver.items()
        if np.isfinite(at) and chart.window.holds(np.array(age))
    }
    falls.draw_rings(ax, shown, size_of(ax)[1])
    return shown


def _name(ax: Axes, chart: ScoreChart, placer: Placer) -> None:
    """Write each measure's name by its last point, right of it where there is room."""
    for one in chart.series:
        place = one.age_days[-1], one.shown[-1]
        text = _write(ax, placer, one.measure.label, place, one.measure, style.NORMAL, bold=True)
        text.set_gid(f"name-{one.measure}")


def _write(
    ax: Axes, placer: Placer, words: str, place: tuple[float, float], measure: Measure,
    size: float, *, bold: bool = False,
) -> Any:  # fmt: skip
    """Write words in a measure's colour beside a point, where they cover least."""
    at = placer.place(np.array(place)[:, None])[0]
    gap = style.MARKER * (1.9 if placer.is_taken(at) else 0.9)  # past a ring
    wide = size * (1.1 if bold else 1.0)
    centre = placer.best(words, wide, around(at, words, wide, gap))
    return ax.annotate(
        words,
        place,
        xytext=tuple(centre - at),
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=size,
        fontweight="bold" if bold else "normal",
        color=_LOOKS[measure][0],
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
        annotation_clip=False,
        zorder=6,
    )


def _key(ax: Axes, chart: ScoreChart, rings: Mapping[tuple[float, float], str]) -> None:
    """Draw the key of measures and signs above the axes."""
    handles = [
        Line2D([], [], color=c, marker=m, linestyle=d, markersize=style.MARKER, linewidth=1.1)
        for c, m, d in (_LOOKS[series.measure] for series in chart.series)
    ]
    labels = [series.measure.label for series in chart.series]
    roomy = size_of(ax)[0] > _ROOMY
    queried = any(series.queried.any() for series in chart.series)
    signs = [(OPEN_SIGN[0], OPEN_SIGN[1] if roomy else "open: check")] if queried else []
    ringed = "finding, heavier the graver" if roomy else "finding"
    signs += [(handle, ringed) for handle, _ in ring_signs(rings)[:1]]
    handles += [handle for handle, _ in signs]
    labels += [label for _, label in signs]
    if handles:
        ax.legend(
            handles, labels, loc="lower left", bbox_to_anchor=(0, 1, 1, 0), borderaxespad=0.8,
            borderpad=0, columnspacing=1.8, fontsize=style.NORMAL, frameon=False, handlelength=3.0,
            handletextpad=0.6, ncols=len(handles),
        )  # fmt: skip
