"""Reference tables: find them, verify them, look an age up, carry a z over a join.

A reference is data. It has *sections*, half-open intervals of age with tables of L, M and S, and
*joins* between them; at a join the older child's table speaks. Nothing outside this module knows
which tables there are.
"""

from __future__ import annotations

import csv
import hashlib
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from centiles import lms
from centiles.ages import DAYS_IN_YEAR, TERM_DAYS, FloatArray
from centiles.errors import TableError, UsageError
from centiles.measures import MEASURES, SEXES

PACKAGE: Final = Path(__file__).resolve().parent
TERM_ROLE: Final = "term"

UK_WHO: Final = "uk-who"
# Each reference by name, and the folder of its manifest. What checks children is the first.
FOLDERS: Final = MappingProxyType(
    {UK_WHO: "who_uk90"} | {name: name for name in ("uk90", "who", "trisomy21", "turner")}
)

_Formula: TypeAlias = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]

# Table codes: one number for each measure and sex, in the order of MEASURES and SEXES.
TABLE_COUNT: Final = len(MEASURES) * len(SEXES)


@dataclass(frozen=True)
class Table:
    """L, M and S of one measure and sex on the ages they were published at.

    ``age_days`` has shape (rows,) [d since the expected date of delivery]; ``columns`` has shape
    (3, rows): L, M in the measure's unit, S. Both are read-only. ``linear`` is whether its rows
    are joined by straight lines.
    """

    age_days: FloatArray
    columns: FloatArray
    linear: bool = False

    def at(self, age_days: FloatArray) -> FloatArray:
        """Return L, M, S, shape (3, n), at ages [d]; NaN outside the table's own rows.

        An L of 0 comes as :data:`lms.TINY_L`.
        """
        inside = (age_days >= self.age_days[0]) & (age_days <= self.age_days[-1])
        within = np.clip(age_days, self.age_days[0], self.age_days[-1])
        found = lms.interpolated(within, self.age_days, self.columns, linear=self.linear)
        found[0] = np.where(found[0] == 0, lms.TINY_L, found[0])
        return np.where(inside, found, np.nan)


@dataclass(frozen=True)
class Section:
    """An interval of age ``[from_day, to_day)`` and its tables, by (measure, sex)."""

    name: str
    title: str
    role: str
    from_day: int
    to_day: int
    age_unit: str
    posture: str
    edition: str
    citation: str
    sha256: str
    rows: int
    tables: dict[tuple[str, str], Table]

    @property
    def pools_ages(self) -> bool:
        """Whether one row stands for every age of the section."""
        return self.role == TERM_ROLE

    @property
    def whole_days_only(self) -> bool:
        """Whether the tables are daily, so that a fraction of a day has no row."""
        return self.age_unit == "days"

    def table(self, measure: str, sex: str) -> Table | None:
        """Return the table of a measure and sex, or None where the section has none."""
        return self.tables.get((measure, sex))

    def at(self, measure: str, sex: str, age_days: FloatArray) -> FloatArray:
        """Return L, M, S, shape (3, n), at ages [d] of this section; NaN where it has no row."""
        table = self.table(measure, sex)
        inside = (age_days >= self.from_day) & (age_days < self.to_day)
        if table is None:
            return np.full((3, len(age_days)), np.nan)
        ages = np.zeros_like(age_days) if self.pools_ages else age_days
        if self.whole_days_only:
            inside &= np.floor(age_days) == age_days
        return np.where(inside, table.at(ages), np.nan)

    def at_edge(self, measure: str, sex: str, day: float) -> FloatArray:
        """Return L, M, S, shape (3,), where this section meets another, at most a day away."""
        table = self.table(measure, sex)
        if table is None:
            return np.full(3, np.nan)
        first, last = table.age_days[[0, -1]]
        if not self.pools_ages and not first - 1 <= day <= last + 1:
            return np.full(3, np.nan)
        return table.at(np.clip(np.array([day]), first, last))[:, 0]


@dataclass(frozen=True)
class Join:
    """Where one section hands over to the next, and whether an earlier z is carried over it."""

    earlier: int
    later: int
    at_day: float
    carried: bool
    note: str


@dataclass(frozen=True)
class Reference:
    """A set of sections and the joins between them, as one reference for growth.

    ``straight_tails`` is whether z beyond ±3 goes in equal steps, as WHO has it, and not by LMS.
    """

    name: str
    title: str
    edition: str
    acknowledgement: str
    sections: tuple[Section, ...]
    joins: tuple[Join, ...]
    sha256: str
    straight_tails: bool = False

    def zscores(self, value: FloatArray, rows: FloatArray) -> FloatArray:
        """Return z of values from rows of L, M and S, shape (3, n)."""
        return self._formulas[0](value, *rows)

    def values(self, z: FloatArray, rows: FloatArray) -> FloatArray:
        """Return the values that stand at z, from rows of L, M and S, shape (3, n)."""
        return self._formulas[1](z, *rows)

    @property
    def _formulas(self) -> tuple[_Formula, _Formula]:
        if self.straight_tails:
            return lms.zscores_with_straight_tails, lms.values_with_straight_tails
        return lms.zscores_from_lms, lms.values_from_lms

    @cached_property
    def by_age(self) -> tuple[Section, ...]:
        """The sections an age chooses between, youngest first."""
        return tuple(section for section in self.sections if not section.pools_ages)

    @cached_property
    def term_code(self) -> int:
        """The code of the section for term births on paper charts, −1 where there is none."""
        codes = [k for k, section in enumerate(self.sections) if section.pools_ages]
        return codes[0] if codes else -1

    @cached_property
    def first_day(self) -> int:
        """The youngest whole day [d since the expected date of delivery] any section has."""
        return self.by_age[0].from_day

    @cached_property
    def days(self) -> int:
        """How many whole days the sections span."""
        return self.by_age[-1].to_day - self.first_day

    @cached_property
    def day_zero(self) -> NDArray[np.intp]:
        """Where day 0 of each table is in :attr:`daily`."""
        return np.arange(TABLE_COUNT) * self.days - self.first_day

    @cached_property
    def term_zero(self) -> np.intp:
        """Where the pooled term row of the first table is in :attr:`daily`."""
        return np.intp(TABLE_COUNT * self.days)  # wide, so that adding a narrow code stays wide

    @cached_property
    def daily(self) -> FloatArray:
        """L, M, S of every whole day, laid out once so that a look-up is one gather.

        Shape (3, TABLE_COUNT · days + TABLE_COUNT + 1): the days of each measure and sex, then
        the pooled term row of each, then one NaN for "no such row". L of 0 is stored as
        :data:`lms.TINY_L`.
        """
        laid = np.full((3, TABLE_COUNT * (self.days + 1) + 1), np.nan)
        for code, (measure, sex) in enumerate((m, s) for m in MEASURES for s in SEXES):
            for section in self.by_age:
                ages = np.arange(section.from_day, section.to_day)
                first = code * self.days + section.from_day - self.first_day
                found = section.at(measure, sex, ages.astype(np.float64))
                laid[:, first : first + len(ages)] = found
            if self.term_code >= 0:
                term = self.sections[self.term_code].at(measure, sex, np.zeros(1))
                laid[:, self.term_zero + code] = term[:, 0]
        laid.setflags(write=False)
        return laid

    @cached_property
    def edges(self) -> FloatArray:
        """L, M, S either side of each join: shape (joins, 2 sides, 3, TABLE_COUNT)."""
        pairs = [(measure, sex) for measure in MEASURES for sex in SEXES]
        found = [
            [
                np.stack([self.sections[k].at_edge(m, s, join.at_day) for m, s in pairs], axis=1)
                for k in (join.earlier, join.later)
            ]
            for join in self.joins
        ]
        edges = np.asarray(found, dtype=np.float64)
        edges.setflags(write=False)
        return edges

    def section_codes(
        self, age_days: FloatArray, term: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int8]:
        """Return which section speaks at each corrected age [d]; −1 outside all of them.

        ``term`` marks births scored on the pooled term row while that section lasts.
        """
        starts = np.array([section.from_day for section in self.by_age])
        codes = np.searchsorted(starts, age_days, side="right") - 1
        codes = np.where(age_days < self.by_age[-1].to_day, codes, -1)
        if term is not None and self.term_code >= 0:
            pooled = self.sections[self.term_code]
            codes = np.where(
                term & (age_days >= pooled.from_day) & (age_days < pooled.to_day),
                self.term_code,
                codes,
            )
        return codes.astype(np.int8)

    def carried(
        self,
        z: FloatArray,
        table_code: NDArray[np.integer[Any]],
        from_section: NDArray[np.integer[Any]],
        to_section: NDArray[np.integer[Any]],
    ) -> FloatArray:
        """Return each z as the same child would have scored on a later section.

        The value at the join that the z stands for is scored again on the later table at the same
        age, join by join. Where a join is not carried (2 years) the z passes unchanged.

        Parameters
        ----------
        z
            z on ``from_section``, shape (n,).
        table_code
            Measure and sex of each, as :func:`table_codes` gives it.
        from_section, to_section
            Codes of the sections, ``to_section`` never the earlier one in age.

        Returns
        -------
        float array
            NaN where no value stands at that z on either side of a join.
        """
        out = np.array(z, dtype=np.float64, copy=True)
        moved = np.flatnonzero(from_section != to_section)
        out[moved] = self._over_joins(
            out[moved], table_code[moved], from_section[moved], to_section[moved]
        )
        out[(from_section < 0) | (to_section < 0)] = np.nan
        return out

    def _over_joins(
        self,
        z: FloatArray,
        table_code: NDArray[np.integer[Any]],
        from_section: NDArray[np.integer[Any]],
        to_section: NDArray[np.integer[Any]],
    ) -> FloatArray:
        """Return z carried over each join between two sections, as :meth:`carried` says."""
        order = np.arange(len(self.sections))
        if self.term_code >= 0:
            order[self.term_code] = 0  # term births start where the youngest section does
        position, goal = order[from_section], order[to_section]
        pooled = from_section == self.term_code
        for number, join in enumerate(self.joins):
            at = np.flatnonzero((position <= order[join.earlier]) & (goal >= order[join.later]))
            if not join.carried or len(at) == 0:
                continue
            code = table_code[at]
            before, after = np.take(self.edges[number], code, axis=-1)
            if pooled[at].any() and join.earlier == 0:
                before = np.where(pooled[at], self.daily[:, self.term_zero + code], before)
            value = self.values(z[at], before)
            with np.errstate(over="ignore"):
                rescored = self.zscores(value, after)
            z[at] = np.where(np.isfinite(rescored), rescored, np.nan)
        return z


def table_codes(
    measure: NDArray[np.integer[Any]] | int, male: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Return the code of each table: measures by their place in MEASURES, then sex."""
    return np.asarray(np.asarray(measure) * len(SEXES) + np.where(male, 0, 1), dtype=np.intp)


def reference(name: str = UK_WHO) -> Reference:
    """Return a shipped reference by its name, its tables checked against their manifest.

    Raises
    ------
    UsageError
        If there is no reference of that name.
    TableError
        If a table is missing, altered or not as its manifest describes it.
    """
    if name not in FOLDERS:
        raise UsageError(f"reference: found {name!r}, expected one of {', '.join(FOLDERS)}")
    return read(FOLDERS[name])


@cache
def read(folder_name: str) -> Reference:
    """Return the reference of a data folder, read once; errors as :func:`reference`."""
    folder = folder_of(folder_name)
    manifest = _manifest(folder)
    try:
        return _reference(folder, manifest)
    except KeyError as fault:
        raise TableError(
            f"{folder / 'manifest.toml'}: expected a whole manifest, found no {fault}. "
            "Install centiles again"
        ) from fault


def _reference(folder: Path, manifest: dict[str, Any]) -> Reference:
    """Return the reference a manifest describes, once every file it names has been verified."""
    faults: list[str] = []
    sections = tuple(_section(folder, entry, faults) for entry in manifest["section"])
    if faults:
        raise TableError(
            f"reference tables in {folder}: {'; '.join(faults)}. Expected the files the manifest "
            "describes: install centiles again, or rebuild them by the makers in tools/"
        )
    codes = {section.name: k for k, section in enumerate(sections)}
    joins = tuple(
        Join(codes[j["earlier"]], codes[j["later"]], j["at_day"], j["carried"], j["note"])
        for j in manifest.get("join", ())
    )
    # The manifest holds the hash of every table, and the sections and joins besides.
    digest = hashlib.sha256((folder / "manifest.toml").read_bytes()).hexdigest()
    about = {key: manifest[key] for key in ("name", "title", "edition", "acknowledgement")}
    return Reference(
        **about, sections=sections, joins=joins, sha256=digest,
        straight_tails=manifest.get("beyond_3") == "linear",
    )  # fmt: skip


def folder_of(name: str) -> Path:
    """Return where a reference's tables are: in the installed package, else in the checkout."""
    places = (PACKAGE / "data" / name, PACKAGE.parent / "data" / name)
    for place in places:
        if (place / "manifest.toml").is_file():
            return place
    raise TableError(
        f"reference tables {name!r}: found no manifest.toml in {places[0]} or {places[1]}. "
        "Install centiles again, or run from a whole checkout"
    )


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise TableError(
            f"{folder / 'manifest.toml'}: expected a readable manifest, found: {fault}. "
            "Install centiles again"
        ) from fault


def _section(folder: Path, entry: dict[str, Any], faults: list[str]) -> Section:
    """Return one section with its tables read; what is wrong with its file goes to ``faults``."""
    tables: dict[tuple[str, str], Table] = {}
    path = folder / entry["file"]
    content = path.read_bytes() if path.is_file() else None
    if content is None:
        faults.append(f"{entry['file']} is missing")
    elif hashlib.sha256(content).hexdigest() != entry["sha256"]:
        faults.append(f"{entry['file']} is not the file its manifest describes (SHA-256 differs)")
    else:
        straight = entry.get("interpolation") == "linear"
        tables = _tables(content.decode("ascii"), entry["age_unit"], linear=straight)
    kept = ("name", "title", "role", "from_day", "to_day", "age_unit", "posture", "edition")
    fields = {key: entry[key] for key in (*kept, "citation", "sha256", "rows")}
    return Section(**fields, tables=tables)


def _tables(text: str, age_unit: str, *, linear: bool) -> dict[tuple[str, str], Table]:
    rows = list(csv.reader(text.splitlines()))[1:]
    keys = dict.fromkeys((row[0], row[1]) for row in rows)
    tables = {}
    for key in keys:
        figures = np.array([row[2:] for row in rows if (row[0], row[1]) == key], dtype=np.float64)
        age_days, columns = _in_days(figures[:, 0], age_unit), figures[:, 1:].T.copy()
        age_days.setflags(write=False)
        columns.setflags(write=False)
        tables[key] = Table(age_days, columns, linear)
    return tables


def _in_days(ages: FloatArray, unit: str) -> FloatArray:
    """Return published ages as days since the expected date of delivery."""
    if unit == "weeks":  # of gestation
        return ages * 7 - TERM_DAYS
    if unit == "months":  # a month is exactly a twelfth of a year
        return ages / 12 * DAYS_IN_YEAR
    if unit == "years":
        return ages * DAYS_IN_YEAR
    return ages * 1.0
