"""Checked records as things to keep: the result folder, the sheet, a user's file scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from centiles.reports.results import write
    from centiles.reports.sheet import write_sheet

__all__ = ["write", "write_sheet"]


def __getattr__(name: str) -> Any:
    """Return a name from its module, so that showing a mapping does not load all of a check."""
    if name == "write":
        from centiles.reports.results import write

        return write
    if name == "write_sheet":
        from centiles.reports.sheet import write_sheet

        return write_sheet
    raise AttributeError(f"module 'centiles.reports' has no attribute {name!r}")
