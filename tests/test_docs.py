"""What the pages say is so: examples run, output shown is real, links lead somewhere."""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib.util
import json
import re
import shlex
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from centiles.monitoring.rulesets import ruleset
from centiles.records import Config
from centiles.records.columns import PROBLEM_CODES
from centiles.records.presets import shipped
from tests.commandline import Ran, run

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "data/*/README.md", "benchmarks/README.md")
    for path in ROOT.glob(pattern)
)
SOURCES = ROOT / "docs" / "sources.md"

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def named(page: Path) -> str:
    """Return a page by its path in the repository."""
    return page.relative_to(ROOT).as_posix()


each_page = pytest.mark.parametrize("page", PAGES, ids=named)


def text_of(page: Path) -> str:
    """Return a page as text."""
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of one language in a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(page), flags=re.DOTALL | re.MULTILINE)


def files_shown(page: Path) -> list[tuple[str, str]]:
    """Return the files a page shows, each named above its block."""
    shown = r"^`([\w.]+)`:\n\n```(?:csv|toml)\n(.*?)^```"
    return re.findall(shown, text_of(page), flags=re.DOTALL | re.MULTILINE)


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", text_of(page), flags=re.DOTALL | re.MULTILINE)


def cells(path: Path) -> list[dict[str, Any]]:
    """Return the cells of a notebook."""
    found: list[dict[str, Any]] = json.loads(text_of(path))["cells"]
    return found


def anchors(page: Path) -> set[str]:
    """Return what a page's headings are called in a link."""
    headings = re.findall(r"^#+ +(.+)$", prose(page), flags=re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.casefold()).strip().replace(" ", "-")
        for heading in headings
    }


@each_page
def test_a_page_has_one_title(page: Path) -> None:
    titles = re.findall(r"^# +.+$", prose(page), flags=re.MULTILINE)
    assert len(titles) == 1, titles


@each_page
def test_links_inside_the_repository_resolve(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, place = target.partition("#")
        to = (page.parent / path).resolve() if path else page
        there = to.exists() and to.is_relative_to(ROOT)
        if not there or (place and place not in anchors(to)):
            broken.append(target)
    assert not broken


def tool(name: str) -> ModuleType:
    """Return a maker of committed things as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_what_the_code_makes(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool("build_docs").main(["--check"]) == 0, capsys.readouterr().err


def test_a_changed_wording_opens_its_sign_off_again() -> None:
    build_docs = tool("build_docs")
    page = build_docs.sign_off_page()
    signed = page.replace("| to be named | – | open |", "| Dr A | 1 Jan 2027 | approved |", 1)
    known = build_docs.signed(signed)
    first, *others = build_docs.sign_off_items()
    assert known[first] == ("Dr A", "1 Jan 2027", "approved")
    assert {known[item] for item in others} == {build_docs.OPEN}
    assert (first[0], f"{first[1]}, changed") not in known


def test_every_rule_and_problem_code_is_explained() -> None:
    rules, problems = (text_of(ROOT / "docs" / name) for name in ("rules.md", "problems.md"))
    assert [r.id for r in ruleset("uk").rules if f"## {r.id}" not in rules] == []
    assert [code for code in PROBLEM_CODES if f"| **{code}** |" not in problems] == []


def test_every_source_key_is_resolved() -> None:
    key = re.compile(r"\[([A-Z][A-Za-z]+\d{4}|van[A-Z][A-Za-z]+\d{4})\]")
    resolved = set(re.findall(r"^\*\*\[(\w+)\]\*\*", text_of(SOURCES), flags=re.MULTILINE))
    files = [*(ROOT / "centiles").rglob("*.py"), *(ROOT / "centiles").rglob("*.toml"), *PAGES]
    used = {found for path in files for found in key.findall(text_of(path))}
    assert used
    assert used - resolved == set()


def test_errors_that_name_a_page_name_one_that_exists() -> None:
    named = {
        found
        for path in (ROOT / "centiles").rglob("*.py")
        for found in re.findall(r"docs/[\w./-]+\.md", text_of(path))
    }
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_decision_is_listed_and_has_its_four_parts() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    listed = text_of(ROOT / "docs" / "decisions" / "README.md")
    for number, page in enumerate(pages, 1):
        assert page.name.startswith(f"{number:04d}-")
        assert page.name in listed
        parts = re.findall(r"^## (.+)$", text_of(page), flags=re.MULTILINE)
        assert parts == ["Context", "Decision", "What it changes", "Alternatives"]


def defined_tests(path: Path) -> set[str]:
    """Return the names of the tests in a file."""
    tree = ast.walk(ast.parse(text_of(path)))
    return {each.name for each in tree if isinstance(each, ast.FunctionDef)}


@pytest.mark.parametrize("name", ["safety.md", "security.md"])
def test_every_claim_names_a_test_there_is(name: str) -> None:
    claims = re.split(r"^### ", text_of(ROOT / "docs" / name), flags=re.MULTILINE)[1:]
    assert len(claims) > 8
    for claim in claims:
        heading = claim.splitlines()[0]
        named = re.findall(r"`(test_\w+\.py)(?:::(\w+))?`", claim)
        assert named, f"{heading}: no test"
        for file, test in named:
            assert (ROOT / "tests" / file).is_file(), f"{heading}: {file}"
            assert not test or test in defined_tests(ROOT / "tests" / file), f"{heading}: {test}"


def test_every_hazard_has_its_four_parts() -> None:
    hazards = re.split(r"^### H", text_of(ROOT / "docs" / "safety.md"), flags=re.MULTILINE)[1:]
    for number, hazard in enumerate(hazards, 1):
        assert hazard.startswith(f"{number} ")
        parts = re.findall(r"^- \*\*([\w ]+)\*\*:", hazard, flags=re.MULTILINE)
        assert parts == ["Cause", "Effect", "Mitigation", "Shown by"], hazard.splitlines()[0]


def test_every_layout_known_is_on_its_page() -> None:
    page = text_of(ROOT / "docs" / "layouts.md")
    assert [name for name in shipped() if f"`{name}`" not in page] == []


def test_the_picture_is_there_and_small() -> None:
    picture = ROOT / "docs" / "images" / "fall.svg"
    assert 10_000 < picture.stat().st_size < 150_000
    assert "fell 4.2 spaces" in text_of(picture) or "<desc>" in text_of(picture)


@each_page
def test_configurations_shown_are_configurations(page: Path) -> None:
    presets = {text for _, text in files_shown(page)}
    for block in blocks(page, "toml"):
        if block not in presets and not block.startswith("extends"):
            Config.from_entries(tomllib.loads(block), page.name)


def test_the_rule_set_shown_is_one(tmp_path: Path) -> None:
    (shown,) = blocks(ROOT / "docs" / "rules.md", "toml")
    path = tmp_path / "ours.toml"
    path.write_text(shown, encoding="utf-8")
    known = ruleset(str(path))
    assert known.name == "our-service"
    assert len(known.rules) == len(ruleset("uk").rules) - 2


@each_page
def test_interactive_examples(page: Path) -> None:
    ran = doctest.testfile(
        str(page),
        module_relative=False,
        optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS,
        encoding="utf-8",
    )
    assert ran.failed == 0


def commands(page: Path) -> list[tuple[str, str]]:
    """Return the commands of a page that begin with centiles, each with the output shown."""
    found = []
    for block in blocks(page, "console"):
        if "$ " in block:
            found += re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", block, flags=re.MULTILINE)
        else:
            found += [(line, "") for line in block.splitlines()]
    return [each for each in found if each[0].startswith("centiles ")]


@pytest.fixture
def desk(tmp_path: Path, demonstration: tuple[Path, Ran]) -> Path:
    """Return a folder in which the commands of a page are run, the demonstration there."""
    folder = tmp_path
    shutil.copytree(demonstration[0], folder / "demo-results")
    for page in PAGES:
        for name, text in files_shown(page):
            (folder / name).write_text(text, encoding="utf-8")
    return folder


def typed(command: str, folder: Path) -> Ran:
    """Run a command line as it would be typed in a folder, its two outputs together."""
    with contextlib.chdir(folder):
        return run(*shlex.split(command)[1:], together=True)


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=named)
def test_commands_run_and_print_what_is_shown(page: Path, desk: Path) -> None:
    if examples := blocks(page, "csv"):  # the files that the first command names, in order
        names = re.findall(r"\w+\.csv", commands(page)[0][0])
        for name, example in zip(names, examples, strict=True):
            (desk / name).write_text(example, encoding="utf-8")
    for command, shown in commands(page):
        if command.startswith("centiles demo"):  # run already
            continue
        said = typed(command, desk)
        assert said.code == 0, f"{command}\n{said.out}"
        if shown:
            same = doctest.OutputChecker().check_output(shown, said.out, doctest.ELLIPSIS)
            assert same, f"{command}\n{said.out}"


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=named)
def test_python_examples_run(page: Path, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    names: dict[str, object] = {}
    for number, block in enumerate(blocks(page, "python"), 1):
        exec(compile(ast.parse(block), f"{page.name}, example {number}", "exec"), names)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_are_committed_without_output(path: Path) -> None:
    for cell in cells(path):
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_run_and_leave_nothing_behind(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their cells, without Jupyter; tools/run_notebooks.py runs them in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    names: dict[str, object] = {}
    for number, cell in enumerate(cells(path), 1):
        if cell["cell_type"] == "code":
            code = re.sub(r"^%.*$", "", "".join(cell["source"]), flags=re.MULTILINE)
            exec(compile(ast.parse(code), f"{path.name}, cell {number}", "exec"), names)
    assert list(tmp_path.iterdir()) == []


def test_the_pages_are_ours_to_publish() -> None:
    """No path of somebody's machine, and no word that ages with the work, is in them."""
    for page in PAGES:
        assert not re.search(r"/(?:work|home|tmp|root|Users)/|\bTODO\b|\bFIXME\b", text_of(page)), (
            page
        )
