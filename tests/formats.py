"""A made-up cohort written in each format, from one table in this library's own long form."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.feather as feather
import pyarrow.parquet as pq
import xlsxwriter
from pyarrow import Table

from centiles.demo import made_up_children

SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
CODINGS = {
    "weight": (SNOMED, "27113001"),
    "height": (LOINC, "8302-2"),
    "length": (SNOMED, "1149101003"),
    "head": (LOINC, "9843-4"),
}
NHS = {"system": "https://fhir.nhs.uk/Id/nhs-number"}


def cohort(healthy: int = 25) -> pd.DataFrame:
    """Return the made-up children as a long table, every cell text as a service would type it."""
    made = made_up_children(healthy=healthy).reset_index(drop=True)
    lying = (made["measure"] == "height") & (made["posture"] == "lying")
    number = made["value"].round(3).astype(str).mask(made["value"].isna(), "")
    day = made[["birth_date", "measured_on", "recorded_on"]].map(lambda each: str(each)[:10])
    gestation = made["gestation_days"].map(lambda days: "" if pd.isna(days) else f"{days:.0f}")
    return pd.DataFrame(
        {
            "child_id": made["child_id"].astype(str),
            "birth_date": day["birth_date"],
            "sex": made["sex"].astype(str),
            "gestation_days": gestation,
            "measured_on": day["measured_on"],
            "recorded_on": day["recorded_on"].mask(made["recorded_on"].isna(), ""),
            "measure": made["measure"].astype(str).mask(lying, "length"),
            "value": number,
            "unit": made["measure"].map({"weight": "kg"}).fillna("cm"),
            "reason": made["reason"].astype(str),
        }
    )


def patients(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a FHIR Patient for each child."""
    first = rows.drop_duplicates("child_id")
    return [
        {
            "resourceType": "Patient",
            "id": f"p{place}",
            "identifier": [{"system": "urn:local", "value": "x"}, NHS | {"value": each.child_id}],
            "birthDate": each.birth_date,
            "gender": each.sex,
        }
        for place, each in enumerate(first.itertuples())
    ]


def observations(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a FHIR Observation for each row, and one for each gestation."""
    place = {child: k for k, child in enumerate(rows["child_id"].unique())}
    made = [observation(each, f"p{place[each.child_id]}") for each in rows.itertuples()]
    born = rows[rows["gestation_days"] != ""].drop_duplicates("child_id")
    made += [
        coded(LOINC, "11885-1", f"p{place[each.child_id]}")
        | {"valueQuantity": {"value": int(each.gestation_days), "code": "d"}}
        for each in born.itertuples()
    ]
    return made


def coded(system: str, code: str, patient: str) -> dict[str, Any]:
    """Return an Observation of a code, without a value."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": system, "code": code}]},
        "subject": {"reference": f"Patient/{patient}"},
    }


def observation(row: Any, patient: str) -> dict[str, Any]:
    """Return a row as an Observation: heights in metres, a reason where there is no value."""
    made = coded(*CODINGS[row.measure], patient)
    made["effectiveDateTime"] = f"{row.measured_on}T23:30:00+01:00"
    if row.recorded_on:
        made["issued"] = f"{row.recorded_on}T09:00:00Z"
    if row.value:
        made["valueQuantity"] = {"value": float(row.value), "unit": row.unit, "code": row.unit}
    else:
        made["dataAbsentReason"] = {"text": row.reason}
    return made


def bundle(resources: list[dict[str, Any]]) -> dict[str, Any]:
    """Return resources as a Bundle."""
    entries = [{"fullUrl": f"urn:uuid:{k}", "resource": each} for k, each in enumerate(resources)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def ndjson(resources: list[dict[str, Any]]) -> bytes:
    """Return resources one a line."""
    return "".join(f"{json.dumps(each)}\n" for each in resources).encode()


def write_csv(rows: pd.DataFrame, folder: Path) -> list[Path]:
    rows.to_csv(folder / "long.csv", index=False)
    return [folder / "long.csv"]


def write_csv_gz(rows: pd.DataFrame, folder: Path) -> list[Path]:
    rows.to_csv(folder / "long.csv.gz", index=False)
    return [folder / "long.csv.gz"]


def write_parquet(rows: pd.DataFrame, folder: Path) -> list[Path]:
    pq.write_table(Table.from_pandas(rows), folder / "long.parquet")
    return [folder / "long.parquet"]


def write_arrow(rows: pd.DataFrame, folder: Path) -> list[Path]:
    feather.write_feather(rows, folder / "long.arrow")
    return [folder / "long.arrow"]


def write_xlsx(rows: pd.DataFrame, folder: Path) -> list[Path]:
    """Write a titled sheet with dates as dates and numbers as numbers, beside another sheet."""
    with xlsxwriter.Workbook(folder / "long.xlsx") as book:
        date = book.add_format({"num_format": "dd/mm/yyyy"})
        book.add_worksheet("About").write_string(0, 0, "Made up: nobody in it exists")
        sheet = book.add_worksheet("Measurements")
        sheet.write_string(0, 0, "Oak School, measurements")
        sheet.write_row(2, 0, rows.columns)
        for place, header in enumerate(rows.columns):
            for row, cell in enumerate(rows[header], 3):
                if cell and (header.endswith("_on") or header == "birth_date"):
                    sheet.write_datetime(row, place, pd.Timestamp(cell), date)
                elif cell and header in ("value", "gestation_days"):
                    sheet.write_number(row, place, float(cell))
                elif cell:
                    sheet.write_string(row, place, cell)
    return [folder / "long.xlsx"]


def write_json(rows: pd.DataFrame, folder: Path) -> list[Path]:
    rows.to_json(folder / "long.json", orient="records")
    return [folder / "long.json"]


def write_lines(rows: pd.DataFrame, folder: Path) -> list[Path]:
    rows.to_json(folder / "long.ndjson", orient="records", lines=True)
    return [folder / "long.ndjson"]


def write_bundle(rows: pd.DataFrame, folder: Path) -> list[Path]:
    whole = bundle([*observations(rows), *patients(rows)])
    (folder / "bundle.json").write_text(json.dumps(whole, indent=1), encoding="utf-8")
    return [folder / "bundle.json"]


def write_fhir_lines(rows: pd.DataFrame, folder: Path) -> list[Path]:
    (folder / "Patient.ndjson").write_bytes(ndjson(patients(rows)))
    packed = gzip.compress(ndjson(observations(rows)))
    (folder / "Observation.ndjson.gz").write_bytes(packed)
    return [folder / "Patient.ndjson", folder / "Observation.ndjson.gz"]


WRITERS = {
    name.removeprefix("write_"): made
    for name, made in globals().items()
    if name.startswith("write_")
}
