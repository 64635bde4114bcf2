"""What each row of a long table is about: by its clinical codes, else by its word for a measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from centiles.records.codes import IGNORE, NOT_MEASURED, READ_WITH_NOTE, code_within
from centiles.records.synonyms import MEASURE_SLOTS, measure_of
from centiles.records.tables import TextColumn

Flags = NDArray[np.bool_]

SLOTS: Final = tuple(MEASURE_SLOTS)
NO_KIND: Final = -1
# Beside the places of slots: what a code can say that is no measure of a child's size.
_GESTATION, _IGNORED, _NOT_MEASURED, _UNRELATED = range(len(SLOTS), len(SLOTS) + 4)


@dataclass(frozen=True)
class Kinds:
    """What each row is about.

    ``slot`` is a place in ``SLOTS``, −1 for none; ``unit`` the units that words for measures hold.
    ``ignored`` and ``unrelated`` rows have a code that is known not to be read, or is not known;
    ``not_measured`` ones a code for that; ``contradictory`` ones two codes, or without a code two
    words, of different measures;
    ``noted`` ones a code of values that were estimated or the like.
    """

    slot: NDArray[np.int8]
    unit: TextColumn | None
    gestation: Flags
    ignored: Flags
    not_measured: Flags
    unrelated: Flags
    contradictory: Flags
    noted: Flags


def kinds_of(
    codes: list[TextColumn], words: list[TextColumn], own: Mapping[str, str], rows: int
) -> Kinds:
    """Return what each row of a table is about.

    Parameters
    ----------
    codes
        Columns of clinical codes: the first that knows its code speaks.
    words
        Columns of words for measures, which speak where no code is known: the first that is.
    own
        What the configuration says of words and codes.
    rows
        How many rows there are.
    """
    kind = np.full(rows, NO_KIND, dtype=np.int8)
    noted, contradictory = np.zeros(rows, np.bool_), np.zeros(rows, np.bool_)
    for column in codes:
        read = [_of_code(each, own) for each in column.stripped]
        theirs = column.spread(np.array([each for each, _ in read], np.int8), missing=NO_KIND)
        note = column.spread(np.array([each for _, each in read], np.bool_), missing=False)
        contradictory |= _known(kind) & _known(theirs) & (_MEASURE[kind] != _MEASURE[theirs])
        better = (kind == NO_KIND) | ((kind == _UNRELATED) & (theirs != NO_KIND))
        noted |= note & better
        kind = np.where(better, theirs, kind)
    coded, unit = _known(kind), None
    for column in words:
        said = [_of_word(each, own) for each in column.stripped]
        theirs = column.spread(np.array([each for each, _ in said], np.int8), missing=NO_KIND)
        differs = _known(kind) & _known(theirs) & (_MEASURE[kind] != _MEASURE[theirs])
        contradictory |= differs & ~coded
        better = (kind == NO_KIND) | ((kind == _UNRELATED) & _known(theirs))
        own_unit = TextColumn.of([each for _, each in said], column.codes)
        unit = own_unit if unit is None else _where(better, own_unit, unit)
        kind = np.where(better, theirs, kind)
    kind = np.where(contradictory, NO_KIND, kind).astype(np.int8)
    return Kinds(
        slot=np.where(_known(kind), kind, NO_KIND).astype(np.int8),
        unit=unit,
        gestation=kind == _GESTATION,
        ignored=kind == _IGNORED,
        not_measured=kind == _NOT_MEASURED,
        unrelated=kind == _UNRELATED,
        contradictory=contradictory,
        noted=noted,
    )


# The measure of each kind, to tell a length and a height from a length and a weight.
_MEASURE: Final = np.array(
    [*(list(MEASURE_SLOTS.values()).index(MEASURE_SLOTS[slot]) for slot in SLOTS), *[-1] * 5],
    dtype=np.int8,
)


def _known(kind: NDArray[np.int8]) -> Flags:
    return np.asarray((kind >= 0) & (kind < len(SLOTS)))


def _where(here: Flags, first: TextColumn, second: TextColumn) -> TextColumn:
    """Return one column's cells where it holds, and elsewhere another's."""
    codes = np.where(second.codes < 0, second.codes, second.codes + len(first.words))
    words = [*first.stripped, *second.stripped]
    return TextColumn.of(words, np.where(here, first.codes, codes).astype(np.int32))


def _of_code(word: str, own: Mapping[str, str]) -> tuple[int, bool]:
    """Return the kind a code stands for, and whether its values come with a note."""
    if word in own:
        return SLOTS.index(own[word]), False
    code = code_within(word)
    if code is None:
        return (_UNRELATED if word else NO_KIND), False
    if code.measure == NOT_MEASURED:
        return _NOT_MEASURED, False
    if code.use == IGNORE:
        return _IGNORED, False
    if code.measure == "gestation":
        return _GESTATION, False
    return SLOTS.index(code.measure), code.use == READ_WITH_NOTE


def _of_word(word: str, own: Mapping[str, str]) -> tuple[int, str]:
    """Return the kind a word for a measure stands for, and the unit in it."""
    if word not in own:
        slot, unit = measure_of(word)
        if slot:
            return SLOTS.index(slot), unit
    kind, _ = _of_code(word, own)
    return (NO_KIND if kind == _UNRELATED else kind), ""
