"""Findings as a table: their numbers, dates and blocks; doubtful values and disagreeing days."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from centiles.ages import DAYS_IN_YEAR
from centiles.monitoring.rates import said_of, words_of
from centiles.monitoring.rulesets import ruleset
from centiles.monitoring.schema import SEVERITIES
from centiles.monitoring.wording import VERIFY_TODAY
from centiles.zscores import zscore
from tests import plain_rules
from tests.cohorts import BORN, TERM, UNKNOWN, Row, at, check, codes, finding, rules_met

DAY = np.timedelta64(1, "D")


def fall(*pairs, child="a", **others):
    return [at(child, age, "weight", z, **others) for age, z in pairs]


def day(age):
    return pd.Timestamp(BORN + np.timedelta64(age, "D"))


def test_the_numbers_of_a_fall() -> None:
    rows = fall((1500, 0.4), (1600, -0.5), source="a.csv") + fall((1800, -1.0), source="b.csv")
    found = finding(check(rows), "WT-FALL-1Y")
    assert (found.child_id, found.severity, found.state, found.measure) == (
        "a", "urgent", "sustained", "weight",
    )  # fmt: skip
    assert (found.from_source, found.from_row, found.source, found.to_row) == (
        "a.csv",
        2,
        "b.csv",
        2,
    )
    assert (found.from_age_days, found.to_age_days, found.interval_days) == (1500, 1800, 300)
    assert (found.from_date, found.opened_on, found.to_date) == (day(1500), day(1600), day(1800))
    assert (found.from_value, found.to_value) == (rows[0].value, rows[2].value)
    assert (found.from_z, found.to_z) == (pytest.approx(0.4), pytest.approx(-1.0))
    assert found.from_position == "between the 50th and 75th"
    assert found.to_position == "between the 9th and 25th"
    assert found.change_z == pytest.approx(-1.4)
    assert found.carried_change_z == pytest.approx(-1.4)
    assert found.spaces == pytest.approx(1.4 / (2 / 3))
    assert found.project_rule
    assert found.block == "urgent"
    assert found.base_rate.startswith("Fewer than 1 in 300 healthy children")


def test_the_direction_is_what_the_rule_is_about() -> None:
    fell = check(fall((1500, 0.4), (1600, -0.5), (1800, -3.0)))
    assert set(fell.findings["direction"]) == {"down"}
    rose = check(fall((1500, 0.0), (1600, 1.0), (1800, 2.8)))
    assert set(rose.findings["direction"]) == {"up"}
    assert {"WT-RISE-2"} <= set(rose.findings["rule"])


def test_raw_and_carried_change_are_both_told() -> None:
    """A girl's weight z −1 on WHO at 3½ years, carried over 4 years by the tables themselves."""
    rows = fall((1300, -1.0), (1500, -3.0))
    found = finding(check(rows), "WT-FALL-3Y")
    carried = plain_rules.carry(-1.0, "weight", "female", 2, 3)
    assert found.change_z == pytest.approx(-2.0)
    assert found.carried_change_z == pytest.approx(-3.0 - carried, abs=1e-9)
    assert found.spaces == pytest.approx((carried + 3.0) / (2 / 3), abs=1e-9)
    assert found.from_z == pytest.approx(-1.0)


def test_the_probability_allows_for_measurement_error() -> None:
    """z errors of 0.3 kg at both ends; Φ((1.2 − 2/3)/√(e1² + e2²)). dz/dkg from z ± 0.5 kg."""
    rows = fall((1500, 0.0), (1800, -1.2))
    found = finding(check(rows), "WT-FALL-1Y")

    def error(row):
        about = {"measure": "weight", "sex": "female", "age_days": row.age}
        return 0.3 * (zscore(row.value + 0.05, **about) - zscore(row.value - 0.05, **about)) / 0.1

    sd = np.hypot(error(rows[0]), error(rows[1]))
    assert found.probability == pytest.approx(float(ndtr((1.2 - 2 / 3) / sd)), abs=1e-3)
    assert not found.borderline
    assert finding(check(fall((1500, 0.0), (1800, -0.7))), "WT-FALL-1Y").borderline


def test_a_loss_just_beyond_its_percentage_is_borderline() -> None:
    """60 kg: √2·0.3 kg is 0.71 %. 2.5 % is less than that beyond 2, 3.0 % is more."""
    for percent, borderline in ((2.5, True), (3.0, False)):
        rows = [Row("a", 3300, "weight", 60.0), Row("a", 3400, "weight", 60 - 0.6 * percent)]
        assert finding(check(rows), "WT-LOSS").borderline == borderline


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("2015-03-02", "2015-03-04"),  # Monday: Wednesday
        ("2015-03-05", "2015-03-09"),  # Thursday: Monday
        ("2015-03-06", "2015-03-10"),  # Friday: Tuesday
        ("2015-03-07", "2015-03-10"),  # Saturday, and Sunday, count from Friday: Tuesday
        ("2015-03-08", "2015-03-10"),
    ],
)
def test_urgent_is_to_be_seen_within_two_working_days(on, expected) -> None:
    age = int((np.datetime64(on) - BORN).astype(int))
    found = finding(check(fall((age - 200, 0.0), (age, -1.5))), "WT-FALL-1Y")
    assert found.severity == "urgent"
    assert found.see_by == pd.Timestamp(expected)


@pytest.mark.parametrize(("z", "severity", "days"), [(-1.0001, "act", 14), (-0.7, "watch", 56)])
def test_act_within_14_days_and_watch_within_8_weeks(z, severity, days) -> None:
    found = finding(check(fall((1500, 0.0), (1800, z))), "WT-FALL-1Y")
    assert (found.severity, found.see_by) == (severity, day(1800 + days))


@pytest.mark.parametrize(
    ("age", "days"),
    [(20, 1), (30, 1), (31, 7), (182, 7), (183, 14), (365, 14), (366, 30), (1500, 30)],
)
def test_reweigh_from_is_the_interval_of_ng75(age, days) -> None:
    """1 day under 1 month (30.4 d), 7 to 6 months (182.6), 14 to 1 year (365.25), then 30."""
    found = finding(check(fall((age, -3.0))), "WT-BELOW-04")
    assert found.reweigh_from == day(age + days)


def test_ages_alone_have_no_dates() -> None:
    rows = [
        Row(r.child, r.age, r.measure, r.value, born=None) for r in fall((1500, 0.0), (1600, -2.0))
    ]
    found = finding(check(rows, dated=False), "WT-FALL-1Y")
    for name in ("opened_on", "from_date", "to_date", "see_by", "reweigh_from"):
        assert pd.isna(getattr(found, name))
    assert "at 4 y 1 m" in found.sentence or "4 y 1 m" in found.sentence


def test_a_level_tells_the_highest_of_the_36_months_before() -> None:
    found = finding(check(fall((1500, -1.5), (1700, -1.0), (2000, -3.0))), "WT-BELOW-04")
    assert (found.from_age_days, found.to_age_days) == (1700, 2000)
    assert found.spaces == pytest.approx(3.0 / (2 / 3))  # below the 50th
    alone = finding(check(fall((2000, -3.0))), "WT-BELOW-04")
    assert (alone.from_row, alone.from_source) == (0, "")
    assert np.isnan(alone.from_z)


# ---- doubtful values stand apart

DOUBTFUL_KG = 1.84  # at 5 years: far beyond z −8


def typed(age, child="a"):
    return Row(child, age, "weight", DOUBTFUL_KG, gestation=TERM)


def test_what_only_a_doubtful_value_makes_is_to_be_verified_today() -> None:
    done = check([*fall((1500, 0.0)), typed(1826)])
    assert {"WT-FALL-1Y", "WT-BELOW-04", "WT-LOSS"} <= set(done.findings["rule"])
    assert set(done.findings["block"]) == {VERIFY_TODAY}
    assert set(done.findings["severity"]) <= {"watch", "act"}
    assert list(done.children["block"]) == [VERIFY_TODAY]


def test_a_doubtful_value_neither_makes_nor_hides_a_valid_finding() -> None:
    valid = fall((1500, 0.0), (1700, -1.1))
    done = check([*valid, typed(1826)])
    apart = done.findings["block"] == VERIFY_TODAY
    clear = done.findings[~apart]
    alone = check(valid).findings
    assert list(clear["rule"]) == list(alone["rule"])
    assert list(clear["severity"]) == list(alone["severity"])
    assert list(clear["to_age_days"]) == list(alone["to_age_days"])
    certain = check(valid).children["block"]
    assert list(done.children["block"]) == list(certain)


def test_what_a_doubtful_value_has_no_part_in_is_told_once_and_not_set_apart() -> None:
    heights = [at("a", age, "height", z) for age, z in ((1500, 0.0), (1700, -1.5))]
    done = check([*fall((1500, 0.0)), *heights, typed(1826)])
    found = finding(done, "HT-FALL-2")
    assert found.block == "watch"


def test_a_doubtful_value_sustains_nothing() -> None:
    """Two of them, four weeks apart; or one after a valid fall."""
    done = check([*fall((1500, 0.0)), typed(1700), Row("a", 1826, "weight", 1.86)])
    assert set(done.findings["state"]) == {"new"}
    done = check([*fall((1500, 0.0), (1700, -1.4)), typed(1826)])
    assert set(done.findings["state"]) == {"new"}


def test_a_fall_from_a_doubtful_value_is_not_sustained_however_long() -> None:
    high = Row("a", 1500, "weight", 95.0)  # of a child of 4: z beyond 8, a slip for 15.0
    rows = [high, *fall((1600, 0.0), (1700, 0.0), (1800, 0.0))]
    done = check(rows)
    assert "doubtful" in set(done.scored["verdict"])
    assert set(done.findings["block"]) == {VERIFY_TODAY}
    assert "sustained" not in set(done.findings["state"])


def test_a_doubtful_value_makes_nothing_better() -> None:
    """A fall, then a weight ten times too high: still the fall, and no word of recovering."""
    rows = [*fall((1500, 0.0), (1700, -1.1)), Row("a", 1826, "weight", 160.0)]
    done = check(rows)
    assert "doubtful" in set(done.scored["verdict"])
    assert set(done.findings["state"]) == {"new"}
    falls = done.findings[done.findings["rule"] != "WT-RISE-2"]
    assert set(falls["to_age_days"]) == {1700.0}
    assert finding(done, "WT-RISE-2").block == VERIFY_TODAY


def test_a_child_at_z_minus_6_is_not_set_apart() -> None:
    done = check(fall((1500, -1.0), (1700, -6.0)))
    assert VERIFY_TODAY not in set(done.findings["block"])
    assert rules_met(done)["WT-FALL-1Y"] == "urgent"


# ---- two values of a day disagree


def test_met_by_both_values_it_is_the_smaller_fall() -> None:
    """0 to −1.6 and −2.4: the finding stands on −1.6, at its full level."""
    done = check(fall((1500, 0.0), (1800, -2.4), (1800, -1.6)))
    assert codes(done).count("G11") == 2
    found = finding(done, "WT-FALL-1Y")
    assert found.to_z == pytest.approx(-1.6)
    assert found.severity == "urgent"
    assert "disagree" not in found.guidance


def test_as_the_older_of_a_pair_the_lower_counts() -> None:
    found = finding(check(fall((1500, 0.8), (1500, 0.0), (1800, -1.1))), "WT-FALL-1Y")
    assert found.from_z == pytest.approx(0.0)
    assert found.spaces == pytest.approx(1.1 / (2 / 3))


def test_met_by_one_value_it_is_watch_and_asks_for_a_new_measurement() -> None:
    done = check(fall((1500, 0.0), (1800, -2.4), (1800, -0.3)))
    found = finding(done, "WT-FALL-1Y")
    assert found.to_z == pytest.approx(-2.4)
    assert (found.severity, found.block) == ("watch", "watch")
    assert found.guidance.startswith("Two values that day disagree: measure again. ")
    assert found.see_by == day(1800 + 56)


def test_an_older_day_that_disagrees_asks_too() -> None:
    done = check(fall((1500, 1.2), (1500, -0.2), (1800, -0.5)))
    found = finding(done, "WT-FALL-1Y")
    assert (found.from_z, found.severity) == (pytest.approx(1.2), "watch")


def test_met_by_both_and_graver_by_one_is_told_once() -> None:
    """0 to −0.8 (watch) and −1.6 (urgent): one finding."""
    found = finding(check(fall((1500, 0.0), (1800, -1.6), (1800, -0.8))), "WT-FALL-1Y")
    assert found.to_z == pytest.approx(-0.8)


def test_a_mistyped_value_beside_the_right_one_is_watch_and_to_be_verified() -> None:
    """18.4 and 1.84 on one day: nothing is met by both, and it does not vanish either."""
    done = check([*fall((1500, 0.0), (1800, 0.0)), typed(1800)])
    found = finding(done, "WT-FALL-1Y")
    assert (found.severity, found.block) == ("watch", VERIFY_TODAY)
    assert found.guidance.startswith("Two values that day disagree: measure again.")


def test_a_same_day_finding_of_one_value_is_watch_and_within_8_weeks() -> None:
    """A BMI of 60 % of the median by one of two weights, 100 % by the other."""
    rows = [at("a", 2000, "height", 0.0), at("a", 2000, "weight", 0.0)]
    rows.append(Row("a", 2000, "weight", rows[1].value * 0.6))
    found = finding(check(rows), "BMI-BELOW-04")
    assert (found.severity, found.see_by) == ("watch", day(2000 + 56))


# ---- what is said of unknown gestation, and of the join


def test_unknown_gestation_is_said_where_the_birth_weight_counts() -> None:
    rows = fall((0, 0.0), (100, -2.7), (150, -2.7), gestation=UNKNOWN)
    found = finding(check(rows), "NG75-FALL")
    assert found.severity == "watch"
    assert "gestation is not known, taken as if born at term" in found.sentence


def test_the_join_guard_is_said() -> None:
    rows = fall((1300, -2.45), (1500, -2.8))
    found = finding(check(rows), "WT-BELOW-04")
    assert found.severity == "watch"
    assert "the reference changes at this age; the child did not" in found.sentence


def test_closed_and_lapsed_findings_have_no_block() -> None:
    done = check(fall((1500, 0.0), (1600, -1.0), (1700, 0.0), (1800, 0.0)))
    found = finding(done, "WT-FALL-1Y")
    assert (found.state, found.block) == ("closed", "")
    assert done.children["rank"][0] == 0


def test_nobody_is_watched_where_nothing_is_scored() -> None:
    done = check([Row("a", 1500, "weight", 16.0, sex="")])
    assert done.findings.empty
    assert list(done.findings.columns) == list(check(fall((1500, -3.0))).findings.columns)


def test_how_often_healthy_children_do_it_is_said_for_the_age_of_each_finding() -> None:
    """Of several ages at once each has the words of its own band, and none outside all bands."""
    known, several = ruleset("uk"), 0
    for place, rule in enumerate(known.rules):
        for severity, word in enumerate(SEVERITIES):
            bands = said_of(rule, word)
            years = np.array([*((low + high) / 2 for low, high, _ in bands), -50.0])
            code, grave = np.full(len(years), place), np.full(len(years), severity)
            found = words_of(known, code, grave, years * DAYS_IN_YEAR)
            assert found.tolist() == [*(said for *_, said in bands), ""]
            several += len({said for *_, said in bands}) > 1
    assert several > 3
