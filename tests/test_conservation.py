"""Nothing is lost: the records of a file add up to its cells, counted independently."""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.records import Config, Records, read
from centiles.records.reading import is_contact
from tests.examples import examples

NUMBERS = ["18.4", "104", "0", "-1", "99.9", "1e3", "inf", "1050"]
JUNK = ["18,4", "abc", "12kg", "9.9.9", "=1+1", "🙂", 'a"b', "x\ny"]
MISSING = ["", " ", "NA", "null", "-", "?"]
REASONS = ["refused", "DNA", "No scales"]
CELLS = st.sampled_from([*NUMBERS, *JUNK, *MISSING, *REASONS])
CHILDREN = st.sampled_from(["a", "0012", "b/c", "", "NULL", "🙂"])
DATES = st.sampled_from(
    ["13/02/2024", "31/02/2024", "2024-02-14", "", "soon", "01/01/1900", "5/5/25"]
)
MEASURES = [
    "weight",
    "height",
    "WEIGHTKG",
    "head",
    "BMI",
    "birth weight",
    "length",
    "shoe size",
    "",
]
UNITS = ["kg", "g", "cm", "m", "stone", "", "NA"]
# Said, since a column of such cells has no unit that could be read off it.
CONFIG = Config(
    units={"weight": "kg", "height": "cm", "head": "cm", "bmi": "kg/m²"}, date_format="dd/mm/yyyy"
)
# Always there, so that every column has something that fits its header.
ANCHOR = {"id": "z", "dob": "13/02/2020", "sex": "F", "date": "13/02/2024"}


def written(rows: list[dict[str, str]], blank_lines: set[int]) -> tuple[str, list[int]]:
    """Return rows as CSV with blank lines before some of them, and the row each one is."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    numbers, number = [], 1
    for place, row in enumerate(rows):
        if place in blank_lines:
            text.write("\n")
            number += 1
        number += 1
        writer.writerow(row)
        numbers.append(number)
    return text.getvalue(), numbers


def reading(text: str) -> Records:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        path.write_text(text, encoding="utf-8", newline="")
        return read(path, config=CONFIG)


def is_value(cell: str) -> bool:
    return cell.strip().lower() not in {word.strip().lower() for word in [*MISSING, *REASONS]}


def is_reason(cell: str) -> bool:
    return cell in REASONS


def found(records: Records) -> tuple[Counter[tuple[int, str]], Counter[int]]:
    """Return the values read, as row and text, and the contacts of each row."""
    frame = records.frame
    contact = is_contact(frame)
    values = frame[~contact]
    contacts = frame["row"][contact]
    return (
        Counter(zip(values["row"].tolist(), values["raw"].tolist(), strict=True)),
        Counter(contacts.tolist()),
    )


def assert_sources_agree(records: Records, rows: int) -> None:
    source = records.sources[0]
    contacts = int(is_contact(records.frame).sum())
    assert (source.rows, source.contacts) == (rows, contacts)
    assert source.values == records.values_read == len(records.frame) - contacts


WIDE = st.fixed_dictionaries(
    {"id": CHILDREN, "dob": DATES, "sex": st.sampled_from(["F", "M", "U", "", "Q"]), "date": DATES}
    | {"weight": CELLS, "height": CELLS, "birth weight": CELLS, "comments": CELLS}
)
LONG = st.fixed_dictionaries(
    {"id": CHILDREN, "dob": DATES, "sex": st.sampled_from(["F", "M", "U", "", "Q"]), "date": DATES}
    | {"measure": st.sampled_from(MEASURES), "value": CELLS, "unit": st.sampled_from(UNITS)}
)
BLANK_LINES = st.sets(st.integers(0, 8))


@examples(0.4)
@given(st.lists(WIDE, max_size=8), BLANK_LINES)
def test_wide_tables_add_up(rows: list[dict[str, str]], blank_lines: set[int]) -> None:
    rows = [ANCHOR | {"weight": "18", "height": "104", "birth weight": "3", "comments": ""}, *rows]
    text, numbers = written(rows, blank_lines)
    values: Counter[tuple[int, str]] = Counter()
    contacts: Counter[int] = Counter()
    filled = 0
    for number, row in zip(numbers, rows, strict=True):
        if not any(cell.strip() for cell in row.values()):
            continue
        filled += 1
        cells = [row["weight"], row["height"], row["birth weight"]]
        values.update((number, cell) for cell in cells if is_value(cell))
        reasons = sum(map(is_reason, cells))
        no_visit = not any(is_value(cell) or is_reason(cell) for cell in cells[:2])
        contacts.update({number: reasons + no_visit})
    records = reading(text)
    assert found(records) == (values, +contacts)
    assert_sources_agree(records, filled)


@examples(0.4)
@given(st.lists(LONG, max_size=8), BLANK_LINES)
def test_long_tables_add_up(rows: list[dict[str, str]], blank_lines: set[int]) -> None:
    rows = [ANCHOR | {"measure": "weight", "value": "18", "unit": "kg"}, *rows]
    text, numbers = written(rows, blank_lines)
    filled = [
        (number, row["value"])
        for number, row in zip(numbers, rows, strict=True)
        if any(cell.strip() for cell in row.values())
    ]
    values = Counter((number, cell) for number, cell in filled if is_value(cell))
    contacts = Counter(number for number, cell in filled if not is_value(cell))
    records = reading(text)
    assert found(records) == (values, contacts)
    assert_sources_agree(records, len(filled))
    listed = records.problems["row"].astype(int)
    assert set(listed) <= {number for number, _ in filled}


@examples(0.15)
@given(st.lists(WIDE, min_size=1, max_size=5), st.integers(1, 4))
def test_the_same_rows_again_are_as_many_again(rows: list[dict[str, str]], times: int) -> None:
    rows = [ANCHOR | {"weight": "18", "height": "104", "birth weight": "3", "comments": ""}, *rows]
    once = reading(written(rows, set())[0])
    again = reading(written(rows * times, set())[0])
    assert again.values_read == times * once.values_read
    assert len(again.frame) == times * len(once.frame)
    assert len(again.problems) == times * len(once.problems)


@pytest.mark.parametrize("measure", MEASURES)
def test_every_value_has_a_fate_or_a_problem(measure: str) -> None:
    """A value is a number of a known measure, or a problem of its row says why it is not."""
    rows = [ANCHOR | {"measure": "weight", "value": "18", "unit": "kg"}]
    rows += [ANCHOR | {"measure": measure, "value": cell, "unit": "kg"} for cell in NUMBERS + JUNK]
    records = reading(written(rows, set())[0])
    frame = records.frame[~is_contact(records.frame)]
    unusable = frame["row"][frame["value"].isna() | (frame["measure"] == "")]
    assert set(unusable) == set(records.problems["row"])
