"""Pairs of points: the highest earlier point inside a window, for all points at once."""

from __future__ import annotations

import numpy as np

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
    high = rows if gap_days == 0 else points.first_at(rows, np.nextafter(age - gap_days, np.inf))
    if raw:
        chosen = np.flatnonzero(low < high)
        found[chosen] = _last_highest(points.value_before, low[chosen], high[chosen])
        return found
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


def previous_section(points: Points, rows: Rows) -> tuple[Rows, Flags]:
    """Return the newest earlier point of another section, −1 for none, and whether there is one."""
    change = np.zeros(len(points), dtype=np.bool_)
    if len(points) > 1:
        change[1:] = (points.section[1:] != points.section[:-1]) & (
            points.segment[1:] == points.segment[:-1]
        )
    last = np.maximum.accumulate(np.where(change, np.arange(len(points)), -1))[rows]
    there = (last >= 0) & (last > points.starts[rows]) & (last <= rows)
    return np.where(there, last - 1, -1), there
