"""A run in one screen: what was read, what became of it, how many children need what.

Counts only: no identifier, date or value of a child is in it, so that it may stand in a log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from centiles.records.columns import PROBLEM_CODES
from centiles.records.reading import Source
from centiles.records.sides import SideSource

if TYPE_CHECKING:
    from centiles.checks import Checked, Child


def mapping_lines(sources: tuple[Source, ...]) -> list[str]:
    """Return what the columns of each file were taken for, a line a file."""
    lines = []
    for source in sources:
        said = ", ".join(f"{slot} ← {header}" for slot, header in source.mapping.items())
        lines.append(f"{source.name}: {said}")
    return lines


def mapping_table(sources: Sequence[Source | SideSource]) -> list[str]:
    """Return what the columns of each file were taken for, a line a column."""
    lines = []
    for source in sources:
        rows = _counted(source.rows, "row")
        sampled = f"by a sample, its first {rows}" if source.sampled else f"by all its {rows}"
        lines.append(f"{source.name}, {sampled}:")
        lines += [f"  {slot:<16}{header}" for slot, header in source.mapping.items()]
    return lines


def summary_lines(checked: Checked) -> list[str]:
    """Return a run in one screen."""
    from centiles.monitoring.approval import approval_of

    made = checked.provenance
    approval = approval_of(made.rules_sha256, made.contacts_sha256)
    return [
        *missing_lines(checked.missing),
        f"centiles {made.version}, {made.reference} ({made.reference_edition}), "
        f"{made.correction} correction, rules {made.rules}"
        + (f", as of {made.as_of}" if made.as_of else ", ages only"),
        *_read_lines(checked),
        *problem_lines(checked.problems),
        *_rejected_lines(checked),
        *_children_lines(checked),
        *_contact_lines(checked),
        *_previous_lines(checked),
        f"{approval[0].upper()}{approval[1:]}.",
        "A finding is not a diagnosis, and no finding is no reassurance.",
    ]


def missing_lines(missing: tuple[str, ...]) -> list[str]:
    """Return the line that names the files which could not be read, none where all could."""
    if not missing:
        return []
    files = _counted(len(missing), "file")
    return [f"MISSING from these results, could not be read: {', '.join(missing)} ({files})"]


def _read_lines(checked: Checked) -> list[str]:
    lines = []
    for source, fates in zip(checked.sources, checked.fates.to_dict("records"), strict=True):
        if "linked" in source.mapping:
            lines.append(f"{source.name}: {source.mapping['linked']}")
            continue
        met = ", ".join(
            f"{count:,} {fate}" for fate, count in fates.items() if fate != "values_read" and count
        )
        contacts = (
            f", {_counted(source.contacts, 'contact')} without a measurement"
            if source.contacts
            else ""
        )
        read = _counted(source.values, "value")
        lines.append(f"{source.name}: {read} read{f': {met}' if met else ''}{contacts}")
    return lines


def _rejected_lines(checked: Checked) -> list[str]:
    """Return that rows which could not be used are not given back, where that is so."""
    faults = checked.problems
    faults = faults[(faults["severity"] == "error") & (faults["row"] > 0)]
    count = len(faults.drop_duplicates(["source", "row"]))
    if not checked.pseudonymous or not count:
        return []
    said = "Under pseudonyms no rejected.csv gives them back, since they say who it is; "
    said += "problems.csv names file and row of each."
    return [f"{_counted(count, 'row')} could not be used. {said}"]


def problems_of(child: Child, problems: pd.DataFrame) -> pd.DataFrame:
    """Return the problems in one child's rows."""
    at = [pd.MultiIndex.from_arrays([each["source"].astype("str"), each["row"]])
          for each in (problems, child.scored)]  # fmt: skip
    return problems.loc[at[0].isin(at[1])]


def problem_lines(problems: pd.DataFrame) -> list[str]:
    """Return how many problems there are of each code, in words, a line a code."""
    counts = problems["code"].astype("str").value_counts()
    return [
        f"  {code} {known.severity}: {known.reason} ({counts[code]:,}){_named(problems, code)}"
        for code, known in sorted(PROBLEM_CODES.items())
        if code in counts
    ]


def _named(problems: pd.DataFrame, code: str) -> str:
    """Return the files, or columns of files, a problem of whole files is about."""
    about = problems[(problems["code"] == code) & (problems["row"] == 0)]
    pairs = zip(about["column"], about["source"], strict=True)
    return ": " * bool(len(about)) + ", ".join(f"{c} of {s}" if c else s for c, s in pairs)


def _children_lines(checked: Checked) -> list[str]:
    from centiles.checks import BLOCKS

    blocks = checked.children["block"].astype("str").value_counts()
    open_ = ", ".join(f"{blocks[block]:,} {block}" for block in BLOCKS if block in blocks)
    flagged = int((checked.children["rank"] > 0).sum())
    total = len(checked.children)
    without = f"; {total - flagged:,} without" if open_ else ""
    children = _counted(total, "child", "children")
    partly = int((checked.children["not_assessed"] != "").sum())
    return [
        f"{children}: {open_ or 'none with an open finding'}{without}",
        f"Not fully assessed, for reasons in children.csv: {_counted(partly, 'child', 'children')}",
    ]


def _contact_lines(checked: Checked) -> list[str]:
    """Return how many contact findings there are of each rule, and teams they are of, in a line."""
    from centiles.monitoring.contact_rules import contact_rules

    counts = checked.contacts["rule"].astype("str").value_counts()
    if counts.empty:
        return []
    said = ", ".join(
        f"{counts[code]:,} {code}" for code in contact_rules().contacts if code in counts
    )
    return [f"Contacts: {said}; by team in teams.csv ({_counted(len(checked.teams), 'team')})"]


def _previous_lines(checked: Checked) -> list[str]:
    """Return what became of findings since an earlier run, if there was one."""
    from centiles.checks import CHANGES

    counts = checked.findings["previous"].astype("str").value_counts()
    said = ", ".join(f"{counts[word]:,} {word}" for word in CHANGES if word in counts)
    return [f"Findings since the earlier run: {said}"] if said else []


def _counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: "1 row", "2,000 rows"."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
