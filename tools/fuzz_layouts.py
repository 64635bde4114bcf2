"""The layouts of ``tools/fuzz.py``: small exports as services write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

Rng = np.random.Generator
Table = list[list[str]]

# A child, and what is said of it, that must never be named in a message.
CANARIES = {
    "identifier": "9998887769",
    "name": "Quillfeather",
    "birth date": "2019-02-23",
    "value": "17.9371",
}
NAME, CHILD, BORN, VALUE = (CANARIES[k] for k in ("name", "identifier", "birth date", "value"))
# The same as other layouts write it, and as it may come out again.
WRITTEN = {
    "identifier": (CHILD, "999 888 7769"),
    "name": (NAME, NAME.upper()),
    "birth date": (BORN, "23/02/2019", "23/02/19", "23 Feb 2019", "20190223"),
    "value": (VALUE,),
}


FULL = 0.15  # so often there are children enough for counts to be shared


def visits(rng: Rng) -> list[dict[str, str]]:
    """Return visits of five children, or now and then of twenty, one of them never to be named."""
    made = []
    for number in range(20 if rng.random() < FULL else 5):
        child = CHILD if number == 0 else f"c{number}"
        born = np.datetime64(BORN) if number == 0 else np.datetime64("2019-01-01") + 97 * number
        for visit in range(int(rng.integers(1, 4))):
            age = 400 + 330 * visit + int(rng.integers(0, 60))
            weight = VALUE if number == 0 and visit == 0 else f"{9 + age / 300 + rng.normal():.2f}"
            made.append(
                {
                    "child": child,
                    "name": NAME if number == 0 else f"Child {number}",
                    "born": str(born),
                    "seen": str(born + age),
                    "age": str(age),
                    "sex": "MF"[number % 2],
                    "team": f"Clinic {CHILD}" if number < 12 else "Clinic 2",
                    "weight": weight,
                    "height": f"{70 + age / 26:.1f}",
                }
            )
    return made


def uk(day: str) -> str:
    """Return an ISO date as dd/mm/yyyy."""
    return "/".join(reversed(day.split("-")))


def words(day: str) -> str:
    """Return an ISO date as SystmOne writes it."""
    return str(pd.Timestamp(day).strftime("%d %b %Y 00:00:00"))


def wide(rng: Rng) -> dict[str, Table]:
    """Return one row a visit."""
    head = [
        "NHS number",
        "Name",
        "Date of birth",
        "Sex",
        "Date measured",
        "Weight (kg)",
        "Height (cm)",
        "Clinic",
    ]
    own = ("child", "name", "born", "sex", "seen", "weight", "height", "team")
    rows = [[uk(v[k]) if k in ("born", "seen") else v[k] for k in own] for v in visits(rng)]
    return {"clinic": [head, *rows]}


def long(rng: Rng) -> dict[str, Table]:
    """Return one row a value."""
    head = ["child_id", "birth_date", "sex", "measured_on", "measure", "value", "unit", "gestation"]
    rows = [
        [v["child"], v["born"], v["sex"], v["seen"], measure, v[measure], unit, "38+4"]
        for v in visits(rng)
        for measure, unit in (("weight", "kg"), ("height", "cm"))
    ]
    return {"long": [head, *rows]}


def systmone(rng: Rng) -> dict[str, Table]:
    """Return values and patients in two files."""
    seen = visits(rng)
    people = {v["child"]: v for v in seen}
    key = {child: str(k) for k, child in enumerate(people, 1)}
    codes = [
        [key[v["child"]], words(v["seen"]), code, v[measure], unit, "0"]
        for v in seen
        for measure, code, unit in (("weight", "27113001", "kg"), ("height", "50373000", "cm"))
    ]
    patients = [[key[c], c, words(v["born"]), v["sex"], "0"] for c, v in people.items()]
    return {
        "SRCode": [
            ["IDPatient", "DateEvent", "SNOMEDCode", "NumericValue", "NumericUnit", "RemovedData"],
            *codes,
        ],
        "SRPatient": [
            ["RowIdentifier", "NHSNumber", "DateBirth", "Gender", "TestPatient"],
            *patients,
        ],
    }


def emis(rng: Rng) -> dict[str, Table]:
    """Return values, patients and codes in three files."""
    seen = visits(rng)
    people = {v["child"]: v for v in seen}
    rows = [
        [f"{{{v['child']}}}", v["seen"], "YMD", own, v[measure], unit, "false"]
        for v in seen
        for measure, own, unit in (("weight", "901", "kg"), ("height", "902", "cm"))
    ]
    patients = [[f"{{{c}}}", v["born"], v["sex"], c, "false"] for c, v in people.items()]
    return {
        "CareRecord_Observation": [
            [
                "PatientGuid",
                "EffectiveDate",
                "EffectiveDatePrecision",
                "CodeId",
                "Value",
                "NumericUnit",
                "Deleted",
            ],
            *rows,
        ],
        "Admin_Patient": [["PatientGuid", "DateOfBirth", "Sex", "NhsNumber", "Deleted"], *patients],
        "Coding_ClinicalCode": [
            ["CodeId", "SnomedCTConceptId"],
            ["901", "27113001"],
            ["902", "50373000"],
        ],
    }


def vision(rng: Rng) -> dict[str, Table]:
    """Return values and patients, neither with a line of headers."""
    seen = visits(rng)
    people = {v["child"]: v for v in seen}
    key = {child: str(k) for k, child in enumerate(people, 1)}
    rows = [
        [key[v["child"]], v["seen"].replace("-", ""), "22A..00", "27113001", v["weight"], "kg"]
        for v in seen
    ]
    patients = [[key[c], v["born"].replace("-", ""), v["sex"], c] for c, v in people.items()]
    return {"clinical": rows, "patients": patients}


def growthcleanr(rng: Rng) -> dict[str, Table]:
    """Return ages for dates."""
    rows = [
        [v["child"], "01"[v["sex"] == "F"], v["age"], "WEIGHTKG", v["weight"]] for v in visits(rng)
    ]
    return {"growth": [["subjid", "sex", "agedays", "param", "measurement"], *rows]}


def opensafely(rng: Rng) -> dict[str, Table]:
    """Return events beside their patients, without units."""
    seen = visits(rng)
    people = {v["child"]: v for v in seen}
    rows = [[v["child"], v["seen"], "27113001", v["weight"]] for v in seen]
    patients = [[c, f"{v['born'][:7]}-01", v["sex"]] for c, v in people.items()]
    return {
        "clinical_events": [["patient_id", "date", "snomedct_code", "numeric_value"], *rows],
        "patients": [["patient_id", "date_of_birth", "sex"], *patients],
    }


def ncmp(rng: Rng) -> dict[str, Table]:
    """Return an upload of the National Child Measurement Programme."""
    head = ["School URN", "NHS Number", "Date of Birth", "Sex", "Postcode"]
    head += ["Date of Measurement", "Height", "Weight"]
    rows = [
        [
            "123456",
            v["child"],
            uk(v["born"]),
            v["sex"],
            NAME,
            uk(v["seen"]),
            v["height"],
            v["weight"],
        ]
        for v in visits(rng)
    ]
    return {"ncmp": [head, *rows]}


def enhanced(rng: Rng) -> dict[str, Table]:
    """Return an extract of it with z-scores of its own, which are not to be read."""
    head = ["PupilReference", "NHSNumber", "Sex", "DateOfBirth", "DateOfMeasurement", "AgeInMonths"]
    head += ["Height", "HeightZScore", "Weight", "WeightPScore", "BmiPopulationCategory"]
    rows = [
        [
            *(NAME, v["child"], v["sex"], uk(v["born"]), uk(v["seen"]), str(int(v["age"]) // 30)),
            *(v["height"], "17.2", v["weight"], "0.91", "healthy weight"),
        ]
        for v in visits(rng)
    ]
    return {"enhanced": [head, *rows]}


def csds(rng: Rng) -> dict[str, Table]:
    """Return four linked tables, the date on one and the values on another, in kg and m."""
    seen = visits(rng)
    people = {v["child"]: v for v in seen}
    key = {child: str(k) for k, child in enumerate(people, 1)}
    activity, contact = "CARE ACTIVITY IDENTIFIER", "CARE CONTACT IDENTIFIER"
    patient = "LOCAL PATIENT IDENTIFIER (EXTENDED)"
    values = [
        [f"A{k}", v["weight"], f"{float(v['height']) / 100:.3f}", ""] for k, v in enumerate(seen)
    ]
    return {
        "CYP001MPI": [
            [patient, "NHS NUMBER", "PERSON BIRTH DATE", "PERSON STATED GENDER CODE"],
            *([key[c], c, v["born"], "12"[v["sex"] == "F"]] for c, v in people.items()),
        ],
        "CYP201CareContact": [
            [contact, patient, "CARE CONTACT DATE"],
            *([f"C{k}", key[v["child"]], v["seen"]] for k, v in enumerate(seen)),
        ],
        "CYP202CareActivity": [
            [activity, contact],
            *([f"A{k}", f"C{k}"] for k in range(len(seen))),
        ],
        "CYP611Obs": [
            [activity, "PERSON WEIGHT", "PERSON HEIGHT IN METRES", "PERSON LENGTH IN CENTIMETRES"],
            *values,
        ],
    }


def sheet(rng: Rng) -> dict[str, Table]:
    """Return a school nurse's list, below two lines of titles."""
    head = ["Name", "NHS No.", "Sex", "DOB", "Class", "Date", "Ht (m)", "Wt", "Comments"]
    boy = {"M": "Boy", "F": "Girl"}
    rows = [
        [
            *(v["name"], v["child"], boy[v["sex"]], uk(v["born"])[:6] + v["born"][2:4], v["team"]),
            *(uk(v["seen"]), f"{float(v['height']) / 100:.3f}", v["weight"], v["name"]),
        ]
        for v in visits(rng)
    ]
    return {"list": [head, *rows]}


def resources(rng: Rng) -> list[dict[str, Any]]:
    """Return FHIR Patients and Observations."""
    seen = visits(rng)
    people = {v["child"]: v for v in seen}
    gender = {"M": "male", "F": "female"}
    nhs = "https://fhir.nhs.uk/Id/nhs-number"
    made: list[dict[str, Any]] = [
        {
            "resourceType": "Patient",
            "id": c,
            "birthDate": v["born"],
            "gender": gender[v["sex"]],
            "name": [{"family": v["name"]}],
            "identifier": [{"system": nhs, "value": c}],
        }
        for c, v in people.items()
    ]
    made += [
        {
            "resourceType": "Observation",
            "status": "final",
            "subject": {"reference": f"Patient/{v['child']}"},
            "effectiveDateTime": f"{v['seen']}T10:00:00Z",
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {"value": float(v[measure]), "code": unit},
        }
        for v in seen
        for measure, code, unit in (("weight", "29463-7", "kg"), ("height", "8302-2", "cm"))
    ]
    return made


LAYOUTS: tuple[Callable[[Rng], dict[str, Table]], ...] = (
    wide,
    wide,
    long,
    long,
    systmone,
    emis,
    vision,
    growthcleanr,
    opensafely,
    ncmp,
    enhanced,
    csds,
    sheet,
)
LINKED = (systmone, emis, vision, opensafely, csds)
