"""Ask the public advisory data about the libraries that are installed, and print a report.

A report and not a gate: it ends with 0 whatever it finds, for an advisory in a part that is not
used must not keep a mended version from those who need it. It says how many could not be looked up,
so that an advisory service out of reach never reads as "no known fault".
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from typing import Any


def audited(path: str) -> list[dict[str, Any]]:
    """Return what pip-audit says of each library under a path."""
    command = [sys.executable, "-m", "pip_audit", "--path", path, "--format", "json"]
    ran = subprocess.run(
        [*command, "--progress-spinner", "off"],
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=300,
    )
    try:
        found: list[dict[str, Any]] = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (ran.stderr.strip().splitlines() or ["no answer"])[-1]
        print(f"The advisory data could not be asked: {reason}")
        return []
    return found


def report(libraries: list[dict[str, Any]]) -> list[str]:
    """Return the lines of the report, the faults first.

    >>> report([{"name": "a", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]},
    ...         {"name": "b", "skip_reason": "not found"}])
    ['a 1: X-1, mended in 2', '1 library looked up, 1 with a known fault; 1 could not be looked up']
    """
    known = [each for each in libraries if "skip_reason" not in each]
    lines = [
        f"{each['name']} {each['version']}: {fault['id']}, "
        f"mended in {', '.join(fault['fix_versions']) or 'no version yet'}"
        for each in known
        for fault in each["vulns"]
    ]
    faulty = sum(bool(each["vulns"]) for each in known)
    things = "library" if len(known) == 1 else "libraries"
    lines.append(
        f"{len(known)} {things} looked up, {faulty} with a known fault; "
        f"{len(libraries) - len(known)} could not be looked up"
    )
    return lines


def main() -> int:
    """Print the report."""
    try:
        libraries = audited(sysconfig.get_path("purelib"))
    except (OSError, subprocess.TimeoutExpired) as fault:
        print(f"The advisory data could not be asked: {type(fault).__name__}")
        return 0
    print("\n".join(report(libraries)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
