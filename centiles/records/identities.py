"""Who is who: identifiers of several kinds joined to one child, never on a guess.

What hangs together by the rows that carry it is one child, unless it holds two NHS numbers,
contradicts itself about sex or birth date, or was told apart: then nothing of it is joined, and
the rows are listed. The result does not depend on the order of rows or files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.records.nodes import (
    NAME,
    NHS,
    OWN,
    Flags,
    Identifiers,
    Integers,
    Nodes,
    with_source,
)
from centiles.records.refusals import Refusals, Statements, components

_NONE = -1


@dataclass(frozen=True)
class Identities:
    """The children that rows belong to.

    ``child`` is each row's place in ``ids``, −1 where nobody is named; ``ids`` are the children's
    identifiers, each of them once, the NHS number where there is one. ``strange`` are the places
    of lists to be told apart that hold an identifier which no row has.
    """

    child: Integers
    ids: NDArray[np.object_]
    problems: tuple[pd.DataFrame, ...]
    strange: tuple[int, ...] = ()


def settled(
    rows: pd.DataFrame,
    known: Sequence[Identifiers],
    said: Statements,
    *,
    order: Sequence[str] = (NHS, OWN),
    never_merge: Sequence[Sequence[str]] = (),
    idle: Flags | None = None,
) -> Identities:
    """Return the child of every row.

    Parameters
    ----------
    rows
        The rows, in the order of their rank: their source (a category), row and child_id.
    known
        The identifiers of the files; where a file has none here, ``child_id`` is its only one.
    said
        What each row says of its child.
    order
        The kinds of identifiers, best first; a child is called by its best.
    never_merge
        Identifiers that are not one child, however they hang together.
    idle
        Which rows are not known yet: they have a child, and join nothing.
    """
    idle = np.zeros(len(rows), dtype=np.bool_) if idle is None else idle
    nodes = Nodes(rows, known, idle, [word for group in never_merge for word in group])
    first, within, across = nodes.first, nodes.pairs(), nodes.same_number_elsewhere()
    told, strange = _told_apart(nodes, never_merge)
    problems: list[pd.DataFrame] = []
    label = np.arange(nodes.count, dtype=np.int64)
    if within.size or across.size:
        refused = Refusals(nodes, said, told)
        joined = refused.sound(refused.contested(within))
        joined = refused.sound(np.concatenate([joined, across], axis=1), across)
        label, problems = components(nodes.count, *joined), refused.problems
    child = np.where(first < 0, _NONE, np.append(label, _NONE)[first])
    child, labels = _numbered(child, nodes.count)
    ids = _called(nodes, nodes.chief(label, order), child, labels)
    return Identities(child, ids, tuple(problems), strange)


def _numbered(label: Integers, count: int) -> tuple[Integers, Integers]:
    """Return labels below ``count`` numbered as they first appear, and the labels in that order.

    −1 stays −1, and has its place in that order too.

    Examples
    --------
    >>> numbers, labels = _numbered(np.array([5, -1, 2, 5]), 6)
    >>> numbers.tolist(), labels.tolist()
    ([0, -1, 2, 0], [5, -1, 2])
    """
    first = np.full(count + 1, len(label), dtype=np.int64)  # the last place is that of −1
    first[label[::-1]] = np.arange(len(label))[::-1]  # the first row of each is written last
    seen = np.flatnonzero(first < len(label))
    seen = seen[np.argsort(first[seen], kind="stable")]
    number = np.full(count + 1, _NONE, dtype=np.int64)
    number[seen] = np.arange(len(seen))
    number[_NONE] = _NONE
    return number[label], np.where(seen == count, _NONE, seen)


def _told_apart(
    nodes: Nodes, apart: Sequence[Sequence[str]]
) -> tuple[list[Integers], tuple[int, ...]]:
    """Return the nodes of each list of identifiers that are not one child.

    Second, the places of the lists with an identifier that no row has.
    """
    names = np.array(["", *nodes.names], dtype=object)[nodes.home + 1]
    places: dict[str, list[int]] = {}
    for node, (word, name) in enumerate(zip(nodes.word, names, strict=True) if apart else ()):
        places.setdefault(word, []).append(node)
        places.setdefault(with_source(word, name), []).append(node)
    found = [[places.get(word, []) for word in group] for group in apart]
    strange = tuple(place for place, group in enumerate(found) if not all(group))
    told = [np.array(sorted({n for each in group for n in each}), np.int64) for group in found]
    return told, strange


def _called(
    nodes: Nodes, chief: Integers, child: Integers, labels: Integers
) -> NDArray[np.object_]:
    """Return what each child is called: its best identifier, with its file where two share it."""
    ids = np.full(len(labels), "", dtype=object)
    known = np.flatnonzero(labels >= 0)
    mine = chief[labels[known]]
    ids[known] = nodes.word[mine]
    shared = known[pd.Series(ids[known]).duplicated(keep=False).to_numpy()]
    unnamed = known[nodes.kind[mine] == NAME]  # a name is never shown
    if len(shared) or len(unnamed):
        row = np.full(len(labels), len(nodes.row), dtype=np.int64)  # each child's first
        named = np.flatnonzero(child >= 0)
        np.minimum.at(row, child[named], named)
        for k in shared:
            home = nodes.home[chief[labels[k]]]
            home = nodes.source[row[k]] if home < 0 else home
            ids[k] = with_source(ids[k], nodes.names[home])
        # One word under two kinds of one file, such as "unknown", is two identifiers.
        for k in known[pd.Series(ids[known]).duplicated(keep=False).to_numpy()]:
            ids[k] = f"{ids[k]} as {nodes.kind[chief[labels[k]]]}"
        for k in unnamed:
            at = row[k]
            ids[k] = f"row {nodes.row[at]} of {nodes.names[nodes.source[at]]}"
    return ids
