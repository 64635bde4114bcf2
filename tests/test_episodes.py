"""Findings in time: they open, last, recover, close and lapse."""

from __future__ import annotations

import numpy as np
import pytest

from centiles import zscores
from centiles.lms import SPACE
from tests.cohorts import Row, doubtful, met, points

THIRD = SPACE / 3


def weights(*pairs, **others):
    return points(*((0, "weight", float(age), z) for age, z in pairs), **others)


def states(rule, *pairs, now=0.0, **others):
    return [each.state for each in met(rule, weights(*pairs, **others), now=now)]


def test_new_at_its_first_point() -> None:
    (found,) = met("WT-FALL-1Y", weights((1500, 0.0), (1700, -0.8)))
    assert (found.state, found.opened, found.start, found.to) == ("new", 1700, 1500, 1700)
    assert found.amount == pytest.approx(0.8)


@pytest.mark.parametrize(("gap", "state"), [(27, "new"), (28, "sustained"), (300, "sustained")])
def test_sustained_from_1_year_by_a_second_point_4_weeks_later(gap, state) -> None:
    assert states("WT-FALL-1Y", (1500, 0.0), (1700, -0.8), (1700 + gap, -0.7)) == [state]


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        (100, 113, "new"), (100, 114, "sustained"),  # under 1 year: 14 days
        (340, 365, "sustained"),  # the second is still under it: 365 < 365.25
        (340, 366, "new"), (340, 368, "sustained"),  # 26 days, 28 days
    ],
)  # fmt: skip
def test_sustained_under_1_year_2_weeks_later(first, second, state) -> None:
    """At the age of the second point: 1 year is 365.25 days."""
    assert states("NG75-WT2", (first, -2.1), (second, -2.1)) == [state]


def test_a_second_point_that_no_longer_meets_it_sustains_nothing() -> None:
    assert states("WT-FALL-1Y", (1500, 0.0), (1700, -0.8), (1760, -0.6)) == ["new"]


def test_recovering_is_a_third_of_a_space_better_than_the_threshold() -> None:
    """Threshold 2/3 z, a third of a space 2/9: better from a fall of 4/9 z."""
    fell = (1500, 0.0), (1700, -0.8)
    edge = -(SPACE - THIRD)
    assert states("WT-FALL-1Y", *fell, (1760, edge)) == ["recovering"]
    assert states("WT-FALL-1Y", *fell, (1760, edge - 1e-9)) == ["new"]
    assert states("WT-FALL-1Y", *fell, (1740, -0.8), (1760, -0.5)) == ["sustained"]


def test_recovering_of_a_level_is_a_third_of_a_space_above_the_line() -> None:
    """−8/3 + 2/9 = −22/9."""
    assert states("WT-BELOW-04", (1700, -2.7), (1760, -22 / 9 + 1e-9)) == ["recovering"]
    assert states("WT-BELOW-04", (1700, -2.7), (1760, -22 / 9 - 1e-9)) == ["new"]


def test_recovering_of_a_loss_is_two_percentage_points() -> None:
    """60 kg less 5 % is 57.0; of the 2 % needed nothing is left at 60.0."""
    rows = [(0, "weight", 3300.0, 0.0, 60.0), (0, "weight", 3400.0, 0.0, 57.0)]
    for now, state in ((60.0, "recovering"), (59.9, "new"), (58.9, "new")):
        (found,) = met("WT-LOSS", points(*rows, (0, "weight", 3500.0, 0.0, now)))
        assert found.state == state


def test_closed_by_two_better_points_28_days_apart() -> None:
    fell = (1500, 0.0), (1700, -0.8)
    assert states("WT-FALL-1Y", *fell, (1760, -0.1), (1787, 0.0)) == ["recovering"]
    assert states("WT-FALL-1Y", *fell, (1760, -0.1), (1788, 0.0)) == ["closed"]
    assert states("WT-FALL-1Y", *fell, (1760, -0.1), (1770, -0.2), (1788, 0.0)) == ["closed"]


def test_a_point_that_meets_it_again_starts_the_28_days_anew() -> None:
    fell = (1500, 0.0), (1700, -0.8)
    again = (1770, -0.9), (1790, -0.1)
    assert states("WT-FALL-1Y", *fell, (1760, -0.1), *again) == ["recovering"]
    assert states("WT-FALL-1Y", *fell, (1760, -0.1), *again, (1818, -0.1)) == ["closed"]


def test_after_it_closed_it_can_open_again_from_a_new_start() -> None:
    pairs = (1500, 0.0), (1600, -0.8), (1660, 0.1), (1690, 0.2), (1750, -0.7), (1800, -0.8)
    first, second = met("WT-FALL-1Y", weights(*pairs))
    assert (first.state, first.opened, first.start, first.to) == ("closed", 1600, 1500, 1690)
    assert (second.state, second.opened, second.start) == ("sustained", 1750, 1690)


def test_while_open_a_new_fall_is_no_second_finding() -> None:
    pairs = (1500, 0.0), (1600, -0.8), (1660, -0.4), (1700, -1.4)
    (found,) = met("WT-FALL-1Y", weights(*pairs))
    assert (found.start, found.opened, found.to) == (1500, 1600, 1700)
    assert found.amount == pytest.approx(1.4)


def test_from_is_fixed_whatever_the_window_says_later() -> None:
    """At 2500 days nothing of the last 13 months is higher: the child has not got better."""
    pairs = (1500, 0.0), (1700, -0.8), (2100, -0.8), (2500, -0.8)
    (found,) = met("WT-FALL-1Y", weights(*pairs))
    assert (found.state, found.start, found.to) == ("sustained", 1500, 2500)


def test_and_a_higher_point_in_between_does_not_move_it() -> None:
    pairs = (1500, 0.0), (1700, -0.8), (1760, -0.3), (1765, -0.9)
    (found,) = met("WT-FALL-1Y", weights(*pairs))
    assert (found.start, found.amount) == (1500, pytest.approx(0.9))


def test_lapsed_when_unseen_for_3_years() -> None:
    """1095.75 days: 1096 after the newest is past it, 1095 is not."""
    fell = (1500, 0.0), (1700, -0.8)
    assert states("WT-FALL-1Y", *fell, now=1700 + 1095) == ["new"]
    assert states("WT-FALL-1Y", *fell, now=1700 + 1096) == ["lapsed"]


def test_lapsed_6_months_past_the_rules_ages() -> None:
    """NG75 ends at 5 years: 5.5 years is 2008.875 days. What comes later is not its matter."""
    low = (1700, -2.1), (1800, -2.2)
    assert states("NG75-WT2", *low, (2008, -2.3)) == ["sustained"]
    assert states("NG75-WT2", *low, (2008, -1.0)) == ["recovering"]
    (found,) = met("NG75-WT2", weights(*low, (2009, -2.3)))
    assert (found.state, found.to) == ("lapsed", 1800)
    (found,) = met("NG75-WT2", weights(*low, (2100, -0.5), (2200, -0.5)))
    assert (found.state, found.to) == ("lapsed", 1800)


def test_a_closed_finding_does_not_lapse() -> None:
    pairs = (1500, 0.0), (1700, -0.8), (1760, -0.1), (1800, 0.0)
    assert states("WT-FALL-1Y", *pairs, now=5000) == ["closed"]


def test_a_doubtful_point_sustains_nothing() -> None:
    """Neither as the second point, nor as the first of two, nor as where a fall came from."""
    three = weights((1500, 0.0), (1700, -0.8), (1760, -0.9))
    assert met("WT-FALL-1Y", three)[0].state == "sustained"
    for place in (0, 1, 2):
        assert met("WT-FALL-1Y", doubtful(three, place))[0].state == "new", place


def test_a_doubtful_point_between_two_valid_ones_takes_nothing_from_them() -> None:
    four = weights((1500, 0.0), (1700, -0.8), (1720, -2.0), (1760, -0.9))
    assert met("WT-FALL-1Y", doubtful(four, 2))[0].state == "sustained"


def test_where_a_later_point_cannot_be_compared_the_last_that_can_stands() -> None:
    """A z that could not be carried over a join is no news, good or bad."""
    some = points((0, "bmi", 1300.0, 1.0), (0, "bmi", 1400.0, -2.7), (0, "bmi", 1600.0, np.nan))
    (found,) = met("BMI-BELOW-04", some)
    assert (found.to, found.state) == (1400, "new")


# ---- children of whom all kinds of things happen


def random_children(number: int, seed: int) -> list[list[Row]]:
    """Children whose weight and height wander, fall, recover and stop being measured."""
    chance = np.random.default_rng(seed)
    children = []
    for child in range(number):
        sex = "male" if chance.random() < 0.5 else "female"
        visits = int(chance.integers(2, 13))
        start = float(chance.choice([20, 400, 1000, 1300, 1800, 3000, 4300]))
        gaps = chance.choice([10, 14, 28, 60, 150, 330, 396, 700], visits)
        ages = np.unique(np.minimum(start + np.cumsum(gaps), 7300))
        steps = chance.normal(0, 0.25, len(ages))
        steps[chance.random(len(ages)) < 0.25] -= 0.9
        steps[chance.random(len(ages)) < 0.2] += 0.9
        z = np.clip(chance.normal(-0.7, 1.1) + np.cumsum(steps), -3.9, 3.9)
        rows = []
        for age, each in zip(ages, z, strict=True):
            rows += measured(f"c{child}", float(age), float(each), sex, chance)
        children.append(rows)
    return children


def measured(child, age, z, sex, chance):
    """A weight as a scale shows it, and now and then a height."""

    def row(measure, z, digits):
        value = zscores.measurement(z, measure=measure, sex=sex, age_days=age)
        return Row(child, age, measure, round(float(value), digits), sex)

    rows = [row("weight", z, 2)]
    if chance.random() < 0.6:
        rows.append(row("height", float(np.clip(z * 0.8 + chance.normal(0, 0.5), -3.9, 3.9)), 1))
    return rows
