"""How surprising a change is: the gain given where the child stood; measurement error."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from centiles import zscores
from centiles.ages import FloatArray
from centiles.measures import MEASURES, measurement_sd
from centiles.monitoring.correlations import HIGHEST_R
from centiles.monitoring.correlations import correlation as correlation
from centiles.monitoring.points import Points, Rows, names_of

# What is left of a variance of 1 when the most is foreseen that the model allows.
LEAST_VARIANCE: Final = 1 - HIGHEST_R**2


def conditional_gain(earlier_z: ArrayLike, later_z: ArrayLike, r: ArrayLike) -> FloatArray:
    """Return the gain in z given where the child stood: ``(z2 − r·z1)/√(1 − r²)`` [Cole1995]_.

    Of healthy children 5 % are below −1.645 at one visit; over ten visits more than a quarter are.

    Examples
    --------
    A child on the 50th centile that drops by 1 z where r is 0.8:

    >>> round(float(conditional_gain(0.0, -1.0, 0.8)), 3)
    -1.667
    """
    r = np.asarray(r, dtype=np.float64)
    return np.asarray((np.asarray(later_z) - r * np.asarray(earlier_z)) / np.sqrt(1 - r**2))


def conditional_gain_from_two(
    first_z: ArrayLike,
    second_z: ArrayLike,
    later_z: ArrayLike,
    *,
    r12: ArrayLike,
    r13: ArrayLike,
    r23: ArrayLike,
) -> FloatArray:
    """Return the gain in z given two earlier points: ``(z3 − b1·z1 − b2·z2)/√(1 − R²)``.

    b1 = (r13 − r23·r12)/(1 − r12²), b2 = (r23 − r13·r12)/(1 − r12²) and
    R² = (r13² + r23² − 2·r12·r13·r23)/(1 − r12²) [Cole1995]_; 1 − R² is held at 1 − 0.99² or more,
    so that three rs that cannot go together make no number of any size.

    Parameters
    ----------
    first_z, second_z, later_z
        z at three ages in order, the earlier carried to the section of the last.
    r12, r13, r23
        The correlations between them, as :func:`correlation` gives them.

    Examples
    --------
    A child that has already come down by 1 z and comes down by another:

    >>> round(float(conditional_gain_from_two(1, 0, -1, r12=0.8, r13=0.6, r23=0.8)), 3)
    -1.491
    """
    r12, r13, r23 = (np.asarray(r, dtype=np.float64) for r in (r12, r13, r23))
    own = 1 - r12**2
    b1, b2 = (r13 - r23 * r12) / own, (r23 - r13 * r12) / own
    foreseen = (r13**2 + r23**2 - 2 * r12 * r13 * r23) / own
    spread = np.sqrt(np.maximum(1 - foreseen, LEAST_VARIANCE))
    return np.asarray((later_z - b1 * np.asarray(first_z) - b2 * np.asarray(second_z)) / spread)


def gains(points: Points, first: Rows, second: Rows, later: Rows) -> FloatArray:
    """Return the conditional gain of points, given one or two earlier ones.

    Parameters
    ----------
    points
        All points.
    first
        The older of two earlier points, −1 where there is but one, shape (n,).
    second
        The newer, shape (n,).
    later
        The points in question, of one measure, shape (n,).

    Returns
    -------
    float array
        NaN where a z cannot be carried or there is no correlation.
    """
    found = np.full(len(later), np.nan)
    for code in np.unique(points.measure[later]):
        mine = np.flatnonzero(points.measure[later] == code)
        one, two = mine[first[mine] < 0], mine[first[mine] >= 0]
        z2, z3, r23 = _ends(points, second[one], later[one])
        found[one] = conditional_gain(z2, z3, r23)
        z1, z3, r13 = _ends(points, first[two], later[two])
        z2, _, r23 = _ends(points, second[two], later[two])
        r12 = _ends(points, first[two], second[two])[2]
        found[two] = conditional_gain_from_two(z1, z2, z3, r12=r12, r13=r13, r23=r23)
    return found


def _ends(points: Points, earlier: Rows, later: Rows) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the earlier z carried, the later, and the correlation between them."""
    if len(later) == 0:
        return (np.array([]),) * 3
    measure = str(MEASURES[points.measure[later[0]]])
    r = correlation(measure, points.corrected[earlier], points.corrected[later])
    return points.carried(earlier, later), points.z[later], r


def z_error(points: Points, rows: Rows) -> FloatArray:
    """Return the standard deviation of each point's z from measurement error."""
    args: dict[str, Any] = {
        "measure": names_of(points.measure[rows]),
        "sex": points.sex[rows] + 1,
        "age_days": points.corrected[rows],
    }
    step = 0.01
    wider = zscores.measurement(points.z[rows] + step, **args)
    below = zscores.measurement(points.z[rows] - step, **args)
    per_z = (np.asarray(wider) - below) / (2 * step)
    sd = measurement_sd(points.measure[rows], points.age[rows], points.value[rows])
    return np.asarray(sd / per_z)


def change_error(points: Points, earlier: Rows, later: Rows) -> FloatArray:
    """Return the standard deviation of a change in z from the errors of its two measurements.

    ``√((e1/SD1)² + (e2/SD2)²)``, where SD is how much of the measure one z is at that age.
    """
    return np.hypot(z_error(points, earlier), z_error(points, later))


def chance_beyond(amount: FloatArray, threshold: FloatArray, sd: FloatArray) -> FloatArray:
    """Return how likely the true amount reaches a threshold, given measurement error.

    Examples
    --------
    >>> chance_beyond(np.array([1.0]), np.array([1.0]), np.array([0.1]))
    array([0.5])
    """
    return np.asarray(ndtr((amount - threshold) / sd))


def value_error(points: Points, rows: Rows) -> FloatArray:
    """Return the standard deviation of measurement of points, in the unit of each."""
    return measurement_sd(points.measure[rows], points.age[rows], points.value[rows])
