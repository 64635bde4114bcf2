"""Measurements as people write them: read where they can only be one thing, and never else."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.records import amounts, parsing
from tests.examples import examples


def words(*texts: str) -> pd.Series[str]:
    return pd.Series(texts, dtype="str")


def one(text: str, measure: str) -> float:
    """Return a word's measurement in the library's unit; a bare number is in it already."""
    read = amounts.amounts(words(text))
    if read.unit[0] == "":
        return float(read.value[0])
    multiply, divide = amounts.rates(read.unit, measure)
    return float((read.value * multiply / divide)[0])


class TestRead:
    @pytest.mark.parametrize(
        ("text", "measure", "value", "unit"),
        [
            ("12.3kg", "weight", 12.3, "kg"),
            ("12.3 Kg.", "weight", 12.3, "kg"),
            ("12300 g", "weight", 12.3, "g"),
            ("12.3 kilos", "weight", 12.3, "kilos"),
            ("3st 4lb", "weight", 46 * 0.45359237, "st lb"),
            ("3 stone 4 lbs", "weight", 46 * 0.45359237, "st lb"),
            ("3st", "weight", 42 * 0.45359237, "st lb"),
            ("2lb 3oz", "weight", 35 * 0.45359237 / 16, "lb oz"),
            ("7 lb 4.5 oz", "weight", 116.5 * 0.45359237 / 16, "lb oz"),
            ("7lb", "weight", 7 * 0.45359237, "lb"),
            ("3kg 400g", "weight", 3.4, "kg g"),
            ("1.05m", "height", 105, "m"),
            ("1050mm", "height", 105, "mm"),
            ("1m05", "height", 105, "m cm"),
            ("1m 5cm", "height", 105, "m cm"),
            ("5'2\"", "height", 157.48, "ft in"),
            ("5\u20322\u2033", "height", 157.48, "ft in"),
            ("5' 2''", "height", 157.48, "ft in"),
            ("5ft 2in", "height", 157.48, "ft in"),
            ("5 feet 2", "height", 157.48, "ft in"),
            ("5ft", "height", 152.4, "ft in"),
            ('62"', "height", 157.48, "in"),
            ("16.2 kg/m\u00b2", "bmi", 16.2, "kg/m²"),
            ("35cm", "head", 35, "cm"),
            ("12.3.", "weight", 12.3, ""),
            ("12.", "weight", 12, ""),
            ("12.3 kg..", "weight", 12.3, "kg"),
            ("\uff11\uff12\uff0e\uff13", "weight", 12.3, ""),
            ("12.3\u00a0kg", "weight", 12.3, "kg"),
            ("12.3\u2009kg", "weight", 12.3, "kg"),
            ("12\u00b73", "weight", 12.3, ""),
            ("\ufeff12.3", "weight", 12.3, ""),
            ("-5kg", "weight", -5, "kg"),
        ],
    )
    def test_units(self, text: str, measure: str, value: float, unit: str) -> None:
        read = amounts.amounts(words(text))
        assert read.unit.tolist() == [unit]
        assert one(text, measure) == pytest.approx(value, rel=1e-12)
        assert not read.approximate.any()

    @pytest.mark.parametrize(
        "text",
        ["approx 12", "Approx. 12", "~12", "\u224812", "c. 12", "c 12", "circa 12", "about 12",
         "est 12", "12?", "?12", "12 (est)", "12 approx.", "approx 12.0"],
    )  # fmt: skip
    def test_approximate(self, text: str) -> None:
        read = amounts.amounts(words(text))
        assert read.value.tolist() == [12]
        assert read.approximate.all()

    @pytest.mark.parametrize(
        "text",
        ["104..2", "12.3x", "1m5", "3.5st", "0.5 stone", "15st 14lb", "3lb 16oz", "5ft 12in",
         "<12", ">12", "12-13", "12/13", "12 3", "1e2kg", "12.3 kg 4", "kg", "c", "c12", "~",
         "~~12",
         "12 kg cm", "12\u00b2", "12\u2153", "\u00bd", "--12", "1 2.3", "0x12kg", "12,3,4",
         "1,23,456", "0,500", "1.234,5", "12;3", "3st 4lb 5oz", "1/2", "12%", "\u0661\u0662"],
    )  # fmt: skip
    def test_not_read(self, text: str) -> None:
        read = amounts.amounts(words(text))
        assert read.bad.all()
        assert read.unit.tolist() == [""]
        assert not read.approximate.any()


class TestCommas:
    """What a comma is is decided once for a column."""

    def read(self, *texts: str) -> list[float]:
        return np.nan_to_num(amounts.amounts(words(*texts)).value, nan=-1).tolist()

    def test_decimal(self) -> None:
        assert self.read("12,3", "9", "104,25 cm", "~8,1") == [12.3, 9, 104.25, 8.1]

    def test_thousands(self) -> None:
        assert self.read("32,000", "1,234.5", "3,400 g") == [32000, 1234.5, 3400]

    def test_a_slip_among_points_is_not_read(self) -> None:
        assert self.read("18,4", "9.1", "32,000") == [-1, 9.1, 32000]

    def test_three_digits_among_decimal_commas_could_be_either(self) -> None:
        assert self.read("3,4", "3,405") == [3.4, -1]


class TestAgreement:
    @pytest.mark.parametrize(
        ("written", "stated", "measure", "agrees"),
        [
            ("kg", "KG", "weight", True),
            ("kg", "kilograms", "weight", True),
            ("kg", "g", "weight", False),
            ("kg", "cm", "weight", False),
            ("kg", "hogshead", "weight", False),
            ("st lb", "stone", "weight", True),
            ("st lb", "lb", "weight", True),
            ("st lb", "kg", "weight", False),
            ("kg g", "kg", "weight", True),
            ("kg g", "g", "weight", True),
            ("m cm", "m", "height", True),
            ("ft in", "in", "height", True),
            ("ft in", "cm", "height", False),
        ],
    )
    def test_agree(self, written: str, stated: str, measure: str, *, agrees: bool) -> None:
        assert amounts.agree(written, stated, measure) is agrees

    def test_a_unit_of_another_measure_is_none(self) -> None:
        assert np.isnan(amounts.rates(words("cm", "ft in", "st lb"), "weight")[0]).tolist() == [
            True, True, False,
        ]  # fmt: skip


class TestSuggestions:
    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("104..2", "104.2"), ("104. 2", "104.2"), ("104 .2 cm", "104.2 cm"), ("1O4.2", "104.2"),
            ("l2.3", "12.3"), ("18,4", "18.4"), ("104.,2", "104.2"),
            ("tall", ""), ("12,345", ""), ("10 4", ""), ("1.2.3", ""), ("oil", ""), ("12-13", ""),
        ],
    )  # fmt: skip
    def test_one_thing_or_nothing(self, text: str, meant: str) -> None:
        assert amounts.suggestions(words(text)).tolist() == [meant]


SIGNS = st.text(
    st.sampled_from(list("0123456789.,'\"+-~?/ kgcmstlbozfin\u00a0\uff11\uff0e\u2009\u0663e²")),
    max_size=12,
)


@examples(3)
@given(st.lists(st.one_of(SIGNS, st.text(max_size=8)), max_size=6))
def test_no_word_is_too_odd(texts: list[str]) -> None:
    column = pd.Series([text.strip() for text in texts], dtype="str")
    read = amounts.amounts(column)
    found = ~np.isnan(read.value)
    assert not (found & (read.missing | read.reason)).any()
    assert not (read.missing & read.reason).any()
    assert len(amounts.suggestions(column)) == len(read.value) == len(column)
    for text, value, unit in zip(column, read.value, read.unit, strict=True):
        if np.isnan(value) or unit in amounts.COMPOUNDS:
            continue
        # Whatever is read has just the digits that were written, in their order.
        plain = parsing.plain(pd.Series([text], dtype="str"))[0]
        number = re.search(r"[-+]?[0-9][0-9.,]*(?:[eE][-+]?[0-9]+)?|[-+]?\.[0-9]+", plain)
        if number is None:
            assert math.isinf(value)
            continue
        assert value in {
            float(form)
            for form in (number[0].rstrip(".,").replace(",", sign) for sign in (".", ""))
            if re.fullmatch(r"[-+]?(?:\d+\.?\d*|\d*\.\d+)(?:[eE][-+]?\d+)?", form)
        }


@given(
    number=st.decimals(0, 999, places=2, allow_nan=False),
    form=st.sampled_from(
        ["{}", "{} kg", "{}kg", "~{}", "approx {}", "{}.", "{} kg.", "\u00a0{}\u2009kg"]
    ),
    comma=st.booleans(),
)
def test_written_numbers_come_back(number: object, form: str, *, comma: bool) -> None:
    text = form.format(number)
    text = text.replace(".", ",", 1) if comma and form[-1] != "." and "." in str(number) else text
    assert amounts.amounts(words(text.strip())).value.tolist() == [float(str(number))]


@given(
    st.integers(0, 40), st.integers(0, 13), st.sampled_from(["{}st {}lb", "{} stone {}", "{}st{}"])
)
def test_stones_and_pounds_come_back(stones: int, pounds: int, form: str) -> None:
    value = one(form.format(stones, pounds), "weight")
    assert value == pytest.approx((14 * stones + pounds) * 0.45359237)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("12½", 12.5, ""),
        ("1st 13½lb", 27.5, "st lb"),
        ("1 st 13 1/2", 27.5, "st lb"),
        ("7lb 3 ¼ oz", 115.25, "lb oz"),
        ("6 3/4 kg", 6.75, "kg"),
        ("6 3/40", np.nan, ""),
        ("1/2", np.nan, ""),
    ],
)
def test_halves_and_quarters(text: str, value: float, unit: str) -> None:
    read = amounts.amounts(pd.Series([text], dtype="str"))
    assert read.value[0] == pytest.approx(value, nan_ok=True)
    assert read.unit[0] == unit
