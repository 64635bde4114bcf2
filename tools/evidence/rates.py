"""How often healthy children meet each rule, as the library keeps it beside the rule sets."""

from __future__ import annotations

from centiles.monitoring.rulesets import Rule
from tools.evidence.counting import ACT, URGENT, WATCH
from tools.evidence.results import BANDS, LEVEL_KINDS, Results

INFO = 0
TIERS = {"info": INFO, "watch": WATCH, "act": ACT, "urgent": URGENT}
HEADER = """\
# How often healthy children meet each rule of the shipped sets, a year at each age: simulated once,
# with the rule in its own window. By set, rule and severity, each row an age band:
# [from age in years, to age in years, share of healthy children a year].
# Written by `make evidence` (docs/evidence.md): routine visits under 4 years, yearly visits from 4.
# A rule that is not here says what its own base_rate says.
"""
LAST_BAND_ENDS = 21


def base_rates(results: Results) -> str:
    """Return the base rates of the rule set as TOML.

    Rules of change at each of their severities; of level rules only what is above the first, whose
    rate is by definition. A rule that no simulated child can meet (parents) is left out.
    """
    parts = [HEADER]
    for rule in results.rules.rules:
        lines = _lines(results, rule)
        if lines:
            parts.append(f"\n[{results.rules.name}.{rule.id}]\n" + "".join(lines))
    return "".join(parts)


def _lines(results: Results, rule: Rule) -> list[str]:
    change = rule.kind not in LEVEL_KINDS
    severities = list(dict.fromkeys(level.severity for level in rule.levels))
    severities.sort(key=list(TIERS).index)
    lines = []
    for place, severity in enumerate(severities):
        if not change and place == 0:
            continue
        bands = []
        for low, high in BANDS:
            if rule.ages[0] / 365.25 >= high or rule.ages[1] / 365.25 <= low:
                continue
            share = results.by_rule(rule.id, (low, high), TIERS[severity], change=change)
            bands.append((low, LAST_BAND_ENDS if high == BANDS[-1][1] else high, share))
        if any(share.hits for _, _, share in bands):
            rows = ", ".join(f"[{low}, {high}, {share.value:.2g}]" for low, high, share in bands)
            lines.append(f"{severity} = [{rows}]\n")
    return lines
