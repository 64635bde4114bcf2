"""Value ⇄ z ⇄ centile on arrays, and percentage of median BMI.

Every function takes scalars or arrays, broadcast against each other, and gives the same shape
back. None of them raises on data: what cannot be scored is NaN, and :func:`score` says why with
a code for each.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from centiles import ages, lms, references
from centiles.ages import FloatArray
from centiles.errors import UsageError
from centiles.measures import MEASURES, SEX_CODES, SEXES, Measure, Sex, not_a_measure
from centiles.references import TABLE_COUNT, UK_WHO, Reference

SCORED: Final = 0
NOTES: Final = MappingProxyType(
    {
        SCORED: "",
        1: "no value",
        2: "the value is zero or negative",
        3: "the value is not a finite number",
        4: "sex is not known",
        5: "age is not known",
        6: "gestation is outside 22+0 to 44+6 weeks",
        7: "younger than the tables of this measure begin",
        8: "older than the tables of this measure end",
        9: "where tables are by the day an age must be in whole days",
        10: "the measure is not known",
        11: "too large or too small to score",
        12: "this reference has no table of this measure at this age",
    }
)
"""What each ``note`` code says; 0 is "scored"."""

_CODES: Final = {words: code for code, words in NOTES.items()}
_BLOCK: Final = 1 << 15  # rows scored at a time, so that what is in between stays in the cache


@dataclass(frozen=True)
class Scores:
    """z, centile and the reason code beside every NaN, each in the shape of the input."""

    z: FloatArray
    centile: FloatArray
    note: NDArray[np.int8]


def zscore(
    value: ArrayLike,
    *,
    measure: str | NDArray[Any],
    sex: ArrayLike,
    age_days: ArrayLike,
    gestation_days: ArrayLike | None = None,
    correction: str = "digital",
    reference: str = UK_WHO,
) -> Any:
    """Return the z-score of measurements against UK-WHO, or another reference.

    Parameters
    ----------
    value
        Measurements, in the unit of the measure [kg, cm, kg/m²].
    measure
        ``"weight"``, ``"height"`` (length under 2 years), ``"bmi"`` or ``"head"``; one word, or
        one for each value.
    sex
        ``"male"`` or ``"female"``, or the NHS codes 1 male and 2 female, or a pandas
        Categorical of the words. Anything else is an unknown sex.
    age_days
        Age [d]. With ``gestation_days``, since birth; without, taken as it is: since the
        expected date of delivery, which is birth for a child born at 40+0.
    gestation_days
        Gestation at birth [d]; 38+4 is 270. NaN where unknown.
    correction
        ``"digital"`` or ``"paper"``, see :class:`centiles.ages.Correction`.
    reference
        ``"uk-who"``, or another that is shipped: ``"uk90"``, ``"who"``, ``"trisomy21"``,
        ``"turner"``; see docs/references.md.

    Returns
    -------
    float or float array
        z in the broadcast shape, NaN where it cannot be had: :func:`score` says why.

    Raises
    ------
    UsageError
        If a single ``measure``, ``correction`` or ``reference`` is not one of its words, or the
        shapes do not broadcast.

    Notes
    -----
    The LMS method [Cole1992]_; tables of the half-open section the age falls in; four-point
    Lagrange between rows [Cole1998]_. No restriction beyond ±3 SD, but in ``"who"``, which has its
    own way there and straight lines between rows from 5 years [WHO2006]_.

    Examples
    --------
    >>> round(zscore(18.4, measure="weight", sex="female", age_days=1826), 3)
    0.042
    >>> zscore([10.1, 9.2], measure="weight", sex="male", age_days=[365, 365]).round(2)
    array([ 0.42, -0.43])
    """
    lookup = _lookup(measure, sex, age_days, gestation_days, correction, value, reference)
    return _shaped(_blockwise(_z_block, lookup), lookup.shape)


def score(
    value: ArrayLike,
    *,
    measure: str | NDArray[Any],
    sex: ArrayLike,
    age_days: ArrayLike,
    gestation_days: ArrayLike | None = None,
    correction: str = "digital",
    reference: str = UK_WHO,
) -> Scores:
    """Return z, centile and a note code for every measurement.

    Parameters and errors are those of :func:`zscore`; the words of a code are ``NOTES[code]``.

    Examples
    --------
    >>> scores = score([18.4, -1], measure="weight", sex="female", age_days=1826)
    >>> scores.centile.round(1)
    array([51.7,  nan])
    >>> NOTES[int(scores.note[1])]
    'the value is zero or negative'
    """
    lookup = _lookup(measure, sex, age_days, gestation_days, correction, value, reference)
    z = _blockwise(_z_block, lookup)
    note = _notes(lookup, z)
    centile = lms.centiles_from_z(z)
    return Scores(*(_shaped(part, lookup.shape) for part in (z, centile, note)))


def measurement(
    z: ArrayLike,
    *,
    measure: str | NDArray[Any],
    sex: ArrayLike,
    age_days: ArrayLike,
    gestation_days: ArrayLike | None = None,
    correction: str = "digital",
    reference: str = UK_WHO,
) -> Any:
    """Return the value [kg, cm, kg/m²] that stands at a z: the inverse of :func:`zscore`.

    Parameters other than ``z`` and the errors are those of :func:`zscore`. NaN where the tables
    have no row, or no value at that z (``1 + L·S·z`` not positive).

    Examples
    --------
    >>> round(measurement(0, measure="height", sex="female", age_days=900), 1)
    90.3
    """
    lookup = _lookup(measure, sex, age_days, gestation_days, correction, z, reference)
    return _shaped(_blockwise(_value_block, lookup), lookup.shape)


def centile(z: ArrayLike) -> Any:
    """Return the centile of a z: ``100·Φ(z)``.

    Examples
    --------
    >>> round(centile(-2), 2)
    2.28
    """
    return _shaped(lms.centiles_from_z(z), np.shape(z))


def zscore_of_centile(centile: ArrayLike) -> Any:
    """Return the z of a centile, NaN outside 0 to 100 exclusive.

    Examples
    --------
    >>> round(zscore_of_centile(2), 3)
    -2.054
    """
    return _shaped(lms.z_from_centiles(centile), np.shape(centile))


def position(z: ArrayLike) -> Any:
    """Return where a z stands among the nine lines, in words; empty where z is NaN.

    Examples
    --------
    >>> position(-1.0), position(-2.0), position(-3.4)
    ('between the 9th and 25th', 'on the 2nd centile line', 'below the 0.4th')
    """
    words = np.asarray(lms.POSITIONS)[lms.position_codes(z)]
    return str(words) if np.ndim(z) == 0 else words


def percent_median_bmi(
    bmi: ArrayLike,
    *,
    sex: ArrayLike,
    age_days: ArrayLike,
    gestation_days: ArrayLike | None = None,
    correction: str = "digital",
    reference: str = UK_WHO,
) -> Any:
    """Return BMI as a percentage [%] of the median for age and sex.

    Parameters and errors are those of :func:`zscore`.

    Examples
    --------
    >>> round(percent_median_bmi(13.0, sex="female", age_days=15 * 365.25), 1)
    65.0
    """
    median = measurement(
        np.zeros(np.shape(bmi)),
        measure=Measure.BMI,
        sex=sex,
        age_days=age_days,
        gestation_days=gestation_days,
        correction=correction,
        reference=reference,
    )
    with np.errstate(invalid="ignore", over="ignore"):
        percent = 100 * np.asarray(bmi, dtype=np.float64) / median
    return _shaped(np.where(np.isfinite(percent) & (percent > 0), percent, np.nan), percent.shape)


@dataclass(frozen=True)
class _Lookup:
    """The rows of one call, flat and broadcast, still to be looked up in a reference.

    ``amount`` is values or z; ``measure`` and ``sex`` places in their vocabularies, −1 unknown;
    ``age`` days since the expected date of delivery; ``term`` births on the pooled term row.
    """

    known: Reference
    shape: tuple[int, ...]
    amount: FloatArray
    measure: NDArray[np.integer[Any]]
    sex: NDArray[np.integer[Any]]
    age: NDArray[Any]
    term: NDArray[np.bool_] | None
    gestation: FloatArray | None

    @cached_property
    def table(self) -> NDArray[np.integer[Any]]:
        """The code of each row's table, −1 where measure or sex is unknown."""
        known = (self.measure >= 0) & (self.sex >= 0)
        return np.where(known, self.measure * len(SEXES) + self.sex, -1).astype(np.int8)

    def block(self, rows: slice | NDArray[np.intp]) -> _Lookup:
        """Return some of the rows."""
        parts = (self.amount, self.measure, self.sex, self.age, self.term, self.gestation)
        return _Lookup(self.known, self.shape, *(None if p is None else p[rows] for p in parts))  # type: ignore[arg-type]

    def lms_rows(self) -> FloatArray:
        """Return L, M, S of every row, shape (3, n); NaN where there is none."""
        known = self.known
        missing = known.daily.shape[1] - 1
        whole = self.age if self.age.dtype.kind in "iu" else np.floor(self.age)
        found = (whole >= known.first_day) & (whole < known.first_day + known.days)
        found &= self.table >= 0
        index = np.where(found, known.day_zero[self.table] + whole, missing).astype(np.intp)
        if self.term is not None:
            pooled = found & (known.section_codes(self.age, self.term) == known.term_code)
            index = np.where(pooled, known.term_zero + self.table, index)
        rows: FloatArray = np.take(known.daily, index, axis=1)
        if whole is not self.age and (fraction := whole != self.age).any():
            self._interpolate(rows, np.flatnonzero(fraction & found))
        return rows

    def _interpolate(self, rows: FloatArray, at: NDArray[np.intp]) -> None:
        """Replace the rows of ages that are no whole day, section by section."""
        known = self.known
        table = self.table[at].astype(np.intp)
        codes = known.section_codes(self.age[at], None if self.term is None else self.term[at])
        for number in np.unique(np.stack([codes.astype(np.intp), table]), axis=1).T:
            section = known.sections[number[0]]
            chosen = (codes == number[0]) & (table == number[1])
            measure, sex = MEASURES[number[1] // len(SEXES)], SEXES[number[1] % len(SEXES)]
            found = section.at(measure, sex, self.age[at[chosen]])
            rows[:, at[chosen]] = found


def _lookup(
    measure: Any,
    sex: Any,
    age_days: ArrayLike,
    gestation_days: ArrayLike | None,
    correction: str,
    amount: ArrayLike,
    reference: str,
) -> _Lookup:
    """Return the arguments of a call as flat arrays of one length."""
    age = np.asarray(age_days)
    if age.dtype.kind not in "iuf":
        age = np.asarray(age_days, dtype=np.float64)
    chosen = ages.Correction(correction)
    given: list[NDArray[Any]] = [
        np.asarray(amount, dtype=np.float64), _measure_codes(measure), _sex_codes(sex), age
    ]  # fmt: skip
    if gestation_days is not None:
        given.append(np.asarray(gestation_days, dtype=np.float64))
    try:
        whole = np.broadcast_arrays(*given)
    except ValueError as fault:
        shapes = ", ".join(str(part.shape) for part in given)
        raise UsageError(
            f"the arrays of one call must have one shape or broadcast to it; found {shapes}"
        ) from fault
    flat = [part.reshape(-1) for part in whole]
    gestation = flat[4] if gestation_days is not None else None
    term = None
    if gestation is not None:
        flat[3] = ages.corrected_age_days(flat[3], gestation, chosen)
        bad = ~np.isnan(gestation) & ~ages.gestation_known(gestation)
        flat[3] = np.where(bad, np.nan, flat[3])
        term = ages.is_pooled_term(gestation, chosen) if chosen is ages.Correction.PAPER else None
    known = references.reference(reference)
    return _Lookup(known, whole[0].shape, flat[0], flat[1], flat[2], flat[3], term, gestation)


def _measure_codes(measure: Any) -> NDArray[np.integer[Any]]:
    """Return measures as their place in MEASURES, −1 where an array holds another word."""
    codes = _coded(measure, {word: place for place, word in enumerate(MEASURES)})
    if np.ndim(measure) == 0 and codes < 0:
        raise UsageError(not_a_measure(measure))
    return codes


def _sex_codes(sex: Any) -> NDArray[np.integer[Any]]:
    """Return 0 male, 1 female, −1 anything else, from words or NHS codes."""
    values = np.asarray(sex) if not hasattr(sex, "dtype") else sex
    if getattr(values.dtype, "kind", "O") in "iuf":
        numbers = np.asarray(values)
        known = (numbers == SEX_CODES[Sex.MALE]) | (numbers == SEX_CODES[Sex.FEMALE])
        codes: NDArray[np.int8] = np.where(known, numbers - 1, -1).astype(np.int8)
        return codes
    places: dict[Any, int] = {word: place for place, word in enumerate(SEXES)}
    return _coded(sex, places | {SEX_CODES[word]: place for word, place in places.items()})


def _coded(words: Any, places: dict[Any, int]) -> NDArray[np.integer[Any]]:
    """Return words as their places, −1 for any other; a categorical by its categories."""

    def place(word: Any) -> int:  # True is no code, though it equals 1
        return -1 if isinstance(word, (bool, np.bool_)) else places.get(word, -1)

    categorical = getattr(words, "cat", words)
    if hasattr(categorical, "categories"):
        by_category = [*map(place, categorical.categories), -1]
        coded: NDArray[np.int8] = np.array(by_category, dtype=np.int8)[
            np.asarray(categorical.codes)
        ]
        return coded
    array = np.asarray(words)
    codes = np.full(array.shape, -1, dtype=np.int8)
    with suppress(TypeError):  # pandas.NA does not say whether it equals a word
        for word, number in places.items():
            if isinstance(word, str):
                np.putmask(codes, np.asarray(array == str(word), dtype=np.bool_), number)
    if array.dtype.kind == "O" and (rest := codes < 0).any():
        codes[rest] = np.frompyfunc(place, 1, 1)(array[rest])
    return codes


def _blockwise(rows: Any, lookup: _Lookup) -> FloatArray:
    """Return a function of looked-up rows over the whole call, block by block."""
    out = np.empty(len(lookup.amount))
    with np.errstate(all="ignore"):
        for start in range(0, len(out), _BLOCK):
            part = slice(start, start + _BLOCK)
            block = lookup.block(part)
            out[part] = rows(block)
    return out


def _z_block(block: _Lookup) -> FloatArray:
    z = block.known.zscores(block.amount, block.lms_rows())
    return np.where((block.amount > 0) & np.isfinite(z), z, np.nan)


def _value_block(block: _Lookup) -> FloatArray:
    return block.known.values(block.amount, block.lms_rows())


def _notes(lookup: _Lookup, z: FloatArray) -> NDArray[np.int8]:
    """Return why each NaN is one, the plainest reason first."""
    missing = np.flatnonzero(np.isnan(z))
    notes = np.zeros(len(z), dtype=np.int8)
    if len(missing) == 0:
        return notes
    rows = lookup.block(missing)
    age = rows.age.astype(np.float64)
    value = rows.amount
    gestation = np.full(len(age), np.nan) if rows.gestation is None else rows.gestation
    first, last = _bounds(rows)
    with np.errstate(all="ignore"):
        reasons = {
            "no value": np.isnan(value),
            "the value is zero or negative": value <= 0,
            "the value is not a finite number": np.isinf(value),
            "the measure is not known": rows.measure < 0,
            "sex is not known": rows.sex < 0,
            "gestation is outside 22+0 to 44+6 weeks": ~np.isnan(gestation)
            & ~ages.gestation_known(gestation),
            "age is not known": ~np.isfinite(age),
            "younger than the tables of this measure begin": age < first,
            "older than the tables of this measure end": age > last,
            "where tables are by the day an age must be in whole days": _between_days(rows, age),
            "this reference has no table of this measure at this age": np.isnan(rows.lms_rows()[1]),
        }
    codes = [_CODES[words] for words in reasons]
    fallback = _CODES["too large or too small to score"]
    notes[missing] = np.select(list(reasons.values()), codes, fallback)
    return notes


def _between_days(rows: _Lookup, age: FloatArray) -> NDArray[np.bool_]:
    """Return which ages are no whole day in a section that is by the day."""
    by_day = np.array([section.whole_days_only for section in rows.known.sections])
    return np.asarray((np.floor(age) != age) & by_day[rows.known.section_codes(age)])


def _bounds(rows: _Lookup) -> tuple[FloatArray, FloatArray]:
    """Return the first and last age [d] of each row's measure and sex, NaN where unknown."""
    known = rows.known
    first, last = np.full((2, TABLE_COUNT + 1), np.nan)
    for code in range(TABLE_COUNT):
        measure, sex = MEASURES[code // len(SEXES)], SEXES[code % len(SEXES)]
        tables = [(s, t) for s in known.by_age if (t := s.table(measure, sex)) is not None]
        if tables:
            first[code] = max(tables[0][0].from_day, tables[0][1].age_days[0])
            last[code] = min(tables[-1][0].to_day, tables[-1][1].age_days[-1])
    return first[rows.table], last[rows.table]


def _shaped(flat: NDArray[Any], shape: tuple[int, ...]) -> Any:
    """Return an array in the shape of the input, a plain number for a scalar."""
    return flat.reshape(shape) if shape else flat.reshape(-1)[0].item()
