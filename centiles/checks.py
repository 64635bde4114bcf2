"""Records to findings: the one pipeline behind the batch, the chart and the sheet."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.ages import DAYS_IN_YEAR, Correction
from centiles.errors import CentilesError, UsageError
from centiles.measures import MEASURES, Measure
from centiles.monitoring.findings import Cohort, findings_of, worded
from centiles.monitoring.rulesets import SEVERITIES, ruleset
from centiles.monitoring.wording import VERIFY_TODAY
from centiles.records import columns
from centiles.records import pseudonyms as pseudonymous
from centiles.records.pseudonyms import Pseudonyms
from centiles.records.reading import Records, Source
from centiles.records.rows import identifier
from centiles.records.scoring import Scored, scored
from centiles.records.sides import SideFiles
from centiles.records.tables import TextTable
from centiles.records.timelines import FATES
from centiles.references import reference
from centiles.version import __version__

OPEN_STATES: Final = ("new", "sustained", "recovering")
BLOCKS: Final = (*reversed(SEVERITIES[1:]), VERIFY_TODAY, "known", "info")


@dataclass(frozen=True)
class Provenance:
    """What a result was made with, so that it can be made again."""

    version: str
    reference: str
    reference_edition: str
    reference_sha256: str
    correction: str
    rules: str
    rules_sha256: str
    as_of: str


@dataclass(frozen=True)
class Child:
    """One child, checked: what a chart or a sheet is drawn from."""

    child_id: str
    sex: str
    birth_date: np.datetime64
    gestation_days: float
    scored: pd.DataFrame
    findings: pd.DataFrame
    provenance: Provenance
    events: pd.DataFrame
    actions: pd.DataFrame
    mother_cm: float
    father_cm: float
    condition: str


@dataclass(frozen=True)
class Checked:
    """Everything a check found, as frames whose columns ``records.columns`` declares.

    ``findings`` are ranked as their children are; ``children`` is the worklist; ``tables`` are the
    cells of the sources as text, none where pseudonyms are shown. ``sides`` are the children,
    events and actions files, settled as the records are.
    """

    findings: pd.DataFrame
    scored: pd.DataFrame
    problems: pd.DataFrame
    children: pd.DataFrame
    sources: tuple[Source, ...]
    provenance: Provenance
    sides: SideFiles = field(default_factory=SideFiles)
    tables: tuple[TextTable, ...] = field(default=(), repr=False, compare=False)

    @cached_property
    def fates(self) -> pd.DataFrame:
        """How many values of each source met each fate, and how many were read."""
        names = [source.name for source in self.sources]
        source = columns.codes_of(self.scored["source"], tuple(names)).astype(np.int64)
        fate = columns.codes_of(self.scored["fate"], FATES)
        read = (source >= 0) & ~self.scored["derived"].to_numpy() & (fate < len(FATES) - 1)
        cells = np.bincount(
            source[read] * len(FATES) + fate[read], minlength=len(names) * len(FATES)
        )
        table = pd.DataFrame(cells.reshape(-1, len(FATES))[:, :-1], index=names, columns=FATES[:-1])
        return table.assign(values_read=[each.values for each in self.sources])

    def child(self, child_id: str) -> Child:
        """Return one child by identifier.

        Raises
        ------
        UsageError
            If no record has that identifier.
        """
        wanted = identifier(str(child_id))
        mine = self.scored[self.scored["child_id"] == wanted]
        if mine.empty:
            raise UsageError(
                f"child: no record has that identifier; found {len(self.children)} children. "
                "Give it as the export does, leading zeros included"
            )
        mine = mine.sort_values(["age_days", "measure"], kind="stable").reset_index(drop=True)
        findings = self.findings[self.findings["child_id"] == wanted].reset_index(drop=True)
        born = mine["birth_date"].to_numpy().astype("datetime64[D]")
        known = born[~np.isnat(born)]
        gestation = mine["gestation_days"].dropna().to_numpy()
        said = _of_child(self.sides.children, wanted)
        return Child(
            wanted,
            str(mine["sex"].iloc[0]),
            known[0] if len(known) else np.datetime64("NaT", "D"),
            float(gestation[0]) if len(gestation) else float("nan"),
            mine,
            findings,
            self.provenance,
            _of_child(self.sides.events, wanted),
            _of_child(self.sides.actions, wanted),
            _first(said["mother_cm"], float("nan")),
            _first(said["father_cm"], float("nan")),
            _first(said["condition"].replace("", None), ""),
        )


def _of_child(frame: pd.DataFrame, child_id: str) -> pd.DataFrame:
    """Return a child's rows of a side file that are used."""
    return frame[(frame["child_id"] == child_id) & (frame["fate"] == "used")].reset_index(drop=True)


def _first(column: pd.Series[Any], nothing: Any) -> Any:
    """Return the first thing a column says, or what stands for nothing."""
    said = column.dropna()
    return said.iloc[0] if len(said) else nothing


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
    if pseudonyms is not None:
        done, cohort = _pseudonymised(done, cohort, records, pseudonyms)
    findings = worded(findings_of(cohort, chosen), cohort, chosen)
    findings, children = _ranked(findings, cohort, records.sources)
    known = reference()
    hidden = pseudonyms is not None and pseudonyms.dates == "ages"
    provenance = Provenance(
        version=__version__,
        reference=known.title,
        reference_edition=known.edition,
        reference_sha256=known.sha256,
        correction=str(Correction(correction)),
        rules=chosen.name,
        rules_sha256=chosen.sha256,
        as_of="" if np.isnat(done.as_of) or (hidden and as_of is None) else str(done.as_of),
    )
    tables = records.tables if pseudonyms is None else ()  # they hold every identifier
    checked = Checked(
        findings, done.frame, done.problems, children, records.sources, provenance, done.sides,
        tables,
    )  # fmt: skip
    _stop_if_lost(checked)
    return checked


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
    cohort = replace(cohort, scored=done.frame, child_ids=called)
    if pseudonyms.dates == "ages":
        cohort = replace(cohort, born=np.full(len(called), np.datetime64("NaT", "D")))
    return done, cohort


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
    born = np.full(count, np.datetime64("NaT", "D"), dtype="datetime64[D]")
    born[child[owned]] = frame["birth_date"].to_numpy().astype("datetime64[D]")[owned]
    age = frame["age_days"].to_numpy(dtype=np.float64)
    oldest = np.full(count, np.nan)
    measured = owned[(frame["fate"] == "scored").to_numpy()[owned]]
    in_order = measured[np.argsort(age[measured], kind="stable")]
    oldest[child[in_order]] = age[in_order]  # the oldest is written last
    since = (done.as_of - born).astype("timedelta64[D]")
    now = np.where(np.isnat(since), oldest, since.astype(np.float64))
    return Cohort(frame, child, done.child_ids, done.conflict, done.unsure, now, born)


def _ranked(
    findings: pd.DataFrame, cohort: Cohort, sources: tuple[Source, ...]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the findings in order of their children, and the worklist."""
    is_open = findings["state"].isin(OPEN_STATES)
    place = findings["block"].map(_block_places()).fillna(len(BLOCKS)).astype(np.int64)
    ordered = findings.assign(
        place=np.where(is_open, place, len(BLOCKS) + 1),
        grade=findings["severity"].map(SEVERITIES.index).astype(np.int64),
        line=findings["threshold"].mask(findings["is_change"], 0),
        extent=findings["spaces"].fillna(0),
        newest=findings["to_date"].fillna(pd.Timestamp(0)).astype("int64"),
    )
    # In a child the gravest comes first, of equals a change, which says more than a level.
    ordered = _sorted(ordered, "place", "-grade", "-is_change", "-extent", "-line")
    lead = _leads(ordered)
    rank = np.zeros(len(cohort.child_ids), dtype=np.int64)
    rank[lead["child"].to_numpy()] = np.arange(1, len(lead) + 1)
    key = rank[ordered["child"].to_numpy()]
    ordered = ordered.iloc[np.lexsort((ordered["place"], np.where(key == 0, len(key) + 1, key)))]
    known = [column.name for column in columns.FINDINGS if column.name in ordered]
    table = columns.frame(columns.FINDINGS, {name: ordered[name].array for name in known})
    return table, _worklist(ordered, lead, rank, cohort, sources)


def _leads(ordered: pd.DataFrame) -> pd.DataFrame:
    """Return each child's first open finding, the children in order of their size.

    A child's size is the largest, in spaces, of its findings as grave as the first: so a very low
    value ranks beside a fall as deep.
    """
    top = ordered[ordered["place"] < len(BLOCKS)]
    lead = top.drop_duplicates("child")
    first = lead.set_index("child")[["place", "grade"]]
    as_grave = (top[["place", "grade"]].to_numpy() == first.loc[top["child"]].to_numpy()).all(
        axis=1
    )
    size = top[as_grave].groupby("child")["extent"].max()
    lead = lead.assign(size=size.reindex(lead["child"]).to_numpy())
    return _sorted(lead, "place", "-grade", "-size")


def _sorted(findings: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """Return findings sorted by some columns, "-" for the largest first; then by recency, row."""
    by = (*keys, "-newest", "-to_age_days", "source", "to_row")
    found = [findings[key.removeprefix("-")] for key in by]
    texts = [
        each.astype(str) if key == "source" else each for key, each in zip(by, found, strict=True)
    ]
    signed = [
        -each.astype(np.float64) if key.startswith("-") else each
        for key, each in zip(by, texts, strict=True)
    ]
    return findings.iloc[np.lexsort(signed[::-1])]


def _block_places() -> dict[str, int]:
    return {block: place for place, block in enumerate(BLOCKS)}


def _worklist(
    ordered: pd.DataFrame,
    lead: pd.DataFrame,
    rank: NDArray[np.int64],
    cohort: Cohort,
    sources: tuple[Source, ...],
) -> pd.DataFrame:
    """Return one row a child, those with open findings first and in order."""
    count = len(cohort.child_ids)
    text = {
        name: np.full(count, "", dtype=object)
        for name in ("block", "level", "headline", "findings")
    }
    see_by = np.full(count, np.datetime64("NaT", "s"), dtype="datetime64[s]")
    flagged = lead["child"].to_numpy()
    text["block"][flagged] = lead["block"]
    text["level"][flagged] = lead["severity"]
    text["headline"][flagged] = lead["sentence"]
    is_open = ordered[ordered["place"] < len(BLOCKS)]
    codes = is_open.groupby("child", sort=False)["rule"].agg(
        lambda rules: "; ".join(dict.fromkeys(rules))
    )
    text["findings"][codes.index.to_numpy()] = codes
    soonest = is_open.groupby("child", sort=False)["see_by"].min()
    see_by[soonest.index.to_numpy()] = soonest.to_numpy()
    named = np.flatnonzero(cohort.child_ids != "")
    order = named[np.lexsort((named, np.where(rank[named] == 0, count + 1, rank[named])))]
    parts: dict[str, Any] = {
        **text,
        "rank": rank,
        "child_id": cohort.child_ids,
        "see_by": see_by,
        "last_measured_on": _last_measured(cohort),
        "not_assessed": _not_assessed(cohort),
        "sources": _sources(cohort, sources),
    }
    return columns.frame(columns.CHILDREN, {name: part[order] for name, part in parts.items()})


def _last_measured(cohort: Cohort) -> NDArray[np.datetime64]:
    """Return each child's newest date with a scored value."""
    last = np.full(len(cohort.child_ids), np.datetime64("NaT", "s"), dtype="datetime64[s]")
    frame = cohort.scored
    use = np.flatnonzero((frame["fate"] == "scored").to_numpy() & (cohort.child >= 0))
    on = frame["measured_on"].to_numpy().astype("datetime64[s]")[use]
    order = np.argsort(np.where(np.isnat(on), np.datetime64(0, "s"), on), kind="stable")
    last[cohort.child[use[order]]] = on[order]
    return last


def _not_assessed(cohort: Cohort) -> NDArray[np.object_]:
    """Return for each child what could not be assessed, and why."""
    frame, child, count = cohort.scored, cohort.child, len(cohort.child_ids)
    use = (frame["fate"] == "scored").to_numpy() & (child >= 0)
    measure = columns.codes_of(frame["measure"], tuple(map(str, MEASURES)))
    age = frame["age_days"].to_numpy(dtype=np.float64)

    def number(where: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(child[use & where], minlength=count)

    weight = measure == MEASURES.index(Measure.WEIGHT)
    height = measure == MEASURES.index(Measure.HEIGHT)
    weights, heights = number(weight), number(height & (age >= 2 * DAYS_IN_YEAR))
    early = number(weight & (age <= 56))
    young = cohort.now_age_days < 5 * DAYS_IN_YEAR
    unsexed = np.bincount(
        child[(frame["sex"] == "unknown").to_numpy() & (child >= 0)], minlength=count
    )
    monthly = np.bincount(
        child[(frame["birth_precision"] == "month").to_numpy() & use], minlength=count
    )
    gaps = {
        "sex not known: nothing scored": unsexed > 0,
        "nothing could be scored": (unsexed == 0) & (number(np.ones(len(use), np.bool_)) == 0),
        "no weight": (weights == 0) & (number(np.ones(len(use), np.bool_)) > 0),
        "one weight only: no change in weight": weights == 1,
        "no height from 2 years: no BMI": (weights > 0)
        & (heights == 0)
        & (cohort.now_age_days >= 2 * DAYS_IN_YEAR),
        "no birth or early weight: NG75-FALL not assessed": (weights > 0) & (early == 0) & young,
        "day of birth not known: no change under a year": (monthly > 0) & young,
    }
    mask = sum((flag.astype(np.int64) << k for k, flag in enumerate(gaps.values())), np.int64(0))
    used, place = np.unique(mask, return_inverse=True)
    said = ["; ".join(w for k, w in enumerate(gaps) if m >> k & 1) for m in used.tolist()]
    return np.asarray([*said, ""], dtype=object)[place]


def _sources(cohort: Cohort, sources: tuple[Source, ...]) -> NDArray[np.object_]:
    """Return for each child the files it is in."""
    names = list(cohort.scored["source"].cat.categories)
    codes = cohort.scored["source"].cat.codes.to_numpy()
    owned = cohort.child >= 0
    seen = np.zeros((len(cohort.child_ids), len(sources)), dtype=np.bool_)
    for place, source in enumerate(sources):
        if source.name in names:
            seen[cohort.child[owned & (codes == names.index(source.name))], place] = True
    combos, which = np.unique(seen, axis=0, return_inverse=True)
    said = [
        "; ".join(s.name for s, there in zip(sources, combo, strict=True) if there)
        for combo in combos
    ]
    return np.asarray([*said, ""], dtype=object)[which.ravel()]
