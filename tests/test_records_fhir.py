"""FHIR R4 as it really comes: references, codes, zones, statuses, and what is damaged."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.checks import check
from centiles.errors import CentilesError, MappingError, UnreadableError
from centiles.records import Records, fhir, files, json_files, read
from centiles.records.fhir import Resources
from centiles.records.files import read_table
from centiles.records.reading import is_contact
from tests.examples import examples
from tests.formats import LOINC, NHS, SNOMED, bundle, coded, ndjson

CHILD = {
    "resourceType": "Patient",
    "id": "1",
    "identifier": [NHS | {"value": "999 000 0018"}],
    "birthDate": "2020-02-13",
    "gender": "female",
}


def observed(code: Any = "27113001", system: str = SNOMED, **other: Any) -> dict[str, Any]:
    """Return a weight of 18.4 kg, with other things instead or beside."""
    made = coded(system, code, "1") | {"effectiveDateTime": "2024-02-13"}
    if not isinstance(code, str):  # a code of another shape
        made["code"] = code
    made |= {"valueQuantity": {"value": 18.4, "unit": "kilogram", "code": "kg"}}
    return {key: value for key, value in (made | other).items() if value is not None}


def reading(tmp_path: Path, *resources: dict[str, Any], content: bytes | None = None) -> Records:
    path = tmp_path / "export.ndjson"
    path.write_bytes(ndjson([CHILD, *resources]) if content is None else content)
    return read(path)


def values(records: Records) -> list[tuple[int, str, float]]:
    frame = records.frame[~is_contact(records.frame)]
    parts = zip(frame["row"], frame["measure"], frame["value"], strict=True)
    return [(int(row), str(measure), round(value, 6)) for row, measure, value in parts]


class TestObservations:
    @pytest.mark.parametrize(
        ("code", "system", "value", "unit", "expected"),
        [
            ("27113001", SNOMED, 18.4, "kg", ("weight", 18.4)),
            ("29463-7", LOINC, 18400, "g", ("weight", 18.4)),
            ("29463-7", LOINC, 40, "[lb_av]", ("weight", 18.143695)),
            ("8302-2", LOINC, 1.04, "m", ("height", 104.0)),
            ("50373000", SNOMED, 104, "cm", ("height", 104.0)),
            ("8306-3", LOINC, 41, "[in_i]", ("height", 104.14)),
            ("39156-5", LOINC, 16.5, "kg/m2", ("bmi", 16.5)),
            ("9843-4", LOINC, 51.2, "cm", ("head", 51.2)),
            ("27113001", "urn:oid:2.16.840.1.113883.6.96", 18.4, "kg", ("weight", 18.4)),
        ],
    )
    def test_codes_and_units(
        self, tmp_path: Path, code: str, system: str, value: float, unit: str, expected: Any
    ) -> None:
        quantity = {"value": value, "code": unit}
        records = reading(tmp_path, observed(code, system, valueQuantity=quantity))
        assert values(records) == [(2, *expected)]
        assert records.problems.empty

    def test_a_length_is_lying_and_a_unit_without_a_code_is_read(self, tmp_path: Path) -> None:
        records = reading(
            tmp_path, observed("1149101003", valueQuantity={"value": 80, "unit": "cm"})
        )
        assert [*records.frame["posture"]] == ["lying"]

    def test_birth_weight_and_gestation(self, tmp_path: Path) -> None:
        records = reading(
            tmp_path,
            observed("364589006", valueQuantity={"value": 2100, "code": "g"}),
            observed("412726003", valueQuantity={"value": 34.43, "code": "wk"}),
            observed(),
        )
        assert values(records) == [(2, "weight", 2.1), (4, "weight", 18.4)]
        assert str(records.frame["measured_on"].iloc[0])[:10] == "2020-02-13"
        scored = check(records).scored
        assert scored["corrected_age_days"].iloc[0] == -39  # born at 34+3

    def test_two_gestations_are_a_problem(self, tmp_path: Path) -> None:
        weeks = [observed("11885-1", LOINC, valueQuantity={"value": n, "code": "d"})
                 for n in (270, 270, 240)]  # fmt: skip
        problems = check(reading(tmp_path, *weeks, observed())).problems
        assert [*zip(problems["code"], problems["row"], strict=True)] == [("P06", 4)]

    def test_the_day_is_the_one_written(self, tmp_path: Path) -> None:
        moments = ["2024-02-13T23:59:59+00:00", "2024-02-13T00:10:00+01:00", "2024-02-13"]
        found = [observed(effectiveDateTime=moment) for moment in moments]
        found += [
            observed(effectiveDateTime=None, effectivePeriod={"start": "2024-02-13T10:00:00Z"}),
            observed(effectiveDateTime=None, effectiveInstant="2024-02-13T10:00:00.000Z"),
        ]
        records = reading(tmp_path, *found, observed(issued="2024-03-01T00:00:00.5-05:00"))
        assert {str(day)[:10] for day in records.frame["measured_on"]} == {"2024-02-13"}
        assert str(records.frame["recorded_on"].iloc[-1])[:10] == "2024-03-01"

    def test_statuses(self, tmp_path: Path) -> None:
        wrong, gone = (observed(status=word) for word in ("entered-in-error", "cancelled"))
        sitting = observed("248335006", valueQuantity={"value": 60, "code": "cm"})
        checked = check(reading(tmp_path, wrong, gone, sitting, observed(status="amended")))
        assert checked.fates["skipped"].tolist() == [3]
        said = ["entered in error", "cancelled", "a code that is not read"]
        assert [*checked.scored["note"][:3]] == said
        assert checked.problems.empty

    def test_reasons(self, tmp_path: Path) -> None:
        records = reading(
            tmp_path,
            observed(valueQuantity=None, dataAbsentReason={"text": "no scales"}),
            observed(valueQuantity=None, dataAbsentReason={"coding": [{"code": "unknown"}]}),
            observed("736013005", valueQuantity=None),
            observed("443245006"),
            observed(),
        )
        assert records.sources[0].contacts == 3
        said = ["no scales", "", "declined or unsuitable", "estimated", ""]
        assert [*records.frame["reason"]] == said

    def test_other_codes_are_left_out_and_counted(self, tmp_path: Path) -> None:
        pressure = observed("85354-9", LOINC, valueQuantity=None)
        pressure["component"] = [observed("8480-6", LOINC), observed("8462-4", LOINC)]
        local = observed("27113001", "http://example.org/codes")
        records = reading(tmp_path, pressure, local, observed())
        assert values(records) == [(4, "weight", 18.4)]
        assert records.sources[0].mapping["left out"] == "2 observations of other codes"

    def test_components_are_values(self, tmp_path: Path) -> None:
        panel = observed("85353-1", LOINC, valueQuantity=None)
        tall = observed("8302-2", LOINC, valueQuantity={"value": 1.04, "code": "m"})
        panel["component"] = [{k: part[k] for k in ("code", "valueQuantity")}
                              for part in (observed(), tall)]  # fmt: skip
        records = reading(tmp_path, panel)
        assert values(records) == [(2, "weight", 18.4), (2, "height", 104.0)]

    def test_codings_together(self, tmp_path: Path) -> None:
        def of(*codes: tuple[str, str]) -> dict[str, Any]:
            codings = [{"system": system, "code": code} for system, code in codes]
            return observed({"coding": [{"code": "x"}, *codings]})

        both = of((SNOMED, "27113001"), (LOINC, "29463-7"))
        centile = of((SNOMED, "60621009"), (LOINC, "59576-9"))
        unclear = of((SNOMED, "27113001"), (LOINC, "8302-2"))
        checked = check(reading(tmp_path, both, centile, unclear))
        assert [*checked.scored["fate"]] == ["scored", "skipped", "skipped"]
        assert [*checked.problems["code"]] == ["F02"]

    @pytest.mark.parametrize(
        ("value", "code"),
        [
            ({"value": 5, "comparator": "<", "code": "kg"}, "G01"),
            ({"value": 18.4, "code": "mmol"}, "G05"),
        ],
    )
    def test_what_is_no_measurement_is_a_problem(
        self, tmp_path: Path, value: dict[str, Any], code: str
    ) -> None:
        records = reading(tmp_path, observed(valueQuantity=value), observed())
        assert [*zip(records.problems["code"], records.problems["row"], strict=True)] == [(code, 2)]

    def test_huge_numbers_stay_what_they_are(self, tmp_path: Path) -> None:
        text = ndjson([CHILD, observed(), observed()]).decode()
        huge = text.replace("18.4", "9" * 6000, 1)
        records = reading(tmp_path, content=huge.encode())
        assert records.frame["raw"].iloc[0] == "9" * 6000
        assert check(records).fates["scored"].tolist() == [1]


class TestChildren:
    @pytest.mark.parametrize(
        "reference",
        [
            "Patient/1",
            "urn:uuid:1",
            "https://example.org/fhir/Patient/1",
            "Patient/1/_history/3",
        ],
    )
    def test_references(self, tmp_path: Path, reference: str) -> None:
        records = reading(tmp_path, observed(subject={"reference": reference}))
        assert [*records.frame["child_id"]] == ["9990000018"]
        assert records.frame["birth_date"].notna().all()

    def test_a_full_url_and_no_id(self, tmp_path: Path) -> None:
        """In a Bundle of a transaction the URL is all there is to refer to."""
        whole = bundle([{**CHILD, "id": ""}, observed(subject={"reference": "urn:uuid:0"})])
        records = reading(tmp_path, content=json.dumps(whole, indent=2).encode())
        assert values(records) == [(2, "weight", 18.4)]
        assert [*records.frame["sex"]] == ["female"]

    def test_bundles_on_lines(self, tmp_path: Path) -> None:
        lines = [bundle([CHILD, observed()]), bundle([observed(), observed()])]
        records = reading(tmp_path, content=ndjson(lines))
        assert [row for row, *_ in values(records)] == [1, 2, 2]

    def test_contained_and_by_identifier(self, tmp_path: Path) -> None:
        inside = CHILD | {"id": "c", "identifier": [NHS | {"value": "9990000026"}]}
        records = reading(
            tmp_path,
            observed(contained=[inside], subject={"reference": "#c"}),
            observed(subject={"identifier": NHS | {"value": "999 000 0018"}}),
            observed(subject={"reference": "Patient/other"}),
            observed(subject={"reference": "Group/1"}),
        )
        assert [*records.frame["child_id"]] == ["9990000026", "9990000018", "other", ""]
        assert records.frame["birth_date"].notna().tolist() == [True, True, False, False]

    def test_an_identifier_is_not_another_files_id(self, tmp_path: Path) -> None:
        """Two services may each have a Patient 1, who are two children."""
        there, other = tmp_path / "there.ndjson", NHS | {"value": "9990000026"}
        there.write_bytes(ndjson([CHILD | {"identifier": [other]}, observed()]))
        here = tmp_path / "here.ndjson"
        here.write_bytes(ndjson([CHILD, observed(), observed(subject={"identifier": other})]))
        frame = read([there, here]).frame
        own = frame[frame["source"] == "here.ndjson"]
        assert [*own["child_id"]] == ["9990000018", "9990000026"]

    def test_which_identifier(self) -> None:
        hospital = {"type": {"coding": [{"code": "MR"}]}, "value": "H1"}
        old = NHS | {"value": "9990000026", "use": "old"}
        assert fhir._identifier([{"value": "x"}, hospital]) == "H1"
        assert fhir._identifier([old, hospital, *CHILD["identifier"]]) == "999 000 0018"  # type: ignore[misc]
        assert fhir._identifier([{"value": "x"}, old]) == ""

    def test_test_patients_are_skipped(self, tmp_path: Path) -> None:
        test = CHILD | {"id": "2", "meta": {"security": [{"code": "HTEST"}]}, "identifier": []}
        records = reading(tmp_path, test, observed(subject={"reference": "Patient/2"}), observed())
        assert [*records.frame["status"]] == ["test patient", ""]

    def test_two_of_one_id_stop(self, tmp_path: Path) -> None:
        with pytest.raises(UnreadableError, match="each id once"):
            reading(tmp_path, CHILD | {"gender": "male"}, observed())


class TestJsonTables:
    ROW = '{"id": "a", "dob": "2020-02-13", "sex": "F", "date": "2024-02-13", "weight kg": 18.40}'

    @pytest.mark.parametrize(
        ("text", "rows"),
        [
            (f"[{ROW}, {ROW}]", [1, 2]),
            (f"[\n{ROW}\n]", [1]),
            (f"{ROW}\n\n{ROW}\n", [1, 3]),
            (f"\n{ROW}", [1]),
        ],
    )
    def test_flat_objects(self, tmp_path: Path, text: str, rows: list[int]) -> None:
        records = reading(tmp_path, content=text.encode("utf-8-sig"))
        assert values(records) == [(row, "weight", 18.4) for row in rows]
        assert {*records.frame["raw"]} == {"18.40"}

    def test_a_csv_that_starts_with_a_bracket(self, tmp_path: Path) -> None:
        path = tmp_path / "sql.csv"
        path.write_text(
            "[NHS Number],[DOB],[Sex],[Date],[Weight kg]\na,2020-02-13,F,2024-02-13,18\n"
        )
        assert values(read(path)) == [(2, "weight", 18.0)]


GOOD = ndjson([CHILD, observed()])
BROKEN = {
    "a broken line": (GOOD + b'{"resourceType": "Obs\n' + GOOD, r"line numbers \(3\) damaged"),
    "many broken lines": (GOOD + b"{\n" * 9, r"9 of its line numbers \(3, 4, 5, 6, 7 and others\)"),
    "the first line broken": (b'{"a": \n' + GOOD, r"line numbers \(1\)"),
    "a line that is no object": (GOOD + b"[1]\n", r"line numbers \(3\)"),
    "two things on a line": (GOOD + b"{} {}\n", r"line numbers \(3\)"),
    "bytes that are no text": (GOOD[:-2] + b'\x81"}\n' + b"{}\n" + b"\x00", "zero bytes"),
    "cut short": (json.dumps(bundle([CHILD, observed()])).encode()[:-40], "damaged JSON"),
    "deep": (b'{"a":' * 100_000, "damaged JSON"),
    "deep on a line": (GOOD + b'{"a":' + b"[" * 100_000 + b"\n", r"line numbers \(3\)"),
    "no objects": (b"[{}, 1, []]", r"entry numbers \(2, 3\)"),
    "a patient of other shape": (ndjson([CHILD | {"identifier": "x"}]), r"resource numbers \(1\)"),
    "a birth date that is a list": (ndjson([CHILD | {"birthDate": []}, observed(issued=[1])]),
                                    r"resource numbers \(1, 2\)"),
    "a code that is a list": (ndjson([CHILD, observed(code=[]), observed(code=[1])]),
                              r"resource numbers \(3\)"),
    "an entry that is a word": (json.dumps({"resourceType": "Bundle", "entry": [{"resource": "x"}]})
                                .encode(), r"resource numbers \(1\)"),
    "nothing listed": (ndjson([CHILD, {"resourceType": "Condition"}]), "FHIR without one"),
    "nested rows": (b'[{"id": {"a": 1}}]', "things within things"),
    "an empty object": (b"{}", "no keys"),
}  # fmt: skip


SEEDS = (json.dumps(bundle([CHILD, observed()])).encode(), b'[{"id": "a", "kg": 1}]')
BITS = (b"[", b"]", b"{", b"}", b'"', b"null", b"1e999", b"\\ud800", b",", b"\n", b"[[", b"true")
KEYS = {"coding", "code", "system", "value", "reference", "identifier", "start", "type", "security"}


class TestBroken:
    @pytest.mark.parametrize("kind", BROKEN)
    @pytest.mark.parametrize("pack", [bytes, gzip.compress])
    def test_unreadable(self, tmp_path: Path, kind: str, pack: Any) -> None:
        content, found = BROKEN[kind]
        with pytest.raises((UnreadableError, MappingError), match=found) as raised:
            reading(tmp_path, content=pack(content))
        message = str(raised.value)
        assert message.startswith("export.ndjson: found")
        assert "expected" in message
        assert not any(word in message for word in ("2020", "999", "female"))
        assert raised.value.__suppress_context__ or raised.value.__context__ is None

    def test_half_a_character(self, tmp_path: Path) -> None:
        half = observed(subject={"reference": "Patient/\ud800"})
        assert [*reading(tmp_path, half, observed()).frame["child_id"]] == ["", "9990000018"]

    def test_one_large_document(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(json_files, "MOST_DOCUMENT", 100)
        with pytest.raises(UnreadableError, match="export it as NDJSON"):
            reading(tmp_path, content=json.dumps(bundle([CHILD, observed()])).encode())
        assert values(reading(tmp_path, observed())) == [(2, "weight", 18.4)]

    @examples(2)
    @given(st.data())
    def test_any_change_is_a_table_or_a_clear_error(self, data: st.DataObject) -> None:
        content = bytearray(data.draw(st.sampled_from([GOOD, *SEEDS])))
        for _ in range(data.draw(st.integers(1, 3))):
            at = data.draw(st.integers(0, len(content) - 1))
            end = at + data.draw(st.integers(0, 12))
            content[at:end] = data.draw(st.sampled_from(BITS) | st.binary(max_size=4))
        assert self.is_clear(bytes(content))

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(sorted(KEYS)), inner, max_size=4)
            ),
            max_leaves=8,
        ),
        st.sampled_from(sorted(["id", "code", "subject", "status", "valueQuantity", "component",
                                "contained", "identifier", "birthDate", "meta", "dataAbsentReason",
                                "effectivePeriod", "issued"])),
        st.sampled_from([ndjson, lambda each: json.dumps(bundle(each)).encode()]),
    )  # fmt: skip
    def test_any_shape_is_a_table_or_a_clear_error(self, thing: Any, key: str, write: Any) -> None:
        resources = [CHILD | {key: thing}, observed() | {key: thing}]
        assert self.is_clear(write(resources))

    @staticmethod
    def is_clear(content: bytes) -> bool:
        try:
            found = files._json("f", "", files._utf8("f", content))
            tables = fhir.tables_of([found]) if isinstance(found, Resources) else found
        except CentilesError as fault:
            return str(fault).startswith("f: found")
        return all(len(table.rows) > 0 for table in tables)


# What an Observation can be, and whether it is then a value (1), a contact (0) or left out (None).
KINDS: dict[str, tuple[dict[str, Any], int | None]] = {
    "weight": (observed(), 1),
    "no number": (observed(valueQuantity={"value": 5, "comparator": ">", "code": "kg"}), 1),
    "in error": (observed(status="entered-in-error"), 1),
    "a centile": (observed("446974000"), 1),
    "of no one": (observed(subject=None), 1),
    "undated": (observed(effectiveDateTime=None), 1),
    "refused": (observed(valueQuantity=None, dataAbsentReason={"text": "refused"}), 0),
    "declined": (observed("736013005"), 0),
    "gestation": (observed("11885-1", LOINC, valueQuantity={"value": 270, "code": "d"}), 0),
    "pulse": (observed("8867-4", LOINC), None),
}


@examples(0.4)
@given(st.lists(st.sampled_from(sorted(KINDS)), max_size=12))
def test_nothing_is_lost(kinds: list[str]) -> None:
    resources = [CHILD, observed(), *(KINDS[kind][0] for kind in kinds)]
    with tempfile.TemporaryDirectory() as folder:
        records = reading(Path(folder), *resources[1:])
    counts = [1, *(KINDS[kind][1] for kind in kinds)]
    source = records.sources[0]
    assert (source.values, source.contacts) == (counts.count(1), counts.count(0))
    listed = [row for row, count in enumerate(counts, 2) if count is not None]
    assert records.frame["row"].tolist() == listed
    fates = check(records).fates.iloc[0]
    assert fates["values_read"] == fates.drop("values_read").sum() == counts.count(1)
    assert fates["skipped"] == kinds.count("in error") + kinds.count("a centile")


def test_some_resources_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gestation = observed("11885-1", LOINC, valueQuantity={"value": 38.57, "unit": "wk"})
    resources = [observed(), observed(status="entered-in-error"), gestation, observed("x")]
    whole = reading(tmp_path, *resources, observed())
    monkeypatch.setattr(fhir, "_AT_ONCE", 1)
    apart = reading(tmp_path, *resources, observed())
    assert values(whole) == [(2, "weight", 18.4), (3, "weight", 18.4), (6, "weight", 18.4)]
    pd.testing.assert_frame_equal(whole.frame, apart.frame)
    assert whole.sources == apart.sources


def test_a_file_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(GOOD)
    assert read_table(path).about["format"] == "FHIR R4"
    path.write_bytes(ndjson([CHILD]))
    with pytest.raises(UnreadableError, match="FHIR without one"):
        read_table(path)
