"""What all tests share: how hard Hypothesis tries, and the made-up cohort, checked once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from centiles.checks import Checked
from tests.commandline import Ran, run
from tests.pages import demo_check

# The default is what fits a change; `HYPOTHESIS_PROFILE=thorough` tries twenty times as hard. In
# continuous integration the examples are the same in every run, so that red is somebody's doing.
# A slow machine is no fault, and a test that uses a temporary folder writes it anew.
_BORNE = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
_EACH = settings(deadline=None, suppress_health_check=_BORNE)
settings.register_profile("ci", _EACH, max_examples=100, derandomize=bool(os.environ.get("CI")))
settings.register_profile("thorough", _EACH, max_examples=2000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """Return the made-up cohort of three services, checked; nobody may change it."""
    return demo_check(tmp_path_factory.mktemp("exports"))


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """Return the folder that ``centiles demo`` writes, to be looked at only, and what it said."""
    folder = tmp_path_factory.mktemp("demonstration") / "demo"
    return folder, run("demo", "--out", folder)
