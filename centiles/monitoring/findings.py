"""Scored values to findings: every rule over every child, worded, as one table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.ages import FloatArray
from centiles.lms import POSITIONS, SPACE, position_codes
from centiles.measures import MEASURES, Measure
from centiles.monitoring import conditional, rates, wording
from centiles.monitoring.background import Background
from centiles.monitoring.episodes import CLOSED, LAPSED, RECOVERING, STATES
from centiles.monitoring.kinds import Watch
from centiles.monitoring.levels import percent_of_median
from centiles.monitoring.points import Flags, Points, Rows, Spans, points_of
from centiles.monitoring.rules import Found, found_by
from centiles.monitoring.schema import KINDS, SEVERITIES, Rule, RuleSet

# Never a cause: the prompt that no explanation be left out, with its pathway.
PROMPT: Final = (
    "Consider nutritional, medical and safeguarding explanations; follow your local pathway."
)
UP, DOWN = "up", "down"  # what a rule is about: too much or a rise; too little or a fall
_WATCH, _ACT = SEVERITIES.index("watch"), SEVERITIES.index("act")


@dataclass(frozen=True)
class Cohort:
    """Scored values and whose they are, as the rules take them.

    ``scored`` is the scored frame; ``child`` each row's child, −1 for none; ``conflict`` marks
    rows of days whose values disagree; ``unsure`` those that alone make nothing urgent: doubtful
    values, and spikes upwards, from which the return to trend would be a fall; ``now_age_days`` is
    each child's age [d] at the last date of knowledge; ``background`` what else is known of them.
    """

    scored: pd.DataFrame
    child: NDArray[np.int64]
    child_ids: NDArray[np.object_]
    conflict: Flags
    unsure: Flags
    now_age_days: FloatArray
    born: NDArray[np.datetime64] = field(repr=False)
    background: Background = field(repr=False)


def findings_of(cohort: Cohort, rules: RuleSet) -> pd.DataFrame:
    """Return all findings, unsorted and without words, one row an episode of a rule in a child.

    Three passes over the same rules. The first takes every value that is not unsure. The
    second adds the unsure ones, for the children who have any: what only they make stands
    apart, to be verified today. The third takes the other of two values of a day that disagree:
    what only one of them makes asks for a new measurement.
    """
    scored, child, conflict = cohort.scored, cohort.child, cohort.conflict
    unsure = cohort.unsure
    parts = [_pass(cohort, rules, points_of(scored, child, conflict, unsure))]
    owned = unsure & (child >= 0)
    if owned.any():
        some = np.where(np.isin(child, child[owned]), child, -1)
        points = points_of(scored, some, conflict, unsure, doubtful=True)
        extra = _still_met(_pass(cohort, rules, points))
        parts.append(_set_apart(extra[extra["doubtful"]]))
    if conflict.any():
        some = np.where(np.isin(child, child[conflict]), child, -1)
        points = points_of(scored, some, conflict, unsure, doubtful=True, highest_first=False)
        extra = _still_met(_pass(cohort, rules, points))
        parts.append(_ask_again(extra[extra["conflict"]], pd.concat(parts)))
    return _located(pd.concat(parts, ignore_index=True), cohort)


def _still_met(findings: pd.DataFrame) -> pd.DataFrame:
    """Return findings that the newest value meets: no doubtful value makes anything better."""
    return findings[~findings["state"].isin([STATES[RECOVERING], STATES[CLOSED]])]


def _set_apart(findings: pd.DataFrame) -> pd.DataFrame:
    """Return findings made by doubtful values: act at most, in a block of their own."""
    severity = np.minimum(findings["severity"], _ACT)
    return findings.assign(severity=severity, block=wording.VERIFY_TODAY)


def _ask_again(findings: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return findings that only one of a day's values makes, as watch."""
    about = ["child", "rule", "measure"]
    block = np.where(findings["doubtful"], wording.VERIFY_TODAY, "")
    findings = findings.assign(block=block, see_days=-1, see_working=-1)
    seen = pd.MultiIndex.from_frame(known[[*about, "to_day"]])
    new = ~pd.MultiIndex.from_frame(findings[[*about, "to_day"]]).isin(seen)
    fresh = findings[new]
    said = "Two values that day disagree: measure again. "
    return fresh.assign(
        severity=np.minimum(fresh["severity"], _WATCH),
        guidance=said + fresh["guidance"],
        disputed=True,
    ).drop_duplicates([*about, "first_day"])


def _pass(cohort: Cohort, rules: RuleSet, points: Points) -> pd.DataFrame:
    """Return the findings of every rule over one set of points."""
    watch = Watch(points, cohort.now_age_days, len(cohort.child_ids), cohort.background)
    place = {rule.id: number for number, rule in enumerate(rules.rules)}
    found = found_by(watch, rules.rules)
    found = [each for each in found if len(each.episodes.to)] or found[:1]
    parts = [_columns(cohort, each, place[each.rule.id]) for each in found]
    table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    code = table.pop("rule_code")
    words: dict[str, tuple[list[str], NDArray[Any]]] = {
        "rule": ([rule.id for rule in rules.rules], code),
        "guidance": ([f"{rule.guidance} {PROMPT}".strip() for rule in rules.rules], code),
        "measure": (list(map(str, MEASURES)), table.pop("measure_code")),
        "state": (list(STATES), table.pop("state_code")),
        "direction": ([UP, DOWN], table["downward"].astype(np.intp)),
    }
    parted = {
        name: pd.Series(np.array(known, dtype=object)[place], dtype=object)
        for name, (known, place) in words.items()
    }
    rate = rates.words_of(rules, code, table["severity"], table["to_age_days"])
    ids = pd.Series(cohort.child_ids[table["child"]], dtype=object)
    none = pd.Series(np.full(len(code), "", dtype=object), dtype=object)
    texts = {"child_id": ids, "base_rate": pd.Series(rate, dtype=object)}
    return pd.DataFrame({**table, **parted, **texts, "raised_by": none, "block": none})


def _columns(cohort: Cohort, found: Found, rule_code: int) -> dict[str, NDArray[Any]]:
    """Return one rule's episodes as columns of the findings table, with what ranking needs."""
    sort, rule, episodes, points = found.sort, found.rule, found.episodes, found.sort.points
    to, start, first = episodes.to, episodes.start, episodes.first
    count, kind = len(to), KINDS[rule.kind]
    alike = (start >= 0) & (points.measure[start] == points.measure[to])
    before, there = np.where(alike, start, -1), np.flatnonzero(alike)
    carried, from_z, from_value, from_age = np.full((4, count), np.nan)
    from_z[there], from_value[there] = (
        points.z_before[before[there]],
        points.value_before[before[there]],
    )
    from_age[there] = points.age[before[there]]
    change = points.z[to] - from_z
    carried[there] = -points.falls(before[there], to[there])
    error = sort.error(Spans(first, start, to)) if count else np.zeros(0)
    with np.errstate(invalid="ignore"):
        borderline = np.abs(episodes.amount - episodes.threshold) < error
        better = episodes.amount <= np.maximum(episodes.threshold - rule.recovery, rule.closes_at)
    dates = _dates(cohort, points, before, found.opened, to)
    wait = np.array([_wait(rule, tier) for tier in range(-1, len(rule.levels))])[found.tier + 1]
    return {
        "child": points.child[to],
        "rule_code": np.full(count, rule_code),
        "measure_code": points.measure[to].astype(np.intp),
        "severity": found.severity,
        "state_code": episodes.state,
        "opened_on": dates["opened"],
        "project_rule": np.full(count, rule.project),
        "borderline": borderline,
        "to_index": points.row[to],
        "from_index": np.where(before >= 0, points.row_before[before], -1),
        "beside_index": np.where((start >= 0) & ~alike, points.row_before[start], -1),
        "from_date": dates["start"],
        "from_age_days": from_age,
        "from_value": from_value,
        "from_z": from_z,
        "to_date": dates["to"],
        "to_age_days": points.age[to],
        "to_value": points.value[to],
        "to_z": points.z[to],
        "change_z": change,
        "carried_change_z": carried,
        "spaces": _spaces(rule, episodes.amount, points.z[to], carried),
        "interval_days": points.age[to] - from_age,
        "probability": conditional.chance_beyond(episodes.amount, episodes.threshold, error),
        "is_change": np.full(count, kind.of_change),
        "join_guard": found.join_guard,
        "gestation_unknown": found.gestation_unknown,
        "day_unknown": found.day_unknown,
        "downward": np.full(count, _is_downward(rule)),
        "disputed": np.zeros(count, dtype=np.bool_),
        "amount": episodes.amount,
        "threshold": episodes.threshold,
        "better": better,
        "first_day": points.age[first],
        "to_day": points.age[to],
        "see_days": wait[:, 0],
        "see_working": wait[:, 1],
        "points_between": to - np.where(before >= 0, before, to) + 1,
        "percent_median": _percent_of_median(points, to),
        "doubtful": points.doubtful[to] | ((start >= 0) & points.doubtful_before[start]),
        "conflict": points.conflict[to] | ((start >= 0) & points.conflict[start]),
    }


def _spaces(rule: Rule, amount: FloatArray, z: FloatArray, carried: FloatArray) -> FloatArray:
    """Return the size of findings in centile spaces: of a change, or away from the 50th."""
    if rule.kind in ("rise", "drift", "gap"):
        return amount / SPACE
    if KINDS[rule.kind].of_change:
        return -carried / SPACE
    return (z if np.isfinite(rule.above) else -z) / SPACE


def _is_downward(rule: Rule) -> bool:
    """Whether a rule is about too little, and not too much."""
    return rule.kind != "rise" and not np.isfinite(rule.above)


def _wait(rule: Rule, tier: int) -> tuple[int, int]:
    """Return how soon a level asks to be seen, in days and working days; −1 where it does not."""
    own = (rule.levels[tier].see_by if tier >= 0 else None) or {}
    return own.get("days", -1), own.get("working_days", -1)


def _percent_of_median(points: Points, to: Rows) -> FloatArray:
    """Return BMI in per cent of the median, NaN of other measures."""
    bmi = np.flatnonzero(points.measure[to] == MEASURES.index(Measure.BMI))
    found = np.full(len(to), np.nan)
    at = to[bmi]
    found[bmi] = percent_of_median(points.value[at], points.sex[at], points.corrected[at])
    return found


def _dates(cohort: Cohort, points: Points, *which: Rows) -> dict[str, NDArray[np.datetime64]]:
    """Return the dates of start, opening and newest points, NaT where only ages are known."""
    measured = cohort.scored["measured_on"].to_numpy()
    names = ("start", "opened", "to")
    return {
        name: np.where(rows >= 0, measured[points.row[rows]], np.datetime64("NaT", "D"))
        for name, rows in zip(names, which, strict=True)
    }


def _located(findings: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
    """Return findings with where their values stand in the files, and what wording needs."""
    scored = cohort.scored
    source, row, team = scored["source"].array, scored["row"].to_numpy(), scored["team"].array
    to = findings["to_index"].to_numpy()
    start = findings["from_index"].to_numpy()
    child, there = findings["child"].to_numpy(), start >= 0
    beside = findings["beside_index"].to_numpy()  # where it is −1 nothing is said of it
    also = (("on", "measured_on"), ("value", "value"), ("z", "z"))
    return findings.assign(
        source=source[to],
        to_row=row[to],
        from_source=np.where(there, source[start].astype(object), ""),
        from_row=np.where(there, row[start], 0),
        from_position=_positions(findings["from_z"]),
        to_position=_positions(findings["to_z"]),
        team=team[to],
        to_on=findings["to_date"],  # kept, to compare with, where dates are not shown
        born=cohort.born[child],
        **{f"beside_{name}": scored[column].to_numpy()[beside] for name, column in also},
    )


def dated(findings: pd.DataFrame, rules: RuleSet) -> pd.DataFrame:
    """Return findings with dates, counted from the measurement that meets each, and blocks."""
    measured = findings["to_date"].to_numpy().astype("datetime64[D]")
    out = findings.assign(
        see_by=waits(measured, findings, rules), reweigh_from=_reweigh_from(findings, rules)
    )
    closed = out["state"].isin([STATES[CLOSED], STATES[LAPSED]])
    severity = pd.Series(np.asarray(SEVERITIES, dtype=object)[out["severity"]], index=out.index)
    out["block"] = out["block"].where((out["block"] != "") | closed, severity)
    return out


def _positions(z: pd.Series) -> NDArray[np.object_]:
    return np.asarray(POSITIONS, dtype=object)[position_codes(z.to_numpy())]


def waits(
    from_day: NDArray[np.datetime64], findings: pd.DataFrame, rules: RuleSet
) -> NDArray[np.datetime64]:
    """Return when each finding is to be seen by, counted from a day of each; NaT for none."""
    usual = [rules.see_by[word] for word in SEVERITIES]
    place = findings["severity"].to_numpy(dtype=np.int64)
    own = findings["see_days"].to_numpy(), findings["see_working"].to_numpy()
    has_own = (own[0] >= 0) | (own[1] >= 0)
    days, working = (
        np.where(has_own, np.maximum(mine, 0), np.array([u.get(word, 0) for u in usual])[place])
        for mine, word in zip(own, ("days", "working_days"), strict=True)
    )
    out = np.full(len(findings), np.datetime64("NaT", "D"), dtype="datetime64[D]")
    known = np.flatnonzero(~np.isnat(from_day))
    out[known] = from_day[known] + days[known]
    busy = known[working[known] > 0]
    out[busy] = np.busday_offset(from_day[busy], working[busy], roll="backward")
    return out


def _reweigh_from(findings: pd.DataFrame, rules: RuleSet) -> NDArray[np.datetime64]:
    """Return the date before which another measurement says nothing new."""
    ages, days = np.array(rules.reweigh).T
    step = np.searchsorted(ages, findings["to_age_days"].to_numpy(), side="right") - 1
    wait = days[np.maximum(step, 0)].astype("timedelta64[D]")
    return np.asarray(findings["to_date"].to_numpy().astype("datetime64[D]") + wait)
