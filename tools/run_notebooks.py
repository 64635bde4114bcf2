"""Run every notebook in ``notebooks/`` from top to bottom; fail if any cell fails.

They run in a scratch copy of their folder, so the checkout stays as it was.

    python tools/run_notebooks.py
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
CELL_SECONDS = 300


def fault(path: Path) -> str | None:
    """What went wrong in one notebook, or None."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return str(error)
    return None


def main() -> int:
    """Run them all, even after a failure, so that one run shows every fault."""
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        # The kernel keeps a history; it belongs with the copy, not in the reader's home.
        os.environ["IPYTHONDIR"] = str(Path(scratch, "ipython"))
        copy = shutil.copytree(
            NOTEBOOKS,
            Path(scratch, "notebooks"),
            ignore=shutil.ignore_patterns(".ipynb_checkpoints"),
        )
        paths = sorted(copy.glob("*.ipynb"))
        for path in paths:
            start = time.perf_counter()
            trouble = fault(path)
            failed += trouble is not None
            word = "ok" if trouble is None else "FAILED"
            print(f"{path.name}: {word}, {time.perf_counter() - start:.1f} s", flush=True)
            if trouble is not None:
                print(trouble, file=sys.stderr, flush=True)
    if not paths:
        print(f"no notebooks in {NOTEBOOKS.name}/", file=sys.stderr)
    return int(failed > 0 or not paths)


if __name__ == "__main__":
    raise SystemExit(main())
