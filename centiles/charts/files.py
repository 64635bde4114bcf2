"""Charts as files: PNG, SVG and PDF, each with its text alternative."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

import numpy as np

from centiles.charts import style, words
from centiles.charts.contents import chart_of
from centiles.charts.figures import figure
from centiles.errors import UnwritableError, UsageError
from centiles.measures import MEASURES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from centiles.checks import Child

SUFFIXES: Final = (".png", ".svg", ".pdf")


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
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            f"chart file: found the suffix {path.suffix!r}, expected one of "
            f"{', '.join(SUFFIXES)}; end the file's name in one of them"
        )
    wanted = _measures(child, measures)
    shown: dict[str, Any] = {"window": window, "ages": ages, "sensitive": sensitive}
    page = {"name": name, "drawn_on": drawn_on, "orientation": orientation}
    titled = {
        measure: (
            figure(child, measure, **shown, **page),
            ": ".join(words.heading(child, measure, name)),
            words.description(chart_of(child, measure, **shown)),
        )
        for measure in wanted
    }
    with style.drawing():
        if suffix == ".pdf":
            pages, titles, texts = zip(*titled.values(), strict=True)
            version = child.provenance.version
            contents = {path: pdf_of(pages, "; ".join(titles), " ".join(texts), version)}
        else:
            contents = _images(path, titled, child, dpi)
    return write_files(contents, replace=replace)


def _measures(child: Child, measures: str | Sequence[str] | None) -> list[str]:
    """Return the measures to draw, each once: those asked for, else those recorded."""
    if measures is not None:
        asked = [measures] if isinstance(measures, str) else list(measures)
        if not asked:
            raise UsageError(f"measures: found none, expected some of {', '.join(MEASURES)}")
        return list(dict.fromkeys(str(measure) for measure in asked))
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
    path: Path, titled: dict[str, tuple[Figure, str, str]], child: Child, dpi: float
) -> dict[Path, bytes]:
    """Return a PNG and its caption, or an SVG, for each measure."""
    contents: dict[Path, bytes] = {}
    for measure, (page, title, about) in titled.items():
        stem = f"{path.stem}-{measure}" if len(titled) > 1 else path.stem
        target = path.with_name(stem + path.suffix)
        out = BytesIO()
        if path.suffix.lower() == ".svg":
            page.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
            contents[target] = _described(out.getvalue(), title, about)
        else:
            software = f"centiles {child.provenance.version}"
            metadata = {"Title": title, "Description": about, "Software": software}
            page.savefig(out, format="png", dpi=dpi, metadata=metadata)
            contents[target] = out.getvalue()
            contents[target.with_suffix(".txt")] = f"{title}\n\n{about}\n".encode()
    return contents


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
