"""Work that divides, done at once on all cores.

NumPy and Arrow let go of the interpreter while they work on large arrays, so threads are enough
and nothing is copied. What comes out never depends on which piece ends first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")

CORES: Final = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()

WORTH_THREADS: Final = 20_000  # rows
_kept_to_one: list[bool] = []  # whether the other cores are for other processes


def keep_to_one() -> None:
    """Do one piece of work after the other from now on: other processes have the other cores."""
    _kept_to_one.append(True)


def kept_to_one() -> bool:
    """Return whether the other cores are for other processes."""
    return bool(_kept_to_one)


def at_once(works: Iterable[Callable[[], T]], *, rows: int) -> list[T]:
    """Return what each piece of work gives, in the order of the pieces.

    Parameters
    ----------
    works
        Calls that do not depend on one another, nor write to anything they share; those that
        take longest are best named first. An exception is that of the first one that raises.
    rows
        How long the arrays are that they work on: with short ones threads cost more than they save.

    Examples
    --------
    >>> at_once([lambda: 1 + 1, lambda: 2 + 2], rows=1_000_000)
    [2, 4]
    """
    pieces = list(works)
    if rows < WORTH_THREADS or len(pieces) < 2 or kept_to_one():
        return [piece() for piece in pieces]
    with ThreadPoolExecutor(min(len(pieces), CORES or 1)) as pool:
        return [each.result() for each in [pool.submit(piece) for piece in pieces]]
