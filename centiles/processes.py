"""How a run begins and is cut short: no warning speaks of the data, and everything is tidied up."""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
import warnings
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent


def prepare() -> None:
    """Let no warning speak of the data, no terminal choke on a sign, no signal skip tidying up."""
    if not os.environ.get("CENTILES_DEBUG"):
        warnings.simplefilter("ignore")
        logging.disable()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has not all of them
        if number is not None and signal.getsignal(number) in _UNTOUCHED:
            signal.signal(number, _interrupt)


class Interrupted(BaseException):
    """Ctrl-C, or the machine shutting down: raised, so that everything unfinished is removed."""


_UNTOUCHED: Final = (signal.SIG_DFL, signal.default_int_handler)


def _interrupt(*_: object) -> None:
    raise Interrupted


def place_of(fault: BaseException) -> str:
    """Return the last place in our own code a fault came through."""
    trace = fault.__traceback__
    place = "?"
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if _HERE in path.parents:
            place = f"{path.name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
