"""The family view: the children of one household, small, beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from centiles import ages
from centiles.charts import style, words
from centiles.charts.axes import LEFT, RIGHT, layout_of
from centiles.charts.contents import Chart, chart_of
from centiles.charts.figures import place_chart
from centiles.charts.keys import draw_key_on, key_of
from centiles.charts.pages import EDGE, Page, page_of
from centiles.charts.texts import capital, plain, shortened
from centiles.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from centiles.checks import Child

MOST: Final = 12  # children on a page
_TITLE: Final = 10.0  # size of type of a child's title [pt]
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
        If ``sensitive`` is false, there are no children or more than twelve, or the measure is
        not one of its words.
    """
    if not sensitive:
        raise UsageError(
            "family: found no --sensitive (sensitive=True); a family view shows siblings, which is "
            "third-party information, so expected it to be asked for"
        )
    if not 1 <= len(children) <= MOST:
        raise UsageError(f"family: found {len(children)} children, expected 1 to {MOST}")
    charts = [chart_of(child, measure, sensitive=True) for child in _oldest_first(children)]
    page = page_of(orientation, left=EDGE, right=EDGE)
    with style.drawing():
        title = f"{capital(charts[0].measure.label)}: one household"
        top = page.head(title, f"{len(charts)} children", (), sensitive=True)
        bottom = page.foot(words.footer(children[0].provenance, drawn_on)) - 6
        notes = words.notes(*charts)
        bottom -= page.text_height(notes, style.SMALL)
        page.paragraph(notes, bottom, size=style.SMALL)
        key = key_of(charts, page.room)
        draw_key_on(page.figure, key, page.left / page.width, 1 - (top - 2) / page.height)
        _grid(page, charts, name, top + 8 + key.height, bottom)
    return page.figure


def _oldest_first(children: Sequence[Child]) -> list[Child]:
    """Return children by birth date; those without one last, in the order given."""
    born = np.array([child.birth_date for child in children], dtype="datetime64[D]")
    order = np.argsort(np.where(np.isnat(born), np.datetime64("9999-01-01"), born), kind="stable")
    return [children[k] for k in order]


def _grid(page: Page, charts: Sequence[Chart], name: str | None, top: float, bottom: float) -> None:
    """Draw each child's chart in its place of a grid."""
    wide = page.width > page.height
    columns = next(n for n in (1, 2, 3, 4) if n * (n - 1 + (not wide)) >= len(charts) or n == 4)
    rows = -(-len(charts) // columns)
    width, high = page.room / columns, (bottom - top) / rows
    for number, chart in enumerate(charts):
        left = page.left + width * (number % columns)
        at = top + high * (number // columns)
        said = words.latest(chart).removeprefix("Latest: ")
        room = width - LEFT
        who = shortened(_who(chart, name), room / 1.12, _TITLE)
        start = left + LEFT - 20
        page.write(who, at, left=start, size=_TITLE, fontweight="bold", color=style.INK)
        page.paragraph([said], at + 15, left=start, width=room, size=style.SMALL)
        inner = width - LEFT - RIGHT + 44
        layout = layout_of(chart, inner, (), key=False, events=False)
        place_chart(page, chart, (start, at + _ABOVE - 8, inner, high - _ABOVE + 4), layout)


def _who(chart: Chart, name: str | None) -> str:
    """Return a child in a few words: sex, age at the newest value, identifier."""
    child = chart.child
    sex = capital(words.SEX_WORDS.get(str(child.sex), "sex not known"))
    ages_known = child.scored["age_days"].dropna()
    age = ages.age_words(float(ages_known.max()), child.birth_date) if len(ages_known) else ""
    shown = child.child_id if name is None else name
    return "  ·  ".join(part for part in (sex, age, plain(shown)) if part)
