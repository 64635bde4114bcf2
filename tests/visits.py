"""Made-up visits and side files in plain words, checked: for what contacts lack and what raises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from centiles import zscores
from centiles.checks import Checked, check
from centiles.records import Config, from_frame
from centiles.records.reading import Records
from centiles.records.sides import SideFiles, with_side
from centiles.records.tables import table_of_frame

BORN = np.datetime64("2018-03-13", "D")  # no day that could be a month, no 1st or 15th
TODAY = "2040-01-01"
ONE_RULE = str(Path(__file__).parent / "data" / "one-rule.toml")  # WT-FALL-1Y alone


def day(age: int, born: Any = BORN) -> str:
    """Return the date of an age in days."""
    return str(np.datetime64(born, "D") + np.timedelta64(age, "D"))


@dataclass(frozen=True)
class Visit:
    """One row of an export: a child seen at an age [d]; weight and height as z, None for none."""

    child: str
    age: int
    weight: float | None = None
    height: float | None = None
    reason: str = ""
    contact: str = ""
    team: str = "Elm"
    home: str = ""
    sex: str = "female"
    born: Any = BORN
    recorded: int | None = None


def value(z: float | None, measure: str, visit: Visit) -> str:
    """Return the kilograms or centimetres of a z, as text."""
    if z is None:
        return ""
    kg = zscores.measurement(z, measure=measure, sex=visit.sex, age_days=visit.age)
    return f"{kg:.4f}"


def records(visits: Sequence[Visit], **sides: Sequence[dict[str, str]]) -> Records:
    """Return visits, and rows of side files, as records."""
    frame = pd.DataFrame(
        {
            "child_id": [each.child for each in visits],
            "household_id": [each.home for each in visits],
            "sex": [each.sex for each in visits],
            "birth_date": [str(each.born) for each in visits],
            "gestation": "40+0",
            "measured_on": [day(each.age, each.born) for each in visits],
            "recorded_on": [
                "" if each.recorded is None else day(each.recorded, each.born) for each in visits
            ],
            "weight_kg": [value(each.weight, "weight", each) for each in visits],
            "height_cm": [value(each.height, "height", each) for each in visits],
            "contact": [each.contact for each in visits],
            "reason": [each.reason for each in visits],
            "team": [each.team for each in visits],
        }
    )
    files = SideFiles()
    for kind, rows in sides.items():
        table = table_of_frame(pd.DataFrame(list(rows), dtype="str"), f"{kind}.csv")
        files = with_side(files, kind, table, Config())
    return replace(from_frame(frame, name="visits.csv", preset="wide"), sides=files)


def checked(visits: Sequence[Visit], *, options: Any = None, **sides: Any) -> Checked:
    """Return visits checked."""
    return check(records(visits, **sides), **{"today": TODAY, "rules": ONE_RULE, **(options or {})})


def contacts(done: Checked, rule: str) -> list[tuple[str, str, str]]:
    """Return child, severity and date of the contact findings of a rule, in order."""
    mine = done.contacts[done.contacts["rule"] == rule]
    dates = mine["date"].dt.strftime("%Y-%m-%d").fillna("")
    found = zip(mine["child_id"], mine["severity"].astype(str), dates, strict=True)
    return sorted((str(child), severity, date) for child, severity, date in found)


def event(child: str, age: int, type_: str, **others: str) -> dict[str, str]:
    """Return a row of an events file."""
    return {"child_id": child, "date": day(age), "type": type_, **others}
