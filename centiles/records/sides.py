"""The files beside the measurements: what is known of the children, events, actions.

Every row that is not blank is one row here, with its fate; what could not be used is listed.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.errors import MappingError
from centiles.measures import codes_of
from centiles.records import amounts, columns, parsing
from centiles.records.columns import ACTIONS_FILE, CHILDREN_FILE, EVENTS_FILE, Column
from centiles.records.files import read_table
from centiles.records.layouts import Config, layouts
from centiles.records.mapping import Mapping, identifier_kinds
from centiles.records.nodes import Identifiers
from centiles.records.rows import Rows
from centiles.records.synonyms import normal
from centiles.records.tables import TextTable

Flags = NDArray[np.bool_]

KINDS: Final = ("children", "events", "actions")
SIDE_FATES: Final = ("used", "unused", "not yet known")
PARENT_CM: Final = (100.0, 230.0)
_YES: Final = ("yes", "y", "true", "1", "x", "sensitive")
_NO: Final = ("no", "n", "false", "0")
_METRES_BELOW: Final = 3.0  # a parent's height without a unit under this is in metres


@dataclass(frozen=True)
class SideSource:
    """One side file as it was read, always whole; ``used`` and ``unused`` add up to its rows."""

    name: str
    kind: str
    sha256: str
    rows: int
    used: int
    mapping: dict[str, str]
    sampled: bool = False

    @property
    def unused(self) -> int:
        """How many rows could not be used."""
        return self.rows - self.used


@dataclass(frozen=True)
class SideFiles:
    """The side files, each as a frame (``columns.CHILDREN_FILE`` and so on), empty if not given."""

    children: pd.DataFrame = field(default_factory=lambda: columns.frame(CHILDREN_FILE, {}))
    events: pd.DataFrame = field(default_factory=lambda: columns.frame(EVENTS_FILE, {}))
    actions: pd.DataFrame = field(default_factory=lambda: columns.frame(ACTIONS_FILE, {}))
    problems: pd.DataFrame = field(default_factory=lambda: columns.frame(columns.PROBLEMS, {}))
    sources: tuple[SideSource, ...] = ()
    identifiers: tuple[Identifiers, ...] = ()

    def frame(self, kind: str) -> pd.DataFrame:
        """Return one of the files by its kind."""
        return {"children": self.children, "events": self.events, "actions": self.actions}[kind]


def read_sides(
    *,
    children: str | Path | None = None,
    events: str | Path | None = None,
    actions: str | Path | None = None,
    config: Config | None = None,
) -> SideFiles:
    """Return the side files that are given.

    Raises
    ------
    UnreadableError
        If a file cannot be read.
    MappingError
        If a file lacks a column it cannot do without, or two columns could be one thing.
    """
    found = SideFiles()
    given = {"children": children, "events": events, "actions": actions}
    for kind, path in given.items():
        if path is not None:
            name = Path(path).name
            table = read_table(Path(path), f"{name} ({kind})" if _twice(given, name) else name)
            found = with_side(found, kind, table, config or Config())
    return found


def _twice(given: dict[str, Any], name: str) -> bool:
    return sum(path is not None and Path(path).name == name for path in given.values()) > 1


def with_side(found: SideFiles, kind: str, table: TextTable, config: Config) -> SideFiles:
    """Return side files with one more, read from a table of text."""
    config = config.for_file(table.name)
    rows = Rows(table, _mapping_of(kind, table, config))
    identifiers = rows.identifiers()
    nobody = np.all([column.is_blank for column in identifiers.columns], axis=0)
    rows.list("P05", nobody & ~rows.rounded, "child_id")
    parts, unusable = _READERS[kind](rows)
    unused = nobody | unusable
    shared: dict[str, Any] = {
        "source": columns.categorical(np.zeros(len(table.rows), np.int8), [table.name]),
        "row": table.rows,
        "child_id": identifiers.columns[0].texts(),
        "fate": columns.words(unused.astype(np.int8), SIDE_FATES),
    }
    frame = columns.frame(_SCHEMAS[kind], shared | parts)
    mapped = {slot: rows.header(slot) for slot in rows.mapping.columns}
    used = len(frame) - int(unused.sum())
    source = SideSource(table.name, kind, table.sha256, len(frame), used, mapped)
    problems = columns.concatenated(columns.PROBLEMS, [found.problems, *rows.problems])
    changed: dict[str, Any] = {kind: frame, "problems": problems}
    return replace(
        found, **changed, sources=(*found.sources, source),
        identifiers=(*found.identifiers, identifiers),
    )  # fmt: skip


def settled_sides(
    sides: SideFiles,
    child: NDArray[np.int64],
    ids: NDArray[np.object_],
    *,
    known: int,
    born: NDArray[np.datetime64],
    as_of: np.datetime64,
) -> SideFiles:
    """Return side files whose rows are called as their children are.

    Parameters
    ----------
    sides
        The side files.
    child, ids
        The child of each row, −1 for none, in the order of :data:`KINDS`; what each is called.
    known
        How many of ``ids`` are in the exports: these come first.
    born
        Each child's birth date.
    as_of
        The last date of knowledge, NaT for none: what is after it is not yet known.
    """
    if not sides.sources:
        return sides
    frames: dict[str, Any] = {}
    problems = [sides.problems]
    called, days = np.append(ids, ""), np.append(born, np.datetime64("NaT", "D"))
    ends = np.cumsum([len(sides.frame(kind)) for kind in KINDS])
    for kind, mine in zip(KINDS, np.split(child, ends[:-1]), strict=True):
        frame = sides.frame(kind)
        parts: dict[str, Any] = {name: frame[name] for name in frame.columns}
        parts["child_id"] = called[mine]
        stranger = mine >= known
        if kind != "children":
            date = frame["date"].to_numpy().astype("datetime64[D]")
            age = (date - days[mine]).astype("timedelta64[D]")
            parts["age_days"] = np.where(np.isnat(age), np.nan, age.astype(np.float64))
            later = (date > as_of) & (frame["fate"] == "used").to_numpy()
            fate = codes_of(frame["fate"], SIDE_FATES)
            parts["fate"] = columns.words(np.where(later, 2, fate), SIDE_FATES)
        if stranger.any():
            at = np.flatnonzero(stranger)
            source = frame["source"].array[at]
            row = frame["row"].to_numpy()[at]
            problems.append(columns.problems("P23", source, row, "child_id"))
        frames[kind] = columns.frame(_SCHEMAS[kind], parts)
    return replace(sides, **frames, problems=columns.concatenated(columns.PROBLEMS, problems))


@cache
def _synonyms() -> dict[str, Any]:
    text = (resources.files(__package__) / "sides.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _mapping_of(kind: str, table: TextTable, config: Config) -> Mapping:
    """Return what each column of a side file is; all faults of it are told together."""
    known = layouts()["synonyms"]
    slots = {slot: known[slot] for slot in ("child_id", "name", "forename", "surname")}
    slots |= {slot: words or known[slot] for slot, words in _synonyms()[kind].items()}
    named = {slot: normal(header) for slot, header in config.columns.items() if slot in slots}
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, header in enumerate(table.headers):
        words = _without_owner(normal(header))
        for slot, synonyms in slots.items():
            if named.get(slot) == normal(header):
                found[slot].append((-1, place))
            elif words in synonyms:
                found[slot].append((synonyms.index(words), place))
    faults = []
    for slot, candidates in found.items():
        best = [place for rank, place in sorted(candidates) if rank == min(candidates)[0]]
        if len(best) > 1:
            both = " and ".join(f"{table.headers[k]!r} (column {k + 1})" for k in best)
            faults.append(f"{slot} could be {both}")
    lacking = [slot for slot in ("child_id", *_synonyms()["needed"][kind]) if slot not in found]
    if config.merge.by_name and ("name" in found or {"forename", "surname"} <= found.keys()):
        lacking = [slot for slot in lacking if slot != "child_id"]
    if lacking:
        faults.append(f"found no column for {', '.join(lacking)} among {len(table.headers)}")
    if faults:
        raise MappingError(
            f"{table.name}: {'; '.join(faults)}; expected the {kind} file with the columns "
            f"child_id, {', '.join(_synonyms()[kind])}. Rename the columns, or name them in a "
            "configuration"
        )
    places = {slot: min(candidates)[1] for slot, candidates in found.items()}
    identifiers = sorted(found.get("child_id", []))
    return Mapping(
        columns=places, units={}, config=config, long=False,
        aliases=tuple(place for _, place in identifiers[1:]),
        kinds=identifier_kinds(identifiers),
    )  # fmt: skip


def _without_owner(header: str) -> str:
    for owner in ("pupils ", "pupil ", "patients ", "patient ", "childs ", "child s "):
        if header.startswith(owner):
            return header.removeprefix(owner)
    return header


def _children(rows: Rows) -> tuple[dict[str, Any], Flags]:
    born = rows.days("birth_date")[0]
    return {
        "household_id": _texts(rows, "household_id"),
        "sex": rows.sexes(),
        "birth_date": born,
        "gestation_days": rows.gestations()[0],
        "mother_cm": _heights(rows, "mother_cm"),
        "father_cm": _heights(rows, "father_cm"),
        "condition": _texts(rows, "condition"),
    }, np.zeros(len(rows), dtype=np.bool_)


def _events(rows: Rows) -> tuple[dict[str, Any], Flags]:
    date = _dates(rows, "date")
    parts = {"date": date, "type": _texts(rows, "type"), "note": _texts(rows, "note")}
    return parts | {"sensitive": _sensitive(rows)}, np.isnat(date)


def _actions(rows: Rows) -> tuple[dict[str, Any], Flags]:
    date, rule = _dates(rows, "date"), rows.texts("rule")
    assert rule is not None  # a file without one was refused
    rows.list("F20", rule.is_blank, "rule")
    parts = {"rule": pd.Series(rule.texts()).str.upper().array, "date": date}
    parts |= {slot: _texts(rows, slot) for slot in ("action", "by_role")}
    return parts | {"review_on": rows.days("review_on")[0]}, np.isnat(date) | rule.is_blank


_READERS: Final[dict[str, Callable[[Rows], tuple[dict[str, Any], Flags]]]] = {
    "children": _children, "events": _events, "actions": _actions
}  # fmt: skip
_SCHEMAS: Final[dict[str, tuple[Column, ...]]] = {
    "children": CHILDREN_FILE, "events": EVENTS_FILE, "actions": ACTIONS_FILE
}  # fmt: skip


def _texts(rows: Rows, slot: str) -> Any:
    column = rows.texts(slot)
    return "" if column is None else column.texts()


def _dates(rows: Rows, slot: str) -> NDArray[np.datetime64]:
    """Return dates; list the rows that have none."""
    column = rows.texts(slot)
    assert column is not None  # a file without one was refused
    rows.list("D20", column.is_blank, slot)
    return rows.days(slot)[0]


def _heights(rows: Rows, slot: str) -> NDArray[np.float64]:
    """Return parents' heights [cm], as written: cm and m need no unit, others do.

    NaN and a problem where it is no parent's.
    """
    column = rows.column(slot)
    if column is None:
        return np.full(len(rows), np.nan)
    read = amounts.amounts(column.stripped)
    times, over = amounts.rates(read.unit, "height")
    bare = (read.unit == "").to_numpy()
    times[bare] = np.where(read.value[bare] < _METRES_BELOW, 100, 1)
    value = read.value * times / over
    fits = (value >= PARENT_CM[0]) & (value <= PARENT_CM[1])
    rows.list("P24", column.spread(~fits & ~read.missing, missing=False), slot)
    return column.spread(np.where(fits, value, np.nan), missing=np.nan)


def speaks_of_sensitive(text: str) -> bool:
    """Return whether a text has a word that makes an event sensitive.

    Examples
    --------
    >>> speaks_of_sensitive("Domestic abuse notification"), speaks_of_sensitive("House move")
    (True, False)
    """
    return re.search(_sensitive_words(), text.casefold()) is not None


def _sensitive_words() -> str:
    return "|".join(rf"\b{word}" for word in _synonyms()["sensitive"]["words"])


def _sensitive(rows: Rows) -> Flags:
    """Return which events are sensitive: by what the row says, by its type, or by its note."""
    kind, note, said = rows.texts("type"), rows.texts("note"), rows.column("sensitive")
    assert kind is not None  # a file without one was refused
    folded = kind.stripped.str.casefold()
    sensitive = kind.spread(folded.str.contains(_sensitive_words()), missing=False)
    if note is not None:
        sensitive = sensitive | ~note.is_blank
    if said is None:
        return np.asarray(sensitive, dtype=np.bool_)
    word = said.stripped.str.casefold()
    no, blank = word.isin(_NO).to_numpy(), parsing.is_missing(said.stripped)
    odd = ~no & ~blank & ~word.isin(_YES).to_numpy()
    rows.list("F21", said.spread(odd, missing=False), "sensitive")
    stated = said.spread(~blank, missing=False)
    return np.where(stated, ~said.spread(no, missing=False), sensitive).astype(np.bool_)
