"""Children under other names: a keyed hash in the place of identifiers, ages in that of dates.

The same key gives the same pseudonym to the same identifier, so that runs can be compared; without
the key nobody can tell whose it is, and nobody can try all NHS numbers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from centiles.errors import UnreadableError, UsageError
from centiles.records import columns
from centiles.records.policies import DATES
from centiles.records.sides import SideFiles

LEAST_KEY_BYTES: Final = 16
MOST_KEY_BYTES: Final = 1 << 16
LENGTH: Final = 12  # of 32 letters each: two of a million children share one in a million runs
_FREE_TEXT: Final = ("contact", "team", "unit")
_DATE_OR_NUMBER: Final = re.compile(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}|\d{6,}|[a-z]{3,9} \d{4}")
_PLAIN_NUMBER: Final = r"[0-9]{1,5}([.,][0-9]{1,3})?"
# Nothing else is shown of a reason: words among others could name somebody.
_REASON_WORDS: Final = frozenset(
    {
        "dna", "did not attend", "wnb", "was not brought", "not brought", "not seen", "absent",
        "away", "refused", "child refused", "parent refused", "declined", "parent declined",
        "withdrawn", "unable", "unable to measure", "unable to weigh", "uncooperative",
        "not cooperative", "distressed", "crying", "not done", "not measured", "not weighed",
        "not taken", "no scales", "no equipment", "equipment failure", "no height measure",
        "no stadiometer", "wheelchair", "in plaster",
    }
)  # fmt: skip
_LARGEST: Final = 1e5  # no measurement is larger; a number that is may be an identifier


@dataclass(frozen=True)
class Pseudonyms:
    """The pseudonyms that a key makes.

    ``dates`` is "keep", or "ages" where no date is to be shown.
    """

    key: bytes
    dates: str = "keep"

    def __post_init__(self) -> None:
        if len(self.key) < LEAST_KEY_BYTES:
            raise UsageError(
                f"pseudonymise: found a key of {len(self.key)} bytes, expected at least "
                f"{LEAST_KEY_BYTES}; make one with: head -c 32 /dev/urandom > key.bin"
            )
        if self.dates not in DATES:
            raise UsageError(f"dates: found {self.dates!r}, expected one of {', '.join(DATES)}")

    def __repr__(self) -> str:
        return f"Pseudonyms(dates={self.dates!r})"  # never the key

    def child(self, identifier: str) -> str:
        """Return a child's pseudonym; nobody stays nobody.

        Examples
        --------
        >>> Pseudonyms(b"0123456789abcdef").child("9990000018")
        'PV4WY3IJ67GLE'
        """
        return self._made("P", identifier)

    @property
    def fingerprint(self) -> str:
        """What tells one key from another, and nothing about it."""
        return self._made("K", "centiles")

    def household(self, identifier: str) -> str:
        """Return a household's pseudonym."""
        return self._made("H", identifier)

    def _made(self, kind: str, identifier: str) -> str:
        if not identifier:
            return ""
        digest = hmac.new(self.key, f"{kind}:{identifier}".encode(), hashlib.sha256).digest()
        return kind + base64.b32encode(digest).decode("ascii")[:LENGTH]


def read_key(path: str | Path) -> bytes:
    """Return the key in a file.

    Raises
    ------
    UnreadableError
        If it cannot be read.
    UsageError
        If it is too short to keep anything, or too large to be one.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            key = file.read(MOST_KEY_BYTES + 1)
    except OSError as fault:
        raise UnreadableError(
            f"{path.name}: found {fault.strerror}, expected the key file of --pseudonymise"
        ) from None
    if len(key) > MOST_KEY_BYTES:
        raise UsageError(f"{path.name}: found a file too large to be a key; check the name")
    return Pseudonyms(key.strip() if len(key.strip()) >= LEAST_KEY_BYTES else key).key


def ids(names: Any, pseudonyms: Pseudonyms) -> Any:
    """Return what children are called, in the order they were."""
    return np.array([pseudonyms.child(str(name)) for name in names], dtype=object)


def frame_of(
    frame: pd.DataFrame, problems: pd.DataFrame, child: Any, called: Any, pseudonyms: Pseudonyms
) -> pd.DataFrame:
    """Return scored rows that show no identifier, no free text and, with ages, no date."""
    codes, homes = pd.factorize(frame["household_id"])
    names = np.array([pseudonyms.household(str(home)) for home in homes], dtype=object)
    plain = frame["raw"].str.fullmatch(_PLAIN_NUMBER).fillna(value=False)
    known = frame["reason"].str.lower().isin(_REASON_WORDS)
    value = frame["value"].to_numpy()
    with np.errstate(invalid="ignore"):
        value = np.where(np.abs(value) > _LARGEST, np.nan, value)
    parts: dict[str, Any] = {
        "child_id": np.append(called, "")[child],
        "household_id": np.append(names, "")[codes],
        "raw": frame["raw"].where(plain, ""),
        "reason": frame["reason"].where(known | (frame["reason"] == ""), "other"),
        "value": value,
    }
    shifted = _shifted(frame, problems)
    parts |= {name: _without_dates(frame[name]).mask(shifted, "") for name in _FREE_TEXT}
    if pseudonyms.dates == "ages":
        dates = [each.name for each in columns.SCORED if each.kind == "date"]
        parts |= dict.fromkeys(dates)
        parts |= dict.fromkeys(("birth_precision", "date_precision"), "")
    whole: dict[str, Any] = {name: frame[name] for name in frame.columns}
    return columns.frame(columns.SCORED, whole | parts)


def _shifted(frame: pd.DataFrame, problems: pd.DataFrame) -> Any:
    """Return which values are of rows with more or fewer cells than the header.

    What stands under one header there may be what belongs under another, such as a name.
    """
    odd = problems[problems["code"] == "F01"]
    if odd.empty:
        return np.zeros(len(frame), dtype=np.bool_)
    of = [
        pd.MultiIndex.from_arrays([each["source"].astype("str"), each["row"]])
        for each in (frame, odd)
    ]
    return of[0].isin(of[1])


def _without_dates(column: pd.Series[Any]) -> Any:
    """Return a column without the words that hold a date or a long number."""
    text = column.astype("str")
    odd = text.str.lower().str.contains(_DATE_OR_NUMBER)
    return text.where(~odd, "")


def sides_of(sides: SideFiles, pseudonyms: Pseudonyms) -> SideFiles:
    """Return side files that show no identifier, no free text and, with ages, no date."""
    frames: dict[str, Any] = {}
    for kind, schema, free in (
        ("children", columns.CHILDREN_FILE, ()),
        ("events", columns.EVENTS_FILE, ("note",)),
        ("actions", columns.ACTIONS_FILE, ("action", "by_role")),
    ):
        frame = sides.frame(kind)
        parts: dict[str, Any] = {name: frame[name] for name in frame.columns}
        parts["child_id"] = [pseudonyms.child(name) for name in frame["child_id"]]
        if kind == "children":
            parts["household_id"] = [pseudonyms.household(h) for h in frame["household_id"]]
        parts |= dict.fromkeys(free, "")
        if pseudonyms.dates == "ages":
            parts |= dict.fromkeys([each.name for each in schema if each.kind == "date"])
        frames[kind] = columns.frame(schema, parts)
    return replace(sides, **frames, identifiers=())
