"""Files to tables of text: CSV as the services write it, Parquet, Arrow, workbooks; gzip too."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import os
import re
import zlib
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from centiles.errors import MappingError, UnreadableError
from centiles.records import fhir, json_files, streams, titles
from centiles.records.fhir import Resources
from centiles.records.layouts import SHEET, Config
from centiles.records.presets import Preset
from centiles.records.tables import TextTable, table_of_arrow, without_blank_rows
from centiles.records.workbooks import COMPOUND, ZIPPED, read_workbook
from centiles.threads import at_once

DELIMITERS: Final = ",;\t|"
MOST_COLUMNS: Final = 2000
MOST_BYTES: Final = 8 << 30  # a file larger than this, packed or not, is refused
MOST_HEADER_BYTES: Final = 1 << 20
SAMPLE_ROWS: Final = 2000
SAMPLE_BYTES: Final = 1 << 20

MOST_TIMES_PACKED: Final = 200  # no export is squeezed to less than that; a bomb is
ALWAYS_UNPACKED: Final = 256 << 20

_GZIP: Final = b"\x1f\x8b"
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_OTHER_KINDS: Final = MappingProxyType(
    {b"%PDF": "a PDF", b"BZh9": "a bzip2 file", b"FEA1": "a Feather file of version 1"}
)


def shown_name(path: Path) -> str:
    """Return a file's name as text, whatever bytes it is made of."""
    return os.fsencode(path.name).decode("utf-8", "replace")


def read_table(
    path: Path, name: str | None = None, config: Config | None = None, *, sample: bool = False
) -> TextTable:
    """Return a file as a table of text.

    CSV with any delimiter, in UTF-8, UTF-16 or Windows-1252, Parquet, Arrow or a workbook, plain
    or gzipped.

    Parameters
    ----------
    path
        The file.
    name
        What it is called in records and messages; the file's own name where not given.
    config
        What the user says of the columns, for a workbook of many sheets.
    sample
        Read no more than its first rows (2,000) and bytes (a megabyte), however large it is.

    Raises
    ------
    UnreadableError
        If there is no such file, or it is empty, a folder, no text, or has no rows.
    MappingError
        If it is a workbook of which no sheet, or more than one, is an export.
    """
    found = read_file(path, name, config, sample=sample)
    if isinstance(found, tuple):
        if len(found) > 1:
            raise MappingError(
                f"{found[0].name.partition(SHEET)[0]}: found {len(found)} sheets that are tables, "
                "expected one; save the one that is meant as a file of its own"
            )
        return found[0]
    tables = fhir.tables_of([found])
    if not tables:
        raise fhir.nothing_to_read([found.name])
    return tables[0]


def read_file(
    path: Path,
    name: str | None = None,
    config: Config | None = None,
    preset: Preset | None = None,
    *,
    sample: bool = False,
    spill: Path | None = None,
) -> tuple[TextTable, ...] | Resources:
    """Return a file as tables, one but for workbooks, or as FHIR resources, others to complete.

    Parameters and errors are those of :func:`read_table`; ``preset`` is the one the user named,
    ``spill`` a folder in which the cells of a large file are kept, instead of in memory.
    """
    name = name or shown_name(path)
    if path.is_dir():
        raise UnreadableError(f"{name}: found a folder, expected a file; name the files in it")
    try:
        if sample and (first := _sampled(name, path)) is not None:
            return (without_blank_rows(first),)
        if spill is not None and (large := _streamed(name, path, spill)) is not None:
            return (without_blank_rows(large),)
        if path.stat().st_size > MOST_BYTES:
            raise UnreadableError(f"{name}: {_TOO_LARGE}")
        content = path.read_bytes()
    except OSError as fault:
        raise UnreadableError(
            f"{name}: found {fault.strerror or 'a fault of the disk'}, expected a file that can "
            "be read; check the path"
        ) from None
    works = (partial(_sha256, content), partial(_parsed, name, content, config, preset))
    digest, found = at_once(works, rows=len(content))
    if isinstance(found, Resources):
        return replace(found, sha256=digest)
    return tuple(replace(table, sha256=digest) for table in found)


def _sha256(content: bytes) -> Any:
    return hashlib.sha256(content).hexdigest()


def _parsed(
    name: str, content: bytes, config: Config | None, preset: Preset | None
) -> tuple[TextTable, ...] | Resources:
    """Return what the bytes of a file hold, without their hash."""
    content = _unzipped(name, content)
    if content[:4] in (ZIPPED, COMPOUND):
        return read_workbook(name, "", content, config or Config(), preset)
    if json_files.is_json(content[:200].removeprefix(_UTF8_MARK)):
        return _json(name, "", _utf8(name, content))
    return (without_blank_rows(_READERS.get(content[:4], _csv)(name, "", content)),)


_TOO_LARGE: Final = (
    f"found more than {MOST_BYTES >> 30} GB, or a file packed beyond belief, expected less; "
    "split the file"
)


def _streamed(name: str, path: Path, spill: Path) -> TextTable | None:
    """Return a large file with its cells on disk; None where it can only be read whole."""
    scan = streams.scanned(path)
    if scan.start[:4] == b"PAR1":
        return streams.parquet_table(name, path, scan, spill)
    if not scan.is_plain_text or json_files.is_json(scan.start[:200].removeprefix(_UTF8_MARK)):
        return None
    delimiter, headers, lines = _header(name, scan.start.removeprefix(_UTF8_MARK))
    if lines != 1:
        return None
    return streams.csv_table(name, path, scan, delimiter, headers, spill)


def _parquet(name: str, digest: str, content: bytes) -> TextTable:
    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError, ValueError):
        raise UnreadableError(f"{name}: {_DAMAGED.format('Parquet')}") from None
    return table_of_arrow(name, digest, tuple(table.column_names), table.columns)


def _arrow(name: str, digest: str, content: bytes) -> TextTable:
    """Return an Arrow file, which Feather is too, once all its lengths are known to be right."""
    try:
        table = pa.ipc.open_file(pa.BufferReader(content)).read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, MemoryError):
        raise UnreadableError(f"{name}: {_DAMAGED.format('Arrow')}") from None
    return table_of_arrow(name, digest, tuple(table.column_names), table.columns)


_DAMAGED: Final = "found a damaged {} file, expected a whole one; export it again"
_READERS: Final = MappingProxyType({b"PAR1": _parquet, b"ARRO": _arrow})


def _json(name: str, digest: str, text: bytes) -> tuple[TextTable, ...] | Resources:
    """Return JSON as FHIR resources if any of it is FHIR, else as a table."""
    lines = json_files.is_lines(text)
    things = json_files.things(name, text, lines=lines)
    first = next(things, None)
    everything = chain([] if first is None else [first], things)
    if first is not None and fhir.is_fhir(first[1]):
        return fhir.read_resources(name, digest, everything, lines=lines)
    return (without_blank_rows(json_files.table_of_things(name, digest, list(everything))),)


_UTF8_MARK: Final = b"\xef\xbb\xbf"


def _csv(name: str, digest: str, content: bytes) -> TextTable:
    return _csv_text(name, digest, _utf8(name, content))


def _csv_text(name: str, digest: str, text: bytes) -> TextTable:
    if not text or text.isspace():
        raise UnreadableError(f"{name}: found an empty file, expected a table; export it again")
    delimiter, headers, lines = _header(name, text)
    arrays = _fast_rows(text, delimiter, len(headers)) if lines == 1 else None
    if arrays is None:
        return _careful_rows(name, digest, text, delimiter, headers)
    return replace(table_of_arrow(name, digest, headers, arrays), delimiter=delimiter)


def _sampled(name: str, path: Path) -> TextTable | None:
    """Return the first rows of a file, marked so unless they are all it has.

    None for a kind of file that can only be read whole.
    """
    with path.open("rb") as file:
        content = file.read(SAMPLE_BYTES + 1)
        file.seek(0)
        if content[:4] == b"PAR1":
            return _parquet_sample(name, file)
        if content[:2] == _GZIP:
            content = _gunzipped(name, file, SAMPLE_BYTES + 1)
    start = content[:200].removeprefix(_UTF8_MARK)
    if content[:4] in (ZIPPED, COMPOUND, *_READERS) or json_files.is_json(start):
        return None
    whole = len(content) <= SAMPLE_BYTES
    if content[:2] in _UTF16:
        if not whole:  # cut, maybe within a character
            content = codecs.getincrementaldecoder("utf-16")("replace").decode(content).encode()
        content = _utf8(name, content)
    in_a_cell = not whole and len(content[-csv.field_size_limit() :].splitlines()) == 1
    if in_a_cell and len(content.splitlines()) <= SAMPLE_ROWS:
        return None  # in a cell that is larger than any: the whole file is refused, or has it
    text = _first_lines(content, whole=whole)
    table = _csv_text(name, "", _utf8(name, text))
    return replace(table, sampled=not whole or len(text) < len(content))


def _parquet_sample(name: str, file: BinaryIO) -> TextTable:
    try:
        opened = pq.ParquetFile(file)
        batches = list(islice(opened.iter_batches(SAMPLE_ROWS), 1))
        table = pa.Table.from_batches(batches, opened.schema_arrow)
    except (pa.ArrowException, OSError, ValueError):
        raise UnreadableError(f"{name}: {_DAMAGED.format('Parquet')}") from None
    sampled = opened.metadata.num_rows > len(table)
    first = table_of_arrow(name, "", tuple(table.column_names), table.columns)
    return replace(first, sampled=sampled)


def _first_lines(text: bytes, *, whole: bool) -> bytes:
    """Return the header and the first rows of a text, cut where no quotation is open."""
    ends = [match.end() for match in re.finditer(rb"\r\n?|\n", text)]
    if whole and len(ends) <= SAMPLE_ROWS:
        return text
    quotes = np.cumsum(np.frombuffer(text, np.uint8) == ord('"'))
    closed = [end for end in ends if quotes[end - 1] % 2 == 0] or ends or [len(text)]
    return text[: closed[: SAMPLE_ROWS + 1][-1]]


def _unzipped(name: str, content: bytes) -> bytes:
    if content[:2] != _GZIP:
        return content
    most = min(MOST_BYTES, max(ALWAYS_UNPACKED, MOST_TIMES_PACKED * len(content)))
    text = _gunzipped(name, io.BytesIO(content), most + 1)
    if len(text) > most:
        raise UnreadableError(f"{name}: {_TOO_LARGE}")
    return text


def _gunzipped(name: str, file: BinaryIO, most: int) -> bytes:
    try:
        with gzip.open(file) as unpacked:
            return unpacked.read(most)
    except (OSError, EOFError, zlib.error):
        raise UnreadableError(
            f"{name}: found a gzip file that is cut short or damaged, expected a whole one; "
            "copy it again"
        ) from None


def _utf8(name: str, content: bytes) -> bytes:
    """Return the text of a file as UTF-8 without a byte-order mark."""
    if content[:2] in _UTF16:
        try:
            content = content.decode("utf-16").encode()
        except UnicodeError:
            raise UnreadableError(
                f"{name}: found damaged UTF-16 text, expected a whole file; export it again"
            ) from None
    content = content.removeprefix(_UTF8_MARK)
    kind = _OTHER_KINDS.get(content[:4])
    if kind or b"\x00" in content:
        raise UnreadableError(
            f"{name}: found {kind or 'zero bytes, which no text has'}, expected a table; "
            "save it as CSV first"
        )
    if content.isascii():
        return content
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace").encode()
    return content


def _header(name: str, text: bytes) -> tuple[str, tuple[str, ...], int]:
    """Return the delimiter, the headers, and the number of lines down to the end of the header.

    The delimiter is the one that cuts the first rows into equally many cells, and into most.
    """
    head = text[:MOST_HEADER_BYTES].decode("utf-8", "ignore")
    ways = [_first_rows(head, delimiter) for delimiter in DELIMITERS]
    _, width, delimiter, headers, lines = max(ways, key=lambda way: way[:2])
    if not 0 < width <= MOST_COLUMNS:
        raise UnreadableError(
            f"{name}: found {width or 'no'} columns, expected a line of headers, {MOST_COLUMNS} at "
            "most; check the delimiter and the line ends"
        )
    return delimiter, headers, lines


def _first_rows(head: str, delimiter: str) -> tuple[float, int, str, tuple[str, ...], int]:
    """Return the share of first rows as wide as the header, its width, and the header itself.

    A title above a table is taken to be as wide as the line of headers below it, and one in a
    single cell, where there is none, as most rows.
    """
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    rows = (row for row in reader if any(map(str.strip, row)))
    header: list[str] = []
    first: list[list[str]] = []
    lines = 0
    with suppress(csv.Error):  # a cell larger than any cell is
        header, lines = next(rows, []), reader.line_num
        first.extend(islice(rows, 10))
    below = list(map(len, first))
    even = below.count(len(header)) / max(len(below), 1) if len(header) > 1 else 0.0
    usual = max(set(below), key=below.count, default=0) if len(header) == 1 else 0
    usual = titles.width_below(header, first) or usual
    if len(header) < usual:  # half as good as a line of headers
        header += [""] * (usual - len(header))
        even = below.count(usual) / len(below) / 2
    return even, len(header), delimiter, tuple(header), lines


def _fast_rows(text: bytes, delimiter: str, width: int) -> list[pa.ChunkedArray] | None:
    """Return all rows by pyarrow, or None where a row is not one plain line of that width."""
    if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
        return None
    end = len(text)
    while text[end - 1] in b"\r\n":
        end -= 1
    names = [str(place) for place in range(width)]
    try:
        table = pa_csv.read_csv(
            pa.py_buffer(text).slice(0, end),
            read_options=pa_csv.ReadOptions(skip_rows=1, column_names=names, block_size=1 << 23),
            parse_options=pa_csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowException:
        return None
    if text.find(b'"', text.find(b"\n")) >= 0 and table.num_rows != text.count(
        b"\n", 0, end
    ):  # a line end within quotes
        return None
    columns: list[pa.ChunkedArray] = table.columns
    return columns if table.num_rows else None


def _careful_rows(
    name: str, digest: str, text: bytes, delimiter: str, headers: tuple[str, ...]
) -> TextTable:
    """Return all rows by the csv module: blank lines, line ends in quotes, ragged rows."""
    width, spare = len(headers), [""] * len(headers)
    lines = io.TextIOWrapper(io.BytesIO(text), "utf-8", newline="")  # StringIO takes 4 bytes a sign
    cells: list[list[str]] = []
    rows: list[int] = []
    ragged: list[int] = []
    overfull: list[int] = []
    number, row = 0, [""]
    try:
        # The blank line at the end must come out as a row of its own: else a quote is open.
        for number, row in enumerate(csv.reader(chain(lines, ["\n"]), delimiter=delimiter), 1):
            if not any(map(str.strip, row)):
                continue
            if any(map(str.strip, row[width:])):
                overfull.append(number)
            if (rows and len(row) < width) or number in overfull[-1:]:  # the first may be a title
                ragged.append(number)
            cells.append((row + spare)[:width])
            rows.append(number)
    except csv.Error as fault:
        most = csv.field_size_limit()
        said = f"a cell of more than {most:,} characters" if str(most) in str(fault) else fault
        raise UnreadableError(
            f"{name}: found {said} below row {number}, expected CSV; correct it or export it again"
        ) from None
    if row:
        raise UnreadableError(
            f"{name}: found a quotation mark in row {number}, expected another to close it; "
            "correct the row"
        )
    by_column = zip(*cells[1:], strict=True)  # the first is the header
    arrays = [pa.chunked_array([pa.array(column, pa.string())]) for column in by_column]
    table = table_of_arrow(name, digest, headers, arrays)
    return replace(
        table,
        rows=np.array(rows[1:], dtype=np.int64),
        ragged=np.array(ragged, dtype=np.int64),
        overfull=np.array(overfull, dtype=np.int64),
        delimiter=delimiter,
    )
