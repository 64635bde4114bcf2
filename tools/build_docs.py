"""Build what the pages for people say of the code: rules, problems, columns, sign-off, output.

``docs/sign-off.md`` is written by both: the rule set says what is to be signed, people write owner,
date and status into the table. What they wrote is kept for as long as the wording they signed is
the same; a line whose wording has changed is open again. In ``README.md`` only the output shown is
made here.

    python tools/build_docs.py            rewrite the pages
    python tools/build_docs.py --check    compare instead, and fail on any difference
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from centiles import demo  # noqa: E402 - the checkout's own package
from centiles.checks import Checked, check  # noqa: E402
from centiles.demo.stories import SERVICES  # noqa: E402
from centiles.measures import Sex  # noqa: E402
from centiles.monitoring import (  # noqa: E402
    approval,
    conditions,
    described,
    episodes,
    gaps,
    joins,
    losses,
    rules,
)
from centiles.monitoring.contact_rules import contact_rules  # noqa: E402
from centiles.monitoring.described import number, time_words  # noqa: E402
from centiles.monitoring.rates import said_of  # noqa: E402
from centiles.monitoring.rulesets import SHIPPED, ruleset  # noqa: E402
from centiles.monitoring.schema import (  # noqa: E402
    KINDS,
    ContactRule,
    Raise,
    Rule,
    RuleSet,
)
from centiles.monitoring.wording import wait_words  # noqa: E402
from centiles.records import columns, read  # noqa: E402
from centiles.reports.summary import summary_lines  # noqa: E402

DOCS = ROOT / "docs"
FAMILIES = {
    "F": "File",
    "D": "Dates",
    "G": "Values",
    "P": "People",
    "C": "Change over time",
}
OPEN = ("to be named", "–", "open")
# What each table of columns is, and the file it is written to.
TABLES = {
    "CHILDREN": ("children.csv", "The worklist: one row a child, in the order to look at them."),
    "FINDINGS": ("findings.csv", "One row a finding, in the order of their children."),
    "CONTACTS": (
        "contacts.csv",
        "What contacts and records lack: a list of its own, which sets no child's level.",
    ),
    "TEAMS": (
        "teams.csv",
        "One row a team: the contacts it had, those without a measurement, what its children lack.",
    ),
    "TRIAL": (
        "the --out of centiles trial",
        "What the check would have raised over the past: a row a term, severity and rule.",
    ),
    "SCORED": (
        "scored.csv or scored.parquet",
        "One row a value or contact, in the order they were read; computed values (BMI) follow.",
    ),
    "PROBLEMS": ("problems.csv", "One row a problem: where it is, what it is, what to do."),
    "CHILDREN_FILE": (
        "in Python: `checked.sides.children`",
        "The children file as it was read, see [side files](side-files.md).",
    ),
    "EVENTS_FILE": ("in Python: `checked.sides.events`", "The events file as it was read."),
    "ACTIONS_FILE": ("in Python: `checked.sides.actions`", "The actions file as it was read."),
    "RECORDS": (
        "in Python: `records.frame`",
        "What was read, before anything is scored: one row a value or contact.",
    ),
}


RULES = """\
<!-- Written by tools/build_docs.py: edit centiles/monitoring/uk.toml, not this. -->

# Rules

The set `{known.name}`: {known.title}. **P** marks a project rule: not national
guidance. No rule is clinically approved yet: [sign-off](sign-off.md).

Falls are in centile spaces (⅔ z), carried over joins. Ages are those of the newer value, corrected
under the run's correction; the lower bound is included and the upper is not. A finding has the
highest severity whose amount and conditions all hold for its newest value; how it begins, lasts and
ends is told in [decision 5](decisions/0005-fixed-start-of-a-finding.md).

{marks}

## Growth rules

{rules}
## Weighing again

A finding says when another measurement tells something new.

{steps}

## Other sets

Chosen with `--rules NAME`. A service’s own set is a TOML file of the same form: a copy of a shipped
one, or one that starts from it and says only what differs. Its own rules replace those of the same
id, others are added, and those of `without` are left out; all that is wrong with a file is told
together.

```toml
extends = "uk"
name = "our-service"
without = ["WT-RISE-2", "BMI-RISE-2"]

[see_by]
act = {{ days = 7 }}

[[rule]]
id = "WT-FALL-1Y"
kind = "fall"
measure = "weight"
title = "weight fallen within a year"
definition = "weight z at least 1 centile space below the highest of the last 13 months"
source = "our pathway"
ages = [4, 18]
from_age = 4
within_days = 396
guidance = "Send it to the weekly meeting."
[[rule.level]]
severity = "act"
at_least = 1

[[contact]]
id = "NOT-SINCE"
severity = {{ watch = "act" }}
[contact.numbers]
months = 9

[[contact]]
id = "OVERWEIGHED"
off = true
```

A `[[contact]]` changes a contact rule of that id: its numbers (each rule below lists them), what
its severities become (`severity`, one word for all of them, or a table), its `title`,
`definition` and `guidance`; with `off = true` it is not listed. What is not said stays.

{others}
## Contact rules

What contacts and records lack. These stand in `contacts.csv`, a list of their own, counted by team
in `teams.csv`; they never set a child's level.

{contacts}

## Raises

What raises a finding by one level, worked out once from levels as the rules gave them; `raised_by`
lists what did. Only open downward findings of watch or above are raised, and none made by a
doubtful or disputed value or by a change of tables ([decision 11](decisions/0011-raises.md)).

{raises}

A finding that exists on the merged timeline and on no single source's is marked
`cross_service`; among children of one level and size it comes first.
"""

SIGN_OFF = """\
<!-- Items and wording are written by tools/build_docs.py from centiles/monitoring/uk.toml and
     contacts.toml. Owner, date and status (open, or approved) are written by hand, and stay for as
     long as the wording does. -->

# Sign-off

Every cut-off, age, window and interval of the shipped rules, for a named clinician to approve or
change. While one is open, every result says “rules not clinically approved”. **P** marks project
rules, where the cut-off itself is ours; in the others the source gives the cut-off, and the
severity and the date are ours.

{items}
"""

PROBLEMS = """\
<!-- Written by tools/build_docs.py: edit centiles/records/problems.toml, not this. -->

# Problem codes

What can be wrong with a row. A problem never stops a run; it stands in `problems.csv` with its
file, row and column. **error**: cannot be used; **query**: used, and to be checked; **note**: to
know. A code is never used again for something else. `centiles explain CODE` says the same.
"""

COLUMNS = """\
<!-- Written by tools/build_docs.py: edit centiles/records/columns.py, not this. -->

# Columns

Every column of every table, in order. In CSV a date is YYYY-MM-DD and nothing is an empty cell;
`row` is the line in your own file, header counted.
"""


def table(header: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(text: str) -> str:
    """Return text as it may stand in a table."""
    return text.replace("|", "\\|")


# --- rules ---------------------------------------------------------------------------------------


def tier_rows(known: RuleSet, rule: Rule) -> list[tuple[str, str, str, str, str]]:
    """Return a row for each tier: severity, amount, conditions, to be seen within, how often."""
    return [
        (
            level.severity,
            described.amount_words(rule, level),
            "; ".join(map(described.condition_words, level.when)) or "–",
            wait_words(level.see_by or known.see_by[level.severity]),
            often(rule, level.severity),
        )
        for level in rule.levels
    ]


def often(rule: Rule, severity: str) -> str:
    """Return how often healthy children meet a tier, at each age it is known for."""
    found = said_of(rule, severity)
    if len(found) == 1:
        return found[0][2] or "–"
    return " ".join(f"{low:g} to {high:g} years: {said}" for low, high, said in found)


def rule_text(known: RuleSet, rule: Rule) -> str:
    """Return the section of one rule."""
    kind = "project rule (**P**): not national guidance" if rule.project else "national guidance"
    about = [
        ("Met when", rule.definition),
        ("Measure", described.measures_words(rule)),
        ("Ages", described.ages_words(rule)),
        ("Compared with", described.earlier_words(rule)),
        ("Source", rule.source),
        ("Standing", kind),
        ("Recovering", described.recovery_words(rule)),
        ("What next", rule.guidance),
    ]
    if rule.leaves_to:
        about.insert(-1, ("Not listed", f"while one of these is: {', '.join(rule.leaves_to)}"))
    mark = " (P)" if rule.project else ""
    tiers = table(("severity", "amount", "and", "see within", "how often"), tier_rows(known, rule))
    title = f"{rule.title[0].upper()}{rule.title[1:]}."
    return "\n\n".join((f"### {rule.id}{mark}", title, table(("", ""), about), tiers)) + "\n"


def set_text(known: RuleSet) -> str:
    """Return the section of one of the other sets: a line a rule."""
    rows = [
        (
            rule.id,
            rule.definition,
            ", ".join(dict.fromkeys(level.severity for level in rule.levels)),
            rule.source,
        )
        for rule in known.rules
    ]
    shown = table(("rule", "met when", "severity", "source"), rows)
    return f"### `{known.name}`\n\n{known.title}.\n\n{shown}\n"


def rules_page() -> str:
    """Return the page of rules."""
    known = ruleset("uk")
    marks = "\n".join(
        f"- [{rule.id}](#{anchor(rule)}){' (P)' if rule.project else ''}: {rule.title}"
        for rule in known.rules
    )
    steps = table(
        ("from age", "not again before"),
        ((time_words(age), time_words(wait)) for age, wait in known.reweigh),
    )
    return RULES.format(
        known=known,
        marks=marks,
        rules="\n".join(rule_text(known, rule) for rule in known.rules),
        others="\n".join(set_text(ruleset(name)) for name in SHIPPED if name != known.name),
        steps=steps,
        contacts="\n\n".join(map(contact_text, contact_rules().contacts.values())),
        raises="\n\n".join(map(raise_text, contact_rules().raises.values())),
    )


def contact_text(rule: ContactRule) -> str:
    """Return the section of one contact rule."""
    about = [
        ("Met when", rule.definition),
        ("Severity", ", ".join(rule.severities)),
        ("Numbers", ", ".join(f"`{key} = {toml(each)}`" for key, each in rule.numbers.items())),
        ("Source", rule.source),
        ("What next", rule.guidance),
    ]
    return f"### {rule.id}\n\n{capital(rule.title)}.\n\n{table(('', ''), about)}"


def toml(value: Any) -> str:
    """Return a number of a contact rule as its file has it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {each}" for key, each in value.items()) + " }"
    return json.dumps(value)


def raise_text(rule: Raise) -> str:
    """Return the section of one raise."""
    about = [("When", rule.definition), ("Source", rule.source)]
    return f"### {rule.id}\n\n{capital(rule.title)}.\n\n{table(('', ''), about)}"


def capital(text: str) -> str:
    """Return text as the beginning of a sentence."""
    return f"{text[0].upper()}{text[1:]}"


def anchor(rule: Rule) -> str:
    """Return where a rule's section is on its page."""
    return rule.id.lower() + ("-p" if rule.project else "")


# --- sign-off ------------------------------------------------------------------------------------


def sign_off_items() -> list[tuple[str, str]]:
    """Return everything a clinician has to sign: what it is, and what it says."""
    known = ruleset("uk")
    items = [(f"see by, {severity}", wait_words(wait)) for severity, wait in known.see_by.items()]
    for rule in known.rules:
        mark = " (P)" if rule.project else ""
        for severity, amount, also, within, _ in tier_rows(known, rule):
            said = amount if also == "–" else f"{amount}; {also}"
            items.append((f"{rule.id}{mark}, {severity}", said))
            if within != wait_words(known.see_by[severity]):
                items.append((f"{rule.id}{mark}, {severity}, see by", f"{within} ({also})"))
        items.append((f"{rule.id}{mark}, ages", described.ages_words(rule)))
        if KINDS[rule.kind].of_change and (rule.kind, rule.comparator) != ("fall", "birth"):
            items.append((f"{rule.id}{mark}, compared with", described.earlier_words(rule)))
        recovering = (f"{rule.id}{mark}, recovering", described.recovery_words(rule))
        items += [recovering] if rule.kind in ("rate", "static", "gain", "surprise", "gap") else []
    items += [
        (f"weighing again, from {time_words(age)}", time_words(wait)) for age, wait in known.reweigh
    ]
    return items + contact_items() + shared_items()


def contact_items() -> list[tuple[str, str]]:
    """Return what the contact rules and raises ask for."""
    known = contact_rules()
    return [
        (f"{each.id} (P), {' or '.join(each.severities)}", each.definition)
        for each in known.contacts.values()
    ] + [(f"raise {each.id} (P)", each.definition) for each in known.raises.values()]


def shared_items() -> list[tuple[str, str]]:
    """Return the numbers that rules and states share, which stand in code."""
    girls, boys = (conditions.PUBERTY_YEARS[sex] for sex in (Sex.FEMALE, Sex.MALE))
    young, older = episodes.SUSTAINED_AFTER_DAYS
    beyond = number(losses.LOSS_BEYOND_ERROR)
    guard = time_words(float(joins.JOIN_GUARD_DAYS))
    return [
        ("pubertal window", f"girls {girls[0]} to {girls[1]}, boys {boys[0]} to {boys[1]} years"),
        ("conditional gain below that of 5 %", f"under {number(conditions.GAIN_5_PERCENT)}"),
        ("a loss beyond measurement error", f"more than {beyond}·√2 standard deviations of one"),
        ("a level rule first met after a change of tables is watch", f"within {guard}"),
        (
            "a finding under this age of unknown gestation is one level lower",
            f"{rules.GESTATION_MATTERS_BELOW} days",
        ),
        ("no BMI near, for a gap of height and weight", f"within {gaps.BMI_WITHIN_DAYS} days"),
        ("sustained", f"after {young} days under 1 year, {older} days from then on"),
        ("closed", f"better for {episodes.CLOSED_AFTER_DAYS} days"),
        ("lapsed, past the rule’s ages", time_words(episodes.LAPSED_PAST_AGES_DAYS)),
        ("lapsed, not measured", time_words(episodes.LAPSED_UNSEEN_DAYS)),
    ]


def signed(page: str) -> dict[tuple[str, str], tuple[str, str, str]]:
    """Return owner, date and status of every line of the page as it is, by what was signed."""
    rows = (line.strip().strip("|").split(" | ") for line in page.splitlines() if "|" in line)
    cells = ([cell.strip() for cell in row] for row in rows if len(row) == 5)
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in cells}


def sign_off_page() -> str:
    """Return the page of what is to be signed, keeping what was signed and has not changed."""
    path = DOCS / "sign-off.md"
    known = signed(path.read_text(encoding="utf-8")) if path.exists() else {}
    rows = [(*item, *known.get(item, OPEN)) for item in sign_off_items()]
    items = table(("item", "what it says", "owner", "date", "status"), rows)
    return SIGN_OFF.format(items=items)


def sign_off_data() -> str:
    """Return the page as the table the package reads, with the hashes of what it is about."""
    rows = [(*key, *state) for key, state in signed(sign_off_page()).items() if key[0] != "item"]
    hashes = [
        (approval.RULES, ruleset("uk").sha256, "", "", ""),
        (approval.CONTACTS, contact_rules().sha256, "", "", ""),
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("item", "says", "owner", "date", "status"))
    writer.writerows([*hashes, *(row for row in rows if not row[0].startswith("---"))])
    return out.getvalue()


# --- problems and columns ------------------------------------------------------------------------


def problems_page() -> str:
    """Return the page of problem codes."""
    parts = [PROBLEMS]
    for letter, family in FAMILIES.items():
        rows = [
            (f"**{code}**", known.severity, known.reason, known.suggestion)
            for code, known in columns.PROBLEM_CODES.items()
            if code.startswith(letter)
        ]
        if rows:
            parts.append(f"\n## {family}\n\n{table(('code', '', 'found', 'what to do'), rows)}\n")
    return "".join(parts)


def columns_page() -> str:
    """Return the page of every table's columns."""
    declared = {
        name
        for name, known in vars(columns).items()
        if name.isupper()
        and isinstance(known, tuple)
        and known
        and isinstance(known[0], columns.Column)
    }
    if declared != set(TABLES):
        raise SystemExit(f"tables declared and described differ: {declared ^ set(TABLES)}")
    parts = [COLUMNS]
    for name, (where, about) in TABLES.items():
        rows = [(f"`{each.name}`", each.kind, each.meaning) for each in getattr(columns, name)]
        title = f"{name.lower()}: {where}"
        parts.append(
            f"\n## {title}\n\n{about}\n\n{table(('column', 'kind', 'what it says'), rows)}\n"
        )
    return "".join(parts)


# --- the front page ------------------------------------------------------------------------------


def front_page() -> str:
    """Return the front page with what a check of the made-up exports prints and finds."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch:
        written = {path.stem: path for path in demo.write_exports(scratch)}
        sides = demo.write_side_files(Path(scratch) / "beside")
        checked = check(read([written[service] for service in SERVICES], **sides))
    printed = "\n".join(["...", *summary_lines(checked), "results"])
    page = replaced(page, r"(?<=--out results\n).*?(?=\n```)", printed)
    return replaced(page, r"(?<=```text\n).*?(?=\n```)", first_of_worklist(checked))


def replaced(page: str, pattern: str, text: str) -> str:
    """Return a page with the one place that fits a pattern replaced."""
    made, count = re.subn(pattern, lambda _: text, page, flags=re.DOTALL)
    if count != 1:
        raise SystemExit(f"README.md: {count} places for {pattern!r}, expected one")
    return made


def first_of_worklist(checked: Checked) -> str:
    """Return the first row of the worklist, a column a line."""
    first = checked.children.iloc[0]
    shown = ("rank", "level", "child_id", "headline", "findings", "see_by", "sources")
    words = {name: str(first[name]) for name in shown} | {"see_by": f"{first['see_by']:%Y-%m-%d}"}
    return "\n".join(
        textwrap.fill(f"{name:<10}{said}", 98, subsequent_indent=" " * 10)
        for name, said in words.items()
    )


PAGES: dict[str, Callable[[], str]] = {
    "docs/rules.md": rules_page,
    "docs/sign-off.md": sign_off_page,
    "centiles/monitoring/sign_off.csv": sign_off_data,
    "docs/problems.md": problems_page,
    "docs/columns.md": columns_page,
    "README.md": front_page,
}


def main(arguments: list[str] | None = None) -> int:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options: Any = parser.parse_args(arguments)
    differing = []
    for name, page in PAGES.items():
        path, text = ROOT / name, page()
        if options.check:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                differing.append(name)
        else:
            path.write_text(text, encoding="utf-8", newline="\n")
    if differing:
        sys.stderr.write(f"out of date: {', '.join(differing)}. Run python tools/build_docs.py\n")
    return int(bool(differing))


if __name__ == "__main__":
    raise SystemExit(main())
