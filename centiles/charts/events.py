"""What happened, as small labelled ticks under the age axis; sensitive events on request only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from centiles.charts import style
from centiles.charts.labels import extent
from centiles.charts.points import Points, numbers, shifted
from centiles.charts.texts import plain
from centiles.charts.windows import Window

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SENSITIVE_WARNING: Final = (
    "Contains safeguarding or third-party information: do not share with the family without advice"
)
_ROW: Final = 11.0  # of labels [pt]
_MOST_ROWS: Final = 6
_BESIDE: Final = 40.0  # how far a label may reach past the axis [pt]
_GAP: Final = 7.0  # between a tick and its label, and after a label [pt]
_TICK: Final = 6.0  # [pt]


@dataclass(frozen=True)
class Event:
    """One event: where along the axis [d], what it was called, and what was written of it."""

    day: float
    type: str
    note: str
    sensitive: bool

    @property
    def label(self) -> str:
        """What is written beside its tick."""
        return f"{self.type}: {self.note}" if self.note else self.type


@dataclass(frozen=True)
class Strip:
    """The events under an axis: for each its row, −1 for no room; and whether left of its tick."""

    events: tuple[Event, ...]
    rows: tuple[int, ...]
    left: tuple[bool, ...]

    @property
    def height(self) -> float:
        """How high the strip is [pt]."""
        return (max(self.rows) + 1) * _ROW + 4 if self.events else 0.0

    @property
    def unplaced(self) -> int:
        """How many events there was no room for."""
        return sum(row < 0 for row in self.rows)


def shown_events(
    events: pd.DataFrame, window: Window, points: Points, *, sensitive: bool
) -> tuple[Event, ...]:
    """Return the events inside a window, the sensitive ones only on request.

    Parameters
    ----------
    events
        A child's events, columns as ``records.columns.EVENTS_FILE``.
    window
        The ages shown.
    points
        The child's points: they say how far its ages are corrected.
    sensitive
        Whether sensitive events, and what was written of any, may be shown.
    """
    day = shifted(numbers(events, "age_days"), window, points)
    hidden = events["sensitive"].to_numpy(dtype=bool) & (not sensitive)
    wanted = np.flatnonzero(window.holds(day) & ~hidden)
    notes = events["note"] if sensitive else [""] * len(events)
    found = [
        Event(float(day[k]), plain(events["type"].iloc[k], 34), plain(list(notes)[k], 30), bool(s))
        for k, s in zip(wanted, events["sensitive"].to_numpy(dtype=bool)[wanted], strict=True)
    ]
    return tuple(sorted(found, key=lambda event: event.day))


def strip_of(events: tuple[Event, ...], window: Window, width: float) -> Strip:
    """Return where the labels of events go under an axis of this width [pt].

    Each in the first row that has room for it, right of its tick or else left.
    """
    taken: list[list[tuple[float, float]]] = [[] for _ in range(_MOST_ROWS)]
    found = []
    for event in events:
        at = (event.day - window.from_day) * width / window.days
        long = extent(event.label, style.SMALL)[0] + _GAP
        sides = {False: (at - _GAP, at + long), True: (at - long, at + _GAP)}
        places = (
            (row, left)
            for row in range(_MOST_ROWS)
            for left, (start, end) in sides.items()
            if start >= -_GAP and end <= width + _BESIDE
            if all(end < a or start > b for a, b in taken[row])
        )
        row, left = next(places, (-1, False))
        if row >= 0:
            taken[row].append(sides[left])
        found.append((row, left))
    return Strip(events, tuple(row for row, _ in found), tuple(left for _, left in found))


def draw_strip(ax: Axes, strip: Strip, down: float) -> None:
    """Draw the events: a tick on the axis, and ``down`` [pt] under it a sign and a label."""
    from matplotlib.markers import TICKUP

    if not strip.events:
        return
    place: dict[str, Any] = {
        "xycoords": ("data", "axes fraction"), "textcoords": "offset points",
        "fontsize": style.SMALL, "color": style.EVENT, "annotation_clip": False,
    }  # fmt: skip
    ax.annotate(
        "Events", (0, 0), xytext=(-_GAP, -down), ha="right", va="top",
        **place | {"xycoords": "axes fraction"},
    )  # fmt: skip
    days = [event.day for event in strip.events]
    ax.plot(
        days, np.zeros(len(days)), transform=ax.get_xaxis_transform(), linestyle="none",
        marker=TICKUP, markersize=_TICK, markeredgewidth=1.1, color=style.EVENT, clip_on=False,
        zorder=6, gid="event-tick",
    )  # fmt: skip
    for event, row, left in zip(strip.events, strip.rows, strip.left, strict=True):
        if row >= 0:
            ax.annotate(
                f"{event.label} ▴" if left else f"▴ {event.label}",
                (event.day, 0),
                xytext=(3.0 if left else -3.0, -down - row * _ROW),
                ha="right" if left else "left",
                va="top",
                **place,
            ).set_gid("event-sensitive" if event.sensitive else "event")
