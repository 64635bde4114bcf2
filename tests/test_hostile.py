"""Exports that would break a careless reader, one by one: an answer each, in bounded memory."""

from __future__ import annotations

import gzip
import io
import json
import resource
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commandline import FALLING, HEADER, STEADY, run

ROOT = Path(__file__).resolve().parents[1]
WHOLE = "\n".join([HEADER, *STEADY, *FALLING, ""])
ROWS = [*STEADY, *FALLING]
MOST_MEGABYTES = 1200  # of a process that reads any of these; pandas and pyarrow alone are 200


def workbook(size: int | None = None, **parts: str) -> bytes:
    """Return a workbook; its sheet declared to be of a size when unpacked, if one is given."""
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row, line in enumerate(WHOLE.splitlines()):
            for column, cell in enumerate(line.split(",")):
                sheet.write_string(row, column, parts.get(cell, cell))
    content = bytearray(out.getvalue())
    if size is not None:  # where the directory at the end says how large the sheet is
        name = content.rindex(b"xl/worksheets/sheet1.xml")
        struct.pack_into("<I", content, name - 46 + 24, size)
    return bytes(content)


def with_formulas() -> bytes:
    """Return a workbook in which the weights are formulas, saved with what they came to."""
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row, line in enumerate(WHOLE.splitlines()):
            for column, cell in enumerate(line.split(",")):
                if row and column == 4:
                    sheet.write_formula(row, column, f"={cell}*1", None, float(cell))
                else:
                    sheet.write_string(row, column, cell)
    return out.getvalue()


def deep(depth: int) -> bytes:
    return b'{"resourceType": "Bundle", "entry": ' + b"[" * depth + b"]" * depth + b"}"


Content = bytes | Callable[[], bytes]  # large ones are made when they are needed
READ = "6 scored"
LIST: dict[str, tuple[str, Content, int, str]] = {
    "gzip cut short": ("x.csv.gz", gzip.compress(WHOLE.encode())[:-20], 3, "cut short"),
    "gzip of zeros": ("x.gz", lambda: gzip.compress(bytes(300 << 20), 1), 3, "packed beyond"),
    "a byte that is no UTF-8": (
        "x.csv", (WHOLE + "x\xe9\xff,F,12/03/2020,25/03/2025,18.4,,\n").encode("latin-1"),
        0, "7 scored",
    ),
    "NUL bytes": ("x.csv", WHOLE.encode().replace(b"18.4", b"18\x00.4"), 3, "zero bytes"),
    "one line of 50 MB": ("x.csv", lambda: b"x," * (25 << 20), 3, "found"),
    "one cell of 50 MB": (
        "x.csv", lambda: bytes(f"{WHOLE}{'y' * (50 << 20)},F,12/03/2020,25/03/2025,,,\n", "utf-8"),
        3, "a cell of more than 131,072 characters",
    ),
    "10,000 columns": (
        "x.csv", b",".join(b"c%d" % n for n in range(10_000)) + b"\n1\n",
        3, "10000 columns",
    ),
    "10,000 columns beside ours": (
        "x.csv",
        lambda: b"\n".join(
            line + b",0" * 10_000 if k else line + b"".join(b",c%d" % n for n in range(10_000))
            for k, line in enumerate(WHOLE.encode().splitlines())
        ),
        3, "columns",
    ),
    "a header twice": (
        "x.csv",
        "\n".join([f"{HEADER},Weight (kg)", *(f"{r},18.4" for r in ROWS)]).encode(),
        2, "weight could be 'Weight (kg)' (column 5) and 'Weight (kg)' (column 8)",
    ),
    "an unknown header twice": (
        "x.csv", "\n".join([f"{HEADER},Ward,Ward", *(f"{r},a,b" for r in ROWS)]).encode(),
        0, READ,
    ),
    "rows of all lengths": (
        "x.csv",
        (WHOLE + "9990000034,F\n9990000034,F,12/03/2020,25/03/2025,18.4,,,over\n").encode(),
        0, "F01 query",
    ),
    "commas at the end": (
        "x.csv", "\n".join(f"{line},,," for line in WHOLE.splitlines()).encode(), 0, READ,
    ),
    "a header without the comma its rows end in": (
        "x.csv", "\n".join([HEADER, *(f"{row}," for row in ROWS)]).encode(), 0, READ,
    ),
    "formulas in a workbook": ("x.xlsx", with_formulas, 0, READ),
    "formulas in text": (
        "x.csv", WHOLE.replace("9990000018", "=HYPERLINK(A1)").encode(), 0, READ,
    ),
    "a zip bomb": ("x.xlsx", lambda: workbook(3 << 30), 3, "fill more memory"),
    "a workbook that lies about its size": ("x.xlsx", lambda: workbook(10), 3, "damaged workbook"),
    "JSON as deep as a well": ("x.json", lambda: deep(200_000), 3, "damaged JSON"),
    "JSON with an entry as deep": ("x.json", lambda: deep(500), 3, "found"),
    "NDJSON with one deep line": (
        "x.ndjson", lambda: b'{"resourceType":"Patient"}\n{"a":' + b"[" * 99_999 + b"\n", 3,
        "line numbers (2)",
    ),
    "a number of 100,000 digits": (
        "x.csv", lambda: WHOLE.replace("18.4", "1" * 100_000).encode(), 0, "G01 error",
    ),
}  # fmt: skip


# The largest, each read by a process of its own, whose memory can be told.
LARGE = (
    "one line of 50 MB", "one cell of 50 MB", "10,000 columns beside ours", "a zip bomb",
    "gzip of zeros", "JSON as deep as a well",
)  # fmt: skip


@pytest.mark.parametrize("kind", [kind for kind in LIST if kind not in LARGE])
def test_it_ends_in_a_clear_answer(tmp_path: Path, kind: str) -> None:
    pytest.importorskip("python_calamine")
    name, content, code, said = LIST[kind]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content())
    ran = run("check", path, "--out", tmp_path / "results", "--date-format", "dd/mm/yyyy")
    assert (ran.code, "Traceback" in ran.err) == (code, False), ran.err[:500]
    assert said in ran.err
    assert len(ran.err) < 3000
    assert (tmp_path / "results").exists() == (code == 0)
    if code == 0:
        record = json.loads((tmp_path / "results" / "run.json").read_text(encoding="utf-8"))
        values = record["values"]
        assert sum(values.values()) == 2 * values["values_read"]


def test_no_formula_comes_out(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(WHOLE.replace("9990000026", '"=HYPERLINK(""http://x"")"'))
    assert run("check", path, "--out", tmp_path / "out").code == 0
    for table in (tmp_path / "out").glob("*.csv"):
        assert "'=HYPERLINK" in (text := table.read_text(encoding="utf-8")) or "HYPER" not in text
        assert ',"=' not in text
        assert not text.startswith("=")


LONG = 20_000  # letters: what is quadratic in them takes long, what is worse never ends
PARTS = ("1", " ", "a", "-", "1 ", "1.", "1st ", "38+", "12/03.", "kg ", "5' ", "é")


def test_no_text_makes_a_pattern_run_for_ever(tmp_path: Path) -> None:
    """It ends at all: the limit is of a run that hangs, not of a slow machine."""
    cells = WHOLE.splitlines()[1].split(",")
    rows = [
        ",".join([*cells[:k], f"{(part * LONG)[:LONG]}!", *cells[k + 1 :]])
        for part in PARTS
        for k in range(len(cells))
    ]
    path = tmp_path / "x.csv"
    path.write_text("\n".join([*WHOLE.splitlines(), *rows]), encoding="utf-8")
    words = ["check", str(path), "--out", str(tmp_path / "out"), "--date-format", "dd/mm/yyyy"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *words],
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode in (0, 2), done.stderr[:500]
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit to measure against")
@pytest.mark.parametrize("kind", LARGE)
def test_it_ends_in_a_clear_answer_within_memory(tmp_path: Path, kind: str) -> None:
    name, content, code, said = LIST[kind]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content())
    words = [str(ROOT / "cli.py"), "check", str(path), "--out", str(tmp_path / "out")]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, encoding="utf-8", check=False, timeout=300
    )
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr[:500]
    assert said in done.stderr
    assert len(done.stderr) < 3000
    assert not (tmp_path / "out").exists()  # all of them are refused
    assert most == before or most >> 10 < MOST_MEGABYTES
