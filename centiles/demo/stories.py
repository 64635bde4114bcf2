"""The designed children of the made-up cohort: who they are and what happens to them, as data.

Every z here is on one scale, that of the tables from 4 years on; a younger age gets the z that
carries to it. So a child whose numbers do not change is a child who does not change, whichever
joins it crosses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from centiles.measures import Sex

HEALTH_VISITING: Final = "health_visiting"
SCHOOL_NURSING: Final = "school_nursing"
HOSPITAL: Final = "hospital"
SERVICES: Final = (HEALTH_VISITING, SCHOOL_NURSING, HOSPITAL)

# Birth, the new-birth visit, 8, 12 and 16 weeks, the one-year and the two-year review [y].
ROUTINE: Final = (0.0, 0.03, 0.15, 0.23, 0.31, 1.0, 2.25)

_FAMILY: Final = "H9001"  # the sliding boy and his baby sister


@dataclass(frozen=True)
class Mistake:
    """One text of one service's export that was typed wrong."""

    service: str
    column: str
    right: str
    wrong: str


@dataclass(frozen=True)
class Story:
    """A designed child.

    Attributes
    ----------
    name, told
        What it is called, and its story in one line.
    sex, born, gestation
        ``born`` an ISO date, ``gestation`` as weeks+days, empty where no service knows it.
    seen
        Ages [y] at which each service measured the child: weight always, height from 1 year.
    weight, height, bmi
        z at some ages [y], straight lines between, level outside. Where ``bmi`` is given, it and
        the height make the weight from 2 years on.
    unweighed
        Ages [y] of ``seen`` at which no weight was taken, and why.
    household
        The household it shares with another story; empty: its own.
    mistake
        How it was recorded wrongly, if it was.
    meets
        The growth rules it is there to meet, at some time and at some level.
    """

    name: str
    told: str
    sex: Sex
    born: str
    gestation: str
    seen: Mapping[str, tuple[float, ...]]
    weight: Mapping[float, float]
    height: Mapping[float, float]
    bmi: Mapping[float, float] = field(default_factory=dict)
    unweighed: Mapping[float, str] = field(default_factory=dict)
    household: str = ""
    mistake: Mistake | None = None
    meets: tuple[str, ...] = ()


GROWTH: Final = (
    Story(
        "sliding",
        "a schoolboy from between the 25th and 50th to below the 0.4th in a year, "
        "each weight on the way in another service's record",
        Sex.MALE,
        "2020-03-20",
        "39+1",
        {HEALTH_VISITING: (*ROUTINE, 5.2, 5.5), SCHOOL_NURSING: (4.98,), HOSPITAL: (2.1, 5.89)},
        weight={0: -0.2, 4.98: -0.35, 5.5: -1.4, 5.89: -3.2},
        height={0: -0.1, 4.98: -0.1, 5.89: -0.35},
        unweighed={5.2: "no scales"},
        household=_FAMILY,
        meets=("WT-FALL-1Y", "WT-FALL-3Y", "WT-LOSS", "WT-BELOW-04", "BMI-BELOW-04"),
    ),
    Story(
        "failing-infant",
        "his sister: born near the 50th, from 5 weeks she gains too little",
        Sex.FEMALE,
        "2025-07-10",
        "39+5",
        {HEALTH_VISITING: (0, 0.03, 0.1, 0.15, 0.23, 0.31, 0.42, 0.5, 0.7)},
        weight={0: 0.1, 0.1: 0, 0.31: -2.0, 0.7: -2.8},
        height={0: 0, 0.7: -0.8},
        household=_FAMILY,
        meets=("NG75-FALL", "NG75-WT2"),
    ),
    Story(
        "two-spaces",
        "a girl of 9 who falls two centile spaces within a year after years on one line",
        Sex.FEMALE,
        "2016-11-20",
        "40+2",
        {HEALTH_VISITING: ROUTINE, SCHOOL_NURSING: (5.3, 8.4, 9.25)},
        weight={8.4: 0.45, 9.25: -1.05},
        height={0: 0.3},
        meets=("WT-FALL-1Y", "WT-FALL-3Y", "WT-LOSS"),
    ),
    Story(
        "tall-thin",
        "tall and thin: his weight stays above the 0.4th line, his BMI is 68 % of the median",
        Sex.MALE,
        "2015-09-30",
        "40+0",
        {SCHOOL_NURSING: (5.4,), HOSPITAL: (7.0, 8.5, 9.6, 10.4)},
        weight={0: -2.3},
        height={0: 0.7},
        bmi={0: -4.9},
        meets=("BMI-BELOW-04",),
    ),
    Story(
        "stunting",
        "a girl whose height falls two spaces and more in three years; her weight falls less",
        Sex.FEMALE,
        "2018-01-25",
        "38+6",
        {HEALTH_VISITING: ROUTINE, SCHOOL_NURSING: (4.9,), HOSPITAL: (6.0, 6.8, 7.6, 8.1)},
        weight={0: 0, 4.9: 0, 8.1: -1.0},
        height={0: 0.1, 4.9: 0.1, 8.1: -1.9},
        meets=("HT-FALL-2",),
    ),
    Story(
        "recovering",
        "falls two spaces by 4 months, is fed, and is back on his line by his first birthday",
        Sex.MALE,
        "2024-02-20",
        "39+3",
        {HEALTH_VISITING: (0, 0.03, 0.15, 0.23, 0.31, 0.4, 0.5, 0.7, 1.0, 1.3, 2.25)},
        weight={0: 0.4, 0.08: 0.3, 0.31: -1.5, 0.4: -1.5, 0.7: -0.5, 1: 0, 2: 0.2},
        height={0: 0.2},
        meets=("NG75-FALL",),
    ),
    Story(
        "crossing-four",
        "the same thin boy at 3 and at 4: only the reference changes under him",
        Sex.MALE,
        "2021-12-03",
        "39+0",
        {HEALTH_VISITING: (*ROUTINE, 4.2), HOSPITAL: (3.0, 3.5, 3.9, 4.4)},
        weight={0: -1.6},
        height={0: 0},
        bmi={0: -2.7},  # about −1.95 on the WHO tables, which speak until 4
        meets=("BMI-BELOW-04",),
    ),
    Story(
        "steady",
        "near the 50th at every visit of every service",
        Sex.FEMALE,
        "2018-05-14",
        "39+4",
        {HEALTH_VISITING: ROUTINE, SCHOOL_NURSING: (4.8,), HOSPITAL: (3.1, 6.4)},
        weight={0: 0.1},
        height={0: 0.1},
    ),
    Story(
        "preterm-steady",
        "born at 30+2, steady once his age is corrected",
        Sex.MALE,
        "2021-06-02",
        "30+2",
        {
            HEALTH_VISITING: (0, 0.2, 0.4, 0.6, 1.0, 1.5, 2.3),
            SCHOOL_NURSING: (4.85,),
            HOSPITAL: (0.3, 0.75),
        },
        weight={0: -0.5},
        height={0: -0.4},
    ),
    Story(
        "catching-down",
        "a large newborn finding the line of her family: over two spaces down, not three",
        Sex.FEMALE,
        "2025-01-15",
        "40+3",
        {HEALTH_VISITING: (0, 0.03, 0.15, 0.23, 0.31, 0.6, 1.0, 1.3)},
        weight={0: 2.2, 0.03: 2.1, 0.31: 1.2, 0.6: 0.7, 1: 0.5},
        height={0: 1.2, 1: 0.3},
    ),
    Story(
        "small-steady",
        "a small boy, always between the 2nd and 9th",
        Sex.MALE,
        "2019-03-03",
        "39+2",
        {HEALTH_VISITING: ROUTINE, SCHOOL_NURSING: (4.9,), HOSPITAL: (3.5, 5.8)},
        weight={0: -1.65},
        height={0: -1.5},
    ),
    Story(
        "overweight",
        "a boy whose BMI rises from the 75th to above the 98th by year 6",
        Sex.MALE,
        "2014-12-05",
        "40+1",
        {HEALTH_VISITING: ROUTINE, SCHOOL_NURSING: (5.2, 11.1), HOSPITAL: (8.0,)},
        weight={0: 0.8},
        height={0: 0.6},
        bmi={2: 0.8, 5.2: 1.3, 8: 1.8, 11.1: 2.3},
    ),
    Story(
        "one-point",
        "moved in: one reception weight and height, and nothing to compare them with",
        Sex.FEMALE,
        "2019-06-21",
        "",
        {SCHOOL_NURSING: (4.7,)},
        weight={0: -0.6},
        height={0: -0.3},
    ),
    Story(
        "no-scales",
        "seen at one year and at two, but the scales were not there",
        Sex.FEMALE,
        "2023-07-08",
        "41+0",
        {HEALTH_VISITING: ROUTINE},
        weight={0: 0.2},
        height={0: 0},
        unweighed={1.0: "no scales", 2.25: "no scales"},
    ),
)

RECORDING: Final = (
    Story(
        "decimal-slip",
        "steady; her 18.4 kg at reception was typed as 1.84",
        Sex.FEMALE,
        "2019-09-12",
        "39+6",
        {HEALTH_VISITING: ROUTINE, SCHOOL_NURSING: (5.0,)},
        weight={0: 0.04},
        height={0: 0.2},
        mistake=Mistake(SCHOOL_NURSING, "Weight (kg)", "18.4", "1.84"),
    ),
    Story(
        "grams",
        "steady; his 32.0 kg in year 6 was entered in grams",
        Sex.MALE,
        "2014-10-27",
        "40+4",
        {SCHOOL_NURSING: (5.1, 10.5)},
        weight={0: -0.19},
        height={0: 0},
        mistake=Mistake(SCHOOL_NURSING, "Weight (kg)", "32.0", "32000"),
    ),
    Story(
        "before-birth",
        "steady; the year of her one-year review, 2021, was typed as 2012",
        Sex.FEMALE,
        "2020-04-06",
        "38+3",
        {HEALTH_VISITING: ROUTINE, SCHOOL_NURSING: (4.9,)},
        weight={0: 0.5},
        height={0: 0.4},
        mistake=Mistake(HEALTH_VISITING, "Date measured", "06/04/2021", "06/04/2012"),
    ),
    Story(
        "no-such-day",
        "steady; his one-year review is dated the 31st of February",
        Sex.MALE,
        "2021-03-02",
        "39+5",
        {HEALTH_VISITING: ROUTINE},
        weight={0: -0.7},
        height={0: -0.5},
        mistake=Mistake(HEALTH_VISITING, "Date measured", "02/03/2022", "31/02/2022"),
    ),
    Story(
        "entered-twice",
        "steady; one weight and height of the same day in two services",
        Sex.FEMALE,
        "2018-12-01",
        "40+0",
        {HEALTH_VISITING: ROUTINE, SCHOOL_NURSING: (4.9, 6.5), HOSPITAL: (6.5,)},
        weight={0: 0.9},
        height={0: 0.7},
    ),
    Story(
        "same-day-conflict",
        "steady; two services weighed him on one day and differ by 3 kg",
        Sex.MALE,
        "2017-08-15",
        "39+0",
        {HEALTH_VISITING: ROUTINE, SCHOOL_NURSING: (4.8, 7.2), HOSPITAL: (7.2,)},
        weight={0: 0.3},
        height={0: 0.1},
        mistake=Mistake(HOSPITAL, "wt kg", "24.50", "27.50"),
    ),
    Story(
        "sex-not-known",
        "seen in the hospital alone, which has no sex for her",
        Sex.FEMALE,
        "2022-01-18",
        "38+0",
        {HOSPITAL: (2.6, 3.4)},
        weight={0: -0.1},
        height={0: 0},
        mistake=Mistake(HOSPITAL, "sex", "2", "9"),
    ),
    Story(
        "refused",
        "steady; at reception he would not step on the scales",
        Sex.MALE,
        "2020-11-11",
        "40+5",
        {HEALTH_VISITING: ROUTINE, SCHOOL_NURSING: (5.3,)},
        weight={0: 0.6},
        height={0: 0.6},
        mistake=Mistake(SCHOOL_NURSING, "Weight (kg)", "20.8", "refused"),
    ),
)

STORIES: Final = GROWTH + RECORDING
