"""Contact findings in words: one plain sentence each, made once for all that say the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles.ages import age_words
from centiles.monitoring.schema import ContactRule
from centiles.monitoring.wording import date_words, interval

_SAME: Final = ["variant", "on", "age", "no_weight", "no_height", "later_on", "later_age", "days",
                "count", "words", "reason"]  # fmt: skip
_TIMES: Final = {1: "once", 2: "twice"}


def sentences(found: pd.DataFrame, rule: ContactRule) -> NDArray[np.object_]:
    """Return a sentence for each finding of one rule.

    Parameters
    ----------
    found
        What the rule finds, with ``reason``, in the words of the export.
    rule
        The rule, whose sentences these are.
    """
    if found.empty:
        return np.empty(0, dtype=object)
    said = found[_SAME].assign(age=found["age"].mask(found["on"].notna()))  # a date says more
    said["later_age"] = found["later_age"].mask(found["later_on"].notna())
    each, place = _distinct(said)
    words = [_sentence(row, rule) for row in each.itertuples()]
    return np.asarray([*words, ""], dtype=object)[place]


def _distinct(said: pd.DataFrame) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Return the distinct rows of a frame, and each row's place among them."""
    groups = said.groupby(list(said.columns), dropna=False, sort=False, observed=True)
    number = groups.ngroup().to_numpy().astype(np.intp)
    first = pd.Series(number).drop_duplicates().index
    return said.iloc[first.to_numpy()], number


def _sentence(finding: Any, rule: ContactRule) -> str:
    return rule.said[finding.variant].format_map(_Places(finding, rule.numbers)) + "."


class _Places(dict[str, Any]):
    """What the places of a sentence stand for, each worded when it is asked for; and numbers."""

    def __init__(self, finding: Any, numbers: Mapping[str, Any]) -> None:
        super().__init__(numbers)
        self.finding = finding

    def __missing__(self, place: str) -> str:
        """Return what a place stands for."""
        return _PLACES[place](self.finding)


def _no(finding: Any) -> str:
    """Return what is lacking: "No weight", "No height", "No height and no weight"."""
    lacking = [w for w, no in (("height", finding.no_height), ("weight", finding.no_weight)) if no]
    return "No " + " and no ".join(lacking)


def _when(on: Any, age: float) -> str:
    return f"on {date_words(on)}" if not pd.isna(on) else f"at {age_words(age)}"


def _date(on: Any, age: float) -> str:
    if not pd.isna(on):
        return date_words(on)
    return f"the age of {age_words(age)}" if np.isfinite(age) else "birth"


def _since(finding: Any) -> str:
    """Return when what was lacking was made good, or that it was not yet."""
    if pd.isna(finding.later_on) and not np.isfinite(finding.later_age):
        return "; not taken since"
    return f"; taken {_when(finding.later_on, finding.later_age)}"


_PLACES: Final[dict[str, Callable[[Any], str]]] = {
    "no": _no,
    "when": lambda it: _when(it.on, it.age),
    "date": lambda it: _date(it.on, it.age),
    "reason": lambda it: f" ({it.reason})" if it.reason else "",
    "since": _since,
    "gone": lambda it: interval(it.days) if np.isfinite(it.days) else "",
    "count": lambda it: _TIMES.get(it.count, f"{it.count} times"),
    "event": lambda it: str(it.words).replace("_", " "),
    "words": lambda it: str(it.words),
    "twice": lambda it: "; a second date is missed too" if it.count > 1 else "",
}
