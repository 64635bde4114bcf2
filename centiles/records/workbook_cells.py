"""The cells of a workbook, read in a process of their own.

A workbook is somebody else's program for our memory: a few kilobytes can ask for terabytes, and
the library that reads them then ends the whole process. So :mod:`centiles.records.workbooks` runs
this file as a script, with a limit of memory, a workbook as its input and text columns as its
output. It knows nothing of the package, so that it starts in a moment.

The output is a line of JSON, then for each column its distinct words (JSON) and a code for each
row (32-bit integers). Exit codes: 0 read, 3 damaged, 4 locked with a password, 5 too large.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
from array import array
from typing import Any

DAMAGED, LOCKED, TOO_LARGE = 3, 4, 5


def main() -> int:
    """Read a workbook from standard input, write its visible sheets to standard output."""
    _limit_memory(int(sys.argv[1]))
    try:
        return _copy(sys.stdin.buffer.read(), sys.stdout.buffer)
    except MemoryError:
        return TOO_LARGE
    except Exception:  # noqa: BLE001 (whatever a broken file breaks, the answer is the same)
        return DAMAGED


def _limit_memory(limit: int) -> None:
    try:
        import resource
    except ImportError:  # Windows, where only the size of the file bounds it
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def _copy(content: bytes, out: Any) -> int:
    import python_calamine as calamine

    try:
        workbook = calamine.load_workbook(io.BytesIO(content))
    except calamine.PasswordError:
        return LOCKED
    shown = [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.typ == calamine.SheetTypeEnum.WorkSheet
        and sheet.visible == calamine.SheetVisibleEnum.Visible
    ]
    for name in shown:
        sheet = workbook.get_sheet_by_name(name)
        rows = sheet.to_python(skip_empty_area=False)
        columns = [
            encoded([row[place] for row in rows]) for place in range(len(rows[0]) if rows else 0)
        ]
        columns = [column for column in columns if any(column[0])]  # the others are empty
        _write(out, json.dumps({"name": name, "columns": len(columns)}).encode())
        for words, codes in columns:
            _write(out, json.dumps(words).encode())
            _write(out, codes.tobytes())
    out.flush()
    return 0


def _write(out: Any, block: bytes) -> None:
    out.write(len(block).to_bytes(8, "little"))
    out.write(block)


def encoded(cells: list[Any]) -> tuple[list[str], array[int]]:
    """Return the distinct cells as text, and for each cell the place of its text.

    Examples
    --------
    >>> words, codes = encoded([18.0, "refused", "", 18.0, 18.5, True])
    >>> words, codes.tolist()
    (['18', 'refused', '', '18.5', 'true'], [0, 1, 2, 0, 3, 4])
    """
    known: dict[Any, int] = {}
    if (1 in cells or 0 in cells) and bool in set(map(type, cells)):  # True is 1 in a dict
        cells = [text(cell) if isinstance(cell, bool) else cell for cell in cells]
    codes = array("i", [known.setdefault(cell, len(known)) for cell in cells])
    return [text(cell) for cell in known], codes


def text(cell: Any) -> str:
    """Return a cell as the text a CSV file of the sheet would have, with dates as ISO.

    Examples
    --------
    >>> import datetime as dt
    >>> text(9990000018.0), text(18.4), text(dt.date(2025, 3, 12))
    ('9990000018', '18.4', '2025-03-12')
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ").removesuffix(" 00:00:00")
    return str(cell)


if __name__ == "__main__":
    sys.exit(main())
