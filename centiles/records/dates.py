"""Words to dates: whether the day comes first is decided once for a file, never row by row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from centiles.errors import MappingError
from centiles.records import columns
from centiles.records.parsing import is_missing

Dates = NDArray[np.datetime64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]

DATE_FORMATS: Final = ("dd/mm/yyyy", "mm/dd/yyyy", "yyyy-mm-dd")
PLACEHOLDER_UNTIL: Final = np.datetime64("1900-12-31")  # 01/01/1900 and the like say "unknown"
CENTURY_PIVOT: Final = 50  # 49 is 2049 and 50 is 1950: no child is in the records of either
CONTRADICTIONS: Final = 0.05  # above this share two orders are in use; below it, slips

_MONTHS: Final = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip

# The shapes a date comes in. A time is left aside, and with it the zone: the day is the one that
# was written down. The order of the first two is the file's, that of the others is plain.
_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?(?: ?Z|[+-]\d{2}:?\d{2})?)?"
_NUMBERS: Final = tuple(
    rf"(?P<a>\d{{1,2}}){mark}(?P<b>\d{{1,2}}){mark}(?P<y>\d{{4}}{short}){_TIME}"
    for mark, short in (("/", r"|\d{2}"), ("-", ""), (r"\.", ""))
)
_PLAIN: Final = (
    r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})" + _TIME,
    r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:\.0)?",
    r"(?P<d>\d{1,2})[- ](?P<m>[A-Za-z]{3})[A-Za-z]{0,6}[- ](?P<y>\d{4}|\d{2})" + _TIME,
)
_SHAPES: Final = (*_NUMBERS, *_PLAIN)


def _parts(words: pd.Series[str], shape: str) -> dict[str, pd.Series[str]]:
    """Return the parts of the words of a shape, with the words' places as index; {} if none is."""
    found = pc.extract_regex(pa.array(words, pa.large_string()), f"^(?:{shape})$")
    at = np.flatnonzero(found.is_valid())
    if len(at) == 0:
        return {}
    parts = found.take(pa.array(at))
    names = [part.name for part in parts.type]
    return {name: pd.Series(columns.texts(parts.field(name)), index=at) for name in names}


def look_like_dates(words: pd.Series[str]) -> Flags:
    """Return which words have the shape of a date, whether or not there is such a day."""
    any_shape = "|".join(f"(?:{re.sub(r'[?]P<.>', '?:', shape)})" for shape in _SHAPES)
    return words.str.match(f"^(?:{any_shape})$").to_numpy(dtype=np.bool_)


def day_first(columns_: Sequence[pd.Series[str]], given: str | None, name: str) -> bool | None:
    """Return whether a file writes the day before the month, decided once for all its dates.

    None where no date needs it: ISO dates, or months as words.

    Parameters
    ----------
    columns_
        The distinct words of each of the file's date columns.
    given
        What the user said: one of :data:`DATE_FORMATS`, or None.
    name
        The file, for the message.

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
        return {"dd/mm/yyyy": True, "mm/dd/yyyy": False}.get(given)
    first, second = _open_parts(columns_)
    days_before, months_before = int((first > 12).sum()), int((second > 12).sum())
    if len(first) == 0:
        return None
    if max(days_before, months_before) == 0:
        raise MappingError(
            f"{name}: every date fits dd/mm/yyyy and mm/dd/yyyy alike. "
            "Say which with --date-format dd/mm/yyyy or --date-format mm/dd/yyyy"
        )
    if min(days_before, months_before) > CONTRADICTIONS * max(days_before, months_before):
        raise MappingError(
            f"{name}: {days_before} distinct dates only fit dd/mm/yyyy and {months_before} only "
            "mm/dd/yyyy; expected one order in a file. Say which with --date-format; "
            "the dates of the other order are then listed as problems"
        )
    return days_before > months_before


def _open_parts(columns_: Sequence[pd.Series[str]]) -> tuple[Integers, Integers]:
    """Return the first and second number of every date that is numbers only, year last."""
    found = (_parts(words, shape) for words in columns_ for shape in _NUMBERS)
    parts = [each for each in found if each]
    first, second = ([_integers(part[letter]) for part in parts] for letter in "ab")
    none = np.array([], dtype=np.int64)
    return np.concatenate([none, *first]), np.concatenate([none, *second])


def dates(words: pd.Series[str], *, day_before_month: bool | None) -> tuple[Dates, Flags]:
    """Return the dates in words, and which words are there but are no date.

    Parameters
    ----------
    words
        The distinct words of a column, stripped.
    day_before_month
        How the file writes dates of numbers only; None where it is not to have any.

    Examples
    --------
    >>> found, bad = dates(pd.Series(["12/03/2025", "31/02/2022"]), day_before_month=True)
    >>> str(found[0]), bad.tolist()
    ('2025-03-12', [False, True])
    """
    found = np.full(len(words), np.datetime64("NaT"), dtype="datetime64[D]")
    for shape in _SHAPES if day_before_month is not None else _PLAIN:
        parts = _parts(words, shape)
        if not parts:
            continue
        if shape in _NUMBERS:
            day, month = parts["a"], parts["b"]
            day, month = (day, month) if day_before_month else (month, day)
        else:
            day, month = parts["d"], parts["m"]
        found[day.index] = _dates_of(parts["y"], month, day)
    return found, ~is_missing(words) & np.isnat(found)


def _dates_of(year: pd.Series[str], month: pd.Series[str], day: pd.Series[str]) -> Dates:
    """Return dates from their parts, NaT where there is no such day."""
    years, days = _integers(year), _integers(day)
    short = (year.str.len() == 2).to_numpy()
    century = np.where(years < CENTURY_PIVOT, 2000, 1900)
    years = np.where(short, years + century, years)
    named = month.str.lower().map(_MONTHS).fillna(0) if month.str.isalpha().any() else month
    months = _integers(named)
    first = ((years - 1970) * 12 + months - 1).astype("datetime64[M]")
    found = first.astype("datetime64[D]") + (days - 1)
    real = (months >= 1) & (months <= 12) & (days >= 1) & (found.astype("datetime64[M]") == first)
    return np.where(real, found, np.datetime64("NaT"))


def _integers(words: pd.Series[Any]) -> Integers:
    return np.asarray(words.astype("int64"), dtype=np.int64)
