"""Columns that are not read are said, and problems name the user's own headers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from centiles.checks import check
from centiles.errors import MappingError
from centiles.records import read
from centiles.records.described import MOST_NAMED, said_of_unread, shown_header
from centiles.records.tables import table_of_frame
from tests.commandline import run


def written(tmp_path: Path, *lines: str, name: str = "f.csv") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_weight_that_is_not_read_is_seen_before_a_run(tmp_path: Path) -> None:
    export = written(
        tmp_path,
        "NHS No,DOB,Sex,Weight (kg),Date,Ward,Day 5 Weight,Weight z,Ht %ile,943 476 5919,",
        "9434765919,13/02/2024,F,3.4,14/02/2024,7,3.1,-0.1,50,x,y",
    )
    shown = run("check", str(export), "--dry-run").out
    assert "  not read        Day 5 Weight, Ward, column 10, column 11\n" in shown
    assert "  scores left out Weight z, Ht %ile\n" in shown
    assert "476" not in shown
    out = tmp_path / "out"
    assert run("check", str(export), "--out", str(out), "--no-report").code == 0
    (source,) = json.loads((out / "run.json").read_text(encoding="utf-8"))["sources"]
    assert source["mapping"]["not read"] == "Day 5 Weight, Ward, column 10, column 11"


def test_a_dry_run_loads_nothing_of_the_check(tmp_path: Path) -> None:
    export = written(tmp_path, "id,DOB,Sex,date,wt", "a,2024-02-13,F,2024-02-14,3.4")
    script = (
        "import sys; from centiles.commands import main\n"
        "try: main()\n"
        "finally: print({'scipy', 'centiles.checks', 'centiles.records'} & sys.modules.keys())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, "check", str(export), "--dry-run"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.endswith("{'centiles.records'}\n")


def test_nothing_is_said_where_everything_is_read(tmp_path: Path) -> None:
    export = written(tmp_path, "id,DOB,sex,date,kg", "a,2024-02-13,F,2024-02-14,3.4")
    config = written(tmp_path, "[columns]", 'weight = "kg"', name="c.toml")
    (source,) = read(export, config=config).sources
    assert not {"not read", "scores left out"} & source.mapping.keys()


def test_columns_that_join_files_or_mark_rows_are_read(tmp_path: Path) -> None:
    visits = written(
        tmp_path,
        "RowIdentifier,IDPatient,DateEvent,SNOMEDCode,CTV3Code,NumericValue,RemovedData,Wt note",
        "1,7,14 Feb 2024 00:00:00,27113001,,3.4,0,x",
    )
    patients = written(
        tmp_path,
        "RowIdentifier,IDPatient,NHSNumber,DateBirth,Gender,DateDeath",
        "1,7,9434765919,13 Feb 2024 00:00:00,F,none",
        name="p.csv",
    )
    values, linked = read([visits, patients]).sources
    assert values.mapping["not read"] == "Wt note, RowIdentifier"
    assert values.mapping["aliases"] == "IDPatient"
    assert values.mapping["code"] == "SNOMEDCode"
    assert linked.mapping["not read"] == "DateDeath, RowIdentifier"


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("Day 5 Weight", "Day 5 Weight"),
        (" Ward\t", "Ward"),
        ("", "column 3"),
        ("12/03/2020", "column 3"),
        ("12 Mar 20", "column 3"),
        ("9434765919", "column 3"),
        ("943-476-5919", "column 3"),
        ("a@b.org", "column 3"),
        ("W\x1b[2Jard", "column 3"),
        ("x" * 61, "column 3"),
    ],
)
def test_what_may_be_data_is_called_by_its_place(header: str, shown: str) -> None:
    assert shown_header(header, 2) == shown


def test_a_long_list_is_cut_and_what_may_be_a_measure_stands_first() -> None:
    headers = [*(f"extra {k}" for k in range(60)), "Length of stay", "nothing in it"]
    frame = pd.DataFrame([["x"] * 61 + [" "]] * 2, columns=headers)
    said = said_of_unread(table_of_frame(frame, "f"), set(range(5)))["not read"]
    assert said.startswith("Length of stay, extra 5, ")
    assert said.endswith(f" and {56 - MOST_NAMED} more")


class TestOwnHeaders:
    def test_problems_name_the_users_own_columns(self, tmp_path: Path) -> None:
        export = written(
            tmp_path,
            "NHS No,M/F,D.O.B.,Seen On,Wt kg,Birth wt (kg),Length (cm)",
            "9434765919,F,12/03/2024,01/01/2023,9,,",  # before birth
            "9990000018,,13/03/2022,01/01/2023,9,,",
            "9990000026,F,13/03/2022,01/01/2029,9,,",  # in the future
            ",F,13/03/2022,01/01/2023,900,0.1,700",
            "9990000034,F,,01/01/2023,9,,",
            "9990000042,F,13/03/2022,,9,,",
        )
        listed = check(read(export), today="2026-01-01").problems
        found = set(
            listed[["row", "code", "column"]].astype(str).itertuples(index=False, name=None)
        )
        assert found == {
            ("2", "D02", "Seen On"),
            ("3", "P01", "M/F"),
            ("4", "D03", "Seen On"),
            ("5", "P05", "NHS No"),
            ("5", "G03", "Wt kg"),
            ("5", "G03", "Birth wt (kg)"),
            ("5", "G03", "Length (cm)"),
            ("6", "D06", "D.O.B."),
            ("7", "D05", "Seen On"),
        }

    def test_a_row_without_a_sex_is_one_problem_however_many_values_it_has(
        self, tmp_path: Path
    ) -> None:
        export = written(tmp_path, "id,DOB,Gender,date,wt,ht", "a,2024-02-13,,2025-02-14,9,70")
        listed = check(read(export), today="2026-01-01").problems
        assert listed[["code", "column"]].astype(str).to_numpy().tolist() == [["P01", "Gender"]]

    def test_a_contradiction_names_the_column_of_each_file(self, tmp_path: Path) -> None:
        visits = ("a,F,2024-02-13,2025-02-14,9", "a,F,2024-02-13,2025-03-14,9")
        odd = ("a,M,2024-02-13,2025-04-14,9", "a,F,2024-02-14,2025-05-14,9")
        clinic = written(tmp_path, "id,Boy/Girl,D.O.B.,date,wt", *visits, *odd)
        listed = check(read(clinic), today="2026-01-01").problems
        found = listed[["source", "code", "column"]].astype(str).to_numpy().tolist()
        assert found == [["f.csv", "P03", "Boy/Girl"], ["f.csv", "P04", "D.O.B."]]


@pytest.mark.parametrize(
    ("born", "seen", "days"),
    [
        ("DOB (dd/mm/yyyy)", "Date (DD/MM/YYYY)", 30),  # 2 to 1 of the months
        ("DOB (mm/dd/yyyy)", "Date", 1),
        ("DOB (mm/dd/yyyy)", "Date (dd/mm/yyyy)", None),
        ("DOB", "Date", None),
    ],
)
def test_a_header_may_say_whether_the_day_comes_first(
    tmp_path: Path, born: str, seen: str, days: int | None
) -> None:
    export = written(tmp_path, f"id,{born},Sex,{seen},wt", "a,02/04/2024,F,02/05/2024,3.4")
    if days is None:
        with pytest.raises(MappingError, match="--date-format"):
            read(export)
        return
    row = read(export).frame.iloc[0]
    assert (row["measured_on"] - row["birth_date"]).days == days


def test_a_measure_that_no_column_was_taken_for_is_a_problem(tmp_path: Path) -> None:
    lines = (
        "id,DOB,sex,date,HC,{},birth wt text,ht z,wt unit",
        "a,2024-02-13,F,2024-03-14,36,4.1,3,0,kg",
    )
    export = written(tmp_path, lines[0].format("Wt of this one"), lines[1])
    out = tmp_path / "out"
    ran = run("check", str(export), "--out", str(out), "--no-report", "--no-workbook")
    assert ran.code == 0
    assert "F06 error" in ran.err
    assert "(1): Wt of this one of f.csv" in ran.err
    (problem,) = read(export).problems.query("code == 'F06'").itertuples()
    assert problem.suggestion.endswith('[columns] weight = "Wt of this one"')
    named = written(tmp_path, "[columns]", 'weight = "Wt of this one"', name="c.toml")
    assert "F06" not in set(read(export, config=named).problems["code"])


@pytest.mark.parametrize(
    ("header", "slot"),
    [
        ("Weight at clinic", "weight"),
        ("Current height (cm)", "height"),
        ("HC on discharge", "head"),
    ],
)
def test_when_a_value_is_of_is_no_part_of_its_name(tmp_path: Path, header: str, slot: str) -> None:
    export = written(tmp_path, f"id,DOB,sex,date,{header}", "a,2024-02-13,F,2024-03-14,40")
    (source,) = read(export).sources
    assert source.mapping[slot].startswith(header)


@pytest.mark.parametrize("header", ["Weight recorded", "Target weight", "Height z score result"])
def test_what_is_no_value_is_not_taken_for_one(tmp_path: Path, header: str) -> None:
    export = written(tmp_path, f"id,DOB,sex,date,HC,{header}", "a,2024-02-13,F,2024-03-14,36,4")
    (source,) = read(export).sources
    assert not {"weight", "height"} & source.mapping.keys()
