"""How long a check takes and how much memory it needs, by size and engine.

    python -m benchmarks.scaling                          10k, 100k and 1M rows, memory and duckdb
    python -m benchmarks.scaling --rows 10000000 --engines duckdb
    python -m benchmarks.scaling --rows 1000 5000000 --engines duckdb spark

Each is a process of its own: ``centiles check`` of a long CSV, scored values as Parquet, no report
and no workbook. Shared machines make waiting time mean little, so what counts is processor time;
on Linux that of Java and of Spark's workers is in it, and their memory. How many times as long as
duckdb Spark takes is told without what it takes to start, which is what its smallest run takes.
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

_PAUSE = 0.1  # [s]: how often what a run starts is looked at
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
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
        )
        ended, spent, most = 0, {}, 0
        while not ended:
            time.sleep(_PAUSE)
            seen = started_by(process.pid)
            most = max(most, sum(memory for _, memory in seen.values()))
            spent |= {pid: processor for pid, (processor, _) in seen.items()}
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
        waited = time.perf_counter() - start
        if os.waitstatus_to_exitcode(status) != 0:
            said.seek(0)
            raise SystemExit(f"{engine}, {rows:,} rows: {said.read().decode()}")
    # What the system counts lacks those nobody waited for; what was seen lacks the last moment.
    processor = max(used.ru_utime + used.ru_stime, sum(spent.values()))
    return Run(rows, engine, processor, waited, max(used.ru_maxrss * 1024, most))


def started_by(leader: int) -> dict[int, tuple[float, int]]:
    """Return processor time [s] and memory [bytes] of a process and all it started; on Linux.

    What processes share counts once for each.
    """
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            said = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        pid = int(path.parent.name)
        if int(said[3]) == leader:
            ticks = sum(map(int, said[11:13]))
            found[pid] = ticks / os.sysconf("SC_CLK_TCK"), int(said[21]) * os.sysconf("SC_PAGESIZE")
    return found


def times_as_long(found: Sequence[Run]) -> str:
    """Return how many times as long as duckdb Spark takes at each size but the smallest."""
    waits = {(each.engine, each.rows): each.waited for each in found}
    sizes = sorted({each.rows for each in found})
    told = [
        f"{(waits['spark', rows] - waits['spark', sizes[0]]) / waits['duckdb', rows]:.1f} times "
        f"as long as duckdb at {rows:,} rows"
        for rows in sizes[1:]
        if {("spark", rows), ("duckdb", rows), ("spark", sizes[0])} <= waits.keys()
    ]
    return f"spark, once it has started, takes {', '.join(told)}" if told else ""


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
    print(f"\n{times_as_long(found)}")


if __name__ == "__main__":
    main()
