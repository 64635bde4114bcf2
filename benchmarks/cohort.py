"""A large made-up cohort, written fast in the layouts that the speed of reading is measured on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from centiles.zscores import measurement

VISITS_A_CHILD = 3.35  # two values each: about 150,000 children in a million values
LAST_DAY = np.datetime64("2026-06-30")  # nobody is measured in the future

Text = NDArray[np.str_]


@dataclass(frozen=True)
class Visits:
    """Visits in the order of children and days: whose each is, when, and what was measured.

    ``child`` is a place in ``born`` and ``sex`` (1 male, 2 female).
    """

    born: NDArray[np.datetime64]
    sex: NDArray[np.int64]
    child: NDArray[np.int64]
    day: NDArray[np.datetime64]
    weight: Text
    height: Text

    def __len__(self) -> int:
        """Return how many visits there are."""
        return len(self.child)

    @property
    def nhs_number(self) -> Text:
        """Ten digits for each child."""
        return np.char.mod("%010d", 9_000_000_000 + np.arange(len(self.born)))

    def long(self) -> tuple[NDArray[np.intp], Text, Text]:
        """Return one value a row: each one's visit, measure and value, weights of a child first."""
        both = np.tile(np.arange(len(self)), 2)
        order = np.argsort(self.child[both], kind="stable")
        measure = np.repeat(["weight", "height"], len(self))
        return both[order], measure[order], np.r_[self.weight, self.height][order]


def visits(count: int, *, seed: int = 1) -> Visits:
    """Return about that many visits: steady children, one in fifty falling."""
    rng = np.random.default_rng(seed)
    children = max(1, round(count / VISITS_A_CHILD))
    child = np.repeat(np.arange(children), 1 + rng.poisson(VISITS_A_CHILD - 1, children))
    born = np.datetime64("2008-01-01") + rng.integers(0, 5500, children)
    oldest = np.minimum(6400, (LAST_DAY - born).astype(np.int64))[child]
    age = (rng.random(len(child)) * oldest).astype(np.int64)
    age = np.sort(age + child * 10_000) - child * 10_000
    sex = rng.integers(1, 3, children)
    tall = rng.normal(0, 1, children)
    heavy = 0.7 * tall + np.sqrt(1 - 0.7**2) * rng.normal(0, 1, children)
    falling = rng.random(children) < 0.02
    z = np.stack([heavy, tall])[:, child] + rng.normal(0, 0.2, (2, len(child)))
    z[0] -= np.where(falling[child], age / 2000, 0)
    weight, height = (
        measurement(own, measure=measure, sex=sex[child], age_days=age)
        for own, measure in zip(z, ("weight", "height"), strict=True)
    )
    light = np.where(age < 730, np.char.mod("%.2f", weight), np.char.mod("%.1f", weight))
    days = (born[child] + age).astype("datetime64[D]")
    return Visits(born, sex, child, days, light, np.char.mod("%.1f", height))


def write_long(path: Path, values: int) -> Path:
    """Write about that many values, one a row, with dates as dd/mm/yyyy."""
    some = visits(values // 2)
    visit, measure, value = some.long()
    child = some.child[visit]
    return _csv(
        path,
        {
            "NHS number": some.nhs_number[child],
            "Date of birth": _days(some.born, "%d/%m/%Y")[child],
            "Sex": np.array(["", "M", "F"])[some.sex][child],
            "Date measured": _days(some.day, "%d/%m/%Y")[visit],
            "Measure": measure,
            "Value": value,
            "Unit": np.where(measure == "weight", "kg", "cm"),
        },
    )


def write_wide(path: Path, rows: int, *, identifiers: int = 1) -> Path:
    """Write about that many visits, one a row, children with one identifier or two."""
    some = visits(rows)
    own = {"Local ID": np.char.mod("L%07d", np.arange(len(some.born)) * 7)[some.child]}
    return _csv(
        path,
        {
            "NHS number": some.nhs_number[some.child],
            **(own if identifiers > 1 else {}),
            "Date of birth": _days(some.born, "%d/%m/%Y")[some.child],
            "Sex": np.array(["", "M", "F"])[some.sex][some.child],
            "Date measured": _days(some.day, "%d/%m/%Y"),
            "Weight (kg)": some.weight,
            "Height (cm)": some.height,
        },
    )


def write_systmone(folder: Path, values: int) -> list[Path]:
    """Write about that many values as SystmOne's SRCode, and their children as SRPatient."""
    some = visits(values // 2)
    visit, measure, value = some.long()
    day = _days(some.day, "%d %b %Y 00:00:00")[visit]
    code = {"weight": "27113001", "height": "50373000"}
    people = {
        "RowIdentifier": np.arange(len(some.born)).astype(str),
        "NHSNumber": some.nhs_number,
        "DateBirth": _days(some.born, "%d %b %Y 00:00:00"),
        "Gender": np.array(["", "M", "F"])[some.sex],
        "TestPatient": np.full(len(some.born), "0"),
        "RemovedData": np.full(len(some.born), "0"),
    }
    codes = {
        "RowIdentifier": np.arange(len(visit)).astype(str),
        "IDPatient": some.child[visit].astype(str),
        "DateEventRecorded": day,
        "DateEvent": day,
        "SNOMEDCode": np.where(measure == "weight", code["weight"], code["height"]),
        "NumericValue": value,
        "NumericUnit": np.where(measure == "weight", "kg", "cm"),
        "RemovedData": np.full(len(visit), "0"),
    }
    return [_csv(folder / "SRPatient.csv", people), _csv(folder / "SRCode.csv", codes)]


def write_workbook(path: Path, rows: int) -> Path:
    """Write about that many visits as a workbook, dates as a spreadsheet has them."""
    import xlsxwriter

    some = visits(rows)
    columns: dict[str, list[Any]] = {
        "NHS number": some.nhs_number[some.child].tolist(),
        "Date of birth": some.born[some.child].tolist(),
        "Sex": np.array(["", "M", "F"])[some.sex][some.child].tolist(),
        "Date measured": some.day.tolist(),
        "Weight (kg)": some.weight.astype(float).tolist(),
        "Height (cm)": some.height.astype(float).tolist(),
    }
    book = xlsxwriter.Workbook(path, {"constant_memory": True, "default_date_format": "dd/mm/yyyy"})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, columns)
    for number, row in enumerate(zip(*columns.values(), strict=True), 1):
        sheet.write_row(number, 0, row)
    book.close()
    return path


def write_fhir(path: Path, values: int) -> Path:
    """Write about that many FHIR Observations as NDJSON, their Patients before them."""
    some = visits(values // 2)
    visit, measure, value = some.long()
    code = {"weight": ("29463-7", "kg"), "height": ("8302-2", "cm")}
    with path.open("w", encoding="utf-8") as file:
        for number, (nhs, born, sex) in enumerate(
            zip(some.nhs_number.tolist(), some.born.astype(str), some.sex, strict=True)
        ):
            patient = {
                "resourceType": "Patient",
                "id": f"p{number}",
                "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": nhs}],
                "gender": ("", "male", "female")[sex],
                "birthDate": born,
            }
            file.write(json.dumps(patient) + "\n")
        day = some.day[visit].astype(str)
        for number, (child, on, what, amount) in enumerate(
            zip(some.child[visit].tolist(), day, measure.tolist(), value.tolist(), strict=True)
        ):
            loinc, unit = code[what]
            observation = {
                "resourceType": "Observation",
                "id": f"o{number}",
                "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": loinc}]},
                "subject": {"reference": f"Patient/p{child}"},
                "effectiveDateTime": f"{on}T10:00:00+00:00",
                "valueQuantity": {
                    "value": float(amount),
                    "unit": unit,
                    "system": "http://unitsofmeasure.org",
                    "code": unit,
                },
            }
            file.write(json.dumps(observation) + "\n")
    return path


def _csv(path: Path, columns: dict[str, Text]) -> Path:
    pa_csv.write_csv(pa.table(columns), path, pa_csv.WriteOptions(quoting_style="none"))
    return path


def _days(dates: NDArray[np.datetime64], form: str) -> Text:
    """Return dates as text, each distinct one written once."""
    distinct, place = np.unique(dates.astype("datetime64[D]"), return_inverse=True)
    return np.array([f"{day.item():{form}}" for day in distinct])[place]
