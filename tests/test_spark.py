"""Spark finds what memory finds, row for row, where the rows are; one small local session."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from centiles import zscores
from centiles.checks import check
from centiles.errors import CentilesError, UsageError
from centiles.records import read
from tests.several import TODAY, assert_same, whole, write_several

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
    builder = SparkSession.builder.master("local[2]").appName("centiles tests")
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


def test_a_dataframe_is_checked_as_its_file(spark: Any, exports: dict[str, Any]) -> None:
    from centiles.engines.spark import check as check_on_spark
    from centiles.engines.spark_reading import collected

    path = exports["paths"][0]
    beside = {name: exports[name] for name in ("children", "events", "actions")}
    text = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows = text.assign(row=np.arange(len(text)) + 2).itertuples(index=False, name=None)
    df = spark.createDataFrame([*rows], [*text.columns, "row"])
    found = check_on_spark(df, name=path.name, today=TODAY, batch_rows=200, **beside)
    one, other = check(read(path, **beside), today=TODAY), found.checked
    digest = {"sha256": one.sources[0].sha256, "mapping": one.sources[0].mapping}
    from dataclasses import replace

    sources = tuple(replace(each, **digest) for each in other.sources)
    assert_same(one, whole(replace(other, sources=sources), [collected(found.scored)]))
    assert found.findings.count() == len(one.findings)
    assert found.children.columns == list(one.children.columns)


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


def test_a_dead_worker_is_said_plainly(spark: Any) -> None:
    from centiles.engines.spark_batches import told_plainly

    def dying(batches: Any) -> Any:
        os._exit(9)
        yield from batches

    with pytest.raises(CentilesError, match="Nothing was written"), told_plainly():
        spark.range(3).mapInArrow(dying, "id long").collect()
