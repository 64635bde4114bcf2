"""What a check takes: a child measured every day is as many points, not as many pairs."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd

import centiles
from centiles import zscores


def measured_daily(days: int) -> pd.DataFrame:
    """Return one child's weights from 2 years on, one each day, slowly falling, as on a ward."""
    age = 731 + np.arange(days)
    z = 1 - np.arange(days) / days + 0.1 * np.sin(np.arange(days))
    weight = zscores.measurement(z, measure="weight", sex="female", age_days=age)
    born = np.datetime64("2012-03-12")
    return pd.DataFrame(
        {
            "child_id": "a",
            "sex": "female",
            "birth_date": str(born),
            "measured_on": (born + age).astype(str),
            "weight_kg": np.round(weight, 2),
        }
    )


def most_memory(days: int) -> int:
    """Return the most memory [B] the check of such a child takes above what was there before."""
    records = centiles.from_frame(measured_daily(days))
    tracemalloc.start()
    try:
        checked = centiles.check(records, today="2026-07-01")
        assert (checked.scored["fate"] == "scored").sum() == days
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_child_of_2000_points_takes_no_room_for_pairs() -> None:
    """A table of all pairs of 2,000 points would be 32 MB; of 4,000, four times as much."""
    most_memory(100)  # tables and rules are kept from here on
    assert most_memory(2000) < 16e6
    assert most_memory(4000) < 16e6
