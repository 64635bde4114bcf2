"""What a user decides beside columns and units: whose word counts, who is merged, what is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from centiles.records.nodes import NHS, OWN

DATES: Final = ("keep", "ages")


@dataclass(frozen=True)
class Merge:
    """How children are matched.

    ``by_name`` also by name, birth date and sex; ``never_merge`` are lists of identifiers that
    are not one child; ``kinds`` the kinds of identifiers a child is called by, best first.
    """

    by_name: bool = False
    never_merge: tuple[tuple[str, ...], ...] = ()
    kinds: tuple[str, ...] = (NHS, OWN)


@dataclass(frozen=True)
class Privacy:
    """What results show: with ``pseudonymise`` (a key file) no identifier, with ages no date."""

    pseudonymise: str | None = None
    dates: str = "keep"


def merge_of(entries: Mapping[str, Any]) -> tuple[Merge, list[str]]:
    """Return the table [merge] of a configuration, and what in it cannot mean anything."""
    faults = [
        f"merge: found {key}, expected by_name or never_merge"
        for key in entries
        if key not in ("by_name", "never_merge")
    ]
    by_name, apart = entries.get("by_name", False), entries.get("never_merge", [])
    if not isinstance(by_name, bool):
        faults.append("merge: found by_name that is neither, expected true or false")
    if not _is_list_of_lists(apart):
        faults.append(
            "merge: expected never_merge as lists of two identifiers or more, such as "
            '[["A1", "B7"]]'
        )
        apart = []
    return Merge(by_name is True, tuple(tuple(map(str, group)) for group in apart)), faults


def _is_list_of_lists(entry: Any) -> bool:
    return isinstance(entry, list) and all(
        isinstance(group, list) and len(group) > 1 and all(isinstance(w, str) for w in group)
        for group in entry
    )


def privacy_of(entries: Mapping[str, Any]) -> tuple[Privacy, list[str]]:
    """Return the table [privacy] of a configuration, and what in it cannot mean anything."""
    faults = [
        f"privacy: found {key}, expected pseudonymise or dates"
        for key in entries
        if key not in ("pseudonymise", "dates")
    ]
    key, dates = entries.get("pseudonymise"), entries.get("dates", "keep")
    if not isinstance(key, str | None):
        faults.append("privacy: expected pseudonymise as the name of a key file")
        key = None
    if dates not in DATES:
        faults.append(f"privacy: found dates = {dates!r}, expected one of {', '.join(DATES)}")
        dates = "keep"
    return Privacy(key, str(dates)), faults
