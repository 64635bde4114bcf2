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
    """Rows of cells under headers; ``shares`` of the width; columns of numbers to the right."""

    headers: tuple[str, ...]
    shares: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()


Block = Heading | Words | Tagged | Table


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
        self.top += 7
        self.page.line(self.top)
        self.top = self.page.write(
            block.text, self.top + 4, size=_HEADING, fontweight="bold", color=style.INK
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
        widths = [self.page.room * share / sum(table.shares) for share in table.shares]
        self._need(self._height(table))
        self._row(table, widths, table.headers, head=True)
        for row in table.rows:
            cells = [
                fitted([plain(cell, _LONGEST_CELL)], width - _GUTTER, _CELL)
                for cell, width in zip(row, widths, strict=True)
            ]
            lines = max(cell.count("\n") + 1 for cell in cells)
            if self.top + lines * _LINE > self.bottom:
                self._need(lines * _LINE)
                self._row(table, widths, table.headers, head=True)
            self._row(table, widths, cells)
        self.top += 3

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
        self.top += _LINE * max(cell.count("\n") + 1 for cell in cells)
        page.line(self.top - 1.2, width=0.7 if head else 0.25)
