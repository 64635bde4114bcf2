"""A chart beside a bare matplotlib figure of as many lines and points."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from matplotlib.figure import Figure

import centiles
from benchmarks.timing import Row, compared
from centiles.records import from_frame

_DPI = 150


def chart_row() -> Row:
    """One PNG of a chart beside one of a bare figure with the same lines and points."""
    born = np.datetime64("2016-03-12")
    days = np.linspace(0, 3000, 14).astype(int)
    visits = {
        "child_id": "a", "sex": "male", "gestation": "39+1", "birth_date": str(born),
    }  # fmt: skip
    rows: dict[str, list[str]] = {name: [text] * len(days) for name, text in visits.items()}
    rows["measured_on"] = [str(born + day) for day in days]
    rows["weight_kg"] = [f"{3.5 + 7 * (day / 365.25) ** 0.6:.2f}" for day in days]
    child = centiles.check(from_frame(rows), today="2026-07-01").child("a")
    page = centiles.charts.figure(child, "weight")
    lines = [line.get_xydata() for line in page.axes[0].lines]

    def ours() -> None:
        centiles.charts.figure(child, "weight").savefig(BytesIO(), dpi=_DPI)

    def bare() -> None:
        same = Figure(figsize=page.get_size_inches())
        ax = same.add_subplot()
        for points in lines:
            ax.plot(*np.asarray(points).T)
        same.savefig(BytesIO(), dpi=_DPI)

    return compared(
        "one chart as PNG", ours, "a bare matplotlib figure of as many lines and points", bare,
        most=2, runs=9,
    )  # fmt: skip
