"""Rows that could not be used come back in the user's own columns, and read as they did."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from centiles.checks import Checked, check
from centiles.records import Records, from_frame, read
from centiles.reports import write
from centiles.reports.rejected import ADDED

HEADER = "NHS number,Name,DOB,Sex,Date,Weight (kg),Height (cm)"
ROWS = (
    "a,=1+1,13/02/2020,M,13/02/2024,16300,104.0",
    "b,-7,13/02/2020,F,14/02/2024,-5,103",
    "c,fine,13/02/2020,F,14/02/2024,16,103",
    'd,"Smith, ""Jo""",31/02/2020,F,14/02/2024,16,999',
)
TODAY = "2026-01-01"


def folder_of(path: Path, text: str) -> tuple[Records, Checked, Path]:
    export = path / "export.csv"
    export.write_text(text, encoding="utf-8")
    records = read(export)
    checked = check(records, today=TODAY)
    return records, checked, write(checked, path / "out", force=True)


@pytest.fixture
def rejected(tmp_path: Path) -> tuple[Records, Path]:
    records, _, folder = folder_of(tmp_path, "\n".join([HEADER, *ROWS]) + "\n")
    return records, folder / "rejected.csv"


def test_the_users_own_columns_and_rows_with_the_reason_last(
    rejected: tuple[Records, Path],
) -> None:
    with rejected[1].open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == [*HEADER.split(","), *ADDED]
    assert [row[0] for row in rows] == ["a", "b", "d"]
    assert rows[0][5:7] == ["16300", "104.0"]
    assert rows[0][-2].startswith("Weight (kg): outside what a child can be")
    assert rows[0][-1] == "as 16.3 kg: given in grams"
    assert rows[2][1] == 'Smith, "Jo"'
    assert rows[2][-2] == "DOB: not a date in the format of this file"


def test_no_cell_is_a_formula_and_no_number_is_spoilt(rejected: tuple[Records, Path]) -> None:
    with rejected[1].open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert rows[0][1] == "'=1+1"
    assert rows[1][1] == "-7"
    assert rows[1][5] == "-5"


def test_mended_it_reads_with_the_same_mapping_and_is_used(
    rejected: tuple[Records, Path], tmp_path: Path
) -> None:
    records, path = rejected
    text = path.read_text(encoding="utf-8")
    for wrong, right in (("16300", "16.3"), ('"-5"', '"15.8"'), ("31/02", "28/02"), ("999", "99")):
        assert wrong in text
        text = text.replace(wrong, right)
    again, checked, folder = folder_of(tmp_path / "out", text)
    assert again.sources[0].mapping == records.sources[0].mapping
    assert checked.fates["scored"].sum() == 6
    assert not (folder / "rejected.csv").exists()


def test_a_row_that_is_rejected_again_has_its_reason_once(
    rejected: tuple[Records, Path], tmp_path: Path
) -> None:
    _, _, folder = folder_of(tmp_path / "out", rejected[1].read_text(encoding="utf-8"))
    before = rejected[1].read_text(encoding="utf-8")
    assert (folder / "rejected.csv").read_text(encoding="utf-8") == before


def test_several_sources_have_a_file_each_not_named_by_them(tmp_path: Path) -> None:
    for name, rows in (("ann-smith.csv", ROWS[:1]), ("b.csv", ROWS[2:3]), ("c.csv", ROWS[1:2])):
        (tmp_path / name).write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    records = read(sorted(tmp_path.glob("*.csv")))
    folder = write(check(records, today=TODAY), tmp_path / "out")
    assert sorted(path.name for path in folder.glob("rejected*")) == [
        "rejected-1.csv",
        "rejected-3.csv",
    ]


def test_two_faults_of_a_row_are_one_line(tmp_path: Path) -> None:
    row = "e,x,13/02/2020,M,13/02/2024,16300,5555"
    _, _, folder = folder_of(tmp_path, f"{HEADER}\n{row}\n{ROWS[2]}\n")
    told = pd.read_csv(folder / "rejected.csv")
    assert len(told) == 1
    assert told["what is wrong"][0].count("outside what a child can be") == 2


def test_a_frame_gives_its_rows_back_as_well(tmp_path: Path) -> None:
    cells = [row.split(",") for row in ROWS[:3]]
    frame = pd.DataFrame(cells, columns=HEADER.split(","))
    folder = write(check(from_frame(frame), today=TODAY), tmp_path / "out")
    assert pd.read_csv(folder / "rejected.csv")["NHS number"].tolist() == ["a", "b"]
