"""The command line in this process, and exports of a few visits for it to read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tools.in_process import Ran, run

__all__ = ["FALLING", "HEADER", "STEADY", "Ran", "export", "run"]

HEADER = "Patient ID,Sex,Date of birth,Date measured,Weight (kg),Height (cm),Gestation"
STEADY = ("9990000018,F,12/03/2020,25/03/2025,18.4,108.1,38+4",)
FALLING = (
    "9990000026,M,12/03/2020,25/03/2025,18.4,108.1,38+4",
    "9990000026,M,12/03/2020,09/02/2026,15.1,110.2,38+4",
)


def export(path: Path, rows: Sequence[str] = (*STEADY, *FALLING), header: str = HEADER) -> Path:
    """Write an export of a few visits, and return its path."""
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path
