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
    age = points.age[rows]
    oldest = np.maximum(age - within_days, from_age_days + age - points.corrected[rows])
    newest = (rows if gap_days == 0 else points.first_after(rows, age - gap_days)) - 1
    if raw:
        return _last_highest(points, points.value_before, rows, newest, oldest)
    return _highest_carried(points, rows, newest, oldest)


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
    newest = np.minimum(points.first_after(rows, np.full(len(rows), float(to_day))), rows) - 1
    return _highest_carried(points, rows, newest, np.full(len(rows), float(from_day)))


def _highest_carried(points: Points, rows: Rows, newest: Rows, oldest: FloatArray) -> Rows:
    """Return where the highest z of each window is, carried to the later points."""
    found = np.full(len(rows), -1, dtype=np.intp)
    section = points.section[rows]
    for code in np.unique(section):
        mine = np.flatnonzero(section == code)
        carried = points.carried_to(int(code))
        found[mine] = _last_highest(points, carried, rows[mine], newest[mine], oldest[mine])
    return found


def _last_highest(
    points: Points, value: FloatArray, rows: Rows, newest: Rows, oldest: FloatArray
) -> Rows:
    """Return where the highest value of each window is, the last of equals, −1 for none.

    All windows are walked back at once, a point at a time, so that the cost is one for each pair.

    Parameters
    ----------
    points
        All points.
    value
        What is compared, shape (points,); NaN is never the highest.
    rows
        The later points, shape (n,).
    newest
        The newest point of each window, shape (n,).
    oldest
        The age [d] its oldest point may have, shape (n,).
    """
    found = np.full(len(rows), -1, dtype=np.intp)
    highest = np.full(len(rows), -np.inf)
    first = points.starts[rows]
    open_, at = np.arange(len(rows)), newest
    while len(open_):
        inside = (at >= first[open_]) & (points.age[at] >= oldest[open_])
        open_, at = open_[inside], at[inside]
        higher = value[at] > highest[open_]
        better = open_[higher]
        found[better], highest[better] = at[higher], value[at[higher]]
        at = at - 1
    return found


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
