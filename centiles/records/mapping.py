"""Headers to meanings: which column is which, in what unit, decided once and shown.

A column is taken for something only if its header *and* its content say so. Where two columns
could be the same thing the reading stops and shows both; nothing is decided by a guess.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np

from centiles.errors import MappingError, UsageError
from centiles.measures import MEASURES
from centiles.records import parsing
from centiles.records.tables import TextColumn, TextTable

MEASURE_SLOTS: Final = {
    "weight": "weight",
    "height": "height",
    "length": "height",
    "bmi": "bmi",
    "head": "head",
    "birth_weight": "weight",
}
DATE_SLOTS: Final = ("birth_date", "measured_on", "recorded_on")
ONE_ONLY: Final = (*MEASURE_SLOTS, *DATE_SLOTS, "age", "value", "measure")
NEVER_A_MEASURE: Final = frozenset(
    {"z", "zscore", "score", "pscore", "centile", "percentile", "sds", "sd", "category", "pct"}
)
_POSSESSIVES: Final = ("pupil", "pupils", "pupil s", "patient", "patients", "patient s", "child",
                       "child s", "childs", "client", "clients", "client s", "person")  # fmt: skip


@dataclass(frozen=True)
class Config:
    """What a user says about a file instead of leaving it to be recognised.

    ``columns`` maps slots to headers, ``units`` slots to units, ``sex`` codes to sexes.
    """

    columns: MappingABC[str, str] = field(default_factory=dict)
    units: MappingABC[str, str] = field(default_factory=dict)
    sex: MappingABC[str, str] = field(default_factory=dict)
    date_format: str | None = None
    gestation_decimals: str | None = None
    unknown_gestation: str = "score"

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
            entries = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as fault:
            raise UsageError(
                f"{path.name}: expected a configuration in TOML; found: {fault}"
            ) from fault
        return cls.from_entries(entries, path.name)

    @classmethod
    def from_entries(cls, entries: MappingABC[str, Any], name: str) -> Config:
        """Return the configuration in a table of entries, checked."""
        known = {"columns", "units", "sex", "dates", "gestation", "about"}
        faults = [f"table [{key}]" for key in entries if key not in known]
        slots = set(layouts()["synonyms"]) | set(map(str, MEASURES))
        for table in ("columns", "units"):
            faults += [f"{table}.{slot}" for slot in entries.get(table, {}) if slot not in slots]
        if faults:
            raise UsageError(
                f"{name}: does not know {', '.join(faults)}; expected tables columns, units, sex, "
                f"dates, gestation, and slots {', '.join(sorted(slots))}"
            )
        dates, gestation = entries.get("dates", {}), entries.get("gestation", {})
        return cls(
            columns=entries.get("columns", {}),
            units=entries.get("units", {}),
            sex={str(code): sex for code, sex in entries.get("sex", {}).items()},
            date_format=dates.get("format"),
            gestation_decimals=gestation.get("decimals"),
        )

    def over(self, other: Config) -> Config:
        """Return this configuration, with ``other`` wherever this says nothing."""
        return Config(
            columns={**other.columns, **self.columns},
            units={**other.units, **self.units},
            sex={**other.sex, **self.sex},
            date_format=self.date_format or other.date_format,
            gestation_decimals=self.gestation_decimals or other.gestation_decimals,
        )


@dataclass(frozen=True)
class Mapping:
    """What each column of a file was taken for.

    ``columns`` maps slots to places in the file; ``units`` slots to units, where the header, the
    configuration or the values say; ``aliases`` further identifiers, not used.
    """

    columns: MappingABC[str, int]
    units: MappingABC[str, str]
    config: Config
    long: bool
    aliases: tuple[int, ...] = ()


@cache
def layouts() -> dict[str, Any]:
    """Return the synonyms, units and presets shipped with the package."""
    text = (resources.files(__package__) / "layouts.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def preset(name: str) -> Config:
    """Return a preset's configuration by name.

    Raises
    ------
    UsageError
        If there is no such preset.
    """
    presets = layouts()["presets"]
    if name not in presets:
        raise UsageError(f"preset: found {name!r}, expected one of {', '.join(presets)}")
    return Config.from_entries(presets[name], f"preset {name}")


def normal(header: str) -> str:
    """Return a header as it is compared: no case, punctuation, CamelCase or doubled spaces.

    Examples
    --------
    >>> normal("DateOfBirth"), normal("Pupil's NHS No."), normal("Height (cm)")
    ('date of birth', 'pupils nhs no', 'height cm')
    """
    text = unicodedata.normalize("NFKC", header).replace("\ufeff", "")
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    text = re.sub(r"['’]", "", text.casefold())
    return " ".join(re.sub(r"[^\w/²]|_", " ", text).split())


def mapping_of(table: TextTable, config: Config) -> Mapping:
    """Return what each column of a file is.

    Raises
    ------
    MappingError
        If two columns could be one thing, a configured column is not there, or the file lacks
        an identifier, a date or age, or any measure.
    """
    candidates = _candidates(table, config)
    _stop_if_ambiguous(table, candidates, config)
    chosen = {slot: found[0] for slot, found in candidates.items()}
    columns = {slot: place for slot, (place, _) in chosen.items()}
    units = {slot: unit for slot, (_, unit) in chosen.items() if unit} | dict(config.units)
    long = "measure" in columns and "value" in columns
    _stop_if_lacking(table, columns, long)
    aliases = tuple(place for place, _ in candidates.get("child_id", [])[1:])
    return Mapping(columns, units, config, long, aliases)


def _candidates(table: TextTable, config: Config) -> dict[str, list[tuple[int, str]]]:
    """Return for each slot the columns that could be it, best first, with the header's unit."""
    by_header = {normal(header): place for place, header in enumerate(table.headers)}
    found: dict[str, list[tuple[int, str]]] = {}
    absent = []
    for slot, header in config.columns.items():
        if normal(header) not in by_header:
            absent.append(f"{slot} = {header!r}")
        else:
            found[slot] = [(by_header[normal(header)], "")]
    if absent:
        raise MappingError(
            f"{table.name}: the configuration names columns the file has not: {', '.join(absent)}. "
            "Correct the configuration, or use --preset for this file's layout"
        )
    taken = {places[0][0] for places in found.values()}
    ranked: list[tuple[str, int, int, str]] = []
    for place, header in enumerate(table.headers):
        match = None if place in taken else _match(normal(header))
        if match and match[0] not in found and _content_fits(match[0], table.columns[place]):
            ranked.append((match[0], match[1], place, match[2]))
    for slot, _, place, unit in sorted(ranked):
        found.setdefault(slot, []).append((place, unit))
    return found


def _match(header: str) -> tuple[str, int, str] | None:
    """Return the slot a header names, its rank there, and the unit at its end."""
    forms = [(header, "")]
    if (peeled := _peeled(header)) is not None:
        forms.append(peeled)
    for words, unit in list(forms):
        for owner in _POSSESSIVES:
            if words.startswith(owner + " "):
                forms.append((words.removeprefix(owner + " "), unit))
    for words, unit in forms:
        slot = _by_synonym().get(words)
        if slot is not None and not (slot[0] in MEASURE_SLOTS and _derived(header)):
            return slot[0], slot[1], unit or _unit_in(words)
    return None


def _derived(header: str) -> bool:
    """Return whether a header names a z-score, a centile or a class, never a measurement."""
    return not NEVER_A_MEASURE.isdisjoint(header.split())


@cache
def _by_synonym() -> dict[str, tuple[str, int]]:
    synonyms = layouts()["synonyms"]
    return {
        word: (slot, rank) for slot, names in synonyms.items() for rank, word in enumerate(names)
    }


@cache
def _unit_endings() -> dict[str, str]:
    units = layouts()["units"].values()
    return {word: unit for group in units for unit, words in group.items() for word in words}


def _peeled(header: str) -> tuple[str, str] | None:
    """Return a header without the unit at its end, and the unit: "ht cm", "htcm", "wt in kg"."""
    endings = _unit_endings()
    start, _, last = header.rpartition(" ")
    if start and last in endings:
        return start.removesuffix(" in"), endings[last]
    for ending in ("kg", "cm", "mm"):
        if header.endswith(ending) and header.removesuffix(ending) in _by_synonym():
            return header.removesuffix(ending), ending
    return None


def _unit_in(words: str) -> str:
    """Return the unit a synonym carries within itself ("age days", "agedays")."""
    return "days" if words.startswith("age") and words.endswith("days") else ""


def _content_fits(slot: str, column: TextColumn) -> bool:
    """Return whether some of a column's words are what its header says they are."""
    words = column.stripped.head(2000)
    filled = words[~words.str.casefold().isin(parsing.MISSING_WORDS)]
    if filled.empty:
        return True
    if slot in DATE_SLOTS:
        found, _ = parsing.dates(filled, day_before_month=True)
        other, _ = parsing.dates(filled, day_before_month=False)
        return bool((~np.isnat(found) | ~np.isnat(other)).any())
    if slot in MEASURE_SLOTS or slot in ("age", "value"):
        read = parsing.numbers(filled)
        return bool((np.isfinite(read.value) | read.reason).any())
    if slot == "measure":
        return bool(filled.map(normal).isin(measure_words()).any())
    return True


@cache
def measure_words() -> dict[str, str]:
    """Return what a long table may call each measure, normalised, as slots."""
    return {word: slot for slot, words in layouts()["measures"].items() for word in words}


def _stop_if_ambiguous(
    table: TextTable, candidates: dict[str, list[tuple[int, str]]], config: Config
) -> None:
    faults = []
    for slot in ONE_ONLY:
        places = [place for place, _ in candidates.get(slot, [])]
        if len(places) > 1:
            both = " and ".join(f"{table.headers[place]!r}" for place in places)
            faults.append(f"{slot} could be {both}")
    if faults:
        raise MappingError(
            f"{table.name}: {'; '.join(faults)}. Say which in a configuration, for example "
            f'[columns] {faults[0].split()[0]} = "the right header"'
        )


def _stop_if_lacking(table: TextTable, columns: dict[str, int], long: bool) -> None:
    lacking = []
    if "child_id" not in columns:
        lacking.append("an identifier (such as NHS number)")
    if "measured_on" not in columns and "age" not in columns:
        lacking.append("a date of measurement or an age")
    if not long and not set(columns) & set(MEASURE_SLOTS):
        lacking.append("a measure (weight, height, BMI, head circumference, or measure and value)")
    if lacking:
        known = [table.headers[place] for place in columns.values()]
        raise MappingError(
            f"{table.name}: found {len(table.headers)} columns and recognised "
            f"{', '.join(known) if known else 'none of them'}; lacking {'; '.join(lacking)}. "
            "Check the delimiter and the header line, or name the columns in a configuration"
        )
