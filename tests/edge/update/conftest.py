"""A device that an update is there for."""

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
