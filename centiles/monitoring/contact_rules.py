"""Contact rules and raises as data: numbers, severities, definitions and sentences."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

# What a raised finding says to those who may not be told why.
OTHER_INFORMATION: Final = "other information held"


@dataclass(frozen=True)
class ContactRule:
    """One rule about contacts: what it is, how grave it can be, its numbers and sentences."""

    id: str
    title: str
    definition: str
    source: str
    severities: tuple[str, ...]
    guidance: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Raise:
    """One reason to raise a finding by a level, and the levels it raises."""

    id: str
    title: str
    definition: str
    source: str
    raises: tuple[str, ...]
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ContactRules:
    """The contact rules and raises, by id, and the hash of the file they are read from."""

    contacts: Mapping[str, ContactRule]
    raises: Mapping[str, Raise]
    sha256: str


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
        MappingProxyType({each.id: each for each in contacts}),
        MappingProxyType({each.id: each for each in raises}),
        hashlib.sha256(content).hexdigest(),
    )
