"""The studies: who is simulated, in what world, on which schedule, how many of them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
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

    def simulated(self, start: int, count: int) -> Children:
        """Return some of the children, the same each time."""
        rng = np.random.default_rng([SEED, self.seed, start])
        return children(rng, self.schedule, count, self.world)


def chunks(count: int) -> list[tuple[int, int]]:
    """Return where each chunk of so many children starts, and how many it has."""
    return [(start, min(CHUNK, count - start)) for start in range(0, count, CHUNK)]


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


def run(
    study: Study, count: int, rules: RuleSet | None = None, pool: Executor | None = None
) -> Seen:
    """Return what the rules say of a study's children, visit by visit."""
    every = pool.map if pool is not None else map
    parts = list(every(partial(_part, study, rules or ruleset()), chunks(count)))
    return Seen(
        joined([part.watched for part in parts]),
        np.concatenate([part.onset for part in parts]),
        np.concatenate([part.bottom for part in parts]),
    )


def _part(study: Study, rules: RuleSet, chunk: tuple[int, int]) -> Seen:
    each = study.simulated(*chunk)
    limits = None
    if study.world.fall is not None:
        limits = np.c_[each.onset, each.bottom + FOLLOWED_DAYS]
    with nullcontext() if study.carrying else without_carrying():
        found = watched(each, rules, ages=study.ages, correction=study.correction, limits=limits)
    return Seen(found, each.onset, each.bottom)
