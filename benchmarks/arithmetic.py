"""z-scores beside bare arithmetic, and beside another library."""

from __future__ import annotations

import numpy as np

import centiles
from benchmarks.timing import Row, in_turn
from centiles.references import reference


def zscores_row(rows: int = 1_000_000) -> Row:
    """``zscore`` on whole-day ages beside a bare NumPy gather and power on the same arrays."""
    rng = np.random.default_rng(1)
    age = rng.integers(0, 7300, rows).astype(np.int32)
    sex = rng.integers(1, 3, rows).astype(np.int8)
    value = rng.uniform(3, 80, rows)
    known = reference()
    low, median, spread = (np.ascontiguousarray(part) for part in known.daily)

    def bare() -> np.ndarray:
        index = (sex.astype(np.intp) - 1) * known.days + age - known.first_day
        power = low[index]
        return ((value / median[index]) ** power - 1) / (power * spread[index])

    def ours() -> np.ndarray:
        return centiles.zscore(value, measure="weight", sex=sex, age_days=age)

    mine, limit, ratio = in_turn(ours, bare, 15)
    rate = 1 / ratio
    return Row(
        "zscore, 1M whole-day ages", "bare NumPy gather + power", mine, limit, rate,
        "≥ 0.7 of its rate", rate >= 0.7,
    )  # fmt: skip


def peer_row(rows: int = 300) -> Row:
    """``zscore`` beside rcpchgrowth's Measurement, a measurement each."""
    import datetime as dt

    from rcpchgrowth import Measurement

    born = dt.date(2015, 1, 1)
    days = np.random.default_rng(2).integers(400, 4000, rows)

    def peer() -> None:
        for day in days.tolist():
            Measurement(
                sex="male", birth_date=born, observation_date=born + dt.timedelta(days=day),
                measurement_method="weight", observation_value=20.0, reference="uk-who",
            )  # fmt: skip

    ages = np.resize(days, 1_000_000)
    values = np.full(len(ages), 20.0)
    sex = np.ones(len(ages), dtype=np.int8)
    mine, theirs, ratio = in_turn(
        lambda: centiles.zscore(values, measure="weight", sex=sex, age_days=ages), peer, 3
    )
    times = len(ages) / rows / ratio
    return Row(
        "zscore, a measurement", "rcpchgrowth Measurement", mine / len(ages), theirs / rows, times,
        "≥ 10,000 × its rate", times >= 10_000,
    )  # fmt: skip
