"""Findings in words: one plain sentence each, numbers first, and never a cause."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping
from functools import cache
from math import floor, isfinite
from typing import Any, Final, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from centiles.ages import DAYS_IN_MONTH, ages_in_words
from centiles.lms import LINE_LABELS, LINE_Z, POSITIONS, SPACE, centiles_from_z, position_codes
from centiles.measures import Measure
from centiles.monitoring.schema import NOT_MEASURED, SEVERITIES, Rule, RuleSet

# Not strftime's: the words do not change with the machine's language.
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
VERIFY_TODAY: Final = "verify today"  # the block of what only a doubtful value makes
KNOWN: Final = "known"  # the block of what is acted on, until its review
_BETTER: Final = {"closed": "has recovered", "lapsed": "was recovering"}
_DOWN: Final = {"closed": "has come down", "lapsed": "was coming down"}
_AGAIN: Final = {"closed": "has been", "lapsed": "was being"}
_ENDINGS: Final = {"1": "st", "2": "nd", "3": "rd"}
_SAME_DAY: Final = "See the same day"
PRINTED_BELOW_PERCENT: Final = 85  # of the median: below it the per cent is printed
_USED: Final = (
    "rule", "measure", "state", "block", "better", "is_change", "join_guard", "unfit",
    "raised_words", "gestation_unknown", "day_unknown", "base_rate", "see", "see_on", "amount",
    "threshold", "spaces", "interval_days", "points_between", "percent_median", "first_day",
    "to_day", "from_z", "from_value", "from_position", "from_seen", "to_z", "to_value",
    "to_position", "to_seen", "beside_seen",
)  # fmt: skip
_STRETCHED_Z: Final = -4.0  # below it the tables stretch, and a size is "more than"


_Finding: Any = cast("Any", namedtuple)("_Finding", _USED)  # a finding, as words need it


def sentences(findings: pd.DataFrame, rules: RuleSet) -> list[str]:
    """Return findings as one sentence each.

    Parameters
    ----------
    findings
        The findings table, severities as places in SEVERITIES.
    rules
        The rules it was made with.
    """
    see_on = _date_words(findings["see_by"])
    made: dict[str, list[str]] = {
        "from_seen": _seen(findings, "from"),
        "to_seen": _seen(findings, "to"),
        "beside_seen": _heights(findings),
        "see_on": see_on.tolist(),
        "see": _see(findings, rules, see_on),
    }
    by_id = {rule.id: rule for rule in rules.rules}
    columns = [made[name] if name in made else findings[name].to_numpy().tolist() for name in _USED]
    every = map(_Finding._make, zip(*columns, strict=True))
    return [_sentence(each, by_id[each.rule]) for each in every]


def _sentence(finding: Any, rule: Rule) -> str:
    parts = [_SAID[rule.kind](finding, rule)]
    if finding.join_guard:
        parts.append("the reference changes at this age; the child did not")
    if finding.unfit:
        parts.append("UK-WHO lines do not fit this child")
    if finding.gestation_unknown:
        parts.append("gestation is not known, taken as if born at term")
    if finding.day_unknown:
        parts.append("the day is not known, only the month")
    raised = f"Raised: {finding.raised_words}. " if finding.raised_words else ""
    return f"{'; '.join(parts)}. {_rate(finding, rule)}{raised}{_next(finding)}"


def _fall(finding: Any, rule: Rule) -> str:
    size, gone = _spaces(finding.spaces, finding.to_z), interval(finding.interval_days)
    rise = rule.kind == "rise"
    label, did = _label(finding), "rose" if rise else "fell"
    if finding.better:
        still = _amount_off(finding, "above" if rise else "below")
        said = f"{label} {did} and {_better(finding, up=rise)}: {still} {gone} on"
    else:
        said = f"{label} {did} {size} in {gone}"
    return f"{said}, {_from_to(finding)}{_lost(finding)}"


def _drift(finding: Any, _: Rule) -> str:
    gone, label = interval(finding.interval_days), _label(finding)
    size = _spaces(finding.spaces, finding.to_z)
    number = f"{finding.points_between} {label}s"
    if finding.better:
        said = f"{label} drifted down and {_better(finding)}, over {gone} ({number})"
    else:
        said = f"{label} drifted down {size} over {gone} ({number})"
    return f"{said}, {_from_to(finding)}{_lost(finding)}"


def _loss(finding: Any, rule: Rule) -> str:
    gone, birth = interval(finding.interval_days), rule.comparator == "birth"
    label = _label(finding)
    if finding.better:
        again = _AGAIN.get(finding.state, "is being")
        said = f"{label} was lost and {again} regained, {gone} on"
    elif birth:
        said = f"{label} is {_amount_lost(finding)} below the birth weight after {gone}"
    else:
        said = f"{label} is {_amount_lost(finding)} lower than {gone} before"
    return f"{said}, {_from_to(finding)}"


def _rate_of_loss(finding: Any, rule: Rule) -> str:
    gone, label = interval(finding.interval_days), _label(finding)
    if finding.better:
        return _loss(finding, rule)
    rate = f"by {finding.amount:.1f} kg a week or more in two intervals in a row"
    if finding.to_value >= finding.from_value:  # it came back, and what is told is a loss since
        return f"{label} was lost, came back and fell again {rate}, {gone} on, {_from_to(finding)}"
    return f"{label} fell {rate}: {_amount_lost(finding)} in {gone}, {_from_to(finding)}"


def _static(finding: Any, _: Rule) -> str:
    gained, gone = finding.to_value - finding.from_value, interval(finding.interval_days)
    label = _label(finding)
    if finding.better:
        again = "has been" if finding.state == "closed" else "is being"
        said = f"{label} stood still and {again} gained again"
    elif gained > 0:
        said = f"{label} rose by only {gained:.1f} kg in {gone}"
    else:
        said = f"{label} did not rise in {gone}"
    return f"{said}, {_from_to(finding)}"


def _gain(finding: Any, _: Rule) -> str:
    gone, label = interval(finding.interval_days), _label(finding)
    if finding.better:
        said = f"{label} gained little and {_better(finding)}, {gone} on"
    else:
        less = 100 * float(ndtr(finding.amount))
        of = "more than 99 in 100" if less >= 99.5 else f"about {less:.0f} in 100"
        said = f"{label} gained less in {gone} than in {of} healthy children who began there"
    return f"{said}, {_from_to(finding)}{_lost(finding)}"


def _surprise(finding: Any, _: Rule) -> str:
    gone, label = interval(finding.interval_days), _label(finding)
    if finding.better:
        said = f"{label} fell below this child’s own course and {_better(finding)}, {gone} on"
        return f"{said}, {_from_to(finding)}{_lost(finding)}"
    size = _spaces(finding.spaces, finding.to_z)
    moved = f"fell {size} in {gone}" if finding.spaces > 0 else f"changed little in {gone}"
    lies = f"{finding.amount:.1f} standard deviations below this child’s own course"
    return f"{label} {moved}, {_from_to(finding)}{_lost(finding)}; {lies}"


def _gap(finding: Any, _: Rule) -> str:
    weight = f"weight {_place(finding.to_position)} ({finding.to_seen})"
    if finding.better:
        known = "is smaller now, or BMI is known since"
        return f"weight was far below height; the gap {known}: {weight}"
    size = _spaces(finding.spaces, finding.to_z)
    return f"weight is {size} below height: {finding.beside_seen}, {weight}; no BMI within 28 days"


def _heights(findings: pd.DataFrame) -> list[str]:
    """Return the height each finding is beside, as "height between … (12 Mar 2025, 112.0 cm)"."""
    out = [""] * len(findings)
    at = np.flatnonzero(findings["beside_index"].to_numpy() >= 0)
    rows = findings[["beside_on", "beside_value", "beside_z"]].iloc[at]
    for k, (on, value, z) in zip(at.tolist(), rows.itertuples(index=False), strict=True):
        date = date_words(on)
        place = _place(POSITIONS[int(position_codes(z))])
        out[k] = f"height {place} ({f'{date}, ' if date else ''}{_amount(value, 'height')})"
    return out


@cache
def _line(below: float) -> str:
    """Return what a z is called: its centile line or exact centile, where it is one."""
    nearest = int(np.argmin(np.abs(np.array(LINE_Z) - below)))
    if np.isclose(LINE_Z[nearest], below):
        return f"the {LINE_LABELS[nearest]} centile line"
    centile = float(centiles_from_z(below))
    if np.isclose(centile, round(centile, 1), atol=1e-6):
        return f"the {_ordinal(centile)} centile"
    return f"z {_z(below)}"


def _ordinal(number: float) -> str:
    """Return a centile as people say it: 2nd, 85th, 99.6th."""
    text = f"{number:.1f}".removesuffix(".0")
    ending = "th" if "." in text or text[-2:-1] == "1" else _ENDINGS.get(text[-1], "th")
    return text + ending


def _level(finding: Any, rule: Rule) -> str:
    high = isfinite(rule.above)
    line, side = _line(rule.above if high else rule.below), "above" if high else "below"
    label, now = _label(finding), finding.to_seen
    if finding.better:
        place = _place(finding.to_position)
        said = f"{label} was {side} {line} and {_better(finding, up=high)}: now {place} ({now})"
    elif (finding.to_z > rule.above) if high else (finding.to_z < rule.below):
        said = f"{label} is {side} {line}, at z {_z(finding.to_z)}{_of_median(finding)} ({now})"
    else:  # past the line again, by too little to say that it recovers
        said = f"{label} was {side} {line} and is now close to it, at z {_z(finding.to_z)} ({now})"
    return f"{said}; {_before(finding)}"


def _before(finding: Any) -> str:
    label = _label(finding)
    if not isfinite(finding.from_z):
        since = "" if finding.first_day == finding.to_day else " it first was"
        return f"no other {label} in the 36 months before{since}"
    before = f"{interval(finding.interval_days)} before it was {_place(finding.from_position)}"
    return f"{before} ({finding.from_seen})"


def _of_median(finding: Any) -> str:
    percent = finding.percent_median
    return f", {floor(percent)} % of the median" if percent < PRINTED_BELOW_PERCENT else ""


def _median(finding: Any, _: Rule) -> str:
    percent = f"{floor(finding.percent_median)} % of the median for age and sex"
    if finding.better:
        line = f"{-finding.threshold:.0f} %"
        said = f"BMI was below {line} of the median and {_better(finding)}: now {percent}"
    else:
        said = f"BMI is {percent}"
    return f"{said} ({finding.to_seen}); {_before(finding)}"


def _parents(finding: Any, _: Rule) -> str:
    size = _spaces(finding.amount / SPACE, finding.to_z)
    place = _place(finding.to_position)
    expected = "what the parents’ heights lead one to expect"
    if finding.better:
        said = f"height was far below {expected} and {_better(finding)}"
    else:
        said = f"height is {size} below {expected}"
    return f"{said}: it is {place} ({finding.to_seen})"


def _better(finding: Any, *, up: bool = False) -> str:
    """Return how what was too low recovers, or what was too high comes down."""
    if up:
        return _DOWN.get(finding.state, "is coming down")
    return _BETTER.get(finding.state, "is recovering")


def _from_to(finding: Any) -> str:
    start = f"{_place(finding.from_position, moving=True)} ({finding.from_seen})"
    end = f"{_place(finding.to_position, moving=True)} ({finding.to_seen})"
    return f"from {start} to {end}"


def _lost(finding: Any) -> str:
    lost = finding.from_value - finding.to_value
    return f": {_amount_lost(finding)} lost" if lost > 0 else ""


def _amount_lost(finding: Any) -> str:
    lost = finding.from_value - finding.to_value
    digits, percent = (1 if lost >= 1 else 2), 100 * lost / finding.from_value
    return f"{lost:.{digits}f} {_UNITS[finding.measure]} ({percent:.0f} %)"


def _seen(findings: pd.DataFrame, end: str) -> list[str]:
    """Return when and what: "12 Mar 2025, 18.4 kg, 5 y 0 m", or "18.4 kg, at 5 y 0 m"."""
    words = _date_words(findings[f"{end}_date"])
    born = findings["born"].to_numpy().astype("datetime64[D]")
    ages = ages_in_words(findings[f"{end}_age_days"].to_numpy(), born)
    values, measures = findings[f"{end}_value"].to_list(), findings["measure"].to_numpy(object)
    return [
        "" if value != value  # NaN
        else f"{date}, {_amount(value, measure)}, {age}" if date
        else f"{_amount(value, measure)}, at {age}"
        for date, value, measure, age in zip(words, values, measures, ages, strict=True)
    ]  # fmt: skip


def _date_words(dates: pd.Series) -> NDArray[np.object_]:
    """Return dates in words, each distinct one worded once."""
    place, days = pd.factorize(dates.to_numpy())  # −1 for none
    return np.array([*map(date_words, pd.DatetimeIndex(days).date), ""], dtype=object)[place]


def date_words(date: Any) -> str:
    """Return a date as 9 Feb 2026; empty where there is none."""
    return "" if pd.isna(date) else _day_words(date)


@cache
def _day_words(date: Any) -> str:
    day = date if hasattr(date, "month") else pd.Timestamp(date)
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


@cache
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
        size, more = f"{floor(spaces * 2) / 2:g}", "more than "
    else:
        size, more = f"{spaces:.1f}", ""
    return f"{more}{size} centile space{'s' if float(size) != 1 else ''}"


def _amount_off(finding: Any, side: str) -> str:
    size = _spaces(finding.spaces, finding.to_z)
    return f"{size} {side} where it was" if finding.spaces >= 0.05 else "back where it was"


def _z(z: float) -> str:
    return "below −4" if z < _STRETCHED_Z else f"{z:.2f}".replace("-", "−")


def _place(position: str, *, moving: bool = False) -> str:
    """Return a position as it follows "is" or "from ... to"."""
    if position.startswith(("below", "above")):
        return f"{position} centile line"
    return position.removeprefix("on ") if moving else position


_LABELS: Final = {str(measure): measure.label for measure in Measure}
_UNITS: Final = {str(measure): measure.unit for measure in Measure}


def _label(finding: Any) -> str:
    return _LABELS[finding.measure]


def _amount(value: float, measure: str) -> str:
    digits = 2 if measure == "weight" and value < 10 else 1
    return f"{value:.{digits}f} {_UNITS[measure]}"


def _rate(finding: Any, rule: Rule) -> str:
    """Return how often healthy children do this, where that is known of this very finding."""
    windowed = finding.is_change and rule.comparator == "highest"
    past_the_window = windowed and finding.interval_days > rule.within_days
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
    if finding.block == KNOWN:
        return f"Known, next review{f' {finding.see_on}' if finding.see_on else ' to come'}."
    return str(finding.see)


def _see(findings: pd.DataFrame, rules: RuleSet, on: NDArray[np.object_]) -> list[str]:
    """Return by when each is to be seen, in words; ``on`` are the dates of that."""
    usual = [rules.see_by[severity] for severity in SEVERITIES]
    code = findings["severity"].to_numpy()
    own = findings["see_days"].to_numpy(), findings["see_working"].to_numpy()
    about = code, own[0] + 1, own[1] + 1
    sizes = tuple(part.max(initial=0) + 1 for part in about)
    keys, which = np.unique(np.ravel_multi_index(about, sizes), return_inverse=True)
    said = []
    for severity, days, working in np.stack(np.unravel_index(keys, sizes), axis=1).tolist():
        asked = {"days": days - 1, "working_days": working - 1}
        wait = {unit: n for unit, n in asked.items() if n >= 0} or dict(usual[severity])
        said.append(f"See within {wait_words(wait)}" if any(wait.values()) else _SAME_DAY)
    return [
        f"{how}: by {by}." if by and how != _SAME_DAY else f"{how}."
        for how, by in zip((said[at] for at in which.tolist()), on.tolist(), strict=True)
    ]


def wait_words(wait: Mapping[str, int]) -> str:
    """Return how soon: "the same day", "2 working days", "8 weeks".

    Examples
    --------
    >>> wait_words({"days": 0}), wait_words({"working_days": 1}), wait_words({"days": 56})
    ('the same day', '1 working day', '8 weeks')
    """
    ((unit, number),) = wait.items()
    if number == 0:
        return "the same day"
    if unit == "days" and number >= 28 and number % 7 == 0:
        unit, number = "weeks", number // 7
    word = unit.replace("_", " ")
    return f"{number} {word if number != 1 else word.removesuffix('s')}"


_SAID: Final[dict[str, Callable[[Any, Rule], str]]] = {
    "fall": _fall,
    "rise": _fall,
    "level": _level,
    "median": _median,
    "parents": _parents,
    "loss": _loss,
    "rate": _rate_of_loss,
    "static": _static,
    "gain": _gain,
    "surprise": _surprise,
    "drift": _drift,
    "gap": _gap,
}
