"""Simulated children as an export would have them: measured, rounded, and sometimes mistyped."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from centiles import zscores
from centiles.ages import DAYS_IN_YEAR, corrected_age_days
from centiles.measures import MEASURES, SEXES, measurement_sd
from centiles.records import columns
from centiles.records.reading import Records, Source
from tools.evidence import model
from tools.evidence.visits import HEAD, HEIGHT, WEIGHT, Schedule, visits

BORN = np.datetime64("2000-01-01")
TERM_GESTATION = (279.0, 8.0)  # mean and standard deviation [d], kept to 37+0 to 42+0
PRETERM_WEEKS = (27, 36)
# What is lost of the birth weight by day 5, mean and spread; regained by day 12.
LOST = (0.05, 0.03)
BITS = {"weight": WEIGHT, "height": HEIGHT, "head": HEAD}


@dataclass(frozen=True)
class Fall:
    """A planted fall: how many spaces a measure loses, within how few to how many months.

    Below 0 it is a rise. Where weight falls height does not, so BMI falls with the weight. The
    measure is no part of what a study is seeded by.
    """

    spaces: float
    months: tuple[float, float] = (4.0, 12.0)
    onset_years: tuple[float, float] = (4.0, 10.0)
    measure: str = field(default="weight", repr=False)


@dataclass(frozen=True)
class World:
    """What the children are like and how they are measured."""

    anchor: str = "who"
    heavy_tails: bool = False
    error: float = 1.0  # times the measurement error of the library
    slips: float = 0.0  # share of values mistyped
    short_term_sd: float = 0.0  # spread from day to day beside measurement error [z]
    preterm: bool = False
    steady: bool = False  # nobody changes: each keeps the u of 3 years
    fall: Fall | None = None


@dataclass(frozen=True)
class Children:
    """The values of simulated children, long; and of each what was planted.

    ``onset`` and ``bottom`` are the ages [d] at which a fall begins and is complete, by child.
    """

    child: np.ndarray
    age: np.ndarray
    measure: np.ndarray
    value: np.ndarray
    male: np.ndarray
    gestation: np.ndarray
    onset: np.ndarray = field(repr=False)
    bottom: np.ndarray = field(repr=False)

    @property
    def count(self) -> int:
        """How many children there are."""
        return len(self.male)


def children(rng: np.random.Generator, schedule: Schedule, count: int, world: World) -> Children:
    """Return simulated children, measured on a schedule."""
    male = rng.random(count) < 0.512
    gestation = _gestations(rng, count, preterm=world.preterm)
    course = model.courses(rng, count, heavy_tails=world.heavy_tails)
    seen = visits(rng, schedule, count)
    age = np.where(np.isnan(seen.age), 0.0, seen.age)
    corrected = corrected_age_days(age, gestation[:, None])
    onset, bottom, drop = _planted(rng, age, count, world.fall)
    sex = np.where(male, SEXES[0], SEXES[1])
    parts = []
    for name, bit in BITS.items():
        at = np.full(corrected.shape, 3 * DAYS_IN_YEAR) if world.steady else corrected
        u = course.at(name, at)
        if world.fall is not None and name == world.fall.measure:
            u = u - drop
        u = u + world.short_term_sd * rng.standard_normal(u.shape)
        z = model.z_of(u, name, sex, corrected, world.anchor)
        use = ~np.isnan(seen.age) & ((seen.measured & bit) > 0)
        child = np.nonzero(use)[0]
        value = zscores.measurement(
            z[use], measure=name, sex=sex[child], age_days=age[use], gestation_days=gestation[child]
        )
        if name == "weight":
            value = value * (1 - _newborn_loss(rng, count)[child] * _still_lost(age[use]))
        code = np.full(len(child), MEASURES.index(name))
        error = measurement_sd(code, age[use], value) * world.error
        value = _rounded(value + error * rng.standard_normal(len(value)), name, age[use])
        parts.append((child, age[use], code, value))
    child, age, measure, value = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.lexsort((measure, age, child))
    child, age, measure, value = child[order], age[order], measure[order], value[order]
    good = value > 0  # NaN and below: no body stands there
    value = _mistyped(rng, age, measure, value, world.slips)
    return Children(
        child[good], age[good], measure[good], value[good], male, gestation, onset, bottom
    )


def _gestations(rng: np.random.Generator, count: int, *, preterm: bool) -> np.ndarray:
    if preterm:
        return rng.integers(PRETERM_WEEKS[0] * 7, PRETERM_WEEKS[1] * 7 + 7, count).astype(float)
    return np.clip(np.rint(rng.normal(*TERM_GESTATION, count)), 259, 294)


def _planted(
    rng: np.random.Generator, age: np.ndarray, count: int, fall: Fall | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return when each child's fall begins and is complete [d], and what is gone at each visit."""
    if fall is None:
        nothing = np.full(count, np.nan)
        return nothing, nothing, np.zeros(age.shape)
    low, high = fall.onset_years
    onset = np.floor((low + rng.random(count) * (high - low)) * DAYS_IN_YEAR)
    few, many = fall.months
    days = (few + rng.random(count) * (many - few)) * DAYS_IN_YEAR / 12
    share = np.clip((age - onset[:, None]) / days[:, None], 0, 1)
    return onset, onset + days, share * fall.spaces * 2 / 3


def _newborn_loss(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.clip(rng.normal(*LOST, count), 0, 0.14)


def _still_lost(age: np.ndarray) -> np.ndarray:
    """Return how much of a newborn's greatest loss is there at an age [d]."""
    return np.interp(age, (0, 3, 5, 12), (0, 0.95, 1, 0))


def _rounded(value: np.ndarray, name: str, age: np.ndarray) -> np.ndarray:
    digits = np.where((name == "weight") & (age < 2 * DAYS_IN_YEAR), 100, 10)
    return np.rint(value * digits) / digits


def _mistyped(
    rng: np.random.Generator,
    age: np.ndarray,
    measure: np.ndarray,
    value: np.ndarray,
    share: float,
) -> np.ndarray:
    """Return values of which some are mistyped, in one of six ways."""
    chosen = np.flatnonzero(rng.random(len(value)) < share)
    if len(chosen) == 0:
        return value
    kind = rng.integers(0, 6, len(chosen))
    old = value[chosen]
    tens = np.floor(old / 10) % 10
    units = np.floor(old) % 10
    turned = old + 9 * (units - tens)  # 18.4 to 81.4
    one_off = old + np.where(rng.random(len(chosen)) < 0.5, 1, -1) * 10 ** np.floor(
        np.log10(old) - rng.integers(0, 2, len(chosen))
    )
    other = _of_another(rng, age, measure, value, chosen)
    pounds = np.where(measure[chosen] == 0, old / 0.45359237, old / 2.54)
    new = np.select(
        [kind == 0, kind == 1, kind == 2, kind == 3, kind == 4],
        [old * 10, old / 10, turned, one_off, pounds],
        other,
    )
    out = value.copy()
    out[chosen] = np.where(new > 0, np.round(new, 2), old)
    return out


def _of_another(
    rng: np.random.Generator,
    age: np.ndarray,
    measure: np.ndarray,
    value: np.ndarray,
    chosen: np.ndarray,
) -> np.ndarray:
    """Return the values of other children of about the same age: the wrong child was opened."""
    order = np.lexsort((age, measure))
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    near = np.clip(place[chosen] + rng.integers(-20, 21, len(chosen)), 0, len(order) - 1)
    found = order[near]
    return np.where(measure[found] == measure[chosen], value[found], value[chosen])


def records(cohort: Children) -> Records:
    """Return simulated children as the records that reading an export of them gives."""
    size = len(cohort.value)
    names = np.array([f"C{k:06d}" for k in range(cohort.count)], dtype=object)
    born = np.full(size, BORN)
    frame = columns.frame(
        columns.RECORDS,
        {
            "source": columns.categorical(np.zeros(size, dtype=np.int64), ["simulated.csv"]),
            "row": np.arange(2, size + 2),
            "child_id": names[cohort.child],
            "sex": columns.words(np.where(cohort.male, 0, 1)[cohort.child], tuple(map(str, SEXES))),
            "birth_date": born,
            "gestation_days": cohort.gestation[cohort.child],
            "measured_on": born + cohort.age.astype("timedelta64[D]"),
            "age_days": np.full(size, np.nan),
            "measure": columns.measure_words(cohort.measure),
            "value": cohort.value,
            "raw": np.full(size, "", dtype=object),
        },
    )
    source = Source("simulated.csv", "", size, size, 0, {})
    return Records(frame, columns.frame(columns.PROBLEMS, {}), (source,))
