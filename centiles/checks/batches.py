"""One batch of whole children, checked: every finding of each, before households and ranks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.checks import raises
from centiles.checks.actions import answered, unknown_rules
from centiles.checks.assessed import not_assessed
from centiles.checks.backgrounds import named_homes
from centiles.checks.cohorts import NEVER, cohort_of
from centiles.checks.contacts import listed, outcomes
from centiles.checks.profiles import Profile, stop_if_a_file_names_a_child
from centiles.checks.services import cross_service
from centiles.checks.worklist import known_rows, last_measured, sources_of
from centiles.monitoring.background import lines_do_not_fit
from centiles.monitoring.contacts import Seen, parts_of
from centiles.monitoring.findings import Cohort, findings_of
from centiles.records import columns
from centiles.records import pseudonyms as pseudonymous
from centiles.records.pseudonyms import Pseudonyms
from centiles.records.reading import Records
from centiles.records.scoring import Scored, scored
from centiles.records.sides import KINDS

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Batch:
    """What a batch of whole children gives; those of several batches stand one below the other.

    ``place`` is where each scored value stands among all records, of a computed one its weight;
    ``findings`` are as the rules made them, with what of the child itself raises them; ``children``
    has a row a child, with the ``place`` of its first record, ``known`` where any of its rows was
    by the day asked for; ``homes`` a row a child and household; ``named`` the first row that names
    each household; ``contacts`` are the contact findings but those that chase others; ``outcomes``
    has a row a team and what came of its contacts.
    """

    done: Scored = field(repr=False)
    place: NDArray[np.int64] = field(repr=False)
    findings: pd.DataFrame
    children: pd.DataFrame
    homes: pd.DataFrame
    named: pd.DataFrame
    contacts: pd.DataFrame
    outcomes: pd.DataFrame


def batch_of(records: Records, profile: Profile) -> Batch:
    """Return the children of some records, checked one by one.

    Parameters
    ----------
    records
        All records of the children in them.
    profile
        What the run is made with.

    Raises
    ------
    UsageError
        If ``as_of`` is given for records with ages only, or a pseudonym would be no use.
    """
    done = scored(records, **profile.scoring)
    if profile.pseudonyms is not None:
        stop_if_a_file_names_a_child(records, _identifiers(done))
    cohort = cohort_of(done)
    place = _places(records)
    named = named_homes(done, place)
    done = _with_problems(done, unknown_rules(done.sides.actions, profile.rules))
    findings = answered(findings_of(cohort, profile.rules), cohort, done.sides.actions)
    findings = raises.marked(findings, cohort.background.events)
    findings = findings.assign(
        cross_service=cross_service(findings, cohort, profile, done.as_of),
        unfit=_unfit(findings, cohort),
    )
    since = known_rows(cohort, profile.as_of)
    seen = Seen(cohort, findings, profile.rules, done.as_of, profile.sensitive)
    lacking = parts_of(seen)
    if profile.pseudonyms is not None:
        done, cohort = _pseudonymised(done, cohort, profile.pseudonyms)
        hidden = [profile.pseudonyms.household(str(home)) for home in named["household_id"]]
        named = named.assign(household_id=hidden)
        findings = _hidden(findings, cohort, hide_dates=profile.hides_dates)
    children = _children(cohort, records, profile, since)
    children["place"] = _first(place[done.origin], done.child, len(cohort.child_ids))
    homes = cohort.background.homes
    pairs = {
        "child_id": cohort.child_ids[homes.child],
        "household_id": homes.ids[homes.household],
    }
    return Batch(
        done=done,
        place=place[done.origin],
        findings=findings,
        children=children[children["child_id"] != ""],
        homes=pd.DataFrame(pairs),
        named=named,
        contacts=listed(lacking, cohort, profile.rules, hide_dates=profile.hides_dates),
        outcomes=outcomes(seen.visits, cohort),
    )


def _children(
    cohort: Cohort, records: Records, profile: Profile, since: NDArray[np.intp]
) -> pd.DataFrame:
    """Return a row a child; ``since`` are the rows that were known by the day asked for."""
    return pd.DataFrame(
        {
            "child_id": cohort.child_ids,
            "last_measured_on": last_measured(cohort),
            "not_assessed": not_assessed(cohort, profile.rules, show_dates=not profile.hides_dates),
            "sources": sources_of(cohort, records.sources, since),
            "known": np.isin(np.arange(len(cohort.child_ids)), cohort.child[since]),
        }
    )


def _places(records: Records) -> NDArray[np.int64]:
    """Return where each record, and then each row of the side files, stands among all."""
    if records.whole is not None:
        return records.whole.place
    return np.arange(len(records.frame) + sum(len(records.sides.frame(kind)) for kind in KINDS))


def _first(place: NDArray[np.int64], child: NDArray[np.int64], children: int) -> NDArray[np.int64]:
    """Return the least place of each child's records."""
    first = np.full(children + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, child, place)  # the last is nobody's
    return first[:-1]


def _with_problems(done: Scored, *more: pd.DataFrame) -> Scored:
    """Return scored records with more problems."""
    both = columns.concatenated(columns.PROBLEMS, [done.problems, *more])
    return replace(done, problems=both)


def _unfit(findings: pd.DataFrame, cohort: Cohort) -> Flags:
    """Return which findings are of a level, in a child with a condition that has its own lines."""
    unfit = lines_do_not_fit(cohort.background.condition)
    return np.asarray(unfit[findings["child"]] & ~findings["is_change"])


def _identifiers(done: Scored) -> set[str]:
    """Return everything that names a child or household of some records."""
    return {*done.child_ids, *done.frame["household_id"].unique()} - {""}


def _pseudonymised(done: Scored, cohort: Cohort, pseudonyms: Pseudonyms) -> tuple[Scored, Cohort]:
    """Return scored values and cohort under pseudonyms."""
    called = pseudonymous.ids(done.child_ids, pseudonyms)
    done = replace(
        done,
        frame=pseudonymous.frame_of(done.frame, done.problems, done.child, called, pseudonyms),
        child_ids=called,
        sides=pseudonymous.sides_of(done.sides, pseudonyms),
    )
    known, born = cohort.background, cohort.born
    names = [pseudonyms.household(str(home)) for home in known.homes.ids]
    homes = replace(known.homes, ids=np.array(names, dtype=object))
    if pseudonyms.dates == "ages":
        born = np.full(len(born), NEVER)
    return done, replace(
        cohort, scored=done.frame, child_ids=called, born=born,
        background=replace(known, homes=homes),
    )  # fmt: skip


def _hidden(findings: pd.DataFrame, cohort: Cohort, *, hide_dates: bool) -> pd.DataFrame:
    """Return findings under pseudonyms and, if asked, without dates."""
    child, to = findings["child"].to_numpy(), findings["to_index"].to_numpy()
    parts: dict[str, Any] = {
        "child_id": cohort.child_ids[child],
        "team": cohort.scored["team"].array[to],
        "born": cohort.born[child],
    }
    if hide_dates:
        parts |= dict.fromkeys(("opened_on", "from_date", "to_date"), pd.NaT)
    return findings.assign(**parts)
