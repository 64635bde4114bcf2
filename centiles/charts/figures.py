"""One child and one measure, drawn: on axes of the caller's, or as a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.figure import Figure

from centiles.charts import style, words
from centiles.charts.contents import Chart, chart_of
from centiles.charts.falls import draw_falls, draw_rings, label_falls
from centiles.charts.keys import Key, draw_key, key_of
from centiles.charts.labels import Placer, extent
from centiles.charts.lines import draw_lines, label_lines
from centiles.charts.points import draw_points, inset, label_points
from centiles.charts.ticks import draw_age_axis, draw_value_axis
from centiles.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from centiles.checks import Child

PAGES: Final = {"landscape": (11.69, 8.27), "portrait": (8.27, 11.69)}  # A4 [in]
_LEFT, _RIGHT = 0.85, 0.95  # margins beside the axes [in]
_EDGE: Final = 0.5  # of the page [in]
_POINTS: Final = 72  # in an inch
_TITLE, _WHO = 17.0, 11.0  # sizes of type [pt]
_HEAD_SIZE: Final = style.NORMAL + 0.5
_ROW: Final = 1.5  # of rows of text, in sizes of the type
_AXIS_ROOM: Final = 50.0  # for the age axis and its labels [pt]
_LETTER: Final = 0.52  # the width of one, in sizes of the type


def plot(
    child: Child,
    measure: str,
    ax: Axes | None = None,
    *,
    window: str | None = None,
    name: str | None = None,
) -> Axes:
    """Draw the centile chart of one child and one measure.

    Parameters
    ----------
    child
        A checked child.
    measure
        ``"weight"``, ``"height"``, ``"bmi"`` or ``"head"``.
    ax
        Axes to draw on, with room round them for labels; without, a page is made as
        :func:`figure` makes it.
    window
        The ages shown, by name (``"preterm"``, ``"newborn"``, ``"infant"``, ``"0-2"``, ``"0-4"``,
        ``"0-9"``, ``"2-9"``, ``"2-20"``, ``"whole"``); the points choose by default.
    name
        Written in the heading instead of the child's identifier; empty withholds it.

    Returns
    -------
    Axes
        The axes drawn on; ``ax.figure`` is their figure.

    Raises
    ------
    UsageError
        If the measure or the window is not one of its words, or the records are of more than one
        child.

    Examples
    --------
    >>> import pandas as pd
    >>> from centiles.checks import check
    >>> from centiles.records import from_frame
    >>> visits = pd.DataFrame({
    ...     "child_id": "a", "sex": "male", "birth_date": "2020-03-12",
    ...     "measured_on": ["2025-03-12", "2026-02-09"], "weight_kg": [18.4, 15.1],
    ... })
    >>> child = check(from_frame(visits), today="2026-03-01").child("a")
    >>> plot(child, "weight").get_ylabel()
    'Weight (kg)'
    """
    if ax is None:
        return figure(child, measure, window=window, name=name).axes[0]
    chart = chart_of(child, measure, window)
    with style.drawing():
        width, _ = _size(ax)
        key = key_of(chart, width)
        title = ": ".join(words.heading(child, measure, name))
        ax.set_title(title, loc="left", pad=8 + key.height, fontsize=11, color=style.INK)
        _draw(ax, chart, key, [*words.notes(chart), *words.footer(child.provenance)])
    return ax


def figure(
    child: Child,
    measure: str,
    *,
    window: str | None = None,
    name: str | None = None,
    orientation: str = "landscape",
) -> Figure:
    """Return an A4 page with the centile chart of one child and one measure.

    ``orientation`` is ``"landscape"`` or ``"portrait"``; other parameters and the errors are
    those of :func:`plot`.
    """
    if orientation not in PAGES:
        raise UsageError(f"orientation: found {orientation!r}, expected 'landscape' or 'portrait'")
    chart = chart_of(child, measure, window)
    wide, high = PAGES[orientation]
    with style.drawing():
        page = Figure(figsize=(wide, high))
        width = (wide - _LEFT - _RIGHT) * _POINTS
        key = key_of(chart, width)
        top = _head_page(page, chart, name) + key.height + 12
        rows = _fitted(words.notes(chart), width).count("\n") + 1
        bottom = _foot_page(page, chart) + rows * _ROW * style.SMALL + _AXIS_ROOM + 8
        bottom, top = bottom / _POINTS / high, 1 - top / _POINTS / high
        ax = page.add_axes((_LEFT / wide, bottom, width / _POINTS / wide, top - bottom))
        _draw(ax, chart, key, words.notes(chart))
    return page


def _size(ax: Axes) -> tuple[float, float]:
    """Return the width and height of axes [pt]."""
    box = ax.get_window_extent()
    dpi = style.page_of(ax).dpi
    return box.width * _POINTS / dpi, box.height * _POINTS / dpi


def _draw(ax: Axes, chart: Chart, key: Key, notes: Sequence[str]) -> None:
    """Draw everything that belongs to the axes."""
    width, height = _size(ax)
    _dress(ax, chart, height)
    draw_age_axis(ax, chart.window, width)
    draw_falls(ax, chart.falls, chart.window, chart.recorded)
    draw_lines(ax, chart.lines)
    label_lines(ax, chart.lines, height)
    draw_points(ax, chart.points, chart.window, crosses=chart.crosses(width), height=height)
    draw_rings(ax, chart.rings, height)
    _label(ax, chart, height)
    draw_key(ax, key)
    _say_what_is_missing(ax, chart)
    _note(ax, _fitted(notes, width))


def _label(ax: Axes, chart: Chart, height: float) -> None:
    """Draw every label that has to find a place of its own."""
    points, day = chart.points, chart.points.day(chart.window)
    value = inset(ax, points.value, height)
    placer = Placer(ax, np.stack([day, value]), chart.lines.samples())
    for place in chart.rings:
        ringed = np.array([[place[0]], inset(ax, np.array([place[1]]), height)])
        placer.keep_clear(placer.place(ringed)[0], style.RING_SIZE)
    label_points(ax, points, day, value, chart.measure, placer)
    label_falls(ax, chart.falls, chart.window, chart.recorded, placer)


def _dress(ax: Axes, chart: Chart, height: float) -> None:
    """Give the axes their plain look and the value axis its unit."""
    ax.grid(visible=False, which="both")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(color=style.TEXT, linewidth=0.7)
    label = words.axis_words(chart.measure, chart.window)
    ax.set_ylabel(label, labelpad=8, fontsize=style.NORMAL + 0.5, color=style.TEXT)
    draw_value_axis(ax, chart.value_range, height)


def _say_what_is_missing(ax: Axes, chart: Chart) -> None:
    said = ["" if chart.lines.sections else words.NO_SEX]
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


def _fitted(texts: Sequence[str], width: float) -> str:
    """Return small texts as rows that fit axes of this width [pt] and the labels beside them."""
    return words.wrapped(texts, int((width + 30) / (_LETTER * style.SMALL)))


def _note(ax: Axes, text: str) -> None:
    """Write the notes under the age axis."""
    if text:
        ax.annotate(
            text,
            (0, 0),
            xycoords="axes fraction",
            xytext=(0, -_AXIS_ROOM),
            textcoords="offset points",
            va="top",
            fontsize=style.SMALL,
            linespacing=1.4,
            color=style.TEXT,
            annotation_clip=False,
        )


def _head_page(page: Figure, chart: Chart, name: str | None) -> float:
    """Write measure and who, the newest value, the worst finding; return how high it is [pt]."""
    wide, high = page.get_size_inches()
    title, who = words.heading(chart.child, chart.measure, name)
    left, right, top = _LEFT / wide, 1 - _EDGE / wide, 1 - _EDGE / high
    room = (wide - _LEFT - _EDGE) * _POINTS
    page.text(left, top, title, fontsize=_TITLE, fontweight="bold", color=style.INK, va="top")
    beside = extent(title, _TITLE)[0] + extent(who, _WHO)[0] < room
    if beside:
        down = top - 4 / _POINTS / high
        page.text(right, down, who, fontsize=_WHO, color=style.INK, ha="right", va="top")
    said = words.wrapped(
        ["" if beside else who, words.latest(chart), words.top_finding(chart)],
        int(room / (_LETTER * _HEAD_SIZE)),
    )
    start = _EDGE * _POINTS + 1.6 * _TITLE
    down = 1 - start / _POINTS / high
    page.text(left, down, said, fontsize=_HEAD_SIZE, linespacing=1.4, va="top")
    return float(start + (said.count("\n") + 1) * _ROW * _HEAD_SIZE)


def _foot_page(page: Figure, chart: Chart) -> float:
    """Write the provenance; return how high it is [pt]."""
    wide, high = page.get_size_inches()
    up = 0.32
    letters = int((wide - _LEFT - _EDGE) * _POINTS / (_LETTER * style.SMALL))
    page.text(
        _LEFT / wide,
        up / high,
        text := words.wrapped(words.footer(chart.child.provenance), letters),
        fontsize=style.SMALL,
        linespacing=1.45,
        color=style.QUIET,
        va="bottom",
    )
    return up * _POINTS + (text.count("\n") + 1) * _ROW * style.SMALL
