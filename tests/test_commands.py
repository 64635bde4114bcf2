"""The command line: what it prints where, how it ends, and what it leaves on disk."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

import centiles
from centiles import charts, child_options, commands, grouped_help, options, records, version
from centiles.charts.windows import WINDOWS
from centiles.errors import (
    CentilesError,
    MappingError,
    TableError,
    UnreadableError,
    UnwritableError,
    UsageError,
)
from centiles.measures import MEASURES, SEXES
from centiles.monitoring.schema import SEVERITIES
from centiles.records import layouts
from centiles.records.columns import PROBLEM_CODES
from centiles.references import FOLDERS, reference
from centiles.reports.results import SCORED_FORMS
from tests.commandline import FALLING, HEADER, STEADY, Ran, export, run

ROOT = Path(__file__).resolve().parents[1]
RESULTS = {
    "report.html", "children.xlsx", "children.csv", "findings.csv", "contacts.csv", "teams.csv",
    "scored.csv", "problems.csv",
    "run.json",
}  # fmt: skip


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    return export(tmp_path / "clinic.csv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "results"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def hidden(folder: Path) -> list[str]:
    """Return what an interrupted run would have left behind."""
    return [path.name for path in folder.rglob(".*")]


# ---- help


COMMANDS = [
    "chart", "check", "demo", "explain", "reference", "score", "sheet", "template", "trial",
]  # fmt: skip


def command_names() -> list[str]:
    return sorted(typer.main.get_command(commands.app).commands)  # type: ignore[attr-defined]


def test_the_commands_there_are() -> None:
    assert command_names() == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_help_shows_an_example_that_has_only_options_there_are(name: str) -> None:
    shown = run(name, "--help")
    assert shown.code == 0
    examples = re.findall(r"^ +centiles (.*(?:\n {8}.*)?)", shown.out, flags=re.MULTILINE)
    assert examples
    assert all(example.split()[0] == name for example in examples)
    asked = set(re.findall(r"--[a-z-]+", " ".join(examples)))
    described = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", shown.out, flags=re.MULTILINE))
    assert asked <= described


def test_help_names_every_word_that_can_be_given() -> None:
    shown = " ".join(run("chart", "-h").out.split())
    assert ", ".join(list(WINDOWS)[:-1]) + f" or {list(WINDOWS)[-1]};" in shown
    presets = list(layouts.layouts()["presets"])
    said = re.sub(r"-\n +", "-", run("check", "-h").out)  # lines may end at a hyphen
    said = " ".join(said.split())
    assert f"{', '.join(presets[:-1])} or {presets[-1]}." in said


def test_the_words_of_options_are_the_words_of_the_library() -> None:
    assert tuple(options.Level) == SEVERITIES
    assert set(child_options.MeasureName) == set(map(str, MEASURES))
    assert set(child_options.SexName) == set(map(str, SEXES))
    assert tuple(options.Form) == SCORED_FORMS
    assert tuple(options.ReferenceName) == tuple(FOLDERS)


def test_version() -> None:
    assert run("--version").out == f"centiles {version.__version__}\n"


def test_without_a_command_there_is_help() -> None:
    shown = run()
    assert "Commands:" in shown.out + shown.err


def test_nothing_is_cut_short_on_a_terminal_of_eighty_columns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for command in ([], *([name] for name in COMMANDS)):
        shown = run(*command, "--help").out
        assert not re.search(r"\w\.\.\.$", shown, flags=re.MULTILINE), command
        assert max(map(len, shown.splitlines())) <= 80, command


def test_help_uses_a_wide_terminal_up_to_what_is_easy_to_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    longest = max(map(len, run("check", "--help").out.splitlines()))
    assert 90 < longest <= grouped_help.WIDEST


def test_options_stand_under_the_heading_of_what_they_do() -> None:
    shown = run("check", "--help").out
    parts = re.split(r"^(\w[\w ]+):$", shown, flags=re.MULTILINE)[1:]
    found = {
        heading: set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", text, flags=re.MULTILINE))
        for heading, text in zip(parts[::2], parts[1::2], strict=True)
    }
    assert {"--out", "--force", "--help", "--as-of"} <= found["Options"]
    assert {"--preset", "--config", "--date-format"} <= found["How files are read"]
    assert found["What else is known"] == {"--previous", "--children", "--events", "--actions"}
    assert found["Who may see it"] == {"--pseudonymise", "--dates", "--sensitive"}
    assert {"--scored", "--share", "--json"} <= found["What is written"]
    every = [option for options in found.values() for option in options]
    assert len(every) == len(set(every)) > 25  # each under one


def test_help_says_how_every_command_ends_and_where_files_go() -> None:
    said = " ".join(run("--help").out.split())
    for code in ({fault.exit_code for fault in CentilesError.__subclasses__()} | {0, 1, 130}) - {
        CentilesError.exit_code
    }:
        assert f" {code} " in said, code
    assert "Only what --out or -o names is written" in said


def completed(shell: str, words: str) -> set[str]:
    """Return what a shell is offered for what was typed so far, as its own script asks."""
    typed = {
        "bash": {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))},
        "zsh": {"_TYPER_COMPLETE_ARGS": words},
        "fish": {"_TYPER_COMPLETE_ARGS": words, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    asked = {"_CENTILES_COMPLETE": f"complete_{shell}", **typed}
    shown = CliRunner().invoke(commands.app, prog_name="centiles", env=asked).output
    return set(re.findall(r"(?<![\w-])(?:--[a-z-]+|ch\w+|[dp]\w+l)(?![\w-])", shown))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_offers_commands_and_options(shell: str) -> None:
    assert {"chart", "check"} <= completed(shell, "centiles ch")
    offered = completed(shell, "centiles score --re")
    assert "--reference" in offered
    assert "--correction" not in offered


@pytest.mark.parametrize(
    ("shell", "asked"),
    [("bash", "complete -o"), ("zsh", "compdef"), ("fish", "complete --command centiles")],
)
def test_the_script_of_completion_is_shown_for_each_shell(shell: str, asked: str) -> None:
    shown = CliRunner().invoke(
        commands.app, prog_name="centiles", env={"_CENTILES_COMPLETE": f"source_{shell}"}
    )
    assert asked in shown.output
    assert f"complete_{shell}" in shown.output


@pytest.fixture
def program(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which ``centiles`` is a program, as an installation makes it."""
    path = tmp_path / "centiles"
    path.write_text(f"#!{sys.executable}\nfrom centiles.commands import main\n\nmain()\n")
    path.chmod(0o755)
    found = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": found, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}


def test_a_description_is_one_line_whatever_the_terminal(program: dict[str, str]) -> None:
    """Else fish would offer its second line as a word."""
    asked = {
        "_CENTILES_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_ARGS": "centiles check --",
    }  # fmt: skip
    ran = subprocess.run(
        ["centiles"], env=program | asked, capture_output=True, text=True, check=True
    )
    lines = ran.stdout.splitlines()
    assert len(lines) > 25
    assert all(line.startswith("--") for line in lines)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_itself_completes_with_the_script_it_is_given(program: dict[str, str]) -> None:
    """The script is loaded, and asked as bash does when the tab key is pressed."""
    script = """
        eval "$(_CENTILES_COMPLETE=source_bash centiles)"
        COMP_WORDS=(centiles check --pre) COMP_CWORD=2
        _centiles_completion centiles --pre check
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    ran = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=True, env=program
    )
    assert set(ran.stdout.split()) == {"--preset", "--previous"}


# ---- check


def test_check_writes_the_results_and_says_where(visits: Path, folder: Path) -> None:
    ran = run("check", visits, "--out", folder)
    assert ran.code == 0
    assert ran.out == f"{folder}\n"
    assert {path.name for path in folder.iterdir()} == RESULTS
    first, second = rows_of(folder / "children.csv")
    assert (first["rank"], first["child_id"], first["level"]) == ("1", "9990000026", "urgent")
    assert (second["rank"], second["child_id"], second["level"]) == ("0", "9990000018", "")
    assert hidden(folder.parent) == []


def test_the_summary_is_on_standard_error_and_counts_every_value(
    visits: Path, folder: Path
) -> None:
    said = run("check", visits, "--out", folder).err
    assert "child_id ← Patient ID" in said
    assert "weight ← Weight (kg) [kg]" in said
    assert "dates ← day first" in said
    assert "sex codes ← F=female, M=male" in said
    assert "clinic.csv: 6 values read: 6 scored" in said
    assert "2 children: 1 urgent; 1 without" in said
    assert "as of 2026-02-09" in said
    assert "not clinically approved" in said


def test_one_of_a_thing_is_not_many(tmp_path: Path, folder: Path) -> None:
    one = export(tmp_path / "one.csv", ["a,F,12/03/2020,25/03/2025,18.4,,"])
    said = run("check", one, "--out", folder).err
    assert "1 value read: 1 scored" in said
    assert "1 child: none with an open finding" in said


def test_json_is_run_json_and_nothing_else(visits: Path, folder: Path) -> None:
    ran = run("check", visits, "--out", folder, "--json")
    assert json.loads(ran.out) == json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert ran.out.isascii()


def test_results_are_for_their_owner_only(visits: Path, folder: Path) -> None:
    run("check", visits, "--out", folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_scored_as_parquet(visits: Path, folder: Path) -> None:
    assert run("check", visits, "--out", folder, "--scored", "parquet").code == 0
    assert {path.name for path in folder.iterdir()} == RESULTS - {"scored.csv"} | {"scored.parquet"}


def test_several_exports_become_one_timeline(tmp_path: Path, folder: Path) -> None:
    school = export(tmp_path / "school.csv", FALLING[:1])
    hospital = export(tmp_path / "hospital.csv", FALLING[1:])
    both = ["check", school, hospital, "--out", folder]
    assert "--date-format" in run(*both).err  # the hospital's own dates fit both orders
    assert run(*both, "--date-format", "dd/mm/yyyy").code == 0
    [child] = rows_of(folder / "children.csv")
    assert child["sources"] == "school.csv; hospital.csv"
    assert child["level"] == "urgent"


BROKEN = b"PK\x03\x04 no workbook"


def test_one_unreadable_file_among_several_stops_unless_it_is_skipped(
    visits: Path, tmp_path: Path, folder: Path
) -> None:
    broken = tmp_path / "hospital.xlsx"
    broken.write_bytes(BROKEN)
    ran = run("check", visits, broken, "--out", folder)
    assert (ran.code, folder.exists()) == (3, False)
    ran = run("check", visits, broken, "--out", folder, "--skip-unreadable")
    assert ran.code == 0
    summary = [line for line in ran.err.splitlines() if "←" not in line]
    missing = "MISSING from these results, could not be read: hospital.xlsx (1 file)"
    assert summary[0] == missing
    record = (folder / "run.json").read_text("utf-8").splitlines()
    assert record[1:3] == ['  "missing_sources": [', '    "hospital.xlsx"']
    listed = [(row["code"], row["source"], row["row"]) for row in rows_of(folder / "problems.csv")]
    assert listed == [("F05", "hospital.xlsx", "0")]


def test_nothing_to_skip_changes_nothing(visits: Path, folder: Path) -> None:
    ran = run("check", visits, "--out", folder, "--skip-unreadable")
    assert (ran.code, "MISSING" in ran.err) == (0, False)
    assert "missing_sources" not in json.loads((folder / "run.json").read_text("utf-8"))


def test_what_cannot_be_read_at_all_is_never_skipped(tmp_path: Path, folder: Path) -> None:
    broken = tmp_path / "hospital.xlsx"
    broken.write_bytes(BROKEN)
    assert run("check", broken, "--out", folder, "--skip-unreadable").code == 3


def test_a_skipped_file_that_others_need_is_named(tmp_path: Path, folder: Path) -> None:
    code = tmp_path / "SRCode.csv"
    code.write_text("IDPatient,DateEvent,SNOMEDCode,NumericValue\n17,12 Mar 2025,27113001,18.4\n")
    (tmp_path / "SRPatient.csv.gz").write_bytes(b"\x1f\x8b cut short")
    ran = run("check", tmp_path, "--out", folder, "--skip-unreadable")
    assert (ran.code, "left out as unreadable: SRPatient.csv.gz" in ran.err) == (2, True)


def test_an_unclear_file_is_never_skipped(visits: Path, tmp_path: Path, folder: Path) -> None:
    unclear = export(tmp_path / "unclear.csv", (STEADY[0].replace("25/03", "03/03"),))
    unclear.write_text(unclear.read_text().replace("12/03/2020", "12/03/2020"))
    ran = run("check", visits, unclear, "--out", folder, "--skip-unreadable")
    assert (ran.code, "--date-format" in ran.err) == (2, True)


def test_never_merge_is_a_file(tmp_path: Path, folder: Path) -> None:
    head = "NHS number,Hospital number,Sex,Date of birth,Date measured,Weight (kg)"
    one = export(tmp_path / "a.csv", ("9990000018,H1,F,13/03/2020,25/03/2025,18.4",), head)
    two = export(tmp_path / "b.csv", (",H1,F,13/03/2020,25/03/2026,15.1",), head)
    assert run("check", one, two, "--out", folder).code == 0
    assert len(rows_of(folder / "children.csv")) == 1
    apart = tmp_path / "apart.csv"
    apart.write_text("child,other child\n9990000018,H1\n")
    parted = run("check", one, two, "--out", folder, "--never-merge", apart, "--force")
    assert (parted.code, len(rows_of(folder / "children.csv"))) == (0, 2)
    options = json.loads((folder / "run.json").read_text("utf-8"))["options"]
    assert options["never_merge"] == str(apart)
    assert len(options["never_merge_sha256"]) == 64


def test_as_of_replays_what_was_known(visits: Path, folder: Path) -> None:
    ran = run("check", visits, "--out", folder, "--as-of", "2025-12-31")
    assert "4 scored, 2 skipped" in ran.err
    assert {row["level"] for row in rows_of(folder / "children.csv")} == {""}
    assert json.loads((folder / "run.json").read_text("utf-8"))["as_of"] == "2025-12-31"


def test_as_of_before_all_records_leaves_nothing_scored_and_loses_nothing(
    visits: Path, folder: Path
) -> None:
    ran = run("check", visits, "--out", folder, "--as-of", "2019-01-01")
    assert (ran.code, "6 skipped" in ran.err) == (0, True)
    assert {row["fate"] for row in rows_of(folder / "scored.csv")} == {"skipped"}


@pytest.mark.parametrize(
    ("level", "rows", "code"),
    [
        ("urgent", FALLING, 1),
        ("watch", FALLING, 1),
        ("info", STEADY, 0),
        ("urgent", STEADY, 0),
    ],
)
def test_fail_on_ends_with_1_when_a_child_is_there(
    tmp_path: Path, folder: Path, level: str, rows: tuple[str, ...], code: int
) -> None:
    ran = run("check", export(tmp_path / "x.csv", rows), "--out", folder, "--fail-on", level)
    assert ran.code == code
    assert {path.name for path in folder.iterdir()} == RESULTS  # findings are results


def test_run_json_tells_how_it_was_made(tmp_path: Path, visits: Path, folder: Path) -> None:
    config = tmp_path / "centiles.toml"
    config.write_text('[columns]\nweight = "Weight (kg)"\n', encoding="utf-8")
    run("check", visits, "--out", folder, "--config", config, "--correction", "paper")
    made = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert made["version"] == version.__version__
    assert made["correction"] == made["options"]["correction"] == "paper"
    assert made["approval"] == "rules not clinically approved"
    assert set(made["made_with"]) == {"python", "numpy", "scipy", "pandas", "pyarrow"}
    import hashlib

    def digest(path: Path) -> str:
        return hashlib.sha256(path.read_bytes()).hexdigest()

    assert made["sources"][0]["sha256"] == digest(visits)
    assert made["options"]["config_sha256"] == digest(config)
    assert made["rules_sha256"] == digest(ROOT / "centiles" / "monitoring" / "uk.toml")
    assert re.fullmatch(r"[0-9a-f]{64}", made["reference_sha256"])
    fates = made["sources"][0]["fates"]
    assert fates.pop("values_read") == sum(fates.values()) == 6


# ---- the dry run


def test_dry_run_prints_the_mapping_and_writes_nothing(visits: Path, folder: Path) -> None:
    ran = run("check", visits, "--out", folder, "--dry-run")
    assert ran.code == 0
    assert "by all its 3 rows" in ran.out
    shown = dict(line.split(maxsplit=1) for line in ran.out.splitlines()[1:] if " " in line)
    assert shown["weight"] == "Weight (kg) [kg]"
    assert shown["measured_on"] == "Date measured"
    assert "day first" in ran.out
    assert "F=female, M=male" in ran.out
    assert not folder.exists()


def test_dry_run_goes_by_the_side_files_and_shows_them(tmp_path: Path) -> None:
    """Who was born when, only the children file says here: without it there is nothing to score."""
    measured, children = tmp_path / "measured.csv", tmp_path / "children.csv"
    measured.write_text("child_id,measured_on,weight_kg\na,2024-05-14,16.2\n")
    children.write_text("child_id,sex,dob\na,F,2020-02-13\n")
    assert run("check", measured, "--dry-run").code == 2
    ran = run("check", measured, "--children", children, "--dry-run")
    assert ran.code == 0
    assert "children.csv, by all its 1 row:" in ran.out
    assert "  birth_date      dob" in ran.out


def test_dry_run_writes_the_mapping_where_asked(visits: Path, tmp_path: Path) -> None:
    used = tmp_path / "used.toml"
    assert run("check", visits, "--dry-run", "--save-mapping", used).code == 0
    assert 'weight = "Weight (kg)"' in used.read_text()
    again = run("check", visits, "--dry-run", "--config", used)
    shown = run("check", visits, "--dry-run").out
    assert again.out.replace("dates           dd/mm/yyyy", "dates           day first") == shown
    assert run("check", visits, "--dry-run", "--save-mapping", used).code == 4


def large(folder: Path, *, after: bytes) -> Path:
    """Write an export whose first rows are sound, with something else far below them."""
    path = folder / "large.csv"
    rows = "\n".join([HEADER, *FALLING * 1500, ""])
    path.write_bytes(rows.encode() + after)
    return path


def test_dry_run_reads_the_first_rows_of_a_file_of_200_mb_and_no_more(tmp_path: Path) -> None:
    path = large(tmp_path, after=b"")
    os.truncate(path, 200 << 20)  # the rest is zero bytes, at which a whole reading stops
    tracemalloc.start()
    ran = run("check", path, "--dry-run")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 << 20
    assert ran.code == 0, ran.err
    assert "by a sample, its first 2,000 rows" in ran.out
    assert "sample" in ran.err
    assert run("check", path, "--out", tmp_path / "results").code == 3


def test_dry_run_reads_the_beginning_of_a_packed_file(tmp_path: Path) -> None:
    whole = gzip.compress(large(tmp_path, after=os.urandom(1 << 20).hex().encode()).read_bytes())
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])  # cut short, at which a whole reading stops
    assert "by a sample" in run("check", path, "--dry-run").out
    assert run("check", path, "--out", tmp_path / "results").code == 3


def test_dry_run_reads_the_beginning_of_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    source = large(tmp_path, after=b"")
    for rows, said in ((2000, "by all its 2,000 rows"), (2001, "by a sample, its first 2,000")):
        path = tmp_path / "visits.parquet"
        table = pa_csv.read_csv(source).slice(0, rows)
        pq.write_table(pa.table(table), path)
        assert said in run("check", path, "--dry-run").out


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_sample_is_the_first_rows_whatever_the_encoding_and_line_ends(
    tmp_path: Path, encoding: str, end: str
) -> None:
    rows = [HEADER.replace("Patient ID", "id,Nöte")]
    rows += ["c0,é,F,12/03/2020,25/03/2025,18.4,,"]  # so that line 2,001 ends within a quotation
    rows += [f'c{n},"é, ü{end}é",F,12/03/2020,25/03/2025,18.4,,' for n in range(1, 30_000)]
    path = tmp_path / "x.csv"
    path.write_bytes(end.join(rows).encode(encoding))
    read = records.read(path, sample=True)
    assert read.sources[0].sampled
    taken = read.sources[0].rows
    # each row has a line end in its quotation, so 2,001 lines are no more than that many rows
    assert 500 < taken <= 2000
    assert list(read.frame["child_id"]) == [f"c{n}" for n in range(taken)]


def test_a_sample_of_a_small_file_is_all_of_it(visits: Path) -> None:
    read, whole = records.read(visits, sample=True), records.read(visits)
    assert not read.sources[0].sampled
    assert read.frame.equals(whole.frame)


def test_dry_run_as_json(visits: Path) -> None:
    [source] = json.loads(run("check", visits, "--dry-run", "--json").out)
    assert source["mapping"]["height"] == "Height (cm) [cm]"
    assert source["sampled"] is False


def test_dry_run_says_what_is_not_clear_and_that_it_saw_a_sample(tmp_path: Path) -> None:
    vague = export(tmp_path / "x.csv", ["a,F,02/03/2020,05/03/2025,18.4,,"])
    ran = run("check", vague, "--dry-run")
    assert ran.code == 2
    assert "--date-format" in ran.err
    assert "first 2,000 rows" in ran.err


# ---- what is there already


def test_an_earlier_result_is_kept_unless_forced(visits: Path, folder: Path) -> None:
    run("check", visits, "--out", folder)
    before = (folder / "run.json").read_bytes()
    ran = run("check", visits, "--out", folder, "--correction", "paper")
    assert ran.code == 4
    assert "--force" in ran.err
    assert (folder / "run.json").read_bytes() == before
    assert run("check", visits, "--out", folder, "--correction", "paper", "--force").code == 0
    assert json.loads((folder / "run.json").read_text("utf-8"))["correction"] == "paper"
    assert hidden(folder.parent) == []


def test_a_folder_is_refused_before_any_reading(tmp_path: Path, folder: Path) -> None:
    folder.mkdir()
    (folder / "letter.txt").touch()
    ran = run("check", tmp_path / "nowhere.csv", "--out", folder, "--force")
    assert ran.code == 4
    assert "not results of centiles" in ran.err


# ---- exit codes


def test_each_kind_of_trouble_has_its_code() -> None:
    codes = {kind: kind.exit_code for kind in CentilesError.__subclasses__()}
    assert codes[UsageError] == MappingError.exit_code == 2
    assert codes[UnreadableError] == TableError.exit_code == 3
    assert codes[UnwritableError] == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check"], "EXPORT"),
        (["check", "{export}"], "--out"),
        (["check", "{export}", "--out", "r", "--preset", "foo"], "growthcleanr"),
        (["check", "{export}", "--out", "r", "--rules", "foo"], "expected one of uk"),
        (["check", "{export}", "--out", "r", "--rules", "foo.toml"], "foo.toml"),
        (["check", "{export}", "--out", "r", "--config", "foo.toml"], "foo.toml"),
        (["check", "{export}", "--out", "r", "--config", "{export}"], "TOML"),
        (["check", "{export}", "--out", "r", "--sex-codes", "0"], "0=male,1=female"),
        (["check", "{export}", "--out", "r", "--sex-codes", "0=boy"], "male, female or unknown"),
        (["check", "{export}", "--out", "r", "--date-format", "iso"], "dd/mm/yyyy"),
        (["check", "{export}", "--out", "r", "--as-of", "9.2.2026"], "YYYY-MM-DD"),
        (["check", "{export}", "--out", "r", "--correction", "none"], "digital"),
        (["check", "{export}", "--out", "r", "--scored", "xlsx"], "parquet"),
        (["check", "{export}", "--out", "r", "--fail-on", "worst"], "urgent"),
        (["check", "{export}", "--out", "r", "--unknown-gestation", "x"], "omit"),
        (["score", "{export}", "-o", "x.xlsx"], ".csv or .parquet"),
        (["score", "{export}", "-o", "{export}", "--force"], "is the export itself"),
        (["chart", "{export}", "-o", "x.png"], "--child"),
        (["chart", "--child", "a", "-o", "x.png"], "no export"),
        (["chart", "-o", "x.png"], "--born"),
        (["chart", "{export}", "--child", "a", "--sex", "male", "-o", "x.png"], "one or the other"),
        (["chart", "{export}", "--child", "nobody", "-o", "x.png"], "no record"),
        (["chart", "{export}", "--child", "9990000018", "-o", "x.bmp"], ".png"),
        (["chart", "{export}", "--child", "9990000018", "--family", "-o", "x.png"], "--sensitive"),
        (["chart", "{export}", "--child", "9990000018", "--ages", "x", "-o", "x.png"], "corrected"),
        (["sheet", "{export}", "-o", "x.pdf"], "--child"),
        (["sheet", "{export}", "--child", "nobody", "-o", "x.pdf"], "no record"),
        (["sheet", "{export}", "--child", "9990000018", "-o", "x.png"], ".pdf"),
        (["chart", "{export}", "--child", "9990000018", "-o", "x"], ".png"),
        (["chart", "{export}", "--child", "9990000018", "-o", "x.png", "--measure", "w"], "weight"),
        (["chart", "{export}", "--child", "9990000018", "-o", "x.png", "--window", "w"], "infant"),
        (["explain", "XX"], "WT-FALL-1Y"),
        (["check", "{export}", "--out", "r", "--reference", "turner"], "were all worked out on it"),
        (
            ["chart", "{export}", "--child", "9990000018", "--reference", "cdc", "-o", "x.png"],
            "who",
        ),
        (
            [
                "chart",
                "{export}",
                "--child",
                "9990000018",
                "--reference",
                "who",
                "--sds",
                "-o",
                "x.svg",
            ],
            "on UK-WHO only",
        ),
        (
            ["chart", "{export}", "--child", "9990000026", "--reference", "turner", "-o", "x.png"],
            "no table in Turner syndrome",  # a boy
        ),
        (
            [
                "chart",
                "{export}",
                "--child",
                "9990000018",
                "--reference",
                "turner",
                "--measure",
                "weight",
                "-o",
                "x.png",
            ],
            "--measure: found none",
        ),
        (["nonsense"], "nonsense"),
    ],
)
def test_what_means_nothing_ends_with_2_and_says_what_is_expected(
    visits: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    ran = run(*(word.format(export=visits) for word in arguments))
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("command", [["check", "--out"], ["score", "-o"]])
def test_a_file_that_cannot_be_read_ends_with_3(command: list[str], tmp_path: Path) -> None:
    name, option = command
    ran = run(name, tmp_path / "none.csv", option, tmp_path / "x.csv")
    assert (ran.code, ran.out) == (3, "")
    assert "none.csv: found No such file" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_result_that_cannot_be_written_ends_with_4(visits: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for arguments in (
        ["check", visits, "--out", file / "sub"],
        ["check", visits, "--out", file],
        ["score", visits, "-o", tmp_path / "none" / "x.csv"],
        ["chart", visits, "--child", "9990000018", "-o", tmp_path / "none" / "x.png"],
        ["demo", "--out", file],
    ):
        ran = run(*arguments)
        assert (ran.code, ran.out) == (4, ""), arguments
        assert "Traceback" not in ran.err
    assert hidden(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_an_interrupt_ends_with_130_and_leaves_nothing(
    visits: Path, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background ignores it
    monkeypatch.setattr(  # while writing
        "centiles.reports.results.run_record", lambda *_: signal.raise_signal(number)
    )
    ran = run("check", visits, "--out", folder)
    assert (ran.code, ran.out) == (130, "")
    assert "interrupted" in ran.err
    assert list(tmp_path.iterdir()) == [visits]


@pytest.mark.parametrize("option", ["--children", "--never-merge", "--previous", "--config"])
def test_a_path_the_system_refuses_is_no_fault_of_ours(
    option: str, visits: Path, folder: Path
) -> None:
    ran = run("check", visits, "--out", folder, option, "x" * 5000)
    assert ran.code in (2, 3)  # Python 3.14 takes it for a file that is not there
    assert "expected" in ran.err.splitlines()[-1]
    assert "a fault in" not in ran.err
    assert not folder.exists()


def test_an_unforeseen_fault_tells_its_place_and_nothing_of_the_data(
    visits: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("9990000018 born 12/03/2020 weighs 18.4")

    monkeypatch.setattr("centiles.reports.results.run_record", fail)
    ran = run("check", visits, "--out", folder)
    assert ran.code == 1
    assert re.search(r"ValueError at results\.py:\d+", ran.err)
    assert "9990000018" not in ran.err
    assert not folder.exists()
    monkeypatch.setenv("CENTILES_DEBUG", "1")
    with pytest.raises(ValueError, match="9990000018"):
        run("check", visits, "--out", folder)


def test_a_reader_that_goes_away_is_no_fault() -> None:
    with subprocess.Popen(
        [sys.executable, "cli.py", "explain"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_run_that_is_ended_leaves_the_old_result(tmp_path: Path) -> None:
    """A whole process, stopped by SIGTERM when it has begun to write over an earlier result."""
    folder = tmp_path / "results"
    visits = export(tmp_path / "clinic.csv")
    run("check", visits, "--out", folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    script = (
        "import time\n"
        "from centiles import commands\n"
        "from centiles.reports import results\n"
        "results.run_record = lambda *_: time.sleep(60)\n"
        "commands.main()\n"
    )
    command = [sys.executable, "-c", script, "check", str(visits), "--out", str(folder), "--force"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob(".results.*/problems.csv")) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "interrupted" in err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clinic.csv", "results"]


# ---- score


def test_score_appends_and_says_how_many(visits: Path, tmp_path: Path) -> None:
    target = tmp_path / "scored.csv"
    ran = run("score", visits, "-o", target)
    assert (ran.code, ran.out) == (0, f"{target}\n")
    assert "scored: 6; not scored (their z is left empty): 0" in ran.err
    rows = rows_of(target)
    assert list(rows[0]) == [
        *HEADER.split(","),
        *(f"{m}_{part}" for m in ("weight", "height") for part in ("z", "centile", "position")),
    ]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert run("score", visits, "-o", target).code == 4
    assert run("score", visits, "-o", target, "--force").code == 0


# Girls' height at 7 years: 105 cm is −0.29 by the figures of Lyon 1985 (L 1, M 106.34, S 0.0437).
TURNER = "id,sex,dob,date,weight,height\na,F,13/03/2015,13/03/2022,18.2,105.0\n"
LONG = "id,sex,dob,date,measure,value\na,F,13/03/2015,13/03/2022,height,105.0\n"


@pytest.mark.parametrize(("text", "start"), [(TURNER, "height_turner_"), (LONG, "turner_")])
def test_score_on_another_reference_names_it(tmp_path: Path, text: str, start: str) -> None:
    export, target = tmp_path / "girls.csv", tmp_path / "scored.csv"
    export.write_text(text)
    ran = run("score", export, "-o", target, "--reference", "turner")
    assert (ran.code, "reference: Turner syndrome\n" in ran.err) == (0, True)
    [row] = rows_of(target)
    assert not {"z", "height_z"} & row.keys()
    assert float(row[f"{start}z"]) == pytest.approx(-0.29, abs=0.005)
    assert row[f"{start}position"] == "between the 25th and 50th"
    if text == TURNER:
        assert row["weight_turner_z"] == ""
        assert "scored: 1; not scored (their z is left empty): 1" in ran.err
    whole = tmp_path / "scored.parquet"
    assert run("score", export, "-o", whole, "--reference", "turner").code == 0
    said = pq.read_schema(whole).metadata
    assert (said[b"centiles_reference"], said[b"centiles_reference_edition"]) == (
        b"Turner syndrome", b"1985",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("turner", ",F,", ",M,"), ("turner", "2022", "2015"), ("uk90", "03/2022", "09/2015")],
)
def test_score_refuses_a_reference_with_no_table_for_any_value(
    tmp_path: Path, name: str, old: str, new: str
) -> None:
    export, target = tmp_path / "children.csv", tmp_path / "scored.csv"
    export.write_text(TURNER.replace(old, new, 1))
    ran = run("score", export, "-o", target, "--reference", name)
    assert (ran.code, ran.out, target.exists()) == (2, "", False)
    assert f"--reference {name}: found no table" in ran.err
    assert "docs/references.md" in ran.err


def test_lying_or_standing_is_as_the_section_of_the_reference_has_it(tmp_path: Path) -> None:
    """At 18 months Turner's heights are standing and UK-WHO's are lying: 0.7 cm between them."""
    export = tmp_path / "lying.csv"
    export.write_text(TURNER.replace("03/2022", "09/2016").replace("height", "length"))
    rows = {}
    for name in ("turner", "uk-who"):
        ran = run("score", export, "-o", tmp_path / f"{name}.csv", "--reference", name)
        assert ran.code == 0
        [rows[name]] = rows_of(tmp_path / f"{name}.csv")
    day = {"measure": "height", "sex": "female", "age_days": 550}
    on_turner = centiles.zscore(104.3, **day, reference="turner")
    assert float(rows["turner"]["height_turner_z"]) == pytest.approx(on_turner)
    assert float(rows["uk-who"]["height_z"]) == pytest.approx(centiles.zscore(105.0, **day))


# ---- chart


FROM_OPTIONS = ["--sex", "male", "--born", "2020-03-12", "--point", "2025-03-12:weight:18.4"]


def test_chart_from_an_export(visits: Path, tmp_path: Path) -> None:
    target = tmp_path / "chart.pdf"
    ran = run("chart", visits, "--child", "999 000 0026", "-o", target)
    assert (ran.code, ran.out) == (0, f"{target}\n")
    content = target.read_bytes()
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") == 3  # with BMI
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_chart_of_several_measures_is_a_file_each(visits: Path, tmp_path: Path) -> None:
    ran = run(
        "chart", visits, "--child", "9990000026", "-o", tmp_path / "c.svg",
        "--measure", "height", "--measure", "weight", "--name", "",
    )  # fmt: skip
    assert ran.code == 0
    assert [Path(line).name for line in ran.out.split()] == ["c-height.svg", "c-weight.svg"]
    for line in ran.out.split():
        assert "9990000026" not in Path(line).read_text(encoding="utf-8")


def test_chart_from_options_alone(tmp_path: Path) -> None:
    target = tmp_path / "chart.png"
    ran = run("chart", *FROM_OPTIONS, "--gestation", "38+4", "-o", target)
    assert ran.code == 0
    assert ran.err == ""
    assert target.read_bytes().startswith(b"\x89PNG")
    assert "18.4 kg" in target.with_suffix(".txt").read_text(encoding="utf-8")


def test_a_chart_from_options_names_the_child_only_if_asked(tmp_path: Path) -> None:
    named, nameless = tmp_path / "named.svg", tmp_path / "nameless.svg"
    run("chart", *FROM_OPTIONS, "--name", "Anna K", "-o", named)
    run("chart", *FROM_OPTIONS, "-o", nameless)
    assert "Anna K</title>" in named.read_text(encoding="utf-8")
    title = re.findall(r"<title>(.*?)</title>", nameless.read_text(encoding="utf-8"))
    assert title
    assert "child" not in title[0]


def test_a_chart_on_another_reference_has_its_lines_and_no_finding(
    visits: Path, tmp_path: Path
) -> None:
    """By hand: 108.1 cm at 1839 days (5.035 y) on M 97.71 + 0.035 · 4.65, S 0.047: z 2.22."""
    target = tmp_path / "chart.svg"
    ran = run("chart", visits, "--child", "9990000018", "--reference", "turner", "-o", target)
    assert (ran.code, ran.out) == (0, f"{target}\n")  # height only: Turner has no other
    text = target.read_text(encoding="utf-8")
    assert 'id="line-turner-50th"' in text
    assert "line-uk90" not in text
    assert "Reference: Turner syndrome, 1985" in text
    assert "Findings are made on UK-WHO and are not shown here." in text
    assert "between the 98th and 99.6th" in text
    run("chart", visits, "--child", "9990000026", "--reference", "who", "-o", tmp_path / "c.svg")
    falling = (tmp_path / "c-weight.svg").read_text(encoding="utf-8")
    assert "fell" not in falling
    assert "ring-" not in falling


def test_sds_chart_and_family_view(visits: Path, tmp_path: Path) -> None:
    of_one = ("chart", visits, "--child", "9990000018")
    sds, family = tmp_path / "sds.svg", tmp_path / "family.svg"
    assert run(*of_one, "--sds", "-o", sds).out == f"{sds}\n"
    assert "Chart of the z-scores of a girl." in sds.read_text(encoding="utf-8")
    assert run(*of_one, "--family", "--sensitive", "-o", family).code == 0
    assert "do not share with the family without advice" in family.read_text(encoding="utf-8")


def test_a_chart_takes_side_files_and_shows_sensitive_events_only_on_request(
    visits: Path, tmp_path: Path
) -> None:
    events = tmp_path / "events.csv"
    events.write_text(
        "child_id,date,type,note,sensitive\n"
        "9990000026,2025-09-01,missed appointment,,\n"
        "9990000026,2025-10-01,domestic abuse notification,,\n"
    )
    of_one = ("chart", visits, "--child", "9990000026", "--measure", "weight", "--events", events)
    for asked, openly in ((True, False), (False, True)):
        target = tmp_path / f"{asked}.svg"
        run(*of_one, "-o", target, *(["--sensitive"] if asked else []))
        text = target.read_text(encoding="utf-8")
        assert "missed appointment" in text
        assert ("domestic abuse" not in text) is openly


def test_sheet(visits: Path, tmp_path: Path) -> None:
    target = tmp_path / "sheet.pdf"
    ran = run("sheet", visits, "--child", "999 000 0026", "-o", target)
    assert (ran.code, ran.out) == (0, f"{target}\n")
    assert target.read_bytes().startswith(b"%PDF")
    again = run("sheet", visits, "--child", "999 000 0026", "-o", target)
    assert again.code == 4
    assert "--force" in again.err


def test_a_sheet_under_a_pseudonym_holds_no_identifier(visits: Path, tmp_path: Path) -> None:
    target, key = tmp_path / "sheet.pdf", tmp_path / "key"
    key.write_bytes(b"0123456789abcdef")
    ran = run(
        "sheet", visits, "--child", "9990000026", "-o", target, "--pseudonymise", key,
        "--dates", "ages",
    )  # fmt: skip
    assert ran.code == 0
    assert b"9990000026" not in target.read_bytes()


def test_a_chart_is_not_written_over_another_or_over_notes(tmp_path: Path) -> None:
    target, notes = tmp_path / "chart.png", tmp_path / "chart.txt"
    notes.write_text("mine", encoding="utf-8")
    ran = run("chart", *FROM_OPTIONS, "-o", target)
    assert ran.code == 4
    assert "chart.txt" in ran.err
    assert notes.read_text(encoding="utf-8") == "mine"
    assert not target.exists()
    assert run("chart", *FROM_OPTIONS, "-o", target, "--force").code == 0


@pytest.mark.parametrize(
    ("point", "code"),
    [("2025-03-12:weight:32000", "G03"), ("2019-03-12:weight:18", "D02"),
     ("2099-03-12:weight:18", "D03"), ("2025-03-12:weight:-3", "G02")],
)  # fmt: skip
def test_a_chart_says_what_is_wrong_with_its_points(tmp_path: Path, point: str, code: str) -> None:
    ran = run("chart", *FROM_OPTIONS, "--point", point, "-o", tmp_path / "c.svg")
    assert ran.code == 0
    assert f"{code} error" in ran.err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--point", "2025-03-12:weight"],
        ["--point", "2025-03-12:wt:18"],
        ["--point", "2025-03-12:weight:nan"],
        ["--point", "12/03/2025:weight:18"],
        ["--point", "2025-02-30:weight:18"],
        ["--gestation", "38"],
        ["--gestation", "50+0"],
        ["--gestation", "4+0"],
        ["--gestation", "38+9"],
        ["--born", "12/03/2020"],
        ["--sex", "unknown"],
        ["--as-of", "soon"],
    ],
    ids=" ".join,
)
def test_a_chart_of_options_that_mean_nothing(tmp_path: Path, wrong: list[str]) -> None:
    ran = run("chart", *FROM_OPTIONS, *wrong, "-o", tmp_path / "c.svg")
    assert (ran.code, ran.out) == (2, "")
    assert wrong[0] in ran.err
    assert "expected" in ran.err or "is not one of" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_charts_are_written_all_or_none(visits: Path, tmp_path: Path) -> None:
    (tmp_path / "c-height.svg").mkdir()  # the second cannot take its place
    found = commands_child(visits)
    with pytest.raises(UnwritableError):
        charts.save(found, tmp_path / "c.svg", measures=["weight", "height"])
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def commands_child(visits: Path) -> object:
    from centiles.checks import check

    return check(records.read(visits), today="2026-07-01").child("9990000026")


# ---- explain, reference, demo


def test_explain_lists_every_code_and_explains_each() -> None:
    listed = run("explain").out.splitlines()
    codes = [line.split()[0] for line in listed]
    assert set(PROBLEM_CODES) < set(codes)
    for code in codes:
        shown = run("explain", code.lower())
        assert shown.out.startswith(code)
        assert len(shown.out.splitlines()) >= 2
        assert "_" not in shown.out  # words, not names of the code


def test_explain_shows_how_grave_and_how_often() -> None:
    shown = run("explain", "WT-FALL-1Y").out
    assert re.search(r"watch: falls by 1 space \(.*\) or more\. .*1 in \d+ healthy children", shown)
    assert "urgent: falls by 2 spaces" in shown
    assert "project" in shown


def test_reference_tells_every_table_and_where_it_is_from() -> None:
    shown = run("reference", "--verify").out
    assert shown.count("SHA-256") == sum(len(reference(name).sections) for name in FOLDERS)
    assert all(f"\n{name}: " in f"\n{shown}" for name in FOLDERS)
    assert "Acknowledgement:" in shown
    assert "verified: every table" in shown
    assert "verified" not in run("reference").out


def test_demo_writes_exports_results_and_charts(demonstration: tuple[Path, Ran]) -> None:
    folder, ran = demonstration
    assert (ran.code, ran.out) == (0, f"{folder}\n")
    assert {path.name for path in folder.iterdir()} == {
        "exports", "beside", "results", "charts", "run.json",
    }  # fmt: skip
    assert {path.name for path in (folder / "results").iterdir()} == RESULTS | {
        f"rejected-{number}.csv" for number in (1, 2, 3)
    }
    assert all(re.fullmatch(r"0\d\.(pdf|png|txt)", p.name) for p in (folder / "charts").iterdir())
    assert "5 urgent" in ran.err
    assert run("demo", "--out", folder).code == 4


def test_the_checkout_has_a_front_door() -> None:
    command = [sys.executable, "cli.py", "--version"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == f"centiles {version.__version__}\n"


# ---- the nearest configuration


def test_the_nearest_configuration_is_used_and_said(folder: Path, tmp_path: Path) -> None:
    """Without it the column of weights is not one that is known."""
    odd = export(tmp_path / "odd.csv", FALLING, HEADER.replace("Weight (kg)", "Tipped"))
    assert "not read        Tipped" in run("check", odd, "--dry-run").out
    config = tmp_path / "centiles.toml"
    config.write_text('[columns]\nweight = "Tipped"\n[units]\nweight = "kg"\n', encoding="utf-8")
    used = tmp_path / "used.toml"
    ran = run("check", odd, "--out", folder, "--save-mapping", used)
    assert ran.code == 0
    assert f"configuration: {config}" in ran.err
    assert 'weight = "Tipped"' in used.read_text(encoding="utf-8")
    options = json.loads((folder / "run.json").read_text(encoding="utf-8"))["options"]
    assert options["config"] == str(config)


def test_a_mapping_that_cannot_be_written_is_said(visits: Path, tmp_path: Path) -> None:
    ran = run("check", visits, "--dry-run", "--save-mapping", tmp_path / "none" / "used.toml")
    assert ran.code == 4
    assert "No such file or directory" in ran.err


def test_too_little_memory_is_said(
    visits: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("centiles.engines.choices.engine_of", full)
    ran = run("check", visits, "--out", folder)
    assert ran.code == 3
    assert ran.err == "out of memory: give fewer exports at a time, or split the largest\n"
    assert not folder.exists()
