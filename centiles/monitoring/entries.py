"""One table of a rule set, read key by key: what is wrong with it is told with all the rest."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from centiles.ages import DAYS_IN_MONTH, DAYS_IN_YEAR

_UNITS: Final = {"day": 1.0, "week": 7.0, "month": DAYS_IN_MONTH, "year": DAYS_IN_YEAR}


def is_pairs(entry: Any) -> bool:
    """Return whether something is a list of pairs of numbers."""
    pairs = entry if isinstance(entry, list) else [None]
    return all(isinstance(pair, list) and len(pair) == 2 and are_numbers(pair) for pair in pairs)


def are_numbers(values: list[Any]) -> bool:
    """Return whether all of a list are numbers."""
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)


def tables_of(entry: Any) -> list[dict[str, Any]]:
    """Return the tables of an array of them; what is something else is none."""
    found = entry if isinstance(entry, list) else [entry]
    return [each for each in found if isinstance(each, dict)]


class Entry:
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

    def flag(self, key: str) -> bool:
        """Return true or false, false where it is not there."""
        found = self.table.get(key, False)
        if not isinstance(found, bool):
            self.blame(f"{key} is {found!r}, expected true or false")
        return bool(found)

    def words(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a word, or a list of words."""
        found = self.table.get(key, list(default))
        words = found if isinstance(found, list) else [found]
        if not all(isinstance(each, str) for each in words):
            self.blame(f"{key} is {found!r}, expected words")
            return default
        return tuple(words)

    def number(self, key: str, default: float) -> float:
        """Return a number."""
        found = self.table.get(key, default)
        if not are_numbers([found]):
            self.blame(f"{key} is {found!r}, expected a number")
            return default
        return float(found)

    def pairs(self, key: str) -> tuple[tuple[float, float], ...]:
        """Return pairs of numbers."""
        found = self.table.get(key, [])
        if not is_pairs(found):
            self.blame(f"{key} is {found!r}, expected pairs of numbers")
            return ()
        return tuple((float(first), float(second)) for first, second in found)

    def age(self, key: str, found: Any, default: float = np.nan) -> float:
        """Return an age [d], given in years or as "6 weeks"."""
        if are_numbers([found]):
            return float(found) * DAYS_IN_YEAR
        amount, _, unit = str(found).partition(" ")
        unit = unit.removesuffix("s")
        try:
            return float(amount) * _UNITS[unit]
        except (ValueError, KeyError):
            self.blame(f"{key} is {found!r}, expected years, or words such as '6 weeks'")
            return default
