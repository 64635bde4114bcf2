"""What rows say of their child, whose they are by all of it, and what is known by a day.

All of it is asked of all records at once, or of those that say different things.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.errors import UsageError
from centiles.measures import SEXES, codes_of
from centiles.records import columns, identities
from centiles.records.identities import Identities
from centiles.records.reading import Records
from centiles.records.refusals import Statements
from centiles.records.sides import KINDS, SideFiles

Dates = NDArray[np.datetime64]
Flags = NDArray[np.bool_]

_FIRST_DAY: Final = 1_000_000  # added to days since 1970, so that no date is −1
_NAT: Final = np.datetime64("NaT", "D")


def rows_of_all(frame: pd.DataFrame, sides: SideFiles) -> pd.DataFrame:
    """Return source, row and child_id of records, and then of the rows of the side files."""
    names = [*frame["source"].cat.categories, *(each.name for each in sides.sources)]
    every = [frame, *(sides.frame(kind) for kind in KINDS)]
    source = np.concatenate([_codes_among(each["source"], names) for each in every])
    return pd.DataFrame(
        {
            "source": columns.categorical(source, names),
            "row": np.concatenate([each["row"].to_numpy() for each in every]),
            "child_id": pd.concat([each["child_id"] for each in every], ignore_index=True),
        }
    )


def said_of_children(frame: pd.DataFrame, later: Flags) -> Statements:
    """Return what records say of their children's sex and birth date, in codes.

    Those that their source does not stand by, or that are not known yet, say nothing, and a month
    of birth contradicts no day.
    """
    silent = (frame["status"] != "").to_numpy() | later
    vague = (frame["birth_precision"] == "month").to_numpy()
    sex = codes_of(frame["sex"], SEXES)
    born = date_codes(days(frame["birth_date"]))
    return Statements(np.where(silent, -1, sex), np.where(silent | vague, -1, born))


def identities_of(
    records: Records,
    rows: pd.DataFrame,
    said: Statements,
    later: Flags,
    *,
    asked: np.datetime64,
) -> Identities:
    """Return whose each row of all files is, by all their identifiers.

    Parameters
    ----------
    records
        What was read: identifiers, side files, and what the user says of both.
    rows
        What :func:`rows_of_all` returns of records, or of those of them that say different things.
    said
        What each of these records says of its child, and how many records say it.
    later
        Which of them are not known yet.
    asked
        The last date of knowledge, NaT for the newest.
    """
    sides = [records.sides.frame(kind) for kind in KINDS]
    sex, born, _ = stated_beside(sides)
    stated = said.then(sex, born)
    dated = [days(each["date"]) for each in sides[1:]]
    undated = np.full(len(sides[0]), _NAT)
    beside = np.concatenate([undated, *dated]) > asked
    known = identities.settled(
        rows, (*records.identifiers, *records.sides.identifiers), stated,
        order=records.config.merge.kinds, never_merge=[each.words for each in records.apart],
        idle=np.concatenate([later, beside]),
    )  # fmt: skip
    strange = [records.apart[place] for place in known.strange]
    told = [columns.problems("P26", each.source, each.row) for each in strange]
    return replace(known, problems=(*known.problems, *told))


def not_yet_known(
    measured: Dates, recorded: Dates, *, asked: np.datetime64, today: np.datetime64
) -> Flags:
    """Return which rows were recorded, or measured, after the day that was asked for.

    One that was known by then and has a date in the future has a wrong date.

    Parameters
    ----------
    measured
        The earliest day each can have been measured, shape (n,).
    recorded
        The day each was recorded, shape (n,).
    asked, today
        The last date of knowledge, and the day after which a date is in the future.
    """
    learnt = np.where(np.isnat(recorded), measured, recorded)
    later = (learnt > asked) | (measured > asked)
    return np.asarray(later & ~((measured > today) & ~(recorded > asked)))


def earliest(measured: Dates, monthly: Flags) -> Dates:
    """Return the day each value was measured, or the first of a month without a day."""
    if not monthly.any():
        return measured
    return np.where(monthly, measured.astype("datetime64[M]"), measured)


def stop_if_undated(asked: np.datetime64, *dates: Dates) -> None:
    """Stop if a date of knowledge is asked for and no date tells what was known by then.

    Raises
    ------
    UsageError
        If it is so.
    """
    if not np.isnat(asked) and all(np.isnat(each).all() for each in dates):
        raise UsageError(
            "as of: the records have ages and no dates, so no date of knowledge can be set; "
            "leave it out"
        )


def date_codes(dates: Dates) -> NDArray[np.int64]:
    """Return dates as codes, −1 for none."""
    return np.where(np.isnat(dates), -1, dates.astype(np.int64) + _FIRST_DAY)


def dates_of(codes: NDArray[np.int64]) -> Dates:
    """Return dates from their codes."""
    return np.where(codes < 0, _NAT, (codes - _FIRST_DAY).astype("datetime64[D]"))


def _codes_among(source: pd.Series[Any], names: list[str]) -> NDArray[np.int64]:
    places = np.array(
        [names.index(n) if n in names else -1 for n in source.cat.categories], dtype=np.int64
    )
    return places[source.cat.codes.to_numpy()] if len(source) else places[:0]


def stated_beside(sides: Sequence[pd.DataFrame]) -> tuple[NDArray[np.int64], ...]:
    """Return what the rows of the side files say of sex, birth date and gestation, in codes."""
    said = sides[0]
    sex = codes_of(said["sex"], SEXES).astype(np.int64)
    gestation = said["gestation_days"].fillna(-1).to_numpy(dtype=np.int64)
    nothing = np.full(sum(map(len, sides[1:])), -1, dtype=np.int64)
    stated = (sex, date_codes(days(said["birth_date"])), gestation)
    return tuple(np.concatenate([part, nothing]) for part in stated)


def days(column: pd.Series[Any]) -> Dates:
    """Return a column of dates by day."""
    return column.to_numpy().astype("datetime64[D]")
