"""The made-up cohort, measured: a few hundred healthy children and the designed ones.

Designed and healthy children alike are first z, on the one scale of ``stories``, and then values:
the z is carried back to the table that speaks at the age, turned into kilograms and centimetres,
measured with an error (the healthy) and rounded. The clock is never read: the cohort ends on a
fixed day.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles import ages, lms, zscores
from centiles.ages import DAYS_IN_YEAR, TERM_DAYS, FloatArray
from centiles.demo.healthy import LAST_DAY, healthy_rows
from centiles.demo.stories import HEALTH_VISITING, HOSPITAL, SCHOOL_NURSING, STORIES, Story
from centiles.errors import UsageError
from centiles.measures import MEASURES, Measure, Sex
from centiles.references import reference, table_codes

COLUMNS: Final = (
    "child_id", "household_id", "story", "sex", "birth_date", "gestation_days", "service", "team",
    "measured_on", "recorded_on", "age_days", "measure", "posture", "value", "reason",
)  # fmt: skip

_TEAMS: Final = {
    HEALTH_VISITING: ("Elm", "Oak", "Rowan", "Willow"),
    SCHOOL_NURSING: ("Larkfield Primary", "St Anne’s", "Mill Road Primary", "Beech Academy"),
    HOSPITAL: ("Children’s outpatients", "Children’s ward", "Emergency department"),
}


def made_up_children(seed: int = 2014, healthy: int = 240) -> pd.DataFrame:
    """Return everything ever measured in the made-up cohort, before anyone mistypes it.

    Parameters
    ----------
    seed
        The same seed gives the same healthy children; the designed ones are always the same.
    healthy
        How many healthy children there are beside the designed ones.

    Returns
    -------
    DataFrame
        A row for each value, or weight that could not be taken, in the order of dates; columns
        ``COLUMNS``. ``value`` is in the measure's unit [kg, cm], ``story`` is empty for healthy
        children, ``gestation_days`` [d] is NaN where no service knows it.

    Raises
    ------
    UsageError
        If ``healthy`` is negative or the numbers for made-up children would run out.

    Examples
    --------
    >>> children = made_up_children(healthy=20)
    >>> children["child_id"].nunique() - len(STORIES)
    20
    """
    if not 0 <= healthy <= 100_000:
        raise UsageError(f"healthy: found {healthy}, expected a number from 0 to 100000")
    rng = np.random.default_rng(seed)
    others = healthy_rows(rng, healthy)
    others["number"] += len(STORIES)
    rows = pd.concat([_story_rows(), others], ignore_index=True)
    rows["child_id"] = _nhs_numbers(len(STORIES) + healthy)[rows["number"]]
    rows["measured_on"] = rows["birth_date"] + pd.to_timedelta(rows["age_days"], unit="D")
    late = np.where(rows["story"] == "", rng.choice([0, 0, 0, 1, 2, 5, 30], len(rows)), 0)
    late = np.minimum(late, (pd.Timestamp(LAST_DAY) - rows["measured_on"]).dt.days)
    rows["recorded_on"] = rows["measured_on"] + pd.to_timedelta(late, unit="D")
    rows["team"] = _teams(rows)
    rows["posture"] = _postures(rows)
    rows["value"] = _recorded(rows, rng.standard_normal(len(rows)))
    rows.loc[rows["reason"] != "", "value"] = np.nan
    rows.loc[rows["gestation_lost"], "gestation_days"] = np.nan
    key = ["measured_on", "child_id", "service", "measure"]
    return rows.drop_duplicates(key).sort_values(key, ignore_index=True)[list(COLUMNS)]


def story_ids() -> dict[str, str]:
    """Return the made-up NHS number of each designed child by its name.

    Examples
    --------
    >>> story_ids()["sliding"]
    '9990000018'
    """
    numbers = _nhs_numbers(len(STORIES))
    return {story.name: str(number) for story, number in zip(STORIES, numbers, strict=True)}


def _nhs_numbers(count: int) -> NDArray[np.object_]:
    """Return numbers of the 999 range kept for tests, with their modulus-11 check digits."""
    serial = np.arange(1, count * 6 // 5 + 12)
    digits = (999_000_000 + serial)[:, None] // 10 ** np.arange(8, -1, -1) % 10
    check = (11 - digits @ np.arange(10, 1, -1) % 11) % 11
    whole = (999_000_000 + serial) * 10 + check
    return whole[check < 10][:count].astype(str).astype(object)


def _story_rows() -> pd.DataFrame:
    """Return a row for each value of the designed children, still as z."""
    return pd.concat([_told(number, story) for number, story in enumerate(STORIES)])


def _told(number: int, story: Story) -> pd.DataFrame:
    rows = [
        (service, age, str(measure))
        for service, when in story.seen.items()
        for age in when
        for measure in ([Measure.WEIGHT, Measure.HEIGHT] if age >= 1 else [Measure.WEIGHT])
    ]
    told = pd.DataFrame(rows, columns=["service", "years", "measure"])
    years = told["years"].to_numpy()
    weight, height, bmi = (_along(path, years) for path in (story.weight, story.height, story.bmi))
    weeks, _, days = story.gestation.partition("+")
    heavy = told["measure"] == Measure.WEIGHT
    return told.assign(
        number=number,
        story=story.name,
        household_id=story.household or f"H{9100 + number}",
        sex=str(story.sex),
        birth_date=pd.Timestamp(story.born),
        gestation_days=float(7 * int(weeks) + int(days)) if weeks else float(TERM_DAYS),
        gestation_lost=not weeks,
        age_days=np.rint(years * DAYS_IN_YEAR),
        z=np.where(heavy, weight, height),
        height_z=height,
        bmi_z=np.where(heavy & (years >= 2), bmi, np.nan),
        reason=np.where(heavy, [story.unweighed.get(age, "") for age in years], ""),
    )


def _along(path: Any, years: FloatArray) -> FloatArray:
    """Return the z of a path {age: z} at ages, all [y]; NaN for a path of no points."""
    if not path:
        return np.full(len(years), np.nan)
    return np.asarray(np.interp(years, list(path), list(path.values())), dtype=np.float64)


def _teams(rows: pd.DataFrame) -> NDArray[np.object_]:
    """Return which team, school or clinic of the service saw the child: always the same one."""
    number = rows["number"].to_numpy()
    names = {service: np.array(teams, dtype=object) for service, teams in _TEAMS.items()}
    kinds = [(rows["service"] == service).to_numpy() for service in names]
    return np.select(kinds, [teams[number % len(teams)] for teams in names.values()], "")


def _postures(rows: pd.DataFrame) -> NDArray[np.object_]:
    """Return how a height was taken: as the table it will be scored on expects."""
    corrected = rows["age_days"] - (TERM_DAYS - rows["gestation_days"])
    lying = np.where(corrected < 2 * DAYS_IN_YEAR, "lying", "standing")
    return np.where(rows["measure"] == Measure.HEIGHT, lying, "").astype(object)


def _recorded(rows: pd.DataFrame, noise: FloatArray) -> FloatArray:
    """Return what was written down [kg, cm]: the value, the error of measuring it, rounded.

    Designed children are measured without error, so that a test can hold them to their story.
    """
    value = _values(rows, rows["measure"], rows["z"])
    height = _values(rows, Measure.HEIGHT, rows["height_z"]).round(1)
    bmi = _values(rows, Measure.BMI, rows["bmi_z"])
    value = np.where(np.isnan(bmi), value, bmi * (height / 100) ** 2)
    age = rows["age_days"].to_numpy() / DAYS_IN_YEAR
    heavy = (rows["measure"] == Measure.WEIGHT).to_numpy()
    long = (rows["measure"] == Measure.HEIGHT).to_numpy()
    error = np.select(
        [heavy & (age < 1), heavy & (age < 2), heavy, long & (age < 2), long],
        [0.05, 0.1, 0.3, 1.0, 0.5],
        0.3,
    )
    at_birth = age == 0  # newborns are weighed with care, on good scales
    value = value + np.where(at_birth, 0.2, 1) * error * noise * (rows["story"] == "").to_numpy()
    fine = heavy & (age < 5) & (rows["service"] != SCHOOL_NURSING).to_numpy()
    return np.asarray(np.where(fine, value.round(2), value.round(1)), dtype=np.float64)


def _values(rows: pd.DataFrame, measure: Any, z: pd.Series[float]) -> FloatArray:
    """Return the values [kg, cm, kg/m²] that stand at z on the scale of 4 years and after."""
    words = np.broadcast_to(np.asarray(measure, dtype=object), len(rows))
    about = {key: rows[key].to_numpy() for key in ("sex", "age_days", "gestation_days")}
    places = np.array([MEASURES.index(Measure(word)) for word in words])
    table = table_codes(places, np.asarray(about["sex"] == Sex.MALE))
    corrected = ages.corrected_age_days(about["age_days"], about["gestation_days"])
    younger = carried_back(np.asarray(z, dtype=np.float64), table, corrected)
    found: FloatArray = zscores.measurement(younger, measure=words, **about)  # type: ignore[arg-type]
    return found


def carried_back(
    z: FloatArray, table_code: NDArray[np.intp], corrected_age_days: FloatArray
) -> FloatArray:
    """Return the z a child has at an age [d], from the z it has from 4 years on if unchanged.

    The way back of :meth:`centiles.references.Reference.carried`. Heads, measured in infancy
    only, keep to the scale of the infants.
    """
    known = reference()
    head = table_code // 2 == MEASURES.index(Measure.HEAD)
    out = z.copy()
    for number, join in reversed(list(enumerate(known.joins))):
        crossed = join.carried & (corrected_age_days < join.at_day)
        at = np.flatnonzero(crossed & ~(head & (join.at_day > DAYS_IN_YEAR)))
        before, after = known.edges[number][:, :, table_code[at]]
        out[at] = lms.zscores_from_lms(lms.values_from_lms(out[at], *after), *before)
    return out
