"""Lines above the header: a title, instructions; and a line of units below it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from operator import or_
from typing import Final

import numpy as np

from centiles.records.synonyms import known_header, says_unit
from centiles.records.tables import TextColumn, TextTable, without_blank_rows

WITHIN_ROWS: Final = 6
# How a date or a sex is to be written, which may stand beside units: "dd/mm/yyyy", "M/F".
_FORM: Final = re.compile(r"[dmy]{1,4}([-/. ][dmy]{1,4}){1,2}|m ?/ ?f", re.IGNORECASE)
FEWEST_KNOWN: Final = 3  # headers in a line, for it to be the header rather than a row of words


def without_titles(table: TextTable) -> TextTable:
    """Return a table below its header where lines stand above it; as it is where none do.

    The first line is a title if it holds no header this library knows, and one of the next holds
    three or more. Rows keep their numbers.
    """
    if any(map(known_header, table.headers)):
        return _without_units(table)
    for row in range(min(WITHIN_ROWS - 1, len(table.rows))):
        cells = tuple(_cell(column, row) for column in table.columns)
        if _is_header(cells):
            kept = tuple(TextColumn(each.words, each.codes[row + 1 :]) for each in table.columns)
            titles = table.rows[: row + 1]
            below = replace(
                table, headers=cells, columns=kept, rows=table.rows[row + 1 :],
                ragged=table.ragged[~np.isin(table.ragged, titles)],
            )  # fmt: skip
            return _without_units(without_blank_rows(_only_used(below)))
    return table


def width_below(first: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Return how many cells the header below a title has, 0 where there is none.

    Examples
    --------
    >>> width_below(["Oak School", "2024"], [["id", "sex", "dob", "date", "weight"]])
    5
    """
    if any(map(known_header, first)):
        return 0
    return next((len(row) for row in rows[: WITHIN_ROWS - 1] if _is_header(row)), 0)


def _is_header(cells: Sequence[str]) -> bool:
    return sum(map(known_header, cells)) >= FEWEST_KNOWN


def _without_units(table: TextTable) -> TextTable:
    """Return a table whose first row says units and no more with these in its headers."""
    cells = [_cell(column, 0).strip("()[] ") for column in table.columns] if len(table.rows) else []
    pairs = list(zip(table.headers, cells, strict=False))
    units = [bool(cell) and says_unit(header, cell) for header, cell in pairs]
    forms = [not cell or _FORM.fullmatch(cell) is not None for cell in cells]
    if not any(units) or not all(map(or_, units, forms)):
        return table
    headers = [
        f"{h} ({cell})" if is_unit else h for (h, cell), is_unit in zip(pairs, units, strict=True)
    ]
    columns = tuple(TextColumn(each.words, each.codes[1:]) for each in table.columns)
    return _only_used(
        replace(
            table, headers=tuple(headers), columns=columns, rows=table.rows[1:],
            ragged=table.ragged[table.ragged != table.rows[0]],
        )
    )  # fmt: skip


def _cell(column: TextColumn, row: int) -> str:
    code = int(column.codes[row])
    return "" if code < 0 else str(column.stripped.iloc[code])


def _only_used(table: TextTable) -> TextTable:
    """Return a table whose columns hold only words that its rows have, not those of titles."""
    columns = []
    for column in table.columns:
        used, codes = np.unique(column.codes, return_inverse=True)
        here = used[used >= 0]
        words = column.words.take(here)
        columns.append(TextColumn(words, (codes - (len(used) - len(here))).astype(np.int32)))
    return replace(table, columns=tuple(columns))
