"""Pages as a browser would take them apart, and made-up children whose texts are hostile."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd

from centiles import demo
from centiles.checks import Checked, check
from centiles.records import from_frame, read
from centiles.reports.overview import overview_of
from centiles.reports.report import write_report

TODAY = "2026-07-01"
VOID = {"meta", "input", "col", "br"}

# What somebody could type into a cell: markup, script, breakouts, direction, paths, length.
HOSTILE = (
    "<script>window.hit=1</script>",
    "\"><img src=x onerror='window.hit=1'>",
    "</title></style></script><b>bold",
    "{{ 7*7 }}{% raw %}",
    "\u202egnissim\u202c rtl \u0627\u0644\u0637\u0641\u0644",
    "👶🏽 emoji",
    "../../etc/passwd",
    "C:\\x\\y&amp;lt;",
    "javascript:alert(1)",
    "=cmd|' /C calc'!A0",
    "x" * 300,
    "-->]]>&#60;svg onload=alert(1)>",
)


@dataclass
class Element:
    """One element: its tag, attributes, all text in it, and its place in the tree."""

    tag: str
    attributes: dict[str, str]
    within: tuple[str, ...]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """A page taken apart."""

    elements: list[Element] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("td", "th") and self._open and self._open[-1].tag == tag:
            self._open.pop()  # a cell ends where the next begins
        if tag == "tr" and self._open and self._open[-1].tag == "td":
            self._open.pop()
        known = {name: value or "" for name, value in attrs}
        made = Element(tag, known, tuple(each.tag for each in self._open))
        self.elements.append(made)
        if tag not in VOID:
            self._open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.elements.append(Element(tag, known, tuple(each.tag for each in self._open)))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for each in self._open:
            each.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Return the elements of a tag that have these attributes."""
        return [
            each
            for each in self.elements
            if each.tag == tag
            and all(each.attributes.get(name.rstrip("_")) == v for name, v in attributes.items())
        ]


def page_of(text: str) -> Page:
    """Return a page taken apart."""
    page = Page()
    page.feed(text)
    page.close()
    return page


def report_of(checked: Checked, folder: Path) -> str:
    """Return the only page of a report."""
    (path,) = write_report(checked, folder, overview_of(checked))
    return path.read_text(encoding="utf-8")


def demo_check(folder: Path) -> Checked:
    """Return the made-up cohort of three services, checked."""
    return check(read(list(demo.write_exports(folder, seed=2014))), today=TODAY)


def fallers(ids: tuple[str, ...], **columns: object) -> Checked:
    """Return children who all fall, by their identifiers, each with whatever texts are given."""
    visits = pd.DataFrame(
        {
            "child_id": [child for child in ids for _ in range(3)],
            "sex": "male",
            "birth_date": "2020-03-12",
            "measured_on": ["2024-03-13", "2025-03-12", "2026-02-09"] * len(ids),
            "weight_kg": [16.9, 18.4, 15.1] * len(ids),
            "height_cm": [103.0, 109.8, 112.0] * len(ids),
        }
        | columns
    )
    return check(from_frame(visits), today="2026-03-01")


def hostile_check() -> Checked:
    """Return children whose identifiers, teams, reasons and file are hostile."""
    visits = pd.DataFrame(
        {
            "child_id": [text for text in HOSTILE for _ in range(3)],
            "sex": "male",
            "birth_date": "2020-03-12",
            "measured_on": ["2025-03-12", "2025-09-01", "2026-02-09"] * len(HOSTILE),
            "weight_kg": ["18.4", "", "15.1"] * len(HOSTILE),
            "reason": ["", "<i>refused</i>", ""] * len(HOSTILE),
            "team": [text for text in HOSTILE for _ in range(3)],
        }
    )
    return check(from_frame(visits, name=f"{HOSTILE[1]}.csv"), today="2026-03-01")
