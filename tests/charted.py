"""A checked child made by hand, and what was drawn of it, for the tests of charts and sheets."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
from matplotlib.text import Text

from centiles import ages, lms, zscores
from centiles.records import columns
from centiles.references import reference

FINDING = {
    "rule": "WT-FALL-1Y",
    "severity": "urgent",
    "state": "new",
    "measure": "weight",
    "source": "a.csv",
    "from_row": 2,
    "to_row": 3,
    "from_value": np.nan,
    "from_z": np.nan,
    "from_age_days": np.nan,
    "to_value": np.nan,
    "to_z": np.nan,
    "to_age_days": np.nan,
    "change_z": np.nan,
    "carried_change_z": np.nan,
    "spaces": np.nan,
    "direction": "down",
    "interval_days": np.nan,
    "sentence": "weight fell",
}
ROW = {"source": "a.csv", "verdict": "ok", "fate": "scored", "derived": False}
COLUMNS = [*ROW, "row", "child_id", "age_days", "corrected_age_days", "measured_on", "measure"]
COLUMNS += ["value", "z", "position", "section"]


def child(*points, sex="male", gestation=np.nan, correction="digital", findings=(), **changes):
    """A checked child from (age, measure, value[, changes]), scored by the library itself."""
    rows = []
    for number, (age, measure, value, *more) in enumerate(points):
        z = zscores.zscore(
            value,
            measure=measure,
            sex=sex,
            age_days=age,
            gestation_days=gestation,
            correction=correction,
        )
        made = {
            "row": number + 2,
            "child_id": "A123",
            "age_days": float(age),
            "corrected_age_days": float(ages.corrected_age_days(age, gestation, correction)),
            "measured_on": np.datetime64("2020-03-12", "s") + np.timedelta64(int(age), "D"),
            "measure": measure,
            "value": float(value),
            "z": z,
            "position": zscores.position(z),
        }
        at = int(reference().section_codes(np.array([made["corrected_age_days"]]))[0])
        made["section"] = reference().by_age[at].name if at >= 0 else ""
        rows.append(ROW | made | (more[0] if more else {}))
    scored = pd.DataFrame(rows, columns=COLUMNS)
    provenance = SimpleNamespace(
        version="9.8.7",
        reference="UK-WHO",
        reference_edition="edition 2009",
        reference_sha256="0123456789abcdef",
        correction=correction,
        rules="uk",
        rules_sha256="fedcba9876543210",
        as_of="2026-02-09",
    )
    made = {
        "child_id": "A123",
        "sex": sex,
        "birth_date": np.datetime64("2020-03-12"),
        "gestation_days": gestation,
        "scored": scored.sort_values("age_days", kind="stable"),
        "findings": pd.DataFrame([FINDING | f for f in findings], columns=list(FINDING)),
        "provenance": provenance,
        "events": columns.frame(columns.EVENTS_FILE, {}),
        "actions": columns.frame(columns.ACTIONS_FILE, {}),
        "mother_cm": np.nan,
        "father_cm": np.nan,
        "contacts": columns.frame(columns.CONTACTS, {}),
        "condition": "",
        "siblings": 0,
        "reference": "uk-who",
    }
    return SimpleNamespace(**(made | changes))


def fall(start, end, spaces=3.5, **changes):
    """A finding: a fall of weight between two points, (age, value) each."""
    return {
        "from_age_days": float(start[0]),
        "from_value": start[1],
        "from_z": 0.0,
        "to_age_days": float(end[0]),
        "to_value": end[1],
        "to_z": -spaces * lms.SPACE,
        "carried_change_z": -spaces * lms.SPACE,
        "spaces": spaces,
        "interval_days": float(end[0] - start[0]),
    } | changes


def with_gid(ax, start):
    return [artist for artist in ax.get_children() if str(artist.get_gid()).startswith(start)]


def texts(artist):
    return [t.get_text() for t in artist.findobj(Text) if t.get_text() and t.get_visible()]


def said(artist):
    """All the words of a chart, however they were broken into rows."""
    return " ".join(" ".join(texts(artist)).split())


STEADY = [(800, "weight", 12.4), (1200, "weight", 15.2), (1700, "weight", 17.9)]
