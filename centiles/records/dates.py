"""Words to dates, and how exactly each is known.

Whether the day comes first is decided once for a file, never row by row. A month without a day
stands for its 15th, and says so; a year alone is no date.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.errors import MappingError
from centiles.records.parsing import are, is_missing, parts, plain

Dates = NDArray[np.datetime64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]

DATE_FORMATS: Final = ("dd/mm/yyyy", "mm/dd/yyyy", "yyyy-mm-dd")
PLACEHOLDER_UNTIL: Final = np.datetime64("1900-12-31")  # 01/01/1900 and the like say "unknown"
CENTURY_PIVOT: Final = 50  # 49 is 2049 and 50 is 1950: no child is in the records of either
MID_MONTH: Final = 15  # what a date known to the month is taken as
MONTHLY_CHILDREN: Final = 20  # of so many children, so many born on a 1st or 15th:
MONTHLY_SHARE: Final = 0.95  # then only the months of birth are known
CONTRADICTIONS: Final = 0.05  # above this share two orders are in use; below it, slips

_STATED: Final = (
    (True, re.compile(r"\bdd?[-/. ]?mm?m?[-/. ]?yy", re.IGNORECASE)),
    (False, re.compile(r"\bmm?[-/. ]?dd?[-/. ]?yy", re.IGNORECASE)),
)
_MONTHS: Final = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip

PRECISIONS: Final = ("", "day", "month", "year")
NO_DATE, DAY, MONTH, YEAR = range(len(PRECISIONS))

# The shapes a date comes in. A time is left aside, and with it the zone: the day is the one that
# was written down. The order of the first two is the file's, that of the others is plain.
_ZONE = r"(?: ?Z|[+-]\d{2}(?::?\d{2})?)?(?:\[[A-Za-z_/]+\])?"
_TIME = rf"(?:,?[T ] ?\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?{_ZONE})?"
_NUMBERS: Final = tuple(
    rf"(?P<a>\d{{1,2}}){mark}(?P<b>\d{{1,2}}){mark}(?P<y>\d{{4}}{short}){_TIME}"
    for mark, short in (("/", r"|\d{2}"), ("-", ""), (r"\.", r"|\d{2}"))
)
_WEEKDAY: Final = r"(?:(?:[Mm]on|[Tt]ue|[Ww]ed|[Tt]hu|[Ff]ri|[Ss]at|[Ss]un)[a-z]*,? )?"
_MONTH: Final = rf"(?P<m>(?i:{'|'.join(_MONTHS)}))[A-Za-z]{{0,6}}\.?"
_PLAIN: Final = (
    r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})" + _TIME,
    r"(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})" + _TIME,
    r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?:\.0|T?\d{4}(?:\d{2}(?:\.\d+)?)?" + _ZONE + ")?",
    rf"{_WEEKDAY}(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[-/ ]?(?:of )?{_MONTH}[-/, ]? ?"
    r"(?P<y>\d{4}|\d{2})" + _TIME,
    rf"{_WEEKDAY}{_MONTH} (?P<d>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y>\d{{4}})" + _TIME,
)
_MONTHLY: Final = (
    r"(?P<m>\d{1,2})[/-](?P<y>\d{4})",
    r"(?P<y>\d{4})[/-](?P<m>\d{1,2})",
    rf"{_MONTH}[-/, ] ?(?P<y>\d{{4}})",
)
_YEAR: Final = r"(?:19|20)\d{2}(?:\.0)?"
_SHAPES: Final = (*_NUMBERS, *_PLAIN, *_MONTHLY, _YEAR)

# A spreadsheet's number of a day, counted from 1900: here from 1954 to 2064.
_SERIAL: Final = r"(?P<n>[2-5]\d{4})(?:\.\d+)?"
_SERIAL_ZERO: Final = np.datetime64("1899-12-30")
_WORKBOOK: Final = re.compile(r"\.(?:xls[xmb]?|ods)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Days:
    """Dates read from words: the day, a place in :data:`PRECISIONS`, and whether it is none.

    A month without a day is its 15th. ``bad`` marks words that are there and are no date; a year
    alone is one of them, with its precision.
    """

    on: Dates
    precision: NDArray[np.int8]
    bad: Flags


def look_like_dates(words: pd.Series[str]) -> Flags:
    """Return which words have the shape of a date, whether or not there is such a day."""
    text = plain(words)
    found = np.zeros(len(text), dtype=np.bool_)
    for shape in _SHAPES if not are_serials(words, "") else (*_SHAPES, _SERIAL):
        left = np.flatnonzero(~found)
        if len(left) == 0:
            break
        found[left] = are(text.iloc[left], shape)
    return found


def are_serials(words: pd.Series[str], name: str) -> bool:
    """Return whether numbers of five digits in a column of dates are a spreadsheet's day numbers.

    They are where most of the column's words are such numbers, or the file is a workbook.

    Parameters
    ----------
    words
        The distinct words of the column, stripped.
    name
        The file's name.
    """
    serials = int(are(plain(words), _SERIAL).sum())
    if serials == 0 or _WORKBOOK.search(name):
        return serials > 0
    return 2 * serials > int((~is_missing(words)).sum())


def order_stated(headers: Sequence[str]) -> bool | None:
    """Return whether headers say that the day comes first: "DOB (dd/mm/yyyy)"; None for neither.

    Examples
    --------
    >>> order_stated(["DOB (dd/mm/yyyy)", "Seen"]), order_stated(["mm-dd-yy"]), order_stated(["On"])
    (True, False, None)
    """
    said = {first for header in headers for first, form in _STATED if form.search(header)}
    return said.pop() if len(said) == 1 else None


def day_first(
    columns_: Sequence[pd.Series[str]],
    given: str | None,
    name: str,
    *,
    stated: bool | None = None,
) -> bool | None:
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
    stated
        What the headers say, see :func:`order_stated`; asked where the dates fit both orders.

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
        if stated is not None:
            return stated
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
    """Return the first and second number of every date that is numbers only, year last.

    A date with no month in it fits neither order, and tells of none.
    """
    read = []
    for words in columns_:
        left = plain(words)
        for shape in _NUMBERS:
            if found := parts(left, shape):
                read.append(found)
                left = left.drop(left.index[found["a"].index])
    first, second = ([_integers(part[letter]) for part in read] for letter in "ab")
    none = np.array([], dtype=np.int64)
    one, other = np.concatenate([none, *first]), np.concatenate([none, *second])
    a_month = np.minimum(one, other) <= 12
    return one[a_month], other[a_month]


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
    read = days(words, day_before_month=day_before_month)
    return read.on, read.bad


def days(words: pd.Series[str], *, day_before_month: bool | None, serials: bool = False) -> Days:
    """Return the dates in words, and how exactly each is known.

    Parameters
    ----------
    words
        The distinct words of a column, stripped.
    day_before_month
        How the file writes dates of numbers only; None where it is not to have any.
    serials
        Whether numbers of five digits are a spreadsheet's day numbers, see :func:`are_serials`.

    Examples
    --------
    >>> read = days(pd.Series(["12/03/2025", "03/2025", "2025"]), day_before_month=True)
    >>> [str(day) for day in read.on], [PRECISIONS[place] for place in read.precision]
    (['2025-03-12', '2025-03-15', 'NaT'], ['day', 'month', 'year'])
    """
    text = plain(words).reset_index(drop=True)
    on = np.full(len(words), np.datetime64("NaT", "D"), dtype="datetime64[D]")
    precision = np.zeros(len(words), dtype=np.int8)
    left = text
    for shape in _SHAPES[:-1] if day_before_month is not None else _SHAPES[len(_NUMBERS) : -1]:
        if not (part := parts(left, shape)):
            continue
        at = left.index[next(iter(part.values())).index]
        on[at] = _days_of(shape, part, day_before_month=day_before_month)
        precision[at] = MONTH if shape in _MONTHLY else DAY
        left = left.drop(at)
        if left.empty:
            break
    if serials and (part := parts(left, _SERIAL)):
        at = left.index[part["n"].index]
        on[at], precision[at] = _SERIAL_ZERO + _integers(part["n"]), DAY
    precision[np.isnat(on)] = NO_DATE
    precision[left.index[are(left, _YEAR)]] = YEAR
    return Days(on, precision, ~is_missing(words) & np.isnat(on))


def _days_of(
    shape: str, part: dict[str, pd.Series[str]], *, day_before_month: bool | None
) -> Dates:
    """Return the dates of the parts of words of one shape."""
    if shape in _NUMBERS:
        day, month = (part["a"], part["b"]) if day_before_month else (part["b"], part["a"])
        return _dates_of(part["y"], month, _integers(day))
    if shape in _MONTHLY:
        return _dates_of(part["y"], part["m"], np.full(len(part["y"]), MID_MONTH))
    return _dates_of(part["y"], part["m"], _integers(part["d"]))


def _dates_of(year: pd.Series[str], month: pd.Series[str], day: Integers) -> Dates:
    """Return dates from their parts, NaT where there is no such day."""
    years = _integers(year)
    short = (year.str.len() == 2).to_numpy()
    century = np.where(years < CENTURY_PIVOT, 2000, 1900)
    years = np.where(short, years + century, years)
    named = month.str.lower().map(_MONTHS).fillna(0) if month.str.isalpha().any() else month
    months = _integers(named)
    first = ((years - 1970) * 12 + months - 1).astype("datetime64[M]")
    found = first.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    real = (months >= 1) & (months <= 12) & (day >= 1) & (found.astype("datetime64[M]") == first)
    return np.where(real, found, np.datetime64("NaT", "D"))


def _integers(words: pd.Series[Any]) -> Integers:
    return np.asarray(words.astype("int64"), dtype=np.int64)


# What a column of precisions says: EMIS writes Y, YM, YMD and YMDT, and U where nothing is known.
_PRECISION_WORDS: Final = (
    dict.fromkeys(("ymd", "ymdt", "day", "full", "exact", "date", "datetime", "time"), DAY)
    | dict.fromkeys(("ym", "month", "my"), MONTH)
    | dict.fromkeys(("y", "year", "u", "unknown"), YEAR)
)


def precisions(words: pd.Series[str]) -> NDArray[np.int8]:
    """Return what words say of how exactly a date is known; 0 where they say nothing of it."""
    said = plain(words).str.lower().map(_PRECISION_WORDS)
    return np.asarray(said.fillna(NO_DATE).astype("int8"), dtype=np.int8)


def of_month(on: Dates) -> Dates:
    """Return the day that stands for the month of each date."""
    first = on.astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray(first + np.timedelta64(MID_MONTH - 1, "D"), dtype="datetime64[D]")


def are_monthly(child: NDArray[Any], born: Dates) -> bool:
    """Return whether a file has only the months of birth: nearly all on a 1st or 15th.

    Parameters
    ----------
    child
        Each row's child, −1 for none, shape (n,).
    born
        Each row's date of birth, shape (n,).
    """
    by_child = np.full(int(child.max(initial=-1)) + 2, np.datetime64("NaT", "D"))
    known = ~np.isnat(born)
    by_child[child if known.all() else child[known]] = born if known.all() else born[known]
    by_child = by_child[:-1]  # the last is of those who have no child
    by_child = by_child[~np.isnat(by_child)]
    if len(by_child) < MONTHLY_CHILDREN:
        return False
    day = pd.DatetimeIndex(by_child.astype("datetime64[s]")).day.to_numpy()  # faster than NumPy's
    return bool(((day == 1) | (day == MID_MONTH)).mean() >= MONTHLY_SHARE)
