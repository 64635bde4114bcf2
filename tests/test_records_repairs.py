"""One mistake is named only where it is the only one that fits, and never for a child that fell."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from centiles import zscores
from centiles.ages import Correction
from centiles.checks import Checked, check
from centiles.records import from_frame
from centiles.records.columns import PROBLEM_CODES
from centiles.records.mistakes import MISTAKES
from centiles.records.own_values import Values, surprise
from centiles.references import reference

TODAY = "2030-01-01"
BORN = pd.Timestamp("2018-03-01")
YEARS = (1.0, 2.2, 3.1, 4.2, 5.0, 6.1, 7.0, 8.2)
WEIGHT = dict(zip(YEARS, (9.0, 11.7, 13.7, 15.9, 17.8, 20.3, 22.6, 25.9), strict=True))
HEIGHT = dict(zip(YEARS, (74.0, 87.0, 94.4, 102.2, 107.6, 114.8, 120.4, 127.2), strict=True))
Visit = tuple[float, str, float]


def visits(*changed: Visit, gone: tuple[float, str] | None = None) -> list[Visit]:
    """Return a steady girl's visits, some of them typed otherwise."""
    seen = {(y, m): v for m, of in (("weight", WEIGHT), ("height", HEIGHT)) for y, v in of.items()}
    seen |= {(years, measure): value for years, measure, value in changed}
    seen.pop(gone, None)
    return [(years, measure, value) for (years, measure), value in seen.items()]


def checked(rows: list[Visit], *, repair: bool = False) -> Checked:
    frame = pd.DataFrame(rows, columns=["years", "measure", "value"])
    days = pd.to_timedelta((frame.pop("years") * 365.25).round(), unit="D")
    frame = frame.assign(
        child_id="a", sex="F", birth_date=BORN, gestation="40+0", measured_on=BORN + days,
        unit=frame["measure"].map({"weight": "kg"}).fillna("cm"),
    )  # fmt: skip
    return check(from_frame(frame), today=TODAY, repair=repair)


def said(done: Checked) -> list[tuple[str, str]]:
    """Return the suggested repairs: code and words."""
    found = done.problems[done.problems["suggestion"].astype(str).str.startswith("as ")]
    return list(zip(found["code"].astype(str), found["suggestion"].astype(str), strict=True))


def test_the_girl_herself_is_not_queried() -> None:
    assert checked(visits()).problems.empty


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ((5.0, "weight", 17800), "G03", "as 17.8 kg: given in grams"),
        ((5.0, "weight", 39.2), "G31", "as 17.78 kg: given in pounds"),
        ((5.0, "weight", 2.8), "G31", "as 17.78 kg: given in stones"),
        ((5.0, "weight", 1.78), "G32", "as 17.8 kg: a decimal point one place left"),
        ((5.0, "weight", 178), "G32", "as 17.8 kg: a decimal point one place right"),
        ((5.0, "weight", 0.178), "G03", "as 17.8 kg: a decimal point two places left"),
        ((5.0, "weight", 71.8), "G33", "as 17.8 kg: two digits transposed"),
        ((5.0, "height", 1.076), "G03", "as 107.6 cm: given in metres"),
        ((5.0, "height", 1076), "G03", "as 107.6 cm: given in millimetres"),
        ((5.0, "height", 42.4), "G31", "as 107.7 cm: given in inches"),
        ((8.2, "height", 172.2), "G33", "as 127.2 cm: two digits transposed"),
        ((8.2, "weight", 16.0), "G35", None),  # a BMI, or a fall: newest, so it is left alone
        ((7.0, "weight", 15.6), "G35", "as 22.61 kg: a BMI in the weight column"),
    ],
)
def test_a_mistake_is_named(changed: Visit, code: str, words: str | None) -> None:
    done = checked(visits(changed))
    assert said(done) == ([(code, words)] if words else [])
    row = done.scored[(done.scored["value"] == changed[2]) & ~done.scored["derived"]].iloc[0]
    if words:
        assert row["verdict"] == ("impossible" if code == "G03" else "doubtful")
        assert (row["fate"] == "scored") == (code != "G03")


def test_height_and_weight_swapped_is_one_mistake_on_two_rows() -> None:
    done = checked(visits((5.0, "weight", 107.6), (5.0, "height", 17.8)))
    assert sorted(said(done)) == [
        ("G03", "as 107.6 cm: height and weight swapped"),
        ("G34", "as 17.8 kg: height and weight swapped"),
    ]


def test_a_head_in_the_height_column_is_named_and_moved() -> None:
    heads = [(0.5, "head", 42.2), (0.8, "head", 44.0)]
    typed = [*visits(), *heads, (0.65, "height", 43.2), (0.3, "height", 59.6), (0.8, "height", 70)]
    assert said(checked(typed)) == [
        ("G35", "as 43.2 cm: a head circumference in the height column")
    ]
    moved = checked(typed, repair=True).scored
    assert moved.loc[moved["value"] == 43.2, "measure"].tolist() == ["head"]


def test_a_birth_weight_in_ounces() -> None:
    assert said(checked([*visits(), (0, "weight", 120), (0.1, "weight", 4.4)])) == [
        ("G31", "as 3.4 kg: given in ounces")
    ]


@pytest.mark.parametrize("weight", [13.0, 12.6, 12.4, 12.1, 11.6, 15.9, 14.5])
def test_a_starved_child_is_never_doubted(weight: float) -> None:
    """12.1 kg could be 21.1 transposed, and 15.9 a BMI: a fall to a newest weight stands."""
    fallen = [visit for visit in visits() if visit[0] < 7]
    fallen += [(6.9, "weight", weight), (6.9, "height", 119.0)]
    done = checked(fallen)
    newest = done.scored[done.scored["value"] == weight].iloc[0]
    assert newest["verdict"] in ("ok", "check")
    assert said(done) == []
    assert done.children["block"].tolist() == ["urgent"]


def test_one_tenth_of_the_weight_is_doubtful_and_to_be_verified_today() -> None:
    done = checked(visits((8.2, "weight", 2.59)))
    assert done.children["block"].tolist() == ["verify today"]
    assert set(done.findings["severity"]) <= {"act", "watch", "info"}


def test_where_two_repairs_fit_none_is_suggested() -> None:
    """9.33 kg at six weeks is 4.23 kg in pounds, or 3.93 with two digits turned."""
    young = [(0.0, "weight", 3.4), (0.12, "weight", 9.33), (0.25, "weight", 5.4)]
    assert said(checked(young)) == []


def test_a_spike_starts_no_urgent_fall() -> None:
    """No repair explains 33 kg, yet both neighbours agree: it is queried and made nothing of."""
    done = checked(visits((6.1, "weight", 33.0)))
    assert done.problems["code"].tolist() == ["G09"]
    spike = done.scored[done.scored["value"] == 33.0].iloc[0]
    assert spike["verdict"] == "check"
    assert done.children["block"].isin(["", "verify today"]).all()


def test_a_fall_that_stays_is_urgent_as_before() -> None:
    done = checked(visits((7.0, "weight", 15.2), (8.2, "weight", 15.4)))
    assert done.children["block"].tolist() == ["urgent"]


def test_nothing_is_changed_unless_asked() -> None:
    rows = visits((5.0, "weight", 1.78))
    plain, mended = checked(rows), checked(rows, repair=True)
    assert (plain.scored["value"] == 1.78).any()
    row = mended.scored[mended.scored["raw"] == "1.78"].iloc[0]
    assert row["value"] == 17.8
    assert row["verdict"] == "ok"
    assert row["note"] == "repaired: 1.78 → 17.8 kg, a decimal point one place left"
    assert mended.problems[["code", "severity"]].values.tolist() == [["G36", "note"]]
    assert mended.children["block"].tolist() == [""]


def test_a_repaired_value_is_counted_once() -> None:
    done = checked(visits((5.0, "weight", 17800)), repair=True)
    assert done.fates["scored"].sum() == done.fates["values_read"].sum() == 16


def a_girl(ages: list[float], z: list[float]) -> Values:
    """Return weights of a girl, each as it is at her z."""
    age, rows = np.round(np.array(ages) * 365.25), len(ages)
    value = zscores.measurement(z, measure="weight", sex="female", age_days=age)
    yes, none = np.ones(rows, bool), np.full(rows, np.nan)
    section = reference().section_codes(age, np.zeros(rows, bool))
    return Values(
        usable=yes, scored=yes, suspect=~yes, child=np.zeros(rows, np.int64),
        measure=np.zeros(rows, np.int8), sex=np.ones(rows, np.int8), age=age, gestation=none,
        section=section, value=value, z=np.array(z), correction=Correction.DIGITAL,
    )  # fmt: skip


def test_what_is_expected_lies_between_her_other_values() -> None:
    """Worked by hand on one reference, 5, 6 and 8 years: ln(a + ¼) 1.658, 1.833, 2.110.

    Correlations 0.97·exp(−0.32·0.1744) = 0.9173 and 0.97·exp(−0.32·0.2776) = 0.8876; of what is
    expected at 6 from +1 and −1: (0.9173·(1−0.7878) − 0.8876·(1−0.8415))/(1−0.6629) = 0.1601, with
    a variance of 0.1585·0.2122/0.3371 + 0.09 = 0.1898.
    """
    girl = a_girl([5.0, 6.0, 8.0], [1.0, 0.0, -1.0])
    (found,) = surprise(girl, np.array([1]), girl.measure[[1]], np.array([0.5]))
    assert found == pytest.approx((0.5 - 0.1601) ** 2 / 0.1898, rel=0.01)


def test_the_further_in_time_the_less_surprising() -> None:
    gaps = [a_girl([5.0, 5.0 + gap], [0.0, 0.0]) for gap in (0.1, 1.0, 3.0, 10.0)]
    found = [surprise(g, np.array([1]), g.measure[[1]], np.array([2.0]))[0] for g in gaps]
    assert found == sorted(found, reverse=True)
    alone = a_girl([5.0], [0.0])
    (most,) = surprise(alone, np.array([0]), alone.measure, np.array([2.0]))
    assert most == pytest.approx(4 / 1.09)  # of all children, and the noise of one measurement


def test_every_mistake_has_its_code() -> None:
    assert {each.code for each in MISTAKES} <= PROBLEM_CODES.keys()


@pytest.fixture(scope="module")
def planting() -> ModuleType:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
    try:
        import build_planted_errors
    finally:
        sys.path.pop(0)
    return build_planted_errors


def test_a_small_planting_is_caught(planting: ModuleType) -> None:
    """The page in docs is the same with a hundred of each; here five."""
    errors, healthy = planting.outcomes(*planting.planted(2500, 5, planting.SEED))
    kinds = {kind.name: kind for kind in planting.KINDS}
    assert errors["kind"].nunique() == len(kinds) >= 20
    can = errors[[not kinds[name].why for name in errors["kind"]]]
    assert can["wrong"].sum() == 0
    assert can["right"].mean() > 0.9
    assert healthy["queried"] <= planting.HEALTHY_TARGET
    always = errors["kind"].isin(["weight in grams", "height in metres", "weight of nought"])
    assert (errors.loc[always, "verdict"] == "impossible").all()


def test_z_and_values_of_the_girl_are_what_the_tests_take_them_for() -> None:
    for measure, of in (("weight", WEIGHT), ("height", HEIGHT)):
        age = np.round(np.array(list(of)) * 365.25)
        z = zscores.zscore(list(of.values()), measure=measure, sex="female", age_days=age)
        assert np.abs(z).max() < 0.6


def test_digits_are_as_many_as_those_of_the_childs_other_values() -> None:
    """7.3 kg is 3.31 kg in pounds; turned, 3.70 would stand there among 3.31 and 4.87."""
    others = [(0.04, "weight", 3.31), (0.16, "weight", 4.87)]
    found = [(0.0, "weight", 7.3)]
    assert said(checked(others + found)) == [("G31", "as 3.31 kg: given in pounds")]
    tenths = [(years, measure, round(value, 1)) for years, measure, value in others]
    assert said(checked(tenths + found)) == []


def test_pounds_are_read_to_a_tenth() -> None:
    """31.64 kg at 2 years is 14.35 kg in pounds, or 13.64 with two digits turned."""
    others = [(1.1, "weight", 10.13), (1.6, "weight", 11.31), (2.8, "weight", 13.92)]
    turned = [("G33", "as 13.64 kg: two digits transposed")]
    assert said(checked([*others, (2.2, "weight", 31.64)])) == turned
    assert said(checked([*others, (2.2, "weight", 31.6)])) == []


def test_a_first_digit_of_nought_can_have_been_turned() -> None:
    """0.76 kg typed as 7.06: a tenth of that is nearly as much, so neither is suggested."""
    others = [(0.03, "weight", 0.79), (0.06, "weight", 0.93)]
    assert said(checked([*others, (0.0, "weight", 7.06)])) == []


@pytest.mark.parametrize(("heads", "code"), [([], "G31"), ([(7.9, "head", 51.1)], None)])
def test_a_head_is_not_looked_for_where_heads_are_not_measured(
    heads: list[Visit], code: str | None
) -> None:
    """50.1 in the height column at 8 is a height of 127.3 cm in inches; or the head of a child
    whose heads are measured at that age."""  # fmt: skip
    early = [(0.2, "head", 38.8)]
    found = said(checked([*visits((8.2, "height", 50.1)), *early, *heads]))
    assert [each for each, _ in found] == ([code] if code else [])
