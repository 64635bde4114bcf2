"""Headers to meanings: which column is which, in what unit, decided once and shown.

A column is taken for something only if its header *and* its content say so. Where two columns
could be the same thing the reading stops and shows both; nothing is decided by a guess.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, product
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from centiles.errors import MappingError, UnmappedError
from centiles.records import amounts, dates, identifiers, parsing
from centiles.records.codes import code_of, code_within
from centiles.records.layouts import Config, layouts
from centiles.records.nodes import NHS
from centiles.records.tables import TextColumn, TextTable

MEASURE_SLOTS: Final = MappingProxyType(
    {
        "weight": "weight",
        "height": "height",
        "length": "height",
        "bmi": "bmi",
        "head": "head",
        "birth_weight": "weight",
    }
)
VISIT_SLOTS: Final = tuple(slot for slot in MEASURE_SLOTS if slot != "birth_weight")
DATE_SLOTS: Final = ("birth_date", "measured_on", "recorded_on")
_UNIT_SLOTS: Final = ("unit", *(f"{slot}_unit" for slot in MEASURE_SLOTS))
_ONE_ONLY: Final = frozenset(
    (*MEASURE_SLOTS, *DATE_SLOTS, *_UNIT_SLOTS, "age", "value", "gestation")
)
_RANKED: Final = frozenset(("child_id", "household_id", "sex"))  # the first synonym is taken
# Where the content must fit even if no other column claims the same: the words are common ones.
_CONTENT_DECIDES: Final = frozenset((*DATE_SLOTS, "age", "value", "measure", "code"))
_OWNERS: Final = ("pupil", "pupils", "pupil s", "patient", "patients", "patient s", "child",
                  "child s", "childs", "client", "clients", "client s", "person", "baby", "babys",
          "infant", "infants", "newborn")  # fmt: skip
# When a value is of, behind or before its measure: "weight at clinic". Not "measured" or
# "recorded", under which a yes or a date may stand.
_OCCASION: Final = re.compile(
    r"^(?:current|actual|todays?) | (?:today|reading|result|(?:at|on) (?:clinic|contact|visit"
    r"|review|assessment|appointment|exam(?:ination)?|measurement|admission|discharge|day))$"
)
_SAMPLE: Final = 2000  # distinct words looked at to tell what a column holds
_LAST: Final = 99  # the rank of what is no synonym
_FEWEST_KNOWN: Final = 3  # columns recognised, for the line to be a header
_FEWEST_ROWS: Final = 2  # for numbers to count them
_ELSE: Final = 200  # and of what is taken where no other column is the slot
# How a date is to be written, behind what date it is: "dob dd/mm/yyyy".
_DATE_FORM: Final = re.compile(
    r" (?:(?:dd?[/ ]?m{1,3}|m{1,2}[/ ]?dd?)[/ ]?yy(?:yy)?|yyyy[/ ]?mm[/ ]?dd)$"
)
_SHORT: Final = ("lb", "lbs", "in", "g", "m")  # what a word may end in that is no measure
_GLUED: Final = ("kg", "cm", "mm", "days", *_SHORT)  # behind a word without a space: "htcm"
_NO_FIT, _EMPTY, _FIT = range(3)
# What clinical terms begin or end with, beside the measure.
_BEFORE: Final = ("o/e ",)
_BEHIND: Final = (" observable entity", " finding", " procedure", " nos")


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
    header_units |= {slot: _unit_of(table.headers[place]) for slot, place in configured.items()}
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
    return Mapping(
        columns=columns,
        units=header_units | dict(config.units),
        config=config,
        long=long,
        header_units=header_units,
        aliases=tuple(each.place for each in named if each.place != columns.get("child_id")),
        codes=_all_of("code", configured, table, config) if long else (),
        terms=_all_of("measure", configured, table, config) if long else (),
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
    slot: str, configured: MappingABC[str, int], table: TextTable, config: Config
) -> tuple[int, ...]:
    """Return the columns of codes or of words: the configured one first, then all with any."""
    first = [configured[slot]] if slot in configured else []
    found, _ = _recognised(table, frozenset(), config, slots=("code", "measure"))
    others = [each.place for each in found.get(slot, [])]
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
                slot, rank, fit = "measure", _LAST + 1, _fit("measure", column, config.measures)
            if fit == _NO_FIT and slot in _CONTENT_DECIDES:
                unfit.append(place)
            else:
                ranked[slot, fit].append(_Candidate(rank, place, unit))
    best = {slot: max(fit for name, fit in ranked if name == slot) for slot, _ in ranked}
    found = {slot: sorted(ranked[slot, fit]) for slot, fit in best.items()}
    for slot, every in found.items():  # where a column of the name is there, no other is asked
        found[slot] = [each for each in every if each.rank <= _LAST] or every
    places = {each.place for candidates in found.values() for each in candidates}
    return found, [place for place in unfit if place not in places]


@cache
def matches(header: str) -> tuple[tuple[str, int, str], ...]:
    """Return the slots a normalised header names, its rank there, and the unit at its end.

    Whole synonyms only, so that "height z score" or "BMI centile" is never a measure.
    """
    header = _DATE_FORM.sub("", header)
    forms = [(header, ""), *_peeled(header)]
    forms += [
        (words.removeprefix(f"{owner} "), unit)
        for (words, unit), owner in product(tuple(forms), _OWNERS)
        if words.startswith(f"{owner} ")
    ]
    for named in (_by_synonym().get, _run_together, _said_twice):
        for words, unit in forms:
            if found := named(words):
                return tuple((slot, rank, unit) for slot, rank in found)
    shorter = _OCCASION.sub("", header)
    if shorter != header:
        return tuple(match for match in matches(shorter) if match[0] in VISIT_SLOTS)
    slot = _coded(header)
    return ((slot, _LAST, ""),) if slot else ()


def _run_together(words: str) -> list[tuple[str, int]] | None:
    """Return the slots of a header in capitals or without its spaces: "DATEOFBIRTH", "DoB"."""
    return _by_letters().get(words.replace(" ", ""))


def _said_twice(words: str) -> list[tuple[str, int]] | None:
    """Return the slot that both halves of a header name: "date of birth dob", "sex/gender"."""
    known, parts = _by_synonym(), re.split("[ /]", words)
    for place in range(1, len(parts)):
        first, second = (known.get(" ".join(half), []) for half in (parts[:place], parts[place:]))
        slots = {slot for slot, _ in second}
        if found := [each for each in first if each[0] in slots]:
            return found
    return None


def _coded(header: str) -> str:
    """Return whether a header is made of words for codes alone: "code", "measure" or empty."""
    known = layouts()["coded"]
    words = set(re.split(r"[ /]+", header))
    if words.isdisjoint(known["systems"]) or words - set(chain(*known.values())):
        return ""
    return "code" if words.isdisjoint(known["terms"]) else "measure"


def known_header(header: str) -> bool:
    """Return whether a header is one this library knows."""
    return bool(matches(normal(header)))


def says_unit(header: str, word: str) -> bool:
    """Return whether a word is a unit of what a header without one names.

    Examples
    --------
    >>> says_unit("Height", "cm"), says_unit("Height (m)", "cm"), says_unit("Sex", "m")
    (True, False, False)
    """
    unit = normal(word)
    found = matches(normal(f"{header} {unit}")) if unit in _unit_endings() else ()
    if not found or found[0][0] not in {*MEASURE_SLOTS, "age", "gestation"}:
        return False
    return found[0][2] == _unit_endings()[unit] and not _unit_of(header)


@cache
def _by_synonym() -> dict[str, list[tuple[str, int]]]:
    slots = defaultdict(list)
    for first, group in ((0, "synonyms"), (_ELSE, "otherwise")):
        for slot, synonyms in layouts()[group].items():
            for rank, word in enumerate(synonyms, first):
                slots[word].append((slot, rank))
    return dict(slots)


@cache
def _by_letters() -> dict[str, list[tuple[str, int]]]:
    return {word.replace(" ", ""): found for word, found in reversed(_by_synonym().items())}


@cache
def _unit_endings() -> dict[str, str]:
    units = layouts()["units"].values()
    return {word: unit for group in units for unit, words in group.items() for word in words}


def _peeled(header: str) -> list[tuple[str, str]]:
    """Return a header without the unit at its end, and the unit: "ht cm", "htcm", "wt in kg"."""
    found = []
    for ending, unit in _unit_endings().items():
        start = header.removesuffix(f" {ending}")
        if start != header:
            found.append((re.sub(r"(?: in| /)$", "", start), unit))
        elif ending in _GLUED and header.endswith(ending):
            start = header.removesuffix(ending).removesuffix("/")
            if ending not in _SHORT or start in _quantities():
                found.append((start, unit))
    return found


@cache
def _quantities() -> frozenset[str]:
    slots = layouts()["synonyms"]
    return frozenset(word for slot in MEASURE_SLOTS for word in slots[slot])


def _unit_of(header: str) -> str:
    """Return the unit at the end of a header, empty where there is none."""
    return next((unit for _, unit in _peeled(normal(header))), "")


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


@cache
def measure_of(word: str) -> tuple[str, str]:
    """Return the slot of what a long table calls a measure, and the unit in that word, or empty.

    Examples
    --------
    >>> measure_of("HEIGHTCM"), measure_of("O/E - weight"), measure_of("shoe size")
    (('height', 'cm'), ('weight', ''), ('', ''))
    """
    header = normal(word)
    for part in _BEFORE:
        header = header.removeprefix(part)
    for part in _BEHIND:
        header = header.removesuffix(part)
    for name, unit in [(header, ""), *_peeled(header)]:
        if name in _by_measure():
            return _by_measure()[name], unit
    return "", ""


@cache
def _by_measure() -> dict[str, str]:
    return {word: slot for slot, words in layouts()["measures"].items() for word in words}


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
