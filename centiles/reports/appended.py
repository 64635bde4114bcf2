"""A user's own file, its columns, rows and text as they are, with z, centile, position appended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from centiles.errors import UnreadableError, UsageError
from centiles.measures import MEASURES
from centiles.records.reading import Source, read_tables, text_tables
from centiles.records.scoring import scored_rows
from centiles.records.tables import FIRST_ROW, TextTable
from centiles.references import UK_WHO, Reference, reference
from centiles.reports.folders import whole_file
from centiles.version import __version__

APPENDED: Final = ("z", "centile", "position")
SUFFIXES: Final = (".csv", ".parquet")

_ROWS_AT_ONCE: Final = 100_000

Columns = list[tuple[str, Any]]


def write_appended(
    exports: str | Path | Sequence[str | Path],
    output: str | Path,
    *,
    correction: str = "digital",
    on: str = UK_WHO,
    today: Any = None,
    force: bool = False,
    **options: Any,
) -> tuple[int, int]:
    """Write a file's own columns with what was scored, and return how many values were and not.

    A file with one value a row gets ``z``, ``centile`` and ``position``; a file with one visit a
    row gets them for each of its measures, ``weight_z`` and so on, ``birth_weight_z`` too. Every
    value is scored by itself: of two on one day, both are. The user's own cells are not touched.
    On a reference other than UK-WHO the names say which, as in ``weight_turner_z``; Parquet says
    it in its metadata too.

    Parameters
    ----------
    exports
        The file to read, with the files linked to it where its layout has any, or their folder.
    output
        The ``.csv`` or ``.parquet`` file to write.
    on
        The reference, one of ``centiles.references.FOLDERS``.
    correction, today, force, options
        As in :func:`centiles.check`, to replace a file, and as in :func:`centiles.read`.

    Raises
    ------
    UsageError
        If the output is neither CSV nor Parquet, or is an export, or several files have values, or
        another reference has no table for any of them.
    UnreadableError
        If a row has more cells than the header, which would be lost.
    UnwritableError
        If it cannot be written, or is there already.
    """
    target = Path(output)
    if target.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"{target.name}: found the suffix {target.suffix!r}, expected .csv or .parquet; end "
            "the file's name in one of them"
        )
    paths = [Path(exports)] if isinstance(exports, str | Path) else [Path(e) for e in exports]
    _stop_if_read(target, paths)
    known = reference(on)
    with whole_file(target, force=force) as beside:
        reading = {key: options.get(key) for key in ("preset", "config")}
        tables = text_tables(paths, **reading)
        records = read_tables(tables, **options)
        table, mapping = _the_values(tables, records.sources)
        frame = scored_rows(records, correction=correction, today=today, on=on)
        scored = int((frame["fate"] == "scored").sum())
        _stop_if_none(scored, frame, known)
        own = _own_columns(Path(table.path), table)
        values = _values(frame, mapping)
        places = frame["row"].to_numpy() - _first_row(table)
        columns = own + _appended(frame, values, places, own, "" if on == UK_WHO else on)
        if target.suffix.lower() == ".csv":
            _write_csv(columns, beside, table.delimiter)
        else:
            names, arrays = [name for name, _ in columns], [array for _, array in columns]
            whole = pa.table(arrays, names=names)
            said = {f"centiles_{key}": word for key, word in _said(known, correction).items()}
            with beside.open("wb") as file:
                pq.write_table(whole.replace_schema_metadata(said), file)
    return scored, records.values_read - scored


def _stop_if_read(target: Path, exports: Sequence[Path]) -> None:
    """Stop where the file to write is one that is read, or would be the next time."""
    for path in exports:
        if path.is_dir() and path.resolve() == target.absolute().parent.resolve():
            raise UsageError(
                f"{target.name}: is in the folder that is read; choose another folder to write in"
            )
        if target.exists() and path.is_file() and target.samefile(path):
            raise UsageError(f"{target.name}: is the export itself; choose another name to write")


def _stop_if_none(scored: int, frame: pd.DataFrame, known: Reference) -> None:
    """Stop where a reference other than UK-WHO was asked for that has nothing to say."""
    if known.name != UK_WHO and not scored and len(frame):
        raise UsageError(
            f"--reference {known.name}: found no table in {known.title} for the sex, measure and "
            "age of any value, expected one for some; docs/references.md lists what each reference "
            f"has, and {UK_WHO} has most"
        )


def _said(known: Reference, correction: str) -> dict[str, str]:
    """Return how the scores were made, as Parquet's metadata has it."""
    return {
        "version": __version__, "reference": known.title, "reference_edition": known.edition,
        "reference_sha256": known.sha256, "correction": correction,
    }  # fmt: skip


def _the_values(
    tables: Sequence[TextTable], sources: Sequence[Source]
) -> tuple[TextTable, Mapping[str, str]]:
    """Return the one table of values, and what its columns were taken for."""
    values = [source for source in sources if "linked" not in source.mapping]
    if len(values) > 1:
        raise UsageError(
            f"score: found {len(values)} tables of values "
            f"({', '.join(source.name for source in values)}), expected one, and the files linked "
            "to it; score each by itself"
        )
    table = next(each for each in tables if each.name == values[0].name)
    if (table.rows[1:] <= table.rows[:-1]).any():
        raise UsageError(
            f"{table.name}: found several values on one line, expected one on each; score "
            "takes tables, so use check instead"
        )
    return table, values[0].mapping


def _own_columns(export: Path, table: TextTable) -> Columns:
    """Return the file's columns as it has them: text untouched, blank rows, types of Parquet."""
    if len(table.overfull):
        raise UnreadableError(
            f"{table.name}: found rows with more cells than the header ({len(table.overfull)}, the "
            f"first row {table.overfull[0]}), expected as many, or cells would be lost; look there "
            "for a stray delimiter or a missing header"
        )
    with export.open("rb") as file:
        if file.read(4) == b"PAR1":
            whole = pq.read_table(file)
            return list(zip(whole.column_names, whole.columns, strict=True))
    rows = table.rows - _first_row(table)
    columns: Columns = []
    for header, column in zip(table.headers, table.columns, strict=True):
        codes = np.full(rows[-1] + 1, -1, dtype=np.int32)
        codes[rows] = column.codes
        columns.append((header, _words_at(column.words, codes)))
    return columns


def _first_row(table: TextTable) -> int:
    """Return the number of the row written first: that of JSON is 1, below a header it is 2."""
    return min(FIRST_ROW, int(table.rows[0]))


def _values(frame: pd.DataFrame, mapping: Mapping[str, str]) -> dict[str, NDArray[np.bool_]]:
    """Return which records are what a row has one of, by the name its columns start with.

    That is the value where a row has one, else each measure; and a birth weight beside either.
    """
    measure = frame["measure"].astype("str").to_numpy()
    birth = (frame["contact"] == "birth").to_numpy() & (measure == "weight")
    birth &= "birth_weight" in mapping
    if mapping["layout"] == "long":
        found = {"": ~birth}
    else:
        found = {str(name): (measure == name) & ~birth for name in MEASURES}
    if {"height", "length"} <= mapping.keys():
        lying = (frame["posture"] == "lying").to_numpy()
        found["length"] = found["height"] & lying
        found["height"] &= ~lying
    found["birth_weight"] = birth
    return {name: mask for name, mask in found.items() if mask.any()}


def _appended(
    frame: pd.DataFrame,
    values: Mapping[str, NDArray[np.bool_]],
    place: NDArray[np.int64],
    own: Columns,
    on: str,
) -> Columns:
    """Return the columns appended: z, centile and position of each value a row can have.

    ``on`` is the reference to name in them, empty for UK-WHO.
    """
    rows, taken = len(own[0][1]), {name for name, _ in own}
    columns: Columns = []
    for value, mask in values.items():
        chosen = np.flatnonzero(mask)
        for name in APPENDED:
            free = _free("_".join(filter(None, (value, on, name))), taken)
            columns.append((free, _spread(frame[name].iloc[chosen], place[chosen], rows)))
    return columns


def _spread(values: pd.Series, place: NDArray[np.int64], rows: int) -> pa.Array:
    """Return one cell for each row of the file, empty where nothing was scored."""
    if values.dtype == "float64":
        numbers = np.full(rows, np.nan)
        numbers[place] = values
        return pa.array(numbers, mask=np.isnan(numbers))
    codes = np.full(rows, -1, dtype=np.int64)
    codes[place] = values.cat.codes
    return _words_at(pa.array(values.cat.categories, pa.large_string()), codes)


def _words_at(words: pa.Array, codes: NDArray[Any]) -> pa.Array:
    """Return the word at each place, an empty one where it is −1."""
    return words.take(pa.array(codes, mask=codes < 0)).fill_null("")


def _free(name: str, taken: set[str]) -> str:
    """Return a column name the file has not got yet."""
    return name if name not in taken else _free(f"centiles_{name}", taken)


def _write_csv(columns: Columns, path: Path, delimiter: str) -> None:
    """Write columns as CSV with a delimiter, in quotes only what needs them."""
    header = delimiter.join(_quoted(pa.array([name for name, _ in columns]), delimiter).to_pylist())
    with path.open("wb") as file:
        file.write(f"{header}\n".encode())
        for start in range(0, len(columns[0][1]), _ROWS_AT_ONCE):
            parts = [array.slice(start, _ROWS_AT_ONCE) for _, array in columns]
            cells = [_quoted(_text(part), delimiter) for part in parts]
            lines = pc.binary_join_element_wise(*cells, _large(delimiter))
            lines = pc.binary_join_element_wise(lines, _large(""), _large("\n"))
            _, ends, text = lines.buffers()
            file.write(text.slice(0, np.frombuffer(ends, np.int64)[len(lines)]))


def _large(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _text(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return any column as text, empty where there is nothing."""
    text = array.cast(pa.string()).cast(pa.large_string()).fill_null("")
    return text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text


def _quoted(texts: pa.Array, delimiter: str) -> pa.Array:
    """Return texts with those in quotes that hold a delimiter, a quote or a line end."""
    texts = texts.cast(pa.large_string())
    special = pc.match_substring_regex(texts, f'[{delimiter}"\\r\\n]')
    if not pc.any(special).as_py():
        return texts
    doubled = pc.replace_substring(texts, '"', '""')
    whole = pc.binary_join_element_wise(_large('"'), doubled, _large('"'), _large(""))
    return pc.if_else(special, whole, texts)
