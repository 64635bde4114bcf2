"""What the page that compares says of rcpchgrowth is so: each cell of its column, by running it."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import inspect
import pkgutil
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rcpchgrowth as theirs
from rcpchgrowth import constants

PAGE = Path(__file__).resolve().parents[1] / "docs" / "compared.md"
BORN, SEEN = dt.date(2020, 3, 12), dt.date(2025, 3, 12)
MODULES = {module.name for module in pkgutil.iter_modules(theirs.__path__)}
BOY = {"measurement_method": "weight", "sex": "male"}


def measured(**changes: Any) -> dict[str, Any]:
    """Return what their main class says of a boy's weight."""
    given = {"birth_date": BORN, "observation_date": SEEN, "observation_value": 18.4,
             "reference": "uk-who", "gestation_weeks": 32, "gestation_days": 0}  # fmt: skip
    found: dict[str, Any] = theirs.Measurement(**(BOY | given | changes)).measurement
    return found


def z(value: float, age: Any, reference: str = "uk-who", method: str = "weight") -> Any:
    return theirs.sds_for_measurement(reference, age, method, value, "male")


def references() -> None:
    assert set(constants.REFERENCES) == {
        "uk-who", "who", "cdc", "trisomy-21", "trisomy-21-aap", "turners-syndrome",
    }  # fmt: skip


def uk90_alone() -> None:
    tables = Path(theirs.__path__[0]) / "data_tables"
    assert {path.name for path in tables.glob("uk90*")} == {
        "uk90_preterm.json", "uk90_term.json", "uk90_child.json",
    }  # fmt: skip


def one_at_a_time() -> None:
    with pytest.raises(TypeError):
        z(18.4, [5.0, 6.0])


def outside() -> None:
    with pytest.raises(LookupError, match="above the age of 20"):
        z(60.0, 25.0)
    assert isinstance(z(-1.0, 5.0), complex)


def four_decimals() -> None:
    value = theirs.measurement_from_sds("uk-who", 1 / 3, "weight", "male", 5.0)
    assert value == round(value, 4)


def beyond_3() -> None:
    value = theirs.measurement_from_sds("who", 4.0, "weight", "male", 4.0)
    assert abs(z(value, 4.0, "who") - 4.0) > 0.1  # there and back is another z


def digital_only() -> None:
    ages = measured()["measurement_dates"]
    apart = ages["chronological_decimal_age"] - ages["corrected_decimal_age"]
    assert apart == pytest.approx(56 / 365.25)  # at 5 years, where paper charts have stopped
    assert "correction" not in inspect.signature(theirs.Measurement).parameters


def nothing_about(*words: str) -> Callable[[], None]:
    """Return a check that no public name of theirs has any of some words in it."""

    def check() -> None:
        names = [name.lower() for name in [*dir(theirs), *MODULES]]
        assert [name for name in names if any(word in name for word in words)] == []

    return check


def first_year_only() -> None:
    assert 0 < theirs.return_correlation(3, 6, "months") < 1
    with pytest.raises(ValueError, match="below 12 months"):
        theirs.return_correlation(13, 14, "months")


def thrive_lines() -> None:
    line = theirs.create_thrive_line(t=[1, 2, 3], z1=0.0, sex="male")
    assert line["zs"][1] < 0


def unlikely() -> None:
    band = theirs.centile_band_for_centile(-4.5, "weight")
    assert "check its accuracy" in band
    found = measured(observation_value=1.0)["child_observation_value"]
    assert "considered to be an error" in found["observation_value_error"]


def chart_data() -> None:
    chart = theirs.create_chart("turners-syndrome", "cole-nine-centiles", "height", "female")
    assert isinstance(chart, list | dict)
    assert "savefig" not in dir(theirs)


def sets_of_lines() -> None:
    assert set(constants.CENTILE_FORMATS) >= {
        "cole-nine-centiles", "three-percent-centiles", "five-percent-centiles",
        "eighty-five-percent-centiles",
    }  # fmt: skip
    assert theirs.create_chart("turners-syndrome", [10, 50], "height", "female")


def median_bmi() -> None:
    assert theirs.percentage_median_bmi("uk-who", 5.0, 15.0, "male") == pytest.approx(97, abs=2)


def from_parents() -> None:
    once = theirs.mid_parental_height_z(150.0, 177.34)
    mother = theirs.sds_for_measurement("uk-who", 20.0, "height", 150.0, "female")
    assert once == pytest.approx(mother / 4)
    assert theirs.expected_height_z_from_mid_parental_height_z(once) == pytest.approx(once / 2)
    assert theirs.mid_parental_height(150.0, 170.0, "male") == (150 + 170 + 13) / 2


def measurement_words() -> None:
    found = measured()["measurement_calculated_values"]
    assert "centile" in found["corrected_centile_band"]
    assert [name for name in found if "lay" in name] == []


def correction_words() -> None:
    comments = measured()["measurement_dates"]["comments"]
    assert comments["lay_corrected_decimal_age_comment"]
    assert comments["clinician_corrected_decimal_age_comment"]


def ages() -> None:
    assert theirs.chronological_decimal_age(BORN, SEEN) == pytest.approx(1826 / 365.25)
    assert theirs.chronological_calendar_age(BORN, SEEN) == "5 years"
    after = theirs.corrected_gestational_age(BORN, BORN + dt.timedelta(days=14), 32, 0)
    assert after["corrected_gestation_weeks"] == 34


def made_up() -> None:
    made = theirs.generate_fictional_child_data(
        **BOY, start_chronological_age=1.0, end_age=2.0, start_sds=0, drift=True, noise=True,
        measurement_interval_type="months", measurement_interval_number=3,
    )  # fmt: skip
    assert len(made) == 4
    assert len({str(each["birth_data"]["birth_date"]) for each in made}) == 1


def bone_age() -> None:
    assert "bone_age" in inspect.signature(theirs.Measurement).parameters


def licence() -> None:
    assert importlib.metadata.metadata("rcpchgrowth")["License-Expression"].startswith("AGPL-3")


CHECKS: dict[str, Callable[[], None]] = {
    "references for weight, height, BMI, head": references,
    "UK90 from 2 weeks to 4 years": uk90_alone,
    "many measurements in one call": one_at_a_time,
    "an age or value no table has": outside,
    "value at a z": four_decimals,
    "WHO’s own way beyond ±3": beyond_3,
    "correction for gestation": digital_only,
    "a z carried over a change of tables": nothing_about("carr", "join"),
    "falls, losses and slow drifts, graded": nothing_about("fall", "alert", "finding", "rule"),
    "gain given where a child stood": first_year_only,
    "thrive lines": thrive_lines,
    "unlikely values": unlikely,
    "exports of health records": nothing_about("csv", "fhir", "excel", "export", "read"),
    "charts drawn": chart_data,
    "sets of lines": sets_of_lines,
    "percentage of median BMI": median_bmi,
    "height expected from parents": from_parents,
    "a measurement in words": measurement_words,
    "a correction in words": correction_words,
    "decimal and calendar ages": ages,
    "made-up children": made_up,
    "bone age beside the age": bone_age,
    "growth curve models": nothing_about("sitar", "fit", "model"),
    "licence": licence,
}


@pytest.mark.parametrize("row", CHECKS)
def test_a_cell_is_so(row: str) -> None:
    CHECKS[row]()


def test_every_row_has_its_check_and_every_cell_is_filled() -> None:
    lines = re.findall(r"^\| (.+) \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    rows = [line.split(" | ") for line in lines if not line.startswith("---")]
    assert [row[0] for row in rows] == ["what", *CHECKS]
    assert all(len(row) == 6 and all(row) for row in rows)
    assert importlib.metadata.version("rcpchgrowth") in PAGE.read_text(encoding="utf-8")
