"""The pages' templates, and the law they are read under: nothing from the data is ever markup."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

import jinja2


@cache
def environment() -> jinja2.Environment:
    """Return the templates; whatever they are given is text, unless it was made as markup here."""
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(read),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def read(name: str) -> str:
    """Return one of the files of ``pages/``."""
    return (resources.files(__package__) / "pages" / name).read_text(encoding="utf-8")


def policy(css: str, js: str = "") -> str:
    """Return a content security policy: this style, this script, and nothing from anywhere."""
    script = f"'sha256-{_digest(js)}'" if js else "'none'"
    return (
        f"default-src 'none'; style-src 'sha256-{_digest(css)}'; script-src {script}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
