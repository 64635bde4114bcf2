"""The blank sheet for paper records: filled in by hand, it is an export like any other."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest

from centiles.checks import check
from centiles.errors import UnreadableError, UnwritableError, UsageError
from centiles.records import read
from centiles.reports.templates import FIRST_ROW, HEADERS, write_template

VISITS = [
    {"NHS number": "999 000 0018", "Date of birth": "12/03/2020", "Sex": "M", "Gestation": "38+4",
     "Date of measurement": "13/03/2025", "Weight (kg)": "18.4", "Height (cm)": "108.2"},
    {"NHS number": "999 000 0018", "Date of birth": "12/03/2020", "Sex": "M",
     "Date of measurement": "09/02/2026", "Weight (kg)": "15.1", "Date recorded": "10/02/2026"},
    {"Local number": "B7", "Date of birth": "30/06/2022", "Sex": "F",
     "Date of measurement": "14/01/2026", "Reason not measured": "no scales", "Team": "North"},
]  # fmt: skip


def filled(path: Path) -> None:
    """Type visits into the blank rows of a sheet."""
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    for place, visit in enumerate(VISITS):
        rows[FIRST_ROW - 1 + place] = [visit.get(header, "") for header in HEADERS]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def test_filled_in_it_reads_back_with_no_configuration(tmp_path: Path) -> None:
    path = write_template(tmp_path / "sheet.csv")
    filled(path)
    records = read(path)
    assert (records.values_read, records.sources[0].contacts) == (3, 1)
    assert records.frame["row"].tolist() == [4, 4, 5, 6]
    done = check(records, today="2026-07-01")
    assert done.problems.empty
    assert done.findings["rule"].astype(str).tolist()[0] == "WT-FALL-1Y"
    assert sorted(done.children["child_id"]) == ["9990000018", "B7"]
    assert set(done.scored["gestation_days"].dropna()) == {270.0}


def test_blank_it_says_that_there_are_no_rows(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="found a header and no rows"):
        read(write_template(tmp_path / "sheet.csv"))


def test_a_workbook_has_lists_and_ruled_rows(tmp_path: Path) -> None:
    pytest.importorskip("xlsxwriter")
    path = write_template(tmp_path / "sheet.xlsx")
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        words = book.read("xl/sharedStrings.xml").decode()
    assert [header for header in HEADERS if f">{header}<" not in words] == []
    assert sheet.count("<dataValidation ") == 6  # sex, reason, four measures
    assert 'sqref="D4:D43"' in sheet


def test_the_workbooks_header_is_where_the_other_is(tmp_path: Path) -> None:
    calamine = pytest.importorskip("python_calamine")
    pytest.importorskip("xlsxwriter")
    path = write_template(tmp_path / "sheet.xlsx")
    rows = calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert tuple(rows[FIRST_ROW - 2]) == HEADERS


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = write_template(tmp_path / "sheet.csv")
    with pytest.raises(UnwritableError, match="is there already"):
        write_template(path)
    assert write_template(path, force=True) == path
    with pytest.raises(UsageError, match=r"\.csv or \.xlsx"):
        write_template(tmp_path / "sheet.doc")
    with pytest.raises(UnwritableError, match="cannot be written"):
        write_template(tmp_path / "no" / "sheet.csv")


def test_lines_above_the_header_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "nurse.csv"
    path.write_text(
        "Class 2B heights and weights,,,,\n,,,,\nNHS No,DOB,Sex,Date,Weight (kg)\n"
        "9990000018,12/03/2020,M,13/03/2025,18.4\n"
    )
    records = read(path)
    assert records.frame[["row", "value"]].to_numpy().tolist() == [[4, 18.4]]
