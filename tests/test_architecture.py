"""The house is built as docs/architecture.md draws it: who imports whom, and how big a room is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "centiles"
PLAN = ROOT / "docs" / "architecture.md"

# Where each library from outside may be imported. NumPy and scipy.special may be everywhere.
FRAMES = {"records", "monitoring", "checks", "charts", "engines", "reports", "demo"}
OUTSIDE = {
    "numpy": None,
    "scipy.special": None,
    "pandas": FRAMES,
    "pyarrow": {"records", "engines", "reports"},
    "duckdb": {"engines"},
    "pyspark": {"engines"},
    "py4j": {"engines"},
    "python_calamine": {"records"},
    "matplotlib": {"charts"},
    "typer": {
        "child_commands",
        "child_options",
        "commands",
        "grouped_help",
        "options",
        "reading_options",
        "trial_command",
    },
    "rich": {"progress"},
    "jinja2": {"reports"},
    "xlsxwriter": {"reports"},
}
NOWHERE = ("scipy.stats", "matplotlib.pyplot", "rcpchgrowth")

MODULE_LINES = 350  # neither blank nor docstring
FUNCTION_LINES = 45
LONGER_MODULES: dict[str, str] = {}  # and why
LONGER_FUNCTIONS = {
    "commands.check": "an option or two a line, and each is said in words",
    "child_commands.chart": "the same",
    "monitoring.points.points_of": "one array a line, in one place",
    "monitoring.findings._columns": "one column of the findings a line, in one place",
    "monitoring.episodes._run": "one pass over all points; its halves would share ten arrays",
}


class Place(NamedTuple):
    """Where a module stands in the plan: its level, its folder and its place in the list."""

    level: int
    folder: str
    order: int


class Import(NamedTuple):
    """One import: by which module, of what, and on which line."""

    by: str
    of: str
    line: int


@cache
def modules() -> dict[str, Path]:
    """Return every module of the package by its name in it; a folder's is the folder's own."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


@cache
def tree(name: str) -> ast.Module:
    """Return a module as a syntax tree."""
    return ast.parse(modules()[name].read_text(encoding="utf-8"))


@cache
def plan() -> dict[str, Place]:
    """Return the modules that docs/architecture.md lists, with where each stands.

    The list is the first fenced block: a number opens a level, a name that ends in a slash opens
    a folder, what is indented under it is in it. A folder's own module stands after the others.
    """
    block = PLAN.read_text(encoding="utf-8").split("```")[1]
    line_of = re.compile(
        r"^(?P<level>[ \d]{2})  (?P<indent> *)(?P<name>\w+)(?P<kind>\.py|/) {2,}\S"
    )
    found: dict[str, Place] = {}
    level, folder = 0, ""
    for order, text in enumerate(block.splitlines()):
        if (line := line_of.match(text)) is None:
            continue
        level = int(line["level"]) if line["level"].strip() else level
        name = line["name"]
        if not line["indent"]:
            folder = name if line["kind"] == "/" else ""
        if line["kind"] == "/":
            found[name] = Place(level, name, 10_000)
        elif name == "__init__":
            found[""] = Place(99, "", order)
        else:
            found[f"{folder}.{name}" if folder else name] = Place(level, folder, order)
    return found


def imports(name: str) -> Iterator[Import]:
    """Yield what a module imports, inside functions and for types alike, as full dotted names."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno}: a relative import"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                inside = whole.removeprefix("centiles.") in modules()
                yield Import(name, whole if inside else str(node.module), node.lineno)


def inside_imports() -> list[Import]:
    """Return every import of one of our own modules, named as in ``modules``."""
    return [
        each._replace(of=each.of.removeprefix("centiles").removeprefix("."))
        for name in modules()
        for each in imports(name)
        if each.of.split(".")[0] == "centiles"
    ]


def said(faults: list[str]) -> str:
    """Return faults one below the other."""
    return "\n".join(["", *faults])


def test_the_plan_names_every_module_and_no_other() -> None:
    assert sorted(plan()) == sorted(modules())


def test_every_file_the_plan_mentions_exists() -> None:
    text = PLAN.read_text(encoding="utf-8")
    mentioned = set(re.findall(r"`((?:[\w.-]+/)*[\w-]+\.(?:py|toml|md|csv))`", text))
    places = (ROOT, PACKAGE, ROOT / "docs")
    places += (ROOT / "data" / "who_uk90",)
    missing = [name for name in mentioned if not any((place / name).exists() for place in places)]
    assert not missing


def test_a_module_imports_only_what_stands_below_it() -> None:
    faults = []
    for each in inside_imports():
        if each.by == "":  # the root hands out everything, and is imported by nothing
            continue
        by, of = plan()[each.by], plan()[each.of]
        lower = of.level < by.level
        beside = of.level == by.level and of.folder == by.folder and of.order < by.order
        if not (lower or beside):
            faults.append(f"centiles.{each.by}:{each.line} imports {each.of or 'the package root'}")
    assert not faults, said(faults)


def test_nothing_imports_the_package_root() -> None:
    faults = [f"{each.by}:{each.line}" for each in inside_imports() if each.of == ""]
    assert not faults, said(faults)


def test_no_cycles() -> None:
    reached: dict[str, set[str]] = {name: set() for name in modules()}
    for each in inside_imports():
        reached[each.by].add(each.of)
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " → ".join([*above, name])
        if name not in done:
            for other in reached[name]:
                visit(other, (*above, name))
            done.add(name)

    for name in modules():
        visit(name, ())


def test_libraries_from_outside_stay_in_their_rooms() -> None:
    faults = []
    for name in modules():
        for each in imports(name):
            top = each.of.split(".")[0]
            if top in sys.stdlib_module_names or top == "centiles":
                continue
            key = "scipy.special" if each.of == "scipy.special" else top
            allowed = OUTSIDE.get(key, set())
            if allowed is not None and name.split(".")[0] not in allowed:
                faults.append(f"centiles.{name}:{each.line} imports {each.of}")
    assert not faults, said(faults)


@pytest.mark.parametrize("banned", NOWHERE)
def test_what_nothing_imports(banned: str) -> None:
    faults = [
        f"centiles.{name}:{each.line}"
        for name in modules()
        for each in imports(name)
        if f"{each.of}.".startswith(f"{banned}.")
    ]
    assert not faults, said(faults)


def test_scipy_is_only_its_special_functions() -> None:
    found = {each.of for name in modules() for each in imports(name) if each.of.startswith("scipy")}
    assert found <= {"scipy.special"}


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("centiles", ("numpy", "pandas", "pyarrow", "scipy", "matplotlib", "typer")),
        ("centiles.commands", ("pandas", "pyarrow", "scipy", "matplotlib")),
    ],
)
def test_importing_costs_nothing_heavy(module: str, heavy: tuple[str, ...]) -> None:
    script = f"import sys, {module}; print(*(m for m in {heavy!r} if m in sys.modules))"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == []


def docstring_lines(node: ast.AST) -> set[int]:
    """Return the numbers of the lines of a node's docstring; none where it has none."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) or not node.body:
        return set()
    first = node.body[0]
    if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Constant):
        return set()
    return set(range(first.lineno, int(first.end_lineno or 0) + 1))


def code_lines(name: str, node: ast.Module | ast.FunctionDef) -> int:
    """Return how many lines of a module or function are neither blank nor of a docstring."""
    text = modules()[name].read_text(encoding="utf-8").splitlines()
    first = 1 if isinstance(node, ast.Module) else node.lineno
    last = len(text) if isinstance(node, ast.Module) else int(node.end_lineno or 0)
    documented = set().union(*(docstring_lines(each) for each in ast.walk(node)))
    return sum(
        bool(text[number - 1].strip()) and number not in documented
        for number in range(first, last + 1)
    )


def test_a_module_is_one_idea() -> None:
    lines = {name: code_lines(name, tree(name)) for name in modules()}
    longer = {name: count for name, count in lines.items() if count > MODULE_LINES}
    assert set(longer) <= set(LONGER_MODULES), longer


def test_a_function_is_one_idea() -> None:
    longer = {
        f"{name}.{node.name}": lines
        for name in modules()
        for node in ast.walk(tree(name))
        if isinstance(node, ast.FunctionDef) and (lines := code_lines(name, node)) > FUNCTION_LINES
    }
    assert set(longer) <= set(LONGER_FUNCTIONS), longer
