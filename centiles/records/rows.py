"""What every record of a row shares: the child, the dates, the sex, read once for each word."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.ages import FloatArray
from centiles.errors import MappingError
from centiles.measures import SEXES
from centiles.records import columns, dates, parsing
from centiles.records.dates import Dates
from centiles.records.identities import NAME, NHS, OWN, Identifiers
from centiles.records.mapping import DATE_SLOTS, Mapping
from centiles.records.tables import TextColumn, TextTable

Flags = NDArray[np.bool_]

NO_ONE: Final = "0000000000"  # an NHS number that stands for none
_NHS_GROUPED: Final = r"\d{3}[ -]\d{3}[ -]\d{4}"  # as it is printed, in groups of 3, 3 and 4
_FROM_A_FLOAT: Final = r"\d+\.0"  # how a column of whole numbers with gaps in it is written
_DATES: Final = (*DATE_SLOTS, "date", "review_on")  # the last two in files of events or actions
_LOOKED_AT: Final = 2000
_TEN_DIGITS: Final = r"\d{10}"


def _are_nhs_numbers(words: pd.Series[str]) -> bool:
    """Return whether all words are ten digits of which the last checks the others (modulus 11)."""
    words = words[words != ""]
    if words.empty or not words.str.fullmatch(_TEN_DIGITS).all():
        return False
    digits = np.array([list(word) for word in words.head(_LOOKED_AT)], dtype=np.int64)
    return bool((digits @ np.array([*range(10, 1, -1), 1]) % 11 == 0).all())


def identifier(text: str) -> str:
    """Return one identifier as records have it, however it is typed.

    Examples
    --------
    >>> identifier(" 943 476 5919")
    '9434765919'
    """
    word = text.strip()
    return re.sub(r"[ -]", "", word) if re.fullmatch(_NHS_GROUPED, word) else word


class Rows:
    """One table, its columns by slot, and the problems found in it so far.

    Every method returns one thing for each row of the table, and lists a problem for each row
    where a word is there and cannot be read.
    """

    def __init__(self, table: TextTable, mapping: Mapping) -> None:
        self.table, self.mapping = table, mapping
        self.problems = [table.problems]
        self.sex_codes: dict[str, str] = {}  # the words of the sex column that say one
        words = [column.stripped for slot in _DATES if (column := self.column(slot))]
        self.day_first = dates.day_first(words, mapping.config.date_format, table.name)

    def __len__(self) -> int:
        return len(self.table.rows)

    def column(self, slot: str) -> TextColumn | None:
        """Return the column of a slot, or None where the file has none."""
        place = self.mapping.columns.get(slot)
        return None if place is None else self.table.columns[place]

    def header(self, slot: str) -> str:
        """Return the user's own name of a slot's column."""
        place = self.mapping.columns.get(slot)
        return "" if place is None else self.table.headers[place]

    def list(self, code: str, where: Flags, slot: str) -> None:
        """List a problem for every row where it holds."""
        if where.any():
            rows = self.table.rows[where]
            self.problems.append(columns.problems(code, self.table.name, rows, self.header(slot)))

    def _list_words(self, code: str, bad: Flags, column: TextColumn, slot: str) -> None:
        if bad.any():
            self.list(code, column.spread(bad, missing=False), slot)

    def texts(self, slot: str) -> TextColumn | None:
        """Return a column of names or identifiers, words that stand for none emptied."""
        column = self.column(slot)
        return None if column is None else self._texts(column)

    def _texts(self, column: TextColumn) -> TextColumn:
        words = column.stripped
        return column.reworded(words.mask(parsing.is_missing(words), ""))

    def identifiers(self) -> Identifiers:
        """Return every column of identifiers, the NHS number first, and the kind of each.

        A column of ten-digit numbers that all pass the check of NHS numbers is one of these,
        whatever its header.
        """
        place = self.mapping.columns.get("child_id")
        places = dict.fromkeys([*([] if place is None else [place]), *self.mapping.aliases])
        found = [(self.mapping.kinds.get(each, OWN), self.children(each)) for each in places]
        found = [(NHS if _are_nhs_numbers(each.stripped) else kind, each) for kind, each in found]
        if self.mapping.config.merge.by_name and (named := self._named()) is not None:
            found.append((NAME, named))
        found.sort(key=lambda each: (each[0] != NHS, each[0] == NAME))
        kinds, columns_ = zip(*found, strict=True)
        return Identifiers(self.table.name, self.table.rows, kinds, columns_)

    def _named(self) -> TextColumn | None:
        """Return name, birth date and sex of each row in one word, empty where one is missing."""
        whole, forename, surname = (self.texts(slot) for slot in ("name", "forename", "surname"))
        parts = [whole] if whole is not None else [forename, surname]
        if any(part is None for part in parts):
            return None
        born, sex = self.dates("birth_date"), self.sexes()
        lacking = np.isnat(born) | (sex.codes >= len(SEXES))
        said = pd.Series(born.astype(str)) + " " + pd.Series(sex.astype(str))
        for part in parts:
            assert part is not None
            words = part.stripped.str.normalize("NFKC").str.casefold()
            words = words.str.replace(r"[\W_]+", " ", regex=True).str.strip()
            texts = pd.Series(part.reworded(words).texts())
            lacking |= (texts == "").to_numpy()
            said = said + " " + texts
        codes, names = pd.factorize(said.mask(lacking, ""))
        return TextColumn.of(names.tolist(), codes.astype(np.int32))

    def children(self, place: int | None = None) -> TextColumn:
        """Return a column of identifiers, as text: "0012" stays so, 943 476 5919 is closed up.

        The best-ranked one where no place is given.
        """
        column = self.texts("child_id") if place is None else self._texts(self.table.columns[place])
        if column is None:
            return TextColumn.of([], np.full(len(self), -1, dtype=np.int32))
        words = column.stripped
        if words[words != ""].str.fullmatch(_FROM_A_FLOAT).all():
            words = words.str.removesuffix(".0")
        grouped = words.str.fullmatch(_NHS_GROUPED)
        words = words.mask(grouped, words.str.replace(r"[ -]", "", regex=True))
        return column.reworded(words.mask(words == NO_ONE, ""))

    def dates(self, slot: str) -> Dates:
        """Return a column of dates, NaT where there is none."""
        column = self.column(slot)
        if column is None:
            return np.full(len(self), np.datetime64("NaT", "D"))
        days, bad = dates.dates(column.stripped, day_before_month=self.day_first)
        placeholder = days <= dates.PLACEHOLDER_UNTIL
        self._list_words("D01", bad, column, slot)
        self._list_words("D04", placeholder, column, slot)
        days[placeholder] = np.datetime64("NaT")
        return column.spread(days, missing=np.datetime64("NaT"))

    def sexes(self) -> pd.Categorical[Any]:
        """Return the sex of each row's child: male, female or unknown."""
        vocabulary = [*map(str, SEXES), "unknown"]
        column = self.column("sex")
        if column is None:
            return columns.categorical(np.full(len(self), 2, np.int8), vocabulary)
        config = self.mapping.config
        found, bad = parsing.sexes(column.stripped, config.sex, self.table.name)
        self._list_words("P07", bad, column, "sex")
        known = found >= 0
        said = zip(column.stripped[known], found[known], strict=True)
        self.sex_codes = {word: vocabulary[code] for word, code in said}
        codes = column.spread(np.where(found < 0, 2, found), missing=2)
        return columns.categorical(codes, vocabulary)

    def gestations(self) -> FloatArray:
        """Return gestations at birth [d], NaN where not known."""
        column = self.column("gestation")
        if column is None:
            return np.full(len(self), np.nan)
        decimals = self.mapping.config.gestation_decimals
        found, bad = parsing.gestations(column.stripped, decimals=decimals)
        self._list_words("P02", bad, column, "gestation")
        return column.spread(found, missing=np.nan)

    def ages(self) -> FloatArray:
        """Return ages [d] where the file gives ages instead of dates.

        Raises
        ------
        MappingError
            If neither the header nor the configuration says what they are counted in.
        """
        column = self.column("age")
        if column is None:
            return np.full(len(self), np.nan)
        unit = self.mapping.units.get("age", "")
        if unit not in parsing.AGE_UNITS:
            raise MappingError(
                f"{self.table.name}: the unit of {self.header('age')!r} is not clear from its "
                f"header; expected one of {', '.join(parsing.AGE_UNITS)}. "
                "Say which in a configuration: [units] age = ..."
            )
        read = parsing.numbers(column.stripped)
        with np.errstate(over="ignore"):
            days = np.rint(read.value * parsing.AGE_UNITS[unit])
        self._list_words("D07", read.bad | read.reason | np.isinf(days), column, "age")
        return column.spread(np.where(np.isfinite(days), days, np.nan), missing=np.nan)

    def postures(self) -> NDArray[np.int8]:
        """Return places in ``parsing.POSTURES``."""
        column = self.column("posture")
        if column is None:
            return np.zeros(len(self), dtype=np.int8)
        return column.spread(parsing.postures(column.stripped), missing=0)
