"""Measure our work beside its limit or a peer, in one run: ``python -m benchmarks``.

Machines differ and are shared, so what counts is the ratio of two times taken in turn, A B A B;
each row prints the median of both and of their ratios. ``--write`` keeps the table in README.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

import centiles
from benchmarks.cohort import write_export
from centiles import reports
from centiles.records import from_frame
from centiles.references import reference

TODAY = "2026-07-01"


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


def check_row(folder: Path, rows: int = 1_000_000) -> Row:
    """``check`` of a long CSV beside pyarrow reading it and writing the same result tables."""
    export = write_export(folder / "export.csv", rows)
    out = folder / "out"

    def ours() -> None:
        checked = centiles.check(centiles.read(export), today=TODAY)
        reports.write(checked, out, scored="parquet", force=True)

    ours()
    small = [pa_csv.read_csv(out / f"{name}.csv") for name in ("children", "findings", "problems")]
    scored = pq.read_table(out / "scored.parquet")

    def limit() -> None:
        typed = {"Date of birth": pa.timestamp("s"), "Date measured": pa.timestamp("s")}
        options = pa_csv.ConvertOptions(column_types=typed, timestamp_parsers=["%d/%m/%Y"])
        pa_csv.read_csv(export, convert_options=options)
        for number, table in enumerate(small):
            pa_csv.write_csv(table, folder / f"{number}.csv")
        pq.write_table(scored, folder / "scored.parquet")

    mine, theirs, ratio = in_turn(ours, limit, 3)
    return Row(
        f"check, {rows / 1e6:g}M rows of CSV", "pyarrow reads it, writes the same tables",
        mine, theirs, ratio, "≤ 8 ×", ratio <= 8,
    )  # fmt: skip


def chart_row() -> Row:
    """One PNG of a chart beside a bare matplotlib figure of as many lines and points."""
    from io import BytesIO

    from matplotlib.figure import Figure

    born = np.datetime64("2016-03-12")
    days = np.linspace(0, 3000, 14).astype(int)
    visits = {
        "child_id": ["a"] * len(days), "sex": ["male"] * len(days), "gestation": ["39+1"] * 14,
        "birth_date": [str(born)] * len(days), "measured_on": [str(born + day) for day in days],
        "weight_kg": [str(round(3.5 + 7 * (day / 365.25) ** 0.6, 2)) for day in days],
    }  # fmt: skip
    child = centiles.check(from_frame(visits), today=TODAY).child("a")
    drawn = centiles.charts.figure(child, "weight").axes[0]
    lines = [line.get_xydata() for line in drawn.lines]
    size = drawn.figure.get_size_inches()

    def ours() -> None:
        centiles.charts.figure(child, "weight").savefig(BytesIO(), dpi=150)

    def bare() -> None:
        page = Figure(figsize=size)
        ax = page.add_subplot()
        for points in lines:
            ax.plot(*points.T)
        page.savefig(BytesIO(), dpi=150)

    mine, theirs, ratio = in_turn(ours, bare, 9)
    return Row(
        "one chart as PNG", "a bare matplotlib figure of as many lines and points",
        mine, theirs, ratio, "≤ 2 ×", ratio <= 2,
    )  # fmt: skip


def help_row() -> Row:
    """``centiles --help`` beside a bare Typer app's, whole processes."""
    bare = "import typer; app = typer.Typer(rich_markup_mode=None)\n"
    bare += "@app.command()\ndef main(x: int = 1): 'Bare.'\napp()"

    def run(*command: str) -> Callable[[], object]:
        return lambda: subprocess.run(
            [sys.executable, *command, "--help"], check=True, capture_output=True
        )

    mine, theirs, ratio = in_turn(
        run("-c", "from centiles.commands import main; main()"), run("-c", bare), 9
    )
    return Row("centiles --help", "a bare Typer app", mine, theirs, ratio, "≤ 2 ×", ratio <= 2)


def table_text(rows: list[Row]) -> str:
    """Return the rows as a Markdown table, with the machine they were measured on."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    parts = f"NumPy {np.__version__}, pyarrow {pa.__version__}"
    lines = [
        f"Measured on {machine}, {parts}; medians of runs taken in turn.",
        "",
        "| work | beside | ours | theirs | ratio | to reach | reached |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.work} | {row.beside} | {seconds(row.ours)} | {seconds(row.theirs)} | "
        f"{row.ratio:,.2f} | {row.reach} | {'yes' if row.reached else '**no**'} |"
        for row in rows
    ]
    return "\n".join(lines)


def seconds(time_: float) -> str:
    """Return a time in the unit that reads best."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if time_ >= size:
            return f"{time_ / size:.3g} {unit}"
    return f"{time_ / 1e-9:.3g} ns"


def main() -> int:
    """Run the measurements, print the table, and keep it with ``--write``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the check")
    parser.add_argument("--write", action="store_true", help="keep the table in README.md")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        rows = [zscores_row(), peer_row(), check_row(folder, args.rows), chart_row(), help_row()]
    finally:
        shutil.rmtree(folder)
    text = table_text(rows)
    print(text)
    if args.write:
        page = Path(__file__).with_name("README.md")
        page.write_text(
            "# Speed\n\n`make bench` measures each piece of work beside its limit or a peer, in "
            f"the same run.\n\n{text}\n",
            encoding="utf-8",
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
