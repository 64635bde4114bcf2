"""Exports to records: files or frames in, one row a value out, nothing lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.errors import CentilesError, MappingError, UnreadableError, UsageError
from centiles.records import columns, layouts
from centiles.records.cells import CellReader
from centiles.records.files import read_table, shown_name
from centiles.records.identities import Identifiers
from centiles.records.layouts import Config
from centiles.records.mapping import mapping_of
from centiles.records.sides import SideFiles, read_sides
from centiles.records.tables import TextTable, table_of_frame
from centiles.records.titles import without_titles


@dataclass(frozen=True)
class Source:
    """One file as it was read: what it held, and what its columns were taken for.

    ``rows`` counts the rows that are not blank; ``values`` and ``contacts`` add up to its records;
    ``sampled`` tells that only its first rows were read.
    """

    name: str
    sha256: str
    rows: int
    values: int
    contacts: int
    mapping: dict[str, str]
    sampled: bool = False


@dataclass(frozen=True)
class Records:
    """Everything read: values and contacts (``columns.RECORDS``), problems, sources.

    Sources are in the order of their rank: that of the configuration, else as they were given.
    ``sides`` are the files beside the measurements: children, events, actions.
    ``identifiers`` are all those of the rows, by which children are joined; ``config`` is what
    the files were read with.
    """

    frame: pd.DataFrame
    problems: pd.DataFrame
    sources: tuple[Source, ...]
    identifiers: tuple[Identifiers, ...] = ()
    config: Config = field(default_factory=Config)
    sides: SideFiles = field(default_factory=SideFiles)

    @property
    def values_read(self) -> int:
        """How many values were read: rows that are not contacts."""
        return sum(source.values for source in self.sources)


def read(
    paths: str | Path | Sequence[str | Path],
    *,
    preset: str | None = None,
    config: Config | str | Path | None = None,
    date_format: str | None = None,
    sex_codes: Mapping[str, str] | None = None,
    children: str | Path | None = None,
    events: str | Path | None = None,
    actions: str | Path | None = None,
    sample: bool = False,
) -> Records:
    """Return the records in one or more exports.

    Parameters
    ----------
    paths
        A file, or several, best-ranked first.
    preset
        The name of a layout; recognised from headers and content where not given.
    config
        A :class:`Config`, or the TOML file of one.
    date_format
        ``"dd/mm/yyyy"`` or ``"mm/dd/yyyy"`` where the dates of a file fit both.
    sex_codes
        What each sex code of the files means, such as ``{"0": "male", "1": "female"}``.
    children, events, actions
        The files beside the measurements, see docs/side-files.md. The children file fills sex,
        birth date, gestation and household where no export says them.
    sample
        Read the first 2,000 rows of each file, a megabyte at most: enough to see what its
        columns are taken for.

    Raises
    ------
    UsageError
        If no file is given, or the configuration means nothing.
    UnreadableError
        If a file cannot be read. All files are tried first and all faults told together.
    MappingError
        If a column, a date order, a unit or a code cannot be decided without a guess.
    """
    files = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    if not files:
        raise UsageError("found no file to read, expected one at least; name it")
    chosen = _config(None, config, date_format, sex_codes)
    return read_tables(
        _tables(files, sample=sample),
        preset=preset,
        config=chosen,
        sides=read_sides(children=children, events=events, actions=actions, config=chosen),
    )


def _tables(files: Sequence[Path], *, sample: bool) -> list[TextTable]:
    tables: list[TextTable] = []
    faults: list[CentilesError] = []
    for name, path in zip(_distinct_names(files), files, strict=True):
        try:
            tables.append(without_titles(read_table(path, name, sample=sample)))
        except UnreadableError as fault:
            faults.append(fault)
    _raise_together(faults)
    return tables


def text_table(path: str | Path) -> TextTable:
    """Return one export as the table of text its records are read from.

    Raises
    ------
    UnreadableError
        If the file cannot be read.
    """
    return without_titles(read_table(Path(path)))


def read_tables(
    tables: Sequence[TextTable],
    *,
    preset: str | None = None,
    config: Config | str | Path | None = None,
    date_format: str | None = None,
    sex_codes: Mapping[str, str] | None = None,
    sides: SideFiles | None = None,
) -> Records:
    """Return the records in tables of text. Parameters and errors are those of :func:`read`."""
    chosen = _config(preset, config, date_format, sex_codes)
    parts: list[Records] = []
    faults: list[CentilesError] = []
    for table in _ranked(tables, chosen.sources):
        try:
            parts.append(_read_one(table, chosen.for_file(table.name)))
        except MappingError as fault:
            faults.append(fault)
    _raise_together(faults)
    sources = tuple(part.sources[0] for part in parts)
    sides = sides or SideFiles()
    given = {slot for side in sides.sources if side.kind == "children" for slot in side.mapping}
    _stop_if_nothing_can_be_scored(sources, given)
    frame = columns.concatenated(columns.RECORDS, [part.frame for part in parts])
    problems = columns.concatenated(columns.PROBLEMS, [part.problems for part in parts])
    identifiers = tuple(each for part in parts for each in part.identifiers)
    files = {name: used for part in parts for name, used in part.config.files.items()}
    used = Config(
        sources=tuple(source.name for source in sources) if chosen.sources else (),
        merge=chosen.merge, privacy=chosen.privacy, files=files,
    )  # fmt: skip
    return Records(frame, problems, sources, identifiers, used, sides)


def from_frame(
    frame: pd.DataFrame | Mapping[str, Sequence[Any]],
    *,
    name: str = "frame",
    preset: str | None = None,
    config: Config | str | Path | None = None,
    date_format: str | None = None,
    sex_codes: Mapping[str, str] | None = None,
) -> Records:
    """Return the records in a pandas frame, or in columns by name, read as such a file would be.

    Rows are numbered as in such a file: the first is row 2. Parameters and errors are those of
    :func:`read`.

    Examples
    --------
    >>> visit = {"child_id": ["a"], "sex": ["female"], "birth_date": ["2020-03-12"]}
    >>> visit |= {"measured_on": ["2025-03-12"], "weight_kg": [18.4], "height_cm": [108.0]}
    >>> from_frame(visit).frame[["row", "measure", "value"]]
       row measure  value
    0    2  weight   18.4
    1    2  height  108.0
    """
    return read_tables(
        [table_of_frame(pd.DataFrame(frame), name)],
        preset=preset,
        config=config,
        date_format=date_format,
        sex_codes=sex_codes,
    )


def is_contact(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which records are a contact without a measurement rather than a value.

    A contact has nothing in the place of the value, or a word that says why it has not.
    """
    at = np.flatnonzero(frame["value"].isna())
    raw, reason = frame["raw"].take(at), frame["reason"].take(at)
    contact = np.zeros(len(frame), dtype=np.bool_)
    contact[at] = (raw == "") | (raw == reason)
    return contact


def _config(
    preset: str | None,
    config: Config | str | Path | None,
    date_format: str | None,
    sex_codes: Mapping[str, str] | None,
) -> Config:
    """Return what the caller says, over the configuration, over the preset."""
    given = Config(date_format=date_format, sex=sex_codes or {})
    if config is not None:
        given = given.over(config if isinstance(config, Config) else Config.from_toml(config))
    return given if preset in (None, "auto") else given.over(layouts.preset(preset))


def _distinct_names(files: Sequence[Path]) -> list[str]:
    """Return the name of each file, numbered where two folders hold the same one."""
    names = [shown_name(path) for path in files]
    return [
        name if names.count(name) == 1 else f"{name} ({names[: k + 1].count(name)})"
        for k, name in enumerate(names)
    ]


def _ranked(tables: Sequence[TextTable], rank: Sequence[str]) -> list[TextTable]:
    """Return tables in the order of their rank, those that none is given for last, as they were."""

    def place(table: TextTable) -> int:
        fits = (k for k, pattern in enumerate(rank) if fnmatchcase(table.name, pattern))
        return next(fits, len(rank))

    return sorted(tables, key=place)


def _raise_together(faults: Sequence[CentilesError]) -> None:
    """Raise all faults as one, of the kind of the first."""
    if len(faults) > 1:
        raise type(faults[0])("; ".join(map(str, faults)))
    if faults:
        raise faults[0]


def _read_one(table: TextTable, config: Config) -> Records:
    """Return the records of one file."""
    if config.missing:
        table = table.without_words(config.missing)
    reader = CellReader(table, mapping_of(table, config))
    frame = reader.records()
    contacts = int(is_contact(frame).sum())
    values = len(frame) - contacts
    source = Source(
        table.name, table.sha256, len(table.rows), values, contacts, reader.described(),
        table.sampled,
    )  # fmt: skip
    identifiers = reader.identifiers()
    used = Config(files={table.name: reader.used()})
    return Records(frame, reader.problems(), (source,), (identifiers,), used)


def _stop_if_nothing_can_be_scored(sources: Sequence[Source], given: set[str]) -> None:
    """Stop where no file has a column of birth dates or ages, or none a column of sexes."""
    slots = given | {slot for source in sources for slot in source.mapping}
    if slots.isdisjoint({"birth_date", "age"}):
        raise MappingError(
            "found no date of birth and no age in any file; without one nothing can be scored. "
            "Name the column in a configuration, or give the file that has it as well"
        )
    if "sex" not in slots:
        raise MappingError(
            "found no sex in any file; without it nothing can be scored. "
            "Name the column in a configuration, or give the file that has it as well"
        )
