"""The command line: parse, make one call, print, and end with a code that says how it went.

Standard output is the answer; everything said about the run goes to standard error, without a
word about any child. Heavy modules are imported where they are used, so that ``--help`` is quick.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from centiles import grouped_help as at
from centiles import options as opt
from centiles.child_commands import chart, pseudonyms_of, sheet, todays_date
from centiles.errors import CentilesError, MappingError, UnreadableError, UsageError
from centiles.processes import Interrupted, place_of, prepare
from centiles.progress import told
from centiles.reading_options import AS_IT_IS, Reading, with_reading
from centiles.trial_command import trial
from centiles.version import __version__

LONGEST_PATH = 200  # letters of one that are shown

app = typer.Typer(
    name="centiles",
    help="Make a child's falling growth visible: z-scores against UK-WHO, falls across the "
    "centiles, charts, and checks of whole exports. A finding is not a diagnosis.\n\n"
    "To see what it does: centiles demo --out demo",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog=at.ENDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": at.WIDEST},
)


@app.command(cls=at.Grouped)
@with_reading
def check(
    exports: opt.Exports,
    out: opt.ResultFolder = None,
    force: opt.Force = False,
    dry_run: opt.DryRun = False,
    reading: Reading = AS_IT_IS,
    as_of: opt.AsOf = None,
    due_by: opt.DueBy = None,
    previous: opt.PreviousFolder = None,
    rules: opt.Rules = "uk",
    reference: opt.CheckedOn = "uk-who",
    correction: opt.Correcting = opt.CorrectionName.DIGITAL,
    unknown_gestation: opt.UnknownGestation = opt.Unknown.SCORE,
    repair: opt.Repair = False,
    skip_unreadable: opt.SkipUnreadable = False,
    scored: opt.ScoredForm = opt.Form.CSV,
    report: opt.Report = True,
    workbook: opt.Workbook = True,
    share: opt.Share = False,
    sensitive: opt.Sensitive = False,
    fail_on: opt.FailOn = None,
    as_json: opt.AsJson = False,
    children: opt.ChildrenFile = None,
    events: opt.EventsFile = None,
    actions: opt.ActionsFile = None,
    save_mapping: opt.SaveMapping = None,
    pseudonymise: opt.Pseudonymise = None,
    dates: opt.DatesShown = None,
    engine: opt.EngineName = opt.Engines.AUTO,
) -> None:
    """Check whole exports: find the falls, rank the children.

    Every value is scored. Several exports are merged into one timeline a child. The folder then
    holds report.html (the worklist, most pressing first, with charts), children.xlsx and
    children.csv (the same as a workbook and as text), findings.csv, contacts.csv (what was not
    measured, and what is overdue), teams.csv, scored.csv (every value), problems.csv (what could
    not be used or looks wrong) and run.json (how it was made). Rows that could not be used come
    back in rejected.csv, to be mended and given beside the export.

    \b
    Examples:
      centiles check export.csv --dry-run
      centiles check export.csv --out results
      centiles check clinic.csv school.csv hospital.csv --out results --force

    Ends with 0 done, 1 --fail-on reached, 2 a fault in the options or a column that is not
    clear, 3 a file could not be read, 4 could not write, 130 interrupted.
    """  # noqa: D301 -- \b keeps the lines as they are
    if reference != "uk-who":
        raise UsageError(
            f"check: found --reference {reference}, expected uk-who: the rules' limits, how z is "
            "carried over joins, and how many healthy children a rule raises were all worked out "
            "on it. For a z, a line or a chart on another see docs/references.md"
        )
    reading = reading.configured(exports)
    keywords = reading.keywords() | {"skip_unreadable": skip_unreadable}
    if dry_run:
        sides = {"children": children, "events": events, "actions": actions}
        _show_mapping(exports, keywords | sides, save_mapping, as_json=as_json)
        return
    from centiles import reports
    from centiles.engines.choices import engine_of
    from centiles.locks import one_run
    from centiles.monitoring.rulesets import ruleset
    from centiles.records.configs import save
    from centiles.reports.folders import stop_unless_free
    from centiles.reports.results import run_record
    from centiles.reports.summary import mapping_lines, summary_lines
    from centiles.reports.workbook import MISSING, is_available
    from centiles.workers import WORKERS

    if out is None:
        raise UsageError(
            "check: found no --out, expected a folder to write the results in; add --out results, "
            "or --dry-run to see only what the columns are taken for"
        )
    stop_unless_free(out, force=force)
    ruleset(rules)  # told before the reading, which may be long
    today, until = todays_date(), opt.date(as_of, "--as-of")
    options: dict[str, Any] = {
        **reading.recorded(), "config_sha256": _digest(reading.config),
        "never_merge_sha256": _digest(reading.never_merge), "skip_unreadable": skip_unreadable,
        "as_of": as_of, "today": today, "rules": rules, "correction": correction,
        "unknown_gestation": unknown_gestation, "repair": repair, "scored": scored,
        "due_by": due_by, "sensitive": sensitive, "previous": previous and str(previous),
        "report": report, "workbook": workbook, "share": share, "engine": engine,
    }  # fmt: skip
    with one_run(out):
        done = False
        run, said = engine_of(engine, exports, out, as_of=until, today=today)
        try:
            _say(*([said] if said else []))
            records = run.read(
                exports, children=children, events=events, actions=actions, **keywords
            )
            pseudonyms = pseudonyms_of(records, pseudonymise, dates)
            options |= {
                "pseudonyms": pseudonyms is not None,
                "dates": pseudonyms and pseudonyms.dates,
            }
            _say(*mapping_lines(records.sources))
            if save_mapping is not None:
                save(records.config, save_mapping)
            with told("check", "rows") as progress:
                checked = run.check(
                    records, rules=rules, correction=correction, as_of=until, today=today,
                    unknown_gestation=unknown_gestation, repair=repair, sensitive=sensitive,
                    due_by=opt.date(due_by, "--due-by"), previous=previous, pseudonyms=pseudonyms,
                    charted=report, progress=progress,
                )  # fmt: skip
            with told("report", "children") as progress:
                reports.write(
                    checked, out, scored=scored, report=report, workbook=workbook, share=share,
                    force=force, options=options, workers=WORKERS, progress=progress,
                    values=run.scored(),
                )  # fmt: skip
            done = True
        finally:
            left = run.close(done=done)
            _say(*([left] if left else []))
    _say(*summary_lines(checked), *([MISSING] if workbook and not is_available() else []))
    typer.echo(_json(run_record(checked, options)) if as_json else str(out))
    if fail_on is not None and _reaches(checked, fail_on):
        raise typer.Exit(1)


@app.command(cls=at.Grouped)
@with_reading
def score(
    exports: opt.ExportScored,
    output: opt.ScoredFile,
    force: opt.Force = False,
    reading: Reading = AS_IT_IS,
    reference: opt.ScoredOn = opt.ReferenceName.UK_WHO,
    correction: opt.Correcting = opt.CorrectionName.DIGITAL,
) -> None:
    """Append z, centile and position to a file's own columns.

    Nothing else changes: columns, rows and text stay as they are. Every value is scored by itself;
    a value that cannot be scored has an empty z, and "centiles check" says why. --reference scores
    on another reference, such as turner, and names the new columns for it.

    \b
    Examples:
      centiles score export.csv -o scored.csv
      centiles score export.csv -o on_turner.csv --reference turner
    """  # noqa: D301 -- \b keeps the lines as they are
    from centiles import references
    from centiles.reports.appended import write_appended

    keywords = reading.configured(exports).keywords()
    values, unscored = write_appended(
        exports, output, correction=correction, on=reference, today=todays_date(), force=force,
        **keywords,
    )  # fmt: skip
    _say(
        f"reference: {references.reference(reference).title}",
        f"values scored: {values:,}; not scored (their z is left empty): {unscored:,}",
    )
    typer.echo(str(output))


app.command(cls=at.Grouped)(chart)
app.command(cls=at.Grouped)(sheet)
app.command(cls=at.Grouped)(trial)


@app.command(cls=at.Grouped)
def template(output: opt.BlankSheet, force: opt.Force = False) -> None:
    """Write a blank sheet for transcribing paper records.

    Filled in, it is an export.

    \b
    Example:
      centiles template -o sheet.xlsx
    """  # noqa: D301 -- \b keeps the lines as they are
    from centiles.reports.templates import write_template

    typer.echo(str(write_template(output, force=force)))


@app.command(cls=at.Grouped)
def explain(code: opt.Code = None, rules: opt.Rules = "uk") -> None:
    """Say what a rule or a problem code means.

    \b
    Examples:
      centiles explain
      centiles explain WT-FALL-1Y
    """  # noqa: D301 -- \b keeps the lines as they are
    from centiles.reports.explained import codes, explained

    for line in codes(rules) if code is None else explained(code, rules):
        typer.echo(line)


@app.command("reference", cls=at.Grouped)
def show_reference(verify: opt.Verify = False) -> None:
    """List the references and their tables.

    Sections, sources and hashes are shown.

    UK-WHO is what children are checked on; the others are for z-scores, lines and charts.

    The tables are checked against their hashes whenever they are used.

    \b
    Examples:
      centiles reference
      centiles reference --verify
    """  # noqa: D301 -- \b keeps the lines as they are
    from centiles.references import FOLDERS, folder_of, reference

    references = [reference(name) for name in FOLDERS]  # verified as they are read
    for known in references:
        typer.echo(f"{known.name}: {known.title}, {known.edition}")
        typer.echo(f"  Acknowledgement: {known.acknowledgement}")
        for section in known.sections:
            typer.echo(f"  {section.name}: {section.title}")
            typer.echo(f"    {section.rows} rows, {section.edition}, SHA-256 {section.sha256}")
            typer.echo(f"    {section.citation}")
    for folder in FOLDERS.values() if verify else ():
        typer.echo(
            f"verified: every table in {folder_of(folder)} is the one its manifest describes"
        )


@app.command(cls=at.Grouped)
def demo(out: opt.DemoFolder, seed: opt.Seed = 2014, force: opt.Force = False) -> None:
    """Make up three services' exports, check and chart them.

    Nobody in it exists: to see the results before you try your own files.

    \b
    Example:
      centiles demo --out demo
    """  # noqa: D301 -- \b keeps the lines as they are
    from centiles.reports.demonstration import write_demonstration
    from centiles.reports.summary import summary_lines

    checked = write_demonstration(out, seed=seed, force=force)
    _say(*summary_lines(checked))
    _say(
        f"The exports are in {out / 'exports'},",
        f"the worklist, with charts to open, is {out / 'results' / 'report.html'},",
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
    prepare()
    if "_CENTILES_COMPLETE" in os.environ:
        os.environ["COLUMNS"] = "1000"  # else shells take a description's second line for a word
    try:
        app()
    except CentilesError as fault:
        _say(str(fault))
        sys.exit(fault.exit_code)
    except (Interrupted, KeyboardInterrupt):
        _say("interrupted: nothing half-written is left")
        sys.exit(130)
    except MemoryError:
        _say("out of memory: give fewer exports at a time, or split the largest")
        sys.exit(UnreadableError.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as fault:
        if isinstance(fault, OSError) and isinstance(fault.filename, str):
            _say(
                f"{fault.filename[:LONGEST_PATH]}: {fault.strerror}; expected a path the system "
                "knows, and permission for it"
            )
            sys.exit(UnreadableError.exit_code)
        if os.environ.get("CENTILES_DEBUG"):
            raise
        _say(
            f"a fault in centiles {__version__}: {type(fault).__name__} at {place_of(fault)}. "
            "Nothing half-written is left. Report it with the command and without the data; "
            "CENTILES_DEBUG=1 shows more"
        )
        sys.exit(CentilesError.exit_code)


def _say(*lines: str) -> None:
    for line in lines:
        typer.echo(line, err=True)


def _json(record: Any) -> str:
    """Return JSON in ASCII, which any terminal and any pipe can carry."""
    return json.dumps(record, indent=2)


def _show_mapping(
    exports: list[Path], reading: dict[str, Any], save_mapping: Path | None, *, as_json: bool
) -> None:
    """Print what a sample of each export says its columns are."""
    from centiles.records import read
    from centiles.records.configs import save
    from centiles.records.reading import Source
    from centiles.records.sides import SideSource
    from centiles.reports.summary import mapping_table

    try:
        records = read(exports, **reading, sample=True)
    except MappingError as fault:
        raise MappingError(
            f"{fault} (Judged by the first 2,000 rows of a file, where it has more.)"
        ) from None
    if save_mapping is not None:
        save(records.config, save_mapping)
    sources: list[Source | SideSource] = [*records.sources, *records.sides.sources]
    if as_json:
        keys = ("name", "sampled", "rows", "mapping")
        typer.echo(_json([{key: getattr(source, key) for key in keys} for source in sources]))
        return
    for line in mapping_table(sources):
        typer.echo(line)
    if any(source.sampled for source in sources):
        _say("A sample: the run itself looks at every row, and stops if something is not so.")


def _digest(path: Path | None) -> str | None:
    """Return the SHA-256 of a file; none where there is none, which its reading will tell."""
    from hashlib import sha256

    return sha256(path.read_bytes()).hexdigest() if path is not None and path.is_file() else None


def _reaches(checked: Any, level: opt.Level) -> bool:
    severities = list(opt.Level)
    reached = checked.children["level"].isin(severities[severities.index(level) :])
    return bool(reached.any())
