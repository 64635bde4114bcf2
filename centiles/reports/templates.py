"""A blank sheet for the transcription of paper records, which reads back with no configuration."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any, Final

from centiles.errors import UnwritableError, UsageError

TITLE: Final = "Growth measurements transcribed from paper: one row a visit, as it was written"
HELP: Final = (
    "Dates as dd/mm/yyyy. Leave blank what is not written; where a measurement was not made, say "
    "why under Reason not measured."
)
HEADERS: Final = (
    "NHS number", "Local number", "Date of birth", "Sex", "Gestation", "Date of measurement",
    "Weight (kg)", "Height (cm)", "Length (cm)", "Head circumference (cm)", "Reason not measured",
    "Team", "Date recorded",
)  # fmt: skip
_LISTS: Final = {
    "Sex": ["M", "F"],
    "Reason not measured": [
        "no scales", "no equipment", "refused", "declined", "not brought", "not seen", "unable",
    ],
}  # fmt: skip
_NUMBERS: Final = {
    "Weight (kg)": (0.2, 250), "Height (cm)": (20, 230), "Length (cm)": (20, 230),
    "Head circumference (cm)": (15, 70),
}  # fmt: skip
BLANK_ROWS: Final = 40
FIRST_ROW: Final = 4  # title, instructions, header; rows are counted from 1


def write_template(path: str | Path, *, force: bool = False) -> Path:
    """Write a blank sheet as CSV or, with the excel extra, as a workbook; return its path.

    Raises
    ------
    UsageError
        If the name ends in neither .csv nor .xlsx, or the extra is not installed.
    UnwritableError
        If the file is there already, or cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise UsageError(f"{path.name}: expected a name that ends in .csv or .xlsx")
    if path.exists() and not force:
        raise UnwritableError(f"{path}: is there already; choose another name, or --force")
    content = _csv() if path.suffix.lower() == ".csv" else _workbook()
    try:
        path.write_bytes(content)
    except OSError as fault:
        raise UnwritableError.of(path, fault) from fault
    return path


def _csv() -> bytes:
    """Return the sheet as CSV; the byte-order mark is what Excel knows UTF-8 by."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    spare = [""] * (len(HEADERS) - 1)
    rows.writerows([[TITLE, *spare], [HELP, *spare], HEADERS])
    rows.writerows([[""] * len(HEADERS)] * BLANK_ROWS)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _workbook() -> bytes:
    try:
        import xlsxwriter
    except ImportError:
        raise UsageError(
            "template: a workbook needs the excel extra; pip install 'centiles[excel]', or name a "
            ".csv"
        ) from None
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Measurements")
        ruled = {"border": 1, "border_color": "#999999"}
        sheet.write_string(0, 0, TITLE, book.add_format({"bold": True, "font_size": 14}))
        sheet.write_string(1, 0, HELP)
        header = book.add_format({"bold": True, "text_wrap": True, "bg_color": "#E7EDF3", **ruled})
        last = FIRST_ROW - 2 + BLANK_ROWS
        for place, name in enumerate(HEADERS):
            form = {"text": "@", "date": "dd/mm/yyyy", "number": "0.0##"}[_kind(name)]
            cell = book.add_format({"num_format": form, **ruled})
            sheet.set_column(place, place, 24 if "Reason" in name else 14)
            sheet.write_string(FIRST_ROW - 2, place, name, header)
            for row in range(FIRST_ROW - 1, last + 1):
                sheet.write_blank(row, place, None, cell)
            if (rule := _validation(name)) is not None:
                sheet.data_validation(FIRST_ROW - 1, place, last, place, rule)
        sheet.freeze_panes(FIRST_ROW - 1, 0)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(FIRST_ROW - 2)
    return out.getvalue()


def _kind(header: str) -> str:
    if header.startswith("Date"):
        return "date"
    return "number" if header in _NUMBERS else "text"


def _validation(header: str) -> dict[str, Any] | None:
    """Return what a column's cells may be; a list only suggests, since paper says other things."""
    if header in _LISTS:
        must = "stop" if header == "Sex" else "information"
        return {"validate": "list", "source": _LISTS[header], "error_type": must}
    if header in _NUMBERS:
        low, high = _NUMBERS[header]
        return {
            "validate": "decimal", "criteria": "between", "minimum": low, "maximum": high,
            "error_type": "warning", "error_message": f"Expected {low} to {high}: written so?",
        }  # fmt: skip
    return None
