"""The other rules: a case each exists for, and the nearest either side of every line it draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from centiles import zscores
from centiles.lms import SPACE
from centiles.monitoring.background import EVENT_KINDS, Background, Events, nothing_known
from centiles.monitoring.correlations import correlation, correlation_by_table
from centiles.monitoring.rulesets import ruleset
from centiles.monitoring.schema import SEVERITIES
from tests.cohorts import (
    Row,
    above,
    at,
    below,
    check,
    finding,
    kilograms,
    met,
    points,
    rules_met,
    series,
    severity,
    weights,
)


def states(rule, among, **others):
    return [each.state for each in met(rule, among, **others)]


# ---- the first weeks


@pytest.mark.parametrize(("now", "expected"), [(3.15, ""), (3.149, "act"), (2.8, "act")])
def test_more_than_a_tenth_of_the_birth_weight_lost(now, expected) -> None:
    """3.500 to 3.150 kg is exactly 10 %, and not more."""
    assert severity("NEO-LOSS10", kilograms((0, 3.5), (5, now))) == expected


@pytest.mark.parametrize(("age", "expected"), [(1, "act"), (14, "act"), (15, "")])
def test_it_is_of_the_first_14_days(age, expected) -> None:
    assert severity("NEO-LOSS10", kilograms((0, 3.5), (age, 3.0))) == expected


@pytest.mark.parametrize(("born", "expected"), [(0, "act"), (1, "act"), (2, "")])
def test_a_birth_weight_is_given_or_of_day_0_or_1(born, expected) -> None:
    assert severity("NEO-LOSS10", kilograms((born, 3.5), (5, 3.0))) == expected


@pytest.mark.parametrize(
    ("age", "now", "expected"),
    [
        (20, 3.4, ""), (21, 3.4, "act"), (59, 3.4, "act"), (60, 3.4, ""),
        (21, 3.5, ""), (21, 3.499, "act"),
    ],
)  # fmt: skip
def test_birth_weight_not_regained(age, now, expected) -> None:
    assert severity("NEO-NOT-REGAINED", kilograms((0, 3.5), (age, now))) == expected


def test_both_close_at_the_birth_weight_and_no_less() -> None:
    lost = (0, 3.5), (5, 3.1)
    assert states("NEO-LOSS10", kilograms(*lost, (12, 3.49))) == ["recovering"]
    assert states("NEO-LOSS10", kilograms(*lost, (12, 3.5))) == ["closed"]
    late = (0, 3.5), (22, 3.4)
    assert states("NEO-NOT-REGAINED", kilograms(*late, (30, 3.49))) == ["new"]
    assert states("NEO-NOT-REGAINED", kilograms(*late, (30, 3.5))) == ["closed"]


def test_both_are_seen_the_same_day_whatever_the_gestation() -> None:
    """Per cent of a weight do not rest on gestation, so that it lowers nothing."""
    for age, rule in ((5, "NEO-LOSS10"), (25, "NEO-NOT-REGAINED")):
        rows = [Row("a", 0, "weight", 3.5, gestation=np.nan)]
        rows.append(Row("a", age, "weight", 3.1, gestation=np.nan))
        found = finding(check(rows), rule)
        assert (found.severity, found.see_by) == ("act", found.to_date)
        assert found.sentence.startswith(
            f"weight is 0.40 kg (11 %) below the birth weight after {age}"
        )
        assert "See the same day." in found.sentence


# ---- WT-SUSTAINED-2


@pytest.mark.parametrize(
    ("second", "z", "expected"),
    [(213, -2 * SPACE, ""), (214, -2 * SPACE, "watch"), (214, above(-2 * SPACE), "")],
)
def test_two_spaces_down_on_two_weights(second, z, expected) -> None:
    """Two weeks apart under a year; on one weight it is no finding."""
    assert severity("WT-SUSTAINED-2", weights((40, 0.0), (200, z), (second, z))) == expected


@pytest.mark.parametrize(("age", "expected"), [(27, ""), (28, "watch"), (56, "watch"), (57, "")])
def test_from_the_highest_of_4_to_8_weeks(age, expected) -> None:
    assert severity("WT-SUSTAINED-2", weights((age, 0.0), (200, -1.4), (220, -1.4))) == expected


@pytest.mark.parametrize(("birth", "expected"), [(20, ""), (30, "watch"), (300, "watch")])
def test_from_1_year_also_from_the_highest_of_36_months(birth, expected) -> None:
    """Not the weeks before 4: a large newborn comes down."""
    some = weights((birth, 1.4), (400, -0.1), (430, -0.1))
    assert severity("WT-SUSTAINED-2", some) == expected


def test_it_opened_at_the_second_weight() -> None:
    rows = [at("a", age, "weight", z) for age, z in ((40, 0.0), (200, -1.4), (220, -1.4))]
    found = finding(check(rows), "WT-SUSTAINED-2")
    assert (found.opened_on - rows[0].on) / np.timedelta64(1, "D") + 40 == 220


@pytest.mark.parametrize(
    ("start", "age", "first"),
    [(28, 41, [60]), (28, 42, [42]), (1500, 1826, [1826]), (1500, 1827, [])],
)
def test_the_ages_of_two_spaces_down(start, age, first) -> None:
    """6 weeks to under 5 years, 1826.25 days, of the first of the two."""
    later = (60, 75) if age < 365 else (1860, 1890)
    some = weights((start, 0.0), (age, -1.4), *((each, -1.4) for each in later))
    assert [each.opened for each in met("WT-SUSTAINED-2", some)] == first


# ---- COND-GAIN


@pytest.mark.parametrize(
    ("cut", "margin", "expected"),
    [
        (1.645, 1e-6, ""), (1.645, -1e-6, "info"), (2.326, 1e-6, "info"), (2.326, -1e-6, "watch"),
        (2.75, 1e-6, "watch"), (2.75, -1e-6, "act"),
    ],
)  # fmt: skip
def test_a_gain_after_one_earlier_weight(cut, margin, expected) -> None:
    """Zg = (z2 − r·z1)/√(1 − r²)."""
    r = float(correlation("weight", 100, 160))
    z = r * 0.5 - cut * np.sqrt(1 - r**2) + margin
    assert severity("COND-GAIN", weights((100, 0.5), (160, z))) == expected


@pytest.mark.parametrize(("margin", "expected"), [(1e-6, ""), (-1e-6, "info")])
def test_a_gain_after_two_earlier_weights(margin, expected) -> None:
    r12, r13, r23 = (float(correlation("weight", *p)) for p in ((60, 100), (60, 160), (100, 160)))
    b1, b2 = (r13 - r23 * r12) / (1 - r12**2), (r23 - r13 * r12) / (1 - r12**2)
    left = 1 - (r13**2 + r23**2 - 2 * r12 * r13 * r23) / (1 - r12**2)
    z = b1 * 0.2 + b2 * 0.4 - 1.645 * np.sqrt(left) + margin
    assert severity("COND-GAIN", weights((60, 0.2), (100, 0.4), (160, z))) == expected


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [(132, 160, "act"), (133, 160, ""), (30, 58, "act"), (650, 730, "act"), (650, 731, "")],
)
def test_the_interval_and_ages_of_a_gain(earlier, later, expected) -> None:
    """4 weeks or more; to under 2 years, 730.5 days."""
    assert severity("COND-GAIN", weights((earlier, 0.0), (later, -3.0))) == expected


# ---- TRAJECTORY


@pytest.mark.parametrize("measure", ["weight", "bmi", "height"])
@pytest.mark.parametrize(
    ("cut", "margin", "expected"),
    [
        (2.67, 1e-6, ""), (2.67, -1e-6, "watch"), (3.1, 1e-6, "watch"), (3.1, -1e-6, "act"),
        (4.0, 1e-6, "act"), (4.0, -1e-6, "urgent"),
    ],
)  # fmt: skip
def test_a_surprise_after_one_earlier_value(measure, cut, margin, expected) -> None:
    """Expected a·z with a = r/1.01, variance 1.01 − a·r."""
    r = float(correlation_by_table(measure, 1500, 1900))
    a = r / 1.01
    z = a * 0.5 - cut * np.sqrt(1.01 - a * r) + margin
    assert 0.5 - z > 0.5  # so that the fall is enough
    course = [(0, measure, 1500.0, 0.5), (0, measure, 1900.0, z)]
    some = points(*course)
    if measure != "weight" and expected == "urgent":  # not of BMI or height alone
        assert severity("TRAJECTORY", some) == "act"
        some = points(*course, (0, "weight", 1500.0, 0.0), (0, "weight", 1900.0, -0.5))
    assert severity("TRAJECTORY", some) == expected


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        (((1500, 0.0), (1900, -0.5)), "urgent"),
        (((1500, 0.0), (1900, above(-0.5))), "act"),
        (((1500, 0.0), (1900, 0.0), (2596, -0.5)), "urgent"),  # 36 months from the BMI’s start
        (((1500, 0.0), (1900, 0.0), (2597, -0.5)), "act"),  # and not later
        (((804, 0.5), (1500, -0.5), (1900, -0.5)), "urgent"),  # 36 months before it was met
        (((803, 0.5), (1500, -0.5), (1900, -0.5)), "act"),
        (((1400, 0.0), (1500, -0.5)), "act"),  # not weighed since the start
    ],
)
def test_a_surprise_in_bmi_is_urgent_where_weight_fell_too(others, expected) -> None:
    """BMI from 0 to −3.5 at 1900 days, and no better at 2600; weight by half a z or not."""
    bmi = [(0, "bmi", age, z) for age, z in ((1500.0, 0.0), (1900.0, -3.5), (2600.0, -3.5))]
    weighed = [(0, "weight", float(age), z) for age, z in others]
    assert severity("TRAJECTORY", points(*bmi, *weighed)) == expected


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (1500, 1500 + 182, ""), (1500, 1500 + 183, "urgent"),  # no history 6 months old
        (1500, 2596, "urgent"), (1500, 2597, ""),  # the fall: from the highest of 36 months
        (6000, 6209, "urgent"), (6000, 6210, ""),  # to under 17 years, 6209.25 days
        (731, 1000, "urgent"), (730, 1000, ""),  # from 2 years
    ],
)  # fmt: skip
def test_the_history_and_ages_of_a_surprise(earlier, later, expected) -> None:
    assert severity("TRAJECTORY", weights((earlier, 0.0), (later, -3.5))) == expected


def test_without_a_fall_of_half_a_z_there_is_none() -> None:
    """Long at +2, then +0.3, then 0: far below the old course, 0.3 below what was near."""
    some = weights((1000, 2.0), (2200, 0.3), (2500, -0.1))
    assert met("TRAJECTORY", some) == []
    assert met("TRAJECTORY", weights((1000, 2.0), (2200, 0.3), (2500, -0.9))) != []


def test_a_surprise_is_judged_by_what_was_known_when_it_opened() -> None:
    """Low ever since: its own new values are no history that would make it expected."""
    some = weights((1500, 0.0), (1900, -1.5), (2300, -1.5), (2700, -1.5))
    (found,) = met("TRAJECTORY", some)
    assert (found.state, found.to) == ("sustained", 2700)


# ---- falls of BMI and height


@pytest.mark.parametrize(
    ("z", "expected"),
    [(above(-1.0), ""), (-1.0, "watch"), (above(-2 * SPACE), "watch"), (-2 * SPACE, "act")],
)
def test_a_fall_of_bmi_within_a_year(z, expected) -> None:
    assert severity("BMI-FALL-1Y", series("bmi", (1500, 0.0), (1896, z))) == expected
    assert severity("BMI-FALL-1Y", series("bmi", (1500, 0.0), (1897, z))) == ""


@pytest.mark.parametrize(("z", "expected"), [(above(-SPACE), ""), (-SPACE, "watch")])
def test_a_fall_of_height_within_two_years(z, expected) -> None:
    assert severity("HT-FALL-1", series("height", (1500, 0.0), (2231, z))) == expected
    assert severity("HT-FALL-1", series("height", (1500, 0.0), (2232, z))) == ""


@pytest.mark.parametrize(
    ("sex", "age", "expected"),
    [
        ("female", 3652, "watch"), ("female", 3653, ""),  # 10 years, 3652.5 days: puberty
        ("male", 4017, "watch"), ("male", 4018, ""),  # 11 years, 4017.75
    ],
)  # fmt: skip
def test_a_fall_of_height_before_puberty(sex, age, expected) -> None:
    some = series("height", (age - 300, 0.0), (age, -1.0), sex=sex)
    assert severity("HT-FALL-1", some) == expected


@pytest.mark.parametrize(("earlier", "expected"), [(1096, "watch"), (1095, "")])
def test_both_heights_at_3_years_or_older(earlier, expected) -> None:
    assert severity("HT-FALL-1", series("height", (earlier, 0.0), (1400, -1.0))) == expected


# ---- losses week by week, and none gained


@pytest.mark.parametrize(
    ("second", "third", "expected"),
    [
        (59.5, 59.0, "act"), (59.5, 59.01, ""), (59.51, 59.0, ""), (59.0, 58.0, "urgent"),
        (59.0, 58.01, "act"),
    ],
)  # fmt: skip
def test_weight_lost_in_two_weeks_in_a_row(second, third, expected) -> None:
    """Half a kilogram, or a whole one, in each."""
    some = kilograms((3000, 60.0), (3007, second), (3014, third))
    assert severity("WT-LOSS-RATE", some) == expected


@pytest.mark.parametrize(
    ("days", "expected"), [((5, 5), "urgent"), ((4, 5), ""), ((21, 21), "urgent"), ((21, 22), "")]
)
def test_the_two_intervals_are_5_to_21_days(days, expected) -> None:
    ages = np.cumsum([3000, *days])
    some = kilograms(*zip(ages, (70.0, 65.0, 60.0), strict=True))
    assert severity("WT-LOSS-RATE", some) == expected


@pytest.mark.parametrize(("age", "expected"), [(2556, ""), (2557, "urgent")])
def test_a_rate_of_loss_from_7_years(age, expected) -> None:
    """2556.75 days."""
    some = kilograms((age - 14, 30.0), (age - 7, 28.0), (age, 26.0))
    assert severity("WT-LOSS-RATE", some) == expected


def test_a_rate_of_loss_lasts_until_half_of_it_is_regained() -> None:
    """0.5 kg a week over two weeks: better from 0.25 less a week, 0.5 kg back."""
    lost = (3000, 60.0), (3007, 59.5), (3014, 59.0)
    assert states("WT-LOSS-RATE", kilograms(*lost, (3060, 59.4))) == ["new"]
    assert states("WT-LOSS-RATE", kilograms(*lost, (3060, 59.5))) == ["recovering"]
    assert states("WT-LOSS-RATE", kilograms(*lost, (3060, 59.0))) == ["sustained"]


def test_a_rate_of_loss_is_seen_the_same_day_if_urgent() -> None:
    rows = [Row("a", age, "weight", kg) for age, kg in ((4000, 50), (4007, 48), (4014, 46))]
    found = finding(check(rows), "WT-LOSS-RATE")
    assert found.see_by == found.to_date
    assert found.sentence.startswith(
        "weight fell by 2.0 kg a week or more in two intervals in a row: 4.0 kg (8 %) in 14 days"
    )


@pytest.mark.parametrize(
    ("gap", "now", "expected"),
    [
        (182, 20.0, ""), (183, 20.0, "watch"), (396, 20.0, "watch"), (397, 20.0, ""),
        (300, 20.42, "watch"), (300, 20.43, ""), (300, 19.5, "watch"),
    ],
)  # fmt: skip
def test_no_weight_gained_in_6_to_13_months(gap, now, expected) -> None:
    """√2 · 0.3 kg is 0.424 kg."""
    assert severity("WT-STATIC", kilograms((2000, 20.0), (2000 + gap, now))) == expected


@pytest.mark.parametrize(
    ("age", "expected"), [(730, ""), (731, "watch"), (4748, "watch"), (4749, "")]
)
def test_the_ages_of_no_weight_gained(age, expected) -> None:
    assert severity("WT-STATIC", kilograms((age - 200, 20.0), (age, 20.0))) == expected


# ---- SLOW-DRIFT


def drift(step, ages=(1500, 1860, 2220, 2580)):
    return weights(*((age, -step * k) for k, age in enumerate(ages)))


@pytest.mark.parametrize(("step", "expected"), [(4 / 9 - 1e-9, ""), (4 / 9 + 1e-9, "watch")])
def test_a_drift_of_two_spaces(step, expected) -> None:
    """Three steps of 4/9 z on one line are 4/3 z."""
    assert severity("SLOW-DRIFT", drift(step)) == expected


def test_a_drift_is_of_four_points_in_36_months_without_a_fall_in_one_year() -> None:
    assert severity("SLOW-DRIFT", drift(0.6)) == "watch"
    assert severity("SLOW-DRIFT", drift(0.6, (1500, 2040, 2580))) == ""
    assert severity("SLOW-DRIFT", drift(0.6, (1480, 1860, 2220, 2576))) == "watch"
    assert severity("SLOW-DRIFT", drift(0.6, (1479, 1860, 2220, 2576))) == ""  # 1097 days
    assert severity("SLOW-DRIFT", drift(SPACE)) == ""  # a space in a year


def test_a_fall_from_before_3_years_hides_no_drift() -> None:
    """Days less their mean are −240, 50, 80, 110; z less its mean 1.65, −1.35, −1.35, 1.05.

    The line through them falls 456 / 78,600 z a day, 2.03 z in 350 days; the newest is 0.6 z below
    the first from 3 years, 0.9 z below the one before that.
    """
    since_3 = ((1100, 0.0), (1390, -3.0), (1420, -3.0), (1450, -0.6))
    assert severity("SLOW-DRIFT", weights(*since_3)) == "watch"
    assert severity("SLOW-DRIFT", weights((1090, 0.3), *since_3)) == "watch"


# ---- levels


@pytest.mark.parametrize(
    ("rule", "measure", "line", "expected", "ages"),
    [
        ("HT-BELOW-04", "height", -8 / 3, "act", (731, 7300)),
        ("HT-BELOW-2", "height", -2.0, "watch", (731, 7300)),
        ("BMI-BELOW-2", "bmi", -2.0, "watch", (731, 7300)),
        ("HEAD-BELOW-2", "head", -2.0, "watch", (42, 1460)),
        ("HEAD-BELOW-04", "head", -8 / 3, "act", (42, 1460)),
    ],
)
def test_below_a_line(rule, measure, line, expected, ages) -> None:
    for age in ages:
        assert severity(rule, series(measure, (age, line))) == ""
        assert severity(rule, series(measure, (age, below(line)))) == expected
    assert severity(rule, series(measure, (ages[0] - 1, line - 0.5))) == ""
    if measure == "head":
        assert severity(rule, series(measure, (ages[1] + 1, line - 0.5))) == ""


@pytest.mark.parametrize(
    ("rule", "line", "expected"),
    [("BMI-ABOVE-91", 4 / 3, "info"), ("BMI-ABOVE-98", 2.0, "watch"),
     ("BMI-ABOVE-996", 8 / 3, "act")],
)  # fmt: skip
def test_above_a_line(rule, line, expected) -> None:
    assert severity(rule, series("bmi", (2000, line))) == ""
    assert severity(rule, series("bmi", (2000, above(line)))) == expected
    assert severity(rule, series("bmi", (730, line + 0.1))) == ""
    recovering = series("bmi", (2000, line + 0.1), (2100, line - SPACE / 3 - 1e-9))
    assert states(rule, recovering) == ["recovering"]


@pytest.mark.parametrize(
    ("z", "expected"),
    [(-2.1, {"HT-BELOW-2"}), (-2.7, {"HT-BELOW-04"}), (-1.9, set())],
)
def test_the_graver_of_two_lines_speaks_for_both(z, expected) -> None:
    done = check([at("a", 2000, "height", z)])
    assert set(rules_met(done)) == expected
    bmi = {-2.1: {"BMI-BELOW-2"}, -2.7: {"BMI-BELOW-04"}}.get(z, set())
    assert set(rules_met(check([at("a", 2000, "bmi", z)]))) >= bmi


def test_the_lesser_line_is_listed_again_when_the_graver_is_closed() -> None:
    rows = [at("a", age, "height", z) for age, z in ((2000, -2.7), (2100, -2.3), (2200, -2.3))]
    done = check(rows)
    found = dict(zip(done.findings["rule"], done.findings["state"], strict=True))
    assert found == {"HT-BELOW-04": "closed", "HT-BELOW-2": "sustained"}


@pytest.mark.parametrize(
    ("age", "percent", "expected"),
    [
        (3000, 70.0, ""), (3000, 69.99, "urgent"), (3652, 79.0, ""),
        (3653, 80.0, ""), (3653, 79.99, "watch"), (5000, 69.99, "urgent"), (5000, 70.0, "watch"),
        (730, 60.0, ""), (731, 60.0, "urgent"),
    ],
)  # fmt: skip
def test_bmi_in_per_cent_of_the_median(age, percent, expected) -> None:
    """Below 70 % from 2 years; below 80 % from 10 years, 3652.5 days."""
    median = zscores.measurement(0.0, measure="bmi", sex="female", age_days=age)
    value = percent / 100 * float(median)
    z = zscores.zscore(value, measure="bmi", sex="female", age_days=age)
    assert severity("BMI-PCT-MEDIAN", points((0, "bmi", float(age), float(z), value))) == expected


def thin(age=5000.0, percent=75.0):
    """A BMI of 75 % of the median."""
    median = zscores.measurement(0.0, measure="bmi", sex="female", age_days=age)
    value = percent / 100 * float(median)
    z = float(zscores.zscore(value, measure="bmi", sex="female", age_days=age))
    return (0, "bmi", age, z, value)


@pytest.mark.parametrize(
    ("kind", "age", "expected"),
    [
        ("feeding", 4604, "act"), ("eating", 5000, "act"), ("eating", 4603, "watch"),
        ("feeding", 5001, "watch"), ("move", 4900, "watch"),
    ],
)  # fmt: skip
def test_thin_with_a_concern_about_feeding_in_the_13_months_before(kind, age, expected) -> None:
    events = Events(
        np.array([0]), np.array([float(age)]), np.array(["NaT"], dtype="datetime64[D]"),
        np.array([EVENT_KINDS.index(kind)], dtype=np.int8), np.array([False]),
    )  # fmt: skip
    known = replace(nothing_known(1), events=events)
    assert severity("BMI-PCT-MEDIAN", points(thin()), background=known) == expected


@pytest.mark.parametrize(("now", "expected"), [(39.17, "watch"), (39.16, "act")])
def test_thin_with_weight_lost_beyond_error(now, expected) -> None:
    """1.96·√2·0.3 kg is 0.8316 kg."""
    lost = (0, "weight", 4800.0, 0.0, 40.0), (0, "weight", 5000.0, 0.0, now)
    assert severity("BMI-PCT-MEDIAN", points(*lost, thin())) == expected


# ---- parents


def parents(mother_z, father_z) -> Background:
    """One child, whose parents stand at some z at 20 years."""
    mother, father = (
        np.array([float(zscores.measurement(z, measure="height", sex=sex, age_days=7305))])
        for z, sex in ((mother_z, "female"), (father_z, "male"))
    )
    return replace(nothing_known(1), mother_cm=mother, father_cm=father)


@pytest.mark.parametrize(
    ("z", "two", "three"),
    [
        (0.5 - 4 / 3 + 1e-6, "", ""), (0.5 - 4 / 3 - 1e-6, "watch", ""),
        (0.5 - 2 + 1e-6, "watch", ""), (0.5 - 2 - 1e-6, "watch", "act"),
    ],
)  # fmt: skip
def test_short_for_the_parents_heights(z, two, three) -> None:
    """Parents at +1 and +1: half of their mean is expected, +0.5."""
    some, known = series("height", (2000, z)), parents(1.0, 1.0)
    assert severity("MPH-2", some, background=known) == two
    assert severity("MPH-3", some, background=known) == three


def test_the_ages_and_what_must_be_known_of_parents() -> None:
    low = -2.5
    assert severity("MPH-2", series("height", (731, low)), background=parents(0, 0)) == "watch"
    assert severity("MPH-2", series("height", (730, low)), background=parents(0, 0)) == ""
    one = replace(parents(0, 0), father_cm=np.array([np.nan]))
    assert severity("MPH-2", series("height", (2000, low)), background=one) == ""


def test_tall_parents_do_not_grow_a_child_at_4_years() -> None:
    """On WHO as far below expected as after the join, carried: watch, with the note."""
    before = -2.5
    after = zscores.measurement(before, measure="height", sex="female", age_days=1461)
    del after
    (found,) = met(
        "MPH-3", series("height", (1300, before), (1500, -2.3)), background=parents(0.1, 0.1)
    )
    assert found.opened == 1300


# ---- WH-GAP


def gap(*others, height=1600, weight_z=-0.34):
    return points(
        (0, "height", float(height), 1.0), (0, "weight", 1700.0, weight_z), *others
    )  # fmt: skip


@pytest.mark.parametrize(("z", "expected"), [(-0.3333, ""), (-0.3334, "watch")])
def test_weight_far_below_height_without_a_bmi(z, expected) -> None:
    """1 + 1/3 is 2 spaces; more is a finding."""
    assert severity("WH-GAP", gap(weight_z=z)) == expected


@pytest.mark.parametrize(
    ("day", "expected"), [(1671, "watch"), (1672, ""), (1728, ""), (1729, "watch")]
)
def test_a_bmi_within_28_days_says_more(day, expected) -> None:
    found = met("WH-GAP", gap((0, "bmi", float(day), 0.0)))
    assert [each.severity for each in found] == ([expected] if expected else [])


@pytest.mark.parametrize(("height", "expected"), [(1304, "watch"), (1303, "")])
def test_the_height_is_of_the_last_13_months(height, expected) -> None:
    """On WHO at 1304 days: +1 carried over 4 years is above +1, so the gap is wider."""
    assert severity("WH-GAP", gap(height=height, weight_z=-1.0)) == expected


def test_it_closes_once_there_is_a_bmi() -> None:
    later = (0, "weight", 1800.0, -0.5), (0, "height", 1800.0, 1.0), (0, "bmi", 1800.0, -1.0)
    assert states("WH-GAP", gap(*later)) == ["closed"]


# ---- heads


@pytest.mark.parametrize(
    ("first", "second", "z", "expected"),
    [
        (20, 27, SPACE, "watch"), (20, 26, SPACE, ""), (20, 27, below(SPACE), ""),
        (60, 91, SPACE, "watch"), (60, 92, SPACE, ""),  # 3 months are 91.3 days
    ],
)  # fmt: skip
def test_a_head_rising_in_the_first_three_months(first, second, z, expected) -> None:
    assert severity("HEAD-RISE-1", series("head", (first, 0.0), (second, z))) == expected


@pytest.mark.parametrize(
    ("z", "expected"),
    [
        (below(2 * SPACE), ""), (2 * SPACE, "watch"), (2.0, "watch"), (below(3.0), "watch"),
        (3.0, "act"),
    ],
)  # fmt: skip
def test_a_head_rising_two_spaces(z, expected) -> None:
    """4½ spaces are 3 z; from −0.5, so that it is not above the 99.6th line as well."""
    some = series("head", (100, -0.5), (400, z - 0.5))
    assert severity("HEAD-RISE-2", some) == expected
    twice = series("head", (100, -0.5), (400, z - 0.5), (440, z - 0.5))
    assert severity("HEAD-RISE-2", twice) == expected
    assert severity("HEAD-RISE-2", series("head", (100, -0.5), (731, z - 0.5))) == ""


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (2.5, 2.5 + SPACE / 3, "watch"), (2.5, 2.5 + SPACE / 3 - 1e-6, ""),
        (2.2, 8 / 3, ""), (2.2, above(8 / 3), "watch"), (2.1, 2.8, "act"),
    ],
)  # fmt: skip
def test_a_head_above_the_highest_line_and_still_rising(first, second, expected) -> None:
    some = series("head", (100, first), (200, second))
    assert severity("HEAD-RISE-2", some) == expected


@pytest.mark.parametrize(
    ("z", "expected"),
    [(above(-2 * SPACE), ""), (-2 * SPACE, "watch"), (above(-3.0), "watch"), (-3.0, "act")],
)
def test_a_head_falling_two_spaces(z, expected) -> None:
    assert severity("HEAD-FALL-2", series("head", (100, 0.0), (400, z))) == expected
    twice = series("head", (100, 0.0), (400, z), (430, z))
    assert severity("HEAD-FALL-2", twice) == expected


# ---- rises


@pytest.mark.parametrize(("rule", "measure"), [("WT-RISE-2", "weight"), ("BMI-RISE-2", "bmi")])
def test_a_rise_of_two_spaces(rule, measure) -> None:
    for z, expected in ((below(2 * SPACE), ""), (2 * SPACE, "info")):
        assert severity(rule, series(measure, (1500, 0.0), (2596, z))) == expected
        assert severity(rule, series(measure, (1500, 0.0), (2597, z))) == ""
    assert severity(rule, series(measure, (731, 0.0), (1000, 1.5))) == "info"
    assert severity(rule, series(measure, (730, 0.0), (1000, 1.5))) == ""
    assert severity(rule, series(measure, (6300, 0.0), (6574, 1.5))) == "info"
    assert severity(rule, series(measure, (6300, 0.0), (6575, 1.5))) == ""  # 18 years: 6574.5


# ---- laws


GROWING = [
    ("WT-FALL-1Y", "weight", -1), ("WT-FALL-3Y", "weight", -1), ("BMI-FALL-1Y", "bmi", -1),
    ("TRAJECTORY", "weight", -1), ("HT-FALL-2", "height", -1), ("HT-FALL-1", "height", -1),
    ("WT-BELOW-04", "weight", -1), ("BMI-BELOW-04", "bmi", -1), ("BMI-PCT-MEDIAN", "bmi", -1),
    ("BMI-ABOVE-98", "bmi", 1), ("WT-RISE-2", "weight", 1),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "measure", "sign"), GROWING)
def test_more_is_never_less_grave(rule, measure, sign) -> None:
    grades = []
    for size in np.linspace(0, 6, 61):
        z = sign * size
        about = {"measure": measure, "sex": "female", "age_days": 1850}
        value = float(zscores.measurement(z, **about))
        some = points((0, measure, 1500.0, 0.0), (0, measure, 1850.0, z, value))
        found = severity(rule, some)
        grades.append(SEVERITIES.index(found) if found else -1)
    assert grades == sorted(grades)
    assert grades[-1] > grades[0] == -1


# ---- the other sets


def test_nice_ng75_is_for_action_on_one_weight() -> None:
    ids = [rule.id for rule in ruleset("nice-ng75").rules]
    assert ids == [
        "NEO-LOSS10", "NEO-NOT-REGAINED", "NG75-FALL", "NG75-WT2", "BMI-BELOW-04", "BMI-BELOW-2",
        "MPH-2",
    ]  # fmt: skip
    fall = weights((0, 0.0), (200, -1.3))
    assert severity("NG75-FALL", fall, rules="nice-ng75") == "act"
    assert severity("NG75-FALL", fall) == "watch"
    assert severity("NG75-WT2", weights((200, -2.1)), rules="nice-ng75") == "act"
    for age, expected in ((1826, "watch"), (1827, "")):
        some = series("bmi", (age, -2.1))
        assert severity("BMI-BELOW-2", some, rules="nice-ng75") == expected


@pytest.mark.parametrize(
    ("rule", "z", "expected"),
    [
        ("NCMP-BELOW-2", -2.0538, "info"), ("NCMP-BELOW-2", -2.0537, ""),
        ("NCMP-ABOVE-85", 1.0365, "info"), ("NCMP-ABOVE-85", 1.0364, ""),
        ("NCMP-ABOVE-95", 1.6449, "info"), ("NCMP-ABOVE-95", 1.6448, ""),
        ("BMI-ABOVE-91", 1.3408, "info"), ("BMI-ABOVE-91", 1.3407, ""),
        ("BMI-ABOVE-98", 2.0538, "watch"), ("BMI-ABOVE-98", 2.0537, ""),
        ("BMI-ABOVE-996", 2.6521, "act"), ("BMI-ABOVE-996", 2.6520, ""),
    ],
)  # fmt: skip
def test_ncmp_counts_by_exact_centiles(rule, z, expected) -> None:
    """From a printed table of the normal distribution: 2 % −2.05375, 85 % 1.03643 …"""
    assert severity(rule, series("bmi", (2000, z)), rules="ncmp") == expected


def test_the_dutch_rules_for_height() -> None:
    def dutch(rule, *heights, born=None, known=None):
        some = [(0, "height", float(age), z) for age, z in heights]
        some += [(0, "weight", 0.0, 0.0, born)] if born else []
        return severity(rule, points(*some), rules="height-nl", background=known)

    assert dutch("NL-BELOW-3", (800, -3.1), born=2.5) == "act"
    assert dutch("NL-BELOW-3", (800, -3.1), born=2.49) == ""
    assert dutch("NL-BELOW-3", (800, -3.1)) == ""
    assert dutch("NL-BELOW-25-TWICE", (500, -2.6), (682, -2.6)) == "act"
    assert dutch("NL-BELOW-25-TWICE", (500, -2.6), (681, -2.6)) == ""
    assert dutch("NL-BELOW-25-TWICE", (500, -2.6), (867, -2.6)) == ""
    assert dutch("NL-BELOW-25", (1096, -2.6)) == "act"
    assert dutch("NL-BELOW-25", (1095, -2.6)) == ""
    assert dutch("NL-BORN-SMALL", (1900, -2.1), (0, -2.2)) == "act"
    assert dutch("NL-BORN-SMALL", (1900, -2.1), (0, -1.9)) == ""
    assert dutch("NL-TARGET-16", (1500, -2.1), known=parents(0, 0)) == "act"
    assert dutch("NL-TARGET-16", (1500, -2.1), known=parents(-2, 0)) == "act"
    assert dutch("NL-TARGET-16", (1500, -2.1), known=parents(-2, -0.1)) == ""
    assert dutch("NL-TARGET-2", (1500, -1.5), known=parents(1.1, 1)) == "act"
    assert dutch("NL-TARGET-2", (1500, -1.5), known=parents(0.9, 1)) == ""
    assert dutch("NL-FALL-2", (1500, 1.0), (3400, -1.01)) == "act"
    assert dutch("NL-FALL-2", (1500, 1.0), (3400, -1.0)) == ""
    fell = (1500, 0.2), (1700, -1.0), (1900, -1.1)
    assert dutch("NL-FALL-1", *fell, known=parents(0.5, 0)) == "act"
    assert dutch("NL-FALL-1", *fell) == ""
    assert dutch("NL-FALL-1", *fell[:2], known=parents(0.5, 0)) == ""


# ---- what must be found


def test_eight_weeks_from_above_the_91st_to_the_25th() -> None:
    rows = [at("a", age, "weight", z) for age, z in ((0, 1.5), (28, 1.2), (56, -0.67))]
    assert "NG75-FALL" in rules_met(check(rows)) or "COND-GAIN" in rules_met(check(rows))
    assert check(rows).children.iloc[0]["block"] in ("watch", "act")


def test_a_head_rising_a_space_by_six_weeks_and_to_the_highest_line_at_six_months() -> None:
    heads = [(14, 0.6), (42, 1.3), (90, 1.9), (183, 2.7)]
    early = check([at("a", age, "head", z) for age, z in heads[:2]])
    assert rules_met(early) == {"HEAD-RISE-1": "watch"}
    assert "in 4 weeks" in early.findings["sentence"][0]
    assert "2 to 4 weeks" in early.findings["guidance"][0]
    late = check([at("a", age, "head", z) for age, z in heads])
    assert late.children.iloc[0]["level"] in ("act", "urgent")
    assert rules_met(late) == {"HEAD-RISE-2": "act"}
