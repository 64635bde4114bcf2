"""The command line as a shell would run it, in this process: for the tests and the fuzzer."""

from __future__ import annotations

import contextlib
import io
import logging
import signal
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from centiles import commands


@dataclass(frozen=True)
class Ran:
    """What a run printed and logged, and the code it ended with."""

    code: int
    out: str
    err: str
    log: str


def run(*arguments: str | Path, together: bool = False) -> Ran:
    """Run ``centiles`` with arguments, and leave signals, warnings and logging as they were.

    ``together`` puts the two outputs into one, ``out``, as a terminal shows them.
    """
    out, err = (
        io.TextIOWrapper(io.BytesIO(), "utf-8", errors, newline="\n", write_through=True)
        for errors in ("strict", "backslashreplace")  # as the interpreter's own are
    )
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    code: object = 0
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {getattr(signal, name): signal.getsignal(getattr(signal, name)) for name in names}
    logging.getLogger().addHandler(handler)
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
            logging.getLogger().removeHandler(handler)
            for number, kept in before.items():
                signal.signal(number, kept)
    assert code is None or isinstance(code, int)
    said = []
    for stream in (out, err):
        stream.flush()
        said.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    return Ran(code or 0, *said, log.getvalue())
