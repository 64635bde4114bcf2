"""What is known of layouts beforehand: shipped synonyms and presets, and a user's configuration."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from centiles.errors import UsageError
from centiles.records import parsing
from centiles.records.dates import DATE_FORMATS
from centiles.records.policies import Merge, Privacy, merge_of, privacy_of

SHEET: Final = ", sheet "  # after the name of a workbook of which several sheets are read
_OF_A_FILE: Final = ("columns", "units", "sex", "measures", "dates", "gestation", "missing")
_TABLES: Final = (*_OF_A_FILE, "sources", "merge", "privacy", "files")
_KEYS: Final = {
    "dates": ("format", "birth_precision"), "gestation": ("decimals",), "missing": ("words",),
    "sources": ("rank",),
}  # fmt: skip
_GESTATION_UNITS: Final = ("days", "weeks")


@dataclass(frozen=True)
class Config:
    """What a user says about a file instead of leaving it to be recognised.

    ``columns`` maps slots to headers, ``units`` slots to units, ``sex`` codes to sexes,
    ``measures`` a file's own words or codes to measures. ``birth_precision`` is "month" where only
    the months of birth are known, "day" where the days are, whatever they look like. ``missing``
    are further words for nothing there; ``sources`` ranks the files, best first; ``files`` are
    configurations of single files by the pattern of their name.

    Raises
    ------
    UsageError
        If it names a slot, unit or sex this library has not.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    sex: Mapping[str, str] = field(default_factory=dict)
    measures: Mapping[str, str] = field(default_factory=dict)
    date_format: str | None = None
    birth_precision: str | None = None
    gestation_decimals: str | None = None
    missing: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    merge: Merge = field(default_factory=Merge)
    privacy: Privacy = field(default_factory=Privacy)
    files: Mapping[str, Config] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = _faults(self)
        if faults:
            raise UsageError(f"configuration: {'; '.join(faults)}")

    @classmethod
    def from_toml(cls, path: str | Path) -> Config:
        """Return the configuration in a TOML file.

        Raises
        ------
        UsageError
            If the file cannot be read, or holds a table, slot or unit this library has not.
        """
        path = Path(path)
        try:
            entries = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as fault:
            way = "; write / for each backslash of a path" if "\\" in str(fault) else ""
            raise UsageError(
                f"{path.name}: expected a configuration in TOML; found: {fault}{way}"
            ) from None
        found = cls.from_entries(entries, path.name)
        if found.privacy.pseudonymise is None:
            return found
        key = str(path.parent / found.privacy.pseudonymise)  # it stands beside the configuration
        return replace(found, privacy=replace(found.privacy, pseudonymise=key))

    @classmethod
    def from_entries(cls, entries: Mapping[str, Any], name: str) -> Config:
        """Return the configuration in a table of entries, checked; all faults are told together.

        Raises
        ------
        UsageError
            If anything in it cannot mean anything.
        """
        config, faults = _read(entries, "")
        if faults:
            raise UsageError(f"{name}: {'; '.join(faults)}")
        return config

    def for_file(self, name: str) -> Config:
        """Return this configuration as it is for one file: its own entries, over the others."""
        own = [config for pattern, config in self.files.items() if is_called(name, pattern)]
        found = self
        for config in reversed(own):
            found = config.over(found)
        return found

    def over(self, other: Config) -> Config:
        """Return this configuration, with ``other`` wherever this says nothing."""
        return Config(
            columns={**other.columns, **self.columns},
            units={**other.units, **self.units},
            sex={**other.sex, **self.sex},
            measures={**other.measures, **self.measures},
            date_format=self.date_format or other.date_format,
            birth_precision=self.birth_precision or other.birth_precision,
            gestation_decimals=self.gestation_decimals or other.gestation_decimals,
            missing=tuple(dict.fromkeys([*self.missing, *other.missing])),
            sources=self.sources or other.sources,
            merge=self.merge if self.merge != Merge() else other.merge,
            privacy=self.privacy if self.privacy != Privacy() else other.privacy,
            files={**other.files, **self.files},
        )


def _read(entries: Mapping[str, Any], where: str) -> tuple[Config, list[str]]:
    """Return a configuration without what in it cannot mean anything, and a list of that."""
    tables, faults = _tables_of(entries, where)
    lists = {}
    for table, key in (("missing", "words"), ("sources", "rank")):
        lists[table] = tables[table].get(key, [])
        if not isinstance(lists[table], list) or not all(isinstance(w, str) for w in lists[table]):
            faults.append(f"{where}{table}: expected {key} as a list of words in quotes")
            lists[table] = []
    merge, odd_merge = merge_of(tables["merge"])
    privacy, odd_privacy = privacy_of(tables["privacy"])
    files = {}
    for pattern, each in tables["files"].items():
        if not isinstance(each, dict):
            faults.append(f'{where}files: expected a table for each file, [files."{pattern}"]')
            continue
        files[pattern], odd = _read(each, f"{where}{pattern}: ")
        faults += odd
    try:
        config = Config(
            columns=_as_text(tables["columns"]),
            units=_as_text(tables["units"]),
            sex=_as_text(tables["sex"]),
            measures=_as_text(tables["measures"]),
            date_format=tables["dates"].get("format"),
            birth_precision=tables["dates"].get("birth_precision"),
            gestation_decimals=tables["gestation"].get("decimals"),
            missing=tuple(lists["missing"]),
            sources=tuple(lists["sources"]),
            merge=merge,
            privacy=privacy,
            files=files,
        )
    except UsageError as fault:
        faults.append(f"{where}{fault}".replace("configuration: ", ""))
        config = Config()
    return config, faults + [f"{where}{each}" for each in (*odd_merge, *odd_privacy)]


def _tables_of(
    entries: Mapping[str, Any], where: str
) -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    """Return every table of a configuration, and what stands where no table or key is expected."""
    known = _OF_A_FILE if where else _TABLES
    faults = [
        f"{where}found {key}, expected the tables {', '.join(f'[{name}]' for name in known)}"
        for key in entries
        if key not in known
    ]
    tables: dict[str, Mapping[str, Any]] = {}
    for name in _TABLES:
        table = entries.get(name, {})
        if not isinstance(table, dict):
            faults.append(f"{where}found {name} = ..., expected a table [{name}]")
            table = {}
        keys = _KEYS.get(name)
        faults += [
            f"{where}found {name}.{key}, expected {' or '.join(f'{name}.{k}' for k in keys)}"
            for key in table
            if keys is not None and key not in keys
        ]
        tables[name] = table
    return tables, faults


def _as_text(entries: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(entry) for key, entry in entries.items()}


def _faults(config: Config) -> list[str]:
    """Return what a configuration says that cannot mean anything."""
    slots = layouts()["synonyms"]
    faults = [
        f"columns: found {slot}, expected slots among {', '.join(slots)}"
        for slot in config.columns
        if slot not in slots
    ]
    for slot, unit in config.units.items():
        known = _units_of(slot)
        if unit.casefold() not in known:
            expected = ", ".join(known) or "no unit: it is no quantity"
            faults.append(f"units: found {slot} = {unit!r}, expected {expected}")
    for word, meaning in config.sex.items():
        if meaning not in ("male", "female", "unknown"):
            faults.append(f"sex: found {word} = {meaning!r}, expected male, female or unknown")
    for word, measure in config.measures.items():
        if measure not in layouts()["measures"]:
            expected = ", ".join(layouts()["measures"])
            faults.append(f"measures: found {word} = {measure!r}, expected one of {expected}")
    if config.date_format not in (None, *DATE_FORMATS):
        expected = ", ".join(DATE_FORMATS)
        faults.append(f"date format: found {config.date_format!r}, expected one of {expected}")
    if config.gestation_decimals not in (None, *_GESTATION_UNITS):
        faults.append(
            f"gestation decimals: found {config.gestation_decimals!r}, expected weeks or days"
        )
    if config.birth_precision not in (None, "day", "month"):
        faults.append(f"birth precision: found {config.birth_precision!r}, expected day or month")
    return faults


def is_called(name: str, pattern: str) -> bool:
    r"""Return whether a pattern names a file: as a whole, without its sheet, or without its folder.

    Examples
    --------
    >>> is_called("north/list.xlsx, sheet 2B", "list*.xlsx")
    True
    >>> is_called("north/list.xlsx", r"north\list*.xlsx")  # as Windows writes it
    True
    """
    name, pattern = name.replace("\\", "/"), pattern.replace("\\", "/")
    whole = name.partition(SHEET)[0]
    return any(fnmatchcase(each, pattern) for each in (name, whole, whole.rpartition("/")[2]))


def can_be_in(slot: str, unit: str) -> bool:
    """Return whether a configuration may say that a slot is in a unit."""
    return unit.casefold() in _units_of(slot)


def _units_of(slot: str) -> tuple[str, ...]:
    """Return the units a slot can be said to be in."""
    if slot == "age":
        return tuple(parsing.AGE_UNITS)
    if slot == "gestation":
        return _GESTATION_UNITS
    measure = {"length": "height", "birth_weight": "weight"}.get(slot, slot)
    return tuple(parsing.UNITS.get(measure, ()))


@cache
def layouts() -> dict[str, Any]:
    """Return the synonyms, units and presets shipped with the package."""
    text = (resources.files(__package__) / "layouts.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
