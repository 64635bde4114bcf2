"""Correlation over time, against numbers worked by hand from the printed coefficients."""

from __future__ import annotations

import math

import numpy as np
import pytest

from centiles.ages import DAYS_IN_MONTH
from centiles.errors import UsageError
from centiles.monitoring.correlations import correlation, correlation_by_table

# monitoring.md §4, typed again: atanh r = b0 + b1·V1 + b2·V2 + b3·V3 + b4·V1·V2 + b5·V1²,
# V1 = ln((t1 + t2)/2), V2 = ln(t2 − t1), V3 = 1/(t2 − t1), t in months.
PRINTED = {
    ("weight", "infant"): (1.539, 0.329, -0.951, -0.190, 0.143, 0.001),
    ("height", "infant"): (1.329, 0.250, -0.672, -0.104, 0.105, -0.003),
    ("weight", "child"): (-5.6058, 4.3336, -1.3276, 1.8050, 0.1524, -0.5021),
    ("height", "child"): (-15.5692, 8.6857, -1.0309, 4.5718, 0.1118, -0.9883),
    ("bmi", "child"): (-4.8253, 3.4451, -1.1131, 0.5131, 0.1038, -0.3536),
}


def form(measure, part, t1, t2):
    b0, b1, b2, b3, b4, b5 = PRINTED[measure, part]
    v1, v2, v3 = math.log((t1 + t2) / 2), math.log(t2 - t1), 1 / (t2 - t1)
    return min(math.tanh(b0 + b1 * v1 + b2 * v2 + b3 * v3 + b4 * v1 * v2 + b5 * v1**2), 0.99)


def r(measure, t1, t2):
    return float(correlation(measure, t1 * DAYS_IN_MONTH, t2 * DAYS_IN_MONTH))


def test_infant_weight_from_2_to_12_months_by_hand() -> None:
    """V1 = ln 7 = 1.945910, V2 = ln 10 = 2.302585, V3 = 0.1.

    1.539 + 0.640204 − 2.189758 − 0.019 + 0.640729 + 0.003787 = 0.614962; tanh = 0.547610.
    """
    assert r("weight", 2, 12) == pytest.approx(0.547610, abs=2e-6)


def test_child_weight_from_48_to_60_months_by_hand() -> None:
    """V1 = ln 54 = 3.988984, V2 = ln 12 = 2.484907, V3 = 1/12 = 0.083333.

    −5.6058 + 17.286661 − 3.298963 + 0.150417 + 1.510628 − 7.989412 = 2.053531, tanh = 0.967621
    (the .968 of the plan); twice its distance from 1: 1 − 2·0.032379 = 0.935242.
    """
    assert form("weight", "child", 48, 60) == pytest.approx(0.967621, abs=2e-6)
    assert r("weight", 48, 60) == pytest.approx(0.935242, abs=4e-6)


@pytest.mark.parametrize("measure", ["weight", "height"])
@pytest.mark.parametrize(("t1", "t2"), [(0.5, 2), (1, 12), (6, 9), (3, 24), (22, 24)])
def test_infants(measure, t1, t2) -> None:
    assert r(measure, t1, t2) == pytest.approx(form(measure, "infant", t1, t2), abs=1e-12)


@pytest.mark.parametrize("measure", ["weight", "height", "bmi"])
@pytest.mark.parametrize(
    ("t1", "t2", "times"),
    [
        (24, 36, 1.0), (30, 42, 1.25), (36, 48, 1.5), (48, 60, 2.0), (60, 66, 1.825),
        (72, 100, 1.65), (96, 120, 1.3), (120, 150, 1.3),
    ],
)  # fmt: skip
def test_from_2_years_r_is_less_than_the_form_says(measure, t1, t2, times) -> None:
    """1 − r as large at 2 years, twice at 4, 1.3 times from 8, straight between."""
    assert 1 - r(measure, t1, t2) == pytest.approx(times * (1 - form(measure, "child", t1, t2)))


@pytest.mark.parametrize("measure", ["weight", "height"])
def test_across_24_months_r_is_the_product_over_the_link(measure) -> None:
    expected = form(measure, "infant", 12, 24) * form(measure, "child", 24, 36)
    assert r(measure, 12, 36) == pytest.approx(expected, abs=1e-12)
    assert r(measure, 12, 36) == pytest.approx(r(measure, 12, 24) * r(measure, 24, 36), abs=1e-12)


def test_under_6_months_apart_children_are_taken_as_6() -> None:
    assert r("weight", 60, 62) == r("weight", 60, 66)


def test_r_is_never_above_99_hundredths() -> None:
    """The form alone would pass it: infants a fortnight apart."""
    assert form("height", "infant", 23, 24) <= 0.99
    t1, t2 = np.meshgrid(np.arange(0.5, 200, 3.7), np.arange(1, 210, 4.1))
    for measure in ("weight", "height", "bmi"):
        found = correlation(measure, t1 * DAYS_IN_MONTH, t2 * DAYS_IN_MONTH)
        assert np.nanmax(found) <= 0.99


def test_where_there_is_no_model_there_is_no_number() -> None:
    assert math.isnan(r("bmi", 6, 12))
    assert math.isnan(r("bmi", 12, 36))
    assert math.isnan(r("weight", 12, 12))
    assert math.isnan(r("weight", 12, 6))
    assert r("bmi", 24, 36) > 0
    with pytest.raises(UsageError, match="head"):
        correlation("head", 100, 200)


@pytest.mark.parametrize("measure", ["weight", "height", "bmi"])
def test_the_table_is_the_formula_interpolated(measure) -> None:
    """To 0.002, from gaps of 7 months."""
    t1, t2 = np.meshgrid(np.arange(24, 203, 0.37), np.arange(30, 204, 0.73))
    pairs = t2 - t1 >= 7
    t1, t2 = t1[pairs] * DAYS_IN_MONTH, t2[pairs] * DAYS_IN_MONTH
    exact = correlation(measure, t1, t2)
    error = np.abs(correlation_by_table(measure, t1, t2) - exact)
    assert error[exact >= 0.5].max() < 2.1e-3
    assert error.max() < 0.012  # where the formula is cut off at 0


def test_the_table_on_whole_months_is_the_formula() -> None:
    t1, t2 = np.meshgrid(np.arange(24, 198, 7), np.arange(30, 204, 5))
    pairs = t2 - t1 >= 6
    t1, t2 = t1[pairs] * DAYS_IN_MONTH, t2[pairs] * DAYS_IN_MONTH
    for measure in ("weight", "height", "bmi"):
        exact = correlation(measure, t1, t2)
        assert correlation_by_table(measure, t1, t2) == pytest.approx(exact, abs=1e-9)


def test_the_table_takes_the_ages_at_its_ends() -> None:
    years = 365.25
    found = correlation_by_table("weight", [2 * years, 10 * years], [3 * years, 17 * years])
    expected = correlation("weight", [2 * years, 10 * years], [3 * years, 17 * years])
    assert found == pytest.approx(expected, abs=1e-9)


OBSERVED = {  # monitoring.md §4: from 2, 3, 4, 5, 6 and 8 years to a year later
    "weight": (0.90, 0.92, 0.923, 0.958, 0.963, 0.975),
    "bmi": (0.77, 0.77, 0.82, 0.91, 0.91, 0.95),
    "height": (0.87, 0.94, 0.971, 0.968, 0.983, 0.991),
}


@pytest.mark.parametrize("measure", list(OBSERVED))
def test_r_over_a_year_is_near_what_was_observed(measure) -> None:
    """In the children the form was fitted to, whose observed r has an error of its own.

    √1 − r², what matters for a surprise, is within a sixth; within a third where r is above 0.97.
    """
    for years, seen in zip((2, 3, 4, 5, 6, 8), OBSERVED[measure], strict=True):
        found = r(measure, 12 * years, 12 * years + 12)
        share = math.sqrt((1 - found**2) / (1 - seen**2))
        assert 0.87 < share < (4 / 3 if seen > 0.97 else 1.16)
