"""Throw broken exports at ``centiles``, and see that each ends in an answer.

Small exports in every format and layout, with a child and a value that must never be named, are
broken as bytes and as tables; then ``centiles check``, ``score`` and ``chart`` read them, and what
they print and write is looked at:

- no traceback and no unforeseen fault: the exit code is one of those documented;
- the planted identifier, name, birth date and value, however they are written, are in no message,
  in no log, not in ``run.json``, not in what ``--share`` writes, and identifier and name (with
  ``--dates ages`` the birth date too) in no file at all that ``--pseudonymise`` writes;
- the fates of the values add up, every record read is in ``scored.csv``, and, where a table was
  broken as a table, every row that was written was read, and came back from ``score``.

    python tools/fuzz.py --cases 500 --seed 7          so many cases
    python tools/fuzz.py --minutes 20                  or for so long, by the processor's clock
    python tools/fuzz.py --clock 60                    or by the clock on the wall

Seeded: case n of a seed is always the same. Counts are printed; a failure ends with 1, and its
files are kept in ``--keep``.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import resource
import shutil
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent))
from fuzz_exports import Case, case_of
from fuzz_layouts import CANARIES, WRITTEN
from in_process import run

from centiles.errors import CentilesError
from centiles.records import amounts, dates, identifiers, parsing

CODES = {0, 1, 2, 3, 4}
INTERRUPTED = 130
SECONDS = 60  # of the processor; more for a case of this size is a fault
WAITING = 600  # by the clock: on a busy machine nothing, but longer for nothing is a fault too
ALPHABET = "0123456789 .,-+/:'\"()stlbozkgcmin%eE\u00bd\u2032\uff11\u00b7\u20ac\x00\ud800ANMFfj"
WORDS = (
    "",
    "12,3",
    "3st 4lb",
    "2lb 3oz",
    "1.05m",
    "104..2",
    "38+4",
    "9.43477E+09",
    "31/02/2022",
    "approx",
    "refused",
    "1e999",
    "-0",
    "\uff11\uff12",
    "0x12",
    "1_000",
    "99/99/9999",
    "20240230",
    "12 Mar 2020",
)


class Slow(BaseException):
    """A case that takes too long."""


@dataclass
class Counts:
    """What became of the cases so far."""

    cases: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def ran_of(arguments: list[str]) -> tuple[int, str]:
    """Run ``centiles`` in this process; return the exit code and all that it printed and logged."""
    ran = run(*arguments)
    if ran.code == INTERRUPTED:
        raise KeyboardInterrupt
    return ran.code, ran.out + ran.err + ran.log


def faults_of(case: Case, code: int, said: str, out: Path) -> Iterator[str]:
    """Yield what is wrong with how a case ended."""
    if code not in CODES or "Traceback" in said or "a fault in centiles" in said:
        yield f"ended with {code}: {said.strip().splitlines()[-1] if said.strip() else ''}"
    record = _text(out / "run.json")
    places = {
        "a message": said.replace(str(out.parent), ""),
        "run.json": record.replace(str(out.parent), ""),
        "what is shared": _text(out / "share.html") + _text(out / "share.csv"),
    }
    for place, text in places.items():
        yield from (f"the {name} is in {place}" for name in CANARIES if _is_in(name, text))
    if "--pseudonymise" in case.options:
        yield from _named(case, out)
    if code == 0 and case.command == "score" and case.rows is not None:
        yield from _short(case, out.parent / "scored-out.csv")
    if code == 0 and record:
        yield from _lost(case, json.loads(record), out)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _is_in(name: str, text: str) -> bool:
    """Return whether a canary is in a text, in any of the ways it is written."""
    return any(word in text for word in WRITTEN[name])


def _named(case: Case, out: Path) -> Iterator[str]:
    """Yield in which files of a pseudonymised run a child is named."""
    hidden = ("identifier", "name", *(["birth date"] if "ages" in case.options else []))
    for path in sorted(out.glob("*")):
        content = path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as packed:
                content = b"".join(packed.read(each) for each in packed.namelist())
        text = content.decode("utf-8", "replace")
        yield from (f"the {name} is in {path.name}" for name in hidden if _is_in(name, text))


def _short(case: Case, written: Path) -> Iterator[str]:
    """Yield whether rows of the user's own file did not come back from ``score``."""
    with written.open(newline="", encoding="utf-8") as file:
        text = file.read()
    head = text.partition("\n")[0]
    delimiter = max(",;\t|", key=head.count)
    usual = csv.field_size_limit(1 << 24)
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    finally:  # what is fuzzed reads with the limit it has everywhere
        csv.field_size_limit(usual)
    rows = sum(any(cell.strip() for cell in line) for line in lines[1:])
    if case.rows != rows:
        yield f"{case.rows} rows were written and {rows} came back from score"


def _lost(case: Case, record: dict[str, Any], out: Path) -> Iterator[str]:
    """Yield which values or rows are not accounted for."""
    for source in record["sources"]:
        fates = {name: n for name, n in source["fates"].items() if name != "values_read"}
        if sum(fates.values()) != source["values"]:
            yield "fates do not add up"
    table = pd.read_csv(out / "scored.csv", dtype=str, keep_default_na=False)
    read = sum(source["values"] + source["contacts"] for source in record["sources"])
    if (table["derived"] == "false").sum() != read:
        yield "records read are not in scored.csv"
    rows = sum(source["rows"] for source in record["sources"])
    twice = any(code in record["problems"] for code in ("F03", "F04"))
    if case.rows is not None and rows != case.rows and not twice:
        yield f"{case.rows} rows were written and {rows} read"


def parsers(rng: np.random.Generator) -> None:
    """Read words of every kind by every parser: an answer for each, whatever it is."""
    made = [
        "".join(rng.choice(list(ALPHABET), size=rng.integers(0, 12))) for _ in range(200)
    ] + list(WORDS)
    words = pd.Series([w.encode("utf-8", "replace").decode().strip() for w in dict.fromkeys(made)])
    words = words.astype("str")
    with contextlib.suppress(CentilesError):
        parsing.sexes(words, {}, "f")
    for given in (None, "weeks", "days"):
        days, bad = parsing.gestations(words, decimals=given)
        assert len(days) == len(words)
        assert not (bad & ~np.isnan(days)).any()
    read = amounts.amounts(words)
    assert len(read.value) == len(read.unit) == len(words)
    assert not (read.missing & ~np.isnan(read.value)).any()
    amounts.suggestions(words)
    for first in (True, False, None):
        found = dates.days(words, day_before_month=first, serials=bool(rng.integers(2)))
        assert (np.isnat(found.on) | (found.precision > 0)).all()
    for nhs in (True, False):
        assert len(identifiers.identifiers(words, nhs=nhs).text) == len(words)
    parsing.postures(words), parsing.statuses(words, flag=True)


def one(case: Case, folder: Path, counts: Counts) -> list[str]:
    """Run one case in a folder and return what is wrong."""
    out = folder / "out"
    arguments = case.arguments(folder, out)

    def slow(*_: object) -> None:
        raise Slow

    for name, timer, most in (
        (signal.SIGALRM, signal.ITIMER_REAL, WAITING),
        (signal.SIGPROF, signal.ITIMER_PROF, SECONDS),
    ):
        signal.signal(name, slow)
        signal.setitimer(timer, most)
    try:
        code, said = ran_of(arguments)
    except Slow:
        return [f"took more than {SECONDS} s"]
    except Exception as fault:  # noqa: BLE001 (what is sought)
        return [f"{type(fault).__name__} went through"]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)
    counts.codes[str(code)] += 1
    found = list(faults_of(case, code, said, out))
    if code == 0 and (out / "run.json").exists():
        record = json.loads((out / "run.json").read_text(encoding="utf-8"))
        counts.read["values"] += sum(record["values"].values())
    return found


def fuzz(
    seed: int, *, cases: int, minutes: float, clock: float = np.inf, keep: Path | None = None
) -> Counts:
    """Run so many cases, or for so long, and return what became of them."""
    counts, start, began = Counts(), time.process_time(), time.monotonic()
    with contextlib.suppress(KeyboardInterrupt):  # what was run so far is told
        for number in range(cases):
            if time.process_time() - start > 60 * minutes:
                break
            if time.monotonic() - began > 60 * clock:
                break
            _numbered(seed, number, counts, keep)
    return counts


def _numbered(seed: int, number: int, counts: Counts, keep: Path | None) -> None:
    """Run one case of a seed, and count what became of it."""
    rng = np.random.default_rng([seed, number])
    if number % 20 == 19:
        counts.cases["parsers"] += 1
        try:
            parsers(rng)
        except Exception as fault:  # noqa: BLE001 (what is sought)
            counts.failures.append(f"case {number}, parsers: {type(fault).__name__}: {fault}")
            print(counts.failures[-1], flush=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        case = case_of(rng)
        counts.cases[case.kind] += 1
        counts.files.update(Path(name).suffix for name in case.files)
        counts.commands[case.command] += 1
        found = one(case, folder, counts)
        for fault in found:
            counts.failures.append(f"case {number}, {case.kind}: {fault}")
            print(counts.failures[-1], flush=True)
        if found and keep is not None:
            shutil.copytree(folder, keep / f"case-{number}", dirs_exist_ok=True)


def main() -> int:
    """Run, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=10**9)
    parser.add_argument("--minutes", type=float, default=1e9, help="of the processor's time")
    parser.add_argument("--clock", type=float, default=np.inf, help="minutes by the clock")
    parser.add_argument("--keep", type=Path, help="a folder for the files of failures")
    given = parser.parse_args()
    if given.cases == 10**9 and given.minutes == 1e9 and given.clock == np.inf:
        given.cases = 200
    start = time.process_time()
    counts = fuzz(
        given.seed, cases=given.cases, minutes=given.minutes, clock=given.clock, keep=given.keep
    )
    minutes = (time.process_time() - start) / 60
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"seed {given.seed}: {sum(counts.cases.values()):,} cases in {minutes:.1f} minutes")
    print("  kinds: " + ", ".join(f"{n:,} {kind}" for kind, n in sorted(counts.cases.items())))
    print("  files: " + ", ".join(f"{n:,} {form}" for form, n in sorted(counts.files.items())))
    print("  commands: " + ", ".join(f"{n:,} {c}" for c, n in sorted(counts.commands.items())))
    print("  exit codes: " + ", ".join(f"{n:,} with {c}" for c, n in sorted(counts.codes.items())))
    print(f"  values read and accounted for: {counts.read['values']:,}; most memory {most:,} MB")
    print(f"  failures: {len(counts.failures)}")
    return 1 if counts.failures else 0


if __name__ == "__main__":
    sys.exit(main())
