"""The HTML report of a batch: a ranked worklist that opens to charts, in self-contained pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from centiles.checks import BLOCKS, Checked
from centiles.monitoring.schema import SEVERITIES
from centiles.reports.backgrounds import Backgrounds
from centiles.reports.casebook import Casebook
from centiles.reports.drawings import definitions
from centiles.reports.listing import MOST_LISTED, rows_of
from centiles.reports.markup import environment, policy, read
from centiles.reports.overview import Overview, overview_of
from centiles.reports.pieces import CHILDREN, Drawn, Piece, drawn
from centiles.reports.svg import Svg
from centiles.workers import each_done

NAME: Final = "report.html"
CHILDREN_A_PAGE: Final = 1000  # so that a browser on an old desktop opens and sorts it
WORTH_PROCESSES: Final = 1500  # children: with fewer, to start processes costs what they save
_MOST_TEAMS: Final = 500  # in the filter
_MOST_CONTACTS: Final = 500  # listed; all are in contacts.csv

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Page:
    """A page of charts: its number, its children in the worklist, what a link to it says.

    ``alone`` is the only one, which is the whole report.
    """

    number: int
    first: int
    last: int
    said: str
    alone: bool = True

    @property
    def name(self) -> str:
        """The name of its file."""
        return NAME if self.alone else f"report-{self.number}.html"

    @property
    def pieces(self) -> range:
        """Where the pieces begin that its children are drawn in."""
        return range(self.first, self.last, CHILDREN)


@dataclass(frozen=True)
class Filter:
    """One way to choose among the children: the key of what it looks at, and its choices."""

    key: str
    label: str
    options: tuple[tuple[str, str], ...]


def write_report(
    checked: Checked,
    folder: Path,
    overview: Overview,
    *,
    notices: tuple[str, ...] = (),
    workers: int = 1,
    progress: Progress | None = None,
) -> list[Path]:
    """Write ``report.html`` and, where children are many, ``report-1.html`` and so on.

    ``report.html`` then lists every child in a row that leads to the page with its charts.

    Parameters
    ----------
    checked
        What :func:`centiles.check` returned.
    folder
        Where to.
    overview
        What the run found, in numbers.
    notices
        What else the first lines say.
    workers
        How many processes draw at once, where children are many. With more than one, a script that
        calls this does so under ``if __name__ == "__main__":``, as for all processes that Python
        starts.
    progress
        Called with how many children are done and how many there are.

    Raises
    ------
    CentilesError
        If a process dies.
    """
    book = Casebook(checked)
    run = _run(checked, book, overview) | {"notices": notices}
    pages = _pages(book)
    processes = workers if len(book) >= WORTH_PROCESSES else 1
    with closing(each_done(drawn, _pieces(run, book, pages), processes, in_order=True)) as done:
        told = _told(done, len(book), progress)
        files = {page.name: _page_parts(run, len(book), page, pages, told) for page in pages}
        if len(pages) > 1:
            files = {NAME: _list_parts(run, book, pages)} | files
        for name, parts in files.items():
            with (folder / name).open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(parts)
    return [folder / name for name in files]


def first_page(checked: Checked, most: int) -> str:
    """Return a page of the first children of the worklist, at most so many."""
    book = Casebook(checked)
    shown = min(most, len(book))
    notice = f"The first {shown} of {len(book):,} children are shown."
    notices = (notice,) if shown < len(book) else ()
    run = _run(checked, book, overview_of(checked)) | {
        "notices": notices,
        "sensitive": checked.sensitive,
    }
    pages = [Page(1, 0, shown, "")]
    done = map(drawn, _pieces(run, book, pages))
    return "".join(_page_parts(run, len(book), pages[0], pages, done))


def _pieces(run: dict[str, Any], book: Casebook, pages: list[Page]) -> Iterator[Piece]:
    """Yield the children of all pages, some at a time."""
    shared = [run[name] for name in ("sources", "teams", "sensitive", "as_of")]
    for page in pages:
        for first in page.pieces:
            yield Piece(book.chapter(first, min(first + CHILDREN, page.last)), *shared)


def _page_parts(
    run: dict[str, Any], total: int, page: Page, pages: list[Page], done: Iterator[Drawn]
) -> Iterator[str]:
    """Yield a page bit by bit, so that no more than a piece of it is held as text."""
    backgrounds = Backgrounds()
    context = {
        "page": page.number, "pages": pages, "count": page.last - page.first, "total": total,
        "backgrounds": backgrounds, "rows": (),
        "drawn": _markup(islice(done, len(page.pieces)), backgrounds),
    }  # fmt: skip
    yield from environment().get_template("report.html").generate(run | context)


def _markup(done: Iterator[Drawn], backgrounds: Backgrounds) -> Iterator[Svg]:
    """Yield children as markup, and keep what they refer to, in the order in which they do."""
    for each in done:
        for name, look in each.backgrounds.items():
            backgrounds.made.setdefault(name, look)
        yield each.markup


def _list_parts(run: dict[str, Any], book: Casebook, pages: list[Page]) -> Iterator[str]:
    """Yield the page that lists every child, bit by bit."""
    names = {page.first: page.name for page in pages}
    context = {
        "page": 0, "pages": pages, "count": min(len(book), MOST_LISTED), "total": len(book),
        "backgrounds": Backgrounds(), "drawn": (),
        "rows": rows_of(book, run["sources"], run["teams"], names),
    }  # fmt: skip
    yield from environment().get_template("report.html").generate(run | context)


def _pages(book: Casebook) -> list[Page]:
    """Return the pages: as few as may be, their children divided evenly."""
    count = max(-(-len(book) // CHILDREN_A_PAGE), 1)
    ends = [len(book) * k // count for k in range(count + 1)]
    blocks = book.children["block"].astype("str").tolist()
    return [
        Page(number, first, last, _link_words(first, blocks[first:last]), alone=count == 1)
        for number, (first, last) in enumerate(pairwise(ends), 1)
    ]


def _link_words(first: int, blocks: list[str]) -> str:
    """Return which children a page has, for those who look for one: "1–2,500, urgent to act"."""
    ends = dict.fromkeys([*blocks[:1], *blocks[-1:]])
    return f"{first + 1:,}–{first + len(blocks):,}, {' to '.join(ends)}"


def _told(done: Iterator[Drawn], total: int, progress: Progress | None) -> Iterator[Drawn]:
    """Yield what is drawn, and tell how many children that are."""
    so_far = 0
    for each in done:
        so_far += each.count
        if progress is not None:
            progress(so_far, total)
        yield each


def _run(checked: Checked, book: Casebook, overview: Overview) -> dict[str, Any]:
    """Return what every page says of the run."""
    css, js = read("report.css"), read("report.js")
    sources = tuple(source.name for source in checked.sources)
    teams = names_of_teams(checked, book.children["child_id"], _MOST_TEAMS)
    return {
        "run": overview,
        "sensitive": checked.sensitive,
        "as_of": overview.as_of,
        "policy": policy(css, js),
        "css": Svg(css),
        "js": Svg(js),
        "filters": _filters(book, sources, teams),
        "sources": sources,
        "teams": teams,
        "contacts": _contacts(checked),
        "contacts_in_all": len(checked.contacts),
        "rules": _rules(checked),
        "definitions": definitions(),
    }


def _contacts(checked: Checked) -> list[dict[str, Any]]:
    """Return the contact findings, the gravest first and those longest due; not too many."""
    contacts = checked.contacts
    grade = contacts["severity"].astype("str").map(SEVERITIES.index)
    due = contacts["see_by"].fillna(pd.Timestamp.max.floor("s"))
    first = contacts.iloc[np.lexsort((due, -grade.to_numpy(dtype=np.int64)))[:_MOST_CONTACTS]]
    names = ["severity", "rule", "child_id", "team", "sentence"]
    return [
        dict(zip(names, row, strict=True)) for row in first[names].astype("str").to_numpy().tolist()
    ]


def _filters(book: Casebook, sources: tuple[str, ...], teams: tuple[str, ...]) -> list[Filter]:
    """Return the filters that leave something to choose."""
    rules = dict.fromkeys(r for said in book.children["findings"] for r in said.split("; "))
    blocks = book.children["block"].astype("str").unique()
    levels = book.children["level"].astype("str").unique()
    found = [
        Filter("b", "Group", tuple((b, b) for b in BLOCKS if b in blocks)),
        Filter("l", "Level", tuple((s, s) for s in reversed(SEVERITIES) if s in levels)),
        Filter("r", "Rule", tuple((rule, rule) for rule in sorted(rules))),
        Filter("s", "Source", tuple((str(k), name) for k, name in enumerate(sources))),
        Filter("t", "Team", tuple((str(k), name) for k, name in enumerate(teams))),
    ]
    return [each for each in found if len(each.options) > 1]


def _rules(checked: Checked) -> list[dict[str, Any]]:
    """Return what each rule that is met asks for."""
    met = checked.findings.drop_duplicates("rule")
    rows = zip(met["rule"].astype("str"), met["project_rule"], met["guidance"], strict=True)
    return [
        {"code": code, "project": bool(project), "guidance": guidance}
        for code, project, guidance in sorted(rows)
    ]


def names_of_teams(checked: Checked, child_ids: pd.Series[str], most: int) -> tuple[str, ...]:
    """Return the teams that have seen some children, in order; none where there are too many."""
    mine = checked.seen.loc[checked.seen["child_id"].isin(child_ids), "team"]
    names = sorted(set(map(str, mine.unique())) - {""})
    return tuple(names) if len(names) <= most else ()
