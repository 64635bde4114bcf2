"""A folder of results or a file, whole or not at all: written beside, renamed when complete."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from centiles.errors import UnwritableError

MARK: Final = "run.json"  # what every folder of ours holds, and no other folder does
# What we put in a folder, and what an operating system does: --force removes nothing else.
OURS: Final = frozenset(
    (MARK, "children.csv", "findings.csv", "contacts.csv", "teams.csv", "problems.csv",
     "scored", "scored.csv", "scored.parquet", "report.html", "children.xlsx", "share.html",
     "share.csv", "beside", "charts", "exports", "results", ".DS_Store", "Thumbs.db", "desktop.ini")
)  # fmt: skip
_NUMBERED: Final = re.compile(r"rejected(-\d+)?\.csv|report-\d+\.html")


@contextmanager
def whole_folder(folder: str | Path, *, force: bool = False) -> Iterator[Path]:
    """Give an empty folder to write in, which takes the place of ``folder`` when all went well.

    The folder is readable by its owner only. If anything fails, or the run is interrupted, what
    was at ``folder`` is as it was.

    Raises
    ------
    UnwritableError
        If ``folder`` cannot be written, exists and ``force`` is not given, or exists and is not
        a folder of results.
    """
    stop_unless_free(folder, force=force)
    target = _whole_path(folder)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as fault:
        raise _unwritable(target, fault) from None
    try:
        yield made
        for path in made.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        stop_unless_free(folder, force=force)  # another run may have ended meanwhile
        _take_place(made, target)
    except OSError as fault:
        raise _unwritable(target, fault) from None
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def whole_file(file: str | Path, *, force: bool = False) -> Iterator[Path]:
    """Give the path of a file to write, which takes the place of ``file`` when all went well.

    It is readable by its owner only.

    Raises
    ------
    UnwritableError
        If ``file`` cannot be written, or exists and ``force`` is not given.
    """
    target = Path(file)
    if target.is_dir():
        raise UnwritableError(f"{target}: found a folder, expected the name of a file to write")
    if not force and os.path.lexists(target):
        raise UnwritableError(f"{target}: is there already; choose another name, or --force")
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".centiles-")
        os.close(handle)
    except OSError as fault:
        raise _unwritable(target, fault) from None
    beside = Path(name)
    try:
        yield beside
        beside.replace(target)
    except OSError as fault:
        raise _unwritable(target, fault) from None
    finally:
        beside.unlink(missing_ok=True)


def stop_unless_free(folder: str | Path, *, force: bool) -> None:
    """Stop before any work if results could not be written to a folder.

    Raises
    ------
    UnwritableError
        As :func:`whole_folder`.
    """
    target = _whole_path(folder)
    try:
        _stop_if_occupied(target, force=force)
    except OSError as fault:  # a folder above it that may not be looked into, or is a file
        raise _unwritable(target, fault) from None
    above = next((each for each in target.parents if each.exists()), target)
    if not above.is_dir():
        raise UnwritableError(f"{target}: {above.name} is a file, expected a folder to write in")
    if not os.access(above, os.W_OK | os.X_OK):
        raise UnwritableError(
            f"{target}: {above} may not be written to; choose another --out, or ask for permission"
        )


def _whole_path(folder: str | Path) -> Path:
    """Return a path that ends in a name, whatever "." or ".." is in it; a link stays one."""
    return Path(os.path.abspath(folder))  # noqa: PTH100 -- resolve() would follow a link


def _stop_if_occupied(target: Path, *, force: bool) -> None:
    if Path.cwd().is_relative_to(target):
        raise UnwritableError(
            f"{target}: is the folder this runs in, or above it; choose a new folder in it as --out"
        )
    if not os.path.lexists(target):
        return
    if target.is_symlink():
        raise UnwritableError(f"{target}: is a link; give --out the folder it points to")
    if not target.is_dir():
        raise UnwritableError(f"{target}: is there and is not a folder; choose another --out")
    names = {path.name for path in target.iterdir()}
    if not names:
        return
    if MARK not in names:
        raise UnwritableError(
            f"{target}: holds files that are not results of centiles, so it is left alone; "
            "choose another --out"
        )
    if not force:
        raise UnwritableError(
            f"{target}: holds the results of an earlier run; choose another --out, or --force to "
            "replace them"
        )
    others = {name for name in names - OURS if not _NUMBERED.fullmatch(name)}
    if others:
        raise UnwritableError(
            f"{target}: holds, beside earlier results, other files that --force would remove "
            f"({len(others)}); move them away, or choose another --out"
        )


def _take_place(made: Path, target: Path) -> None:
    """Rename the new folder over the old one, which is put back if that fails."""
    if not target.exists():
        made.replace(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    was = old / "was"
    try:
        target.replace(was)
        made.replace(target)
    except BaseException:
        if was.exists() and not target.exists():
            was.replace(target)
        raise
    finally:
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)


def _unwritable(target: Path, fault: OSError) -> UnwritableError:
    return UnwritableError(
        f"{target}: cannot be written ({fault.strerror or type(fault).__name__}); "
        "expected a folder there is room and permission for, and no file of it open elsewhere"
    )
