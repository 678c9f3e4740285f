"""The browser and the reports that it looks at: each made once for all tests here."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from packager.html_report.page import write
from packager.html_report.reading import read_subjects
from tests.packager.html_report import browser, made


@pytest.fixture(scope="session")
def chromium() -> Iterator[browser.Browser]:
    """Chromium. Where it is not there the tests are skipped with the reason; in CI they fail."""
    lacking = browser.missing_programs()
    if lacking and os.environ.get("CI") == "true":
        pytest.fail(f"CI must have {' and '.join(lacking)}")
    if lacking:
        pytest.skip(
            f"{' and '.join(lacking)} is not on this machine (apt-get install chromium chromium-driver)"
        )
    with browser.browser() as found:
        yield found


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of one artifact with everything measured, its name a long one."""
    folder = tmp_path_factory.mktemp("full")
    artifact = made.measured_artifact(folder, "a-forest-with-quite-a-long-name")
    return write(read_subjects([artifact]), folder / "report.html").html


@pytest.fixture(scope="session")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of two artifacts, of which the second has a benchmark that never settled and no more."""
    folder = tmp_path_factory.mktemp("two")
    first, second = made.measured_artifact(folder, "iris"), made.artifact(folder, "other")
    made.save(made.bench("other", stable=False), second.parent / "bench.json")
    return write(read_subjects([first, second]), folder / "report.html").html
