"""The identifiers of all files, each once, and the rows that carry them.

An identifier is a node; a row that carries two joins them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
    """The identifiers of one file's rows: a kind and a column for each, best-ranked first.

    ``series`` names the set of linked files whose own numbers the local ones are, if they are.
    """

    source: str
    rows: Integers
    kinds: tuple[str, ...]
    columns: tuple[TextColumn, ...]
    series: str = ""


@dataclass(frozen=True)
class _Words:
    """The distinct words of one column: kind and home of each, and the rows that have them."""

    kind: str
    words: pd.Series[str]
    home: Integers
    row: Integers
    place: Integers


class Nodes:
    """The identifiers of all files, each once, and where the rows carry them."""

    def __init__(
        self,
        rows: pd.DataFrame,
        known: Sequence[Identifiers],
        idle: Flags,
        parted: Sequence[str] = (),
    ) -> None:
        """Number the identifiers.

        Parameters
        ----------
        rows
            The rows, in the order of their rank: source (a category), row, child_id.
        known
            The identifiers of the files; where a file has none, ``child_id`` is its only one.
        idle
            Which rows join nothing, since they are not known yet, shape (n,).
        parted
            Identifiers with their file, "12 [school.csv]", which mean another child there.
        """
        self.source = rows["source"].cat.codes.to_numpy().astype(np.int64)
        self.row = rows["row"].to_numpy()
        self.names = [str(name) for name in rows["source"].cat.categories]
        by_name = {each.source: each for each in known}
        self.homes, self.numbered = _homes(self.names, by_name)
        words: list[_Words] = []
        for code, name in enumerate(self.names):
            mine = np.flatnonzero(self.source == code)
            for kind, column, place in _columns_of(by_name.get(name), rows, mine):
                home = self._home_of(kind, column, code, parted)
                words.append(_Words(kind, column, home, mine[place >= 0], place[place >= 0]))
        self._number(words)
        self.binds = ~idle[self.carrier]

    def _home_of(
        self, kind: str, column: pd.Series[str], code: int, parted: Sequence[str]
    ) -> Integers:
        """Return the file each word of a column is a number of, −1 where it is one everywhere."""
        local = kind not in _EVERYWHERE or (kind == OWN and self.numbered[code])
        home = np.full(len(column), self.homes[code] if local else -1, dtype=np.int64)
        if not parted or local:
            return home
        own = [with_source(word, self.names[code]) in parted for word in column]
        return np.where(own, code, home)

    def _number(self, words: Sequence[_Words]) -> None:
        """Number the identifiers, each once, and note which rows carry which."""
        word = pd.concat([pd.Series([], dtype="str"), *(w.words for w in words)], ignore_index=True)
        none = np.array([], dtype=np.int64)
        kind = [each.kind for each in words for _ in range(len(each.words))]
        table = pd.DataFrame(
            {"kind": pd.Series(kind, dtype="str"), "word": word,
             "home": np.concatenate([none, *(each.home for each in words)])}
        )  # fmt: skip
        if len(words) > 1:
            of_word = table.groupby(["kind", "word", "home"], sort=False).ngroup().to_numpy()
        else:
            of_word, _ = pd.factorize(word)
        first = table.assign(node=of_word).drop_duplicates("node").sort_values("node")
        self.kind, self.word = first["kind"].to_numpy(object), first["word"].to_numpy(object)
        self.home = first["home"].to_numpy()
        self.count = len(first)
        starts = np.cumsum([0, *(len(each.words) for each in words)])
        at = [each.place + start for each, start in zip(words, starts[:-1], strict=True)]
        self.carrier = np.concatenate([none, *(each.row for each in words)])
        self.carried = of_word[np.concatenate([none, *at])] if len(word) else none

    @property
    def first(self) -> Integers:
        """Each row's best-ranked identifier, −1 where it has none."""
        first = np.full(len(self.row), _NONE, dtype=np.int64)
        first[self.carrier[::-1]] = self.carried[::-1]  # the best-ranked is written last
        return first

    def pairs(self) -> Integers:
        """Return the distinct pairs of identifiers that rows carry together, shape (2, n)."""
        first = self.first
        other = (self.carried != first[self.carrier]) & self.binds
        pair = first[self.carrier[other]] * self.count + self.carried[other]
        both = np.divmod(np.unique(pair), max(self.count, 1))
        return np.array(both, dtype=np.int64).reshape(2, -1)

    def same_number_elsewhere(self) -> Integers:
        """Return the pairs of nodes that are one local number of one kind in two files.

        Where two sets of linked files each number their own patients, a number says nothing.
        """
        head = np.arange(self.count, dtype=np.int64)
        if not self.numbered.any() and len(np.unique(self.home[self.home >= 0])) < 2:
            return np.empty((2, 0), dtype=np.int64)
        same = pd.DataFrame({"kind": self.kind, "word": self.word})
        group = same.groupby(["kind", "word"], sort=False).ngroup().to_numpy()
        start = np.full(self.count, self.count, dtype=np.int64)
        np.minimum.at(start, group, head)
        sets = np.bincount(group[self.numbered[self.home]], minlength=self.count)
        again = (start[group] != head) & (sets[group] < 2)
        return np.array([start[group][again], head[again]])

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


def _homes(names: Sequence[str], known: Mapping[str, Identifiers]) -> tuple[list[int], Flags]:
    """Return the file whose each file's local numbers are: the first of its set of linked ones.

    Second, which files are of one of several sets, that each number their own patients; the last
    is of no file.
    """
    series = [known[name].series if name in known else "" for name in names]
    several = len(set(series) - {""}) > 1
    numbered = np.array([several and own != "" for own in series] + [False])
    return [series.index(own) if own else code for code, own in enumerate(series)], numbered


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


def with_source(word: str, source: str) -> str:
    """Return an identifier with the file whose it is.

    Examples
    --------
    >>> with_source("12", "school.csv")
    '12 [school.csv]'
    """
    return f"{word} [{source}]"
