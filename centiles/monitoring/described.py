"""A rule in words: its ages, what it is compared with, what each of its levels asks."""

from __future__ import annotations

import inspect
from typing import Final

import numpy as np

from centiles.ages import DAYS_IN_YEAR
from centiles.lms import LINE_LABELS, LINE_Z, SPACE, centiles_from_z
from centiles.measures import Measure
from centiles.monitoring.conditions import Conditions
from centiles.monitoring.schema import CONDITIONS_OF_EPISODES, KINDS, Level, Rule

_OF_EPISODES: Final = {
    "sustained": "met by a second valid point, 2 weeks later under 1 year, 4 weeks after",
    "again_6_to_12_months_later": "met by two valid points, 6 to 12 months apart",
}
assert _OF_EPISODES.keys() == CONDITIONS_OF_EPISODES


def number(amount: float) -> str:
    """Return a number in as few digits as it has, with a true minus.

    Examples
    --------
    >>> number(-2.5), number(2.0)
    ('−2.5', '2')
    """
    return f"{amount:.4g}".replace("-", "−")


def counted(amount: float, unit: str) -> str:
    """Return an amount with its unit, one of it or many.

    Examples
    --------
    >>> counted(1, "space"), counted(2, "space"), counted(10, "%")
    ('1 space', '2 spaces', '10 %')
    """
    return f"{number(amount)} {unit}" + ("" if number(amount) == "1" or unit == "%" else "s")


def time_words(days: float) -> str:
    """Return days in the largest unit that says them.

    Examples
    --------
    >>> time_words(396), time_words(56), time_words(1)
    ('13 months (396 days)', '8 weeks', '1 day')
    """
    months = round(days / DAYS_IN_YEAR * 12)
    if months and abs(days - months * DAYS_IN_YEAR / 12) <= 1:
        exact = f" ({number(days)} days)" if float(days).is_integer() else ""
        return counted(months, "month") + exact
    weeks = days / 7
    return counted(weeks, "week") if days > 28 and weeks.is_integer() else counted(days, "day")


def age_in_words(days: float) -> str:
    """Return an age in years, or in months or weeks where that says it better.

    Examples
    --------
    >>> age_in_words(4 * 365.25), age_in_words(42), age_in_words(0.25 * 365.25)
    ('4 years', '6 weeks', '3 months')
    """
    years, months, weeks = days / DAYS_IN_YEAR, days / DAYS_IN_YEAR * 12, days / 7
    if years >= 1 or days == 0:
        return counted(years, "year")
    return counted(weeks, "week") if float(weeks).is_integer() else counted(months, "month")


def condition_words(word: str) -> str:
    """Return what a condition asks, in the words beside the code that decides it."""
    said = _OF_EPISODES.get(word) or str(inspect.getdoc(getattr(Conditions, word)))
    return uncapitalised(said.rstrip("."))


def uncapitalised(text: str) -> str:
    """Return a sentence as part of another: its first word small, unless it is an initialism."""
    first = text.split()[0]
    return text if len(first) > 1 and first.isupper() else text[0].lower() + text[1:]


def measures_words(rule: Rule) -> str:
    """Return what a rule is about."""
    return ", ".join(Measure(each).label for each in rule.measures)


def ages_words(rule: Rule) -> str:
    """Return the ages at which a rule speaks."""
    low, high = rule.ages
    if rule.counts_from_birth:
        last = rule.to_day - 1
        return f"from {counted(max(rule.from_day, 0), 'day')} to {counted(last, 'day')} after birth"
    end = f"to under {age_in_words(high)}" if high <= 20 * DAYS_IN_YEAR else "on"
    if np.isfinite(rule.from_day):
        return f"from {counted(rule.from_day, 'day')} after birth {end}"
    if low < 0:
        return f"from birth {end}" if end != "on" else "all ages"
    return f"from {age_in_words(low)} {end}"


def earlier_words(rule: Rule) -> str:
    """Return what the newest value is compared with."""
    if (rule.kind, rule.comparator) == ("fall", "birth"):
        return "the child’s starting weight (see above)"
    if rule.kind == "loss" and rule.comparator == "birth":
        return "the birth weight, given or of day 0 or 1"
    if not KINDS[rule.kind].of_change:
        return "shown beside it: the highest z of the last 36 months, carried over joins"
    if rule.kind == "gap":
        return f"the newest height of the last {time_words(rule.within_days)}, carried over joins"
    said = _WHAT.get(rule.kind, "highest z, carried over joins,")
    if rule.kind == "gain":
        return f"the {said} at least {counted(rule.gap_days, 'day')} before, carried over joins"
    said = f"the {said} of the last {time_words(rule.within_days)}"
    if rule.comparator == "early":
        said = f"the highest z of 4 to 8 weeks, carried over joins; from 1 year also {said}"
    if rule.gap_days:
        said += f", at least {time_words(rule.gap_days)} before"
    if np.isfinite(rule.from_age):
        said += f", at {age_in_words(rule.from_age)} or older"
    return said


_WHAT: Final = {
    "loss": "highest value",
    "static": "highest value",
    "rate": "newest weight",
    "rise": "lowest z, carried over joins,",
    "gain": "newest weight, and the newest before it,",
    "drift": "first weight",
}


def line_words(z: float) -> str:
    """Return a z with the centile line or exact centile it is, if it is one."""
    names = [label for label, line in zip(LINE_LABELS, LINE_Z, strict=True) if abs(line - z) < 1e-9]
    if names:
        return f"z {number(z)}, the {names[0]} line"
    centile = float(centiles_from_z(z))
    exact = abs(centile - round(centile, 1)) < 1e-9
    return f"z {number(z)}" + (f", the exact centile {number(centile)}" if exact else "")


def band_words(rule: Rule, level: Level) -> str:
    """Return the amount a rule asks for by bands of the starting weight."""
    beyond = level.beyond / SPACE
    edges = [edge for edge, _ in rule.bands]
    lines = dict(zip([round(z, 6) for z in LINE_Z], LINE_LABELS, strict=True))
    names = [lines.get(round(edge, 6)) for edge in edges]
    where = [f"born below the {names[0]}", f"from there to the {names[1]}", "above"]
    parts = [
        f"{counted(spaces + beyond, 'space')} ({place})"
        for (_, spaces), place in zip(rule.bands, where, strict=True)
    ]
    return "falls by " + ", ".join(parts)


def amount_words(rule: Rule, level: Level) -> str:
    """Return the amount a level asks for."""
    if rule.bands:
        return band_words(rule, level)
    said = _ASKS[rule.kind].format(_amount(rule, level, level.amount))
    if level.older != level.amount:
        older = _amount(rule, level, level.older)
        said += f" (from {age_in_words(rule.older_from)} {older})"
    return said


_ASKS: Final = {
    "fall": "falls by {}",
    "rise": "rises by {}",
    "level": "{}",
    "median": "below {}",
    "parents": "{} below expected",
    "loss": "lower by {}",
    "rate": "lost {}",
    "static": "gains less than {}",
    "gain": "{} below expected",
    "surprise": "{} below expected",
    "drift": "the line falls by {}",
    "gap": "{} below height",
}


def _amount(rule: Rule, level: Level, amount: float) -> str:
    kind = KINDS[rule.kind]
    if rule.kind == "level":
        side = "above" if np.isfinite(rule.above) else "below"
        at = "" if level.strict else "at or "
        return f"{at}{side} {line_words(rule.above if side == 'above' else rule.below)}"
    if rule.kind == "median":
        return f"{number(-amount)} % of the median"
    if rule.kind == "static":
        times = "" if amount == -1 else f"{number(-amount)} × "
        return f"{times}√2 × measurement error"
    if kind.unit == "spaces":
        size = f"{counted(amount / SPACE, 'space')} ({number(amount)} z)"
    elif kind.unit == "%":
        size = f"{number(amount)} %"
    else:
        size = f"{number(amount)} {kind.unit}"
    return f"more than {size}" if level.strict else f"{size} or more"


def recovery_words(rule: Rule) -> str:
    """Return how much better than where it is first met a child must be to be recovering."""
    if np.isfinite(rule.closes_at):
        at_once = "a BMI is known" if rule.kind == "gap" else "the birth weight is regained"
        return f"{_margin(rule)} better than where it is first met; closed once {at_once}"
    return f"{_margin(rule)} better than where it is first met"


def _margin(rule: Rule) -> str:
    kind = KINDS[rule.kind]
    if kind.unit in ("spaces", "z"):
        return "⅓ of a space"
    if kind.unit == "%":
        return f"{number(rule.recovery)} percentage points"
    if rule.kind == "static":
        return "√2 × measurement error"
    return f"{number(rule.recovery)} {kind.unit}"
