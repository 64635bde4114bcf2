"""Charts as files: PNG, SVG and PDF, each with its text alternative."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from xml.sax.saxutils import escape

import numpy as np

from centiles.charts import style, words
from centiles.charts.contents import chart_of
from centiles.charts.events import SENSITIVE_WARNING
from centiles.charts.families import MOST, figure_family, oldest_first
from centiles.charts.figures import figure
from centiles.charts.scores import description, score_chart_of
from centiles.charts.sds import TITLE, figure_sds
from centiles.charts.texts import capital
from centiles.errors import UnwritableError, UsageError
from centiles.measures import MEASURES, Measure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from centiles.checks import Child

SUFFIXES: Final = (".png", ".svg", ".pdf")
_TAG: Final = re.compile(rb"<(?:path|use|text|g|rect|defs)\b[^>]*>")
_COORDINATE: Final = re.compile(rb"(?<![\w#.])-?\d+\.\d{3,}(?![\w.])")
_STYLE: Final = re.compile(rb' style="[^"]*"')
_LOOSE: Final = re.compile(rb"([:;]) ")
_INDENT: Final = re.compile(rb"\n +(?=<)")
_NUMBERED: Final = re.compile(
    rb'<g id="(?:(?:line2d|text|patch|xtick|ytick|axes|figure|legend)_\d+|matplotlib\.axis_\d)">'
)
_LONG_LINE: Final = 400  # letters of a path: a line along many ages, and no marker
_FAMILY: Final = b"'DejaVu Sans', Verdana, Arial, sans-serif"
_LONG: Final = (
    (re.compile(rb" \n([A-Z]) "), rb"\1"),
    (re.compile(rb"font-family: [^;\"]*;? ?"), b""),
    (re.compile(rb"(font: [^;\"]*?px )[^;\"]*"), rb"\1" + _FAMILY),
    (re.compile(rb' transform="rotate\(-0 [^"]*\)"'), b""),
)


class Picture(NamedTuple):
    """A page, its title and its text alternative."""

    page: Figure
    title: str
    about: str


def save(
    child: Child,
    path: str | os.PathLike[str],
    measures: str | Sequence[str] | None = None,
    *,
    window: str | None = None,
    name: str | None = None,
    ages: str = "both",
    sensitive: bool = False,
    drawn_on: Any = None,
    orientation: str = "landscape",
    dpi: float = 150,
    replace: bool = True,
) -> list[Path]:
    """Write the charts of one child and return the files written.

    A PDF has a page for each measure. PNG and SVG are a file for each measure, ``-weight`` and so
    on put before the suffix if there are several; beside a PNG goes its text alternative
    (``.txt``), which PDF and SVG hold inside.

    Parameters
    ----------
    child
        A checked child.
    path
        Where to write; the suffix says what: ``.png``, ``.svg`` or ``.pdf``.
    measures
        One measure or several; all that have a point by default.
    window, name, ages, sensitive, drawn_on, orientation
        As for :func:`centiles.charts.figure`.
    dpi
        Pixels an inch of a PNG.
    replace
        Write over files that are there already.

    Raises
    ------
    UsageError
        If the suffix, a measure, the window or the orientation is none that can be drawn.
    UnwritableError
        If a file cannot be written, or is there already and ``replace`` is false.
    """
    shown: dict[str, Any] = {"window": window, "ages": ages, "sensitive": sensitive}
    page = {"name": name, "drawn_on": drawn_on, "orientation": orientation}
    suffix_of(path)
    pictures = {}
    for measure in _measures(child, measures):
        chart = chart_of(child, measure, **shown)
        title = ": ".join(words.heading(child, measure, name, chart.window))
        made = figure(child, measure, **shown, **page)
        pictures[measure] = Picture(made, title, words.description(chart))
    return save_pictures(path, pictures, child.provenance.version, dpi=dpi, replace=replace)


def save_sds(
    child: Child,
    path: str | os.PathLike[str],
    *,
    window: str | None = None,
    name: str | None = None,
    drawn_on: Any = None,
    orientation: str = "landscape",
    dpi: float = 150,
    replace: bool = True,
) -> list[Path]:
    """Write the SDS chart of one child and return the files written; as :func:`save` does."""
    suffix_of(path)
    page = figure_sds(child, window=window, name=name, drawn_on=drawn_on, orientation=orientation)
    title = f"{TITLE}: {words.heading(child, MEASURES[0], name)[1]}"
    picture = Picture(page, title, description(score_chart_of(child, window)))
    return save_pictures(path, {"sds": picture}, child.provenance.version, dpi=dpi, replace=replace)


def save_family(
    children: Sequence[Child],
    path: str | os.PathLike[str],
    measures: str | Sequence[str] | None = None,
    *,
    name: str | None = None,
    sensitive: bool = False,
    drawn_on: Any = None,
    orientation: str = "landscape",
    dpi: float = 150,
    replace: bool = True,
) -> list[Path]:
    """Write the family view of a household and return the files written; as :func:`save` does.

    Six children stand on a page; more make further pages, ``-weight-2`` and so on.

    Parameters as for :func:`save` and :func:`centiles.charts.figure_family`; weight by default.
    """
    suffix_of(path)
    ordered = oldest_first(children)
    parts = [ordered[start : start + MOST] for start in range(0, max(len(ordered), 1), MOST)]
    pictures = {}
    for measure in _listed(measures) if measures is not None else [str(Measure.WEIGHT)]:
        for number, part in enumerate(parts, 1):
            page = figure_family(
                part, measure, name=name, sensitive=sensitive, drawn_on=drawn_on,
                orientation=orientation,
            )  # fmt: skip
            charts = [chart_of(child, measure, sensitive=sensitive) for child in part]
            about = " ".join(words.description(chart) for chart in charts)
            title = f"{capital(Measure(measure).label)}: {len(part)} children of one household"
            title += f", page {number} of {len(parts)}" if len(parts) > 1 else ""
            key = f"{measure}-{number}" if len(parts) > 1 else measure
            pictures[key] = Picture(page, title, f"{SENSITIVE_WARNING}. {about}")
    version = children[0].provenance.version
    return save_pictures(path, pictures, version, dpi=dpi, replace=replace)


def suffix_of(path: str | os.PathLike[str]) -> str:
    """Return what kind of file is wanted.

    Raises
    ------
    UsageError
        If it is none that can be drawn.
    """
    suffix = Path(path).suffix
    if suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"chart file: found the suffix {suffix!r}, expected one of "
            f"{', '.join(SUFFIXES)}; end the file's name in one of them"
        )
    return suffix.lower()


def save_pictures(
    path: str | os.PathLike[str],
    pictures: Mapping[str, Picture],
    version: str,
    *,
    dpi: float = 150,
    replace: bool = True,
) -> list[Path]:
    """Write pictures in the form that a path's suffix asks for and return the files written.

    Raises
    ------
    UnwritableError
        If a file cannot be written, or is there already and ``replace`` is false.
    """
    path = Path(path)
    with style.drawing():
        if suffix_of(path) == ".pdf":
            pages = [picture.page for picture in pictures.values()]
            titles = "; ".join(picture.title for picture in pictures.values())
            about = " ".join(picture.about for picture in pictures.values())
            contents = {path: pdf_of(pages, titles, about, version)}
        else:
            contents = _images(path, pictures, version, dpi)
    return write_files(contents, replace=replace)


def _listed(measures: str | Sequence[str]) -> list[str]:
    """Return the measures asked for, each once."""
    asked = [measures] if isinstance(measures, str) else list(measures)
    if not asked:
        raise UsageError(f"measures: found none, expected some of {', '.join(MEASURES)}")
    return list(dict.fromkeys(str(measure) for measure in asked))


def _measures(child: Child, measures: str | Sequence[str] | None) -> list[str]:
    """Return the measures to draw, each once: those asked for, else those recorded."""
    if measures is not None:
        return _listed(measures)
    frame = child.scored
    finite = np.isfinite(frame["value"].to_numpy(dtype=np.float64, na_value=np.nan))
    recorded = set(frame["measure"].astype(object)[finite])
    return [str(m) for m in MEASURES if m in recorded] or [str(MEASURES[0])]


def stop_unless_pdf(path: Path, what: str) -> None:
    """Stop if a file is not to be a PDF.

    Raises
    ------
    UsageError
        If its name does not end in ``.pdf``.
    """
    if path.suffix.lower() != ".pdf":
        raise UsageError(
            f"{what} file: found the suffix {path.suffix!r}, expected '.pdf'; end the file's name "
            "in it"
        )


def pdf_of(pages: Sequence[Figure], title: str, about: str, version: str) -> bytes:
    """Return pages as one PDF with real letters; the same pages make the same file."""
    from matplotlib.backends.backend_pdf import PdfPages

    metadata = {
        "Title": title, "Subject": about, "Creator": f"centiles {version}", "CreationDate": None
    }  # fmt: skip
    out = BytesIO()
    with style.drawing(), PdfPages(out, metadata=metadata) as file:
        for page in pages:
            file.savefig(page)
    return out.getvalue()


def _images(
    path: Path, pictures: Mapping[str, Picture], version: str, dpi: float
) -> dict[Path, bytes]:
    """Return a PNG and its caption, or an SVG, for each picture."""
    contents: dict[Path, bytes] = {}
    for key, (page, title, about) in pictures.items():
        stem = f"{path.stem}-{key}" if len(pictures) > 1 else path.stem
        target = path.with_name(stem + path.suffix)
        out = BytesIO()
        if path.suffix.lower() == ".svg":
            page.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
            contents[target] = _lighter(_described(out.getvalue(), title, about))
        else:
            metadata = {"Title": title, "Description": about, "Software": f"centiles {version}"}
            page.savefig(out, format="png", dpi=dpi, metadata=metadata)
            contents[target] = out.getvalue()
            contents[target.with_suffix(".txt")] = f"{title}\n\n{about}\n".encode()
    return contents


def _lighter(svg: bytes) -> bytes:
    """Return an SVG without what makes it long and cannot be seen.

    Coordinates to a hundredth of a point, those of long lines to a tenth; the family of the type
    once, not for each text; no indents, and no names that only number the parts.
    """

    def short(tag: re.Match[bytes]) -> bytes:
        digits = 1 if len(tag[0]) > _LONG_LINE else 2
        made = _COORDINATE.sub(lambda found: b"%.6g" % round(float(found[0]), digits), tag[0])
        for pattern, text in _LONG:
            made = pattern.sub(text, made)
        return _STYLE.sub(lambda style: _LOOSE.sub(rb"\1", style[0]), made)

    made = _NUMBERED.sub(b"<g>", _INDENT.sub(b"\n", _TAG.sub(short, svg)))
    return made.replace(b"<svg ", b'<svg style="font-family: %s" ' % _FAMILY, 1)


def _described(svg: bytes, title: str, about: str) -> bytes:
    """Return an SVG with its title and description where a screen reader looks for them."""
    head, tag, rest = svg.partition(b"<svg ")
    attributes, _, body = rest.partition(b">")
    said = f"<title>{escape(title)}</title><desc>{escape(about)}</desc>".encode()
    return b"".join((head, tag, b'role="img" ', attributes, b">\n ", said, body))


def write_files(contents: dict[Path, bytes], *, replace: bool = True) -> list[Path]:
    """Write files whole or not at all, all of them or none, readable by their owner only.

    Raises
    ------
    UnwritableError
        If one cannot be written, or is there already and ``replace`` is false.
    """
    there = [] if replace else [target.name for target in contents if target.exists()]
    if there:
        raise UnwritableError(f"{', '.join(there)}: there already; choose another name, or --force")
    beside: dict[Path, Path] = {}
    path = next(iter(contents))
    try:
        for path, content in contents.items():
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".centiles-")
            beside[path] = Path(name)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
        for path, made in beside.items():
            made.replace(path)
    except OSError as fault:
        raise _unwritable(path, fault) from fault
    finally:
        for made in beside.values():
            made.unlink(missing_ok=True)
    return list(beside)


def _unwritable(path: Path, fault: OSError) -> UnwritableError:
    return UnwritableError(
        f"{path} could not be written (found: {fault.strerror}); expected a folder that "
        "exists and may be written to"
    )
