"""The words everything else is said in: sexes, measures, their units and labels."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray


class Sex(StrEnum):
    """The two sexes the references are made for."""

    MALE = "male"
    FEMALE = "female"


class Measure(StrEnum):
    """What is measured, each in the one unit it has inside this library."""

    WEIGHT = "weight"
    HEIGHT = "height"
    BMI = "bmi"
    HEAD = "head"

    @property
    def unit(self) -> str:
        """The unit values of this measure are in."""
        return _UNITS[self]

    @property
    def label(self) -> str:
        """The measure as it is printed."""
        return _LABELS[self]


_UNITS: Final = {
    Measure.WEIGHT: "kg",
    Measure.HEIGHT: "cm",
    Measure.BMI: "kg/m²",
    Measure.HEAD: "cm",
}
_LABELS: Final = {
    Measure.WEIGHT: "weight",
    Measure.HEIGHT: "height",
    Measure.BMI: "BMI",
    Measure.HEAD: "head circumference",
}

MEASURES: Final = tuple(Measure)
SEXES: Final = tuple(Sex)


def not_a_measure(word: object) -> str:
    """Return what to say of a word that is none of the measures."""
    return f"measure: found {word!r}, expected one of {', '.join(map(str, MEASURES))}"


# Sex as integers follows the NHS data dictionary (person stated gender): 1 male, 2 female.
SEX_CODES: Final = {Sex.MALE: 1, Sex.FEMALE: 2}

# The standard deviation of one measurement: weight naked under 1 year and clothed from 2, length
# lying under 2 years and height standing after, head circumference. BMI follows from its parts.
_ERRORS: Final = {
    Measure.WEIGHT: ((365.25, 0.05), (730.5, 0.10), (np.inf, 0.30)),
    Measure.HEIGHT: ((730.5, 1.0), (np.inf, 0.5)),
    Measure.HEAD: ((np.inf, 0.3),),
}
BIRTH_WEIGHT_TOLERANCE_KG: Final = 0.05


def measurement_sd(
    measure: NDArray[np.integer[Any]], age_days: NDArray[np.float64], value: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the standard deviation of measurement error, in the unit of each measure.

    Parameters
    ----------
    measure
        Places in MEASURES, shape (n,).
    age_days
        Age [d], shape (n,).
    value
        The values, shape (n,); used for BMI only, whose error is that of a routine weight and
        height: 0.3 kg on the weight and 0.5 cm, doubled by the square, on the height.
    """
    found = np.full(np.shape(measure), np.nan)
    for code, name in enumerate(MEASURES):
        for upper, sd in reversed(_ERRORS.get(name, ())):
            found = np.where((measure == code) & (age_days < upper), sd, found)
    bmi = np.flatnonzero(measure == MEASURES.index(Measure.BMI))
    weight, height = (np.interp(age_days[bmi], *typical) for typical in (_TYPICAL_KG, _TYPICAL_CM))
    found[bmi] = value[bmi] * np.hypot(0.3 / weight, 2 * 0.5 / height)
    return found


# Rough median weight [kg] and height [cm] by age [d], to tell how much of a BMI is error.
_TYPICAL_DAYS: Final = (14.0, 365.0, 730.0, 1826.0, 3652.0, 5479.0, 6574.0)
_TYPICAL_KG: Final = (_TYPICAL_DAYS, (3.8, 9.3, 12.0, 18.5, 32.0, 55.0, 62.0))
_TYPICAL_CM: Final = (_TYPICAL_DAYS, (52.0, 75.0, 87.0, 110.0, 138.0, 165.0, 170.0))


def codes_of(column: Any, vocabulary: Sequence[str]) -> NDArray[np.int8]:
    """Return a categorical column of words as places in a vocabulary, −1 for any other word.

    Parameters
    ----------
    column
        A pandas Categorical, or a Series of one.
    vocabulary
        The words, each once; fewer than 128.
    """
    words = getattr(column, "cat", column)
    places = {str(word): place for place, word in enumerate(vocabulary)}
    by_category = [places.get(word, -1) for word in words.categories]
    codes: NDArray[np.int8] = np.array([*by_category, -1], dtype=np.int8)[np.asarray(words.codes)]
    return codes
