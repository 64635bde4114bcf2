"""Timelines in order: child, measure and age as one number, sorted by it, and where runs start."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from centiles.measures import MEASURES

MOST_DAYS: Final = 1 << 20  # more than any age


def timeline_key(
    child: NDArray[np.integer[Any]],
    measure: NDArray[np.integer[Any]],
    age_days: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return child, measure and age [d] as one number each that sorts as they do.

    One key is sorted in a third of the time of three.
    """
    segment = child.astype(np.int64) * len(MEASURES) + measure
    return segment * float(MOST_DAYS) + age_days


def sorted_by(key: NDArray[Any], *ties: NDArray[Any]) -> NDArray[np.intp]:
    """Return the order of rows by a key, then by the first of ``ties``, then the next.

    What is in order already, as most exports are, costs one pass; the ties are looked at only
    where keys are equal. Rows equal in everything stay as they come.

    Examples
    --------
    >>> sorted_by(np.array([2, 1, 2]), np.array([9, 0, 5])).tolist()
    [1, 2, 0]
    """
    order = np.argsort(key, kind="stable")
    again = key[order[1:]] == key[order[:-1]]
    tied = np.zeros(len(order), dtype=np.bool_)
    tied[1:] = again
    tied[:-1] |= again
    if ties and tied.any():
        rows = order[tied]
        order[tied] = rows[np.lexsort([part[rows] for part in (*ties[::-1], key)])]
    return order


def run_starts(*keys: NDArray[Any]) -> NDArray[np.intp]:
    """Return where a run of equal keys starts, in sorted arrays.

    Examples
    --------
    >>> run_starts(np.array([4, 4, 7]), np.array([0, 1, 1])).tolist()
    [0, 1, 2]
    """
    new = np.zeros(len(keys[0]), dtype=np.bool_)
    new[:1] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(new)
