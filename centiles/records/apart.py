"""Identifiers that are not one child, as a file or a configuration says: a wrong merge undone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from centiles.errors import MappingError
from centiles.records.files import read_table
from centiles.records.policies import Merge
from centiles.records.rows import identifier
from centiles.records.synonyms import normal
from centiles.records.tables import TextTable, with_headers

CONFIGURATION: Final = "configuration"
_REMARKS: Final = frozenset(
    ("note", "notes", "reason", "comment", "comments", "why", "date", "name", "names", "by")
)
_OF_A_FILE: Final = re.compile(r"(.*\S)( \[[^\]]+\])")


@dataclass(frozen=True)
class Apart:
    """Identifiers of which no two are one child; where that is said, 0 for a whole file."""

    words: tuple[str, ...]
    source: str
    row: int


def configured(merge: Merge) -> tuple[Apart, ...]:
    """Return what a configuration tells apart."""
    return tuple(Apart(_alike(group), CONFIGURATION, 0) for group in merge.never_merge)


def read_apart(path: str | Path) -> tuple[Apart, ...]:
    """Return what a file tells apart: a table, the identifiers of one mistake on each row.

    Columns of remarks are passed over. A line that holds a number is no line of headers.

    Raises
    ------
    UnreadableError
        If the file cannot be read.
    MappingError
        If a row holds fewer than two identifiers.
    """
    table = read_table(Path(path))
    if any(re.search(r"\d", header) for header in table.headers):
        table = with_headers(table, table.headers, int(table.rows[0]) - 1)
    order = table.rows.argsort(kind="stable")
    found = [Apart(_row(table, place), table.name, int(table.rows[place])) for place in order]
    lacking = [each.row for each in found if len(each.words) < 2]
    if lacking:
        raise MappingError(
            f"{table.name}: found fewer than two identifiers in {len(lacking)} of its rows (the "
            f"first is row {lacking[0]}), expected on each those that are not one child; "
            "add the other, or leave the row out"
        )
    return tuple(found)


def _row(table: TextTable, place: int) -> tuple[str, ...]:
    cells = [
        str(column.texts(np.array([place]))[0])
        for header, column in zip(table.headers, table.columns, strict=True)
        if normal(header) not in _REMARKS
    ]
    return _alike(cell for cell in cells if cell)


def _alike(words: Iterable[str]) -> tuple[str, ...]:
    """Return identifiers as records have them, those of one file with its name behind."""
    found = []
    for word in words:
        own = _OF_A_FILE.fullmatch(word.strip())
        found.append(identifier(own[1]) + own[2] if own else identifier(word))
    return tuple(dict.fromkeys(found))
