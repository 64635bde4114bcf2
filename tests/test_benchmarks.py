"""The speed table can be measured: its export is sound, its rows read well. Speed is not tested."""

from __future__ import annotations

from pathlib import Path

import pytest

import centiles
from benchmarks import __main__ as table
from benchmarks.cohort import write_export


def test_the_export_is_of_steady_children_and_some_that_fall(tmp_path: Path) -> None:
    records = centiles.read(write_export(tmp_path / "x.csv", 4000))
    assert 3000 < records.values_read < 5000
    checked = centiles.check(records, today=table.TODAY)
    assert (checked.scored["fate"] == "scored").mean() > 0.99
    flagged = (checked.children["rank"] > 0).mean()
    assert 0.005 < flagged < 0.2
    again = write_export(tmp_path / "y.csv", 4000)
    assert (tmp_path / "x.csv").read_bytes() == again.read_bytes()


def test_times_are_in_the_unit_that_reads_best() -> None:
    assert [table.seconds(t) for t in (2.5, 0.0123, 4e-6, 7e-9)] == [
        "2.5 s", "12.3 ms", "4 µs", "7 ns",
    ]  # fmt: skip


def test_both_are_timed_in_turn_and_the_ratio_is_of_pairs() -> None:
    order: list[str] = []
    mine, theirs, ratio = table.in_turn(
        lambda: order.append("ours"), lambda: order.append("theirs"), 3
    )
    assert order == ["ours", "theirs"] * 4  # once unmeasured
    assert mine > 0
    assert theirs > 0
    assert ratio > 0


def test_a_missed_limit_is_shown() -> None:
    row = table.Row("w", "b", 2.0, 1.0, 2.0, "≤ 1 ×", reached=False)
    assert "| w | b | 2 s | 1 s | 2.00 | ≤ 1 × | **no** |" in table.table_text([row])


def test_the_check_row_measures_both(tmp_path: Path) -> None:
    row = table.check_row(tmp_path, rows=500)
    assert row.ours > 0
    assert row.ratio == pytest.approx(row.ratio)
    assert (tmp_path / "out" / "scored.parquet").is_file()
