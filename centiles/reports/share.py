"""A run as counts that may leave the service: no row a child, small numbers not shown.

What is in it, what is not, and why, is told in docs/sharing.md.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from centiles.checks import BLOCKS, OPEN_STATES, Checked
from centiles.monitoring.wording import date_words
from centiles.records.columns import PROBLEM_CODES
from centiles.records.timelines import FATES
from centiles.reports.cells import harmless
from centiles.reports.markup import environment, policy, read
from centiles.reports.svg import Svg

NAMES: Final = ("share.html", "share.csv")
SMALL: Final = 7
STEP: Final = 5
HIDDEN: Final = "not shown"
OTHERS: Final = "all others"
ABOUT: Final = (
    f"No row is about one child. A count of {SMALL} or fewer, nought too, is {HIDDEN}; the "
    f"others are rounded to the nearest {STEP}, so that they need not add up. Where all of a group "
    f"but {SMALL} or fewer have a finding, how many is {HIDDEN} either. What is not "
    f"listed is met by {SMALL} or fewer, or by none."
)
# What rests on events that may be sensitive is not even counted.
_LEFT_OUT: Final = frozenset({"BASELINE-MISSING"})
_MAY_IDENTIFY: Final = re.compile(r"\d{4,}|\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}")
_LONGEST_NAME: Final = 60

Rows = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Counts:
    """One table of counts as they may be shown: a row a thing, a column a kind of count."""

    title: str
    of: str
    heads: tuple[str, ...]
    rows: Rows


def write_share(checked: Checked, folder: Path) -> list[Path]:
    """Write ``share.html`` and ``share.csv`` and return their paths."""
    tables = [table for table in shared_counts(checked) if table.rows]
    page, sheet = (folder / name for name in NAMES)
    css = read("report.css")
    made = checked.provenance
    context = {
        "policy": policy(css), "css": Svg(css), "tables": tables, "about": ABOUT, "made": made,
        "month": date_words(made.as_of).partition(" ")[2] if made.as_of else "",
    }  # fmt: skip
    text = environment().get_template("share.html").render(context)
    page.write_text(text, encoding="utf-8", newline="\n")
    with sheet.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("table", "row", "of", "count"))
        for table in tables:
            for name, cells in table.rows:
                for head, cell in zip(table.heads, cells, strict=True):
                    rows.writerow((table.title, harmless(name), head, cell.replace(",", "")))
    return [page, sheet]


def shown(count: int, of: int | None = None) -> str:
    """Return a count as it may be shown.

    Parameters
    ----------
    count
        How many.
    of
        How many there are in the group; where nearly all of it is counted, that is not shown.

    Examples
    --------
    >>> shown(7), shown(8), shown(1234), shown(96, of=100)
    ('not shown', '10', '1,235', 'not shown')
    """
    if count <= SMALL or (of is not None and of - count <= SMALL):
        return HIDDEN
    return f"{STEP * round(count / STEP):,}"


def shared_counts(checked: Checked) -> tuple[Counts, ...]:
    """Return what may be shared of a run, table by table."""
    children = checked.children
    flagged = children["rank"] > 0
    total = len(children)
    blocks = children["block"].astype("str")
    levels: list[tuple[str, tuple[str, ...]]] = [
        ("in the exports", (shown(total),)),
        ("with an open finding", (shown(int(flagged.sum()), total),)),
        ("without an open finding", (shown(total - int(flagged.sum()), total),)),
    ]
    levels += [(block, (shown(int((blocks == block).sum()), total),)) for block in BLOCKS]
    return (
        Counts("Children", "", ("children",), tuple(levels)),
        Counts("Open findings, by rule", "rule", ("children",), _by_rule(checked, total)),
        Counts("Contacts, missed and overdue", "rule", ("children",), _by_contact(checked, total)),
        _by_group(checked, "source", "Files", "file"),
        _by_group(checked, "team", "Teams", "team"),
        Counts("Not assessed", "what", ("children",), _by_gap(checked, total)),
        Counts("Values", "", ("values",), _by_fate(checked)),
        Counts("Problems in the files", "code", ("rows",), _by_problem(checked)),
    )


def _rows(counts: Mapping[Any, int] | pd.Series[Any], of: int | None = None) -> Rows:
    """Return counts as rows; those that may not be shown are not listed, as if there were none."""
    rows = [(str(name), (shown(int(count), of),)) for name, count in counts.items()]
    return tuple(row for row in rows if row[1] != (HIDDEN,))


def _by_rule(checked: Checked, total: int) -> Rows:
    is_open = checked.findings[checked.findings["state"].isin(OPEN_STATES)]
    found = is_open.groupby("rule", observed=True)["child_id"].nunique()
    return _rows(found.sort_index(), total)


def _by_contact(checked: Checked, total: int) -> Rows:
    contacts = checked.contacts[~checked.contacts["rule"].isin(_LEFT_OUT)]
    return _rows(contacts.groupby("rule", observed=True)["child_id"].nunique(), total)


def _by_gap(checked: Checked, total: int) -> Rows:
    each = checked.children["not_assessed"].str.split("; ").explode()
    return _rows(each[each != ""].value_counts(), total)


def _by_fate(checked: Checked) -> Rows:
    fates = checked.fates
    return _rows({fate: int(fates[fate].sum()) for fate in ("values_read", *FATES[:-1])})


def _by_problem(checked: Checked) -> Rows:
    counts = checked.problems["code"].astype("str").value_counts().sort_index()
    return _rows({f"{code}: {PROBLEM_CODES[str(code)].reason}": n for code, n in counts.items()})


def _by_group(checked: Checked, column: str, title: str, of: str) -> Counts:
    """Return the children of each file or team, and how many have a finding or missed contact.

    A name that few children share, or that could say who somebody is, is not shown: its children
    are counted among all others.
    """
    seen = checked.seen
    pairs = pd.DataFrame({"child_id": seen["child_id"], "group": seen[column].astype("str")})
    pairs = pairs[(pairs["child_id"] != "") & (pairs["group"] != "")].drop_duplicates()
    size = pairs.groupby("group")["child_id"].transform("size")
    names = pairs["group"].drop_duplicates()
    odd = _may_identify(names, set(checked.children["child_id"]))
    kept = (size > SMALL) & ~pairs["group"].isin(odd)
    pairs = pairs.assign(group=pairs["group"].where(kept, OTHERS)).drop_duplicates()
    flagged = checked.children.loc[checked.children["rank"] > 0, "child_id"]
    contacts = checked.contacts[~checked.contacts["rule"].isin(_LEFT_OUT)]["child_id"]
    pairs = pairs.assign(
        open=pairs["child_id"].isin(flagged), missed=pairs["child_id"].isin(contacts)
    )
    rows = []
    for name, mine in pairs.groupby("group"):
        count = len(mine)
        cells = [shown(count), shown(int(mine["open"].sum()), count)]
        cells += [shown(int(mine["missed"].sum()), count)] if len(contacts) else []
        rows.append((str(name), tuple(cells)))
    rows.sort(key=lambda row: (row[0] == OTHERS, row[0]))
    heads = ["children", "with an open finding"]
    heads += ["with a contact missed or overdue"] if len(contacts) else []
    return Counts(title, of, tuple(heads), tuple(rows))


def _may_identify(names: Iterable[str], child_ids: set[str]) -> set[str]:
    """Return the names that could say who somebody is: with an identifier, a date, or a story."""
    return {
        name
        for name in names
        if len(name) > _LONGEST_NAME
        or _MAY_IDENTIFY.search(name)
        or child_ids & {name, *re.split(r"[\W_]+", name)}
    }
