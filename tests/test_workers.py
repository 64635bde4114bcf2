"""Work in several processes: all of it, whatever ends first; and none outlives its run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from centiles import threads
from centiles.errors import CentilesError, UsageError
from centiles.workers import each_done


def squared(number: int) -> tuple[int, int, bool]:
    """Return a number's square, by which process, and whether it keeps to one core."""
    time.sleep(0.2)  # so that no process can take all of them
    kept = threads.at_once([os.getpid, os.getpid], rows=threads.WORTH_THREADS)
    return number * number, os.getpid(), kept == [os.getpid()] * 2 and bool(threads._kept_to_one)


def refused(number: int) -> int:
    """Refuse one number, as a check refuses an option."""
    if number == 3:
        raise UsageError("found 3, expected another")
    return number


def dying(number: int) -> int:
    """Die without a word, as where the system takes a process that needs too much."""
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def waiting(folder: str) -> None:
    """Say which process this is, and wait longer than any test; one has nothing more to do."""
    Path(folder, str(os.getpid())).touch()
    if not folder.endswith("."):
        time.sleep(600)


def test_all_is_done_by_several() -> None:
    found = list(each_done(squared, range(8), 2))
    assert sorted(square for square, _, _ in found) == [n * n for n in range(8)]
    assert len({pid for _, pid, _ in found} - {os.getpid()}) == 2
    assert all(alone for _, _, alone in found)


@pytest.mark.parametrize(("pieces", "processes"), [(range(3), 1), (range(1), 4)])
def test_one_at_a_time_needs_no_process(pieces: range, processes: int) -> None:
    assert {pid for _, pid, _ in each_done(squared, pieces, processes)} == {os.getpid()}
    assert list(each_done(squared, [], processes)) == []


def test_a_refusal_comes_as_it_is() -> None:
    with pytest.raises(UsageError, match="found 3, expected another"):
        list(each_done(refused, range(6), 2))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_process_that_dies_is_told() -> None:
    with pytest.raises(CentilesError, match=r"ended without a word.*the same command again"):
        list(each_done(dying, range(4), 2))


_MAIN = (
    "import sys; from centiles.workers import each_done; "
    "from tests.test_workers import waiting; "
    "list(each_done(waiting, [sys.argv[1], sys.argv[1] + '/.'], 2))"
)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "Ctrl-C"])
def test_no_process_outlives_its_run(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _MAIN, str(tmp_path)], stderr=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[1], start_new_session=True,
    ) as run:  # fmt: skip
        try:
            _wait(lambda: len(list(tmp_path.iterdir())) == 2)
            pids = [int(path.name) for path in tmp_path.iterdir()]
            if number == signal.SIGINT:
                os.killpg(run.pid, number)  # as a terminal does: all of them hear it
            else:
                run.send_signal(number)
            _, said = run.communicate(timeout=60)
        finally:
            run.kill()
    _wait(lambda: not any(_lives(pid) for pid in pids))
    assert said.count("Traceback") == (number == signal.SIGINT), said  # only the run's own
    assert run.returncode != 0


def _wait(until: Callable[[], bool]) -> None:
    start = time.monotonic()
    while not until():
        assert time.monotonic() - start < 60
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return False  # ended, and not yet noticed by whoever adopted it
        os.kill(pid, 0)
    except (ProcessLookupError, FileNotFoundError):
        return False
    return True
