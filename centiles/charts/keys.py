"""The key above a chart: sources and signs, only those that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from matplotlib.lines import Line2D

from centiles.charts import style
from centiles.charts.contents import Chart
from centiles.charts.falls import ring_width, severities
from centiles.charts.labels import extent
from centiles.charts.texts import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_SOURCES: Final = len(style.MARKERS)
_HANDLE: Final = 26.0  # a sign and the space round it [pt]
_LOOK: Final[dict[str, Any]] = {
    "borderpad": 0, "columnspacing": 1.6, "fontsize": style.NORMAL, "frameon": False,
    "handlelength": 1.0, "handletextpad": 0.5, "labelspacing": 0.35,
}  # fmt: skip


@dataclass(frozen=True)
class Key:
    """The entries of a key, and in how many columns they fit."""

    handles: tuple[Line2D, ...]
    labels: tuple[str, ...]
    columns: int

    @property
    def rows(self) -> int:
        """How many rows the key takes."""
        return -(-len(self.labels) // self.columns)

    @property
    def height(self) -> float:
        """How high the key is [pt]."""
        return self.rows * 1.6 * style.NORMAL


def key_of(charts: Chart | Sequence[Chart], width: float, axes: float | None = None) -> Key:
    """Return the key of one chart or of several in common; empty if all is plain.

    ``width`` is how wide the key may be, ``axes`` how wide the axes are where that is another [pt].
    """
    several = [charts] if isinstance(charts, Chart) else charts
    entries = list(
        {
            label: (handle, label)
            for part in (
                _sources,
                lambda chart: _signs(chart, axes or width),
                lambda chart: ring_signs(chart.rings),
            )
            for chart in several
            for handle, label in part(chart)
        }.values()
    )
    widest = max((extent(label, style.NORMAL)[0] for _, label in entries), default=0) + _HANDLE
    return Key(
        tuple(handle for handle, _ in entries),
        # A label that starts with an underscore is left out by matplotlib.
        tuple(f" {label}" if label.startswith("_") else label for _, label in entries),
        max(1, min(len(entries), int(width // widest))),
    )


def draw_key(ax: Axes, key: Key) -> None:
    """Draw a key above the axes."""
    if key.labels:
        place: dict[str, Any] = {
            "loc": "lower left",
            "bbox_to_anchor": (0, 1, 1, 0),
            "borderaxespad": 0.8,
        }
        ax.legend(key.handles, key.labels, ncols=key.columns, **place, **_LOOK)


def draw_key_on(page: Figure, key: Key, left: float, top: float) -> None:
    """Draw a key on a page, its upper left corner there, in shares of the page from the lower."""
    if key.labels:
        place: dict[str, Any] = {
            "loc": "upper left",
            "bbox_to_anchor": (left, top),
            "borderaxespad": 0.0,
        }
        page.legend(key.handles, key.labels, ncols=key.columns, **place, **_LOOK)


def _sources(chart: Chart) -> list[tuple[Line2D, str]]:
    """Return the marker of each source on the chart, if the child has several."""
    markers = [item for item in chart.markers.items() if item[0] in chart.points.sources]
    if len(chart.markers) < 2:
        return []
    shown = [(_sign(shape), plain(name, 30) or "no source") for name, shape in markers]
    more = len(shown) - _MOST_SOURCES
    return shown[:_MOST_SOURCES] + (
        [(_sign(""), f"and {more} more, markers repeated")] if more > 0 else []
    )


def _signs(chart: Chart, width: float) -> list[tuple[Line2D, str]]:
    """Return the dot and the cross where both are used, and the open marker."""
    entries = []
    if chart.crosses(width) and chart.window.by_gestation:
        entries = [(_sign("x"), "at gestational age")]
    elif chart.window.corrected and chart.crosses(width):
        entries = [(_sign("x"), "at age corrected for gestation")]
    elif chart.crosses(width):
        entries = [(_sign("x"), "age corrected for gestation")]
        if len(chart.markers) == 1:
            entries.insert(0, (_sign("o"), "age since birth"))
    if chart.points.queried.any():
        entries.append(OPEN_SIGN)
    return entries


def ring_signs(rings: Mapping[tuple[float, float], str]) -> list[tuple[Line2D, str]]:
    """Return the ring of each severity that is on a chart, the gravest first."""
    return [
        (
            Line2D(
                [],
                [],
                linestyle="none",
                marker="o",
                markersize=style.MARKER * 1.6,
                markerfacecolor="none",
                markeredgecolor=style.RING,
                markeredgewidth=ring_width(severity) * 0.8,
            ),
            f"finding: {severity}",
        )
        for severity in severities(rings)
    ]


def _sign(marker: str, *, open_: bool = False) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker=marker or "None",
        markersize=style.MARKER,
        markerfacecolor="white" if open_ else style.INK,
        markeredgecolor=style.INK if open_ or marker == "x" else "white",
        markeredgewidth=1.2 if open_ or marker == "x" else 0.6,
    )


OPEN_SIGN: Final = (_sign("o", open_=True), "open: check this measurement")
