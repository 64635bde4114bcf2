"""Counting: how many children a year are raised, how many falls are seen, with what certainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from centiles.ages import DAYS_IN_YEAR
from centiles.monitoring.rulesets import SEVERITIES
from tools.evidence.watching import Watched

WATCH, ACT, URGENT = (SEVERITIES.index(word) for word in ("watch", "act", "urgent"))
Z_95 = 1.959964


@dataclass(frozen=True)
class Share:
    """How many of how many, as a share with its 95 % interval (Wilson)."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share."""
        return self.hits / self.of if self.of else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Between what it lies with 95 % certainty."""
        if not self.of:
            return (float("nan"), float("nan"))
        n, p, z2 = self.of, self.value, Z_95**2
        middle = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = Z_95 * np.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
        return (float(max(0.0, middle - half)), float(min(1.0, middle + half)))


def level_by_visit(watched: Watched, chosen: np.ndarray) -> np.ndarray:
    """Return the highest severity of chosen findings open at each visit, −1 for none."""
    level = np.full(len(watched.age), -1)
    found = watched.found[chosen]
    np.maximum.at(level, found["visit"].to_numpy(), found["severity"].to_numpy())
    return level


def raised_at(watched: Watched, level: np.ndarray, tier: int) -> np.ndarray:
    """Return the visits at which a child comes to a tier that was not at it the visit before."""
    now = level >= tier
    before = np.zeros(len(now), dtype=np.bool_)
    before[1:] = now[:-1] & (watched.child[1:] == watched.child[:-1])
    return now & ~before


def a_year(watched: Watched, raised: np.ndarray, band: tuple[float, float]) -> Share:
    """Return how many children are raised in a year of age, over the years of a band [y]."""
    low, high = band
    years = watched.age / DAYS_IN_YEAR
    inside = raised & (years >= low) & (years < high)
    own = watched.child[inside].astype(np.int64) * 100 + np.floor(years[inside]).astype(np.int64)
    return Share(len(np.unique(own)), round(watched.children * (high - low)))


def seen(
    watched: Watched, level: np.ndarray, onset: np.ndarray, bottom: np.ndarray, tier: int
) -> tuple[Share, np.ndarray]:
    """Return how many falls are seen by the first visit after their bottom, and after how long.

    Seen is a finding open at that visit or at one since the fall began. The delay [d] is from the
    onset to the first visit at which it is, NaN where it never is.
    """
    child, age = watched.child, watched.age
    after = age >= onset[child]
    first = np.full(watched.children, np.inf)
    np.minimum.at(first, child[age >= bottom[child]], age[age >= bottom[child]])
    hit = (level >= tier) & after
    earliest = np.full(watched.children, np.inf)
    np.minimum.at(earliest, child[hit], age[hit])
    measured = np.isfinite(first)
    caught = measured & (earliest <= first)
    delay = np.where(np.isfinite(earliest), earliest - onset, np.nan)[measured]
    return Share(int(caught.sum()), int(measured.sum())), delay


def is_change(watched: Watched, rules: Sequence[str] | None = None) -> np.ndarray:
    """Return the findings of rules of change that rank, those of doubtful values left out."""
    found = watched.found
    chosen = found["change"].to_numpy() & ~found["apart"].to_numpy()
    if rules is not None:
        chosen &= found["rule"].isin(rules).to_numpy()
    return chosen
