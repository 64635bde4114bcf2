"""The workbook of a run: a summary, the worklist, findings and problems, for those who use Excel.

Identifiers are text, dates are dates, and no text can be taken for a formula.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.checks import Checked
from centiles.monitoring.contact_rules import OTHER_INFORMATION
from centiles.records.columns import CHILDREN, CONTACTS, FINDINGS, PROBLEMS, TEAMS, Column
from centiles.reports.cells import harmless
from centiles.reports.overview import Overview

NAME: Final = "children.xlsx"
MISSING: Final = (
    f"{NAME} is left out: it needs the excel extra; pip install 'centiles[excel]', or "
    "--no-workbook to be without"
)
MOST_ROWS: Final = 1_048_576  # of a sheet, its header among them
_EPOCH: Final = np.datetime64("1899-12-30")
_FIRST_DATE: Final = np.datetime64("1900-03-01")  # before it Excel counts a day that was not
_MADE: Final = dt.datetime(2000, 1, 1)
_COLOURS: Final = {
    "urgent": ("#8F2410", "#FFFFFF"), "act": ("#F9DFAE", "#4F3100"),
    "watch": ("#E3EFF0", "#174548"),
    "error": ("#F6D5CE", "#6D1B0B"), "query": ("#F9DFAE", "#4F3100"),
}  # fmt: skip
_WIDTHS: Final = {"date": 12.0, "number": 11.0, "integer": 8.0, "flag": 9.0, "word": 15.0}
_WIDE: Final = {"child_id": 16.0, "headline": 90.0, "sentence": 90.0, "guidance": 60.0,
                "reason": 60.0, "suggestion": 60.0, "not_assessed": 40.0, "findings": 34.0,
                "sources": 34.0, "base_rate": 34.0, "source": 24.0}  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """One table of the workbook: its name, its rows, its columns, the file it is also in."""

    name: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]
    file: str


def is_available() -> bool:
    """Return whether the excel extra is installed."""
    return importlib.util.find_spec("xlsxwriter") is not None


def write_workbook(checked: Checked, path: Path, overview: Overview) -> Path:
    """Write the workbook and return its path.

    A table of more rows than a sheet can hold is left in its CSV file, and the summary says so.

    Parameters
    ----------
    checked
        What :func:`centiles.check` returned.
    path
        The file to write.
    overview
        What the run found, in numbers.
    """
    import xlsxwriter

    findings = checked.findings
    if not checked.sensitive:  # a code would tell of siblings and events
        findings = findings.assign(raised_by=_neutral(findings["raised_by"]))
    sheets = [
        Sheet("Worklist", checked.children, CHILDREN, "children.csv"),
        Sheet("Findings", findings, FINDINGS, "findings.csv"),
        Sheet("Contacts", checked.contacts, CONTACTS, "contacts.csv"),
        Sheet("Teams", checked.teams, TEAMS, "teams.csv"),
        Sheet("Problems", checked.problems, PROBLEMS, "problems.csv"),
    ]
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False, "nan_inf_to_errors": False,
    }  # fmt: skip
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"title": "Growth check", "created": _MADE})
        formats = _formats(book)
        _write_summary(book.add_worksheet("Summary"), overview, sheets, formats)
        for sheet in sheets:
            if sheet.name == "Problems":
                _write_problem_summary(book.add_worksheet("Problem summary"), overview, formats)
            if len(sheet.frame) < MOST_ROWS:
                _write_table(book.add_worksheet(sheet.name), sheet, formats)
        for made in book.worksheets() if overview.warning else ():
            made.set_header(f"&L&B{overview.warning}")
    return path


def _neutral(raised_by: pd.Series[str]) -> pd.Series[str]:
    """Return what raised findings without a word of siblings or events."""
    plain = raised_by.isin(["", "TOGETHER"])
    return raised_by.where(plain, OTHER_INFORMATION)


def _formats(book: Any) -> dict[str, Any]:
    base = {"valign": "top"}
    found = {
        "text": book.add_format({**base, "num_format": "@"}),
        "long": book.add_format({**base, "num_format": "@", "text_wrap": True}),
        "date": book.add_format({**base, "num_format": "dd/mm/yyyy", "align": "left"}),
        "number": book.add_format({**base, "num_format": "0.###"}),
        "integer": book.add_format({**base, "num_format": "0"}),
        "count": book.add_format({**base, "num_format": "#,##0", "align": "left"}),
        "header": book.add_format({"bold": True, "bg_color": "#E7EDF3", "border": 1,
                                   "border_color": "#999999", "valign": "top"}),
        "title": book.add_format({"bold": True, "font_size": 14}),
        "bold": book.add_format({"bold": True, **base}),
    }  # fmt: skip
    for word, (back, ink) in _COLOURS.items():
        found[word] = book.add_format({**base, "bg_color": back, "font_color": ink, "bold": True})
    return found


def _write_summary(
    sheet: Any, overview: Overview, sheets: list[Sheet], formats: dict[str, Any]
) -> None:
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 100)
    rows: list[tuple[str, Any, str]] = [("Growth check", "", "title")]
    rows += [("", overview.warning, "bold")] if overview.warning else []
    rows += [("", overview.missing, "bold")] if overview.missing else []
    rows += [("", line, "text") for line in (overview.subtitle, overview.standing)]
    rows += [("", "", "text"), ("Children", overview.total, "bold")]
    rows += [(block, count, block) for block, count in overview.blocks]
    rows += [("without an open finding", overview.without, "text"), ("", "", "text")]
    rows += [("Values", "", "bold")]
    rows += [(f"{name}: {head}", count, "text") for name, counts in overview.fates
             for head, count in zip(overview.fate_heads, counts, strict=True) if count]  # fmt: skip
    if overview.gaps:
        rows += [("", "", "text"), ("Not assessed (children)", "", "bold")]
        rows += [(gap, count, "text") for gap, count in overview.gaps]
    rows += [("", "", "text"), ("Sheets", "", "bold")]
    rows += [(each.name, _held(each), "text") for each in sheets]
    rows += [("", "", "text"), ("Made with", "", "bold")]
    rows += [("", line, "text") for line in overview.provenance]
    for row, (left, right, kind) in enumerate(rows):
        sheet.write_string(row, 0, harmless(left), formats.get(kind, formats["text"]))
        if isinstance(right, int):
            sheet.write_number(row, 1, right, formats["count"])
        else:
            sheet.write_string(row, 1, harmless(right), formats["long"])


def _held(sheet: Sheet) -> str:
    rows = f"{len(sheet.frame):,} {'row' if len(sheet.frame) == 1 else 'rows'}"
    if len(sheet.frame) < MOST_ROWS:
        return f"{rows}; also in {sheet.file}"
    return f"{rows}, more than a sheet can hold: they are in {sheet.file}"


def _write_problem_summary(sheet: Any, overview: Overview, formats: dict[str, Any]) -> None:
    """Write how often each problem is met and what to do about it."""
    heads = ("code", "severity", "rows", "reason", "suggestion")
    _write_header(sheet, heads, (8.0, 10.0, 10.0, 70.0, 70.0), len(overview.problems), formats)
    for row, each in enumerate(overview.problems, 1):
        sheet.write_string(row, 0, each.code, formats["text"])
        sheet.write_string(row, 1, each.severity, formats.get(each.severity, formats["text"]))
        sheet.write_number(row, 2, each.count, formats["integer"])
        sheet.write_string(row, 3, each.reason, formats["long"])
        sheet.write_string(row, 4, each.suggestion, formats["long"])


def _write_header(
    sheet: Any, heads: tuple[str, ...], widths: tuple[float, ...], rows: int, formats: Any
) -> None:
    for place, (head, width) in enumerate(zip(heads, widths, strict=True)):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, head, formats["header"])
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(rows, 1), len(heads) - 1)


def _write_table(sheet: Any, table: Sheet, formats: dict[str, Any]) -> None:
    """Write a table row by row, so that no more than a row of it is held as text."""
    heads = tuple(column.name for column in table.columns)
    widths = tuple(_WIDE.get(c.name, _WIDTHS.get(c.kind, 18.0)) for c in table.columns)
    _write_header(sheet, heads, widths, len(table.frame), formats)
    kinds = [_kind(column) for column in table.columns]
    plain = [formats["text" if kind in ("text", "word") else kind] for kind in kinds]
    writers = {"text": sheet.write_string, "word": sheet.write_string}
    cells = [_cells(table.frame[column.name], column.kind) for column in table.columns]
    for row, values in enumerate(zip(*cells, strict=True), 1):
        for place, value in enumerate(values):
            if value is None or value == "":
                continue
            kind = kinds[place]
            form = formats.get(value, plain[place]) if kind == "word" else plain[place]
            writers.get(kind, sheet.write_number)(row, place, value, form)


def _kind(column: Column) -> str:
    return {"flag": "text"}.get(column.kind, column.kind)


def _cells(series: pd.Series[Any], kind: str) -> Iterator[Any]:
    """Yield what a column's cells hold: text, numbers, days as Excel counts them, None for none."""
    if kind == "date":
        return iter(_days(series.to_numpy().astype("datetime64[D]")))
    if kind == "number":
        return iter([None if value != value else value for value in series.tolist()])
    if kind == "integer":
        return iter(series.tolist())
    if kind == "flag":
        return iter(["yes" if value else "" for value in series.tolist()])
    if kind == "word":
        names = [harmless(str(name)) for name in series.cat.categories] + [""]
        return iter([names[code] for code in series.cat.codes.tolist()])
    return iter([harmless(text) for text in series.tolist()])


def _days(dates: NDArray[np.datetime64]) -> list[int | None]:
    days = (dates - _EPOCH).astype(np.int64)
    shown = ~np.isnat(dates) & (dates >= _FIRST_DATE)
    return [day if fits else None for day, fits in zip(days.tolist(), shown.tolist(), strict=True)]
