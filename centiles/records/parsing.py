"""Words to numbers, units, sexes, gestations and postures: each distinct word is read once.

Every function takes the distinct words of a column and gives arrays of the same length. None of
them guesses: what cannot be read is missing, and says so beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from centiles import ages
from centiles.ages import FloatArray
from centiles.errors import MappingError
from centiles.measures import Sex
from centiles.records import columns

Flags = NDArray[np.bool_]

MISSING_WORDS: Final = frozenset(
    {
        "", "na", "n/a", "n.a.", "#n/a", "null", "none", "nan", "nat", "<na>", "-", "--", "---",
        ".", "..", "...", "?", "??", "nil", "nk", "not known", "unknown", "not recorded",
        "not entered", "not applicable", "no data",
        "blank", "missing", "tbc", "#value!", "#ref!", "#null!",
    }
)  # fmt: skip

_MISSING: Final = pa.array(sorted(MISSING_WORDS), pa.large_string())

# Words for a row its source does not stand by, and what this library calls that.
IGNORED_CODE: Final = "a code that is not read"
STATUS_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    dict.fromkeys(("removed", "deleted"), "removed")
    | dict.fromkeys(("entered-in-error", "entered in error"), "entered in error")
    | dict.fromkeys(("cancelled", "canceled"), "cancelled")
    | {"test patient": "test patient", "ignored": IGNORED_CODE}
)
_YES: Final = ("1", "y", "yes", "t", "true")
# Why there is no measurement, as services write it: a word by itself, or words among others
# ("refused today", "parent declined", "scales broken"). Never where there is a digit.
_REASONS: Final = "|".join(
    (
        r"^(?:dna|dnas|dnad|wnb|cna|uta|uto|dnw|nd|n/d|ill|poorly|leave|left|plaster)$",
        r"\b(?:refus|declin|withdr[ea]w|distress|cried|crying|upset|asleep|sleeping|anxious)",
        r"\b(?:did not|didnt|does not|doesnt|will not|wont|would not|wouldnt|wasnt|werent)\b",
        r"\b(?:was|were) n(?:o|ot|t)\b|\b(?:could not|couldnt|cannot|cant|unable|unwell)\b",
        r"\b(?:un ?co ?operative|non ?compliant|non ?attend|absent|unavailable|away\b|off sick)",
        r"\bnot (?:seen|done|measured|weighed|taken|brought|able|assessed|required|indicated)",
        r"\bnot (?:co ?operat|complian|obtain|possible|available|attend|present|tolerat|checked)",
        r"\bnot in (?:school|today|nursery)\b|\b(?:moved away|left school|holiday)\b",
        r"\b(?:no|without|broken|faulty) (?:working |suitable )?(?:scale|equipment|stadiometer)",
        r"\b(?:no|without) (?:height|length|leicester|mat\b|tape|consent|access|time|parent|show)",
        r"\bno (?:reply|one in|one home)\b|\b(?:deferred|postponed|cancelled|canceled)\b",
        r"\b(?:scale|equipment|stadiometer)s? .*(?:broken|faulty|fail|flat|missing|not working)",
        r"\b(?:equipment failure|wheelchair|hoist|in (?:a )?(?:plaster|cast)|missed appointment)",
    )
)

SEX_WORDS: Final[Mapping[str, Sex]] = MappingProxyType(
    dict.fromkeys(("m", "male", "males", "boy", "boys", "man", "1"), Sex.MALE)
    | dict.fromkeys(("f", "female", "females", "girl", "girls", "woman", "2"), Sex.FEMALE)
)
UNKNOWN_SEX_WORDS: Final = MISSING_WORDS | {
    "u", "i", "x", "0", "9", "unk", "other", "indeterminate", "ambiguous", "undetermined",
    "intersex", "not specified", "not stated", "not disclosed", "prefer not to say", "declined",
    "non-binary",
}  # fmt: skip

Factors = Mapping[str, tuple[float, float]]

# To the library's unit, as multiply and divide: 18,400 g is 18400 / 1000 kg, correctly rounded.
_LENGTHS: Final[Factors] = {
    "cm": (1, 1), "cms": (1, 1), "centimetre": (1, 1), "centimetres": (1, 1), "centimeter": (1, 1),
    "centimeters": (1, 1), "m": (100, 1), "metre": (100, 1), "metres": (100, 1), "meter": (100, 1),
    "meters": (100, 1), "mtr": (100, 1), "mtrs": (100, 1), "mm": (1, 10), "mms": (1, 10),
    "millimetres": (1, 10), "millimeters": (1, 10), "in": (2.54, 1), "ins": (2.54, 1),
    "inch": (2.54, 1), "inches": (2.54, 1), "[in_i]": (2.54, 1),
}  # fmt: skip
UNITS: Final[Mapping[str, Factors]] = MappingProxyType(
    {
        "weight": {
            "kg": (1, 1), "kgs": (1, 1), "kilo": (1, 1), "kilos": (1, 1), "kilogram": (1, 1),
            "kilograms": (1, 1), "kilogramme": (1, 1), "kilogrammes": (1, 1), "g": (1, 1000),
            "gm": (1, 1000), "gms": (1, 1000), "gram": (1, 1000), "grams": (1, 1000),
            "gramme": (1, 1000), "grammes": (1, 1000), "lb": (0.45359237, 1),
            "lbs": (0.45359237, 1), "pound": (0.45359237, 1), "pounds": (0.45359237, 1),
            "[lb_av]": (0.45359237, 1), "oz": (0.45359237, 16), "ounces": (0.45359237, 16),
            "[oz_av]": (0.45359237, 16),
        },
        "height": _LENGTHS,
        "head": _LENGTHS,
        "bmi": {"kg/m²": (1, 1), "kg/m2": (1, 1), "kg m2": (1, 1), "kg/m^2": (1, 1)},
    }
)  # fmt: skip
AGE_UNITS: Final[Mapping[str, float]] = MappingProxyType(
    {"days": 1.0, "weeks": 7.0, "months": ages.DAYS_IN_MONTH, "years": ages.DAYS_IN_YEAR}
)

NINES: Final = (999.0, 999.9, 9999.0, 99999.0)  # stand for missing, and so say nothing of a unit

# Where the median of a column of children's values must lie for its unit to be read off it.
UNIT_RANGES: Final[Mapping[str, Mapping[str, tuple[float, float]]]] = MappingProxyType(
    {
        "weight": {"kg": (1.5, 130), "g": (1500, 130_000)},
        "height": {"cm": (30, 210), "m": (0.3, 2.1), "mm": (300, 2100)},
        "head": {"cm": (20, 65), "mm": (200, 650)},
        "bmi": {"kg/m²": (8, 60)},
    }
)


# What stands for a plain sign: full-width forms, spaces of all widths, dashes, primes, the raised
# decimal point of old British print. Marks without a width say nothing.
_PLAIN: Final = (
    {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    | dict.fromkeys([0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
    | dict.fromkeys([0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF, 0xAD], "")
    | dict.fromkeys([*range(0x2010, 0x2016), 0x2212, 0xFE63], "-")
    | dict.fromkeys([0x2018, 0x2019, 0x2032, 0xB4], "'")
    | dict.fromkeys([0x201C, 0x201D, 0x2033], '"')
    | dict.fromkeys([0xB7, 0x2219], ".")
    | {0x2248: "~"}
)


def plain(words: pd.Series[str]) -> pd.Series[str]:
    """Return words in plain signs: ASCII digits, spaces, dashes and quotes, and no other change.

    Examples
    --------
    >>> plain(pd.Series(["\uff11\uff12\uff0e3", "12\u202fkg"])).tolist()
    ['12.3', '12 kg']
    """
    odd = ~_flags(pc.string_is_ascii(arrow_words(words)))
    if not odd.any():
        return words
    text = words.to_numpy(dtype=object, copy=True)
    text[odd] = [word.translate(_PLAIN).strip() for word in text[odd]]
    return pd.Series(text, index=words.index, dtype="str")


def arrow_words(words: pd.Series[str]) -> pa.Array:
    """Return words as one Arrow array."""
    arrow = pa.array(words, pa.large_string())
    return arrow.combine_chunks() if isinstance(arrow, pa.ChunkedArray) else arrow


def parts(words: pd.Series[str], shape: str) -> dict[str, pd.Series[str]]:
    """Return the named parts of the words of a shape, with the words' places as index.

    Parameters
    ----------
    words
        The words.
    shape
        A regular expression in RE2's syntax, which a whole word must match.
    """
    found = pc.extract_regex(arrow_words(words), f"^(?:{shape})$")
    at = np.flatnonzero(found.is_valid())
    if len(at) == 0:
        return {}
    taken = found.take(pa.array(at))
    names = [part.name for part in taken.type]
    return {name: pd.Series(columns.texts(taken.field(name)), index=at) for name in names}


def are(words: pd.Series[str], shape: str) -> Flags:
    """Return which words are of a shape, as a whole.

    pandas would parse the expression anew at every call, which costs more than matching it.

    Parameters
    ----------
    words
        The words.
    shape
        A regular expression in RE2's syntax.

    Examples
    --------
    >>> are(pd.Series(["12", "12 kg"]), "[0-9]+").tolist()
    [True, False]
    """
    return _flags(pc.match_substring_regex(arrow_words(words), f"^(?:{shape})$"))


def _flags(found: pa.BooleanArray) -> Flags:
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.bool_)


def is_missing(words: pd.Series[str]) -> Flags:
    """Return which words say no more than that nothing is there."""
    return _flags(pc.is_in(pc.utf8_lower(arrow_words(plain(words))), _MISSING))


def is_reason(words: pd.Series[str]) -> Flags:
    """Return which words say why there is no measurement; none of them has a digit.

    Examples
    --------
    >>> is_reason(pd.Series(["Refused today", "didn't attend", "18.4", "refused 18.4"])).tolist()
    [True, True, False, False]
    """
    low = plain(words).str.lower()
    found = np.zeros(len(words), dtype=np.bool_)
    at = np.flatnonzero(~low.str.contains(r"[0-9]").to_numpy(np.bool_))
    if len(at):
        text = low.iloc[at].str.replace(r"['.]", "", regex=True)
        text = text.str.replace(r"[^a-z/]+", " ", regex=True)
        text = text.str.strip(" ")
        found[at] = text.str.contains(_REASONS).to_numpy(np.bool_)
    return found & ~is_missing(words)


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
    """Return the plain numbers in words, without units; see :mod:`centiles.records.amounts`.

    Examples
    --------
    >>> numbers(pd.Series(["18.4", "", "refused", "18,4,"])).value
    array([18.4,  nan,  nan,  nan])
    """
    missing, value = is_missing(words), floats(plain(words))
    return Numbers(np.where(missing, np.nan, value), missing, is_reason(words))


def floats(words: pd.Series[str]) -> FloatArray:
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
    low = plain(words).str.lower().str.removesuffix(".0")
    low = low.mask(low.str.fullmatch(r"[a-z]+\."), low.str.removesuffix("."))
    said = {code.lower(): meaning for code, meaning in codes.items()}
    meaning = low.map({word: str(sex) for word, sex in SEX_WORDS.items()} | said)
    found = np.select([meaning == "male", meaning == "female"], [0, 1], -1).astype(np.int8)
    open_ = set(low) - MISSING_WORDS - set(said)
    if open_ & {"0", "1"} and not open_ & (set(SEX_WORDS) - {"1"}):
        raise MappingError(
            f"{name}: of numbers, the sex column holds only 0 or 1, and these say male and female "
            "in either order. Say which with --sex-codes 0=male,1=female, or the other way round"
        )
    bad = (found < 0) & ~low.isin(UNKNOWN_SEX_WORDS | set(said)).to_numpy()
    if bad.any() and not (found >= 0).any():
        raise MappingError(
            f"{name}: the sex column holds no word this library knows (M, F, male, female, boy, "
            "girl, 1, 2). Say what its codes mean, such as --sex-codes A=male,B=female"
        )
    return found, bad


_WEEKS: Final = r"(?:completed )?w(?:k|ks|eek|eeks)?\.?"
_OF_A_WEEK: Final = r"(?P<d>[0-6]) ?(?:d|days?|/7)?"
_WRITTEN_GESTATIONS: Final = (
    rf"(?P<w>\d{{2}}) ?(?:{_WEEKS}|/40)?(?: ?\+)?",
    rf"(?P<w>\d{{2}}) ?{_WEEKS} ?(?:\+|,|and|&)? ?{_OF_A_WEEK}",
    rf"(?P<w>\d{{2}}) ?(?:/40 ?)?\+ ?{_OF_A_WEEK} ?(?:/40|{_WEEKS})?",
    r"(?P<w>\d{2}) (?P<d>[0-6])/7",
    r"(?P<d>\d{3}) ?d(?:ay|ays)?",
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
    text = plain(words).str.lower()
    number = floats(text)
    number = np.where(np.abs(number) < 1000, number, np.nan)
    written = _written_gestations(text.mask(~np.isnan(number), ""))
    whole = np.floor(number)
    days = np.rint((number - whole) * 10)
    found = np.where(number < 100, number * 7, number)
    found = np.where(np.isnan(written), found, written)
    fraction = ~np.isnan(number) & (number != whole)
    if decimals == "days":
        found = np.where(fraction, np.where(days > 6, np.nan, whole * 7 + days), found)
    elif decimals != "weeks":
        found = np.where(fraction, np.nan, found)
    low, high = ages.GESTATION_RANGE_DAYS
    found = np.rint(found)
    found = np.where((found >= low) & (found <= high), found, np.nan)
    return found, np.isnan(found) & ~is_missing(words)


def _written_gestations(words: pd.Series[str]) -> FloatArray:
    """Return gestations [d] from weeks and days in words, NaN where there are none."""
    found = np.full(len(words), np.nan)
    for shape in _WRITTEN_GESTATIONS:
        if said := parts(words, shape):
            amounts = {name: floats(part) for name, part in said.items()}
            at = next(iter(said.values())).index
            found[at] = 7 * amounts.get("w", 0) + amounts.get("d", 0)
    return found


POSTURES: Final = ("", "standing", "lying")


def postures(words: pd.Series[str]) -> NDArray[np.int8]:
    """Return places in :data:`POSTURES`; 0 where a word says neither."""
    low = plain(words).str.lower()
    stood = low.str.match(r"^(?:s$|st|upright|erect)").to_numpy(dtype=np.bool_)
    lay = low.str.match(r"^(?:l$|ly|lie|laid|supine|recumbent|length)").to_numpy(dtype=np.bool_)
    return np.select([stood, lay], [1, 2], 0).astype(np.int8)


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
    finite = value[np.isfinite(value) & (value > 0) & ~np.isin(value, NINES)]
    if len(finite) == 0:
        return next(iter(UNIT_RANGES[measure]))
    median = float(np.median(finite))
    fits = [unit for unit, (low, high) in UNIT_RANGES[measure].items() if low <= median <= high]
    return fits[0] if len(fits) == 1 else None
