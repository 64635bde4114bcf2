"""The worklist: one row a child, those with open findings first and in order."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.checks.assessed import distinct
from centiles.checks.ranking import BLOCKS
from centiles.monitoring.findings import Cohort
from centiles.monitoring.schema import SEVERITIES
from centiles.records import columns
from centiles.records.reading import Source
from centiles.records.timelines import NOT_YET_KNOWN

NOTHING_OPEN: Final = "Nothing open among what could be assessed; this is no reassurance."


def worklist(
    ordered: pd.DataFrame, lead: pd.DataFrame, rank: NDArray[np.int64], children: pd.DataFrame
) -> pd.DataFrame:
    """Return one row a child that is known, those with open findings first and in order.

    Parameters
    ----------
    ordered, lead, rank
        What :func:`centiles.checks.ranking.ranked` returns.
    children
        A row a child, see :class:`centiles.checks.batches.Batch`.
    """
    count = len(children)
    see_by = np.full(count, np.datetime64("NaT", "s"), dtype="datetime64[s]")
    flagged = lead["child"].to_numpy()
    is_open = ordered[ordered["place"] < len(BLOCKS)]
    by_child = is_open.groupby("child", sort=False)
    grade = by_child["grade"].max()
    levels = np.full(count, -1)
    levels[grade.index.to_numpy()] = grade
    text = {
        "block": _of_some(flagged, lead["block"], "", count),
        "headline": _of_some(flagged, lead["sentence"], NOTHING_OPEN, count),
        "level": columns.words(levels, SEVERITIES),
        "findings": _rules_of(is_open, count),
    }
    soonest = by_child["see_by"].min()
    see_by[soonest.index.to_numpy()] = soonest.to_numpy()
    order = np.lexsort((np.arange(count), np.where(rank == 0, count + 1, rank)))
    order = order[children["known"].to_numpy()[order]]
    parts: dict[str, Any] = {name: children[name].array for name in children.columns}
    parts |= {**text, "rank": rank, "see_by": see_by}
    return columns.frame(columns.CHILDREN, {name: part[order] for name, part in parts.items()})


def _of_some(
    which: NDArray[np.int64], said: pd.Series[str], otherwise: str, count: int
) -> pd.Categorical[str]:
    """Return what is said of some children, and otherwise of the others, each word held once."""
    codes, words = pd.factorize(np.append(said.to_numpy(dtype=object), otherwise))
    every = np.full(count, codes[-1])
    every[which] = codes[:-1]
    return columns.categorical(every, words)


def _rules_of(findings: pd.DataFrame, children: int) -> NDArray[np.object_]:
    """Return the rules of each child's findings, each once, in order."""
    pairs = findings[["child", "rule"]].drop_duplicates()
    child, rule = pairs["child"].to_numpy(), pairs["rule"].to_numpy(dtype=object)
    nth = pairs.groupby("child").cumcount().to_numpy()
    said = np.full(children, "", dtype=object)
    for n in range(nth.max(initial=-1) + 1):
        at = np.flatnonzero(nth == n)
        said[child[at]] += rule[at] if n == 0 else "; " + rule[at]
    return said


def last_measured(cohort: Cohort) -> NDArray[np.datetime64]:
    """Return each child's newest date with a scored value."""
    frame = cohort.scored
    use = np.flatnonzero((frame["fate"] == "scored").to_numpy() & (cohort.child >= 0))
    on = frame["measured_on"].to_numpy().astype("datetime64[s]")[use]
    last = np.full(len(cohort.child_ids), np.datetime64("NaT", "s").astype(np.int64))
    np.maximum.at(last, cohort.child[use], on.astype(np.int64))  # no date is less than any
    return last.view("datetime64[s]")


def known_rows(cohort: Cohort, as_of: np.datetime64 | None) -> NDArray[np.intp]:
    """Return the rows of children that were known by the day asked for; all where none was."""
    frame = cohort.scored
    there = cohort.child >= 0
    if as_of is not None:
        later = ((frame["note"] == NOT_YET_KNOWN) & (frame["fate"] == "skipped")).to_numpy()
        contact = (frame["fate"] == "").to_numpy()
        for name in ("measured_on", "recorded_on"):
            later = later | contact & (frame[name].to_numpy().astype("datetime64[D]") > as_of)
        there &= ~later
    return np.flatnonzero(there)


def sources_of(
    cohort: Cohort, sources: tuple[Source, ...], rows: NDArray[np.intp]
) -> NDArray[np.object_]:
    """Return for each child the files that some of its rows are in."""
    names = list(cohort.scored["source"].cat.categories)
    codes = cohort.scored["source"].cat.codes.to_numpy()
    owned = np.zeros(len(codes), dtype=np.bool_)
    owned[rows] = True
    seen = np.zeros((len(cohort.child_ids), len(sources)), dtype=np.int8)
    for place, source in enumerate(sources):
        if source.name in names:
            seen[cohort.child[owned & (codes == names.index(source.name))], place] = 1
    which, first = distinct(seen)
    said = [
        "; ".join(s.name for s, there in zip(sources, combo, strict=True) if there)
        for combo in seen[first].tolist()
    ]
    return np.asarray([*said, ""], dtype=object)[which]
