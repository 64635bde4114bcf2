"""The references beside UK-WHO: the tables, ages and method of another library, and of WHO."""

from __future__ import annotations

import copy
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rcpchgrowth
from rcpchgrowth import trisomy_21
from rcpchgrowth.global_functions import sds_for_measurement

from centiles import references
from centiles.errors import TableError, UsageError
from centiles.lines import centile_lines
from centiles.measures import MEASURES, SEXES
from centiles.references import FOLDERS, reference
from centiles.zscores import NOTES, measurement, percent_median_bmi, score, zscore
from tests.test_docs import tool

DATA = Path(__file__).resolve().parents[1] / "data"
THEIR_MEASURES = {"weight": "weight", "height": "height", "bmi": "bmi", "head": "ofc"}
# Their name for each; of UK90 alone they have no name, and where we have it UK-WHO has the same.
THEIRS = {"uk90": "uk-who", "who": "who", "trisomy21": "trisomy-21", "turner": "turners-syndrome"}
CLOSE = 1e-9
Z = (-4.5, -3.2, -1.0, 0.0, 2.0, 3.3, 4.0)
OTHERS = list(THEIRS)

ROUND_JOINS = {
    "uk90": [-119, -105, -104, -1, 0, 13, 1461, 1462, 7304, 7305],
    "who": [0, 1, 13, 14, 730, 731, 1460, 1461, 1826, 1855, 1856, 1857, 1858, 3652, 6939],
    "trisomy21": [0, 1, 30, 31, 730, 731, 732, 6574, 6870, 7304, 7305],
    "turner": [366, 367, 730, 731, 732, 7304, 7305],
}


def ages_of(name: str) -> list[int]:
    """Return whole days to ask about: spread over the reference, and round its edges and joins."""
    known = reference(name)
    spread = np.linspace(known.first_day, known.first_day + known.days - 1, 60)
    return sorted({*ROUND_JOINS[name], *np.round(spread).astype(int).tolist()})


def exact_months(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give their trisomy 21 rows the ages they stand for: 0.08 is a twelfth of a year."""
    exact: Any = copy.deepcopy(trisomy_21.TRISOMY_21_DATA)
    for by_sex in exact["measurement"].values():
        for rows in by_sex.values():
            for row in rows:
                row["decimal_age"] = round(float(row["decimal_age"]) * 12) / 12
    monkeypatch.setattr(trisomy_21, "TRISOMY_21_DATA", exact)


def theirs(name: str, measure: str, sex: str, age: int, value: float) -> float | None:
    """Return their z, None where they have none."""
    try:
        return float(
            sds_for_measurement(
                THEIRS[name], age / 365.25, THEIR_MEASURES[measure], value, sex
            )
        )  # fmt: skip
    except (LookupError, ValueError):
        return None


def compared(name: str, measure: str, sex: str) -> tuple[list[float], list[int]]:
    """Return how far z is apart for values all over a reference, and where only one has a z."""
    apart, alone = [], []
    for age in ages_of(name):
        values = measurement(Z, measure=measure, sex=sex, age_days=age, reference=name)
        for value in values[np.isfinite(values)] if np.isfinite(values).any() else [10.0]:
            ours = zscore(value, measure=measure, sex=sex, age_days=age, reference=name)
            their = theirs(name, measure, sex, age, float(value))
            if their is None or np.isnan(ours):
                alone += [age] if (their is None) != np.isnan(ours) else []
            else:
                apart.append(abs(ours - their))
    return apart, alone


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("name", OTHERS)
def test_z_is_the_other_librarys(
    monkeypatch: pytest.MonkeyPatch, name: str, measure: str, sex: str
) -> None:
    exact_months(monkeypatch)
    apart, alone = compared(name, measure, sex)
    assert max(apart, default=0) < CLOSE
    if name == "turner":
        assert bool(apart) == ((measure, sex) == ("height", "female"))
    else:
        assert apart
    # Where one of us has a z and the other not, it is for a reason that is known.
    if name == "uk90":  # theirs is UK-WHO: the WHO standards fill what UK90 alone lacks
        assert all(14 <= age < 1461 for age in alone)
    elif (name, measure) == ("trisomy21", "bmi"):  # they stop at 18.82, their table at 18.92
        assert all(18.82 * 365.25 < age <= 6909 for age in alone)
    else:
        assert alone == []


def test_trisomy_21_at_ages_of_two_decimals_is_a_little_off() -> None:
    """Their rows stand at 0.08, 0.17 … years: up to 1.2 days from the month they are of."""
    worst = max(
        max(compared("trisomy21", measure, sex)[0]) for measure in ("weight", "height", "head")
        for sex in SEXES
    )  # fmt: skip
    assert 1e-4 < worst < 0.06


# Rows of WHO's own spreadsheet of 2007 (hfa, wfa and bfa, boys and girls), L, M and S.
WHO_ROWS = [
    ("height", "male", 61, (1, 110.2647, 0.04164)),
    ("height", "female", 61, (1, 109.6016, 0.04355)),
    ("height", "male", 144, (1, 149.0807, 0.04753)),
    ("height", "female", 144, (1, 151.2327, 0.04523)),
    ("weight", "male", 84, (-0.4402, 22.8915, 0.13759)),
    ("weight", "female", 120, (-0.5958, 31.8578, 0.17262)),
    ("bmi", "male", 144, (-1.7751, 17.5334, 0.11522)),
    ("bmi", "female", 180, (-1.1311, 20.2125, 0.13904)),
]


@pytest.mark.parametrize(("measure", "sex", "month", "row"), WHO_ROWS)
def test_rows_from_5_years_are_whos(
    measure: str, sex: str, month: int, row: tuple[float, ...]
) -> None:
    known = reference("who")
    table = known.sections[2].table(measure, sex)
    assert table is not None
    at = np.flatnonzero(np.isclose(table.age_days, month * 30.4375))
    assert table.columns[:, at[0]].tolist() == list(row)


def test_beyond_3_who_goes_on_in_equal_steps() -> None:
    """By hand, girls' weight at 10 years: L −0.5958, M 31.8578, S 0.17262.

    M(1 + LSz)^(1/L) is 46.8897 at 2 and 59.1772 at 3; 70 kg is 3 + (70 − 59.1772)/12.2875 = 3.8808,
    where LMS itself says 3.6402.
    """
    day = {"measure": "weight", "sex": "female", "age_days": 3652.5, "reference": "who"}
    two, three = measurement([2.0, 3.0], **day)
    by_hand = [31.8578 * (1 - 0.5958 * 0.17262 * z) ** (-1 / 0.5958) for z in (2, 3)]
    assert [two, three] == pytest.approx(by_hand, rel=1e-12)
    assert zscore(70.0, **day) == pytest.approx(3.8808, abs=5e-5)
    wild = np.array([-6.0, -3.5, -3.0, 3.0, 3.5, 9.0])
    assert zscore(measurement(wild, **day), **day) == pytest.approx(wild, abs=1e-9)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_value_comes_back_as_its_z(name: str) -> None:
    z = np.array([-2.5, 0.0, 2.5])
    for measure in MEASURES:
        for sex in SEXES:
            for age in (5, 400, 800, 1500, 3000.5, 6000):
                where = {"measure": measure, "sex": sex, "age_days": age, "reference": name}
                value = measurement(z, **where)
                back = zscore(value, **where)
                assert np.isnan(value).all() or back == pytest.approx(z, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "measure", "sex", "age", "why"),
    [
        ("uk90", "weight", "female", 100, "this reference has no table of this measure"),
        ("uk90", "weight", "female", 100.5, "this reference has no table of this measure"),
        ("uk90", "height", "female", -110, "younger than the tables"),
        ("who", "head", "female", 1857, "older than the tables"),
        ("who", "weight", "male", 3653, "older than the tables"),
        ("who", "weight", "male", 1700.5, "by the day"),
        ("who", "weight", "male", -1, "younger than the tables"),
        ("trisomy21", "head", "male", 6600, "older than the tables"),
        ("turner", "height", "male", 3000, "this reference has no table of this measure"),
        ("turner", "weight", "female", 3000, "this reference has no table of this measure"),
        ("turner", "height", "female", 365, "younger than the tables"),
    ],
)
def test_where_there_is_no_table_it_is_said(
    name: str, measure: str, sex: str, age: float, why: str
) -> None:
    scores = score(20.0, measure=measure, sex=sex, age_days=age, reference=name)
    assert np.isnan(scores.z)
    assert why in NOTES[int(scores.note)]


def test_uk90_alone_is_uk_who_where_both_have_it() -> None:
    for day in (-50, 0, 13, 1461, 3000, 7305):
        where = {"measure": "weight", "sex": "male", "age_days": day}
        assert zscore(10.0, **where, reference="uk90") == zscore(10.0, **where)


def test_percent_of_median_bmi_is_of_the_reference_asked_for() -> None:
    theirs = rcpchgrowth.percentage_median_bmi("who", 10.0, 16.0, "female")
    ours = percent_median_bmi(16.0, sex="female", age_days=3652.5, reference="who")
    assert ours == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("name", OTHERS)
def test_lines_run_through_the_values_at_their_z(name: str) -> None:
    drawn = centile_lines("height", "female", (-2.0, 0.0, 2.0), reference=name)
    assert drawn
    for lines in drawn:
        at = len(lines.age_days) // 2
        day = float(np.floor(lines.age_days[at]))
        near = np.array([np.interp(day, lines.age_days, line) for line in lines.values])
        value = measurement([-2.0, 0.0, 2.0], measure="height", sex="female", age_days=day,
                            reference=name)  # fmt: skip
        assert near == pytest.approx(value, abs=0.02)


def test_an_unknown_reference_is_named_with_those_there_are() -> None:
    for call in (
        lambda: zscore(1.0, measure="weight", sex="male", age_days=1, reference="cdc"),
        lambda: measurement(1.0, measure="weight", sex="male", age_days=1, reference=""),
        lambda: centile_lines("weight", "male", reference="who_uk90"),
    ):
        with pytest.raises(UsageError, match="expected one of uk-who, uk90, who, tris"):
            call()


def test_tables_are_what_their_maker_makes() -> None:
    maker = tool("build_references")
    for made in maker.REFERENCES:
        files = maker.built_files(made)
        for name, text in files.items():
            assert (DATA / made.folder / name).read_bytes() == text.encode()
        there = {path.name for path in (DATA / made.folder).iterdir()}
        assert there == {*files, "README.md"}


@pytest.mark.parametrize("name", OTHERS)
def test_an_altered_table_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for folder in (FOLDERS[name], "who_uk90"):
        shutil.copytree(DATA / folder, tmp_path / "data" / folder, dirs_exist_ok=True)
    monkeypatch.setattr(references, "PACKAGE", tmp_path / "centiles")
    fresh = references.read.__wrapped__(name)
    assert fresh.sha256 == reference(name).sha256
    for table in (tmp_path / "data").rglob("*.csv"):
        table.write_bytes(table.read_bytes().replace(b"1", b"2", 1))
    with pytest.raises(TableError, match="is not the file its manifest describes"):
        references.read.__wrapped__(name)


@pytest.mark.parametrize("name", FOLDERS)
def test_sections_are_in_order_and_joins_between_neighbours(name: str) -> None:
    known = reference(name)
    assert known.name == name
    spans = [(section.from_day, section.to_day) for section in known.by_age]
    assert spans == sorted(spans)
    assert all(early[1] <= late[0] for early, late in pairwise(spans))
    for join in known.joins:
        assert join.later == join.earlier + 1
        assert abs(spans[join.earlier][1] - join.at_day) <= 1
