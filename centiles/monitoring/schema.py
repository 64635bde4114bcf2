"""What a rule is: its kind, its ages and windows, its tiers, and the words of what they ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from centiles.errors import UsageError
from centiles.lms import SPACE

SEVERITIES: Final = ("info", "watch", "act", "urgent")
NOT_MEASURED: Final = "not measured yet"  # how often healthy children meet a rule
COMPARATORS: Final = ("highest", "birth", "early")
# Judged of one pair of points; the others need to know how a finding went on.
CONDITIONS_OF_POINTS: Final = frozenset(
    {
        "gain_below_5_percent", "born_at_term", "below_04", "above_996", "fell_a_space",
        "birth_weight_from_9th", "earlier_at_2nd", "bmi_fell_1z_in_13_months",
        "weight_fell_1z_in_13_months", "weight_fell_too", "lost_5_percent_in_13_months",
        "lost_weight_in_13_months", "bmi_below_70_percent", "outside_puberty", "feeding_event",
        "born_at_2500_g", "born_small", "below_parents_by_1", "below_parents_by_1_6",
        "below_parents_by_2",
    }
)  # fmt: skip
CONDITIONS_OF_EPISODES: Final = frozenset({"sustained", "again_6_to_12_months_later"})
CONDITIONS: Final = CONDITIONS_OF_POINTS | CONDITIONS_OF_EPISODES


@dataclass(frozen=True)
class Kind:
    """What one sort of rule counts, and what its tables may hold.

    An amount of a tier is ``scale`` times what is written; a child ``recovery`` short of its
    threshold is recovering. ``of_change`` kinds compare two points. ``needs`` and ``takes`` are the
    keys a rule of the kind must and may have besides those of every rule.
    """

    unit: str
    scale: float = 1.0
    recovery: float = SPACE / 3
    of_change: bool = True
    of_z: bool = True
    needs: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()


def _kind(unit: str, *, needs: str = "", takes: str = "", **others: Any) -> Kind:
    return Kind(unit, needs=frozenset(needs.split()), takes=frozenset(takes.split()), **others)


_WINDOW: Final = "within_days gap_days from_age"
KINDS: Final = MappingProxyType(
    {
        "fall": _kind("spaces", scale=SPACE, takes=f"{_WINDOW} comparator bands"),
        "rise": _kind("spaces", scale=SPACE, takes=_WINDOW),
        "level": _kind(
            "z", of_change=False, takes="below above below_centile above_centile inclusive"
        ),
        "median": _kind("%", recovery=2.0, of_change=False),
        "parents": _kind("spaces", scale=SPACE, of_change=False),
        "loss": _kind("%", recovery=2.0, of_z=False, takes=f"{_WINDOW} comparator"),
        "rate": _kind(
            "kg a week", recovery=0.25, of_z=False, needs="within_days gap_days", takes=_WINDOW
        ),
        "static": _kind("of √2 × measurement error", recovery=1.0, of_z=False, takes=_WINDOW),
        "gain": _kind("standard deviations", recovery=0.5, needs="gap_days", takes=_WINDOW),
        "surprise": _kind("standard deviations", recovery=0.5, takes=f"{_WINDOW} fallen"),
        "drift": _kind("spaces", scale=SPACE, takes=f"{_WINDOW} points unless_fallen"),
        "gap": _kind("spaces", scale=SPACE, takes="within_days"),
    }
)


@dataclass(frozen=True)
class Level:
    """One tier of a rule: its severity, the amount it needs, and what else must hold.

    ``amount`` is in the unit of the rule's kind, spaces as z; ``strict`` asks for more than it.
    ``older`` is the amount from the rule's ``older_from`` age. ``beyond`` adds to the rule's own
    threshold. ``see_by`` overrides the severity's.
    """

    severity: str
    amount: float
    older: float
    strict: bool
    beyond: float
    when: tuple[str, ...]
    see_by: Mapping[str, int] | None


@dataclass(frozen=True)
class Rule:
    """One rule, as its set defines it. Ages and windows are in days."""

    id: str
    kind: str
    measures: tuple[str, ...]
    title: str
    definition: str
    source: str
    project: bool
    ages: tuple[float, float]
    from_day: float
    to_day: float
    from_age: float
    within_days: float
    gap_days: float
    older_from: float
    below: float
    above: float
    comparator: str
    bands: tuple[tuple[float, float], ...]
    fallen: float
    unless_fallen: float
    points: int
    leaves_to: tuple[str, ...]
    guidance: str
    base_rate: Mapping[str, str]
    levels: tuple[Level, ...]
    origin: str = field(default="", compare=False)  # the shipped set it was measured in

    @property
    def recovery(self) -> float:
        """How far short of its threshold a recovering child is, in the unit of its kind."""
        return KINDS[self.kind].recovery

    @property
    def closes_at(self) -> float:
        """The amount at which a finding closes at once: a birth weight regained, a BMI measured."""
        at_once = (self.kind, self.comparator) in (("loss", "birth"), ("gap", "highest"))
        return 0.0 if at_once else -np.inf

    @property
    def counts_from_birth(self) -> bool:
        """Whether its ages end at a day counted from birth."""
        return bool(np.isfinite(self.to_day))

    @property
    def last_age_days(self) -> float:
        """The age [d] at which it ends: since birth where it counts from birth, else corrected."""
        return self.to_day if self.counts_from_birth else self.ages[1]


@dataclass(frozen=True)
class ContactRule:
    """One rule about contacts: what it is, how grave it can be, its numbers and sentences.

    ``graded`` says which severities a service has given other ones, and which.
    """

    id: str
    title: str
    definition: str
    source: str
    severities: tuple[str, ...]
    guidance: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    graded: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Raise:
    """One reason to raise a finding by a level, and the levels it raises."""

    id: str
    title: str
    definition: str
    source: str
    raises: tuple[str, ...]
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ContactRules:
    """The contact rules and raises, by id, and the hash of what they are read from.

    ``off`` are the contact rules a service has no use for.
    """

    contacts: Mapping[str, ContactRule]
    raises: Mapping[str, Raise]
    sha256: str
    off: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RuleSet:
    """A named set of rules, when findings of each severity are to be seen, and contact rules."""

    name: str
    title: str
    sha256: str
    rules: tuple[Rule, ...]
    see_by: Mapping[str, Mapping[str, int]]
    reweigh: tuple[tuple[float, float], ...]
    contacts: ContactRules

    def rule(self, code: str) -> Rule:
        """Return a rule by its id.

        Raises
        ------
        UsageError
            If the set has no such rule.
        """
        for rule in self.rules:
            if rule.id == code:
                return rule
        raise UsageError(
            f"rule: found {code!r}, expected one of {', '.join(rule.id for rule in self.rules)}"
        )
