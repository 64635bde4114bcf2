"""One batch of whole children on disk, checked by whichever process takes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from centiles.checks.batches import batch_of
from centiles.checks.portions import NOBODY, Decided, Rows, portion
from centiles.checks.profiles import Profile
from centiles.engines.kept import write_kept
from centiles.engines.partials import part
from centiles.engines.slices import PLACE, Run, rows_of
from centiles.records import columns
from centiles.records.arrow_tables import frame_of
from centiles.records.columns import RECORDS
from centiles.records.reading import Records
from centiles.threads import kept_to_one

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Task:
    """A batch to check, and the folder its part of the run is kept in.

    ``runs`` are where its rows are; ``children`` the numbers of its children among all, in order.
    ``records`` is what was read, without records and with the batch's own rows of the side files,
    whose children ``beside`` are places in ``children``; ``ids`` is what these are called.
    """

    folder: Path
    name: str
    rows: int
    runs: tuple[Run, ...]
    names: tuple[str, ...]
    records: Records
    profile: Profile
    children: Integers
    ids: NDArray[np.object_]
    beside: Integers
    problems: pd.DataFrame
    as_of: np.datetime64 | None


def bare(records: Records) -> Records:
    """Return what was read without what is of single rows."""
    nothing = columns.frame(columns.PROBLEMS, {})
    return replace(
        records, frame=records.frame[:0], problems=nothing, identifiers=(), apart=(), tables=()
    )


def places_in(children: Integers, child: Integers) -> Integers:
    """Return where children stand in a list of them, nobody staying nobody.

    Examples
    --------
    >>> places_in(np.array([3, 5, 9]), np.array([9, -1, 3])).tolist()
    [2, -1, 0]
    """
    return np.where(child == NOBODY, NOBODY, np.searchsorted(children, child)).astype(np.int64)


def checked_and_kept(task: Task) -> int:
    """Check a batch and keep what it gives; return how many records it has."""
    if kept_to_one():
        pa.set_cpu_count(1)
    table = rows_of(task.runs)
    rows = Rows(
        frame_of(table, RECORDS, source=list(task.names)),
        table[PLACE].to_numpy(),
        places_in(task.children, table["child"].to_numpy()),
    )
    known = Decided(rows.child[:0], task.beside, task.ids, (), task.as_of)
    beside = np.arange(len(task.beside))
    batch = batch_of(portion(task.records, known, rows, beside, task.problems), task.profile)
    with part(task.folder, task.name) as folder:
        write_kept(batch, [each.name for each in task.records.sources], folder)
    return task.rows
