"""Query and keep: what a value's verdict is, and that an unlikely child is never lost."""

from __future__ import annotations

import numpy as np
import pytest

from centiles.measures import MEASURES
from centiles.records import plausibility
from centiles.records.plausibility import CHECK, DOUBTFUL, OK
from tests.cohorts import TERM, TODAY, Row, at, check, codes, finding, rules_met, scored

NAMES = list(map(str, MEASURES))
LIMITS = {
    "weight": (0.2, 250.0),
    "height": (20.0, 230.0),
    "bmi": (5.0, 80.0),
    "head": (15.0, 70.0),
}


def impossible(measure, *values):
    return list(
        plausibility.impossible(np.full(len(values), NAMES.index(measure)), values_of(values))
    )


def values_of(values):
    return np.array(values, dtype=np.float64)


def verdicts(rows, **options):
    return list(scored(rows, **options).frame["verdict"])


@pytest.mark.parametrize("measure", NAMES)
def test_the_limits_belong_to_what_a_child_can_be(measure) -> None:
    low, high = LIMITS[measure]
    just = [low, high, np.nextafter(low, 0), np.nextafter(high, 1e9)]
    assert impossible(measure, *just) == [False, False, True, True]


@pytest.mark.parametrize("value", [0.0, -18.4, np.nan, np.inf, -np.inf, 32_000.0])
@pytest.mark.parametrize("measure", NAMES)
def test_no_child_is(measure, value) -> None:
    assert impossible(measure, value) == [True]


def test_an_impossible_value_is_listed_with_its_reason_and_not_scored() -> None:
    rows = [Row("a", 1826, "weight", value) for value in (18400.0, 0.0, -3.0, np.inf)]
    done = scored(rows)
    assert list(done.frame["fate"]) == ["unscored"] * 4
    assert list(done.frame["verdict"]) == ["impossible"] * 4
    assert list(done.frame["value"]) == [18400.0, 0.0, -3.0, np.inf]  # kept as they came
    by_row = dict(zip(done.problems["row"], done.problems["code"], strict=True))
    assert by_row == {2: "G03", 3: "G22", 4: "G02", 5: "G04"}


def test_values_before_birth_and_in_the_future_are_impossible() -> None:
    rows = [Row("a", -1, "weight", 3.0), Row("a", 20_000, "weight", 60.0)]
    done = scored(rows, today=TODAY)
    assert list(done.frame["verdict"]) == ["impossible", "impossible"]
    assert codes(done) == ["D03", "D02"]


@pytest.mark.parametrize(
    ("z", "expected"),
    [
        (0.0, OK), (4.0, OK), (-4.0, OK), (4.0001, CHECK), (-4.0001, CHECK),
        (8.0, CHECK), (-8.0, CHECK), (8.0001, DOUBTFUL), (-8.0001, DOUBTFUL),
    ],
)  # fmt: skip
@pytest.mark.parametrize("measure", ["weight", "height", "head"])
def test_the_ladder_of_z(measure, z, expected) -> None:
    code = np.array([NAMES.index(measure)])
    assert list(plausibility.extreme(code, np.array([z]))) == [expected]


@pytest.mark.parametrize(
    ("z", "expected"), [(8.5, CHECK), (-15.0, CHECK), (15.0001, DOUBTFUL), (-15.0001, DOUBTFUL)]
)
def test_the_ladder_of_bmi_reaches_further(z, expected) -> None:
    code = np.array([NAMES.index("bmi")])
    assert list(plausibility.extreme(code, np.array([z]))) == [expected]


def test_verdicts_are_listed_as_queries_and_the_values_kept() -> None:
    done = scored([at("a", 1826, "height", z) for z in (3.9,)])
    assert codes(done) == []
    rows = [at("b", 1826, "height", -4.1), at("c", 1826, "height", -8.1)]
    done = scored(rows)
    assert list(done.frame["verdict"]) == ["check", "doubtful"]
    assert list(done.frame["fate"]) == ["scored", "scored"]
    assert codes(done) == ["G06", "G07"]


# ---- height less than before


@pytest.mark.parametrize(("later", "expected"), [(98.7, "ok"), (98.6, "ok"), (98.59, "check")])
@pytest.mark.parametrize("others", [0, 2000])
def test_a_height_more_than_1_4_below_an_earlier_one(later, expected, others) -> None:
    """100.0 − 1.4 = 98.6 is not more than 1.4 below, however many children there are before."""
    rows = [Row(f"x{k}", 1500, "height", 100.0 + k % 7) for k in range(others)]
    rows += [Row("a", 1500, "height", 100.0), Row("a", 1530, "height", later)]
    assert verdicts(rows)[-2:] == ["ok", expected]


def test_every_tenth_of_a_centimetre_is_told_exactly() -> None:
    """Binary knows neither 1.4 nor 110.3: each pair is 1.4 apart to the digit, or 1.5."""
    tenths = np.tile(np.arange(900, 1300), 25)
    for less, expected in ((14, False), (15, True)):
        value = np.stack([tenths / 10, (tenths - less) / 10], axis=1).ravel()
        segment = np.repeat(np.arange(len(tenths)), 2)
        measure = np.full(len(value), NAMES.index("height"))
        lower = plausibility.height_losses(segment, measure, value)
        assert (lower[1::2] == expected).all()
        assert not lower[::2].any()


def test_it_is_any_earlier_height_and_not_only_the_last() -> None:
    values = [100.0, 99.0, 98.0]  # 1.0 and 1.0, but 2.0 below the first
    rows = [Row("a", 1500 + 30 * k, "height", value) for k, value in enumerate(values)]
    assert verdicts(rows) == ["ok", "ok", "check"]
    assert codes(scored(rows)) == ["G08"]


def test_another_childs_height_and_a_weight_say_nothing() -> None:
    rows = [Row("a", 1500, "height", 110.0), Row("b", 1600, "height", 100.0)]
    rows += [Row("c", 1500, "weight", 20.0), Row("c", 1600, "weight", 17.0)]
    assert "G08" not in codes(scored(rows))


# ---- spikes and repeats


@pytest.mark.parametrize(
    ("z", "expected"),
    [
        ((0.0, 2.0, 0.0), "check"),  # 2 z away from both
        ((0.0, 1.99, 0.0), "ok"),
        ((0.0, -2.5, 1.25), "check"),  # the neighbours are half the spike apart
        ((0.0, -2.5, 1.26), "ok"),  # no trend to return to
        ((0.0, 2.5, 5.0), "ok"),  # on the way up
    ],
)
def test_a_spike_that_returns_to_trend(z, expected) -> None:
    points = np.array(z)
    before, after = np.r_[np.nan, points[:-1]], np.r_[points[1:], np.nan]
    found = plausibility.spikes(np.zeros(3), np.array([1500.0, 1700, 1900]), points, before, after)
    assert list(found) == [False, expected == "check", False]


def test_neighbours_too_far_apart_make_no_spike() -> None:
    z = np.array([0.0, 3.0, 0.0])
    before, after = np.r_[np.nan, z[:-1]], np.r_[z[1:], np.nan]
    for span, expected in ((913.0, True), (913.5, False)):  # 2.5 years: three yearly visits
        age = np.array([1500.0, 1800, 1500 + span])
        assert plausibility.spikes(np.zeros(3), age, z, before, after)[1] == expected


def test_a_spike_across_a_join_is_seen_on_one_reference() -> None:
    """BMI: 0 before 4 years stands at −0.3 after it. A spike of 2.1 there is 2.1 on either side."""
    rows = [at("a", 1400, "bmi", 0.0), at("a", 1450, "bmi", 2.4), at("a", 1500, "bmi", -0.3)]
    assert verdicts(rows) == ["ok", "check", "ok"]
    assert codes(scored(rows)) == ["G09"]
    rows[1] = at("a", 1450, "bmi", -2.1)  # 1.8 below the next as it stands, 2.1 below it carried
    assert verdicts(rows) == ["ok", "check", "ok"]
    rows[1] = at("a", 1450, "bmi", 1.6)
    assert verdicts(rows) == ["ok"] * 3


@pytest.mark.parametrize(
    ("measure", "ages", "expected"),
    [
        ("height", (1500, 1680), "check"),  # half a year is 180 days
        ("height", (1500, 1679), "ok"),
        ("height", (4700, 4900), "ok"),  # from 13 years heights do stand still
        ("weight", (1500, 1680), "check"),
        ("weight", (3700, 3900), "ok"),  # from 10 years
        ("head", (300, 480), "check"),
        ("head", (731, 920), "ok"),  # from 2 years
    ],
)
def test_the_same_value_to_the_last_digit_months_later(measure, ages, expected) -> None:
    value = {"height": 110.3, "weight": 19.7, "head": 46.1}[measure]
    if measure == "height" and ages[0] > 4000:
        value = 155.3
    if measure == "weight" and ages[0] > 3000:
        value = 33.3
    rows = [Row("a", age, measure, value) for age in ages]
    assert verdicts(rows) == ["ok", expected]


def test_another_value_between_makes_it_no_repeat() -> None:
    values = [19.7, 19.9, 19.7]
    rows = [Row("a", 1500 + 100 * k, "weight", value) for k, value in enumerate(values)]
    assert verdicts(rows) == ["ok"] * 3


# ---- heights that cannot be: what they make is to be verified, not to be hurried to


def blocks(rows: list[Row]) -> dict[str, str]:
    """Return the block of each open finding of a check of some rows, by rule and measure."""
    found = check(rows).findings
    found = found[~found["state"].isin(["closed", "lapsed"])]
    keys = found["rule"].astype(str) + " " + found["measure"].astype(str)
    return dict(zip(keys, found["block"].astype(str), strict=True))


def test_a_height_copied_from_the_year_before_makes_nothing_but_a_request_to_verify() -> None:
    """110.3 cm at 4 and at 5 years is a fall of 1.5 z, and the BMI made with it one too high."""
    rows = [at("a", age, "weight", 0.0) for age in (1465, 1830, 2195)]
    rows += [at("a", 1100, "height", 1.4), Row("a", 1465, "height", 110.3)]
    copied = [*rows, Row("a", 1830, "height", 110.3)]
    assert {key: block for key, block in blocks(copied).items() if "height" in key} == {
        "TRAJECTORY height": "verify today", "HT-FALL-2 height": "verify today",
    }  # fmt: skip
    grown = [*copied, at("a", 2195, "height", 1.4)]  # BMI falls from what it never was
    assert not {"TRAJECTORY bmi", "BMI-FALL-1Y bmi"} & blocks(grown).keys()
    measured = [*rows, Row("a", 1830, "height", 110.4)]  # a millimetre more was measured
    assert blocks(measured)["TRAJECTORY height"] == "act"


def test_a_low_bmi_of_a_copied_height_is_low() -> None:
    """The child has grown since, if anything: its BMI is lower than that."""
    rows = [at("a", 1465, "weight", 0.0), Row("a", 1465, "height", 110.3)]
    rows += [Row("a", 1830, "height", 110.3), Row("a", 1830, "weight", 12.9)]  # 10.6 kg/m²
    assert blocks(rows)["BMI-PCT-MEDIAN bmi"] == "urgent"


@pytest.mark.parametrize(
    ("heights", "unsure"),
    [
        ((110.0, 108.0, 122.0), [1]),  # lower than the one before it: so it is the low one
        ((110.0, 115.5, 116.5), []),  # only less than expected
        ((108.0, 121.5, 119.9), [1]),  # too high for the one after it
        ((108.0, 113.0, 119.9), []),
    ],
)
def test_of_heights_that_cannot_both_be_the_one_off_the_course_is_doubted(heights, unsure) -> None:
    rows = [Row("a", 1500 + 365 * k, "height", cm) for k, cm in enumerate(heights)]
    assert list(np.flatnonzero(scored(rows).unsure)) == unsure


def test_infants_lengths_are_not_doubted_for_being_shorter() -> None:
    rows = [Row("a", 300 + 60 * k, "height", cm) for k, cm in enumerate((73.0, 71.0, 77.5))]
    assert not scored(rows).unsure.any()


# ---- severe malnutrition looks like a typing error


def test_a_starved_child_at_z_minus_6_is_kept_scored_and_ranked() -> None:
    rows = [at("starved", 1640, "weight", -6.0), at("starved", 1640, "height", -2.0)]
    rows += [at("steady", 1640, "weight", 0.0), at("steady", 1640, "height", 0.0)]
    done = check(rows)
    mine = done.scored[done.scored["child_id"] == "starved"]
    assert list(mine["fate"]) == ["scored"] * 3  # its BMI as well
    assert "doubtful" not in set(mine["verdict"])
    assert list(mine.loc[mine["measure"] == "weight", "verdict"]) == ["check"]
    first = done.children.iloc[0]
    assert first["child_id"] == "starved"
    assert first["rank"] == 1
    assert first["block"] == "urgent"  # its BMI is under 70 % of the median
    assert "verify today" not in set(done.findings["block"])
    assert rules_met(done, "starved")["WT-BELOW-04"] == "act"


def test_18_4_typed_as_1_84_is_verified_and_does_not_rank_first() -> None:
    """1.84 kg at 5 years is far beyond z −8: kept, scored, and apart."""
    rows = [at("typed", 1500, "weight", 0.0), Row("typed", 1826, "weight", 1.84, gestation=TERM)]
    rows += [at("starved", 1640, "weight", -6.0)]
    done = check(rows)
    assert done.children["child_id"].iloc[0] == "starved"
    typed = done.children[done.children["child_id"] == "typed"].iloc[0]
    assert typed["block"] == "verify today"
    assert typed["level"] == "act"
    assert finding(check(rows[:2]), "WT-BELOW-04").severity == "act"
    assert list(done.scored["fate"].iloc[:3]) == ["scored"] * 3
