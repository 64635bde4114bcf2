"""One child and one measure, drawn: on axes of the caller's, or as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from centiles.charts import style, words
from centiles.charts.axes import LEFT, RIGHT, Layout, draw, layout_of, size_of
from centiles.charts.contents import Chart, chart_of
from centiles.charts.events import SENSITIVE_WARNING
from centiles.charts.pages import EDGE, Page, page_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from centiles.checks import Child


def plot(
    child: Child,
    measure: str,
    ax: Axes | None = None,
    *,
    window: str | None = None,
    name: str | None = None,
    ages: str = "both",
    sensitive: bool = False,
    drawn_on: Any = None,
) -> Axes:
    """Draw the centile chart of one child and one measure.

    Parameters
    ----------
    child
        A checked child.
    measure
        ``"weight"``, ``"height"``, ``"bmi"`` or ``"head"``.
    ax
        Axes to draw on, with room round them for labels; without, a page is made as
        :func:`figure` makes it.
    window
        The ages shown, by name (``"preterm"``, ``"newborn"``, ``"infant"``, ``"0-2"``, ``"0-4"``,
        ``"0-9"``, ``"2-9"``, ``"2-20"``, ``"whole"``); the points choose by default.
    name
        Written in the heading instead of the child's identifier; empty withholds it.
    ages
        Where points stand: at ``"chronological"`` ages, dots; at ``"corrected"`` ones, crosses;
        or at ``"both"``, joined, where the correction can be seen.
    sensitive
        Show sensitive events too, and what was written of events. The chart then warns of it.
    drawn_on
        The date in the footer; the clock's where not given.

    Returns
    -------
    Axes
        The axes drawn on; ``ax.figure`` is their figure.

    Raises
    ------
    UsageError
        If the measure, the window or the ages are not one of their words, or the records are of
        more than one child.

    Examples
    --------
    >>> import pandas as pd
    >>> from centiles.checks import check
    >>> from centiles.records import from_frame
    >>> visits = pd.DataFrame({
    ...     "child_id": "a", "sex": "male", "birth_date": "2020-03-12",
    ...     "measured_on": ["2025-03-12", "2026-02-09"], "weight_kg": [18.4, 15.1],
    ... })
    >>> child = check(from_frame(visits), today="2026-03-01").child("a")
    >>> plot(child, "weight").get_ylabel()
    'Weight (kg)'
    """
    if ax is None:
        options = {"window": window, "name": name, "ages": ages, "sensitive": sensitive}
        return figure(child, measure, drawn_on=drawn_on, **options).axes[0]  # type: ignore[arg-type]
    chart = chart_of(child, measure, window, ages=ages, sensitive=sensitive)
    with style.drawing():
        warning = [f"{SENSITIVE_WARNING}."] if sensitive else []
        said = [*warning, *words.notes(chart), *words.footer(child.provenance, drawn_on)]
        layout = layout_of(chart, size_of(ax)[0], said)
        title = ": ".join(words.heading(child, measure, name, chart.window))
        pad = 8 + layout.key.height
        ax.set_title(title, loc="left", pad=pad, fontsize=11, color=style.INK)
        draw(ax, chart, layout)
    return ax


def figure(
    child: Child,
    measure: str,
    *,
    window: str | None = None,
    name: str | None = None,
    ages: str = "both",
    sensitive: bool = False,
    drawn_on: Any = None,
    orientation: str = "landscape",
) -> Figure:
    """Return an A4 page with the centile chart of one child and one measure.

    ``orientation`` is ``"landscape"`` or ``"portrait"``; other parameters and the errors are
    those of :func:`plot`.
    """
    page = page_of(orientation, left=LEFT, right=EDGE)
    chart = chart_of(child, measure, window, ages=ages, sensitive=sensitive)
    with style.drawing():
        title, who = words.heading(child, measure, name, chart.window)
        said = [words.latest(chart), words.top_finding(chart)]
        top = page.head(title, who, said, sensitive=sensitive)
        bottom = page.foot(words.footer(child.provenance, drawn_on))
        place_chart(page, chart, (LEFT, top, page.width - LEFT - RIGHT, bottom - top))
    return page.figure


def place_chart(
    page: Page,
    chart: Chart,
    box: tuple[float, float, float, float],
    layout: Layout | None = None,
) -> Axes:
    """Draw a chart on a page, with its key and notes, and return its axes.

    ``box`` is left, top, width and height [pt]; numbers and names of lines stand beside it.
    """
    left, top, width, height = box
    layout = layout or layout_of(chart, width, words.notes(chart))
    ax = page.axes(left, top + layout.above, width, height - layout.above - layout.below)
    draw(ax, chart, layout)
    return ax
