"""Hits to episodes: one finding for as long as a child meets a rule, judged from a fixed start.

A rule says at which points it is first met and from where; an episode then runs on until the
child has recovered for good, whatever the rule's window would say by then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from centiles.ages import DAYS_IN_YEAR, FloatArray
from centiles.monitoring.points import Flags, Points, Rows

STATES: Final = ("new", "sustained", "recovering", "closed", "lapsed")
NEW, SUSTAINED, RECOVERING, CLOSED, LAPSED = range(len(STATES))

SUSTAINED_AFTER_DAYS: Final = (14, 28)  # under 1 year, from 1 year
CLOSED_AFTER_DAYS: Final = 28
LAPSED_PAST_AGES_DAYS: Final = DAYS_IN_YEAR / 2
LAPSED_UNSEEN_DAYS: Final = 3 * DAYS_IN_YEAR


@dataclass(frozen=True)
class Hits:
    """Where one rule is met as it stands.

    ``rows`` are all points of the rule's measure, in order; ``met`` says at which of them the
    rule is met; ``start`` is the earlier point of each, −1 for none; ``threshold`` the amount
    needed there; ``strict`` whether reaching it is not enough.
    """

    rows: Rows
    met: Flags
    start: Rows
    threshold: FloatArray
    strict: bool


@dataclass(frozen=True)
class Episodes:
    """Arrays over episodes: where each began, from where, where it stands now, and its state.

    ``first`` is the point it opened at, ``start`` the fixed earlier point (−1 for none), ``to``
    its newest point; ``amount`` how much it is now, against ``threshold``.
    """

    first: Rows
    start: Rows
    to: Rows
    amount: FloatArray
    threshold: FloatArray
    state: Rows
    sustained: Flags

    def take(self, chosen: Flags | Rows) -> Episodes:
        """Return some of the episodes."""
        return Episodes(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))


Amount = Callable[[Rows, Rows], FloatArray]


def episodes_of(
    points: Points,
    hits: Hits,
    amount: Amount,
    *,
    recovery: float,
    last_age_days: float,
    now_age_days: FloatArray,
) -> Episodes:
    """Return the episodes of one rule.

    Parameters
    ----------
    points
        All points.
    hits
        Where the rule is met.
    amount
        How much it is at later points from given starts, in the unit of the threshold.
    recovery
        How far below its threshold a point must be to count as better.
    last_age_days
        The age [d] up to which the rule speaks.
    now_age_days
        Each child's age [d] at the last date of knowledge, by child.
    """
    found: list[Episodes] = []
    ready = np.flatnonzero(hits.met)
    opened = hits.rows[ready]
    begin = np.unique(points.starts[opened])
    while len(begin):
        place = np.searchsorted(opened, begin)
        inside = place < len(opened)
        begin, place = begin[inside], place[inside]
        inside = opened[place] < points.ends[begin]
        begin, place = begin[inside], place[inside]
        if len(begin) == 0:
            break
        at = ready[place]
        ran = _run(points, hits, at, amount, recovery, last_age_days, now_age_days)
        found.append(ran)
        closed = ran.state == CLOSED
        begin = ran.to[closed] + 1
        begin = begin[begin < len(points)]
        begin = begin[points.segment[begin] == points.segment[begin - 1]]
    if not found:
        none = np.array([], dtype=np.intp)
        nothing = np.array([], dtype=np.float64)
        return Episodes(none, none, none, nothing, nothing, none, none.astype(np.bool_))
    names = Episodes.__dataclass_fields__
    joined = Episodes(*(np.concatenate([getattr(e, name) for e in found]) for name in names))
    return joined.take(np.argsort(joined.first, kind="stable"))


def _run(
    points: Points,
    hits: Hits,
    at: Rows,
    amount: Amount,
    recovery: float,
    last_age_days: float,
    now_age_days: FloatArray,
) -> Episodes:
    """Return one episode for each hit, followed through all later points of its segment."""
    first, start, threshold = hits.rows[at], hits.start[at], hits.threshold[at]
    length = points.ends[first] - first
    bounds = np.r_[0, np.cumsum(length)]
    episode = np.repeat(np.arange(len(first)), length)
    row = first[episode] + np.arange(bounds[-1]) - bounds[:-1][episode]
    size = amount(start[episode], row)
    limit = threshold[episode]
    # Points well past the rule's ages, or that cannot be compared, are not what it is about.
    about = (points.corrected[row] < last_age_days + LAPSED_PAST_AGES_DAYS) & ~np.isnan(size)
    met = (size > limit if hits.strict else size >= limit) & about
    better = (size <= limit - recovery) & about
    met[bounds[:-1]] = True
    age = points.age[row]
    # Better since: the first better point after the newest one that met the rule.
    since = np.cumsum(met)
    good = np.flatnonzero(better & ~met)
    began = np.full(since.max(initial=0) + 1, np.inf)
    np.minimum.at(began, since[good], age[good])
    ending = good[age[good] - began[since[good]] >= CLOSED_AFTER_DAYS]
    closing = np.full(len(first), bounds[-1])
    np.minimum.at(closing, episode[ending], ending)
    closed = closing < bounds[-1]
    lasts = about & (np.arange(len(row)) <= closing[episode])
    newest = np.zeros(len(first), dtype=np.intp)
    np.maximum.at(newest, episode[lasts], np.flatnonzero(lasts))
    newest = np.maximum(newest, bounds[:-1])
    sustained = _sustained(points, start, episode, row, met & lasts)
    to = row[newest]
    past = points.corrected[points.ends[first] - 1] >= last_age_days + LAPSED_PAST_AGES_DAYS
    unseen = now_age_days[points.child[to]] - points.age[to] > LAPSED_UNSEEN_DAYS
    state = np.select(
        [closed, past | unseen, better[newest], sustained],
        [CLOSED, LAPSED, RECOVERING, SUSTAINED],
        NEW,
    )
    return Episodes(first, start, to, size[newest], threshold, state, sustained)


def _sustained(points: Points, start: Rows, episode: Rows, row: Rows, met: Flags) -> Flags:
    """Return which episodes two valid points meet that are far enough apart in time.

    A doubtful point is none of the two, and what fell from a doubtful start is not sustained.
    """
    age = points.age[row]
    met = met & ~points.doubtful[row]
    opened = np.full(len(start), np.inf)
    np.minimum.at(opened, episode[met], age[met])
    wait = np.where(age < DAYS_IN_YEAR, *SUSTAINED_AFTER_DAYS)
    again = met & (age - opened[episode] >= wait)
    sustained = np.zeros(len(start), dtype=np.bool_)
    sustained[episode[again]] = True
    return sustained & ~((start >= 0) & points.doubtful_before[start])
