"""Joins of identifiers that would be a guess: left out, and listed with the rows on either side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.records import columns, merging
from centiles.records.nodes import NHS, Flags, Integers, Nodes


@dataclass(frozen=True)
class Statements:
    """What rows say of their child: sex and birth date as codes, −1 for nothing, shape (n,).

    ``times`` is how many rows of the files each row stands for, one where not given.
    """

    sex: NDArray[np.integer[Any]]
    born: Integers
    times: Integers | None = None

    def then(self, sex: NDArray[np.integer[Any]], born: Integers) -> Statements:
        """Return these and then what other rows say, each once."""
        times = None
        if self.times is not None:
            times = np.concatenate([self.times, np.ones(len(sex), dtype=np.int64)])
        both = np.concatenate([self.sex, sex]), np.concatenate([self.born, born])
        return Statements(*both, times)


def components(count: int, one: Integers, other: Integers) -> Integers:
    """Return for each node the smallest node that it hangs together with.

    Examples
    --------
    >>> components(5, np.array([0, 3]), np.array([2, 2])).tolist()
    [0, 1, 0, 0, 4]
    """
    label = np.arange(count, dtype=np.int64)
    while len(one):
        low = np.minimum(label[one], label[other])
        before = label.copy()
        np.minimum.at(label, before[one], low)
        np.minimum.at(label, before[other], low)
        np.minimum.at(label, one, low)
        np.minimum.at(label, other, low)
        while (label[label] != label).any():
            label = label[label]
        if (label == before).all():
            break
    return label


class Refusals:
    """The joins that would be a guess: left out, and listed with the rows on either side."""

    def __init__(self, nodes: Nodes, said: Statements, told: Sequence[Integers]) -> None:
        self.nodes, self.first = nodes, nodes.first
        self.problems: list[pd.DataFrame] = []
        self.national = nodes.kind == NHS
        self.times = said.times
        self.sex, self.born = (self._most(stated) for stated in (said.sex, said.born))
        self.told = [group for group in told if len(group) > 1]
        self.row_of = np.full(nodes.count, len(nodes.row), dtype=np.int64)  # a node's first row
        np.minimum.at(self.row_of, nodes.carried, nodes.carrier)

    def _most(self, stated: NDArray[np.integer[Any]]) -> Integers:
        """Return what most rows of each identifier state; of as many, the smaller, in any order."""
        order = np.argsort(stated, kind="stable")
        times = None if self.times is None else self.times[order]
        return merging.agreed(self.first[order], stated[order], self.nodes.count, times)[0]

    def contested(self, pairs: Integers) -> Integers:
        """Return pairs without those of a local identifier that stands beside two NHS numbers."""
        one, other = pairs
        national = self.national[one] & ~self.national[other]
        beside = np.bincount(other[national], minlength=self.nodes.count)
        bad = national & (beside[other] > 1)
        if bad.any():
            self._list("P20", one[bad], other[bad])
        return pairs[:, ~bad]

    def sound(self, pairs: Integers, doubted: Integers | None = None) -> Integers:
        """Return pairs without those whose whole would contradict itself.

        Of such a whole all ``doubted`` pairs are left out, or all there are.
        """
        doubted = pairs if doubted is None else doubted
        label = components(self.nodes.count, *pairs)
        odd = {code: self._odd(label, code) for code in ("P20", "P21", "P22")}
        refused = np.any(list(odd.values()), axis=0)
        if not refused.any():
            return pairs
        gone = refused[label[doubted[0]]]
        self._list_whole(label, odd)
        keys = pairs[0] * self.nodes.count + pairs[1]
        lost = doubted[0][gone] * self.nodes.count + doubted[1][gone]
        return pairs[:, ~np.isin(keys, lost)]

    def _odd(self, label: Integers, code: str) -> Flags:
        """Return for each node, as a whole's label, whether that whole contradicts itself."""
        count = self.nodes.count
        if code == "P20":
            return np.bincount(label[self.national], minlength=count) > 1
        if code == "P22":
            odd = np.zeros(count, dtype=np.bool_)
            for group in self.told:
                found, times = np.unique(label[group], return_counts=True)
                odd[found[times > 1]] = True
            return odd
        odd = np.zeros(count, dtype=np.bool_)
        for stated in (self.sex, self.born):
            at = np.flatnonzero(stated >= 0)
            low = np.full(count, np.iinfo(np.int64).max)
            high = np.full(count, -1, dtype=np.int64)
            np.minimum.at(low, label[at], stated[at])
            np.maximum.at(high, label[at], stated[at])
            odd |= (high >= 0) & (low < high)
        return odd

    def _list_whole(self, label: Integers, odd: dict[str, Flags]) -> None:
        """List the first row of each identifier of a refused whole, beside another's."""
        own = np.unique(self.first[self.first >= 0])  # identifiers that rows go by
        taken = np.zeros(self.nodes.count, dtype=np.bool_)
        for code, wholes in odd.items():
            here = own[(wholes & ~taken)[label[own]]]
            taken |= wholes
            if len(here):
                here = here[np.lexsort((self.row_of[here], label[here]))]
                start = np.r_[True, label[here][1:] != label[here][:-1]]
                head = here[np.maximum.accumulate(np.where(start, np.arange(len(here)), 0))]
                ahead = np.append(here[1:], here[-1])
                beside = np.where(start, np.where(label[ahead] == label[here], ahead, here), head)
                self._tell(code, self.row_of[here], self.row_of[beside])

    def _list(self, code: str, one: Integers, other: Integers) -> None:
        """List a row of each pair, beside a row of another pair of the same local identifier."""
        carried = pd.DataFrame({"row": self.nodes.carrier, "node": self.nodes.carried})
        carried = carried[self.nodes.binds]
        carried = carried[np.isin(carried["node"], other)]
        carried = carried.assign(one=self.first[carried["row"]])
        carried = carried[carried["one"] != carried["node"]].sort_values("row", kind="stable")
        pairs = carried.drop_duplicates(["node", "one"]).sort_values(["node", "row"])
        pairs = pairs[np.isin(pairs["one"], one)]
        head = pairs.groupby("node")["row"].transform("first").to_numpy()
        last = pairs.groupby("node")["row"].transform("last").to_numpy()
        row = pairs["row"].to_numpy()
        self._tell(code, row, np.where(head == row, last, head))

    def _tell(self, code: str, rows: Integers, beside: Integers) -> None:
        """List rows with a problem that names the other file and row."""
        nodes = self.nodes
        names = np.array(nodes.names, dtype=object)
        sources = columns.categorical(nodes.source[rows], nodes.names)
        suggestion = merging.named_beside(
            columns.PROBLEM_CODES[code].suggestion, names[nodes.source[beside]], nodes.row[beside]
        )
        self.problems.append(columns.problems(code, sources, nodes.row[rows], "", suggestion))
