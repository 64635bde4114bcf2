"""The fuzzer of tools/: a short run of it, and that it sees what it looks for."""

from __future__ import annotations

import importlib
import json
import sys
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
