"""Reading and mapping exports beside the libraries that read such files, to typed columns."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
from python_calamine import CalamineWorkbook

import centiles
from benchmarks import cohort
from benchmarks.timing import Row, compared, in_turn

_WORDS = "%d %b %Y %H:%M:%S"


def typed(path: Path, *dates: str, form: str = "%d/%m/%Y") -> Callable[[], pa.Table]:
    """Return a call that reads a CSV by pyarrow, its dates as dates, its numbers as numbers."""
    options = pa_csv.ConvertOptions(
        column_types=dict.fromkeys(dates, pa.timestamp("s")), timestamp_parsers=[form]
    )
    return lambda: pa_csv.read_csv(path, convert_options=options)


def csv_rows(folder: Path, rows: int = 1_000_000) -> list[Row]:
    """Long, wide, and with two identifiers, beside pyarrow reading the same to typed columns."""
    files = {
        "long": cohort.write_long(folder / "long.csv", rows),
        "wide": cohort.write_wide(folder / "wide.csv", rows),
        "wide, two identifiers": cohort.write_wide(folder / "two.csv", rows, identifiers=2),
    }
    return [
        compared(
            f"reading {rows / 1e6:g}M rows of CSV, {what}", lambda path=path: centiles.read(path),
            "pyarrow reads it to typed columns", typed(path, "Date of birth", "Date measured"),
            most=3,
        )
        for what, path in files.items()
    ]  # fmt: skip


def linked_row(folder: Path, rows: int = 1_000_000) -> Row:
    """SystmOne's two files, joined, beside pyarrow reading both to typed columns, unjoined."""
    people, codes = cohort.write_systmone(folder, rows)
    both = (
        typed(people, "DateBirth", form=_WORDS),
        typed(codes, "DateEvent", "DateEventRecorded", form=_WORDS),
    )
    return compared(
        f"reading {rows / 1e6:g}M rows of SystmOne, joined", lambda: centiles.read([people, codes]),
        "pyarrow reads both files to typed columns", lambda: [read() for read in both], most=4,
    )  # fmt: skip


def workbook_row(folder: Path, rows: int = 100_000) -> Row:
    """A workbook beside python-calamine giving the values of its cells."""
    path = cohort.write_workbook(folder / "book.xlsx", rows)

    def bare() -> object:
        return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()

    return compared(
        f"reading {rows / 1e3:g}k rows of XLSX", lambda: centiles.read(path),
        "python-calamine reads its cells", bare, most=1.5,
    )  # fmt: skip


def fhir_row(folder: Path, values: int = 200_000) -> Row:
    """FHIR as NDJSON beside the standard library parsing its lines; the limit is a rate."""
    path = cohort.write_fhir(folder / "fhir.ndjson", values)

    def bare() -> None:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                json.loads(line)

    mine, theirs, ratio = in_turn(lambda: centiles.read(path), bare, 3)
    rate = values / mine
    return Row(
        f"reading {values / 1e3:g}k FHIR Observations: {rate / 1e3:.0f}k a second",
        "json.loads of each line", mine, theirs, ratio, "≥ 50k a second", rate >= 50_000,
    )  # fmt: skip
