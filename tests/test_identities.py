"""One child from several files: joined by identifiers, never on a guess, whatever the order."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.errors import MappingError
from centiles.records import Config, Records, from_frame, read
from centiles.records.policies import Merge
from centiles.records.reading import read_tables
from centiles.records.refusals import components
from centiles.records.scoring import Scored, scored
from centiles.records.tables import table_of_frame
from tests.examples import examples

FIRST, SECOND = "9990000018", "9990000026"  # of the range kept for tests
ABOUT = {"sex": "F", "dob": "2020-02-13", "date": "2024-02-13", "weight kg": "18"}


def export(*rows: dict[str, str]) -> pd.DataFrame:
    """Return visits of one girl, with these cells instead or beside."""
    return pd.DataFrame([ABOUT | row for row in rows], dtype="str").fillna("")


def records(*, config: Config | None = None, **files: pd.DataFrame) -> Records:
    tables = [table_of_frame(frame, f"{name}.csv") for name, frame in files.items()]
    return read_tables(tables, config=config)


def settled(*, config: Config | None = None, **files: pd.DataFrame) -> Scored:
    return scored(records(config=config, **files), today="2030-01-01")


def children(done: Scored) -> list[str]:
    return done.frame["child_id"][~done.frame["derived"]].tolist()


def problems(done: Scored, *codes: str) -> list[tuple[str, str, int, str]]:
    """Return code, file, row and what the suggestion names, of problems with one of these codes."""
    found = done.problems[done.problems["code"].isin(codes)]
    return [
        (str(p.code), str(p.source), int(p.row), str(p.suggestion).rpartition("the other is ")[2])
        for p in found.itertuples()
    ]


ODD = ("P03", "P04", "P05", "P20", "P21", "P22")


class TestCalled:
    def test_one_word_under_two_kinds_of_a_file_is_two_children_each_with_a_name(self) -> None:
        both = export(
            {"NHS number": "about 12", "Hospital number": ""},
            {"NHS number": "", "Hospital number": "about 12"},
        )
        first, second = children(settled(a=both))
        assert first != second
        assert {each.partition(" as ")[0] for each in (first, second)} == {"about 12 [a.csv]"}


class TestJoined:
    def test_the_nhs_number_ranks_before_local_ones_wherever_it_stands(self) -> None:
        done = settled(a=export({"Hospital number": "H1", "NHS number": "999 000 0018"}))
        assert children(done) == [FIRST]

    def test_a_row_without_nhs_number_falls_back_to_the_local_identifier(self) -> None:
        done = settled(
            a=export(
                {"NHS number": FIRST, "Hospital number": "H1"},
                {"NHS number": "", "Hospital number": "H1", "date": "2024-03-13"},
                {"NHS number": "", "Hospital number": "H2", "date": "2024-03-13"},
                {"NHS number": "", "Hospital number": "", "date": "2024-03-13"},
            )
        )
        assert children(done) == [FIRST, FIRST, "H2", ""]
        assert problems(done, *ODD) == [("P05", "a.csv", 5, "find whose it is")]

    def test_a_third_file_joins_two(self) -> None:
        done = settled(
            a=export({"NHS number": FIRST}),
            b=export({"Hospital number": "H1", "date": "2024-03-13"}),
            c=export({"NHS number": FIRST, "Hospital number": "H1", "date": "2024-04-13"}),
        )
        assert children(done) == [FIRST] * 3
        assert problems(done, *ODD) == []

    def test_a_column_of_nhs_numbers_is_one_under_any_header(self) -> None:
        done = settled(a=export({"child_id": FIRST}), b=export({"NHS number": FIRST}))
        assert children(done) == [FIRST] * 2

    def test_numbers_of_two_kinds_are_two_children_though_they_look_alike(self) -> None:
        done = settled(a=export({"Patient ID": "12"}), b=export({"UPN": "12"}))
        assert children(done) == ["12 [a.csv]", "12 [b.csv]"]

    def test_of_two_with_one_number_each_is_named_with_its_own_file(self) -> None:
        """Beside others with several identifiers, so that children and identifiers count apart."""
        others = [{"child_id": f"x{k}", "Hospital number": f"H{k}"} for k in range(5)]
        done = settled(
            a=export(*others),
            b=export({"UPN": "12"}),
            c=export({"child_id": "12", "Hospital number": "H9"}),
        )
        assert children(done)[-2:] == ["12 [b.csv]", "12 [c.csv]"]

    def test_a_column_called_child_id_is_one_series_in_every_file(self) -> None:
        done = settled(a=export({"child_id": "12"}), b=export({"child_id": "12"}))
        assert children(done) == ["12"] * 2


class TestRefused:
    def test_one_local_number_and_another_birth_date_are_two_children(self) -> None:
        done = settled(
            a=export({"Patient ID": "12"}), b=export({"Patient ID": "12", "dob": "2021-02-13"})
        )
        assert children(done) == ["12 [a.csv]", "12 [b.csv]"]
        assert set(done.frame["fate"]) == {"scored"}
        assert problems(done, *ODD) == [
            ("P21", "a.csv", 2, "row 2 of b.csv"),
            ("P21", "b.csv", 2, "row 2 of a.csv"),
        ]

    def test_one_nhs_number_and_another_sex_is_a_row_not_scored(self) -> None:
        """Everywhere the same number is the same child: its row is wrong, and named with both."""
        done = settled(
            a=export({"NHS number": FIRST}, {"NHS number": FIRST, "date": "2024-05-13"}),
            b=export({"NHS number": FIRST, "sex": "M"}),
        )
        assert done.frame["fate"].tolist() == ["scored", "scored", "unscored"]
        assert problems(done, *ODD) == [("P03", "b.csv", 2, "row 2 of a.csv")]

    def test_two_nhs_numbers_are_never_joined_by_a_local_one(self) -> None:
        done = settled(
            a=export(
                {"NHS number": FIRST, "Hospital number": "H1"},
                {"NHS number": SECOND, "Hospital number": "H1"},
                {"NHS number": "", "Hospital number": "H1"},
            )
        )
        assert children(done) == [FIRST, SECOND, "H1"]
        assert problems(done, *ODD) == [
            ("P20", "a.csv", 2, "row 3 of a.csv"),
            ("P20", "a.csv", 3, "row 2 of a.csv"),
        ]

    def test_a_local_number_of_another_birth_date_is_not_joined_to_the_nhs_number(self) -> None:
        done = settled(
            a=export({"NHS number": FIRST, "Hospital number": "H1"}),
            b=export({"NHS number": "", "Hospital number": "H1", "dob": "2019-02-13"}),
        )
        assert children(done) == [FIRST, "H1"]
        assert {code for code, *_ in problems(done, *ODD)} == {"P21"}

    def test_a_whole_that_is_refused_leaves_the_others_joined(self) -> None:
        done = settled(
            a=export(
                {"NHS number": FIRST, "UPN": "U1"},
                {"NHS number": SECOND, "UPN": "U2"},
                {"NHS number": "", "UPN": "U1"},
                {"NHS number": "", "UPN": "U2", "sex": "M"},
            )
        )
        assert children(done) == [FIRST, SECOND, FIRST, "U2"]

    def test_never_merge_parts_what_hangs_together(self) -> None:
        files = {
            "a": export({"NHS number": FIRST, "Hospital number": "H1"}),
            "b": export({"NHS number": "", "Hospital number": "H1", "date": "2024-03-13"}),
        }
        assert children(settled(**files)) == [FIRST] * 2
        told = Config(merge=Merge(never_merge=((FIRST, "H1"),)))
        done = settled(config=told, **files)
        assert children(done) == [FIRST, "H1"]
        assert {code for code, *_ in problems(done, *ODD)} == {"P22"}

    @pytest.mark.parametrize(
        "text",
        [
            "child,is not,why\n999 000 0018,H1,another service's number\n",
            "9990000018;H1\nH1;9990000018\n",
            "child_id\tother\tthird\n9990000018\t\tH1\n",
        ],
    )
    def test_never_merge_as_a_file(self, tmp_path: Path, text: str) -> None:
        export({"NHS number": FIRST, "Hospital number": "H1"}).to_csv(tmp_path / "a.csv")
        export({"Hospital number": "H1", "date": "2024-03-14"}).to_csv(tmp_path / "b.csv")
        (tmp_path / "apart.csv").write_text(text)
        paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
        assert children(scored(read(paths))) == [FIRST] * 2
        done = scored(read(paths, never_merge=tmp_path / "apart.csv"))
        assert children(done) == [FIRST, "H1"]
        assert {code for code, *_ in problems(done, *ODD, "P26")} == {"P22"}

    def test_two_children_under_one_number_are_parted_by_file(self) -> None:
        files = {
            "a": export({"NHS number": FIRST}),
            "b": export({"NHS number": FIRST, "date": "2024-03-13"}),
        }
        apart = ((f"{FIRST} [a.csv]", f"{FIRST} [b.csv]"),)
        done = settled(config=Config(merge=Merge(never_merge=apart)), **files)
        assert children(done) == [f"{FIRST} [a.csv]", f"{FIRST} [b.csv]"]

    def test_an_identifier_to_be_told_apart_that_nobody_has_is_listed(self, tmp_path: Path) -> None:
        export({"NHS number": FIRST, "Hospital number": "H1"}).to_csv(tmp_path / "a.csv")
        (tmp_path / "apart.csv").write_text(f"child,other\n{FIRST},H1\n\n{FIRST},H2\n")
        done = scored(read(tmp_path / "a.csv", never_merge=tmp_path / "apart.csv"))
        listed = done.problems[done.problems["code"] == "P26"]
        assert listed[["source", "row"]].to_numpy().tolist() == [["apart.csv", 4]]
        told = Config(merge=Merge(never_merge=((FIRST, "H2"),)))
        done = scored(read(tmp_path / "a.csv", config=told))
        assert done.problems[["code", "source"]].to_numpy().tolist() == [["P26", "configuration"]]

    def test_one_identifier_by_itself_is_not_told_apart(self, tmp_path: Path) -> None:
        export({"NHS number": FIRST}).to_csv(tmp_path / "a.csv")
        (tmp_path / "apart.csv").write_text(f"child,other\n{FIRST},\n")
        with pytest.raises(MappingError, match="fewer than two identifiers in 1 of its rows"):
            read(tmp_path / "a.csv", never_merge=tmp_path / "apart.csv")

    def test_no_identifier_is_in_any_problem(self) -> None:
        done = settled(
            a=export({"Patient ID": "CANARY7"}),
            b=export({"Patient ID": "CANARY7", "dob": "2021-02-13"}),
        )
        assert "CANARY7" not in done.problems.to_csv()


class TestByName:
    FILES: ClassVar[dict[str, pd.DataFrame]] = {
        "a": export({"NHS number": FIRST, "Forename": "Ann", "Surname": "O’Neil"}),
        "b": export({"Name": "ann o'neil", "date": "2024-03-13", "id": ""}),
    }  # fmt: skip

    def test_names_join_nobody_unless_the_configuration_says_so(self) -> None:
        assert children(settled(**self.FILES)) == [FIRST, ""]

    def test_name_birth_date_and_sex_join_if_it_does(self) -> None:
        done = settled(config=Config(merge=Merge(by_name=True)), **self.FILES)
        assert children(done) == [FIRST, FIRST]

    def test_a_file_without_any_identifier_is_read(self) -> None:
        rows = export({"Name": "Ann O'Neil"}, {"Name": "Ann O'Neil", "dob": "2019-01-02"})
        done = settled(config=Config(merge=Merge(by_name=True)), a=rows)
        assert children(done) == ["row 2 of a.csv", "row 3 of a.csv"]  # a name is never shown

    def test_twins_of_one_name_and_two_nhs_numbers_stay_two(self) -> None:
        rows = export(
            {"NHS number": FIRST, "Name": "Ann O'Neil"},
            {"NHS number": SECOND, "Name": "Ann O'Neil"},
        )
        done = settled(config=Config(merge=Merge(by_name=True)), a=rows)
        assert children(done) == [FIRST, SECOND]


class TestConflicts:
    def test_the_other_file_and_row_are_named(self) -> None:
        done = settled(
            a=export({"NHS number": FIRST, "gestation": "38+4"}),
            b=export(
                {"NHS number": FIRST, "gestation": "40"},
                {"NHS number": FIRST, "dob": "2020-02-14", "gestation": ""},
            ),
        )
        assert problems(done, "P04", "P06") == [
            ("P04", "b.csv", 3, "row 2 of a.csv"),
            ("P06", "b.csv", 2, "row 2 of a.csv"),
        ]

    def test_the_ranked_source_keeps_the_day_however_the_files_are_given(self) -> None:
        files = {
            "school": export({"NHS number": FIRST, "weight kg": "18.0"}),
            "clinic": export({"NHS number": FIRST, "weight kg": "18.1"}),
        }
        config = Config(sources=("clinic*", "school.csv"))
        for names in (["school", "clinic"], ["clinic", "school"]):
            found = records(config=config, **{name: files[name] for name in names})
            assert [source.name for source in found.sources] == ["clinic.csv", "school.csv"]
            done = scored(found, today="2030-01-01").frame
            assert done[done["fate"] == "scored"]["value"].tolist() == [18.1]

    def test_birth_weight_and_gestation_come_from_whichever_file_has_them(self) -> None:
        done = settled(
            a=export({"NHS number": FIRST, "birth weight (kg)": "2.1"}),
            b=export({"NHS number": FIRST, "gestation": "34+0", "date": "2024-03-13"}),
        )
        assert done.frame["gestation_days"].tolist() == [238.0] * 3
        assert done.frame["age_days"].tolist() == [1461.0, 0.0, 1490.0]


def test_rows_recorded_late_are_not_yet_known() -> None:
    rows = export(
        {"id": "a", "date recorded": "2024-02-14"},
        {"id": "a", "date": "2024-03-13", "date recorded": "2024-06-01"},
        {"id": "a", "date": "2024-04-13", "date recorded": ""},
        {"id": "a", "date": "2024-07-13", "date recorded": "2024-07-13"},
    )
    found = from_frame(rows)
    assert scored(found, today="2030-01-01").as_of == np.datetime64("2024-07-13")
    done = scored(found, as_of="2024-05-01", today="2030-01-01").frame
    assert done["fate"].tolist() == ["scored", "skipped", "scored", "skipped"]
    assert done["note"].tolist()[1] == "not yet known"
    later = scored(found, as_of="2024-06-01", today="2030-01-01").frame
    assert later["fate"].tolist() == ["scored", "scored", "scored", "skipped"]


ROWS = st.fixed_dictionaries(
    {
        "NHS number": st.sampled_from(["", FIRST, SECOND]),
        "Hospital number": st.sampled_from(["", "H1", "H2", "H3"]),
        "UPN": st.sampled_from(["", "U1", "U2"]),
        "sex": st.sampled_from(["F", "F", "F", "M"]),
        "dob": st.sampled_from(["2020-02-13", "2020-02-13", "", "2020-03-01"]),
    }
)


def partition(done: Scored, key: Any) -> set[frozenset[int]]:
    """Return which rows are one child, by what identifies a row."""
    groups: dict[str, set[int]] = {}
    for child, name in zip(done.child, key, strict=True):
        if child >= 0:
            groups.setdefault(str(child), set()).add(int(name))
    return {frozenset(group) for group in groups.values()}


@examples(0.25)
@given(st.lists(ROWS, min_size=2, max_size=10), st.data())
def test_the_order_of_rows_and_files_joins_the_same_children(
    rows: list[dict[str, str]], data: st.DataObject
) -> None:
    """Each row has a weight of its own, so that it is known again wherever it went."""
    rows = [row | {"weight kg": f"{10 + k}"} for k, row in enumerate(rows)]
    half = len(rows) // 2
    files = {"a": rows[:half], "b": rows[half:]}
    again = {
        name: data.draw(st.permutations(part))
        for name, part in data.draw(st.permutations(list(files.items())))
    }
    found = []
    for each in (files, again):
        tables = [table_of_frame(export(*part), f"{name}.csv") for name, part in each.items()]
        done = scored(read_tables(tables), today="2030-01-01")
        assert len(set(done.child_ids)) == len(done.child_ids)
        found.append(partition(done, done.frame["value"]))
    assert found[0] == found[1]


@given(
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=40),
)
def test_components_are_what_a_walk_finds(count: int, pairs: list[tuple[int, int]]) -> None:
    pairs = [(a % count, b % count) for a, b in pairs]
    one, other = (np.array([pair[k] for pair in pairs], dtype=np.int64) for k in (0, 1))
    found = components(count, one, other)
    for start in range(count):
        seen, todo = {start}, [start]
        while todo:
            node = todo.pop()
            near = {b for a, b in pairs if a == node} | {a for a, b in pairs if b == node}
            todo += near - seen
            seen |= near
        assert found[start] == min(seen)


@pytest.mark.parametrize("word", ["9990000018", "999 000 0018", "999-000-0018"])
def test_ways_to_write_an_nhs_number(word: str) -> None:
    assert children(settled(a=export({"NHS number": word}))) == [FIRST]


class TestNotYetKnown:
    """What is learnt later decides nothing of whom an earlier row is of."""

    def known(self, as_of: str | None, **files: pd.DataFrame) -> Scored:
        return scored(records(**files), today="2030-01-01", as_of=as_of)

    def test_a_later_row_joins_nobody(self) -> None:
        files = {
            "a": export({"NHS number": FIRST, "Hospital number": "", "recorded on": "2024-02-13"}),
            "b": export({"Hospital number": "H1", "date": "2024-03-13"}),
            "c": export({"NHS number": FIRST, "Hospital number": "H1", "date": "2025-03-13"}),
        }
        assert children(self.known(None, **files)) == [FIRST] * 3
        assert children(self.known("2024-12-31", **files))[:2] == [FIRST, "H1"]

    def test_later_rows_outvote_nobody_and_contradict_nobody(self) -> None:
        files = {
            "a": export({"NHS number": FIRST}),
            "b": export(*({"NHS number": FIRST, "sex": "M", "date": f"2025-0{k}-13"}
                          for k in (1, 2, 3))),
        }  # fmt: skip
        now, then = self.known(None, **files), self.known("2024-12-31", **files)
        assert now.frame["fate"].tolist() == ["unscored", "scored", "scored", "scored"]
        assert then.frame["fate"].tolist() == ["scored", "skipped", "skipped", "skipped"]
        assert then.frame["sex"].tolist() == ["female"] * 4
        assert then.problems.empty

    def test_later_contradictions_part_nobody(self) -> None:
        files = {
            "a": export({"Patient ID": "12"}),
            "b": export({"Patient ID": "12", "date": "2024-03-13"}),
            "c": export({"Patient ID": "12", "date": "2025-03-13", "dob": "2021-02-13"}),
        }
        assert children(self.known(None, **files))[0] == "12 [a.csv]"
        assert children(self.known("2024-12-31", **files)) == ["12"] * 3

    def test_a_date_in_the_future_is_a_fault_that_was_known(self) -> None:
        done = self.known(
            "2024-12-31",
            a=export({"child_id": "a", "date": "2034-02-13", "recorded on": "2024-02-13"},
                     {"child_id": "a", "date": "2034-02-13", "recorded on": "2025-02-13"}),
        )  # fmt: skip
        assert done.frame["fate"].tolist() == ["unscored", "skipped"]

    def test_a_fault_of_a_later_row_is_none_yet(self) -> None:
        files = {"a": export({"child_id": "a"}, {"child_id": "a", "date": "2025-02-13",
                                                 "weight kg": "heavy"})}  # fmt: skip
        assert [*self.known(None, **files).problems["code"]] == ["G01"]
        assert self.known("2024-12-31", **files).problems.empty
