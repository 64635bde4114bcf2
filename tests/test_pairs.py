"""The highest earlier point in a window, against a plain double loop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from centiles.measures import MEASURES
from centiles.monitoring.baselines import Baselines
from centiles.monitoring.pairs import percent_lost
from centiles.references import reference
from tests.cohorts import points


def highest_before(some, rows, *, raw=False, from_age_days=-np.inf, gap_days=0.0, **window):
    """Return the highest earlier points, measure by measure."""
    known = Baselines(some, int(some.child.max()) + 1)
    window |= {"from_age_days": from_age_days, "gap_days": gap_days}
    found = np.full(len(rows), -1)
    for code, name in enumerate(MEASURES):
        mine = np.flatnonzero(some.measure[rows] == code)
        asked = known.highest_value if raw else known.highest
        found[mine] = asked(str(name), rows[mine], **window)
    return found


def random_points(seed: int, children: int, *, most: int = 12):
    """Return points of children from birth to 6 years, with ties and z that cannot be carried."""
    chance = np.random.default_rng(seed)
    rows = []
    for child in range(children):
        count = int(chance.integers(1, most + 1))
        youngest = int(chance.choice([0, 300, 1000, 1300]))
        ages = np.unique(chance.integers(youngest, 2200, count))
        for age in ages:
            # Tenths, so that there are ties; now and then so high that 4 years is not crossed.
            z = 40.0 if chance.random() < 0.05 else float(chance.integers(-30, 31)) / 10
            rows.append((child, "bmi" if age >= 14 else "weight", float(age), z))
    return points(*rows)


def plainly(all_points, rows, *, within, from_age=-np.inf, gap=0.0, raw=False):
    """The same in words: of each earlier point in the window the highest, the last of equals."""
    segment, age, section = map(list, (all_points.segment, all_points.age, all_points.section))
    corrected, value = list(all_points.corrected), list(all_points.value_before)
    on = {s: list(carried_to(all_points, s)) for s in set(section)}
    found = []
    for later in rows:
        best, at = -np.inf, -1
        earlier = later - 1
        while earlier >= 0 and segment[earlier] == segment[later]:
            apart = age[later] - age[earlier]
            if gap <= apart <= within and corrected[earlier] >= from_age:
                height = value[earlier] if raw else on[section[later]][earlier]
                if height > best:  # going back: a later one of equals stands
                    best, at = height, earlier
            earlier -= 1
        found.append(at)
    return found


def carried_to(all_points, section):
    """Every z on one section; it is asked for none that is past it."""
    to = np.maximum(np.full(len(all_points), section), all_points.section)
    return reference().carried(
        all_points.z_before, all_points.table, all_points.section, to.astype(np.int8)
    )


WINDOWS = [
    {"within": 396},
    {"within": 1096},
    {"within": 396, "from_age": 1461.0},
    {"within": 1096, "from_age": 1095.75},
    {"within": 396, "gap": 28.0},
    {"within": 396, "gap": 28.0, "raw": True},
    {"within": 1096, "raw": True},
    {"within": 0},
]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_windows_are_as_a_double_loop_finds_them(window) -> None:
    some = random_points(5, 500)
    rows = np.arange(len(some))
    found = highest_before(
        some,
        rows,
        within_days=window["within"],
        from_age_days=window.get("from_age", -np.inf),
        gap_days=window.get("gap", 0.0),
        raw=window.get("raw", False),
    )
    assert list(found) == plainly(some, rows, **window)


def test_thousands_of_segments_of_all_lengths() -> None:
    some = random_points(6, 2000, most=40)
    rows = np.flatnonzero(np.random.default_rng(7).random(len(some)) < 0.15)
    found = highest_before(some, rows, within_days=500)
    assert list(found) == plainly(some, rows, within=500)
    assert (found >= 0).sum() > 1000


def test_some_z_could_not_be_carried() -> None:
    """So that the tests above have tried it."""
    some = random_points(5, 500)
    names = [section.name for section in reference().sections]
    on_uk90 = some.carried_to(names.index("uk90_child"))
    assert np.isnan(on_uk90[some.measure == 2]).sum() > 10


def test_a_child_with_two_thousand_points() -> None:
    chance = np.random.default_rng(8)
    ages = np.arange(1500, 3500)
    z = chance.normal(0, 1, len(ages))
    rows = [(0, "weight", float(a), float(each)) for a, each in zip(ages, z, strict=True)]
    some = points(*rows)
    rows = np.arange(2000)
    found = highest_before(some, rows, within_days=396)
    for later in (0, 1, 2, 395, 396, 397, 1000, 1999):
        low = max(0, later - 396)
        expected = low + int(np.argmax(some.z[low:later])) if later else -1
        assert found[later] == expected


@pytest.mark.parametrize("children", [1, 7, 5000])
def test_exactly_28_days_before_is_28_days_before_whoever_else_there_is(children) -> None:
    rows = [(child, "weight", 1500.0 + 28 * k, -k) for child in range(children) for k in range(2)]
    some = points(*rows)
    found = highest_before(some, np.arange(len(some)), within_days=396, gap_days=28)
    assert list(found[1::2]) == list(range(0, 2 * children, 2))
    late = replace(some, age=np.where(np.arange(len(some)) % 2, some.age - 1, some.age))
    found = highest_before(late, np.arange(len(late)), within_days=396, gap_days=28)
    assert (found == -1).all()


def test_the_window_reaches_back_to_its_last_day() -> None:
    some = points((0, "weight", 1500, 1.0), (0, "weight", 1896, 0.0), (0, "weight", 1897, 0.0))
    assert list(highest_before(some, np.arange(3), within_days=396)) == [-1, 0, 1]


def test_from_age_is_a_corrected_age() -> None:
    """Born at 32 weeks: 4 years corrected is 1461 + 56 days from birth."""
    rows = [(0, "weight", 1516, 1.0), (0, "weight", 1517, 0.5), (0, "weight", 1600, 0.0)]
    some = points(*rows, gestation=224.0)
    found = highest_before(some, np.array([2]), within_days=396, from_age_days=1461)
    assert list(found) == [1]
    assert list(highest_before(some, np.array([2]), within_days=396, from_age_days=1460)) == [0]


def test_the_earlier_values_of_a_disagreeing_day_count_as_the_older() -> None:
    some = points((0, "weight", 1500, 1.0), (0, "weight", 1600, 0.5), (0, "weight", 1700, 0.0))
    some = replace(some, z_before=np.array([0.2, 0.5, 0.0]))
    assert list(highest_before(some, np.array([2]), within_days=396)) == [1]


def test_highest_of_certain_days_from_birth() -> None:
    ages, z = (14, 15, 40, 56, 57, 90), (3.0, 0.1, 1.0, 0.5, 2.0, 0.0)
    some = points(*((0, "weight", age, each) for age, each in zip(ages, z, strict=True)))
    found = Baselines(some, 1).starting_weight(np.arange(6))
    assert list(found) == [-1, -1, 1, 2, 2, 2]  # only what was before, days 15 and 56 included


def test_the_newest_point_of_another_section() -> None:
    rows = [(0, "weight", age, 0.0) for age in (1300, 1400, 1470, 1500)]
    rows += [(1, "weight", age, 0.0) for age in (1500, 1600)]
    some = points(*rows)
    assert list(some.last_section) == [-1, -1, 1, 1, -1, -1]


@pytest.mark.parametrize(
    ("before", "now", "percent"),
    [(3.5, 3.15, 10.0), (60.0, 58.8, 2.0), (20.0, 19.0, 5.0), (20.0, 18.5, 7.5), (4.0, 5.0, -25.0)],
)
def test_percentages_are_exact(before, now, percent) -> None:
    assert percent_lost(np.array(before), np.array(now)) == percent
