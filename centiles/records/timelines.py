"""Records as arrays while their fates are being settled: who, when, possible, one value a day."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles import ages
from centiles.errors import UsageError
from centiles.measures import BIRTH_WEIGHT_TOLERANCE_KG, MEASURES, SEXES, Measure, measurement_sd
from centiles.records import births, columns, merging, plausibility, sentinels
from centiles.records.reading import Records, is_contact

Dates = NDArray[np.datetime64]
Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]

FATES: Final = ("scored", "unscored", "merged", "skipped", "unreadable", "")
SCORED, UNSCORED, MERGED, SKIPPED, UNREADABLE, CONTACT = range(len(FATES))

WEIGHT, HEIGHT, BMI = (MEASURES.index(m) for m in (Measure.WEIGHT, Measure.HEIGHT, Measure.BMI))

# A row without a date because the date could not be read is one problem, not two.
_CAUSES: Final = {
    "D05": ("D01", "D04", "D11"),
    "D06": ("D01", "D04", "D11"),
    "P01": ("P01",),
}
_NAT: Final = np.datetime64("NaT", "D")


class Timeline:
    """The records, row beside row, in the order of their sources and rows."""

    def __init__(self, records: Records, correction: ages.Correction) -> None:
        self.frame = frame = _in_order(records.frame)
        self.correction = correction
        self.problems = [records.problems]
        codes, ids = pd.factorize(frame["child_id"])
        nameless = np.flatnonzero(np.asarray(ids) == "")
        self.child = np.where(np.isin(codes, nameless), -1, codes).astype(np.int64)
        self.child_ids = np.asarray(ids, dtype=object)
        self.rank = frame["source"].cat.codes.to_numpy()
        wide = {each.name for each in records.sources if each.mapping.get("layout") == "wide"}
        self.wide = np.append(frame["source"].cat.categories.isin(wide), False)[self.rank]
        self.measure = columns.codes_of(frame["measure"], tuple(map(str, MEASURES)))
        self.value = frame["value"].to_numpy(dtype=np.float64)
        self.born = _days(frame["birth_date"])
        self.given = self.born  # as the rows have it, for what is written out
        self.vague = (frame["birth_precision"] == "month").to_numpy()  # of no known day
        self.monthly = (frame["date_precision"] == "month").to_numpy()
        self.measured = _days(frame["measured_on"])
        self.recorded = _days(frame["recorded_on"])
        self.sex: NDArray[np.integer[Any]] = columns.codes_of(frame["sex"], tuple(map(str, SEXES)))
        self.gestation = frame["gestation_days"].to_numpy(dtype=np.float64)
        self.as_of = _NAT
        self.conflict = np.zeros(len(frame), dtype=np.bool_)
        self.beyond = np.zeros(len(frame), dtype=np.bool_)  # outside what a child can be
        self.verdict = np.zeros(len(frame), dtype=np.int8)
        self.said = {"": 0}  # the notes used so far and their places; each row has its note's
        self.note = np.zeros(len(frame), dtype=np.int32)
        self.fate = np.full(len(frame), SCORED, dtype=np.int8)
        contact = is_contact(frame)
        self.fate[contact] = CONTACT
        self.removed = self._skip_removed()
        self.end(~contact & np.isnan(self.value), UNREADABLE, "cannot be read as a number")
        self.end(~contact & (self.measure < 0), SKIPPED, "the measure is none this library knows")

    def end(self, where: Flags, fate: int, note: str, code: str = "", column: str = "") -> None:
        """Settle the fate of rows that are still open, and list the problem that settled it."""
        where = where & (self.fate == SCORED)
        self.fate[where], self.note[where] = fate, self.saying(note)
        self.tell(code, where, column)

    def _skip_removed(self) -> Flags:
        """Skip the rows their sources do not stand by, each with why, and return them."""
        status = self.frame["status"].cat
        for place, why in enumerate(status.categories):
            if why:
                self.end((status.codes == place).to_numpy(), SKIPPED, why)
        return (self.frame["status"] != "").to_numpy()

    def tell(self, code: str, where: Flags, column: str) -> None:
        """List a problem for every row where it holds, unless its cause is listed already."""
        at = np.flatnonzero(where) if code else np.array([], dtype=np.intp)
        if len(at) and code in _CAUSES:
            at = at[~self._listed(at, _CAUSES[code])]
        self.list(code, at, column)

    def list(self, code: str, at: Rows, column: str, suggestion: Any = None) -> None:
        """List a problem for some rows; a value of a wide file is in its measure's column."""
        if len(at) == 0:
            return
        source, row = self.frame["source"].array[at], self.frame["row"].to_numpy()[at]
        place: Any = column
        if column == "value":
            words = columns.measure_words(np.where(self.wide[at], self.measure[at], -1))
            place = words.rename_categories({"": "value"})
        self.problems.append(columns.problems(code, source, row, place, suggestion))

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
        self._settle_birth_weights()
        born = np.where(np.isnat(self.born), -1, self.born.astype(np.int64) + 1_000_000)
        stated = np.where(np.isnan(self.gestation), -1, self.gestation).astype(np.int64)
        known = self.child >= 0
        agreed: dict[str, NDArray[np.int64]] = {}
        for code, said, column in (
            ("P03", self.sex, "sex"),
            ("P04", born, "birth_date"),
            ("P06", stated, "gestation"),
        ):
            said = np.where(self.removed, -1, said)
            best, differs = merging.agreed(self.child, said, children)
            if code == "P06":
                open_ = (self.fate == SCORED) | ((self.fate == CONTACT) & ~self.removed)
                self.tell(code, differs & open_, column)
            else:
                self.end(differs, UNSCORED, columns.PROBLEM_CODES[code].reason, code, column)
            agreed[column] = np.where(known, best[self.child], said)
        self.sex = agreed["sex"]
        dates = (agreed["birth_date"] - 1_000_000).astype("datetime64[D]")
        stated_born, self.born = self.born, np.where(agreed["birth_date"] < 0, _NAT, dates)
        same = stated_born == self.born
        self.vague = births.of_children(self.child, self.vague, same, children)
        gestation = agreed["gestation"].astype(np.float64)
        self.gestation = np.where(gestation < 0, np.nan, gestation)

    def _settle_birth_weights(self) -> None:
        """Take dates of birth known to the month for the 15th or the day another record has."""
        monthly = self.vague
        self.born, self.vague = births.reckoned(self.child, self.born, monthly)
        if monthly.any():  # a birth weight is of the day of birth, whichever that is
            birth = monthly & (self.frame["contact"] == "birth").to_numpy()
            self.measured = np.where(birth, self.born, self.measured)
            self.monthly = self.monthly & ~birth

    def reckon_ages(self, today: Any) -> None:
        """Work out ages in days; refuse values without one, before birth or in the future."""
        given = self.frame["age_days"].to_numpy(dtype=np.float64)
        birth = (self.frame["contact"] == "birth").to_numpy() & np.isnat(self.measured)
        self.measured = np.where(birth & np.isnan(given), self.born, self.measured)
        dated = ages.day_ages(self.born, self.measured)
        self.age = np.where(np.isnan(dated), given, dated)
        if today is not None:
            future = self._earliest() > np.datetime64(today, "D")
            self._refuse(future, "a date in the future", "D03", "measured_on")
        undated = np.isnat(self.measured) & np.isnan(given)
        self.end(undated, UNSCORED, "no date of measurement and no age", "D05", "measured_on")
        self.end(np.isnan(self.age), UNSCORED, "no date of birth", "D06", "birth_date")
        self._refuse_unborn()
        self.end(self.sex < 0, UNSCORED, "sex is not known", "P01", "sex")

    def _refuse_unborn(self) -> None:
        """Refuse values from before birth; in its month they may only seem to be."""
        inexact = self.vague | self.monthly
        if inexact.any():
            month = self.measured.astype("datetime64[M]") == self.born.astype("datetime64[M]")
            young = inexact & month & (self.age < 0)
            self.end(young, UNSCORED, "of the month of birth, the day not known", "D12",
                     "measured_on")  # fmt: skip
        self._refuse(self.age < 0, "measured before birth", "D02", "measured_on")

    def _earliest(self) -> Dates:
        """Return the day each value was measured, or the first of a month without a day."""
        if not self.monthly.any():
            return self.measured
        return np.where(self.monthly, self.measured.astype("datetime64[M]"), self.measured)

    def forget_after(self, as_of: Any, today: Any) -> None:
        """Set the last date of knowledge, and skip what was not yet known then.

        A date in the future, be it of an appointment or mistyped, is no date of knowledge.
        """
        sound = (self.fate != UNSCORED) & ~self.removed
        dates = np.concatenate([self.measured[sound], self.recorded[sound]])
        dates = dates[~np.isnat(dates)]
        if today is not None:
            dates = dates[dates <= np.datetime64(today, "D")]
        self.as_of = dates.max() if len(dates) else _NAT
        if as_of is None:
            return
        if np.isnat(self.measured).all() and np.isnat(self.recorded).all():
            raise UsageError(
                "as of: the records have ages and no dates, so no date of knowledge can be set; "
                "leave it out"
            )
        self.as_of = np.datetime64(as_of, "D")
        measured = self._earliest()
        learnt = np.where(np.isnat(self.recorded), measured, self.recorded)
        later = (learnt > self.as_of) | (measured > self.as_of)
        self.end(later, SKIPPED, "not yet known")

    def refuse_impossible(self) -> None:
        """Refuse numbers that stand for missing, and values outside what a child can be.

        The latter are listed with what they may be.
        """
        stands = sentinels.stand_for_missing(
            self.frame["raw"], self.measure, self.value, self.sex, self.age
        )
        self._refuse(stands, "stands for missing", "G22", "value")
        odd = (self.fate == SCORED) & plausibility.impossible(self.measure, self.value)
        self._refuse(odd & (self.value <= 0), "zero or negative", "G02", "value")
        self._refuse(odd & np.isinf(self.value), "not a finite number", "G04", "value")
        self.beyond = odd & (self.fate == SCORED)
        self._refuse(odd, "outside what a child can be", "", "value")

    def _refuse(self, where: Flags, note: str, code: str, column: str) -> None:
        """Call values impossible that are still open: they are not scored."""
        self.verdict[where & (self.fate == SCORED)] = plausibility.IMPOSSIBLE
        self.end(where, UNSCORED, note, code, column)

    def merge_days(self) -> None:
        """Make one value of several of one child, measure and day that agree."""
        at = np.flatnonzero((self.fate == SCORED) & (self.child >= 0))
        if len(at) == 0:
            return
        measure, age, value = self.measure[at], self.age[at], self.value[at]
        tolerance = 2 * np.sqrt(2) * measurement_sd(measure, age, value)
        birth = (measure == WEIGHT) & (age < 1)
        tolerance = np.where(birth, BIRTH_WEIGHT_TOLERANCE_KG, tolerance)
        days = merging.same_day(self.child[at], measure, age, value, self.rank[at], tolerance)
        gone = np.flatnonzero(days.kept != np.arange(len(at)))
        self.fate[at[gone]] = MERGED
        places, into = np.unique(at[days.kept[gone]], return_inverse=True)
        row, source = self.frame["row"].to_numpy()[places], self.frame["source"].array[places]
        said = [f"merged into row {r} of {s}" for r, s in zip(row, source, strict=True)]
        self.note[at[gone]] = np.array([*map(self.saying, said)], np.int32)[into]
        self.conflict[at[days.conflict]] = True
        self.tell("G11", self.conflict, "value")

    def saying(self, note: str) -> int:
        """Return the place of a note among those used."""
        return self.said.setdefault(note, len(self.said))


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Return records in the order of their sources and rows, which decides every tie."""
    rank, row = frame["source"].cat.codes.to_numpy(), frame["row"].to_numpy()
    before, after = (rank[:-1], row[:-1]), (rank[1:], row[1:])
    if ((before[0] < after[0]) | ((before[0] == after[0]) & (before[1] <= after[1]))).all():
        return frame
    return frame.take(np.lexsort((row, rank))).reset_index(drop=True)


def _days(column: pd.Series[Any]) -> Dates:
    return column.to_numpy().astype("datetime64[D]")
