"""The LMS method: value ⇄ z ⇄ centile, interpolation of the tables, and the nine lines.

The only module where the method's own one-letter names appear: ``x`` a value, ``z`` its z-score,
``l m s`` the skewness, median and coefficient of variation of the reference at that age
[Cole1992]_.
"""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from centiles.ages import FloatArray

SPACE: Final = 2 / 3  # a centile space [z]
LINE_SPACES: Final = tuple(range(-4, 5))
LINE_Z: Final = tuple(k * 2 / 3 for k in LINE_SPACES)
LINE_LABELS: Final = ("0.4th", "2nd", "9th", "25th", "50th", "75th", "91st", "98th", "99.6th")

# An L of exactly 0 is stored as this: (x/m)^l - 1 over l is then log(x/m), with no branch.
TINY_L: Final = 1e-300


def _position_words() -> tuple[str, ...]:
    words = ["below the 0.4th"]
    for lower, upper in pairwise(LINE_LABELS):
        words += [f"on the {lower} centile line", f"between the {lower} and {upper}"]
    return (*words, "on the 99.6th centile line", "above the 99.6th", "")


POSITIONS: Final = _position_words()
# Where each but the first of them starts [spaces]: a line's at a quarter of a space below it, what
# is above a line beyond a quarter.
_POSITION_STARTS: Final = np.array(
    [start for k in LINE_SPACES for start in (k - 0.25, np.nextafter(k + 0.25, np.inf))]
)


def zscores_from_lms(x: FloatArray, l: FloatArray, m: FloatArray, s: FloatArray) -> FloatArray:
    """Return ``((x/m)^l − 1)/(l·s)``, or ``ln(x/m)/s`` where l is 0, for positive x [Cole1992]_."""
    return np.asarray(np.expm1(np.log(x / m) * l) / (l * s))


def values_from_lms(z: FloatArray, l: FloatArray, m: FloatArray, s: FloatArray) -> FloatArray:
    """Return ``m·(1 + l·s·z)^(1/l)``; NaN where that is no positive number [Cole1992]_."""
    step = l * s * z
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        x = m * np.exp(np.log1p(step) / l)
    return np.where((x > 0) & np.isfinite(x), x, np.nan)


def zscores_with_straight_tails(
    x: FloatArray, l: FloatArray, m: FloatArray, s: FloatArray
) -> FloatArray:
    """Return z as WHO reckons it: by LMS to ±3, beyond it in steps of the SD there [WHO2006]_.

    Beyond 3 a unit of z is the distance from the value at 2 to that at 3, below −3 that from −3 to
    −2. Where L is 1 that changes nothing.
    """
    z = zscores_from_lms(x, l, m, s)
    for end in (-3.0, 3.0):
        far = z > end if end > 0 else z < end
        edge, step = _edge(end, l, m, s)
        z = np.where(far, end + (x - edge) / step, z)
    return z


def values_with_straight_tails(
    z: FloatArray, l: FloatArray, m: FloatArray, s: FloatArray
) -> FloatArray:
    """Return the value at a z of :func:`zscores_with_straight_tails`; NaN where not positive."""
    x = values_from_lms(z, l, m, s)
    for end in (-3.0, 3.0):
        far = z > end if end > 0 else z < end
        edge, step = _edge(end, l, m, s)
        x = np.where(far, edge + (z - end) * step, x)
    return np.where((x > 0) & np.isfinite(x), x, np.nan)


def _edge(end: float, l: FloatArray, m: FloatArray, s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the value at an end of ±3 and the distance from it to that one nearer the median."""
    at, within = (values_from_lms(np.asarray(z), l, m, s) for z in (end, end - np.sign(end)))
    return at, np.abs(at - within)


def centiles_from_z(z: ArrayLike) -> FloatArray:
    """Return ``100·Φ(z)``."""
    return np.asarray(100 * ndtr(np.asarray(z, dtype=np.float64)))


def z_from_centiles(centile: ArrayLike) -> FloatArray:
    """Return ``Φ⁻¹(centile/100)``; NaN outside 0 to 100 exclusive."""
    share = np.asarray(centile, dtype=np.float64) / 100
    return np.where((share > 0) & (share < 1), ndtri(np.clip(share, 0, 1)), np.nan)


def interpolated(
    ages: FloatArray, grid: FloatArray, columns: NDArray[np.float64], *, linear: bool = False
) -> FloatArray:
    """Return table columns at ages between rows: four-point Lagrange, linear at both ends.

    Parameters
    ----------
    ages
        Ages to look up, shape (n,), each inside the grid.
    grid
        Ages of the table's rows, increasing, shape (rows,).
    columns
        The table's columns, shape (columns, rows).
    linear
        Straight lines between all rows instead.

    Returns
    -------
    float array
        Shape (columns, n). An age on a row is that row exactly.
    """
    rows = len(grid)
    if rows == 1:
        return np.repeat(columns, len(ages), axis=1)
    below = np.clip(np.searchsorted(grid, ages, side="right") - 1, 0, rows - 2)
    inner = (below > 0) & (below < rows - 2) & (not linear)
    # Four nodes round the age; in an end interval the outer two get no weight.
    nodes = np.clip(below + np.arange(-1, 3)[:, None], 0, rows - 1)
    at = grid[nodes]
    weights = np.ones_like(at)
    with np.errstate(divide="ignore", invalid="ignore"):
        for k, j in permutations(range(4), 2):
            weights[k] *= (ages - at[j]) / (at[k] - at[j])
    share = (ages - at[1]) / (at[2] - at[1])
    straight = np.stack([np.zeros_like(share), 1 - share, share, np.zeros_like(share)])
    weights = np.where(inner, weights, straight)
    return np.asarray(np.einsum("ckn,kn->cn", columns[:, nodes], weights))


def position_codes(z: ArrayLike) -> NDArray[np.int8]:
    """Return which of :data:`POSITIONS` each z is in; the last, empty one where z is NaN.

    Within a quarter of a space of a line counts as on it.
    """
    with np.errstate(over="ignore"):
        spaces = np.asarray(z, dtype=np.float64) / SPACE
    codes = np.searchsorted(_POSITION_STARTS, spaces, side="right")
    return np.where(np.isnan(spaces), len(POSITIONS) - 1, codes).astype(np.int8)


def centile_text(z: float) -> str:
    """Return a centile as it is printed: whole, one decimal below 1 and above 99, ends open.

    Examples
    --------
    >>> centile_text(0.0), centile_text(-2.4), centile_text(-3.0), centile_text(2.7)
    ('50', '0.8', '<0.4', '>99.6')
    """
    if np.isnan(z):
        return ""
    if abs(z) > LINE_Z[-1]:
        return "<0.4" if z < 0 else ">99.6"
    centile = float(centiles_from_z(z))
    return f"{centile:.0f}" if 1 <= centile <= 99 else f"{centile:.1f}"
