"""One child scored on another reference, to be drawn on its lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from centiles import zscores
from centiles.checks.checked import Child
from centiles.errors import UsageError
from centiles.measures import MEASURES, codes_of
from centiles.references import UK_WHO, reference


def on_reference(child: Child, name: str) -> Child:
    """Return a child with its values scored on a reference, and none of its findings.

    Findings, and what is carried over joins, are made on UK-WHO only: on another reference they
    would be numbers nobody has tested. Ages are corrected as the check corrected them.

    Raises
    ------
    UsageError
        If there is no such reference, or it has no table of any measure recorded.

    Examples
    --------
    >>> import pandas as pd
    >>> from centiles.checks import check
    >>> from centiles.records import from_frame
    >>> visits = pd.DataFrame({
    ...     "child_id": "a", "sex": "female", "birth_date": "2015-03-12",
    ...     "measured_on": ["2022-03-12"], "height_cm": [105.0],
    ... })
    >>> child = check(from_frame(visits), today="2026-03-01").child("a")
    >>> on_reference(child, "turner").scored["z"].round(2).tolist()
    [-0.29]
    >>> on_reference(child, "uk-who") is child  # as it was checked
    True
    """
    known = reference(name)
    if name == UK_WHO:
        return child
    frame = child.scored
    measures = np.array([*MEASURES, ""], dtype=object)[codes_of(frame["measure"], MEASURES)]
    scored = (frame["fate"].astype(object) == "scored").to_numpy()
    scores = zscores.score(
        frame["value"].to_numpy(dtype=np.float64), measure=measures, sex=str(child.sex),
        age_days=frame["corrected_age_days"].to_numpy(dtype=np.float64), reference=name,
    )  # fmt: skip
    z = np.where(scored, scores.z, np.nan)
    if not np.isfinite(z).any():
        raise UsageError(
            f"reference: found no table in {known.title} for this child's sex, measures and ages; "
            f"expected one of those that docs/references.md lists, or {UK_WHO}"
        )
    centile = np.where(np.isfinite(z), scores.centile, np.nan)
    said = frame.assign(z=z, centile=centile, position=zscores.position(z))
    made = replace(
        child.provenance,
        reference=known.title,
        reference_edition=known.edition,
        reference_sha256=known.sha256,
    )
    return replace(
        child, scored=said, findings=child.findings.iloc[:0], provenance=made, reference=name
    )
