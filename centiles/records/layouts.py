"""What is known of layouts beforehand: shipped synonyms and presets, and a user's configuration."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

from centiles.errors import UsageError
from centiles.records import parsing
from centiles.records.dates import DATE_FORMATS

_TABLES: Final = ("columns", "units", "sex", "measures", "dates", "gestation")
_GESTATION_UNITS: Final = ("days", "weeks")


@dataclass(frozen=True)
class Config:
    """What a user says about a file instead of leaving it to be recognised.

    ``columns`` maps slots to headers, ``units`` slots to units, ``sex`` codes to sexes,
    ``measures`` a file's own words or codes to measures. ``birth_precision`` is "month" where only
    the months of birth are known, "day" where the days are, whatever they look like.

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
            raise UsageError(
                f"{path.name}: expected a configuration in TOML; found: {fault}"
            ) from None
        return cls.from_entries(entries, path.name)

    @classmethod
    def from_entries(cls, entries: Mapping[str, Any], name: str) -> Config:
        """Return the configuration in a table of entries, checked."""
        unknown = [key for key in entries if key not in _TABLES]
        unknown += [f"{key} = ..." for key in _TABLES if not isinstance(entries.get(key, {}), dict)]
        days, gestation = entries.get("dates", {}), entries.get("gestation", {})
        if not unknown:
            unknown = [f"dates.{key}" for key in days if key not in ("format", "birth_precision")]
            unknown += [f"gestation.{key}" for key in gestation if key != "decimals"]
        if unknown:
            raise UsageError(
                f"{name}: found {', '.join(unknown)}; expected the tables [columns], [units], "
                "[sex], [measures], [dates] with format or birth_precision, [gestation] with "
                "decimals"
            )
        try:
            return cls(
                columns=_as_text(entries.get("columns", {})),
                units=_as_text(entries.get("units", {})),
                sex=_as_text(entries.get("sex", {})),
                measures=_as_text(entries.get("measures", {})),
                date_format=days.get("format"),
                birth_precision=days.get("birth_precision"),
                gestation_decimals=gestation.get("decimals"),
            )
        except UsageError as fault:
            raise UsageError(f"{name}: {fault}") from None

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
        )


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
