"""Where the labels of a small chart go: beside what they name, where they cover least."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from centiles.charts.falls import Fall
from centiles.reports import svg
from centiles.reports.backgrounds import Background
from centiles.reports.svg import BOTTOM, LEFT, RIGHT, TOP

Box = tuple[float, float, float, float]

_LETTER, _ROW = 5.4, 11.0  # a letter of a label, wide and high
_BOLD: Final = 1.08
_MARK: Final = 4.5  # round a point
_SMALL: Final = 20.0  # wide is a mark, and not a label
_STEP: Final = 8.0  # between the places of a line that labels are kept off


@dataclass
class Places:
    """What stands on a small chart already; labels are put where they cover least of it."""

    ground: Background
    _taken: list[Box] = field(default_factory=list)

    def keep(self, x: float, y: float, reach: float = _MARK) -> None:
        """Keep labels off a mark."""
        self._taken.append((x - reach, y - reach, x + reach, y + reach))

    def keep_off(self, x: float, top: float, bottom: float) -> None:
        """Keep labels off an upright line."""
        for y in np.arange(top, bottom + _STEP, _STEP).tolist():
            self.keep(x, min(y, bottom), 2.0)

    def beside(self, words: str, x: float, y: float) -> str:
        """Return a label beside a point; rows above and below it are for crowds."""
        wide = len(words) * _LETTER
        above, below = (
            [(x - wide / 2, y + d) for d in rows] for rows in ((-19, -31, -43), (8, 20, 32))
        )
        places = [(x + 8, y - 5.5), (x - 8 - wide, y - 5.5), above[0], below[0],
                  (x + 11, y - 16), (x - 11 - wide, y + 5), *above[1:], *below[1:]]  # fmt: skip
        boxes = [(a, b, a + wide, b + _ROW) for a, b in places]
        best = min(boxes, key=self._cost)
        self._taken.append(best)
        return svg.text(best[0], best[1] + 9, words, "n")

    def over_band(self, band: Fall, ends: tuple[float, float]) -> str:
        """Return a fall's size and interval, in two rows, where its band is emptiest."""
        rows = band.words.split("\n")
        wide = max(map(len, rows)) * _LETTER * _BOLD
        middle = min(max(sum(ends) / 2, LEFT + wide / 2 + 2), RIGHT - wide / 2 - 2)
        tops = np.linspace(TOP + 2, BOTTOM - 2 * _ROW - 5, 9)
        tops = tops[np.argsort(np.abs(tops - tops.mean()))[::-1]]  # the ends are liked best
        boxes = [
            (middle - wide / 2, top, middle + wide / 2, top + 2 * _ROW + 2) for top in tops.tolist()
        ]
        lines = self._lines_at((boxes[0][0] + boxes[0][2]) / 2)
        best = min(
            boxes,
            key=lambda box: self._cost(box) + 0.12 * sum(box[1] < y < box[3] for y in lines),
        )
        self._taken.append(best)
        return "".join(
            svg.text(middle, best[1] + 10 + k * _ROW, row, "fl", anchor="middle")
            for k, row in enumerate(rows)
        )

    def _cost(self, box: Box) -> float:
        """Return how much a label covers; outside the plot is worst."""
        outside = box[0] < LEFT or box[2] > RIGHT + 30 or box[1] < 0 or box[3] > BOTTOM
        covered = sum(
            1.5 if other[2] - other[0] < _SMALL else 1.0  # a mark counts more than a label
            for other in self._taken
            if box[0] < other[2] and box[2] > other[0] and box[1] < other[3] and box[3] > other[1]
        )
        return 10.0 * outside + covered

    def _lines_at(self, x: float) -> list[float]:
        """Return where the nine lines run at a place along the chart."""
        plot = self.ground.plot
        day = plot.window.from_day + (x - LEFT) / plot.scale
        for section in self.ground.lines.sections:
            if section.age_days[0] <= day <= section.age_days[-1]:
                place = min(int(np.searchsorted(section.age_days, day)), len(section.age_days) - 1)
                return [float(y) for y in plot.y(section.values[:, place])]
        return []
