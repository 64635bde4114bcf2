"""The report drawn by several processes: the same bytes, and whole or not at all."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from centiles import reports
from centiles.checks import Checked
from centiles.demo import write_exports
from centiles.errors import CentilesError
from centiles.reports import pieces, report
from centiles.reports.overview import overview_of
from centiles.reports.svg import Svg
from tests.running import lives, wait_until

PIECE, PAGE = 7, 20  # children: pieces that do not fill a page, and several pages


def signed(piece: pieces.Piece) -> pieces.Drawn:
    """Draw a piece, and write which process did; the first ends after others."""
    if piece.chapter.children["rank"][0] == 1 and multiprocessing.parent_process():
        time.sleep(1)
    found = pieces.drawn(piece)
    return replace(found, markup=Svg(f"{found.markup}<!-- by {os.getpid()} -->"))


def dying(piece: pieces.Piece) -> pieces.Drawn:
    """Die at the third piece, as where the system takes a process that needs too much."""
    if piece.chapter.children["rank"][0] > 2 * PIECE:
        os.kill(os.getpid(), signal.SIGKILL)
    return pieces.drawn(piece)


def endless(piece: pieces.Piece) -> pieces.Drawn:
    """Draw the first piece, then say which process this is, and wait longer than any test."""
    if piece.chapter.children["rank"][0] > 1:
        Path(os.environ["WAITING"], str(os.getpid())).touch()
        time.sleep(600)
    return pieces.drawn(piece)


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the few children of the demonstration for many."""
    for name, value in (("WORTH_PROCESSES", 1), ("CHILDREN", PIECE), ("CHILDREN_A_PAGE", PAGE)):
        monkeypatch.setattr(report, name, value)


def written(checked: Checked, folder: Path, workers: int) -> dict[str, str]:
    """Return the pages of a report by name."""
    folder.mkdir()
    paths = report.write_report(checked, folder, overview_of(checked), workers=workers)
    return {path.name: path.read_text(encoding="utf-8") for path in paths}


def by(pages: dict[str, str]) -> set[int]:
    """Return which processes signed pages."""
    return {int(each) for text in pages.values() for each in re.findall(r"<!-- by (\d+) -->", text)}


@pytest.mark.usefixtures("many")
def test_several_processes_write_the_same_bytes_as_one(
    demo: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = written(demo, tmp_path / "one", 1)
    assert len(one) == 4
    monkeypatch.setattr(report, "drawn", signed)
    two = written(demo, tmp_path / "two", 2)
    assert by(two)
    assert os.getpid() not in by(two)
    assert {name: re.sub("<!-- by .*? -->", "", text) for name, text in two.items()} == one


def test_a_page_has_all_its_children_refer_to(
    demo: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = written(demo, tmp_path / "whole", 1)["report.html"]
    monkeypatch.setattr(report, "CHILDREN", PIECE)
    assert written(demo, tmp_path / "parts", 1)["report.html"] == whole
    assert set(re.findall(r'<use href="#(b[^"]*)"', whole)) == set(
        re.findall(r'<symbol id="(b[^"]*)"', whole)
    )


def test_few_children_start_no_process(
    demo: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "drawn", signed)
    monkeypatch.setattr(report, "CHILDREN", PIECE)
    assert by(written(demo, tmp_path / "few", 2)) == {os.getpid()}


@pytest.mark.usefixtures("many")
def test_whatever_stops_the_writing_ends_the_processes(demo: Checked, tmp_path: Path) -> None:
    def stop(*_: int) -> None:
        assert multiprocessing.active_children()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as told:
        report.write_report(demo, tmp_path, overview_of(demo), workers=2, progress=stop)
    assert told.tb  # which would keep them, were they not ended on purpose
    assert not multiprocessing.active_children()


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("workers", [1, 2])
def test_progress_counts_children(demo: Checked, tmp_path: Path, workers: int) -> None:
    told: list[tuple[int, int]] = []
    report.write_report(
        demo, tmp_path, overview_of(demo), workers=workers,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    count = int((demo.children["rank"] > 0).sum())
    assert {total for _, total in told} == {count}
    done = [each for each, _ in told]
    assert done == sorted(set(done))
    assert (done[0], done[-1]) == (PIECE, count)


@pytest.mark.usefixtures("many")
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_process_that_dies_leaves_no_half_result(
    demo: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports.write(demo, tmp_path / "old", workbook=False)
    before = {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()}
    monkeypatch.setattr(report, "drawn", dying)
    with pytest.raises(CentilesError, match="ended without a word") as told:
        reports.write(demo, tmp_path / "old", workbook=False, force=True, workers=2)
    assert "batch" not in str(told.value)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()}


_MAIN = (
    "import sys; from centiles import commands, workers; from centiles.reports import report; "
    "from tests import test_report_processes as here; "
    "workers.WORKERS = 2; report.WORTH_PROCESSES = 1; report.CHILDREN = here.PIECE; "
    "report.drawn = here.endless; commands.main()"
)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
def test_ctrl_c_leaves_no_half_result_and_no_process(tmp_path: Path) -> None:
    waiting, out = tmp_path / "waiting", tmp_path / "out"
    for folder in (waiting, out, tmp_path / "exports"):
        folder.mkdir()
    exports = [str(path) for path in write_exports(tmp_path / "exports")]
    with subprocess.Popen(
        [sys.executable, "-c", _MAIN, "check", *exports, "--out", str(out / "results")],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        cwd=Path(__file__).parents[1], start_new_session=True,
        env=os.environ | {"WAITING": str(waiting)},
    ) as run:  # fmt: skip
        try:
            wait_until(lambda: len(list(waiting.iterdir())) == 2)
            assert list(out.iterdir())  # what is made, under a name of its own
            os.killpg(run.pid, signal.SIGINT)  # as a terminal does: all of them hear it
            _, said = run.communicate(timeout=60)
        finally:
            run.kill()
    assert run.returncode == 130
    assert "interrupted: nothing half-written is left" in said
    assert "Traceback" not in said
    assert [path for path in out.iterdir() if path.is_dir()] == []
    wait_until(lambda: not any(lives(int(path.name)) for path in waiting.iterdir()))
