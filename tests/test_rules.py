"""Each rule: a case it exists for, and the nearest cases on either side of every line it draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from centiles import zscores
from centiles.lms import SPACE
from centiles.monitoring.correlations import correlation
from centiles.monitoring.rulesets import SHIPPED, ruleset
from centiles.monitoring.schema import CONDITIONS, KINDS
from tests import plain_rules
from tests.cohorts import (
    UNKNOWN,
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
    steady,
    weights,
)

# ---- WT-FALL-1Y: ≥2/3, ≥1, ≥4/3 z within 13 months, both from 4 years


@pytest.mark.parametrize(
    ("z", "expected"),
    [
        (above(-SPACE), ""), (-SPACE, "watch"),
        (above(-1.0), "watch"), (-1.0, "act"),
        (above(-2 * SPACE), "act"), (-2 * SPACE, "urgent"), (-3.0, "urgent"),
    ],
)  # fmt: skip
def test_a_fall_within_a_year(z, expected) -> None:
    """A fall of exactly n spaces counts."""
    assert severity("WT-FALL-1Y", weights((1500, 0.0), (1800, z))) == expected


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (1500, 1896, "urgent"), (1500, 1897, ""),  # 13 months are 396 days
        (1461, 1500, "urgent"), (1460, 1500, ""),  # 4 years are 1461 days: from_age
    ],
)  # fmt: skip
def test_the_window_and_ages_of_a_fall_within_a_year(earlier, later, expected) -> None:
    assert severity("WT-FALL-1Y", weights((earlier, 0.0), (later, -2.0))) == expected


def test_from_age_and_ages_are_corrected() -> None:
    """Born at 32+0, 56 days early: 4 years corrected is day 1517."""
    assert severity("WT-FALL-1Y", weights((1517, 0.0), (1700, -2.0), gestation=224.0)) == "urgent"
    assert severity("WT-FALL-1Y", weights((1516, 0.0), (1700, -2.0), gestation=224.0)) == ""


def test_the_highest_of_the_window_is_the_start() -> None:
    (found,) = met("WT-FALL-1Y", weights((1500, 0.2), (1600, 0.4), (1700, 0.4), (1800, -0.4)))
    assert found.start == 1700  # of equals the last
    assert found.amount == pytest.approx(0.8)


def test_a_rise_is_no_fall_and_one_point_is_no_pair() -> None:
    assert severity("WT-FALL-1Y", weights((1500, -1.0), (1800, 1.0))) == ""
    assert severity("WT-FALL-1Y", weights((1500, -3.9))) == ""


# ---- WT-FALL-3Y: ≥4/3 z within 36 months, from 3 years; act on two weights or ≥2 z


@pytest.mark.parametrize(
    ("z", "expected"),
    [(above(-2 * SPACE), ""), (-2 * SPACE, "watch"), (above(-2.0), "watch"), (-2.0, "act")],
)
def test_a_fall_within_three_years(z, expected) -> None:
    assert severity("WT-FALL-3Y", weights((1500, 0.0), (2400, z))) == expected


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (1500, 2596, "act"), (1500, 2597, ""),  # 36 months are 1096 days
        (1461, 1500, "act"),
    ],
)  # fmt: skip
def test_the_window_of_a_fall_within_three_years(earlier, later, expected) -> None:
    assert severity("WT-FALL-3Y", weights((earlier, 0.0), (later, -2.5))) == expected


@pytest.mark.parametrize(("earlier", "expected"), [(1096, "act"), (1095, "")])
def test_from_3_years(earlier, expected) -> None:
    """3 years are 1095.75 days. Both are on WHO, so nothing is carried."""
    assert severity("WT-FALL-3Y", weights((earlier, 0.5), (1400, -2.0))) == expected


def test_on_two_weights_it_is_for_action() -> None:
    """2½ spaces or more: 1⅔ z."""
    fall = (1500, 0.0), (1900, -1.7)
    assert severity("WT-FALL-3Y", weights(*fall, (1927, -1.7))) == "watch"
    assert severity("WT-FALL-3Y", weights(*fall, (1928, -1.7))) == "act"
    less = (1500, 0.0), (1900, above(-2.5 * SPACE)), (1928, above(-2.5 * SPACE))
    assert severity("WT-FALL-3Y", weights(*less)) == "watch"


def test_a_drift_of_years_is_not_graded_as_the_fall_of_one() -> None:
    """The start is fixed: what is added after the 13 months raises nothing; inside them it does."""
    within = (1500, 0.0), (1800, -0.8), (1896, -1.4)
    assert severity("WT-FALL-1Y", weights(*within)) == "urgent"
    after = (1500, 0.0), (1800, -0.8), (1897, -1.4)
    (found,) = met("WT-FALL-1Y", weights(*after))
    assert (found.severity, found.amount) == ("watch", pytest.approx(1.4))


# ---- WT-LOSS: > 2 / 5 / 10 % (from 13 years 5 / 7.5 / 10 %) and more than 1.96·√2·e


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (58.8, ""), (58.79, "watch"),  # 60 kg less 2 % is 58.8: exactly, and not more
        (57.0, "watch"), (56.99, "act"),
        (54.0, "act"), (53.99, "urgent"),
    ],
)  # fmt: skip
def test_a_loss_at_school_age(now, expected) -> None:
    assert severity("WT-LOSS", kilograms((3300, 60.0), (3500, now))) == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (57.0, ""), (56.99, "watch"),
        (55.5, "watch"), (55.49, "act"),  # 7.5 %
        (54.0, "act"), (53.99, "urgent"),
    ],
)  # fmt: skip
def test_a_loss_from_13_years(now, expected) -> None:
    """13 years are 4748.25 days, of the newer weight."""
    assert severity("WT-LOSS", kilograms((4600, 60.0), (4749, now))) == expected


def test_at_12_years_the_percentages_are_those_of_school_age() -> None:
    assert severity("WT-LOSS", kilograms((4600, 60.0), (4748, 57.0))) == "watch"


@pytest.mark.parametrize(("now", "expected"), [(19.17, ""), (19.16, "watch")])
def test_a_loss_must_be_more_than_error(now, expected) -> None:
    """1.96·√2·0.3 kg = 0.8316 kg, though 2 % of 20 kg is only 0.4."""
    assert severity("WT-LOSS", kilograms((2000, 20.0), (2100, now))) == expected


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (3300, 3328, "urgent"), (3300, 3327, ""),  # at least 28 days before
        (3300, 3696, "urgent"), (3300, 3697, ""),  # within 396
        (600, 731, "urgent"), (600, 730, ""),  # from 2 years: 730.5 days
    ],
)  # fmt: skip
def test_the_window_and_ages_of_a_loss(earlier, later, expected) -> None:
    assert severity("WT-LOSS", kilograms((earlier, 60.0), (later, 50.0))) == expected


def test_a_loss_is_from_the_highest_weight_and_not_the_highest_z() -> None:
    rows = [(0, "weight", 3300.0, 2.0, 55.0), (0, "weight", 3400.0, 1.0, 60.0)]
    (found,) = met("WT-LOSS", points(*rows, (0, "weight", 3500.0, 0.0, 56.0)))
    assert found.start == 3400
    assert found.amount == pytest.approx(100 * 4 / 60)


# ---- level rules


@pytest.mark.parametrize(
    ("z", "expected"), [(-8 / 3, ""), (below(-8 / 3), "act"), (-6.0, "act"), (-2.5, "")]
)
def test_weight_below_the_lowest_line(z, expected) -> None:
    assert severity("WT-BELOW-04", weights((2000, z))) == expected


@pytest.mark.parametrize("age", [-50 + 56, 10, 100, 800, 3000, 7300])
def test_weight_below_the_lowest_line_at_all_ages(age) -> None:
    assert severity("WT-BELOW-04", weights((age, -3.0))) == "act"


@pytest.mark.parametrize(
    ("earlier", "z", "expected"),
    [
        (1004, -2.0, "urgent"), (1004, below(-2.0), "act"),  # 1096 days before, at the 2nd line
        (1003, 0.0, "act"), (1003 + 2, 0.0, "urgent"),
    ],
)  # fmt: skip
def test_urgent_if_earlier_at_the_2nd_line(earlier, z, expected) -> None:
    """Both after 4 years, so that nothing is carried."""
    shift = 1500
    some = weights((earlier + shift, z), (2100 + shift, -2.7))
    assert severity("WT-BELOW-04", some) == expected


def test_bmi_below_the_lowest_line_from_2_years() -> None:
    """At 2½ years the 0.4th line is 77 % of the median: no other condition holds."""
    assert severity("BMI-BELOW-04", series("bmi", (900, -8 / 3))) == ""
    assert severity("BMI-BELOW-04", series("bmi", (900, below(-8 / 3)))) == "act"
    assert severity("BMI-BELOW-04", series("bmi", (731, -2.8))) == "act"
    assert severity("BMI-BELOW-04", series("bmi", (730, -2.8))) == ""


@pytest.mark.parametrize(
    ("age", "z", "expected"),
    [
        (1800, -1.75, "urgent"), (1800, below(-1.75), "act"),
        (1604, -1.7, "urgent"), (1603, -1.7, "act"),  # 396 days, 397 days
    ],
)  # fmt: skip
def test_bmi_urgent_with_a_bmi_fall_of_1_z_in_13_months(age, z, expected) -> None:
    """2.75 − 1.75 is exactly 1."""
    assert severity("BMI-BELOW-04", series("bmi", (age, z), (2000, -2.75))) == expected


@pytest.mark.parametrize(
    ("earlier", "weight_day", "fall", "expected"),
    [
        (1700, 2000, 1.0, "urgent"), (1700, 2000, 0.99, "act"),
        (1700, 1972, 1.0, "urgent"), (1700, 1971, 1.0, "act"),  # the newest weight of 28 days
        (1604, 2000, 1.0, "urgent"), (1603, 2000, 1.0, "act"),
        (1700, 2001, 1.0, "act"),  # a weight of later days was not known at this BMI
    ],
)  # fmt: skip
def test_bmi_urgent_with_a_weight_fall_of_1_z_in_13_months(
    earlier, weight_day, fall, expected
) -> None:
    """The weights are high and rise in kilograms, so that the fall is one of z only."""
    some = points(
        (0, "weight", float(earlier), 0.5, 20.0),
        (0, "weight", float(weight_day), 0.5 - fall, 21.0),
        (0, "bmi", 2000.0, -2.8),
    )  # fmt: skip
    assert severity("BMI-BELOW-04", some) == expected


@pytest.mark.parametrize(
    ("now", "earlier", "expected"),
    [(19.0, 1800, "act"), (18.99, 1800, "urgent"), (18.0, 1972, "urgent"), (18.0, 1973, "act")],
)
def test_bmi_urgent_with_a_loss_of_more_than_5_per_cent(now, earlier, expected) -> None:
    """Of 20 kg, at least 28 days before."""
    some = points(
        (0, "weight", float(earlier), 0.0, 20.0), (0, "weight", 2000.0, 0.0, now),
        (0, "bmi", 2000.0, -2.8),
    )  # fmt: skip
    assert severity("BMI-BELOW-04", some) == expected


def test_bmi_urgent_under_70_per_cent_of_the_median() -> None:
    """At 15 years, girls: 70 % of the median is below the 0.4th line or not, so try both sides."""
    median = zscores.measurement(0.0, measure="bmi", sex="female", age_days=5479)
    for share, expected in ((0.699, "urgent"), (0.7001, "act")):
        z = zscores.zscore(share * median, measure="bmi", sex="female", age_days=5479)
        assert z < -8 / 3
        assert severity("BMI-BELOW-04", points((0, "bmi", 5479.0, z, share * median))) == expected


def test_weight_below_the_2nd_line() -> None:
    assert severity("NG75-WT2", weights((100, -2.0))) == ""
    assert severity("NG75-WT2", weights((100, below(-2.0)))) == "watch"
    assert severity("NG75-WT2", weights((100, -8 / 3))) == "watch"
    assert severity("NG75-WT2", weights((100, below(-8 / 3)))) == "act"  # below the 0.4th as well


@pytest.mark.parametrize(
    ("age", "expected"), [(14, ""), (15, "watch"), (1826, "watch"), (1827, "")]
)
def test_the_ages_of_ng75(age, expected) -> None:
    """From day 15 since birth to under 5 years, 1826.25 days."""
    assert severity("NG75-WT2", weights((age, -2.1))) == expected


def test_ng75_counts_days_from_birth_and_years_corrected() -> None:
    """Born at 44+0, 28 days late: 5 years corrected is day 1798."""
    assert severity("NG75-WT2", weights((15, -2.1), gestation=308.0)) == "watch"
    assert severity("NG75-WT2", weights((1798, -2.1), gestation=308.0)) == "watch"
    assert severity("NG75-WT2", weights((1799, -2.1), gestation=308.0)) == ""


@pytest.mark.parametrize(
    ("z", "expected"), [(-2.1 + SPACE + 1e-12, "act"), (-2.1 + SPACE - 1e-12, "watch")]
)
def test_weight_below_the_2nd_with_a_fall_of_a_space(z, expected) -> None:
    assert severity("NG75-WT2", weights((400, z), (600, -2.1))) == expected


@pytest.mark.parametrize(("z", "expected"), [(-4 / 3, "act"), (below(-4 / 3), "watch")])
def test_weight_below_the_2nd_of_a_child_born_at_the_9th(z, expected) -> None:
    """1200 days later the birth weight is out of the 36 months, so only where it stood counts."""
    assert severity("NG75-WT2", weights((0, z), (1200, -2.1))) == expected
    assert severity("NG75-WT2", weights((2, z), (1200, -2.1))) == "watch"  # no birth weight


# ---- HT-FALL-2: > 4/3 z within 36 months, from 3 years


@pytest.mark.parametrize(("z", "expected"), [(-2 * SPACE, ""), (below(-2 * SPACE), "watch")])
def test_a_fall_in_height_must_be_more_than_two_spaces(z, expected) -> None:
    assert severity("HT-FALL-2", series("height", (1500, 0.0), (2400, z))) == expected


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [(1500, 2596, "watch"), (1500, 2597, ""), (1461, 1900, "watch")],
)
def test_the_window_of_a_fall_in_height(earlier, later, expected) -> None:
    assert severity("HT-FALL-2", series("height", (earlier, 0.0), (later, -1.5))) == expected


@pytest.mark.parametrize(("earlier", "expected"), [(1096, "watch"), (1095, "")])
def test_a_fall_in_height_from_3_years(earlier, expected) -> None:
    assert severity("HT-FALL-2", series("height", (earlier, 0.0), (1400, -1.5))) == expected


@pytest.mark.parametrize(("gap", "expected"), [(27, "watch"), (28, "act")])
def test_a_fall_in_height_on_two_heights(gap, expected) -> None:
    some = series("height", (1500, 0.0), (2400, -1.5), (2400 + gap, -1.5))
    assert severity("HT-FALL-2", some) == expected


@pytest.mark.parametrize(
    ("sex", "age", "expected"),
    [
        ("female", 3652, "act"), ("female", 3653, "watch"),  # 10 years are 3652.5 days
        ("female", 5113, "watch"), ("female", 5114, "act"),  # 14 years 5113.5
        ("male", 4017, "act"), ("male", 4018, "watch"),  # 11 years 4017.75
        ("male", 5843, "watch"), ("male", 5844, "act"),  # 16 years 5844
    ],
)  # fmt: skip
def test_a_fall_in_height_in_the_pubertal_window(sex, age, expected) -> None:
    some = series("height", (age - 400, 0.0), (age - 100, -1.5), (age, -1.5), sex=sex)
    assert severity("HT-FALL-2", some) == expected


# ---- NG75-FALL: 1, 2 or 3 spaces below the birth weight, by its band


def carried(z):
    """A girl's birth weight z as from 42 weeks on, worked out from the tables."""
    return plain_rules.carry(z, "weight", "female", 0, 1)


@pytest.mark.parametrize(
    ("birth", "spaces"),
    [
        (-2.0, 1), (-1.334, 1), (-4 / 3, 2), (0.0, 2), (4 / 3, 2), (1.334, 3), (2.0, 3),
    ],
)  # fmt: skip
def test_a_fall_from_birth_by_the_band_of_the_birth_weight(birth, spaces) -> None:
    """Below the 9th line 1 space, to the 91st 2, above 3; the lines belong to the middle."""
    start = carried(birth)
    for z, expected in (
        (start - spaces * SPACE + 1e-6, ""),
        (start - spaces * SPACE - 1e-6, "watch"),
    ):
        assert severity("NG75-FALL", weights((0, birth), (100, z))) == expected, (birth, z)


@pytest.mark.parametrize(
    ("age", "expected"), [(14, ""), (15, "watch"), (1826, "watch"), (1827, "")]
)
def test_the_ages_of_a_fall_from_birth(age, expected) -> None:
    """The next day is on the same tables; no window but the ages."""
    z = plain_rules.carry(carried(0.0), "weight", "female", 1, plain_rules.section_of(age)) - 1.4
    assert severity("NG75-FALL", weights((0, 0.0), (age, z))) == expected


@pytest.mark.parametrize(("day", "expected"), [(0, "watch"), (1, "watch"), (2, "")])
def test_a_birth_weight_is_of_day_0_or_1(day, expected) -> None:
    """Of day 2 it is none; and it is too early to be the highest of day 15 to 8 weeks."""
    start = carried(0.0)
    assert severity("NG75-FALL", weights((day, 0.0), (100, start - 1.4))) == expected


def test_without_a_birth_weight_it_is_two_spaces_below_the_highest_of_day_15_to_8_weeks() -> None:
    def some(*pairs):
        return severity("NG75-FALL", weights(*pairs))

    assert some((15, 2.5), (100, 2.5 - 2 * SPACE)) == "watch"  # the 2-space band, though high
    assert some((15, 0.0), (100, above(-2 * SPACE))) == ""
    assert some((56, 0.0), (100, -2 * SPACE)) == "watch"
    assert some((57, 0.0), (100, -1.5)) == ""  # not assessable
    assert some((14, 0.0), (100, -1.5)) == ""
    (found,) = met("NG75-FALL", weights((20, 0.0), (30, 0.5), (50, 0.2), (100, -1.0)))
    assert found.start == 30


def test_the_highest_so_far_is_what_an_early_weight_is_compared_with() -> None:
    """At 5 weeks nobody knows yet that the weight of 7 weeks will be higher."""
    (found,) = met("NG75-FALL", weights((20, 0.0), (35, -1.4), (50, 0.1)))
    assert (found.start, found.opened, found.state) == (20, 35, "recovering")


def test_a_preterm_child_is_compared_with_its_first_weight_from_42_weeks() -> None:
    """Born at 32+0: 14 days corrected is day 70. Watch at most."""
    born = {"gestation": 224.0}
    fall = (0, 0.0), (69, 0.0), (70, -0.5), (90, 0.9)
    assert severity("NG75-FALL", weights(*fall, (200, -0.5 - 2 * SPACE + 1e-9), **born)) == ""
    (found,) = met("NG75-FALL", weights(*fall, (200, -0.5 - 2 * SPACE), **born))
    assert (found.start, found.severity) == (70, "watch")
    (found,) = met("NG75-FALL", weights(*fall, (200, -3.5), (260, -3.6), **born))
    assert (found.state, found.severity) == ("sustained", "watch")
    term = weights((0, carried(0.0)), (200, -3.5), (260, -3.6), gestation=259.0)
    assert met("NG75-FALL", term)[0].severity == "act"  # 37+0 is term


def test_a_fall_from_birth_for_action() -> None:
    """Two spaces more than its band asks, on two weights 14 days apart."""
    four = carried(0.0) - 4 * SPACE - 1e-6
    assert severity("NG75-FALL", weights((0, 0.0), (100, four), (113, four))) == "watch"
    assert severity("NG75-FALL", weights((0, 0.0), (100, four), (114, four))) == "act"
    less = four + 2e-6
    assert severity("NG75-FALL", weights((0, 0.0), (100, four), (114, less))) == "watch"


@pytest.mark.parametrize(("margin", "expected"), [(-1e-6, "act"), (1e-6, "watch")])
def test_a_gain_below_5_per_cent_to_the_last_digit(margin, expected, tmp_path) -> None:
    """Birth z −0.5, at 300 days: Zg is −1.645 where z = r·z1 − 1.645·√(1 − r²)."""
    path = tmp_path / "own.toml"
    path.write_text(OWN, encoding="utf-8")
    start, r = carried(-0.5), float(correlation("weight", 0, 300))
    z = r * start - 1.645 * np.sqrt(1 - r**2) + margin
    fall = start - z
    assert 2 * SPACE < fall < 3 * SPACE
    some = weights((0, -0.5), (250, start - 1.4), (300, z))
    assert severity("FALL", some, rules=str(path)) == expected


OWN = """
[see_by]
urgent = { days = 1 }
act = { days = 2 }
watch = { days = 3 }
info = { days = 4 }
[reweigh]
steps = [[0, 1]]
[[rule]]
id = "FALL"
kind = "fall"
measure = "weight"
comparator = "birth"
title = "fallen"
definition = "fallen from birth"
ages = [0, 5]
from_day = 15
bands = [[-1.3333333333333333, 1], [1.3333333333333333, 2], [inf, 3]]
[[rule.level]]
severity = "watch"
[[rule.level]]
severity = "act"
when = ["sustained", "gain_below_5_percent"]
"""


def test_unknown_gestation_is_one_level_lower_where_birth_weight_counts() -> None:
    start = carried(0.0)
    falls = (0, 0.0), (100, start - 2.7), (150, start - 2.7)
    assert severity("NG75-FALL", weights(*falls)) == "act"
    assert severity("NG75-FALL", weights(*falls, gestation=UNKNOWN)) == "watch"
    assert severity("NG75-FALL", weights(*falls[:2], gestation=UNKNOWN)) == "info"
    late = (20, 0.0), (100, -2.1)
    assert severity("NG75-FALL", weights(*late, gestation=UNKNOWN)) == "watch"  # no birth weight
    assert severity("NG75-WT2", weights((100, -2.1), gestation=UNKNOWN)) == "watch"


# ---- joins do not raise


def who_before(z):
    """A girl's weight z at 4 years on WHO that stands at z on UK 1990."""
    low, high = -6.0, 2.0
    for _ in range(80):
        mid = (low + high) / 2
        low, high = (
            (mid, high) if plain_rules.carry(mid, "weight", "female", 2, 3) < z else (low, mid)
        )
    return low


def test_low_only_because_the_tables_change_is_watch() -> None:
    """Carried, the weight of 3½ years is below the 0.4th as well: the child did not change."""
    before = who_before(-2.7)
    assert before > -8 / 3  # not below it on WHO
    (found,) = met("WT-BELOW-04", weights((1300, before), (1500, -2.7)))
    assert (found.severity, found.guard, found.opened) == ("watch", True, 1500)
    (found,) = met("WT-BELOW-04", weights((1300, who_before(-2.66)), (1500, -2.7)))
    assert (found.severity, found.guard) == ("act", False)


@pytest.mark.parametrize(("age", "guard"), [(1857, True), (1858, False)])
def test_the_guard_holds_for_13_months_after_the_join(age, guard) -> None:
    """1461 + 396 = 1857."""
    (found,) = met("WT-BELOW-04", weights((1300, who_before(-2.7)), (age, -2.7)))
    assert found.guard == guard


def test_the_guard_gives_way_to_a_fall() -> None:
    """At or above the 2nd line within 36 months, carried: this child did fall."""
    some = weights((1000, who_before(-2.0) + 1e-6), (1300, who_before(-2.7)), (1500, -2.7))
    (found,) = met("WT-BELOW-04", some)
    assert (found.severity, found.guard) == ("urgent", False)


def test_a_finding_from_before_the_join_is_not_made_graver_by_it() -> None:
    """Between the 2nd and 0.4th on WHO, below the 0.4th on UK 1990 unchanged: watch it was."""
    z = who_before(-2.75)
    assert -8 / 3 < z < -2
    assert severity("NG75-WT2", weights((1300, z))) == "watch"
    assert severity("NG75-WT2", weights((1300, z), (1500, -2.75))) == "watch"
    assert severity("NG75-WT2", weights((1300, z - 0.5), (1500, -2.75 - 0.5))) == "act"  # as before


def test_born_at_the_9th_says_nothing_at_a_join() -> None:
    """First below the 2nd line because the tables change: no act for where it was born."""
    z = who_before(-2.1)
    assert z > -2
    (found,) = met("NG75-WT2", weights((0, 0.0), (1300, z), (1500, -2.1)))
    assert (found.severity, found.guard) == ("watch", True)


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize("z", np.arange(-3.6, 3.7, 0.4).round(1).tolist())
@pytest.mark.parametrize("measure", ["weight", "height", "bmi"])
def test_nobody_falls_merely_by_crossing_4_years(measure, z, sex) -> None:
    """Steady on one carried reference from 2 to 7 years: no rule of change, no act by the join."""
    rows = steady("a", [760, 1100, 1300, 1430, 1500, 1700, 2000, 2500], measure, z, sex=sex)
    done = check(rows)
    changes = {rule.id for rule in ruleset().rules if KINDS[rule.kind].of_change}
    assert not changes & set(done.findings["rule"])
    for found in done.findings.itertuples():
        first = (found.opened_on - rows[0].on) / np.timedelta64(1, "D") + 760
        after = 1461 <= first <= 1461 + 396
        grave = found.severity in ("act", "urgent")
        assert not (grave and after), (found.rule, found.severity)


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize("z", [-2.0, -1.0, 0.0, 1.0, 2.0])
@pytest.mark.parametrize("gestation", [259.0, 280.0, 294.0, UNKNOWN])
def test_nobody_falls_merely_by_crossing_42_weeks(z, sex, gestation) -> None:
    rows = steady("a", [0, 8, 20, 40, 80, 200], "weight", z, sex=sex, gestation=gestation)
    assert "NG75-FALL" not in set(check(rows).findings["rule"])


def test_without_the_carry_they_would() -> None:
    """A girl at birth z 0 is at +0.20 from 42 weeks: raw and carried differ by that."""
    rows = steady("a", [0, 100], "weight", 0.0)
    z = check(rows).scored["z"]
    assert z[1] - z[0] == pytest.approx(0.20, abs=0.006)


# ---- the paper correction stops


@pytest.mark.parametrize("gestation", [196.0, 224.0, 245.0])
@pytest.mark.parametrize("z", [-2.3, -1.9, -1.6, 0.0, 1.5])
def test_nothing_is_raised_when_the_paper_correction_stops(gestation, z) -> None:
    """32 to 36 weeks at 1 year, under 32 at 2: the same child, no longer corrected."""
    ages = [150, 250, 350, 380, 500, 650, 720, 740, 900]
    plan = {"measure": "weight", "sex": "female", "gestation_days": gestation}
    rows = [
        Row("a", age, "weight",
            float(zscores.measurement(z, age_days=age, correction="digital", **plan)),
            gestation=gestation)
        for age in ages
    ]  # fmt: skip
    digital, paper = check(rows), check(rows, correction="paper")
    assert "NG75-FALL" not in set(paper.findings["rule"])
    grave = {"act", "urgent"}
    assert not grave & set(paper.findings["severity"]) - set(digital.findings["severity"])
    changes = {rule.id for rule in ruleset().rules if KINDS[rule.kind].of_change}
    assert not changes & set(paper.findings["rule"])


def test_it_did_look_like_a_fall() -> None:
    """So that the test above has something to see: the z does drop at 1 year."""
    rows = [at("a", age, "weight", -1.9, gestation=224.0) for age in (350, 380)]
    z = check(rows, correction="paper").scored["z"]
    assert z[0] == pytest.approx(-1.9)
    assert z[1] < -2.0


def test_a_fall_over_the_end_of_the_correction_is_measured_with_it() -> None:
    """1.1 z from 10 weeks to 380 days, corrected at both ends; 1.5 if the second were not."""
    rows = [at("a", age, "weight", z, gestation=224.0) for age, z in ((75, 0.0), (380, -1.1))]
    done = check(rows, correction="paper")
    assert done.scored["z"][0] - done.scored["z"][1] > 2 * SPACE
    assert "NG75-FALL" not in set(done.findings["rule"])
    rows[1] = at("a", 380, "weight", -1.4, gestation=224.0)
    done = check(rows, correction="paper")
    found = finding(done, "NG75-FALL")
    assert found.carried_change_z == pytest.approx(-1.4, abs=1e-6)
    assert found.change_z < -1.7


# ---- the conditions a rule set may name


def test_every_condition_is_used_by_a_shipped_set() -> None:
    rules = [rule for name in SHIPPED for rule in ruleset(name).rules]
    used = {word for rule in rules for level in rule.levels for word in level.when}
    assert used == CONDITIONS


def test_severity_of_a_recovering_finding_is_one_below_the_rules_first() -> None:
    some = weights((1500, 0.0), (1700, -1.5), (1800, -0.3))
    assert severity("WT-FALL-1Y", some) == "info"
    assert severity("WT-BELOW-04", weights((1700, -2.7), (1800, -2.0))) == "watch"


# ---- what must be found, and what must not


def test_a_slide_across_three_services_is_urgent() -> None:
    """Between the 25th and 50th at 4½ years, below the 0.4th a year later, in three exports."""
    slide = [(1650, -0.4, "health_visiting.csv"), (1790, -1.2, "school.csv"),
             (1900, -2.0, "hospital.csv"), (2010, -2.8, "school.csv")]  # fmt: skip
    rows = [at("slide", age, "weight", z, source=source) for age, z, source in slide]
    rows += [at("steady", age, "weight", -1.2, source="school.csv") for age, *_ in slide]
    done = check(rows)
    first = done.children.iloc[0]
    assert (first["child_id"], first["block"], first["rank"]) == ("slide", "urgent", 1)
    met_ = rules_met(done, "slide")
    assert met_["WT-FALL-1Y"] == "urgent"
    assert met_["WT-BELOW-04"] == "urgent"
    assert first["sources"] == "health_visiting.csv; school.csv; hospital.csv"
    assert not rules_met(done, "steady")


def test_a_tall_thin_child_under_70_per_cent_of_the_median_is_seen_the_same_day() -> None:
    """Weight at the 0.4th line, so no rule of weight; BMI 68 % of the median."""
    age = 4500
    weight = zscores.measurement(-8 / 3 + 0.001, measure="weight", sex="female", age_days=age)
    median = zscores.measurement(0.0, measure="bmi", sex="female", age_days=age)
    height = 100 * np.sqrt(weight / (0.68 * median))
    rows = [Row("a", age, "weight", weight), Row("a", age, "height", height)]
    done = check(rows)
    assert rules_met(done) == {"BMI-BELOW-04": "urgent", "BMI-PCT-MEDIAN": "urgent"}
    for rule in rules_met(done):
        found = finding(done, rule)
        assert found.see_by == found.to_date
        assert "See the same day." in found.sentence
    assert done.children.iloc[0]["block"] == "urgent"


def test_a_starved_child_ranks_before_a_steeper_list_of_others() -> None:
    """z −6 after z −1 is a fall of 7½ spaces; it stands before falls of two and three."""
    rows = [at("starved", 1500, "weight", -1.0), at("starved", 1800, "weight", -6.0)]
    for number, z in enumerate((-1.4, -2.0)):
        rows += [at(f"c{number}", 1500, "weight", 0.0), at(f"c{number}", 1800, "weight", z)]
    rows += [at("typed", 1500, "weight", 0.0), Row("typed", 1800, "weight", 1.84)]
    done = check(rows)
    assert list(done.children["child_id"]) == ["starved", "c1", "c0", "typed"]
    assert list(done.children["block"]) == ["urgent", "urgent", "urgent", "verify today"]


def test_a_large_newborn_catching_down_is_not_for_action() -> None:
    """From the 98th to the 75th in a year, then steady: two spaces of the three its band asks."""
    z = [(0, 2.0), (28, 1.8), (56, 1.6), (84, 1.4), (180, 1.0), (365, 0.7), (800, 0.7), (1300, 0.7)]
    assert rules_met(check([at("a", age, "weight", each) for age, each in z])) == {}


def test_a_preterm_child_at_the_age_when_correction_stops_is_left_alone() -> None:
    rows = [at("a", age, "weight", -0.5, gestation=224.0) for age in (90, 200, 350)]
    rows += [at("a", age, "weight", -0.5, gestation=224.0) for age in (380, 500, 740)]
    assert rules_met(check(rows, correction="paper")) == {}
    assert rules_met(check(rows)) == {}


def test_a_term_baby_born_at_42_weeks_and_3_days_corrected_properly_is_left_alone() -> None:
    rows = [at("a", age, "weight", 0.0, gestation=297.0) for age in (20, 60, 120, 300)]
    rows.insert(0, at("a", 0, "weight", -0.2, gestation=294.0))
    rows = [replace(row, gestation=297.0) for row in rows[1:]]
    assert rules_met(check(rows)) == {}
