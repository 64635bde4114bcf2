"""What a child's points are compared with: its highest in a window, its birth, its first weights.

Worked out once for all points of a cohort, and shared by the rules.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Final

import numpy as np

from centiles import ages
from centiles.measures import MEASURES, Measure
from centiles.monitoring import pairs
from centiles.monitoring.points import Flags, Points, Rows

BIRTH_WEIGHT_BY_DAY: Final = 1
# Where the birth weight is not known: the highest weight of these days, counted from birth.
EARLY_DAYS: Final = (15, 56)
# Born before 37 weeks: the first weight from this corrected age [d] on.
SETTLED_FROM_DAYS: Final = 14


class Baselines:
    """All points of a cohort, and what each child's are compared with."""

    def __init__(self, points: Points, children: int) -> None:
        self.points, self.children = points, children
        self.of = cache(self._of)
        self.highest = cache(self._highest)

    def _of(self, measure: str) -> Rows:
        """Return the points of a measure, in order."""
        return np.flatnonzero(self.points.measure == MEASURES.index(Measure(measure)))

    def _highest(
        self,
        measure: str,
        within_days: float,
        from_age_days: float = -np.inf,
        gap_days: float = 0.0,
        kind: str = "z",
    ) -> Rows:
        """Return the start of the furthest fall to each point of a measure, −1 for none.

        Parameters are those of :func:`pairs.highest_before`; ``kind`` is ``"z"`` or ``"value"``.
        """
        rows = self.of(measure)
        start = pairs.highest_before(
            self.points,
            rows,
            within_days=within_days,
            from_age_days=from_age_days,
            gap_days=gap_days,
            raw=kind == "value",
        )
        return np.where(self.points.comparable[rows], start, -1)

    @cached_property
    def birth(self) -> Rows:
        """Each child's weight of day 0 or 1, −1 where there is none."""
        rows = self.of(Measure.WEIGHT)
        first = (self.points.age[rows] <= BIRTH_WEIGHT_BY_DAY) & self.points.comparable[rows]
        return self._first_by_child(rows[first])

    @cached_property
    def preterm(self) -> Flags:
        """Which children are known to be born before 37 weeks."""
        found = np.zeros(self.children, dtype=np.bool_)
        found[self.points.child] = self.points.gestation < ages.TERM_FROM_DAYS
        return found

    @cached_property
    def starting_weight(self) -> Rows:
        """What NICE NG75 compares each weight with, for all points of weight; −1 for none.

        The birth weight; where that is not known the highest so far of day 15 to 8 weeks; born
        before 37 weeks, the first at 14 days or more corrected.
        """
        points, rows = self.points, self.of(Measure.WEIGHT)
        child = points.child[rows]
        comparable = points.comparable[rows]
        settled = rows[(points.corrected[rows] >= SETTLED_FROM_DAYS) & comparable]
        fixed = np.where(self.preterm, self._first_by_child(settled), self.birth)[child]
        early = pairs.highest_of_ages(points, rows, *EARLY_DAYS)
        unknown = (self.birth[child] < 0) & ~self.preterm[child]
        start = np.where(unknown, early, fixed)
        return np.where((start < rows) & comparable, start, -1)

    def _first_by_child(self, rows: Rows) -> Rows:
        found = np.full(self.children, -1, dtype=np.intp)
        found[self.points.child[rows[::-1]]] = rows[::-1]
        return found
