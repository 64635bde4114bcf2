"""Dates to ages in whole days, and the correction of an age for gestation.

Ages are days throughout. A decimal year is ``days / 365.25`` and a month a twelfth of it; no other
length of year or month appears in any calculation.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from centiles.errors import UsageError

FloatArray: TypeAlias = NDArray[np.float64]

DAYS_IN_YEAR: Final = 365.25
DAYS_IN_MONTH: Final = DAYS_IN_YEAR / 12
TERM_DAYS: Final = 280  # 40 weeks
TERM_FROM_DAYS: Final = 37 * 7  # born at 37+0 or later is term
VERY_PRETERM_BELOW_DAYS: Final = 32 * 7
GESTATION_RANGE_DAYS: Final = (22 * 7, 44 * 7 + 6)


class Correction(StrEnum):
    """How an age is corrected for gestation.

    ``digital`` corrects every known gestation, term included, for life, as the RCPCH's digital
    charts do. ``paper`` follows the 2009 chart instructions: never from 37 weeks, until 1 year
    from 32 to 36 weeks, until 2 years below that.
    """

    DIGITAL = "digital"
    PAPER = "paper"

    @classmethod
    def _missing_(cls, value: object) -> Correction:
        raise UsageError(
            f"correction: found {value!r}, expected 'digital' or 'paper'; "
            "see docs/decisions/0003-correction.md for what each means"
        )


def day_ages(birth_date: ArrayLike, measured_on: ArrayLike) -> FloatArray:
    """Return ages in whole days [d] between two dates.

    Parameters
    ----------
    birth_date, measured_on
        Dates, anything NumPy reads as ``datetime64``; times of day are dropped.

    Returns
    -------
    float array
        Days [d], NaN where either date is missing.

    Examples
    --------
    >>> float(day_ages("2020-03-12", "2025-03-12"))
    1826.0
    """
    born = np.asarray(birth_date, dtype="datetime64[D]")
    days = np.asarray(measured_on, dtype="datetime64[D]") - born
    return np.where(np.isnat(days), np.nan, days.astype(np.int64).astype(np.float64))


def decimal_years(age_days: ArrayLike) -> FloatArray:
    """Return ages in decimal years [y] from days [d]: ``days / 365.25``.

    Examples
    --------
    >>> float(decimal_years(1461))
    4.0
    """
    return np.asarray(age_days, dtype=np.float64) / DAYS_IN_YEAR


def gestation_known(gestation_days: ArrayLike) -> NDArray[np.bool_]:
    """Return where a gestation [d] is given and lies between 22+0 and 44+6 weeks."""
    given = np.asarray(gestation_days, dtype=np.float64)
    return (given >= GESTATION_RANGE_DAYS[0]) & (given <= GESTATION_RANGE_DAYS[1])


def correction_days(
    age_days: ArrayLike, gestation_days: ArrayLike, correction: str = "digital"
) -> FloatArray:
    """Return the days [d] to take off a chronological age under a correction.

    Parameters
    ----------
    age_days
        Chronological age [d].
    gestation_days
        Gestation at birth [d] (38+4 is 270); NaN where unknown, which corrects nothing.
    correction
        ``"digital"`` or ``"paper"``.

    Returns
    -------
    float array
        ``280 − gestation`` where the correction applies at that age, else 0 [d].

    Raises
    ------
    UsageError
        If ``correction`` is neither word.
    """
    age = np.asarray(age_days, dtype=np.float64)
    gestation = np.asarray(gestation_days, dtype=np.float64)
    known = gestation_known(gestation)
    early = np.where(known, TERM_DAYS - np.where(known, gestation, TERM_DAYS), 0.0)
    if Correction(correction) is Correction.DIGITAL:
        return np.where(np.isnan(age), 0.0, early)
    stop_years = np.select(
        [gestation < VERY_PRETERM_BELOW_DAYS, gestation < TERM_FROM_DAYS], [2, 1]
    )
    return np.where(age < stop_years * DAYS_IN_YEAR, early, 0.0)


def corrected_age_days(
    age_days: ArrayLike, gestation_days: ArrayLike, correction: str = "digital"
) -> FloatArray:
    """Return ages corrected for gestation [d]: days since the expected date of delivery.

    Parameters and errors are those of :func:`correction_days`.

    Examples
    --------
    A child born at 32+0 weeks is eight weeks younger than its birthday says:

    >>> float(corrected_age_days(100, 32 * 7))
    44.0
    >>> float(corrected_age_days(400, 32 * 7, "paper"))
    400.0
    """
    age = np.asarray(age_days, dtype=np.float64)
    return age - correction_days(age, gestation_days, correction)


def is_pooled_term(gestation_days: ArrayLike, correction: str) -> NDArray[np.bool_]:
    """Return which births the ``paper`` correction scores on the pooled term row."""
    gestation = np.asarray(gestation_days, dtype=np.float64)
    if Correction(correction) is Correction.DIGITAL:
        return np.zeros(gestation.shape, dtype=np.bool_)
    return gestation_known(gestation) & (gestation >= TERM_FROM_DAYS)


def due_date(birth_date: Any, gestation_days: ArrayLike) -> Any:
    """Return the expected date of delivery, 40 weeks after conception was dated.

    Parameters
    ----------
    birth_date
        Date of birth, anything NumPy reads as ``datetime64``.
    gestation_days
        Gestation at birth [d], between 22+0 and 44+6 weeks; NaT otherwise.

    Examples
    --------
    >>> str(due_date("2020-03-12", 32 * 7))
    '2020-05-07'
    """
    given = np.asarray(gestation_days, dtype=np.float64)
    early = np.where(gestation_known(given), TERM_DAYS - given, np.nan)
    days = np.where(np.isnan(early), np.iinfo(np.int64).min, np.nan_to_num(early)).astype(np.int64)
    return np.asarray(birth_date, dtype="datetime64[D]") + days.astype("timedelta64[D]")


def calendar_age(birth_date: Any, on: Any) -> str:
    """Return an age on the calendar, to the day: years, months, weeks and days.

    For an age corrected for gestation give the date of :func:`due_date` as the birth date.

    Parameters
    ----------
    birth_date, on
        Dates; the second not before the first.

    Raises
    ------
    UsageError
        If a date is missing, or the second is before the first.

    Examples
    --------
    >>> calendar_age("2020-03-12", "2025-05-26")
    '5 years, 2 months and 2 weeks'
    >>> calendar_age("2024-01-31", "2024-02-29")
    '4 weeks and 1 day'
    """
    born, day = (np.datetime64(date, "D") for date in (birth_date, on))
    if not born <= day:
        raise UsageError("calendar age: found dates out of order, expected a birth date before it")
    days = np.array([day_ages(born, day)])
    months = int(_whole_months(days, days.astype(np.int64), np.array([born]))[0])
    weeks, rest = divmod(int((day - _months_on(born, months)) // np.timedelta64(1, "D")), 7)
    parts = [(months // 12, "year"), (months % 12, "month"), (weeks, "week"), (rest, "day")]
    said = [_counted(number, word) for number, word in parts if number] or ["0 days"]
    return " and ".join(filter(None, [", ".join(said[:-1]), said[-1]]))


def _months_on(day: np.datetime64, months: int) -> np.datetime64:
    """Return the same day so many months on, or the last of a month that is too short."""
    month = day.astype("datetime64[M]") + np.timedelta64(months, "M")
    last = (month + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    into = day - day.astype("datetime64[M]").astype("datetime64[D]")
    return np.datetime64(min(month.astype("datetime64[D]") + into, last))


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}"


def age_words(age_days: float, birth_date: Any = None) -> str:
    """Return an age as a clinician writes it: days, weeks, months, or years and months.

    Parameters
    ----------
    age_days
        Chronological age [d].
    birth_date
        If given, years and months are counted on the calendar; else a month is 30.4375 days.

    Examples
    --------
    >>> age_words(1826, "2020-03-12")
    '5 y 0 m'
    >>> age_words(10), age_words(70), age_words(1570)
    ('10 days', '10 weeks', '4 y 3 m')
    """
    return _one_in_words(float(age_days), birth_date)


@lru_cache(maxsize=1024)  # a child's few ages are said over and over on its page
def _one_in_words(age_days: float, birth_date: Any) -> str:
    born = np.array([birth_date], dtype="datetime64[D]")
    return str(ages_in_words(np.array([age_days], dtype=np.float64), born)[0])


def ages_in_words(age_days: FloatArray, birth_dates: NDArray[np.datetime64]) -> NDArray[np.object_]:
    """Return many ages as :func:`age_words` writes them.

    Parameters
    ----------
    age_days
        Chronological ages [d], shape (n,).
    birth_dates
        Dates of birth, NaT where not known, shape (n,).
    """
    known = np.isfinite(age_days)
    days = np.trunc(np.where(known, age_days, 0)).astype(np.int64)
    number = _whole_months(np.where(known, age_days, 0), days, birth_dates)
    kind = np.full(len(days), _MONTHS)
    for word, chosen, counted in (  # each takes from those before it
        (_WEEKS, age_days < 4 * DAYS_IN_MONTH, days // 7),
        (_DAYS, age_days < 28, days),
        (_BEFORE, age_days < 0, -days),
        (_UNKNOWN, ~known, np.zeros_like(days)),
    ):
        kind[chosen], number[chosen] = word, counted[chosen]
    distinct, place = np.unique(kind * _APART + number, return_inverse=True)
    said = [_age_text(*divmod(each, _APART)) for each in distinct.tolist()]
    return np.array([*said, ""], dtype=object)[place]


_UNKNOWN, _BEFORE, _DAYS, _WEEKS, _MONTHS = range(5)
_APART: Final = 1 << 32  # more than any number of days


def _age_text(kind: int, number: int) -> str:
    if kind == _UNKNOWN:
        return "age unknown"
    if kind == _BEFORE:
        return f"{number} days before birth"
    if kind == _DAYS:
        return f"{number} day{'s' if number != 1 else ''}"
    if kind == _WEEKS:
        return f"{number} weeks"
    return f"{number} months" if number < 24 else f"{number // 12} y {number % 12} m"


def _whole_months(
    age_days: FloatArray, days: NDArray[np.int64], born: NDArray[np.datetime64]
) -> NDArray[np.int64]:
    """Return completed months, on the calendar where the birth date is known."""
    measured = born + days.astype("timedelta64[D]")
    months = [day.astype("datetime64[M]") for day in (measured, born)]
    into = [day - month for day, month in zip((measured, born), months, strict=True)]
    calendar = (months[0] - months[1]).astype(np.int64) - (into[0] < into[1])
    grace = np.floor((age_days + 1) / DAYS_IN_MONTH)  # 365 days is 12 months
    return np.where(np.isnat(born), grace.astype(np.int64), calendar)
