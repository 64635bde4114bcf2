"""The page: every table of the study, with what it does and does not show."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from centiles.ages import DAYS_IN_MONTH
from centiles.monitoring.rulesets import SEVERITIES, RuleSet, ruleset
from tools.evidence import alternatives
from tools.evidence.counting import ACT, URGENT, WATCH, Share
from tools.evidence.results import (
    BANDS,
    HEADS,
    LEVEL_KINDS,
    OBSERVED,
    OBSERVED_AT,
    OTHER_SETS,
    TARGET_BANDS,
    TARGET_FALL,
    YOUNG_FALLS,
    Results,
)
from tools.evidence.studies import SEED, Seen
from tools.evidence.visits import CLINIC, HALF_YEARLY, ROUTINE, SCHEDULES, YEARLY

TIERS = (WATCH, ACT, URGENT)
# What the study says nothing about, or says itself: words, and who is to be seen when.
SAID_ONLY = frozenset(
    {"title", "definition", "source", "project", "guidance", "base_rate", "origin"}
)


def page(results: Results) -> str:
    """Return the page: its words are in ``page.md`` beside this file."""
    template = Path(__file__).with_name("page.md").read_text(encoding="utf-8")
    plan = results.plan
    return template.format(
        seed=SEED,
        children=f"{plan.healthy:,}",
        others=f"{plan.others:,}",
        variation=f"{plan.variation:,}",
        fallen=f"{plan.fallen:,}",
        asks=_asks(results),
        targets=_targets(results),
        tracking=_tracking(results),
        schedules=_schedules(),
        healthy=_healthy(results),
        rules_of_change=_rules(results),
        never=_never(results),
        levels=_levels(results),
        falls=_falls(results),
        by_schedule=_by_schedule(results),
        young=_young(results),
        heads=_heads(results),
        other_sets=_other_sets(results),
        alternatives=_alternatives(results),
        variations=_variations(results),
        crossing=_crossing(results),
        shapes_found=_shapes(results, "Must be found", must=True),
        shapes_left=_shapes(results, "Must not be raised", must=False),
        sentences=_sentences(results),
    )


def what_they_ask(rules: RuleSet) -> str:
    """Return the hash of all that decides whether a rule is met and how grave it is, not of words.

    The page names it, so that a test sees rules that have moved since they were studied.
    """
    asked = [
        (
            [
                getattr(rule, each.name)
                for each in fields(rule)
                if each.name not in SAID_ONLY | {"levels"}
            ],
            [
                [getattr(level, each.name) for each in fields(level) if each.name != "see_by"]
                for level in rule.levels
            ],
        )
        for rule in rules.rules
    ]
    return hashlib.sha256(repr(asked).encode()).hexdigest()


def _asks(results: Results) -> str:
    every = [results.rules, *map(ruleset, OTHER_SETS)]
    return ", ".join(f"`{each.name}` {what_they_ask(each)[:12]}" for each in every)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def percent(share: Share) -> str:
    """Return a share in per cent, with its 95 % interval."""
    if not share.of:
        return "–"
    low, high = share.interval
    digits = 2 if share.value < 0.1 else 1
    return f"{100 * share.value:.{digits}f} ({100 * low:.{digits}f}–{100 * high:.{digits}f})"


def _years(band: tuple[float, float]) -> str:
    return f"{band[0]:g}–{band[1]:g} y"


def _targets(results: Results) -> str:
    young, old = results.healthy[ROUTINE.name][0], results.healthy[YEARLY.name][1]
    heavy = next(shares for each, shares, *_ in results.variations if each.world.heavy_tails)
    two, three = (results.falls[depth, TARGET_FALL] for depth in (2.0, 3.0))
    few = (
        ("raised to act a year, birth–1 y, routine visits", results.raised(young, (0, 1), ACT), 4),
        (
            "the same without NEO-LOSS10 and heads",
            results.raised(young, (0, 1), ACT, without=("NEO-", "HEAD-")),
            4,
        ),
        ("raised to act a year, 1–4 y, routine visits", results.raised(young, (1, 4), ACT), 2),
        ("the same, 4–11 y, yearly visits", results.raised(old, (4, 11), ACT), 1),
        ("the same with heavy tails", heavy[2], 2),
    )
    many = (
        ("falls of 2 spaces in 4–12 months seen at watch", results.seen(two, WATCH)[0], 95),
        ("the same at act", results.seen(two, ACT)[0], 90),
        ("falls of 3 spaces seen at watch", results.seen(three, WATCH)[0], 99),
    )
    rows = [
        (words, f"at most {most}", percent(share), _met(100 * share.value <= most))
        for words, share, most in few
    ]
    rows += [
        (words, f"at least {least}", percent(share), _met(100 * share.value >= least))
        for words, share, least in many
    ]
    past_4 = results.crossing["from 3 to 4 years", True]
    past_6 = results.crossing["from 5 to 6 years", True]
    by_chance = past_4.interval[0] <= past_6.interval[1]
    found = f"{percent(past_4)}; past 6 years {percent(past_6)}"
    words = "unchanged children raised to watch at the first visit past 4 years"
    rows.append((words, "no more than by chance", found, _met(by_chance)))
    head = ("rules of change together, at a severity or above", "target", "found [%]", "met")
    return table(head, rows)


def _met(met: bool) -> str:  # noqa: FBT001 - its only argument
    return "yes" if met else "**no**"


def _tracking(results: Results) -> str:
    head = ("r over one year from", *(f"{age} y" for age in OBSERVED_AT))
    rows = []
    for measure, seen in OBSERVED.items():
        rows.append((f"{measure}, simulated", *(f"{r:.2f}" for r in results.tracking[measure])))
        rows.append((f"{measure}, 136 children", *(f"{r:.2f}" for r in seen)))
    return table(head, rows)


def _schedules() -> str:
    rows = [(f"**{schedule.name}**", schedule.words) for schedule in SCHEDULES]
    return table(("schedule", "visits"), rows)


def _healthy(results: Results) -> str:
    rows = []
    for schedule in (ROUTINE, CLINIC, YEARLY, HALF_YEARLY):
        young, old = results.healthy[schedule.name]
        for tier in TIERS:
            by_band = ((young if band[1] <= 4 else old, band) for band in BANDS)
            cells = (
                "–" if seen is None else percent(results.raised(seen, band, tier))
                for seen, band in by_band
            )
            rows.append((schedule.name if tier == WATCH else "", SEVERITIES[tier], *cells))
    return table(("schedule", "at or above", *map(_years, BANDS)), rows)


def _met_rules(results: Results) -> set[str]:
    """Return the rules of change that any healthy child met."""
    found: set[str] = set()
    for name in (ROUTINE.name, YEARLY.name):
        for seen in results.healthy[name]:
            if seen is not None:
                table_ = seen.watched.found
                found |= set(table_.loc[table_["change"], "rule"])
    return found


def _rules(results: Results) -> str:
    met, rows = _met_rules(results), []
    for code in (rule.id for rule in results.rules.rules if rule.id in met):
        cells = []
        for band in BANDS:
            shares = [results.by_rule(code, band, tier, change=True) for tier in TIERS]
            said = " / ".join(f"{1000 * share.value:.1f}" for share in shares)
            cells.append(said if any(share.hits for share in shares) else "–")
        rows.append((code, *cells))
    return table(("rule", *map(_years, BANDS)), rows)


def _never(results: Results) -> str:
    met = _met_rules(results)
    never = [
        rule.id
        for rule in results.rules.rules
        if rule.id not in met and rule.kind not in LEVEL_KINDS
    ]
    return f"Met by none of them: {', '.join(never)}.\n" if never else ""


def _levels(results: Results) -> str:
    young, old = results.healthy[ROUTINE.name][0], results.healthy[YEARLY.name][1]
    rows = []
    for tier in TIERS:
        shares = (
            results.raised(young if band[1] <= 4 else old, band, tier, change=False)
            for band in BANDS
        )
        rows.append((SEVERITIES[tier], *map(percent, shares)))
    return table(("at or above", *map(_years, BANDS)), rows)


def _falls(results: Results) -> str:
    rows = []
    for depth in results.plan.depths:
        for months in results.plan.durations:
            fallen = results.falls[depth, months]
            cells = [percent(results.seen(fallen, tier)[0]) for tier in TIERS]
            without = percent(results.seen(fallen, ACT, "TRAJECTORY")[0])
            words = "–".join(f"{end:.0f}" for end in dict.fromkeys(months))
            rows.append((f"{depth:g}", words, *cells, without))
    head = ("spaces", "months", "watch", "act", "urgent", "act, without TRAJECTORY")
    return table(head, rows)


def _waited(results: Results, fallen: Seen, tier: int) -> str:
    """Return after how many months half of the falls that are seen are, and 90 %."""
    days = results.seen(fallen, tier)[1]
    months = days[np.isfinite(days)] / DAYS_IN_MONTH
    return f"{np.median(months):.0f}; {np.quantile(months, 0.9):.0f}" if len(months) else "–"


def _by_schedule(results: Results) -> str:
    rows = []
    for schedule in (ROUTINE, YEARLY, HALF_YEARLY, CLINIC):
        for depth in (1.5, 2.0, 3.0):
            fallen = results.falls_by_schedule[schedule.name, depth]
            cells = (percent(results.seen(fallen, tier)[0]) for tier in (WATCH, ACT))
            waits = (_waited(results, fallen, tier) for tier in (WATCH, ACT))
            rows.append((schedule.name, f"{depth:g}", *cells, *waits))
    head = ("schedule", "spaces", "watch", "act", "months to watch", "months to act")
    return table(head, rows)


def _young(results: Results) -> str:
    rows = []
    for words in YOUNG_FALLS:
        for schedule in (ROUTINE, CLINIC):
            fallen = results.young_falls[words, schedule.name]
            cells = (percent(results.seen(fallen, tier)[0]) for tier in (WATCH, ACT))
            rows.append((words, schedule.name, *cells, _waited(results, fallen, WATCH)))
    head = ("falls of 2 spaces in the", "schedule", "watch", "act", "months to watch")
    return table(head, rows)


def _heads(results: Results) -> str:
    rows = []
    for spaces in HEADS:
        words = f"rises by {spaces}" if spaces > 0 else f"falls by {-spaces}"
        for schedule in (ROUTINE, CLINIC):
            moved = results.heads[spaces, schedule.name]
            cells = (percent(results.seen(moved, tier)[0]) for tier in (WATCH, ACT))
            rows.append((words, schedule.name, *cells))
    return table(("the head", "schedule", "watch", "act"), rows)


def _other_sets(results: Results) -> str:
    rows = []
    for name, by_band in results.other_sets.items():
        for band, (healthy, fallen) in zip(TARGET_BANDS, by_band, strict=True):
            raised = (
                percent(results.raised(healthy, band, tier, change=change))
                for change in (True, False)
                for tier in (WATCH, ACT)
            )
            seen = (percent(results.seen(fallen, tier)[0]) for tier in (WATCH, ACT))
            rows.append((f"`{name}`", _years(band), *raised, *seen))
    head = ("set", "age", "watch", "act", "level: watch", "act", "falls seen at watch", "at act")
    return table(head, rows)


def _alternatives(results: Results) -> str:
    well, down = results.alternatives
    band = (4.0, 11.0)
    rows = [
        (
            words,
            percent(alternatives.flagged_a_year(well, name, cut, band)),
            percent(alternatives.seen_by(down, name, cut)),
        )
        for name, (words, cut) in alternatives.RULES.items()
    ]
    old, fallen = results.healthy[YEARLY.name][1], results.falls[2.0, TARGET_FALL]
    for without in ("", "TRAJECTORY"):
        for tier in TIERS:
            name = f"**the rule set at {SEVERITIES[tier]}**"
            flagged = percent(
                results.raised(old, band, tier, without=(without,) if without else ())
            )
            seen = percent(results.seen(fallen, tier, without)[0])
            rows.append((f"{name} without {without}" if without else name, flagged, seen))
    return table(("rule", "healthy flagged a year [%]", "falls seen [%]"), rows)


def _variations(results: Results) -> str:
    rows = [
        (each.words, *map(percent, shares), percent(watch), percent(act))
        for each, shares, watch, act in results.variations
    ]
    bands = (f"raised, {_years(band)}" for band in TARGET_BANDS)
    return table(("world", *bands, "seen at watch", "seen at act"), rows)


def _crossing(results: Results) -> str:
    when = ("from 3 to 4 years", "from 5 to 6 years")
    rows = [
        (words, *(percent(results.crossing[each, carrying]) for each in when))
        for carrying, words in ((True, "carried"), (False, "not carried"))
    ]
    return table(("earlier z", "at the first visit past 4 years", "past 6 years"), rows)


def _shapes(results: Results, title: str, *, must: bool) -> str:
    rows = [
        (
            each.shape.title,
            each.shape.asked,
            each.level or "none",
            ", ".join(each.rules) or "–",
            _met(each.kept),
        )
        for each in results.outcomes
        if each.shape.must == must
    ]
    return table((title, "asked", "level", "findings open", "as asked"), rows)


def _sentences(results: Results) -> str:
    said = (each for each in results.outcomes if each.shape.must and each.sentence)
    return "\n".join(f"- {each.shape.title}:\n  > {each.sentence}" for each in said) + "\n"
