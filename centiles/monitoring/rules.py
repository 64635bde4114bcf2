"""Rules as predicates over all points at once: where each is met, from where, how grave."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np

from centiles.ages import FloatArray
from centiles.monitoring import changes, drifts, gains, gaps, levels, losses
from centiles.monitoring.conditions import NOT_OF_CHANGE, Conditions
from centiles.monitoring.episodes import (
    CLOSED,
    RECOVERING,
    Course,
    Episodes,
    Hits,
    episodes_of,
    followed,
    most_within,
    reached_twice,
)
from centiles.monitoring.joins import low_before
from centiles.monitoring.kinds import Sort, Watch, reaches
from centiles.monitoring.points import Flags, Rows, Spans
from centiles.monitoring.schema import CONDITIONS_OF_EPISODES, KINDS, SEVERITIES, Level, Rule
from centiles.threads import at_once

# Under 14 days a z rests on the gestation; unknown, a finding is one level lower.
GESTATION_MATTERS_BELOW: Final = 14
AGAIN_AFTER_DAYS: Final = (182, 366)  # 6 to 12 months

# Kinds measured from the highest of a window, or graded by what it was.
_OF_A_WINDOW: Final = ("fall", "rise", "loss", "surprise")
_WATCH: Final = SEVERITIES.index("watch")
_SORTS: Final[dict[str, type[Sort]]] = {
    "fall": changes.Fall,
    "rise": changes.Rise,
    "level": levels.Line,
    "median": levels.Median,
    "parents": levels.BesideParents,
    "loss": losses.Loss,
    "rate": losses.Rate,
    "static": losses.Static,
    "gain": gains.Gain,
    "surprise": gains.Surprise,
    "drift": drifts.Drift,
    "gap": gaps.Gap,
}
_COMPARED: Final[dict[tuple[str, str], type[Sort]]] = {
    ("fall", "birth"): changes.FallFromBirth,
    ("fall", "early"): changes.FallFromEarly,
    ("loss", "birth"): losses.LossFromBirth,
}


@dataclass(frozen=True)
class Found:
    """The episodes of one rule in one measure, and for each its severity and what bears on it.

    ``opened`` is the point it was first met at: the second, where a rule asks for two. ``tier`` is
    the level it has reached, −1 where it is recovering or reaches none just now;
    ``gestation_unknown`` and ``day_unknown`` say what made it a level lower.
    """

    sort: Sort
    episodes: Episodes
    opened: Rows
    severity: Rows
    tier: Rows
    join_guard: Flags
    gestation_unknown: Flags
    day_unknown: Flags

    @property
    def rule(self) -> Rule:
        """The rule."""
        return self.sort.rule

    def take(self, chosen: Flags) -> Found:
        """Return some of the findings."""
        if chosen.all():
            return self
        parts: dict[str, Any] = {
            name: getattr(self, name)[chosen]
            for name in self.__dataclass_fields__
            if name not in ("sort", "episodes")
        }
        return replace(self, episodes=self.episodes.take(chosen), **parts)


def sort_of(watch: Watch, rule: Rule, measure: str) -> Sort:
    """Return a rule in one of its measures, ready to be asked."""
    made = _COMPARED.get((rule.kind, rule.comparator), _SORTS[rule.kind])
    return made(watch, rule, measure)


def found_by(watch: Watch, rules: tuple[Rule, ...]) -> list[Found]:
    """Return the findings of rules, one for each rule and measure, without the outspoken ones."""
    asked = [(rule, measure) for rule in rules for measure in rule.measures]
    # The rules of a measure share its baselines, so that the measures are what divides.
    measures = dict.fromkeys(measure for _, measure in asked)
    works = [partial(_found_in, watch, asked, measure) for measure in measures]
    parts = at_once(works, rows=len(watch.points))
    by_place = {(each.rule.id, each.sort.measure): each for part in parts for each in part}
    found = [by_place[rule.id, measure] for rule, measure in asked]
    return [_unless_outspoken(each, by_place) for each in found]


def _found_in(watch: Watch, asked: list[tuple[Rule, str]], measure: str) -> list[Found]:
    return [found_of(watch, rule, measure) for rule, name in asked if name == measure]


def _unless_outspoken(found: Found, others: dict[tuple[str, str], Found]) -> Found:
    """Leave out findings for which a graver rule of the same measure speaks already."""
    points, episodes = found.sort.points, found.episodes
    if not found.rule.leaves_to or not len(episodes.to):
        return found
    spoken = np.zeros(found.sort.watch.children, dtype=np.bool_)
    for code in found.rule.leaves_to:
        if (graver := others.get((code, found.sort.measure))) is not None:
            going_on = graver.episodes.state != CLOSED
            spoken[points.child[graver.episodes.to[going_on]]] = True
    return found.take((episodes.state == CLOSED) | ~spoken[points.child[episodes.to]])


def found_of(watch: Watch, rule: Rule, measure: str) -> Found:
    """Return the findings of one rule in one measure, graded."""
    sort = sort_of(watch, rule, measure)
    course = Course(
        sort.amount, rule.recovery, rule.closes_at, rule.last_age_days, rule.counts_from_birth,
        watch.now_age_days,
    )  # fmt: skip
    return _graded(sort, episodes_of(watch.points, _hits(sort), course))


def _hits(sort: Sort) -> Hits:
    """Return where a rule is met: where any of its levels is, as far as points can say."""
    rows, start = sort.candidates()
    size = sort.amount(Spans(rows, start, rows)) if len(rows) else np.zeros(0)
    threshold = np.full(len(rows), np.inf)
    for level in sort.rule.levels:
        needed = sort.needed(level, rows)
        at = np.flatnonzero(reaches(size, needed, strict=level.strict))
        for word in level.when:
            if word not in CONDITIONS_OF_EPISODES:
                holds = Conditions(sort, rows[at], start[at], rows[at])
                at = at[getattr(holds, word)]
        threshold[at] = np.minimum(threshold[at], needed[at])
    met = np.isfinite(threshold)
    return Hits(rows[met], start[met], threshold[met], sort.rule.levels[0].strict)


def _graded(sort: Sort, episodes: Episodes) -> Found:
    """Return episodes with the highest severity whose amount and conditions hold.

    A child that is recovering is one level lower than the rule's first. An episode that meets what
    no level asks of it, such as a second weight, is no finding.
    """
    points, rule, count = sort.points, sort.rule, len(episodes.to)
    if count == 0:
        none, no = np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.bool_)
        return Found(sort, episodes, none, none, none, no, no, no)
    open_ = ~np.isin(episodes.state, (RECOVERING, CLOSED))
    severity = np.full(count, -1)
    tier = np.full(count, -1)
    opened = np.full(count, len(points))
    extra = np.zeros(count, dtype=np.bool_)
    amount = _in_window(sort, episodes)
    for place, level in enumerate(rule.levels):
        since, holds = _asked(sort, level, episodes)
        opened = np.where(since >= 0, np.minimum(opened, since), opened)
        needed = sort.needed(level, episodes.first)
        reached = holds & open_ & reaches(amount, needed, strict=level.strict)
        rank = SEVERITIES.index(level.severity)
        tier = np.where(reached & (rank >= severity), place, tier)
        severity = np.where(reached, np.maximum(severity, rank), severity)
        extra |= holds & bool(set(level.when) - NOT_OF_CHANGE)
    least = min(SEVERITIES.index(level.severity) for level in rule.levels)
    severity = np.maximum(severity, least)
    guard = np.zeros(count, dtype=np.bool_)
    if not KINDS[rule.kind].of_change:
        guard = low_before(sort, episodes.first, episodes.threshold)[0] & ~extra
        severity = np.where(guard, np.minimum(severity, _WATCH), severity)
        tier = np.where(guard, -1, tier)
    lower = np.where(open_, 0, 1)
    unknown, inexact = _unsure(sort, episodes)
    severity = np.maximum(severity - lower - unknown - inexact, 0)
    found = Found(sort, episodes, opened, severity, tier, guard, unknown, inexact)
    return found.take(opened < len(points))


def _unsure(sort: Sort, episodes: Episodes) -> tuple[Flags, Flags]:
    """Return which findings rest on a gestation, or on a day, that is not known."""
    points, to = sort.points, episodes.to
    rests = points.age[to] < GESTATION_MATTERS_BELOW
    if isinstance(sort, changes.FallFromBirth):
        rests |= sort.watch.birth[points.child[to]] >= 0
    unknown = np.isnan(points.gestation[to]) & rests & KINDS[sort.rule.kind].of_z
    return unknown, ~points.comparable[to]


def _in_window(sort: Sort, episodes: Episodes) -> FloatArray:
    """Return how much episodes are, and no more than they came to in the rule's window.

    A finding is followed from its fixed start for as long as it is met, but a drift of many years
    is not graded as if it were the fall of one.
    """
    rule = sort.rule
    if rule.kind not in _OF_A_WINDOW or rule.comparator != "highest":
        return episodes.amount
    most = most_within(sort.points, episodes, sort.amount, rule.within_days)
    return np.minimum(episodes.amount, most)


def _asked(sort: Sort, level: Level, episodes: Episodes) -> tuple[Rows, Flags]:
    """Return since when what a level asks besides an amount holds, −1 never, and where it does."""
    needed = sort.needed(level, episodes.first)
    since = _first_reached(sort, level, episodes)
    for word in set(level.when) & CONDITIONS_OF_EPISODES:
        apart = AGAIN_AFTER_DAYS if word == "again_6_to_12_months_later" else None
        again = reached_twice(
            sort.points, episodes, sort.amount, needed, strict=level.strict, apart=apart
        )
        since = np.where((since >= 0) & (again >= 0), np.maximum(since, again), -1)
    lasts = set(level.when) & CONDITIONS_OF_EPISODES
    holds = since >= 0 if lasts else np.ones(len(since), dtype=np.bool_)
    asked = Conditions(sort, episodes.first, episodes.start, episodes.to)
    for word in level.when:
        if word not in CONDITIONS_OF_EPISODES and holds.any():
            holds = holds & getattr(asked, word)
    return since, holds


def _first_reached(sort: Sort, level: Level, episodes: Episodes) -> Rows:
    """Return the first point at which a level is reached, −1 for none.

    Where no level asks for two weights one of them is at the first point, and any will do.
    """
    if not any(set(each.when) & CONDITIONS_OF_EPISODES for each in sort.rule.levels):
        return episodes.first
    if set(level.when) & CONDITIONS_OF_EPISODES:
        return episodes.first
    points, needed = sort.points, sort.needed(level, episodes.first)
    episode, row, _ = followed(episodes.first, episodes.to + 1)
    spans = Spans(episodes.first[episode], episodes.start[episode], row)
    at = np.flatnonzero(reaches(sort.amount(spans), needed[episode], strict=level.strict))
    for word in level.when:
        asked = Conditions(sort, spans.first[at], spans.start[at], row[at])
        at = at[getattr(asked, word)]
    found = np.full(len(episodes.to), len(points))
    np.minimum.at(found, episode[at], row[at])
    return np.where(found < len(points), found, -1)
