"""Work in several processes: all of it, whatever ends first; and none outlives its run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from centiles import threads
from centiles.errors import CentilesError, UsageError
from centiles.workers import each_done
from tests.running import lives, wait_until


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


def slow_at_first(number: int) -> int:
    """Return a number, the first ones last."""
    time.sleep(max(0.6 - 0.2 * number, 0))
    return number


def test_pieces_come_in_their_order_where_that_is_asked() -> None:
    assert list(each_done(slow_at_first, range(12), 3, in_order=True)) == [*range(12)]
    assert list(each_done(slow_at_first, range(12), 1, in_order=True)) == [*range(12)]


@pytest.mark.parametrize("order", [{}, {"in_order": True}], ids=["as they end", "in order"])
def test_no_more_pieces_are_made_than_are_under_way(order: dict[str, bool]) -> None:
    made, found = [], []

    def pieces() -> Iterator[int]:
        for number in range(40):
            made.append(number)
            yield number

    with closing(each_done(slow_at_first, pieces(), 2, **order)) as done:
        for number in done:
            found.append(number)
            assert len(made) <= len(found) + 2 * 2
    assert sorted(found) == [*range(40)]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
def test_whoever_stops_before_the_end_leaves_no_process(tmp_path: Path) -> None:
    pieces = [f"{tmp_path}/.", str(tmp_path), str(tmp_path)]
    with closing(each_done(waiting, pieces, 2)) as done:
        next(done)
        wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
    assert not any(lives(int(path.name)) for path in tmp_path.iterdir())


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
            wait_until(lambda: len(list(tmp_path.iterdir())) == 2)
            pids = [int(path.name) for path in tmp_path.iterdir()]
            if number == signal.SIGINT:
                os.killpg(run.pid, number)  # as a terminal does: all of them hear it
            else:
                run.send_signal(number)
            _, said = run.communicate(timeout=60)
        finally:
            run.kill()
    wait_until(lambda: not any(lives(pid) for pid in pids))
    assert said.count("Traceback") == (number == signal.SIGINT), said  # only the run's own
    assert run.returncode != 0
