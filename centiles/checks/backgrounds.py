"""Side files and households to the background of a cohort's children."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.ages import day_ages
from centiles.monitoring.background import (
    MOST_IN_A_HOUSEHOLD,
    Background,
    Events,
    Homes,
    events_of,
)
from centiles.records import columns
from centiles.records.scoring import Scored
from centiles.records.sides import SideFiles


def background_of(done: Scored, born: NDArray[np.datetime64]) -> Background:
    """Return what is known of children beside their measurements.

    Parameters
    ----------
    done
        Their scored records.
    born
        Each child's date of birth, NaT where it is not known.
    """
    ids = pd.Index(done.child_ids)
    said = done.sides.children
    child = places_of(said, ids)
    return Background(
        mother_cm=_first_said(said["mother_cm"], child, len(ids), np.nan),
        father_cm=_first_said(said["father_cm"], child, len(ids), np.nan),
        condition=_first_said(said["condition"].replace("", None), child, len(ids), ""),
        homes=homes_of(done.child, done.frame["household_id"], done.sides, ids),
        events=_events_of(done.sides.events, ids, born),
    )


def places_of(frame: pd.DataFrame, ids: pd.Index[Any]) -> NDArray[np.int64]:
    """Return the child of each row of a side file that is used, −1 for the others."""
    place = ids.get_indexer(pd.Index(frame["child_id"].to_numpy(dtype=object)))
    nobody = (frame["fate"] != "used").to_numpy() | (frame["child_id"] == "").to_numpy()
    return np.where(nobody, -1, place).astype(np.int64)


def _first_said(
    column: pd.Series[Any], child: NDArray[np.int64], count: int, nothing: Any
) -> NDArray[Any]:
    """Return what the first row that says anything says of each child."""
    found = np.full(count, nothing, dtype=np.float64 if nothing != "" else object)
    at = np.flatnonzero((child >= 0) & column.notna().to_numpy())[::-1]
    found[child[at]] = column.to_numpy()[at]
    return found


def _events_of(said: pd.DataFrame, ids: pd.Index[Any], born: NDArray[np.datetime64]) -> Events:
    child = places_of(said, ids)
    at = np.flatnonzero(child >= 0)
    date = said["date"].to_numpy().astype("datetime64[D]")[at]
    return events_of(
        child[at],
        day_ages(born[child[at]], date),
        date,
        said["type"].iloc[at].tolist(),
        said["sensitive"].to_numpy()[at],
    )


def homes_of(
    child: NDArray[np.int64], said: pd.Series[Any], sides: SideFiles, ids: pd.Index[Any]
) -> Homes:
    """Return who lives where, by what measurements and the children file say.

    Parameters
    ----------
    child
        The child of each record, −1 for none.
    said
        The household each record names, "" for none.
    sides
        The side files.
    ids
        What the children are called.
    """
    file = sides.children
    owner = np.concatenate([child, places_of(file, ids)])
    named = pd.concat([said, file["household_id"]], ignore_index=True)
    at = np.flatnonzero((owner >= 0) & (named != "").to_numpy())
    household, names = pd.factorize(named.to_numpy(dtype=object)[at])
    pair = owner[at] * max(len(names), 1) + household
    first = np.sort(np.unique(pair, return_index=True)[1])
    return Homes(owner[at][first], household[first], np.asarray(names, dtype=object))


def named_homes(done: Scored, place: NDArray[np.int64]) -> pd.DataFrame:
    """Return the first row that names each household: ``household_id``, ``source``, ``row``.

    Parameters
    ----------
    done
        Scored records.
    place
        Where each record, and then each row of the children file, stands among all.
    """
    parts, first = [], 0
    values = int((~done.frame["derived"]).sum())  # what is computed follows them
    for frame, rows in ((done.frame, values), (done.sides.children, len(done.sides.children))):
        at = np.flatnonzero((frame["household_id"].iloc[:rows] != "").to_numpy())
        some = frame[["source", "row", "household_id"]].take(at)
        parts.append(some.astype({"source": str}).assign(place=place[first + at]))
        first += rows
    every = pd.concat(parts, ignore_index=True)
    return every.drop_duplicates("household_id").reset_index(drop=True)


def too_many_problems(homes: pd.DataFrame, named: pd.DataFrame) -> pd.DataFrame:
    """Return a problem for each household of too many children, at the first row that names it.

    Parameters
    ----------
    homes
        ``child_id`` and ``household_id``, each pair once, of the whole cohort.
    named
        What :func:`named_homes` returns, of the whole cohort.
    """
    size = homes.groupby("household_id")["child_id"].size()
    shared = size.index[size > MOST_IN_A_HOUSEHOLD]
    mine = named[named["household_id"].isin(shared)]
    if mine.empty:
        return columns.frame(columns.PROBLEMS, {})
    first = mine.sort_values("place", kind="stable").drop_duplicates("household_id")
    source = pd.Categorical(first["source"])
    return columns.problems("P25", source, first["row"].to_numpy(), "household_id")
