"""The options of the command line: each in words, and what is typed turned into what is meant."""

from __future__ import annotations

import datetime as dt
import math
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from centiles.errors import UsageError

_WEEKS_AND_DAYS: Final = re.compile(r"(2[2-9]|3\d|4[0-4])\+[0-6]")


class Level(StrEnum):
    """The severities of a finding."""

    INFO = "info"
    WATCH = "watch"
    ACT = "act"
    URGENT = "urgent"


class CorrectionName(StrEnum):
    """The ways to correct an age for gestation."""

    DIGITAL = "digital"
    PAPER = "paper"


class Form(StrEnum):
    """The forms of the scored values."""

    CSV = "csv"
    PARQUET = "parquet"


class Unknown(StrEnum):
    """What to do where gestation is not known."""

    SCORE = "score"
    OMIT = "omit"


class SexName(StrEnum):
    """The sexes UK-WHO has tables for."""

    MALE = "male"
    FEMALE = "female"


class Ages(StrEnum):
    """The ages that points of a chart stand at."""

    BOTH = "both"
    CHRONOLOGICAL = "chronological"
    CORRECTED = "corrected"


class MeasureName(StrEnum):
    """The measures a chart can show."""

    WEIGHT = "weight"
    HEIGHT = "height"
    BMI = "bmi"
    HEAD = "head"


Exports = Annotated[
    list[Path],
    typer.Argument(
        metavar="EXPORT",
        help="One or more files, or folders of them: CSV (or .csv.gz), Excel, ODS, Parquet, Arrow "
        "or FHIR. Where they disagree about a child, the one named first is believed.",
        show_default=False,
    ),
]
Correcting = Annotated[
    CorrectionName,
    typer.Option(
        help="How ages are corrected for gestation: digital corrects every known gestation for "
        "life, paper as the paper charts do."
    ),
]
Rules = Annotated[
    str, typer.Option(metavar="NAME", help="The rules: uk, or a .toml file of your own.")
]
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="DATE",
        help="Only what was known on that day, YYYY-MM-DD: rows recorded later are left out. "
        "Otherwise the newest date in the records.",
    ),
]
ChildrenFile = Annotated[
    Path | None,
    typer.Option(
        "--children",
        metavar="FILE",
        help="What is known of the children: sex, birth date, gestation, household, parents.",
    ),
]
EventsFile = Annotated[
    Path | None,
    typer.Option("--events", metavar="FILE", help="What happened, such as missed appointments."),
]
ActionsFile = Annotated[
    Path | None,
    typer.Option("--actions", metavar="FILE", help="What was done about findings."),
]
DueBy = Annotated[
    str | None,
    typer.Option(
        metavar="DATE",
        help="List as overdue what is to be seen by that day too, such as the end of term.",
    ),
]
PreviousFolder = Annotated[
    Path | None,
    typer.Option(
        "--previous",
        metavar="FOLDER",
        help="The results of an earlier run: each finding is then new, worse, unchanged, better or "
        "closed since.",
    ),
]
Sensitive = Annotated[
    bool,
    typer.Option(
        "--sensitive",
        help="Name sensitive events and what raised a finding; else it is other information held.",
    ),
]
SaveMapping = Annotated[
    Path | None,
    typer.Option(metavar="FILE.toml", help="Write what the files were read with, to use again."),
]
Pseudonymise = Annotated[
    Path | None,
    typer.Option(
        metavar="KEYFILE",
        help="Show pseudonyms instead of identifiers, made with the key in this file (16 bytes or "
        "more), and no free text.",
    ),
]
DatesShown = Annotated[
    str | None,
    typer.Option("--dates", metavar="keep|ages", help="With --pseudonymise: ages for no dates."),
]
BlankSheet = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="The .xlsx or .csv file to write.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace what an earlier run wrote there.")]

# check
ResultFolder = Annotated[
    Path | None, typer.Option("--out", metavar="FOLDER", help="The folder to write the results in.")
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Only show what each column is taken for, judged by the first 2,000 rows. Nothing "
        "is written.",
    ),
]
UnknownGestation = Annotated[
    Unknown,
    typer.Option(
        help="Where gestation is not known: score as if born at 40+0 (each such value says so), "
        "or omit days under 14."
    ),
]
Repair = Annotated[
    bool,
    typer.Option(
        "--repair",
        help="Put right the values that have just one likely explanation, and say so on their "
        "rows; else it is suggested in problems.csv and nothing is changed.",
    ),
]
ScoredForm = Annotated[Form, typer.Option("--scored", help="The file of all scored values.")]
FailOn = Annotated[
    Level | None,
    typer.Option(help="End with code 1 if a child has an open finding this grave or graver."),
]
SkipUnreadable = Annotated[
    bool,
    typer.Option(
        "--skip-unreadable",
        help="Go on without an export that cannot be read; the results then begin with its name.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print run.json: counts, versions and hashes, no child.")
]

# score
ExportScored = Annotated[
    list[Path],
    typer.Argument(
        metavar="EXPORT",
        help="A file, with the files linked to it if its layout has any; or a folder of them.",
        show_default=False,
    ),
]
ScoredFile = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="The .csv or .parquet file to write.",
        show_default=False,
    ),
]

# chart
ChartFile = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="The .pdf, .svg or .png file to write. A PDF has a page for each measure.",
        show_default=False,
    ),
]
ExportsOfChild = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="EXPORT",
        help="The files the child is in; leave out to give --sex, --born and --point.",
        show_default=False,
    ),
]
ChildId = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Which child of the export: its identifier there."),
]
SheetOf = Annotated[
    str,
    typer.Option(
        "--child",
        metavar="ID",
        help="Which child: its identifier in the exports.",
        show_default=False,
    ),
]
SexOfChild = Annotated[SexName | None, typer.Option(help="Without an export: male or female.")]
Born = Annotated[str | None, typer.Option(metavar="DATE", help="Without an export: date of birth.")]
Gestation = Annotated[
    str | None,
    typer.Option(metavar="W+D", help="Without an export: weeks and days, such as 38+4."),
]
Points = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DATE:MEASURE:VALUE",
        help="Without an export: a measurement in kg or cm, such as 2025-03-12:weight:18.4. "
        "Repeat it for more.",
    ),
]
MeasuresShown = Annotated[
    list[MeasureName] | None,
    typer.Option(
        metavar="MEASURE",
        help="Draw only this one: weight, height, bmi or head. Repeat it for more; otherwise all "
        "recorded.",
    ),
]
WindowName = Annotated[
    str | None,
    typer.Option(
        metavar="AGES",
        help="The ages to show: preterm, newborn, infant, 0-2, 0-4, 2-9, 2-20, 0-9 or whole; "
        "otherwise what the points need.",
    ),
]
NameShown = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help='What to call the child on the chart; "" for nothing.'),
]
ReplaceChart = Annotated[bool, typer.Option("--force", help="Replace a chart that is there.")]

AgesShown = Annotated[
    Ages,
    typer.Option(
        help="Where points stand: dots at chronological ages, crosses at ages corrected for "
        "gestation, or both."
    ),
]
SdsChart = Annotated[
    bool, typer.Option("--sds", help="Draw all measures on one axis of z instead.")
]
FamilyView = Annotated[
    bool,
    typer.Option(
        "--family",
        help="Draw the children of the child's household beside each other; needs --sensitive.",
    ),
]
SensitiveShown = Annotated[
    bool,
    typer.Option(
        "--sensitive",
        help="Show sensitive events and siblings too; every page then warns that it is not to be "
        "shared with the family without advice.",
    ),
]
SheetFile = Annotated[
    Path,
    typer.Option(
        "-o", "--output", metavar="FILE.pdf", help="The file to write.", show_default=False
    ),
]

# trial
FirstDay = Annotated[
    str, typer.Option("--from", metavar="DATE", help="The first day.", show_default=False)
]
LastDay = Annotated[
    str, typer.Option("--to", metavar="DATE", help="The last day.", show_default=False)
]
TrialFile = Annotated[
    Path | None, typer.Option("--out", metavar="FILE.csv", help="Write the table as CSV too.")
]

# the others
Code = Annotated[
    str | None,
    typer.Argument(
        metavar="CODE",
        help="A rule such as WT-FALL-1Y or a problem such as G03; leave out to list all.",
        show_default=False,
    ),
]
Verify = Annotated[
    bool, typer.Option("--verify", help="Say where the tables are and that they are whole.")
]
DemoFolder = Annotated[
    Path, typer.Option("--out", metavar="FOLDER", help="The folder to write.", show_default=False)
]
Seed = Annotated[int, typer.Option(help="Another number makes other healthy children.")]


def codes(text: str | None) -> dict[str, str] | None:
    """Return the pairs of --sex-codes.

    Examples
    --------
    >>> codes("0=male, 1=Female")
    {'0': 'male', '1': 'female'}
    """
    if text is None:
        return None
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(code.strip() and sep and meaning.strip() for code, sep, meaning in pairs):
        raise UsageError("--sex-codes: expected code=sex pairs such as 0=male,1=female")
    return {code.strip(): meaning.strip().lower() for code, _, meaning in pairs}


def date(text: str | None, option: str) -> dt.date | None:
    """Return a date typed as YYYY-MM-DD, and None where there is none."""
    if text is None:
        return None
    try:
        return dt.datetime.strptime(text.strip(), "%Y-%m-%d").date()
    except ValueError:
        raise UsageError(
            f"{option}: found something else, expected a date as YYYY-MM-DD, such as 2026-02-09"
        ) from None


def visits(
    sex: str | None, born: str | None, gestation: str | None, points: list[str] | None
) -> list[dict[str, str]]:
    """Return the rows of this library's long table that the options of a chart describe.

    Examples
    --------
    >>> visits("male", "2020-03-12", None, ["2025-03-12:weight:18.4"])[0]["value"]
    '18.4'
    """
    given = {"--sex": sex, "--born": born, "--point": points}
    lacking = [option for option, value in given.items() if not value]
    if lacking:
        raise UsageError(
            f"chart: found no {', no '.join(lacking)}; expected an export and --child, or --sex, "
            "--born and at least one --point"
        )
    if gestation is not None and not _WEEKS_AND_DAYS.fullmatch(gestation.strip()):
        raise UsageError(
            "--gestation: found something else, expected weeks+days such as 38+4, from 22+0 to 44+6"
        )
    shared = {
        "sex": str(sex),
        "birth_date": str(date(born, "--born")),
        "gestation": (gestation or "").strip(),
    }
    return [_visit(number, text) | shared for number, text in enumerate(points or [], 1)]


def _visit(number: int, text: str) -> dict[str, str]:
    """Return one --point as a row."""
    measures = [str(measure) for measure in MeasureName]
    day, _, rest = text.partition(":")
    measure, _, value = rest.partition(":")
    try:
        finite = math.isfinite(float(value))
    except ValueError:
        finite = False
    if measure not in measures or not finite:
        raise UsageError(
            f"--point {number}: found something else, expected DATE:MEASURE:VALUE such as "
            f"2025-03-12:weight:18.4, the measure one of {', '.join(measures)}, the value a "
            "number in kg, cm or kg/m²"
        )
    on = str(date(day, f"--point {number}"))
    return {"measured_on": on, "measure": measure, "value": value.strip()}
