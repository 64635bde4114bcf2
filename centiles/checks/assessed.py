"""What could not be assessed of each child, and why: derived from what each rule needs.

A rule is asked of a child at the child's age now. That a rule found nothing says something only
where it could have found something.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.ages import DAYS_IN_YEAR, FloatArray
from centiles.measures import MEASURES, Measure, codes_of
from centiles.monitoring.baselines import BIRTH_WEIGHT_BY_DAY, EARLY_DAYS
from centiles.monitoring.findings import Cohort
from centiles.monitoring.schema import KINDS, Rule, RuleSet
from centiles.monitoring.wording import date_words, interval

Flags = NDArray[np.bool_]

LONG_AGO_DAYS: Final = DAYS_IN_YEAR
# Rules of what is there: values close together, a weight and a height without a BMI.
_OF_WHAT_IS_THERE: Final = frozenset({"rate", "gap"})
# Why a rule could not be asked of a child: the measure, the age it counts from, its window.
_REASONS: Final = (
    "", "no {measure}{due}", "no height{due}, so no BMI", "parents’ heights not known",
    "no birth or early weight", "one {measure} only{earlier}", "fewer than {points} of {measure}",
    "no earlier {measure} in {window}",
    "day of birth not known, so no change under a year",
)  # fmt: skip
_NONE, _NO_HEIGHT, _PARENTS, _BIRTH, _ONE, _FEW, _EARLIER, _MONTHLY = range(1, len(_REASONS))


@dataclass(frozen=True)
class _Measured:
    """How often and when each child was measured, for each measure: arrays (measures, children)."""

    newest: FloatArray
    before: FloatArray
    number: NDArray[np.int64]
    early_weight: Flags
    last_on: NDArray[np.datetime64]


class Assessed:
    """What a cohort has, and what each rule of a set lacks of it."""

    def __init__(self, cohort: Cohort, rules: RuleSet) -> None:
        self.cohort, self.rules = cohort, rules
        self.count = len(cohort.child_ids)
        self.now = cohort.now_age_days

    @cached_property
    def measured(self) -> _Measured:
        """When each child was measured."""
        frame, child = self.cohort.scored, self.cohort.child
        use = (frame["fate"] == "scored").to_numpy() & (child >= 0)
        code = codes_of(frame["measure"], MEASURES)
        age = frame["age_days"].to_numpy(dtype=np.float64)
        newest = np.full((len(MEASURES), self.count), -np.inf)
        before, number = newest.copy(), np.zeros(newest.shape, dtype=np.int64)
        for measure in range(len(MEASURES)):
            mine = use & (code == measure)
            np.maximum.at(newest[measure], child[mine], age[mine])
            number[measure] = np.bincount(child[mine], minlength=self.count)
            older = mine & (age < np.append(newest[measure], np.inf)[child])
            np.maximum.at(before[measure], child[older], age[older])
        early = (age <= BIRTH_WEIGHT_BY_DAY) | ((age >= EARLY_DAYS[0]) & (age <= EARLY_DAYS[1]))
        weight = use & (code == MEASURES.index(Measure.WEIGHT))
        return _Measured(newest, before, number, self._any(weight & early), self._newest_day(use))

    def _any(self, rows: Flags) -> Flags:
        return np.asarray(np.bincount(self.cohort.child[rows], minlength=self.count) > 0)

    def _newest_day(self, rows: Flags) -> NDArray[np.datetime64]:
        on = self.cohort.scored["measured_on"].to_numpy().astype("datetime64[D]")
        days = np.full(self.count, -np.inf)
        at = np.flatnonzero(rows & ~np.isnat(on))
        np.maximum.at(days, self.cohort.child[at], on[at].astype(np.float64))
        known = np.isfinite(days)
        return np.where(
            known, np.where(known, days, 0).astype("datetime64[D]"), np.datetime64("NaT", "D")
        )

    @cached_property
    def unsexed(self) -> Flags:
        """Children whose sex is not known."""
        return self._any(
            (self.cohort.scored["sex"] == "unknown").to_numpy() & (self.cohort.child >= 0)
        )

    @cached_property
    def nothing(self) -> Flags:
        """Children of whom nothing is scored."""
        return np.asarray(~np.isfinite(self.measured.newest).any(axis=0))

    def lacks(self, rule: Rule) -> NDArray[np.int8]:
        """Return why a rule could not be asked of each child; 0 where it could, or is not due.

        Of a rule of several measures, one that could be asked is enough.
        """
        since_birth = max(rule.ages[0], rule.from_day)
        due = (self.now >= since_birth) & (self.now < rule.last_age_days)
        due &= ~self.unsexed & ~self.nothing
        if rule.kind in _OF_WHAT_IS_THERE:
            return np.zeros(self.count, dtype=np.int8)
        of = np.flatnonzero(due)
        code = self._lacks(rule, rule.measures[0], of)
        for measure in rule.measures[1:]:
            other = self._lacks(rule, measure, of)
            code = np.where(other == 0, 0, code)
        found = np.zeros(self.count, dtype=np.int8)
        found[of] = code
        return found

    def _lacks(self, rule: Rule, name: str, of: NDArray[np.intp]) -> NDArray[np.int8]:
        """Return why a rule could not be asked of children in one measure, the first reason."""
        measured, place = self.measured, MEASURES.index(Measure(name))
        newest, before = measured.newest[place][of], measured.before[place][of]
        weighed = np.isfinite(measured.newest[MEASURES.index(Measure.WEIGHT)][of])
        none = newest < max(rule.ages[0], 0.0)
        change = KINDS[rule.kind].of_change
        from_birth, from_early = rule.comparator == "birth", rule.comparator == "early"
        of_start = change & (from_birth | (from_early & (self.now[of] < DAYS_IN_YEAR)))
        of_window = change & ~of_start
        known = self.cohort.background
        parents = np.isnan(known.mother_cm[of] + known.father_cm[of])
        with np.errstate(invalid="ignore"):
            gap = newest - before
        code = np.select(
            [
                none & (name == Measure.BMI) & weighed,
                none,
                (rule.kind == "parents") & parents,
                of_start & ~measured.early_weight[of],
                change & (newest < DAYS_IN_YEAR) & self.monthly[of],
                of_window & ~(before >= max(rule.from_age, 0.0)),
                of_window & (measured.number[place][of] < rule.points),
                of_window & (gap > rule.within_days),
            ],
            [_NO_HEIGHT, _NONE, _PARENTS, _BIRTH, _MONTHLY, _ONE, _FEW, _EARLIER],
            0,
        )
        return code.astype(np.int8)

    @cached_property
    def monthly(self) -> Flags:
        """Children whose day of birth is not known."""
        month = (self.cohort.scored["birth_precision"] == "month").to_numpy()
        return self._any(month & (self.cohort.child >= 0))

    def words(self, *, show_dates: bool) -> NDArray[np.object_]:
        """Return what could not be assessed of each child, and why; "" where all could."""
        whole = np.stack([self.lacks(rule) for rule in self.rules.rules], axis=1)
        others = np.stack([self.unsexed, self.nothing & ~self.unsexed, self._as_if_term()], axis=1)
        since = self._since() if show_dates else np.where(self._long_ago(), "a year or more", "")
        month, months = pd.factorize(since)
        table = np.column_stack([whole, others.astype(np.int8)])
        place, first = distinct(table)
        said = [self._said(table[k]) for k in first]
        which, both = pd.factorize(place * max(len(months), 1) + month)
        ends = [
            "; ".join(
                filter(None, [_nothing_since(months[b % len(months)]), *said[b // len(months)]])
            )
            for b in both.tolist()
        ]
        return np.asarray([*ends, ""], dtype=object)[which]

    def _said(self, lacks: NDArray[np.int8]) -> list[str]:
        """Return each reason with the rules it stops, and what else is to be known."""
        by_reason: dict[str, list[str]] = {}
        for rule, code in zip(self.rules.rules, lacks.tolist(), strict=False):
            if code:
                by_reason.setdefault(_reason(rule, code), []).append(rule.id)
        unsexed, nothing, term = lacks[len(self.rules.rules) :].tolist()
        return [
            "sex not known: nothing scored" if unsexed else "",
            "nothing could be scored" if nothing else "",
            *(f"{reason}: {', '.join(codes)}" for reason, codes in by_reason.items()),
            "gestation not known: as if born at term" if term else "",
        ]

    def _as_if_term(self) -> Flags:
        """Children under 2 years, or under a rule that counts from birth, of unknown gestation."""
        gestation = self.cohort.scored["gestation_days"].to_numpy()
        owned = self.cohort.child >= 0
        known = self._any(owned & ~np.isnan(gestation))
        ends = [rule.last_age_days for rule in self.rules.rules if rule.comparator == "birth"]
        return np.asarray(~known & ~self.nothing & (self.now < max([2 * DAYS_IN_YEAR, *ends])))

    def _long_ago(self) -> Flags:
        newest = self.measured.newest.max(axis=0)
        return np.asarray(~self.nothing & (self.now - newest >= LONG_AGO_DAYS))

    def _since(self) -> NDArray[np.object_]:
        """Return the month since which nothing was measured, where that is a year or more."""
        on = self.measured.last_on
        days, place = np.unique(
            np.where(self._long_ago(), on, np.datetime64("NaT", "D")), return_inverse=True
        )
        months = [date_words(day).partition(" ")[2] for day in days]
        return np.asarray([*months, ""], dtype=object)[place]


def not_assessed(cohort: Cohort, rules: RuleSet, *, show_dates: bool) -> NDArray[np.object_]:
    """Return for each child what could not be assessed, and why."""
    return Assessed(cohort, rules).words(show_dates=show_dates)


def distinct(table: NDArray[np.int8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return each row's place among the distinct rows of a table, and the first of each."""
    place = np.zeros(len(table), dtype=np.int64)
    for column in table.T:
        if column.any():
            place = pd.factorize(place * 16 + column)[0].astype(np.int64)
    place, distinct = pd.factorize(place)
    first = np.full(len(distinct), len(table), dtype=np.intp)
    np.minimum.at(first, place, np.arange(len(table)))
    return place.astype(np.intp), first


def _reason(rule: Rule, code: int) -> str:
    return _REASONS[code].format(
        measure=_listed([Measure(name).label for name in rule.measures]),
        points=rule.points,
        due=_from(rule.ages[0]),
        earlier=_from(rule.from_age),
        window=interval(rule.within_days) if np.isfinite(rule.within_days) else "",
    )


def _listed(words: list[str]) -> str:
    """Return words as a list of choices: "weight, BMI or height"."""
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _from(age_days: float) -> str:
    years = round(age_days / DAYS_IN_YEAR) if np.isfinite(age_days) else 0
    return f" from {years} year{'s' if years > 1 else ''}" if years > 0 else ""


def _nothing_since(when: str) -> str:
    if when == "a year or more":
        return "nothing measured for a year or more"
    return f"nothing measured since {when}" if when else ""
