"""What a check found, whole and child by child."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.checks.backgrounds import homes_of
from centiles.checks.ranking import OPEN_STATES
from centiles.errors import UsageError
from centiles.measures import codes_of
from centiles.records import columns
from centiles.records.reading import Source
from centiles.records.rows import identifier
from centiles.records.sides import SideFiles
from centiles.records.tables import TextTable
from centiles.records.timelines import FATES
from centiles.references import UK_WHO


@dataclass(frozen=True)
class Provenance:
    """What a result was made with, so that it can be made again.

    ``contacts_sha256`` is of the contact rules and raises; ``pseudonyms`` tells the key of the
    pseudonyms from others, "" for none.
    """

    version: str
    reference: str
    reference_edition: str
    reference_sha256: str
    correction: str
    rules: str
    rules_sha256: str
    contacts_sha256: str
    pseudonyms: str
    as_of: str


@dataclass(frozen=True)
class Totals:
    """Counts of all values of a run that holds only some: what :class:`Checked` else counts itself.

    ``fates`` is as its property of that name; ``seen`` has a row for each child, source and team
    that go together.
    """

    fates: pd.DataFrame
    seen: pd.DataFrame


@dataclass(frozen=True)
class Child:
    """One child, checked: what a chart or a sheet is drawn from.

    ``scored``, ``findings``, ``contacts``, ``events`` and ``actions`` are its rows of those
    tables; ``mother_cm`` and ``father_cm`` the parents' heights [cm], NaN where not known;
    ``condition`` a known condition, "" for none; ``siblings`` how many other children of its
    household are in the exports. An event that is ``sensitive`` is shown only on request.
    ``reference`` is the name of the one its values are scored on.
    """

    child_id: str
    sex: str
    birth_date: np.datetime64
    gestation_days: float
    scored: pd.DataFrame
    findings: pd.DataFrame
    provenance: Provenance
    events: pd.DataFrame
    actions: pd.DataFrame
    contacts: pd.DataFrame
    mother_cm: float
    father_cm: float
    condition: str
    siblings: int
    sensitive: bool = False
    reference: str = UK_WHO

    def _repr_html_(self) -> str:
        """Return what a notebook shows: charts, findings and measurements."""
        return str(_notebook().child_html(self))

    @property
    def open_findings(self) -> pd.DataFrame:
        """The findings that are neither closed nor lapsed."""
        still = self.findings["state"].isin(OPEN_STATES)
        return self.findings[still].reset_index(drop=True)


@dataclass(frozen=True)
class Checked:
    """Everything a check found, as frames whose columns ``records.columns`` declares.

    ``findings`` are ranked as their children are; ``children`` is the worklist; ``tables`` are the
    cells of the sources as text, none where pseudonyms are shown. ``sides`` are the children,
    events and actions files, settled as the records are. ``missing`` are the files that could
    not be read and were left out; ``pseudonymous`` tells that children have other names here;
    ``sensitive`` that sensitive events, and what they or siblings raised, were asked for, so that
    what is made of it says so. With ``totals``, ``scored`` has only the children with an open
    finding: the others were too many to hold.
    """

    findings: pd.DataFrame
    scored: pd.DataFrame
    problems: pd.DataFrame
    children: pd.DataFrame
    sources: tuple[Source, ...]
    provenance: Provenance
    sides: SideFiles = field(default_factory=SideFiles)
    contacts: pd.DataFrame = field(default_factory=lambda: columns.frame(columns.CONTACTS, {}))
    teams: pd.DataFrame = field(default_factory=lambda: columns.frame(columns.TEAMS, {}))
    tables: tuple[TextTable, ...] = field(default=(), repr=False, compare=False)
    missing: tuple[str, ...] = ()
    pseudonymous: bool = False
    sensitive: bool = False
    totals: Totals | None = field(default=None, repr=False, compare=False)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the first children of the worklist, with their charts."""
        return str(_notebook().worklist_html(self))

    @cached_property
    def fates(self) -> pd.DataFrame:
        """How many values of each source met each fate, and how many were read."""
        names = [source.name for source in self.sources]
        table = fates_of(self.scored, names) if self.totals is None else self.totals.fates
        return table.assign(values_read=[each.values for each in self.sources])

    @cached_property
    def seen(self) -> pd.DataFrame:
        """A row for each child, source and team that go together."""
        return seen_in(self.scored) if self.totals is None else self.totals.seen

    def child(self, child_id: str) -> Child:
        """Return one child by identifier.

        Raises
        ------
        UsageError
            If no record has that identifier.
        """
        wanted = identifier(str(child_id))
        rows = self._rows.get(wanted)
        if rows is None:
            raise UsageError(
                f"child: no record has that identifier; found {len(self.children)} children. "
                "Give it as the export does, leading zeros included"
            )
        mine = self.scored.take(rows)
        mine = mine.sort_values(["age_days", "measure"], kind="stable").reset_index(drop=True)
        born = mine["birth_date"].to_numpy().astype("datetime64[D]")
        known = born[~np.isnat(born)]
        gestation = mine["gestation_days"].dropna().to_numpy()
        said = _of_child(self.sides.children, wanted)
        return Child(
            child_id=wanted,
            sex=str(mine["sex"].iloc[0]),
            birth_date=known[0] if len(known) else np.datetime64("NaT", "D"),
            gestation_days=float(gestation[0]) if len(gestation) else float("nan"),
            scored=mine,
            findings=_of_child(self.findings, wanted),
            provenance=self.provenance,
            events=_of_child(self.sides.events, wanted),
            actions=_of_child(self.sides.actions, wanted),
            contacts=_of_child(self.contacts, wanted),
            mother_cm=_first(said["mother_cm"], float("nan")),
            father_cm=_first(said["father_cm"], float("nan")),
            condition=_first(said["condition"].replace("", None), ""),
            siblings=int(self._siblings.get(wanted, 0)),
            sensitive=self.sensitive,
        )

    def household(self, child_id: str) -> tuple[str, ...]:
        """Return the children of a child's households, itself first; alone where none is known.

        Raises
        ------
        UsageError
            If no record has that identifier.
        """
        mine = self.child(child_id).child_id
        pairs = self._shared_homes
        others = pairs["child_y"][pairs["child_x"] == mine]
        return (mine, *dict.fromkeys(map(str, others)))

    @cached_property
    def _rows(self) -> Mapping[str, NDArray[np.intp]]:
        """Where each child's values stand in ``scored``."""
        codes, ids = pd.factorize(self.scored["child_id"])
        order = np.argsort(codes, kind="stable")
        ends = np.searchsorted(codes[order], np.arange(1, len(ids)))
        found = dict(zip(map(str, ids), np.split(order, ends), strict=True)) if len(ids) else {}
        found.pop("", None)  # nobody is no child
        return found

    @cached_property
    def _siblings(self) -> Mapping[str, int]:
        """How many other children live in each child's households, of those who live in one."""
        others = self._shared_homes.groupby("child_x").size()
        return dict(zip(map(str, others.index), others.tolist(), strict=True))

    @cached_property
    def _shared_homes(self) -> pd.DataFrame:
        """Each pair of children of one household, both ways, by identifier."""
        codes, ids = pd.factorize(self.scored["child_id"].to_numpy(dtype=object))
        owner = np.where(self.scored["child_id"] == "", -1, codes)
        homes = homes_of(owner, self.scored["household_id"], self.sides, pd.Index(ids))
        used = ~homes.too_many[homes.household]
        pairs = pd.DataFrame({"child": homes.child[used], "home": homes.household[used]})
        both = pairs.merge(pairs, on="home").query("child_x != child_y")
        both = both.drop_duplicates(["child_x", "child_y"])
        return pd.DataFrame({name: ids[both[name]] for name in ("child_x", "child_y")})


def fates_of(scored: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return how many values of each source met each fate: a row a source, a column a fate."""
    source = codes_of(scored["source"], tuple(names)).astype(np.int64)
    fate = codes_of(scored["fate"], FATES)
    read = (source >= 0) & ~scored["derived"].to_numpy() & (fate < len(FATES) - 1)
    cells = np.bincount(source[read] * len(FATES) + fate[read], minlength=len(names) * len(FATES))
    table = cells.reshape(-1, len(FATES))[:, :-1]
    return pd.DataFrame(table, index=list(names), columns=list(FATES[:-1]))


def seen_in(scored: pd.DataFrame) -> pd.DataFrame:
    """Return the children of scored values, with each source and team they are seen in."""
    names = ["child_id", "source", "team"]
    return scored[names].drop_duplicates().reset_index(drop=True)


def _notebook() -> Any:
    """Return the module that shows things in notebooks; by name, since it stands above this."""
    return importlib.import_module("centiles.reports.notebook")


def _of_child(frame: pd.DataFrame, child_id: str) -> pd.DataFrame:
    """Return a child's rows of a table; of a side file, those that are used."""
    mine = frame["child_id"] == child_id
    if "fate" in frame:
        mine &= frame["fate"] == "used"
    return frame[mine].reset_index(drop=True)


def _first(column: pd.Series[Any], nothing: Any) -> Any:
    """Return the first thing a column says, or what stands for nothing."""
    said = column.dropna()
    return said.iloc[0] if len(said) else nothing
