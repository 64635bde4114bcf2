"""What is written: folders and files whole or not at all, results, a user's file appended."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles import reports, zscore
from centiles.checks import Checked, check
from centiles.errors import UnreadableError, UnwritableError, UsageError
from centiles.records import columns, from_frame, read
from centiles.records.reading import is_contact
from centiles.reports import folders, results
from centiles.reports.appended import write_appended
from centiles.reports.explained import explained
from centiles.reports.folders import stop_unless_free, whole_file, whole_folder
from centiles.reports.summary import mapping_lines, problems_of, summary_lines
from tests.commandline import FALLING, HEADER, STEADY, export
from tests.examples import examples

TODAY = "2026-07-01"


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    rows = [*STEADY, *FALLING, "a,F,12/03/2020,25/03/2025,32000,,", "b,X,12/03/2020,,refused,,"]
    return check(read(export(tmp_path / "clinic.csv", rows)), today=TODAY)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ---- a folder, whole or not at all


def put(folder: Path, text: str) -> None:
    """Write a folder as a run would."""
    with whole_folder(folder, force=folder.exists()) as made:
        (made / folders.MARK).write_text(text, encoding="utf-8")


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    with whole_folder(target) as made:
        (made / "charts").mkdir()
        (made / "charts" / "01.png").touch()
        assert not target.exists()
    assert names(target) == ["charts"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert stat.S_IMODE((target / "charts").stat().st_mode) == 0o700
    assert stat.S_IMODE((target / "charts" / "01.png").stat().st_mode) == 0o600
    assert names(tmp_path / "a") == ["b"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt, ValueError, MemoryError, SystemExit])
def test_whatever_stops_a_run_the_old_folder_stays(
    tmp_path: Path, fault: type[BaseException]
) -> None:
    target = tmp_path / "results"
    put(target, "old")

    def stopped() -> None:
        with whole_folder(target, force=True) as made:
            (made / folders.MARK).write_text("new", encoding="utf-8")
            raise fault

    with pytest.raises(fault):
        stopped()
    assert (target / folders.MARK).read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["results"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize("step", [1, 2])
def test_a_run_stopped_between_two_renames_puts_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: type[BaseException], step: int
) -> None:
    target = tmp_path / "results"
    put(target, "old")
    whole = Path.replace
    done = 0

    def replace(self: Path, other: Path) -> Path:
        nonlocal done
        done += 1
        if done == step:
            raise fault
        return whole(self, other)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(UnwritableError if fault is OSError else fault):
        put(target, "new")
    assert (target / folders.MARK).read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["results"]


def test_a_run_that_ends_second_does_not_replace_the_first(tmp_path: Path) -> None:
    target = tmp_path / "results"

    def second() -> None:
        with whole_folder(target) as made:
            put(target, "first")
            (made / folders.MARK).write_text("second", encoding="utf-8")

    with pytest.raises(UnwritableError, match="earlier run"):
        second()
    assert (target / folders.MARK).read_text(encoding="utf-8") == "first"


def a_file(target: Path) -> None:
    target.write_text("x", encoding="utf-8")


def a_letter(target: Path) -> None:
    target.mkdir()
    (target / "letter.docx").touch()


def results_and_a_letter(target: Path) -> None:
    put(target, "old")
    (target / "letter.docx").touch()


def a_link(target: Path) -> None:
    put(target.with_name("other"), "old")
    target.symlink_to(target.with_name("other"))


def a_link_to_nothing(target: Path) -> None:
    target.symlink_to(target.with_name("nowhere"))


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (a_file, "not a folder"),
        (a_letter, "not results of centiles"),
        (results_and_a_letter, r"--force would remove \(1\)"),
        (a_link, "is a link"),
        (a_link_to_nothing, "is a link"),
    ],
)
def test_what_is_not_ours_is_never_replaced(
    tmp_path: Path, there: Callable[[Path], None], said: str
) -> None:
    target = tmp_path / "results"
    there(target)
    before = {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")}
    with pytest.raises(UnwritableError, match=said), whole_folder(target, force=True):
        pass
    assert {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    target = tmp_path / "results"
    target.mkdir()
    with whole_folder(target) as made:
        (made / folders.MARK).touch()
    assert names(target) == [folders.MARK]


@pytest.mark.parametrize("where", [".", "..", "", "/", "sub/.."])
def test_the_folder_one_stands_in_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnwritableError, match="this runs in"):
        stop_unless_free(where, force=True)


def test_a_folder_that_may_not_be_written_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UnwritableError, match="may not be written to"):
        stop_unless_free(tmp_path / "results", force=False)
    monkeypatch.undo()
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableError, match=r"expected a folder|cannot be written"):
        stop_unless_free(tmp_path / "file" / "results", force=False)


def test_a_full_disk_is_told_and_leaves_nothing(checked: Checked, tmp_path: Path) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("centiles.reports.results.write_csv", full)
        with pytest.raises(UnwritableError, match="No space left on device"):
            reports.write(checked, tmp_path / "results")
    assert names(tmp_path) == ["clinic.csv"]


def test_a_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    with whole_file(target) as beside:
        beside.write_text("new", encoding="utf-8")
        assert not target.exists()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600

    def stopped() -> None:
        with whole_file(target, force=True) as beside:
            beside.write_text("newer", encoding="utf-8")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert target.read_text(encoding="utf-8") == "new"
    assert names(tmp_path) == ["x.csv"]
    with pytest.raises(UnwritableError, match="--force"), whole_file(target):
        pass
    with pytest.raises(UnwritableError, match="a folder"), whole_file(tmp_path, force=True):
        pass


# ---- the result folder


def test_each_table_has_its_declared_columns_and_every_row(
    checked: Checked, tmp_path: Path
) -> None:
    folder = reports.write(checked, tmp_path / "results")
    for name, declared, frame in (
        ("children", columns.CHILDREN, checked.children),
        ("findings", columns.FINDINGS, checked.findings),
        ("scored", columns.SCORED, checked.scored),
        ("problems", columns.PROBLEMS, checked.problems),
    ):
        with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        assert header == [column.name for column in declared]
        assert len(rows) == len(frame)


def test_parquet_and_csv_say_the_same(checked: Checked, tmp_path: Path) -> None:
    reports.write(checked, tmp_path / "a")
    reports.write(checked, tmp_path / "b", scored="parquet")
    text = pd.read_csv(tmp_path / "a" / "scored.csv", keep_default_na=False, dtype=str)
    typed = pq.read_table(tmp_path / "b" / "scored.parquet")
    assert typed.schema.field("measured_on").type in (pa.date32(), pa.date64())
    assert typed["child_id"].to_pylist() == text["child_id"].tolist()
    z = np.array(typed["z"].to_pylist(), dtype=float)
    said = np.array([float(word or "nan") for word in text["z"]])
    np.testing.assert_array_equal(said, z)


def test_the_same_records_make_the_same_files(checked: Checked, tmp_path: Path) -> None:
    for name in ("a", "b"):
        reports.write(checked, tmp_path / name, options={"today": TODAY})
    for name in names(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_form_there_is_not(checked: Checked, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="csv, parquet"):
        reports.write(checked, tmp_path / "results", scored="xlsx")
    assert not (tmp_path / "results").exists()


FORMULAS = ["=1+1", "+44", "-5", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_can_be_taken_for_a_formula(tmp_path: Path, text: str) -> None:
    visits = pd.DataFrame(
        {
            "child_id": [f"{text}x", "plain"], "sex": "F", "dob": "2020-03-12",
            "date": ["2025-03-25", "2025-03-26"], "weight (kg)": ["18.4", text],
            "school": text, "reason": text,
        }
    )  # fmt: skip
    checked = check(from_frame(visits, name=f"{text}.csv"), today=TODAY)
    folder = reports.write(checked, tmp_path / "results")
    cells = 0
    for path in folder.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.reader(file):
                for cell in row:
                    cells += text.strip() in cell
                    assert cell[:1] not in ("=", "+", "@", "\t", "\r"), (path.name, cell)
                    if cell.startswith("-"):
                        float(cell)  # a number, which is no formula
    assert cells  # it is there, harmless


def test_run_json_holds_counts_that_add_up(checked: Checked, tmp_path: Path) -> None:
    folder = reports.write(checked, tmp_path / "results", options={"rules": "uk"})
    made = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    read_ = made["values"].pop("values_read")
    assert (
        read_
        == sum(made["values"].values())
        == int((~is_contact(checked.scored)).sum()) - int(checked.scored["derived"].sum())
    )
    assert sum(made["children"].values()) == len(checked.children) == 4
    assert sum(made["problems"].values()) == len(checked.problems)
    assert made["problems"]["G03"] == 1


# ---- the summary


def test_the_summary_counts_and_names_no_one(checked: Checked) -> None:
    said = "\n".join([*summary_lines(checked), *mapping_lines(checked.sources)])
    assert re.search(r"G03 error: outside what a child can be.* \(1\)", said)
    assert "1 contact without a measurement" in said
    assert "4 children: 1 urgent; 3 without" in said
    for secret in ("9990000018", "9990000026", "2020-03-12", "32000", "18.4"):
        assert secret not in said


def test_the_problems_of_one_child_are_those_of_its_rows(checked: Checked) -> None:
    assert problems_of(checked.child("a"), checked.problems)["code"].tolist() == ["G03"]
    assert problems_of(checked.child("9990000018"), checked.problems).empty
    assert list(problems_of(checked.child("9990000018"), checked.problems).columns) == [
        column.name for column in columns.PROBLEMS
    ]


def test_a_code_there_is_not_is_told_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"WT-LOSS.*G03"):
        explained("G99")


# ---- a user's own file, appended


def appended(source: Path, target: Path, **options: object) -> list[list[str]]:
    """Return the rows of a file with what was appended, header first."""
    write_appended(source, target, today=TODAY, force=True, **options)  # type: ignore[arg-type]
    with target.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


# Text that a reader could trim, re-quote, re-encode or re-type.
CELLS = st.text(st.sampled_from("aZ0 ,;\t\"'é👶=@-\n.|"), max_size=6)


@examples(0.4)
@given(
    notes=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6),
    delimiter=st.sampled_from(",;\t"),
    header=st.sampled_from(["note", "z", "weight_z", "", "=note", 'a "b"']),
)
def test_the_users_own_cells_come_back_byte_for_byte(
    notes: list[tuple[str, str]], delimiter: str, header: str
) -> None:
    own = [["id", "sex", "dob", "date", "weight (kg)", header, header]]
    own += [["a", "F", "13/03/2020", "25/03/2025", " 18.40 ", *pair] for pair in notes]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.csv"), Path(folder, "out.csv")
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(own)
        source.write_text(text.getvalue(), encoding="utf-8", newline="")
        write_appended(source, target, today=TODAY)
        with target.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file, delimiter=delimiter))
    assert [row[:7] for row in rows] == own
    assert len(set(rows[0][7:])) == 3
    assert set(rows[0][7:]).isdisjoint(own[0])
    expected = zscore(18.4, measure="weight", sex="female", age_days=1838)
    assert {float(row[7]) for row in rows[1:]} == {float(expected)}


def test_a_long_file_gets_one_z_a_row_and_twins_each_theirs(tmp_path: Path) -> None:
    rows = [
        "a,F,13/03/2020,25/03/2025,weight,18.4,kg",
        "a,F,13/03/2020,25/03/2025,weight,18.4,kg",  # merged in a check
        "a,F,13/03/2020,25/03/2025,weight,abc,kg",
        "a,F,13/03/2020,25/03/2025,height,1.08,m",
        "a,F,13/03/2020,25/03/2025,shoe size,31,",
        "b,F,13/03/2020,25/03/2099,weight,18.4,kg",
    ]
    source = export(tmp_path / "x.csv", rows, "id,sex,dob,date,measure,value,unit")
    header, *scored = appended(source, tmp_path / "out.csv")
    assert header[-3:] == ["z", "centile", "position"]
    assert [row[:7] for row in scored] == [row.split(",") for row in rows]
    assert [bool(row[7]) for row in scored] == [True, True, False, True, False, False]
    assert scored[0][7:] == scored[1][7:]
    assert scored[0][9] == "on the 50th centile line"


def test_a_wide_file_gets_columns_for_each_value_a_row_can_have(tmp_path: Path) -> None:
    rows = ["a,F,13/03/2020,25/03/2021,9.4,74,73,3500"]
    header = "id,sex,dob,date,weight (kg),length (cm),height (cm),birth weight (g)"
    names_, row = appended(export(tmp_path / "x.csv", rows, header), tmp_path / "out.csv")
    z = dict(zip(names_, row, strict=True))
    for name, value, measure, age in (
        ("weight_z", 9.4, "weight", 377),
        ("length_z", 74, "height", 377),
        ("height_z", 73, "height", 377),
        ("birth_weight_z", 3.5, "weight", 0),
    ):
        expected = zscore(value, measure=measure, sex="female", age_days=age)
        assert float(z[name]) == pytest.approx(float(expected), abs=1e-12), name


def test_blank_rows_and_short_rows_keep_their_place(tmp_path: Path) -> None:
    rows_ = ["", "a,F,13/03/2020,25/03/2025,18.4", ",,,,,", "b,F,13/03/2020,25/03/2025,18.4,x"]
    source = export(tmp_path / "x.csv", rows_, "id,sex,dob,date,weight (kg),note")
    rows = appended(source, tmp_path / "out.csv")
    assert [row[0] for row in rows] == ["id", "", "a", "", "b"]
    assert [bool(row[6]) for row in rows[1:]] == [False, True, False, True]


def test_a_row_with_more_cells_than_the_header_is_not_cut(tmp_path: Path) -> None:
    source = export(tmp_path / "x.csv", [*STEADY, f"{STEADY[0]},stray"])
    with pytest.raises(UnreadableError, match="row 3"):
        write_appended(source, tmp_path / "out.csv")
    assert names(tmp_path) == ["x.csv"]


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([1, 2, None]),
            "sex": pa.array(["F", "M", None]).dictionary_encode(),
            "dob": pa.array(np.array(["2020-03-13", "2020-03-13", "NaT"], dtype="datetime64[D]")),
            "date": pa.array(np.array(["2025-03-25", "2025-03-25", "NaT"], dtype="datetime64[ms]")),
            "weight_kg": pa.array([18.5, None, None], pa.float32()),
            "seen": pa.array([True, False, None]),
        }
    )
    source, target = tmp_path / "x.parquet", tmp_path / "out.parquet"
    pq.write_table(table, source)
    assert write_appended(source, target) == (1, 0)
    written = pq.read_table(target)
    assert written.select(table.column_names).equals(table)
    assert written.column_names[6:] == ["weight_z", "weight_centile", "weight_position"]
    assert [z is not None for z in written["weight_z"].to_pylist()] == [True, False, False]
    assert len(appended(source, tmp_path / "out.csv")) == 4


def test_csv_becomes_parquet(tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    write_appended(export(tmp_path / "x.csv", STEADY), target)
    written = pq.read_table(target)
    assert written["Weight (kg)"].to_pylist() == ["18.4"]
    assert written["weight_z"].type == pa.float64()


def test_the_first_row_of_json_comes_back_like_any_other(tmp_path: Path) -> None:
    source = tmp_path / "x.ndjson"
    keys = ("id", "sex", "dob", "date", "weight kg")
    visits = [
        ("a", "F", "2020-03-13", "2025-03-25", "18.4"),
        ("b", "F", "2020-03-13", "2025-03-25", "21.7"),
    ]
    things = [json.dumps(dict(zip(keys, visit, strict=True))) for visit in visits]
    source.write_text("\n".join(things))
    rows = appended(source, tmp_path / "out.csv")
    assert [tuple(row[:5]) for row in rows] == [keys, *visits]
    own = zscore([18.4, 21.7], measure="weight", sex="female", age_days=1838)
    assert [float(row[5]) for row in rows[1:]] == pytest.approx(list(own), abs=1e-12)


def test_the_first_row_of_a_file_without_a_header_comes_back(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("17,20200312,M,9990000018\n18,20200312,M,9990000026\n")
    (tmp_path / "clinical.csv").write_text(
        "17,20250312,22A..00,27113001,18.4,kg\n18,20250312,22A..00,27113001,21.7,kg\n"
    )
    files = [tmp_path / "patients.csv", tmp_path / "clinical.csv"]
    write_appended(files, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert [row[4] for row in rows] == ["VALUE1", "18.4", "21.7"]
    own = zscore([18.4, 21.7], measure="weight", sex="male", age_days=1826)
    assert [float(row[6]) for row in rows[1:]] == pytest.approx(list(own), abs=1e-12)


def test_many_rows_are_written_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("centiles.reports.appended._ROWS_AT_ONCE", 2)
    source = export(tmp_path / "x.csv", STEADY * 5)
    rows = appended(source, tmp_path / "out.csv")
    assert [row[:7] for row in rows] == [HEADER.split(","), *[STEADY[0].split(",")] * 5]


def test_the_export_itself_is_never_written_over(tmp_path: Path) -> None:
    source = export(tmp_path / "x.csv")
    (tmp_path / "link.csv").symlink_to(source)
    before = source.read_bytes()
    for target in (source, tmp_path / "link.csv"):
        with pytest.raises(UsageError, match="the export itself"):
            write_appended(source, target, force=True)
    assert source.read_bytes() == before


def test_a_frame_of_results_has_its_kinds(checked: Checked) -> None:
    table = results.arrow_table(checked.scored, columns.SCORED)
    kinds = {column.name: column.kind for column in columns.SCORED}
    assert table.column_names == list(kinds)
    for field in table.schema:
        if kinds[field.name] == "number":
            assert field.type == pa.float64()
        if kinds[field.name] == "date":
            assert field.type in (pa.date32(), pa.date64())


def linked_set(folder: Path) -> None:
    """Write a file of values and the file of their patients."""
    folder.mkdir(exist_ok=True)
    (folder / "SRPatient.csv").write_text(
        "RowIdentifier,NHSNumber,DateBirth,Gender\n17,9990000018,12 Mar 2020,M\n"
    )
    (folder / "SRCode.csv").write_text(
        "IDPatient,DateEvent,SNOMEDCode,NumericValue,NumericUnit,Note\n"
        "17,12 Mar 2025,27113001,18.4,kg,a\n17,12 Mar 2025,50373000,108.1,cm,\n"
    )


@pytest.mark.parametrize("named", ["files", "folder"])
def test_the_values_of_a_linked_set_are_scored_in_their_own_file(
    tmp_path: Path, named: str
) -> None:
    linked_set(tmp_path / "set")
    files = [tmp_path / "set" / "SRPatient.csv", tmp_path / "set" / "SRCode.csv"]
    target = tmp_path / "scored.csv"
    assert write_appended(files if named == "files" else tmp_path / "set", target) == (2, 0)
    lines = target.read_text().splitlines()
    assert lines[0] == (
        "IDPatient,DateEvent,SNOMEDCode,NumericValue,NumericUnit,Note,z,centile,position"
    )
    own = zscore(18.4, measure="weight", sex="male", age_days=1826)
    assert float(lines[1].split(",")[6]) == pytest.approx(own, abs=1e-12)


def test_two_files_of_values_are_scored_one_by_one(tmp_path: Path) -> None:
    paths = [export(tmp_path / "a.csv", STEADY), export(tmp_path / "b.csv", FALLING)]
    with pytest.raises(UsageError, match=r"2 tables of values \(a.csv, b.csv\), expected one"):
        write_appended(paths, tmp_path / "out.csv", date_format="dd/mm/yyyy")


def test_nothing_is_written_into_the_folder_that_is_read(tmp_path: Path) -> None:
    linked_set(tmp_path / "set")
    with pytest.raises(UsageError, match="choose another folder"):
        write_appended(tmp_path / "set", tmp_path / "set" / "out.csv")
