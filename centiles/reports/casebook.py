"""The rows and findings of the children in the worklist, gathered once, in the worklist's order.

A page takes its children from here as arrays, so that no frame is searched for each child.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.measures import MEASURES, codes_of

if TYPE_CHECKING:
    from centiles.checks import Checked

_ROWS = (
    "sex", "birth_date", "gestation_days", "measured_on", "age_days", "corrected_age_days",
    "measure", "value", "z", "position", "verdict", "fate", "derived", "source", "reason", "team",
)  # fmt: skip
_FINDINGS = (
    "rule", "severity", "state", "opened_on", "project_rule", "borderline", "cross_service",
    "measure", "direction", "from_age_days", "to_age_days", "to_value", "to_z", "to_date",
    "carried_change_z",
    "see_by", "reweigh_from", "block", "sentence",
)  # fmt: skip
# The columns a panel is made from, of each table.
PARTS: Final = {
    "rows": _ROWS,
    "findings": _FINDINGS,
    "contacts": ("rule", "severity", "sentence"),
    "events": ("date", "age_days", "type", "note", "sensitive"),
    "actions": ("rule", "date", "review_on"),
    "parents": ("mother_cm", "father_cm"),
}

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Chapter:
    """Some children, one after another: their worklist rows, and each one's other rows.

    ``parts`` are tables as arrays by column; ``starts[name][k]`` to ``starts[name][k + 1]`` are the
    rows of child ``k`` in it.
    """

    children: Arrays
    parts: dict[str, Arrays]
    starts: dict[str, NDArray[np.int64]]

    def __len__(self) -> int:
        """Return how many children there are."""
        return len(self.children["rank"])

    def rows(self, name: str, k: int) -> Arrays:
        """Return one child's rows of a table."""
        mine = slice(int(self.starts[name][k]), int(self.starts[name][k + 1]))
        return {column: array[mine] for column, array in self.parts[name].items()}


@dataclass(frozen=True)
class Casebook:
    """The children with an open finding, in the order of the worklist."""

    checked: Checked

    @cached_property
    def children(self) -> pd.DataFrame:
        """Their rows of the worklist."""
        children = self.checked.children
        return children[children["rank"] > 0].reset_index(drop=True)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.children)

    def chapter(self, first: int, last: int) -> Chapter:
        """Return the children from one place in the worklist up to another."""
        children = self.children.iloc[first:last]
        parts, starts = {}, {}
        for name, (frame, order, place) in self._tables.items():
            ends = np.searchsorted(place, np.arange(first, last + 1))
            parts[name] = arrays(frame.iloc[order[ends[0] : ends[-1]]], PARTS[name])
            starts[name] = ends - ends[0]
        return Chapter(arrays(children, tuple(map(str, children.columns))), parts, starts)

    @cached_property
    def _tables(self) -> dict[str, tuple[pd.DataFrame, NDArray[np.intp], NDArray[np.intp]]]:
        """Each table, its rows in the order of the children, and whose each is."""
        checked = self.checked
        ids = pd.Index(self.children["child_id"])
        measure = codes_of(checked.scored["measure"], MEASURES)
        by = checked.scored["age_days"].to_numpy(), measure
        found = {
            "rows": (checked.scored, *_in_order(checked.scored, ids, *by)),
            "findings": (checked.findings, *_in_order(checked.findings, ids)),
        }
        for name, frame in (
            ("contacts", checked.contacts),
            ("events", checked.sides.events),
            ("actions", checked.sides.actions),
        ):
            used = frame[frame["fate"] == "used"] if "fate" in frame else frame
            found[name] = (used, *_in_order(used, ids, used["date"].to_numpy()))
        known = checked.sides.children
        known = known[known["fate"] == "used"]
        found["parents"] = (known, *_in_order(known, ids))
        return {
            name: (frame[[*PARTS[name]]], order, place)
            for name, (frame, order, place) in found.items()
        }


def _in_order(
    frame: pd.DataFrame, ids: pd.Index[str], *by: NDArray[Any]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of the children, child by child, and whose each is."""
    child = ids.get_indexer(pd.Index(frame["child_id"]))
    mine = np.flatnonzero(child >= 0)
    order = mine[np.lexsort((*(key[mine] for key in reversed(by)), child[mine]))]
    return order, child[order]


def arrays(frame: pd.DataFrame, wanted: tuple[str, ...]) -> Arrays:
    """Return columns of a frame as arrays: words and texts as objects, dates by day."""
    found: Arrays = {}
    for name in wanted:
        series = frame[name]
        if isinstance(series.dtype, pd.CategoricalDtype):
            names = np.append(np.asarray(series.cat.categories, dtype=object), "")
            found[name] = names[series.cat.codes.to_numpy()]
        elif series.dtype.kind == "M":
            found[name] = series.to_numpy().astype("datetime64[D]")
        elif series.dtype == "str":
            found[name] = series.to_numpy(dtype=object)
        else:
            found[name] = series.to_numpy()
    return found
