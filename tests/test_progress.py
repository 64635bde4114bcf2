"""How far a run is: told on a terminal, in numbers that are true, and nowhere else."""

from __future__ import annotations

import io
import re
import sys
import time

import pytest

from centiles.progress import told


class Terminal(io.StringIO):
    """What a terminal is sent."""

    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    for name, value in {"TERM": "xterm", "COLUMNS": "80", "NO_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    return screen


def test_rows_rate_and_time_left_are_told_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with told("check", "rows") as progress:
        assert progress is not None
        for done in (250_000, 500_000):
            progress(done, 1_000_000)
            time.sleep(0.3)
        progress(750_000, 1_000_000)
        time.sleep(0.6)
    shown = terminal.getvalue()
    assert "750,000 of 1,000,000 rows, " in shown
    rate = shown.rpartition(" a second")[0].rpartition(" ")[2]
    assert 0 < int(rate.replace(",", "")) < 900_000  # 250,000 in 0.3 s, or on a busy machine
    assert re.search(r" a second, \d:\d\d:\d\d left", shown)
    assert shown.count("\n") == 1  # one line, drawn over, and gone at the end


def test_what_is_not_known_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with told("check", "rows"):
        time.sleep(0.6)
    shown = terminal.getvalue()
    assert "0:00:00 so far" in shown
    assert "rows" not in shown
    assert "left" not in shown


def test_no_time_is_left_when_all_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    with told("check", "rows") as progress:
        assert progress is not None
        progress(10, 10)
        time.sleep(0.6)
    assert "left" not in terminal.getvalue()
    assert "so far" in terminal.getvalue()


def test_nothing_is_told_where_output_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = io.StringIO()
    monkeypatch.setattr(sys, "stderr", kept)
    with told("check", "rows") as progress:
        assert progress is None
    assert kept.getvalue() == ""
