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
from centiles.zscores import measurement

VISITS = 10
MOST_SECONDS, MOST_BYTES = 0.005, 12_000  # a flagged child
BORN = np.datetime64("2015-03-01")


@dataclass(frozen=True)
class Figures:
    """What a report of some flagged children costs: processor time [s] and size [bytes]
    each, and how much the peak of memory rose [MB]."""

    children: int
    pages: int
    seconds: float
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


def figures(folder: Path, children: int = 10_000) -> Figures:
    """Return what the report of about so many flagged children costs."""
    checked = fallers(children)
    overview = overview_of(checked)
    folder.mkdir()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    paths = write_report(checked, folder, overview)
    gone = time.process_time() - start
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    flagged = int((checked.children["rank"] > 0).sum())
    size = sum(path.stat().st_size for path in paths)
    return Figures(flagged, len(paths), gone / flagged, size / flagged, (after - before) / 1000)
