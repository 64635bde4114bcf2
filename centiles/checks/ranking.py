"""Findings and children in the order to look at them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.measures import Measure
from centiles.monitoring.schema import SEVERITIES
from centiles.monitoring.wording import KNOWN, VERIFY_TODAY

OPEN_STATES: Final = ("new", "sustained", "recovering")
# What the order rests on, and what the worklist says of the first finding of each child.
_LOOKED_AT: Final = ["is_change", "cross_service", "to_age_days", "to_row", "see_by", "rule"]
_SAID: Final = ("block", "sentence")
LISTED: Final = ("child", "grade", "see_by", "rule", "place")
NEEDED: Final = ("is_change", "threshold")  # beside the columns that results show
BLOCKS: Final = (*reversed(SEVERITIES[1:]), VERIFY_TODAY, KNOWN, "info")


def ranked(
    findings: pd.DataFrame, children: pd.Series[str]
) -> tuple[pd.DataFrame, pd.DataFrame, NDArray[np.int64]]:
    """Return the order of findings by their children, each child's first, each child's rank.

    The order is a frame of what it rests on, :data:`LISTED`; its index says where each finding is.

    Parameters
    ----------
    findings
        All findings, worded.
    children
        The identifiers of all children; a child is its place among them.
    """
    findings = findings.reset_index(drop=True)
    is_open = findings["state"].isin(OPEN_STATES)
    place = findings["block"].map(_block_places()).fillna(len(BLOCKS)).astype(np.int64)
    ordered = findings[_LOOKED_AT].assign(
        child=pd.Index(children).get_indexer(pd.Index(findings["child_id"])),
        place=np.where(is_open, place, len(BLOCKS) + 1),
        grade=findings["severity"].map(SEVERITIES.index).astype(np.int64),
        line=findings["threshold"].mask(findings["is_change"], 0),
        extent=findings["spaces"].fillna(0),
        derived=findings["measure"].astype("str") == str(Measure.BMI),
        newest=findings["to_date"].fillna(pd.Timestamp(0)).astype("int64"),
        source=_alphabetical(findings["source"]),
    )
    # In a child the gravest comes first, of equals a change, which says more than a level; and
    # what was measured, rather than a BMI, whose tables stretch low values most.
    ordered = _sorted(ordered, "place", "-grade", "-is_change", "derived", "-extent", "-line")
    lead = _leads(ordered)
    rank = np.zeros(len(children), dtype=np.int64)
    rank[lead["child"].to_numpy()] = np.arange(1, len(lead) + 1)
    key = rank[ordered["child"].to_numpy()]
    ordered = ordered.iloc[np.lexsort((ordered["place"], np.where(key == 0, len(key) + 1, key)))]
    # Words are long, and so are moved once only, when their places are known.
    said = {name: findings[name].array.take(lead.index.to_numpy()) for name in _SAID}
    return ordered[[*LISTED]], lead.assign(**said), rank


def _leads(ordered: pd.DataFrame) -> pd.DataFrame:
    """Return each child's first open finding, the children in order of their size.

    A child's size is the largest, in spaces, of its findings as grave as the first: so a very low
    value ranks beside a fall as deep.
    """
    top = ordered[ordered["place"] < len(BLOCKS)]
    lead = top.drop_duplicates("child")
    first = lead.set_index("child")[["place", "grade"]]
    as_grave = (top[["place", "grade"]].to_numpy() == first.loc[top["child"]].to_numpy()).all(
        axis=1
    )
    size = top[as_grave].groupby("child")["extent"].max()
    lead = lead.assign(size=size.reindex(lead["child"]).to_numpy())
    return _sorted(lead, "place", "-grade", "-size", "-cross_service")


def _sorted(findings: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """Return findings sorted by some columns, "-" for the largest first; then by recency, row."""
    by = (*keys, "-newest", "-to_age_days", "source", "to_row")
    signed = [
        -findings[key[1:]].to_numpy(dtype=np.float64) if key.startswith("-") else findings[key]
        for key in by
    ]
    return findings.iloc[np.lexsort(signed[::-1])]


def _alphabetical(words: pd.Series[Any]) -> NDArray[np.int64]:
    """Return where each word stands among all of a column in the order of the alphabet."""
    codes, known = pd.factorize(words)
    place = np.argsort(np.argsort(np.asarray(known, dtype=np.str_)))
    return np.asarray(place[codes], dtype=np.int64)


def _block_places() -> dict[str, int]:
    return {block: place for place, block in enumerate(BLOCKS)}
