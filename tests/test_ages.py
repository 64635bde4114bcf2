"""Days between dates, and the two corrections for gestation, counted by hand."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from centiles import ages
from centiles.errors import UsageError


class TestDayAges:
    @pytest.mark.parametrize(
        ("born", "measured", "days"),
        [
            ("2020-03-12", "2020-03-12", 0),
            ("2020-02-28", "2020-03-01", 2),  # a leap year
            ("2021-02-28", "2021-03-01", 1),
            ("2020-03-12", "2025-03-12", 1826),  # 5 · 365 and 29 Feb 2024
            ("2000-01-01", "2020-01-01", 7305),  # 20 · 365 and five leap days
            ("1969-12-31", "1970-01-01", 1),
            ("2020-03-12", "2020-03-11", -1),  # before birth: for others to judge
        ],
    )
    def test_counted_by_hand(self, born: str, measured: str, days: int) -> None:
        assert float(ages.day_ages(born, measured)) == days

    def test_a_missing_date_has_no_age(self) -> None:
        born = np.array(["2020-01-01", "NaT", "NaT"], dtype="datetime64[D]")
        measured = np.array(["NaT", "2020-01-01", "NaT"], dtype="datetime64[D]")
        assert np.isnan(ages.day_ages(born, measured)).all()

    def test_times_of_day_do_not_count(self) -> None:
        born = np.datetime64("2020-01-01T23:59", "m")
        assert float(ages.day_ages(born, np.datetime64("2020-01-02T00:01", "m"))) == 1

    def test_one_birth_date_for_many_days(self) -> None:
        measured = [dt.date(2020, 1, 1), dt.date(2020, 1, 15)]
        assert ages.day_ages(dt.date(2020, 1, 1), measured).tolist() == [0, 14]


def test_a_year_is_365_days_and_a_quarter() -> None:
    assert ages.decimal_years([0, 1461, 7305]).tolist() == [0, 4, 20]
    assert 12 * ages.DAYS_IN_MONTH == 365.25


def weeks(weeks: int, days: int = 0) -> int:
    """Return a gestation in days from weeks+days."""
    return 7 * weeks + days


class TestGestationKnown:
    @pytest.mark.parametrize(
        ("gestation", "known"),
        [
            (weeks(21, 6), False),
            (weeks(22), True),
            (weeks(40), True),
            (weeks(44, 6), True),
            (weeks(45), False),
            (weeks(4), False),
            (weeks(50), False),
            (0, False),
            (math.nan, False),
            (math.inf, False),
        ],
    )
    def test_between_22_and_44_weeks(self, gestation: float, *, known: bool) -> None:
        assert bool(ages.gestation_known(gestation)) is known


# Days taken off by each correction. Years end with their last whole day: 1 y is day 365.25 and
# 2 y day 730.5, so days 365 and 730 are still before them.
CORRECTIONS = [
    # gestation, age, digital, paper
    (weeks(24), 0, 112, 112),
    (weeks(31, 6), 0, 57, 57),
    (weeks(31, 6), 366, 57, 57),
    (weeks(31, 6), 730, 57, 57),
    (weeks(31, 6), 731, 57, 0),
    (weeks(32), 365, 56, 56),
    (weeks(32), 366, 56, 0),
    (weeks(36, 6), 0, 22, 22),
    (weeks(36, 6), 365, 22, 22),
    (weeks(36, 6), 366, 22, 0),
    (weeks(36, 6), 7000, 22, 0),
    (weeks(37), 0, 21, 0),
    (weeks(37), 1000, 21, 0),
    (weeks(40), 100, 0, 0),
    (weeks(42), 100, -14, 0),
    (weeks(44, 6), 100, -34, 0),
    (math.nan, 100, 0, 0),
    (weeks(4), 100, 0, 0),
    (weeks(50), 100, 0, 0),
]


class TestCorrection:
    @pytest.mark.parametrize(("gestation", "age", "digital", "paper"), CORRECTIONS)
    def test_days_taken_off(
        self, gestation: float, age: float, digital: float, paper: float
    ) -> None:
        assert float(ages.correction_days(age, gestation)) == digital
        assert float(ages.correction_days(age, gestation, "digital")) == digital
        assert float(ages.correction_days(age, gestation, "paper")) == paper
        assert float(ages.corrected_age_days(age, gestation)) == age - digital
        assert float(ages.corrected_age_days(age, gestation, "paper")) == age - paper

    def test_all_at_once_is_the_same(self) -> None:
        gestation, age, digital, paper = np.array(CORRECTIONS).T
        assert ages.correction_days(age, gestation).tolist() == digital.tolist()
        assert ages.correction_days(age, gestation, "paper").tolist() == paper.tolist()

    def test_corrected_age_counts_from_the_expected_date_of_delivery(self) -> None:
        """Born at 38+4 is 10 days early: the day due is 10 days after birth."""
        born, due = np.datetime64("2025-01-01"), np.datetime64("2025-01-11")
        measured = np.datetime64("2025-02-01")
        since_birth = ages.day_ages(born, measured)
        assert ages.corrected_age_days(since_birth, weeks(38, 4)) == ages.day_ages(due, measured)

    def test_an_unknown_age_is_corrected_by_nothing(self) -> None:
        for correction in ages.Correction:
            assert float(ages.correction_days(math.nan, weeks(30), correction)) == 0

    def test_an_unknown_age_stays_unknown(self) -> None:
        for correction in ages.Correction:
            assert math.isnan(ages.corrected_age_days(math.nan, weeks(30), correction))

    @pytest.mark.parametrize("word", ["Digital", "on", "", None])
    def test_any_other_word_is_refused(self, word: object) -> None:
        with pytest.raises(UsageError) as refused:
            ages.correction_days(100, weeks(30), word)  # type: ignore[arg-type]
        assert f"found {word!r}" in str(refused.value)
        assert "expected 'digital' or 'paper'" in str(refused.value)
        assert refused.value.exit_code == 2


class TestPooledTerm:
    GESTATIONS = (weeks(36, 6), weeks(37), weeks(44, 6), weeks(45), math.nan)

    def test_paper_pools_births_from_37_weeks(self) -> None:
        pooled = ages.is_pooled_term(self.GESTATIONS, "paper")
        assert pooled.tolist() == [False, True, True, False, False]

    def test_digital_pools_none(self) -> None:
        assert not ages.is_pooled_term(self.GESTATIONS, "digital").any()


FROM_DAYS = [
    (-3, "3 days before birth"),
    (0, "0 days"),
    (1, "1 day"),
    (27, "27 days"),
    (28, "4 weeks"),
    (121, "17 weeks"),
    (122, "4 months"),
    (365, "12 months"),
    (729, "23 months"),
    (730, "2 y 0 m"),
    (1461, "4 y 0 m"),
    (1570, "4 y 3 m"),
    (7305, "20 y 0 m"),
    (math.nan, "age unknown"),
    (math.inf, "age unknown"),
]

ON_THE_CALENDAR = [
    ("2020-03-12", "2025-03-11", "4 y 11 m"),  # the day before the birthday
    ("2020-03-12", "2025-03-12", "5 y 0 m"),
    ("2019-03-12", "2020-03-11", "11 months"),
    ("2019-03-12", "2020-03-12", "12 months"),
    ("2019-01-31", "2019-06-30", "4 months"),  # June has no 31st
    ("2019-01-31", "2019-07-01", "5 months"),
    ("2020-02-29", "2022-02-28", "23 months"),
    ("2020-02-29", "2022-03-01", "2 y 0 m"),
]


class TestAgeWords:
    @pytest.mark.parametrize(("age_days", "words"), FROM_DAYS)
    def test_from_days_alone(self, age_days: float, words: str) -> None:
        assert ages.age_words(age_days) == words

    @pytest.mark.parametrize(("born", "measured", "words"), ON_THE_CALENDAR)
    def test_on_the_calendar(self, born: str, measured: str, words: str) -> None:
        days = float(ages.day_ages(born, measured))
        assert ages.age_words(days, born) == words

    def test_many_at_once(self) -> None:
        days, words = zip(*FROM_DAYS, strict=True)
        none = np.full(len(days), np.datetime64("NaT", "D"))
        assert ages.ages_in_words(np.array(days), none).tolist() == list(words)
        born, measured, words = (list(part) for part in zip(*ON_THE_CALENDAR, strict=True))
        since = np.array(born, dtype="datetime64[D]")
        assert ages.ages_in_words(ages.day_ages(since, measured), since).tolist() == words

    def test_a_missing_birth_date_is_no_birth_date(self) -> None:
        assert ages.age_words(1826, np.datetime64("NaT", "D")) == ages.age_words(1826)
