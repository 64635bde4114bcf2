"""The check of a whole export, and its parts, each beside a limit that does no thinking."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

import centiles
from benchmarks.cohort import write_long, write_wide
from benchmarks.reading import typed
from benchmarks.timing import Row, compared
from centiles import reports
from centiles.checks.cohorts import cohort_of
from centiles.checks.pipeline import worded
from centiles.measures import MEASURES, codes_of
from centiles.monitoring.findings import dated, findings_of
from centiles.monitoring.rulesets import ruleset
from centiles.records.scoring import scored

TODAY = "2026-07-01"


def check_row(folder: Path, rows: int = 1_000_000) -> Row:
    """``check`` of a long CSV beside pyarrow reading it and writing the same result tables."""
    export = write_long(folder / "export.csv", rows)
    out = folder / "out"

    def ours() -> None:
        checked = centiles.check(centiles.read(export), today=TODAY)
        reports.write(checked, out, scored="parquet", report=False, workbook=False, force=True)

    ours()
    small = [pa_csv.read_csv(out / f"{name}.csv") for name in ("children", "findings", "problems")]
    values = pq.read_table(out / "scored.parquet")
    read = typed(export, "Date of birth", "Date measured")

    def limit() -> None:
        read()
        for number, table in enumerate(small):
            pa_csv.write_csv(table, folder / f"{number}.csv")
        pq.write_table(values, folder / "scored.parquet")

    return compared(
        f"check, {rows / 1e6:g}M rows of CSV", ours,
        "pyarrow reads it, writes the same tables", limit, most=6, runs=3,
    )  # fmt: skip


def monitoring_row(folder: Path, rows: int = 1_000_000) -> Row:
    """Every rule over all scored values, BMI among them, dated and in words, beside one sort."""
    records = centiles.read(write_long(folder / "export.csv", rows))
    cohort, rules = cohort_of(scored(records, today=TODAY)), ruleset("uk")
    at = np.flatnonzero((cohort.scored["fate"] == "scored").to_numpy())
    measure = codes_of(cohort.scored["measure"], MEASURES)[at]
    on, child = cohort.scored["measured_on"].to_numpy()[at], cohort.child[at]
    return compared(
        f"monitoring {len(at) / 1e6:.1f}M values of {len(cohort.child_ids) / 1e3:.0f}k children",
        lambda: worded(
            dated(findings_of(cohort, rules).assign(unfit=False, raised_words=""), rules), rules
        ),
        "one NumPy lexsort of them by child, measure, date",
        lambda: np.lexsort((on, measure, child)), most=8, runs=3,
    )  # fmt: skip


def identifiers_row(folder: Path, rows: int = 250_000) -> Row:
    """The check of children that two identifiers name beside the same with one."""
    one = write_wide(folder / "one.csv", rows)
    two = write_wide(folder / "two.csv", rows, identifiers=2)

    def checked(path: Path) -> Callable[[], object]:
        return lambda: centiles.check(centiles.read(path), today=TODAY)

    return compared(
        f"check, {rows / 1e3:g}k visits, two identifiers a child", checked(two),
        "the same with one identifier", checked(one), most=1.1, runs=3,
    )  # fmt: skip
