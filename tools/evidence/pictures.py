"""The pictures of the page: small, plain, the same bytes each time."""

from __future__ import annotations

from html import escape
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from centiles.monitoring.rulesets import SEVERITIES
from tools.evidence import alternatives
from tools.evidence.counting import ACT, URGENT, WATCH, Share
from tools.evidence.results import BANDS, Results
from tools.evidence.visits import CLINIC, HALF_YEARLY, ROUTINE, YEARLY

# Okabe and Ito's colours, told apart by everyone.
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#777777"
STYLE = {
    "font.family": "sans-serif", "font.size": 9, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.color": "#e4e4e4", "axes.axisbelow": True,
    "svg.fonttype": "none", "svg.hashsalt": "centiles", "legend.frameon": False,
    "axes.titlesize": 10, "axes.titlelocation": "left",
}  # fmt: skip
BAND_WORDS = tuple(f"{low}–{high} y" for low, high in BANDS)


def draw(results: Results, folder: Path) -> None:
    """Draw all pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with rc_context(STYLE):
        for name, (figure, words) in {
            "trade-off": trade_off(results),
            "healthy": healthy(results),
            "depth": depth(results),
            "delay": delay(results),
        }.items():
            out = BytesIO()
            figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
            (folder / f"{name}.svg").write_bytes(_described(out.getvalue(), words))


def _described(svg: bytes, words: str) -> bytes:
    head, tag, rest = svg.partition(b"<svg ")
    attributes, _, body = rest.partition(b">")
    said = f"<title>{escape(words)}</title>".encode()
    lines = b"".join((head, tag, b'role="img" ', attributes, b">\n ", said, body)).splitlines()
    return b"\n".join(line.rstrip() for line in lines) + b"\n"


def _axes(width: float = 6.4, height: float = 3.6) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def trade_off(results: Results) -> tuple[Figure, str]:
    """Falls seen against healthy children flagged, for every rule at every cut."""
    well, down = results.alternatives
    figure, axes = _axes(height=4.4)
    cuts = {
        "mean": np.arange(1.2, 4.6, 0.1), "both": np.arange(1.4, 5.2, 0.1),
        "weight": np.arange(1.2, 5.0, 0.1), "year": np.arange(0.4, 1.7, 0.05),
        "conditional": np.arange(1.2, 4.2, 0.1), "highest": np.arange(0.7, 2.6, 0.05),
    }  # fmt: skip
    words = {
        "mean": "mean surprise of weight and BMI", "both": "surprise, weight or BMI",
        "weight": "surprise, weight alone", "year": "fall within 13 months",
        "conditional": "gain since the visit before", "highest": "raw fall from the highest ever",
    }  # fmt: skip
    colours = dict(zip(cuts, (GREEN, BLUE, "#56B4E9", ORANGE, "#CC79A7", RED), strict=True))
    for name, each in cuts.items():
        x, y = 100 * alternatives.curve(well, down, name, each, (4, 11)).T
        axes.plot(x, y, color=colours[name], label=words[name], linewidth=1.4)
    for name, mark in (("highest", "2 spaces"), ("conditional", "5 %"), ("year", "1 z")):
        cut = alternatives.RULES[name][1]
        x = 100 * alternatives.flagged_a_year(well, name, cut, (4, 11)).value
        y = 100 * alternatives.seen_by(down, name, cut).value
        axes.plot(x, y, "o", color=colours[name], markersize=4)
        axes.annotate(mark, (x, y), textcoords="offset points", xytext=(5, -10), fontsize=8)
    for name, mark in (("ng75", "NG75 bands at all ages"), ("dutch", "1 z since 3 years")):
        cut = alternatives.RULES[name][1]
        x = 100 * alternatives.flagged_a_year(well, name, cut, (4, 11)).value
        y = 100 * alternatives.seen_by(down, name, cut).value
        axes.plot(x, y, "D", color=GREY, markersize=4)
        axes.annotate(
            mark, (x, y), textcoords="offset points", xytext=(-5, 5), fontsize=8, ha="right"
        )
    _rule_set(results, axes)
    axes.set(xlim=(0, 7.5), ylim=(40, 101), xlabel="healthy children flagged a year, 4–11 y [%]")
    axes.set_ylabel("falls of 2 spaces seen at the first visit after [%]")
    axes.legend(loc="lower right", fontsize=8)
    return figure, "Falls seen against healthy children flagged, for several rules at every cut"


def _rule_set(results: Results, axes: Axes) -> None:
    """Mark the rule set at each tier, with TRAJECTORY and without."""
    well = results.healthy[YEARLY.name][1]
    down = results.falls[2.0, (4.0, 12.0)]
    for without, face in (("", "black"), ("TRAJECTORY", "white")):
        for tier in (WATCH, ACT, URGENT):
            x = 100 * results.raised(well, (4, 11), tier, without=without).value
            y = 100 * results.seen(down, tier, without)[0].value
            axes.plot(x, y, "s", color="black", markerfacecolor=face, markersize=5, zorder=5)
            if not without:
                axes.annotate(
                    SEVERITIES[tier], (x, y), textcoords="offset points", xytext=(6, -3), fontsize=8
                )
    axes.plot([], [], "s", color="black", markersize=5, label="the rule set, by tier")
    axes.plot(
        [], [], "s", color="black", markerfacecolor="white", markersize=5,
        label="the rule set without TRAJECTORY",
    )  # fmt: skip


def healthy(results: Results) -> tuple[Figure, str]:
    """Healthy children raised a year, by age band and tier."""
    figure, axes = _axes(height=3.2)
    young, old = results.healthy[ROUTINE.name][0], results.healthy[YEARLY.name][1]
    for k, (tier, colour) in enumerate(((WATCH, ORANGE), (ACT, RED), (URGENT, "#7B1E3A"))):
        shares = [
            results.raised(young if band[1] <= 4 and young else old, band, tier) for band in BANDS
        ]
        _bars(axes, np.arange(len(BANDS)) + 0.27 * (k - 1), shares, colour, SEVERITIES[tier])
    axes.set_xticks(range(len(BANDS)), BAND_WORDS)
    axes.set(yscale="log", ylim=(0.02, 60), ylabel="children a year [%]")
    axes.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
    axes.legend(loc="upper right", fontsize=8)
    axes.set_title("Healthy children raised by a rule of change (routine to 4 y, yearly from 4)")
    return figure, "Healthy children raised a year by rules of change, by age and tier"


def _bars(axes: Axes, x: np.ndarray, shares: list[Share], colour: str, label: str) -> None:
    y = np.array([100 * share.value for share in shares])
    low, high = 100 * np.array([share.interval for share in shares]).T
    axes.bar(x, y, 0.25, color=colour, label=label)
    axes.vlines(x, low, high, color="#222222", linewidth=0.8)


def depth(results: Results) -> tuple[Figure, str]:
    """Falls seen by the first visit after, by depth, duration and tier."""
    figure = Figure(figsize=(6.4, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    depths = results.plan.depths
    for months, dash in (((4.0, 4.0), "-"), ((8.0, 8.0), "--"), ((12.0, 12.0), ":")):
        for tier, colour in ((WATCH, ORANGE), (ACT, RED)):
            y = [100 * results.seen(results.falls[d, months], tier)[0].value for d in depths]
            label = f"{SEVERITIES[tier]}, {months[0]:.0f} months"
            left.plot(depths, y, dash, color=colour, label=label, linewidth=1.4)
    for schedule, colour in zip(
        (ROUTINE, YEARLY, HALF_YEARLY, CLINIC), (GREY, BLUE, GREEN, "#CC79A7"), strict=True
    ):
        y = [
            100 * results.seen(results.falls_by_schedule[schedule.name, d], ACT)[0].value
            for d in depths
        ]
        right.plot(depths, y, color=colour, label=schedule.name, linewidth=1.4)
    left.set(xlabel="spaces fallen", ylabel="seen at the first visit after [%]", ylim=(0, 102))
    left.set_title("by how fast (yearly visits)")
    right.set(xlabel="spaces fallen", title="at act, by schedule")
    for axes in (left, right):
        axes.legend(loc="lower right", fontsize=7)
    return figure, "Planted falls seen by the first visit after them, by depth"


def delay(results: Results) -> tuple[Figure, str]:
    """How long after a fall of two spaces begins it is seen, by schedule."""
    figure, axes = _axes(height=3.0)
    days = np.arange(0, 40 * 30.4375, 10)
    for schedule, colour in zip(
        (ROUTINE, YEARLY, HALF_YEARLY, CLINIC), (GREY, BLUE, GREEN, "#CC79A7"), strict=True
    ):
        fallen = results.falls_by_schedule[schedule.name, 2.0]
        waited = results.seen(fallen, ACT)[1]
        y = [100 * np.mean(np.nan_to_num(waited, nan=np.inf) <= day) for day in days]
        axes.step(days / 30.4375, y, color=colour, label=schedule.name, where="post")
    axes.set(xlabel="months since the fall began", ylabel="seen at act [%]", ylim=(0, 102))
    axes.legend(loc="lower right", fontsize=8)
    axes.set_title("Falls of 2 spaces in 4–12 months, from 4 to 11 years")
    return figure, "How long it takes until a planted fall of two spaces is seen at act"
