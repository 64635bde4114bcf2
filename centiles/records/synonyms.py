"""What the header of a column can mean: the synonyms of each slot, and the unit at its end."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import cache
from itertools import chain, product
from types import MappingProxyType
from typing import Final

from centiles.records.layouts import layouts

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
_OWNERS: Final = ("pupil", "pupils", "pupil s", "patient", "patients", "patient s", "child",
                  "child s", "childs", "client", "clients", "client s", "person", "baby", "babys",
          "infant", "infants", "newborn")  # fmt: skip
# When a value is of, behind or before its measure: "weight at clinic". Not "measured" or
# "recorded", under which a yes or a date may stand.
_OCCASION: Final = re.compile(
    r"^(?:current|actual|todays?) | (?:today|reading|result|(?:at|on) (?:clinic|contact|visit"
    r"|review|assessment|appointment|exam(?:ination)?|measurement|admission|discharge|day))$"
)
LAST: Final = 99  # the rank of what is no synonym
_ELSE: Final = 200  # and of what is taken where no other column is the slot
# How a date is to be written, behind what date it is: "dob dd/mm/yyyy".
_DATE_FORM: Final = re.compile(
    r" (?:(?:dd?[/ ]?m{1,3}|m{1,2}[/ ]?dd?)[/ ]?yy(?:yy)?|yyyy[/ ]?mm[/ ]?dd)$"
)
_SHORT: Final = ("lb", "lbs", "in", "g", "m")  # what a word may end in that is no measure
_GLUED: Final = ("kg", "cm", "mm", "days", *_SHORT)  # behind a word without a space: "htcm"
# What clinical terms begin or end with, beside the measure.
_BEFORE: Final = ("o/e ",)
_BEHIND: Final = (" observable entity", " finding", " procedure", " nos")


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
    return ((slot, LAST, ""),) if slot else ()


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
    return found[0][2] == _unit_endings()[unit] and not unit_of(header)


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


def unit_of(header: str) -> str:
    """Return the unit at the end of a header, empty where there is none."""
    return next((unit for _, unit in _peeled(normal(header))), "")


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
