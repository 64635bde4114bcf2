"""What a child's points are compared with: its highest in a window, its birth, its first weights.

Worked out for all points of a cohort, and shared by the rules.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Final

import numpy as np

from centiles import ages
from centiles.ages import FloatArray
from centiles.measures import Measure
from centiles.monitoring import pairs
from centiles.monitoring.pairs import Highest
from centiles.monitoring.points import Flags, Points, Rows

BIRTH_WEIGHT_BY_DAY: Final = 1
# Where the birth weight is not known: the highest weight of these days, counted from birth.
EARLY_DAYS: Final = (15, 56)
# The first weeks once feeding is settled: 4 to 8 weeks, corrected.
SETTLED_WEEKS_DAYS: Final = (28, 56)
# Born before 37 weeks: the first weight from this corrected age [d] on.
SETTLED_FROM_DAYS: Final = 14
THREE_YEARS: Final = 1096


class Baselines:
    """All points of a cohort, and what each child's are compared with."""

    def __init__(self, points: Points, children: int) -> None:
        self.points, self.children = points, children
        self.of = cache(self._of)
        self._table = cache(self._make_table)
        self._raw_table = cache(self._make_raw_table)
        self.depth = cache(self._depth)
        self.lost = cache(self._lost)

    def _of(self, measure: str) -> Rows:
        """Return the points of a measure, in order."""
        there = self.points.of(measure)
        return np.arange(there.start, there.stop)

    def highest(
        self,
        measure: str,
        rows: Rows,
        *,
        within_days: float,
        from_age_days: float = -np.inf,
        gap_days: float = 0.0,
        sign: int = 1,
    ) -> Rows:
        """Return the start of the furthest fall to points, carried over joins; −1 for none.

        Parameters
        ----------
        measure
            Their measure.
        rows
            The later points, shape (n,).
        within_days, from_age_days, gap_days
            As in :func:`pairs.window`.
        sign
            1 for the highest, −1 for the lowest: the start of the furthest rise.
        """
        low, high = pairs.window(
            self.points, rows, within_days=within_days, from_age_days=from_age_days,
            gap_days=gap_days,
        )  # fmt: skip
        return self.highest_between(measure, rows, low, high, sign=sign)

    def highest_between(
        self, measure: str, rows: Rows, low: Rows, high: Rows, *, sign: int = 1
    ) -> Rows:
        """Return the highest of the points of each ``[low, high)``, carried to the later ones."""
        found = np.full(len(rows), -1, dtype=np.intp)
        section = self.points.section[rows]
        usable = (low < high) & self.points.comparable[rows]
        for code in np.unique(section[usable]):
            at = np.flatnonzero(usable & (section == code))
            kept, place, table = self._table(measure, int(code), sign)
            begin = self.points.of(measure).start
            best = table.of(place[low[at] - begin], place[high[at] - begin])
            found[at] = np.where(best >= 0, kept[best], -1)
        return found

    def highest_value(
        self, measure: str, rows: Rows, *, within_days: float, gap_days: float,
        from_age_days: float = -np.inf,
    ) -> Rows:  # fmt: skip
        """Return where the highest value of a window before points is, −1 for none."""
        low, high = pairs.window(
            self.points, rows, within_days=within_days, from_age_days=from_age_days,
            gap_days=gap_days,
        )  # fmt: skip
        begin = self.points.of(measure).start
        found = np.full(len(rows), -1, dtype=np.intp)
        at = np.flatnonzero((low < high) & self.points.comparable[rows])
        best = self._raw_table(measure).of(low[at] - begin, high[at] - begin)
        found[at] = np.where(best >= 0, best + begin, -1)
        return found

    def _make_table(self, measure: str, section: int, sign: int) -> tuple[Rows, Rows, Highest]:
        """Return the points that can be carried to a section, where each is, and their highest.

        Points of later sections are left out, so that no point is looked at for nothing.
        """
        rows = self.of(measure)
        carried = self.points.carried_to(section)[self.points.of(measure)]
        kept = np.flatnonzero(~np.isnan(carried))
        place = np.zeros(len(rows) + 1, dtype=np.intp)
        np.cumsum(~np.isnan(carried), out=place[1:])
        return rows[kept], place, Highest(sign * carried[kept])

    def _make_raw_table(self, measure: str) -> Highest:
        return Highest(self.points.value_before[self.points.of(measure)])

    def _depth(self, measure: str, sign: int = 1) -> FloatArray:
        """Return how far each point of a measure lies below the highest of all before it [z].

        It is the most that any window can say, so that rules look at few points only. Where the
        correction for gestation stopped in between it is infinite: to be looked at. With sign −1,
        how far above the lowest.
        """
        there, points = self.points.of(measure), self.points
        section, starts, z = points.section[there], points.starts[there], points.z[there]
        below = np.full(len(z), -np.inf)
        for code in np.unique(section[section >= 0]):
            carried = points.carried_to(int(code))[there]
            below = np.where(section == code, self._below(sign * carried, sign * z, there), below)
        return np.where(points.shift[there] != points.shift[starts], np.inf, below)

    def _lost(self, measure: str) -> FloatArray:
        """Return how much less each value of a measure is than the highest of all before it."""
        there = self.points.of(measure)
        return self._below(self.points.value_before[there], self.points.value[there], there)

    def _below(self, before: FloatArray, now: FloatArray, there: slice) -> FloatArray:
        """Return how far values lie below the highest before them in their segments, at most."""
        return pairs.highest_before(before, self.points.starts[there]) - now

    @cached_property
    def birth(self) -> Rows:
        """Each child's weight of day 0 or 1, −1 where there is none."""
        rows = self.of(Measure.WEIGHT)
        first = (self.points.age[rows] <= BIRTH_WEIGHT_BY_DAY) & self.points.comparable[rows]
        return self._first_by_child(rows[first])

    @cached_property
    def birth_length(self) -> Rows:
        """Each child's length of day 0 or 1, −1 where there is none."""
        rows = self.of(Measure.HEIGHT)
        first = (self.points.age[rows] <= BIRTH_WEIGHT_BY_DAY) & self.points.comparable[rows]
        return self._first_by_child(rows[first])

    @cached_property
    def preterm(self) -> Flags:
        """Which children are known to be born before 37 weeks."""
        found = np.zeros(self.children, dtype=np.bool_)
        found[self.points.child] = self.points.gestation < ages.TERM_FROM_DAYS
        return found

    def starting_weight(self, rows: Rows) -> Rows:
        """Return what NICE NG75 compares weights with; −1 for none.

        The birth weight; where that is not known the highest so far of day 15 to 8 weeks; born
        before 37 weeks, the first at 14 days or more corrected.
        """
        points = self.points
        child = points.child[rows]
        unknown = (self.birth[child] < 0) & ~self.preterm[child]
        start = np.where(self.preterm[child], self._settled[child], self.birth[child])
        at = rows[unknown]
        low = points.first_at(at, np.full(len(at), float(EARLY_DAYS[0])))
        high = np.minimum(points.first_after(at, np.full(len(at), float(EARLY_DAYS[1]))), at)
        start[unknown] = self.highest_between(Measure.WEIGHT, at, low, high)
        return np.where((start < rows) & points.comparable[rows], start, -1)

    def settled_weight(self, rows: Rows) -> Rows:
        """Return the highest weight of 4 to 8 weeks, corrected, so far; −1 for none."""
        points, (first, last) = self.points, SETTLED_WEEKS_DAYS
        shift = points.shift[points.starts[rows]]
        low = points.first_at(rows, first + shift)
        high = np.minimum(points.first_after(rows, last + shift), rows)
        return self.highest_between(Measure.WEIGHT, rows, low, high)

    @cached_property
    def _settled(self) -> Rows:
        """Each child's first weight at 14 days corrected or older, −1 for none."""
        rows = self.of(Measure.WEIGHT)
        settled = self.points.corrected[rows] >= SETTLED_FROM_DAYS
        return self._first_by_child(rows[settled & self.points.comparable[rows]])

    def _first_by_child(self, rows: Rows) -> Rows:
        found = np.full(self.children, -1, dtype=np.intp)
        found[self.points.child[rows[::-1]]] = rows[::-1]
        return found
