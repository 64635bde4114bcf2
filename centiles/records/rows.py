"""What every record of a row shares: the child, the dates, the sex, read once for each word."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.ages import FloatArray
from centiles.errors import MappingError
from centiles.measures import SEXES
from centiles.records import columns, dates, identifiers, parsing
from centiles.records.dates import Dates
from centiles.records.kinds import Kinds, kinds_of
from centiles.records.mapping import Mapping
from centiles.records.nodes import NAME, NHS, OWN, Identifiers
from centiles.records.synonyms import DATE_SLOTS, normal
from centiles.records.tables import FROM, TextColumn, TextTable

Flags = NDArray[np.bool_]

_NAT: Final = np.datetime64("NaT", "D")
_FIRST_DAY: Final = np.datetime64("0001-01-01", "D")
# Above so many, and above this share, the numbers of a column are some other service's own.
NHS_FAILURES: Final = 10
NHS_SHARE: Final = 0.5
_DATES: Final = (*DATE_SLOTS, "date", "review_on")  # the last two in files of events or actions
_LOOKED_AT: Final = 2000
_TEN_DIGITS: Final = r"[0-9]{10}"


def _of_months(precision: NDArray[np.int8]) -> NDArray[np.int8]:
    return np.where(precision == dates.DAY, np.int8(dates.MONTH), precision)


def _nhs_share(words: pd.Series[str]) -> float:
    """Return the share of the first words of ten digits whose last checks the others (modulus 11).

    Of numbers of another kind it is one in eleven.
    """
    first = words.head(_LOOKED_AT)
    first = first[parsing.are(first, _TEN_DIGITS)].reset_index(drop=True)
    failed = identifiers.identifiers(first, nhs=True).failed
    return 0.0 if first.empty else 1 - float(failed.mean())


def identifier(text: str) -> str:
    """Return one identifier as records have it, however it is typed.

    Examples
    --------
    >>> identifier(" 943 476 5919")
    '9434765919'
    """
    words = pd.Series([text.strip()], dtype="str")
    return str(identifiers.identifiers(words, nhs=False).text.iloc[0]) or text.strip()


@dataclass
class Decisions:
    """What only a whole file can say, for its rows to be read some at a time.

    ``monthly`` tells that its birth dates are months; ``children`` are the identifiers of each
    column of them, in their one form; ``gestations`` what rows of their own say of each identifier
    [d]; ``units`` the unit of the values of each column that have none beside them.
    """

    monthly: bool = False
    children: dict[int, pd.Series[str]] = field(default_factory=dict)
    gestations: FirstSaid | None = None
    units: dict[str, str] = field(default_factory=dict)


class FirstSaid(NamedTuple):
    """What was said of each child first, since when, NaT for always, and until another was."""

    value: FloatArray
    since: Dates
    until: Dates

    def of(self, at: NDArray[np.integer[Any]] | slice) -> FirstSaid:
        """Return what was said of some children."""
        return FirstSaid(self.value[at], self.since[at], self.until[at])


def nothing_said(count: int) -> FirstSaid:
    """Return that nothing was said of so many."""
    never = np.full(count, _NAT)
    return FirstSaid(np.full(count, np.nan), never, never)


def first_said(
    child: NDArray[np.integer[Any]], value: FloatArray, day: Dates, children: int
) -> FirstSaid:
    """Return what was said of each child on the first day that anything was.

    NaN where that day's sayings differ, or none is; ``until`` is the first day on which another
    was said, NaT where none was.

    Parameters
    ----------
    child, value, day
        Whom each saying is of, below ``children``; what it is, and its day, shape (n,).
    children
        How many children there are.
    """
    order = np.lexsort((day, child))
    child, value, day = child[order], value[order], day[order]
    first = np.full(children, np.nan)
    since, until = (np.full(children, _NAT, dtype="datetime64[D]") for _ in range(2))
    at = np.flatnonzero(np.r_[True, child[1:] != child[:-1]]) if len(child) else order
    first[child[at]], since[child[at]] = value[at], day[at]
    other = np.flatnonzero(value != first[child])[::-1]  # so that the first of them is what stays
    until[child[other]] = day[other]
    at_once = until == since
    return FirstSaid(
        np.where(at_once, np.nan, first),
        np.where((since == _FIRST_DAY) | at_once, _NAT, since),
        until,
    )


class Rows:
    """One table, its columns by slot, and the problems found in it so far.

    Every method returns one thing for each row of the table, and lists a problem for each row
    where a word is there and cannot be read.
    """

    def __init__(
        self, table: TextTable, mapping: Mapping, decided: Decisions | None = None
    ) -> None:
        """Look at a table, or at some rows of one of which the whole was ``decided``."""
        self.table, self.mapping, self.decided = table, mapping, decided
        self.made = Decisions()  # what this table as a whole says
        self.problems = [table.problems]
        self.sex_codes: dict[str, str] = {}  # the words of the sex column that say one
        self.said: dict[str, str] = {}  # what was decided besides the mapping, in words
        self._children: dict[int, TextColumn] = {}  # the columns of identifiers read so far
        self.rounded = np.zeros(len(table.rows), dtype=np.bool_)  # an identifier lost its digits
        words = [column.stripped for slot in _DATES if (column := self.column(slot))]
        stated = dates.order_stated([self.header(slot) for slot in _DATES])
        self.day_first = dates.day_first(
            words, mapping.config.date_format, table.name, stated=stated
        )

    def __len__(self) -> int:
        return len(self.table.rows)

    def column(self, slot: str) -> TextColumn | None:
        """Return the column of a slot, or None where the file has none."""
        place = self.mapping.columns.get(slot)
        return None if place is None else self.table.columns[place]

    def header(self, slot: str | int) -> str:
        """Return the user's own name of a column, by its slot or its place."""
        place = self.mapping.columns.get(slot) if isinstance(slot, str) else slot
        return "" if place is None else self.table.headers[place]

    def list(self, code: str, where: Flags, slot: str | int, suggestion: Any = None) -> None:
        """List a problem for every row where it holds and that its source stands by.

        There may be a suggestion for each row.
        """
        where = where & ~self.removed if where.any() else where
        if where.any():
            rows, header = self.table.rows[where], self.header(slot)
            better = None if suggestion is None else suggestion[where]
            self.problems.append(columns.problems(code, self.table.name, rows, header, better))

    def _list_words(self, code: str, bad: Flags, column: TextColumn, slot: str | int) -> None:
        if bad.any():
            self.list(code, column.spread(bad, missing=False), slot)

    def _list_first(self, code: str, bad: Flags, column: TextColumn, slot: str | int) -> None:
        """List a problem for the first row that has each word, such as a child's number."""
        if bad.any():
            rows = np.flatnonzero(column.spread(bad, missing=False))
            _, first = np.unique(column.codes[rows], return_index=True)
            where = np.zeros(len(self), dtype=np.bool_)
            where[rows[first]] = True
            self.list(code, where, slot)

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
        found = [each for place in places for each in self._of_kinds(place)]
        if self.mapping.config.merge.by_name and (named := self._named()) is not None:
            found.append((NAME, named))
        found.sort(key=lambda each: (each[0] != NHS, each[0] == NAME))
        kinds, columns_ = zip(*found, strict=True)
        return Identifiers(self.table.name, self.table.rows, kinds, columns_)

    def _of_kinds(self, place: int) -> Iterable[tuple[str, TextColumn]]:
        """Return a column of identifiers with its kind; NHS and local numbers in one, as two."""
        column, header = self.children(place), self.table.headers[place]
        kind = self.mapping.kinds.get(place, OWN)
        words, own = column.stripped, header.partition(FROM)[0]
        said = kind == OWN and identifiers.says_nhs(normal(own))
        if kind == NHS or (said and FROM not in header):
            return [(NHS, column)]
        share = _nhs_share(words)
        if not said and share < (NHS_SHARE if kind == OWN else 1):
            return [(kind, column)]
        national = parsing.are(words, _TEN_DIGITS)
        others = words.mask(national, "")
        if (others == "").all():
            return [(NHS, column)]
        if kind != OWN:
            return [(kind, column)]
        return [(NHS, column.reworded(words.where(national, ""))), (OWN, column.reworded(others))]

    def _named(self) -> TextColumn | None:
        """Return name, birth date and sex of each row in one word, empty where one is missing."""
        whole, forename, surname = (self.texts(slot) for slot in ("name", "forename", "surname"))
        parts = [whole] if whole is not None else [forename, surname]
        if any(part is None for part in parts):
            return None
        listed = len(self.problems)
        (born, precision), sex = self.days("birth_date"), self.sexes()
        del self.problems[listed:]  # the records list them
        lacking = np.isnat(born) | (precision != dates.DAY) | (sex.codes >= len(SEXES))
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
        """Return a column of identifiers, as text and in one form.

        The best-ranked one where no place is given.
        """
        place = self.mapping.columns.get("child_id") if place is None else place
        if place is None:
            return TextColumn.of([], np.full(len(self), -1, dtype=np.int32))
        if place not in self._children:
            if self.decided is None or place not in self.decided.children:
                self._children[place] = self._identifiers_at(place)
                self.made.children[place] = self._children[place].stripped
            else:
                column = self.table.columns[place]
                self._children[place] = column.reworded(self.decided.children[place])
        return self._children[place]

    def _identifiers_at(self, place: int) -> TextColumn:
        """Return a column of identifiers in one form; list what is wrong with them."""
        column, header = self.table.columns[place], self.table.headers[place]
        found = identifiers.identifiers(column.stripped, nhs=identifiers.says_nhs(normal(header)))
        wrong = found.failed
        if FROM in header:  # local numbers stand in where the NHS one is not known
            wrong = wrong & parsing.are(found.text, _TEN_DIGITS)
        self._list_words("P12", found.rounded, column, place)
        self.rounded = self.rounded | column.spread(found.rounded, missing=False)
        used = np.zeros(len(found.text), dtype=np.bool_)  # a linked file brings words no row has
        used[column.codes[column.codes >= 0]] = True
        failed, given = int((wrong & used).sum()), used & (found.text != "").to_numpy()
        if failed > max(NHS_FAILURES, NHS_SHARE * int(given.sum())):
            self.problems.append(columns.problems("P14", self.table.name, 0, header))
        else:
            self._list_first("P11", wrong, column, place)
        self._list_first("P13", found.padded, column, place)
        return column.reworded(found.text)

    def days(self, slot: str) -> tuple[Dates, NDArray[np.int8]]:
        """Return a column of dates, NaT where there is none, and places in ``dates.PRECISIONS``.

        Where a column says how exactly the day of measurement is known, it does.
        """
        column = self.column(slot)
        if column is None:
            none = np.full(len(self), np.datetime64("NaT", "D"))
            return none, np.zeros(len(self), dtype=np.int8)
        words = column.stripped
        serials = dates.are_serials(words, self.table.name)
        read = dates.days(words, day_before_month=self.day_first, serials=serials)
        placeholder = read.on <= dates.PLACEHOLDER_UNTIL
        yearly = read.precision == dates.YEAR
        self._list_words("D01", read.bad & ~yearly, column, slot)
        self._list_words("D04", placeholder, column, slot)
        if serials:
            whole = columns.problems("D13", self.table.name, 0, self.header(slot))
            self.problems.append(whole)
        on = column.spread(np.where(placeholder, _NAT, read.on), missing=_NAT)
        precision = column.spread(np.where(placeholder, dates.NO_DATE, read.precision), missing=0)
        said = self.column("date_precision") if slot == "measured_on" else None
        if said is not None:
            stated = said.spread(dates.precisions(said.stripped), missing=dates.NO_DATE)
            precision = np.where(np.isnat(on), precision, np.maximum(precision, stated))
            on = np.where(precision == dates.MONTH, dates.of_month(on), on)
        self.list("D11", precision == dates.YEAR, slot)
        return np.where(precision == dates.YEAR, _NAT, on), precision

    def births(self, children: TextColumn) -> tuple[Dates, NDArray[np.int8]]:
        """Return dates of birth as given, and their precisions: months for all, or as written.

        The configuration says that only months are known, or the header, or the days themselves.
        """
        on, precision = self.days("birth_date")
        if self.decided is not None:
            return on, _of_months(precision) if self.decided.monthly else precision
        said = self.mapping.config.birth_precision
        own = self.header("birth_date").partition(FROM)[0]
        named = re.search(r"\bmonth\b", normal(own)) is not None
        if said is None and not named and not dates.are_monthly(children.codes, on):
            return on, precision
        if said == "day":
            return on, precision
        why = "as configured" if said else "by its header" if named else "all on a 1st or 15th"
        self.said["birth precision"] = f"month, {why}"
        self.made.monthly = True
        return on, _of_months(precision)

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

    def gestations(self, learnt: Dates | None = None) -> FirstSaid:
        """Return gestations at birth [d], NaN where not known, since when, and until when.

        Both are NaT where the row itself says it. ``learnt`` is the day of each row.
        """
        column = self.column("gestation")
        coded = self._coded_gestations(learnt)
        if column is None:
            return coded
        found = self._gestations_in(column, np.ones(len(self), dtype=np.bool_), "gestation")
        own = ~np.isnan(found)
        since, until = (np.where(own, _NAT, each) for each in (coded.since, coded.until))
        return FirstSaid(np.where(own, found, coded.value), since, until)

    def _gestations_in(self, column: TextColumn, where: Flags, slot: str) -> FloatArray:
        decimals = self.mapping.config.gestation_decimals
        found, bad = parsing.gestations(column.stripped, decimals=decimals)
        self.list("P02", where & column.spread(bad, missing=False), slot)
        return np.where(where, column.spread(found, missing=np.nan), np.nan)

    def _coded_gestations(self, learnt: Dates | None) -> FirstSaid:
        """Return the gestation that a row of its own says, for all rows of its child; since when.

        Where two such rows differ both are listed, and from the day of the later on the child has
        none; that day is the third.
        """
        value = self.column("value")
        if self.decided is not None:
            return self._decided_gestations(self.decided)
        if not self.mapping.long or value is None or not self.kinds.gestation.any():
            return nothing_said(len(self))
        said = self._gestations_in(value, self.kinds.gestation & ~self.removed, "value")
        child = self.children()
        codes, _ = pd.factorize(pd.concat([child.stripped, pd.Series([""], dtype="str")]))
        of = np.where(child.is_blank, -1, child.spread(codes[:-1], missing=codes[-1]))
        at = np.flatnonzero(~np.isnan(said) & (of >= 0))
        days = np.full(len(self), _NAT) if learnt is None else learnt.astype("datetime64[D]")
        days = np.where(np.isnat(days), _FIRST_DAY, days)[at]
        told = first_said(of[at], said[at], days, len(codes) + 1)
        self.list("P06", ~np.isnat(told.until)[of] & ~np.isnan(said), "value")
        told.value[codes[-1]] = np.nan  # nobody's
        self.made.gestations = told.of(codes[:-1])
        return told.of(of)

    def _decided_gestations(self, whole: Decisions) -> FirstSaid:
        """Return the same as the whole file says it, of which these are some rows."""
        known, child = whole.gestations, self.children()
        if known is None:
            return nothing_said(len(self))
        since, until = (child.spread(each, missing=_NAT) for each in (known.since, known.until))
        return FirstSaid(child.spread(known.value, missing=np.nan), since, until)

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

    @cached_property
    def kinds(self) -> Kinds:
        """What each row of a long table is about."""
        codes = [self.table.columns[place] for place in self.mapping.codes]
        terms = [self.table.columns[place] for place in self.mapping.terms]
        return kinds_of(codes, terms, self.mapping.config.measures, len(self))

    def postures(self) -> NDArray[np.int8]:
        """Return places in ``parsing.POSTURES``."""
        column = self.column("posture")
        if column is None:
            return np.zeros(len(self), dtype=np.int8)
        return column.spread(parsing.postures(column.stripped), missing=0)

    @cached_property
    def statuses(self) -> pd.Categorical[Any]:
        """Why the source does not stand by each row; empty where it does.

        A column called "deleted" or "removed data" says yes or no; one called "status" says which.
        A row of a code that is not read is not a measurement either.
        """
        column = self.column("status")
        if column is None:
            codes = np.zeros(len(self), dtype=np.int64)
            said = pd.Index(["", parsing.IGNORED_CODE])
        else:
            flag = not normal(self.header("status")).endswith("status")
            given = ["", parsing.IGNORED_CODE, *parsing.statuses(column.stripped, flag=flag)]
            by_word, said = pd.factorize(pd.Series(given, dtype="str"))
            codes = column.spread(by_word[2:], missing=0)
        if self.mapping.long:
            kinds = self.kinds
            codes = np.where((codes == 0) & (kinds.ignored | kinds.unrelated), 1, codes)
        return columns.categorical(codes, said)

    @cached_property
    def removed(self) -> Flags:
        """Which rows the source does not stand by."""
        return np.asarray(self.statuses.codes != 0)
