"""What was not yet known on the day asked for changes nothing, and no value is lost by it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from centiles.checks import Checked, check
from centiles.records import from_frame
from centiles.records.reading import read_tables
from centiles.records.tables import table_of_frame
from centiles.zscores import zscore

TODAY = "2026-06-30"
BORN = "2023-01-10"
SEEN = "2023-04-20"  # 100 days old
WEIGHT, GESTATION, BIRTH_WEIGHT = "27113001", "412726003", "364589006"


def coded(*rows: tuple[str, str, str, str], recorded: bool = True) -> pd.DataFrame:
    """Return coded events of one child, each its date, the day it was recorded, code and value."""
    frame = pd.DataFrame(rows, columns=["date", "recorded on", "SNOMED code", "value"])
    about = {"NHS number": "9990000018", "DOB": BORN, "sex": "F"}
    frame = frame.assign(unit=["days" if row[2] == GESTATION else "kg" for row in rows], **about)
    return frame if recorded else frame.drop(columns="recorded on")


def checked(frame: pd.DataFrame, as_of: str | None = None) -> Checked:
    done = check(from_frame(frame), as_of=as_of, today=TODAY)
    fates = done.fates
    assert (fates.drop(columns="values_read").sum(axis=1) == fates["values_read"]).all()
    return done


def z_of(done: Checked) -> float:
    (z,) = done.scored.loc[done.scored["age_days"] == 100, "z"]
    return float(z)


TERM = zscore(4.1, measure="weight", sex="female", age_days=100)
PRETERM = zscore(4.1, measure="weight", sex="female", age_days=100, gestation_days=224)


class TestGestation:
    """4.1 kg at 100 days; that the girl was born at 32 weeks is recorded in August."""

    @pytest.mark.parametrize("recorded", [True, False])
    @pytest.mark.parametrize("last", ["2023-05-02", "2023-12-01"])  # weighed before it, and after
    @pytest.mark.parametrize(
        ("as_of", "known"),
        [("2023-07-31", False), ("2023-08-01", True), ("2024-06-01", True), (None, True)],
    )
    def test_a_coded_one_is_known_from_the_day_it_was_recorded(
        self, *, as_of: str | None, known: bool, last: str, recorded: bool
    ) -> None:
        event = BORN if recorded else "2023-08-01"  # without a day of recording, its own date
        frame = coded(
            (SEEN, SEEN, WEIGHT, "4.1"),
            (event, "2023-08-01", GESTATION, "224"),
            (last, last, WEIGHT, "5.0"),
            recorded=recorded,
        )
        assert z_of(checked(frame, as_of)) == pytest.approx(PRETERM if known else TERM)

    def test_the_day_is_written_beside_it(self) -> None:
        frame = coded((SEEN, SEEN, WEIGHT, "4.1"), (BORN, "2023-08-01", GESTATION, "224"))
        row = checked(frame).scored.iloc[0]
        assert row["gestation_days"] == 224
        assert row["gestation_known_on"] == pd.Timestamp("2023-08-01")
        assert np.isnan(checked(frame, "2023-05-01").scored.iloc[0]["gestation_days"])

    def test_one_that_two_rows_say_is_known_from_the_first(self) -> None:
        frame = coded(
            (SEEN, SEEN, WEIGHT, "4.1"),
            (BORN, "2023-08-01", GESTATION, "224"),
            (BORN, "2023-06-01", GESTATION, "224"),
        )
        assert z_of(checked(frame, "2023-07-01")) == pytest.approx(PRETERM)
        assert z_of(checked(frame, "2023-05-31")) == pytest.approx(TERM)

    @pytest.mark.parametrize(
        ("as_of", "first"),
        [("2023-05-31", False), ("2023-06-01", True), ("2023-07-31", True), ("2023-08-01", False)],
    )
    @pytest.mark.parametrize("later_first", [True, False])
    def test_one_that_is_contradicted_later_stands_till_then(
        self, *, as_of: str, first: bool, later_first: bool
    ) -> None:
        said = [(BORN, "2023-06-01", GESTATION, "224"), (BORN, "2023-08-01", GESTATION, "273")]
        last = ("2023-09-01", "2023-09-01", WEIGHT, "6.0")
        frame = coded((SEEN, SEEN, WEIGHT, "4.1"), *(said[::-1] if later_first else said), last)
        assert z_of(checked(frame, as_of)) == pytest.approx(PRETERM if first else TERM)
        everything = checked(frame)
        assert z_of(everything) == pytest.approx(TERM)
        assert everything.problems["code"].tolist().count("P06") == 2

    def test_two_of_one_day_are_none(self) -> None:
        said = [(BORN, "2023-06-01", GESTATION, "224"), (BORN, "2023-06-01", GESTATION, "273")]
        frame = coded((SEEN, SEEN, WEIGHT, "4.1"), *said)
        assert z_of(checked(frame, "2023-07-01")) == pytest.approx(TERM)


class TestBirthWeight:
    @pytest.mark.parametrize("recorded", [True, False])
    def test_a_coded_one_is_known_from_the_day_it_was_recorded(self, *, recorded: bool) -> None:
        event = BORN if recorded else "2023-08-01"
        frame = coded(
            (SEEN, SEEN, WEIGHT, "4.1"),
            (event, "2023-08-01", BIRTH_WEIGHT, "3.4"),
            recorded=recorded,
        )
        for as_of, fate in (("2023-07-31", "skipped"), ("2023-08-01", "scored"), (None, "scored")):
            rows = checked(frame, as_of).scored
            (row,) = rows[rows["value"] == 3.4].itertuples()
            assert (row.fate, row.age_days) == (fate, 0)

    def test_one_in_a_column_is_known_from_the_day_of_its_row(self) -> None:
        frame = pd.DataFrame({"id": "a", "DOB": BORN, "sex": "F", "date": [SEEN, "2023-09-01"]})
        frame = frame.assign(**{"weight (kg)": ["4.1", "7.0"], "birth weight (kg)": ["", "3.4"]})
        for as_of, fate in (("2023-05-01", "skipped"), (None, "scored")):
            rows = checked(frame, as_of).scored
            assert rows.loc[rows["value"] == 3.4, "fate"].tolist() == [fate]


VISITS = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "DOB": "2020-03-12",
        "sex": "F",
        "date": ["2024-03-12", "2025-03-12", "2025-03-12", "2024-04-01"],
        "weight (kg)": ["16.0", "18.4", "", ""],
        "reason": ["", "", "refused", "refused"],
    }
)


class TestWorklist:
    def test_a_child_known_from_later_rows_alone_is_not_listed_and_no_value_is_lost(self) -> None:
        done = checked(VISITS, "2024-12-31")
        assert sorted(done.children["child_id"]) == ["a", "d"]
        assert not set(done.contacts["child_id"]) & {"b", "c"}
        assert len(done.scored) == 4
        later = done.scored[done.scored["child_id"] == "b"].iloc[0]
        assert (later["fate"], later["note"]) == ("skipped", "not yet known")

    def test_every_child_is_listed_where_no_day_is_asked_for(self) -> None:
        assert sorted(checked(VISITS).children["child_id"]) == ["a", "b", "c", "d"]
        assert len(checked(VISITS, "2025-03-12").children) == 4

    def test_the_files_beside_a_child_are_those_it_was_in_by_then(self) -> None:
        old, new = VISITS.iloc[[0]], VISITS.iloc[[1]].assign(id="a")
        records = read_tables([table_of_frame(old, "old.csv"), table_of_frame(new, "new.csv")])
        for as_of, files in (("2024-12-31", "old.csv"), (None, "old.csv; new.csv")):
            assert check(records, as_of=as_of, today=TODAY).children["sources"].tolist() == [files]
