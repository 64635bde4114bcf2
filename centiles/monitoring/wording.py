"""Findings in words: one plain sentence each, numbers first, and never a cause."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd

from centiles.ages import DAYS_IN_MONTH, age_words
from centiles.lms import LINE_LABELS, LINE_Z
from centiles.measures import Measure
from centiles.monitoring.rulesets import NOT_MEASURED, Rule

# Not strftime's: the words do not change with the machine's language.
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_WITHIN: Final = {
    "urgent": "2 working days",
    "act": "14 days",
    "watch": "8 weeks",
    "info": "8 weeks",
}
VERIFY_TODAY: Final = "verify today"  # the block of what only a doubtful value makes
KNOWN: Final = "known"  # the block of what is acted on, until its review
_BETTER: Final = {"closed": "has recovered", "lapsed": "was recovering"}
_AGAIN: Final = {"closed": "has been", "lapsed": "was being"}
_STRETCHED_Z: Final = -4.0  # below it the tables stretch, and a size is "more than"


def sentence(finding: Any, rule: Rule, birth_date: Any) -> str:
    """Return a finding as one sentence.

    Parameters
    ----------
    finding
        One row of the findings table.
    rule
        Its rule.
    birth_date
        The child's date of birth, NaT where only ages are known.
    """
    if rule.kind == "level":
        parts = [_level(finding, rule.below, birth_date)]
    else:
        parts = [(_loss if rule.kind == "loss" else _fall)(finding, birth_date)]
    if finding.join_guard:
        parts.append("the reference changes at this age; the child did not")
    if finding.gestation_unknown and rule.comparator == "birth":
        parts.append("gestation is not known, taken as if born at term")
    if finding.unfit:
        parts.append("UK-WHO lines do not fit this child")
    raised = f"Raised: {finding.raised_words}. " if finding.raised_words else ""
    return f"{'; '.join(parts)}. {_rate(finding, rule)}{raised}{_next(finding)}"


def _fall(finding: Any, birth_date: Any) -> str:
    size, gone = _spaces(finding.spaces, finding.to_z), interval(finding.interval_days)
    label = _label(finding)
    if finding.better:
        still = _amount_below(finding.spaces, finding.to_z)
        said = f"{label} fell and {_better(finding)}: {still} {gone} on"
    else:
        said = f"{label} fell {size} in {gone}"
    return f"{said}, {_from_to(finding, birth_date)}{_lost(finding)}"


def _loss(finding: Any, birth_date: Any) -> str:
    gone = interval(finding.interval_days)
    if finding.better:
        again = _AGAIN.get(finding.state, "is being")
        said = f"{_label(finding)} was lost and {again} regained, {gone} on"
    else:
        said = f"{_label(finding)} is {_amount_lost(finding)} lower than {gone} before"
    return f"{said}, {_from_to(finding, birth_date)}"


@cache
def _line(below: float) -> str:
    """Return what a z is called: its centile line, where it is one."""
    nearest = int(np.argmin(np.abs(np.array(LINE_Z) - below)))
    on_line = bool(np.isclose(LINE_Z[nearest], below))
    return f"the {LINE_LABELS[nearest]} centile line" if on_line else f"z {_z(below)}"


def _level(finding: Any, below: float, birth_date: Any) -> str:
    line = _line(below)
    label, now = _label(finding), _seen(finding, "to", birth_date)
    if finding.better:
        place = _place(finding.to_position)
        said = f"{label} was below {line} and {_better(finding)}: now {place} ({now})"
    else:
        said = f"{label} is below {line}, at z {_z(finding.to_z)} ({now})"
    if not np.isfinite(finding.from_z):
        since = "" if finding.first_day == finding.to_day else " it first was"
        return f"{said}; no other {label} in the 36 months before{since}"
    before = f"{interval(finding.interval_days)} before it was {_place(finding.from_position)}"
    return f"{said}; {before} ({_seen(finding, 'from', birth_date)})"


def _better(finding: Any) -> str:
    return _BETTER.get(finding.state, "is recovering")


def _from_to(finding: Any, birth_date: Any) -> str:
    start = f"{_place(finding.from_position, moving=True)} ({_seen(finding, 'from', birth_date)})"
    end = f"{_place(finding.to_position, moving=True)} ({_seen(finding, 'to', birth_date)})"
    return f"from {start} to {end}"


def _lost(finding: Any) -> str:
    lost = finding.from_value - finding.to_value
    return f": {_amount_lost(finding)} lost" if lost > 0 else ""


def _amount_lost(finding: Any) -> str:
    lost = finding.from_value - finding.to_value
    digits, percent = (1 if lost >= 1 else 2), 100 * lost / finding.from_value
    return f"{lost:.{digits}f} {Measure(finding.measure).unit} ({percent:.0f} %)"


def _seen(finding: Any, end: str, birth_date: Any) -> str:
    """Return when and what: "12 Mar 2025, 18.4 kg, 5 y 0 m", or "18.4 kg, at 5 y 0 m"."""
    on, value = getattr(finding, f"{end}_date"), getattr(finding, f"{end}_value")
    age = age_words(getattr(finding, f"{end}_age_days"), birth_date)
    date = date_words(on)
    if not date:
        return f"{_amount(value, finding.measure)}, at {age}"
    return f"{date}, {_amount(value, finding.measure)}, {age}"


def date_words(date: Any) -> str:
    """Return a date as 9 Feb 2026; empty where there is none."""
    if pd.isna(date):
        return ""
    day = date if hasattr(date, "month") else pd.Timestamp(date)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def interval(days: float) -> str:
    """Return a length of time in the largest unit that stays exact enough.

    Examples
    --------
    >>> interval(5), interval(60), interval(334), interval(900)
    ('5 days', '9 weeks', '11 months', '2 years 6 months')
    """
    if days < 28:
        return f"{days:.0f} day{'s' if round(days) != 1 else ''}"
    if days < 120:
        return f"{days / 7:.0f} weeks"
    months = round(days / DAYS_IN_MONTH)
    if months < 24:
        return f"{months} months"
    years, rest = divmod(months, 12)
    return f"{years} years" + (f" {rest} month{'s' if rest != 1 else ''}" if rest else "")


def _spaces(spaces: float, z: float) -> str:
    if z < _STRETCHED_Z:
        return f"more than {np.floor(spaces * 2) / 2:g} centile spaces"
    return f"{spaces:.1f} centile space{'s' if f'{spaces:.1f}' != '1.0' else ''}"


def _amount_below(spaces: float, z: float) -> str:
    return f"{_spaces(spaces, z)} below where it was" if spaces >= 0.05 else "back where it was"


def _z(z: float) -> str:
    return "below −4" if z < _STRETCHED_Z else f"{z:.2f}".replace("-", "−")


def _place(position: str, *, moving: bool = False) -> str:
    """Return a position as it follows "is" or "from ... to"."""
    if position.startswith(("below", "above")):
        return f"{position} centile line"
    return position.removeprefix("on ") if moving else position


def _label(finding: Any) -> str:
    return Measure(finding.measure).label


def _amount(value: float, measure: str) -> str:
    digits = 2 if measure == "weight" and value < 10 else 1
    return f"{value:.{digits}f} {Measure(measure).unit}"


def _rate(finding: Any, rule: Rule) -> str:
    """Return how often healthy children do this, where that is known of this very finding."""
    past_the_window = finding.interval_days > rule.within_days and rule.comparator == "highest"
    unknown = finding.base_rate in ("", NOT_MEASURED)
    if unknown or finding.block == VERIFY_TODAY or past_the_window:
        return ""
    return f"{finding.base_rate} "


def _next(finding: Any) -> str:
    """Return what to do and by when."""
    if finding.block == VERIFY_TODAY:
        return "Verify the measurement today."
    if finding.state in ("closed", "lapsed"):
        return f"{finding.state.capitalize()}."
    on = date_words(finding.see_by)
    if finding.block == KNOWN:
        return f"Known, next review{f' {on}' if on else ' to come'}."
    by = f": by {on}" if on else ""
    if finding.see_by_rule:
        return "See the same day."
    return f"See within {_WITHIN[finding.severity]}{by}."
