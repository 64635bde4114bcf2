"""The files of a run: folders opened, files given twice noticed, FHIR files put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote

import numpy as np
import pandas as pd

from centiles.errors import CentilesError, UnmappedError, UnreadableError
from centiles.records import columns, fhir
from centiles.records.fhir import Resources
from centiles.records.files import read_file, shown_name
from centiles.records.layouts import Config
from centiles.records.presets import Preset
from centiles.records.tables import TextColumn, TextTable

# What names itself a table: in a folder too, one that cannot be read is a fault.
TABLES: Final = frozenset(
    {".csv", ".tsv", ".gz", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet", ".arrow", ".feather",
     ".ndjson"}
)  # fmt: skip
NO_VALUE: Final = "__HIVE_DEFAULT_PARTITION__"  # a partition without a value
_HIDDEN: Final = (".", "~$", "Thumbs.db", "desktop.ini")


class _Listed(NamedTuple):
    """A file to read; ``optional`` where only its folder was named."""

    path: Path
    name: str
    optional: bool


class _Fault(NamedTuple):
    """What is wrong with a file."""

    name: str
    error: CentilesError


@dataclass(frozen=True)
class Found:
    """The tables of a run in the order of their files, and what is to be said of other files.

    ``faults`` are those of files that had to be read and could not; ``missing`` the files that
    are left out for it.
    """

    tables: tuple[TextTable, ...]
    problems: tuple[pd.DataFrame, ...]
    faults: tuple[_Fault, ...]
    missing: tuple[str, ...] = ()

    def without_unreadable(self) -> Found:
        """Return what was found without the files that cannot be read, each listed as a problem.

        Where no file can be read, that stays a fault.
        """
        if not self.tables:
            return self
        lost = [each for each in self.faults if isinstance(each.error, UnreadableError)]
        listed = [columns.problems("F05", each.name, 0) for each in lost]
        return replace(
            self,
            problems=(*self.problems, *listed),
            faults=tuple(each for each in self.faults if each not in lost),
            missing=tuple(each.name for each in lost),
        )


def found_in(
    paths: Sequence[Path],
    config: Config,
    preset: Preset | None = None,
    *,
    sample: bool = False,
    spill: Path | None = None,
) -> Found:
    """Return the tables in some files and folders.

    In a folder what is hidden is passed over, and what is no table of measurements is left out
    and named. A file whose bytes were read before is read once.

    Parameters
    ----------
    paths
        Files and folders, best-ranked first.
    config, preset
        What the user says of the columns.
    sample
        Read no more than the first rows of each.
    spill
        Where the cells of large files are kept, instead of in memory.
    """
    problems: list[pd.DataFrame] = []
    faults: list[_Fault] = []
    read: list[tuple[_Listed, tuple[TextTable, ...] | Resources]] = []
    seen: dict[tuple[str, str], str] = {}
    for each in _listed(paths, faults, problems):
        try:
            found = read_file(each.path, each.name, config, preset, sample=sample, spill=spill)
            if each.path.suffix == ".parquet" and isinstance(found, tuple):
                found = tuple(_with_partition(table, each.path) for table in found)
        except CentilesError as fault:
            unlike = isinstance(fault, UnmappedError) or each.path.suffix.lower() not in TABLES
            if each.optional and unlike and isinstance(fault, UnmappedError | UnreadableError):
                problems.append(left_out(each.name))
            else:
                faults.append(_Fault(each.name, fault))
            continue
        digest = found.sha256 if isinstance(found, Resources) else found[0].sha256
        digest += "/".join(_partitions(each.path)) if digest else ""  # they say what it does not
        before = seen.setdefault((digest, ""), each.name) if digest else each.name
        place = str(each.path.absolute().parent)
        beside = seen.setdefault((digest, place), each.name) if digest else each.name
        if before == each.name:
            read.append((each, found))
        elif isinstance(found, Resources) or beside != each.name:
            problems.append(again(each.name, before))
        else:  # it may be linked to other values there
            read.append((each, tuple(replace(table, again=before) for table in found)))
    tables = _tables(read, faults, problems)
    return Found(tables, tuple(problems), tuple(faults))


def left_out(name: str) -> pd.DataFrame:
    """Return the problem that says a file of a folder was left out."""
    return columns.problems("F03", name, 0)


def again(name: str, before: str) -> pd.DataFrame:
    """Return the problem that says a file is another one, byte for byte."""
    same = f"it is {before} again; check that another file was not meant"
    return columns.problems("F04", name, 0, suggestion=same)


def _listed(
    paths: Sequence[Path], faults: list[_Fault], problems: list[pd.DataFrame]
) -> list[_Listed]:
    """Return the files, those in folders too, with names that tell them apart."""
    files: list[tuple[Path, bool]] = []
    for path in paths:
        if not path.is_dir():
            files.append((path, False))
            continue
        name = shown_name(path)
        try:
            inside = sorted(p for p in path.iterdir() if not p.name.startswith(_HIDDEN))
        except OSError as fault:
            said = fault.strerror or "a fault of the disk"
            expected = "expected a folder that can be opened; check its permissions"
            error = UnreadableError(f"{name}: found {said}, {expected}")
            faults.append(_Fault(name, error))
            continue
        parts = [part for p in inside if p.is_dir() for part in _parts_in(p)]
        of_parts = {part.relative_to(path).parts[0] for part in parts}
        problems.extend(
            left_out(f"{shown_name(p)}/") for p in inside if p.is_dir() and p.name not in of_parts
        )
        inside = [*(p for p in inside if not p.is_dir()), *parts]
        if not inside:
            error = UnreadableError(f"{name}: found a folder without files, expected exports")
            faults.append(_Fault(name, error))
        files += [(p, True) for p in inside]
    names = _told_apart([path for path, _ in files])
    return [
        _Listed(path, name, optional) for name, (path, optional) in zip(names, files, strict=True)
    ]


def _parts_in(folder: Path) -> list[Path]:
    """Return the Parquet files in a folder of parts, and in its folders; none if it is no such one.

    What writes tables in parts puts those of one value in a folder ``column=value``, and marks of
    its own, such as ``_SUCCESS``, beside them. A folder with anything else in it is none.
    """
    try:
        inside = sorted(p for p in folder.iterdir() if not p.name.startswith((*_HIDDEN, "_")))
    except OSError:
        return []
    found: list[Path] = []
    for path in inside:
        some = _parts_in(path) if path.is_dir() else [path] * (path.suffix == ".parquet")
        if not some:
            return []
        found += some
    return found


def _with_partition(table: TextTable, path: Path) -> TextTable:
    """Return a table with the columns that only the names of its folders say: ``sex=F``."""
    added = {}
    for folder in _partitions(path):
        header, _, value = folder.partition("=")
        if header not in table.headers:
            word = "" if value == NO_VALUE else unquote(value)
            codes = np.broadcast_to(np.int32(0), len(table.rows))
            added[unquote(header)] = TextColumn.of([word], codes)
    if not added:
        return table
    return replace(
        table, headers=(*table.headers, *added), columns=(*table.columns, *added.values())
    )


def _partitions(path: Path) -> tuple[str, ...]:
    """Return the folders a part of a table is in, outermost first, such as ``year=2025``."""
    above = path.absolute().parent.parts[::-1]
    return tuple(takewhile(lambda name: name.find("=") > 0, above))[::-1]


def _told_apart(paths: Sequence[Path]) -> list[str]:
    """Return the names of files; with the folder of those that are called the same, or a number.

    Examples
    --------
    >>> _told_apart([Path("north/list.csv"), Path("south/list.csv"), Path("a.csv")])
    ['north/list.csv', 'south/list.csv', 'a.csv']
    """
    names = [shown_name(path) for path in paths]
    longer = [_longer_name(path) for path in paths]
    return [
        name
        if names.count(name) == 1
        else long
        if longer.count(long) == 1
        else f"{name} ({names[: place + 1].count(name)})"
        for place, (name, long) in enumerate(zip(names, longer, strict=True))
    ]


def _longer_name(path: Path) -> str:
    """Return the name of a file with its folder; of a part of a table, with all that say one."""
    folders = _partitions(path) or (path.absolute().parent.name,)
    return "/".join(shown_name(Path(each)) for each in (*folders, path.name))


def _tables(
    read: list[tuple[_Listed, tuple[TextTable, ...] | Resources]],
    faults: list[_Fault],
    problems: list[pd.DataFrame],
) -> tuple[TextTable, ...]:
    """Return the tables in the order of the files, FHIR files put together."""
    resources = [(each, found) for each, found in read if isinstance(found, Resources)]
    made: list[TextTable] = []
    try:
        made = fhir.tables_of([found for _, found in resources])
    except CentilesError as fault:
        faults.append(_Fault(", ".join(each.name for each, _ in resources), fault))
        return ()
    unused = [(each, found) for each, found in resources if not len(found.rows)]
    idle = [each for each, found in unused if not (made and found.patients)]
    problems.extend(left_out(each.name) for each in idle if each.optional)
    named = [each.name for each in idle if not each.optional]
    if named:
        faults.append(_Fault(", ".join(named), fhir.nothing_to_read(named)))
    of_fhir = {table.name: table for table in made}
    tables = []
    for each, found in read:
        if isinstance(found, tuple):
            place = str(each.path if len(found) > 1 else each.path.absolute().parent)
            path = str(each.path)
            tables += [(each, replace(table, path=path, place=place)) for table in found]
        elif each.name in of_fhir:
            tables.append((each, of_fhir[each.name]))
    return tuple(replace(table, optional=each.optional) for each, table in tables)
