"""Processes as tests look at them: whether one lives, and waiting until something is so."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path


def wait_until(until: Callable[[], bool]) -> None:
    """Wait until something is so, a minute at most."""
    start = time.monotonic()
    while not until():
        assert time.monotonic() - start < 60
        time.sleep(0.05)


def lives(pid: int) -> bool:
    """Return whether a process has not ended."""
    try:
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return False  # ended, and not yet noticed by whoever adopted it
        os.kill(pid, 0)
    except (ProcessLookupError, FileNotFoundError):
        return False
    return True
