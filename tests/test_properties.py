"""What must hold for every child there could be, and for every number there is (Hypothesis)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from hypothesis import assume, example, given
from hypothesis import strategies as st

from centiles import ages
from centiles.measures import MEASURES, SEXES
from centiles.references import reference, table_codes
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
from tests.examples import examples

CLOSE = 1e-9
EVERYWHERE_DEFINED = 4.0  # every table has a value at every z from −4 to 4


class Rows(NamedTuple):
    """The arguments of one call."""

    amount: np.ndarray
    measure: np.ndarray
    sex: np.ndarray
    age_days: np.ndarray
    gestation_days: np.ndarray

    def about(self, rows: Any = slice(None)) -> dict[str, np.ndarray]:
        """Return all but the amount, by keyword."""
        return {name: column[rows] for name, column in self._asdict().items() if name != "amount"}


def table_of_rows(row: st.SearchStrategy[tuple[Any, ...]]) -> st.SearchStrategy[Rows]:
    """Return calls of 1 to 20 rows."""
    rows = st.lists(row, min_size=1, max_size=20)
    return rows.map(lambda made: Rows(*map(np.array, zip(*made, strict=True))))


measures = st.sampled_from([*map(str, MEASURES)])
sexes = st.sampled_from([*map(str, SEXES)])
gestations = st.one_of(st.just(math.nan), st.integers(23 * 7, 44 * 7 + 6).map(float))


@st.composite
def scoreable_ages(draw: st.DrawFn, measure: str) -> float:
    """An age with a table for that measure in either sex: whole days, or a fraction of UK90's."""
    first, last = {"bmi": (14, 7305), "head": (-119, 6209)}.get(measure, (-105, 7305))
    whole = st.integers(first, last).map(float)
    young = st.floats(min(first, 13), 13, allow_subnormal=False)
    older = st.floats(1461, last)
    return draw(st.one_of(whole, older) if measure == "bmi" else st.one_of(whole, young, older))


@st.composite
def children(draw: st.DrawFn, amounts: st.SearchStrategy[float]) -> tuple[Any, ...]:
    """A measurement there is a table for, at its corrected age."""
    measure = draw(measures)
    return draw(amounts), measure, draw(sexes), draw(scoreable_ages(measure)), math.nan


likely_z = st.floats(-EVERYWHERE_DEFINED, EVERYWHERE_DEFINED, allow_subnormal=False)
factors = st.floats(0.25, 4.0)  # of the median

# Any double at all, the awkward ones often.
awkward = [0.0, -0.0, 5e-324, -5e-324, 1e-300, 1e308, -1e308, math.inf, -math.inf, math.nan]
numbers = st.one_of(st.floats(), st.sampled_from(awkward), st.floats(0, 300))
any_age = st.one_of(st.floats(), st.integers(-200, 7400).map(float), st.floats(-200, 7400))
any_gestation = st.one_of(st.floats(), st.integers(0, 400).map(float), gestations)
anything = table_of_rows(
    st.tuples(
        numbers,
        st.sampled_from([*map(str, MEASURES), "wieght"]),
        st.sampled_from([*map(str, SEXES), "unknown"]),
        any_age,
        any_gestation,
    )
)
corrections = st.sampled_from([*ages.Correction])


class TestThereAndBack:
    @given(table_of_rows(children(likely_z)))
    def test_z_to_value_to_z(self, rows: Rows) -> None:
        values = measurement(rows.amount, **rows.about())
        assert (values > 0).all()
        assert np.abs(zscore(values, **rows.about()) - rows.amount).max() <= CLOSE

    @given(table_of_rows(children(st.floats(-12, 12, allow_subnormal=False))))
    def test_z_to_value_to_z_further_out_wherever_there_is_a_value(self, rows: Rows) -> None:
        values = measurement(rows.amount, **rows.about())
        there = ~np.isnan(values)
        assume(there.any())
        back = zscore(values[there], **rows.about(there))
        assert np.abs(back - rows.amount[there]).max() <= CLOSE

    @given(table_of_rows(children(factors)))
    def test_value_to_z_to_value(self, rows: Rows) -> None:
        values = rows.amount * measurement(0, **rows.about())
        back = measurement(zscore(values, **rows.about()), **rows.about())
        assert np.abs(back / values - 1).max() <= CLOSE

    @given(st.lists(st.floats(-8, 8, allow_subnormal=False), min_size=1))
    def test_z_to_centile_to_z(self, z: list[float]) -> None:
        """Near 100 a double has few digits left for what is missing, hence the lower half."""
        lower = -np.abs(z)
        assert np.abs(zscore_of_centile(centile(lower)) - lower).max() <= CLOSE


class TestOrder:
    @given(table_of_rows(children(factors)), st.floats(1 + 1e-9, 2))
    def test_more_is_higher(self, rows: Rows, more: float) -> None:
        values = rows.amount * measurement(0, **rows.about())
        assert (zscore(values, **rows.about()) < zscore(values * more, **rows.about())).all()

    @given(table_of_rows(children(likely_z)), st.floats(1e-6, 2))
    def test_a_higher_z_is_more(self, rows: Rows, more: float) -> None:
        higher = np.minimum(rows.amount + more, EVERYWHERE_DEFINED)
        assume((higher > rows.amount).any())
        apart = higher > rows.amount + 1e-7
        lower_values = measurement(rows.amount, **rows.about())[apart]
        assert (lower_values < measurement(higher, **rows.about())[apart]).all()

    @given(anything, corrections, st.randoms(use_true_random=False))
    def test_of_rows_changes_nothing(self, rows: Rows, correction: str, chance: Any) -> None:
        order = list(range(len(rows.amount)))
        chance.shuffle(order)
        straight = score(rows.amount, **rows.about(), correction=correction)
        shuffled = score(rows.amount[order], **rows.about(order), correction=correction)
        for part in ("z", "centile", "note"):
            expected = getattr(straight, part)[order]
            assert np.array_equal(getattr(shuffled, part), expected, equal_nan=part != "note")

    @given(anything, corrections)
    def test_each_row_alone_is_as_among_others(self, rows: Rows, correction: str) -> None:
        together = score(rows.amount, **rows.about(), correction=correction)
        values = measurement(rows.amount, **rows.about(), correction=correction)
        for row in range(len(rows.amount)):
            about = {name: column.item() for name, column in rows.about(row).items()}
            if about["measure"] not in MEASURES:
                continue
            alone = score(rows.amount[row].item(), **about, correction=correction)
            assert np.array_equal(alone.z, together.z[row], equal_nan=True)
            assert np.array_equal(alone.centile, together.centile[row], equal_nan=True)
            assert alone.note == together.note[row]
            value = measurement(rows.amount[row].item(), **about, correction=correction)
            assert np.array_equal(value, values[row], equal_nan=True)


class TestAnyNumbersAtAll:
    """Nothing raises, warns (a warning fails a test) or turns complex; nothing is NaN unsaid."""

    @examples(4)
    @given(anything, corrections)
    def test_scores(self, rows: Rows, correction: str) -> None:
        scores = score(rows.amount, **rows.about(), correction=correction)
        assert (scores.z.dtype, scores.centile.dtype) == (np.float64, np.float64)
        unscored = np.isnan(scores.z)
        assert np.isfinite(scores.z[~unscored]).all()
        assert np.array_equal(unscored, scores.note != 0)
        assert np.array_equal(unscored, np.isnan(scores.centile))
        assert set(scores.note.tolist()) <= set(NOTES)
        assert ((scores.centile >= 0) & (scores.centile <= 100))[~unscored].all()
        assert np.array_equal(position(scores.z) == "", unscored)

    @given(anything, corrections)
    def test_scores_are_what_zscore_gives(self, rows: Rows, correction: str) -> None:
        alone = zscore(rows.amount, **rows.about(), correction=correction)
        scores = score(rows.amount, **rows.about(), correction=correction)
        assert np.array_equal(alone, scores.z, equal_nan=True)

    @given(anything, corrections)
    def test_measurements(self, rows: Rows, correction: str) -> None:
        values = measurement(rows.amount, **rows.about(), correction=correction)
        assert values.dtype == np.float64
        assert (np.isnan(values) | ((values > 0) & np.isfinite(values))).all()

    @given(anything, corrections)
    def test_percentages_of_median(self, rows: Rows, correction: str) -> None:
        about = rows.about()
        del about["measure"]
        percents = percent_median_bmi(rows.amount, **about, correction=correction)
        assert percents.dtype == np.float64
        assert (np.isnan(percents) | ((percents > 0) & np.isfinite(percents))).all()

    @given(st.lists(numbers))
    def test_centiles_and_positions(self, given_numbers: list[float]) -> None:
        missing = np.isnan(np.array(given_numbers, dtype=float))
        centiles = centile(given_numbers)
        assert np.array_equal(np.isnan(centiles), missing)
        assert ((centiles >= 0) & (centiles <= 100))[~missing].all()
        assert np.array_equal(position(given_numbers) == "", missing)
        assert not np.isinf(zscore_of_centile(given_numbers)).any()

    @given(
        st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5),
        measures,
        st.sampled_from([1, 2, 9]),
    )
    def test_ages_of_any_whole_number(self, days: list[int], measure: str, sex: int) -> None:
        scores = score(20.0, measure=measure, sex=sex, age_days=np.array(days, dtype=np.int64))
        assert np.array_equal(np.isnan(scores.z), scores.note != 0)

    @given(anything)
    def test_carrying(self, rows: Rows) -> None:
        places = [MEASURES.index(word) if word in MEASURES else 0 for word in rows.measure]
        tables = table_codes(np.array(places), rows.sex == "male")
        for earlier, later in ((0, 0), (0, 1), (1, 3), (2, 3), (0, 3), (4, 1), (4, 3)):
            codes = (np.full(tables.shape, code) for code in (earlier, later))
            carried = reference().carried(rows.amount, tables, *codes)
            assert carried.dtype == np.float64
            if earlier == later:
                assert np.array_equal(carried, rows.amount, equal_nan=True)
            else:
                assert not np.isinf(carried).any()


class TestCorrectedAges:
    @given(st.integers(0, 7305), st.integers(22 * 7, 44 * 7 + 6))
    def test_digital_counts_from_the_expected_date(self, age: int, gestation: int) -> None:
        conceived = age + gestation  # 280 days before the day due, by the same count
        assert ages.corrected_age_days(age, gestation) == conceived - 280

    @given(st.integers(0, 7305), st.one_of(gestations, st.floats()))
    @example(365, 36 * 7 + 6)
    @example(366, 36 * 7 + 6)
    @example(730, 31 * 7 + 6)
    @example(731, 31 * 7 + 6)
    @example(0, 37 * 7)
    def test_paper_corrects_as_digital_or_not_at_all(self, age: int, gestation: float) -> None:
        """Until 1 year below 37 weeks, until 2 years below 32; a known gestation only."""
        known = 22 * 7 <= gestation < 45 * 7
        until = 2 * 365.25 if gestation < 32 * 7 else 365.25 if gestation < 37 * 7 else 0
        paper = ages.corrected_age_days(age, gestation, "paper")
        assume(not 44 * 7 + 6 < gestation < 45 * 7)  # a fraction of the last day
        if known and age < until:
            assert paper == ages.corrected_age_days(age, gestation, "digital")
        else:
            assert paper == age

    @given(table_of_rows(st.tuples(numbers, measures, sexes, any_age, gestations)))
    def test_a_z_is_that_of_the_corrected_age(self, rows: Rows) -> None:
        about = rows.about()
        corrected = ages.corrected_age_days(about["age_days"], about.pop("gestation_days"))
        assert np.array_equal(
            zscore(rows.amount, **rows.about()),
            zscore(rows.amount, **{**about, "age_days": corrected}),
            equal_nan=True,
        )

    @given(anything, corrections)
    def test_no_gestation_is_as_an_unknown_one(self, rows: Rows, correction: str) -> None:
        without = rows.about()
        del without["gestation_days"]
        unknown_gestation = {**without, "gestation_days": np.full(len(rows.amount), math.nan)}
        plain = score(rows.amount, **without, correction=correction)
        same = score(rows.amount, **unknown_gestation, correction=correction)
        assert np.array_equal(plain.z, same.z, equal_nan=True)
        assert np.array_equal(plain.note, same.note)


class TestPercentOfMedian:
    ages_with_bmi = st.one_of(st.integers(14, 7305).map(float), st.floats(1461, 7305))

    @given(st.floats(5, 80), sexes, ages_with_bmi)
    def test_is_a_hundred_times_bmi_over_median(self, bmi: float, sex: str, age: float) -> None:
        median = measurement(0, measure="bmi", sex=sex, age_days=age)
        percent = percent_median_bmi(bmi, sex=sex, age_days=age)
        assert math.isclose(percent, 100 * bmi / median, rel_tol=1e-12)
        assert (percent > 100) == (zscore(bmi, measure="bmi", sex=sex, age_days=age) > 0)


class TestCarrying:
    @given(
        st.lists(st.floats(-5, 5, allow_subnormal=False), min_size=2, max_size=10, unique=True),
        st.sampled_from(["weight", "height", "head"]),
        sexes,
        st.sampled_from([(0, 1), (2, 3), (0, 3), (4, 1)]),
    )
    def test_keeps_children_in_order(
        self, z: list[float], measure: str, sex: str, span: tuple[int, int]
    ) -> None:
        before = np.sort(z)
        assume(np.diff(before).min() > 1e-9)
        tables = table_codes(MEASURES.index(measure), np.full(before.shape, sex == "male"))
        codes = (np.full(before.shape, code) for code in span)
        after = reference().carried(before, tables, *codes)
        after = after[~np.isnan(after)]
        assert (np.diff(after) > 0).all()
