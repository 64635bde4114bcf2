"""What can go wrong with a call or a file, and the exit code it ends in.

A bad *row* is never an exception: it is a problem in a table (see ``records.columns``). A bad
*call* or *file* is one of these, and its message says what was found, what was expected and what
to do, without a word about any child.
"""

from __future__ import annotations

from pathlib import Path


class CentilesError(Exception):
    """The base of every error this library raises on purpose; shown without a traceback."""

    exit_code = 1


class UsageError(CentilesError):
    """A call, an option or a configuration that cannot mean anything."""

    exit_code = 2


class MappingError(UsageError):
    """Columns, units, dates or codes of a file that cannot be decided without a guess."""


class UnmappedError(MappingError):
    """A file in which the columns every export has are not to be found: it may be none."""


class UnreadableError(CentilesError):
    """A file that could not be read."""

    exit_code = 3


class TableError(UnreadableError):
    """Reference tables that are missing or are not the ones their manifest describes."""


class UnwritableError(CentilesError):
    """A result that could not be written."""

    exit_code = 4

    @classmethod
    def of(cls, path: Path, fault: OSError) -> UnwritableError:
        """Return what to say where the system does not let a path be written."""
        return cls(
            f"{path}: cannot be written ({fault.strerror or type(fault).__name__}); "
            "expected a folder there is room and permission for"
        )
