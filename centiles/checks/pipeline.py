"""Records to findings, step by step: profile, check, households, rank."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.checks.actions import known
from centiles.checks.backgrounds import too_many_problems
from centiles.checks.batches import Batch, batch_of
from centiles.checks.checked import Checked, Provenance, Totals
from centiles.checks.cohorts import NEVER
from centiles.checks.contacts import in_order, overdue, teams
from centiles.checks.previous import Previous, compared, read_previous, stop_if_later
from centiles.checks.profiles import Profile, profile_of
from centiles.checks.raises import raised
from centiles.checks.ranking import NEEDED, ranked
from centiles.checks.worklist import worklist
from centiles.errors import CentilesError, UsageError
from centiles.monitoring.findings import dated
from centiles.monitoring.schema import SEVERITIES, RuleSet
from centiles.monitoring.wording import sentences
from centiles.records import columns
from centiles.records.headers import named
from centiles.records.pseudonyms import Pseudonyms
from centiles.records.reading import Records
from centiles.records.timelines import FATES
from centiles.references import reference
from centiles.version import __version__

_AT_ONCE: Final = 50_000  # findings


def check(
    records: Records,
    *,
    rules: str = "uk",
    correction: str = "digital",
    as_of: Any = None,
    due_by: Any = None,
    unknown_gestation: str = "score",
    today: Any = None,
    repair: bool = False,
    sensitive: bool = False,
    pseudonyms: Pseudonyms | None = None,
    previous: str | Path | None = None,
) -> Checked:
    """Return every value scored, every finding, and the children ranked by them.

    Parameters
    ----------
    records
        What :func:`centiles.read` returned.
    rules
        The name of a rule set, or a TOML file of one.
    correction
        ``"digital"`` or ``"paper"``, see :class:`centiles.ages.Correction`.
    as_of
        The last date of knowledge; the newest date in the records where not given.
    due_by
        The horizon of the overdue list; the last date of knowledge where not given.
    unknown_gestation
        ``"score"`` as if born at 40+0, or ``"omit"``, which leaves days under 14 unscored.
    today
        Measurements after it are in the future; the clock's date where not given.
    repair
        Put right the values that have just one likely explanation, such as a decimal point, and
        say so on their rows. Otherwise it is suggested in the problems, and nothing is changed.
    sensitive
        Name sensitive events, and what raised a finding; else it is *other information held*.
    pseudonyms
        What to call children instead, and whether to show dates; as they are where not given.

    previous
        The result folder of an earlier run, to say of each finding what became of it since.

    Raises
    ------
    UsageError
        If an option is not one of its words, ``as_of`` is given for records with ages only,
        ``due_by`` is before the last date of knowledge, or ``previous`` cannot be compared with.
    UnreadableError
        If ``previous`` cannot be read.

    Examples
    --------
    >>> import pandas as pd
    >>> from centiles.records import from_frame
    >>> visits = pd.DataFrame({
    ...     "child_id": "a", "sex": "male", "birth_date": "2020-03-12",
    ...     "measured_on": ["2025-03-12", "2026-02-09"], "weight_kg": [18.4, 15.1],
    ... })
    >>> checked = check(from_frame(visits), today="2026-03-01")
    >>> checked.findings[["rule", "severity"]].values.tolist()[0]
    ['WT-FALL-1Y', 'urgent']
    """
    profile = profile_of(
        rules=rules, correction=correction, as_of=as_of, due_by=due_by, today=today,
        unknown_gestation=unknown_gestation, repair=repair, sensitive=sensitive,
        pseudonyms=pseudonyms,
    )  # fmt: skip
    before = earlier(previous, profile)
    return finished(batch_of(records, profile), records, profile, before)


def earlier(previous: str | Path | None, profile: Profile) -> Previous | None:
    """Return the earlier run to compare with, read before any work; None where none is named."""
    return read_previous(previous, _provenance(profile, NEVER)) if previous else None


def finished(
    batch: Batch,
    records: Records,
    profile: Profile,
    before: Previous | None = None,
    totals: Totals | None = None,
) -> Checked:
    """Return what a check found, from all its children: the steps that every engine shares.

    Parameters
    ----------
    batch
        All children, see :func:`centiles.checks.together.together`.
    records
        What was read; its rows are not looked at.
    profile, before
        What the run is made with, and the earlier run to compare with.
    totals
        Counts of all values, where the batch has only some of them.

    Raises
    ------
    UsageError
        As :func:`check`.
    """
    _stop_if_before(profile.due_by, batch.done.as_of)
    found = [*with_households(batch, profile)]
    batch = replace(batch, findings=found[0][:0], contacts=found[1][:0])  # large, and used up
    checked = with_ranks(found.pop(0), found.pop(), batch, records, profile, before)
    checked = replace(checked, totals=totals)
    _stop_if_lost(checked)
    return checked


def _stop_if_before(due_by: np.datetime64 | None, as_of: np.datetime64) -> None:
    if due_by is not None and due_by < as_of:
        raise UsageError(
            f"due by: found {due_by}, expected the last date of knowledge, {as_of}, or a later one"
        )


def with_households(batch: Batch, profile: Profile) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return findings with their final levels, dates and sentences, and the contact findings.

    Of the findings only what ranking needs and results show.
    The first step that looks at more than one child: from small tables only.
    """
    findings = raised(batch.findings, batch.homes, sensitive=profile.sensitive)
    findings = known(dated(findings, profile.rules), profile.rules, batch.done.as_of)
    late = overdue(
        findings, profile.rules, as_of=batch.done.as_of, due_by=profile.due_by,
        hide_dates=profile.hides_dates,
    )  # fmt: skip
    contacts = columns.concatenated(columns.CONTACTS, [batch.contacts, late])
    findings = worded(findings, profile.rules)
    shown = {each.name for each in columns.FINDINGS}.union(NEEDED)
    findings = findings[[name for name in findings if name in shown]]
    return findings.reset_index(drop=True), in_order(contacts)


def worded(findings: pd.DataFrame, rules: RuleSet) -> pd.DataFrame:
    """Return findings with their severities in words, each in one sentence.

    Some are worded at a time: as Python has them, sentences take several times their size.
    """
    severity = np.asarray(SEVERITIES, dtype=object)[findings["severity"].to_numpy()]
    said = columns.texts_of(
        sentences(findings.iloc[first : first + _AT_ONCE], rules)
        for first in range(0, len(findings), _AT_ONCE)
    )
    return findings.assign(severity=severity, sentence=said)


def with_ranks(
    findings: pd.DataFrame,
    contacts: pd.DataFrame,
    batch: Batch,
    records: Records,
    profile: Profile,
    before: Previous | None = None,
) -> Checked:
    """Return everything in the order to look at it."""
    done = batch.done
    problems = [done.problems, too_many_problems(batch.homes, batch.named)]
    made = _provenance(profile, done.as_of)
    ordered, lead, rank = ranked(findings, batch.children["child_id"])
    found = _declared(columns.FINDINGS, findings, ordered.index.to_numpy())
    del findings
    if before is not None:
        stop_if_later(before, made.as_of)
        found = columns.concatenated(columns.FINDINGS, list(compared(found, before)))
    return Checked(
        findings=found,
        scored=done.frame,
        problems=_by_row(named(columns.concatenated(columns.PROBLEMS, problems), records), records),
        children=worklist(ordered, lead, rank, batch.children),
        sources=records.sources,
        provenance=made,
        sides=done.sides,
        contacts=contacts,
        teams=teams(batch.outcomes, contacts),
        # Tables hold every identifier.
        tables=records.tables if profile.pseudonyms is None else (),
        sensitive=profile.sensitive,
        missing=records.missing,
        pseudonymous=profile.pseudonyms is not None,
    )


def _by_row(problems: pd.DataFrame, records: Records) -> pd.DataFrame:
    """Return problems in the order of files and their rows, whoever found them first, each once.

    What is wrong with a row is wrong with all its values.
    """
    names = [each.name for each in records.sources]
    names += [each.name for each in records.sides.sources]
    known = [str(name) for name in problems["source"].cat.categories]
    names = list(dict.fromkeys([*names, *sorted(known)]))
    source = np.array([*map(names.index, known), -1], dtype=np.int64)
    keys = [source[problems["source"].cat.codes.to_numpy()], problems["row"].to_numpy()]
    keys += [
        pd.factorize(problems[name].astype("str"), sort=True)[0]
        for name in ("code", "column", "suggestion")
    ]
    order = np.lexsort(keys[::-1])
    first = np.any([np.diff(key[order], prepend=-2) != 0 for key in keys], axis=0)
    return problems.take(order[first]).reset_index(drop=True)


def _provenance(profile: Profile, as_of: np.datetime64) -> Provenance:
    table = reference()
    unknown = np.isnat(as_of) or (profile.hides_dates and profile.as_of is None)
    return Provenance(
        version=__version__,
        reference=table.title,
        reference_edition=table.edition,
        reference_sha256=table.sha256,
        correction=str(profile.correction),
        rules=profile.rules.name,
        rules_sha256=profile.rules.sha256,
        contacts_sha256=profile.rules.contacts.sha256,
        pseudonyms=profile.pseudonyms.fingerprint if profile.pseudonyms else "",
        as_of="" if unknown else str(as_of),
    )


def _stop_if_lost(checked: Checked) -> None:
    """Check the law of conservation on this run: the fates add up to the values read."""
    fates = checked.fates
    if not (fates[list(FATES[:-1])].sum(axis=1) == fates["values_read"]).all():
        raise CentilesError(
            "the fates of the values do not add up to the values read; this is a fault of "
            "centiles, and its results cannot be trusted. Report it with the version and options"
        )


def _declared(
    schema: tuple[columns.Column, ...], frame: pd.DataFrame, order: NDArray[np.intp]
) -> pd.DataFrame:
    """Return rows of a frame in some order, with just the columns that are declared.

    The columns are taken out of the frame: what is large is not held twice.
    """
    parts = {c.name: frame.pop(c.name).array.take(order) for c in schema if c.name in frame}
    return columns.frame(schema, parts)
