"""Rules as predicates over all points at once: where each is met, from where, how grave."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Final

import numpy as np

from centiles import ages, zscores
from centiles.ages import DAYS_IN_YEAR, FloatArray
from centiles.lms import LINE_Z, SPACE
from centiles.measures import MEASURES, SEXES, Measure, Sex, measurement_sd
from centiles.monitoring import conditional, pairs
from centiles.monitoring.episodes import CLOSED, RECOVERING, Episodes, Hits, episodes_of
from centiles.monitoring.points import Flags, Points, Rows
from centiles.monitoring.rulesets import SEVERITIES, Level, Rule
from centiles.references import reference

LOSS_BEYOND_ERROR: Final = 1.96
GAIN_5_PERCENT: Final = -1.645
JOIN_GUARD_DAYS: Final = 396
THIRTEEN_MONTHS: Final = 396
THREE_YEARS: Final = 1096
EIGHT_WEEKS: Final = 56
COMPARATOR_FROM_DAYS: Final = 15
COMPARATOR_DAYS_BEFORE: Final = 14
PUBERTY_YEARS: Final = {Sex.FEMALE: (10, 14), Sex.MALE: (11, 16)}

_SECOND, _NINTH, _LOWEST = LINE_Z[1], LINE_Z[2], LINE_Z[0]
_WEIGHT, _BMI = MEASURES.index(Measure.WEIGHT), MEASURES.index(Measure.BMI)
_TINY: Final = 1e-9  # so that 3.500 to 3.150 kg is exactly 10 %, whatever binary makes of it


@dataclass(frozen=True)
class Found:
    """The episodes of one rule, and for each its severity and what bears on it."""

    rule: Rule
    episodes: Episodes
    severity: Rows
    see_by: list[dict[str, int] | None]
    join_guard: Flags
    gestation_unknown: Flags


class Watch:
    """All points of a cohort under watch: what the rules share is worked out once."""

    def __init__(self, points: Points, now_age_days: FloatArray, children: int) -> None:
        self.points, self.now_age_days, self.children = points, now_age_days, children
        self.of = cache(self._rows_of)
        self.highest = cache(self._highest)

    def _rows_of(self, measure: str) -> Rows:
        return np.flatnonzero(self.points.measure == MEASURES.index(Measure(measure)))

    def _highest(self, measure: str, within: float, from_age: float, gap: float, raw: bool) -> Rows:  # noqa: FBT001
        return pairs.highest_before(
            self.points, self.of(measure), within_days=within, from_age_days=from_age,
            gap_days=gap, raw=raw,
        )  # fmt: skip

    @cached_property
    def birth(self) -> Rows:
        """Each child's weight of day 0 or 1, −1 where there is none."""
        rows = self.of(Measure.WEIGHT)
        return self._first_by_child(rows[(self.points.age[rows] <= 1)])

    def _first_by_child(self, rows: Rows) -> Rows:
        found = np.full(self.children, -1, dtype=np.intp)
        found[self.points.child[rows[::-1]]] = rows[::-1]
        return found

    @cached_property
    def comparator(self) -> Rows:
        """Each child's starting weight under NICE NG75, −1 where there is none.

        The birth weight; where that is not known the highest of day 15 to 8 weeks; born before
        37 weeks, the first at 14 days or more corrected.
        """
        points, rows = self.points, self.of(Measure.WEIGHT)
        settled = rows[points.corrected[rows] >= COMPARATOR_DAYS_BEFORE]
        age = points.age[rows]
        early = rows[(age >= COMPARATOR_FROM_DAYS) & (age <= EIGHT_WEEKS)]
        order = early[np.lexsort((points.z[early], points.child[early]))]
        highest = np.full(self.children, -1, dtype=np.intp)
        highest[points.child[order]] = order
        term = np.where(self.birth >= 0, self.birth, highest)
        return np.where(self.preterm, self._first_by_child(settled), term)

    @cached_property
    def preterm(self) -> Flags:
        """Which children are known to be born before 37 weeks."""
        found = np.zeros(self.children, dtype=np.bool_)
        found[self.points.child] = self.points.gestation < ages.TERM_FROM_DAYS
        return found

    def speaks(self, rule: Rule) -> Flags:
        """Return at which of its measure's points a rule speaks, by age."""
        rows = self.of(rule.measure)
        corrected, age = self.points.corrected[rows], self.points.age[rows]
        inside = (corrected >= rule.ages[0]) & (corrected < rule.ages[1])
        if np.isfinite(rule.from_day):  # days count from birth
            inside = (age >= rule.from_day) & (corrected < rule.ages[1])
        return inside

    def found(self, rule: Rule) -> Found:
        """Return the findings of one rule, graded."""
        hits = {"fall": self._falls, "level": self._levels, "loss": self._losses}[rule.kind](rule)
        episodes = episodes_of(
            self.points, hits, self._amount(rule),
            recovery=rule.recovery, last_age_days=rule.ages[1], now_age_days=self.now_age_days,
        )  # fmt: skip
        return _graded(self, rule, episodes)

    def _amount(self, rule: Rule):  # type: ignore[no-untyped-def]
        points = self.points
        if rule.kind == "fall":
            return points.falls
        if rule.kind == "level":
            return lambda _, row: -points.z[row]
        return lambda start, row: percent_lost(points.value_before[start], points.value[row])

    def _falls(self, rule: Rule) -> Hits:
        """A fall in z from the highest of a window, or from a child's starting weight."""
        points, rows = self.points, self.of(rule.measure)
        if rule.comparator == "birth":
            start = self.comparator[points.child[rows]]
            start = np.where(start < rows, start, -1)
            threshold = self._band(rule)[points.child[rows]]
        else:
            start = self.highest(
                rule.measure, rule.within_days, rule.from_age, rule.gap_days, False
            )
            threshold = np.full(len(rows), rule.levels[0].amount)
        met = (start >= 0) & self.speaks(rule)
        size = np.full(len(rows), np.nan)
        size[met] = points.falls(start[met], rows[met])
        strict = rule.levels[0].strict
        with np.errstate(invalid="ignore"):
            met &= size > threshold if strict else size >= threshold
        return Hits(rows, met, start, threshold, strict)

    def _band(self, rule: Rule) -> FloatArray:
        """Each child's threshold [z] by the band of its birth weight; the middle one if unknown."""
        known = self.birth >= 0
        z = np.zeros(self.children)
        z[known] = self.points.z[self.birth[known]]
        (low, below), (high, middle), (_, above) = rule.bands
        return np.select([z < low - _TINY, z <= high + _TINY], [below, middle], above) * SPACE

    def _levels(self, rule: Rule) -> Hits:
        """A z below a line; from the highest of the last 36 months, for what went before."""
        points, rows = self.points, self.of(rule.measure)
        start = self.highest(rule.measure, THREE_YEARS, -np.inf, 0.0, False)
        met = (points.z[rows] < rule.below) & self.speaks(rule)
        return Hits(rows, met, start, np.full(len(rows), -rule.below), strict=True)

    def _losses(self, rule: Rule) -> Hits:
        """A value lower than the highest of a window by a percentage, and by more than error."""
        points, rows = self.points, self.of(rule.measure)
        start = self.highest(rule.measure, rule.within_days, rule.from_age, rule.gap_days, True)
        older = points.corrected[rows] >= rule.older_from
        threshold = np.where(older, rule.levels[0].older, rule.levels[0].amount)
        met = (start >= 0) & self.speaks(rule)
        before, now = points.value_before[start], points.value[rows]
        error = measurement_sd(points.measure[rows], points.age[rows], now)
        lost = before - now > LOSS_BEYOND_ERROR * np.sqrt(2) * error
        met &= lost & (percent_lost(before, now) > threshold + _TINY)
        return Hits(rows, met, start, threshold, strict=True)


def percent_lost(before: FloatArray, now: FloatArray) -> FloatArray:
    """Return how much of an earlier value is gone [%]; a gain is negative.

    Examples
    --------
    >>> float(percent_lost(np.array(3.5), np.array(3.15)).round(9))
    10.0
    """
    return 100 * (before - now) / before


def _graded(watch: Watch, rule: Rule, episodes: Episodes) -> Found:
    """Return episodes with the highest severity whose amount and conditions hold.

    A child that is recovering is one level lower than the rule's first.
    """
    points, count = watch.points, len(episodes.to)
    severity = np.full(count, SEVERITIES.index(rule.levels[0].severity))
    extra = np.zeros(count, dtype=np.bool_)
    see_by: list[dict[str, int] | None] = [None] * count
    holds = _Conditions(watch, rule, episodes)
    open_ = ~np.isin(episodes.state, (RECOVERING, CLOSED))
    for level in rule.levels[1:]:
        reached = _reached(level, rule, episodes, points) & open_
        for word in level.when:
            reached = reached & getattr(holds, word)
        rank = SEVERITIES.index(level.severity)
        severity = np.where(reached, np.maximum(severity, rank), severity)
        extra |= reached & bool(level.when)
        if level.see_by is not None:
            for k in np.flatnonzero(reached):
                see_by[k] = dict(level.see_by)
    guard = np.zeros(count, dtype=np.bool_)
    if rule.kind == "level":
        guard = holds.low_before_the_join & ~extra
        severity = np.where(guard, np.minimum(severity, SEVERITIES.index("watch")), severity)
    severity = np.where(open_, severity, np.maximum(severity - 1, 0))
    unknown = np.isnan(points.gestation[episodes.to])
    if rule.comparator == "birth":
        from_birth = watch.birth[points.child[episodes.to]] >= 0
        severity = np.where(unknown & from_birth, np.maximum(severity - 1, 0), severity)
    return Found(rule, episodes, severity, see_by, guard, unknown)


def _reached(level: Level, rule: Rule, episodes: Episodes, points: Points) -> Flags:
    """Return where the newest amount reaches a level's own."""
    older = points.corrected[episodes.first] >= rule.older_from
    needed = np.where(older, level.older, level.amount)
    if rule.comparator == "birth":
        needed = episodes.threshold + level.beyond
    with np.errstate(invalid="ignore"):
        if level.strict:
            return episodes.amount > needed + _TINY * (rule.kind == "loss")
        return episodes.amount >= needed


class _Conditions:
    """What a level may ask for besides an amount, by the names the rule sets use."""

    def __init__(self, watch: Watch, rule: Rule, episodes: Episodes) -> None:
        self.watch, self.rule, self.episodes = watch, rule, episodes
        self.points = watch.points
        self.child = self.points.child[episodes.to]

    @property
    def sustained(self) -> Flags:
        """Met by a second valid point, 2 weeks later under 1 year, 4 weeks after."""
        return self.episodes.sustained

    @property
    def gain_below_5_percent(self) -> Flags:
        """The conditional gain over the fall is below what 5 % of healthy children show."""
        start, to = self.episodes.start, self.episodes.to
        points = self.points
        z1, z2 = points.carried(start, to), points.z[to]
        r = conditional.correlation(self.rule.measure, points.age[start], points.age[to])
        with np.errstate(invalid="ignore"):
            return conditional.conditional_gain(z1, z2, r) < GAIN_5_PERCENT

    @property
    def born_at_term(self) -> Flags:
        """Not known to be born before 37 weeks."""
        return ~self.watch.preterm[self.child]

    @property
    def below_04(self) -> Flags:
        """Below the 0.4th line as well."""
        return self.points.z[self.episodes.to] < _LOWEST

    @property
    def fell_a_space(self) -> Flags:
        """A carried fall of a space or more from the highest of 36 months."""
        return self._fell(self.rule.measure, THREE_YEARS, SPACE)

    @property
    def birth_weight_from_9th(self) -> Flags:
        """Born at the 9th line or above it."""
        birth = self.watch.birth[self.child]
        return (birth >= 0) & (self.points.z[birth] >= _NINTH)

    @property
    def earlier_at_2nd(self) -> Flags:
        """Carried, at the 2nd line or above within the 36 months before it was first met."""
        start, first = self.episodes.start, self.episodes.first
        with np.errstate(invalid="ignore"):
            return (start >= 0) & (self.points.carried(start, first) >= _SECOND)

    @property
    def bmi_fell_1z_in_13_months(self) -> Flags:
        """A carried BMI fall of 1 z or more."""
        return self._fell(Measure.BMI, THIRTEEN_MONTHS, 1.0)

    @property
    def weight_fell_1z_in_13_months(self) -> Flags:
        """A carried weight fall of 1 z or more."""
        return self._fell(Measure.WEIGHT, THIRTEEN_MONTHS, 1.0)

    @property
    def lost_5_percent_in_13_months(self) -> Flags:
        """More than 5 % of the weight lost."""
        at, there = self._newest(Measure.WEIGHT)
        if not there.any():
            return there
        start = self.watch.highest(Measure.WEIGHT, THIRTEEN_MONTHS, -np.inf, 28.0, True)[at]
        now = self.watch.of(Measure.WEIGHT)[at]
        lost = percent_lost(self.points.value_before[start], self.points.value[now])
        return there & (start >= 0) & (lost > 5 + _TINY)

    @property
    def bmi_below_70_percent(self) -> Flags:
        """BMI below 70 % of the median for age and sex."""
        to = self.episodes.to
        percent = zscores.percent_median_bmi(
            self.points.value[to], sex=self.points.sex[to] + 1, age_days=self.points.corrected[to]
        )
        return np.asarray(percent) < 70

    @property
    def outside_puberty(self) -> Flags:
        """Not at an age when the growth spurt moves centiles."""
        years = self.points.corrected[self.episodes.to] / DAYS_IN_YEAR
        low, high = np.array([PUBERTY_YEARS[sex] for sex in SEXES]).T
        sex = self.points.sex[self.episodes.to]
        return ~((years >= low[sex]) & (years < high[sex]))

    @property
    def low_before_the_join(self) -> Flags:
        """First met within 13 months of a join, and the carried z before it was below as well."""
        first, points = self.episodes.first, self.points
        before, there = pairs.previous_section(points, first)
        joins = np.array([join.at_day for join in reference().joins if join.carried])
        since = points.corrected[first][:, None] - joins
        near = ((since >= 0) & (since <= JOIN_GUARD_DAYS)).any(axis=1)
        with np.errstate(invalid="ignore"):
            return there & near & (points.carried(before, first) < self.rule.below)

    def _fell(self, measure: str, within: float, size: float) -> Flags:
        """Whether a measure fell by ``size`` to its newest point by the day of the finding."""
        at, there = self._newest(measure)
        fell = np.zeros(len(there), dtype=np.bool_)
        if not there.any():
            return fell
        start = self.watch.highest(measure, within, -np.inf, 0.0, False)[at]
        there = there & (start >= 0)
        rows = self.watch.of(measure)[at]
        fell[there] = self.points.falls(start[there], rows[there]) >= size
        return fell

    def _newest(self, measure: str) -> tuple[Rows, Flags]:
        """Return a measure's newest point within 28 days before each finding, among its own."""
        points, rows = self.points, self.watch.of(measure)
        if len(rows) == 0:
            return np.zeros(len(self.child), np.intp), np.zeros(len(self.child), np.bool_)
        age = points.age[self.episodes.to]
        place = (
            np.searchsorted(
                points.child[rows] * 1e6 + points.age[rows], self.child * 1e6 + age, side="right"
            )
            - 1
        )
        at = np.clip(place, 0, len(rows) - 1)
        there = (place >= 0) & (points.child[rows[at]] == self.child)
        return at, there & (age - points.age[rows[at]] <= 28)
