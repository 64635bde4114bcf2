"""The made-up cohort: the same every time, true to its stories, mistyped where it says so."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from centiles import zscores
from centiles.demo import (
    STORIES,
    Story,
    exports,
    made_up_children,
    story_ids,
    write_exports,
    write_side_files,
)
from centiles.demo.cohort import COLUMNS, carried_back
from centiles.demo.healthy import LAST_DAY
from centiles.errors import UnwritableError, UsageError
from centiles.measures import MEASURES, SEXES, Measure
from centiles.references import reference, table_codes

LINE = {"0.4th": -8 / 3, "2nd": -2, "9th": -4 / 3, "25th": -2 / 3, "50th": 0, "91st": 4 / 3}
SPACE = 2 / 3
FILES = ("health_visiting.csv", "school_nursing.csv", "hospital.csv")


@pytest.fixture(scope="module")
def children() -> pd.DataFrame:
    return made_up_children()


@pytest.fixture(scope="module")
def sent(children: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return exports(children)


def scored(children: pd.DataFrame) -> pd.DataFrame:
    """One row a child and day: age, corrected age, and z of weight, height and BMI."""
    about = ["story", "child_id", "sex", "birth_date", "gestation_days", "age_days"]
    rows = children.assign(gestation_days=children["gestation_days"].fillna(280.0))
    wide = rows.pivot_table(index=about, columns="measure", values="value").reset_index()
    wide["bmi"] = wide["weight"] / (wide["height"] / 100) ** 2
    keys = {key: wide[key].to_numpy() for key in ("sex", "age_days", "gestation_days")}
    for measure in set(wide.columns) & set(map(str, MEASURES)):
        wide[f"{measure}_z"] = zscores.zscore(wide[measure], measure=measure, **keys)
    wide["years"] = wide["age_days"] / 365.25
    wide["corrected"] = wide["age_days"] - 280 + wide["gestation_days"]
    return wide


@pytest.fixture(scope="module")
def told(children: pd.DataFrame) -> dict[str, pd.DataFrame]:
    rows = scored(children[children["story"] != ""])
    return {str(name): story.reset_index(drop=True) for name, story in rows.groupby("story")}


def carried(measure: str, rows: pd.DataFrame, later: int | None = None) -> np.ndarray:
    """z of rows, carried to the section of the last row (or of ``later``)."""
    known, column = reference(), rows[f"{measure}_z"]
    table = table_codes(MEASURES.index(Measure(measure)), rows["sex"].to_numpy() == "male")
    sections = known.section_codes(rows["corrected"].to_numpy())
    goal = np.full(len(rows), sections[-1] if later is None else later)
    return known.carried(column.to_numpy(), table, sections, goal)


def digits(frame: pd.DataFrame) -> pd.Series:
    """NHS numbers of an export without the spaces and hyphens of its service."""
    return frame.iloc[:, 0].str.replace(r"\D", "", regex=True)


# The same every time


def test_the_same_seed_gives_the_same_cohort(children: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(children, made_up_children(2014))
    assert tuple(children.columns) == COLUMNS


def test_another_seed_changes_the_healthy_and_not_the_designed(children: pd.DataFrame) -> None:
    other = made_up_children(seed=7)
    designed = [frame[frame["story"] != ""] for frame in (children, other)]
    pd.testing.assert_frame_equal(*(frame.reset_index(drop=True) for frame in designed))
    healthy = [frame.loc[frame["story"] == "", "value"].sum() for frame in (children, other)]
    assert healthy[0] != healthy[1]


@pytest.mark.parametrize("healthy", [0, 1, 300])
def test_as_many_healthy_children_as_asked_for(healthy: int) -> None:
    children = made_up_children(healthy=healthy)
    assert children["child_id"].nunique() == len(STORIES) + healthy
    assert all(len(frame) for frame in exports(children).values())


def test_a_negative_number_of_children_is_refused() -> None:
    with pytest.raises(UsageError, match="from 0"):
        made_up_children(healthy=-1)


# Made up, and plausible


def test_every_number_is_of_the_test_range_with_its_check_digit(children: pd.DataFrame) -> None:
    numbers = children["child_id"].unique()
    for number in numbers:
        total = sum(int(n) * weight for n, weight in zip(number, range(10, 1, -1), strict=False))
        assert len(number) == 10
        assert number.startswith("999")
        assert (11 - total % 11) % 11 == int(number[9])


def test_every_child_is_one_person(children: pd.DataFrame) -> None:
    about = ["household_id", "story", "sex", "birth_date", "gestation_days"]
    assert (children.groupby("child_id")[about].nunique() <= 1).all(axis=None)
    assert set(children["sex"]) == set(map(str, SEXES))


def test_dates_and_ages_are_plausible(children: pd.DataFrame) -> None:
    assert children["birth_date"].between("2012-01-01", "2025-12-31").all()
    days = (children["measured_on"] - children["birth_date"]).dt.days
    assert (children["age_days"] == days).all()
    assert children["age_days"].between(0, 15 * 365.25).all()
    assert (children["measured_on"] <= children["recorded_on"]).all()
    assert children["recorded_on"].max() <= pd.Timestamp(LAST_DAY)
    assert children["measured_on"].max() > pd.Timestamp("2026-04-01")
    reception = children[(children["service"] == "school_nursing") & (children["story"] == "")]
    years = reception["age_days"] / 365.25
    assert (years.between(4, 6) | years.between(10, 12)).all()


def test_gestation_is_missing_for_most_older_children_and_no_preterm_one(
    children: pd.DataFrame,
) -> None:
    healthy = children[children["story"] == ""].drop_duplicates("child_id")
    old = healthy["birth_date"] < "2019-01-01"
    assert healthy.loc[old, "gestation_days"].isna().mean() > 0.5
    assert healthy.loc[~old, "gestation_days"].notna().all()
    assert (healthy["gestation_days"] < 37 * 7).sum() >= 5
    assert healthy["gestation_days"].dropna().between(26 * 7, 42 * 7).all()


def test_some_children_share_a_household(children: pd.DataFrame) -> None:
    sizes = children.groupby("household_id")["child_id"].nunique()
    assert 10 < (sizes == 2).sum() < 60
    assert sizes.max() == 2


def test_every_value_has_been_measured_or_has_a_reason(children: pd.DataFrame) -> None:
    assert (children["value"].isna() == (children["reason"] != "")).all()
    assert set(children["reason"]) == {"", "no scales", "refused"}


@pytest.mark.parametrize("seed", range(4))
def test_no_healthy_child_is_far_out(seed: int) -> None:
    children = made_up_children(seed)
    rows = scored(children[children["story"] == ""])
    z = rows[["weight_z", "height_z", "bmi_z", "head_z"]]
    assert z.abs().max(axis=None) < 4.5


def test_healthy_z_are_spread_and_linked_as_children_are() -> None:
    children = made_up_children(healthy=3000)
    rows = scored(children[children["story"] == ""])
    school = rows[rows["years"].between(4, 6)]
    assert school[["weight_z", "height_z", "bmi_z"]].mean().abs().max() < 0.1
    assert school[["weight_z", "height_z", "bmi_z"]].std().between(0.9, 1.15).all()
    assert 0.6 < school["weight_z"].corr(school["height_z"]) < 0.75
    assert abs(school["height_z"].corr(school["bmi_z"])) < 0.15
    year_6 = rows[rows["years"].between(10, 12)]
    early, late = (part.groupby("child_id")["weight_z"].first() for part in (school, year_6))
    assert 0.7 < early.corr(late) < 0.9


# Nobody falls by crossing a join


def test_carried_back_is_the_way_back_of_the_carry() -> None:
    known = reference()
    z = np.linspace(-3, 3, 13)
    for measure, sex in itertools.product(("weight", "height"), SEXES):
        table = np.full(13, table_codes(MEASURES.index(Measure(measure)), sex == "male"))
        for age in (-5.0, 20.0, 800.0, 1500.0):
            younger = carried_back(z, table, np.full(13, age))
            sections = (known.section_codes(np.full(13, day)) for day in (age, 1500.0))
            np.testing.assert_allclose(known.carried(younger, table, *sections), z, atol=1e-9)


@pytest.mark.parametrize("name", ["steady", "preterm-steady", "small-steady", "entered-twice"])
def test_steady_children_stay_where_they_are(told: dict[str, pd.DataFrame], name: str) -> None:
    child = told[name]
    assert child["corrected"].iloc[0] < 14  # from the birth tables …
    assert child["corrected"].iloc[-1] >= 1461  # … to those from 4 years
    assert np.ptp(carried("weight", child)) < 0.08  # rounding
    assert np.ptp(carried("height", child.dropna(subset="height"))) < 0.05


# True to their stories


def test_every_story_has_its_id_and_one_line(children: pd.DataFrame) -> None:
    ids = story_ids()
    assert list(ids) == [story.name for story in STORIES]
    assert len(set(ids.values())) == len(STORIES)
    found = children[children["story"] != ""].groupby("story")["child_id"].unique()
    assert {name: ids[name] for name in found.index} == {k: v[0] for k, v in found.items()}
    assert all(story.told and "\n" not in story.told for story in STORIES)


def test_sliding(told: dict[str, pd.DataFrame], children: pd.DataFrame) -> None:
    slide = told["sliding"].query("years > 4 and weight.notna()")
    z = slide["weight_z"].to_numpy()
    assert LINE["25th"] < z[0] < LINE["50th"]
    assert z[-1] < LINE["0.4th"]
    assert np.ptp(slide["age_days"]) <= 366
    assert slide["weight"].iloc[-1] < 0.9 * slide["weight"].iloc[0]
    assert slide["bmi_z"].iloc[-1] < LINE["0.4th"]
    rows = children[(children["story"] == "sliding") & (children["age_days"] > 1461)]
    weights = rows[(rows["measure"] == "weight")]
    measured = weights[weights["reason"] == ""]
    assert measured["service"].tolist() == ["school_nursing", "health_visiting", "hospital"]
    assert "no scales" in weights["reason"].tolist()


def test_no_service_alone_holds_the_slide(children: pd.DataFrame) -> None:
    rows = children[(children["story"] == "sliding") & (children["measure"] == "weight")]
    for _, alone in rows.dropna(subset="value").groupby("service"):
        gaps = alone["age_days"].diff()
        assert not ((gaps < 1096) & (alone["age_days"] > 1461)).any()


def test_failing_infant(told: dict[str, pd.DataFrame]) -> None:
    child = told["failing-infant"]
    birth, z = child["weight_z"].iloc[0], child["weight_z"].to_numpy()
    assert abs(birth) < SPACE
    fall = carried("weight", child)[0] - z
    assert (fall[-3:] >= 2 * SPACE).all()
    assert LINE["0.4th"] < z[-1] < LINE["2nd"]


def test_failing_infant_is_the_sister_of_the_sliding_boy(children: pd.DataFrame) -> None:
    homes = children.drop_duplicates("child_id").set_index("story")["household_id"]
    assert homes["failing-infant"] == homes["sliding"]


def test_two_spaces(told: dict[str, pd.DataFrame]) -> None:
    child = told["two-spaces"].query("years > 5")
    before, start, end = child["weight_z"]
    assert abs(before - start) < 0.05
    assert 2 * SPACE <= start - end < 2.5 * SPACE
    assert child["age_days"].iloc[2] - child["age_days"].iloc[1] <= 365


def test_tall_thin(told: dict[str, pd.DataFrame]) -> None:
    child = told["tall-thin"]
    assert (child["height_z"] > 0.5).all()
    assert child["weight_z"].between(LINE["0.4th"] + 0.1, LINE["2nd"]).all()
    assert (child["bmi_z"] < LINE["0.4th"] - 1).all()
    keys = {key: child[key].to_numpy() for key in ("sex", "age_days", "gestation_days")}
    percent = zscores.percent_median_bmi(child["bmi"], **keys)
    assert 68 < percent[-1] < 69.5


def test_stunting(told: dict[str, pd.DataFrame]) -> None:
    child = told["stunting"].query("years > 3")
    fall = child["height_z"].iloc[0] - child["height_z"]
    met = child[(fall > 2 * SPACE) & (child["age_days"] - child["age_days"].iloc[0] <= 1096)]
    assert len(met) >= 1
    assert (fall.iloc[-2:] > 2 * SPACE).all()
    assert np.ptp(child["weight_z"]) < 2 * SPACE
    assert child["years"].max() < 10  # before the years of puberty


def test_recovering(told: dict[str, pd.DataFrame]) -> None:
    child = told["recovering"]
    fall = carried("weight", child)[0] - child["weight_z"].to_numpy()
    at = {age: fall[np.argmin(np.abs(child["years"] - age))] for age in (0.31, 0.4, 1.0, 2.25)}
    assert at[0.31] >= 2 * SPACE
    assert at[0.4] >= 2 * SPACE
    assert at[1.0] < SPACE
    assert at[2.25] < SPACE


def test_crossing_four(told: dict[str, pd.DataFrame]) -> None:
    child = told["crossing-four"].query("years > 2.9")
    before, after = child[child["age_days"] < 1461], child[child["age_days"] >= 1461]
    assert before["bmi_z"].between(-2, -1.9).all()
    assert after["bmi_z"].between(-2.75, LINE["0.4th"]).all()
    assert (carried("bmi", before, reference().section_codes(np.array([1500.0]))[0]) < -8 / 3).all()


def test_catching_down(told: dict[str, pd.DataFrame]) -> None:
    child = told["catching-down"]
    assert child["weight_z"].iloc[0] > LINE["91st"]
    fall = carried("weight", child)[0] - child["weight_z"].to_numpy()
    assert 2 * SPACE < fall.max() < 3 * SPACE
    assert abs(child["weight_z"].iloc[-1]) < SPACE


def test_preterm_is_scored_as_steady_only_when_corrected(told: dict[str, pd.DataFrame]) -> None:
    child = told["preterm-steady"]
    assert (child["gestation_days"] == 30 * 7 + 2).all()
    assert child["weight_z"].between(-0.8, -0.2).all()


def test_small_steady(told: dict[str, pd.DataFrame]) -> None:
    assert told["small-steady"]["weight_z"].between(LINE["2nd"], LINE["9th"]).all()


def test_overweight(told: dict[str, pd.DataFrame]) -> None:
    bmi = told["overweight"]["bmi_z"].dropna()
    assert bmi.iloc[-1] > 2
    assert bmi.iloc[-1] - bmi.iloc[0] > SPACE


def test_one_point_and_no_scales(children: pd.DataFrame) -> None:
    one = children[children["story"] == "one-point"]
    assert one["measure"].tolist() == ["height", "weight"]
    weights = children[(children["story"] == "no-scales") & (children["measure"] == "weight")]
    assert weights["reason"].tolist() == [""] * 5 + ["no scales"] * 2


# What the services send


def test_each_service_has_its_own_columns_and_sends_text(sent: dict[str, pd.DataFrame]) -> None:
    assert tuple(sent) == FILES
    headers = [set(frame.columns) for frame in sent.values()]
    assert not set.intersection(*headers)
    for frame in sent.values():
        assert all(isinstance(cell, str) for cell in frame.to_numpy().ravel())
    assert sent["health_visiting.csv"]["Date of birth"].str.fullmatch(r"\d\d/\d\d/\d{4}").all()
    assert sent["school_nursing.csv"]["DOB"].str.fullmatch(r"\d\d/\d\d/\d{4}").all()
    assert sent["hospital.csv"]["visit date"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()
    assert set(sent["hospital.csv"]["sex"]) == {"1", "2", "9"}
    metres = pd.to_numeric(sent["hospital.csv"]["ht (m)"]).dropna()
    assert metres.between(0.4, 2.0).all()


def test_the_services_share_children(sent: dict[str, pd.DataFrame]) -> None:
    known = {name: set(digits(frame)) for name, frame in sent.items()}
    for one, other in itertools.combinations(known.values(), 2):
        assert len(one & other) >= 30
    assert len(set.intersection(*known.values())) >= 20
    assert known["school_nursing.csv"] - known["health_visiting.csv"]  # moved in


def test_nothing_is_lost_on_the_way_out(
    children: pd.DataFrame, sent: dict[str, pd.DataFrame]
) -> None:
    health, school, hospital = sent.values()
    per_service = children.groupby("service").size()
    assert len(health) == per_service["health_visiting"]
    cells = (school[["Height (cm)", "Weight (kg)"]] != "").to_numpy().sum()
    assert cells == per_service["school_nursing"]
    assert (hospital[["ht (m)", "wt kg"]] != "").to_numpy().sum() == per_service["hospital"]


def test_the_birth_weight_of_the_hospital_is_that_of_the_health_visitor(
    sent: dict[str, pd.DataFrame],
) -> None:
    health, hospital = sent["health_visiting.csv"], sent["hospital.csv"]
    at_birth = (health["Date measured"] == health["Date of birth"]) & (health["Units"] == "kg")
    weighed = health[at_birth].set_axis(digits(health[at_birth]))["Value"]
    both = digits(hospital).map(weighed).fillna("")
    assert (both == hospital["birth weight kg"]).all()
    assert (both != "").sum() > 50


# Recording errors


@pytest.mark.parametrize("story", [s for s in STORIES if s.mistake], ids=lambda story: story.name)
def test_each_mistake_is_in_its_export_and_nowhere_else(
    story: Story, sent: dict[str, pd.DataFrame]
) -> None:
    slip = story.mistake
    frame = sent[f"{slip.service}.csv"]
    own = digits(frame) == story_ids()[story.name]
    cells = frame.loc[own, slip.column]
    assert (cells == slip.wrong).any()
    assert not (cells == slip.right).any()
    only_here = {"1.84", "32000", "31/02/2022", "refused", "9"}
    if slip.wrong in only_here:
        assert not (frame.loc[~own, slip.column] == slip.wrong).any()


def test_the_mistakes_are_the_ones_a_reader_must_survive(sent: dict[str, pd.DataFrame]) -> None:
    health, school, hospital = sent.values()
    ids = story_ids()

    def of(frame: pd.DataFrame, name: str) -> pd.DataFrame:
        return frame[digits(frame) == ids[name]]

    assert "1.84" in of(school, "decimal-slip")["Weight (kg)"].tolist()
    assert "32000" in of(school, "grams")["Weight (kg)"].tolist()
    assert "31/02/2022" in of(health, "no-such-day")["Date measured"].tolist()
    assert "refused" in of(school, "refused")["Weight (kg)"].tolist()
    assert set(of(hospital, "sex-not-known")["sex"]) == {"9"}
    assert of(health, "sex-not-known").empty
    early = of(health, "before-birth")
    dates = [pd.to_datetime(early[c], dayfirst=True) for c in ("Date measured", "Date of birth")]
    assert (dates[0] < dates[1]).sum() == 2


@pytest.mark.parametrize(("name", "apart"), [("entered-twice", 0.0), ("same-day-conflict", 3.0)])
def test_one_day_in_two_services(sent: dict[str, pd.DataFrame], name: str, apart: float) -> None:
    school, hospital = sent["school_nursing.csv"], sent["hospital.csv"]
    school = school[digits(school) == story_ids()[name]].iloc[-1]
    hospital = hospital[digits(hospital) == story_ids()[name]].iloc[-1]
    day = pd.to_datetime(school["Date of measurement"], dayfirst=True)
    assert day == pd.Timestamp(hospital["visit date"])
    assert float(hospital["wt kg"]) - float(school["Weight (kg)"]) == pytest.approx(apart)
    assert float(hospital["ht (m)"]) * 100 == pytest.approx(float(school["Height (cm)"]))


# On disk


def test_exports_are_written_alike_each_time(tmp_path) -> None:
    first = write_exports(tmp_path / "a" / "exports")
    second = write_exports(tmp_path / "b")
    assert tuple(path.name for path in first) == FILES
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
        read = pd.read_csv(one, dtype=str, keep_default_na=False)
        pd.testing.assert_frame_equal(read, exports(made_up_children())[one.name])


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnwritableError, match="--out"):
        write_exports(tmp_path / "file" / "exports")


def test_side_files_that_cannot_be_written_are_said(tmp_path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UnwritableError, match=r"expected a folder to write to, found: Not a dir"):
        write_side_files(tmp_path / "file" / "beside")
