"""Rules as data: the shipped set, a service's own, and what is wrong with one told together."""

from __future__ import annotations

import hashlib
from importlib import resources

import pytest

from centiles.errors import UsageError
from centiles.lms import SPACE
from centiles.monitoring.described import line_words
from centiles.monitoring.rulesets import SHIPPED, ruleset
from centiles.monitoring.schema import SEVERITIES
from tests.cohorts import BORN, at, check, finding

IDS = [
    "NEO-LOSS10", "NEO-NOT-REGAINED", "NG75-FALL", "NG75-WT2", "WT-SUSTAINED-2", "COND-GAIN",
    "WT-FALL-1Y", "WT-FALL-3Y", "BMI-FALL-1Y", "WT-LOSS", "WT-LOSS-RATE", "WT-STATIC",
    "SLOW-DRIFT", "TRAJECTORY", "WT-BELOW-04", "HT-BELOW-04", "HT-BELOW-2", "BMI-BELOW-04",
    "BMI-BELOW-2", "BMI-PCT-MEDIAN", "HT-FALL-2", "HT-FALL-1", "MPH-2", "MPH-3", "WH-GAP",
    "HEAD-BELOW-2", "HEAD-BELOW-04", "HEAD-RISE-1", "HEAD-RISE-2", "HEAD-FALL-2", "BMI-ABOVE-91",
    "BMI-ABOVE-98", "BMI-ABOVE-996", "WT-RISE-2", "BMI-RISE-2",
]  # fmt: skip
PROJECT = {
    "WT-FALL-1Y", "WT-FALL-3Y", "BMI-FALL-1Y", "WT-LOSS", "WT-STATIC", "SLOW-DRIFT", "TRAJECTORY",
    "HEAD-FALL-2", "WT-RISE-2", "BMI-RISE-2",
}  # fmt: skip

OWN = """
name = "ours"
title = "Our rules"

[see_by]
urgent = { working_days = 1 }
act = { days = 7 }
watch = { days = 30 }
info = { days = 90 }

[reweigh]
steps = [[0, 3], [365.25, 60]]

[[rule]]
id = "OUR-FALL"
kind = "fall"
measure = "weight"
ages = [4, 18]
within_days = 200
guidance = "Ask us."
[[rule.level]]
severity = "watch"
at_least = 0.5
[[rule.level]]
severity = "act"
at_least = 1
when = ["sustained"]

[[rule]]
id = "OUR-LEVEL"
kind = "level"
measure = "height"
below = -3.0
[[rule.level]]
severity = "info"
"""


def own(folder, text=OWN):
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def faults(folder, text):
    with pytest.raises(UsageError) as said:
        ruleset(own(folder, text))
    return str(said.value)


def test_the_shipped_set() -> None:
    rules = ruleset("uk")
    assert [rule.id for rule in rules.rules] == IDS
    content = (resources.files("centiles.monitoring") / "uk.toml").read_bytes()
    assert rules.sha256 == hashlib.sha256(content).hexdigest()
    for rule in rules.rules:
        severities = [SEVERITIES.index(level.severity) for level in rule.levels]
        assert severities == sorted(severities), rule.id
        assert rule.definition
        assert rule.source
        assert rule.guidance
        assert all(rule.base_rate[level.severity] for level in rule.levels)


def test_project_rules_are_those_that_are_not_national_guidance() -> None:
    project = {rule.id for rule in ruleset("uk").rules if rule.project}
    assert project == PROJECT


def test_amounts_are_spaces_for_falls_and_per_cent_for_losses() -> None:
    rules = ruleset("uk")
    assert [level.amount for level in rules.rule("WT-FALL-1Y").levels] == pytest.approx(
        [SPACE, 1.5 * SPACE, 2 * SPACE]
    )
    assert [(level.amount, level.older) for level in rules.rule("WT-LOSS").levels] == [
        (2, 5), (5, 7.5), (10, 10),
    ]  # fmt: skip
    assert rules.rule("WT-LOSS").recovery == 2.0
    assert rules.rule("HT-FALL-2").recovery == pytest.approx(SPACE / 3)


def test_a_service_can_have_its_own(tmp_path) -> None:
    rules = ruleset(own(tmp_path))
    assert (rules.name, rules.title, [rule.id for rule in rules.rules]) == (
        "ours", "Our rules", ["OUR-FALL", "OUR-LEVEL"],
    )  # fmt: skip
    assert rules.rule("OUR-FALL").project  # unless it says otherwise
    rows = [at("a", 1500, "weight", 0.0), at("a", 1600, "weight", -0.5)]
    rows += [at("a", 1600, "height", -3.1)]
    done = check(rows, rules=own(tmp_path))
    assert dict(zip(done.findings["rule"], done.findings["severity"], strict=True)) == {
        "OUR-FALL": "watch", "OUR-LEVEL": "info",
    }  # fmt: skip
    fall = finding(done, "OUR-FALL")
    assert (fall.see_by - fall.to_date).days == 30
    assert (fall.reweigh_from - fall.to_date).days == 60
    assert done.provenance.rules == "ours"
    assert done.provenance.rules_sha256 == rules.sha256
    assert check(rows[:2], rules=own(tmp_path)).findings["rule"].tolist() == ["OUR-FALL"]


@pytest.mark.parametrize(("day", "found"), [(2921, True), (2922, False)])
def test_from_a_birthday_on_a_level_may_ask_more(tmp_path, day, found) -> None:
    """8 years are 2,922 days. A fall of 0.5 z is 0.75 spaces."""
    text = OWN.replace("within_days = 200", "within_days = 200\nolder_from = 8")
    for amount in ("0.5", "1"):
        text = text.replace(f"at_least = {amount}\n", f"at_least = {amount}\nolder = 2\n")
    rows = [at("a", day - 100, "weight", 0.0), at("a", day, "weight", -0.5)]
    assert (len(check(rows, rules=own(tmp_path, text)).findings) == 1) == found


@pytest.mark.parametrize(
    ("ages", "opened"),
    [
        ((2000, 2181), None),
        ((2000, 2182), 2182),
        ((2000, 2366), 2366),
        ((2000, 2367), None),
        ((2000, 2100, 2200, 2500), 2200),
        ((2000, 2100, 2410), 2410),  # 310 days after the second
    ],
)
def test_a_level_may_ask_to_be_met_again_in_6_to_12_months(tmp_path, ages, opened) -> None:
    """It is a finding from the later of the two on."""
    text = OWN.replace(
        'severity = "info"\n', 'severity = "info"\nwhen = ["again_6_to_12_months_later"]\n'
    )
    rows = [at("a", age, "height", -3.2) for age in ages]
    found = check(rows, rules=own(tmp_path, text)).findings["opened_on"]
    assert [*(found.to_numpy() - BORN).astype("timedelta64[D]").astype(int)] == (
        [] if opened is None else [opened]
    )


def test_a_level_that_is_no_line_is_worded_by_its_z(tmp_path) -> None:
    done = check([at("a", 1600, "height", -3.1)], rules=own(tmp_path))
    assert finding(done, "OUR-LEVEL").sentence.startswith("height is below z −3.00, at z −3.10")


def test_a_copy_of_the_shipped_set_is_a_set(tmp_path) -> None:
    text = (resources.files("centiles.monitoring") / "uk.toml").read_text(encoding="utf-8")
    assert ruleset(own(tmp_path, text)).rules == ruleset("uk").rules


def test_all_faults_are_told_together(tmp_path) -> None:
    text = OWN.replace('kind = "fall"', 'kind = "drop"').replace('"sustained"', '"sustaind"')
    text = text.replace('measure = "height"', 'measure = "girth"')
    text = text.replace('severity = "info"', 'severity = "mild"')
    text = text.replace("act = { days = 7 }\n", "")
    text = text.replace("steps = [[0, 3], [365.25, 60]]", "")
    text = text.replace('guidance = "Ask us."', 'guidence = "Ask us."')
    said = faults(tmp_path, text)
    for fault in (
        "OUR-FALL: kind is 'drop', expected one of fall, rise, level, median",
        "OUR-FALL: does not know the condition 'sustaind'",
        "OUR-FALL: does not know 'guidence'",
        "OUR-LEVEL: measure is 'girth', expected one of weight, height, bmi, head",
        "OUR-LEVEL: severity is 'mild', expected one of info, watch, act, urgent",
        "[see_by] lacks act",
        "[reweigh] lacks steps",
        "The shipped uk.toml shows the form",
    ):
        assert fault in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "OUR-FALL"\n', "", "a rule without id: expected an id"),
        ("below = -3.0\n", "", "OUR-LEVEL: a level rule needs below"),
        ("below = -3.0", 'below = "low"', "OUR-LEVEL: below is 'low', expected a number"),
        ('"OUR-LEVEL"', '"OUR-FALL"', "OUR-FALL: is there twice"),
        ("at_least = 0.5\n", "", "OUR-FALL: a level needs at_least or above"),
        ("at_least = 0.5", "at_least = 2", "OUR-FALL: no level may need less than the first"),
        ("at_least = 0.5", "least = 0.5", "OUR-FALL: a level does not know 'least'"),
        ("within_days = 200", 'within_days = "long"', "within_days is 'long', expected a number"),
        ("within_days = 200", "within_days = true", "within_days is True, expected a number"),
        ("ages = [4, 18]", "ages = 4", "OUR-FALL: ages is 4, expected two ages"),
        ('kind = "fall"', 'kind = "fall"\ncomparator = "brith"', "comparator is 'brith'"),
        ('kind = "fall"', 'kind = "fall"\ncomparator = "birth"', "needs three bands"),
        ('kind = "fall"', 'kind = "rate"', "OUR-FALL: a rate rule needs gap_days"),
        ('measure = "height"', "measure = 1", "OUR-LEVEL: measure is 1, expected words"),
        ("at_least = 0.5", "at_least = 0.5\nsee_by = 7", "see_by is 7, expected days or working"),
        ('kind = "fall"', 'kind = "fall"\nbands = 3', "bands is 3, expected pairs of numbers"),
        ('when = ["sustained"]', 'when = "sustaned"', "does not know the condition 'sustaned'"),
        ("{ days = 30 }", "30", "[see_by] watch is 30, expected days or working_days"),
        ("{ days = 30 }", "{ weeks = 4 }", "[see_by] watch is {'weeks': 4}"),
        ("[[0, 3], [365.25, 60]]", "[[7, 3]]", "[reweigh] lacks steps"),
        ("[[0, 3], [365.25, 60]]", "[0, 3]", "[reweigh] lacks steps"),
    ],
)
def test_each_fault_is_told(tmp_path, old, new, said) -> None:
    assert old in OWN
    assert said in faults(tmp_path, OWN.replace(old, new, 1))


def test_a_rule_without_a_level_and_a_file_without_a_rule(tmp_path) -> None:
    head, _, _ = OWN.partition("[[rule.level]]")
    assert "OUR-FALL: no [[rule.level]]" in faults(tmp_path, head)
    empty = tmp_path / "empty"
    empty.mkdir()
    said = faults(empty, "")
    assert "no [[rule]]" in said
    assert all(f"[see_by] lacks {word}" in said for word in SEVERITIES)


def test_what_is_no_rule_set_at_all(tmp_path) -> None:
    with pytest.raises(UsageError, match=r"found 'ku', expected one of uk, .* or a \.toml file"):
        ruleset("ku")
    with pytest.raises(UsageError, match="expected a TOML file"):
        ruleset(str(tmp_path / "none.toml"))
    with pytest.raises(UsageError, match="not readable TOML"):
        ruleset(own(tmp_path, "[[rule"))
    with pytest.raises(UsageError, match="expected one of NEO-LOSS10"):
        ruleset("uk").rule("WT-RISE")


EXTENDING = """
extends = "uk"
name = "ours"
title = "Ours"
without = ["WT-RISE-2"]

[see_by]
act = { days = 7 }

[[rule]]
id = "WT-FALL-1Y"
kind = "fall"
measure = ["weight", "bmi"]
ages = ["4 years", 18]
from_age = 4
within_days = 200
[[rule.level]]
severity = "act"
at_least = 3

[[rule]]
id = "OUR-RULE"
kind = "level"
measure = "bmi"
above_centile = 95
leaves_to = ["BMI-ABOVE-98"]
[[rule.level]]
severity = "info"
"""


def test_a_set_can_start_from_a_shipped_one(tmp_path) -> None:
    """Its own rules take the places of those they replace; the others come after."""
    rules, uk = ruleset(own(tmp_path, EXTENDING)), ruleset("uk")
    ids = [rule.id for rule in rules.rules]
    assert ids == [*(code for code in IDS if code != "WT-RISE-2"), "OUR-RULE"]
    assert rules.rule("WT-FALL-1Y").measures == ("weight", "bmi")
    assert rules.rule("WT-FALL-3Y") == uk.rule("WT-FALL-3Y")
    assert rules.see_by == {**uk.see_by, "act": {"days": 7}}
    assert rules.reweigh == uk.reweigh
    assert rules.sha256 != uk.sha256
    assert rules.rule("OUR-RULE").above == pytest.approx(1.644854, abs=1e-6)


@pytest.mark.parametrize(
    ("centile", "z", "words"),
    [("95", 1.6449, "95th"), ("3", -1.8808, "3rd"), ("11", -1.2265, "11th"), ("52", 0.0502, "52nd"),
     ("21", -0.8064, "21st"), ("95.5", 1.6954, "95.5th")],
)  # fmt: skip
def test_a_level_at_an_exact_centile_is_called_by_it(tmp_path, centile, z, words) -> None:
    """z from tables of the normal distribution."""
    path = own(tmp_path, EXTENDING.replace("above_centile = 95", f"above_centile = {centile}"))
    done = check([at("a", 2000, "bmi", z + 0.01)], rules=path)
    begin = f"BMI is above the {words} centile, at z {z + 0.01:.2f}".replace("-", "−")
    assert finding(done, "OUR-RULE").sentence.startswith(begin)
    assert f"the exact centile {centile}" in line_words(ruleset(path).rule("OUR-RULE").above)


def test_findings_of_a_rule_in_two_measures_stand_apart(tmp_path) -> None:
    rows = [at("a", age, name, z) for name in ("weight", "bmi")
            for age, z in ((1500, 0.0), (1600, -2.1))]  # fmt: skip
    done = check(rows, rules=own(tmp_path, EXTENDING))
    mine = done.findings[done.findings["rule"] == "WT-FALL-1Y"]
    assert sorted(mine["measure"]) == ["bmi", "weight"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('extends = "uk"', 'extends = "ku"', "extends is 'ku', expected one of uk, nice-ng75"),
        ('extends = "uk"\n', "", "without is for a set that extends another"),
        ('["WT-RISE-2"]', '["WT-RIES-2"]', "without names 'WT-RIES-2', which is no rule of uk"),
        ('["BMI-ABOVE-98"]', '["BMI-ABOVE-89"]', "leaves_to names 'BMI-ABOVE-89'"),
        ('"4 years"', '"4 yaers"', "ages is '4 yaers', expected years, or words such as '6 weeks'"),
        ("above_centile = 95\n", "", "a level rule needs below or above"),
        ("within_days = 200", "below = -2", "WT-FALL-1Y: does not know 'below'"),
        ("at_least = 3", "at_least = 3\n[[rule.level]]\nseverity = 'act'\nabove = 4",
         "its levels say at_least and above"),
        ('title = "Ours"', 'titel = "Ours"', "the file: does not know 'titel'"),
    ],
)  # fmt: skip
def test_each_fault_of_one_that_starts_from_another(tmp_path, old, new, said) -> None:
    assert old in EXTENDING
    assert said in faults(tmp_path, EXTENDING.replace(old, new, 1))


CONTACTS = """
extends = "uk"

[[contact]]
id = "NOT-SINCE"
severity = { watch = "act" }
guidance = "Ask the school."
[contact.numbers]
months = 6
rounds = { "reception" = 4 }

[[contact]]
id = "OVERWEIGHED"
off = true

[[contact]]
id = "BASELINE-MISSING"
[contact.numbers]
events = ["eating"]

[[contact]]
id = "MISSED"
[contact.numbers]
unplanned = ["casualty"]
"""


def test_a_set_can_change_contact_rules(tmp_path) -> None:
    """What is not said stays, growth rules too; the hash of the contact rules is another."""
    ours, uk = ruleset(own(tmp_path, CONTACTS)), ruleset("uk")
    assert ours.rules == uk.rules
    changed, shipped = ours.contacts.contacts["NOT-SINCE"], uk.contacts.contacts["NOT-SINCE"]
    assert changed.numbers == {**shipped.numbers, "months": 6, "rounds": {"reception": 4}}
    assert (changed.graded, changed.guidance) == ({"watch": "act"}, "Ask the school.")
    assert changed.said == shipped.said
    assert ours.contacts.off == {"OVERWEIGHED"}
    assert ours.contacts.contacts["BASELINE-MISSING"].numbers["events"] == ["eating"]
    assert ours.contacts.contacts["MISSED"].numbers["unplanned"] == ["casualty"]
    assert ours.contacts.contacts["OVERDUE"] == uk.contacts.contacts["OVERDUE"]
    assert ours.contacts.sha256 != uk.contacts.sha256


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'id = "NOT-SINCE"',
            'id = "NOT-SINC"',
            "[[contact]] id is 'NOT-SINC', expected one of MISSED",
        ),
        ('id = "OVERWEIGHED"', 'id = "NOT-SINCE"', "NOT-SINCE: is there twice"),
        ('watch = "act"', 'wach = "act"', "severity has 'wach', expected some of info, watch"),
        ('watch = "act"', 'watch = "atc"', "severity is 'atc', expected one of info, watch, act"),
        ('{ watch = "act" }', '"atc"', "severity is 'atc', expected one of info, watch, act"),
        ("months = 6", "month = 6", "NOT-SINCE: has no number 'month', expected some of months"),
        ("months = 6", "months = 0", "NOT-SINCE: months is 0, expected a number above 0"),
        ("months = 6", "months = '6'", "NOT-SINCE: months is '6', expected a number above 0"),
        ('"reception" = 4', '"reception" = 4.5', "expected names of rounds and the age in years"),
        ("months = 6", "round_ends = [2, 30]", "round_ends is [2, 30], expected a month and a day"),
        (
            "[contact.numbers]\nmonths = 6",
            "numbers = 6",
            "NOT-SINCE: numbers is 6, expected a table",
        ),
        ('["eating"]', '["eatin"]', "events is ['eatin'], expected a list of some of injury"),
        ('["casualty"]', '"casualty"', "unplanned is 'casualty', expected a list of words"),
        ("off = true", "off = 1", "OVERWEIGHED: off is 1, expected true or false"),
        ("off = true", "of = true", "OVERWEIGHED: does not know 'of'"),
        (
            'extends = "uk"',
            'extends = "uk"\nwithout = "MISSED"',
            "say off = true in its [[contact]]",
        ),
    ],
)
def test_each_fault_of_a_changed_contact_rule(tmp_path, old, new, said) -> None:
    assert old in CONTACTS
    assert said in faults(tmp_path, CONTACTS.replace(old, new, 1))


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_set_is_whole(name) -> None:
    for rule in ruleset(name).rules:
        assert rule.title, rule.id
        assert rule.definition, rule.id
        assert rule.source, rule.id
        assert rule.guidance, rule.id
        assert all(rule.base_rate[level.severity] for level in rule.levels)
