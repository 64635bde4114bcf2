"""Work that takes Python itself, done by several processes at once.

What they are given and what they give goes from one to the other, so both are best small. They
end with the process that began them, however that ends. To start them takes about a second.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, islice
from multiprocessing.connection import Connection, wait
from typing import Any, Final, TypeVar, cast

from centiles import threads
from centiles.errors import CentilesError

Piece = TypeVar("Piece")
Given = TypeVar("Given")

WORKERS: Final = min(threads.CORES or 1, 4)  # each holds what it works on in memory
_AHEAD: Final = 2  # pieces a process that are given out before the first of them is taken back


def each_done(
    work: Callable[[Piece], Given],
    pieces: Iterable[Piece],
    workers: int,
    *,
    in_order: bool = False,
) -> Generator[Given, None, None]:
    """Yield what each piece of work gives, in the order in which they end, or of the pieces.

    No more than a few pieces are under way, so neither they nor what they give need fit in memory
    together. Whoever may stop before the end closes this, and the processes end.

    Parameters
    ----------
    work
        A function of a module, which processes find by its name.
    pieces
        What it is called with, once each; can be pickled, as what it gives. They are taken from
        here as they are needed.
    workers
        How many processes to start at most; with one, or one piece, the work is done here.
    in_order
        Whether to give what comes of the pieces in their own order.

    Raises
    ------
    CentilesError
        If a process dies. An exception of the work is raised as it is; what is unfinished then is
        left as it is.
    """
    rest = iter(pieces)
    first = list(islice(rest, max(workers, 1)))
    todo = enumerate(chain(first, rest))
    if len(first) < 2:
        yield from (work(piece) for _, piece in todo)
        return
    with _processes(work, len(first)) as idle:
        busy: dict[Connection, int] = {}  # which piece each process has
        given: dict[int, tuple[Given, Exception | None]] = {}
        most, told = _AHEAD * len(first), 0
        while True:
            while idle and len(busy) + len(given) < most and (piece := next(todo, None)):
                busy[idle[0]] = piece[0]
                with _told_of_death(len(first)):
                    idle.popleft().send(piece[1])
            if told in given if in_order else given:
                result, fault = given.pop(told if in_order else next(iter(given)))
                if fault is not None:
                    raise fault
                yield result
                told += 1
            elif busy:
                for pipe in cast("list[Connection]", wait(list(busy))):
                    with _told_of_death(len(first)):
                        given[busy.pop(pipe)] = pipe.recv()
                    idle.append(pipe)
            else:
                return


@contextmanager
def _processes(work: Callable[[Any], Any], count: int) -> Iterator[deque[Connection]]:
    """Start processes, each with a pipe of its own; end them at once however this ends.

    No lock is shared with any, and no other process has an end of its pipe: so each can end, or
    be ended, at any moment, and that is heard.
    """
    context = multiprocessing.get_context("spawn")  # a fork would have half of our threads
    listening, until = context.Pipe(duplex=False)
    started, ends = [], [listening]
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            ends.append(ours)
            process = context.Process(target=_serve, args=(work, theirs, listening), daemon=True)
            with _unheard():
                process.start()
            started.append(process)
            theirs.close()
        yield deque(ends[1:])
    finally:
        until.close()
        for process in started:
            process.join()
        for each in ends:
            each.close()


@contextmanager
def _told_of_death(count: int) -> Iterator[None]:
    """Say plainly that the process at the other end of a pipe has died."""
    try:
        yield
    except (EOFError, OSError):
        raise CentilesError(
            "a process that did a part of this run ended without a word, as where there is no "
            f"memory left; expected room for {count} of them, of up to 1 GB each. Close "
            "other programs and give the same command again"
        ) from None


def _serve(work: Callable[[Any], Any], pipe: Connection, listening: Connection) -> None:
    """Do one piece of work after another, as a process of its own."""
    _begin(listening)
    with suppress(EOFError, OSError):
        while True:
            piece = pipe.recv()
            try:
                said: tuple[Any, Exception | None] = work(piece), None
            except Exception as fault:  # noqa: BLE001 -- raised again where it was asked for
                said = None, fault
            pipe.send(said)


def _begin(listening: Connection) -> None:
    """Prepare a process: it says nothing, works on one core, and ends with the one it is for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    logging.disable()
    threads.keep_to_one()
    threading.Thread(target=_end_with, args=(listening,), daemon=True).start()


def _end_with(listening: Connection) -> None:
    """End at once when the other end of a pipe is closed, as it is when its process ends."""
    with suppress(EOFError, OSError):
        listening.recv_bytes()
    os._exit(1)


@contextmanager
def _unheard() -> Iterator[None]:
    """Start processes that do not hear Ctrl-C: it is told by the one that began them."""
    if threading.current_thread() is not threading.main_thread():
        yield  # where signals cannot be set
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
