"""The nine centile lines: each section its own set, every line named at its right end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from centiles import lms
from centiles.ages import FloatArray
from centiles.charts import style
from centiles.charts.windows import Window
from centiles.lines import CentileLines, centile_lines
from centiles.measures import SEXES
from centiles.references import UK_WHO, reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The dashes of the UK charts: every other line, the 50th among them and no bolder.
DASHED_LABELS: Final = ("0.4th", "9th", "50th", "91st", "99.6th")
_SMALLEST_STEP: Final = 0.004  # of the median: about half a line's width


@dataclass(frozen=True)
class Step:
    """A step of the lines: into which section, at what age [d], between which values, and why."""

    later: str
    at_day: float
    low: float
    high: float
    note: str


@dataclass(frozen=True)
class LineSet:
    """The lines of one measure, sex and reference that a window shows."""

    window: Window
    sections: tuple[CentileLines, ...]
    reference: str = UK_WHO

    @property
    def value_range(self) -> tuple[float, float] | None:
        """The lowest and highest value any line takes in the window, None without lines."""
        shown = [self._shown(section) for section in self.sections]
        if not shown:
            return None
        return float(min(v.min() for v in shown)), float(max(v.max() for v in shown))

    @property
    def steps(self) -> tuple[str, ...]:
        """Why the lines step at each join inside the window, where they visibly do."""
        return tuple(step.note for step in self.step_places)

    @property
    def step_places(self) -> tuple[Step, ...]:
        """Where the lines visibly step inside the window, and why."""
        known = reference(self.reference)
        by_name = {section.section: section for section in self.sections}
        found = []
        for join in known.joins:
            sides = [by_name.get(known.sections[k].name) for k in (join.earlier, join.later)]
            inside = self.window.from_day < join.at_day < self.window.to_day
            if inside and sides[0] and sides[1] and _steps(sides[0], sides[1]):
                low = float(min(sides[0].values[:, -1].min(), sides[1].values[:, 0].min()))
                high = float(max(sides[0].values[:, -1].max(), sides[1].values[:, 0].max()))
                found.append(Step(sides[1].section, join.at_day, low, high, join.note))
        return tuple(found)

    def ends(self) -> tuple[float, FloatArray]:
        """Return where the lines leave the window: the age [d] and the nine values."""
        last = self.sections[-1]
        day = min(self.window.to_day, float(last.age_days[-1]))
        return day, np.array([np.interp(day, last.age_days, line) for line in last.values])

    def samples(self) -> FloatArray:
        """Return ages and values all along the lines, shape (2, n)."""
        if not self.sections:
            return np.empty((2, 0))
        ages = [np.tile(s.age_days, len(s.values)) for s in self.sections]
        values = [s.values.ravel() for s in self.sections]
        return np.stack([np.concatenate(ages), np.concatenate(values)])

    def _shown(self, section: CentileLines) -> FloatArray:
        edges = np.clip(
            [self.window.from_day, self.window.to_day], section.age_days[0], section.age_days[-1]
        )
        ends = [[np.interp(edge, section.age_days, v) for edge in edges] for v in section.values]
        inside = section.values[:, self.window.holds(section.age_days)]
        return np.concatenate([inside, ends], axis=1)


def _steps(earlier: CentileLines, later: CentileLines) -> bool:
    before, after = earlier.values[:, -1], later.values[:, 0]
    return bool((np.abs(after - before) / after > _SMALLEST_STEP).any())


@lru_cache(maxsize=64)  # windows are many, measures and sexes few
def _all_lines(measure: str, sex: str, reference: str) -> tuple[CentileLines, ...]:
    return tuple(centile_lines(measure, sex, reference=reference))


def line_set(measure: str, sex: str, window: Window, reference: str = UK_WHO) -> LineSet:
    """Return the lines of a measure and sex in a window; none where sex is not known."""
    if sex not in tuple(SEXES):
        return LineSet(window, (), reference)
    sections = tuple(
        section
        for section in _all_lines(measure, sex, reference)
        if section.age_days[0] < window.to_day and section.age_days[-1] > window.from_day
    )
    return LineSet(window, sections, reference)


def draw_lines(ax: Axes, lines: LineSet) -> None:
    """Draw every section's nine lines, running exactly to its own ends."""
    from matplotlib.lines import Line2D

    for section in lines.sections:
        for label, values in zip(lms.LINE_LABELS, section.values, strict=True):
            line = Line2D(
                section.age_days,
                values,
                color=style.LINES,
                linewidth=style.LINE_WIDTH,
                linestyle=style.DASHED if label in DASHED_LABELS else style.SOLID,
                solid_capstyle="butt",
                dash_capstyle="butt",
                zorder=2,
            )
            line.set_gid(f"line-{section.section}-{label}")
            ax.add_line(line)


def label_lines(ax: Axes, lines: LineSet, height: float) -> None:
    """Name each line just right of its end, names pushed apart where lines crowd.

    ``height`` is the height of the axes [pt]; on low ones every other line is named.
    """
    if not lines.sections:
        return
    day, values = lines.ends()
    low, high = ax.get_ylim()
    gap = 1.15 * style.SMALL * (high - low) / height
    step = 1 if len(values) * gap < high - low else 2  # 0.4th to 99.6th, the dashed ones
    values = values[::step]
    for label, value, at in zip(lms.LINE_LABELS[::step], values, spread(values, gap), strict=True):
        text = ax.annotate(
            label,
            (day, value),
            xytext=(5, (at - value) * height / (high - low)),
            textcoords="offset points",
            va="center",
            fontsize=style.SMALL,
            color=style.TEXT,
            annotation_clip=False,
        )
        text.set_gid(f"label-{label}")


def spread(values: FloatArray, gap: float) -> FloatArray:
    """Return increasing values moved as little as needed to stand a gap apart.

    Examples
    --------
    >>> spread(np.array([1.0, 1.0, 5.0]), 1.0)
    array([0.5, 1.5, 5. ])
    """
    if len(values) < 2 or (np.diff(values) >= gap).all():
        return values
    # Least squares with equal gaps taken off is isotonic: pool neighbours that are too close.
    steps = np.arange(len(values)) * gap
    groups = [[float(value)] for value in values - steps]
    at = 0
    while at < len(groups) - 1:
        if np.mean(groups[at]) > np.mean(groups[at + 1]):
            groups[at] += groups.pop(at + 1)
            at = max(at - 1, 0)
        else:
            at += 1
    levels = np.concatenate([np.full(len(group), np.mean(group)) for group in groups])
    return np.asarray(levels + steps)


def step_note(*shown: LineSet) -> str:
    """Return why lines step, in words, youngest first; empty where they do not."""
    places = sorted((step.at_day, step.note) for lines in shown for step in lines.step_places)
    return step_words(list(dict.fromkeys(note for _, note in places)))


def step_words(steps: Sequence[str]) -> str:
    """Return why lines step as one note; empty where they do not."""
    if not steps:
        return ""
    return f"Where the lines step: {'; '.join(steps)}. The tables change there, not the child."
