"""How the pages become a site (`make site`): from the repository's root, so that links hold."""

from __future__ import annotations

import re

from sphinx.application import Sphinx

from centiles import __version__

project = "centiles"
author = "the centiles developers"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md", "data/*/README.md", "benchmarks/README.md"]
exclude_patterns = [".*", "build", "dist", "demo-results"]

html_theme = "furo"
html_title = f"centiles {version}"
html_show_sphinx = False

myst_heading_anchors = 4  # as GitHub makes them
autodoc_typehints = "description"
autodoc_type_aliases = {name: name for name in ("ArrayLike", "FloatArray")}
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = False
napoleon_use_rtype = False

# A fenced example has no lexer of its own where it shows a table or a console.
suppress_warnings = ["misc.highlighting_failure"]


def _with_sources(*arguments: object) -> None:
    """Make each source key of a docstring, such as [Cole1992]_, lead to the page of sources."""
    lines = arguments[-1]
    assert isinstance(lines, list)
    lines[:] = [re.sub(r"\[(\w+\d{4})\]_", r":doc:`[\1] </docs/sources>`", each) for each in lines]


def setup(app: Sphinx) -> None:
    """Connect what is done to docstrings."""
    app.connect("autodoc-process-docstring", _with_sources)
