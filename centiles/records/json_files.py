"""JSON to things with numbers: the lines of an NDJSON file, the entries of one document.

Numbers stay the text they are in the file, so that none is too large or loses a digit.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import numpy as np
import pyarrow as pa

from centiles.errors import UnmappedError, UnreadableError
from centiles.records.tables import TextTable, table_of_arrow

MOST_DOCUMENT: Final = 256 << 20  # what is one JSON document is in memory as a whole
MOST_LISTED: Final = 5
MOST_COLUMNS: Final = 2000

Thing = dict[str, Any]

_START: Final = re.compile(rb'\s*(?:\{\s*["}]|\[\s*[{\]])')
_LINE: Final = re.compile(rb"[^\s][^\n]*")
_FAULTS: Final = (ValueError, RecursionError)  # no JSON, no text, or deeper than any record is
_DECODER: Final[Any] = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


def is_json(text: bytes) -> bool:
    """Return whether a text starts as JSON does, and no table."""
    return _START.match(text) is not None


def is_lines(text: bytes) -> bool:
    """Return whether JSON is NDJSON: one of its first two lines is a whole object, and not all."""
    starts = [found.start() for found in islice(_LINE.finditer(text), 2)]
    lines = [text[at : text.find(b"\n", at) + 1 or None] for at in starts]
    return len(lines) > 1 and lines[0][:1] == b"{" and any(map(_is_whole, lines))


def things(name: str, text: bytes, *, lines: bool) -> Iterator[tuple[int, Thing]]:
    """Yield each thing of a file with its number: its line in NDJSON, else its entry, from 1.

    Raises
    ------
    UnreadableError
        If lines are no JSON, all of them told together, or the document is damaged or too large.
    """
    if lines:
        yield from _lines(name, text)
        return
    if len(text) > MOST_DOCUMENT:
        raise UnreadableError(
            f"{name}: found one JSON document of more than {MOST_DOCUMENT >> 20} MB, expected a "
            "smaller one; export it as NDJSON, one resource a line"
        )
    try:
        document = _DECODER.decode(text.decode())
    except _FAULTS:
        raise UnreadableError(
            f"{name}: found damaged JSON, expected a whole document; export it again"
        ) from None
    entries = document if isinstance(document, list) else [document]
    strange = [number for number, each in enumerate(entries, 1) if not isinstance(each, dict)]
    stop_if_broken(name, strange, "entry", "a JSON object")
    yield from enumerate(entries, 1)


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(_DECODER.decode(line.decode()), dict)
    except _FAULTS:
        return False


def _lines(name: str, text: bytes) -> Iterator[tuple[int, Thing]]:
    broken = []
    scan = _DECODER.scan_once  # half the cost of decode, and says where the thing ends
    for number, line in enumerate(io.BytesIO(text), 1):
        try:
            words = line.decode().strip()
            thing, end = scan(words, 0)
        except (*_FAULTS, StopIteration):
            if not line.isspace():
                broken.append(number)
            continue
        if end == len(words) and isinstance(thing, dict):
            yield number, thing
        else:
            broken.append(number)
    stop_if_broken(name, broken, "line", "a JSON object")


def stop_if_broken(name: str, numbers: list[int], what: str, expected: str) -> None:
    """Stop where some lines or entries are not what they should be, naming the first of them.

    Raises
    ------
    UnreadableError
        If there are any.
    """
    if numbers:
        first = ", ".join(map(str, numbers[:MOST_LISTED]))
        more = " and others" if len(numbers) > MOST_LISTED else ""
        raise UnreadableError(
            f"{name}: found {len(numbers)} of its {what} numbers ({first}{more}) damaged, expected "
            f"{expected} in each; export it again"
        )


def table_of_things(name: str, digest: str, found: list[tuple[int, Thing]]) -> TextTable:
    """Return flat things as a table: one a row, a column for each key.

    Raises
    ------
    UnmappedError
        If there are none, or one of them has something nested in it.
    """
    headers = list(dict.fromkeys(key for _, thing in found for key in thing))
    nested = any(isinstance(value, dict | list) for _, thing in found for value in thing.values())
    if nested or not 0 < len(headers) <= MOST_COLUMNS:
        what = "things within things" if nested else f"{len(headers) or 'no'} keys"
        raise UnmappedError(
            f"{name}: found JSON of {what}, expected FHIR, or flat objects of {MOST_COLUMNS} keys "
            "at most; export it as CSV"
        )
    arrays = [text_array([_cell(thing.get(header)) for _, thing in found]) for header in headers]
    table = table_of_arrow(name, digest, tuple(map(_encodable, headers)), arrays)
    table.rows[:] = np.array([number for number, _ in found], dtype=np.int64)
    return table


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value or "")


def text_array(words: Sequence[str]) -> pa.ChunkedArray:
    """Return words as Arrow text; half a character, which JSON can spell, as a question mark."""
    try:
        array = pa.array(words, pa.string())
    except UnicodeError:
        array = pa.array([_encodable(word) for word in words], pa.string())
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _encodable(word: str) -> str:
    return word.encode("utf-8", "replace").decode()
