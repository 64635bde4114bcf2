"""Which likely mistake explains an unlikely value: its unit, decimal point, digits or column.

Every alternative is judged by its z and by the child's own other values. It is suggested only
where it is the only one that fits, and nothing is changed unless the user asks for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from centiles import zscores
from centiles.ages import DAYS_IN_YEAR, Correction, FloatArray
from centiles.measures import MEASURES, Measure
from centiles.orders import MOST_DAYS, timeline_key
from centiles.records import columns
from centiles.references import reference, table_codes

Codes = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]

SUSPECT_Z: Final = 2.0  # this far from all the child's own other values, or beyond EXTREME_Z
EXTREME_Z: Final = 4.0
DIGITS_BEYOND_Z: Final = 3.0  # nearer by, many a healthy value has digits that could be turned
FITS_WITHIN_Z: Final = 1.0  # of the child's own other values,
FITS_OVER_A_YEAR_Z: Final = 1.5  # of those more than a year away,
FITS_EXTREME_Z: Final = 2.0  # and, if none is so near, where no child has the value as it stands
STAND_INS: Final = (99.9, 999.0, 999.9, 9999.0)  # typed where there was no measurement
PLAUSIBLE_Z: Final = 4.0
BMI_FROM_DAYS: Final = 2 * DAYS_IN_YEAR
# Where the child has no other value of the measure only what no child can be, or hardly any, is
# explained, and only by a value as most children have it.
ALONE_BEYOND_Z: Final = 8.0
ALONE_WITHIN_Z: Final = 2.5

_WEIGHT, _HEIGHT, _BMI, _HEAD = (
    MEASURES.index(m) for m in (Measure.WEIGHT, Measure.HEIGHT, Measure.BMI, Measure.HEAD)
)
_SAME: Final = 0.005  # two repairs whose values differ by less than this share are one


NOT, NEARLY, WELL = range(3)


class Mistake(NamedTuple):
    """One mistake: what it is called, and the code of the problem it makes."""

    words: str
    code: str


class _Factor(NamedTuple):
    """A mistake that multiplies: by what it is put right, and up to what age [y] it is made."""

    mistake: Mistake
    measures: tuple[int, ...]
    factor: float
    until: float = np.inf


_LENGTHS: Final = (_HEIGHT, _HEAD)
_EVERY: Final = (_WEIGHT, _HEIGHT, _BMI, _HEAD)
# Of two mistakes with the same repair the first is named: 1,067 cm is millimetres.
_FACTORS: Final = (
    _Factor(Mistake("given in grams", "G31"), (_WEIGHT,), 1 / 1000),
    _Factor(Mistake("given in pounds", "G31"), (_WEIGHT,), 0.45359237),
    _Factor(Mistake("given in stones", "G31"), (_WEIGHT,), 6.35029318),
    _Factor(Mistake("given in ounces", "G31"), (_WEIGHT,), 0.028349523125, until=1),
    _Factor(Mistake("given in metres", "G31"), _LENGTHS, 100),
    _Factor(Mistake("given in millimetres", "G31"), _LENGTHS, 1 / 10),
    _Factor(Mistake("given in inches", "G31"), _LENGTHS, 2.54),
    _Factor(Mistake("a decimal point one place left", "G32"), _EVERY, 10),
    _Factor(Mistake("a decimal point one place right", "G32"), _EVERY, 1 / 10),
    _Factor(Mistake("a decimal point two places left", "G32"), _EVERY, 100),
    _Factor(Mistake("a decimal point two places right", "G32"), _EVERY, 1 / 100),
)
_DIGITS: Final = Mistake("two digits transposed", "G33")
_SWAP: Final = Mistake("height and weight swapped", "G34")
_BMI_AS_WEIGHT: Final = Mistake("a BMI in the weight column", "G35")
_MOVES: Final = (
    (_HEIGHT, _HEAD, Mistake("a head circumference in the height column", "G35")),
    (_HEAD, _HEIGHT, Mistake("a height in the head column", "G35")),
    (_WEIGHT, _HEIGHT, Mistake("a height in the weight column", "G35")),
    (_HEIGHT, _WEIGHT, Mistake("a weight in the height column", "G35")),
)
MISTAKES: Final = (
    *(each.mistake for each in _FACTORS), _DIGITS, _SWAP, _BMI_AS_WEIGHT,
    *(move[2] for move in _MOVES),
)  # fmt: skip
_WEAK: Final = (MISTAKES.index(_DIGITS), MISTAKES.index(_BMI_AS_WEIGHT))
_SWAPPED: Final = MISTAKES.index(_SWAP)


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


@dataclass(frozen=True)
class Repairs:
    """What is suggested: for some rows another value, or another measure, and why.

    ``kind`` is a place in :data:`MISTAKES`; ``rows`` increase.
    """

    rows: Rows
    measure: Codes
    value: FloatArray
    kind: Codes

    def take(self, chosen: Flags | Rows) -> Repairs:
        """Return some of them."""
        return Repairs(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    @property
    def codes(self) -> NDArray[np.str_]:
        """The code of each one's problem."""
        return np.array([each.code for each in MISTAKES])[self.kind]

    def words(self) -> NDArray[np.object_]:
        """Return each in words: "as 18.4 kg: a decimal point one place left"."""
        return np.array(
            [
                f"as {amount}: {MISTAKES[kind].words}"
                for amount, kind in zip(self.amounts(), self.kind.tolist(), strict=True)
            ],
            dtype=object,
        )

    def amounts(self) -> list[str]:
        """Return the new values with their units; suggestions are few, so one by one."""
        return [
            f"{round(value, 2):.10g} {MEASURES[measure].unit}"
            for value, measure in zip(self.value.tolist(), self.measure.tolist(), strict=True)
        ]


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
    """Return the one repair that fits, for every suspect value that has just one."""
    rows = np.flatnonzero(values.suspect & values.usable & (values.value > 0))
    rows = rows[np.isfinite(values.value[rows]) & ~np.isin(values.value[rows], STAND_INS)]
    rows = rows[_is_off(values, rows)]
    pairs, puzzles = _swapped(values, rows)
    every = _joined(
        [
            *_factors(values, rows),
            *_transposed(values, rows),
            *_bmi_as_weight(values, rows),
            *_moved(values, rows),
        ]
    )
    every = every.take(~np.isin(every.rows, puzzles))
    fit = _fit(values, every)
    best = np.full(len(values.value), NOT, dtype=np.int8)
    np.maximum.at(best, every.rows, fit)
    fitting = every.take((fit > NOT) & (fit == best[every.rows]))
    return _credible(values, _joined([pairs, _only(fitting)]))


def _is_off(values: Values, rows: Rows, by: float = SUSPECT_Z) -> Flags:
    """Return which suspects are off their own other values, or have none and are extreme."""
    z = values.z[rows]
    gap = _gaps(values, rows, values.measure[rows], z)
    with np.errstate(invalid="ignore"):
        off = np.fmin(np.abs(gap[0]), np.abs(gap[1])) >= by
        off &= ~(gap[0] * gap[1] < 0)
    alone = np.isnan(gap).all(axis=0) & (np.abs(z) > ALONE_BEYOND_Z)
    return np.asarray(off | np.isnan(z) | alone)


def _credible(values: Values, found: Repairs) -> Repairs:
    """Return repairs without those that are too weak to doubt a value by.

    There is no telling 21.4 kg typed as 12.4, or a BMI typed as a weight, from a child that
    starves: a newest weight that is low stays as it is, unless no child at all is so light. Turned
    digits near the trend are chance, and the same value as the time before was copied.
    """
    rows = found.rows
    turned, weak = found.kind == MISTAKES.index(_DIGITS), np.isin(found.kind, _WEAK)
    fell = (found.value > values.value[rows]) & (found.measure == _WEIGHT)
    fell &= _others(values, rows, found.measure).after < 0
    fell &= np.abs(values.z[rows]) <= ALONE_BEYOND_Z  # False for what is impossible
    near = ~_is_off(values, rows, DIGITS_BEYOND_Z)
    return found.take(~(turned & near) & ~(weak & (fell | _is_copied(values, rows))))


def _is_copied(values: Values, rows: Rows) -> Flags:
    """Return which values are those of the time before."""
    before, _ = _nearest(*values.every, values.key(rows, values.measure[rows]))
    return np.asarray((before >= 0) & (values.value[before] == values.value[rows]))


def _factors(values: Values, rows: Rows) -> list[Repairs]:
    """Return every unit and every place of the decimal point."""
    years = values.age[rows] / DAYS_IN_YEAR
    found = []
    for kind, (_, measures, factor, until) in enumerate(_FACTORS):
        at = rows[np.isin(values.measure[rows], measures) & (years < until)]
        found.append(_repair(at, values.measure[at], values.value[at] * factor, kind))
    return found


def _transposed(values: Values, rows: Rows) -> list[Repairs]:
    """Return every value with two neighbouring digits the other way round."""
    at = rows[values.measure[rows] != _BMI]
    hundredths = np.rint(values.value[at] * 100).astype(np.int64)
    found = []
    for place in range(4):
        low, high = 10**place, 10 ** (place + 1)
        digit, next_ = hundredths // low % 10, hundredths // high % 10
        other = hundredths + (digit - next_) * (high - low)
        written = (place > 0) | (hundredths % 10 > 0)  # 18.4 is not written 18.40,
        written &= (digit > 0) | (hundredths >= high * 10)  # nor 4.2 as 04.2
        use = (digit != next_) & written & (hundredths >= high)
        value = other[use] / 100
        found.append(_repair(at[use], values.measure[at[use]], value, MISTAKES.index(_DIGITS)))
    return found


def _bmi_as_weight(values: Values, rows: Rows) -> list[Repairs]:
    """Return the weights that BMIs in the weight column stand for."""
    at = rows[(values.measure[rows] == _WEIGHT) & (values.age[rows] >= BMI_FROM_DAYS)]
    height = values.same_day(at, _HEIGHT)
    at, height = at[height >= 0], height[height >= 0]
    value = values.value[at] * (values.value[height] / 100) ** 2
    return [_repair(at, values.measure[at], value, MISTAKES.index(_BMI_AS_WEIGHT))]


def _moved(values: Values, rows: Rows) -> list[Repairs]:
    """Return values as another measure's, where that day has no other value of it."""
    found = []
    for source, target, mistake in _MOVES:
        at = rows[values.measure[rows] == source]
        there = values.same_day(at, target)
        at = at[(there < 0) | (values.value[there] == values.value[at])]
        measure = np.full(len(at), target, dtype=np.int8)
        found.append(_repair(at, measure, values.value[at], MISTAKES.index(mistake)))
    return found


def _swapped(values: Values, rows: Rows) -> tuple[Repairs, Rows]:
    """Return weights and heights of one day that both fit the other way round, and only so.

    One mistake that explains two values comes before two that explain one each. Second, the rows
    for which that leaves nothing else to look for: of these, and of such days as could have been
    swapped and do not quite fit.
    """
    heavy = rows[values.measure[rows] == _WEIGHT]
    tall = rows[values.measure[rows] == _HEIGHT]
    pairs = np.concatenate(
        [
            np.stack([heavy, values.same_day(heavy, _HEIGHT)]),
            np.stack([values.same_day(tall, _WEIGHT), tall]),
        ],
        axis=1,
    )
    weight, height = np.unique(pairs[:, (pairs >= 0).all(axis=0)], axis=1)
    as_weight = _repair(weight, values.measure[weight], values.value[height], _SWAPPED)
    as_height = _repair(height, values.measure[height], values.value[weight], _SWAPPED)
    both = (_fit(values, as_weight) > NOT) & (_fit(values, as_height) > NOT)
    puzzle = np.ones(len(weight), dtype=np.bool_)
    for own, swapped in ((weight, as_weight), (height, as_height)):
        gaps = np.abs(_gaps(values, own, values.measure[own], values.z[own]))
        z = values.rescored(own, swapped.measure, swapped.value)
        with np.errstate(invalid="ignore"):
            puzzle &= ~(np.fmin(gaps[0], gaps[1]) <= FITS_WITHIN_Z) & (np.abs(z) <= PLAUSIBLE_Z)
    both &= puzzle
    found = _joined([as_weight.take(both), as_height.take(both)])
    return found, np.concatenate([weight[puzzle], height[puzzle]])


def _fit(values: Values, tried: Repairs) -> NDArray[np.int8]:
    """Return how well each repair fits the child's own other values: not, nearly or well."""
    z = values.rescored(tried.rows, tried.measure, tried.value)
    first, second = _gaps(values, tried.rows, tried.measure, z)
    old = values.z[tried.rows]
    with np.errstate(invalid="ignore"):
        low, high = np.fmin(first, second), np.fmax(first, second)
        away = np.maximum(np.maximum(low, -high), 0.0)  # from the range of the two
        extreme = np.isnan(old) | (np.abs(old) > ALONE_BEYOND_Z)
        plausible = np.abs(z) <= PLAUSIBLE_Z
        well = plausible & (away <= _within(values, tried))
        nearly = plausible & extreme & (away <= FITS_EXTREME_Z)
        nearly |= np.isnan(low) & extreme & (np.abs(z) <= ALONE_WITHIN_Z)
    return np.select([well, nearly], [WELL, NEARLY], NOT).astype(np.int8)


def _within(values: Values, tried: Repairs) -> FloatArray:
    """Return how near [z] repairs must come: the further in time the others, the less near."""
    others = _others(values, tried.rows, tried.measure)
    age = values.age[tried.rows]
    gaps = [np.where(other >= 0, np.abs(values.age[other] - age), np.inf) for other in others]
    late = np.minimum(*gaps) > DAYS_IN_YEAR
    return np.where(late, FITS_OVER_A_YEAR_Z, FITS_WITHIN_Z)


def _gaps(values: Values, rows: Rows, measure: Codes, z: FloatArray) -> FloatArray:
    """Return how far z are above the child's own others before and after, shape (2, n)."""
    others = _others(values, rows, measure)
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


def _others(values: Values, rows: Rows, measure: Codes) -> Others:
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


def _equal(keys: FloatArray, known: Rows, wanted: FloatArray) -> Rows:
    """Return the first known row with each wanted key, −1 for none."""
    if len(known) == 0:
        return np.full(len(wanted), -1, dtype=np.intp)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, known[at], -1)


def _only(every: Repairs) -> Repairs:
    """Return the repairs of the rows for which just one value fits, the first mistake's."""
    every = every.take(np.lexsort((every.kind, every.value, every.measure, every.rows)))
    rows, measure, value = every.rows, every.measure, every.value
    again = np.zeros(len(rows), dtype=np.bool_)
    again[1:] = rows[1:] == rows[:-1]
    differs = again.copy()
    differs[1:] &= (measure[1:] != measure[:-1]) | (value[1:] > value[:-1] * (1 + _SAME))
    return every.take(~again & ~np.isin(rows, rows[differs]))


def _joined(found: list[Repairs]) -> Repairs:
    names = Repairs.__dataclass_fields__
    return Repairs(*(np.concatenate([getattr(e, name) for e in found]) for name in names))


def _repair(rows: Rows, measure: Codes, value: FloatArray, kind: int) -> Repairs:
    return Repairs(rows, measure, value, np.full(len(rows), kind, dtype=np.int8))
