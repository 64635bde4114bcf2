"""Clinical codes to measures: what SNOMED CT, LOINC, CTV3 and Read codes stand for.

The codes are data, in ``codes.csv`` beside this module. A row there is one code, or a range of
them ("first..last"). ``use`` says whether its values are read, read with a note, or ignored: a
centile is no measurement, however much its code is one of BMI.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Final

NOT_MEASURED: Final = "not_measured"  # a code that says why there is no measurement
READ, READ_WITH_NOTE, IGNORE = "read", "read-with-note", "ignore"

_RANGE: Final = ".."
_READ_V2: Final = re.compile(r"([0-9A-Za-z.]{5})00")  # five characters, then 00 for the term
_READ: Final = re.compile(r"[0-9A-Za-z]{2,4}\.*")  # the dots that fill it up to five may lack


@dataclass(frozen=True)
class Code:
    """One clinical code: its system, the slot its values belong in, what to do with them."""

    system: str
    code: str
    measure: str
    use: str
    note: str


@cache
def codes() -> Mapping[str, Code]:
    """Return the codes that stand alone, by code; :func:`code_of` knows the ranges too."""
    return MappingProxyType({each.code: each for each in _listed() if not _is_range(each)})


def code_of(word: str) -> Code | None:
    """Return what a code stands for, or None where it is none of the table's.

    Read codes are known with and without their trailing dots, and with the ``00`` of a term.

    Examples
    --------
    >>> code_of("27113001").measure, code_of("22A").measure, code_of("229..00").measure
    ('weight', 'weight', 'height')
    >>> code_of("59576-9").use, code_of("shoe size")
    ('ignore', None)
    """
    return _code_of(word.strip())


@cache
def code_within(word: str) -> Code | None:
    """Return the code that stands alone in a cell, or before or behind its term.

    Examples
    --------
    >>> code_within("27113001 | Body weight |").measure
    'weight'
    >>> code_within("Standing height (XM01E)").measure
    'height'
    >>> code_within("weight 100")
    """
    if (found := code_of(word)) is not None:
        return found
    parts = [part.strip("|()[],:;") for part in word.split()]
    parts = [part for part in parts if part]
    ends = [parts[0], parts[-1]] if len(parts) > 1 else []
    return next((code for code in map(code_of, ends) if code is not None), None)


@cache
def _code_of(word: str) -> Code | None:
    known = codes()
    if (found := known.get(word)) is not None:
        return found
    if (term := _READ_V2.fullmatch(word)) is not None:
        return known.get(term[1])
    if _READ.fullmatch(word) and (found := known.get(word.ljust(5, "."))) is not None:
        return found
    if word.isascii() and word.isdigit() and len(word) <= 18:  # the longest a SNOMED code can be
        return next((code for low, high, code in _ranges() if low <= int(word) <= high), None)
    return None


def _is_range(code: Code) -> bool:
    first, _, last = code.code.partition(_RANGE)
    return first.isdigit() and last.isdigit()


@cache
def _ranges() -> tuple[tuple[int, int, Code], ...]:
    found = []
    for code in filter(_is_range, _listed()):
        first, _, last = code.code.partition(_RANGE)
        found.append((int(first), int(last), code))
    return tuple(found)


@cache
def _listed() -> tuple[Code, ...]:
    text = (resources.files(__package__) / "codes.csv").read_text(encoding="utf-8")
    return tuple(Code(**row) for row in csv.DictReader(text.splitlines()))
