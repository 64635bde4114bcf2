"""A code in words: what a rule or a problem means."""

from __future__ import annotations

import inspect

from centiles.errors import UsageError
from centiles.lms import SPACE
from centiles.monitoring.conditions import Conditions
from centiles.monitoring.contact_rules import ContactRule, Raise, contact_rules
from centiles.monitoring.rulesets import Level, Rule, ruleset
from centiles.records.columns import PROBLEM_CODES


def codes(rules: str = "uk") -> list[str]:
    """Return every rule and problem code with what it is, a line each."""
    known = {rule.id: rule.title for rule in ruleset(rules).rules}
    known |= {each.id: each.title for each in _others().values()}
    known |= {code: problem.reason for code, problem in PROBLEM_CODES.items()}
    return [f"{code:<18}{said}" for code, said in known.items()]


def explained(code: str, rules: str = "uk") -> list[str]:
    """Return what a rule or problem code means, line by line.

    Raises
    ------
    UsageError
        If there is no such code.
    """
    wanted = code.strip().upper()
    if wanted in PROBLEM_CODES:
        problem = PROBLEM_CODES[wanted]
        return [
            f"{wanted} ({problem.severity}): {problem.reason}",
            f"What to do: {problem.suggestion}",
        ]
    known = {rule.id: rule for rule in ruleset(rules).rules}
    if wanted in known:
        return _rule_lines(known[wanted])
    if wanted in _others():
        return _other_lines(_others()[wanted])
    raise UsageError(
        "explain: no rule or problem has that code; expected one of "
        f"{', '.join(known)}, {', '.join(_others())}, {', '.join(PROBLEM_CODES)}"
    )


def _others() -> dict[str, ContactRule | Raise]:
    """Return contact rules and raises by id."""
    known = contact_rules()
    return {**known.contacts, **known.raises}


def _other_lines(rule: ContactRule | Raise) -> list[str]:
    lines = [
        f"{rule.id}: {rule.title}",
        f"Met when: {rule.definition}",
        f"Source: {rule.source}",
    ]
    if isinstance(rule, Raise):
        return [*lines, f"Raises: {', '.join(rule.raises)}, by one level"]
    severities = f"Severity: {', '.join(rule.severities)}; it sets no child's level"
    return [*lines, severities, f"What next: {rule.guidance}"]


def _rule_lines(rule: Rule) -> list[str]:
    project = " (a rule of this project, not national guidance)" if rule.project else ""
    rates = list(dict.fromkeys(rate for rate in rule.base_rate.values() if rate))
    lines = [
        f"{rule.id}: {rule.title}{project}",
        f"Met when: {rule.definition}",
        f"Source: {rule.source}",
    ]
    for level in rule.levels:
        said = level.severity + _amount(rule, level)
        if level.when:
            said += f" if {'; '.join(map(_asked, level.when))}"
        rate = rule.base_rate.get(level.severity, "") if len(rates) > 1 else ""
        lines.append(f"  {said}{f': {rate}' if rate else ''}")
    lines += [f"How often: {rates[0].removeprefix('How often ')}"] if len(rates) == 1 else []
    return [*lines, f"What next: {rule.guidance}"]


def _asked(condition: str) -> str:
    """Return what a condition asks, in the words beside the code that decides it."""
    said = inspect.getdoc(getattr(Conditions, condition, None)) or condition.replace("_", " ")
    first, _, rest = said.splitlines()[0].rstrip(".").partition(" ")
    return f"{first if len(first) > 1 and first.isupper() else first.lower()} {rest}".strip()


def _amount(rule: Rule, level: Level) -> str:
    """Return how large a change a level needs, in words."""
    if rule.kind == "level" or not (level.amount or level.beyond):
        return ""
    if not level.amount:
        return f" from {_spaces(level.beyond)} more than that"
    amount = _spaces(level.amount) if rule.kind == "fall" else f"{level.amount:g} %"
    return f" from {'more than ' if level.strict else ''}{amount}"


def _spaces(z: float) -> str:
    spaces = f"{round(z / SPACE, 2):g}"
    return f"{spaces} centile space{'' if spaces == '1' else 's'}"
