"""How surprising a change is: correlation of z over time, conditional gain, measurement error."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from centiles import zscores
from centiles.ages import DAYS_IN_MONTH, FloatArray
from centiles.errors import UsageError
from centiles.measures import measurement_sd
from centiles.monitoring.points import Points, Rows, names_of

# atanh r = b0 + b1·V1 + b2·V2 + b3·V3 + b4·V1·V2 + b5·V1² [vanBuuren2023]_; the second row is
# fitted for this project on 136 children of the Berkeley study.
INFANT: Final = MappingProxyType(
    {
        "weight": (1.539, 0.329, -0.951, -0.190, 0.143, 0.001),
        "height": (1.329, 0.250, -0.672, -0.104, 0.105, -0.003),
    }
)
CHILD: Final = MappingProxyType(
    {
        "weight": (-5.6058, 4.3336, -1.3276, 1.8050, 0.1524, -0.5021),
        "height": (-15.5692, 8.6857, -1.0309, 4.5718, 0.1118, -0.9883),
        "bmi": (-4.8253, 3.4451, -1.1131, 0.5131, 0.1038, -0.3536),
    }
)
HIGHEST_R: Final = 0.99
LINK_MONTHS: Final = 24.0
# The form is too optimistic when young: 1 − r is twice as large below 7 years, 1.3 times after.
_OPTIMISM: Final = ((84.0, 2.0), (np.inf, 1.3))


def correlation(measure: str, earlier_days: ArrayLike, later_days: ArrayLike) -> FloatArray:
    """Return the correlation of a healthy child's z at two ages.

    Parameters
    ----------
    measure
        ``"weight"``, ``"height"`` or, from 2 years, ``"bmi"``.
    earlier_days, later_days
        Ages [d], the later above the earlier; from 2 years at least 6 months apart.

    Returns
    -------
    float array
        r, at most 0.99; across 24 months r(t1, 24)·r(24, t2). NaN where ages are out of order or
        the measure has no model there.

    Raises
    ------
    UsageError
        If the measure has no model at any age.

    Examples
    --------
    >>> round(float(correlation("weight", 60, 365)), 3)
    0.545
    """
    if measure not in CHILD:
        raise UsageError(
            f"measure: found {measure!r}, expected one of {', '.join(CHILD)}: "
            "no correlations are known for others"
        )
    t1 = np.asarray(earlier_days, dtype=np.float64) / DAYS_IN_MONTH
    t2 = np.asarray(later_days, dtype=np.float64) / DAYS_IN_MONTH
    t1, t2 = np.broadcast_arrays(t1, t2)
    infant = _formula(INFANT.get(measure), t1, np.minimum(t2, LINK_MONTHS))
    child = _child_formula(CHILD[measure], np.maximum(t1, LINK_MONTHS), t2)
    r = np.select([t2 <= LINK_MONTHS, t1 >= LINK_MONTHS], [infant, child], infant * child)
    return np.where(t2 > t1, np.minimum(r, HIGHEST_R), np.nan)


def _formula(b: tuple[float, ...] | None, t1: FloatArray, t2: FloatArray) -> FloatArray:
    if b is None:
        return np.full(t1.shape, np.nan)
    with np.errstate(all="ignore"):
        v1, gap = np.log((t1 + t2) / 2), t2 - t1
        v2, v3 = np.log(gap), 1 / gap
        r = np.tanh(b[0] + b[1] * v1 + b[2] * v2 + b[3] * v3 + b[4] * v1 * v2 + b[5] * v1**2)
    return np.asarray(np.minimum(r, HIGHEST_R))


def _child_formula(b: tuple[float, ...], t1: FloatArray, t2: FloatArray) -> FloatArray:
    r = _formula(b, t1, np.maximum(t2, t1 + 6))
    share = np.select([t1 < upper for upper, _ in _OPTIMISM], [factor for _, factor in _OPTIMISM])
    return np.asarray(np.maximum(1 - (1 - r) * share, 0.0))


def conditional_gain(earlier_z: ArrayLike, later_z: ArrayLike, r: ArrayLike) -> FloatArray:
    """Return the gain in z given where the child stood: ``(z2 − r·z1)/√(1 − r²)`` [Cole1995]_.

    Examples
    --------
    A child on the 50th centile that drops by 1 z where r is 0.8:

    >>> round(float(conditional_gain(0.0, -1.0, 0.8)), 3)
    -1.667
    """
    r = np.asarray(r, dtype=np.float64)
    return np.asarray((np.asarray(later_z) - r * np.asarray(earlier_z)) / np.sqrt(1 - r**2))


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


def chance_beyond(amount: FloatArray, threshold: FloatArray, sd: FloatArray) -> FloatArray:
    """Return how likely the true amount reaches a threshold, given measurement error.

    Examples
    --------
    >>> chance_beyond(np.array([1.0]), np.array([1.0]), np.array([0.1]))
    array([0.5])
    """
    return np.asarray(ndtr((amount - threshold) / sd))
