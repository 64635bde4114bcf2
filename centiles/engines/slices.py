"""Rows on disk as Arrow, some at a time: divided into batches, and merged again in their order.

Files are written once, in runs of rows that are read together; each is read by the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Run = tuple[Path, int]  # a file, and which of its runs

PLACE: Final = "place"
RUN_ROWS: Final = 4096
_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="lz4")


def write_runs(path: Path, table: pa.Table, ends: Sequence[int]) -> None:
    """Write a table, its rows up to each of these places as a run of their own."""
    whole = table.combine_chunks()
    with (
        pa.OSFile(str(path), "wb") as file,
        pa.ipc.new_file(file, table.schema, options=_OPTIONS) as writer,
    ):
        for first, last in zip([0, *ends[:-1]], ends, strict=True):
            writer.write_table(whole.slice(first, last - first))


def runs_of(path: Path, which: Iterable[int]) -> Iterator[pa.RecordBatch]:
    """Yield some runs of a file."""
    with pa.OSFile(str(path), "rb") as file:
        reader = pa.ipc.open_file(file)
        for number in which:
            yield reader.get_batch(number)


class Divided:
    """Files of rows, each divided into runs of one batch; a batch is a run of some of them."""

    def __init__(self) -> None:
        self.runs: dict[int, list[Run]] = {}
        self.sizes: dict[int, int] = {}

    def add(self, path: Path, table: pa.Table, batch: Integers) -> None:
        """Write a table, whose rows are of these batches, keeping their order in each."""
        if (batch[1:] < batch[:-1]).any():
            order = np.argsort(batch, kind="stable")
            table, batch = table.take(order), batch[order]
        batches, sizes = np.unique(batch, return_counts=True)
        write_runs(path, table, np.cumsum(sizes).tolist())
        for run, (mine, size) in enumerate(zip(batches.tolist(), sizes.tolist(), strict=True)):
            self.runs.setdefault(mine, []).append((path, run))
            self.sizes[mine] = self.sizes.get(mine, 0) + size

    def of(self, batch: int) -> pa.Table:
        """Return the rows of a batch in the order of their places."""
        return rows_of(self.runs[batch])


def rows_of(runs: Sequence[Run]) -> pa.Table:
    """Return the rows of some runs in the order of their places."""
    found = [run for path, at in runs for run in runs_of(path, [at])]
    return by_place(pa.Table.from_batches(found))


def by_place(table: pa.Table) -> pa.Table:
    """Return rows in the order of their places; those of one place stay as they are."""
    table = table.unify_dictionaries()
    place = table[PLACE].to_numpy()
    if (place[1:] >= place[:-1]).all():
        return table
    return table.take(np.argsort(place, kind="stable"))


def write_sorted(path: Path, table: pa.Table) -> None:
    """Write rows in the order of their places, to be merged with those of other files."""
    ends = [*range(RUN_ROWS, table.num_rows, RUN_ROWS), table.num_rows]
    write_runs(path, by_place(table), ends)


def merged(paths: Sequence[Path], rows: int) -> Iterator[pa.Table]:
    """Yield the rows of files that :func:`write_sorted` wrote, in the order of all their places.

    Held are the rows that are yielded next, and of each file one run at most.

    Parameters
    ----------
    paths
        The files.
    rows
        About how many rows are yielded at once.
    """
    files = [_Sorted(path) for path in paths]
    while files := [each for each in files if each.left]:
        ends = np.sort(np.concatenate([each.ends for each in files]))
        bound = int(ends[min(max(rows // RUN_ROWS, 1), len(ends)) - 1])
        yield by_place(pa.concat_tables([each.upto(bound) for each in files]))


class _Sorted:
    """A file of rows in order, of which some are taken already."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with pa.OSFile(str(path), "rb") as file:
            at = pa.ipc.open_file(file).schema.get_field_index(PLACE)
            reader = pa.ipc.open_file(file, options=pa.ipc.IpcReadOptions(included_fields=[at]))
            self.nothing = pa.ipc.open_file(file).schema.empty_table()
            runs = [reader.get_batch(k)[PLACE].to_numpy() for k in range(reader.num_record_batches)]
        self.last = np.array([run[-1] for run in runs if len(run)], dtype=np.int64)
        self.next, self.held = 0, self.nothing  # the first run that is not read; what is left over

    @property
    def left(self) -> bool:
        """Whether there are rows that are not taken."""
        return self.held.num_rows > 0 or self.next < len(self.last)

    @property
    def ends(self) -> Integers:
        """The last place of each run that is left."""
        return self.last[self.next - (self.held.num_rows > 0) :]

    def upto(self, bound: int) -> pa.Table:
        """Take the rows that are left, up to this place."""
        stop = min(int(np.searchsorted(self.last, bound)) + 1, len(self.last))
        more = pa.Table.from_batches(
            runs_of(self.path, range(self.next, stop)), schema=self.nothing.schema
        )
        rows = pa.concat_tables([self.held, more])
        self.next = max(stop, self.next)
        cut = int(np.searchsorted(rows[PLACE].to_numpy(), bound, side="right"))
        self.held = rows.slice(cut)
        return rows.slice(0, cut)
