"""Rules as predicates over all points at once: where each is met, from where, how grave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from centiles.ages import FloatArray
from centiles.lms import SPACE
from centiles.measures import measurement_sd
from centiles.monitoring.background import Background, nothing_known
from centiles.monitoring.baselines import Baselines
from centiles.monitoring.conditions import NOT_OF_CHANGE, Conditions
from centiles.monitoring.episodes import (
    CLOSED,
    RECOVERING,
    Amount,
    Episodes,
    Hits,
    episodes_of,
)
from centiles.monitoring.pairs import percent_lost
from centiles.monitoring.points import Flags, Points, Rows
from centiles.monitoring.rulesets import SEVERITIES, Level, Rule

LOSS_BEYOND_ERROR: Final = 1.96
THREE_YEARS: Final = 1096

_TINY: Final = 1e-9  # so that a line belongs to its band, whatever binary makes of it
_WATCH: Final = SEVERITIES.index("watch")


@dataclass(frozen=True)
class Found:
    """The episodes of one rule, and for each its severity and what bears on it."""

    rule: Rule
    episodes: Episodes
    severity: Rows
    see_by: list[dict[str, int] | None]
    join_guard: Flags
    gestation_unknown: Flags


class Watch(Baselines):
    """All points of a cohort under watch: every rule asks the same baselines."""

    def __init__(
        self,
        points: Points,
        now_age_days: FloatArray,
        children: int,
        background: Background | None = None,
    ) -> None:
        super().__init__(points, children)
        self.now_age_days = now_age_days
        self.background = background or nothing_known(children)

    def speaks(self, rule: Rule) -> Flags:
        """Return at which of its measure's points a rule speaks, by age."""
        rows = self.of(rule.measure)
        corrected, age = self.points.corrected[rows], self.points.age[rows]
        inside = (corrected >= rule.ages[0]) & (corrected < rule.ages[1])
        if np.isfinite(rule.from_day):  # days count from birth
            inside = (age >= rule.from_day) & (corrected < rule.ages[1])
            inside &= self.points.comparable[rows]
        return inside

    def found(self, rule: Rule) -> Found:
        """Return the findings of one rule, graded."""
        hits = {"fall": self._falls, "level": self._levels, "loss": self._losses}[rule.kind](rule)
        episodes = episodes_of(
            self.points, hits, self._amount(rule),
            recovery=rule.recovery, last_age_days=rule.ages[1], now_age_days=self.now_age_days,
        )  # fmt: skip
        return _graded(self, rule, episodes)

    def _amount(self, rule: Rule) -> Amount:
        points = self.points
        if rule.kind == "fall":
            return points.falls
        if rule.kind == "level":
            return lambda _, row: -points.z[row]
        return lambda start, row: percent_lost(points.value_before[start], points.value[row])

    def _falls(self, rule: Rule) -> Hits:
        """A fall in z from the highest of a window, or from a child's starting weight."""
        points, rows = self.points, self.of(rule.measure)
        if rule.comparator == "birth":
            start = self.starting_weight
            threshold = self._band(rule)[points.child[rows]]
        else:
            start = self.highest(rule.measure, rule.within_days, rule.from_age, rule.gap_days)
            threshold = np.full(len(rows), rule.levels[0].amount)
        met = (start >= 0) & self.speaks(rule)
        size = np.full(len(rows), np.nan)
        size[met] = points.falls(start[met], rows[met])
        strict = rule.levels[0].strict
        with np.errstate(invalid="ignore"):
            met &= size > threshold if strict else size >= threshold
        return Hits(rows, met, start, threshold, strict)

    def _band(self, rule: Rule) -> FloatArray:
        """Each child's threshold [z] by the band of its birth weight; the middle one if unknown."""
        known = self.birth >= 0
        z = np.zeros(self.children)
        z[known] = self.points.z[self.birth[known]]
        (low, below), (high, middle), (_, above) = rule.bands
        return np.select([z < low - _TINY, z <= high + _TINY], [below, middle], above) * SPACE

    def _levels(self, rule: Rule) -> Hits:
        """A z below a line; from the highest of the last 36 months, for what went before."""
        points, rows = self.points, self.of(rule.measure)
        start = self.highest(rule.measure, THREE_YEARS)
        met = (points.z[rows] < rule.below) & self.speaks(rule)
        return Hits(rows, met, start, np.full(len(rows), -rule.below), strict=True)

    def _losses(self, rule: Rule) -> Hits:
        """A value lower than the highest of a window by a percentage, and by more than error."""
        points, rows = self.points, self.of(rule.measure)
        start = self.highest(rule.measure, rule.within_days, rule.from_age, rule.gap_days, "value")
        older = points.corrected[rows] >= rule.older_from
        threshold = np.where(older, rule.levels[0].older, rule.levels[0].amount)
        met = (start >= 0) & self.speaks(rule)
        before, now = points.value_before[start], points.value[rows]
        error = measurement_sd(points.measure[rows], points.age[rows], now)
        lost = before - now > LOSS_BEYOND_ERROR * np.sqrt(2) * error
        met &= lost & (percent_lost(before, now) > threshold)
        return Hits(rows, met, start, threshold, strict=True)


def _graded(watch: Watch, rule: Rule, episodes: Episodes) -> Found:
    """Return episodes with the highest severity whose amount and conditions hold.

    A child that is recovering is one level lower than the rule's first.
    """
    points, count = watch.points, len(episodes.to)
    severity = np.full(count, SEVERITIES.index(rule.levels[0].severity))
    extra = np.zeros(count, dtype=np.bool_)
    see_by: list[dict[str, int] | None] = [None] * count
    holds = Conditions(watch, rule, episodes)
    open_ = ~np.isin(episodes.state, (RECOVERING, CLOSED))
    for level in rule.levels[1:]:
        reached = _reached(level, rule, episodes, points) & open_
        for word in level.when:
            reached = reached & getattr(holds, word)
        rank = SEVERITIES.index(level.severity)
        severity = np.where(reached, np.maximum(severity, rank), severity)
        extra |= reached & bool(set(level.when) - NOT_OF_CHANGE)
        if level.see_by is not None:
            for k in np.flatnonzero(reached):
                see_by[k] = dict(level.see_by)
    guard = np.zeros(count, dtype=np.bool_)
    if rule.kind == "level":
        guard = holds.low_before & ~extra
        severity = np.where(guard, np.minimum(severity, _WATCH), severity)
    severity = np.where(open_, severity, np.maximum(severity - 1, 0))
    unknown = np.isnan(points.gestation[episodes.to])
    if rule.comparator == "birth":
        from_birth = watch.birth[points.child[episodes.to]] >= 0
        severity = np.where(unknown & from_birth, np.maximum(severity - 1, 0), severity)
    return Found(rule, episodes, severity, see_by, guard, unknown)


def _reached(level: Level, rule: Rule, episodes: Episodes, points: Points) -> Flags:
    """Return where the newest amount reaches a level's own."""
    older = points.corrected[episodes.first] >= rule.older_from
    needed = np.where(older, level.older, level.amount)
    if rule.comparator == "birth":
        needed = episodes.threshold + level.beyond
    with np.errstate(invalid="ignore"):
        if level.strict:
            return np.asarray(episodes.amount > needed)
        return np.asarray(episodes.amount >= needed)
