"""Scored values as points: one a child, measure and day, sorted, ready to be compared.

Everything in this package works on all points at once. A *segment* is the points of one child in
one measure, contiguous and in order of age; the segments of a measure follow one another, so that
each measure is one slice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles import zscores
from centiles.ages import DAYS_IN_YEAR, FloatArray
from centiles.measures import MEASURES, SEXES, Measure, codes_of
from centiles.orders import MOST_DAYS, run_starts, sorted_by, timeline_key
from centiles.references import Reference, reference, table_codes

Rows = NDArray[np.intp]
Flags = NDArray[np.bool_]

BIRTH_MONTH_BELOW: Final = DAYS_IN_YEAR
MONTH_BELOW: Final = 2 * DAYS_IN_YEAR


@dataclass(frozen=True)
class Points:
    """Arrays over points, shape (n,), sorted by measure, child and age.

    Where two values of a day disagree a point stands for both: ``z`` and ``value`` are what it
    counts as when it is the newer of a pair, ``z_before`` and ``value_before`` when it is the
    older; elsewhere they are equal. Both are NaN where a date is known to the month and a month
    matters, so that such a point is no part of any change. ``row`` and ``row_before`` are where
    they stand in the scored frame, ``doubtful`` and ``doubtful_before`` whether those values are.
    """

    child: NDArray[np.int64]
    measure: NDArray[np.int8]
    sex: NDArray[np.int8]
    age: FloatArray
    corrected: FloatArray
    section: NDArray[np.int8]
    z: FloatArray
    value: FloatArray
    z_before: FloatArray
    value_before: FloatArray
    gestation: FloatArray
    doubtful: Flags
    doubtful_before: Flags
    conflict: Flags
    row: Rows
    row_before: Rows

    def __len__(self) -> int:
        """Return how many points there are."""
        return len(self.z)

    @cached_property
    def segment(self) -> NDArray[np.int64]:
        """The number of each point's segment: its measure and child."""
        return np.asarray(self.measure * (self.child.max(initial=0) + 1) + self.child)

    @cached_property
    def key(self) -> FloatArray:
        """Segment and age as one number, increasing: what a window is searched in."""
        return self.segment * float(MOST_DAYS) + self.age

    @cached_property
    def table(self) -> NDArray[np.intp]:
        """The code of each point's reference table."""
        return table_codes(self.measure, self.sex == 0)

    @cached_property
    def shift(self) -> FloatArray:
        """The days [d] each point's age was corrected by."""
        return self.age - self.corrected

    @cached_property
    def ends(self) -> Rows:
        """Where each point's segment ends (exclusive)."""
        first = run_starts(self.segment)
        after = np.append(first, len(self))[1:]
        return np.repeat(after, after - first)

    @cached_property
    def starts(self) -> Rows:
        """Where each point's segment starts."""
        first = run_starts(self.segment)
        return np.repeat(first, np.diff(np.append(first, len(self))))

    def of(self, measure: str) -> slice:
        """Return where the points of a measure are."""
        return self._slices[MEASURES.index(Measure(measure))]

    @cached_property
    def _slices(self) -> list[slice]:
        sizes = np.bincount(self.measure, minlength=len(MEASURES))
        return [slice(*pair) for pair in pairwise(np.r_[0, np.cumsum(sizes)].tolist())]

    def newest_at(
        self, child: NDArray[np.int64], measure: str | NDArray[np.int8], age: FloatArray
    ) -> Rows:
        """Return the newest point of children in a measure at or before an age [d], −1 for none."""
        if len(self) == 0:
            return np.full(len(child), -1, dtype=np.intp)
        code: Any = MEASURES.index(Measure(measure)) if isinstance(measure, str) else measure
        segment = code * (self.child.max() + 1) + child
        at = np.searchsorted(self.key, segment * float(MOST_DAYS) + age, side="right") - 1
        mine = (at >= 0) & (self.segment[at] == segment)
        return np.where(mine, at, -1)

    @cached_property
    def comparable(self) -> Flags:
        """Which points are of a day known well enough to be compared with another."""
        return ~np.isnan(self.z_before)

    def first_at(self, rows: Rows, age: FloatArray) -> Rows:
        """Return the first point of each row's segment at or after an age [d]."""
        return np.searchsorted(self.key, self.segment[rows] * float(MOST_DAYS) + age, side="left")

    def first_after(self, rows: Rows, age: FloatArray) -> Rows:
        """Return the first point of each row's segment after an age [d]."""
        return np.searchsorted(self.key, self.segment[rows] * float(MOST_DAYS) + age, side="right")

    @cached_property
    def last_section(self) -> Rows:
        """The newest earlier point on another section of its segment, −1 for none."""
        return self._newest_other(self.section)

    @cached_property
    def last_shift(self) -> Rows:
        """The newest earlier point of its segment with another correction of age, −1 for none."""
        return self._newest_other(self.shift)

    def _newest_other(self, kind: NDArray[Any]) -> Rows:
        place = np.arange(len(self))
        change = np.zeros(len(self), dtype=np.bool_)
        change[1:] = (kind[1:] != kind[:-1]) & (self.segment[1:] == self.segment[:-1])
        last = np.maximum.accumulate(np.where(change, place, -1))
        return np.where(last > self.starts, last - 1, -1)

    def carried(self, earlier: Rows, later: Rows) -> FloatArray:
        """Return the z of earlier points as they would have scored on the later ones' section."""
        return reference().carried(
            self.z_before[earlier], self.table[earlier], self.section[earlier], self.section[later]
        )

    def carried_to(self, section: int) -> FloatArray:
        """Return every point's z as on one section, NaN for points of later sections."""
        if section not in self._carried:
            self._carried[section] = _carried_to(reference(), self, section)
        return self._carried[section]

    @cached_property
    def _carried(self) -> dict[int, FloatArray]:
        """What :meth:`carried_to` has worked out so far."""
        return {}

    def falls(self, earlier: Rows, later: Rows) -> FloatArray:
        """Return the fall in z from earlier to later points, carried over joins.

        Where the correction for gestation stopped in between (``paper``), the later value is
        scored with the correction of the earlier point: the stop itself would look like a fall.
        """
        after = self.z[later].copy()
        shift = self.shift
        straddles = np.flatnonzero(shift[earlier] != shift[later])
        carried = self.carried(earlier, later)
        if len(straddles):
            at, before = later[straddles], earlier[straddles]
            age = self.age[at] - shift[before]
            after[straddles] = self.rescored(self.value[at], at, age)
            carried[straddles] = reference().carried(
                self.z_before[before], self.table[before], self.section[before],
                reference().section_codes(age),
            )  # fmt: skip
        return carried - after

    def take(self, rows: Rows) -> Points:
        """Return some of the points, in the same order."""
        fields = (name for name in self.__dataclass_fields__)
        return Points(**{name: getattr(self, name)[rows] for name in fields})

    def rescored(self, value: FloatArray, rows: Rows, age_days: FloatArray) -> FloatArray:
        """Return the z of values of some points' children and measures at other ages [d]."""
        measure: Any = names_of(self.measure[rows])
        z = zscores.zscore(value, measure=measure, sex=self.sex[rows] + 1, age_days=age_days)
        return np.asarray(z, dtype=np.float64)


@dataclass(frozen=True)
class Spans:
    """Points in the light of findings, shape (n,).

    ``first`` is where each finding opened, ``start`` the earlier point that was fixed then (−1 for
    none), ``row`` the point in question.
    """

    first: Rows
    start: Rows
    row: Rows


def points_of(
    scored: pd.DataFrame,
    child: NDArray[np.int64],
    conflict: Flags,
    unsure: Flags,
    *,
    doubtful: bool = False,
    highest_first: bool = True,
) -> Points:
    """Return the points of scored values.

    Parameters
    ----------
    scored
        The scored frame; rows whose fate is not "scored", or without a child, are no points.
    child
        Each row's child, −1 for none, shape (rows,).
    conflict
        Which rows are of a day whose values disagree, shape (rows,).
    unsure
        Which rows are doubtful, or may not start a fall, shape (rows,).
    doubtful
        Whether these count. Without, only values that can sustain a finding.
    highest_first
        Of a day's disagreeing values the highest counts as the newer of a pair and the lowest as
        the older, so that a fall is the smaller one; False turns it round.
    """
    use = (scored["fate"] == "scored").to_numpy() & (child >= 0)
    if not doubtful:
        use &= ~unsure
    rows = np.flatnonzero(use)
    measure = codes_of(scored["measure"].iloc[rows], MEASURES)
    age = scored["age_days"].to_numpy()[rows]
    z = scored["z"].to_numpy()[rows]
    order = sorted_by(timeline_key(child[rows], measure, age), z)
    order = order[np.argsort(measure[order], kind="stable")]  # cheap: there are few
    rows, measure, age = rows[order], measure[order], age[order]
    first = run_starts(child[rows], measure, age)
    last = np.append(first, len(rows))[1:] - 1
    newer, older = (last, first) if highest_first else (first, last)
    get = {
        name: scored[name].to_numpy() for name in ("age_days", "corrected_age_days", "z", "value")
    }
    at = rows[newer]
    inexact = _inexact(scored, rows[older])
    return Points(
        child=child[at],
        measure=measure[newer],
        sex=codes_of(scored["sex"].iloc[at], SEXES),
        age=get["age_days"][at],
        corrected=get["corrected_age_days"][at],
        section=codes_of(scored["section"].iloc[at], [s.name for s in reference().sections]),
        z=get["z"][at],
        value=get["value"][at],
        z_before=np.where(inexact, np.nan, get["z"][rows[older]]),
        value_before=np.where(inexact, np.nan, get["value"][rows[older]]),
        gestation=scored["gestation_days"].to_numpy()[at],
        doubtful=unsure[at],
        doubtful_before=unsure[rows[older]],
        conflict=conflict[at],
        row=at,
        row_before=rows[older],
    )


def _inexact(scored: pd.DataFrame, rows: Rows) -> Flags:
    """Return which rows are of an age not known well enough for any change.

    Where only the month of birth is known that is under a year, a weight at birth excepted; where
    only the month of measurement is, under 2 years. Half a month is 0.1 z of weight at a year.
    """
    age = scored["age_days"].to_numpy()[rows]
    found = np.zeros(len(rows), dtype=np.bool_)
    for column, below in (("birth_precision", BIRTH_MONTH_BELOW), ("date_precision", MONTH_BELOW)):
        monthly = (scored[column] == "month").to_numpy()
        if monthly.any():
            found |= monthly[rows] & (age < below)
    if found.any():
        found &= ~((scored["contact"] == "birth").to_numpy()[rows] & (age == 0))
    return found


def _carried_to(known: Reference, points: Points, section: int) -> FloatArray:
    """Return every z carried to a section; NaN where the point is already past it."""
    starts = np.array([each.from_day for each in known.sections])
    ready = starts[points.section] <= starts[section]
    target = np.full(len(points), section, dtype=np.int8)
    target = np.where(ready, target, points.section)
    z = known.carried(points.z_before, points.table, points.section, target)
    return np.where(ready, z, np.nan)


def names_of(measure: NDArray[np.integer[Any]]) -> NDArray[np.str_]:
    """Return measure codes as words."""
    return np.take([str(name) for name in MEASURES], measure)
