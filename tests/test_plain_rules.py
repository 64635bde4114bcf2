"""Every rule against plain loops over one child, finding for finding.

On two thousand random children; on as many as PLAIN_CHILDREN says, ten thousand before a release:
``PLAIN_CHILDREN=10000 python -m pytest -n 0 -s tests/test_plain_rules.py``.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from centiles import zscores
from centiles.checks.cohorts import cohort_of
from centiles.monitoring.background import EVENT_KINDS, Events
from centiles.monitoring.findings import findings_of
from centiles.monitoring.rulesets import ruleset
from centiles.monitoring.schema import SEVERITIES
from centiles.records.scoring import Scored
from tests import plain_rules
from tests.cohorts import BORN, Row, scored
from tests.plain_rules import Child, Plain, Point

ASKED = int(os.environ.get("PLAIN_CHILDREN", "2000"))
CHILDREN = min(ASKED, 2000)  # in a batch
BATCHES = range(max(1, round(ASKED / CHILDREN)))
AS_OF = "2032-01-01"


def random_rows(seed: int) -> list[Row]:
    """Children whose weight, height and head wander, fall, rise, recover and stop being seen."""
    chance = np.random.default_rng(seed)
    child, age, measure, z, male = ([] for _ in range(5))
    for number in range(CHILDREN):
        sex = bool(chance.random() < 0.5)
        ages = visits(chance)
        level = chance.normal(0.0, 1.3)
        for name, shown, spread in (
            ("weight", 0.97, 0.25), ("height", 0.6, 0.2), ("head", 0.5, 0.3),
        ):  # fmt: skip
            steps = chance.normal(0, spread, len(ages))
            steps[chance.random(len(ages)) < 0.2] -= 0.9
            steps[chance.random(len(ages)) < 0.17] += 0.9
            course = np.clip(level + chance.normal(0, 0.5) + np.cumsum(steps), -4.4, 3.9)
            seen = chance.random(len(ages)) < shown
            seen &= (ages < 1500) if name == "head" else True
            for when, each in zip(ages[seen], course[seen], strict=True):
                child.append(number), age.append(when), measure.append(name)
                z.append(each), male.append(sex)
    sexes = np.where(male, "male", "female")
    value = zscores.measurement(np.array(z), measure=np.array(measure), sex=sexes, age_days=age)
    digits = np.where(np.array(measure) == "weight", 2, 1)
    return [
        Row(f"c{seed}-{number}", float(when), name, round(float(each), int(places)), str(sex))
        for number, when, name, each, places, sex in zip(
            child, age, measure, value, digits, sexes, strict=True
        )
    ]


def visits(chance: np.random.Generator) -> np.ndarray:
    """Ages [d] of visits: from birth or from later, often or seldom, now and then every week."""
    start = float(chance.choice([0, 0, 0, 20, 400, 1000, 1300, 1800, 3000, 3600, 4300]))
    gaps = chance.choice([7, 10, 14, 28, 60, 150, 200, 330, 396, 700], int(chance.integers(1, 12)))
    if start == 0:
        gaps = chance.choice([5, 7, 10, 21, 28, 60, 150, 330], len(gaps))
    return np.unique(np.minimum(start + np.r_[0, np.cumsum(gaps)], 7300))


@cache
def batch(seed: int) -> tuple[dict[str, list[Plain]], dict[str, list[Plain]]]:
    """What the arrays and the plain loops find in a batch of children, by child."""
    done = scored(random_rows(seed), as_of=AS_OF)
    cohort = cohort_of(done)
    chance = np.random.default_rng(seed + 1000)
    count = len(cohort.child_ids)
    unknown = chance.random((2, count)) < 0.3
    mother, father = np.where(unknown, np.nan, chance.normal([[164.0], [178.0]], 7, (2, count)))
    owner = np.sort(chance.integers(0, count, count // 2))
    ages = chance.integers(2000, 6000, len(owner)).astype(float)
    kinds = chance.choice([EVENT_KINDS.index(k) for k in ("feeding", "eating", "move")], len(owner))
    events = Events(
        owner, ages, np.full(len(owner), np.datetime64("NaT", "D")), kinds.astype(np.int8),
        np.zeros(len(owner), dtype=np.bool_),
    )  # fmt: skip
    background = replace(cohort.background, mother_cm=mother, father_cm=father, events=events)
    since = chance.choice([10.0, 500.0, 1200.0], count)  # since each was last measured
    newest = np.zeros(count)
    known = np.flatnonzero((done.frame["fate"] == "scored").to_numpy())
    np.maximum.at(newest, done.child[known], done.frame["age_days"].to_numpy()[known])
    cohort = replace(cohort, background=background, now_age_days=newest + since)
    apart = set(cohort.child_ids[cohort.child[cohort.unsure | cohort.conflict]])
    expected = z_of(mother, "female") / 4 + z_of(father, "male") / 4
    children = plain_children(done, expected, events, newest + since)
    found = by_child(findings_of(cohort, ruleset("uk")))
    return (
        {child: each for child, each in found.items() if child not in apart},
        {
            child: sorted(each, key=str)
            for child, known in children.items()
            if child not in apart and (each := plain_rules.findings(known))
        },
    )


def z_of(cm: np.ndarray, sex: str) -> Any:
    """The z of parents at 20 years."""
    return zscores.zscore(cm, measure="height", sex=sex, age_days=7305)


def plain_children(
    done: Scored, expected: np.ndarray, events: Events, now: np.ndarray
) -> dict[str, Child]:
    """The scored values as plain children."""
    frame, use = done.frame, (done.frame["fate"] == "scored").to_numpy()
    order = np.flatnonzero(use)[np.argsort(frame["age_days"].to_numpy()[use], kind="stable")]
    points: list[dict[str, list[Point]]] = [{} for _ in done.child_ids]
    sexes = [""] * len(done.child_ids)
    columns = [frame[name].to_numpy()[order] for name in ("sex", "measure", "age_days", "value")]
    z = frame["z"].to_numpy()[order]
    for number, sex, measure, *point in zip(done.child[order], *columns, z, strict=True):
        points[number].setdefault(str(measure), []).append(Point(*map(float, point)))
        sexes[number] = str(sex)
    feeding = events.of("feeding", "eating")
    return {
        str(name): Child(
            sexes[number],
            points[number],
            float(now[number]),
            float(expected[number]),
            tuple(feeding.age_days[feeding.child == number]),
        )
        for number, name in enumerate(done.child_ids)
    }


def by_child(findings: Any) -> dict[str, list[Plain]]:
    """The findings table in plain terms."""
    found: dict[str, list[Plain]] = {}
    opened = (findings["opened_on"].to_numpy() - BORN).astype("timedelta64[D]").astype(float)
    shown = ["child_id", "rule", "measure", "state", "from_age_days", "to_age_days", "severity"]
    table = findings[shown].astype(object)
    for row, day in zip(table.itertuples(), opened, strict=True):
        start = None if np.isnan(row.from_age_days) else row.from_age_days
        found.setdefault(str(row.child_id), []).append(
            Plain(
                row.rule, str(row.measure), str(row.state), start, float(day), row.to_age_days,
                SEVERITIES[row.severity],
            )
        )  # fmt: skip
    return {child: sorted(each, key=str) for child, each in found.items()}


@pytest.mark.parametrize("seed", BATCHES)
def test_as_plain_loops_find_them(seed) -> None:
    """Which, in what state, from where, since when, to where, and how grave."""
    found, expected = batch(seed)
    for child, each in expected.items():
        assert found.get(child, []) == each, child
    assert found.keys() == expected.keys()
    count = sum(map(len, expected.values()))
    print(f"batch {seed}: {count} findings, {len(expected)} of {CHILDREN} children")  # noqa: T201 -- for -s


def test_every_rule_state_and_severity_was_among_them() -> None:
    """So that they prove something."""
    found = [one for each in batch(BATCHES[0])[1].values() for one in each]
    rules = Counter(one.rule for one in found)
    assert min(rules[rule.id] for rule in ruleset("uk").rules) >= 3, rules
    assert {one.state for one in found} == {"new", "sustained", "recovering", "closed", "lapsed"}
    assert {one.severity for one in found} == set(SEVERITIES)
    assert {one.measure for one in found if one.rule == "TRAJECTORY"} == {"weight", "bmi", "height"}


def test_neither_other_children_nor_the_order_of_rows_matter() -> None:
    """All at once, shuffled, and half the children by themselves."""
    rows = random_rows(77)[:6000]
    names = list(dict.fromkeys(row.child for row in rows))
    half = set(names[::2])
    chance = np.random.default_rng(5)
    shuffled = [rows[k] for k in chance.permutation(len(rows))]

    def found(some: list[Row]) -> dict[str, list[Plain]]:
        return by_child(findings_of(cohort_of(scored(some, as_of=AS_OF)), ruleset("uk")))

    whole = found(rows)
    assert found(shuffled) == whole
    apart = [found([row for row in rows if (row.child in half) == mine]) for mine in (True, False)]
    assert apart[0] | apart[1] == whole
    assert len(whole) > 300
