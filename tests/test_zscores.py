"""The public arithmetic: numbers worked by hand, every reason for a NaN, and every way in."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from centiles import zscores
from centiles.errors import UsageError
from centiles.measures import MEASURES
from centiles.references import Reference, Table, reference
from centiles.zscores import (
    NOTES,
    centile,
    measurement,
    percent_median_bmi,
    position,
    score,
    zscore,
    zscore_of_centile,
)

YEAR = 365.25
MONTH = YEAR / 12
BOY_OF_A_YEAR: dict[str, Any] = {"measure": "weight", "sex": "male", "age_days": 365}


class TestByHand:
    """From the published L, M and S (uk90_*.csv, who_*.csv), the arithmetic beside each."""

    @pytest.mark.parametrize(
        ("value", "measure", "sex", "age_days", "z"),
        [
            # L is 1: z = (value − M) / (M · S)
            (110.0, "height", "female", 1461, (110 - 101.54) / (101.54 * 0.03967)),  # 2.1003
            (185.0, "height", "male", 7305, (185 - 177.34) / (177.34 * 0.03929)),  # 1.0994
            (34.0, "head", "male", 0, (34 - 34.91071) / (34.91071 * 0.0332788)),  # −0.7839
            (55.0, "head", "female", 6209.25, (55 - 55.52) / (55.52 * 0.02501)),  # −0.3745
            (90.0, "height", "male", 730, (90 - 87.8018) / (87.8018 * 0.03479)),  # 0.7196
            (90.0, "height", "male", 731, (90 - 87.1303) / (87.1303 * 0.03508)),  # 0.9389
            # and in general ((value/M)^L − 1) / (L · S)
            (11.0, "weight", "male", 365, ((11 / 9.646) ** 0.0645 - 1) / (0.0645 * 0.10925)),
            (14.0, "weight", "male", 1460, ((14 / 16.3435) ** -0.113 - 1) / (-0.113 * 0.12757)),
            (14.0, "weight", "male", 1461, ((14 / 16.551) ** -0.426 - 1) / (-0.426 * 0.11649)),
            (0.7, "weight", "male", -119, ((0.7 / 0.6145) ** 1.147 - 1) / (1.147 * 0.15875)),
            (25.0, "bmi", "male", 7305, ((25 / 21.986) ** -1.392 - 1) / (-1.392 * 0.11551)),
        ],
    )
    def test_on_a_row(
        self, value: float, measure: str, sex: str, age_days: float, z: float
    ) -> None:
        about: dict[str, Any] = {"measure": measure, "sex": sex, "age_days": age_days}
        assert zscore(value, **about) == pytest.approx(z, abs=1e-12)
        assert measurement(z, **about) == pytest.approx(value, rel=1e-12)

    def test_between_the_first_two_rows_of_a_section_on_the_line_between_them(self) -> None:
        """A boy of 4 y and half a month: M (102.49 + 103.06)/2, S (0.04008 + 0.04021)/2."""
        found = measurement(
            [0, 1], measure="height", sex="male", age_days=[1461 + MONTH / 2, 1461 + MONTH / 2]
        )
        assert found == pytest.approx([102.775, 102.775 * (1 + 0.040145)], abs=1e-9)

    def test_between_inner_rows_by_four_points(self) -> None:
        """A boy's length at 31+3½, halfway: −1/16, 9/16, 9/16, −1/16 of the rows at 30 to 33.

        (9 · (41.57838 + 42.71663) − 40.48008 − 43.87082) / 16 = 42.14401 cm.
        """
        at_31_and_a_half = 31.5 * 7 - 280
        found = measurement(0, measure="height", sex="male", age_days=at_31_and_a_half)
        assert found == pytest.approx(42.14401, abs=1e-5)

    def test_a_skew_of_0_is_the_logarithm(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No published L is exactly 0, so make one: z = ln(value/M) / S."""
        made = unskewed(reference())
        monkeypatch.setattr(zscores.references, "reference", lambda _: made)
        for age_days in (1461.0, 1461 + MONTH, 1461 + 5 * MONTH, 1500.0, 1500.5):
            about: dict[str, Any] = {"measure": "weight", "sex": "male", "age_days": age_days}
            median = measurement(0, **about)
            spread = math.log(measurement(1, **about) / median)
            assert zscore(20.0, **about) == pytest.approx(math.log(20 / median) / spread, abs=1e-9)
            assert measurement(-2, **about) == pytest.approx(median * math.exp(-2 * spread))
        assert zscore(20.0, measure="weight", sex="male", age_days=1461) == pytest.approx(
            math.log(20 / 16.551) / 0.11649, abs=1e-12
        )


def unskewed(known: Reference) -> Reference:
    """Return the reference with an L of 0 in one table."""
    sections = list(known.sections)
    table = sections[3].tables["weight", "male"]
    columns = table.columns.copy()
    columns[0] = 0
    tables = {**sections[3].tables, ("weight", "male"): Table(table.age_days, columns)}
    sections[3] = dataclasses.replace(sections[3], tables=tables)
    return dataclasses.replace(known, sections=tuple(sections))


# Every reason there is, and the rows that show it.
REASONS = [
    # note, value, measure, sex, age, gestation
    (0, 10.0, "weight", "male", 365, math.nan),
    (1, math.nan, "weight", "male", 365, math.nan),
    (2, 0.0, "weight", "male", 365, math.nan),
    (2, -0.0, "weight", "male", 365, math.nan),
    (2, -7.0, "weight", "male", 365, math.nan),
    (2, -math.inf, "weight", "male", 365, math.nan),
    (3, math.inf, "weight", "male", 365, math.nan),
    (4, 10.0, "weight", "unknown", 365, math.nan),
    (5, 10.0, "weight", "male", math.nan, math.nan),
    (5, 10.0, "weight", "male", math.inf, math.nan),
    (5, 10.0, "weight", "male", -math.inf, 270),
    (6, 10.0, "weight", "male", 365, 153),  # 21+6
    (6, 10.0, "weight", "male", 365, 315),  # 45+0
    (6, 10.0, "weight", "male", 365, 28),  # 4 weeks
    (6, 10.0, "weight", "male", 365, 350),  # 50 weeks
    (6, 10.0, "weight", "male", 365, 38),  # weeks, where days were wanted
    (7, 0.5, "weight", "male", -120, math.nan),
    (7, 25.0, "height", "male", -106, math.nan),
    (7, 14.0, "bmi", "male", 13, math.nan),
    (7, 14.0, "bmi", "male", 40, 31 * 7),  # 63 days early: −23
    (8, 60.0, "weight", "male", 7306, math.nan),
    (8, 57.0, "head", "male", 6575, math.nan),
    (8, 55.0, "head", "female", 6210, math.nan),
    (8, 55.0, "head", "female", 6209.5, math.nan),
    (9, 10.0, "weight", "male", 365.5, math.nan),
    (9, 10.0, "weight", "male", 14.25, math.nan),
    (9, 15.0, "weight", "male", 1460.75, math.nan),
    (10, 10.0, "wieght", "male", 365, math.nan),
    (11, 1e-300, "bmi", "male", 7305, math.nan),  # (1e-300/22)^−1.392 is past 1e400
    (11, 1e308, "weight", "male", -119, math.nan),  # and so is (1e308/0.6)^1.147, at either end
]
REASON_COLUMNS = [np.array(column) for column in zip(*REASONS, strict=True)]


class TestNotes:
    @pytest.mark.parametrize(("note", "value", "measure", "sex", "age", "gestation"), REASONS)
    def test_each_reason(
        self, note: int, value: float, measure: str, sex: str, age: float, gestation: float
    ) -> None:
        """In arrays of one, since an array may hold an unknown measure."""
        scores = score(
            [value], measure=[measure], sex=[sex], age_days=[age], gestation_days=[gestation]
        )
        assert NOTES[scores.note[0]] == NOTES[note]
        assert bool(np.isnan(scores.z[0])) is (note != 0)
        assert bool(np.isnan(scores.centile[0])) is (note != 0)

    def test_all_reasons_in_one_call(self) -> None:
        note, value, measure, sex, age, gestation = REASON_COLUMNS
        scores = score(value, measure=measure, sex=sex, age_days=age, gestation_days=gestation)
        assert scores.note.tolist() == note.tolist()
        assert scores.note.dtype == np.int8

    def test_every_note_there_is_has_been_reached(self) -> None:
        elsewhere = score(5.0, measure="weight", sex="male", age_days=100, reference="uk90")
        assert {*REASON_COLUMNS[0].tolist(), int(elsewhere.note)} == set(NOTES)

    def test_notes_are_words_and_no_note_is_none(self) -> None:
        assert NOTES[0] == ""
        assert len({*NOTES.values()}) == len(NOTES)
        assert all(words and not words.endswith(".") for code, words in NOTES.items() if code)

    def test_the_plainest_reason_comes_first(self) -> None:
        """A row with everything wrong is told of its value before its age."""
        scores = score([math.nan], measure=["?"], sex=["?"], age_days=[math.nan])
        assert NOTES[scores.note[0]] == "no value"


class TestSections:
    """Which table speaks: half-open, the older child's at a join (L, M and S as published)."""

    @pytest.mark.parametrize(
        ("age_days", "measure", "median"),
        [
            (-119, "weight", 0.6145),
            (13.999, "weight", 3.8702),  # 42 weeks by UK90, to within a gram
            (14, "weight", 3.7529),  # by WHO
            (730, "height", 87.8018),  # lying
            (731, "height", 87.1303),  # standing
            (1460, "weight", 16.3435),
            (1461, "weight", 16.551),
            (7305, "height", 177.34),
            (6574.5, "head", 57.26),
        ],
    )
    def test_medians_of_boys(self, age_days: float, measure: str, median: float) -> None:
        found = measurement(0, measure=measure, sex="male", age_days=age_days)
        assert found == pytest.approx(median, abs=2e-4 if age_days == 13.999 else 1e-12)

    def test_the_ends_of_each_table(self) -> None:
        """The last ages with a z, and the first beyond them without."""
        ends = [
            # measure, sex, first age, just before it, last age, just after it
            ("weight", "male", -119, -119.01, 7305, 7305.01),
            ("height", "female", -105, -105.01, 7305, 7305.01),
            ("bmi", "male", 14, 13.99, 7305, 7306),
            ("head", "male", -119, -120, 6574.5, 6574.51),
            ("head", "female", -119, -120, 6209.25, 6209.26),
        ]
        for measure, sex, first, before, last, after in ends:
            median = measurement([0, 0, 0, 0], measure=measure, sex=sex,
                                 age_days=[before, first, last, after])  # fmt: skip
            assert np.isnan(median).tolist() == [True, False, False, True], (measure, sex)

    @pytest.mark.parametrize("whole", [np.int16, np.int32, np.int64, np.float32, np.float64])
    def test_whole_days_in_any_type(self, whole: type) -> None:
        days = np.array([-119, -1, 0, 13, 14, 730, 731, 1461, 7305])
        expected = measurement(0.5, measure="weight", sex="female", age_days=days.tolist())
        found = measurement(0.5, measure="weight", sex="female", age_days=days.astype(whole))
        assert found.tolist() == expected.tolist()

    def test_unsigned_days_too(self) -> None:
        days = np.array([0, 14, 255], dtype=np.uint8)
        expected = measurement(0.5, measure="weight", sex="male", age_days=[0, 14, 255])
        assert measurement(0.5, measure="weight", sex="male", age_days=days).tolist() == (
            expected.tolist()
        )


def weeks(weeks: int, days: int = 0) -> int:
    """Return a gestation in days from weeks+days."""
    return 7 * weeks + days


class TestCorrections:
    def scored(self, age: float, gestation: float, correction: str, value: float = 5.0) -> Any:
        return zscore(
            value,
            measure="weight",
            sex="male",
            age_days=age,
            gestation_days=gestation,
            correction=correction,
        )

    def plain(self, age: float, value: float = 5.0) -> Any:
        return zscore(value, measure="weight", sex="male", age_days=age)

    @pytest.mark.parametrize(
        ("gestation", "age", "paper_age"),
        [
            (weeks(37), 100, 100),  # never
            (weeks(36, 6), 100, 78),
            (weeks(36, 6), 365, 343),  # until 1 y
            (weeks(36, 6), 366, 366),
            (weeks(32), 366, 366),
            (weeks(31, 6), 366, 309),
            (weeks(31, 6), 730, 673),  # until 2 y
            (weeks(31, 6), 731, 731),
            (weeks(24), 3, -109),
        ],
    )
    def test_paper(self, gestation: int, age: int, paper_age: int) -> None:
        assert self.scored(age, gestation, "paper") == self.plain(paper_age)

    @pytest.mark.parametrize("gestation", [weeks(24), weeks(31, 6), weeks(36, 6), weeks(41)])
    @pytest.mark.parametrize("age", [60, 366, 731, 3000])
    def test_digital_corrects_all_for_life(self, gestation: int, age: int) -> None:
        assert self.scored(age, gestation, "digital") == self.plain(age - 280 + gestation)

    @pytest.mark.parametrize("correction", ["digital", "paper"])
    @pytest.mark.parametrize("age", [0, 13, 14, 365, 5000])
    def test_unknown_gestation_corrects_nothing(self, correction: str, age: int) -> None:
        assert self.scored(age, math.nan, correction) == self.plain(age)

    def test_term_births_on_paper_are_scored_against_all_term_births(self) -> None:
        """The pooled row: boys 3.5 kg, S 0.1427, L 1, on days 0 to 13 and from 37+0."""
        z_of_4_kg = (4 - 3.5) / (3.5 * 0.1427)  # 1.0011
        for age in (0, 0.5, 7, 13):
            for gestation in (weeks(37), weeks(40), weeks(41, 6)):
                found = self.scored(age, gestation, "paper", value=4.0)
                assert found == pytest.approx(z_of_4_kg, abs=1e-12)
        assert self.scored(14, weeks(40), "paper", value=4.0) == self.plain(14, value=4.0)
        assert self.scored(0, weeks(36, 6), "paper", value=4.0) == self.plain(-22, value=4.0)
        assert self.scored(0, weeks(40), "digital", value=4.0) == self.plain(0, value=4.0)
        assert self.plain(0, value=4.0) != pytest.approx(z_of_4_kg, abs=0.01)

    @pytest.mark.parametrize(
        ("measure", "sex", "median", "spread"),
        [  # the rows of uk90_term.csv, whose skew is 1: z is (value / median - 1) / spread
            ("weight", "male", 3.5, 0.1427), ("weight", "female", 3.36, 0.1408),
            ("height", "male", 51.0, 0.0451), ("height", "female", 50.0, 0.0399),
            ("head", "male", 35.0, 0.0382), ("head", "female", 34.0, 0.0334),
        ],
    )  # fmt: skip
    def test_each_measure_and_sex_of_a_term_birth_has_its_own_row(
        self, measure: str, sex: str, median: float, spread: float
    ) -> None:
        found = zscore(
            [median, 0.9 * median], measure=measure, sex=sex, age_days=[0, 10],
            gestation_days=266, correction="paper",
        )  # fmt: skip
        assert found == pytest.approx([0, -0.1 / spread], abs=1e-9)

    def test_a_term_birth_on_paper_has_no_bmi_either(self) -> None:
        scores = score(
            13.0, measure="bmi", sex="male", age_days=3, gestation_days=280, correction="paper"
        )
        assert NOTES[scores.note] == "younger than the tables of this measure begin"

    @pytest.mark.parametrize("correction", ["digital", "paper"])
    @pytest.mark.parametrize("gestation", [4, 50, weeks(4), weeks(50)])
    def test_an_impossible_gestation_is_no_number(self, correction: str, gestation: int) -> None:
        assert math.isnan(self.scored(100, gestation, correction))

    def test_one_gestation_among_many(self) -> None:
        gestation = [math.nan, weeks(30), weeks(50)]
        found = zscore(
            5.0, measure="weight", sex="male", age_days=[100, 100, 100], gestation_days=gestation
        )
        assert found[:2].tolist() == [self.plain(100), self.plain(30)]
        assert math.isnan(found[2])

    def test_median_and_lines_move_with_the_correction(self) -> None:
        about: dict[str, Any] = {"sex": "female", "age_days": 300, "gestation_days": weeks(30)}
        assert measurement(1.0, measure="bmi", **about) == measurement(
            1.0, measure="bmi", sex="female", age_days=230
        )
        assert percent_median_bmi(16.0, **about) == percent_median_bmi(
            16.0, sex="female", age_days=230
        )
        assert measurement(1.0, measure="bmi", correction="paper", **about) == measurement(
            1.0, measure="bmi", sex="female", age_days=230
        )


class TestWaysToSayTheSexes:
    EXPECTED = zscore([10.0, 10.0, 10.0], measure="weight", sex="male", age_days=365)

    @pytest.mark.parametrize(
        "sex",
        [
            ["male", "female", None],
            ["male", "female", math.nan],
            np.array(["male", "female", "unknown"]),
            np.array(["male", "female", None], dtype=object),
            np.array(["male", "female", pd.NA], dtype=object),
            pd.Series(["male", "female", None]),
            pd.Series(["male", "female", None], dtype="string"),
            pd.Series(["male", "female", None], dtype="category"),
            pd.Categorical(["male", "female", None]),
            pd.Categorical(["male", "female", "other"], categories=["other", "female", "male"]),
            [1, 2, 9],  # NHS data dictionary: 1 male, 2 female, 9 indeterminate
            [1.0, 2.0, math.nan],
            [1, 2, None],
            np.array([1, 2, 0], dtype=np.int8),
            pd.Series([1, 2, None], dtype="Int64"),
            pd.Categorical([1, 2, 9]),
            np.array([1, 2, pd.NA], dtype=object),
            np.array(["male", 2, True], dtype=object),
        ],
        ids=lambda sex: f"{type(sex).__name__} {getattr(sex, 'dtype', '')} {list(sex)}",
    )
    def test_all_mean_the_same(self, sex: Any) -> None:
        boy = zscore(10.0, measure="weight", sex="male", age_days=365)
        girl = zscore(10.0, measure="weight", sex="female", age_days=365)
        assert boy != girl
        scores = score(10.0, measure="weight", sex=sex, age_days=365)
        assert scores.z[:2].tolist() == [boy, girl]
        assert NOTES[scores.note[2]] == "sex is not known"

    @pytest.mark.parametrize(
        "sex",
        [None, math.nan, pd.NA, True, False, np.True_, "Male", "M", "1", "", 0, 3, 1.5, -1, "boy"],
        ids=repr,
    )
    def test_anything_else_is_unknown(self, sex: Any) -> None:
        """True is not 1: a column of booleans says nothing about which sex it asked after."""
        alone = score(10.0, measure="weight", sex=sex, age_days=365)
        assert NOTES[alone.note] == "sex is not known"
        together = score(10.0, measure="weight", sex=[sex, sex], age_days=365)
        assert [NOTES[code] for code in together.note] == ["sex is not known"] * 2


class TestWaysToSayTheMeasure:
    def test_one_word_or_one_for_each(self) -> None:
        values = [14.0, 95.0, 15.5, 49.0]
        about: dict[str, Any] = {"sex": "female", "age_days": 1000}
        together = zscore(values, measure=[*map(str, MEASURES)], **about)
        alone = [zscore(v, measure=m, **about) for v, m in zip(values, MEASURES, strict=True)]
        assert together.tolist() == alone
        as_categories = zscore(values, measure=pd.Categorical([*map(str, MEASURES)]), **about)
        assert as_categories.tolist() == alone

    @pytest.mark.parametrize("measure", ["wieght", "Weight", "ofc", "", None, 1, math.nan, True])
    def test_a_single_word_that_is_none_of_them_is_refused(self, measure: Any) -> None:
        for call in (zscore, score, measurement):
            with pytest.raises(UsageError) as refused:
                call(10.0, measure=measure, sex="male", age_days=365)
            assert f"found {measure!r}" in str(refused.value)
            assert "expected one of weight, height, bmi, head" in str(refused.value)

    @pytest.mark.parametrize("word", ["wieght", None, pd.NA, 1])
    def test_one_in_an_array_costs_its_own_row_only(self, word: Any) -> None:
        measures = np.array(["weight", word], dtype=object)
        scores = score([10.0, 10.0], measure=measures, sex="male", age_days=365)
        assert [NOTES[code] for code in scores.note] == ["", "the measure is not known"]


class TestCalls:
    def test_the_correction_is_refused_by_name(self) -> None:
        with pytest.raises(UsageError, match="correction: found 'none', expected 'digital'"):
            zscore(10.0, **BOY_OF_A_YEAR, correction="none")

    def test_shapes_that_do_not_fit_are_refused_and_named(self) -> None:
        with pytest.raises(UsageError, match=r"found \(3,\), \(\), \(\), \(2,\)"):
            zscore([1.0, 2.0, 3.0], measure="weight", sex="male", age_days=[1, 2])

    def test_a_scalar_gives_plain_numbers(self) -> None:
        assert type(zscore(10.0, **BOY_OF_A_YEAR)) is float
        assert type(zscore(np.array(10.0), **BOY_OF_A_YEAR)) is float
        assert type(measurement(0, **BOY_OF_A_YEAR)) is float
        assert type(centile(0)) is float
        assert type(zscore_of_centile(50)) is float
        assert type(position(0)) is str
        assert type(percent_median_bmi(16, sex="male", age_days=4000)) is float
        scores = score(10.0, **BOY_OF_A_YEAR)
        assert [type(part) for part in (scores.z, scores.centile, scores.note)] == [
            *(float, float, int)
        ]

    @pytest.mark.parametrize("shape", [(1,), (3,), (2, 3), (0,), (0, 3), (2, 1, 3)])
    def test_the_shape_given_is_the_shape_returned(self, shape: tuple[int, ...]) -> None:
        values = np.full(shape, 10.0)
        one = zscore(10.0, **BOY_OF_A_YEAR)
        assert zscore(values, **BOY_OF_A_YEAR).tolist() == np.full(shape, one).tolist()
        scores = score(values, **BOY_OF_A_YEAR)
        parts = (scores.z, scores.centile, scores.note, position(values), centile(values))
        others = (measurement(values, **BOY_OF_A_YEAR), zscore_of_centile(values))
        percents = percent_median_bmi(values, sex="male", age_days=4000)
        assert {part.shape for part in (*parts, *others, percents)} == {shape}

    def test_rows_and_columns_broadcast(self) -> None:
        ages = np.array([[100], [200]])
        found = zscore([6.0, 7.0, 8.0], measure="weight", sex="male", age_days=ages)
        expected = [
            [zscore(v, measure="weight", sex="male", age_days=a) for v in (6.0, 7.0, 8.0)]
            for a in (100, 200)
        ]
        assert found.tolist() == expected

    def test_empty_columns_make_an_empty_answer(self) -> None:
        empty: list[float] = []
        scores = score(empty, measure=empty, sex=empty, age_days=empty, gestation_days=empty)  # type: ignore[arg-type]
        assert (scores.z.shape, scores.centile.shape, scores.note.shape) == ((0,), (0,), (0,))

    def test_missing_numbers_from_anywhere_are_missing(self) -> None:
        ages = pd.Series([365, None], dtype="Int64")
        found = zscore(10.0, measure="weight", sex="male", age_days=ages)
        assert np.isnan(found).tolist() == [False, True]
        values = pd.Series([10.0, None], dtype="Float64")
        assert np.isnan(zscore(values, **BOY_OF_A_YEAR)).tolist() == [False, True]
        assert math.isnan(zscore(None, **BOY_OF_A_YEAR))
        assert math.isnan(zscore(10.0, measure="weight", sex="male", age_days=None))

    def test_more_rows_than_a_block_holds(self) -> None:
        """Rows go through in blocks: the seams must not show."""
        count = 2 * zscores._BLOCK + 5
        days = np.arange(count) % 7400 - 119
        together = zscore(np.full(count, 12.0), measure="weight", sex="male", age_days=days)
        period = together[:7400]
        assert np.array_equal(together, np.resize(period, count), equal_nan=True)
        for row in (0, zscores._BLOCK - 1, zscores._BLOCK, 2 * zscores._BLOCK, count - 1):
            alone = zscore(12.0, measure="weight", sex="male", age_days=int(days[row]))
            assert together[row] == alone

    def test_what_is_given_is_not_written_to(self) -> None:
        values, ages = np.array([10.0, -1.0]), np.array([365.0, math.nan])
        gestations = np.array([270.0, 20.0])
        given = [part.copy() for part in (values, ages, gestations)]
        score(values, measure="weight", sex=[1, 2], age_days=ages, gestation_days=gestations)
        for before, after in zip(given, (values, ages, gestations), strict=True):
            assert np.array_equal(before, after, equal_nan=True)


class TestCentilesAndPositions:
    def test_of_scores(self) -> None:
        scores = score([7.7, 9.6, 12.0, 0.0], **BOY_OF_A_YEAR)
        assert scores.centile == pytest.approx(centile(scores.z), nan_ok=True)
        assert position(scores.z).tolist() == [
            "on the 2nd centile line",  # WHO prints 7.7 kg at −2 SD
            "on the 50th centile line",
            "on the 98th centile line",
            "",
        ]

    def test_centiles_by_hand(self) -> None:
        assert centile([0.0, -1.96, 1.0]) == pytest.approx([50, 2.4998, 84.1345], abs=5.1e-5)
        assert zscore_of_centile([50, 2, 98]) == pytest.approx([0, -2.0537, 2.0537], abs=5.1e-5)


class TestPercentOfMedianBmi:
    def test_the_median_is_that_of_the_age_the_correction_gives(self) -> None:
        """At 3 years, born at 30+0: on paper the correction has stopped, digitally 70 days go."""
        about = {"sex": "male", "age_days": 1096}
        for correction, age in (("paper", 1096), ("digital", 1026)):
            median = measurement(0, measure="bmi", sex="male", age_days=age)
            found = percent_median_bmi(16, **about, gestation_days=210, correction=correction)
            assert found == pytest.approx(100 * 16 / median, rel=1e-12)

    def test_by_hand(self) -> None:
        """UK90 at 20 y: medians 21.986 in men, 21.735 in women."""
        found = percent_median_bmi([21.986, 16.4895, 21.735], sex=[1, 1, 2], age_days=7305)
        assert found == pytest.approx([100, 75, 100], abs=1e-10)

    @pytest.mark.parametrize(
        "bmi", [0.0, -0.0, -15.0, math.nan, math.inf, -math.inf, 1e308, None], ids=repr
    )
    def test_of_no_bmi_is_no_number(self, bmi: Any) -> None:
        assert math.isnan(percent_median_bmi(bmi, sex="male", age_days=4000))

    def test_where_there_is_no_table_there_is_no_median(self) -> None:
        ages = [13, 14, 20.5, 7305, 7306]
        found = percent_median_bmi(16.0, sex="female", age_days=ages)
        assert np.isnan(found).tolist() == [True, False, True, False, True]
        assert math.isnan(percent_median_bmi(16.0, sex=None, age_days=4000))
