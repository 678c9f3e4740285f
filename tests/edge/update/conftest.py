"""A device that an update is there for."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.update.power import QuickDisk
from tests.edge.update.releases import Site, make_site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A device with release 1, for which release 2 is there."""
    site = make_site(tmp_path, QuickDisk())
    site.publisher.release(site.bundles[2], 2)
    return site


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of homes are written."""
    memory = "/dev/shm"
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)
