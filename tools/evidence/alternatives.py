"""What simpler rules would flag of the same children: each a number at each visit, and a cut.

Nothing here is the library's rules; only its points, its carrying and its correlations are used,
where the simpler rule would have them too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from centiles.ages import DAYS_IN_YEAR
from centiles.lms import SPACE
from centiles.measures import MEASURES
from centiles.monitoring.conditional import conditional_gain
from centiles.monitoring.correlations import correlation
from centiles.monitoring.points import Points, points_of
from centiles.monitoring.trajectory import surprise
from centiles.records import scoring
from tools.evidence.children import Children, records
from tools.evidence.counting import Share
from tools.evidence.studies import Study, chunks

THIRTEEN_MONTHS, THREE_YEARS, FROM_3 = 396.0, 1096.0, 1096.0
LEAST_FALL = 0.5
# What each is called, and the cut at which it is used, if it has one.
RULES = {
    "highest": ("raw fall from the highest ever, no window", 2 * SPACE),
    "ng75": ("NICE NG75 bands from birth weight, at all ages", 0.0),
    "dutch": ("fall of 1 z from the highest since 3 years (after the Dutch height rule)", 1.0),
    "conditional": ("conditional gain since the visit before, the lowest 5 %", 1.645),
    "year": ("carried fall within 13 months", 1.0),
    "weight": ("surprise of weight alone", 3.1),
    "both": ("surprise of weight or BMI, the larger", 3.1),
    "mean": ("mean of the surprises of weight and BMI", 2.67),
}


@dataclass(frozen=True)
class Numbers:
    """Visits with a weight, in order, and how far each rule is met there (more is worse)."""

    child: np.ndarray
    age: np.ndarray
    children: int
    onset: np.ndarray
    bottom: np.ndarray
    by_rule: dict[str, np.ndarray]


def numbers(study: Study, count: int) -> Numbers:
    """Return what the simpler rules say of a study's children."""
    parts = [_numbers(study.simulated(*chunk)) for chunk in chunks(count)]
    starts = np.cumsum([0, *(part.children for part in parts)])
    return Numbers(
        np.concatenate([part.child + at for part, at in zip(parts, starts, strict=False)]),
        np.concatenate([part.age for part in parts]),
        int(starts[-1]),
        np.concatenate([part.onset for part in parts]),
        np.concatenate([part.bottom for part in parts]),
        {name: np.concatenate([part.by_rule[name] for part in parts]) for name in RULES},
    )


def _numbers(simulated: Children) -> Numbers:
    points = _points(simulated)
    rows = _of(points, "weight")
    by_rule = {
        "highest": _raw_fall(points, rows),
        "ng75": _beyond_band(points, rows),
        "dutch": _fall(points, rows, within_days=np.inf, from_age_days=FROM_3),
        "conditional": -_gain(points, rows),
        "year": _fall(points, rows, within_days=THIRTEEN_MONTHS),
        "weight": _surprise(points, rows),
    }
    bmi = _of(points, "bmi")
    key = points.child * 1e6 + points.age
    mine = np.clip(np.searchsorted(key[bmi], key[rows]), 0, len(bmi) - 1)
    of_bmi = np.where(key[bmi][mine] == key[rows], _surprise(points, bmi)[mine], -np.inf)
    by_rule["both"] = np.fmax(by_rule["weight"], of_bmi)
    by_rule["mean"] = (by_rule["weight"] + of_bmi) / 2
    filled = {name: np.where(np.isnan(each), -np.inf, each) for name, each in by_rule.items()}
    return Numbers(
        points.child[rows], points.age[rows], simulated.count, simulated.onset, simulated.bottom,
        filled,
    )  # fmt: skip


def _points(simulated: Children) -> Points:
    done = scoring.scored(records(simulated))
    number = np.array([int(name[1:]) for name in done.child_ids])
    owner = np.where(done.child >= 0, number[done.child], -1)
    return points_of(done.frame, owner, done.conflict, done.unsure)


def _of(points: Points, measure: str) -> np.ndarray:
    return np.flatnonzero(points.measure == [str(each) for each in MEASURES].index(measure))


def _fall(
    points: Points, rows: np.ndarray, *, within_days: float, from_age_days: float = -np.inf
) -> np.ndarray:
    """Return the furthest fall from an earlier point of a window, carried over joins [z]."""
    child, age = points.child[rows], points.age[rows]
    furthest = np.full(len(rows), -np.inf)
    for back in range(1, int(np.bincount(child).max(initial=0))):
        later, earlier = rows[back:], rows[:-back]
        near = (child[back:] == child[:-back]) & (age[:-back] >= from_age_days)
        near = np.flatnonzero(near & (age[back:] - age[:-back] <= within_days))
        fall = points.falls(earlier[near], later[near])
        furthest[back:][near] = np.fmax(furthest[back:][near], fall)
    return furthest


def _amount(points: Points, start: np.ndarray, rows: np.ndarray) -> np.ndarray:
    found = np.full(len(rows), -np.inf)
    there = start >= 0
    found[there] = points.falls(start[there], rows[there])
    return found


def _raw_fall(points: Points, rows: np.ndarray) -> np.ndarray:
    """Return the fall from the highest z ever, as it was scored, carried over nothing."""
    z, child = points.z[rows], points.child[rows]
    lift = 1000.0 * child  # each child above the one before, so that one pass serves all
    return np.maximum.accumulate(z + lift) - lift - z


def _beyond_band(points: Points, rows: np.ndarray) -> np.ndarray:
    """Return by how much a fall from birth weight is beyond its band of NICE NG75 [z]."""
    child = points.child[rows]
    first = rows[np.searchsorted(child, child, side="left")]
    born = points.age[first] <= 1
    z = points.z[first]
    band = np.select([z < -4 / 3 - 1e-9, z <= 4 / 3 + 1e-9], [1, 2], 3) * SPACE
    fall = _amount(points, np.where(born & (first < rows), first, -1), rows)
    return np.where(points.age[rows] >= 15, fall - band, -np.inf)


def _gain(points: Points, rows: np.ndarray) -> np.ndarray:
    before = np.roll(rows, 1)
    there = (points.child[before] == points.child[rows]) & (before < rows)
    there &= (points.age[rows] - points.age[before] >= 150) & (points.age[before] > 14)
    found = np.full(len(rows), np.nan)
    r = correlation("weight", points.age[before[there]], points.age[rows[there]])
    z1 = points.carried(before[there], rows[there])
    found[there] = conditional_gain(z1, points.z[rows[there]], r)
    return found


def _surprise(points: Points, rows: np.ndarray) -> np.ndarray:
    fallen = _fall(points, rows, within_days=THREE_YEARS) >= LEAST_FALL
    found = np.full(len(rows), -np.inf)
    found[fallen] = -surprise(points, rows[fallen], rows[fallen])
    return np.where(np.isnan(found), -np.inf, found)


def flagged_a_year(healthy: Numbers, name: str, cut: float, band: tuple[float, float]) -> Share:
    """Return how many healthy children a year a cut newly flags, in a band of ages [y]."""
    years = healthy.age / DAYS_IN_YEAR
    now = healthy.by_rule[name] >= cut
    before = np.r_[False, now[:-1] & (healthy.child[1:] == healthy.child[:-1])]
    chosen = now & ~before & (years >= band[0]) & (years < band[1])
    own = healthy.child[chosen].astype(np.int64) * 100 + np.floor(years[chosen]).astype(np.int64)
    return Share(len(np.unique(own)), round(healthy.children * (band[1] - band[0])))


def seen_by(fallen: Numbers, name: str, cut: float) -> Share:
    """Return how many falls a cut flags by the first weight after their bottom."""
    child, age = fallen.child, fallen.age
    first = np.full(fallen.children, np.inf)
    after = age >= fallen.bottom[child]
    np.minimum.at(first, child[after], age[after])
    hit = (fallen.by_rule[name] >= cut) & (age >= fallen.onset[child])
    earliest = np.full(fallen.children, np.inf)
    np.minimum.at(earliest, child[hit], age[hit])
    measured = np.isfinite(first)
    return Share(int((measured & (earliest <= first)).sum()), int(measured.sum()))


def curve(
    healthy: Numbers, fallen: Numbers, name: str, cuts: Iterable[float], band: tuple[float, float]
) -> np.ndarray:
    """Return (healthy flagged a year, falls seen) at each cut, shape (cuts, 2)."""
    return np.array(
        [
            (flagged_a_year(healthy, name, cut, band).value, seen_by(fallen, name, cut).value)
            for cut in cuts
        ]
    )
