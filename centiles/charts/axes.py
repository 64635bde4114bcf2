"""A chart drawn on axes: lines, points and findings, key above, events and notes below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from centiles.charts import style, words
from centiles.charts.backdrops import draw_joins, draw_puberty
from centiles.charts.contents import Chart
from centiles.charts.events import Strip, draw_strip, strip_of
from centiles.charts.falls import Arrow, arrows, draw_arrows, draw_falls, draw_rings, label_falls
from centiles.charts.keys import Key, draw_key, key_of
from centiles.charts.labels import Placer
from centiles.charts.lines import draw_lines, label_lines
from centiles.charts.marks import age_axis
from centiles.charts.parents import draw_expected
from centiles.charts.points import LEAST_SHIFT, draw_points, inset, label_points
from centiles.charts.texts import fitted
from centiles.charts.ticks import draw_age_axis, draw_value_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEFT, RIGHT = 61.0, 68.0  # the room axes need beside them for numbers and the names of lines [pt]
_AXIS_ROOM: Final = 50.0  # for the age axis and its labels in two rows [pt]
_SHORT_AXIS_ROOM: Final = 34.0  # the same in one
_KEY_ROOM: Final = 12.0  # between the key and what is above it [pt]


@dataclass(frozen=True)
class Layout:
    """What stands round the axes of a chart: key, events, notes broken into rows."""

    key: Key
    strip: Strip
    notes: str
    axis: float

    @property
    def above(self) -> float:
        """The room needed above the axes [pt]."""
        return self.key.height + _KEY_ROOM

    @property
    def below(self) -> float:
        """The room needed below the axes [pt]."""
        rows = self.notes.count("\n") + 1 if self.notes else 0
        return self.axis + self.strip.height + rows * style.ROW * style.SMALL + 8


def layout_of(
    chart: Chart, width: float, notes: Sequence[str], *, key: bool = True, events: bool = True
) -> Layout:
    """Return what stands round axes of this width [pt].

    ``key`` and ``events`` are false where they stand elsewhere on the page.
    """
    strip = strip_of(chart.events if events else (), chart.window, width)
    count = f"{strip.unplaced} more event{'s are' if strip.unplaced > 1 else ' is'}"
    more = (f"{count} ticked without a name.",) if strip.unplaced else ()
    one_row = age_axis(chart.window, width).in_line or chart.window.by_gestation
    return Layout(
        key=key_of(chart if key else (), width),
        strip=strip,
        notes=fitted([*notes, *more], width + 30, style.SMALL),  # under the names of the lines too
        axis=_SHORT_AXIS_ROOM if one_row else _AXIS_ROOM,
    )


def size_of(ax: Axes) -> tuple[float, float]:
    """Return the width and height of axes [pt]."""
    box = ax.get_window_extent()
    dpi = style.page_of(ax).dpi
    return box.width * 72 / dpi, box.height * 72 / dpi


def draw(ax: Axes, chart: Chart, layout: Layout) -> None:
    """Draw everything that belongs to the axes of a chart."""
    width, height = size_of(ax)
    _dress(ax, chart, height)
    draw_age_axis(ax, chart.window, width)
    if chart.puberty:
        draw_puberty(ax, chart.puberty, str(chart.child.sex))
    draw_falls(ax, chart.falls, chart.window, chart.recorded)
    draw_lines(ax, chart.lines)
    label_lines(ax, chart.lines, height)
    draw_joins(ax, chart.lines, chart.points, width)
    if chart.expected:
        draw_expected(ax, chart.expected, str(chart.child.sex), chart.lines.ends()[0])
    crosses = chart.crosses(width)
    shown = arrows(
        chart.falls, {"measure": str(chart.measure), "sex": str(chart.child.sex)}, chart.window,
        chart.recorded, crosses=crosses, least_days=LEAST_SHIFT * chart.window.days / width,
    )  # fmt: skip
    draw_arrows(ax, shown)
    draw_points(ax, chart.points, chart.window, chart.markers, crosses=crosses, height=height)
    draw_rings(ax, chart.rings, height)
    _label(ax, chart, height, shown)
    draw_key(ax, layout.key)
    _say_what_is_missing(ax, chart)
    draw_strip(ax, layout.strip, layout.axis)
    _note(ax, layout)


def _label(ax: Axes, chart: Chart, height: float, shown: Sequence[Arrow]) -> None:
    """Draw every label that has to find a place of its own."""
    points, day = chart.points, chart.points.day(chart.window)
    value = inset(ax, points.value, height)
    placer = Placer(ax, np.stack([day, value]), chart.lines.samples())
    for place in chart.rings:
        ringed = np.array([[place[0]], inset(ax, np.array([place[1]]), height)])
        placer.keep_clear(placer.place(ringed)[0], style.RING_SIZE)
    for arrow in shown:
        placer.keep_off(np.array([[arrow.day, arrow.day], [arrow.start, arrow.end]]))
    label_points(ax, points, day, value, chart.measure, placer)
    label_falls(ax, chart.falls, chart.window, chart.recorded, placer)


def _dress(ax: Axes, chart: Chart, height: float) -> None:
    """Give the axes their plain look and the value axis its unit."""
    ax.grid(visible=False, which="both")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(color=style.TEXT, linewidth=0.7)
    label = words.axis_words(chart.measure, chart.window, height)
    ax.set_ylabel(label, labelpad=8, fontsize=style.NORMAL + 0.5, color=style.TEXT)
    draw_value_axis(ax, chart.value_range, height)


def _say_what_is_missing(ax: Axes, chart: Chart) -> None:
    said = [words.no_lines(chart)]
    said += [] if len(chart.recorded) else [words.nothing_recorded(chart.measure)]
    text = "\n".join(part for part in said if part)
    if text:
        ax.text(
            0.5,
            0.96 if len(chart.recorded) else 0.5,
            text,
            transform=ax.transAxes,
            ha="center",
            va="center",
            fontsize=style.NORMAL + 2,
            linespacing=1.6,
            color=style.INK,
            bbox={"facecolor": "white", "edgecolor": style.QUIET, "linewidth": 0.6, "pad": 7},
            zorder=7,
        )


def _note(ax: Axes, layout: Layout) -> None:
    """Write the notes under the age axis and the events."""
    if layout.notes:
        ax.annotate(
            layout.notes,
            (0, 0),
            xycoords="axes fraction",
            xytext=(0, -layout.axis - layout.strip.height),
            textcoords="offset points",
            va="top",
            fontsize=style.SMALL,
            linespacing=1.4,
            color=style.TEXT,
            annotation_clip=False,
        ).set_gid("notes")
