"""The HTML report of many flagged children, each with charts, sentences and measurements."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import centiles
from centiles.checks import Checked
from centiles.records import from_frame
from centiles.reports.overview import overview_of
from centiles.reports.report import write_report
from centiles.workers import WORKERS
from centiles.zscores import measurement

VISITS = 10
MOST_SECONDS, MOST_BYTES = 0.005, 12_000  # a flagged child, waiting
BORN = np.datetime64("2015-03-01")


@dataclass(frozen=True)
class Figures:
    """What a report of some flagged children costs: waiting and processor time [s] and size [bytes]
    each, in how many processes, and how much the peak of memory of the first of them rose [MB]."""

    children: int
    pages: int
    workers: int
    seconds: float
    processor: float
    size: float
    memory: float


def fallers(children: int, *, seed: int = 3) -> Checked:
    """Return children of ten visits each, weighed and measured, most of whom fall at the last."""
    rng = np.random.default_rng(seed)
    age = np.sort(rng.integers(0, 3300, (children, VISITS)), axis=1)
    age[:, -2:] = [3350, 3600]
    sex = rng.integers(1, 3, children)
    level = rng.normal(0, 1, (2, children, 1)) + rng.normal(0, 0.15, (2, children, VISITS))
    level[0, :, -1] -= 2.2
    days, who = age.ravel(), np.repeat(np.arange(children), VISITS)
    values = {
        name: measurement(z.ravel(), measure=name, sex=sex[who], age_days=days)
        for name, z in zip(("weight", "height"), level, strict=True)
    }
    visits = pd.DataFrame(
        {
            "child_id": np.char.mod("%010d", 9_000_000_000 + who),
            "sex": np.array(["", "male", "female"])[sex[who]],
            "birth_date": np.full(len(who), BORN).astype(str),
            "measured_on": (BORN + days).astype(str),
            "weight_kg": values["weight"].round(2),
            "height_cm": values["height"].round(1),
        }
    )
    return centiles.check(from_frame(visits), today="2026-07-01")


def figures(folder: Path, children: int = 10_000, workers: int = WORKERS) -> Figures:
    """Return what the report of about so many flagged children costs, as the command writes it."""
    checked = fallers(children)
    overview = overview_of(checked)
    folder.mkdir()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter(), _processor()
    paths = write_report(checked, folder, overview, workers=workers)
    gone, used = time.perf_counter() - start[0], _processor() - start[1]
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    flagged = int((checked.children["rank"] > 0).sum())
    size = sum(path.stat().st_size for path in paths)
    return Figures(
        flagged, len(paths), workers, gone / flagged, used / flagged, size / flagged,
        (after - before) / 1000,
    )  # fmt: skip


def _processor() -> float:
    """Return the processor time of this process and of those it started that have ended [s]."""
    whose = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return sum(sum(resource.getrusage(each)[:2]) for each in whose)
