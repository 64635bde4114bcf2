"""How a healthy child's z at one age goes with its z at another: the correlation model."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from centiles.ages import DAYS_IN_MONTH, FloatArray
from centiles.errors import UsageError

# atanh r = b0 + b1·V1 + b2·V2 + b3·V3 + b4·V1·V2 + b5·V1², with V1 = ln((t1 + t2)/2),
# V2 = ln(t2 − t1), V3 = 1/(t2 − t1), t in months. Under 2 years as printed [vanBuuren2023]_.
INFANT: Final = MappingProxyType(
    {
        "weight": (1.539, 0.329, -0.951, -0.190, 0.143, 0.001),
        "height": (1.329, 0.250, -0.672, -0.104, 0.105, -0.003),
    }
)
# From 2 years: fitted for this project on 136 children of the Berkeley study.
CHILD: Final = MappingProxyType(
    {
        "weight": (-5.6058, 4.3336, -1.3276, 1.8050, 0.1524, -0.5021),
        "height": (-15.5692, 8.6857, -1.0309, 4.5718, 0.1118, -0.9883),
        "bmi": (-4.8253, 3.4451, -1.1131, 0.5131, 0.1038, -0.3536),
    }
)
HIGHEST_R: Final = 0.99
LINK_MONTHS: Final = 24.0
SHORTEST_GAP_MONTHS: Final = 6.0  # of the fit from 2 years
LAST_MONTH: Final = 17 * 12
# That form is right at 2 years and too optimistic after: 1 − r is so many times as large, by the
# month of the earlier age, straight between these.
# See docs/decisions/0010-correlation-from-2-years.md.
OPTIMISM: Final = ((24.0, 48.0, 96.0), (1.0, 2.0, 1.3))


def correlation(measure: str, earlier_days: ArrayLike, later_days: ArrayLike) -> FloatArray:
    """Return the correlation of a healthy child's z at two ages.

    Under 2 years the model is that of 2,151 Dutch infants [vanBuuren2023]_ after [Cole1995]_;
    from 2 years one fitted for this project on 136 children of the Berkeley growth study, which
    holds for gaps of 6 months or more (shorter ones count as 6) and up to 17 years.

    Parameters
    ----------
    measure
        ``"weight"``, ``"height"`` (length under 2 years) or, from 2 years, ``"bmi"``.
    earlier_days, later_days
        Ages [d], the later above the earlier.

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
    t1, t2 = np.broadcast_arrays(_months(earlier_days), _months(later_days))
    infant = _formula(INFANT.get(_known(measure)), t1, np.minimum(t2, LINK_MONTHS))
    child = _child_formula(CHILD[measure], np.maximum(t1, LINK_MONTHS), t2)
    r = np.select([t2 <= LINK_MONTHS, t1 >= LINK_MONTHS], [infant, child], infant * child)
    return np.where(t2 > t1, np.minimum(r, HIGHEST_R), np.nan)


def correlation_by_table(
    measure: str, earlier_days: ArrayLike, later_days: ArrayLike
) -> FloatArray:
    """Return :func:`correlation` for many pairs of ages from 2 to 17 years, at a few look-ups each.

    Between the whole months of a table it is interpolated linearly, which is within 0.002 of the
    formula where that is 0.5 or more.

    Parameters, result and errors are those of :func:`correlation`; ages outside 2 to 17 years
    count as the nearest inside.
    """
    table = _by_month(_known(measure))
    first, last = LINK_MONTHS, LAST_MONTH - 1e-9
    t1 = np.clip(_months(earlier_days), first, last) - first
    t2 = np.clip(_months(later_days), first, last) - first
    row, column = t1.astype(np.intp), t2.astype(np.intp)
    down, across = t1 - row, t2 - column
    upper = table[row, column] * (1 - across) + table[row, column + 1] * across
    lower = table[row + 1, column] * (1 - across) + table[row + 1, column + 1] * across
    return np.asarray(upper * (1 - down) + lower * down)


@cache
def _by_month(measure: str) -> FloatArray:
    """Return r between any two whole months from 2 to 17 years, in either order."""
    month = np.arange(LINK_MONTHS, LAST_MONTH + 1)
    t1, t2 = np.meshgrid(month, month, indexing="ij")
    earlier, later = np.minimum(t1, t2), np.maximum(t1, t2)
    r = np.minimum(_child_formula(CHILD[measure], earlier, later), HIGHEST_R)
    r.flags.writeable = False
    return r


def _months(days: ArrayLike) -> FloatArray:
    return np.asarray(days, dtype=np.float64) / DAYS_IN_MONTH


def _known(measure: str) -> str:
    if measure not in CHILD:
        raise UsageError(
            f"measure: found {measure!r}, expected one of {', '.join(CHILD)}: "
            "no correlations are known for others"
        )
    return measure


def _formula(b: tuple[float, ...] | None, t1: FloatArray, t2: FloatArray) -> FloatArray:
    if b is None:
        return np.full(t1.shape, np.nan)
    with np.errstate(all="ignore"):
        v1, gap = np.log((t1 + t2) / 2), t2 - t1
        v2, v3 = np.log(gap), 1 / gap
        r = np.tanh(b[0] + b[1] * v1 + b[2] * v2 + b[3] * v3 + b[4] * v1 * v2 + b[5] * v1**2)
    return np.asarray(np.minimum(r, HIGHEST_R))


def _child_formula(b: tuple[float, ...], t1: FloatArray, t2: FloatArray) -> FloatArray:
    r = _formula(b, t1, np.maximum(t2, t1 + SHORTEST_GAP_MONTHS))
    return np.asarray(np.maximum(1 - (1 - r) * np.interp(t1, *OPTIMISM), 0.0))
