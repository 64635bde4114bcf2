"""The options of the command line: each in words, and what is typed turned into what is meant."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from centiles import grouped_help as at
from centiles.errors import UsageError


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


class ReferenceName(StrEnum):
    """The references a value can be scored or drawn on."""

    UK_WHO = "uk-who"
    UK90 = "uk90"
    WHO = "who"
    TRISOMY21 = "trisomy21"
    TURNER = "turner"


class Form(StrEnum):
    """The forms of the scored values."""

    CSV = "csv"
    PARQUET = "parquet"
    PARTS = "parts"


class Engines(StrEnum):
    """The ways to run a check."""

    AUTO = "auto"
    MEMORY = "memory"
    DUCKDB = "duckdb"
    SPARK = "spark"


class Unknown(StrEnum):
    """What to do where gestation is not known."""

    SCORE = "score"
    OMIT = "omit"


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
CheckedOn = Annotated[
    str,
    typer.Option(
        "--reference", metavar="uk-who", help="Children are checked on UK-WHO and no other."
    ),
]
ScoredOn = Annotated[
    ReferenceName,
    typer.Option(
        "--reference",
        help="The reference to score on. On another than UK-WHO the new columns are named for it.",
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
        rich_help_panel=at.KNOWN,
    ),
]
EventsFile = Annotated[
    Path | None,
    typer.Option(
        "--events",
        metavar="FILE",
        help="What happened, such as missed appointments.",
        rich_help_panel=at.KNOWN,
    ),
]
ActionsFile = Annotated[
    Path | None,
    typer.Option(
        "--actions", metavar="FILE", help="What was done about findings.", rich_help_panel=at.KNOWN
    ),
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
        rich_help_panel=at.KNOWN,
    ),
]
Sensitive = Annotated[
    bool,
    typer.Option(
        "--sensitive",
        help="Name sensitive events, and what they or siblings raised; else it is other "
        "information held. Every page then carries a warning.",
        rich_help_panel=at.SHOWN,
    ),
]
SaveMapping = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.toml",
        help="Write what the files were read with, to use again.",
        rich_help_panel=at.READ,
    ),
]
Pseudonymise = Annotated[
    Path | None,
    typer.Option(
        metavar="KEYFILE",
        help="Show pseudonyms instead of identifiers, made with the key in this file (16 bytes or "
        "more), and no free text.",
        rich_help_panel=at.SHOWN,
    ),
]
DatesShown = Annotated[
    str | None,
    typer.Option(
        "--dates",
        metavar="keep|ages",
        help="With --pseudonymise: ages for no dates.",
        rich_help_panel=at.SHOWN,
    ),
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
        "is written but what --save-mapping names.",
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
ScoredForm = Annotated[
    Form,
    typer.Option(
        "--scored",
        help="The file of all scored values; parts is Parquet in a folder for each measure, as "
        "Spark and DuckDB read them.",
        rich_help_panel=at.WRITTEN,
    ),
]
Report = Annotated[
    bool,
    typer.Option(
        "--report/--no-report",
        help="Write report.html: the worklist, with charts to open.",
        rich_help_panel=at.WRITTEN,
    ),
]
Workbook = Annotated[
    bool,
    typer.Option(
        "--workbook/--no-workbook",
        help="Write children.xlsx, for Excel.",
        rich_help_panel=at.WRITTEN,
    ),
]
Share = Annotated[
    bool,
    typer.Option(
        "--share",
        help="Write share.html and share.csv too: counts alone, small ones left out, for those who "
        "may not see the rest.",
        rich_help_panel=at.WRITTEN,
    ),
]
EngineName = Annotated[
    Engines,
    typer.Option(
        "--engine",
        help="How to hold the exports: in memory; on disk (duckdb), for those larger than memory; "
        "on a Spark cluster; auto looks at their size. The results are the same. Cut short, duckdb "
        "goes on from its last batch when run again; the others start anew.",
    ),
]
FailOn = Annotated[
    Level | None,
    typer.Option(help="End with code 1 if a child has an open finding this grave or graver."),
]
SkipUnreadable = Annotated[
    bool,
    typer.Option(
        "--skip-unreadable",
        help="Go on without an export that cannot be read; the results then begin with its name.",
        rich_help_panel=at.READ,
    ),
]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print run.json: counts, versions and hashes, no child.",
        rich_help_panel=at.WRITTEN,
    ),
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
