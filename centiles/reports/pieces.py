"""Some children of the report at a time, drawn and worded by whichever process takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from centiles.reports.backgrounds import Backgrounds
from centiles.reports.casebook import Chapter
from centiles.reports.markup import environment
from centiles.reports.panels import Panels
from centiles.reports.svg import Svg

CHILDREN: Final = 100  # of a piece, which is about 1 MB of text and half a second


@dataclass(frozen=True)
class Piece:
    """Some children one after another, and what is the same for all of a run.

    ``sources`` and ``teams`` are as :class:`Panels` has them, ``sensitive`` too; ``as_of`` is the
    day of the run as it sorts.
    """

    chapter: Chapter
    sources: tuple[str, ...]
    teams: tuple[str, ...]
    sensitive: bool
    as_of: str


@dataclass(frozen=True)
class Drawn:
    """How many children, their rows and charts as markup, and the backgrounds these refer to."""

    count: int
    markup: Svg
    backgrounds: dict[str, Svg]


def drawn(piece: Piece) -> Drawn:
    """Draw the children of a piece."""
    backgrounds = Backgrounds()
    panels = Panels(piece.sources, piece.teams, backgrounds, piece.sensitive)
    template = environment().get_template("child.html")
    children = [
        template.render(p=panel, sources=piece.sources, as_of=piece.as_of)
        for panel in panels.of(piece.chapter)
    ]
    return Drawn(len(children), Svg("".join(children)), backgrounds.made)
