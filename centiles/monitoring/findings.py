"""Scored values to findings: every rule over every child, worded, as one table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.ages import FloatArray
from centiles.lms import POSITIONS, SPACE, position_codes
from centiles.measures import measurement_sd
from centiles.monitoring import conditional, wording
from centiles.monitoring.background import Background
from centiles.monitoring.episodes import CLOSED, LAPSED, RECOVERING, STATES
from centiles.monitoring.points import Flags, Points, Rows, points_of
from centiles.monitoring.rules import Found, Watch
from centiles.monitoring.rulesets import SEVERITIES, RuleSet

# Never a cause: the prompt that no explanation be left out, with its pathway.
PROMPT: Final = (
    "Consider nutritional, medical and safeguarding explanations; follow your local pathway."
)
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
    keys = ["child", "rule", "first_day"]
    block = np.where(findings["doubtful"], wording.VERIFY_TODAY, "")
    findings = findings.assign(block=block, see_by_rule=None)
    seen = pd.MultiIndex.from_frame(known[["child", "rule", "to_day"]])
    new = ~pd.MultiIndex.from_frame(findings[["child", "rule", "to_day"]]).isin(seen)
    fresh = findings[new]
    said = "Two values that day disagree: measure again. "
    return fresh.assign(
        severity=np.minimum(fresh["severity"], _WATCH),
        guidance=said + fresh["guidance"],
        disputed=True,
    ).drop_duplicates(keys)


def _pass(cohort: Cohort, rules: RuleSet, points: Points) -> pd.DataFrame:
    """Return the findings of every rule over one set of points."""
    watch = Watch(points, cohort.now_age_days, len(cohort.child_ids), cohort.background)
    tables = [_table(cohort, points, watch.found(rule)) for rule in rules.rules]
    return pd.concat(tables, ignore_index=True)


def _table(cohort: Cohort, points: Points, found: Found) -> pd.DataFrame:
    """Return one rule's episodes as rows of the findings table, with what ranking needs."""
    episodes, rule = found.episodes, found.rule
    to, start, first = episodes.to, episodes.start, episodes.first
    count, there = len(to), episodes.start >= 0
    change = np.full(count, np.nan)
    carried = np.full(count, np.nan)
    change[there] = points.z[to[there]] - points.z_before[start[there]]
    carried[there] = -points.falls(start[there], to[there])
    level = rule.kind == "level"
    error = _error(points, found, there)
    from_age = np.where(there, points.age[start], np.nan)
    dates = _dates(cohort, points, start, first, to)
    severity = np.asarray(found.severity)
    margin = np.abs(episodes.amount - episodes.threshold)
    with np.errstate(invalid="ignore"):
        borderline = margin < error
    table = pd.DataFrame(
        {
            "child": points.child[to],
            "child_id": cohort.child_ids[points.child[to]],
            "rule": rule.id,
            "severity": severity,
            "state": np.asarray(STATES, dtype=object)[episodes.state],
            "opened_on": dates["first"],
            "project_rule": rule.project,
            "borderline": borderline,
            "raised_by": "",
            "measure": rule.measure,
            "to_index": points.row[to],
            "from_index": np.where(there, points.row_before[start], -1),
            "from_date": dates["start"],
            "from_age_days": from_age,
            "from_value": np.where(there, points.value_before[start], np.nan),
            "from_z": np.where(there, points.z_before[start], np.nan),
            "to_date": dates["to"],
            "to_age_days": points.age[to],
            "to_value": points.value[to],
            "to_z": points.z[to],
            "change_z": change,
            "carried_change_z": carried,
            "spaces": (-points.z[to] if level else -carried) / SPACE,
            "interval_days": points.age[to] - from_age,
            "probability": conditional.chance_beyond(episodes.amount, episodes.threshold, error),
            "block": "",
            "guidance": f"{rule.guidance} {PROMPT}".strip(),
            "is_change": not level,
            "downward": True,
            "join_guard": found.join_guard,
            "gestation_unknown": found.gestation_unknown,
            "threshold": episodes.threshold,
            "better": episodes.amount <= episodes.threshold - rule.recovery,
            "disputed": False,
            "first_day": points.age[first],
            "to_day": points.age[to],
            "doubtful": points.doubtful[to] | (there & points.doubtful_before[start]),
            "conflict": points.conflict[to] | (there & points.conflict[start]),
        }
    )
    table["base_rate"] = [rule.base_rate.get(SEVERITIES[k], "") for k in severity]
    table["see_by_rule"] = pd.Series(found.see_by, dtype="object")
    return table


def _error(points: Points, found: Found, there: Flags) -> FloatArray:
    """Return the standard deviation of each finding's amount from measurement error."""
    start, to = found.episodes.start, found.episodes.to
    if found.rule.kind == "loss":
        spread = np.sqrt(2) * measurement_sd(points.measure[to], points.age[to], points.value[to])
        return np.asarray(100 * spread / points.value_before[start])
    sd = conditional.z_error(points, to)
    if found.rule.kind == "fall":
        sd[there] = np.hypot(sd[there], conditional.z_error(points, start[there]))
    return sd


def _dates(cohort: Cohort, points: Points, *which: Rows) -> dict[str, NDArray[np.datetime64]]:
    """Return the dates of start, first and newest points, NaT where only ages are known."""
    measured = cohort.scored["measured_on"].to_numpy()
    names = ("start", "first", "to")
    return {
        name: np.where(rows >= 0, measured[points.row[rows]], np.datetime64("NaT"))
        for name, rows in zip(names, which, strict=True)
    }


def _located(findings: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
    """Return findings with where their values stand in the files, and what wording needs."""
    scored = cohort.scored
    source, row, team = scored["source"].array, scored["row"].to_numpy(), scored["team"].array
    to = findings["to_index"].to_numpy()
    start = findings["from_index"].to_numpy()
    child, there = findings["child"].to_numpy(), start >= 0
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


def worded(findings: pd.DataFrame, rules: RuleSet) -> pd.DataFrame:
    """Return findings with their severities in words, each in one sentence."""
    out = findings.assign(
        severity=np.asarray(SEVERITIES, dtype=object)[findings["severity"].to_numpy()]
    )
    born = out["born"].to_numpy().astype("datetime64[D]").astype(object)  # the language's, or None
    by_id = {rule.id: rule for rule in rules.rules}
    out["sentence"] = [
        wording.sentence(row_, by_id[str(row_.rule)], birth)
        for row_, birth in zip(out.itertuples(), born, strict=True)
    ]
    return out


def _positions(z: pd.Series) -> NDArray[np.object_]:
    return np.asarray(POSITIONS, dtype=object)[position_codes(z.to_numpy())]


def waits(
    from_day: NDArray[np.datetime64], findings: pd.DataFrame, rules: RuleSet
) -> NDArray[np.datetime64]:
    """Return when each finding is to be seen by, counted from a day of each; NaT for none."""
    out = np.full(len(findings), np.datetime64("NaT"), dtype="datetime64[D]")
    wait: Iterable[Any] = zip(findings["see_by_rule"], findings["severity"], strict=True)
    chosen = [own if own else dict(rules.see_by[SEVERITIES[rank]]) for own, rank in wait]
    days = np.array([each.get("days", 0) for each in chosen], dtype=np.int64)
    working = np.array([each.get("working_days", 0) for each in chosen], dtype=np.int64)
    known = np.flatnonzero(~np.isnat(from_day))
    out[known] = from_day[known] + days[known]
    busy = known[working[known] > 0]
    out[busy] = np.busday_offset(from_day[busy], working[busy], roll="backward")
    return out


def _reweigh_from(findings: pd.DataFrame, rules: RuleSet) -> NDArray[np.datetime64]:
    """Return the date before which another measurement says nothing new."""
    ages, days = np.array(rules.reweigh).T
    step = np.searchsorted(ages, findings["to_age_days"].to_numpy(), side="right") - 1
    wait = days[np.maximum(step, 0)].astype(np.int64)
    return np.asarray(findings["to_date"].to_numpy().astype("datetime64[D]") + wait)
