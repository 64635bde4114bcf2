"""Contact rules: what visits and records lack. A list of its own, which sets no child's level.

Each rule looks at all visits, or at all children, at once. A *part* is what one rule finds: a frame
with a row a finding, whose columns :data:`PART` names; what its sentence needs stands beside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.ages import DAYS_IN_MONTH, DAYS_IN_YEAR, FloatArray
from centiles.monitoring.background import EVENT_KINDS
from centiles.monitoring.episodes import CLOSED, LAPSED, LAPSED_UNSEEN_DAYS, STATES
from centiles.monitoring.findings import Cohort
from centiles.monitoring.schema import SEVERITIES, RuleSet
from centiles.monitoring.visits import Days, Flags, Rows, Visits, visits_of

# Whose it is; how grave; which sentence; of which day; from which day its date is counted; the row
# of the frame that names the team; and what the sentence may need: what is lacking, a later day, a
# number of days, a count, words.
PART: Final = (
    "child", "severity", "variant", "on", "age", "from_on", "row", "no_weight", "no_height",
    "later_on", "later_age", "days", "count", "words",
)  # fmt: skip

_INFO, _WATCH, _ACT = (SEVERITIES.index(word) for word in ("info", "watch", "act"))
_NEVER: Final = np.datetime64("NaT", "D")


@dataclass(frozen=True)
class Seen:
    """The visits and findings of a cohort, as the contact rules take them.

    ``findings`` are those of the growth rules, before raises; ``as_of`` is the last date of
    knowledge; ``sensitive`` whether sensitive events may be named.
    """

    cohort: Cohort
    findings: pd.DataFrame
    rules: RuleSet
    as_of: np.datetime64
    sensitive: bool

    @cached_property
    def visits(self) -> Visits:
        """All visits."""
        return visits_of(self.cohort, self.as_of, tuple(self.numbers("MISSED")["unplanned"]))

    def numbers(self, code: str) -> Mapping[str, Any]:
        """Return the numbers of a contact rule."""
        return self.rules.contacts.contacts[code].numbers

    @cached_property
    def children(self) -> int:
        """How many children there are."""
        return len(self.cohort.child_ids)

    @cached_property
    def now(self) -> FloatArray:
        """Each child's today in the days of its visits."""
        since_1970 = np.float64("nan") if np.isnat(self.as_of) else self.as_of.astype(np.float64)
        now = self.cohort.now_age_days
        return np.where(np.isnan(now), since_1970, now)

    @cached_property
    def last(self) -> dict[str, Rows]:
        """Each child's last visit, with a weight, a height, any measurement, or without."""
        visits = self.visits
        every = np.ones(len(visits), dtype=np.bool_)
        kinds = {"weight": visits.weight, "height": visits.height, "any": visits.any}
        return {
            name: visits.last(flag, self.children) for name, flag in (kinds | {"": every}).items()
        }

    def last_day(self, measure: str) -> FloatArray:
        """Return the day of each child's last visit with a measure, −∞ where there is none."""
        at = self.last[measure]
        return np.where(at >= 0, np.append(self.visits.day, -np.inf)[at], -np.inf)

    def last_on(self, measure: str) -> Days:
        """Return the date of each child's last visit with a measure, NaT where there is none."""
        return np.append(self.visits.on, _NEVER)[self.last[measure]]

    def row(self, child: NDArray[np.int64]) -> Rows:
        """Return a row of each child's last visit, which names its team; −1 for none."""
        return np.append(self.visits.row, -1)[self.last[""][child]]


def parts_of(seen: Seen) -> dict[str, pd.DataFrame]:
    """Return what each contact rule finds, by its id; OVERDUE, which chases others, is not here."""
    rules = {
        "MISSED": _missed,
        "NOT-SINCE": _not_since,
        "BASELINE-MISSING": _baseline_missing,
        "HEIGHT-MISSING": _height_missing,
        "OVERWEIGHED": _overweighed,
    }
    off = seen.rules.contacts.off
    return {code: rule(seen) for code, rule in rules.items() if code not in off}


def part(child: Any, **columns: Any) -> pd.DataFrame:
    """Return what a rule finds as a frame of the columns of :data:`PART`; none is "nothing"."""
    nothing: dict[str, Any] = {
        "severity": _INFO, "variant": "", "on": _NEVER, "age": np.nan, "from_on": _NEVER, "row": -1,
        "no_weight": False, "no_height": False, "later_on": _NEVER, "later_age": np.nan,
        "days": np.nan, "count": 0, "words": "",
    }  # fmt: skip
    child = np.asarray(child)
    whole = {"child": child} | {
        name: np.broadcast_to(np.asarray(columns.get(name, each)), len(child))
        for name, each in nothing.items()
    }
    return pd.DataFrame(whole)


def _missed(seen: Seen) -> pd.DataFrame:
    """Contacts without a weight, or from 2 years without a height."""
    visits = seen.visits
    older = visits.age >= seen.numbers("MISSED")["height_from_years"] * DAYS_IN_YEAR
    no_weight, no_height = ~visits.weight, older & ~visits.height
    asked = visits.planned | visits.reason | visits.empty
    watch = asked & (no_weight | no_height)
    info = ~asked & visits.weight & no_height
    at = np.flatnonzero(watch | info)
    later = np.maximum(
        _made_good(visits, visits.weight, no_weight), _made_good(visits, visits.height, no_height)
    )[at]
    later = np.where(watch[at], later, len(visits))  # of an unplanned visit nothing is chased
    good = np.minimum(later, len(visits))
    chased = watch[at] & (later >= len(visits))
    return part(
        visits.child[at],
        severity=np.where(watch[at], _WATCH, _INFO),
        variant=np.where(watch[at], "watch", "info"),
        on=visits.on[at],
        age=visits.age[at],
        from_on=np.where(chased, visits.on[at], _NEVER),
        row=visits.row[at],
        no_weight=no_weight[at],
        no_height=no_height[at],
        later_on=np.append(visits.on, _NEVER)[good],
        later_age=np.append(visits.age, np.nan)[good],
    )


def _made_good(visits: Visits, has: Flags, lacking: Flags) -> Rows:
    """Return the next visit with what was lacking; one past all for none, −1 if nothing was."""
    ahead = visits.next(has)
    return np.where(lacking, np.where(ahead < 0, len(visits), ahead), -1)


def _not_since(seen: Seen) -> pd.DataFrame:
    """Children not measured since: one finding a child, the gravest."""
    numbers = seen.numbers("NOT-SINCE")
    gone = seen.now - np.maximum(seen.last_day("any"), _birth(seen))
    long = gone >= numbers["months"] * DAYS_IN_MONTH
    young = seen.cohort.now_age_days < numbers["under_years"] * DAYS_IN_YEAR
    there = seen.last[""] >= 0
    watch = there & long & (young | _open_at_last(seen))
    at = np.flatnonzero(watch)
    measured = np.append(seen.visits.age, np.nan)[seen.last["any"][at]]
    due = seen.last_on("any")[at]
    due = due + np.ceil(numbers["months"] * DAYS_IN_MONTH).astype("timedelta64[D]")
    mine = part(
        at,
        severity=_WATCH,
        variant=np.where(young[at], "young", "open"),
        on=seen.last_on("any")[at],
        age=measured,
        from_on=due,
        row=seen.row(at),
        days=gone[at],
    )
    rounds = _rounds(seen)
    return pd.concat([mine, rounds[~rounds["child"].isin(at)]], ignore_index=True)


def _birth(seen: Seen) -> FloatArray:
    """Return the day of birth in the days of each child's visits, −∞ where it is not known."""
    return np.where(np.isnan(seen.cohort.now_age_days), -np.inf, 0.0)


def _open_at_last(seen: Seen) -> Flags:
    """Return which children had an open growth finding of watch or above when last measured."""
    findings = seen.findings
    child, to = findings["child"].to_numpy(), findings["to_age_days"].to_numpy()
    state = findings["state"].to_numpy()
    ended = np.isin(state, [STATES[CLOSED], STATES[LAPSED]])
    # One that lapsed only since nobody has measured the child was open then.
    by_measure = findings["measure"].astype(str).replace({"bmi": "weight", "head": "any"})
    newest = np.full(len(findings), -np.inf)
    for measure in ("weight", "height", "any"):
        mine = (by_measure == measure).to_numpy()
        newest[mine] = seen.last_day(measure)[child[mine]]
    unseen = seen.now[child] - to > LAPSED_UNSEEN_DAYS
    since = (state == STATES[LAPSED]) & unseen & (to >= newest)
    counts = (~ended | since) & (findings["severity"].to_numpy() >= _WATCH)
    found = np.zeros(seen.children, dtype=np.bool_)
    found[child[counts]] = True
    return found


def _rounds(seen: Seen) -> pd.DataFrame:
    """Children whose last programme round ended without height and weight, not taken since."""
    numbers = seen.numbers("NOT-SINCE")
    born = seen.cohort.born
    year = born.astype("datetime64[Y]").astype(np.int64) + 1970
    month = born.astype("datetime64[M]").astype(np.int64) % 12 + 1
    starts, ends = numbers["round_starts"], numbers["round_ends"]
    child = (seen.last[""] >= 0) & ~np.isnat(born)
    child &= seen.cohort.now_age_days < numbers["rounds_until_years"] * DAYS_IN_YEAR
    found = {}
    for name, age in numbers["rounds"].items():
        first = np.where(np.isnat(born), 0, year + age + (month >= starts[0]))
        start, end = _dates(first, *starts), _dates(first + 1, *ends)
        no_weight, no_height = (~(seen.last_on(m) >= start) for m in ("weight", "height"))
        at = np.flatnonzero(child & (seen.as_of > end))
        lacks = (no_weight | no_height)[at]
        years = np.array([f"{name} round of {y}/{(y + 1) % 100:02d}" for y in range(1900, 2200)])
        mine = part(
            at, variant="round", on=end[at], age=np.nan, row=seen.row(at),
            no_weight=no_weight[at], no_height=no_height[at], words=years[first[at] - 1900],
        )  # fmt: skip
        found[name] = mine.assign(lacks=lacks)
    # The last round that ended is the one that counts.
    every = pd.concat(found.values(), ignore_index=True).drop_duplicates("child", keep="last")
    return every[every["lacks"]].drop(columns="lacks").reset_index(drop=True)


def _dates(year: NDArray[np.int64], month: int, day: int) -> Days:
    months = (year - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray(first + np.timedelta64(day - 1, "D"), dtype="datetime64[D]")


def _baseline_missing(seen: Seen) -> pd.DataFrame:
    """Concerns 14 days ago or more without height and weight: one finding a child, the oldest.

    Of what may be named and what may not, the former.
    """
    numbers = seen.numbers("BASELINE-MISSING")
    events = seen.cohort.background.events.of(*numbers["events"])
    within, child = numbers["days"], events.child
    no_weight, no_height = (
        seen.last_day(measure)[child] < events.age_days - within for measure in ("weight", "height")
    )
    passed = seen.now[child] >= events.age_days + within
    at = np.flatnonzero(passed & (no_weight | no_height))
    hidden = events.sensitive[at] & (not seen.sensitive)
    kinds = np.asarray(EVENT_KINDS, dtype=object)[events.kind[at]]
    date = events.date[at]
    found = part(
        child[at],
        severity=_ACT,
        variant=np.where(hidden, "neutral", "open"),
        on=np.where(hidden, _NEVER, date),
        age=np.where(hidden, np.nan, events.age_days[at]),
        from_on=np.where(hidden, _NEVER, date + np.timedelta64(within, "D")),
        row=seen.row(child[at]),
        no_weight=no_weight[at],
        no_height=no_height[at],
        words=np.where(hidden, "", kinds),
    ).assign(first=events.age_days[at], hidden=hidden)
    found = found.sort_values(["child", "hidden", "first"], kind="stable").drop_duplicates("child")
    return found.drop(columns=["first", "hidden"]).reset_index(drop=True)


def _height_missing(seen: Seen) -> pd.DataFrame:
    """Weight findings of watch or above without a height: one finding a child, the oldest."""
    days = seen.numbers("HEIGHT-MISSING")["days"]
    findings = seen.findings
    is_open = ~findings["state"].isin([STATES[CLOSED], STATES[LAPSED]])
    weight = is_open & (findings["measure"].astype(str) == "weight")
    weight &= findings["severity"] >= _WATCH
    mine = findings[weight].sort_values("first_day", kind="stable").drop_duplicates("child")
    child, opened = mine["child"].to_numpy(), mine["first_day"].to_numpy()
    lacks = (seen.now[child] >= opened + days) & (seen.last_day("height")[child] < opened - days)
    mine, child, opened = mine[lacks], child[lacks], opened[lacks]
    on = mine["opened_on"].to_numpy().astype("datetime64[D]")
    return part(
        child,
        severity=_WATCH,
        variant="open",
        on=on,
        age=opened,
        from_on=on + np.timedelta64(days, "D"),
        row=seen.row(child),
        words=mine["rule"].to_numpy(dtype=object),
    )


def _overweighed(seen: Seen) -> pd.DataFrame:
    """Children weighed more often than NICE advises: one finding a child, the last time."""
    until = seen.numbers("OVERWEIGHED")["until_years"] * DAYS_IN_YEAR
    weighed = seen.visits.take(np.flatnonzero(seen.visits.weight))
    ages, days = np.array(seen.rules.reweigh).T
    before, after = weighed.take(slice(None, -1)), weighed.take(slice(1, None))
    step = np.maximum(np.searchsorted(ages, before.age, side="right") - 1, 0)
    gap = after.age - before.age
    close = (before.child == after.child) & (after.age <= until) & (gap < days[step])
    close &= seen.now[after.child] <= until
    at = np.flatnonzero(close)
    found = part(
        after.child[at],
        variant="info",
        on=after.on[at],
        age=after.age[at],
        row=after.row[at],
        days=gap[at],
    )
    count = found.groupby("child")["child"].transform("size")
    return found.assign(count=count).drop_duplicates("child", keep="last").reset_index(drop=True)
