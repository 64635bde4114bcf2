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
NOT_MEASURED: Final = "not measured yet"  # how often healthy children meet a rule
KINDS: Final = ("fall", "level", "loss")
COMPARATORS: Final = ("highest", "birth")
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
    rules = tuple(_rule(_Entry(entry, faults)) for entry in _tables(entries.get("rule")))
    codes = [rule.id for rule in rules]
    faults += [f"{code}: is there twice" for code in dict.fromkeys(codes) if codes.count(code) > 1]
    see_by = _see_by(entries.get("see_by"), faults)
    steps = entries.get("reweigh", {}).get("steps", []) if rules else []
    if not rules:
        faults.append("no [[rule]]")
    elif not _is_pairs(steps) or not steps or steps[0][0] != 0:
        faults.append("[reweigh] lacks steps, pairs of an age and days, from age 0")
    if faults:
        raise UsageError(f"rules: {name}: {'; '.join(faults)}. The shipped uk.toml shows the form")
    reweigh = tuple((float(age), float(days)) for age, days in steps)
    title = str(entries.get("title", name))
    return RuleSet(str(entries.get("name", name)), title, digest, rules, see_by, reweigh)


def _see_by(entry: Any, faults: list[str]) -> Mapping[str, Mapping[str, int]]:
    """Return how soon findings of each severity are to be seen."""
    table = entry if isinstance(entry, dict) else {}
    faults += [f"[see_by] lacks {word}" for word in SEVERITIES if word not in table]
    faults += [
        f"[see_by] {word} is {each!r}, expected days or working_days, a whole number"
        for word, each in table.items()
        if not _is_wait(each)
    ]
    return table


def _is_wait(entry: Any) -> bool:
    whole = isinstance(entry, dict) and all(type(days) is int for days in entry.values())
    return whole and len(entry) == 1 and entry.keys() <= {"days", "working_days"}


def _is_pairs(entry: Any) -> bool:
    pairs = entry if isinstance(entry, list) else [None]
    return all(isinstance(pair, list) and len(pair) == 2 and _numbers(pair) for pair in pairs)


def _numbers(values: list[Any]) -> bool:
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)


def _tables(entry: Any) -> list[dict[str, Any]]:
    """Return the tables of an array of them; what is something else is none."""
    found = entry if isinstance(entry, list) else [entry]
    return [each for each in found if isinstance(each, dict)]


class _Entry:
    """One table of a rule set, read key by key; what is wrong with it goes to ``faults``."""

    def __init__(self, table: dict[str, Any], faults: list[str], of: str = "") -> None:
        self.table, self.faults = table, faults
        self.code = of or str(table.get("id", "a rule without id"))

    def blame(self, words: str) -> None:
        """Add a fault."""
        self.faults.append(f"{self.code}: {words}")

    def knows(self, keys: set[str], what: str = "") -> None:
        """Blame keys that mean nothing here."""
        for key in sorted(self.table.keys() - keys):
            self.blame(f"{what}does not know {key!r}")

    def word(self, key: str, among: tuple[Any, ...], default: str = "") -> str:
        """Return one of a few words."""
        found = self.table.get(key, default)
        if found not in among:
            self.blame(f"{key} is {found!r}, expected one of {', '.join(map(str, among))}")
        return str(found)

    def number(self, key: str, default: float) -> float:
        """Return a number."""
        found = self.table.get(key, default)
        if not _numbers([found]):
            self.blame(f"{key} is {found!r}, expected a number")
            return default
        return float(found)

    def pairs(self, key: str) -> tuple[tuple[float, float], ...]:
        """Return pairs of numbers."""
        found = self.table.get(key, [])
        if not _is_pairs(found):
            self.blame(f"{key} is {found!r}, expected pairs of numbers")
            return ()
        return tuple((float(first), float(second)) for first, second in found)


def _rule(entry: _Entry) -> Rule:
    """Return one rule."""
    table = entry.table
    entry.knows(set(Rule.__dataclass_fields__) - {"levels"} | {"level"})
    kind, measure = entry.word("kind", KINDS), entry.word("measure", MEASURES)
    comparator = entry.word("comparator", COMPARATORS, "highest")
    bands, below = entry.pairs("bands"), entry.number("below", np.nan)
    if "id" not in table:
        entry.blame("expected an id")
    if kind == "level" and "below" not in table:
        entry.blame("a level rule needs below")
    if comparator == "birth" and len(bands) != 3:
        entry.blame("compared with birth a rule needs three bands")
    years = table.get("ages", [0, 21])
    if not _is_pairs([years]):
        entry.blame(f"ages is {years!r}, expected two numbers of years")
        years = [0, 21]
    rate = table.get("base_rate", NOT_MEASURED)
    return Rule(
        id=entry.code,
        kind=kind,
        measure=measure,
        title=str(table.get("title", entry.code)),
        definition=str(table.get("definition", "")),
        source=str(table.get("source", "")),
        project=bool(table.get("project", True)),
        ages=(years[0] * DAYS_IN_YEAR, years[1] * DAYS_IN_YEAR),
        from_day=entry.number("from_day", -np.inf),
        from_age=entry.number("from_age", -np.inf) * DAYS_IN_YEAR,
        within_days=entry.number("within_days", 1096),
        gap_days=entry.number("gap_days", 0),
        older_from=entry.number("older_from", np.inf) * DAYS_IN_YEAR,
        below=below,
        comparator=comparator,
        bands=bands,
        guidance=str(table.get("guidance", "")),
        base_rate=rate if isinstance(rate, dict) else dict.fromkeys(SEVERITIES, str(rate)),
        levels=_levels(entry, kind, below, has_bands=comparator == "birth"),
    )


def _levels(entry: _Entry, kind: str, below: float, *, has_bands: bool) -> tuple[Level, ...]:
    """Return the levels of a rule, from the one at which it is first met."""
    tables = _tables(entry.table.get("level"))
    needs_amount = kind in ("fall", "loss") and not has_bands
    levels = tuple(
        _level(_Entry(table, entry.faults, entry.code), kind, below, needs_amount=needs_amount)
        for table in tables
    )
    if not levels:
        entry.blame("no [[rule.level]]")
    elif levels[0].when:
        entry.blame("the first level says when the rule is met; it can have no conditions")
    if any(each.amount < levels[0].amount or each.older < levels[0].older for each in levels):
        entry.blame("no level may need less than the first")
    return levels


def _level(entry: _Entry, kind: str, below: float, *, needs_amount: bool) -> Level:
    table = entry.table
    entry.knows({"severity", "at_least", "above", "older", "beyond", "when", "see_by"}, "a level ")
    given = table.get("when", [])
    when = tuple(map(str, given if isinstance(given, list) else [given]))
    for word in sorted(set(when) - CONDITIONS):
        entry.blame(f"does not know the condition {word!r}")
    if needs_amount and not table.keys() & {"at_least", "above"}:
        entry.blame("a level needs at_least or above")
    if "see_by" in table and not _is_wait(table["see_by"]):
        entry.blame(f"see_by is {table['see_by']!r}, expected days or working_days")
    scale = SPACE if kind == "fall" else 1.0
    amount = entry.number("at_least", -below if kind == "level" else 0.0)
    amount = entry.number("above", amount)
    return Level(
        severity=entry.word("severity", SEVERITIES),
        amount=amount * scale,
        older=entry.number("older", amount) * scale,
        strict="above" in table or kind == "level",
        beyond=entry.number("beyond", 0) * scale,
        when=when,
        see_by=table.get("see_by"),
    )
