"""Draw the gallery: twelve made-up children as small SVGs, and the page that shows them.

``python tools/build_gallery.py`` writes docs/gallery/ and docs/gallery.md, and draws the picture of
the front page, a boy of the made-up cohort. The same
code makes the same bytes. Nobody in it exists.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from centiles import charts, demo, zscores
from centiles.checks import Checked, check
from centiles.records import read

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "docs" / "gallery"
FRONT: Final = ROOT / "docs" / "images" / "fall.svg"
PAGE: Final = ROOT / "docs" / "gallery.md"
DRAWN: Final = np.datetime64("2026-11-27")
TODAY: Final = "2026-11-27"

Path_ = Mapping[float, float]  # z by age [y]


@dataclass(frozen=True)
class Made:
    """A made-up child: z of each measure by age [y], and where each age was measured."""

    sex: str
    born: str
    z: Mapping[str, Path_]
    gestation: str = "40+0"
    seen_by: Mapping[float, str] = field(default_factory=dict)
    typed: Mapping[tuple[str, float], str] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    events: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Picture:
    """A picture of the gallery: its file, its title, what the reader should see, and of whom."""

    name: str
    title: str
    see: str
    of: tuple[Made, ...]
    measure: str = "weight"
    kind: str = "chart"
    window: str | None = None


INFANT: Final = Made(
    "female",
    "2025-07-10",
    {"weight": {0: 0.2, 0.03: -0.1, 0.1: 0.0, 0.16: -0.5, 0.24: -1.1, 0.33: -1.7, 0.5: -2.1,
                0.66: -2.3, 0.83: -2.4}},
    "39+5",
)  # fmt: skip
BROTHER: Final = Made(
    "male",
    "2020-03-20",
    {
        "weight": {0: -0.2, 0.03: -0.4, 0.15: -0.1, 0.31: -0.2, 1: -0.4, 2.25: -0.3, 4.98: -0.35,
                   5.5: -1.4, 5.89: -3.2},
        "height": {1: -0.1, 2.25: 0.1, 4.98: -0.1, 5.89: -0.35},
    },
    "39+1",
    seen_by={4.98: "school_nursing", 5.89: "hospital"},
    events=(
        ("2024-09-12", "missed appointment"),
        ("2025-04-20", "house move"),
        ("2025-09-30", "missed appointment"),
        ("2025-12-05", "fractured wrist"),
    ),
)  # fmt: skip

PICTURES: Final = (
    Picture(
        "newborn",
        "Five weeks old, born at term",
        "She loses some of her birth weight in the first days, as most babies do, and has "
        "regained it by the second week: the note says when a loss is to be looked at. Below 42 "
        "weeks the axis is gestation; the lines step there because the tables change, not the "
        "child. Each dot stands at her age since birth, each cross at her age corrected for being"
        " born at 39+4.",
        (Made("female", "2026-05-01",
              {"weight": {0: 0.2, 0.011: -0.45, 0.03: -0.25, 0.055: 0.0, 0.095: 0.1}}, "39+4"),),
    ),
    Picture(
        "infant-fall",
        "Ten months: falling since two months",
        "Between the 25th and 75th until two months, then down through the lines. The shaded band"
        " is the fall of the finding, with its size in centile spaces and its interval; the arrow"
        " crosses as many spaces as the label counts. The newest point is ringed.",
        (INFANT,),
    ),
    Picture(
        "preterm",
        "Born at 28+3, ten weeks on",
        "The axis is gestation itself, from 23 weeks, and each weight a cross at its gestational "
        "age. He is steady near the 9th to 25th.",
        (Made("male", "2026-05-01",
              {"weight": {0: -0.2, 0.02: -0.9, 0.04: -1.1, 0.08: -1.1, 0.12: -1.0, 0.16: -0.9,
                          0.2: -0.9}}, "28+3"),),
    ),
    Picture(
        "corrected",
        "Born at 30+3, at thirteen months",
        "At his age since birth (dots) he looks far below the lines; at his corrected age "
        "(crosses) he is steady near the 25th. Dot and cross of one weight are joined; different "
        "weights never are.",
        (Made("male", "2025-05-01",
              {"weight": {0: -0.2, 0.04: -0.8, 0.1: -1.0, 0.2: -0.9, 0.35: -0.7, 0.6: -0.7,
                          0.85: -0.6, 1.1: -0.6}}, "30+3"),),
    ),
    Picture(
        "toddler",
        "Height to four years: two steps that are not the child",
        "At 2 years the lines step from lying length to standing height, about 0.7 cm, and at 4 "
        "years from the WHO to the UK 1990 tables. Both ends of every line are drawn, and both "
        "sides are named. She does not change.",
        (Made("female", "2021-06-01",
              {"height": {0.2: 0.5, 0.6: 0.35, 1: 0.3, 1.5: 0.45, 1.95: 0.4, 2.1: 0.35, 2.6: 0.4,
                          3.2: 0.3, 3.95: 0.3, 4.1: 0.45}}, "40+1"),),
        measure="height",
    ),
    Picture(
        "school-fall",
        "Nearly six: a fall over three services' records",
        "Near the 25th to 50th until five, then below the 0.4th in eleven months. Each source has"
        " its own marker: no one service holds the fall. Under the axis, what happened around it;"
        " sensitive events are not drawn unless asked for, and then the page warns.",
        (BROTHER,),
    ),
    Picture(
        "parents",
        "Twelve: height, parents and puberty",
        "She grows along the 2nd to 9th. At the right edge: the centile expected from her "
        "parents' heights and the range of nine in ten such children. The ages in which puberty "
        "moves height across the lines are shaded, for girls only on a girl's chart.",
        (Made("female", "2013-06-01",
              {"height": {2.2: -1.6, 4.3: -1.6, 5.4: -1.7, 7.1: -1.6, 8.9: -1.7, 10.6: -1.8,
                          12.0: -1.6}},
              known={"mother_cm": 155, "father_cm": 168}),),
        measure="height",
        window="2-20",
    ),
    Picture(
        "queried",
        "Values that cannot be right, kept",
        "A weight in grams is drawn at the edge with an arrow and its number; a slipped decimal "
        "point stands where it was written. Both are open and say “check”; neither is hidden, and"
        " neither squashes the chart.",
        (Made("male", "2018-05-01", {"weight": {2.1: 0.1, 3.2: 0.2, 4.5: 0.2, 5.5: 0.1, 6.5: 0.2,
                                                7.1: 0.1}},
              typed={("weight", 3.2): "1.47", ("weight", 7.1): "24100"}),),
    ),
    Picture(
        "head-rise",
        "A head that grows too fast",
        "From the 50th at birth across the lines to above the 99.6th by six months. A rise is "
        "shaded, and said, as one.",
        (Made("male", "2026-01-05", {"head": {0: 0.0, 0.035: 0.3, 0.12: 1.1, 0.23: 1.9, 0.48: 3.0}},
              "40+2"),),
        measure="head",
    ),
    Picture(
        "bmi-rise",
        "Eleven: BMI rising",
        "From the 75th at three to above the 98th at eleven, steadily. BMI is always computed "
        "here, from a weight and the height of that day.",
        (Made("male", "2014-12-05", {
            "height": {2.3: 0.6, 5.2: 0.7, 8.0: 0.8, 9.6: 0.8, 11.1: 0.9},
            "weight": {2.3: 0.8, 5.2: 1.15, 8.0: 1.7, 9.6: 2.0, 11.1: 2.35}},
            seen_by={5.2: "school_nursing", 11.1: "school_nursing"}),),
        measure="bmi",
    ),
    Picture(
        "sds",
        "All measures on one axis",
        "Height stays where it was; weight and BMI leave it from ten years on. On an SDS chart "
        "points are joined, and a value below −4 is at the edge with its number.",
        (Made("female", "2012-02-20", {
            "height": {5.1: 0.6, 7.2: 0.65, 9.0: 0.6, 10.4: 0.7, 11.4: 0.65, 12.3: 0.6,
                       12.9: 0.55},
            "weight": {5.1: 0.4, 7.2: 0.45, 9.0: 0.5, 10.4: 0.3, 11.4: -0.5, 12.3: -1.7,
                       12.9: -2.5}}),),
        kind="sds",
    ),
    Picture(
        "family",
        "Two children of one household",
        "The same boy and his baby sister, side by side: both are falling. Siblings are third-"
        "party information, so this view is drawn on request only, and its page says so.",
        (BROTHER, INFANT),
        kind="family",
    ),
)  # fmt: skip


def written(child: Made, number: int) -> dict[str, list[dict[str, str]]]:
    """Return the rows of a child by source."""
    weeks, _, days = child.gestation.partition("+")
    gestation = 7 * int(weeks) + int(days)
    rows: dict[str, list[dict[str, str]]] = {}
    for measure, path in child.z.items():
        for age, z in path.items():
            day = round(age * 365.25)
            value = zscores.measurement(
                z, measure=measure, sex=child.sex, age_days=day, gestation_days=gestation
            )
            digits = 2 if measure == "weight" and age < 3 else 1
            text = child.typed.get((measure, age), f"{value:.{digits}f}")
            rows.setdefault(child.seen_by.get(age, "health_visiting"), []).append(
                {
                    "child_id": f"made-up {number}",
                    "household_id": "H1",
                    "sex": child.sex,
                    "birth_date": child.born,
                    "gestation": child.gestation,
                    "measured_on": str(np.datetime64(child.born) + day),
                    "measure": measure,
                    "value": text,
                }
            )
    return rows


def checked_of(children: Sequence[Made], *, sensitive: bool) -> Checked:
    """Return made-up children, read from files as any others are, and checked."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources: dict[str, list[dict[str, str]]] = {}
        sides: dict[str, list[dict[str, str]]] = {}
        for number, child in enumerate(children, 1):
            for source, rows in written(child, number).items():
                sources.setdefault(source, []).extend(rows)
            child_id = {"child_id": f"made-up {number}"}
            if child.known:
                known = {key: str(value) for key, value in child.known.items()}
                sides.setdefault("children", []).append(child_id | known)
            sides.setdefault("events", []).extend(
                child_id | {"date": date, "type": kind} for date, kind in child.events
            )
        paths = [table(folder / f"{source}.csv", rows) for source, rows in sorted(sources.items())]
        given: Any = {
            kind: table(folder / f"{kind}.csv", rows) for kind, rows in sides.items() if rows
        }
        return check(read(paths, **given), today=TODAY, sensitive=sensitive)


def table(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """Write rows as CSV and return where."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def draw(picture: Picture, folder: Path) -> Path:
    """Draw one picture into a folder and return its file."""
    target = folder / f"{picture.name}.svg"
    family = picture.kind == "family"
    checked = checked_of(picture.of, sensitive=family)
    found = [checked.child(f"made-up {number}") for number in range(1, len(picture.of) + 1)]
    if family:
        charts.save_family(found, target, picture.measure, sensitive=True, drawn_on=DRAWN)
    elif picture.kind == "sds":
        charts.save_sds(found[0], target, name="", drawn_on=DRAWN)
    else:
        charts.save(
            found[0], target, picture.measure, window=picture.window, name="", drawn_on=DRAWN
        )
    target.chmod(0o644)
    return target


def draw_front(target: Path = FRONT) -> Path:
    """Draw the picture of the front page and return its file."""
    with tempfile.TemporaryDirectory() as name:
        checked = check(read(list(demo.write_exports(Path(name)))), today=TODAY)
    child = checked.child(demo.story_ids()["sliding"])
    charts.save(child, target, "weight", name="A made-up boy", drawn_on=DRAWN)
    target.chmod(0o644)
    return target


def page() -> str:
    """Return the page that shows the gallery."""
    parts = [
        "# Gallery",
        "",
        "Twelve made-up children, drawn by `make gallery`. [What a chart shows](charts.md).",
    ]
    for picture in PICTURES:
        parts += [
            "",
            f"## {picture.title}",
            "",
            f"![{picture.title}: {picture.see}](gallery/{picture.name}.svg)",
            "",
            picture.see,
        ]
    return "\n".join(parts) + "\n"


def main() -> int:
    """Draw every picture and write the page."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.svg"):
        old.unlink()
    for path in (draw_front(), *(draw(picture, FOLDER) for picture in PICTURES)):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
