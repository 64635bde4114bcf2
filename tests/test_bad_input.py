"""Ugly input: a clear answer, every value accounted for, and never a traceback."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.records import from_frame, read
from tests.commandline import FALLING, HEADER, STEADY, Ran, export, run
from tests.examples import examples

FATES = ("scored", "unscored", "merged", "skipped", "unreadable")
TABLES_ONLY = ("--no-report", "--no-workbook")  # what is looked at here
ROW = "a,F,12/03/2020,25/03/2025,{weight},{height},{gestation}"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def checked(path: Path, *options: str) -> tuple[Ran, Path]:
    """Check a file that can be checked; prove that nothing was lost, and return the results."""
    folder = path.with_name(f"{path.name}.results")
    ran = run("check", path, "--out", folder, *TABLES_ONLY, *options)
    assert ran.code == 0, ran.err
    made = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    values = made["values"]
    assert values["values_read"] == sum(values[fate] for fate in FATES)
    read = [row for row in rows_of(folder / "scored.csv") if row["derived"] == "false"]
    assert sum(bool(row["fate"]) for row in read) == values["values_read"]
    for row in read:  # what has no z says why
        assert (row["z"] != "") == (row["fate"] == "scored")
        assert row["fate"] in ("", "scored") or row["note"], row
    return ran, folder


def problems(folder: Path) -> dict[str, list[int]]:
    """Return the rows of each problem listed."""
    found: dict[str, list[int]] = {}
    for row in rows_of(folder / "problems.csv"):
        assert all(row[name] for name in ("source", "severity", "reason", "suggestion"))
        found.setdefault(row["code"], []).append(int(row["row"]))
    return found


# ---- files that cannot be read: exit 3


def packed(text: str) -> bytes:
    return gzip.compress(text.encode())


WHOLE = "\n".join([HEADER, *FALLING, ""])

UNREADABLE = {
    "empty": (b"", "empty file"),
    "white space": (b" \n\n\t\n", "empty file"),
    "header only": (f"{HEADER}\n".encode(), "a header and no rows"),
    "header and blank lines": (f"{HEADER}\n\n,,,,,,\n".encode(), "no rows"),
    "binary": (bytes(range(256)) * 20, "zero bytes"),
    "workbook": (b"PK\x03\x04" + b"\x00" * 200, "workbook"),
    "old workbook": (b"\xd0\xcf\x11\xe0" + b"\x00" * 200, "damaged workbook"),
    "PDF": (b"%PDF-1.7\n" + b"x" * 200, "a PDF"),
    "damaged Parquet": (b"PAR1" + b"x" * 200, "damaged Parquet"),
    "cut short gzip": (packed(WHOLE)[:40], "cut short"),
    "gzip of a workbook": (gzip.compress(b"PK\x03\x04" + b"x" * 200), "workbook"),
    "odd UTF-16": (b"\xff\xfe" + WHOLE.encode("utf-16-le") + b"x", "UTF-16"),
    "an open quote": (f'{HEADER}\n"{FALLING[0]}\n{FALLING[1]}\n'.encode(), "quotation mark"),
    "5,000 columns": (b",".join(b"c%d" % n for n in range(5000)) + b"\n1\n", "5000 columns"),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize("command", ["check", "dry run", "score", "chart"])
def test_a_file_that_cannot_be_read(tmp_path: Path, kind: str, command: str) -> None:
    content, said = UNREADABLE[kind]
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    arguments: dict[str, list[str | Path]] = {
        "check": ["check", path, "--out", tmp_path / "results"],
        "dry run": ["check", path, "--dry-run"],
        "score": ["score", path, "-o", tmp_path / "scored.csv"],
        "chart": ["chart", path, "--child", "a", "-o", tmp_path / "chart.png"],
    }
    ran = run(*arguments[command])
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith("export.csv: found ")
    assert said in ran.err
    assert "expected" in ran.err
    assert list(tmp_path.iterdir()) == [path]


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    for path, said in ((tmp_path / "none.csv", "No such file"), (tmp_path, "a folder")):
        ran = run("check", path, "--out", tmp_path / "results")
        assert ran.code == 3
        assert said in ran.err


def test_all_files_that_cannot_be_read_are_told_together(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.csv", "b.csv")]
    ran = run("check", export(tmp_path / "good.csv"), *paths, "--out", tmp_path / "results")
    assert ran.code == 3
    assert all(path.name in ran.err for path in paths)
    assert not (tmp_path / "results").exists()


# ---- files whose meaning is not clear: exit 2


ISO = "Child ID,Sex,Date of birth,{}"
UNCLEAR = {
    "wrong delimiter": (HEADER.replace(",", "~"), [STEADY[0].replace(",", "~")], "delimiter"),
    "no header": (STEADY[0], FALLING, "recognised none"),
    "no date": (
        ISO.format("Weight (kg)"), ["a,F,2020-03-12,18.4"], "a date of measurement or an age",
    ),
    "no identifier": ("Sex,dob,date,wt (kg)", ["F,2020-03-12,2025-03-25,18"], "an identifier"),
    "no sex": ("id,dob,date,wt (kg)", ["a,2020-03-12,2025-03-25,18"], "no sex"),
    "no birth date": ("id,sex,date,wt (kg)", ["a,F,2025-03-25,18"], "no date of birth"),
    "no measure": (ISO.format("Date measured"), ["a,F,2020-03-12,2025-03-25"], "a measure"),
    "two dates": (
        ISO.format("Date measured,Visit date,Weight (kg)"),
        ["a,F,2020-03-12,2025-03-25,2025-03-26,18"],
        "'Date measured' (column 4) and 'Visit date' (column 5)",
    ),
    "two weights": (
        ISO.format("Date measured,Weight (kg),Wt"), ["a,F,2020-03-12,2025-03-25,18,19"],
        "'Weight (kg)' (column 5) and 'Wt' (column 6)",
    ),
    "mixed dates": (
        HEADER, ["a,F,12/03/2020,25/03/2025,1,,", "a,F,12/03/2020,03/25/2026,1,,"], "--date-format",
    ),
    "dates of either order": (HEADER, ["a,F,02/03/2020,05/03/2025,18,,"], "--date-format"),
    "sex as 0 and 1": (
        HEADER, ["a,0,12/03/2020,25/03/2025,18,,", "b,1,12/03/2020,25/03/2025,18,,"], "--sex-codes",
    ),
    "unknown words for sex": (HEADER, ["a,alpha,12/03/2020,25/03/2025,18,,"], "--sex-codes"),
    "a weight in no unit": (
        ISO.format("Date measured,Weight"), ["a,F,2020-03-12,2025-03-25,0.4"], "[units] weight",
    ),
    "an age in no unit": ("id,sex,age,wt (kg)", ["a,F,5,18"], "[units] age"),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNCLEAR)
def test_what_is_not_clear_is_never_guessed(tmp_path: Path, kind: str) -> None:
    header, rows, said = UNCLEAR[kind]
    path = export(tmp_path / "export.csv", rows, header)
    for command in (["check", path, "--out", tmp_path / "r"], ["check", path, "--dry-run"]):
        ran = run(*command)
        assert (ran.code, ran.out) == (2, "")
        assert said in ran.err
    assert list(tmp_path.iterdir()) == [path]


# ---- rows that are wrong: listed, kept, counted


@pytest.mark.parametrize(
    ("weight", "height", "codes"),
    [
        ("-18.4", "108", {"G02"}),
        ("0", "0", {"G22"}),
        ("32000", "108", {"G03"}),
        ("0.1", "1000", {"G03"}),
        ("inf", "-inf", {"G02", "G04"}),
        ("Infinity", "108", {"G04"}),
        ("1e400", "108", {"G04"}),
        ("abc", "1.0.8", {"G01"}),
        ("150", "108", {"G32"}),
        ("18,4", "108", None),
        ("1" * 400, "108", {"G04"}),
    ],
)
def test_a_value_that_cannot_be(
    tmp_path: Path, weight: str, height: str, codes: set[str] | None
) -> None:
    bad = ROW.format(weight=f'"{weight}"', height=f'"{height}"', gestation="")
    _, folder = checked(export(tmp_path / "x.csv", [*STEADY, bad]))
    found = problems(folder)
    if codes is not None:
        assert set(found) == codes
    assert {row for rows in found.values() for row in rows} <= {3}
    mine = [
        r for r in rows_of(folder / "scored.csv") if r["row"] == "3" and r["derived"] == "false"
    ]
    harmless = [f"'{word}" if word == "-inf" else word for word in (weight, height)]  # no number
    assert [row["raw"] for row in mine] == harmless  # else nothing is altered


@pytest.mark.parametrize("word", ["nan", "NaN", "", "NA", "-", "?", "refused", "DNA"])
def test_a_missing_value_is_a_contact_and_no_fault(tmp_path: Path, word: str) -> None:
    bad = ROW.format(weight=word, height="", gestation="")
    ran, folder = checked(export(tmp_path / "x.csv", [*STEADY, bad]))
    assert problems(folder) == {}
    assert "2 values read: 2 scored, 1 contact without a measurement" in ran.err


@pytest.mark.parametrize("gestation", ["4", "50", "4+0", "50+0", "38+9", "38.6", "thirty", "-1"])
def test_a_gestation_that_cannot_be_is_told_and_not_used(tmp_path: Path, gestation: str) -> None:
    bad = ROW.format(weight="18.4", height="", gestation=gestation)
    _, folder = checked(export(tmp_path / "x.csv", [*STEADY, bad]))
    assert problems(folder) == {"P02": [3]}
    [row] = [row for row in rows_of(folder / "scored.csv") if row["row"] == "3"]
    assert row["gestation_days"] == ""
    assert "gestation not known" in row["note"]


@pytest.mark.parametrize("sex", ["X", "9", "0", "U", "I", "", "Indeterminate", "Q"])
def test_an_unknown_sex_is_not_scored_and_not_assumed(tmp_path: Path, sex: str) -> None:
    bad = f"a,{sex},12/03/2020,25/03/2025,18.4,,"
    _, folder = checked(export(tmp_path / "x.csv", [*STEADY, bad]))
    found = problems(folder)
    assert set(found) <= {"P01", "P07"}
    assert "P01" in found
    assert {row for rows in found.values() for row in rows} == {3}
    [row] = [row for row in rows_of(folder / "scored.csv") if row["row"] == "3"]
    assert (row["sex"], row["z"], row["fate"]) == ("unknown", "", "unscored")


@pytest.mark.parametrize(
    ("born", "measured", "code"),
    [
        ("25/03/2025", "12/03/2020", "D02"),
        ("12/03/2020", "12/03/2099", "D03"),
        ("12/03/2099", "25/03/2099", "D03"),
        ("12/03/2020", "31/02/2025", "D01"),
        ("31/02/2020", "12/03/2025", "D01"),
        ("12/03/2020", "soon", "D01"),
        ("12/03/2020", "01/01/1900", "D04"),
        ("12/03/2020", "", "D05"),
        ("", "12/03/2025", "D06"),
    ],
)
def test_a_date_that_cannot_be(tmp_path: Path, born: str, measured: str, code: str) -> None:
    _, folder = checked(export(tmp_path / "x.csv", [*STEADY, f"a,F,{born},{measured},18.4,,"]))
    assert problems(folder) == {code: [3]}
    [row] = [row for row in rows_of(folder / "scored.csv") if row["row"] == "3"]
    assert (row["z"], row["fate"]) == ("", "unscored")


def test_a_child_with_one_point(tmp_path: Path) -> None:
    _, folder = checked(export(tmp_path / "x.csv", ["a,F,12/03/2020,25/03/2025,18.4,,"]))
    [child] = rows_of(folder / "children.csv")
    assert (child["rank"], child["level"]) == ("0", "")
    assert "one weight only" in child["not_assessed"]
    ran = run("chart", tmp_path / "x.csv", "--child", "a", "-o", tmp_path / "c.svg")
    assert ran.code == 0


def test_rows_with_too_few_and_too_many_cells(tmp_path: Path) -> None:
    rows = [*STEADY, "a,F,12/03/2020,25/03/2025,18.4", "", f"{FALLING[0]},stray"]
    _, folder = checked(export(tmp_path / "x.csv", rows))
    assert problems(folder) == {"F01": [3, 5]}


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_the_same_file_however_it_was_saved(
    tmp_path: Path, end: str, encoding: str, delimiter: str
) -> None:
    path = tmp_path / "x.csv"
    text = WHOLE.replace("9990000026", "Zoë")
    path.write_bytes(text.replace(",", delimiter).replace("\n", end).encode(encoding))
    records = read(path)
    columns = {name: cells for name, *cells in zip(*csv.reader(text.splitlines()), strict=True)}
    pd.testing.assert_frame_equal(records.frame, from_frame(columns, name="x.csv").frame)
    assert records.frame["child_id"].tolist() == ["Zoë"] * 4
    assert records.problems.empty


# ---- identifiers


IDENTIFIERS = [
    "a/b", "../../etc/passwd", "C:\\x", "O'Brien", 'say "hi"', "x,y", "👶🏽", "=1+1", "@SUM(A1)",
    "-5", "<script>alert(1)</script>", "&amp;", "a\nb", "%s%d{0}", "\u202egnp", "$\\frac{1}{$",
    "a$b$c^_", "v\x0bx", "#", "con", "x" * 300, "؀", "e\u0301",
]  # fmt: skip


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def test_any_identifier_is_text_and_never_a_path(tmp_path: Path) -> None:
    rows = [
        f"{quoted(child)},M,12/03/2020,{rest}"
        for child in IDENTIFIERS
        for rest in ("25/03/2025,18.4,108.1,", "09/02/2026,15.1,110.2,")
    ]
    path = export(tmp_path / "x.csv", rows)
    _, folder = checked(path)
    found = {child["child_id"] for child in rows_of(folder / "children.csv")}
    formulas = [child for child in IDENTIFIERS if child[0] in "=+-@" and child != "-5"]
    harmless = {f"'{child}" if child in formulas else child for child in IDENTIFIERS}
    assert found == harmless
    assert {each.name for each in tmp_path.iterdir()} == {"x.csv", "x.csv.results"}
    for number, child in enumerate(IDENTIFIERS[4:16:2]):
        chart = tmp_path / f"{number}.svg"
        ran = run("chart", path, f"--child={child}", "--measure", "weight", "-o", chart)
        assert (ran.code, ran.err) == (0, ""), (child, ran.err)
        assert "<script" not in chart.read_text(encoding="utf-8")
        chart.unlink()
    assert {each.name for each in tmp_path.iterdir()} == {"x.csv", "x.csv.results"}


@pytest.mark.parametrize("child", ["👶🏽", "../../etc/passwd", "$\\frac{1}{$"])
@pytest.mark.parametrize("suffix", [".png", ".pdf"])
def test_any_identifier_can_be_drawn(tmp_path: Path, child: str, suffix: str) -> None:
    path = export(tmp_path / "x.csv", [f"{quoted(child)},M,12/03/2020,25/03/2025,18.4,,"])
    ran = run("chart", path, "--child", child, "-o", tmp_path / f"chart{suffix}")
    assert (ran.code, ran.err) == (0, "")


def test_an_identifier_that_is_not_there_is_not_repeated(tmp_path: Path) -> None:
    ran = run("chart", export(tmp_path / "x.csv"), "--child", "secret", "-o", tmp_path / "c.png")
    assert ran.code == 2
    assert "secret" not in ran.err


# ---- size


def test_ten_thousand_rows_of_one_child(tmp_path: Path) -> None:
    """Cost must not grow with the square of a child's points: 2·10⁸ pairs would take minutes."""
    born = dt.date(2010, 3, 12)
    rng = np.random.default_rng(1)
    days = [born + dt.timedelta(days=int(day)) for day in rng.integers(1, 5000, 10_000)]
    rows = [
        f"a,F,12/03/2010,{day:%d/%m/%Y},{3 + n / 400:.2f},{50 + n / 100:.1f},"
        for n, day in enumerate(days)
    ]
    path = export(tmp_path / "x.csv", rows)
    start = time.process_time()
    ran, _ = checked(path)
    assert time.process_time() - start < 10
    assert "20,000 values read" in ran.err
    assert "1 child" in ran.err


def test_a_cell_of_a_megabyte(tmp_path: Path) -> None:
    path = export(tmp_path / "x.csv", [*STEADY, f"{'x' * 1_000_000},F,12/03/2020,25/03/2025,18,,"])
    ran = run("check", path, "--out", tmp_path / "results")
    assert (ran.code, "3 values read: 3 scored" in ran.err) == (0, True)


# ---- anything at all


@examples(0.15)
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_end_in_an_answer(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    for ran in (run("check", path, "--out", tmp_path / "r"), run("check", path, "--dry-run")):
        assert ran.code in (2, 3)
        assert ran.err.startswith("x.csv: ")


WORDS = st.sampled_from(
    ["", "F", "M", "12/03/2020", "31/02/2020", "2025-03-25", "18.4", "-1", "inf", "nan", "1e999",
     "refused", "x", "👶", '"', "'", "\x00", "\t", ";", "0", "99999999999999999999", "38+4"]
)  # fmt: skip


@examples(0.15)
@given(rows=st.lists(st.lists(WORDS, max_size=9), max_size=6))
def test_any_cells_under_a_known_header_end_in_an_answer(
    tmp_path: Path, rows: list[list[str]]
) -> None:
    path = export(tmp_path / "x.csv", [*STEADY, *map(",".join, rows)])
    options = ("--force", "--date-format", "dd/mm/yyyy", *TABLES_ONLY)
    ran = run("check", path, "--out", tmp_path / "r", *options)
    assert ran.code in (0, 2, 3), ran.err
    if ran.code == 0:
        values = json.loads((tmp_path / "r" / "run.json").read_text(encoding="utf-8"))["values"]
        assert values["values_read"] == sum(values[fate] for fate in FATES)
