"""Words on a page: broken into rows, and made of letters the type has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from centiles import lms
from centiles.charts.style import FAMILY, family

_LONGEST_NAME: Final = 48
_WIDEST: Final = 1.0  # of a letter, in sizes of the type
_BOLD: Final = 1.12  # how much wider bold type is, at the most
_COMMON: Final = 0x2600  # letters below are measured, others taken as wide
_MISSING: Final = "□"


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return how wide one row of text is in type of a size, both [pt]."""
    advances = _advances()
    wide = sum(advances.get(letter, _WIDEST) for letter in text)
    return wide * size * (_BOLD if bold else 1.0)


def fitted(texts: Iterable[str], width: float, size: float, *, bold: bool = False) -> str:
    """Return texts in type of a size as rows that fit a width, both [pt].

    Each text begins a row; a number stays with what it counts; a word wider than the width is
    broken.
    """
    held = (re.sub(r"(\d) (?=\w)", "\\1\u00a0", text) for text in texts)  # "9 Feb" on one row
    return "\n".join(row for text in held for row in _rows(text, width, size, bold=bold))


def _rows(text: str, width: float, size: float, *, bold: bool) -> list[str]:
    """Return one text as rows."""
    rows: list[str] = []
    row = ""
    for word in text.split(" "):
        longer = f"{row} {word}" if row else word
        if width_of(longer, size, bold=bold) <= width:
            row = longer
            continue
        rows += [row] if row else []
        row = word
        while width_of(row, size, bold=bold) > width and len(row) > 1:
            fits = next(
                k for k in range(len(row), 0, -1)
                if k == 1 or width_of(row[:k], size, bold=bold) <= width
            )  # fmt: skip
            rows.append(row[:fits])
            row = row[fits:]
    return [*rows, row] if row else rows


def shortened(text: str, width: float, size: float) -> str:
    """Return one row of text cut to fit a width, both [pt]; three dots show the cut."""
    if width_of(text, size) <= width:
        return text
    fits = [k for k in range(len(text)) if width_of(text[:k], size) + size <= width]
    return f"{text[: fits[-1] if fits else 0].rstrip()}…"


def plain(text: object, longest: int = _LONGEST_NAME) -> str:
    """Return a text from the data as one short row that the chart's type can show."""
    row = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    row = row if len(row) <= longest else f"{row[: longest // 2]}…{row[-longest // 2 + 1 :]}"
    return "".join(c if ord(c) in _letters() else _MISSING for c in row)


@cache
def _advances() -> Mapping[str, float]:
    """Return how wide each letter of the type is, in sizes of the type."""
    from matplotlib.font_manager import FontProperties, findfont, get_font
    from matplotlib.ft2font import LoadFlags

    font = get_font(findfont(FontProperties(family=family())))
    font.set_size(100, 72)
    found = {}
    for code in font.get_charmap():
        if code < _COMMON:
            glyph = font.load_char(code, flags=LoadFlags.NO_HINTING)
            found[chr(code)] = glyph.linearHoriAdvance / 65536 / 100
    return found


@cache
def _letters() -> frozenset[int]:
    """Return the characters the type has."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset(get_font(findfont(FontProperties(family=family()))).get_charmap())


def font_note() -> str:
    """Return that the type of the charts is not there, where it is not; else nothing."""
    if family() == FAMILY:
        return ""
    return (
        f"{FAMILY}, the type these charts are made in, was not found; drawn in another, so letters "
        "may stand differently or be missing."
    )


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
