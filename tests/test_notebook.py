"""What a notebook shows: a page of the report in a frame of its own."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

from centiles.reports import notebook
from tests.pages import Page, fallers, hostile_check, page_of


def framed(shown: str) -> Page:
    """Return the page in a frame; the frame is all there is."""
    outer = page_of(shown)
    assert [each.tag for each in outer.elements] == ["iframe"]
    (frame,) = outer.elements
    assert frame.attributes["sandbox"] == "allow-scripts"  # an origin of its own: no way out
    assert frame.attributes["title"]
    return page_of(frame.attributes["srcdoc"])


def test_a_check_shows_its_worklist_with_charts() -> None:
    checked = fallers(tuple(f"c{k}" for k in range(30)))
    page = framed(checked._repr_html_())
    rows = [each for each in page.all("tbody") if "data-l" in each.attributes]
    assert len(rows) == notebook.MOST
    assert "The first 25 of 30 children are shown." in page.all("main")[0].text
    assert len(page.all("svg", role="img")) == 3 * notebook.MOST


def test_a_child_shows_its_charts_findings_and_measurements() -> None:
    checked = fallers(("CANARY", "b"))
    page = framed(checked.child("CANARY")._repr_html_())
    (main,) = page.all("main")
    assert main.text.strip().startswith("CANARY")
    assert len(page.all("svg", role="img")) == 3
    for sentence in checked.child("CANARY").findings["sentence"]:
        assert sentence[1:] in main.text
    assert "9 Feb 2026" in main.text
    assert "as above" not in main.text  # nothing is above


def test_a_child_without_a_finding_has_a_display_too() -> None:
    import pandas as pd

    from centiles.checks import check
    from centiles.records import from_frame

    one = pd.DataFrame({"child_id": ["a"], "sex": "", "birth_date": "2020-03-12",
                        "measured_on": "2025-03-12", "weight_kg": 18.4})  # fmt: skip
    checked = check(from_frame(one), today="2026-03-01")
    page = framed(checked.child("a")._repr_html_())
    assert "Sex is not known" in page.all("main")[0].text
    assert "No child has an open finding" in framed(checked._repr_html_()).all("main")[0].text


def test_hostile_text_does_not_leave_the_frame() -> None:
    checked = hostile_check()
    framed(checked._repr_html_())
    for child in checked.children["child_id"]:
        page = framed(checked.child(child)._repr_html_())
        assert child in page.all("h1")[0].text
        assert not page.all("img")


def test_the_frame_holds_the_page_and_no_more() -> None:
    shown = fallers(("a",))._repr_html_()
    inner = unescape(re.findall(r'srcdoc="([^"]*)"', shown)[0])
    assert inner.startswith("<!doctype html>")
    assert inner.rstrip().endswith("</html>")


@pytest.mark.parametrize("sensitive", [False, True])
def test_what_is_shown_warns_where_it_has_to(*, sensitive: bool) -> None:
    checked = replace(fallers(("a",)), sensitive=sensitive)
    for shown in (checked._repr_html_(), checked.child("a")._repr_html_()):
        assert ("do not share with the family" in shown) == sensitive
