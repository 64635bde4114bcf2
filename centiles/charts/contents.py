"""What one chart shows, decided before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from centiles.ages import FloatArray
from centiles.charts import falls, points, windows
from centiles.charts.falls import Fall
from centiles.charts.lines import LineSet, line_set
from centiles.charts.points import Points, numbers
from centiles.charts.windows import Window
from centiles.errors import UsageError
from centiles.measures import MEASURES, Measure

if TYPE_CHECKING:
    import pandas as pd

    from centiles.checks import Child


@dataclass(frozen=True)
class Chart:
    """One child and one measure in one window.

    ``recorded`` are all its points, ``undated`` how many more have no age; ``findings`` the open
    ones, worst first.
    """

    child: Child
    measure: Measure
    window: Window
    recorded: Points
    undated: int
    lines: LineSet
    findings: pd.DataFrame

    @cached_property
    def points(self) -> Points:
        """The points inside the window."""
        return self.recorded.where(self.window.holds(self.recorded.day(self.window)))

    @cached_property
    def outside(self) -> Points:
        """The points outside it, which are not drawn."""
        return self.recorded.where(~self.window.holds(self.recorded.day(self.window)))

    @cached_property
    def falls(self) -> tuple[Fall, ...]:
        """The findings drawn as bands."""
        return falls.falls(self.findings)

    @cached_property
    def rings(self) -> dict[tuple[float, float], str]:
        """The points ringed, by age [d] along the axis and value, with their gravest severity."""
        return falls.rings(self.findings, self.recorded, self.window)

    @cached_property
    def value_range(self) -> tuple[float, float]:
        """The values the axis shows."""
        return points.value_range(self.points, self.lines.value_range)

    def crosses(self, width: float) -> bool:
        """Return whether corrected ages are drawn on an axis of this width [pt]."""
        return points.shows_crosses(self.points, self.window, self.child.gestation_days, width)


def chart_of(child: Child, measure: str, window: str | None) -> Chart:
    """Return what a chart of a child and measure shows.

    Raises
    ------
    UsageError
        If the measure or the window is not one of its words, or the records are of more than one
        child.
    """
    if measure not in MEASURES:
        raise UsageError(
            f"measure: found {measure!r}, expected one of {', '.join(MEASURES)}; "
            "a chart shows one measure"
        )
    if child.scored["child_id"].nunique() > 1:
        raise UsageError(
            "chart: found records of more than one child, expected one child a chart; "
            "draw each child on its own"
        )
    recorded, undated = points.points_of(child, measure)
    shown = windows.chosen(*_ages(child, recorded), child.gestation_days, window)
    return Chart(
        child,
        Measure(measure),
        shown,
        recorded,
        undated,
        line_set(measure, str(child.sex), shown),
        falls.open_findings(child, measure),
    )


def _ages(child: Child, recorded: Points) -> tuple[FloatArray, FloatArray]:
    """Return the ages that choose the window: plausible points', else the child's others."""
    sure = recorded.where(~recorded.impossible)
    if len(sure):
        return sure.age_days, sure.corrected_age_days
    other = child.scored[child.scored["fate"].astype(object) == "scored"]
    if len(other):
        return numbers(other, "age_days"), numbers(other, "corrected_age_days")
    return recorded.age_days, recorded.corrected_age_days
