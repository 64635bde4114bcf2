"""Work that takes Python itself, done by several processes at once.

What they are given and what they give goes from one to the other, so both are best small. They
end with the process that began them, however that ends.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any, Final, TypeVar

import pyarrow as pa

from centiles import threads
from centiles.errors import CentilesError

Piece = TypeVar("Piece")
Given = TypeVar("Given")

WORKERS: Final = min(threads.CORES or 1, 4)  # each holds a batch in memory
_LOOK: Final = 0.2  # [s]: how long Ctrl-C is held back at most


def each_done(
    work: Callable[[Piece], Given], pieces: Sequence[Piece], workers: int
) -> Iterator[Given]:
    """Yield what each piece of work gives, in the order in which they end.

    Parameters
    ----------
    work
        A function of a module, which processes find by its name.
    pieces
        What it is called with, once each; can be pickled, as what it gives.
    workers
        How many processes to start at most; with one, or one piece, the work is done here.

    Raises
    ------
    CentilesError
        If a process dies. An exception of the work is raised as it is; what is unfinished then is
        left as it is.
    """
    workers = min(workers, len(pieces))
    if workers < 2:
        yield from map(work, pieces)
        return
    context = multiprocessing.get_context("spawn")  # a fork would have half of our threads
    listening, until = context.Pipe(duplex=False)
    with listening, until:
        pool = ProcessPoolExecutor(
            workers, mp_context=context, initializer=_begin, initargs=(listening,)
        )
        try:
            with _unheard():
                todo = {pool.submit(work, piece) for piece in pieces}
            while todo:
                with _held():
                    done, todo = wait(todo, _LOOK, FIRST_COMPLETED)
                for each in done:
                    yield each.result()
            with _held():
                pool.shutdown()
        except BrokenProcessPool:
            raise CentilesError(
                "a process that checked a batch of children ended without a word, as where there "
                "is no memory left; expected about 1 GB for each of "
                f"{workers}. Close other programs and give the same command again: it goes on "
                "after the last batch that is done"
            ) from None
        finally:
            with _held():
                until.close()
                pool.shutdown(cancel_futures=True)


def _begin(listening: Connection) -> None:
    """Prepare a process: it says nothing, works on one core, and ends with the one it is for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    logging.disable()
    threads.keep_to_one()
    pa.set_cpu_count(1)
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
