"""What contacts and records lack: each contact rule where it holds, and where it just does not."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from centiles import demo
from centiles.commands import app
from centiles.errors import UsageError
from tests.examples import examples
from tests.visits import BORN, ONE_RULE, Visit, checked, contacts, day, event

LATER = Visit("z", 3600, weight=0.0, height=0.0)  # somebody, so that the records go on


def until(age: int) -> dict[str, object]:
    """Return the option of a last date of knowledge."""
    return {"as_of": day(age)}


# ---- MISSED


@pytest.mark.parametrize(
    ("visit", "found"),
    [
        (Visit("a", 800, contact="review"), "watch"),
        (Visit("a", 800, reason="no scales"), "watch"),
        (Visit("a", 800), "watch"),  # a row, and nothing in it
        (Visit("a", 800, weight=0.0, contact="review"), "watch"),  # no height
        (Visit("a", 800, height=0.0, contact="review"), "watch"),  # no weight
        (Visit("a", 800, weight=0.0, height=0.0, contact="review"), ""),
        (Visit("a", 731, weight=0.0, contact="review"), "watch"),  # 2 years old
        (Visit("a", 730, weight=0.0, contact="review"), ""),  # a day before
        (Visit("a", 730, weight=0.0), ""),
        (Visit("a", 731, weight=0.0), "info"),  # unplanned, weight only
        (Visit("a", 731, height=0.0), ""),  # unplanned, height only
        (Visit("a", 731, weight=0.0, contact="Emergency"), "info"),
        (Visit("a", 731, contact="Emergency", reason="unwell"), "watch"),
    ],
)
def test_missed(visit: Visit, found: str) -> None:
    done = checked([visit, LATER])
    assert contacts(done, "MISSED") == ([("a", found, day(visit.age))] if found else [])
    assert "a" not in set(done.findings["child_id"])


def test_several_rows_of_a_day_are_one_contact() -> None:
    parts = [
        Visit("a", 800, weight=0.0, contact="review"),
        Visit("a", 800, height=0.0, contact="review"),
        Visit("b", 800, weight=0.0),
        Visit("b", 800, reason="no stadiometer"),
    ]
    done = checked(parts)
    assert contacts(done, "MISSED") == [("b", "watch", day(800))]
    assert "No height at the contact on" in done.contacts["sentence"][0]
    assert "(no stadiometer)" in done.contacts["sentence"][0]


def test_what_was_missed_and_made_good_says_when() -> None:
    visits = [
        Visit("a", 800, contact="review"),
        Visit("a", 820, weight=0.0),
        Visit("a", 850, height=0.0),
    ]
    sentence, due = (checked(visits).contacts.loc[0, name] for name in ("sentence", "see_by"))
    assert sentence.endswith("taken on 10 Jul 2020.")  # 13 March 2018 and 850 days
    assert pd.isna(due)
    still = checked(visits[:2]).contacts
    assert still["sentence"][0].endswith("not taken since.")
    assert still["see_by"][0] == pd.Timestamp(BORN + 800 + 56)  # watch: 8 weeks


def test_an_appointment_ahead_or_not_yet_recorded_is_no_contact() -> None:
    visits = [
        Visit("a", 700, weight=0.0, height=0.0),
        Visit("a", 900, contact="review"),
        Visit("a", 710, contact="review", recorded=900),
    ]
    assert contacts(checked(visits, options=until(800)), "MISSED") == []
    assert len(contacts(checked(visits, options=until(900)), "MISSED")) == 2


def test_a_value_that_cannot_be_is_none() -> None:
    row = Visit("a", 800, height=0.0, contact="review")
    done = checked([row, Visit("a", 800, reason="999"), LATER])
    assert contacts(done, "MISSED") == [("a", "watch", day(800))]


# ---- NOT-SINCE


@pytest.mark.parametrize(
    ("last", "now", "found"),
    [
        (500, 865, False),  # 365 days
        (500, 866, True),  # 12 months are 365.25
        (1400, 1826, True),  # 4 y 11 m: a day before the fifth birthday, which is 1826.25 d
        (1400, 1827, False),
    ],
)
def test_not_since_under_5(last: int, now: int, *, found: bool) -> None:
    visits = [Visit("a", last, weight=0.0, height=0.0), LATER]
    done = checked(visits, options=until(now))
    wanted = [("a", "watch", day(last))] if found else []
    assert [each for each in contacts(done, "NOT-SINCE") if each[1] == "watch"] == wanted


@pytest.mark.parametrize(("fell", "found"), [(-0.6, False), (-0.7, True)])
def test_not_since_with_an_open_finding(fell: float, *, found: bool) -> None:
    """A fall of a space (⅔ z) is a watch finding; a smaller one is none."""
    visits = [Visit("a", age, weight=z, height=0.0) for age, z in ((2400, 0.0), (2700, fell))]
    for now, there in ((3065, False), (3066, found)):
        done = checked([*visits, LATER], options=until(now))
        mine = [each for each in contacts(done, "NOT-SINCE") if each[1] == "watch"]
        assert mine == ([("a", "watch", day(2700))] if there else [])


def test_a_finding_that_lapsed_only_unseen_was_open_at_the_last_measurement() -> None:
    visits = [Visit("a", age, weight=z, height=0.0) for age, z in ((2000, 0.0), (2300, -1.5))]
    done = checked([*visits, Visit("z", 4000, weight=0.0)], options=until(3700))
    assert set(done.findings.loc[done.findings["child_id"] == "a", "state"]) == {"lapsed"}
    assert contacts(done, "NOT-SINCE") == [("a", "watch", day(2300))]


def school(*visits: tuple[int, bool, bool], now: str, born: str) -> list[tuple[str, str, str]]:
    """Return the NOT-SINCE findings of a child with visits at some ages, by a day."""
    seen = [
        Visit("a", age, weight=0.0 if w else None, height=0.0 if h else None, born=born)
        for age, w, h in visits
    ]
    done = checked([*seen, Visit("z", 6000, weight=0.0)], options={"as_of": now})
    return [each for each in contacts(done, "NOT-SINCE") if each[0] == "a"]


def test_not_since_a_programme_round() -> None:
    """Born 13 May 2015: reception from September 2019 to July 2020, aged 4 on 31 August 2019."""
    born = "2015-05-13"
    early = (1400, True, True)  # March 2019, before it
    missed = [("a", "info", "2020-07-31")]
    assert school(early, (1800, False, True), now="2020-08-13", born=born) == missed
    assert school(early, (1800, False, True), now="2020-07-31", born=born) == []  # still on
    assert school(early, (1800, True, True), now="2020-08-13", born=born) == []
    assert (
        school(early, (1800, True, False), (1810, False, True), now="2021-01-13", born=born) == []
    )
    # Made good a year later: no more.
    assert school(early, (2200, True, True), now="2021-08-13", born=born) == []


def test_a_whole_school_between_rounds_is_left_alone() -> None:
    """Measured at reception, and nothing due before year 6, which ends in July 2026."""
    born = "2015-05-13"
    for now, found in (("2026-07-31", []), ("2026-08-01", [("a", "info", "2026-07-31")])):
        assert school((1800, True, True), now=now, born=born) == found


def test_school_years_turn_on_the_first_of_september() -> None:
    """Born on 31 August a child starts, and is missed, a year before one born the next day."""
    for born, ends in (("2015-08-31", "2020-07-31"), ("2015-09-01", "2021-07-31")):
        missed = school((1600, True, False), now="2020-08-01", born=born)
        assert missed == ([("a", "info", ends)] if born == "2015-08-31" else [])


# ---- OVERDUE


def falling(child: str, fell: float, **others: object) -> list[Visit]:
    """Return a child seen at 2400 and 2700 days, whose weight fell; its height did not."""
    return [
        Visit(child, age, weight=z, height=0.0, **others)  # type: ignore[arg-type]
        for age, z in ((2400, 0.0), (2700, fell))
    ]


@pytest.mark.parametrize(
    ("fell", "now", "level"),
    [
        (-0.7, 2756, ""),  # watch: by 56 days later, today
        (-0.7, 2757, "watch"),
        (-0.7, 2812, "watch"),
        (-0.7, 2813, "act"),  # a second 8 weeks later
        (-1.1, 2714, ""),  # act: 14 days
        (-1.1, 2715, "act"),
        (-1.1, 2728, "act"),
        (-1.1, 2729, "urgent"),
    ],
)
def test_overdue(fell: float, now: int, level: str) -> None:
    done = checked([*falling("a", fell), LATER], options=until(now))
    assert [each[1] for each in contacts(done, "OVERDUE")] == ([level] if level else [])
    assert "a" not in set(done.contacts.loc[done.contacts["rule"] != "OVERDUE", "child_id"])


def test_overdue_by_a_later_day_lists_what_will_have_come() -> None:
    for due, found in ((2755, []), (2756, ["watch"]), (2811, ["watch"]), (2812, ["act"])):
        options = {"as_of": day(2700), "due_by": day(due)}
        done = checked([*falling("a", -0.7), LATER], options=options)
        assert [each[1] for each in contacts(done, "OVERDUE")] == found
    assert "to be seen by" in done.contacts["sentence"][0]
    with pytest.raises(UsageError, match=r"due by: found .*, expected the last date of knowledge"):
        checked(falling("a", -0.7), options={"as_of": day(2700), "due_by": day(2699)})


def test_one_overdue_a_child_the_gravest() -> None:
    done = checked([*falling("a", -3.0), LATER], options={**until(3000), "rules": "uk"})
    (row,) = done.contacts[done.contacts["rule"] == "OVERDUE"].itertuples()
    assert row.severity == "urgent"
    assert "more: was to be seen by" in row.sentence


# ---- BASELINE-MISSING


@pytest.mark.parametrize("kind", ["feeding concern", "eating", "neglect", "child protection"])
@pytest.mark.parametrize(
    ("weighed", "measured", "now", "lacking"),
    [
        (990, 990, 1013, None),  # 13 days
        (900, 900, 1014, "No height and no weight"),
        (986, 986, 1014, None),  # 14 days before the event
        (985, 986, 1014, "No weight"),
        (1005, 985, 1014, "No height"),
        (1040, 1040, 1060, None),  # late, and there
    ],
)
def test_baseline_missing(
    kind: str, weighed: int, measured: int, now: int, lacking: str | None
) -> None:
    visits = [Visit("a", weighed, weight=0.0), Visit("a", measured, height=0.0), LATER]
    done = checked(
        visits, options={**until(now), "sensitive": True}, events=[event("a", 1000, kind)]
    )
    mine = done.contacts[done.contacts["rule"] == "BASELINE-MISSING"]
    assert mine["severity"].tolist() == ([] if lacking is None else ["act"])
    if lacking:
        assert mine["sentence"].iloc[0].startswith(f"{lacking} since the ")
        assert mine["see_by"].iloc[0] == pd.Timestamp(BORN + 1000 + 14 + 14)


def test_other_events_ask_for_no_baseline() -> None:
    done = checked([Visit("a", 500, weight=0.0), LATER], events=[event("a", 1000, "injury")])
    assert contacts(done, "BASELINE-MISSING") == []


def test_a_sensitive_event_is_not_told_of_unless_asked() -> None:
    visits, events = [Visit("a", 500, weight=0.0), LATER], [event("a", 1000, "neglect")]
    told = {}
    for sensitive in (False, True):
        done = checked(visits, options={"sensitive": sensitive}, events=events)
        (told[sensitive],) = done.contacts[done.contacts["rule"] == "BASELINE-MISSING"].itertuples()
    assert "neglect" in told[True].sentence
    assert told[True].date == pd.Timestamp(BORN + 1000)
    assert told[False].sentence == (
        "No height and no weight: a baseline is due (other information held)."
    )
    assert pd.isna(told[False].date)
    assert pd.isna(told[False].see_by)


# ---- HEIGHT-MISSING


@pytest.mark.parametrize(
    ("height", "now", "found"),
    [
        (2400, 2729, False),
        (2400, 2730, True),
        (2669, 2730, True),
        (2670, 2730, False),  # 30 days before it opened
        (2725, 2730, False),
    ],
)
def test_height_missing(height: int, now: int, *, found: bool) -> None:
    visits = [Visit("a", age, weight=z) for age, z in ((2400, 0.0), (2700, -0.7))]
    done = checked([*visits, Visit("a", height, height=0.0), LATER], options=until(now))
    wanted = [("a", "watch", day(2700))] if found else []
    assert contacts(done, "HEIGHT-MISSING") == wanted


# ---- OVERWEIGHED


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (20, 21, False),  # daily under a month
        (31, 37, True),
        (31, 38, False),
        (183, 196, True),
        (183, 197, False),
        (366, 395, True),
        (366, 396, False),
        (1800, 1826, True),
        (1800, 1827, False),  # past 5 years
    ],
)
def test_overweighed(first: int, second: int, *, found: bool) -> None:
    visits = [Visit("a", first, weight=0.0), Visit("a", second, weight=0.0)]
    wanted = [("a", "info", day(second))] if found else []
    assert contacts(checked(visits), "OVERWEIGHED") == wanted


def test_the_sentence_of_the_last_of_several() -> None:
    """Born on 13 March 2018, weighed after 6 and 5 days; 42 days are 24 April."""
    visits = [Visit("a", age, weight=0.0) for age in (31, 37, 42)]
    (said,) = checked(visits).contacts.query("rule == 'OVERWEIGHED'")["sentence"]
    assert said == (
        "Weighed twice closer together than NICE NG75 advises for the age; last on 24 Apr 2018, "
        "5 days after the one before."
    )


# ---- the list as a whole


# ---- a service's own


def test_a_service_can_change_them(tmp_path: Path) -> None:
    """Six months for twelve, act for watch; and what it has no use for is not said."""
    changed = """
[[contact]]
id = "NOT-SINCE"
severity = { watch = "act" }
[contact.numbers]
months = 6
under_years = 4

[[contact]]
id = "MISSED"
off = true

[[contact]]
id = "OVERDUE"
off = true
"""
    ours = tmp_path / "ours.toml"
    ours.write_text(Path(ONE_RULE).read_text(encoding="utf-8") + changed, encoding="utf-8")
    visits = [
        Visit("a", 500, weight=0.0, height=0.0), Visit("b", 500, weight=0.0, contact="review"),
        Visit("c", 1500, weight=0.0, height=0.0), Visit("c", 1800, weight=-2.0, height=0.0),
        Visit("d", 1100, weight=0.0, contact="review"), LATER,
    ]  # fmt: skip
    usual = checked(visits, options=until(700))
    assert contacts(usual, "NOT-SINCE") == []
    done = checked(visits, options={**until(700), "rules": str(ours)})
    assert contacts(done, "NOT-SINCE") == [("a", "act", day(500)), ("b", "act", day(500))]
    # 6 months and a day after 500; act is to be seen in 14 days from then
    mine = done.contacts[done.contacts["rule"] == "NOT-SINCE"]
    assert set(mine["see_by"].dt.strftime("%Y-%m-%d")) == {day(500 + 183 + 14)}
    assert done.provenance.contacts_sha256 != usual.provenance.contacts_sha256
    usual, done = (
        checked(visits, options={**until(2000), **more}) for more in ({}, {"rules": str(ours)})
    )
    for rule in ("MISSED", "OVERDUE"):
        assert contacts(usual, rule) != []
        assert contacts(done, rule) == []


def test_a_sentence_says_the_number_that_was_used(tmp_path: Path) -> None:
    ours = tmp_path / "ours.toml"
    changed = '\n[[contact]]\nid = "BASELINE-MISSING"\nnumbers = { days = 7 }\n'
    ours.write_text(Path(ONE_RULE).read_text(encoding="utf-8") + changed, encoding="utf-8")
    visits = [Visit("a", 1000, weight=0.0, height=0.0), LATER]
    done = checked(
        visits, events=[event("a", 1100, "feeding")], options={**until(1108), "rules": str(ours)}
    )
    (said,) = done.contacts.loc[done.contacts["rule"] == "BASELINE-MISSING", "sentence"]
    assert said.endswith("a baseline is due within 7 days.")


def test_contact_findings_set_nobodys_level() -> None:
    done = checked([Visit("a", 800, contact="review"), Visit("a", 801, weight=0.0)])
    assert set(done.contacts["rule"]) == {"MISSED"}
    assert list(done.children["level"]) == [""]
    assert list(done.children["rank"]) == [0]


def test_counts_by_team() -> None:
    visits = [
        Visit("a", 800, reason="No scales", team="Oak"),
        Visit("b", 800, reason="no scales", team="Oak"),
        Visit("c", 800, contact="review", team="Oak"),
        Visit("d", 800, weight=0.0, height=0.0, team="Oak"),
        Visit("d", 820, weight=0.0, team="Elm"),  # for itself: nobody asked for a height
    ]
    teams = checked(visits).teams.set_index("team")
    oak, elm = teams.loc["Oak"], teams.loc["Elm"]
    assert (oak["contacts"], oak["not_measured"], oak["missed"]) == (4, 3, 3)
    assert oak["reasons"] == "no scales (2); no reason given (1)"
    assert (elm["contacts"], elm["not_measured"], elm["missed"]) == (1, 0, 0)
    assert elm["reasons"] == ""


# ---- a plain reference: one child, one visit, one day after another


def days_of(visits: list[Visit], child: str, now: int) -> dict[int, list[Visit]]:
    """Return a child's rows by the day they are of."""
    days: dict[int, list[Visit]] = {}
    for each in visits:
        if each.child == child and each.age <= now:
            days.setdefault(each.age, []).append(each)
    return days


def missed_plainly(rows: list[Visit], age: int) -> str:
    """Return how a day's rows are missed: watch, info or not."""
    weight = any(row.weight is not None for row in rows)
    height = any(row.height is not None for row in rows)
    asked = any(row.reason or row.contact == "review" for row in rows)
    asked = asked or not (weight or height)
    if asked and (not weight or (age >= 731 and not height)):
        return "watch"
    return "info" if not asked and weight and age >= 731 and not height else ""


def close_plainly(weighed: list[int]) -> str:
    """Return the last day a child was weighed too soon after the one before, if there is one."""
    ceilings, last = ((365.25, 30), (182.625, 14), (30.4375, 7), (0, 1)), ""
    for before, after in itertools.pairwise(weighed):
        wait = next(wait for age, wait in ceilings if before >= age)
        last = day(after) if after <= 1826 and after - before < wait else last
    return last


def baseline_plainly(whens: list[int], now: int, *taken: list[int]) -> str:
    """Return the first concern 14 days ago or more without both, if there is one."""
    for when in sorted(whens):
        both = all(any(d >= when - 14 for d in days) for days in taken)
        if now >= when + 14 and not both:
            return day(when)
    return ""


def plainly(visits: list[Visit], concerns: list[tuple[str, int]], now: int) -> set[tuple[str, ...]]:
    """Return child, rule, severity and date of what a careful reader would list."""
    found = set()
    for child in {each.child for each in visits}:
        days = days_of(visits, child, now)
        weighed = sorted(d for d in days if any(r.weight is not None for r in days[d]))
        heights = sorted(d for d in days if any(r.height is not None for r in days[d]))
        found |= {(child, "MISSED", missed_plainly(rows, d), day(d)) for d, rows in days.items()}
        if now <= 1826 and (close := close_plainly(weighed)):
            found.add((child, "OVERWEIGHED", "info", close))
        last = max([*weighed, *heights], default=None)
        if days and now < 1826.25 and now - (last or 0) >= 365.25:
            found.add((child, "NOT-SINCE", "watch", "" if last is None else day(last)))
        whens = [when for who, when in concerns if who == child]
        if first := baseline_plainly(whens, now, weighed, heights):
            found.add((child, "BASELINE-MISSING", "act", first))
    return {each for each in found if each[2]}


VISITS = st.lists(
    st.builds(
        Visit,
        child=st.sampled_from("ab"),
        age=st.sampled_from([20, 25, 31, 37, 60, 366, 390, 396, 700, 730, 731, 745, 1096, 1500]),
        weight=st.sampled_from([None, 0.0]),
        height=st.sampled_from([None, 0.0]),
        reason=st.sampled_from(["", "", "no scales"]),
        contact=st.sampled_from(["", "", "review", "emergency"]),
    ),
    min_size=1,
    max_size=8,
)
CONCERNS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from([50, 380, 731, 759, 1000])), max_size=3
)


@examples(0.3)
@given(visits=VISITS, concerns=CONCERNS, now=st.sampled_from([400, 745, 1014, 1500, 1900]))
def test_the_list_is_what_a_careful_reader_would_make(
    visits: list[Visit], concerns: list[tuple[str, int]], now: int
) -> None:
    concerns = [each for each in concerns if each[0] in {v.child for v in visits}]
    told = [event(who, when, "feeding concern") for who, when in concerns]
    done = checked(
        [*visits, Visit("z", 4000, weight=0.0)], options=until(now),
        **({"events": told} if told else {}),
    )  # fmt: skip
    rules = ("MISSED", "OVERWEIGHED", "NOT-SINCE", "BASELINE-MISSING")
    found = {
        (child, rule, severity, date)
        for rule in rules
        for child, severity, date in contacts(done, rule)
        if child != "z" and not (rule == "NOT-SINCE" and severity == "info")
    }
    assert found == plainly(visits, concerns, now)


@examples(0.1)
@given(visits=VISITS, order=st.randoms(use_true_random=False))
def test_neither_order_nor_other_children_change_the_list(visits: list[Visit], order: Any) -> None:
    mixed = [*visits, Visit("z", 1600, weight=0.0)]
    order.shuffle(mixed)
    whole = checked([*visits, Visit("z", 1600, weight=0.0)]).contacts
    pd.testing.assert_frame_equal(whole, checked(mixed).contacts, check_categorical=False)
    mine = [each for each in visits if each.child == "a"]
    if mine:
        alone = checked(mine, options=until(1600)).contacts
        part = whole[whole["child_id"] == "a"].reset_index(drop=True)
        pd.testing.assert_frame_equal(part, alone, check_categorical=False)


# ---- by the command line


def test_no_sensitive_event_is_anywhere_without_asking(tmp_path: Path) -> None:
    """Neither its word nor its day, in any file or on the screen; with --sensitive its kind is."""
    exports = demo.write_exports(tmp_path / "exports")
    beside = demo.write_side_files(tmp_path / "beside")
    sides = [word for kind, path in beside.items() for word in (f"--{kind}", str(path))]
    said = {}
    for asked in ((), ("--sensitive",)):
        out = tmp_path / f"results{len(asked)}"
        words = ["check", *map(str, exports), *sides, "--out", str(out), "--json", *asked]
        ran = CliRunner().invoke(app, words)
        assert ran.exit_code == 0, ran.output
        texts = [path.read_text() for path in out.iterdir() if path.suffix in (".csv", ".json")]
        said[asked] = "\n".join([ran.output, *texts])
    events = demo.side_files()["events.csv"]
    sensitive = events[(events["sensitive"] != "no") & (events["type"].str.contains("Domestic"))]
    for word in (*sensitive["type"], *sensitive["date"], "seen in the emergency department"):
        assert word.lower() not in said[()].lower()
    assert "other information held" in said[()]
    assert "an event near a fall" not in said[()]
    assert "an event near a fall" in said[("--sensitive",)]


def test_the_overdue_list_to_the_end_of_term(tmp_path: Path) -> None:
    exports = demo.write_exports(tmp_path / "exports")
    lists = {}
    for due in ("2026-02-15", "2026-03-27"):
        words = ["check", *map(str, exports), "--out", str(tmp_path / due)]
        words += ["--as-of", "2026-02-15", "--due-by", due]
        ran = CliRunner().invoke(app, words)
        assert ran.exit_code == 0, ran.output
        found = pd.read_csv(tmp_path / due / "contacts.csv")
        lists[due] = set(found.loc[found["rule"] == "OVERDUE", "child_id"])
    assert lists["2026-02-15"] < lists["2026-03-27"]
    ran = CliRunner().invoke(app, [*words[:-1], "2026-01-01", "--force"])
    assert ran.exit_code != 0
