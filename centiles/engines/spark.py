"""The engine for a cluster: a Spark DataFrame checked where it is, and nothing written.

Rows are moved so that each child's are together, sorted there, and batches of whole children go
through the same check as in memory, as Arrow. Households and ranks are worked out from the small
tables by the same code, on the driver.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql
from pyspark.sql.types import DoubleType, StructField, StructType

from centiles import zscores
from centiles.checks.checked import Checked
from centiles.checks.pipeline import earlier
from centiles.checks.portions import NOBODY
from centiles.checks.profiles import profile_of
from centiles.engines import spark_reading
from centiles.engines.kept import read_scored, with_values
from centiles.engines.partials import Partial, partial_of, writing
from centiles.engines.spark_batches import Run, SparkChecked, sent, told_plainly
from centiles.engines.spark_reading import collected
from centiles.engines.stores import Store
from centiles.errors import UsageError
from centiles.records.columns import RECORDS
from centiles.records.layouts import Config
from centiles.records.reading import Records, read
from centiles.records.sides import KINDS, read_sides

BATCH_ROWS: Final = 250_000
# Where one of these is set, somebody has said which cluster, and how.
_SET_UP: Final = frozenset(
    ("SPARK_HOME", "SPARK_CONF_DIR", "PYSPARK_SUBMIT_ARGS", "PYSPARK_GATEWAY_PORT", "SPARK_REMOTE")
)
_OWN: Final = {
    "spark.master": "local[*,4]",  # what fails is tried four times, as on a cluster
    "spark.driver.memory": "4g",
    "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1)),
}


def check(
    df: DataFrame,
    *,
    name: str = "frame",
    config: Config | str | Path | None = None,
    children: str | Path | None = None,
    events: str | Path | None = None,
    actions: str | Path | None = None,
    previous: str | Path | None = None,
    batch_rows: int = BATCH_ROWS,
    **options: Any,
) -> SparkChecked:
    """Return what a Spark DataFrame of measurements holds, as DataFrames; nothing is written.

    Parameters
    ----------
    df
        One measurement or visit a row, with the columns of a long or wide export by any name that
        :func:`centiles.read` knows, and one column of identifiers. A column ``row`` of whole
        numbers, each once, is the way back from a finding; without it rows are numbered as
        Spark numbers them.
    name
        What the DataFrame is called in results.
    config
        A configuration, where a column, a unit or a code is not clear.
    children, events, actions
        The files beside the measurements, read on the driver.
    previous
        The result folder of an earlier run.
    batch_rows
        How many rows are checked at once; a child with more makes a batch of its own.
    options
        The other options of :func:`centiles.check`.

    Raises
    ------
    UsageError
        If columns are not clear, or children are named by several identifiers.
    """
    chosen = config if isinstance(config, Config) else Config()
    if isinstance(config, str | Path):
        chosen = Config.from_toml(config)
    profile = profile_of(**options)
    sides = read_sides(children=children, events=events, actions=actions, config=chosen)
    before = earlier(previous, profile)
    if "row" not in df.columns:
        df = df.withColumn("row", sql.monotonically_increasing_id() + 2)
    with told_plainly():
        reader = spark_reading.reader_of(df, name, chosen)
        stored = df.mapInArrow(reader.records, spark_reading.SCHEMA).persist()
        records = spark_reading.meta_of(reader, stored, sides)
        beside = [str(each) for kind in KINDS for each in sides.frame(kind)["child_id"]]
        run = Run(stored, records, profile, [name], beside, batch_rows)
        return run.frames(run.checked(before, [sides.problems]))


def with_zscores(
    df: DataFrame,
    *,
    value: str = "value",
    measure: str = "measure",
    sex: str = "sex",
    age_days: str = "age_days",
    gestation_days: str | None = None,
    correction: str = "digital",
) -> DataFrame:
    """Return a DataFrame with a column ``z``, worked out row by row.

    Parameters
    ----------
    df
        Any DataFrame.
    value, measure, sex, age_days, gestation_days
        The names of its columns: the value in the unit of its measure; weight, height, bmi or
        head; male or female; age [d]; gestation at birth [d].
    correction
        ``"digital"`` or ``"paper"``.
    """

    def scores(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            table = pa.Table.from_batches([batch])
            words: dict[str, Any] = {
                each: np.array([*map(str, table[each].to_pylist())]) for each in (measure, sex)
            }
            numbers = {
                each: table[each].cast(pa.float64()).to_numpy(zero_copy_only=False)
                for each in (value, age_days, gestation_days)
                if each is not None
            }
            known = np.isin(words[sex], ("male", "female"))
            known &= np.isin(words[measure], ("weight", "height", "bmi", "head"))
            z = np.full(len(table), np.nan)
            gestation = None if gestation_days is None else numbers[gestation_days][known]
            z[known] = zscores.score(
                numbers[value][known], measure=words[measure][known], sex=words[sex][known],
                age_days=numbers[age_days][known], gestation_days=gestation, correction=correction,
            ).z  # fmt: skip
            column = pa.array(z, mask=np.isnan(z))
            yield from table.append_column("z", column).combine_chunks().to_batches()

    schema = StructType([*df.schema.fields, StructField("z", DoubleType())])
    return df.mapInArrow(scores, schema)


class Engine:
    """A check of files on Spark: they are read here, and their records checked there."""

    def __init__(self, results: str | Path, *, as_of: Any = None, today: Any = None) -> None:
        """Prepare to read; as :class:`centiles.engines.duckdb.Engine`."""
        asked = profile_of(as_of=as_of, today=today)
        self.spark = session()
        self.partial = Partial(partial_of(results))
        self.store = Store(self.partial.scratch, BATCH_ROWS, asked.as_of, asked.today)
        self.done: list[Path] = []  # where the scored values of each batch are

    def read(self, exports: Any, **reading: Any) -> Records:
        """Return what exports say, their records on disk."""
        return read(exports, **reading, keep=self.store)

    def check(
        self,
        records: Records,
        *,
        previous: str | Path | None = None,
        charted: bool = True,
        progress: Any = None,
        **options: Any,
    ) -> Checked:
        """Return what the records hold, as :func:`centiles.checks.check` does."""
        del progress  # Spark has its own
        profile = profile_of(**options)
        before = earlier(previous, profile)
        self.store.stop_if_undated()
        with told_plainly():
            stored, called, problems = self._called(records)
            names = self.store.names
            run = Run(stored, records, profile, names, called, BATCH_ROWS)
            checked = run.checked(before, [*problems, records.sides.problems])
            self.done = run.keep_scored(self.store.folder / "scored")
        if not charted:
            return checked
        with writing(self.partial.folder):
            return with_values(checked, self.done, names, BATCH_ROWS)

    def scored(self) -> Iterator[pa.Table]:
        """Yield the scored values of all records in their order, some at a time."""
        with writing(self.partial.folder):
            yield from read_scored(self.done, BATCH_ROWS)

    def close(self, *, done: bool) -> str:
        """Remove what is on disk: there is nothing to go on from."""
        del done
        return self.partial.close(done=True)

    def _called(self, records: Records) -> tuple[DataFrame, list[str], tuple[pd.DataFrame, ...]]:
        """Return the records with what their children are called, and that of side files' rows."""
        folder = f"file://{self.store.folder / 'records'}"
        files = self.spark.read.option("mergeSchema", "true").parquet(folder)
        ids = [f"id{k}" for k in range(max(len(each.columns) for each in self.store.known))]
        said = ["said_sex", "said_born", "idle"]
        number = sql.shiftright("place", 44).alias("number")
        distinct = (
            files.groupBy(number, *ids, *said)
            .agg(sql.min("place").alias("place"), sql.count("*").alias("times"))
            .orderBy("place")
        )
        table = collected(distinct)
        settled = self.store.identities(records, table)
        child, beside = settled.child[: len(table)], settled.child[len(table) :]
        of_node = self.store.children_of(table, child)
        ids_ = np.append(settled.ids, "")
        used = np.flatnonzero(of_node != NOBODY)
        nodes = pa.table({"node": used, "called": pa.array(ids_[of_node[used]], pa.string())})
        known = sent(self.spark, nodes, "node bigint, called string")
        stored = files.join(known, "node", "left").select(
            *(column.name for column in RECORDS), "place", "newest",
            sql.coalesce("called", sql.lit("")).alias("called"), sql.lit("").alias("faults"),
            sql.lit(True).alias("record"),
        )  # fmt: skip
        return stored, [str(each) for each in ids_[beside]], settled.problems


def session() -> SparkSession:
    """Return the running Spark session, or one as it is set up, or one on this machine's cores.

    Raises
    ------
    UsageError
        If Spark does not start.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    there = SparkSession.getActiveSession()
    if there is not None:
        return there
    builder = SparkSession.builder.appName("centiles").config("spark.ui.enabled", "false")
    builder = builder.config("spark.ui.showConsoleProgress", "false")
    own = _SET_UP.isdisjoint(os.environ)
    if own:
        for key, value in _OWN.items():
            builder = builder.config(key, value)
    try:
        found = builder.getOrCreate()
    except (PySparkException, Py4JError, RuntimeError):
        raise UsageError(
            "engine spark: Spark did not start, expected Java 17 or later (on the PATH, or where "
            "JAVA_HOME says); or take --engine duckdb, which needs none"
        ) from None
    if own:
        found.sparkContext.setLogLevel("OFF")  # it quotes rows; told_plainly says what matters
    return found
