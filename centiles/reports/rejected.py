"""The rows that could not be used, as the user's file has them, with what is wrong at the end.

Ready to mend and to feed back in: the same columns in the same order, so the same mapping.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from centiles.checks import Checked
from centiles.records.described import ADDED, WHAT_IS_WRONG, WHAT_TO_DO
from centiles.records.tables import TextTable


def rejected_tables(checked: Checked) -> dict[str, pa.Table]:
    """Return the rows that could not be used, by the name of their file: one file a source.

    A source is numbered by its rank where there are several: its own name may hold a child's.
    """
    several = len(checked.tables) > 1
    found = {}
    for number, table in enumerate(checked.tables, 1):
        rows = rejected(table, checked.problems)
        if rows is not None:
            found[f"rejected-{number}.csv" if several else "rejected.csv"] = rows
    return found


def rejected(table: TextTable, problems: pd.DataFrame) -> pa.Table | None:
    """Return the rows of a source that could not be used, or None where all could.

    Parameters
    ----------
    table
        The source.
    problems
        The problems of the whole run.
    """
    faults = problems[(problems["source"] == table.name) & (problems["severity"] == "error")]
    faults = faults[faults["row"].isin(table.rows)].drop_duplicates(["row", "column", "code"])
    if faults.empty:
        return None
    faults = faults.sort_values("row", kind="stable")
    row = faults["row"].to_numpy()
    first = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
    at = np.searchsorted(table.rows, row[first])
    cells: dict[str, Any] = {}
    for header, column in zip(table.headers, table.columns, strict=True):
        if header.strip().casefold() not in ADDED:  # of a file that was rejected before
            cells[_free(header, cells)] = pa.array(column.texts(at))
    named = faults["column"].astype("str")
    reason = faults["reason"].astype("str")
    cells[WHAT_IS_WRONG] = _one_a_row(reason.where(named == "", named + ": " + reason), first)
    cells[WHAT_TO_DO] = _one_a_row(faults["suggestion"].astype("str"), first)
    return pa.table(cells)


def _one_a_row(texts: pd.Series[str], first: np.ndarray[Any, np.dtype[np.intp]]) -> pa.Array:
    """Return the texts of each row as one."""
    words = texts.to_numpy(dtype=object)
    one = words[first]
    several = np.flatnonzero(np.diff(np.r_[first, len(words)]) > 1)
    ends = np.r_[first[1:], len(words)]
    for k in several.tolist():  # few rows have two faults
        one[k] = "; ".join(dict.fromkeys(words[first[k] : ends[k]]))
    return pa.array(one, pa.large_string())


def _free(name: str, taken: dict[str, Any]) -> str:
    """Return a header that is not taken; two columns of one name both come back."""
    return name if name not in taken else _free(f"{name} ", taken)
