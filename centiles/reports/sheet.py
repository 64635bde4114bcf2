"""What the record and referral sheet of one child says, and the file of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from centiles.ages import DAYS_IN_YEAR, age_words, gestation_known
from centiles.charts.contents import chart_of
from centiles.charts.events import SENSITIVE_WARNING
from centiles.charts.flows import Block, Heading, Spill, Table, Tagged, Words
from centiles.charts.points import amount, numbers
from centiles.charts.sheets import TITLE, Sheet, pages
from centiles.charts.texts import capital, centile_words, plain
from centiles.charts.windows import chosen
from centiles.charts.words import SEX_WORDS, footer, sentence_of
from centiles.measures import Measure
from centiles.monitoring.contact_rules import OTHER_INFORMATION
from centiles.monitoring.wording import date_words
from centiles.records.sides import speaks_of_sensitive
from centiles.reports.histories import History, facts, histories, missing

if TYPE_CHECKING:
    from centiles.charts.contents import Chart
    from centiles.checks import Checked, Child

PROMPT: Final = (
    "Consider nutritional, medical and safeguarding explanations; follow your local pathway. This "
    "sheet is not a diagnosis, and no finding is no reassurance. The rules behind it are not "
    "clinically approved."
)
_LEAST_FINDINGS, _LEAST_GAPS = 3, 4  # on the first page, whatever else it holds
_ORDER: Final = ("urgent", "act", "watch", "info")
_PLACES: Final = {"ok": "", "check": "check", "doubtful": "doubtful", "impossible": "impossible"}


def sheet_of(
    checked: Checked,
    child_id: str,
    *,
    name: str | None = None,
    sensitive: bool = False,
    drawn_on: Any = None,
) -> Sheet:
    """Return what the sheet of one child says.

    Parameters
    ----------
    checked
        The records, checked.
    child_id
        Which child.
    name
        What it is called instead of its identifier; empty withholds it.
    sensitive
        Whether what a family should not see unadvised is said too, every page warning of it.
    drawn_on
        The date in the footer; the clock's where not given.

    Raises
    ------
    UsageError
        If no record has that identifier.
    """
    child = checked.child(child_id)
    about = checked.children[checked.children["child_id"] == child.child_id]
    not_assessed = str(about["not_assessed"].iloc[0]) if len(about) else ""
    found = histories(child)
    shown = child.child_id if name is None else name
    gaps = _missing(child, found, not_assessed, sensitive=sensitive)
    first: list[Block | Spill] = [
        Words(_who(child, sensitive=sensitive)),
        Heading("Then and now"),
        *(Tagged(_short(measure), h.then_and_now) for measure, h in found.items()),
        *([Words(facts(child, found))] if facts(child, found) else []),
        *([] if found else [Words(("Nothing that could be scored is recorded.",))]),
        Heading("Open findings"),
        *_findings(child, sensitive=sensitive),
        Heading("What is missing"),
        Spill(tuple(Words((gap,)) for gap in gaps), _LEAST_GAPS, "What else is missing"),
        Heading("Baseline"),
        _baseline(child),
        Words((PROMPT,), quiet=True),
    ]
    return Sheet(
        who="  ·  ".join(part for part in (plain(shown), _sex_and_birth(child)) if part),
        first=tuple(first),
        charts=_charts(child, sensitive=sensitive),
        last=(
            *_record(child),
            *_events(child, sensitive=sensitive),
            *_actions(child, sensitive=sensitive),
        ),
        footer=footer(child.provenance, drawn_on),
        sensitive=sensitive,
    )


def write_sheet(
    checked: Checked, child_id: str, path: str | Path, *, replace: bool = True, **asked: Any
) -> Path:
    """Write the sheet of one child as PDF and return its path.

    ``asked`` is as for :func:`sheet_of`.

    Raises
    ------
    UsageError
        If no record has that identifier, or the name does not end in ``.pdf``.
    UnwritableError
        If the file cannot be written, or is there already and ``replace`` is false.
    """
    from centiles.charts.files import pdf_of, stop_unless_pdf, write_files

    path = Path(path)
    stop_unless_pdf(path, "sheet")
    sheet = sheet_of(checked, child_id, **asked)
    warning = f"{SENSITIVE_WARNING}. " if sheet.sensitive else ""
    content = pdf_of(
        pages(sheet), f"{TITLE}: {sheet.who}", f"{warning}{TITLE}.", checked.provenance.version
    )
    return write_files({path: content}, replace=replace)[0]


def _short(measure: str) -> str:
    """Return a measure in one word."""
    return "BMI" if measure == Measure.BMI else capital(measure)


def _sex_and_birth(child: Child) -> str:
    sex = SEX_WORDS.get(str(child.sex), "sex not known")
    born = date_words(child.birth_date)
    return f"{sex}, born {born}" if born else sex


def _who(child: Child, *, sensitive: bool) -> tuple[str, ...]:
    """Return what is known of a child, as far as it may be said."""
    frame = child.scored
    said = []
    if gestation_known(child.gestation_days):
        weeks, days = divmod(int(child.gestation_days), 7)
        said.append(f"Born at {weeks}+{days} weeks of gestation.")
    if child.condition:
        said.append(f"Known condition: {plain(child.condition, 60)}.")
    sources = [str(source) for source in frame["source"].astype(object).unique() if source]
    if sources:
        said.append(f"From {len(sources)} source{'s' if len(sources) > 1 else ''}: ")
        said[-1] += ", ".join(plain(source, 40) for source in sources[:6]) + "."
    if child.provenance.as_of:
        as_of = date_words(np.datetime64(child.provenance.as_of))
        said.append(f"Nothing later than {as_of} is known here.")
    if sensitive and child.siblings:
        others = "another child" if child.siblings == 1 else f"{child.siblings} other children"
        said.append(f"These records hold {others} of the same household.")
    return (" ".join(said),) if said else ()


def _findings(child: Child, *, sensitive: bool) -> list[Block | Spill]:
    """Return the open findings, ranked as the worklist ranks them, with when to see."""
    frame = child.open_findings
    if not len(frame):
        return [Words(("None. No finding is no reassurance: see what is missing.",))]
    found: list[Tagged] = []
    for _, row in frame.iterrows():
        block = str(row["block"])
        tag = str(row["severity"]) if block in _ORDER or not block else block
        due = date_words(row["see_by"])
        mark = " (project rule)" if row["project_rule"] else ""
        said = capital(sentence_of(row, sensitive=sensitive))
        text = f"{said} {row['rule']}{mark}."
        found.append(Tagged(capital(tag), text, f"by {due}" if due else ""))
    again = frame.dropna(subset="reweigh_from").drop_duplicates(["measure", "reweigh_from"])
    said_again = [
        f"another {Measure(measure).label} from {date_words(on)}"
        for measure, on in zip(again["measure"], again["reweigh_from"], strict=True)
    ]
    more = f"Worth measuring again: {', '.join(said_again)}."
    listed = Spill(tuple(found), _LEAST_FINDINGS, "More open findings")
    return [listed, *([Words((more,), quiet=True)] if said_again else [])]


def _missing(
    child: Child, found: dict[Measure, History], not_assessed: str, *, sensitive: bool
) -> tuple[str, ...]:
    """Return what is not known of a child, and what contact rules found, a line each."""
    said = list(missing(child, found, not_assessed))
    for _, row in child.contacts.iterrows():
        text = str(row["sentence"])
        if sensitive or not speaks_of_sensitive(text):
            said.append(capital(text))
        else:
            said.append(f"{row['rule']}: {OTHER_INFORMATION}.")
    return tuple(dict.fromkeys(said)) or ("Nothing of what this sheet looks for.",)


def _baseline(child: Child) -> Table:
    """Return the measurements that later ones are compared with, and room for today's."""
    frame = child.scored
    values = frame[np.isfinite(numbers(frame, "z")) & (frame["fate"].astype(object) == "scored")]
    weights = values[values["measure"].astype(object) == Measure.WEIGHT]
    both = values.groupby("age_days")["measure"].agg(lambda m: {"weight", "height"} <= set(m))
    paired = [float(age) for age in both.index[both.to_numpy(dtype=bool)]]
    rows = {"Birth": 0.0} if (numbers(weights, "age_days") == 0).any() else {}
    worst = child.open_findings["from_age_days"].dropna()
    if len(worst):
        rows["Before the first finding"] = float(worst.iloc[0])
    if paired:
        rows["First weight and height"] = paired[0]
        rows["Newest weight and height"] = paired[-1]
    newest = float(values["age_days"].max()) if len(values) else np.nan
    if newest not in rows.values() and np.isfinite(newest):
        rows["Newest"] = newest
    seen: dict[float, str] = {}
    for label, age in rows.items():
        seen[age] = f"{seen[age]}; {label.lower()}" if age in seen else label
    table = [_visit(child, values, label, age) for age, label in sorted(seen.items())]
    blank = ("To be taken today", "", "", "", "", "", "by:")
    headers = ("", "Date", "Age", "Weight", "Height", "BMI", "Source")
    return Table(headers, (106, 52, 47, 66, 70, 78, 104), (*table, blank), by_hand=True)


def _visit(child: Child, values: pd.DataFrame, label: str, age: float) -> tuple[str, ...]:
    mine = values[values["age_days"] == age]
    date = next((date_words(d) for d in mine["measured_on"] if date_words(d)), "")
    said = {str(row["measure"]): row for _, row in mine.iterrows()}

    def cell(measure: Measure) -> str:
        row = said.get(str(measure))
        if row is None or (measure == Measure.BMI and age < 2 * DAYS_IN_YEAR):
            return "–"
        return f"{amount(float(row['value']), measure)}, {centile_words(float(row['z']))}"

    sources = ", ".join(dict.fromkeys(str(source) for source in mine["source"]))
    cells = [cell(measure) for measure in (Measure.WEIGHT, Measure.HEIGHT, Measure.BMI)]
    return (label, date, age_words(age, child.birth_date), *cells, sources)


def _charts(child: Child, *, sensitive: bool) -> tuple[Chart, ...]:
    """Return the charts: weight, height, then BMI, or head under 2; all over the same ages."""
    frame = child.scored
    known = frame[frame["fate"].astype(object) == "scored"]
    ages = numbers(known, "age_days")
    young = bool(len(ages)) and float(ages.max()) < 2 * DAYS_IN_YEAR
    window = chosen(ages, numbers(known, "corrected_age_days"), child.gestation_days).name
    measures = (Measure.WEIGHT, Measure.HEIGHT, Measure.HEAD if young else Measure.BMI)
    charts = [chart_of(child, m, window, sensitive=sensitive) for m in measures]
    return tuple(chart for chart in charts if len(chart.recorded)) or (charts[0],)


def _record(child: Child) -> list[Block]:
    """Return every measurement as a table, newest first, and contacts without one."""
    frame = child.scored
    fate = frame["fate"].astype(object)
    merged = int((fate == "merged").sum())
    skipped = int(fate.isin(["skipped"]).sum())
    shown = frame[~fate.isin(["merged", "skipped"])]
    shown = shown.sort_values("age_days", ascending=False, kind="stable", na_position="last")
    rows = tuple(_measured(row, child) for _, row in shown.iterrows())
    headers = (
        "Date",
        "Age",
        "Measure",
        "Value",
        "z",
        "Centile",
        "Where it stands",
        "Check",
        "From",
    )
    table = Table(headers, (52, 46, 38, 54, 30, 38, 104, 50, 111), rows, right=(3, 4, 5))
    notes = []
    if merged:
        notes.append(f"{merged} values of the same day in several records are merged into these.")
    if skipped:
        notes.append(f"{skipped} values their sources do not stand by are left out.")
    block: list[Block] = [Heading(f"Every measurement, newest first ({len(rows)})"), table]
    return [*block, *([Words(tuple(notes), quiet=True)] if notes else [])]


def _measured(row: Any, child: Child) -> tuple[str, ...]:
    """Return a row of the record as cells."""
    age = float(row["age_days"]) if np.isfinite(row["age_days"]) else np.nan
    measure = str(row["measure"])
    known = np.isfinite(row["value"]) and bool(measure)
    value = amount(float(row["value"]), Measure(measure)) if known else "not measured"
    z = float(row["z"])
    scored = np.isfinite(z)
    verdict = _PLACES.get(str(row["verdict"]), "")
    note = str(row["note"])
    note = "" if note.startswith("gestation not known") else note  # said once, on the first page
    check = [verdict, str(row["reason"]), "" if row["derived"] else note]
    computed = f"computed; {note}" if note else "computed"
    return (
        date_words(row["measured_on"]),
        age_words(age, child.birth_date),
        _short(measure),
        value,
        f"{z:.2f}".replace("-", "−") if scored else "",
        centile_words(z) if scored else "",
        str(row["position"]) if scored else "",
        "; ".join(part for part in check if part),
        computed if row["derived"] else f"{row['source']}, row {row['row']}",
    )


def _events(child: Child, *, sensitive: bool) -> list[Block]:
    """Return the events that may be shown, newest first."""
    frame = child.events if sensitive else child.events[~child.events["sensitive"]]
    if not len(frame):
        return []
    frame = frame.sort_values("age_days", ascending=False, kind="stable")
    rows = [
        (
            date_words(row["date"]),
            age_words(float(row["age_days"]), child.birth_date),
            str(row["type"]),
            str(row["note"]),
        )
        for _, row in frame.iterrows()
    ]
    if sensitive:
        table = Table(("Date", "Age", "Event", "Note"), (1.1, 0.9, 3.0, 4.5), tuple(rows))
    else:  # a note is free text, and may say anything
        table = Table(("Date", "Age", "Event"), (1.1, 0.9, 7.5), tuple(row[:3] for row in rows))
    return [Heading("Events"), table]


def _actions(child: Child, *, sensitive: bool) -> list[Block]:
    """Return what was done about findings; words about safeguarding on request only."""
    frame = child.actions.sort_values("date", ascending=False, kind="stable")
    if not len(frame):
        return []

    def open_(text: object) -> str:
        hide = speaks_of_sensitive(str(text)) and not sensitive
        return OTHER_INFORMATION if hide else str(text)

    rows = tuple(
        (date_words(row["date"]), str(row["rule"]), open_(row["action"]), open_(row["by_role"]),
         date_words(row["review_on"]))
        for _, row in frame.iterrows()
    )  # fmt: skip
    headers = ("Date", "Finding", "Action", "By", "Review on")
    return [Heading("Actions"), Table(headers, (1.1, 1.5, 3.6, 2.0, 1.1), rows)]
