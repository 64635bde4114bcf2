"""The command that steps the check over the past: findings a term it would have raised."""

from __future__ import annotations

import typer

from centiles import options as opt
from centiles.reading_options import AS_IT_IS, Reading, with_reading


@with_reading
def trial(
    exports: opt.Exports,
    first: opt.FirstDay,
    last: opt.LastDay,
    out: opt.TrialFile = None,
    force: opt.Force = False,
    reading: Reading = AS_IT_IS,
    children: opt.ChildrenFile = None,
    events: opt.EventsFile = None,
    actions: opt.ActionsFile = None,
    rules: opt.Rules = "uk",
    correction: opt.Correcting = opt.CorrectionName.DIGITAL,
) -> None:
    """Step the check monthly over the past, and count findings.

    They are counted a term, as they would have been raised. Each month knows what was recorded by
    its end. New findings only, growth findings and then contact findings, by rule and severity, and
    children in a thousand: to see, before it is used, how much work it makes.

    \b
    Example:
      centiles trial export.csv --from 2024-09-01 --to 2025-07-31
    """  # noqa: D301 -- \b keeps the lines as they are
    import numpy as np

    from centiles.checks.profiles import profile_of
    from centiles.checks.trials import trial as trial_of
    from centiles.records import read
    from centiles.reports.trials import trial_lines, write_trial

    keywords = reading.configured(exports).keywords()
    days = [np.datetime64(str(opt.date(d, o)), "D") for d, o in ((first, "--from"), (last, "--to"))]
    records = read(exports, children=children, events=events, actions=actions, **keywords)
    table = trial_of(records, profile_of(rules=rules, correction=correction), *days)
    if out is not None:
        write_trial(table, out, force=force)
    for line in trial_lines(table):
        typer.echo(line)
