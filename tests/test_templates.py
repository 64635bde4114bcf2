"""The blank sheet for paper records: filled in by hand, it is an export like any other."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from pathlib import Path

import pytest

from centiles.checks import check
from centiles.errors import UnreadableError, UnwritableError, UsageError
from centiles.records import read
from centiles.reports.templates import FIRST_ROW, HEADERS, write_template
from tests.commandline import run

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


def typed(path: Path) -> None:
    """Fill a workbook as a nurse does in Excel: dates as dates, numbers as numbers, words as words.

    The cells are put into the sheet's own XML, so that all else stays as it was written.
    """
    day0 = dt.date(1899, 12, 30)
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    for place, visit in enumerate(VISITS):
        for header, text in visit.items():
            cell = f"{chr(ord('A') + HEADERS.index(header))}{FIRST_ROW + place}"
            if header.startswith("Date"):
                day, month, year = map(int, text.split("/"))
                content = f"><v>{(dt.date(year, month, day) - day0).days}</v></c>"
            elif header.endswith(("(kg)", "(cm)")):
                content = f"><v>{float(text)}</v></c>"
            else:
                content = f' t="inlineStr"><is><t>{text}</t></is></c>'
            sheet, done = re.subn(rf'(<c r="{cell}"(?: s="\d+")?)/>', rf"\g<1>{content}", sheet)
            assert done == 1, cell
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w") as book:
        for name, content_ in parts.items():
            book.writestr(name, content_)


def test_filled_in_as_a_workbook_it_is_checked_with_no_configuration(tmp_path: Path) -> None:
    """As a nurse would: the blank sheet, a few visits typed into it, and the check."""
    pytest.importorskip("python_calamine")
    assert run("template", "-o", tmp_path / "sheet.xlsx").code == 0
    typed(tmp_path / "sheet.xlsx")
    ran = run("check", tmp_path / "sheet.xlsx", "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert "3 values read: 3 scored, 1 contact without a measurement" in ran.err
    with (tmp_path / "out" / "findings.csv").open(encoding="utf-8", newline="") as file:
        (finding, *_) = csv.DictReader(file)
    assert (finding["child_id"], finding["rule"]) == ("9990000018", "WT-FALL-1Y")
    assert (finding["from_row"], finding["to_row"], finding["to_date"]) == ("4", "5", "2026-02-09")
    with (tmp_path / "out" / "scored.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["reason"] for row in rows if row["child_id"] == "B7"] == ["no scales"]
    assert {row["gestation_days"] for row in rows if row["child_id"] != "B7"} == {"270"}
    (as_csv := tmp_path / "same.csv").write_bytes(b"")
    write_template(as_csv, force=True)
    filled(as_csv)
    one, other = (check(read(path), today="2026-07-01").scored for path in
                  (tmp_path / "sheet.xlsx", as_csv))  # fmt: skip
    assert one["z"].tolist() == pytest.approx(other["z"].tolist(), abs=1e-12, nan_ok=True)


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
