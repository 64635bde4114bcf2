"""Centile charts: a chart is a check of one child, drawn.

matplotlib is imported when the first chart is drawn, not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from centiles.charts.figures import figure, plot
    from centiles.charts.files import save

__all__ = ["figure", "plot", "save"]

_HOMES = {"figure": "figures", "plot": "figures", "save": "files"}


def __getattr__(name: str) -> Any:
    """Return a public function, its module imported the first time it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the public names."""
    return __all__
