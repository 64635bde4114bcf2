"""What became of each finding since an earlier run, and when no comparison is possible."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from centiles.checks import CHANGES, Checked, check
from centiles.errors import UnreadableError, UsageError
from centiles.records.pseudonyms import Pseudonyms
from centiles.reports import write
from tests.visits import ONE_RULE, TODAY, Visit, day, records

NOW = 3000


def story(child: str, *points: tuple[int, float]) -> list[Visit]:
    return [Visit(child, age, weight=z) for age, z in points]


VISITS = [
    *story("new", (2500, 0.0), (2900, 0.0), (2950, -0.7)),
    *story("worse", (2400, 0.0), (2700, -0.7), (2900, -0.95)),
    *story("graver", (2500, 0.0), (2700, -0.95), (2890, -1.05)),
    *story("unchanged", (2400, 0.0), (2700, -0.7), (2900, -0.9)),
    *story("better", (2400, 0.0), (2700, -0.95), (2900, -0.7)),
    *story("healing", (2400, 0.0), (2700, -0.7), (2900, -0.4)),
    *story("closed", (2400, 0.0), (2700, -0.7), (2850, 0.0), (2900, 0.0)),
    *story("long", (2000, 0.0), (2200, -0.7), (2300, 0.0), (2400, 0.0)),
    *story("z", (NOW, 0.0)),
]
WANTED = {
    "new": "new", "worse": "worse", "graver": "worse", "unchanged": "unchanged",
    "better": "better", "healing": "better", "closed": "closed", "long": "",
}  # fmt: skip


def run(visits: list[Visit], **options: Any) -> Checked:
    return check(records(visits), **{"today": TODAY, "rules": ONE_RULE, **options})


def kept(folder: Path, visits: list[Visit], **options: Any) -> Path:
    """Write a run's results."""
    write(run(visits, **options), folder / "results")
    return folder / "results"


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    return kept(tmp_path, VISITS, as_of=day(2800))


def test_what_became_of_each_finding(earlier: Path) -> None:
    done = run(VISITS, previous=earlier)
    found = dict(zip(done.findings["child_id"], done.findings["previous"].astype(str), strict=True))
    assert found == WANTED
    assert set(found.values()) - {""} == set(CHANGES)


def test_without_an_earlier_run_nothing_is_said() -> None:
    assert set(run(VISITS).findings["previous"]) == {""}


def test_what_is_found_no_more_is_listed_as_closed(earlier: Path) -> None:
    fewer = [each for each in VISITS if each.child != "unchanged"]
    done = run(fewer, previous=earlier)
    (gone,) = done.findings[done.findings["child_id"] == "unchanged"].itertuples()
    assert (gone.rule, gone.state, gone.previous) == ("WT-FALL-1Y", "closed", "closed")
    assert "the records have changed" in gone.sentence
    assert done.findings.index[-1] == gone.Index  # after all others
    assert "unchanged" not in set(done.children["child_id"])


def test_the_same_run_again_changes_nothing(tmp_path: Path) -> None:
    folder = kept(tmp_path, VISITS)
    done = run(VISITS, previous=folder)
    assert set(done.findings["previous"]) == {"unchanged", ""}


def test_children_whose_identifiers_look_like_formulas_or_numbers(tmp_path: Path) -> None:
    visits = [*story("=1", (2400, 0.0), (2700, -0.7)), *story("007", (2400, 0.0), (2700, -0.7))]
    done = run(visits, previous=kept(tmp_path, visits))
    assert set(done.findings["previous"]) == {"unchanged"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rules": "uk"}, "another rule set"),
        ({"correction": "paper"}, "another correction"),
        ({"pseudonyms": Pseudonyms(b"0123456789abcdef")}, "children under identifiers"),
        ({"as_of": day(2799)}, "this run knows nothing of later days"),
    ],
)
def test_a_run_made_otherwise_is_refused(earlier: Path, options: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run(VISITS, previous=earlier, **options)


def test_pseudonyms_compare_under_one_key_only(tmp_path: Path) -> None:
    key, other = Pseudonyms(b"0123456789abcdef"), Pseudonyms(b"another key of 16")
    folder = kept(tmp_path, VISITS, as_of=day(2800), pseudonyms=key)
    done = run(VISITS, previous=folder, pseudonyms=key)
    assert set(done.findings["previous"]) == {*CHANGES, ""}
    with pytest.raises(UsageError, match="the pseudonyms of another key"):
        run(VISITS, previous=folder, pseudonyms=other)
    with pytest.raises(UsageError, match=r"of another key.*this run has identifiers"):
        run(VISITS, previous=folder)
    assert key.key.decode() not in (folder / "run.json").read_text()


def test_another_reference_is_refused(earlier: Path) -> None:
    made = json.loads((earlier / "run.json").read_text())
    (earlier / "run.json").write_text(json.dumps(made | {"reference_sha256": "0" * 64}))
    with pytest.raises(UsageError, match="another reference"):
        run(VISITS, previous=earlier)


def test_what_is_no_result_folder_is_told_so(tmp_path: Path, earlier: Path) -> None:
    with pytest.raises(UsageError, match=r"found no run\.json and no findings\.csv, expected"):
        run(VISITS, previous=tmp_path / "nowhere")
    (earlier / "findings.csv").write_text("child_id\nsecret\n")
    with pytest.raises(UnreadableError) as said:
        run(VISITS, previous=earlier)
    assert "secret" not in str(said.value)
    (earlier / "run.json").write_text("{")
    with pytest.raises(UnreadableError):
        run(VISITS, previous=earlier)
