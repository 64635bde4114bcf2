"""What is known of children beside their measurements: events by kind, homes, parents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.checks import Checked, check
from centiles.checks.cohorts import cohort_of
from centiles.monitoring.background import EVENT_KINDS, Background, events_of, kinds_of
from centiles.records import read
from centiles.records.scoring import scored


def files(tmp_path: Path, **texts: str) -> dict[str, Path]:
    """Write texts as files named after themselves."""
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return {name: tmp_path / f"{name}.csv" for name in texts}


def background(given: dict[str, Path], **options: Any) -> Background:
    sides = {name: path for name, path in given.items() if name != "visits"}
    done = scored(read(given["visits"], **sides), today="2026-07-01", **options)
    return cohort_of(done).background


def checked(given: dict[str, Path], **options: Any) -> Checked:
    sides = {name: path for name, path in given.items() if name != "visits"}
    return check(read(given["visits"], **sides), today="2026-07-01", **options)


VISITS = """child_id,household_id,sex,birth_date,measured_on,weight_kg
a,F1,F,2020-03-01,2024-03-13,16
b,,M,2022-03-01,2024-03-13,12
c,F2,M,2021-03-01,2024-03-13,14
a,F2,F,2020-03-01,2025-03-13,18
"""


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("Injury", {"injury"}),
        ("Head injuries (A&E)", {"injury"}),
        ("Missed appointment", {"missed_appointment"}),
        ("DNA - dietitian", {"missed_appointment"}),
        ("Was not brought", {"missed_appointment"}),
        ("house_move", {"move"}),
        ("Movement disorder", {"other"}),
        ("Domestic-abuse notification", {"domestic_abuse"}),
        ("FEEDING CONCERN", {"feeding"}),
        ("fussy eating", {"eating"}),
        ("Neglect; child protection plan", {"neglect", "child_protection"}),
        ("S47 enquiry", {"child_protection"}),
        ("CPAP started", {"other"}),
        ("", {"other"}),
    ],
)
def test_the_words_of_a_service_are_known_for_what_they_mean(words: str, kinds: set[str]) -> None:
    assert set(kinds_of(words)) == kinds


def test_events_are_in_order_and_an_event_of_two_kinds_is_there_twice() -> None:
    days = np.array(["2025-03-02", "2025-03-01", "2025-02-01"], dtype="datetime64[D]")
    found = events_of(
        np.array([1, 1, 0]),
        np.array([5.0, 4.0, 9.0]),
        days,
        ["injury", "move, feeding", "x"],
        np.array([True, False, False]),
    )
    assert found.child.tolist() == [0, 1, 1, 1]
    assert [EVENT_KINDS[kind] for kind in found.kind] == ["other", "move", "feeding", "injury"]
    assert found.age_days.tolist() == [9, 4, 4, 5]
    assert found.sensitive.tolist() == [False, False, False, True]
    assert len(found.of("injury", "feeding")) == 2


@given(st.text(max_size=30))
def test_any_text_is_of_some_kind(words: str) -> None:
    assert set(kinds_of(words)) <= set(EVENT_KINDS)
    assert len(kinds_of(words)) >= 1


def test_parents_conditions_and_events_go_to_their_child(tmp_path: Path) -> None:
    known = background(
        files(
            tmp_path,
            visits=VISITS,
            children="child_id,mother_cm,father_cm,condition\nb,1.64,,trisomy 21\nb,170,180,x\n",
            events="child_id,date,type\nz,2024-01-01,injury\nb,2024-01-13,injury\nc,,move\n",
        )
    )
    np.testing.assert_array_equal(known.mother_cm, [np.nan, 164, np.nan])
    np.testing.assert_array_equal(known.father_cm, [np.nan, 180, np.nan])
    assert known.condition.tolist() == ["", "trisomy 21", ""]
    assert known.events.child.tolist() == [1]  # not of a stranger, not without a date
    assert known.events.age_days.tolist() == [683]  # 1 March 2022 to 13 January 2024


def test_what_is_not_yet_known_is_no_background(tmp_path: Path) -> None:
    given = files(tmp_path, visits=VISITS, events="child_id,date,type\nb,2024-05-13,injury\n")
    assert len(background(given).events) == 1
    assert len(background(given, as_of="2024-05-12").events) == 0


def test_a_child_may_live_in_two_households(tmp_path: Path) -> None:
    children = "child_id,household_id\nb,F1\n"
    known = background(files(tmp_path, visits=VISITS, children=children))
    pairs = zip(known.homes.child.tolist(), known.homes.household.tolist(), strict=True)
    assert {(child, known.homes.ids[home]) for child, home in pairs} == {
        (0, "F1"), (0, "F2"), (1, "F1"), (2, "F2")
    }  # fmt: skip
    assert known.homes.ids[known.household].tolist() == ["F1", "F1", "F2"]
    done = checked(files(tmp_path, visits=VISITS, children=children))
    assert {child: done.child(child).siblings for child in "abc"} == {"a": 2, "b": 1, "c": 1}


@pytest.mark.parametrize(("size", "used"), [(10, True), (11, False)])
def test_a_household_of_more_than_ten_is_reported_and_not_used(
    tmp_path: Path, *, size: int, used: bool
) -> None:
    rows = [f"c{k},H,F,2020-03-01,2024-03-13,16" for k in range(size)]
    text = "\n".join([VISITS.splitlines()[0], "x,,F,2020-03-01,2024-03-13,16", *rows, ""])
    given = files(tmp_path, visits=text)
    assert (background(given).household[1:] >= 0).tolist() == [used] * size
    done = checked(given)
    listed = done.problems[done.problems["code"] == "P25"]
    assert listed[["source", "row", "column"]].astype(str).to_numpy().tolist() == (
        [] if used else [["visits.csv", "3", "household_id"]]
    )
    assert done.child("c3").siblings == (size - 1 if used else 0)


def test_a_child_is_given_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    done = checked(
        files(
            tmp_path,
            visits=VISITS,
            children="child_id,mother_cm,father_cm,condition\na,164,178,coeliac disease\n",
            events="child_id,date,type,sensitive\na,2025-01-13,injury,no\nb,2025-01-14,move,yes\n",
            actions="child_id,rule,date,action\na,WT-FALL-1Y,2025-01-13,referred\n",
        )
    )
    child = done.child("a")
    assert (child.mother_cm, child.father_cm, child.condition) == (164, 178, "coeliac disease")
    assert child.events["type"].tolist() == ["injury"]
    assert child.actions["action"].tolist() == ["referred"]
    assert set(child.open_findings["child_id"]) <= {"a"}
    nobody = done.child("c")
    assert nobody.events.empty
    assert np.isnan(nobody.mother_cm)


def test_taking_out_every_child_takes_out_every_value(tmp_path: Path) -> None:
    done = checked(files(tmp_path, visits=VISITS))
    whole = pd.concat([done.child(child).scored for child in done.children["child_id"]])
    assert len(whole) == len(done.scored)
