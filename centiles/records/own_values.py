"""What a child's own other values say of one: who is nearest in time, and how surprising it is.

A z wanders. How far depends on how much older the child is by the measure of its age: from birth
to a year as far as from one to five. So the z between two others, or after the last, is expected
somewhere, within so much, and a value is as surprising as it is far from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from centiles import zscores
from centiles.ages import DAYS_IN_YEAR, Correction, FloatArray
from centiles.orders import MOST_DAYS, timeline_key
from centiles.records import columns
from centiles.references import reference, table_codes

Codes = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]

# The correlation of z at two ages is exp(-rate · |difference of ln(age + offset)|): 0.6 from birth
# to a year, 0.75 from two to five and from five to eleven, as published correlations of weight are.
RATE: Final = 0.32
AGE_OFFSET_YEARS: Final = 0.25
CLOSEST: Final = 0.97  # the correlation of z at one age
NOISE_Z: Final = 0.3  # of one measurement, rounded, and of a z that wobbles from week to week


@dataclass(frozen=True)
class Values:
    """What is known of every row, as arrays of one shape (n,).

    ``usable`` marks values of a child whose age and sex are known, be they possible or not;
    ``scored`` those with a z; ``suspect`` those that may be a mistake. ``z`` is NaN elsewhere.
    """

    usable: Flags
    scored: Flags
    suspect: Flags
    child: NDArray[np.int64]
    measure: Codes
    sex: Codes
    age: FloatArray
    gestation: FloatArray
    section: Codes
    value: FloatArray
    z: FloatArray
    correction: Correction

    def rescored(self, rows: Rows, measure: Codes, value: FloatArray) -> FloatArray:
        """Return the z that other values, or other measures, of some rows would have."""
        words: Any = columns.measure_words(measure)
        scores = zscores.score(
            value,
            measure=words,
            sex=self.sex[rows] + 1,
            age_days=self.age[rows],
            gestation_days=self.gestation[rows],
            correction=self.correction,
        )
        return np.asarray(scores.z, dtype=np.float64)

    def key(self, rows: Rows, measure: Codes | int) -> FloatArray:
        """Return child, measure and age as one number."""
        return timeline_key(self.child[rows], np.asarray(measure), self.age[rows])

    @cached_property
    def trusted(self) -> tuple[Rows, FloatArray]:
        """The scored values that are not suspect, in order, and their keys."""
        return self._in_order(self.scored & ~self.suspect)

    @cached_property
    def every(self) -> tuple[Rows, FloatArray]:
        """All scored values, in order, and their keys."""
        return self._in_order(self.scored)

    def nearest(self, rows: Rows) -> Others:
        """Return the scored values just before and after some rows, of their child and measure."""
        return Others(*_nearest(*self.every, self.key(rows, self.measure[rows])))

    def _in_order(self, use: Flags) -> tuple[Rows, FloatArray]:
        rows = np.flatnonzero(use)
        key = self.key(rows, self.measure[rows])
        order = np.argsort(key, kind="stable")
        return rows[order], key[order]

    def same_day(self, rows: Rows, measure: int) -> Rows:
        """Return the first usable value of a measure of each row's child and day, −1 for none."""
        there = np.flatnonzero(self.usable & (self.measure == measure))
        there = there[np.argsort(self.key(there, measure), kind="stable")]
        return _equal(self.key(there, measure), there, self.key(rows, measure))


class Others(NamedTuple):
    """The child's own other values nearest before and after, as rows; −1 for none."""

    before: Rows
    after: Rows


def gaps(values: Values, rows: Rows, measure: Codes, z: FloatArray) -> FloatArray:
    """Return how far z are above the child's own others before and after, shape (2, n)."""
    return _gaps_of(values, rows, measure, z, others_of(values, rows, measure))


def _gaps_of(
    values: Values, rows: Rows, measure: Codes, z: FloatArray, others: Others
) -> FloatArray:
    table = table_codes(measure, values.sex[rows] == 0)
    gaps = np.full((2, len(rows)), np.nan)
    for number, other in enumerate(others):
        at = np.flatnonzero((other >= 0) & ~np.isnan(z))
        mine, its = values.section[rows[at]], values.section[other[at]]
        own, theirs = z[at], values.z[other[at]]
        if number == 0:
            carried = reference().carried(theirs, table[at], its, mine)
            gaps[0, at] = own - np.where(np.isnan(carried), theirs, carried)
        else:
            carried = reference().carried(own, table[at], mine, its)
            gaps[1, at] = np.where(np.isnan(carried), own, carried) - theirs
    return gaps


def others_of(values: Values, rows: Rows, measure: Codes) -> Others:
    """Return the nearest others that are not suspect; where all are, the nearest of any."""
    key = values.key(rows, measure)
    before, after = _nearest(*values.trusted, key)
    none = np.flatnonzero((before < 0) & (after < 0))
    if len(none):
        before[none], after[none] = _nearest(*values.every, key[none])
    return Others(before, after)


def _nearest(known: Rows, keys: FloatArray, wanted: FloatArray) -> tuple[Rows, Rows]:
    """Return the known values just before and after, of the same child and measure."""
    found = []
    for place in (
        np.searchsorted(keys, wanted, side="left") - 1,
        np.searchsorted(keys, wanted, side="right"),
    ):
        at = np.clip(place, 0, max(len(known) - 1, 0))
        there = (place >= 0) & (place < len(known))
        if len(known):
            there &= keys[at] // MOST_DAYS == wanted // MOST_DAYS
        found.append(np.where(there, known[at] if len(known) else -1, -1))
    return found[0], found[1]


def surprise(values: Values, rows: Rows, measure: Codes, z: FloatArray) -> FloatArray:
    """Return how surprising a z of some rows is: its squared distance from what is expected.

    In standard deviations, given the child's nearest values before and after; a child without
    any is expected anywhere most children are. NaN where z is.

    Parameters
    ----------
    values
        All values.
    rows, measure, z
        Some rows, and the measure and z each is taken to have, shape (n,).
    """
    others = others_of(values, rows, measure)
    beside = np.where(np.array(others) < 0, 0.0, z - _gaps_of(values, rows, measure, z, others))
    first, second = _correlations(values, rows, others)
    whole = 1 - (first * second) ** 2
    expected = (first * (1 - second**2) * beside[0] + second * (1 - first**2) * beside[1]) / whole
    spread = (1 - first**2) * (1 - second**2) / whole + NOISE_Z**2
    return np.asarray((z - expected) ** 2 / spread, dtype=np.float64)


def nearness(values: Values, rows: Rows, measure: Codes) -> FloatArray:
    """Return how well the nearer of a child's own others foretells a measure: its correlation."""
    near = _correlations(values, rows, others_of(values, rows, measure))
    return np.asarray(near.max(axis=0), dtype=np.float64)


def _correlations(values: Values, rows: Rows, others: Others) -> FloatArray:
    """Return the correlation of z with the others before and after, 0 for none, shape (2, n)."""
    when = np.log(np.maximum(values.age, 0) / DAYS_IN_YEAR + AGE_OFFSET_YEARS)
    apart = np.abs(when[rows] - when[np.array(others)])
    return np.where(np.array(others) < 0, 0.0, CLOSEST * np.exp(-RATE * apart))


def _equal(keys: FloatArray, known: Rows, wanted: FloatArray) -> Rows:
    """Return the first known row with each wanted key, −1 for none."""
    if len(known) == 0:
        return np.full(len(wanted), -1, dtype=np.intp)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, known[at], -1)
