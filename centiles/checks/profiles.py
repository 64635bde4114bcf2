"""What a run decides before any child is looked at: rules, dates, and whom results may name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from centiles.ages import Correction
from centiles.errors import UsageError
from centiles.monitoring.rulesets import ruleset
from centiles.monitoring.schema import RuleSet
from centiles.records.pseudonyms import Pseudonyms
from centiles.records.reading import Records


@dataclass(frozen=True)
class Profile:
    """What a check is made with; the same for every batch of children.

    ``as_of`` is the last date of knowledge, None for the newest in the records; ``due_by`` the
    horizon of the overdue list, None for the last date of knowledge; ``today`` the day after which
    a measurement is in the future; ``sensitive`` whether results name sensitive events.
    """

    rules: RuleSet
    correction: Correction
    as_of: np.datetime64 | None
    due_by: np.datetime64 | None
    today: np.datetime64
    unknown_gestation: str
    repair: bool
    sensitive: bool
    pseudonyms: Pseudonyms | None

    @property
    def hides_dates(self) -> bool:
        """Whether results show ages and no dates."""
        return self.pseudonyms is not None and self.pseudonyms.dates == "ages"

    @property
    def scoring(self) -> dict[str, Any]:
        """The options of scoring."""
        return {
            "correction": self.correction,
            "as_of": self.as_of,
            "today": self.today,
            "unknown_gestation": self.unknown_gestation,
            "repair": self.repair,
        }


def profile_of(
    *,
    rules: str = "uk",
    correction: str = "digital",
    as_of: Any = None,
    due_by: Any = None,
    today: Any = None,
    unknown_gestation: str = "score",
    repair: bool = False,
    sensitive: bool = False,
    pseudonyms: Pseudonyms | None = None,
) -> Profile:
    """Return what a check is made with, from what its caller asks for (as :func:`check` has it).

    Raises
    ------
    UsageError
        If an option is not one of its words.
    """
    return Profile(
        rules=ruleset(rules),
        correction=Correction(correction),
        as_of=None if as_of is None else np.datetime64(as_of, "D"),
        due_by=None if due_by is None else np.datetime64(due_by, "D"),
        today=np.datetime64("today" if today is None else today, "D"),
        unknown_gestation=unknown_gestation,
        repair=repair,
        sensitive=sensitive,
        pseudonyms=pseudonyms,
    )


def stop_if_a_file_names_a_child(records: Records, names: set[str]) -> None:
    """Stop before pseudonyms are made if the name of a file would give a child away.

    Raises
    ------
    UsageError
        If the name of a file holds an identifier, which would then stand in every result.
    """
    sheets = [f"{each.name} {each.mapping.get('sheet', '')}".strip() for each in records.sources]
    files = [*sheets, *(each.name for each in records.sides.sources), *records.missing]
    for number, name in enumerate(files, 1):
        if names & {name, *re.split(r"[\W_]+", name)}:
            raise UsageError(
                f"pseudonymise: the name of file {number} holds an identifier, which would stand "
                "in every result; rename the file"
            )
