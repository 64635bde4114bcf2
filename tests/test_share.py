"""What may leave the service: counts alone, none of them small, and nothing of any child."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.checks import Checked, check
from centiles.records import from_frame, read
from centiles.reports import share
from centiles.reports.share import HIDDEN, OTHERS, SMALL, shared_counts, shown, write_share
from tests.pages import hostile_check, page_of
from tests.test_report import SENSITIVE


def shared(checked: Checked, folder: Path) -> str:
    """Return everything that is shared, as one text."""
    return "\n".join(path.read_text(encoding="utf-8") for path in write_share(checked, folder))


@given(count=st.integers(0, 5000), rest=st.integers(0, 5000))
def test_no_small_count_and_no_small_rest_is_shown(count: int, rest: int) -> None:
    said = shown(count, count + rest)
    if count <= SMALL or rest <= SMALL:
        assert said == HIDDEN
    else:
        number = int(said.replace(",", ""))
        assert number % 5 == 0
        assert abs(number - count) <= 2


def test_no_count_tells_apart_eight_from_twelve() -> None:
    assert {shown(count) for count in range(8, 13)} == {"10"}
    assert {shown(count) for count in range(8)} == {HIDDEN}


def test_nothing_of_any_child_is_in_it(demo: Checked, tmp_path: Path) -> None:
    text = shared(demo, tmp_path)
    scored = demo.scored
    for child in {*demo.children["child_id"], *scored["household_id"]} - {""}:
        assert child not in text
    dates = {*scored["measured_on"].dropna(), *scored["birth_date"].dropna()}
    dates |= {*scored["recorded_on"].dropna(), *demo.findings["see_by"].dropna()}
    for day in dates:
        for form in ("%Y-%m-%d", "%d/%m/%Y"):
            assert day.strftime(form) not in text
        assert f"{day.day} {day.strftime('%b %Y')}" not in text
    assert not re.search(r"\d+\.\d+ (kg|cm)", text)
    for sentence in demo.findings["sentence"]:
        assert sentence not in text
    for source in demo.sources:
        assert source.sha256 not in text  # with which one could try who is in a file


def test_every_number_is_rounded_and_none_is_small(demo: Checked, tmp_path: Path) -> None:
    write_share(demo, tmp_path)
    with (tmp_path / "share.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 20
    for row in rows:
        assert row["count"] == HIDDEN or (int(row["count"]) % 5 == 0 and int(row["count"]) > SMALL)
    page = page_of((tmp_path / "share.html").read_text(encoding="utf-8"))
    cells = [cell.text.replace(",", "") for cell in page.all("td")]
    assert sorted(cells) == sorted(row["count"] for row in rows)


def test_what_is_met_by_few_or_nobody_looks_the_same() -> None:
    def tables(children: int) -> object:
        frame = pd.DataFrame(
            {"child_id": [f"c{k}" for k in range(20)], "sex": "male", "birth_date": "2020-03-12",
             "measured_on": "2025-03-12", "weight_kg": [11.0] * children + [18.4] * (20 - children)}
        )  # fmt: skip
        return shared_counts(check(from_frame(frame), today="2026-03-01"))[:3]

    assert tables(1) == tables(5) == tables(0)
    assert tables(9) != tables(0)
    assert tables(18) == tables(16)  # nearly all of a group is told no more than few of it
    assert HIDDEN in str(tables(18))


def team_check(teams: list[str], *, falling: int = 0) -> Checked:
    count = len(teams)
    frame = pd.DataFrame(
        {"child_id": [f"CANARY{k}" for k in range(count)], "sex": "male",
         "birth_date": "2020-03-12", "measured_on": "2025-03-12", "team": teams,
         "weight_kg": np.where(np.arange(count) < falling, 11.0, 18.4)}
    )  # fmt: skip
    return check(from_frame(frame), today="2026-03-01")


def test_a_small_team_is_not_named() -> None:
    checked = team_check(["Oak"] * 12 + ["Elm"] * 3 + ["Ash"] * 6)
    (table,) = [each for each in shared_counts(checked) if each.title == "Teams"]
    assert [name for name, _ in table.rows] == ["Oak", OTHERS]
    assert [cells[0] for _, cells in table.rows] == ["10", "10"]


@pytest.mark.parametrize(
    "name", ["CANARY3", "clinic of CANARY3", "ward 9990000018", "seen 12/03/2025", "x" * 80]
)
def test_a_name_that_could_say_who_somebody_is_is_not_shown(name: str, tmp_path: Path) -> None:
    checked = team_check([name] * 12 + ["Oak"] * 12)
    assert name not in shared(checked, tmp_path)
    assert "Oak" in shared(checked, tmp_path)


def test_a_team_in_which_nearly_all_have_a_finding_is_not_told() -> None:
    checked = team_check(["Oak"] * 20, falling=15)
    (table,) = [each for each in shared_counts(checked) if each.title == "Teams"]
    ((name, cells),) = table.rows
    assert (name, cells[:2]) == ("Oak", ("20", HIDDEN))


def test_nothing_sensitive_is_shared_even_where_it_was_asked_for(tmp_path: Path) -> None:
    for name, content in SENSITIVE.items():
        (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8")
    records = read(tmp_path / "measurements.csv", events=tmp_path / "events.csv")
    said = shared(check(records, today="2026-03-01", sensitive=True), tmp_path).casefold()
    for word in ("domestic", "quill", "sibling", "household", "baseline-missing", "event"):
        assert word not in said


def test_hostile_names_are_text(tmp_path: Path) -> None:
    checked = hostile_check()
    page = page_of(write_share(checked, tmp_path)[0].read_text(encoding="utf-8"))
    assert {each.tag for each in page.elements} & {"script", "img", "svg", "b", "i"} == set()
    assert checked.sources[0].name in [each.text for each in page.all("bdi")]
    assert share.NAMES == ("share.html", "share.csv")
