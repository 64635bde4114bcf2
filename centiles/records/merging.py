"""One timeline from many rows: who a child is, and which values of a day are one value.

Nothing is overwritten. A row that contradicts the rest is kept as it is and said to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centiles.ages import FloatArray
from centiles.orders import run_starts, sorted_by, timeline_key

Codes = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]


def agreed(
    child: Codes, stated: Codes, children: int, times: Codes | None = None
) -> tuple[NDArray[np.int64], Flags]:
    """Return what most of a child's rows state, and which rows state something else.

    Parameters
    ----------
    child
        Each row's child, −1 for none, shape (n,). Rows are in the order of their rank.
    stated
        What each row states, −1 for nothing, shape (n,).
    children
        How many children there are.
    times
        How many rows each row stands for, shape (n,); one where not given.

    Returns
    -------
    tuple of arrays
        For each child what it is, −1 where no row says, shape (children,); a tie goes to the
        first row. For each row whether it states something else, shape (n,).
    """
    known = np.flatnonzero((child >= 0) & (stated >= 0))
    best = np.full(children, -1, dtype=np.int64)
    best[child[known[::-1]]] = stated[known[::-1]]  # the first row's word is written last
    differs = np.zeros(len(child), dtype=np.bool_)
    differs[known] = stated[known] != best[child[known]]
    if not differs.any():
        return best, differs
    divided = np.zeros(children, dtype=np.bool_)
    divided[child[differs]] = True
    rows = known[divided[child[known]]]
    _, first, place, count = np.unique(
        np.stack([child[rows], stated[rows]]),
        axis=1, return_index=True, return_inverse=True, return_counts=True,
    )  # fmt: skip
    if times is not None:
        count = np.bincount(place.ravel(), weights=times[rows])
    order = np.lexsort((-first, count))  # the most stated, then the first, is written last
    best[child[rows[first[order]]]] = stated[rows[first[order]]]
    differs[known] = stated[known] != best[child[known]]
    return best, differs


def witness(child: Codes, stated: Codes, best: Codes) -> NDArray[np.intp]:
    """Return for each child the first row that states what stands, −1 where none does."""
    rows = np.flatnonzero((child >= 0) & (stated >= 0))
    rows = rows[stated[rows] == best[child[rows]]]
    first = np.full(len(best), -1, dtype=np.intp)
    first[child[rows[::-1]]] = rows[::-1]
    return first


def named_beside(suggestion: str, source: Any, row: Any) -> list[str]:
    """Return a suggestion for each row that names the other file and row.

    Examples
    --------
    >>> named_beside("settle which is right", ["b.csv"], [7])
    ['settle which is right; the other is row 7 of b.csv']
    """
    return [f"{suggestion}; the other is row {n} of {s}" for s, n in zip(source, row, strict=True)]


@dataclass(frozen=True)
class SameDay:
    """What became of values measured in one child on one day.

    ``kept`` is the row each value stands for: its own, or the one it was merged into.
    ``conflict`` marks kept values that disagree beyond measurement error.
    """

    kept: NDArray[np.intp]
    conflict: Flags


def same_day(
    child: Codes,
    measure: Codes,
    age_days: FloatArray,
    value: FloatArray,
    rank: Codes,
    tolerance: FloatArray,
) -> SameDay:
    """Return which values of one child, measure and day are one value.

    Identical values, and values within ``tolerance`` of each other, become one: the best-ranked
    source's, of several from that source the median (the lower of two middle ones, so that it
    was really measured). Beyond that all distinct values are kept.

    Parameters
    ----------
    child, measure, age_days
        What makes a day, shape (n,).
    value
        The values, shape (n,).
    rank
        The rank of each value's source, 0 best, shape (n,).
    tolerance
        How far apart two values of that day may be and still be one, shape (n,).
    """
    order = sorted_by(timeline_key(child, measure, age_days), rank, value)
    kept = np.arange(len(value))
    conflict = np.zeros(len(value), dtype=np.bool_)
    starts = run_starts(child[order], measure[order], age_days[order])
    sizes = np.diff(np.r_[starts, len(order)])
    several = np.repeat(sizes > 1, sizes)
    if not several.any():
        return SameDay(kept, conflict)
    rows = order[several]
    starts = run_starts(child[rows], measure[rows], age_days[rows])
    sizes = np.diff(np.r_[starts, len(rows)])
    amounts = value[rows]
    spread = np.maximum.reduceat(amounts, starts) - np.minimum.reduceat(amounts, starts)
    within = spread <= np.minimum.reduceat(tolerance[rows], starts) * (1 + 1e-9)
    first_rank = np.repeat(rank[rows[starts]], sizes)
    best = np.add.reduceat((rank[rows] == first_rank).astype(np.intp), starts)
    chosen = rows[starts + (best - 1) // 2]
    one = np.repeat(within, sizes)
    kept[rows[one]] = np.repeat(chosen, sizes)[one]
    _merge_identical(kept, rows[~one], np.repeat(starts, sizes)[~one], value)
    conflict[rows[~one]] = kept[rows[~one]] == rows[~one]
    return SameDay(kept, conflict)


def _merge_identical(
    kept: NDArray[np.intp], rows: NDArray[np.intp], day: NDArray[np.intp], value: FloatArray
) -> None:
    """Merge the identical values of days whose values disagree into their best-ranked row."""
    if len(rows) == 0:
        return
    order = sorted_by(day, value[rows])
    starts = run_starts(day[order], value[rows[order]])
    sizes = np.diff(np.r_[starts, len(order)])
    kept[rows[order]] = np.repeat(rows[order[starts]], sizes)
