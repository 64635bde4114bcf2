"""SVG as text: a plot's two scales, short numbers, harmless words, marks by reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np

from centiles.ages import FloatArray
from centiles.charts.windows import Window

WIDTH, HEIGHT = 360, 236  # of every small chart
LEFT, RIGHT, TOP, BOTTOM = 34.0, 318.0, 9.0, 200.0  # its plot
_LEAST_RISE: Final = 26.0  # between two numbers of the value axis
_STAR: Final = (1.0, 0.45) * 5


class Svg(str):
    """Markup that is safe as it stands: made here of numbers, our own words and escaped text."""

    __slots__ = ()

    def __html__(self) -> str:
        """Tell a template that this needs no escaping."""
        return self


@dataclass(frozen=True)
class Plot:
    """Where ages [d] of a window and values from low to high stand on a small chart."""

    window: Window
    low: float
    high: float

    def x(self, day: FloatArray) -> FloatArray:
        """Return where ages are along the chart."""
        return LEFT + (day - self.window.from_day) * self.scale

    def y(self, value: FloatArray) -> FloatArray:
        """Return where values are down the chart."""
        return BOTTOM - (value - self.low) * ((BOTTOM - TOP) / (self.high - self.low))

    @property
    def scale(self) -> float:
        """How wide a day is."""
        return (RIGHT - LEFT) / self.window.days


def number(value: float) -> str:
    """Return a coordinate to a tenth, in as few characters as it has.

    Examples
    --------
    >>> number(12.0), number(3.14159), number(-0.01)
    ('12', '3.1', '0')
    """
    text = f"{value:.1f}"
    text = text[:-2] if text.endswith(".0") else text
    return "0" if text == "-0" else text


def text(x: float, y: float, words: str, kind: str = "", *, anchor: str = "") -> str:
    """Return a label; its words may be anything."""
    parts = f' class="{kind}"' if kind else ""
    parts += f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{number(x)}" y="{number(y)}"{parts}>{escape(words)}</text>'


def marks(name: str, places: list[tuple[float, float]]) -> str:
    """Return a mark at each of some places: one element, however many they are.

    The marks are those of a path's corners, of which nothing else is drawn.
    """
    if not places:
        return ""
    corners = " ".join(f"{number(x)},{number(y)}" for x, y in places)
    return f'<path class="k {name}" d="M{corners}{"h0" if len(places) == 1 else ""}"/>'


def path(lines: list[tuple[FloatArray, FloatArray]]) -> str:
    """Return the data of a path of several lines, each not joined to the next."""
    return "".join(
        "M" + " ".join(f"{number(a)},{number(b)}" for a, b in zip(x, y, strict=True))
        for x, y in lines
        if len(x) > 1
    )


def value_ticks(low: float, high: float) -> list[float]:
    """Return round values between two, as close together as their numbers allow.

    Examples
    --------
    >>> value_ticks(2.3, 21.0)
    [5.0, 10.0, 15.0, 20.0]
    """
    most = max(int((BOTTOM - TOP) / _LEAST_RISE), 2)
    rough = (high - low) / most
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * k for k in (1, 2, 5, 10) if size * k >= rough)
    return [float(k * step) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def marker(shape: str) -> str:
    """Return the path of a marker about the origin, by its name in ``charts.style``."""
    if shape == "o":
        return "M-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0z"
    sides = {"s": (4, 45, 4.4), "D": (4, 0, 4.6), "^": (3, -90, 4.8), "v": (3, 90, 4.8),
             "p": (5, -90, 4.2), "h": (6, -90, 4.2), "*": (10, -90, 5.4)}  # fmt: skip
    corners, start, radius = sides[shape]
    turn = np.radians(start + np.arange(corners) * 360 / corners)
    reach = radius * np.array(_STAR if shape == "*" else (1.0,) * corners)
    return path([(reach * np.cos(turn), reach * np.sin(turn))]) + "z"
