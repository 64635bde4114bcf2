"""Falls and rises in z, from the highest of a window, from birth or from the first weeks."""

from __future__ import annotations

from typing import Final

import numpy as np

from centiles.ages import DAYS_IN_YEAR, FloatArray
from centiles.lms import SPACE
from centiles.monitoring.kinds import Change, Watch, with_start
from centiles.monitoring.points import Flags, Rows, Spans
from centiles.monitoring.schema import Level, Rule

_TINY: Final = 1e-9  # so that a line belongs to its band, whatever binary makes of it


class Fall(Change):
    """A fall from the highest of a window."""

    sign = 1

    def candidates(self) -> tuple[Rows, Rows]:
        """Return where the highest of the window is above."""
        rows = self.spoken_low(self.least, self.sign)
        return with_start(rows, self.highest(rows, self.sign))

    def amount(self, at: Spans) -> FloatArray:
        """Return how far it fell [z], carried over joins."""
        return self.sign * self.points.falls(at.start, at.row)


class Rise(Fall):
    """A rise from the lowest of a window: a fall with its sign turned."""

    sign = -1


class FallFromBirth(Fall):
    """A fall from the weight NICE NG75 starts from, by bands of birth weight."""

    def __init__(self, watch: Watch, rule: Rule, measure: str) -> None:
        super().__init__(watch, rule, measure)
        known = watch.birth >= 0
        z = np.zeros(watch.children)
        z[known] = self.points.z[watch.birth[known]]
        (low, below), (high, middle), (_, above) = rule.bands
        band = np.select([z < low - _TINY, z <= high + _TINY], [below, middle], above)
        self.band = band * SPACE

    def candidates(self) -> tuple[Rows, Rows]:
        """Return the weights that have such a start and may have fallen from it as far."""
        rows = self.spoken_low(self.least)
        return with_start(rows, self.watch.starting_weight(rows))

    @property
    def least(self) -> float:
        """The least any band and level asks."""
        bands = min(spaces for _, spaces in self.rule.bands) * SPACE
        return bands + min(level.beyond for level in self.rule.levels)

    def needed(self, level: Level, rows: Rows) -> FloatArray:
        """Return the fall of each child's band; of the middle one where birth is not known."""
        return np.asarray(self.band[self.points.child[rows]] + level.beyond)


class FallFromEarly(Fall):
    """A fall from the highest weight of 4 to 8 weeks; from 1 year also from that of 36 months."""

    def candidates(self) -> tuple[Rows, Rows]:
        """Return the further of the two falls, where there is one."""
        rows, points = self.spoken_low(self.least), self.points
        start = self.watch.settled_weight(rows)
        older = np.flatnonzero(points.corrected[rows] >= DAYS_IN_YEAR)
        window = self.highest(rows[older])
        further = (window >= 0) & (
            (start[older] < 0) | self._higher(window, start[older], rows[older])
        )
        start[older[further]] = window[further]
        return with_start(rows, start)

    def _higher(self, one: Rows, other: Rows, rows: Rows) -> Flags:
        """Return where one start is higher than another, or there is no other."""
        with np.errstate(invalid="ignore"):
            higher = self.points.carried(one, rows) > self.points.carried(other, rows)
        return np.asarray((one >= 0) & (higher | (other < 0)))
