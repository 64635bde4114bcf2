"""The centile lines of a measure and sex: ages and values, section by section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from centiles import lms
from centiles.ages import FloatArray
from centiles.errors import UsageError
from centiles.measures import MEASURES, SEXES, not_a_measure
from centiles.references import Reference, Table, reference

_STEPS: Final = 240  # from one end of a section to the other


@dataclass(frozen=True)
class CentileLines:
    """The centile lines of one section: ages [d], shape (n,), and values, shape (lines, n)."""

    section: str
    posture: str
    age_days: FloatArray
    values: FloatArray


def centile_lines(
    measure: str, sex: str, z: tuple[float, ...] = lms.LINE_Z
) -> tuple[CentileLines, ...]:
    """Return the centile lines of a measure and sex, one set for each section.

    Ages run from exactly the start of a section to exactly its end (or its table's), so that
    the step at each join is there to be drawn and explained.

    Parameters
    ----------
    measure, sex
        As words.
    z
        Where the lines run; the nine lines by default.

    Raises
    ------
    UsageError
        If the measure or the sex is not one of its words.

    Examples
    --------
    >>> [lines.section for lines in centile_lines("bmi", "female")]
    ['who_infant', 'who_child', 'uk90_child']
    """
    if measure not in tuple(MEASURES):
        raise UsageError(not_a_measure(measure))
    if sex not in tuple(SEXES):
        raise UsageError(f"sex: found {sex!r}, expected 'male' or 'female'")
    known = reference()
    drawn = []
    for number, section in enumerate(known.sections):
        table = section.table(measure, sex)
        if table is None or section.pools_ages:
            continue
        grid = _drawing_grid(known, number, table)
        rows = table.at(np.clip(grid, table.age_days[0], table.age_days[-1]))
        values = lms.values_from_lms(np.asarray(z)[:, None], *rows)
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
    start = start if first <= start + 1 else first  # a daily table is up to a day short of a join
    end = end if last >= end - 1 else last
    step = max(1, round((end - start) / _STEPS))
    return np.unique(np.r_[start, np.arange(np.ceil(start), end, step), end])
