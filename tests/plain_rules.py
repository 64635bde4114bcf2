"""The rules once more, written as plainly as possible: loops over one child, no arrays.

From monitoring.md and docs/decisions/0005, without a look at centiles/monitoring. Only z-scores
come from the library; the carry over 42 weeks and 4 years is worked out from the tables.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SPACE = 2 / 3
YEAR = 365.25
DATA = Path(__file__).parents[1] / "data" / "who_uk90"


@cache
def lms_at(section: str, measure: str, sex: str, where: str) -> tuple[float, float, float]:
    """L, M, S of one row of a table."""
    with (DATA / f"{section}.csv").open(encoding="ascii") as lines:
        for row in csv.reader(lines):
            if row[:3] == [measure, sex, where]:
                skew, median, spread = map(float, row[3:])
                return skew, median, spread
    raise AssertionError(f"no {measure} {sex} {where} in {section}")


def value_at(z: float, lms: tuple[float, float, float]) -> float:
    """The value at a z, NaN where there is none."""
    skew, median, spread = lms
    base = 1 + skew * spread * z
    if base <= 0:
        return math.nan
    return median * math.exp(spread * z) if skew == 0 else median * base ** (1 / skew)


def z_at(value: float, lms: tuple[float, float, float]) -> float:
    """The z of a value."""
    skew, median, spread = lms
    if skew == 0:
        return math.log(value / median) / spread
    return ((value / median) ** skew - 1) / (skew * spread)


def section_of(corrected: float) -> int:
    """0 before 42 weeks, 1 to 2 years, 2 to 4 years, 3 after."""
    return sum(corrected >= start for start in (14, 731, 1461))


def carry(z: float, measure: str, sex: str, from_section: int, to_section: int) -> float:
    """The z the same child would have scored on a later section."""
    if from_section < 1 <= to_section:  # 42 weeks, 14 days
        value = value_at(z, lms_at("uk90_birth", measure, sex, "42"))
        z = z_at(value, lms_at("who_infant", measure, sex, "14"))
    if from_section < 3 <= to_section:  # 4 years, day 1461, month 48
        value = value_at(z, lms_at("who_child", measure, sex, "1461"))
        z = z_at(value, lms_at("uk90_child", measure, sex, "48"))
    return z


@dataclass(frozen=True)
class Point:
    """One value of a child in one measure; ages since birth [d], all children born at 40+0."""

    age: float
    value: float
    z: float


@dataclass(frozen=True)
class Plain:
    """One finding."""

    rule: str
    state: str
    start: float | None
    opened: float
    to: float
    severity: str


@dataclass(frozen=True)
class PlainRule:
    """What the plan says of one rule."""

    measure: str
    kind: str
    ages: tuple[float, float]
    window: float = 1096
    from_age: float = 0.0
    gap: float = 0.0
    amount: float = 0.0
    strict: bool = False
    from_day: float = 0.0


RULES = {
    "WT-FALL-1Y": PlainRule("weight", "fall", (4, 21), 396, 4 * YEAR, amount=SPACE),
    "WT-FALL-3Y": PlainRule("weight", "fall", (3, 21), 1096, 3 * YEAR, amount=2 * SPACE),
    "HT-FALL-2": PlainRule("height", "fall", (3, 21), 1096, 3 * YEAR, 0, 4 / 3, strict=True),
    "WT-LOSS": PlainRule("weight", "loss", (2, 21), 396, gap=28),
    "WT-BELOW-04": PlainRule("weight", "level", (-1, 21), amount=8 / 3, strict=True),
    "NG75-WT2": PlainRule("weight", "level", (0, 5), amount=2.0, strict=True, from_day=15),
    "BMI-BELOW-04": PlainRule("bmi", "level", (2, 21), amount=8 / 3, strict=True),
}


def findings(code: str, points: list[Point], sex: str, now: float) -> list[Plain]:
    """Return the findings of one rule in one child."""
    rule = RULES[code]
    found = []
    place = 0
    while place < len(points):
        first = first_hit(rule, points, place, sex)
        if first is None:
            break
        one, place = followed(code, rule, points, first, sex, now)
        found.append(one)
        if one.state != "closed":
            break
    return found


def first_hit(rule: PlainRule, points: list[Point], place: int, sex: str) -> int | None:
    """Return the first point from a place on at which the rule is met."""
    for later in range(place, len(points)):
        point = points[later]
        if not (rule.ages[0] * YEAR <= point.age < rule.ages[1] * YEAR):
            continue
        if point.age < rule.from_day:
            continue
        start = start_of(rule, points, later, sex)
        if rule.kind == "level":
            met = point.z < -rule.amount
        elif start is None:
            met = False
        else:
            size = amount(rule, points, start, later, sex)
            needed = threshold(rule, point)
            met = size > needed if rule.strict or rule.kind == "loss" else size >= needed
            if rule.kind == "loss":
                error = 0.3 if point.age >= 2 * YEAR else 0.1
                lost = points[start].value - point.value
                met = met and lost > 1.96 * math.sqrt(2) * error
        if met:
            return later
    return None


def start_of(rule: PlainRule, points: list[Point], later: int, sex: str) -> int | None:
    """Return the highest earlier point in the window, the last of equals."""
    best = None
    for earlier in range(later):
        apart = points[later].age - points[earlier].age
        if not (rule.gap <= apart <= rule.window) or points[earlier].age < rule.from_age:
            continue
        height = height_of(rule, points, earlier, later, sex)
        if math.isnan(height):
            continue
        if best is None or height >= height_of(rule, points, best, later, sex):
            best = earlier
    return best


def height_of(rule: PlainRule, points: list[Point], earlier: int, later: int, sex: str) -> float:
    """How high an earlier point is, as seen from a later one."""
    if rule.kind == "loss":
        return points[earlier].value
    sections = section_of(points[earlier].age), section_of(points[later].age)
    return carry(points[earlier].z, rule.measure, sex, *sections)


def amount(rule: PlainRule, points: list[Point], start: int | None, at: int, sex: str) -> float:
    """How much the rule is met by at a point, from a start."""
    if rule.kind == "level":
        return -points[at].z
    assert start is not None
    if rule.kind == "loss":
        return 100 * (points[start].value - points[at].value) / points[start].value
    return height_of(rule, points, start, at, sex) - points[at].z


def threshold(rule: PlainRule, first: Point) -> float:
    """The amount needed, fixed when the finding opens."""
    if rule.kind == "loss":
        return 5.0 if first.age >= 13 * YEAR else 2.0
    return rule.amount


def followed(
    code: str, rule: PlainRule, points: list[Point], first: int, sex: str, now: float
) -> tuple[Plain, int]:
    """Return the finding that opens at a point, and where the next could open."""
    start = start_of(rule, points, first, sex)
    needed = threshold(rule, points[first])
    recovery = 2.0 if rule.kind == "loss" else SPACE / 3
    newest, better_since, sustained, closed = first, None, False, False
    for at in range(first, len(points)):
        point = points[at]
        if point.age >= (rule.ages[1] + 0.5) * YEAR:
            break
        size = amount(rule, points, start, at, sex)
        newest = at
        if (
            at == first
            or size > needed
            or (size == needed and not (rule.strict or rule.kind == "loss"))
        ):
            better_since = None
            wait = 14 if point.age < YEAR else 28
            sustained = sustained or point.age - points[first].age >= wait
        elif size <= needed - recovery:
            if better_since is None:
                better_since = point.age
            elif point.age - better_since >= 28:
                closed = True
                break
    size = amount(rule, points, start, newest, sex)
    past = points[-1].age >= (rule.ages[1] + 0.5) * YEAR
    unseen = now - points[newest].age > 3 * YEAR
    if closed:
        state = "closed"
    elif past or unseen:
        state = "lapsed"
    elif size <= needed - recovery:
        state = "recovering"
    else:
        state = "sustained" if sustained else "new"
    one = Plain(
        code,
        state,
        None if start is None else points[start].age,
        points[first].age,
        points[newest].age,
        severity(code, points[first], points[newest], size, state, sex, sustained=sustained),
    )
    return one, newest + 1


def severity(
    code: str, first: Point, newest: Point, size: float, state: str, sex: str, *, sustained: bool
) -> str:
    """Return how grave it is, for the rules of change: conditions of level rules are elsewhere."""
    better = state in ("recovering", "closed")
    if code == "WT-FALL-1Y":
        if better:
            return "info"  # one lower than the first tier
        return "urgent" if size >= 4 / 3 else "act" if size >= 1.0 else "watch"
    if code == "WT-FALL-3Y":
        if better:
            return "info"
        on_two = sustained and size >= 4 / 3
        return "act" if size >= 2.0 or on_two else "watch"
    if code == "HT-FALL-2":
        if better:
            return "info"
        low, high = (10, 14) if sex == "female" else (11, 16)
        puberty = low * YEAR <= newest.age < high * YEAR
        return "act" if size > 4 / 3 and sustained and not puberty else "watch"
    if code == "WT-LOSS":
        if better:
            return "info"
        act, urgent = (7.5, 10.0) if first.age >= 13 * YEAR else (5.0, 10.0)
        return "urgent" if size > urgent else "act" if size > act else "watch"
    return ""
