"""What the rules say of children at each visit, as they would have been checked on that day.

The values are scored by the library as a whole export is. Then every visit becomes a child of its
own who has been seen up to that day and no further, and the rules run over all of them at once: so
what is counted is what a nurse would have been shown, and when.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from unittest import mock

import numpy as np
import pandas as pd

from centiles.monitoring import gains, trajectory
from centiles.monitoring.background import nothing_known
from centiles.monitoring.findings import Cohort, findings_of
from centiles.monitoring.points import Points
from centiles.monitoring.rulesets import RuleSet
from centiles.records import scoring
from tools.evidence.children import Children, records

OPEN = ("new", "sustained", "recovering")


@dataclass(frozen=True)
class Watched:
    """Visits, and what was open at each.

    ``child`` and ``age`` [d] are by visit, visits of a child in order; ``found`` has a row for each
    open finding: ``visit``, ``rule``, ``severity`` (a place in SEVERITIES), ``change`` (whether it
    is a rule of change, not of level) and ``apart`` (whether only a doubtful value makes it).
    """

    child: np.ndarray
    age: np.ndarray
    children: int
    found: pd.DataFrame


def cohort_of(done: scoring.Scored, children: int) -> Cohort:
    """Return scored values as the rules take them."""
    ids = np.asarray(done.child_ids)
    return Cohort(
        scored=done.frame,
        child=done.child,
        child_ids=ids,
        conflict=done.conflict,
        unsure=done.unsure,
        now_age_days=np.zeros(len(ids)),
        born=np.full(len(ids), np.datetime64("NaT", "D")),
        background=nothing_known(children),
    )


def watched(
    simulated: Children,
    rules: RuleSet,
    *,
    ages: tuple[float, float] = (0.0, np.inf),
    correction: str = "digital",
    limits: np.ndarray | None = None,
) -> Watched:
    """Return what was open at each visit at ages [d] from the first of two to below the second.

    ``limits`` are further limits, by child: rows (first, last) of ages [d] worth looking at.
    """
    done = scoring.scored(records(simulated), correction=correction)
    frame, child = done.frame, done.child
    number = np.array([int(name[1:]) for name in done.child_ids])
    owner = np.where(child >= 0, number[child], -1)
    use = np.flatnonzero((frame["fate"] == "scored").to_numpy() & (owner >= 0))
    age = frame["age_days"].to_numpy()
    order = use[np.lexsort((age[use], owner[use]))]
    owner_, age_ = owner[order], age[order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (owner_[1:] != owner_[:-1]) | (age_[1:] != age_[:-1])
    last = np.r_[np.flatnonzero(new)[1:], len(order)]  # where each visit's values end
    visit_child, visit_age = owner_[last - 1], age_[last - 1]
    wanted = (visit_age >= ages[0]) & (visit_age < ages[1])
    if limits is not None:
        wanted &= (visit_age >= limits[visit_child, 0]) & (visit_age <= limits[visit_child, 1])
    last, visit_child, visit_age = last[wanted], visit_child[wanted], visit_age[wanted]
    first = np.searchsorted(owner_, visit_child, side="left")
    length = last - first
    visit = np.repeat(np.arange(len(last)), length)
    inside = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    take = order[first[visit] + inside]
    whole = cohort_of(done, len(last))
    cohort = replace(
        whole,
        scored=frame.iloc[take].reset_index(drop=True),
        child=visit,
        child_ids=np.arange(len(last)).astype(object),
        conflict=done.conflict[take],
        unsure=done.unsure[take],
        now_age_days=visit_age,
        born=np.full(len(last), np.datetime64("NaT", "D")),
    )
    with _surprise_once_a_value(take):
        found = findings_of(cohort, rules)
    found = found[found["state"].isin(OPEN)]
    table = pd.DataFrame(
        {
            "visit": found["child"].to_numpy(dtype=np.int64),
            "rule": found["rule"].astype(str).to_numpy(),
            "severity": found["severity"].to_numpy(dtype=np.int64),
            "change": found["is_change"].to_numpy(dtype=np.bool_),
            "apart": (found["block"] == "verify today").to_numpy(),
            "recovering": (found["state"] == "recovering").to_numpy(),
        }
    )
    return Watched(visit_child, visit_age, simulated.count, table)


@contextmanager
def _surprise_once_a_value(original: np.ndarray) -> Iterator[None]:
    """Solve each surprise once, not once for every later visit that still knows the value.

    ``original`` is the value that each row of the visits' frame is a copy of. Nothing that came
    later is part of any history, so all copies have the same.
    """

    def once(
        points: Points, history_of: np.ndarray, at: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        pairs = original[points.row[history_of]] * len(original) + original[points.row[at]]
        _, place, copy = np.unique(pairs, return_index=True, return_inverse=True)
        known = trajectory.surprise_and_spread(points, history_of[place], at[place])
        return known[0][copy], known[1][copy]

    with mock.patch.object(gains, "surprise_and_spread", once):
        yield


def joined(parts: list[Watched]) -> Watched:
    """Return several as one."""
    children = np.cumsum([0, *(part.children for part in parts)])
    visits = np.cumsum([0, *(len(part.age) for part in parts)])
    found = [
        part.found.assign(visit=part.found["visit"] + at)
        for part, at in zip(parts, visits[:-1], strict=True)
    ]
    return Watched(
        np.concatenate([part.child + at for part, at in zip(parts, children[:-1], strict=True)]),
        np.concatenate([part.age for part in parts]),
        int(children[-1]),
        pd.concat(found, ignore_index=True),
    )
