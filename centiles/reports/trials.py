"""A trial over the past as a table to read, and as a file. Counts only: no child is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

from centiles.checks.trials import ANY, GROWTH
from centiles.records.arrow_tables import arrow_table
from centiles.records.columns import TRIAL
from centiles.reports.folders import whole_file
from centiles.reports.results import write_csv

_LINE: Final = "  {severity:<9}{rule:<17}{new:>7}{risen:>7}{children:>10}{per_1000:>10}"


def trial_lines(table: pd.DataFrame) -> list[str]:
    """Return a trial as lines: a heading a term, then a line a severity and rule.

    Parameters
    ----------
    table
        What :func:`centiles.checks.trials.trial` returns.
    """
    if table.empty:
        return ["No new finding in this time."]
    heads = {"severity": "level", "rule": "rule", "new": "new", "risen": "risen"}
    lines = []
    for term, rows in table.groupby("term", sort=False, observed=True):
        lines += [f"{term}: {rows['known'].iloc[0]:,} children known"]
        lines += [_LINE.format(**heads, children="children", per_1000="per 1,000")]
        lines += [_line(row) for row in rows.to_dict("records")]
    return lines


def _line(row: Any) -> str:
    if row["rule"] == ANY:
        about = "children" if row["list"] == GROWTH else "contacts of"
        row = row | {"rule": about, "new": "", "risen": ""}
    return _LINE.format(**row | {"per_1000": f"{row['per_1000']:.1f}"})


def write_trial(table: pd.DataFrame, path: str | Path, *, force: bool = False) -> None:
    """Write a trial as CSV.

    Raises
    ------
    UnwritableError
        If the file cannot be written, or is there already.
    """
    with whole_file(path, force=force) as beside:
        write_csv([arrow_table(table, TRIAL)], beside)
