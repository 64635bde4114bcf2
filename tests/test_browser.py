"""The report in a real browser: used by mouse, keyboard and screen reader, without a network.

Needs Chromium (Debian's ``chromium``, say). On a machine without it these tests are skipped; in
continuous integration, where ``CI`` is set, they never are.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from centiles.charts.words import capital
from centiles.checks import Checked
from centiles.reports import report
from centiles.reports.overview import overview_of
from centiles.reports.report import write_report
from centiles.reports.share import write_share
from tests.pages import HOSTILE, hostile_check

pytestmark = pytest.mark.browser

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
DESKTOP, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine (on Debian: apt-get install chromium)")
    assert CHROMIUM is not None, "continuous integration must install chromium: see .ci/run"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@dataclass
class Seen:
    """A page, what it asked for besides itself, and what it complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@pytest.fixture
def opened(browser: Browser) -> Iterator[object]:
    """Give a way to open a file as a double-click would; nothing may be fetched, nothing said."""
    seen: list[Seen] = []

    def open_(
        path: Path, *, script: bool = True, size: dict[str, int] = DESKTOP, at: str = ""
    ) -> Page:
        context = browser.new_context(viewport=size, java_script_enabled=script, offline=True)
        made = Seen(context.new_page())
        made.page.on("request", lambda request: made.requests.append(request.url))
        made.page.on("console", lambda message: made.said.append(message.text))
        made.page.on("pageerror", lambda error: made.said.append(str(error)))
        made.page.on("dialog", lambda dialog: made.said.append(dialog.message))
        made.page.goto(path.as_uri() + at)
        seen.append(made)
        return made.page

    yield open_
    for each in seen:
        assert each.requests == [each.page.url.partition("#")[0]]
        assert each.said == []
        each.page.context.close()


@pytest.fixture(scope="module")
def path(demo: Checked, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("an awkward #name, 100%")
    return write_report(demo, folder, overview_of(demo))[0]


@pytest.fixture(scope="module")
def total(demo: Checked) -> int:
    """How many children have an open finding."""
    return int((demo.children["rank"] > 0).sum())


def shown(page: Page) -> list[int]:
    """Return the ranks of the children shown, in order."""
    return [int(text) for text in page.locator("#list > tbody:visible .rank").all_inner_texts()]


def status(page: Page) -> str:
    return page.get_by_role("status").inner_text()


def test_it_opens_and_a_child_opens_to_its_charts(opened, path: Path, total: int) -> None:
    page = opened(path)
    expect(page.get_by_role("heading", name="Growth check")).to_be_visible()
    assert shown(page) == list(range(1, total + 1))
    first = page.locator("#n1")
    assert first.get_by_role("img").count() == 0  # closed
    first.locator("summary").first.click()
    charts = first.get_by_role("img")
    assert charts.count() == 3
    expect(page.get_by_role("img", name="Weight of a boy: centile chart")).to_be_visible()
    # the nine lines come from elsewhere in the page: they are drawn, and wide
    box = charts.first.locator("use").first.bounding_box()
    assert box is not None
    assert box["width"] > 250


def test_filters_choose_and_say_how_many(opened, path: Path, demo: Checked, total: int) -> None:
    page = opened(path)
    flagged = demo.children[demo.children["rank"] > 0]
    page.get_by_label("Level").select_option("urgent")
    urgent = flagged.loc[flagged["level"] == "urgent", "rank"].tolist()
    assert shown(page) == urgent
    assert status(page) == f"{len(urgent)} of {total} children"
    page.get_by_label("Source").select_option(label="hospital.csv")
    both = flagged[(flagged["level"] == "urgent") & flagged["sources"].str.contains("hospital")]
    assert shown(page) == both["rank"].tolist()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("status")).to_have_text(f"{total} children")
    page.get_by_label("Rule").select_option("WT-BELOW-04")
    rule = flagged[flagged["findings"].str.split("; ").map(lambda codes: "WT-BELOW-04" in codes)]
    assert shown(page) == rule["rank"].tolist()
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("Group").select_option("verify today")
    assert shown(page) == flagged.loc[flagged["block"] == "verify today", "rank"].tolist()
    page.get_by_role("button", name="Clear").click()
    page.get_by_label("Team", exact=True).select_option(label="Larkfield Primary")
    mine = demo.scored.loc[demo.scored["team"] == "Larkfield Primary", "child_id"]
    assert shown(page) == flagged.loc[flagged["child_id"].isin(mine), "rank"].tolist()


def test_search_finds_words_and_identifiers(opened, path: Path, demo: Checked, total: int) -> None:
    page = opened(path)
    search = page.get_by_role("searchbox", name="Search")
    search.fill("9990000034")
    expect(page.get_by_role("status")).to_have_text(f"1 of {total} children")
    heads = demo.children.loc[demo.children["rank"] > 0]
    assert shown(page) == heads.loc[heads["child_id"] == "9990000034", "rank"].tolist()
    said = heads["headline"].str
    wanted = heads[said.contains("fell") & said.contains("spaces")]
    search.fill("spaces FELL")
    expect(page.get_by_role("status")).to_have_text(f"{len(wanted)} of {total} children")
    assert shown(page) == wanted["rank"].tolist()
    search.fill("no such words")
    expect(page.get_by_role("status")).to_have_text(f"0 of {total} children")


def test_columns_sort_both_ways_and_say_so(opened, path: Path, demo: Checked, total: int) -> None:
    page = opened(path)
    flagged = demo.children[demo.children["rank"] > 0]
    header = page.get_by_role("columnheader", name="Last measured")
    header.get_by_role("button").click()
    assert header.get_attribute("aria-sort") == "ascending"
    by_date = flagged.sort_values(["last_measured_on", "rank"], kind="stable")["rank"].tolist()
    assert shown(page) == by_date
    header.get_by_role("button").click()
    assert header.get_attribute("aria-sort") == "descending"
    assert shown(page)[0] == by_date[-1]
    page.get_by_role("button", name="Child").click()
    assert shown(page) == flagged.sort_values("child_id")["rank"].tolist()
    assert header.get_attribute("aria-sort") is None
    page.get_by_role("button", name="Rank").click()
    assert shown(page) == list(range(1, total + 1))


def test_the_keyboard_reaches_everything(opened, path: Path, demo: Checked) -> None:
    page = opened(path)
    first = capital(demo.children["headline"].iloc[0])[:13].strip()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the worklist")).to_be_focused()
    page.keyboard.press("Enter")
    reached = []
    for _ in range(16):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim().slice(0, 13)"))
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert page.evaluate(outline) != "none", reached[-1]  # one sees where one is
        if reached[-1] == first:
            break
    assert {"Clear", "Open all show", "Rank", "See by"} <= set(reached)
    page.keyboard.press("Enter")
    expect(page.locator("#n1 .panel")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.locator("#n1 .panel")).to_be_hidden()


def test_all_shown_open_and_close_at_once(opened, path: Path, total: int) -> None:
    page = opened(path)
    open_ = page.locator("#list > tbody > tr > td > details[open]")
    page.get_by_label("Level").select_option("urgent")
    page.get_by_role("button", name="Open all shown").click()
    assert open_.count() == len(shown(page)) < total
    page.get_by_role("button", name="Close all").click()
    assert open_.count() == 0


def test_without_script_all_is_there(opened, path: Path, demo: Checked, total: int) -> None:
    page = opened(path, script=False)
    assert page.locator("#list > tbody").count() == total
    expect(page.locator("#filters")).to_be_hidden()
    expect(page.get_by_role("button")).to_have_count(0)
    page.locator("#n1 summary").first.click()
    expect(page.locator("#n1 figure").first).to_be_visible()
    expect(page.get_by_text(demo.sources[0].name).first).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, NARROW], ids=["desktop", "narrow"])
def test_axe_finds_no_barrier(opened, path: Path, size: dict[str, int]) -> None:
    page = opened(path, size=size)
    assert_no_barrier(page)
    page.locator("section .fold summary").first.click()
    page.get_by_role("button", name="Open all shown").click()
    for more in page.locator("#n1 .fold summary").all():
        more.click()
    assert_no_barrier(page)
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wider <= 0  # nothing makes the page scroll sideways


def assert_no_barrier(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical", "moderate")]
    assert not serious, [(each["id"], each["nodes"][0]["html"]) for each in serious]


def test_it_prints_with_what_is_open(opened, path: Path, tmp_path: Path) -> None:
    page = opened(path)
    page.locator("#n2 summary").first.click()
    page.emulate_media(media="print")
    expect(page.locator("#filters")).to_be_hidden()
    expect(page.locator("#n2 figure").first).to_be_visible()
    expect(page.locator("#n1 figure").first).to_be_hidden()
    expect(page.get_by_role("columnheader", name="See by")).to_be_visible()
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) > 1


def test_one_child_prints_alone(opened, path: Path) -> None:
    page = opened(path)
    page.evaluate(
        "() => { window.print = () => { window.printed = [document.body.className, "
        "document.querySelector('tbody.one').id] } }"
    )
    page.locator("#n3 summary").first.click()
    page.locator("#n3").get_by_role("button", name="Print this child").click()
    assert page.evaluate("window.printed") == ["one", "n3"]
    assert page.evaluate("document.body.className") == ""


def test_hostile_text_does_nothing(opened, tmp_path: Path) -> None:
    checked = hostile_check()
    (made,) = write_report(checked, tmp_path, overview_of(checked))
    page = opened(made)
    page.get_by_role("button", name="Open all shown").click()
    assert page.evaluate("window.hit") is None
    assert page.locator("img, iframe, object, embed, b b").count() == 0
    names = page.locator("#list > tbody > tr > th").all_inner_texts()
    assert {name.strip() for name in names} == {text.strip() for text in HOSTILE}
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wider <= 0  # even three hundred letters in a row
    page.get_by_role("searchbox").fill("<script>")
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^\d of 12 children$"))


def test_a_list_of_all_children_leads_to_their_pages(
    opened, demo: Checked, total: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "CHILDREN_A_PAGE", total - 7)
    first, _, last = write_report(demo, tmp_path, overview_of(demo))
    page = opened(first)
    assert shown(page) == list(range(1, total + 1))
    assert status(page) == f"{total} children"
    assert_no_barrier(page)
    expect(page.get_by_role("button", name="Open all shown")).to_be_hidden()
    flagged = demo.children[demo.children["rank"] > 0]
    page.get_by_label("Level").select_option("info")
    assert shown(page) == flagged.loc[flagged["level"] == "info", "rank"].tolist()
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Last measured").click()
    by_date = flagged.sort_values(["last_measured_on", "rank"], kind="stable")
    assert shown(page) == by_date["rank"].tolist()
    page.get_by_role("searchbox").fill(flagged["child_id"].iloc[-1])
    expect(page.get_by_role("status")).to_have_text(f"1 of {total} children")
    link = page.locator("#list > tbody:visible").get_by_role("link").get_attribute("href")
    assert link == f"{last.name}#n{total}"
    page = opened(last, at=f"#n{total}")
    expect(page.locator(f"#n{total} figure").first).to_be_visible()  # open on arrival
    half = total // 2
    assert shown(page) == list(range(half + 1, total + 1))
    assert status(page) == f"{total - half} children on this page"
    assert opened(first, script=False).locator("#list > tbody").count() == total


def test_what_is_shared_is_usable_too(opened, demo: Checked, tmp_path: Path) -> None:
    page = opened(write_share(demo, tmp_path)[0])
    assert_no_barrier(page)
    expect(page.get_by_role("table", name="Teams")).to_be_visible()
