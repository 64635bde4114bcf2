"""Files larger than memory: read block by block, their cells kept on disk as codes of words.

The distinct words of each column stay in memory. What comes out is the table that reading the
whole file gives, or nothing, where only the whole file can be read.
"""

from __future__ import annotations

import codecs
import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from centiles.errors import UnwritableError
from centiles.records.tables import FIRST_ROW, TextColumn, TextTable, text_of

BLOCK_BYTES: Final = 32 << 20
BLOCK_ROWS: Final = 1 << 18
_START: Final = 1 << 20
_OTHER_KINDS: Final = (b"\x1f\x8b", b"PK", b"\xd0\xcf", b"ARRO", b"%PDF", b"BZh9", b"FEA1")
_WORDS: Final = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Scan:
    """A file gone through once: its hash, its start, and whether it is text that can be cut.

    ``lines`` counts its line ends; ``quoted`` tells that there are quotation marks.
    """

    sha256: str
    start: bytes
    is_plain_text: bool
    lines: int
    quoted: bool


def scanned(path: Path) -> Scan:
    """Return what one pass over a file tells of it."""
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    start, last, lines, quoted, plain = b"", b"", 0, False, True
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            start = start or block[:_START]
            plain = plain and not start.startswith((*_OTHER_KINDS, b"PAR1"))
            if plain:
                lines += block.count(b"\n")
                quoted = quoted or b'"' in block
                plain = b"\x00" not in block and _is_utf8(decoder, block)
                plain = plain and _has_whole_line_ends(last + block)
                last = block[-1:] if block[-1:] == b"\r" else b""
            tail = block[-4:]
    plain = plain and bool(start.strip()) and not tail.endswith((b"\n\n", b"\n\r\n"))
    ends = plain and tail.endswith(b"\n")
    return Scan(digest.hexdigest(), start, plain, lines if ends or not plain else lines + 1, quoted)


def _is_utf8(decoder: codecs.IncrementalDecoder, block: bytes) -> bool:
    if block.isascii() and decoder.getstate()[0] == b"":
        return True
    try:
        decoder.decode(block)
    except UnicodeDecodeError:
        return False
    return True


def _has_whole_line_ends(block: bytes) -> bool:
    """Return whether no line ends in a carriage return alone; one at the very end may not."""
    if b"\r" not in block:
        return True
    return block.count(b"\r") - block.endswith(b"\r") == block.count(b"\r\n")


def csv_table(
    name: str, path: Path, scan: Scan, delimiter: str, headers: tuple[str, ...], folder: Path
) -> TextTable | None:
    """Return a CSV file as a table of text, or None where a row is not one plain line."""
    names = [str(place) for place in range(len(headers))]
    try:
        reader = pa_csv.open_csv(
            path,
            read_options=pa_csv.ReadOptions(
                skip_rows=1, column_names=names, block_size=BLOCK_BYTES
            ),
            parse_options=pa_csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
        spilled = Spilled(folder, len(headers))
        for batch in reader:
            spilled.add(batch.columns)
    except pa.ArrowException:
        return None
    if spilled.rows == 0 or (scan.quoted and spilled.rows != scan.lines - 1):
        return None  # the latter with a line end within quotes
    return spilled.table(name, scan.sha256, headers, delimiter)


def parquet_table(name: str, path: Path, scan: Scan, folder: Path) -> TextTable | None:
    """Return a Parquet file as a table of text, or None where a column has none."""
    try:
        with pq.ParquetFile(path) as file:
            headers = tuple(file.schema_arrow.names)
            if any(pa.types.is_nested(field.type) for field in file.schema_arrow):
                return None
            spilled = Spilled(folder, len(headers))
            for batch in file.iter_batches(BLOCK_ROWS):
                spilled.add(batch.columns)
            return spilled.table(name, scan.sha256, headers) if spilled.rows else None
    except (pa.ArrowException, OSError, ValueError, UnicodeError):
        return None  # reading it whole says what is wrong


class Spilled:
    """The columns of a file: distinct words in memory, and a code for each row on disk."""

    def __init__(self, folder: Path, width: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cells-", dir=folder))
        self.words: list[list[pa.Array]] = [[] for _ in range(width)]
        self.rows = 0
        self.blocks: list[int] = []

    def add(self, columns: Iterable[pa.Array]) -> None:
        """Take the next rows."""
        count = 0
        for place, column in enumerate(columns):
            if not pa.types.is_dictionary(column.type):
                column = column.dictionary_encode()
            codes = column.indices.cast(pa.int32()).fill_null(-1)
            self._write(place, codes.to_numpy(zero_copy_only=False).tobytes())
            self.words[place].append(column.dictionary)
            count = len(column)
        self.rows += count
        self.blocks.append(count)

    def _write(self, place: int, codes: bytes) -> None:
        try:
            with self._path(place).open("ab") as file:
                file.write(codes)
        except OSError as fault:
            raise UnwritableError(
                f"{self.folder.parent.parent}: cannot be written ({fault.strerror}); expected a "
                "folder with room for about three times the exports while the run lasts. Make "
                "room, or choose another --out"
            ) from None

    def _path(self, place: int) -> Path:
        return self.folder / f"{place}.codes"

    def table(
        self, name: str, digest: str, headers: tuple[str, ...], delimiter: str = ","
    ) -> TextTable:
        """Return all rows, with one code for each word of a column."""
        columns = tuple(self._column(place) for place in range(len(headers)))
        rows = np.arange(self.rows, dtype=np.int64) + FIRST_ROW
        return TextTable(name, digest, headers, columns, rows, delimiter=delimiter)

    def _column(self, place: int) -> TextColumn:
        every = pa.concat_arrays(self.words[place]).dictionary_encode()
        sizes = [len(words) for words in self.words[place]]
        self.words[place] = []
        words = text_of(every.dictionary)
        words.validate(full=True)
        of_word = every.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        codes: Any = np.memmap(self._path(place), dtype=np.int32, mode="r+")
        for (first, last), own in zip(self._ranges(), _split(of_word, sizes), strict=True):
            codes[first:last] = np.append(own, np.int32(-1))[codes[first:last]]
        codes.flush()
        codes = np.memmap(self._path(place), dtype=np.int32, mode="r")
        return TextColumn(words.fill_null(""), codes)

    def _ranges(self) -> Iterator[tuple[int, int]]:
        ends = np.cumsum(self.blocks).tolist()
        return zip([0, *ends[:-1]], ends, strict=True)


def _split(array: NDArray[Any], sizes: list[int]) -> list[NDArray[Any]]:
    return np.split(array, np.cumsum(sizes)[:-1])
