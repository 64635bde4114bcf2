"""Charts, tested by what was drawn: lines, markers, bands and words, not pixels."""

from __future__ import annotations

import itertools
import subprocess
import sys
import xml.etree.ElementTree as ET
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from centiles import charts, lms, zscores
from centiles.charts import style, windows, words
from centiles.charts.contents import chart_of
from centiles.charts.falls import falls
from centiles.charts.lines import spread
from centiles.charts.marks import age_axis
from centiles.errors import UnwritableError, UsageError
from centiles.lines import centile_lines
from centiles.monitoring import wording
from tests.charted import FINDING, STEADY, child, fall, said, texts, with_gid


class TestLines:
    def test_nine_lines_of_each_section_at_two_thirds_apart(self):
        ax = charts.plot(child(*STEADY), "weight")
        for section in centile_lines("weight", "male")[1:]:
            lines = with_gid(ax, f"line-{section.section}-")
            assert len(lines) == 9
            for label, z, line in zip(lms.LINE_LABELS, lms.LINE_Z, lines, strict=True):
                assert line.get_gid().endswith(f"-{label}")
                day = line.get_xdata()[100]
                expected = zscores.measurement(z, measure="weight", sex="male", age_days=day)
                assert line.get_ydata()[100] == pytest.approx(expected)

    def test_dashes_alternate_and_the_50th_is_no_bolder(self):
        lines = with_gid(charts.plot(child(*STEADY), "weight"), "line-uk90_child-")
        dashed = {line.get_gid().split("-")[-1] for line in lines if line.is_dashed()}
        assert dashed == {"0.4th", "9th", "50th", "91st", "99.6th"}
        assert len({(line.get_linewidth(), line.get_color()) for line in lines}) == 1

    def test_each_section_runs_exactly_to_its_own_ends(self):
        ax = charts.plot(child(*STEADY), "weight", window="whole")
        ends = {}
        for line in with_gid(ax, "line-"):
            section = line.get_gid().split("-")[1]
            ends.setdefault(section, set()).add(tuple(line.get_xdata()[[0, -1]]))
        assert ends == {
            "uk90_birth": {(-119, 14)},
            "who_infant": {(14, 730.5)},
            "who_child": {(730.5, 1461)},
            "uk90_child": {(1461, 7305)},
        }

    def test_both_ends_at_two_years_are_drawn_and_step(self):
        ax = charts.plot(child((700, "height", 85.0), (800, "height", 88.0)), "height")
        before, after = (with_gid(ax, f"line-{s}-50th")[0] for s in ("who_infant", "who_child"))
        assert before.get_xdata()[-1] == after.get_xdata()[0] == 730.5
        assert before.get_ydata()[-1] - after.get_ydata()[0] == pytest.approx(0.7, abs=0.05)

    def test_steps_are_explained_where_they_show(self):
        assert "lying length to standing height at 2 years" in said(
            charts.plot(child(*STEADY), "height", window="0-4")
        )
        weight = said(charts.plot(child(*STEADY), "weight", window="0-4"))
        assert "the reference changes at 4 years" in weight
        assert "at 2 years" not in weight  # weight does not step there
        assert "lines step" not in said(
            charts.plot(child((0, "bmi", 13.0), (60, "bmi", 15.0)), "bmi")
        )

    def test_labels_stand_at_the_right_end_apart_and_in_order(self):
        page = charts.figure(child(*STEADY), "weight")
        labels = with_gid(page.axes[0], "label-")
        assert [label.get_text() for label in labels] == list(lms.LINE_LABELS)
        page.draw_without_rendering()
        boxes = [label.get_window_extent() for label in labels]
        assert all(a.y1 <= b.y1 and a.y0 < b.y0 for a, b in itertools.pairwise(boxes))
        assert min(box.x0 for box in boxes) > page.axes[0].get_window_extent().x1
        assert max(box.x1 for box in boxes) < page.bbox.x1

    @pytest.mark.parametrize("measure", ["weight", "height", "bmi", "head"])
    @pytest.mark.parametrize("window", list(windows.WINDOWS))
    def test_line_labels_never_overlap(self, measure, window):
        some = child((400, "weight", 10.0), sex="female")
        page = charts.figure(some, measure, window=window)
        boxes = [label.get_window_extent() for label in with_gid(page.axes[0], "label-")]
        letters = [box.y0 + box.height / 2 for box in boxes]
        assert all(np.diff(letters) >= 0.75 * style.SMALL * page.dpi / 72)

    def test_no_lines_for_a_sex_that_is_not_known(self):
        ax = charts.plot(child(*STEADY, sex="unknown"), "weight")
        assert not with_gid(ax, "line-")
        assert len(with_gid(ax, "points-ok")[0].get_xdata()) == 3
        assert words.NO_SEX in texts(ax)

    def test_no_grid(self):
        with mpl.rc_context({"axes.grid": True}):
            ax = charts.plot(child(*STEADY), "weight", Figure().add_subplot())
        assert not any(line.get_visible() for line in ax.get_xgridlines() + ax.get_ygridlines())

    def test_crowded_labels_move_as_little_as_they_can(self):
        moved = spread(np.array([0.0, 0.1, 0.2, 9.0]), 1.0)
        assert moved == pytest.approx([-0.9, 0.1, 1.1, 9.0])


class TestWindows:
    @pytest.mark.parametrize(
        ("days", "gestation", "name"),
        [
            ([0, 35], np.nan, "newborn"),
            ([0, 305], np.nan, "infant"),
            ([0, 500], np.nan, "0-2"),
            ([60, 1440], np.nan, "0-4"),
            ([731, 2160], np.nan, "2-9"),
            ([1900, 4383], np.nan, "2-20"),
            ([0, 2160], np.nan, "0-9"),
            ([0, 7304], np.nan, "whole"),
            ([0, 60], 196, "preterm"),
            ([0, 110], 196, "infant"),
        ],
    )
    def test_the_points_choose(self, days, gestation, name):
        points = [(day, "weight", 5.0) for day in days]
        chart = chart_of(child(*points, gestation=gestation), "weight", None)
        assert chart.window.name == name
        assert len(chart.points) == len(points)

    def test_every_point_is_inside_whatever_its_age(self):
        for day in range(0, 7306, 83):
            for gestation in (np.nan, 168, 280):
                one = child((day, "weight", 10.0), gestation=gestation)
                chart = chart_of(one, "weight", None)
                assert len(chart.points) == 1, (day, gestation)
                corrected = chart.points.corrected_age_days
                assert chart.window.holds(corrected).all(), (day, gestation)

    def test_without_points_the_other_measures_choose(self):
        chart = chart_of(child((20, "height", 53.0)), "weight", None)
        assert chart.window.name == "newborn"

    def test_named_window_says_what_it_leaves_out(self):
        ax = charts.plot(child(*STEADY), "weight", window="2-20")
        assert "not on this chart" not in said(ax)
        ax = charts.plot(child((100, "weight", 6.2), *STEADY), "weight", window="2-20")
        assert "Recorded but not on this chart: 6.2 kg at 14 weeks." in said(ax)

    def test_a_wrong_window_is_named(self):
        with pytest.raises(UsageError, match=r"found 'teens'.*expected.*2-20"):
            charts.plot(child(*STEADY), "weight", window="teens")

    def test_a_date_in_the_future_does_not_choose_the_window(self):
        future = (28_800, "weight", 20.0, {"verdict": "impossible", "fate": "unscored"})
        ax = charts.plot(child(*STEADY, future), "weight")
        assert ax.get_xlim()[1] < 10 * 365.25
        assert "20.0 kg at 78 y" in said(ax)


class TestAgeAxis:
    @pytest.mark.parametrize(
        ("window", "fine", "coarse"),
        [
            ("newborn", "weeks", "months"),
            ("infant", "weeks", "months"),
            ("0-2", "weeks", "months"),
            ("0-4", "months", "years"),
            ("2-20", "half years", "years"),
        ],
    )
    def test_units(self, window, fine, coarse):
        axis = age_axis(windows.WINDOWS[window], 710)
        assert (axis.fine.unit, axis.coarse.unit) == (fine, coarse)

    def test_weeks_of_gestation_below_42_weeks(self):
        axis = age_axis(windows.WINDOWS["preterm"], 710)
        assert axis.fine.labels[0] == "23"
        assert axis.fine.labels[-1] == "42"
        assert axis.fine.days[-1] == 14
        newborn = age_axis(windows.WINDOWS["newborn"], 710)
        assert newborn.fine.labels[:8] == ("37", "38", "39", "40", "41", "42", "3", "4")

    def test_marks_stand_where_ages_are(self):
        axis = age_axis(windows.WINDOWS["0-4"], 710)
        assert axis.coarse.days == tuple(365.25 * n for n in (1, 2, 3, 4))
        assert axis.fine.days[axis.fine.labels.index("24")] == 2 * 365.25

    def test_half_years_are_written_where_there_is_room(self):
        assert "4½" in age_axis(windows.WINDOWS["2-9"], 710).fine.labels
        assert not any(age_axis(windows.WINDOWS["2-20"], 710).fine.labels)

    @pytest.mark.parametrize("window", list(windows.WINDOWS))
    @pytest.mark.parametrize("orientation", ["landscape", "portrait"])
    @pytest.mark.parametrize("gestation", [np.nan, 200])
    def test_labels_do_not_overlap(self, window, orientation, gestation):
        some = child((30, "weight", 3.0), (2000, "weight", 20.0), gestation=gestation)
        page = charts.figure(some, "weight", window=window, orientation=orientation)
        page.draw_without_rendering()
        axis = page.axes[0].xaxis
        for minor in (True, False):
            labels = [t for t in axis.get_ticklabels(minor=minor) if t.get_text()]
            boxes = sorted((t.get_window_extent() for t in labels), key=lambda box: box.x0)
            assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))

    def test_value_axis_has_its_unit(self):
        some = child((100, "height", 60.0), (120, "bmi", 16.0))
        assert charts.plot(some, "height").get_ylabel() == "Length (cm)"
        assert charts.plot(some, "height", window="2-20").get_ylabel() == "Height (cm)"
        assert charts.plot(some, "bmi").get_ylabel() == "BMI (kg/m²)"


class TestPoints:
    def test_dots_at_chronological_age_not_joined(self):
        ax = charts.plot(child(*STEADY), "weight")
        (dots,) = with_gid(ax, "points-")
        assert list(dots.get_xdata()) == [800, 1200, 1700]
        assert list(dots.get_ydata()) == [12.4, 15.2, 17.9]
        assert (dots.get_marker(), dots.get_linestyle()) == ("o", "None")
        assert not with_gid(ax, "corrected")

    def test_crosses_at_corrected_age_each_joined_to_its_own_dot(self):
        ax = charts.plot(child((100, "weight", 5.0), (300, "weight", 7.9), gestation=210), "weight")
        (crosses,), (joins,) = with_gid(ax, "corrected"), with_gid(ax, "correction")
        assert crosses.get_marker() == "x"
        assert list(crosses.get_xdata()) == [30, 230]
        expected = [30, 100, np.nan, 230, 300, np.nan]
        np.testing.assert_equal(joins.get_xdata(), expected)

    def test_no_cross_where_the_correction_cannot_be_seen(self):
        years = [(2000, "weight", 19.0), (4000, "weight", 33.0)]
        assert not with_gid(charts.plot(child(*years, gestation=275), "weight"), "corrected")
        assert with_gid(charts.plot(child(*years, gestation=170), "weight"), "corrected")
        near_four = [(900, "weight", 13.0), (1300, "weight", 15.0)]
        late_preterm = child(*near_four, gestation=258)
        ax = charts.plot(late_preterm, "weight", window="0-4")
        assert with_gid(ax, "corrected")

    def test_no_cross_once_the_paper_correction_has_stopped(self):
        some = child((900, "weight", 13.0), gestation=210, correction="paper")
        assert not with_gid(charts.plot(some, "weight"), "corrected")

    def test_on_the_axis_of_gestation_a_point_is_a_cross(self):
        ax = charts.plot(child((0, "weight", 1.1), (30, "weight", 1.6), gestation=198), "weight")
        (crosses,) = with_gid(ax, "corrected")
        assert list(crosses.get_xdata()) == [-82, -52]
        assert not with_gid(ax, "points-")

    def test_each_source_has_its_own_marker_and_a_key(self):
        more = [(a, m, v, {"source": f"{a}.csv"}) for a, m, v in STEADY]
        ax = charts.plot(child(*more), "weight")
        markers = [dots.get_marker() for dots in with_gid(ax, "points-")]
        assert sorted(markers) == sorted(style.MARKERS[:3])
        keyed = [t.get_text() for t in ax.get_legend().get_texts()]
        assert keyed == ["800.csv", "1200.csv", "1700.csv"]
        assert charts.plot(child(*STEADY), "weight").get_legend() is None

    @pytest.mark.parametrize("verdict", ["check", "doubtful"])
    def test_a_queried_value_is_open_and_says_check(self, verdict):
        ax = charts.plot(child(*STEADY, (1900, "weight", 12.0, {"verdict": verdict})), "weight")
        (queried,) = with_gid(ax, "points-check")
        assert list(queried.get_ydata()) == [12.0]
        assert queried.get_markerfacecolor() == "white"
        assert "check" in texts(ax)

    def test_a_wild_value_is_at_the_edge_with_an_arrow_and_its_number(self):
        wild = (1900, "weight", 32_000.0, {"verdict": "impossible", "fate": "unscored"})
        tiny = (1950, "weight", 0.0, {"verdict": "impossible", "fate": "unscored"})
        calm, ax = charts.plot(child(*STEADY), "weight"), None
        ax = charts.plot(child(*STEADY, wild, tiny), "weight")
        assert ax.get_ylim() == calm.get_ylim()  # the chart is not squashed
        high, low = with_gid(ax, "points-off-scale")
        assert (high.get_marker(), low.get_marker()) == ("^", "v")
        assert ax.get_ylim()[0] < low.get_ydata()[0] < high.get_ydata()[0] < ax.get_ylim()[1]
        assert {"↑ 32,000 kg, check", "↓ 0.0 kg, check"} <= set(texts(ax))

    def test_a_starved_child_is_on_the_chart_not_at_its_edge(self):
        ax = charts.plot(child(*STEADY, (1900, "weight", 9.0, {"verdict": "check"})), "weight")
        assert ax.get_ylim()[0] < 9.0
        assert not with_gid(ax, "points-off-scale")

    @pytest.mark.parametrize("fate", ["merged", "skipped", "unreadable"])
    def test_other_fates_are_not_drawn(self, fate):
        ax = charts.plot(child(*STEADY, (1800, "weight", 18.0, {"fate": fate})), "weight")
        assert len(with_gid(ax, "points-ok")[0].get_xdata()) == 3

    def test_only_ages_are_known(self):
        undated = {"measured_on": np.datetime64("NaT", "s")}
        points = [(a, m, v, undated) for a, m, v in STEADY]
        page = charts.figure(child(*points, birth_date=np.datetime64("NaT", "D")), "weight")
        assert "Latest: 17.9 kg at 4 y 7 m, on the 50th" in said(page)

    def test_a_value_without_an_age_is_not_forgotten(self):
        some = child(*STEADY)
        row = some.scored.iloc[[0]].assign(age_days=np.nan, z=np.nan, fate="unscored")
        ax = charts.plot(child(scored=pd.concat([some.scored, row])), "weight")
        assert "Recorded but not on this chart: 1 without an age." in said(ax)

    def test_derived_bmi_is_drawn(self):
        derived = {"derived": True, "fate": ""}
        ax = charts.plot(child((900, "bmi", 16.0, derived), (1500, "bmi", 15.5, derived)), "bmi")
        assert len(with_gid(ax, "points-ok")[0].get_xdata()) == 2

    def test_nothing_recorded_is_said(self):
        ax = charts.plot(child((900, "height", 90.0)), "weight")
        assert "No weight recorded" in texts(ax)
        assert len(with_gid(ax, "line-uk90_child-")) == 9

    def test_labels_of_many_queried_points_do_not_overlap(self):
        many = [(800 + 150 * k, "weight", 15.0 + k % 2, {"verdict": "check"}) for k in range(10)]
        page = charts.figure(child(*many), "weight")
        page.draw_without_rendering()
        boxes = [t.get_window_extent() for t in page.findobj(Text) if t.get_text() == "check"]
        assert len(boxes) == 10
        assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])

    def test_ten_thousand_points(self):
        many = pd.concat([child((1500, "weight", 17.0)).scored] * 10_000)
        ax = charts.plot(child(*STEADY, scored=many), "weight")
        assert len(with_gid(ax, "points-ok")[0].get_xdata()) == 10_000


class TestFindings:
    POINTS = (*STEADY, (2035, "weight", 15.1))
    FALL = fall((1700, 17.9), (2035, 15.1))

    def test_a_fall_is_a_band_with_its_size_and_interval(self):
        ax = charts.plot(child(*self.POINTS, findings=[self.FALL]), "weight")
        (band,) = with_gid(ax, "fall-WT-FALL-1Y")
        assert (band.get_x(), band.get_x() + band.get_width()) == (1700, 2035)
        assert "fell 3.5 spaces in 11 months" in said(ax)

    def test_a_fall_to_below_z_minus_4_is_more_than_its_size(self):
        steep = fall((1700, 17.9), (2035, 15.1), 3.6, to_z=-6.0)
        ax = charts.plot(child(*self.POINTS, findings=[steep]), "weight")
        assert "fell more than 3.5 spaces" in said(ax)

    def test_the_worse_of_two_overlapping_falls_is_the_band(self):
        longer = fall((800, 12.4), (2035, 15.1), 2.0, rule="WT-FALL-3Y", severity="watch")
        ax = charts.plot(child(*self.POINTS, findings=[self.FALL, longer]), "weight")
        assert [band.get_gid() for band in with_gid(ax, "fall-WT")] == ["fall-WT-FALL-1Y"]

    def test_two_falls_one_after_the_other_are_two_bands(self):
        first = fall((800, 12.4), (1200, 15.2), 1.0, rule="WT-FALL-3Y", severity="watch")
        ax = charts.plot(child(*self.POINTS, findings=[self.FALL, first]), "weight")
        assert len(with_gid(ax, "fall-WT")) == 2
        assert "fell 1.0 space in 13 months" in said(ax)

    @pytest.mark.parametrize("change", [{"carried_change_z": 2.0}, {"from_age_days": np.nan}])
    def test_a_rise_or_a_level_has_no_band_but_a_ring(self, change):
        ax = charts.plot(child(*self.POINTS, findings=[self.FALL | change]), "weight")
        assert not with_gid(ax, "fall-")
        assert with_gid(ax, "ring-urgent")

    def test_the_point_is_ringed_heavier_the_graver(self):
        graver = {}
        for severity in ("watch", "act", "urgent"):
            found = [self.FALL | {"severity": severity}]
            (ring,) = with_gid(charts.plot(child(*self.POINTS, findings=found), "weight"), "ring-")
            assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (2035, 15.1)
            assert ring.get_markerfacecolor() == "none"
            graver[severity] = ring.get_markeredgewidth()
        assert graver["watch"] < graver["act"] < graver["urgent"]

    def test_labels_stand_clear_of_rings(self):
        queried = (2035, "weight", 11.0, {"verdict": "check"})
        found = [fall((1700, 17.9), (2035, 11.0))]
        page = charts.figure(child(*STEADY, queried, findings=found), "weight")
        page.draw_without_rendering()
        (ring,) = with_gid(page.axes[0], "ring-")
        (label,) = [t for t in page.axes[0].texts if t.get_text() == "check"]
        assert not label.get_window_extent().overlaps(ring.get_window_extent())

    def test_one_ring_a_point_the_gravest(self):
        lesser = self.FALL | {"severity": "watch", "rule": "NG75-WT2"}
        ax = charts.plot(child(*self.POINTS, findings=[lesser, self.FALL]), "weight")
        assert [ring.get_gid() for ring in with_gid(ax, "ring-")] == ["ring-urgent"]

    @pytest.mark.parametrize("state", ["closed", "lapsed"])
    def test_what_is_over_is_neither_ringed_nor_shaded(self, state):
        ax = charts.plot(child(*self.POINTS, findings=[self.FALL | {"state": state}]), "weight")
        assert not with_gid(ax, "ring-")
        assert not with_gid(ax, "fall-")

    def test_findings_of_another_measure_are_not_drawn(self):
        found = [self.FALL | {"measure": "height"}]
        assert not with_gid(charts.plot(child(*self.POINTS, findings=found), "weight"), "ring-")

    def test_rings_of_a_preterm_child_stand_at_gestational_age(self):
        level = {"to_age_days": 30.0, "to_value": 1.6, "severity": "act"}
        some = child((0, "weight", 1.1), (30, "weight", 1.6), gestation=198, findings=[level])
        (ring,) = with_gid(charts.plot(some, "weight"), "ring-")
        assert ring.get_xdata()[0] == -52

    @pytest.mark.parametrize("to_z", [-1.0, -5.0])
    @pytest.mark.parametrize("spaces", [0.96, 1.04, 2.26, 5.9])
    def test_a_band_gives_the_size_its_sentence_gives(self, spaces, to_z):
        given = fall((1700, 17.9), (2035, 15.1), spaces, to_z=to_z)
        (shown,) = falls(pd.DataFrame([FINDING | given]))
        of_sentence = f"{wording._spaces(spaces, to_z)} in {wording.interval(335)}"
        assert shown.words.replace("\n", " ") == "fell " + of_sentence.replace("centile ", "")

    def test_a_fall_that_is_recovering_says_so(self):
        better = self.FALL | {"state": "recovering"}
        ax = charts.plot(child(*self.POINTS, findings=[better]), "weight")
        assert "still 3.5 spaces lower 11 months on" in said(ax)


class TestWords:
    def test_heading_and_footer(self):
        page = said(charts.figure(child(*STEADY), "weight"))
        for part in (
            "Weight",
            "boy · A123",
            "Latest: 17.9 kg at 4 y 7 m (6 Nov 2024)",
            "UK-WHO, edition 2009 (tables 01234567)",
            "Gestation correction: digital",
            "centiles 9.8.7",
            "rules uk fedcba98",
            "data as of 2026-02-09",
            "Not a diagnosis",
        ):
            assert part in page.replace("\u00a0", " "), part

    def test_provenance_is_on_axes_of_the_caller_too(self):
        page = Figure(figsize=(8, 6))
        ax = page.add_subplot()
        assert charts.plot(child(*STEADY), "weight", ax) is ax
        assert "Not a diagnosis" in said(ax)
        assert ax.get_title(loc="left") == "Weight: boy  ·  A123"

    def test_identifier_can_be_replaced_or_withheld(self):
        assert "Sam B" in said(charts.figure(child(*STEADY), "weight", name="Sam B"))
        assert "A123" not in said(charts.figure(child(*STEADY), "weight", name="Sam B"))
        withheld = said(charts.figure(child(*STEADY), "weight", name=""))
        assert "A123" not in withheld
        assert "boy" in withheld

    @pytest.mark.parametrize("name", ['O\'Brien, $x$_{2}/"q"', "🙂 \n\t\x07", "x" * 500, "_"])
    def test_strange_identifiers_and_sources(self, name, tmp_path):
        odd = [(a, m, v, {"source": f"{name}{a}"}) for a, m, v in STEADY]
        some = child(*odd, child_id=name)
        for suffix in ("png", "svg", "pdf"):
            charts.save(some, tmp_path / f"c.{suffix}", "weight")
        assert len(charts.plot(some, "weight").get_legend().get_texts()) == 3

    @pytest.mark.parametrize("orientation", ["landscape", "portrait"])
    @pytest.mark.parametrize("name", ["Sam", "Featherstonehaugh-Cholmondeley, Maximilian Jo"])
    def test_title_and_name_do_not_meet(self, orientation, name):
        some = child((100, "head", 40.0), gestation=200)
        page = charts.figure(some, "head", name=name, orientation=orientation)
        page.draw_without_rendering()
        boxes = [text.get_window_extent() for text in page.texts]
        assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
        assert all(box.x1 <= page.bbox.x1 for box in boxes)

    def test_worst_finding_heads_the_page(self):
        found = fall((1200, 15.2), (1700, 17.9), sentence="weight fell a long way.")
        page = said(charts.figure(child(*STEADY, findings=[found]), "weight"))
        assert "Urgent: weight fell a long way." in page

    @pytest.mark.parametrize(
        ("days", "gestation", "measure", "shown"),
        [
            ([0, 5], 280, "weight", True),
            ([0, 5], np.nan, "weight", True),
            ([0, 5], 200, "weight", False),
            ([20, 40], 280, "weight", False),
            ([0, 5], 280, "height", False),
            ([0, 2000], 280, "weight", False),
        ],
    )
    def test_note_on_loss_in_the_first_days(self, days, gestation, measure, shown):
        some = child(*((day, measure, 3.4) for day in days), gestation=gestation)
        assert ("loss of up to 10 %" in said(charts.plot(some, measure))) is shown

    def test_every_text_contrasts(self):
        def luminance(colour):
            parts = np.array(to_rgb(colour))
            linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
            return linear @ [0.2126, 0.7152, 0.0722]

        def contrast(text, ground):
            return (luminance(ground) + 0.05) / (luminance(text) + 0.05)

        for colour in (style.INK, style.TEXT, style.QUIET, style.LINES, style.RING):
            assert contrast(colour, "white") >= 4.5
        for colour in (style.FALL_TEXT, style.INK):
            assert contrast(colour, style.FALL) >= 4.5

    def test_description_tells_the_chart_without_the_identifier(self):
        found = fall((1200, 15.2), (1700, 17.9), sentence="weight fell.")
        some = child(*STEADY, (1800, "weight", 30.0, {"verdict": "check"}), findings=[found])
        text = words.description(chart_of(some, "weight", None))
        assert "Centile chart of weight of a boy." in text
        assert "4 measurements" in text
        assert "1 marked to check." in text
        assert "weight fell." in text
        assert "A123" not in text


class TestPages:
    @pytest.mark.parametrize("orientation", ["landscape", "portrait"])
    @pytest.mark.parametrize("days", [[3, 30], [0, 300], [900, 2000], [0, 7000]])
    def test_nothing_leaves_the_page_or_covers_another_block(self, orientation, days):
        points = [(day, "weight", 4.0 + day / 150, {"source": f"{day}.csv"}) for day in days]
        found = fall((days[0], 4.0), (days[1], 9.0), sentence="weight fell a long way. " * 12)
        some = child(*points, findings=[found], gestation=230)
        page = charts.figure(some, "weight", orientation=orientation)
        page.draw_without_rendering()
        ax = page.axes[0]
        for text in page.findobj(Text):
            if text.get_text() and text.get_visible():
                box = text.get_window_extent()
                assert box.x0 >= 0, text
                assert box.x1 <= page.bbox.x1, text
                assert box.y0 >= 0, text
                assert box.y1 <= page.bbox.y1, text
        key, plot = ax.get_legend().get_window_extent(), ax.get_window_extent()
        head = next(t for t in page.texts if "Latest" in t.get_text()).get_window_extent()
        notes = next(t for t in ax.texts if "lines step" in t.get_text()).get_window_extent()
        foot = page.texts[-1].get_window_extent()
        label = ax.xaxis.label.get_window_extent()
        order = [head.y0, key.y1, key.y0, plot.y1, plot.y0, label.y0, notes.y1, notes.y0, foot.y1]
        assert order == sorted(order, reverse=True)

    def test_one_child_a_chart(self):
        two = pd.concat([child(*STEADY).scored, child(*STEADY).scored.assign(child_id="B")])
        with pytest.raises(UsageError, match="more than one child") as fault:
            charts.plot(child(scored=two), "weight")
        assert "A123" not in str(fault.value)

    @pytest.mark.parametrize("draw", [charts.plot, charts.figure])
    def test_a_wrong_measure_is_named(self, draw):
        with pytest.raises(UsageError, match=r"found 'wieght'.*expected.*weight"):
            draw(child(*STEADY), "wieght")

    def test_a_wrong_orientation_is_named(self):
        with pytest.raises(UsageError, match=r"found 'upright'.*'portrait'"):
            charts.figure(child(*STEADY), "weight", orientation="upright")

    def test_settings_of_the_caller_are_neither_changed_nor_used(self):
        before = dict(mpl.rcParams)
        charts.plot(child(*STEADY), "weight")
        assert dict(mpl.rcParams) == before
        with mpl.rc_context({"text.color": "red", "font.size": 30}):
            page = charts.figure(child(*STEADY), "weight")
        assert not any(to_rgb(t.get_color()) == (1, 0, 0) for t in page.findobj(Text))

    def test_package_is_light_until_a_chart_is_drawn(self):
        code = (
            "import sys, centiles.charts as c; assert 'matplotlib' not in sys.modules; "
            "c.plot; assert 'matplotlib' in sys.modules; "
            "assert 'matplotlib.pyplot' not in sys.modules"
        )
        subprocess.run([sys.executable, "-c", code], check=True)


class TestFiles:
    SOME: Any = child(*STEADY, (1700, "height", 105.0))

    def test_png_a_file_a_measure_with_captions(self, tmp_path):
        written = charts.save(self.SOME, tmp_path / "c.png")
        names = ["c-weight.png", "c-weight.txt", "c-height.png", "c-height.txt"]
        assert [path.name for path in written] == names
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
        assert written[0].read_bytes().startswith(b"\x89PNG")
        assert "Centile chart of weight of a boy." in written[1].read_text(encoding="utf-8")

    def test_one_measure_keeps_the_name(self, tmp_path):
        assert charts.save(self.SOME, tmp_path / "c.SVG", "height") == [tmp_path / "c.SVG"]

    def test_svg_has_title_description_and_text_as_text(self, tmp_path):
        found = child(*STEADY, name="", child_id="<A&B>")
        (path,) = charts.save(found, tmp_path / "c.svg")
        root = ET.parse(path).getroot()
        space = "{http://www.w3.org/2000/svg}"
        assert root.get("role") == "img"
        assert root[0].tag == f"{space}title"
        assert root[0].text == "Weight: boy  ·  <A&B>"
        assert root[1].tag == f"{space}desc"
        assert root[1].text.startswith("Centile chart of weight of a boy.")
        written = {element.text for element in root.iter(f"{space}text")}
        assert {"0.4th", "99.6th", "Weight"} <= written

    def test_pdf_is_one_file_with_a_page_a_measure_and_real_type(self, tmp_path):
        (path,) = charts.save(self.SOME, tmp_path / "c.pdf")
        content = path.read_bytes()
        assert content.count(b"/Type /Page ") == 2
        assert b"/Subtype /Type3" not in content
        assert b"/FontFile2" in content

    @pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
    def test_the_same_records_make_the_same_file(self, suffix, tmp_path):
        first, again = (
            charts.save(self.SOME, tmp_path / f"{k}.{suffix}", "weight")[0].read_bytes()
            for k in "ab"
        )
        assert first == again
        assert (
            b"A123"
            not in charts.save(self.SOME, tmp_path / "c.svg", "weight", name="")[0].read_bytes()
        )

    def test_nothing_recorded_is_a_chart_too(self, tmp_path):
        assert len(charts.save(child(), tmp_path / "c.svg")) == 1

    def test_a_wrong_suffix_is_named(self, tmp_path):
        with pytest.raises(UsageError, match=r"found the suffix '.jpg'.*\.png, \.svg, \.pdf"):
            charts.save(self.SOME, tmp_path / "c.jpg")

    def test_no_measures_is_an_error(self, tmp_path):
        with pytest.raises(UsageError, match="measures: found none"):
            charts.save(self.SOME, tmp_path / "c.png", [])

    def test_a_folder_that_is_not_there(self, tmp_path):
        with pytest.raises(UnwritableError, match="expected a folder that exists"):
            charts.save(self.SOME, tmp_path / "none" / "c.svg")

    def test_a_failed_write_leaves_nothing(self, tmp_path):
        (tmp_path / "c.svg").mkdir()
        with pytest.raises(UnwritableError):
            charts.save(self.SOME, tmp_path / "c.svg", "weight")
        assert [path.name for path in tmp_path.iterdir()] == ["c.svg"]

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no owner-only mode")
    def test_files_are_the_owners_only(self, tmp_path):
        (path,) = charts.save(self.SOME, tmp_path / "c.svg", "weight")
        assert path.stat().st_mode & 0o777 == 0o600
