"""How surprising a change is, against numbers worked by hand."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from centiles.monitoring.conditional import (
    chance_beyond,
    change_error,
    conditional_gain,
    conditional_gain_from_two,
    gains,
    z_error,
)
from centiles.monitoring.correlations import correlation
from tests.cohorts import points


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


def test_the_conditional_gain_from_two_points_by_hand() -> None:
    """r12 = 0.8, r13 = 0.6, r23 = 0.8: 1 − r12² = 0.36.

    b1 = (0.6 − 0.64)/0.36 = −0.111111; b2 = (0.8 − 0.48)/0.36 = 0.888889;
    R² = (0.36 + 0.64 − 0.768)/0.36 = 0.644444; √(1 − R²) = 0.596285.
    From z 1 and 0 to −1: (−1 + 0.111111 − 0)/0.596285 = −1.490712.
    """
    by_hand = (-1 + 1 / 9) / np.sqrt(1 - 0.232 / 0.36)
    assert by_hand == pytest.approx(-1.490712, abs=1e-6)
    found = conditional_gain_from_two(1, 0, -1, r12=0.8, r13=0.6, r23=0.8)
    assert found == pytest.approx(by_hand, abs=1e-12)


def test_two_points_are_a_regression_on_two() -> None:
    """The same by ordinary least squares on the correlation matrix, whatever the correlations."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        factor = rng.normal(size=(3, 4))
        r = np.corrcoef(factor)
        z = rng.normal(size=3)
        b = np.linalg.solve(r[:2, :2], r[:2, 2])
        expected = (z[2] - b @ z[:2]) / np.sqrt(max(1 - b @ r[:2, 2], 1 - 0.99**2))
        found = conditional_gain_from_two(*z, r12=r[0, 1], r13=r[0, 2], r23=r[1, 2])
        assert found == pytest.approx(expected, rel=1e-9)


def test_a_first_order_process_forgets_the_older_point() -> None:
    """Where r13 = r12·r23 the older point adds nothing: the gain is that from the newer alone."""
    found = conditional_gain_from_two(2.0, 0.5, -1.0, r12=0.9, r13=0.72, r23=0.8)
    assert found == pytest.approx(conditional_gain(0.5, -1.0, 0.8), abs=1e-12)


def test_correlations_that_cannot_go_together_give_no_number_of_any_size() -> None:
    """r12 0.99, r23 0.99, r13 0.2 are no child's: 1 − R² would be below 0."""
    found = conditional_gain_from_two(0.0, 0.0, -1.0, r12=0.99, r13=0.2, r23=0.99)
    assert found == pytest.approx(-1 / np.sqrt(1 - 0.99**2))


def test_gains_of_points_with_one_and_two_before() -> None:
    """Weights at 2, 4 and 8 months of one child, 2 and 8 of another; a third lacks a model."""
    some = points(
        (0, "weight", 61, 0.5), (0, "weight", 122, 0.1), (0, "weight", 244, -0.9),
        (1, "weight", 61, 0.5), (1, "weight", 244, -0.9),
        (2, "bmi", 61, 0.5), (2, "bmi", 244, -0.9),
    )  # fmt: skip
    r12, r13, r23 = (
        float(correlation("weight", a, b)) for a, b in ((61, 122), (61, 244), (122, 244))
    )
    found = gains(some, np.array([0, -1, -1]), np.array([1, 3, 5]), np.array([2, 4, 6]))
    two = conditional_gain_from_two(0.5, 0.1, -0.9, r12=r12, r13=r13, r23=r23)
    assert found[0] == pytest.approx(two, abs=1e-12)
    assert found[1] == pytest.approx(conditional_gain(0.5, -0.9, r13), abs=1e-12)
    assert np.isnan(found[2])


def test_gains_carry_the_earlier_z_over_a_join() -> None:
    """A girl of z −2 before 4 years stands at −2.36 after (the plan's table): no fall."""
    some = points((0, "weight", 1200, -2.0), (0, "weight", 1500, -2.36))
    r = float(correlation("weight", 1200, 1500))
    found = float(gains(some, np.array([-1]), np.array([0]), np.array([1]))[0])
    assert found == pytest.approx((-2.36 + r * 2.36) / np.sqrt(1 - r**2), abs=0.02)


def test_the_error_of_a_change_is_that_of_both_its_ends() -> None:
    """√((e1/SD1)² + (e2/SD2)²); at the median a z is M·S: 0.3 kg at 5 years and at 5 again."""
    some = points((0, "weight", 1826.25, 0.0), (0, "weight", 1827.25, 0.0))
    m, s = month_60("weight")
    found = change_error(some, np.array([0]), np.array([1]))
    assert found[0] == pytest.approx(np.sqrt(2) * 0.3 / (m * s), rel=2e-3)


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
