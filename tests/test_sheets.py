"""The record and referral sheet: what it says, and its pages, by their words and places."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from centiles import checks, zscores
from centiles.charts.events import SENSITIVE_WARNING
from centiles.charts.flows import Spill, Table
from centiles.charts.sheets import pages
from centiles.errors import UnwritableError, UsageError
from centiles.records import read
from centiles.reports.sheet import sheet_of, write_sheet

BORN = np.datetime64("2016-03-20")
FALLING = {
    "weight": {2.2: 12.9, 4.9: 18.0, 7.0: 23.0, 7.9: 18.4},
    "height": {4.9: 108.0, 7.9: 126.0},
}


def exported(folder, values, *, child="A1", sex="male", gestation="39+1", source="clinic", **files):
    """Write an export of {measure: {age [y]: value}} and side files, and read them checked."""
    rows = [
        {
            "child_id": child,
            "sex": sex,
            "birth_date": str(BORN),
            "gestation": gestation,
            "measured_on": str(BORN + round(age * 365.25)),
            "measure": measure,
            "value": str(value),
        }
        for measure, points in values.items()
        for age, value in points.items()
    ]
    pd.DataFrame(rows).to_csv(folder / f"{source}.csv", index=False)
    given = {}
    for kind, table in files.items():
        given[kind] = folder / f"{kind}.csv"
        pd.DataFrame(table).assign(child_id=child).to_csv(given[kind], index=False)
    return read([folder / f"{source}.csv"], **given)


def checked(folder, values, *, sensitive=False, **more):
    records = exported(folder, values, **more)
    return checks.check(records, today="2026-11-01", sensitive=sensitive)


def words(page):
    found = [t.get_text() for t in page.findobj(Text) if t.get_visible()]
    return " ".join(" ".join(found).replace("\u00a0", " ").split())


def all_words(sheet):
    return " ".join(words(page) for page in pages(sheet))


EVENTS = [
    {"date": "2023-09-01", "type": "missed appointment", "note": "", "sensitive": "no"},
    {
        "date": "2023-10-01",
        "type": "domestic abuse notification",
        "note": "police",
        "sensitive": "",
    },
]
ACTIONS = [
    {"rule": "WT-FALL-1Y", "date": "2024-02-20", "action": "referred", "by_role": "school nurse",
     "review_on": "2024-03-20"},
    {"rule": "WT-LOSS", "date": "2024-02-21", "action": "safeguarding referral", "by_role": "GP",
     "review_on": ""},
]  # fmt: skip


class TestFirstPage:
    def test_then_and_now_findings_missing_and_baseline(self, tmp_path):
        first = words(pages(sheet_of(checked(tmp_path, FALLING), "A1"))[0])
        for part in (
            "Growth record and referral sheet",
            "A1 · boy, born 20 Mar 2016",
            "Born at 39+1 weeks of gestation. From 1 source: clinic.csv.",
            "highest of the last 3 years 23.0 kg at 7 y 0 m (21 Mar 2023)",
            "now 18.4 kg at 7 y 10 m (12 Feb 2024), on the 0.4th centile line",
            "4.6 kg (20 %) less than the heaviest before",
            "Urgent by 14 Feb 2024",
            "WT-FALL-1Y (project rule).",
            "No birth weight.",
            "Parents’ heights not known",
            "Before the first finding",
            "To be taken today",
            "Consider nutritional, medical and safeguarding explanations",
            "Not a diagnosis",
            "page 1 of 3",
        ):
            assert part in first, part

    def test_findings_are_ranked_as_the_worklist_ranks_them(self, tmp_path):
        found = checked(tmp_path, FALLING)
        sheet = sheet_of(found, "A1")
        rules = found.child("A1").open_findings["rule"].astype(str).tolist()
        (listed, _) = [block for block in sheet.first if isinstance(block, Spill)]
        findings = [block.text for block in listed.blocks]
        assert len(rules) > 3
        assert all(f" {rule}" in text[-40:] for rule, text in zip(rules, findings, strict=True)), (
            findings
        )

    def test_no_finding_is_no_reassurance(self, tmp_path):
        steady = {"weight": {2.2: 12.9, 4.9: 18.0}}
        first = words(pages(sheet_of(checked(tmp_path, steady), "A1"))[0])
        assert "None. No finding is no reassurance" in first
        assert "No height recorded." in first

    def test_what_is_long_ago_is_missing(self, tmp_path):
        values = {"weight": {0: 3.4, 7.0: 22.8}, "height": {4.9: 108.0}}
        first = words(pages(sheet_of(checked(tmp_path, values, gestation=""), "A1"))[0])
        assert "No height since 12 Feb 2021 (4 y 10 m)." in first
        assert "Gestation not known: ages are taken as if born at 40 weeks." in first
        assert "No birth weight" not in first

    def test_height_more_than_two_spaces_below_the_highest_ever_is_a_fact(self, tmp_path):
        # Ten years apart, so that no rule's window holds both: z 1.0, then −0.5 is 2.25 spaces.
        tall, short = (
            float(
                zscores.measurement(z, measure="height", sex="male", age_days=round(age * 365.25))
            )
            for z, age in ((1.0, 4.5), (-0.5, 9.5))
        )
        values = {"height": {4.5: round(tall, 1), 9.5: round(short, 1)}}
        first = words(pages(sheet_of(checked(tmp_path, values), "A1"))[0])
        assert "Height is more than 2 centile spaces below the highest ever" in first
        nearer = {"height": {4.5: round(tall, 1), 9.5: round(short + 4, 1)}}
        assert "highest ever" not in words(pages(sheet_of(checked(tmp_path, nearer), "A1"))[0])

    @pytest.mark.parametrize(
        ("share", "said"),
        [(0.83, "83 % of the median for age and sex, in the band of 80 to 85 %"),
         (0.95, "95 % of the median for age and sex.")],
    )  # fmt: skip
    def test_bmi_as_a_share_of_the_median(self, share, said, tmp_path):
        days = round(10 * 365.25)
        median = zscores.measurement(0.0, measure="bmi", sex="male", age_days=days - 6)
        weight = round(float(share * median * 1.4**2), 2)
        values = {"weight": {10: weight}, "height": {10: 140.0}}
        assert said in words(pages(sheet_of(checked(tmp_path, values), "A1"))[0])


class TestPages:
    def test_three_pages_for_an_ordinary_child(self, tmp_path):
        made = pages(sheet_of(checked(tmp_path, FALLING), "A1"))
        assert len(made) == 3
        assert [ax.get_ylabel() for ax in made[1].axes] == [
            "Weight (kg)", "Height (cm)", "BMI (kg/m²)"
        ]  # fmt: skip
        assert "Every measurement, newest first (8)" in words(made[2])

    def test_head_instead_of_bmi_under_two(self, tmp_path):
        values = {"weight": {0: 3.4, 0.5: 7.8}, "height": {0.5: 67.0}, "head": {0.5: 43.0}}
        made = pages(sheet_of(checked(tmp_path, values), "A1"))
        assert made[1].axes[-1].get_ylabel() == "Head circumference (cm)"
        assert "Head circumference" not in words(made[0])

    def test_one_measurement_is_short_and_whole(self, tmp_path):
        made = pages(sheet_of(checked(tmp_path, {"weight": {4.7: 17.0}}), "A1"))
        assert len(made) == 2
        assert len(made[1].axes) == 1
        assert "Every measurement, newest first (1)" in words(made[1])

    def test_nothing_scored_is_a_sheet_too(self, tmp_path):
        made = pages(sheet_of(checked(tmp_path, {"weight": {4.7: 17.0}}, sex="9"), "A1"))
        assert "Nothing that could be scored is recorded." in words(made[0])
        assert "sex not known" in words(made[0])

    def test_very_many_findings_leave_the_first_page_whole(self, tmp_path):
        z = {0.0: 0.5, 0.2: 0.6, 0.9: 0.2, 1.7: -0.4, 2.1: -1.2, 2.4: -2.4, 2.6: -3.4, 2.75: -4.2}
        values = {
            measure: {
                age: round(float(zscores.measurement(
                    at * share, measure=measure, sex="male", age_days=round(age * 365.25),
                    gestation_days=274,
                )), 2)
                for age, at in z.items()
            }
            for measure, share in (("weight", 1), ("height", 0.75), ("head", 0.75))
        }  # fmt: skip
        found = checked(tmp_path, values, events=EVENTS)
        made = pages(sheet_of(found, "A1"))
        told = found.child("A1").open_findings
        assert len(told) > 8
        first, rest = words(made[0]), " ".join(words(page) for page in made[1:])
        for part in ("Then and now", "What is missing", "To be taken today", "not a diagnosis"):
            assert part in first
        assert f"page 1 of {len(made)}" in first
        more = int(re.search(r"(\d+) more on a later page, under “More open findings”", first)[1])
        assert "More open findings" in rest
        head = [sentence.partition(".")[0].casefold() for sentence in told["sentence"]]
        here = [each for each in head[:-more] if each in first.casefold()]
        assert here == head[:-more]  # the gravest first
        assert all(each in rest.casefold() for each in head[-more:])

    def test_a_row_is_left_high_enough_to_write_in(self, tmp_path):
        first = pages(sheet_of(checked(tmp_path, FALLING), "A1"))[0]
        place = {t.get_text(): t.get_position()[1] for t in first.findobj(Text)}
        (above,) = [y for text, y in place.items() if text.startswith("18.4\u00a0kg,")]
        assert (above - place["To be taken today"]) * 841.9 > 20  # [pt]

    def test_two_hundred_measurements_all_stand_in_the_table(self, tmp_path):
        ages = np.round(np.linspace(2.1, 9, 200), 3)
        values = {"weight": {age: round(12 + 2 * age, 2) for age in ages}}
        sheet = sheet_of(checked(tmp_path, values), "A1")
        made = pages(sheet)
        (table,) = [block for block in sheet.last if isinstance(block, Table)]
        assert len(table.rows) == 200
        text = " ".join(words(page) for page in made)
        assert all(f"clinic.csv, row {row}" in text for row in range(2, 202))
        assert f"page {len(made)} of {len(made)}" in words(made[-1])
        rows = [words(page) for page in made if "clinic.csv, row" in words(page)]
        assert len(rows) > 2
        assert all("Date Age Measure Value" in page for page in rows)

    @pytest.mark.parametrize("count", [1, 12, 60])
    def test_nothing_leaves_the_page(self, count, tmp_path):
        ages = np.round(np.linspace(0.1, 9, count), 2)
        values = {"weight": {age: round(5 + 2 * age, 2) for age in ages}, "height": {9: 130.0}}
        found = checked(tmp_path, values, events=EVENTS, actions=ACTIONS)
        for page in pages(sheet_of(found, "A1", name="Featherstonehaugh-Cholmondeley, Max Jo")):
            page.draw_without_rendering()
            for text in page.findobj(Text):
                if text.get_text() and text.get_visible():
                    box = text.get_window_extent()
                    assert box.x0 >= 0, text
                    assert box.x1 <= page.bbox.x1, text
                    assert box.y0 >= 0, text
                    assert box.y1 <= page.bbox.y1, text

    def test_a_source_has_one_marker_on_all_charts_of_a_sheet(self, tmp_path):
        exported(tmp_path, {"height": {4.9: 108.0}}, source="school")
        exported(tmp_path, {"weight": {2.2: 12.9, 4.9: 18.0}}, source="clinic")
        both = read([tmp_path / "clinic.csv", tmp_path / "school.csv"])
        made = pages(sheet_of(checks.check(both, today="2026-11-01"), "A1"))
        markers = [
            line.get_marker()
            for ax in made[1].axes[:2]
            for line in ax.lines
            if str(line.get_gid()).startswith("points-")
        ]
        assert markers == ["o", "s"]

    def test_a_contact_without_a_measurement_is_a_row(self, tmp_path):
        exported(tmp_path, {"weight": {2.2: 12.9, 4.9: 18.0}})
        frame = pd.read_csv(tmp_path / "clinic.csv", dtype=str)
        frame.loc[1, "value"] = "no scales"
        frame.to_csv(tmp_path / "clinic.csv", index=False)
        sheet = sheet_of(checks.check(read([tmp_path / "clinic.csv"]), today="2026-11-01"), "A1")
        assert "not measured" in all_words(sheet)
        assert "no scales" in all_words(sheet)


class TestPrivacy:
    def test_sensitive_things_only_on_request_and_then_every_page_warns(self, tmp_path):
        files = {"events": EVENTS, "actions": ACTIONS}
        openly = pages(sheet_of(checked(tmp_path, FALLING, **files), "A1"))
        for page in openly:
            for word in ("abuse", "police", "safeguarding referral", SENSITIVE_WARNING):
                assert word not in words(page)
        assert "missed appointment" in words(openly[-1])
        assert "other information held" in words(openly[-1])
        asked = checked(tmp_path, FALLING, sensitive=True, **files)
        made = pages(sheet_of(asked, "A1", sensitive=True))
        assert all(SENSITIVE_WARNING in words(page) for page in made)
        assert "domestic abuse notification police" in words(made[-1])
        assert "safeguarding referral" in words(made[-1])

    def test_a_sheet_for_the_family_of_a_check_that_was_asked_for_more(self, tmp_path):
        asked = checked(tmp_path, FALLING, sensitive=True, events=EVENTS, actions=ACTIONS)
        openly = all_words(sheet_of(asked, "A1"))
        assert "abuse" not in openly
        assert "Raised: events" not in openly

    def test_the_identifier_can_be_withheld(self, tmp_path):
        found = checked(tmp_path, FALLING)
        assert "A1" not in all_words(sheet_of(found, "A1", name=""))
        assert "Sam" in all_words(sheet_of(found, "A1", name="Sam"))

    def test_hostile_words_are_plain_rows(self, tmp_path):
        odd = "<script>$x_1$\u202e\n" + "z" * 300
        files = {"children": [{"sex": "male", "condition": odd}]}
        sheet = sheet_of(checked(tmp_path, FALLING, child="../../A 1", **files), "../../A 1")
        text = all_words(sheet)
        assert "../../A 1" in text
        assert "\u202e" not in text
        assert "<script>$x_1$" in text


class TestFiles:
    def test_a_pdf_with_words_that_can_be_selected(self, tmp_path):
        path = write_sheet(checked(tmp_path, FALLING), "A1", tmp_path / "sheet.pdf")
        content = path.read_bytes()
        assert content.count(b"/Type /Page ") == 3
        assert b"/Subtype /Type3" not in content
        assert b"/FontFile2" in content
        if shutil.which("pdftotext"):
            ran = subprocess.run(
                ["pdftotext", path, "-"], capture_output=True, text=True, check=True
            )
            assert re.search(r"Then and now", ran.stdout)
            assert "below the 0.4th" in ran.stdout

    def test_the_same_records_make_the_same_file(self, tmp_path):
        found = checked(tmp_path, FALLING)
        day = np.datetime64("2026-11-27")
        one, two = (
            write_sheet(found, "A1", tmp_path / f"{k}.pdf", drawn_on=day).read_bytes() for k in "ab"
        )
        assert one == two

    def test_a_wrong_suffix_or_a_file_that_is_there(self, tmp_path):
        found = checked(tmp_path, FALLING)
        with pytest.raises(UsageError, match=r"sheet file: found the suffix '.png'"):
            write_sheet(found, "A1", tmp_path / "sheet.png")
        (tmp_path / "sheet.pdf").write_text("")
        with pytest.raises(UnwritableError, match="there already"):
            write_sheet(found, "A1", Path(tmp_path / "sheet.pdf"), replace=False)

    def test_no_such_child(self, tmp_path):
        with pytest.raises(UsageError, match="no record has that identifier"):
            sheet_of(checked(tmp_path, FALLING), "B2")


def test_others_of_the_household_are_said_only_on_request(tmp_path):
    """A1 and A2 live in one home, A3 in another."""
    rows = [
        {"child_id": child, "household_id": home, "sex": "male", "birth_date": str(BORN),
         "measured_on": "2024-02-12", "weight_kg": 22.0}
        for child, home in (("A1", "h"), ("A2", "h"), ("A3", "i"))
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(tmp_path / "clinic.csv", index=False)
    said = "These records hold another child of the same household."
    for sensitive in (False, True):
        found = checks.check(read(tmp_path / "clinic.csv"), today="2026-11-01", sensitive=sensitive)
        assert (said in all_words(sheet_of(found, "A1", sensitive=sensitive))) == sensitive
        assert "same household" not in all_words(sheet_of(found, "A3", sensitive=sensitive))
