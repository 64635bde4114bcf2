"""The SDS chart and the family view, tested by what was drawn."""

from __future__ import annotations

import itertools

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from centiles import charts, lms, zscores
from centiles.charts import scores
from centiles.charts.events import SENSITIVE_WARNING
from centiles.errors import UsageError
from tests.charted import STEADY, child, fall, said, texts, with_gid

BOTH = (
    (900, "weight", 13.0),
    (900, "height", 92.0),
    (1700, "weight", 17.0),
    (1700, "height", 107.0),
    (2100, "weight", 15.0),
)


class TestSds:
    def test_all_measures_on_one_axis_of_z_at_ages_since_birth(self):
        preterm = [(a - 50, *rest) for a, *rest in BOTH]
        ax = charts.plot_sds(child(*preterm, gestation=210))
        for measure in ("weight", "height"):
            (dots,) = with_gid(ax, f"points-{measure}")
            mine = [point for point in preterm if point[1] == measure]
            assert list(dots.get_xdata()) == [point[0] for point in mine]
            corrected = [
                zscores.zscore(
                    point[2], measure=measure, sex="male", age_days=point[0], gestation_days=210
                )
                for point in mine
            ]
            assert list(dots.get_ydata()) == pytest.approx(corrected)
        assert "corrected for gestation: 10 weeks less" in said(ax)

    def test_lines_every_space_from_minus_4_to_4_named_by_centile(self):
        ax = charts.plot_sds(child(*BOTH))
        lines = with_gid(ax, "line-")
        at = sorted(line.get_ydata()[0] for line in lines)
        assert at == pytest.approx([k * 2 / 3 for k in range(-6, 7)])
        dashed = {round(line.get_ydata()[0] / lms.SPACE) for line in lines if line.is_dashed()}
        assert dashed == {-4, -2, 0, 2, 4}
        assert set(lms.LINE_LABELS) <= set(texts(ax))
        assert ax.get_ylim()[0] < -4
        assert ax.get_ylim()[1] > 4

    def test_each_measure_has_one_colour_and_one_marker_and_its_name(self):
        ax = charts.plot_sds(child(*BOTH))
        looks = [
            (line.get_marker(), line.get_markerfacecolor())
            for measure in ("weight", "height")
            for line in with_gid(ax, f"points-{measure}")
        ]
        assert len(looks) == len(set(looks)) == 2
        assert {"weight", "height"} <= {t.get_text() for t in with_gid(ax, "name-")}

    def test_a_doubtful_value_is_drawn_and_passed_by(self):
        slip = (2000, "weight", 1.8, {"verdict": "doubtful"})
        some = child((1700, "weight", 17.9), slip, (2100, "weight", 19.0))
        page = charts.figure_sds(some)
        (joined,) = with_gid(page.axes[0], "joined-weight")
        np.testing.assert_equal(joined.get_xdata(), [1700, 2100, np.nan])
        assert "not joined to the others" in said(page)
        assert "open: check this measurement" in said(page)

    def test_no_name_covers_those_of_the_lines(self):
        ax = charts.figure_sds(child(*[(age, "head", 50.0) for age in (900, 1450)])).axes[0]
        (name,) = with_gid(ax, "name-head")
        ax.figure.canvas.draw()
        assert name.get_window_extent().x1 <= ax.get_window_extent().x1

    def test_points_are_joined_and_dotted_where_the_reference_changes(self):
        ax = charts.plot_sds(child(*BOTH))
        (joined,) = with_gid(ax, "joined-weight")
        (crossing,) = with_gid(ax, "crossing-weight")
        np.testing.assert_equal(joined.get_xdata(), [1700, 2100, np.nan])
        np.testing.assert_equal(crossing.get_xdata(), [900, 1700, np.nan])
        assert "the reference changes between the two points" in said(ax)

    def test_queried_and_far_off_values_are_open_and_say_so(self):
        far = (2200, "weight", 9.0, {"verdict": "check"})
        ax = charts.plot_sds(child(*BOTH, far))
        open_ = [p for p in with_gid(ax, "points-weight") if p.get_markerfacecolor() == "white"]
        assert [(line.get_marker(), line.get_ydata()[0]) for line in open_] == [("v", -4.0)]
        assert any(text.startswith("−") and text.endswith(", check") for text in texts(ax))

    def test_findings_are_ringed(self):
        z = float(zscores.zscore(15.0, measure="weight", sex="male", age_days=2100))
        found = fall((1700, 17.0), (2100, 15.0), 2.0, to_z=z)
        (ring,) = with_gid(charts.plot_sds(child(*BOTH, findings=[found])), "ring-urgent")
        assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (2100, pytest.approx(z))

    def test_nothing_scored_is_said(self):
        assert "Nothing that could be scored is recorded" in said(charts.plot_sds(child()).figure)

    @pytest.mark.parametrize("days", [[3, 30], [0, 300], [900, 2000], [0, 7000]])
    def test_nothing_leaves_the_page(self, days):
        some = child(*((d, "weight", 4 + d / 150) for d in days))
        page = charts.figure_sds(some)
        page.draw_without_rendering()
        for text in page.findobj(Text):
            if text.get_text() and text.get_visible():
                box = text.get_window_extent()
                assert box.x0 >= 0, text
                assert box.x1 <= page.bbox.x1, text
                assert box.y0 >= 0, text
                assert box.y1 <= page.bbox.y1, text

    def test_on_axes_of_the_callers_without_a_change_to_any_setting(self):
        before = dict(mpl.rcParams)
        ax = Figure(figsize=(9, 7)).add_subplot()
        assert charts.plot_sds(child(*BOTH), ax, name="") is ax
        assert dict(mpl.rcParams) == before
        assert "Not a diagnosis" in said(ax)
        assert "A123" not in said(ax)

    def test_description_tells_it_in_words(self):
        text = scores.description(scores.score_chart_of(child(*BOTH)))
        assert "Chart of the z-scores of a boy." in text
        assert "Height: 2 points" in text
        assert "A123" not in text

    def test_files(self, tmp_path):
        (svg,) = charts.save_sds(child(*BOTH), tmp_path / "sds.svg")
        assert b"<desc>Chart of the z-scores of a boy." in svg.read_bytes()


class TestFamily:
    def children(self, count=3):
        return [
            child(
                *STEADY,
                child_id=f"C{number}",
                birth_date=np.datetime64("2020-03-12") + 100 * number,
            )
            for number in range(count)
        ]

    def test_only_on_request_since_siblings_are_third_parties(self):
        with pytest.raises(UsageError, match="found no --sensitive"):
            charts.figure_family(self.children(), "weight")

    def test_a_small_chart_each_oldest_first_and_the_warning(self):
        page = charts.figure_family(self.children()[::-1], "weight", sensitive=True)
        assert len(page.axes) == 3
        assert SENSITIVE_WARNING in said(page)
        titles = [text for text in texts(page) if text.startswith("Boy")]
        assert [title[-2:] for title in titles] == ["C0", "C1", "C2"]
        for ax in page.axes:
            assert len(with_gid(ax, "line-uk90_child-")) == 9
            assert with_gid(ax, "points-ok")

    @pytest.mark.parametrize("count", [1, 2, 4, 5, 6])
    @pytest.mark.parametrize("orientation", ["landscape", "portrait"])
    def test_charts_neither_meet_nor_leave_the_page(self, count, orientation):
        page = charts.figure_family(
            self.children(count), "weight", sensitive=True, orientation=orientation
        )
        page.draw_without_rendering()
        boxes = [ax.get_window_extent() for ax in page.axes]
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
        for text in page.findobj(Text):
            if text.get_text() and text.get_visible():
                box = text.get_window_extent()
                assert box.x0 >= 0, text
                assert box.x1 <= page.bbox.x1, text

    def test_identifiers_can_be_withheld(self):
        page = charts.figure_family(self.children(), "weight", name="", sensitive=True)
        assert not any(f"C{k}" in said(page) for k in range(3))

    def test_too_many_children_are_an_error(self):
        with pytest.raises(UsageError, match="found 7 children"):
            charts.figure_family(self.children(7), "weight", sensitive=True)

    def test_more_than_six_make_further_pages(self, tmp_path):
        made = charts.save_family(self.children(8), tmp_path / "f.svg", sensitive=True)
        assert [path.name for path in made] == ["f-weight-1.svg", "f-weight-2.svg"]
        first, second = (path.read_text(encoding="utf-8") for path in made)
        assert "6 children of one household, page 1 of 2" in first
        assert "2 children of one household, page 2 of 2" in second
        assert all(SENSITIVE_WARNING in page for page in (first, second))

    def test_a_source_has_one_marker_in_the_whole_family(self):
        both = [(900, "weight", 13.0), (1300, "weight", 15.0, {"source": "b.csv"})]
        other = [(900, "weight", 12.0, {"source": "b.csv"}), (1300, "weight", 14.0)]
        page = charts.figure_family([child(*both), child(*other)], "weight", sensitive=True)
        seen = [
            {line.get_gid(): line.get_xdata()[0] for line in with_gid(ax, "points-ok")}
            for ax in page.axes
        ]
        assert seen == [
            {"points-ok-o": 900, "points-ok-s": 1300}, {"points-ok-s": 900, "points-ok-o": 1300}
        ]  # fmt: skip

    def test_files_carry_the_warning_in_words(self, tmp_path):
        png, caption = charts.save_family(self.children(), tmp_path / "f.png", sensitive=True)
        assert png.read_bytes().startswith(b"\x89PNG")
        assert SENSITIVE_WARNING in caption.read_text(encoding="utf-8")
