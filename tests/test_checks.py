"""Records to findings and a ranked worklist: order, levels, what could not be assessed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from centiles import checks
from centiles.errors import CentilesError, UsageError
from centiles.monitoring.rulesets import ruleset
from centiles.records import columns
from centiles.references import reference
from tests.cohorts import BORN, UNKNOWN, Row, at, check, records


def weights(child, *pairs, **others):
    return [at(child, age, "weight", z, **others) for age, z in pairs]


def falling(child, z, day=1800, **others):
    return weights(child, (1500, 0.0), (day, z), **others)


def order(done):
    return list(done.children["child_id"])


# ---- the tables


def test_every_table_has_its_declared_columns() -> None:
    for rows in (falling("a", -1.5), weights("a", (1500, 0.0)), [Row("a", 1500, "weight", -1.0)]):
        done = check(rows)
        for table, declared in (
            (done.findings, columns.FINDINGS),
            (done.children, columns.CHILDREN),
            (done.scored, columns.SCORED),
            (done.problems, columns.PROBLEMS),
            (done.contacts, columns.CONTACTS),
            (done.teams, columns.TEAMS),
        ):
            assert list(table.columns) == [column.name for column in declared]
            for column in declared:
                kind = columns.DTYPES[column.kind]
                assert table[column.name].dtype == kind, column.name


def test_the_way_back_to_the_row_in_the_users_file() -> None:
    rows = [
        replace(row, row=number) for row, number in zip(falling("a", -1.5), (17, 4), strict=True)
    ]
    done = check(rows)
    assert set(done.findings["from_row"]) == {17}
    assert set(done.findings["to_row"]) == {4}


# ---- the order of the children


def test_blocks_then_severity_then_size() -> None:
    rows = [
        *falling("watch", -0.7),
        *falling("urgent", -1.5),
        *falling("act", -1.1),
        *falling("steeper", -2.5),
        *weights("steady", (1500, 0.0), (1800, 0.0)),
        *weights("typed", (1500, 0.0)), Row("typed", 1800, "weight", 1.84),
    ]  # fmt: skip
    done = check(rows)
    assert order(done) == ["steeper", "urgent", "act", "watch", "typed", "steady"]
    assert list(done.children["rank"]) == [1, 2, 3, 4, 5, 0]
    assert list(done.children["block"]) == ["urgent", "urgent", "act", "watch", "verify today", ""]
    assert list(done.children["level"]) == ["urgent", "urgent", "act", "watch", "act", ""]


def test_inside_a_block_the_graver_is_first_even_if_smaller() -> None:
    """To be verified, both: one act; the other, where a right value stands beside it, watch."""
    beside = [*weights("beside", (1500, 2.0), (1800, 2.0)), Row("beside", 1800, "weight", 1.84)]
    alone = [*weights("alone", (1500, -1.0)), Row("alone", 1800, "weight", 1.84)]
    done = check([*beside, *alone])
    assert list(done.children["block"]) == ["verify today", "verify today"]
    assert order(done) == ["alone", "beside"]
    assert list(done.children["level"]) == ["act", "watch"]


def test_of_equal_falls_the_newer_is_first_and_then_source_and_row() -> None:
    later = np.timedelta64(100, "D")
    newer = [replace(r, born=BORN + later, measured=r.on + later) for r in falling("newer", -1.2)]
    rows = falling("older", -1.2) + newer
    assert order(check(rows))[0] == "newer"
    same = falling("second", -1.2, source="b.csv") + falling("first", -1.2, source="a.csv")
    assert order(check(same))[0] == "first"
    same = falling("third", -1.2) + falling("fourth", -1.2)
    assert order(check(same)) == ["third", "fourth"]
    renumbered = [replace(row, row=20 - k) for k, row in enumerate(same)]
    assert order(check(renumbered)) == ["fourth", "third"]


def test_a_child_is_ranked_by_its_gravest_finding_and_lists_them_all() -> None:
    done = check(falling("a", -2.9))
    (child,) = done.children.itertuples()
    listed = child.findings.split("; ")
    assert set(listed) == set(done.findings["rule"])
    assert listed[0] == done.findings["rule"].iloc[0] == "WT-FALL-1Y"
    assert child.headline == done.findings["sentence"].iloc[0]
    assert child.level == "urgent"
    assert child.see_by == done.findings["see_by"].min()
    assert child.last_measured_on == pd.Timestamp(BORN + 1800)


def test_closed_and_lapsed_findings_are_kept_and_rank_nobody() -> None:
    closed = weights("closed", (1500, 0.0), (1600, -1.1), (1700, 0.0), (1750, 0.0))
    done = check([*closed, *falling("open", -0.7)])
    assert "closed" in set(done.findings["state"])
    assert dict(zip(done.children["child_id"], done.children["rank"], strict=True)) == {
        "open": 1, "closed": 0,
    }  # fmt: skip
    lapsed = check(falling("a", -1.5), as_of="2030-01-01")
    assert set(lapsed.findings["state"]) == {"lapsed"}
    assert list(lapsed.children["rank"]) == [0]
    assert list(lapsed.children["findings"]) == [""]


def test_a_closed_finding_does_not_count_towards_the_date() -> None:
    """Closed long before the fall that is open: its date was in another year."""
    rows = weights("a", (1500, 0.0), (1600, -1.1), (1700, 0.0), (1750, 0.0), (2200, 0.0))
    done = check([*rows, *weights("a", (2400, -0.7))])
    (child,) = done.children.itertuples()
    assert "closed" in set(done.findings["state"])
    assert child.see_by == pd.Timestamp(BORN + 2400 + 56)


def test_findings_stand_in_the_order_of_their_children() -> None:
    rows = [*falling("watch", -0.7), *falling("urgent", -1.5)]
    done = check(rows)
    place = {child: number for number, child in enumerate(done.children["child_id"])}
    places = [place[child] for child in done.findings["child_id"]]
    assert places == sorted(places)


def test_children_without_findings_are_listed_without_rank() -> None:
    rows = [*weights("b", (1500, 0.0)), *weights("a", (1500, 0.0))]
    done = check(rows)
    assert list(done.children["rank"]) == [0, 0]
    assert set(order(done)) == {"a", "b"}


def test_rows_without_an_identifier_are_no_child() -> None:
    done = check([*weights("", (1500, -3.0)), *weights("a", (1500, 0.0))])
    assert order(done) == ["a"]
    assert done.findings.empty
    assert list(done.scored["fate"]) == ["scored", "scored"]


def test_what_nobody_is_named_for_moves_no_finding_to_another_child() -> None:
    rows = [*falling("", -2.0), *weights("steady", (1500, 0.0), (1800, 0.0)), *falling("a", -2.0)]
    listed = check(rows).children.set_index("child_id")
    assert list(listed.index) == ["a", "steady"]
    assert listed["level"].tolist() == ["urgent", ""]
    assert listed["rank"].tolist() == [1, 0]


# ---- what could not be assessed


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([Row("a", 1500, "weight", 16.0, sex="")], "sex not known: nothing scored"),
        ([Row("a", 1500, "weight", -1.0)], "nothing could be scored"),
        ([at("a", 1500, "height", 0.0)], "no weight: NG75-FALL, NG75-WT2"),
        ([at("a", 1500, "height", 0.0)], "one height only from 3 years: HT-FALL-2"),
        (weights("a", (1500, 0.0)), "one weight only from 4 years: WT-FALL-1Y"),
        (weights("a", (1000, 0.0), (1500, 0.0)), "no earlier weight in 13 months: WT-LOSS"),
        (weights("a", (1500, 0.0), (1700, 0.0)), "no height from 2 years, so no BMI: BMI-BELOW-04"),
        (weights("a", (400, 0.0), (500, 0.0)), "no birth or early weight: NG75-FALL"),
        (weights("a", (400, 0.0), gestation=UNKNOWN), "gestation not known: as if born at term"),
    ],
)
def test_what_could_not_be_assessed_is_said(rows, said) -> None:
    assert said in check(rows).children["not_assessed"][0]


def test_where_all_could_be_assessed_nothing_is_said() -> None:
    heights = [at("a", day, "height", 0.0) for day in (1500, 1700)]
    rows = [*weights("a", (0, 0.0), (1500, 0.0), (1700, 0.0)), *heights]
    assert list(check(rows, rules="ncmp").children["not_assessed"]) == [""]


def test_a_child_not_seen_for_a_year_was_not_assessed_since() -> None:
    """Last measured on day 1700 after 1 March 2010, which is 26 October 2014."""
    heights = [at("a", day, "height", 0.0) for day in (1500, 1700)]
    rows = [*weights("a", (0, 0.0), (1500, 0.0), (1700, 0.0)), *heights]
    said = [
        check(rows, rules="ncmp", as_of=BORN + 1700 + days).children["not_assessed"][0]
        for days in (365, 366)
    ]
    assert said == ["", "nothing measured since Oct 2014"]


def test_every_rule_is_asked_of_somebody_of_whom_something_is_lacking() -> None:
    """A rule that the page of what was not assessed knows nothing of could not be missed."""
    ages = (10, 30, 100, 800, 1300, 1600)
    alone = [check([at("a", age, name, 0.0)]) for age in ages for name in ("head", "weight")]
    said = "; ".join(done.children["not_assessed"][0] for done in alone)
    missed = [rule.id for rule in ruleset("uk").rules if rule.id not in said]
    assert missed == ["WT-LOSS-RATE", "WH-GAP"]  # these are about what is there


def test_no_headline_reads_as_reassurance() -> None:
    done = check(weights("a", (1500, 0.0), (1700, 0.0)))
    assert "no reassurance" in done.children["headline"][0]


# ---- one child


def test_one_child_can_be_taken_out() -> None:
    rows = [*falling("a", -1.5, gestation=270.0), at("a", 1600, "height", 0.0), *falling("b", -0.7)]
    done = check(rows)
    child = done.child("a")
    assert (child.child_id, child.sex, child.gestation_days) == ("a", "female", 270.0)
    assert child.birth_date == BORN
    assert set(child.scored["child_id"]) == {"a"}
    assert child.scored["age_days"].is_monotonic_increasing
    assert set(child.findings["child_id"]) == {"a"}
    with pytest.raises(UsageError, match="no record has that identifier; found 2 children"):
        done.child("c")


def test_no_message_names_a_child() -> None:
    with pytest.raises(UsageError) as said:
        check(falling("0012345", -1.5)).child("0099999")
    assert "0099999" not in str(said.value)
    assert "0012345" not in str(said.value)


def test_an_unknown_gestation_stays_unknown() -> None:
    assert np.isnan(check(falling("a", -1.5, gestation=UNKNOWN)).child("a").gestation_days)


# ---- options and provenance


def test_provenance_travels() -> None:
    done = check(falling("a", -1.5), correction="paper", as_of="2020-01-01")
    made = done.provenance
    assert (made.correction, made.rules, made.as_of) == ("paper", "uk", "2020-01-01")
    assert made.reference_sha256 == reference().sha256
    assert len(made.rules_sha256) == 64
    assert made.reference == reference().title


def test_ages_alone_have_no_date_of_knowledge() -> None:
    rows = [replace(row, born=None) for row in falling("a", -1.5)]
    assert check(rows, dated=False).provenance.as_of == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"correction": "papre"}, "correction: found 'papre'"),
        ({"rules": "ku"}, "rules: found 'ku'"),
        ({"unknown_gestation": "guess"}, "unknown gestation: found 'guess'"),
    ],
)
def test_an_option_that_means_nothing_is_refused(options, said) -> None:
    with pytest.raises(UsageError, match=said):
        check(falling("a", -1.5), **options)


def test_the_clock_says_only_what_is_in_the_future() -> None:
    today = np.datetime64("today", "D")
    past, future = (replace(falling("a", -1.5)[0], measured=today + day) for day in (0, 1))
    for row, fate in ((past, "scored"), (future, "unscored")):
        done = checks.check(records([replace(row, born=today - 1500)]))
        assert list(done.scored["fate"]) == [fate]


def test_as_of_replays_what_was_known_then() -> None:
    """A month before the fall was seen there was none; the day of it there was."""
    rows = falling("a", -1.5)
    assert check(rows, as_of=BORN + 1799).findings.empty
    assert set(check(rows, as_of=BORN + 1800).findings["state"]) == {"new"}


def test_stepping_through_time_opens_each_finding_when_the_whole_says_it_opened() -> None:
    """No finding is opened by what came later: early weights are compared with those before."""
    early = weights("a", (20, 0.0), (35, -1.5), (50, 0.4), (90, 0.0), (300, -1.4), (400, -2.2))
    school = weights("b", (1500, 0.0), (1700, -0.8), (1800, 0.3), (1900, -0.9), (2100, -2.8))
    rows = [*early, *school]
    whole = check(rows).findings
    for row in whole.itertuples():
        then = check(rows, as_of=row.opened_on).findings
        mine = then[(then["child_id"] == row.child_id) & (then["rule"] == row.rule)]
        assert row.opened_on in set(mine["opened_on"]), row.rule
        assert row.from_date in set(mine["from_date"]) or pd.isna(row.from_date)
        before = check(rows, as_of=row.opened_on - pd.Timedelta(days=1)).findings
        mine = before[(before["child_id"] == row.child_id) & (before["rule"] == row.rule)]
        assert row.opened_on not in set(mine["opened_on"])


# ---- conservation


def test_a_value_that_is_lost_stops_the_run() -> None:
    """The law of conservation is checked on every run: here the source says it had one more."""
    whole = records(falling("a", -1.5))
    short = replace(whole, sources=(replace(whole.sources[0], values=3),))
    with pytest.raises(CentilesError, match="do not add up to the values read"):
        checks.check(short, today="2040-01-01")


def test_fates_are_told_for_each_source() -> None:
    rows = [
        Row("a", 1500, "weight", 16.0, source="a.csv"),
        Row("a", 1500, "weight", 16.1, source="b.csv"),
        Row("a", 1500, "head", 0.0, source="b.csv"),
        Row("a", 1500, "weight", UNKNOWN, source="b.csv", contact="seen"),
    ]
    fates = check(rows).fates
    assert list(fates.index) == ["a.csv", "b.csv"]
    assert list(fates["scored"]) == [1, 0]
    assert list(fates["merged"]) == [0, 1]
    assert list(fates["unscored"]) == [0, 1]
    assert list(fates["values_read"]) == [1, 2]


def test_the_sources_of_a_child_are_told() -> None:
    rows = [*falling("a", -0.7, source="a.csv"), at("a", 1900, "weight", -0.7, source="b.csv")]
    rows += falling("b", 0.0, source="b.csv")
    done = check(rows)
    told = dict(zip(done.children["child_id"], done.children["sources"], strict=True))
    assert told == {"a": "a.csv; b.csv", "b": "b.csv"}


# ---- size


def test_ten_thousand_rows_of_one_child() -> None:
    chance = np.random.default_rng(2)
    ages = chance.integers(1500, 7000, 10_000)
    kilograms = 20 + (ages - 1500) / 140 + chance.normal(0, 0.1, 10_000)
    pairs = zip(ages, kilograms, strict=True)
    rows = [Row("a", int(age), "weight", float(kg)) for age, kg in pairs]
    done = check(rows)
    assert done.fates["values_read"].sum() == 10_000
    assert len(done.children) == 1


def test_a_weight_leads_the_findings_of_a_child_before_a_bmi_that_fell_further() -> None:
    """Weight falls by 2.5 z, BMI by more: both urgent, and the scales are what was read."""
    rows = [
        at("a", age, measure, z)
        for age, weight in ((1830, 0.0), (2130, -2.5))
        for measure, z in (("weight", weight), ("height", 0.0))
    ]
    found = check(rows).findings
    graded = found[found["severity"] == "urgent"]
    assert graded["measure"].iloc[0] == "weight"
    bmi = graded[graded["measure"] == "bmi"]
    assert bmi["spaces"].max() > graded["spaces"].iloc[0]


def test_a_first_weight_that_the_later_fell_from_is_not_doubted_for_its_digits() -> None:
    """18.4 kg with its digits turned is 14.8, close to the 15.1 of a year later: so is a fall."""
    rows = [Row("a", 1826, "weight", 18.4), Row("a", 2160, "weight", 15.1)]
    done = check(rows)
    assert not {"G31", "G32", "G33"} & set(done.problems["code"].astype(str))
    assert done.children["block"].iloc[0] == "urgent"
