"""Make a child's falling growth visible: z-scores, falls across the centiles, charts.

The public names, imported when first used, so that ``import centiles`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from centiles.version import __version__

if TYPE_CHECKING:
    from centiles import charts, reports
    from centiles.checks import Checked, check
    from centiles.lines import centile_lines, line_z
    from centiles.parents import expected_height
    from centiles.plain_words import measurement_words
    from centiles.records import Config, Records, from_frame, read
    from centiles.zscores import (
        NOTES,
        centile,
        measurement,
        percent_median_bmi,
        position,
        score,
        zscore,
        zscore_of_centile,
    )

_HOMES = {
    "centiles.zscores": (
        "NOTES", "centile", "measurement", "percent_median_bmi", "position", "score", "zscore",
        "zscore_of_centile",
    ),
    "centiles.lines": ("centile_lines", "line_z"),
    "centiles.parents": ("expected_height",),
    "centiles.plain_words": ("measurement_words",),
    "centiles.records": ("Config", "Records", "from_frame", "read"),
    "centiles.checks": ("Checked", "check"),
}  # fmt: skip

__all__ = [
    "NOTES",
    "Checked",
    "Config",
    "Records",
    "__version__",
    "centile",
    "centile_lines",
    "charts",
    "check",
    "expected_height",
    "from_frame",
    "line_z",
    "measurement",
    "measurement_words",
    "percent_median_bmi",
    "position",
    "read",
    "reports",
    "score",
    "zscore",
    "zscore_of_centile",
]


def __getattr__(name: str) -> Any:
    """Return a public name from the module it lives in."""
    if name in ("charts", "reports"):
        return import_module(f"centiles.{name}")
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'centiles' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
