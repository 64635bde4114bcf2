"""Headers to meanings: which column is which, in what unit, decided once and shown.

A column is taken for something only if its header *and* its content say so. Where two columns
could be the same thing the reading stops and shows both; nothing is decided by a guess.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from centiles.errors import MappingError, UnmappedError
from centiles.records import amounts, dates, identifiers, parsing
from centiles.records.codes import code_of, code_within
from centiles.records.layouts import Config, layouts
from centiles.records.nodes import NHS
from centiles.records.synonyms import (
    DATE_SLOTS,
    LAST,
    MEASURE_SLOTS,
    VISIT_SLOTS,
    matches,
    measure_of,
    normal,
    unit_of,
)
from centiles.records.tables import TextColumn, TextTable

_UNIT_SLOTS: Final = ("unit", *(f"{slot}_unit" for slot in MEASURE_SLOTS))
_ONE_ONLY: Final = frozenset(
    (*MEASURE_SLOTS, *DATE_SLOTS, *_UNIT_SLOTS, "age", "value", "gestation")
)
_RANKED: Final = frozenset(("child_id", "household_id", "sex"))  # the first synonym is taken
# Where the content must fit even if no other column claims the same: the words are common ones.
_CONTENT_DECIDES: Final = frozenset((*DATE_SLOTS, "age", "value", "measure", "code"))
_SAMPLE: Final = 2000  # distinct words looked at to tell what a column holds
_FEWEST_KNOWN: Final = 3  # columns recognised, for the line to be a header
_FEWEST_ROWS: Final = 2  # for numbers to count them
_NO_FIT, _EMPTY, _FIT = range(3)


@dataclass(frozen=True)
class Mapping:
    """What each column of a file was taken for.

    ``columns`` maps slots to places in the file; ``units`` slots to units, where the
    configuration or the header says; ``header_units`` those the header says; ``aliases`` are
    further identifiers, and ``kinds`` what kind each column of identifiers is, by its place;
    ``codes`` are the columns of clinical codes and ``terms`` those of words for measures; of each
    the first that knows its word speaks.
    """

    columns: MappingABC[str, int]
    units: MappingABC[str, str]
    config: Config
    long: bool
    header_units: MappingABC[str, str] = field(default_factory=dict)
    aliases: tuple[int, ...] = ()
    codes: tuple[int, ...] = ()
    terms: tuple[int, ...] = ()
    kinds: MappingABC[int, str] = field(default_factory=dict)


class _Candidate(NamedTuple):
    """A column that could be a slot: its rank among the slot's synonyms, its place, its unit."""

    rank: int
    place: int
    unit: str


def mapping_of(table: TextTable, config: Config) -> Mapping:
    """Return what each column of a file is.

    Raises
    ------
    MappingError
        If two columns could be one thing, or a configured column is not there.
    UnmappedError
        If the file lacks an identifier, a date or age, or any measure.
    """
    configured = _configured(table, config)
    found, unfit = _recognised(table, frozenset(configured.values()), config)
    named = _without_row_numbers(table, found.get("child_id", []), configured.get("child_id"))
    found = {slot: best for slot, best in found.items() if slot not in configured}
    _stop_if_ambiguous(table, found)
    columns = configured | {slot: best[0].place for slot, best in found.items()}
    header_units = {slot: best[0].unit for slot, best in found.items()}
    header_units |= {slot: unit_of(table.headers[place]) for slot, place in configured.items()}
    header_units = {
        slot: unit for slot, unit in header_units.items() if unit and slot not in config.units
    }
    if {"birth_date", "measured_on"} <= columns.keys() and "age" not in config.columns:
        columns.pop("age", None)  # dates say it better
        header_units.pop("age", None)
    long = _is_long(columns)
    if not long and "unit" in found and _fit("unit", table.columns[columns["unit"]], {}) != _FIT:
        columns.pop("unit")  # a ward, a team
    _stop_if_lacking(table, columns, unfit, by_name=config.merge.by_name)
    _stop_if_both(table, columns, long=long)
    spoken = _recognised(table, frozenset(), config, slots=("code", "measure"))[0] if long else None
    return Mapping(
        columns=columns,
        units=header_units | dict(config.units),
        config=config,
        long=long,
        header_units=header_units,
        aliases=tuple(each.place for each in named if each.place != columns.get("child_id")),
        codes=_all_of("code", configured, spoken),
        terms=_all_of("measure", configured, spoken),
        kinds=identifier_kinds((each.rank, each.place) for each in named),
    )


def _without_row_numbers(
    table: TextTable, named: list[_Candidate], configured: int | None
) -> list[_Candidate]:
    """Return columns of identifiers without an "id" that numbers the rows, not the children.

    It is another in each row, beside an identifier that is not, or counts them: two files have the
    same numbers, and their children would be joined by them.
    """
    best = configured if configured is not None else named[0].place if named else None

    def numbers_rows(place: int) -> bool:
        codes, rows = table.columns[place].codes, len(table.rows)
        if normal(table.headers[place]) != "id" or len(table.columns[place].words) < rows:
            return False
        if len(np.unique(codes[codes >= 0])) < rows or best is None or rows < _FEWEST_ROWS:
            return False
        others = table.columns[best].codes
        counted = np.diff(pd.to_numeric(table.columns[place].stripped, errors="coerce")[codes]) == 1
        return len(np.unique(others[others >= 0])) < rows or bool(counted.all())

    return [each for each in named if each.place == best or not numbers_rows(each.place)]


def identifier_kinds(ranked: Iterable[tuple[int, int]]) -> dict[int, str]:
    """Return what kind of identifier each column is, by its place, from its rank as a synonym."""
    synonyms = layouts()["synonyms"]["child_id"]
    words = [NHS if identifiers.says_nhs(word) else word for word in synonyms]
    return {place: words[rank] for rank, place in ranked if rank >= 0}


def _is_long(columns: MappingABC[str, int]) -> bool:
    return "value" in columns and not columns.keys().isdisjoint({"measure", "code"})


def _all_of(
    slot: str, configured: MappingABC[str, int], spoken: MappingABC[str, list[_Candidate]] | None
) -> tuple[int, ...]:
    """Return the columns of codes or of words: the configured one first, then all with any.

    None where a row is of one visit, and no column of it speaks.
    """
    if spoken is None:
        return ()
    first = [configured[slot]] if slot in configured else []
    others = [each.place for each in spoken.get(slot, [])]
    taken = {place for name, place in configured.items() if name != slot}
    return tuple(dict.fromkeys(place for place in first + others if place not in taken))


def recognised(headers: Sequence[str]) -> int:
    """Return how many of some words are headers this library knows.

    Examples
    --------
    >>> recognised(["Surname", "DOB", "Ht (m)"]), recognised(["Oak School, weights 2024"])
    (3, 0)
    """
    return sum(bool(matches(normal(header))) for header in headers)


def _configured(table: TextTable, config: Config) -> dict[str, int]:
    """Return the places of the columns that the configuration names."""
    places = defaultdict(list)
    for place, header in enumerate(table.headers):
        places[normal(header)].append(place)
    faults = [
        f"{slot} = {header!r} ({'twice' if normal(header) in places else 'not'} in the file)"
        for slot, header in config.columns.items()
        if len(places.get(normal(header), [])) != 1
    ]
    if faults:
        raise MappingError(
            f"{table.name}: the configuration names columns that are not there once: "
            f"{', '.join(faults)}. Correct it, or use --preset for this file's layout"
        )
    return {slot: places[normal(header)][0] for slot, header in config.columns.items()}


def _recognised(
    table: TextTable, taken: frozenset[int], config: Config, slots: Sequence[str] = ()
) -> tuple[dict[str, list[_Candidate]], list[int]]:
    """Return for each slot, or some of them, the columns that could be it, best first.

    A column whose content fits beats one that is empty, and that one a column whose content does
    not. With them come the places of columns with a fitting header and a content that does not.
    """
    ranked: dict[tuple[str, int], list[_Candidate]] = defaultdict(list)
    unfit = []
    for place, (header, column) in enumerate(zip(table.headers, table.columns, strict=True)):
        for slot, rank, unit in [] if place in taken else matches(normal(header)):
            if slots and slot not in slots:
                continue
            fit = _fit(slot, column, config.measures)
            if slot == "code" and fit == _NO_FIT:  # the words of the codes may stand there
                slot, rank, fit = "measure", LAST + 1, _fit("measure", column, config.measures)
            if fit == _NO_FIT and slot in _CONTENT_DECIDES:
                unfit.append(place)
            else:
                ranked[slot, fit].append(_Candidate(rank, place, unit))
    best = {slot: max(fit for name, fit in ranked if name == slot) for slot, _ in ranked}
    found = {slot: sorted(ranked[slot, fit]) for slot, fit in best.items()}
    for slot, every in found.items():  # where a column of the name is there, no other is asked
        found[slot] = [each for each in every if each.rank <= LAST] or every
    places = {each.place for candidates in found.values() for each in candidates}
    return found, [place for place in unfit if place not in places]


def holds(slot: str, column: TextColumn) -> bool:
    """Return whether a column has words that could be what a slot is, by themselves."""
    return _fit(slot, column, {}) == _FIT


def _fit(slot: str, column: TextColumn, own: MappingABC[str, str]) -> int:
    """Return whether a column's words are what its header says they are, or it has none."""
    words = column.stripped.head(_SAMPLE)
    words = words[~parsing.is_missing(words)]
    if words.empty:
        return _EMPTY
    fits = True
    if slot in DATE_SLOTS:
        fits = bool(dates.look_like_dates(words).any())
    elif slot in MEASURE_SLOTS or slot in ("age", "value"):
        fits = not amounts.amounts(words).bad.all()
    elif slot == "measure":
        fits = any(measure_of(word)[0] or word in own or code_within(word) for word in words)
    elif slot == "code":
        fits = any(word in own or code_of(word) for word in words)
    elif slot == "unit":
        fits = bool(words.str.casefold().isin(_known_units()).any())
    return _FIT if fits else _NO_FIT


@cache
def _known_units() -> frozenset[str]:
    known = {word for units in parsing.UNITS.values() for word in units}
    return frozenset(known | {"st", "stone", "stones", "oz", "ounces", "lb oz", "ft", "feet"})


def _stop_if_ambiguous(table: TextTable, found: dict[str, list[_Candidate]]) -> None:
    faults, chosen = [], []
    for slot in sorted((_ONE_ONLY | _RANKED) & found.keys()):
        candidates = found[slot]
        if slot not in _ONE_ONLY:
            candidates = [each for each in candidates if each.rank == candidates[0].rank]
        if len(candidates) > 1:
            places = [each.place for each in candidates]
            both = " and ".join(f"{table.headers[k]!r} (column {k + 1})" for k in places)
            faults.append(f"{slot} could be {both}")
            chosen.append(f'[columns] {slot} = "{table.headers[places[0]]}"')
    if faults:
        raise MappingError(
            f"{table.name}: {'; '.join(faults)}. Say which in centiles.toml, for example "
            f"{chosen[0]}; rename one of two that are called the same"
        )


_BY_NAME: Final = (
    "; where a name, a birth date and a sex are enough to tell children apart, a file "
    "centiles.toml with the lines [merge] and by_name = true goes by those"
)
_A_DATE: Final = "; a date that stands above the table has to be a column of it, 'Date measured'"


def _stop_if_lacking(
    table: TextTable, columns: MappingABC[str, int], unfit: list[int], *, by_name: bool
) -> None:
    lacking: list[str] = []
    advice: list[str] = []
    named = "name" in columns or {"forename", "surname"} <= columns.keys()
    if "child_id" not in columns and not (by_name and named):
        lacking.append("an identifier (such as NHS number)")
        advice += [_BY_NAME] if named else []
    of_birth = columns.keys() & MEASURE_SLOTS.keys() == {"birth_weight"} and "birth_date" in columns
    if "measured_on" not in columns and "age" not in columns and not of_birth:
        lacking.append("a date of measurement or an age")
        advice += [_A_DATE] if len(columns) >= _FEWEST_KNOWN else []
    if not _is_long(columns) and not columns.keys() & MEASURE_SLOTS.keys():
        lacking.append("a measure (weight, height, BMI, head circumference, or measure and value)")
    if lacking:
        known = ", ".join(table.headers[place] for place in columns.values())
        unlike = ", ".join(table.headers[place] for place in unfit)
        said = f"The cells under {unlike} are not what the header says. " if unlike else ""
        few = len(columns) < _FEWEST_KNOWN
        raise UnmappedError(
            f"{table.name}: found {len(table.headers)} columns and recognised "
            f"{known or 'none of them'}; lacking {'; '.join(lacking)}. {said}"
            + ("Check the delimiter and the header line, or name" if few else "Name")
            + " the columns in a configuration"
            + "".join(advice)
        )


def _stop_if_both(table: TextTable, columns: MappingABC[str, int], *, long: bool) -> None:
    """Stop where a file is long and wide at once, or one unit column is there for many measures."""
    wide = [table.headers[columns[slot]] for slot in VISIT_SLOTS if slot in columns]
    if long and wide:
        raise MappingError(
            f"{table.name}: found measures in rows (measure and value) and in columns "
            f"({', '.join(wide)}), expected one or the other; leave out what is not needed"
        )
    if not long and "unit" in columns and len(wide) > 1:
        raise MappingError(
            f"{table.name}: found one column of units and {len(wide)} measures "
            f"({', '.join(wide)}), expected a unit column each, such as 'Weight unit'; "
            "rename it, or leave it out and give [units] in a configuration"
        )
