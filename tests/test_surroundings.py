"""The same answers whatever the machine around it: clock, locale, encoding, ends of lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from centiles.records import read
from tests.commandline import export, run

ROOT = Path(__file__).resolve().parents[1]
PLAIN = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
SURROUNDINGS = {
    "fourteen hours ahead": {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8"},
    "behind, in ASCII": {"TZ": "America/New_York", "PYTHONIOENCODING": "ascii", **PLAIN},
}


def process(*arguments: str | Path, **surroundings: str) -> subprocess.CompletedProcess[bytes]:
    """Run ``centiles`` in a process of its own."""
    script = "from centiles.commands import main; main()"
    taken = {"LC_ALL", "LANG", "TZ", "PYTHONUTF8", "PYTHONIOENCODING", "COLUMNS"}
    kept = {name: value for name, value in os.environ.items() if name not in taken}
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], cwd=ROOT, check=False,
        capture_output=True, env=kept | {"PYTHONPATH": str(ROOT)} | surroundings,
    )  # fmt: skip


def tables(folder: Path) -> dict[str, bytes]:
    """Return the tables of a result, byte for byte."""
    found = {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))}
    assert {"findings.csv", "scored.csv", "children.csv", "problems.csv"} <= found.keys()
    return found


def test_results_are_the_same_in_every_time_zone_and_locale(tmp_path: Path) -> None:
    """And so is the last date of knowledge, which comes from the records and not the clock."""
    visits = export(tmp_path / "Grüße ½.csv")
    expected = tmp_path / "here"
    assert run("check", visits, "--out", expected, "--no-workbook").code == 0
    for number, around in enumerate(SURROUNDINGS.values()):
        folder = tmp_path / f"there{number}"
        ran = process("check", visits, "--out", folder, "--no-workbook", **around)
        assert ran.returncode == 0, ran.stderr
        assert b"Traceback" not in ran.stderr
        assert tables(folder) == tables(expected)
        assert json.loads((folder / "run.json").read_text("utf-8"))["as_of"] == "2026-02-09"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_signs_that_a_terminal_has_not_stop_nothing(encoding: str) -> None:
    """Sources and limits have some (≥, ⅔): they are replaced, or sent as UTF-8 to one in ASCII."""
    command = ["explain", "WT-FALL-1Y"]
    wide = process(*command, PYTHONIOENCODING="utf-8")
    narrow = process(*command, PYTHONIOENCODING=encoding, **PLAIN)
    assert (wide.returncode, narrow.returncode) == (0, 0), narrow.stderr
    text, kept = wide.stdout.decode("utf-8"), "utf-8" if encoding == "ascii" else encoding
    assert not text.isascii()
    assert narrow.stdout.decode(kept) == text.encode(kept, "replace").decode(kept)


def test_a_chart_named_beyond_ascii_is_written_where_the_locale_is_plain(tmp_path: Path) -> None:
    visits, target = export(tmp_path / "clinic.csv"), tmp_path / "Zoë.svg"
    ran = process(
        "chart", visits, "--child", "9990000026", "--measure", "weight", "-o", target,
        PYTHONIOENCODING="ascii", **PLAIN,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert [path.name for path in tmp_path.glob("*.svg")] == ["Zoë.svg"]
    assert "Weight" in target.read_text(encoding="utf-8")


TOML = '[files."clinic*.csv".columns]\nmeasured_on = "Seen on"\n'


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_configuration_from_windows_reads_the_same(tmp_path: Path, end: str) -> None:
    header = "Patient ID,Sex,Date of birth,Seen on,Weight (kg)"
    row = "9990000018,F,13/03/2020,25/03/2025,18.4"
    visits = export(tmp_path / "clinic.csv", [row], header)
    config = tmp_path / "centiles.toml"
    config.write_bytes(TOML.replace("\n", end).encode())
    source = read(visits, config=config).sources[0]
    assert source.mapping["measured_on"] == "Seen on"


def test_a_backslash_that_toml_takes_for_an_escape_is_explained(tmp_path: Path) -> None:
    visits, config = export(tmp_path / "clinic.csv"), tmp_path / "centiles.toml"
    config.write_text(TOML.replace("clinic*", "C:\\exports\\clinic"))
    ran = run("check", visits, "--out", tmp_path / "r", "--config", config)
    assert (ran.code, "Traceback" in ran.err) == (2, False)
    assert "write / for each backslash of a path" in ran.err
