"""Build what the pages for people say of the code: rules, problems, columns, sign-off, output.

``docs/sign-off.md`` is written by both: the rule set says what is to be signed, people write owner,
date and status into the table. What they wrote is kept for as long as the wording they signed is
the same; a line whose wording has changed is open again. In ``README.md`` only the output shown is
made here.

``--image`` draws docs/images/fall.svg as well, with the command line, from the made-up cohort.

    python tools/build_docs.py            rewrite the pages
    python tools/build_docs.py --check    compare instead, and fail on any difference
    python tools/build_docs.py --image    and draw the picture of the front page
"""

from __future__ import annotations

import argparse
import inspect
import math
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from centiles import demo  # noqa: E402 - the checkout's own package
from centiles.ages import DAYS_IN_YEAR  # noqa: E402
from centiles.checks import Checked, check  # noqa: E402
from centiles.demo.stories import SERVICES  # noqa: E402
from centiles.lms import LINE_LABELS, LINE_Z, SPACE  # noqa: E402
from centiles.measures import Measure, Sex  # noqa: E402
from centiles.monitoring import conditions, episodes, rules  # noqa: E402
from centiles.monitoring.conditions import Conditions  # noqa: E402
from centiles.monitoring.rulesets import CONDITIONS, Level, Rule, RuleSet, ruleset  # noqa: E402
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

{rules}
## Weighing again

A finding says when another measurement tells something new.

{steps}
"""

SIGN_OFF = """\
<!-- Items and wording are written by tools/build_docs.py from centiles/monitoring/uk.toml. Owner,
     date and status are written by hand, and stay for as long as the wording does. -->

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


def number(amount: float) -> str:
    """Return a number in as few digits as it has, with a true minus."""
    return f"{amount:.4g}".replace("-", "−")


def counted(amount: float, unit: str) -> str:
    """Return an amount with its unit, one of it or many."""
    return f"{number(amount)} {unit}" + ("" if number(amount) == "1" or unit == "%" else "s")


def time_words(days: float) -> str:
    """Return days in the largest unit that says them: 13 months (396 days), 8 weeks, 1 day."""
    months = round(days / DAYS_IN_YEAR * 12)
    if months and abs(days - months * DAYS_IN_YEAR / 12) <= 1:
        exact = f" ({number(days)} days)" if float(days).is_integer() else ""
        return counted(months, "month") + exact
    weeks = days / 7
    return counted(weeks, "week") if days > 28 and weeks.is_integer() else counted(days, "day")


# --- rules ---------------------------------------------------------------------------------------


def asked() -> Mapping[str, str]:
    """Return what each condition asks, in the words beside the code that decides it."""
    said = {name: str(inspect.getdoc(getattr(Conditions, name))) for name in CONDITIONS}
    return {name: uncapitalised(words.rstrip(".")) for name, words in said.items()}


def uncapitalised(text: str) -> str:
    """Return a sentence as part of another: its first word small, unless it is an initialism."""
    first = text.split()[0]
    return text if len(first) > 1 and first.isupper() else text[0].lower() + text[1:]


def ages_words(rule: Rule) -> str:
    """Return the ages at which a rule speaks."""
    low, high = (bound / DAYS_IN_YEAR for bound in rule.ages)
    end = f"to under {counted(high, 'year')}" if high <= 20 else "on"
    if math.isfinite(rule.from_day):
        return f"from {counted(rule.from_day, 'day')} after birth {end}"
    return (
        f"all {end}".replace("all on", "all ages")
        if low < 0
        else f"from {counted(low, 'year')} {end}"
    )


def earlier_words(rule: Rule) -> str:
    """Return what the newest value is compared with."""
    if rule.comparator == "birth":
        return "the child’s starting weight (see above)"
    if rule.kind == "level":
        return "shown beside it: the highest z of the last 36 months, carried over joins"
    what = "highest value" if rule.kind == "loss" else "highest z, carried over joins"
    said = f"the {what}, of the last {time_words(rule.within_days)}"
    if rule.gap_days:
        said += f", at least {counted(rule.gap_days, 'day')} before"
    if math.isfinite(rule.from_age):
        said += f", at {counted(rule.from_age / DAYS_IN_YEAR, 'year')} or older"
    return said


def line_words(z: float) -> str:
    """Return a z with the centile line it is, if it is one."""
    names = [label for label, line in zip(LINE_LABELS, LINE_Z, strict=True) if abs(line - z) < 1e-9]
    return f"z {number(z)}" + (f", the {names[0]} line" if names else "")


def band_words(rule: Rule, level: Level) -> str:
    """Return the amount a rule asks for by bands of the starting weight."""
    beyond = level.beyond / SPACE
    edges = [edge for edge, _ in rule.bands]
    names = [
        dict(zip([round(z, 6) for z in LINE_Z], LINE_LABELS, strict=True)).get(round(e, 6))
        for e in edges
    ]
    where = [f"born below the {names[0]}", f"from there to the {names[1]}", "above"]
    parts = [
        f"{counted(spaces + beyond, 'space')} ({place})"
        for (_, spaces), place in zip(rule.bands, where, strict=True)
    ]
    return "falls by " + ", ".join(parts)


def amount_words(rule: Rule, level: Level) -> str:
    """Return the amount a tier asks for."""
    if rule.kind == "level":
        return f"below {line_words(-level.amount)}"
    if rule.bands:
        return band_words(rule, level)
    if rule.kind == "loss":
        said = f"lower by more than {counted(level.amount, '%')}"
        if level.older != level.amount:
            older = counted(rule.older_from / DAYS_IN_YEAR, "year")
            said += f" (from {older} {counted(level.older, '%')})"
        return said
    spaces = level.amount / SPACE
    size = f"{counted(spaces, 'space')} ({number(level.amount)} z)"
    return f"falls by more than {size}" if level.strict else f"falls by {size} or more"


def wait_words(wait: Mapping[str, int]) -> str:
    """Return how soon a finding is to be seen."""
    if "working_days" in wait:
        return counted(wait["working_days"], "working day")
    return time_words(float(wait["days"])) if wait.get("days") else "the same day"


def tier_rows(known: RuleSet, rule: Rule) -> list[tuple[str, str, str, str, str]]:
    """Return a row for each tier: severity, amount, conditions, to be seen within, how often."""
    asks = asked()
    return [
        (
            level.severity,
            amount_words(rule, level),
            "; ".join(asks[word] for word in level.when) or "–",
            wait_words(level.see_by or known.see_by[level.severity]),
            rule.base_rate.get(level.severity) or "–",
        )
        for level in rule.levels
    ]


def rule_text(known: RuleSet, rule: Rule) -> str:
    """Return the section of one rule."""
    kind = "project rule (**P**): not national guidance" if rule.project else "national guidance"
    recovery = "2 percentage points" if rule.kind == "loss" else "⅓ of a space"
    about = [
        ("Met when", rule.definition),
        ("Measure", Measure(rule.measure).label),
        ("Ages", ages_words(rule)),
        ("Compared with", earlier_words(rule)),
        ("Source", rule.source),
        ("Standing", kind),
        ("Recovering", f"{recovery} better than where it is first met"),
        ("What next", rule.guidance),
    ]
    mark = " (P)" if rule.project else ""
    tiers = table(("severity", "amount", "and", "see within", "how often"), tier_rows(known, rule))
    title = f"{rule.title[0].upper()}{rule.title[1:]}."
    return "\n\n".join((f"## {rule.id}{mark}", title, table(("", ""), about), tiers)) + "\n"


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
        steps=steps,
    )


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
        items.append((f"{rule.id}{mark}, ages", ages_words(rule)))
        if rule.kind != "level" and rule.comparator != "birth":
            items.append((f"{rule.id}{mark}, compared with", earlier_words(rule)))
    items += [
        (f"weighing again, from {time_words(age)}", time_words(wait)) for age, wait in known.reweigh
    ]
    return items + shared_items()


def shared_items() -> list[tuple[str, str]]:
    """Return the numbers that rules and states share, which stand in code."""
    girls, boys = (conditions.PUBERTY_YEARS[sex] for sex in (Sex.FEMALE, Sex.MALE))
    young, older = episodes.SUSTAINED_AFTER_DAYS
    beyond = number(rules.LOSS_BEYOND_ERROR)
    guard = time_words(float(conditions.JOIN_GUARD_DAYS))
    return [
        ("pubertal window", f"girls {girls[0]} to {girls[1]}, boys {boys[0]} to {boys[1]} years"),
        ("conditional gain below that of 5 %", f"under {number(conditions.GAIN_5_PERCENT)}"),
        ("a loss beyond measurement error", f"more than {beyond}·√2 standard deviations of one"),
        ("a level rule first met after a change of tables is watch", f"within {guard}"),
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
        checked = check(read([written[service] for service in SERVICES]))
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


# --- the picture ---------------------------------------------------------------------------------


def draw_fall() -> None:
    """Draw the front page's chart as a user would: a made-up child whose weight falls."""
    target = DOCS / "images" / "fall.svg"
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        exports = list(map(str, demo.write_exports(scratch)))
        child = ["--child", demo.story_ids()["sliding"], "--name", "A made-up boy"]
        shown = ["--measure", "weight", "-o", str(target), "--force"]
        command = [sys.executable, str(ROOT / "cli.py"), "chart", *exports, *child, *shown]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    target.chmod(0o644)  # a chart is its owner's only; this one is everybody's


PAGES: dict[str, Callable[[], str]] = {
    "docs/rules.md": rules_page,
    "docs/sign-off.md": sign_off_page,
    "docs/problems.md": problems_page,
    "docs/columns.md": columns_page,
    "README.md": front_page,
}


def main(arguments: list[str] | None = None) -> int:
    """Write the pages and the image, or compare them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument("--image", action="store_true", help="draw docs/images/fall.svg as well")
    options: Any = parser.parse_args(arguments)
    differing = []
    for name, page in PAGES.items():
        path, text = ROOT / name, page()
        if options.check:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                differing.append(name)
        else:
            path.write_text(text, encoding="utf-8", newline="\n")
    if options.image and not options.check:
        draw_fall()
    if differing:
        sys.stderr.write(f"out of date: {', '.join(differing)}. Run python tools/build_docs.py\n")
    return int(bool(differing))


if __name__ == "__main__":
    raise SystemExit(main())
