"""Workbooks: the right sheet, its header and rows, true dates; and none that ends the process."""

from __future__ import annotations

import datetime as dt
import importlib.util
import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from centiles.errors import CentilesError, MappingError, UnreadableError
from centiles.records import Config, Records, read, workbook_cells, workbooks
from centiles.records.files import read_table
from centiles.records.reading import is_contact
from tests.examples import examples

HERE = Path(__file__).parent
HEADER = ["Pupil ID", "DOB", "Sex", "Date measured", "Ht (m)", "Wt (kg)", "Comments"]
BORN, SEEN = dt.date(2014, 5, 13), dt.date(2025, 6, 20)
ROWS = [
    [101, BORN, "Girl", SEEN, 1.42, 36.5, ""],
    [],
    ["0102", "14/06/14", "Boy", "20/06/2025", "1.38", "refused", "=1+1"],
]
TITLED = [["Oak School, heights and weights"], [], HEADER, *ROWS]


def workbook(sheets: dict[str, list[list[Any]]], hidden: str = "") -> bytes:
    """Return sheets as an XLSX file: dates as dates, numbers as numbers."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        date = book.add_format({"num_format": "dd/mm/yyyy"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for row, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if isinstance(cell, dt.date):
                        sheet.write_datetime(row, column, cell, date)
                    elif isinstance(cell, str):
                        sheet.write_string(row, column, cell)
                    else:
                        sheet.write(row, column, cell)
            if name == hidden:
                sheet.hide()
    return content.getvalue()


def ods(table: str) -> bytes:
    """Return rows of ODF as an ODS file."""
    name = "urn:oasis:names:tc:opendocument:xmlns:"
    spaces = " ".join(f'xmlns:{x}="{name}{x}:1.0"' for x in ("office", "table", "text"))
    body = (
        f'<office:document-content {spaces} office:version="1.2"><office:body><office:spreadsheet>'
        f'<table:table table:name="Year 6">{table}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("META-INF/manifest.xml", "<manifest/>")
        packed.writestr("content.xml", body)
    return content.getvalue()


def ods_row(cells: list[Any], attributes: str = "") -> str:
    made = ""
    for cell in cells:
        if isinstance(cell, dt.date):
            made += f'<table:table-cell office:value-type="date" office:date-value="{cell}"/>'
        elif isinstance(cell, str):
            said = f"<text:p>{cell}</text:p>" if cell else ""
            made += f'<table:table-cell office:value-type="string">{said}</table:table-cell>'
        else:
            made += f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
    return f"<table:table-row {attributes}>{made or '<table:table-cell/>'}</table:table-row>"


def xlsx_of_cells(rows: str, strings: str = "") -> bytes:
    """Return a workbook whose one sheet has these rows of XML instead of its own."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook({"S": [["a"]]}))) as whole,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as other,
    ):
        for name in whole.namelist():
            content = whole.read(name).decode()
            if name.endswith("sheet1.xml"):
                before, _, after = content.partition("<sheetData>")
                content = f"{before}<sheetData>{rows}{after[after.index('</sheetData>') :]}"
            if name.endswith("sharedStrings.xml") and strings:
                content = content[: content.index("<si>")] + strings + "</sst>"
            other.writestr(name, content)
    return made.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def write(content: bytes, name: str = "school.xlsx") -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_MEMORY", 512 << 20)


def values(records: Records) -> list[tuple[int, str, str, float]]:
    frame = records.frame[~is_contact(records.frame)]
    parts = zip(frame["row"], frame["child_id"], frame["measure"], frame["value"], strict=True)
    return [(int(row), child, str(m), round(value, 6)) for row, child, m, value in parts]


SCHOOL = [(4, "101", "weight", 36.5), (4, "101", "height", 142.0), (6, "0102", "height", 138.0)]


class TestSheets:
    def test_titles_dates_numbers_and_rows(self, file: Any) -> None:
        records = read(file(workbook({"Year 6": TITLED})), date_format="dd/mm/yyyy")
        assert values(records) == SCHOOL
        assert {str(day)[:10] for day in records.frame["measured_on"]} == {"2025-06-20"}
        assert {str(day)[:10] for day in records.frame["birth_date"]} == {
            "2014-05-13",
            "2014-06-14",
        }
        contacts = records.frame[is_contact(records.frame)]
        assert [*contacts["reason"]] == ["refused"]
        said = records.sources[0].mapping
        assert (said["sheet"], said["header"]) == ("Year 6", "row 3")

    def test_ods(self, file: Any) -> None:
        wide = '<table:table-row table:number-rows-repeated="1048570"><table:table-cell/>'
        path = file(ods("".join(map(ods_row, TITLED)) + wide + "</table:table-row>"), "s.ods")
        assert values(read(path, date_format="dd/mm/yyyy")) == SCHOOL

    def test_xls(self) -> None:
        """The file was made with xlwt: the same rows, the second identifier a number too."""
        school = [(row, child.lstrip("0"), *rest) for row, child, *rest in SCHOOL]
        assert values(read(HERE / "data" / "school.xls", date_format="dd/mm/yyyy")) == school

    @pytest.mark.parametrize("above", range(6))
    def test_a_header_on_any_of_the_first_rows(self, file: Any, above: int) -> None:
        titles = [["Class list", "Weight"], ["DOB below"], [], ["x"], ["Sex", "y"]][:above]
        table = read_table(file(workbook({"S": [*titles, HEADER, *ROWS]})))
        assert table.headers == tuple(HEADER)
        assert table.rows.tolist() == [above + 2, above + 4]

    def test_an_empty_area_counts_in_row_numbers(self, file: Any) -> None:
        shifted = [[], [], [], *[["", "", *row] for row in [HEADER, *ROWS]]]
        table = read_table(file(workbook({"S": shifted})))
        assert (table.headers, table.rows.tolist()) == (tuple(HEADER), [5, 7])

    def test_words_above_the_header_are_in_no_column(self, file: Any) -> None:
        table = read_table(file(workbook({"S": TITLED})))
        assert [*table.columns[6].stripped] == ["", "=1+1"]

    def test_the_sheet_that_is_an_export(self, file: Any) -> None:
        notes = [["Notes"], ["Scales calibrated", "yes"]]
        book = workbook({"Notes": notes, "Year 6": TITLED, "Empty": [], "Old": TITLED}, "Old")
        assert read_table(file(book)).about["sheet"] == "Year 6"

    def test_two_exports_that_differ_stop(self, file: Any) -> None:
        other = [[*HEADER[:-1], "Ward"], *ROWS]
        book = workbook({"Year 5": TITLED, "Year 6": other, "Notes": [["a"], ["b"]]})
        with pytest.raises(MappingError, match=r"more than one of its sheets.*\(Year 5, Year 6\)"):
            read(file(book))

    def test_a_sheet_a_class_is_read_whole(self, file: Any) -> None:
        """Each sheet is a source of its own, so that its rows are found again."""
        second = [HEADER, [103, BORN, "Girl", SEEN, 1.40, 33.5, ""]]
        book = workbook({"5A": TITLED, "5B": second, "Notes": [["a"], ["b"]]})
        records = read(file(book), date_format="dd/mm/yyyy")
        names = ["school.xlsx, sheet 5A", "school.xlsx, sheet 5B"]
        assert [source.name for source in records.sources] == names
        assert values(records) == [*SCHOOL, (2, "103", "weight", 33.5), (2, "103", "height", 140.0)]
        with pytest.raises(MappingError, match="found 2 sheets that are tables, expected one"):
            read_table(file(book))

    def test_a_configuration_of_the_workbook_is_one_of_its_sheets(self, file: Any) -> None:
        second = [[*HEADER[:4], "Hoogte", *HEADER[5:]], [103, BORN, "Girl", SEEN, 1.40, 33.5, ""]]
        book = file(workbook({"5A": second, "5B": second}))
        config = Config(files={"school.xlsx": Config(columns={"height": "Hoogte"},
                                                     units={"height": "m"})})  # fmt: skip
        assert len(read(book, config=config, date_format="dd/mm/yyyy").frame) == 4

    def test_the_preset_chooses_the_sheet(self, file: Any) -> None:
        ours = ["patient", "op", "wat", "veel", "geb", "m/v"]
        preset = Path(file(b"", "clinic.toml"))
        preset.write_text(
            'about = "a clinic"\nheaders = ["patient", "op"]\n'
            'columns = { child_id = "patient", measured_on = "op", measure = "wat", '
            'value = "veel", birth_date = "geb", sex = "m/v" }\n'
            'units = { weight = "kg" }\nmeasures = { GEW = "weight" }\n'
        )
        rows = [ours, ["a", SEEN, "GEW", 36.5, BORN, "F"]]
        book = file(workbook({"Year 6": TITLED, "Visits": rows}))
        named = read(book, preset=str(preset))
        assert (named.sources[0].mapping["sheet"], len(named.frame)) == ("Visits", 1)
        assert read(book, date_format="dd/mm/yyyy").sources[0].mapping["sheet"] == "Year 6"

    def test_no_export_stops(self, file: Any) -> None:
        with pytest.raises(MappingError, match=r"none of its sheets \(A, B\)"):
            read_table(file(workbook({"A": [["a"], ["b"]], "B": [["a"], ["b"]]})))

    def test_a_sheet_that_is_ambiguous_says_so(self, file: Any) -> None:
        twice = [[*HEADER, "Height (cm)"], [*ROWS[0], 142]]
        with pytest.raises(MappingError, match=r"sheet Year 6: height could be"):
            read_table(file(workbook({"Notes": [["a"], ["b"]], "Year 6": twice})))

    def test_bytes_hash(self, file: Any) -> None:
        path = file(workbook({"S": TITLED}))
        assert read_table(path).sha256 == read_table(path).sha256 != ""


def far(reference: str) -> str:
    return f'<row r="1"><c r="A1"><v>1</v></c><c r="{reference}"><v>2</v></c></row>'


MANY = "".join(f'<c r="A{n}" t="s"><v>0</v></c>' for n in range(1, 250_000))
BROKEN = {
    "no zip": (b"PK\x03\x04rest", "a damaged workbook"),
    "no compound file": (b"\xd0\xcf\x11\xe0" + bytes(600), "a damaged workbook"),
    "cut short": (workbook({"S": TITLED})[:-200], "a damaged workbook"),
    "nothing in it": (workbook({"S": []}), "a sheet without rows"),
    "columns without end": (workbook({"S": [["h"] * 2500, ["1"] * 2500]}), "2500 columns"),
    "only a header": (workbook({"S": [HEADER]}), "a sheet without rows"),
    "a cell at the far corner": (xlsx_of_cells(far("XFD1048576")), "fill more memory"),
    "one text in every cell": (
        xlsx_of_cells(f'<row r="1">{MANY}</row>', f"<si><t>{'x' * 32_000}</t></si>"),
        "fill more memory",
    ),
}
# Odd, and no bomb: a table, or a clear error.
ODD = {
    "columns without end": xlsx_of_cells(far("XFD2")),
    "spaces without end": ods(
        '<table:table-row><table:table-cell office:value-type="string"><text:p>a'
        '<text:s text:c="99999999999"/></text:p></table:table-cell></table:table-row>'
    ),
    "rows without end": ods(ods_row(["a"], 'table:number-rows-repeated="999999999"')),
    "columns repeated": ods(
        ods_row([1] * 5 + ["a"]).replace(
            "string", 'string" table:number-columns-repeated="999999999'
        )
    ),
}


def is_clear(content: bytes) -> bool:
    try:
        tables = workbooks.read_workbook("f", "", content, workbooks.Config())
    except CentilesError as fault:
        return str(fault).startswith("f")
    return all(len(table.rows) > 0 for table in tables)


@pytest.mark.usefixtures("little_memory")
class TestBroken:
    @pytest.mark.parametrize("kind", ODD)
    def test_odd(self, kind: str) -> None:
        assert is_clear(ODD[kind])

    @pytest.mark.parametrize("kind", BROKEN)
    def test_unreadable(self, file: Any, kind: str) -> None:
        content, found = BROKEN[kind]
        with pytest.raises(UnreadableError, match=found) as raised:
            read_table(file(content))
        assert str(raised.value).startswith("school.xlsx: found")
        assert "expected" in str(raised.value) or "clear the cells" in str(raised.value)

    def test_a_zip_bomb(self, file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workbooks, "MOST_UNPACKED", 1 << 22)
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("xl/workbook.xml", "")
            with packed.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
                sheet.write(bytes(1 << 23))
        with pytest.raises(UnreadableError, match="fill more memory"):
            read_table(file(bomb.getvalue()))

    def test_a_zip_that_is_no_workbook(self, file: Any) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as other:
            other.writestr("export.csv", "id,kg\na,1\n")
        with pytest.raises(UnreadableError, match="unpack it first"):
            read_table(file(packed.getvalue()))

    def test_without_the_extra(self, file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
        with pytest.raises(UnreadableError, match=r'pip install "centiles\[excel\]"'):
            read_table(file(workbook({"S": TITLED})))

    def test_importing_needs_no_extra(self) -> None:
        assert "python_calamine" not in vars(workbooks) | vars(workbook_cells)

    def test_an_identifier_is_in_no_message(self, file: Any) -> None:
        book = workbook({"S": [HEADER, ["secret-child", "x", "?", "y", "z", "w", "v"]]})
        with pytest.raises(CentilesError) as raised:
            read(file(book))
        assert "secret" not in str(raised.value)

    @examples(0.25)
    @given(
        st.sampled_from(["xlsx", "ods", "xls"]),
        st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=4)), max_size=4),
        st.floats(0, 2),
    )
    def test_any_bytes_are_a_table_or_a_clear_error(
        self, kind: str, changes: list[tuple[float, bytes]], end: float
    ) -> None:
        content = bytearray(WHOLE[kind])
        for place, other in changes:
            at = int(place * len(content))
            content[at : at + len(other)] = other
        content = content[: int(end * len(content)) + 4]
        assert is_clear(bytes(content))


WHOLE = {
    "xlsx": workbook({"S": TITLED}),
    "ods": ods("".join(map(ods_row, TITLED))),
    "xls": (HERE / "data" / "school.xls").read_bytes(),
}


class TestCells:
    """What the process of its own does, asked directly."""

    def test_equal_cells_of_other_kinds_stay_apart(self) -> None:
        words, codes = workbook_cells.encoded([1.0, True, 0.0, False, "1", ""])
        assert [words[code] for code in codes] == ["1", "true", "0", "false", "1", ""]

    @pytest.mark.parametrize(
        ("cell", "said"),
        [
            (9434765919.0, "9434765919"),
            (1e300, "1e+300"),
            (0.1, "0.1"),
            (-0.0, "0"),
            (dt.datetime(2025, 3, 12), "2025-03-12"),
            (dt.datetime(2025, 3, 12, 9, 30), "2025-03-12 09:30:00"),
            (dt.time(9, 30), "09:30:00"),
            (dt.timedelta(hours=30), "1 day, 6:00:00"),
        ],
    )
    def test_text(self, cell: Any, said: str) -> None:
        assert workbook_cells.text(cell) == said

    def test_the_process_knows_nothing_of_the_package(self) -> None:
        text = Path(workbook_cells.__file__).read_text(encoding="utf-8")
        assert "import centiles" not in text
        assert "from centiles" not in text
        assert sys.executable
