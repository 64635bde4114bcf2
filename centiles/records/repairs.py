"""Which likely mistake explains an unlikely value: its unit, decimal point, digits or column.

Every alternative is judged by its z and by the child's own other values. It is suggested only
where it explains the value and nothing else nearly as well does, and nothing is changed unless the
user asks for that.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from centiles.ages import DAYS_IN_YEAR, FloatArray
from centiles.measures import MEASURES, Measure
from centiles.records.mistakes import DIGITS, POUNDS, WEAK, Repairs, alternatives, joined, swaps
from centiles.records.own_values import (
    Codes,
    Flags,
    Rows,
    Values,
    gaps,
    nearness,
    others_of,
    surprise,
)

SUSPECT_Z: Final = 2.0  # this far from all the child's own other values, or beyond EXTREME_Z
EXTREME_Z: Final = 4.0
STAND_INS: Final = (99.9, 999.0, 999.9, 9999.0)  # typed where there was no measurement
PLAUSIBLE_Z: Final = 4.0
# Where the child has no other value of the measure only what no child can be, or hardly any, is
# explained.
ALONE_BEYOND_Z: Final = 8.0
FITS: Final = 2.5  # standard deviations from what is expected of the child, and
RIVAL: Final = 6.0  # any other explanation this much less likely, as squares of them
RIGHT_WITHIN_Z: Final = 1.0  # of the nearer of its own others, a value is no part of a swap
DIGITS_BEYOND: Final = 4.0  # nearer to that, many a healthy value has digits that could be turned
UNUSUAL: Final = 3.6  # one in six is written so: -2 ln(1/6), as squares of deviations are
# Until then heads are measured by routine, and scales show hundredths. Later only some children's
# heads are: those whose other heads are as near in time as this correlation.
YOUNG_UNTIL_YEARS: Final = 3.0
HEADS_NEAR: Final = 0.5
_SAME: Final = 0.005  # two repairs whose values differ by less than this share are one
_TINY: Final = 1e-6
_WEIGHT, _HEAD = MEASURES.index(Measure.WEIGHT), MEASURES.index(Measure.HEAD)


def suspects(
    segment: Codes,
    z: FloatArray,
    before: FloatArray,
    after: FloatArray,
) -> Flags:
    """Return which points are far from the z of their neighbours, or from what most children are.

    Parameters
    ----------
    segment
        The number of each point's child and measure; points are in order of segment and age.
    z, before, after
        Each point's z, and its neighbours' carried to its own section, NaN for none.
    """
    with np.errstate(invalid="ignore"):
        far = _apart(z - before, z - after) >= SUSPECT_Z
        extreme = np.abs(z) > EXTREME_Z
    # At either end the one neighbour may be the mistake: the next but one has a say as well.
    count = len(z)
    for step, only in ((2, np.isnan(before)), (-2, np.isnan(after))):
        at = np.flatnonzero(far & only & ~extreme)
        place = np.clip(at + step, 0, max(count - 1, 0))
        there = (segment[place] == segment[at]) & (place == at + step)
        near = np.abs(z[at] - z[place]) < SUSPECT_Z
        far[at[there & near]] = False
    return far | extreme


def _apart(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return how far a point is from the nearer of two neighbours; both must be on one side."""
    between = first * second <= 0  # never where there is one neighbour, or none
    return np.where(between, 0.0, np.fmin(np.abs(first), np.abs(second)))


def repairs(values: Values) -> Repairs:
    """Return the one repair that explains it, for every suspect value that has just one."""
    rows = np.flatnonzero(values.suspect & values.usable & (values.value > 0))
    rows = rows[np.isfinite(values.value[rows]) & ~np.isin(values.value[rows], STAND_INS)]
    rows = rows[_is_off(values, rows)]
    pairs, puzzles = _swapped(values, rows)
    every = alternatives(values, rows)
    every = every.take(~np.isin(every.rows, puzzles))
    misfit = _misfit(values, every)
    fitting = _only(every, misfit, misfit + _oddness(values, every))
    return _credible(values, joined([pairs, fitting]))


def _misfit(values: Values, tried: Repairs) -> FloatArray:
    """Return how surprising each repair would be, infinite where no child is so.

    A child without any other value of the measure tells nothing but what most children are.
    """
    z = values.rescored(tried.rows, tried.measure, tried.value)
    found = surprise(values, tried.rows, tried.measure, z)
    alone = (np.array(others_of(values, tried.rows, tried.measure)) < 0).all(axis=0)
    old = values.z[tried.rows]
    with np.errstate(invalid="ignore"):
        extreme = np.isnan(old) | (np.abs(old) > ALONE_BEYOND_Z)
        plausible = np.abs(z) <= PLAUSIBLE_Z
        plausible &= (~alone | extreme) & ~_is_late_head(values, tried)
        return np.where(plausible, found, np.inf)


def _oddness(values: Values, tried: Repairs) -> FloatArray:
    """Return how much more surprising each repair is for how the value was written.

    Digits that changed places are as many as ever: where a young child's nearest others have
    hundredths and the value has none, it had a nought there: one digit of ten, and the one people
    like best. Pounds are read to a tenth.
    """
    places = _decimals(values.value[tried.rows])
    young = values.age < YOUNG_UNTIL_YEARS * DAYS_IN_YEAR
    beside = np.array(values.nearest(tried.rows))
    there = (beside >= 0) & young[beside] & young[tried.rows]
    known = np.where(there, _decimals(values.value[beside]), 2).min(axis=0)
    known[~there.any(axis=0)] = 0
    digits = (tried.kind == DIGITS) & (places < known)
    odd = digits | ((tried.kind == POUNDS) & (places > 1))
    return np.where(odd, UNUSUAL, 0.0)


def _decimals(value: FloatArray) -> Codes:
    """Return how many decimals values are written with, two at most."""
    with np.errstate(invalid="ignore", over="ignore"):
        tenths, ones = (np.abs(value * k - np.rint(value * k)) < _TINY for k in (10, 1))
    return 2 - tenths.astype(np.int8) - (tenths & ones)


def _is_late_head(values: Values, tried: Repairs) -> Flags:
    """Return which repairs make a head of a value at an age at which heads are seldom measured."""
    rows, measure = tried.rows, tried.measure
    late = (measure == _HEAD) & (values.measure[rows] != _HEAD)
    late &= values.age[rows] >= YOUNG_UNTIL_YEARS * DAYS_IN_YEAR
    late[late] = nearness(values, rows[late], measure[late]) < HEADS_NEAR
    return np.asarray(late)


def _is_off(values: Values, rows: Rows) -> Flags:
    """Return which suspects are off their own other values, or have none and are extreme."""
    z = values.z[rows]
    gap = gaps(values, rows, values.measure[rows], z)
    with np.errstate(invalid="ignore"):
        off = np.fmin(np.abs(gap[0]), np.abs(gap[1])) >= SUSPECT_Z
        off &= ~(gap[0] * gap[1] < 0)
    alone = np.isnan(gap).all(axis=0) & (np.abs(z) > ALONE_BEYOND_Z)
    return np.asarray(off | np.isnan(z) | alone)


def _credible(values: Values, found: Repairs) -> Repairs:
    """Return repairs without those that are too weak to doubt a value by.

    There is no telling 21.4 kg typed as 12.4, or a BMI typed as a weight, from a child that
    starves: a newest weight that is low stays as it is, and so does a first one from which the
    later fell, unless no child at all is so light or heavy. Turned digits near the trend are
    chance, and the same value as the time before was copied.
    """
    rows = found.rows
    turned, weak = found.kind == DIGITS, np.isin(found.kind, WEAK)
    others, up = others_of(values, rows, found.measure), found.value > values.value[rows]
    fell = np.where(up, others.after < 0, others.before < 0) & (found.measure == _WEIGHT)
    fell &= np.abs(values.z[rows]) <= ALONE_BEYOND_Z  # False for what is impossible
    as_it_is = surprise(values, rows, values.measure[rows], values.z[rows])
    near = as_it_is < DIGITS_BEYOND**2  # False for what is impossible
    return found.take(~(turned & near) & ~(weak & (fell | _is_copied(values, rows))))


def _is_copied(values: Values, rows: Rows) -> Flags:
    """Return which values are those of the time before."""
    before, _ = values.nearest(rows)
    return np.asarray((before >= 0) & (values.value[before] == values.value[rows]))


def _swapped(values: Values, rows: Rows) -> tuple[Repairs, Rows]:
    """Return weights and heights of one day that both fit the other way round, and only so.

    One mistake that explains two values comes before two that explain one each. Second, the rows
    for which that leaves nothing else to look for: of these, and of such days as could have been
    swapped and do not quite fit.
    """
    as_weight, as_height = swaps(values, rows)
    both = puzzle = np.ones(len(as_weight.rows), dtype=np.bool_)
    for swapped in (as_weight, as_height):
        both = both & (_misfit(values, swapped) <= FITS**2)
        own = swapped.rows
        gap = np.abs(gaps(values, own, values.measure[own], values.z[own]))
        z = values.rescored(own, swapped.measure, swapped.value)
        with np.errstate(invalid="ignore"):
            right = np.fmin(gap[0], gap[1]) <= RIGHT_WITHIN_Z
            puzzle = puzzle & ~right & (np.abs(z) <= PLAUSIBLE_Z)
    both &= puzzle
    found = joined([as_weight.take(both), as_height.take(both)])
    return found, np.concatenate([as_weight.rows[puzzle], as_height.rows[puzzle]])


def _only(every: Repairs, misfit: FloatArray, odd: FloatArray) -> Repairs:
    """Return the repairs of the rows that one value fits, and no other is nearly as likely.

    ``misfit`` says how well each fits, ``odd`` that and how likely it was to be written so. Of
    mistakes with the same repair it is the first's.
    """
    order = np.lexsort((every.kind, odd, every.rows))
    every, misfit, odd = every.take(order), misfit[order], odd[order]
    rows, measure, value = every.rows, every.measure, every.value
    first = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]]) if len(rows) else rows
    best = np.repeat(first, np.diff(np.r_[first, len(rows)]))
    same = (measure == measure[best]) & (np.abs(value - value[best]) <= value[best] * _SAME)
    with np.errstate(invalid="ignore"):
        rival = ~same & (odd < odd[best] + RIVAL)
    chosen = first[(misfit[first] <= FITS**2) & ~np.isin(rows[first], rows[rival])]
    alike = same & np.isin(best, chosen)  # the first mistake of those with that repair
    at = np.flatnonzero(alike)
    at = at[np.lexsort((every.kind[at], rows[at]))]
    return every.take(at[np.r_[True, rows[at][1:] != rows[at][:-1]]] if len(at) else at)
