"""The HTML report: self-contained, complete, drawn as a chart is, and nothing of it markup."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from centiles import charts, zscores
from centiles.charts import lines as chart_lines
from centiles.charts.points import Points
from centiles.charts.windows import WINDOWS
from centiles.checks import Checked, check
from centiles.lms import SPACE
from centiles.measures import MEASURES, SEXES, Measure
from centiles.records import from_frame, read
from centiles.reports import listing, report, summary, svg
from centiles.reports.backgrounds import Backgrounds
from centiles.reports.markup import read as read_page
from centiles.reports.overview import WARNING, overview_of
from tests import cohorts
from tests.pages import HOSTILE, fallers, hostile_check, page_of, report_of

MARKS = re.compile(r'<path class="k (\w+)" d="M([^"h]*)(?:h0)?"/>')


@pytest.fixture(scope="module")
def text(demo: Checked, tmp_path_factory: pytest.TempPathFactory) -> str:
    return report_of(demo, tmp_path_factory.mktemp("report"))


def marks(shown: str) -> list[tuple[str, str, str]]:
    """Return the marks of a chart: name and place, in the order they are drawn."""
    return [
        (name, *place.split(","))
        for name, places in MARKS.findall(shown)
        for place in places.split(" ")
    ]


def pictures(page: str) -> list[str]:
    return re.findall(r'<svg viewBox="[^"]*" role="img">.*?</svg>', page)


def row(page: str, rank: int) -> str:
    """Return what is told of one child."""
    (found,) = [each for each in page.split("<tbody id=") if each.startswith(f'"n{rank}"')]
    return found


def picture(page: str, title: str) -> str:
    """Return the only chart of that title."""
    (found,) = [each for each in pictures(page) if f"<title>{title}" in each]
    return found


# ---- self-contained


def test_nothing_is_fetched_and_the_page_itself_forbids_it(text: str) -> None:
    page = page_of(text)
    (policy,) = page.all("meta", http_equiv="x") or page.all(
        "meta", **{"http-equiv": "Content-Security-Policy"}
    )
    said = dict(part.split(" ", 1) for part in policy.attributes["content"].split("; "))
    assert said["default-src"] == said["base-uri"] == said["form-action"] == "'none'"
    for tag, source in (("style", "style-src"), ("script", "script-src")):
        (made,) = page.all(tag)
        digest = base64.b64encode(hashlib.sha256(made.text.encode()).digest()).decode()
        assert said[source] == f"'sha256-{digest}'"
    for each in page.elements:
        assert "src" not in each.attributes
        assert "style" not in each.attributes  # the policy would refuse it
        assert not any(name.startswith("on") for name in each.attributes)
        assert re.fullmatch(r"#[\w-]+", each.attributes.get("href", "#x"))
    assert "http" not in text.replace("http-equiv", "")


def test_what_a_page_refers_to_is_in_it_once(text: str) -> None:
    page = page_of(text)
    ids = [each.attributes["id"] for each in page.elements if "id" in each.attributes]
    assert len(ids) == len(set(ids))
    for each in page.elements:
        for name in ("href", "aria-labelledby", "for"):
            if name in each.attributes:
                assert each.attributes[name].removeprefix("#") in ids


def test_the_same_check_makes_the_same_page(demo: Checked, text: str, tmp_path: Path) -> None:
    assert report_of(demo, tmp_path) == text


def test_no_matplotlib_on_the_way() -> None:
    script = (
        "import sys, tempfile, pathlib\n"
        "from tests.pages import fallers, report_of\n"
        "report_of(fallers(('a',)), pathlib.Path(tempfile.mkdtemp()))\n"
        "print('matplotlib' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[1]
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "False"


# ---- complete


def test_every_child_with_an_open_finding_is_there_in_order(demo: Checked, text: str) -> None:
    page = page_of(text)
    rows = [each for each in page.all("tbody") if "data-l" in each.attributes]
    flagged = demo.children[demo.children["rank"] > 0]
    assert [each.attributes["id"] for each in rows] == [f"n{rank}" for rank in flagged["rank"]]
    for each, child in zip(rows, flagged.itertuples(), strict=True):
        assert child.child_id in each.text
        assert each.attributes["data-l"] == child.level
        assert each.attributes["data-b"] == child.block
        assert set(each.attributes["data-r"].split()) == set(child.findings.split("; "))
        names = [source.name for source in demo.sources]
        placed = [names[int(k)] for k in each.attributes["data-s"].split()]
        assert placed == [name for name in names if name in child.sources.split("; ")]
        for gap in filter(None, child.not_assessed.split("; ")):
            assert gap in each.text


def test_every_finding_is_told_in_full_beside_its_rule(demo: Checked, text: str) -> None:
    said = unescape(re.sub(r"<[^>]+>", "", text)).casefold()
    flagged = set(demo.children.loc[demo.children["rank"] > 0, "child_id"])
    told = demo.findings[demo.findings["child_id"].isin(flagged)]
    assert len(told) > 20
    for each in told.itertuples():
        assert each.sentence.casefold() in said
        assert each.rule.casefold() in said
        assert each.guidance.casefold() in said


def test_a_chart_of_every_measure_that_was_taken(demo: Checked, text: str) -> None:
    flagged = demo.children.loc[demo.children["rank"] > 0, "child_id"]
    drawn = demo.scored[demo.scored["child_id"].isin(flagged) & demo.scored["value"].notna()]
    drawn = drawn[drawn["fate"].isin(["scored", "unscored"]) | drawn["derived"]]
    assert len(pictures(text)) == len(drawn[["child_id", "measure"]].drop_duplicates())


def test_every_chart_has_words_for_those_who_cannot_see_it(text: str) -> None:
    for each in pictures(text):
        assert re.search(r"<title>[A-Z][^<]+ of a (boy|girl): centile chart</title>", each)
        assert re.search(r"<desc>\d+ measurements?, at [^<]+Latest: [^<]+</desc>", each)


def test_the_summary_says_what_was_read_and_what_could_not_be(demo: Checked, text: str) -> None:
    page = page_of(text)
    (main,) = page.all("main")
    for source, fates in zip(demo.sources, demo.fates.itertuples(), strict=True):
        assert source.name in main.text
        assert f"{fates.values_read:,}" in main.text
    for problem in overview_of(demo).problems:
        assert problem.code in main.text
        assert problem.suggestion in main.text
    (footer,) = page.all("footer")
    for known in (demo.provenance.version, demo.provenance.rules_sha256, "2026-06-30",
                  demo.provenance.reference_sha256, "Not a diagnosis"):  # fmt: skip
        assert known in footer.text
    assert "no finding is no reassurance" in main.text


def test_the_first_line_names_a_file_that_could_not_be_read(tmp_path: Path) -> None:
    checked = replace(fallers(("a",)), missing=("hospital <b>.csv",))
    (header,) = page_of(report_of(checked, tmp_path)).all("header")
    said = [line for line in header.text.splitlines() if line.strip()]
    assert said[:2] == ["Growth check", summary.missing_lines(checked.missing)[0]]


def test_a_run_with_nothing_open_says_that_this_is_no_reassurance(tmp_path: Path) -> None:
    visits = pd.DataFrame(
        {"child_id": ["a"], "sex": "male", "birth_date": "2020-03-12",
         "measured_on": "2025-03-12", "weight_kg": 18.4}
    )  # fmt: skip
    checked = check(from_frame(visits), today="2026-03-01")
    page = report_of(checked, tmp_path)
    assert "That is no reassurance" in page
    (gaps,) = checked.children["not_assessed"]
    assert gaps
    assert all(gap in page for gap in gaps.split("; "))
    assert "<table id" not in page


def test_a_day_without_a_measurement_is_listed_with_its_reason(tmp_path: Path) -> None:
    page = report_of(hostile_check(), tmp_path)
    assert "not measured: <bdi>&lt;i&gt;refused&lt;/i&gt;</bdi>" in page


# ---- nothing from the data is markup


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    harmless = page_of(report_of(fallers(tuple("abcdefghijkl")), tmp_path))
    page = page_of(report_of(hostile_check(), tmp_path))
    shape = {(each.tag, *sorted(each.attributes)) for each in page.elements}
    known = {(each.tag, *sorted(each.attributes)) for each in harmless.elements}
    assert {each[0] for each in shape} <= {each[0] for each in known} | {"bdi"}
    allowed = {name for each in known for name in each[1:]} | {"data-t"}
    assert {name for each in shape for name in each[1:]} <= allowed
    shown = [each.text for each in page.all("bdi")]
    for text_ in HOSTILE:
        assert text_.strip() in shown


# ---- drawn as a chart is


def test_the_nine_lines_are_where_the_tables_put_them() -> None:
    none = Points(*(np.array([]) for _ in range(3)), np.array([], object),
                  np.array([], bool), np.array([], bool))  # fmt: skip
    for measure, sex, window in (
        (Measure.WEIGHT, "male", "0-9"), (Measure.HEIGHT, "female", "2-20"),
        (Measure.BMI, "male", "2-9"), (Measure.HEAD, "female", "0-2"),
        (Measure.WEIGHT, "female", "preterm"),
    ):  # fmt: skip
        ground = Backgrounds().of(measure, sex, WINDOWS[window], none)
        plot, seen = ground.plot, 0
        for kind in "sd":
            ((data,),) = [re.findall(rf'<path class="{kind}" d="([^"]*)"', ground.drawn)]
            for line in data.split("M")[1:]:
                xy = np.array([pair.split(",") for pair in line.split(" ")], float)
                day = plot.window.from_day + (xy[:, 0] - svg.LEFT) / plot.scale
                step = (plot.high - plot.low) / (svg.BOTTOM - svg.TOP)
                value = plot.low + (svg.BOTTOM - xy[:, 1]) * step
                z = zscores.zscore(value, measure=measure, sex=sex, age_days=np.round(day))
                spaces = np.nanmedian(np.asarray(z, float)) / SPACE
                assert abs(spaces - round(spaces)) < 0.1
                # every other line is dashed, the 50th among them, and it is not bolder
                assert (round(spaces) % 2 == 0) == (kind == "d")
                seen += 1
        assert seen == 9 * len(ground.lines.sections)


def test_a_line_is_drawn_no_further_from_its_place_than_can_be_seen() -> None:
    none = Points(*(np.array([]) for _ in range(3)), np.array([], object),
                  np.array([], bool), np.array([], bool))  # fmt: skip
    for sex in SEXES:
        for measure in MEASURES:
            ground = Backgrounds().of(measure, str(sex), WINDOWS["0-9"], none)
            plot = ground.plot
            drawn = {
                kind: [
                    np.array([pair.split(",") for pair in line.split(" ")], float).T
                    for line in data.split("M")[1:]
                ]
                for kind in "sd"
                for data in re.findall(rf'<path class="{kind}" d="([^"]*)"', ground.drawn)
            }
            for section in ground.lines.sections:
                inside = plot.window.holds(section.age_days)
                for label, values in zip(chart_lines.lms.LINE_LABELS, section.values, strict=True):
                    kind = "d" if label in chart_lines.DASHED_LABELS else "s"
                    x, y = plot.x(section.age_days[inside]), plot.y(values[inside])
                    steep = np.hypot(1, np.gradient(y, x))
                    off = [
                        (np.abs(np.interp(x, *line) - y) / steep).max()
                        for line in drawn[kind]
                        if line[0][0] <= x[0] + 0.1 and line[0][-1] >= x[-1] - 0.1
                    ]
                    assert min(off) < 0.2  # of 191 from top to bottom


def test_points_stand_where_matplotlib_puts_them(demo: Checked, text: str) -> None:
    child = demo.child("9990000018")
    axes = charts.figure(child, "weight").axes[0]
    marked = [each for each in axes.get_lines() if str(each.get_gid()).startswith("points-ok")]
    points = np.concatenate([each.get_xydata() for each in marked])
    shown = picture(row(text, 1), "Weight")
    xy = np.array([use[1:] for use in marks(shown) if use[0][0] == "m"], float)
    first, last = axes.get_xlim()
    day = first + (xy[:, 0] - svg.LEFT) / (svg.RIGHT - svg.LEFT) * (last - first)
    order = np.argsort(points[:, 0], kind="stable")
    np.testing.assert_allclose(np.sort(day), points[order, 0], atol=0.6)  # a tenth is half a day
    low, high = np.polyfit(points[order, 1], xy[np.argsort(day, kind="stable"), 1], 1)
    fitted = low * points[order, 1] + high  # value to place is one straight line
    np.testing.assert_allclose(fitted, xy[np.argsort(day, kind="stable"), 1], atol=0.15)


def drawn(rows: list[cohorts.Row], tmp_path: Path, title: str = "Weight") -> str:
    checked = cohorts.check(rows)
    assert (checked.children["rank"] > 0).any()
    return picture(report_of(checked, tmp_path), title)


FALL = [
    cohorts.at("a", 1900, "weight", 0.0), cohorts.at("a", 2200, "weight", -2.4),
]  # fmt: skip


def test_a_fall_is_shaded_with_its_size_and_its_point_ringed(tmp_path: Path) -> None:
    shown = drawn(FALL, tmp_path)
    (band,) = re.findall(r'<rect class="f" x="([\d.]+)" y="9" width="([\d.]+)"', shown)
    (_, start, _), (_, end, y) = marks(shown)
    assert float(band[0]) == pytest.approx(float(start), abs=0.11)
    assert float(band[0]) + float(band[1]) == pytest.approx(float(end), abs=0.21)
    assert "fell 3.6 spaces" in shown
    assert "in 10 months" in shown
    (ring,) = re.findall(r'<circle class="r urgent" cx="([\d.]+)" cy="([\d.]+)"', shown)
    assert ring == (end, y)


def test_successive_points_are_not_joined(tmp_path: Path) -> None:
    shown = drawn(FALL, tmp_path)
    assert set(re.findall(r'<path class="([\w ]+)"', shown)) == {"ar", "fe", "k m0"}
    assert re.search(r'class="ar" d="M[\d.]+ [\d.]+V[\d.]+m', shown)  # upright: joins no points
    assert ".k{fill:none;stroke:none}" in read_page("report.css")  # of the path only its corners
    assert "polyline" not in shown
    assert "<line" not in shown


def test_an_unlikely_value_is_open_and_says_check(tmp_path: Path) -> None:
    rows = [*FALL, replace(cohorts.at("a", 2000, "weight", 0.0), value=1.84)]
    shown = drawn(rows, tmp_path)
    assert (
        len([use for use in marks(shown) if use[0] == "o0"])
        + len([m for m in marks(shown) if m[0] == "dn"])
        == 1
    )
    assert "check</text>" in shown


def test_a_value_off_the_scale_is_at_the_edge_with_its_number(tmp_path: Path) -> None:
    shown = drawn([*FALL, replace(cohorts.at("a", 2000, "weight", 0.0), value=184.0)], tmp_path)
    (arrow,) = [use for use in marks(shown) if use[0] == "up"]
    assert float(arrow[2]) == pytest.approx(svg.TOP + 5)
    assert "↑ 184.0 kg, check</text>" in shown


def test_a_preterm_child_has_dots_and_crosses_each_joined_to_its_own(tmp_path: Path) -> None:
    rows = [cohorts.at("a", age, "weight", z, gestation=30 * 7.0)
            for age, z in ((300, 0.0), (400, -0.2), (600, -2.9))]  # fmt: skip
    shown = drawn(rows, tmp_path)
    uses = marks(shown)
    dots = [float(x) for name, x, _ in uses if name == "m0"]
    crosses = [float(x) for name, x, _ in uses if name == "x"]
    assert len(dots) == len(crosses) == 3
    (joins,) = re.findall(r'<path class="j" d="([^"]*)"', shown)
    ends = [tuple(map(float, pair)) for pair in re.findall(r"M([\d.]+) [\d.]+H([\d.]+)", joins)]
    assert ends == list(zip(dots, crosses, strict=True))
    assert all(cross < dot for dot, cross in ends)


def test_a_chart_by_gestation_has_crosses_only(tmp_path: Path) -> None:
    rows = [cohorts.at("a", age, "head", z, gestation=30 * 7.0)
            for age, z in ((0, 0.0), (20, 0.3), (60, 3.2))]  # fmt: skip
    uses = marks(drawn(rows, tmp_path, "Head circumference"))
    assert {name for name, *_ in uses} == {"x"}
    assert len(uses) == 3


@pytest.mark.parametrize("gestation", [cohorts.TERM, 30 * 7.0])
def test_an_arrow_crosses_as_many_spaces_as_the_label_counts(gestation, tmp_path: Path) -> None:
    rows = [cohorts.at("a", age, "weight", z, gestation=gestation)
            for age, z in ((1900, 0.0), (2200, -2.4))]  # fmt: skip
    shown = drawn(rows, tmp_path)
    ((x, start, tip),) = re.findall(r'<path class="ar" d="M([\d.]+) ([\d.]+)V([\d.]+)', shown)
    uses = marks(shown)
    name = "m0" if gestation == cohorts.TERM else "x"  # it points at the cross
    (_, (at, y)) = [place for kind, *place in uses if kind == name]
    assert x == at
    assert float(start) < float(tip) < float(y)
    # the two weights and their heights on the page say what any height stands for
    tops = [float(place[1]) for kind, *place in uses if kind == "m0"]
    value = np.polyval(np.polyfit(tops, [row.value for row in rows], 1), float(start))
    age = 2200 - (cohorts.TERM - gestation)
    z = zscores.zscore(value, measure="weight", sex=rows[0].sex, age_days=age)
    assert float(z) == pytest.approx(0.0, abs=0.05)  # where the earlier z would be now


PARENTS = "child_id,mother_cm,father_cm\na,155,168\n"


def test_the_parents_range_and_puberty_are_on_height_charts_alone(tmp_path: Path) -> None:
    visits = [{"child_id": "a", "sex": "female", "birth_date": "2013-06-01", "measured_on": on,
               "weight_kg": weight, "height_cm": 140.0}
              for on, weight in (("2024-06-01", 40.0), ("2025-06-01", 28.0))]  # fmt: skip
    pd.DataFrame(visits).to_csv(tmp_path / "visits.csv", index=False)
    (tmp_path / "children.csv").write_text(PARENTS, encoding="utf-8")
    read_ = read(tmp_path / "visits.csv", children=tmp_path / "children.csv")
    page = report_of(check(read_, today="2025-07-01"), tmp_path)
    height = picture(page, "Height")
    ((low, high),) = re.findall(r'<path class="pa" d="M357 ([\d.]+)V([\d.]+)', height)
    (middle,) = re.findall(r'<path class="pd" d="M357 ([\d.]+)', height)
    assert float(low) > float(middle) > float(high)
    assert 'class="pa"' not in picture(page, "Weight")
    # 155 cm is z -1.43 of women and 168 cm -1.34 of men: half their mean is -0.69, the 24th
    assert "expected centile is the 24th" in page
    assert "the bar at the right edge" in page
    assert page.count('class="pu"') == 1
    assert "Shaded: 10 to 14 years in girls" in page


def test_each_source_has_its_own_marker_and_its_name_beside_it(demo: Checked, text: str) -> None:
    told = row(text, 1)
    assert {use[0] for use in marks(picture(told, "Weight"))} == {"m0", "m1", "m2"}
    for k, source in enumerate(demo.sources):
        assert re.search(rf'href="#s-m{k}"/></svg> <bdi>{source.name}</bdi>', told)


def test_lines_are_drawn_once_for_all_who_share_them(tmp_path: Path) -> None:
    few, many = (
        report_of(fallers(tuple(f"c{k}" for k in range(count))), tmp_path) for count in (2, 20)
    )
    assert few.count("<symbol") == many.count("<symbol") == 3  # weight, height, BMI
    assert (len(many) - len(few)) / 18 < 12_000


def test_lines_have_one_name_wherever_they_are_drawn_and_no_other_lines_have_it() -> None:
    none = Points(*(np.array([]) for _ in range(3)), np.array([], object),
                  np.array([], bool), np.array([], bool))  # fmt: skip
    early = [replace(WINDOWS["0-9"], from_day=day) for day in (-126, -133)]  # the lines are alike
    grounds = [Backgrounds(), Backgrounds()]
    for measure in (Measure.WEIGHT, Measure.HEIGHT):
        for sex in ("male", "female"):
            for window in (WINDOWS["2-9"], *early):
                first, again = (each.of(measure, sex, window, none) for each in grounds)
                assert first.name == again.name
                assert f'<symbol id="{first.name}"' in first.drawn
    symbols = [re.findall(r'<symbol id="([^"]*)"', each.symbols()) for each in grounds]
    assert symbols[0] == symbols[1]
    assert len(set(symbols[0])) == 12


def test_a_child_whose_sex_is_not_known_has_no_lines_and_is_told_so() -> None:
    from centiles.reports.drawings import Case, drawing

    points = Points(np.array([1900.0]), np.array([1900.0]), np.array([18.0]),
                    np.array(["a"], object), np.array([False]), np.array([False]))  # fmt: skip
    nothing = {name: np.array([]) for name in ("rule", "state", "direction", "from_age_days",
               "to_age_days", "carried_change_z", "to_z", "to_value", "severity")}  # fmt: skip
    grounds = Backgrounds()
    case = Case(Measure.WEIGHT, "unknown", None, np.nan, points, [0], nothing, "")
    made = drawing(case, grounds)
    assert "Sex is not known" in made.note
    assert 'class="d"' not in grounds.symbols()


def test_why_the_lines_step_is_said_beside_the_charts(text: str) -> None:
    assert "Where the lines step:" in text
    assert "The tables change there, not the child." in text


# ---- many children


def test_many_children_are_pages_under_a_list_of_all(
    demo: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flagged = demo.children[demo.children["rank"] > 0]
    count = len(flagged)
    monkeypatch.setattr(report, "CHILDREN_A_PAGE", -(-count // 3))
    first, *paths = report.write_report(demo, tmp_path, overview_of(demo))
    assert first.name == "report.html"
    assert [path.name for path in paths] == ["report-1.html", "report-2.html", "report-3.html"]
    told: dict[str, tuple[str, dict[str, str]]] = {}
    for path in [first, *paths]:
        page = page_of(path.read_text(encoding="utf-8"))
        (nav,) = [each for each in page.all("ol") if "pages" in each.attributes["class"]]
        links = [each for each in page.all("a") if "nav" in each.within]
        assert [each.attributes["href"] for each in links] == [
            "report.html", *(path.name for path in paths)
        ]  # fmt: skip
        (here,) = [each for each in links if "aria-current" in each.attributes]
        assert here.attributes["href"] == path.name
        assert nav.text.count("–") >= 3
        if path == first:
            continue
        for each in page.all("tbody"):
            if "data-l" in each.attributes:
                told[each.attributes["id"]] = path.name, each.attributes
    assert list(told) == [f"n{rank}" for rank in range(1, count + 1)]
    listed = page_of(first.read_text(encoding="utf-8"))
    rows = [each for each in listed.all("tbody") if "data-l" in each.attributes]
    # what a row is filtered and sorted by is what its page has of the child
    assert [each.attributes for each in rows] == [attributes for _, attributes in told.values()]
    leads = [each.attributes["href"] for each in listed.all("a") if "tbody" in each.within]
    assert leads == [f"{page}#{rank}" for rank, (page, _) in told.items()]
    for each, child in zip(rows, flagged.itertuples(), strict=True):
        assert child.child_id in each.text
        assert child.headline.partition(",")[0].casefold()[:20] in each.text.casefold()
    assert f"reach all {count} children" in first.read_text(encoding="utf-8")


def test_a_list_that_is_too_long_says_so(
    demo: Checked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "CHILDREN_A_PAGE", 20)
    for module in (report, listing):
        monkeypatch.setattr(module, "MOST_LISTED", 7)
    first, *_ = report.write_report(demo, tmp_path, overview_of(demo))
    page = page_of(first.read_text(encoding="utf-8"))
    assert len([each for each in page.all("tbody") if "data-l" in each.attributes]) == 7
    (scope,) = [each for each in page.all("p") if each.attributes.get("class") == "scope"]
    assert "the first 7 of" in scope.text
    assert "the others are on the pages above" in scope.text


def test_hostile_text_stays_text_in_the_list_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "CHILDREN_A_PAGE", 5)
    checked = hostile_check()
    first, *_ = report.write_report(checked, tmp_path, overview_of(checked))
    page = page_of(first.read_text(encoding="utf-8"))
    assert {each.tag for each in page.elements if "tbody" in each.within} <= {
        "tr", "td", "th", "a", "bdi", "span", "small"
    }  # fmt: skip
    shown = [each.text for each in page.all("bdi") if "a" in each.within]
    assert sorted(shown) == sorted(text_.strip() for text_ in HOSTILE)


def test_a_page_is_written_some_children_at_a_time_and_tells_how_far_it_is(
    demo: Checked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "CHILDREN", 5)
    told: list[tuple[int, int]] = []
    book = report.Casebook(demo)
    run = report._run(demo, book, overview_of(demo)) | {"notices": ()}
    (page,) = report._pages(book)
    drawn = map(report.drawn, report._pieces(run, book, [page]))
    done = report._told(drawn, len(book), lambda *each: told.append(each))
    parts = report._page_parts(run, len(book), page, [page], done)
    for part in parts:
        if 'id="n2"' in part or told:
            break
    assert len(told) <= 1  # the rest is not drawn yet
    list(parts)
    count = len(book)
    assert told == [(k, count) for k in [*range(5, count, 5), count]]


# ---- sensitive

SENSITIVE = {
    "measurements": "NHS number,Sex,DOB,Date measured,Weight (kg),Household id\n"
    "9990000018,M,2020-03-12,2025-03-12,18.4,H1\n9990000018,M,2020-03-12,2026-02-09,16.6,H1\n"
    "9990000026,F,2018-03-12,2025-03-12,23.4,H1\n9990000026,F,2018-03-12,2026-02-09,21.1,H1\n",
    "events": "NHS number,Date,Type,Note,Sensitive\n"
    "9990000018,2025-12-01,domestic abuse notification,QUILLNOTE,\n"
    "9990000018,2025-12-02,missed appointment,,no\n",
}


@pytest.fixture
def family(tmp_path: Path) -> dict[str, Path]:
    for name, content in SENSITIVE.items():
        (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8")
    return {name: tmp_path / f"{name}.csv" for name in SENSITIVE}


def family_report(family: dict[str, Path], folder: Path, **options: bool) -> str:
    records = read(family["measurements"], events=family["events"])
    return report_of(check(records, today="2026-03-01", **options), folder)


def test_nothing_sensitive_is_told_unless_asked(family: dict[str, Path], tmp_path: Path) -> None:
    text_ = family_report(family, tmp_path)
    page = text_.casefold()
    for word in ("domestic", "quillnote", "sibling", "household", "9990000026 has"):
        assert word not in page
    assert "other information held" in page
    assert "missed appointment" in page
    mine = next(row(text_, k) for k in (1, 2) if "9990000018" in row(text_, k))
    assert len([use for use in marks(picture(mine, "Weight")) if use[0] == "e"]) == 1
    assert WARNING.casefold() not in page


def test_what_is_sensitive_is_told_on_request_under_a_warning(
    family: dict[str, Path], tmp_path: Path
) -> None:
    text_ = family_report(family, tmp_path, sensitive=True)
    page = page_of(text_)
    assert "domestic abuse notification: QUILLNOTE" in text_
    mine = next(row(text_, k) for k in (1, 2) if "9990000018" in row(text_, k))
    assert len([use for use in marks(picture(mine, "Weight")) if use[0] == "e"]) == 2
    (header,) = page.all("header")
    assert WARNING in header.text
    head = [each for each in page.all("td") if "thead" in each.within]
    assert [each.text for each in head] == [WARNING]  # which print repeats on each page
