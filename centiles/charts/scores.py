"""What an SDS chart shows: the z of all measures of one child, and which steps cross a join."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from centiles.ages import TERM_DAYS, FloatArray, gestation_known
from centiles.charts import windows
from centiles.charts.contents import one_child
from centiles.charts.points import numbers
from centiles.charts.texts import capital
from centiles.charts.windows import Window
from centiles.charts.words import SEX_WORDS
from centiles.measures import MEASURES, Measure
from centiles.references import reference

if TYPE_CHECKING:
    from centiles.checks import Child

END_Z: Final = 4.0


@dataclass(frozen=True)
class Series:
    """One measure's points: age since birth [d] and z, arrays of shape (points,), in order.

    ``queried`` are to be checked, the ``doubtful`` among them; ``section`` is where each stands.
    """

    measure: Measure
    age_days: FloatArray
    z: FloatArray
    queried: NDArray[np.bool_]
    doubtful: NDArray[np.bool_]
    section: NDArray[np.object_]

    @property
    def sure(self) -> Series:
        """The points that are joined: the doubtful ones are drawn, and passed by."""
        kept = ~self.doubtful
        return Series(
            self.measure, self.age_days[kept], self.z[kept], self.queried[kept],
            self.doubtful[kept], self.section[kept],
        )  # fmt: skip

    @property
    def shown(self) -> FloatArray:
        """Where each point is drawn: its z, or the edge it is beyond."""
        return np.clip(self.z, -END_Z, END_Z)


@dataclass(frozen=True)
class ScoreChart:
    """What an SDS chart shows: each measure's points in one window."""

    child: Child
    window: Window

    @cached_property
    def series(self) -> tuple[Series, ...]:
        """The measures that have a scored point."""
        frame = self.child.scored
        found = []
        for measure in MEASURES:
            mine = frame[frame["measure"].astype(object) == str(measure)]
            z, age = numbers(mine, "z"), numbers(mine, "age_days")
            kept = (mine["fate"].astype(object) == "scored").to_numpy() & np.isfinite(z)
            kept &= self.window.holds(age)
            verdict = mine["verdict"].astype(object)
            queried = verdict.isin(["check", "doubtful"]).to_numpy()[kept]
            doubtful = (verdict == "doubtful").to_numpy()[kept]
            if kept.any():
                sections = mine["section"].astype(object).to_numpy()[kept]
                found.append(Series(measure, age[kept], z[kept], queried, doubtful, sections))
        return tuple(found)


def score_chart_of(child: Child, window: str | None = None) -> ScoreChart:
    """Return what the SDS chart of a child shows; ages are since birth, z at corrected age.

    Raises
    ------
    UsageError
        If the window is not one of its words, or the records are of more than one child.
    """
    one_child(child)
    scored = child.scored[child.scored["z"].notna()]
    age = numbers(scored, "age_days")
    shown = windows.chosen(age, age, name=window)
    if shown.by_gestation:
        shown = windows.WINDOWS["newborn"]
    if shown.from_birth:
        shown = replace(shown, from_day=-0.012 * shown.to_day)
    return ScoreChart(child, shown)


def latest(chart: ScoreChart) -> str:
    """Return the newest z of each measure, in words."""
    said = [
        f"{s.measure.label} {signed(s.z[-1])}{' (check)' if s.queried[-1] else ''}"
        for s in chart.series
    ]
    return f"Latest z: {', '.join(said)}" if said else "Nothing that could be scored is recorded"


def notes(chart: ScoreChart) -> tuple[str, ...]:
    """Return the notes under an SDS chart."""
    early = TERM_DAYS - chart.child.gestation_days
    found = []
    if gestation_known(chart.child.gestation_days) and early > 0:
        weeks, days = divmod(int(early), 7)
        parts = [f"{n} {unit}{'s' * (n > 1)}" for n, unit in ((weeks, "week"), (days, "day")) if n]
        found.append(
            f"z is at the age corrected for gestation: {' and '.join(parts)} less than the age "
            "along the axis."
        )
    if any(series.doubtful.any() for series in chart.series):
        found.append("A doubtful value is drawn, open, and not joined to the others.")
    if _crossings(chart):
        found.append(
            "Dotted: the reference changes between the two points, which alone can move a z; sizes "
            "of falls in findings allow for it."
        )
    return tuple(found)


def description(chart: ScoreChart) -> str:
    """Return the chart in words, for those who cannot see it; holds no identifier."""
    who = SEX_WORDS.get(str(chart.child.sex), "child whose sex is not known")
    found = [f"Chart of the z-scores of a {who}. {latest(chart)}."]
    found += [
        f"{capital(s.measure.label)}: {len(s.z)} points, from {signed(s.z[0])} to "
        f"{signed(s.z[-1])}."
        for s in chart.series
    ]
    return " ".join([*found, *notes(chart)])


def _crossings(chart: ScoreChart) -> bool:
    """Return whether points of any measure lie on both sides of a join that moves z."""
    return any(moved(series.sure).any() for series in chart.series)


def moved(series: Series) -> NDArray[np.bool_]:
    """Return which steps from point to point cross a join that moves z, shape (points - 1,)."""
    known = reference()
    names = [section.name for section in known.sections]
    place = np.array([names.index(str(name)) for name in series.section], dtype=np.int64)
    crossed = np.zeros(max(len(place) - 1, 0), dtype=np.bool_)
    for join in known.joins:
        if join.carried:
            crossed |= (place[:-1] <= join.earlier) & (place[1:] >= join.later)
    return crossed


def signed(z: float, digits: int = 2) -> str:
    """Return a z as it is printed, with a true minus."""
    return f"{z:.{digits}f}".replace("-", "−")
