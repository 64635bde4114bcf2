"""Text that a spreadsheet cannot take for a formula, in CSV and workbooks alike."""

from __future__ import annotations

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

# A spreadsheet takes a cell that starts with one of these for a formula.
# One that is a plain number is none: a negative value stays as it is.
_FORMULA: Final = r"^([=+\-@\t\r])"
_NUMBER: Final = r"^-?[0-9]+([.,][0-9]+)?$"


def harmless(text: str) -> str:
    """Return a text with a quote before it if it starts like a formula.

    Examples
    --------
    >>> harmless("=1+1"), harmless("-5"), harmless("a")
    ("'=1+1", '-5', 'a')
    """
    if not text or text[0] not in "=+-@\t\r" or re.fullmatch(_NUMBER, text):
        return text
    return f"'{text}"


def harmless_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column with a quote before any text that starts like a formula."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    if not pc.any(pc.match_substring_regex(column, _FORMULA)).as_py():
        return column
    safe = pc.replace_substring_regex(column, _FORMULA, r"'\1")
    return pc.if_else(pc.match_substring_regex(column, _NUMBER), column, safe)
