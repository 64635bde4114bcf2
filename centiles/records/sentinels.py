"""Numbers that stand for "missing": 0, −1, 99.9, 999 and the like, where no child can be that.

99.9 cm is a real height at 4 and 99 kg a real weight at 15, so 99 and 99.9 stand for missing only
where they are far above what a child of that age and sex can be; 999 and 9999 always do.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from centiles import zscores
from centiles.ages import FloatArray
from centiles.measures import MEASURES
from centiles.records import plausibility
from centiles.records.parsing import Flags, arrow_words

TOO_HIGH_Z: Final = 5.0  # above it, 99 and 99.9 stand for missing
TOO_LOW_Z: Final = -8.0  # 99 cm is a real height of a teenager who is very short


def _texts(*numbers: str) -> pa.Array:
    """Return numbers as they are written, with and without noughts after the point."""
    whole = [f"{each}{end}" for each in numbers for end in ("", ".0", ".00")]
    tenths = [f"{each}0" for each in numbers if "." in each]
    return pa.array([*whole, *tenths], pa.large_string())


_ALWAYS: Final = _texts("0", "-1", "-9", "-99", "-999", "-9999", "999", "999.9", "9999", "99999")
_WHERE_TOO_FAR: Final = _texts("99", "99.9", "99.99")


def stand_for_missing(
    raw: pd.Series[str],
    measure: NDArray[np.integer[Any]],
    value: FloatArray,
    sex: NDArray[np.integer[Any]],
    age_days: FloatArray,
) -> Flags:
    """Return which values are numbers that stand for "missing".

    Parameters
    ----------
    raw
        What the file has in the place of each value, shape (n,).
    measure, sex
        Places in ``MEASURES`` and ``SEXES``, −1 for none, shape (n,).
    value
        The values, in the unit of their measure, shape (n,).
    age_days
        Ages [d], NaN where not known, shape (n,).
    """
    texts = arrow_words(raw)
    place = pc.index_in(texts, pa.concat_arrays([_ALWAYS, _WHERE_TOO_FAR])).fill_null(-1)
    places = place.to_numpy(zero_copy_only=False)
    found = (places >= 0) & (places < len(_ALWAYS))
    known = (measure >= 0) & (sex >= 0) & np.isfinite(age_days) & np.isfinite(value)
    perhaps = np.flatnonzero((places >= len(_ALWAYS)) & known)
    if len(perhaps):
        kind = measure[perhaps]
        names: Any = np.array([str(name) for name in MEASURES])[kind]
        score = zscores.score(
            value[perhaps], measure=names, sex=sex[perhaps] + 1, age_days=age_days[perhaps]
        )
        with np.errstate(invalid="ignore"):
            far = (score.z > TOO_HIGH_Z) | (score.z < TOO_LOW_Z)
        found[perhaps] = far | plausibility.impossible(kind, value[perhaps])
    return np.asarray(found, dtype=np.bool_)
