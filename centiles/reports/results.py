"""The result folder: the worklist, findings, scored values and problems, and how they were made."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from centiles.checks import OPEN_STATES, Checked
from centiles.errors import UsageError
from centiles.monitoring.approval import approval_of
from centiles.records.arrow_tables import arrow_table
from centiles.records.columns import CHILDREN, CONTACTS, FINDINGS, PROBLEMS, SCORED, TEAMS, Column
from centiles.records.sides import SIDE_FATES
from centiles.records.sources import NO_VALUE
from centiles.reports.cells import harmless_column
from centiles.reports.folders import MARK, whole_folder
from centiles.reports.overview import overview_of
from centiles.reports.rejected import rejected_tables
from centiles.reports.report import write_report
from centiles.reports.share import write_share
from centiles.reports.workbook import MISSING, is_available, write_workbook
from centiles.reports.workbook import NAME as WORKBOOK
from centiles.threads import at_once

SCORED_FORMS: Final = ("csv", "parquet", "parts")
_AT_ONCE: Final = 50_000  # rows of a table


def write(
    checked: Checked,
    folder: str | Path,
    *,
    scored: str = "csv",
    report: bool = True,
    workbook: bool = True,
    share: bool = False,
    force: bool = False,
    options: dict[str, Any] | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    values: Iterable[pa.Table] | None = None,
) -> Path:
    """Write a result folder and return its path.

    It holds ``report.html`` (the worklist with charts), ``children.xlsx`` (where the excel extra is
    installed), ``children.csv`` (the ranked worklist), ``findings.csv``, ``contacts.csv``,
    ``teams.csv``, ``scored.csv`` or ``scored.parquet``, ``problems.csv`` and ``run.json``,
    readable by their owner only; and, where rows could not be used, ``rejected.csv``, in the
    user's own columns, ready to mend.

    Parameters
    ----------
    checked
        What :func:`centiles.check` returned.
    folder
        Where to. It appears whole or not at all.
    scored
        ``"csv"``, ``"parquet"``, or ``"parts"``: Parquet files in ``scored/measure=weight/`` and
        so on.
    report, workbook
        Write ``report.html``; write ``children.xlsx``.
    share
        Write ``share.html`` and ``share.csv`` too: counts alone, small ones suppressed.
    force
        Replace the results of an earlier run.
    options
        What the user asked for, kept in ``run.json``.
    workers
        How many processes draw the report at once, where children are many; with more than one, a
        script calls this under ``if __name__ == "__main__":``.
    progress
        Called with how many children the report has done and how many there are.
    values
        All scored values, some at a time, where ``checked`` holds only some of them.

    Raises
    ------
    UsageError
        If ``scored`` is none of these words.
    UnwritableError
        If the folder cannot be written, or is there already.
    CentilesError
        If one of several processes dies.
    """
    if scored not in SCORED_FORMS:
        raise UsageError(f"scored: found {scored!r}, expected one of {', '.join(SCORED_FORMS)}")
    with whole_folder(folder, force=force) as made:
        _write_tables(checked, made, scored, values)
        if report or workbook:
            overview = overview_of(checked)
        if workbook and is_available():
            write_workbook(checked, made / WORKBOOK, overview)
        if report:
            notices = (MISSING,) if workbook and not is_available() else ()
            write_report(
                checked, made, overview, notices=notices, workers=workers, progress=progress
            )
        if share:
            write_share(checked, made)
        run = json.dumps(run_record(checked, options or {}), indent=2, ensure_ascii=False)
        (made / MARK).write_text(run + "\n", encoding="utf-8")
    return Path(folder)


def _write_tables(
    checked: Checked, made: Path, scored: str, values: Iterable[pa.Table] | None
) -> None:
    """Write the tables, the largest first, several at once."""
    write_scored, name = {
        "csv": (write_csv, "scored.csv"),
        "parquet": (_write_parquet, "scored.parquet"),
        "parts": (_write_parts, "scored"),
    }[scored]
    works: list[Callable[[], None]] = [
        lambda: write_scored(
            [arrow_table(checked.scored, SCORED)] if values is None else values,
            made / name,
        ),
        *(
            partial(_write_declared, frame, schema, made / f"{name}.csv")
            for name, frame, schema in (
                ("findings", checked.findings, FINDINGS),
                ("children", checked.children, CHILDREN),
                ("contacts", checked.contacts, CONTACTS),
                ("teams", checked.teams, TEAMS),
                ("problems", checked.problems, PROBLEMS),
            )
        ),
        *(partial(write_csv, [t], made / name) for name, t in rejected_tables(checked).items()),
    ]
    at_once(works, rows=len(checked.scored))


def _write_declared(frame: pd.DataFrame, schema: tuple[Column, ...], path: Path) -> None:
    parts = range(0, max(len(frame), 1), _AT_ONCE)
    tables = (arrow_table(frame.iloc[at : at + _AT_ONCE], schema) for at in parts)
    write_csv(tables, path)


def write_csv(tables: Iterable[pa.Table], path: Path) -> None:
    """Write tables one below the other as CSV in which no cell can be taken for a formula."""
    options = pa_csv.WriteOptions(quoting_style="needed")
    rest = iter(tables)
    first = _harmless(next(rest))
    with (
        path.open("wb") as file,  # a path of its own pyarrow would want in UTF-8
        pa_csv.CSVWriter(file, first.schema, write_options=options) as writer,
    ):
        writer.write_table(first)
        for table in rest:
            writer.write_table(_harmless(table).cast(first.schema))


def _write_parts(tables: Iterable[pa.Table], path: Path) -> None:
    """Write tables as Parquet files in a folder for each measure."""
    for number, table in enumerate(tables):
        measure = table["measure"].cast(pa.string())
        for word in pc.unique(measure).to_pylist():
            folder = path / f"measure={word or NO_VALUE}"
            folder.mkdir(parents=True, exist_ok=True)
            mine = table.filter(pc.equal(measure, word)).drop_columns("measure")
            _write_parquet([mine], folder / f"part-{number:05d}.parquet")


def _write_parquet(tables: Iterable[pa.Table], path: Path) -> None:
    rest = iter(tables)
    first = next(rest)
    with (
        path.open("wb") as file,
        pq.ParquetWriter(file, first.schema) as writer,
    ):
        writer.write_table(first)
        for table in rest:
            writer.write_table(table.cast(first.schema))


def run_record(checked: Checked, options: dict[str, Any]) -> dict[str, Any]:
    """Return what ``run.json`` holds: versions, hashes, options, and the count of every value."""
    fates = checked.fates.to_dict("list")
    levels = checked.children["level"].astype("str").value_counts().to_dict()
    codes = checked.problems["code"].astype("str").value_counts().to_dict()
    return {
        **({"missing_sources": list(checked.missing)} if checked.missing else {}),
        **asdict(checked.provenance),
        "approval": approval_of(
            checked.provenance.rules_sha256, checked.provenance.contacts_sha256
        ),
        "made_with": _made_with(),
        "options": options,
        "sources": [
            {**asdict(source), "fates": {str(fate): int(n[k]) for fate, n in fates.items()}}
            for k, source in enumerate(checked.sources)
        ],
        "side_files": [
            {**asdict(side), "fates": _fates_of(checked.sides.frame(side.kind))}
            for side in checked.sides.sources
        ],
        "values": {str(fate): int(sum(n)) for fate, n in fates.items()},
        "children": {str(level) or "nothing open": int(n) for level, n in sorted(levels.items())},
        "problems": {code: int(count) for code, count in sorted(codes.items())},
        **_counts(checked),
    }


def _counts(checked: Checked) -> dict[str, Any]:
    """Return how many contact findings there are, teams, raises, and changes since a run."""
    open_ = checked.findings[checked.findings["state"].isin(OPEN_STATES)]
    raises = open_["raised_by"].str.split("; ").explode()
    return {
        "contacts": {
            str(rule): _counted(mine["severity"])
            for rule, mine in checked.contacts.groupby("rule", observed=True)
        },
        "teams": {
            "teams": len(checked.teams),
            "contacts": int(checked.teams["contacts"].sum()),
            "not_measured": int(checked.teams["not_measured"].sum()),
        },
        "raises": _counted(raises[raises != ""]),
        "cross_service": int(open_["cross_service"].sum()),
        "previous": _counted(checked.findings["previous"]),
        "not_fully_assessed": int((checked.children["not_assessed"] != "").sum()),
    }


def _counted(column: pd.Series) -> dict[str, int]:
    counts = column.astype("str").value_counts().sort_index()
    return {str(word): int(count) for word, count in counts.items() if word != ""}


def _fates_of(frame: pd.DataFrame) -> dict[str, int]:
    counts = frame["fate"].astype("str").value_counts().to_dict()
    return {fate: int(counts.get(fate, 0)) for fate in SIDE_FATES}


def _made_with() -> dict[str, str]:
    """Return the versions of what does the arithmetic and the reading."""
    libraries = ("numpy", "scipy", "pandas", "pyarrow")
    return {"python": platform.python_version()} | {name: version(name) for name in libraries}


def _harmless(table: pa.Table) -> pa.Table:
    """Return a table in which no cell of text can be taken for a formula."""
    safe = [harmless_column(column) for column in table.columns]
    return pa.table(safe, names=table.column_names)
