"""What would stand beside the exports: families, what happened, and what was done about it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from centiles.demo.cohort import story_ids
from centiles.errors import UnwritableError

# By the name of the story; heights in cm.
_CHILDREN: Final = (
    ("sliding", 164, 178, ""),
    ("failing-infant", 164, 178, ""),
    ("catching-down", 163, 176, ""),
    ("small-steady", 154, 166, ""),
    ("tall-thin", 176, 190, ""),
    ("steady", None, 181, "eczema"),
)
_EVENTS: Final = (
    ("sliding", "2025-09-16", "Missed appointment", "", ""),
    ("sliding", "2025-11-12", "Domestic abuse notification", "", ""),
    ("sliding", "2025-12-02", "Did not attend", "", ""),
    ("sliding", "2026-01-20", "Injury", "seen in the emergency department", ""),
    ("failing-infant", "2025-11-04", "Feeding concern", "", "no"),
    ("tall-thin", "2025-12-10", "Eating difficulties", "", ""),
    ("no-scales", "2025-10-21", "House move", "", ""),
    ("steady", "2024-06-04", "Injury", "", "no"),
)
_ACTIONS: Final = (
    ("stunting", "HT-FALL-2", "2026-03-10", "Referred to paediatrician", "school nurse",
     "2026-08-10"),
    ("two-spaces", "WT-FALL-1Y", "2026-02-24", "Family seen", "school nurse", "2026-05-19"),
)  # fmt: skip


def side_files() -> dict[str, pd.DataFrame]:
    """Return the children, events and actions files of the designed children, as text.

    Examples
    --------
    >>> list(side_files())
    ['children.csv', 'events.csv', 'actions.csv']
    """
    ids = story_ids()
    tables = {
        "children.csv": (("child_id", "mother_cm", "father_cm", "condition"), _CHILDREN),
        "events.csv": (("child_id", "date", "type", "note", "sensitive"), _EVENTS),
        "actions.csv": (
            ("child_id", "rule", "date", "action", "by_role", "review_on"), _ACTIONS,
        ),
    }  # fmt: skip
    return {
        name: pd.DataFrame(
            [
                [ids[row[0]], *("" if cell is None else str(cell) for cell in row[1:])]
                for row in rows
            ],
            columns=list(header),
        )
        for name, (header, rows) in tables.items()
    }


def write_side_files(folder: Path | str) -> dict[str, Path]:
    """Write the children, events and actions files as CSV, and return their paths by their kind.

    Raises
    ------
    UnwritableError
        If the folder or a file cannot be written.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in side_files().items():
            frame.to_csv(folder / name, index=False, encoding="utf-8", lineterminator="\n")
    except OSError as fault:
        raise UnwritableError(
            f"{folder}: expected a folder to write to, found: {fault.strerror}. "
            "Choose another with --out"
        ) from fault
    return {name.removesuffix(".csv"): folder / name for name in side_files()}
