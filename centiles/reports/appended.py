"""A user's own file, its columns, rows and order kept, with z, centile and position appended."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from centiles.errors import UnwritableError, UsageError
from centiles.measures import MEASURES
from centiles.records.reading import read_tables, text_table
from centiles.records.scoring import scored_rows
from centiles.reports.results import write_csv

APPENDED: Final = ("z", "centile", "position")


def write_appended(
    export: str | Path,
    output: str | Path,
    *,
    correction: str = "digital",
    force: bool = False,
    **options: Any,
) -> tuple[int, int]:
    """Write a file's own columns with what was scored, and return how many values were and not.

    A file with one value a row gets ``z``, ``centile`` and ``position``; a file with one visit a
    row gets them for each of its measures, ``weight_z`` and so on.

    Parameters
    ----------
    export
        The file to read.
    output
        The ``.csv`` or ``.parquet`` file to write.
    correction, force, options
        As in :func:`centiles.check`, to replace a file, and as in :func:`centiles.read`.

    Raises
    ------
    UsageError
        If the output is neither CSV nor Parquet.
    UnwritableError
        If it cannot be written, or is there already.
    """
    target = Path(output)
    if target.suffix not in (".csv", ".parquet"):
        raise UsageError(f"{target.name}: expected a name that ends in .csv or .parquet")
    if target.exists() and not force:
        raise UnwritableError(f"{target}: is there already; choose another name, or --force")
    table = text_table(export)
    if (table.rows[1:] <= table.rows[:-1]).any():
        raise UsageError(
            f"{table.name}: found several values on one line, expected one on each; score takes "
            "tables, so use check instead"
        )
    records = read_tables([table], **options)
    frame = scored_rows(records, correction=correction)
    place = np.searchsorted(table.rows, frame["row"].to_numpy())
    parts: dict[str, Any] = {
        header: column.texts() for header, column in zip(table.headers, table.columns, strict=True)
    }
    long = records.sources[0].mapping["layout"] == "long"
    for measure in [""] if long else [m for m in MEASURES if (frame["measure"] == m).any()]:
        chosen = (frame["measure"] == measure).to_numpy() if measure else frame["raw"] != ""
        birth = (frame["contact"] == "birth").to_numpy() & (not long)
        chosen = np.flatnonzero(np.asarray(chosen) & ~birth)
        for name in APPENDED:
            values = frame[name].iloc[chosen]
            parts[_free(f"{measure}_{name}" if measure else name, parts)] = _spread(
                values, place[chosen], len(table.rows)
            )
    _write(pa.table(parts), target)
    scored = int((frame["fate"] == "scored").sum())
    return scored, records.values_read - scored


def _spread(values: pd.Series, place: Any, rows: int) -> pa.Array:
    """Return one cell for each row of the file, empty where nothing was scored."""
    if values.dtype == "float64":
        numbers = np.full(rows, np.nan)
        numbers[place] = values
        return pa.array(numbers, mask=np.isnan(numbers))
    texts = np.full(rows, "", dtype=object)
    texts[place] = values.astype(str)
    return pa.array(texts, pa.string())


def _free(name: str, taken: dict[str, Any]) -> str:
    """Return a column name the file has not got yet."""
    return name if name not in taken else _free(f"centiles_{name}", taken)


def _write(table: pa.Table, target: Path) -> None:
    """Write a file whole or not at all."""
    beside = target.with_name(f".{target.name}.partial")
    try:
        if target.suffix == ".csv":
            write_csv(table, beside)
        else:
            pq.write_table(table, beside)
        beside.chmod(0o600)
        beside.replace(target)
    except OSError as fault:
        raise UnwritableError(
            f"{target}: cannot be written ({fault.strerror}); expected a folder there is room and "
            "permission for"
        ) from fault
    finally:
        beside.unlink(missing_ok=True)
