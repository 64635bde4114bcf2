"""Centile charts: a chart is a check of one child, drawn.

matplotlib is imported when the first chart is drawn, not before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from centiles.charts.families import figure_family
    from centiles.charts.figures import figure, plot
    from centiles.charts.files import save, save_family, save_sds
    from centiles.charts.sds import figure_sds, plot_sds

__all__ = [
    "figure",
    "figure_family",
    "figure_sds",
    "plot",
    "plot_sds",
    "save",
    "save_family",
    "save_sds",
]

_HOMES = {
    "figure": "figures",
    "figure_family": "families",
    "figure_sds": "sds",
    "plot": "figures",
    "plot_sds": "sds",
    "save": "files",
    "save_family": "files",
    "save_sds": "files",
}


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
