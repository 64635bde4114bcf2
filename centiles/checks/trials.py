"""The check stepped monthly over the past: how many findings a term it would have raised."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from centiles.checks.batches import batch_of
from centiles.checks.pipeline import with_households
from centiles.checks.profiles import Profile
from centiles.checks.ranking import OPEN_STATES
from centiles.errors import UsageError
from centiles.monitoring.schema import SEVERITIES
from centiles.records import columns
from centiles.records.reading import Records

# The month in which each term starts, the holiday after it counted in.
TERMS: Final = {1: "spring", 4: "summer", 9: "autumn"}
ANY: Final = "any"
GROWTH, CONTACTS = LISTS = ("growth", "contacts")
MISSED: Final = "MISSED"
MOST_STEPS: Final = 600
_ONE: Final = ["list", "child_id", "rule", "day"]  # what makes a finding the same a month later


def steps_of(first: np.datetime64, last: np.datetime64) -> list[np.datetime64]:
    """Return the days a trial looks at: the ends of its months, and its last day.

    Raises
    ------
    UsageError
        If the last is before the first, or there are more than 50 years between.

    Examples
    --------
    >>> [str(day) for day in steps_of(np.datetime64("2025-01-15"), np.datetime64("2025-03-10"))]
    ['2025-01-31', '2025-02-28', '2025-03-10']
    """
    months = np.arange(
        first.astype("datetime64[M]"), last.astype("datetime64[M]") + np.timedelta64(1, "M")
    )
    if last < first or len(months) > MOST_STEPS:
        raise UsageError(
            f"trial: found {first} to {last}, expected a first day and a later last one, at most "
            f"{MOST_STEPS // 12} years apart"
        )
    ends = (months + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
    return [*ends[ends < last], last]


def term_of(day: np.datetime64) -> str:
    """Return the school term a day is in.

    Examples
    --------
    >>> term_of(np.datetime64("2025-03-31")), term_of(np.datetime64("2025-09-01"))
    ('spring 2025', 'autumn 2025')
    """
    date: Any = day.astype("datetime64[D]").astype(object)
    start = max(month for month in TERMS if month <= date.month)
    return f"{TERMS[start]} {date.year}"


def trial(
    records: Records, profile: Profile, first: np.datetime64, last: np.datetime64
) -> pd.DataFrame:
    """Return how many findings a term the check would have raised (``columns.TRIAL``).

    It is run as of the end of each month, with what was recorded by then. A finding is *new* where
    its child had none of that rule open a month before; it has *risen* where it had, of a lower
    severity than ever since. What was open the day before the first is neither. Contact findings
    are counted so too, each contact that was missed by itself. The rows of the rule "any" count
    children, by the highest severity that was new or had risen in the list.

    Parameters
    ----------
    records
        What was read.
    profile
        What the checks are made with; its own last date of knowledge is not used.
    first, last
        The first and last day.

    Raises
    ------
    UsageError
        If the days are in the wrong order, or the records have ages only.
    """
    was, _ = _open_at(records, profile, first - 1)
    parts, known = [], {}
    for day in steps_of(first, last):
        now, known[term_of(day)] = _open_at(records, profile, day)
        both = now.merge(was, on=_ONE, how="left", suffixes=("", "_was"))
        new, risen = both["grade_was"].isna(), both["grade"] > both["grade_was"]
        parts.append(both.assign(term=term_of(day), new=new, risen=risen)[new | risen])
        highest = both[["grade", "grade_was"]].max(axis=1).astype(np.int64)
        was = both[_ONE].assign(grade=highest)
    return _by_term(pd.concat(parts, ignore_index=True), known)


def _by_term(raised: pd.DataFrame, known: dict[str, int]) -> pd.DataFrame:
    """Return what was new or had risen, counted by term, rule and severity, the gravest first."""
    by = ["term", "list", "rule", "grade"]
    counts = raised.groupby(by).agg(new=("new", "sum"), risen=("risen", "sum"))
    children = raised.drop_duplicates(["child_id", *by]).groupby(by).size()
    top = raised.groupby(["term", "list", "child_id"]).agg(grade=("grade", "max")).reset_index()
    whole = top.groupby(["term", "list", "grade"]).size()
    rows = counts.assign(children=children).reset_index()
    every = whole.rename("children").reset_index().assign(rule=ANY, new=0, risen=0)
    rows = pd.concat([rows, every], ignore_index=True)
    place = {term: number for number, term in enumerate(known)}
    order = np.lexsort(
        (
            rows["rule"],
            rows["rule"] != ANY,
            -rows["grade"],
            rows["list"] != GROWTH,
            rows["term"].map(place).astype(np.int64),
        )
    )
    rows = rows.iloc[order]
    total = rows["term"].map(known).to_numpy(dtype=np.int64)
    return columns.frame(
        columns.TRIAL,
        {
            "term": rows["term"].array,
            "list": rows["list"].array,
            "severity": np.asarray(SEVERITIES, dtype=object)[rows["grade"].to_numpy()],
            "rule": rows["rule"].array,
            "new": rows["new"].to_numpy(),
            "risen": rows["risen"].to_numpy(),
            "children": rows["children"].to_numpy(),
            "known": total,
            "per_1000": 1000 * rows["children"].to_numpy() / np.maximum(total, 1),
        },
    )


def _open_at(records: Records, profile: Profile, day: np.datetime64) -> tuple[pd.DataFrame, int]:
    """Return what is open as of a day, each with its severity as a number; and all children."""
    then = replace(profile, as_of=day, due_by=None)
    batch = batch_of(records, then)
    findings, contacts = with_households(batch, then)
    mine = findings[findings["state"].isin(OPEN_STATES)].assign(list=GROWTH, day="")
    # Of a child each contact that was missed is one; of other rules there is one at a time.
    day_ = contacts["date"].astype("str").where(contacts["rule"].astype("str") == MISSED, "")
    parts = [
        each[[*_ONE, "severity"]].astype("str")
        for each in (mine, contacts.assign(list=CONTACTS, day=day_))
    ]
    both = pd.concat(parts, ignore_index=True)
    grade = both["severity"].map(SEVERITIES.index).astype(np.int64)
    graded = both.assign(grade=grade).groupby(_ONE).agg(grade=("grade", "max"))
    return graded.reset_index(), int(batch.children["last_measured_on"].notna().sum())
