"""Files that belong together: patients and contacts joined to the rows that have the values.

How they are joined is data (:class:`~centiles.records.presets.Preset`). Every row of the file of
values stays, with its own number: where its key is in no linked file, or in several rows of one
that disagree, what they would bring is left blank and a problem says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from centiles.errors import CentilesError, MappingError
from centiles.records import columns, parsing, presets
from centiles.records.layouts import Config
from centiles.records.partners import Flags, Match, filled_from
from centiles.records.presets import Preset, key_of
from centiles.records.synonyms import matches, normal
from centiles.records.tables import FROM, TextColumn, TextTable


@dataclass(frozen=True)
class Layout:
    """One file of values as it is to be read: whole, and with what its preset says of it.

    ``linked`` are the files that were joined to it, each with what it is.
    """

    table: TextTable
    config: Config
    preset: str = ""
    problems: tuple[pd.DataFrame, ...] = ()
    linked: tuple[tuple[TextTable, str], ...] = ()


def laid_out(
    tables: Sequence[TextTable], named: Preset | None, given: Config
) -> tuple[list[Layout], list[CentilesError], list[TextTable]]:
    """Return each file of values with its linked files joined, and what stands in the way.

    Third, the files that are copies of others and linked to nothing but such.

    Parameters
    ----------
    tables
        All files, linked ones among them.
    named
        The preset the user named; None for each file's to be recognised.
    given
        What the user says, which goes before any preset.
    """
    known = [*presets.shipped().values()] if named is None else [named]
    tables = [presets.headed(table, known) for table in tables]
    found = [presets.recognised(table, known) for table in tables]
    of = [_of(each, named) for each in found]
    layouts: list[Layout] = []
    faults: list[CentilesError] = []
    joined: set[int] = set()
    copies: list[TextTable] = []
    for table, each, preset in zip(tables, found, of, strict=True):
        if each is not None and each[1] is not each[0]:
            continue  # joined to the file it belongs to
        links = _links_of(table, preset, tables, found)
        if table.again and all(other.again for other, _ in links):
            copies.append(table)
            continue
        joined.update(id(other) for other, _ in links)
        try:
            own = given.for_file(table.name)
            layouts.append(_layout(table, preset, links, own, named=named is not None))
        except MappingError as fault:
            faults.append(fault)
    for table, each in zip(tables, found, strict=True):
        if each is None or each[1] is each[0] or id(table) in joined:
            continue
        if table.again:
            copies.append(table)
        else:
            faults.append(_alone(table, *each))
    return layouts, faults, copies


def _links_of(
    table: TextTable,
    preset: Preset | None,
    tables: Sequence[TextTable],
    found: Sequence[tuple[Preset, Preset] | None],
) -> list[tuple[TextTable, Preset]]:
    """Return the files linked to one of values, each with its role.

    They stand in the same folder or workbook; where none does, in one that has no such values.
    """
    if preset is None:
        return []
    every = [
        (other, each[1])
        for other, each in zip(tables, found, strict=True)
        if each is not None and each[0] is preset
    ]
    values = {other.place for other, role in every if role is preset}
    linked = [(other, role) for other, role in every if role is not preset]
    near = [(other, role) for other, role in linked if other.place == table.place]
    there = {id(role) for _, role in near}
    far = [(o, role) for o, role in linked if o.place not in values and id(role) not in there]
    return near + far


def _of(found: tuple[Preset, Preset] | None, named: Preset | None) -> Preset | None:
    """Return the preset whose rows of values a file holds; None where it holds none of one."""
    if found is None:
        return named
    return found[0] if found[0] is found[1] else None


def _alone(table: TextTable, preset: Preset, role: Preset) -> MappingError:
    return MappingError(
        f"{table.name}: found {role.about} of {preset.name}, and not the file of values they "
        "belong to; name both together"
    )


def _layout(
    table: TextTable,
    preset: Preset | None,
    links: list[tuple[TextTable, Preset]],
    given: Config,
    *,
    named: bool,
) -> Layout:
    if preset is None:
        return Layout(table, given)
    joined = _Joined(table, preset)
    for link in preset.links:
        theirs = [other for other, role in links if role is link]
        if len(theirs) > 1:
            raise MappingError(
                f"{table.name}: found {len(theirs)} files of {link.about} "
                f"({', '.join(each.name for each in theirs)}), expected one; whose rows belong to "
                "which cannot be known. Put each service's files into a folder of its own, and "
                "name the folders"
            )
        for other in theirs:
            joined.add(link, other)
    joined.used |= joined.mark(preset.status, table, None)
    config = preset.config_of(table, joined.slots, named=named)
    there = {about for _, about in joined.linked}
    lacking = [link.about for link in preset.links if link.about not in there]
    if joined.lacks(config) and lacking:
        raise MappingError(
            f"{table.name}: found a file of {preset.name} without {' and '.join(lacking)}; "
            "expected them too, since the dates or children of its rows are there. "
            "Name all files together"
        )
    return joined.layout(given, config)


@dataclass
class _Joined:
    """A file of values while linked ones are joined to it."""

    table: TextTable
    preset: Preset
    keys: dict[str, TextColumn] = field(init=False)
    slots: dict[str, tuple[str, TextColumn]] = field(default_factory=dict)
    statuses: list[tuple[str, TextColumn]] = field(default_factory=list)
    problems: list[pd.DataFrame] = field(default_factory=list)
    linked: list[tuple[TextTable, str]] = field(default_factory=list)
    lost: Flags = field(init=False)
    used: set[int] = field(default_factory=set)  # the table's own columns

    def __post_init__(self) -> None:
        there = presets.headers_of(self.table)
        self.lost = np.zeros(len(self.table.rows), dtype=np.bool_)
        self.keys = {header: self.table.columns[place] for header, place in there.items()}

    def add(self, link: Preset, other: TextTable) -> None:
        """Join one linked file to the rows."""
        theirs, used = presets.headers_of(other), set[int]()
        pairs = [tuple(map(key_of, (key.split("=") * 2)[:2])) for key in link.keys]
        pair = next(((a, b) for a, b in pairs if a in self.keys and b in theirs), None)
        if pair is None:
            raise MappingError(
                f"{self.table.name} and {other.name}: found no column to join them by, "
                f"expected one of {', '.join(link.keys)} in both"
            )
        match = Match.of(self.keys[pair[0]], _only(other, pair[1]))
        ours = presets.headers_of(self.table)
        header = self.table.headers[ours[pair[0]]] if pair[0] in ours else pair[0]
        self.used |= {ours[pair[0]]} if pair[0] in ours else set()
        used.add(theirs[pair[1]])
        if not link.may_lack:
            self._list("F10", match.alone & ~self.lost, header)
            self.lost |= match.alone
        disagree = np.zeros(len(self.table.rows), dtype=np.bool_)

        def brought(name: str) -> TextColumn:
            used.add(theirs[name])
            column, clash = match.carried(_only(other, name))
            np.logical_or(disagree, clash, out=disagree)
            return column

        for slot, header_ in link.brings.items():
            names = [each for each in presets.alternatives(header_) if each in theirs]
            if names:
                said = f"{other.headers[theirs[names[0]]]}{FROM}{other.name})"
                filled = filled_from([brought(name) for name in names])
                if slot == "child_id":
                    filled = filled_from([filled, self.keys[pair[0]]])
                self.slots[slot] = said, filled
        for name in map(key_of, link.carries):
            if name in theirs and name not in self.keys:
                self.keys[name] = brought(name)
        used |= self.mark(link.status, other, match)
        self._list("F11", disagree, header)
        self.linked.append((replace(other, joined_by=tuple(used)), link.about))

    def mark(self, status: Any, other: TextTable, match: Match | None) -> set[int]:
        """Take from a file which rows its source does not stand by; return the columns used."""
        theirs, used = presets.headers_of(other), set[int]()
        for name, word in status.items():
            place = theirs.get(key_of(name))
            if place is None:
                continue
            used.add(place)
            column = other.columns[place]
            yes = [word if said else "" for said in parsing.statuses(column.stripped, flag=True)]
            column = TextColumn.of(yes, column.codes)
            if match is not None:
                column = match.any_of(column)
            self.statuses.append((other.headers[place], column))
        return used

    def lacks(self, config: Config) -> bool:
        """Return whether rows have no date, or no identifier, of their own or brought."""
        headers = map(normal, self.table.headers)
        there = {slot for header in headers for slot, *_ in matches(header)}
        there |= {*self.slots, *config.columns}
        aged = "age" in there or {"measured_on", "birth_date"} <= there
        return not ("child_id" in there and aged)

    def layout(self, given: Config, config: Config) -> Layout:
        """Return the file with the columns that were joined to it."""
        slots = dict(self.slots)
        if self.statuses:
            said = " + ".join(header for header, _ in self.statuses)
            slots["status"] = (
                f"{said}: status",
                filled_from([column for _, column in self.statuses]),
            )
        table = replace(
            self.table,
            optional=False,  # its headers are a layout's
            joined_by=tuple(self.used),
            headers=(*self.table.headers, *(header for header, _ in slots.values())),
            columns=(*self.table.columns, *(column for _, column in slots.values())),
        )
        config = replace(
            config,
            columns={**config.columns, **{slot: header for slot, (header, _) in slots.items()}},
        )
        return Layout(
            table, given.over(config), self.preset.name, tuple(self.problems), tuple(self.linked)
        )

    def _list(self, code: str, where: Flags, header: str) -> None:
        if where.any():
            rows = self.table.rows[where]
            self.problems.append(columns.problems(code, self.table.name, rows, header))


def _only(table: TextTable, name: str) -> TextColumn:
    """Return the one column of a linked file with a header.

    Raises
    ------
    MappingError
        If several are called so.
    """
    places = [place for place, header in enumerate(table.headers) if key_of(header) == name]
    if len(places) > 1:
        raise MappingError(
            f"{table.name}: found {table.headers[places[0]]!r} {len(places)} times, expected it "
            "once; rename the others"
        )
    return table.columns[places[0]]
