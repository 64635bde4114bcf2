"""Records to findings, step by step."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from centiles.ages import Correction
from centiles.checks.backgrounds import background_of, too_many_problems
from centiles.checks.checked import Checked, Provenance
from centiles.checks.ranking import ranked
from centiles.checks.worklist import worklist
from centiles.errors import CentilesError, UsageError
from centiles.monitoring.findings import Cohort, findings_of, worded
from centiles.monitoring.rulesets import RuleSet, ruleset
from centiles.records import columns
from centiles.records import pseudonyms as pseudonymous
from centiles.records.pseudonyms import Pseudonyms
from centiles.records.reading import Records
from centiles.records.scoring import Scored, scored
from centiles.records.timelines import FATES
from centiles.references import reference
from centiles.version import __version__

_NEVER: Final = np.datetime64("NaT", "D")


def check(
    records: Records,
    *,
    rules: str = "uk",
    correction: str = "digital",
    as_of: Any = None,
    unknown_gestation: str = "score",
    today: Any = None,
    repair: bool = False,
    pseudonyms: Pseudonyms | None = None,
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
    unknown_gestation
        ``"score"`` as if born at 40+0, or ``"omit"``, which leaves days under 14 unscored.
    today
        Measurements after it are in the future; the clock's date where not given.
    repair
        Put right the values that have just one likely explanation, such as a decimal point, and
        say so on their rows. Otherwise it is suggested in the problems, and nothing is changed.
    pseudonyms
        What to call children instead, and whether to show dates; as they are where not given.

    Raises
    ------
    UsageError
        If an option is not one of its words, or ``as_of`` is given for records with ages only.

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
    chosen = ruleset(rules)
    done = scored(
        records,
        correction=correction,
        as_of=as_of,
        today=np.datetime64("today", "D") if today is None else today,
        unknown_gestation=unknown_gestation,
        repair=repair,
    )
    cohort = _cohort(done)
    done = _with_problems(done, too_many_problems(done, cohort.background.homes))
    if pseudonyms is not None:
        done, cohort = _pseudonymised(done, cohort, records, pseudonyms)
    findings = worded(findings_of(cohort, chosen), cohort, chosen)
    ordered, lead, rank = ranked(findings, len(cohort.child_ids))
    children = worklist(ordered, lead, rank, cohort, records.sources)
    hidden = pseudonyms is not None and pseudonyms.dates == "ages" and as_of is None
    tables = records.tables if pseudonyms is None else ()  # they hold every identifier
    checked = Checked(
        findings=_findings_table(ordered),
        scored=done.frame,
        problems=done.problems,
        children=children,
        sources=records.sources,
        provenance=_provenance(chosen, correction, _NEVER if hidden else done.as_of),
        sides=done.sides,
        tables=tables,
    )
    _stop_if_lost(checked)
    return checked


def _provenance(rules: RuleSet, correction: str, as_of: np.datetime64) -> Provenance:
    known = reference()
    return Provenance(
        version=__version__,
        reference=known.title,
        reference_edition=known.edition,
        reference_sha256=known.sha256,
        correction=str(Correction(correction)),
        rules=rules.name,
        rules_sha256=rules.sha256,
        as_of="" if np.isnat(as_of) else str(as_of),
    )


def _pseudonymised(
    done: Scored, cohort: Cohort, records: Records, pseudonyms: Pseudonyms
) -> tuple[Scored, Cohort]:
    """Return scored values and cohort under pseudonyms, from which all else is made.

    Raises
    ------
    UsageError
        If the name of a file holds an identifier, which would then stand in every result.
    """
    names = {*done.child_ids, *done.frame["household_id"].unique()} - {""}
    files = [each.name for each in records.sources] + [each.name for each in done.sides.sources]
    for number, name in enumerate(files, 1):
        if names & {name, *re.split(r"[\W_]+", name)}:
            raise UsageError(
                f"pseudonymise: the name of file {number} holds an identifier, which would stand "
                "in every result; rename the file"
            )
    called = pseudonymous.ids(done.child_ids, pseudonyms)
    done = replace(
        done,
        frame=pseudonymous.frame_of(done.frame, done.child, called, pseudonyms),
        child_ids=called,
        sides=pseudonymous.sides_of(done.sides, pseudonyms),
    )
    return done, _renamed(cohort, done, pseudonyms)


def _renamed(cohort: Cohort, done: Scored, pseudonyms: Pseudonyms) -> Cohort:
    """Return a cohort of pseudonymised values, its households and dates hidden too."""
    known, born = cohort.background, cohort.born
    names = [pseudonyms.household(str(home)) for home in known.homes.ids]
    events = known.events
    if pseudonyms.dates == "ages":
        born = np.full(len(born), _NEVER)
        events = replace(events, date=np.full(len(events), _NEVER))
    homes = replace(known.homes, ids=np.array(names, dtype=object))
    return replace(
        cohort, scored=done.frame, child_ids=done.child_ids, born=born,
        background=replace(known, homes=homes, events=events),
    )  # fmt: skip


def _with_problems(done: Scored, more: pd.DataFrame) -> Scored:
    """Return scored records with more problems."""
    both = columns.concatenated(columns.PROBLEMS, [done.problems, more])
    return replace(done, problems=both)


def _stop_if_lost(checked: Checked) -> None:
    """Check the law of conservation on this run: the fates add up to the values read."""
    fates = checked.fates
    if not (fates[list(FATES[:-1])].sum(axis=1) == fates["values_read"]).all():
        raise CentilesError(
            "the fates of the values do not add up to the values read; this is a fault of "
            "centiles, and its results cannot be trusted. Report it with the version and options"
        )


def _cohort(done: Scored) -> Cohort:
    """Return scored values with each child's birth date and age at the last date of knowledge."""
    count = len(done.child_ids)
    child, frame = done.child, done.frame
    owned = np.flatnonzero(child >= 0)
    born = np.full(count, _NEVER)
    born[child[owned]] = frame["birth_date"].to_numpy().astype("datetime64[D]")[owned]
    age = frame["age_days"].to_numpy(dtype=np.float64)
    oldest = np.full(count, np.nan)
    measured = owned[(frame["fate"] == "scored").to_numpy()[owned]]
    in_order = measured[np.argsort(age[measured], kind="stable")]
    oldest[child[in_order]] = age[in_order]  # the oldest is written last
    since = (done.as_of - born).astype("timedelta64[D]")
    now = np.where(np.isnat(since), oldest, since.astype(np.float64))
    return Cohort(
        frame, child, done.child_ids, done.conflict, done.unsure, now, born, background_of(done)
    )


def _findings_table(ordered: pd.DataFrame) -> pd.DataFrame:
    """Return ranked findings with just the columns that are declared."""
    known = [column.name for column in columns.FINDINGS if column.name in ordered]
    return columns.frame(columns.FINDINGS, {name: ordered[name].array for name in known})
