"""How long a check takes and how much memory it needs, by size and engine.

    python -m benchmarks.scaling                          10k, 100k and 1M rows, memory and duckdb
    python -m benchmarks.scaling --rows 10000000 --engines duckdb

Each is a process of its own: ``centiles check`` of a long CSV, scored values as Parquet, no report
and no workbook. Shared machines make waiting time mean little, so what counts is processor time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.cohort import write_long

SIZES = (10_000, 100_000, 1_000_000)
HEAD = (
    "| rows | engine | processor time | waiting time | largest memory | a row |\n"
    "|---:|---|---:|---:|---:|---:|"
)


@dataclass(frozen=True)
class Run:
    """One run: rows, processor and waiting time [s], largest memory [bytes]."""

    rows: int
    engine: str
    processor: float
    waited: float
    memory: int

    @property
    def line(self) -> str:
        """The run in Markdown."""
        return (
            f"| {self.rows:,} | {self.engine} | {self.processor:,.1f} s | {self.waited:,.1f} s | "
            f"{self.memory / 1e9:.2f} GB | {self.processor / self.rows * 1e6:.1f} µs |"
        )


def measured(export: Path, rows: int, engine: str, folder: Path) -> Run:
    """Return what one check of an export costs."""
    command = [
        sys.executable, "-c", "from centiles.commands import main; main()", "check", str(export),
        "--engine", engine, "--out", str(folder / engine), "--force", "--no-report",
        "--no-workbook", "--scored", "parquet",
    ]  # fmt: skip
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, used = os.wait4(process.pid, 0)
    waited = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        said = process.stderr.read().decode() if process.stderr else ""
        raise SystemExit(f"{engine}, {rows:,} rows: {said}")
    return Run(rows, engine, used.ru_utime + used.ru_stime, waited, used.ru_maxrss * 1024)


def runs(sizes: Sequence[int], engines: Sequence[str]) -> Iterator[Run]:
    """Yield the runs, each as it is measured."""
    for rows in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            export = write_long(folder / "export.csv", rows)
            for engine in engines:
                yield measured(export, rows, engine, folder)


def exponent(found: Sequence[Run]) -> float:
    """Return the power of the number of rows that processor time grows with, from 100k rows on."""
    large = [each for each in found if each.rows >= 100_000]
    if len(large) < 2:
        return float("nan")
    rows, cost = np.log([each.rows for each in large]), np.log([each.processor for each in large])
    return float(np.polyfit(rows, cost, 1)[0])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    parser.add_argument("--engines", nargs="+", default=("memory", "duckdb"))
    asked = parser.parse_args()
    print(HEAD)
    found = []
    for run in runs(asked.rows, asked.engines):
        found.append(run)
        print(run.line, flush=True)
    for engine in asked.engines:
        power = exponent([each for each in found if each.engine == engine])
        print(f"\n{engine}: processor time grows with the power {power:.2f} of the rows", end="")
    print()


if __name__ == "__main__":
    main()
