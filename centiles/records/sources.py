"""The files of a run: folders opened, files given twice noticed, FHIR files put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd

from centiles.errors import CentilesError, UnmappedError, UnreadableError
from centiles.records import columns, fhir
from centiles.records.fhir import Resources
from centiles.records.files import read_file, shown_name
from centiles.records.layouts import Config
from centiles.records.tables import TextTable

# What names itself a table: in a folder too, one that cannot be read is a fault.
TABLES: Final = frozenset(
    {".csv", ".tsv", ".gz", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet", ".arrow", ".feather",
     ".ndjson"}
)  # fmt: skip
_HIDDEN: Final = (".", "~$", "Thumbs.db", "desktop.ini")


class _Listed(NamedTuple):
    """A file to read; ``optional`` where only its folder was named."""

    path: Path
    name: str
    optional: bool


@dataclass(frozen=True)
class Found:
    """The tables of a run in the order of their files, and what is to be said of other files.

    ``faults`` are those of files that had to be read and could not.
    """

    tables: tuple[TextTable, ...]
    problems: tuple[pd.DataFrame, ...]
    faults: tuple[CentilesError, ...]


def found_in(paths: Sequence[Path], config: Config, *, sample: bool = False) -> Found:
    """Return the tables in some files and folders.

    In a folder what is hidden is passed over, and what is no table of measurements is left out
    and named. A file whose bytes were read before is read once.

    Parameters
    ----------
    paths
        Files and folders, best-ranked first.
    config
        What the user says of the columns.
    sample
        Read no more than the first rows of each.
    """
    problems: list[pd.DataFrame] = []
    faults: list[CentilesError] = []
    read: list[tuple[_Listed, TextTable | Resources]] = []
    seen: dict[str, str] = {}
    for each in _listed(paths, faults, problems):
        try:
            table = read_file(each.path, each.name, config, sample=sample)
        except CentilesError as fault:
            unlike = isinstance(fault, UnmappedError) or each.path.suffix.lower() not in TABLES
            if each.optional and unlike and isinstance(fault, UnmappedError | UnreadableError):
                problems.append(left_out(each.name))
            else:
                faults.append(fault)
            continue
        digest = table.sha256
        if digest and digest in seen:
            same = f"it is {seen[digest]} again; check that another file was not meant"
            problems.append(columns.problems("F04", each.name, 0, suggestion=same))
        else:
            seen[digest] = each.name
            read.append((each, table))
    return Found(_tables(read, faults, problems), tuple(problems), tuple(faults))


def left_out(name: str) -> pd.DataFrame:
    """Return the problem that says a file of a folder was left out."""
    return columns.problems("F03", name, 0)


def _listed(
    paths: Sequence[Path], faults: list[CentilesError], problems: list[pd.DataFrame]
) -> list[_Listed]:
    """Return the files, those in folders too, with names that tell them apart."""
    files: list[tuple[Path, bool]] = []
    for path in paths:
        if not path.is_dir():
            files.append((path, False))
            continue
        try:
            inside = sorted(p for p in path.iterdir() if not p.name.startswith(_HIDDEN))
        except OSError as fault:
            faults.append(
                UnreadableError(
                    f"{path.name}: found {fault.strerror or 'a fault of the disk'}, expected a "
                    "folder that can be opened; check its permissions"
                )
            )
            continue
        problems.extend(left_out(f"{shown_name(p)}/") for p in inside if p.is_dir())
        inside = [p for p in inside if not p.is_dir()]
        if not inside:
            faults.append(
                UnreadableError(f"{path.name}: found a folder without files, expected exports")
            )
        files += [(p, True) for p in inside]
    names = [shown_name(path) for path, _ in files]
    return [
        _Listed(path, name if names.count(name) == 1 else f"{name} ({names[: k + 1].count(name)})",
                optional)
        for k, (name, (path, optional)) in enumerate(zip(names, files, strict=True))
    ]  # fmt: skip


def _tables(
    read: list[tuple[_Listed, TextTable | Resources]],
    faults: list[CentilesError],
    problems: list[pd.DataFrame],
) -> tuple[TextTable, ...]:
    """Return the tables in the order of the files, FHIR files put together."""
    resources = [(each, found) for each, found in read if isinstance(found, Resources)]
    made: list[TextTable] = []
    try:
        made = fhir.tables_of([found for _, found in resources])
    except CentilesError as fault:
        faults.append(fault)
        return ()
    unused = [(each, found) for each, found in resources if not found.rows]
    idle = [each for each, found in unused if not (made and found.patients)]
    problems.extend(left_out(each.name) for each in idle if each.optional)
    named = [each.name for each in idle if not each.optional]
    if named:
        faults.append(fhir.nothing_to_read(named))
    of_fhir = {table.name: table for table in made}
    tables = [
        (each, of_fhir.get(each.name) if isinstance(found, Resources) else found)
        for each, found in read
    ]
    return tuple(replace(table, optional=each.optional) for each, table in tables if table)
