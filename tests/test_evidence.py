"""The study behind docs/evidence.md, in small: its machinery is sound, its results not far off."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from centiles import zscores
from centiles.ages import DAYS_IN_MONTH, DAYS_IN_YEAR, corrected_age_days
from centiles.checks import check
from centiles.lms import SPACE
from centiles.measures import MEASURES
from centiles.monitoring.correlations import correlation
from centiles.monitoring.rulesets import ruleset
from centiles.monitoring.schema import Rule
from centiles.references import reference, table_codes
from tools.evidence import alternatives, counting, model, page, rates, shapes, visits
from tools.evidence.children import Fall, World, children, records
from tools.evidence.counting import ACT, WATCH, Share
from tools.evidence.results import OTHER_SETS, SMALL, TARGET_FALL, Plan, Results
from tools.evidence.studies import Study, run, without_carrying
from tools.evidence.watching import Watched, watched

DOCS = Path(__file__).parents[1] / "docs"
NAMES = list(map(str, MEASURES))


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


# ---- the children


@pytest.mark.parametrize("heavy_tails", [False, True])
def test_children_are_standard_normal_and_go_as_the_model_says(heavy_tails) -> None:
    """At nodes and between them, to the error of 20,000 children."""
    course = model.courses(rng(), 20_000, heavy_tails=heavy_tails)
    years = np.array([1.0, 4.6, 5.6, 9.3, 10.3])
    age = np.broadcast_to(years * DAYS_IN_YEAR, (20_000, 5))
    for measure in ("weight", "height"):
        u = course.at(measure, age)
        assert np.abs(u.mean(axis=0)).max() < 0.03
        assert np.abs(u.std(axis=0) - 1).max() < 0.05
        found = np.corrcoef(u.T)
        for i, j in ((1, 2), (3, 4)):
            expected = float(correlation(measure, age[0, i], age[0, j]))
            assert found[i, j] == pytest.approx(expected, abs=0.012)
    both = np.corrcoef(course.at("weight", age)[:, 3], course.at("height", age)[:, 3])
    assert both[0, 1] == pytest.approx(0.7, abs=0.02)


def test_a_child_keeps_its_size_on_its_fourth_birthday() -> None:
    u = np.array([[-2.0, -2.0], [0.5, 0.5]])
    sex = np.array(["male", "female"])
    age = np.array([[1460.0, 1461.0]] * 2)
    for anchor in ("who", "uk90"):
        z = model.z_of(u, "height", sex, age, anchor)
        cm = zscores.measurement(z, measure="height", sex=sex[:, None], age_days=age)
        assert np.diff(cm, axis=1).ravel() == pytest.approx(0, abs=0.03)
        own = {"who": 0, "uk90": 1}[anchor]
        assert (z[:, own] == u[:, own]).all()
        assert (z[:, 1 - own] != u[:, 1 - own]).all()


def test_the_same_seed_makes_the_same_children_and_another_others() -> None:
    study = Study(visits.ROUTINE, World())
    one, again = study.simulated(0, 50), study.simulated(0, 50)
    assert (one.value == again.value).all()
    assert len(study.simulated(2000, 50).value) != len(one.value)
    mistyped = Study(visits.ROUTINE, World(slips=0.05)).simulated(0, 50)
    changed = mistyped.value != one.value
    assert 0.01 < changed.mean() < 0.1  # the same children, a few values mistyped


def test_a_planted_fall_is_as_deep_as_it_says() -> None:
    """Without measurement error, beside the same children without it."""
    fall = Fall(2.0, (6.0, 6.0), (5.0, 7.0))
    down = children(rng(), visits.YEARLY, 40, World("uk90", error=0, fall=fall, steady=True))
    rows = down.measure == 0
    z = zscores.zscore(
        down.value[rows],
        measure="weight",
        sex=np.where(down.male, "male", "female")[down.child[rows]],
        age_days=down.age[rows],
        gestation_days=down.gestation[down.child[rows]],
    )
    age, child = down.age[rows], down.child[rows]
    for k in range(40):
        mine = child == k
        before = z[mine & (age < down.onset[k]) & (age > 4.3 * DAYS_IN_YEAR)]
        after = z[mine & (age >= down.bottom[k]) & (age < 12 * DAYS_IN_YEAR)]
        if len(before) and len(after):
            assert before.mean() - after.mean() == pytest.approx(2 * SPACE, abs=0.03)
    assert down.bottom - down.onset == pytest.approx(6 * DAYS_IN_MONTH)


def test_visits_are_in_order_once_a_day_and_as_often_as_the_schedule_says() -> None:
    for schedule in (*visits.SCHEDULES, visits.YEARLY_FROM_BIRTH):
        seen = visits.visits(rng(), schedule, 300)
        steps = np.diff(seen.age, axis=1)
        assert (steps[np.isfinite(steps)] > 0).all()
        assert np.nanmax(seen.age) < 17 * DAYS_IN_YEAR
    yearly = visits.visits(rng(), visits.YEARLY, 300)
    assert np.isfinite(yearly.age).all()


# ---- what is counted


def test_the_last_visit_says_what_a_check_of_all_values_says() -> None:
    """The counting goes by visits; at each child's last it must be the library's own answer."""
    world = World("uk90", fall=Fall(3.0, TARGET_FALL), slips=0.01)
    simulated = children(rng(9), visits.ROUTINE, 120, world)
    seen = watched(simulated, ruleset())
    last = np.r_[np.flatnonzero(np.diff(seen.child)), len(seen.child) - 1]
    mine = seen.found[seen.found["visit"].isin(last)]
    found = sorted(zip(seen.child[mine["visit"]], mine["rule"], strict=True))
    done = check(records(simulated), today="2040-01-01")
    open_ = done.findings[done.findings["state"].isin(["new", "sustained", "recovering"])]
    number = open_["child_id"].str[1:].astype(int)
    expected = sorted(zip(number, open_["rule"].astype(str), strict=True))
    # A check knows nothing of what lapsed long ago on another child's last day.
    assert [each for each in found if each in expected] == expected
    assert len(expected) > 30


def by_hand() -> Watched:
    """Two children: one raised to watch at 5 and act at 6, one to act at 5.5 by a level rule."""
    age = np.array([4.0, 5.0, 6.0, 7.0, 4.5, 5.5]) * DAYS_IN_YEAR
    found = pd.DataFrame(
        {
            "visit": [1, 2, 3, 5],
            "rule": ["A", "A", "A", "B"],
            "severity": [WATCH, ACT, ACT, ACT],
            "change": [True, True, True, False],
            "apart": False,
            "recovering": False,
        }
    )
    return Watched(np.array([0, 0, 0, 0, 1, 1]), age, 2, found)


def test_a_child_is_raised_once_where_it_comes_to_a_severity() -> None:
    seen = by_hand()
    level = counting.level_by_visit(seen, counting.is_change(seen))
    assert level.tolist() == [-1, WATCH, ACT, ACT, -1, -1]
    assert np.flatnonzero(counting.raised_at(seen, level, WATCH)).tolist() == [1]
    assert np.flatnonzero(counting.raised_at(seen, level, ACT)).tolist() == [2]
    share = counting.a_year(seen, counting.raised_at(seen, level, ACT), (4, 8))
    assert (share.hits, share.of) == (1, 8)  # 2 children, 4 years


def test_a_fall_is_seen_by_the_first_visit_after_its_bottom_or_not() -> None:
    seen = by_hand()
    level = counting.level_by_visit(seen, counting.is_change(seen))
    onset = np.array([4.8, 4.8]) * DAYS_IN_YEAR
    at_once = counting.seen(seen, level, onset, onset + 10, WATCH)
    assert (at_once[0].hits, at_once[0].of) == (1, 2)
    assert at_once[1][0] == pytest.approx(0.2 * DAYS_IN_YEAR)
    assert counting.seen(seen, level, onset, onset + 10, ACT)[0].hits == 0  # a visit late
    later = counting.seen(seen, level, onset, onset + 1.1 * DAYS_IN_YEAR, ACT)
    assert (later[0].hits, later[0].of) == (1, 1)  # the other has no visit after


def test_intervals_are_wilsons() -> None:
    """5 of 100 by hand: z² = 3.8415; (0.05 + 0.019207 ± 1.96·√(0.000475 + 0.000096))/1.038415."""
    low, high = Share(5, 100).interval
    assert low == pytest.approx(0.021543, abs=2e-5)
    assert high == pytest.approx(0.111755, abs=2e-5)
    assert Share(0, 50).interval[0] == 0.0
    assert np.isnan(Share(0, 0).value)


def test_simpler_rules_are_what_they_say() -> None:
    """Against plain loops over each child's visits."""
    study = Study(visits.YEARLY_FROM_BIRTH, World("uk90"))
    simulated = study.simulated(0, 40)
    found = alternatives.numbers(study, 40)
    rows = simulated.measure == 0
    corrected = corrected_age_days(simulated.age, simulated.gestation[simulated.child])
    z = np.asarray(
        zscores.zscore(
            simulated.value, measure="weight", age_days=corrected,
            sex=np.where(simulated.male, "male", "female")[simulated.child],
        )
    )  # fmt: skip
    for child in range(40):
        mine = rows & (simulated.child == child)
        course = z[mine]
        highest = np.maximum.accumulate(course) - course
        here = found.by_rule["highest"][found.child == child]
        assert here == pytest.approx(highest, abs=1e-9)
        assert (found.age[found.child == child] == simulated.age[mine]).all()
    years = found.age / DAYS_IN_YEAR
    late = (years > 6) & np.isfinite(found.by_rule["year"])
    wider = found.by_rule["dutch"][late] >= found.by_rule["year"][late] - 1e-9
    assert wider.all()  # a longer window falls no less


# ---- what comes out


def test_coarse_targets_hold() -> None:
    """Healthy schoolchildren are seldom raised to act, and deep falls are nearly always seen."""
    well = run(Study(visits.YEARLY, World("uk90"), ages=(4 * DAYS_IN_YEAR, 11 * DAYS_IN_YEAR)), 400)
    results = Results(Plan())
    share = results.raised(well, (4, 11), ACT)
    assert share.of == 2800
    assert share.interval[0] < 0.01
    assert share.value < 0.02
    down = run(Study(visits.YEARLY, World("uk90", fall=Fall(3.0, TARGET_FALL))), 150)
    assert results.seen(down, WATCH)[0].value > 0.97
    assert results.seen(down, ACT)[0].value > 0.93
    assert results.seen(down, ACT, "TRAJECTORY")[0].value < results.seen(down, ACT)[0].value


def test_crossing_4_years_unchanged_raises_nobody_by_carrying() -> None:
    steady = World("uk90", steady=True, error=0.0)
    ages = (3.5 * DAYS_IN_YEAR, 4.5 * DAYS_IN_YEAR)
    study = Study(visits.YEARLY, steady, ages=ages)
    seen = run(study, 150).watched
    assert not counting.is_change(seen).any()
    assert len(seen.age) > 100


def test_carrying_is_left_out_only_where_it_is_said() -> None:
    """A girl's weight z −2 before 4 years is −2.36 after (the plan's table)."""
    known, girl = reference(), table_codes(0, np.array([False]))
    names = [section.name for section in known.sections]
    ends = (np.array([names.index(name)]) for name in ("who_child", "uk90_child"))
    asked = (np.array([-2.0]), girl, *ends)
    assert known.carried(*asked)[0] == pytest.approx(-2.36, abs=0.005)
    with without_carrying():
        assert known.carried(*asked)[0] == -2.0
    assert known.carried(*asked)[0] == pytest.approx(-2.36, abs=0.005)


@pytest.mark.parametrize("shape", shapes.shapes(), ids=lambda shape: shape.title)
def test_shapes_from_life_are_as_asked(shape) -> None:
    found = shapes.outcome(shape)
    assert found.kept, (found.level, found.rules)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["uk", *OTHER_SETS])
def test_the_page_is_about_the_rules_as_they_are(name) -> None:
    """Red where an age, a window, an amount or a severity has moved: run ``make evidence``."""
    committed = (DOCS / "evidence.md").read_text(encoding="utf-8")
    assert f"`{name}` {page.what_they_ask(ruleset(name))[:12]}" in committed


def test_what_rules_ask_changes_with_what_decides_and_not_with_words() -> None:
    rules = ruleset()
    first, *others = rules.rules
    level = first.levels[0]

    def asked(rule: Rule) -> str:
        return page.what_they_ask(replace(rules, rules=(rule, *others)))

    said = replace(first, title="Other words", guidance="Other words", base_rate={})
    assert asked(said) == asked(first)
    moved = [
        replace(first, levels=(replace(level, amount=level.amount + 0.1),)),
        replace(first, levels=(replace(level, severity="watch"),)),
        replace(first, levels=(replace(level, when=("sustained",)),)),
        replace(first, to_day=16.0),
    ]
    assert len({asked(rule) for rule in (first, *moved)}) == 5


def test_a_planted_rise_of_heads_moves_heads_alone() -> None:
    """Two spaces up by four months: 4/3 z in the mean, and nothing in weight."""
    world = World("who", fall=Fall(-2.0, (1.0, 2.0), (0.02, 0.15), "head"))
    rose = children(rng(), visits.ROUTINE, 3000, world)
    plain = children(rng(), visits.ROUTINE, 3000, World("who"))
    for name, moved in (("head", 4 / 3), ("weight", 0.0)):
        z = []
        for each in (rose, plain):
            use = (each.measure == NAMES.index(name)) & (each.age > 300) & (each.age < 420)
            sex = np.where(each.male[each.child[use]], "male", "female")
            z.append(
                zscores.zscore(
                    each.value[use], measure=name, sex=sex, age_days=each.age[use],
                    gestation_days=each.gestation[each.child[use]],
                ).mean()
            )  # fmt: skip
        assert z[0] - z[1] == pytest.approx(moved, abs=0.08)


def test_the_page_and_the_base_rates_come_out_whole() -> None:
    tiny = replace(SMALL, healthy=60, others=40, variation=30, fallen=40)
    results = Results(tiny, quiet=True)
    text = page.page(results)
    committed = (DOCS / "evidence.md").read_text(encoding="utf-8")
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [line for line in committed.splitlines() if line.startswith("#")]
    assert "{" not in text
    found = tomllib.loads(rates.base_rates(results))
    assert found["uk"]["TRAJECTORY"]["watch"]
    for by_severity in found["uk"].values():
        for bands in by_severity.values():
            assert all(low < high and 0 <= share < 1 for low, high, share in bands)
