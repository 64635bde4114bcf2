"""The tables of this library, declared once: every column's name, kind and meaning.

Readers, validation, result files, documentation and tests all take their columns from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from centiles.measures import MEASURES

DTYPES: Final = MappingProxyType(
    {
        "text": "str",
        "word": "category",  # one of a few words
        "date": "datetime64[s]",
        "number": "float64",
        "integer": "int64",
        "flag": "bool",
    }
)


@dataclass(frozen=True)
class Column:
    """One column: its name, the kind of thing in it (a key of :data:`DTYPES`), what it says."""

    name: str
    kind: str
    meaning: str


def _columns(text: str) -> tuple[Column, ...]:
    """Return columns from lines of ``name kind meaning``."""
    rows = (line.split(maxsplit=2) for line in text.strip().splitlines())
    return tuple(Column(*row) for row in rows)


RECORDS: Final = _columns(
    """
    source word the file a row came from
    row integer the row in that file as a spreadsheet numbers it, header counted
    child_id text the child's identifier as the file gives it
    household_id text the household's identifier, where a file gives one
    sex word male, female or unknown
    birth_date date date of birth
    birth_precision word day, or month where only that is known
    gestation_days number gestation at birth [d]
    measured_on date the day of measurement
    date_precision word day, month or year
    age_days number age since birth [d]
    recorded_on date the day the record was made
    measure word weight, height, bmi or head
    value number the measurement, in the unit of its measure [kg, cm, kg/m²]
    unit word the unit it was given in
    posture word standing or lying, where recorded
    contact word the contact the measurement belongs to
    reason text why a contact has no measurement
    team text the team or school
    raw text the value as the file has it
    """
)

SCORED: Final = RECORDS + _columns(
    """
    corrected_age_days number age since the expected date of delivery [d]
    section word the section of the reference that speaks at that age
    z number z-score
    centile number centile [%]
    position word where it stands among the nine lines, in words
    verdict word ok, check, doubtful or impossible
    note text why a value has no z, or what to know about it
    fate word scored, unscored, merged, skipped or unreadable; empty for a contact
    derived flag computed here from other values (BMI), so outside the count of values read
    """
)

PROBLEMS: Final = _columns(
    """
    source word the file the row is in
    row integer the row in that file; 0 is the file itself
    column text the column in that file
    code word the problem, for `centiles explain`
    severity word error (cannot be used), query (used, and to be checked) or note
    reason text what was found and what was expected
    suggestion text what to do about it
    """
)

FINDINGS: Final = _columns(
    """
    child_id text the child's identifier
    rule word the rule that is met
    severity word info, watch, act or urgent
    state word new, sustained, recovering, closed or lapsed
    opened_on date when it was first met
    project_rule flag not national guidance: a rule of this project
    borderline flag the margin is within measurement error
    raised_by text what raised the level
    measure word weight, height, bmi or head
    source word the file of the newest value
    from_row integer the row of the earlier value, 0 where there is none
    from_source word the file of the earlier value
    from_date date when the earlier value was measured
    from_age_days number age at the earlier value [d]
    from_value number the earlier value
    from_z number its z on its own section
    from_position word where it stood among the nine lines
    to_row integer the row of the newest value, 0 for a derived one's own row
    to_date date when the newest value was measured
    to_age_days number age at the newest value [d]
    to_value number the newest value
    to_z number its z
    to_position word where it stands among the nine lines
    change_z number newest z less earlier z, each on its own section
    carried_change_z number the same with the earlier z carried over joins
    spaces number how many centile spaces it fell (level rules: how far it is below the 50th)
    interval_days number between the two [d]
    base_rate text how often healthy children do this
    probability number that the true change (or level) meets the rule, given measurement error
    see_by date be seen by
    reweigh_from date not worth measuring again before
    block word urgent to watch, verify today, or known
    sentence text the finding in one line
    guidance text what the rule's source asks for
    """
)

CHILDREN: Final = _columns(
    """
    rank integer place in the worklist, 0 where nothing is open
    block word the part of the worklist
    child_id text the child's identifier
    level word the highest severity that is open
    headline text the first finding in one line
    findings text the rules that are open
    last_measured_on date the newest measurement
    see_by date the earliest date to be seen by
    not_assessed text what could not be assessed, and why
    sources text the files the child is in
    """
)


@dataclass(frozen=True)
class ProblemCode:
    """What a problem code means: how grave, what was found and expected, what to do."""

    severity: str
    reason: str
    suggestion: str


def _problem_codes(text: str) -> Mapping[str, ProblemCode]:
    rows = ([part.strip() for part in line.split("|")] for line in text.strip().splitlines())
    return MappingProxyType({row[0]: ProblemCode(*row[1:]) for row in rows})


# Families: F file, D dates, G values, P people, C change over time. A code is never used again.
PROBLEM_CODES: Final = _problem_codes(
    """
    F01 | note  | the row has more or fewer cells than the header | check the row for a stray or missing delimiter
    F02 | error | the measure is none this library knows | map it in the configuration, or leave it out
    D01 | error | not a date in the format of this file | correct the date
    D02 | error | measured before birth | check both dates
    D03 | error | a date in the future | correct the date
    D04 | error | a date that stands for "unknown" (1900 or earlier) | find the date, or leave it blank
    D05 | error | no date of measurement and no age | find the date
    D06 | error | no date of birth | find the date of birth
    D07 | error | the age is not a number | correct the age
    G01 | error | not a number | correct the value
    G02 | error | zero or negative | measure again, or leave it blank
    G03 | error | outside what a child can be: weight 0.2–250 kg, length or height 20–230 cm, head 15–70 cm, BMI 5–80 kg/m² | check the value and its unit
    G04 | error | not a finite number | correct the value
    G05 | error | the unit is not known for this measure | correct the unit
    G06 | query | z beyond ±4 | check this measurement
    G07 | query | z beyond ±8 (BMI ±15): very unlikely, kept and scored | verify today
    G08 | query | height more than 1.4 cm below an earlier one | check both heights
    G09 | query | a spike that returns to trend | check this measurement
    G10 | query | the same value to the last digit months later | check that it was measured on the day
    G11 | query | two values of one day disagree beyond measurement error; both are kept | measure again
    G12 | query | the BMI supplied differs by more than 0.3 from weight and height | check weight, height and BMI
    P01 | error | sex is not known | find the child's sex; UK-WHO has no table without it
    P02 | error | gestation is outside 22+0 to 44+6 weeks, or not weeks+days | correct the gestation
    P03 | error | sex differs from this child's other records | settle which is right; the row is kept and not scored
    P04 | error | date of birth differs from this child's other records | settle which is right; the row is kept and not scored
    P05 | error | no identifier | find whose it is
    P06 | query | gestation differs from this child's other records | settle which is right
    """
)


def frame(columns: tuple[Column, ...], parts: Mapping[str, Any]) -> pd.DataFrame:
    """Return a frame with just these columns, in order and of their kinds.

    Columns that ``parts`` lacks are filled with "nothing here": NaN, NaT, an empty text, 0.
    """
    length = max((len(part) for part in parts.values() if np.ndim(part)), default=0)
    whole = {column.name: _typed(parts.get(column.name), column.kind, length) for column in columns}
    return pd.DataFrame(whole, index=pd.RangeIndex(length), copy=False)


def _typed(part: Any, kind: str, length: int) -> Any:
    if part is None:
        part = {
            "number": np.nan,
            "integer": 0,
            "flag": False,
            "date": np.datetime64("NaT", "s"),
        }.get(kind, "")
    if kind == "word":
        if np.ndim(part) == 0:
            return pd.Categorical.from_codes(np.zeros(length, dtype=np.int8), [part])
        return part if isinstance(part, pd.Categorical) else pd.Categorical(part)
    if np.ndim(part) == 0:
        part = np.full(length, part, dtype=object if kind == "text" else None)
    if kind == "text":
        return pd.Series(part, dtype="str", copy=False).fillna("").array
    return pd.Series(part, copy=False).astype(DTYPES[kind]).array


def concatenated(columns: tuple[Column, ...], frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Return frames of the same columns one below the other, categories united."""
    if not frames:
        return frame(columns, {})
    if len(frames) == 1:
        return frames[0]
    parts: dict[str, Any] = {}
    for column in columns:
        series = [each[column.name] for each in frames]
        if column.kind == "word":
            parts[column.name] = pd.api.types.union_categoricals(series)
        else:
            parts[column.name] = pd.concat(series, ignore_index=True)
    return frame(columns, parts)


def words(codes: Any, vocabulary: tuple[str, ...]) -> pd.Categorical:
    """Return codes into a vocabulary as a column of words; −1 is the empty word."""
    known = list(dict.fromkeys([*vocabulary, ""]))
    codes = np.asarray(codes)
    return pd.Categorical.from_codes(np.where(codes < 0, known.index(""), codes), known)


def codes_of(column: pd.Series, vocabulary: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.int8]]:
    """Return a column of words as places in a vocabulary, −1 for any other word."""
    places = {word: place for place, word in enumerate(vocabulary)}
    by_category = [places.get(word, -1) for word in column.cat.categories]
    return np.array([*by_category, -1], dtype=np.int8)[column.cat.codes.to_numpy()]


def measure_words(codes: Any) -> pd.Categorical:
    """Return measure codes as a column of words."""
    return words(codes, tuple(map(str, MEASURES)))


def problems(
    code: str, source: Any, row: Any, column: Any = "", suggestion: str | None = None
) -> pd.DataFrame:
    """Return one problem for each row, worded from its code."""
    known = PROBLEM_CODES[code]
    return frame(
        PROBLEMS,
        {
            "source": source,
            "row": np.atleast_1d(np.asarray(row)),
            "column": column,
            "code": code,
            "severity": known.severity,
            "reason": known.reason,
            "suggestion": known.suggestion if suggestion is None else suggestion,
        },
    )
