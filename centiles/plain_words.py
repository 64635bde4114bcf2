"""A measurement or an age in a sentence: one for clinicians, one for families."""

from __future__ import annotations

from typing import Final

import numpy as np

from centiles import ages, lms
from centiles.errors import UsageError
from centiles.lines import line_label, line_z
from centiles.measures import MEASURES, Measure, not_a_measure

AUDIENCES: Final = ("clinical", "lay")
_NEAR: Final = lms.SPACE / 4  # of a line: on it
_FAR_Z: Final = 4.0  # beyond it a measurement is to be looked at again
_MORE: Final = {
    Measure.WEIGHT: "weigh less",
    Measure.HEIGHT: "are shorter",
    Measure.BMI: "have a lower BMI",
    Measure.HEAD: "have a smaller head",
}


def measurement_words(
    z: float, measure: str, *, audience: str = "clinical", lines: str = "nine"
) -> str:
    """Return where a measurement stands among lines, as a sentence.

    Parameters
    ----------
    z
        Its z-score.
    measure
        Which measure it is.
    audience
        ``"clinical"``, or ``"lay"``, which says it in children and not in centiles alone.
    lines
        The set of lines, see :func:`centiles.line_z`.

    Raises
    ------
    UsageError
        If the measure, the audience or the lines are not one of their words.

    Examples
    --------
    >>> measurement_words(-1.0, "weight")
    'Weight between the 9th and 25th centiles (z −1.00).'
    >>> measurement_words(-1.0, "weight", audience="lay")
    'This weight is between the 9th and 25th centile lines. Of 100 children of the same age and sex,
    about 16 weigh less.'
    """
    if measure not in tuple(MEASURES):
        raise UsageError(not_a_measure(measure))
    _stop_unless_an_audience(audience)
    kind = Measure(measure)
    label = kind.label
    if np.isnan(z):
        lay = f"This {label} cannot be placed on the chart."
        return lay if audience == "lay" else f"{_capital(label)} not scored."
    place = _place(z, lines)
    check = " Please check this measurement." if abs(z) > _FAR_Z else ""
    if audience == "clinical":
        return f"{_capital(label)} {place} (z {z:.2f}).{check}".replace("z -", "z −")
    place = place.replace("centiles", "centile lines").replace(
        " centile line lines", " centile lines"
    )
    return f"This {label} is {place}. {_among_children(z, _MORE[kind])}{check}"


def age_words_for(
    gestation_days: float | None, *, correction: str = "digital", age_days: float = 0.0,
    audience: str = "clinical",
) -> str:  # fmt: skip
    """Return what was done to an age for the child's gestation, as a sentence.

    Parameters
    ----------
    gestation_days
        Gestation at birth [d]; None where not known.
    correction
        ``"digital"`` or ``"paper"``, see :class:`centiles.ages.Correction`.
    age_days
        Age since birth [d], since ``"paper"`` stops correcting.
    audience
        ``"clinical"`` or ``"lay"``.

    Examples
    --------
    >>> age_words_for(32 * 7)
    'Born at 32+0 weeks: age corrected by 8 weeks.'
    >>> age_words_for(32 * 7, audience="lay")
    'Your child was born 8 weeks before the due date, so the chart counts age from the due date.'
    """
    _stop_unless_an_audience(audience)
    lay = audience == "lay"
    if gestation_days is None or not bool(ages.gestation_known(gestation_days)):
        return (
            "The chart counts your child’s age from birth."
            if lay
            else "Gestation not known: age not corrected."
        )
    days = float(ages.correction_days(age_days, gestation_days, correction))
    weeks, rest = divmod(int(gestation_days), 7)
    if days == 0:
        born = f"Born at {weeks}+{rest} weeks: age not corrected."
        return "The chart counts your child’s age from birth." if lay else born
    apart = _weeks_and_days(abs(days))
    if lay:
        side = "before" if days > 0 else "after"
        return (
            f"Your child was born {apart} {side} the due date, so the chart counts age from the "
            "due date."
        )
    return f"Born at {weeks}+{rest} weeks: age corrected by {'−' if days < 0 else ''}{apart}."


def _place(z: float, lines: str) -> str:
    """Return where a z stands among a set of lines."""
    if lines == "nine":
        return _nine_place(lms.POSITIONS[int(lms.position_codes(z))])
    at = line_z(lines)
    names = [_name(each, lines) for each in at]
    for each, name in zip(at, names, strict=True):
        if abs(z - each) <= _NEAR:
            return f"on the {name}"
    kind = "lines" if lines == "sd" else "centiles"
    if z < at[0]:
        return f"below the {names[0]}"
    if z > at[-1]:
        return f"above the {names[-1]}"
    upper = int(np.searchsorted(at, z))
    low, high = (
        name.removesuffix(" centile").removesuffix(" line") for name in names[upper - 1 : upper + 1]
    )
    return f"between the {low} and {high} {kind}"


def _nine_place(position: str) -> str:
    """Return a position among the nine lines, as results have it, for a sentence."""
    if position.startswith("on"):
        return position.removesuffix(" line")
    return f"{position} {'centiles' if position.startswith('between') else 'centile'}"


def _name(z: float, lines: str) -> str:
    if lines == "sd":
        return "median line" if z == 0 else f"{z:+.0f} SD line".replace("-", "−")
    return f"{line_label(round(float(lms.centiles_from_z(z)), 2))} centile"


def _among_children(z: float, less: str) -> str:
    """Return a centile as so many children of a hundred or a thousand."""
    share = float(lms.centiles_from_z(z))
    if share < 0.1 or share > 99.9:
        many = "Fewer than 1 in 1,000 children" if share < 0.1 else "All but 1 in 1,000 children"
        return f"{many} of the same age and sex {less}."
    of = 100 if 1 <= share <= 99 else 1000
    return f"Of {of:,} children of the same age and sex, about {round(share * of / 100)} {less}."


def _weeks_and_days(days: float) -> str:
    weeks, rest = divmod(int(days), 7)
    parts = [(weeks, "week"), (rest, "day")]
    return " and ".join(f"{n} {word}{'s' if n != 1 else ''}" for n, word in parts if n)


def _stop_unless_an_audience(word: str) -> None:
    if word not in AUDIENCES:
        raise UsageError(f"audience: found {word!r}, expected {' or '.join(AUDIENCES)}")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
