"""The options about one child: its charts and its sheet, and a child described by options alone."""

from __future__ import annotations

import math
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from centiles import grouped_help as at
from centiles.errors import UsageError
from centiles.options import ReferenceName, date

_WEEKS_AND_DAYS: Final = re.compile(r"(2[2-9]|3\d|4[0-4])\+[0-6]")


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
SexOfChild = Annotated[
    SexName | None,
    typer.Option(
        help="Male or female.",
        rich_help_panel=at.ALONE,
    ),
]
Born = Annotated[
    str | None,
    typer.Option(metavar="DATE", help="Date of birth.", rich_help_panel=at.ALONE),
]
Gestation = Annotated[
    str | None,
    typer.Option(
        metavar="W+D",
        help="Gestation in weeks and days, such as 38+4.",
        rich_help_panel=at.ALONE,
    ),
]
Points = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DATE:MEASURE:VALUE",
        help="A measurement in kg or cm, such as 2025-03-12:weight:18.4. Repeat it for more.",
        rich_help_panel=at.ALONE,
    ),
]
MeasuresShown = Annotated[
    list[MeasureName] | None,
    typer.Option(
        metavar="MEASURE",
        help="Draw only this one: weight, height, bmi or head. Repeat it for more; otherwise all "
        "recorded.",
        rich_help_panel=at.DRAWN,
    ),
]
WindowName = Annotated[
    str | None,
    typer.Option(
        metavar="AGES",
        help="The ages to show: preterm, newborn, infant, 0-2, 0-4, 2-9, 2-20, 0-9 or whole; "
        "otherwise what the points need.",
        rich_help_panel=at.DRAWN,
    ),
]
NameShown = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help='What to call the child on the chart; "" for nothing.',
        rich_help_panel=at.DRAWN,
    ),
]
ReplaceChart = Annotated[bool, typer.Option("--force", help="Replace a chart that is there.")]

AgesShown = Annotated[
    Ages,
    typer.Option(
        help="Where points stand: dots at chronological ages, crosses at ages corrected for "
        "gestation, or both.",
        rich_help_panel=at.DRAWN,
    ),
]
OnReference = Annotated[
    ReferenceName,
    typer.Option(
        "--reference",
        help="The reference to draw on. Findings are made on UK-WHO and shown on it only.",
        rich_help_panel=at.DRAWN,
    ),
]
SdsChart = Annotated[
    bool,
    typer.Option(
        "--sds", help="Draw all measures on one axis of z instead.", rich_help_panel=at.DRAWN
    ),
]
FamilyView = Annotated[
    bool,
    typer.Option(
        "--family",
        help="Draw the children of the child's household beside each other; needs --sensitive.",
        rich_help_panel=at.DRAWN,
    ),
]
SensitiveShown = Annotated[
    bool,
    typer.Option(
        "--sensitive",
        help="Show sensitive events and siblings too; every page then warns that it is not to be "
        "shared with the family without advice.",
        rich_help_panel=at.SHOWN,
    ),
]
SheetFile = Annotated[
    Path,
    typer.Option(
        "-o", "--output", metavar="FILE.pdf", help="The file to write.", show_default=False
    ),
]


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
