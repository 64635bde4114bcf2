"""What a chart says: heading, notes, footer, and the text alternative."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from centiles import ages
from centiles.ages import DAYS_IN_YEAR
from centiles.charts.backdrops import puberty_note
from centiles.charts.contents import Chart
from centiles.charts.lines import step_note
from centiles.charts.points import amount
from centiles.charts.texts import capital, font_note, plain
from centiles.charts.windows import WINDOWS, Window
from centiles.measures import Measure
from centiles.monitoring.contact_rules import OTHER_INFORMATION
from centiles.monitoring.wording import VERIFY_TODAY, date_words
from centiles.references import UK_WHO

if TYPE_CHECKING:
    from centiles.checks import Child, Provenance

OPENLY_RAISED: Final = ("TOGETHER",)  # the child's own measurements say as much
_RAISED: Final = re.compile(r"Raised: [^.]*\. ")
SEX_WORDS: Final = {"male": "boy", "female": "girl"}
NO_SEX: Final = "Sex is not known, so no centile lines can be drawn"
# NICE NG75 1.1: loss of up to 10 % is usual; assess beyond it, or if not regained by 3 weeks.
FIRST_DAYS: Final = (
    "In the first days after birth at term a loss of up to 10 % of birth weight is common. "
    "Review a loss of more than 10 %, or a weight still below birth weight at 3 weeks."
)
_FIRST_DAYS_SHOWN_TO: Final = 14
_MOST_NAMED: Final = 3
_LYING_TO: Final = 2.5 * DAYS_IN_YEAR  # a window that ends before it is of length [d]
_LONG_AXIS: Final = 180.0  # with room for the longest words beside it [pt]


def heading(
    child: Child, measure: str, name: str | None, window: Window | None = None
) -> tuple[str, str]:
    """Return the two parts of a heading: the measure, and who.

    ``name`` stands in for the identifier; an empty one withholds it. ``window`` are the ages shown.
    """
    who = [SEX_WORDS.get(str(child.sex), "sex not known")]
    if ages.gestation_known(child.gestation_days):
        weeks, days = divmod(int(child.gestation_days), 7)
        who.append(f"born at {weeks}+{days} weeks")
    shown = child.child_id if name is None else name
    title = measure_words(measure, window) if window else Measure(measure).label
    return capital(title), "  ·  ".join([*who, *([plain(shown)] if shown else [])])


def measure_words(measure: str, window: Window) -> str:
    """Return what a chart is of: length, where it shows only ages at which children lie."""
    lying = measure == Measure.HEIGHT and window.to_day < _LYING_TO
    return "length" if lying else Measure(measure).label


def axis_words(measure: str, window: Window, room: float = np.inf) -> str:
    """Return what the value axis shows, with its unit: length while children lie.

    ``room`` is how high the axis is [pt]; a short one is not given many words.
    """
    words = measure_words(measure, window)
    if words == Measure.HEIGHT.label and window.from_day < DAYS_IN_YEAR:
        words = "length, height from 2 years" if room > _LONG_AXIS else "length or height"
    return f"{capital(words)} ({Measure(measure).unit})"


def latest(chart: Chart) -> str:
    """Return the newest point in words: value, age, date and position."""
    frame = chart.child.scored
    frame = frame[(frame["measure"].astype(object) == str(chart.measure)) & frame["z"].notna()]
    frame = frame[frame["fate"].astype(object) != "merged"]
    if not len(frame):
        return "" if len(chart.recorded) else nothing_recorded(chart.measure)
    row = frame.iloc[int(frame["age_days"].argmax())]
    queried = "; check this measurement" if row["verdict"] != "ok" else ""
    return f"Latest: {_point_words(row, chart)}, {row['position']}{queried}"


def _point_words(row: Any, chart: Chart) -> str:
    """Return a row's value, age and, where known, date."""
    age = ages.age_words(float(row["age_days"]), chart.child.birth_date)
    date = date_words(row["measured_on"])
    words = f"{amount(float(row['value']), chart.measure)} at {age}"
    return f"{words} ({date})" if date else words


def nothing_recorded(measure: str) -> str:
    """Return that a child has no point of a measure."""
    return f"No {Measure(measure).label} recorded"


def notes(*charts: Chart) -> tuple[str, ...]:
    """Return the notes under a chart, or under several charts of one child: those that apply."""
    found = [step_note(*(chart.lines for chart in charts))]
    for chart in charts:
        found.append(reference_note(chart.child))
        found += [
            puberty_note(str(chart.child.sex)) if chart.puberty else "",
            chart.expected.words if chart.expected else "",
            first_days_note(chart),
            outside_note(chart),
        ]
    return tuple(dict.fromkeys(note for note in [*found, font_note()] if note))


def reference_note(child: Child) -> str:
    """Return that findings are not shown where a chart is not on UK-WHO; else nothing."""
    if child.reference == UK_WHO:
        return ""
    return (
        f"Lines and centiles: {child.provenance.reference}. Findings are made on UK-WHO and are "
        "not shown here."
    )


def no_lines(chart: Chart) -> str:
    """Return why a chart has no lines; nothing where it has."""
    if chart.lines.sections:
        return ""
    sex_known = str(chart.child.sex) in SEX_WORDS
    return f"{chart.child.provenance.reference} has no lines here" if sex_known else NO_SEX


def first_days_note(chart: Chart) -> str:
    """Return the note on weight in the first days at term, where it applies; else nothing."""
    gestation = chart.child.gestation_days
    preterm = ages.gestation_known(gestation) & (gestation < ages.TERM_FROM_DAYS)
    young = (chart.points.age_days < _FIRST_DAYS_SHOWN_TO).any() and not preterm
    near = chart.window.to_day <= WINDOWS["infant"].to_day and not chart.window.by_gestation
    return FIRST_DAYS if young and near and chart.measure == Measure.WEIGHT else ""


def outside_note(chart: Chart) -> str:
    """Return what is recorded but not drawn, being outside the window or without an age."""
    said = [
        f"{amount(value, chart.measure)} at {ages.age_words(age)}"
        for age, value in zip(chart.outside.age_days, chart.outside.value, strict=True)
    ]
    more = [f"{len(said) - _MOST_NAMED} more"] if len(said) > _MOST_NAMED else []
    without = [f"{chart.undated} without an age"] if chart.undated else []
    listed = "; ".join([*said[:_MOST_NAMED], *more, *without])
    return f"Recorded but not on this chart: {listed}." if listed else ""


def footer(provenance: Provenance, drawn_on: Any = None) -> tuple[str, str]:
    """Return the two rows of a footer: the reference, and how, from what and when it was drawn.

    ``drawn_on`` is the clock's date where it is not given.
    """
    today = np.datetime64("today", "D") if drawn_on is None else drawn_on
    known = f"{provenance.reference}, {provenance.reference_edition}"
    tables = f"tables {str(provenance.reference_sha256)[:8]}"
    as_of = f"data as of {provenance.as_of}" if provenance.as_of else ""
    rules = f"rules {provenance.rules} {str(provenance.rules_sha256)[:8]}"
    drawn = (f"centiles {provenance.version}", rules, as_of, f"drawn {date_words(today)}")
    return (
        f"Reference: {known} ({tables}).  Gestation correction: {provenance.correction}.",
        "  ·  ".join(["Not a diagnosis", *(part for part in drawn if part)]),
    )


def description(chart: Chart) -> str:
    """Return the chart in words, for those who cannot see it; holds no identifier."""
    who = SEX_WORDS.get(str(chart.child.sex), "child whose sex is not known")
    said = [f"Centile chart of {chart.measure.label} of a {who}."]
    points = chart.points
    if len(points):
        ends = (ages.age_words(day, chart.child.birth_date) for day in points.age_days[[0, -1]])
        count = f"{len(points)} measurement{'s' if len(points) > 1 else ''}"
        said.append(f"{count}, at {' to '.join(dict.fromkeys(ends))}.")
        queried = int(points.queried.sum())
        said.append(f"{queried} marked to check." if queried else "")
    said.append(f"{latest(chart)}." if latest(chart) else "")
    rows = chart.findings.to_dict("records")
    said += [sentence_of(row, sensitive=chart.sensitive) for row in rows]
    said += [*notes(chart), f"{no_lines(chart)}." if no_lines(chart) else ""]
    return " ".join(part for part in said if part)


def top_finding(chart: Chart) -> str:
    """Return the worst open finding: its severity and sentence."""
    if not len(chart.findings):
        return ""
    worst = chart.findings.iloc[0]
    doubt = worst.get("block") == VERIFY_TODAY
    head = VERIFY_TODAY if doubt else str(worst["severity"])
    return f"{capital(head)}: {sentence_of(worst, sensitive=chart.sensitive)}"


def sentence_of(finding: Any, *, sensitive: bool) -> str:
    """Return a finding's sentence, without what raised it where that is not to be shown.

    A check that was not asked for sensitive things says no more to begin with.
    """
    sentence = str(finding["sentence"])
    said = set(str(finding.get("raised_by", "")).split("; ")) - {"", "nan", *OPENLY_RAISED}
    if sensitive or not said:
        return sentence
    return _RAISED.sub(f"Raised: {OTHER_INFORMATION}. ", sentence)
