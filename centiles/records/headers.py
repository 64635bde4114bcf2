"""The user's own headers in problems, where only it is known what a column was taken for."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from centiles.records import columns
from centiles.records.reading import Records
from centiles.records.synonyms import MEASURE_SLOTS

# Where a file has no column of a measure's own: of the same measure, or of all values.
_ELSE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    dict.fromkeys(MEASURE_SLOTS, ("value",))
    | {
        "height": ("length", "value"),
        "length": ("height", "value"),
        "birth_weight": ("weight", "value"),
        "gestation": ("value",),
    }
)


def named(problems: pd.DataFrame, records: Records) -> pd.DataFrame:
    """Return problems with the headers of the user's files in the place of what they stand for.

    Parameters
    ----------
    problems
        Problems (``columns.PROBLEMS``), some of which name a slot such as ``measured_on``.
    records
        What was read.
    """
    known = {each.name: each.headers for each in records.sources}
    known |= {each.name: each.mapping for each in records.sides.sources}
    source = problems["source"].astype("str")
    place, pairs = pd.factorize(pd.MultiIndex.from_arrays([source, problems["column"]]))
    said = [_header(column, known.get(name, {})) for name, column in pairs]
    found = np.array([*said, ""], dtype=object)[place]
    parts = {name: problems[name].array for name in problems.columns}
    return columns.frame(columns.PROBLEMS, parts | {"column": found})


def _header(column: str, headers: Mapping[str, str]) -> str:
    """Return the header of a slot; what is no slot, or a header already, as it is."""
    if column in headers.values():
        return column
    there = (headers[slot] for slot in (column, *_ELSE.get(column, ())) if slot in headers)
    return next(there, column)
