"""Exports to records: files or frames in, one row a value out, nothing lost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.errors import CentilesError, MappingError, UnmappedError, UsageError
from centiles.records import columns, presets
from centiles.records.apart import Apart, configured, read_apart
from centiles.records.cells import CellReader
from centiles.records.described import overlooked, said_of_unread
from centiles.records.layouts import Config, is_called
from centiles.records.linked import Layout, laid_out
from centiles.records.mapping import mapping_of
from centiles.records.nodes import Identifiers
from centiles.records.presets import Preset
from centiles.records.sides import SideFiles, read_sides
from centiles.records.sources import again, found_in, left_out
from centiles.records.tables import TextTable, table_of_frame
from centiles.records.titles import without_titles

_UNIT: Final = re.compile(r" \[[^]]*\]$")  # behind a header, in a mapping


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

    @property
    def headers(self) -> dict[str, str]:
        """The user's own name of the column of each slot."""
        return {slot: _UNIT.sub("", header) for slot, header in self.mapping.items()}


class Keep(Protocol):
    """Where records go, some at a time; ``rows`` of a file are read at once."""

    @property
    def folder(self) -> Path:
        """Where the cells of large files may be written meanwhile."""

    @property
    def rows(self) -> int:
        """How many rows of a file are read at once."""

    def add(self, frame: pd.DataFrame, identifiers: Identifiers, first: int, last: int) -> None:
        """Take the records of the rows of a file from one up to another.

        ``identifiers`` are those of all its rows.
        """


@dataclass(frozen=True)
class Whole:
    """What only all records together can say, kept with some of them: a batch of whole children.

    ``child`` is the child of each row of the batch and then of its side files, a place in ``ids``,
    −1 for nobody, numbered as they first appear; ``place`` where each of these rows stands among
    all; ``as_of`` the last date of knowledge of all records, None where it is not decided yet.
    """

    child: NDArray[np.int64]
    place: NDArray[np.int64]
    ids: NDArray[np.object_]
    as_of: np.datetime64 | None


@dataclass(frozen=True)
class Records:
    """Everything read: values and contacts (``columns.RECORDS``), problems, sources.

    Sources are in the order of their rank: that of the configuration, else as they were given.
    ``tables`` are their cells as text, in the same order, so that a row can be given back.
    ``sides`` are the files beside the measurements: children, events, actions.
    ``identifiers`` are all those of the rows, by which children are joined, ``apart`` those that
    are not one child; ``config`` is what the files were read with. ``missing`` are the files that
    could not be read and were left out because the user said so; ``whole`` is what was decided with
    all records, where these are some of them.
    """

    frame: pd.DataFrame
    problems: pd.DataFrame
    sources: tuple[Source, ...]
    identifiers: tuple[Identifiers, ...] = ()
    config: Config = field(default_factory=Config)
    sides: SideFiles = field(default_factory=SideFiles)
    tables: tuple[TextTable, ...] = field(default=(), repr=False, compare=False)
    apart: tuple[Apart, ...] = ()
    missing: tuple[str, ...] = ()
    whole: Whole | None = field(default=None, repr=False)

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
    gestation_decimals: str | None = None,
    never_merge: str | Path | None = None,
    skip_unreadable: bool = False,
    keep: Keep | None = None,
) -> Records:
    """Return the records in one or more exports.

    Parameters
    ----------
    paths
        A file, or several, best-ranked first; a folder stands for the files in it, of which
        those that are no tables of measurements are left out and listed as problems.
    preset
        The name of a layout, or a TOML file of one; recognised from headers and content where
        not given.
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
    gestation_decimals
        What a gestation such as 38.6 is: ``"weeks"`` (38.6 weeks) or ``"days"`` (38+6).
    never_merge
        A table of identifiers that are not one child, those of one mistake on each row.
    skip_unreadable
        Go on without the files that cannot be read, and name them in ``missing``, as long as
        one can.
    keep
        Where records go, some at a time, that are too many to hold; ``frame`` is empty then.

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
    chosen = _config(config, date_format, sex_codes, gestation_decimals)
    named = _named(preset)
    spill = None if keep is None else keep.folder
    found = found_in(files, chosen, named, sample=sample, spill=spill)
    if skip_unreadable:
        found = found.without_unreadable()
    _raise_together([each.error for each in found.faults])
    sides = read_sides(children=children, events=events, actions=actions, config=chosen)
    tables = [without_titles(table) for table in found.tables]
    try:
        records = _read_tables(tables, named, chosen, found.problems, sides, keep)
    except CentilesError as fault:
        if not found.missing:
            raise
        raise type(fault)(f"{fault}; left out as unreadable: {', '.join(found.missing)}") from None
    return _told_apart(replace(records, missing=found.missing), never_merge)


def text_tables(
    paths: Sequence[Path], *, preset: str | None = None, config: Config | str | Path | None = None
) -> list[TextTable]:
    """Return exports as the tables of text their records are read from, with headers.

    Raises
    ------
    UnreadableError
        If a file cannot be read.
    """
    found = found_in(paths, _config(config, None, None, None), _named(preset))
    _raise_together([each.error for each in found.faults])
    return [presets.with_header(without_titles(table)) for table in found.tables]


def read_tables(
    tables: Sequence[TextTable],
    *,
    preset: str | None = None,
    config: Config | str | Path | None = None,
    date_format: str | None = None,
    sex_codes: Mapping[str, str] | None = None,
    gestation_decimals: str | None = None,
    never_merge: str | Path | None = None,
) -> Records:
    """Return the records in tables of text.

    The other parameters, and the errors, are those of :func:`read`.
    """
    chosen = _config(config, date_format, sex_codes, gestation_decimals)
    records = _read_tables(tables, _named(preset), chosen, (), SideFiles())
    return _told_apart(records, never_merge)


def _read_tables(
    tables: Sequence[TextTable],
    named: Preset | None,
    chosen: Config,
    problems: Sequence[pd.DataFrame],
    sides: SideFiles,
    keep: Keep | None = None,
) -> Records:
    """Return the records in tables of text; ``problems`` are those found on the way to them."""
    layouts, faults, copies = laid_out(_ranked(tables, chosen.sources), named, chosen)
    problems = [*problems, *(again(copy.name, copy.again) for copy in copies)]
    return _together(layouts, faults, chosen, problems, sides, keep)


def _told_apart(records: Records, never_merge: str | Path | None) -> Records:
    if never_merge is None:
        return records
    return replace(records, apart=(*records.apart, *read_apart(never_merge)))


def _together(
    layouts: Sequence[Layout],
    faults: list[CentilesError],
    chosen: Config,
    problems: Sequence[pd.DataFrame],
    sides: SideFiles,
    keep: Keep | None,
) -> Records:
    """Return the records of all files that are laid out; all faults are told together."""
    parts: list[Records] = []
    for layout in layouts:
        try:
            parts.append(_read_one(layout, keep))
        except UnmappedError as fault:
            if layout.table.optional:
                problems = [*problems, left_out(layout.table.name)]
            else:
                faults.append(fault)
        except MappingError as fault:
            faults.append(fault)
    _raise_together(faults)
    if not parts:
        raise UnmappedError(
            "found no table of measurements in the folder, expected one at least; "
            "name a file by itself to see what it lacks"
        )
    sources = tuple(source for part in parts for source in part.sources)
    given = {slot for side in sides.sources if side.kind == "children" for slot in side.mapping}
    _stop_if_nothing_can_be_scored(sources, given)
    used = Config(
        sources=tuple(part.sources[0].name for part in parts) if chosen.sources else (),
        merge=chosen.merge,
        privacy=chosen.privacy,
        files={name: used for part in parts for name, used in part.config.files.items()},
    )
    return Records(
        columns.concatenated(columns.RECORDS, [part.frame for part in parts]),
        columns.concatenated(columns.PROBLEMS, [*problems, *(part.problems for part in parts)]),
        sources,
        tuple(each for part in parts for each in part.identifiers),
        used,
        sides,
        tuple(layout.table for layout in layouts),
        configured(chosen.merge),
    )


def from_frame(
    frame: pd.DataFrame | Mapping[str, Sequence[Any]],
    *,
    name: str = "frame",
    preset: str | None = None,
    config: Config | str | Path | None = None,
    date_format: str | None = None,
    sex_codes: Mapping[str, str] | None = None,
    gestation_decimals: str | None = None,
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
        gestation_decimals=gestation_decimals,
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


def _named(preset: str | None) -> Preset | None:
    return None if preset in (None, "auto") else presets.preset(preset)


def _config(
    config: Config | str | Path | None,
    date_format: str | None,
    sex_codes: Mapping[str, str] | None,
    gestation_decimals: str | None,
) -> Config:
    """Return what the caller says, over the configuration."""
    given = Config(
        date_format=date_format, sex=sex_codes or {}, gestation_decimals=gestation_decimals
    )
    if config is not None:
        given = given.over(config if isinstance(config, Config) else Config.from_toml(config))
    return given


def _ranked(tables: Sequence[TextTable], rank: Sequence[str]) -> list[TextTable]:
    """Return tables in the order of their rank, those that none is given for last, as they were."""

    def place(table: TextTable) -> int:
        fits = (k for k, pattern in enumerate(rank) if is_called(table.name, pattern))
        return next(fits, len(rank))

    return sorted(tables, key=place)


def _raise_together(faults: Sequence[CentilesError]) -> None:
    """Raise all faults as one, of the kind of the first."""
    if len(faults) > 1:
        raise type(faults[0])("; ".join(map(str, faults)))
    if faults:
        raise faults[0]


def _read_one(layout: Layout, keep: Keep | None) -> Records:
    """Return the records of one file, and of it and its linked files the sources."""
    table, config = layout.table, layout.config
    if config.missing:
        table = table.without_words(config.missing)
    reader = CellReader(table, mapping_of(table, config))
    if keep is None:
        frame = reader.records()
        contacts = int(is_contact(frame).sum())
        values = len(frame) - contacts
        identifiers = reader.identifiers()
    else:
        identifiers, values, contacts = _kept(reader, keep)
        frame = columns.frame(columns.RECORDS, {})
    preset = "fhir" if "format" in table.about else layout.preset or "none"
    said = {"preset": preset, **reader.described()}
    source = Source(
        table.name, table.sha256, len(table.rows), values, contacts, said, table.sampled
    )
    linked = [
        Source(
            other.name,
            other.sha256,
            len(other.rows),
            0,
            0,
            {"preset": layout.preset, "linked": f"{what} of {table.name}"}
            | said_of_unread(other, set(other.joined_by)),
            other.sampled,
        )
        for other, what in layout.linked
    ]
    series = "; ".join(other.name for other, _ in layout.linked)
    identifiers = replace(identifiers, series=series)
    problems = columns.concatenated(
        columns.PROBLEMS, [overlooked(table, reader.mapping), reader.problems(), *layout.problems]
    )
    used = Config(files={table.name: reader.used()})
    return Records(frame, problems, (source, *linked), (identifiers,), used)


def _kept(reader: CellReader, keep: Keep) -> tuple[Identifiers, int, int]:
    """Give the records of a table away, some at a time; return how many values and contacts."""
    table, identifiers = reader.rows.table, reader.identifiers()
    known = reader.decide()
    total = contacts = 0
    for first in range(0, len(table.rows), keep.rows):
        last = min(first + keep.rows, len(table.rows))
        part = CellReader(table.between(first, last), reader.mapping, known).records()
        keep.add(part, identifiers, first, last)
        total, contacts = total + len(part), contacts + int(is_contact(part).sum())
    return identifiers, total - contacts, contacts


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
