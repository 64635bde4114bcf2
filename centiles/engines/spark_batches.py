"""Records in a Spark DataFrame, checked in batches of whole children where they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sql

from centiles.checks.batches import batch_of
from centiles.checks.checked import Checked
from centiles.checks.pipeline import finished
from centiles.checks.portions import NOBODY, Decided, ProblemPlaces, Rows, newest_of, portion
from centiles.checks.previous import Previous
from centiles.checks.profiles import Profile
from centiles.checks.together import together
from centiles.engines.kept import (
    Kept,
    kept_of,
    scored_table,
    small_tables,
    totals_of,
    write_scored,
)
from centiles.engines.partials import writing
from centiles.engines.slices import PLACE
from centiles.engines.spark_reading import collected, problems_in, schema_of
from centiles.engines.stores import LONG_AGO
from centiles.errors import CentilesError
from centiles.records import columns
from centiles.records.arrow_tables import (
    arrow_schema,
    arrow_table,
    exact_frame,
    exact_table,
    frame_of,
)
from centiles.records.columns import CHILDREN, CONTACTS, FINDINGS, PROBLEMS, RECORDS, SCORED
from centiles.records.reading import Records
from centiles.records.timelines import Timeline

_NEWEST_OF: Final = 2_000
_TASK_ROWS: Final = 20_000  # fewer rows are not worth a task of their own
_TASK_BATCHES: Final = 4  # so that what a task costs to start is little beside them
_MOST_SENT: Final = 2_000_000  # rows of a small table that every task may be sent
_SENT_ROWS: Final = 20_000  # of what a batch gives, at once: Java holds them all
_SALTS: Final = 64  # rows without an identifier are nobody's, and need not be together
_PRESSED: Final = pa.ipc.IpcWriteOptions(compression="zstd")
_SCORED: Final = "scored"
_OUT: Final = "place bigint, kind string, payload binary"  # a table, and where its batch begins
_ORDER: Final = {PLACE: "bigint", "nth": "bigint"}  # of scored values, beside their columns
_FIRST_BY: Final = ("P11", "P13")  # problems of an identifier, told at its first row
# What a fault of ours says, at the end of what Spark says of it.
_OURS: Final = re.compile(r"centiles\.errors\.\w+: (.*)")
_DIED: Final = (
    "a worker failed or died, as for want of memory, and again when Spark tried once more. "
    "Fewer tasks at once on a machine need less, and fewer rows at once (batch_rows); "
    "Spark's own log says more"
)


@dataclass(frozen=True)
class SparkChecked:
    """What a check found, as DataFrames; their columns are those of the result files.

    ``scored`` is worked out where it is used; the others are small. ``checked`` has the small ones
    in memory.
    """

    findings: DataFrame
    scored: DataFrame
    problems: DataFrame
    children: DataFrame
    contacts: DataFrame
    checked: Checked


@dataclass(frozen=True)
class Plan:
    """What every batch is checked with; sent to where the rows are.

    ``beside`` says what the child of each row of the side files is called; those of no child in
    the exports, marked ``strange``, go with the record at ``first``.
    """

    records: Records
    profile: Profile
    names: list[str]
    as_of: np.datetime64 | None
    beside: list[str]
    strange: list[bool]
    first: int
    rows: int

    def batches(self, arriving: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield what batches of whole children give, from rows sorted by child and place."""
        places = ProblemPlaces(self.records, self.names)
        for table in whole_children(arriving, self.rows):
            yield from self._checked(table, places)

    def _checked(self, table: pa.Table, places: ProblemPlaces) -> Iterator[pa.RecordBatch]:
        order = np.argsort(table["place"].to_numpy(), kind="stable")
        table = table.take(pa.array(order))
        faults = self._faults(table)
        table = table.filter(table["record"])
        if len(table) == 0:
            yield from _payload("faults", exact_table(faults), 0)
            return
        rows, known, beside = self._rows(table)
        problems = columns.concatenated(PROBLEMS, [places.of(rows.frame), faults])
        batch = batch_of(portion(self.records, known, rows, beside, problems), self.profile)
        key = int(rows.place[0])
        names = [each.name for each in self.records.sources]
        for name, frame in small_tables(batch, names).items():
            yield from _payload(name, exact_table(frame), key)
        yield from _payload(_SCORED, scored_table(batch), key)

    def _faults(self, table: pa.Table) -> pd.DataFrame:
        """Return the problems that stand beside records; of an identifier, at its first row."""
        table = table.filter(pa.compute.not_equal(table["faults"], ""))
        row, said = table["row"].to_numpy(), table["faults"].to_pylist()
        found = problems_in(list(zip(row.tolist(), said, strict=True)), self.names[0])
        called = dict(zip(row.tolist(), table["called"].to_pylist(), strict=True))
        of = found["row"].map(called).astype(str) + found["code"].astype(str)
        again = found["code"].isin(_FIRST_BY) & of.duplicated()
        return found[~again].reset_index(drop=True)

    def _rows(self, table: pa.Table) -> tuple[Rows, Decided, Any]:
        """Return the records of a batch, whose they are, and its rows of the side files."""
        called = np.array([*table["called"].to_pylist(), *self.beside], dtype=object)
        codes, ids = pd.factorize(called)
        codes = np.where(called == "", NOBODY, codes).astype(np.int64)
        child, beside = codes[: len(table)], codes[len(table) :]
        mine = np.isin(beside, child[child != NOBODY])
        place = table["place"].to_numpy()
        if place.min() == self.first:
            mine |= np.array(self.strange, dtype=np.bool_)
        frame = frame_of(table, RECORDS, source=self.names)
        known = Decided(child[:0], beside, ids, (), self.as_of)
        return Rows(frame, place, child), known, np.flatnonzero(mine)


def whole_children(arriving: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Yield rows that arrive sorted by child, about so many at once and no child divided."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in arriving:
        held.append(batch)
        count += batch.num_rows
        if count < rows:
            continue
        table = pa.Table.from_batches(held)
        called = table["called"].combine_chunks()
        last = called[-1].as_py()
        same = np.asarray(pa.compute.equal(called, last).to_numpy(zero_copy_only=False))
        cut = len(table) if last == "" else int(np.argmax(same))
        if cut:
            yield table.slice(0, cut)
        held = table.slice(cut).to_batches()
        count = len(table) - cut
    if count:
        yield pa.Table.from_batches(held)


def _payload(kind: str, table: pa.Table, key: int) -> Iterator[pa.RecordBatch]:
    """Yield a table as one row, in bytes: Java holds and moves these with little work."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_PRESSED) as writer:
        writer.write_table(table)
    yield pa.record_batch(
        [pa.array([key]), pa.array([kind]), pa.array([sink.getvalue().to_pybytes()])],
        ["place", "kind", "payload"],
    )


def _table_of(payload: bytes) -> pa.Table:
    return pa.ipc.open_stream(pa.py_buffer(payload)).read_all()


def _unpacked(arriving: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield scored values as rows, with what puts those of all batches in order."""
    for batch in arriving:
        for payload in batch["payload"]:
            table = _table_of(payload.as_py())
            table = table.append_column("nth", pa.array(np.arange(table.num_rows)))
            whole = pa.schema([*arrow_schema(SCORED), *(table.schema.field(n) for n in _ORDER)])
            yield from table.cast(whole).to_batches(max_chunksize=_SENT_ROWS)


class Run:
    """A check of the records in a DataFrame."""

    def __init__(
        self,
        stored: DataFrame,
        records: Records,
        profile: Profile,
        names: list[str],
        beside: list[str],
        rows: int,
    ) -> None:
        """Prepare.

        Parameters
        ----------
        stored
            The records, see :data:`centiles.engines.spark_reading.SCHEMA`.
        records
            What was read, without them.
        profile
            What the check is made with.
        names
            The files of values, in order.
        beside
            What the child of each row of the side files is called.
        rows
            How many records make a batch.
        """
        self.stored, self.records, self.profile = stored, records, profile
        self.names, self.beside, self.rows = names, beside, rows
        self.spark = stored.sparkSession
        self.out: DataFrame | None = None

    def checked(self, before: Previous | None, problems: Sequence[pd.DataFrame]) -> Checked:
        """Return what was found; its scored values stay where they are."""
        nobody = sql.concat(sql.lit("~"), (sql.col("place") % _SALTS).cast("string"))
        key = sql.when(sql.col("called") == "", nobody).otherwise(sql.col("called"))
        plan, count = self._plan()
        moved = self.stored.repartition(self._tasks(count), key)
        sorted_ = moved.sortWithinPartitions("called", "place")
        self.out = sorted_.mapInArrow(plan.batches, _OUT).persist()
        self.out.count()  # all tasks at once: fetching goes through them one by one
        kept, faults = self._kept(self.out)
        left = self._left()
        whole = together([each.batch for each in kept], [left, *faults, *problems])
        return finished(whole, self.records, self.profile, before, totals_of(kept))

    def _tasks(self, count: int) -> int:
        """Return how many tasks check so many rows: as many as run at once, or a multiple."""
        cores = self.spark.sparkContext.defaultParallelism
        least = -(-count // (_TASK_BATCHES * self.rows))
        if least > cores:
            return cores * -(-least // cores)
        return max(least, min(cores, -(-count // _TASK_ROWS)), 1)

    def _plan(self) -> tuple[Plan, int]:
        """Return what every batch is checked with, and how many rows there are."""
        records = replace(self.records, tables=(), identifiers=())
        there = self._there()
        strange = [name not in there for name in self.beside]
        first = sql.min(sql.when(sql.col("record"), sql.col("place"))).alias("first")
        whole = collected(self.stored.agg(first, sql.count("*").alias("rows")))
        plan = Plan(
            records, self.profile, self.names, self.profile.as_of, self.beside, strange,
            whole["first"][0].as_py(), self.rows,
        )  # fmt: skip
        if plan.as_of is None:
            plan = replace(plan, as_of=self._newest(plan))
        return plan, whole["rows"][0].as_py()

    def _there(self) -> set[str]:
        """Return which children of the side files the records have."""
        if not any(self.beside):
            return set()
        called = pa.table({"called": sorted({*self.beside} - {""})})
        known = sent(self.spark, called, "called string")
        there = self.stored.select("called").join(known, "called", "left_semi").distinct()
        return set(collected(there)["called"].to_pylist())

    def _newest(self, plan: Plan) -> np.datetime64:
        """Return the last date of knowledge, looked for where the newest dates can be."""
        today = int(self.profile.today.astype(np.int64))
        records = self.stored.filter("record").withColumn("child", _child())
        newest = sql.when(sql.col("newest") > today, today).otherwise(sql.col("newest"))
        limit = _NEWEST_OF
        while True:
            found = records.groupBy("child").agg(sql.max(newest).alias("most"))
            bounds = found.orderBy(sql.desc("most")).limit(limit)
            some = collected(bounds)
            least = min(some["most"].to_pylist())
            wanted = sent(self.spark, some.select(["child"]), "child string")
            table = collected(records.join(wanted, "child", "left_semi"))
            table = table.take(pa.array(np.argsort(table["place"].to_numpy(), kind="stable")))
            rows, known, beside = replace(plan, first=-1)._rows(table)
            nothing = columns.frame(PROBLEMS, {})
            part = portion(plan.records, known, rows, beside, nothing)
            timeline = Timeline(part, self.profile.correction, None, self.profile.today)
            as_of = newest_of(timeline)
            enough = not np.isnat(as_of) and int(as_of.astype(np.int64)) >= least
            if enough or len(some) < limit or least <= LONG_AGO:
                return as_of
            limit *= 8

    def _kept(self, out: DataFrame) -> tuple[list[Kept], list[pd.DataFrame]]:
        """Return the small tables of all batches, and the problems of rows without a record."""
        small = out.filter(sql.col("kind") != _SCORED)
        batches: dict[int, dict[str, pd.DataFrame]] = {}
        faults = []
        for row in small.toLocalIterator():
            frame = exact_frame(_table_of(row["payload"]))
            if row["kind"] == "faults":
                faults.append(frame)
            else:
                batches.setdefault(row["place"], {})[row["kind"]] = frame
        names = [each.name for each in self.records.sources]
        done = []
        for place in sorted(batches):
            as_of = batches[place]["seen"]["as_of"].to_numpy().astype("datetime64[D]")[0]
            done.append(kept_of(batches[place], self.records.sides, names, as_of))
        every = columns.concatenated(PROBLEMS, faults)
        whole = every["row"] == 0  # of the whole, and told wherever some of it was read
        every = every[~(whole & every.duplicated())]
        return done, [every.reset_index(drop=True)]

    def _left(self) -> pd.DataFrame:
        """Return the problems of reading that are in no record's row."""
        places = ProblemPlaces(self.records, self.names)
        if len(places.key) == 0:
            return places.left
        keys = pa.table({"key": np.unique(places.key)})
        wanted = sent(self.spark, keys, "key bigint")
        there = self.stored.select(sql.shiftright("place", 4).alias("key"))
        found = collected(there.join(wanted, "key", "left_semi").distinct())["key"].to_numpy()
        return places.problems[~np.isin(places.key, found)].reset_index(drop=True)

    def scored(self) -> DataFrame:
        """Return all scored values in the order of the records."""
        schema = schema_of(SCORED) + "".join(f", {name} {kind}" for name, kind in _ORDER.items())
        rows = self._scored().select("payload").mapInArrow(_unpacked, schema)
        rows = rows.orderBy("derived", *_ORDER)
        return rows.select(*(column.name for column in SCORED))

    def keep_scored(self, folder: Path) -> list[Path]:
        """Write the scored values of each batch to a folder of its own; return these folders.

        Nothing is left on Spark.
        """
        done = []
        for row in self._scored().toLocalIterator(prefetchPartitions=True):
            done.append(folder / f"{row['place']:019d}")
            with writing(folder):
                done[-1].mkdir(parents=True)
                write_scored(done[-1], _table_of(row["payload"]))
        if self.out is not None:
            self.out.unpersist()
        return sorted(done)

    def _scored(self) -> DataFrame:
        assert self.out is not None  # they have been checked
        return self.out.filter(sql.col("kind") == _SCORED)

    def frames(self, checked: Checked) -> SparkChecked:
        """Return what was found as DataFrames."""
        tables = {
            "findings": (checked.findings, FINDINGS),
            "problems": (checked.problems, PROBLEMS),
            "children": (checked.children, CHILDREN),
            "contacts": (checked.contacts, CONTACTS),
        }
        found = {
            name: frame_on(self.spark, arrow_table(frame, schema).cast(arrow_schema(schema)),
                           schema_of(schema))
            for name, (frame, schema) in tables.items()
        }  # fmt: skip
        return SparkChecked(**found, scored=self.scored(), checked=checked)


def _child() -> Any:
    """Return the column of what a child is called; nobody's rows are each alone."""
    alone = sql.concat(sql.lit("~"), sql.col("place").cast("string"))
    return sql.when(sql.col("called") == "", alone).otherwise(sql.col("called"))


def frame_on(spark: SparkSession, table: pa.Table, schema: str) -> DataFrame:
    """Return a small Arrow table as a DataFrame, with any version of Spark."""
    if hasattr(DataFrame, "toArrow"):  # Spark 4, which takes Arrow too
        return spark.createDataFrame(table, schema)
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return spark.createDataFrame([*rows], schema)


def sent(spark: SparkSession, table: pa.Table, schema: str) -> DataFrame:
    """Return a small table to join with, which goes where the rows are, not they to it."""
    frame = frame_on(spark, table, schema)
    return sql.broadcast(frame) if table.num_rows <= _MOST_SENT else frame


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what Spark says of a fault into a message without any data.

    Raises
    ------
    CentilesError
        If a worker died, or something went wrong there.
    """
    try:
        yield
    except (PySparkException, Py4JError) as fault:
        ours = _OURS.search(str(fault))
        said = ours[1].rstrip(".") if ours else _DIED
        raise CentilesError(f"spark: {said}. Nothing was written") from None
