"""FHIR R4 to tables of text: Patients and Observations, as a Bundle or line by line.

A file's Observations become a table in this library's own long form, so that everything after is
one path. Patients may stand in the same file or in another of those given together. A file of
Observations is a source, and its row numbers are its lines, or its entries where it is one Bundle.

Observations of codes that ``codes.csv`` does not list, such as blood pressure, are left out and
counted; those it says to ignore, such as centiles, are rows that are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from centiles.errors import MappingError, UnreadableError
from centiles.records.codes import IGNORE, NOT_MEASURED, code_of
from centiles.records.json_files import Thing, stop_if_broken, text_array
from centiles.records.parsing import STATUS_WORDS
from centiles.records.tables import TextTable, table_of_arrow

NHS_NUMBER: Final = "nhs-number"  # how the system of an NHS number ends
_SYSTEMS: Final = {
    "http://loinc.org": "LOINC",
    "urn:oid:2.16.840.1.113883.6.1": "LOINC",
    "http://snomed.info/sct": "SNOMED CT",
    "urn:oid:2.16.840.1.113883.6.96": "SNOMED CT",
    "http://read.info/ctv3": "CTV3",
    "http://read.info/readv2": "CTV3",
}
_IDENTIFIER: Final = "identifier "  # begins no reference
_OTHERS: Final = ("valueInteger", "valueDecimal", "valueString")
_STRANGE: Final = (AttributeError, TypeError, ValueError)  # what a resource of other shape raises


class Patient(NamedTuple):
    """One Patient: the best identifier, the resource's own, and what it says of the child."""

    child_id: str
    own_id: str
    birth_date: str
    sex: str
    status: str


# One value of an Observation as a row of the long table: its number, and these. That each cell is
# text is found out for many of them at once.
_SCHEMA: Final = pa.schema(
    {"number": pa.int64()}
    | dict.fromkeys(
        ("subject", "measured_on", "recorded_on", "contact", "gestation", "measure", "value",
         "unit", "reason", "status"), pa.string(),
    )
)  # fmt: skip
_Row = tuple[int, str, str, str, str, str, str, str, str, str, str]
_Listed = tuple[str, str, str]  # the measure a code stands for, its note, its status
_AT_ONCE: Final = 20_000  # resources: of more the cells are many to look through for garbage


@dataclass(frozen=True)
class Resources:
    """What one file holds: Patients by what they can be referred to as, Observations as rows.

    ``others`` counts the Observations of codes that are not listed.
    """

    name: str
    sha256: str
    patients: dict[str, Patient]
    rows: pa.Table
    others: int = 0


def is_fhir(thing: Thing) -> bool:
    """Return whether a thing is a FHIR resource."""
    return isinstance(thing.get("resourceType"), str)


def read_resources(
    name: str, digest: str, things: Iterable[tuple[int, Thing]], *, lines: bool
) -> Resources:
    """Return the Patients and Observations among the resources of a file.

    ``lines`` says that things are lines; else the entries of a Bundle that is the whole file count.

    Raises
    ------
    UnreadableError
        If a resource is none of FHIR's shape, or two Patients have one id and differ.
    """
    patients: dict[str, Patient] = {}
    tables, others, broken = [_SCHEMA.empty_table()], 0, list[int]()
    resources = _unbundled(things, lines=lines)
    for first in resources:
        some = chain([first], islice(resources, _AT_ONCE))
        cells, left_out = _cells(some, patients, broken)
        tables.append(_rows(cells, broken))
        others += left_out
    stop_if_broken(name, broken, "resource", "a Patient or Observation of FHIR R4, each id once,")
    return Resources(name, digest, patients, pa.concat_tables(tables), others)


def _cells(
    resources: Iterable[tuple[int, str, Thing]], patients: dict[str, Patient], broken: list[int]
) -> tuple[list[Any], int]:
    """Return the cells of rows, one row after the other; add to the Patients and the broken.

    Second, how many Observations are of codes that are not listed.
    """
    cells: list[Any] = []
    others = 0
    for number, url, resource in resources:
        try:
            kind = resource.get("resourceType")
            if kind == "Observation":
                if "contained" in resource:
                    patients.update(_contained(number, resource))
                before = len(cells)
                alone = "component" not in resource
                for part in (resource,) if alone else (resource, *resource["component"]):
                    if known := _known(part.get("code")):
                        cells += _row(number, resource, patients, part, known)
                others += len(cells) == before
            elif kind == "Patient":
                patient = _patient(resource)
                keys = {key for key in (url, patient.own_id) if key}
                if any(patients.setdefault(key, patient) != patient for key in keys):
                    broken.append(number)
        except _STRANGE:
            broken.append(number)
    return cells, others


def _rows(cells: list[Any], broken: list[int]) -> pa.Table:
    """Return cells as rows; add to the broken those with a cell that is no text."""
    numbers, *texts = (cells[place :: len(_SCHEMA)] for place in range(len(_SCHEMA)))
    try:
        for words in texts:
            "".join(words)  # the quickest way to ask whether all of them are text
    except TypeError:
        rows = zip(numbers, *texts, strict=True)
        broken += [number for number, *words in rows if set(map(type, words)) != {str}]
        return _SCHEMA.empty_table()
    return pa.table([pa.array(numbers, pa.int64()), *map(text_array, texts)], schema=_SCHEMA)


def _unbundled(
    things: Iterable[tuple[int, Thing]], *, lines: bool
) -> Iterator[tuple[int, str, Thing]]:
    """Yield each resource with its number and full URL."""
    for number, thing in things:
        if thing.get("resourceType") != "Bundle":
            yield number, "", thing
            continue
        entries = thing.get("entry")
        for place, entry in enumerate(entries if isinstance(entries, list) else [], 1):
            entry = entry if isinstance(entry, dict) else {}
            resource, url = entry.get("resource"), entry.get("fullUrl")
            at = number if lines else place
            yield at, url if isinstance(url, str) else "", resource if resource else {}


def _patient(resource: Thing) -> Patient:
    own = _text(resource.get("id"))
    security = (resource.get("meta") or {}).get("security") or ()
    test = any(label.get("code") == "HTEST" for label in security)
    best = _identifier(resource.get("identifier") or ()) or own
    born, sex = _text(resource.get("birthDate")), _text(resource.get("gender"))
    return Patient(best, own, born, sex, "test patient" if test else "")


def _identifier(identifiers: Iterable[Thing]) -> str:
    """Return the NHS number, else the hospital number, of some identifiers; empty for neither."""
    ranked = {0: "", 1: ""}
    for each in identifiers:
        kinds = ((each.get("type") or {}).get("coding")) or ()
        rank = 0 if _text(each.get("system")).endswith(NHS_NUMBER) else 1
        if each.get("use") != "old" and (rank == 0 or any(k.get("code") == "MR" for k in kinds)):
            ranked[rank] = ranked[rank] or _text(each.get("value")).strip()
    return ranked[0] or ranked[1]


def _contained(number: int, resource: Thing) -> dict[str, Patient]:
    """Return the Patients inside an Observation, by a reference no other can have."""
    inside = resource.get("contained") or ()
    patients = [_patient(each) for each in inside if each.get("resourceType") == "Patient"]
    return {f"{number}#{each.own_id}": each for each in patients}


def _row(
    number: int, resource: Thing, patients: Mapping[str, Patient], part: Thing, known: _Listed
) -> _Row:
    """Return the row of an Observation, or of a component of one, whose code is listed."""
    measure, note, ignored = known
    who, day = _subject(number, resource, patients), _effective(resource)
    issued = _day(resource["issued"]) if "issued" in resource else ""
    status = resource.get("status") or ""
    status = status if status in STATUS_WORDS else ignored
    value, unit, absent = _value(part)
    if measure == "gestation":
        weeks = _gestation(value, unit)
        return number, who, "", issued or day, "birth", weeks, "", "", "", "", status
    if measure == NOT_MEASURED:
        measure, value, unit = "", "", ""
    return number, who, day, issued, "", "", measure, value, unit, absent or note, status


def _subject(number: int, resource: Thing, patients: Mapping[str, Patient]) -> str:
    """Return the reference to the child, made its own where it is to something inside."""
    subject = resource.get("subject") or {}
    who: str = subject.get("reference") or ""
    if who[:1] == "#":
        return f"{number}{who}" if f"{number}{who}" in patients else ""
    if not who and "identifier" in subject:
        return f"{_IDENTIFIER}{subject['identifier'].get('value') or ''}"
    return who


def _known(codeable: Any) -> _Listed | None:
    """Return what a listed code stands for; None for any other."""
    codings: Sequence[Thing] = (codeable or {}).get("coding") or ()
    if len(codings) == 1:
        (only,) = codings
        return _listed(only.get("system"), only.get("code"))
    listed = [_listed(each.get("system"), each.get("code")) for each in codings]
    found = [each for each in listed if each is not None]
    if not found:
        return None
    ignored = [known for known in found if known[2]]
    measures = {measure for measure, _, _ in found}
    if ignored or len(measures) == 1:
        return (ignored or sorted(found, key=lambda known: not known[1]))[0]
    return ("length" if measures == {"height", "length"} else "not clear", "", "")


@cache
def _listed(system: str | None, code: str | None) -> _Listed | None:
    found = code_of(code) if isinstance(code, str) else None
    if found is None or _SYSTEMS.get(system or "") != found.system:
        return None
    return found.measure, found.note, "ignored" if found.use == IGNORE else ""


def _value(part: Thing) -> tuple[str, str, str]:
    """Return the value as the file has it, its unit, and why there is none."""
    quantity = part.get("valueQuantity")
    if quantity and (value := quantity.get("value")):
        unit = quantity.get("code") or quantity.get("unit") or ""
        if "comparator" in quantity:  # "less than 5" is no measurement of 5
            value = quantity["comparator"] + value
        return value, unit, ""
    value = next((part[key] for key in _OTHERS if key in part), "")
    if value:
        return value, "", ""
    absent = part.get("dataAbsentReason") or {}
    words = [each.get("display") or each.get("code") for each in absent.get("coding") or ()]
    return "", "", absent.get("text") or next(iter(words), "")


def _gestation(value: str, unit: str) -> str:
    """Return a gestation as this library reads it: decimal weeks that are whole days as 38+4.

    Examples
    --------
    >>> _gestation("270", "d"), _gestation("38.57", "wk"), _gestation("38+4", "")
    ('270', '38+4', '38+4')
    """
    if unit not in ("wk", "weeks", "week") or not value.replace(".", "", 1).isdecimal():
        return value
    days = float(value) * 7
    if len(value) > 8 or abs(days - round(days)) > 0.1:
        return value
    return f"{round(days) // 7}+{round(days) % 7}"


def _effective(resource: Thing) -> str:
    moment = resource.get("effectiveDateTime") or resource.get("effectiveInstant")
    return _day(moment or (resource.get("effectivePeriod") or {}).get("start"))


def _day(moment: Any) -> str:
    """Return the day of a moment as it was written down: the zone is that of the place."""
    if not moment:
        return ""
    day: str = moment[:10] if moment[10:11] == "T" else moment
    return day


def _text(word: Any) -> str:
    if word is None or isinstance(word, str):
        return word or ""
    raise TypeError


def tables_of(files: list[Resources]) -> list[TextTable]:
    """Return a table for each file that has Observations, with the Patients of all of them.

    A file's own Patients come first; another file's only where it is plain which.

    Raises
    ------
    MappingError
        If a reference could be to Patients of several files that differ.
    """
    return [_table(each, files) for each in files if len(each.rows)]


def nothing_to_read(names: list[str]) -> UnreadableError:
    """Return the fault of FHIR files in which no Observation is of a listed code."""
    return UnreadableError(
        f"{', '.join(names)}: found FHIR without one Observation of weight, height, BMI or head "
        "circumference by LOINC or SNOMED CT, expected some; give the file that has them"
    )


def _table(own: Resources, files: list[Resources]) -> TextTable:
    columns = dict(zip(own.rows.column_names, own.rows.columns, strict=True))
    row, subject = columns.pop("number"), _in_one(columns.pop("subject"))
    who = _referred(subject.dictionary.to_pylist(), own, files)
    child, own_id, born, sex, test = zip(*(patient for patient, _ in who), strict=True)
    if any(test):
        said, tested = columns["status"], _in_one(text_array(test)).take(subject.indices)
        columns["status"] = pc.if_else(pc.equal(said, ""), tested.dictionary_decode(), said)
    people = {"child_id": child, "birth_date": born, "sex": sex}
    people |= {"patient id": own_id} if own_id != child else {}
    of_rows = {
        name: pa.chunked_array([_in_one(text_array(words)).take(subject.indices)])
        for name, words in people.items()
        if any(words) or name == "child_id"
    }
    always = {"measured_on", "measure", "value"}
    of_rows |= {
        name: words
        for name, words in columns.items()
        if name in always or pc.any(pc.not_equal(words, "")).as_py()
    }
    table = table_of_arrow(own.name, own.sha256, tuple(of_rows), list(of_rows.values()))
    table.rows[:] = row.to_numpy()
    named = {file.name: file.sha256 for _, file in who if file is not None}
    about = {"format": "FHIR R4"}
    if named.keys() - {own.name}:
        said = (f"{name}, SHA-256 {digest}" for name, digest in named.items() if name != own.name)
        about["patients"] = "; ".join(said)
    if own.others:
        about["left out"] = f"{own.others} observations of other codes"
    table.about.update(about)
    return table


def _in_one(words: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return words as distinct ones and a place for each."""
    return pa.concat_arrays(words.cast(pa.large_string()).chunks).dictionary_encode()


def _referred(
    references: Sequence[str], own: Resources, files: list[Resources]
) -> list[tuple[Patient, Resources | None]]:
    """Return the Patient of each reference, and the file it stands in; one unknown has its id."""
    stated: dict[str, tuple[Patient, Resources]] = {}
    if any(each.startswith(_IDENTIFIER) for each in references):
        for file in (own, *files):
            for patient in file.patients.values():
                stated.setdefault(_IDENTIFIER + patient.child_id, (patient, file))
    return [
        stated.get(each) or (_unknown(each.removeprefix(_IDENTIFIER)), None)
        if each.startswith(_IDENTIFIER)
        else _found(each, own, files)
        for each in references
    ]


def _found(
    reference: str, own: Resources, files: list[Resources]
) -> tuple[Patient, Resources | None]:
    path = reference.partition("/_history/")[0]
    kind, _, last = path.rpartition("/")
    known = not kind or kind == "Patient" or kind.endswith("/Patient")
    last = last.removeprefix("urn:uuid:") if known else ""
    for key in (path, last):
        if key in own.patients:
            return own.patients[key], own
    found = [
        (each.patients[key], each) for each in files for key in (path, last) if key in each.patients
    ]
    if len({patient for patient, _ in found}) > 1:
        raise MappingError(
            f"{own.name}: found Patients of one id in several files that differ, expected to know "
            "which is meant; give each service's files in a run, or a Bundle, of their own"
        )
    return found[0] if found else (_unknown("" if path.startswith("#") else last), None)


def _unknown(identifier: str) -> Patient:
    return Patient(identifier, identifier, "", "", "")
