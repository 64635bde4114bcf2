"""Pairs of points: the highest earlier point inside a window, for all points at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from centiles.ages import FloatArray
from centiles.monitoring.points import Flags, Points, Rows


def highest_before(
    points: Points,
    rows: Rows,
    *,
    within_days: float,
    from_age_days: float = -np.inf,
    gap_days: float = 0.0,
    raw: bool = False,
) -> Rows:
    """Return for each point the earlier one from which it fell furthest, −1 for none.

    Parameters
    ----------
    points
        All points.
    rows
        The later points, shape (n,), in order.
    within_days
        How far back the window reaches [d], both ends included.
    from_age_days
        The youngest corrected age [d] of an earlier point.
    gap_days
        How long before the later point an earlier one must be [d]; 0 is "at all".
    raw
        Compare values rather than z carried over joins.
    """
    found = np.full(len(rows), -1, dtype=np.intp)
    age = points.age[rows]
    oldest = np.maximum(age - within_days, from_age_days + age - points.corrected[rows])
    low = np.maximum(points.first_at(rows, oldest), points.starts[rows])
    high = rows if gap_days == 0 else points.first_after(rows, age - gap_days)
    if raw:
        chosen = np.flatnonzero(low < high)
        found[chosen] = _last_highest(points.value_before, low[chosen], high[chosen])
        return found
    return _highest_carried(points, rows, low, high)


def highest_of_ages(points: Points, rows: Rows, from_day: float, to_day: float) -> Rows:
    """Return the highest earlier point of certain days from birth, carried, −1 for none.

    Parameters
    ----------
    points
        All points.
    rows
        The later points, shape (n,), in order.
    from_day, to_day
        The ages since birth [d] an earlier point may have, both included.
    """
    low = points.first_at(rows, np.full(len(rows), float(from_day)))
    high = np.minimum(points.first_after(rows, np.full(len(rows), float(to_day))), rows)
    return _highest_carried(points, rows, low, high)


def _highest_carried(points: Points, rows: Rows, low: Rows, high: Rows) -> Rows:
    """Return where the highest z of each ``[low, high)`` is, carried to the later points."""
    found = np.full(len(rows), -1, dtype=np.intp)
    for section in np.unique(points.section[rows]):
        chosen = np.flatnonzero((points.section[rows] == section) & (low < high))
        if len(chosen):
            carried = points.carried_to(int(section))
            found[chosen] = _last_highest(carried, low[chosen], high[chosen])
    return found


def _last_highest(value: FloatArray, low: Rows, high: Rows) -> Rows:
    """Return where the highest value of each ``[low, high)`` is, the last of equals.

    NaN never is; −1 where a window holds nothing else. A table of the highest in every run of
    1, 2, 4 … values answers each window with two look-ups.
    """
    filled = np.where(np.isnan(value), -np.inf, value)
    best = np.arange(len(filled))
    length = high - low
    found = np.full(len(low), -1, dtype=np.intp)
    level = 0
    while True:
        mine = (length >= (1 << level)) & (length < (2 << level))
        if mine.any():
            left, right = best[low[mine]], best[high[mine] - (1 << level)]
            found[mine] = np.where(filled[right] >= filled[left], right, left)
        if (2 << level) > length.max(initial=0):
            break
        step = 1 << level
        left, right = best[:-step], best[step:]
        best = np.where(filled[right] >= filled[left], right, left)
        level += 1
    return np.where((found >= 0) & np.isfinite(filled[found]), found, -1)


def percent_lost(before: FloatArray, now: FloatArray) -> FloatArray:
    """Return how much of an earlier value is gone [%]; a gain is negative.

    Rounded to 9 decimals, so that 3.500 to 3.150 kg is exactly 10 %, whatever binary makes of it.

    Examples
    --------
    >>> float(percent_lost(np.array(3.5), np.array(3.15)))
    10.0
    """
    return np.round(100 * (before - now) / before, 9)


def newest_of_another(points: Points, rows: Rows, kind: NDArray[Any]) -> tuple[Rows, Flags]:
    """Return the newest earlier point of another kind, −1 for none, and whether there is one.

    Parameters
    ----------
    points
        All points.
    rows
        The later points, shape (n,).
    kind
        What sort of point each is, such as its section, shape (points,).
    """
    change = np.zeros(len(points), dtype=np.bool_)
    if len(points) > 1:
        change[1:] = (kind[1:] != kind[:-1]) & (points.segment[1:] == points.segment[:-1])
    last = np.maximum.accumulate(np.where(change, np.arange(len(points)), -1))[rows]
    there = (last >= 0) & (last > points.starts[rows]) & (last <= rows)
    return np.where(there, last - 1, -1), there
