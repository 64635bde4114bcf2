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

from centiles.ages import DAYS_IN_MONTH, DAYS_IN_YEAR
from centiles.errors import UsageError
from centiles.lms import SPACE, z_from_centiles
from centiles.measures import MEASURES
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
_UNITS: Final = {"day": 1.0, "week": 7.0, "month": DAYS_IN_MONTH, "year": DAYS_IN_YEAR}
_ANY_KIND: Final = Kind("", takes=frozenset().union(*(k.needs | k.takes for k in KINDS.values())))
_FORM: Final = "The shipped uk.toml shows the form"


@cache
def ruleset(name: str = "uk") -> RuleSet:
    """Return a rule set: one shipped with the package, or a service's own TOML file.

    A set with ``extends`` starts from a shipped one: its own rules replace those of the same id,
    the others are added, and those of ``without`` are left out.

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
    top = _Entry(entries, faults, "the file")
    top.knows({"name", "title", "extends", "without", "see_by", "reweigh", "rule"})
    base = _base(top, name)
    origin = name if name in SHIPPED else ""
    own = tuple(_rule(_Entry(entry, faults), origin) for entry in _tables(entries.get("rule")))
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
        str(entries.get("name", name)), title, digest.hexdigest(), rules, see_by, reweigh
    )


def _base(top: _Entry, name: str) -> RuleSet | None:
    """Return the set another starts from."""
    if "extends" not in top.table:
        if "without" in top.table:
            top.blame("without is for a set that extends another")
        return None
    others = tuple(each for each in SHIPPED if each != name)
    extended = top.word("extends", others)
    return ruleset(extended) if extended in others else None


def _joined(own: tuple[Rule, ...], base: RuleSet | None, top: _Entry) -> tuple[Rule, ...]:
    """Return a set's own rules in the places of those they replace, the others after them."""
    if base is None:
        return own
    named = top.words("without")
    known = [rule.id for rule in base.rules]
    for code in named:
        if code not in known:
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
    if not _is_pairs(steps) or not steps or steps[0][0] != 0:
        faults.append("[reweigh] lacks steps, pairs of an age and days, from age 0")
        return ()
    return tuple((float(age), float(days)) for age, days in steps)


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

    def knows(self, keys: set[str] | frozenset[str], what: str = "") -> None:
        """Blame keys that mean nothing here."""
        for key in sorted(self.table.keys() - keys):
            self.blame(f"{what}does not know {key!r}")

    def word(self, key: str, among: tuple[Any, ...], default: str = "") -> str:
        """Return one of a few words."""
        found = self.table.get(key, default)
        if found not in among:
            self.blame(f"{key} is {found!r}, expected one of {', '.join(map(str, among))}")
        return str(found)

    def words(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a word, or a list of words."""
        found = self.table.get(key, list(default))
        found = found if isinstance(found, list) else [found]
        if not all(isinstance(each, str) for each in found):
            self.blame(f"{key} is {found!r}, expected words")
            return default
        return tuple(found)

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

    def age(self, key: str, found: Any, default: float = np.nan) -> float:
        """Return an age [d], given in years or as "6 weeks"."""
        if _numbers([found]):
            return float(found) * DAYS_IN_YEAR
        amount, _, unit = str(found).partition(" ")
        unit = unit.removesuffix("s")
        try:
            return float(amount) * _UNITS[unit]
        except (ValueError, KeyError):
            self.blame(f"{key} is {found!r}, expected years, or words such as '6 weeks'")
            return default


def _rule(entry: _Entry, origin: str) -> Rule:
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


def _lines(entry: _Entry) -> tuple[float, float]:
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
    entry: _Entry,
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


def _measures(entry: _Entry) -> tuple[str, ...]:
    found = entry.words("measure") or ("",)
    for each in found:
        if each not in MEASURES:
            entry.blame(f"measure is {each!r}, expected one of {', '.join(MEASURES)}")
    return found


def _ages(entry: _Entry) -> tuple[float, float]:
    found = entry.table.get("ages", [0, 21])
    if not isinstance(found, list) or len(found) != 2:
        entry.blame(f"ages is {found!r}, expected two ages, in years or words such as '6 weeks'")
        return 0.0, 21 * DAYS_IN_YEAR
    low, high = (entry.age("ages", each) for each in found)
    return low, high


def _levels(
    entry: _Entry, kind: str, form: Kind, line: float, *, has_bands: bool
) -> tuple[Level, ...]:
    """Return the levels of a rule."""
    tables = _tables(entry.table.get("level"))
    needs_amount = kind != "level" and not has_bands
    inclusive = bool(entry.table.get("inclusive", False))
    levels = tuple(
        _level(
            _Entry(table, entry.faults, entry.code), kind, form, line,
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
    entry: _Entry, kind: str, form: Kind, line: float, *, needs_amount: bool, inclusive: bool
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
