"""Files to tables of text: every cell as the file has it, every row with its number.

A column is kept as its distinct words and a code for each row, so that whatever is read out of
the words is read once for each word, however many rows there are.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from centiles.errors import UnreadableError
from centiles.records import columns

DELIMITERS: Final = ",;\t|"
FIRST_ROW: Final = 2  # the header is row 1, as a spreadsheet counts
MOST_COLUMNS: Final = 2000
MOST_BYTES: Final = 8 << 30  # a file that unpacks to more than this is refused


@dataclass(frozen=True)
class TextColumn:
    """A column as its distinct words and, for each row, the place of its word (−1: no cell)."""

    words: NDArray[np.object_]
    codes: NDArray[np.int32]

    @cached_property
    def stripped(self) -> pd.Series:
        """The distinct words without white space round them."""
        return pd.Series(self.words, dtype="str").str.strip()

    def spread(self, by_word: Any, missing: Any) -> NDArray[Any]:
        """Return one thing for each row from one for each word."""
        values = np.asarray(by_word)
        extended = np.empty(len(values) + 1, dtype=values.dtype)
        extended[:-1], extended[-1] = values, missing
        return extended[self.codes]

    def texts(self) -> pd.Series:
        """Return the cell of every row, stripped; empty where there is none."""
        return pd.Series(self.spread(self.stripped.to_numpy(dtype=object), ""), dtype="str")


@dataclass(frozen=True)
class TextTable:
    """One file as text: its headers, its columns in the same order, the number of each row."""

    name: str
    sha256: str
    headers: tuple[str, ...]
    columns: tuple[TextColumn, ...]
    rows: NDArray[np.int64]
    problems: pd.DataFrame = field(default_factory=lambda: columns.frame(columns.PROBLEMS, {}))


def read_table(path: Path) -> TextTable:
    """Return a file as a table of text.

    CSV with any delimiter, in UTF-8, UTF-16 or Windows-1252, plain or gzipped, or Parquet.

    Raises
    ------
    UnreadableError
        If there is no such file, or it is empty, a folder, no text, or has no rows.
    """
    if path.is_dir():
        raise UnreadableError(f"{path.name}: found a folder, expected a file; name the files in it")
    try:
        content = path.read_bytes()
    except OSError as fault:
        raise UnreadableError(
            f"{path.name}: {fault.strerror}; expected a file that can be read. Check the path"
        ) from fault
    digest = hashlib.sha256(content).hexdigest()
    if not content:
        raise UnreadableError(f"{path.name}: the file is empty; export it again")
    read = _parquet if content[:4] == b"PAR1" else _csv
    return read(path.name, digest, content)


def table_of_frame(frame: pd.DataFrame, name: str) -> TextTable:
    """Return a pandas frame as a table of text, as if it had been read from a file.

    Raises
    ------
    UnreadableError
        If a column holds something that has no text.
    """
    try:
        arrow = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, ValueError, TypeError) as fault:
        raise UnreadableError(
            f"{name}: a column of the frame holds more than one kind of thing; "
            "expected numbers, dates or texts. Convert it with astype(str)"
        ) from fault
    return _of_arrow(name, "", arrow)


def _parquet(name: str, digest: str, content: bytes) -> TextTable:
    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as fault:
        raise UnreadableError(
            f"{name}: begins like a Parquet file and cannot be read as one; export it again"
        ) from fault
    return _of_arrow(name, digest, table)


def _of_arrow(name: str, digest: str, table: pa.Table) -> TextTable:
    if table.num_rows == 0:
        raise UnreadableError(f"{name}: has columns and no rows; nothing to read")
    encoded = tuple(_text_column(name, column) for column in table.columns)
    rows = np.arange(table.num_rows, dtype=np.int64) + FIRST_ROW
    return TextTable(name, digest, tuple(table.column_names), encoded, rows)


def _text_column(name: str, column: pa.ChunkedArray) -> TextColumn:
    encoded = column
    if not pa.types.is_dictionary(column.type):
        encoded = column.dictionary_encode()
    one = encoded.unify_dictionaries().combine_chunks() if encoded.num_chunks else None
    if one is None or isinstance(one, pa.ChunkedArray):
        one = pa.concat_arrays(encoded.unify_dictionaries().chunks)
    try:
        words = one.dictionary.cast(pa.string()).to_numpy(zero_copy_only=False)
    except pa.ArrowException as fault:
        raise UnreadableError(
            f"{name}: a column holds {column.type}, expected text, numbers or dates. "
            "Leave it out, or export it as text"
        ) from fault
    codes = one.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    return TextColumn(np.asarray(words, dtype=object), np.asarray(codes, dtype=np.int32))


def _csv(name: str, digest: str, content: bytes) -> TextTable:
    text = _utf8(name, _unzipped(name, content))
    line_end = text.find(b"\n")
    first = text[: line_end if line_end >= 0 else len(text)].decode("utf-8", "replace")
    delimiter = max(DELIMITERS, key=first.count)
    headers = tuple(next(csv.reader([first.rstrip("\r")], delimiter=delimiter), []))
    if len(headers) > MOST_COLUMNS:
        raise UnreadableError(
            f"{name}: found {len(headers)} columns, expected {MOST_COLUMNS} at most"
        )
    if not text[len(first) :].strip():
        raise UnreadableError(f"{name}: has a header and no rows; nothing to read")
    table = _fast_rows(text, delimiter, len(headers))
    if table is None:
        return _careful_rows(name, digest, text, delimiter, headers)
    rows = np.arange(table.num_rows, dtype=np.int64) + FIRST_ROW
    return TextTable(
        name, digest, headers, tuple(_text_column(name, c) for c in table.columns), rows
    )


def _unzipped(name: str, content: bytes) -> bytes:
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        with gzip.open(io.BytesIO(content)) as unpacked:
            text = unpacked.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as fault:
        raise UnreadableError(
            f"{name}: the gzip file is cut short or damaged; copy it again"
        ) from fault
    if len(text) > MOST_BYTES:
        raise UnreadableError(f"{name}: unpacks to more than {MOST_BYTES >> 30} GB; split it")
    return text


def _utf8(name: str, content: bytes) -> bytes:
    """Return the text of a file as UTF-8 without a byte-order mark."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return content.decode("utf-16").encode()
        except UnicodeError as fault:
            raise UnreadableError(f"{name}: damaged UTF-16 text; export it again") from fault
    content = content.removeprefix(b"\xef\xbb\xbf")
    if b"\x00" in content:
        raise UnreadableError(
            f"{name}: holds zero bytes, so it is no text; expected CSV or Parquet. "
            "Save a workbook as CSV first"
        )
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace").encode()
    return content


def _fast_rows(text: bytes, delimiter: str, width: int) -> pa.Table | None:
    """Return all rows by pyarrow, or None where a row is not one plain line of that width."""
    try:
        table = pa_csv.read_csv(
            pa.py_buffer(text),
            read_options=pa_csv.ReadOptions(
                skip_rows=1, column_names=[str(k) for k in range(width)], block_size=1 << 23
            ),
            parse_options=pa_csv.ParseOptions(delimiter=delimiter),
            convert_options=pa_csv.ConvertOptions(
                column_types={str(k): pa.dictionary(pa.int32(), pa.string()) for k in range(width)},
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowException:
        return None
    lines = text.count(b"\n") + (not text.endswith(b"\n"))
    return table if table.num_rows == lines - 1 else None


def _careful_rows(
    name: str, digest: str, text: bytes, delimiter: str, headers: tuple[str, ...]
) -> TextTable:
    """Return all rows by the csv module: blank lines, line ends in quotes, ragged rows."""
    width = len(headers)
    reader = csv.reader(io.StringIO(text.decode("utf-8"), newline=""), delimiter=delimiter)
    cells: list[Sequence[str]] = []
    rows: list[int] = []
    ragged: list[int] = []
    try:
        next(reader)
        for number, row in enumerate(reader, FIRST_ROW):
            if not row:
                continue
            if len(row) != width and any(cell.strip() for cell in row[width:]) or len(row) < width:
                ragged.append(number)
            cells.append((row + [""] * width)[:width])
            rows.append(number)
    except csv.Error as fault:
        raise UnreadableError(
            f"{name}: cannot be read as CSV near row {len(rows) + FIRST_ROW}: {fault}. Export it again"
        ) from fault
    if not cells:
        raise UnreadableError(f"{name}: has a header and no rows; nothing to read")
    table = tuple(
        _text_column(name, pa.chunked_array([pa.array(column, pa.string())]))
        for column in zip(*cells, strict=True)
    )
    problems = columns.problems("F01", name, np.array(ragged, dtype=np.int64))
    return TextTable(name, digest, headers, table, np.array(rows, dtype=np.int64), problems)


Reader = Callable[[str, str, bytes], TextTable]
