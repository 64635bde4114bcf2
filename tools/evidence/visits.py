"""When children are seen, and what is measured of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from centiles.ages import DAYS_IN_MONTH, DAYS_IN_YEAR

WEIGHT, HEIGHT, HEAD = 1, 2, 4


@dataclass(frozen=True)
class Visit:
    """One visit: between which ages [d], what is measured, how many children come."""

    ages: tuple[float, float]
    measured: int = WEIGHT | HEIGHT
    attended: float = 1.0


@dataclass(frozen=True)
class Schedule:
    """Visits everyone is asked to, and how many more a year come by themselves."""

    name: str
    words: str
    visits: tuple[Visit, ...]
    more_a_year: float = 0.0
    until: float = 17.0
    anchors: tuple[str, ...] = ("who", "uk90")


def _weeks(first: float, last: float) -> tuple[float, float]:
    return (7 * first, 7 * last)


def _years(first: float, last: float) -> tuple[float, float]:
    return (first * DAYS_IN_YEAR, last * DAYS_IN_YEAR)


_INFANCY = (
    Visit((0, 0), WEIGHT | HEAD),
    Visit((5, 5), WEIGHT, 0.95),
    Visit(_weeks(7, 9), WEIGHT | HEIGHT | HEAD, 0.9),
    Visit(_weeks(11.5, 13), WEIGHT, 0.8),
    Visit(_weeks(15.5, 17), WEIGHT, 0.7),
    Visit((340, 400), WEIGHT | HEIGHT | HEAD, 0.8),
    Visit((765, 910), WEIGHT | HEIGHT, 0.8),
)
_CLINIC = tuple(
    Visit((day - 4, day + 4), WEIGHT | (HEAD if day < 100 else 0), 0.8)
    for day in (14, 28, 42, 140, 170, 200, 245, 300)
)
_SCHOOL = (Visit(_years(4.4, 5.6), attended=0.95), Visit(_years(10.4, 11.6), attended=0.95))
_YEARLY = tuple(Visit((365.25 * k - 30, 365.25 * k + 30)) for k in range(2, 17))
_HALF_YEARLY = tuple(Visit((182.625 * k - 20, 182.625 * k + 20)) for k in range(6, 34))

ROUTINE = Schedule(
    "routine",
    "birth, 5 days, 8, 12 and 16 weeks, 1 year, 2–2½ years, reception, year 6, as attended, and "
    "one clinic visit in three years",
    (*_INFANCY, *_SCHOOL),
    more_a_year=0.35,
)
CLINIC = Schedule(
    "often weighed",
    "the routine with eight baby clinics in the first year, and two clinic visits a year",
    tuple(sorted((*_INFANCY, *_CLINIC, *_SCHOOL), key=lambda visit: visit.ages)),
    more_a_year=2.0,
)
YEARLY = Schedule("yearly", "every birthday from 2 years, give or take a month", _YEARLY)
HALF_YEARLY = Schedule("half-yearly", "every half year from 3 years", _HALF_YEARLY)
YEARLY_FROM_BIRTH = Schedule(
    "yearly, birth weight known",
    "birth, and every birthday from 2 years",
    (Visit((0, 0), WEIGHT), *_YEARLY),
)
SCHEDULES = (ROUTINE, CLINIC, YEARLY, HALF_YEARLY)


@dataclass(frozen=True)
class Visits:
    """Ages [d] of visits in order, NaN where there is none, and what is measured at each."""

    age: np.ndarray
    measured: np.ndarray


def visits(rng: np.random.Generator, schedule: Schedule, children: int) -> Visits:
    """Return the visits of children on a schedule, shape (children, visits)."""
    low, high = np.array([visit.ages for visit in schedule.visits]).T
    shape = (children, len(low))
    age = np.floor(low + rng.random(shape) * (high - low + 1))
    came = rng.random(shape) < np.array([visit.attended for visit in schedule.visits])
    age[~came] = np.nan
    measured = np.broadcast_to([visit.measured for visit in schedule.visits], shape)
    if schedule.more_a_year:
        age, measured = _with_more(rng, schedule, age, measured)
    age[age >= schedule.until * DAYS_IN_YEAR] = np.nan
    order = np.argsort(age, axis=1, kind="stable")
    age = np.take_along_axis(age, order, axis=1)
    again = np.diff(age, axis=1, prepend=-1) <= 0  # one visit a day
    age[again] = np.nan
    order_again = np.argsort(age, axis=1, kind="stable")
    measured = np.take_along_axis(np.take_along_axis(measured, order, axis=1), order_again, axis=1)
    return Visits(np.take_along_axis(age, order_again, axis=1), measured)


def _with_more(
    rng: np.random.Generator, schedule: Schedule, age: np.ndarray, measured: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    first, last = 2 * DAYS_IN_MONTH, schedule.until * DAYS_IN_YEAR
    count = rng.poisson(schedule.more_a_year * (last - first) / DAYS_IN_YEAR, len(age))
    extra = np.floor(first + rng.random((len(age), max(1, count.max()))) * (last - first))
    extra[np.arange(extra.shape[1]) >= count[:, None]] = np.nan
    what = np.where(rng.random(extra.shape) < 0.6, WEIGHT | HEIGHT, WEIGHT)
    return np.concatenate([age, extra], axis=1), np.concatenate([measured, what], axis=1)
