"""Laws of the house that no page of tests of its own tries on any records at all.

Conservation is tried in test_conservation, order and other children in test_scoring and
test_raises, what is carried over joins in test_properties, bad calls in test_bad_input.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from centiles.records.columns import PROBLEM_CODES
from centiles.references import reference
from tests.cohorts import UNKNOWN, Row, check, codes, scored
from tests.examples import examples

SIZES = {"weight": 9.0, "height": 75.0, "bmi": 16.0, "head": 45.0}
ROWS = st.lists(
    st.builds(
        lambda child, age, measure, size: Row(child, age, measure, SIZES[measure] * size),
        st.sampled_from("ab"),
        st.integers(0, 7300),
        st.sampled_from(sorted(SIZES)),
        st.sampled_from([0.001, 0.1, 0.454, 0.9, 1.0, 1.1, 2.2046, 10.0, 100.0])
        | st.floats(0.5, 2),
    ),
    min_size=1,
    max_size=8,
)


@examples(0.1)
@given(ROWS, st.sampled_from([True, False]))
def test_an_unlikely_value_is_kept_as_it_is(rows: list[Row], repair: object) -> None:
    """Query and keep: every value that was given is in the result, unaltered but by --repair.

    A repair may put a head back that stood among the heights; what was given stays beside it.
    """
    done = check(rows, repair=bool(repair))
    frame = done.scored[~done.scored["derived"]]
    assert Counter(zip(frame["child_id"], frame["raw"], strict=True)) == Counter(
        (row.child, str(row.value)) for row in rows
    )
    if not repair:
        kept = zip(frame["child_id"], frame["measure"].astype(str), frame["value"], strict=True)
        assert Counter(kept) == Counter((row.child, row.measure, row.value) for row in rows)


@examples(0.1)
@given(ROWS, st.sampled_from(["sex", "born", "age"]))
def test_nothing_of_a_child_is_assumed(rows: list[Row], lacking: str) -> None:
    """Without a sex, a birth date or the day of measuring there is no z, and it is said why."""
    given_none: dict[str, Any] = {
        "sex": {"sex": ""},
        "born": {"born": None},
        "age": {"measured": np.datetime64("NaT")},
    }[lacking]
    done = scored([replace(row, **given_none) for row in rows])
    frame = done.frame
    assert np.isnan(frame["z"]).all()
    assert not (frame["fate"] == "scored").any()
    assert (frame["note"].astype(str) != "").all()


@examples(0.1)
@given(ROWS)
def test_an_unknown_gestation_is_said_and_never_made_up(rows: list[Row]) -> None:
    done = scored([replace(row, gestation=UNKNOWN) for row in rows])
    assert np.isnan(done.frame["gestation_days"]).all()
    there = done.frame["fate"] == "scored"
    assert done.frame["note"][there].astype(str).str.contains("gestation").all()


EDGES = sorted({day for each in reference().by_age for day in (each.from_day, each.to_day)})


@given(st.integers(-130, 7400) | st.builds(int.__add__, st.sampled_from(EDGES), st.integers(-1, 1)))
def test_one_section_speaks_at_every_age_and_at_a_join_the_older(day: int) -> None:
    """Half-open: a section's first day is its own, its last is the next one's."""
    known = reference()
    mine = [s for s in known.by_age if s.from_day <= day < s.to_day]
    assert len(mine) == (known.by_age[0].from_day <= day < known.by_age[-1].to_day)
    code = int(known.section_codes(np.array([float(day)]))[0])
    assert (known.sections[code] if code >= 0 else None) == (mine[0] if mine else None)


@examples(0.05)
@given(ROWS)
def test_the_same_records_give_the_same_bytes(rows: list[Row]) -> None:
    """No clock and no chance: what a run says is of its records alone."""
    one, other = check(rows), check(rows)
    for name in ("scored", "findings", "problems", "children", "contacts"):
        assert getattr(one, name).to_csv() == getattr(other, name).to_csv(), name
    assert set(codes(one)) <= set(PROBLEM_CODES)
