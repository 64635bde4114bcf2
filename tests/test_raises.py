"""What raises a finding by one level, what only marks it, and what keeps it aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.checks import Checked, check
from tests.cohorts import Row, at
from tests.cohorts import check as check_rows
from tests.examples import examples
from tests.visits import BORN, ONE_RULE, TODAY, Visit, checked, day, event, records

FALLS = {"watch": -0.7, "act": -1.1, "urgent": -1.5}
UP = {"watch": "act", "act": "urgent", "urgent": "urgent"}


def fall(child: str, level: str, *, at_age: int = 2700, **others: Any) -> list[Visit]:
    """Return a child with one finding of a level, opened at an age."""
    ages = ((at_age - 300, 0.0), (at_age, FALLS[level]))
    return [Visit(child, age, weight=z, **others) for age, z in ages]


def level(done: Checked, child: str) -> str:
    """Return the severity of a child's only finding."""
    (found,) = done.findings[done.findings["child_id"] == child].itertuples()
    return str(found.severity)


def raised_by(done: Checked, child: str) -> str:
    (found,) = done.findings[done.findings["child_id"] == child].itertuples()
    return str(found.raised_by)


# ---- SIBLINGS


@pytest.mark.parametrize("grade", FALLS)
def test_two_children_of_a_household_raise_each_other(grade: str) -> None:
    done = checked([*fall("a", grade, home="F1"), *fall("b", "watch", home="F1")])
    assert (level(done, "a"), level(done, "b")) == (UP[grade], "act")
    assert raised_by(done, "a") == ("" if grade == "urgent" else "SIBLINGS")


def test_one_level_in_all_and_from_the_level_before() -> None:
    """Three children, and events: still one level; what is raised raises no further."""
    family = [visit for child in "abc" for visit in fall(child, "watch", home="F1")]
    events = [event(child, 2700, "injury") for child in "abc"]
    done = checked(family, events=events)
    assert {level(done, child) for child in "abc"} == {"act"}
    assert {raised_by(done, child) for child in "abc"} == {"SIBLINGS; EVENT"}


@pytest.mark.parametrize(("apart", "grade"), [(365, "act"), (366, "watch")])
def test_siblings_within_12_months(apart: int, grade: str) -> None:
    done = checked(
        [*fall("a", "watch", home="F1"), *fall("b", "watch", home="F1", at_age=2700 + apart)]
    )
    assert level(done, "a") == level(done, "b") == grade


def test_a_sibling_without_a_finding_or_of_another_household_raises_nobody() -> None:
    steady = [Visit("b", age, weight=0.0, home="F1") for age in (2400, 2700)]
    done = checked([*fall("a", "watch", home="F1"), *steady, *fall("c", "watch", home="F2")])
    assert level(done, "a") == level(done, "c") == "watch"
    alone = checked([*fall("a", "watch"), *fall("b", "watch")])  # no household is none shared
    assert level(alone, "a") == level(alone, "b") == "watch"


@pytest.mark.parametrize(("size", "grade"), [(10, "act"), (11, "watch")])
def test_a_household_of_more_than_ten_concludes_nothing(size: int, grade: str) -> None:
    others = [Visit(f"c{k}", 2700, weight=0.0, home="H") for k in range(size - 2)]
    done = checked([*fall("a", "watch", home="H"), *fall("b", "watch", home="H"), *others])
    assert level(done, "a") == grade
    assert ("P25" in set(done.problems["code"])) == (size > 10)


# ---- EVENT


@pytest.mark.parametrize(
    ("age", "kind", "grade"),
    [
        (2700, "injury", "act"),
        (2700, "domestic abuse notification", "act"),
        (2700, "feeding concern", "act"),
        (2700, "eating difficulties", "act"),
        (2700, "house move", "watch"),
        (2700, "neglect", "watch"),
        (2518, "injury", "act"),  # 6 months are 182.6 days
        (2517, "injury", "watch"),
        (2882, "injury", "act"),
        (2883, "injury", "watch"),
    ],
)
def test_an_event_near_a_fall(age: int, kind: str, grade: str) -> None:
    done = checked(
        [*fall("a", "watch"), Visit("z", 3000, weight=0.0)], events=[event("a", age, kind)]
    )
    assert level(done, "a") == grade


def test_missed_appointments_only_when_two() -> None:
    once = [event("a", 2600, "DNA")]
    for events, grade in (
        (once, "watch"),
        (once * 2, "watch"),  # the same, entered twice
        ([*once, event("a", 2650, "was not brought")], "act"),
        ([*once, event("b", 2650, "was not brought")], "watch"),
    ):
        assert level(checked(fall("a", "watch") + fall("b", "urgent"), events=events), "a") == grade


def test_an_event_says_nothing_of_a_level() -> None:
    """BMI or weight merely low, and unchanged: there is no fall the event could be near."""
    visits = [Visit("a", age, weight=-2.8, height=0.0) for age in (2400, 2700)]
    done = checked(visits, options={"rules": "nice-ng75"}, events=[event("a", 2700, "injury")])
    assert set(done.findings["raised_by"]) <= {""}


def test_a_sensitive_event_raises_and_is_named_only_on_request() -> None:
    visits, events = fall("a", "watch"), [event("a", 2700, "injury", sensitive="yes")]
    for sensitive, named, said in (
        (False, "other information held", "Raised: other information held."),
        (True, "EVENT", "Raised: an event near a fall."),
    ):
        done = checked(visits, options={"sensitive": sensitive}, events=events)
        (found,) = done.findings.itertuples()
        assert (found.severity, found.raised_by) == ("act", named)
        assert said in found.sentence
    both = checked(visits, events=[*events, event("a", 2690, "injury", sensitive="no")])
    assert raised_by(both, "a") == "EVENT"


def test_what_is_printed_names_no_raise_unless_asked() -> None:
    done = checked([*fall("a", "watch", home="F1"), *fall("b", "watch", home="F1")])
    for sentence in done.findings["sentence"]:
        assert "Raised: other information held." in sentence


def test_a_raised_finding_is_to_be_seen_as_soon_as_its_new_level_asks() -> None:
    done = checked(fall("a", "watch"), events=[event("a", 2700, "injury")])
    (found,) = done.findings.itertuples()
    assert found.see_by == pd.Timestamp(BORN + 2700 + 14)
    assert found.block == "act"


# ---- TOGETHER


def test_two_measures_that_fall_within_a_year_raise_watch_to_act() -> None:
    """A weight fall of a space within a year, and a height fall of two within three years."""

    def rows(height_at: int) -> list[Row]:
        weight = [at("a", age, "weight", z) for age, z in ((2400, 0.0), (2700, -0.7))]
        height = [
            at("a", age, "height", z) for age, z in ((height_at - 900, 0.0), (height_at, -1.45))
        ]
        return [*weight, *height]

    for height_at, raised in ((2700, True), (3065, True), (3066, False)):
        done = check_rows(rows(height_at))
        found = done.findings.set_index("rule")
        assert ("TOGETHER" in found.loc["WT-FALL-1Y", "raised_by"]) == raised
        assert found.loc["WT-FALL-1Y", "severity"] == ("act" if raised else "watch")


def test_weight_and_bmi_are_one_measure() -> None:
    visits = [Visit("a", age, weight=z, height=0.0) for age, z in ((2400, 0.0), (2700, -1.0))]
    done = checked(visits, options={"rules": "uk"})
    assert {"weight", "bmi"} <= set(done.findings["measure"])
    assert not done.findings["raised_by"].str.contains("TOGETHER").any()


# ---- what is never raised


def test_a_doubtful_value_neither_raises_nor_is_raised() -> None:
    typed = [*fall("a", "watch", home="F1")[:1], Visit("a", 2700, weight=-6.5, home="F1")]
    done = checked([*typed, *fall("b", "watch", home="F1")], events=[event("a", 2700, "injury")])
    mine = done.findings[done.findings["child_id"] == "a"]
    if (mine["block"] == "verify today").all():
        assert set(mine["raised_by"]) == {""}
        assert level(done, "b") == "watch"


# ---- a plain reference: one finding after another, in words


FAMILY = st.fixed_dictionaries(
    {
        "grades": st.lists(st.sampled_from(["", *FALLS]), min_size=1, max_size=4),
        "homes": st.lists(st.sampled_from(["F1", "F2", ""]), min_size=4, max_size=4),
        "shifts": st.lists(st.sampled_from([0, 100, 365, 366, 500]), min_size=4, max_size=4),
        "events": st.lists(
            st.tuples(
                st.integers(0, 3),
                st.sampled_from([2300, 2517, 2518, 2700, 2882, 2883, 3300]),
                st.sampled_from(["injury", "feeding", "missed appointment", "move", "DNA"]),
            ),
            max_size=5,
        ),
    }
)


@examples(0.2)
@given(family=FAMILY)
def test_levels_are_those_a_plain_reading_of_the_rules_gives(family: Any) -> None:
    children = list(zip("abcd", family["grades"], family["homes"], family["shifts"], strict=False))
    visits = [Visit("z", 3500, weight=0.0)]
    for child, grade, home, shift in children:
        if grade:
            visits += fall(child, grade, home=home, at_age=2700 + shift)
        else:
            visits += [Visit(child, 2700 + shift, weight=0.0, home=home)]
    events = [event("abcd"[who], age, kind) for who, age, kind in family["events"]]
    done = checked(visits, **({"events": events} if events else {}))
    fallen = {child: (grade, home, 2700 + s) for child, grade, home, s in children if grade}
    for child, (grade, home, when) in fallen.items():
        sibling = any(
            other != child and home and theirs == home and abs(when - then) <= 365
            for other, (_, theirs, then) in fallen.items()
        )
        mine = {
            (age, kind)
            for who, age, kind in family["events"]
            if "abcd"[who] == child and when - 182.625 <= age <= when + 182.625
        }
        harm = any(kind in ("injury", "feeding") for _, kind in mine)
        missed = len({age for age, kind in mine if kind in ("missed appointment", "DNA")}) >= 2
        raised = sibling or harm or missed
        assert level(done, child) == (UP[grade] if raised else grade)
        words = [w for w, holds in (("SIBLINGS", sibling), ("EVENT", harm or missed)) if holds]
        assert raised_by(done, child) == ("" if grade == "urgent" else "; ".join(words))


@examples(0.1)
@given(order=st.permutations(range(8)))
def test_the_order_of_rows_and_other_children_change_nothing(order: list[int]) -> None:
    family = [*fall("a", "watch", home="F1"), *fall("b", "act", home="F1")]
    others = [*fall("c", "watch", home="F2"), *fall("d", "urgent")]
    whole = checked([*family, *others], events=[event("c", 2700, "injury")])
    mixed = checked([[*family, *others][k] for k in order], events=[event("c", 2700, "injury")])
    part = checked(family)
    shown = ["child_id", "rule", "severity", "raised_by"]
    by_child = whole.findings[shown].sort_values("child_id", ignore_index=True)
    pd.testing.assert_frame_equal(
        by_child, mixed.findings[shown].sort_values("child_id", ignore_index=True),
        check_categorical=False,
    )  # fmt: skip
    alone = part.findings[shown].sort_values("child_id", ignore_index=True)
    pd.testing.assert_frame_equal(by_child[:2], alone, check_categorical=False)


# ---- XSERVICE: marked, and never raised


def services(*parts: tuple[str, int, float]) -> list[Row]:
    """Return weights of one child, each from a source."""
    return [at("a", age, "weight", z, source=source) for source, age, z in parts]


def test_a_finding_no_single_source_shows_is_marked() -> None:
    for parts, marked in (
        ((("a.csv", 2400, 0.0), ("b.csv", 2700, -0.7)), True),
        ((("a.csv", 2400, 0.0), ("a.csv", 2700, -0.7)), False),
        ((("a.csv", 2400, 0.0), ("a.csv", 2700, -0.7), ("b.csv", 2750, -0.7)), False),
        # b.csv has the same weight as a.csv of that day, so it sees the fall too.
        ((("a.csv", 2400, 0.0), ("b.csv", 2400, 0.0), ("b.csv", 2700, -0.7)), False),
    ):
        done = check_rows(services(*parts), rules=ONE_RULE)
        assert done.findings["cross_service"].tolist() == [marked]
        assert done.findings["raised_by"].tolist() == [""]


def test_of_equals_the_one_that_nobody_could_see_comes_first() -> None:
    rows = [
        at("seen", 2400, "weight", 0.0, source="a.csv"),
        at("seen", 2700, "weight", -0.8, source="a.csv"),
        at("unseen", 2400, "weight", 0.0, source="b.csv"),
        at("unseen", 2700, "weight", -0.8, source="c.csv"),
    ]
    done = check_rows(rows, rules=ONE_RULE)
    assert done.children["child_id"].tolist() == ["unseen", "seen"]


# ---- actions


def answered(*actions: dict[str, str], visits: Sequence[Visit] = (), now: int = 2760) -> Any:
    seen = [*fall("a", "watch"), *visits, Visit("z", 4000, weight=0.0)]
    done = checked(seen, options={"as_of": day(now)}, actions=list(actions))
    return done, next(done.findings[done.findings["child_id"] == "a"].itertuples())


def action(age: int, review: int | None = None, rule: str = "WT-FALL-1Y") -> dict[str, str]:
    """Return a row of an actions file."""
    review_on = "" if review is None else day(review)
    return {"child_id": "a", "rule": rule, "date": day(age), "review_on": review_on}


def test_an_action_keeps_a_finding_aside_until_its_review() -> None:
    for now, block in ((2799, "known"), (2800, "watch")):
        done, found = answered(action(2710, 2800), now=now)
        assert (found.block, found.severity, found.state) == (block, "watch", "new")
        assert done.children["block"][0] == block
        assert done.children["level"][0] == "watch"
        assert found.see_by == pd.Timestamp(BORN + 2800)
    assert "Known, next review" in answered(action(2710, 2800), now=2799)[1].sentence


def test_a_further_fall_since_the_action_brings_it_back() -> None:
    """A third of a space is 0.222 z."""
    for z, block in ((-0.92, "known"), (-0.93, "watch")):
        more = [Visit("a", 2750, weight=z)]
        assert answered(action(2710, 3000), visits=more)[1].block == block
    before = [Visit("a", 2705, weight=-0.93)]  # not since, but before
    assert answered(action(2710, 3000), visits=before)[1].block == "known"


def test_an_action_before_the_finding_or_on_another_rule_answers_nothing() -> None:
    assert answered(action(2699, 3000))[1].block == "watch"
    done, found = answered(action(2710, 3000, rule="WT-LOST"))
    assert found.block == "watch"
    assert "F22" in set(done.problems["code"])


def test_an_action_without_a_review_is_to_be_reviewed_as_a_finding_of_that_day() -> None:
    """Watch: 8 weeks after the action."""
    assert answered(action(2710), now=2765)[1].block == "known"
    assert answered(action(2710), now=2766)[1].block == "watch"


def test_a_review_that_passed_is_overdue_and_an_action_too_late_counts_as_missed() -> None:
    in_time, _ = answered(action(2710, 2800), now=2801)
    late, _ = answered(action(2760, 2800), now=2801)  # to be seen by 2756
    for done, severity in ((in_time, "watch"), (late, "act")):
        mine = done.contacts[done.contacts["rule"] == "OVERDUE"]
        assert mine["severity"].tolist() == [severity]
    aside, _ = answered(action(2710, 2800), now=2790)
    assert "OVERDUE" not in set(aside.contacts["rule"])


def test_a_measurement_after_the_review_starts_the_dates_anew() -> None:
    _, found = answered(action(2710, 2730), visits=[Visit("a", 2740, weight=-0.7)])
    assert found.block == "watch"
    assert found.see_by == pd.Timestamp(BORN + 2740 + 56)


def test_as_of_replays_events_and_actions_as_they_were_known() -> None:
    visits = [*fall("a", "watch"), Visit("z", 3000, weight=0.0)]
    told = {"events": [event("a", 2750, "injury")], "actions": [action(2760, 2900)]}
    for now, level_, block in (
        (2749, "watch", "watch"), (2750, "act", "act"), (2760, "act", "known")
    ):  # fmt: skip
        done = checked(visits, options={"as_of": day(now)}, **told)
        assert (level(done, "a"), done.children["block"][0]) == (level_, block)


def test_known_children_come_after_the_others() -> None:
    visits = [*fall("a", "urgent"), *fall("b", "watch")]
    done = checked(visits, actions=[action(2700, 3000)])
    assert done.children["child_id"].tolist() == ["b", "a"]
    assert done.children["block"].tolist() == ["watch", "known"]
    assert done.children["level"].tolist() == ["watch", "urgent"]


# ---- conditions with lines of their own


def test_a_condition_is_said_beside_a_level_and_not_beside_a_fall() -> None:
    visits = [Visit("a", age, weight=z, height=0.0) for age, z in ((2400, 0.0), (2700, -3.0))]
    for condition, fits in (("Trisomy 21", False), ("coeliac disease", True)):
        children = [{"child_id": "a", "condition": condition}]
        found = checked(visits, options={"rules": "uk"}, children=children).findings
        said = found["sentence"].str.contains("UK-WHO lines do not fit this child")
        level_rules = found["rule"].astype(str).str.contains("BELOW|MEDIAN")
        assert said.tolist() == (level_rules & (not fits)).tolist()


def test_pseudonyms_and_hidden_dates_change_no_level() -> None:
    from centiles.records.pseudonyms import Pseudonyms

    visits = [*fall("a", "watch", home="F1"), *fall("b", "act", home="F1")]
    made = records(visits, events=[event("a", 2700, "injury")], actions=[action(2710, 4000)])
    shown = ["rule", "severity", "raised_by", "block", "state"]
    plain = check(made, today=TODAY, rules=ONE_RULE)
    for dates in ("keep", "ages"):
        hidden = check(
            made, today=TODAY, rules=ONE_RULE, pseudonyms=Pseudonyms(b"0123456789abcdef", dates)
        )
        pd.testing.assert_frame_equal(plain.findings[shown], hidden.findings[shown])
        text = hidden.findings.to_csv() + hidden.contacts.to_csv() + hidden.children.to_csv()
        assert "F1" not in text
        if dates == "ages":
            assert not np.any([str(BORN + k) in text for k in (2400, 2700, 2710, 4000)])
