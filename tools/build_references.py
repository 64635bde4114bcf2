"""Build the references beside UK-WHO: UK90 alone, WHO, trisomy 21, Turner.

As ``build_who_uk90.py`` does, from the same pinned package and in the same layout: figures only. A
section that UK-WHO has already is not written twice: its manifest names the file in ``who_uk90``.
Running it again gives byte-identical files; CI checks that it does.

    python tools/build_references.py            rewrite the folders of data/
    python tools/build_references.py --check    compare instead, and fail on any difference
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import build_who_uk90 as uk_who
from build_who_uk90 import MEASURES, SEXES, SOURCES, WHO_TERMS, Source

DATA = uk_who.TARGET.parent
ASK = "No terms of use are printed with the figures; see README.md."

WHO2007 = (
    "de Onis M, Onyango AW, Borghi E, Siyam A, Nishida C, Siekmann J. Development of a WHO growth "
    "reference for school-aged children and adolescents. Bull World Health Organ 2007;85:660-7."
)
STYLES2002 = (
    "Styles ME, Cole TJ, Dennis J, Preece MA. New cross sectional stature, weight and head "
    "circumference references for Down's syndrome in the UK and Republic of Ireland. "
    "Arch Dis Child 2002;87:104-8. BMI added to the tables in November 2013."
)
LYON1985 = (
    "Lyon AJ, Preece MA, Grant DB. Growth curve for girls with Turner syndrome. "
    "Arch Dis Child 1985;60:932-5."
)


@dataclass(frozen=True)
class Made:
    """One reference: what its manifest says of it, its sections and its joins.

    ``beyond_3`` says how z runs on beyond ±3: "lms", or "linear" as WHO has it. ``linear`` names
    the sections whose rows are joined by straight lines.
    """

    folder: str
    name: str
    title: str
    edition: str
    acknowledgement: str
    sections: tuple[Source, ...]
    joins: tuple[tuple[str, str, float, bool, str], ...] = ()
    beyond_3: str = "lms"
    linear: tuple[str, ...] = ()
    first_row: dict[str, int] = field(default_factory=dict)


BIRTH, INFANT, CHILD, SCHOOL, TERM = SOURCES
WHO_SCHOOL = Source(
    "who_school", "WHO Reference 2007, 5 to 19 years", "who/who_2007_children.json",
    "months", 1857, 6941, "standing", WHO2007, "WHO Reference 2007", WHO_TERMS,
)  # fmt: skip
DOWN = Source(
    "trisomy21", "Trisomy 21, birth to 2 years, lying length", "trisomy_21.json",
    "months", 0, 731, "lying", STYLES2002, "UK and Ireland 2002, BMI 2013", ASK,
)  # fmt: skip
TURNER = Source(
    "turner", "Turner syndrome, girls' height, 1 to 20 years", "turner.json",
    "years", 365, 7306, "standing", LYON1985, "1985", ASK,
)  # fmt: skip

REFERENCES = (
    Made(
        "uk90", "uk90", "UK90", "UK 1990 (reanalysed 2009)",
        "UK 1990 reference data, reanalysed 2009", (BIRTH, SCHOOL, TERM),
    ),
    Made(
        "who", "who", "WHO", "WHO 2006 and WHO 2007",
        "WHO Child Growth Standards; WHO Reference 2007",
        (
            replace(INFANT, title="WHO 2006, birth to 2 years, lying length", from_day=0),
            replace(CHILD, title="WHO 2006, 2 to 5 years, standing height", to_day=1857),
            WHO_SCHOOL,
        ),
        (
            ("who_infant", "who_child", 730.5, False,
             "from lying length to standing height at 2 years"),
            ("who_child", "who_school", 1856.6875, True, "the reference changes at 5 years"),
        ),
        beyond_3="linear", linear=("who_school",), first_row={"who_school": 61},
    ),
    Made(
        "trisomy21", "trisomy21", "Trisomy 21", "UK and Ireland 2002, BMI 2013",
        "Trisomy 21 reference 2002, UK and Republic of Ireland",
        (
            DOWN,
            replace(DOWN, name="trisomy21_child", from_day=731, to_day=7306, posture="standing",
                    title="Trisomy 21, 2 to 20 years, standing height"),
        ),
        (("trisomy21", "trisomy21_child", 730.5, False,
          "from lying length to standing height at 2 years"),),
    ),
    Made(
        "turner", "turner", "Turner syndrome", "1985", "UK Turner reference data 1985", (TURNER,),
    ),
)  # fmt: skip


def rows_of(source: Source, first: int) -> list[list[str]]:
    """Return ``measure, sex, age, L, M, S`` of every published row from a first age on."""
    tables = uk_who.published_tables(source.path)
    per_year = {"months": 12, "years": 1}[source.age_unit]
    rows = []
    for measure, theirs in MEASURES.items():
        for sex in SEXES:
            published = tables[theirs].get(sex, [])
            ages = [round(float(row["decimal_age"]) * per_year) for row in published]
            if ages and ages != list(range(ages[0], ages[-1] + 1)):
                raise SystemExit(f"{source.name}, {measure}, {sex}: an age is missing or repeated")
            rows += [
                [measure, sex, str(age), row["L"], row["M"], row["S"]]
                for age, row in zip(ages, published, strict=True)
                if age >= first
            ]
    return rows


def section_of(made: Made, source: Source) -> tuple[str, str, list[list[str]]]:
    """Return the file of a section as its manifest names it, its text and its rows."""
    if source.path in {each.path for each in SOURCES}:
        whole = next(each for each in SOURCES if each.path == source.path)
        rows = uk_who.section_rows(whole)
        return f"../who_uk90/{whole.name}.csv", uk_who.csv_text(whole, rows), rows
    file = next(each.name for each in made.sections if each.path == source.path)
    rows = rows_of(source, made.first_row.get(source.name, 0))
    return f"{file}.csv", uk_who.csv_text(source, rows), rows


def built_files(made: Made) -> dict[str, str]:
    """Return every generated file of a folder by name: its own sections and its manifest."""
    files: dict[str, str] = {}
    blocks = []
    for source in made.sections:
        name, text, rows = section_of(made, source)
        if not name.startswith(".."):
            files[name] = text
        fields = uk_who.section_fields(source, name, rows, text)
        if source.name in made.linear:
            fields["interpolation"] = "linear"
        blocks.append(uk_who.toml_block("section", fields))
    for earlier, later, day, carried, note in made.joins:
        joined = {"earlier": earlier, "later": later, "at_day": day, "carried": carried}
        blocks.append(uk_who.toml_block("join", {**joined, "note": note}))
    head = {
        "name": made.name,
        "title": made.title,
        "edition": made.edition,
        "acknowledgement": made.acknowledgement,
        "beyond_3": made.beyond_3,
    }
    said = "".join(f"{key} = {uk_who.toml_value(value)}\n" for key, value in head.items())
    files["manifest.toml"] = "\n".join([HEAD + said, *blocks])
    return files


HEAD = (
    "# Written by tools/build_references.py: edit that, not this.\n"
    "# from_day is included and to_day is not; ages are days since the expected date of\n"
    "# delivery. A table may end before its section does: no row, no z-score.\n\n"
)


def main() -> int:
    """Write the folders, or compare them with ``--check``."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    differing = []
    for made in REFERENCES:
        folder = DATA / made.folder
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in built_files(made).items():
            path = folder / name
            if not check:
                path.write_bytes(text.encode())
            elif not path.exists() or path.read_bytes() != text.encode():
                differing.append(f"{made.folder}/{name}")
    if differing:
        sys.stderr.write(f"data differs from what the builder makes: {', '.join(differing)}\n")
    return int(bool(differing))


if __name__ == "__main__":
    raise SystemExit(main())
