"""Which engine: the one that is named, or by the size of the input; and what to install."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa

from centiles.checks.checked import Checked
from centiles.checks.pipeline import check
from centiles.errors import UsageError
from centiles.records.reading import Records, read

ENGINES: Final = ("auto", "memory", "duckdb", "spark")
LARGE_BYTES: Final = 256 << 20  # of text: about three million rows, and as many kB of memory
# What a file comes to as text: Parquet and gzip pack exports to about this.
_PACKED: Final = {".parquet": 8, ".gz": 8, ".arrow": 3, ".feather": 3, ".xlsx": 8}
_NEEDS: Final = {"duckdb": ("duckdb", "big"), "spark": ("pyspark", "spark")}


class Engine(Protocol):
    """A way to run a check of files."""

    def read(self, exports: Any, **reading: Any) -> Records:
        """Return what exports say."""

    def check(self, records: Records, **options: Any) -> Checked:
        """Return what was found in them."""

    def scored(self) -> Iterator[pa.Table] | None:
        """Return all scored values, some at a time; None where the check holds them."""

    def close(self, *, done: bool) -> str:
        """Remove what was kept meanwhile; return what to say of what is left, "" for nothing."""


class Memory:
    """The engine that holds everything in memory."""

    def read(self, exports: Any, **reading: Any) -> Records:
        """Return what exports say."""
        return read(exports, **reading)

    def check(
        self, records: Records, *, charted: bool = True, progress: Any = None, **options: Any
    ) -> Checked:
        """Return what was found in them."""
        del charted, progress  # everything is held, and nothing waited for
        return check(records, **options)

    def scored(self) -> None:
        """Return nothing: the check holds all values."""

    def close(self, *, done: bool) -> str:
        """Return nothing: there is nothing to remove."""
        del done
        return ""


def engine_of(
    name: str, exports: Sequence[Path], results: Path, *, as_of: Any, today: Any
) -> tuple[Engine, str]:
    """Return an engine, and what to say of the choice, "" for nothing.

    Parameters
    ----------
    name
        One of :data:`ENGINES`.
    exports
        The files and folders to read.
    results
        The result folder.
    as_of, today
        As :func:`centiles.checks.check` has them.

    Raises
    ------
    UsageError
        If there is no such engine, or what it needs is not installed.
    """
    if name not in ENGINES:
        raise UsageError(f"engine: found {name!r}, expected one of {', '.join(ENGINES)}")
    said = ""
    if name == "auto":
        name, said = chosen(exports)
    if name == "memory":
        return Memory(), said
    stop_if_missing(name)
    if name == "duckdb":
        from centiles.engines import duckdb
        from centiles.workers import WORKERS

        return duckdb.Engine(results, as_of=as_of, today=today, workers=WORKERS), said
    from centiles.engines import spark

    return spark.Engine(results, as_of=as_of, today=today), said


def chosen(exports: Sequence[Path]) -> tuple[str, str]:
    """Return the engine for exports of this size, and what to say of it, "" for the usual."""
    size = sum(map(_text_bytes, exports))
    if size < LARGE_BYTES:
        return "memory", ""
    large = f"the exports are about {size >> 20:,} MB as text"
    if find_spec("duckdb") is None:
        return "memory", (
            f"engine: memory, although {large}; with pip install 'centiles[big]' they need not "
            "all be held in memory"
        )
    return "duckdb", f"engine: duckdb, since {large} (--engine memory to hold them in memory)"


def _text_bytes(path: Path) -> int:
    """Return about how large a file, or what is in a folder, is as text."""
    try:
        if path.is_dir():
            return sum(_text_bytes(each) for each in path.rglob("*") if each.is_file())
        return path.stat().st_size * _PACKED.get(path.suffix.lower(), 1)
    except OSError:
        return 0  # its reading will tell


def stop_if_missing(name: str) -> None:
    """Stop where what an engine needs is not installed.

    Raises
    ------
    UsageError
        If it is not.
    """
    module, extra = _NEEDS[name]
    if find_spec(module) is None:
        raise UsageError(
            f"engine {name}: found no {module}, expected it to be installed; "
            f"install it with: pip install 'centiles[{extra}]'"
        )
