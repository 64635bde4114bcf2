"""The files beside the measurements: read as they come, each row accounted for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.checks import Checked, check
from centiles.errors import MappingError
from centiles.records import Config, read
from centiles.records.policies import Merge
from centiles.records.sides import SideFiles, with_side
from centiles.records.tables import table_of_frame
from centiles.reports.results import run_record
from tests.examples import examples

PAGE = Path(__file__).resolve().parents[1] / "docs" / "side-files.md"
FIRST, SECOND = "9990000018", "9990000026"


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """The examples of the page, as files."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```csv\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    names = ["measurements", "children", "events", "actions"]
    for name, block in zip(names, blocks, strict=True):
        (tmp_path / f"{name}.csv").write_text(block, encoding="utf-8")
    return {name: tmp_path / f"{name}.csv" for name in names}


def checked(files: dict[str, Path], **options: Any) -> Checked:
    sides = {name: path for name, path in files.items() if name != "measurements"}
    return check(read(files["measurements"], **sides), today="2026-07-01", **options)


def side(kind: str, *rows: dict[str, str], config: Config | None = None) -> SideFiles:
    frame = pd.DataFrame(list(rows), dtype="str").fillna("")
    return with_side(SideFiles(), kind, table_of_frame(frame, f"{kind}.csv"), config or Config())


def codes(found: SideFiles) -> list[tuple[str, int]]:
    problems = found.problems
    return [(str(c), int(r)) for c, r in zip(problems["code"], problems["row"], strict=True)]


def test_the_pages_examples_are_read_without_a_problem(files: dict[str, Path]) -> None:
    done = checked(files)
    assert done.problems["code"].astype(str).tolist() == []
    assert done.sides.children["mother_cm"].tolist() == [164, 164]
    assert done.sides.children["gestation_days"].tolist() == [270, 280]
    assert done.sides.events["sensitive"].tolist() == [False, True, True, False]
    assert done.sides.events["age_days"].tolist() == [1999, 2079, 1254, 1290]
    assert done.sides.actions[["child_id", "rule", "fate"]].to_numpy().tolist() == [
        [FIRST, "WT-FALL-1Y", "used"]
    ]


def test_the_children_file_fills_what_no_export_says(files: dict[str, Path]) -> None:
    frame = checked(files).scored
    mine = frame[(frame["child_id"] == SECOND) & ~frame["derived"]]
    assert set(mine["sex"]) == {"female"}
    assert set(mine["gestation_days"]) == {280.0}
    assert set(mine["fate"]) == {"scored"}
    assert set(frame["household_id"]) == {"F7"}


def test_it_joins_exports_that_use_one_identifier_or_the_other(
    files: dict[str, Path], tmp_path: Path
) -> None:
    hospital = tmp_path / "hospital.csv"
    hospital.write_text("hospital number,visit date,wt kg\nH1,2025-06-01,17.9\nH9,2025-06-01,17\n")
    done = check(
        read([files["measurements"], hospital], children=files["children"]), today="2026-07-01"
    )
    rows = done.scored[(done.scored["source"] == "hospital.csv") & ~done.scored["derived"]]
    assert rows["child_id"].tolist() == [FIRST, "H9"]
    assert rows["age_days"].tolist()[0] == 1907  # 12 March 2020 to 1 June 2025


def test_what_an_export_says_otherwise_is_listed_with_both_rows(files: dict[str, Path]) -> None:
    text = files["children"].read_text().replace("H1,F7,male,2020-03-12", "H1,F7,male,2020-03-13")
    files["children"].write_text(text)
    done = checked(files)
    (found,) = done.problems.itertuples()
    assert (found.code, found.source, found.row) == ("P04", "children.csv", 2)
    assert found.suggestion.endswith("the other is row 2 of measurements.csv")
    assert set(done.scored["fate"]) == {"scored"}  # the measurements stand


def test_one_mistyped_nhs_number_cuts_no_other_child_off(tmp_path: Path) -> None:
    """9990000099 fails the NHS check; the number above it is the same child's all the same."""
    measured = tmp_path / "measurements.csv"
    measured.write_text(f"child_id,measured_on,weight_kg\n{FIRST},2024-05-14,16.2\n")
    children = tmp_path / "children.csv"
    children.write_text(f"child_id,sex,birth_date\n{FIRST},F,2020-02-13\n9990000099,M,2020-02-14\n")
    done = checked({"measurements": measured, "children": children})
    assert [*done.scored["fate"]] == ["scored"]
    assert [*zip(done.problems["code"], done.problems["row"], strict=True)] == [("P23", 3)]


def test_a_row_of_a_child_in_no_export_is_listed_and_kept(files: dict[str, Path]) -> None:
    with files["events"].open("a") as file:
        file.write("9990000034,2025-12-05,house move,,\n")
    done = checked(files)
    assert done.problems[["code", "source", "row"]].astype(str).to_numpy().tolist() == [
        ["P23", "events.csv", "6"]
    ]
    assert len(done.sides.events) == 5
    assert len(done.children) == 2


def test_events_and_actions_after_the_date_of_knowledge_are_not_yet_known(
    files: dict[str, Path],
) -> None:
    done = checked(files, as_of="2025-11-20")
    assert done.sides.events["fate"].tolist() == ["used", "used", "not yet known", "not yet known"]
    assert done.sides.actions["fate"].tolist() == ["not yet known"]


def test_run_json_counts_every_row(files: dict[str, Path]) -> None:
    record = run_record(checked(files, as_of="2025-11-20"), {})
    found = {each["name"]: (each["rows"], each["fates"]) for each in record["side_files"]}
    assert found["events.csv"] == (4, {"used": 2, "unused": 0, "not yet known": 2})
    for rows, fates in found.values():
        assert sum(fates.values()) == rows


@pytest.mark.parametrize(
    ("cells", "sensitive"),
    [
        ({"type": "Missed appointment"}, False),
        ({"type": "Domestic abuse (MARAC)"}, True),
        ({"type": "CHILD PROTECTION plan"}, True),
        ({"type": "Injury", "note": "bruise"}, True),
        ({"type": "Injury", "note": "bruise", "sensitive": "No"}, False),
        ({"type": "Injury", "sensitive": "Y"}, True),
        ({"type": "Police welfare check", "sensitive": "false"}, False),
        ({"type": "Injury", "sensitive": "perhaps"}, True),
    ],
)
def test_which_events_are_sensitive(cells: dict[str, str], *, sensitive: bool) -> None:
    rows = {"note": "", "sensitive": ""} | cells | {"child_id": "a", "date": "2025-01-13"}
    found = side("events", rows)
    assert found.events["sensitive"].tolist() == [sensitive]
    assert codes(found) == ([("F21", 2)] if cells.get("sensitive") == "perhaps" else [])


def test_rows_that_cannot_be_used_are_kept_and_listed() -> None:
    event = {"child_id": "a", "date": "2025-01-13", "type": "move"}
    found = side(
        "events", event, event | {"date": ""}, event | {"date": "31/02/2025"},
        event | {"child_id": ""},
    )  # fmt: skip
    assert found.events["fate"].tolist() == ["used", "unused", "unused", "unused"]
    assert sorted(codes(found)) == [("D01", 4), ("D20", 3), ("P05", 5)]
    action = {"child": "a", "Rule": "", "Date": "2025-01-13"}
    found = side("actions", {"child_id": "a", "rule": "", "date": "2025-01-13"})
    assert codes(found) == [("F20", 2)]
    with pytest.raises(MappingError, match="found no column for child_id among 3"):
        side("actions", action)


def test_a_parent_of_no_possible_height_is_left_out() -> None:
    found = side("children", *({"id": "a", "mother height": h} for h in ("5", "1.7", "17", "NA")))
    np.testing.assert_array_equal(found.children["mother_cm"], [np.nan, 170, np.nan, np.nan])
    assert codes(found) == [("P24", 2), ("P24", 4)]


def test_a_parents_height_may_have_its_unit_beside_it() -> None:
    written = ("1.65 m", "165cm", "1,650 mm", "1m65", "5'6", "65 in", "165 kg", "1.65 cm", "1.65")
    found = side("children", *({"id": "a", "father height": h} for h in written))
    expected = [165, 165, 165, 165, 167.64, 165.1, np.nan, np.nan, 165]
    np.testing.assert_allclose(found.children["father_cm"], expected)
    assert codes(found) == [("P24", 8), ("P24", 9)]


def test_headers_as_people_write_them() -> None:
    found = side(
        "events", {"NHS No.": "999 000 0018", "Event date": "13/01/2025", "Event type": "Injury"}
    )
    assert found.events[["child_id", "type"]].to_numpy().tolist() == [[FIRST, "Injury"]]
    assert found.sources[0].mapping == {
        "child_id": "NHS No.", "date": "Event date", "type": "Event type"
    }  # fmt: skip


def test_two_columns_that_could_be_one_thing_are_both_shown() -> None:
    with pytest.raises(MappingError, match=r"'Date' \(column 2\) and 'date' \(column 3\)"):
        side("events", {"id": "a", "Date": "1", "date": "1", "type": "x"})


def test_a_child_without_identifier_is_known_by_name_if_the_configuration_says_so() -> None:
    row = {"name": "Ann Lee", "dob": "2020-02-13", "sex": "F"}
    with pytest.raises(MappingError, match="child_id"):
        side("children", row)
    found = side("children", row, config=Config(merge=Merge(by_name=True)))
    assert "Ann" not in found.children.to_csv()


CELL = st.sampled_from(["", "a", "NULL", "2025-01-13", "31/02/2025", "13/01/2025", "yes", "=1+1"])


@pytest.mark.parametrize(
    ("kind", "slots"),
    [
        ("children", ["child_id", "sex", "birth_date", "gestation", "mother_cm", "condition"]),
        ("events", ["child_id", "date", "type", "note", "sensitive"]),
        ("actions", ["child_id", "rule", "date", "by_role", "review_on"]),
    ],
)
@examples(0.3)
@given(data=st.data())
def test_rows_add_up(kind: str, slots: list[str], data: st.DataObject) -> None:
    anchor = dict.fromkeys(slots, "") | {"child_id": "z", "sex": "F", "date": "14/02/2025"}
    anchor = {slot: anchor[slot] for slot in slots}
    row = st.fixed_dictionaries(
        {slot: CELL if slot != "sex" else st.sampled_from(["F", "M", ""]) for slot in slots}
    )
    rows = [anchor, *data.draw(st.lists(row, max_size=6))]
    filled = [k for k, each in enumerate(rows, 2) if any(each.values())]
    found = side(kind, *rows, config=Config(date_format="dd/mm/yyyy"))
    frame, (source,) = found.frame(kind), found.sources
    assert frame["row"].tolist() == filled
    assert (source.rows, source.used + source.unused) == (len(filled), len(filled))
    assert source.used == (frame["fate"] == "used").sum()
    listed = {row for _, row in codes(found)}
    assert set(frame["row"][frame["fate"] == "unused"]) <= listed <= set(filled)
