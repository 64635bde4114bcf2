"""No child in the noise: canaries in the input are in the results, and in no message, ever.

Every input holds an identifier, a name, a date of birth and a weight that stand nowhere else. They
may be in result files, which are for their owner only; they may not be in standard error, in the
text of an exception, in a warning, in a log, in a file's name or in run.json.
"""

from __future__ import annotations

import gzip
import io
import itertools
import logging
import stat
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import centiles
from centiles.errors import CentilesError
from tests.commandline import run

CANARIES = ("CANARY77", "Wrenfield", "07/11/2019", "2019-11-07", "17.389", "1041.77", "QUILL")
HEADER = "NHS number,Name,Sex,Date of birth,Date measured,Weight (kg),Height (cm),Gestation,School"
CHILD = "CANARY77,Wrenfield,F,07/11/2019"
SOUND = [f"{CHILD},25/03/2024,17.389,104.177,38+4,QUILL", f"{CHILD},25/03/2025,14.2,105,38+4,QUILL"]


def text(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def parquet() -> bytes:
    table = pd.read_csv(io.BytesIO(text(*SOUND)), dtype=str)
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(table), out)
    return out.getvalue()


INPUTS: dict[str, bytes] = {
    "sound": text(*SOUND),
    "parquet": parquet(),
    "gzip": gzip.compress(text(*SOUND)),
    "no header": text(SOUND[1], header=SOUND[0]),
    "wrong delimiter": text(*SOUND).replace(b",", b"~"),
    "an open quote": text(f'"{SOUND[0]}', SOUND[1]),
    "too many cells": text(f"{SOUND[0]},CANARY77,Wrenfield", SOUND[1]),
    "too few cells": text(SOUND[0], CHILD),
    "values that cannot be": text(
        SOUND[0], f"{CHILD},25/03/2025,1041.77,-17.389,50+0,QUILL",
        f"{CHILD},25/03/2025,CANARY77,Wrenfield,07/11/2019,QUILL",
        f"{CHILD},25/03/2025,inf,nan,4+0,QUILL",
    ),
    "dates that cannot be": text(
        SOUND[0], "CANARY77,Wrenfield,F,31/02/2019,25/03/2025,17.389,,,QUILL",
        f"{CHILD},CANARY77,17.389,,,QUILL", f"{CHILD},07/11/2018,17.389,,,QUILL",
        f"{CHILD},07/11/2099,17.389,,,QUILL",
    ),
    "dates of two orders": text(SOUND[0], f"{CHILD},03/25/2025,17.389,,,QUILL"),
    "dates of either order": text(f"{CHILD},05/06/2024,17.389,,,QUILL"),
    "sex is a name": text(
        *(row.replace("Wrenfield,F", "F,Wrenfield") for row in SOUND)
    ),
    "sex that is unknown": text(SOUND[0], SOUND[1].replace(",F,", ",Wrenfield,")),
    "sex that differs": text(SOUND[0], SOUND[1].replace(",F,", ",M,")),
    "birth date that differs": text(SOUND[0], SOUND[1].replace("07/11/2019", "08/11/2019")),
    "weights are names": text(*(row.replace("17.389", "Wrenfield") for row in SOUND[:1])),
    "two columns of weight": text(
        *(f"{row},17.389" for row in SOUND), header=f"{HEADER},Weight"
    ),
    "no date": text("CANARY77,17.389", header="NHS number,Weight (kg)"),
    "a weight in no unit": text(
        "CANARY77,F,2019-11-07,2024-03-25,1041.77", header="id,sex,dob,date,weight"
    ),
    "an age of words": text(
        "CANARY77,F,17.389,Wrenfield", header="id,sex,weight (kg),age (years)"
    ),
    "a long table": text(
        "CANARY77,F,2019-11-07,2024-03-25,weight,17.389,QUILL",
        "CANARY77,F,2019-11-07,2024-03-25,Wrenfield,17.389,kg",
        "CANARY77,F,2019-11-07,2024-03-25,height,CANARY77,cm",
        header="id,sex,dob,date,measure,value,unit",
    ),
    "zero bytes": text(*SOUND) + b"\x00CANARY77",
    "UTF-16 cut short": b"\xff\xfe" + text(*SOUND).decode().encode("utf-16-le")[:-1],
    "gzip cut short": gzip.compress(text(*SOUND))[:-20],
    "parquet cut short": parquet()[:-20],
    "one endless cell": text(f'"{"CANARY77" * 30_000}",x', f'"open {SOUND[0]}'),
}  # fmt: skip


def assert_silent(said: str, *, of: str) -> None:
    for canary in CANARIES:
        assert canary not in said, f"{canary} in {of}"


@pytest.fixture(params=INPUTS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "export.csv"
    path.write_bytes(INPUTS[request.param])
    return path


def test_the_canaries_are_in_the_results_or_this_proves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(INPUTS["sound"])
    assert run("check", path, "--out", tmp_path / "results").code == 0
    held = (tmp_path / "results" / "scored.csv").read_text(encoding="utf-8")
    for canary in ("CANARY77", "2019-11-07", "17.389", "QUILL"):
        assert canary in held


def test_a_run_says_nothing_of_a_child(path: Path, tmp_path: Path) -> None:
    results, scored, chart = (tmp_path / name for name in ("results", "scored.csv", "c.svg"))
    shown = run("check", path, "--dry-run")
    assert_silent(shown.out + shown.err, of="the dry run")
    ran = run("check", path, "--out", results, "--json")
    assert_silent(ran.err, of="standard error")
    assert_silent(ran.out, of="run.json")
    assert_silent(run("score", path, "-o", scored).err, of="standard error of score")
    drawn = run("chart", path, "--child", "CANARY77", "--measure", "weight", "-o", chart)
    assert_silent(drawn.err, of="standard error of chart")
    for made in tmp_path.rglob("*"):
        assert_silent(made.name, of="a file's name")
        if made.is_file() and made != path:
            assert stat.S_IMODE(made.stat().st_mode) == 0o600, made.name


def test_the_library_says_nothing_of_a_child(
    path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[Callable[[], object]] = [
        lambda: centiles.check(centiles.read(path)),
        lambda: centiles.check(centiles.read(path), as_of="2025-01-01").child("CANARY77"),
        lambda: centiles.check(centiles.read(path)).child("Wrenfield"),
        lambda: centiles.read(path, preset="growthcleanr"),
        lambda: centiles.read(path, sex_codes={"Wrenfield": "female"}),
    ]
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for call in calls:
            try:
                call()
            except CentilesError as fault:
                for link in chain_of(fault):
                    assert_silent(str(link), of="the text of an exception")
                    assert_silent("".join(traceback.format_exception_only(link)), of="a traceback")
    assert_silent(caplog.text, of="the log")
    assert_silent(" ".join(str(each.message) for each in warned), of="a warning")
    assert_silent("".join(capsys.readouterr()), of="what was printed")


def chain_of(fault: BaseException) -> list[BaseException]:
    """Return a fault and those a traceback would show before it."""
    chain, link = [], fault
    while link is not None and link not in chain:
        chain.append(link)
        following = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
        if following is None:
            break
        link = following
    return chain


@pytest.mark.parametrize(
    "arguments",
    [
        ["chart", "{export}", "--child", "CANARY88", "-o", "{folder}/c.png"],
        ["chart", "{export}", "--child", "CANARY77", "-o", "{folder}/c.bmp"],
        ["chart", "--sex", "female", "--born", "07/11/2019", "-o", "{folder}/c.png",
         "--point", "2024-03-25:weight:17.389"],
        ["chart", "--sex", "female", "--born", "2019-11-07", "-o", "{folder}/c.png",
         "--point", "2019-11-07:wt:17.389"],
        ["chart", "--sex", "female", "--born", "2019-11-07", "-o", "{folder}/c.png",
         "--point", "07/11/2019:weight:17.389"],
        ["chart", "--sex", "female", "--born", "2019-11-07", "-o", "{folder}/c.png",
         "--gestation", "QUILL", "--point", "2024-11-07:weight:17.389"],
        ["chart", "--sex", "female", "--born", "2019-11-07", "-o", "{folder}/c.svg",
         "--name", "Wrenfield", "--point", "2024-11-07:weight:1041.77"],
    ],
    ids=str,
)  # fmt: skip
def test_what_is_typed_about_a_child_is_not_repeated(tmp_path: Path, arguments: list[str]) -> None:
    export = tmp_path / "export.csv"
    export.write_bytes(INPUTS["sound"])
    ran = run(*(word.format(export=export, folder=tmp_path) for word in arguments))
    for canary in (*CANARIES, "CANARY88"):
        assert canary not in ran.err


def test_a_chart_may_be_without_the_identifier(tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_bytes(INPUTS["sound"])
    for suffix in ("svg", "png"):
        target = tmp_path / f"c.{suffix}"
        ran = run(
            "chart", export, "--child", "CANARY77", "--name", "", "--measure", "weight",
            "-o", target,
        )  # fmt: skip
        assert ran.code == 0
    for made in itertools.chain(tmp_path.glob("*.svg"), tmp_path.glob("*.txt")):
        assert "CANARY77" not in made.read_text(encoding="utf-8")
    for made in tmp_path.glob("*.png"):
        assert b"CANARY77" not in made.read_bytes()
