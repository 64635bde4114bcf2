"""A code in words: what a rule or a problem means."""

from __future__ import annotations

from centiles.errors import UsageError
from centiles.monitoring.rulesets import Rule, ruleset
from centiles.records.columns import PROBLEM_CODES


def explained(code: str) -> list[str]:
    """Return what a rule or problem code means, line by line.

    Raises
    ------
    UsageError
        If there is no such code.
    """
    wanted = code.upper()
    if wanted in PROBLEM_CODES:
        problem = PROBLEM_CODES[wanted]
        return [
            f"{wanted} ({problem.severity}): {problem.reason}",
            f"What to do: {problem.suggestion}",
        ]
    rules = {rule.id: rule for rule in ruleset("uk").rules}
    if wanted in rules:
        return _rule_lines(rules[wanted])
    raise UsageError(
        f"explain: no rule or problem has that code; expected one of {', '.join(rules)}, "
        f"{', '.join(PROBLEM_CODES)}"
    )


def _rule_lines(rule: Rule) -> list[str]:
    rates = dict.fromkeys(rate for rate in rule.base_rate.values() if rate)
    lines = [
        f"{rule.id}: {rule.title}"
        + (" (P: a project rule, not national guidance)" if rule.project else ""),
        f"Met when: {rule.definition}",
        f"Source: {rule.source}",
    ]
    for level in rule.levels:
        needs = f" when {' and '.join(level.when).replace('_', ' ')}" if level.when else ""
        lines.append(f"  {level.severity}{_amount(rule, level.amount, strict=level.strict)}{needs}")
    lines += [f"How often: {' '.join(rates)}", f"What next: {rule.guidance}"]
    return lines


def _amount(rule: Rule, amount: float, *, strict: bool) -> str:
    if rule.kind == "level" or not amount:
        return ""
    unit = "%" if rule.kind == "loss" else "z"
    return f" from {'more than ' if strict else ''}{amount:.3g} {unit}"
