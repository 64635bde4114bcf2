"""A folder of results, whole or not at all: written beside, renamed when complete."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from centiles.errors import UnwritableError

MARK: Final = "run.json"  # what every folder of ours holds, and no other folder does


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
    target = Path(folder)
    _stop_if_occupied(target, force=force)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as fault:
        raise _unwritable(target, fault) from fault
    try:
        yield made
        for path in made.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        _take_place(made, target)
    except OSError as fault:
        raise _unwritable(target, fault) from fault
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _stop_if_occupied(target: Path, *, force: bool) -> None:
    if not target.exists() and not target.is_symlink():
        return
    if target.is_symlink() or not target.is_dir():
        raise UnwritableError(f"{target}: is there and is not a folder; choose another --out")
    if not any(target.iterdir()):
        return
    if not (target / MARK).is_file():
        raise UnwritableError(
            f"{target}: holds files that are not results of centiles, so it is left alone; "
            "choose another --out"
        )
    if not force:
        raise UnwritableError(
            f"{target}: holds the results of an earlier run; choose another --out, or --force to "
            "replace them"
        )


def _take_place(made: Path, target: Path) -> None:
    """Rename the new folder over the old one, which is put back if that fails."""
    if not target.exists():
        made.replace(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    target.replace(old / "was")
    try:
        made.replace(target)
    except OSError:
        (old / "was").replace(target)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _unwritable(target: Path, fault: OSError) -> UnwritableError:
    return UnwritableError(
        f"{target}: cannot be written ({fault.strerror or type(fault).__name__}); "
        "expected a folder there is room and permission for"
    )
