"""The tables of this library, declared once: every column's name, kind and meaning.

Readers, validation, result files, documentation and tests all take their columns from here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from centiles.measures import MEASURES
from centiles.threads import at_once

DTYPES: Final = MappingProxyType(
    {
        "text": "str",
        "word": "category",  # a word or sentence that many rows share, held once
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
    rows = (line.split(maxsplit=2) for line in text.splitlines() if line.strip())
    return tuple(Column(*row) for row in rows)


RECORDS: Final = _columns(
    """
    source word the file a row came from
    row integer the row in that file as a spreadsheet numbers it, header counted
    child_id text the child's identifier
    household_id text the household's identifier, where a file gives one
    sex word male, female or unknown
    birth_date date date of birth
    birth_precision word day, or month where only that is known
    gestation_days number gestation at birth [d]
    gestation_known_on date the day it became known, where another row than this one says it
    gestation_doubted_on date the day another row said another: from then on it is not known
    measured_on date the day of measurement
    date_precision word day, month or year
    age_days number age since birth [d]
    recorded_on date the day the record was made; of a birth weight else the day of its row
    measure word weight, height, bmi or head
    value number the measurement, in the unit of its measure [kg, cm, kg/m²]
    unit word the unit it was given in
    posture word standing or lying, where recorded
    contact word the contact the measurement belongs to
    reason text why a contact has no measurement
    status word why its source does not stand by it, such as removed; empty where it does
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
    note word why a value has no z, or what to know about it
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
    raised_by text what raised the level, by code
    cross_service flag on the merged timeline and on no single source's own
    measure word weight, height, bmi or head
    source word the file of the newest value
    from_row integer the row of the earlier value, 0 where there is none
    from_source word the file of the earlier value
    from_date date when the earlier value was measured
    from_age_days number age at the earlier value [d]
    from_value number the earlier value
    from_z number its z on its own section
    from_position word where it stood among the nine lines
    to_row integer the row of the newest value; of a computed BMI, its weight's
    to_date date when the newest value was measured
    to_age_days number age at the newest value [d]
    to_value number the newest value
    to_z number its z
    to_position word where it stands among the nine lines
    change_z number newest z less earlier z, each on its own section
    carried_change_z number the same with the earlier z carried over joins
    spaces number how many centile spaces it fell (level rules: how far it is below the 50th)
    direction word down where the rule is about too little or a fall, up where too much or a rise
    interval_days number between the two [d]
    base_rate word how often healthy children do this
    probability number that the true change (or level) meets the rule, given measurement error
    see_by date be seen by
    reweigh_from date not worth measuring again before
    previous word since the run compared with: new, worse, unchanged, better or closed
    block word urgent to watch, verify today, or known
    sentence text the finding in one line
    guidance word what the rule's source asks for
    """
)

CHILDREN: Final = _columns(
    """
    rank integer place in the worklist, 0 where nothing is open
    block word the part of the worklist
    child_id text the child's identifier
    level word the highest severity that is open
    headline word the first finding in one line
    findings word the rules that are open
    last_measured_on date the newest measurement
    see_by date the earliest date to be seen by
    not_assessed word what could not be assessed, and why
    sources word the files the child is in
    """
)

CONTACTS: Final = _columns(
    """
    child_id text the child's identifier
    rule word the contact rule that is met
    severity word info, watch, act or urgent; it never sets a child's level
    date date the day of the contact, or since when
    team text the team or school
    see_by date be seen by
    sentence text the finding in one line
    """
)

TEAMS: Final = _columns(
    """
    team text the team or school, empty where the export names none
    contacts integer days on which it saw a child, measured or not
    not_measured integer those of them without a measurement
    reasons text why, in the words of the export, each with its number
    missed integer contacts without a weight or height that should have had it: MISSED, watch
    not_since integer findings of NOT-SINCE, in the children it saw last
    overdue integer findings of OVERDUE, in the children it measured last
    baseline_missing integer findings of BASELINE-MISSING, in the children it saw last
    height_missing integer findings of HEIGHT-MISSING, in the children it saw last
    overweighed integer findings of OVERWEIGHED
    """
)

TRIAL: Final = _columns(
    """
    term word the school term
    list word growth, or contacts: what was not measured, and what is overdue
    severity word info, watch, act or urgent
    rule word the rule; any: all rules of the list together, a child at its highest severity
    new integer findings that were new
    risen integer findings that were there, and rose to this severity
    children integer children with either
    known integer children known at the end of the term
    per_1000 number children with either, of a thousand known
    """
)


_SIDE_ROW: Final = """
    source word the file a row came from
    row integer the row in that file, header counted
    fate word used, unused (its problem says why) or not yet known
    child_id text the child's identifier
    """

CHILDREN_FILE: Final = _columns(
    _SIDE_ROW
    + """
    household_id text the household's identifier
    sex word male, female or unknown
    birth_date date date of birth
    gestation_days number gestation at birth [d]
    mother_cm number the mother's height [cm]
    father_cm number the father's height [cm]
    condition text a known condition
    """
)
EVENTS_FILE: Final = _columns(
    _SIDE_ROW
    + """
    date date the day of the event
    age_days number age on that day [d]
    type text what kind of event it was
    note text what was written of it
    sensitive flag shown only on request: a family may see the sheet
    """
)
ACTIONS_FILE: Final = _columns(
    _SIDE_ROW
    + """
    rule text the rule of the finding it answers
    date date the day of the action
    age_days number age on that day [d]
    action text what was done
    by_role text who did it, by role
    review_on date when it is to be looked at again
    """
)


@dataclass(frozen=True)
class ProblemCode:
    """What a problem code means: how grave, what was found and expected, what to do."""

    severity: str
    reason: str
    suggestion: str


def _problem_codes() -> Mapping[str, ProblemCode]:
    text = (resources.files(__package__) / "problems.toml").read_text(encoding="utf-8")
    codes = tomllib.loads(text).items()
    return MappingProxyType({code: ProblemCode(**entry) for code, entry in codes})


PROBLEM_CODES: Final = _problem_codes()


def frame(columns: tuple[Column, ...], parts: Mapping[str, Any]) -> pd.DataFrame:
    """Return a frame with just these columns, in order and of their kinds.

    Parameters
    ----------
    columns
        The columns, such as :data:`RECORDS`.
    parts
        What is in them: one thing for each row, or one thing for all; or a call that returns one
        thing for each row, all such calls made at once. Columns not among them are filled with
        "nothing here": NaN, NaT, an empty text, 0.
    """
    length = max((len(part) for part in parts.values() if np.ndim(part)), default=0)
    kinds = {column.name: column.kind for column in columns}
    calls = [name for name in kinds if callable(parts.get(name))]
    there = [name for name in kinds if np.ndim(parts.get(name, ""))]
    works = [partial(_typed, parts[name], kinds[name]) for name in calls + there]
    made = at_once(works, rows=length)
    whole = dict.fromkeys(kinds) | dict(zip(calls + there, made, strict=True))
    alike: dict[tuple[str, str], Any] = {}  # what is the same in all rows, made once
    for column in columns:
        if whole[column.name] is None:
            part = parts.get(column.name, _NOTHING.get(column.kind, ""))
            key = (column.kind, str(part))
            if key not in alike:
                alike[key] = _same(part, column.kind, length)
            whole[column.name] = alike[key]
    return pd.DataFrame(whole, index=pd.RangeIndex(length), copy=False)


_NOTHING: Final = MappingProxyType(
    {"number": np.nan, "integer": 0, "flag": False, "date": np.datetime64("NaT", "s")}
)


def _typed(part: Any, kind: str) -> Any:
    """Return one column's content as an array of its kind."""
    if callable(part):
        part = part()
    if kind == "date" and isinstance(part, np.ndarray) and part.dtype.kind == "M":
        return pd.array(part.astype("datetime64[s]", copy=False), copy=False)
    if kind == "word":
        part = part if isinstance(part, pd.Categorical) else pd.Categorical(part)
        as_declared = part.categories.dtype == "str" and not part.ordered
        return part if as_declared else categorical(part.codes, part.categories)
    if kind == "text":
        return pd.Series(part, dtype="str", copy=False).fillna("").array
    return pd.Series(part, copy=False).astype(cast(Any, DTYPES[kind])).array


def _same(thing: Any, kind: str, length: int) -> Any:
    """Return one thing for all rows as an array of a kind, not to be written to."""
    if kind == "word":
        return categorical(np.zeros(length, np.int8), [thing])
    if kind == "text":
        return texts(pa.repeat(pa.scalar(str(thing), pa.large_string()), length))
    one = np.asarray(thing).astype(DTYPES[kind])
    return pd.Series(np.broadcast_to(one, length), copy=False).array  # takes no memory a row


def categorical(codes: Any, categories: Any) -> pd.Categorical[Any]:
    """Return codes into categories, all of them text, as a column of words."""
    small = len(categories) <= _SMALL
    dtype = _vocabulary(tuple(categories)) if small else _vocabulary.__wrapped__(categories)
    return pd.Categorical.from_codes(np.asarray(codes), dtype=dtype)


_SMALL: Final = 50  # words: a vocabulary that may come again


@lru_cache(maxsize=1000)
def _vocabulary(words: Any) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(pd.Index(words, dtype="str"))


def texts(arrow: Any) -> Any:
    """Return Arrow text as a column of text, without a Python object for each cell."""
    return pd.array(arrow.cast(pa.large_string()), dtype="str")


def texts_of(parts: Iterable[list[str]]) -> Any:
    """Return lists of text, one after the other, as one column of text.

    Lists that are made one at a time are let go of one at a time.
    """
    kind = pa.large_string()
    return texts(pa.chunked_array((pa.array(part, kind) for part in parts), kind))


def concatenated(columns: tuple[Column, ...], frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Return frames of the same columns one below the other, categories united.

    Parameters
    ----------
    columns
        The columns all of them have.
    frames
        The frames; none at all gives an empty one.
    """
    frames = [each for each in frames if len(each)]
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


def words(codes: Any, vocabulary: tuple[str, ...]) -> pd.Categorical[Any]:
    """Return codes into a vocabulary as a column of words; −1 is the empty word.

    Examples
    --------
    >>> list(words([1, -1, 0], ("male", "female")))
    ['female', '', 'male']
    """
    known = list(dict.fromkeys([*vocabulary, ""]))
    codes = np.asarray(codes).astype(np.min_scalar_type(-len(known)), copy=False)
    return categorical(np.where(codes < 0, codes.dtype.type(known.index("")), codes), known)


def measure_words(codes: Any) -> pd.Categorical[Any]:
    """Return measure codes, places in ``MEASURES``, as a column of words; −1 is none."""
    return words(codes, tuple(map(str, MEASURES)))


def problems(
    code: str, source: Any, row: Any, column: Any = "", suggestion: Any = None
) -> pd.DataFrame:
    """Return one problem for each row, worded from its code.

    Parameters
    ----------
    code
        A key of :data:`PROBLEM_CODES`.
    source, row, column
        Where: file, row and the user's own header, one for each row or one for all.
    suggestion
        What to do, one for each row or one for all, where it is more than the code's own words.
    """
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
