"""Checked records as things to keep: the result folder, the summary, a user's file scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from centiles.reports.results import write

__all__ = ["write"]


def __getattr__(name: str) -> Any:
    """Return ``write`` from its module, so that showing a mapping does not load all of a check."""
    if name == "write":
        from centiles.reports.results import write

        return write
    raise AttributeError(f"module 'centiles.reports' has no attribute {name!r}")
