"""What changed since an earlier run: each finding new, worse, unchanged, better or closed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from centiles.checks.checked import Provenance
from centiles.checks.ranking import OPEN_STATES
from centiles.errors import UnreadableError, UsageError
from centiles.monitoring.schema import SEVERITIES
from centiles.records import columns

CHANGES: Final = ("new", "worse", "unchanged", "better", "closed")
# In centile spaces; the size of a level finding is how far below the 50th it is.
NOTABLE_SPACES: Final = 1 / 3
GONE: Final = "Not found any more: the records have changed since. Closed."
_FILES: Final = ("run.json", "findings.csv")


@dataclass(frozen=True)
class Previous:
    """An earlier run's findings, and what it was made with."""

    as_of: str
    findings: pd.DataFrame = field(repr=False)


def read_previous(folder: str | Path, made: Provenance) -> Previous:
    """Return the findings of an earlier run that this one can be compared with.

    Parameters
    ----------
    folder
        Its result folder.
    made
        What this run is made with.

    Raises
    ------
    UsageError
        If it is no result folder, or was made with another reference, correction, rule set or key
        of pseudonyms.
    UnreadableError
        If its files cannot be read.
    """
    folder = Path(folder)
    lacking = [name for name in _FILES if not (folder / name).is_file()]
    if lacking:
        raise UsageError(
            f"previous: {folder.name}: found no {' and no '.join(lacking)}, expected the result "
            "folder of an earlier run"
        )
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        found = pd.read_csv(
            folder / "findings.csv", dtype={"child_id": str, "rule": str}, keep_default_na=False,
            na_values={"spaces": "", "opened_on": ""},
        )  # fmt: skip
        known = run["reference_sha256"], run["rules_sha256"], run["correction"]
        found = found[["child_id", "rule", "severity", "state", "spaces", "opened_on", "block"]]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise UnreadableError(
            f"previous: {folder.name}: found {type(fault).__name__} in its files, expected the "
            "result folder of an earlier run, as it was written"
        ) from None
    _stop_if_not_comparable(folder.name, run, known, made)
    return Previous(str(run.get("as_of", "")), found.assign(child_id=_plain(found["child_id"])))


def _stop_if_not_comparable(
    name: str, run: dict[str, Any], known: tuple[str, str, str], made: Provenance
) -> None:
    """Stop if an earlier run's findings mean something else than this one's; tell every fault."""
    ours = made.reference_sha256, made.rules_sha256, made.correction
    whats = ("another reference", "another rule set", "another correction")
    faults = [what for what, was, is_ in zip(whats, known, ours, strict=True) if was != is_]
    if run.get("pseudonyms", "") != made.pseudonyms:
        names = {"": "identifiers", made.pseudonyms: "this run's pseudonyms"}
        was = names.get(run.get("pseudonyms", ""), "the pseudonyms of another key")
        now = "pseudonyms" if made.pseudonyms else "identifiers"
        faults.append(f"children under {was}, where this run has {now}")
    if faults:
        raise UsageError(
            f"previous: {name}: found {'; '.join(faults)}; expected a run made as this one is"
        )


def stop_if_later(previous: Previous, as_of: str) -> None:
    """Stop if an earlier run knows of later days than this one.

    Raises
    ------
    UsageError
        If it does.
    """
    if previous.as_of and as_of and previous.as_of > as_of:
        raise UsageError(
            f"previous: found a run as of {previous.as_of}, expected one of {as_of} or earlier: "
            "this run knows nothing of later days"
        )


def _plain(ids: pd.Series[str]) -> pd.Series[str]:
    """Return identifiers without the quote that keeps one from being taken for a formula."""
    return ids.str.replace(r"^'(?=[=+\-@\t\r])", "", regex=True)


def compared(findings: pd.DataFrame, previous: Previous) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return findings with what became of each since, and those that are gone after them.

    An open finding is compared with the open one of its child and rule: *worse* or *better* if its
    severity differs or, that being equal, its size by ⅓ of a space or more, or if it is recovering
    now and was not. One that was open and is closed or lapsed now is *closed*, and so is one that
    is found no more, which is listed with its rule, and no values.
    """
    now, then = _keyed(findings), _keyed(previous.findings)
    was = then[then["open"]].drop_duplicates(["child_id", "rule"]).drop(columns="place")
    both = now.merge(was, on=["child_id", "rule"], how="left", suffixes=("", "_was"))
    there = both["open_was"].notna().to_numpy()
    grade = (both["grade"] - both["grade_was"]).to_numpy(dtype=np.float64)
    size = (both["spaces"] - both["spaces_was"]).to_numpy(dtype=np.float64)
    size = np.where(np.abs(size) >= NOTABLE_SPACES - 1e-9, size, 0.0)
    healing = both["healing"] & (both["healing_was"] == False)  # noqa: E712 -- may be missing
    step = np.where(grade != 0, grade, np.where(healing, -1.0, np.nan_to_num(size)))
    is_open = both["open"].to_numpy()
    change = np.select(
        [is_open & ~there, ~is_open & there, is_open & (step > 0), is_open & (step < 0), is_open],
        ["new", "closed", "worse", "better", "unchanged"],
        "",
    )
    # One closed episode among several of a child and rule is the last, and none if one is open.
    newest = now.sort_values(["open", "opened"], kind="stable").drop_duplicates(
        ["child_id", "rule"], keep="last"
    )
    last = np.zeros(len(findings), dtype=np.bool_)
    last[newest["place"].to_numpy()] = True
    said = np.where((change == "closed") & ~last, "", change)
    parts: dict[str, Any] = {name: findings[name].array for name in findings.columns}
    return columns.frame(columns.FINDINGS, parts | {"previous": said}), _gone(was, now)


def _keyed(findings: pd.DataFrame) -> pd.DataFrame:
    """Return what findings are compared by."""
    severity = findings["severity"].astype(str)
    state = findings["state"].astype(str)
    return pd.DataFrame(
        {
            "child_id": findings["child_id"].astype(str).to_numpy(dtype=object),
            "rule": findings["rule"].astype(str).to_numpy(dtype=object),
            "grade": severity.map(SEVERITIES.index).to_numpy(dtype=np.int64),
            "spaces": pd.to_numeric(findings["spaces"]).to_numpy(dtype=np.float64),
            "opened": findings["opened_on"].astype(str).to_numpy(dtype=object),
            "open": state.isin(OPEN_STATES).to_numpy(),
            "healing": (state == "recovering").to_numpy(),
            "place": np.arange(len(findings)),
        }
    )


def _gone(was: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return the findings that were open and are not found at all any more."""
    keys = pd.MultiIndex.from_frame(now[["child_id", "rule"]])
    mine = was[~pd.MultiIndex.from_frame(was[["child_id", "rule"]]).isin(keys)]
    return columns.frame(
        columns.FINDINGS,
        {
            "child_id": mine["child_id"].to_numpy(),
            "rule": mine["rule"].to_numpy(),
            "severity": np.asarray(SEVERITIES, dtype=object)[mine["grade"].to_numpy()],
            "state": "closed",
            "spaces": mine["spaces"].to_numpy(),
            "previous": "closed",
            "sentence": GONE,
        },
    )
