"""One timeline from many rows: who a child is, and which values of a day are one value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from centiles.records.merging import agreed, same_day
from tests.cohorts import UNKNOWN, Row, codes, scored
from tests.examples import examples

# The SD of one measurement: weight 0.05 kg under 1 year, 0.10 to 2 years, 0.30 from then; length
# 1.0 cm, height 0.5; head 0.3. Two of them differ by 2·√2 SD at most: 2.8284 times each, so
# 0.1414, 0.2828, 0.8485 kg; 2.828, 1.414 cm; 0.8485 cm. A BMI at 5 years has the error of 0.3 of
# 18.5 kg and twice 0.5 of 110 cm: √(0.016216² + 0.009091²) = 1.8591 % of 16.0 = 0.29745; · 2.8284
# = 0.8413 (less for 5 years to the day, 1826: the nodes are there).
TOLERANCES = [
    ("weight", 0, 3.50, 0.05),  # a birth weight: 50 g
    ("weight", 1, 3.50, 0.1414),  # the day after: an infant's scales
    ("weight", 200, 7.00, 0.1414),
    ("weight", 500, 10.00, 0.2828),
    ("weight", 1826, 18.00, 0.8485),
    ("height", 500, 75.00, 2.828),
    ("height", 1826, 105.00, 1.414),
    ("head", 500, 46.00, 0.8485),
    ("bmi", 1826, 16.00, 0.8413),
]


def two(measure, age, first, second, **others):
    return scored([Row("a", age, measure, first), Row("a", age, measure, second, **others)])


@pytest.mark.parametrize(("measure", "age", "value", "tolerance"), TOLERANCES)
def test_values_of_a_day_within_error_are_one_value(measure, age, value, tolerance) -> None:
    done = two(measure, age, value, value + tolerance - 0.0005 * (measure != "weight" or age > 0))
    assert list(done.frame["fate"]) == ["scored", "merged"]
    assert list(done.frame["note"]) == ["", "merged into row 2 of a.csv"]
    assert not done.conflict.any()
    assert "G11" not in codes(done)


@pytest.mark.parametrize(("measure", "age", "value", "tolerance"), TOLERANCES)
def test_values_of_a_day_beyond_error_are_both_kept(measure, age, value, tolerance) -> None:
    done = two(measure, age, value, value + tolerance + 0.0005)
    assert list(done.frame["fate"]) == ["scored", "scored"]
    assert done.conflict.all()
    assert codes(done).count("G11") == 2
    assert set(done.frame["note"]) == {"two values of this day disagree"}


def test_identical_values_are_one_value() -> None:
    done = two("weight", 1826, 18.4, 18.4)
    assert list(done.frame["fate"]) == ["scored", "merged"]


def test_the_better_ranked_source_wins_wherever_it_stands() -> None:
    rows = [
        Row("a", 1826, "weight", 18.0, source="first.csv", row=9),
        Row("a", 1826, "weight", 18.2, source="second.csv", row=2),
        Row("a", 1826, "weight", 18.1, source="second.csv", row=3),
    ]
    done = scored(rows)
    assert list(done.frame["fate"]) == ["scored", "merged", "merged"]
    assert list(done.frame["note"])[1:] == ["merged into row 9 of first.csv"] * 2


@pytest.mark.parametrize("first", [17.8, 18.1, 18.5])
def test_the_better_ranked_source_wins_whether_it_is_lower_or_higher(first) -> None:
    """The others, 18.0 and 18.2, lie about it."""
    rows = [Row("a", 1826, "weight", v, source="second.csv") for v in (18.0, 18.2)]
    rows.insert(0, Row("a", 1826, "weight", first, source="first.csv"))
    kept = scored(rows).frame.query("fate == 'scored'")
    assert list(kept["value"]) == [first]


def test_of_three_of_one_source_the_median_stands() -> None:
    values = [18.4, 18.0, 18.1]
    done = scored([Row("a", 1826, "weight", value) for value in values])
    assert list(done.frame["fate"]) == ["merged", "merged", "scored"]  # 18.1
    assert done.frame["note"].iloc[0] == "merged into row 4 of a.csv"


def test_of_four_the_lower_of_the_middle_two_stands_since_it_was_measured() -> None:
    values = [18.4, 18.0, 18.1, 18.3]
    done = scored([Row("a", 1826, "weight", value) for value in values])
    assert list(done.frame.loc[done.frame["fate"] == "scored", "value"]) == [18.1]


def test_a_worse_source_does_not_move_the_median() -> None:
    """The median is of the best source's values; the other's only agree with it."""
    rows = [Row("a", 1826, "weight", v, source="first.csv") for v in (18.0, 18.1, 18.2)]
    rows += [Row("a", 1826, "weight", 18.4, source="second.csv")] * 2
    kept = scored(rows).frame.query("fate == 'scored'")
    assert list(kept["value"]) == [18.1]


def test_within_is_the_whole_spread_and_not_each_step() -> None:
    """18.0, 18.6 and 19.2 are each 0.6 apart, but 1.2 in all: more than 0.85."""
    done = scored([Row("a", 1826, "weight", value) for value in (18.0, 18.6, 19.2)])
    assert list(done.frame["fate"]) == ["scored"] * 3
    assert done.conflict.all()


def test_identical_values_inside_a_conflict_merge_into_the_better_source() -> None:
    rows = [
        Row("a", 1826, "weight", 25.0, source="first.csv"),
        Row("a", 1826, "weight", 18.0, source="first.csv"),
        Row("a", 1826, "weight", 25.0, source="second.csv"),
    ]
    done = scored(rows)
    assert list(done.frame["fate"]) == ["scored", "scored", "merged"]
    assert list(done.frame["note"])[2] == "merged into row 2 of first.csv"
    assert list(done.conflict) == [True, True, False]


@pytest.mark.parametrize(
    "other",
    [Row("b", 1826, "weight", 18.0), Row("a", 1827, "weight", 18.0), Row("a", 1826, "head", 50.0)],
    ids=["another child", "another day", "another measure"],
)
def test_only_one_child_measure_and_day_merge(other) -> None:
    done = scored([Row("a", 1826, "weight", 18.0), other])
    assert list(done.frame["fate"]) == ["scored", "scored"]


def test_rows_without_a_child_are_never_merged() -> None:
    done = scored([Row("", 1826, "weight", 18.0), Row("", 1826, "weight", 18.0)])
    assert list(done.frame["fate"]) == ["scored", "scored"]


def test_an_impossible_value_takes_no_part_in_its_day() -> None:
    done = scored([Row("a", 1826, "weight", 18400.0), Row("a", 1826, "weight", 18.4)])
    assert list(done.frame["fate"]) == ["unscored", "scored"]
    assert not done.conflict.any()


@examples(2)
@given(st.data())
def test_the_order_of_rows_changes_no_day(data: st.DataObject) -> None:
    row = st.tuples(
        st.integers(0, 2), st.integers(0, 1), st.sampled_from([1826.0, 1827.0]),
        st.sampled_from([18.0, 18.1, 18.5, 19.0, 25.0]), st.integers(0, 2),
    )  # fmt: skip
    rows = data.draw(st.lists(row, min_size=1, max_size=12))
    order = np.array(data.draw(st.permutations(range(len(rows)))))

    def kept(rows):
        child, measure, age, value, rank = (np.array(part) for part in zip(*rows, strict=True))
        tolerance = np.full(len(rows), 0.8485)
        days = same_day(child, measure, age, value, rank, tolerance)
        assert (days.kept[days.kept] == days.kept).all()  # what was merged into stands itself
        return np.array([value[days.kept], rank[days.kept]]).T, days.conflict

    before, conflicts = kept(rows)
    after, again = kept([rows[k] for k in order])
    assert (after == before[order]).all()
    # Which of two identical rows stands may differ; how many stand may not.
    assert again.sum() == conflicts.sum()


# ---- who a child is


def test_what_most_rows_state_stands() -> None:
    child = np.array([0, 0, 0, 1, 1])
    best, differs = agreed(child, np.array([1, 0, 0, 1, -1]), 3)
    assert list(best) == [0, 1, -1]  # the third child has no row
    assert list(differs) == [True, False, False, False, False]


def test_a_tie_goes_to_the_first_row() -> None:
    best, differs = agreed(np.array([0, 0, 0, 0]), np.array([5, 3, 3, 5]), 1)
    assert list(best) == [5]
    assert list(differs) == [False, True, True, False]


def test_rows_without_a_child_differ_from_nobody() -> None:
    best, differs = agreed(np.array([-1, -1, 0]), np.array([1, 0, 1]), 1)
    assert list(best) == [1]
    assert not differs.any()


def test_a_row_with_another_sex_is_kept_and_not_scored() -> None:
    rows = [Row("a", 1500, "weight", 16.0), Row("a", 1600, "weight", 16.4)]
    rows.append(Row("a", 1700, "weight", 16.8, sex="male"))
    done = scored(rows)
    assert list(done.frame["fate"]) == ["scored", "scored", "unscored"]
    assert list(done.frame["value"]) == [16.0, 16.4, 16.8]
    assert "sex differs" in done.frame["note"][2]
    assert codes(done) == ["P03"]
    assert list(done.problems["row"]) == [4]


def test_a_row_with_another_birth_date_is_kept_and_not_scored() -> None:
    rows = [Row("a", 1500, "weight", 16.0), Row("a", 1600, "weight", 16.4)]
    rows.append(Row("a", 1700, "weight", 16.8, born="2010-03-02"))
    done = scored(rows)
    assert list(done.frame["fate"]) == ["scored", "scored", "unscored"]
    assert codes(done) == ["P04"]
    assert set(done.frame["age_days"]) == {1500.0, 1600.0, 1700.0}  # by the date that stands


def test_the_majority_stands_even_against_the_better_source() -> None:
    rows = [Row("a", 1500, "weight", 16.0, sex="male", source="first.csv")]
    rows += [Row("a", 1600 + k, "weight", 16.4 + k, source="second.csv") for k in range(2)]
    done = scored(rows)
    assert list(done.frame["fate"]) == ["unscored", "scored", "scored"]
    assert set(done.frame["sex"]) == {"female"}


def test_a_tie_goes_to_the_first_source() -> None:
    first = Row("a", 1500, "weight", 16.0, sex="male", source="first.csv")
    second = Row("a", 1600, "weight", 16.4, sex="female", source="second.csv")
    assert list(scored([first, second]).frame["fate"]) == ["scored", "unscored"]


def test_a_row_that_states_nothing_takes_the_childs_word() -> None:
    rows = [Row("a", 1500, "weight", 16.0), Row("a", 1600, "weight", 16.4, sex="", born=None)]
    done = scored(rows)
    assert list(done.frame["fate"]) == ["scored", "scored"]
    assert list(done.frame["age_days"]) == [1500.0, 1600.0]


def test_gestation_comes_from_whichever_source_has_it() -> None:
    rows = [
        Row("a", 100, "weight", 5.0, gestation=UNKNOWN, source="first.csv"),
        Row("a", 130, "weight", 5.6, gestation=224.0, source="second.csv"),
    ]
    done = scored(rows)
    assert list(done.frame["gestation_days"]) == [224.0, 224.0]
    assert list(done.frame["corrected_age_days"]) == [44.0, 74.0]  # 280 − 224 = 56 days less


def test_another_gestation_is_listed_and_the_row_scored_with_the_one_that_stands() -> None:
    rows = [Row("a", 100 + k, "weight", 5.0 + k / 9, gestation=g) for k, g in enumerate([224, 224])]
    rows.append(Row("a", 130, "weight", 5.6, gestation=231.0))
    done = scored(rows)
    assert set(done.frame["fate"]) == {"scored"}
    assert codes(done) == ["P06"]
    assert set(done.frame["gestation_days"]) == {224.0}


def test_two_children_of_one_identifier_do_not_borrow_from_a_third() -> None:
    rows = [Row("a", 1500, "weight", 16.0, sex="male"), Row("b", 1500, "weight", 16.0)]
    assert list(scored(rows).frame["sex"]) == ["male", "female"]
