"""Weight far below height, where there is no BMI to say what it means."""

from __future__ import annotations

from typing import Final

import numpy as np

from centiles.ages import FloatArray
from centiles.measures import Measure
from centiles.monitoring.kinds import Change, with_start
from centiles.monitoring.points import Flags, Rows, Spans

BMI_WITHIN_DAYS: Final = 28


class Gap(Change):
    """Height z less weight z; the start is the newest height of the window."""

    def candidates(self) -> tuple[Rows, Rows]:
        """Return weights with a height, not long before, and no BMI near."""
        points, rows = self.points, self.spoken()
        rows = rows[points.comparable[rows] & ~self._has_bmi(rows)]
        height = points.newest_at(points.child[rows], Measure.HEIGHT, points.age[rows])
        near = points.age[rows] - points.age[height] <= self.rule.within_days
        return with_start(rows, np.where(near & points.comparable[height], height, -1))

    def amount(self, at: Spans) -> FloatArray:
        """Return height z, carried, less weight z; nothing once there is a BMI."""
        return np.where(self._has_bmi(at.row), 0.0, self.points.falls(at.start, at.row))

    def _has_bmi(self, rows: Rows) -> Flags:
        """Return which points have a BMI within 28 days, before or after."""
        points = self.points
        child, age = points.child[rows], points.age[rows]
        newest = points.newest_at(child, Measure.BMI, age + BMI_WITHIN_DAYS)
        return np.asarray((newest >= 0) & (points.age[newest] >= age - BMI_WITHIN_DAYS))
