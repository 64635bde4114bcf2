"""Which sheets of a workbook are exports: the one that is, several alike, or a linked set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import IntEnum

from centiles.errors import MappingError, UnmappedError
from centiles.records import presets
from centiles.records.layouts import SHEET, Config
from centiles.records.mapping import mapping_of
from centiles.records.presets import Preset
from centiles.records.synonyms import normal
from centiles.records.tables import TextTable

Found = tuple[Preset, Preset] | None  # the preset a sheet is of, and its role there


class Fit(IntEnum):
    """Whether a sheet is an export; of some that are, those of a known layout are meant."""

    NOT = 0
    FITS = 1
    KNOWN = 2


def exports_among(
    name: str, tables: Sequence[TextTable], named: Preset | None, given: Config
) -> tuple[TextTable, ...]:
    """Return the tables of a workbook that are exports.

    That is a file of values with the files linked to it, where the sheets are those of a layout;
    else the sheet that maps, by the preset that is named; else all that do, if their headers are
    the same, such as a sheet for each class.

    Parameters
    ----------
    name, tables
        The workbook, and each sheet of it that has rows.
    named
        The preset the user named; None for each sheet's to be recognised.
    given
        What the user says of the columns.

    Raises
    ------
    MappingError
        If several could be meant and are not alike, or none of several is an export.
    """
    if len(tables) == 1:
        return tuple(tables)
    known = [*presets.shipped().values()] if named is None else [named]
    found = [presets.recognised(presets.headed(table, known), known) for table in tables]
    linked = _linked(tables, found)
    if linked:
        return tuple(_called(name, table) for table in linked)
    fits: list[tuple[Fit, TextTable]] = []
    unclear: list[MappingError] = []
    for table, each in zip(tables, found, strict=True):
        try:
            fits.append((_fit(_called(name, table), each, named, given), table))
        except MappingError as fault:
            unclear.append(fault)
    best = max((fit for fit, _ in fits), default=Fit.NOT)
    chosen = [table for fit, table in fits if fit == best != Fit.NOT]
    if len(chosen) == 1 and not unclear:
        return (chosen[0],)
    if chosen and not unclear and len({_headers(table) for table in chosen}) == 1:
        return tuple(_called(name, table) for table in chosen)
    if not chosen and len(unclear) == 1:
        raise unclear[0]
    raise _not_clear(name, chosen or tables, none=not chosen and not unclear)


def _not_clear(name: str, tables: Sequence[TextTable], *, none: bool) -> MappingError:
    said = ", ".join(table.about["sheet"] for table in tables)
    if none:
        return UnmappedError(
            f"{name}: none of its sheets ({said}) has an identifier, a date and a measure; "
            "expected one that has. Check the headers, or name them in a configuration"
        )
    return MappingError(
        f"{name}: more than one of its sheets could be the export ({said}), and their headers "
        "differ; expected one, or sheets alike. Save the one that is meant, or each of them, as a "
        "file of its own"
    )


def _linked(tables: Sequence[TextTable], found: Sequence[Found]) -> list[TextTable]:
    """Return the sheets of a layout of linked files, if values and linked ones are there."""
    leads = [each[0] for each in found if each is not None and each[0] is each[1]]
    others = [each[0] for each in found if each is not None and each[0] is not each[1]]
    of = [preset for preset in dict.fromkeys(map(id, leads)) if preset in map(id, others)]
    if len(of) != 1:
        return []
    return [
        table
        for table, each in zip(tables, found, strict=True)
        if each is not None and id(each[0]) == of[0]
    ]


def _fit(table: TextTable, found: Found, named: Preset | None, given: Config) -> Fit:
    """Return whether a sheet is an export, by the preset it is of or the one that is named.

    Raises
    ------
    MappingError
        If it is one and not clear.
    """
    preset = named if found is None else found[0]
    if found is not None and found[0].links:
        return Fit.KNOWN  # what it lacks is in other files
    config = given.for_file(table.name)
    if preset is not None:
        try:
            config = config.over(preset.config_of(table, named=named is not None))
        except MappingError:
            return Fit.NOT
    try:
        mapping_of(table, config)
    except UnmappedError:
        return Fit.NOT
    return Fit.FITS if found is None else Fit.KNOWN


def _called(name: str, table: TextTable) -> TextTable:
    return replace(table, name=f"{name}{SHEET}{table.about['sheet']}")


def _headers(table: TextTable) -> tuple[str, ...]:
    return tuple(sorted(map(normal, table.headers)))
