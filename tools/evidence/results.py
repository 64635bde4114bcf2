"""Every number of the page, worked out once: what pages, pictures and base rates are made from."""

from __future__ import annotations

import sys
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from centiles.ages import DAYS_IN_YEAR
from centiles.monitoring.rulesets import RuleSet, ruleset
from centiles.records import scoring
from tools.evidence import alternatives, counting, shapes, visits
from tools.evidence.children import Fall, World, children, records
from tools.evidence.counting import ACT, URGENT, WATCH, Share
from tools.evidence.studies import FOUR, LAST, SEED, Seen, Study, run
from tools.evidence.visits import CLINIC, HALF_YEARLY, ROUTINE, YEARLY, Schedule, Visit

YOUNG, OLD = (0.0, FOUR), (FOUR, LAST)
BANDS = ((0, 1), (1, 2), (2, 4), (4, 8), (8, 11), (11, 17))
TARGET_BANDS = ((0, 1), (1, 4), (4, 11))
TIERS = {"watch": WATCH, "act": ACT, "urgent": URGENT}
TARGET_FALL = (4.0, 12.0)  # months
YOUNG_FALLS = {
    "first year": Fall(2.0, (1.5, 3.0), (0.12, 0.5)),
    "second year": Fall(2.0, (3.0, 9.0), (1.0, 1.6)),
    "third and fourth year": Fall(2.0, (4.0, 12.0), (2.2, 3.0)),
}
# Heads that leave their line in the first months: spaces up, or down.
HEADS = {spaces: Fall(-spaces, (1.0, 4.0), (0.02, 0.15), "head") for spaces in (2, 3, 4, -3, -4)}
OTHER_SETS = ("nice-ng75", "height-nl", "ncmp")
LEVEL_KINDS = ("level", "median", "parents")
OBSERVED = {  # r over one year of the 136 children, from 2, 3, 4, 5, 6 and 8 years
    "weight": (0.90, 0.92, 0.923, 0.958, 0.963, 0.975),
    "bmi": (0.77, 0.77, 0.82, 0.91, 0.91, 0.95),
    "height": (0.87, 0.94, 0.971, 0.968, 0.983, 0.991),
}
OBSERVED_AT = (2, 3, 4, 5, 6, 8)


@dataclass(frozen=True)
class Variation:
    """One other world, and what is done in it."""

    words: str
    world: World = field(default_factory=World)
    correction: str = "digital"
    carrying: bool = True


VARIATIONS = (
    Variation("as above"),
    Variation("earlier z not carried over joins", carrying=False),
    Variation("no measurement error", World(error=0.0)),
    Variation("twice the measurement error", World(error=2.0)),
    Variation("a spread of 0.1 z from day to day besides", World(short_term_sd=0.1)),
    Variation("1 value in 200 mistyped", World(slips=0.005)),
    Variation("1 value in 50 mistyped", World(slips=0.02)),
    Variation("heavy tails: steps of Student’s t, 4 df", World(heavy_tails=True)),
    Variation("term children, paper correction", correction="paper"),
    Variation("born at 27 to 36 weeks, digital correction", World(preterm=True)),
    Variation("born at 27 to 36 weeks, paper correction", World(preterm=True), "paper"),
)


@dataclass(frozen=True)
class Plan:
    """How many children each sort of study has, and how many sorts there are."""

    healthy: int = 20_000  # on the routine and the yearly schedule, under 4 years and from 4
    others: int = 10_000  # on the other schedules
    variation: int = 3_000  # in each other world
    fallen: int = 2_000  # in each sort of fall
    depths: tuple[float, ...] = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0)  # spaces
    durations: tuple[tuple[float, float], ...] = ((4, 4), (8, 8), (12, 12), TARGET_FALL)  # months
    worlds: tuple[Variation, ...] = VARIATIONS


HEAVY_TAILS = next(each for each in VARIATIONS if each.world.heavy_tails)
SMALL = Plan(
    healthy=150,
    others=100,
    variation=60,
    fallen=60,
    depths=(1.5, 2.0, 3.0),
    durations=((4, 4), (8, 8), (12, 12), TARGET_FALL),
    worlds=(VARIATIONS[0], HEAVY_TAILS),
)


@dataclass(frozen=True)
class Results:
    """All studies of one size, each run when first asked for."""

    plan: Plan
    rules: RuleSet = field(default_factory=ruleset)
    quiet: bool = False
    pool: Executor | None = field(default=None, repr=False)

    def run(self, study: Study, count: int) -> Seen:
        """Run a study."""
        if not self.quiet:
            print(f"  {study.schedule.name}, {study.world}", file=sys.stderr, flush=True)
        return run(study, count, self.rules, self.pool)

    @cached_property
    def healthy(self) -> dict[str, tuple[Seen | None, Seen]]:
        """Healthy children of each schedule: those under 4 years, none for some, and from 4."""
        out: dict[str, tuple[Seen | None, Seen]] = {}
        for schedule in (ROUTINE, CLINIC, YEARLY, HALF_YEARLY):
            young = None
            count = self.plan.healthy if schedule in (ROUTINE, YEARLY) else self.plan.others
            if schedule in (ROUTINE, CLINIC):
                young = self.run(Study(schedule, World("who"), ages=YOUNG), count)
            old = self.run(Study(schedule, World("uk90"), ages=OLD), count)
            out[schedule.name] = (young, old)
        return out

    def raised(
        self,
        seen: Seen | None,
        band: tuple[float, float],
        tier: int,
        *,
        rule: str = "",
        without: tuple[str, ...] = (),
        change: bool = True,
    ) -> Share:
        """Return how many healthy children a year are raised to a tier or above.

        By one rule, by all, or by all but those whose ids begin with some words; of change, or of
        level.
        """
        if seen is None:
            return Share(0, 0)
        found = seen.watched.found
        chosen = ~found["apart"].to_numpy() & (found["change"].to_numpy() == change)
        if rule:
            chosen &= (found["rule"] == rule).to_numpy()
        if without:
            chosen &= ~found["rule"].str.startswith(without).to_numpy(dtype=np.bool_)
        level = counting.level_by_visit(seen.watched, chosen)
        return counting.a_year(seen.watched, counting.raised_at(seen.watched, level, tier), band)

    def by_rule(self, code: str, band: tuple[float, float], tier: int, *, change: bool) -> Share:
        """Return how many children a year one rule raises: routine under 4 years, yearly from 4."""
        young = self.healthy[ROUTINE.name][0]
        seen = young if band[1] <= 4 and young is not None else self.healthy[YEARLY.name][1]
        return self.raised(seen, band, tier, rule=code, change=change)

    @cached_property
    def falls(self) -> dict[tuple[float, tuple[float, float]], Seen]:
        """Planted falls of schoolchildren weighed yearly, by depth and duration."""
        return {
            (depth, months): self.fallen(YEARLY, Fall(depth, months))
            for depth in self.plan.depths
            for months in self.plan.durations
        }

    @cached_property
    def falls_by_schedule(self) -> dict[tuple[str, float], Seen]:
        """Planted falls of schoolchildren, by schedule and depth."""
        return {
            (schedule.name, depth): self.fallen(schedule, Fall(depth, TARGET_FALL))
            for schedule in (ROUTINE, CLINIC, HALF_YEARLY)
            for depth in self.plan.depths
        } | {(YEARLY.name, depth): self.falls[depth, TARGET_FALL] for depth in self.plan.depths}

    @cached_property
    def young_falls(self) -> dict[tuple[str, str], Seen]:
        """Planted falls of two spaces in young children, by age and schedule."""
        return {
            (words, schedule.name): self.fallen(schedule, fall)
            for words, fall in YOUNG_FALLS.items()
            for schedule in (ROUTINE, CLINIC)
        }

    @cached_property
    def heads(self) -> dict[tuple[float, str], Seen]:
        """Heads that rise or fall in the first months, by spaces and schedule."""
        return {
            (spaces, schedule.name): self.fallen(schedule, fall)
            for spaces, fall in HEADS.items()
            for schedule in (ROUTINE, CLINIC)
        }

    @cached_property
    def other_sets(self) -> dict[str, list[tuple[Seen, Seen]]]:
        """By the other shipped sets and target band: healthy children, and falls of 2 spaces."""
        return {name: replace(self, rules=ruleset(name)).by_band for name in OTHER_SETS}

    @cached_property
    def by_band(self) -> list[tuple[Seen, Seen]]:
        """In each target band healthy children, and falls of 2 spaces."""
        young = self.run(Study(ROUTINE, World("who"), ages=YOUNG), self.plan.variation)
        old = self.run(Study(YEARLY, World("uk90"), ages=OLD), self.plan.variation)
        first, _, third = YOUNG_FALLS.values()
        return [
            (young, self.fallen(ROUTINE, first)),
            (young, self.fallen(ROUTINE, third)),
            (old, self.fallen(YEARLY, Fall(2.0, TARGET_FALL))),
        ]

    def fallen(self, schedule: Schedule, fall: Fall, **world: float) -> Seen:
        """Return children with a planted fall."""
        anchor = "uk90" if fall.onset_years[0] >= 4 else "who"
        study = Study(schedule, World(anchor, fall=fall, **world))
        return self.run(study, self.plan.fallen)

    def seen(self, fallen: Seen, tier: int, without: str = "") -> tuple[Share, np.ndarray]:
        """Return how many falls are seen by the first visit after, and after how many days."""
        chosen = counting.is_change(fallen.watched)
        if without:
            chosen &= (fallen.watched.found["rule"] != without).to_numpy()
        level = counting.level_by_visit(fallen.watched, chosen)
        return counting.seen(fallen.watched, level, fallen.onset, fallen.bottom, tier)

    @cached_property
    def variations(self) -> list[tuple[Variation, list[Share], Share, Share]]:
        """In each world: raised to act by target band; 2-space falls seen at watch and at act."""
        out = []
        for each in self.plan.worlds:
            options = {"correction": each.correction, "carrying": each.carrying}
            young = Study(ROUTINE, replace(each.world, anchor="who"), ages=YOUNG, **options)
            old = Study(YEARLY, replace(each.world, anchor="uk90"), ages=OLD, **options)
            first = self.run(young, self.plan.variation)
            second = self.run(old, self.plan.variation)
            fall = replace(each.world, anchor="uk90", fall=Fall(2.0, TARGET_FALL))
            down = self.run(Study(YEARLY, fall, **options), self.plan.fallen)
            shares = [
                self.raised(first if band[1] <= 4 else second, band, ACT) for band in TARGET_BANDS
            ]
            out.append((each, shares, self.seen(down, WATCH)[0], self.seen(down, ACT)[0]))
        return out

    @cached_property
    def crossing(self) -> dict[tuple[str, bool], Share]:
        """Children who do not change: raised to watch at the first visit past 4 years, and 6."""
        out = {}
        for carrying in (True, False):
            study = Study(YEARLY, World("uk90", steady=True), carrying=carrying)
            seen = self.run(study, self.plan.variation)
            for words, band in (
                ("from 3 to 4 years", (3.9, 4.2)),
                ("from 5 to 6 years", (5.9, 6.2)),
            ):
                level = counting.level_by_visit(seen.watched, counting.is_change(seen.watched))
                raised = counting.raised_at(seen.watched, level, WATCH)
                years = seen.watched.age / DAYS_IN_YEAR
                here = (years >= band[0]) & (years < band[1])
                out[words, carrying] = Share(int((raised & here).sum()), int(here.sum()))
        return out

    @cached_property
    def alternatives(self) -> tuple[alternatives.Numbers, alternatives.Numbers]:
        """What simpler rules say of healthy schoolchildren weighed yearly, and of 2-space falls."""
        schedule = visits.YEARLY_FROM_BIRTH
        fall = Fall(2.0, TARGET_FALL)
        well = alternatives.numbers(Study(schedule, World("uk90")), self.plan.healthy)
        down = alternatives.numbers(Study(schedule, World("uk90", fall=fall)), self.plan.fallen)
        return well, down

    @cached_property
    def outcomes(self) -> list[shapes.Outcome]:
        """What became of the true-life shapes."""
        return [shapes.outcome(shape) for shape in shapes.shapes()]

    @cached_property
    def tracking(self) -> dict[str, tuple[float, ...]]:
        """r over one year of simulated children as measured, by measure, at the observed ages."""
        ages = sorted({age for start in OBSERVED_AT for age in (start, start + 1)})
        day = {age: float(round(age * DAYS_IN_YEAR)) for age in ages}
        plan = Schedule("birthdays", "", tuple(Visit((day[age], day[age])) for age in ages))
        rng = np.random.default_rng([SEED, 1])
        frame = scoring.scored(
            records(children(rng, plan, self.plan.variation, World("uk90")))
        ).frame
        out = {}
        for measure in OBSERVED:
            wide = frame[frame["measure"] == measure].pivot_table(
                index="child_id", columns="age_days", values="z"
            )
            pairs = ((wide[day[age]], wide[day[age + 1]]) for age in OBSERVED_AT)
            out[measure] = tuple(float(one.corr(other)) for one, other in pairs)
        return out
