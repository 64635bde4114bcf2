"""The engine for exports larger than memory: records on disk, batches of whole children taken out.

Files are read in blocks; DuckDB groups, joins and sorts what is on disk; each batch goes through
the same check as a whole cohort in memory does, and what it gives is kept on disk until all are
done. A run that is cut short goes on from its last batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from centiles.checks.checked import Checked
from centiles.checks.pipeline import earlier, finished
from centiles.checks.portions import (
    NOBODY,
    Decided,
    Integers,
    ProblemPlaces,
    Rows,
    newest_of,
    portion,
    some_of,
)
from centiles.checks.profiles import Profile, profile_of
from centiles.checks.together import together
from centiles.engines.kept import read_kept, read_scored, totals_of, with_values
from centiles.engines.partials import Partial, key_of, partial_of, writing
from centiles.engines.slices import PLACE, by_place
from centiles.engines.stores import LONG_AGO, Batching, DividedStore, batches_by_child
from centiles.engines.tasks import Task, bare, checked_and_kept, places_in
from centiles.records import columns
from centiles.records.arrow_tables import frame_of
from centiles.records.columns import RECORDS
from centiles.records.reading import Records, read
from centiles.records.timelines import Timeline
from centiles.workers import each_done

BATCH_ROWS: Final = 250_000
MEMORY: Final = "512MB"
_NEWEST_OF: Final = 2_000  # children whose newest dates are looked at first
_FAULTS: Final = (duckdb.IOException, duckdb.OutOfMemoryException)  # a full disk ends in either

Progress = Callable[[int, int], None]


class Engine:
    """A check of exports too large for memory, whose unfinished parts stand beside its results."""

    def __init__(
        self,
        results: str | Path,
        *,
        as_of: Any = None,
        today: Any = None,
        rows: int = BATCH_ROWS,
        workers: int = 1,
    ) -> None:
        """Prepare to read.

        Parameters
        ----------
        results
            The result folder; ``DIR.partial/`` beside it is used meanwhile.
        as_of, today
            As :func:`centiles.checks.check` has them.
        rows
            How many records make a batch; a child with more has one of its own.
        workers
            How many processes check batches at once. With more than one, a script that calls this
            does so under ``if __name__ == "__main__":``, as for all processes that Python starts.
        """
        asked = profile_of(as_of=as_of, today=today)
        self.rows, self.workers = rows, workers
        self.partial = Partial(partial_of(results))
        scratch = self.partial.scratch
        self.store = DividedStore(scratch, rows, asked.as_of, asked.today)
        self.base = duckdb.connect()
        self.base.execute(f"SET memory_limit='{MEMORY}'")
        self.base.execute(f"SET temp_directory='{_quoted(scratch / 'sorting')}'")
        self.base.execute("SET preserve_insertion_order=false")

    def read(self, exports: Any, **reading: Any) -> Records:
        """Return what exports say, their records on disk; as :func:`centiles.records.read`."""
        return read(exports, **reading, keep=self.store)

    def check(
        self,
        records: Records,
        *,
        previous: str | Path | None = None,
        charted: bool = True,
        progress: Progress | None = None,
        **options: Any,
    ) -> Checked:
        """Return what the records hold, as :func:`centiles.checks.check` does.

        Parameters
        ----------
        records
            What :meth:`read` returned.
        previous
            The result folder of an earlier run.
        charted
            Whether to have the values of the children with an open finding, to draw them.
        progress
            Called with how many records are checked and how many there are.
        options
            The other options of :func:`centiles.checks.check`.
        """
        profile = profile_of(**options)
        before = earlier(previous, profile)
        self.store.stop_if_undated()
        with writing(self.partial.folder, _FAULTS):
            done = self.partial.begin(key_of(records, profile, rows=self.rows))
            known, left = self._decide(records, profile)
            tasks = list(self._tasks(records, profile, known, done))
            so_far = self.store.records - sum(task.rows for task in tasks)
            for rows in each_done(checked_and_kept, tasks, self.workers):
                so_far += rows
                if progress is not None:
                    progress(so_far, self.store.records)
            problems = [left, *known.problems, records.sides.problems]
            as_of = np.datetime64("NaT", "D") if known.as_of is None else known.as_of
            del tasks, known
            self._forget()
            names = [each.name for each in records.sources]
            kept = [read_kept(each, records.sides, names, as_of) for each in self.partial.done]
            totals = totals_of(kept)
            batches = [kept.pop(0).batch for _ in range(len(kept))]
            checked = finished(together(batches, problems), records, profile, before, totals)
            if not charted:
                return checked
            return with_values(checked, self.partial.done, self.store.names, self.rows)

    def _forget(self) -> None:
        """Let go of what told whose each record is: what follows needs the room."""
        self.base.close()
        del self.batching, self.divided, self.problems, self.problem_batch
        pa.default_memory_pool().release_unused()

    def scored(self, rows: int = BATCH_ROWS) -> Iterator[pa.Table]:
        """Yield the scored values of all records in their order, some at a time."""
        with writing(self.partial.folder):
            yield from read_scored(self.partial.done, rows)

    def close(self, *, done: bool) -> str:
        """Remove what is on disk, but not what a rerun goes on from; return what to say of it."""
        self.base.close()
        return self.partial.close(done=done)

    @property
    def _keys(self) -> str:
        return f"read_parquet('{_quoted(Path(self.store.keys))}', union_by_name=true)"

    def _decide(self, records: Records, profile: Profile) -> tuple[Decided, pd.DataFrame]:
        """Divide the records into batches; return what all say, and problems of no record."""
        store, base = self.store, self.base
        ids = "".join(f"id{k}, " for k in range(max(len(each.columns) for each in store.known)))
        distinct = base.sql(
            f"SELECT {ids}said_sex, said_born, idle, place >> 44 AS number, min(place) AS place, "
            f"count(*) AS times FROM {self._keys} GROUP BY ALL ORDER BY place"
        ).to_arrow_table()
        settled = store.identities(records, distinct)
        child, beside = settled.child[: len(distinct)], settled.child[len(distinct) :]
        of_node = store.children_of(distinct, child)
        times = distinct["times"].to_numpy()
        sizes = np.bincount(child[child >= 0], times[child >= 0], minlength=len(settled.ids))
        batch, count = batches_by_child(sizes.astype(np.int64), self.rows)
        self.batching = Batching(of_node, batch, count)
        self.divided = store.divide(self.batching)
        known = Decided(child[:0], beside, settled.ids, settled.problems, profile.as_of)
        if known.as_of is None:
            known = replace(known, as_of=self._newest(records, known, profile, of_node))
        return known, self._left(records)

    def _left(self, records: Records) -> pd.DataFrame:
        """Give each batch the problems of its rows; return those that are in no record's row."""
        places = ProblemPlaces(records, self.store.names)
        self.base.register("faults", pa.table({"row": np.unique(places.key)}))
        there = self.base.sql(
            f"SELECT place >> 4 AS row, node, nobody FROM {self._keys} "
            "WHERE place >> 4 IN (SELECT row FROM faults)"
        ).to_arrow_table()
        self.base.unregister("faults")
        batch = self.batching.of(there["node"].to_numpy(), there["nobody"].to_numpy())
        rows = pd.DataFrame({"row": there["row"].to_numpy(), "batch": batch}).drop_duplicates()
        key = pd.DataFrame({"row": places.key, "at": np.arange(len(places.key))})
        mine = key.merge(rows, on="row")
        self.problems = places.problems.take(mine["at"].to_numpy()).reset_index(drop=True)
        self.problem_batch = mine["batch"].to_numpy()
        gone = np.isin(places.key, rows["row"].to_numpy(), invert=True)
        return places.problems[gone].reset_index(drop=True)

    def _newest(
        self, records: Records, known: Decided, profile: Profile, of_node: Integers
    ) -> np.datetime64:
        """Return the last date of knowledge of all records.

        It is looked for in the children who can have the newest dates; no other has a newer one.
        """
        limit = _NEWEST_OF
        self.base.register("nodes", pa.table({"node": np.arange(len(of_node)), "child": of_node}))
        while True:
            bounds = self.base.sql(
                "SELECT coalesce(child, -1) AS child, max(newest) AS newest, "
                "CASE WHEN node < 0 THEN place ELSE -1 END AS one "
                f"FROM {self._keys} LEFT JOIN nodes USING (node) "
                f"GROUP BY ALL ORDER BY newest DESC LIMIT {limit}"
            ).to_arrow_table()
            some, ones = (np.unique(bounds[name].to_numpy()) for name in ("child", "one"))
            least = int(bounds["newest"][-1].as_py())
            rows = self._rows_of(some[some != NOBODY], ones[ones >= 0])
            beside = np.flatnonzero(np.isin(known.beside, some))
            nothing = columns.frame(columns.PROBLEMS, {})
            part = portion(records, known, rows, beside, nothing)
            found = newest_of(Timeline(part, profile.correction, None, profile.today))
            enough = not np.isnat(found) and int(found.astype(np.int64)) >= least
            if enough or len(bounds) < limit or least == LONG_AGO:
                return found
            limit *= 8

    def _rows_of(self, children: Integers, places: Integers) -> Rows:
        """Return the records of some children, and those of nobody at some places."""
        mine = {*np.unique(self.batching.of_children(children)).tolist()}
        if len(places):
            mine |= {batch for batch in self.divided.sizes if batch >= self.batching.count}
        found = []
        for batch in sorted(mine & self.divided.sizes.keys()):
            table = self.divided.of(batch)
            named = np.isin(table["child"].to_numpy(), children)
            found.append(table.filter(pa.array(named | np.isin(table[PLACE].to_numpy(), places))))
        table = by_place(pa.concat_tables(found))
        frame = frame_of(table, RECORDS, source=self.store.names)
        return Rows(frame, table[PLACE].to_numpy(), table["child"].to_numpy())

    def _tasks(
        self, records: Records, profile: Profile, known: Decided, done: list[str]
    ) -> Iterator[Task]:
        """Yield the batches that are not done already."""
        mine = in_batches(self.batching.batch)
        beside = in_batches(self.batching.of_children(known.beside))
        faults = in_batches(self.problem_batch)
        plain = bare(records)
        for number, rows in sorted(self.divided.sizes.items()):
            name = f"{number:09d}"
            if name in done:
                continue
            children, at = mine(number), beside(number)
            yield Task(
                folder=self.partial.parts, name=name, rows=rows,
                runs=tuple(self.divided.runs[number]), names=tuple(self.store.names),
                records=replace(plain, sides=some_of(records.sides, at)), profile=profile,
                children=children, ids=known.ids[children],
                beside=places_in(children, known.beside[at]),
                problems=self.problems.take(faults(number)), as_of=known.as_of,
            )  # fmt: skip


def in_batches(batch: Integers) -> Callable[[int], Integers]:
    """Return what gives the places of a batch, in order; sorted once for all batches.

    Examples
    --------
    >>> in_batches(np.array([1, 0, 1]))(1).tolist()
    [0, 2]
    """
    order = np.argsort(batch, kind="stable")
    ordered = batch[order]

    def places(number: int) -> Integers:
        first, last = np.searchsorted(ordered, [number, number + 1])
        return order[first:last]

    return places


def _quoted(path: Path) -> str:
    """Return a path as SQL has it between single quotation marks."""
    return str(path).replace("'", "''")
