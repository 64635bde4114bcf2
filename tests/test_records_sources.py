"""The files of a run: folders, files given twice, FHIR in several files, and what is left out."""

from __future__ import annotations

import errno
import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from centiles.errors import MappingError, UnmappedError, UnreadableError
from centiles.records import Records, read
from tests.formats import CODINGS, bundle, coded, ndjson

PLAIN = "id,dob,sex,date,weight kg\na,13/02/2020,F,13/02/2024,18.4\n"
OTHER = PLAIN.replace("18.4", "18.5")
WEIGHT = coded(*CODINGS["weight"], "1") | {"valueQuantity": {"value": 18.4, "code": "kg"}}
WEIGHT |= {"effectiveDateTime": "2024-02-13"}
CHILD = {"resourceType": "Patient", "id": "1", "birthDate": "2020-02-13", "gender": "female"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "exports"
    made.mkdir()
    return made


def written(folder: Path, **files: bytes | str) -> list[Path]:
    """Write files, "__" in a name for a full stop, and return their paths."""
    paths = []
    for name, content in files.items():
        paths.append(folder / name.replace("__", "."))
        paths[-1].write_bytes(content.encode() if isinstance(content, str) else content)
    return paths


def listed(records: Records, code: str) -> list[str]:
    return [*records.problems.loc[records.problems["code"] == code, "source"]]


class TestFolders:
    def test_what_maps_is_read_and_the_rest_is_named(self, folder: Path) -> None:
        written(
            folder, b__csv=PLAIN, a__csv=OTHER, notes__txt="hello", staff__csv="name,grade\nx,7\n"
        )
        written(folder, settings__json='{"a": {"b": 1}}', report__pdf=b"%PDF-1.7", blank__txt="")
        (folder / "older").mkdir()
        written(folder, __hidden__csv=PLAIN, Thumbs__db=b"x")
        (folder / "~$a.xlsx").write_bytes(b"lock")
        records = read(folder)
        assert [source.name for source in records.sources] == ["a.csv", "b.csv"]
        out = ["older/", "blank.txt", "notes.txt", "report.pdf", "settings.json", "staff.csv"]
        assert sorted(listed(records, "F03")) == sorted(out)

    def test_a_damaged_table_is_not_passed_over(self, folder: Path) -> None:
        written(folder, a__csv=PLAIN, b__csv__gz=gzip.compress(PLAIN.encode())[:-9])
        with pytest.raises(UnreadableError, match=r"b.csv.gz: found a gzip file that is cut short"):
            read(folder)

    def test_a_folder_that_may_not_be_opened_is_said(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Feigned, since the tests may be run by somebody who may open any."""
        written(folder, a__csv=PLAIN)
        look = Path.iterdir

        def closed(path: Path) -> Iterator[Path]:
            if path == folder:
                raise PermissionError(errno.EACCES, "Permission denied")
            return look(path)

        monkeypatch.setattr(Path, "iterdir", closed)
        said = r"^exports: found Permission denied, expected a folder that can be opened"
        with pytest.raises(UnreadableError, match=said):
            read(folder)

    def test_an_ambiguous_table_is_not_passed_over(self, folder: Path) -> None:
        written(
            folder,
            a__csv=PLAIN,
            b__csv=PLAIN.replace("weight kg", "wt kg,weight").replace(".4", ".4,19"),
        )
        with pytest.raises(MappingError, match=r"b.csv: weight could be"):
            read(folder)

    def test_no_table_at_all(self, folder: Path) -> None:
        with pytest.raises(UnreadableError, match="a folder without files"):
            read(folder)
        written(folder, staff__csv="name,grade\nx,7\n")
        with pytest.raises(UnmappedError, match="no table of measurements in the folder"):
            read(folder)

    def test_a_file_named_by_itself_is_not_passed_over(self, folder: Path) -> None:
        paths = written(folder, a__csv=PLAIN, staff__csv="name,grade\nx,7\n")
        with pytest.raises(UnmappedError, match=r"staff.csv: found 2 columns"):
            read(paths)

    def test_all_faults_together(self, folder: Path) -> None:
        paths = written(folder, a__csv="", b__parquet=b"PAR1")
        with pytest.raises(UnreadableError, match=r"a.csv: .*; b.parquet: "):
            read([*paths, folder / "gone.csv"])


class TestTwice:
    def test_the_same_bytes_are_read_once(self, folder: Path) -> None:
        paths = written(folder, a__csv=PLAIN, copy__csv=PLAIN, b__csv=OTHER)
        records = read(paths)
        assert (records.values_read, listed(records, "F04")) == (2, ["copy.csv"])
        said = records.problems.loc[records.problems["code"] == "F04", "suggestion"].iloc[0]
        assert said.startswith("it is a.csv again")
        assert records.problems["row"].tolist() == [0]

    def test_the_same_path_twice(self, folder: Path) -> None:
        (path,) = written(folder, a__csv=PLAIN)
        records = read([path, path, folder])
        assert (records.values_read, len(listed(records, "F04"))) == (1, 2)

    def test_fhir_too(self, folder: Path) -> None:
        paths = written(
            folder, a__ndjson=ndjson([CHILD, WEIGHT]), b__ndjson=ndjson([CHILD, WEIGHT])
        )
        assert read(paths).values_read == 1


class TestFhirFiles:
    def test_patients_and_observations_apart(self, folder: Path) -> None:
        written(folder, Observation__ndjson=ndjson([WEIGHT]), Patient__ndjson=ndjson([CHILD]))
        written(folder, Condition__ndjson=ndjson([{"resourceType": "Condition", "id": "c"}]))
        records = read(folder)
        (source,) = records.sources
        assert (source.name, source.values) == ("Observation.ndjson", 1)
        assert source.mapping["patients"].startswith("Patient.ndjson, SHA-256 ")
        assert listed(records, "F03") == ["Condition.ndjson"]
        assert [*records.frame["sex"]] == ["female"]

    def test_each_file_of_observations_is_a_source(self, folder: Path) -> None:
        heavier = WEIGHT | {"effectiveDateTime": "2024-08-13"}
        written(folder, a__ndjson=ndjson([WEIGHT]), b__ndjson=ndjson([heavier, CHILD]))
        records = read(folder)
        frame = records.frame
        assert [*zip(frame["source"], frame["row"], strict=True)] == [
            ("a.ndjson", 1),
            ("b.ndjson", 1),
        ]
        assert frame["birth_date"].notna().all()

    def test_one_id_for_two_children_stops(self, folder: Path) -> None:
        other = CHILD | {"birthDate": "2019-01-01"}
        paths = written(
            folder, a__ndjson=ndjson([CHILD]), b__ndjson=ndjson([other]), c__ndjson=ndjson([WEIGHT])
        )
        with pytest.raises(MappingError, match="Patients of one id in several files"):
            read(paths)

    def test_a_file_knows_its_own_patients_best(self, folder: Path) -> None:
        other = CHILD | {"birthDate": "2019-01-01", "identifier": []}
        paths = written(
            folder, a__ndjson=ndjson([CHILD, WEIGHT]), b__ndjson=ndjson([other, WEIGHT])
        )
        born = read(paths).frame["birth_date"].astype(str).str[:10]
        assert born.tolist() == ["2020-02-13", "2019-01-01"]

    def test_observations_alone_say_what_is_lacking(self, folder: Path) -> None:
        paths = written(folder, a__ndjson=ndjson([WEIGHT]))
        with pytest.raises(MappingError, match="give the file that has it as well"):
            read(paths)

    def test_patients_alone(self, folder: Path) -> None:
        paths = written(folder, a__json=str(bundle([CHILD])).replace("'", '"'))
        with pytest.raises(UnreadableError, match="FHIR without one Observation"):
            read(paths)
        with pytest.raises(UnmappedError, match="no table of measurements"):
            read(folder)
