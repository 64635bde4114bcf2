"""Words on a page: broken into rows, and made of letters the type has."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from functools import cache
from typing import Final

from centiles import lms

FAMILY: Final = "DejaVu Sans"
_LONGEST_NAME: Final = 48
_LETTER: Final = 0.52  # the width of one, in sizes of the type
_MISSING: Final = "□"


def wrapped(texts: Iterable[str], letters: int) -> str:
    """Return texts as rows of at most so many letters."""
    held = (re.sub(r"(\d) (?=\w)", "\\1\u00a0", text) for text in texts)  # "9 Feb" on one row
    return "\n".join(row for text in held for row in textwrap.wrap(text, letters))


def fitted(texts: Iterable[str], width: float, size: float) -> str:
    """Return texts in type of a size as rows that fit a width, both [pt]."""
    return wrapped(texts, max(8, int(width / (_LETTER * size))))


def plain(text: object, longest: int = _LONGEST_NAME) -> str:
    """Return a text from the data as one short row that the chart's type can show."""
    row = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    row = row if len(row) <= longest else f"{row[: longest // 2]}…{row[-longest // 2 + 1 :]}"
    return "".join(c if ord(c) in _letters() else _MISSING for c in row)


@cache
def _letters() -> frozenset[int]:
    """Return the characters the type has."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset(get_font(findfont(FontProperties(family=FAMILY))).get_charmap())


def font_note() -> str:
    """Return that the type of the charts is not there, where it is not; else nothing."""
    from matplotlib.font_manager import findfont

    try:
        findfont(FAMILY, fallback_to_default=False)
    except ValueError:
        return (
            f"{FAMILY}, the type these charts are made in, was not found; drawn in another, so "
            f"letters may stand differently or be shown as {_MISSING}."
        )
    return ""


def capital(text: str) -> str:
    """Return a text with its first letter, and no other, made a capital."""
    return text[:1].upper() + text[1:]


def centile_words(z: float) -> str:
    """Return a z as a centile in print: whole, one decimal below 1 and above 99.

    Examples
    --------
    >>> centile_words(0.0), centile_words(-2.5), centile_words(-3.0), centile_words(2.0)
    ('50th', '0.6th', '<0.4th', '98th')
    """
    figures = lms.centile_text(z)
    return figures + ("th" if "." in figures else _ordinal(int(figures)))


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
