"""Spark finds what memory finds, row for row, where the rows are; one small local session."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from centiles import zscores
from centiles.checks import check
from centiles.errors import CentilesError, UsageError
from centiles.records import read
from tests.commandline import FALLING, export, run
from tests.several import TODAY, assert_same, whole, write_planted, write_several

pytest.importorskip("pyspark")
pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore"),  # Spark's own, of pandas and of its sockets
    pytest.mark.skipif(
        shutil.which("java") is None and "CI" not in os.environ, reason="there is no Java"
    ),
]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2,4]").appName("centiles tests")
    for key, value in {
        "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2", "spark.default.parallelism": "2",
        "spark.driver.memory": "1g", "spark.sql.adaptive.enabled": "false",
    }.items():  # fmt: skip
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return write_several(tmp_path_factory.mktemp("several"), healthy=20)


def test_files_are_checked_as_in_memory(
    spark: Any, exports: dict[str, Any], tmp_path: Path
) -> None:
    from centiles.engines.spark import Engine

    engine = Engine(tmp_path / "results", today=TODAY)
    given = {"exports": exports["paths"]} | {k: v for k, v in exports.items() if k != "paths"}
    checked = engine.check(engine.read(**given), today=TODAY)
    found = whole(checked, list(engine.scored()))
    engine.close(done=True)
    assert_same(check(read(**exports), today=TODAY), found)
    assert list(tmp_path.iterdir()) == []


def test_planted_errors_are_found_as_in_memory(spark: Any, tmp_path: Path) -> None:
    from centiles.engines.spark import Engine

    given = write_planted(tmp_path)
    engine = Engine(tmp_path / "results", today=TODAY)
    checked = engine.check(engine.read(given["paths"]), today=TODAY, repair=True)
    found = whole(checked, list(engine.scored()))
    engine.close(done=True)
    one = check(read(**given), today=TODAY, repair=True)
    assert {"G36", "G06", "G22"} <= set(one.problems["code"].astype(str))
    assert_same(one, found)


def test_a_dataframe_is_checked_as_its_file(
    spark: Any, exports: dict[str, Any], tmp_path: Path
) -> None:
    """It comes from partitioned Parquet, and what is found goes there."""
    from centiles.engines.spark import check as check_on_spark
    from centiles.engines.spark_reading import collected

    path = exports["paths"][0]
    beside = {name: exports[name] for name in ("children", "events", "actions")}
    text = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = text.assign(row=np.arange(len(text)) + 2).itertuples(index=False, name=None)
    df = spark.createDataFrame([*rows], [*text.columns, "row"])
    parts = str(tmp_path / "parts")
    df.selectExpr("*", "row % 3 AS third").write.partitionBy("third").parquet(parts)
    df = spark.read.parquet(parts)
    found = check_on_spark(df, name=path.name, today=TODAY, batch_rows=200, **beside)
    one, other = check(read(path, **beside), today=TODAY), found.checked
    digest = {"sha256": one.sources[0].sha256, "mapping": one.sources[0].mapping}
    sources = tuple(replace(each, **digest) for each in other.sources)
    assert_same(one, whole(replace(other, sources=sources), [collected(found.scored)]))
    assert found.findings.count() == len(one.findings)
    assert found.children.columns == list(one.children.columns)
    found.scored.write.partitionBy("measure").parquet(str(tmp_path / "scored"))
    names = ["row", "measure", "value", "z"]
    written = pd.read_parquet(tmp_path / "scored")[names].astype({"measure": str})
    expected = one.scored[names].astype({"measure": str})
    pd.testing.assert_frame_equal(
        *(each.sort_values(names, ignore_index=True) for each in (written, expected)),
        check_dtype=False,
    )


def test_what_is_not_clear_is_said_without_a_value(spark: Any) -> None:
    from centiles.engines.spark import check as check_on_spark

    rows = [("A1", "9990000018", "F", "2019-03-12", "2024-03-13", 18.4)]
    names = ["child_id", "NHS number", "sex", "birth_date", "measured_on", "weight_kg"]
    with pytest.raises(UsageError, match="columns that name the child") as fault:
        check_on_spark(spark.createDataFrame(rows, names), today=TODAY)
    assert "9990000018" not in str(fault.value)


def test_z_scores_are_a_column(spark: Any) -> None:
    from centiles.engines.spark import with_zscores

    rows = [
        (9.9, "weight", "male", 365.0),
        (88.0, "height", "female", 800.0),
        (1.0, "", "male", 1.0),
    ]
    df = spark.createDataFrame(rows, "value double, measure string, sex string, age_days double")
    z = [row["z"] for row in with_zscores(df).collect()]
    expected = zscores.zscore(
        np.array([9.9, 88.0]), measure=np.array(["weight", "height"]),
        sex=np.array(["male", "female"]), age_days=np.array([365.0, 800.0]),
    )  # fmt: skip
    np.testing.assert_array_equal(z[:2], expected)
    assert z[2] is None


def test_a_task_has_several_batches_and_every_core_a_task(spark: Any) -> None:
    from centiles.engines.spark_batches import Run

    none: Any = None
    of = Run(spark.range(0), none, none, [], [], 250_000)
    assert [of._tasks(rows) for rows in (0, 9, 30_000, 2_000_000, 5_000_000)] == [1, 1, 2, 2, 6]


# Workers that die, and runs that are killed


def killing(monkeypatch: pytest.MonkeyPatch, marker: Path | None = None) -> None:
    """Kill the workers in the middle of a batch: each, or if there is a marker to leave, one."""
    from centiles.engines.spark_batches import Run

    plan_of, left = Run._plan, marker and str(marker)

    def plan(run: Any) -> Any:
        made, rows = plan_of(run)

        class Dying:  # sent to the workers as it is, since it has no name to be imported by
            def batches(self, arriving: Any) -> Any:
                for number, each in enumerate(made.batches(arriving)):
                    yield each
                    if number != 2:
                        continue
                    try:
                        if left:
                            os.close(os.open(left, os.O_CREAT | os.O_EXCL))
                        os.kill(os.getpid(), signal.SIGKILL)
                    except FileExistsError:
                        pass

        return Dying(), rows

    monkeypatch.setattr(Run, "_plan", plan)


def results_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.csv")}


GIVEN = ("--force", "--no-report", "--no-workbook", "--out")


def test_a_worker_that_dies_once_is_replaced(
    spark: Any, exports: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = exports["paths"][0]
    assert run("check", path, *GIVEN, tmp_path / "memory").code == 0
    killing(monkeypatch, tmp_path / "died")
    ran = run("check", path, "--engine", "spark", *GIVEN, tmp_path / "spark")
    assert (ran.code, (tmp_path / "died").exists()) == (0, True), ran.err
    assert results_of(tmp_path / "spark") == results_of(tmp_path / "memory")


def test_workers_that_always_die_are_said_plainly(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    from centiles.engines.spark import check as check_on_spark

    killing(monkeypatch)
    path = export(tmp_path / "export.csv")
    ran = run("check", path, "--engine", "spark", *GIVEN, tmp_path / "results")
    assert ran.code == 1
    assert "spark: a worker failed or died" in ran.err
    assert "Nothing was written" in ran.err
    assert [each.name for each in tmp_path.iterdir()] == ["export.csv"]
    text = pd.read_csv(path, dtype=str, keep_default_na=False)
    df = spark.createDataFrame([*text.itertuples(index=False, name=None)], [*text.columns])
    with pytest.raises(CentilesError, match="Nothing was written") as fault:
        check_on_spark(df, today=TODAY)
    heard = "".join([ran.err, ran.out, str(fault.value), *capfd.readouterr()])
    assert FALLING[0].split(",")[0] not in heard
    assert "Traceback" not in heard


def test_a_worker_that_dies_late_is_said_plainly(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The values are worked out again where Spark has lost them, while they are fetched."""
    from centiles.engines.spark_batches import Run

    plan_of, keep, late = Run._plan, Run.keep_scored, str(tmp_path / "late")

    def plan(run: Any) -> Any:
        made, rows = plan_of(run)

        class Dying:
            def batches(self, arriving: Any) -> Any:
                if os.path.exists(late):  # noqa: PTH110 -- sent to the workers as it is
                    os.kill(os.getpid(), signal.SIGKILL)
                yield from made.batches(arriving)

        return Dying(), rows

    def lost(run: Any, folder: Path) -> Any:
        Path(late).touch()
        run.out.unpersist(blocking=True)
        return keep(run, folder)

    monkeypatch.setattr(Run, "_plan", plan)
    monkeypatch.setattr(Run, "keep_scored", lost)
    path = export(tmp_path / "export.csv")
    ran = run("check", path, "--engine", "spark", *GIVEN, tmp_path / "results")
    assert (ran.code, os.path.exists(late)) == (1, True)  # noqa: PTH110
    assert "spark: a worker failed or died" in ran.err
    assert {each.name for each in tmp_path.iterdir()} == {"export.csv", "late"}


@pytest.mark.slow
def test_a_killed_run_leaves_the_old_result_or_none_and_a_rerun_succeeds(
    spark: Any, exports: dict[str, Any], tmp_path: Path
) -> None:
    path, out = exports["paths"][0], tmp_path / "results"
    assert run("check", path, *GIVEN, tmp_path / "memory").code == 0
    expected = results_of(tmp_path / "memory")
    words = ["check", str(path), "--engine", "spark", *GIVEN, str(out)]
    main = "from centiles.commands import main; main()"
    chance = random.Random(22)
    for _ in range(int(os.environ.get("CENTILES_KILLS", "1"))):
        there = results_of(out)
        process = subprocess.Popen(
            [sys.executable, "-c", main, *words],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while process.poll() is None and not (tmp_path / "results.partial").exists():
            time.sleep(0.05)
        time.sleep(chance.uniform(0, 8))
        process.kill()
        process.wait()
        assert results_of(out) in (there, expected)
        ran = run(*words)
        assert ran.code == 0, ran.err
        assert results_of(out) == expected
        assert not (tmp_path / "results.partial").exists()


def test_no_java_is_said(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import SparkSession

    def failing(_: Any) -> Any:
        raise PySparkRuntimeError("Java gateway process exited before sending its port number")

    monkeypatch.setattr(SparkSession, "getActiveSession", lambda: None)
    monkeypatch.setattr(SparkSession.Builder, "getOrCreate", failing)
    path = export(tmp_path / "export.csv")
    ran = run("check", path, "--engine", "spark", *GIVEN, tmp_path / "results")
    assert ran.code == 2
    assert "expected Java 17 or later" in ran.err
    assert [each.name for each in tmp_path.iterdir()] == ["export.csv"]
