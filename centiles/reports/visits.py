"""A child's measurements as a table: a row a day and source, a column a measure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from centiles.ages import ages_in_words
from centiles.measures import MEASURES, Measure
from centiles.monitoring.wording import date_words
from centiles.reports.casebook import Arrays

_MOST: Final = 60  # rows; a child with more is read in scored.csv


@dataclass(frozen=True)
class Cell:
    """A value, where it stands among the lines with its z, and whether it is to be checked."""

    value: str
    place: str
    check: bool


@dataclass(frozen=True)
class Visit:
    """The values of one day and source, in the order of the table's measures; None for none.

    ``said`` is why nothing was measured, where it says so.
    """

    date: str
    age: str
    source: int
    cells: tuple[Cell | None, ...]
    said: str


@dataclass(frozen=True)
class VisitTable:
    """A child's visits, newest first; the measures that are columns; how many are left out."""

    measures: tuple[Measure, ...]
    visits: tuple[Visit, ...]
    more: int


def visits(rows: Arrays, source: NDArray[np.intp]) -> VisitTable:
    """Return a child's visits; ``source`` is the place of each row's file."""
    found: dict[tuple[Any, float, int], dict[str, Cell | str]] = {}
    columns = ("measured_on", "age_days", "measure", "value", "z", "position", "verdict", "fate",
               "derived", "reason")  # fmt: skip
    parts = [rows[name].tolist() for name in columns]
    for on, age, measure, value, z, position, verdict, fate, derived, reason, place in zip(
        *parts, source.tolist(), strict=True
    ):
        if fate == "merged" or (fate not in ("scored", "unscored", "") and not derived):
            continue
        day = found.setdefault((on, round(age) if age == age else -1.0, place), {})
        if value == value:
            day[measure] = _cell(measure, value, z, position, verdict)
        elif not fate:
            day["said"] = reason or "no measurement"
    used = {measure for day in found.values() for measure in day}
    measures = tuple(measure for measure in MEASURES if measure in used)
    born = next((b for b in rows["birth_date"].tolist() if b is not None), None)
    newest = sorted(found.items(), key=lambda item: (item[0][1], item[0][2]), reverse=True)
    shown = newest[:_MOST]
    ages = _age_texts([key[1] for key, _ in shown], born)
    table = tuple(
        _visit(on, age, place, day, measures)
        for ((on, _, place), day), age in zip(shown, ages, strict=True)
    )
    return VisitTable(measures, table, max(len(newest) - _MOST, 0))


def _age_texts(ages: list[float], born: date | None) -> list[str]:
    """Return ages [d] in words, "" for one that is not known, which is below 0."""
    births = np.full(len(ages), born, dtype="datetime64[D]")
    said = ages_in_words(np.array(ages, dtype=np.float64), births).tolist()
    return [words if age >= 0 else "" for age, words in zip(ages, said, strict=True)]


def _visit(
    on: date | None,
    age: str,
    source: int,
    day: dict[str, Cell | str],
    measures: tuple[Measure, ...],
) -> Visit:
    cells = tuple(cell if isinstance(cell := day.get(m), Cell) else None for m in measures)
    return Visit(
        date_words(on) if on is not None else "",
        age,
        source,
        cells,
        str(day.get("said", "")) if not any(cells) else "",
    )


def _cell(measure: str, value: float, z: float, position: str, verdict: str) -> Cell:
    digits = 2 if measure == Measure.WEIGHT and value < 10 else 1
    place = f"{short_position(position)}, {z:.2f}".replace("-", "−") if z == z else "not scored"
    return Cell(f"{value:,.{digits}f}", place, verdict not in ("ok", ""))


def short_position(position: str) -> str:
    """Return where a value stands, as short as a table needs it.

    Examples
    --------
    >>> short_position("below the 0.4th"), short_position("between the 9th and 25th")
    ('<0.4th', '9th–25th')
    >>> short_position("on the 50th centile line")
    '50th'
    """
    short = position.removeprefix("on the ").removeprefix("between the ")
    short = short.removesuffix(" centile line").replace(" and ", "–")
    return short.replace("below the ", "<").replace("above the ", ">")
