"""The healthy children of the made-up cohort: when they are seen, and how their z wanders.

Weight, height and head each follow a stationary process whose memory lengthens with age (a baby
changes in weeks as a schoolchild does in years), their innovations correlated; BMI is what weight
and height make of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles import ages
from centiles.ages import DAYS_IN_MONTH, FloatArray
from centiles.demo.stories import HEALTH_VISITING, HOSPITAL, SCHOOL_NURSING
from centiles.measures import Measure, Sex

FIRST_BIRTH: Final = np.datetime64("2012-01-01")
LAST_BIRTH: Final = np.datetime64("2025-12-31")
LAST_DAY: Final = np.datetime64("2026-06-30")

_MEASURED: Final = (Measure.WEIGHT, Measure.HEIGHT, Measure.HEAD)
_CORRELATION: Final = np.array([[1.0, 0.7, 0.5], [0.7, 1.0, 0.4], [0.5, 0.4, 1.0]])
# r between two ages is ((t1 + 3.3)/(t2 + 3.3))^drift, in months. For weight that is 0.66 from birth
# to 1 year, 0.90 from 2 to 3, 0.95 from 5 to 6; for height 0.97 from 4 to 5: near what is observed.
_DRIFT: Final = np.array([0.28, 0.15, 0.15])
_DRIFT_FROM_MONTHS: Final = 3.3
# The cohort shows what findings look like, not how rare they are: its healthy have no far tails.
_WIDEST_Z: Final = 2.4

_MOVED_IN: Final = 0.15  # of the children born before 2019: known to no health visitor
_GESTATION_LOST: Final = 0.75  # of the same, if born at term
_ELECTRONIC_FROM: Final = np.datetime64("2019-01-01")
_NOT_WEIGHED: Final = 0.02
_REASONS: Final = ("no scales", "refused")


@dataclass(frozen=True)
class Visit:
    """One visit of the routine: by whom, at what ages [d], what is measured, how many come."""

    service: str
    ages: tuple[int, int]
    measures: tuple[Measure, ...]
    attended: float


_BOTH: Final = (Measure.WEIGHT, Measure.HEIGHT)
_ANY_AGE: Final = (0, 0)  # drawn by the school year, or anywhere in the child's life
VISITS: Final = (
    Visit(HEALTH_VISITING, (0, 0), (Measure.WEIGHT, Measure.HEAD), 1.0),
    Visit(HEALTH_VISITING, (10, 14), (Measure.WEIGHT,), 0.95),
    Visit(HEALTH_VISITING, (50, 64), _MEASURED, 0.9),
    Visit(HEALTH_VISITING, (78, 92), (Measure.WEIGHT,), 0.7),
    Visit(HEALTH_VISITING, (106, 120), (Measure.WEIGHT,), 0.6),
    Visit(HEALTH_VISITING, (340, 400), _BOTH, 0.8),
    Visit(HEALTH_VISITING, (765, 910), _BOTH, 0.8),
    Visit(SCHOOL_NURSING, _ANY_AGE, _BOTH, 0.95),  # reception
    Visit(SCHOOL_NURSING, _ANY_AGE, _BOTH, 0.95),  # year 6
    Visit(HOSPITAL, _ANY_AGE, _BOTH, 0.16),
    Visit(HOSPITAL, _ANY_AGE, _BOTH, 0.16),
    Visit(HOSPITAL, _ANY_AGE, (Measure.WEIGHT,), 0.16),
)
_BIRTH, _RECEPTION, _YEAR_6 = 0, 7, 8


def healthy_rows(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """Return a row for each value of the healthy children, still as z.

    Parameters
    ----------
    rng
        Where all that is left to chance comes from.
    count
        How many children.
    """
    born = FIRST_BIRTH + rng.integers(0, (LAST_BIRTH - FIRST_BIRTH).astype(int) + 1, count)
    gestation = _gestations(rng, count)
    sex = np.where(rng.random(count) < 0.512, Sex.MALE, Sex.FEMALE).astype(object)
    old = born < _ELECTRONIC_FROM
    lost = old & (gestation >= ages.TERM_FROM_DAYS) & (rng.random(count) < _GESTATION_LOST)
    age_days = _visit_ages(rng, born)
    came = _attended(rng, age_days, born)
    z = _wandering(rng, age_days)
    measured = np.array([[m in visit.measures for visit in VISITS] for m in _MEASURED])
    measure, child, visit = np.nonzero(came & measured[:, None, :])
    service = np.array([v.service for v in VISITS], dtype=object)[visit]
    heavy_visit = (measure == 0) & (service == HEALTH_VISITING) & (visit != _BIRTH)
    unweighed = heavy_visit & (rng.random(len(child)) < _NOT_WEIGHED)
    reason = np.array(_REASONS, dtype=object)[rng.integers(0, len(_REASONS), len(child))]
    return pd.DataFrame(
        {
            "number": child,
            "story": "",
            "household_id": _households(rng, born)[child],
            "sex": sex[child],
            "birth_date": born[child].astype("datetime64[us]"),
            "gestation_days": gestation[child],
            "gestation_lost": lost[child],
            "service": service,
            "age_days": age_days[child, visit].astype(np.float64),
            "measure": np.array([str(m) for m in _MEASURED], dtype=object)[measure],
            "z": z[measure, child, visit],
            "height_z": np.nan,
            "bmi_z": np.nan,
            "reason": np.where(unweighed, reason, ""),
        }
    )


def _gestations(rng: np.random.Generator, count: int) -> FloatArray:
    """Return gestations [d]: most about 39 weeks, one in fourteen preterm."""
    term = np.clip(np.rint(rng.normal(278, 8, count)), ages.TERM_FROM_DAYS, 293)
    early = np.clip(np.floor(ages.TERM_FROM_DAYS - rng.exponential(16, count)), 26 * 7, 258)
    return np.where(rng.random(count) < 1 / 14, early, term)


def _visit_ages(rng: np.random.Generator, born: NDArray[Any]) -> NDArray[np.int64]:
    """Return the age [d] at which each visit of the routine falls, shape (children, visits)."""
    low, high = np.array([visit.ages for visit in VISITS]).T
    age_days = rng.integers(low, high + 1, (len(born), len(VISITS)))
    months = born.astype("datetime64[M]").astype(int)  # since January 1970
    started = months // 12 + 4 + (months % 12 >= 8)  # the school year after the fourth birthday
    for visit, later in ((_RECEPTION, 0), (_YEAR_6, 6)):
        september = ((started + later) * 12 + 8).astype("datetime64[M]").astype("datetime64[D]")
        day = september + rng.integers(30, 290, len(born))
        age_days[:, visit] = (day - born).astype(int)
    clinics = [k for k, visit in enumerate(VISITS) if visit.service == HOSPITAL]
    life = (LAST_DAY - born).astype(int)[:, None]
    age_days[:, clinics] = 60 + rng.random((len(born), len(clinics))) * (life - 60)
    return age_days


def _attended(
    rng: np.random.Generator, age_days: NDArray[np.int64], born: NDArray[Any]
) -> NDArray[np.bool_]:
    """Return which visits took place, shape (children, visits); every child has at least one."""
    came = rng.random(age_days.shape) < np.array([visit.attended for visit in VISITS])
    moved = (born < _ELECTRONIC_FROM) & (rng.random(len(born)) < _MOVED_IN)
    came &= ~(moved[:, None] & np.array([v.service == HEALTH_VISITING for v in VISITS]))
    came[:, _RECEPTION] |= moved
    return came & (age_days <= (LAST_DAY - born).astype(int)[:, None])


def _wandering(rng: np.random.Generator, age_days: NDArray[np.int64]) -> FloatArray:
    """Return the z of healthy children at ages [d], shape (measures, children, visits).

    An Ornstein–Uhlenbeck process on the clock of :data:`_DRIFT`, drawn as Brownian motion with
    its time stretched: no loop over visits, any spacing, unit variance at every age.
    """
    order = np.argsort(age_days, axis=1, kind="stable")
    months = np.take_along_axis(age_days, order, axis=1) / DAYS_IN_MONTH
    clock = _DRIFT[:, None, None] * np.log1p(months / _DRIFT_FROM_MONTHS)
    steps = np.sqrt(np.diff(np.exp(2 * clock), axis=2, prepend=0))
    noise = rng.standard_normal(clock.shape)
    noise = np.einsum("mk,kcv->mcv", np.linalg.cholesky(_CORRELATION), noise)
    sorted_z = np.cumsum(steps * noise, axis=2) / np.exp(clock)
    z = np.empty_like(sorted_z)
    np.put_along_axis(z, np.broadcast_to(order, z.shape), sorted_z, axis=2)
    return np.asarray(np.clip(z, -_WIDEST_Z, _WIDEST_Z), dtype=np.float64)


def _households(rng: np.random.Generator, born: NDArray[Any]) -> NDArray[np.object_]:
    """Return household ids: one child in six shares that of the child before, if it could."""
    number = np.arange(len(born))
    gap = np.abs(np.diff(born, prepend=born[:1]).astype(int))
    joins = (rng.random(len(born)) < 1 / 6) & (gap > 400) & (gap < 2500)
    joins[1:] &= ~joins[:-1]
    return np.array([f"H{10_000 + k}" for k in number - joins], dtype=object)
