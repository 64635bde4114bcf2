"""Birth dates and measurements known to the month: what age is, and what is not concluded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from centiles.checks import Checked, check
from centiles.records import Config, from_frame
from centiles.records.births import reckoned

MONTHLY = Config(birth_precision="month", date_format="dd/mm/yyyy")
DAILY = Config(birth_precision="day", date_format="dd/mm/yyyy")


def visits(*rows: tuple[str, Any], **shared: Any) -> pd.DataFrame:
    """Return weights of one child, born in March 2020."""
    table = pd.DataFrame(rows, columns=["date", "weight"])
    return table.assign(**{"id": "a", "dob": "01/03/2020", "sex": "M"} | shared)


def checked(frame: pd.DataFrame, config: Config = MONTHLY) -> Checked:
    return check(from_frame(frame, config=config), today="2026-01-01")


class TestReckoned:
    def test_the_middle_of_the_month_or_the_known_day(self) -> None:
        child = np.array([0, 0, 1, 1, 2, -1])
        born = np.array(
            ["2020-03-01", "2020-03-20", "2020-03-01", "2020-04-20", "2020-03-20", "2020-03-01"],
            dtype="datetime64[D]",
        )
        monthly = np.array([True, False, True, False, True, True])
        found, vague = reckoned(child, born, monthly)
        assert found.astype(str).tolist() == [
            "2020-03-20", "2020-03-20", "2020-03-15", "2020-04-20", "2020-03-15", "2020-03-15",
        ]  # fmt: skip
        assert vague.tolist() == [False, False, True, False, True, True]


class TestBirths:
    def test_age_is_reckoned_from_the_fifteenth(self) -> None:
        scored = checked(visits(("15/03/2022", 12.5))).scored
        assert scored["age_days"].tolist() == [730]
        assert scored["birth_date"].astype(str).tolist() == ["2020-03-01"]
        assert scored["birth_precision"].tolist() == ["month"]
        assert "age reckoned from the 15th" in scored["note"].iloc[0]

    def test_another_source_has_the_day(self) -> None:
        frame = pd.concat(
            [visits(("15/03/2022", 12.5)), visits(("15/03/2023", 14.5), dob="March 2020")]
        )
        exact = frame.assign(dob=["12/03/2020", "March 2020"])
        scored = checked(exact, DAILY).scored
        assert scored["birth_date"].astype(str).tolist() == ["2020-03-12"] * 2
        assert scored["birth_precision"].tolist() == ["day"] * 2
        assert scored["age_days"].tolist() == [733, 1098]
        assert len(checked(exact, DAILY).problems) == 0

    def test_another_month_is_a_contradiction(self) -> None:
        frame = pd.concat([visits(("15/03/2022", 12.5)), visits(("15/03/2023", 14.5))])
        problems = checked(frame.assign(dob=["12/04/2020", "March 2020"]), DAILY).problems
        assert problems["code"].tolist() == ["P04"]

    def test_a_birth_weight_is_of_the_day_of_birth(self) -> None:
        frame = visits(("15/03/2022", 12.5)).assign(**{"birth weight (kg)": "3.5"})
        scored = checked(frame).scored
        assert sorted(scored["age_days"]) == [0, 730]
        assert set(scored["fate"]) == {"scored"}

    def test_the_month_of_birth_is_too_early(self) -> None:
        found = checked(visits(("10/03/2020", 3.5), ("20/03/2020", 3.6), ("20/02/2020", 3)))
        assert found.scored["fate"].tolist() == ["unscored", "scored", "unscored"]
        assert found.problems["code"].tolist() == ["D12", "D02"]


class TestChange:
    def rules(self, found: Checked) -> set[str]:
        return set(found.findings["rule"])

    def test_none_under_a_year(self) -> None:
        fall = visits(("15/04/2020", 4.8), ("15/09/2020", 6.4), ("01/02/2021", 7.0))
        assert "NG75-FALL" in self.rules(checked(fall, DAILY))
        assert self.rules(checked(fall)).isdisjoint({"NG75-FALL", "WT-FALL-1Y"})
        assert "no change under a year" in checked(fall).children["not_assessed"].iloc[0]

    def test_a_year_and_older_as_any_other(self) -> None:
        fall = visits(("15/03/2025", 18.4), ("09/02/2026", 15.1))
        later = check(from_frame(fall, config=MONTHLY), today="2026-03-01")
        assert "WT-FALL-1Y" in self.rules(later)

    def test_a_weight_at_birth_can_be_fallen_from(self) -> None:
        fall = visits(("15/04/2021", 7.6)).assign(**{"birth weight (kg)": "4.4"})
        assert "NG75-FALL" in self.rules(checked(fall))

    @pytest.mark.parametrize(("dates", "counts"), [
        (("15/03/2020", "08/2021"), False),
        (("15/03/2020", "10/08/2021"), True),
        (("03/2024", "02/2025"), True),
    ])  # fmt: skip
    def test_measurements_known_to_the_month(self, dates: Any, counts: Any) -> None:
        young = dates[0].endswith("2020")
        weights = (4.5, 7.6) if young else (18.4, 14.0)
        fall = visits(*zip(dates, weights, strict=True), dob="15/03/2020")
        found = checked(fall, DAILY)
        assert set(found.scored["fate"]) == {"scored"}
        assert bool(self.rules(found) & {"NG75-FALL", "WT-FALL-1Y", "WT-LOSS"}) is counts

    def test_not_in_the_future_before_its_month_is(self) -> None:
        records = from_frame(visits(("03/2025", 18.4), dob="12/02/2020"), config=DAILY)
        assert check(records, today="2025-03-02").scored["fate"].tolist() == ["scored"]
        assert check(records, today="2025-02-28").scored["fate"].tolist() == ["unscored"]
