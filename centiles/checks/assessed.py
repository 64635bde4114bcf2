"""What could not be assessed of each child, and why."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from centiles.ages import DAYS_IN_YEAR
from centiles.measures import MEASURES, Measure, codes_of
from centiles.monitoring.findings import Cohort


def not_assessed(cohort: Cohort) -> NDArray[np.object_]:
    """Return for each child what could not be assessed, and why."""
    frame, child, count = cohort.scored, cohort.child, len(cohort.child_ids)
    use = (frame["fate"] == "scored").to_numpy() & (child >= 0)
    measure = codes_of(frame["measure"], MEASURES)
    age = frame["age_days"].to_numpy(dtype=np.float64)

    def number(where: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(child[use & where], minlength=count)

    weight = measure == MEASURES.index(Measure.WEIGHT)
    height = measure == MEASURES.index(Measure.HEIGHT)
    weights, heights = number(weight), number(height & (age >= 2 * DAYS_IN_YEAR))
    early = number(weight & (age <= 56))
    young = cohort.now_age_days < 5 * DAYS_IN_YEAR
    unsexed = np.bincount(
        child[(frame["sex"] == "unknown").to_numpy() & (child >= 0)], minlength=count
    )
    monthly = np.bincount(
        child[(frame["birth_precision"] == "month").to_numpy() & use], minlength=count
    )
    gaps = {
        "sex not known: nothing scored": unsexed > 0,
        "nothing could be scored": (unsexed == 0) & (number(np.ones(len(use), np.bool_)) == 0),
        "no weight": (weights == 0) & (number(np.ones(len(use), np.bool_)) > 0),
        "one weight only: no change in weight": weights == 1,
        "no height from 2 years: no BMI": (weights > 0)
        & (heights == 0)
        & (cohort.now_age_days >= 2 * DAYS_IN_YEAR),
        "no birth or early weight: NG75-FALL not assessed": (weights > 0) & (early == 0) & young,
        "day of birth not known: no change under a year": (monthly > 0) & young,
    }
    mask = sum((flag.astype(np.int64) << k for k, flag in enumerate(gaps.values())), np.int64(0))
    used, place = np.unique(mask, return_inverse=True)
    said = ["; ".join(w for k, w in enumerate(gaps) if m >> k & 1) for m in used.tolist()]
    return np.asarray([*said, ""], dtype=object)[place]
