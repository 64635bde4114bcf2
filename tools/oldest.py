"""Print the oldest version of each library that pyproject.toml allows, for pip to install.

What follows the command names extras, whose libraries are printed too.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def oldest(requirements: list[str]) -> list[str]:
    """Return requirements pinned to the oldest version they allow.

    >>> oldest(["numpy>=2.0", "python-calamine>=0.3"])
    ['numpy==2.0.*', 'python-calamine==0.3.*']
    """
    pins = []
    for requirement in requirements:
        name, least = re.fullmatch(r"([\w-]+)>=([\d.]+)", requirement).groups()  # type: ignore[union-attr]
        pins.append(f"{name}=={least}.*")
    return pins


def main() -> int:
    """Print them, a line each."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [each for name in sys.argv[1:] for each in extras[name]]
    print("\n".join(oldest([*project["dependencies"], *asked])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
