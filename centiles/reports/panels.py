"""One child of the worklist in words and charts: what its row says, and what opens under it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from centiles.ages import age_words, gestation_known
from centiles.charts import style
from centiles.charts.lines import step_words
from centiles.charts.points import Points
from centiles.charts.points import amount as amount_words
from centiles.charts.texts import capital
from centiles.charts.words import SEX_WORDS
from centiles.checks import OPEN_STATES
from centiles.measures import MEASURES, Measure
from centiles.monitoring.wording import date_words
from centiles.references import reference
from centiles.reports.backgrounds import Backgrounds
from centiles.reports.casebook import Arrays, Chapter
from centiles.reports.drawings import Case, Drawing, drawing
from centiles.reports.visits import Visit, visits

_BORDERLINE: Final = "the margin is within measurement error"
_CROSS_SERVICE: Final = "cross-service: no single source shows it"


@dataclass(frozen=True)
class Line:
    """One finding, contact, event or action as it is listed.

    ``lead`` and ``rest`` are the two parts of its sentence, ``more`` what is said after it.
    """

    level: str
    code: str
    lead: str
    rest: str = ""
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """A child of the worklist: its row, and all that opens under it.

    ``lead`` and ``rest`` are the two parts of its headline; ``sources`` and ``teams`` places in
    the run's; ``see_by_iso`` and ``last_iso`` sort as dates do.
    """

    rank: int
    block: str
    level: str
    child_id: str
    lead: str
    rest: str
    see_by: str
    see_by_iso: str
    last: str
    last_iso: str
    rules: tuple[str, ...]
    sources: tuple[int, ...]
    teams: tuple[int, ...]
    who: str
    findings: tuple[Line, ...]
    past: tuple[Line, ...]
    contacts: tuple[Line, ...]
    events: tuple[Line, ...]
    gaps: tuple[str, ...]
    drawings: tuple[Drawing, ...]
    steps: str
    measures: tuple[Measure, ...]
    visits: tuple[Visit, ...]
    more_visits: int


@dataclass(frozen=True)
class Panels:
    """What the panels of a run share.

    Parameters
    ----------
    sources, teams
        The files of the run, and its teams: filters and markers go by their places.
    backgrounds
        Where the charts' lines and axes are taken from.
    sensitive
        Whether sensitive events may be told.
    """

    sources: tuple[str, ...]
    teams: tuple[str, ...]
    backgrounds: Backgrounds
    sensitive: bool = False

    def of(self, chapter: Chapter) -> Iterator[Panel]:
        """Yield the children of a chapter, one after another."""
        places = {name: place for place, name in enumerate(self.sources)}
        teams = {name: place for place, name in enumerate(self.teams)}
        for k in range(len(chapter)):
            rows = chapter.rows("rows", k)
            source = np.array([places.get(name, 0) for name in rows["source"]], dtype=np.intp)
            mine = {teams[name] for name in rows["team"].tolist() if name in teams}
            yield self._panel(chapter, k, rows, source, tuple(sorted(mine)))

    def _panel(
        self, chapter: Chapter, k: int, rows: Arrays, source: NDArray[np.intp], teams: Any
    ) -> Panel:
        child = {name: array[k] for name, array in chapter.children.items()}
        findings = chapter.rows("findings", k)
        is_open = np.array([state in OPEN_STATES for state in findings["state"]], dtype=np.bool_)
        lead, rest = sentence_parts(child["headline"])
        events = chapter.rows("events", k)
        told = ~events["sensitive"] | self.sensitive
        when = events["age_days"][told & np.isfinite(events["age_days"])].tolist()
        about = {"event_days": when, "parents": _heights(chapter.rows("parents", k))}
        drawings = tuple(self._drawings(rows, source, findings, is_open, about))
        table = visits(rows, source)
        return Panel(
            rank=int(child["rank"]),
            block=child["block"],
            level=child["level"],
            child_id=child["child_id"],
            lead=lead,
            rest=rest,
            see_by=day_words(child["see_by"]),
            see_by_iso=iso(child["see_by"]),
            last=day_words(child["last_measured_on"]),
            last_iso=iso(child["last_measured_on"]),
            rules=tuple(dict.fromkeys(findings["rule"][is_open])),
            sources=tuple(sorted(set(source.tolist()))),
            teams=teams,
            who=who_words(rows),
            findings=self._finding_lines(findings, is_open),
            past=self._finding_lines(findings, ~is_open),
            contacts=_contact_lines(chapter.rows("contacts", k)),
            events=self._event_lines(chapter, k),
            gaps=tuple(gap for gap in child["not_assessed"].split("; ") if gap),
            drawings=drawings,
            steps=_steps(drawings),
            measures=table.measures,
            visits=table.visits,
            more_visits=table.more,
        )

    def _drawings(
        self,
        rows: Arrays,
        source: NDArray[np.intp],
        findings: Arrays,
        is_open: NDArray[np.bool_],
        about: Mapping[str, Any],
    ) -> Iterator[Drawing]:
        """Yield a chart of each measure that has a point; ``about`` are fields of a case."""
        kept = drawn_rows(rows)
        for measure in MEASURES:
            mine = kept & (rows["measure"] == measure)
            if mine.any():
                at = is_open & (findings["measure"] == measure)
                case = _case(measure, rows, source, mine, {n: a[at] for n, a in findings.items()})
                yield drawing(replace(case, **about), self.backgrounds)

    def _finding_lines(self, findings: Arrays, chosen: NDArray[np.bool_]) -> tuple[Line, ...]:
        lines = []
        for k in np.flatnonzero(chosen).tolist():
            more = [_state(findings["state"][k], findings["opened_on"][k])]
            more += ["project rule"] if findings["project_rule"][k] else []
            more += [_BORDERLINE] if findings["borderline"][k] else []
            more += [_CROSS_SERVICE] if findings["cross_service"][k] else []
            said = sentence_parts(findings["sentence"][k])
            lines.append(Line(findings["severity"][k], findings["rule"][k], *said, tuple(more)))
        return tuple(lines)

    def _event_lines(self, chapter: Chapter, k: int) -> tuple[Line, ...]:
        """Return events as far as they may be told, then actions, which say only that they are."""
        events, actions = chapter.rows("events", k), chapter.rows("actions", k)
        lines = []
        for date, kind, note, secret in zip(
            *(events[name] for name in ("date", "type", "note", "sensitive")), strict=True
        ):
            if self.sensitive or not secret:
                lines.append(
                    Line(
                        "", day_words(date), f"{kind}: {note}" if note and self.sensitive else kind
                    )
                )
        for date, rule, review in zip(
            *(actions[name] for name in ("date", "rule", "review_on")), strict=True
        ):
            by = f"; review {day_words(review)}" if not np.isnat(review) else ""
            lines.append(Line("", day_words(date), f"an action is recorded for {rule}{by}"))
        return tuple(lines)


def _heights(parents: Arrays) -> tuple[float, float]:
    """Return the mother's and father's heights [cm], each the first that is known, or NaN."""
    known = (parents[name][np.isfinite(parents[name])] for name in ("mother_cm", "father_cm"))
    mother, father = (float(heights[0]) if len(heights) else float("nan") for heights in known)
    return mother, father


def _steps(drawings: tuple[Drawing, ...]) -> str:
    """Return why the lines of some charts step, said once for all of them."""
    seen = {step for each in drawings for step in each.steps}
    return step_words([join.note for join in reference().joins if join.note in seen])


def who_words(rows: Arrays) -> str:
    """Return who a child is: sex, date of birth, gestation."""
    if not len(rows["sex"]):
        return "nothing recorded"
    born, gestation = rows["birth_date"], rows["gestation_days"]
    known = born[~np.isnat(born)]
    weeks = gestation[gestation_known(gestation)]
    said = [capital(SEX_WORDS.get(rows["sex"][0], "sex not known"))]
    said += [f"born {day_words(known[0])}"] if len(known) else []
    said += [f"at {int(weeks[0]) // 7}+{int(weeks[0]) % 7} weeks"] if len(weeks) else []
    return " ".join([", ".join(said[:2]), *said[2:]]) if len(known) else ", ".join(said)


def drawn_rows(rows: Arrays) -> NDArray[np.bool_]:
    """Return which rows are points of a chart: those :func:`charts.points.points_of` draws."""
    fate = rows["fate"]
    kept = (fate == "scored") | (fate == "unscored") | (rows["derived"] & (fate != "merged"))
    return np.asarray(kept & np.isfinite(rows["value"]) & np.isfinite(rows["age_days"]))


def _case(
    measure: Measure,
    rows: Arrays,
    source: NDArray[np.intp],
    mine: NDArray[np.bool_],
    findings: Arrays,
) -> Case:
    at = np.flatnonzero(mine)
    age, corrected = rows["age_days"][at], rows["corrected_age_days"][at]
    verdict = rows["verdict"][at]
    points = Points(
        age,
        np.where(np.isfinite(corrected), corrected, age),
        rows["value"][at],
        rows["source"][at],
        np.array([word in ("check", "doubtful", "impossible") for word in verdict]),
        verdict == "impossible",
    )
    last = at[-1]
    born = rows["birth_date"][last]
    born = None if np.isnat(born) else born
    on = (
        f" ({day_words(rows['measured_on'][last])})"
        if not np.isnat(rows["measured_on"][last])
        else ""
    )
    latest = f"{amount_words(rows['value'][last], measure)} at {age_words(age[-1], born)}{on}"
    if rows["position"][last]:
        latest += f", {rows['position'][last]}"
    gestation = rows["gestation_days"][at]
    known = gestation[np.isfinite(gestation)]
    return Case(
        measure, rows["sex"][last], born, float(known[0]) if len(known) else float("nan"), points,
        (source[at] % len(style.MARKERS)).tolist(), findings, latest,
    )  # fmt: skip


def _contact_lines(contacts: Arrays) -> tuple[Line, ...]:
    names = ("severity", "rule", "sentence")
    return tuple(
        Line(level, rule, *sentence_parts(sentence))
        for level, rule, sentence in zip(*(contacts[name] for name in names), strict=True)
    )


def sentence_parts(sentence: str) -> tuple[str, str]:
    """Return what a sentence says first, and the rest of it.

    Examples
    --------
    >>> sentence_parts("weight is 3.4 kg (19 %) lower than before, from the 9th")
    ('Weight is 3.4 kg (19 %) lower than before', ', from the 9th')
    >>> sentence_parts("BMI is 77 % of the median (13 Dec 2023, 13.0 kg/m²)")
    ('BMI is 77 % of the median', ' (13 Dec 2023, 13.0 kg/m²)')
    """
    whole = capital(sentence)
    lead = whole.partition(", ")[0]
    if lead.count("(") > lead.count(")"):
        lead = lead[: lead.rindex(" (")]
    return lead, whole[len(lead) :]


def _state(state: str, opened: np.datetime64) -> str:
    return state if np.isnat(opened) else f"{state}, first met {day_words(opened)}"


def day_words(date: np.datetime64) -> str:
    """Return a date in words, "" where it is not known."""
    return "" if np.isnat(date) else date_words(date.item())


def iso(date: np.datetime64) -> str:
    """Return a date as it sorts, "" where it is not known."""
    return "" if np.isnat(date) else str(date)
