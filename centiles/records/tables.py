"""Tables of text: every cell as the file has it, every row with its number.

A column is kept as its distinct words and a code for each row, so that whatever is read out of
the words is read once for each word, however many rows there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from centiles.errors import UnreadableError
from centiles.records import columns
from centiles.threads import at_once

FROM: Final = " (from "  # after the header of a column that another file has brought, and its name
FIRST_ROW: Final = 2  # the header is row 1, as a spreadsheet counts
_NO_ROWS: Final = "found a header and no rows, expected rows below it; export it again"
_ALL: Final = slice(None)


@dataclass(frozen=True)
class TextColumn:
    """A column as its distinct words and, for each row, the place of its word (−1: no cell)."""

    words: pa.Array
    codes: NDArray[np.int32]

    @classmethod
    def of(cls, words: Sequence[str], codes: NDArray[np.int32]) -> TextColumn:
        """Return a column of these words."""
        return cls(pa.array(words, pa.large_string()), codes)

    @cached_property
    def stripped(self) -> pd.Series[str]:
        """The distinct words without white space round them."""
        return pd.Series(columns.texts(pc.utf8_trim_whitespace(self.words)))

    def between(self, first: int, last: int) -> TextColumn:
        """Return the column of the rows from one up to another, with the same words."""
        some = TextColumn(self.words, np.asarray(self.codes[first:last]))
        some.__dict__["stripped"] = self.stripped  # worked out once for all
        return some

    @cached_property
    def is_blank(self) -> NDArray[np.bool_]:
        """Which rows have nothing in this column."""
        return self.spread(self.stripped == "", missing=True)

    def reworded(self, words: pd.Series[str]) -> TextColumn:
        """Return the column with other words in the place of its own."""
        return TextColumn(_arrow_words(words), self.codes)

    def texts(self, at: NDArray[np.intp] | slice = _ALL) -> Any:
        """Return the stripped cells of some rows, or all, as a column of text."""
        return texts_at(self.stripped, self.codes[at])

    def spread(self, by_word: Any, missing: Any) -> NDArray[Any]:
        """Return one thing for each row from one for each word."""
        values = np.asarray(by_word)
        extended = np.empty(len(values) + 1, dtype=values.dtype)
        extended[:-1], extended[-1] = values, missing
        return extended[self.codes]


def texts_at(words: pd.Series[str], places: NDArray[np.integer[Any]]) -> Any:
    """Return the words at some places as a column of text; −1 is an empty text."""
    empty = pa.array([""], pa.large_string())
    known = pa.concat_arrays([_arrow_words(words), empty])
    if places.min(initial=0) < 0:
        places = np.where(places < 0, len(words), places)
    return columns.texts(known.take(pa.array(places)))


def _arrow_words(words: pd.Series[str]) -> pa.Array:
    arrow = pa.Array.from_pandas(words, type=pa.large_string())
    return arrow.combine_chunks() if isinstance(arrow, pa.ChunkedArray) else arrow


@dataclass(frozen=True)
class TextTable:
    """One file as text: its headers, its columns in the same order, the number of each row.

    ``ragged`` are the numbers of the rows that have more or fewer cells than the header,
    ``overfull`` of those that have more; ``sampled`` tells that the file has more rows than these;
    ``about`` is what else to say of where the table was found, such as its sheet; ``path`` and
    ``place`` where its file is, and the folder or workbook that holds what it may be linked to. An
    ``optional`` table may turn out to be no export: only its folder was named. ``again`` is the
    file in another place whose bytes it has. ``joined_by`` are the places of columns that were used
    before it is read: to join files, or to mark rows.
    """

    name: str
    sha256: str
    headers: tuple[str, ...]
    columns: tuple[TextColumn, ...]
    rows: NDArray[np.int64]
    ragged: NDArray[np.int64] = field(default_factory=lambda: np.array([], dtype=np.int64))
    overfull: NDArray[np.int64] = field(default_factory=lambda: np.array([], dtype=np.int64))
    delimiter: str = ","
    sampled: bool = False
    about: dict[str, str] = field(default_factory=dict)
    optional: bool = False
    path: str = ""
    place: str = ""
    again: str = ""
    joined_by: tuple[int, ...] = ()

    def without_words(self, words: Sequence[str]) -> TextTable:
        """Return the table with nothing in the cells that hold one of these words."""
        empty = [word.strip().casefold() for word in words]
        kept = tuple(
            column.reworded(column.stripped.mask(column.stripped.str.casefold().isin(empty), ""))
            for column in self.columns
        )
        return replace(self, columns=kept)

    def between(self, first: int, last: int) -> TextTable:
        """Return the rows from one up to another, with the same words."""
        some = tuple(column.between(first, last) for column in self.columns)
        return replace(self, columns=some, rows=self.rows[first:last])

    @property
    def problems(self) -> pd.DataFrame:
        """A problem for each ragged row."""
        return columns.problems("F01", self.name, self.ragged)


def table_of_frame(frame: pd.DataFrame, name: str) -> TextTable:
    """Return a pandas frame as a table of text, as if it had been read from a file.

    A named index counts as a column, since a file of the frame would have it.

    Raises
    ------
    UnreadableError
        If the frame has no rows, or a column holds something that has no text.
    """
    if any(level is not None for level in frame.index.names):
        frame = frame.reset_index()
    series = [frame.iloc[:, place] for place in range(frame.shape[1])]
    arrays = [_arrow_of(each) for each in series]
    return without_blank_rows(table_of_arrow(name, "", tuple(map(str, frame.columns)), arrays))


def _arrow_of(column: pd.Series[Any]) -> pa.ChunkedArray:
    """Return a column of a frame in Arrow, as the text of its cells if they are of many kinds."""
    try:
        array = pa.Array.from_pandas(column)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        text = column.astype(object).map(str, na_action="ignore")
        array = pa.Array.from_pandas(text, type=pa.large_string())
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def table_of_arrow(
    name: str, digest: str, headers: tuple[str, ...], arrays: Sequence[pa.ChunkedArray]
) -> TextTable:
    """Return Arrow columns of any kind as a table of text.

    Raises
    ------
    UnreadableError
        If there are no rows, or a column holds something that has no text.
    """
    length = len(arrays[0]) if arrays else 0
    if length == 0:
        raise UnreadableError(f"{name}: {_NO_ROWS}")
    encoded = at_once([partial(_text_column, name, array) for array in arrays], rows=length)
    return TextTable(
        name, digest, headers, tuple(encoded), np.arange(length, dtype=np.int64) + FIRST_ROW
    )


def _text_column(name: str, column: pa.ChunkedArray) -> TextColumn:
    """Return an Arrow column as text, encoded by its distinct words."""
    try:
        if pa.types.is_string(column.type):  # in one piece it may be more than that kind holds
            column = column.cast(pa.large_string())
        if pa.types.is_dictionary(column.type):
            one = pa.concat_arrays(column.unify_dictionaries().chunks)
        else:  # each further piece would copy the words of all before it
            one = pa.concat_arrays(column.chunks).dictionary_encode()
        words = text_of(one.dictionary)
        words.validate(full=True)  # Parquet does not say that its text is UTF-8
    except (pa.ArrowException, UnicodeError):
        kind = "nested things" if pa.types.is_nested(column.type) else column.type
        kind = "damaged text" if _is_text(column.type) else kind
        raise UnreadableError(
            f"{name}: found a column of {kind}, expected text, numbers or dates; "
            "leave it out, or export it as text"
        ) from None
    codes = one.indices.cast(pa.int32()).fill_null(-1)
    return TextColumn(words.fill_null(""), codes.to_numpy(zero_copy_only=False))


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def text_of(words: pa.Array) -> pa.Array:
    """Return values as the text a CSV file would have: 104.0 is "104.0"."""
    if pa.types.is_floating(words.type):
        numbers = words.to_numpy(zero_copy_only=False)
        text = np.where(np.isnan(numbers), "", numbers.astype(str))
        return pa.array(text, pa.large_string())
    return words.cast(pa.string()).cast(pa.large_string())


def without_blank_rows(table: TextTable) -> TextTable:
    """Return a table without the rows that have nothing in any cell; the others keep theirs.

    Raises
    ------
    UnreadableError
        If no row is left.
    """
    if len(table.rows) == 0:
        raise UnreadableError(f"{table.name}: {_NO_ROWS}")
    blank = np.ones(len(table.rows), dtype=np.bool_)
    for column in table.columns:
        blank &= column.is_blank
        if not blank.any():
            return table
    if blank.all():
        raise UnreadableError(f"{table.name}: {_NO_ROWS}")
    kept = tuple(TextColumn(column.words, column.codes[~blank]) for column in table.columns)
    return replace(table, columns=kept, rows=table.rows[~blank])


def with_headers(table: TextTable, headers: tuple[str, ...], row: int) -> TextTable:
    """Return a table with these headers, the line taken for headers put back as its first row."""
    cells = zip(table.columns, table.headers, strict=True)
    whole = tuple(
        TextColumn(
            pa.concat_arrays([column.words, pa.array([cell], column.words.type)]),
            np.append(np.int32(len(column.words)), column.codes),
        )
        for column, cell in cells
    )
    return replace(table, headers=headers, columns=whole, rows=np.append(row, table.rows))
