"""True-life shapes, run through the whole library: those that must be found, those that must not.

Each child is a few lines of an invented export; nothing is simulated and nothing left to chance.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

import centiles
from centiles import zscores
from centiles.lms import LINE_LABELS, LINE_Z
from centiles.measures import MEASURES
from centiles.references import reference, table_codes

BORN = np.datetime64("2012-03-01")
TODAY = "2026-11-01"
YEAR, WEEK, MONTH = 365.25, 7.0, 30.4375
LINE = dict(zip(LINE_LABELS, LINE_Z, strict=True))
LOUD = ("act", "urgent")


@dataclass(frozen=True)
class Child:
    """One child: rows of (age [d], measure, value, source)."""

    name: str
    rows: tuple[tuple[float, str, float, str], ...]
    sex: str = "female"
    gestation: str = "40+0"
    mother_cm: float = np.nan
    father_cm: float = np.nan


@dataclass(frozen=True)
class Shape:
    """A shape, what is asked of it, and its children (the first is the one in question)."""

    title: str
    asked: str
    children: tuple[Child, ...]
    as_asked: Callable[[centiles.Checked, str], bool] = field(repr=False)
    correction: str = "digital"
    must: bool = True


@dataclass(frozen=True)
class Outcome:
    """What the library said of a shape."""

    shape: Shape
    level: str
    rules: tuple[str, ...]
    sentence: str
    kept: bool


def at(age: float, measure: str, z: float, sex: str = "female", gestation: float = 280) -> float:
    """Return the value of a z, as a record would have it."""
    age = np.floor(age)
    value = zscores.measurement(z, measure=measure, sex=sex, age_days=age, gestation_days=gestation)
    return round(float(value), 2 if measure == "weight" and age < 2 * YEAR else 1)


def course(
    measure: str,
    *points: tuple[float, float],
    sex: str = "female",
    gestation: float = 280,
    source: str = "clinic.csv",
) -> tuple[tuple[float, str, float, str], ...]:
    """Return rows of a measure at ages [d] and z."""
    return tuple(
        (np.floor(age), measure, at(age, measure, z, sex, gestation), source) for age, z in points
    )


def unchanged(measure: str, ages: tuple[float, ...], z: float, sex: str) -> tuple:
    """Return rows of a body that keeps its z of the first age, over every join."""
    known = reference()
    code = table_codes([str(m) for m in MEASURES].index(measure), np.array([sex == "male"]))
    sections = known.section_codes(np.floor(np.array(ages)))
    z_there = [
        float(known.carried(np.array([z]), code, sections[:1], np.array([to]))[0])
        for to in sections
    ]
    return course(measure, *zip(ages, z_there, strict=True), sex=sex)


def checked(shape: Shape) -> centiles.Checked:
    """Return a shape's children checked, from files as services would send them."""
    rows = [
        {
            "child_id": child.name, "sex": child.sex, "birth_date": str(BORN),
            "gestation": child.gestation, "source": source,
            "measured_on": str(BORN + np.timedelta64(int(age), "D")),
            "measure": measure, "value": value, "unit": "kg" if measure == "weight" else "cm",
        }
        for child in shape.children
        for age, measure, value, source in child.rows
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for source, part in frame.groupby("source", sort=True):
            paths.append(Path(folder) / str(source))
            part.drop(columns="source").to_csv(paths[-1], index=False)
        records = centiles.read([str(path) for path in paths])
    return centiles.check(records, today=TODAY, correction=shape.correction)


def outcome(shape: Shape) -> Outcome:
    """Return what the library says of a shape, and whether that is what is asked."""
    done = checked(shape)
    name = shape.children[0].name
    open_ = done.findings["state"].isin(["new", "sustained", "recovering"])
    mine = done.findings[(done.findings["child_id"] == name) & open_]
    row = done.children[done.children["child_id"] == name]
    level = str(row["level"].iloc[0]) if len(row) else ""
    rules = tuple(f"{each.rule} {each.severity}" for each in mine.itertuples())
    sentence = str(mine["sentence"].iloc[0]) if len(mine) else ""
    return Outcome(shape, level, rules, sentence, shape.as_asked(done, name))


def loud(done: centiles.Checked, name: str) -> bool:
    """Whether a child has a finding at act or above."""
    return _level(done, name) in LOUD


def quiet(done: centiles.Checked, name: str) -> bool:
    """Whether a child has none at act or above."""
    return not loud(done, name)


def silent(done: centiles.Checked, name: str) -> bool:
    """Whether a child has none at watch or above."""
    return _level(done, name) in ("", "info")


def first(done: centiles.Checked, name: str) -> bool:
    """Whether a child ranks before all others, at act or above."""
    row = done.children[done.children["child_id"] == name]
    return int(row["rank"].iloc[0]) == 1 and loud(done, name)


def _level(done: centiles.Checked, name: str) -> str:
    row = done.children[done.children["child_id"] == name]
    return str(row["level"].iloc[0]) if len(row) else ""


def _sliding() -> Shape:
    """From the 25th–50th to below the 0.4th within a year, each weight in another service."""
    rows = (
        *course("weight", (2.2 * YEAR, -0.35), (4.6 * YEAR, -0.3), source="health_visiting.csv"),
        *course("weight", (7.0 * YEAR, -0.4), source="school_nursing.csv"),
        *course("weight", (7.35 * YEAR, -1.3), source="hospital.csv"),
        *course("weight", (7.7 * YEAR, -2.1), source="school_nursing.csv"),
        *course("weight", (7.97 * YEAR, -2.8), source="hospital.csv"),
    )
    return Shape(
        "A school-age weight slides from the 25th–50th to below the 0.4th in a year, across three "
        "services", "found, urgent", (Child("A", rows),),
        lambda done, name: _level(done, name) == "urgent",
    )  # fmt: skip


def _tall_and_thin() -> Shape:
    """Weight at the 0.4th line, BMI 68 % of the median."""
    age = 12 * YEAR
    weight = at(age, "weight", LINE["0.4th"] + 0.02)
    median = float(zscores.measurement(0, measure="bmi", sex="female", age_days=np.floor(age)))
    height = round(100 * float(np.sqrt(weight / (0.68 * median))), 1)
    rows = ((np.floor(age), "weight", weight, "c.csv"), (np.floor(age), "height", height, "c.csv"))
    return Shape(
        "A tall thin child: weight on the 0.4th line, BMI 68 % of the median",
        "found, urgent", (Child("A", rows),), lambda done, name: _level(done, name) == "urgent",
    )  # fmt: skip


def _eight_weeks() -> Shape:
    rows = course("weight", (13.0 * YEAR, 1.45), (14.0 * YEAR, 1.5), (14 * YEAR + 8 * WEEK, -2 / 3))
    return Shape(
        "A loss in 8 weeks from above the 91st to the 25th", "found, urgent", (Child("A", rows),),
        lambda done, name: _level(done, name) == "urgent",
    )  # fmt: skip


def _head() -> Shape:
    rows = course("head", (0.0, 0.0), (6 * WEEK, 0.95), (6 * MONTH, LINE["99.6th"] + 0.05))
    return Shape(
        "A head rises a space by 6 weeks and to the 99.6th line at 6 months", "found at act",
        (Child("A", rows),), loud,
    )  # fmt: skip


def _starved() -> Shape:
    """Found first, before another child whose 18.4 kg was typed as 1.84."""
    ages = (2.2 * YEAR, 3.4 * YEAR)
    low = (*course("weight", *((age, -0.5) for age in ages)), *course("weight", (4.5 * YEAR, -6.0)))
    typed = (
        *course("weight", *((age, 0.2) for age in ages)),
        (np.floor(4.9 * YEAR), "weight", 1.84, "clinic.csv"),
    )
    fallen = course("weight", (4.6 * YEAR, 0.5), (5.5 * YEAR, -0.9))
    return Shape(
        "A starved child at z −6 ranks first, before a fall in a year and before 18.4 kg typed as "
        "1.84", "ranks first", (Child("A", low), Child("B", typed), Child("C", fallen)), first,
    )  # fmt: skip


def _typed() -> Shape:
    children = _starved().children
    return Shape(
        "18.4 kg typed as 1.84", "stands apart, to be verified", (children[1], *children[::2]),
        lambda done, name: (
            set(done.findings.loc[done.findings["child_id"] == name, "block"]) <= {"verify today"}
        ),
        must=False,
    )  # fmt: skip


def _catching_down() -> Shape:
    rows = (
        *course("weight", (0, 1.9), (8 * WEEK, 1.5), (12 * WEEK, 1.4), (16 * WEEK, 1.3)),
        *course("weight", (YEAR, 0.7), (2.2 * YEAR, 0.25), (3.2 * YEAR, 0.2)),
        *course("height", (YEAR, 0.4), (2.2 * YEAR, 0.0), (3.2 * YEAR, 0.0)),
    )
    return Shape(
        "A large newborn catches down to where its parents stand", "nothing at act",
        (Child("A", rows, mother_cm=164, father_cm=177),), quiet, must=False,
    )  # fmt: skip


def _past_term() -> Shape:
    days = 42 * 7 + 3
    points = ((0.0, 0.1), (5.0, -0.15), (8 * WEEK, 0.0), (16 * WEEK, 0.1), (YEAR, 0.0))
    rows = course("weight", *points, gestation=days)
    return Shape(
        "A baby born at 42+3, its age corrected", "nothing", (Child("A", rows, gestation="42+3"),),
        silent, must=False,
    )  # fmt: skip


def _correction_stops() -> Shape:
    days = 32 * 7.0
    ages = (70.0, 130.0, 200.0, 300.0, 361.0, 380.0, 500.0, 800.0)
    rows = tuple(
        row
        for measure in ("weight", "height")
        for row in course(measure, *((age, -0.3) for age in ages), gestation=days)
    )
    return Shape(
        "A child born at 32 weeks in the weeks in which the paper correction stops", "nothing",
        (Child("A", rows, gestation="32+0"),), silent, correction="paper", must=False,
    )  # fmt: skip


def _crossing(z: float, sex: str) -> Shape:
    ages = tuple(YEAR * y for y in (2.2, 3.0, 3.6, 3.95, 4.05, 4.5, 5.2))
    rows = tuple(
        row for measure in ("weight", "height") for row in unchanged(measure, ages, z, sex)
    )
    word = {-1.9: "just above the 2nd line", 0.0: "in the middle", 1.9: "just below the 98th"}[z]
    return Shape(
        f"A {'boy' if sex == 'male' else 'girl'} {word} turns 4 and does not change",
        "nothing at act", (Child("A", rows, sex=sex),), quiet, must=False,
    )  # fmt: skip


def _school() -> Shape:
    rows = tuple(
        row for m in ("weight", "height") for row in course(m, (4.9 * YEAR, 0.2), source="ncmp.csv")
    )
    later = tuple(
        row
        for m in ("weight", "height")
        for row in course(m, (8.2 * YEAR, -0.3), source="ncmp.csv")
    )
    school = tuple(Child(f"S{k:02d}", rows) for k in range(30))
    return Shape(
        "A whole school between programme rounds: measured in reception, year 6 still to come",
        "nobody raised", (*school, Child("X", later)),
        lambda done, _: bool((done.children["rank"] == 0).all()), must=False,
    )  # fmt: skip


def shapes() -> tuple[Shape, ...]:
    """Return all shapes."""
    crossing = [_crossing(z, sex) for z in (-1.9, 0.0, 1.9) for sex in ("female", "male")]
    return (
        _sliding(), _tall_and_thin(), _eight_weeks(), _head(), _starved(), _typed(),
        _catching_down(), _past_term(), _correction_stops(), *crossing, _school(),
    )  # fmt: skip
