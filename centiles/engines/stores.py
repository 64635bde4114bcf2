"""Records on disk, each with what tells whose it is: read in blocks, taken out in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from centiles.checks.portions import NOBODY, SOURCE_BIT, batches_of
from centiles.engines.partials import writing
from centiles.engines.slices import PLACE, Divided, runs_of, write_runs
from centiles.records import columns
from centiles.records.arrow_tables import arrow_schema, arrow_table
from centiles.records.columns import RECORDS
from centiles.records.identities import Identities
from centiles.records.nodes import Identifiers
from centiles.records.reading import Records
from centiles.records.refusals import Statements
from centiles.records.statements import (
    earliest,
    identities_of,
    not_yet_known,
    rows_of_all,
    said_of_children,
    stop_if_undated,
)
from centiles.records.tables import TextColumn

Integers = NDArray[np.int64]
Dates = NDArray[np.datetime64]

ROW_BIT: Final = 4  # where the row begins in a record's place: no row has more than 16 values
PLACE_BIT: Final = SOURCE_BIT + ROW_BIT  # where the file begins
_ROWS: Final = (1 << SOURCE_BIT) - 1
_MONTH: Final = 31
_NO_CODE: Final = -1
LONG_AGO: Final = -(1 << 30)


class Store:
    """The records of a run on disk, in the order they were read.

    Beside the columns of records each has: ``place``, which puts all records in the order of
    sources and rows; ``node``, the identifier it goes by; ``id0`` and so on, the word of each
    column of identifiers; what it says of its child (``said_sex``, ``said_born``, ``idle``);
    ``newest``, a day no date of its child's knowledge is after; and ``nobody``, the batch of a
    record without an identifier.
    """

    def __init__(
        self, folder: Path, rows: int, asked: np.datetime64 | None, today: np.datetime64
    ) -> None:
        self.folder, self.rows = folder, rows
        self.asked = np.datetime64("NaT", "D") if asked is None else asked
        self.today = today
        self.names: list[str] = []  # the files of values
        self.bases: list[list[int]] = []  # the number of the first word of each of their columns
        self.known: list[Identifiers] = []
        self.nodes = self.nameless = self.records = 0
        self.dated = False
        (folder / "records").mkdir()

    def add(self, frame: pd.DataFrame, identifiers: Identifiers, first: int, last: int) -> None:
        """Take the records of some rows of a file."""
        number = self._source(identifiers)
        rows = identifiers.rows[first:last]
        at = np.searchsorted(np.sort(rows), frame["row"].to_numpy())
        at = np.argsort(rows, kind="stable")[at]
        parts = self._keys(number, identifiers, at + first) | self._said(frame)
        parts[PLACE] = (number << PLACE_BIT) + places_in_file(frame["row"].to_numpy())
        nobody = parts["node"] == NOBODY
        count = np.cumsum(nobody) - 1 + self.nameless
        self.nameless += int(nobody.sum())
        parts["nobody"] = np.where(nobody, count // self.rows, _NO_CODE)
        with writing(self.folder):
            self._put(arrow_table(frame, RECORDS), parts, f"{self.records:015d}")
        self.records += len(frame)

    def _put(self, table: pa.Table, parts: dict[str, NDArray[Any]], name: str) -> None:
        """Write records with what belongs to each."""
        table = with_columns(table.cast(arrow_schema(RECORDS)), parts)
        pq.write_table(table, self.folder / "records" / f"{name}.parquet")

    def _source(self, identifiers: Identifiers) -> int:
        """Return the number of a file, giving each of its identifiers one at the first sight."""
        if identifiers.source not in self.names:
            self.names.append(identifiers.source)
            sizes = [len(column.words) for column in identifiers.columns]
            self.bases.append((self.nodes + np.cumsum([0, *sizes[:-1]])).tolist())
            self.nodes += sum(sizes)
            self.known.append(identifiers)
        return self.names.index(identifiers.source)

    def _keys(
        self, number: int, identifiers: Identifiers, at: NDArray[np.intp]
    ) -> dict[str, NDArray[Any]]:
        """Return the words of each record's identifiers, and the identifier it goes by."""
        codes = [np.asarray(column.codes[at]) for column in identifiers.columns]
        parts: dict[str, NDArray[Any]] = {f"id{k}": each for k, each in enumerate(codes)}
        return parts | {"node": self.node_of(number, codes)}

    def node_of(self, number: int, codes: Sequence[NDArray[Any]]) -> Integers:
        """Return the number of the best-ranked identifier of records, −1 where they have none."""
        node = np.full(len(codes[0]), NOBODY, dtype=np.int64)
        columns_ = zip(codes, self.known[number].columns, self.bases[number], strict=True)
        for code, column, base in reversed(list(columns_)):
            blank = np.append((column.stripped == "").to_numpy(), True)
            node = np.where(blank[code], node, base + code.astype(np.int64))
        return node

    def _said(self, frame: pd.DataFrame) -> dict[str, NDArray[Any]]:
        """Return what records say of their children, and the newest day they can tell of."""
        measured, recorded = (
            frame[name].to_numpy().astype("datetime64[D]")
            for name in ("measured_on", "recorded_on")
        )
        monthly = (frame["date_precision"] == "month").to_numpy()
        self.dated |= bool((~np.isnat(measured) | ~np.isnat(recorded)).any())
        first = earliest(measured, monthly)
        later = not_yet_known(first, recorded, asked=self.asked, today=self.today)
        said = said_of_children(frame, later)
        return {
            "said_sex": said.sex.astype(np.int8),
            "said_born": said.born,
            "idle": later,
            "newest": newest_days(frame, self.today),
        }

    def stop_if_undated(self) -> None:
        """Stop where a date of knowledge is asked for and no record has a date."""
        if not self.dated:
            stop_if_undated(self.asked)

    def identities(self, records: Records, distinct: pa.Table) -> Identities:
        """Return whose each row is, from the rows that say different things.

        Parameters
        ----------
        records
            What was read.
        distinct
            ``id0`` and so on, ``said_sex``, ``said_born``, ``idle``, the least ``place`` of each
            and how many ``times`` it is there, by place. Rows of the side files follow them.
        """
        place = distinct[PLACE].to_numpy()
        number, row = place >> PLACE_BIT, (place >> ROW_BIT) & _ROWS
        frame = pd.DataFrame(
            {
                "source": columns.categorical(number, self.names),
                "row": row,
                "child_id": pd.Series(np.full(len(row), ""), dtype="str"),
            }
        )
        series = {each.source: each.series for each in records.identifiers}
        known = [
            replace(self._some(k, row, number == k, distinct), series=series[name])
            for k, name in enumerate(self.names)
        ]
        names = ("said_sex", "said_born", "times")
        said = Statements(*(distinct[name].to_numpy() for name in names))
        some = replace(records, identifiers=tuple(known))
        later = distinct["idle"].to_numpy()
        return identities_of(some, rows_of_all(frame, records.sides), said, later, asked=self.asked)

    def _some(
        self, number: int, row: Integers, mine: NDArray[np.bool_], distinct: pa.Table
    ) -> Identifiers:
        """Return the identifiers of some rows of a file, each row once."""
        known = self.known[number]
        at = np.flatnonzero(mine)
        rows, first = np.unique(row[at], return_index=True)
        some = tuple(
            TextColumn(column.words, _codes(distinct, k)[at[first]])
            for k, column in enumerate(known.columns)
        )
        return replace(known, rows=rows, columns=some)

    def children_of(self, distinct: pa.Table, child: Integers) -> Integers:
        """Return the child of each node, −1 for a word no record goes by."""
        found = np.full(self.nodes, NOBODY, dtype=np.int64)
        number = distinct[PLACE].to_numpy() >> PLACE_BIT
        for k in range(len(self.names)):
            at = np.flatnonzero(number == k)
            known = self.known[k].columns
            codes = [_codes(distinct, j)[at] for j in range(len(known))]
            node = self.node_of(k, codes)
            there = node != NOBODY
            found[node[there]] = child[at[there]]
        return found


class DividedStore(Store):
    """A store whose records are divided into batches once it is known whose they are.

    What tells that is in files of its own, the keys: few numbers a record.
    """

    def __init__(
        self, folder: Path, rows: int, asked: np.datetime64 | None, today: np.datetime64
    ) -> None:
        super().__init__(folder, rows, asked, today)
        for name in ("keys", "batches"):
            (folder / name).mkdir()

    @property
    def keys(self) -> str:
        """The pattern of the files of keys."""
        return str(self.folder / "keys" / "*.parquet")

    def _put(self, table: pa.Table, parts: dict[str, NDArray[Any]], name: str) -> None:
        table = with_columns(table, {each: parts[each] for each in (PLACE, "node", "nobody")})
        write_runs(self.folder / "records" / f"{name}.arrow", table, [table.num_rows])
        pq.write_table(
            pa.table(parts), self.folder / "keys" / f"{name}.parquet",
            compression="lz4", use_dictionary=False,
        )  # fmt: skip

    def divide(self, batching: Batching) -> Divided:
        """Return the records divided into batches, each with its child."""
        found = Divided()
        for path in sorted((self.folder / "records").iterdir()):
            (run,) = runs_of(path, [0])
            node, nobody = run["node"].to_numpy(), run["nobody"].to_numpy()
            table = pa.Table.from_batches([run]).drop_columns(["node", "nobody"])
            table = table.append_column("child", pa.array(batching.children(node)))
            with writing(self.folder):
                found.add(self.folder / "batches" / path.name, table, batching.of(node, nobody))
                path.unlink()
        return found


@dataclass(frozen=True)
class Batching:
    """Which batch each record is in.

    ``child`` is that of each node, −1 for none; ``batch`` that of each child, of which there are
    ``count``; those of records of nobody follow.
    """

    child: Integers
    batch: Integers
    count: int

    def children(self, node: Integers) -> Integers:
        """Return the child of records that go by these nodes."""
        return np.append(self.child, NOBODY)[node]

    def of_children(self, child: Integers) -> Integers:
        """Return the batch of children; rows of side files that name nobody are in the first."""
        return np.append(self.batch, 0)[child]

    def of(self, node: Integers, nobody: Integers) -> Integers:
        """Return the batch of records, from their nodes and their batch if they are nobody's."""
        mine = self.of_children(self.children(node))
        return np.where(node == NOBODY, self.count + nobody, mine)


def with_columns(table: pa.Table, parts: dict[str, NDArray[Any]]) -> pa.Table:
    """Return a table with more columns."""
    for name, part in parts.items():
        table = table.append_column(name, pa.array(part))
    return table


def _codes(distinct: pa.Table, k: int) -> NDArray[np.int32]:
    """Return the words of a column of identifiers, −1 in files that have no such column."""
    return np.asarray(distinct[f"id{k}"].fill_null(_NO_CODE).to_numpy(), dtype=np.int32)


def newest_days(frame: pd.DataFrame, today: np.datetime64) -> Integers:
    """Return for each record a day since 1970 that no date it can tell of is after.

    Dates in the future tell of nothing; a month may turn out to be any of its days.
    """
    found = np.full(len(frame), LONG_AGO, dtype=np.int64)
    for name in ("measured_on", "recorded_on", "birth_date"):
        dates = frame[name].to_numpy().astype("datetime64[D]")
        known = ~np.isnat(dates) & (dates <= today)
        days = np.where(known, dates.astype(np.int64), LONG_AGO)
        found = np.maximum(found, days)
    vague = (frame[["date_precision", "birth_precision"]] == "month").any(axis=1).to_numpy()
    return np.where(vague, found + _MONTH, found)


def places_in_file(row: Integers) -> Integers:
    """Return where each record stands in its file: by row, those of one row as they come.

    Examples
    --------
    >>> places_in_file(np.array([2, 2, 3])).tolist()
    [32, 33, 48]
    """
    new = np.ones(len(row), dtype=np.bool_)
    new[1:] = row[1:] != row[:-1]
    start = np.maximum.accumulate(np.where(new, np.arange(len(row)), 0))
    return (row << ROW_BIT) + (np.arange(len(row)) - start)


def batches_by_child(sizes: Integers, rows: int) -> tuple[Integers, int]:
    """Return the number of each child's batch, and how many there are with records.

    A child that is in side files only is in one of these, if there is any.

    Examples
    --------
    >>> batch, count = batches_by_child(np.array([2, 2, 0]), 2)
    >>> batch.tolist(), count
    ([0, 1, 1], 2)
    """
    batch = batches_of(sizes, rows)
    there = batch[sizes > 0]
    count = int(there.max(initial=-1)) + 1
    return np.minimum(batch, max(count - 1, 0)).astype(np.int64), count
