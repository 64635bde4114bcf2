"""Configurations as files: found beside the exports, and written from what was used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from centiles.errors import UnwritableError
from centiles.records.layouts import Config

NAME: Final = "centiles.toml"


def found_upward(paths: Sequence[str | Path]) -> Path | None:
    """Return the nearest centiles.toml: in the first export's folder or above it, else from here.

    None where there is none.
    """
    starts = [Path(path).resolve().parent for path in paths[:1]] + [Path.cwd()]
    for start in starts:
        for folder in (start, *start.parents):
            if (folder / NAME).is_file():
                return folder / NAME
    return None


def toml_of(config: Config) -> str:
    """Return a configuration as TOML that reads back as the same.

    Examples
    --------
    >>> print(toml_of(Config(units={"weight": "kg"}, date_format="dd/mm/yyyy")))
    [units]
    weight = "kg"
    <BLANKLINE>
    [dates]
    format = "dd/mm/yyyy"
    <BLANKLINE>
    """
    merge, privacy = config.merge, config.privacy
    said: dict[str, dict[str, Any]] = {
        "sources": {"rank": list(config.sources)},
        "merge": {"by_name": merge.by_name, "never_merge": [list(g) for g in merge.never_merge]},
        "privacy": {
            "pseudonymise": privacy.pseudonymise,
            "dates": privacy.dates if privacy.dates != "keep" else None,
        },
    }
    tables = _tables_of(config) | {
        name: {key: value for key, value in entries.items() if value}
        for name, entries in said.items()
    }
    parts = [_table(name, entries) for name, entries in tables.items() if entries]
    for pattern, each in config.files.items():
        name = f"files.{_text(pattern)}"
        own = {f"{name}.{key}": entries for key, entries in _tables_of(each).items() if entries}
        parts += [_table(key, entries) for key, entries in (own or {name: {}}).items()]
    return "\n".join(parts)


def _tables_of(config: Config) -> dict[str, Mapping[str, Any]]:
    """Return the tables that a configuration of one file may have."""
    days = {"format": config.date_format, "birth_precision": config.birth_precision}
    return {
        "columns": config.columns,
        "units": config.units,
        "sex": config.sex,
        "measures": config.measures,
        "dates": {key: word for key, word in days.items() if word},
        "gestation": {"decimals": config.gestation_decimals} if config.gestation_decimals else {},
        "missing": {"words": list(config.missing)} if config.missing else {},
    }


def _table(name: str, entries: Mapping[str, Any]) -> str:
    lines = [f"{_key(key)} = {_value(value)}" for key, value in entries.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return _text(value)


def _text(text: str) -> str:
    """Return a text as TOML has it."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    odd = {ord(c): f"\\u{ord(c):04x}" for c in plain if ord(c) < 32 or ord(c) == 127}
    return f'"{plain.translate(odd)}"'


def save(config: Config, path: str | Path) -> None:
    """Write a configuration as a TOML file.

    Raises
    ------
    UnwritableError
        If the file is there already, or cannot be written.
    """
    path = Path(path)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(
                "# What the columns of these exports were taken for; written by centiles.\n\n"
            )
            file.write(toml_of(config))
    except FileExistsError:
        raise UnwritableError(f"{path}: is there already; choose another name") from None
    except OSError as fault:
        raise UnwritableError.of(path, fault) from fault
