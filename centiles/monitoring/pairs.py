"""Pairs of points: the highest earlier point inside a window, for all points at once."""

from __future__ import annotations

import numpy as np

from centiles.ages import FloatArray
from centiles.monitoring.points import Points, Rows

_RUNS_APART = 1e3  # more than values differ


class Highest:
    """Where the highest value of any run is, the last of equals: two look-ups an answer.

    Tables of the highest in every run of 1, 2, 4 … values, made as they are asked for.
    """

    def __init__(self, value: FloatArray) -> None:
        self.value = np.where(np.isnan(value), -np.inf, value)
        self.tables = [np.arange(len(value))]

    def of(self, low: Rows, high: Rows) -> Rows:
        """Return where the highest of each ``[low, high)`` is, −1 where all are NaN or none is."""
        found = np.full(len(low), -1, dtype=np.intp)
        length = high - low
        level = np.frexp(np.maximum(length, 0))[1] - 1
        for k in np.unique(level[length > 0]):
            mine = np.flatnonzero(level == k)
            table = self._table(int(k))
            left, right = table[low[mine]], table[high[mine] - (1 << int(k))]
            found[mine] = np.where(self.value[right] >= self.value[left], right, left)
        return np.where((found >= 0) & np.isfinite(self.value[found]), found, -1)

    def _table(self, level: int) -> Rows:
        while len(self.tables) <= level:
            before, step = self.tables[-1], 1 << (len(self.tables) - 1)
            left, right = before[:-step], before[step:]
            self.tables.append(np.where(self.value[right] >= self.value[left], right, left))
        return self.tables[level]


def window(
    points: Points,
    rows: Rows,
    *,
    within_days: float,
    from_age_days: float = -np.inf,
    gap_days: float = 0.0,
) -> tuple[Rows, Rows]:
    """Return the first of the earlier points in a window, and the first after them.

    Parameters
    ----------
    points
        All points.
    rows
        The later points, shape (n,).
    within_days
        How far back the window reaches [d], both ends included.
    from_age_days
        The youngest corrected age [d] of an earlier point.
    gap_days
        How long before the later point an earlier one must be [d]; 0 is "at all".
    """
    age = points.age[rows]
    oldest = np.maximum(age - within_days, from_age_days + age - points.corrected[rows])
    low = points.starts[rows]
    older = np.flatnonzero(points.age[low] < oldest)  # few segments reach back that far
    low[older] = points.first_at(rows[older], oldest[older])
    return low, rows if gap_days == 0 else points.first_after(rows, age - gap_days)


def highest_before(value: FloatArray, starts: Rows) -> FloatArray:
    """Return the highest of the values before each in its run, at least; far below for the first.

    One running maximum serves all runs: each is set so far above the one before that nothing of
    that is higher. It can then be more than it is, never less but for the last digits.

    Parameters
    ----------
    value
        Values run by run, NaN for none, shape (n,).
    starts
        Where each one's run starts, shape (n,).

    Examples
    --------
    >>> highest_before(np.array([2.0, 1.0, np.nan, 0.0]), np.array([0, 0, 0, 0]))[1:].tolist()
    [2.0, 2.0, 2.0]
    """
    above = _RUNS_APART * starts
    high = np.fmax.accumulate(value + above)
    return np.asarray(np.append(-np.inf, high)[:-1] - above)


def percent_lost(before: FloatArray, now: FloatArray) -> FloatArray:
    """Return how much of an earlier value is gone [%]; a gain is negative.

    Rounded to 9 decimals, so that 3.500 to 3.150 kg is exactly 10 %, whatever binary makes of it.

    Examples
    --------
    >>> float(percent_lost(np.array(3.5), np.array(3.15)))
    10.0
    """
    return np.round(100 * (before - now) / before, 9)


def newest_before(points: Points, rows: Rows, gap_days: float) -> Rows:
    """Return the newest point at least ``gap_days`` before each, −1 for none or for a −1."""
    found = np.full(len(rows), -1, dtype=np.intp)
    there = np.flatnonzero(rows >= 0)
    at = rows[there]
    before = points.first_after(at, points.age[at] - gap_days) - 1
    found[there] = np.where(before >= points.starts[at], before, -1)
    return found
