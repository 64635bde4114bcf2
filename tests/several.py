"""Exports of several services with everything in them that could tell one engine from another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from centiles.checks import Checked
from centiles.demo import made_up_children, write_exports, write_side_files
from centiles.records.arrow_tables import frame_of
from centiles.records.columns import SCORED
from tools.build_planted_errors import planted

TODAY = "2026-11-27"
TABLES = ("findings", "scored", "problems", "children", "contacts", "teams")
HEADERS = (
    "NHS number,Local ID,Household,Sex,Date of birth,Date measured,Recorded,Measure,Value,Unit"
)

# Each line is here for something only the whole cohort, or another file, can settle.
_ODD = """
,L1,H1,F,12/03/2019,25/03/2024,,weight,18.4,kg
9990000026,L1,H1,F,12/03/2019,25/03/2025,,weight,15.1,kg
9990000034,L1,H1,F,12/03/2019,25/03/2025,,height,110.2,cm
,L2,,M,01/05/2018,02/05/2023,,weight,184,kg
,L2,,F,01/05/2018,02/06/2023,,weight,18.6,kg
,L2,,M,01/05/2018,02/06/2023,,weight,18.9,kg
,L2,,M,03/05/2018,02/07/2023,,weight,21.9,kg
,L2,,M,01/05/2018,02/07/2023,,weight,17.0,kg
,L3,,,01/05/2018,02/06/2023,,weight,18.6,kg
,,,M,01/05/2018,02/06/2026,,weight,18.6,kg
,,,F,01/06/2018,05/06/2023,,height,999,cm
,L4,,M,01/05/2018,31/02/2023,,weight,18.6,kg
,L4,,M,01/05/2018,02/06/2030,,weight,18.6,kg
,L4,,M,01/05/2018,,,weight,18.6,kg
,L4,,M,01/05/2018,03/06/2023,01/10/2026,weight,18.6,kg
,L5,,M,01/05/2018,03/06/2017,,weight,18.6,kg
,L5,,M,01/05/2018,03/06/2023,,weight,many,kg
,L5,,M,01/05/2018,03/06/2023,,shoe,31,cm
"""


def write_several(folder: Path, healthy: int = 60) -> dict[str, Any]:
    """Write the exports of five services, and the files beside them; return how to read them."""
    files = [*write_exports(folder / "demo")]
    odd = [line for line in _ODD.splitlines() if line]
    crowd = [f",C{n},H9,F,01/02/2020,0{n % 9 + 1}/02/2025,,weight,18.{n},kg" for n in range(14)]
    files.append(folder / "odd.csv")
    files[-1].write_text("\n".join([HEADERS, *odd, *crowd]) + "\n", encoding="utf-8")
    files.append(folder / "other.parquet")
    _other(healthy).to_parquet(files[-1])
    beside = write_side_files(folder / "beside")
    strange = {"child_id": "9998887003", "rule": "NO-SUCH-RULE", "date": "2025-01-01"}
    for name in ("children", "actions"):
        text = beside[name].read_text(encoding="utf-8").rstrip("\n")
        cells = [strange.get(header, "") for header in text.splitlines()[0].split(",")]
        beside[name].write_text(f"{text}\n{','.join(cells)}\n", encoding="utf-8")
    return {"paths": files, **beside}


def _other(healthy: int) -> pd.DataFrame:
    """Return typed columns: healthy children, some values of each mistyped or twice there."""
    rng = np.random.default_rng(7)
    rows = made_up_children(7, healthy).query("story == '' and reason == ''")
    rows = rows.sample(frac=1, random_state=7, ignore_index=True)
    odd = rng.permutation(len(rows))[:80]
    value = rows["value"].to_numpy().copy()
    value[odd[:40]] *= 10
    value[odd[40:]] += 3
    again = rows.iloc[odd[:30]]
    rows = pd.concat([rows.assign(value=value), again], ignore_index=True)
    unit = rows["measure"].astype(str).map({"weight": "kg"}).fillna("cm")
    names = ["child_id", "sex", "birth_date", "measured_on", "measure", "value"]
    return rows[names].astype({"child_id": str, "measure": str, "sex": str}).assign(unit=unit)


def write_planted(folder: Path) -> dict[str, Any]:
    """Write an export with every kind of planted error in it; return how to read it."""
    rows, _ = planted(children=150, each=1, seed=5)
    rows = rows.assign(unit=rows["measure"].map({"weight": "kg"}).fillna("cm"))
    names = ["child_id", "sex", "birth_date", "measured_on", "measure", "value", "unit"]
    path = folder / "planted.csv"
    rows[names].sample(frac=1, random_state=3).to_csv(path, index=False)
    return {"paths": [path]}


def whole(checked: Checked, tables: list[pa.Table]) -> Checked:
    """Return what an engine found with all its scored values, which it gave some at a time."""
    return replace(checked, scored=frame_of(pa.concat_tables(tables), SCORED), totals=None)


def assert_same(one: Checked, other: Checked) -> None:
    """Fail unless two engines found the same, row for row."""
    for name in TABLES:
        mine, theirs = (_plain(getattr(each, name)) for each in (one, other))
        pd.testing.assert_frame_equal(mine, theirs, check_exact=True, obj=name)
    for kind in ("children", "events", "actions"):
        mine, theirs = (_plain(each.sides.frame(kind)) for each in (one, other))
        pd.testing.assert_frame_equal(mine, theirs, check_exact=True, obj=f"side file {kind}")
    pd.testing.assert_frame_equal(one.fates, other.fates, check_exact=True)
    assert one.provenance == other.provenance
    assert one.sources == other.sources


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with words as text, whatever order their categories have."""
    words = [name for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)]
    return frame.astype(dict.fromkeys(words, "str")).reset_index(drop=True)
