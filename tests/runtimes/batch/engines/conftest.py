"""One cluster for all tests of the engines that run in a process."""

from collections.abc import Iterator

import pytest

from tests.runtimes.batch.engines.running import Machines, lay_job, machines


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """A job's folder, and two nodes that have nothing of it."""
    with machines(lay_job(tmp_path_factory.mktemp("machines") / "job")) as found:
        yield found
