"""Who is who: identifiers of several kinds joined to one child, never on a guess.

An identifier is a node; a row that carries two joins them. What hangs together is one child,
unless it holds two NHS numbers, contradicts itself about sex or birth date, or was told apart:
then nothing of it is joined, and the rows are listed. The result does not depend on the order of
rows or files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.records import columns, merging
from centiles.records.tables import TextColumn

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

NHS: Final = "nhs number"
OWN: Final = "child id"  # a column of that name is one series of numbers in every file
NAME: Final = "name, birth date and sex"
_EVERYWHERE: Final = (NHS, OWN, NAME)  # kinds that mean the same child in every file
_NONE: Final = -1


@dataclass(frozen=True)
class Identifiers:
    """The identifiers of one file's rows: a kind and a column for each, best-ranked first."""

    source: str
    rows: Integers
    kinds: tuple[str, ...]
    columns: tuple[TextColumn, ...]


@dataclass(frozen=True)
class Statements:
    """What rows say of their child: sex and birth date as codes, −1 for nothing, shape (n,)."""

    sex: NDArray[np.integer[Any]]
    born: Integers


@dataclass(frozen=True)
class Identities:
    """The children that rows belong to.

    ``child`` is each row's place in ``ids``, −1 where nobody is named; ``ids`` are the children's
    identifiers, each of them once, the NHS number where there is one.
    """

    child: Integers
    ids: NDArray[np.object_]
    problems: tuple[pd.DataFrame, ...]


class _Nodes:
    """The identifiers of all files, each once, and where the rows carry them."""

    def __init__(self, rows: pd.DataFrame, known: Sequence[Identifiers]) -> None:
        """Number the identifiers; ``rows`` has the columns source (category), row, child_id."""
        self.source = rows["source"].cat.codes.to_numpy().astype(np.int64)
        self.row = rows["row"].to_numpy()
        self.names = [str(name) for name in rows["source"].cat.categories]
        by_name = {each.source: each for each in known}
        kinds: list[str] = []
        words: list[pd.Series[str]] = []
        homes: list[Integers] = []
        at: list[tuple[Integers, Integers]] = []  # rows, and the place of each one's word
        offset = 0
        for code, name in enumerate(self.names):
            mine = np.flatnonzero(self.source == code)
            for kind, column, place in _columns_of(by_name.get(name), rows, mine):
                kinds.extend([kind] * len(column))
                words.append(column)
                homes.append(np.full(len(column), -1 if kind in _EVERYWHERE else code))
                at.append((mine[place >= 0], place[place >= 0] + offset))
                offset += len(column)
        word = pd.concat([pd.Series([], dtype="str"), *words], ignore_index=True)
        table = pd.DataFrame(
            {"kind": pd.Series(kinds, dtype="str"), "word": word,
             "home": np.concatenate([np.array([], dtype=np.int64), *homes])}
        )  # fmt: skip
        if len(words) > 1:
            of_word = table.groupby(["kind", "word", "home"], sort=False).ngroup().to_numpy()
        else:
            of_word, _ = pd.factorize(word)
        first = table.assign(node=of_word).drop_duplicates("node").sort_values("node")
        self.kind, self.word = first["kind"].to_numpy(object), first["word"].to_numpy(object)
        self.home = first["home"].to_numpy()
        self.count = len(first)
        rows_of, nodes_of = zip(*at, strict=True) if at else ((), ())
        none = np.array([], dtype=np.int64)
        self.carrier = np.concatenate([none, *rows_of])
        self.carried = of_word[np.concatenate([none, *nodes_of])] if offset else none

    @property
    def first(self) -> Integers:
        """Each row's best-ranked identifier, −1 where it has none."""
        first = np.full(len(self.row), _NONE, dtype=np.int64)
        first[self.carrier[::-1]] = self.carried[::-1]  # the best-ranked is written last
        return first

    def chief(self, label: Integers, order: Sequence[str]) -> Integers:
        """Return for each label of nodes the best of them: by kind, then word, then file."""
        chief = np.arange(self.count, dtype=np.int64)
        several = np.flatnonzero(np.bincount(label, minlength=self.count)[label] > 1)
        if len(several) == 0:
            return chief
        places = {kind: place for place, kind in enumerate(order)}
        kind = [len(order) + (k == NAME) if k not in places else places[k] for k in self.kind]
        home = np.array(["", *self.names], dtype=object)[self.home + 1]
        table = pd.DataFrame(
            {"place": kind, "kind": self.kind, "word": self.word, "home": home, "label": label}
        )
        best = table.iloc[several].sort_values(["place", "kind", "word", "home"], kind="stable")
        best = best.drop_duplicates("label")
        chief[best["label"].to_numpy()] = best.index.to_numpy()
        return chief


def _columns_of(
    known: Identifiers | None, rows: pd.DataFrame, mine: NDArray[np.intp]
) -> list[tuple[str, pd.Series[str], Integers]]:
    """Return a file's identifiers: kind, words, and the place of each row's word, −1 for none."""
    if known is None:
        codes, words = pd.factorize(rows["child_id"].iloc[mine])
        found = [(OWN, pd.Series(words, dtype="str"), codes.astype(np.int64))]
    else:
        at = _places_of(rows["row"].to_numpy()[mine], known.rows)
        found = [
            (kind, column.stripped, column.codes[at].astype(np.int64))
            for kind, column in zip(known.kinds, known.columns, strict=True)
        ]
    out = []
    for kind, words_, place in found:
        blank = np.append((words_ == "").to_numpy(), True)
        out.append((kind, words_, np.where(blank[place], _NONE, place)))
    return out


def _places_of(numbers: Integers, rows: Integers) -> Integers:
    """Return where numbers of rows are among all rows of their file, which increase."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:  # no number is left out
        return np.asarray(numbers - rows[0], dtype=np.int64)
    return np.asarray(np.searchsorted(rows, numbers), dtype=np.int64)


def settled(
    rows: pd.DataFrame,
    known: Sequence[Identifiers],
    said: Statements,
    *,
    order: Sequence[str] = (NHS, OWN),
    never_merge: Sequence[Sequence[str]] = (),
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
    """
    nodes = _Nodes(rows, known)
    first = nodes.first
    within, across = _pairs(nodes, first), _same_number_elsewhere(nodes)
    problems: list[pd.DataFrame] = []
    label = np.arange(nodes.count, dtype=np.int64)
    if within.size or across.size:
        refused = _Refusals(nodes, first, said, never_merge)
        joined = refused.sound(refused.contested(within))
        joined = refused.sound(np.concatenate([joined, across], axis=1), across)
        label, problems = components(nodes.count, *joined), refused.problems
    child = np.where(first < 0, _NONE, np.append(label, _NONE)[first])
    child, labels = _numbered(child, nodes.count)
    ids = _called(nodes, nodes.chief(label, order), child, labels)
    return Identities(child, ids, tuple(problems))


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


def _pairs(nodes: _Nodes, first: Integers) -> Integers:
    """Return the distinct pairs of identifiers that rows carry together, shape (2, n)."""
    other = nodes.carried != first[nodes.carrier]
    pair = first[nodes.carrier[other]] * nodes.count + nodes.carried[other]
    return np.array(np.divmod(np.unique(pair), max(nodes.count, 1)), dtype=np.int64).reshape(2, -1)


def _same_number_elsewhere(nodes: _Nodes) -> Integers:
    """Return the pairs of nodes that are one local number of one kind in two files."""
    head = np.arange(nodes.count, dtype=np.int64)
    if len(np.unique(nodes.home[nodes.home >= 0])) < 2:
        return np.empty((2, 0), dtype=np.int64)
    same = pd.DataFrame({"kind": nodes.kind, "word": nodes.word})
    group = same.groupby(["kind", "word"], sort=False).ngroup().to_numpy()
    start = np.full(nodes.count, nodes.count, dtype=np.int64)
    np.minimum.at(start, group, head)
    again = start[group] != head
    return np.array([start[group][again], head[again]])


class _Refusals:
    """The joins that would be a guess: left out, and listed with the rows on either side."""

    def __init__(
        self, nodes: _Nodes, first: Integers, said: Statements, apart: Sequence[Sequence[str]]
    ) -> None:
        self.nodes, self.first = nodes, first
        self.problems: list[pd.DataFrame] = []
        self.national = nodes.kind == NHS
        self.sex, self.born = (self._most(stated) for stated in (said.sex, said.born))
        self.told = _told_apart(nodes, apart)
        self.row_of = np.full(nodes.count, len(nodes.row), dtype=np.int64)  # a node's first row
        np.minimum.at(self.row_of, nodes.carried, nodes.carrier)

    def _most(self, stated: NDArray[np.integer[Any]]) -> Integers:
        """Return what most rows of each identifier state; of as many, the smaller, in any order."""
        order = np.argsort(stated, kind="stable")
        return merging.agreed(self.first[order], stated[order], self.nodes.count)[0]

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


def _told_apart(nodes: _Nodes, apart: Sequence[Sequence[str]]) -> list[Integers]:
    """Return the nodes of each list of identifiers that are not one child."""
    names = np.array(["", *nodes.names], dtype=object)[nodes.home + 1]
    places: dict[str, list[int]] = {}
    for node, (word, name) in enumerate(zip(nodes.word, names, strict=True) if apart else ()):
        places.setdefault(word, []).append(node)
        places.setdefault(_with_source(word, name), []).append(node)
    groups = [
        np.array(sorted({node for word in group for node in places.get(word.strip(), [])}))
        for group in apart
    ]
    return [group.astype(np.int64) for group in groups if len(group) > 1]


def _with_source(word: str, source: str) -> str:
    return f"{word} [{source}]"


def _called(
    nodes: _Nodes, chief: Integers, child: Integers, labels: Integers
) -> NDArray[np.object_]:
    """Return what each child is called: its best identifier, with its file where two share it."""
    ids = np.full(len(labels), "", dtype=object)
    known = np.flatnonzero(labels >= 0)
    mine = chief[labels[known]]
    ids[known] = nodes.word[mine]
    shared = known[pd.Series(ids[known]).duplicated(keep=False).to_numpy()]
    unnamed = known[nodes.kind[mine] == NAME]  # a name is never shown
    if len(shared) or len(unnamed):
        row = np.full(nodes.count, len(nodes.row), dtype=np.int64)
        named = np.flatnonzero(child >= 0)
        np.minimum.at(row, child[named], named)
        for k in shared:
            home = nodes.home[chief[labels[k]]]
            home = nodes.source[row[labels[k]]] if home < 0 else home
            ids[k] = _with_source(ids[k], nodes.names[home])
        for k in unnamed:
            at = row[labels[k]]
            ids[k] = f"row {nodes.row[at]} of {nodes.names[nodes.source[at]]}"
    return ids
