"""What a level of a rule may ask for besides an amount, by the names the rule sets use."""

from __future__ import annotations

from typing import Final

import numpy as np

from centiles.ages import DAYS_IN_YEAR
from centiles.lms import LINE_Z, SPACE
from centiles.measures import SEXES, Measure, Sex
from centiles.monitoring import conditional
from centiles.monitoring.baselines import THREE_YEARS
from centiles.monitoring.correlations import correlation
from centiles.monitoring.joins import low_before
from centiles.monitoring.kinds import Sort
from centiles.monitoring.levels import percent_of_median
from centiles.monitoring.losses import LOSS_BEYOND_ERROR
from centiles.monitoring.pairs import percent_lost
from centiles.monitoring.points import Flags, Rows

GAIN_5_PERCENT: Final = -1.645
THIRTEEN_MONTHS: Final = 396
FELL_TOO: Final = 0.75 * SPACE
SAME_TIME_DAYS: Final = 28
PUBERTY_YEARS: Final = {Sex.FEMALE: (10, 14), Sex.MALE: (11, 16)}
# What can hold for a child that has not changed at all, and so says nothing at a join.
NOT_OF_CHANGE: Final = frozenset(
    {
        "below_04", "above_996", "birth_weight_from_9th", "born_at_term", "sustained",
        "outside_puberty", "again_6_to_12_months_later", "born_at_2500_g", "born_small",
        "below_parents_by_1", "below_parents_by_1_6", "below_parents_by_2", "feeding_event",
    }
)  # fmt: skip

_LOWEST, _SECOND, _NINTH = LINE_Z[:3]
_HIGHEST = LINE_Z[-1]
_FEEDING = ("feeding", "eating")


class Conditions:
    """The conditions of points, each worked out for pairs of them.

    ``first`` is where a finding opened, ``start`` the earlier point (−1 for none), ``to`` the
    newest; where a rule is looked for, ``to`` is ``first``.
    """

    def __init__(self, sort: Sort, first: Rows, start: Rows, to: Rows) -> None:
        self.sort, self.watch, self.points = sort, sort.watch, sort.points
        self.first, self.start, self.to = first, start, to
        self.child = self.points.child[to]

    @property
    def gain_below_5_percent(self) -> Flags:
        """The conditional gain over the fall is below what 5 % of healthy children show."""
        points = self.points
        z1, z2 = points.carried(self.start, self.to), points.z[self.to]
        r = correlation(self.sort.measure, points.age[self.start], points.age[self.to])
        with np.errstate(invalid="ignore"):
            return np.asarray(conditional.conditional_gain(z1, z2, r) < GAIN_5_PERCENT)

    @property
    def born_at_term(self) -> Flags:
        """Not known to be born before 37 weeks."""
        return ~self.watch.preterm[self.child]

    @property
    def below_04(self) -> Flags:
        """Below the 0.4th line as well, and not merely by a change of tables."""
        low = self.points.z[self.to] < _LOWEST
        return np.asarray(low & ~low_before(self.sort, self.to, -_LOWEST)[1])

    @property
    def above_996(self) -> Flags:
        """Above the 99.6th line."""
        return np.asarray(self.points.z[self.to] > _HIGHEST)

    @property
    def fell_a_space(self) -> Flags:
        """A carried fall of a space or more from the highest of 36 months."""
        return self._fell(self.sort.measure, THREE_YEARS, SPACE)

    @property
    def birth_weight_from_9th(self) -> Flags:
        """Born at the 9th line or above it."""
        birth = self.watch.birth[self.child]
        return np.asarray((birth >= 0) & (self.points.z[birth] >= _NINTH))

    @property
    def earlier_at_2nd(self) -> Flags:
        """Carried, at the 2nd line or above within the 36 months before it was first met."""
        with np.errstate(invalid="ignore"):
            carried = self.points.carried(self.start, self.first)
            return np.asarray((self.start >= 0) & (carried >= _SECOND))

    @property
    def bmi_fell_1z_in_13_months(self) -> Flags:
        """A carried BMI fall of 1 z or more."""
        return self._fell(Measure.BMI, THIRTEEN_MONTHS, 1.0)

    @property
    def weight_fell_1z_in_13_months(self) -> Flags:
        """A carried weight fall of 1 z or more."""
        return self._fell(Measure.WEIGHT, THIRTEEN_MONTHS, 1.0)

    @property
    def weight_fell_too(self) -> Flags:
        """Within the same 36 months weight fell by ¾ of a space or more, carried."""
        points, met = self.points, self.points.age[self.first]
        since = points.age[self.start]
        last = np.minimum(points.age[self.to], since + THREE_YEARS)
        now = points.newest_at(self.child, Measure.WEIGHT, last)
        fell = np.zeros(len(now), dtype=np.bool_)
        at = np.flatnonzero((now >= 0) & (points.age[now] > since))
        now = now[at]
        low = points.first_at(now, met[at] - THREE_YEARS)
        high = np.minimum(points.first_after(now, met[at]), now)
        start = self.watch.highest_between(Measure.WEIGHT, now, low, high)
        at, now, start = at[start >= 0], now[start >= 0], start[start >= 0]
        fell[at] = points.falls(start, now) >= FELL_TOO
        return fell

    @property
    def lost_5_percent_in_13_months(self) -> Flags:
        """More than 5 % of the weight lost."""
        before, now = self._highest_weight()
        lost = percent_lost(self.points.value_before[before], self.points.value[now])
        return np.asarray((before >= 0) & (lost > 5))

    @property
    def lost_weight_in_13_months(self) -> Flags:
        """Weight lost, by more than measurement error."""
        before, now = self._highest_weight()
        lost = self.points.value_before[before] - self.points.value[now]
        error = np.sqrt(2) * conditional.value_error(self.points, now)
        return np.asarray((before >= 0) & (lost > LOSS_BEYOND_ERROR * error))

    @property
    def bmi_below_70_percent(self) -> Flags:
        """BMI below 70 % of the median for age and sex."""
        points, to = self.points, self.to
        percent = percent_of_median(points.value[to], points.sex[to], points.corrected[to])
        return np.asarray(percent < 70)

    @property
    def outside_puberty(self) -> Flags:
        """Not at an age when the growth spurt moves centiles."""
        years = self.points.corrected[self.to] / DAYS_IN_YEAR
        low, high = np.array([PUBERTY_YEARS[sex] for sex in SEXES]).T
        sex = self.points.sex[self.to]
        return np.asarray(~((years >= low[sex]) & (years < high[sex])))

    @property
    def feeding_event(self) -> Flags:
        """A concern about feeding or eating was recorded in the 13 months before."""
        events = self.watch.background.events.of(*_FEEDING)
        found = np.zeros(len(self.to), dtype=np.bool_)
        if len(events) == 0:
            return found
        key = events.child * 1e6 + np.nan_to_num(events.age_days, nan=-1e5)
        key = np.sort(key)
        age = self.points.age[self.to]
        last = np.searchsorted(key, self.child * 1e6 + age, side="right")
        first = np.searchsorted(key, self.child * 1e6 + age - THIRTEEN_MONTHS, side="left")
        return np.asarray(last > first)

    @property
    def born_at_2500_g(self) -> Flags:
        """A birth weight of 2,500 g or more is known."""
        birth = self.watch.birth[self.child]
        return np.asarray((birth >= 0) & (self.points.value[birth] >= 2.5))

    @property
    def born_small(self) -> Flags:
        """Birth weight or length below z −2."""
        found = np.zeros(len(self.to), dtype=np.bool_)
        for born in (self.watch.birth, self.watch.birth_length):
            birth = born[self.child]
            found |= (birth >= 0) & (self.points.z[birth] < -2)
        return found

    @property
    def below_parents_by_1(self) -> Flags:
        """More than 1 z below what the parents' heights lead one to expect."""
        return self._below_parents(1.0)

    @property
    def below_parents_by_1_6(self) -> Flags:
        """More than 1.6 z below what the parents' heights lead one to expect."""
        return self._below_parents(1.6)

    @property
    def below_parents_by_2(self) -> Flags:
        """More than 2 z below what the parents' heights lead one to expect."""
        return self._below_parents(2.0)

    def _below_parents(self, size: float) -> Flags:
        expected = self.watch.expected_height[self.child]
        with np.errstate(invalid="ignore"):
            return np.asarray(expected - self.points.z[self.to] > size)

    def _fell(self, measure: str, within: float, size: float) -> Flags:
        """Whether a measure fell by ``size`` to its newest point by the day of the finding."""
        now = self._newest(measure)
        fell = np.zeros(len(now), dtype=np.bool_)
        at = np.flatnonzero(now >= 0)
        start = self.watch.highest(measure, now[at], within_days=within)
        at, start = at[start >= 0], start[start >= 0]
        fell[at] = self.points.falls(start, now[at]) >= size
        return fell

    def _highest_weight(self) -> tuple[Rows, Rows]:
        """Return the heaviest weight of the 13 months before the newest, and that; −1 for none."""
        now = self._newest(Measure.WEIGHT)
        before = np.full(len(now), -1, dtype=np.intp)
        at = np.flatnonzero(now >= 0)
        before[at] = self.watch.highest_value(
            Measure.WEIGHT, now[at], within_days=THIRTEEN_MONTHS, gap_days=SAME_TIME_DAYS
        )
        return before, now

    def _newest(self, measure: str) -> Rows:
        """Return a measure's newest point within 28 days before each finding, −1 for none."""
        age = self.points.age[self.to]
        newest = self.points.newest_at(self.child, measure, age)
        near = (newest >= 0) & (age - self.points.age[newest] <= SAME_TIME_DAYS)
        return np.where(near, newest, -1)
