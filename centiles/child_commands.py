"""The commands about one child: its charts, and its record and referral sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import typer

from centiles import child_options as own
from centiles import options as opt
from centiles.errors import UsageError
from centiles.reading_options import AS_IT_IS, Reading, with_reading

_NAMELESS: Final = "child"  # the child of a chart from options alone


@with_reading
def chart(
    output: own.ChartFile,
    export: own.ExportsOfChild = None,
    child: own.ChildId = None,
    sex: own.SexOfChild = None,
    born: own.Born = None,
    gestation: own.Gestation = None,
    point: own.Points = None,
    measure: own.MeasuresShown = None,
    window: own.WindowName = None,
    ages: own.AgesShown = own.Ages.BOTH,
    reference: own.OnReference = opt.ReferenceName.UK_WHO,
    sds: own.SdsChart = False,
    family: own.FamilyView = False,
    name: own.NameShown = None,
    sensitive: own.SensitiveShown = False,
    force: own.ReplaceChart = False,
    children: opt.ChildrenFile = None,
    events: opt.EventsFile = None,
    actions: opt.ActionsFile = None,
    reading: Reading = AS_IT_IS,
    as_of: opt.AsOf = None,
    rules: opt.Rules = "uk",
    correction: opt.Correcting = opt.CorrectionName.DIGITAL,
    pseudonymise: opt.Pseudonymise = None,
    dates: opt.DatesShown = None,
) -> None:
    """Draw one child's centile charts, from exports or options alone.

    A chart is a check of one child, drawn: the same scores and findings. Dates are YYYY-MM-DD.
    --reference draws it on the lines of another, such as turner.
    --sds draws all measures on one axis of z; --family the children of one household.

    \b
    Examples:
      centiles chart export.csv --child 9990000018 -o chart.pdf
      centiles chart export.csv --child 9990000018 --measure weight -o chart.png
      centiles chart export.csv --child 9990000018 --sds -o sds.svg
      centiles chart --sex male --born 2020-03-12 --point 2025-03-12:weight:18.4
          --point 2026-02-09:weight:15.1 -o chart.png
    """  # noqa: D301 -- \b keeps the lines as they are
    from centiles import charts
    from centiles.records import read

    if export:
        if child is None:
            raise UsageError(
                "chart: found exports and no --child, expected the child's identifier in them"
            )
        if point or sex or born or gestation:
            raise UsageError(
                "chart: found exports together with --sex, --born, --gestation or --point; "
                "give one or the other"
            )
        keywords = reading.configured(export).keywords()
        records = read(export, children=children, events=events, actions=actions, **keywords)
    else:
        if child is not None or family:
            raise UsageError("chart: found --child and no export, expected the child's file too")
        records, child = _records(own.visits(sex, born, gestation, point)), _NAMELESS
        name = name or ""
    checked, found = _checked_child(
        records, child, pseudonyms_of(records, pseudonymise, dates),
        rules=rules, correction=correction, as_of=opt.date(as_of, "--as-of"), sensitive=sensitive,
    )  # fmt: skip
    if reference != opt.ReferenceName.UK_WHO:
        found, measure = _on_reference(found, str(reference), measure, alone=not (sds or family))
    shown: dict[str, Any] = {"name": name, "replace": force}
    if family:
        house = [checked.child(each) for each in checked.household(found.child_id)]
        paths = charts.save_family(house, output, measure, sensitive=sensitive, **shown)
    elif sds:
        paths = charts.save_sds(found, output, window=window, **shown)
    else:
        shown |= {"window": window, "ages": ages, "sensitive": sensitive}
        paths = charts.save(found, output, measure, **shown)
    for path in paths:
        typer.echo(str(path))


@with_reading
def sheet(
    output: own.SheetFile,
    export: opt.Exports,
    child: own.SheetOf,
    name: own.NameShown = None,
    sensitive: own.SensitiveShown = False,
    force: own.ReplaceChart = False,
    children: opt.ChildrenFile = None,
    events: opt.EventsFile = None,
    actions: opt.ActionsFile = None,
    reading: Reading = AS_IT_IS,
    as_of: opt.AsOf = None,
    rules: opt.Rules = "uk",
    correction: opt.Correcting = opt.CorrectionName.DIGITAL,
    pseudonymise: opt.Pseudonymise = None,
    dates: opt.DatesShown = None,
) -> None:
    """Write one child's record and referral sheet.

    It is A4, for the notes or a letter. First page: then and now in words, open findings with
    dates, what is missing, the baseline. Second: the charts. Third: every measurement with its
    source, events and actions.

    \b
    Example:
      centiles sheet clinic.csv school.csv --child 9990000018 -o sheet.pdf
    """  # noqa: D301 -- \b keeps the lines as they are
    from centiles.records import read
    from centiles.reports.sheet import write_sheet

    keywords = reading.configured(export).keywords()
    records = read(export, children=children, events=events, actions=actions, **keywords)
    checked, found = _checked_child(
        records, child, pseudonyms_of(records, pseudonymise, dates),
        rules=rules, correction=correction, as_of=opt.date(as_of, "--as-of"), sensitive=sensitive,
    )  # fmt: skip
    made = write_sheet(
        checked, found.child_id, output, name=name, sensitive=sensitive, replace=force
    )
    typer.echo(str(made))


def pseudonyms_of(records: Any, key_file: Path | None, dates: str | None) -> Any:
    """Return what --pseudonymise and --dates, or else the configuration, ask for."""
    from centiles.records.pseudonyms import Pseudonyms, read_key

    privacy = records.config.privacy
    file, shown = key_file or privacy.pseudonymise, dates or privacy.dates
    if file is not None:
        return Pseudonyms(read_key(file), shown)
    if shown != "keep":
        raise UsageError("--dates: found no --pseudonymise, expected a key file with it")
    return None


def todays_date() -> str:
    """Return the clock's date, after which a measurement is in the future."""
    import numpy as np

    return str(np.datetime64("today", "D"))


def _checked_child(records: Any, child: str, pseudonyms: Any, **asked: Any) -> tuple[Any, Any]:
    """Return records checked and one child of them; say what is wrong with its rows."""
    from centiles.checks import check as checked_of
    from centiles.records.rows import identifier
    from centiles.reports.summary import problem_lines, problems_of

    checked = checked_of(records, today=todays_date(), pseudonyms=pseudonyms, **asked)
    found = checked.child(pseudonyms.child(identifier(child)) if pseudonyms else child)
    for line in problem_lines(problems_of(found, checked.problems)):
        typer.echo(line, err=True)
    return checked, found


def _on_reference(child: Any, name: str, measures: Any, *, alone: bool) -> tuple[Any, Any]:
    """Return a child scored on another reference, and the measures to draw: those it has."""
    from centiles.checks.rescored import on_reference

    if not alone:
        raise UsageError("--reference: found it with --sds or --family, which are on UK-WHO only")
    found = on_reference(child, name)
    asked = measures or list(own.MeasureName)
    has = found.scored["z"].notna() & found.scored["measure"].isin(asked)
    chosen = list(dict.fromkeys(found.scored["measure"][has].astype(str)))
    if not chosen:
        raise UsageError(
            f"--measure: found none that {found.provenance.reference} has for this child, expected "
            "one of those docs/references.md lists"
        )
    return found, [measure for measure in own.MeasureName if measure in chosen]


def _records(visits: list[dict[str, str]]) -> Any:
    """Return the records of the one child that the options of a chart describe."""
    from centiles.records import from_frame

    columns = {name: [visit[name] for visit in visits] for name in visits[0]}
    columns["child_id"] = [_NAMELESS] * len(visits)
    return from_frame(columns, name="options", preset="long")
