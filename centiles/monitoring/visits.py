"""Records as visits: one a child and day, with what was measured and what was not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.ages import FloatArray
from centiles.measures import MEASURES, Measure
from centiles.monitoring.findings import Cohort
from centiles.orders import run_starts, sorted_by, timeline_key

Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]
Days = NDArray[np.datetime64]

NOT_NAMED: Final = ("", "birth")  # what the contact of a record can be that names none
_USABLE: Final = ("scored", "merged", "unscored")  # fates of values that were measured
_THERE: Final = (*_USABLE, "unreadable", "")  # fates of rows that tell of a visit
_WEIGHT, _HEIGHT = MEASURES.index(Measure.WEIGHT), MEASURES.index(Measure.HEIGHT)


@dataclass(frozen=True)
class Visits:
    """Arrays over visits, shape (n,), by child and then day.

    ``day`` counts days: the child's age, or since 1970 where that is not known; ``age`` is the age
    [d] or NaN, ``on`` the date or NaT. ``weight``, ``height`` and ``any`` say whether there is a
    usable one; ``named`` whether the export names the contact, with ``planned`` that its name is
    none of an unplanned one; ``reason`` whether something stands in the place of a measurement;
    ``empty`` whether no row of it has a value. ``row`` is the row of the scored frame that tells
    most: with a reason, or a name, or the first.
    """

    child: NDArray[np.int64]
    day: FloatArray
    age: FloatArray
    on: Days
    weight: Flags
    height: Flags
    any: Flags
    named: Flags
    planned: Flags
    reason: Flags
    empty: Flags
    row: Rows

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.child)

    def take(self, chosen: Any) -> Visits:
        """Return some of the visits, in the same order."""
        return Visits(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def last(self, which: Flags, children: int) -> Rows:
        """Return each child's last visit of some, −1 where there is none."""
        found = np.full(children, -1, dtype=np.intp)
        at = np.flatnonzero(which)
        found[self.child[at]] = at  # the last is written last
        return found

    def next(self, which: Flags) -> Rows:
        """Return for each visit the child's next visit of some after it, −1 where there is none."""
        at = np.flatnonzero(which)
        place = np.searchsorted(at, np.arange(len(self)), side="right")
        ahead = np.append(at, -1)[place]
        same = self.child[ahead] == self.child if len(self) else np.zeros(0, dtype=np.bool_)
        return np.where((ahead >= 0) & same, ahead, -1)


def visits_of(cohort: Cohort, as_of: np.datetime64, unplanned: tuple[str, ...]) -> Visits:
    """Return the visits of a cohort that are known by a date.

    Parameters
    ----------
    cohort
        The scored values and contacts.
    as_of
        The last date of knowledge: later ones are appointments, or not known yet.
    unplanned
        What the contact of an unplanned visit is called, in small letters.
    """
    frame = cohort.scored
    age = frame["age_days"].to_numpy(dtype=np.float64)
    on = frame["measured_on"].to_numpy().astype("datetime64[D]")
    recorded = frame["recorded_on"].to_numpy().astype("datetime64[D]")
    day = np.where(np.isnan(age) & ~np.isnat(on), on.astype(np.float64), age)
    there = frame["fate"].isin(_THERE).to_numpy() & (frame["status"] == "").to_numpy()
    there &= (cohort.child >= 0) & ~frame["derived"].to_numpy() & np.isfinite(day)
    there &= ~((on > as_of) | (recorded > as_of)) & ~(age < 0)
    rows = np.flatnonzero(there)
    named = _called(frame["contact"], NOT_NAMED, rows)
    planned = _called(frame["contact"], (*NOT_NAMED, *unplanned), rows)
    reason = (frame["reason"].array[rows] != "").astype(np.bool_)
    key = timeline_key(cohort.child[rows], np.zeros(len(rows), dtype=np.int8), day[rows])
    order = sorted_by(key, -2 * reason.astype(np.int8) - named)
    rows, key = rows[order], key[order]
    named, planned, reason = named[order], planned[order], reason[order]
    usable = _usable(frame, rows)
    measure = frame["measure"].cat.codes.to_numpy()[rows]
    kinds = frame["measure"].cat.categories.get_indexer(pd.Index(list(map(str, MEASURES))))
    first = run_starts(key)

    def has(flag: Flags) -> Flags:
        return np.logical_or.reduceat(flag, first) if len(first) else np.zeros(0, dtype=np.bool_)

    return Visits(
        child=cohort.child[rows[first]],
        day=day[rows[first]],
        age=age[rows[first]],
        on=on[rows[first]],
        weight=has(usable & (measure == kinds[_WEIGHT])),
        height=has(usable & (measure == kinds[_HEIGHT])),
        any=has(usable),
        named=has(named),
        planned=has(planned),
        reason=has(reason),
        empty=~has(frame["fate"].isin((*_USABLE, "unreadable")).to_numpy()[rows]),
        row=rows[first],
    )


def _called(contact: Any, unlike: tuple[str, ...], rows: Rows) -> Flags:
    """Return which rows' contact is called none of some words, in small letters."""
    words = contact.cat.categories.str.strip().str.lower().to_numpy(dtype=object)
    other = ~np.isin(np.append(words, ""), unlike)
    return np.asarray(other[contact.cat.codes.to_numpy()[rows]])


def _usable(frame: Any, rows: Rows) -> Flags:
    """Return which rows have a value that can be what was measured."""
    sound = frame["fate"].isin(_USABLE) & (frame["verdict"] != "impossible")
    return np.asarray(sound.to_numpy()[rows] & frame["value"].notna().to_numpy()[rows])
