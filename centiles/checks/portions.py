"""Records divided into batches of whole children, each checked as if it were alone.

What only all records together can say is decided first: who is who, and the last date of
knowledge. Every engine divides records by the same functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.checks.profiles import Profile
from centiles.records import columns
from centiles.records.reading import Records, Whole
from centiles.records.sides import KINDS, SideFiles
from centiles.records.timelines import Timeline, in_order

Integers = NDArray[np.int64]
NOBODY = -1
SOURCE_BIT: Final = 40  # where the number of the file begins, above the row
_AFTER_ALL = 1 << 62  # the places of the rows of side files, behind those of all records


@dataclass(frozen=True)
class Decided:
    """What was decided with all records.

    ``child`` is the child of each record, and ``beside`` that of each row of the side files:
    places in ``ids``, −1 for nobody. ``problems`` were found on the way. ``as_of`` is the last
    date of knowledge, None while that is not decided.
    """

    child: Integers
    beside: Integers
    ids: NDArray[np.object_]
    problems: tuple[pd.DataFrame, ...]
    as_of: np.datetime64 | None


def decided(records: Records, profile: Profile) -> Decided:
    """Return what only all records together can say.

    Raises
    ------
    UsageError
        If a date of knowledge is asked for, and the records have ages only.
    """
    whole = Timeline(records, profile.correction, profile.as_of, profile.today)
    known = whole.identities
    rows = len(records.frame)
    return Decided(
        known.child[:rows], known.child[rows:], known.ids, known.problems, newest_of(whole)
    )


def newest_of(timeline: Timeline) -> np.datetime64:
    """Return the last date of knowledge of some records: the one asked for, or the newest."""
    timeline.settle_identities()
    timeline.reckon_ages()
    timeline.settle_knowledge()
    return timeline.as_of


def portions(records: Records, known: Decided, rows: int) -> Iterator[Records]:
    """Yield records in batches of whole children, of about so many rows.

    Parameters
    ----------
    records
        What was read.
    known
        What was decided with all of them.
    rows
        How many rows make a batch; a child with more has one of its own.
    """
    batch = batches_of(np.bincount(known.child + 1, minlength=len(known.ids) + 1), rows)
    mine = batch[known.child + 1]
    places = ProblemPlaces(records)
    whole = in_order(records.frame)
    for number in range(int(batch.max(initial=0)) + 1):
        at = np.flatnonzero(mine == number)
        beside = np.flatnonzero(batch[known.beside + 1] == number)
        frame = whole.take(at).reset_index(drop=True)
        yield portion(records, known, Rows(frame, at, known.child[at]), beside, places.of(frame))


def batches_of(sizes: Integers, rows: int) -> Integers:
    """Return the number of each child's batch, from how many rows each has.

    Examples
    --------
    >>> batches_of(np.array([0, 4, 4, 4, 20, 1]), 8).tolist()
    [0, 0, 0, 1, 1, 2]
    """
    ends = np.cumsum(sizes)
    _, number = np.unique((ends - sizes) // max(rows, 1), return_inverse=True)
    return np.asarray(number, dtype=np.int64)


@dataclass(frozen=True)
class Rows:
    """The records of a batch in their order, with the place among all, and the child, of each."""

    frame: pd.DataFrame
    place: Integers
    child: Integers


def portion(
    records: Records, known: Decided, rows: Rows, beside: NDArray[np.intp], problems: pd.DataFrame
) -> Records:
    """Return a batch as records of their own.

    Parameters
    ----------
    records
        All that was read.
    known
        What was decided with all of it.
    rows
        The records of the batch.
    beside
        Which rows of the side files are its children's.
    problems
        The problems of its rows.
    """
    child = np.concatenate([rows.child, known.beside[beside]])
    there = np.flatnonzero(child != NOBODY)
    number, children = pd.factorize(child[there])
    own = np.full(len(child), NOBODY, dtype=np.int64)
    own[there] = number
    place = np.concatenate([rows.place, _AFTER_ALL + beside])
    ids = known.ids[children] if len(children) else np.array([""], dtype=object)  # nobody
    whole = Whole(own, place, ids, known.as_of)
    return replace(
        records, frame=rows.frame, problems=problems, identifiers=(), apart=(), tables=(),
        sides=some_of(records.sides, beside), whole=whole,
    )  # fmt: skip


def some_of(sides: SideFiles, rows: NDArray[np.intp]) -> SideFiles:
    """Return side files with some of their rows, counted over all of them."""
    found: dict[str, Any] = {}
    start = 0
    for kind in KINDS:
        frame = sides.frame(kind)
        end = start + len(frame)
        mine = rows[(rows >= start) & (rows < end)] - start
        found[kind] = frame.take(mine).reset_index(drop=True)
        start = end
    nothing = columns.frame(columns.PROBLEMS, {})
    return replace(sides, **found, problems=nothing, identifiers=())


class ProblemPlaces:
    """The problems of reading, by the row they are in; those of no record are left over."""

    def __init__(self, records: Records, names: Sequence[str] | None = None) -> None:
        """Sort the problems of some records, whose files are these, in order."""
        self.names = [each.name for each in records.sources] if names is None else list(names)
        problems = records.problems
        key = self._keys(problems)
        order = np.argsort(key, kind="stable")
        self.problems, self.key = problems.take(order).reset_index(drop=True), key[order]
        self.taken = np.zeros(len(problems), dtype=np.bool_)

    def _keys(self, frame: pd.DataFrame) -> Integers:
        """Return file and row as one number, −1 for a file that is none of these."""
        known = {name: number for number, name in enumerate(self.names)}
        of = np.array([known.get(str(n), -1) for n in frame["source"].cat.categories] + [-1])
        source = of[frame["source"].cat.codes.to_numpy()].astype(np.int64)
        return np.where(source < 0, -1, (source << SOURCE_BIT) + frame["row"].to_numpy())

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the problems of the rows of some records, in their order."""
        key = np.append(self._keys(frame), np.iinfo(np.int64).max)
        at = np.flatnonzero(key[np.searchsorted(key[:-1], self.key)] == self.key)
        self.taken[at] = True
        return self.problems.take(at).reset_index(drop=True)

    @property
    def left(self) -> pd.DataFrame:
        """The problems of no record: of whole files, and of rows without a value."""
        return self.problems[~self.taken].reset_index(drop=True)
