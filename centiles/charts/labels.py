"""Where small labels go, so that they cover neither points nor each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from centiles.ages import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH: Final = 0.6  # of a letter, as a share of the size of the type
_HEIGHT: Final = 1.25
_STEP: Final = 5.0  # between the places of a line that labels are kept off [pt]
_COVERS_LABEL, _COVERS_POINT, _COVERS_LINE = 500.0, 40.0, 1.0


class Placer:
    """Places labels one after another, each where it covers least.

    All lengths are points [pt] from the lower left corner of the figure.
    """

    def __init__(self, ax: Axes, points: FloatArray, lines: FloatArray) -> None:
        """Start with points and samples of lines, each of shape (2, n) in data coordinates."""
        self._ax = ax
        self._scale = 72 / ax.figure.dpi
        self._points = self.place(points)
        self._lines = self.place(lines)
        low = self.place(np.array([[ax.get_xlim()[0]], [ax.get_ylim()[0]]]))[0]
        high = self.place(np.array([[ax.get_xlim()[1]], [ax.get_ylim()[1]]]))[0]
        self._inside = np.r_[low, high]
        self._labels: list[FloatArray] = []

    def place(self, data: FloatArray) -> FloatArray:
        """Return where data coordinates, shape (2, n), are: shape (n, 2) [pt]."""
        return np.asarray(self._ax.transData.transform(data.T) * self._scale)

    def keep_clear(self, at: FloatArray, size: float) -> None:
        """Keep labels away from a square of this size round a place."""
        self._labels.append(np.r_[at - size / 2, at + size / 2])

    def keep_off(self, ends: FloatArray) -> None:
        """Keep labels off a straight line between two places in data coordinates, shape (2, 2)."""
        start, end = self.place(ends)
        steps = np.linspace(0, 1, max(int(np.hypot(*(end - start)) / _STEP), 2))[:, None]
        self._points = np.concatenate([self._points, start + steps * (end - start)])

    def is_taken(self, at: FloatArray) -> bool:
        """Return whether a place is kept clear or has a label."""
        return any(_overlap(np.r_[at, at], box) for box in self._labels)

    def best(self, text: str, size: float, centres: FloatArray) -> FloatArray:
        """Return the best of some centres for a label, and remember it as taken.

        Parameters
        ----------
        text
            The label, with line breaks.
        size
            The size of the type [pt].
        centres
            The places it may be, the one liked best first, shape (places, 2).

        Returns
        -------
        float array
            The chosen centre, shape (2,), moved inside the axes if need be.
        """
        half = extent(text, size) / 2
        low, high = self._inside[:2] + half + 2, self._inside[2:] - half - 2
        moved = np.clip(centres, low, np.maximum(low, high))
        costs = [
            self._cost(np.r_[at - half, at + half]) + 0.4 * float(np.hypot(*(at - wish))) + rank
            for rank, (at, wish) in enumerate(zip(moved, centres, strict=True))
        ]
        at = moved[int(np.argmin(costs))]
        self._labels.append(np.r_[at - half, at + half])
        return np.asarray(at)

    def _cost(self, box: FloatArray) -> float:
        taken = sum(_overlap(box, other) for other in self._labels)
        points = _inside(np.r_[box[:2] - 3, box[2:] + 3], self._points).sum()
        return (
            _COVERS_LABEL * taken
            + _COVERS_POINT * float(points)
            + _COVERS_LINE * float(_inside(box, self._lines).sum())
        )


def extent(text: str, size: float) -> FloatArray:
    """Return about how wide and high a text is, shape (2,) [pt], without drawing it.

    Examples
    --------
    >>> extent("check", 10.0)
    array([30. , 12.5])
    """
    rows = text.split("\n")
    return np.array([max(map(len, rows)) * _WIDTH * size, len(rows) * _HEIGHT * size])


def around(at: FloatArray, text: str, size: float, gap: float) -> FloatArray:
    """Return eight centres for a label round a place, right, left, below and above first."""
    reach = extent(text, size) / 2 + gap
    turns = np.array(
        [(1, 0), (-1, 0), (0, -1), (0, 1), (0.9, -0.9), (-0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]
    )
    return np.asarray(at + turns * reach)


def _overlap(box: FloatArray, other: FloatArray) -> bool:
    return bool((box[:2] < other[2:]).all() and (box[2:] > other[:2]).all())


def _inside(box: FloatArray, places: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(((places > box[:2]) & (places < box[2:])).all(axis=1))
