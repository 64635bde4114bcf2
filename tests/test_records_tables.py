"""Files and frames to tables of text: every way CSV is written, and every way a file is broken."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.errors import UnreadableError
from centiles.records import files
from centiles.records.files import read_table
from centiles.records.tables import TextTable, table_of_frame
from tests.examples import examples

PLAIN = "id,name,kg\na,Zoë,3.5\nb,,4\n"


def cells(table: TextTable) -> list[tuple[int, list[str]]]:
    """Return each row's number and its cells."""
    spread = [column.spread(column.stripped, missing="") for column in table.columns]
    return [
        (int(number), [str(column[place]) for column in spread])
        for place, number in enumerate(table.rows)
    ]


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(content: bytes | str, name: str = "export.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


class TestWaysToWrite:
    @pytest.mark.parametrize("delimiter", files.DELIMITERS)
    @pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
    def test_delimiters_and_line_ends(self, file: Any, delimiter: str, line_end: str) -> None:
        table = read_table(file(PLAIN.replace(",", delimiter).replace("\n", line_end)))
        assert table.headers == ("id", "name", "kg")
        assert cells(table) == [(2, ["a", "Zoë", "3.5"]), (3, ["b", "", "4"])]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    @pytest.mark.parametrize("pack", [bytes, gzip.compress])
    def test_encodings(self, file: Any, encoding: str, pack: Any) -> None:
        table = read_table(file(pack(PLAIN.encode(encoding))))
        assert table.headers == ("id", "name", "kg")
        assert cells(table)[0] == (2, ["a", "Zoë", "3.5"])

    def test_no_line_end_at_the_end(self, file: Any) -> None:
        assert len(read_table(file(PLAIN.rstrip())).rows) == 2

    def test_delimiters_within_headers(self, file: Any) -> None:
        table = read_table(file("Height, cm;Weight, kg\n108;18\n109;19\n"))
        assert table.headers == ("Height, cm", "Weight, kg")
        assert read_table(file('"a;b;c",d\n1,2\n')).headers == ("a;b;c", "d")

    def test_one_column(self, file: Any) -> None:
        assert cells(read_table(file("id\na\n\nb\n"))) == [(2, ["a"]), (4, ["b"])]

    def test_hash_is_of_the_bytes(self, file: Any) -> None:
        path = file(PLAIN)
        assert read_table(path).sha256 == read_table(path).sha256 != ""

    def test_a_name_of_its_own(self, file: Any) -> None:
        assert read_table(file(PLAIN)).name == "export.csv"
        assert read_table(file(PLAIN), "export.csv (2)").name == "export.csv (2)"


class TestRowNumbers:
    """A row's number is the one a spreadsheet shows."""

    @pytest.mark.parametrize(
        ("text", "rows"),
        [
            ("id,kg\na,1\n\nb,2\n", [2, 4]),
            ("id,kg\n\n\na,1\n", [4]),
            ("\n\nid,kg\na,1\n", [4]),
            (" , \nid,kg\na,1\n", [3]),
            ("id,kg\na,1\n,\n  ,\nb,2\n,\n\n\n", [2, 5]),
            ('id,kg\n"a\nA",1\nb,2\n', [2, 3]),
            ('id,kg\n"a\n\n\nA",1\n\nb,2\n', [2, 4]),
            ('"id\nof child",kg\na,1\nb,2\n', [2, 3]),
            ("id,kg\na,1\n\n\n\n", [2]),
            ("id,kg\ra,1\r\rb,2\r", [2, 4]),
            ("id,kg\na\rb,1\nc,2\n", [2, 3, 4]),
        ],
    )
    def test_blank_lines_count(self, file: Any, text: str, rows: list[int]) -> None:
        assert read_table(file(text)).rows.tolist() == rows

    def test_quoted_cells_are_whole(self, file: Any) -> None:
        table = read_table(file('id,kg\n"a,""b""\nc",1\n'))
        assert cells(table) == [(2, ['a,"b"\nc', "1"])]

    def test_quotes_within_cells(self, file: Any) -> None:
        assert cells(read_table(file('id,kg\nO"Neil,1\n5\'2",2\n')))[0] == (2, ['O"Neil', "1"])

    @given(
        st.lists(
            st.lists(st.text('ab",; \n\t|é', max_size=4), min_size=2, max_size=2),
            min_size=1,
            max_size=6,
        )
    )
    @examples(1.5)
    def test_any_cells_come_back(self, rows: list[list[str]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
            [["one header", "other header"], *rows]
        )
        expected = [
            (number, [cell.strip() for cell in row])
            for number, row in enumerate(rows, 2)
            if any(cell.strip() for cell in row)
        ]
        content = text.getvalue().encode()
        if expected:
            assert cells(files.without_blank_rows(files._csv("f", "", content))) == expected


class TestRagged:
    def test_trailing_empty_cells_are_no_fault(self, file: Any) -> None:
        table = read_table(file("id,kg\na,1,\nb,2,,\n"))
        assert cells(table) == [(2, ["a", "1"]), (3, ["b", "2"])]
        assert table.problems.empty

    def test_rows_too_long_or_short_are_listed_and_kept(self, file: Any) -> None:
        table = read_table(file("id,kg,cm\na,1,2\nb,1\nc,1,2,3\nd,1,2\ne\n"))
        assert [number for number, _ in cells(table)] == [2, 3, 4, 5, 6]
        assert cells(table)[1] == (3, ["b", "1", ""])
        assert table.problems["row"].tolist() == [3, 4, 6]
        assert set(table.problems["code"]) == {"F01"}


BROKEN = {
    "nothing": (b"", "an empty file"),
    "blank lines": (b"\n \n", "an empty file"),
    "only a mark": (b"\xef\xbb\xbf", "an empty file"),
    "nothing packed": (gzip.compress(b""), "an empty file"),
    "only a header": (b"id,kg\n", "a header and no rows"),
    "a header and blank rows": (b"id,kg\n\n,\n", "a header and no rows"),
    "a header without line end": (b"id,kg", "a header and no rows"),
    "cut in the middle": (gzip.compress(PLAIN.encode() * 99)[:-20], "cut short or damaged"),
    "cut at the start": (gzip.compress(PLAIN.encode())[:5], "cut short or damaged"),
    "not packed": (b"\x1f\x8bnot really", "cut short or damaged"),
    "one zero byte": (b"id,kg\na,\x00\n", "zero bytes"),
    "all bytes": (bytes(range(256)) * 10, "zero bytes"),
    "workbook": (b"PK\x03\x04rest", "a damaged workbook"),
    "pdf": (b"%PDF-1.7 rest", "a PDF"),
    "parquet": (b"PAR1 and no more", "a damaged Parquet file"),
    "arrow": (b"ARROW1\x00\x00 and no more", "a damaged Arrow file"),
    "feather": (b"FEA1 and no more", "a Feather file of version 1"),
    "gzip in gzip": (gzip.compress(gzip.compress(PLAIN.encode())), "zero bytes"),
    "bzip2": (b"BZh91AY rest", "a bzip2 file"),
    "utf-16": (b"\xff\xfea\x00b", "damaged UTF-16"),
    "open quote": (b'id,kg\na,1\n"b,2\nc,3\n', "a quotation mark in row 3"),
    "endless cell": (b"id,kg\na\n" + b"x" * 200_000 + b",1\n", "a cell of more than 131,072"),
    "endless header": (b"id," * 3000 + b"\n" + b"1," * 3000, "3001 columns"),
}


LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")


def binary_files() -> dict[str, bytes]:
    """Return the same table as Parquet, and as Arrow files plain and compressed."""
    table = pa.table({"id": ["a", "b", None], "kg": [3.5, 4.0, None], "n": [1, 2, 3]})
    made = {kind: io.BytesIO() for kind in ("parquet", "arrow", "compressed")}
    pq.write_table(table, made["parquet"])
    feather.write_feather(table, made["arrow"], compression="uncompressed")
    with pa.ipc.new_file(made["compressed"], table.schema, options=LZ4) as out:
        out.write_table(table)
    return {kind: content.getvalue() for kind, content in made.items()}


BINARY = binary_files()


def test_parquet_with_text_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "f.parquet").write_bytes(
        BINARY["parquet"].replace(b"\x01\x00\x00\x00b", b"\x01\x00\x00\x00\xff")
    )
    with pytest.raises(UnreadableError, match="damaged text"):
        read_table(tmp_path / "f.parquet")


def test_binary_files(tmp_path: Path) -> None:
    for kind, content in BINARY.items():
        (tmp_path / kind).write_bytes(content)
        (tmp_path / f"{kind}.gz").write_bytes(gzip.compress(content))
        for name in (kind, f"{kind}.gz"):
            assert cells(read_table(tmp_path / name))[0] == (2, ["a", "3.5", "1"])


def test_a_cell_larger_than_the_sample_is_refused_alike(file: Any) -> None:
    path = file(b"id,kg\n" + b"x" * (20 << 20) + b",1\nb,2\n")
    said = set()
    for sample in (False, True):
        with pytest.raises(UnreadableError, match="a cell of more than 131,072") as raised:
            read_table(path, sample=sample)
        said.add(str(raised.value))
    assert len(said) == 1


class TestBroken:
    """What is wrong, what was expected, what to do: and never what was in the file."""

    @pytest.mark.parametrize("kind", BROKEN)
    def test_unreadable(self, file: Any, kind: str) -> None:
        content, found = BROKEN[kind]
        with pytest.raises(UnreadableError, match=found) as raised:
            read_table(file(content))
        message = str(raised.value)
        assert message.startswith("export.csv: ")
        assert "expected" in message
        assert raised.value.__suppress_context__ or raised.value.__context__ is None

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableError, match=r"gone.csv: found No such file.*expected a file"):
            read_table(tmp_path / "gone.csv")

    def test_folder(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableError, match="found a folder, expected a file"):
            read_table(tmp_path)

    def test_too_large(self, file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "MOST_BYTES", 20)
        for content in (PLAIN.encode() * 9, gzip.compress(b"a" * 1000)):
            with pytest.raises(UnreadableError, match="split the file"):
                read_table(file(content))

    def test_packed_beyond_belief(self, file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(files, "ALWAYS_UNPACKED", 1000)
        with pytest.raises(UnreadableError, match="packed beyond belief"):
            read_table(file(gzip.compress(b"id,kg\n" + b"a,1\n" * 1_000_000)))
        assert len(read_table(file(gzip.compress(PLAIN.encode()))).rows) == 2

    @examples(1.5)
    @given(st.sampled_from(sorted(BINARY)), st.data())
    def test_any_change_to_a_binary_file(self, kind: str, data: st.DataObject) -> None:
        content = bytearray(BINARY[kind])
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(content) - 1))
            content[at : at + 2] = data.draw(st.binary(min_size=1, max_size=3))
        try:
            read = files._READERS[bytes(BINARY[kind][:4])]
            table = files.without_blank_rows(read("f", "", bytes(content)))
        except UnreadableError as fault:
            assert str(fault).startswith("f: found")  # noqa: PT017 (or it is read, which is as good)
        else:
            assert len(table.rows) > 0

    def test_a_line_of_many_megabytes(self, file: Any) -> None:
        with pytest.raises(UnreadableError):
            read_table(file(b"id,kg\n" + b"a" * (20 << 20)))

    @given(st.binary(max_size=300))
    def test_any_bytes_are_a_table_or_a_clear_error(self, content: bytes) -> None:
        assert self.is_clear(content)

    @staticmethod
    def is_clear(content: bytes) -> bool:
        try:
            table = files._csv("f", "", content)
        except UnreadableError as fault:
            return str(fault).startswith("f: found")
        return len(table.rows) > 0


class TestFrames:
    @pytest.mark.parametrize(
        ("column", "text"),
        [
            ([104.0, np.nan], ["104.0", ""]),
            ([1, 2], ["1", "2"]),
            (pd.array([1, None], dtype="Int64"), ["1", ""]),
            (np.array([18.4, 104], dtype=np.float32), ["18.4", "104.0"]),
            (pd.to_datetime(["2025-03-12", None]), ["2025-03-12 00:00:00.000000", ""]),
            ([dt.date(2025, 3, 12), None], ["2025-03-12", ""]),
            (pd.Categorical(["M", None]), ["M", ""]),
            (pd.Categorical([2.5, None]), ["2.5", ""]),
            (["a", None], ["a", ""]),
            ([None, pd.NA], ["", ""]),
            ([" a ", "\u00a0b"], ["a", "b"]),
            ([18.4, "refused"], ["18.4", "refused"]),
            ([18, None, "refused", 1.5][1:3], ["", "refused"]),
            ([dt.date(2025, 3, 12), "unknown"], ["2025-03-12", "unknown"]),
            ([True, False], ["true", "false"]),
        ],
        ids=range(15),
    )
    def test_kinds(self, column: Any, text: list[str]) -> None:
        table = table_of_frame(pd.DataFrame({"a": column, "b": ["x", "y"]}), "f")
        assert [row[0] for _, row in cells(table)] == text

    def test_zones(self) -> None:
        column = pd.Series(pd.to_datetime(["2025-06-12"])).dt.tz_localize("Europe/London")
        table = table_of_frame(pd.DataFrame({"a": column}), "f")
        assert cells(table)[0][1][0].startswith("2025-06-12 00:00:00")

    def test_a_named_index_is_a_column(self) -> None:
        frame = pd.DataFrame({"id": ["a"], "kg": [1.0]}).set_index("id")
        assert table_of_frame(frame, "f").headers == ("id", "kg")
        assert table_of_frame(frame.reset_index(), "f").headers == ("id", "kg")

    def test_headers_may_be_anything_even_twice(self) -> None:
        frame = pd.DataFrame([[1, 2, 3]], columns=[0, "kg", "kg"])
        assert table_of_frame(frame, "f").headers == ("0", "kg", "kg")
        assert cells(table_of_frame(frame, "f")) == [(2, ["1", "2", "3"])]

    @pytest.mark.parametrize(
        "frame", [pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame({"a": [None]})]
    )
    def test_nothing_in_it(self, frame: pd.DataFrame) -> None:
        with pytest.raises(UnreadableError, match="no rows"):
            table_of_frame(frame, "f")

    def test_what_has_no_text(self) -> None:
        with pytest.raises(UnreadableError, match="expected text, numbers or dates"):
            table_of_frame(pd.DataFrame({"a": [[1, 2], [3]]}), "f")

    def test_parquet_is_read_as_the_frame_is(self, tmp_path: Path) -> None:
        frame = pd.DataFrame(
            {"id": ["0012", "b"], "kg": [1.5, np.nan], "on": [dt.date(2025, 1, 2)] * 2}
        )
        frame.to_parquet(tmp_path / "f.parquet")
        assert cells(read_table(tmp_path / "f.parquet")) == cells(table_of_frame(frame, "f"))

    def test_dictionaries_and_nested_columns_in_parquet(self, tmp_path: Path) -> None:
        path = tmp_path / "f.parquet"
        pq.write_table(pa.table({"a": pa.array(["x", None, "x"]).dictionary_encode()}), path)
        assert cells(read_table(path)) == [(2, ["x"]), (4, ["x"])]
        pq.write_table(pa.table({"a": [{"b": 1}]}), path)
        with pytest.raises(UnreadableError, match="found a column of nested things"):
            read_table(path)
