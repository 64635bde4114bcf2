"""Records to scored values: one timeline a child, every value with its z, verdict and fate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles import ages, lms, zscores
from centiles.ages import DAYS_IN_YEAR, FloatArray
from centiles.errors import UsageError
from centiles.measures import BIRTH_WEIGHT_TOLERANCE_KG, MEASURES, SEXES, Measure, measurement_sd
from centiles.records import columns, merging, plausibility
from centiles.records.reading import Records, is_contact
from centiles.references import reference, table_codes

Dates = NDArray[np.datetime64]
Flags = NDArray[np.bool_]

FATES: Final = ("scored", "unscored", "merged", "skipped", "unreadable", "")
SCORED, UNSCORED, MERGED, SKIPPED, UNREADABLE, CONTACT = range(len(FATES))

STANDING_TO_LYING_CM: Final = 0.7  # a child is this much longer lying down
LYING_BELOW_DAYS: Final = 731
BMI_HEIGHT_WITHIN_DAYS: Final = ((2, 0), (5, 28), (np.inf, 90))  # below this age [y], within [d]
BMI_DISAGREES: Final = 0.3

_WEIGHT, _HEIGHT, _BMI = (
    MEASURES.index(name) for name in (Measure.WEIGHT, Measure.HEIGHT, Measure.BMI)
)
# A row without a date because the date could not be read is one problem, not two.
_CAUSES: Final = {"D05": ("D01", "D04"), "D06": ("D01", "D04"), "P01": ("P01",)}
_NAT: Final = np.datetime64("NaT", "D")

# What a note says beside a value that has its z; several may hold at once.
_REMARKS: Final = (
    "gestation not known: scored as if born at 40+0",
    "measured standing: 0.7 cm added for the length table",
    "measured lying: 0.7 cm taken off for the height table",
    "two values of this day disagree",
    "height from another day",
)
_GESTATION, _STOOD, _LAY, _CONFLICT, _OTHER_DAY = (1 << k for k in range(len(_REMARKS)))


@dataclass(frozen=True)
class Scored:
    """Every record with its z, verdict and fate (``columns.SCORED``), in the order it was read.

    Values computed here (BMI) follow at the end, ``derived``. ``child`` is each row's place in
    ``child_ids``, −1 where it has no identifier; ``conflict`` marks values of one day that
    disagree; ``as_of`` is the last date of knowledge, NaT where only ages are known.
    """

    frame: pd.DataFrame
    problems: pd.DataFrame
    child: NDArray[np.int64]
    child_ids: NDArray[np.object_]
    conflict: Flags
    as_of: np.datetime64


def scored(
    records: Records,
    *,
    correction: str = "digital",
    as_of: Any = None,
    today: Any = None,
    unknown_gestation: str = "score",
) -> Scored:
    """Return all records scored against UK-WHO.

    Parameters
    ----------
    records
        What was read.
    correction
        ``"digital"`` or ``"paper"``.
    as_of
        The last date of knowledge; rows recorded (or measured) later are *not yet known*. The
        newest date in the records where not given.
    today
        The date after which a measurement is in the future; no limit where not given.
    unknown_gestation
        ``"score"`` as if born at 40+0, or ``"omit"``, which leaves days under 14 unscored.

    Raises
    ------
    UsageError
        If ``as_of`` is given and the records have only ages, or ``unknown_gestation`` is neither
        word.
    """
    if unknown_gestation not in ("score", "omit"):
        raise UsageError(
            f"unknown gestation: found {unknown_gestation!r}, expected 'score' or 'omit'"
        )
    timeline = _Timeline(records, ages.Correction(correction))
    timeline.settle_identities()
    timeline.reckon_ages(today)
    timeline.forget_after(as_of)
    timeline.refuse_impossible()
    timeline.merge_days()
    timeline.add_bmi()
    timeline.score(omit_unknown=unknown_gestation == "omit")
    timeline.query()
    return timeline.result()


def scored_rows(
    records: Records, *, correction: str = "digital", today: Any = None
) -> pd.DataFrame:
    """Return every record scored by itself: nothing merged, nothing computed from two values.

    Parameters and columns are those of :func:`scored`, rows in the order of the records.
    """
    timeline = _Timeline(records, ages.Correction(correction))
    timeline.settle_identities()
    timeline.reckon_ages(today)
    timeline.refuse_impossible()
    timeline.score(omit_unknown=False)
    return timeline.result().frame


class _Timeline:
    """The records as arrays, row beside row, while their fates are being settled."""

    def __init__(self, records: Records, correction: ages.Correction) -> None:
        self.frame, self.correction = records.frame, correction
        self.problems = [records.problems]
        frame = self.frame
        codes, ids = pd.factorize(frame["child_id"])
        nameless = np.flatnonzero(np.asarray(ids) == "")
        self.child = np.where(np.isin(codes, nameless), -1, codes).astype(np.int64)
        self.child_ids = np.asarray(ids, dtype=object)
        self.rank = frame["source"].cat.codes.to_numpy()
        self.measure = columns.codes_of(frame["measure"], tuple(map(str, MEASURES)))
        self.value = frame["value"].to_numpy(dtype=np.float64)
        self.born = _days(frame["birth_date"])
        self.measured = _days(frame["measured_on"])
        self.recorded = _days(frame["recorded_on"])
        self.sex = columns.codes_of(frame["sex"], tuple(map(str, SEXES)))
        self.gestation = frame["gestation_days"].to_numpy(dtype=np.float64)
        self.derived = np.zeros(len(frame), dtype=np.bool_)
        self.parts = np.zeros((2, 0), dtype=np.intp)
        self.as_of = _NAT
        self.conflict = np.zeros(len(frame), dtype=np.bool_)
        self.verdict = np.zeros(len(frame), dtype=np.int8)
        self.remarks = np.zeros(len(frame), dtype=np.int16)
        self.said = {"": 0}  # the notes used so far and their places; each row has its note's
        self.note = np.zeros(len(frame), dtype=np.int32)
        self.fate = np.full(len(frame), SCORED, dtype=np.int8)
        contact = is_contact(frame)
        self.fate[contact] = CONTACT
        self.end(~contact & np.isnan(self.value), UNREADABLE, "cannot be read as a number")
        self.end(~contact & (self.measure < 0), SKIPPED, "the measure is none this library knows")

    def end(self, where: Flags, fate: int, note: str, code: str = "", column: str = "") -> None:
        """Settle the fate of rows that are still open, and list the problem that settled it."""
        where = where & (self.fate == SCORED)
        self.fate[where], self.note[where] = fate, self._saying(note)
        self.list(code, where, column)

    def list(self, code: str, where: Flags, column: str) -> None:
        """List a problem for every row where it holds, unless its cause is listed already."""
        at = np.flatnonzero(where) if code else np.array([], dtype=np.intp)
        if len(at) and code in _CAUSES:
            at = at[~self._listed(at, _CAUSES[code])]
        if len(at):
            source, row = self.frame["source"].array[at], self.frame["row"].to_numpy()[at]
            self.problems.append(columns.problems(code, source, row, column))

    def _listed(self, at: NDArray[np.intp], codes: tuple[str, ...]) -> Flags:
        """Return which rows already have a problem of one of these codes."""
        known = self.problems[0]
        known = known[known["code"].isin(codes)]
        keys = pd.MultiIndex.from_arrays([known["source"].astype("str"), known["row"]])
        rows = self.frame[["source", "row"]].take(at)
        return pd.MultiIndex.from_arrays([rows["source"].astype("str"), rows["row"]]).isin(keys)

    def settle_identities(self) -> None:
        """Give every row its child's sex, birth date and gestation; refuse rows that contradict."""
        children = len(self.child_ids)
        born = np.where(np.isnat(self.born), -1, self.born.astype(np.int64) + 1_000_000)
        stated = np.where(np.isnan(self.gestation), -1, self.gestation).astype(np.int64)
        known = self.child >= 0
        for name, said, code, column in (
            ("sex", self.sex, "P03", "sex"),
            ("born", born, "P04", "birth_date"),
            ("gestation", stated, "P06", "gestation"),
        ):
            best, differs = merging.agreed(self.child, said, children)
            if code == "P06":
                self.list(code, differs & (self.fate == SCORED), column)
            else:
                self.end(differs, UNSCORED, columns.PROBLEM_CODES[code].reason, code, column)
            agreed = np.where(known, best[self.child], said)
            if name == "sex":
                self.sex = agreed
            elif name == "born":
                dates = (agreed - 1_000_000).astype("datetime64[D]")
                self.born = np.where(agreed < 0, _NAT, dates)
            else:
                self.gestation = np.where(agreed < 0, np.nan, agreed.astype(np.float64))

    def reckon_ages(self, today: Any) -> None:
        """Work out ages in days; refuse values without one, before birth or in the future."""
        given = self.frame["age_days"].to_numpy(dtype=np.float64)
        birth = (self.frame["contact"] == "birth").to_numpy() & np.isnat(self.measured)
        self.measured = np.where(birth & np.isnan(given), self.born, self.measured)
        dated = ages.day_ages(self.born, self.measured)
        self.age = np.where(np.isnan(dated), given, dated)
        if today is not None:
            future = self.measured > np.datetime64(today, "D")
            self.end(future, UNSCORED, "a date in the future", "D03", "measured_on")
        undated = np.isnat(self.measured) & np.isnan(given)
        self.end(undated, UNSCORED, "no date of measurement and no age", "D05", "measured_on")
        self.end(np.isnan(self.age), UNSCORED, "no date of birth", "D06", "birth_date")
        self.end(self.age < 0, UNSCORED, "measured before birth", "D02", "measured_on")
        self.end(self.sex < 0, UNSCORED, "sex is not known", "P01", "sex")

    def forget_after(self, as_of: Any) -> None:
        """Set the last date of knowledge, and skip what was not yet known then."""
        sound = self.fate != UNSCORED
        dates = np.concatenate([self.measured[sound], self.recorded[sound]])
        dates = dates[~np.isnat(dates)]
        self.as_of = dates.max() if len(dates) else _NAT
        if as_of is None:
            return
        if len(dates) == 0:
            raise UsageError(
                "as of: the records have ages and no dates, so no date of knowledge can be set; "
                "leave it out"
            )
        self.as_of = np.datetime64(as_of, "D")
        learnt = np.where(np.isnat(self.recorded), self.measured, self.recorded)
        later = (learnt > self.as_of) | (self.measured > self.as_of)
        self.end(later, SKIPPED, "not yet known")

    def refuse_impossible(self) -> None:
        """Refuse values outside what a child can be."""
        odd = (self.fate == SCORED) & plausibility.impossible(self.measure, self.value)
        self.verdict[odd] = plausibility.IMPOSSIBLE
        zero = odd & (self.value <= 0)
        self.end(zero, UNSCORED, "zero or negative", "G02", "value")
        self.end(odd & np.isinf(self.value), UNSCORED, "not a finite number", "G04", "value")
        self.end(odd, UNSCORED, "outside what a child can be", "G03", "value")

    def merge_days(self) -> None:
        """Make one value of several of one child, measure and day that agree."""
        at = np.flatnonzero((self.fate == SCORED) & (self.child >= 0))
        if len(at) == 0:
            return
        measure, age, value = self.measure[at], self.age[at], self.value[at]
        tolerance = 2 * np.sqrt(2) * measurement_sd(measure, age, value)
        birth = (measure == _WEIGHT) & (age < 1)
        tolerance = np.where(birth, BIRTH_WEIGHT_TOLERANCE_KG, tolerance)
        days = merging.same_day(self.child[at], measure, age, value, self.rank[at], tolerance)
        gone = np.flatnonzero(days.kept != np.arange(len(at)))
        self.fate[at[gone]] = MERGED
        places, into = np.unique(at[days.kept[gone]], return_inverse=True)
        self.note[at[gone]] = np.array([*map(self._saying, self._into(places))], np.int32)[into]
        self.conflict[at[days.conflict]] = True
        self.remarks[self.conflict] |= _CONFLICT
        self.list("G11", self.conflict, "value")

    def _saying(self, note: str) -> int:
        """Return the place of a note among those used."""
        return self.said.setdefault(note, len(self.said))

    def _into(self, rows: NDArray[np.intp]) -> list[str]:
        """Return "merged into row R of SOURCE" for each row."""
        row, source = self.frame["row"].to_numpy()[rows], self.frame["source"].array[rows]
        return [f"merged into row {r} of {s}" for r, s in zip(row, source, strict=True)]

    def add_bmi(self) -> None:
        """Compute BMI wherever a weight has a height; supplied ones stand only where it has not."""
        weights = np.flatnonzero(
            (self.fate == SCORED) & (self.measure == _WEIGHT) & (self.child >= 0)
        )
        heights = np.flatnonzero(
            (self.fate == SCORED) & (self.measure == _HEIGHT) & (self.child >= 0)
        )
        partner = self._heights_for(weights, heights)
        weights, partner = weights[partner >= 0], partner[partner >= 0]
        bmi = self.value[weights] / (self.value[partner] / 100) ** 2
        odd = plausibility.impossible(np.full(len(bmi), _BMI), bmi)  # of parts mistyped
        weights, partner, bmi = weights[~odd], partner[~odd], bmi[~odd]
        self._supersede(weights, bmi)
        first = len(self.fate)
        self._append(weights)
        new = np.arange(first, len(self.fate))
        self.derived[new], self.measure[new], self.value[new] = True, _BMI, bmi
        self.conflict[new] |= self.conflict[partner]
        self.remarks[new] = np.where(self.age[weights] == self.age[partner], 0, _OTHER_DAY)
        self.remarks[new] |= np.where(self.conflict[new], _CONFLICT, 0).astype(np.int16)
        self.parts = np.stack([weights, partner])

    def _heights_for(
        self, weights: NDArray[np.intp], heights: NDArray[np.intp]
    ) -> NDArray[np.intp]:
        """Return the height each weight goes with, −1 for none.

        The same day's, of the same source where there is one; from 2 y else the nearest.
        """
        if len(heights) == 0 or len(weights) == 0:
            return np.full(len(weights), -1)
        heights = heights[np.lexsort((self.rank[heights], self.age[heights], self.child[heights]))]
        day = self._day_key(heights)
        wanted = self._day_key(weights)
        at = np.searchsorted(day, wanted)
        same_source = np.searchsorted(
            day * 256 + self.rank[heights], wanted * 256 + self.rank[weights]
        )
        candidates = [same_source, at, at - 1]
        best = np.full(len(weights), -1)
        nearest = np.full(len(weights), np.inf)
        years, within = np.array(BMI_HEIGHT_WITHIN_DAYS).T
        limit = within[np.searchsorted(years * DAYS_IN_YEAR, self.age[weights], side="right")]
        for place in candidates:
            row = heights[np.clip(place, 0, len(heights) - 1)]
            gap = np.abs(self.age[row] - self.age[weights])
            better = (self.child[row] == self.child[weights]) & (gap <= limit) & (gap < nearest)
            best, nearest = np.where(better, row, best), np.where(better, gap, nearest)
        return best

    def _day_key(self, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        return self.child[rows] * (1 << 17) + np.floor(self.age[rows]).astype(np.int64)

    def _supersede(self, weights: NDArray[np.intp], bmi: FloatArray) -> None:
        """Merge supplied BMIs into the ones computed on their day; list those that disagree."""
        supplied = np.flatnonzero(
            (self.fate == SCORED) & (self.measure == _BMI) & (self.child >= 0)
        )
        if len(supplied) == 0 or len(weights) == 0:
            return
        order = np.argsort(self._day_key(weights), kind="stable")
        day = self._day_key(weights)[order]
        at = np.clip(np.searchsorted(day, self._day_key(supplied)), 0, len(day) - 1)
        computed = day[at] == self._day_key(supplied)
        apart = np.abs(bmi[order[at]] - self.value[supplied]) > BMI_DISAGREES
        where = np.zeros(len(self.fate), dtype=np.bool_)
        where[supplied[computed & apart]] = True
        self.list("G12", where, "bmi")
        self.fate[supplied[computed]] = MERGED
        self.note[supplied[computed]] = self._saying(
            "BMI is computed from the weight and height of the day"
        )

    def _append(self, rows: NDArray[np.intp]) -> None:
        """Append copies of rows to every array."""
        for name, array in vars(self).items():
            if isinstance(array, np.ndarray) and name not in ("child_ids", "parts"):
                setattr(self, name, np.concatenate([array, array[rows]]))
        taken = self.frame.take(rows)
        self.frame = columns.concatenated(columns.RECORDS, [self.frame, taken])

    def score(self, *, omit_unknown: bool) -> None:
        """Score every value that is still open."""
        known = ~np.isnan(self.gestation)
        self.corrected = ages.corrected_age_days(self.age, self.gestation, self.correction)
        term = ages.is_pooled_term(self.gestation, self.correction)
        if omit_unknown:
            early = ~known & (self.corrected < 14)
            self.end(early, UNSCORED, "gestation not known, and under 14 days old")
        self.section = np.full(len(self.fate), -1, dtype=np.int8)
        self.z = np.full(len(self.fate), np.nan)
        at = np.flatnonzero(self.fate == SCORED)
        self.section[at] = reference().section_codes(self.corrected[at], term[at])
        scores = zscores.score(
            self._on_the_table(at),
            measure=columns.measure_words(self.measure[at]),
            sex=self.sex[at] + 1,
            age_days=self.age[at],
            gestation_days=self.gestation[at],
            correction=self.correction,
        )
        self.z[at] = scores.z
        for code in np.unique(scores.note[scores.note != 0]):
            where = np.zeros(len(self.fate), dtype=np.bool_)
            where[at[scores.note == code]] = True
            self.end(where, UNSCORED, zscores.NOTES[int(code)])
        self.remarks[(self.fate == SCORED) & ~known] |= _GESTATION

    def _on_the_table(self, at: NDArray[np.intp]) -> FloatArray:
        """Return values as the table of their age has them: length lying, height standing."""
        posture = self.frame["posture"].take(at).astype("str").str.casefold().to_numpy()
        height = self.measure[at] == _HEIGHT
        young = self.corrected[at] < LYING_BELOW_DAYS
        stood = height & young & (posture == "standing")
        lay = height & ~young & (posture == "lying")
        self.remarks[at[stood]] |= _STOOD
        self.remarks[at[lay]] |= _LAY
        return self.value[at] + STANDING_TO_LYING_CM * (stood.astype(float) - lay)

    def query(self) -> None:
        """Give every scored value its verdict: by its z, by the child's own other values."""
        at = np.flatnonzero((self.fate == SCORED) & (self.child >= 0))
        at = at[np.lexsort((self.frame["row"].to_numpy()[at], self.rank[at], self.age[at],
                            self.measure[at], self.child[at]))]  # fmt: skip
        segment = self.child[at] * len(MEASURES) + self.measure[at]
        measure, age, value, z = self.measure[at], self.age[at], self.value[at], self.z[at]
        before, after = self._neighbours(at, segment)
        plain = ~self.derived[at]
        every = np.flatnonzero(self.fate == SCORED)
        self.verdict[every] = plausibility.extreme(self.measure[every], self.z[every])
        self._list_extremes()
        for code, found in (
            ("G08", plausibility.height_losses(segment, measure, value)),
            ("G09", plausibility.spikes(segment, age, z, before, after)),
            ("G10", plausibility.repeats(segment, measure, age, value)),
        ):
            where = np.zeros(len(self.fate), dtype=np.bool_)
            where[at[found & plain]] = True
            self.list(code, where, "value")
            self.verdict[where] = np.maximum(self.verdict[where], plausibility.CHECK)
        weights, partner = self.parts
        new = self.derived & (self.fate == SCORED)
        from_parts = np.maximum(self.verdict[weights], self.verdict[partner])
        self.verdict[self.derived] = np.maximum(self.verdict[self.derived], from_parts)
        self.verdict[self.derived & ~new] = plausibility.OK

    def _list_extremes(self) -> None:
        read = (self.fate == SCORED) & ~self.derived
        self.list("G06", read & (self.verdict == plausibility.CHECK), "value")
        self.list("G07", read & (self.verdict == plausibility.DOUBTFUL), "value")

    def _neighbours(
        self, at: NDArray[np.intp], segment: NDArray[np.int64]
    ) -> tuple[FloatArray, FloatArray]:
        """Return the z of the points before and after, as on each point's own section."""
        before = np.full(len(at), np.nan)
        after = np.full(len(at), np.nan)
        if len(at) > 1:
            table = table_codes(self.measure[at], self.sex[at] == 0)
            section, z = self.section[at], self.z[at]
            onward = reference().carried(z[:-1], table[:-1], section[:-1], section[1:])
            onward = np.where(segment[1:] == segment[:-1], onward, np.nan)
            before[1:] = onward
            after[:-1] = z[:-1] - (onward - z[1:])
        return before, after

    def result(self) -> Scored:
        """Return everything as one frame, without computed values that have no z."""
        keep = np.flatnonzero(~self.derived | (self.fate == SCORED))
        known = reference()
        centile = lms.centiles_from_z(self.z)
        parts = {name: self.frame[name] for name in self.frame.columns}
        parts |= {
            "sex": columns.words(self.sex, tuple(map(str, SEXES))).rename_categories(
                {"": "unknown"}
            ),
            "birth_date": self.born,
            "gestation_days": self.gestation,
            "measured_on": self.measured,
            "age_days": self.age,
            "measure": columns.measure_words(self.measure),
            "value": self.value,
            "corrected_age_days": np.where(np.isnan(self.z), np.nan, self.corrected),
            "section": columns.words(self.section, tuple(s.name for s in known.sections)),
            "z": self.z,
            "centile": centile,
            "position": columns.words(lms.position_codes(self.z), lms.POSITIONS),
            "verdict": columns.words(
                np.where(np.isin(self.fate, (SCORED, UNSCORED)), self.verdict, -1),
                plausibility.VERDICTS,
            ),
            "note": self._notes(),
            "fate": columns.words(self.fate, FATES),
            "derived": self.derived,
        }
        frame = columns.frame(columns.SCORED, parts)
        for name in ("unit", "raw"):
            if name == "raw":
                frame.loc[self.derived, name] = ""
        if len(keep) < len(frame):
            frame = frame.take(keep).reset_index(drop=True)
        problems = columns.concatenated(columns.PROBLEMS, self.problems)
        child, conflict = self.child[keep], self.conflict[keep]
        return Scored(frame, problems, child, self.child_ids, conflict, self.as_of)

    def _notes(self) -> pd.Categorical:
        """Return what is to be known beside each value, in words."""
        remarks = np.where(self.fate == SCORED, self.remarks, 0)
        for mask in np.unique(remarks[remarks > 0]).tolist():
            words = "; ".join(each for k, each in enumerate(_REMARKS) if mask >> k & 1)
            self.note[remarks == mask] = self._saying(words)
        return columns.words(self.note, tuple(self.said))


def _days(column: pd.Series) -> Dates:
    return column.to_numpy().astype("datetime64[D]")
