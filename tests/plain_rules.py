"""The rules once more, written as plainly as possible: loops over one child, no arrays.

From the plan and docs/decisions, without a look at how centiles/monitoring does it. Only z-scores,
values at a z and correlations come from the library; the carry over 42 weeks and 4 years is worked
out from the tables.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from centiles.monitoring.correlations import correlation, correlation_by_table
from centiles.zscores import measurement

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
    if corrected < 731:
        return 0 if corrected < 14 else 1
    return 2 if corrected < 1461 else 3


@cache
def carry(z: float, measure: str, sex: str, from_section: int, to_section: int) -> float:
    """The z the same child would have scored on a later section."""
    if from_section < 1 <= to_section:  # 42 weeks, 14 days
        value = value_at(z, lms_at("uk90_birth", measure, sex, "42"))
        z = z_at(value, lms_at("who_infant", measure, sex, "14"))
    if from_section < 3 <= to_section:  # 4 years, day 1461, month 48
        value = value_at(z, lms_at("who_child", measure, sex, "1461"))
        z = z_at(value, lms_at("uk90_child", measure, sex, "48"))
    return z


# ---- children


@dataclass(frozen=True)
class Point:
    """One value of a child in one measure; ages since birth [d], all children born at 40+0."""

    age: float
    value: float
    z: float


@dataclass(frozen=True)
class Child:
    """One child: its points by measure, in order of age, and what else is known."""

    sex: str
    points: dict[str, list[Point]]
    now: float
    expected: float = math.nan  # height z, from the parents' heights
    feeding: tuple[float, ...] = ()  # ages [d] at concerns about feeding or eating


@dataclass(frozen=True)
class Plain:
    """One finding."""

    rule: str
    measure: str
    state: str
    start: float | None
    opened: float
    to: float
    severity: str


SEVERITIES = ("info", "watch", "act", "urgent")
LOWEST, SECOND, NINTH = -8 / 3, -2.0, -4 / 3
ERROR_KG = ((365.25, 0.05), (730.5, 0.10), (math.inf, 0.30))


def weight_error(age: float) -> float:
    """The standard deviation of one weight [kg]."""
    return next(sd for upper, sd in ERROR_KG if age < upper)


def newest(points: list[Point], age: float, within: float = 28.0) -> int | None:
    """The newest point at or before an age, not older than so many days."""
    found = [k for k, each in enumerate(points) if age - within <= each.age <= age]
    return found[-1] if found else None


# ---- one rule in one measure


class Rule:
    """What the plan says of a rule, in one child."""

    ages: tuple[float, float] = (0.0, 21 * YEAR)
    recovery = SPACE / 3
    closes_at = -math.inf
    strict = False
    level = False
    in_window = False  # graded by no more than it came to in the window of its start
    window = 1096.0
    from_age = -math.inf
    gap = 0.0

    def __init__(self, code: str, measure: str, child: Child) -> None:
        self.code, self.measure, self.child = code, measure, child
        self.points = child.points.get(measure, [])

    def speaks(self, k: int) -> bool:
        return self.ages[0] <= self.points[k].age < self.ages[1]

    def start(self, k: int) -> int | None:
        """The earlier point it is judged from: the highest of the window, the last of equals."""
        return self.highest(k, self.window, self.from_age, self.gap)

    def highest(
        self, k: int, window: float, from_age: float = -math.inf, gap: float = 0.0, sign: int = 1
    ) -> int | None:
        best = None
        for earlier in range(k):
            apart = self.points[k].age - self.points[earlier].age
            if not (gap <= apart <= window) or self.points[earlier].age < from_age:
                continue
            height = sign * self.carried(earlier, k)
            if math.isnan(height):
                continue
            if best is None or height >= sign * self.carried(best, k):
                best = earlier
        return best

    def carried(self, earlier: int, later: int) -> float:
        """The z of an earlier point as on the later one's tables."""
        one, other = self.points[earlier], self.points[later]
        sections = section_of(one.age), section_of(other.age)
        if sections[0] == sections[1]:
            return one.z
        return carry(one.z, self.measure, self.child.sex, *sections)

    def fall(self, earlier: int, later: int) -> float:
        return self.carried(earlier, later) - self.points[later].z

    def amount(self, first: int, start: int | None, k: int) -> float:
        raise NotImplementedError

    def tiers(self, first: int, start: int | None, k: int) -> list[tuple[str, float, bool, bool]]:
        """Of each tier severity, amount needed, whether what else it asks holds, and on two."""
        raise NotImplementedError

    def also(self, k: int) -> bool:
        """What the rule asks besides."""
        return True

    def of_change(self, first: int, start: int | None, k: int) -> bool:
        """Whether a level says that the child changed, so that no join explains it."""
        return False

    # -- where it is met, and what becomes of it

    def reaches(self, size: float, needed: float) -> bool:
        return size > needed if self.strict else size >= needed

    def hit(self, k: int) -> tuple[int | None, float] | None:
        """The start and threshold where it is met at a point."""
        if not self.speaks(k):
            return None
        start = self.start(k)
        if start is None and not self.level:
            return None
        if not self.also(k):
            return None
        size = self.amount(k, start, k)
        needed = [
            least
            for _, least, holds, _ in self.tiers(k, start, k)
            if holds and self.reaches(size, least)
        ]
        return (start, min(needed)) if needed else None

    def findings(self) -> list[Plain]:
        found, place = [], 0
        while place < len(self.points):
            hits = ((k, self.hit(k)) for k in range(place, len(self.points)))
            first = next(((k, hit) for k, hit in hits if hit is not None), None)
            if first is None:
                break
            one, state, place = self.followed(first[0], *first[1])
            found += [one] if one is not None else []
            if state != "closed":
                break
        return found

    def followed(
        self, first: int, start: int | None, needed: float
    ) -> tuple[Plain | None, str, int]:
        newest, sustained, closed = self.course(first, start, needed)
        points, end = self.points, self.ages[1] + YEAR / 2
        size = self.amount(first, start, newest)
        better = newest != first and size <= max(needed - self.recovery, self.closes_at)
        unseen = self.child.now - points[newest].age > 3 * YEAR
        if closed:
            state = "closed"
        elif points[-1].age >= end or unseen:
            state = "lapsed"
        elif better:
            state = "recovering"
        else:
            state = "sustained" if sustained else "new"
        lower = state in ("closed", "recovering")
        opened, rank = self.graded(first, start, newest, size, needed, lower=lower)
        if opened is None:
            return None, state, newest + 1
        begun = None if start is None else self.start_age(start)
        one = Plain(
            self.code, self.measure, state, begun, points[opened].age, points[newest].age,
            SEVERITIES[rank],
        )  # fmt: skip
        return one, state, newest + 1

    def course(self, first: int, start: int | None, needed: float) -> tuple[int, bool, bool]:
        """The newest point that says something, whether it is sustained, whether it closed."""
        points, end = self.points, self.ages[1] + YEAR / 2
        newest, better_since, sustained = first, None, False
        for k in range(first, len(points)):
            size = self.amount(first, start, k)
            if points[k].age >= end or math.isnan(size):
                continue
            newest = k
            if k == first or self.reaches(size, needed):
                better_since = None
                wait = 14 if points[k].age < YEAR else 28
                sustained = sustained or points[k].age - points[first].age >= wait
            elif size <= self.closes_at:
                return newest, sustained, True
            elif size <= needed - self.recovery:
                better_since = points[k].age if better_since is None else better_since
                if points[k].age - better_since >= 28:
                    return newest, sustained, True
        return newest, sustained, False

    def start_age(self, start: int) -> float | None:
        return self.points[start].age

    def graded(
        self, first: int, start: int | None, newest: int, size: float, needed: float, *, lower: bool
    ) -> tuple[int | None, int]:
        """From which point on it is a finding, and how grave."""
        opened, reached = [], []
        most = self.most(first, start, newest)
        asked = [least for _, least, _, _ in self.tiers(first, start, first)]
        at_newest = self.tiers(first, start, newest)
        for (severity, _, holds, two), least in zip(at_newest, asked, strict=True):
            since = (self.second if two else self.once)(first, start, newest, least)
            if since is None:
                continue
            opened.append(since)
            if holds and self.reaches(min(size, most), least) and not lower:
                reached.append(SEVERITIES.index(severity))
        if not opened:
            return None, 0
        least_grave = min(SEVERITIES.index(severity) for severity, *_ in at_newest)
        rank = max([least_grave, *reached])
        if self.level and self.guarded(first, needed) and not self.of_change(first, start, newest):
            rank = min(rank, 1)
        return min(opened), max(rank - lower, 0)

    def most(self, first: int, start: int | None, newest: int) -> float:
        """The most it came to in the window of its start."""
        if not self.in_window:
            return math.inf
        last = self.points[start].age + self.window
        inside = [k for k in range(first, newest + 1) if self.points[k].age <= last]
        sizes = (self.amount(first, start, k) for k in inside)
        return max(size for size in sizes if not math.isnan(size))

    def once(self, first: int, start: int | None, newest: int, needed: float) -> int | None:
        """The first point that meets a tier of an amount, and what else that asks."""
        for k in range(first, newest + 1):
            size = self.amount(first, start, k)
            tiers = self.tiers(first, start, k)
            holds = any(n == needed and also and not two for _, n, also, two in tiers)
            if holds and self.reaches(size, needed):
                return k
        return None

    def second(self, first: int, start: int | None, newest: int, needed: float) -> int | None:
        """The point that meets an amount long enough after the first that does."""
        met = [
            k
            for k in range(first, newest + 1)
            if self.reaches(self.amount(first, start, k), needed)
        ]
        for k in met:
            wait = 14 if self.points[k].age < YEAR else 28
            if self.points[k].age - self.points[met[0]].age >= wait:
                return k
        return None

    # -- joins do not raise

    def before_join(self, k: int) -> int | None:
        """The newest point on other tables, within 13 months after 42 weeks or 4 years."""
        age = self.points[k].age
        if not any(0 <= age - join <= 396 for join in (14, 1461)):
            return None
        others = [j for j in range(k) if section_of(self.points[j].age) != section_of(age)]
        return others[-1] if others else None

    def size_at(self, k: int, z: float) -> float:
        """The amount of a level at a point, if it stood at some z."""
        return -z

    def guarded(self, k: int, needed: float) -> bool:
        before = self.before_join(k)
        return before is not None and self.size_at(k, self.carried(before, k)) > needed

    def low_by_itself(self, k: int) -> bool:
        """Below the 0.4th line, and not merely by a change of tables."""
        before = self.before_join(k)
        changed = (
            before is not None
            and self.carried(before, k) < LOWEST
            and self.points[before].z >= LOWEST
        )
        return self.points[k].z < LOWEST and not changed

    # -- what else a tier may ask

    def fell(self, measure: str, k: int, window: float, size: float) -> bool:
        """Whether a measure fell by so much to its newest point of 28 days."""
        other = Fall(self.code, measure, self.child)
        now = newest(other.points, self.points[k].age)
        if now is None:
            return False
        start = other.highest(now, window)
        return start is not None and other.fall(start, now) >= size

    def lost(self, k: int) -> tuple[float, float, float] | None:
        """The highest weight of 13 months, the newest, and the error of that."""
        weights = self.child.points.get("weight", [])
        now = newest(weights, self.points[k].age)
        if now is None:
            return None
        before = [each.value for each in weights[:now] if 28 <= weights[now].age - each.age <= 396]
        return (max(before), weights[now].value, weight_error(weights[now].age)) if before else None

    def lost_5_percent(self, k: int) -> bool:
        found = self.lost(k)
        return found is not None and percent(found[0], found[1]) > 5

    def lost_weight(self, k: int) -> bool:
        found = self.lost(k)
        return found is not None and found[0] - found[1] > 1.96 * math.sqrt(2) * found[2]

    def born(self) -> Point | None:
        weights = self.child.points.get("weight", [])
        return weights[0] if weights and weights[0].age <= 1 else None

    def of_median(self, k: int) -> float:
        point = self.points[k]
        return round(100 * point.value / median_bmi(point.age, self.child.sex), 9)

    def in_puberty(self, k: int) -> bool:
        low, high = (10, 14) if self.child.sex == "female" else (11, 16)
        return low * YEAR <= self.points[k].age < high * YEAR


def percent(before: float, now: float) -> float:
    """How much is lost [%], so that 3.500 to 3.150 kg is exactly 10 %."""
    return round(100 * (before - now) / before, 9)


@cache
def median_bmi(age: float, sex: str) -> float:
    """The median BMI: M of the tables."""
    return float(measurement(0.0, measure="bmi", sex=sex, age_days=age))


class Fall(Rule):
    """A fall in z; ``sizes`` are severities and amounts."""

    in_window = True

    sizes: tuple[tuple[str, float], ...] = ()

    def amount(self, first, start, k):
        return self.fall(start, k)

    def tiers(self, first, start, k):
        return [(severity, size, True, False) for severity, size in self.sizes]


class WtFall1Y(Fall):
    ages, window, from_age = (4 * YEAR, 21 * YEAR), 396.0, 4 * YEAR
    sizes = (("watch", SPACE), ("act", 1.0), ("urgent", 2 * SPACE))


class BmiFall1Y(WtFall1Y):
    sizes = (("watch", 1.0), ("act", 2 * SPACE))


class WtFall3Y(Fall):
    ages, from_age = (3 * YEAR, 21 * YEAR), 3 * YEAR

    def tiers(self, first, start, k):
        return [
            ("watch", 2 * SPACE, True, False), ("act", 2.5 * SPACE, True, True),
            ("act", 3 * SPACE, True, False),
        ]  # fmt: skip


class HtFall2(Fall):
    ages, from_age, strict = (3 * YEAR, 21 * YEAR), 3 * YEAR, True

    def tiers(self, first, start, k):
        two = 2 * SPACE
        return [("watch", two, True, False), ("act", two, not self.in_puberty(k), True)]


class HtFall1(Fall):
    ages, from_age, window = (3 * YEAR, 11 * YEAR), 3 * YEAR, 731.0

    def tiers(self, first, start, k):
        return [("watch", SPACE, not self.in_puberty(k), False)]


class HeadFall2(Fall):
    ages, window = (-YEAR, 2 * YEAR), 731.0

    def tiers(self, first, start, k):
        return [("watch", 2 * SPACE, True, False), ("act", 4.5 * SPACE, True, False)]


class Rise(Fall):
    """A rise in z."""

    def start(self, k):
        return self.highest(k, self.window, self.from_age, self.gap, sign=-1)

    def amount(self, first, start, k):
        return -self.fall(start, k)


class Rise2(Rise):
    ages, from_age, sizes = (2 * YEAR, 18 * YEAR), 2 * YEAR, (("info", 2 * SPACE),)


class HeadRise1(Rise):
    ages, window, gap, sizes = (-YEAR, 0.25 * YEAR), 396.0, 7.0, (("watch", SPACE),)


class HeadRise2(Rise):
    ages, window = (-YEAR, 2 * YEAR), 731.0

    def tiers(self, first, start, k):
        above = self.points[k].z > 8 / 3
        return [
            ("watch", 0.3333333333333333 * SPACE, above, False),
            ("watch", 2 * SPACE, True, False),
            ("act", SPACE, above, False),
            ("act", 4.5 * SPACE, True, False),
        ]


class Ng75Fall(Fall):
    ages, in_window = (15.0, 5 * YEAR), False

    def start(self, k):
        if self.born() is not None:
            return 0 if k > 0 else None
        early = [j for j in range(k) if 15 <= self.points[j].age <= 56]
        best = None
        for j in early:
            height = self.carried(j, k)
            if not math.isnan(height) and (best is None or height >= self.carried(best, k)):
                best = j
        return best

    def tiers(self, first, start, k):
        birth = self.born()
        z = 0.0 if birth is None else birth.z
        spaces = 1 if z < NINTH - 1e-9 else 2 if z <= -NINTH + 1e-9 else 3
        band = spaces * SPACE
        return [("watch", band, True, False), ("act", band + 2 * SPACE, True, True)]


class WtSustained2(Fall):
    ages, in_window = (42.0, 5 * YEAR), False

    def start(self, k):
        best = None
        for j in range(k):
            age, apart = self.points[j].age, self.points[k].age - self.points[j].age
            recent = self.points[k].age >= YEAR and apart <= 1096 and age >= 28
            if not (28 <= age <= 56 or recent):
                continue
            height = self.carried(j, k)
            if not math.isnan(height) and (best is None or height > self.carried(best, k)):
                best = j
        return best

    def tiers(self, first, start, k):
        r = float(correlation("weight", self.points[start].age, self.points[k].age))
        gain = (self.points[k].z - r * self.carried(start, k)) / math.sqrt(1 - r * r)
        return [("watch", 2 * SPACE, True, True), ("act", 3 * SPACE, gain < -1.645, False)]


# ---- levels


class Level(Rule):
    """Where a child stands; ``start`` is for what went before."""

    level, strict, severity, line = True, True, "watch", 0.0

    def amount(self, first, start, k):
        return self.size_at(k, self.points[k].z)

    def tiers(self, first, start, k):
        return [(self.severity, self.line, True, False)]


class Ng75Wt2(Level):
    ages, line = (15.0, 5 * YEAR), 2.0

    def tiers(self, first, start, k):
        birth = self.born()
        return [
            ("watch", 2.0, True, False),
            ("act", 2.0, self.low_by_itself(k), False),
            ("act", 2.0, self.of_change(first, start, k), False),
            ("act", 2.0, birth is not None and birth.z >= NINTH, False),
        ]

    def of_change(self, first, start, k):
        return self.fell("weight", k, 1096, SPACE)


class Below04(Level):
    line, severity = 8 / 3, "act"


class WtBelow04(Below04):
    ages = (-YEAR, 21 * YEAR)

    def tiers(self, first, start, k):
        return [
            ("act", 8 / 3, True, False), ("urgent", 8 / 3, self.of_change(first, start, k), False),
        ]  # fmt: skip

    def of_change(self, first, start, k):
        return start is not None and self.carried(start, first) >= SECOND


class HtBelow04(Below04):
    ages = (2 * YEAR, 21 * YEAR)


class Below2(Level):
    ages, line = (2 * YEAR, 21 * YEAR), 2.0


class HeadBelow2(Below2):
    ages = (42.0, 4 * YEAR)


class HeadBelow04(Below04):
    ages = (42.0, 4 * YEAR)


class BmiBelow04(Below04):
    ages = (2 * YEAR, 21 * YEAR)

    def tiers(self, first, start, k):
        urgent = [
            self.fell("bmi", k, 396, 1.0), self.fell("weight", k, 396, 1.0),
            self.lost_5_percent(k), self.of_median(k) < 70,
        ]  # fmt: skip
        return [("act", 8 / 3, True, False), *(("urgent", 8 / 3, h, False) for h in urgent)]

    def of_change(self, first, start, k):
        return any(holds for _, _, holds, _ in self.tiers(first, start, k)[1:])


class Median(Level):
    ages, recovery = (2 * YEAR, 21 * YEAR), 2.0

    def size_at(self, k, z):
        point, sex = self.points[k], self.child.sex
        value = point.value
        if z != point.z:
            value = float(measurement(z, measure="bmi", sex=sex, age_days=point.age))
        return -round(100 * value / median_bmi(point.age, sex), 9)

    def tiers(self, first, start, k):
        line = -80.0 if self.points[first].age >= 10 * YEAR else -70.0
        age = self.points[k].age
        event = any(age - 396 <= each <= age for each in self.child.feeding)
        return [
            ("watch", line, True, False), ("act", line, event, False),
            ("act", line, self.lost_weight(k), False), ("urgent", -70.0, True, False),
        ]  # fmt: skip

    def of_change(self, first, start, k):
        return self.lost_weight(k)


class Above(Level):
    ages = (2 * YEAR, 21 * YEAR)

    def start(self, k):
        return self.highest(k, 1096, sign=-1)

    def size_at(self, k, z):
        return z


class Above91(Above):
    line, severity = 4 / 3, "info"


class Above98(Above):
    line = 2.0


class Above996(Above):
    line, severity = 8 / 3, "act"


class Parents(Level):
    ages, line = (2 * YEAR, 21 * YEAR), 2 * SPACE

    def size_at(self, k, z):
        return self.child.expected - z


class Parents3(Parents):
    line, severity = 3 * SPACE, "act"


# ---- losses


class Loss(Rule):
    """Weight lost [%]."""

    ages, window, gap, strict, recovery = (2 * YEAR, 21 * YEAR), 396.0, 28.0, True, 2.0
    in_window = True

    def start(self, k):
        best = None
        for j in range(k):
            apart = self.points[k].age - self.points[j].age
            inside = self.gap <= apart <= self.window
            if inside and (best is None or self.points[j].value >= self.points[best].value):
                best = j
        return best

    def also(self, k):
        lost = self.points[self.start(k)].value - self.points[k].value
        return lost > 1.96 * math.sqrt(2) * weight_error(self.points[k].age)

    def amount(self, first, start, k):
        return percent(self.points[start].value, self.points[k].value)

    def tiers(self, first, start, k):
        teen = self.points[first].age >= 13 * YEAR
        sizes = (5.0, 7.5, 10.0) if teen else (2.0, 5.0, 10.0)
        return [(s, n, True, False) for s, n in zip(("watch", "act", "urgent"), sizes, strict=True)]


class FromBirth(Loss):
    closes_at, in_window = 0.0, False

    def start(self, k):
        return 0 if self.born() is not None and k > 0 else None

    def also(self, k):
        return True


class NeoLoss10(FromBirth):
    ages = (0.0, 15.0)

    def tiers(self, first, start, k):
        return [("act", 10.0, True, False)]


class NeoNotRegained(FromBirth):
    ages = (21.0, 60.0)

    def tiers(self, first, start, k):
        return [("act", 0.0, True, False)]


class Static(Loss):
    in_window = False
    ages, gap, recovery = (2 * YEAR, 13 * YEAR), 182.625, 1.0

    def also(self, k):
        return True

    def amount(self, first, start, k):
        error = math.sqrt(2) * weight_error(self.points[first].age)
        return round((self.points[start].value - self.points[k].value) / error, 9)

    def tiers(self, first, start, k):
        return [("watch", -1.0, True, False)]


class LossRate(Rule):
    """Kilograms a week, in two intervals of 5 to 21 days in a row."""

    ages, recovery = (7 * YEAR, 21 * YEAR), 0.25

    def before(self, k):
        found = [j for j in range(k) if self.points[k].age - self.points[j].age >= 5]
        near = found and self.points[k].age - self.points[found[-1]].age <= 21
        return found[-1] if near else None

    def rate(self, j, k):
        weeks = (self.points[k].age - self.points[j].age) / 7
        return round((self.points[j].value - self.points[k].value) / weeks, 9)

    def both(self, k):
        """The smaller rate of two intervals in a row, and where they began."""
        middle = self.before(k)
        start = None if middle is None else self.before(middle)
        if start is None:
            return None, None
        return min(self.rate(start, middle), self.rate(middle, k)), start

    def start(self, k):
        return self.both(k)[1]

    def amount(self, first, start, k):
        weeks = (self.points[first].age - self.points[start].age) / 7
        back = max(self.points[k].value - self.points[first].value, 0) / weeks
        anew = self.both(k)[0]
        kept = self.both(first)[0] - back
        return kept if anew is None else max(kept, anew)

    def tiers(self, first, start, k):
        return [("act", 0.5, True, False), ("urgent", 1.0, True, False)]


# ---- what was expected


class CondGain(Rule):
    """Less the conditional gain after one or two earlier weights, each 28 days or more apart."""

    ages, strict, recovery = (28.0, 2 * YEAR), True, 0.5

    def before(self, k):
        found = [j for j in range(k) if self.points[k].age - self.points[j].age >= 28]
        return found[-1] if found else None

    def start(self, k):
        return self.before(k)

    def r(self, j, k):
        return float(correlation("weight", self.points[j].age, self.points[k].age))

    def amount(self, first, start, k):
        z2, z3, r23 = self.carried(start, k), self.points[k].z, self.r(start, k)
        one = (z3 - r23 * z2) / math.sqrt(1 - r23**2)
        j = self.before(start)
        if j is None or math.isnan(z1 := self.carried(j, k)):
            return -one
        r12, r13 = self.r(j, start), self.r(j, k)
        own = 1 - r12**2
        b1, b2 = (r13 - r23 * r12) / own, (r23 - r13 * r12) / own
        foreseen = (r13**2 + r23**2 - 2 * r12 * r13 * r23) / own
        return -(z3 - b1 * z1 - b2 * z2) / math.sqrt(max(1 - foreseen, 1 - 0.99**2))

    def tiers(self, first, start, k):
        return [
            ("info", 1.645, True, False), ("watch", 2.326, True, False), ("act", 2.75, True, False)
        ]  # fmt: skip


class Trajectory(Rule):
    """Less the surprise of a value given all earlier ones, after a fall of half a z."""

    in_window = True
    ages, strict, recovery, from_age = (2 * YEAR, 17 * YEAR), True, 0.5, 2 * YEAR

    def also(self, k):
        return self.fall(self.start(k), k) >= 0.75 * SPACE

    def history(self, first, gap, *, more):
        """Earlier points, newest first, 6 months or more apart, at most 8."""
        found, last = [], self.points[first].age - gap
        for j in reversed(range(first)):
            age = self.points[j].age
            if age > last or (more and not found and age == last) or len(found) == 8:
                continue
            if not 2 * YEAR <= age < 17 * YEAR or math.isnan(self.carried(j, first)):
                continue
            found.append(j)
            last = age - SIX_MONTHS
        return found

    def surprise(self, history, k):
        ages = [self.points[k].age, *(self.points[j].age for j in history)]
        size = len(ages)
        r = np.eye(size)
        for i in range(size):
            for j in range(i + 1, size):
                r[i, j] = r[j, i] = correlation_by_table(self.measure, ages[j], ages[i])
        values, vectors = np.linalg.eigh(r)
        if values[0] < 0.01:
            r = vectors @ np.diag(np.maximum(values, 0.01)) @ vectors.T
            spread = np.sqrt(np.diag(r))
            r = r / spread[:, None] / spread[None, :]
        known = r[1:, 1:] + 0.01 * np.eye(size - 1)
        weights = np.linalg.solve(known, r[1:, 0])
        z = np.array([self.carried(j, k) for j in history])
        spread = math.sqrt(1.01 - weights @ r[1:, 0])
        return (self.points[k].z - weights @ z) / spread, spread

    def amount(self, first, start, k):
        """Less the surprise when it opened; from then on what was expected then is the measure."""
        histories = [
            self.history(first, SIX_MONTHS, more=False), self.history(first, 396.0, more=True)
        ]  # fmt: skip
        found = [self.surprise(each, first) for each in histories if each]
        known = [each for each in found if not math.isnan(each[0])]
        if not known:
            return math.nan
        lower, spread = min(known)
        return -lower + (self.fall(first, k) / spread if k != first else 0.0)

    def tiers(self, first, start, k):
        return [
            ("watch", 2.67, True, False), ("act", 3.1, True, False),
            ("urgent", 4.0, self.weight_fell_too(first, start, k), False),
        ]  # fmt: skip

    def weight_fell_too(self, first, start, k):
        """Weight, newest of the window, half a z below its highest of 36 months before."""
        weight = Fall(self.code, "weight", self.child)
        since, met = self.points[start].age, self.points[first].age
        now = newest(weight.points, min(self.points[k].age, since + 1096), math.inf)
        if now is None or weight.points[now].age <= since:
            return False
        falls = [
            weight.fall(j, now) for j in range(now) if met - 1096 <= weight.points[j].age <= met
        ]
        return any(fall >= 0.75 * SPACE for fall in falls)


class Drift(Rule):
    """How far a straight line through the points of a window falls."""

    ages, from_age = (3 * YEAR, 21 * YEAR), 3 * YEAR

    def start(self, k):
        inside = [
            j
            for j in range(k)
            if self.points[k].age - self.points[j].age <= 1096 and self.points[j].age >= 3 * YEAR
        ]
        return inside[0] if len(inside) >= 3 else None

    def also(self, k):
        year = self.highest(k, 396, 3 * YEAR)
        return year is None or self.fall(year, k) < SPACE

    def amount(self, first, start, k):
        used = [j for j in range(start, k + 1) if not math.isnan(self.carried(j, k))]
        if len(used) < 4:
            return math.nan
        t = [self.points[j].age / YEAR for j in used]
        z = [self.carried(j, k) for j in used]
        mean_t, mean_z = sum(t) / len(t), sum(z) / len(z)
        slope = sum((a - mean_t) * (b - mean_z) for a, b in zip(t, z, strict=True))
        slope /= sum((a - mean_t) ** 2 for a in t)
        return -slope * (self.points[k].age - self.points[start].age) / YEAR

    def tiers(self, first, start, k):
        return [("watch", 2 * SPACE, True, False)]


class Gap(Rule):
    """Height z less weight z, where there is no BMI."""

    ages, strict, closes_at = (2 * YEAR, 21 * YEAR), True, 0.0

    def has_bmi(self, k):
        bmis, age = self.child.points.get("bmi", []), self.points[k].age
        return any(abs(each.age - age) <= 28 for each in bmis)

    def also(self, k):
        return not self.has_bmi(k)

    def start(self, k):
        return newest(self.child.points.get("height", []), self.points[k].age, 396)

    def start_age(self, start):
        return None  # it is of another measure

    def amount(self, first, start, k):
        if self.has_bmi(k):
            return 0.0
        height, weight = self.child.points["height"][start], self.points[k]
        sections = section_of(height.age), section_of(weight.age)
        return carry(height.z, "height", self.child.sex, *sections) - weight.z

    def tiers(self, first, start, k):
        return [("watch", 2 * SPACE, True, False)]


SIX_MONTHS = 6 * 30.4375

RULES: dict[str, tuple[type[Rule], tuple[str, ...]]] = {
    "NEO-LOSS10": (NeoLoss10, ("weight",)),
    "NEO-NOT-REGAINED": (NeoNotRegained, ("weight",)),
    "NG75-FALL": (Ng75Fall, ("weight",)),
    "NG75-WT2": (Ng75Wt2, ("weight",)),
    "WT-SUSTAINED-2": (WtSustained2, ("weight",)),
    "COND-GAIN": (CondGain, ("weight",)),
    "WT-FALL-1Y": (WtFall1Y, ("weight",)),
    "WT-FALL-3Y": (WtFall3Y, ("weight",)),
    "BMI-FALL-1Y": (BmiFall1Y, ("bmi",)),
    "WT-LOSS": (Loss, ("weight",)),
    "WT-LOSS-RATE": (LossRate, ("weight",)),
    "WT-STATIC": (Static, ("weight",)),
    "SLOW-DRIFT": (Drift, ("weight",)),
    "TRAJECTORY": (Trajectory, ("weight", "bmi", "height")),
    "WT-BELOW-04": (WtBelow04, ("weight",)),
    "HT-BELOW-04": (HtBelow04, ("height",)),
    "HT-BELOW-2": (Below2, ("height",)),
    "BMI-BELOW-04": (BmiBelow04, ("bmi",)),
    "BMI-BELOW-2": (Below2, ("bmi",)),
    "BMI-PCT-MEDIAN": (Median, ("bmi",)),
    "HT-FALL-2": (HtFall2, ("height",)),
    "HT-FALL-1": (HtFall1, ("height",)),
    "MPH-2": (Parents, ("height",)),
    "MPH-3": (Parents3, ("height",)),
    "WH-GAP": (Gap, ("weight",)),
    "HEAD-BELOW-2": (HeadBelow2, ("head",)),
    "HEAD-BELOW-04": (HeadBelow04, ("head",)),
    "HEAD-RISE-1": (HeadRise1, ("head",)),
    "HEAD-RISE-2": (HeadRise2, ("head",)),
    "HEAD-FALL-2": (HeadFall2, ("head",)),
    "BMI-ABOVE-91": (Above91, ("bmi",)),
    "BMI-ABOVE-98": (Above98, ("bmi",)),
    "BMI-ABOVE-996": (Above996, ("bmi",)),
    "WT-RISE-2": (Rise2, ("weight",)),
    "BMI-RISE-2": (Rise2, ("bmi",)),
}
# Not listed while a graver finding of the same measure goes on.
GRAVER = {
    "HT-BELOW-2": ("HT-BELOW-04",),
    "BMI-BELOW-2": ("BMI-BELOW-04",),
    "HEAD-BELOW-2": ("HEAD-BELOW-04",),
    "BMI-ABOVE-91": ("BMI-ABOVE-98", "BMI-ABOVE-996"),
    "BMI-ABOVE-98": ("BMI-ABOVE-996",),
    "MPH-2": ("MPH-3",),
    "HT-FALL-1": ("HT-FALL-2",),
    "HEAD-RISE-1": ("HEAD-RISE-2",),
    "SLOW-DRIFT": ("WT-FALL-1Y",),
    "WT-STATIC": ("WT-LOSS",),
}


def findings(child: Child) -> list[Plain]:
    """Return the findings of every rule in one child."""
    every = [
        one
        for code, (rule, measures) in RULES.items()
        for measure in measures
        for one in rule(code, measure, child).findings()
    ]
    going_on = {one.rule for one in every if one.state != "closed"}
    return [
        one
        for one in every
        if one.state == "closed" or not going_on & set(GRAVER.get(one.rule, ()))
    ]
