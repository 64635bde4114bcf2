"""Findings in words: numbers first, dates as 9 Feb 2026, and never a cause."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from centiles.monitoring import wording
from centiles.monitoring.rulesets import ruleset
from tests.cohorts import Row, at, check, finding
from tests.test_episodes import random_children

# What a sentence may never say: why. (How a child feels, what anyone did, what it is a sign of.)
CAUSES = re.compile(
    r"\b(because|due to|caused?|causing|reason|neglect\w*|abuse\w*|starv\w*|malnourish\w*"
    r"|malnutrition|disease|illness|disorder|anorexia|failure|fault|parents? (?:did|do|have))\b",
    re.IGNORECASE,
)


def falls(*pairs, measure="weight", **others):
    return [at("a", age, measure, z, **others) for age, z in pairs]


def said(rows, rule, **options):
    return finding(check(rows, **options), rule).sentence


def born_on(rows, date):
    """The same rows of a child born on another day."""
    moved = np.datetime64(date)
    return [
        Row(r.child, r.age, r.measure, r.value, r.sex, r.gestation, born=moved,
            measured=moved + np.timedelta64(int(r.age), "D"))
        for r in rows
    ]  # fmt: skip


def test_the_sentence_of_the_plan() -> None:
    """Born 12 Mar 2020: 5 y 0 m on 12 Mar 2025, 334 days before 9 Feb 2026. 3.3 of 18.4 is 18 %."""
    rows = [Row("a", 1826, "weight", 18.4), Row("a", 2160, "weight", 15.1)]
    assert said(born_on(rows, "2020-03-12"), "WT-FALL-1Y") == (
        "weight fell 3.5 centile spaces in 11 months, from the 50th centile line (12 Mar 2025, "
        "18.4 kg, 5 y 0 m) to between the 0.4th and 2nd (9 Feb 2026, 15.1 kg, 5 y 10 m): "
        "3.3 kg (18 %) lost. Fewer than 1 in 300 healthy children a year (136 children studied). "
        "See within 2 working days: by 11 Feb 2026."
    )


def test_a_fall_without_a_loss_says_nothing_of_one() -> None:
    sentence = said(falls((1500, 0.0), (2300, -1.4)), "WT-FALL-3Y")
    assert "lost" not in sentence
    assert sentence.startswith("weight fell 2.1 centile spaces in 2 years 2 months, from ")


def test_one_space_is_one_space() -> None:
    assert "fell 1.0 centile space in" in said(
        falls((1500, 0.0), (1800, -2 / 3 - 1e-9)), "WT-FALL-1Y"
    )


def test_height_is_in_centimetres() -> None:
    sentence = said(falls((1500, 0.0), (1900, -1.5), measure="height"), "HT-FALL-2")
    assert sentence.startswith("height fell 2.2 centile spaces in 13 months")
    assert " cm, 4 y 1 m)" in sentence


def test_a_loss() -> None:
    """10 of 60 kg is 16.7 %."""
    rows = [Row("a", 3300, "weight", 60.0), Row("a", 3400, "weight", 50.0)]
    assert said(rows, "WT-LOSS").startswith(
        "weight is 10.0 kg (17 %) lower than 14 weeks before, from above the 99.6th centile line ("
    )


def test_less_than_a_kilogram_lost_has_two_decimals() -> None:
    rows = [Row("a", 2000, "weight", 20.0), Row("a", 2100, "weight", 19.1)]
    assert said(rows, "WT-LOSS").startswith("weight is 0.90 kg (4 %) lower than")


def test_a_level_with_and_without_an_earlier_value() -> None:
    sentence = said(falls((1500, 0.0), (1800, -3.0)), "WT-BELOW-04")
    assert sentence.startswith("weight is below the 0.4th centile line, at z −3.00 (3 Feb 2015, ")
    assert "; 10 months before it was on the 50th centile line (9 Apr 2014, " in sentence
    alone = said(falls((1800, -3.0)), "WT-BELOW-04")
    assert "; no other weight in the 36 months before. " in alone


def test_no_other_weight_is_said_of_the_time_it_was_first_so() -> None:
    sentence = said(falls((1700, -3.0), (1800, -3.1)), "WT-BELOW-04")
    assert "; no other weight in the 36 months before it first was. " in sentence


def test_bmi_is_bmi() -> None:
    rows = falls((4000, -3.5), measure="bmi")
    assert said(rows, "BMI-BELOW-04").startswith(
        "BMI is below the 0.4th centile line, at z −3.50, 70 % of the median ("
    )


@pytest.mark.parametrize(
    ("state", "later", "begins", "ends"),
    [
        ("new", [], "weight fell 2.2 centile spaces in 10 months, from", "by 5 Feb 2015."),
        ("sustained", [(1840, -1.5)], "weight fell 2.2 centile spaces in 11 months, from", "2015."),
        ("recovering", [(1900, -0.3)],
         "weight fell and is recovering: 0.5 centile spaces below where it was 13 months on, from",
         "See within 8 weeks: by 9 Jul 2015."),
        ("closed", [(1900, 0.1), (1950, 0.1)],
         "weight fell and has recovered: back where it was 15 months on, from", "Closed."),
    ],
)  # fmt: skip
def test_a_fall_in_each_state(state, later, begins, ends) -> None:
    done = check(falls((1500, 0.0), (1800, -1.5), *later))
    found = finding(done, "WT-FALL-1Y")
    assert found.state == state
    assert found.sentence.startswith(begins)
    assert found.sentence.endswith(ends)


def test_a_lapsed_fall() -> None:
    sentence = said(falls((1500, 0.0), (1800, -1.5)), "WT-FALL-1Y", as_of="2030-01-01")
    assert sentence.endswith("Lapsed.")
    assert "See within" not in sentence


def test_what_was_getting_better_when_the_child_was_last_seen() -> None:
    later = {"as_of": "2030-01-01"}
    rows = falls((1500, 0.0), (1800, -1.5), (1900, 0.5))
    assert said(rows, "WT-FALL-1Y", **later).startswith(
        "weight fell and was recovering: back where it was 13 months on, from"
    )
    rows = [Row("a", age, "weight", kg) for age, kg in ((3300, 60.0), (3400, 50.0), (3430, 62.0))]
    assert said(rows, "WT-LOSS", **later).startswith("weight was lost and was being regained")
    low = falls((1700, -3.0), (1800, -1.9))
    assert " line and was recovering: now on the 2nd" in said(low, "WT-BELOW-04", **later)


def test_a_rate_of_loss_that_comes_again_above_where_it_began() -> None:
    """50 kg, 1 kg a week lost twice, 8 kg regained, and 1 kg a week lost twice again."""
    pairs = (3000, 50.0), (3007, 49.0), (3014, 48.0), (3028, 56.0), (3035, 55.0), (3042, 54.0)
    rows = [Row("a", age, "weight", kg) for age, kg in pairs]
    assert said(rows, "WT-LOSS-RATE").startswith(
        "weight was lost, came back and fell again by 1.0 kg a week or more in two intervals in a "
        "row, 6 weeks on, from above the"
    )


def test_a_loss_and_a_level_that_get_better() -> None:
    back = [Row("a", age, "weight", kg) for age, kg in ((3300, 60.0), (3400, 50.0), (3430, 60.5))]
    assert said(back, "WT-LOSS").startswith("weight was lost and is being regained, 4 months on")
    back.append(Row("a", 3460, "weight", 60.5))
    assert said(back, "WT-LOSS").startswith("weight was lost and has been regained, 5 months on")
    low = falls((1700, -3.0), (1800, -1.9))
    assert said(low, "WT-BELOW-04").startswith(
        "weight was below the 0.4th centile line and is recovering: now on the 2nd centile line ("
    )
    low += falls((1900, -1.9))
    assert " and has recovered: now on the 2nd" in said(low, "WT-BELOW-04")


def test_what_is_past_its_line_again_is_not_said_to_be_beyond_it() -> None:
    """The line is z −2.67; to be recovering takes a third of a space more, −2.44."""
    near = falls((1700, -3.0), (1800, -2.6))
    assert said(near, "WT-BELOW-04").startswith(
        "weight was below the 0.4th centile line and is now close to it, at z −2.60 ("
    )
    high = falls((1700, 2.2), (1800, 1.9), measure="bmi")
    assert said(high, "BMI-ABOVE-98").startswith(
        "BMI was above the 98th centile line and is now close to it, at z 1.90 ("
    )


def test_beyond_z_minus_4_sizes_are_more_than() -> None:
    """5.5 z is 8.25 spaces: "more than 8"; 4.2 z is 6.3: "more than 6". z itself is not told."""
    done = check(falls((1500, 0.0), (1800, -5.5)))
    assert finding(done, "WT-FALL-1Y").sentence.startswith(
        "weight fell more than 8 centile spaces in"
    )
    assert ", at z below −4 (" in finding(done, "WT-BELOW-04").sentence
    assert "-5" not in "".join(done.findings["sentence"])
    one = said(falls((1500, -3.3), (1800, -4.1)), "WT-FALL-1Y")  # 0.8 z: 1.2
    assert "fell more than 1 centile space in" in one
    assert "fell more than 6 centile" in said(falls((1500, 0.0), (1800, -4.2)), "WT-FALL-1Y")
    assert "more than" not in said(falls((1500, 0.0), (1800, -3.99)), "WT-FALL-1Y")


def test_where_there_are_only_ages() -> None:
    """1570 days are 4 years 3 months: 51.58 months."""
    rows = [Row("a", age, "weight", kg, born=None) for age, kg in ((1570, 18.4), (1800, 15.1))]
    sentence = said(rows, "WT-FALL-1Y", dated=False)
    assert "(18.4 kg, at 4 y 3 m)" in sentence
    assert "(15.1 kg, at 4 y 11 m)" in sentence
    assert sentence.endswith("See within 2 working days.")
    assert "NaT" not in sentence


def kilograms(*pairs):
    return [Row("a", age, "weight", kg) for age, kg in pairs]


@pytest.mark.parametrize(
    ("rule", "rows", "begins"),
    [
        ("NEO-LOSS10", kilograms((0, 3.5), (5, 3.1)),
         "weight is 0.40 kg (11 %) below the birth weight after 5 days, from between"),
        ("NEO-LOSS10", kilograms((0, 3.5), (5, 3.1), (14, 3.6)),
         "weight was lost and has been regained, 14 days on, from"),
        ("WT-STATIC", kilograms((2000, 20.0), (2300, 20.2)),
         "weight rose by only 0.2 kg in 10 months, from between"),
        ("WT-STATIC", kilograms((2000, 20.0), (2300, 20.0)),
         "weight did not rise in 10 months, from between"),
        ("WT-STATIC", kilograms((2000, 20.0), (2300, 20.0), (2700, 23.0)),
         "weight stood still and is being gained again, from"),
        ("COND-GAIN", falls((100, 0.5), (160, -0.9)),
         "weight gained less in 9 weeks than in more than 99 in 100 healthy children who began "),
        ("SLOW-DRIFT", falls((1500, 0.0), (1860, -0.5), (2220, -1.0), (2580, -1.5)),
         "weight drifted down 2.3 centile spaces over 2 years 11 months (4 weights), from the 50"),
        ("BMI-PCT-MEDIAN", falls((5000, -3.2), measure="bmi"),
         "BMI is 71 % of the median for age and sex (8 Nov 2023, 13.8 kg/m², 13 y 8 m); no other"),
        ("BMI-ABOVE-98", falls((2000, 2.3), measure="bmi"),
         "BMI is above the 98th centile line, at z 2.30 (22 Aug 2015, 20.1 kg/m², 5 y 5 m); no "),
        ("BMI-ABOVE-98", falls((2000, 2.3), (2100, 1.5), measure="bmi"),
         "BMI was above the 98th centile line and is coming down: now between the 91st and 98th"),
        ("HEAD-RISE-1", falls((14, 0.0), (42, 0.8), measure="head"),
         "head circumference rose 1.2 centile spaces in 4 weeks, from the 50th centile line (15 "),
        ("WT-RISE-2", falls((1500, 0.0), (1900, 1.5), (2000, 0.2)),
         "weight rose and is coming down: 0.3 centile spaces above where it was 16 months on, "),
        ("WH-GAP", [at("a", 1600, "height", 1.0), at("a", 1700, "weight", -0.5)],
         "weight is 2.3 centile spaces below height: height between the 75th and 91st (18 Jul "),
    ],
)  # fmt: skip
def test_each_kind_of_rule_says_its_numbers_first(rule, rows, begins) -> None:
    """Spaces are z by 2/3, per cent of the earlier weight; dates counted from 1 Mar 2010."""
    assert said(rows, rule)[: len(begins)] == begins


def test_a_surprise_tells_the_fall_and_then_how_far_from_the_childs_own_course() -> None:
    sentence = said(falls((1500, 0.0), (1900, -1.3)), "TRAJECTORY")
    assert sentence.startswith(
        "weight fell 1.9 centile spaces in 13 months, from the 50th centile "
    )
    assert re.search(r"; \d\.\d standard deviations below this child’s own course\. ", sentence)


@pytest.mark.parametrize(
    ("date", "words"),
    [
        ("2026-02-09", "9 Feb 2026"), ("2025-12-31", "31 Dec 2025"), ("2024-02-29", "29 Feb 2024"),
        ("NaT", ""), (None, ""), (pd.NaT, ""), (pd.Timestamp("2025-03-12"), "12 Mar 2025"),
    ],
)  # fmt: skip
def test_dates_are_words_whatever_the_machine_speaks(date, words) -> None:
    assert wording.date_words(np.datetime64(date) if isinstance(date, str) else date) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (1, "1 day"), (27, "27 days"), (28, "4 weeks"), (119, "17 weeks"), (120, "4 months"),
        (365, "12 months"), (715, "23 months"), (731, "2 years"), (761, "2 years 1 month"),
        (1096, "3 years"),
    ],
)  # fmt: skip
def test_lengths_of_time(days, words) -> None:
    assert wording.interval(days) == words


def test_no_sentence_nor_guidance_names_a_cause() -> None:
    """Over hundreds of findings of every rule and state, and all the words of the shipped set."""
    done = check([row for rows in random_children(600, seed=9) for row in rows], as_of="2032-01-01")
    assert len(done.findings) > 500
    assert set(done.findings["state"]) == {"new", "sustained", "recovering", "closed", "lapsed"}
    texts = [*done.findings["sentence"], *done.findings["guidance"]]
    for rule in ruleset().rules:
        texts += [rule.title, rule.definition, rule.guidance, *rule.base_rate.values()]
    for text in texts:
        assert not CAUSES.search(text), text
        assert "nan" not in text.casefold().replace("finance", ""), text
        assert "NaT" not in text
        assert not re.search(r"(?<![\w–])-\d", text), text  # a minus is a minus
        assert "percentile" not in text
    for sentence in done.findings["sentence"]:
        assert sentence.endswith(".")
        assert "  " not in sentence
