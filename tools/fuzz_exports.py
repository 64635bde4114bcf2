"""Small exports for ``tools/fuzz.py``: in every format and layout, and broken in every way."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import gzip
import io
import json
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import xlsxwriter

sys.path.insert(0, str(Path(__file__).resolve().parent))
from fuzz_layouts import BORN, CHILD, LAYOUTS, LINKED, NAME, Rng, Table, resources, vision

KEY = b"sixteen bytes or more, for pseudonyms"  # what a run with --pseudonymise is given
CELLS = (
    "",
    " ",
    "NA",
    "-",
    "?",
    "0",
    "-1",
    "99.9",
    "999",
    "9999",
    "1e400",
    "nan",
    "inf",
    "-inf",
    "1e-400",
    "12,3",
    "12.3kg",
    "approx 12",
    "3st 4lb",
    "2lb 3oz",
    "1.05m",
    "104..2",
    "\uff11\uff12",
    "1/2",
    "5'2\"",
    "31/02/2022",
    "2022-02-31",
    "01/01/1900",
    "00/00/0000",
    "2/2019",
    "2019",
    "45000",
    "20190230",
    "now",
    "12 Mar 2020 00:00:00",
    "2020-03-12T10:00:00+01:00",
    "99999999999999999999",
    "9.43477E+09",
    "0000000000",
    "M",
    "F",
    "1",
    "2",
    "9",
    "X",
    "male",
    "38+4",
    "38.6",
    "270",
    "44+7",
    "kg",
    "cm",
    "m",
    "lb",
    "stone",
    "refused",
    "DNA",
    "no scales",
    "true",
    "=1+1",
    "@SUM(A1)",
    "+cmd|' /C calc'!A0",
    "<script>",
    "\t",
    "a\nb",
    '"',
    '""',
    "'",
    ";",
    "|",
    "\\",
    "\x00",
    "\x1a",
    "\ufeff",
    "\u202e",
    "\u00a0",
    "e\u0301",
    "\U0001f476",
    "x" * 5000,
    "27113001",
    "50373000",
    "22A..",
    "8302-2",
    "446974000",
    "final",
    "entered-in-error",
    "removed",
)
HEADERS = (
    "",
    "id",
    "NHS number",
    "Patient ID",
    "dob",
    "Date of birth",
    "sex",
    "gender",
    "date",
    "recorded on",
    "weight",
    "weight kg",
    "Weight (g)",
    "height",
    "Ht (m)",
    "length",
    "bmi",
    "bmi z score",
    "head",
    "age",
    "value",
    "unit",
    "measure",
    "code",
    "gestation",
    "status",
    "reason",
    "child_id",
    "household",
    "birth weight",
    "height centile",
    "Wt",
    "wtkg",
    "\u0000",
    "a" * 300,
    "age days",
    "posture",
    "deleted",
    "name",
    "surname",
)
TOKENS = (
    b"\x00",
    b'"',
    b"'",
    b"\r",
    b"\n",
    b"\r\n",
    b",",
    b";",
    b"\t",
    b"\xff",
    b"\xfe\xff",
    b"\xef\xbb\xbf",
    b"{",
    b"}",
    b"[",
    b"null",
    b"1e999",
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"PAR1",
    b"=",
    b"\xc3",
    b"\xed\xa0\x80",
    b"9" * 40,
    b"\\u0000",
    b"-",
    b"/",
    b"NaN",
    b'":',
    b"<",
    b"&",
    b"A" * 3000,
)


@dataclass
class Case:
    """Files to read, options to read them with; ``rows`` how many are there, None if not known."""

    kind: str
    files: dict[str, bytes]
    options: list[str] = field(default_factory=list)
    rows: int | None = None
    command: str = "check"
    child: str = "c2"

    def arguments(self, folder: Path, out: Path) -> list[str]:
        """Write the files, and return what to type."""
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        (folder / "pseudonyms.key").write_bytes(KEY)
        exports = [str(folder / name) for name in self.files if not name.startswith("side")]
        sides = [
            part
            for name in self.files
            if name.startswith("side")
            for part in (f"--{name.split('.')[1]}", str(folder / name))
        ]
        to = {
            "check": ["--out", str(out)],
            "score": ["-o", str(folder / "scored-out.csv")],
            "chart": ["--child", self.child, "-o", str(folder / "chart.svg")],
            "sheet": ["--child", self.child, "-o", str(folder / "sheet.pdf")],
            "trial": ["--from", "2020-06-01", "--to", "2021-06-30"],
        }
        options = [str(folder / "pseudonyms.key") if o == "KEY" else o for o in self.options]
        return [self.command, *exports, *to[self.command], *sides, *options]


def chosen(rng: Rng, items: Any) -> Any:
    """Return one of some things."""
    return items[int(rng.integers(len(items)))]


def broken_bytes(rng: Rng, content: bytes) -> bytes:
    """Return bytes with a few of them changed, gone, doubled or put in."""
    made = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(len(made) + 1))
        length = int(rng.integers(1, 1 + max(1, min(40, len(made) // 3))))
        match int(rng.integers(7)):
            case 0:
                made[at : at + 1] = bytes([rng.integers(256)])
            case 1:
                del made[at : at + length]
            case 2:
                made[at:at] = chosen(rng, TOKENS)
            case 3:
                made[at:at] = made[at : at + length]
            case 4:
                made[at : at + length] = rng.bytes(length)
            case 5:
                made = made[: max(at, 1)]
            case _:
                other = int(rng.integers(len(made) + 1))
                made[at : at + length] = made[other : other + length]
    return bytes(made)


def _cell(rng: Rng, rows: Table, at: int, column: int) -> None:
    row = rows[max(at, 1)]
    row[column % len(row)] = chosen(rng, CELLS)


def _one_value(rng: Rng, rows: Table, _at: int, column: int) -> None:
    value = chosen(rng, CELLS)
    for row in rows[1:]:
        row[column % len(row)] = value


def _twice(_rng: Rng, rows: Table, at: int, _column: int) -> None:
    rows.append(list(rows[at]))


def _two_columns(_rng: Rng, rows: Table, _at: int, column: int) -> None:
    for row in rows:
        row.append(row[column % len(row)])


def _turned(rng: Rng, rows: Table, _at: int, _column: int) -> None:
    rows[1:] = [rows[1:][k] for k in rng.permutation(len(rows) - 1)]


def _short(_rng: Rng, rows: Table, at: int, column: int) -> None:
    rows[max(at, 1)] = rows[max(at, 1)][:column] or rows[max(at, 1)]


def _over(rng: Rng, rows: Table, at: int, _column: int) -> None:
    rows[max(at, 1)].append(chosen(rng, CELLS))


def _header(rng: Rng, rows: Table, _at: int, column: int) -> None:
    rows[0][column % len(rows[0])] = chosen(rng, HEADERS)


def _blank(_rng: Rng, rows: Table, at: int, _column: int) -> None:
    rows.insert(at, [""] * len(rows[0]))


def _title(_rng: Rng, rows: Table, _at: int, _column: int) -> None:
    rows.insert(0, ["A title", *[""] * (len(rows[0]) - 1)])


# Those that leave the number of rows as plain as it was, and the others.
KEEPING = (_cell, _cell, _cell, _cell, _one_value, _twice, _two_columns, _turned, _short, _over)
CHANGING = (_header, _blank, _title)


def broken_table(rng: Rng, table: Table) -> tuple[Table, bool]:
    """Return a table broken as a table, and whether its number of rows is still plain."""
    rows = [list(row) for row in table]
    plain = True
    for _ in range(int(rng.integers(1, 4))):
        break_it = chosen(rng, KEEPING + CHANGING)
        break_it(rng, rows, int(rng.integers(len(rows))), int(rng.integers(len(rows[0]) or 1)))
        plain = plain and break_it in KEEPING
    return rows, plain


def as_csv(rng: Rng, rows: Table) -> bytes:
    """Return a table as one of the texts that services write."""
    out = io.StringIO()
    delimiter = chosen(rng, ",,,;\t|")
    end = chosen(rng, ["\r\n", "\n", "\n"])
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue().encode(chosen(rng, ["utf-8", "utf-8", "utf-8-sig", "utf-16"]), "replace")


def as_frame(rows: Table) -> pd.DataFrame:
    """Return a table as a frame of text, short rows filled and long ones cut."""
    width = len(rows[0])
    body = [(row + [""] * width)[:width] for row in rows[1:]]
    return pd.DataFrame(body, columns=pd.Index(rows[0]), dtype="str")


def as_arrow(rows: Table) -> pa.Table:
    """Return a table as Arrow, where two columns may be called the same."""
    frame = as_frame(rows)
    clean = [
        [c.encode("utf-8", "replace").decode() for c in frame.iloc[:, k]]
        for k in range(frame.shape[1])
    ]
    return pa.table([pa.array(each, pa.string()) for each in clean], names=list(frame.columns))


def _write_workbook(rows: Table, out: io.BytesIO, *, typed: bool) -> None:
    """Write a workbook, its cells text or, typed, numbers and real dates where they are."""
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page, day = book.add_worksheet(), book.add_format({"num_format": "dd/mm/yyyy"})
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                found = as_thing(cell) if typed and at else cell
                if isinstance(found, float):
                    page.write_number(at, column, found)
                elif isinstance(found, str):
                    page.write_string(at, column, found.replace("\x00", "")[:32000])
                else:
                    page.write_datetime(at, column, found, day)


def as_thing(cell: str) -> str | float | dt.datetime:
    """Return a cell as the number or date it is, or as its text."""
    with contextlib.suppress(ValueError):
        number = float(cell)
        return number if np.isfinite(number) else cell
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        with contextlib.suppress(ValueError):
            day = dt.datetime.strptime(cell, form)
            return day if day.year >= 1900 else cell
    return cell


def as_typed(rows: Table) -> pa.Table:
    """Return a table whose columns are numbers or dates where all of their cells are."""
    table = as_arrow(rows)
    columns = []
    for column in table.columns:
        things = [as_thing(each) if each else None for each in column.to_pylist()]
        kinds = {type(each) for each in things if each is not None}
        columns.append(pa.array(things) if len(kinds) == 1 else column)
    return pa.table(columns, names=table.column_names)


def as_ods(rows: Table) -> bytes:
    """Return a table as an OpenDocument spreadsheet of text."""
    lines = "".join(
        "<table:table-row>"
        + "".join(
            '<table:table-cell office:value-type="string"><text:p>'
            + escape("".join(c for c in cell if c >= " " and c not in "\ufffe\uffff"))
            + "</text:p></table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    spaces = " ".join(
        f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"'
        for n in ("office", "table", "text")
    )
    page = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}><office:body>'
        f'<office:spreadsheet><table:table table:name="Sheet1">{lines}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("mimetype", kind)
        packed.writestr("content.xml", page.encode("utf-8", "replace"))
        entry = f'<m:file-entry m:full-path="/" m:media-type="{kind}"/>'
        space = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
        packed.writestr(
            "META-INF/manifest.xml", f'<m:manifest xmlns:m="{space}">{entry}</m:manifest>'
        )
    return out.getvalue()


def written(rng: Rng, name: str, rows: Table, *, plain: bool = False) -> tuple[str, bytes]:
    """Return a table as a file of some format, or of text that can be broken and still be read."""
    out = io.BytesIO()
    if plain and rng.random() < 0.7:
        return f"{name}.csv", as_csv(rng, rows)
    forms = (
        "gz",
        "xlsx",
        "typed xlsx",
        "ods",
        "parquet",
        "typed parquet",
        "arrow",
        "json",
        "ndjson",
    )
    match chosen(rng, ("csv",) * 8 + forms):
        case "gz":
            return f"{name}.csv.gz", gzip.compress(as_csv(rng, rows))
        case "xlsx" | "typed xlsx" as form:
            _write_workbook(rows, out, typed=form != "xlsx")
            return f"{name}.xlsx", out.getvalue()
        case "ods":
            return f"{name}.ods", as_ods(rows)
        case "typed parquet":
            pq.write_table(as_typed(rows), out)
            return f"{name}.parquet", out.getvalue()
        case "parquet":
            pq.write_table(as_arrow(rows), out)
            return f"{name}.parquet", out.getvalue()
        case "arrow":
            pyarrow.feather.write_feather(as_arrow(rows), out, compression="uncompressed")
            return f"{name}.arrow", out.getvalue()
        case "json" | "ndjson" as form:
            things = [dict(zip(rows[0], row, strict=False)) for row in rows[1:]]
            if form == "json":
                return f"{name}.json", json.dumps(things).encode()
            return f"{name}.ndjson", "\n".join(map(json.dumps, things)).encode()
    return f"{name}.csv", as_csv(rng, rows)


def broken_tree(rng: Rng, thing: Any) -> Any:
    """Return JSON with one of its nodes changed, gone or wrapped."""
    if isinstance(thing, dict) and thing and rng.random() < 0.9:
        key = chosen(rng, list(thing))
        if rng.random() < 0.15:
            return {k: v for k, v in thing.items() if k != key}
        return {**thing, key: broken_tree(rng, thing[key])}
    if isinstance(thing, list) and thing and rng.random() < 0.9:
        at = int(rng.integers(len(thing)))
        return [*thing[:at], broken_tree(rng, thing[at]), *thing[at + 1 :]]
    return chosen(rng, [None, True, 0, -1, 1e300, "", [], {}, [thing], {"a": thing}, *CELLS])


OPTIONS: tuple[tuple[str, ...], ...] = (
    (),
    (),
    (),
    ("--date-format", "dd/mm/yyyy"),
    ("--date-format", "mm/dd/yyyy"),
    ("--repair",),
    ("--sex-codes", "0=male,1=female"),
    ("--as-of", "2021-06-30"),
    ("--unknown-gestation", "omit"),
    ("--correction", "paper"),
    ("--scored", "csv"),
    ("--gestation-decimals", "weeks"),
    ("--dry-run",),
    ("--skip-unreadable",),
    ("--preset", "long"),
    ("--preset", "wide"),
    ("--preset", "emis"),
    ("--preset", "fhir"),
    ("--preset", "sheet"),
)
# How results are shown, beside how they are read.
SHOWN: tuple[tuple[str, ...], ...] = (
    (),
    (),
    ("--share",),
    ("--share",),
    ("--json",),
    ("--pseudonymise", "KEY", "--share"),
    ("--pseudonymise", "KEY", "--dates", "ages"),
)
ODD_OPTIONS = (
    "--as-of",
    "--date-format",
    "--sex-codes",
    "--preset",
    "--gestation-decimals",
    "--rules",
    "--fail-on",
    "--correction",
    "--config",
    "--dates",
    "--pseudonymise",
    "--never-merge",
    "--children",
)


def case_of(rng: Rng) -> Case:
    """Return one case of a kind."""
    kind = chosen(
        rng, ("bytes", "bytes", "table", "table", "table", "fhir", "sides", "options", "linked")
    )
    options = list(chosen(rng, OPTIONS))
    command = chosen(rng, ("check",) * 11 + ("score", "score", "chart", "sheet", "trial"))
    child = chosen(rng, ("c2", CHILD))
    if command != "check":
        options = options if options[:1] in ([], ["--date-format"], ["--sex-codes"]) else []
    else:
        options += chosen(rng, SHOWN)
    if kind == "fhir":
        return Case(kind, _fhir(rng), options, command=command, child=child)
    layout = chosen(rng, LINKED if kind == "linked" else LAYOUTS)
    tables = layout(rng)
    rows: int | None = None
    files: dict[str, bytes] = {}
    if kind in ("table", "linked"):
        broken = {name: broken_table(rng, table) for name, table in tables.items()}
        if all(plain for _, plain in broken.values()) and layout is not vision:
            rows = sum(_rows(table) for table, _ in broken.values())
        files = dict(written(rng, name, table) for name, (table, _) in broken.items())
    else:
        files = dict(
            written(rng, name, table, plain=kind == "bytes") for name, table in tables.items()
        )
    if kind == "bytes":
        hit = chosen(rng, sorted(files))
        files[hit] = broken_bytes(rng, files[hit])
    if kind == "sides":
        files |= _sides(rng)
        command = "check" if command == "score" else command
    if kind == "options":
        options, command = [chosen(rng, ODD_OPTIONS), chosen(rng, (*CELLS, *files)) or "-"], "check"
        options[1] = options[1].replace("\x00", "")
    if "--dry-run" in options or command not in ("check", "score"):
        rows = None
    if command == "score" and len(files) > 1:  # it gives back the file of values alone
        rows = None
    return Case(kind, files, options, rows, command, child)


def _rows(table: Table) -> int:
    width = len(table[0])
    return sum(any(cell.strip() for cell in row[:width]) for row in table[1:])


def _fhir(rng: Rng) -> dict[str, bytes]:
    things: Any = resources(rng)
    for _ in range(int(rng.integers(1, 4))):
        things = broken_tree(rng, things) if rng.random() < 0.9 else things
    things = things if isinstance(things, list) else [things]
    if rng.random() < 0.5:
        content = "\n".join(map(json.dumps, things)).encode()
        name = "export.ndjson"
    else:
        entries = [{"resource": each} for each in things]
        content = json.dumps({"resourceType": "Bundle", "entry": entries}).encode()
        name = "bundle.json"
    return {name: broken_bytes(rng, content) if rng.random() < 0.3 else content}


def _sides(rng: Rng) -> dict[str, bytes]:
    made = {
        "side.children.csv": [
            ["child_id", "sex", "birth_date", "gestation", "mother_cm"],
            [CHILD, "M", BORN, "38+4", "164"],
            ["c2", "M", "2019-07-14", "40", "1.7"],
        ],
        "side.events.csv": [
            ["child_id", "date", "type", "note"],
            [CHILD, "2020-09-01", "missed appointment", f"{NAME} again"],
        ],
        "side.actions.csv": [
            ["child_id", "rule", "date", "action"],
            [CHILD, "WT-FALL-1Y", "2021-02-10", "referred"],
        ],
        "side.never-merge.csv": [["child", "other"], [CHILD, "c2"]],
    }
    files = {}
    for name, table in made.items():
        if rng.random() < 0.6:
            content = as_csv(rng, broken_table(rng, table)[0] if rng.random() < 0.7 else table)
            files[name] = broken_bytes(rng, content) if rng.random() < 0.4 else content
    return files
