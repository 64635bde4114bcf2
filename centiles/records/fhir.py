"""FHIR R4 to tables of text: Patients and Observations, as a Bundle or line by line.

A file's Observations become a table in this library's own long form, so that everything after is
one path. Patients may stand in the same file or in another of those given together. A file of
Observations is a source, and its row numbers are its lines, or its entries where it is one Bundle.

Observations of codes that ``codes.csv`` does not list, such as blood pressure, are left out and
counted; those it says to ignore, such as centiles, are rows that are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

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
# text is found out for all of them at once.
_CELLS: Final = (
    "number", "subject", "measured_on", "recorded_on", "contact", "gestation", "measure", "value",
    "unit", "reason", "status",
)  # fmt: skip
_Row = tuple[int, str, str, str, str, str, str, str, str, str, str]


@dataclass(frozen=True)
class Resources:
    """What one file holds: Patients by what they can be referred to as, Observations as cells.

    ``cells`` are those of one row after the other in one list: a tuple for each row, of which there
    are millions, would be looked through again and again for garbage. ``others`` counts the
    Observations of codes that are not listed.
    """

    name: str
    sha256: str
    patients: dict[str, Patient] = field(default_factory=dict)
    cells: list[Any] = field(default_factory=list)
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
    cells: list[Any] = []
    others, broken = 0, []
    for number, url, resource in _unbundled(things, lines=lines):
        try:
            kind = resource.get("resourceType")
            if kind == "Observation":
                if "contained" in resource:
                    patients.update(_contained(number, resource))
                before = len(cells)
                for row in _observed(number, resource, patients):
                    cells += row
                others += len(cells) == before
            elif kind == "Patient":
                patient = _patient(resource)
                keys = {key for key in (url, patient.own_id) if key}
                if any(patients.setdefault(key, patient) != patient for key in keys):
                    broken.append(number)
        except _STRANGE:
            broken.append(number)
    broken += _not_text(cells)
    stop_if_broken(name, broken, "resource", "a Patient or Observation of FHIR R4, each id once,")
    return Resources(name, digest, patients, cells, others)


def _columns(cells: list[Any]) -> dict[str, list[Any]]:
    return {name: cells[place :: len(_CELLS)] for place, name in enumerate(_CELLS)}


def _not_text(cells: list[Any]) -> list[int]:
    """Return the numbers of the rows with a cell that is no text."""
    numbers, *texts = _columns(cells).values()
    if all(set(map(type, words)) <= {str} for words in texts):
        return []
    rows = zip(numbers, *texts, strict=True)
    return [number for number, *words in rows if set(map(type, words)) != {str}]


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


def _observed(number: int, resource: Thing, patients: Mapping[str, Patient]) -> Iterator[_Row]:
    """Yield a row for each value of an Observation whose code is listed."""
    parts = (resource, *resource["component"]) if "component" in resource else (resource,)
    for part in parts:
        known = _known(part.get("code"))
        if known is None:
            continue
        measure, note, ignored = known
        who, day = _subject(number, resource, patients), _effective(resource)
        issued = _day(resource.get("issued"))
        status = resource.get("status") or ""
        status = (status if status in STATUS_WORDS else "") or ignored
        value, unit, absent = _value(part)
        if measure == "gestation":
            weeks = _gestation(value, unit)
            yield number, who, "", issued or day, "birth", weeks, "", "", "", "", status
            continue
        if measure == NOT_MEASURED:
            measure, value, unit = "", "", ""
        reason = absent or note
        yield number, who, day, issued, "", "", measure, value, unit, reason, status


def _subject(number: int, resource: Thing, patients: Mapping[str, Patient]) -> str:
    """Return the reference to the child, made its own where it is to something inside."""
    subject = resource.get("subject") or {}
    who = subject.get("reference") or ""
    if who[:1] == "#":
        return f"{number}{who}" if f"{number}{who}" in patients else ""
    if not who and "identifier" in subject:
        return f"{_IDENTIFIER}{subject['identifier'].get('value') or ''}"
    return str(who)


def _known(codeable: Any) -> tuple[str, str, str] | None:
    """Return the measure, note and status of a listed code; None for any other."""
    codings = (codeable or {}).get("coding") or ()
    listed = [_listed(each.get("system"), each.get("code")) for each in codings]
    if len(listed) == 1:
        return listed[0]
    found = [each for each in listed if each is not None]
    if not found:
        return None
    ignored = [known for known in found if known[2]]
    measures = {measure for measure, _, _ in found}
    if ignored or len(measures) == 1:
        return (ignored or sorted(found, key=lambda known: not known[1]))[0]
    return ("length" if measures == {"height", "length"} else "not clear", "", "")


@cache
def _listed(system: str | None, code: str | None) -> tuple[str, str, str] | None:
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
    return [_table(each, files) for each in files if each.cells]


def nothing_to_read(names: list[str]) -> UnreadableError:
    """Return the fault of FHIR files in which no Observation is of a listed code."""
    return UnreadableError(
        f"{', '.join(names)}: found FHIR without one Observation of weight, height, BMI or head "
        "circumference by LOINC or SNOMED CT, expected some; give the file that has them"
    )


def _table(own: Resources, files: list[Resources]) -> TextTable:
    columns = _columns(own.cells)
    row, subject = columns.pop("number"), columns.pop("subject")
    who = {each: _referred(each, own, files) for each in dict.fromkeys(subject)}
    place = {reference: number for number, reference in enumerate(who)}
    of = np.fromiter(map(place.__getitem__, subject), np.int64, len(subject))
    child, own_id, born, sex, test = zip(*(patient for patient, _ in who.values()), strict=True)
    if any(test):
        tested = [test[number] for number in of.tolist()]
        columns["status"] = [a or b for a, b in zip(columns["status"], tested, strict=True)]
    people = {"child_id": child, "birth_date": born, "sex": sex}
    also = {"patient id": own_id} if own_id != child else {}
    always = {"child_id", "measured_on", "measure", "value"}
    arrays = {
        name: _of_rows(words, of) if name in people or name in also else text_array(words)
        for name, words in {**people, **columns, **also}.items()
        if name in always or any(words)
    }
    table = table_of_arrow(own.name, own.sha256, tuple(arrays), list(arrays.values()))
    table.rows[:] = np.array(row, dtype=np.int64)
    named = {file.name: file.sha256 for _, file in who.values() if file is not None}
    about = {"format": "FHIR R4"}
    if named.keys() - {own.name}:
        said = (f"{name}, SHA-256 {digest}" for name, digest in named.items() if name != own.name)
        about["patients"] = "; ".join(said)
    if own.others:
        about["left out"] = f"{own.others} observations of other codes"
    table.about.update(about)
    return table


def _of_rows(words: Sequence[str], of: NDArray[np.int64]) -> pa.ChunkedArray:
    """Return for each row the word of its child, each distinct word once."""
    encoded = pa.concat_arrays(text_array(words).dictionary_encode().chunks)
    return pa.chunked_array([encoded.take(pa.array(of))])


def _referred(
    reference: str, own: Resources, files: list[Resources]
) -> tuple[Patient, Resources | None]:
    """Return the Patient a reference is to, and the file it stands in; one unknown has its id."""
    if reference.startswith(_IDENTIFIER):
        stated = reference.removeprefix(_IDENTIFIER)
        keys = [key for each in files for key, p in each.patients.items() if p.child_id == stated]
        keys, unknown = keys[:1], stated
    else:
        path = reference.partition("/_history/")[0]
        kind, _, last = path.rpartition("/")
        known = not kind or kind == "Patient" or kind.endswith("/Patient")
        last = last.removeprefix("urn:uuid:") if known else ""
        keys, unknown = [path, last], "" if path.startswith("#") else last
    for key in keys:
        if key in own.patients:
            return own.patients[key], own
    found = [(each.patients[key], each) for each in files for key in keys if key in each.patients]
    if len({patient for patient, _ in found}) > 1:
        raise MappingError(
            f"{own.name}: found Patients of one id in several files that differ, expected to know "
            "which is meant; give each service's files in a run, or a Bundle, of their own"
        )
    return found[0] if found else (Patient(unknown, unknown, "", "", ""), None)
