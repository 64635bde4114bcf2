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
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from itertools import chain, islice, takewhile
from multiprocessing.connection import Connection
from typing import Any, Final, TypeVar

from centiles import threads
from centiles.errors import CentilesError

Piece = TypeVar("Piece")
Given = TypeVar("Given")

WORKERS: Final = min(threads.CORES or 1, 4)  # each holds what it works on in memory
_AHEAD: Final = 2  # pieces a process that are given out before the first of them is taken back
_LOOK: Final = 0.2  # [s]: how long Ctrl-C is held back at most


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
    workers = len(first)
    if workers < 2:
        yield from map(work, chain(first, rest))
        return
    context = multiprocessing.get_context("spawn")  # a fork would have half of our threads
    listening, until = context.Pipe(duplex=False)
    with listening, until:
        pool = ProcessPoolExecutor(
            workers, mp_context=context, initializer=_begin, initargs=(listening,)
        )
        try:
            with _unheard():  # all processes are started here
                todo = deque(pool.submit(work, piece) for piece in first)
            _give(pool, work, islice(rest, (_AHEAD - 1) * workers), todo)
            while todo:
                with _held():
                    wait([todo[0]] if in_order else todo, _LOOK, FIRST_COMPLETED)
                for each in _ended(todo, in_order=in_order):
                    _give(pool, work, islice(rest, 1), todo)
                    yield each.result()
            with _held():
                pool.shutdown()
        except BrokenProcessPool:
            raise CentilesError(
                "a process that did a part of this run ended without a word, as where there is no "
                f"memory left; expected room for {workers} of them, of up to 1 GB each. Close "
                "other programs and give the same command again"
            ) from None
        finally:
            with _held():
                until.close()
                pool.shutdown(cancel_futures=True)


def _give(
    pool: ProcessPoolExecutor,
    work: Callable[[Piece], Given],
    pieces: Iterable[Piece],
    todo: deque[Future[Given]],
) -> None:
    """Give out more pieces."""
    for piece in pieces:
        with _held():
            todo.append(pool.submit(work, piece))


def _ended(todo: deque[Future[Given]], *, in_order: bool) -> list[Future[Given]]:
    """Take from what is under way what has ended, or as much of it as is next."""
    found = list(takewhile(Future.done, todo) if in_order else filter(Future.done, todo))
    for each in found:
        todo.remove(each)
    return found


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
    with _answered(signal.SIG_IGN):
        yield


@contextmanager
def _held() -> Iterator[None]:
    """Hold Ctrl-C back until the pool has let go of its own locks, and tell it then."""
    heard: list[int] = []
    with _answered(lambda number, _: heard.append(number)):
        yield
    if heard:
        signal.raise_signal(signal.SIGINT)


@contextmanager
def _answered(answer: Any) -> Iterator[None]:
    """Answer Ctrl-C otherwise for a while; threads that may not set it leave it as it is."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, answer)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
