"""The gallery: rebuilt, and what is in each picture is what its caption says."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest

from tests.test_docs import tool

ROOT = Path(__file__).resolve().parents[1]
GALLERY = tool("build_gallery")
SPACE = "{http://www.w3.org/2000/svg}"
MOST_BYTES = 60_000


def shape(svg: bytes) -> tuple[Counter[str], list[str]]:
    """Return what a picture is made of: how many of each named part, and all its words.

    Versions and hashes apart: they change with every rule.
    """
    root = ET.fromstring(svg)
    ids = [element.get("id", "") for element in root.iter()]
    named = [name for name in ids if name and not re.fullmatch(r"[mpC][\da-f]{6,}(_\w+)?", name)]
    parts = Counter(re.sub(r"_?\d+$", "", name) for name in named)
    words = [
        re.sub(r"(tables|rules \w+|centiles) [\w.]+", r"\1", "".join(element.itertext()))
        for kind in ("title", "desc", "text")
        for element in root.iter(f"{SPACE}{kind}")
    ]
    return parts, words


@pytest.mark.parametrize("picture", GALLERY.PICTURES, ids=lambda picture: picture.name)
def test_a_picture_is_what_the_code_draws(picture, tmp_path) -> None:
    kept = (GALLERY.FOLDER / f"{picture.name}.svg").read_bytes()
    assert shape(GALLERY.draw(picture, tmp_path).read_bytes()) == shape(kept), "run: make gallery"
    assert len(kept) < MOST_BYTES


def test_the_picture_of_the_front_page_is_what_the_code_draws(tmp_path) -> None:
    made = GALLERY.draw_front(tmp_path / "fall.svg").read_bytes()
    assert shape(made) == shape(GALLERY.FRONT.read_bytes()), "run: make gallery"
    assert b"fell 4.2 spaces" in made


def test_the_page_and_the_folder_hold_all_pictures_and_no_other() -> None:
    assert GALLERY.PAGE.read_text(encoding="utf-8") == GALLERY.page()
    names = {f"{picture.name}.svg" for picture in GALLERY.PICTURES}
    assert {path.name for path in GALLERY.FOLDER.iterdir()} == names
    assert len(names) == 12


@pytest.mark.parametrize(
    ("name", "parts", "said"),
    [
        ("newborn", ["corrected", "correction"], "loss of up to 10 %"),
        ("infant-fall", ["fall-", "ring-"], "spaces"),
        ("preterm", ["line-uk90_birth-50th", "corrected"], "Weeks of gestation"),
        ("corrected", ["corrected", "correction", "points-ok-o"], "age corrected for gestation"),
        ("toddler", ["join-who_child"], "standing"),
        ("school-fall", ["fall-", "event", "ring-urgent"], "hospital.csv"),
        ("parents", ["parents-range", "parents-expected", "puberty-female"], "Puberty, girls"),
        ("queried", ["points-off-scale", "points-check-o"], "24,100 kg, check"),
        ("head-rise", ["rise-HEAD-RISE", "ring-"], "rose"),
        ("bmi-rise", ["rise-", "ring-"], "above the 98th"),
        ("sds", ["joined-weight", "joined-height"], "check"),
        ("family", ["warning", "fall-"], "one household"),
    ],
)
def test_a_picture_shows_what_its_caption_says(name, parts, said) -> None:
    found, words = shape((GALLERY.FOLDER / f"{name}.svg").read_bytes())
    for part in parts:
        assert any(name.startswith(part) for name in found), part
    assert any(said in text for text in words)
