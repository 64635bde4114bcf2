"""Every engine finds the same, row for row, whatever the batches; and a run cut short goes on."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from centiles import locks
from centiles.checks import Checked, check
from centiles.checks.batches import batch_of
from centiles.checks.pipeline import finished
from centiles.checks.portions import ProblemPlaces, decided, portions
from centiles.checks.profiles import profile_of
from centiles.checks.together import together
from centiles.engines import choices, partials, slices
from centiles.engines.duckdb import Engine
from centiles.errors import UnwritableError, UsageError
from centiles.records import Records, read, streams
from tests.commandline import run
from tests.several import TODAY, assert_same, whole, write_planted, write_several

OPTIONS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "as of a day": {"as_of": "2024-06-01"},
    "repaired, sensitive": {"repair": True, "sensitive": True},
}


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return write_several(tmp_path_factory.mktemp("several"))


@pytest.fixture(scope="module")
def records(exports: dict[str, Any]) -> Records:
    return read(**exports)


def in_batches(records: Records, rows: int, **options: Any) -> Checked:
    """Return the check of records held in memory, some whole children at a time."""
    profile = profile_of(**options)
    known = decided(records, profile)
    parts = list(portions(records, known, rows))
    assert len(parts) > 1
    places = ProblemPlaces(records)
    for part in parts:
        places.of(part.frame)
    problems = [places.left, *known.problems, records.sides.problems]
    return finished(
        together([batch_of(each, profile) for each in parts], problems), records, profile
    )


def on_disk(
    exports: dict[str, Any],
    folder: Path,
    rows: int,
    previous: Path | None = None,
    workers: int = 1,
    **options: Any,
) -> Checked:
    """Return the check of exports by DuckDB, with all its values."""
    names = {"as_of", "today"} & options.keys()
    given = {name: options[name] for name in names}
    engine = Engine(folder / "results", rows=rows, workers=workers, **given)
    checked = engine.check(engine.read(**_as_arguments(exports)), previous=previous, **options)
    found = whole(checked, list(engine.scored(1000)))
    engine.close(done=True)
    assert [path.name for path in folder.glob("*.partial")] == []
    return found


def _as_arguments(exports: dict[str, Any]) -> dict[str, Any]:
    return {"exports": exports["paths"]} | {k: v for k, v in exports.items() if k != "paths"}


def test_batches_in_memory_are_as_one(records: Records) -> None:
    one = check(records, today=TODAY)
    assert len(one.findings) > 150
    assert {"P04", "P20", "P23", "P25", "G11", "F22"} <= set(one.problems["code"].astype(str))
    assert_same(one, in_batches(records, 400, today=TODAY))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_duckdb_finds_what_memory_finds(
    records: Records, exports: dict[str, Any], tmp_path: Path, options: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(streams, "BLOCK_BYTES", 20_000)
    monkeypatch.setattr(streams, "BLOCK_ROWS", 300)
    one = check(records, today=TODAY, **options)
    assert_same(one, on_disk(exports, tmp_path, 500, today=TODAY, **options))


def test_several_processes_find_the_same(
    records: Records, exports: dict[str, Any], tmp_path: Path
) -> None:
    one = check(records, today=TODAY)
    assert_same(one, on_disk(exports, tmp_path, 700, workers=2, today=TODAY))


@pytest.mark.parametrize("repair", [False, True], ids=["as typed", "repaired"])
def test_duckdb_finds_the_same_planted_errors(tmp_path: Path, *, repair: bool) -> None:
    given = write_planted(tmp_path)
    one = check(read(given["paths"]), today=TODAY, repair=repair)
    codes = set(one.problems["code"].astype(str))
    assert {"G02", "G06", "G22", "G36" if repair else "G31"} <= codes
    assert_same(one, on_disk(given, tmp_path, 300, today=TODAY, repair=repair))


def test_the_result_folders_are_the_same(exports: dict[str, Any], tmp_path: Path) -> None:
    given = [*exports["paths"], "--children", exports["children"], "--events", exports["events"],
             "--actions", exports["actions"], "--share"]  # fmt: skip
    for engine in ("memory", "duckdb"):
        ran = run("check", *given, "--engine", engine, "--out", tmp_path / engine)
        assert ran.code == 0, ran.err
    one, other = (sorted((tmp_path / engine).iterdir()) for engine in ("memory", "duckdb"))
    assert [path.name for path in one] == [path.name for path in other]
    for mine, theirs in zip(one, other, strict=True):
        if mine.suffix not in (".xlsx", ".json"):
            assert mine.read_bytes() == theirs.read_bytes(), mine.name


def test_it_compares_with_an_earlier_run_of_the_other_engine(
    records: Records, exports: dict[str, Any], tmp_path: Path
) -> None:
    earlier = tmp_path / "earlier"
    given = [*exports["paths"], "--as-of", "2024-06-01"]
    assert run("check", *given, "--no-report", "--out", earlier).code == 0
    one = check(records, today=TODAY, previous=earlier)
    assert set(one.findings["previous"].astype(str)) >= {"new", "unchanged"}
    assert_same(one, on_disk(exports, tmp_path, 2000, previous=earlier, today=TODAY))


def test_all_rows_may_be_of_one_child_or_of_nobody(tmp_path: Path) -> None:
    days = np.datetime64("2015-01-01") + np.arange(3000)
    weight = np.linspace(12, 30, 3000).round(1)
    values = {"sex": "female", "birth_date": "2012-03-12", "measured_on": days.astype(str),
              "measure": "weight", "value": weight, "unit": "kg"}  # fmt: skip
    for name, child in (("one", "A1"), ("nobody", "")):
        path = tmp_path / f"{name}.csv"
        pd.DataFrame({"child_id": child} | values).to_csv(path, index=False)
        one = check(read(path), today=TODAY)
        assert_same(one, on_disk({"paths": [path]}, tmp_path, 700, today=TODAY))


def test_nothing_may_be_scorable(tmp_path: Path) -> None:
    path = tmp_path / "unsexed.csv"
    rows = [f"A{n},unknown,12/03/2019,13/03/2024,18.{n}" for n in range(9)]
    rows = ["child_id,sex,birth_date,measured_on,weight_kg", *rows]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    one = check(read(path), today=TODAY)
    assert set(one.scored["fate"].astype(str)) == {"unscored"}
    assert_same(one, on_disk({"paths": [path]}, tmp_path, 4, today=TODAY))


def test_a_folder_of_parquet_parts_is_read(exports: dict[str, Any], tmp_path: Path) -> None:
    table = pq.read_table(exports["paths"][-1])
    parts = tmp_path / "parts"
    parts.mkdir()
    for number, start in enumerate(range(0, len(table), 200)):
        pq.write_table(table.slice(start, 200), parts / f"part-{number:03d}.parquet")
    (parts / "_SUCCESS").touch()
    one = check(read(parts), today=TODAY)
    assert len(one.sources) > 3
    assert_same(one, on_disk({"paths": [parts]}, tmp_path, 300, today=TODAY))
    single = check(read(exports["paths"][-1]), today=TODAY)
    key = ["child_id", "rule", "opened_on"]
    mine, theirs = (
        each.findings[key].sort_values(key, ignore_index=True) for each in (one, single)
    )
    pd.testing.assert_frame_equal(mine, theirs, check_dtype=False, check_categorical=False)


def in_parts(path: Path, folder: Path) -> None:
    """Write a Parquet file as Spark would, in a folder for each year of birth and each sex."""
    frame = pq.read_table(path).to_pandas()
    year = frame["birth_date"].astype(str).str[:4]
    for (born, sex), rows in frame.groupby([year, "sex"]):
        part = folder / f"born={born}" / f"sex={sex}"
        part.mkdir(parents=True)
        rows.drop(columns="sex").to_parquet(part / "part-0.parquet", index=False)
        (part / "_SUCCESS").touch()


def test_partitions_are_read_with_what_their_names_say(
    exports: dict[str, Any], tmp_path: Path
) -> None:
    single = check(read(exports["paths"][-1]), today=TODAY)
    folder = tmp_path / "lake"
    in_parts(exports["paths"][-1], folder)
    one = check(read(folder), today=TODAY)
    assert len(one.sources) > 5
    assert all(each.name.endswith("/part-0.parquet") for each in one.sources)
    assert "born=2019/sex=female/part-0.parquet" in {each.name for each in one.sources}
    assert "F03" not in set(one.problems["code"].astype(str))
    assert_same(one, on_disk({"paths": [folder]}, tmp_path, 300, today=TODAY))
    key = ["child_id", "sex", "measured_on", "measure", "value", "z", "fate"]
    mine, theirs = (
        each.scored[key].astype({"measure": "str", "sex": "str", "fate": "str"})
        .sort_values(key, ignore_index=True) for each in (one, single)
    )  # fmt: skip
    assert (mine["fate"] == "scored").sum() > 400
    pd.testing.assert_frame_equal(mine, theirs)


def test_a_folder_with_other_things_in_it_is_no_partition(
    exports: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "lake"
    in_parts(exports["paths"][-1], folder)
    shutil.copy(exports["paths"][-1], folder / "all.parquet")
    older = folder / "older"
    older.mkdir()
    (older / "thesis.doc").write_text("mine", encoding="utf-8")
    shutil.copy(exports["paths"][-1], older / "copy.parquet")
    records = read(folder)
    left = records.problems.loc[records.problems["code"] == "F03", "source"]
    assert [*left.astype(str)] == ["older/"]


@pytest.mark.parametrize("engine", ["memory", "duckdb"])
def test_scored_values_are_written_in_parts(
    exports: dict[str, Any], tmp_path: Path, engine: str
) -> None:
    given = [exports["paths"][0], "--engine", engine, "--no-report", "--no-workbook"]
    for form in ("parquet", "parts"):
        ran = run("check", *given, "--scored", form, "--out", tmp_path / form)
        assert ran.code == 0, ran.err
    whole_file = pd.read_parquet(tmp_path / "parquet" / "scored.parquet")
    parts = tmp_path / "parts" / "scored"
    assert {"measure=weight", "measure=height", "measure=bmi"} <= {p.name for p in parts.iterdir()}
    assert all(path.stat().st_mode & 0o077 == 0 for path in parts.rglob("*"))
    key = ["row", "measure", "derived"]
    again = pq.ParquetDataset(parts, partitioning="hive").read().to_pandas()[whole_file.columns]
    again, whole_file = (
        each.astype(dict.fromkeys(each.select_dtypes("category"), "str"))
        .sort_values(key, ignore_index=True) for each in (again, whole_file)
    )  # fmt: skip
    pd.testing.assert_frame_equal(again, whole_file)
    ran = run("check", *given, "--force", "--out", tmp_path / "parts")
    assert ran.code == 0, ran.err
    assert not parts.exists()


def test_a_date_of_knowledge_needs_dates(tmp_path: Path) -> None:
    path = tmp_path / "ages.csv"
    path.write_text("child_id,sex,age_days,weight_kg\nA,male,900,13.1\n", encoding="utf-8")
    engine = Engine(tmp_path / "results", as_of="2024-01-01")
    with pytest.raises(UsageError, match="ages and no dates"):
        engine.check(engine.read([path]), as_of="2024-01-01", today=TODAY)
    engine.close(done=False)
    assert not partials.partial_of(tmp_path / "results").exists()


# What is cut short

_CHECK = (
    "import centiles.engines.duckdb as d; d.Engine.__init__.__kwdefaults__['rows'] = 400; "
    "from centiles.commands import main; main()"
)


def command(exports: dict[str, Any], out: Path) -> list[str]:
    return [
        sys.executable, "-c", _CHECK, "check", *map(str, exports["paths"]), "--engine", "duckdb",
        "--out", str(out), "--force", "--no-report", "--no-workbook",
    ]  # fmt: skip


def killed(exports: dict[str, Any], out: Path, after: float) -> bool:
    """Start a check, kill it after some seconds; return whether it was still at it."""
    process = subprocess.Popen(
        command(exports, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def results_of(folder: Path) -> dict[str, bytes]:
    """Return what is in a result folder but how it was made."""
    if not folder.exists():
        return {}
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".csv"}


@pytest.mark.slow
def test_a_killed_run_leaves_the_old_result_and_goes_on(
    exports: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "results"
    start = time.perf_counter()
    subprocess.run(command(exports, out), check=True, capture_output=True)
    took = time.perf_counter() - start
    expected = results_of(out)
    chance = random.Random(20)
    for _ in range(int(os.environ.get("CENTILES_KILLS", "3"))):
        killed(exports, out, chance.uniform(0.2, 0.95) * took)
        assert results_of(out) == expected
    subprocess.run(command(exports, out), check=True, capture_output=True)
    assert results_of(out) == expected
    assert not partials.partial_of(out).exists()


def test_what_is_done_is_not_done_again(
    records: Records, exports: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import centiles.engines.tasks as module

    done: list[int] = []

    def failing(part: Records, profile: Any) -> Any:
        done.append(len(part.frame))
        if len(done) == 3:
            raise KeyboardInterrupt
        return batch_of(part, profile)

    monkeypatch.setattr(module, "batch_of", failing)
    engine = Engine(tmp_path / "results", rows=500, today=TODAY)
    with pytest.raises(KeyboardInterrupt):
        engine.check(engine.read(**_as_arguments(exports)), today=TODAY)
    said = engine.close(done=False)
    assert "goes on from there" in said
    left = partials.partial_of(tmp_path / "results")
    assert left.stat().st_mode & 0o077 == 0
    assert not (tmp_path / "results").exists()
    done.clear()
    done.append(0)  # so that the third call is not met by chance
    monkeypatch.setattr(module, "batch_of", lambda *a: (done.append(1), batch_of(*a))[1])
    again = on_disk(exports, tmp_path, 500, today=TODAY)
    parts = len(list(portions(records, decided(records, profile_of(today=TODAY)), 500)))
    assert parts - 4 <= len(done) - 1 < parts
    assert_same(check(records, today=TODAY), again)


def test_other_options_do_not_go_on_from_there(exports: dict[str, Any], tmp_path: Path) -> None:
    keys = set()
    for options in ({}, {"repair": True}, {"correction": "paper"}, {"as_of": "2024-01-01"}):
        records = read(exports["paths"][:1])
        keys.add(partials.key_of(records, profile_of(today=TODAY, **options), rows=10))
        keys.add(partials.key_of(records, profile_of(today=TODAY, **options), rows=11))
    assert len(keys) == 8


def test_a_full_disk_is_said(exports: dict[str, Any], tmp_path: Path, monkeypatch: Any) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("centiles.engines.kept.write_sorted", full)
    ran = run("check", exports["paths"][0], "--engine", "duckdb", "--out", tmp_path / "results")
    assert ran.code == 4
    assert "No space left on device" in ran.err
    assert not (tmp_path / "results").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of its own with room for 300 kB, where one may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    if not mount or subprocess.run([mount, *options], capture_output=True, check=False).returncode:
        pytest.skip("no disk may be mounted here; the test before this one feigns a full one")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)  # where it is taken for busy, too


@pytest.mark.parametrize("engine", ["memory", "duckdb"])
def test_a_disk_that_fills_up_is_said(
    exports: dict[str, Any], small_disk: Path, engine: str
) -> None:
    ran = run("check", *exports["paths"], "--out", small_disk / "out", "--engine", engine)
    assert ran.code == 4
    assert "No space left on device" in ran.err
    assert {path.name for path in small_disk.iterdir()} <= {"out.partial"}


def test_a_part_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"child_id": ["a", "b"], "sex": "male", "birth_date": "2020-03-12",
         "measured_on": "2025-03-12", "weight_kg": 18.4}
    )  # fmt: skip
    (tmp_path / "parts").mkdir()
    for name in ("part-0", "part-1"):
        frame.to_parquet(tmp_path / "parts" / f"{name}.parquet")
    whole_part = (tmp_path / "parts" / "part-1.parquet").read_bytes()
    (tmp_path / "parts" / "part-1.parquet").write_bytes(whole_part[:-30])
    for engine in ("memory", "duckdb"):
        ran = run("check", tmp_path / "parts", "--out", tmp_path / "out", "--engine", engine)
        assert ran.code == 3
        assert "part-1.parquet" in ran.err
        assert "Traceback" not in ran.err
        assert not (tmp_path / "out").exists()


def test_a_strange_folder_is_left_alone(exports: dict[str, Any], tmp_path: Path) -> None:
    other = tmp_path / "results.partial"
    other.mkdir()
    (other / "thesis.doc").write_text("mine", encoding="utf-8")
    ran = run("check", exports["paths"][0], "--engine", "duckdb", "--out", tmp_path / "results")
    assert ran.code == 4
    assert (other / "thesis.doc").exists()


def test_what_is_no_folder_is_left_alone(tmp_path: Path) -> None:
    partial = partials.partial_of(tmp_path / "results")
    partial.write_text("mine", encoding="utf-8")
    with pytest.raises(UnwritableError, match="is there and is not a folder; move it away"):
        Engine(tmp_path / "results")
    assert partial.read_text(encoding="utf-8") == "mine"


_ROWS = "id,dob,sex,date,weight kg,team\na,13/02/2020,F,13/02/2024,18.4,{}\n"
_ROWS += "a,13/02/2020,F,14/02/2025,18.5,B\n"


@pytest.mark.parametrize(
    "content",
    [
        _ROWS.format("Málaga").encode("cp1252"),
        _ROWS.format("A").replace("\n", "\r").encode(),
        _ROWS.format("A").replace("\n", "\r\n").encode(),
        _ROWS.format('"A,\nof two lines"').encode(),
        _ROWS.format('A,"one, too many"').encode(),
        (_ROWS.format("A") + "\n").encode(),
        _ROWS.format("A").encode("utf-16"),
    ],
    ids=["cp1252", "CR", "CR LF", "a line end in quotes", "a cell too many", "blank row", "UTF-16"],
)
def test_text_that_cannot_be_cut_into_blocks_is_read_as_in_memory(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    one = check(read(tmp_path / "a.csv"), today=TODAY)
    found = on_disk({"paths": [tmp_path / "a.csv"]}, tmp_path, 500, today=TODAY)
    assert_same(one, found)
    assert one.scored["value"].notna().any()


def test_a_gestation_in_a_row_of_its_own_is_known_in_every_block(tmp_path: Path) -> None:
    """Of the rows of ``a`` one says it, the last; ``b`` has none."""
    seen = [(child, 2021 + k, "27113001", 9 + k) for k in range(4) for child in "ab"]
    rows = [
        f"{child},female,2020-02-13,{year}-02-13,{code},{value}"
        for child, year, code, value in [*seen, ("a", 2024, "412726003", 33)]
    ]
    path = tmp_path / "a.csv"
    head = "patient_id,sex,date_of_birth,date,snomedct_code,numeric_value"
    path.write_text("\n".join([head, *rows, ""]), encoding="utf-8")
    one = check(read(path), today=TODAY)
    known = one.scored.loc[one.scored["fate"] == "scored"].groupby("child_id")["gestation_days"]
    assert known.unique()["a"].tolist() == [33 * 7]
    assert known.count()["b"] == 0
    assert_same(one, on_disk({"paths": [path]}, tmp_path, 3, today=TODAY))


@pytest.mark.parametrize("engine", ["memory", "duckdb"])
def test_parquet_with_lists_in_it_is_refused(tmp_path: Path, engine: str) -> None:
    frame = pd.DataFrame({"child_id": ["a", "b"], "weight_kg": 18.4, "notes": [["x"], []]})
    frame.to_parquet(tmp_path / "a.parquet")
    ran = run("check", tmp_path / "a.parquet", "--out", tmp_path / "o", "--engine", engine)
    assert ran.code == 3
    assert "a.parquet: found a column of nested things, expected text" in ran.err


# Which engine


def test_a_large_export_is_put_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(choices.LARGE_BYTES)
    name, said = choices.chosen([path])
    assert name == "duckdb"
    assert "256 MB" in said
    assert choices.chosen([tmp_path])[0] == "duckdb"
    path.write_text("child_id\n", encoding="utf-8")
    assert choices.chosen([path]) == ("memory", "")


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'centiles\[big\]'"):
        choices.engine_of("duckdb", [], tmp_path, as_of=None, today=None)
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(choices.LARGE_BYTES)
    assert choices.chosen([path])[0] == "memory"


# One run at a time

_HOLD = (
    "import sys, time; from pathlib import Path; from centiles.locks import Lock, one_run\n"
    "with one_run(sys.argv[1]):\n"
    "    lock = Lock(Path(sys.argv[2]), Path(sys.argv[2]))\n"
    "    print('held', flush=True)\n"
    "    time.sleep(600)\n"
)


@pytest.mark.parametrize("engine", ["memory", "duckdb"])
def test_two_runs_do_not_write_one_folder(
    exports: dict[str, Any], tmp_path: Path, engine: str
) -> None:
    out = tmp_path / "results"
    holder = [sys.executable, "-c", _HOLD, str(out), str(tmp_path / "other")]
    with subprocess.Popen(holder, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            ran = run("check", exports["paths"][0], "--engine", engine, "--out", out)
            assert ran.code == 4
            assert "another run of centiles is at work there; wait until it has ended" in ran.err
            assert not out.exists()
            assert not partials.partial_of(out).exists()
        finally:
            other.kill()
    assert (tmp_path / ".results.lock").exists()  # a killed run leaves the file, and no lock
    given = ["--no-report", "--no-workbook", "--out", out]
    assert run("check", exports["paths"][0], "--engine", engine, *given).code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"results", "other"}


def test_two_runs_do_not_share_one_unfinished_folder(tmp_path: Path) -> None:
    folder = partials.partial_of(tmp_path / "results")
    folder.mkdir()
    holder = [sys.executable, "-c", _HOLD, str(tmp_path / "x"), str(folder / "in-use")]
    with subprocess.Popen(holder, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            with pytest.raises(UnwritableError, match="another run of centiles is at work there"):
                Engine(tmp_path / "results")
        finally:
            other.kill()
    Engine(tmp_path / "results").close(done=False)
    assert not folder.exists()


def test_windows_locks_a_byte_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []

    def locking(handle: int, mode: int, count: int) -> None:
        assert (mode, count) == (2, 1)
        if held:
            raise OSError(errno.EACCES, "Permission denied")
        held.append(handle)

    fake = SimpleNamespace(LK_NBLCK=2, locking=locking)
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    monkeypatch.setattr(locks, "WINDOWS", True)
    with locks.one_run(tmp_path / "results"):
        with (
            pytest.raises(UnwritableError, match="another run"),
            locks.one_run(tmp_path / "results"),
        ):
            pass
        assert len(held) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_lock_whose_file_another_run_removed_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its opening and its locking: a lock on a file that is no more keeps nobody out."""
    file, lock, times = tmp_path / "in-use", locks._lock, []

    def removed_first(handle: int) -> None:
        if not times:
            file.unlink()
        times.append(handle)
        lock(handle)

    monkeypatch.setattr(locks, "_lock", removed_first)
    held = locks.Lock(file, tmp_path)
    assert len(times) == 2
    assert os.path.samestat(os.fstat(held.handle), file.stat())
    with pytest.raises(UnwritableError, match="another run"):
        locks.Lock(file, tmp_path)
    held.release()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_locks_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_here(_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks, "_lock", none_here)
    with locks.one_run(tmp_path / "results"):
        assert [path.name for path in tmp_path.iterdir()] == [".results.lock"]
    assert list(tmp_path.iterdir()) == []


def test_where_no_lock_can_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with (
        pytest.raises(UnwritableError, match=r"results: cannot be made \(Not a directory\)"),
        locks.one_run(tmp_path / "file" / "a" / "results"),
    ):
        pass
    (tmp_path / "in-use").mkdir()
    with pytest.raises(UnwritableError, match="results: cannot be written"):
        locks.Lock(tmp_path / "in-use", tmp_path / "results")
    with locks.one_run(tmp_path / "new" / "results"):
        assert (tmp_path / "new").is_dir()


# Rows on disk


def test_rows_of_many_files_are_merged_in_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    place = rng.permutation(40_000)
    paths = []
    for number, some in enumerate(np.array_split(place, 5)):
        words = pa.DictionaryArray.from_arrays(
            pa.array(some % 3, pa.int32()), pa.array([f"{number}", "b", "c"], pa.large_string())
        )
        paths.append(tmp_path / f"{number}.arrow")
        slices.write_sorted(paths[-1], pa.table({"place": some, "word": words}))
    slices.write_sorted(tmp_path / "none.arrow", pa.table({"place": some[:0], "word": words[:0]}))
    tables = [*slices.merged([*paths, tmp_path / "none.arrow"], 8_000)]
    assert max(map(len, tables)) < 8_000 + 5 * slices.RUN_ROWS
    whole_table = pa.concat_tables(tables)
    assert whole_table["place"].to_pylist() == list(range(40_000))
    said = np.array(whole_table["word"].to_pylist())
    assert (said[np.arange(40_000) % 3 == 1] == "b").all()
    of_file = np.empty(40_000, dtype="U1")
    for number, some in enumerate(np.array_split(place, 5)):
        of_file[some] = str(number)
    at = np.arange(40_000) % 3 == 0
    assert (said[at] == of_file[at]).all()
