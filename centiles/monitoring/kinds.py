"""What every sort of rule can say: where to look, how much it is, and how well that is known."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Final

import numpy as np

from centiles.ages import FloatArray
from centiles.monitoring import conditional
from centiles.monitoring.background import Background, nothing_known
from centiles.monitoring.baselines import Baselines
from centiles.monitoring.points import Flags, Points, Rows, Spans
from centiles.monitoring.schema import Level, Rule
from centiles.parents import expected_height_z

YOUNGEST_DAYS: Final = -200.0  # no age is younger

SLACK: Final = 1e-4  # so that a first look never leaves out what the exact one would find


class Watch(Baselines):
    """All points of a cohort under watch: every rule asks the same baselines."""

    def __init__(
        self,
        points: Points,
        now_age_days: FloatArray,
        children: int,
        background: Background | None = None,
    ) -> None:
        super().__init__(points, children)
        self.now_age_days = now_age_days
        self.background = background or nothing_known(children)

    @cached_property
    def expected_height(self) -> FloatArray:
        """Each child's height z as the parents' lead one to expect, NaN where not known."""
        known, found = self.background, np.full(self.children, np.nan)
        both = np.flatnonzero(np.isfinite(known.mother_cm + known.father_cm))
        if len(both):
            found[both] = expected_height_z(known.mother_cm[both], known.father_cm[both])
        return found


class Sort(ABC):
    """One rule in one measure: the points it may be met at, and how much it is there.

    An amount is in the unit of the rule's kind, more being worse, and is judged against the start
    that was fixed when a finding opened.
    """

    def __init__(self, watch: Watch, rule: Rule, measure: str) -> None:
        self.watch, self.rule, self.measure = watch, rule, measure
        self.points = watch.points

    @abstractmethod
    def candidates(self) -> tuple[Rows, Rows]:
        """Return the points it could be met at, in order, and the start of each, −1 for none."""

    @abstractmethod
    def amount(self, at: Spans) -> FloatArray:
        """Return how much it is at points, NaN where that cannot be said."""

    @abstractmethod
    def error(self, at: Spans) -> FloatArray:
        """Return the standard deviation of amounts from measurement error, NaN where unknown."""

    def needed(self, level: Level, rows: Rows) -> FloatArray:
        """Return the amount a level asks of findings opened at points."""
        older = self.points.corrected[rows] >= self.rule.older_from
        return np.where(older, level.older, level.amount) + level.beyond

    @property
    def least(self) -> float:
        """The least any of its levels asks."""
        return min(min(each.amount, each.older) + each.beyond for each in self.rule.levels)

    def spoken(self) -> Rows:
        """Return the points of the measure at whose age the rule speaks."""
        rule, there = self.rule, self.points.of(self.measure)
        corrected, age = self.points.corrected[there], self.points.age[there]
        inside = corrected < rule.ages[1]
        if np.isfinite(rule.from_day):  # days count from birth
            inside &= (age >= rule.from_day) & (age < rule.to_day) & self.points.comparable[there]
        elif rule.ages[0] > YOUNGEST_DAYS:
            inside &= corrected >= rule.ages[0]
        return np.asarray(np.flatnonzero(inside) + there.start)


class Change(Sort):
    """What compares a point with an earlier one, in z carried over joins."""

    def spoken_low(self, least: FloatArray | float, sign: int = 1) -> Rows:
        """Return points at whose age it speaks, ``least`` or more below the highest before."""
        rows, begin = self.spoken(), self.points.of(self.measure).start
        depth = self.watch.depth(self.measure, sign)
        return np.asarray(rows[depth[rows - begin] >= np.asarray(least) - SLACK])

    def highest(self, rows: Rows, sign: int = 1) -> Rows:
        """Return the start of the furthest fall in the rule's window, or rise."""
        rule = self.rule
        return self.watch.highest(
            self.measure, rows, within_days=rule.within_days, from_age_days=rule.from_age,
            gap_days=rule.gap_days, sign=sign,
        )  # fmt: skip

    def error(self, at: Spans) -> FloatArray:
        """Return the standard deviation of a change from the errors of its two measurements."""
        return conditional.change_error(self.points, at.start, at.row)


def with_start(rows: Rows, start: Rows) -> tuple[Rows, Rows]:
    """Return the points that have a start, with it."""
    there = start >= 0
    return rows[there], start[there]


def reaches(amount: FloatArray, needed: FloatArray, *, strict: bool) -> Flags:
    """Return whether amounts reach what is needed, or pass it."""
    with np.errstate(invalid="ignore"):
        return np.asarray(amount > needed if strict else amount >= needed)
