"""What was made of a file, in words: what each column was taken for, and which are not read.

A weight that is left out is seen before a run. A header that may be data is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingABC
from itertools import product
from typing import Final

import pandas as pd

from centiles.records import columns
from centiles.records.dates import look_like_dates
from centiles.records.mapping import Mapping, holds
from centiles.records.rows import Rows
from centiles.records.synonyms import normal
from centiles.records.tables import TextColumn, TextTable

# Behind the columns of a row that is given back to be mended; no synonym of any slot.
WHAT_IS_WRONG: Final = "what is wrong"
WHAT_TO_DO: Final = "what to do"
ADDED: Final = (WHAT_IS_WRONG, WHAT_TO_DO)
MOST_NAMED: Final = 40
_LONGEST: Final = 60
_FEWEST_WORDS: Final = 3  # of a column that has any: blanks are one or two
_FEWEST_DIGITS: Final = 6  # of a date, or of a number that is somebody's
# Scores and classes, which are worked out anew and never read.
_SCORE: Final = re.compile(
    r"\b(?:z|z ?scores?|sds|sd scores?|p ?scores?|centiles?|percentiles?|[whbl]az|whz|wlz|hcz"
    r"|bmiz|weightz|heightz|sd|pct|(?:population|clinical) categor(?:y|ies))\b|%ile"
)
_MEASURE: Final = re.compile(
    r"weight|wt\b|height|ht\b|length|head|ofc|bmi|circumference|date|dob|birth|gest|\bsex|gender"
)
# What a measure is called, where nothing else of the header is known; not at birth, which is a slot
# of its own, nor what is wished for, or lost and gained.
_CALLED: Final = {
    ("weight",): r"weight|wt",
    ("height", "length"): r"height|ht|length|stature",
    ("head",): r"head|hc|ofc",
    ("bmi",): r"bmi",
}
_ANOTHER: Final = re.compile(
    r"birth|born|target|goal|ideal|expected|predicted|change|gain|loss|lost|velocity|mother|father"
    r"|maternal|paternal|mum|dad|parent|unit|uom|method|device|time|date|age|placenta"
)


def described(rows: Rows, used_units: MappingABC[str, str]) -> dict[str, str]:
    """Return what each column of a file was taken for, and which are not read.

    Parameters
    ----------
    rows
        The file, read.
    used_units
        The units its values were in, by slot.
    """
    table, mapping = rows.table, rows.mapping
    said = {slot: rows.header(slot) for slot in mapping.columns}
    for slot, places in (("measure", mapping.terms), ("code", mapping.codes)):
        if places:
            said[slot] = " + ".join(map(rows.header, places))
    if mapping.aliases:
        said["aliases"] = " + ".join(map(rows.header, mapping.aliases))
    for slot, unit in (dict(mapping.header_units) | dict(used_units)).items():
        if unit:
            said[slot] = f"{said.get(slot, said.get('value', ''))} [{unit}]"
    order = {True: "day first", False: "month first", None: "in no need of an order"}
    said["dates"] = mapping.config.date_format or order[rows.day_first]
    if rows.sex_codes:
        said["sex codes"] = ", ".join(f"{w}={sex}" for w, sex in sorted(rows.sex_codes.items()))
    said |= rows.said
    said["layout"] = "long" if mapping.long else "wide"
    read = {*mapping.columns.values(), *mapping.aliases, *mapping.codes, *mapping.terms}
    return said | dict(table.about) | said_of_unread(table, read | set(table.joined_by))


def said_of_unread(table: TextTable, read: set[int]) -> dict[str, str]:
    """Return what is said of the columns of a file that are not read, empty where all are.

    Columns without a word are passed over. Those that may have been meant stand first. Scores and
    centiles are named apart: they are left out on purpose. A header that could be someone's data
    is called by its place.

    Parameters
    ----------
    table
        The file.
    read
        The places of the columns that are read.
    """
    kinds: dict[str, list[tuple[bool, int, str]]] = {"not read": [], "scores left out": []}
    for place, (header, column) in enumerate(zip(table.headers, table.columns, strict=True)):
        passed = place in read or header.strip().casefold() in ADDED or _is_empty(column)
        if not passed:
            plain = normal(header)
            kind = "scores left out" if _SCORE.search(plain) or "%ile" in header else "not read"
            shown = shown_header(header, place)
            meant = _MEASURE.search(plain) is not None and shown == header.strip()
            kinds[kind].append((not meant, place, shown))
    return {kind: _listed(sorted(found)) for kind, found in kinds.items() if found}


def overlooked(table: TextTable, mapping: Mapping) -> pd.DataFrame:
    """Return the columns called by a measure of which the file has no column, as problems.

    Parameters
    ----------
    table
        The file.
    mapping
        What its columns were taken for.

    Returns
    -------
    pandas.DataFrame
        F06 for each, of the file as a whole; none where a row is of one measure, which it names.
    """
    lacking = {
        slots: words
        for slots, words in _CALLED.items()
        if not mapping.long and mapping.columns.keys().isdisjoint(slots)
    }
    found = []
    for place, (slots, words) in product(range(len(table.headers)), lacking.items()):
        header, column = table.headers[place].strip(), table.columns[place]
        plain = normal(header)
        if place in mapping.columns.values() or not re.search(rf"\b(?:{words})\b", plain):
            continue
        told = not (_SCORE.search(plain) or _ANOTHER.search(plain))
        if told and shown_header(header, place) == header and holds(slots[0], column):
            found.append((header, slots[0]))
    say = [f'if it is one, name it in a configuration: [columns] {s} = "{h}"' for h, s in found]
    headers = [header for header, _ in found]
    return columns.problems("F06", table.name, [0] * len(found), headers, say)


def shown_header(header: str, place: int) -> str:
    """Return a header, or "column 7" where it may be data: a number, a date, an address.

    Examples
    --------
    >>> shown_header("Ward", 6), shown_header("943 476 5919", 6), shown_header("", 6)
    ('Ward', 'column 7', 'column 7')
    """
    header = header.strip()
    digits = sum(letter.isdigit() for letter in header)
    odd = not header or not header.isprintable() or "@" in header
    if odd or digits >= _FEWEST_DIGITS or len(header) > _LONGEST:
        return f"column {place + 1}"
    dated = digits and look_like_dates(pd.Series([header], dtype="str")).any()
    return f"column {place + 1}" if dated else header


def _is_empty(column: TextColumn) -> bool:
    words = column.words
    return len(words) < _FEWEST_WORDS and not any(word.strip() for word in words.to_pylist())


def _listed(found: list[tuple[bool, int, str]]) -> str:
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return ", ".join(shown for *_, shown in found[:MOST_NAMED]) + more
