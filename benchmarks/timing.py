"""Two pieces of work timed in turn, and a line of the table for each pair."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Row:
    """One line of the table: our time and the limit's, the ratio, and what it should be."""

    work: str
    beside: str
    ours: float
    theirs: float
    ratio: float
    reach: str
    reached: bool

    @property
    def line(self) -> str:
        """The row in Markdown."""
        return (
            f"| {self.work} | {self.beside} | {seconds(self.ours)} | {seconds(self.theirs)} | "
            f"{self.ratio:,.2f} | {self.reach} | {'yes' if self.reached else '**no**'} |"
        )


def timed(work: Callable[[], object]) -> float:
    """Return how long one call takes [s]."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turn(
    ours: Callable[[], object], theirs: Callable[[], object], runs: int
) -> tuple[float, float, float]:
    """Return the median times of both and of ours over theirs, after one unmeasured call each."""
    ours(), theirs()
    pairs = [(timed(ours), timed(theirs)) for _ in range(runs)]
    mine, limit = zip(*pairs, strict=True)
    ratio = statistics.median(a / b for a, b in pairs)
    return statistics.median(mine), statistics.median(limit), ratio


def compared(
    work: str,
    ours: Callable[[], object],
    beside: str,
    theirs: Callable[[], object],
    *,
    most: float,
    runs: int = 5,
) -> Row:
    """Return the line of work that may take ``most`` times as long as what it is set beside."""
    mine, limit, ratio = in_turn(ours, theirs, runs)
    return Row(work, beside, mine, limit, ratio, f"≤ {most:g} ×", ratio <= most)


def table_text(rows: list[Row]) -> str:
    """Return the rows as a Markdown table, with the machine they were measured on."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    parts = f"NumPy {np.__version__}, pyarrow {pa.__version__}"
    lines = [
        f"Measured on {machine}, {parts}; medians of runs taken in turn.{_busy()}",
        "",
        "| work | beside | ours | theirs | ratio | to reach | reached |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(row.line for row in rows)])


def _busy() -> str:
    """Return a warning where more ran on the machine than it has cores for."""
    load = os.getloadavg()[1] if hasattr(os, "getloadavg") else 0.0
    if load <= (os.cpu_count() or 1):
        return ""
    return (
        f"\n{load:.0f} processes wanted its cores meanwhile: the times are many times those of a "
        "quiet machine, and the ratios uncertain."
    )


def seconds(time_: float) -> str:
    """Return a time in the unit that reads best."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if time_ >= size:
            return f"{time_ / size:.3g} {unit}"
    return f"{time_ / 1e-9:.3g} ns"
