"""The shipped tables: whole, verified, laid out right, and joined so that a child stays a child."""

from __future__ import annotations

import csv
import dataclasses
import math
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest

from centiles import references
from centiles.errors import TableError, UnreadableError, UsageError
from centiles.measures import MEASURES, SEXES
from centiles.references import Reference, reference, table_codes
from centiles.zscores import zscore

TABLES = Path(__file__).resolve().parents[1] / "data" / "who_uk90"
BIRTH, INFANT, CHILD, SCHOOL, TERM = range(5)


@pytest.fixture
def known() -> Reference:
    return reference()


class TestWhatIsShipped:
    def test_sections_hand_over_with_no_gap(self, known: Reference) -> None:
        spans = [(section.name, section.from_day, section.to_day) for section in known.sections]
        assert spans == [
            ("uk90_birth", -119, 14),  # 23 weeks is 17 · 7 days before 40
            ("who_infant", 14, 731),
            ("who_child", 731, 1461),
            ("uk90_child", 1461, 7306),  # day 7305, 20.0 years, included
            ("uk90_term", 0, 14),
        ]
        assert [section.name for section in known.by_age] == [span[0] for span in spans[:4]]
        assert known.term_code == TERM

    def test_children_lie_until_2_and_stand_after(self, known: Reference) -> None:
        postures = {section.name: section.posture for section in known.sections}
        assert {name for name, posture in postures.items() if posture == "standing"} == {
            "who_child",
            "uk90_child",
        }
        assert set(postures.values()) == {"lying", "standing"}

    def test_joins(self, known: Reference) -> None:
        joins = [(join.earlier, join.later, join.at_day, join.carried) for join in known.joins]
        assert joins == [
            (BIRTH, INFANT, 14.0, True),
            (INFANT, CHILD, 730.5, False),
            (CHILD, SCHOOL, 1461.0, True),
        ]

    @pytest.mark.parametrize(
        ("section", "measure", "sex", "first", "last", "rows"),
        [
            # 23 to 42 weeks; length from 25
            (BIRTH, "weight", "male", -119, 14, 20),
            (BIRTH, "head", "female", -119, 14, 20),
            (BIRTH, "height", "male", -105, 14, 18),
            (INFANT, "bmi", "female", 0, 730, 731),
            (CHILD, "height", "male", 731, 1856, 1126),
            # 48 to 240 months; heads to 216 in boys, 204 in girls
            (SCHOOL, "bmi", "male", 1461, 7305, 193),
            (SCHOOL, "head", "male", 1461, 6574.5, 169),
            (SCHOOL, "head", "female", 1461, 6209.25, 157),
            (TERM, "weight", "female", 0, 0, 1),
        ],
    )
    def test_tables_span_their_ages(
        self,
        known: Reference,
        section: int,
        measure: str,
        sex: str,
        first: float,
        last: float,
        rows: int,
    ) -> None:
        table = known.sections[section].table(measure, sex)
        assert table is not None
        assert table.age_days[[0, -1]].tolist() == [first, last]
        assert table.age_days.shape == (rows,)
        assert table.columns.shape == (3, rows)
        assert table.age_days == pytest.approx(np.linspace(first, last, rows), abs=1e-9)

    def test_there_is_no_bmi_at_birth_and_all_else_everywhere(self, known: Reference) -> None:
        missing = {
            (section.name, measure, sex)
            for section in known.sections
            for measure in MEASURES
            for sex in SEXES
            if section.table(measure, sex) is None
        }
        assert missing == {
            (name, "bmi", sex) for name in ("uk90_birth", "uk90_term") for sex in SEXES
        }

    def test_medians_are_positive_and_spreads_small(self, known: Reference) -> None:
        for section in known.sections:
            for table in section.tables.values():
                skew, median, spread = table.columns
                assert (median > 0).all()
                assert ((spread > 0.02) & (spread < 0.25)).all()
                assert (np.abs(skew) < 3).all()

    def test_the_manifest_counts_its_rows_right(self) -> None:
        manifest = tomllib.loads((TABLES / "manifest.toml").read_text(encoding="utf-8"))
        for entry in manifest["section"]:
            with (TABLES / entry["file"]).open(newline="", encoding="ascii") as lines:
                rows = list(csv.DictReader(lines))
            assert len(rows) == entry["rows"]
            assert sorted({row["measure"] for row in rows}) == entry["measures"]


class TestLookUp:
    def test_half_open_at_every_join(self, known: Reference) -> None:
        ages = np.array(
            [-120, -119, 13, 13.99, 14, 730, 730.99, 731, 1460, 1460.99, 1461, 7305, 7306]
        )
        assert known.section_codes(ages).tolist() == [
            *(-1, BIRTH, BIRTH, BIRTH),
            *(INFANT, INFANT, INFANT),
            *(CHILD, CHILD, CHILD),
            *(SCHOOL, SCHOOL, -1),
        ]

    def test_term_births_have_their_own_row_for_14_days(self, known: Reference) -> None:
        ages = np.array([-1, 0, 13, 14, 800])
        assert known.section_codes(ages, np.ones(5, dtype=bool)).tolist() == [
            *(BIRTH, TERM, TERM, INFANT, CHILD)
        ]

    def test_a_section_answers_for_its_own_ages_only(self, known: Reference) -> None:
        """The WHO child table has rows to 5 years; at 4 its section ends."""
        child = known.sections[CHILD]
        found = child.at("height", "male", np.array([730.0, 731.0, 1460.0, 1461.0]))
        assert np.isnan(found).any(axis=0).tolist() == [True, False, False, True]

    def test_daily_tables_have_no_row_for_half_a_day(self, known: Reference) -> None:
        assert np.isnan(known.sections[INFANT].at("bmi", "male", np.array([365.5]))).all()

    def test_a_missing_table_has_no_rows(self, known: Reference) -> None:
        assert np.isnan(known.sections[BIRTH].at("bmi", "male", np.array([0.0, 7.0]))).all()
        assert np.isnan(known.sections[BIRTH].at_edge("bmi", "male", 14.0)).all()

    def test_one_term_row_stands_for_all_its_days(self, known: Reference) -> None:
        """Boys: 3.5 kg, coefficient of variation 0.1427, not skewed."""
        found = known.sections[TERM].at("weight", "male", np.array([0.0, 5.5, 13.0]))
        assert found.T.tolist() == [[1.0, 3.5, 0.1427]] * 3

    def test_at_2_years_each_side_speaks_from_its_own_nearest_row(self, known: Reference) -> None:
        """WHO's boys: 87.8018 cm lying on day 730, 87.1303 cm standing on day 731."""
        lying = known.sections[INFANT].at_edge("height", "male", 730.5)
        standing = known.sections[CHILD].at_edge("height", "male", 730.5)
        assert (lying[1], standing[1]) == (87.8018, 87.1303)

    def test_an_edge_more_than_a_day_off_is_no_edge(self, known: Reference) -> None:
        assert np.isnan(known.sections[INFANT].at_edge("height", "male", 732.0)).all()
        assert np.isnan(known.sections[CHILD].at_edge("height", "male", 729.5)).all()

    def test_codes_of_tables(self) -> None:
        measures = np.repeat(np.arange(4), 2)
        males = np.tile([True, False], 4)
        assert table_codes(measures, males).tolist() == list(range(8))
        assert [MEASURES[k] for k in range(4)] == ["weight", "height", "bmi", "head"]


class TestNothingCanBeWrittenTo:
    def test_arrays(self, known: Reference) -> None:
        arrays = [known.daily, known.edges]
        for section in known.sections:
            for table in section.tables.values():
                arrays += [table.age_days, table.columns]
        assert len(arrays) == 2 + 2 * (6 + 8 + 8 + 8 + 6)
        assert not any(array.flags.writeable for array in arrays)

    def test_fields(self, known: Reference) -> None:
        table = known.sections[INFANT].table("weight", "male")
        for frozen, field in ((known, "name"), (known.joins[0], "at_day"), (table, "columns")):
            with pytest.raises(dataclasses.FrozenInstanceError):
                setattr(frozen, field, None)


def carried(z: float, measure: str, sex: str, earlier: int, later: int) -> float:
    table = table_codes(MEASURES.index(measure), np.array([sex == "male"]))
    found = reference().carried(np.array([z]), table, np.array([earlier]), np.array([later]))
    assert found.shape == (1,)
    return float(found[0])


class TestCarrying:
    @pytest.mark.parametrize("section", range(5))
    @pytest.mark.parametrize("z", [-9.0, -0.1, 0.0, 3.0])
    def test_within_a_section_nothing_changes(self, section: int, z: float) -> None:
        assert carried(z, "weight", "male", section, section) == z

    @pytest.mark.parametrize("z", [-9.0, -0.1, 0.0, 3.0])
    def test_over_2_years_nothing_changes(self, z: float) -> None:
        """A child really stands up there, and really loses the 0.7 cm."""
        assert carried(z, "height", "female", INFANT, CHILD) == z

    def test_by_hand_at_4_years(self) -> None:
        """A boy's height at z −1, from WHO (103.3273, 0.04059) to UK90 (102.49, 0.04008).

        103.3273 · (1 − 0.04059) = 99.13324 cm; (99.13324/102.49 − 1) / 0.04008 = −0.81716.
        """
        assert carried(-1.0, "height", "male", CHILD, SCHOOL) == pytest.approx(-0.81716, abs=1e-5)

    @pytest.mark.parametrize("sex", SEXES)
    @pytest.mark.parametrize("measure", ["weight", "height", "head"])
    @pytest.mark.parametrize("z", [-2.0, 0.0, 1.5])
    def test_join_by_join(self, measure: str, sex: str, z: float) -> None:
        at_42_weeks = carried(z, measure, sex, BIRTH, INFANT)
        assert at_42_weeks != z
        assert carried(z, measure, sex, BIRTH, CHILD) == at_42_weeks
        at_4_years = carried(z, measure, sex, CHILD, SCHOOL)
        assert carried(z, measure, sex, INFANT, SCHOOL) == at_4_years
        assert carried(z, measure, sex, BIRTH, SCHOOL) == pytest.approx(
            carried(at_42_weeks, measure, sex, CHILD, SCHOOL), abs=1e-12
        )

    @pytest.mark.parametrize(
        ("measure", "sex", "median"),
        [
            *(("weight", "male", 3.5), ("weight", "female", 3.36)),
            *(("height", "male", 51.0), ("height", "female", 50.0)),
            *(("head", "male", 35.0), ("head", "female", 34.0)),
        ],
    )
    def test_a_term_birth_s_z_is_its_value_scored_at_14_days(
        self, measure: str, sex: str, median: float
    ) -> None:
        later = zscore(median, measure=measure, sex=sex, age_days=14)
        assert carried(0.0, measure, sex, TERM, INFANT) == pytest.approx(later, abs=1e-12)
        assert carried(0.0, measure, sex, TERM, CHILD) == pytest.approx(later, abs=1e-12)

    @pytest.mark.parametrize(
        ("z", "measure", "earlier", "later"),
        [
            (-25.0, "height", CHILD, SCHOOL),  # 1 − 0.04 · 25: no height is 0 cm
            (35.0, "bmi", CHILD, SCHOOL),  # above the ceiling 1/(0.3622 · 0.0824) = 33.5
            (0.0, "bmi", BIRTH, INFANT),  # no table before
            (0.0, "bmi", TERM, INFANT),
            (math.nan, "weight", CHILD, SCHOOL),
            (math.inf, "weight", CHILD, SCHOOL),
            (0.0, "weight", -1, SCHOOL),  # no section
            (0.0, "weight", CHILD, -1),
        ],
    )
    def test_where_there_is_no_carry(
        self, z: float, measure: str, earlier: int, later: int
    ) -> None:
        assert math.isnan(carried(z, measure, "male", earlier, later))

    def test_many_at_once_are_each_as_alone(self) -> None:
        chance = np.random.default_rng(4)
        count = 500
        z, measures = chance.uniform(-6, 6, count), chance.integers(0, 4, count)
        males = chance.random(count) < 0.5
        spans = [(TERM, INFANT), (TERM, SCHOOL), *((k, n) for n in range(4) for k in range(n + 1))]
        earlier, later = np.array(spans)[chance.integers(0, len(spans), count)].T
        together = reference().carried(z, table_codes(measures, males), earlier, later)
        alone = [
            carried(z[k], MEASURES[measures[k]], SEXES[1 - males[k]], earlier[k], later[k])
            for k in range(count)
        ]
        assert np.isfinite(together).sum() > 400
        assert np.array_equal(together, alone, equal_nan=True)

    def test_narrow_codes_do_not_overflow(self) -> None:
        """As they come out of a frame: one byte each."""
        codes = [np.array([code], dtype=np.int8) for code in (1, TERM, SCHOOL)]
        found = reference().carried(np.array([0.0]), *codes)
        assert found == carried(0.0, "weight", "female", TERM, SCHOOL)

    def test_no_z_however_wild_is_carried_to_infinity(self) -> None:
        wild = np.array([s * 10.0**e for s in (-1, 1) for e in range(-300, 309, 4)])
        for table in range(8):
            for earlier, later in ((BIRTH, INFANT), (CHILD, SCHOOL), (TERM, SCHOOL)):
                codes = (np.full(wild.shape, code) for code in (table, earlier, later))
                assert not np.isinf(reference().carried(wild, *codes)).any()


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout's tables, copied where they may be spoiled, and read instead of the real ones."""
    monkeypatch.setattr(references, "PACKAGE", tmp_path / "centiles")
    return Path(shutil.copytree(TABLES, tmp_path / "data" / "who_uk90"))


def read() -> Reference:
    """Read the tables afresh, past the cache."""
    return references.read.__wrapped__("who_uk90")


def spoil(file: Path, old: bytes, new: bytes) -> None:
    content = file.read_bytes()
    assert old in content
    file.write_bytes(content.replace(old, new, 1))


class TestVerification:
    def test_an_untouched_copy_is_the_same_reference(self, copy: Path) -> None:
        assert read().sha256 == reference().sha256
        assert np.array_equal(read().daily, reference().daily, equal_nan=True)

    @pytest.mark.parametrize(
        ("file", "old", "new"),
        [
            ("uk90_child.csv", b"102.49", b"102.94"),
            ("who_infant.csv", b"0.3487", b"0.3488"),
            ("uk90_term.csv", b"\n", b"\r\n"),
        ],
    )
    def test_an_altered_table_is_refused(
        self, copy: Path, file: str, old: bytes, new: bytes
    ) -> None:
        spoil(copy / file, old, new)
        with pytest.raises(TableError, match=f"{file} is not the file its manifest describes"):
            read()

    def test_a_missing_table_is_named(self, copy: Path) -> None:
        (copy / "who_child.csv").unlink()
        with pytest.raises(TableError, match=r"who_child\.csv is missing"):
            read()

    def test_all_faults_are_said_at_once_and_what_to_do(self, copy: Path) -> None:
        (copy / "who_child.csv").unlink()
        spoil(copy / "uk90_birth.csv", b"0.6145", b"0.6154")
        with pytest.raises(TableError) as refused:
            read()
        message = str(refused.value)
        assert "who_child.csv" in message
        assert "uk90_birth.csv" in message
        assert "who_infant.csv" not in message
        assert "install centiles again" in message

    def test_a_missing_manifest_names_both_places(self, copy: Path) -> None:
        (copy / "manifest.toml").unlink()
        with pytest.raises(TableError) as refused:
            read()
        assert str(copy) in str(refused.value)
        assert str(references.PACKAGE / "data" / "who_uk90") in str(refused.value)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"[[section]]", b"[[section"),  # no TOML
            (b"UK-WHO", b"\xff\xfe"),  # no UTF-8
            (b'file = "uk90_birth.csv"\n', b""),  # a word missing
            (b'earlier = "who_infant"', b'earlier = "who_infants"'),  # a join from nowhere
        ],
    )
    def test_an_unreadable_manifest_is_named(self, copy: Path, old: bytes, new: bytes) -> None:
        spoil(copy / "manifest.toml", old, new)
        with pytest.raises(TableError, match=r"manifest\.toml: expected a"):
            read()

    def test_a_hash_altered_in_the_manifest_is_caught_too(self, copy: Path) -> None:
        spoil(copy / "manifest.toml", b'sha256 = "84b6', b'sha256 = "84b7')
        with pytest.raises(TableError, match=r"uk90_birth\.csv"):
            read()

    def test_tables_in_the_installed_package_come_first(self, copy: Path) -> None:
        installed = references.PACKAGE / "data" / "who_uk90"
        assert references.folder_of("who_uk90") == copy
        shutil.copytree(copy, installed)
        assert references.folder_of("who_uk90") == installed

    def test_an_unknown_reference_is_refused(self) -> None:
        with pytest.raises(UsageError, match="'who_2077', expected one of uk-who"):
            reference("who_2077")
        with pytest.raises(TableError, match="'who_2077': found no"):
            references.read("who_2077")

    def test_a_refusal_ends_a_command_as_an_unreadable_file_does(self) -> None:
        assert issubclass(TableError, UnreadableError)
        assert TableError.exit_code == 3

    def test_the_reference_is_read_once(self) -> None:
        assert reference() is reference()
