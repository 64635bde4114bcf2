"""The worklist: one row a child, those with open findings first and in order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.checks.assessed import not_assessed
from centiles.checks.ranking import BLOCKS
from centiles.monitoring.findings import Cohort
from centiles.records import columns
from centiles.records.reading import Source


def worklist(
    ordered: pd.DataFrame,
    lead: pd.DataFrame,
    rank: NDArray[np.int64],
    cohort: Cohort,
    sources: tuple[Source, ...],
) -> pd.DataFrame:
    """Return one row a child, those with open findings first and in order."""
    count = len(cohort.child_ids)
    text = {
        name: np.full(count, "", dtype=object)
        for name in ("block", "level", "headline", "findings")
    }
    see_by = np.full(count, np.datetime64("NaT", "s"), dtype="datetime64[s]")
    flagged = lead["child"].to_numpy()
    text["block"][flagged] = lead["block"]
    text["level"][flagged] = lead["severity"]
    text["headline"][flagged] = lead["sentence"]
    is_open = ordered[ordered["place"] < len(BLOCKS)]
    codes = is_open.groupby("child", sort=False)["rule"].agg(
        lambda rules: "; ".join(dict.fromkeys(rules))
    )
    text["findings"][codes.index.to_numpy()] = codes
    soonest = is_open.groupby("child", sort=False)["see_by"].min()
    see_by[soonest.index.to_numpy()] = soonest.to_numpy()
    named = np.flatnonzero(cohort.child_ids != "")
    order = named[np.lexsort((named, np.where(rank[named] == 0, count + 1, rank[named])))]
    parts: dict[str, Any] = {
        **text,
        "rank": rank,
        "child_id": cohort.child_ids,
        "see_by": see_by,
        "last_measured_on": _last_measured(cohort),
        "not_assessed": not_assessed(cohort),
        "sources": _sources(cohort, sources),
    }
    return columns.frame(columns.CHILDREN, {name: part[order] for name, part in parts.items()})


def _last_measured(cohort: Cohort) -> NDArray[np.datetime64]:
    """Return each child's newest date with a scored value."""
    last = np.full(len(cohort.child_ids), np.datetime64("NaT", "s"), dtype="datetime64[s]")
    frame = cohort.scored
    use = np.flatnonzero((frame["fate"] == "scored").to_numpy() & (cohort.child >= 0))
    on = frame["measured_on"].to_numpy().astype("datetime64[s]")[use]
    order = np.argsort(np.where(np.isnat(on), np.datetime64(0, "s"), on), kind="stable")
    last[cohort.child[use[order]]] = on[order]
    return last


def _sources(cohort: Cohort, sources: tuple[Source, ...]) -> NDArray[np.object_]:
    """Return for each child the files it is in."""
    names = list(cohort.scored["source"].cat.categories)
    codes = cohort.scored["source"].cat.codes.to_numpy()
    owned = cohort.child >= 0
    seen = np.zeros((len(cohort.child_ids), len(sources)), dtype=np.bool_)
    for place, source in enumerate(sources):
        if source.name in names:
            seen[cohort.child[owned & (codes == names.index(source.name))], place] = True
    combos, which = np.unique(seen, axis=0, return_inverse=True)
    said = [
        "; ".join(s.name for s, there in zip(sources, combo, strict=True) if there)
        for combo in combos
    ]
    return np.asarray([*said, ""], dtype=object)[which.ravel()]
