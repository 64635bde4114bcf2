"""The height expected of a child from its parents' heights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from centiles import lms, zscores
from centiles.ages import DAYS_IN_YEAR, FloatArray
from centiles.measures import Measure, Sex

ADULT_DAYS: Final = 20 * DAYS_IN_YEAR  # parents are scored at 20 years
RANGE_Z: Final = 1.4  # either side of the expected z: nine children in ten


@dataclass(frozen=True)
class ExpectedHeight:
    """What parents' heights lead to expect: z, its range, and both as adult height [cm].

    Nine children in ten of such parents are between ``low_z`` and ``high_z``.
    """

    z: float
    low_z: float
    high_z: float
    centile: float
    adult_cm: float
    low_cm: float
    high_cm: float


def expected_height_z(mother_cm: ArrayLike, father_cm: ArrayLike) -> FloatArray:
    """Return the z expected of children: half the mean of their parents', regressed once.

    Parents are scored at 20 years on UK 1990; NaN where one is not known.

    Parameters
    ----------
    mother_cm, father_cm
        The parents' heights [cm].

    Examples
    --------
    Parents on the median are expected to have a child on it:

    >>> mother, father = (zscores.measurement(0, measure="height", sex=s, age_days=7305)
    ...                   for s in ("female", "male"))
    >>> round(abs(float(expected_height_z(mother, father))), 6)
    0.0
    """
    heights = np.broadcast_arrays(*(np.asarray(cm, np.float64) for cm in (mother_cm, father_cm)))
    mother, father = (
        zscores.zscore(cm, measure=Measure.HEIGHT, sex=sex, age_days=ADULT_DAYS)
        for cm, sex in zip(heights, (Sex.FEMALE, Sex.MALE), strict=True)
    )
    return np.asarray((np.asarray(mother) + np.asarray(father)) / 4)


def expected_height(mother_cm: float, father_cm: float, *, sex: str) -> ExpectedHeight | None:
    """Return what two parents' heights lead to expect of a child; None unless both are known.

    Parameters
    ----------
    mother_cm, father_cm
        The parents' heights [cm].
    sex
        The child's, ``"male"`` or ``"female"``.

    Examples
    --------
    >>> found = expected_height(164.0, 177.0, sex="female")
    >>> round(found.z, 2), round(found.adult_cm, 1)
    (0.01, 163.7)
    """
    z = float(expected_height_z(mother_cm, father_cm))
    if not np.isfinite(z):
        return None
    places = np.array([z - RANGE_Z, z, z + RANGE_Z])
    low, adult, high = zscores.measurement(
        places, measure=Measure.HEIGHT, sex=sex, age_days=ADULT_DAYS
    ).tolist()
    centile = float(lms.centiles_from_z(z))
    return ExpectedHeight(z, z - RANGE_Z, z + RANGE_Z, centile, adult, low, high)
