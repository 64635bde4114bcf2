"""centiles.toml: what it may say, all its faults at once, found upward, written and read back."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.errors import MappingError, UnwritableError, UsageError
from centiles.records import Config, read
from centiles.records.configs import found_upward, save, toml_of
from centiles.records.policies import Merge, Privacy

CLINIC = (
    "NHS No,DOB,Gender,Seen,Ht,Weight (g),note\n9990000018,13/02/2020,0,14/02/2024,1.04,18400,\n"
)
SCHOOL = "UPN,Birth date,Sex,Date,Mass,Height cm\nU1,2020-05-01,F,2024-05-01,n/k,99\n"
TOML = """
[files."clinic*.csv".columns]
measured_on = "Seen"

[files."clinic*.csv".sex]
0 = "male"
1 = "female"

[files."school.csv".units]
weight = "kg"

[missing]
words = ["n/k"]

[sources]
rank = ["school.csv", "clinic*.csv"]

[merge]
by_name = true
never_merge = [["U1", "U2"]]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clinic 2024.csv").write_text(CLINIC)
    (tmp_path / "school.csv").write_text(SCHOOL)
    (tmp_path / "centiles.toml").write_text(TOML)
    return tmp_path


def test_each_file_has_its_own_entries(folder: Path) -> None:
    found = read(
        [folder / "clinic 2024.csv", folder / "school.csv"], config=folder / "centiles.toml"
    )
    assert [source.name for source in found.sources] == ["school.csv", "clinic 2024.csv"]
    frame = found.frame
    assert frame["sex"].tolist() == ["female", "male", "male"]
    assert frame["value"].dropna().tolist() == [99, 18.4, 104]


def test_what_was_used_is_written_and_reads_back_as_the_same(folder: Path) -> None:
    exports = [folder / "clinic 2024.csv", folder / "school.csv"]
    first = read(exports, config=folder / "centiles.toml")
    save(first.config, folder / "used.toml")
    again = read(exports, config=folder / "used.toml")
    pd.testing.assert_frame_equal(first.frame, again.frame)
    assert again.config == first.config
    for one, other in zip(first.sources, again.sources, strict=True):
        assert {k: v for k, v in one.mapping.items() if k != "dates"} == {
            k: v for k, v in other.mapping.items() if k != "dates"
        }
    with pytest.raises(UnwritableError, match="is there already"):
        save(first.config, folder / "used.toml")


def test_the_nearest_is_found_above_the_first_export(folder: Path, monkeypatch) -> None:
    deep = folder / "term" / "one"
    deep.mkdir(parents=True)
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    monkeypatch.chdir(elsewhere)
    assert found_upward([deep / "a.csv"]) == folder / "centiles.toml"
    (folder / "term" / "centiles.toml").write_text("")
    assert found_upward([deep / "a.csv"]) == folder / "term" / "centiles.toml"
    assert found_upward([]) is None
    monkeypatch.chdir(deep)
    assert found_upward([]) == folder / "term" / "centiles.toml"


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(
        """
colums = 1
[columns]
shoe_size = "x"
[units]
weight = "furlong"
[sex]
0 = "boyish"
[dates]
format = "yy"
order = 1
[sources]
rank = "a.csv"
[merge]
by_name = "yes"
never_merge = [["only one"]]
[privacy]
dates = "years"
[files."a.csv".units]
height = "kg"
"""
    )
    with pytest.raises(UsageError) as raised:
        Config.from_toml(path)
    said = str(raised.value)
    for word in ("colums", "shoe_size", "furlong", "boyish", "'yy'", "dates.order", "rank",
                 "by_name", "never_merge", "'years'", "a.csv: units: found height"):  # fmt: skip
        assert word in said, word


def test_a_column_that_is_not_there_is_told_for_its_file(folder: Path) -> None:
    config = Config(files={"school.csv": Config(columns={"weight": "Wait"})})
    with pytest.raises(MappingError, match=r"school\.csv: the configuration names columns"):
        read(folder / "school.csv", config=config)


WORD = st.text(min_size=1, max_size=8).filter(lambda word: word.strip() != "")
ONE = st.builds(
    Config,
    columns=st.dictionaries(st.sampled_from(["weight", "child_id", "sex"]), WORD),
    units=st.fixed_dictionaries({}, optional={"weight": st.sampled_from(["kg", "g"])}),
    sex=st.dictionaries(WORD, st.sampled_from(["male", "female", "unknown"]), max_size=3),
    date_format=st.sampled_from([None, "dd/mm/yyyy", "mm/dd/yyyy"]),
    missing=st.lists(WORD, max_size=2, unique=True).map(tuple),
)


@given(
    one=ONE,
    files=st.dictionaries(WORD, ONE, max_size=2),
    rank=st.lists(WORD, max_size=2).map(tuple),
    apart=st.lists(st.lists(WORD, min_size=2, max_size=3).map(tuple), max_size=2).map(tuple),
)
def test_any_configuration_reads_back(
    one: Config, files: dict[str, Config], rank: tuple[str, ...], apart: tuple[tuple[str, ...], ...]
) -> None:
    whole = Config(
        sources=rank, merge=Merge(never_merge=apart), privacy=Privacy("k.txt", "ages"), files=files
    ).over(one)
    assert Config.from_entries(tomllib.loads(toml_of(whole)), "c") == whole


def test_the_pages_example_is_a_configuration() -> None:
    page = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"
    text = page.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    config = Config.from_entries(tomllib.loads(text), "configuration.md")
    assert config.sources == ("hospital*.csv", "school.csv")
    assert config.merge.never_merge == (("9990000018", "H123"),)
    assert config.for_file("school 2.csv").columns["measured_on"] == "Date weighed"


def test_a_key_stands_beside_its_configuration(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[privacy]\npseudonymise = "keys/k.txt"\n', encoding="utf-8")
    assert Config.from_toml(path).privacy.pseudonymise == str(tmp_path / "keys" / "k.txt")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[privacy]\npseudonymise = 7", "expected pseudonymise as the name of a key file"),
        ("[files]\n'a.csv' = 7", 'expected a table for each file, [files."a.csv"]'),
    ],
    ids=["key", "file"],
)
def test_what_is_of_another_form_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        Config.from_toml(path)
    assert said in str(raised.value)
