"""The demonstration: a made-up cohort written as exports, checked, its first children drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from centiles import charts, demo
from centiles.checks import Checked, check
from centiles.records import read
from centiles.reports.folders import MARK, whole_folder
from centiles.reports.results import write

CHARTED: Final = 6
TODAY: Final = "2026-07-01"  # the made-up records end in June 2026; no clock comes into it


def write_demonstration(folder: str | Path, *, seed: int, force: bool = False) -> Checked:
    """Write exports, side files, results and charts of the made-up cohort; return its check.

    Raises
    ------
    UnwritableError
        If the folder cannot be written, or is there already.
    """
    with whole_folder(folder, force=force) as made:
        (made / "exports").mkdir()
        exports = list(demo.write_exports(made / "exports", seed=seed))
        beside = demo.write_side_files(made / "beside")
        records = read(
            exports, children=beside["children"], events=beside["events"], actions=beside["actions"]
        )
        checked = check(records, today=TODAY)
        write(checked, made / "results", options={"demo": seed})
        (made / "charts").mkdir()
        first = checked.children[checked.children["rank"].between(1, CHARTED)]
        for rank, child_id in zip(first["rank"], first["child_id"], strict=True):
            charts.save(
                checked.child(child_id), made / "charts" / f"{rank:02d}.pdf", drawn_on=TODAY
            )
            measures = checked.child(child_id).findings["measure"].astype(str).tolist()[:1]
            charts.save(
                checked.child(child_id),
                made / "charts" / f"{rank:02d}.png",
                measures,
                drawn_on=TODAY,
            )
        (made / MARK).write_bytes((made / "results" / MARK).read_bytes())
    return checked
