"""What is known of children beside their measurements: parents, conditions, homes, events."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from centiles.ages import FloatArray

Flags = NDArray[np.bool_]

OTHER: Final = "other"
# A household id of more children than this is no household: a default, a refuge, a school.
MOST_IN_A_HOUSEHOLD: Final = 10


@cache
def _words() -> dict[str, Any]:
    text = (resources.files(__package__) / "events.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


EVENT_KINDS: Final = (*_words()["kinds"], OTHER)


def kinds_of(type_: str) -> tuple[str, ...]:
    """Return what kinds of event a service's own words are; ``("other",)`` for none known.

    Examples
    --------
    >>> kinds_of("Domestic abuse notification"), kinds_of("Feeding concern; moved house")
    (('domestic_abuse',), ('move', 'feeding'))
    """
    plain = _plain(type_)
    found = tuple(
        kind for kind, words in _words()["kinds"].items() if _pattern(*words).search(plain)
    )
    return found or (OTHER,)


def lines_do_not_fit(conditions: NDArray[np.object_]) -> Flags:
    """Return which known conditions have growth of their own, which UK-WHO lines do not show.

    Examples
    --------
    >>> lines_do_not_fit(np.array(["Trisomy 21", "coeliac disease", ""], dtype=object))
    array([ True, False, False])
    """
    said, place = np.unique(conditions.astype(str), return_inverse=True)
    pattern = _pattern(*_words()["conditions"]["own_lines"])
    return np.array([bool(pattern.search(_plain(word))) for word in said], dtype=np.bool_)[place]


def _plain(text: str) -> str:
    """Return text in small letters, its words a blank apart."""
    return re.sub(r"[\W_]+", " ", text.casefold())


@cache
def _pattern(*words: str) -> re.Pattern[str]:
    """Return what finds any of some words, whole, or from the start if it ends in *."""
    each = [rf"\b{re.escape(w.rstrip('*'))}" + ("" if w.endswith("*") else r"\b") for w in words]
    return re.compile("|".join(each))


@dataclass(frozen=True)
class Events:
    """What happened: arrays over events, shape (n,), by child and then date.

    An event of two kinds is there twice. ``kind`` is a place in :data:`EVENT_KINDS`; ``age_days``
    is NaN where the birth date is not known; ``date`` is NaT where only ages are shown.
    """

    child: NDArray[np.int64]
    age_days: FloatArray
    date: NDArray[np.datetime64]
    kind: NDArray[np.int8]
    sensitive: Flags

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.child)

    def of(self, *kinds: str) -> Events:
        """Return the events of some kinds.

        Examples
        --------
        >>> len(nothing_known(2).events.of("feeding", "eating"))
        0
        """
        return self.take(np.isin(self.kind, [EVENT_KINDS.index(kind) for kind in kinds]))

    def take(self, chosen: Any) -> Events:
        """Return some of the events, in the same order."""
        return Events(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Homes:
    """Which child lives in which household: arrays over pairs, shape (n,), each pair once.

    A child may live in two. ``household`` is a place in ``ids``. A household id shared by more
    than :data:`MOST_IN_A_HOUSEHOLD` children stands here too; :attr:`too_many` marks it.
    """

    child: NDArray[np.int64]
    household: NDArray[np.int64]
    ids: NDArray[np.object_] = field(repr=False)

    @property
    def too_many(self) -> Flags:
        """Which households are shared by too many children to be one, shape of ``ids``."""
        sizes = np.bincount(self.household, minlength=len(self.ids))
        return np.asarray(sizes > MOST_IN_A_HOUSEHOLD)


@dataclass(frozen=True)
class Background:
    """What is known of each child of a cohort, beside its measurements.

    ``mother_cm`` and ``father_cm`` are the parents' heights [cm], NaN where not known;
    ``condition`` is a known condition, "" for none; ``household`` is the first household of
    ``homes`` that is used, a place in its ids, −1 for none. All have the shape (children,).
    """

    mother_cm: FloatArray
    father_cm: FloatArray
    condition: NDArray[np.object_] = field(repr=False)
    homes: Homes = field(repr=False)
    events: Events = field(repr=False)

    def of(self, children: NDArray[np.int64]) -> Background:
        """Return the background of other children, each known as one of these is; no homes."""
        events, all_of = self.events, np.arange(len(children))
        begin = np.searchsorted(events.child, children, side="left")
        count = np.searchsorted(events.child, children, side="right") - begin
        owner = np.repeat(all_of, count)
        first = np.cumsum(count) - count
        at = np.repeat(begin - first, count) + np.arange(int(count.sum()))
        none = np.zeros(0, dtype=np.int64)
        return Background(
            self.mother_cm[children], self.father_cm[children], self.condition[children],
            Homes(none, none, np.zeros(0, dtype=object)), replace(events.take(at), child=owner),
        )  # fmt: skip

    @property
    def household(self) -> NDArray[np.int64]:
        """Each child's first household that is used, −1 for none, shape (children,)."""
        found = np.full(len(self.mother_cm), -1, dtype=np.int64)
        used = ~self.homes.too_many[self.homes.household]
        found[self.homes.child[used][::-1]] = self.homes.household[used][::-1]
        return found


def events_of(
    child: NDArray[np.int64],
    age_days: FloatArray,
    date: NDArray[np.datetime64],
    types: Sequence[str],
    sensitive: Flags,
) -> Events:
    """Return events of known kinds from a service's own words.

    Parameters
    ----------
    child
        Whose each is, shape (n,).
    age_days
        The child's age [d].
    date
        The day.
    types
        The words.
    sensitive
        Whether it is shown on request only.
    """
    words, place = np.unique(np.asarray(types, dtype=str), return_inverse=True)
    kinds = np.zeros((len(words), len(EVENT_KINDS)), dtype=np.bool_)
    for row, word in enumerate(words.tolist()):
        kinds[row, [EVENT_KINDS.index(kind) for kind in kinds_of(word)]] = True
    event, kind = np.nonzero(kinds[place])
    order = np.lexsort((kind, date[event], child[event]))
    at = event[order]
    return Events(child[at], age_days[at], date[at], kind[order].astype(np.int8), sensitive[at])


def nothing_known(children: int) -> Background:
    """Return the background of children of whom nothing is known but measurements.

    Examples
    --------
    >>> nothing_known(2).household
    array([-1, -1])
    """
    none = np.zeros(0, dtype=np.int64)
    unknown = np.full(children, np.nan)
    nothing = np.zeros(0, dtype=object)
    no_days = np.zeros(0, dtype="datetime64[D]")
    return Background(
        mother_cm=unknown,
        father_cm=unknown,
        condition=np.full(children, "", dtype=object),
        homes=Homes(none, none, nothing),
        events=events_of(none, np.zeros(0), no_days, [], np.zeros(0, dtype=np.bool_)),
    )
