"""One child and one measure as a small chart: only what is the child's own, on a background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import numpy as np

from centiles import zscores
from centiles.ages import FloatArray, age_words
from centiles.charts import style
from centiles.charts.backdrops import puberty_note
from centiles.charts.falls import Fall, arrows, falls, rings
from centiles.charts.parents import Expected, shown_expected
from centiles.charts.points import (
    CHECK,
    LEAST_SHIFT,
    Points,
    amount,
    shifted,
    shows_crosses,
)
from centiles.charts.windows import Window, chosen
from centiles.charts.words import NO_SEX, SEX_WORDS
from centiles.measures import Measure
from centiles.reports import svg
from centiles.reports.backgrounds import Background, Backgrounds
from centiles.reports.places import Places
from centiles.reports.svg import BOTTOM, LEFT, RIGHT, TOP, Svg

RING_RADII: Final = {"info": 6.6, "watch": 6.8, "act": 7.2, "urgent": 7.6}
_EDGE: Final = 5.0  # how far inside the plot an off-scale value is shown
_RING: Final = 9.0  # from the middle of a ringed point to the tip of an arrow
_HEAD: Final = 5.0  # an arrow shorter than its head is none
_PARENTS_X: Final = 357.0  # right of the names of the lines
_MOST_LABELS: Final = 12


@dataclass(frozen=True)
class Case:
    """What a small chart shows: one child's points of one measure and the findings about them.

    ``findings`` are the open ones of that measure as arrays by column, worst first; ``shapes``
    the number of the marker of each point's source; ``latest`` the newest value in words;
    ``event_days`` the child's ages [d] at the events that may be told;
    ``parents`` the mother's and father's heights [cm].
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
    parents: tuple[float, float] = (np.nan, np.nan)


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
    sure = points.where(~points.impossible) if points.impossible.any() else points
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
    known = case.parents if ground.lines.sections else (np.nan, np.nan)
    expected = shown_expected(*known, case.measure, window)
    parts = [
        _opening(case, points, bands, ground),
        *(_band(band, ground, points) for band in bands),
        f'<use href="#{ground.name}" width="{svg.WIDTH}" height="{svg.number(ground.height)}"/>',
        *_marks(case, points, shapes, ground, bands),
        *_events(case, ground),
        *_parents(expected, case, ground),
        "</svg>",
    ]
    note = [f"{left_out} more outside these ages."] if left_out else []
    note += [] if ground.lines.sections else [f"{NO_SEX}."]
    note += [f"{expected.words[:-1]}: the bar at the right edge."] if expected else []
    note += [puberty_note(case.sex)] if ground.puberty else []
    return Drawing(ground.caption, Svg("".join(parts)), " ".join(note), ground.steps)


def definitions() -> Svg:
    """Return what every small chart refers to: a marker of each shape, full and open, and a cross.

    ``m0`` to ``m7`` are the sources' markers, ``o0`` to ``o7`` the same, open, for values to be
    checked; ``up`` and ``dn`` are off the scale, ``x`` a corrected age, ``X`` the same behind a
    marker, ``e`` an event. Each is a marker, and a shape ``s-m0`` and so on for the words beside
    the charts.
    """
    shapes = {
        f"{kind}{k}": (kind, svg.marker(shape))
        for kind in "mo"
        for k, shape in enumerate(style.MARKERS)
    }
    shapes |= {name: ("o", svg.marker(shape)) for name, shape in (("up", "^"), ("dn", "v"))}
    shapes |= {"x": ("x", "M-3.2-3.2l6.4 6.4m0-6.4l-6.4 6.4")}
    shapes |= {"X": ("x", "M-5.4-5.4l10.8 10.8m0-10.8l-10.8 10.8")}
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
    ends = _ends(band, ground, points)
    x, wide = svg.number(ends[0]), svg.number(ends[1] - ends[0])
    high = svg.number(BOTTOM - TOP)
    edges = "".join(f"M{svg.number(end)} {svg.number(TOP)}v{high}" for end in ends)
    return (
        f'<rect class="f" x="{x}" y="{svg.number(TOP)}" width="{wide}" height="{high}"/>'
        f'<path class="fe" d="{edges}"/>'
    )


def _ends(band: Fall, ground: Background, points: Points) -> tuple[float, float]:
    """Return where a fall begins and ends along the chart."""
    ages = np.array([band.from_age_days, band.to_age_days])
    x = np.clip(ground.plot.x(shifted(ages, ground.plot.window, points)), LEFT, RIGHT)
    return float(x[0]), float(x[1])


def _marks(
    case: Case, points: Points, shapes: Any, ground: Background, bands: Sequence[Fall]
) -> list[str]:
    """Return crosses, points, rings, arrows and labels."""
    if not len(points):
        return []
    plot, places = ground.plot, Places(ground)
    x, true = plot.x(points.day(plot.window)), plot.y(points.value)
    off = (true < TOP) | (true > BOTTOM)
    y = np.where(off, np.clip(true, TOP + _EDGE, BOTTOM - _EDGE), true)
    at = list(zip(x.tolist(), y.tolist(), strict=True))
    for place in at:
        places.keep(*place)
    for event in _event_places(case, ground):
        places.keep(event, BOTTOM - 4, 4)
    marks = _points(points, shapes, off, (true < y), at, plot.window)
    for (day, value), severity in rings(case.findings, points, plot.window).items():
        ringed = float(plot.x(np.array([day]))[0]), float(plot.y(np.array([value]))[0])
        ringed = ringed[0], min(max(ringed[1], TOP + _EDGE), BOTTOM - _EDGE)
        places.keep(*ringed, 9)
        marks.append(_ring(*ringed, severity))
    crosses = shows_crosses(points, plot.window, case.gestation_days, RIGHT - LEFT)
    drawn = _arrows(case, points, ground, bands, places, crosses=crosses)
    labels = [k for k in range(len(at)) if off[k] or points.queried[k]][:_MOST_LABELS]
    texts = [
        places.beside(_words(case, points, k, far=bool(off[k]), up=bool(true[k] < y[k])), *at[k])
        for k in labels
    ]
    texts += [places.over_band(band, _ends(band, ground, points)) for band in bands]
    joined = _crosses(points, off, y, ground) if crosses else []
    return [*texts, *drawn, *joined, *marks]  # no label hides a point


def _points(
    points: Points, shapes: Any, off: Any, up: Any, at: list[tuple[float, float]], window: Window
) -> list[str]:
    """Return the points: a marker each, open where queried, an arrow off the scale.

    Where corrected ages stand alone the cross is the point; where the marker has more to say, it is
    behind it.
    """
    crossed = window.corrected and len(set(shapes.tolist())) == 1
    rows = (at, shapes.tolist(), points.queried.tolist(), off.tolist(), up.tolist())
    named: dict[str, list[tuple[float, float]]] = {}
    for place, shape, queried, far, high in zip(*rows, strict=True):
        name = ("up" if high else "dn") if far else f"{'o' if queried else 'm'}{shape}"
        named.setdefault("x" if crossed and name[0] == "m" else name, []).append(place)
    beneath = [at[k] for k in np.flatnonzero(~off)] if window.corrected and not crossed else []
    return [svg.marks("X", beneath), *(svg.marks(name, each) for name, each in named.items())]


def _arrows(
    case: Case,
    points: Points,
    ground: Background,
    bands: Sequence[Fall],
    places: Places,
    *,
    crosses: bool,
) -> list[str]:
    """Return an arrow for each fall across as many spaces between the lines as its label counts."""
    plot = ground.plot
    found = arrows(
        bands, {"measure": str(case.measure), "sex": case.sex}, plot.window, points,
        crosses=crosses, least_days=LEAST_SHIFT / plot.scale,
    )  # fmt: skip
    drawn = []
    for arrow in found:
        x = float(plot.x(np.array([arrow.day]))[0])
        start, end = np.clip(plot.y(np.array([arrow.start, arrow.end])), TOP, BOTTOM).tolist()
        down = 1 if end > start else -1
        tip = end - down * (_RING if arrow.at_dot else _EDGE)
        if (tip - start) * down < _HEAD:
            continue
        places.keep_off(x, min(start, tip), max(start, tip))
        line = f"M{svg.number(x)} {svg.number(start)}V{svg.number(tip)}"
        drawn.append(
            f'<path class="ar" d="{line}m-2.4 {-4.5 * down}l2.4 {4.5 * down}l2.4 {-4.5 * down}"/>'
        )
    return drawn


def _ring(x: float, y: float, severity: str) -> str:
    radius = RING_RADII.get(severity, 7)
    return f'<circle class="r {severity}" cx="{svg.number(x)}" cy="{svg.number(y)}" r="{radius}"/>'


def _words(case: Case, points: Points, k: int, *, far: bool, up: bool) -> str:
    """Return what is written beside a point: its number where it is off the scale, "check"."""
    said = [f"{'↑' if up else '↓'} {amount(points.value[k], case.measure)}"] if far else []
    return ", ".join([*said, CHECK] if points.queried[k] else said)


def _crosses(points: Points, off: Any, y: FloatArray, ground: Background) -> list[str]:
    """Return a cross at each corrected age, joined to its own dot and to nothing else."""
    plot = ground.plot
    if plot.window.corrected:
        return []
    shown = ~off & plot.window.holds(points.corrected_age_days)
    dots, crosses = plot.x(points.age_days[shown]), plot.x(points.corrected_age_days[shown])
    joins = "".join(
        f"M{svg.number(a)} {svg.number(at)}H{svg.number(b)}"
        for a, b, at in zip(dots, crosses, y[shown], strict=True)
    )
    places = list(zip(crosses.tolist(), y[shown].tolist(), strict=True))
    return [f'<path class="j" d="{joins}"/>', svg.marks("x", places)] if places else []


def _event_places(case: Case, ground: Background) -> list[float]:
    """Return where the events inside the window are along the chart."""
    plot = ground.plot
    days = np.array(case.event_days, dtype=np.float64)
    days = shifted(days, plot.window, case.points) if len(days) else days
    return [float(x) for x in plot.x(days[plot.window.holds(days)])]


def _events(case: Case, ground: Background) -> list[str]:
    """Return an arrow down to the age axis for each event; the panel says what they are."""
    return [svg.marks("e", [(x, BOTTOM) for x in _event_places(case, ground)])]


def _parents(found: Expected | None, case: Case, ground: Background) -> list[str]:
    """Return what the parents' heights lead to expect, at the right edge: a range, its middle."""
    if found is None:
        return []
    day = float(np.floor(ground.lines.ends()[0]))
    z = np.array([found.range_z[0], found.z, found.range_z[1]])
    values = zscores.measurement(z, measure=Measure.HEIGHT, sex=case.sex, age_days=day)
    low, middle, high = (svg.number(float(y)) for y in ground.plot.y(np.asarray(values)))
    x = svg.number(_PARENTS_X)
    return [
        f'<path class="pa" d="M{x} {low}V{high}m-2.4 0h4.8M{x} {low}m-2.4 0h4.8"/>',
        f'<path class="pd" d="M{x} {middle}m0-3l2.4 3l-2.4 3l-2.4-3z"/>',
    ]
