"""Under pseudonyms nothing in a result folder or a chart tells whose it is."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from centiles.commands import app
from centiles.errors import CentilesError, UnreadableError, UsageError
from centiles.records.pseudonyms import MOST_KEY_BYTES, Pseudonyms, read_key

KEY = b"a key of thirty-two bytes, no less"
CANARIES = ("9990000018", "HOME77", "Zebedee", "Quokka", "H0SP1TAL", "secretnote")
DATES = ("2020-03-12", "12/03/2020", "12 Mar 2020", "2025-03-13", "2026-02-09", "9 Feb 2026",
         "13 Mar 2025", "2025-11-20", "2026-02-10", "2026-03-10")  # fmt: skip
EXPORT = """NHS number,Hospital number,Name,Household,DOB,Sex,Date,Weight (kg),Height (cm),Reason
9990000018,H0SP1TAL,Zebedee Quokka,HOME77,12/03/2020,M,13/03/2025,18.4,108.2,
9990000018,H0SP1TAL,Zebedee Quokka,HOME77,12/03/2020,M,09/02/2026,15.1,108.9,
9990000018,H0SP1TAL,Zebedee Quokka,HOME77,12/03/2020,M,10/02/2026,seen Zebedee 9990000018,,
9990000018,H0SP1TAL,Zebedee Quokka,HOME77,12/03/2020,M,10/02/2026,9990000018,,
9990000018,H0SP1TAL,Zebedee Quokka,HOME77,12/03/2020,F,09/02/2026,,,Quokka 9 Feb 2026 away
"""
SIDES = {
    "children": "child_id,household_id,condition\n9990000018,HOME77,\n",
    "events": "child_id,date,type,note\n9990000018,2025-11-20,injury,secretnote Zebedee\n",
    "actions": "child_id,rule,date,by_role,review_on\n"
    "9990000018,WT-FALL-1Y,2026-02-10,nurse Quokka,2026-03-10\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clinic.csv").write_text(EXPORT)
    (tmp_path / "key").write_bytes(KEY)
    for name, text in SIDES.items():
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def ran(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if isinstance(result.exception, CentilesError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def check(folder: Path, *more: str, file: str = "clinic.csv") -> tuple[Path, str]:
    out = folder / "results"
    sides = [word for name in SIDES for word in (f"--{name}", folder / f"{name}.csv")]
    said = ran(
        "check", folder / file, *sides, "--out", out, "--pseudonymise", folder / "key", *more
    )
    return out, said


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield every file of a folder as text, what a PDF has compressed in it too."""
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        content = path.read_bytes()
        parts = [content]
        for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, flags=re.DOTALL):
            try:
                parts.append(zlib.decompress(stream))
            except zlib.error:
                continue
        yield path.name, b"\n".join(parts).decode("utf-8", "replace")


@pytest.mark.parametrize(("dates", "hidden"), [("keep", ()), ("ages", DATES)])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_no_canary_is_anywhere(
    folder: Path, dates: str, hidden: tuple[str, ...], form: str
) -> None:
    out, said = check(folder, "--dates", dates, "--scored", form, "--json")
    found = [*texts(out), ("output", said)]
    assert {name for name, _ in found} >= {"children.csv", "findings.csv", "run.json"}
    for name, text in found:
        for canary in (*CANARIES, *hidden, KEY.decode()):
            assert canary not in text, f"{canary} in {name}"
    if form == "parquet":
        text = pd.read_parquet(out / "scored.parquet").to_csv()
        assert not [canary for canary in (*CANARIES, *hidden) if canary in text]


@pytest.mark.parametrize("form", ["svg", "pdf"])
def test_a_chart_shows_the_pseudonym_only(folder: Path, form: str) -> None:
    (folder / "charts").mkdir()
    ran("chart", folder / "clinic.csv", "--child", "9990000018", "--pseudonymise", folder / "key",
        "--dates", "ages", "-o", folder / "charts" / f"chart.{form}")  # fmt: skip
    found = list(texts(folder / "charts"))
    assert found
    for name, text in found:
        assert not [canary for canary in (*CANARIES, *DATES) if canary in text], name


def test_the_findings_are_those_that_are_made_without(folder: Path) -> None:
    out, _ = check(folder, "--dates", "ages")
    hidden = pd.read_csv(out / "findings.csv")
    sides = [word for name in SIDES for word in (f"--{name}", folder / f"{name}.csv")]
    ran("check", folder / "clinic.csv", *sides, "--out", folder / "o")
    plain = pd.read_csv(folder / "o" / "findings.csv")
    same = [
        "rule",
        "severity",
        "state",
        "measure",
        "from_row",
        "to_row",
        "change_z",
        "interval_days",
    ]
    pd.testing.assert_frame_equal(hidden[same], plain[same])
    assert set(hidden["child_id"]) == {Pseudonyms(KEY).child("9990000018")}


def test_rows_that_could_not_be_used_are_counted_and_not_given_back(folder: Path) -> None:
    out, said = check(folder)
    assert [path.name for path in out.glob("rejected*")] == []
    assert "2 rows could not be used. Under pseudonyms no rejected.csv gives them back" in said
    listed = pd.read_csv(out / "problems.csv").query("severity == 'error' and row > 0")
    assert sorted(set(listed["row"])) == [4, 5]
    ran("check", folder / "clinic.csv", "--out", folder / "plain")
    assert len(pd.read_csv(folder / "plain" / "rejected.csv")) == 2


MONTHLY = """NHS number,Name,Month of birth,Sex,Date,Weight (kg)
9990000018,Zebedee Quokka,03/2020,M,13/03/2025,18.4
9990000018,Zebedee Quokka,03/2020,M,09/02/2026,15.1
"""


def test_a_row_that_lacks_a_cell_gives_no_name_away(tmp_path: Path) -> None:
    """Its name stands under the header of the team, which is shown of every other row."""
    export = tmp_path / "clinic.csv"
    export.write_text(
        "NHS number,DOB,Sex,Date,Weight (kg),Team,Name\n"
        "9990000018,12/03/2020,M,13/03/2025,18.4,North,Zebedee\n"
        "9990000018,12/03/2020,M,09/02/2026,15.1,Zebedee\n"
    )
    (tmp_path / "key").write_bytes(KEY)
    out = tmp_path / "results"
    ran("check", export, "--out", out, "--pseudonymise", tmp_path / "key")
    scored = pd.read_csv(out / "scored.csv", keep_default_na=False)
    assert set(zip(scored["row"], scored["team"], strict=True)) == {(2, "North"), (3, "")}
    assert not [path for path in out.iterdir() if b"Zebedee" in path.read_bytes()]


@pytest.mark.parametrize("dates", ["keep", "ages"])
def test_with_side_files_and_months_of_birth(folder: Path, dates: str) -> None:
    """The children file has the day of birth: from it ages are reckoned, and it is not shown."""
    (folder / "monthly.csv").write_text(MONTHLY)
    (folder / "children.csv").write_text(
        "NHS number,Hospital number,date of birth,household_id\n"
        "9990000018,H0SP1TAL,2020-03-12,HOME77\n"
    )
    (folder / "events.csv").write_text(
        "hospital number,date,type,note\nH0SP1TAL,2025-11-20,injury,secretnote Zebedee\n"
    )
    out, said = check(folder, "--dates", dates, "--json", file="monthly.csv")
    hidden = (*CANARIES, *(DATES if dates == "ages" else ()))
    for name, text in [*texts(out), ("output", said)]:
        assert not [canary for canary in hidden if canary in text], name
    scored = pd.read_csv(out / "scored.csv")
    assert scored["age_days"].tolist() == [1827, 2160]  # 12 March 2020 to 13 March 2025
    assert set(scored["child_id"]) == {Pseudonyms(KEY).child("9990000018")}
    assert scored["birth_date"].isna().all() == (dates == "ages")
    record = json.loads((out / "run.json").read_text())
    used = [(side["kind"], side["fates"]["used"]) for side in record["side_files"]]
    assert used == [("children", 1), ("events", 1), ("actions", 1)]
    (folder / "children.csv").write_text("NHS number,household_id\n9990000018,HOME77\n")
    check(folder, "--dates", dates, "--force", file="monthly.csv")
    vague = pd.read_csv(out / "scored.csv")
    assert vague["age_days"].tolist() == [1824, 2157]  # from the 15th
    assert vague["note"].str.contains("age reckoned from the 15th").all()


def test_a_file_named_after_a_child_stops(folder: Path) -> None:
    (folder / "weights_9990000018.csv").write_text(EXPORT)
    with pytest.raises(UsageError, match="the name of file 1 holds an identifier") as raised:
        check(folder, file="weights_9990000018.csv")
    assert "9990000018" not in str(raised.value)


def test_keys() -> None:
    one, other = Pseudonyms(KEY), Pseudonyms(KEY[::-1])
    assert one.child("a") == one.child("a") != other.child("a")
    assert len({one.child("a"), one.child("b"), one.household("a")}) == 3
    assert one.child("") == ""
    assert KEY.decode() not in repr(one)
    with pytest.raises(UsageError, match="found a key of 15 bytes, expected at least 16"):
        Pseudonyms(b"x" * 15)
    with pytest.raises(UsageError, match="found 'never'"):
        Pseudonyms(KEY, "never")


def test_a_line_end_after_a_key_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(KEY)
    (tmp_path / "two").write_bytes(KEY + b"\n")
    assert read_key(tmp_path / "one") == read_key(tmp_path / "two") == KEY


def test_dates_without_a_key_mean_nothing(folder: Path) -> None:
    with pytest.raises(UsageError, match="found no --pseudonymise"):
        ran("check", folder / "clinic.csv", "--out", folder / "o", "--dates", "ages")


def test_a_key_that_is_none_is_told_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"^k: found No such file .* expected the key file"):
        read_key(tmp_path / "k")
    (tmp_path / "k").write_bytes(b"s" * (MOST_KEY_BYTES + 1))
    with pytest.raises(UsageError, match=r"^k: found a file too large to be a key; check"):
        read_key(tmp_path / "k")
    (tmp_path / "k").write_bytes(b"s" * MOST_KEY_BYTES)
    assert len(read_key(tmp_path / "k")) == MOST_KEY_BYTES
