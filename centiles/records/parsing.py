"""Words to numbers, units, sexes, gestations and postures: each distinct word is read once.

Every function takes the distinct words of a column and gives arrays of the same length. None of
them guesses: what cannot be read is missing, and says so beside it.
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

from centiles import ages
from centiles.ages import FloatArray
from centiles.errors import MappingError
from centiles.measures import Sex

Flags = NDArray[np.bool_]

MISSING_WORDS: Final = frozenset(
    {
        "", "na", "n/a", "n.a.", "#n/a", "null", "none", "nan", "nat", "<na>", "-", "--", "–", ".",
        "?", "nil", "nk", "not known", "unknown", "not recorded", "not entered",
    }
)  # fmt: skip
REASON_WORDS: Final = frozenset(
    {
        "dna", "did not attend", "wnb", "was not brought", "not brought", "not seen", "absent",
        "away", "refused", "child refused", "parent refused", "declined", "parent declined",
        "withdrawn", "unable", "unable to measure", "unable to weigh", "uncooperative",
        "not cooperative", "distressed", "crying", "not done", "not measured", "not weighed",
        "not taken", "no scales", "no equipment", "equipment failure", "no height measure",
        "no stadiometer", "wheelchair", "in plaster",
    }
)  # fmt: skip

# Words for a row its source does not stand by, and what this library calls that.
IGNORED_CODE: Final = "a code that is not read"
STATUS_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("removed", "deleted"), "removed")
    | dict.fromkeys(("entered-in-error", "entered in error"), "entered in error")
    | dict.fromkeys(("cancelled", "canceled"), "cancelled")
    | {"test patient": "test patient", "ignored": IGNORED_CODE}
)
_YES: Final = ("1", "y", "yes", "t", "true")

SEX_WORDS: Final[Mapping[str, Sex]] = MappingProxyType(
    dict.fromkeys(("m", "male", "boy", "man", "1"), Sex.MALE)
    | dict.fromkeys(("f", "female", "girl", "woman", "2"), Sex.FEMALE)
)
UNKNOWN_SEX_WORDS: Final = MISSING_WORDS | {
    "u", "i", "x", "0", "9", "other", "indeterminate", "intersex", "not specified", "not stated",
}  # fmt: skip

Factors = Mapping[str, tuple[float, float]]

# To the library's unit, as multiply and divide: 18,400 g is 18400 / 1000 kg, correctly rounded.
_LENGTHS: Final[Factors] = {
    "cm": (1, 1), "cms": (1, 1), "centimetres": (1, 1), "m": (100, 1), "metres": (100, 1),
    "mm": (1, 10), "in": (2.54, 1), "inches": (2.54, 1), "[in_i]": (2.54, 1),
}  # fmt: skip
UNITS: Final[Mapping[str, Factors]] = MappingProxyType(
    {
        "weight": {
            "kg": (1, 1), "kgs": (1, 1), "kilograms": (1, 1), "g": (1, 1000), "gm": (1, 1000),
            "gms": (1, 1000), "grams": (1, 1000), "lb": (0.45359237, 1), "lbs": (0.45359237, 1),
            "[lb_av]": (0.45359237, 1),
        },
        "height": _LENGTHS,
        "head": _LENGTHS,
        "bmi": {"kg/m²": (1, 1), "kg/m2": (1, 1), "kg m2": (1, 1)},
    }
)  # fmt: skip
AGE_UNITS: Final[Mapping[str, float]] = MappingProxyType(
    {"days": 1.0, "weeks": 7.0, "months": ages.DAYS_IN_MONTH, "years": ages.DAYS_IN_YEAR}
)

# Where the median of a column of children's values must lie for its unit to be read off it.
UNIT_RANGES: Final[Mapping[str, Mapping[str, tuple[float, float]]]] = MappingProxyType(
    {
        "weight": {"kg": (1.5, 130), "g": (1500, 130_000)},
        "height": {"cm": (30, 210), "m": (0.3, 2.1), "mm": (300, 2100)},
        "head": {"cm": (20, 65), "mm": (200, 650)},
        "bmi": {"kg/m²": (8, 60)},
    }
)


def is_missing(words: pd.Series[str]) -> Flags:
    """Return which words say no more than that nothing is there."""
    return words.str.lower().isin(MISSING_WORDS).to_numpy()


@dataclass(frozen=True)
class Numbers:
    """Numbers read from words: value, and where a word is missing, a reason or no number."""

    value: FloatArray
    missing: Flags
    reason: Flags

    @property
    def bad(self) -> Flags:
        """Where there is a word that is neither a number, nor missing, nor a reason."""
        return np.isnan(self.value) & ~self.missing & ~self.reason


def numbers(words: pd.Series[str]) -> Numbers:
    """Return the numbers in words.

    Examples
    --------
    >>> numbers(pd.Series(["18.4", "", "refused", "18,4,"])).value
    array([18.4,  nan,  nan,  nan])
    """
    missing, value = is_missing(words), _floats(words)
    reason = words.str.lower().isin(REASON_WORDS).to_numpy()
    return Numbers(np.where(missing, np.nan, value), missing, reason)


def _floats(words: pd.Series[str]) -> FloatArray:
    """Return the words that are plain numbers as such, NaN for the others."""
    read = pd.to_numeric(words, errors="coerce")
    return np.asarray(read.to_numpy(dtype=np.float64, na_value=np.nan))


def sexes(
    words: pd.Series[str], codes: Mapping[str, str], name: str
) -> tuple[NDArray[np.int8], Flags]:
    """Return 0 male, 1 female, −1 unknown, and which words are no sex at all.

    Parameters
    ----------
    words
        The distinct words of the column, stripped.
    codes
        What the user said of words: male, female or unknown.
    name
        The file, for the message.

    Raises
    ------
    MappingError
        If the numbers in the column could be 1 male and 2 female or 0 and 1 in either order, and
        ``codes`` does not say which; or if no word that is there is known.
    """
    plain = words.str.lower().str.removesuffix(".0")
    said = {code.lower(): meaning for code, meaning in codes.items()}
    meaning = plain.map({word: str(sex) for word, sex in SEX_WORDS.items()} | said)
    found = np.select([meaning == "male", meaning == "female"], [0, 1], -1).astype(np.int8)
    open_ = set(plain) - MISSING_WORDS - set(said)
    if open_ & {"0", "1"} and not open_ & (set(SEX_WORDS) - {"1"}):
        raise MappingError(
            f"{name}: of numbers, the sex column holds only 0 or 1, and these say male and female "
            "in either order. Say which with --sex-codes 0=male,1=female, or the other way round"
        )
    bad = (found < 0) & ~plain.isin(UNKNOWN_SEX_WORDS | set(said)).to_numpy()
    if bad.any() and not (found >= 0).any():
        raise MappingError(
            f"{name}: the sex column holds no word this library knows (M, F, male, female, boy, "
            "girl, 1, 2). Say what its codes mean, such as --sex-codes A=male,B=female"
        )
    return found, bad


_GESTATION: Final = re.compile(
    r"^(\d{2}) ?(?:(?:\+|w[a-z]*|/40) ?\+? ?([0-6])? ?(?:d[a-z]*|/7)?)(?: ?/40)?$"
)


def gestations(words: pd.Series[str], *, decimals: str | None) -> tuple[FloatArray, Flags]:
    """Return gestations [d] from "38+4", completed weeks or days, and which words are none.

    A decimal such as 38.6 is neither weeks nor weeks and days unless ``decimals`` says so:
    ``"weeks"`` (38.6 weeks) or ``"days"`` (38 weeks and 6 days).

    Examples
    --------
    >>> gestations(pd.Series(["38+4", "40", "270", "38.6", "4"]), decimals=None)[0]
    array([270., 280., 270.,  nan,  nan])
    """
    split = words.str.lower().str.extract(_GESTATION.pattern)
    weeks, extra = _floats(split[0]), np.nan_to_num(_floats(split[1]))
    number = _floats(words)
    number = np.where(np.abs(number) < 1000, number, np.nan)
    whole = np.floor(number)
    days = np.rint((number - whole) * 10)
    found = np.where(number < 100, number * 7, number)
    found = np.where(np.isnan(weeks), found, weeks * 7 + extra)
    fraction = ~np.isnan(number) & (number != whole)
    if decimals == "days":
        found = np.where(fraction, np.where(days > 6, np.nan, whole * 7 + days), found)
    elif decimals != "weeks":
        found = np.where(fraction, np.nan, found)
    low, high = ages.GESTATION_RANGE_DAYS
    found = np.rint(found)
    found = np.where((found >= low) & (found <= high), found, np.nan)
    return found, np.isnan(found) & ~is_missing(words)


POSTURES: Final = ("", "standing", "lying")


def postures(words: pd.Series[str]) -> NDArray[np.int8]:
    """Return places in :data:`POSTURES`; 0 where a word says neither."""
    plain = words.str.lower()
    stood = plain.str.match(r"^(?:s$|st|upright|erect)").to_numpy(dtype=np.bool_)
    lay = plain.str.match(r"^(?:l$|ly|lie|laid|supine|recumbent|length)").to_numpy(dtype=np.bool_)
    return np.select([stood, lay], [1, 2], 0).astype(np.int8)


PRECISIONS: Final = ("", "day", "month", "year")
_PRECISION_WORDS: Final[Mapping[str, int]] = MappingProxyType(
    dict.fromkeys(("y", "yyyy", "year"), 3) | dict.fromkeys(("ym", "yyyymm", "month"), 2)
)


def precisions(words: pd.Series[str]) -> NDArray[np.int8]:
    """Return places in :data:`PRECISIONS` of words such as Y, YM and YMD; the day unless said."""
    return np.array([_PRECISION_WORDS.get(word, 1) for word in words.str.lower()], dtype=np.int8)


def statuses(words: pd.Series[str], *, flag: bool) -> list[str]:
    """Return why a source does not stand by the rows with each word, empty where it does.

    Parameters
    ----------
    words
        The distinct words of the column, stripped.
    flag
        Whether the column says yes or no to "removed", so that "1" or "true" is a yes.

    Examples
    --------
    >>> statuses(pd.Series(["final", "Entered-in-error", "1"]), flag=False)
    ['', 'entered in error', '']
    """
    known = dict(STATUS_WORDS) | (dict.fromkeys(_YES, "removed") if flag else {})
    return [known.get(word, "") for word in words.str.lower()]


def factors(words: pd.Series[str], measure: str) -> tuple[FloatArray, FloatArray]:
    """Return what to multiply and to divide by for each unit; NaN where the measure has none."""
    known = UNITS[measure]
    pairs = [known.get(word, (np.nan, 1.0)) for word in words.str.lower()]
    multiply, divide = np.array([*pairs, (np.nan, 1.0)], dtype=np.float64)[:-1].T
    return multiply, divide


def unit_of_values(value: FloatArray, measure: str) -> str | None:
    """Return the one unit in which a column's median is a child's, None where there is none."""
    finite = value[np.isfinite(value) & (value > 0)]
    if len(finite) == 0:
        return next(iter(UNIT_RANGES[measure]))
    median = float(np.median(finite))
    fits = [unit for unit, (low, high) in UNIT_RANGES[measure].items() if low <= median <= high]
    return fits[0] if len(fits) == 1 else None
