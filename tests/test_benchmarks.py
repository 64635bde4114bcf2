"""The speed table can be measured: its export is sound, its rows read well. Speed is not tested."""

from __future__ import annotations

from pathlib import Path

import pytest

import centiles
from benchmarks import checking, cohort, reading, reporting, timing
from centiles.workers import WORKERS


def test_the_export_is_of_steady_children_and_some_that_fall(tmp_path: Path) -> None:
    records = centiles.read(cohort.write_long(tmp_path / "x.csv", 4000))
    assert 3000 < records.values_read < 5000
    checked = centiles.check(records, today=checking.TODAY)
    assert (checked.scored["fate"] == "scored").mean() > 0.99
    flagged = (checked.children["rank"] > 0).mean()
    assert 0.005 < flagged < 0.2
    again = cohort.write_long(tmp_path / "y.csv", 4000)
    assert (tmp_path / "x.csv").read_bytes() == again.read_bytes()


def test_times_are_in_the_unit_that_reads_best() -> None:
    assert [timing.seconds(t) for t in (2.5, 0.0123, 4e-6, 7e-9)] == [
        "2.5 s", "12.3 ms", "4 µs", "7 ns",
    ]  # fmt: skip


def test_both_are_timed_in_turn_and_the_ratio_is_of_pairs() -> None:
    order: list[str] = []
    mine, theirs, ratio = timing.in_turn(
        lambda: order.append("ours"), lambda: order.append("theirs"), 3
    )
    assert order == ["ours", "theirs"] * 4  # once unmeasured
    assert mine > 0
    assert theirs > 0
    assert ratio > 0


def test_a_missed_limit_is_shown() -> None:
    row = timing.Row("w", "b", 2.0, 1.0, 2.0, "≤ 1 ×", reached=False)
    assert "| w | b | 2 s | 1 s | 2.00 | ≤ 1 × | **no** |" in timing.table_text([row])


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time each pair once: that it is timed is tested here, not how exactly."""
    whole = timing.in_turn
    for module in (timing, reading):
        monkeypatch.setattr(module, "in_turn", lambda ours, theirs, _: whole(ours, theirs, 1))


@pytest.mark.usefixtures("once")
def test_the_check_row_measures_both(tmp_path: Path) -> None:
    row = checking.check_row(tmp_path, rows=500)
    assert row.ours > 0
    assert row.ratio == pytest.approx(row.ratio)
    assert (tmp_path / "out" / "scored.parquet").is_file()


@pytest.mark.parametrize("identifiers", [1, 2])
def test_the_wide_export_has_the_same_children(tmp_path: Path, identifiers: int) -> None:
    path = cohort.write_wide(tmp_path / "x.csv", 2000, identifiers=identifiers)
    checked = centiles.check(centiles.read(path), today=checking.TODAY)
    same = centiles.check(
        centiles.read(cohort.write_long(tmp_path / "y.csv", 4000)), today=checking.TODAY
    )
    kept = ["child_id", "rule", "severity", "to_value"]
    assert checked.findings[kept].equals(same.findings[kept])


def test_every_layout_is_read_whole(tmp_path: Path) -> None:
    values = centiles.read(cohort.write_long(tmp_path / "x.csv", 2000)).values_read
    for given in (
        cohort.write_wide(tmp_path / "y.csv", 1000),
        cohort.write_systmone(tmp_path, 2000),
        cohort.write_workbook(tmp_path / "z.xlsx", 1000),
        cohort.write_fhir(tmp_path / "z.ndjson", 2000),
    ):
        assert centiles.read(given).values_read == values


@pytest.mark.usefixtures("once")
def test_the_other_rows_measure_both(tmp_path: Path) -> None:
    rows = [
        *reading.csv_rows(tmp_path, 500),
        reading.linked_row(tmp_path, 500),
        reading.workbook_row(tmp_path, 100),
        reading.fhir_row(tmp_path, 500),
        checking.monitoring_row(tmp_path, 500),
        checking.identifiers_row(tmp_path, 100),
    ]
    assert all(row.ours > 0 and row.theirs > 0 for row in rows)


def test_the_report_is_measured_on_children_who_are_flagged(tmp_path: Path) -> None:
    cost = reporting.figures(tmp_path / "report", children=40)
    assert 30 < cost.children <= 40
    assert cost.pages == 1
    assert cost.seconds > 0
    assert cost.processor > 0
    assert cost.workers == WORKERS  # as the command has it
    # A background is drawn once: what each child adds is far below its share of a small page.
    assert 3_000 < cost.size < 20_000
