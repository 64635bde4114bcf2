"""Measure our work beside its limit or a peer, in one run: ``python -m benchmarks``.

Machines differ and are shared, so what counts is the ratio of two times taken in turn, A B A B;
each row prints the median of both and of their ratios. ``--write`` keeps the table in README.md.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import arithmetic, checking, drawing, reading, reporting
from benchmarks.timing import Row, compared, table_text


def help_row() -> Row:
    """``centiles --help`` beside a bare Typer app's, whole processes."""
    bare = "import typer; app = typer.Typer(rich_markup_mode=None)\n"
    bare += "@app.command()\ndef main(x: int = 1): 'Bare.'\napp()"

    def run(*command: str) -> Callable[[], object]:
        return lambda: subprocess.run(
            [sys.executable, *command, "--help"], check=True, capture_output=True
        )

    return compared(
        "centiles --help", run("-c", "from centiles.commands import main; main()"),
        "a bare Typer app", run("-c", bare), most=2, runs=9,
    )  # fmt: skip


def report_row(folder: Path, children: int = 10_000) -> Row:
    """The HTML report, a flagged child with its charts, beside what it may cost."""
    cost = reporting.figures(folder / "report", children)
    work = (
        f"report.html of {cost.children:,} flagged, {cost.workers} processes: each, "
        f"{cost.size / 1000:.1f} kB"
    )
    ratio = max(cost.seconds / reporting.MOST_SECONDS, cost.size / reporting.MOST_BYTES)
    return Row(
        work, "5 ms and 12 kB", cost.seconds, reporting.MOST_SECONDS, ratio, "≤ 1 ×", ratio <= 1
    )


def rows_of(folder: Path, rows: int) -> Iterator[Row]:
    """Yield the lines of the table, each as it is measured."""
    yield arithmetic.zscores_row()
    yield arithmetic.peer_row()
    yield from reading.csv_rows(folder, rows)
    yield reading.linked_row(folder, rows)
    yield reading.workbook_row(folder, rows // 10)
    yield reading.fhir_row(folder, rows // 5)
    yield checking.monitoring_row(folder, rows)
    yield checking.identifiers_row(folder, rows // 4)
    yield checking.check_row(folder, rows)
    yield drawing.chart_row()
    yield report_row(folder)
    yield help_row()


def main() -> int:
    """Run the measurements, print the table, and keep it with ``--write``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the largest files")
    parser.add_argument("--write", action="store_true", help="keep the table in README.md")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for row in rows_of(Path(folder), args.rows):
            print(row.line, flush=True)
            rows.append(row)
    if args.write:
        page = Path(__file__).with_name("README.md")
        page.write_text(
            "# Speed\n\n`make bench` measures each piece of work beside its limit or a peer, in "
            f"the same run.\n\n{table_text(rows)}\n",
            encoding="utf-8",
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
