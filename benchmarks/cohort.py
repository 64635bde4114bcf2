"""A large made-up export: one value a row, dates as dd/mm/yyyy, written fast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from centiles.zscores import measurement

ROWS_A_CHILD = 6.7  # about 150,000 children in a million rows
LAST_DAY = np.datetime64("2026-06-30")  # nobody is measured in the future


def write_export(path: Path, rows: int, *, seed: int = 1) -> Path:
    """Write a long export with about that many rows: steady children, one in fifty falling."""
    rng = np.random.default_rng(seed)
    children = max(1, round(rows / ROWS_A_CHILD))
    visits = 1 + rng.poisson(ROWS_A_CHILD / 2 - 1, children)
    child = np.repeat(np.arange(children), visits)
    born = np.datetime64("2008-01-01") + rng.integers(0, 5500, children)
    oldest = np.minimum(6400, (LAST_DAY - born).astype(np.int64))[child]
    age = (rng.random(len(child)) * oldest).astype(np.int64)
    age = np.sort(age + child * 10_000) - child * 10_000
    sex = rng.integers(1, 3, children)
    height = rng.normal(0, 1, children)
    level = np.stack([0.7 * height + np.sqrt(1 - 0.7**2) * rng.normal(0, 1, children), height])
    falling = rng.random(children) < 0.02
    z = level[:, child] + rng.normal(0, 0.2, (2, len(child)))
    z[0] -= np.where(falling[child], age / 2000, 0)
    parts = []
    for measure, own in (("weight", z[0]), ("height", z[1])):
        value = measurement(own, measure=measure, sex=sex[child], age_days=age)
        digits = np.where(age < 730, 2, 1) if measure == "weight" else np.full(len(age), 1)
        text = np.where(digits == 2, np.char.mod("%.2f", value), np.char.mod("%.1f", value))
        parts.append((np.full(len(child), measure), text))
    both = np.r_[child, child]
    order = np.argsort(both, kind="stable")
    days = (born[child] + age).astype("datetime64[D]")
    table = pa.table(
        {
            "NHS number": np.char.mod("%010d", 9_000_000_000 + both[order]),
            "Date of birth": _uk(born[both[order]]),
            "Sex": np.array(["", "M", "F"])[sex[both[order]]],
            "Date measured": _uk(np.r_[days, days][order]),
            "Measure": np.r_[parts[0][0], parts[1][0]][order],
            "Value": np.r_[parts[0][1], parts[1][1]][order],
            "Unit": np.where(np.r_[parts[0][0], parts[1][0]][order] == "weight", "kg", "cm"),
        }
    )
    pa_csv.write_csv(table, path, pa_csv.WriteOptions(quoting_style="none"))
    return path


def _uk(dates: np.ndarray) -> np.ndarray:
    """Return dates as dd/mm/yyyy."""
    distinct, place = np.unique(dates, return_inverse=True)
    return np.array([f"{day.item():%d/%m/%Y}" for day in distinct])[place]
