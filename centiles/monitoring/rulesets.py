"""Rules as data: thresholds, ages, severities and words, read from TOML and checked."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from centiles.ages import DAYS_IN_YEAR
from centiles.errors import UsageError
from centiles.lms import SPACE, z_from_centiles
from centiles.measures import MEASURES
from centiles.monitoring.contact_rules import contact_rules, contacts_with
from centiles.monitoring.entries import Entry, is_pairs, tables_of
from centiles.monitoring.schema import (
    COMPARATORS,
    CONDITIONS,
    KINDS,
    NOT_MEASURED,
    SEVERITIES,
    Kind,
    Level,
    Rule,
    RuleSet,
)

SHIPPED: Final = ("uk", "nice-ng75", "ncmp", "height-nl")

_KEYS: Final = frozenset(
    {
        "id", "kind", "measure", "title", "definition", "source", "project", "ages", "from_day",
        "to_day", "older_from", "leaves_to", "guidance", "base_rate", "level",
    }
)  # fmt: skip
_TIER_KEYS: Final = frozenset(
    {"severity", "at_least", "above", "below", "older", "beyond", "when", "see_by"}
)
_ANY_KIND: Final = Kind("", takes=frozenset().union(*(k.needs | k.takes for k in KINDS.values())))
_FORM: Final = "The shipped uk.toml shows the form"


@cache
def ruleset(name: str = "uk") -> RuleSet:
    """Return a rule set: one shipped with the package, or a service's own TOML file.

    A set with ``extends`` starts from a shipped one: its own rules replace those of the same id,
    the others are added, and those of ``without`` are left out. What its ``[[contact]]`` say
    changes the contact rules of those ids.

    Raises
    ------
    UsageError
        If there is no such set, or the file is not one; all its faults are told together.

    Examples
    --------
    >>> [rule.id for rule in ruleset("uk").rules][:2]
    ['NEO-LOSS10', 'NEO-NOT-REGAINED']
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
    return _ruleset(name, entries, content)


def _ruleset(name: str, entries: dict[str, Any], content: bytes) -> RuleSet:
    faults: list[str] = []
    top = Entry(entries, faults, "the file")
    top.knows({"name", "title", "extends", "without", "see_by", "reweigh", "rule", "contact"})
    base = _base(top, name)
    contacts = contacts_with(entries, base.contacts if base else contact_rules(), faults)
    origin = name if name in SHIPPED else ""
    own = tuple(_rule(Entry(entry, faults), origin) for entry in tables_of(entries.get("rule")))
    codes = [rule.id for rule in own]
    faults += [f"{code}: is there twice" for code in dict.fromkeys(codes) if codes.count(code) > 1]
    rules = _joined(own, base, top)
    see_by = _see_by(entries, base, faults)
    reweigh = _reweigh(entries, base, faults) if rules else ()
    if not rules:
        faults.append("no [[rule]]")
    known = {rule.id for rule in rules}
    faults += [
        f"{rule.id}: leaves_to names {code!r}, which is no rule of the set"
        for rule in own
        for code in rule.leaves_to
        if code not in known
    ]
    if faults:
        raise UsageError(f"rules: {name}: {'; '.join(faults)}. {_FORM}")
    digest = hashlib.sha256(content)
    if base is not None:
        digest.update(base.sha256.encode())
    title = str(entries.get("title", name))
    return RuleSet(
        str(entries.get("name", name)), title, digest.hexdigest(), rules, see_by, reweigh, contacts
    )


def _base(top: Entry, name: str) -> RuleSet | None:
    """Return the set another starts from."""
    if "extends" not in top.table:
        if "without" in top.table:
            top.blame("without is for a set that extends another")
        return None
    others = tuple(each for each in SHIPPED if each != name)
    extended = top.word("extends", others)
    return ruleset(extended) if extended in others else None


def _joined(own: tuple[Rule, ...], base: RuleSet | None, top: Entry) -> tuple[Rule, ...]:
    """Return a set's own rules in the places of those they replace, the others after them."""
    if base is None:
        return own
    named = top.words("without")
    known = [rule.id for rule in base.rules]
    for code in named:
        if code in base.contacts.contacts:
            top.blame(f"without names {code!r}, a contact rule: say off = true in its [[contact]]")
        elif code not in known:
            top.blame(f"without names {code!r}, which is no rule of {base.name}")
    by_id = {rule.id: rule for rule in own}
    kept = [by_id.get(rule.id, rule) for rule in base.rules if rule.id not in named]
    return (*kept, *(rule for rule in own if rule.id not in known))


def _see_by(
    entries: dict[str, Any], base: RuleSet | None, faults: list[str]
) -> Mapping[str, Mapping[str, int]]:
    """Return how soon findings of each severity are to be seen."""
    given = entries.get("see_by", {})
    table = given if isinstance(given, dict) else {}
    table = {**(base.see_by if base else {}), **table}
    faults += [f"[see_by] lacks {word}" for word in SEVERITIES if word not in table]
    faults += [
        f"[see_by] {word} is {each!r}, expected days or working_days, a whole number"
        for word, each in table.items()
        if not _is_wait(each)
    ]
    return table


def _reweigh(
    entries: dict[str, Any], base: RuleSet | None, faults: list[str]
) -> tuple[tuple[float, float], ...]:
    """Return from which age [d] how many days are left between two weights."""
    given = entries.get("reweigh")
    if given is None and base is not None:
        return base.reweigh
    steps = given.get("steps") if isinstance(given, dict) else None
    if not is_pairs(steps) or not steps or steps[0][0] != 0:
        faults.append("[reweigh] lacks steps, pairs of an age and days, from age 0")
        return ()
    return tuple((float(age), float(days)) for age, days in steps)


def _is_wait(entry: Any) -> bool:
    whole = isinstance(entry, dict) and all(type(days) is int for days in entry.values())
    return whole and len(entry) == 1 and entry.keys() <= {"days", "working_days"}


def _rule(entry: Entry, origin: str) -> Rule:
    """Return one rule."""
    table = entry.table
    kind = entry.word("kind", tuple(KINDS))
    form = KINDS.get(kind, _ANY_KIND)
    entry.knows(_KEYS | form.needs | form.takes)
    comparator = entry.word("comparator", COMPARATORS, "highest")
    bands = entry.pairs("bands")
    below, above = _lines(entry)
    _needs(entry, kind, form, comparator, bands, below, above)
    rate = table.get("base_rate", NOT_MEASURED)
    return Rule(
        id=entry.code,
        kind=kind,
        measures=_measures(entry),
        title=str(table.get("title", entry.code)),
        definition=str(table.get("definition", "")),
        source=str(table.get("source", "")),
        project=bool(table.get("project", True)),
        ages=_ages(entry),
        from_day=entry.number("from_day", -np.inf),
        to_day=entry.number("to_day", np.inf),
        from_age=entry.age("from_age", table["from_age"]) if "from_age" in table else -np.inf,
        within_days=entry.number("within_days", 1096),
        gap_days=entry.number("gap_days", 0),
        older_from=entry.number("older_from", np.inf) * DAYS_IN_YEAR,
        below=below,
        above=above,
        comparator=comparator,
        bands=bands,
        fallen=entry.number("fallen", 0) * SPACE,
        unless_fallen=entry.number("unless_fallen", np.inf) * SPACE,
        points=int(entry.number("points", 2)),
        leaves_to=entry.words("leaves_to"),
        guidance=str(table.get("guidance", "")),
        base_rate=rate if isinstance(rate, dict) else dict.fromkeys(SEVERITIES, str(rate)),
        levels=_levels(entry, kind, form, _line_amount(below, above), has_bands=bool(bands)),
        origin=origin,
    )


def _lines(entry: Entry) -> tuple[float, float]:
    """Return the z a level rule is below or above, given as z or as an exact centile."""
    below, above = (
        float(z_from_centiles(entry.number(f"{key}_centile", np.nan)))
        if f"{key}_centile" in entry.table
        else entry.number(key, np.nan)
        for key in ("below", "above")
    )
    return below, above


def _line_amount(below: float, above: float) -> float:
    """Return the amount of a level at its line: how far below the median, or above it."""
    return above if np.isfinite(above) else -below


def _needs(
    entry: Entry,
    kind: str,
    form: Kind,
    comparator: str,
    bands: tuple[tuple[float, float], ...],
    below: float,
    above: float,
) -> None:
    """Blame what a rule of a kind lacks."""
    if "id" not in entry.table:
        entry.blame("expected an id")
    for key in sorted(form.needs - entry.table.keys()):
        entry.blame(f"a {kind} rule needs {key}")
    if kind == "level" and np.isfinite(below) == np.isfinite(above):
        entry.blame("a level rule needs below or above, or one of them as a centile")
    if kind == "fall" and comparator == "birth" and len(bands) != 3:
        entry.blame("compared with birth a fall needs three bands")


def _measures(entry: Entry) -> tuple[str, ...]:
    found = entry.words("measure") or ("",)
    for each in found:
        if each not in MEASURES:
            entry.blame(f"measure is {each!r}, expected one of {', '.join(MEASURES)}")
    return found


def _ages(entry: Entry) -> tuple[float, float]:
    found = entry.table.get("ages", [0, 21])
    if not isinstance(found, list) or len(found) != 2:
        entry.blame(f"ages is {found!r}, expected two ages, in years or words such as '6 weeks'")
        return 0.0, 21 * DAYS_IN_YEAR
    low, high = (entry.age("ages", each) for each in found)
    return low, high


def _levels(
    entry: Entry, kind: str, form: Kind, line: float, *, has_bands: bool
) -> tuple[Level, ...]:
    """Return the levels of a rule."""
    tables = tables_of(entry.table.get("level"))
    needs_amount = kind != "level" and not has_bands
    inclusive = bool(entry.table.get("inclusive", False))
    levels = tuple(
        _level(
            Entry(table, entry.faults, entry.code), kind, form, line,
            needs_amount=needs_amount, inclusive=inclusive,
        )
        for table in tables
    )  # fmt: skip
    if not levels:
        entry.blame("no [[rule.level]]")
    elif not levels[0].when and any(
        each.amount < levels[0].amount or each.older < levels[0].older for each in levels
    ):
        entry.blame("no level may need less than the first")
    if len({each.strict for each in levels}) > 1:
        entry.blame("its levels say at_least and above; one of them is meant")
    return levels


def _level(
    entry: Entry, kind: str, form: Kind, line: float, *, needs_amount: bool, inclusive: bool
) -> Level:
    table = entry.table
    entry.knows(_TIER_KEYS, "a level ")
    when = entry.words("when")
    for word in sorted(set(when) - CONDITIONS):
        entry.blame(f"does not know the condition {word!r}")
    below = kind == "median"
    wanted = {"below"} if below else {"at_least", "above"}
    if needs_amount and not table.keys() & wanted:
        entry.blame(f"a level needs {' or '.join(sorted(wanted, reverse=True))}")
    if "see_by" in table and not _is_wait(table["see_by"]):
        entry.blame(f"see_by is {table['see_by']!r}, expected days or working_days")
    sign = -1.0 if below else 1.0
    amount = entry.number("at_least", line if kind == "level" else 0.0)
    amount = entry.number("below" if below else "above", amount)
    strict = (bool({"above", "below"} & table.keys()) or kind == "level") and not inclusive
    return Level(
        severity=entry.word("severity", SEVERITIES),
        amount=sign * amount * form.scale,
        older=sign * entry.number("older", amount) * form.scale,
        strict=strict,
        beyond=entry.number("beyond", 0) * form.scale,
        when=when,
        see_by=table.get("see_by"),
    )
