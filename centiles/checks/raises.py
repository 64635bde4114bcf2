"""What raises a finding by one level: siblings, events near a fall, two measures falling together.

Everything here works on small tables: findings, and who lives where. Raises are worked out once,
from the levels as the rules gave them, so that no raise brings about another.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.ages import DAYS_IN_MONTH
from centiles.monitoring.background import MOST_IN_A_HOUSEHOLD, Events
from centiles.monitoring.contact_rules import OTHER_INFORMATION, contact_rules
from centiles.monitoring.episodes import CLOSED, LAPSED, STATES
from centiles.monitoring.schema import SEVERITIES

Flags = NDArray[np.bool_]

_WATCH: Final = SEVERITIES.index("watch")
# Weight and BMI are one: a child who falls in both falls once.
_GROUPS: Final = {"weight": 0, "bmi": 0, "height": 1, "head": 2}
EVENT_MARKS: Final = ("no", "sensitive", "open")


def counts(findings: pd.DataFrame) -> Flags:
    """Return which findings can raise and be raised.

    Open and of watch or above, downward, made by values nobody doubts or disputes, and not merely
    by a change of tables.
    """
    is_open = ~findings["state"].isin([STATES[CLOSED], STATES[LAPSED]])
    sound = (findings["block"] == "") & ~findings["disputed"] & ~findings["join_guard"]
    return (is_open & sound & findings["downward"] & (findings["severity"] >= _WATCH)).to_numpy()


def marked(findings: pd.DataFrame, events: Events) -> pd.DataFrame:
    """Return findings with what of their own child raises them: events, and other falls."""
    fall = counts(findings) & findings["is_change"].to_numpy()
    return findings.assign(
        by_event=_by_event(findings, fall, events), together=_together(findings, fall)
    )


def _by_event(findings: pd.DataFrame, fall: Flags, events: Events) -> Any:
    """Return whether events are near each fall: "no", "sensitive" ones only, or "open" ones."""
    numbers = contact_rules().raises["EVENT"].numbers
    found = np.zeros(len(findings), dtype=np.int64)
    for kinds, least in (
        (numbers["events"], 1),
        ([numbers["repeated"]], numbers["least"]),
    ):
        among = events.of(*kinds)
        for value, some in ((1, among), (2, among.take(~among.sensitive))):
            near = _events_near(findings, fall, some, numbers["months"] * DAYS_IN_MONTH)
            found = np.where(near >= least, np.maximum(found, value), found)
    return np.asarray(EVENT_MARKS, dtype=object)[found]


def _events_near(
    findings: pd.DataFrame, fall: Flags, events: Events, within_days: float
) -> NDArray[np.int64]:
    """Return how many events are near each fall, those of one day counting once."""
    if len(events.child) == 0:
        return np.zeros(len(findings), dtype=np.int64)
    at = np.flatnonzero(fall)
    falls = findings.iloc[at][["child", "first_day", "to_day"]].assign(place=at)
    happened = pd.DataFrame({"child": events.child, "age": events.age_days})
    pairs = falls.merge(happened.drop_duplicates(), on="child")
    near = pairs[
        (pairs["age"] >= pairs["first_day"] - within_days)
        & (pairs["age"] <= pairs["to_day"] + within_days)
    ]
    return np.bincount(near["place"], minlength=len(findings))


def _together(findings: pd.DataFrame, fall: Flags) -> Flags:
    """Return which falls have a fall of another measure beside them, within 12 months."""
    within = contact_rules().raises["TOGETHER"].numbers["months"] * DAYS_IN_MONTH
    at = np.flatnonzero(fall)
    if len(at) < 2:
        return np.zeros(len(findings), dtype=np.bool_)
    falls = findings.iloc[at][["child", "to_day"]].assign(place=at)
    falls["group"] = findings["measure"].iloc[at].astype(str).map(_GROUPS)
    others = falls.drop(columns="place").drop_duplicates()
    pairs = falls.merge(others, on="child", suffixes=("", "_other"))
    beside = (pairs["group"] != pairs["group_other"]) & (
        (pairs["to_day"] - pairs["to_day_other"]).abs() <= within
    )
    found = np.zeros(len(findings), dtype=np.bool_)
    found[pairs["place"][beside]] = True
    return found


def by_siblings(findings: pd.DataFrame, homes: pd.DataFrame) -> Flags:
    """Return which findings have, within 12 months, one of another child of the household.

    Parameters
    ----------
    findings
        All findings.
    homes
        ``child_id`` and ``household_id``, each pair once, of the whole cohort.
    """
    within = contact_rules().raises["SIBLINGS"].numbers["months"] * DAYS_IN_MONTH
    at = np.flatnonzero(counts(findings))
    if len(at) < 2:
        return np.zeros(len(findings), dtype=np.bool_)
    mine = findings.iloc[at][["child_id", "to_on"]].assign(place=at)
    size = homes.groupby("household_id")["child_id"].transform("size")
    lived = mine.merge(homes[size <= MOST_IN_A_HOUSEHOLD], on="child_id")
    others = lived.drop(columns="place").drop_duplicates()
    pairs = lived.merge(others, on="household_id", suffixes=("", "_other"))
    apart = (pairs["to_on"] - pairs["to_on_other"]).abs() <= pd.Timedelta(days=within)
    beside = (pairs["child_id"] != pairs["child_id_other"]) & apart
    found = np.zeros(len(findings), dtype=np.bool_)
    found[pairs["place"][beside]] = True
    return found


def raised(findings: pd.DataFrame, homes: pd.DataFrame, *, sensitive: bool) -> pd.DataFrame:
    """Return findings with raised levels, and what raised each.

    Parameters
    ----------
    findings
        All findings, marked.
    homes
        Who lives where, see :func:`by_siblings`.
    sensitive
        Whether to name what only sensitive events say; else it is other information held.
    """
    known = contact_rules().raises
    severity = findings["severity"].to_numpy()
    event = (findings["by_event"] != "no").to_numpy()
    hidden = (findings["by_event"] == "sensitive").to_numpy() & (not sensitive)
    held: dict[str, tuple[str, Flags]] = {
        "SIBLINGS": ("SIBLINGS", by_siblings(findings, homes)),
        OTHER_INFORMATION: ("EVENT", event & hidden),
        "EVENT": ("EVENT", event & ~hidden),
        "TOGETHER": ("TOGETHER", findings["together"].to_numpy()),
    }
    which = np.zeros(len(findings), dtype=np.int64)  # a bit for each that raises
    for bit, (code, rows) in enumerate(held.values()):
        levels = [SEVERITIES.index(level) for level in known[code].raises]
        which |= (rows & np.isin(severity, levels)).astype(np.int64) << bit
    sets, place = np.unique(which, return_inverse=True)
    words = [
        "; ".join(name for bit, name in enumerate(held) if bits >> bit & 1)
        for bits in sets.tolist()
    ]
    said = [_said(each, sensitive=sensitive) for each in words]
    return findings.assign(
        severity=severity + (which != 0),
        raised_by=np.array(words, dtype=object)[place],
        raised_words=np.array(said, dtype=object)[place],
    )


def _said(raised_by: str, *, sensitive: bool) -> str:
    """Return what a sentence says of what raised a finding: what a family may see, unless asked."""
    codes = raised_by.split("; ") if raised_by else []
    if set(codes) - {"TOGETHER"} and not sensitive:
        return OTHER_INFORMATION
    return " and ".join(contact_rules().raises[code].title for code in codes)
