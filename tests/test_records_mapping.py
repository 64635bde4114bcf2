"""Headers to meanings: what is recognised, what is refused, and what a configuration may say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from centiles.errors import MappingError, UsageError
from centiles.records import Records, layouts, parsing, presets, read, synonyms
from centiles.records.layouts import Config
from centiles.records.mapping import Mapping, mapping_of
from centiles.records.synonyms import normal
from centiles.records.tables import table_of_frame

VISIT = {"NHS number": "1", "DOB": "13/02/2020", "Sex": "F", "Date": "13/02/2024"}


def mapped(config: Config | None = None, **columns: Any) -> Mapping:
    """Return the mapping of one row of these columns."""
    frame = pd.DataFrame({header: [cell] for header, cell in columns.items()})
    return mapping_of(table_of_frame(frame, "f"), config or Config())


def slot_of(header: str, cell: str) -> tuple[str, str]:
    """Return what one more column beside a visit's is taken for, and its unit."""
    known = mapped(**VISIT, **{header: cell, "BMI" if "mi" not in header.lower() else "Wt": "16"})
    found = [slot for slot, place in known.columns.items() if place == 4]
    return (found[0], known.units.get(found[0], "")) if found else ("", "")


class TestHeaders:
    @pytest.mark.parametrize(
        ("header", "slot", "unit"),
        [
            ("Height", "height", ""),
            ("Height (cm)", "height", "cm"),
            ("Ht (m)", "height", "m"),
            ("htcm", "height", "cm"),
            ("height_cm", "height", "cm"),
            ("HeightInCM", "height", "cm"),
            ("PERSON HEIGHT IN METRES", "height", "m"),
            ("Height / cm", "height", "cm"),
            ("PERSON LENGTH IN CENTIMETRES", "length", "cm"),
            ("Supine length [mm]", "length", "mm"),
            ("Pupil's height", "height", ""),
            ("Weight in kg", "weight", "kg"),
            ("wt kg", "weight", "kg"),
            ("wtkg", "weight", "kg"),
            ("Weight (g)", "weight", "g"),
            ("\ufeffWEIGHT*", "weight", ""),
            ("Birth weight (g)", "birth_weight", "g"),
            ("BMI (kg/m2)", "bmi", "kg/m²"),
            ("BMI (kg/m²)", "bmi", "kg/m²"),
            ("OFC", "head", ""),
            ("Head circumference (cm)", "head", "cm"),
            ("Gestation", "gestation", ""),
            ("Weight Unit", "weight_unit", ""),
            ("Comments", "", ""),
            ("HEADCIRCUMFERENCE", "head", ""),
            ("Length/cm", "length", "cm"),
            ("weightg", "weight", "g"),
            ("Head circumference OFC (cm)", "head", "cm"),
            ("Wgt", "weight", ""),
            ("Occipito-frontal circumference", "head", ""),
            ("Birth Wt (kg)", "birth_weight", "kg"),
            ("Gestation at birth (wks)", "gestation", "weeks"),
            ("GestAge", "gestation", ""),
        ],
    )
    def test_measures(self, header: str, slot: str, unit: str) -> None:
        assert slot_of(header, "18.4" if slot != "gestation" else "38+4") == (slot, unit)

    @pytest.mark.parametrize(
        "header",
        [
            "HeightZScore",
            "Height Z score",
            "HeightPScore",
            "Height centile",
            "Weight SDS",
            "BmiZScore",
            "wt percentile",
            "Height category",
            "BMI pct",
            "z height",
            "weight z",
            "hgt_z",
            "Weight_sd",
            "WeightPCT",
            "Ht z (cm)",
            "centile weight (kg)",
        ],
    )
    def test_a_score_is_never_a_measure(self, header: str) -> None:
        assert slot_of(header, "1.2") == ("", "")

    @pytest.mark.parametrize(
        ("header", "unit"),
        [
            ("Age (months)", "months"),
            ("AgeInMonths", "months"),
            ("agedays", "days"),
            ("age", ""),
            ("Age in years", "years"),
            ("age_weeks", "weeks"),
            ("Age (m)", "m"),
        ],
    )
    def test_ages(self, header: str, unit: str) -> None:
        known = mapped(id="1", sex="F", kg="1", weight="18", **{header: "48"})
        assert known.columns["age"] == 4
        assert known.units.get("age", "") == unit

    def test_an_age_beside_both_dates_is_not_needed(self) -> None:
        assert "age" not in mapped(**VISIT, Age="4", Weight="18").columns
        assert mapped(Config(columns={"age": "Age"}), **VISIT, Age="4", Weight="18").columns["age"]

    @pytest.mark.parametrize(
        "header", ["NHS Number", "NHSNumber", "nhs_no", "Pupil Reference", "PatientGuid", "subjid"]
    )
    def test_identifiers(self, header: str) -> None:
        known = mapped(**{header: "0012"}, Date="2024-02-13", Weight="18")
        assert known.columns["child_id"] == 0

    @pytest.mark.parametrize(
        ("slot", "header"),
        [
            ("birth_date", "DOB (dd/mm/yyyy)"),
            ("birth_date", "DoB"),
            ("birth_date", "Date of Birth (DOB)"),
            ("birth_date", "DATEOFBIRTH"),
            ("sex", "Sex/Gender"),
            ("sex", "Gender Code"),
            ("measured_on", "MEASUREMENTDATE"),
            ("measured_on", "Date measured (DD-MM-YYYY)"),
            ("measured_on", "Date of weighing"),
            ("measured_on", "Date/Time"),
            ("measured_on", "Appointment date"),
            ("child_id", "NHS #"),
        ],
    )
    def test_headers_in_capitals_said_twice_or_with_how_a_date_is_written(
        self, slot: str, header: str
    ) -> None:
        visit = {"child_id": "NHS number", "birth_date": "DOB", "sex": "Sex", "measured_on": "Date"}
        renamed = visit | {slot: header}
        known = mapped(**{renamed[slot]: VISIT[own] for slot, own in visit.items()}, Wt="18")
        assert known.columns[slot] == list(visit).index(slot)

    def test_an_appointment_is_no_second_date_of_measurement(self) -> None:
        assert mapped(**VISIT, **{"Appointment date": "1/2/2024"}, Wt="18").columns[
            "measured_on"
        ] == list(VISIT).index("Date")

    @pytest.mark.parametrize("header", ["Headin", "Sexm", "Dateg", "Idm", "Termin"])
    def test_no_unit_is_read_out_of_a_word(self, header: str) -> None:
        assert not [slot for slot, _, unit in synonyms.matches(normal(header)) if slot != "head"]

    def test_an_id_that_counts_rows_is_no_childs(self) -> None:
        visits = {"subjid": ["x", "x", "y"], "sex": "F", "agedays": ["0", "9", "9"], "wt": "9"}
        for numbers, taken in ((["1", "2", "3"], False), (["7", "7", "8"], True)):
            frame = pd.DataFrame({"id": numbers, **visits})
            known = mapping_of(table_of_frame(frame, "f"), Config())
            assert known.columns["child_id"] == 1
            assert (0 in known.aliases) == taken
        each_once = pd.DataFrame({"id": ["K4", "K9"], "upn": ["A", "B"], "sex": "F", "wt": "9"})
        frame = each_once.assign(agedays="9")
        assert mapping_of(table_of_frame(frame, "f"), Config()).aliases

    def test_further_identifiers_are_kept_aside(self) -> None:
        known = mapped(**{"Patient ID": "7"}, **VISIT, Weight="18")
        assert known.columns["child_id"] == 1
        assert known.aliases == (0,)

    def test_normal(self) -> None:
        assert normal("  Date_of-Birth: ") == "date of birth"
        assert normal("\uff37\uff34") == "wt"

    def test_no_synonym_says_two_things_but_where_content_decides(self) -> None:
        twice = {word: slots for word, slots in synonyms._by_synonym().items() if len(slots) > 1}
        assert set(twice) == {"measurement"}

    def test_every_unit_at_a_header_is_a_unit_of_a_measure_or_an_age(self) -> None:
        known = {unit for units in parsing.UNITS.values() for unit in units}
        for group, units in layouts.layouts()["units"].items():
            assert units.keys() <= (parsing.AGE_UNITS.keys() if group == "age" else known)


class TestLong:
    @pytest.mark.parametrize(
        ("word", "slot", "unit"),
        [
            ("HEIGHTCM", "height", "cm"),
            ("WeightKG", "weight", "kg"),
            ("Height (m)", "height", "m"),
            ("head circumference", "head", ""),
            ("Birth Weight", "birth_weight", ""),
            ("height z-score", "", ""),
            ("", "", ""),
        ],
    )
    def test_measure_words(self, word: str, slot: str, unit: str) -> None:
        assert synonyms.measure_of(word) == (slot, unit)

    def test_content_tells_measure_from_value(self) -> None:
        known = mapped(id="1", age_days="3", param="HEIGHTCM", measurement="50")
        assert known.long
        assert (known.columns["measure"], known.columns["value"]) == (2, 3)

    def test_a_school_term_is_no_measure(self) -> None:
        known = mapped(**VISIT, Term="Autumn", Result="ok", Weight="18")
        assert not known.long
        assert "measure" not in known.columns


EVENT = {**VISIT, "Value": "16", "Units": "kg"}


class TestCodedTables:
    """Which column says what a row's value is: codes or their words, whatever it is called."""

    @pytest.mark.parametrize(
        "header",
        [
            "Read/CTV3/SNOMED term", "read/ctv3/snomed term", "Read term", "Read Code Term",
            "CTV3 code", "SNOMED CT concept", "SNOMED CT Concept ID", "code description",
            "Code/Term", "observation name", "Observation Type", "Clinical term", "Term text",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize(
        ("cell", "slot"),
        [
            ("Body weight", "measure"),
            ("O/E - weight", "measure"),
            ("Body weight (observable entity)", "measure"),
            ("27113001", None),
            ("27113001 | Body weight |", None),
            ("22A..", None),
            ("Weight (X76C7)", None),
        ],
    )
    def test_by_its_name_and_its_content(self, header: str, cell: str, slot: str | None) -> None:
        known = mapped(**EVENT, **{header: cell})
        taken = {name for name, place in known.columns.items() if place == len(EVENT)}
        assert known.long
        assert taken in ([{slot}] if slot else [{"measure"}, {"code"}])

    def test_codes_and_their_words_side_by_side(self) -> None:
        known = mapped(**EVENT, **{"Read code": "22A..", "Read term": "O/E - weight"})
        assert (known.columns["code"], known.columns["measure"]) == (6, 7)

    def test_words_under_a_header_of_codes_speak_where_no_other_column_does(self) -> None:
        known = mapped(**EVENT, Code="Body weight", Term="Body weight")
        assert known.columns["measure"] == 7

    @pytest.mark.parametrize("cell", ["ward 3", "Smith", "1047"])
    @pytest.mark.parametrize("header", ["Clinical ID", "Code name", "Read", "Concept"])
    def test_other_content_is_no_measure(self, header: str, cell: str) -> None:
        known = mapped(**VISIT, Weight="16", **{header: cell})
        assert not known.long
        assert {"measure", "code"}.isdisjoint(known.columns)

    @pytest.mark.parametrize("word", ["Body mass index centile", "Weight loss", "Height z-score"])
    def test_other_terms_are_no_measure(self, word: str) -> None:
        assert synonyms.measure_of(word) == ("", "")


class TestRefused:
    def refusal(self, config: Config | None = None, **columns: Any) -> str:
        with pytest.raises(MappingError) as raised:
            mapped(config, **columns)
        return str(raised.value)

    def test_two_date_columns(self) -> None:
        message = self.refusal(**VISIT, **{"Visit date": "14/02/2024"}, Weight="18")
        assert "measured_on could be 'Visit date' (column 5) and 'Date' (column 4)" in message

    def test_an_empty_one_does_not_compete(self) -> None:
        known = mapped(**VISIT, **{"Visit date": ""}, Weight="18")
        assert known.columns["measured_on"] == 3

    def test_two_measure_columns(self) -> None:
        message = self.refusal(**VISIT, **{"Weight (kg)": "18", "wt": "18000"})
        assert "'Weight (kg)'" in message
        assert "'wt'" in message

    def test_the_same_header_twice(self) -> None:
        frame = pd.DataFrame([["1", "2024-02-13", "18", "19"]], columns=["id", "date", "kg", "kg"])
        frame.columns = ["id", "date", "Weight", "Weight"]
        with pytest.raises(MappingError, match=r"'Weight' \(column 3\) and 'Weight' \(column 4\)"):
            mapping_of(table_of_frame(frame, "f"), Config())
        with pytest.raises(MappingError, match="twice"):
            mapping_of(table_of_frame(frame, "f"), Config(columns={"weight": "Weight"}))

    def test_weeks_and_days_of_gestation_apart(self) -> None:
        message = self.refusal(**VISIT, gestation_weeks="38", gestation_days="4", Weight="18")
        assert "gestation could be" in message

    @pytest.mark.parametrize("lacking", ["NHS number", "Date", "Weight"])
    def test_lacking(self, lacking: str) -> None:
        columns = {
            header: cell for header, cell in {**VISIT, "Weight": "18"}.items() if header != lacking
        }
        words = {
            "NHS number": "an identifier",
            "Date": "a date of measurement",
            "Weight": "a measure (",
        }
        assert f"lacking {words[lacking]}" in self.refusal(**columns)

    def test_names_in_place_of_an_identifier_are_told_of(self) -> None:
        listed = {h: c for h, c in VISIT.items() if h != "NHS number"} | {"Weight": "18"}
        assert "by_name = true" in self.refusal(Surname="Able", Forename="Ann", **listed)
        assert "by_name" not in self.refusal(**listed)

    def test_a_date_column_without_dates(self) -> None:
        message = self.refusal(**{**VISIT, "Date": "autumn"}, Weight="18")
        assert "The cells under Date are not what the header says" in message
        assert "autumn" not in message

    def test_no_header_line(self) -> None:
        message = self.refusal(**{"4857773456": "x", "13/02/2020": "y", "F": "z", "18.4": "w"})
        assert "found 4 columns and recognised none of them" in message
        assert "4857773456" not in message
        assert "13/02" not in message

    def test_wrong_delimiter(self) -> None:
        message = self.refusal(**{"NHS number^DOB^Sex": "4857773456^13/02/2020^F"})
        assert "found 1 columns and recognised none of them" in message
        assert "Check the delimiter" in message

    def test_long_and_wide_at_once(self) -> None:
        message = self.refusal(**VISIT, Measure="height", Value="108", Weight="18")
        assert "measures in rows (measure and value) and in columns (Weight)" in message

    def test_one_unit_for_two_measures(self) -> None:
        assert "a unit column each" in self.refusal(**VISIT, Weight="18", Height="108", Unit="cm")
        assert mapped(**VISIT, Weight="18", Unit="kg").columns["unit"] == 5
        assert "unit" not in mapped(**VISIT, Weight="18", Height="108", Unit="Ward 7").columns

    def test_a_configured_column_that_is_not_there(self) -> None:
        message = self.refusal(Config(columns={"weight": "mass in kilos"}), **VISIT, Weight="18")
        assert "weight = 'mass in kilos' (not in the file)" in message


class TestConfig:
    def write(self, folder: Path, text: str) -> Path:
        path = folder / "centiles.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def test_all_of_it(self, tmp_path: Path) -> None:
        path = self.write(
            tmp_path,
            '[columns]\nlength = "hgt"\n[units]\nage = "years"\nlength = "cm"\n[sex]\n0 = "male"\n'
            '[dates]\nformat = "dd/mm/yyyy"\n[gestation]\ndecimals = "weeks"\n',
        )
        assert Config.from_toml(path) == Config(
            columns={"length": "hgt"},
            units={"age": "years", "length": "cm"},
            sex={"0": "male"},
            date_format="dd/mm/yyyy",
            gestation_decimals="weeks",
        )

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("[column]\nx = 1", "found column"),
            ("columns = 3", "found columns"),
            ('[columns]\nwaist = "w"', "found waist"),
            ('[units]\nweight = "stone"', "weight = 'stone', expected kg"),
            ('[units]\nage = "decades"', "expected days, weeks"),
            ('[units]\nteam = "kg"', "no unit"),
            ('[sex]\n0 = "boy"', "0 = 'boy', expected male, female or unknown"),
            ('[dates]\nformat = "dmy"', "expected one of dd/mm/yyyy"),
            ('[dates]\nfmt = "dmy"', "found dates.fmt"),
            ('[gestation]\ndecimals = "months"', "expected weeks or days"),
            ('[gestation]\nweeks = "x"', "found gestation.weeks"),
            ("[columns", "expected a configuration in TOML"),
        ],
    )
    def test_what_means_nothing(self, tmp_path: Path, text: str, found: str) -> None:
        with pytest.raises(UsageError, match=found) as raised:
            Config.from_toml(self.write(tmp_path, text))
        assert str(raised.value).startswith("centiles.toml: ")

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"gone\.toml"):
            Config.from_toml(tmp_path / "gone.toml")

    def test_over(self) -> None:
        mine = Config(columns={"weight": "a"}, date_format="dd/mm/yyyy")
        other = Config(
            columns={"weight": "b", "head": "c"}, sex={"0": "male"}, date_format="mm/dd/yyyy"
        )
        both = mine.over(other)
        assert both.columns == {"weight": "a", "head": "c"}
        assert both.date_format == "dd/mm/yyyy"
        assert both.sex == {"0": "male"}

    def test_presets(self) -> None:
        for name in layouts.layouts()["presets"]:
            assert presets.preset(name).headers or name == "fhir"  # JSON has no headers
        with pytest.raises(UsageError, match="found 'ncpm', expected one of growthcleanr"):
            presets.preset("ncpm")

    def test_the_configuration_decides(self) -> None:
        config = Config(columns={"weight": "wt (kg)"}, units={"height": "m"})
        known = mapped(config, **VISIT, **{"wt (kg)": "18", "Weight": "19", "Height (cm)": "1.08"})
        assert known.columns["weight"] == 4
        assert known.units == {"weight": "kg", "height": "m"}
        assert known.header_units == {"weight": "kg"}


class TestUnfamiliar:
    """Layouts no preset knows, as they come."""

    @staticmethod
    def read(tmp_path: Path, *lines: str) -> Records:
        (tmp_path / "x.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read(tmp_path / "x.csv")

    def test_a_row_of_units_below_the_header_is_no_row_of_data(self, tmp_path: Path) -> None:
        found = self.read(
            tmp_path,
            "Oak Primary School,,,,,",
            "NHS number,DOB,M/F,Date seen,Height,Weight",
            ",(dd/mm/yyyy),,(dd/mm/yy),(m),(kg)",
            "9990000018,13/03/2020,M,25/03/2025,1.081,18.4",
        )
        assert found.frame[["row", "measure", "value"]].to_numpy().tolist() == [
            [4, "weight", 18.4], [4, "height", pytest.approx(108.1)],
        ]  # fmt: skip
        assert found.problems.empty
        assert found.frame["sex"].tolist() == ["male", "male"]

    @pytest.mark.parametrize("row", [",,M,,,", ",,m,,1.1,", ",,,,m,kg boy", "9990000018,,,,m,kg"])
    def test_a_row_with_anything_else_is_data(self, tmp_path: Path, row: str) -> None:
        header = "NHS number,DOB,Sex,Date,Height,Weight"
        good = "9990000018,13/03/2020,M,25/03/2025,108.1,18.4"
        assert self.read(tmp_path, header, row, good).sources[0].rows == 2

    def test_a_maternity_system_with_birth_weights_alone(self, tmp_path: Path) -> None:
        found = self.read(
            tmp_path,
            "Mother NHS Number,Baby NHS Number,Baby DOB,Baby Sex,"
            "Gestation at Delivery (weeks+days),Birth Weight (g)",
            "9990000026,9990000018,13/02/2025,F,38+4,3420",
        )
        (row,) = found.frame.itertuples()
        assert (row.child_id, row.gestation_days, row.value) == ("9990000018", 270, 3.42)
        assert row.measured_on == row.birth_date

    def test_a_mixed_extract_of_a_practice(self, tmp_path: Path) -> None:
        found = self.read(
            tmp_path,
            "nhsNo;Date Of BIRTH;SEX;event_DATE;Read/CTV3/SNOMED Term;"
            "NUMERIC Value;Unit of Measure",
            "9990000018;13/03/2020;Male;25/03/2025;O/E - weight;18.4;Kg",
            "9990000018;13/03/2020;Male;25/03/2025;Standing height;1.081;m",
        )
        assert found.frame[["measure", "value"]].to_numpy().tolist() == [
            ["weight", 18.4], ["height", pytest.approx(108.1)],
        ]  # fmt: skip
