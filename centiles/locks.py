"""One run at a time in one place: a lock that ends with the process that holds it.

What is locked is an open file, so that a run that is killed leaves no lock behind, whatever file
it leaves. Several machines that share a disk are told apart only as far as that disk does it.
"""

from __future__ import annotations

import errno
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from centiles.errors import UnwritableError

WINDOWS: Final = os.name == "nt"
_HELD: Final = (errno.EACCES, errno.EAGAIN, errno.EDEADLK)


class Lock:
    """A lock that is held until it is let go of, or the process ends."""

    def __init__(self, file: Path, what: Path) -> None:
        """Take the lock.

        Parameters
        ----------
        file
            The file to lock; made where it is not there, removed in the end.
        what
            What it stands for, to be named in a message.

        Raises
        ------
        UnwritableError
            If another run holds it, or the file cannot be made.
        """
        self.file = file
        try:
            while not self._taken(what):
                pass
        except OSError as fault:
            raise UnwritableError.of(what, fault) from None

    def _taken(self, what: Path) -> bool:
        """Return whether the lock is taken; not so where the file has just been removed."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        self.handle = os.open(self.file, flags, 0o600)
        try:
            _lock(self.handle)
        except OSError as fault:
            if fault.errno in _HELD:
                os.close(self.handle)
                raise UnwritableError(
                    f"{what}: another run of centiles is at work there; wait until it has ended, "
                    "or choose another --out"
                ) from None
            # Some disks have no locks: two runs at once are not noticed there.
        if self._is_there():
            return True
        os.close(self.handle)
        return False

    def _is_there(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self.handle), self.file.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Remove the file, and let others in."""
        if not WINDOWS:  # where an open file cannot be removed
            self.file.unlink(missing_ok=True)
        os.close(self.handle)
        if WINDOWS:
            with suppress(OSError):  # of another run that has opened it meanwhile
                self.file.unlink(missing_ok=True)


def _lock(handle: int) -> None:
    """Lock an open file, or raise OSError at once."""
    module: Any = importlib.import_module("msvcrt" if WINDOWS else "fcntl")
    if WINDOWS:
        module.locking(handle, module.LK_NBLCK, 1)
    else:
        module.flock(handle, module.LOCK_EX | module.LOCK_NB)


@contextmanager
def one_run(results: str | Path) -> Iterator[None]:
    """Let no other run write a result folder meanwhile.

    Raises
    ------
    UnwritableError
        If another run is at it.
    """
    target = Path(os.path.abspath(results))  # noqa: PTH100 -- resolve() would follow a link
    if not target.parent.is_dir():  # as in whole_folder, which would make it in the end
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise UnwritableError(f"{target}: cannot be made ({fault.strerror})") from None
    lock = Lock(target.with_name(f".{target.name}.lock"), target)
    try:
        yield
    finally:
        lock.release()
