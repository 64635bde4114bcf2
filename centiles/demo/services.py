"""What three services would send of the made-up cohort: each its own columns, codes and slips."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from centiles.ages import FloatArray
from centiles.demo.cohort import made_up_children, story_ids
from centiles.demo.stories import HEALTH_VISITING, HOSPITAL, SCHOOL_NURSING, STORIES
from centiles.errors import UnwritableError
from centiles.measures import Measure, Sex

_UK_DATE: Final = "%d/%m/%Y"
_ISO_DATE: Final = "%Y-%m-%d"


def exports(children: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the exports of three services as text, recording errors included.

    Parameters
    ----------
    children
        What :func:`centiles.demo.made_up_children` gives.

    Returns
    -------
    dict of str to DataFrame
        By file name: ``health_visiting.csv`` long, ``school_nursing.csv`` and ``hospital.csv``
        wide, no two with the same headers. Every cell is text.

    Examples
    --------
    >>> frames = exports(made_up_children(healthy=5))
    >>> list(frames)
    ['health_visiting.csv', 'school_nursing.csv', 'hospital.csv']
    >>> frames["school_nursing.csv"].columns[-3:].tolist()
    ['Height (cm)', 'Weight (kg)', 'School']
    """
    made = {
        HEALTH_VISITING: _health_visiting(children[children["service"] == HEALTH_VISITING]),
        SCHOOL_NURSING: _school_nursing(children[children["service"] == SCHOOL_NURSING]),
        HOSPITAL: _hospital(children[children["service"] == HOSPITAL], _birth_weights(children)),
    }
    _mistype(made)
    return {f"{service}.csv": frame for service, frame in made.items()}


def write_exports(folder: Path | str, seed: int = 2014) -> tuple[Path, ...]:
    """Write the exports of three services as CSV files into a folder and return their paths.

    Parameters
    ----------
    folder
        Made if it is not there. Files of the same names in it are written over.
    seed
        As in :func:`centiles.demo.made_up_children`.

    Raises
    ------
    UnwritableError
        If the folder or a file cannot be written.
    """
    folder = Path(folder)
    frames = exports(made_up_children(seed))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in frames.items():
            frame.to_csv(folder / name, index=False, encoding="utf-8", lineterminator="\n")
    except OSError as fault:
        raise UnwritableError(
            f"{folder}: expected a folder to write to, found: {fault.strerror}. "
            "Choose another with --out"
        ) from fault
    return tuple(folder / name for name in frames)


def _health_visiting(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each measurement, and for each that could not be made."""
    words = np.select(
        [rows["measure"] == Measure.WEIGHT, rows["measure"] == Measure.HEAD],
        ["Weight", "Head circumference"],
        np.where(rows["posture"] == "lying", "Length", "Height"),
    )
    kilograms = (rows["measure"] == Measure.WEIGHT).to_numpy()
    values = rows["value"].to_numpy()
    number = rows["child_id"]
    return pd.DataFrame(
        {
            "NHS number": number.str[:3] + " " + number.str[3:6] + " " + number.str[6:],
            "Household id": rows["household_id"],
            "Date of birth": rows["birth_date"].dt.strftime(_UK_DATE),
            "Sex": rows["sex"].map({Sex.MALE: "M", Sex.FEMALE: "F"}),
            "Gestation": rows["gestation_days"].map(_weeks_and_days),
            "Date recorded": rows["recorded_on"].dt.strftime(_UK_DATE),
            "Date measured": rows["measured_on"].dt.strftime(_UK_DATE),
            "Measurement": words,
            "Value": np.where(kilograms, _text(values, 2), _text(values, 1)),
            "Units": np.where(kilograms, "kg", "cm"),
            "Team": rows["team"],
            "Outcome reason": rows["reason"],
        }
    ).reset_index(drop=True)


def _school_nursing(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each child and visit, as a school's list has them."""
    wide = _by_visit(rows)
    return pd.DataFrame(
        {
            "Pupil's NHS No": wide["child_id"],
            "DOB": wide["birth_date"].dt.strftime(_UK_DATE),
            "Gender": wide["sex"].str.capitalize(),
            "Date of measurement": wide["measured_on"].dt.strftime(_UK_DATE),
            "Height (cm)": _text(wide[Measure.HEIGHT].to_numpy(), 1),
            "Weight (kg)": _text(wide[Measure.WEIGHT].to_numpy(), 1),
            "School": wide["team"],
        }
    )


def _hospital(rows: pd.DataFrame, birth_weights: pd.Series[float]) -> pd.DataFrame:
    """Return a row for each visit: ISO dates, NHS sex codes, heights in metres."""
    wide = _by_visit(rows)
    number = wide["child_id"]
    birth_weight = np.asarray(number.map(birth_weights), dtype=np.float64)
    return pd.DataFrame(
        {
            "patient nhs number": number.str[:3] + "-" + number.str[3:6] + "-" + number.str[6:],
            "date_of_birth": wide["birth_date"].dt.strftime(_ISO_DATE),
            "sex": wide["sex"].map({Sex.MALE: "1", Sex.FEMALE: "2"}),
            "birth weight kg": _text(birth_weight, 2),
            "visit date": wide["measured_on"].dt.strftime(_ISO_DATE),
            "wt kg": _text(wide[Measure.WEIGHT].to_numpy(), 2),
            "ht (m)": _text(wide[Measure.HEIGHT].to_numpy() / 100, 3),
            "clinic": wide["team"],
        }
    )


def _by_visit(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each child and day, its measures side by side, in the order of dates."""
    about = ["measured_on", "child_id", "birth_date", "sex", "team"]
    wide = rows.pivot(index=about, columns="measure", values="value")
    return wide.reindex(columns=[str(Measure.WEIGHT), str(Measure.HEIGHT)]).reset_index()


def _birth_weights(children: pd.DataFrame) -> pd.Series[float]:
    """Return the weight at birth [kg] by child, of those who have one."""
    born = (children["age_days"] == 0) & (children["measure"] == Measure.WEIGHT)
    return children[born].set_index("child_id")["value"]


def _text(values: FloatArray, decimals: int) -> list[str]:
    """Return numbers as they are typed; NaN is an empty cell."""
    return ["" if np.isnan(value) else f"{value:.{decimals}f}" for value in values]


def _weeks_and_days(gestation_days: float) -> str:
    if np.isnan(gestation_days):
        return ""
    return f"{gestation_days // 7:.0f}+{gestation_days % 7:.0f}"


def _mistype(made: dict[str, pd.DataFrame]) -> None:
    """Put the designed recording errors into the exports, in place."""
    ids = story_ids()
    for story in STORIES:
        if (slip := story.mistake) is None:
            continue
        frame = made[slip.service]
        number = frame.iloc[:, 0].str.replace(r"\D", "", regex=True)
        cells = (number == ids[story.name]) & (frame[slip.column] == slip.right)
        frame.loc[cells, slip.column] = slip.wrong
