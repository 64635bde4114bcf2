"""The workbook, read back: text is text, dates are dates, and colours have words."""

from __future__ import annotations

import datetime as dt
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from centiles import reports
from centiles.checks import Checked, check
from centiles.monitoring.contact_rules import OTHER_INFORMATION
from centiles.records import from_frame
from centiles.records.columns import CHILDREN, FINDINGS, PROBLEMS
from centiles.reports import results, workbook
from centiles.reports.overview import WARNING, overview_of
from tests.commandline import export, run
from tests.pages import fallers, hostile_check
from tests.test_report import SENSITIVE

Rows = list[list[object]]


def book_of(checked: Checked, folder: Path) -> dict[str, Rows]:
    """Return the sheets of a run's workbook."""
    path = workbook.write_workbook(checked, folder / "x.xlsx", overview_of(checked))
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


@pytest.fixture(scope="module")
def sheets(demo: Checked, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    return book_of(demo, tmp_path_factory.mktemp("book"))


def test_every_row_of_every_table_is_there(demo: Checked, sheets: dict[str, Rows]) -> None:
    for name, frame, declared in (
        ("Worklist", demo.children, CHILDREN),
        ("Findings", demo.findings, FINDINGS),
        ("Problems", demo.problems, PROBLEMS),
    ):
        header, *rows = sheets[name]
        assert header == [column.name for column in declared]
        assert len(rows) == len(frame)
        place = header.index("child_id") if name != "Problems" else header.index("code")
        column = "child_id" if name != "Problems" else "code"
        assert [row[place] for row in rows] == frame[column].astype(str).tolist()


def test_nhs_numbers_are_text_and_dates_are_dates(demo: Checked, sheets: dict[str, Rows]) -> None:
    header, *rows = sheets["Worklist"]
    for row, child in zip(rows, demo.children.itertuples(), strict=True):
        assert isinstance(row[header.index("child_id")], str)
        seen = row[header.index("last_measured_on")]
        assert seen == ("" if child.last_measured_on != child.last_measured_on
                        else child.last_measured_on.date())  # fmt: skip
    assert isinstance(rows[0][header.index("see_by")], dt.date)


def test_summary_and_problem_summary_say_how_many(demo: Checked, sheets: dict[str, Rows]) -> None:
    told = {row[0]: row[1] for row in sheets["Summary"] if row[0]}
    flagged = demo.children[demo.children["rank"] > 0]
    for block, count in flagged["block"].astype(str).value_counts().items():
        assert told[block] == count
    assert told["without an open finding"] == len(demo.children) - len(flagged)
    assert told["hospital.csv: values read"] == 360
    codes = demo.problems["code"].astype(str).value_counts()
    assert {row[0]: row[2] for row in sheets["Problem summary"][1:]} == codes.to_dict()
    assert any("no finding is no reassurance" in str(row[1]) for row in sheets["Summary"])


def test_headers_stay_and_filter_and_dates_show_as_the_uk_writes_them(
    demo: Checked, tmp_path: Path
) -> None:
    path = workbook.write_workbook(demo, tmp_path / "x.xlsx", overview_of(demo))
    with zipfile.ZipFile(path) as parts:
        tables = [parts.read(f"xl/worksheets/sheet{k}.xml").decode() for k in range(2, 6)]
        styles = parts.read("xl/styles.xml").decode()
    for table in tables:
        assert 'state="frozen"' in table
        assert "<autoFilter ref=" in table
        assert "<f>" not in table  # no formula
    assert 'formatCode="dd/mm/yyyy"' in styles


def test_hostile_text_is_text_and_starts_no_formula(tmp_path: Path) -> None:
    checked = hostile_check()
    sheets = book_of(checked, tmp_path)
    ids = [str(row[2]) for row in sheets["Worklist"][1:]]
    # A formula's text is neutralised as in children.csv; the rest is as it was.
    assert {text.removeprefix("'") for text in ids} == set(checked.children["child_id"])
    for rows in sheets.values():
        for row in rows:
            assert not any(str(cell)[:1] in "=+@\t\r" for cell in row if cell != "")


def test_more_rows_than_a_sheet_holds_stay_in_their_csv(
    demo: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", len(demo.children))
    sheets = book_of(demo, tmp_path)
    assert "Worklist" not in sheets
    assert "Findings" in sheets
    told = {row[0]: row[1] for row in sheets["Summary"]}
    assert told["Worklist"] == "262 rows, more than a sheet can hold: they are in children.csv"


def test_the_same_check_makes_the_same_workbook(demo: Checked, tmp_path: Path) -> None:
    first, second = (
        workbook.write_workbook(demo, tmp_path / name, overview_of(demo)) for name in "ab"
    )
    assert first.read_bytes() == second.read_bytes()


def test_a_run_with_no_problem_and_no_finding(tmp_path: Path) -> None:
    import pandas as pd

    one = pd.DataFrame({"child_id": ["a"], "sex": "male", "birth_date": "2020-03-12",
                        "measured_on": "2025-03-12", "weight_kg": 18.4})  # fmt: skip
    sheets = book_of(check(from_frame(one), today="2026-03-01"), tmp_path)
    assert len(sheets["Worklist"]) == 2
    assert len(sheets["Findings"]) == len(sheets["Problems"]) == 1


def test_without_the_extra_the_run_says_so_once_and_does_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (workbook, results):
        monkeypatch.setattr(module, "is_available", lambda: False)
    ran = run("check", export(tmp_path / "x.csv"), "--out", tmp_path / "out")
    assert ran.code == 0
    assert ran.err.count("children.xlsx is left out") == 1
    assert not (tmp_path / "out" / "children.xlsx").exists()
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("children.xlsx is left out") == 1


def test_report_and_workbook_can_be_left_out(tmp_path: Path) -> None:
    visits = export(tmp_path / "x.csv")
    ran = run("check", visits, "--out", tmp_path / "out", "--no-report", "--no-workbook")
    assert ran.code == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names & {"report.html", "children.xlsx", "share.html", "share.csv"} == set()
    assert run("check", visits, "--out", tmp_path / "out", "--share", "--force").code == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"report.html", "children.xlsx", "share.html", "share.csv"} <= names
    assert run("check", visits, "--out", tmp_path / "out", "--force").code == 0  # all are ours


def test_what_raised_a_finding_is_not_told_unless_asked(tmp_path: Path) -> None:
    checked = fallers(("a",))
    raised = checked.findings.assign(raised_by="SIBLINGS; TOGETHER")
    header, row, *_ = book_of(replace(checked, findings=raised), tmp_path)["Findings"]
    assert row[header.index("raised_by")] == OTHER_INFORMATION
    told = book_of(replace(checked, findings=raised, sensitive=True), tmp_path)
    header, row, *_ = told["Findings"]
    assert row[header.index("raised_by")] == "SIBLINGS; TOGETHER"
    assert [row[1] for row in told["Summary"] if row[1] == WARNING] == [WARNING]


def test_a_sensitive_run_warns_on_every_printed_sheet(tmp_path: Path) -> None:
    for name, content in SENSITIVE.items():
        (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8")
    out = tmp_path / "out"
    ran = run("check", tmp_path / "measurements.csv", "--events", tmp_path / "events.csv",
              "--sensitive", "--out", out)  # fmt: skip
    assert ran.code == 0
    with zipfile.ZipFile(out / "children.xlsx") as parts:
        sheets = [name for name in parts.namelist() if "worksheets/sheet" in name]
        assert all(WARNING in parts.read(name).decode() for name in sheets)
    assert WARNING in (out / "report.html").read_text(encoding="utf-8")


def test_the_library_writes_the_same(tmp_path: Path) -> None:
    folder = reports.write(fallers(("a",)), tmp_path / "out")
    assert (folder / "report.html").is_file()
    assert (folder / "children.xlsx").is_file()
