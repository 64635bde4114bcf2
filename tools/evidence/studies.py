"""The studies: who is simulated, in what world, on which schedule, how many of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from unittest import mock

import numpy as np

from centiles.ages import DAYS_IN_YEAR
from centiles.monitoring.rulesets import RuleSet, ruleset
from centiles.references import Reference
from tools.evidence.children import Children, World, children
from tools.evidence.visits import Schedule
from tools.evidence.watching import Watched, joined, watched

SEED = 20261127
CHUNK = 2_000
FOLLOWED_DAYS = 3 * DAYS_IN_YEAR  # how long after its bottom a fall is followed
FOUR = 4 * DAYS_IN_YEAR
LAST = 17 * DAYS_IN_YEAR


@dataclass(frozen=True)
class Sizes:
    """How many children each sort of study has."""

    healthy: int = 20_000  # on each schedule, under 4 years and from 4
    variation: int = 6_000  # in each other world
    fallen: int = 4_000  # in each sort of fall


SMALL = Sizes(healthy=400, variation=200, fallen=250)


@dataclass(frozen=True)
class Study:
    """One run: a schedule in a world, from its own seed."""

    schedule: Schedule
    world: World = field(default_factory=World)
    correction: str = "digital"
    carrying: bool = True
    ages: tuple[float, float] = (0.0, LAST)

    @property
    def seed(self) -> int:
        """A seed of its own, so that adding a study changes no other.

        How the same children are measured, typed in and corrected is no part of it, so that what
        those change is seen in the same children.
        """
        world = replace(self.world, slips=0.0, error=1.0, short_term_sd=0.0)
        return zlib.crc32(repr((self.schedule.name, world)).encode())

    def simulated(self, count: int) -> Iterator[Children]:
        """Return the children, in chunks, the same each time."""
        for start in range(0, count, CHUNK):
            rng = np.random.default_rng([SEED, self.seed, start])
            yield children(rng, self.schedule, min(CHUNK, count - start), self.world)


@contextmanager
def without_carrying() -> Iterator[None]:
    """Let joins fake falls: earlier z stay as they were scored."""

    def uncarried(_self, z, _table_code, _from_section, _to_section):
        return np.array(z, dtype=np.float64, copy=True)

    with mock.patch.object(Reference, "carried", uncarried):
        yield


@dataclass(frozen=True)
class Seen:
    """What became of a study: everything watched, and when what was planted began and was done."""

    watched: Watched
    onset: np.ndarray
    bottom: np.ndarray


def run(study: Study, count: int, rules: RuleSet | None = None) -> Seen:
    """Return what the rules say of a study's children, visit by visit."""
    chosen = rules or ruleset()
    parts, onset, bottom = [], [], []
    for each in study.simulated(count):
        limits = None
        if study.world.fall is not None:
            limits = np.c_[each.onset, each.bottom + FOLLOWED_DAYS]
        options = {"ages": study.ages, "correction": study.correction, "limits": limits}
        if study.carrying:
            parts.append(watched(each, chosen, **options))
        else:
            with without_carrying():
                parts.append(watched(each, chosen, **options))
        onset.append(each.onset)
        bottom.append(each.bottom)
    return Seen(joined(parts), np.concatenate(onset), np.concatenate(bottom))
