"""The record and referral sheet: what it says, and its pages of A4."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from centiles.charts import style, words
from centiles.charts.axes import LEFT, RIGHT, layout_of
from centiles.charts.contents import Chart
from centiles.charts.figures import place_chart
from centiles.charts.flows import Block, Flow, Spill, parted
from centiles.charts.keys import key_of
from centiles.charts.pages import Page, page_of
from centiles.charts.texts import capital, width_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE: Final = "Growth record and referral sheet"
_MOST_CHARTS: Final = 3  # a page
_CHART_TITLE: Final = 8.0  # the room a chart's title takes beyond that of a key [pt]
_HIGHEST: Final = 260.0  # of a chart's axes [pt]


@dataclass(frozen=True)
class Sheet:
    """What a sheet says, before it is drawn.

    ``first`` is its first page in words, ``charts`` the second, ``last`` the record: what the first
    page has no room for stands before the record. ``sensitive`` says that it holds what a family
    should not see unadvised; every page then says so.
    """

    who: str
    first: tuple[Block | Spill, ...]
    charts: tuple[Chart, ...]
    last: tuple[Block, ...]
    footer: tuple[str, ...]
    sensitive: bool = False


def pages(sheet: Sheet) -> list[Figure]:
    """Return the pages of a sheet, each an A4 figure."""
    made: list[Page] = []

    def new_page() -> tuple[Page, float, float]:
        page = page_of("portrait")
        made.append(page)
        title = TITLE if len(made) == 1 else ""
        top = page.head(title, sheet.who, (), sensitive=sheet.sensitive)
        return page, top, page.foot(sheet.footer) - 6

    with style.drawing():
        page, top, bottom = new_page()
        first, later = parted(sheet.first, page.room, bottom - top)
        Flow(new_page, (page, top, bottom)).add(first)
        here = None
        for start in range(0, len(sheet.charts), _MOST_CHARTS):
            here = _chart_page(sheet.charts[start : start + _MOST_CHARTS], *new_page())
        if later or sheet.last:
            Flow(new_page, here).add([*later, *sheet.last])
        for number, page in enumerate(made, 1):
            page.number(f"page {number} of {len(made)}")
    return [page.figure for page in made]


def _chart_page(
    charts: tuple[Chart, ...], page: Page, top: float, bottom: float
) -> tuple[Page, float, float]:
    """Draw charts over the same ages one below the other; key above, events and notes below.

    Returns the page with what is left of it: from where to where [pt].
    """
    width = page.width - LEFT - RIGHT
    notes = words.notes(*charts)
    last_row = bottom - page.text_height(notes, style.SMALL)
    key = key_of(charts, width)
    last = len(charts) - 1
    layouts = [
        layout_of(chart, width, (), key=False, events=number == last)
        for number, chart in enumerate(charts)
    ]
    layouts[0] = replace(layouts[0], key=key)
    around = [layout.above + layout.below + _CHART_TITLE for layout in layouts]
    high = min((last_row - top - sum(around)) / len(charts), _HIGHEST)
    for chart, layout, room in zip(charts, layouts, around, strict=True):
        title = capital(words.measure_words(chart.measure, chart.window))
        page.write(title, top, left=LEFT, size=11, fontweight="bold", color=style.INK)
        said = words.latest(chart).removeprefix("Latest: ")
        page.write(said, top + 2, left=LEFT + width_of(title, 11, bold=True) + 10)
        box = (LEFT, top + _CHART_TITLE, width, high + room - _CHART_TITLE)
        place_chart(page, chart, box, layout)
        top += high + room
    return page, page.paragraph(notes, top, size=style.SMALL), bottom
