"""Birth dates of which only the month is known: what age is reckoned from.

Half a month is about 1 z of weight at a month and 0.1 at a year, so such a date stands for the
15th of its month, unless another record of the child has the day.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from centiles.records.dates import Dates, Flags, of_month

_MONTHS: int = 100_000  # more than there are, so that child and month are one number


def reckoned(child: NDArray[np.integer[Any]], born: Dates, monthly: Flags) -> tuple[Dates, Flags]:
    """Return the birth dates to reckon from, and which of them are still of no known day.

    Parameters
    ----------
    child
        Each row's child, −1 for none, shape (n,).
    born
        Each row's birth date as given, shape (n,).
    monthly
        Of which rows only the month is known, shape (n,).
    """
    monthly = monthly & ~np.isnat(born)
    if not monthly.any():
        return born, monthly
    key = child * _MONTHS + born.astype("datetime64[M]").astype(np.int64)
    exact = np.flatnonzero(~monthly & ~np.isnat(born) & (child >= 0))
    known, first = np.unique(key[exact], return_index=True)
    rows = np.flatnonzero(monthly)
    place = np.searchsorted(known, key[rows])
    there = np.zeros(len(rows), dtype=np.bool_)
    inside = place < len(known)
    there[inside] = known[place[inside]] == key[rows[inside]]
    found = born.copy()
    found[rows] = of_month(born[rows])
    found[rows[there]] = born[exact[first[place[there]]]]
    still = monthly.copy()
    still[rows[there]] = False
    return found, still


def of_children(
    child: NDArray[np.integer[Any]], monthly: Flags, agreed: Flags, children: int
) -> Flags:
    """Return of which rows' children only the month of birth is known.

    Parameters
    ----------
    child
        Each row's child, −1 for none, shape (n,).
    monthly
        Which rows have a date of no known day, shape (n,).
    agreed
        Which rows have the date their child is taken to be born on, shape (n,).
    children
        How many children there are.
    """
    if not monthly.any():
        return monthly
    vague = np.zeros(children + 1, dtype=np.bool_)  # the last is of rows without a child
    vague[child[monthly & agreed]] = True
    vague[-1] = False
    return np.where(child >= 0, vague[child], monthly)
