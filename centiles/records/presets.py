"""Layouts known beforehand: what recognises each, what its columns are, which files belong to it.

A preset is data, shipped in ``layouts.toml`` or written by a service in a TOML file of its own.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from centiles.errors import MappingError, UsageError
from centiles.records import layouts
from centiles.records.layouts import Config
from centiles.records.synonyms import MEASURE_SLOTS, matches, normal
from centiles.records.tables import TextTable, with_headers

_CONFIG: Final = ("units", "sex", "dates", "gestation", "measures")
_WORDS: Final = ("headers", "keys", "carries")
_TEXTS: Final = ("columns", "optional", "brings", "status", "content", "without_header")
_OTHERS: Final = ("about", "units_if_named", "may_lack")
_SAMPLE: Final = 500  # distinct words of a column that must look as the preset says
_FEWEST: Final = 5  # words, for a look at them to say anything


@dataclass(frozen=True)
class Preset:
    """A layout, or one of the files linked to it.

    ``headers`` recognise it; ``columns`` and ``optional`` are slots to headers, ``status`` headers
    to the word for a row they mark; ``content`` headers to patterns. For a linked file, ``keys``
    are the headers it is joined by, ``brings`` the slots it gives to every row of the first file,
    ``carries`` the keys of further links. A header "a | b" is either; the first there is taken.
    """

    name: str
    about: str
    headers: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    optional: Mapping[str, str] = field(default_factory=dict)
    status: Mapping[str, str] = field(default_factory=dict)
    content: Mapping[str, str] = field(default_factory=dict)
    without_header: Mapping[str, str] = field(default_factory=dict)
    units_if_named: bool = False
    config: Config = field(default_factory=Config)
    keys: tuple[str, ...] = ()
    brings: Mapping[str, str] = field(default_factory=dict)
    carries: tuple[str, ...] = ()
    may_lack: bool = False
    links: tuple[Preset, ...] = ()

    def config_of(self, table: TextTable, brought: Iterable[str] = (), *, named: bool) -> Config:
        """Return the configuration of one file of this layout.

        Parameters
        ----------
        table
            The file.
        brought
            The slots that linked files fill.
        named
            Whether the user named the preset, rather than it being recognised.

        Raises
        ------
        MappingError
            If a column of the layout is not in the file.
        """
        there = headers_of(table)
        found = {slot: first_there(header, there) for slot, header in self.columns.items()}
        brought = set(brought)
        lacking = [self.columns[slot] for slot in found if not found[slot] and slot not in brought]
        if lacking:
            raise MappingError(
                f"{table.name}: the preset {self.name} expects {', '.join(map(repr, lacking))}; "
                f"none of its {len(table.headers)} columns is called so. Name another, or none"
            )
        found |= {slot: first_there(header, there) for slot, header in self.optional.items()}
        columns = {
            slot: table.headers[there[key]]
            for slot, key in found.items()
            if key and slot not in brought
        }
        named_ = [matches(normal(header)) for header in table.headers]
        stated = {slot for each in named_ for slot, _, unit in each if unit}
        assumed = named or not self.units_if_named
        units = {slot: unit for slot, unit in self.config.units.items() if slot not in stated}
        if not assumed:
            units = {slot: unit for slot, unit in units.items() if slot in ("age", "gestation")}
        return replace(self.config, columns=columns, units=units)


@cache
def key_of(header: str) -> str:
    """Return a header as presets compare it: normalised, and without spaces.

    Examples
    --------
    >>> key_of("NHSNumber") == key_of("NHS number")
    True
    """
    return normal(header).replace(" ", "")


def headers_of(table: TextTable) -> dict[str, int]:
    """Return the headers of a table as presets compare them, and the place of each."""
    return {key_of(header): place for place, header in reversed([*enumerate(table.headers)])}


def first_there(header: str, there: Mapping[str, Any]) -> str:
    """Return the first of the alternatives "a | b" that is there, empty if none is."""
    return next((each for each in alternatives(header) if each in there), "")


@cache
def alternatives(header: str) -> tuple[str, ...]:
    """Return the headers of "a | b", as presets compare them."""
    return tuple(key_of(each) for each in header.split("|"))


def preset(name: str) -> Preset:
    """Return a preset by name, or from a TOML file of one.

    Raises
    ------
    UsageError
        If there is no such preset, or the file holds none.
    """
    if name.casefold().endswith(".toml"):
        path = Path(name)
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as fault:
            raise UsageError(
                f"{path.name}: expected a preset in TOML, as docs/layouts.md shows; found: {fault}"
            ) from None
        return from_entries(path.stem, entries, path.name)
    if name not in shipped():
        raise UsageError(
            f"preset: found {name!r}, expected one of {', '.join(shipped())}, auto, or a .toml file"
        )
    return shipped()[name]


@cache
def shipped() -> Mapping[str, Preset]:
    """Return the presets shipped with the package."""
    presets = layouts.layouts()["presets"].items()
    return {name: from_entries(name, entries, f"preset {name}") for name, entries in presets}


def from_entries(
    name: str, entries: Mapping[str, Any], where: str, *, link: bool = False
) -> Preset:
    """Return a preset, or a linked file of one, from its TOML, checked."""
    faults = _faults(entries, link=link)
    if faults:
        raise UsageError(f"{where}: {'; '.join(faults)}. See docs/layouts.md")
    shared = {key: entries[key] for key in _CONFIG if key in entries}
    slots = {
        slot: "" for key in ("columns", "optional", "brings") for slot in entries.get(key, {})
    }  # the configuration knows which slots there are
    config = Config.from_entries({**shared, "columns": slots}, where)
    parts: dict[str, Any] = {"about": name, **{k: entries[k] for k in _OTHERS if k in entries}}
    parts |= {key: tuple(map(str, entries[key])) for key in _WORDS if key in entries}
    parts |= {key: _texts(entries[key]) for key in _TEXTS if key in entries}
    linked = entries.get("links", [])
    links = tuple(from_entries(name, each, where, link=True) for each in linked)
    return Preset(name=name, config=replace(config, columns={}), links=links, **parts)


def _texts(entries: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(entry) for key, entry in entries.items()}


def _faults(entries: Mapping[str, Any], *, link: bool) -> list[str]:
    known = (*_CONFIG, *_WORDS, *_TEXTS, *_OTHERS, "links")
    faults = [f"found {key}, expected {', '.join(known)}" for key in entries if key not in known]
    for keys, kind, words in ((_WORDS, list, "a list"), (_TEXTS, dict, "a table")):
        faults += [
            f"found {key} = {entries[key]!r}, expected {words} of texts"
            for key in keys
            if key in entries and not isinstance(entries[key], kind)
        ]
    links = entries.get("links", [])
    if link and not (entries.get("headers") and entries.get("keys")):
        faults.append("links: expected headers and keys in each")
    if not (isinstance(links, list) and all(isinstance(link, dict) for link in links)):
        faults.append("links: expected tables, [[links]]")
    for key in ("content", "without_header"):
        for pattern in dict(entries.get(key, {})).values() if not faults else ():
            try:
                re.compile(str(pattern))
            except re.error as fault:
                faults.append(f"{key}: found {pattern!r}, expected a regular expression ({fault})")
    return faults


def headed(table: TextTable, presets: Sequence[Preset]) -> TextTable:
    """Return a table with the headers of its layout, if its first line was a row of one without.

    That row is then back among the others, as row 1.
    """
    if any(matches(normal(header)) for header in table.headers):
        return table
    roles = [role for each in presets for role in (each, *each.links) if role.without_header]
    for role in roles:
        patterns = list(role.without_header.values())
        if len(patterns) == len(table.headers) and all(
            _look_like(column.stripped, pattern, fewest=0) and re.fullmatch(pattern, first.strip())
            for column, pattern, first in zip(table.columns, patterns, table.headers, strict=True)
        ):
            return with_headers(table, tuple(role.without_header), max(1, int(table.rows[0]) - 1))
    return table


def _look_like(words: Any, pattern: str, fewest: int) -> bool:
    """Return whether the first words of a column all have the form a preset says."""
    words = words.head(_SAMPLE)
    words = words[words != ""]
    return len(words) >= fewest and bool(words.str.fullmatch(pattern).all())


def recognised(table: TextTable, presets: Iterable[Preset]) -> tuple[Preset, Preset] | None:
    """Return the preset a table is of and its role there: the preset itself, or one of its links.

    The one with most headers speaks; a table with measures of its own is nobody's link.
    """
    there = headers_of(table)
    slots = {slot for header in table.headers for slot, *_ in matches(normal(header))}
    whole = not slots.isdisjoint({"value", *MEASURE_SLOTS})
    best: tuple[int, Preset, Preset] | None = None
    for each in presets:
        for role in (each,) if whole else (each, *each.links):
            if (best is None or len(role.headers) > best[0]) and _is(role, table, there):
                best = len(role.headers), each, role
    return best[1:] if best else None


def _is(role: Preset, table: TextTable, there: Mapping[str, int]) -> bool:
    """Return whether a table has all the headers of a role, and the content."""
    if not role.headers or not all(first_there(header, there) for header in role.headers):
        return False
    return all(
        _look_like(table.columns[there[key_of(header)]].stripped, pattern, _FEWEST)
        for header, pattern in role.content.items()
    )


def with_header(table: TextTable) -> TextTable:
    """Return a table as its rows are counted, with headers if its layout is known to have none."""
    return headed(table, [*shipped().values()])
