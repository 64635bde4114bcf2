"""The folder of an unfinished run: what is done already, so that a rerun goes on from there.

``DIR.partial/`` stands beside the results and is never read as results. Parts of it are whole or
not there; they belong to one set of inputs, options and version, and are of no use to another.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from centiles.checks.profiles import Profile
from centiles.errors import CentilesError, UnwritableError
from centiles.locks import Lock
from centiles.records.arrow_tables import exact_frame, exact_table
from centiles.records.columns import CHILDREN, CONTACTS, FINDINGS, SCORED
from centiles.records.reading import Records
from centiles.references import reference
from centiles.version import __version__

MARK: Final = "unfinished.txt"
_SAYS: Final = (
    "A run of centiles that is not finished, kept so that the same command goes on from here.\n"
    "It holds what the exports hold. It is no result; delete it if you will not go on.\n"
)
_SCRATCH: Final = "scratch"
_PARTS: Final = "parts-"
_MADE: Final = ".made"
_LOCK: Final = "in-use"


def partial_of(results: str | Path) -> Path:
    """Return the folder of the unfinished run of a result folder."""
    target = Path(os.path.abspath(results))  # noqa: PTH100 -- resolve() would follow a link
    return target.with_name(f"{target.name}.partial")


class Partial:
    """A folder with a scratch folder in it, and the parts of one run that are done."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, or take over the one an earlier run left.

        Raises
        ------
        UnwritableError
            If another run is at work in it, or it cannot be written.
        """
        self.folder = folder
        self.scratch = folder / _SCRATCH
        self.parts = folder
        with writing(folder):
            _stop_if_strange(folder)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.lock = Lock(folder / _LOCK, folder)
            (folder / MARK).write_text(_SAYS, encoding="utf-8")
            shutil.rmtree(self.scratch, ignore_errors=True)
            self.scratch.mkdir(mode=0o700)

    def begin(self, key: str) -> list[str]:
        """Keep only the parts of the run with this key, and return which are done."""
        self.parts = self.folder / f"{_PARTS}{key}"
        with writing(self.folder):
            for other in self.folder.glob(f"{_PARTS}*"):
                if other != self.parts:
                    shutil.rmtree(other, ignore_errors=True)
            self.parts.mkdir(exist_ok=True, mode=0o700)
            self._clear_unfinished()
        return sorted(path.name for path in self.parts.iterdir())

    @property
    def done(self) -> list[Path]:
        """The folders of the parts that are done, in order."""
        return sorted(self.parts.glob("[0-9]*[0-9]"))

    def close(self, *, done: bool) -> str:
        """Remove everything when the results are there, else all but the parts that are done.

        Return what to say of what is left, "" where nothing is.
        """
        try:
            return self._cleared(done=done)
        finally:
            self.lock.release()
            with suppress(OSError):
                self.folder.rmdir()  # where a lock kept it, on Windows

    def _clear_unfinished(self) -> None:
        for unfinished in self.folder.glob(f"{_PARTS}*/*{_MADE}"):
            shutil.rmtree(unfinished, ignore_errors=True)

    def _cleared(self, *, done: bool) -> str:
        shutil.rmtree(self.scratch, ignore_errors=True)
        self._clear_unfinished()
        if done or not any(self.folder.glob(f"{_PARTS}*/[0-9]*")):
            shutil.rmtree(self.folder, ignore_errors=True)
            return ""
        return (
            f"what was checked so far is in {self.folder}: the same command goes on from there. "
            "It holds what the exports hold; delete it if you will not go on"
        )


@contextmanager
def part(parts: Path, name: str) -> Iterator[Path]:
    """Give a folder to write a part in, which is there under its name when all went well.

    A process that ends late may be at the same one: each has a folder of its own, and the first
    that is done stays.
    """
    made = parts / f"{name}-{os.getpid()}{_MADE}"
    with writing(parts.parent):
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        yield made
        if not (parts / name).exists():
            made.replace(parts / name)


def _stop_if_strange(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UnwritableError(f"{folder}: is there and is not a folder; move it away")
    names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if names - {_LOCK} and MARK not in names:
        raise UnwritableError(
            f"{folder}: holds files that are no unfinished run of centiles, so it is left alone; "
            "move it away, or choose another --out"
        )


@contextmanager
def writing(folder: Path, faults: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn a fault of writing into one that says where and what to do.

    Raises
    ------
    UnwritableError
        If the disk is full, say, or the folder may not be written to.
    """
    try:
        yield
    except CentilesError:
        raise
    except OSError as fault:
        raise _unwritable(folder, fault) from None
    except faults as fault:
        raise _unwritable(folder, fault) from None


def _unwritable(folder: Path, fault: Exception) -> UnwritableError:
    why = getattr(fault, "strerror", None) or type(fault).__name__
    return UnwritableError(
        f"{folder}: cannot be written ({why}); expected a folder with room for about three "
        "times the exports while the run lasts. Make room, or choose another --out"
    )


def key_of(records: Records, profile: Profile, **more: Any) -> str:
    """Return what tells a run from others: its inputs, its options, the version."""
    asked = {name: str(getattr(profile, name)) for name in profile.__dataclass_fields__}
    asked |= {
        "rules": profile.rules.sha256,
        "pseudonyms": profile.pseudonyms.fingerprint if profile.pseudonyms else "",
        "hides_dates": str(profile.hides_dates),
    }
    everything = {
        "version": __version__,
        "columns": [each.name for each in (*SCORED, *FINDINGS, *CHILDREN, *CONTACTS)],
        "reference": reference().sha256,
        "contacts": profile.rules.contacts.sha256,
        "sources": [[each.name, each.sha256, each.mapping] for each in records.sources],
        "sides": [asdict(each) for each in records.sides.sources],
        "config": repr(records.config),
        "apart": repr(records.apart),
        "missing": records.missing,
        **asked,
        **more,
    }
    text = json.dumps(everything, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_frames(folder: Path, frames: dict[str, pd.DataFrame]) -> None:
    """Write frames of any columns, each to a file of its own."""
    for name, frame in frames.items():
        table = exact_table(frame)
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with (
            pa.OSFile(str(folder / f"{name}.arrow"), "wb") as file,
            pa.ipc.new_file(file, table.schema, options=options) as writer,
        ):
            writer.write_table(table)


def read_frames(folder: Path, names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return frames that :func:`write_frames` wrote."""
    found = {}
    for name in names:
        with pa.OSFile(str(folder / f"{name}.arrow"), "rb") as file:
            found[name] = exact_frame(pa.ipc.open_file(file).read_all())
    return found
