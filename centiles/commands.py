"""The command line: parse, make one call, print, and end with a code that says how it went.

Standard output is the answer; everything said about the run goes to standard error, without a
word about any child. Heavy modules are imported where they are used, so that ``--help`` is quick.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from centiles.errors import CentilesError, UnreadableError, UsageError
from centiles.version import __version__

app = typer.Typer(
    name="centiles",
    help="Make a child's falling growth visible: z-scores against UK-WHO, falls across the "
    "centiles, charts, and checks of whole exports. Not a diagnosis.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Level(StrEnum):
    """The severities of a finding."""

    INFO = "info"
    WATCH = "watch"
    ACT = "act"
    URGENT = "urgent"


Exports = Annotated[
    list[Path], typer.Argument(help="One or more exports, best-ranked first.", show_default=False)
]
Export = Annotated[Path, typer.Argument(help="An export.", show_default=False)]
Preset = Annotated[
    str | None, typer.Option(help="The layout of the exports, such as growthcleanr.")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="A TOML file of columns, units and codes.")
]
DateFormat = Annotated[
    str | None, typer.Option(help="dd/mm/yyyy or mm/dd/yyyy, where dates fit both.")
]
SexCodes = Annotated[str | None, typer.Option(help="What sex codes mean: 0=male,1=female.")]
CorrectionName = Annotated[
    str, typer.Option("--correction", help="For gestation: digital or paper.")
]
Rules = Annotated[str, typer.Option(help="A rule set, or a TOML file of one.")]
AsOf = Annotated[str | None, typer.Option(help="The last date of knowledge, YYYY-MM-DD.")]
ChildrenFile = Annotated[
    Path | None, typer.Option("--children", help="A file of children, see docs/side-files.md.")
]
EventsFile = Annotated[Path | None, typer.Option("--events", help="A file of events.")]
ActionsFile = Annotated[Path | None, typer.Option("--actions", help="A file of actions.")]
Pseudonymise = Annotated[
    Path | None,
    typer.Option(help="A key file of 16 bytes or more: show pseudonyms instead of identifiers."),
]
DatesShown = Annotated[
    str | None, typer.Option("--dates", help="With --pseudonymise: keep, or ages for no dates.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace an earlier result.")]


@app.command()
def check(
    exports: Exports,
    out: Annotated[
        Path | None, typer.Option(help="The result folder to write.", show_default=False)
    ] = None,
    preset: Preset = None,
    config: ConfigFile = None,
    rules: Rules = "uk",
    correction: CorrectionName = "digital",
    as_of: AsOf = None,
    date_format: DateFormat = None,
    sex_codes: SexCodes = None,
    unknown_gestation: Annotated[
        str, typer.Option(help="score as if born at 40+0, or omit under 14 days.")
    ] = "score",
    scored: Annotated[
        str, typer.Option(help="The form of the scored values: csv or parquet.")
    ] = "csv",
    children: ChildrenFile = None,
    events: EventsFile = None,
    actions: ActionsFile = None,
    save_mapping: Annotated[
        Path | None, typer.Option(help="Write what the files were read with, as a configuration.")
    ] = None,
    pseudonymise: Pseudonymise = None,
    dates: DatesShown = None,
    fail_on: Annotated[
        Level | None, typer.Option(help="End with code 1 if a child is at this level or above.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what the columns are taken for.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print run.json to standard output.")
    ] = False,
    force: Force = False,
) -> None:
    """Check whole exports: score every value, find the falls, rank the children.

    Writes children.csv (the worklist), findings.csv, scored.csv, problems.csv and run.json.

    Example: centiles check export.csv --out results
    """
    from centiles import reports
    from centiles.checks import check as checked_of
    from centiles.reports.results import run_record
    from centiles.reports.summary import mapping_lines, summary_lines

    if dry_run:
        for line in mapping_lines(_sampled(exports, preset, config, date_format, sex_codes)):
            typer.echo(line)
        return
    if out is None:
        raise UsageError("check: found no --out, expected a folder to write the results in")
    options = {
        "preset": preset, "config": str(config) if config else None, "rules": rules,
        "correction": correction, "as_of": as_of, "date_format": date_format,
        "sex_codes": sex_codes, "unknown_gestation": unknown_gestation, "scored": scored,
        "pseudonymise": pseudonymise is not None, "dates": dates,
    }  # fmt: skip
    sides = {"children": children, "events": events, "actions": actions}
    records = _read(exports, preset, config, date_format, sex_codes, **sides)
    pseudonyms = _pseudonyms(records, pseudonymise, dates)
    options["pseudonymise"] = pseudonyms is not None
    if save_mapping is not None:
        from centiles.records.configs import save

        save(records.config, save_mapping)
    _say(*mapping_lines(records.sources))
    checked = checked_of(
        records,
        rules=rules,
        correction=correction,
        as_of=_date(as_of, "--as-of"),
        unknown_gestation=unknown_gestation,
        pseudonyms=pseudonyms,
    )
    reports.write(checked, out, scored=scored, force=force, options=options)
    _say(*summary_lines(checked))
    if as_json:
        import json

        typer.echo(json.dumps(run_record(checked, options), indent=2, ensure_ascii=False))
    else:
        typer.echo(str(out))
    if fail_on is not None and _reaches(checked, fail_on):
        raise typer.Exit(1)


@app.command()
def score(
    export: Export,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", help="The CSV or Parquet file to write.", show_default=False
        ),
    ],
    preset: Preset = None,
    config: ConfigFile = None,
    correction: CorrectionName = "digital",
    date_format: DateFormat = None,
    sex_codes: SexCodes = None,
    force: Force = False,
) -> None:
    """Append z, centile and position to a file's own columns, and nothing else.

    Example: centiles score export.csv -o scored.csv
    """
    from centiles.reports.appended import write_appended

    options = _options(preset, config, date_format, sex_codes)
    values, unscored = write_appended(export, output, correction=correction, force=force, **options)
    _say(f"{values:,} values scored, {unscored:,} not (their z is left empty)")
    typer.echo(str(output))


@app.command()
def chart(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="A .pdf, .svg or .png file.", show_default=False)
    ],
    export: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Exports the child is in; leave out to give --point.", show_default=False
        ),
    ] = None,
    child: Annotated[
        str | None,
        typer.Option(help="The child's identifier in the exports.", show_default=False),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(help="weight, height, bmi or head; all there are if not given."),
    ] = None,
    sex: Annotated[str | None, typer.Option(help="male or female.")] = None,
    born: Annotated[str | None, typer.Option(help="Date of birth, YYYY-MM-DD.")] = None,
    gestation: Annotated[str | None, typer.Option(help="Weeks and days, such as 38+4.")] = None,
    point: Annotated[
        list[str] | None,
        typer.Option(help="A measurement, such as 2025-03-12:weight:18.4; may be repeated."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What to call the child on the chart; empty for nothing.")
    ] = None,
    window: Annotated[
        str | None, typer.Option(help="The ages to show: preterm, infant, 0-4, 2-20 or whole.")
    ] = None,
    preset: Preset = None,
    config: ConfigFile = None,
    rules: Rules = "uk",
    correction: CorrectionName = "digital",
    as_of: AsOf = None,
    date_format: DateFormat = None,
    sex_codes: SexCodes = None,
    pseudonymise: Pseudonymise = None,
    dates: DatesShown = None,
) -> None:
    """Draw one child's centile charts, from exports or from the options alone.

    Example: centiles chart export.csv --child 9990000018 -o chart.pdf

    Example: centiles chart --sex male --born 2020-03-12 --point 2025-03-12:weight:18.4 -o chart.png
    """
    from centiles import charts
    from centiles.checks import check as checked_of

    if export:
        if child is None:
            raise UsageError("chart: found exports and no --child, expected an identifier")
        if point or sex or born:
            raise UsageError(
                "chart: found both exports and --point, --sex or --born; give one of them"
            )
        records = _read(export, preset, config, date_format, sex_codes)
        wanted = child
    else:
        records, wanted = _records_of_points(sex, born, gestation, point), "child"
        name = "" if name is None else name
    pseudonyms = _pseudonyms(records, pseudonymise, dates)
    if pseudonyms is not None:
        wanted = pseudonyms.child(wanted)
    checked = checked_of(
        records, rules=rules, correction=correction, as_of=_date(as_of, "--as-of"),
        pseudonyms=pseudonyms,
    )  # fmt: skip
    paths = charts.save(checked.child(wanted), output, measures=measure, window=window, name=name)
    for path in paths:
        typer.echo(str(path))


@app.command()
def template(
    output: Annotated[
        Path, typer.Option("-o", "--output", help="A .xlsx or .csv file.", show_default=False)
    ],
    force: Force = False,
) -> None:
    """Write a blank sheet for transcribing paper records; filled in, it is an export.

    Example: centiles template -o sheet.xlsx
    """
    from centiles.reports.templates import write_template

    typer.echo(str(write_template(output, force=force)))


@app.command()
def explain(
    code: Annotated[
        str, typer.Argument(help="A rule such as WT-FALL-1Y, or a problem such as G03.")
    ],
) -> None:
    """Say what a rule or a problem code means.

    Example: centiles explain WT-FALL-1Y
    """
    from centiles.reports.explained import explained

    for line in explained(code):
        typer.echo(line)


@app.command("reference")
def show_reference(
    verify: Annotated[
        bool, typer.Option("--verify", help="Check every table against its hash.")
    ] = False,
) -> None:
    """List the reference tables: sections, ages, sources and hashes.

    Example: centiles reference --verify
    """
    from centiles.references import folder_of, reference

    known = reference()  # verified as it is read
    typer.echo(f"{known.title}: {known.edition}")
    typer.echo(f"Acknowledgement: {known.acknowledgement}")
    for section in known.sections:
        typer.echo(f"{section.name}: {section.title}")
        typer.echo(f"  {section.rows} rows, {section.edition}, SHA-256 {section.sha256}")
        typer.echo(f"  {section.citation}")
    if verify:
        typer.echo(
            f"verified: every table in {folder_of('who_uk90')} is the one its manifest describes"
        )


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="The folder to write.", show_default=False)],
    seed: Annotated[int, typer.Option(help="Another seed makes other healthy children.")] = 2014,
    force: Force = False,
) -> None:
    """Make up a cohort in three services' exports, check it, and draw its first children.

    Example: centiles demo --out demo
    """
    from centiles.reports.demonstration import write_demonstration
    from centiles.reports.summary import summary_lines

    checked = write_demonstration(out, seed=seed, force=force)
    _say(*summary_lines(checked))
    _say(
        f"The exports are in {out / 'exports'},",
        f"the worklist is {out / 'results' / 'children.csv'},",
        f"and the charts of its first children are in {out / 'charts'}.",
    )
    typer.echo(str(out))


def _version(value: bool) -> None:
    if value:
        typer.echo(f"centiles {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; every fault ends in a clear message and its own exit code."""
    try:
        app()
    except CentilesError as fault:
        _say(str(fault))
        sys.exit(fault.exit_code)
    except KeyboardInterrupt:
        _say("interrupted: nothing was written")
        sys.exit(130)
    except MemoryError:
        _say("out of memory: give fewer exports at a time")
        sys.exit(UnreadableError.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as fault:
        if os.environ.get("CENTILES_DEBUG"):
            raise
        where = _where(fault)
        _say(
            f"a fault in centiles {__version__}: {type(fault).__name__} at {where}. "
            "Nothing was written. Report it with the command and without the data; "
            "CENTILES_DEBUG=1 shows where"
        )
        sys.exit(CentilesError.exit_code)


def _where(fault: BaseException) -> str:
    trace = fault.__traceback__
    place = "?"
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if "centiles" in path.parts:
            place = f"{path.name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _say(*lines: str) -> None:
    for line in lines:
        typer.echo(line, err=True)


def _options(
    preset: str | None, config: Path | None, date_format: str | None, sex_codes: str | None
) -> dict[str, Any]:
    return {
        "preset": preset,
        "config": config,
        "date_format": date_format,
        "sex_codes": _codes(sex_codes),
    }


def _read(
    exports: list[Path],
    preset: str | None,
    config: Path | None,
    date_format: str | None,
    sex_codes: str | None,
    **sides: Any,
) -> Any:
    from centiles.records import read
    from centiles.records.configs import found_upward

    config = config or found_upward(exports)
    return read(exports, **_options(preset, config, date_format, sex_codes), **sides)


def _pseudonyms(records: Any, key_file: Path | None, dates: str | None) -> Any:
    """Return what --pseudonymise and --dates, or else the configuration, ask for."""
    from centiles.records.pseudonyms import Pseudonyms, read_key

    privacy = records.config.privacy
    file, shown = key_file or privacy.pseudonymise, dates or privacy.dates
    if file is None:
        if shown != "keep":
            raise UsageError("--dates: found no --pseudonymise, expected a key file with it")
        return None
    return Pseudonyms(read_key(file), shown)


def _sampled(
    exports: list[Path],
    preset: str | None,
    config: Path | None,
    date_format: str | None,
    sex_codes: str | None,
) -> Any:
    return _read(exports, preset, config, date_format, sex_codes).sources


def _codes(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(code and sep and meaning for code, sep, meaning in pairs):
        raise UsageError("--sex-codes: expected code=sex pairs such as 0=male,1=female")
    return {code.strip(): meaning.strip() for code, _, meaning in pairs}


def _date(text: str | None, option: str) -> Any:
    import datetime as dt

    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option}: expected a date as YYYY-MM-DD, such as 2026-02-09") from None


def _records_of_points(
    sex: str | None, born: str | None, gestation: str | None, points: list[str] | None
) -> Any:
    import pandas as pd

    from centiles.records import from_frame

    lacking = [
        name for name, given in (("--sex", sex), ("--born", born), ("--point", points)) if not given
    ]
    if lacking:
        raise UsageError(
            f"chart: lacks {', '.join(lacking)}; expected an export and --child, or --sex, --born "
            "and at least one --point"
        )
    if sex not in ("male", "female"):
        raise UsageError("--sex: expected male or female; UK-WHO has no tables without it")
    _date(born, "--born")
    rows = []
    for number, text in enumerate(points or [], 1):
        parts = text.split(":")
        if len(parts) != 3 or parts[1] not in ("weight", "height", "bmi", "head"):
            raise UsageError(
                f"--point {number}: expected DATE:MEASURE:VALUE such as 2025-03-12:weight:18.4, "
                "with weight, height, bmi or head"
            )
        _date(parts[0], f"--point {number}")
        rows.append({"measured_on": parts[0], "measure": parts[1], "value": parts[2]})
    shared = {"child_id": "child", "sex": sex, "birth_date": born, "gestation": gestation or ""}
    return from_frame(pd.DataFrame(rows).assign(**shared), name="options", preset="long")


def _reaches(checked: Any, level: Level) -> bool:
    severities = list(Level)
    reached = checked.children["level"].isin(severities[severities.index(level) :])
    return bool(reached.any())
