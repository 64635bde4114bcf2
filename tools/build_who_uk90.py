"""Build ``data/who_uk90/``: the UK-WHO tables as plain CSV, with a manifest that proves them.

The figures are parsed out of the tables shipped inside the published package ``rcpchgrowth``
(pinned, development only) and written in our own layout at their full published precision.
Running it again gives byte-identical files; CI checks that it does.

    python tools/build_who_uk90.py            rewrite data/who_uk90/
    python tools/build_who_uk90.py --check    compare instead, and fail on any difference
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib.metadata
import importlib.resources
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = "rcpchgrowth"
VERSION = "4.6.5"
TARGET = Path(__file__).resolve().parents[1] / "data" / "who_uk90"
MEASURES = {"weight": "weight", "height": "height", "bmi": "bmi", "head": "ofc"}
SEXES = ("male", "female")

UK90 = "UK 1990 reference data, reanalysed 2009"
WHO = "WHO Child Growth Standards"
COLE2011 = (
    "Cole TJ, Williams AF, Wright CM; RCPCH Growth Chart Expert Group. Revised birth centiles "
    "for weight, length and head circumference in the UK-WHO growth charts. "
    "Ann Hum Biol 2011;38:7-11."
)
COLE1998 = (
    "Cole TJ, Freeman JV, Preece MA. British 1990 growth reference centiles for weight, height, "
    "body mass index and head circumference fitted by maximum penalized likelihood. "
    "Stat Med 1998;17:407-29."
)
WHO2006 = (
    "WHO Multicentre Growth Reference Study Group. WHO Child Growth Standards: "
    "length/height-for-age, weight-for-age and body mass index-for-age (2006); "
    "head circumference-for-age (2007). Geneva: World Health Organization."
)
UK90_TERMS = (
    "Free to use without charge if acknowledged as 'UK 1990 reference data, reanalysed 2009'; "
    "statements on ownership conflict, see README.md."
)
WHO_TERMS = (
    "Free to use without charge if acknowledged as 'WHO Child Growth Standards'; see README.md."
)


@dataclass(frozen=True)
class Source:
    """One section: where its figures come from and how the manifest describes it."""

    name: str
    title: str
    path: str
    age_unit: str
    from_day: int
    to_day: int
    posture: str
    citation: str
    edition: str
    terms: str
    role: str = "age"


# Half-open [from_day, to_day): at a join the older child's section speaks. The last one runs
# to 20.0 years, day 7305, included.
SOURCES = (
    Source("uk90_birth", "UK90 birth, 23 to 42 weeks of gestation", "uk90_preterm.json",
           "weeks", -119, 14, "lying", COLE2011, UK90, UK90_TERMS),
    Source("who_infant", "WHO 2006, 2 weeks to 2 years, lying length", "who/who_infants.json",
           "days", 14, 731, "lying", WHO2006, WHO, WHO_TERMS),
    Source("who_child", "WHO 2006, 2 to 4 years, standing height", "who/who_children.json",
           "days", 731, 1461, "standing", WHO2006, WHO, WHO_TERMS),
    Source("uk90_child", "UK90, 4 to 20 years", "uk90_child.json",
           "months", 1461, 7306, "standing", COLE1998, UK90, UK90_TERMS),
    Source("uk90_term", "UK90 term births pooled, 37 to 42 weeks, days 0 to 13", "uk90_term.json",
           "term", 0, 14, "lying", COLE2011, UK90, UK90_TERMS, role="term"),
)  # fmt: skip

# A join is data: the age in days where one section hands over to the next, and whether an earlier
# z is carried over it (at 2 years a child really does stand up, and loses the 0.7 cm).
JOINS = (
    ("uk90_birth", "who_infant", 14.0, True, "the reference changes at 2 weeks after term"),
    ("who_infant", "who_child", 730.5, False, "from lying length to standing height at 2 years"),
    ("who_child", "uk90_child", 1461.0, True, "the reference changes at 4 years"),
)


def published_tables(path: str) -> dict[str, Any]:
    """Return one published table file, its figures as the text they were printed with."""
    found = importlib.metadata.version(PACKAGE)
    if found != VERSION:
        raise SystemExit(f"{PACKAGE} {VERSION} is needed to build the tables; found {found}")
    root = importlib.resources.files(PACKAGE) / "data_tables"
    text = (root / path).read_text(encoding="utf-8")
    return json.loads(text, parse_float=str, parse_int=str)["measurement"]  # type: ignore[no-any-return]


def age_on_grid(row: dict[str, str], unit: str) -> int:
    """Return the age of a published row on the whole-number grid it was published on."""
    if unit == "days":
        return round(float(row["decimal_age"]) * 365.25)
    return 0 if unit == "term" else int(row["value"])


def section_rows(source: Source) -> list[list[str]]:
    """Return ``measure, sex, age, L, M, S`` of every published row, in a fixed order."""
    tables = published_tables(source.path)
    rows = []
    for measure, theirs in MEASURES.items():
        for sex in SEXES:
            published = tables[theirs][sex]
            ages = [age_on_grid(row, source.age_unit) for row in published if row["M"] != ""]
            figures = [row for row in published if row["M"] != ""]
            if ages and ages != list(range(ages[0], ages[-1] + 1)):
                raise SystemExit(f"{source.name}, {measure}, {sex}: an age is missing or repeated")
            rows += [
                [measure, sex, str(age), row["L"], row["M"], row["S"]]
                for age, row in zip(ages, figures, strict=True)
            ]
    return rows


def csv_text(source: Source, rows: list[list[str]]) -> str:
    """Return the section as CSV with LF line ends on every platform."""
    age = {
        "weeks": "gestation_weeks",
        "days": "age_days",
        "months": "age_months",
        "years": "age_years",
    }
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["measure", "sex", age.get(source.age_unit, "age_days"), "L", "M", "S"])
    writer.writerows(rows)
    return out.getvalue()


def toml_value(value: object) -> str:
    """Return a TOML literal (JSON's are TOML's for the few types used here)."""
    return json.dumps(value, ensure_ascii=False)


def toml_block(header: str, fields: dict[str, object]) -> str:
    """Return one ``[[header]]`` block."""
    lines = [f"{key} = {toml_value(value)}" for key, value in fields.items()]
    return "\n".join([f"[[{header}]]", *lines]) + "\n"


def section_fields(
    source: Source, file: str, rows: Sequence[Sequence[object]], text: str
) -> dict[str, object]:
    """Return what a manifest says of a section and its file."""
    return {
        "name": source.name,
        "title": source.title,
        "file": file,
        "role": source.role,
        "from_day": source.from_day,
        "to_day": source.to_day,
        "age_unit": source.age_unit,
        "posture": source.posture,
        "measures": sorted({row[0] for row in rows}),
        "rows": len(rows),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "edition": source.edition,
        "citation": source.citation,
        "figures_from": f"{PACKAGE} {VERSION}, data_tables/{source.path}",
        "terms": source.terms,
    }


def built_files() -> dict[str, str]:
    """Return every generated file of the folder by name: the sections and their manifest."""
    files: dict[str, str] = {}
    blocks = []
    for source in SOURCES:
        rows = section_rows(source)
        text = csv_text(source, rows)
        files[f"{source.name}.csv"] = text
        fields = section_fields(source, f"{source.name}.csv", rows, text)
        blocks.append(toml_block("section", fields))
    for earlier, later, day, carried, note in JOINS:
        joined = {"earlier": earlier, "later": later, "at_day": day, "carried": carried}
        blocks.append(toml_block("join", {**joined, "note": note}))
    head = (
        "# Written by tools/build_who_uk90.py: edit that, not this.\n"
        "# from_day is included and to_day is not; ages are days since the expected date of\n"
        "# delivery. A table may end before its section does: no row, no z-score.\n\n"
        'name = "uk-who"\n'
        'title = "UK-WHO"\n'
        'edition = "UK 1990 (reanalysed 2009) and WHO 2006"\n'
        'acknowledgement = "UK 1990 reference data, reanalysed 2009; WHO Child Growth Standards"\n'
    )
    files["manifest.toml"] = "\n".join([head, *blocks])
    return files


def main() -> int:
    """Write the folder, or compare it with ``--check``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    differing = []
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, text in built_files().items():
        path = TARGET / name
        if check:
            if not path.exists() or path.read_bytes() != text.encode():
                differing.append(name)
        else:
            path.write_bytes(text.encode())
    if differing:
        sys.stderr.write(f"data/who_uk90 differs from what the builder makes: {differing}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
