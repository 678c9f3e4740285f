"""A device that reads a repository, as far as to have every file of the newest release."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.update.home import Home
from edge.update.http import Client
from edge.update.tuf_source import Repository
from tests.edge.update.releases import DEVICE, NAME
from tests.edge.update.server import WebServer


class Reader:
    """A device that was given what `trust/` had first."""

    def __init__(self, folder: Path, repo: Path, web: WebServer) -> None:
        self.home = Home(str(folder))
        for name in ("trust", "metadata"):
            (folder / name).mkdir(parents=True)
        (folder / "trust" / "root.json").write_bytes((repo / "trust" / "root.json").read_bytes())
        self._source = Repository(web.url, self.home, Client(pauses_s=()))

    def newest(self, days: float = 0) -> int:
        """The number that it would take; the manifest and all its files must be there."""
        now = (datetime.now(UTC) + timedelta(days=days)).timestamp()
        found = self._source.newest(NAME, DEVICE, now)
        manifest = b"".join(self._source.fetch(found.manifest_sha256, found.manifest_bytes, 0))
        for entry in json.loads(manifest)["files"].values():
            body = b"".join(self._source.fetch(entry["sha256"], entry["size_bytes"], 0))
            assert hashlib.sha256(body).hexdigest() == entry["sha256"]
        return found.number
