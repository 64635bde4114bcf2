"""Words to dates, numbers, units, sexes, gestations and postures, as they really come."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.errors import MappingError
from centiles.records import dates, parsing
from tests.examples import examples


def words(*texts: str) -> pd.Series[str]:
    return pd.Series(texts, dtype="str")


def one_date(text: str, *, day_before_month: bool | None = True) -> str:
    found, bad = dates.dates(words(text), day_before_month=day_before_month)
    assert bad[0] == np.isnat(found[0])
    return str(found[0])


class TestDates:
    @pytest.mark.parametrize(
        ("text", "date"),
        [
            ("12/03/2025", "2025-03-12"),
            ("1/2/2024", "2024-02-01"),
            ("12-03-2025", "2025-03-12"),
            ("12.03.2025", "2025-03-12"),
            ("12/03/2025 08:30", "2025-03-12"),
            ("12/03/2025 8:30:15 PM", "2025-03-12"),
            ("2025-03-12", "2025-03-12"),
            ("2025-03-12T23:30:00Z", "2025-03-12"),
            ("2025-03-12T23:30:00.000+01:00", "2025-03-12"),
            ("2025-03-12 00:00:00.000000+0100", "2025-03-12"),
            ("20250312", "2025-03-12"),
            ("20250312.0", "2025-03-12"),
            ("12-Mar-2025", "2025-03-12"),
            ("12 MARCH 2025", "2025-03-12"),
            ("01 Sept 2025 10:11:12", "2025-09-01"),
            ("12-Mar-25", "2025-03-12"),
            ("29/02/2024", "2024-02-29"),
            ("12.03.25", "2025-03-12"),
            ("2025/03/12", "2025-03-12"),
            ("2025-3-2", "2025-03-02"),
            ("12 Mar 2025 08:30:15", "2025-03-12"),
            ("12th March 2025", "2025-03-12"),
            ("Wed 12 Mar 2025", "2025-03-12"),
            ("March 12, 2025", "2025-03-12"),
            ("12MAR2025", "2025-03-12"),
            ("12/Mar/2025", "2025-03-12"),
            ("20250312083015", "2025-03-12"),
            ("20250312T083015+0100", "2025-03-12"),
            ("2025-03-12T23:30:00+01:00[Europe/London]", "2025-03-12"),
            ("2025-03-12T00:30:00+01:00", "2025-03-12"),
            ("2025-03-12T23:30-05", "2025-03-12"),
            ("12/03/2025, 08:30", "2025-03-12"),
            ("\uff11\uff12/03/2025", "2025-03-12"),
            ("12\u00a0Mar\u00a02025", "2025-03-12"),
            ("12\u201303\u20132025", "2025-03-12"),
        ],
    )
    def test_shapes(self, text: str, date: str) -> None:
        assert one_date(text) == date
        assert dates.look_like_dates(words(text)).all()

    @pytest.mark.parametrize(
        ("text", "year"),
        [
            ("25/12/25", "2025"),
            ("25/12/98", "1998"),
            ("25/12/00", "2000"),
            ("25/12/49", "2049"),
            ("25/12/50", "1950"),
            ("25-Dec-68", "1968"),
        ],
    )
    def test_two_digit_years_are_never_far_ahead(self, text: str, year: str) -> None:
        assert one_date(text) == f"{year}-12-25"

    @pytest.mark.parametrize(
        "text",
        [
            "31/02/2022",
            "29/02/2023",
            "32/01/2020",
            "00/01/2020",
            "12/13/2020",
            "2022-02-31",
            "12/03-2025",
            "12/03/202",
            "yesterday",
            "12 Foo 2025",
            "12/03/2025 noon",
            "1203",
            "٢٠٢٥-٠٣-١٢",
            "45000",
            "2025",
            "Mar-21",
            "12-03-25",
            "202503",
            "13/2021",
            "2021-13",
            "Moon 2021",
            "12 Mar",
        ],
    )
    def test_no_such_day(self, text: str) -> None:
        assert one_date(text) == "NaT"

    @pytest.mark.parametrize(
        "text", ["03/2021", "3/2021", "03-2021", "2021-03", "2021/03", "Mar 2021", "March 2021",
                 "MAR-2021", "Mar, 2021"],
    )  # fmt: skip
    def test_a_month_is_its_middle(self, text: str) -> None:
        read = dates.days(words(text), day_before_month=None)
        assert read.on.astype(str).tolist() == ["2021-03-15"]
        assert read.precision.tolist() == [dates.MONTH]
        assert dates.look_like_dates(words(text)).all()

    def test_a_year_is_no_date(self) -> None:
        read = dates.days(words("2021", "1999.0", "12/03/2021", ""), day_before_month=True)
        assert read.precision.tolist() == [dates.YEAR, dates.YEAR, dates.DAY, dates.NO_DATE]
        assert read.bad.tolist() == [True, True, False, False]

    def test_serials(self) -> None:
        column = words("44270", "44270.5", "44271.0", "", "12/03/2021")
        assert dates.are_serials(column, "f.csv")
        read = dates.days(column, day_before_month=True, serials=True)
        found = ["2021-03-15", "2021-03-15", "2021-03-16", "NaT", "2021-03-12"]
        assert read.on.astype(str).tolist() == found
        few = words("44270", "12/03/2021", "13/03/2021")
        assert not dates.are_serials(few, "f.csv")
        assert dates.are_serials(few, "Year 6.xlsx")
        assert not dates.are_serials(words("12/03/2021", ""), "Year 6.xlsx")
        assert dates.look_like_dates(column).tolist() == [True, True, True, False, True]

    def test_said_precisions(self) -> None:
        said = dates.precisions(words("YMD", "ym", "Y", "YMDT", "U", "", "?"))
        assert said.tolist() == [1, 2, 3, 1, 3, 0, 0]

    def test_month_first(self) -> None:
        assert one_date("12/03/2025", day_before_month=False) == "2025-12-03"

    def test_numbers_only_are_not_read_without_an_order(self) -> None:
        assert one_date("12/03/2025", day_before_month=None) == "NaT"
        assert one_date("2025-03-12", day_before_month=None) == "2025-03-12"

    def test_nothing_there_is_not_bad(self) -> None:
        found, bad = dates.dates(words("", "NULL", "n/a", "Unknown"), day_before_month=True)
        assert np.isnat(found).all()
        assert not bad.any()

    @given(st.dates(min_value=pd.Timestamp("1600-01-01").date()))
    def test_every_day_there_is(self, day: Any) -> None:
        for form in (
            "%d/%m/%Y", "%Y-%m-%d", "%d %b %Y", "%d-%b-%Y", "%d.%m.%Y", "%B %d, %Y", "%Y%m%d",
            "%d/%m/%Y %H:%M", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S+01:00", "%A %d %B %Y",
        ):  # fmt: skip
            assert one_date(day.strftime(form)) == day.isoformat()

    @given(st.dates(pd.Timestamp("1960-01-01").date(), pd.Timestamp("2049-12-31").date()))
    def test_months_two_digit_years_and_serials(self, day: Any) -> None:
        serial = str((day - pd.Timestamp("1899-12-30").date()).days)
        column = words(day.strftime("%m/%Y"), day.strftime("%d/%m/%y"), serial)
        read = dates.days(column, day_before_month=True, serials=True)
        found = read.on.astype(str).tolist()
        assert found[0] == day.replace(day=15).isoformat()
        assert found[1] == day.isoformat()
        assert found[2] == day.isoformat()

    @examples(2)
    @given(
        st.lists(
            st.one_of(
                st.text(max_size=10),
                st.text(st.sampled_from("0123456789/-. :TZMarJuly\u00a0\uff11,+"), max_size=20),
            ),
            max_size=6,
        ),
        st.sampled_from([True, False, None]),
    )
    def test_no_word_is_too_odd(self, texts: list[str], order: bool | None) -> None:  # noqa: FBT001
        column = pd.Series([text.strip() for text in texts], dtype="str")
        read = dates.days(column, day_before_month=order, serials=True)
        there = ~np.isnat(read.on)
        assert (there == np.isin(read.precision, (dates.DAY, dates.MONTH))).all()
        assert not (there & read.bad).any()
        assert (there | read.bad | parsing.is_missing(column)).all()
        assert len(dates.look_like_dates(column)) == len(texts)


class TestDayFirst:
    def test_one_day_above_twelve_settles_it(self) -> None:
        assert dates.day_first([words("01/02/2020", "13/02/2020")], None, "f") is True
        assert dates.day_first([words("01/02/2020", "02/13/2020")], None, "f") is False

    def test_any_column_of_the_file_settles_it(self) -> None:
        assert dates.day_first([words("01/02/2020"), words("31/12/19 10:30")], None, "f") is True

    def test_no_need(self) -> None:
        assert dates.day_first([words("2020-02-01", "1 Feb 2020", "")], None, "f") is None
        assert dates.day_first([], None, "f") is None

    def test_iso_among_them_does_not_matter(self) -> None:
        assert dates.day_first([words("2020-01-02", "13/02/2020")], None, "f") is True

    def test_fits_both(self) -> None:
        with pytest.raises(MappingError, match="fits dd/mm/yyyy and mm/dd/yyyy alike"):
            dates.day_first([words("01/02/2020", "12/12/2020")], None, "f")

    def test_contradiction(self) -> None:
        with pytest.raises(MappingError, match="1 distinct dates only fit dd/mm/yyyy and 2 only"):
            dates.day_first([words("13/02/2020", "02/13/2020", "02/14/2020")], None, "f")

    def test_a_slip_among_many_is_no_contradiction(self) -> None:
        many = [f"{day}/02/20{year}" for day in range(13, 28) for year in (10, 11)]
        assert dates.day_first([words(*many, "02/14/2020")], None, "f") is True

    def test_a_date_without_a_month_settles_nothing(self) -> None:
        assert dates.day_first([words("30/13/2021", "14/09/2024")], None, "f") is True
        assert dates.day_first([words("30/13/2021", "09/14/2024")], None, "f") is False
        assert dates.day_first([words("30/13/2021")], None, "f") is None

    def test_said(self) -> None:
        assert dates.day_first([words("01/02/2020")], "dd/mm/yyyy", "f") is True
        assert dates.day_first([words("01/02/2020")], "mm/dd/yyyy", "f") is False
        assert dates.day_first([words("01/02/2020")], "yyyy-mm-dd", "f") is None
        with pytest.raises(MappingError, match="expected one of dd/mm/yyyy"):
            dates.day_first([], "dmy", "f")


class TestNumbers:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("18.4", 18.4),
            ("18", 18),
            (".5", 0.5),
            ("-1", -1),
            ("1e2", 100),
            ("0", 0),
            ("99.9", 99.9),
            ("inf", np.inf),
            ("32000", 32000),
        ],
    )
    def test_numbers(self, text: str, value: float) -> None:
        assert parsing.numbers(words(text)).value.tolist() == [value]

    @pytest.mark.parametrize(
        "text", ["", "NA", "n/a", "NULL", "-", ".", "?", "NaN", "None", "<NA>"]
    )
    def test_missing(self, text: str) -> None:
        read = parsing.numbers(words(text))
        assert read.missing.all()
        assert np.isnan(read.value).all()
        assert not read.bad.any()

    @pytest.mark.parametrize(
        "text",
        [
            "refused",
            "DNA",
            "D.N.A.",
            "No scales",
            "Not weighed",
            "DECLINED",
            "Refused today",
            "parent declined",
            "didn't attend",
            "couldn\u2019t",
            "scales broken",
            "N/D",
            "Asleep",
            "no working scales",
            "un-cooperative",
            "not weighed - crying",
            "wasn't brought",
            "Was Not Brought",
            "unable to stand",
            "in wheelchair",
            "not seen",
            "not done.",
        ],
    )
    def test_reasons(self, text: str) -> None:
        read = parsing.numbers(words(text))
        assert read.reason.all()
        assert not (read.bad | read.missing).any()

    @pytest.mark.parametrize(
        "text", ["refused 18.4", "18.4 (crying)", "tall", "kg", "", "NA", "not known", "wasting"]
    )
    def test_no_reason(self, text: str) -> None:
        assert not parsing.is_reason(words(text)).any()

    @pytest.mark.parametrize("text", ["18,4", "18.4kg", "abc", "1_000", "0x12", "104..2", "true"])
    def test_bad(self, text: str) -> None:
        assert parsing.numbers(words(text)).bad.all()


class TestSexes:
    def read(self, *texts: str, **codes: str) -> list[int]:
        return parsing.sexes(words(*texts), codes, "f")[0].tolist()

    def test_words(self) -> None:
        assert (
            self.read("M", "male", "Boy", "MAN", "F", "Female", "girl", "woman")
            == [0] * 4 + [1] * 4
        )

    def test_nhs_codes(self) -> None:
        assert self.read("1", "2", "9", "0", "X") == [0, 1, -1, -1, -1]
        assert self.read("1.0", "2.0", "") == [0, 1, -1]

    @pytest.mark.parametrize("texts", [("0", "1"), ("1",), ("0",), ("0", "1", "9"), ("1.0", "")])
    def test_undecidable(self, texts: tuple[str, ...]) -> None:
        with pytest.raises(MappingError, match="--sex-codes 0=male,1=female"):
            self.read(*texts)

    def test_said(self) -> None:
        codes = {"0": "male", "1": "female"}
        assert parsing.sexes(words("0", "1", "0.0"), codes, "f")[0].tolist() == [0, 1, 0]
        assert parsing.sexes(words("k", "P"), {"K": "female", "p": "male"}, "f")[0].tolist() == [
            1,
            0,
        ]

    def test_half_said_is_not_said(self) -> None:
        with pytest.raises(MappingError, match="sex-codes"):
            parsing.sexes(words("0", "1"), {"0": "female"}, "f")

    def test_unknown_is_known_to_be_unknown(self) -> None:
        found, bad = parsing.sexes(words("U", "I", "", "not known", "M", "Q"), {}, "f")
        assert found.tolist() == [-1, -1, -1, -1, 0, -1]
        assert bad.tolist() == [False] * 5 + [True]
        assert parsing.sexes(words("U", "9"), {}, "f")[0].tolist() == [-1, -1]

    def test_not_one_word_known(self) -> None:
        with pytest.raises(MappingError, match="no word this library knows") as raised:
            self.read("zebra", "quagga")
        assert "zebra" not in str(raised.value)


class TestGestations:
    @pytest.mark.parametrize(
        ("text", "days"),
        [
            ("38+4", 270),
            ("38 + 4", 270),
            ("38w4d", 270),
            ("38w 4d", 270),
            ("38 weeks", 266),
            ("38 weeks 4 days", 270),
            ("38/40", 266),
            ("38+4/40", 270),
            ("38+4/7", 270),
            ("270", 270),
            ("38", 266),
            ("38.0", 266),
            ("270.0", 270),
            ("22", 154),
            ("44+6", 314),
            ("38+", 266),
            ("38 weeks and 4 days", 270),
            ("38wks+4", 270),
            ("38/40 + 4", 270),
            ("38 4/7", 270),
            ("38 completed weeks", 266),
            ("40 weeks", 280),
            ("270 days", 270),
            ("270d", 270),
            ("\uff13\uff18\uff0b\uff14", 270),
            ("38\u00a0+\u20094", 270),
        ],
    )
    def test_read(self, text: str, days: float) -> None:
        found, bad = parsing.gestations(words(text), decimals=None)
        assert found.tolist() == [days]
        assert not bad.any()

    @pytest.mark.parametrize(
        "text",
        [
            "38.6",
            "4",
            "50",
            "21+6",
            "45",
            "38+7",
            "term",
            "0",
            "-1",
            "1000",
            "inf",
            "3.8",
            "384",
            "38 4",
            "38,4",
            "38/404",
            "38.6 weeks",
            "384 days",
            "38-40",
            "38+4+1",
        ],
    )
    def test_refused(self, text: str) -> None:
        found, bad = parsing.gestations(words(text), decimals=None)
        assert np.isnan(found).all()
        assert bad.all()

    def test_decimals_as_said(self) -> None:
        mixed = words("38.6", "38", "38+4", "38.7", "270")
        assert parsing.gestations(mixed, decimals="weeks")[0].tolist() == [270, 266, 270, 271, 270]
        found, bad = parsing.gestations(mixed, decimals="days")
        assert found[[0, 1, 2, 4]].tolist() == [272, 266, 270, 270]
        assert bad.tolist() == [False, False, False, True, False]

    def test_missing_is_not_bad(self) -> None:
        assert not parsing.gestations(words("", "NK", "unknown"), decimals=None)[1].any()


class TestUnits:
    @pytest.mark.parametrize(
        ("value", "measure", "unit", "expected"),
        [
            (18400, "weight", "g", 18.4),
            (18.4, "weight", "Kg", 18.4),
            (1.05, "height", "m", 105),
            (1050, "height", "mm", 105),
            (40, "height", "inches", 101.6),
            (10, "weight", "lb", 4.5359237),
            (16.2, "bmi", "kg/m2", 16.2),
            (350, "head", "mm", 35),
        ],
    )
    def test_converted(self, value: float, measure: str, unit: str, expected: float) -> None:
        multiply, divide = parsing.factors(words(unit), measure)
        assert (value * multiply / divide)[0] == pytest.approx(expected, rel=1e-15)

    def test_no_unit_of_the_measure(self) -> None:
        for unit in ("cm", "stone", "", "%"):
            assert np.isnan(parsing.factors(words(unit), "weight")[0]).all()
        assert len(parsing.factors(words(), "weight")[0]) == 0

    @pytest.mark.parametrize(
        ("values", "measure", "unit"),
        [
            ([3.4, 18, 60], "weight", "kg"),
            ([3400, 18000], "weight", "g"),
            ([1.05, 0.5], "height", "m"),
            ([105, 50], "height", "cm"),
            ([1050, 500], "height", "mm"),
            ([35], "head", "cm"),
            ([5], "height", None),
            ([250], "height", None),
            ([400], "weight", None),
            ([], "weight", "kg"),
        ],
    )
    def test_read_off_the_values(self, values: list[float], measure: str, unit: str | None) -> None:
        found = parsing.unit_of_values(np.array([*values, np.nan, -1]), measure)
        assert found == unit


class TestMonthlyBirths:
    def born(self, *days: int) -> Any:
        return np.array([f"2020-03-{day:02}" for day in days], dtype="datetime64[D]")

    def test_twenty_children(self) -> None:
        days = self.born(*[1] * 19, 15)
        assert dates.are_monthly(np.arange(20), days)
        assert not dates.are_monthly(np.arange(19), days[:19])
        assert not dates.are_monthly(np.repeat(0, 20), days)  # one child, twenty rows

    def test_nearly_all(self) -> None:
        assert dates.are_monthly(np.arange(20), self.born(*[1] * 19, 7))
        assert not dates.are_monthly(np.arange(20), self.born(*[1] * 18, 7, 8))
        assert not dates.are_monthly(np.array([], dtype=np.int32), self.born())


def test_postures() -> None:
    said = words("Standing", "S", "stood", "supine", "L", "Lying", "length", "", "other")
    found = [parsing.POSTURES[place] for place in parsing.postures(said)]
    assert found == ["standing"] * 3 + ["lying"] * 4 + ["", ""]
