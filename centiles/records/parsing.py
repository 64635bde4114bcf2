"""Words to dates, numbers, units, sexes and gestations: each distinct word is read once.

Every function takes the distinct words of a column and gives arrays of the same length. None of
them guesses: what cannot be read is missing, and says so beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles import ages
from centiles.ages import FloatArray
from centiles.errors import MappingError
from centiles.measures import Sex

Dates = NDArray[np.datetime64]
Flags = NDArray[np.bool_]

MISSING_WORDS: Final = frozenset(
    {"", "na", "n/a", "null", "none", "nan", "-", "--", ".", "?", "nil"}
)
REASON_WORDS: Final = frozenset(
    {
        "dna", "did not attend", "refused", "declined", "unable", "not done", "no scales",
        "not seen", "absent", "not measured", "uncooperative", "no height measure",
    }
)  # fmt: skip

SEX_WORDS: Final = MappingProxyType(
    {word: Sex.MALE for word in ("m", "male", "boy", "man", "1")}
    | {word: Sex.FEMALE for word in ("f", "female", "girl", "woman", "2")}
)
UNKNOWN_SEX_WORDS: Final = frozenset(
    {"", "u", "i", "x", "0", "9", "unknown", "other", "indeterminate", "intersex", "not known"}
)

# To the library's unit, as multiply and divide: 18,400 g is 18400 / 1000 kg, correctly rounded.
UNITS: Final = MappingProxyType(
    {
        "weight": {
            "kg": (1, 1), "g": (1, 1000), "lb": (0.45359237, 1), "lbs": (0.45359237, 1),
            "kgs": (1, 1), "gm": (1, 1000), "gms": (1, 1000), "grams": (1, 1000),
            "kilograms": (1, 1), "[lb_av]": (0.45359237, 1),
        },
        "height": {
            "cm": (1, 1), "m": (100, 1), "mm": (1, 10), "in": (2.54, 1), "inches": (2.54, 1),
            "[in_i]": (2.54, 1), "cms": (1, 1), "metres": (100, 1),
        },
        "head": {"cm": (1, 1), "mm": (1, 10), "m": (100, 1), "in": (2.54, 1), "cms": (1, 1)},
        "bmi": {"kg/m²": (1, 1), "kg/m2": (1, 1), "kg m2": (1, 1)},
    }
)  # fmt: skip
AGE_UNITS: Final = MappingProxyType(
    {"days": 1.0, "weeks": 7.0, "months": ages.DAYS_IN_MONTH, "years": ages.DAYS_IN_YEAR}
)

# Where the median of a column of children's values must lie for its unit to be read off it.
UNIT_RANGES: Final = MappingProxyType(
    {
        "weight": {"kg": (1.5, 130), "g": (1500, 130_000)},
        "height": {"cm": (30, 210), "m": (0.3, 2.1), "mm": (300, 2100)},
        "head": {"cm": (20, 65), "mm": (200, 650)},
        "bmi": {"kg/m²": (8, 60)},
    }
)


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


def numbers(words: pd.Series) -> Numbers:
    """Return the numbers in words.

    Examples
    --------
    >>> numbers(pd.Series(["18.4", "", "refused", "18,4,"])).value
    array([18.4,  nan,  nan,  nan])
    """
    plain = words.str.casefold()
    value = pd.to_numeric(plain, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    missing = plain.isin(MISSING_WORDS).to_numpy()
    return Numbers(np.where(missing, np.nan, value), missing, plain.isin(REASON_WORDS).to_numpy())


# The shapes a date comes in: what it looks like, how it is read, whether its order is open.
_MONTH = r"[A-Za-z]{3,9}"
_TIME = r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
DATE_SHAPES: Final = (
    (r"\d{4}-\d{2}-\d{2}" + _TIME, "%Y-%m-%d", 10),
    (r"\d{8}", "%Y%m%d", 8),
    (r"\d{1,2}/\d{1,2}/\d{4}" + _TIME, "slash/%Y", 10),
    (r"\d{1,2}-\d{1,2}-\d{4}" + _TIME, "slash-%Y", 10),
    (r"\d{1,2}\.\d{1,2}\.\d{4}" + _TIME, "slash.%Y", 10),
    (r"\d{1,2}/\d{1,2}/\d{2}", "slash/%y", 8),
    (rf"\d{{1,2}}[- ]{_MONTH}[- ]\d{{4}}" + _TIME, "%d %b %Y", 20),
    (rf"\d{{1,2}}[- ]{_MONTH}[- ]\d{{2}}", "%d %b %y", 20),
)
DATE_FORMATS: Final = ("dd/mm/yyyy", "mm/dd/yyyy", "yyyy-mm-dd")


def day_first(columns: list[pd.Series], given: str | None, name: str) -> bool | None:
    """Return whether a file writes the day before the month, decided once for all its dates.

    Parameters
    ----------
    columns
        The distinct words of each of the file's date columns.
    given
        What the user said: one of :data:`DATE_FORMATS`, or None.
    name
        The file, for the message.

    Returns
    -------
    bool or None
        None where no date of the file needs it (ISO dates, or months as words).

    Raises
    ------
    MappingError
        If the dates of the file fit both orders, or contradict each other.
    """
    if given is not None:
        if given not in DATE_FORMATS:
            raise MappingError(
                f"date format: found {given!r}, expected one of {', '.join(DATE_FORMATS)}"
            )
        return given != "mm/dd/yyyy"
    parts = [
        words.str.extract(r"^(\d{1,2})[/.-](\d{1,2})[/.-](?:\d{4}|\d{2})\b") for words in columns
    ]
    both = pd.concat(parts).dropna().astype(int) if parts else pd.DataFrame()
    if both.empty:
        return None
    days_before, months_before = int((both[0] > 12).sum()), int((both[1] > 12).sum())
    if max(days_before, months_before) == 0:
        raise MappingError(
            f"{name}: every date fits dd/mm/yyyy and mm/dd/yyyy alike. "
            "Say which with --date-format dd/mm/yyyy or --date-format mm/dd/yyyy"
        )
    if min(days_before, months_before) > 0.05 * max(days_before, months_before):
        raise MappingError(
            f"{name}: {days_before} distinct dates only fit dd/mm/yyyy and {months_before} only "
            "mm/dd/yyyy; expected one order in a file. Say which with --date-format; "
            "the dates of the other order are then listed as problems"
        )
    return days_before > months_before


def dates(words: pd.Series, *, day_before_month: bool | None) -> tuple[Dates, Flags]:
    """Return the dates in words, and which words are there but are no date.

    Examples
    --------
    >>> found, bad = dates(pd.Series(["12/03/2025", "31/02/2022"]), day_before_month=True)
    >>> str(found[0]), bad.tolist()
    ('2025-03-12', [False, True])
    """
    order = "%d{0}%m{0}" if day_before_month in (True, None) else "%m{0}%d{0}"
    found = pd.Series(pd.NaT, index=words.index, dtype="datetime64[s]")
    open_ = ~words.str.casefold().isin(MISSING_WORDS)
    missing = ~open_
    for shape, form, width in DATE_SHAPES:
        fits = open_ & words.str.fullmatch(shape)
        if not fits.any():
            continue
        text = words[fits]
        if form.startswith("slash"):
            text = text.str.extract(r"^(\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4})")[0]
            form = order.format(form[5]) + form[6:]
        elif "%b" in form:
            text = text.str.replace("-", " ").str.extract(r"^(\d{1,2} [A-Za-z]{3})[a-z]* (\d+)")
            text = text[0] + " " + text[1]
        else:
            text = text.str.slice(0, width)
        read = pd.to_datetime(text, format=form, errors="coerce")
        found[fits] = read.astype("datetime64[s]")
        open_ &= ~fits
    days = found.to_numpy().astype("datetime64[D]")
    return days, (~missing & np.isnat(days)).to_numpy()


def sexes(words: pd.Series, codes: dict[str, str], name: str) -> tuple[NDArray[np.int8], Flags]:
    """Return 0 male, 1 female, −1 unknown, and which words are no sex at all.

    Raises
    ------
    MappingError
        If the column holds only 0 and 1, which mean different sexes in different systems, and
        ``codes`` does not say which is which; or if a code is not male or female.
    """
    plain = words.str.casefold().str.removesuffix(".0")
    used = set(plain[plain != ""])
    places = {Sex.MALE.value: 0, Sex.FEMALE.value: 1}
    for word, meaning in codes.items():
        if meaning not in (*places, "unknown"):
            raise MappingError(
                f"sex code {word}={meaning}: expected male, female or unknown after the ="
            )
    if used <= {"0", "1"} and "0" in used and not codes:
        raise MappingError(
            f"{name}: the sex column holds only 0 and 1, which say male and female in either "
            "order. Say which with --sex-codes 0=male,1=female or the other way round"
        )
    table = {word: str(sex) for word, sex in SEX_WORDS.items()} | {
        word.casefold(): meaning for word, meaning in codes.items()
    }
    meaning = plain.map(table)
    found = meaning.map(places).fillna(-1).to_numpy(dtype=np.int8)
    bad = (found < 0) & ~(plain.isin(UNKNOWN_SEX_WORDS) | plain.isin(table)).to_numpy()
    return found, bad


def gestations(words: pd.Series, *, decimals: str | None) -> tuple[FloatArray, Flags]:
    """Return gestations [d] from "38+4", completed weeks or days, and which words are none.

    A decimal such as 38.6 is neither weeks nor weeks and days unless ``decimals`` says so:
    ``"weeks"`` (38.6 weeks) or ``"days"`` (38 weeks and 6 days).

    Examples
    --------
    >>> gestations(pd.Series(["38+4", "40", "270", "38.6", "4"]), decimals=None)[0]
    array([270., 280., 270.,  nan,  nan])
    """
    plain = words.str.casefold()
    split = plain.str.extract(r"^(\d{2}) ?(?:\+|w[a-z]*|/40) ?\+? ?([0-6])? ?(?:d[a-z]*|/7)?$")
    weeks = pd.to_numeric(split[0]).to_numpy(dtype=np.float64, na_value=np.nan)
    extra = pd.to_numeric(split[1]).to_numpy(dtype=np.float64, na_value=np.nan)
    number = pd.to_numeric(plain, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    whole = number == np.floor(number)
    low, high = ages.GESTATION_RANGE_DAYS
    found = np.where(~np.isnan(extra), weeks * 7 + extra, np.nan)
    found = np.where(np.isnan(extra) & ~np.isnan(weeks), weeks * 7, found)
    found = np.where(whole & (number < 100), number * 7, found)
    found = np.where(whole & (number >= 100), number, found)
    if decimals == "weeks":
        found = np.where(~whole & ~np.isnan(number), np.rint(number * 7), found)
    elif decimals == "days":
        tenths = np.rint((number - np.floor(number)) * 10)
        fits = ~whole & (tenths <= 6) & ~np.isnan(number)
        found = np.where(fits, np.floor(number) * 7 + tenths, found)
    found = np.where((found >= low) & (found <= high), found, np.nan)
    return found, np.isnan(found) & ~plain.isin(MISSING_WORDS).to_numpy()


def converted(value: FloatArray, measure: str, unit: str) -> FloatArray:
    """Return values in the library's unit; NaN where the unit is not one of the measure's."""
    multiply, divide = UNITS[measure].get(unit.casefold(), (np.nan, 1))
    return value * multiply / divide


def unit_of_values(value: FloatArray, measure: str) -> str | None:
    """Return the one unit in which a column's median is a child's, None where there is none."""
    finite = value[np.isfinite(value) & (value > 0)]
    if len(finite) == 0:
        return next(iter(UNIT_RANGES[measure]))
    median = float(np.median(finite))
    fits = [unit for unit, (low, high) in UNIT_RANGES[measure].items() if low <= median <= high]
    return fits[0] if len(fits) == 1 else None
