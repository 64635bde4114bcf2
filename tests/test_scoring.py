"""Records to scored values: ages, what was not yet known, BMI, posture, gestation, fates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles import checks, zscores
from centiles.errors import UsageError
from centiles.records import scoring
from tests.cohorts import BORN, UNKNOWN, Row, at, check, codes, records, scored
from tests.examples import examples


def fates(rows, **options):
    return list(scored(rows, **options).frame["fate"])


def notes(rows, **options):
    return list(scored(rows, **options).frame["note"])


def derived(rows, **options):
    frame = scored(rows, **options).frame
    return frame[frame["derived"]].reset_index(drop=True)


# ---- z


def test_the_z_of_a_row_is_the_z_of_its_value() -> None:
    rows = [Row("a", 1826, "weight", 18.4), Row("b", 365, "weight", 9.2, sex="male")]
    done = scored(rows).frame
    assert done["z"][0] == pytest.approx(0.042, abs=5e-4)  # as zscore's own documentation has it
    assert done["z"][1] == pytest.approx(-0.43, abs=5e-3)
    assert list(done["section"]) == ["uk90_child", "who_infant"]
    assert list(done["position"]) == ["on the 50th centile line", "between the 25th and 50th"]
    assert done["centile"][0] == pytest.approx(51.7, abs=0.05)


def test_the_paper_correction_scores_term_births_on_the_pooled_row() -> None:
    """Girls at term: L 1, M 3.36 kg, S 0.1408; z = (3.0/3.36 − 1)/0.1408 = −0.76096."""
    done = scored([Row("a", 0, "weight", 3.0, gestation=266.0)], correction="paper").frame
    assert done["z"][0] == pytest.approx(-0.107142857 / 0.1408, abs=1e-8)
    assert list(done["section"]) == ["uk90_term"]


def test_ages_alone_are_enough() -> None:
    rows = [Row("a", 1826, "weight", 18.4, born=None), Row("a", 2000, "weight", 19.0, born=None)]
    done = scored(rows, dated=False)
    assert list(done.frame["fate"]) == ["scored", "scored"]
    assert list(done.frame["age_days"]) == [1826.0, 2000.0]
    assert np.isnat(done.as_of)


# ---- what cannot be scored


def test_dates_that_cannot_be() -> None:
    rows = [
        Row("a", 1500, "weight", 16.0),
        Row("b", -1, "weight", 3.0),
        Row("c", 9999, "weight", 60.0),
        Row("d", 1500, "weight", 16.0, born=None),
        Row("e", 1500, "weight", 16.0, sex=""),
    ]
    done = scored(rows, today="2030-01-01")
    assert list(done.frame["fate"]) == ["scored", *["unscored"] * 4]
    assert list(done.frame["note"])[1:] == [
        "measured before birth", "a date in the future", "no date of birth", "sex is not known",
    ]  # fmt: skip
    by_row = dict(zip(done.problems["row"], done.problems["code"], strict=True))
    assert by_row == {3: "D02", 4: "D03", 5: "D06", 6: "P01"}


def test_today_itself_is_not_the_future() -> None:
    row = Row("a", 1500, "weight", 16.0)
    assert fates([row], today=str(row.on)) == ["scored"]
    assert fates([row], today=str(row.on - 1)) == ["unscored"]


def test_older_and_younger_than_the_tables() -> None:
    rows = [Row("a", 7306, "weight", 60.0), Row("b", 0, "weight", 0.6, gestation=22 * 7.0)]
    done = scored(rows).frame
    assert list(done["fate"]) == ["unscored", "unscored"]
    assert list(done["note"]) == [
        "older than the tables of this measure end",
        "younger than the tables of this measure begin",
    ]


def test_a_birth_weight_without_a_date_is_of_the_day_of_birth() -> None:
    row = Row("a", 0, "weight", 3.4, contact="birth", measured="NaT")
    done = scored([row, Row("a", 50, "weight", 4.6)]).frame
    assert list(done["age_days"]) == [0.0, 50.0]
    assert list(done["fate"]) == ["scored", "scored"]


def test_a_contact_has_no_fate() -> None:
    rows = [Row("a", 1500, "weight", UNKNOWN, contact="seen"), Row("a", 1510, "weight", 16.0)]
    assert fates(rows) == ["", "scored"]


# ---- the last date of knowledge


def test_rows_recorded_or_measured_later_are_not_yet_known() -> None:
    on = lambda age: BORN + age  # noqa: E731
    rows = [
        Row("a", 1500, "weight", 16.0),
        Row("a", 1510, "weight", 16.1, recorded=on(1520)),  # written down too late
        Row("a", 1516, "weight", 16.2),  # measured too late
        Row("a", 1505, "weight", 16.3, recorded=on(1515)),  # on the day
        Row("a", 1516, "weight", 16.4, recorded=on(1500)),  # measured later than recorded
    ]
    done = scored(rows, as_of=on(1515))
    assert list(done.frame["fate"]) == ["scored", "skipped", "skipped", "scored", "skipped"]
    assert set(done.frame["note"]) == {"", "not yet known"}
    assert done.as_of == on(1515)


def test_the_last_date_of_knowledge_is_the_newest_date_and_never_the_clock() -> None:
    rows = [Row("a", 1500, "weight", 16.0, recorded=BORN + 1530), Row("a", 1510, "weight", 16.1)]
    assert scored(rows).as_of == BORN + 1530
    assert scored(rows[1:]).as_of == BORN + 1510


@pytest.mark.parametrize(
    "late",
    [
        Row("b", 1500, "weight", 16.0, recorded="2099-01-01"),  # mistyped
        Row("b", 9999, "weight", UNKNOWN, contact="seen"),  # an appointment to come
        Row("b", 9999, "weight", 16.0),
    ],
    ids=["recorded", "appointment", "measured"],
)
def test_a_date_in_the_future_is_no_date_of_knowledge(late) -> None:
    """It would lapse every finding of the cohort: unseen for three years."""
    rows = [at("a", 1500, "weight", 0.0), at("a", 1700, "weight", -2.0)]
    done = check([*rows, late], today="2030-01-01")
    assert done.provenance.as_of == str(BORN + 1700)
    assert set(done.findings["state"]) == {"new"}


def test_as_of_needs_dates() -> None:
    with pytest.raises(UsageError, match="ages and no dates"):
        scored([Row("a", 1500, "weight", 16.0, born=None)], dated=False, as_of="2020-01-01")


# ---- BMI


def test_bmi_is_of_the_weight_and_height_of_the_day() -> None:
    """18.4 / 1.08² = 15.775."""
    rows = [Row("a", 1826, "weight", 18.4), Row("a", 1826, "height", 108.0)]
    (bmi,) = derived(rows).itertuples()
    assert bmi.value == pytest.approx(18.4 / 1.08**2)
    assert (bmi.measure, bmi.fate, bmi.row, bmi.raw, bmi.unit) == ("bmi", "scored", 2, "", "")
    assert bmi.note == ""
    assert bmi.z == zscores.zscore(bmi.value, measure="bmi", sex="female", age_days=1826)


@pytest.mark.parametrize(
    ("age", "gap", "expected"),
    [
        (730, 0, True), (730, 1, False), (400, 1, False),  # under 2 years the same day only
        (731, 28, True), (731, 29, False), (1826, 28, True), (1826, 29, False),
        (1827, 90, True), (1827, 91, False), (4000, 90, True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("side", [-1, 1])
def test_a_height_of_another_day_counts_when_it_is_near(age, gap, expected, side) -> None:
    """Whole days: 730 is under 2 years (730.5), 1826 under 5 (1826.25)."""
    rows = [at("a", age, "weight", 0.0), at("a", age + side * gap, "height", 0.0)]
    made = derived(rows)
    assert len(made) == expected
    if expected and gap:
        assert list(made["note"]) == ["height from another day"]


def test_the_nearest_height_is_taken_and_the_later_of_two_as_near() -> None:
    def height_of(*heights):
        rows = [Row("a", 2000, "weight", 20.0)]
        rows += [Row("a", 2000 + gap, "height", value) for gap, value in heights]
        (bmi,) = derived(rows)["value"]
        return round(100 * float(np.sqrt(20.0 / bmi)), 6)

    assert height_of((-20, 114.0), (10, 115.0)) == 115.0
    assert height_of((-5, 114.0), (10, 115.0)) == 114.0
    assert height_of((-10, 114.0), (10, 115.0)) == 115.0
    assert height_of((0, 114.5), (1, 115.0)) == 114.5


def bmis(done) -> list[float]:
    frame = done.frame
    return sorted(frame["value"][frame["derived"]].round(6))


def test_of_heights_that_disagree_each_makes_a_bmi() -> None:
    """20 kg at 112 cm is 15.943878, at 115 cm 15.122873; which is right is not known of either."""
    heights = [
        Row("a", 2000, "height", 112.0, source="first.csv"),
        Row("a", 2000, "height", 115.0, source="second.csv"),
    ]
    for source in ("first.csv", "second.csv", "third.csv"):
        for some in (heights, heights[::-1]):
            done = scored([*some, Row("a", 2000, "weight", 20.0, source=source)])
            assert bmis(done) == [15.122873, 15.943878]
            derived_ = done.frame["derived"].to_numpy()
            assert done.conflict[derived_].all()
            notes_ = done.frame["note"][derived_].astype(str)
            assert notes_.str.contains("two values of this day disagree").all()
    near = scored([*heights, Row("a", 2010, "weight", 20.0)])
    assert bmis(near) == [15.122873, 15.943878]
    assert near.conflict.tolist() == [True, True, False, True, True]


def test_of_three_heights_the_identical_are_one() -> None:
    rows = [Row("a", 2000, "height", h, source=f"{k}.csv") for k, h in enumerate((112, 115, 115))]
    done = scored([*rows, Row("a", 2000, "weight", 20.0), Row("a", 2100, "weight", 21.0)])
    assert len(bmis(done)) == 2  # no height within 90 days of the second


def test_heights_that_agree_and_heights_of_other_days_make_one() -> None:
    agreed = [Row("a", 2000, "height", 112.0), Row("a", 2000, "height", 112.5)]
    other = [Row("a", 1900, "height", 108.0), Row("b", 2000, "height", 112.0),
             Row("b", 2000, "height", 118.0)]  # fmt: skip
    done = scored([*agreed, *other, Row("a", 2000, "weight", 20.0)])
    assert bmis(done) == [round(20.0 / 1.12**2, 6)]


def test_weights_and_heights_that_disagree_make_every_pair() -> None:
    rows = [Row("a", 2000, m, v) for m, v in
            (("weight", 20.0), ("weight", 24.0), ("height", 112.0), ("height", 118.0))]  # fmt: skip
    pairs = [round(w / h**2, 6) for w in (20.0, 24.0) for h in (1.12, 1.18)]
    assert bmis(scored(rows)) == sorted(pairs)


def test_a_supplied_bmi_that_one_of_the_heights_makes_is_none_too_many() -> None:
    rows = [Row("a", 2000, "height", 112.0), Row("a", 2000, "height", 118.0),
            Row("a", 2000, "weight", 20.0)]  # fmt: skip
    for supplied, listed in ((15.9, 0), (14.4, 0), (15.1, 1)):
        done = scored([*rows, Row("a", 2000, "bmi", supplied)])
        assert codes(done).count("G12") == listed


def test_a_finding_of_one_of_two_heights_is_not_grave() -> None:
    """14.5 kg at 106 cm is 12.9, at 116 cm 10.8: far below the lines, and perhaps a slip."""
    one = [Row("a", 1826, "weight", 14.5), Row("a", 1826, "height", 116.0)]
    sure = check(one).findings.query("rule == 'BMI-BELOW-04'")
    assert sure["severity"].tolist() != ["watch"]
    for other in ([Row("a", 1826, "height", 106.0), *one], [*one, Row("a", 1826, "height", 106.0)]):
        found = check(other).findings.query("rule == 'BMI-BELOW-04'")
        assert found["severity"].astype(str).tolist() == ["watch"]


def test_of_two_heights_that_agree_the_weights_own_source_is_taken() -> None:
    """Merged they are one value, the better-ranked source's."""
    rows = [
        Row("a", 2000, "height", 112.0, source="first.csv"),
        Row("a", 2000, "height", 112.4, source="second.csv"),
        Row("a", 2000, "weight", 20.0, source="second.csv"),
    ]
    assert derived(rows)["value"][0] == pytest.approx(20.0 / 1.12**2)


def test_another_childs_height_makes_no_bmi() -> None:
    rows = [Row("a", 2000, "weight", 20.0), Row("b", 2000, "height", 115.0)]
    assert derived(rows).empty
    assert derived([replace(row, child="") for row in rows]).empty


@pytest.mark.parametrize(("supplied", "listed"), [(16.3, False), (16.31, True), (15.69, True)])
def test_a_supplied_bmi_is_merged_and_listed_where_it_disagrees(supplied, listed) -> None:
    """16 kg at 100 cm is 16.0; 16.3 is 0.3 from it and not more."""
    rows = [Row("a", 1600, m, v) for m, v in (("weight", 16.0), ("height", 100.0))]
    done = scored([*rows, Row("a", 1600, "bmi", supplied)])
    assert list(done.frame["fate"]) == ["scored", "scored", "merged", "scored"]
    assert codes(done) == (["G12"] if listed else [])
    assert done.frame["note"][2] == "BMI is computed from the weight and height of the day"


def test_a_supplied_bmi_stands_where_there_is_no_height() -> None:
    done = scored([Row("a", 1600, "weight", 16.0), Row("a", 1600, "bmi", 15.9)])
    assert list(done.frame["fate"]) == ["scored", "scored"]


def test_a_doubtful_part_makes_a_doubtful_bmi() -> None:
    for weight, height in ((95.0, 115.0), (16.0, 60.0)):  # the weight, the height
        rows = [Row("a", 1500, "weight", weight), Row("a", 1500, "height", height)]
        (bmi,) = derived(rows).itertuples()
        assert abs(bmi.z) < 15
        assert bmi.verdict == "doubtful"
    part = [at("a", 1826, "weight", 0.0), at("a", 1826, "height", -4.5)]
    assert list(derived(part)["verdict"]) == ["check"]


def test_parts_that_no_child_has_make_no_bmi() -> None:
    """90 kg at 50 cm would be 360."""
    done = scored([Row("a", 1826, "weight", 90.0), Row("a", 1826, "height", 50.0)])
    assert not done.frame["derived"].any()
    assert list(done.frame["fate"]) == ["scored", "scored"]


def test_under_two_weeks_there_is_no_bmi() -> None:
    rows = [at("a", 5, "weight", 0.0), at("a", 5, "height", 0.0)]
    assert derived(rows).empty


def test_derived_values_stand_outside_the_count() -> None:
    done = check([at("a", 1826, "weight", 0.0), at("a", 1826, "height", 0.0)])
    assert done.scored["derived"].sum() == 1
    (row,) = done.fates.itertuples()
    assert (row.scored, row.values_read) == (2, 2)


# ---- posture


@pytest.mark.parametrize(
    ("age", "posture", "shift", "note"),
    [
        (700, "standing", 0.7, "measured standing: 0.7 cm added for the length table"),
        (700, "Standing", 0.7, "measured standing: 0.7 cm added for the length table"),
        (700, "lying", 0.0, ""),
        (700, "", 0.0, ""),
        (730, "standing", 0.7, "measured standing: 0.7 cm added for the length table"),
        (731, "standing", 0.0, ""),
        (731, "lying", -0.7, "measured lying: 0.7 cm taken off for the height table"),
        (1900, "lying", -0.7, "measured lying: 0.7 cm taken off for the height table"),
    ],
)
def test_posture_moves_the_z_and_not_the_value(age, posture, shift, note) -> None:
    done = scored([Row("a", age, "height", 85.0, posture=posture)]).frame
    assert done["value"][0] == 85.0
    expected = zscores.zscore(85.0 + shift, measure="height", sex="female", age_days=age)
    assert done["z"][0] == pytest.approx(expected, abs=1e-12)
    assert done["note"][0] == note


def test_posture_of_a_weight_means_nothing() -> None:
    assert notes([Row("a", 700, "weight", 11.0, posture="standing")]) == [""]


# ---- unknown gestation


def test_unknown_gestation_is_scored_as_if_born_at_40_weeks_and_said() -> None:
    done = scored([Row("a", 5, "weight", 3.4, gestation=UNKNOWN)]).frame
    assert done["z"][0] == scored([Row("a", 5, "weight", 3.4, gestation=280.0)]).frame["z"][0]
    assert list(done["note"]) == ["gestation not known: scored as if born at 40+0"]


def test_unknown_gestation_can_leave_the_first_two_weeks_unscored() -> None:
    rows = [Row("a", age, "weight", 3.4, gestation=UNKNOWN) for age in (0, 13, 14)]
    rows.append(Row("b", 5, "weight", 3.4))
    assert fates(rows, unknown_gestation="omit") == ["unscored", "unscored", "scored", "scored"]
    assert notes(rows, unknown_gestation="omit")[0] == (
        "gestation not known, and under 14 days old"
    )
    with pytest.raises(UsageError, match="'score' or 'omit'"):
        scored(rows, unknown_gestation="guess")


def test_several_remarks_stand_beside_one_value() -> None:
    row = Row("a", 700, "height", 85.0, gestation=UNKNOWN, posture="standing")
    (note,) = notes([row])
    assert note == (
        "gestation not known: scored as if born at 40+0; "
        "measured standing: 0.7 cm added for the length table"
    )


def test_each_row_can_be_scored_by_itself() -> None:
    """Nothing merged, nothing computed: what ``centiles score`` appends to a user's own rows."""
    rows = [Row("a", 1826, "weight", 18.4), Row("a", 1826, "weight", 18.4)]
    rows.append(Row("a", 1826, "height", 108.0))
    frame = scoring.scored_rows(records(rows), today="2040-01-01")
    assert list(frame["fate"]) == ["scored"] * 3
    assert frame["z"][0] == frame["z"][1]


# ---- laws: conservation, and what may not matter

ages_ = st.sampled_from([-3, 0, 5, 20, 200, 731, 1400, 1461, 1500, 1826, 4000, 7400])
values_ = st.sampled_from(
    [-1.0, 0.0, 1.84, 3.4, 9.1, 16.0, 16.2, 18.4, 100.0, 108.0, 184.0, np.inf]
)


@st.composite
def any_row(draw: st.DrawFn, number: int) -> Row:
    """A row of which not all need be right."""
    return Row(
        child=draw(st.sampled_from(["a", "b", "c", ""])),
        age=draw(ages_),
        measure=draw(st.sampled_from(["weight", "height", "bmi", "head"])),
        value=draw(values_),
        sex=draw(st.sampled_from(["female", "female", "male", ""])),
        gestation=draw(st.sampled_from([280.0, 280.0, 224.0, UNKNOWN])),
        source=draw(st.sampled_from(["a.csv", "b.csv"])),
        born=draw(st.sampled_from([BORN, BORN, BORN + 2, None])),
        row=number,
        posture=draw(st.sampled_from(["", "lying", "standing"])),
        recorded=draw(st.sampled_from([None, BORN + 1600])),
    )


@st.composite
def cohorts(draw: st.DrawFn) -> list[Row]:
    """A few rows of a few children, of whom not all is right."""
    count = draw(st.integers(1, 14))
    rows = [draw(any_row(number + 2)) for number in range(count)]
    return sorted(rows, key=lambda row: row.source)


def told(done):
    """A check as plain rows in an order of its own: what it says about each row and child."""
    kept = ["source", "row", "measure", "z", "verdict", "fate", "note", "derived", "value"]
    scored_ = done.scored[kept].astype(str)
    findings = done.findings.astype(str)
    problems = done.problems.astype(str)
    return tuple(
        frame.sort_values(list(frame.columns)).reset_index(drop=True)
        for frame in (scored_, findings, problems)
    )


def same(one, other):
    for left, right in zip(one, other, strict=True):
        pd.testing.assert_frame_equal(left, right)


@examples(0.4)
@given(cohorts(), st.sampled_from([None, "2014-06-01"]))
def test_each_value_has_one_fate_and_they_add_up(rows, as_of) -> None:
    done = check(rows, as_of=as_of)
    read = done.scored[~done.scored["derived"]]
    assert len(read) == len(rows)
    assert set(read["fate"]) <= {"scored", "unscored", "merged", "skipped"}
    assert list(read["value"]) == [row.value for row in rows]  # never altered
    assert done.fates["values_read"].sum() == len(rows)
    whole = done.fates.drop(columns="values_read")
    assert list(whole.sum(axis=1)) == list(done.fates["values_read"])
    assert (read["z"].notna() == (read["fate"] == "scored")).all()
    assert (read.loc[read["fate"] != "scored", "note"] != "").all()  # never an unexplained NaN
    assert done.scored.loc[done.scored["derived"], "z"].notna().all()


@examples(0.25)
@given(cohorts(), st.data())
def test_the_order_of_rows_changes_nothing(rows, data) -> None:
    whole = records(rows)
    order = np.array(data.draw(st.permutations(range(len(rows)))))
    shuffled = replace(whole, frame=whole.frame.take(order).reset_index(drop=True))
    one = checks_of(whole)
    other = checks_of(shuffled)
    same(told(one), told(other))
    pd.testing.assert_frame_equal(one.children, other.children)
    pd.testing.assert_frame_equal(one.findings, other.findings)


def checks_of(whole, **options):
    return checks.check(whole, today="2040-01-01", **options)


@examples(0.15)
@given(cohorts())
def test_other_children_change_nothing(rows) -> None:
    """The cohort in two parts says of each child what the whole says."""
    rows = [row for row in rows if row.child]
    whole = check(rows, as_of="2035-01-01") if rows else None
    for child in {row.child for row in rows}:
        part = check([row for row in rows if row.child == child], as_of="2035-01-01")
        mine = replace(
            whole,
            scored=whole.scored[whole.scored["child_id"] == child],
            findings=whole.findings[whole.findings["child_id"] == child],
            problems=problems_of(whole, rows, child),
        )
        same(told(mine), told(part))


def problems_of(done, rows, child):
    mine = {row.row for row in rows if row.child == child}
    return done.problems[done.problems["row"].isin(mine)]


def test_a_cohort_in_two_parts_finds_the_same() -> None:
    """Two hundred children with falls, low values, disagreeing days, checked in halves too."""
    chance = np.random.default_rng(11)
    rows = []
    for number in range(200):
        z = chance.normal(0, 1)
        for visit in range(6):
            age = 1100 + 150 * visit + int(chance.integers(0, 90))
            z += chance.normal(-0.15, 0.6)
            z = float(np.clip(z, -5, 3))
            rows.append(at(f"c{number}", age, "weight", z, row=len(rows) + 2))
            if visit % 2:
                rows.append(at(f"c{number}", age, "height", z / 2, row=len(rows) + 2))
            if visit == 3 and number % 5 == 0:
                rows.append(at(f"c{number}", age, "weight", z + 1.2, row=len(rows) + 2))
    whole = check(rows, as_of="2035-01-01")
    half = {f"c{number}" for number in range(0, 200, 2)}
    parts = [check([row for row in rows if (row.child in half) == one], as_of="2035-01-01")
             for one in (True, False)]  # fmt: skip
    apart = pd.concat([part.findings.astype(str) for part in parts])
    keys = list(apart.columns)
    left = whole.findings.astype(str).sort_values(keys).reset_index(drop=True)
    pd.testing.assert_frame_equal(left, apart.sort_values(keys).reset_index(drop=True))
    assert len(left) > 200
