"""Contact rules and raises as data: numbers, severities, definitions and sentences."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any, Final

from centiles.monitoring.background import EVENT_KINDS
from centiles.monitoring.entries import Entry, are_numbers, tables_of
from centiles.monitoring.schema import SEVERITIES, ContactRule, ContactRules, Raise

# What a raised finding says to those who may not be told why.
OTHER_INFORMATION: Final = "other information held"
_LAST: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # days of each month
_DAY_COUNTS: Final = frozenset({"days"})


@cache
def contact_rules() -> ContactRules:
    """Return the contact rules and raises that come with the package.

    Examples
    --------
    >>> list(contact_rules().contacts)[:3], list(contact_rules().raises)
    (['MISSED', 'NOT-SINCE', 'OVERDUE'], ['SIBLINGS', 'EVENT', 'TOGETHER'])
    """
    content = (resources.files(__package__) / "contacts.toml").read_bytes()
    entries = tomllib.loads(content.decode("utf-8"))
    contacts = [
        ContactRule(**entry | {"severities": tuple(entry["severities"])})
        for entry in entries["contact"]
    ]
    raises = [Raise(**entry | {"raises": tuple(entry["raises"])}) for entry in entries["raise"]]
    return ContactRules(
        {each.id: each for each in contacts},
        {each.id: each for each in raises},
        hashlib.sha256(content).hexdigest(),
    )


def contacts_with(
    entries: Mapping[str, Any], base: ContactRules, faults: list[str]
) -> ContactRules:
    """Return contact rules as a service's own rule set has them.

    Parameters
    ----------
    entries
        The rule set as TOML: each ``[[contact]]`` names a contact rule by its ``id``, and says what
        is different of it: ``off = true``; ``severity``, a word, or other words for some of its
        own; ``[contact.numbers]``; ``title``, ``definition`` or ``guidance``.
    base
        The contact rules it starts from.
    faults
        What is wrong with it is added here.
    """
    if "contact" not in entries:
        return base
    known, off = dict(base.contacts), set(base.off)
    tables = tables_of(entries["contact"])
    codes = [table.get("id") for table in tables]
    faults += [f"{c}: is there twice" for c in dict.fromkeys(codes) if codes.count(c) > 1]
    for entry in (Entry(table, faults) for table in tables):
        if entry.code not in known:
            faults.append(
                f"[[contact]] id is {entry.table.get('id')!r}, expected one of {', '.join(known)}"
            )
            continue
        known[entry.code] = _changed(known[entry.code], entry)
        off.discard(entry.code)
        if entry.flag("off"):
            off.add(entry.code)
    changes = repr((sorted(known.items()), sorted(off))).encode()
    digest = hashlib.sha256(base.sha256.encode() + changes).hexdigest()
    return replace(base, contacts=known, off=frozenset(off), sha256=digest)


def _changed(rule: ContactRule, entry: Entry) -> ContactRule:
    """Return a contact rule with what an entry says of it."""
    words = ("title", "definition", "guidance")
    entry.knows({"id", "off", "severity", "numbers", *words})
    said: Any = {each: str(entry.table[each]) for each in words if each in entry.table}
    return replace(
        rule,
        numbers={**rule.numbers, **_numbers(rule, entry)},
        graded={**rule.graded, **_graded(rule, entry)},
        **said,
    )


def _graded(rule: ContactRule, entry: Entry) -> dict[str, str]:
    """Return which of a rule's severities are to be which."""
    given = entry.table.get("severity", {})
    table = given if isinstance(given, dict) else dict.fromkeys(rule.severities, given)
    for word in sorted(table.keys() - set(rule.severities)):
        entry.blame(f"severity has {word!r}, expected some of {', '.join(rule.severities)}")
    for word in dict.fromkeys(map(str, table.values())):
        if word not in SEVERITIES:
            entry.blame(f"severity is {word!r}, expected one of {', '.join(SEVERITIES)}")
    return {str(word): str(other) for word, other in table.items()}


def _numbers(rule: ContactRule, entry: Entry) -> dict[str, Any]:
    """Return the numbers of a rule that are to be others, each of the form of its own."""
    given = entry.table.get("numbers", {})
    if not isinstance(given, dict):
        entry.blame(f"numbers is {given!r}, expected a table")
        return {}
    for key, found in given.items():
        if key not in rule.numbers:
            has = ", ".join(rule.numbers) or "none"
            entry.blame(f"has no number {key!r}, expected some of {has}")
        elif (expected := _expected(key, rule.numbers[key], found)) is not None:
            entry.blame(f"{key} is {found!r}, expected {expected}")
    return given


def _expected(key: str, own: Any, found: Any) -> str | None:
    """Return what was expected of a number, None where it is that."""
    if isinstance(own, dict):
        fine = isinstance(found, dict) and bool(found) and _whole(list(found.values()))
        return None if fine else "names of rounds and the age in years at each, as whole numbers"
    if isinstance(own, list) and are_numbers(own):  # a day of the year
        fine = isinstance(found, list) and len(found) == len(own) and _whole(found)
        fine = fine and found[0] <= len(_LAST) and found[1] <= _LAST[found[0] - 1]
        return None if fine else "a month and a day, such as [9, 1]"
    if isinstance(own, list):
        words = isinstance(found, list) and all(isinstance(each, str) for each in found)
        if key == "events":
            fine = words and set(found) <= set(EVENT_KINDS)
            return None if fine else f"a list of some of {', '.join(EVENT_KINDS)}"
        return None if words else "a list of words"
    fine = are_numbers([found]) and found > 0 and (key not in _DAY_COUNTS or _whole([found]))
    return None if fine else "a number above 0" + (", whole days" if key in _DAY_COUNTS else "")


def _whole(values: list[Any]) -> bool:
    return all(type(each) is int and each > 0 for each in values)
