"""What was expected of a child and did not come: conditional gain, and surprise."""

from __future__ import annotations

import numpy as np

from centiles.ages import FloatArray
from centiles.monitoring import conditional
from centiles.monitoring.correlations import correlation
from centiles.monitoring.kinds import Change, Watch, with_start
from centiles.monitoring.pairs import newest_before
from centiles.monitoring.points import Rows, Spans
from centiles.monitoring.schema import Rule
from centiles.monitoring.trajectory import surprise_and_spread


class Gain(Change):
    """A gain lower than that of healthy children who stood there, after one or two points."""

    def candidates(self) -> tuple[Rows, Rows]:
        """Return the points with an earlier one long enough before."""
        rows = self.spoken()
        start = newest_before(self.points, rows, self.rule.gap_days)
        return with_start(rows, np.where(self.points.comparable[rows], start, -1))

    def amount(self, at: Spans) -> FloatArray:
        """Return less the conditional gain [standard deviations]."""
        earlier = newest_before(self.points, at.start, self.rule.gap_days)
        gain = -conditional.gains(self.points, earlier, at.start, at.row)
        # Where an older point cannot be carried the newer one is enough.
        lost = np.flatnonzero(np.isnan(gain) & (earlier >= 0))
        alone = np.full(len(lost), -1)
        gain[lost] = -conditional.gains(self.points, alone, at.start[lost], at.row[lost])
        return gain

    def error(self, at: Spans) -> FloatArray:
        """Return the standard deviation of a gain from the errors of its two measurements."""
        r = correlation(self.measure, self.points.age[at.start], self.points.age[at.row])
        return np.asarray(super().error(at) / np.sqrt(1 - r**2))


class Surprise(Change):
    """A value far from where all of a child's earlier ones say, after a fall."""

    def __init__(self, watch: Watch, rule: Rule, measure: str) -> None:
        super().__init__(watch, rule, measure)
        there = self.points.of(measure)
        self.begin, count = there.start, there.stop - there.start
        self.known = np.zeros(count, dtype=np.bool_)
        self.expected = np.full((2, count), np.nan)  # surprise and spread, where known

    def candidates(self) -> tuple[Rows, Rows]:
        """Return where there was a fall from the highest of the window."""
        fallen = self.rule.fallen
        rows = self.spoken_low(fallen)
        rows, start = with_start(rows, self.highest(rows))
        with np.errstate(invalid="ignore"):
            fell = self.points.falls(start, rows) >= fallen
        return rows[fell], start[fell]

    def amount(self, at: Spans) -> FloatArray:
        """Return less the surprise of the point it opened at, and what it fell since.

        What was expected then stays the measure: a child that stays low is not less of a surprise
        for having been so for long.
        """
        self._solve(at.first)
        surprise, spread = self.expected[:, at.first - self.begin]
        since = np.where(at.row == at.first, 0.0, self.points.falls(at.first, at.row))
        return np.asarray(since / spread - surprise)

    def _solve(self, rows: Rows) -> None:
        """Work out the surprise of points, each once."""
        new = np.unique(rows[~self.known[rows - self.begin]])
        if len(new):
            self.known[new - self.begin] = True
            self.expected[:, new - self.begin] = surprise_and_spread(self.points, new, new)

    def error(self, at: Spans) -> FloatArray:
        """Return NaN: short-term spread, measurement error too, is part of what is expected."""
        return np.full(len(at.row), np.nan)
