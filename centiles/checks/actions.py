"""What was done about findings: an action keeps one aside until its review, and closes nothing."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.ages import FloatArray
from centiles.checks.backgrounds import places_of
from centiles.lms import SPACE
from centiles.measures import MEASURES, codes_of
from centiles.monitoring.contact_rules import contact_rules
from centiles.monitoring.episodes import CLOSED, LAPSED, STATES
from centiles.monitoring.findings import Cohort, waits
from centiles.monitoring.points import points_of
from centiles.monitoring.schema import RuleSet
from centiles.monitoring.wording import KNOWN
from centiles.records import columns

FELL_FURTHER: Final = SPACE / 3  # since the action, carried: the finding is back at the top
_NEVER: Final = np.datetime64("NaT", "D")


def answered(findings: pd.DataFrame, cohort: Cohort, actions: pd.DataFrame) -> pd.DataFrame:
    """Return findings with the newest action that answers each.

    An action answers a finding of its child and rule that had opened by then. Added are
    ``acted_on`` and ``review_asked``, NaT where there is none, and ``fell_since``, the carried fall
    in z from the newest value of the day of the action to the newest of all.
    """
    if actions.empty:
        never = np.full(len(findings), _NEVER)
        return findings.assign(acted_on=never, review_asked=never, fell_since=0.0)
    ids = pd.Index(cohort.child_ids)
    done = pd.DataFrame(
        {
            "child": places_of(actions, ids),
            "rule": actions["rule"].to_numpy(dtype=object),
            "acted_on": actions["date"].to_numpy(),
            "acted_age": actions["age_days"].to_numpy(dtype=np.float64),
            "review_asked": actions["review_on"].to_numpy(),
        }
    )
    mine = findings[["child", "rule", "first_day"]].assign(place=np.arange(len(findings)))
    pairs = mine.merge(done[done["child"] >= 0], on=["child", "rule"])
    pairs = pairs[pairs["acted_age"] >= pairs["first_day"]]
    last = pairs.sort_values("acted_age", kind="stable").drop_duplicates("place", keep="last")
    at = last["place"].to_numpy()
    acted = np.full(len(findings), _NEVER)
    review = acted.copy()
    acted[at], review[at] = last["acted_on"], last["review_asked"]
    since = np.zeros(len(findings))
    since[at] = _fell_since(findings.iloc[at], last["acted_age"].to_numpy(), cohort)
    return findings.assign(acted_on=acted, review_asked=review, fell_since=since)


def _fell_since(findings: pd.DataFrame, age: FloatArray, cohort: Cohort) -> FloatArray:
    """Return the carried fall from the newest point by an age [d] to each finding's newest."""
    fell = np.zeros(len(findings))
    if findings.empty:
        return fell
    some = np.where(np.isin(cohort.child, findings["child"]), cohort.child, -1)
    points = points_of(cohort.scored, some, cohort.conflict, cohort.unsure, doubtful=True)
    measure = codes_of(findings["measure"].astype("category"), MEASURES)
    to_age = findings["to_age_days"].to_numpy()
    to = points.newest_at(findings["child"].to_numpy(), measure, to_age)
    before = points.first_after(to, age) - 1
    there = np.flatnonzero((before >= points.starts[to]) & (before < to))
    fell[there] = points.falls(before[there], to[there])
    return np.nan_to_num(fell)


def known(findings: pd.DataFrame, rules: RuleSet, as_of: np.datetime64) -> pd.DataFrame:
    """Return findings of which those that are answered for now stand in the block *known*.

    Their date to be seen by is that of the review. An action without one is to be reviewed as soon
    as the finding, had it been made that day, would have to be seen: no action hides it for ever.
    ``due`` is the date each is to be seen by, shown or not; ``missed`` whether that was missed once
    before the action.
    """
    acted = _days(findings["acted_on"])
    asked = _days(findings["review_asked"])
    review = np.where(np.isnat(asked), waits(acted, findings, rules), asked)
    closed = findings["state"].isin([STATES[CLOSED], STATES[LAPSED]]).to_numpy()
    first = waits(_days(findings["to_on"]), findings, rules)
    answers = review > _days(findings["to_on"])  # a measurement since starts the dates anew
    answers &= findings["fell_since"].to_numpy() < FELL_FURTHER
    aside = answers & ~closed & (review > as_of)
    due = np.where(answers, review, first)
    return findings.assign(
        block=findings["block"].mask(aside, KNOWN),
        see_by=np.where(answers & ~np.isnat(_days(findings["see_by"])), review, findings["see_by"]),
        due=due,
        missed=answers & (acted > first),
    )


def unknown_rules(actions: pd.DataFrame, rules: RuleSet) -> pd.DataFrame:
    """Return a problem for each action that names no rule of the set, and so answers nothing."""
    codes = [rule.id for rule in rules.rules] + list(contact_rules().contacts)
    odd = (actions["fate"] == "used") & ~actions["rule"].isin(codes)
    at = np.flatnonzero(odd)
    if len(at) == 0:
        return columns.frame(columns.PROBLEMS, {})
    source, row = actions["source"].array[at], actions["row"].to_numpy()[at]
    return columns.problems("F22", source, row, "rule")


def _days(column: pd.Series[Any]) -> NDArray[np.datetime64]:
    return column.to_numpy().astype("datetime64[D]")
