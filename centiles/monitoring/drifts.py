"""A slow drift down: a straight line through several points."""

from __future__ import annotations

import numpy as np

from centiles.ages import DAYS_IN_YEAR, FloatArray
from centiles.monitoring import conditional, pairs
from centiles.monitoring.kinds import Change
from centiles.monitoring.points import Rows, Spans

ONE_YEAR = 396  # 13 months


class Drift(Change):
    """A fitted line that falls over the points of a window, with no fall within a year."""

    def candidates(self) -> tuple[Rows, Rows]:
        """Return points with enough before them in the window; the start is the first of those."""
        rule, rows = self.rule, self.spoken()
        rows = rows[rows - self.points.starts[rows] + 1 >= rule.points]  # most have too few
        rows = rows[self.points.comparable[rows]]
        start, _ = pairs.window(
            self.points, rows, within_days=rule.within_days, from_age_days=rule.from_age
        )
        enough = rows - start + 1 >= rule.points
        rows, start = rows[enough], start[enough]
        drifted = self.amount(Spans(rows, start, rows)) >= self.least
        rows, start = rows[drifted], start[drifted]
        year = self.watch.highest(
            self.measure, rows, within_days=ONE_YEAR, from_age_days=rule.from_age
        )
        fell = self.points.falls(year, rows) >= rule.unless_fallen
        slow = ~(fell & (year >= 0))
        return rows[slow], start[slow]

    def amount(self, at: Spans) -> FloatArray:
        """Return how far the line through all points from start to row falls [z]."""
        found = np.full(len(at.row), np.nan)
        section = self.points.section[at.row]
        for code in np.unique(section[section >= 0]):
            k = np.flatnonzero(section == code)
            z = self.points.carried_to(int(code))
            found[k] = self._fitted(z, at.start[k], at.row[k] + 1)
        return found

    def _fitted(self, z: FloatArray, low: Rows, high: Rows) -> FloatArray:
        """Return how far a straight line through ``[low, high)`` falls, NaN through too few."""
        there, age = self.points.of(self.measure), self.points.age
        t, z = (age - age[self.points.starts])[there] / DAYS_IN_YEAR, z[there]
        known = ~np.isnan(z)
        t, z = np.where(known, t, 0), np.where(known, z, 0)
        edges = low - there.start, high - there.start
        n, st, sz, stt, stz = (
            _sums(each, *edges) for each in (known.astype(np.float64), t, z, t * t, t * z)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (stz - st * sz / n) / (stt - st * st / n)
        span = (age[high - 1] - age[low]) / DAYS_IN_YEAR
        return np.where(n >= self.rule.points, -slope * span, np.nan)

    def error(self, at: Spans) -> FloatArray:
        """Return the standard deviation of the change from the errors at its two ends."""
        return conditional.change_error(self.points, at.start, at.row)


def _sums(value: FloatArray, low: Rows, high: Rows) -> FloatArray:
    """Return the sum of each ``[low, high)``, each by itself and so exact whatever else there is.

    Examples
    --------
    >>> _sums(np.array([1.0, 2.0, 4.0]), np.array([0, 1]), np.array([2, 3])).tolist()
    [3.0, 6.0]
    """
    edges = np.stack([low, high], axis=1).ravel()
    return np.asarray(np.add.reduceat(np.append(value, 0.0), edges)[::2])
