"""Lines above the header: a title, instructions."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from centiles.records.mapping import known_header
from centiles.records.tables import TextColumn, TextTable, without_blank_rows

WITHIN_ROWS: Final = 6
FEWEST_KNOWN: Final = 3  # headers in a line, for it to be the header rather than a row of words


def without_titles(table: TextTable) -> TextTable:
    """Return a table below its header where lines stand above it; as it is where none do.

    The first line is a title if it holds no header this library knows, and one of the next holds
    three or more. Rows keep their numbers.
    """
    if any(known_header(header) for header in table.headers):
        return table
    for row in range(min(WITHIN_ROWS - 1, len(table.rows))):
        cells = tuple(_cell(column, row) for column in table.columns)
        if sum(map(known_header, cells)) >= FEWEST_KNOWN:
            kept = tuple(TextColumn(each.words, each.codes[row + 1 :]) for each in table.columns)
            titles = table.rows[: row + 1]
            below = replace(
                table, headers=cells, columns=kept, rows=table.rows[row + 1 :],
                ragged=table.ragged[~np.isin(table.ragged, titles)],
            )  # fmt: skip
            return without_blank_rows(_only_used(below))
    return table


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
