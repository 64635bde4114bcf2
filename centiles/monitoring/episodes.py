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
from centiles.monitoring.points import Flags, Points, Rows, Spans
from centiles.orders import MOST_DAYS

STATES: Final = ("new", "sustained", "recovering", "closed", "lapsed")
NEW, SUSTAINED, RECOVERING, CLOSED, LAPSED = range(len(STATES))

SUSTAINED_AFTER_DAYS: Final = (14, 28)  # under 1 year, from 1 year
CLOSED_AFTER_DAYS: Final = 28
LAPSED_PAST_AGES_DAYS: Final = DAYS_IN_YEAR / 2
LAPSED_UNSEEN_DAYS: Final = 3 * DAYS_IN_YEAR


@dataclass(frozen=True)
class Hits:
    """Where one rule is met as it stands: ``rows``, in order.

    ``start`` is the earlier point of each, −1 for none; ``threshold`` the amount needed there;
    ``strict`` whether reaching it is not enough.
    """

    rows: Rows
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


Amount = Callable[[Spans], FloatArray]  # how much it is at points


@dataclass(frozen=True)
class Course:
    """How the findings of one rule go on.

    ``recovery`` is how far below its threshold a point must be to count as better; at
    ``closes_at`` a finding closes at once. ``last_age_days`` is the age up to which the rule
    speaks, since birth or corrected as ``from_birth`` says. ``now_age_days`` is each child's age
    [d] at the last date of knowledge.
    """

    amount: Amount
    recovery: float
    closes_at: float
    last_age_days: float
    from_birth: bool
    now_age_days: FloatArray


def episodes_of(points: Points, hits: Hits, course: Course) -> Episodes:
    """Return the episodes of one rule, in order of where they opened."""
    found: list[Episodes] = []
    opened = hits.rows
    begin = np.unique(points.starts[opened])
    while len(begin):
        place = np.searchsorted(opened, begin)
        inside = place < len(opened)
        begin, place = begin[inside], place[inside]
        inside = opened[place] < points.ends[begin]
        begin, place = begin[inside], place[inside]
        if len(begin) == 0:
            break
        ran = _run(points, hits, place, course)
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


def _run(points: Points, hits: Hits, at: Rows, course: Course) -> Episodes:
    """Return one episode for each hit, followed through all later points of its segment."""
    first, start, threshold = hits.rows[at], hits.start[at], hits.threshold[at]
    episode, row, bounds = followed(first, points.ends[first])
    size = course.amount(Spans(first[episode], start[episode], row))
    limit = threshold[episode]
    # Points well past the rule's ages, or that cannot be compared, are not what it is about.
    clock = points.age if course.from_birth else points.corrected
    past_ages = course.last_age_days + LAPSED_PAST_AGES_DAYS
    about = (clock[row] < past_ages) & ~np.isnan(size)
    met = (size > limit if hits.strict else size >= limit) & about
    met[bounds[:-1]] = True
    at_once = (size <= course.closes_at) & about & ~met
    better = ((size <= limit - course.recovery) & about) | at_once
    age = points.age[row]
    # Better since: the first better point after the newest one that met the rule.
    since = np.cumsum(met)
    good = np.flatnonzero(better & ~met)
    began = np.full(since.max(initial=0) + 1, np.inf)
    np.minimum.at(began, since[good], age[good])
    ending = good[(age[good] - began[since[good]] >= CLOSED_AFTER_DAYS) | at_once[good]]
    closing = np.full(len(first), bounds[-1])
    np.minimum.at(closing, episode[ending], ending)
    closed = closing < bounds[-1]
    lasts = about & (np.arange(len(row)) <= closing[episode])
    newest = np.zeros(len(first), dtype=np.intp)
    np.maximum.at(newest, episode[lasts], np.flatnonzero(lasts))
    newest = np.maximum(newest, bounds[:-1])
    sustained = _sustained(points, start, episode, row, met & lasts)
    to = row[newest]
    past = clock[points.ends[first] - 1] >= past_ages
    unseen = course.now_age_days[points.child[to]] - points.age[to] > LAPSED_UNSEEN_DAYS
    state = np.select(
        [closed, past | unseen, better[newest], sustained],
        [CLOSED, LAPSED, RECOVERING, SUSTAINED],
        NEW,
    )
    return Episodes(first, start, to, size[newest], threshold, state, sustained)


def followed(first: Rows, end: Rows) -> tuple[Rows, Rows, Rows]:
    """Return all points from each first to its end: whose, which, and where each's begin."""
    length = end - first
    bounds = np.r_[0, np.cumsum(length)]
    episode = np.repeat(np.arange(len(first)), length)
    return episode, first[episode] + np.arange(bounds[-1]) - bounds[:-1][episode], bounds


def most_within(
    points: Points, episodes: Episodes, amount: Amount, within_days: float
) -> FloatArray:
    """Return the most that episodes came to while their newest point was in the window.

    Parameters
    ----------
    points
        All points.
    episodes
        Episodes, each with a start.
    amount
        How much it is at points.
    within_days
        How long after its start a point is in the window of the rule [d].
    """
    episode, row, _ = followed(episodes.first, episodes.to + 1)
    size = amount(Spans(episodes.first[episode], episodes.start[episode], row))
    inside = points.age[row] <= points.age[episodes.start[episode]] + within_days
    most = np.full(len(episodes.to), -np.inf)
    np.fmax.at(most, episode[inside], size[inside])
    return most


def reached_twice(
    points: Points, episodes: Episodes, amount: Amount, needed: FloatArray, *, strict: bool,
    apart: tuple[float, float] | None = None,
) -> Rows:  # fmt: skip
    """Return where episodes reach an amount at a second valid point, far enough from another.

    Parameters
    ----------
    needed
        The amount, shape (episodes,).
    apart
        The least and most days between the two; where not given 14 under 1 year, 28 after.

    Returns
    -------
    integer array
        The first such second point, −1 where there is none, shape (episodes,).
    """
    episode, row, _ = followed(episodes.first, episodes.to + 1)
    size = amount(Spans(episodes.first[episode], episodes.start[episode], row))
    limit = needed[episode]
    with np.errstate(invalid="ignore"):
        met = size > limit if strict else size >= limit
    mine = ~points.doubtful[row]
    if apart is None:
        again = _again(points, episode, row, met & mine, len(episodes.to))
        again &= ~_from_doubt(points, episodes.start)[episode]
    else:
        again = _apart(points, episode, row, met & mine, apart)
    found = np.full(len(episodes.to), len(points))
    np.minimum.at(found, episode[again], row[again])
    return np.where(found < len(points), found, -1)


def _apart(
    points: Points, episode: Rows, row: Rows, met: Flags, apart: tuple[float, float]
) -> Flags:
    """Return which points meet it with an earlier one of the episode so many days before."""
    kept = np.flatnonzero(met)
    mine, age = episode[kept], points.age[row[kept]]
    key = mine * float(MOST_DAYS) + age
    low = np.searchsorted(key, key - apart[1], side="left")
    high = np.searchsorted(key, key - apart[0], side="right")
    again = np.zeros(len(row), dtype=np.bool_)
    again[kept] = np.maximum(low, np.searchsorted(mine, mine, side="left")) < high
    return again


def _sustained(points: Points, start: Rows, episode: Rows, row: Rows, met: Flags) -> Flags:
    """Return which episodes two valid points meet that are far enough apart in time.

    A doubtful point is none of the two, and what fell from a doubtful start is not sustained.
    """
    again = _again(points, episode, row, met & ~points.doubtful[row], len(start))
    sustained = np.zeros(len(start), dtype=np.bool_)
    sustained[episode[again]] = True
    return sustained & ~_from_doubt(points, start)


def _again(points: Points, episode: Rows, row: Rows, met: Flags, count: int) -> Flags:
    """Return which points meet it far enough in time after the first of the episode that does."""
    age = points.age[row]
    opened = np.full(count, np.inf)
    np.minimum.at(opened, episode[met], age[met])
    wait = np.where(age < DAYS_IN_YEAR, *SUSTAINED_AFTER_DAYS)
    return np.asarray(met & (age - opened[episode] >= wait))


def _from_doubt(points: Points, start: Rows) -> Flags:
    """Return which starts are doubtful."""
    return np.asarray((start >= 0) & points.doubtful_before[start])
