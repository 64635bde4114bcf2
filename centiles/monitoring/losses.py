"""Weight lost, or not gained: from the highest of a window, from birth, week by week."""

from __future__ import annotations

from typing import Final

import numpy as np

from centiles.ages import FloatArray
from centiles.monitoring import conditional
from centiles.monitoring.kinds import SLACK, Sort, Watch, with_start
from centiles.monitoring.pairs import newest_before, percent_lost
from centiles.monitoring.points import Rows, Spans
from centiles.monitoring.schema import Rule

LOSS_BEYOND_ERROR: Final = 1.96


class Loss(Sort):
    """Lower than the highest value of a window by a percentage, and by more than error."""

    def candidates(self) -> tuple[Rows, Rows]:
        """Return where more than error was lost."""
        rows, start = with_start(*self._window(LOSS_BEYOND_ERROR))
        lost = self.points.value_before[start] - self.points.value[rows]
        beyond = lost > LOSS_BEYOND_ERROR * np.sqrt(2) * conditional.value_error(self.points, rows)
        return rows[beyond], start[beyond]

    def _window(self, least: float) -> tuple[Rows, Rows]:
        """Return weights that may have lost so many √2 errors, and the highest of the window."""
        rule, rows = self.rule, self.spoken()
        lost = self.watch.lost(self.measure)[rows - self.points.of(self.measure).start]
        error = np.sqrt(2) * conditional.value_error(self.points, rows)
        rows = rows[lost >= least * error - SLACK]
        return rows, self.watch.highest_value(
            self.measure, rows, within_days=rule.within_days, gap_days=rule.gap_days,
            from_age_days=rule.from_age,
        )  # fmt: skip

    def amount(self, at: Spans) -> FloatArray:
        """Return how much is lost [%]."""
        return percent_lost(self.points.value_before[at.start], self.points.value[at.row])

    def error(self, at: Spans) -> FloatArray:
        """Return the standard deviation of a percentage from the errors of two measurements."""
        spread = np.sqrt(2) * conditional.value_error(self.points, at.row)
        return np.asarray(100 * spread / self.points.value_before[at.start])


class LossFromBirth(Loss):
    """Below the birth weight by a percentage."""

    def candidates(self) -> tuple[Rows, Rows]:
        """Return the weights after birth, where the birth weight is known."""
        rows = self.spoken()
        start = self.watch.birth[self.points.child[rows]]
        return with_start(rows, np.where(start < rows, start, -1))


class Static(Loss):
    """A gain of less than error over months: a loss whose threshold is below nothing."""

    def candidates(self) -> tuple[Rows, Rows]:
        """Return the weights with an earlier one in the window that may have gained so little."""
        return with_start(*self._window(self.least))

    def amount(self, at: Spans) -> FloatArray:
        """Return what is lost in units of √2 measurement errors; a gain is negative."""
        error = np.sqrt(2) * conditional.value_error(self.points, at.first)
        lost = self.points.value_before[at.start] - self.points.value[at.row]
        return np.asarray(np.round(lost / error, 9))

    def error(self, at: Spans) -> FloatArray:
        """Return 1: the amount is in units of its own error."""
        return np.ones(len(at.row))


class Rate(Sort):
    """Weight lost week after week, in two intervals in a row [kg a week]."""

    def __init__(self, watch: Watch, rule: Rule, measure: str) -> None:
        super().__init__(watch, rule, measure)
        rows = watch.of(measure)
        self.begin = rows[0] if len(rows) else 0
        self.start = np.full(len(rows), -1, dtype=np.intp)
        self.both = np.full(len(rows), np.nan)
        # An interval is short only where the weight before is near; most are not.
        near = np.flatnonzero(np.diff(self.points.age[rows], prepend=np.inf) <= rule.within_days)
        near = near[self.points.starts[rows[near]] < rows[near]]
        middle = self._newest(rows[near])
        start = self._newest(middle)
        later, former = self._rate(middle, rows[near]), self._rate(start, middle)
        self.start[near] = start
        self.both[near] = np.minimum(later, former)  # NaN where either is

    def _newest(self, rows: Rows) -> Rows:
        """Return the newest weight of the interval before each, −1 for none."""
        found = newest_before(self.points, rows, self.rule.gap_days)
        apart = self.points.age[rows] - self.points.age[found]
        known = (found >= 0) & (apart <= self.rule.within_days) & self.points.comparable[rows]
        return np.where(known, found, -1)

    def _rate(self, earlier: Rows, later: Rows) -> FloatArray:
        points = self.points
        weeks = (points.age[later] - points.age[earlier]) / 7
        with np.errstate(divide="ignore", invalid="ignore"):
            lost = (points.value_before[earlier] - points.value[later]) / weeks
        return np.where((earlier >= 0) & (later >= 0), np.round(lost, 9), np.nan)

    def candidates(self) -> tuple[Rows, Rows]:
        """Return the weights that end two such intervals."""
        rows = self.spoken()
        mine = rows - self.begin
        return with_start(rows, np.where(self.both[mine] >= self.least, self.start[mine], -1))

    def amount(self, at: Spans) -> FloatArray:
        """Return the rate of two intervals: that of the first less what is regained, or a new one.

        What is regained counts over the weeks of the first two intervals.
        """
        points = self.points
        weeks = (points.age[at.first] - points.age[at.start]) / 7
        back = np.maximum(points.value[at.row] - points.value[at.first], 0) / weeks
        kept = self.both[at.first - self.begin] - back
        return np.asarray(np.fmax(kept, self.both[at.row - self.begin]))

    def error(self, at: Spans) -> FloatArray:
        """Return the standard deviation of a rate over half of the two intervals."""
        weeks = (self.points.age[at.first] - self.points.age[at.start]) / 14
        return np.asarray(np.sqrt(2) * conditional.value_error(self.points, at.row) / weeks)
