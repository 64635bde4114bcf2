"""How surprising a value is given all of a child's earlier ones, from 2 to 17 years."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from centiles.ages import DAYS_IN_MONTH, DAYS_IN_YEAR, FloatArray
from centiles.measures import MEASURES
from centiles.monitoring.correlations import CHILD, LAST_MONTH, correlation_by_table
from centiles.monitoring.points import Flags, Points, Rows

FROM_AGE: Final = 2 * DAYS_IN_YEAR
BELOW_AGE: Final = LAST_MONTH * DAYS_IN_MONTH
APART_DAYS: Final = 6 * DAYS_IN_MONTH
LEFT_OUT_DAYS: Final = 396  # 13 months
MOST_POINTS: Final = 8
SHORT_TERM_SD: Final = 0.1
LEAST_EIGENVALUE: Final = 0.01

_BLOCK: Final = 1 << 13  # solved at a time, so that memory stays small


def surprise(points: Points, history_of: Rows, at: Rows) -> FloatArray:
    """Return how far points lie from where their child's history says, in standard deviations.

    The history of a point is the child's earlier points of the measure from 2 to 17 years,
    carried to its section, not doubtful, thinned newest first to 6 months or more apart and 6
    months or more before the point, at most 8. With R the correlations of those ages, r those with
    the age of the point, and e = 0.1 the short-term spread, the prediction is a'z with
    a = (R + e²I)⁻¹r, its variance 1 + e² − a'r. It is made again leaving out the last 13 months,
    so that a fall spread over two visits is not taken for the child's own course; the lower of the
    two counts. After [Cole1995]_ and [vanBuuren2023]_.

    Parameters
    ----------
    points
        All points.
    history_of
        The points whose history is used, shape (n,). An episode is judged by the history of the
        point it opened at; a point by itself, by its own.
    at
        The points judged, of the same children and measures, at or after ``history_of``, shape
        (n,).

    Returns
    -------
    float array
        Negative for a value lower than expected. NaN at other ages, for a measure without a model
        of correlation, or where there is no history 6 months old or one that cannot be carried.
    """
    return surprise_and_spread(points, history_of, at)[0]


def surprise_and_spread(
    points: Points, history_of: Rows, at: Rows
) -> tuple[FloatArray, FloatArray]:
    """Return surprises, and how much of z is one standard deviation of each.

    Parameters and result are those of :func:`surprise`; the spread [z] is that of the lower of the
    two predictions.
    """
    found = np.full((2, len(at)), np.nan)
    corrected = points.corrected[at]
    inside = (corrected >= FROM_AGE) & (corrected < BELOW_AGE)
    group = points.measure[history_of].astype(np.intp) * 256 + points.section[history_of]
    for each in np.unique(group[inside]):
        measure, section = divmod(int(each), 256)
        if MEASURES[measure] not in CHILD:
            continue
        chosen = np.flatnonzero(inside & (group == each))
        usable = _usable(points, measure, section)
        own, judged = history_of[chosen], at[chosen]
        recent = _history(points, usable, own, APART_DAYS, "right")
        older = _history(points, usable, own, LEFT_OUT_DAYS, "left")
        found[:, chosen] = _surprises(points, recent, judged)
        again = np.flatnonzero((recent != older).any(axis=1))
        with_less = _surprises(points, older[again], judged[again])
        mine = chosen[again]
        lower = ~(found[0, mine] <= with_less[0]) & ~np.isnan(with_less[0])
        found[:, mine[lower]] = with_less[:, lower]
    return found[0], found[1]


def _usable(points: Points, measure: int, section: int) -> Rows:
    """Return the points that can be part of a history for points of a section."""
    there = points.of(MEASURES[measure])
    corrected = points.corrected[there]
    inside = (corrected >= FROM_AGE) & (corrected < BELOW_AGE) & ~points.doubtful_before[there]
    known = ~np.isnan(points.carried_to(section)[there])
    return np.asarray(np.flatnonzero(inside & known) + there.start)


def _history(
    points: Points, usable: Rows, rows: Rows, gap_days: float, side: Literal["left", "right"]
) -> Rows:
    """Return the history of points, newest first, −1 where there is no more, shape (n, 8).

    The newest is ``gap_days`` or more before its point, or more than that with side ``"left"``.
    """
    found = np.full((len(rows), MOST_POINTS), -1, dtype=np.intp)
    key, segment = points.key[usable], points.segment[rows]
    left, newest = np.arange(len(rows)), points.key[rows] - gap_days
    for k in range(MOST_POINTS):
        place = np.searchsorted(key, newest, side=side) - 1
        there = place >= 0
        there[there] = points.segment[usable[place[there]]] == segment[left[there]]
        left, place = left[there], place[there]
        if len(left) == 0:
            break
        found[left, k] = usable[place]
        newest, side = key[place] - APART_DAYS, "right"
    return found


def _surprises(points: Points, history: Rows, at: Rows) -> FloatArray:
    """Return surprise and spread given histories, batched by how many points those have."""
    found = np.full((2, len(at)), np.nan)
    count = (history >= 0).sum(axis=1)
    for size in np.unique(count[count > 0]):
        mine = np.flatnonzero(count == size)
        for block in np.split(mine, range(_BLOCK, len(mine), _BLOCK)):
            found[:, block] = _block_of_surprises(points, history[block, :size], at[block])
    return found


def _block_of_surprises(points: Points, history: Rows, at: Rows) -> FloatArray:
    count, size = history.shape
    measure = str(MEASURES[points.measure[at[0]]])
    z = points.carried(history.ravel(), np.repeat(at, size)).reshape(count, size)
    ages = np.c_[points.corrected[at], points.corrected[history]]  # newest first
    mean, variance = predicted(z, _correlations(measure, ages))
    spread = np.sqrt(variance)
    return np.stack([(points.z[at] - mean) / spread, spread])


def _correlations(measure: str, ages: FloatArray) -> FloatArray:
    """Return the correlations between ages, newest first, shape (n, k, k)."""
    size = ages.shape[1]
    newer, older = np.triu_indices(size, 1)
    matrix = np.ones((len(ages), size, size))
    r = correlation_by_table(measure, ages[:, older], ages[:, newer])
    matrix[:, newer, older] = matrix[:, older, newer] = r
    return floored(matrix)


def floored(matrix: FloatArray) -> FloatArray:
    """Return correlation matrices whose eigenvalues are at least 0.01, their diagonals again 1.

    A formula for r knows nothing of the other ages; a few of its matrices are no child's.

    Parameters
    ----------
    matrix
        Symmetric, shape (n, k, k).
    """
    low = np.flatnonzero(_reaches_below(matrix, LEAST_EIGENVALUE))
    if len(low) == 0:
        return matrix
    values, vectors = np.linalg.eigh(matrix[low])
    lifted = np.maximum(values, LEAST_EIGENVALUE)[:, None, :]
    mended = (vectors * lifted) @ vectors.transpose(0, 2, 1)
    spread = np.sqrt(np.diagonal(mended, axis1=1, axis2=2))
    out = matrix.copy()
    out[low] = mended / (spread[:, :, None] * spread[:, None, :])
    return out


def _reaches_below(matrix: FloatArray, least: float) -> Flags:
    """Return which matrices have an eigenvalue below a least one.

    They are those that, less so much of the identity, eliminate to a pivot below 0 (Sylvester's
    law): a quarter of the work of finding the eigenvalues.
    """
    size = matrix.shape[1]
    rest = matrix - least * np.eye(size)
    found = np.zeros(len(matrix), dtype=np.bool_)
    for k in range(size):
        pivot = rest[:, k, k]
        found |= pivot <= 0
        share = rest[:, k, k + 1 :] / np.where(pivot > 0, pivot, 1.0)[:, None]
        rest[:, k + 1 :, k + 1 :] -= rest[:, k + 1 :, k, None] * share[:, None, :]
    return found


def predicted(history_z: FloatArray, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the expected z and its variance, given a history.

    Parameters
    ----------
    history_z
        z of the history, shape (n, k).
    matrix
        Correlations of the point in question (first) and its history, shape (n, k + 1, k + 1).
    """
    size = history_z.shape[1]
    known = matrix[:, 1:, 1:] + SHORT_TERM_SD**2 * np.eye(size)
    with_new = matrix[:, 1:, :1]
    weights = np.linalg.solve(known, with_new)[:, :, 0]
    mean = (weights * history_z).sum(axis=1)
    variance = 1 + SHORT_TERM_SD**2 - (weights * with_new[:, :, 0]).sum(axis=1)
    return mean, variance
