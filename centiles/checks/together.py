"""Batches put together, as if all children had been one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.checks.batches import Batch
from centiles.records import columns
from centiles.records.scoring import Scored
from centiles.records.sides import KINDS, SideFiles

_SIDE_COLUMNS = {
    "children": columns.CHILDREN_FILE,
    "events": columns.EVENTS_FILE,
    "actions": columns.ACTIONS_FILE,
}


def together(batches: Sequence[Batch], problems: Sequence[pd.DataFrame] = ()) -> Batch:
    """Return batches as one, with everything in the order of the records.

    Parameters
    ----------
    batches
        Batches of whole children that have none in common.
    problems
        Problems found outside them.
    """
    starts = np.cumsum([0, *(len(each.children) for each in batches)])
    findings = [
        each.findings.assign(child=each.findings["child"] + start)
        for each, start in zip(batches, starts[:-1], strict=True)
    ]
    children = _below([each.children for each in batches])
    return Batch(
        done=_scored(batches, problems),
        place=np.zeros(0, dtype=np.int64),
        findings=_below(findings),
        children=children.sort_values("place", kind="stable").reset_index(drop=True),
        homes=_below([each.homes for each in batches]),
        named=_below([each.named for each in batches]),
        contacts=columns.concatenated(columns.CONTACTS, [each.contacts for each in batches]),
        outcomes=_below([each.outcomes for each in batches]),
    )


def _below(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return frames one below the other; an empty one would change the kinds of columns."""
    some = [each for each in frames if len(each)] or list(frames[:1])
    if len(some) == 1:
        return some[0]
    parts: dict[str, Any] = {}
    for name, kind in some[0].dtypes.items():
        series = [each[name] for each in some]
        if isinstance(kind, pd.CategoricalDtype):
            parts[str(name)] = pd.api.types.union_categoricals(series)
        else:
            parts[str(name)] = pd.concat(series, ignore_index=True)
    return pd.DataFrame(parts, copy=False)


def _scored(batches: Sequence[Batch], problems: Sequence[pd.DataFrame]) -> Scored:
    done = [each.done for each in batches]
    found = [*problems, *(each.problems for each in done)]
    frame = columns.concatenated(columns.SCORED, [each.frame for each in done])
    place = np.concatenate([each.place for each in batches])
    order = np.lexsort((place, frame["derived"].to_numpy()))
    nobody = np.full(len(frame), -1, dtype=np.int64)
    none = np.zeros(len(frame), dtype=np.bool_)
    return Scored(
        frame.take(order).reset_index(drop=True), columns.concatenated(columns.PROBLEMS, found),
        nobody, np.zeros(0, dtype=object), none, none, done[0].as_of, sides_of(done),
    )  # fmt: skip


def sides_of(done: Sequence[Scored]) -> SideFiles:
    """Return the rows of the side files of several batches, in the order of the files."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        frame = columns.concatenated(_SIDE_COLUMNS[kind], [d.sides.frame(kind) for d in done])
        found[kind] = frame.take(_stable(frame["row"].to_numpy())).reset_index(drop=True)
    return replace(done[0].sides, **found)


def _stable(key: NDArray[np.int64]) -> NDArray[np.intp]:
    return np.argsort(key, kind="stable")
