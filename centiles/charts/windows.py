"""Which span of ages a chart shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from centiles.ages import DAYS_IN_YEAR, TERM_DAYS, TERM_FROM_DAYS, FloatArray, gestation_known
from centiles.errors import UsageError

FIRST_DAY: Final = 23 * 7 - TERM_DAYS  # 23+0 weeks, where the lines begin
TERM_FIRST_DAY: Final = TERM_FROM_DAYS - TERM_DAYS
_BEFORE_TWO: Final = 2 * DAYS_IN_YEAR - 45  # so that both ends of the lines are seen at 2 years
_LEAST_ROOM: Final = 0.015  # of the window, after the last point


@dataclass(frozen=True)
class Window:
    """A span of ages [d since the expected date of delivery] and its name.

    ``by_gestation`` marks the window whose axis is gestation itself; ``corrected`` those where a
    point stands at its corrected age only, which that one always is.
    """

    name: str
    from_day: float
    to_day: float
    by_gestation: bool = False
    corrected: bool = False

    @property
    def from_birth(self) -> bool:
        """Whether the window starts about birth, and so stretches to hold a preterm one."""
        return not self.by_gestation and self.from_day <= 0

    @property
    def days(self) -> float:
        """How long the window is [d]."""
        return self.to_day - self.from_day

    def holds(self, day: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Return which ages [d] lie in the window."""
        return np.asarray((day >= self.from_day) & (day <= self.to_day))


def _window(name: str, from_day: float, to_years: float, after: float) -> Window:
    return Window(name, from_day, to_years * DAYS_IN_YEAR + after)


# In the order they are tried; each runs a little past its last tick, so that a step there shows.
WINDOWS: Final = {
    window.name: window
    for window in (
        Window("preterm", FIRST_DAY - 4, 21, by_gestation=True, corrected=True),
        Window("newborn", TERM_FIRST_DAY, 13 * 7 + 4),
        _window("infant", TERM_FIRST_DAY, 1, 21),
        _window("0-2", TERM_FIRST_DAY, 2, 40),
        _window("0-4", TERM_FIRST_DAY, 4, 70),
        _window("2-9", _BEFORE_TWO, 9, 60),
        _window("2-20", _BEFORE_TWO, 20, 60),
        _window("0-9", TERM_FIRST_DAY, 9, 60),
        _window("whole", TERM_FIRST_DAY, 20, 60),
    )
}


def chosen(
    age_days: FloatArray,
    corrected_age_days: FloatArray,
    gestation_days: float = np.nan,
    name: str | None = None,
) -> Window:
    """Return the smallest window that holds a child's points, or the one named.

    Parameters
    ----------
    age_days, corrected_age_days
        Ages of the points [d], shape (points,); NaN is left out.
    gestation_days
        Gestation at birth [d], NaN where unknown.
    name
        A window by name.

    Raises
    ------
    UsageError
        If the name is no window's.

    Examples
    --------
    >>> chosen(np.array([0.0, 35.0]), np.array([0.0, 35.0])).name
    'newborn'
    >>> chosen(np.array([800.0, 2100.0]), np.array([800.0, 2100.0])).name
    '2-9'
    """
    if name is not None and name not in WINDOWS:
        raise UsageError(
            f"window: found {name!r}, expected one of {', '.join(WINDOWS)}; "
            "or leave it out, and the points choose"
        )
    both = np.concatenate([age_days, corrected_age_days])
    both = both[np.isfinite(both)]
    born_early = bool(gestation_known(gestation_days) & (gestation_days < TERM_FROM_DAYS))
    corrected = corrected_age_days[np.isfinite(corrected_age_days)]
    window = WINDOWS[name] if name else _smallest(both, corrected if born_early else corrected[:0])
    return _stretched(window, both) if window.from_birth else window


def _smallest(both: FloatArray, preterm: FloatArray) -> Window:
    """Return the first window, in the order of WINDOWS, that holds every point.

    ``both`` are ages and corrected ages, ``preterm`` the corrected ones of a preterm child.
    """
    if len(both) == 0:
        return WINDOWS["whole"]
    if len(preterm) and preterm.max() <= WINDOWS["preterm"].to_day - 4:
        return WINDOWS["preterm"]
    for window in WINDOWS.values():
        starts = window.from_birth or (not window.by_gestation and both.min() >= window.from_day)
        if starts and both.max() <= window.to_day - _LEAST_ROOM * window.days:
            return window
    return WINDOWS["whole"]


def _stretched(window: Window, both: FloatArray) -> Window:
    """Return a window from birth begun early enough for a preterm birth, in whole weeks."""
    first = both.min() if len(both) else window.from_day
    earliest = max(np.floor((first - 0.01 * window.days) / 7) * 7, FIRST_DAY - 7)
    return replace(window, from_day=min(window.from_day, float(earliest)))
