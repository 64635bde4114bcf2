"""Words and tables one below the other on as many pages as they need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from centiles.charts import style
from centiles.charts.pages import Page
from centiles.charts.texts import fitted, plain

_HEADING: Final = 10.5  # size of type [pt]
_BODY: Final = 8.0
_SPACING: Final = 1.28  # of rows, and with it:
_ROW: Final = _SPACING + 0.1
_CELL: Final = 7.0
_TAG: Final = 74.0  # the width of the column of tags [pt]
_LINE: Final = 10.6  # of a table [pt]
_GUTTER: Final = 6.0  # between two columns of a table [pt]
_LONGEST_CELL: Final = 160
_ABOVE, _BELOW = 7.0, 4.0  # the line over a heading [pt]
_AFTER: Final = 3.0  # a table [pt]
_BY_HAND: Final = 13.0  # more room in a row to be written in [pt]
_MARKED: Final = ("urgent", "act", "verify today")


@dataclass(frozen=True)
class Heading:
    """A heading of what follows."""

    text: str


@dataclass(frozen=True)
class Words:
    """Texts, each from a new row."""

    texts: tuple[str, ...]
    quiet: bool = False


@dataclass(frozen=True)
class Tagged:
    """A text with a tag in the margin: a severity, a measure; ``under`` stands below the tag."""

    tag: str
    text: str
    under: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of cells under headers; ``shares`` of the width; columns of numbers to the right.

    ``by_hand`` says that the last row is to be written in, and so has room for it.
    """

    headers: tuple[str, ...]
    shares: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()
    by_hand: bool = False


Block = Heading | Words | Tagged | Table


@dataclass(frozen=True)
class Spill:
    """Blocks of which those that a page has no room for stand on a later one.

    ``least`` of them stay, whatever the room; ``heading`` is over the others.
    """

    blocks: tuple[Words | Tagged, ...]
    least: int
    heading: str


def parted(
    blocks: Sequence[Block | Spill], width: float, room: float
) -> tuple[list[Block], list[Block]]:
    """Return the blocks that fit on a page, and what of their spills is to stand on a later one.

    ``width`` and ``room`` are how wide and how high the page is [pt]. The first spill gives way
    first.
    """
    spills = [block for block in blocks if isinstance(block, Spill)]
    kept = [len(spill.blocks) for spill in spills]

    def page() -> list[Block]:
        shown = iter(zip(spills, kept, strict=True))
        parts = (_kept(*next(shown)) if isinstance(block, Spill) else [block] for block in blocks)
        return [block for part in parts for block in part]

    for place, spill in enumerate(spills):
        while kept[place] > spill.least and _height_of(page(), width) > room:
            kept[place] -= 1
    later: list[Block] = []
    for spill, count in zip(spills, kept, strict=True):
        if spill.blocks[count:]:
            later += [Heading(spill.heading), *_joined(spill.blocks[count:])]
    return page(), later


def _kept(spill: Spill, count: int) -> list[Block]:
    """Return the first blocks of a spill, and how many more there are."""
    more = len(spill.blocks) - count
    note = f"{more} more on a later page, under “{spill.heading}”."
    return [*_joined(spill.blocks[:count]), *([Words((note,))] if more else [])]


def _joined(blocks: Sequence[Words | Tagged]) -> list[Block]:
    """Return words that follow one another as one block."""
    found: list[Block] = []
    for block in blocks:
        last = found[-1] if found else None
        if isinstance(block, Words) and isinstance(last, Words) and block.quiet == last.quiet:
            found[-1] = Words(last.texts + block.texts, block.quiet)
        else:
            found.append(block)
    return found


def _height_of(blocks: Sequence[Block], width: float) -> float:
    """Return how high blocks are one below the other [pt]."""
    return sum(_block_height(block, width) for block in blocks)


def _block_height(block: Block, width: float) -> float:
    if isinstance(block, Heading):
        return _ABOVE + _BELOW + 1.5 * _HEADING
    if isinstance(block, Table):
        lines = [_lines(cells) for cells in _cells(block, width)]
        return (1 + sum(lines)) * _LINE + (_BY_HAND if block.by_hand else 0) + _AFTER
    if isinstance(block, Words):
        return (fitted(block.texts, width, _BODY).count("\n") + 1) * _ROW * _BODY
    rows = fitted([block.text], width - _TAG, _BODY).count("\n") + 1
    under = 1.5 * (_BODY + style.SMALL) if block.under else 0
    return max(rows * _ROW * _BODY, under) + 2


def _widths(table: Table, width: float) -> list[float]:
    return [width * share / sum(table.shares) for share in table.shares]


def _cells(table: Table, width: float) -> list[list[str]]:
    """Return the cells of each row broken to fit their columns."""
    widths = _widths(table, width)
    return [
        [
            fitted([plain(cell, _LONGEST_CELL)], room - _GUTTER, _CELL)
            for cell, room in zip(row, widths, strict=True)
        ]
        for row in table.rows
    ]


def _lines(cells: Sequence[str]) -> int:
    return max(cell.count("\n") + 1 for cell in cells)


class Flow:
    """Fills pages from top to bottom; asks for a new one when one is full."""

    def __init__(
        self,
        new_page: Callable[[], tuple[Page, float, float]],
        here: tuple[Page, float, float] | None = None,
    ) -> None:
        """Start on a new page, or on what is left of one.

        ``new_page`` gives a page, its top and its bottom [pt]; ``here`` is one already begun.
        """
        self._new_page = new_page
        self.page, self.top, self.bottom = here or new_page()

    def add(self, blocks: Sequence[Block]) -> None:
        """Put blocks one below the other, a heading never last on a page."""
        for block, after in zip(blocks, [*blocks[1:], None], strict=True):
            if isinstance(block, Heading):
                follows = self._height(after) if after is not None else 0.0
                self._need(2.6 * _HEADING + min(follows, 60))
                self._heading(block)
            elif isinstance(block, Table):
                self._table(block)
            else:
                self._need(self._height(block))
                self._words(block) if isinstance(block, Words) else self._tagged(block)

    def _need(self, height: float) -> None:
        if self.top + height > self.bottom:
            self.page, self.top, self.bottom = self._new_page()

    def _height(self, block: Block) -> float:
        """Return about how high a block is [pt]; of a table, its head and three rows."""
        if isinstance(block, Table):
            return (min(len(block.rows), 3) + 1) * _LINE
        if isinstance(block, Heading):
            return 2.6 * _HEADING
        texts, width = (
            (block.texts, self.page.room)
            if isinstance(block, Words)
            else ((block.text,), self.page.room - _TAG)
        )
        rows = fitted(texts, width, _BODY).count("\n") + 1
        return max(rows, 2 if isinstance(block, Tagged) and block.under else 1) * _ROW * _BODY

    def _heading(self, block: Heading) -> None:
        self.top += _ABOVE
        self.page.line(self.top)
        self.top = self.page.write(
            block.text, self.top + _BELOW, size=_HEADING, fontweight="bold", color=style.INK
        )

    def _words(self, block: Words) -> None:
        colour = style.QUIET if block.quiet else style.TEXT
        self.top = self.page.paragraph(
            block.texts, self.top, size=_BODY, color=colour, linespacing=_SPACING
        )

    def _tagged(self, block: Tagged) -> None:
        page, left = self.page, self.page.left
        ink = style.RING if block.tag.casefold() in _MARKED else style.INK
        under = page.write(
            fitted([plain(block.tag)], _TAG - _GUTTER, _BODY, bold=True),
            self.top,
            size=_BODY,
            fontweight="bold",
            color=ink,
            left=left,
        )
        if block.under:
            under = page.write(plain(block.under), under, size=style.SMALL, left=left)
        room = page.room - _TAG
        end = page.paragraph(
            [block.text], self.top, left=left + _TAG, width=room, size=_BODY, linespacing=_SPACING
        )
        self.top = max(under, end) + 2

    def _table(self, table: Table) -> None:
        widths = _widths(table, self.page.room)
        self._need(self._height(table))
        self._row(table, widths, table.headers, head=True)
        for number, cells in enumerate(_cells(table, self.page.room), 1):
            by_hand = _BY_HAND if table.by_hand and number == len(table.rows) else 0.0
            high = _lines(cells) * _LINE + by_hand
            if self.top + high > self.bottom:
                self._need(high)
                self._row(table, widths, table.headers, head=True)
            self.top += by_hand
            self._row(table, widths, cells)
        self.top += _AFTER

    def _row(
        self, table: Table, widths: Sequence[float], cells: Sequence[str], *, head: bool = False
    ) -> None:
        page, left = self.page, self.page.left
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            to_right = number in table.right
            for line, text in enumerate(cell.split("\n")):
                page.write(
                    text,
                    self.top + line * _LINE + _CELL,
                    left=left + width - _GUTTER if to_right else left,
                    size=_CELL,
                    ha="right" if to_right else "left",
                    va="baseline",
                    color=style.INK if head else style.TEXT,
                    fontweight="bold" if head else "normal",
                )
            left += width
        self.top += _LINE * _lines(cells)
        page.line(self.top - 1.2, width=0.7 if head else 0.25)
