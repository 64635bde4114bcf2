"""Where a child stands: below a line or above it, in per cent of the median, beside its parents."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from centiles import zscores
from centiles.ages import FloatArray
from centiles.measures import Measure
from centiles.monitoring import conditional
from centiles.monitoring.baselines import THREE_YEARS
from centiles.monitoring.kinds import Sort
from centiles.monitoring.points import Rows, Spans


class Standing(Sort):
    """A place on the charts. From the highest of 36 months, for what went before."""

    sign = 1

    @abstractmethod
    def size(self, rows: Rows, z: FloatArray, /) -> FloatArray:
        """Return how much it would be at points if they stood at some z."""

    def candidates(self) -> tuple[Rows, Rows]:
        """Return where it is as much as the first level asks."""
        rows = self.spoken()
        size = self.size(rows, self.points.z[rows])
        with np.errstate(invalid="ignore"):
            rows = rows[size >= self.least]
        return rows, self.watch.highest(self.measure, rows, within_days=THREE_YEARS, sign=self.sign)

    def amount(self, at: Spans) -> FloatArray:
        """Return how much it is at points."""
        return self.size(at.row, self.points.z[at.row])

    def error(self, at: Spans) -> FloatArray:
        """Return the standard deviation of a z from measurement error."""
        return conditional.z_error(self.points, at.row)


class Line(Standing):
    """Below a z, or above one."""

    @property
    def sign(self) -> int:  # type: ignore[override]
        """1 for below a line, −1 for above."""
        return -1 if np.isfinite(self.rule.above) else 1

    def size(self, _: Rows, z: FloatArray, /) -> FloatArray:
        """Return how far below the median, or above it [z]."""
        return -self.sign * z


class Median(Standing):
    """BMI in per cent of the median for age and sex, counted so that more is worse."""

    def size(self, rows: Rows, z: FloatArray, /) -> FloatArray:
        """Return less the per cent of the median."""
        points = self.points
        value = points.value[rows]
        other = np.flatnonzero(z != points.z[rows])
        if len(other):
            at = rows[other]
            sex: Any = points.sex[at] + 1
            value[other] = zscores.measurement(
                z[other], measure=Measure.BMI, sex=sex, age_days=points.corrected[at]
            )
        return np.asarray(-percent_of_median(value, points.sex[rows], points.corrected[rows]))

    def error(self, at: Spans) -> FloatArray:
        """Return the standard deviation of a per cent of the median from measurement error."""
        points = self.points
        share = conditional.value_error(points, at.row) / points.value[at.row]
        return np.asarray(share * -self.amount(at))


class BesideParents(Standing):
    """Height below what the parents' heights lead one to expect."""

    def spoken(self) -> Rows:
        """Return heights of children both whose parents' heights are known."""
        rows = super().spoken()
        return rows[~np.isnan(self.watch.expected_height[self.points.child[rows]])]

    def size(self, rows: Rows, z: FloatArray, /) -> FloatArray:
        """Return how far below expected [z]."""
        return np.asarray(self.watch.expected_height[self.points.child[rows]] - z)


def percent_of_median(value: FloatArray, sex: NDArray[np.int8], age_days: FloatArray) -> FloatArray:
    """Return BMI in per cent of the median, rounded to 9 decimals so that 70 % is 70 %."""
    percent = zscores.percent_median_bmi(value, sex=sex + 1, age_days=age_days)
    return np.round(np.asarray(percent), 9)
