"""The centile lines: exactly to their ends, both sides of each join, where measurement says."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from centiles import lms
from centiles.errors import UsageError
from centiles.lines import CentileLines, centile_lines
from centiles.measures import MEASURES, SEXES
from centiles.references import reference
from centiles.zscores import measurement

ALL_LINES = [(measure, sex) for measure in MEASURES for sex in SEXES]


class TestCentileLines:
    def ends(self, measure: str, sex: str) -> list[tuple[float, float]]:
        return [(line.age_days[0], line.age_days[-1]) for line in centile_lines(measure, sex)]

    @pytest.mark.parametrize(
        ("measure", "sex", "ends"),
        [
            ("weight", "male", [(-119, 14), (14, 730.5), (730.5, 1461), (1461, 7305)]),
            ("height", "male", [(-105, 14), (14, 730.5), (730.5, 1461), (1461, 7305)]),
            ("bmi", "female", [(14, 730.5), (730.5, 1461), (1461, 7305)]),
            ("head", "male", [(-119, 14), (14, 730.5), (730.5, 1461), (1461, 6574.5)]),
            ("head", "female", [(-119, 14), (14, 730.5), (730.5, 1461), (1461, 6209.25)]),
        ],
    )
    def test_reach_exactly_to_the_ends(
        self, measure: str, sex: str, ends: list[tuple[float, float]]
    ) -> None:
        """So that both sides of a join are there to be drawn."""
        assert self.ends(measure, sex) == ends

    @pytest.mark.parametrize(("measure", "sex"), ALL_LINES)
    def test_are_where_measurement_says(self, measure: str, sex: str) -> None:
        compared = 0
        for line in centile_lines(measure, sex):
            days = line.age_days
            inside = np.array([self.section_of(age) == line.section for age in days])
            whole = inside & (np.floor(days) == days)
            expected = measurement(
                np.array(lms.LINE_Z)[:, None], measure=measure, sex=sex, age_days=days[whole]
            )
            assert line.values[:, whole] == pytest.approx(expected, rel=1e-9)
            compared += whole.sum()
        assert compared >= 600

    def section_of(self, age: float) -> str:
        code = reference().section_codes(np.array([age]))[0]
        return reference().sections[code].name

    def test_both_sides_of_2_years_are_drawn(self) -> None:
        """Boys: 87.8018 cm lying, 87.1303 standing, both at 730.5 days."""
        lines = {line.section: line for line in centile_lines("height", "male", z=(0.0,))}
        lying, standing = lines["who_infant"], lines["who_child"]
        assert (lying.age_days[-1], lying.values[0, -1]) == (730.5, 87.8018)
        assert (standing.age_days[0], standing.values[0, 0]) == (730.5, 87.1303)
        assert (lying.posture, standing.posture) == ("lying", "standing")

    def test_both_sides_of_42_weeks_and_of_4_years_are_drawn(self) -> None:
        """Boys' medians: 3.8702 then 3.7529 kg; 16.3489 then 16.551 kg."""
        lines = centile_lines("weight", "male", z=(0.0,))
        steps = [(before.values[0, -1], after.values[0, 0]) for before, after in pairwise(lines)]
        assert steps[0] == pytest.approx((3.8702, 3.7529), abs=1e-12)
        assert steps[2] == pytest.approx((16.3489, 16.551), abs=1e-12)

    @pytest.mark.parametrize(("measure", "sex"), ALL_LINES)
    def test_are_smooth_enough_to_draw(self, measure: str, sex: str) -> None:
        for line in centile_lines(measure, sex):
            assert line.values.shape == (9, len(line.age_days))
            assert np.isfinite(line.values).all()
            assert (np.diff(line.age_days) > 0).all()
            assert (np.diff(line.values, axis=0) > 0).all()
            assert 100 <= len(line.age_days) <= 500
            assert np.diff(line.age_days).max() <= 25

    def test_drawn_where_asked(self) -> None:
        two = centile_lines("bmi", "female", z=(-2.0, 2.0))[-1]
        assert isinstance(two, CentileLines)
        assert two.values[:, -1] == pytest.approx(
            measurement([-2, 2], measure="bmi", sex="female", age_days=7305)
        )

    @pytest.mark.parametrize("measure", ["wieght", "Weight", "ofc", "", None, 1])
    def test_need_a_measure(self, measure: Any) -> None:
        with pytest.raises(UsageError) as refused:
            centile_lines(measure, "male")
        assert f"found {measure!r}" in str(refused.value)
        assert "expected one of weight, height, bmi, head" in str(refused.value)

    @pytest.mark.parametrize("sex", ["Male", "boy", None, 1, ""])
    def test_need_a_sex(self, sex: Any) -> None:
        with pytest.raises(UsageError) as refused:
            centile_lines("bmi", sex)
        assert f"found {sex!r}" in str(refused.value)
        assert "expected 'male' or 'female'" in str(refused.value)
