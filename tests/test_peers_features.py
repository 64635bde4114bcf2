"""What other libraries offer for a child: parents, words, ages, lines, thrive lines."""

from __future__ import annotations

import datetime as dt
import math
import re

import numpy as np
import pytest
import rcpchgrowth
from hypothesis import given
from hypothesis import strategies as st

from centiles import ages, lms, parents, plain_words, zscores
from centiles.errors import UsageError
from centiles.lines import centile_lines, line_label, line_z
from centiles.monitoring.correlations import correlation
from centiles.monitoring.thrive import thrive_line

PEERS = "children of the same age and sex, "
LATE = "Your child was born 2 weeks after the due date, so the chart counts age from the due date."
CHECK = " Please check this measurement."


class TestParents:
    @pytest.mark.parametrize(("mother", "father"), [(164.0, 177.0), (150.0, 190.0), (172.5, 169.0)])
    def test_the_expected_z_is_the_other_librarys(self, mother: float, father: float) -> None:
        found = parents.expected_height(mother, father, sex="male")
        assert found is not None
        z = rcpchgrowth.mid_parental_height_z(mother, father)
        assert found.z == pytest.approx(z, abs=1e-9)
        limits = rcpchgrowth.lower_and_upper_limits_of_expected_height_z(z)
        assert (found.low_z, found.high_z) == pytest.approx(limits, abs=1e-9)

    def test_by_hand(self) -> None:
        """UK90 at 20 years: women M 163.64, S 0.0369, men M 177.34, S 0.03929, L 1 for both.

        A mother of 163.64 + 163.64 · 0.0369 stands at z 1, a father of 177.34 at 0: the child is
        expected at a quarter, a girl at 163.64 · (1 + 0.0369/4) cm when grown.
        """
        found = parents.expected_height(163.64 * 1.0369, 177.34, sex="female")
        assert found is not None
        assert found.z == pytest.approx(0.25, abs=1e-9)
        assert found.adult_cm == pytest.approx(163.64 * (1 + 0.0369 / 4), abs=1e-6)
        assert found.high_cm == pytest.approx(163.64 * (1 + 0.0369 * 1.65), abs=1e-6)
        assert found.centile == pytest.approx(100 * 0.5987063, abs=1e-4)

    @pytest.mark.parametrize("height", [math.nan, 0.0, -3.0])
    def test_without_both_parents_nothing_is_expected(self, height: float) -> None:
        assert parents.expected_height(height, 177.0, sex="male") is None
        assert parents.expected_height(164.0, height, sex="male") is None


class TestAges:
    @given(st.dates(dt.date(1990, 1, 1), dt.date(2025, 1, 1)), st.integers(1, 7300))
    def test_calendar_ages_are_the_other_librarys(self, born: dt.date, days: int) -> None:
        on = born + dt.timedelta(days=days)
        theirs = rcpchgrowth.chronological_calendar_age(born, on)
        assert ages.calendar_age(str(born), str(on)) == theirs

    @pytest.mark.parametrize(
        ("born", "on", "said"),
        [
            ("2020-03-12", "2020-03-12", "0 days"),
            ("2020-03-12", "2020-03-13", "1 day"),
            ("2020-02-29", "2021-02-28", "11 months, 4 weeks and 2 days"),
            ("2020-02-29", "2021-03-01", "1 year and 1 day"),
            ("2024-01-31", "2024-02-29", "4 weeks and 1 day"),  # the 31st has not come
            ("2020-03-12", "2025-06-09", "5 years, 2 months and 4 weeks"),
        ],
    )
    def test_calendar_ages_by_hand(self, born: str, on: str, said: str) -> None:
        assert ages.calendar_age(born, on) == said

    @pytest.mark.parametrize(("born", "on"), [("2020-03-12", "2020-03-11"), ("NaT", "2020-03-11")])
    def test_there_is_no_age_before_birth(self, born: str, on: str) -> None:
        with pytest.raises(UsageError, match="out of order"):
            ages.calendar_age(born, on)

    @given(st.dates(dt.date(1990, 1, 1), dt.date(2025, 1, 1)), st.integers(154, 314))
    def test_due_dates_are_the_other_librarys(self, born: dt.date, gestation: int) -> None:
        theirs = rcpchgrowth.estimated_date_delivery(born, *divmod(gestation, 7))
        assert str(ages.due_date(str(born), gestation)) == str(theirs)

    def test_without_a_gestation_there_is_no_due_date(self) -> None:
        assert np.isnat(ages.due_date(["2020-03-12"] * 3, [np.nan, 153, 315])).all()


class TestWords:
    @pytest.mark.parametrize("measure", ["weight", "height", "head"])
    def test_bands_are_the_other_librarys(self, measure: str) -> None:
        """But near the edges of bands: they put the 2nd line at 2 %, z −2.054, and we at −2."""
        for z in np.linspace(-2.8, 2.8, 281):
            edges = [abs(abs(z - line) - 1 / 6) for line in lms.LINE_Z]
            if min(edges) < 0.06:
                continue
            band = rcpchgrowth.centile_band_for_centile(z, {"head": "ofc"}.get(measure, measure))
            names = re.findall(r"[\d.]+(?:th|st|nd|rd)", plain_words.measurement_words(z, measure))
            assert names == re.findall(r"[\d.]+(?:th|st|nd|rd)", band), (z, band)

    @given(st.floats(-6, 6))
    def test_a_place_is_the_same_here_and_in_results(self, z: float) -> None:
        place = zscores.position(z).replace("centile line", "centile")
        said = plain_words.measurement_words(z, "weight").partition(" (")[0]
        assert said.removesuffix("s").removesuffix(" centile") == (
            f"Weight {place}".removesuffix(" centile")
        )

    @pytest.mark.parametrize(
        ("z", "measure", "clinical", "lay"),
        [
            (0.0, "height", "Height on the 50th centile (z 0.00).",
             "This height is on the 50th centile. Of 100 " + PEERS + "about 50 are shorter."),
            (-3.0, "weight", "Weight below the 0.4th centile (z −3.00).",
             "This weight is below the 0.4th centile. Of 1,000 " + PEERS + "about 1 weigh less."),
            (2.9, "bmi", "BMI above the 99.6th centile (z 2.90).",
             "This BMI is above the 99.6th centile. Of 1,000 "
             + PEERS + "about 998 have a lower BMI."),
            (-4.2, "head", "Head circumference below the 0.4th centile (z −4.20)." + CHECK,
             "This head circumference is below the 0.4th centile. Fewer than 1 in 1,000 "
             + PEERS.replace(", ", " ") + "have a smaller head." + CHECK),
            (math.nan, "bmi", "BMI not scored.", "This BMI cannot be placed on the chart."),
        ],
    )  # fmt: skip
    def test_sentences(self, z: float, measure: str, clinical: str, lay: str) -> None:
        assert plain_words.measurement_words(z, measure) == clinical
        assert plain_words.measurement_words(z, measure, audience="lay") == lay

    @pytest.mark.parametrize(
        ("z", "lines", "place"),
        [
            (-1.5, "three-percent", "between the 3rd and 10th centiles"),
            (-2.2, "five-percent", "below the 5th centile"),
            (-1.5, "sd", "between the −2 SD and −1 SD lines"),
            (0.1, "sd", "on the median line"),
            (3.4, "sd", "above the +3 SD line"),
        ],
    )
    def test_other_sets_of_lines(self, z: float, lines: str, place: str) -> None:
        assert f" {place} (" in plain_words.measurement_words(z, "weight", lines=lines)

    @pytest.mark.parametrize(
        ("gestation", "options", "said"),
        [
            (None, {}, "Gestation not known: age not corrected."),
            (40 * 7, {}, "Born at 40+0 weeks: age not corrected."),
            (41 * 7 + 2, {}, "Born at 41+2 weeks: age corrected by −1 week and 2 days."),
            (36 * 7 + 6, {}, "Born at 36+6 weeks: age corrected by 3 weeks and 1 day."),
            (36 * 7, {"correction": "paper", "age_days": 400},
             "Born at 36+0 weeks: age not corrected."),
            (42 * 7, {"audience": "lay"}, LATE),
            (None, {"audience": "lay"}, "The chart counts your child’s age from birth."),
        ],
    )  # fmt: skip
    def test_ages(self, gestation: float | None, options: dict[str, object], said: str) -> None:
        assert plain_words.age_words_for(gestation, **options) == said  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "wrong", [{"measure": "wt"}, {"audience": "nurse"}, {"lines": "four-percent"}]
    )
    def test_other_words_are_refused(self, wrong: dict[str, str]) -> None:
        with pytest.raises(UsageError, match="expected"):
            plain_words.measurement_words(0.0, **({"measure": "weight"} | wrong))  # type: ignore[arg-type]


class TestLines:
    def test_sets_are_where_they_say(self) -> None:
        """Φ⁻¹ of 3, 5 and 10 %, from a printed normal table: −1.8808, −1.6449, −1.2816."""
        assert line_z("three-percent")[:2] == pytest.approx((-1.8808, -1.2816), abs=1e-4)
        assert line_z("five-percent")[0] == pytest.approx(-1.6449, abs=1e-4)
        assert line_z("sd") == (-3, -2, -1, 0, 1, 2, 3)
        assert line_z() == lms.LINE_Z
        assert line_z([2.275, 50]) == pytest.approx((-2.0, 0.0), abs=1e-4)

    @pytest.mark.parametrize("wrong", ["ten", [0.0, 50.0], [100.0], [], [math.nan]])
    def test_what_is_no_set_is_refused(self, wrong: object) -> None:
        with pytest.raises(UsageError, match="lines: found"):
            line_z(wrong)  # type: ignore[arg-type]

    def test_a_line_runs_through_the_value_for_its_centile(self) -> None:
        (lines,) = centile_lines("height", "female", line_z([3]), reference="turner")
        value = zscores.measurement(
            zscores.zscore_of_centile(3), measure="height", sex="female", age_days=3652.5,
            reference="turner",
        )  # fmt: skip
        assert np.interp(3652.5, lines.age_days, lines.values[0]) == pytest.approx(value, abs=0.01)
        assert value == pytest.approx(119.45 * (1 - 1.880794 * 0.047), abs=1e-4)  # by hand

    @pytest.mark.parametrize(
        ("centile", "name"),
        [(1, "1st"), (12, "12th"), (22, "22nd"), (43, "43rd"), (9.9, "9.9th")],
    )
    def test_names(self, centile: float, name: str) -> None:
        assert line_label(centile) == name


class TestThriveLines:
    def test_by_hand(self) -> None:
        """From z 1, twice: z becomes r·z − 1.6449·√(1 − r²)."""
        line = thrive_line(1.0, sex="male", from_day=56, to_day=112)
        first, second = (float(correlation("weight", a, a + 28)) for a in (56, 84))
        expected = first - 1.644854 * math.sqrt(1 - first**2)
        assert line.z[1] == pytest.approx(expected, abs=1e-6)
        assert line.z[2] == pytest.approx(
            second * expected - 1.644854 * math.sqrt(1 - second**2), abs=1e-6
        )
        assert line.age_days.tolist() == [56, 84, 112]
        back = zscores.zscore(line.values, measure="weight", sex="male", age_days=line.age_days)
        assert back == pytest.approx(line.z, abs=1e-9)

    def test_correlations_are_near_those_of_another_cohort(self) -> None:
        """Cambridge infants by the month [Cole1995], in their table; ours are Dutch."""
        for month in range(1, 11):
            theirs = rcpchgrowth.return_correlation(month, month + 1, "months")
            ours = float(correlation("weight", month * 30.4375, (month + 1) * 30.4375))
            assert ours == pytest.approx(theirs, abs=0.04), month

    def test_a_higher_velocity_centile_runs_above(self) -> None:
        low, high = (
            thrive_line(0.0, sex="female", from_day=28, to_day=360, centile=c) for c in (5, 50)
        )
        assert (high.z[1:] > low.z[1:]).all()
        assert high.z == pytest.approx(np.zeros(len(high.z)))

    @pytest.mark.parametrize(
        "wrong", [{"to_day": 28}, {"step_days": 0}, {"centile": 0}, {"centile": 100}]
    )
    def test_what_means_nothing_is_refused(self, wrong: dict[str, float]) -> None:
        with pytest.raises(UsageError, match="expected from_day below to_day"):
            thrive_line(0.0, **({"sex": "male", "from_day": 28, "to_day": 84} | wrong))  # type: ignore[arg-type]
