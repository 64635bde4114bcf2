"""Made-up children for tests: records, scored values and points from a few plain words each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from centiles import checks, zscores
from centiles.ages import corrected_age_days
from centiles.measures import MEASURES, SEXES
from centiles.monitoring.background import Background
from centiles.monitoring.episodes import STATES
from centiles.monitoring.kinds import Watch
from centiles.monitoring.points import Points
from centiles.monitoring.rules import found_of
from centiles.monitoring.rulesets import ruleset
from centiles.monitoring.schema import SEVERITIES
from centiles.records import columns, scoring
from centiles.records.reading import Records, Source
from centiles.references import reference, table_codes

BORN = np.datetime64("2010-03-01", "D")
TODAY = "2040-01-01"
UNKNOWN = float("nan")
TERM = 280.0  # 40+0, so that corrected age is age since birth
NAMES = list(map(str, MEASURES))


@dataclass(frozen=True)
class Row:
    """One row of an export: who, when, what."""

    child: str
    age: float
    measure: str
    value: float
    sex: str = "female"
    gestation: float = TERM
    source: str = "a.csv"
    born: Any = BORN
    row: int = 0
    posture: str = ""
    recorded: Any = None
    contact: str = ""
    measured: Any = None

    @property
    def on(self) -> np.datetime64:
        """The day of the measurement."""
        if self.measured is not None:
            return np.datetime64(self.measured, "D")
        return np.datetime64(BORN, "D") + np.timedelta64(int(self.age), "D")


def at(
    child: str,
    age: float,
    measure: str,
    z: float,
    *,
    sex: str = "female",
    gestation: float = TERM,
    correction: str = "digital",
    **others: Any,
) -> Row:
    """Return a row whose value stands at a wanted z."""
    value = zscores.measurement(
        z, measure=measure, sex=sex, age_days=age, gestation_days=gestation, correction=correction
    )
    assert np.isfinite(value), f"no {measure} at z {z}, day {age}"
    return Row(child, age, measure, float(value), sex, gestation, **others)


def records(rows: Sequence[Row], *, dated: bool = True) -> Records:
    """Return rows as records; each source numbers its own from 2 unless a row has its number."""
    names = list(dict.fromkeys(row.source for row in rows))
    counts = dict.fromkeys(names, 1)
    numbers = []
    for row in rows:
        counts[row.source] += 1
        numbers.append(row.row or counts[row.source])
    none = np.datetime64("NaT", "D")
    values = np.array([row.value for row in rows], dtype=np.float64)
    frame = columns.frame(
        columns.RECORDS,
        {
            "source": columns.categorical([names.index(row.source) for row in rows], names),
            "row": np.array(numbers, dtype=np.int64),
            "child_id": [row.child for row in rows],
            "sex": columns.words(
                [(*SEXES, "").index(row.sex) if row.sex in SEXES else -1 for row in rows],
                tuple(map(str, SEXES)),
            ),
            "birth_date": np.array(
                [none if row.born is None else np.datetime64(row.born, "D") for row in rows]
            ),
            "gestation_days": np.array([row.gestation for row in rows], dtype=np.float64),
            "measured_on": np.array([row.on if dated else none for row in rows]),
            "age_days": np.array([UNKNOWN if dated else row.age for row in rows]),
            "recorded_on": np.array(
                [none if row.recorded is None else np.datetime64(row.recorded, "D") for row in rows]
            ),
            "measure": columns.measure_words([NAMES.index(row.measure) for row in rows]),
            "value": values,
            "posture": pd.Categorical([row.posture for row in rows]),
            "contact": pd.Categorical([row.contact for row in rows]),
            "raw": ["" if row.contact == "seen" else str(row.value) for row in rows],
        },
    )
    contacts = [name_count(rows, name, contact=True) for name in names]
    sources = tuple(
        Source(name, "", counts[name] - 1, counts[name] - 1 - contact, contact, {})
        for name, contact in zip(names, contacts, strict=True)
    )
    return Records(frame, columns.frame(columns.PROBLEMS, {}), sources)


def name_count(rows: Iterable[Row], source: str, *, contact: bool) -> int:
    """Return how many rows of a source are contacts."""
    return sum(row.source == source and (row.contact == "seen") == contact for row in rows)


def scored(rows: Sequence[Row], *, dated: bool = True, **options: Any) -> scoring.Scored:
    """Return rows scored."""
    return scoring.scored(records(rows, dated=dated), **{"today": TODAY, **options})


def check(rows: Sequence[Row], *, dated: bool = True, **options: Any) -> checks.Checked:
    """Return rows checked."""
    return checks.check(records(rows, dated=dated), **{"today": TODAY, **options})


def codes(done: checks.Checked | scoring.Scored) -> list[str]:
    """Return the codes of all problems."""
    return [str(code) for code in done.problems["code"]]


def finding(done: checks.Checked, rule: str) -> Any:
    """Return the only finding of a rule."""
    (found,) = done.findings[done.findings["rule"] == rule].itertuples()
    return found


def rules_met(done: checks.Checked, child: str | None = None) -> dict[str, str]:
    """Return the severity of each rule met."""
    mine = done.findings
    if child is not None:
        mine = mine[mine["child_id"] == child]
    return dict(zip(mine["rule"].astype(str), mine["severity"].astype(str), strict=True))


def steady(child: str, ages: Sequence[int], measure: str, z: float, **others: Any) -> list[Row]:
    """Return a child that does not change: its first z, carried over each join it crosses."""
    sex, gestation = others.get("sex", "female"), others.get("gestation", TERM)
    corrected = corrected_age_days(np.array(ages, float), np.full(len(ages), gestation))
    section = reference().section_codes(corrected)
    code = table_codes(NAMES.index(measure), np.array([sex == "male"]))
    carried = [
        float(reference().carried(np.array([z]), code, section[:1], np.array([to]))[0])
        for to in section
    ]
    return [at(child, age, measure, k, **others) for age, k in zip(ages, carried, strict=True)]


def points(
    *rows: tuple[Any, ...],
    sex: str = "female",
    gestation: float = TERM,
    correction: str = "digital",
) -> Points:
    """Return points from (child, measure, age, z[, value]); z is taken as it is, exactly.

    Children are numbers from 0. A value that is not given is the one at that z.
    """
    rows = tuple(sorted((NAMES.index(row[1]), row[0], *row[2:]) for row in rows))
    measure, child, age, z = (np.array([row[k] for row in rows]) for k in range(4))
    age, z = age.astype(np.float64), z.astype(np.float64)
    gestations = np.full(len(rows), gestation)
    corrected = np.asarray(corrected_age_days(age, gestations, correction))
    value = zscores.measurement(
        z,
        measure=np.array(NAMES)[measure],
        sex=sex,
        age_days=age,
        gestation_days=gestations,
        correction=correction,
    )
    value = np.array([row[4] if len(row) > 4 else v for row, v in zip(rows, value, strict=True)])
    place = np.arange(len(rows))
    none = np.zeros(len(rows), dtype=np.bool_)
    return Points(
        child=child.astype(np.int64),
        measure=measure.astype(np.int8),
        sex=np.full(len(rows), list(SEXES).index(sex), dtype=np.int8),
        age=age,
        corrected=corrected,
        section=reference().section_codes(corrected),
        z=z,
        value=value,
        z_before=z,
        value_before=value,
        gestation=gestations,
        doubtful=none,
        doubtful_before=none,
        conflict=none,
        row=place,
        row_before=place,
    )


def series(measure: str, *pairs: tuple[float, float], **others: Any) -> Points:
    """Return points of one child in one measure, from (age, z)."""
    return points(*((0, measure, float(age), z) for age, z in pairs), **others)


def weights(*pairs: tuple[float, float], **others: Any) -> Points:
    """Return weights of one child, from (age, z)."""
    return series("weight", *pairs, **others)


def kilograms(*pairs: tuple[float, float]) -> Points:
    """Return weights of one child, from (age, kg); their z stays at the median."""
    return points(*((0, "weight", float(age), 0.0, value) for age, value in pairs))


def below(z: float) -> float:
    """Return the next number below."""
    return float(np.nextafter(z, -np.inf))


def above(z: float) -> float:
    """Return the next number above."""
    return float(np.nextafter(z, np.inf))


@dataclass(frozen=True)
class Met:
    """One finding of a rule, in plain terms."""

    child: int
    state: str
    severity: str
    opened: float
    start: float | None
    to: float
    amount: float
    guard: bool


def met(
    rule: str,
    among: Points,
    *,
    now: float = 0.0,
    rules: str = "uk",
    background: Background | None = None,
) -> list[Met]:
    """Return what a rule finds by itself; ``now`` is the age today [d]."""
    children = int(among.child.max()) + 1
    newest = np.zeros(children)
    np.maximum.at(newest, among.child, among.age)
    watch = Watch(among, np.maximum(newest, now), children, background)
    wanted = ruleset(rules).rule(rule)
    return [
        Met(
            int(among.child[each.to[k]]),
            STATES[each.state[k]],
            SEVERITIES[found.severity[k]],
            float(among.age[each.first[k]]),
            None if each.start[k] < 0 else float(among.age[each.start[k]]),
            float(among.age[each.to[k]]),
            float(each.amount[k]),
            bool(found.join_guard[k]),
        )
        for found in (found_of(watch, wanted, measure) for measure in wanted.measures)
        for each in [found.episodes]
        for k in range(len(each.to))
    ]


def severity(rule: str, among: Points, **others: Any) -> str:
    """Return the severity of a rule's only finding, "" where it finds nothing."""
    found = met(rule, among, **others)
    assert len(found) <= 1
    return found[0].severity if found else ""


def doubtful(among: Points, *places: int) -> Points:
    """Return points of which some are doubtful."""
    marks = np.isin(np.arange(len(among)), places)
    return replace(among, doubtful=marks, doubtful_before=marks)
