"""Is this value what was measured? Verdicts that query and keep; nothing is dropped or altered.

Severe malnutrition looks like a typing error, so an unlikely value is scored, drawn and listed
like any other, with its verdict beside it. Only a value that no child can have is not scored.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from centiles.ages import DAYS_IN_YEAR, FloatArray
from centiles.measures import MEASURES, Measure

Codes = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]

VERDICTS: Final = ("ok", "check", "doubtful", "impossible")
OK, CHECK, DOUBTFUL, IMPOSSIBLE = range(4)

# What a child can be, from the smallest survivor to the largest adult. Skew-proof: where L is
# negative a z has a ceiling, and a boy of 10 entered in grams scores only 5.6.
LIMITS: Final = {
    Measure.WEIGHT: (0.2, 250.0),
    Measure.HEIGHT: (20.0, 230.0),
    Measure.BMI: (5.0, 80.0),
    Measure.HEAD: (15.0, 70.0),
}
CHECK_Z: Final = 4.0
DOUBTFUL_Z: Final = {Measure.BMI: 15.0}
DOUBTFUL_Z_ELSE: Final = 8.0
HEIGHT_LOSS_CM: Final = 1.4
SPIKE_Z: Final = 2.0  # away from both neighbours, on the same side
ODD_SPIKE_Z: Final = 1.0  # a height that cannot be right with its neighbour
SPIKE_RETURN_Z: Final = 1.0  # which themselves agree within this,
SPIKE_RETURN_SHARE: Final = 0.5  # or within this share of the spike
SPIKE_WITHIN_DAYS: Final = 2.5 * DAYS_IN_YEAR  # so that three yearly visits are near enough
REPEAT_AFTER_DAYS: Final = 180
REPEAT_BELOW_YEARS: Final = {Measure.HEIGHT: 13, Measure.WEIGHT: 10, Measure.HEAD: 2}

# The 2nd line. A height that is too low makes a BMI too high: one that is low for all that is low.
LOW_BMI_Z: Final = -2.0
STANDING_FROM_DAYS: Final = 2 * DAYS_IN_YEAR

_HEIGHT = MEASURES.index(Measure.HEIGHT)
_TINY_CM: Final = 1e-6  # so that 98.6 is exactly 1.4 below 100.0, whatever binary makes of it


def impossible(measure: Codes, value: FloatArray) -> Flags:
    """Return which values lie outside what a child can be; NaN and infinity among them."""
    low, high = np.array([LIMITS[name] for name in MEASURES]).T
    with np.errstate(invalid="ignore"):
        return np.asarray(~((value >= low[measure]) & (value <= high[measure])))


def extreme(measure: Codes, z: FloatArray) -> NDArray[np.int8]:
    """Return the verdict of a z by itself: ok, check beyond ±4, doubtful beyond ±8 (BMI ±15)."""
    far = np.array([DOUBTFUL_Z.get(name, DOUBTFUL_Z_ELSE) for name in MEASURES])[measure]
    size = np.abs(z)
    return np.select([size > far, size > CHECK_Z], [DOUBTFUL, CHECK], OK).astype(np.int8)


def height_losses(segment: Codes, measure: Codes, value: FloatArray) -> Flags:
    """Return which heights are more than 1.4 cm below an earlier one of the same child.

    Points are sorted by child, measure and age; ``segment`` numbers each child's measure.
    """
    heights = np.flatnonzero(measure == _HEIGHT)
    lower = np.zeros(len(value), dtype=np.bool_)
    if len(heights):
        highest = running_max(segment[heights], value[heights])
        lower[heights] = value[heights] < highest - HEIGHT_LOSS_CM - _TINY_CM
    return lower


def shrunk(segment: Codes, measure: Codes, age_days: FloatArray, value: FloatArray) -> Flags:
    """Return which heights cannot both be right with a neighbour: the later is 1.4 cm lower.

    From 2 years: lengths of infants are as wrong as that. Points are sorted as for
    :func:`height_losses`.
    """
    found = np.zeros(len(value), dtype=np.bool_)
    less = (segment[1:] == segment[:-1]) & (measure[1:] == _HEIGHT)
    less &= age_days[:-1] >= STANDING_FROM_DAYS
    less &= value[1:] < value[:-1] - HEIGHT_LOSS_CM - _TINY_CM
    found[1:] |= less
    found[:-1] |= less
    return found


def spikes(
    segment: Codes, age_days: FloatArray, z: FloatArray, before: FloatArray, after: FloatArray,
    odd: Flags | None = None,
) -> Flags:  # fmt: skip
    """Return which points leave the trend by 2 z or more and the next returns to it.

    ``before`` and ``after`` are the neighbours' z carried to a point's own section, NaN where
    there is no neighbour. Of points that are ``odd`` already 1 z is enough.
    """
    first, second = z - before, z - after
    size = np.minimum(np.abs(first), np.abs(second))
    least, agree = np.full(len(z), SPIKE_Z), np.full(len(z), SPIKE_RETURN_Z)
    if odd is not None:
        least[odd], agree[odd] = ODD_SPIKE_Z, ODD_SPIKE_Z / 2
    at = np.flatnonzero(size >= least)  # few, with a neighbour on either side
    near = segment[at + 1] == segment[at - 1]
    near &= age_days[at + 1] - age_days[at - 1] < SPIKE_WITHIN_DAYS
    back = np.maximum(agree[at], SPIKE_RETURN_SHARE * size[at])
    returns = np.abs(before[at] - after[at]) <= back
    found = np.zeros(len(z), dtype=np.bool_)
    found[at] = near & (first[at] * second[at] > 0) & returns
    return found


def repeats(segment: Codes, measure: Codes, age_days: FloatArray, value: FloatArray) -> Flags:
    """Return which values equal the one before to the last digit, half a year or more later."""
    again = np.zeros(len(value), dtype=np.bool_)
    growing = np.array([REPEAT_BELOW_YEARS.get(name, 0) for name in MEASURES]) * DAYS_IN_YEAR
    if len(value) > 1:
        again[1:] = (
            (segment[1:] == segment[:-1])
            & (value[1:] == value[:-1])
            & (age_days[1:] - age_days[:-1] >= REPEAT_AFTER_DAYS)
            & (age_days[1:] < growing[measure[1:]])
        )
    return again


def running_max(segment: Codes, value: FloatArray) -> FloatArray:
    """Return the highest value of each segment so far, NaN ignored; segments are contiguous."""
    filled = np.where(np.isnan(value), -np.inf, value)
    if len(filled) == 0:
        return filled
    # Lift each segment above all before it, take one running maximum, and lower it again.
    finite = filled[np.isfinite(filled)]
    step = (finite.max() - finite.min() + 1) if len(finite) else 1.0
    number = np.cumsum(np.r_[False, segment[1:] != segment[:-1]])
    return np.maximum.accumulate(filled + number * step) - number * step
