"""Change the rules in one place at a time, and see whether a test notices.

mutmut makes the changes; a random sample of them is tried here, each in a process of its own that
has imported nothing of the package yet, by the tests below until one fails.
``python tools/mutants.py --sample 300`` says how many were noticed and lists what was not;
``--name NAME`` shows some of them and tries them again, by the tests as they are now: those of the
sample stay as they were when it was begun.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import json
import os
import random
import resource
import shutil
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("centiles", "cli.py", "data", "docs", "README.md", "pyproject.toml", "tests", "tools")
MODULES = (
    "background", "baselines", "changes", "conditional", "conditions", "contacts", "correlations",
    "drifts", "episodes", "findings", "gains", "gaps", "joins", "kinds", "levels", "losses",
    "pairs", "points", "rates", "rules", "thrive", "trajectory", "visits",
)  # fmt: skip
# The quick ones that notice most come first; one that fails ends it.
PLAIN = "plain_rules.py::test_as_plain_loops_find_them"
RULES = (
    PLAIN, "episodes.py", "trajectory.py", "rulesets.py", "pairs.py", "growth_rules.py", "rules.py",
)  # fmt: skip
TESTS = {
    "background": ("background.py", "raises.py", *RULES),
    "conditional": ("conditional.py", "trajectory.py", *RULES),
    "contacts": ("contacts.py",),
    "correlations": ("correlations.py", "conditional.py", *RULES),
    "findings": (PLAIN, "findings.py", "rules.py", "growth_rules.py"),
    "rates": ("findings.py", "rulesets.py"),
    "visits": ("contacts.py",),
}
EVERY = tuple(dict.fromkeys(test for tests in (RULES, *TESTS.values()) for test in tests))
# Imported once for all of them; none is ours.
LIBRARIES = (
    "numpy", "scipy.special", "pandas", "pyarrow", "pyarrow.csv", "pyarrow.parquet", "pytest",
    "hypothesis", "jinja2", "rich.console", "typer",
)  # fmt: skip
CHILDREN = 100  # that are read plainly beside the arrays
SECONDS = 400  # of processor time; a change that takes longer hangs
OUTCOMES = {0: "survived", 1: "noticed", 2: "noticed", 3: "noticed"}  # by pytest's exit code


def copied(to: Path) -> dict[str, tuple[str, str]]:
    """Copy the checkout with every change in it; return each one's module and function."""
    from mutmut.mutation.file_mutation import mutate_file_contents

    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    for name in COPIED:
        where = ROOT / name
        skipped = shutil.ignore_patterns("__pycache__")
        if where.is_dir():
            shutil.copytree(where, to / name, ignore=skipped)
        else:
            shutil.copy(where, to / name)
    made: dict[str, tuple[str, str]] = {}
    for module in MODULES:
        path = to / "centiles" / "monitoring" / f"{module}.py"
        changed = mutate_file_contents(path.name, path.read_text(encoding="utf-8"))
        path.write_text(changed.code, encoding="utf-8")
        for name in changed.mutant_names:
            made[f"centiles.monitoring.{module}.{name}"] = (module, name)
    return made


def renewed(folder: Path) -> Path:
    """Return a copy of the changed checkout with the tests as they are now."""
    to = folder.with_name("mutants-again")
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    shutil.copytree(ROOT / "tests", to / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    return to


def started(name: str, module: str, folder: Path, *, loud: bool = False) -> int:
    """Start the tests of one change in a process; an empty name is the code unchanged."""
    process = os.fork()  # each imports the package anew, so that what it makes then is changed too
    if process == 0:
        code = 99
        try:
            code = _tests(name, module, folder, loud=loud)
        finally:  # nothing may go on in two processes
            if loud and sys.exc_info()[0]:
                traceback.print_exc()
            os._exit(code)
    return process


def ended(status: int) -> str:
    """Return what became of a change, by how its process ended."""
    if os.WIFSIGNALED(status):
        return "hung"
    return OUTCOMES.get(os.WEXITSTATUS(status), f"not run: {os.WEXITSTATUS(status)}")


def _tests(name: str, module: str, folder: Path, *, loud: bool) -> int:
    import pytest

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    os.environ |= {"MUTANT_UNDER_TEST": name, "PLAIN_CHILDREN": str(CHILDREN), "CI": "1"}
    os.chdir(folder)
    sys.path.insert(0, str(folder))  # instead of the checkout, which an installation may offer
    if not loud:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1), os.dup2(nowhere, 2)
    files = [f"tests/test_{test}" for test in (TESTS.get(module, RULES) if name else EVERY)]
    quick = ("-x", "-q", "--no-header", "-p", "no:cacheprovider")
    early = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # hypothesis is imported already
    return int(pytest.main([*quick, *early, *files]))


def shown(module: str, name: str) -> str:
    """Return a change as lines before and after."""
    import libcst as cst

    path = ROOT / "build" / "mutants" / "centiles" / "monitoring" / f"{module}.py"
    whole = cst.parse_module(path.read_text(encoding="utf-8"))
    functions = {}

    class Finder(cst.CSTVisitor):
        def visit_FunctionDef(self, node: cst.FunctionDef) -> None:  # noqa: N802
            functions[node.name.value] = whole.code_for_node(node.body).splitlines()

    whole.visit(Finder())
    before = functions[f"{name.partition('__mutmut_')[0]}__mutmut_orig"]
    lines = difflib.unified_diff(before, functions[name], lineterm="", n=1)
    return "\n".join(list(lines)[2:])


def interval(part: int, whole: int) -> tuple[float, float]:
    """Return Wilson's 95 % confidence interval of a proportion.

    >>> [round(each, 3) for each in interval(9, 10)]
    [0.596, 0.982]
    """
    z = 1.96
    middle = (part + z * z / 2) / (whole + z * z)
    half = z / (whole + z * z) * (part * (whole - part) / whole + z * z / 4) ** 0.5
    return middle - half, middle + half


def main() -> int:
    """Make the changes, unless they are made, and try what is asked."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--sample", type=int, default=300, help="how many changes; 0 for all")
    ask.add_argument("--seed", type=int, default=1, help="which sample")
    ask.add_argument("--minutes", type=float, default=600, help="stop after so long")
    ask.add_argument("--processes", type=int, default=1, help="at once")
    ask.add_argument("--again", action="store_true", help="go on with the last run")
    ask.add_argument("--name", nargs="+", help="only these, with what the tests say")
    given = ask.parse_args()
    folder, kept = ROOT / "build" / "mutants", ROOT / "build" / "mutants.json"
    listed = folder / "made.json"
    if not (given.again or given.name):
        made = copied(folder)
        listed.write_text(json.dumps(made), encoding="utf-8")
        kept.write_text("{}", encoding="utf-8")
    made = json.loads(listed.read_text(encoding="utf-8"))
    for library in LIBRARIES:
        importlib.import_module(library)
    if given.name:
        folder = renewed(folder)
        for full in given.name:
            module, name = made[full]
            print(f"{full}\n{shown(module, name)}", flush=True)
            print(ended(os.waitpid(started(full, module, folder, loud=True), 0)[1]), flush=True)
        return 0
    if not given.again and ended(os.waitpid(started("", "", folder), 0)[1]) != "survived":
        print("The tests fail without any change.", file=sys.stderr)
        return 1
    return tried(made, folder, kept, given)


def tried(
    made: dict[str, tuple[str, str]], folder: Path, kept: Path, given: argparse.Namespace
) -> int:
    """Try the sample, and say how much was noticed."""
    names = sorted(made)
    random.Random(given.seed).shuffle(names)
    outcomes: dict[str, str] = json.loads(kept.read_text(encoding="utf-8"))
    waiting = [name for name in names[: given.sample or None] if name not in outcomes][::-1]
    until, running = time.monotonic() + 60 * given.minutes, {}
    begun = {}
    while running or (waiting and time.monotonic() < until):
        while waiting and len(running) < given.processes and time.monotonic() < until:
            name = waiting.pop()
            running[started(name, made[name][0], folder)] = name
            begun[name] = time.monotonic()
        process, status = os.wait()
        name = running.pop(process)
        outcomes[name] = ended(status)
        print(f"{time.monotonic() - begun[name]:6.1f} s  {outcomes[name]}  {name}", flush=True)
        kept.write_text(json.dumps(outcomes, indent=1), encoding="utf-8")
    counts = Counter(outcomes.values())
    noticed, done = counts["noticed"] + counts["hung"], len(outcomes)
    low, high = interval(noticed, done)
    for name, outcome in outcomes.items():
        if outcome == "survived":
            print(f"\n{name}\n{shown(*made[name])}")
    print(f"\n{done:,} of {len(made):,} changes tried: {dict(counts)}")
    print(f"noticed: {noticed / done:.1%} (95 % interval {low:.1%} to {high:.1%})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
