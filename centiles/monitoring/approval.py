"""Whether a clinician has signed every number a result was made with."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

APPROVED: Final = "approved"
NOT_APPROVED: Final = "rules not clinically approved"
# Lines of the table that say which files its other lines were taken from.
RULES, CONTACTS = "sha256 of the rules", "sha256 of the contact rules"


@dataclass(frozen=True)
class SignOff:
    """What is to be signed: how many lines are open, and of which rules they are."""

    open: int
    total: int
    rules_sha256: str
    contacts_sha256: str


@cache
def sign_off() -> SignOff:
    """Return the state of docs/sign-off.md as it came with the package."""
    text = (resources.files(__package__) / "sign_off.csv").read_text(encoding="utf-8")
    rows = {(row["item"], row["says"]): row["status"] for row in csv.DictReader(text.splitlines())}
    hashes = {item: says for item, says in rows if item in (RULES, CONTACTS)}
    items = [status for (item, _), status in rows.items() if item not in hashes]
    still = sum(status != APPROVED for status in items)
    return SignOff(still, len(items), hashes.get(RULES, ""), hashes.get(CONTACTS, ""))


def approval_of(rules_sha256: str, contacts_sha256: str) -> str:
    """Return whether the rules a result was made with are clinically approved, in words.

    They are not while any line of the sign-off is open, nor if they are others than it is about.
    """
    signed = sign_off()
    same = (rules_sha256, contacts_sha256) == (signed.rules_sha256, signed.contacts_sha256)
    return "rules clinically approved" if same and signed.open == 0 else NOT_APPROVED
