"""The tables declared once: their kinds, their empty cells, and the problem codes."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from centiles.measures import MEASURES, codes_of
from centiles.records import columns

TABLES = {
    "records": columns.RECORDS,
    "scored": columns.SCORED,
    "problems": columns.PROBLEMS,
    "findings": columns.FINDINGS,
    "children": columns.CHILDREN,
}


@pytest.mark.parametrize("name", TABLES)
class TestEveryTable:
    def test_names_are_unique_and_kinds_known(self, name: str) -> None:
        names = [column.name for column in TABLES[name]]
        assert len(set(names)) == len(names)
        assert {column.kind for column in TABLES[name]} <= columns.DTYPES.keys()
        assert all(column.meaning for column in TABLES[name])

    def test_an_empty_frame_has_its_columns_and_kinds(self, name: str) -> None:
        frame = columns.frame(TABLES[name], {})
        assert frame.columns.tolist() == [column.name for column in TABLES[name]]
        for column in TABLES[name]:
            assert str(frame[column.name].dtype) == columns.DTYPES[column.kind]

    def test_a_row_of_nothing_is_of_the_same_kinds(self, name: str) -> None:
        first = TABLES[name][0]
        one: Any = [1] if first.kind == "integer" else ["a"]
        frame = columns.frame(TABLES[name], {first.name: one})
        nothing = {"text": "", "word": "", "integer": 0, "flag": False}
        for column in TABLES[name][1:]:
            cell = frame[column.name].iloc[0]
            assert (
                pd.isna(cell) if column.kind in ("number", "date") else cell == nothing[column.kind]
            )
            assert str(frame[column.name].dtype) == columns.DTYPES[column.kind]


class TestFrames:
    def test_one_thing_for_all_rows(self) -> None:
        frame = columns.frame(columns.RECORDS, {"row": [2, 3], "measure": "bmi", "team": "east"})
        assert frame["measure"].tolist() == ["bmi", "bmi"]
        assert frame["team"].tolist() == ["east", "east"]

    def test_missing_text_is_empty_text(self) -> None:
        frame = columns.frame(columns.RECORDS, {"raw": ["1", None, np.nan]})
        assert frame["raw"].tolist() == ["1", "", ""]

    def test_words_of_several_frames_are_united(self) -> None:
        parts = [{"measure": ["bmi"]}, {"measure": ["head", ""]}, {"measure": []}]
        whole = columns.concatenated(
            columns.RECORDS, [columns.frame(columns.RECORDS, part) for part in parts]
        )
        assert whole["measure"].tolist() == ["bmi", "head", ""]
        assert whole.index.tolist() == [0, 1, 2]
        assert columns.concatenated(columns.RECORDS, []).empty

    def test_arrow_text_needs_no_copy_of_its_kind(self) -> None:
        text = columns.texts(pa.array(["a", "é"]))
        assert pd.Series(text).tolist() == ["a", "é"]
        assert str(text.dtype) == "str"

    def test_words_and_codes_are_inverse(self) -> None:
        codes = np.array([0, 3, -1, 1], dtype=np.int8)
        words = pd.Series(columns.measure_words(codes))
        assert words.tolist() == ["weight", "head", "", "height"]
        assert codes_of(words, MEASURES).tolist() == codes.tolist()
        assert codes_of(words, ("head",)).tolist() == [-1, 0, -1, -1]


class TestProblems:
    def test_every_code_has_a_family_a_severity_and_words(self) -> None:
        for code, known in columns.PROBLEM_CODES.items():
            assert code[0] in "FDGPC"
            assert code[1:].isdigit()
            assert known.severity in ("error", "query", "note")
            assert known.reason
            assert known.suggestion

    def test_the_file_of_codes_is_what_is_loaded(self) -> None:
        text = resources.files("centiles.records").joinpath("problems.toml").read_text("utf-8")
        assert list(tomllib.loads(text)) == list(columns.PROBLEM_CODES)

    def test_a_problem_says_where_what_and_what_to_do(self) -> None:
        listed = columns.problems("D01", "a.csv", np.array([3, 7]), "Date")
        assert listed["row"].tolist() == [3, 7]
        assert listed["source"].tolist() == ["a.csv", "a.csv"]
        assert listed["severity"].tolist() == ["error", "error"]
        assert listed["suggestion"].iloc[0] == "correct the date"
        other = columns.problems("D01", "a.csv", 3, "Date", suggestion="swap day and month")
        assert other["suggestion"].tolist() == ["swap day and month"]

    def test_no_rows_no_problems(self) -> None:
        assert columns.problems("D01", "a.csv", np.array([], dtype=np.int64), "Date").empty
