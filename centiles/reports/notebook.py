"""What a notebook shows of a check and of a child: pages of the report, in a frame of their own.

A frame keeps the page's style from the notebook's, and whatever the data holds from both.
"""

from __future__ import annotations

from html import escape
from typing import Any, Final

import numpy as np
import pandas as pd

from centiles.charts.words import footer
from centiles.checks import Checked, Child
from centiles.reports.backgrounds import Backgrounds
from centiles.reports.casebook import PARTS, Chapter, arrays
from centiles.reports.drawings import definitions
from centiles.reports.markup import environment, policy, read
from centiles.reports.overview import WARNING
from centiles.reports.panels import Panels
from centiles.reports.report import first_page
from centiles.reports.svg import Svg

MOST: Final = 25  # children; a notebook keeps what it shows
_HEIGHTS: Final = {"worklist": 620, "child": 640}  # [px]


def worklist_html(checked: Checked) -> str:
    """Return the first children of a worklist, each opening to its charts."""
    return _framed(first_page(checked, MOST), "Growth check: worklist", _HEIGHTS["worklist"])


def child_html(child: Child) -> str:
    """Return one child's charts, findings and measurements."""
    css = read("report.css")
    backgrounds = Backgrounds()
    sources = tuple(dict.fromkeys(child.scored["source"].astype("str")))
    (panel,) = Panels(sources, (), backgrounds, child.sensitive).of(_chapter(child))
    context = {
        "policy": policy(css), "css": Svg(css), "p": panel, "sources": sources,
        "backgrounds": backgrounds, "definitions": definitions(),
        "provenance": footer(child.provenance), "warning": WARNING if child.sensitive else "",
    }  # fmt: skip
    page = environment().get_template("child_page.html").render(context)
    return _framed(page, "One child's growth", _HEIGHTS["child"])


def _chapter(child: Child) -> Chapter:
    """Return one child as the only one of a chapter; it is in no worklist here."""
    frames = {"rows": child.scored, "findings": child.findings, "contacts": child.contacts,
              "events": child.events, "actions": child.actions,
              "parents": pd.DataFrame(
                  {"mother_cm": [child.mother_cm], "father_cm": [child.father_cm]}
              )}  # fmt: skip
    never = np.array(["NaT"], dtype="datetime64[D]")
    none: dict[str, Any] = dict.fromkeys(
        ("block", "level", "headline", "not_assessed"), np.array([""], dtype=object)
    )
    row = {
        "rank": np.array([0]), "child_id": np.array([child.child_id], dtype=object),
        "see_by": never, "last_measured_on": never, **none,
    }  # fmt: skip
    return Chapter(
        row,
        {name: arrays(frame, PARTS[name]) for name, frame in frames.items()},
        {name: np.array([0, len(frame)]) for name, frame in frames.items()},
    )


def _framed(page: str, title: str, height: int) -> str:
    return (
        f'<iframe title="{escape(title)}" sandbox="allow-scripts" width="100%" height="{height}" '
        f'style="border:1px solid #d5dde1;background:#fff" srcdoc="{escape(page)}"></iframe>'
    )
