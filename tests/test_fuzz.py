"""The fuzzer of tools/: a short run of it, and that it sees what it looks for."""

from __future__ import annotations

import importlib
import json
import logging
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

TOOLS = str(Path(__file__).resolve().parents[1] / "tools")


@pytest.fixture(scope="module")
def fuzz() -> Iterator[ModuleType]:
    sys.path.insert(0, TOOLS)
    try:
        yield importlib.import_module("fuzz")
    finally:
        sys.path.remove(TOOLS)


def test_a_short_run_finds_nothing(fuzz: ModuleType, tmp_path: Path) -> None:
    counts = fuzz.fuzz(9, cases=40, minutes=5, keep=tmp_path)
    assert counts.failures == []
    assert sum(counts.cases.values()) == 42  # the parsers come beside every twentieth
    assert set(counts.codes) <= {"0", "1", "2", "3", "4"}
    assert counts.read["values"] > 100


def test_a_seed_makes_the_same_cases(fuzz: ModuleType) -> None:
    one, other = (fuzz.case_of(np.random.default_rng([3, 7])) for _ in range(2))
    assert (one.kind, one.options, sorted(one.files)) == (
        other.kind, other.options, sorted(other.files)
    )  # fmt: skip


def test_every_canary_is_planted(fuzz: ModuleType) -> None:
    text = json.dumps(
        [fuzz.case_of(np.random.default_rng([1, n])).files for n in range(60)], default=str
    )
    assert {name for name, word in fuzz.CANARIES.items() if word in text} == set(fuzz.CANARIES)


@pytest.mark.parametrize("name", ["identifier", "name", "birth date", "value"])
def test_it_sees_a_canary(fuzz: ModuleType, tmp_path: Path, name: str) -> None:
    case, canary = fuzz.Case("bytes", {}), fuzz.CANARIES[name]
    (found,) = fuzz.faults_of(case, 2, f"x.csv: found {canary}", tmp_path)
    assert found == f"the {name} is in a message"
    (tmp_path / "run.json").write_text(json.dumps({"a": canary}))
    (found,) = fuzz.faults_of(case, 2, "", tmp_path)
    assert found == f"the {name} is in run.json"


@pytest.mark.parametrize("written", ["23/02/2019", "999 888 7769", "QUILLFEATHER"])
def test_it_sees_a_canary_in_what_is_shared_however_it_is_written(
    fuzz: ModuleType, tmp_path: Path, written: str
) -> None:
    (tmp_path / "share.csv").write_text(f"team,5\n{written},10\n", encoding="utf-8")
    (found,) = fuzz.faults_of(fuzz.Case("bytes", {}), 2, "", tmp_path)
    assert found.endswith("is in what is shared")


def test_it_sees_a_canary_in_any_file_of_a_pseudonymised_run(
    fuzz: ModuleType, tmp_path: Path
) -> None:
    canary = fuzz.CANARIES["identifier"]
    with zipfile.ZipFile(tmp_path / "children.xlsx", "w") as book:
        book.writestr("xl/sharedStrings.xml", f"<t>{canary}</t>")
    case = fuzz.Case("bytes", {}, ["--pseudonymise", "KEY"])
    assert list(fuzz.faults_of(case, 2, "", tmp_path)) == ["the identifier is in children.xlsx"]
    assert list(fuzz.faults_of(fuzz.Case("bytes", {}), 2, "", tmp_path)) == []


def test_it_reads_logs(fuzz: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("centiles.commands.main", lambda: logging.getLogger("x").warning("seen"))
    assert fuzz.ran_of([]) == (0, "seen\n")


def test_it_counts_what_score_gives_back(fuzz: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "scored-out.csv").write_text('id,note,z\n1,"a\nb",\n2,,0.1\n')
    for rows, found in ((2, []), (3, ["3 rows were written and 2 came back from score"])):
        case = fuzz.Case("table", {}, rows=rows, command="score")
        assert list(fuzz.faults_of(case, 0, "", tmp_path / "out")) == found


def test_every_layout_and_format_is_made(fuzz: ModuleType) -> None:
    made = [fuzz.case_of(np.random.default_rng([2, n])).files for n in range(400)]
    names = {name for files in made for name in files}
    assert {name.rpartition(".")[2] for name in names} >= {
        "csv", "gz", "xlsx", "ods", "parquet", "arrow", "json", "ndjson",
    }  # fmt: skip
    assert {name.partition(".")[0] for name in names} >= {
        "clinic", "long", "SRCode", "CareRecord_Observation", "clinical", "growth", "bundle",
        "clinical_events", "ncmp", "enhanced", "CYP611Obs", "list", "export",
    }  # fmt: skip


def test_it_sees_a_fault_and_what_is_lost(fuzz: ModuleType, tmp_path: Path) -> None:
    case = fuzz.Case("table", {}, rows=3)
    assert list(fuzz.faults_of(case, 1, "a fault in centiles: KeyError", tmp_path))
    assert list(fuzz.faults_of(case, -11, "", tmp_path))
    fates = {"scored": 1, "skipped": 0}
    source = {"fates": fates, "values": 2, "contacts": 0, "rows": 2}
    (tmp_path / "run.json").write_text(json.dumps({"sources": [source], "problems": {}}))
    (tmp_path / "scored.csv").write_text("row,derived\n2,false\n2,true\n")
    assert list(fuzz.faults_of(case, 0, "", tmp_path)) == [
        "fates do not add up", "records read are not in scored.csv",
        "3 rows were written and 2 read",
    ]  # fmt: skip
