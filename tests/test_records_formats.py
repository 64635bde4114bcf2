"""The made-up cohort in every format: the same values, the same z, the same findings."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from centiles.checks import Checked, check
from centiles.records import read
from tests.formats import WRITERS, cohort

ROWS = cohort(healthy=12)


def checked(name: str, folder: Path) -> Checked:
    return check(read(WRITERS[name](ROWS, folder)))


def scores(of: Checked) -> pd.DataFrame:
    """Return every value with its z and fate, in an order that no format decides."""
    said = ["child_id", "measured_on", "measure", "value", "unit", "age_days", "corrected_age_days"]
    said += ["gestation_days", "recorded_on", "posture", "z", "centile", "verdict", "fate"]
    frame = of.scored[of.scored["fate"] != ""][said]
    words = frame.select_dtypes("category").columns
    frame = frame.astype(dict.fromkeys(words, "str"))
    return frame.sort_values(said[:4]).reset_index(drop=True)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return checked("csv", tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "csv"])
def test_the_same_scores_and_findings(name: str, tmp_path: Path, plain: Checked) -> None:
    other = checked(name, tmp_path)
    pd.testing.assert_frame_equal(scores(other), scores(plain))
    assert len(plain.findings) > 10
    said = ["child_id", "rule", "severity", "state", "to_date", "sentence"]
    one, two = (of.findings[said].astype("str") for of in (other, plain))
    pd.testing.assert_frame_equal(one, two)
    assert [*other.children["child_id"]] == [*plain.children["child_id"]]


def test_a_folder_of_all_at_once(tmp_path: Path, plain: Checked) -> None:
    """Every value is there once for each format, and is merged into the first: nothing is new."""
    for write in WRITERS.values():
        write(ROWS, tmp_path)
    (tmp_path / "notes.pdf").write_bytes(b"%PDF-1.7")
    records = read(tmp_path)
    assert len(records.sources) == len(WRITERS)
    assert records.values_read == len(WRITERS) * plain.sources[0].values
    assert [*records.problems.loc[records.problems["code"] == "F03", "source"]] == ["notes.pdf"]
    whole = check(records)
    assert (whole.fates["values_read"] == whole.fates[[*whole.fates][:-1]].sum(axis=1)).all()
    said = ["child_id", "rule", "severity", "to_date"]
    one, two = (of.findings[said].astype("str") for of in (whole, plain))
    pd.testing.assert_frame_equal(one, two)
