"""How a chart looks: colours, sizes and the matplotlib settings it is drawn under.

Nothing is told by colour alone. Every text colour stands at 4.5:1 or more on white, and on the
tint of a fall.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from warnings import catch_warnings, filterwarnings

from centiles.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FAMILY: Final = "DejaVu Sans"
INK: Final = "#16242e"  # points, headings
TEXT: Final = "#33434d"  # axes, labels
QUIET: Final = "#56656e"  # footer
LINES: Final = "#3f7377"  # the nine lines: one colour for both sexes
FALL: Final = "#f9ecd2"  # the tint of a fall or rise
FALL_EDGE: Final = "#8a5a0c"
FALL_TEXT: Final = "#6d4300"
RING: Final = "#9c2f12"
PUBERTY: Final = "#eef2f4"  # the tint of the ages of puberty
PARENTS: Final = "#4a3f7a"
EVENT: Final = "#5a3d5c"

RULE: Final = "#c9d2d6"  # lines that part the blocks of a page

SMALL: Final = 7.5  # [pt]
NORMAL: Final = 8.5
MARKER: Final = 6.0
RING_SIZE: Final = 14.4
ROW: Final = 1.5  # of rows of text, in sizes of the type

DASHED: Final = (0, (5.5, 3.0))
SOLID: Final = "-"
LINE_WIDTH: Final = 0.85

# The first is the dot of a chart with one source. No crosses: a cross is a corrected age.
MARKERS: Final = ("o", "s", "^", "D", "v", "p", "h", "*")
RING_WIDTHS: Final = {"info": 0.7, "watch": 1.1, "act": 1.9, "urgent": 2.9}

_SETTINGS: Final[dict[Any, Any]] = {
    "font.size": NORMAL,
    "text.color": TEXT,
    "text.usetex": False,
    "text.parse_math": False,  # an identifier may hold a dollar sign
    "axes.edgecolor": TEXT,
    "axes.facecolor": "white",
    "axes.grid": False,
    "axes.labelcolor": TEXT,
    "axes.linewidth": 0.7,
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "lines.antialiased": True,
    "path.simplify": True,
    "path.simplify_threshold": 0.2,  # of a pixel, or of a point in SVG: finer than can be seen
    "pdf.fonttype": 42,
    "savefig.bbox": None,
    "savefig.facecolor": "white",
    "savefig.transparent": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "centiles",
    "xtick.color": TEXT,
    "ytick.color": TEXT,
}


@contextmanager
def drawing() -> Iterator[None]:
    """Draw under the settings of a chart, whatever the caller's are."""
    import matplotlib as mpl  # here, since what only needs a colour does without it

    used = family()
    with mpl.rc_context(_SETTINGS | {"font.family": [used, "sans-serif"]}), catch_warnings():
        if used != FAMILY:  # the chart says so itself
            filterwarnings("ignore", "Glyph .* missing from font")
        yield


def family() -> str:
    """Return the type that charts are drawn in: theirs, or where it is missing another."""
    from matplotlib import font_manager

    try:
        font_manager.findfont(FAMILY, fallback_to_default=False)
    except ValueError:
        installed = {font.name for font in font_manager.fontManager.ttflist}
        plain = [n for n in installed if n != FAMILY and "Mono" not in n and "Math" not in n]
        return min(plain, key=lambda n: ("Sans" not in n, len(n), n), default=FAMILY)
    return FAMILY


def page_of(ax: Axes) -> Figure:
    """Return the figure that axes are drawn on at last, whatever subfigure they are in."""
    page = ax.get_figure(root=True)
    if page is None:
        raise UsageError("ax: found axes without a figure, expected axes of one; make a new one")
    return page
