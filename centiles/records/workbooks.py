"""Workbooks to tables of text: the sheets that are exports, its header found, its rows numbered.

XLSX, XLS and ODS are read by python-calamine, of the extra ``excel``, in a process of its own
(:mod:`centiles.records.workbook_cells`): no workbook can end or fill the process it is read for.
"""

from __future__ import annotations

import importlib.util
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
import pyarrow as pa

from centiles.errors import UnreadableError
from centiles.records import workbook_cells
from centiles.records.layouts import Config
from centiles.records.mapping import recognised
from centiles.records.presets import Preset
from centiles.records.sheets import exports_among
from centiles.records.tables import TextColumn, TextTable, without_blank_rows

ZIPPED, COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
MOST_UNPACKED: Final = 1 << 30
MOST_COLUMNS: Final = 2000
MOST_SECONDS: Final = 900
MOST_MEMORY: Final = 3 << 30  # of the process that reads the cells
HEADER_WITHIN: Final = 6  # rows in which a header is looked for; above it stand titles
_NO_ROWS: Final = "found a sheet without rows, expected a header and rows below it"
_FAULTS: Final = MappingProxyType(
    {
        workbook_cells.DAMAGED: (
            "found a damaged workbook, expected a whole one; open it and save it again"
        ),
        workbook_cells.LOCKED: (
            "found a workbook locked with a password, expected an open one; save it without"
        ),
    }
)
_TOO_LARGE: Final = (
    "found a workbook that would fill more memory than any sheet of records; clear the cells far "
    "below and to the right of the table, or save the sheet as CSV"
)


@dataclass(frozen=True)
class _Sheet:
    name: str
    columns: tuple[TextColumn, ...]


def read_workbook(
    name: str, digest: str, content: bytes, config: Config, preset: Preset | None = None
) -> tuple[TextTable, ...]:
    """Return the sheets of a workbook that are exports as tables of text.

    Parameters
    ----------
    name, digest, content
        The file: what it is called, its SHA-256, its bytes.
    config, preset
        What the user says of the columns, which decides whether a sheet is an export.

    Raises
    ------
    UnreadableError
        If python-calamine is not installed, or the file is no whole workbook, or is too large.
    MappingError
        If sheets that differ could be the export, or none of several is.
    """
    if importlib.util.find_spec("python_calamine") is None:
        raise UnreadableError(
            f"{name}: found a workbook, expected the extra that reads it; "
            'pip install "centiles[excel]", or save the sheet as CSV'
        )
    if content[:4] == ZIPPED:
        _stop_if_no_workbook(name, content)
    found = [_table(name, digest, sheet) for sheet in _sheets(name, content) if sheet.columns]
    tables = [table for table in found if table is not None]
    if not tables:
        raise UnreadableError(f"{name}: {_NO_ROWS}; export it again")
    return exports_among(name, tables, preset, config)


def _stop_if_no_workbook(name: str, content: bytes) -> None:
    """Stop where a zip file holds no workbook, or one that is too large unpacked."""
    try:
        inside = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise UnreadableError(f"{name}: {_FAULTS[workbook_cells.DAMAGED]}") from None
    names = {each.filename for each in inside}
    if names.isdisjoint({"xl/workbook.xml", "xl/workbook.bin", "content.xml"}):
        raise UnreadableError(
            f"{name}: found a zip file that is no workbook, expected an export; unpack it first"
        )
    if sum(each.file_size for each in inside) > MOST_UNPACKED:
        raise UnreadableError(f"{name}: {_TOO_LARGE}")


def _sheets(name: str, content: bytes) -> Iterator[_Sheet]:
    """Yield the visible sheets, every cell as text."""
    try:
        done = subprocess.run(
            [sys.executable, str(Path(workbook_cells.__file__)), str(MOST_MEMORY)],
            input=content, capture_output=True, timeout=MOST_SECONDS, check=False,
        )  # fmt: skip
    except (subprocess.TimeoutExpired, OSError, MemoryError):
        raise UnreadableError(f"{name}: {_TOO_LARGE}") from None
    if done.returncode:
        said = _FAULTS.get(done.returncode, _TOO_LARGE)
        if b"panicked" in done.stderr:
            said = _FAULTS[workbook_cells.DAMAGED]
        raise UnreadableError(f"{name}: {said}")
    blocks = _blocks(done.stdout)
    for block in blocks:
        about = json.loads(bytes(block))
        columns = islice(blocks, 2 * about["columns"])
        yield _Sheet(
            about["name"],
            tuple(
                TextColumn.of(json.loads(bytes(words)), np.frombuffer(next(columns), np.int32))
                for words in columns
            ),
        )


def _blocks(out: bytes) -> Iterator[memoryview]:
    view, at = memoryview(out), 0
    while at < len(view):
        end = at + 8 + int.from_bytes(view[at : at + 8], "little")
        yield view[at + 8 : end]
        at = end


def _table(name: str, digest: str, sheet: _Sheet) -> TextTable | None:
    """Return a sheet as a table below its header, None where it has no rows."""
    top = [
        [_cell(column, row) for column in sheet.columns]
        for row in range(min(HEADER_WITHIN, len(sheet.columns[0].codes)))
    ]
    filled = [row for row, cells in enumerate(top) if any(cells)]
    header = max(filled, key=lambda row: recognised(top[row]), default=0)
    if not top or recognised(top[header]) < 2:  # a title may be a word that a header could be
        header = filled[0] if filled else 0
    columns = [_below(column, header) for column in sheet.columns]
    here = [k for k, column in enumerate(columns) if top[header][k] or not column.is_blank.all()]
    if not here or all(columns[k].is_blank.all() for k in here):
        return None
    if len(here) > MOST_COLUMNS:
        raise UnreadableError(
            f"{name}: found {len(here)} columns, expected {MOST_COLUMNS} at most; "
            "leave out what is no measurement"
        )
    table = TextTable(
        name,
        digest,
        tuple(top[header][k] for k in here),
        tuple(columns[k] for k in here),
        np.arange(header + 2, header + 2 + len(columns[0].codes), dtype=np.int64),
        about={"sheet": sheet.name, "header": f"row {header + 1}"},
    )
    return without_blank_rows(table)


def _cell(column: TextColumn, row: int) -> str:
    return str(column.words[int(column.codes[row])]).strip()


def _below(column: TextColumn, header: int) -> TextColumn:
    """Return a column from under the header on, without the words that are only above."""
    codes = column.codes[header + 1 :]
    used = np.bincount(codes, minlength=len(column.words)) > 0
    places = np.cumsum(used, dtype=np.int32) - 1
    return TextColumn(column.words.filter(pa.array(used)), places[codes].astype(np.int32))
