"""What a batch of children gave, kept on disk until all batches are done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from centiles.checks.batches import Batch
from centiles.checks.checked import Checked, Totals, fates_of, seen_in
from centiles.engines.partials import read_frames, write_frames
from centiles.engines.slices import PLACE, merged, write_sorted
from centiles.records import columns
from centiles.records.arrow_tables import arrow_table, frame_of
from centiles.records.columns import SCORED
from centiles.records.scoring import Scored
from centiles.records.sides import KINDS, SideFiles

VALUES, COMPUTED = "values.arrow", "computed.arrow"  # of scored values: as read, and derived
TABLES: Final = ("findings", "children", "homes", "named", "contacts", "outcomes")
_OTHERS: Final = ("problems", "fates", "seen", *(f"{kind}_file" for kind in KINDS))


@dataclass(frozen=True)
class Kept:
    """The small tables of a batch, and counts of its values; the values themselves are on disk."""

    batch: Batch
    totals: Totals


def scored_table(batch: Batch) -> pa.Table:
    """Return the scored values of a batch, with what puts those of all batches in order."""
    return arrow_table(batch.done.frame, SCORED).append_column(PLACE, pa.array(batch.place))


def small_tables(batch: Batch, names: list[str]) -> dict[str, pd.DataFrame]:
    """Return all of a batch but its scored values, as frames."""
    done = batch.done
    frames: dict[str, pd.DataFrame] = {name: getattr(batch, name) for name in TABLES}
    frames |= {f"{kind}_file": done.sides.frame(kind) for kind in KINDS}
    repeated = ["not_assessed", "sources"]  # the same words for many children
    frames["children"] = batch.children.astype(dict.fromkeys(repeated, "category"))
    return frames | {
        "problems": done.problems,
        "fates": fates_of(done.frame, names),
        "seen": seen_in(done.frame).assign(as_of=done.as_of.astype("datetime64[s]")),
    }


def write_kept(batch: Batch, names: list[str], folder: Path) -> None:
    """Write what a batch gave.

    Parameters
    ----------
    batch
        The batch.
    names
        The names of the sources.
    folder
        Where to.
    """
    write_frames(folder, small_tables(batch, names))
    write_scored(folder, scored_table(batch))


def write_scored(folder: Path, table: pa.Table) -> None:
    """Write the scored values of a batch, as :func:`scored_table` returns them."""
    values = table.num_rows - pc.sum(table["derived"]).as_py()  # what is computed follows them
    write_sorted(folder / VALUES, table.slice(0, values))
    write_sorted(folder / COMPUTED, table.slice(values))


def with_values(checked: Checked, folders: Sequence[Path], names: list[str], rows: int) -> Checked:
    """Return what was found with the values of the children who have an open finding.

    Parameters
    ----------
    checked
        What was found.
    folders
        Where the scored values of each batch are.
    names
        The names of the sources.
    rows
        About how many values are looked through at once.
    """
    flagged = checked.children.loc[checked.children["rank"] > 0, "child_id"]
    wanted = pa.array(flagged, pa.large_string())
    found = pa.concat_tables(
        table.filter(pc.is_in(table["child_id"], value_set=wanted))
        for table in read_scored(folders, rows)
    )
    return replace(checked, scored=frame_of(found, SCORED, source=names))


def read_scored(folders: Sequence[Path], rows: int) -> Iterator[pa.Table]:
    """Yield the scored values of batches in the order of all records, about so many at a time."""
    nothing = True
    for name in (VALUES, COMPUTED):
        for table in merged([folder / name for folder in folders], rows):
            nothing = False
            yield table.drop_columns(PLACE)
    if nothing:
        yield arrow_table(columns.frame(SCORED, {}), SCORED)


def read_kept(folder: Path, sides: SideFiles, names: list[str], as_of: np.datetime64) -> Kept:
    """Return the small tables of a batch that :func:`write_kept` wrote."""
    return kept_of(read_frames(folder, (*TABLES, *_OTHERS)), sides, names, as_of)


def kept_of(
    frames: dict[str, pd.DataFrame], sides: SideFiles, names: list[str], as_of: np.datetime64
) -> Kept:
    """Return the small tables of a batch from frames as :func:`small_tables` returns them."""
    found: dict[str, Any] = {kind: frames[f"{kind}_file"] for kind in KINDS}
    nobody, none = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
    done = Scored(
        columns.frame(SCORED, {}), frames["problems"], nobody, np.zeros(0, dtype=object), none,
        none, as_of, replace(sides, **found, problems=columns.frame(columns.PROBLEMS, {})),
    )  # fmt: skip
    batch = Batch(done=done, place=nobody, **{name: frames[name] for name in TABLES})
    fates = frames["fates"].set_axis(pd.Index(names))
    return Kept(batch, Totals(fates, frames["seen"].drop(columns="as_of")))


def totals_of(kept: list[Kept]) -> Totals:
    """Return the counts of all batches."""
    fates = kept[0].totals.fates
    for each in kept[1:]:
        fates = fates + each.totals.fates
    seen = pd.concat([each.totals.seen for each in kept], ignore_index=True)
    return Totals(fates, seen)
