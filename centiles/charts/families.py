"""The family view: the children of one household, small, beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from centiles import ages
from centiles.charts import style, words
from centiles.charts.axes import LEFT, RIGHT, layout_of
from centiles.charts.contents import Chart, chart_of
from centiles.charts.figures import place_chart
from centiles.charts.keys import draw_key_on, key_of
from centiles.charts.pages import EDGE, Page, page_of
from centiles.charts.texts import capital, plain, shortened, width_of
from centiles.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from centiles.checks import Child

MOST: Final = 6  # children on a page: smaller charts cannot be read
_TITLE: Final = 10.0  # size of type of a child's title [pt]
_ROW: Final = style.ROW * style.SMALL  # of an identifier that has one to itself [pt]
_ABOVE: Final = 38.0  # the room of a child's title and newest value [pt]


def figure_family(
    children: Sequence[Child],
    measure: str,
    *,
    name: str | None = None,
    sensitive: bool = False,
    drawn_on: Any = None,
    orientation: str = "landscape",
) -> Figure:
    """Return an A4 page with one measure of the children of a household, oldest first.

    Parameters
    ----------
    children
        Checked children.
    measure
        As for :func:`centiles.charts.plot`.
    name
        An empty one withholds the identifiers.
    sensitive
        Has to be true: each child is third-party information to the others, and the page says so.
    drawn_on, orientation
        As for :func:`centiles.charts.figure`.

    Raises
    ------
    UsageError
        If ``sensitive`` is false, there are no children or more than six, or the measure is not
        one of its words.
    """
    if not sensitive:
        raise UsageError(
            "family: found no --sensitive (sensitive=True); a family view shows siblings, which is "
            "third-party information, so expected it to be asked for"
        )
    if not 1 <= len(children) <= MOST:
        raise UsageError(
            f"family: found {len(children)} children, expected 1 to {MOST} on a page; "
            "save_family makes as many pages as they need"
        )
    charts = _charts(oldest_first(children), measure)
    page = page_of(orientation, left=EDGE, right=EDGE)
    with style.drawing():
        title = f"{capital(charts[0].measure.label)}: one household"
        top = page.head(title, f"{len(charts)} children", (), sensitive=True)
        bottom = page.foot(words.footer(children[0].provenance, drawn_on)) - 6
        notes = words.notes(*charts)
        bottom -= page.text_height(notes, style.SMALL)
        page.paragraph(notes, bottom, size=style.SMALL)
        key = key_of(charts, page.room, _columns(page, len(charts))[1])
        draw_key_on(page.figure, key, page.left / page.width, 1 - (top - 2) / page.height)
        _grid(page, charts, name, top + 8 + key.height, bottom)
    return page.figure


def _charts(children: Sequence[Child], measure: str) -> list[Chart]:
    """Return a chart of each child, a source's marker being the same on all."""
    charts = [chart_of(child, measure, sensitive=True) for child in children]
    named = dict.fromkeys(source for chart in charts for source in chart.markers)
    return [replace(chart, named=tuple(named)) for chart in charts]


def _columns(page: Page, count: int) -> tuple[int, float]:
    """Return how many columns the charts stand in, and how wide the axes of each are [pt]."""
    wide = page.width > page.height
    columns = next(n for n in (1, 2, 3, 4) if n * (n - 1 + (not wide)) >= count or n == 4)
    return columns, page.room / columns - LEFT - RIGHT + 44


def oldest_first(children: Sequence[Child]) -> list[Child]:
    """Return children by birth date; those without one last, in the order given."""
    born = np.array([child.birth_date for child in children], dtype="datetime64[D]")
    order = np.argsort(np.where(np.isnat(born), np.datetime64("9999-01-01"), born), kind="stable")
    return [children[k] for k in order]


def _grid(page: Page, charts: Sequence[Chart], name: str | None, top: float, bottom: float) -> None:
    """Draw each child's chart in its place of a grid."""
    columns, inner = _columns(page, len(charts))
    rows = -(-len(charts) // columns)
    width, high = page.room / columns, (bottom - top) / rows
    above = _ABOVE + (_ROW if any(len(_who(c, name, width - LEFT)[1]) > 1 for c in charts) else 0)
    for number, chart in enumerate(charts):
        left = page.left + width * (number % columns)
        at = top + high * (number // columns)
        start = left + LEFT - 20
        first_row, more = _who(chart, name, width - LEFT)
        page.write(first_row, at, left=start, size=_TITLE, fontweight="bold", color=style.INK)
        page.paragraph(more, at + 15, left=start, width=width - LEFT, size=style.SMALL)
        layout = layout_of(chart, inner, (), key=False, events=False)
        place_chart(page, chart, (start, at + above - 8, inner, high - above + 4), layout)


def _who(chart: Chart, name: str | None, room: float) -> tuple[str, list[str]]:
    """Return a child in a few words, sex, age and identifier, and its newest value below.

    Where there is no room [pt] the identifier stands in a row of its own.
    """
    child = chart.child
    sex = capital(words.SEX_WORDS.get(str(child.sex), "sex not known"))
    ages_known = child.scored["age_days"].dropna()
    age = ages.age_words(float(ages_known.max()), child.birth_date) if len(ages_known) else ""
    shown = plain(child.child_id if name is None else name)
    latest = words.latest(chart).removeprefix("Latest: ")
    whole = "  ·  ".join(part for part in (sex, age, shown) if part)
    if width_of(whole, _TITLE, bold=True) <= room:
        return whole, [latest]
    head = "  ·  ".join(part for part in (sex, age) if part)
    return head, [shortened(shown, room, style.SMALL), latest]
