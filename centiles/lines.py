"""The centile lines of a measure and sex: ages and values, section by section."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from centiles import lms
from centiles.ages import FloatArray
from centiles.errors import UsageError
from centiles.measures import MEASURES, SEXES, not_a_measure
from centiles.references import UK_WHO, Reference, Table
from centiles.references import reference as shipped

_STEPS: Final = 240  # from one end of a section to the other


# The sets of lines that charts are printed with, as centiles; the nine lines and the SD lines are
# at round z instead.
_CENTILES: Final = MappingProxyType(
    {
        "three-percent": (3, 10, 25, 50, 75, 90, 97),
        "five-percent": (5, 10, 25, 50, 75, 90, 95),
        "who": (3, 15, 50, 85, 97),
    }
)
_AT_Z: Final = MappingProxyType({"nine": lms.LINE_Z, "sd": (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)})


@dataclass(frozen=True)
class CentileLines:
    """The centile lines of one section: ages [d], shape (n,), and values, shape (lines, n)."""

    section: str
    posture: str
    age_days: FloatArray
    values: FloatArray


def line_z(lines: str | Iterable[float] = "nine") -> tuple[float, ...]:
    """Return at which z a set of lines runs.

    Parameters
    ----------
    lines
        ``"nine"``, ``"sd"``, ``"three-percent"``, ``"five-percent"``, ``"who"``, or any centiles,
        each above 0 and below 100.

    Raises
    ------
    UsageError
        If it is neither a set there is nor centiles.

    Examples
    --------
    >>> [round(z, 3) for z in line_z("three-percent")][:2]
    [-1.881, -1.282]
    >>> [round(z, 3) for z in line_z([0.4, 50])]
    [-2.652, 0.0]
    """
    if isinstance(lines, str):
        if lines in _AT_Z:
            return _AT_Z[lines]
        if lines not in _CENTILES:
            raise UsageError(
                f"lines: found {lines!r}, expected {', '.join([*_AT_Z, *_CENTILES])}, or centiles"
            )
        lines = _CENTILES[lines]
    given = tuple(float(centile) for centile in lines)
    found = lms.z_from_centiles(np.array(given))
    if not given or np.isnan(found).any():
        raise UsageError(
            "lines: found something else, expected centiles above 0 and below 100: 3, 50, 97"
        )
    return tuple(found.tolist())


def line_label(centile: float) -> str:
    """Return a centile as a line is named, such as 2nd or 99.6th.

    Examples
    --------
    >>> [line_label(centile) for centile in (0.4, 2, 3, 11, 50, 91, 99.6)]
    ['0.4th', '2nd', '3rd', '11th', '50th', '91st', '99.6th']
    """
    said = f"{centile:g}"
    last = said[-1] if "." not in said and said[-2:] not in ("11", "12", "13") else ""
    return said + {"1": "st", "2": "nd", "3": "rd"}.get(last, "th")


def centile_lines(
    measure: str, sex: str, z: tuple[float, ...] = lms.LINE_Z, *, reference: str = UK_WHO
) -> tuple[CentileLines, ...]:
    """Return the centile lines of a measure and sex, one set for each section.

    Ages run from exactly the start of a section to exactly its end (or its table's), so that
    the step at each join is there to be drawn and explained.

    Parameters
    ----------
    measure, sex
        As words.
    z
        Where the lines run; the nine lines by default, :func:`line_z` for others.
    reference
        ``"uk-who"`` or another that is shipped, as :func:`centiles.zscore` takes it.

    Raises
    ------
    UsageError
        If the measure, the sex or the reference is not one of its words.

    Examples
    --------
    >>> [lines.section for lines in centile_lines("bmi", "female")]
    ['who_infant', 'who_child', 'uk90_child']
    >>> [lines.section for lines in centile_lines("height", "female", reference="turner")]
    ['turner']
    """
    if measure not in tuple(MEASURES):
        raise UsageError(not_a_measure(measure))
    if sex not in tuple(SEXES):
        raise UsageError(f"sex: found {sex!r}, expected 'male' or 'female'")
    known = shipped(reference)
    drawn = []
    for number, section in enumerate(known.sections):
        table = section.table(measure, sex)
        if table is None or section.pools_ages:
            continue
        grid = _drawing_grid(known, number, table)
        rows = table.at(np.clip(grid, table.age_days[0], table.age_days[-1]))
        values = known.values(np.asarray(z)[:, None], rows)
        drawn.append(CentileLines(section.name, section.posture, grid, values))
    return tuple(drawn)


def _drawing_grid(known: Reference, number: int, table: Table) -> FloatArray:
    """Return ages fine enough to draw a section from, its exact ends included."""
    section = known.sections[number]
    starts = [join.at_day for join in known.joins if join.later == number]
    ends = [join.at_day for join in known.joins if join.earlier == number]
    start = float(starts[0] if starts else section.from_day)
    end = float(ends[0] if ends else section.to_day - 1)
    first, last = table.age_days[[0, -1]]
    # A daily table is up to a day short of a join.
    start = start if first <= start + 1 and starts else max(start, first)
    end = end if last >= end - 1 and ends else min(end, last)
    step = max(1, round((end - start) / _STEPS))
    return np.unique(np.r_[start, np.arange(np.ceil(start), end, step), end])
