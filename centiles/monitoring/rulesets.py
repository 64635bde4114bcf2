"""Rules as data: thresholds, ages, severities and words, read from TOML and checked."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from centiles.ages import DAYS_IN_YEAR
from centiles.errors import UsageError
from centiles.lms import SPACE
from centiles.measures import MEASURES

SEVERITIES: Final = ("info", "watch", "act", "urgent")
KINDS: Final = ("fall", "level", "loss")
CONDITIONS: Final = frozenset(
    {
        "sustained", "gain_below_5_percent", "born_at_term", "below_04", "fell_a_space",
        "birth_weight_from_9th", "earlier_at_2nd", "bmi_fell_1z_in_13_months",
        "weight_fell_1z_in_13_months", "lost_5_percent_in_13_months", "bmi_below_70_percent",
        "outside_puberty",
    }
)  # fmt: skip
SHIPPED: Final = ("uk",)


@dataclass(frozen=True)
class Level:
    """One tier of a rule: its severity, the amount it needs, and what else must hold.

    ``amount`` is in the rule's own measure of size: z for falls and levels, per cent for losses;
    ``strict`` asks for more than it. ``older`` is the amount from the rule's ``older_from`` age.
    ``beyond`` adds to the rule's own threshold. ``see_by`` overrides the severity's.
    """

    severity: str
    amount: float
    older: float
    strict: bool
    beyond: float
    when: tuple[str, ...]
    see_by: Mapping[str, int] | None


@dataclass(frozen=True)
class Rule:
    """One rule, as its set defines it. Ages and windows are in days."""

    id: str
    kind: str
    measure: str
    title: str
    definition: str
    source: str
    project: bool
    ages: tuple[float, float]
    from_day: float
    from_age: float
    within_days: float
    gap_days: float
    older_from: float
    below: float
    comparator: str
    bands: tuple[tuple[float, float], ...]
    guidance: str
    base_rate: Mapping[str, str]
    levels: tuple[Level, ...]

    @property
    def recovery(self) -> float:
        """How far short of its threshold a recovering child is: ⅓ space, or 2 per cent."""
        return 2.0 if self.kind == "loss" else SPACE / 3


@dataclass(frozen=True)
class RuleSet:
    """A named set of rules, and when findings of each severity are to be seen."""

    name: str
    title: str
    sha256: str
    rules: tuple[Rule, ...]
    see_by: Mapping[str, Mapping[str, int]]
    reweigh: tuple[tuple[float, float], ...]

    def rule(self, code: str) -> Rule:
        """Return a rule by its id.

        Raises
        ------
        UsageError
            If the set has no such rule.
        """
        for rule in self.rules:
            if rule.id == code:
                return rule
        raise UsageError(
            f"rule: found {code!r}, expected one of {', '.join(rule.id for rule in self.rules)}"
        )


@cache
def ruleset(name: str = "uk") -> RuleSet:
    """Return a rule set: one shipped with the package, or a service's own TOML file.

    Raises
    ------
    UsageError
        If there is no such set, or the file is not one; all its faults are told together.

    Examples
    --------
    >>> [rule.id for rule in ruleset("uk").rules][:2]
    ['NG75-FALL', 'NG75-WT2']
    """
    if name in SHIPPED:
        content = (resources.files(__package__) / f"{name}.toml").read_bytes()
    elif name.endswith(".toml"):
        try:
            content = Path(name).read_bytes()
        except OSError as fault:
            raise UsageError(f"rules: {name}: {fault.strerror}; expected a TOML file") from fault
    else:
        raise UsageError(
            f"rules: found {name!r}, expected one of {', '.join(SHIPPED)} or a .toml file"
        )
    try:
        entries = tomllib.loads(content.decode("utf-8"))
    except ValueError as fault:
        raise UsageError(f"rules: {name} is not readable TOML: {fault}") from fault
    return _ruleset(name, entries, hashlib.sha256(content).hexdigest())


def _ruleset(name: str, entries: dict[str, Any], digest: str) -> RuleSet:
    faults: list[str] = []
    rules = tuple(_rule(entry, faults) for entry in entries.get("rule", []))
    see_by = entries.get("see_by", {})
    faults += [f"[see_by] lacks {word}" for word in SEVERITIES if word not in see_by]
    steps = entries.get("reweigh", {}).get("steps", [])
    if not rules:
        faults.append("no [[rule]]")
    if not steps:
        faults.append("[reweigh] lacks steps")
    if faults:
        raise UsageError(f"rules: {name}: {'; '.join(faults)}. The shipped uk.toml shows the form")
    reweigh = tuple((float(age), float(days)) for age, days in steps)
    title = str(entries.get("title", name))
    return RuleSet(str(entries.get("name", name)), title, digest, rules, see_by, reweigh)


def _rule(entry: dict[str, Any], faults: list[str]) -> Rule:
    """Return one rule; what is wrong with it goes to ``faults``."""
    code = str(entry.get("id", "a rule without id"))
    known = set(Rule.__dataclass_fields__) - {"levels"} | {"level"}
    faults += [f"{code}: does not know {key!r}" for key in entry if key not in known]
    faults += [
        f"{code}: {key} is {entry.get(key)!r}, expected one of {', '.join(map(str, words))}"
        for key, words in (("kind", KINDS), ("measure", MEASURES))
        if entry.get(key) not in words
    ]
    if entry.get("kind") == "level" and "below" not in entry:
        faults.append(f"{code}: a level rule needs below")
    base_rate = entry.get("base_rate", "")
    by_severity = base_rate if isinstance(base_rate, dict) else dict.fromkeys(SEVERITIES, base_rate)
    years = entry.get("ages", [0, 21])
    return Rule(
        id=code,
        kind=str(entry.get("kind")),
        measure=str(entry.get("measure")),
        title=str(entry.get("title", code)),
        definition=str(entry.get("definition", "")),
        source=str(entry.get("source", "")),
        project=bool(entry.get("project", True)),
        ages=(years[0] * DAYS_IN_YEAR, years[1] * DAYS_IN_YEAR),
        from_day=float(entry.get("from_day", -np.inf)),
        from_age=float(entry.get("from_age", -np.inf)) * DAYS_IN_YEAR,
        within_days=float(entry.get("within_days", 1096)),
        gap_days=float(entry.get("gap_days", 0)),
        older_from=float(entry.get("older_from", np.inf)) * DAYS_IN_YEAR,
        below=float(entry.get("below", np.nan)),
        comparator=str(entry.get("comparator", "highest")),
        bands=tuple((float(edge), float(spaces)) for edge, spaces in entry.get("bands", ())),
        guidance=str(entry.get("guidance", "")),
        base_rate=by_severity,
        levels=tuple(_level(code, entry, level, faults) for level in entry.get("level", ())),
    )


def _level(code: str, rule: dict[str, Any], entry: dict[str, Any], faults: list[str]) -> Level:
    known = {"severity", "at_least", "above", "older", "beyond", "when", "see_by"}
    faults += [f"{code}: a level does not know {key!r}" for key in entry if key not in known]
    if entry.get("severity") not in SEVERITIES:
        faults.append(f"{code}: severity {entry.get('severity')!r}, expected one of {SEVERITIES}")
    when = tuple(entry.get("when", ()))
    faults += [
        f"{code}: does not know the condition {word!r}" for word in when if word not in CONDITIONS
    ]
    scale = SPACE if rule.get("kind") == "fall" else 1.0
    amount = entry.get("above", entry.get("at_least"))
    if amount is None:
        amount = -float(rule.get("below", np.nan)) if rule.get("kind") == "level" else 0.0
    return Level(
        severity=str(entry.get("severity")),
        amount=float(amount) * scale,
        older=float(entry.get("older", amount)) * scale,
        strict="above" in entry or rule.get("kind") == "level",
        beyond=float(entry.get("beyond", 0)) * scale,
        when=when,
        see_by=entry.get("see_by"),
    )
