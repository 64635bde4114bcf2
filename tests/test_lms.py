"""The LMS method against arithmetic done by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from centiles import lms


def z_of(value: float, skew: float, median: float, spread: float) -> float:
    return float(lms.zscores_from_lms(*map(np.array, (value, skew, median, spread))))


def value_of(z: float, skew: float, median: float, spread: float) -> float:
    return float(lms.values_from_lms(*map(np.array, (z, skew, median, spread))))


class TestValueAndZ:
    @pytest.mark.parametrize(
        ("value", "skew", "median", "spread", "z"),
        [
            (12.0, 1.0, 10.0, 0.1, 2.0),  # (12 − 10) / (10 · 0.1)
            (12.0, 2.0, 10.0, 0.1, 2.2),  # (1.2² − 1) / (2 · 0.1) = 0.44 / 0.2
            (12.5, -1.0, 10.0, 0.1, 2.0),  # (1/1.25 − 1) / (−1 · 0.1) = −0.2 / −0.1
            (40.0, -0.5, 10.0, 0.25, 4.0),  # (4^−½ − 1) / (−0.5 · 0.25) = −0.5 / −0.125
            (7.29, 0.5, 9.0, 0.2, -1.0),  # (√0.81 − 1) / (0.5 · 0.2) = −0.1 / 0.1
            (10.0, 0.7, 10.0, 0.1, 0.0),  # the median
        ],
    )
    def test_by_hand_both_ways(
        self, value: float, skew: float, median: float, spread: float, z: float
    ) -> None:
        assert z_of(value, skew, median, spread) == pytest.approx(z, abs=1e-14)
        assert value_of(z, skew, median, spread) == pytest.approx(value, rel=1e-14)

    def test_a_skew_of_0_is_the_logarithm(self) -> None:
        value = 10 * math.exp(0.2)  # ln(value/10) / 0.1 = 2
        assert z_of(value, lms.TINY_L, 10.0, 0.1) == pytest.approx(2.0, abs=1e-14)
        assert value_of(2.0, lms.TINY_L, 10.0, 0.1) == pytest.approx(value, rel=1e-14)

    @pytest.mark.parametrize("size", [1e-3, 1e-6, 1e-9, 1e-12, 1e-15])
    @pytest.mark.parametrize("sign", [-1, 1])
    def test_nothing_breaks_on_the_way_to_a_skew_of_0(self, size: float, sign: int) -> None:
        """Near 0 z is ln(x/m)/s + skew · ln²(x/m)/(2s): here 2 + 0.2 skew. The rest is rounding."""
        value, skew = 10 * math.exp(0.2), sign * size
        assert z_of(value, skew, 10.0, 0.1) == pytest.approx(2 + 0.2 * skew, abs=skew**2 + 1e-14)
        assert value_of(2.0, skew, 10.0, 0.1) == pytest.approx(value, rel=0.04 * size + 1e-14)

    @pytest.mark.parametrize(
        ("z", "skew"),
        [
            (5.0, -2.0),  # 1 + skew · 0.1 · z = 0: the ceiling of a negative skew
            (5.1, -2.0),
            (-10.0, 1.0),  # the floor of a positive one
            (-11.0, 1.0),
            (-1e5, lms.TINY_L),  # e^−10000 is no weight either
            (-1e5, -0.001),
            (1e5, lms.TINY_L),
            (math.inf, 1.0),
            (-math.inf, 1.0),
            (math.nan, 1.0),
            (0.0, math.nan),
        ],
    )
    def test_no_value_stands_there(self, z: float, skew: float) -> None:
        assert math.isnan(value_of(z, skew, 10.0, 0.1))

    @pytest.mark.parametrize(("z", "skew"), [(4.99, -2.0), (-9.99, 1.0)])
    def test_just_inside_the_ceiling_and_the_floor_one_does(self, z: float, skew: float) -> None:
        assert z_of(value_of(z, skew, 10.0, 0.1), skew, 10.0, 0.1) == pytest.approx(z, abs=1e-12)


class TestCentiles:
    @pytest.mark.parametrize(
        ("z", "centile"),  # any table of the normal distribution
        [(0, 50), (1, 84.1345), (2, 97.7250), (-1.96, 2.4998), (-2 / 3, 25.2493), (-8 / 3, 0.3830)],
    )
    def test_of_z(self, z: float, centile: float) -> None:
        assert float(lms.centiles_from_z(z)) == pytest.approx(centile, abs=5.1e-5)

    @pytest.mark.parametrize(
        ("centile", "z"), [(50, 0), (2, -2.0537), (91, 1.3408), (99.6, 2.6521), (0.4, -2.6521)]
    )
    def test_to_z(self, centile: float, z: float) -> None:
        assert float(lms.z_from_centiles(centile)) == pytest.approx(z, abs=5.1e-5)

    @pytest.mark.parametrize("centile", [0, 100, -1, 101, math.nan, math.inf, -math.inf])
    def test_there_is_no_z_outside_0_to_100(self, centile: float) -> None:
        assert math.isnan(lms.z_from_centiles(centile))

    def test_there_and_back(self) -> None:
        centiles = np.array([1e-6, 0.4, 2, 25, 50, 98, 99.6, 99.999])
        assert lms.centiles_from_z(lms.z_from_centiles(centiles)) == pytest.approx(
            centiles, rel=1e-12
        )


class TestInterpolation:
    GRID = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])

    def at(self, ages: list[float], column: np.ndarray, grid: np.ndarray = GRID) -> np.ndarray:
        return lms.interpolated(np.array(ages), grid, column[None, :])[0]

    def test_on_a_row_it_is_that_row(self) -> None:
        column = np.array([0.1, 0.7, -0.3, 0.9, 0.2, 0.5])
        assert self.at(list(self.GRID), column).tolist() == column.tolist()

    def test_four_points_by_hand(self) -> None:
        """x⁴ at 2.5 from 1, 16, 81, 256 with weights −1/16, 9/16, 9/16, −1/16.

        (−1 + 9·16 + 9·81 − 256) / 16 = 616/16 = 38.5, where the fourth power is 39.0625.
        """
        assert self.at([2.5], self.GRID**4) == pytest.approx(38.5, abs=1e-12)

    def test_a_cubic_comes_back_exactly_on_any_grid(self) -> None:
        grid = np.array([0.0, 0.3, 1.0, 2.5, 3.0, 5.0])
        ages = [0.4, 0.99, 1.7, 2.51, 2.999]
        expected = [age**3 - 2 * age for age in ages]
        assert self.at(ages, grid**3 - 2 * grid, grid) == pytest.approx(expected, abs=1e-12)

    def test_a_straight_line_in_the_first_and_last_interval(self) -> None:
        """x² between 0 and 1 a quarter along: 0.25, not 0.0625; between 16 and 25 halfway: 20.5."""
        assert self.at([0.25, 4.5], self.GRID**2) == pytest.approx([0.25, 20.5], abs=1e-12)

    def test_two_rows_make_a_line_and_one_a_constant(self) -> None:
        assert self.at([0.5], np.array([1.0, 2.0]), np.array([0.0, 1.0])) == pytest.approx(1.5)
        assert self.at([0.0, 9.0], np.array([7.0]), np.array([0.0])).tolist() == [7.0, 7.0]

    def test_columns_apart(self) -> None:
        columns = np.stack([self.GRID, 2 * self.GRID, self.GRID + 1])
        found = lms.interpolated(np.array([2.5, 3.5]), self.GRID, columns)
        assert found.shape == (3, 2)
        assert found == pytest.approx(np.array([[2.5, 3.5], [5.0, 7.0], [3.5, 4.5]]))


class TestTheNineLines:
    def test_are_two_thirds_apart(self) -> None:
        thirds = [-8, -6, -4, -2, 0, 2, 4, 6, 8]
        assert pytest.approx([third / 3 for third in thirds], abs=1e-15) == lms.LINE_Z
        assert pytest.approx(2 / 3, abs=1e-15) == lms.SPACE

    def test_are_labelled_by_their_rounded_centiles(self) -> None:
        printed = [lms.centile_text(z) for z in lms.LINE_Z]
        assert printed == [label[:-2] for label in lms.LINE_LABELS]


HAIR = 1e-9
QUARTER = 1 / 6  # of a space, in z


class TestPositions:
    @pytest.mark.parametrize(
        ("z", "words"),
        [
            (0.0, "on the 50th centile line"),
            (QUARTER - HAIR, "on the 50th centile line"),
            (QUARTER + HAIR, "between the 50th and 75th"),
            (1 / 3, "between the 50th and 75th"),
            (2 / 3 - QUARTER - HAIR, "between the 50th and 75th"),
            (2 / 3 - QUARTER + HAIR, "on the 75th centile line"),
            (2 / 3 + QUARTER - HAIR, "on the 75th centile line"),
            (-QUARTER + HAIR, "on the 50th centile line"),
            (-QUARTER - HAIR, "between the 25th and 50th"),
            (-1.0, "between the 9th and 25th"),
            (-2.0, "on the 2nd centile line"),
            (-2.054, "on the 2nd centile line"),  # the exact 2nd centile
            (-2.3333, "between the 0.4th and 2nd"),
            (-8 / 3 - QUARTER + HAIR, "on the 0.4th centile line"),
            (-8 / 3 - QUARTER - HAIR, "below the 0.4th"),
            (-40.0, "below the 0.4th"),
            (-1.7e308, "below the 0.4th"),  # more spaces than a number can count
            (-math.inf, "below the 0.4th"),
            (7 / 3, "between the 98th and 99.6th"),
            (8 / 3 + QUARTER - HAIR, "on the 99.6th centile line"),
            (8 / 3 + QUARTER + HAIR, "above the 99.6th"),
            (1.7e308, "above the 99.6th"),
            (math.inf, "above the 99.6th"),
            (math.nan, ""),
        ],
    )
    def test_in_words(self, z: float, words: str) -> None:
        assert lms.POSITIONS[int(lms.position_codes(z))] == words

    def test_every_position_can_be_had(self) -> None:
        codes = lms.position_codes(np.append(np.arange(-3.2, 3.2, 0.01), np.nan))
        assert set(codes.tolist()) == set(range(len(lms.POSITIONS)))

    def test_positions_rise_with_z(self) -> None:
        codes = lms.position_codes(np.linspace(-4, 4, 8001))
        assert (np.diff(codes) >= 0).all()


class TestCentileText:
    @pytest.mark.parametrize(
        ("z", "text"),
        [
            (0.0, "50"),
            (-2.0, "2"),  # 2.28
            (-2.054, "2"),  # 2.00
            (-2.3263, "1"),  # 1.0003
            (-2.34, "1.0"),  # 0.964: below 1, one decimal
            (-2.4, "0.8"),  # 0.82
            (-8 / 3, "0.4"),  # the line itself
            (-8 / 3 - HAIR, "<0.4"),
            (-9.0, "<0.4"),
            (-math.inf, "<0.4"),
            (2.3, "99"),  # 98.93
            (2.34, "99.0"),  # 99.036
            (2.5, "99.4"),  # 99.379
            (8 / 3, "99.6"),
            (8 / 3 + HAIR, ">99.6"),
            (math.inf, ">99.6"),
            (math.nan, ""),
        ],
    )
    def test_as_it_is_printed(self, z: float, text: str) -> None:
        assert lms.centile_text(z) == text
