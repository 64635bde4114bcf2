"""The list of contact findings, those that chase growth findings among them; and counts a team."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.monitoring.contact_rules import contact_rules
from centiles.monitoring.contact_wording import sentences
from centiles.monitoring.contacts import part
from centiles.monitoring.episodes import CLOSED, LAPSED, STATES
from centiles.monitoring.findings import Cohort, waits
from centiles.monitoring.schema import SEVERITIES, ContactRule, RuleSet
from centiles.monitoring.visits import Visits
from centiles.records import columns

NO_REASON: Final = "no reason given"
NONE: Final = columns.frame(columns.CONTACTS, {})
_WATCH, _URGENT = SEVERITIES.index("watch"), SEVERITIES.index("urgent")
_NEVER: Final = np.datetime64("NaT", "D")


def listed(
    parts: dict[str, pd.DataFrame], cohort: Cohort, rules: RuleSet, *, hide_dates: bool
) -> pd.DataFrame:
    """Return what contact rules found in a cohort as rows of the list, in words.

    Parameters
    ----------
    parts
        What each rule found, by its id.
    cohort
        The cohort as results show it.
    rules
        The rule set, which says how soon findings are to be seen.
    hide_dates
        Whether ages are shown and no dates.
    """
    rows = []
    for code, found in parts.items():
        if found.empty:
            continue
        if hide_dates:
            words = found["words"].astype("str").str.replace(r" round of .*", " round", regex=True)
            found = found.assign(on=_NEVER, from_on=_NEVER, later_on=_NEVER, words=words)
        row = found["row"].to_numpy()
        reason, team = (
            np.where(row >= 0, cohort.scored[name].array[row].astype(object), "")
            for name in ("reason", "team")
        )
        rule = rules.contacts.contacts[code]
        said = found.assign(
            severity=_graded(found["severity"].to_numpy(), rule),
            reason=reason, team=team, rule=code, see_days=-1, see_working=-1,
        )  # fmt: skip
        said["child_id"] = cohort.child_ids[found["child"].to_numpy()]
        said["see_by"] = waits(_days(found["from_on"]), said, rules)
        said["sentence"] = sentences(said, rule)
        rows.append(said)
    return _declared(pd.concat(rows, ignore_index=True)) if rows else NONE


def overdue(
    findings: pd.DataFrame, rules: RuleSet, *, as_of: np.datetime64, due_by: np.datetime64 | None,
    hide_dates: bool,
) -> pd.DataFrame:  # fmt: skip
    """Return the growth findings past their dates, or due by a later day: the gravest of a child.

    Parameters
    ----------
    findings
        All findings with their final levels, still as numbers, and ``due`` dates.
    rules
        The rule set.
    as_of
        The last date of knowledge: a date before it has passed.
    due_by
        The horizon, if it is later: a date up to it, itself included, will have come.
    hide_dates
        Whether ages are shown and no dates.
    """
    due = _days(findings["due"])
    again = waits(due, findings, rules)
    chased = ~findings["state"].isin([STATES[CLOSED], STATES[LAPSED]])
    chased &= (findings["severity"] >= _WATCH) & ("OVERDUE" not in rules.contacts.off)
    last = due_by if due_by is not None and due_by > as_of else as_of - np.timedelta64(1, "D")
    twice = (findings["missed"].to_numpy() & (due <= last)) | (again <= last)
    level = findings["severity"].to_numpy()
    late = (chased & (due <= last)).to_numpy()
    if not late.any():
        return NONE
    mine = findings.assign(
        chased=level, twice=twice, on=due, severity=np.minimum(level + twice, _URGENT)
    )[late]
    mine = mine.sort_values(
        ["severity", "on", "to_row"], ascending=[False, True, True], kind="stable"
    )
    others = mine.groupby("child_id")["child_id"].transform("size").to_numpy() - 1
    mine = mine.assign(others=others).drop_duplicates("child_id")
    on = _days(mine["on"])
    gone = (as_of - on).astype(np.float64)
    since = (on - _days(mine["to_on"])).astype(np.float64)
    found = part(
        np.zeros(len(mine), dtype=np.int64),
        severity=mine["severity"].to_numpy(),
        variant=np.where(gone > 0, "past", "ahead"),
        on=_NEVER if hide_dates else on,
        age=mine["to_age_days"].to_numpy() + since,
        days=np.where(gone > 0, gone, np.nan),
        count=1 + mine["twice"].to_numpy(),
        words=_chased(mine),
    )
    said = found.assign(
        reason="", rule="OVERDUE", see_by=found["on"],
        child_id=mine["child_id"].to_numpy(), team=mine["team"].to_numpy(dtype=object),
    )  # fmt: skip
    return _declared(_said(said, rules.contacts.contacts["OVERDUE"]))


def _said(found: pd.DataFrame, rule: ContactRule) -> pd.DataFrame:
    """Return what a rule found in words, as a service grades it."""
    severity = _graded(found["severity"].to_numpy(), rule)
    return found.assign(severity=severity, sentence=sentences(found, rule))


def _graded(severity: NDArray[np.int64], rule: ContactRule) -> NDArray[np.int64]:
    """Return severities as a service grades them."""
    words = [rule.graded.get(word, word) for word in SEVERITIES]
    return np.array([SEVERITIES.index(word) for word in words])[severity]


def _chased(findings: pd.DataFrame) -> NDArray[np.object_]:
    """Return which finding of a child is chased, and how many others."""
    parts = (findings[name] for name in ("rule", "chased", "others"))
    words = [
        f"{rule}, {SEVERITIES[grade]}" + (f", and {more} more" if more else "")
        for rule, grade, more in zip(*parts, strict=True)
    ]
    return np.array(words, dtype=object)


def _declared(said: pd.DataFrame) -> pd.DataFrame:
    """Return contact findings with just the columns of the list."""
    words = np.asarray(SEVERITIES, dtype=object)[said["severity"].to_numpy(dtype=np.int64)]
    parts = {each.name: said[each.name].array for each in columns.CONTACTS if each.name in said}
    return columns.frame(columns.CONTACTS, parts | {"severity": words, "date": said["on"].array})


def in_order(contacts: pd.DataFrame) -> pd.DataFrame:
    """Return contact findings, the gravest first, of equals by rule, the newest first."""
    codes = list(contact_rules().contacts)
    grade, rule = -_places(contacts["severity"], SEVERITIES), _places(contacts["rule"], codes)
    on = contacts["date"].to_numpy().astype("datetime64[D]")
    newest = np.where(np.isnat(on), np.int64(1), -on.astype(np.int64))
    order = np.lexsort((contacts["child_id"].to_numpy(dtype=object), newest, rule, grade))
    return contacts.take(order).reset_index(drop=True)


def _places(words: Any, among: Sequence[str]) -> NDArray[np.intp]:
    """Return where each word of a column stands among those there can be."""
    place = pd.Index(among).get_indexer(words.cat.categories)
    return np.asarray(place[words.cat.codes])


def outcomes(visits: Visits, cohort: Cohort) -> pd.DataFrame:
    """Return how many visits each team had of each outcome: measured, or not and why."""
    frame = cohort.scored
    team, teams_ = pd.factorize(frame["team"].array[visits.row])
    reason, reasons = pd.factorize(frame["reason"].array[visits.row])
    why = np.array([*(word.strip().lower() or NO_REASON for word in reasons), ""], dtype=object)
    reason = np.where(visits.any, len(why) - 1, reason)
    pairs, count = np.unique(team * len(why) + reason, return_counts=True)
    counts = pd.DataFrame(
        {
            "team": np.asarray(teams_, dtype=object)[pairs // len(why)],
            "reason": why[pairs % len(why)],
            "contacts": count,
        }
    )
    return counts.groupby(["team", "reason"])["contacts"].sum().reset_index()


def teams(counts: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    """Return a row a team: its contacts, those without a measurement and why, its findings."""
    counts = counts.groupby(["team", "reason"])["contacts"].sum().reset_index()
    counts = counts.astype({"reason": "str"})  # empty columns have no type of their own
    without = counts[counts["reason"] != ""].sort_values(
        ["team", "contacts", "reason"], ascending=[True, False, True], kind="stable"
    )
    minor = (contacts["rule"] == "MISSED") & (contacts["severity"] == "info")
    contacts = contacts[~minor]  # a visit on which nobody meant to measure is not missed
    by_rule = contacts.groupby(["team", contacts["rule"].astype(str)]).size().unstack(fill_value=0)
    names = sorted({*counts["team"], *by_rule.index}, key=str.casefold)
    parts: dict[str, Any] = {
        "team": names,
        "contacts": counts.groupby("team")["contacts"].sum(),
        "not_measured": without.groupby("team")["contacts"].sum(),
        "reasons": (without["reason"] + " (" + without["contacts"].astype("str") + ")")
        .groupby(without["team"])
        .agg("; ".join),
    }
    parts |= {
        code.lower().replace("-", "_"): by_rule.get(code) for code in contact_rules().contacts
    }
    for name, part_ in parts.items():
        if name != "team":
            found = pd.Series(dtype=object) if part_ is None else part_
            parts[name] = found.reindex(names, fill_value="" if name == "reasons" else 0).to_numpy()
    return columns.frame(columns.TEAMS, parts)


def _days(column: pd.Series[Any]) -> Any:
    return column.to_numpy().astype("datetime64[D]")
