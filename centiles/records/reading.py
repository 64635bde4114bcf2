"""Exports to records: one row a value, and one for each contact that has none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.errors import CentilesError, MappingError, UnreadableError
from centiles.measures import MEASURES, SEXES
from centiles.records import columns, parsing
from centiles.records.mapping import (
    MEASURE_SLOTS,
    Config,
    Mapping,
    layouts,
    mapping_of,
    measure_words,
    normal,
    preset as preset_config,
)
from centiles.records.tables import TextColumn, TextTable, read_table, table_of_frame


@dataclass(frozen=True)
class Source:
    """One file as it was read: what it held, and what its columns were taken for."""

    name: str
    sha256: str
    rows: int
    values: int
    contacts: int
    mapping: dict[str, str]


@dataclass(frozen=True)
class Records:
    """Everything read: values and contacts (``columns.RECORDS``), problems, sources.

    Sources are in the order they were given, which is also their rank where two disagree.
    """

    frame: pd.DataFrame
    problems: pd.DataFrame
    sources: tuple[Source, ...]

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
    sex_codes: dict[str, str] | None = None,
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

    Raises
    ------
    UnreadableError
        If a file cannot be read. All files are tried first and all faults told together.
    MappingError
        If a column, a date order, a unit or a code cannot be decided without a guess.
    """
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    chosen = _config(preset, config, date_format, sex_codes)
    tables, faults = [], []
    for name, path in zip(_distinct_names(files), files, strict=True):
        try:
            table = read_table(Path(path))
            tables.append(TextTable(name, table.sha256, table.headers, table.columns, table.rows,
                                    table.problems.assign(source=pd.Categorical([name] * len(table.problems)))))  # fmt: skip
        except UnreadableError as fault:
            faults.append(fault)
    _raise_together(faults)
    return _records(tables, chosen)


def from_frame(
    frame: pd.DataFrame,
    *,
    name: str = "frame",
    preset: str | None = None,
    config: Config | str | Path | None = None,
    date_format: str | None = None,
    sex_codes: dict[str, str] | None = None,
) -> Records:
    """Return the records in a pandas frame, read as a file of the same columns would be.

    Parameters and errors are those of :func:`read`.

    Examples
    --------
    >>> visit = {"child_id": ["a"], "sex": ["female"], "birth_date": ["2020-03-12"]}
    >>> visit |= {"measured_on": ["2025-03-12"], "weight_kg": [18.4], "height_cm": [108.0]}
    >>> from_frame(pd.DataFrame(visit)).frame[["measure", "value", "age_days"]]
      measure  value  age_days
    0  height  108.0       NaN
    1  weight   18.4       NaN
    """
    chosen = _config(preset, config, date_format, sex_codes)
    return _records([table_of_frame(frame, name)], chosen)


def plan(paths: Sequence[str | Path], **options: Any) -> dict[str, dict[str, str]]:
    """Return what the columns of each file are taken for, as :func:`read` would decide it."""
    return {source.name: source.mapping for source in read(paths, **options).sources}


def _config(
    preset: str | None,
    config: Config | str | Path | None,
    date_format: str | None,
    sex_codes: dict[str, str] | None,
) -> Config:
    given = Config(date_format=date_format, sex=sex_codes or {})
    if config is not None:
        given = given.over(config if isinstance(config, Config) else Config.from_toml(config))
    return given.over(preset_config(preset)) if preset not in (None, "auto") else given


def _distinct_names(files: Sequence[str | Path]) -> list[str]:
    """Return the name of each file, numbered where two folders hold the same one."""
    names = [Path(path).name for path in files]
    return [
        name if names.count(name) == 1 else f"{name} ({names[: k + 1].count(name)})"
        for k, name in enumerate(names)
    ]


def _raise_together(faults: Sequence[CentilesError]) -> None:
    if len(faults) > 1:
        raise type(faults[0])("; ".join(str(fault) for fault in faults))
    if faults:
        raise faults[0]


def _records(tables: Iterable[TextTable], config: Config) -> Records:
    read_, faults = [], []
    for table in tables:
        try:
            read_.append(_read_one(table, mapping_of(table, config)))
        except MappingError as fault:
            faults.append(fault)
    _raise_together(faults)
    frame = columns.concatenated(columns.RECORDS, [part.frame for part in read_])
    problems = columns.concatenated(columns.PROBLEMS, [part.problems for part in read_])
    sources = tuple(part.sources[0] for part in read_)
    if frame["birth_date"].isna().all() and frame["age_days"].isna().all():
        raise MappingError(
            "no date of birth and no age in any file: without one nothing can be scored. "
            "Name the column in a configuration, or give the file that has it as well"
        )
    if (frame["sex"] == "unknown").all():
        raise MappingError(
            "no sex in any file, or none that could be read: without one nothing can be scored. "
            "Name the column in a configuration, or give --sex-codes"
        )
    return Records(frame, problems, sources)


def _read_one(table: TextTable, mapping: Mapping) -> Records:
    """Return the records of one file."""
    reader = _Reader(table, mapping)
    parts = reader.long_parts() if mapping.long else reader.wide_parts()
    frame = columns.concatenated(columns.RECORDS, parts)
    order = np.argsort(frame["row"].to_numpy(), kind="stable")
    frame = frame.take(order).reset_index(drop=True)
    contacts = int(is_contact(frame).sum())
    source = Source(
        table.name,
        table.sha256,
        len(table.rows),
        len(frame) - contacts,
        contacts,
        reader.described(),
    )
    problems = columns.concatenated(columns.PROBLEMS, [table.problems, *reader.problems])
    return Records(frame, problems, (source,))


def is_contact(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which records are a contact without a measurement rather than a value."""
    return np.asarray(frame["value"].isna() & ((frame["raw"] == "") | (frame["reason"] != "")))


class _Reader:
    """One file being read: the columns that every record of a row shares, then its values."""

    def __init__(self, table: TextTable, mapping: Mapping) -> None:
        self.table, self.mapping = table, mapping
        self.problems: list[pd.DataFrame] = []
        self.day_first = self._decide_dates()
        self.units: dict[str, str] = {}
        self.shared = self._shared_columns()

    def column(self, slot: str) -> TextColumn | None:
        """Return the column of a slot, or None where the file has none."""
        place = self.mapping.columns.get(slot)
        return None if place is None else self.table.columns[place]

    def header(self, slot: str) -> str:
        """Return the user's own name of a slot's column."""
        place = self.mapping.columns.get(slot)
        return "" if place is None else self.table.headers[place]

    def problem(self, code: str, where: NDArray[np.bool_], slot: str) -> None:
        """List a problem for every row where it holds."""
        if where.any():
            rows = self.table.rows[where]
            self.problems.append(columns.problems(code, self.table.name, rows, self.header(slot)))

    def described(self) -> dict[str, str]:
        """Return what each column was taken for, in words."""
        said = {slot: self.header(slot) for slot in self.mapping.columns}
        for slot, unit in self.units.items():
            said[slot] = f"{said.get(slot, said.get('value', ''))} [{unit}]"
        order = {True: "day first", False: "month first", None: "in no need of an order"}
        said["dates"] = self.mapping.config.date_format or order[self.day_first]
        said["layout"] = "long" if self.mapping.long else "wide"
        return said

    def _decide_dates(self) -> bool | None:
        found = [self.column(slot) for slot in ("birth_date", "measured_on", "recorded_on")]
        words = [column.stripped for column in found if column is not None]
        return parsing.day_first(words, self.mapping.config.date_format, self.table.name)

    def _shared_columns(self) -> dict[str, Any]:
        rows = len(self.table.rows)
        shared: dict[str, Any] = {
            "source": pd.Categorical.from_codes(np.zeros(rows, np.int8), [self.table.name]),
            "row": self.table.rows,
            "child_id": self._texts("child_id", drop=".0"),
            "household_id": self._texts("household_id"),
            "sex": self._sex(),
            "gestation_days": self._gestation(),
            "age_days": self._age(),
            "contact": pd.Categorical(self._texts("contact")),
            "posture": pd.Categorical(self._texts("posture")),
            "reason": self._texts("reason"),
            "team": self._texts("team"),
        }
        for slot in ("birth_date", "measured_on", "recorded_on"):
            shared[slot] = self._dates(slot)
        for slot, dates in (("birth_precision", "birth_date"), ("date_precision", "measured_on")):
            known = ~np.isnat(shared[dates])
            shared[slot] = pd.Categorical.from_codes(known.astype(np.int8), ["", "day"])
        identified = shared["child_id"] != ""
        self.problem("P05", ~identified.to_numpy(), "child_id")
        return shared

    def _texts(self, slot: str, drop: str = "") -> pd.Series:
        column = self.column(slot)
        if column is None:
            return pd.Series(np.full(len(self.table.rows), "", dtype=object), dtype="str")
        words = column.stripped.str.removesuffix(drop) if drop else column.stripped
        return pd.Series(column.spread(words.to_numpy(dtype=object), ""), dtype="str")

    def _dates(self, slot: str) -> NDArray[np.datetime64]:
        column = self.column(slot)
        if column is None:
            return np.full(len(self.table.rows), np.datetime64("NaT"), dtype="datetime64[D]")
        days, bad = parsing.dates(column.stripped, day_before_month=self.day_first)
        placeholder = days <= np.datetime64("1900-12-31")
        self.problem("D01", column.spread(bad, False), slot)
        self.problem("D04", column.spread(placeholder, False), slot)
        days = np.where(placeholder, np.datetime64("NaT"), days)
        return column.spread(days, np.datetime64("NaT"))

    def _sex(self) -> pd.Categorical:
        column = self.column("sex")
        vocabulary = (*map(str, SEXES), "unknown")
        if column is None:
            return pd.Categorical.from_codes(np.full(len(self.table.rows), 2, np.int8), vocabulary)
        config = dict(self.mapping.config.sex)
        codes, bad = parsing.sexes(column.stripped, config, self.table.name)
        self.problem("P01", column.spread(bad, False), "sex")
        return pd.Categorical.from_codes(
            column.spread(np.where(codes < 0, 2, codes), 2), vocabulary
        )

    def _gestation(self) -> NDArray[np.float64]:
        column = self.column("gestation")
        if column is None:
            return np.full(len(self.table.rows), np.nan)
        decimals = self.mapping.config.gestation_decimals
        found, bad = parsing.gestations(column.stripped, decimals=decimals)
        self.problem("P02", column.spread(bad, False), "gestation")
        return column.spread(found, np.nan)

    def _age(self) -> NDArray[np.float64]:
        column = self.column("age")
        if column is None:
            return np.full(len(self.table.rows), np.nan)
        unit = self.mapping.units.get("age")
        if unit not in parsing.AGE_UNITS:
            raise MappingError(
                f"{self.table.name}: the column of ages has no unit; expected one of "
                f"{', '.join(parsing.AGE_UNITS)}. Say which in a configuration: [units] age = ..."
            )
        self.units["age"] = unit
        read_ = parsing.numbers(column.stripped)
        self.problem("D07", column.spread(read_.bad | np.isinf(read_.value), False), "age")
        days = np.rint(read_.value * parsing.AGE_UNITS[unit])
        return column.spread(np.where(np.isfinite(days), days, np.nan), np.nan)

    def wide_parts(self) -> list[pd.DataFrame]:
        """Return the records of a file with one row a visit."""
        parts = []
        empty = np.ones(len(self.table.rows), dtype=np.bool_)
        for slot in MEASURE_SLOTS:
            column = self.column(slot)
            if column is None:
                continue
            read_ = parsing.numbers(column.stripped)
            filled = ~column.spread(read_.missing, True)
            empty &= ~filled | (slot == "birth_weight")
            unit = self._unit(slot, column, read_.value)
            value = parsing.converted(read_.value, MEASURE_SLOTS[slot], unit)
            self.problem("G01", column.spread(read_.bad, False), slot)
            at = np.flatnonzero(filled)
            parts.append(self._part(slot, at, column, read_, column.spread(value, np.nan), unit))
        parts.append(columns.frame(columns.RECORDS, self._rows(np.flatnonzero(empty))))
        return parts

    def _part(
        self,
        slot: str,
        at: NDArray[np.intp],
        column: TextColumn,
        read_: parsing.Numbers,
        value: NDArray[np.float64],
        unit: str,
    ) -> pd.DataFrame:
        """Return the records of one measure's column, at the rows that have one."""
        rows = self._rows(at)
        raw = column.texts().take(at)
        said = column.spread(read_.reason, False)[at]
        measure = MEASURES.index(MEASURE_SLOTS[slot])  # type: ignore[arg-type]
        rows |= {
            "measure": columns.measure_words(np.full(len(at), measure, np.int8)),
            "value": value[at],
            "unit": unit,
            "raw": raw,
            "reason": np.where(said, raw, ""),
        }
        if slot == "length":
            rows["posture"] = "lying"
        if slot == "birth_weight":
            rows |= {
                "measured_on": rows["birth_date"],
                "age_days": np.where(np.isnat(rows["birth_date"]), 0.0, np.nan),
                "contact": "birth",
                "date_precision": rows["birth_precision"],
            }
        return columns.frame(columns.RECORDS, rows)

    def _rows(self, at: NDArray[np.intp]) -> dict[str, Any]:
        """Return the shared columns at some rows."""
        return {name: part.take(at) for name, part in self.shared.items()}

    def _unit(self, slot: str, column: TextColumn, value: NDArray[np.float64]) -> str:
        """Return the unit of a column of values: as given, else as its values show."""
        measure = MEASURE_SLOTS[slot]
        unit = self.mapping.units.get(slot) or self.mapping.units.get(measure)
        if unit is None:
            unit = parsing.unit_of_values(column.spread(value, np.nan), measure)
        if unit is None or unit.casefold() not in parsing.UNITS[measure]:
            raise MappingError(
                f"{self.table.name}: the unit of {self.header(slot)!r} is not clear from its "
                f"header or its values; expected one of {', '.join(parsing.UNITS[measure])}. "
                f"Say which in a configuration: [units] {slot} = ..."
            )
        self.units[slot] = unit
        return unit

    def long_parts(self) -> list[pd.DataFrame]:
        """Return the records of a file with one row a value."""
        measure, value = self.column("measure"), self.column("value")
        assert measure is not None and value is not None  # what makes a mapping long
        slots = (*MEASURE_SLOTS, "")
        by_word = measure.stripped.map(normal).map(measure_words()).fillna("")
        slot_codes = measure.spread(
            by_word.map(slots.index).to_numpy(dtype=np.int8), len(slots) - 1
        )
        read_ = parsing.numbers(value.stripped)
        filled = ~value.spread(read_.missing, True)
        unknown = slot_codes == len(slots) - 1
        self.problem("F02", unknown & filled, "measure")
        self.problem("G01", value.spread(read_.bad, False) & ~unknown, "value")
        amount = value.spread(read_.value, np.nan)
        parts = []
        for code, slot in enumerate(slots[:-1]):
            at = np.flatnonzero((slot_codes == code) & filled)
            if len(at):
                units, in_unit = self._long_units(slot, at, amount)
                part = self._part(slot, at, value, read_, in_unit, "")
                parts.append(part.assign(unit=pd.Categorical(units)))
        at = np.flatnonzero(unknown & filled)
        rows = self._rows(at) | {"value": amount[at], "raw": value.texts().take(at)}
        parts.append(columns.frame(columns.RECORDS, rows))
        parts.append(columns.frame(columns.RECORDS, self._rows(np.flatnonzero(~filled))))
        return parts

    def _long_units(
        self, slot: str, at: NDArray[np.intp], amount: NDArray[np.float64]
    ) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
        """Return the unit of each row of one measure, and the amounts in the library's unit."""
        measure, column = MEASURE_SLOTS[slot], self.column("unit")
        given = np.full(len(at), "", dtype=object)
        if column is not None:
            given = column.spread(column.stripped.to_numpy(dtype=object), "")[at]
        out = np.full(len(amount), np.nan)
        for unit in set(given):
            rows = at[given == unit]
            if unit == "":
                used = self.mapping.units.get(slot) or self.mapping.units.get(measure)
                used = used or parsing.unit_of_values(amount[rows], measure)
                if used is None:
                    raise MappingError(
                        f"{self.table.name}: the unit of the {measure} values is not clear; "
                        f"expected a unit column, or [units] {measure} = ... in a configuration"
                    )
                self.units[slot] = used
            else:
                used = unit
            given[given == unit] = used
            out[rows] = parsing.converted(amount[rows], measure, used)
        unknown = np.zeros(len(amount), dtype=np.bool_)
        unknown[at] = ~np.isnan(amount[at]) & np.isnan(out[at])
        self.problem("G05", unknown, "unit")
        return given, out


def preset_names() -> tuple[str, ...]:
    """Return the layouts shipped with the package."""
    return tuple(layouts()["presets"])
