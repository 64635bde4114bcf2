"""Numbers that stand for "missing" are counted as values, said to be so, and never scored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from centiles.checks import Checked, check
from centiles.records import Config, from_frame
from centiles.records.parsing import unit_of_values

UNITS = Config(units={"weight": "kg", "height": "cm", "head": "cm", "bmi": "kg/m²"})


def checked(*rows: tuple[str, float, str], config: Config = UNITS) -> Checked:
    """Return measures at ages in years, each of a boy of his own."""
    table = pd.DataFrame(rows, columns=["measure", "age", "value"], dtype="str")
    days = pd.to_timedelta(np.rint([row[1] * 365.25 for row in rows]), unit="D")
    table = table.assign(
        id=[str(k) for k in range(len(rows))], sex="M", dob="2005-02-13",
        date=(pd.Timestamp("2005-02-13") + days).strftime("%Y-%m-%d"),
    ).drop(columns="age")  # fmt: skip
    return check(from_frame(table, config=config), today="2026-01-01")


@pytest.mark.parametrize(
    ("measure", "age", "text", "stands"),
    [
        ("weight", 5, "0", True),
        ("weight", 5, "0.0", True),
        ("weight", 5, "-1", True),
        ("weight", 5, "-9", True),
        ("weight", 5, "999", True),
        ("height", 5, "9999.0", True),
        ("height", 5, "999.9", True),
        ("height", 4, "99.9", False),
        ("height", 4, "99", False),
        ("height", 0.5, "99.9", True),
        ("height", 0.1, "99", True),
        ("height", 14, "99", False),
        ("height", 17, "99", True),
        ("height", 8, "99", False),
        ("weight", 15, "99", False),
        ("weight", 15, "99.9", False),
        ("weight", 11, "99", False),
        ("weight", 5, "99", True),
        ("weight", 2, "99.9", True),
        ("weight", 5, "99kg", False),
        ("head", 1, "99", True),
        ("bmi", 10, "99.9", True),
        ("weight", 5, "99.8", False),
    ],
)
def test_what_stands_for_missing(measure: str, age: float, text: str, *, stands: bool) -> None:
    found = checked((measure, age, text))
    row = found.scored.iloc[0]
    assert (row["note"] == "stands for missing") is stands
    assert ("G22" in set(found.problems["code"])) is stands
    assert row["raw"] == text
    if stands:
        assert row["fate"] == "unscored"
        assert np.isnan(row["z"])
    else:
        assert row["fate"] == "scored"
    fates = found.fates
    assert fates["values_read"].tolist() == [1]


def test_negative_numbers_of_no_meaning_are_still_zero_or_negative() -> None:
    found = checked(("weight", 5, "-12.3"))
    assert found.problems["code"].tolist() == ["G02"]


def test_they_say_nothing_of_the_unit() -> None:
    values = np.array([1.05, 0.9, 999, 9999, 999, 9999])
    assert unit_of_values(values, "height") == "m"
