"""The made-up cohort as each layout would send it: as specified, with its oddities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from centiles.demo import made_up_children

SNOMED = {"weight": "27113001", "height": "50373000", "head": "363812007"}
LYING = "1149101003"
GESTATION = "412726003"
CTV3 = {"weight": "22A..", "height": "229..", "head": ""}
READ = {"weight": "22A..00", "height": "229..00", "head": ""}
UNITS = {"weight": "kg", "height": "cm", "head": "cm"}
SCREENED = ("weight", "height")  # all that a school or a contact's observation measures
ALL = (*SCREENED, "head")

Frames = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Layout:
    """How to write a layout, and what of the cohort it can hold.

    ``births`` are "day", "month" (given as the first of the month), or "none" (ages instead).
    """

    write: Callable[[pd.DataFrame], Frames]
    measures: tuple[str, ...] = ALL
    gestation: bool = False
    births: str = "day"
    header: bool = True


def cohort(healthy: int = 30) -> pd.DataFrame:
    """Return the values of the made-up cohort, one a child, day and measure, as they are typed."""
    rows = made_up_children(healthy=healthy)
    rows = rows[rows["value"].notna()].drop_duplicates(["child_id", "measured_on", "measure"])
    typed = [f"{value:.2f}" for value in rows["value"]]
    return rows.assign(text=typed).reset_index(drop=True)


def held(rows: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Return what of the cohort a layout can hold."""
    rows = rows[rows["measure"].isin(layout.measures)].reset_index(drop=True)
    if layout.births == "month":
        rows = rows.assign(birth_date=rows["birth_date"].dt.to_period("M").dt.to_timestamp())
    if not layout.gestation:
        rows = rows.assign(gestation_days=np.nan)
    return rows


def canonical(rows: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Return what a layout can hold as this library's own long table."""
    rows = held(rows, layout)
    frame = pd.DataFrame(
        {
            "child_id": rows["child_id"],
            "sex": rows["sex"].astype(str),
            "birth_date": _date(rows["birth_date"], "%Y-%m-%d"),
            "gestation_days": _days(rows["gestation_days"]),
            "measured_on": _date(rows["measured_on"], "%Y-%m-%d"),
            "measure": rows["measure"],
            "value": rows["text"],
            "unit": rows["measure"].map(UNITS),
        }
    )
    if layout.births == "none":
        frame = frame.drop(columns=["birth_date", "measured_on"])
        frame["age_days"] = _days(rows["age_days"])
    return frame if layout.gestation else frame.drop(columns="gestation_days")


def written(folder: Path, rows: pd.DataFrame, layout: Layout) -> list[Path]:
    """Write the files of a layout and return their paths."""
    paths = []
    for name, frame in layout.write(held(rows, layout)).items():
        frame.to_csv(folder / name, index=False, header=layout.header, lineterminator="\r\n")
        paths.append(folder / name)
    return paths


def _date(column: pd.Series, form: str) -> pd.Series:
    return column.dt.strftime(form)


def _days(column: pd.Series) -> list[str]:
    return ["" if np.isnan(each) else f"{each:.0f}" for each in column]


def _sex(rows: pd.DataFrame, male: str, female: str) -> pd.Series:
    return rows["sex"].map({"male": male, "female": female})


def _visits(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each child and day, each measure's text beside the others."""
    about = ["measured_on", "child_id", "birth_date", "sex", "age_days", "gestation_days"]
    filled = rows.assign(gestation_days=rows["gestation_days"].fillna(-1))
    wide = filled.pivot(index=about, columns="measure", values="text").fillna("").reset_index()
    return wide.assign(gestation_days=wide["gestation_days"].where(wide["gestation_days"] > 0))


def _patients(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each child, with a number of its own."""
    patients = rows.drop_duplicates("child_id").sort_values("child_id", ignore_index=True)
    return patients.assign(key=[str(1001 + k) for k in range(len(patients))])


def _keys(rows: pd.DataFrame) -> pd.Series:
    patients = _patients(rows)
    return rows["child_id"].map(dict(zip(patients["child_id"], patients["key"], strict=True)))


def _events(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows as clinical events, a gestation as one of its own on the day of birth."""
    lying = (rows["posture"] == "lying").to_numpy() & (rows["measure"] == "height").to_numpy()
    code = np.where(lying, LYING, rows["measure"].map(SNOMED))
    events = rows.assign(
        key=_keys(rows), code=code, ctv3=rows["measure"].map(CTV3), read=rows["measure"].map(READ),
        unit=rows["measure"].map(UNITS),
    )  # fmt: skip
    born = _patients(rows)
    born = born[born["gestation_days"].notna()]
    born = born.assign(
        measured_on=born["birth_date"], code=GESTATION, ctv3="", read="", unit="days",
        text=_days(born["gestation_days"]),
    )  # fmt: skip
    return pd.concat([events, born], ignore_index=True)


def long_(rows: pd.DataFrame) -> Frames:
    """Return this library's own long table, its columns in another order."""
    frame = canonical(rows, LAYOUTS["long"])
    return {"long.csv": frame[sorted(frame.columns)]}


def wide(rows: pd.DataFrame) -> Frames:
    """Return this library's own wide table."""
    visits = _visits(rows)
    frame = pd.DataFrame(
        {
            "child_id": visits["child_id"],
            "sex": visits["sex"].astype(str),
            "birth_date": _date(visits["birth_date"], "%Y-%m-%d"),
            "gestation_days": _days(visits["gestation_days"]),
            "measured_on": _date(visits["measured_on"], "%Y-%m-%d"),
            "weight": visits["weight"],
            "height": visits["height"],
            "head": visits["head"],
        }
    )
    return {"wide.csv": frame}


def ncmp(rows: pd.DataFrame) -> Frames:
    """Return an upload to the National Child Measurement Programme."""
    visits = _visits(rows)
    frame = pd.DataFrame(
        {
            "School URN": "123456",
            "NHS Number": visits["child_id"],
            "Date of Birth": _date(visits["birth_date"], "%d/%m/%Y"),
            "Sex": _sex(visits, "M", "F"),
            "Ethnicity": "A",
            "Postcode": "ZZ99 3VZ",
            "Date of Measurement": _date(visits["measured_on"], "%d/%m/%Y"),
            "Height": visits["height"],
            "Weight": visits["weight"],
        }
    )
    return {"ncmp.csv": frame}


def ncmp_enhanced(rows: pd.DataFrame) -> Frames:
    """Return an extract with the programme's own BMI, z-scores and centiles in it."""
    visits = _visits(rows)
    weight, height = (pd.to_numeric(visits[name]) for name in SCREENED)
    bmi = weight / (height / 100) ** 2
    frame = pd.DataFrame(
        {
            "PupilReference": [f"P{k}" for k in range(len(visits))],
            "NHSNumber": visits["child_id"],
            "Sex": _sex(visits, "Male", "Female"),
            "DateOfBirth": _date(visits["birth_date"], "%d/%m/%Y"),
            "DateOfMeasurement": _date(visits["measured_on"], "%d/%m/%Y"),
            "AgeInMonths": [f"{days // 30.4375:.0f}" for days in visits["age_days"]],
            "Height": visits["height"],
            "HeightZScore": "17.25",
            "HeightPScore": "108.5",
            "Weight": visits["weight"],
            "WeightZScore": "1.25",
            "Bmi": ["" if np.isnan(each) else f"{each:.1f}" for each in bmi],
            "BmiZScore": "16.1",
            "BmiPScore": "0.91",
            "BmiPopulationCategory": "healthy weight",
        }
    )
    return {"enhanced.csv": frame}


def csds(rows: pd.DataFrame) -> Frames:
    """Return four tables: centimetres under two years, metres from then on."""
    visits = _visits(rows)
    visits = visits.assign(key=_keys(visits))
    number = pd.Series([f"{k:05d}" for k in range(len(visits))])
    lying = visits["age_days"] < 731
    metres = pd.to_numeric(visits["height"]) / 100
    patients = _patients(rows)
    observations = pd.DataFrame(
        {
            "CARE ACTIVITY IDENTIFIER": "A" + number,
            "PERSON WEIGHT": visits["weight"],
            "PERSON HEIGHT IN METRES": ["" if np.isnan(m) else f"{m:.4f}" for m in metres],
            "PERSON LENGTH IN CENTIMETRES": visits["height"],
        }
    )
    observations.loc[lying, "PERSON HEIGHT IN METRES"] = ""
    observations.loc[~lying, "PERSON LENGTH IN CENTIMETRES"] = ""
    activities = pd.DataFrame(
        {"CARE ACTIVITY IDENTIFIER": "A" + number, "CARE CONTACT IDENTIFIER": "C" + number}
    )
    contacts = pd.DataFrame(
        {
            "CARE CONTACT IDENTIFIER": "C" + number,
            "LOCAL PATIENT IDENTIFIER (EXTENDED)": visits["key"],
            "CARE CONTACT DATE": _date(visits["measured_on"], "%Y-%m-%d"),
        }
    )
    index = pd.DataFrame(
        {
            "LOCAL PATIENT IDENTIFIER (EXTENDED)": patients["key"],
            "NHS NUMBER": patients["child_id"],
            "PERSON BIRTH DATE": _date(patients["birth_date"], "%Y-%m-%d"),
            "PERSON STATED GENDER CODE": _sex(patients, "1", "2"),
        }
    )
    return {
        "CYP001MPI.csv": index,
        "CYP201CareContact.csv": contacts[::-1],
        "CYP202CareActivity.csv": activities,
        "CYP611Obs.csv": observations,
    }


def systmone(rows: pd.DataFrame) -> Frames:
    """Return SRPatient and SRCode: dates with months as words, every flag there."""
    events, patients = _events(rows), _patients(rows)
    day = _date(events["measured_on"], "%d %b %Y 00:00:00")
    codes = pd.DataFrame(
        {
            "RowIdentifier": [str(50_000 + k) for k in range(len(events))],
            "IDPatient": events["key"],
            "DateEventRecorded": day,
            "DateEvent": day,
            "CTV3Code": events["ctv3"],
            "CTV3Text": "O/E",
            "SNOMEDCode": events["code"],
            "NumericComparator": "",
            "NumericValue": events["text"],
            "NumericUnit": events["unit"],
            "RemovedData": "0",
        }
    )
    people = pd.DataFrame(
        {
            "RowIdentifier": patients["key"],
            "NHSNumber": patients["child_id"],
            "DateBirth": _date(patients["birth_date"], "%d %b %Y 00:00:00"),
            "Gender": _sex(patients, "M", "F"),
            "TestPatient": "0",
            "RemovedData": "0",
        }
    )
    return {"SRPatient.csv": people, "SRCode.csv": codes}


def emis(rows: pd.DataFrame) -> Frames:
    """Return Admin_Patient, CareRecord_Observation and the table of EMIS's own code numbers."""
    events, patients = _events(rows), _patients(rows)
    known = sorted(set(events["code"]))
    own = {code: str(900_000_000_000 + k) for k, code in enumerate(known)}
    day = _date(events["measured_on"], "%Y-%m-%d")
    observations = pd.DataFrame(
        {
            "ObservationGuid": [f"{{O-{k}}}" for k in range(len(events))],
            "PatientGuid": "{" + events["key"] + "}",
            "EffectiveDate": day,
            "EffectiveDatePrecision": "YMD",
            "EnteredDate": day,
            "CodeId": events["code"].map(own),
            "Value": events["text"],
            "NumericUnit": events["unit"],
            "ObservationType": "Value",
            "Deleted": "false",
        }
    )
    people = pd.DataFrame(
        {
            "PatientGuid": "{" + patients["key"] + "}",
            "DateOfBirth": _date(patients["birth_date"], "%Y-%m-%d"),
            "Sex": _sex(patients, "M", "F"),
            "NhsNumber": patients["child_id"],
            "DummyType": "false",
            "Deleted": "false",
        }
    )
    codes = pd.DataFrame(
        {"CodeId": [own[code] for code in known], "Term": "a term", "SnomedCTConceptId": known}
    )
    return {
        "Admin_Patient.csv": people,
        "CareRecord_Observation.csv": observations,
        "Coding_ClinicalCode.csv": codes,
    }


def vision(rows: pd.DataFrame) -> Frames:
    """Return two tables without a line of headers."""
    events, patients = _events(rows), _patients(rows)
    clinical = pd.DataFrame(
        {
            "PID": events["key"],
            "DATE": _date(events["measured_on"], "%Y%m%d"),
            "CODE": events["read"],
            "SNOMED_CODE": events["code"],
            "VALUE1": events["text"],
            "VALUE1_UNITS": events["unit"],
        }
    )
    people = pd.DataFrame(
        {
            "PID": patients["key"],
            "DATE_OF_BIRTH": _date(patients["birth_date"], "%Y%m%d"),
            "SEX": _sex(patients, "M", "F"),
            "NHS_NUMBER": patients["child_id"],
        }
    )
    return {"patients.csv": people, "clinical.csv": clinical}


def opensafely(rows: pd.DataFrame) -> Frames:
    """Return clinical events beside their patients: no units."""
    events, patients = _events(rows), _patients(rows)
    # The pseudonym is the child's number here, so that results can be compared.
    clinical = pd.DataFrame(
        {
            "patient_id": events["child_id"],
            "date": _date(events["measured_on"], "%Y-%m-%d"),
            "snomedct_code": events["code"],
            "numeric_value": events["text"],
        }
    )
    people = pd.DataFrame(
        {
            "patient_id": patients["child_id"],
            "sex": patients["sex"].astype(str),
            "date_of_birth": _date(patients["birth_date"], "%Y-%m-%d"),
        }
    )
    return {"patients.csv": people, "clinical_events.csv": clinical}


def opensafely_wide(rows: pd.DataFrame) -> Frames:
    """Return one row a visit: no units."""
    visits = _visits(rows)
    frame = pd.DataFrame(
        {
            "patient_id": visits["child_id"],
            "sex": visits["sex"].astype(str),
            "date_of_birth": _date(visits["birth_date"], "%Y-%m-%d"),
            "date": _date(visits["measured_on"], "%Y-%m-%d"),
            "weight": visits["weight"],
            "height": visits["height"],
        }
    )
    return {"dataset.csv": frame}


def growthcleanr(rows: pd.DataFrame) -> Frames:
    """Return ages in days, 0 for male and 1 for female."""
    parameter = {"weight": "WEIGHTKG", "height": "HEIGHTCM", "head": "HEADCM"}
    frame = pd.DataFrame(
        {
            "id": [str(k) for k in range(len(rows))],
            "subjid": rows["child_id"],
            "sex": _sex(rows, "0", "1"),
            "agedays": _days(rows["age_days"]),
            "param": rows["measure"].map(parameter),
            "measurement": rows["text"],
        }
    )
    return {"growth.csv": frame}


def sheet(rows: pd.DataFrame) -> Frames:
    """Return a school nurse's list: metres, years of two digits, boys and girls."""
    visits = _visits(rows)
    metres = pd.to_numeric(visits["height"]) / 100
    frame = pd.DataFrame(
        {
            "Name": [f"Child {k}" for k in range(len(visits))],
            "NHS No.": visits["child_id"],
            "Sex": _sex(visits, "Boy", "Girl"),
            "DOB": _date(visits["birth_date"], "%d/%m/%y"),
            "Class": "Larch",
            "Date": _date(visits["measured_on"], "%d/%m/%y"),
            "Ht (m)": ["" if np.isnan(m) else f"{m:.4f}" for m in metres],
            "Wt": visits["weight"],
            "Comments": "",
        }
    )
    return {"list.csv": frame}


LAYOUTS = {
    "long": Layout(long_, gestation=True),
    "wide": Layout(wide, gestation=True),
    "ncmp": Layout(ncmp, SCREENED),
    "ncmp-enhanced": Layout(ncmp_enhanced, SCREENED),
    "csds": Layout(csds, SCREENED),
    "systmone": Layout(systmone, gestation=True),
    "emis": Layout(emis, gestation=True),
    "vision": Layout(vision, gestation=True, header=False),
    "opensafely": Layout(opensafely, gestation=True, births="month"),
    "opensafely-wide": Layout(opensafely_wide, SCREENED, births="month"),
    "growthcleanr": Layout(growthcleanr, births="none"),
    "sheet": Layout(sheet, SCREENED),
}
