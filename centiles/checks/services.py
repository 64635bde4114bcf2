"""Findings that no single service could have seen: on the merged timeline, on no source's own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.checks.cohorts import NEVER, cohort_of
from centiles.checks.profiles import Profile
from centiles.checks.ranking import OPEN_STATES
from centiles.monitoring.findings import Cohort, findings_of
from centiles.records import columns
from centiles.records.reading import Records, Whole
from centiles.records.scoring import scored

Flags = NDArray[np.bool_]


def cross_service(
    findings: pd.DataFrame, cohort: Cohort, profile: Profile, as_of: np.datetime64
) -> Flags:
    """Return which open findings exist on the merged timeline and on no single source's.

    The check's rules are run on each source of the children who have two or more and a finding:
    every source of a child is a child of its own, known as the child is.

    Parameters
    ----------
    findings
        All findings.
    cohort
        The cohort they were found in.
    profile
        What the run is made with.
    as_of
        The last date of knowledge.
    """
    is_open = findings["state"].isin(OPEN_STATES).to_numpy()
    source = cohort.scored["source"].cat.codes.to_numpy().astype(np.int64)
    rows = _rows_of_several(cohort, findings["child"].to_numpy()[is_open], source)
    if len(rows) == 0:
        return np.zeros(len(findings), dtype=np.bool_)
    names = cohort.child[rows] * (source.max() + 1) + source[rows]
    alone = scored(_apart(cohort.scored, rows, names, as_of), **_options(profile, as_of))
    single = cohort_of(alone)
    owner = alone.child_ids.astype(np.int64) // (source.max() + 1)
    single = _known_as(single, cohort, owner)
    seen = findings_of(single, profile.rules)
    seen = seen[seen["state"].isin(OPEN_STATES)]
    there = pd.MultiIndex.from_arrays([owner[seen["child"].to_numpy()], seen["rule"]])
    mine = pd.MultiIndex.from_frame(findings[["child", "rule"]])
    several = np.isin(findings["child"].to_numpy(), cohort.child[rows])
    return np.asarray(is_open & several & ~mine.isin(there))


def _rows_of_several(
    cohort: Cohort, children: NDArray[np.int64], source: NDArray[np.int64]
) -> NDArray[np.intp]:
    """Return the values of those of some children who have them from two sources or more."""
    frame, child = cohort.scored, cohort.child
    value = frame["fate"].isin(["scored", "merged"]).to_numpy() & ~frame["derived"].to_numpy()
    rows = np.flatnonzero(value & np.isin(child, children) & (child >= 0))
    pairs = np.unique(child[rows] * (source.max(initial=0) + 1) + source[rows])
    owner, count = np.unique(pairs // (source.max(initial=0) + 1), return_counts=True)
    return rows[np.isin(child[rows], owner[count > 1])]


def _apart(
    frame: pd.DataFrame, rows: NDArray[np.intp], names: NDArray[np.int64], as_of: np.datetime64
) -> Records:
    """Return values as records again, each source of a child a child of its own."""
    taken = frame.take(rows)
    parts: dict[str, Any] = {column.name: taken[column.name] for column in columns.RECORDS}
    parts |= {"child_id": names.astype(str).astype(object)}
    parts |= dict.fromkeys(("gestation_known_on", "gestation_doubted_on"), NEVER)
    mine = columns.frame(columns.RECORDS, parts)  # what is known of each child is settled
    child, ids = pd.factorize(names)
    whole = Whole(child, np.arange(len(rows)), ids.astype(str).astype(object), as_of)
    return Records(mine, columns.frame(columns.PROBLEMS, {}), (), whole=whole)


def _options(profile: Profile, as_of: np.datetime64) -> dict[str, Any]:
    return profile.scoring | {"as_of": None if np.isnat(as_of) else as_of, "repair": False}


def _known_as(single: Cohort, cohort: Cohort, owner: NDArray[np.int64]) -> Cohort:
    """Return the sources of children, with the age and background of their children."""
    return replace(
        single,
        now_age_days=cohort.now_age_days[owner],
        background=cohort.background.of(owner),
    )
