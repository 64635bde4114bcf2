"""Identifiers in one form, so that services merge; NHS numbers checked, and what Excel did named.

Identifiers are text: "0012" stays so. Nothing is guessed: a number that a spreadsheet rounded is
no one's, since it would be many children's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow.compute as pc
from numpy.typing import NDArray

from centiles.records.parsing import Flags, are, arrow_words, is_missing, plain

NHS_DIGITS: Final = 10
_WEIGHTS: Final = np.arange(10, 1, -1, dtype=np.int64)
_GROUPED: Final = r"[0-9]{3}[ -][0-9]{3}[ -][0-9]{4}"  # as it is printed, in groups of 3, 3 and 4
_SPACED: Final = r"[ -]*(?:[0-9][ -]*){10}"
_NUMERIC: Final = r"[-+0-9 .eE]+"  # what all words of the next shapes are made of
_FROM_A_FLOAT: Final = r"[0-9]+\.0"  # how a column of whole numbers with gaps in it is written
_SCIENTIFIC: Final = r"([0-9])(?:\.([0-9]+))?[eE]\+?([0-9]{1,2})"
_LOST_ZEROS: Final = r"[0-9]{8,9}"
_NHS_HEADER: Final = re.compile(r"\bnhs|\bchi (?:number|no)\b|\bh&c\b")
_PSEUDONYM: Final = re.compile(r"pseudo|deid|de id|hash|encrypt|token")


@dataclass(frozen=True)
class Identifiers:
    """Identifiers in their one form, and what is known of each word.

    ``rounded`` marks those a spreadsheet rounded, whose text is empty; ``padded`` NHS numbers
    whose leading zeros were put back; ``failed`` those that are no NHS number, in a column of them.
    """

    text: pd.Series[str]
    rounded: Flags
    padded: Flags
    failed: Flags


def says_nhs(header: str) -> bool:
    """Return whether a normalised header speaks of NHS, CHI or H&C numbers, not of pseudonyms.

    Examples
    --------
    >>> says_nhs("nhs number"), says_nhs("pseudo nhs number"), says_nhs("child id")
    (True, False, False)
    """
    return bool(_NHS_HEADER.search(header)) and not _PSEUDONYM.search(header)


def identifiers(words: pd.Series[str], *, nhs: bool) -> Identifiers:
    """Return identifiers in their one form; words that stand for none are emptied.

    Parameters
    ----------
    words
        The distinct words of a column, stripped.
    nhs
        Whether they are NHS numbers by their header: spaces and hyphens are dropped, lost leading
        zeros put back where the check digit then holds, and ten equal digits are no one.

    Examples
    --------
    >>> found = identifiers(pd.Series(["943 476 5919", "9.43477E+09", "0000000000"]), nhs=True)
    >>> found.text.tolist(), found.rounded.tolist()
    (['9434765919', '', ''], [False, True, False])
    """
    none = np.zeros(len(words), dtype=np.bool_)
    ten = _are_ten(words)
    text, rounded = (words, none) if ten.all() else _closed_up(words, ten, nhs=nhs)
    if not nhs:
        return Identifiers(text.mask(text == "0" * NHS_DIGITS, ""), rounded, none, none)
    ten = ten if text is words else _are_ten(text)
    digits = _digits(text[ten])
    equal = none.copy()
    equal[ten] = (digits == digits[:, :1]).all(axis=1)
    failed = ~ten & (text != "").to_numpy(np.bool_)
    failed[ten] = ~_holds(digits)
    padded = none.copy()
    lost = np.flatnonzero(~ten)
    lost = lost[are(text.iloc[lost], _LOST_ZEROS)]
    if len(lost):
        whole = text.iloc[lost].str.zfill(NHS_DIGITS)
        right = _holds(_digits(whole))
        padded[lost[right]], failed[lost[right]] = True, False
        text = text.copy()
        text.iloc[lost[right]] = whole[right]
    if equal.any():
        text = text.mask(equal, "")
    return Identifiers(text, rounded, padded, failed & ~equal)


def _closed_up(words: pd.Series[str], ten: Flags, *, nhs: bool) -> tuple[pd.Series[str], Flags]:
    """Return words without what is about their digits, and which a spreadsheet has rounded."""
    text = plain(words)
    text = text.mask(is_missing(text), "")
    rounded = np.zeros(len(words), dtype=np.bool_)
    if not are(text, _NUMERIC).any():
        return text, rounded
    if are(text[text != ""], _FROM_A_FLOAT).all():
        text = text.str.removesuffix(".0")
    apart = are(text, _SPACED if nhs else _GROUPED)
    if apart.any():
        text = text.mask(apart, text.str.replace(r"[ -]", "", regex=True))
    at = np.flatnonzero(are(text, _SCIENTIFIC))
    if len(at):
        science = text.iloc[at].str.extract(f"^{_SCIENTIFIC}$")
        digits = (science[0] + science[1].fillna("")).str.rstrip("0")
        whole = (pd.to_numeric(science[2]) == NHS_DIGITS - 1) & (digits.str.len() == NHS_DIGITS)
        text = text.copy()
        text.iloc[at] = digits.where(whole, "")
        rounded[at] = ~whole
    return text.mask(ten, words), rounded


def _are_ten(words: pd.Series[str]) -> Flags:
    """Return which words are ten digits; in a fifth of the time of a regular expression."""
    arrow = arrow_words(words)
    ten = pc.and_(pc.ascii_is_decimal(arrow), pc.equal(pc.binary_length(arrow), NHS_DIGITS))
    return np.asarray(ten.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _digits(words: pd.Series[str]) -> NDArray[np.uint8]:
    """Return the digits of words of ten, shape (n, 10)."""
    if words.empty:
        return np.empty((0, NHS_DIGITS), dtype=np.uint8)
    arrow = arrow_words(words)  # its letters stand one behind the other in its last buffer
    _, places, letters = arrow.buffers()
    start = np.frombuffer(places, np.int64)[arrow.offset]
    signs = np.frombuffer(letters, np.uint8)[start : start + NHS_DIGITS * len(arrow)]
    return signs.reshape(-1, NHS_DIGITS) - np.uint8(ord("0"))


def _holds(digits: NDArray[np.uint8]) -> Flags:
    """Return where the tenth digit is the check digit of the first nine, modulus 11."""
    expected = 11 - digits[:, :-1] @ _WEIGHTS % 11
    return np.asarray(np.where(expected == 11, 0, expected) == digits[:, -1])
