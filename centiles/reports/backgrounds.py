"""What children's charts have in common, drawn once: nine lines and two axes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Final

import numpy as np

from centiles import lms
from centiles.ages import FloatArray
from centiles.charts import words
from centiles.charts.backdrops import puberty
from centiles.charts.lines import DASHED_LABELS, LineSet, line_set, spread
from centiles.charts.marks import AgeAxis, Row, age_axis
from centiles.charts.points import VALUE_MARGIN, Points, value_range
from centiles.charts.windows import Window
from centiles.measures import Measure
from centiles.reports import svg
from centiles.reports.svg import BOTTOM, LEFT, RIGHT, Plot, Svg

Range = tuple[float, float]

_STEP: Final = 0.1  # of the span of the lines: how finely the value axis follows the points
_TOLERANCE: Final = 0.12  # how far a drawn line may be from where it is
_LABEL_GAP: Final = 9.0
_TOP_LABEL: Final = 6.0
_SECOND_ROW: Final = 19.0
_NAME: Final = 10  # letters: one name for two of a page's hundreds is as likely as nothing


@dataclass(frozen=True)
class Background:
    """The lines and axes of one sex, measure and window: its name, its plot, how it looks.

    The name is that of its key, so that charts drawn apart refer to one.
    """

    name: str
    plot: Plot
    lines: LineSet
    caption: str
    steps: tuple[str, ...]
    puberty: bool
    height: float
    drawn: Svg = field(repr=False)


@dataclass
class Backgrounds:
    """The backgrounds that charts asked for, by name, in the order in which they did."""

    made: dict[str, Svg] = field(default_factory=dict)

    def of(self, measure: Measure, sex: str, window: Window, points: Points) -> Background:
        """Return the background these points stand on.

        Its value axis is that of a large chart, but widened in tenths of the lines' span, so that
        children share it.
        """
        _, extent = _lines(measure, sex, window)
        found = _background(measure, sex, window, *_rounded(value_range(points, extent), extent))
        self.made.setdefault(found.name, found.drawn)
        return found

    def symbols(self) -> Svg:
        """Return all of them as symbols, for charts to refer to."""
        return Svg("".join(self.made.values()))


@lru_cache(maxsize=128)
def _lines(measure: Measure, sex: str, window: Window) -> tuple[LineSet, Range | None]:
    """Return the lines of a background, and the values they span."""
    lines = line_set(measure, sex, window)
    return lines, lines.value_range


def _rounded(wanted: Range, lines: Range | None) -> Range:
    """Return a range of values widened to steps that many children share."""
    if lines is None:
        return wanted if wanted[1] > wanted[0] else (wanted[0], wanted[0] + 1)
    span = lines[1] - lines[0]
    inside = (wanted[1] - wanted[0]) / (1 + 2 * VALUE_MARGIN)
    low, high = wanted[0] + VALUE_MARGIN * inside, wanted[1] - VALUE_MARGIN * inside
    below, above = np.ceil(np.array([lines[0] - low, high - lines[1]]) / (_STEP * span) - 1e-6)
    low = lines[0] - (below * _STEP + VALUE_MARGIN) * span
    return max(float(low), 0.0), float(lines[1] + (above * _STEP + VALUE_MARGIN) * span)


@lru_cache(maxsize=512)  # of some 6 kB
def _background(measure: Measure, sex: str, window: Window, low: float, high: float) -> Background:
    key = f"{measure} {sex} {window.name} {window.from_day} {low} {high}"
    name = f"b{sha256(key.encode()).hexdigest()[:_NAME]}"
    plot, lines = Plot(window, low, high), _lines(measure, sex, window)[0]
    axis = age_axis(plot.window, RIGHT - LEFT)
    shaded = puberty(measure, sex, plot.window)
    height = svg.HEIGHT - (_SECOND_ROW if axis.in_line else 0)
    parts = [
        f'<symbol id="{name}" viewBox="0 0 {svg.WIDTH} {svg.number(height)}">',
        *(_puberty(shaded, plot) if shaded else ()),
        *_nine_lines(lines, plot),
        *_value_axis(plot),
        *_age_axis(axis, plot),
        "</symbol>",
    ]
    caption = words.axis_words(measure, plot.window)
    drawn = Svg("".join(parts))
    return Background(name, plot, lines, caption, lines.steps, shaded is not None, height, drawn)


def _puberty(span: Range, plot: Plot) -> list[str]:
    """Return the ages of puberty, shaded so that what is under it shows."""
    start, end = np.clip(plot.x(np.array(span)), LEFT, RIGHT).tolist()
    x, wide = svg.number(start), svg.number(end - start)
    high = svg.number(BOTTOM - svg.TOP)
    return [f'<rect class="pu" x="{x}" y="{svg.number(svg.TOP)}" width="{wide}" height="{high}"/>']


def _nine_lines(lines: LineSet, plot: Plot) -> list[str]:
    """Return the lines, solid and dashed, each section its own, and their names at the right."""
    if not lines.sections:
        return []
    kinds: dict[str, list[tuple[FloatArray, FloatArray]]] = {"s": [], "d": []}
    for section in lines.sections:
        for label, values in zip(lms.LINE_LABELS, section.values, strict=True):
            kinds["d" if label in DASHED_LABELS else "s"].append(
                _drawn(section.age_days, values, plot)
            )
    drawn = [f'<path class="{kind}" d="{svg.path(each)}"/>' for kind, each in kinds.items()]
    day, ends = lines.ends()
    at = -spread(-plot.y(ends), _LABEL_GAP)
    highest = _TOP_LABEL + _LABEL_GAP * np.arange(len(at))[::-1]  # none is cut off
    at = np.maximum(at, highest)
    x = float(plot.x(np.array([day]))[0]) + 3
    return drawn + [svg.text(x, y + 3, label) for label, y in zip(lms.LINE_LABELS, at, strict=True)]


def _drawn(days: FloatArray, values: FloatArray, plot: Plot) -> tuple[FloatArray, FloatArray]:
    """Return where a line runs inside the window, with no more points than can be seen."""
    first, last = max(days[0], plot.window.from_day), min(days[-1], plot.window.to_day)
    inside = days[(days > first) & (days < last)]
    grid = np.r_[first, inside, last]
    x, y = plot.x(grid), plot.y(np.asarray(np.interp(grid, days, values)))
    kept = [0, *_between(x, y, 0, len(x) - 1), len(x) - 1]
    return x[kept], y[kept]


def _between(x: FloatArray, y: FloatArray, start: int, end: int) -> list[int]:
    """Return the points a line from one to another has to go through [Douglas and Peucker]."""
    if end - start < 2:
        return []
    inner = slice(start + 1, end)
    straight = y[start] + (x[inner] - x[start]) * (y[end] - y[start]) / (x[end] - x[start])
    off = np.abs(y[inner] - straight)
    far = start + 1 + int(off.argmax())
    if off[far - start - 1] <= _TOLERANCE:
        return []
    return [*_between(x, y, start, far), far, *_between(x, y, far, end)]


def _value_axis(plot: Plot) -> list[str]:
    ticks = svg.value_ticks(plot.low, plot.high)
    places = plot.y(np.array(ticks))
    marks = "".join(f"M{svg.number(LEFT)} {svg.number(y)}h-4" for y in places)
    axis = f"M{svg.number(LEFT)} {svg.number(svg.TOP)}V{svg.number(BOTTOM)}H{svg.number(RIGHT)}"
    return [f'<path class="a" d="{axis}{marks}"/>'] + [
        svg.text(LEFT - 6, y + 3.5, f"{tick:g}", anchor="end")
        for tick, y in zip(ticks, places, strict=True)
    ]


def _age_axis(axis: AgeAxis, plot: Plot) -> list[str]:
    """Return the rows of ages: years and half years in one line; else the coarser one below."""
    fine = axis.fine
    if axis.in_line:  # half years are marked, years numbered
        fine = Row(fine.days, ("",) * len(fine.days), fine.unit)
    drawn = _row(fine, plot, BOTTOM)
    drawn += _row(axis.coarse, plot, BOTTOM + (0 if axis.in_line else _SECOND_ROW))
    unit = axis.coarse.unit if axis.in_line else axis.fine.unit
    if plot.window.by_gestation:
        return [*drawn, svg.text(RIGHT, BOTTOM + 27, "weeks of gestation", "q", anchor="end")]
    drawn.append(svg.text(RIGHT + (14 if axis.in_line else 5), BOTTOM + 13, unit, "q"))
    if axis.coarse.days and not axis.in_line:
        drawn.append(svg.text(RIGHT + 5, BOTTOM + _SECOND_ROW + 13, axis.coarse.unit, "q"))
    if axis.gestation:
        drawn.append(svg.text(LEFT, BOTTOM + _SECOND_ROW + 13, "weeks of gestation", "q"))
    return drawn


def _row(row: Row, plot: Plot, y: float) -> list[str]:
    if not row.days:
        return []
    places = plot.x(np.array(row.days))
    marks = "".join(f"M{svg.number(x)} {svg.number(y)}v4" for x in places)
    return [f'<path class="a" d="{marks}"/>'] + [
        svg.text(x, y + 13, label, anchor="middle")
        for x, label in zip(places, row.labels, strict=True)
        if label
    ]
