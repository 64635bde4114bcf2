"""What stands round a chart's points: rises, arrows, events, parents, puberty, joins, notes."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

from centiles import charts, lms, zscores
from centiles.charts import events, parents, style, windows
from centiles.charts import texts as chart_texts
from centiles.charts.contents import chart_of
from centiles.errors import UsageError
from centiles.records import columns
from tests.charted import STEADY, child, fall, said, texts, with_gid

HEIGHTS = [(900, "height", 92.0), (1700, "height", 107.0)]
EVENTS = [
    (900.0, "missed appointment", "", False),
    (1300.0, "domestic abuse notification", "police at the house", True),
    (1310.0, "house move", "to a refuge", False),
]


def happened(*rows):
    """A child's events, from (age, type, note, sensitive)."""
    age, kind, note, sensitive = zip(*(rows or EVENTS), strict=True)
    parts = {"age_days": age, "type": kind, "note": note, "sensitive": sensitive, "fate": "used"}
    return columns.frame(columns.EVENTS_FILE, parts)


def all_words(page):
    return " ".join(t.get_text() for t in page.findobj(Text))


class TestRises:
    RISE = fall((1200, 15.2), (1700, 22.0), rule="OUR-OWN-7", severity="info") | {
        "direction": "up",
        "carried_change_z": 2.1 * lms.SPACE,
        "to_z": 1.5,
    }

    def test_a_rise_is_shaded_and_said_as_such(self):
        ax = charts.plot(child(*STEADY, findings=[self.RISE]), "weight")
        (band,) = with_gid(ax, "rise-OUR-OWN-7")
        assert (band.get_x(), band.get_x() + band.get_width()) == (1200, 1700)
        assert "rose 2.1 spaces in 16 months" in said(ax)
        assert not with_gid(ax, "fall-WT")

    def test_a_fall_that_has_become_a_rise_is_not_shaded(self):
        found = self.RISE | {"direction": "down"}
        assert not with_gid(charts.plot(child(*STEADY, findings=[found]), "weight"), "rise-")

    def test_what_only_a_doubtful_value_makes_is_not_shaded(self):
        some = child(*STEADY, findings=[self.RISE])
        some.findings = some.findings.assign(block="verify today")
        page = charts.figure(some, "weight")
        assert not with_gid(page.axes[0], "rise-")
        assert "Verify today: weight fell" in said(page)

    def test_beyond_z_4_a_rise_is_more_than_its_size(self):
        found = self.RISE | {"to_z": 5.0}
        ax = charts.plot(child(*STEADY, findings=[found]), "weight")
        assert "rose more than 2 spaces" in said(ax)

    @pytest.mark.parametrize("found", [fall((1200, 15.2), (1700, 13.0), 2.0), RISE])
    def test_an_arrow_spans_as_many_lines_as_the_label_counts(self, found):
        ax = charts.plot(child(*STEADY, findings=[found]), "weight")
        (arrow,) = with_gid(ax, "arrow-")
        start, end = arrow.xyann, arrow.xy
        assert start[0] == end[0] == 1700
        z = zscores.zscore([start[1], end[1]], measure="weight", sex="male", age_days=1700)
        assert z[1] - z[0] == pytest.approx(found["carried_change_z"])


class TestArrowsOfPretermChildren:
    """Born 8 weeks early, at 5 y: the lines of its values are those of the corrected age."""

    EARLY = 56
    FOUND = fall((1500, 17.0), (1826, 14.0), 2.0)

    def child_of(self):
        points = [(1500, "weight", 17.0), (1826, "weight", 14.0)]
        return child(*points, gestation=280 - self.EARLY, findings=[self.FOUND])

    def test_it_stands_at_the_cross_and_spans_what_the_label_counts(self):
        (arrow,) = with_gid(charts.plot(self.child_of(), "weight"), "arrow-")
        at = 1826 - self.EARLY
        assert (arrow.xy[0], arrow.xyann[0]) == (at, at)
        values = [arrow.xyann[1], arrow.xy[1]]
        z = zscores.zscore(values, measure="weight", sex="male", age_days=at)
        assert z[1] - z[0] == pytest.approx(self.FOUND["carried_change_z"])

    def test_there_is_none_where_only_the_age_since_birth_is_shown(self):
        ax = charts.plot(self.child_of(), "weight", ages="chronological")
        assert not with_gid(ax, "arrow-")
        assert "fell 2.0 spaces" in said(ax)


class TestEvents:
    def test_ticks_stand_at_their_ages_with_their_types(self):
        ax = charts.plot(child(*STEADY, events=happened()), "weight")
        (ticks,) = with_gid(ax, "event-tick")
        assert list(ticks.get_xdata()) == [900, 1310]
        assert "▴ missed appointment" in texts(ax)
        assert "▴ house move" in texts(ax)

    @pytest.mark.parametrize("own", [True, False])
    def test_sensitive_ones_and_notes_only_on_request_and_with_the_warning(self, own):
        some = child(*STEADY, events=happened())

        def draw(some, measure, **more):
            if own:
                return charts.plot(some, measure, Figure(figsize=(9, 7)).add_subplot(), **more)
            return charts.figure(some, measure, **more)

        openly = said(draw(some, "weight"))
        for word in ("abuse", "refuge", "police", "safeguarding"):
            assert word not in openly
        asked = said(draw(some, "weight", sensitive=True))
        assert "domestic abuse notification: police at the house" in asked
        assert events.SENSITIVE_WARNING in asked

    @pytest.mark.parametrize("suffix", ["svg", "png"])
    def test_sensitive_ones_are_not_in_a_files_text_alternative(self, suffix, tmp_path):
        for path in charts.save(child(*STEADY, events=happened()), tmp_path / f"c.{suffix}"):
            assert b"abuse" not in path.read_bytes()

    def test_labels_do_not_overlap_however_many(self):
        many = happened(*((900.0 + 20 * k, "missed appointment", "", False) for k in range(30)))
        page = charts.figure(child(*STEADY, events=many), "weight")
        page.draw_without_rendering()
        labels = [t for t in page.axes[0].texts if "missed" in t.get_text()]
        boxes = [t.get_window_extent() for t in labels]
        assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
        assert f"{30 - len(labels)} more events are ticked without a name." in said(page)
        assert len(with_gid(page.axes[0], "event-tick")[0].get_xdata()) == 30
        notes = next(t for t in page.axes[0].texts if t.get_gid() == "notes")
        assert notes.get_window_extent().y1 <= min(box.y0 for box in boxes)

    def test_an_event_outside_the_window_is_not_drawn(self):
        some = child(*STEADY, events=happened((30.0, "house move", "", False)))
        assert not with_gid(charts.plot(some, "weight", window="2-9"), "event")

    def test_hostile_words_are_one_plain_row(self):
        odd = happened((900.0, "<b>x</b>\n\u202e$\\frac{1}{2}$ " + "y" * 300, "", False))
        page = charts.figure(child(*STEADY, events=odd), "weight")
        page.draw_without_rendering()
        (label,) = [t for t in page.axes[0].texts if "<b>x" in t.get_text()]
        assert "\n" not in label.get_text()
        assert "\u202e" not in label.get_text()
        assert label.get_window_extent().x1 <= page.bbox.x1


class TestParents:
    def test_expected_z_is_the_mean_regressed_once_with_nine_in_ten(self):
        # A mother and father each on the 98th line at 20 years (z = 2): (2 + 2)/4 = 1.
        heights = [
            zscores.measurement(2.0, measure="height", sex=sex, age_days=7305)
            for sex in ("female", "male")
        ]
        found = parents.expected(*heights)
        assert found.z == pytest.approx(1.0)
        assert found.range_z == pytest.approx((-0.4, 2.4))

    def test_drawn_at_the_right_edge_of_a_height_chart(self):
        some = child(*HEIGHTS, mother_cm=164.0, father_cm=178.0)
        ax = charts.plot(some, "height", window="2-20")
        (bracket,) = with_gid(ax, "parents-range")
        (middle,) = with_gid(ax, "parents-expected")
        expected = parents.expected(164.0, 178.0)
        low, high = (
            zscores.measurement(z, measure="height", sex="male", age_days=7305)
            for z in expected.range_z
        )
        assert list(bracket.get_ydata()) == pytest.approx([low, high])
        assert low < middle.get_ydata()[0] < high
        assert "the expected centile is the 52nd" in said(ax)
        assert "164" not in said(ax)

    def test_it_stays_on_the_page_clear_of_the_names_of_the_lines(self):
        some = child(*HEIGHTS, mother_cm=150.0, father_cm=195.0)
        page = charts.figure(some, "height")
        page.draw_without_rendering()
        shown = with_gid(page.axes[0], "parents-")
        names = [t.get_window_extent().x1 for t in with_gid(page.axes[0], "label-")]
        assert max(artist.get_window_extent().x1 for artist in shown) <= page.bbox.x1
        assert min(artist.get_window_extent().x0 for artist in shown) > max(names)

    @pytest.mark.parametrize(
        ("measure", "mother", "window"),
        [("weight", 164.0, "2-20"), ("height", np.nan, "2-20"), ("height", 164.0, "infant")],
    )
    def test_not_elsewhere(self, measure, mother, window):
        some = child(*STEADY, *HEIGHTS, mother_cm=mother, father_cm=178.0)
        assert not with_gid(charts.plot(some, measure, window=window), "parents")


class TestPuberty:
    @pytest.mark.parametrize(("sex", "years"), [("female", (10, 14)), ("male", (11, 16))])
    def test_the_ages_of_the_childs_own_sex_are_shaded(self, sex, years):
        ax = charts.plot(child(*HEIGHTS, sex=sex), "height", window="2-20")
        (band,) = with_gid(ax, f"puberty-{sex}")
        start = band.get_x() / 365.25
        assert (start, start + band.get_width() / 365.25) == pytest.approx(years)
        other = {"female": "boys", "male": "girls"}[sex]
        assert other not in said(ax)

    @pytest.mark.parametrize(
        ("measure", "sex", "window"),
        [("weight", "male", "2-20"), ("height", "unknown", "2-20"), ("height", "male", "2-9")],
    )
    def test_not_elsewhere(self, measure, sex, window):
        ax = charts.plot(child(*HEIGHTS, sex=sex), measure, window=window)
        assert not with_gid(ax, "puberty")
        assert "Puberty" not in said(ax)


class TestAges:
    PRETERM = child((100, "weight", 5.0), (300, "weight", 7.9), gestation=210)

    def test_corrected_alone_is_crosses_alone(self):
        ax = charts.plot(self.PRETERM, "weight", ages="corrected")
        (crosses,) = with_gid(ax, "corrected")
        assert list(crosses.get_xdata()) == [30, 230]
        assert not with_gid(ax, "points-")
        assert not with_gid(ax, "correction")
        assert "at age corrected for gestation" in said(ax)

    def test_chronological_alone_is_dots_alone(self):
        ax = charts.plot(self.PRETERM, "weight", ages="chronological")
        assert list(with_gid(ax, "points-ok")[0].get_xdata()) == [100, 300]
        assert not with_gid(ax, "correct")

    def test_a_wrong_word_is_named(self):
        with pytest.raises(UsageError, match=r"ages: found 'both ages'.*chronological"):
            charts.plot(self.PRETERM, "weight", ages="both ages")


class TestSteps:
    @pytest.mark.parametrize("measure", ["weight", "height", "bmi", "head"])
    @pytest.mark.parametrize("sex", ["male", "female"])
    def test_lines_are_z_inverted_exactly_and_reach_their_ends(self, measure, sex):
        some = child((800, measure, 16.0), sex=sex)
        ax = charts.plot(some, measure, window="whole")
        for z, label in zip(lms.LINE_Z, lms.LINE_LABELS, strict=True):
            for line in with_gid(ax, "line-"):
                if not line.get_gid().endswith(f"-{label}"):
                    continue
                day, value = line.get_xdata(), line.get_ydata()
                whole = (day == np.floor(day)) & (day > day[0]) & (day < day[-1])
                back = zscores.zscore(value[whole], measure=measure, sex=sex, age_days=day[whole])
                assert np.abs(back - z).max() <= 1e-6
        starts = {
            line.get_gid().split("-")[1]: line.get_xdata()[0] for line in with_gid(ax, "line-")
        }
        # 23 weeks is 17 before the expected date, 25 is 15; BMI begins at 2 weeks.
        expected = {"weight": -119, "head": -119, "height": -105}
        assert starts.get("uk90_birth") == expected.get(measure)
        assert starts["who_infant"] == 14

    def test_both_sides_of_a_step_are_named(self):
        ax = charts.plot(child(*HEIGHTS), "height", window="0-4")
        assert {"lying", "standing"} <= set(texts(ax))
        assert not {"lying", "standing"} & set(texts(charts.plot(child(*STEADY), "weight")))


class TestHonesty:
    def test_the_date_drawn_is_in_the_footer(self):
        page = said(charts.figure(child(*STEADY), "weight", drawn_on=np.datetime64("2026-11-27")))
        assert "drawn 27 Nov 2026" in page.replace("\u00a0", " ")
        assert f"drawn {int(str(np.datetime64('today', 'D'))[-2:])} " in said(
            charts.figure(child(*STEADY), "weight")
        ).replace("\u00a0", " ")

    def test_a_missing_font_is_said_and_the_picture_comes(self, monkeypatch, tmp_path):
        known = font_manager.fontManager
        others = [font for font in known.ttflist if font.name != chart_texts.FAMILY]
        assert 0 < len(others) < len(known.ttflist)
        known._findfont_cached.cache_clear()
        monkeypatch.setattr(known, "ttflist", others)
        for cached in (chart_texts._advances, chart_texts._letters):
            cached.cache_clear()
        page = charts.figure(child(*STEADY), "weight")
        assert f"{chart_texts.FAMILY}, the type these charts are made in, was not found" in said(
            page
        )
        charts.save(child(*STEADY), tmp_path / "c.png", "weight")
        assert (tmp_path / "c.png").stat().st_size > 10_000
        monkeypatch.undo()
        known._findfont_cached.cache_clear()
        for cached in (chart_texts._advances, chart_texts._letters):
            cached.cache_clear()

    def test_what_raised_a_finding_is_not_said_unless_it_may_be(self):
        sentence = "weight fell. Raised: siblings with findings. See within 14 days."
        found = fall((1200, 15.2), (1700, 13.0), 2.0, sentence=sentence)
        some = child(*STEADY, findings=[found])
        some.findings = some.findings.assign(raised_by="SIBLINGS")
        openly = said(charts.figure(some, "weight"))
        assert "weight fell. Raised: other information held. See within 14 days." in openly
        assert "Raised: siblings" in said(charts.figure(some, "weight", sensitive=True))

    def test_every_point_queried(self):
        queried = [(*point, {"verdict": "check"}) for point in STEADY]
        ax = charts.plot(child(*queried), "weight")
        assert texts(ax).count("check") == 3
        assert not with_gid(ax, "points-ok")

    def test_greys_of_tints_stay_light_and_apart_from_ink(self):
        def grey(colour):
            red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
            return (0.299 * red + 0.587 * green + 0.114 * blue) / 255

        for tint in (style.FALL, style.PUBERTY):
            assert grey(tint) > 0.9
        for mark in (style.INK, style.LINES, style.RING, style.PARENTS, style.EVENT):
            assert grey(mark) < 0.45

    def test_on_axes_of_the_callers_all_of_it_is_there(self):
        some = child(*HEIGHTS, events=happened(), mother_cm=164.0, father_cm=178.0)
        ax = charts.plot(some, "height", Figure(figsize=(9, 7)).add_subplot())
        assert with_gid(ax, "event-tick")
        assert with_gid(ax, "parents-range")

    def test_what_a_chart_shows_is_known_without_windows_by_name(self):
        chart = chart_of(child(*STEADY), "weight")
        assert chart.window == windows.WINDOWS["2-9"]


def test_a_word_wider_than_its_room_is_broken_and_a_row_is_cut_to_it() -> None:
    word = "W" * 40
    room = chart_texts.width_of("W" * 15, 8.0) + 0.01
    assert chart_texts.fitted([f"a {word}"], room, 8.0).split("\n") == [
        "a", "W" * 15, "W" * 15, "W" * 10,
    ]  # fmt: skip
    assert chart_texts.shortened("W" * 15, room, 8.0) == "W" * 15
    cut = chart_texts.shortened(f"Mary Ann {word}", room, 8.0)
    assert cut.startswith("Mary Ann W")
    assert cut.endswith("W…")
    assert chart_texts.width_of(cut, 8.0) <= room
    assert chart_texts.shortened(word, 1.0, 8.0) == "…"
