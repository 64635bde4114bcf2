"""Joins do not raise: who was low already, had the tables not changed.

The tables change at a join, and where the correction of an age for gestation stops.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from centiles.ages import DAYS_IN_YEAR, VERY_PRETERM_BELOW_DAYS, FloatArray
from centiles.monitoring.kinds import Sort
from centiles.monitoring.levels import Standing
from centiles.monitoring.points import Flags, Points, Rows
from centiles.references import reference

JOIN_GUARD_DAYS: Final = 396


def low_before(sort: Sort, rows: Rows, amount: FloatArray | float) -> tuple[Flags, Flags]:
    """Return which points follow a change of tables, within 13 months, of a child already so.

    Already so is whose newest point before the change reaches ``amount`` as scored on the new
    tables; second, which of those did not on the old.
    """
    found = np.zeros((2, len(rows)), dtype=np.bool_)
    for before, near, z in (_joined(sort.points, rows), _uncorrected(sort.points, rows)):
        at = np.flatnonzero(near)
        needed = np.broadcast_to(amount, rows.shape)[at]
        was = before[at]
        with np.errstate(invalid="ignore"):
            already = _size(sort, rows[at], z[at]) > needed
            before_it = _size(sort, was, sort.points.z_before[was]) > needed
        found[0, at] |= already
        found[1, at] |= already & ~before_it
    return found[0], found[1]


def _size(sort: Sort, rows: Rows, z: FloatArray) -> FloatArray:
    return sort.size(rows, z) if isinstance(sort, Standing) else -z


def _joined(points: Points, rows: Rows) -> tuple[Rows, Flags, FloatArray]:
    """Return the newest points before a join, whether it was near, and their z carried."""
    before = points.last_section[rows]
    joins = np.array([join.at_day for join in reference().joins if join.carried])
    since = points.corrected[rows][:, None] - joins
    near = ((since >= 0) & (since <= JOIN_GUARD_DAYS)).any(axis=1)
    return before, (before >= 0) & near, points.carried(before, rows)


def _uncorrected(points: Points, rows: Rows) -> tuple[Rows, Flags, FloatArray]:
    """Return the same of where the correction for gestation stopped, without it."""
    before = points.last_shift[rows]
    there = before >= 0
    z = np.full(len(rows), np.nan)
    at = np.flatnonzero(there)
    if len(at):
        was = before[at]
        age = points.age[was] - points.shift[rows[at]]
        z[at] = points.rescored(points.value_before[was], was, age)
    years = np.where(points.gestation[rows] < VERY_PRETERM_BELOW_DAYS, 2, 1)
    since = points.age[rows] - years * DAYS_IN_YEAR
    return before, there & (since >= 0) & (since <= JOIN_GUARD_DAYS), z
