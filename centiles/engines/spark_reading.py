"""A Spark DataFrame of measurements to records, where its rows are.

What only the whole can say – which column is which, the order of dates, units – is decided on the
driver, from the distinct words of each column.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as sql

from centiles.engines.stores import newest_days, places_in_file
from centiles.errors import UsageError
from centiles.records import columns
from centiles.records.arrow_tables import arrow_schema, arrow_table
from centiles.records.cells import CellReader
from centiles.records.columns import PROBLEMS, RECORDS, Column
from centiles.records.layouts import Config
from centiles.records.mapping import Mapping, mapping_of
from centiles.records.reading import Records, Source
from centiles.records.rows import Decisions
from centiles.records.sides import SideFiles
from centiles.records.synonyms import VISIT_SLOTS
from centiles.records.tables import TextColumn, TextTable, table_of_arrow

_SAMPLE_ROWS: Final = 2_000
_MOST_WORDS: Final = 200_000  # of a column whose words decide something
_KINDS: Final = {
    "text": "string", "word": "string", "date": "date", "number": "double", "integer": "bigint",
    "flag": "boolean",
}  # fmt: skip
_DECIDING: Final = frozenset(("child_id", "household_id", "team", "reason"))  # these do not
_LONG: Final = ("measure", "code", "value", "unit")  # what each says depends on the others
_ROW: Final = "row"


def schema_of(schema: tuple[Column, ...]) -> str:
    """Return declared columns as Spark has them."""
    return ", ".join(f"`{column.name}` {_KINDS[column.kind]}" for column in schema)


SCHEMA: Final = (
    schema_of(RECORDS) + ", place bigint, newest bigint, called string, faults string, "
    "record boolean"
)


def collected(frame: DataFrame) -> pa.Table:
    """Return a small DataFrame as Arrow, with any version of Spark."""
    if hasattr(frame, "toArrow"):
        return frame.toArrow()
    rows = [row.asDict() for row in frame.collect()]
    names = frame.columns
    return pa.table({name: [row[name] for row in rows] for name in names})


@dataclass(frozen=True)
class Reader:
    """How the rows of a DataFrame are read, wherever they are."""

    name: str
    headers: tuple[str, ...]
    mapping: Mapping
    decided: Decisions
    described: dict[str, str]
    config: Config

    def records(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the records in some rows, each with its place and what its child is called.

        The problems of a row stand beside its first record, as text; those of a row without any
        beside nothing, marked as no ``record``.
        """
        for batch in batches:
            if batch.num_rows:
                yield from self._read(pa.Table.from_batches([batch])).to_batches()

    def _read(self, rows: pa.Table) -> pa.Table:
        table = _table(self.name, self.headers, rows)
        if self.config.missing:
            table = table.without_words(self.config.missing)
        reader = CellReader(table, self.mapping, self.decided)
        frame = reader.records()
        called = reader.identifiers().columns[0].texts()
        order = np.argsort(table.rows, kind="stable")
        at = order[np.searchsorted(table.rows[order], frame["row"].to_numpy())]
        place = places_in_file(frame["row"].to_numpy())
        faults = _as_text(reader.problems())
        beside = np.full(len(frame), "", dtype=object)
        first = np.flatnonzero(place % 16 == 0)
        beside[first] = [faults.pop(row, "") for row in frame["row"].to_numpy()[first].tolist()]
        found = arrow_table(frame, RECORDS).cast(arrow_schema(RECORDS))
        more = {
            "place": place, "newest": newest_days(frame, np.datetime64("9999-12-31")),
            "called": pd.Series(called).to_numpy(dtype=object)[at], "faults": beside,
            "record": np.ones(len(frame), dtype=np.bool_),
        }  # fmt: skip
        for name, part in more.items():
            found = found.append_column(name, pa.array(part))
        return pa.concat_tables([found, _faults_only(faults, found.schema)]).combine_chunks()


def _table(name: str, headers: tuple[str, ...], rows: pa.Table) -> TextTable:
    table = table_of_arrow(name, "", headers, [rows[header] for header in headers])
    return replace(table, rows=rows[_ROW].cast(pa.int64()).to_numpy())


def _as_text(problems: pd.DataFrame) -> dict[int, str]:
    """Return problems by their row: code, column and suggestion of each."""
    found: dict[int, list[list[str]]] = {}
    each = problems[["row", "code", "column", "suggestion"]].astype({"code": str})
    for row, *said in each.itertuples(index=False, name=None):
        found.setdefault(row, []).append(said)
    return {row: json.dumps(said) for row, said in found.items()}


def problems_in(texts: list[tuple[int, str]], name: str) -> pd.DataFrame:
    """Return problems from the rows they are in and what stands beside these."""
    found = [(row, *said) for row, text in texts if text for said in json.loads(text)]
    parts = [
        columns.problems(
            code,
            name,
            np.array([row for row, own, *_ in found if own == code], dtype=np.int64),
            [column for _, own, column, _ in found if own == code],
            [said for _, own, _, said in found if own == code],
        )
        for code in dict.fromkeys(code for _, code, *_ in found)
    ]
    return columns.concatenated(PROBLEMS, parts)


def _faults_only(faults: dict[int, str], schema: pa.Schema) -> pa.Table:
    rows = [
        {"row": row, "place": row << 4, "newest": 0, "called": "", "faults": said, "record": False}
        for row, said in faults.items()
    ]
    return pa.Table.from_pylist(rows, schema)


def reader_of(df: DataFrame, name: str, config: Config) -> Reader:
    """Return how a DataFrame is read, from the distinct words of its columns.

    Raises
    ------
    MappingError
        If a column, a date order, a unit or a code cannot be decided without a guess.
    UsageError
        If its children have several identifiers, or their gestation in rows of its own.
    """
    headers = tuple(each for each in df.columns if each != _ROW)
    config = config.for_file(name)
    sample = collected(df.limit(_SAMPLE_ROWS))
    first = mapping_of(_table(name, headers, sample), config)
    mapped = {place for slot, place in first.columns.items() if slot not in _DECIDING}
    words = {place: _distinct(sample[header]) for place, header in enumerate(headers)}
    for places in _groups(first, mapped):
        found = _words(df, [headers[place] for place in places], sample)
        words |= dict(zip(places, found, strict=True))
    whole = _whole(name, headers, [words[place] for place in range(len(headers))])
    mapping = mapping_of(whole, config)
    if mapping.aliases or config.merge.by_name:
        raise UsageError(
            f"{name}: found {1 + len(mapping.aliases)} columns that name the child, expected one; "
            "drop the others, or check the files with --engine spark, which joins them"
        )
    reader = CellReader(whole, mapping)
    decided = reader.decide()
    if decided.gestations is not None:
        raise UsageError(
            f"{name}: found rows that say a gestation, expected a column of gestations"
        )
    decided.children.clear()
    return Reader(name, headers, mapping, decided, reader.described(), config)


def _distinct(column: pa.ChunkedArray) -> TextColumn:
    words = table_of_arrow("", "", ("",), [column]).columns[0]
    return TextColumn(words.words, np.arange(len(words.words), dtype=np.int32))


def _groups(mapping: Mapping, mapped: set[int]) -> list[list[int]]:
    """Return the columns that decide, those together whose words mean something together.

    A value is in the unit beside it, and of the measure beside it: which of them go together only
    whole rows say.
    """
    there = mapping.columns
    slots: list[tuple[str, ...]] = [(each, f"{each}_unit", "unit") for each in VISIT_SLOTS]
    groups: list[list[int]] = []
    left = set(mapped)
    for some in [_LONG] if mapping.long else slots:
        places = sorted({there[slot] for slot in some if slot in there} & left)
        if len(places) > 1:
            groups.append(places)
            left -= {*places}
    return [*groups, *([place] for place in sorted(left))]


def _words(df: DataFrame, headers: list[str], sample: pa.Table) -> Sequence[TextColumn]:
    """Return the distinct rows of some columns; those of a sample, where there are too many."""
    quoted = [f"`{header.replace('`', '``')}`" for header in headers]
    every = collected(df.select(*quoted).distinct().limit(_MOST_WORDS + 1))
    rows = every if len(every) <= _MOST_WORDS else sample
    return table_of_arrow("", "", tuple(headers), [rows[each] for each in headers]).columns


def _whole(name: str, headers: tuple[str, ...], words: list[TextColumn]) -> TextTable:
    """Return a table that has every word once, in rows that mean nothing."""
    rows = max(len(column.codes) for column in words)
    padded = tuple(
        TextColumn(each.words, np.append(each.codes, np.full(rows - len(each.codes), -1, np.int32)))
        for each in words
    )
    return TextTable(name, "", headers, padded, np.arange(rows, dtype=np.int64) + 2)


def meta_of(reader: Reader, stored: DataFrame, sides: SideFiles) -> Records:
    """Return what is known of the records in a DataFrame, without them."""
    contact = sql.col("value").isNull() & (
        (sql.col("raw") == "") | (sql.col("raw") == sql.col("reason"))
    )
    counted = stored.filter("record").agg(
        sql.count("*").alias("records"),
        sql.sum(contact.cast("bigint")).alias("contacts"),
        sql.countDistinct(sql.shiftright("place", 4)).alias("rows"),
    )
    total = collected(counted).to_pylist()[0]
    contacts = int(total["contacts"] or 0)
    said = {"preset": "none", **reader.described}
    source = Source(
        reader.name, "", int(total["rows"]), int(total["records"]) - contacts, contacts, said
    )
    nothing = columns.frame(RECORDS, {}), columns.frame(PROBLEMS, {})
    return Records(*nothing, (source,), config=reader.config, sides=sides)
