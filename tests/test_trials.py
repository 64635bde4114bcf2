"""The check stepped over the past: new findings a term, as known then."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from centiles.checks.profiles import profile_of
from centiles.checks.trials import steps_of, term_of, trial
from centiles.commands import app
from centiles.errors import UsageError
from centiles.records import columns
from centiles.reports.trials import trial_lines
from tests.visits import ONE_RULE, TODAY, Visit, records

BORN = "2017-05-13"


def visit(child: str, date: str, z: float, *, recorded: str | None = None) -> Visit:
    """Return a weight on a date."""

    def age(text: str) -> int:
        return int((np.datetime64(text) - np.datetime64(BORN)).astype(int))

    late = None if recorded is None else age(recorded)
    return Visit(child, age(date), weight=z, born=BORN, recorded=late)


VISITS = [
    *(visit(child, "2023-03-13", 0.0) for child in "abcde"),
    visit("a", "2023-12-13", -0.7),  # autumn: watch
    visit("a", "2024-02-13", -1.1),  # spring: act
    visit("b", "2024-02-20", -1.6),  # spring: urgent at once
    visit("c", "2024-02-20", -0.7, recorded="2024-04-13"),  # known in summer
    visit("d", "2023-08-13", -0.7),  # open before it begins
    visit("e", "2024-05-13", 0.0),
]


def table(first: str = "2023-09-01", last: str = "2024-07-31") -> pd.DataFrame:
    profile = profile_of(rules=ONE_RULE, today=TODAY)
    return trial(records(VISITS), profile, np.datetime64(first, "D"), np.datetime64(last, "D"))


def plain(found: pd.DataFrame) -> list[tuple[str, str, int, int, int]]:
    rows = found[(found["rule"] != "any") & (found["list"] == "growth")]
    return [(str(r.term), str(r.severity), r.new, r.risen, r.children) for r in rows.itertuples()]


def test_new_findings_and_risen_ones_by_term() -> None:
    found = table()
    assert plain(found) == [
        ("autumn 2023", "watch", 1, 0, 1),
        ("spring 2024", "urgent", 1, 0, 1),
        ("spring 2024", "act", 0, 1, 1),
        ("summer 2024", "watch", 1, 0, 1),
    ]
    assert list(found.columns) == [column.name for column in columns.TRIAL]
    assert set(found["known"]) == {5}
    assert set(found.loc[found["list"] == "growth", "per_1000"]) == {200.0}


def test_what_was_open_before_the_first_day_is_not_new() -> None:
    assert plain(table("2023-08-01"))[0] == ("summer 2023", "watch", 1, 0, 1)
    assert "summer 2023" not in {row[0] for row in plain(table("2023-08-14"))}


def test_a_finding_counts_when_it_was_recorded_and_not_when_it_was_measured() -> None:
    before = plain(table(last="2024-03-31"))
    assert [row for row in before if row[0] == "summer 2024"] == []
    assert plain(table())[-1][0] == "summer 2024"


def test_children_are_counted_once_at_their_highest() -> None:
    every = table()
    any_ = every[(every["rule"] == "any") & (every["list"] == "growth")]
    assert any_.groupby("term", observed=True, sort=False)["children"].sum().tolist() == [1, 2, 1]


def test_contact_findings_are_counted_apart() -> None:
    """Of weights without a height each is missed by itself; what is overdue is so once."""
    rows = table()
    rows = rows[(rows["list"] == "contacts") & (rows["rule"] != "any")]
    found = [(str(r.term), str(r.rule), str(r.severity), r.new) for r in rows.itertuples()]
    assert ("autumn 2023", "MISSED", "info", 1) in found  # a, 13 Dec; those of March are no news
    assert ("spring 2024", "MISSED", "info", 2) in found  # a and b; of c nobody knows yet
    assert ("summer 2024", "MISSED", "info", 2) in found  # c, recorded late, and e
    # Act is to be seen in 14 days, a’s of 13 Feb; urgent in 2 working days, b’s of 20 Feb.
    assert ("spring 2024", "OVERDUE", "act", 1) in found
    assert ("spring 2024", "OVERDUE", "urgent", 1) in found
    lines = "\n".join(trial_lines(table()))
    assert "contacts of" in lines


def test_days_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(UsageError, match="expected a first day and a later last one"):
        steps_of(np.datetime64("2024-02-01"), np.datetime64("2024-01-31"))
    with pytest.raises(UsageError, match="at most 50 years apart"):
        steps_of(np.datetime64("1900-02-01"), np.datetime64("2024-01-31"))


@pytest.mark.parametrize(
    ("day", "term"),
    [
        ("2024-08-31", "summer 2024"), ("2024-09-01", "autumn 2024"), ("2024-12-31", "autumn 2024"),
        ("2025-01-01", "spring 2025"), ("2025-03-31", "spring 2025"), ("2025-04-01", "summer 2025"),
    ],
)  # fmt: skip
def test_terms(day: str, term: str) -> None:
    assert term_of(np.datetime64(day)) == term


def test_nothing_new_is_said_so() -> None:
    assert trial_lines(table("2026-01-01", "2026-02-01")) == ["No new finding in this time."]


def test_by_the_command_line(tmp_path: Path) -> None:
    made = records(VISITS).frame
    export = tmp_path / "visits.csv"
    rows = made[["child_id", "sex", "birth_date", "measured_on", "recorded_on", "value"]]
    rows.rename(columns={"value": "weight_kg"}).to_csv(export, index=False)
    words = ["trial", export, "--from", "2023-09-01", "--to", "2024-07-31", "--rules", ONE_RULE]
    ran = CliRunner().invoke(app, [*map(str, words), "--out", str(tmp_path / "trial.csv")])
    assert ran.exit_code == 0, ran.output
    assert "autumn 2023: 5 children known" in ran.output
    assert "WT-FALL-1Y" in ran.output
    assert not [child for child in ("2023-03-13", BORN) if child in ran.output]
    kept = pd.read_csv(tmp_path / "trial.csv")
    assert kept["rule"].tolist().count("WT-FALL-1Y") == 4
    again = CliRunner().invoke(app, [*map(str, words), "--out", str(tmp_path / "trial.csv")])
    assert again.exit_code != 0  # not written over
