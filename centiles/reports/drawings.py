"""One child and one measure as a small chart: only what is the child's own, on a background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import numpy as np

from centiles.ages import FloatArray, age_words
from centiles.charts import style
from centiles.charts.falls import Fall, falls, rings
from centiles.charts.points import CHECK, Points, amount, shows_crosses
from centiles.charts.windows import chosen
from centiles.charts.words import NO_SEX, SEX_WORDS
from centiles.measures import Measure
from centiles.reports import svg
from centiles.reports.backgrounds import Background, Backgrounds
from centiles.reports.svg import BOTTOM, LEFT, RIGHT, TOP, Svg

RING_RADII: Final = {"info": 6.6, "watch": 6.8, "act": 7.2, "urgent": 7.6}
_EDGE: Final = 5.0  # how far inside the plot an off-scale value is shown
_LETTER, _ROW = 5.4, 11.0  # a letter of a label, wide and high
_MOST_LABELS: Final = 12

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Case:
    """What a small chart shows: one child's points of one measure and the findings about them.

    ``findings`` are the open ones of that measure as arrays by column, worst first; ``shapes``
    the number of the marker of each point's source; ``latest`` the newest value in words;
    ``event_days`` the child's ages [d] at the events that may be told.
    """

    measure: Measure
    sex: str
    birth_date: Any
    gestation_days: float
    points: Points
    shapes: Sequence[int]
    findings: Mapping[str, Any]
    latest: str
    event_days: Sequence[float] = ()


@dataclass(frozen=True)
class Drawing:
    """A small chart: its caption, its picture, the note under it, why its lines step."""

    caption: str
    picture: Svg
    note: str
    steps: tuple[str, ...]


def drawing(case: Case, backgrounds: Backgrounds) -> Drawing:
    """Return one child's small chart of one measure."""
    points = case.points
    sure = points.where(~points.impossible)
    shown = sure if len(sure) else points
    window = chosen(shown.age_days, shown.corrected_age_days, case.gestation_days)
    day = points.day(window)
    inside = window.holds(day)
    left_out = len(points) - int(inside.sum())
    if left_out:
        points, day = points.where(inside), day[inside]
    ground = backgrounds.of(case.measure, case.sex, window, points)
    shapes = np.asarray(case.shapes)[inside]
    bands = falls(case.findings)
    parts = [
        _opening(case, points, bands, ground),
        *(_band(band, ground, points) for band in bands),
        f'<use href="#{ground.name}" width="{svg.WIDTH}" height="{svg.number(ground.height)}"/>',
        *_marks(case, points, day, shapes, ground, bands),
        *_events(case, ground),
        "</svg>",
    ]
    note = [f"{left_out} more outside these ages."] if left_out else []
    note += [] if ground.lines.sections else [f"{NO_SEX}."]
    return Drawing(ground.caption, Svg("".join(parts)), " ".join(note), ground.steps)


def definitions() -> Svg:
    """Return what every small chart refers to: a marker of each shape, full and open, and a cross.

    ``m0`` to ``m7`` are the sources' markers, ``o0`` to ``o7`` the same, open, for values to be
    checked; ``up`` and ``dn`` are off the scale, ``x`` a corrected age, ``e`` an event. Each is a
    marker, and a shape ``s-m0`` and so on for the words beside the charts.
    """
    shapes = {
        f"{kind}{k}": (kind, svg.marker(shape))
        for kind in "mo"
        for k, shape in enumerate(style.MARKERS)
    }
    shapes |= {name: ("o", svg.marker(shape)) for name, shape in (("up", "^"), ("dn", "v"))}
    shapes |= {"x": ("x", "M-3.2-3.2l6.4 6.4m0-6.4l-6.4 6.4")}
    shapes |= {"e": ("x", "M0-1v-7m-2.2 5l2.2 2.2l2.2-2.2")}
    box = 'markerUnits="userSpaceOnUse" viewBox="-9 -9 18 18" markerWidth="18" markerHeight="18"'
    return Svg(
        "".join(
            f'<path id="s-{name}" class="{kind}" d="{data}"/>'
            f'<marker id="{name}" {box}><path class="{kind}" d="{data}"/></marker>'
            for name, (kind, data) in shapes.items()
        )
    )


def _opening(case: Case, points: Points, bands: Sequence[Fall], ground: Background) -> str:
    who = SEX_WORDS.get(case.sex, "child whose sex is not known")
    title = f"{case.measure.label[:1].upper()}{case.measure.label[1:]} of a {who}: centile chart"
    box = f"0 0 {svg.WIDTH} {svg.number(ground.height)}"
    return (
        f'<svg viewBox="{box}" role="img"><title>{escape(title)}</title>'
        f"<desc>{escape(_description(case, points, bands))}</desc>"
    )


def _description(case: Case, points: Points, bands: Sequence[Fall]) -> str:
    """Return the chart in words, for those who cannot see it."""
    said = ["No measurement at these ages."]
    if len(points):
        ends = [age_words(float(age), case.birth_date) for age in points.age_days[[0, -1]]]
        many = f"{len(points)} measurement{'s' if len(points) > 1 else ''}"
        said = [f"{many}, at {' to '.join(dict.fromkeys(ends))}."]
    said += [f"Latest: {case.latest}."] if case.latest else []
    said += [f"Shaded: {' '.join(band.words.split())}." for band in bands]
    queried = int(points.queried.sum())
    said += [f"{queried} marked to check."] if queried else []
    return " ".join(said)


def _band(band: Fall, ground: Background, points: Points) -> str:
    """Return the shaded ages between the two points of a fall."""
    ends = np.clip(ground.plot.x(_days(band, ground, points)), LEFT, RIGHT)
    x, wide = svg.number(ends[0]), svg.number(ends[1] - ends[0])
    high = svg.number(BOTTOM - TOP)
    edges = "".join(f"M{svg.number(end)} {svg.number(TOP)}v{high}" for end in ends)
    return (
        f'<rect class="f" x="{x}" y="{svg.number(TOP)}" width="{wide}" height="{high}"/>'
        f'<path class="fe" d="{edges}"/>'
    )


def _days(band: Fall, ground: Background, points: Points) -> FloatArray:
    ages = np.array([band.from_age_days, band.to_age_days])
    if not ground.plot.window.by_gestation or not len(points):
        return ages
    nearest = np.abs(points.age_days[:, None] - ages).argmin(axis=0)
    return np.asarray(ages + (points.corrected_age_days - points.age_days)[nearest])


def _marks(
    case: Case,
    points: Points,
    day: FloatArray,
    shapes: Any,
    ground: Background,
    bands: Sequence[Fall],
) -> list[str]:
    """Return crosses, points, rings and labels."""
    if not len(points):
        return []
    plot = ground.plot
    x, true = plot.x(day), plot.y(points.value)
    y = np.clip(true, TOP + _EDGE, BOTTOM - _EDGE)
    off = (true < TOP) | (true > BOTTOM)
    y = np.where(off, y, true)
    at = list(zip(x.tolist(), y.tolist(), strict=True))
    rows = (at, shapes.tolist(), points.queried.tolist(), off.tolist(), (true < y).tolist())
    named: dict[str, list[tuple[float, float]]] = {}
    for place, shape, queried, far, up in zip(*rows, strict=True):
        name = ("up" if up else "dn") if far else f"{'o' if queried else 'm'}{shape}"
        named.setdefault(name, []).append(place)
    marks = [svg.marks(name, places) for name, places in named.items()]
    taken: list[Box] = [_around(*place) for place in at]
    for (ring_day, value), severity in rings(case.findings, points, plot.window).items():
        place = float(plot.x(np.array([ring_day]))[0]), float(plot.y(np.array([value]))[0])
        place = place[0], min(max(place[1], TOP + _EDGE), BOTTOM - _EDGE)
        taken.append(_around(*place, 9))
        marks.append(_ring(*place, severity))
    labels = [k for k in range(len(at)) if off[k] or points.queried[k]][:_MOST_LABELS]
    texts = [
        _label(_words(case, points, k, far=bool(off[k]), up=bool(true[k] < y[k])), *at[k], taken)
        for k in labels
    ]
    texts += [_band_label(band, ground, points, taken) for band in bands]
    return [*texts, *_crosses(case, points, off, y, ground), *marks]  # no label hides a point


def _ring(x: float, y: float, severity: str) -> str:
    radius = RING_RADII.get(severity, 7)
    return f'<circle class="r {severity}" cx="{svg.number(x)}" cy="{svg.number(y)}" r="{radius}"/>'


def _words(case: Case, points: Points, k: int, *, far: bool, up: bool) -> str:
    """Return what is written beside a point: its number where it is off the scale, "check"."""
    said = [f"{'↑' if up else '↓'} {amount(points.value[k], case.measure)}"] if far else []
    return ", ".join([*said, CHECK] if points.queried[k] else said)


def _crosses(case: Case, points: Points, off: Any, y: FloatArray, ground: Background) -> list[str]:
    """Return a cross at each corrected age, joined to its own dot and to nothing else."""
    plot = ground.plot
    if plot.window.by_gestation or not shows_crosses(
        points, plot.window, case.gestation_days, RIGHT - LEFT
    ):
        return []
    shown = ~off & plot.window.holds(points.corrected_age_days)
    dots, crosses = plot.x(points.age_days[shown]), plot.x(points.corrected_age_days[shown])
    joins = "".join(
        f"M{svg.number(a)} {svg.number(at)}H{svg.number(b)}"
        for a, b, at in zip(dots, crosses, y[shown], strict=True)
    )
    places = list(zip(crosses.tolist(), y[shown].tolist(), strict=True))
    return [f'<path class="j" d="{joins}"/>', svg.marks("x", places)] if places else []


def _events(case: Case, ground: Background) -> list[str]:
    """Return an arrow down to the age axis for each event; the panel says what they are."""
    plot = ground.plot
    if plot.window.by_gestation:
        return []
    days = np.array(case.event_days, dtype=np.float64)
    days = days[plot.window.holds(days)]
    return [svg.marks("e", [(float(x), BOTTOM) for x in plot.x(days)])]


def _around(x: float, y: float, reach: float = 4.5) -> Box:
    return x - reach, y - reach, x + reach, y + reach


def _label(words: str, x: float, y: float, taken: list[Box]) -> str:
    """Return a label beside a point, where it covers least, and remember it as taken."""
    wide = len(words) * _LETTER
    places = [(x + 8, y - 5.5), (x - 8 - wide, y - 5.5), (x - wide / 2, y - 19),
              (x - wide / 2, y + 8), (x + 11, y - 16), (x - 11 - wide, y + 5)]  # fmt: skip
    boxes = [(a, b, a + wide, b + _ROW) for a, b in places]
    best = min(boxes, key=lambda box: _cost(box, taken))
    taken.append(best)
    return svg.text(best[0], best[1] + 9, words, "n")


def _cost(box: Box, taken: list[Box]) -> float:
    """Return how much a label covers; outside the plot is worst."""
    outside = box[0] < LEFT or box[2] > RIGHT + 30 or box[1] < 0 or box[3] > BOTTOM
    covered = sum(
        1.5 if other[2] - other[0] < 20 else 1.0  # a point counts more than a label
        for other in taken
        if box[0] < other[2] and box[2] > other[0] and box[1] < other[3] and box[3] > other[1]
    )
    return 10.0 * outside + covered


def _band_label(band: Fall, ground: Background, points: Points, taken: list[Box]) -> str:
    """Return a fall's size and interval, in two rows, where its band is emptiest."""
    rows = band.words.split("\n")
    wide = max(map(len, rows)) * _LETTER * 1.08
    ends = ground.plot.x(_days(band, ground, points))
    middle = float(np.clip(ends.mean(), LEFT + wide / 2 + 2, RIGHT - wide / 2 - 2))
    tops = np.linspace(TOP + 2, BOTTOM - 2 * _ROW - 5, 9)
    tops = tops[np.argsort(np.abs(tops - tops.mean()))[::-1]]  # the ends are liked best
    boxes = [(middle - wide / 2, top, middle + wide / 2, top + 2 * _ROW + 2) for top in tops]
    best = min(boxes, key=lambda box: _cost(box, taken) + 0.12 * _lines_under(box, ground))
    taken.append(best)
    return "".join(
        svg.text(middle, best[1] + 10 + k * _ROW, row, "fl", anchor="middle")
        for k, row in enumerate(rows)
    )


def _lines_under(box: Box, ground: Background) -> int:
    """Return how many of the nine lines run through a box, at its middle."""
    plot = ground.plot
    day = plot.window.from_day + ((box[0] + box[2]) / 2 - LEFT) / plot.scale
    for section in ground.lines.sections:
        if section.age_days[0] <= day <= section.age_days[-1]:
            place = min(int(np.searchsorted(section.age_days, day)), len(section.age_days) - 1)
            y = plot.y(section.values[:, place])
            return int(((y > box[1]) & (y < box[3])).sum())
    return 0
