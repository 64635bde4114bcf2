"""One table's cells to records: a row for each value, and for each contact that has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.ages import FloatArray
from centiles.errors import MappingError
from centiles.measures import MEASURES
from centiles.records import amounts, columns, dates, parsing
from centiles.records.described import described
from centiles.records.kinds import SLOTS
from centiles.records.layouts import Config, can_be_in
from centiles.records.mapping import Mapping
from centiles.records.nodes import Identifiers
from centiles.records.rows import Decisions, Rows
from centiles.records.synonyms import MEASURE_SLOTS, VISIT_SLOTS
from centiles.records.tables import TextColumn, TextTable, texts_at
from centiles.threads import at_once

Codes = NDArray[np.int32]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp] | slice  # the rows of records: some, or all as they are

_BIRTH_WEIGHT, _LENGTH = SLOTS.index("birth_weight"), SLOTS.index("length")
_MEASURE_OF: Final = np.array(
    [[*map(str, MEASURES)].index(MEASURE_SLOTS[slot]) for slot in SLOTS] + [-1], dtype=np.int8
)
DECLINED: Final = "declined"
_EMPTY_WORD: Final = pd.Series([""], dtype="str")
_NAT: Final = np.datetime64("NaT", "s")


@dataclass(frozen=True)
class _Cells:
    """The cells of one column, one for each row of the table.

    ``here`` says which are records; ``slot`` is a place in ``SLOTS``, −1 for no known measure;
    ``unit`` and ``raw`` are places in the reader's words, −1 for none; ``reason`` marks a word
    that says why there is no measurement.
    """

    here: Flags
    slot: NDArray[np.int8]
    value: FloatArray
    unit: Codes
    raw: Codes
    reason: Flags


class CellReader:
    """The reading of one table: its records, the problems found, the units that were used."""

    def __init__(
        self, table: TextTable, mapping: Mapping, decided: Decisions | None = None
    ) -> None:
        """Look at a table, or at some rows of one of which the whole was ``decided``."""
        self.rows, self.mapping = Rows(table, mapping, decided), mapping
        self.used_units: dict[str, str] = {}
        self._units: dict[str, int] = {}  # each unit's words and its place
        self._raw: list[pd.Series[str]] = []  # the words of the columns of values

    def records(self) -> pd.DataFrame:
        """Return the records, in the order of the rows (``columns.RECORDS``)."""
        cells, at = _interleaved(self._long() if self.mapping.long else self._wide())
        return columns.frame(columns.RECORDS, self._shared(cells, at) | self._own(cells, at))

    def decide(self) -> Decisions:
        """Return what only the whole table can say; list all its problems, hold no record."""
        rows, there = self.rows, self.mapping.columns
        rows.births(rows.children())
        learnt = self._learnt(rows.days("measured_on")[0], rows.days("recorded_on")[0])
        if "age" in there:
            rows.ages()
            self.used_units["age"] = self.mapping.units["age"]
        rows.sexes()
        if self.mapping.long or "gestation" in there:
            rows.gestations(learnt)
        if self.mapping.long:
            self._long()
        else:
            for slot in (*VISIT_SLOTS, "birth_weight"):
                self._column_cells(slot)
        return rows.made

    def identifiers(self) -> Identifiers:
        """Return the identifiers of the rows; list the rows that have none."""
        found = self.rows.identifiers()
        nobody = np.all([column.is_blank for column in found.columns], axis=0)
        self.rows.list("P05", nobody & ~self.rows.rounded, "child_id")
        return found

    def problems(self) -> pd.DataFrame:
        """Return the problems found (``columns.PROBLEMS``)."""
        return columns.concatenated(columns.PROBLEMS, self.rows.problems)

    def described(self) -> dict[str, str]:
        """Return what each column was taken for, in words."""
        return described(self.rows, self.used_units)

    def used(self) -> Config:
        """Return what the table was read with: the configuration that reads it so again."""
        rows, config = self.rows, self.mapping.config
        headers = rows.table.headers
        mapped = {slot: rows.header(slot) for slot in self.mapping.columns}
        units = {
            slot: unit
            for slot, unit in (dict(self.mapping.units) | self.used_units).items()
            if unit and ", " not in unit and slot not in self.mapping.header_units
        }
        orders = {True: "dd/mm/yyyy", False: "mm/dd/yyyy", None: None}
        return Config(
            columns={slot: header for slot, header in mapped.items() if headers.count(header) == 1},
            units={slot: unit for slot, unit in units.items() if can_be_in(slot, unit)},
            sex=rows.sex_codes or config.sex,
            measures=config.measures,
            date_format=config.date_format or orders[rows.day_first],
            birth_precision=config.birth_precision,
            gestation_decimals=config.gestation_decimals,
            missing=config.missing,
        )

    def _shared(self, cells: _Cells, at: Places) -> dict[str, Any]:
        """Return what records have from their rows; a birth weight is of the day of birth."""
        rows, there = self.rows, self.mapping.columns
        birth = cells.slot == _BIRTH_WEIGHT
        children = rows.children()
        day, exact = rows.days("measured_on")
        known: list[NDArray[Any]] = [*rows.births(children), day, exact]
        born, birth_precision, measured, precision = at_once(
            [partial(_taken, part, at) for part in known], rows=len(birth)
        )
        learnt: dates.Dates = day
        recorded: Any = _NAT
        if "recorded_on" in there:
            noted, _ = rows.days("recorded_on")
            learnt, recorded = self._learnt(day, noted), noted[at]
        age = rows.ages()[at] if "age" in there else np.nan
        if "age" in there:
            self.used_units["age"] = self.mapping.units["age"]
        if birth.any():
            recorded = np.where(birth, learnt[at], recorded)
            measured = np.where(birth, born, measured)
            precision = np.where(birth, birth_precision, precision)
            age = np.where(birth, np.where(np.isnat(born), 0.0, np.nan), age)
        return {
            "source": columns.categorical(np.zeros(len(birth), np.int8), [rows.table.name]),
            "row": partial(_taken, rows.table.rows, at),
            "child_id": partial(children.texts, at),
            "household_id": _texts(rows.texts("household_id"), at),
            "sex": partial(_taken, rows.sexes(), at),
            **self._gestations(learnt, at),
            "birth_date": born,
            "birth_precision": partial(columns.categorical, birth_precision, dates.PRECISIONS),
            "measured_on": measured,
            "date_precision": partial(columns.categorical, precision, dates.PRECISIONS),
            "age_days": age,
            "recorded_on": recorded,
            "contact": partial(_contacts, rows.texts("contact"), at, birth),
            "posture": partial(_postures, rows.postures()[at], cells.slot == _LENGTH),
            "status": partial(_taken, rows.statuses, at),
            "team": _texts(rows.texts("team"), at),
        }

    def _gestations(self, learnt: dates.Dates, at: Places) -> dict[str, Any]:
        """Return the gestations of records, since when and until when each is known."""
        if not self.mapping.long and "gestation" not in self.mapping.columns:
            return {}
        gestation, *times = self.rows.gestations(learnt).of(at)
        since, until = (_NAT if np.isnat(each).all() else each for each in times)
        return {
            "gestation_days": np.nan if np.isnan(gestation).all() else gestation,
            "gestation_known_on": since,
            "gestation_doubted_on": until,
        }

    @staticmethod
    def _learnt(day: dates.Dates, recorded: dates.Dates) -> dates.Dates:
        """Return the day each row became known: when it was recorded, else its own."""
        return np.where(np.isnat(recorded), day, recorded)

    def _own(self, cells: _Cells, at: Places) -> dict[str, Any]:
        """Return what records have from their cells."""
        raw = pd.concat([*self._raw, _EMPTY_WORD], ignore_index=True)
        given = self.rows.texts("reason")
        reason = _texts(given, at)
        if cells.reason.any():
            words, why = (_EMPTY_WORD, -1) if given is None else (given.stripped, given.codes[at])
            place = np.where(cells.reason, cells.raw, np.where(why < 0, -1, why + len(raw)))
            reason = partial(texts_at, pd.concat([raw, words], ignore_index=True), place)
        return {
            "measure": lambda: columns.measure_words(_MEASURE_OF[cells.slot]),
            "value": cells.value,
            "unit": partial(columns.words, cells.unit, tuple(self._units)),
            "raw": partial(texts_at, raw, cells.raw),
            "reason": reason,
        }

    def _long(self) -> list[_Cells]:
        """Return the cells of a table with one value a row.

        Every row is a record but those of a gestation, which is the child's, and those of
        something else altogether that have no value.
        """
        value, kinds = self._needed("value"), self.rows.kinds
        slot = kinds.slot
        units = self._stated_units(self.rows.column("unit"), kinds.unit)
        cells, read = self._cells(slot, value, units, "value")
        strange = (slot < 0) & cells.here & ~cells.reason & ~kinds.contradictory
        self.rows.list("F02", strange & ~kinds.gestation, "measure")
        self.rows.list("F12", kinds.contradictory & cells.here, "code")
        self._list_unclear(value, read, "value", slot >= 0)
        self.rows.list("G40", kinds.noted & ~np.isnan(cells.value), "code")
        here = ~(kinds.gestation | (kinds.unrelated & ~cells.here))
        declined = np.where(kinds.not_measured & ~cells.here, self._raw_place(DECLINED), cells.raw)
        reason = cells.reason | (kinds.not_measured & ~cells.here)
        parts = _parts(cells) | {"here": here, "reason": reason, "raw": declined}
        return [_Cells(**parts), *self._column_cells("birth_weight")]

    def _raw_place(self, word: str) -> np.int32:
        """Return the place of a word that no column of values holds, among those that some do."""
        self._raw.append(pd.Series([word], dtype="str"))
        return np.int32(sum(map(len, self._raw)) - 1)

    def _wide(self) -> list[_Cells]:
        """Return the cells of a table with one visit a row, one column for each measure."""
        visits = [cells for slot in VISIT_SLOTS for cells in self._column_cells(slot)]
        birth = self._column_cells("birth_weight")
        rows = len(self.rows)
        here = np.any([cells.here for cells in visits or birth], axis=0)
        none, nan = np.full(rows, -1, dtype=np.int32), np.full(rows, np.nan)
        nothing = _Cells(~here, none.astype(np.int8), nan, none, none, np.zeros(rows, np.bool_))
        return [*visits, *birth, nothing]

    def _column_cells(self, slot: str) -> list[_Cells]:
        """Return the cells of one measure's column; none where the table has no such column."""
        column = self.rows.column(slot)
        if column is None:
            return []
        unit = self.rows.column(f"{slot}_unit")
        if unit is None and not self.mapping.long and slot in VISIT_SLOTS:
            unit = self.rows.column("unit")
        slots = np.full(len(self.rows), SLOTS.index(slot), dtype=np.int8)
        cells, read = self._cells(slots, column, self._stated_units(unit), slot)
        self._list_unclear(column, read, slot, np.ones(len(slots), dtype=np.bool_))
        return [cells]

    def _needed(self, slot: str) -> TextColumn:
        column = self.rows.column(slot)
        assert column is not None  # a mapping without it was not taken for this layout
        return column

    def _stated_units(self, *columns_: TextColumn | None) -> Codes:
        """Return the unit stated in each row, as a place in the reader's units: the first's."""
        stated = np.full(len(self.rows), -1, dtype=np.int32)
        for column in columns_:
            if column is not None:
                words = column.stripped.mask(parsing.is_missing(column.stripped), "")
                places = np.array([self._unit_place(word) for word in words], dtype=np.int32)
                stated = np.where(stated < 0, column.spread(places, missing=-1), stated)
        return stated

    def _unit_place(self, word: str) -> int:
        return self._units.setdefault(word, len(self._units)) if word else -1

    def _cells(
        self, slot: NDArray[np.int8], column: TextColumn, stated: Codes, name: str
    ) -> tuple[_Cells, amounts.Amounts]:
        """Return the cells of a column of values, in the library's units."""
        read = amounts.amounts(column.stripped)
        here = ~column.spread(read.missing, missing=True)
        amount = column.spread(read.value, missing=np.nan)
        written = self._written_units(column, read)
        value, units = amount.copy(), np.full(len(amount), -1, dtype=np.int32)
        numeric = ~np.isnan(amount)
        for code, each in enumerate(SLOTS):
            mine = (slot == code) & numeric
            if mine.any():
                at: Places = slice(None) if mine.all() else np.flatnonzero(mine)
                value[at], units[at] = self._in_unit(
                    each, amount[at], stated[at], None if written is None else written[at]
                )
        own = [f"{name}_unit", "unit"]
        where = next((each for each in own if each in self.mapping.columns), name)
        self.rows.list("G05", np.isnan(value) & numeric, where)
        offset = sum(map(len, self._raw))
        self._raw.append(column.stripped)
        raw = np.where(here, column.codes + np.int32(offset), np.int32(-1))
        reason = column.spread(read.reason, missing=False)
        return _Cells(here, slot, value, units, raw, reason), read

    def _written_units(self, column: TextColumn, read: amounts.Amounts) -> Codes | None:
        """Return the unit beside the number in each cell; None where no cell has one."""
        if not (read.unit != "").any():
            return None
        places = np.array([self._unit_place(word) for word in read.unit], dtype=np.int32)
        return column.spread(places, missing=-1)

    def _list_unclear(
        self, column: TextColumn, read: amounts.Amounts, slot: str, where: Flags
    ) -> None:
        """List what is no number, with the number it can have been meant as, and what is about."""
        self.rows.list("G21", column.spread(read.approximate, missing=False) & where, slot)
        bad = column.spread(read.bad, missing=False) & where
        if not bad.any():
            return
        meant = amounts.suggestions(column.stripped.where(read.bad, ""))
        known = columns.PROBLEM_CODES["G01"].suggestion
        said = np.where(meant == "", known, "perhaps " + meant + " was meant; " + known)
        self.rows.list("G01", bad, slot, column.spread(said.astype(object), missing=known))

    def _in_unit(
        self, slot: str, amount: FloatArray, stated: Codes, written: Codes | None
    ) -> tuple[FloatArray, Codes]:
        """Return amounts in the library's unit, NaN where the row's is none, and the units' places.

        The unit is the one beside the number; else the one stated in the row; else the header's
        or the configuration's; else the one in which the values are children's. A row that
        contradicts itself or the header is in no unit.
        """
        measure = MEASURE_SLOTS[slot]
        bare = stated < 0 if written is None else (stated < 0) & (written < 0)
        if bare.any():
            alone = bool(bare.all())
            default = self._default_unit(slot, amount if alone else amount[bare], alone=alone)
            stated = np.where(bare, np.int32(self._unit_place(default)), stated)
        words = pd.Series([*self._units, ""], dtype="str")
        multiply, divide = parsing.factors(words, measure)
        header = self.mapping.header_units.get(slot)
        if header is not None and header in parsing.UNITS[measure]:
            own, per = parsing.UNITS[measure][header]
            multiply = np.where(multiply / divide == own / per, multiply, np.nan)
        used = stated if written is None else np.where(written < 0, stated, written)
        multiply, divide = multiply[used], divide[used]
        if written is not None:
            at = np.flatnonzero(written >= 0)
            times, over = amounts.rates(words, measure)
            agrees = self._agreements(words, header or "", measure)
            fits = agrees[written[at], stated[at]]
            multiply[at] = np.where(fits, times[written[at]], np.nan)
            divide[at] = over[written[at]]
        counts = np.bincount(used[~np.isnan(multiply)] + 1, minlength=len(words))[1:]
        self.used_units[slot] = ", ".join(words[np.flatnonzero(counts)])
        with np.errstate(over="ignore"):
            return amount * multiply / divide, used

    def _agreements(self, words: pd.Series[str], header: str, measure: str) -> Flags:
        """Return whether each unit beside a number fits each unit of a row, the last being none."""
        known = header in parsing.UNITS[measure]
        fits = [
            [
                (not stated or amounts.agree(written, stated, measure))
                and (not known or amounts.agree(written, header, measure))
                for stated in words
            ]
            for written in words
        ]
        return np.array(fits, dtype=np.bool_)

    def _default_unit(self, slot: str, amount: FloatArray, *, alone: bool) -> str:
        """Return the unit of values that have none beside them; empty where there is none.

        Raises
        ------
        MappingError
            If nothing says it, and no value of the measure has a unit of its own.
        """
        if self.rows.decided is not None:
            return self.rows.decided.units.get(slot, "")
        measure, units = MEASURE_SLOTS[slot], self.mapping.units
        known = parsing.UNITS[measure]
        unit = units.get(slot) or units.get(measure)
        if unit is None and self.mapping.long and units.get("value") in known:
            unit = units["value"]
        unit = unit or parsing.unit_of_values(amount, measure)
        if unit is None and not alone:
            return ""
        self.rows.made.units[slot] = unit or ""
        if unit is None or unit.casefold() not in known:
            where = "value" if self.mapping.long and slot != "birth_weight" else slot
            raise MappingError(
                f"{self.rows.table.name}: the unit of {measure} under "
                f"{self.rows.header(where)!r} is not clear from the header or the values; "
                f"expected one of {', '.join(known)}. "
                f"Say which in a configuration: [units] {slot} = ..."
            )
        return unit


def _parts(cells: _Cells) -> dict[str, Any]:
    return {part.name: getattr(cells, part.name) for part in fields(cells)}


def _interleaved(columns_: list[_Cells]) -> tuple[_Cells, Places]:
    """Return the cells of several columns that are records, row by row, and each one's row."""
    columns_ = [cells for cells in columns_ if cells.here.any()] or columns_[:1]
    if len(columns_) == 1 and columns_[0].here.all():
        return columns_[0], slice(None)
    here = np.column_stack([cells.here for cells in columns_])
    parts = [list(each) for each in zip(*(_parts(c).values() for c in columns_), strict=True)]
    works: list[Callable[[], NDArray[Any]]] = [partial(_in_rows, each, here) for each in parts]
    works.append(lambda: np.repeat(np.arange(len(here)), here.sum(axis=1)))
    *values, rows = at_once(works, rows=len(here))
    return _Cells(*values), rows


def _in_rows(parts: list[NDArray[Any]], here: Flags) -> NDArray[Any]:
    """Return one thing of the cells of several columns that are records, row by row."""
    stacked = np.column_stack(parts)
    return stacked.ravel() if here.all() else stacked[here]


def _taken(part: Any, at: Places) -> Any:
    return part[at]


def _texts(column: TextColumn | None, at: Places) -> Any:
    """Return the cells of some rows, to be taken along with those of other columns."""
    return "" if column is None else partial(column.texts, at)


def _contacts(column: TextColumn | None, at: Places, birth: Flags) -> pd.Categorical[Any]:
    """Return what kind of contact each record belongs to; a birth weight to the birth."""
    if column is None:
        return columns.words(birth.astype(np.int8) - np.int8(1), ("birth",))
    codes, kinds = pd.factorize(pd.concat([column.stripped, pd.Series(["", "birth"], dtype="str")]))
    places = np.append(codes[:-2], codes[-2])[column.codes[at]]
    return columns.categorical(np.where(birth, codes[-1], places), kinds)


def _postures(said: NDArray[np.int8], length: Flags) -> pd.Categorical[Any]:
    """Return the posture of each record; a length is taken lying unless its row says otherwise."""
    lying = parsing.POSTURES.index("lying")
    return columns.categorical(np.where(length & (said == 0), lying, said), parsing.POSTURES)
