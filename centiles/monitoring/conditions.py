"""What a level of a rule may ask for besides an amount, by the names the rule sets use."""

from __future__ import annotations

from typing import Final

import numpy as np

from centiles import zscores
from centiles.ages import DAYS_IN_YEAR, VERY_PRETERM_BELOW_DAYS, FloatArray
from centiles.lms import LINE_Z, SPACE
from centiles.measures import SEXES, Measure, Sex
from centiles.monitoring import conditional, pairs
from centiles.monitoring.baselines import Baselines
from centiles.monitoring.episodes import Episodes
from centiles.monitoring.pairs import percent_lost
from centiles.monitoring.points import Flags, Rows
from centiles.monitoring.rulesets import Rule
from centiles.references import reference

GAIN_5_PERCENT: Final = -1.645
JOIN_GUARD_DAYS: Final = 396
THIRTEEN_MONTHS: Final = 396
THREE_YEARS: Final = 1096
SAME_TIME_DAYS: Final = 28
PUBERTY_YEARS: Final = {Sex.FEMALE: (10, 14), Sex.MALE: (11, 16)}
# What can hold for a child that has not changed at all, and so says nothing at a join.
NOT_OF_CHANGE: Final = frozenset(
    {"below_04", "birth_weight_from_9th", "born_at_term", "sustained", "outside_puberty"}
)

_LOWEST, _SECOND, _NINTH = LINE_Z[:3]


class Conditions:
    """The conditions, each worked out for all episodes of one rule."""

    def __init__(self, baselines: Baselines, rule: Rule, episodes: Episodes) -> None:
        self.baselines, self.rule, self.episodes = baselines, rule, episodes
        self.points = baselines.points
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
            return np.asarray(conditional.conditional_gain(z1, z2, r) < GAIN_5_PERCENT)

    @property
    def born_at_term(self) -> Flags:
        """Not known to be born before 37 weeks."""
        return ~self.baselines.preterm[self.child]

    @property
    def below_04(self) -> Flags:
        """Below the 0.4th line as well, and not merely by a change of tables."""
        to = self.episodes.to
        return np.asarray((self.points.z[to] < _LOWEST) & ~self._changed_tables(to, _LOWEST)[1])

    @property
    def fell_a_space(self) -> Flags:
        """A carried fall of a space or more from the highest of 36 months."""
        return self._fell(self.rule.measure, THREE_YEARS, SPACE)

    @property
    def birth_weight_from_9th(self) -> Flags:
        """Born at the 9th line or above it."""
        birth = self.baselines.birth[self.child]
        return np.asarray((birth >= 0) & (self.points.z[birth] >= _NINTH))

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
        gap = float(SAME_TIME_DAYS)
        highest = self.baselines.highest(Measure.WEIGHT, THIRTEEN_MONTHS, -np.inf, gap, "value")
        start = highest[at]
        now = self.baselines.of(Measure.WEIGHT)[at]
        lost = percent_lost(self.points.value_before[start], self.points.value[now])
        return np.asarray(there & (start >= 0) & (lost > 5))

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
        return np.asarray(~((years >= low[sex]) & (years < high[sex])))

    @property
    def low_before(self) -> Flags:
        """First met within 13 months of a change of tables, and on the new ones low before it."""
        return self._changed_tables(self.episodes.first, self.rule.below)[0]

    def _changed_tables(self, rows: Rows, below: float) -> tuple[Flags, Flags]:
        """Return which points follow a change of tables, within 13 months, of a child already low.

        The tables change at a join, and where the correction of an age stops. Already low is whose
        newest point before it is below the line as scored on the new ones; second, which of those
        was not on the old.
        """
        low = np.zeros((2, len(rows)), dtype=np.bool_)
        for before, near, z in (self._joined(rows), self._uncorrected(rows)):
            with np.errstate(invalid="ignore"):
                already = near & (z < below)
            low |= [already, already & (self.points.z_before[before] >= below)]
        return low[0], low[1]

    def _joined(self, rows: Rows) -> tuple[Rows, Flags, FloatArray]:
        """Return the newest points before a join, whether it was near, and their z carried."""
        points = self.points
        before, there = pairs.newest_of_another(points, rows, points.section)
        joins = np.array([join.at_day for join in reference().joins if join.carried])
        since = points.corrected[rows][:, None] - joins
        near = ((since >= 0) & (since <= JOIN_GUARD_DAYS)).any(axis=1)
        return before, there & near, points.carried(before, rows)

    def _uncorrected(self, rows: Rows) -> tuple[Rows, Flags, FloatArray]:
        """Return the same of where the correction for gestation stopped, without it."""
        points = self.points
        before, there = pairs.newest_of_another(points, rows, points.shift)
        z = np.full(len(rows), np.nan)
        at = np.flatnonzero(there)
        if len(at):
            was = before[at]
            age = points.age[was] - points.shift[rows[at]]
            z[at] = points.rescored(points.value_before[was], was, age)
        years = np.where(points.gestation[rows] < VERY_PRETERM_BELOW_DAYS, 2, 1)
        since = points.age[rows] - years * DAYS_IN_YEAR
        return before, there & (since >= 0) & (since <= JOIN_GUARD_DAYS), z

    def _fell(self, measure: str, within: float, size: float) -> Flags:
        """Whether a measure fell by ``size`` to its newest point by the day of the finding."""
        at, there = self._newest(measure)
        fell = np.zeros(len(there), dtype=np.bool_)
        if not there.any():
            return fell
        start = self.baselines.highest(measure, within)[at]
        there = there & (start >= 0)
        rows = self.baselines.of(measure)[at]
        fell[there] = self.points.falls(start[there], rows[there]) >= size
        return fell

    def _newest(self, measure: str) -> tuple[Rows, Flags]:
        """Return a measure's newest point within 28 days before each finding, among its own."""
        points, rows = self.points, self.baselines.of(measure)
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
        return at, there & (age - points.age[rows[at]] <= SAME_TIME_DAYS)
