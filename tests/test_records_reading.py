"""Exports to records, end to end: the same table by every way in, and nothing said of a child."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from centiles.checks import check
from centiles.errors import CentilesError, MappingError, UnreadableError, UsageError
from centiles.records import Config, Records, columns, from_frame, read
from centiles.records.reading import is_contact

VISIT = {"id": "a", "dob": "13/02/2020", "sex": "F", "date": "13/02/2024"}


def frame_of(*rows: dict[str, str]) -> pd.DataFrame:
    """Return visits of one child, with these columns instead or beside."""
    return pd.DataFrame([VISIT | row for row in rows], dtype="str").fillna("")


def records_of(*rows: dict[str, str], **options: Any) -> Records:
    return from_frame(frame_of(*rows), **options)


def values(records: Records) -> list[tuple[int, str, float, str]]:
    """Return the row, measure, value and unit of every value."""
    frame = records.frame[~is_contact(records.frame)]
    parts = zip(frame["row"], frame["measure"], frame["value"].round(9), frame["unit"], strict=True)
    return [(int(row), str(measure), value, str(unit)) for row, measure, value, unit in parts]


def codes(records: Records) -> list[tuple[str, int, str]]:
    """Return the code, row and column of every problem."""
    found = records.problems
    parts = zip(found["code"], found["row"], found["column"], strict=True)
    return sorted((str(code), int(row), str(column)) for code, row, column in parts)


class TestSameTable:
    """A table gives equal records as CSV, as Parquet and as a frame, typed or as text."""

    @pytest.fixture
    def typed(self) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "NHS number": ["0012", "4857773456", "4857773456", "x/y", "🙂,'\""],
                "Date of birth": pd.to_datetime(
                    ["2020-02-13", None, "2020-05-01", "2020-05-01", None]
                ),
                "Sex": pd.Categorical(["M", "F", None, "F", "Q"]),
                "Gestation": [38.0, np.nan, 270, 4, 41],
                "Date": pd.to_datetime(["2024-02-13"] * 4 + [None]),
                "Height (cm)": [104.0, np.nan, 99.5, np.inf, -1],
                "Weight (kg)": ["18.4", "refused", None, "junk", "20"],
                "Class": [1, 2, 3, 4, 5],
            }
        )

    def assert_equal(self, one: Records, other: Records, but: tuple[str, ...] = ()) -> None:
        pd.testing.assert_frame_equal(
            one.frame.drop(columns=["source", *but]), other.frame.drop(columns=["source", *but])
        )
        assert codes(one) == codes(other)
        assert [(each.values, each.contacts, each.rows) for each in one.sources] == [
            (each.values, each.contacts, each.rows) for each in other.sources
        ]

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_csv_parquet_frame(self, tmp_path: Path, typed: pd.DataFrame, delimiter: str) -> None:
        typed.to_csv(tmp_path / "f.csv", index=False, sep=delimiter)
        typed.to_csv(tmp_path / "f.csv.gz", index=False)
        typed.to_parquet(tmp_path / "f.parquet")
        given = from_frame(typed)
        assert given.values_read == 7
        for name in ("f.csv", "f.csv.gz", "f.parquet"):
            self.assert_equal(given, read(tmp_path / name))

    def test_uk_dates_as_text(self, typed: pd.DataFrame) -> None:
        text = typed.assign(
            **{name: typed[name].dt.strftime("%d/%m/%Y") for name in ("Date of birth", "Date")}
        )
        self.assert_equal(from_frame(typed), from_frame(text))

    def test_long_and_wide(self) -> None:
        wide = records_of({"height": "104", "weight": "18.4"}, {"height": "105", "weight": "19"})
        long = records_of(
            *({"measure": m, "value": v} for m, v in
              [("weight", "18.4"), ("height", "104"), ("weight", "19"), ("height", "105")])
        )  # fmt: skip
        self.assert_equal_values(wide, long)

    def assert_equal_values(self, one: Records, other: Records) -> None:
        rows = [[cells[1:] for cells in values(records)] for records in (one, other)]
        assert rows[0] == rows[1]


class TestValues:
    def test_units_of_headers(self) -> None:
        read_ = records_of(
            {"Ht (m)": "1.04", "wt kg": "18.4", "OFC (mm)": "510", "Birth weight (g)": "3400"}
        )
        assert values(read_) == [
            (2, "weight", 18.4, "kg"),
            (2, "height", 104, "m"),
            (2, "head", 51, "mm"),
            (2, "weight", 3.4, "g"),
        ]

    def test_a_header_is_not_overruled_by_values(self) -> None:
        assert values(records_of({"Height (cm)": "1.04"})) == [(2, "height", 1.04, "cm")]

    def test_units_read_off_the_values(self) -> None:
        read_ = records_of({"ht": "1.04", "wt": "18400"}, {"ht": "1.1", "wt": "19000"})
        assert values(read_)[:2] == [(2, "weight", 18.4, "g"), (2, "height", 104, "m")]
        assert read_.sources[0].mapping["height"] == "ht [m]"

    def test_units_that_are_not_clear(self) -> None:
        with pytest.raises(
            MappingError, match=r"unit of height under 'ht' is not clear.*\[units\]"
        ):
            records_of({"ht": "250"})
        config = Config(units={"height": "mm"})
        assert values(records_of({"ht": "250"}, config=config)) == [(2, "height", 25, "mm")]

    def test_units_of_rows(self) -> None:
        rows = [
            ("kg", "18.4"),
            ("g", "18400"),
            ("lb", "40"),
            ("stone", "3"),
            ("cm", "3"),
            ("", "18"),
        ]
        read_ = records_of(*({"measure": "weight", "value": v, "unit": u} for u, v in rows))
        found = values(read_)
        assert found[0] == (2, "weight", 18.4, "kg")
        assert found[1] == (3, "weight", 18.4, "g")
        assert found[2][2] == pytest.approx(18.1436948)
        assert found[5] == (7, "weight", 18, "kg")
        assert np.isnan([value for _, _, value, _ in found[3:5]]).all()
        assert codes(read_) == [("G05", 5, "unit"), ("G05", 6, "unit")]
        assert read_.values_read == 6

    def test_rows_without_unit_where_others_have_one(self) -> None:
        rows = [("kg", "18.4"), ("", "500")]
        read_ = records_of(*({"measure": "weight", "value": v, "unit": u} for u, v in rows))
        assert codes(read_) == [("G05", 3, "unit")]

    def test_units_that_are_all_unknown_are_not_passed_over(self) -> None:
        long = records_of({"measure": "weight", "value": "3", "unit": "hogshead"})
        wide = records_of({"weight": "3", "unit": "stone"})
        assert codes(long) == codes(wide) == [("G05", 2, "unit")]

    def test_unit_columns_of_wide_tables(self) -> None:
        read_ = records_of(
            {"weight": "18.4", "weight unit": "kg", "height": "1.04", "height unit": "m"},
            {"weight": "40", "weight unit": "lbs", "height": "104", "height unit": "cm"},
        )
        assert [round(value, 3) for _, _, value, _ in values(read_)] == [18.4, 104, 18.144, 104]

    def test_a_row_that_contradicts_its_header(self) -> None:
        rows = [
            {"weight (kg)": v, "weight unit": u} for v, u in (("18", "kg"), ("40", "lb"), ("9", ""))
        ]
        read_ = records_of(*rows)
        assert codes(read_) == [("G05", 3, "weight unit")]
        assert [value for _, _, value, _ in values(read_)][::2] == [18, 9]

    def test_units_in_the_words_for_measures(self) -> None:
        rows = [("HEIGHTCM", "1.04"), ("Height (m)", "1.04"), ("WEIGHTKG", "1.5")]
        read_ = records_of(*({"param": m, "measurement": v} for m, v in rows))
        assert [value for _, _, value, _ in values(read_)] == [1.04, 104, 1.5]

    def test_a_unit_in_the_header_of_values(self) -> None:
        read_ = records_of({"measure": "weight", "value (g)": "18400"})
        assert values(read_) == [(2, "weight", 18.4, "g")]

    def test_birth_weight_is_a_weight_on_the_day_of_birth(self) -> None:
        frame = records_of({"height": "104", "birth weight": "3400"}).frame
        assert frame["measured_on"].dt.strftime("%Y-%m-%d").tolist() == ["2024-02-13", "2020-02-13"]
        assert frame["contact"].tolist() == ["", "birth"]
        aged = from_frame(
            pd.DataFrame({"id": ["a"], "sex": ["F"], "age_days": [99], "bw": [3400], "ht": [60]})
        )
        assert aged.frame["age_days"].tolist() == [99, 0]

    def test_birth_weight_beside_long_values(self) -> None:
        read_ = records_of({"measure": "height", "value": "104", "birth weight": "3400"})
        assert values(read_) == [(2, "height", 104, "cm"), (2, "weight", 3.4, "g")]

    def test_length_is_a_height_lying(self) -> None:
        frame = records_of({"length": "70"}, {"length": "71", "posture": "stood"}).frame
        assert frame["posture"].tolist() == ["lying", "standing"]
        assert frame["measure"].tolist() == ["height", "height"]

    def test_junk_is_kept_as_it_is(self) -> None:
        read_ = records_of({"weight": "18,4"}, {"weight": "  18.4kgg "}, {"weight": "19.5"})
        assert read_.frame["raw"].tolist() == ["18,4", "18.4kgg", "19.5"]
        assert codes(read_) == [("G01", 2, "weight"), ("G01", 3, "weight")]
        assert read_.values_read == 3

    def test_what_can_have_been_meant_is_said(self) -> None:
        read_ = records_of(*({"height": cell} for cell in ("104.1", "104..2", "18,4", "tall")))
        assert read_.problems["suggestion"].tolist() == [
            "perhaps 104.2 was meant; correct the value",
            "perhaps 18.4 was meant; correct the value",
            "correct the value",
        ]
        assert read_.frame["value"].isna().tolist() == [False, True, True, True]

    def test_units_beside_the_numbers(self) -> None:
        read_ = records_of(
            {"wt": "18.4kg", "ht": "1.05m"},
            {"wt": "3st 4lb", "ht": "3'6\""},
            {"wt": "19", "ht": "99"},
        )  # fmt: skip
        assert values(read_) == [
            (2, "weight", 18.4, "kg"), (2, "height", 105, "m"),
            (3, "weight", 20.86524902, "st lb"), (3, "height", 106.68, "ft in"),
            (4, "weight", 19, "kg"), (4, "height", 99, "cm"),
        ]  # fmt: skip
        assert read_.frame["raw"].tolist()[2:4] == ["3st 4lb", "3'6\""]
        assert codes(read_) == []
        assert read_.sources[0].mapping["weight"] == "wt [kg, st lb]"

    def test_units_beside_the_numbers_alone(self) -> None:
        assert values(records_of({"ht": "250mm"})) == [(2, "height", 25, "mm")]

    def test_a_unit_that_contradicts_the_header(self) -> None:
        read_ = records_of(
            {"Weight (kg)": "18400g", "Height (cm)": "1.05m"},
            {"Weight (kg)": "3st 4lb", "Height (cm)": "105cms"},
            {"Weight (kg)": "3kg 400g", "Height (cm)": "104"},
        )
        assert codes(read_) == [
            ("G05", 2, "Height (cm)"), ("G05", 2, "Weight (kg)"), ("G05", 3, "Weight (kg)"),
        ]  # fmt: skip
        assert read_.frame["value"].fillna(0).tolist() == [0, 0, 0, 105, 3.4, 104]
        assert read_.values_read == 6

    def test_a_unit_that_contradicts_the_row(self) -> None:
        rows = [
            ("12kg", "kg"), ("12kg", "g"), ("12kg", ""), ("3st 4lb", "stone"), ("12", "kg"),
            ("12cm", ""), ("3kg 400g", "g"), ("12kg", "hogshead"),
        ]  # fmt: skip
        read_ = records_of(*({"measure": "weight", "value": v, "unit": u} for v, u in rows))
        assert codes(read_) == [("G05", row, "unit") for row in (3, 7, 9)]
        found = read_.frame["value"].fillna(0).round(4).tolist()
        assert found == [12, 0, 12, 20.8652, 12, 0, 3.4, 0]

    def test_approximate_values_are_used_and_queried(self) -> None:
        read_ = records_of({"weight": "approx 18"}, {"weight": "18.4"}, {"weight": "~3st"})
        assert codes(read_) == [("G21", 2, "weight"), ("G21", 4, "weight")]
        assert read_.frame["raw"].tolist() == ["approx 18", "18.4", "~3st"]
        assert read_.frame["value"].round(3).tolist() == [18, 18.4, 19.051]

    def test_a_column_of_junk_alone_is_not_lost(self) -> None:
        read_ = records_of({"weight": "heavy", "height": "104"})
        assert codes(read_) == [("G01", 2, "weight")]
        assert read_.values_read == 2

    def test_unknown_measures_are_counted(self) -> None:
        rows = [
            ("weight", "18.4"),
            ("shoe size", "9"),
            ("", "3"),
            ("shoe size", ""),
            ("arm", "refused"),
        ]
        read_ = records_of(*({"measure": m, "value": v} for m, v in rows))
        assert codes(read_) == [("F02", 3, "measure"), ("F02", 4, "measure")]
        assert (read_.values_read, read_.sources[0].contacts) == (3, 2)


class TestContacts:
    def test_words_give_the_reason(self) -> None:
        frame = records_of(
            {"height": "Refused", "weight": "18.4"}, {"height": "", "weight": "NA"}
        ).frame
        assert frame["reason"].tolist() == ["", "Refused", ""]
        assert is_contact(frame).tolist() == [False, True, True]
        assert frame["measure"].tolist() == ["weight", "height", ""]

    def test_a_column_gives_the_reason(self) -> None:
        frame = records_of(
            {"height": "", "reason": "no scales"}, {"height": "104", "reason": "in a hurry"},
            {"height": "junk", "reason": "clothes on"}, {"height": "DNA", "reason": "moved"},
        ).frame  # fmt: skip
        assert is_contact(frame).tolist() == [True, False, False, True]
        assert frame["reason"].tolist() == ["no scales", "in a hurry", "clothes on", "DNA"]

    def test_long_contacts_keep_their_measure(self) -> None:
        frame = records_of(
            {"measure": "weight", "value": "18"}, {"measure": "height", "value": ""},
            {"measure": "height", "value": "declined"},
        ).frame  # fmt: skip
        assert frame["measure"].tolist() == ["weight", "height", "height"]
        assert frame["reason"].tolist() == ["", "", "declined"]
        assert is_contact(frame).tolist() == [False, True, True]


class TestChildren:
    def ids(self, *texts: Any) -> list[str]:
        frame = pd.DataFrame(
            {"id": texts} | {key: [cell] * len(texts) for key, cell in VISIT.items() if key != "id"}
        )
        return from_frame(frame.assign(weight="18")).frame["child_id"].tolist()

    def test_identifiers_stay_text(self) -> None:
        odd = ["0012", "a/b", "../../etc", "O'Neil", 'x"y', "1,2", "🙂", "=1+1", "10001.0"]
        assert self.ids(*odd) == odd

    def test_whole_numbers_with_gaps_in_them(self) -> None:
        assert self.ids(10001.0, np.nan, 10002.0) == ["10001", "", "10002"]
        assert self.ids("10001.0", "10002.0") == ["10001", "10002"]
        assert self.ids("10001.0", "10002.5") == ["10001.0", "10002.5"]

    def test_no_identifier_is_nobody(self) -> None:
        read_ = records_of(
            *({"id": name, "weight": "18"} for name in ("", "NULL", "0000000000", "0"))
        )
        assert read_.frame["child_id"].tolist() == ["", "", "", "0"]
        assert codes(read_) == [("P05", 2, "id"), ("P05", 3, "id"), ("P05", 4, "id")]

    def test_no_household_is_no_family(self) -> None:
        frame = records_of(
            {"family id": "NA", "weight": "18"}, {"family id": "7", "weight": "18"}
        ).frame
        assert frame["household_id"].tolist() == ["", "7"]

    def test_sex(self) -> None:
        read_ = records_of(*({"sex": word, "weight": "18"} for word in ("F", "boy", "U", "Q", "")))
        assert read_.frame["sex"].tolist() == ["female", "male", "unknown", "unknown", "unknown"]
        assert codes(read_) == [("P07", 5, "sex")]

    def test_sex_codes(self) -> None:
        rows = [{"sex": "0", "weight": "18"}, {"sex": "1", "weight": "18"}]
        with pytest.raises(MappingError, match="--sex-codes"):
            records_of(*rows)
        said = records_of(*rows, sex_codes={"0": "male", "1": "female"})
        assert said.frame["sex"].tolist() == ["male", "female"]
        assert said.sources[0].mapping["sex codes"] == "0=male, 1=female"

    def test_gestation(self) -> None:
        given = ["38+4", "270", "38.6", "4", "50", ""]
        read_ = records_of(*({"gestation": text, "weight": "18"} for text in given))
        assert read_.frame["gestation_days"].tolist()[:2] == [270, 270]
        assert read_.frame["gestation_days"].isna().tolist()[2:] == [True] * 4
        assert codes(read_) == [("P02", row, "gestation") for row in (4, 5, 6)]
        weeks = Config(gestation_decimals="weeks")
        said = records_of({"gestation": "38.6", "weight": "18"}, config=weeks)
        assert said.frame["gestation_days"].tolist() == [270]
        said = records_of({"gestation": "38.6", "weight": "18"}, gestation_decimals="days")
        assert said.frame["gestation_days"].tolist() == [272]
        with pytest.raises(UsageError, match="expected weeks or days"):
            records_of({"gestation": "38.6", "weight": "18"}, gestation_decimals="months")


class TestDates:
    def test_bad_dates_are_listed(self) -> None:
        rows = [
            ("31/02/2022", "D01"),
            ("01/01/1900", "D04"),
            ("29/02/2024", ""),
            ("", ""),
            ("soon", "D01"),
        ]
        read_ = records_of(*({"date": date, "weight": "18"} for date, _ in rows))
        assert codes(read_) == sorted(
            (code, row, "date") for row, (_, code) in enumerate(rows, 2) if code
        )
        assert read_.frame["measured_on"].notna().tolist() == [False, False, True, False, False]
        assert read_.frame["date_precision"].tolist() == ["", "", "day", "", ""]

    def test_months_and_years(self) -> None:
        rows = ["03/2024", "2024", "13/02/2024", "Mar 2024"]
        read_ = records_of(*({"date": date, "weight": "18"} for date in rows))
        assert read_.frame["measured_on"].astype(str).fillna("").tolist() == [
            "2024-03-15", "", "2024-02-13", "2024-03-15",
        ]  # fmt: skip
        assert read_.frame["date_precision"].tolist() == ["month", "year", "day", "month"]
        assert codes(read_) == [("D11", 3, "date")]

    def test_a_column_of_precisions(self) -> None:
        rows = [("2024-03-01", "YM"), ("2024-01-01", "Y"), ("2024-03-02", "YMD"), ("2024-03", "")]
        read_ = records_of(
            *({"date": d, "Effective Date Precision": p, "weight": "18"} for d, p in rows)
        )
        assert read_.frame["measured_on"].astype(str).fillna("").tolist() == [
            "2024-03-15", "", "2024-03-02", "2024-03-15",
        ]  # fmt: skip
        assert read_.frame["date_precision"].tolist() == ["month", "year", "day", "month"]
        assert codes(read_) == [("D11", 3, "date")]

    def test_spreadsheet_numbers(self) -> None:
        read_ = records_of({"date": "45335", "weight": "18"}, {"date": "45336.5", "weight": "18"})
        assert read_.frame["measured_on"].astype(str).tolist() == ["2024-02-13", "2024-02-14"]
        assert codes(read_) == [("D13", 0, "date")]

    def test_births_known_to_the_month(self) -> None:
        row = {"dob": "01/03/2020", "date": "13/02/2024", "weight": "18"}
        many = [row | {"id": str(k)} for k in range(20)]
        read_ = records_of(*many)
        assert set(read_.frame["birth_precision"]) == {"month"}
        assert set(read_.frame["birth_date"].astype(str)) == {"2020-03-01"}
        assert read_.sources[0].mapping["birth precision"] == "month, all on a 1st or 15th"
        assert set(records_of(*many[:19]).frame["birth_precision"]) == {"day"}
        said = records_of(*many, config=Config(birth_precision="day"))
        assert set(said.frame["birth_precision"]) == {"day"}
        said = records_of(row, config=Config(birth_precision="month"))
        assert set(said.frame["birth_precision"]) == {"month"}

    def test_a_header_says_so(self) -> None:
        frame = frame_of({"weight": "18"}).rename(columns={"dob": "Month/year of birth"})
        read_ = from_frame(frame.assign(**{"Month/year of birth": "03/2020"}))
        assert read_.frame["birth_precision"].tolist() == ["month"]
        assert read_.frame["birth_date"].astype(str).tolist() == ["2020-03-15"]
        read_ = from_frame(frame.assign(**{"Month/year of birth": "01/03/2020"}))
        assert read_.frame["birth_precision"].tolist() == ["month"]

    def test_one_order_for_the_whole_file(self) -> None:
        frame = records_of({"dob": "01/02/2020", "date": "13/03/2024", "weight": "18"}).frame
        assert str(frame["birth_date"].iloc[0].date()) == "2020-02-01"

    def test_said(self) -> None:
        row = {"dob": "01/02/2020", "date": "03/04/2024", "weight": "18"}
        with pytest.raises(MappingError, match="--date-format"):
            records_of(row)
        frame = records_of(row, date_format="mm/dd/yyyy").frame
        assert str(frame["measured_on"].iloc[0].date()) == "2024-03-04"

    @pytest.mark.parametrize(
        ("unit", "age", "days"),
        [("days", "100", 100), ("weeks", "10", 70), ("months", "12", 365), ("years", "4.5", 1644)],
    )
    def test_ages(self, unit: str, age: str, days: int) -> None:
        frame = pd.DataFrame(
            {"id": ["a", "b"], "sex": ["F", "M"], "age": [age, "old"], "weight": ["9", "9"]}
        )
        read_ = from_frame(frame, config=Config(units={"age": unit}))
        assert read_.frame["age_days"].tolist()[0] == days
        assert codes(read_) == [("D07", 3, "age")]
        with pytest.raises(MappingError, match=r"\[units\] age = \.\.\."):
            from_frame(frame)


class TestFiles:
    def write(self, folder: Path, name: str, frame: pd.DataFrame) -> Path:
        folder.mkdir(exist_ok=True)
        frame.to_csv(folder / name, index=False)
        return folder / name

    def test_several(self, tmp_path: Path) -> None:
        one = self.write(tmp_path / "x", "a.csv", frame_of({"weight": "18"}))
        two = self.write(tmp_path / "y", "a.csv", frame_of({"height": "104"}, {"height": "no"}))
        both = read([one, two])
        assert [source.name for source in both.sources] == ["x/a.csv", "y/a.csv"]
        assert both.frame["source"].tolist() == ["x/a.csv", "y/a.csv", "y/a.csv"]
        assert both.problems["source"].tolist() == ["y/a.csv"]
        assert both.values_read == 3

    def test_all_faults_are_told_together(self, tmp_path: Path) -> None:
        (tmp_path / "empty.csv").touch()
        with pytest.raises(UnreadableError, match=r"gone\.csv: .*; empty\.csv: "):
            read([tmp_path / "gone.csv", tmp_path / "empty.csv"])
        one = self.write(tmp_path, "one.csv", frame_of({"shoe": "9"}))
        two = self.write(tmp_path, "two.csv", frame_of({"sock": "9"}))
        with pytest.raises(MappingError, match=r"one\.csv: .*; two\.csv: "):
            read([one, two])

    def test_none(self) -> None:
        with pytest.raises(UsageError, match="no file"):
            read([])

    def test_ragged_rows_are_listed(self, tmp_path: Path) -> None:
        path = tmp_path / "f.csv"
        path.write_text(
            "id,dob,sex,date,weight\na,2020-02-13,F,2024-02-13,18,19\nb,2020-02-13,M,2024-02-13\n"
        )
        read_ = read(path)
        assert codes(read_) == [("F01", 2, ""), ("F01", 3, "")]
        assert (read_.values_read, read_.sources[0].contacts) == (1, 1)

    @pytest.mark.parametrize("lacking", ["sex", "dob"])
    def test_nothing_to_score_by(self, lacking: str) -> None:
        with pytest.raises(MappingError, match="in any file; without"):
            from_frame(frame_of({"weight": "18"}).drop(columns=lacking))

    def test_sex_may_be_in_another_file(self, tmp_path: Path) -> None:
        one = self.write(tmp_path, "one.csv", frame_of({"weight": "18"}).drop(columns="sex"))
        two = self.write(tmp_path, "two.csv", frame_of({"weight": "18"}))
        assert read([one, two]).frame["sex"].tolist() == ["unknown", "female"]

    def test_every_column_is_of_its_kind(self) -> None:
        frame = records_of({"weight": "18", "height": "DNA", "birth weight": "3400"}).frame
        for column in columns.RECORDS:
            assert str(frame[column.name].dtype) == columns.DTYPES[column.kind]

    def test_ten_thousand_rows_of_one_child(self) -> None:
        frame = pd.concat([frame_of({"weight": "18"})] * 10_000, ignore_index=True)
        read_ = from_frame(frame)
        assert read_.values_read == 10_000
        assert read_.frame["row"].tolist() == list(range(2, 10_002))


CANARIES = ("4857773456", "CANARY", "17/09/2019", "2019-09-17", "77.125", "Tweetie")
_ROW = "CANARY-4857773456,17/09/2019,Tweetie,17/09/2019,77.125"
_HEAD = "NHS number,DOB,Sex,Date,Weight"
FAILING = {
    "no header": _ROW + "\n" + _ROW + "\n",
    "wrong delimiter": _HEAD.replace(",", "^") + "\n" + _ROW.replace(",", "^"),
    "no measure": "NHS number,DOB,Sex,Date\nCANARY-4857773456,17/09/2019,F,17/09/2019\n",
    "no date": "NHS number,DOB,Sex,Date,Weight\nCANARY-4857773456,17/09/2019,F,Tweetie,77.125\n",
    "unknown sexes": _HEAD + "\n" + _ROW + "\n",
    "either order": _HEAD + "\nCANARY,01/02/2019,F,01/02/2020,77.125\n",
    "both orders": _HEAD + "\nCANARY,17/09/2019,F,09/17/2019,77.125\n",
    "unclear unit": _HEAD + "\nCANARY,17/09/2019,F,17/09/2019,977.125\n",
    "two dates": _HEAD + ",Visit date\n" + _ROW + ",17/09/2019\n",
    "two weights": _HEAD + ",wt\n" + _ROW + ",77.125\n",
    "ages without unit": "id,sex,age,weight\nCANARY,F,77.125,77.125\n",
    "zero byte": _HEAD + "\n" + _ROW + "\x00\n",
    "open quote": _HEAD + '\n"' + _ROW + "\n",
    "long cell": _HEAD + "\n" + "CANARY" * 30_000 + "," + _ROW + "\nx\n",
    "no sex": "NHS number,DOB,Date,Weight\nCANARY-4857773456,17/09/2019,17/09/2019,77.125\n",
}


class TestNoChildInTheNoise:
    """No identifier, date of birth or value in a message or its traceback."""

    @pytest.mark.parametrize("kind", FAILING)
    def test_files(self, tmp_path: Path, kind: str) -> None:
        path = tmp_path / "export.csv"
        path.write_text(FAILING[kind], encoding="utf-8")
        with pytest.raises(CentilesError) as raised:
            read(path)
        told = "".join(traceback.format_exception_only(raised.value)) + self.causes(raised.value)
        assert [word for word in CANARIES if word in told] == []

    def causes(self, fault: BaseException | None) -> str:
        """Return the messages of all exceptions a traceback would show."""
        told = ""
        while fault is not None:
            told += f"{fault}\n"
            fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
        return told

    def test_frames(self) -> None:
        row = {"id": ["CANARY"], "dob": ["17/09/2019"], "sex": ["Tweetie"], "date": ["17/09/2019"]}
        for kilograms in ([{"CANARY": 1}], [["CANARY"]], ["CANARY"]):
            with pytest.raises(CentilesError) as raised:
                from_frame(pd.DataFrame(row | {"weight": kilograms}))
            assert [word for word in CANARIES if word in self.causes(raised.value)] == []

    def test_problems_and_mapping(self) -> None:
        rows = [
            {
                "id": "CANARY",
                "dob": "17/09/2019",
                "sex": "Tweetie",
                "date": "CANARY",
                "weight": "77.125x",
            },
            {"id": "CANARY", "gestation": "77.125", "unit": "CANARY", "weight": "18"},
        ]
        read_ = records_of(*rows)
        told = read_.problems.astype("str").to_csv() + str(read_.sources)
        assert len(read_.problems) == 4
        assert [word for word in CANARIES if word in told] == []


class TestStatus:
    """A row its source does not stand by is skipped and counted; it decides nothing."""

    VISIT: ClassVar[dict[str, str]] = {"weight_kg": "18.4", "status": "final"}

    def test_words_and_flags(self) -> None:
        rows = [self.VISIT | {"status": word} for word in ("final", "Removed", "1", "")]
        assert [*records_of(*rows).frame["status"]] == ["", "removed", "", ""]
        flags = [{"weight_kg": "18.4", "RemovedData": word} for word in ("0", "true", "1", "N")]
        assert [*records_of(*flags).frame["status"]] == ["", "removed", "removed", ""]

    def test_skipped_and_counted(self) -> None:
        removed = {"weight_kg": "999x", "status": "entered-in-error", "dob": "2019-01-01"}
        removed |= {"date": "2031-01-01", "sex": "M"}
        checked = check(records_of(self.VISIT, removed, removed))
        assert checked.fates[["scored", "skipped", "values_read"]].to_numpy().tolist() == [
            [1, 2, 3]
        ]
        assert [*checked.scored["note"][1:]] == ["entered in error"] * 2
        assert checked.problems.empty
        assert checked.provenance.as_of < "2031"


@pytest.mark.parametrize("blank", ["", ";;;;;\n"], ids=["straight below", "after a blank row"])
def test_a_title_in_one_cell_above_a_table(tmp_path: Path, blank: str) -> None:
    path = tmp_path / "clinic.csv"
    path.write_text(
        f"Community extract, run 2 Nov 2026\n{blank}"
        "CHI No;DOB;Sex;Gest;Seen;Wt (kg)\n"
        "0101220005;01/02/2022;F;39+1;14/03/2023;9.1\n"
        "0101220005;01/02/2022;F;39+1;20/03/2023;9.3\n",
        encoding="utf-8",
    )
    records = read(path)
    (source,) = records.sources
    assert source.mapping["measured_on"] == "Seen"
    assert source.mapping["child_id"] == "CHI No"
    first = 3 + bool(blank)
    assert records.frame["row"].tolist() == [first, first + 1]
    assert records.frame["value"].tolist() == [9.1, 9.3]
    assert set(records.frame["gestation_days"]) == {39 * 7 + 1}
    assert "F01" not in set(records.problems["code"])


@pytest.mark.parametrize("above", ["Class list,Summer", "A,B,C", "Class list,,run 2 Nov 2026\nx,y"])
def test_a_title_in_fewer_cells_than_the_header(tmp_path: Path, above: str) -> None:
    path = tmp_path / "class.csv"
    path.write_text(
        f"{above}\nNHS Number,DOB,Sex,Seen,Wt (kg),Ht (cm)\n"
        "9990000018,01/02/2020,F,14/03/2025,18.4,108.5\n",
        encoding="utf-8",
    )
    records = read(path)
    assert records.frame["value"].tolist() == [18.4, 108.5]
    assert records.frame["row"].tolist() == [above.count("\n") + 3] * 2
    assert records.problems.empty
