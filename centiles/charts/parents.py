"""The height expected from the parents' heights, at the right edge of a height chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from centiles import zscores
from centiles.ages import DAYS_IN_YEAR
from centiles.charts import style
from centiles.charts.texts import centile_words
from centiles.charts.windows import Window
from centiles.measures import Measure
from centiles.parents import RANGE_Z, expected_height_z

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FROM_YEARS: Final = 2.0  # before it a length says little of the height to come
_RIGHT: Final = 43.0  # of the axes, past the names of the lines [pt]


@dataclass(frozen=True)
class Expected:
    """The z a child's height is expected at from its parents' heights."""

    z: float

    @property
    def range_z(self) -> tuple[float, float]:
        """Between which z nine in ten children of such parents are."""
        return self.z - RANGE_Z, self.z + RANGE_Z

    @property
    def words(self) -> str:
        """What is expected, as a note; holds no parent's height."""
        middle, low, high = (centile_words(z) for z in (self.z, *self.range_z))
        return (
            f"Parents’ heights: the expected centile is the {middle}; nine in ten children of such "
            f"parents are between the {low} and {high}."
        )


def expected(mother_cm: float, father_cm: float) -> Expected | None:
    """Return what parents' heights lead to expect; None unless both are known.

    The mean of the parents' z, regressed by one half, once.

    Examples
    --------
    >>> found = expected(164.0, 177.0)
    >>> round(found.z, 2)
    0.01
    """
    if not np.isfinite([mother_cm, father_cm]).all():
        return None
    z = float(expected_height_z(mother_cm, father_cm))
    return Expected(z) if np.isfinite(z) else None


def shown_expected(
    mother_cm: float, father_cm: float, measure: Measure, window: Window
) -> Expected | None:
    """Return what a chart shows of the parents: on height charts that reach past 2 years."""
    fits = measure == Measure.HEIGHT and window.to_day > _FROM_YEARS * DAYS_IN_YEAR
    return expected(mother_cm, father_cm) if fits else None


def draw_expected(ax: Axes, found: Expected, sex: str, day: float) -> None:
    """Draw the expected centile and its range right of the lines, at their own right end [d]."""
    at = (found.range_z[0], found.z, found.range_z[1])
    values = [
        zscores.measurement(z, measure=Measure.HEIGHT, sex=sex, age_days=float(np.floor(day)))
        for z in at
    ]
    _bracket(ax, values)
    ax.annotate(
        "expected from parents",
        (1, values[1]),
        xycoords=("axes fraction", "data"),
        xytext=(_RIGHT + 11, 0),
        textcoords="offset points",
        annotation_clip=False,
        color=style.PARENTS,
        rotation=90,
        ha="center",
        va="center",
        fontsize=style.SMALL,
    ).set_gid("parents-words")


def _bracket(ax: Axes, values: list[float]) -> None:
    """Draw a line over the range with a diamond at what is expected."""
    from matplotlib.lines import Line2D
    from matplotlib.transforms import ScaledTranslation

    aside = ScaledTranslation(_RIGHT / 72, 0, style.page_of(ax).dpi_scale_trans)
    place = ax.get_yaxis_transform() + aside
    for marker, y, gid in (("_", [values[0], values[2]], "range"), ("D", values[1:2], "expected")):
        line = Line2D(
            [1] * len(y),
            y,
            color=style.PARENTS,
            linewidth=1.3,
            marker=marker,
            markersize=7 if marker == "_" else 5.5,
            markeredgewidth=1.3,
            clip_on=False,
            transform=place,
            zorder=6,
        )
        line.set_gid(f"parents-{gid}")
        ax.add_artist(line)
