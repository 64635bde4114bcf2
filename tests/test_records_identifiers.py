"""Identifiers in one form: NHS numbers checked, and nobody merged on a guess."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.records import Records, from_frame
from centiles.records.identifiers import identifiers, says_nhs
from tests.examples import examples


def one(text: str, *, nhs: bool = True) -> tuple[str, str]:
    """Return an identifier in its one form, and what was found of it."""
    found = identifiers(pd.Series([text], dtype="str"), nhs=nhs)
    said = [name for name in ("rounded", "padded", "failed") if getattr(found, name)[0]]
    return found.text[0], " ".join(said)


def records_of(*ids: Any, header: str = "NHS number") -> Records:
    frame = pd.DataFrame({header: ids, "weight": "18"}, dtype="str")
    return from_frame(frame.assign(dob="2020-02-13", sex="F", date="2024-02-13"))


def codes(records: Records) -> list[tuple[str, int]]:
    return list(zip(records.problems["code"], records.problems["row"], strict=True))


class TestForms:
    @pytest.mark.parametrize(
        ("text", "form", "said"),
        [
            ("9434765919", "9434765919", ""),
            ("943 476 5919", "9434765919", ""),
            ("943-476-5919", "9434765919", ""),
            ("943476 5919", "9434765919", ""),
            ("943\u00a0476\u00a05919", "9434765919", ""),
            ("\uff19434765919", "9434765919", ""),
            ("9434765919.0", "9434765919", ""),
            ("9434765918", "9434765918", "failed"),
            ("94347659190", "94347659190", "failed"),
            ("ABC", "ABC", "failed"),
            ("9.43477E+09", "", "rounded"),
            ("9.43E9", "", "rounded"),
            ("9E+09", "", "rounded"),
            ("9.434765919E+09", "9434765919", ""),
            ("0101016085", "0101016085", ""),
            ("101016085", "0101016085", "padded"),
            ("101016086", "101016086", "failed"),
            ("0000000000", "", ""),
            ("000 000 0000", "", ""),
            ("9999999999", "", ""),
            ("", "", ""),
            ("NULL", "", ""),
            ("not known", "", ""),
        ],
    )
    def test_nhs_numbers(self, text: str, form: str, said: str) -> None:
        assert one(text) == (form, said)

    @pytest.mark.parametrize(
        ("text", "form", "said"),
        [
            ("943 476 5919", "9434765919", ""),
            ("943-476-5919", "9434765919", ""),
            ("9434765918", "9434765918", ""),
            ("94 34", "94 34", ""),
            ("101016085", "101016085", ""),
            ("0012", "0012", ""),
            ("9.43477E+09", "", "rounded"),
            ("12E3", "12E3", ""),
            ("0000000000", "", ""),
        ],
    )
    def test_others(self, text: str, form: str, said: str) -> None:
        assert one(text, nhs=False) == (form, said)

    @pytest.mark.parametrize(
        ("header", "speaks"),
        [
            ("nhs number", True), ("nhsnumber", True), ("pupils nhs no", True),
            ("chi number", True),
            ("pseudo nhs number", False), ("nhs number deid", False), ("id", False),
        ],
    )  # fmt: skip
    def test_headers(self, header: str, *, speaks: bool) -> None:
        assert says_nhs(header) is speaks

    @given(st.integers(0, 999_999_999))
    def test_the_check_digit_by_hand(self, nine: int) -> None:
        digits = [int(sign) for sign in f"{nine:09}"]
        rest = 11 - sum((10 - k) * digit for k, digit in enumerate(digits)) % 11
        check = 0 if rest == 11 else rest
        column = pd.Series([f"{nine:09}{last}" for last in range(10)], dtype="str")
        found = identifiers(column, nhs=True)
        equal = column.map(lambda word: len(set(word)) == 1).to_numpy()
        assert (np.flatnonzero(~found.failed & ~equal) == check).all()

    @examples(2)
    @given(
        st.lists(
            st.one_of(
                st.text(max_size=8), st.text(st.sampled_from("0123456789 -.E+"), max_size=14)
            ),
            max_size=6,
        ),
        st.booleans(),
    )
    def test_no_word_is_too_odd(self, texts: list[str], nhs: bool) -> None:  # noqa: FBT001
        column = pd.Series([text.strip() for text in texts], dtype="str")
        found = identifiers(column, nhs=nhs)
        assert len(found.text) == len(texts)
        assert not (found.padded & found.failed).any()
        again = identifiers(found.text.reset_index(drop=True), nhs=nhs)
        kept = ~again.rounded  # "1E+1.0" in a column of floats is a float only once
        assert (again.text[kept] == found.text[kept]).all()


class TestColumns:
    def test_services_merge(self) -> None:
        ids = ["943 476 5919", "9434765919", "943-476-5919", "9434765919.0"]
        forms = {records_of(text).frame["child_id"][0] for text in ids}
        assert forms == {"9434765919"}

    def test_a_failed_check_digit_is_said_once_a_child(self) -> None:
        records = records_of("9434765918", "9434765919", "9434765918")
        assert codes(records) == [("P11", 2)]
        assert records.frame["child_id"].tolist() == ["9434765918", "9434765919", "9434765918"]
        assert codes(records_of("9434765918", header="id")) == []

    def test_a_column_of_other_numbers_is_said_once(self) -> None:
        records = records_of(*(str(9_000_000_000 + 11 * k) for k in range(40)))
        assert codes(records) == [("P14", 0)]

    def test_rounded_numbers_are_nobody(self) -> None:
        records = records_of("9.43477E+09", "9.43477E+09", "9434765919", "")
        assert records.frame["child_id"].tolist() == ["", "", "9434765919", ""]
        assert sorted(codes(records)) == [("P05", 5), ("P12", 2), ("P12", 3)]

    def test_lost_zeros(self) -> None:
        records = records_of("101016085", "0101016085", "101016085")
        assert records.frame["child_id"].tolist() == ["0101016085"] * 3
        assert codes(records) == [("P13", 2)]
