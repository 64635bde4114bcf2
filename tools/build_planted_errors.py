"""Build ``docs/planted-errors.md``: which planted errors are caught, and put right.

Healthy made-up children on the routine's schedule, measured with error and rounded; in some of
them one value is mistyped, in a way that services are known to. Each kind is planted in a hundred
children, one error a child. Seeded: the same page every time. The table is of one seed; ten others,
at which nobody looked while the thresholds were settled, give the range beside it. Takes about two
minutes.

    python tools/build_planted_errors.py            rewrite the page
    python tools/build_planted_errors.py --check    compare instead, and fail on any difference
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from centiles.checks import check
from centiles.demo.cohort import made_up_children
from centiles.records import from_frame

PAGE = Path(__file__).resolve().parents[1] / "docs" / "planted-errors.md"
SEED, CHILDREN, EACH = 2026, 20_000, 100
SETTLED_ON, FRESH = (1, 2, 3, 4, 6001, 6004, 7008), tuple(range(9001, 9011))
TODAY = "2026-06-30"
RIGHT_WITHIN = 0.025  # of the true value, or what the last digit typed can be off
REPAIRABLE_TARGET, HEALTHY_TARGET = 0.95, 0.005

Row = dict[str, object]
Rng = np.random.Generator


@dataclass(frozen=True)
class Kind:
    """One kind of error: in which measure, at which ages [y], how, and whether it can be undone.

    ``plant`` takes what was measured, the values of the child's day by measure, the child's value
    before, and chance; it returns what is typed instead, or None where that would be the same.
    ``needs`` is what else is measured that day; ``of`` the measure the typed value really is of;
    ``later`` whether the measure is taken again. ``why`` says why nothing can tell what the value
    was, empty where something can.
    """

    name: str
    measure: str
    plant: Callable[[float, dict[str, float], float, Rng], float | None]
    ages: tuple[float, float] = (0, 20)
    needs: str = ""
    why: str = ""
    of: str = ""
    later: bool | None = None


def scaled(factor: float, digits: int = 2) -> Callable[..., float]:
    return lambda value, *_: round(value * factor, digits)


def turned(place: int, *, up: bool | None = None) -> Callable[..., float | None]:
    """Return a value with two neighbouring digits the other way round, the first being 0.

    Only where it changes the value by a third or more, up or down.
    """

    def plant(value: float, *_: object) -> float | None:
        text = f"{value:.10g}"
        at = [k for k, letter in enumerate(text) if letter.isdigit()]
        if len(at) < place + 2:
            return None
        letters = list(text)
        a, b = at[place], at[place + 1]
        letters[a], letters[b] = letters[b], letters[a]
        if letters[0] == "0":
            return None  # nobody types 04.2
        typed = float("".join(letters))
        seen = abs(np.log(typed / value)) > np.log(4 / 3) and (up is None or up == (typed > value))
        return typed if seen else None

    return plant


def miskeyed(value: float, _day: dict[str, float], _before: float, rng: Rng) -> float | None:
    text = f"{value:.10g}"
    digit = str(rng.integers(1, 10))
    return float(digit + text[1:]) if text[0] != digit else None


def of_the_day(measure: str) -> Callable[..., float | None]:
    return lambda _value, day, *_: day.get(measure)


def bmi_of_the_day(_value: float, day: dict[str, float], *_: object) -> float | None:
    return round(day["weight"] / (day["height"] / 100) ** 2, 1) if len(day) > 1 else None


def before(_value: float, _day: dict[str, float], earlier: float, _rng: Rng) -> float | None:
    return earlier if np.isfinite(earlier) else None


NO_WAY = "what it was is not in what was typed"
A_FALL = "a child can fall that far: a newest weight that is low ranks as it is, up to z −8"
TEN = "in the first year a height is about ten weights, and looks like a decimal point"
UNSEEN = "as near as healthy children come"
KINDS = (
    Kind("weight in grams", "weight", scaled(1000)),
    Kind("weight in pounds", "weight", scaled(1 / 0.45359237, 1)),
    Kind("weight in stones", "weight", scaled(1 / 6.35029318), (4, 20)),
    Kind("birth weight in ounces", "weight", scaled(1 / 0.028349523125, 0), (0, 0.001)),
    Kind("birth weight in pounds", "weight", scaled(1 / 0.45359237, 1), (0, 0.001)),
    Kind("weight, point one place left", "weight", scaled(0.1, 3)),
    Kind("weight, point one place right", "weight", scaled(10)),
    Kind("weight, point two places left", "weight", scaled(0.01, 4)),
    Kind("weight, point two places right", "weight", scaled(100)),
    Kind("weight, two digits transposed, to more", "weight", turned(0, up=True)),
    Kind("height in metres", "height", scaled(0.01, 3)),
    Kind("height in millimetres", "height", scaled(10)),
    Kind("height in inches", "height", scaled(1 / 2.54, 1)),
    Kind("height, point one place left", "height", scaled(0.1)),
    Kind("height, point two places right", "height", scaled(100)),
    Kind("height, second and third digits transposed", "height", turned(1), (2, 20)),
    Kind("head in millimetres", "head", scaled(10)),
    Kind("head in inches", "head", scaled(1 / 2.54, 1)),
    Kind("head, point one place left", "head", scaled(0.1)),
    Kind("head, first two digits transposed", "head", turned(0)),
    Kind("height and weight swapped", "weight", of_the_day("height"), needs="height"),
    Kind("head in the height column", "height", of_the_day("head"), needs="head", of="head"),
    Kind(
        "height in the weight column",
        "weight",
        of_the_day("height"),
        needs="height",
        of="height",
        why=TEN,
    ),
    Kind(
        "BMI in the weight column, weighed since",
        "weight",
        bmi_of_the_day,
        (7, 20),
        "height",
        later=True,
    ),
    Kind(
        "weight, two digits transposed, to less, weighed since",
        "weight",
        turned(0, up=False),
        later=True,
    ),
    Kind("the same, newest", "weight", turned(0, up=False), why=A_FALL, later=False),
    Kind(
        "BMI in the weight column, newest",
        "weight",
        bmi_of_the_day,
        (9, 20),
        "height",
        A_FALL,
        later=False,
    ),
    Kind("weight of nought", "weight", lambda *_: 0.0, why=NO_WAY),
    Kind("weight with a minus", "weight", scaled(-1), why=NO_WAY),
    Kind("height of 999", "height", lambda *_: 999.0, why=NO_WAY),
    Kind("weight, first digit miskeyed", "weight", miskeyed, (4, 20), why=NO_WAY),
    Kind("height copied from the visit before", "height", before, (4, 13), why=NO_WAY),
    Kind("height 10 cm short", "height", lambda v, *_: round(v - 10, 1), (4, 20), why=NO_WAY),
    Kind("weight a third too high", "weight", scaled(4 / 3, 1), (4, 20), why=NO_WAY),
    Kind("BMI in the weight column, 4 to 6", "weight", bmi_of_the_day, (4, 6), "height", UNSEEN),
    Kind("weight a tenth too high", "weight", scaled(1.1, 1), (4, 20), why=UNSEEN),
    Kind("height 1 cm short", "height", lambda v, *_: round(v - 1, 1), (4, 20), why=UNSEEN),
)


def planted(children: int, each: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return an export with errors in it, and a row for each error: its kind, row and truth."""
    rng = np.random.default_rng(seed)
    rows = made_up_children(seed, children).query("story == '' and reason == ''")
    rows = rows.sort_values(["child_id", "measure", "age_days"], ignore_index=True)
    same = ["child_id", "measure"]
    rows["before"] = rows.groupby(same)["value"].shift()
    rows["seen"] = rows.groupby(same)["value"].transform("size")
    rows["later"] = rows.groupby(same)["value"].shift(-1).notna()
    rows["kind"] = ""
    truth = rows["value"].to_numpy().copy()
    day = rows.groupby(["child_id", "age_days"]).indices
    spent: set[str] = set()
    found = []
    for kind in KINDS:
        years = rows["age_days"] / 365.25
        fit = (rows["measure"] == kind.measure) & years.between(*kind.ages) & (rows["seen"] > 1)
        if kind.later is not None:
            fit &= rows["later"] == kind.later
        done = 0
        for at in rng.permutation(np.flatnonzero(fit)):
            child = rows.at[at, "child_id"]
            mates = day[child, rows.at[at, "age_days"]]
            values = {rows.at[k, "measure"]: truth[k] for k in mates}
            if child in spent or (kind.needs and kind.needs not in values):
                continue
            typed = kind.plant(truth[at], values, rows.at[at, "before"], rng)
            if typed is None:
                continue
            spent.add(child)
            wrong = {at: typed}
            if "swapped" in kind.name:
                other = next(k for k in mates if rows.at[k, "measure"] == "height")
                wrong[other] = truth[at]
            if kind.of:  # its own column is left empty
                gone = next(k for k in mates if rows.at[k, "measure"] == kind.of)
                rows.at[gone, "kind"] = "gone"
            for k, value in wrong.items():
                rows.at[k, "value"], rows.at[k, "kind"] = value, kind.name
                true = value if kind.of else truth[k]
                found.append((kind.name, k, kind.of or rows.at[k, "measure"], true))
            done += 1
            if done == each:
                break
    errors = pd.DataFrame(found, columns=["kind", "place", "measure", "true"])
    rows = rows[rows["kind"] != "gone"]
    errors["row"] = rows.index.get_indexer(errors["place"]) + 2
    return rows.reset_index(drop=True), errors


def outcomes(rows: pd.DataFrame, errors: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, float]]:
    """Return what became of every error, and the share of healthy children's values queried."""
    names = ["child_id", "sex", "birth_date", "gestation_days", "measured_on", "measure", "value"]
    export = rows[[*names, "posture"]].assign(unit=rows["measure"].map({"weight": "kg"}))
    export["unit"] = export["unit"].fillna("cm")
    export = export.rename(columns={"gestation_days": "gestation"})
    records = from_frame(export, name="planted", preset="long")
    plain, mended = check(records, today=TODAY), check(records, today=TODAY, repair=True)
    read = plain.scored[~plain.scored["derived"]].set_index("row")
    after = mended.scored[~mended.scored["derived"]].set_index("row")
    verdict = read.loc[errors["row"], "verdict"].astype(str).to_numpy()
    listed = plain.problems.query("severity != 'note'")
    repaired = set(mended.problems.query("code == 'G36'")["row"])
    new = after.loc[errors["row"]]
    typed = rows["value"].to_numpy()[errors["row"].to_numpy() - 2]
    off = np.array([0.5 * 10.0 ** -len(f"{v:.10g}".partition(".")[2]) for v in typed])
    with np.errstate(divide="ignore"):
        within = np.maximum(RIGHT_WITHIN, 1.02 * off / np.abs(typed))
    close = np.abs(new["value"].to_numpy() / errors["true"].to_numpy() - 1) <= within
    measure = new["measure"].astype(str).to_numpy()
    swapped = errors["kind"].str.contains("swapped").to_numpy()  # the value is the other's: moved
    moved = swapped & (measure != errors["measure"]) & (new["value"].to_numpy() == typed)
    close = (close & (measure == errors["measure"].to_numpy())) | moved.to_numpy()
    suggested = errors["row"].isin(repaired).to_numpy()
    errors = errors.assign(
        verdict=verdict, suggested=suggested, right=suggested & close, wrong=suggested & ~close
    )
    ill = set(rows.loc[rows["kind"] != "", "child_id"])
    healthy = np.flatnonzero(~rows["child_id"].isin(ill)) + 2
    codes = listed[listed["row"].isin(healthy)].drop_duplicates(["row", "code"])["code"]
    rates = {str(code): count / len(healthy) for code, count in codes.value_counts().items()}
    queried = listed[listed["row"].isin(healthy)]["row"].nunique()
    return errors, {"values": len(healthy), "queried": queried / len(healthy)} | rates


def shares(errors: pd.DataFrame, healthy: dict[str, float]) -> tuple[float, int, int, float]:
    """Return the share right, how many are wrong, how many not to be told are, and queried."""
    why = {kind.name: kind.why for kind in KINDS}
    can = errors["kind"].map(why) == ""
    wrong = errors["wrong"]
    return (
        errors.loc[can, "right"].mean(), int(wrong[can].sum()), int(wrong[~can].sum()),
        healthy["queried"],
    )  # fmt: skip


def ranges(seeds: tuple[int, ...]) -> str:
    """Return in words what other seeds give."""
    right, wrong, guessed, queried = zip(
        *(shares(*outcomes(*planted(CHILDREN, EACH, seed))) for seed in seeds), strict=True
    )
    return (
        f"{len(seeds)} seeds at which nobody had looked ({seeds[0]}–{seeds[-1]}): "
        f"{min(right):.1%} to {max(right):.1%} of the repairable given the right suggestion, "
        f"{np.mean(right):.1%} in the mean; a wrong one {', '.join(map(str, wrong))} times of "
        f"2,500; of what cannot be told {min(guessed)} to {max(guessed)} of 1,300 given one; of "
        f"untouched values {min(queried):.3%} to {max(queried):.3%} queried."
    )


def page(errors: pd.DataFrame, healthy: dict[str, float], others: str) -> str:
    """Return the page; ``others`` says what other seeds give."""
    why = {kind.name: kind.why for kind in KINDS}
    made = (
        "Made by `tools/build_planted_errors.py`; do not edit. "
        f"{CHILDREN:,} healthy made-up children on the routine's schedule, each kind of error "
        f"planted in {EACH} of them, one a child with at least one other value of the measure. "
        "A suggestion is right where it names the measure and comes within 2.5 % of the true "
        "value, or within what the last digit typed can be off (pounds and stones are typed "
        f"rounded). A swap is two values: both are counted. The table is of seed {SEED}; the "
        f"thresholds were settled on seeds {', '.join(map(str, SETTLED_ON))}."
    )
    lines = ["# Planted errors", "", *textwrap.wrap(made, 100), ""]
    lines += ["| error | n | impossible | doubtful | check | not queried | right | wrong |"]
    lines += ["|---|---|---|---|---|---|---|---|"]
    for name, of in errors.groupby("kind", sort=False):
        count = of["verdict"].value_counts()
        cells = [count.get(verdict, 0) for verdict in ("impossible", "doubtful", "check", "ok")]
        right = "–" if why[str(name)] else f"{of['right'].mean():.0%}"
        row = [name, len(of), *cells, right, of["wrong"].sum()]
        lines.append(f"| {' | '.join(map(str, row))} |")
    can = errors[errors["kind"].map(why) == ""]
    cannot = errors[errors["kind"].map(why) != ""]
    codes = ", ".join(f"{k} {v:.3%}" for k, v in sorted(healthy.items()) if k[0] in "GDPF")
    share = f"{healthy['queried']:.2%} of {healthy['values']:,.0f}"
    wrong = f"{cannot['wrong'].sum()} of {len(cannot)}"
    lines += [
        "",
        (
            f"- Repairable, {can['kind'].nunique()} kinds: {can['right'].mean():.1%} of "
            f"{len(can)} given the right suggestion, {can['wrong'].sum()} a wrong one."
        ),
        f"- Not repairable: {wrong} given a suggestion.",
        f"- Untouched children: {share} values queried ({codes}).",
        "",
        "## Other seeds",
        "",
        *textwrap.wrap(others, 100),
        "",
        "## What cannot be told",
        "",
    ]
    lines += [f"- {name}: {reason}." for name, reason in why.items() if reason]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Rewrite the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of rewriting")
    options = parser.parse_args()
    text = page(*outcomes(*planted(CHILDREN, EACH, SEED)), ranges(FRESH))
    if options.check:
        same = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
        print("the same" if same else f"{PAGE.name} differs: run without --check")
        return 0 if same else 1
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
