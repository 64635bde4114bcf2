"""A run in numbers: what was read, scored, found, and what could not be; nothing of any child."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import pandas as pd

from centiles.charts.words import footer
from centiles.checks import BLOCKS, Checked
from centiles.monitoring.wording import date_words
from centiles.records.columns import PROBLEM_CODES, TEAMS
from centiles.reports.summary import missing_lines

WARNING: Final = (
    "Contains safeguarding or third-party information: do not share with the family without advice."
)
STANDING: Final = (
    "A finding is not a diagnosis, and no finding is no reassurance. Rules not clinically approved."
)
_MOST_NAMED: Final = 3


@dataclass(frozen=True)
class ProblemCount:
    """A problem code, in how many rows it is met, what it is and what to do."""

    code: str
    count: int
    severity: str
    reason: str
    suggestion: str


@dataclass(frozen=True)
class ByTeam:
    """Counts of contacts and of what they lacked: a row a team."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Overview:
    """A run in numbers.

    ``missing`` says which files could not be read, ``warning`` what each page must carry, ""
    for nothing;
    ``blocks`` are the parts of the worklist with how many children each has, ``without`` how many
    are in none; ``fates`` what became of the values of each file, in the order of ``fate_heads``;
    ``gaps`` what could not be assessed, and in how many children.
    """

    title: str
    subtitle: str
    standing: str
    missing: str
    warning: str
    as_of: str
    total: int
    blocks: tuple[tuple[str, int], ...]
    without: int
    fate_heads: tuple[str, ...]
    fates: tuple[tuple[str, tuple[int, ...]], ...]
    problems: tuple[ProblemCount, ...]
    gaps: tuple[tuple[str, int], ...]
    teams: ByTeam | None
    provenance: tuple[str, ...]


def overview_of(checked: Checked) -> Overview:
    """Return a run in numbers."""
    made = checked.provenance
    total = len(checked.children)
    as_of = f"data as of {date_words(made.as_of)}" if made.as_of else "ages only"
    names = [source.name for source in checked.sources]
    listed = ", ".join(names[:_MOST_NAMED]) + (" and others" if len(names) > _MOST_NAMED else "")
    values = sum(source.values for source in checked.sources)
    flagged = checked.children.loc[checked.children["rank"] > 0, "block"].astype("str")
    counts = flagged.value_counts()
    heads, fates = _fates(checked)
    hashes = f"SHA-256 of the tables {made.reference_sha256}, of the rules {made.rules_sha256}."
    return Overview(
        title=f"Growth check, {as_of}",
        subtitle=f"{total:,} {'child' if total == 1 else 'children'}, {values:,} values from "
        f"{listed}; {as_of}",
        standing=STANDING,
        missing="".join(missing_lines(checked.missing)),
        warning=WARNING if checked.sensitive else "",
        as_of=made.as_of,
        total=total,
        blocks=tuple((block, int(counts[block])) for block in BLOCKS if block in counts),
        without=total - len(flagged),
        fate_heads=heads,
        fates=fates,
        problems=_problem_counts(checked),
        gaps=_gap_counts(checked.children["not_assessed"]),
        teams=_by_team(checked),
        provenance=(*footer(made), hashes),
    )


def _fates(
    checked: Checked,
) -> tuple[tuple[str, ...], tuple[tuple[str, tuple[int, ...]], ...]]:
    """Return what became of the values of each file, and how many contacts it has."""
    fates = checked.fates
    wanted = ["values_read", *(fate for fate in map(str, fates) if fate != "values_read")]
    heads = (*(head.replace("_", " ") for head in wanted), "no measurement")
    counts = fates[wanted].to_numpy().tolist()
    rows = tuple(
        (source.name, (*map(int, row), source.contacts))
        for source, row in zip(checked.sources, counts, strict=True)
    )
    return heads, rows


def _problem_counts(checked: Checked) -> tuple[ProblemCount, ...]:
    counts = checked.problems["code"].astype("str").value_counts()
    return tuple(
        ProblemCount(code, int(counts[code]), known.severity, known.reason, known.suggestion)
        for code, known in sorted(PROBLEM_CODES.items())
        if code in counts
    )


def _gap_counts(not_assessed: pd.Series[str]) -> tuple[tuple[str, int], ...]:
    """Return what could not be assessed and in how many children, the most frequent first."""
    found = Counter[str]()
    for said, count in not_assessed.value_counts().items():
        found.update({gap: int(count) for gap in str(said).split("; ") if gap and count})
    return tuple(sorted(found.items(), key=lambda each: (-each[1], each[0])))


def _by_team(checked: Checked) -> ByTeam | None:
    """Return the contacts of each team, and what they lacked; None where nothing is known."""
    teams = checked.teams
    heads = [column.name for column in TEAMS if column.kind == "integer"]
    if teams.empty:
        return None
    rows = zip(map(str, teams["team"]), teams[heads].to_numpy().tolist(), strict=True)
    return ByTeam(
        tuple(head.replace("_", " ") for head in heads),
        tuple((team, tuple(map(int, row))) for team, row in rows),
    )
