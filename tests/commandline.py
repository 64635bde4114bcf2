"""The command line as a shell would run it, in this process: what it printed and how it ended."""

from __future__ import annotations

import contextlib
import io
import logging
import signal
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from centiles import commands

HEADER = "Patient ID,Sex,Date of birth,Date measured,Weight (kg),Height (cm),Gestation"
STEADY = ("9990000018,F,12/03/2020,25/03/2025,18.4,108.1,38+4",)
FALLING = (
    "9990000026,M,12/03/2020,25/03/2025,18.4,108.1,38+4",
    "9990000026,M,12/03/2020,09/02/2026,15.1,110.2,38+4",
)


@dataclass(frozen=True)
class Ran:
    """What a run printed, and the code it ended with."""

    code: int
    out: str
    err: str


def run(*arguments: str | Path, together: bool = False) -> Ran:
    """Run ``centiles`` with arguments, and leave signals, warnings and logging as they were.

    ``together`` puts the two outputs into one, ``out``, as a terminal shows them.
    """
    out, err = (
        io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n", write_through=True) for _ in range(2)
    )
    code: object = 0
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    handlers = {getattr(signal, name): signal.getsignal(getattr(signal, name)) for name in names}
    with (
        mock.patch.object(sys, "argv", ["centiles", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out if together else err),
        warnings.catch_warnings(),
    ):
        try:
            commands.main()
        except SystemExit as end:
            code = end.code
        finally:
            logging.disable(logging.NOTSET)
            for number, handler in handlers.items():
                signal.signal(number, handler)
    assert code is None or isinstance(code, int)
    said = []
    for stream in (out, err):
        stream.flush()
        said.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    return Ran(code or 0, *said)


def export(path: Path, rows: Sequence[str] = (*STEADY, *FALLING), header: str = HEADER) -> Path:
    """Write an export of a few visits, and return its path."""
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path
