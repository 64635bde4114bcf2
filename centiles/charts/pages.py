"""A4 pages: text and axes put in their places, all in points from the upper left corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from matplotlib.figure import Figure

from centiles.charts import style
from centiles.charts.events import SENSITIVE_WARNING
from centiles.charts.texts import fitted, width_of
from centiles.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZES: Final = {"landscape": (841.9, 595.3), "portrait": (595.3, 841.9)}  # A4 [pt]
EDGE: Final = 36.0  # [pt]
FOOT: Final = 23.0  # from the lower edge to the foot [pt]
_NUMBER_ROOM: Final = 60.0  # for the number of the page [pt]
TITLE, WHO = 17.0, 11.0  # sizes of type [pt]


@dataclass(frozen=True)
class Page:
    """A page being filled: its figure, its size, its left and right margins [pt]."""

    figure: Figure
    width: float
    height: float
    left: float = EDGE
    right: float = EDGE

    @property
    def room(self) -> float:
        """The width between the margins [pt]."""
        return self.width - self.left - self.right

    def write(
        self, text: str, top: float, *, left: float | None = None, size: float = style.NORMAL,
        **look: Any,
    ) -> float:  # fmt: skip
        """Write a text whose top is there; return where its bottom is [pt].

        ``look`` is as for matplotlib's ``Figure.text``.
        """
        if not text:
            return top
        spacing = float(look.setdefault("linespacing", 1.4))
        at = self.left if left is None else left
        look = {"color": style.TEXT, "va": "top"} | look
        self.figure.text(at / self.width, 1 - top / self.height, text, fontsize=size, **look)
        return top + (text.count("\n") + 1) * (spacing + 0.1) * size

    def paragraph(
        self, texts: Sequence[str], top: float, *, size: float = style.NORMAL,
        left: float | None = None, width: float | None = None, **look: Any,
    ) -> float:  # fmt: skip
        """Write texts, each from a new row and broken to fit; return where the bottom is [pt]."""
        rows = fitted(texts, width or self.room, size)
        return self.write(rows, top, left=left, size=size, **look)

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return axes in a place [pt]."""
        return self.figure.add_axes(
            (left / self.width, 1 - (top + height) / self.height,
             width / self.width, height / self.height)
        )  # fmt: skip

    def line(self, top: float, *, color: str = style.RULE, width: float = 0.6) -> None:
        """Draw a line across, between the margins."""
        from matplotlib.lines import Line2D

        y = 1 - top / self.height
        ends = [self.left / self.width, 1 - self.right / self.width]
        self.figure.add_artist(Line2D(ends, [y, y], color=color, linewidth=width))

    def head(self, title: str, who: str, said: Sequence[str], *, sensitive: bool = False) -> float:
        """Write title, who and what is to be said first; return where it ends [pt]."""
        top = EDGE
        if sensitive:
            top = self.paragraph(
                [SENSITIVE_WARNING], top - 14, size=style.NORMAL, color=style.RING,
                fontweight="bold", gid="warning",
            ) + 4  # fmt: skip
        if not title:
            return self.write(who, top, size=style.NORMAL, color=style.QUIET) + 4
        self.write(title, top, size=TITLE, fontweight="bold", color=style.INK)
        beside = width_of(title, TITLE, bold=True) + width_of(who, WHO) + WHO < self.room
        if beside:
            right = self.width - self.right
            self.write(who, top + 4, left=right, size=WHO, color=style.INK, ha="right")
        rows = [row for row in ["" if beside else who, *said] if row]
        return self.paragraph(rows, top + 1.6 * TITLE, size=style.NORMAL + 0.5)

    def text_height(self, texts: Sequence[str], size: float) -> float:
        """Return how high texts broken to fit between the margins are [pt]."""
        return (fitted(texts, self.room, size).count("\n") + 1) * style.ROW * size if texts else 0.0

    def number(self, text: str) -> None:
        """Write which page it is, in the lower right corner."""
        self.write(
            text, self.height - FOOT, left=self.width - self.right, size=style.SMALL,
            color=style.QUIET, va="bottom", ha="right",
        )  # fmt: skip

    def foot(self, texts: Sequence[str]) -> float:
        """Write the provenance; return where it begins [pt]."""
        rows = fitted([text for text in texts if text], self.room - _NUMBER_ROOM, style.SMALL)
        high = (rows.count("\n") + 1) * style.ROW * style.SMALL
        top = self.height - FOOT
        self.write(
            rows, top, size=style.SMALL, color=style.QUIET, va="bottom", linespacing=1.45,
            gid="foot",
        )  # fmt: skip
        return top - high


def page_of(orientation: str, *, left: float = EDGE, right: float = EDGE) -> Page:
    """Return an empty A4 page.

    Raises
    ------
    UsageError
        If the orientation is neither ``"landscape"`` nor ``"portrait"``.
    """
    if orientation not in SIZES:
        raise UsageError(f"orientation: found {orientation!r}, expected 'landscape' or 'portrait'")
    width, height = SIZES[orientation]
    return Page(Figure(figsize=(width / 72, height / 72)), width, height, left, right)
