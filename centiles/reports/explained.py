"""A code in words: what a rule or a problem means."""

from __future__ import annotations

from centiles.errors import UsageError
from centiles.monitoring import described
from centiles.monitoring.rates import said_of
from centiles.monitoring.rulesets import ruleset
from centiles.monitoring.schema import ContactRule, Raise, Rule
from centiles.records.columns import PROBLEM_CODES


def codes(rules: str = "uk") -> list[str]:
    """Return every rule and problem code with what it is, a line each."""
    known = {rule.id: rule.title for rule in ruleset(rules).rules}
    known |= {each.id: each.title for each in _others(rules).values()}
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
    others = _others(rules)
    if wanted in others:
        return _other_lines(others[wanted])
    raise UsageError(
        "explain: no rule or problem has that code; expected one of "
        f"{', '.join(known)}, {', '.join(others)}, {', '.join(PROBLEM_CODES)}"
    )


def _others(rules: str) -> dict[str, ContactRule | Raise]:
    """Return contact rules and raises by id, as a rule set has them."""
    known = ruleset(rules).contacts
    used = {code: rule for code, rule in known.contacts.items() if code not in known.off}
    return {**used, **known.raises}


def _other_lines(rule: ContactRule | Raise) -> list[str]:
    lines = [
        f"{rule.id}: {rule.title}",
        f"Met when: {rule.definition}",
        f"Source: {rule.source}",
    ]
    if isinstance(rule, Raise):
        return [*lines, f"Raises: {', '.join(rule.raises)}, by one level"]
    graded = dict.fromkeys(rule.graded.get(word, word) for word in rule.severities)
    severities = f"Severity: {', '.join(graded)}; it sets no child's level"
    numbers = "; ".join(
        f"{key.replace('_', ' ')} {_listed(each) if isinstance(each, list) else each}"
        for key, each in rule.numbers.items()
        if not isinstance(each, dict)
    )
    lines += [f"Numbers: {numbers}"] if numbers else []
    return [*lines, severities, f"What next: {rule.guidance}"]


def _rule_lines(rule: Rule) -> list[str]:
    project = " (a rule of this project, not national guidance)" if rule.project else ""
    lines = [
        f"{rule.id}: {rule.title}{project}",
        f"Met when: {rule.definition}",
        f"Ages: {described.ages_words(rule)}",
        f"Compared with: {described.earlier_words(rule)}",
        f"Source: {rule.source}",
    ]
    rates = [_often(rule, level.severity) for level in rule.levels]
    same = len(set(rates)) == 1
    for level, rate in zip(rule.levels, rates, strict=True):
        said = f"{level.severity}: {described.amount_words(rule, level)}"
        if level.when:
            said += f", if {'; '.join(map(described.condition_words, level.when))}"
        lines.append(f"  {said}{f'. {rate}' if rate and not same else ''}")
    lines += [f"How often: {rates[0]}"] if same and rates[0] else []
    if rule.leaves_to:
        lines.append(f"Not listed while one of these is: {', '.join(rule.leaves_to)}")
    return [
        *lines,
        f"Recovering: {described.recovery_words(rule)}",
        f"What next: {rule.guidance}",
    ]


def _often(rule: Rule, severity: str) -> str:
    """Return how often healthy children meet a severity, at each age it is known for."""
    known = said_of(rule, severity)
    if len(known) == 1:
        return known[0][2]
    return " ".join(f"{low:g} to {high:g} years: {said}" for low, high, said in known)


def _listed(words: list[str]) -> str:
    return ", ".join(str(word).replace("_", " ") for word in words)
