"""Measurements as people write them: "12.3kg", "12,3", "approx 12", "3st 4lb", 5'2".

Each distinct word is read once. A unit written beside a number is that number's unit. What could
mean two things is not read; where only one thing can have been meant it is suggested, never used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.ages import FloatArray
from centiles.records import parsing
from centiles.records.parsing import UNITS, Flags


@dataclass(frozen=True)
class Compound:
    """A measurement in two units, such as 3st 4lb: in all ``per`` · first + second of the second.

    ``names`` are how it is called, and the words of a unit column that do not contradict it.
    """

    measures: tuple[str, ...]
    shape: str
    per: int
    units: tuple[str, str]
    names: frozenset[str]


_WHOLE = r"(?P<a>\d{1,3})"
_REST = r"(?P<b>\d{1,3}(?:\.\d*)?)"
_LENGTHS = ("height", "head")
COMPOUNDS: Final[Mapping[str, Compound]] = MappingProxyType(
    {
        "st lb": Compound(
            ("weight",),
            rf"{_WHOLE} ?(?:sts?|stones?)\.?,? ?(?:{_REST} ?(?:lbs?|pounds?)?)?", 14,
            ("", "lb"), frozenset({"st", "sts", "stone", "stones", "st lb", "st/lb", "st lbs"}),
        ),
        "lb oz": Compound(
            ("weight",), rf"{_WHOLE} ?(?:lbs?|pounds?)\.?,? ?{_REST} ?(?:ozs?|ounces?)?", 16,
            ("lb", "oz"), frozenset({"lb oz", "lb/oz", "lbs oz"}),
        ),
        "ft in": Compound(
            _LENGTHS,
            rf"{_WHOLE} ?(?:ft|feet|foot|')\.?,? ?(?:{_REST} ?(?:ins?|inch|inches|\"|'')?)?", 12,
            ("", "in"), frozenset({"ft", "feet", "foot", "ft in", "ft/in"}),
        ),
        "kg g": Compound(
            ("weight",), rf"{_WHOLE} ?kgs?\.?,? ?{_REST} ?(?:g|gm|gms|grams?)", 1000,
            ("kg", "g"), frozenset(),
        ),
        "m cm": Compound(
            _LENGTHS, r"(?P<a>\d) ?m,? ?(?:(?P<b>\d{1,2}(?:\.\d*)?) ?cms?|(?P<c>\d\d))", 100,
            ("m", "cm"), frozenset(),
        ),
    }
)  # fmt: skip
_INCHES: Final = frozenset({'"', "''"})
_UNIT_WORDS: Final = frozenset(word for known in UNITS.values() for word in known) | _INCHES

_BEFORE: Final = (
    r"(?P<before>~|\?|(?:c|ca|circa|approx|approximately|about|abt|around|roughly|est|estimated"
    r"|estimate)(?:[.:]| ))? ?"
)
_AFTER: Final = r"\.* ?(?P<after>\??|\(?(?:approx|approximately|est|estimated|estimate)\.?\)?)"
_NUMBER: Final = r"(?P<a>[-+]?(?:\d{1,9}(?:\.\d*)?|\.\d+))"
_SIMPLE: Final = rf"{_NUMBER} ?(?P<unit>{'|'.join(map(re.escape, sorted(_UNIT_WORDS)))})?"

# A comma with one or two digits after it, and one with three, which marks thousands.
_DECIMAL_COMMA: Final = r"^\D*\d+,\d{1,2}(?:[^\d,].*)?$"
_THOUSANDS: Final = r"^\D*[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?(?:[^\d,.].*)?$"


@dataclass(frozen=True)
class Amounts(parsing.Numbers):
    """Numbers read from words, each with the unit written beside it; empty where there is none.

    ``approximate`` marks what its writer was not sure of.
    """

    unit: pd.Series[str]
    approximate: Flags


def amounts(words: pd.Series[str]) -> Amounts:
    """Return the measurements in the distinct words of a column.

    Whether a comma is a decimal point is decided once for the column: where one or two digits
    follow it, and no number has a point.

    Examples
    --------
    >>> read = amounts(pd.Series(["18.4", "12.3kg", "approx 12", "3st 4lb", "104..2"]))
    >>> read.value
    array([18.4, 12.3, 12. , 46. ,  nan])
    >>> read.unit.tolist()
    ['', 'kg', '', 'st lb', '']
    """
    low = parsing.plain(words).str.lower()
    plain = parsing.numbers(low)
    value = plain.value.copy()
    unit = np.full(len(words), "", dtype=object)
    approximate = np.zeros(len(words), dtype=np.bool_)
    at = np.flatnonzero(plain.bad)
    if len(at):
        rest = _without_commas(low, low.iloc[at].reset_index(drop=True))
        value[at], unit[at], approximate[at] = _written(_without_fractions(rest))
    return Amounts(value, plain.missing, plain.reason, pd.Series(unit, dtype="str"), approximate)


def _without_commas(column: pd.Series[str], words: pd.Series[str]) -> pd.Series[str]:
    """Return words with the commas that can only be one thing as such; the others keep theirs."""
    decimal = words.str.contains(_DECIMAL_COMMA)
    if decimal.any() and not column.str.contains(r"\d\.\d").any():
        return words.mask(decimal, words.str.replace(",", ".", n=1))
    return words.mask(words.str.contains(_THOUSANDS), words.str.replace(",", ""))


def _without_fractions(words: pd.Series[str]) -> pd.Series[str]:
    """Return words with halves and quarters behind a number as decimals: "13½ lb", "3 1/2 oz"."""
    for decimals, fraction in (("5", "½| 1/2"), ("25", "¼| 1/4"), ("75", "¾| 3/4")):
        words = words.str.replace(rf"(\d) ?(?:{fraction})(?!\d)", rf"\1.{decimals}", regex=True)
    return words


def _written(words: pd.Series[str]) -> tuple[FloatArray, NDArray[np.object_], Flags]:
    """Return the number, unit and doubt of words with more than a number in them."""
    value = np.full(len(words), np.nan)
    unit = np.full(len(words), "", dtype=object)
    approximate = np.zeros(len(words), dtype=np.bool_)

    def settle(found: dict[str, pd.Series[str]], amount: FloatArray, name: object) -> None:
        at = found["a"].index
        value[at], unit[at] = amount, name
        approximate[at] = (found["before"] != "") | (found["after"] != "")

    for name, compound in COMPOUNDS.items():
        if found := parsing.parts(words, f"{_BEFORE}(?:{compound.shape}){_AFTER}"):
            second = found["b"] if "c" not in found else found["b"] + found["c"]
            more = np.nan_to_num(parsing.floats(second))
            amount = parsing.floats(found["a"]) * compound.per + more
            settle(found, np.where(more < compound.per, amount, np.nan), name)
    if found := parsing.parts(words, f"{_BEFORE}(?:{_SIMPLE}){_AFTER}"):
        named = found["unit"].mask(found["unit"].isin(_INCHES), "in")
        settle(found, parsing.floats(found["a"]), named)
    unit[np.isnan(value)] = ""
    return value, unit, approximate & ~np.isnan(value)


def rates(words: pd.Series[str], measure: str) -> tuple[FloatArray, FloatArray]:
    """Return what to multiply and to divide by for each unit written beside a number.

    As :func:`parsing.factors`, and besides the compounds in the smaller of their two units.
    """
    multiply, divide = parsing.factors(words, measure)
    for name, compound in COMPOUNDS.items():
        if measure in compound.measures:
            own = (words == name).to_numpy(np.bool_)
            multiply[own], divide[own] = UNITS[measure][compound.units[1]]
    return multiply, divide


def agree(written: str, stated: str, measure: str) -> bool:
    """Return whether a unit column or header says the same as the unit beside the number.

    Examples
    --------
    >>> agree("kg", "kgs", "weight"), agree("st lb", "stone", "weight"), agree("g", "kg", "weight")
    (True, True, False)
    """
    stated, known = stated.casefold(), UNITS[measure]
    compound = COMPOUNDS.get(written)
    if compound is not None and stated in compound.names:
        return True
    own = [known[unit] for unit in (compound.units if compound else (written,)) if unit in known]
    return stated in known and any(
        known[stated][0] * per == each * known[stated][1] for each, per in own
    )


def suggestions(words: pd.Series[str]) -> pd.Series[str]:
    """Return the one number an unreadable word can have been meant as; empty where there is none.

    A point struck twice or with a space beside it, a comma among points, the letters O and l for
    0 and 1.

    Examples
    --------
    >>> suggestions(pd.Series(["104..2", "1O4.2", "18,4", "tall"])).tolist()
    ['104.2', '104.2', '18.4', '']
    """
    text = parsing.plain(words).str.lower()
    text = text.str.replace(r"\s*([.,])[\s.,]*", r"\1", regex=True)
    near = text.str.contains(r"[0-9]") & text.str.fullmatch(r"[0-9ol|.,]+(?: ?(?:kg|cm))?")
    text = text.str.replace("o", "0").str.replace(r"[l|]", "1", regex=True)
    one = text.str.fullmatch(r"\d{1,4}(?:[.,]\d{1,2})?(?: ?(?:kg|cm))?") | text.str.fullmatch(
        r"\d{1,4}\.\d+(?: ?(?:kg|cm))?"
    )
    return text.str.replace(",", ".").where(near & one, "")
