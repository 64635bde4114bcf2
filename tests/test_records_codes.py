"""Clinical codes: every one has a measure and a use, and is found however it is written."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.records import Records, codes, from_frame
from centiles.records.codes import code_of
from centiles.records.synonyms import measure_of

MEASURES = {"weight", "height", "length", "bmi", "head", "birth_weight", "gestation"}


def test_every_row_says_what_it_is() -> None:
    for code in codes._listed():
        assert code.system in {"SNOMED CT", "LOINC", "CTV3"}
        assert code.measure in MEASURES | {codes.NOT_MEASURED}
        assert code.use in {codes.READ, codes.READ_WITH_NOTE, codes.IGNORE}
        assert bool(code.note) or code.use == codes.READ, code.code


def test_no_code_is_there_twice() -> None:
    listed = [code.code for code in codes._listed()]
    assert len(listed) == len(set(listed))


def verhoeff_is_right(number: str) -> bool:
    """Return whether a SNOMED code ends in its check digit (Verhoeff, by the group D5)."""
    check = 0
    for place, digit in enumerate(reversed(number)):
        moved = int(digit)
        for _ in range(place % 8):
            moved = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[moved]
        if check < 5:
            check = (check + moved) % 5 + 5 * (moved >= 5)
        else:
            check = (check - moved) % 5 + 5 * (moved < 5)
    return check == 0


def test_no_snomed_code_is_mistyped() -> None:
    snomed = [each.code for each in codes._listed() if each.system == "SNOMED CT"]
    wrong = [end for code in snomed for end in code.split("..") if not verhoeff_is_right(end)]
    assert wrong == []


@pytest.mark.parametrize(
    ("word", "measure", "use"),
    [
        ("8302-2", "height", "read"),
        ("8306-3", "length", "read"),
        (" 27113001 ", "weight", "read"),
        ("364589006", "birth_weight", "read"),
        ("169876006", "head", "read-with-note"),
        ("11885-1", "gestation", "read"),
        ("1269262007", "head", "ignore"),
        ("59576-9", "bmi", "ignore"),
        ("920141000000102", "bmi", "ignore"),
        ("920500000000100", "bmi", "ignore"),
        ("921051000000109", "bmi", "ignore"),
        ("736013005", "not_measured", "read-with-note"),
        ("XM01E", "height", "read"),
        ("229..", "height", "read"),
        ("229..00", "height", "read"),
        ("229", "height", "read"),
        ("229.", "height", "read"),
        ("22A..", "weight", "read"),
        ("22A", "weight", "read"),
        ("22K..00", "bmi", "read"),
        ("xm01e", None, None),  # Read codes are told apart by case
        ("22a..", None, None),
        ("921051000000110", None, None),
        ("271649006", None, None),
        ("", None, None),
        ("9" * 5000, None, None),
    ],
)
def test_codes_as_they_are_written(word: str, measure: str | None, use: str | None) -> None:
    found = code_of(word)
    assert (found and found.measure, found and found.use) == (measure, use)


def test_codes_are_found_by_themselves() -> None:
    assert all(code_of(word) is code for word, code in codes.codes().items())


@given(st.text())
def test_any_word_is_a_code_or_none(word: str) -> None:
    found = code_of(word)
    assert found is None or found.code


class TestSeveralTerms:
    """Two columns of words for a measure, and no code."""

    def read(self, *rows: tuple[str, str, str]) -> Records:
        frame = pd.DataFrame(rows, columns=["Term", "Description", "Value"])
        about = {"NHS number": "9990000018", "DOB": "2020-03-12", "sex": "F", "date": "2024-03-12"}
        return from_frame(frame.assign(**about))

    def test_the_first_that_knows_its_term_speaks(self) -> None:
        records = self.read(
            ("Body weight", "clinic", "15.1"), ("home visit", "O/E - height", "101")
        )
        assert records.frame["measure"].tolist() == ["weight", "height"]
        assert records.frame["value"].tolist() == [15.1, 101]
        assert records.sources[0].mapping["measure"] == "Term + Description"
        assert records.problems.empty

    def test_two_that_differ_are_listed_and_not_used(self) -> None:
        records = self.read(("weight", "height", "101"), ("weight", "Body weight", "15.1"))
        assert records.frame["measure"].tolist() == ["", "weight"]
        assert records.problems[["row", "code"]].astype(str).to_numpy().tolist() == [["2", "F12"]]

    def test_a_length_is_a_height_of_the_other(self) -> None:
        records = self.read(("Length", "Height", "71"), ("Weight (kg)", "", "9.1"))
        assert records.frame["posture"].tolist() == ["lying", ""]
        assert records.problems.empty


def test_words_of_growthcleanr() -> None:
    assert [measure_of(word) for word in ("HEIGHTIN", "WEIGHTLBS", "HEADCM")] == [
        ("height", "in"),
        ("weight", "lb"),
        ("head", "cm"),
    ]
