"""What an installation must have: names, data, types, a way in. ``.ci/run`` builds the wheel."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import centiles
from centiles import references
from tests.commandline import run

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "centiles"
DATA = ROOT / "data" / "who_uk90"


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def test_the_version_is_said_once(project: dict[str, Any]) -> None:
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "centiles/version.py"
    found = [path for path in PACKAGE.rglob("*.py") if "__version__ =" in path.read_text("utf-8")]
    assert found == [PACKAGE / "version.py"]


def test_the_console_script_is_the_command_line(project: dict[str, Any]) -> None:
    module, _, name = project["project"]["scripts"]["centiles"].partition(":")
    from centiles.commands import main

    assert getattr(importlib.import_module(module), name) is main


def test_every_library_imported_is_a_dependency(project: dict[str, Any]) -> None:
    declared = {entry.split(">")[0] for entry in project["project"]["dependencies"]}
    assert {"numpy", "scipy", "pandas", "pyarrow", "matplotlib", "typer"} <= declared
    assert not any(entry.startswith("rcpchgrowth") for entry in declared)  # AGPL: development only
    for name in declared:
        importlib.metadata.version(name)


def test_every_public_name_is_there() -> None:
    assert sorted(centiles.__all__) == dir(centiles)
    for name in centiles.__all__:
        assert getattr(centiles, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = centiles.nonsense


def read_at_run_time() -> list[Path]:
    """Return the files of the package that are read rather than imported."""
    found = [
        each for each in PACKAGE.rglob("*") if each.suffix in (".toml", ".html", ".css", ".js")
    ]
    assert {"uk.toml", "report.html", "report.css", "report.js"} <= {each.name for each in found}
    return found


def test_types_and_everything_read_at_run_time_are_beside_the_code(
    project: dict[str, Any],
) -> None:
    assert (PACKAGE / "py.typed").is_file()
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["centiles", "data"]
    assert wheel["sources"] == {"data": "centiles/data"}
    ignored = subprocess.run(
        ["git", "check-ignore", "--", *map(str, [*read_at_run_time(), *DATA.parent.rglob("*.*")])],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ignored.stdout == ""  # the build leaves out what git ignores


def copied(folder: Path, *, data: str) -> Path:
    """Copy the package as an installation would lay it out, its tables at ``data``."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, folder / "centiles", ignore=ignore)
    if data:
        shutil.copytree(DATA.parent, folder / data)
    return folder


def reference_of(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    script = "from centiles.commands import main; main()"
    return subprocess.run(
        [sys.executable, "-P", "-c", script, "reference", *options],
        cwd=folder, env={"PYTHONPATH": str(folder), "PATH": ""}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


@pytest.mark.parametrize("data", ["centiles/data", "data"], ids=["wheel", "checkout"])
def test_tables_are_found_in_a_wheel_and_in_a_checkout(tmp_path: Path, data: str) -> None:
    ran = reference_of(copied(tmp_path, data=data), "--verify")
    assert ran.returncode == 0, ran.stderr
    for name in ("who_uk90", "uk90", "who", "trisomy21", "turner"):
        assert f"verified: every table in {tmp_path / data / name}" in ran.stdout


def test_missing_tables_are_a_clear_fault(tmp_path: Path) -> None:
    ran = reference_of(copied(tmp_path, data=""))
    assert (ran.returncode, ran.stdout) == (3, "")
    assert "who_uk90" in ran.stderr
    assert "Install centiles again" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("how", ["altered", "missing", "cut short"])
def test_an_altered_table_is_never_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    shutil.copytree(DATA, tmp_path / "who_uk90")
    table = sorted((tmp_path / "who_uk90").glob("*.csv"))[0]
    content = table.read_bytes()
    if how == "missing":
        table.unlink()
    else:
        table.write_bytes(content[:-9] if how == "cut short" else content.replace(b"1", b"2", 1))
    monkeypatch.setattr(references, "folder_of", lambda _: tmp_path / "who_uk90")
    references.read.cache_clear()
    try:
        ran = run("reference", "--verify")
    finally:
        references.read.cache_clear()
    assert (ran.code, ran.out) == (3, "")
    assert table.name in ran.err


def test_the_tables_are_those_of_the_manifest() -> None:
    with (DATA / "manifest.toml").open("rb") as file:
        sections = tomllib.load(file)["section"]
    files = {entry["file"]: entry["sha256"] for entry in sections}
    for name, digest in files.items():
        assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == digest
    assert {path.name for path in DATA.glob("*.csv")} == set(files)
