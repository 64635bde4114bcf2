"""How surprising a change is, against numbers worked by hand from the printed coefficients."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from centiles.ages import DAYS_IN_MONTH
from centiles.errors import UsageError
from centiles.monitoring.conditional import (
    chance_beyond,
    conditional_gain,
    correlation,
    z_error,
)
from tests.cohorts import points

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
    [(24, 36, 2), (48, 60, 2), (83.9, 100, 2), (84, 100, 1.3), (120, 150, 1.3), (60, 66, 2)],
)
def test_from_2_years_r_is_less_than_the_form_says(measure, t1, t2, times) -> None:
    """1 − r twice as large below 7 years (84 months), 1.3 times after."""
    assert 1 - r(measure, t1, t2) == pytest.approx(times * (1 - form(measure, "child", t1, t2)))


@pytest.mark.parametrize("measure", ["weight", "height"])
def test_across_24_months_r_is_the_product_over_the_link(measure) -> None:
    expected = form(measure, "infant", 12, 24) * (1 - 2 * (1 - form(measure, "child", 24, 36)))
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


@pytest.mark.parametrize(
    ("z1", "z2", "r", "expected"),
    [
        (0.0, -1.0, 0.8, -1 / 0.6),  # √(1 − 0.64) = 0.6
        (1.0, 0.0, 0.8, -0.8 / 0.6),
        (2.0, 1.2, 0.6, 0.0),  # just what is expected of a high child
        (-2.0, -2.0, 0.6, (-2 + 1.2) / 0.8),
    ],
)
def test_the_conditional_gain(z1, z2, r, expected) -> None:
    """(z2 − r·z1)/√(1 − r²)."""
    assert conditional_gain(z1, z2, r) == pytest.approx(expected, abs=1e-12)


def test_the_error_of_a_z() -> None:
    """At the median a z is M·S wide: at 5 years (month 60) 0.3 kg and 0.5 cm are so much of it."""
    some = points((0, "weight", 1826.25, 0.0), (0, "height", 1826.25, 0.0))
    found = z_error(some, np.arange(2))
    for measure, sd, error in (("weight", 0.3, found[0]), ("height", 0.5, found[1])):
        m, s = month_60(measure)
        assert error == pytest.approx(sd / (m * s), rel=1e-4)


def month_60(measure):
    path = Path(__file__).parents[1] / "data" / "who_uk90" / "uk90_child.csv"
    with path.open(encoding="ascii") as lines:
        for row in csv.DictReader(lines):
            if (row["measure"], row["sex"], row["age_months"]) == (measure, "female", "60"):
                return float(row["M"]), float(row["S"])
    raise AssertionError("no such row")


def test_the_chance_that_the_true_fall_reaches_a_threshold() -> None:
    """Φ((d − T)/sd): one sd above is 84.13 %, two below 2.275 %."""
    amount = np.array([1.1, 1.0, 0.8])
    found = chance_beyond(amount, np.full(3, 1.0), np.full(3, 0.1))
    assert found == pytest.approx([0.841345, 0.5, 0.022750], abs=1e-6)
