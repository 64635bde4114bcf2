"""Every layout a service sends: recognised, joined, and the same children found in each."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.checks import Checked, check
from centiles.errors import MappingError, UsageError
from centiles.records import Config, Records, from_frame, presets, read
from centiles.records.linked import laid_out
from centiles.records.presets import shipped
from centiles.records.reading import is_contact
from centiles.records.tables import table_of_frame
from tests import layouts
from tests.commandline import run
from tests.examples import examples
from tests.layouts import LAYOUTS, Frames, Layout

FINDING = ["child_id", "rule", "severity", "state", "measure", "sentence"]
CHILD = ["rank", "block", "child_id", "level", "headline", "findings", "not_assessed"]

HEALTHY = 10  # beside the designed children

SIX = ("long", "ncmp", "csds", "systmone", "emis", "vision")

each_layout = pytest.mark.parametrize("name", LAYOUTS)


@pytest.fixture(scope="module")
def children() -> pd.DataFrame:
    return layouts.cohort(HEALTHY)


def checked(records: Records) -> Checked:
    return check(records, today="2026-12-31")


@cache
def _plain(measures: tuple[str, ...], births: str, *, gestation: bool) -> Checked:
    holds = Layout(lambda _: {}, measures, gestation, births)
    return checked(from_frame(layouts.canonical(layouts.cohort(HEALTHY), holds)))


def plain(layout: Layout) -> Checked:
    """Return what a layout can hold of the cohort as this library's own table, checked."""
    return _plain(layout.measures, layout.births, gestation=layout.gestation)


def z_scores(result: Checked) -> pd.Series:
    """Return every z-score by child, measure, date and age."""
    frame = result.scored[result.scored["fate"].astype(str) == "scored"]
    frame = frame.assign(
        measure=frame["measure"].astype(str), on=frame["measured_on"].fillna(pd.Timestamp(0))
    )
    return frame.set_index(["child_id", "measure", "on", "age_days"])["z"].sort_index()


class TestTheSameChildren:
    @each_layout
    def test_same_results(self, tmp_path: Path, children: pd.DataFrame, name: str) -> None:
        layout = LAYOUTS[name]
        records = read(layouts.written(tmp_path, children, layout))
        assert records.problems.empty
        given, own = checked(records), plain(layout)
        pd.testing.assert_series_equal(z_scores(given), z_scores(own), rtol=0, atol=1e-12)
        assert len(given.findings) > 10
        assert given.findings[FINDING].astype(str).equals(own.findings[FINDING].astype(str))
        assert given.children[CHILD].astype(str).equals(own.children[CHILD].astype(str))

    @each_layout
    def test_recognised(self, tmp_path: Path, children: pd.DataFrame, name: str) -> None:
        paths = layouts.written(tmp_path, children, LAYOUTS[name])
        sources = read(paths).sources
        assert sources[0].mapping["preset"] == name
        assert {source.name for source in sources} == {path.name for path in paths}

    @each_layout
    def test_named(self, tmp_path: Path, children: pd.DataFrame, name: str) -> None:
        paths = layouts.written(tmp_path, children, LAYOUTS[name])
        named, auto = read(paths, preset=name), read(paths)
        pd.testing.assert_frame_equal(named.frame, auto.frame)

    @each_layout
    def test_every_value_and_row_is_there(
        self, tmp_path: Path, children: pd.DataFrame, name: str
    ) -> None:
        layout = LAYOUTS[name]
        paths = layouts.written(tmp_path, children, layout)
        records = read(paths)
        own = layouts.held(children, layout)
        given = records.frame[records.frame["measure"] != "bmi"]
        assert sorted(given["value"].round(6)) == sorted(own["value"].round(2))
        fates = checked(records).fates
        assert (fates.drop(columns="values_read").sum(axis=1) == fates["values_read"]).all()
        lines = {path.name: path.read_text().splitlines() for path in paths}
        source = records.sources[0].name
        for row in (records.frame["row"].min(), records.frame["row"].max()):
            assert (records.frame["source"] == source).all()
            assert 1 <= row <= len(lines[source])

    def test_six_layouts_in_one_folder(self, tmp_path: Path, children: pd.DataFrame) -> None:
        """As a user does it: six services' files in one folder, one word to check them all.

        Every child is there once, no value is lost, and what six services say is one value.
        """
        folder = _made(tmp_path / "exports")
        for name in SIX:
            layouts.written(folder, children, LAYOUTS[name])
        (folder / "READ ME.txt").write_text("Exports of all services, June 2026")
        ran = run("check", folder, "--out", tmp_path / "out")
        assert ran.code == 0, ran.err
        tables = {name: pd.read_csv(tmp_path / "out" / f"{name}.csv", dtype={"child_id": str})
                  for name in ("children", "findings", "problems", "scored")}  # fmt: skip
        assert tables["problems"][["source", "code"]].to_numpy().tolist() == [
            ["READ ME.txt", "F03"]
        ]

        alone = check(from_frame(layouts.canonical(children, LAYOUTS["long"])))
        assert tables["children"]["child_id"].tolist() == alone.children["child_id"].tolist()
        assert tables["children"]["child_id"].is_unique
        assert tables["findings"]["sentence"].tolist() == alone.findings["sentence"].tolist()

        values = tables["scored"][~tables["scored"]["derived"]]
        held = {name: len(layouts.held(children, LAYOUTS[name])) for name in SIX}
        assert values["fate"].notna().sum() == sum(held.values())
        fates = values["fate"].value_counts()
        one = alone.scored[~alone.scored["derived"]]["fate"].astype(str).value_counts()
        assert fates["scored"] == one["scored"]
        assert fates["merged"] == len(values) - one.sum() + one.get("merged", 0)
        record = json.loads((tmp_path / "out" / "run.json").read_text(encoding="utf-8"))
        for source in record["sources"]:
            read = source["fates"].pop("values_read", source["values"])
            assert sum(source["fates"].values()) == read == source["values"]

    def test_six_layouts_in_six_folders(self, tmp_path: Path, children: pd.DataFrame) -> None:
        paths = [
            path
            for name in SIX
            for path in layouts.written(_made(tmp_path / name), children, LAYOUTS[name])
        ]
        result = checked(read(paths))
        alone = plain(LAYOUTS["long"])
        pd.testing.assert_series_equal(z_scores(result), z_scores(alone), rtol=0, atol=1e-12)
        assert result.children["child_id"].tolist() == alone.children["child_id"].tolist()

    def test_a_nurses_workbook(self, tmp_path: Path, children: pd.DataFrame) -> None:
        layout = LAYOUTS["sheet"]
        (frame,) = layout.write(layouts.held(children, layout)).values()
        with pd.ExcelWriter(tmp_path / "class.xlsx", engine="xlsxwriter") as book:
            titles = pd.DataFrame([["Larch class, heights and weights"], ["Summer term"]])
            titles.to_excel(book, index=False, header=False)
            frame.to_excel(book, index=False, startrow=3)
        records = read(tmp_path / "class.xlsx")
        assert records.sources[0].mapping["preset"] == "sheet"
        assert records.frame["row"].iloc[0] == 5
        result = checked(records)
        own = plain(layout)
        pd.testing.assert_series_equal(z_scores(result), z_scores(own), rtol=0, atol=1e-12)

    def test_opensafely_as_arrow_and_gzip(self, tmp_path: Path, children: pd.DataFrame) -> None:
        layout = LAYOUTS["opensafely"]
        frames = layout.write(layouts.held(children, layout))
        clinical, people = frames["clinical_events.csv"], frames["patients.csv"]
        dates = pd.to_datetime(clinical["date"]).dt.date
        numbers = clinical["numeric_value"].astype(float)
        clinical = clinical.assign(date=dates, numeric_value=numbers)
        clinical.to_feather(tmp_path / "clinical_events.arrow")
        people.to_csv(tmp_path / "patients.csv.gz", index=False)
        records = read([tmp_path / "patients.csv.gz", tmp_path / "clinical_events.arrow"])
        assert records.sources[0].mapping["preset"] == "opensafely"
        own = plain(layout)
        result = checked(records)
        pd.testing.assert_series_equal(z_scores(result), z_scores(own), rtol=0, atol=1e-12)

    @pytest.mark.parametrize("name", ["systmone", "emis", "vision"])
    def test_two_practices_in_one_call(
        self, tmp_path: Path, children: pd.DataFrame, name: str
    ) -> None:
        """Each numbers its own patients from 1001: the numbers say nothing between them."""
        layout = LAYOUTS[name]
        half = set(sorted(set(children["child_id"]))[::2])
        north, south = _made(tmp_path / "north"), _made(tmp_path / "south")
        here = children["child_id"].isin(half)
        layouts.written(north, children[here].reset_index(drop=True), layout)
        layouts.written(south, children[~here].reset_index(drop=True), layout)
        for paths in ([north, south], [*north.iterdir(), *south.iterdir()]):
            result = checked(read(paths))
            assert result.problems.empty
            own = plain(layout)
            pd.testing.assert_series_equal(z_scores(result), z_scores(own), rtol=0, atol=1e-12)
            assert result.findings[FINDING].astype(str).equals(own.findings[FINDING].astype(str))
        names = {source.name for source in result.sources}
        assert {name.partition("/")[0] for name in names} == {"north", "south"}

    def test_two_patients_with_one_number_and_no_other_are_two(self, tmp_path: Path) -> None:
        for practice, kilograms in (("north", "18.4"), ("south", "18.5")):
            folder = _made(tmp_path / practice)
            patients = "RowIdentifier,NHSNumber,DateBirth,Gender\n17,,12 Mar 2020,M\n"
            (folder / "SRPatient.csv").write_text(patients)
            code = "IDPatient,DateEvent,SNOMEDCode,NumericValue,NumericUnit\n"
            code += f"17,12 Mar 2025,27113001,{kilograms},kg\n"
            (folder / "SRCode.csv").write_text(code)
        result = checked(read([tmp_path / "north", tmp_path / "south"]))
        assert result.problems.empty
        assert sorted(result.children["child_id"]) == [
            "17 [north/SRCode.csv]", "17 [south/SRCode.csv]"
        ]  # fmt: skip

    def test_one_set_in_two_folders_is_read_once(
        self, tmp_path: Path, children: pd.DataFrame
    ) -> None:
        for place in ("a", "b"):
            layouts.written(_made(tmp_path / place), children, LAYOUTS["emis"])
        records = read([tmp_path / "a", tmp_path / "b"])
        assert {source.name.partition("/")[0] for source in records.sources} == {"a"}
        assert [*records.problems["code"]] == ["F04"] * 3

    def test_two_years_of_one_practice_share_its_patients(self, tmp_path: Path) -> None:
        patients = "RowIdentifier,NHSNumber,DateBirth,Gender\n17,,12 Mar 2020,M\n"
        (tmp_path / "SRPatient.csv").write_text(patients)
        head = "IDPatient,DateEvent,SNOMEDCode,NumericValue,NumericUnit\n"
        (tmp_path / "SRCode_1.csv").write_text(f"{head}17,12 Mar 2025,27113001,18.4,kg\n")
        (tmp_path / "SRCode_2.csv").write_text(f"{head}17,12 Mar 2026,27113001,15.1,kg\n")
        result = checked(read(tmp_path))
        assert result.children["child_id"].tolist() == ["17"]

    @pytest.mark.parametrize("name", ["systmone", "emis", "csds", "opensafely"])
    def test_linked_tables_as_sheets_of_one_workbook(
        self, tmp_path: Path, children: pd.DataFrame, name: str
    ) -> None:
        layout = LAYOUTS[name]
        with pd.ExcelWriter(tmp_path / "export.xlsx", engine="xlsxwriter") as book:
            pd.DataFrame([["Extract for the audit"]]).to_excel(book, sheet_name="About")
            for file, frame in layout.write(layouts.held(children, layout)).items():
                frame.to_excel(book, sheet_name=file.removesuffix(".csv"), index=False)
        records = read(tmp_path / "export.xlsx")
        assert records.sources[0].mapping["preset"] == name
        assert all(source.name.startswith("export.xlsx, sheet ") for source in records.sources)
        result = checked(records)
        own = plain(layout)
        pd.testing.assert_series_equal(z_scores(result), z_scores(own), rtol=0, atol=1e-12)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def sent(
    folder: Path, name: str, change: Callable[[Frames], object] | None = None, **options: object
) -> Records:
    """Return the records of a few children in a layout, after a change to its files."""
    rows = layouts.cohort(healthy=0)
    layout = LAYOUTS[name]

    def write(rows: pd.DataFrame) -> Frames:
        frames = layout.write(rows)
        if change is not None:
            change(frames)
        return frames

    changed = Layout(write, layout.measures, layout.gestation, layout.births, layout.header)
    return read(layouts.written(folder, rows, changed), **options)  # type: ignore[arg-type]


def codes_of(records: Records) -> dict[str, int]:
    counts = records.problems["code"].astype(str).value_counts()
    return {code: count for code, count in counts.items() if count}


class TestLinks:
    def test_rows_without_a_partner_are_kept(self, tmp_path: Path) -> None:
        def lose(frames: Frames) -> None:
            frames["SRPatient.csv"] = frames["SRPatient.csv"].drop(index=[0])

        whole, records = sent(_made(tmp_path / "a"), "systmone"), sent(tmp_path, "systmone", lose)
        assert records.values_read == whole.values_read
        lost = records.problems[records.problems["code"] == "F10"]["row"]
        frame = records.frame.set_index("row")
        assert (frame.loc[lost[lost.isin(frame.index)], "child_id"] == "1001").all()
        result = checked(records)
        assert set(result.scored["row"][result.scored["fate"] == "unscored"]) <= {*lost}

    def test_partners_that_disagree(self, tmp_path: Path) -> None:
        def double(frames: Frames) -> None:
            people = frames["Admin_Patient.csv"]
            other = people.iloc[[0]].assign(DateOfBirth="2001-01-01", NhsNumber="")
            frames["Admin_Patient.csv"] = pd.concat([people, other, people.iloc[[1]]])

        records = sent(tmp_path, "emis", double)
        rows = records.problems[records.problems["code"] == "F11"]["row"]
        assert len(rows) > 1
        unborn = records.frame[records.frame["birth_date"].isna()]
        assert set(unborn["row"]) <= {*rows}
        assert (unborn["child_id"] == "9990000018").all()  # on which they agree
        assert (unborn["sex"] != "unknown").all()

    @pytest.mark.parametrize("name", ["csds", "systmone", "emis", "vision"])
    def test_a_file_is_missing(self, tmp_path: Path, name: str) -> None:
        rows = layouts.cohort(healthy=0)
        paths = layouts.written(tmp_path, rows, LAYOUTS[name])
        records = read(paths)
        values, linked = records.sources[0], records.sources[1:]
        first = [path for path in paths if path.name == values.name]
        with pytest.raises(MappingError, match=r"without patients|expected them too"):
            read(first)
        with pytest.raises(MappingError, match="not the file of values they belong to"):
            read([path for path in paths if path.name == linked[-1].name])

    def test_two_files_of_patients(self, tmp_path: Path) -> None:
        def more(frames: Frames) -> None:
            frames["SRPatient2.csv"] = frames["SRPatient.csv"].iloc[::-1]  # not the same bytes

        with pytest.raises(MappingError, match=r"found 2 files of patients.*SRPatient2\.csv"):
            sent(tmp_path, "systmone", more)

    def test_without_an_nhs_number_the_local_one_serves(self, tmp_path: Path) -> None:
        def blank(frames: Frames) -> None:
            frames["SRPatient.csv"].loc[0, "NHSNumber"] = ""
            frames["SRPatient.csv"].loc[1, "NHSNumber"] = "0000000000"

        records = sent(tmp_path, "systmone", blank)
        assert {"1001", "1002", "9990000034"} <= set(records.frame["child_id"])
        assert records.problems.empty

    def test_csds_by_way_of_the_referral(self, tmp_path: Path) -> None:
        def refer(frames: Frames) -> None:
            contacts = frames["CYP201CareContact.csv"]
            local = "LOCAL PATIENT IDENTIFIER (EXTENDED)"
            request = "S" + contacts[local]
            frames["CYP101Referral.csv"] = pd.DataFrame(
                {
                    "SERVICE REQUEST IDENTIFIER": request,
                    local: contacts[local],
                    "REFERRAL REQUEST RECEIVED DATE": "2020-01-01",
                }
            ).drop_duplicates()
            frames["CYP201CareContact.csv"] = contacts.drop(columns=local).assign(
                **{"SERVICE REQUEST IDENTIFIER": request}
            )

        records = sent(tmp_path, "csds", refer)
        assert records.problems.empty
        plain = sent(_made(tmp_path / "plain"), "csds")
        pd.testing.assert_frame_equal(records.frame, plain.frame)

    def test_a_wide_file_of_its_own_is_nobodys_link(self) -> None:
        frame = pd.DataFrame(
            {
                "patient_id": ["1"],
                "date_of_birth": ["2020-02-13"],
                "sex": ["F"],
                "date": ["2024-02-13"],
                "weight": ["18.4"],
            }
        )
        assert from_frame(frame).sources[0].mapping["preset"] == "none"


class TestRemoved:
    @pytest.mark.parametrize(
        ("name", "file", "column", "word", "why"),
        [
            ("systmone", "SRCode.csv", "RemovedData", "1", "removed"),
            ("systmone", "SRPatient.csv", "TestPatient", "TRUE", "test patient"),
            ("systmone", "SRPatient.csv", "RemovedData", "1", "removed"),
            ("emis", "CareRecord_Observation.csv", "Deleted", "true", "removed"),
            ("emis", "Admin_Patient.csv", "DummyType", "true", "test patient"),
            ("emis", "Admin_Patient.csv", "Deleted", "1", "removed"),
        ],
    )
    def test_skipped_and_counted(
        self, tmp_path: Path, name: str, file: str, column: str, word: str, why: str
    ) -> None:
        def remove(frames: Frames) -> None:
            frames[file].loc[3, column] = word

        records = sent(tmp_path, name, remove)
        result = checked(records)
        gone = result.scored[result.scored["fate"] == "skipped"]
        assert 0 < len(gone) == result.fates["skipped"].sum()
        assert set(gone["note"]) == {why}
        assert (
            result.fates["values_read"].sum() == sent(_made(tmp_path / "whole"), name).values_read
        )


EVENT = {"patient_id": "1", "sex": "female", "date_of_birth": "2020-02-01", "date": "2024-02-13"}


class TestCodes:
    def read(self, *events: tuple[str, str], **options: object) -> Records:
        rows = [EVENT | {"snomedct_code": code, "numeric_value": value} for code, value in events]
        return from_frame(pd.DataFrame(rows), **options)  # type: ignore[arg-type]

    def test_ignored_and_unrelated(self) -> None:
        events = [
            ("27113001", "18.4"), ("248335006", "60"), ("1153601002", "0.3"), ("271649006", "110"),
            ("195967001", ""),
        ]  # fmt: skip
        records = self.read(*events)
        assert records.values_read == 4
        assert records.problems.empty
        result = checked(records)
        fates = result.fates.iloc[0]
        assert (fates["scored"], fates["skipped"]) == (1, 3)
        skipped = result.scored[result.scored["fate"] == "skipped"]
        assert set(skipped["note"]) == {"a code that is not read"}

    def test_declined(self) -> None:
        records = self.read(("27113001", "18.4"), ("736013005", ""))
        contact = records.frame[is_contact(records.frame)]
        assert contact[["row", "reason"]].values.tolist() == [[3, "declined"]]
        assert records.values_read == 1

    def test_gestation(self) -> None:
        records = self.read(("27113001", "18.4"), ("412726003", "33"), ("50373000", "104"))
        assert records.frame["row"].tolist() == [2, 4]
        assert records.frame["gestation_days"].tolist() == [231, 231]
        differ = self.read(("27113001", "18.4"), ("412726003", "33"), ("412726003", "34"))
        assert codes_of(differ) == {"P06": 2}
        assert differ.frame["gestation_days"].isna().all()

    def test_estimated(self) -> None:
        records = self.read(("27113001", "18.4"), ("784399000", "18"))
        assert codes_of(records) == {"G40": 1}
        assert records.values_read == 2

    def test_two_codes_of_a_row(self) -> None:
        frame = pd.DataFrame(
            [
                EVENT | {"SNOMED code": s, "CTV3 code": c, "value": v, "unit": u}
                for s, c, v, u in [
                    ("27113001", "22A..", "18.4", "kg"),
                    ("", "229..", "104", "cm"),
                    ("271649006", "X76C7", "18", "kg"),
                    ("27113001", "229..", "18", "kg"),
                ]
            ]
        )
        records = from_frame(frame)
        assert records.frame["measure"].tolist() == ["weight", "height", "weight", ""]
        assert codes_of(records) == {"F12": 1}
        fates = checked(records).fates.iloc[0]
        assert (fates["values_read"], fates["skipped"]) == (4, 1)

    def test_words_and_codes_of_the_configuration(self) -> None:
        frame = pd.DataFrame(
            [
                EVENT | {"measure": m, "value": v, "unit": u}
                for m, v, u in [("WGT", "18.4", "kg"), ("Stature", "104", "cm"), ("22K", "17", "")]
            ]
        )
        records = from_frame(frame, config=Config(measures={"WGT": "weight"}))
        assert records.frame["measure"].tolist() == ["weight", "height", "bmi"]


class TestOddities:
    def test_precision_of_dates_is_carried(self, tmp_path: Path) -> None:
        def blur(frames: Frames) -> None:
            frame = frames["CareRecord_Observation.csv"]
            frame.loc[:2, "EffectiveDatePrecision"] = ["Y", "YM", ""]

        frame = sent(tmp_path, "emis", blur).frame
        assert frame["date_precision"].tolist()[:4] == ["year", "month", "day", "day"]
        assert set(frame["birth_precision"]) == {"day"}

    @pytest.mark.parametrize("name", ["opensafely", "opensafely-wide"])
    def test_births_of_the_month(self, tmp_path: Path, name: str) -> None:
        assert set(sent(tmp_path, name).frame["birth_precision"]) == {"month"}

    def test_births_on_other_days_are_no_opensafely(self) -> None:
        rows = layouts.cohort(healthy=0)
        frame = layouts.opensafely_wide(rows)["dataset.csv"]
        assert from_frame(frame).sources[0].mapping["preset"] == "none"

    def test_sexes(self, tmp_path: Path) -> None:
        def vary(frames: Frames) -> None:
            frames["CYP001MPI.csv"].loc[:1, "PERSON STATED GENDER CODE"] = ["9", "X"]

        frame = sent(tmp_path, "csds", vary).frame
        assert set(frame["sex"][frame["child_id"] == "9990000018"]) == {"unknown"}

    def test_metres_beside_centimetres(self, tmp_path: Path) -> None:
        frame = sent(tmp_path, "csds").frame
        heights = frame[frame["measure"] == "height"]
        assert set(heights["unit"]) == {"m", "cm"}
        assert heights["value"].between(30, 200).all()
        assert (heights["posture"][heights["unit"] == "cm"] == "lying").all()

    def test_the_programmes_own_scores_are_not_read(self, tmp_path: Path) -> None:
        frame = sent(tmp_path, "ncmp-enhanced").frame
        assert not set(frame["raw"]) & {"17.25", "108.5", "1.25", "0.91"}

    def test_a_headers_unit_goes_before_the_presets(self) -> None:
        frame = layouts.ncmp(layouts.cohort(healthy=0))["ncmp.csv"]
        metres = pd.to_numeric(frame["Height"]) / 100
        frame = frame.assign(Height=["" if np.isnan(m) else f"{m:.4f}" for m in metres])
        records = from_frame(frame.rename(columns={"Height": "Height (m)"}), preset="ncmp")
        assert set(records.frame["unit"]) == {"kg", "m"}

    def test_lines_of_a_file_without_headers(self, tmp_path: Path) -> None:
        records = sent(tmp_path, "vision")
        assert records.frame["row"].iloc[0] == 1
        lines = (tmp_path / "clinical.csv").read_text().splitlines()
        for row, raw in records.frame[["row", "raw"]].iloc[[0, 7, -1]].values.tolist():
            assert lines[row - 1].split(",")[4] == raw


PAGE = Path(__file__).resolve().parents[1] / "docs" / "layouts.md"


class TestPresetFiles:
    def test_the_one_in_the_documentation(self, tmp_path: Path) -> None:
        shown = r"^`([\w.]+)`:\n\n```(?:csv|toml)\n(.*?)^```"
        text = PAGE.read_text(encoding="utf-8")
        for name, block in re.findall(shown, text, flags=re.DOTALL | re.MULTILINE):
            (tmp_path / name).write_text(block, encoding="utf-8")
        paths = [tmp_path / "clients.csv", tmp_path / "visits.csv"]
        records = read(paths, preset=str(tmp_path / "clinic.toml"))
        assert records.problems.empty
        expected = [
            (2, "9990000018", "male", "2020-03-12", "2025-02-03", "weight", 18.4, ""),
            (3, "9990000018", "male", "2020-03-12", "2025-02-03", "height", 108.0, ""),
            (4, "9990000018", "male", "2020-03-12", "2026-02-17", "weight", 17.1, ""),
            (5, "9990000026", "female", "2019-05-30", "2026-02-17", "weight", 20.2, ""),
            (6, "9990000026", "female", "2019-05-30", "2026-02-17", "weight", 202.0, "removed"),
        ]
        frame = records.frame.assign(
            birth_date=records.frame["birth_date"].astype(str),
            measured_on=records.frame["measured_on"].astype(str),
        )
        names = [
            "row",
            "child_id",
            "sex",
            "birth_date",
            "measured_on",
            "measure",
            "value",
            "status",
        ]
        assert [tuple(row) for row in frame[names].values.tolist()] == expected
        assert checked(records).fates["skipped"].tolist() == [1, 0]

    def write(self, folder: Path, text: str) -> str:
        path = folder / "ours.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("column = 3", "found column, expected"),
            ("headers = 3", "found headers = 3, expected a list"),
            ('columns = ["x"]', r"found columns = \['x'\], expected a table"),
            ('[columns]\nwaist = "w"', "found waist"),
            ('[measures]\nW = "waist"', "found W = 'waist', expected one of weight"),
            ('[dates]\nbirth_precision = "week"', "birth precision: found 'week'"),
            ('[content]\nx = "("', "expected a regular expression"),
            ("links = 3", "expected tables"),
            ('[[links]]\nkey = ["x"]', "found key"),
            ("[columns", "expected a preset in TOML"),
        ],
    )
    def test_what_means_nothing(self, tmp_path: Path, text: str, found: str) -> None:
        with pytest.raises(UsageError, match=found) as raised:
            from_frame(pd.DataFrame({"id": ["1"]}), preset=self.write(tmp_path, text))
        assert str(raised.value).startswith("ours.toml: ")

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"gone\.toml"):
            from_frame(pd.DataFrame({"id": ["1"]}), preset=str(tmp_path / "gone.toml"))

    def test_a_file_of_another_layout(self, tmp_path: Path) -> None:
        path = self.write(tmp_path, 'headers = ["no"]\n[columns]\nweight = "no"\n')
        with pytest.raises(MappingError, match="the preset ours expects 'no'; none of its 2"):
            from_frame(pd.DataFrame({"id": ["1"], "date": ["2"]}), preset=path)


class TestBadInput:
    """What no service should send, and some do: an answer each time, and no value lost."""

    CLINIC = """
        columns = { measured_on = "seen", value = "amount", measure = "what" }
        headers = ["client", "seen"]
        [[links]]
        about = "clients"
        headers = ["client", "born"]
        keys = ["client"]
        brings = { child_id = "nhs", birth_date = "born", sex = "sex" }
    """

    def read(self, folder: Path, visits: str, clients: str) -> Records:
        (folder / "visits.csv").write_text(visits)
        (folder / "clients.csv").write_text(clients)
        (folder / "ours.toml").write_text(self.CLINIC)
        paths = [folder / "visits.csv", folder / "clients.csv"]
        return read(paths, preset=str(folder / "ours.toml"))

    VISIT = "client,seen,what,amount,unit\n17,2025-02-03,weight,18.4,kg\n"

    def test_blank_and_decimal_keys(self, tmp_path: Path) -> None:
        visits = self.VISIT + ",2025-02-03,weight,19,kg\n99,2025-02-03,weight,20,kg\n"
        clients = "client,nhs,born,sex\n17.0,9990000018,2020-03-12,M\n,9990000026,2019-05-30,F\n"
        records = self.read(tmp_path, visits, clients)
        assert records.frame["child_id"].tolist() == ["9990000018", "", "99"]
        assert records.frame["sex"].tolist() == ["male", "unknown", "unknown"]
        assert codes_of(records) == {"F10": 2, "P05": 1}
        assert checked(records).fates["values_read"].tolist() == [3, 0]

    def test_a_column_twice(self, tmp_path: Path) -> None:
        with pytest.raises(MappingError, match=r"clients\.csv: found 'born' 2 times"):
            self.read(tmp_path, self.VISIT, "client,nhs,born,born,sex\n17,1,2020-03-12,,M\n")
        visits = "client,seen,seen,what,amount\n17,2025-02-03,,weight,18.4\n"
        with pytest.raises(MappingError, match=r"visits\.csv.*twice in the file"):
            self.read(tmp_path, visits, "client,nhs,born,sex\n17,1,2020-03-12,M\n")

    def test_nothing_to_join_by(self, tmp_path: Path) -> None:
        preset = self.CLINIC.replace('keys = ["client"]', 'keys = ["client = nummer"]')
        (tmp_path / "visits.csv").write_text(self.VISIT)
        (tmp_path / "clients.csv").write_text("client,nhs,born,sex\n17,1,2020-03-12,M\n")
        (tmp_path / "ours.toml").write_text(preset)
        with pytest.raises(MappingError, match="no column to join them by"):
            read(
                [tmp_path / "visits.csv", tmp_path / "clients.csv"],
                preset=str(tmp_path / "ours.toml"),
            )

    def test_no_child_in_a_message(self, tmp_path: Path) -> None:
        (tmp_path / "f.csv").write_text("9990000018,12/03/2020,M,18.4\n9990000026,1/1/20,F,1\n")
        for preset in [None, *shipped()]:
            with pytest.raises(MappingError) as raised:
                read(tmp_path / "f.csv", preset=preset)
            assert not re.search(r"999000|/20|18\.4", str(raised.value))

    def test_a_file_already_joined(self, tmp_path: Path) -> None:
        def join(frames: Frames) -> None:
            people = frames.pop("SRPatient.csv").drop(columns="RemovedData")
            codes = frames["SRCode.csv"].drop(columns="RowIdentifier")
            frames["SRCode.csv"] = codes.merge(
                people, left_on="IDPatient", right_on="RowIdentifier"
            ).drop(columns="RowIdentifier")

        joined, apart = sent(tmp_path, "systmone", join), sent(_made(tmp_path / "a"), "systmone")
        columns = ["child_id", "birth_date", "sex", "measure", "value"]
        pd.testing.assert_frame_equal(
            joined.frame[columns].sort_values(columns, ignore_index=True).astype(str),
            apart.frame[columns].sort_values(columns, ignore_index=True).astype(str),
        )

    def test_the_same_export_twice(self, tmp_path: Path, children: pd.DataFrame) -> None:
        path, *_ = layouts.written(tmp_path, children, LAYOUTS["ncmp"])
        once, twice = checked(read(path)), checked(read([path, path]))
        assert once.findings[FINDING].astype(str).equals(twice.findings[FINDING].astype(str))


KEYS = st.sampled_from(["a", "b", "c", "", " a "])
CLIENTS = st.lists(st.tuples(KEYS, st.sampled_from(["M", "F", ""]), st.sampled_from(["1", "2"])))


@examples(0.6)
@given(st.lists(KEYS, min_size=1, max_size=8), CLIENTS.filter(bool))
def test_joined_as_one_row_at_a_time(keys: list[str], clients: list[tuple[str, str, str]]) -> None:
    """Every row gets what all rows of its key agree on, blanks aside; none is lost."""
    visits = pd.DataFrame(
        {"client": keys, "seen": "2025-02-03", "what": "weight", "amount": "18.4", "unit": "kg"}
    )
    people = pd.DataFrame(clients, columns=["client", "sex", "nhs"]).assign(born="2020-03-12")
    preset = presets.from_entries("ours", tomllib.loads(TestBadInput.CLINIC), "ours")
    tables = [table_of_frame(visits, "visits"), table_of_frame(people, "clients")]
    (layout,), faults, _ = laid_out(tables, preset, Config())
    assert not faults
    table = layout.table
    joined = {
        slot: table.columns[table.headers.index(layout.config.columns[slot])].texts().tolist()
        for slot in ("sex", "child_id")
    }
    alone, disagree = set(), set()
    for row, key in enumerate(key.strip() for key in keys):
        theirs = [each for each in clients if each[0].strip() == key and key]
        sexes, numbers = ({each[k] for each in theirs} - {""} for k in (1, 2))
        assert joined["sex"][row] == (sexes.pop() if len(sexes) == 1 else "")
        assert joined["child_id"][row] == (numbers.pop() if len(numbers) == 1 else key)
        if not theirs:
            alone.add(row + 2)
        if len({each[1] for each in theirs} - {""}) > 1 or len({each[2] for each in theirs}) > 1:
            disagree.add(row + 2)
    assert table.rows.tolist() == [*range(2, len(keys) + 2)]
    for code, rows in (("F10", alone), ("F11", disagree)):
        listed = [frame for frame in layout.problems if (frame["code"] == code).all()]
        assert {row for frame in listed for row in frame["row"]} == rows
