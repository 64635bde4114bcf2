"""Build ``tests/data/rcpchgrowth_zscores.parquet``: z-scores an independent library gives.

Seeded random measurements of every section, sex and measure, on the days round every join and
beyond every end, each with the z that ``rcpchgrowth`` (pinned, development only) gives it, or
none where it has no table. Takes about a minute.

    python tools/build_expected_zscores.py            rewrite the file
    python tools/build_expected_zscores.py --check    compare instead, and fail on any difference

Ages are stored in sixteenths of a day and values in thousandths of their unit: small whole
numbers, and exact. A sixteenth of a day is no accident. ``rcpchgrowth`` takes an age that rounds to
a published row's at four decimals of a year (up to 0.037 days away) for that row; we interpolate.
Weekly rows fall on whole days and monthly ones on sixteenths (a month is 30.4375 days), so an age
in sixteenths is either exactly on a row or at least 0.0625 days from it, and the two must agree.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

PACKAGE = "rcpchgrowth"
VERSION = "4.6.5"
TARGET = Path(__file__).resolve().parents[1] / "tests" / "data" / "rcpchgrowth_zscores.parquet"
SEED = 20061990
PARTS_OF_DAY = 16
PARTS_OF_UNIT = 1000
LARGEST_VALUE = 2000
WIDEST_Z = 6.0

MEASURES = {"weight": "weight", "height": "height", "bmi": "bmi", "head": "ofc"}
SEXES = ("male", "female")
SECTIONS = ("uk90_birth", "who_infant", "who_child", "uk90_child")

ROWS_PER_STRATUM = 7000
ROWS_PER_EDGE = 20
OUTSIDE_ROWS = 4000

# Either side of each join and each end, by whole days and, where fractions are scored, by less.
EDGE_DAYS = (
    *(-120, -119.0625, -119, -118, -106, -105.0625, -105, -104, -1, 0, 1, 13, 13.9375),
    *(14, 15, 729, 730, 731, 732, 1459, 1460, 1461, 1461.0625, 1462),
    *(6209, 6209.25, 6209.3125, 6210, 6574, 6574.5, 6574.5625, 6575),
    *(7304, 7304.9375, 7305, 7305.0625, 7306),
)

SCHEMA = pa.schema(
    [
        ("section", pa.dictionary(pa.int8(), pa.string())),
        ("measure", pa.dictionary(pa.int8(), pa.string())),
        ("sex", pa.dictionary(pa.int8(), pa.string())),
        ("age_sixteenths", pa.int32()),
        ("value_thousandths", pa.int32()),
        ("z", pa.float64()),
    ]
)

Row = tuple[str | None, str, str, int, int, float | None]


class Oracle:
    """What ``rcpchgrowth`` says, asked in our words."""

    def __init__(self) -> None:
        found = importlib.metadata.version(PACKAGE)
        if found != VERSION:
            raise SystemExit(f"{PACKAGE} {VERSION} is needed to build the file; found {found}")
        from rcpchgrowth import global_functions, uk_who

        self._published = global_functions
        self._tables = uk_who
        self._names = {
            id(uk_who.UK90_PRETERM_DATA): "uk90_birth",
            id(uk_who.WHO_INFANTS_DATA): "who_infant",
            id(uk_who.WHO_CHILD_DATA): "who_child",
            id(uk_who.UK90_CHILD_DATA): "uk90_child",
        }

    def section(self, measure: str, sex: str, age: int) -> str | None:
        """Name the table an age [1/16 d] is looked up in, if there is one."""
        years = age / PARTS_OF_DAY / 365.25
        try:
            tables = self._tables.uk_who_reference(years)
        except ValueError:
            return None
        absent, _ = self._tables.reference_data_absent(years, MEASURES[measure], sex)
        return None if absent else self._names[id(tables)]

    def value(self, z: float, measure: str, sex: str, age: int) -> float | None:
        """Return the value [unit] at a z, None where there is none."""
        years = age / PARTS_OF_DAY / 365.25
        return self._published.measurement_from_sds(  # type: ignore[no-any-return]
            "uk-who", z, MEASURES[measure], sex, years
        )

    def zscore(self, value: int, measure: str, sex: str, age: int) -> float | None:
        """Return the z of a value [1/1000 unit], None where there is no table."""
        years = age / PARTS_OF_DAY / 365.25
        try:
            return float(
                self._published.sds_for_measurement(
                    "uk-who", years, MEASURES[measure], value / PARTS_OF_UNIT, sex
                )
            )
        except LookupError:
            return None


def below(chance: Random, count: int) -> int:
    """Return a whole number from 0 to count − 1.

    From ``random()`` alone: the one method whose sequence Python promises never to change.
    """
    return int(chance.random() * count)


def row(chance: Random, oracle: Oracle, measure: str, sex: str, age: int) -> Row:
    """Return one measurement at an age, somewhere between z −6 and 6, and its z."""
    section = oracle.section(measure, sex, age)
    value = 0
    while not 0 < value < LARGEST_VALUE * PARTS_OF_UNIT:
        z = (2 * chance.random() - 1) * WIDEST_Z
        # Where there is no table any value will do: it must come back without a z.
        wanted = 40 + z if section is None else oracle.value(z, measure, sex, age)
        value = round(min(wanted or 0, LARGEST_VALUE) * PARTS_OF_UNIT)
    return section, measure, sex, age, value, oracle.zscore(value, measure, sex, age)


def ages_of(oracle: Oracle, section: str, measure: str, sex: str) -> list[list[int]]:
    """Return the ages [1/16 d] of a stratum: its whole days and, outside WHO, all of them."""
    ages = range(-120 * PARTS_OF_DAY, 7307 * PARTS_OF_DAY)
    within = [age for age in ages if oracle.section(measure, sex, age) == section]
    whole = [age for age in within if age % PARTS_OF_DAY == 0]
    return [whole] if section.startswith("who") else [whole, within]


def drawn_rows(chance: Random, oracle: Oracle) -> Iterator[Row]:
    """Yield the same number of rows for each section, measure and sex that has a table."""
    for section in SECTIONS:
        for measure in MEASURES:
            for sex in SEXES:
                choices = ages_of(oracle, section, measure, sex)
                for number in range(ROWS_PER_STRATUM if choices[0] else 0):
                    ages = choices[number % len(choices)]
                    yield row(chance, oracle, measure, sex, ages[below(chance, len(ages))])


def edge_rows(chance: Random, oracle: Oracle) -> Iterator[Row]:
    """Yield rows of every measure and sex on each side of every join and every end."""
    for day in EDGE_DAYS:
        for measure in MEASURES:
            for sex in SEXES:
                for _ in range(ROWS_PER_EDGE):
                    yield row(chance, oracle, measure, sex, round(day * PARTS_OF_DAY))


def outside_rows(chance: Random, oracle: Oracle) -> Iterator[Row]:
    """Yield rows of ages that have no table."""
    kept = 0
    while kept < OUTSIDE_ROWS:
        measure, sex = [*MEASURES][kept % len(MEASURES)], SEXES[kept // len(MEASURES) % 2]
        day = below(chance, 10_000) - 1_000
        if oracle.section(measure, sex, day * PARTS_OF_DAY) is None:
            kept += 1
            yield row(chance, oracle, measure, sex, day * PARTS_OF_DAY)


def built_table() -> pa.Table:
    """Return the whole file as a table, in an order that packs well."""
    chance, oracle = Random(SEED), Oracle()
    makers = (drawn_rows, edge_rows, outside_rows)
    rows = [made for maker in makers for made in maker(chance, oracle)]
    rows.sort(key=lambda made: (made[0] or "", *made[1:5]))
    columns = zip(*rows, strict=True)
    types = [pa.string() if pa.types.is_dictionary(t) else t for t in SCHEMA.types]
    arrays = [pa.array(column, type=t) for column, t in zip(columns, types, strict=True)]
    return pa.table(arrays, names=SCHEMA.names).cast(SCHEMA)


def same(built: pa.Table, found: pa.Table) -> bool:
    """Return whether two tables agree, z to the last few bits (another machine's logarithm)."""
    exact = [name for name in SCHEMA.names if name != "z"]
    if not built.select(exact).equals(found.select(exact)):
        return False
    ours, theirs = (table["z"].to_numpy() for table in (built, found))
    return bool(np.allclose(ours, theirs, rtol=1e-12, atol=1e-12, equal_nan=True))


def main() -> int:
    """Write the file, or compare it with ``--check``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    built = built_table()
    if check:
        if TARGET.exists() and same(built, pq.read_table(TARGET)):
            return 0
        sys.stderr.write(f"{TARGET.name} differs from what {PACKAGE} {VERSION} gives\n")
        return 1
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    packed = {"age_sixteenths": "DELTA_BINARY_PACKED", "value_thousandths": "DELTA_BINARY_PACKED"}
    pq.write_table(
        built,
        TARGET,
        compression="zstd",
        compression_level=19,
        use_dictionary=["section", "measure", "sex"],
        column_encoding={**packed, "z": "BYTE_STREAM_SPLIT"},
        store_schema=True,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
