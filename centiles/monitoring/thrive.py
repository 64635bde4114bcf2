"""Thrive lines: the course of a child who at every step gains as little as few others do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from centiles import lms, zscores
from centiles.ages import FloatArray
from centiles.errors import UsageError
from centiles.measures import Measure
from centiles.monitoring.correlations import correlation

STEP_DAYS: Final = 28.0  # the interval the printed lines are made for


@dataclass(frozen=True)
class ThriveLine:
    """Ages [d], z and values of one line, shape (n,)."""

    age_days: FloatArray
    z: FloatArray
    values: FloatArray


def thrive_line(
    z: float, *, sex: str, from_day: float, to_day: float, centile: float = 5.0,
    measure: str = "weight", step_days: float = STEP_DAYS,
) -> ThriveLine:  # fmt: skip
    """Return the line of a child that starts at a z and gains at one velocity centile [Cole1995]_.

    From each age to the next, z becomes ``r·z + v·√(1 − r²)``: r is how z at the two ages go
    together in healthy children, v the z of the velocity centile. A child whose course is steeper
    downward than the 5 % line gains less than 95 in 100 who start where it does.

    Parameters
    ----------
    z
        Where the line starts.
    sex
        ``"male"`` or ``"female"``.
    from_day, to_day
        Its first and last age [d].
    centile
        The velocity centile.
    measure
        ``"weight"`` or ``"height"``.
    step_days
        The interval of weighing [d].

    Raises
    ------
    UsageError
        If the ages are out of order, the step is not above 0, or the centile not between 0 and 100.

    Examples
    --------
    >>> line = thrive_line(0.0, sex="female", from_day=56, to_day=168)
    >>> line.z.round(2).tolist()[:2], bool((np.diff(line.z) < 0).all())
    ([0.0, -0.59], True)
    """
    slow = float(lms.z_from_centiles(centile))
    if not (from_day < to_day and step_days > 0 and np.isfinite(slow)):
        raise UsageError(
            "thrive line: found something else, expected from_day below to_day, a step above 0 and "
            "a centile between 0 and 100"
        )
    days = np.arange(from_day, to_day + 1e-9, step_days)
    r = correlation(measure, days[:-1], days[1:])
    course = [float(z)]
    for each in r.tolist():
        course.append(each * course[-1] + slow * float(np.sqrt(1 - each * each)))
    found = np.array(course)
    values = zscores.measurement(found, measure=Measure(measure), sex=sex, age_days=days)
    return ThriveLine(days, found, np.asarray(values))
