"""The tables of this library as Arrow, and back: to be written, or kept while others are made."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from centiles.records import columns
from centiles.records.columns import Column


def arrow_table(frame: pd.DataFrame, schema: tuple[Column, ...]) -> pa.Table:
    """Return a frame as an Arrow table: dates as dates, words as dictionaries."""
    arrays = {}
    for column in schema:
        series = frame[column.name]
        if column.kind == "date":
            arrays[column.name] = pa.array(series.to_numpy().astype("datetime64[D]"))
        elif column.kind == "word":
            arrays[column.name] = _coded(series)
        elif column.kind == "number":
            numbers = series.to_numpy(dtype=np.float64)
            arrays[column.name] = pa.array(numbers, mask=np.isnan(numbers))
        else:
            arrays[column.name] = pa.array(series)
    return pa.table(arrays)


def arrow_schema(schema: tuple[Column, ...]) -> pa.Schema:
    """Return the kinds of Arrow in which tables of many parts are kept: words as text."""
    kinds = {
        "text": pa.large_string(), "word": pa.string(), "date": pa.date32(),
        "number": pa.float64(), "integer": pa.int64(), "flag": pa.bool_(),
    }  # fmt: skip
    return pa.schema([(column.name, kinds[column.kind]) for column in schema])


def frame_of(table: pa.Table, schema: tuple[Column, ...], **words: list[str]) -> pd.DataFrame:
    """Return an Arrow table as a frame of declared columns.

    Parameters
    ----------
    table
        The table, with these columns at least.
    schema
        The columns.
    words
        All words of a column, in their order, where the table may lack some.
    """
    parts: dict[str, Any] = {}
    for column in schema:
        array = table.column(column.name)
        if column.kind == "word":
            parts[column.name] = _words(array, words.get(column.name))
        elif column.kind == "text":
            parts[column.name] = columns.texts(array.fill_null(""))
        elif column.kind == "date":
            days = array.cast(pa.date32()).to_numpy()
            parts[column.name] = days.astype("datetime64[s]")
        else:
            parts[column.name] = array.to_numpy()
    return columns.frame(schema, parts)


def _words(array: pa.ChunkedArray, known: list[str] | None) -> pd.Categorical[Any]:
    """Return a column of words, of all that are known or in the order they appear in."""
    if pa.types.is_dictionary(array.type) and len(array):
        return _among(_categories(array), known)
    one = array.cast(pa.large_string()).combine_chunks().fill_null("").dictionary_encode()
    one = one.combine_chunks() if isinstance(one, pa.ChunkedArray) else one
    codes = one.indices.to_numpy(zero_copy_only=False)
    return _among(columns.categorical(codes, one.dictionary.to_pylist()), known)


def _among(words: pd.Categorical[Any], known: list[str] | None) -> pd.Categorical[Any]:
    """Return words as places among all that are known."""
    if known is None:
        return words
    place = np.array([*(known.index(word) for word in words.categories), -1])
    return columns.categorical(place[words.codes], known)


def exact_table(frame: pd.DataFrame) -> pa.Table:
    """Return a frame of any columns as Arrow, of which :func:`exact_frame` makes it again."""
    kinds = {str(name): str(kind) for name, kind in frame.dtypes.items()}
    arrays = [_coded(each) if kinds[str(name)] == "category" else pa.array(each)
              for name, each in frame.items()]  # fmt: skip
    table = pa.table(arrays, names=list(kinds))
    return table.replace_schema_metadata({b"kinds": repr(kinds).encode()})


def exact_frame(table: pa.Table) -> pd.DataFrame:
    """Return the frame of which :func:`exact_table` made a table."""
    kinds = ast.literal_eval((table.schema.metadata or {})[b"kinds"].decode())
    if table.num_rows == 0:
        empty: dict[str, Any] = {
            name: columns.categorical([], []) if kind == "category" else pd.Series([], dtype=kind)
            for name, kind in kinds.items()
        }
        return pd.DataFrame(empty)
    parts: dict[str, Any] = {}
    for name, kind in kinds.items():
        column = table.column(name)
        if kind == "category":
            parts[name] = _categories(column)
        elif kind == "str":
            parts[name] = columns.texts(column)
        elif kind == "object":
            parts[name] = pd.Series(_objects(column), dtype=object)
        else:
            parts[name] = pd.Series(column.to_pandas()).astype(kind).array
    return pd.DataFrame(parts, index=pd.RangeIndex(table.num_rows))


def _coded(column: pd.Series[Any]) -> pa.DictionaryArray:
    codes = pa.array(column.cat.codes.to_numpy(), pa.int32())
    return pa.DictionaryArray.from_arrays(codes, pa.array(column.cat.categories, pa.large_string()))


def _objects(column: pa.ChunkedArray) -> Any:
    """Return a column as objects, of equal ones the same."""
    one = column.combine_chunks().dictionary_encode()
    one = one.combine_chunks() if isinstance(one, pa.ChunkedArray) else one
    every = np.array([*one.dictionary.to_pylist(), None], dtype=object)
    return every[one.indices.fill_null(-1).to_numpy(zero_copy_only=False)]


def _categories(column: pa.ChunkedArray) -> pd.Categorical[Any]:
    one = column.unify_dictionaries().combine_chunks()
    one = one.combine_chunks() if isinstance(one, pa.ChunkedArray) else one
    codes = one.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return columns.categorical(codes, one.dictionary.to_pylist())
