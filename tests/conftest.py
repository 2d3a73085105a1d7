"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("netlm", deadline=None, derandomize=True)  # never timed, always the same
settings.load_profile("netlm")

if "PYTEST_XDIST_WORKER" in os.environ:  # the processes fill the cores; threads of theirs would but wait
    os.environ.setdefault("OMP_NUM_THREADS", "1")

REAL_DATA = Path(os.environ.get("NETLM_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of a module go to one process, so that what they share is made once."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have measured (``record_property("measured", ...)``), from all processes."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "measured":
                terminalreporter.write_line(str(value))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real scans; the test is skipped where it is absent."""
    if not REAL_DATA.is_dir():
        pytest.skip("no real scans here: set NETLM_REAL_DATA to their folder")
    return REAL_DATA
