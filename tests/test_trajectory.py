"""The surprise of a value given a child's history, against numbers worked out another way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from centiles.ages import DAYS_IN_YEAR
from centiles.monitoring.correlations import correlation
from centiles.monitoring.trajectory import floored, predicted, surprise
from tests.cohorts import doubtful, points

YEAR = 365


def alone(*rows, **options):
    """Return the surprise of the newest point of one child."""
    some = points(*rows, **options)
    last = np.array([len(some) - 1])
    return float(surprise(some, last, last)[0])


def plainly(measure, ages, z):
    """Return the surprise of the last of a list, in one reading of its whole history.

    Written for one child, with the exact formula and no batches.
    """
    n = len(ages)
    matrix = np.eye(n)
    for i in range(n):
        for j in range(i):
            matrix[i, j] = matrix[j, i] = correlation(measure, ages[j], ages[i])
    values, vectors = np.linalg.eigh(matrix)
    if values.min() < 0.01:
        matrix = vectors @ np.diag(np.maximum(values, 0.01)) @ vectors.T
        sd = np.sqrt(np.diag(matrix))
        matrix = matrix / np.outer(sd, sd)
    a = np.linalg.inv(matrix[:-1, :-1] + 0.01 * np.eye(n - 1)) @ matrix[:-1, -1]
    return (z[-1] - a @ z[:-1]) / np.sqrt(1 + 0.01 - a @ matrix[:-1, -1])


def test_one_earlier_point_by_hand() -> None:
    """r = 0.935242 from 4 to 5 years (see test_correlations): a = r/1.01 = 0.925982.

    variance 1.01 − 0.925982·0.935242 = 0.143983, sd 0.379451; from z 0.5 to −0.5:
    (−0.5 − 0.462991)/0.379451 = −2.537853.
    """
    month = DAYS_IN_YEAR / 12
    rows = ((0, "weight", 48 * month, 0.5), (0, "weight", 60 * month, -0.5))
    assert alone(*rows) == pytest.approx(-2.537853, abs=1e-4)


@pytest.mark.parametrize("measure", ["weight", "height", "bmi"])
@pytest.mark.parametrize("first", [4.1, 7.2, 11.0])
def test_a_long_history_is_the_lower_of_two_readings(measure, first) -> None:
    """All of it, and all of it but the last 13 months."""
    ages = np.array([first + k for k in (0, 0.7, 1.5, 2.1, 2.9, 3.5)]) * DAYS_IN_YEAR
    ages = np.round(ages)
    z = np.array([0.3, 0.5, 0.1, 0.2, -0.4, -1.1])
    older = ages[-1] - ages[:-1] > 396
    both = (
        plainly(measure, ages, z),
        plainly(measure, np.r_[ages[:-1][older], ages[-1]], np.r_[z[:-1][older], z[-1]]),
    )
    found = alone(*((0, measure, age, value) for age, value in zip(ages, z, strict=True)))
    assert found == pytest.approx(min(both), abs=0.02)  # the monthly table's grain
    assert both[0] != pytest.approx(both[1], abs=0.05)


def test_a_fall_over_two_visits_is_not_absorbed() -> None:
    rows = [(0, "weight", 5 * YEAR, 0.0), (0, "weight", 6 * YEAR, 0.0)]
    at_once = [*rows, (0, "weight", 7 * YEAR + 180, -1.2)]
    by_steps = [*rows, (0, "weight", 6 * YEAR + 300, -0.7), (0, "weight", 7 * YEAR + 180, -1.2)]
    assert alone(*by_steps) <= alone(*at_once) + 1e-9


def test_history_is_thinned_to_6_months_newest_first() -> None:
    """Of points 3 months apart every second counts, and none within 6 months of the new one."""
    ages = [3000 - k * 95 for k in range(9)][::-1]
    z = [0.2, 0.4, -0.3, 0.6, 0.1, -0.2, 0.8, 2.0, -1.0]
    counted = [8, 6, 4, 2, 0]  # 190 days apart
    some = [(0, "weight", age, value) for age, value in zip(ages, z, strict=True)]
    kept = [some[k] for k in counted]
    assert alone(*some) == pytest.approx(alone(*kept), abs=1e-12)


def test_at_most_eight_earlier_points_count() -> None:
    rows = [(0, "height", 1500 + 300 * k, 0.1 * (-1) ** k) for k in range(11)]
    without_the_oldest = rows[1:]  # 9 of 10 earlier: the second reading leaves out the newest
    assert alone(*rows) == pytest.approx(alone(*without_the_oldest), abs=1e-12)
    moved = [(0, "height", 1500, 3.0), *rows[1:]]
    assert alone(*moved) == pytest.approx(alone(*rows), abs=1e-12)


def test_a_long_history_too_is_read_again_without_the_last_13_months() -> None:
    """Of ten earlier points 300 days apart each reading has eight, and none at the same place."""
    ages = np.array([1500.0 + 300 * k for k in range(11)])
    z = np.array([0.3, 0.1, 0.4, 0.2, 0.3, 0.1, 0.2, 0.4, 0.3, -0.6, -1.4])
    both = [
        plainly("height", np.r_[ages[use], ages[10]], np.r_[z[use], z[10]])
        for use in (slice(2, 10), slice(1, 9))
    ]
    assert both[1] < both[0] - 0.5
    rows = [(0, "height", age, value) for age, value in zip(ages, z, strict=True)]
    assert alone(*rows) == pytest.approx(both[1], abs=0.05)  # the monthly table's grain


def test_doubtful_values_are_no_history_but_are_judged() -> None:
    rows = ((0, "weight", 1900, 0.0), (0, "weight", 2300, -5.0), (0, "weight", 2700, -1.0))
    last = np.array([2])
    unsure = doubtful(points(*rows), 1)
    assert surprise(unsure, last, last)[0] == pytest.approx(alone(rows[0], rows[2]), abs=1e-12)
    judged = doubtful(points(*rows[::2]), 1)
    expected = alone(rows[0], rows[2])
    assert surprise(judged, np.array([1]), np.array([1]))[0] == pytest.approx(expected, abs=1e-12)


def test_where_there_is_no_history_there_is_no_number() -> None:
    assert np.isnan(alone((0, "weight", 2000, 0.0)))
    assert np.isnan(alone((0, "weight", 2000, 0.0), (0, "weight", 2182, -2.0)))  # under 6 months
    assert np.isfinite(alone((0, "weight", 2000, 0.0), (0, "weight", 2183, -2.0)))
    assert np.isnan(alone((0, "weight", 600, 0.0), (0, "weight", 1000, -2.0)))  # before 2 years
    assert np.isnan(alone((0, "weight", 5000, 0.0), (0, "weight", 6300, -2.0)))  # from 17
    assert np.isnan(alone((0, "head", 900, 0.0), (0, "head", 1300, -2.0)))
    neighbour = ((0, "weight", 2000, 0.0), (1, "weight", 2600, -2.0))
    assert np.isnan(alone(*neighbour))
    other = ((0, "height", 2000, 0.0), (0, "weight", 2600, -2.0))
    assert np.isnan(alone(*other))


def test_ages_are_corrected_ones() -> None:
    """Born 12 weeks early: day 800 is 716 corrected, before 2 years; day 815 is 731."""
    early, late = ((0, "weight", day, 0.0) for day in (800, 815))
    new = (0, "weight", 1200, -2.0)
    assert np.isnan(alone(early, new, gestation=196.0))
    assert np.isfinite(alone(late, new, gestation=196.0))


def test_crossing_4_years_unchanged_is_no_surprise() -> None:
    """A girl at BMI z −2 on WHO is at −2.58 on UK90 (the plan's table), unchanged."""
    rows = [(0, "bmi", 1250, -2.0), (0, "bmi", 1600, -2.58)]
    unchanged = plainly("bmi", np.array([1250.0, 1600.0]), np.array([-2.58, -2.58]))
    assert alone(*rows) == pytest.approx(unchanged, abs=0.02)
    uncarried = plainly("bmi", np.array([1250.0, 1600.0]), np.array([-2.0, -2.58]))
    assert uncarried < unchanged - 0.5


def test_later_points_are_judged_from_a_fixed_history() -> None:
    """An episode that opened at the third point: the low third is no history of the fourth."""
    ages, z = (2000, 2400, 2800, 3300), (0.0, 0.1, -1.5, -1.6)
    some = points(*((0, "weight", age, value) for age, value in zip(ages, z, strict=True)))
    opened, later = np.array([2, 2]), np.array([2, 3])
    fixed = surprise(some, opened, later)
    without = points(*((0, "weight", ages[k], z[k]) for k in (0, 1, 3)))
    last = np.array([2])
    assert fixed[0] == surprise(some, opened[:1], opened[:1])[0]
    assert fixed[1] == pytest.approx(surprise(without, last, last)[0], abs=1e-12)


def test_a_whole_cohort_at_once_is_each_child_alone() -> None:
    rng = np.random.default_rng(8)
    rows = [
        (child, measure, int(day), float(rng.normal(0, 0.6)))
        for child in range(60)
        for measure in ("weight", "height", "bmi", "head")
        for day in np.unique(rng.integers(300, 6500, rng.integers(1, 14)))
        if not (measure == "head" and day > 6200) and not (measure == "bmi" and day < 20)
    ]
    together = points(*rows)
    every = np.arange(len(together))
    found = surprise(together, every, every)
    names = ("weight", "height", "bmi", "head")
    for child in range(0, 60, 7):
        for k, name in enumerate(names):
            mine = np.flatnonzero((together.child == child) & (together.measure == k))
            alone_ = together.take(mine)
            assert names[k] == name
            itself = np.arange(len(mine))
            np.testing.assert_allclose(found[mine], surprise(alone_, itself, itself), atol=1e-9)
    assert np.isfinite(found).sum() > 300


def test_a_disagreeing_day_is_history_by_its_smaller_fall() -> None:
    """As the older of a pair such a day counts with ``z_before``."""
    some = points((0, "weight", 2000, 0.6), (0, "weight", 2400, -1.0))
    lower = replace(some, z_before=np.array([0.0, -1.0]))
    last = np.array([1])
    assert surprise(lower, last, last) == pytest.approx(
        alone((0, "weight", 2000, 0.0), (0, "weight", 2400, -1.0))
    )


def test_matrices_are_mended_only_where_they_must() -> None:
    good = np.array([[1.0, 0.5], [0.5, 1.0]])
    bad = np.array([[1.0, 0.999], [0.999, 1.0]])
    out = floored(np.stack([good, bad]))
    assert (out[0] == good).all()
    # By hand: eigenvalues 1.999 and 0.001, the latter to 0.01: diagonal 1.0045, beside it 0.9945.
    assert out[1] == pytest.approx(np.array([[1, 0.9945 / 1.0045], [0.9945 / 1.0045, 1]]))


def test_a_prediction_with_no_correlation_is_the_average_child() -> None:
    mean, variance = predicted(np.array([[2.0]]), np.eye(2)[None])
    assert (mean[0], variance[0]) == (0.0, pytest.approx(1.01))


def test_matrices_to_be_mended_are_found_as_by_their_eigenvalues() -> None:
    rng = np.random.default_rng(4)
    for size in (2, 5, 9):
        factor = rng.normal(size=(300, size, size + 1))
        matrix = factor @ factor.transpose(0, 2, 1)
        spread = np.sqrt(np.diagonal(matrix, axis1=1, axis2=2))
        matrix = matrix / (spread[:, :, None] * spread[:, None, :])
        low = np.linalg.eigvalsh(matrix)[:, 0] < 0.01
        mended = (floored(matrix) != matrix).any(axis=(1, 2))
        assert (mended == low).all()
        assert 0 < low.sum() < 300
