"""Which height goes with a weight: BMI is always this library's own computation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from centiles.ages import DAYS_IN_YEAR, FloatArray
from centiles.orders import sorted_by

Rows = NDArray[np.intp]

HEIGHT_WITHIN_DAYS: Final = ((2, 0), (5, 28), (np.inf, 90))  # below this age [y], within [d]
DISAGREES: Final = 0.3  # a supplied BMI further than this from the computed one is a problem
_TINY: Final = 1e-9  # so that 16.3 is exactly 0.3 from 16.0, whatever binary makes of it


@dataclass(frozen=True)
class Taken:
    """When values were taken, and of whom: child, age since birth [d] and rank of the source."""

    child: NDArray[np.integer[Any]]
    age_days: FloatArray
    rank: NDArray[np.integer[Any]]

    def at(self, rows: Rows) -> Taken:
        """Return some of the rows."""
        return Taken(self.child[rows], self.age_days[rows], self.rank[rows])

    @property
    def day(self) -> NDArray[np.int64]:
        """Child and day as one number."""
        return self.child.astype(np.int64) * (1 << 17) + np.floor(self.age_days).astype(np.int64)


def height_for(weights: Taken, heights: Taken) -> Rows:
    """Return the place of the height each weight goes with, −1 for none.

    The same day's, of the same source where there is one, else of the best-ranked; from 2 years
    else the nearest within 28 days, from 5 years within 90; of two as near, the later.
    """
    best = np.full(len(weights.child), -1, dtype=np.intp)
    if len(heights.child) == 0 or len(best) == 0:
        return best
    order = sorted_by(heights.day, heights.age_days, heights.rank)
    sorted_ = heights.at(order)
    day, wanted = sorted_.day, weights.day
    own = np.searchsorted(_with_rank(sorted_), _with_rank(weights))
    onward = np.searchsorted(day, wanted)
    before = np.searchsorted(day, day[np.maximum(onward - 1, 0)])  # the best-ranked of its day
    years, within = np.array(HEIGHT_WITHIN_DAYS).T
    limit = within[np.searchsorted(years * DAYS_IN_YEAR, weights.age_days, side="right")]
    nearest = np.full(len(best), np.inf)
    for number, candidate in enumerate((own, onward, before)):
        place = np.minimum(candidate, len(order) - 1)
        found = sorted_.at(place)
        gap = np.abs(found.age_days - weights.age_days)
        better = (candidate < len(order)) & (found.child == weights.child)
        better &= (gap <= limit) & (gap < nearest)
        if number == 0:
            better &= (found.rank == weights.rank) & (found.day == wanted)
        best, nearest = np.where(better, order[place], best), np.where(better, gap, nearest)
    return best


def _with_rank(taken: Taken) -> NDArray[np.int64]:
    return taken.day * (1 << 15) + taken.rank


def each_of_the_day(
    partner: Rows, heights: Taken, conflict: NDArray[np.bool_]
) -> tuple[Rows, Rows]:
    """Return pairs of a weight and a height: with the one it goes with all that contradict it.

    Parameters
    ----------
    partner
        The place of the height each weight goes with, shape (n,).
    heights, conflict
        All heights, and which disagree with another of their day, shape (m,).

    Returns
    -------
    tuple of arrays
        The places of the weights, in order, those of several heights repeated; and of the heights.
    """
    odd = np.flatnonzero(conflict)
    if not conflict[partner].any():
        return np.arange(len(partner)), partner
    odd = odd[np.lexsort((odd, heights.age_days[odd], heights.child[odd]))]
    of = heights.at(odd)
    new = np.r_[True, (of.child[1:] != of.child[:-1]) | (of.age_days[1:] != of.age_days[:-1])]
    start = np.flatnonzero(new)
    size = np.diff(np.r_[start, len(odd)])
    day = np.zeros(len(conflict), dtype=np.intp)
    day[odd] = np.cumsum(new) - 1
    divided = conflict[partner]
    times = np.where(divided, size[day[partner]], 1)
    weight = np.repeat(np.arange(len(partner)), times)
    ends = np.cumsum(times)
    number = np.arange(len(weight)) - np.repeat(ends - times, times)
    place = np.minimum(start[day[partner[weight]]] + number, len(odd) - 1)
    return weight, np.where(divided[weight], odd[place], partner[weight])


def nearest_of_the_day(
    supplied: Taken, value: FloatArray, computed: Taken, computed_value: FloatArray
) -> Rows:
    """Return the place of the nearest BMI computed on each supplied one's day, −1 for none."""
    best = np.full(len(supplied.child), -1, dtype=np.intp)
    if len(best) == 0 or len(computed.child) == 0:
        return best
    order = np.argsort(computed.day, kind="stable")
    day = computed.day[order]
    start, end = (np.searchsorted(day, supplied.day, side=side) for side in ("left", "right"))
    gap = np.full(len(best), np.inf)
    for number in range(int((end - start).max())):  # one, but where heights or weights disagree
        place = order[np.minimum(start + number, len(order) - 1)]
        own = np.abs(computed_value[place] - value)
        better = (start + number < end) & (own < gap)
        best, gap = np.where(better, place, best), np.where(better, own, gap)
    return best


def disagree(supplied: FloatArray, computed: FloatArray) -> NDArray[np.bool_]:
    """Return which supplied BMIs are more than 0.3 from the computed ones.

    Examples
    --------
    >>> disagree(np.array([16.3, 16.4]), np.array([16.0, 16.0]))
    array([False,  True])
    """
    return np.abs(supplied - computed) > DISAGREES + _TINY
