"""One child's measures then and now: first, highest and newest, on one ruler; what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from centiles import zscores
from centiles.ages import DAYS_IN_YEAR, FloatArray, age_words, gestation_known
from centiles.charts.points import amount
from centiles.charts.texts import capital
from centiles.lms import SPACE
from centiles.measures import MEASURES, SEXES, Measure
from centiles.monitoring.wording import date_words, interval
from centiles.references import reference, table_codes

if TYPE_CHECKING:
    from centiles.checks import Child

_STRETCHED_Z: Final = -4.0  # below it the tables stretch, and a size is "more than"
_WINDOW_DAYS: Final = 3 * DAYS_IN_YEAR
_LITTLE: Final = 0.1  # of a space: no change worth a number
_FALL: Final = 4 / 3  # [z]: two centile spaces
_NO_PARENTS: Final = "parents’ heights not known"  # as what could not be assessed says it
_MEDIAN_BAND: Final = (80, 85)  # per cent of the median BMI: printed, and no finding


@dataclass(frozen=True)
class History:
    """The scored points of one measure of one child, youngest first, doubtful ones apart.

    ``carried`` is each z as the child would have scored on the section of the newest point.
    """

    measure: Measure
    frame: pd.DataFrame
    carried: FloatArray
    birth_date: Any

    def words(self, row: int) -> str:
        """Return a point in words: value, age, date, position."""
        point = self.frame.iloc[row]
        age = age_words(float(point["age_days"]), self.birth_date)
        date = date_words(point["measured_on"])
        age = "birth" if point["age_days"] == 0 else age
        said = f"{amount(float(point['value']), self.measure)} at {age}"
        said += f" ({date})" if date else ""
        return f"{said}, {point['position']}"

    def highest(self, within_days: float = np.inf) -> int | None:
        """Return which earlier point stood highest, of those so recent [d]; None without one."""
        age = self.frame["age_days"].to_numpy(dtype=np.float64)
        known = np.isfinite(self.carried) & (age[-1] - age <= within_days)
        known[-1] = False
        at = np.flatnonzero(known)
        return int(at[np.argmax(self.carried[at])]) if len(at) else None

    def below_z(self, row: int | None) -> float:
        """Return how far the newest point is below an earlier one [z], NaN without one."""
        return float("nan") if row is None else float(self.carried[row] - self.carried[-1])

    @property
    def then_and_now(self) -> str:
        """The first, the highest and the newest point, and what lies between, in words."""
        now = f"now {self.words(-1)}"
        if len(self.frame) == 1:
            return f"{capital(now)}. Nothing earlier to compare it with."
        high = self.highest(_WINDOW_DAYS)
        said = [f"First {self.words(0)}"]
        if high:  # and not the first
            said.append(f"highest of the last 3 years {self.words(high)}")
        return f"{'; '.join([*said, now])}. {capital(self._between(high))}"

    def _between(self, high: int | None) -> str:
        """Return how far the newest point is from the highest of the last 3 years, or any."""
        row = self.highest() if high is None else high
        spaces = self.below_z(row) / SPACE
        if row is None or not np.isfinite(spaces):
            return "the earlier values cannot be carried to the tables of this age."
        age = self.frame["age_days"].to_numpy(dtype=np.float64)
        gone = interval(float(age[-1] - age[row]))
        if abs(spaces) < _LITTLE:
            return f"where it was {gone} before."
        if spaces < 0:
            return f"{-spaces:.1f} centile spaces above that, {gone} on."
        stretched = self.carried[-1] < _STRETCHED_Z
        size = f"more than {np.floor(spaces * 2) / 2:g}" if stretched else f"{spaces:.1f}"
        return f"{size} centile spaces below that, {gone} on{self._lost}."

    @property
    def _lost(self) -> str:
        """Return how much less a weight is than the heaviest before, where it is."""
        value = self.frame["value"].to_numpy(dtype=np.float64)
        most = value[:-1].max()
        if self.measure != Measure.WEIGHT or value[-1] >= most:
            return ""
        share = 100 * (most - value[-1]) / most
        return f"; {most - value[-1]:.3g} kg ({share:.0f} %) less than the heaviest before"


def histories(child: Child) -> dict[Measure, History]:
    """Return the history of each measure that has a scored point which is not doubtful."""
    frame = child.scored
    sure = ~frame["verdict"].astype(object).isin(["doubtful", "impossible"])
    scored = np.isfinite(frame["z"].to_numpy(dtype=np.float64, na_value=np.nan))
    kept = frame[sure & scored & (frame["fate"].astype(object) == "scored")]
    found = {}
    for measure in MEASURES:
        mine = kept[kept["measure"].astype(object) == str(measure)]
        if measure == Measure.BMI:  # read from 2 years
            mine = mine[mine["corrected_age_days"] >= 2 * DAYS_IN_YEAR]
        if len(mine):
            mine = mine.sort_values("age_days", kind="stable")
            carried = _carried(mine, measure, str(child.sex))
            found[measure] = History(measure, mine, carried, child.birth_date)
    return found


def _carried(frame: pd.DataFrame, measure: Measure, sex: str) -> FloatArray:
    """Return each z carried to the section of the last, shape (rows,)."""
    known = reference()
    names = [section.name for section in known.sections]
    section = np.array([names.index(str(name)) for name in frame["section"]])
    ones = np.ones(len(frame), dtype=np.intp)
    table = table_codes(ones * MEASURES.index(measure), ones * (sex == SEXES[0]) > 0)
    z = frame["z"].to_numpy(dtype=np.float64)
    return known.carried(z, table, section, np.full(len(frame), section[-1]))


def facts(child: Child, found: dict[Measure, History]) -> tuple[str, ...]:
    """Return what a sheet prints as facts, whether or not a rule was met."""
    said = []
    height, bmi = found.get(Measure.HEIGHT), found.get(Measure.BMI)
    ever = height.highest() if height is not None else None
    if height is not None and ever is not None and height.below_z(ever) > _FALL:
        said.append(
            "Height is more than 2 centile spaces below the highest ever "
            f"({height.words(ever)}), whatever the time between."
        )
    if bmi is not None:
        percent = median_percent(child, bmi)
        low, high = _MEDIAN_BAND
        if np.isfinite(percent):
            band = f", in the band of {low} to {high} %" if low <= percent < high else ""
            said.append(f"The newest BMI is {percent:.0f} % of the median for age and sex{band}.")
    return tuple(said)


def median_percent(child: Child, bmi: History) -> float:
    """Return the newest BMI as a percentage of the median for age and sex [%]."""
    newest = bmi.frame.iloc[-1]
    age = float(newest["corrected_age_days"])
    value = float(newest["value"])
    return float(zscores.percent_median_bmi(value, sex=str(child.sex), age_days=age))


def missing(child: Child, found: dict[Measure, History], not_assessed: str) -> tuple[str, ...]:
    """Return what is not known of a child, a line each."""
    said = []
    weight, height = found.get(Measure.WEIGHT), found.get(Measure.HEIGHT)
    newest = max((float(h.frame["age_days"].iloc[-1]) for h in found.values()), default=np.nan)
    for measure, history in ((Measure.WEIGHT, weight), (Measure.HEIGHT, height)):
        if history is None:
            said.append(f"No {measure.label} recorded.")
        elif newest - float(history.frame["age_days"].iloc[-1]) > 28:
            said.append(f"No {measure.label} since {_since(history, child)}.")
    if Measure.HEAD not in found and newest < 2 * DAYS_IN_YEAR:
        said.append("No head circumference recorded.")
    if weight is None or float(weight.frame["age_days"].iloc[0]) > 1:
        said.append("No birth weight.")
    if not gestation_known(child.gestation_days):
        said.append("Gestation not known: ages are taken as if born at 40 weeks.")
    gaps = [part.strip() for part in not_assessed.split(";")]
    if not (np.isfinite(child.mother_cm) and np.isfinite(child.father_cm)):
        rules = [gap.partition(": ")[2] for gap in gaps if gap.startswith(_NO_PARENTS)]
        unassessed = f", {rules[0]} not assessed" if rules else ""
        said.append(f"Parents’ heights not known: no expected height{unassessed}.")
    none = height is None or weight is None
    known = (_NO_PARENTS, "gestation not known", *(["no "] if none else []))  # said already
    said += [f"{capital(gap)}." for gap in gaps if gap and not gap.startswith(known)]
    return tuple(dict.fromkeys([*said, *_queried(child)]))


def _since(history: History, child: Child) -> str:
    point = history.frame.iloc[-1]
    age = age_words(float(point["age_days"]), child.birth_date)
    date = date_words(point["measured_on"])
    return f"{date} ({age})" if date else age


def _queried(child: Child) -> list[str]:
    """Return which values are to be checked."""
    frame = child.scored
    asked = frame[frame["verdict"].astype(object).isin(["check", "doubtful", "impossible"])]
    asked = asked[~asked["derived"] & (asked["fate"].astype(object) != "merged")]
    return [
        f"To check: {amount(float(row['value']), Measure(row['measure']))} "
        f"{date_words(row['measured_on']) or age_words(float(row['age_days']))} "
        f"({row['source']}, row {row['row']}): {row['verdict']}."
        for _, row in asked.head(12).iterrows()
    ]
