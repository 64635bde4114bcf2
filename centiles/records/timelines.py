"""Records as arrays while their fates are being settled: who, when, possible, one value a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from centiles import ages
from centiles.measures import (
    BIRTH_WEIGHT_TOLERANCE_KG,
    MEASURES,
    SEXES,
    Measure,
    codes_of,
    measurement_sd,
)
from centiles.records import births, columns, merging, plausibility, sentinels
from centiles.records.identities import Identities
from centiles.records.reading import Records, is_contact
from centiles.records.sides import KINDS, SideFiles, settled_sides
from centiles.records.statements import (
    date_codes,
    dates_of,
    days,
    earliest,
    identities_of,
    not_yet_known,
    rows_of_all,
    said_of_children,
    stated_beside,
    stop_if_undated,
)
from centiles.records.tables import texts_at

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
NOT_YET_KNOWN: Final = "not yet known"
_NAT: Final = np.datetime64("NaT", "D")


@dataclass(frozen=True)
class _Beside:
    """The rows of the side files: each one's child, what children are called, what it states."""

    child: NDArray[np.int64]
    ids: NDArray[np.object_]
    sex: NDArray[np.int64]
    born: NDArray[np.int64]
    gestation: NDArray[np.int64]


class Timeline:
    """The records, row beside row, in the order of their sources and rows."""

    def __init__(
        self, records: Records, correction: ages.Correction, as_of: Any = None, today: Any = None
    ) -> None:
        self.frame = frame = in_order(records.frame)
        self.origin = np.arange(len(frame))  # where in the frame each value comes from
        self.correction, self.today = correction, _day(today)
        self.as_of = self.asked = _day(as_of)
        self.rank = frame["source"].cat.codes.to_numpy()
        self.row = frame["row"].to_numpy()
        wide = {each.name for each in records.sources if each.mapping.get("layout") == "wide"}
        self.wide = np.append(frame["source"].cat.categories.isin(wide), False)[self.rank]
        self.measure = codes_of(frame["measure"], MEASURES)
        self.value = frame["value"].to_numpy(dtype=np.float64)
        self.born = days(frame["birth_date"])
        self.given = self.born  # as the rows have it, for what is written out
        self.vague = (frame["birth_precision"] == "month").to_numpy()  # of no known day
        self.monthly = (frame["date_precision"] == "month").to_numpy()
        self.measured = days(frame["measured_on"])
        self.recorded = days(frame["recorded_on"])
        self.whole = records.whole
        self.later = self._not_yet_known()
        self.problems = [_known_by(records.problems, frame[self.later])]
        self.sex: NDArray[np.integer[Any]] = codes_of(frame["sex"], SEXES)
        self.gestation = frame["gestation_days"].to_numpy(dtype=np.float64)
        known_on, doubted_on = frame["gestation_known_on"], frame["gestation_doubted_on"]
        self.told, self.doubted = days(known_on), days(doubted_on)  # where another row says it
        sides = [records.sides.frame(kind) for kind in KINDS]
        self.identities = known = self._identified(records)
        self.sides = records.sides
        rows = len(frame)
        here = int(known.child[:rows].max(initial=-1)) + 1  # the others are in side files only
        self.child, self.child_ids = known.child[:rows], known.ids[:here]
        self.beside = _Beside(known.child[rows:], known.ids, *stated_beside(sides))
        self.known_of: dict[str, NDArray[np.int64]] = {}  # what stands of each child, in codes
        self.conflict = np.zeros(len(frame), dtype=np.bool_)
        self.beyond = np.zeros(len(frame), dtype=np.bool_)  # outside what a child can be
        self.verdict = np.zeros(len(frame), dtype=np.int8)
        self.said = {"": 0}  # the notes used so far and their places; each row has its note's
        self.note = np.zeros(len(frame), dtype=np.int32)
        contact = is_contact(frame)
        self.fate = np.where(contact, CONTACT, SCORED).astype(np.int8)
        self.removed = self._skip_removed()
        self.end(~contact & np.isnan(self.value), UNREADABLE, "cannot be read as a number")
        self.end(~contact & (self.measure < 0), SKIPPED, "the measure is none this library knows")
        self.end(self.later, SKIPPED, NOT_YET_KNOWN)

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
        """List a problem for some rows; a value of a wide file is in its measure's column.

        So is a birth weight, whatever its file.
        """
        if len(at) == 0:
            return
        source, row = self.frame["source"].array[self.origin[at]], self.row[at]
        place: Any = column
        if column == "value":
            words = columns.measure_words(np.where(self.wide[at], self.measure[at], -1))
            birth = (self.frame["contact"].array[self.origin[at]] == "birth") & (
                self.measure[at] == WEIGHT
            )
            words = words.rename_categories({"": "value"})
            place = np.where(birth, "birth_weight", np.asarray(words, dtype=object))
        self.problems.append(columns.problems(code, source, row, place, suggestion))

    def _listed(self, at: NDArray[np.intp], codes: tuple[str, ...]) -> Flags:
        """Return which rows already have a problem of one of these codes."""
        known = self.problems[0]
        known = known[known["code"].isin(codes)]
        keys = pd.MultiIndex.from_arrays([known["source"].astype("str"), known["row"]])
        rows = self.frame[["source", "row"]].take(at)
        return pd.MultiIndex.from_arrays([rows["source"].astype("str"), rows["row"]]).isin(keys)

    def _identified(self, records: Records) -> Identities:
        """Return whose each row is, by all its identifiers; list the joins that were refused."""
        self.all_rows = rows_of_all(self.frame, records.sides)
        if records.whole is not None:
            return Identities(records.whole.child, records.whole.ids, ())
        said = said_of_children(self.frame, self.later)
        known = identities_of(records, self.all_rows, said, self.later, asked=self.asked)
        self.problems.extend(known.problems)
        return known

    def settle_identities(self) -> None:
        """Give every row its child's sex, birth date and gestation; refuse rows that contradict.

        What the children file says counts as one row more, ranked behind all others.
        """
        child = np.concatenate([self.child, self.beside.child])
        self._settle_birth_weights(child)
        untold = np.isnan(self.gestation) | (self.told > self.asked)
        untold |= ~np.isnat(self.doubted) & ~(self.doubted > self.asked)
        stated = np.where(untold, -1, self.gestation).astype(np.int64)
        known = self.child >= 0
        rows = len(self.child)
        agreed: dict[str, NDArray[np.int64]] = {}
        for code, own, beside, column in (
            ("P03", self.sex, self.beside.sex, "sex"),
            ("P04", date_codes(self.born), self.beside.born, "birth_date"),
            ("P06", stated, self.beside.gestation, "gestation"),
        ):
            said = np.concatenate([np.where(self.removed | self.later, -1, own), beside])
            best, differs = merging.agreed(child, said, len(self.beside.ids))
            open_ = self.fate == SCORED
            if code == "P06":
                open_ |= (self.fate == CONTACT) & ~self.removed & ~self.later
            differs[:rows] &= open_
            self._list_conflict(code, differs, merging.witness(child, said, best)[child], column)
            if code != "P06":
                self.end(differs[:rows], UNSCORED, columns.PROBLEM_CODES[code].reason)
            stands = np.where(known, best[self.child], -1)
            own = np.where(self.removed, -1, own)  # all there is of a child not yet known
            agreed[column] = np.where((stands < 0) & (self.later | ~known), own, stands)
            self.known_of[column] = best
        self.sex = agreed["sex"]
        stated_born, self.born = self.born, dates_of(agreed["birth_date"])
        same = stated_born == self.born
        self.vague = births.of_children(self.child, self.vague, same, len(self.child_ids))
        gestation = agreed["gestation"].astype(np.float64)
        self.gestation = np.where(gestation < 0, np.nan, gestation)

    def _settle_birth_weights(self, child: NDArray[np.int64]) -> None:
        """Take dates of birth known to the month for the 15th or the day another record has."""
        monthly, rows = self.vague, len(self.child)
        born = np.concatenate([self.born, dates_of(self.beside.born)])
        vague = np.concatenate([monthly, np.zeros(len(child) - rows, dtype=np.bool_)])
        stating = child.copy()
        stating[:rows][self.later] = -1
        born, vague = births.reckoned(stating, born, vague)
        self.born, self.vague = born[:rows], vague[:rows]
        if monthly.any():  # a birth weight is of the day of birth, whichever that is
            birth = monthly & (self.frame["contact"] == "birth").to_numpy()
            self.measured = np.where(birth, self.born, self.measured)
            self.monthly = self.monthly & ~birth

    def _list_conflict(self, code: str, differs: Flags, other: Rows, column: str) -> None:
        """List rows beside the first one that says what stands."""
        at = np.flatnonzero(differs)
        if len(at):
            rows = self.all_rows
            source, row = rows["source"].array, rows["row"].to_numpy()
            suggestion = merging.named_beside(
                columns.PROBLEM_CODES[code].suggestion, source[other[at]], row[other[at]]
            )
            self.problems.append(columns.problems(code, source[at], row[at], column, suggestion))

    def reckon_ages(self) -> None:
        """Work out ages in days; refuse values without one, before birth or in the future."""
        given = self.frame["age_days"].to_numpy(dtype=np.float64)
        birth = (self.frame["contact"] == "birth").to_numpy() & np.isnat(self.measured)
        self.measured = np.where(birth & np.isnan(given), self.born, self.measured)
        dated = ages.day_ages(self.born, self.measured)
        self.age = np.where(np.isnan(dated), given, dated)
        self._refuse(self._in_future(), "a date in the future", "D03", "measured_on")
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

    def _in_future(self) -> Flags:
        return np.asarray(earliest(self.measured, self.monthly) > self.today)

    def _not_yet_known(self) -> Flags:
        """Return which rows were recorded, or measured, after the day that was asked for.

        Raises
        ------
        UsageError
            If there is no date to tell by.
        """
        measured = earliest(self.measured, self.monthly)
        if self.whole is None:
            stop_if_undated(self.asked, measured, self.recorded)
        return not_yet_known(measured, self.recorded, asked=self.asked, today=self.today)

    def settle_knowledge(self) -> None:
        """Set the last date of knowledge: the one asked for, else the newest in sound rows.

        A date in the future, be it of an appointment or mistyped, is no date of knowledge.
        """
        if not np.isnat(self.asked):
            late = self._not_yet_known()  # birth weights have their day by now
            self.end(late, SKIPPED, NOT_YET_KNOWN)
            return
        if self.whole is not None and self.whole.as_of is not None:
            self.as_of = self.whole.as_of
            return
        sound = (self.fate != UNSCORED) & ~self.removed
        dates = np.concatenate([self.measured[sound], self.recorded[sound]])
        dates = dates[~np.isnat(dates) & ~(dates > self.today)]
        self.as_of = dates.max() if len(dates) else _NAT

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
        row, source = self.row[places], self.frame["source"].array[places]
        said = [f"merged into row {r} of {s}" for r, s in zip(row, source, strict=True)]
        self.note[at[gone]] = np.array([*map(self.saying, said)], np.int32)[into]
        self.conflict[at[days.conflict]] = True
        self.tell("G11", self.conflict, "value")

    def fill_households(self) -> Any:
        """Return each row's household; the children file's where its own file says none."""
        own, file = self.frame["household_id"].take(self.origin), self.sides.children
        if not (file["household_id"] != "").any():
            return own.array
        said = file["household_id"].to_numpy(dtype=object)
        child = self.beside.child[: len(file)]
        at = np.flatnonzero((child >= 0) & (said != ""))[::-1]
        of_child = np.full(len(self.beside.ids) + 1, "", dtype=object)
        of_child[child[at]] = said[at]
        return own.where((own != "").to_numpy(), of_child[self.child]).array

    def settled_sides(self) -> SideFiles:
        """Return the side files, each row with its child as called here, its age and its fate."""
        return settled_sides(
            self.sides, self.beside.child, self.beside.ids, known=len(self.child_ids),
            born=dates_of(self.known_of["birth_date"]), as_of=self.asked,
        )  # fmt: skip

    def settled_ids(self) -> Any:
        """Return each row's child as it is called everywhere; the file's own word for nobody."""
        if len(self.child_ids) == 0:
            return self.frame["child_id"].array.take(self.origin)
        return texts_at(pd.Series([*self.child_ids, ""], dtype="str"), self.child.astype(np.int32))

    def saying(self, note: str) -> int:
        """Return the place of a note among those used."""
        return self.said.setdefault(note, len(self.said))


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Return records in the order of their sources and rows, which decides every tie."""
    rank, row = frame["source"].cat.codes.to_numpy(), frame["row"].to_numpy()
    before, after = (rank[:-1], row[:-1]), (rank[1:], row[1:])
    if ((before[0] < after[0]) | ((before[0] == after[0]) & (before[1] <= after[1]))).all():
        return frame
    return frame.take(np.lexsort((row, rank))).reset_index(drop=True)


def _day(date: Any) -> np.datetime64:
    return _NAT if date is None else np.datetime64(date, "D")


def _known_by(problems: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame:
    """Return problems without those of rows that are not known yet: these are no faults."""
    if later.empty or problems.empty:
        return problems
    own, rows = (
        pd.MultiIndex.from_arrays([each["source"].astype("str"), each["row"]])
        for each in (problems, later)
    )
    return problems[~own.isin(rows)]
