"""Records to scored values: one timeline a child, every value with its z, verdict and fate."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles import ages, lms, zscores
from centiles.ages import FloatArray
from centiles.errors import UsageError
from centiles.measures import MEASURES, SEXES, Measure
from centiles.orders import sorted_by, timeline_key
from centiles.records import bmi, columns, plausibility, repairs
from centiles.records.bmi import Taken
from centiles.records.mistakes import MISTAKES, Repairs
from centiles.records.own_values import Values
from centiles.records.parsing import POSTURES, postures
from centiles.records.reading import Records
from centiles.records.sides import SideFiles
from centiles.records.tables import texts_at
from centiles.records.timelines import (
    BMI,
    FATES,
    HEIGHT,
    MERGED,
    SCORED,
    UNSCORED,
    WEIGHT,
    Flags,
    Rows,
    Timeline,
)
from centiles.references import UK_WHO, reference, table_codes

STANDING_TO_LYING_CM: Final = 0.7  # a child is this much longer lying down

# What a note says beside a value that has its z; several may hold at once.
_REMARKS: Final = (
    "gestation not known: scored as if born at 40+0",
    "measured standing: 0.7 cm added for the length table",
    "measured lying: 0.7 cm taken off for the height table",
    "two values of this day disagree",
    "height from another day",
    "month of birth known, not the day: age reckoned from the 15th",
    "month of measurement known, not the day: taken as the 15th",
)
_GESTATION, _STOOD, _LAY, _CONFLICT, _OTHER_DAY, _VAGUE, _MONTHLY = (
    1 << k for k in range(len(_REMARKS))
)

# What is written as it was read; beside a computed value, as beside its weight.
_AS_READ: Final = (
    "source", "gestation_known_on", "gestation_doubted_on", "date_precision", "recorded_on",
    "posture", "contact", "reason", "status", "team",
)  # fmt: skip


@dataclass(frozen=True)
class Scored:
    """Every record with its z, verdict and fate (``columns.SCORED``), by source and row.

    Values computed here (BMI) follow at the end, ``derived``. ``child`` is each row's place in
    ``child_ids``, −1 where it has no identifier; ``conflict`` marks values of one day that
    disagree; ``unsure`` those that alone make nothing urgent: doubtful, or a spike upwards, which
    would look like a fall; ``as_of`` is the last date of knowledge, NaT where only ages are known.
    ``origin`` is the record each row comes from, in the order of sources and rows: of a computed
    BMI, its weight's.
    """

    frame: pd.DataFrame
    problems: pd.DataFrame
    child: NDArray[np.int64]
    child_ids: NDArray[np.object_]
    conflict: Flags
    unsure: Flags
    as_of: np.datetime64
    sides: SideFiles = field(default_factory=SideFiles)
    origin: Rows = field(default_factory=lambda: np.zeros(0, dtype=np.intp), repr=False)


def scored(
    records: Records,
    *,
    correction: str = "digital",
    as_of: Any = None,
    today: Any = None,
    unknown_gestation: str = "score",
    repair: bool = False,
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
    repair
        Put right what has just one likely explanation, and say so on the row.

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

    def run(timeline: _Scoring) -> _Scoring:
        timeline.settle_identities()
        timeline.reckon_ages()
        timeline.settle_knowledge()
        timeline.refuse_impossible()
        timeline.merge_days()
        timeline.add_bmi()
        timeline.score(omit_unknown=unknown_gestation == "omit")
        timeline.query()
        return timeline

    timeline = run(_Scoring(records, ages.Correction(correction), as_of, today))
    if repair and len(timeline.repairs.rows):
        mended = _Scoring(records, timeline.correction, as_of, today)
        mended.mend(timeline.repairs)
        timeline = run(mended)
    return timeline.result()


def scored_rows(
    records: Records, *, correction: str = "digital", today: Any = None, on: str = UK_WHO
) -> pd.DataFrame:
    """Return every record scored by itself: nothing merged, nothing computed from two values.

    Parameters and columns are those of :func:`scored`, rows in the order of the records; ``on`` is
    the reference.
    """
    timeline = _Scoring(records, ages.Correction(correction), today=today)
    timeline.on = reference(on)
    timeline.settle_identities()
    timeline.reckon_ages()
    timeline.refuse_impossible()
    timeline.score(omit_unknown=False)
    return timeline.result().frame


class _Scoring(Timeline):
    """The records while BMI, z and verdicts are being added to them."""

    def __init__(
        self, records: Records, correction: ages.Correction, as_of: Any = None, today: Any = None
    ) -> None:
        super().__init__(records, correction, as_of, today)
        self.on = reference()
        self.derived = np.zeros(len(self.frame), dtype=np.bool_)
        self.explained = self.derived.copy()  # doubtful or impossible, with a likely mistake
        self.unsure = self.derived.copy()
        self.mended = self.derived.copy()
        self.said_of: dict[int, str] = {}  # what was done to each mended row
        self.remarks = np.zeros(len(self.frame), dtype=np.int16)
        posture = self.frame["posture"].cat
        self.posture = postures(pd.Series(posture.categories))[posture.codes]
        self.section = np.full(len(self.frame), -1, dtype=np.int8)
        self.z = np.full(len(self.frame), np.nan)
        self.parts = np.zeros((2, 0), dtype=np.intp)  # weight and height of each derived BMI

    def add_bmi(self) -> None:
        """Add the BMI of every weight that has a height, where the tables have BMI.

        Supplied ones stand only where none can be computed.
        Of heights that disagree each makes one: which is right is not known of the BMI either.
        """
        self.remarks[self.conflict] |= _CONFLICT
        weights, heights = self._open(WEIGHT), self._open(HEIGHT)
        place = bmi.height_for(self._taken(weights), self._taken(heights))
        found = place >= 0
        pair, place = bmi.each_of_the_day(
            place[found], self._taken(heights), self.conflict[heights]
        )
        weights, partner = weights[found][pair], heights[place]
        value = self.value[weights] / (self.value[partner] / 100) ** 2
        odd = plausibility.impossible(np.full(len(value), BMI), value)  # of parts mistyped
        weights, partner, value = weights[~odd], partner[~odd], value[~odd]
        self._supersede(weights, value)
        scores = self._scores(weights, Measure.BMI, value)
        there = scores.note == zscores.SCORED
        weights, partner, value = weights[there], partner[there], value[there]
        new = self._append(weights)
        self.derived[new], self.measure[new], self.value[new] = True, BMI, value
        self.z[new] = scores.z[there]
        self.conflict[new] |= self.conflict[partner]
        self.remarks[new] = np.where(self.age[weights] == self.age[partner], 0, _OTHER_DAY)
        self.remarks[new] |= np.where(self.conflict[new], _CONFLICT, 0).astype(np.int16)
        self.parts = np.stack([weights, partner])

    def _open(self, measure: int) -> Rows:
        """Return the rows of a measure, in children, that are still to be scored."""
        mine = (self.fate == SCORED) & (self.measure == measure) & (self.child >= 0)
        return np.flatnonzero(mine)

    def _taken(self, rows: Rows) -> Taken:
        return Taken(self.child, self.age, self.rank).at(rows)

    def _supersede(self, weights: Rows, computed: FloatArray) -> None:
        """Merge supplied BMIs into the ones computed on their day; list those that disagree."""
        supplied = self._open(BMI)
        place = bmi.nearest_of_the_day(
            self._taken(supplied), self.value[supplied], self._taken(weights), computed
        )
        supplied, place = supplied[place >= 0], place[place >= 0]
        apart = np.zeros(len(self.fate), dtype=np.bool_)
        apart[supplied] = bmi.disagree(self.value[supplied], computed[place])
        self.tell("G12", apart, "bmi")
        self.fate[supplied] = MERGED
        self.note[supplied] = self.saying("BMI is computed from the weight and height of the day")

    def _append(self, rows: Rows) -> Rows:
        """Append copies of rows to every array, and return where they are."""
        first = len(self.fate)
        for name, array in vars(self).items():
            if isinstance(array, np.ndarray) and name not in ("child_ids", "parts"):
                setattr(self, name, np.concatenate([array, array[rows]]))
        return np.arange(first, len(self.fate))

    def score(self, *, omit_unknown: bool) -> None:
        """Score every value that is still open."""
        known = ~np.isnan(self.gestation)
        self.corrected = ages.corrected_age_days(self.age, self.gestation, self.correction)
        term = ages.is_pooled_term(self.gestation, self.correction)
        if omit_unknown:
            early = ~known & (self.corrected < 14)
            self.end(early, UNSCORED, "gestation not known, and under 14 days old")
        at = np.flatnonzero(self.fate == SCORED)
        self.section[at] = self.on.section_codes(self.corrected[at], term[at])
        at = at[~self.derived[at]]
        measure = columns.measure_words(self.measure[at])
        scores = self._scores(at, measure, self._on_the_table(at))
        self.z[at] = scores.z
        for code in np.unique(scores.note[scores.note != 0]):
            where = np.zeros(len(self.fate), dtype=np.bool_)
            where[at[scores.note == code]] = True
            self.end(where, UNSCORED, zscores.NOTES[int(code)])
        self.remarks[(self.fate == SCORED) & ~known] |= _GESTATION
        self.remarks[self.vague & ~(self.age == 0)] |= _VAGUE
        self.remarks[self.monthly] |= _MONTHLY

    def _scores(self, at: Rows, measure: Any, value: FloatArray) -> zscores.Scores:
        """Return the scores of values of some rows' children at their ages."""
        return zscores.score(
            value,
            measure=measure,
            sex=self.sex[at] + 1,
            age_days=self.age[at],
            gestation_days=self.gestation[at],
            correction=self.correction,
            reference=self.on.name,
        )

    def _on_the_table(self, at: Rows) -> FloatArray:
        """Return values as the table of their age has them: length lying, height standing."""
        posture = np.where(self.measure[at] == HEIGHT, self.posture[at], -1)
        wanted = [POSTURES.index(each.posture) for each in self.on.sections]
        of = np.array([*wanted, 0])[self.section[at]]  # 0 outside all of them
        stood = (of == POSTURES.index("lying")) & (posture == POSTURES.index("standing"))
        lay = (of == POSTURES.index("standing")) & (posture == POSTURES.index("lying"))
        self.remarks[at[stood]] |= _STOOD
        self.remarks[at[lay]] |= _LAY
        return np.asarray(self.value[at] + STANDING_TO_LYING_CM * (stood.astype(np.float64) - lay))

    def query(self) -> None:
        """Give every scored value its verdict: by its z, by the child's own other values."""
        at = np.flatnonzero((self.fate == SCORED) & (self.child >= 0))
        key = timeline_key(self.child[at], self.measure[at], self.age[at])
        at = at[sorted_by(key, self.rank[at], self.row[at])]
        segment = self.child[at] * len(MEASURES) + self.measure[at]
        measure, age, value, z = self.measure[at], self.age[at], self.value[at], self.z[at]
        before, after = self._neighbours(at, segment)
        every = np.flatnonzero(self.fate == SCORED)
        self.verdict[every] = plausibility.extreme(self.measure[every], self.z[every])
        self._explain(at[repairs.suspects(segment, z, before, after)])
        self._list_extremes()
        odd = plausibility.shrunk(segment, measure, age, value)
        spike = plausibility.spikes(segment, age, z, before, after, odd)
        again = plausibility.repeats(segment, measure, age, value)
        wrong, up = (measure == HEIGHT) & (spike | again), z > before
        self.unsure = self.verdict == plausibility.DOUBTFUL
        self.unsure[at[wrong | (spike & up)]] = True
        sure = np.where(self.unsure[at], np.nan, value)
        for code, found in (
            ("G08", plausibility.height_losses(segment, measure, sure)),
            ("G09", spike),
            ("G10", again),
        ):
            where = np.zeros(len(self.fate), dtype=np.bool_)
            where[at[found & ~self.derived[at]]] = True
            self.tell(code, where & ~self.explained, "value")
            self.verdict[where] = np.maximum(self.verdict[where], plausibility.CHECK)
        weights, partner = self.parts
        from_parts = np.maximum(self.verdict[weights], self.verdict[partner])
        self.verdict[self.derived] = np.maximum(self.verdict[self.derived], from_parts)
        self.verdict[self.derived & (self.fate != SCORED)] = plausibility.OK
        low = np.isin(partner, at[wrong & ~up]) & (self.z[self.derived] < plausibility.LOW_BMI_Z)
        self.unsure[self.derived] |= self.unsure[weights] | (self.unsure[partner] & ~low)
        self.unsure |= self.verdict == plausibility.DOUBTFUL

    def _explain(self, suspects: Rows) -> None:
        """Look for the one likely mistake behind each suspect or impossible value."""
        suspect = self.beyond.copy()
        suspect[suspects] = True
        known = (self.child >= 0) & (self.sex >= 0) & ~np.isnan(self.age)
        section = self.section.copy()
        odd = np.flatnonzero(self.beyond & known)
        term = ages.is_pooled_term(self.gestation[odd], self.correction)
        section[odd] = reference().section_codes(self.corrected[odd], term)
        usable = known & ((self.fate == SCORED) | self.beyond) & ~self.derived
        values = Values(
            usable=usable, scored=usable & (self.fate == SCORED), suspect=suspect & ~self.mended,
            child=self.child, measure=self.measure, sex=self.sex, age=self.age,
            gestation=self.gestation, section=section, value=self.value, z=self.z,
            correction=self.correction,
        )  # fmt: skip
        self.repairs = found = repairs.repairs(values)
        self._list_repairs(found)
        self.explained[found.rows] = True
        likely = found.rows[self.fate[found.rows] == SCORED]
        self.verdict[likely] = plausibility.DOUBTFUL

    def _list_repairs(self, found: Repairs) -> None:
        """List what each value may be: beside the reason it is refused for, or as a query."""
        words = found.words()
        refused = self.beyond[found.rows]
        for code in np.unique(found.codes[~refused]):
            mine = (found.codes == code) & ~refused
            self.list(str(code), found.rows[mine], "value", words[mine])
        at = np.flatnonzero(self.beyond)
        said = np.full(len(at), columns.PROBLEM_CODES["G03"].suggestion, dtype=object)
        said[np.searchsorted(at, found.rows[refused])] = words[refused]
        self.list("G03", at, "value", said)

    def _list_extremes(self) -> None:
        read = (self.fate == SCORED) & ~self.derived & ~self.explained
        self.tell("G06", read & (self.verdict == plausibility.CHECK), "value")
        self.tell("G07", read & (self.verdict == plausibility.DOUBTFUL), "value")

    def mend(self, found: Repairs) -> None:
        """Put values right as the user asked, each with a note of what it was."""
        rows = found.rows
        was = [f"{value:.10g}" for value in self.value[rows].round(3).tolist()]
        said = [
            f"{old} → {new}, {MISTAKES[kind].words}"
            for old, new, kind in zip(was, found.amounts(), found.kind.tolist(), strict=True)
        ]
        self.said_of = dict(zip(rows.tolist(), said, strict=True))
        self.value, self.measure = self.value.copy(), self.measure.copy()  # the records stay
        self.value[rows], self.measure[rows], self.mended[rows] = found.value, found.measure, True
        self.list("G36", rows, "value", np.array(said, dtype=object))

    def _neighbours(self, at: Rows, segment: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        """Return the z of the points before and after, as on each point's own section."""
        z, section = self.z[at], self.section[at]
        same = segment[1:] == segment[:-1]
        onward = np.where(same, z[:-1], np.nan)
        joins = np.flatnonzero(same & (section[1:] != section[:-1]))
        earlier = at[joins]
        table = table_codes(self.measure[earlier], self.sex[earlier] == 0)
        onward[joins] = reference().carried(z[joins], table, section[joins], section[joins + 1])
        before, after = np.full(len(at), np.nan), np.full(len(at), np.nan)
        before[1:] = onward
        after[:-1] = z[:-1] - (onward - z[1:])
        return before, after

    def result(self) -> Scored:
        """Return everything as one frame; nobody gave computed values their unit or text."""
        known = reference()
        parts: dict[str, Any] = {
            name: partial(self.frame[name].array.take, self.origin) for name in _AS_READ
        }
        unit = self.frame["unit"].cat
        parts |= {
            "row": self.row,
            "unit": columns.words(
                np.where(self.derived, -1, unit.codes.to_numpy()[self.origin]),
                tuple(unit.categories),
            ),
            "raw": partial(texts_at, self.frame["raw"], np.where(self.derived, -1, self.origin)),
            "sex": columns.words(self.sex, tuple(map(str, SEXES))).rename_categories(
                {"": "unknown"}
            ),
            "child_id": self.settled_ids,
            "household_id": self.fill_households,
            "birth_date": np.where(self.vague & ~np.isnat(self.given), self.given, self.born),
            "birth_precision": self._birth_precisions(),
            "gestation_days": self.gestation,
            "measured_on": self.measured,
            "age_days": self.age,
            "measure": columns.measure_words(self.measure),
            "value": self.value,
            "corrected_age_days": np.where(np.isnan(self.z), np.nan, self.corrected),
            "section": columns.words(self.section, tuple(s.name for s in known.sections)),
            "z": self.z,
            "centile": partial(lms.centiles_from_z, self.z),
            "position": lambda: columns.words(lms.position_codes(self.z), lms.POSITIONS),
            "verdict": columns.words(
                np.where(np.isin(self.fate, (SCORED, UNSCORED)), self.verdict, -1),
                plausibility.VERDICTS,
            ),
            "note": self._notes(),
            "fate": columns.words(self.fate, FATES),
            "derived": self.derived,
        }
        frame = columns.frame(columns.SCORED, parts)
        sides = self.settled_sides()
        problems = columns.concatenated(columns.PROBLEMS, [*self.problems, sides.problems])
        arrays = self.child, self.child_ids, self.conflict, self.unsure
        return Scored(frame, problems, *arrays, self.as_of, sides, self.origin)

    def _birth_precisions(self) -> pd.Categorical[Any]:
        """Return how exactly each row's child's birth date is known."""
        precision = np.where(np.isnat(self.born), -1, self.vague.astype(np.int8))
        return columns.words(precision, ("day", "month"))

    def _notes(self) -> pd.Categorical[Any]:
        """Return what is to be known beside each value, in words."""
        remarks = np.where(self.fate == SCORED, self.remarks, 0)
        for mask in np.unique(remarks[remarks > 0]).tolist():
            words = "; ".join(each for k, each in enumerate(_REMARKS) if mask >> k & 1)
            self.note[remarks == mask] = self.saying(words)
        notes = list(self.said)
        for row, said in self.said_of.items():
            beside = notes[self.note[row]]
            self.note[row] = self.saying(f"repaired: {said}{'; ' if beside else ''}{beside}")
        return columns.words(self.note, tuple(self.said))
