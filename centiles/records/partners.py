"""Two tables' rows by a key of both: what one has for the rows of the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from centiles.records import parsing
from centiles.records.tables import TextColumn

Places = NDArray[np.int64]
Flags = NDArray[np.bool_]

NO_ONE: Final = "0000000000"  # an NHS number that stands for none


@dataclass(frozen=True)
class Match:
    """Which rows of another file have the key of each row: ``key`` of ours and theirs, −1 blank."""

    ours: Places
    theirs: Places
    count: int

    @classmethod
    def of(cls, ours: TextColumn, theirs: TextColumn) -> Match:
        """Return the match of our keys and theirs, compared without white space round them."""
        words = pd.concat([_whole(ours), _whole(theirs), pd.Series([""], dtype="str")])
        codes, _ = pd.factorize(words)
        codes = np.where(codes == codes[-1], -1, codes).astype(np.int64)
        first = len(ours.words)
        ours_key = ours.spread(codes[:first], missing=-1)
        theirs_key = theirs.spread(codes[first:-1], missing=-1)
        return cls(ours_key, theirs_key, int(codes.max(initial=-1)) + 1)

    @property
    def alone(self) -> Flags:
        """Which of our rows have a key that is in none of theirs, or no key."""
        known = np.zeros(self.count + 1, dtype=np.bool_)
        known[self.theirs] = True
        known[-1] = False
        return np.asarray(~known[self.ours])

    def carried(self, column: TextColumn) -> tuple[TextColumn, Flags]:
        """Return their column for our rows, and where their rows of one key disagree: left blank.

        A blank does not disagree with a word.
        """
        distinct, words = pd.factorize(column.stripped)
        word = column.spread(distinct, missing=-1)
        at = np.flatnonzero((self.theirs >= 0) & ~column.is_blank)
        low = np.full(self.count + 1, len(words), dtype=np.int64)
        high = np.full(self.count + 1, -1, dtype=np.int64)
        np.minimum.at(low, self.theirs[at], word[at])
        np.maximum.at(high, self.theirs[at], word[at])
        clash = low < high
        place = np.where(clash | (high < 0), -1, high)
        place[-1], clash[-1] = -1, False
        found = column.reworded(pd.Series(words, dtype="str"))
        found = replace(found, codes=place[self.ours].astype(np.int32))
        return found, np.asarray(clash[self.ours])

    def any_of(self, column: TextColumn) -> TextColumn:
        """Return a mark for our rows, made where any of their rows of the key has it."""
        marked = ~column.is_blank & (self.theirs >= 0)
        word = np.full(self.count + 1, -1, dtype=np.int32)
        word[self.theirs[marked]] = column.codes[marked]
        word[-1] = -1
        return TextColumn(column.words, word[self.ours])


def _whole(column: TextColumn) -> pd.Series[str]:
    """Return the words of a key; 17.0 is 17 where whole numbers with gaps were kept as decimals."""
    words = column.stripped
    if words[words != ""].str.fullmatch(r"\d+\.0").all():
        return words.str.removesuffix(".0")
    return words


def filled_from(columns_: Iterable[TextColumn]) -> TextColumn:
    """Return the first column, its blanks filled from the next, and so on."""
    first, *others = columns_
    for other in others:
        nobody = first.spread(
            parsing.is_missing(first.stripped) | (first.stripped == NO_ONE).to_numpy(), missing=True
        )
        codes = np.where(other.codes < 0, -1, other.codes + len(first.words))
        first = TextColumn(
            pa.concat_arrays([first.words, other.words]),
            np.where(nobody, codes, first.codes).astype(np.int32),
        )
    return first
