"""What one chart shows, decided before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

from centiles.ages import FloatArray
from centiles.charts import falls, points, windows
from centiles.charts.backdrops import puberty
from centiles.charts.events import Event, shown_events
from centiles.charts.falls import Fall
from centiles.charts.lines import LineSet, line_set
from centiles.charts.parents import Expected, shown_expected
from centiles.charts.points import Points, numbers
from centiles.charts.windows import Window
from centiles.errors import UsageError
from centiles.measures import MEASURES, Measure
from centiles.references import UK_WHO

if TYPE_CHECKING:
    import pandas as pd

    from centiles.checks import Child


@dataclass(frozen=True)
class Chart:
    """One child and one measure in one window.

    ``recorded`` are all its points, ``undated`` how many more have no age; ``findings`` the open
    ones, worst first. ``ages`` says which ages points stand at; ``sensitive`` whether what a
    family should not see unadvised may be shown; ``named`` the sources whose markers are told
    apart, the child's own where there are none.
    """

    child: Child
    measure: Measure
    window: Window
    recorded: Points
    undated: int
    lines: LineSet
    findings: pd.DataFrame
    ages: str = "both"
    sensitive: bool = False
    named: tuple[str, ...] = ()

    @cached_property
    def points(self) -> Points:
        """The points inside the window."""
        return self.recorded.where(self.window.holds(self.recorded.day(self.window)))

    @cached_property
    def outside(self) -> Points:
        """The points outside it, which are not drawn."""
        return self.recorded.where(~self.window.holds(self.recorded.day(self.window)))

    @cached_property
    def markers(self) -> dict[str, str]:
        """The marker of each source, the same on all charts of a child, or of a page."""
        return points.marker_of(self.named or points.sources_of(self.child))

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

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The events inside the window that may be shown."""
        frame = self.child.events
        return shown_events(frame, self.window, self.recorded, sensitive=self.sensitive)

    @cached_property
    def expected(self) -> Expected | None:
        """What the parents' heights lead to expect, where a chart shows it: on UK-WHO."""
        heights = self.child.mother_cm, self.child.father_cm
        if not self.lines.sections or self.child.reference != UK_WHO:
            return None
        return shown_expected(*heights, self.measure, self.window)

    @cached_property
    def puberty(self) -> tuple[float, float] | None:
        """From when to when puberty is shaded [d], where it is."""
        return puberty(self.measure, str(self.child.sex), self.window)

    def crosses(self, width: float) -> bool:
        """Return whether corrected ages are drawn on an axis of this width [pt]."""
        if self.ages == "chronological" and not self.window.by_gestation:
            return False
        return points.shows_crosses(self.points, self.window, self.child.gestation_days, width)


AGES: Final = ("both", "chronological", "corrected")


def chart_of(
    child: Child,
    measure: str,
    window: str | None = None,
    *,
    ages: str = "both",
    sensitive: bool = False,
) -> Chart:
    """Return what a chart of a child and measure shows.

    Raises
    ------
    UsageError
        If the measure, the window or the ages are not one of their words, or the records are of
        more than one child.
    """
    if measure not in MEASURES:
        raise UsageError(
            f"measure: found {measure!r}, expected one of {', '.join(MEASURES)}; "
            "a chart shows one measure"
        )
    if ages not in AGES:
        raise UsageError(f"ages: found {ages!r}, expected one of {', '.join(AGES)}")
    one_child(child)
    recorded, undated = points.points_of(child, measure)
    shown = windows.chosen(*_ages(child, recorded), child.gestation_days, window)
    if ages == "corrected":
        shown = replace(shown, corrected=True)
    return Chart(
        child,
        Measure(measure),
        shown,
        recorded,
        undated,
        line_set(measure, str(child.sex), shown, child.reference),
        falls.open_findings(child, measure),
        ages,
        sensitive,
    )


def one_child(child: Child) -> None:
    """Stop if records of several children have come together.

    Raises
    ------
    UsageError
        If they have.
    """
    if child.scored["child_id"].nunique() > 1:
        raise UsageError(
            "chart: found records of more than one child, expected one child a chart; "
            "draw each child on its own"
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
