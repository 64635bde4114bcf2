"""How often healthy children meet a rule: measured once, kept beside the rule sets, worded here."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from centiles.ages import DAYS_IN_YEAR, FloatArray
from centiles.monitoring.schema import SEVERITIES, Rule, RuleSet

CHILDREN_STUDIED: Final = 136
RAREST_SAID: Final = 300  # 136 children cannot show anything rarer


@cache
def base_rates(set_name: str) -> dict[str, dict[str, tuple[tuple[float, float, float], ...]]]:
    """Return a shipped set's rates: by rule and severity, (from age, to age [y], share a year)."""
    text = (resources.files(__package__) / "base_rates.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text).get(set_name, {})
    return {
        code: {severity: tuple(map(tuple, bands)) for severity, bands in by_severity.items()}
        for code, by_severity in found.items()
    }


def words(share: float) -> str:
    """Return how often, of healthy children a year.

    Examples
    --------
    >>> words(0.0213), words(0.001)
    ('About 1 in 47 healthy children a year.', 'Fewer than 1 in 300 healthy children a year (136 \
children studied).')
    """
    if share * RAREST_SAID < 1:
        studied = f"({CHILDREN_STUDIED} children studied)"
        return f"Fewer than 1 in {RAREST_SAID} healthy children a year {studied}."
    times = 1 / share
    return (
        f"About 1 in {times:.2g} healthy children a year."
        if times < 100
        else (f"About 1 in {round(times, -1):.0f} healthy children a year.")
    )


def said_of(rule: Rule, severity: str) -> list[tuple[float, float, str]]:
    """Return what is said of a rule's severity: (from age, to age [y], words)."""
    bands = base_rates(rule.origin).get(rule.id, {}).get(severity, ())
    if bands:
        return [(low, high, words(share)) for low, high, share in bands]
    return [(-1.0, 100.0, rule.base_rate.get(severity, ""))]


def words_of(
    rules: RuleSet, code: NDArray[np.intp], severity: NDArray[np.integer[Any]], age_days: FloatArray
) -> NDArray[np.object_]:
    """Return how often healthy children do what findings say, "" where that is not known.

    Parameters
    ----------
    rules
        The rule set.
    code
        The place of each finding's rule in it, shape (n,).
    severity
        The place of each severity.
    age_days
        The age [d] of each.
    """
    found = np.full(len(code), "", dtype=object)
    years = age_days / DAYS_IN_YEAR
    key = code * len(SEVERITIES) + severity
    for each in np.unique(key):
        rule, place = divmod(int(each), len(SEVERITIES))
        at = np.flatnonzero(key == each)
        for low, high, said in said_of(rules.rules[rule], SEVERITIES[place]):
            inside = (years[at] >= low) & (years[at] < high)
            found[at[inside]] = said
    return found
