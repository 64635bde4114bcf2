"""What is marked and written along ages, in each window, before anything is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from centiles.ages import DAYS_IN_MONTH, DAYS_IN_YEAR, TERM_DAYS
from centiles.charts.windows import Window

GESTATION_TO_DAY: Final = 14  # 42 weeks
_CAPTION: Final = 92.0  # the width of "weeks of gestation" and a gap [pt]
_LEAST_GAP: Final = 17  # between two labels [pt]


@dataclass(frozen=True)
class Row:
    """Marks along an axis: where [d], what each says, and what the whole row is in."""

    days: tuple[float, ...]
    labels: tuple[str, ...]
    unit: str

    def __add__(self, other: Row) -> Row:
        """Return two rows as one, in the unit of the second."""
        return Row(self.days + other.days, self.labels + other.labels, other.unit)


@dataclass(frozen=True)
class AgeAxis:
    """The rows of an age axis: the finer above, the coarser below it or in line with it."""

    fine: Row
    coarse: Row
    in_line: bool
    gestation: bool


def age_axis(window: Window, width: float, *, gestation: bool = True) -> AgeAxis:
    """Return the marks of a window's age axis.

    Weeks of gestation below 42 weeks; weeks and months to 2 years; months and years to 4; years
    and half years after.

    Parameters
    ----------
    window
        The ages shown.
    width
        How wide the axis is [pt].
    gestation
        Whether weeks below 42 are of gestation; ages since birth have none.

    Examples
    --------
    >>> from centiles.charts.windows import WINDOWS
    >>> axis = age_axis(WINDOWS["0-4"], 600)
    >>> axis.fine.unit, axis.coarse.unit, axis.coarse.labels
    ('months', 'years', ('1', '2', '3', '4'))
    """
    scale = width / window.days
    if window.to_day > 4.5 * DAYS_IN_YEAR:
        return _years(window, scale)
    early = _gestation(window, scale) if gestation else Row((), (), "weeks")
    after = early.days[-1] + _LEAST_GAP / scale if early.days else window.from_day
    clear = max(after, window.from_day + _CAPTION / scale) if gestation else after
    if window.by_gestation:
        return AgeAxis(early, Row((), (), ""), in_line=False, gestation=True)
    if window.to_day > 2.5 * DAYS_IN_YEAR:
        fine = _multiples(window, scale, DAYS_IN_MONTH, (1, 3, 6, 12), "months", after)
        coarse = _multiples(window, scale, DAYS_IN_YEAR, (1,), "years", clear)
    else:
        fine = _multiples(window, scale, 7, (1, 2, 4, 8, 13, 26), "weeks", after)
        coarse = _multiples(window, scale, DAYS_IN_MONTH, (1, 2, 3, 6), "months", clear)
    return AgeAxis(early + fine, coarse, in_line=False, gestation=bool(early.days))


def _gestation(window: Window, scale: float) -> Row:
    """Return weeks of gestation, counted from 40, up to 42 weeks."""
    last = min(window.to_day, GESTATION_TO_DAY)
    step = _step(7 * scale, (1, 2, 4, 8))
    weeks = np.arange(-24 // step * step, 3, step)
    weeks = weeks[(weeks * 7 >= window.from_day) & (weeks * 7 <= last)]
    labels = tuple(str(int(week) + TERM_DAYS // 7) for week in weeks)
    return Row(tuple(float(week * 7) for week in weeks), labels, "weeks of gestation")


def _years(window: Window, scale: float) -> AgeAxis:
    """Return years, with half years written out where there is room."""
    years = _multiples(window, scale, DAYS_IN_YEAR, (1, 2, 5), "years", window.from_day)
    halves = np.arange(np.ceil(window.from_day / DAYS_IN_YEAR * 2), 41) / 2
    halves = halves[(halves % 1 != 0) & (halves * DAYS_IN_YEAR <= window.to_day)]
    roomy = DAYS_IN_YEAR / 2 * scale >= 1.4 * _LEAST_GAP
    labels = tuple((f"{int(half)}½" if half > 1 else "½") if roomy else "" for half in halves)
    fine = Row(tuple(float(half * DAYS_IN_YEAR) for half in halves), labels, "half years")
    return AgeAxis(fine, years, in_line=True, gestation=False)


def _multiples(
    window: Window,
    scale: float,
    unit_days: float,
    steps: Sequence[int],
    unit: str,
    after: float,
) -> Row:
    """Return every so many units, as close together as their labels allow."""
    step = _step(unit_days * scale, steps)
    numbers = np.arange(0, window.to_day / unit_days + 1e-9, step)
    numbers = numbers[numbers * unit_days >= after]
    days = tuple(float(number * unit_days) for number in numbers)
    return Row(days, tuple(str(int(number)) for number in numbers), unit)


def _step(gap: float, steps: Sequence[int]) -> int:
    """Return the smallest step that keeps labels apart, ``gap`` [pt] being one unit."""
    return next((step for step in steps if step * gap >= _LEAST_GAP), steps[-1])
