"""The words everything else is said in: sexes, measures, their units and labels."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


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

# Sex as integers follows the NHS data dictionary (person stated gender): 1 male, 2 female.
SEX_CODES: Final = {Sex.MALE: 1, Sex.FEMALE: 2}
