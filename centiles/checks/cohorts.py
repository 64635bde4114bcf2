"""Scored records to a cohort: whose each value is, how old each child is, what is known of it."""

from __future__ import annotations

from typing import Final

import numpy as np

from centiles.checks.backgrounds import background_of
from centiles.monitoring.findings import Cohort
from centiles.records.scoring import Scored

NEVER: Final = np.datetime64("NaT", "D")


def cohort_of(done: Scored) -> Cohort:
    """Return scored values with each child's birth date and age at the last date of knowledge."""
    count = len(done.child_ids)
    child, frame = done.child, done.frame
    owned = np.flatnonzero(child >= 0)
    born = np.full(count, NEVER)
    born[child[owned]] = frame["birth_date"].to_numpy().astype("datetime64[D]")[owned]
    age = frame["age_days"].to_numpy(dtype=np.float64)
    oldest = np.full(count, -np.inf)
    measured = owned[(frame["fate"] == "scored").to_numpy()[owned]]
    np.maximum.at(oldest, child[measured], age[measured])
    oldest[np.isneginf(oldest)] = np.nan
    since = (done.as_of - born).astype("timedelta64[D]")
    now = np.where(np.isnat(since), oldest, since.astype(np.float64))
    return Cohort(
        frame,
        child,
        done.child_ids,
        done.conflict,
        done.unsure,
        now,
        born,
        background_of(done, born),
    )
