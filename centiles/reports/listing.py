"""Every child of the worklist in a row of its own, where their charts are on several pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from centiles.reports.casebook import Casebook, arrays
from centiles.reports.panels import day_words, iso, sentence_parts

MOST_LISTED: Final = 20_000  # rows, which a browser on an old desktop still filters at once
_COLUMNS: Final = (
    "rank", "block", "level", "child_id", "headline", "findings", "sources", "see_by",
    "last_measured_on",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One child: what its row says, what it is filtered by, and the page its charts are on.

    ``sources`` and ``teams`` are places in the run's; ``see_by_iso`` and ``last_iso`` sort as
    dates do.
    """

    rank: int
    block: str
    level: str
    child_id: str
    lead: str
    see_by: str
    see_by_iso: str
    last: str
    last_iso: str
    rules: tuple[str, ...]
    sources: tuple[int, ...]
    teams: tuple[int, ...]
    page: str


def rows_of(
    book: Casebook, sources: Sequence[str], teams: Sequence[str], pages: Mapping[int, str]
) -> Iterator[Row]:
    """Yield the first children of the worklist, each with the name of its page.

    ``pages`` are the names of the pages by the number of children before each.
    """
    children = arrays(book.children.iloc[:MOST_LISTED], _COLUMNS)
    place = {name: str(number) for number, name in enumerate(sources)}
    mine = _teams_of(book, teams)
    starts = np.array(list(pages), dtype=np.int64)
    names = list(pages.values())
    rows = zip(*(children[name].tolist() for name in _COLUMNS[:-2]),
               children["see_by"], children["last_measured_on"], strict=True)  # fmt: skip
    for k, (rank, block, level, child_id, headline, rules, said, see_by, last) in enumerate(rows):
        yield Row(
            rank, block, level, child_id, sentence_parts(headline)[0],
            day_words(see_by), iso(see_by), day_words(last), iso(last),
            tuple(rules.split("; ")),
            tuple(int(place[name]) for name in said.split("; ") if name in place),
            mine.get(child_id, ()),
            names[int(np.searchsorted(starts, k, side="right")) - 1],
        )  # fmt: skip


def _teams_of(book: Casebook, teams: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return the places of each child's teams."""
    if not teams:
        return {}
    place = {name: number for number, name in enumerate(teams)}
    pairs = book.checked.scored[["child_id", "team"]].drop_duplicates()
    listed = set(islice(book.children["child_id"], MOST_LISTED))
    found: dict[str, list[int]] = {}
    for child_id, team in zip(map(str, pairs["child_id"]), map(str, pairs["team"]), strict=True):
        if child_id in listed and team in place:
            found.setdefault(child_id, []).append(place[team])
    return {child_id: tuple(sorted(places)) for child_id, places in found.items()}
