"""The mistakes that are made in writing a value down, and what each value was if it was made.

Nothing is judged here: for each mistake every value that could be one is put right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from centiles.ages import DAYS_IN_YEAR, FloatArray
from centiles.measures import MEASURES, Measure
from centiles.records.own_values import Codes, Flags, Rows, Values

BMI_FROM_DAYS: Final = 2 * DAYS_IN_YEAR
_WEIGHT, _HEIGHT, _BMI, _HEAD = (
    MEASURES.index(m) for m in (Measure.WEIGHT, Measure.HEIGHT, Measure.BMI, Measure.HEAD)
)


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
DIGITS: Final = MISTAKES.index(_DIGITS)
POUNDS: Final = next(k for k, each in enumerate(MISTAKES) if "pounds" in each.words)
WEAK: Final = (DIGITS, MISTAKES.index(_BMI_AS_WEIGHT))  # a child that starves looks like these
SWAPPED: Final = MISTAKES.index(_SWAP)


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


def alternatives(values: Values, rows: Rows) -> Repairs:
    """Return what some rows were if one mistake was made in each, whichever it was."""
    return joined(
        [
            *_factors(values, rows),
            *_transposed(values, rows),
            *_bmi_as_weight(values, rows),
            *_moved(values, rows),
        ]
    )


def swaps(values: Values, rows: Rows) -> tuple[Repairs, Repairs]:
    """Return weights and heights of one day the other way round, where one of them is asked for.

    The weights, and in the same order the heights.
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
    return (
        _repair(weight, values.measure[weight], values.value[height], SWAPPED),
        _repair(height, values.measure[height], values.value[weight], SWAPPED),
    )


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
        # nor 4.2 as 04.2, while 0.76 is
        written &= (digit > 0) | (hundredths >= high * 10) | (high == 100)
        use = (digit != next_) & written & (hundredths >= high)
        value = other[use] / 100
        found.append(_repair(at[use], values.measure[at[use]], value, DIGITS))
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


def joined(found: list[Repairs]) -> Repairs:
    """Return several as one."""
    names = Repairs.__dataclass_fields__
    return Repairs(*(np.concatenate([getattr(e, name) for e in found]) for name in names))


def _repair(rows: Rows, measure: Codes, value: FloatArray, kind: int) -> Repairs:
    return Repairs(rows, measure, value, np.full(len(rows), kind, dtype=np.int8))
