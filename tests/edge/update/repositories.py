"""A repository that `packager release` makes, served over HTTP, and a device that updates from it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edge.update import provisioning
from edge.update.home import Home
from edge.update.http import Client
from edge.update.release import TrustedRelease
from edge.update.state import State
from edge.update.trial import Watch
from edge.update.tuf_source import Repository
from edge.update.updating import Settings, update
from packager.release import keys
from packager.release.publish import Released, publish
from packager.release.signing import Keys
from tests.edge.update.releases import make_bundle, prove_here
from tests.edge.update.server import WebServer, serving

PATIENT_S, SLOW_S = 30.0, 0.5
"""How long a server may take: an honest one on a busy machine, and one that is to be found too slow."""


def make_key(path: Path) -> Keys:
    """One key for all roles."""
    key = keys.create(path)
    return Keys(key, key)


@dataclass(frozen=True)
class Later:
    """The same repository, asked by a device whose clock is that much ahead."""

    repository: Repository
    seconds: float

    def newest(self, name: str, device: str, now: float) -> TrustedRelease:
        """By the other clock."""
        return self.repository.newest(name, device, now + self.seconds)

    def fetch(self, digest: str, size_bytes: int, offset: int) -> Iterator[bytes]:
        """No clock needed."""
        return self.repository.fetch(digest, size_bytes, offset)


@dataclass
class Stage:
    """Releases in a folder, a web server that shows them, and a device with release 1.

    ``bundles`` 1 to 3 are there to be released; ``seen`` keeps what the repository had after each release.
    """

    folder: Path
    keys: Keys
    web: WebServer
    home: Home
    clock_s: float = 0
    piece_s: float = PATIENT_S
    seen: dict[int, dict[str, bytes]] = field(default_factory=dict)

    @property
    def repo(self) -> Path:
        """The folder that `packager release` writes."""
        return self.folder / "repo"

    def bundle(self, number: int) -> Path:
        """What is to be released."""
        return self.folder / f"bundle{number}"

    def release(self, number: int) -> Released:
        """Release a bundle, and remember how everything but blobs looks."""
        found = publish(self.bundle(number), self.repo, self.keys)
        paths = (path for path in self.repo.rglob("*.json") if "blobs" not in path.parts)
        self.seen[found.number] = {
            path.relative_to(self.repo).as_posix(): path.read_bytes() for path in paths
        }
        return found

    def source(self) -> Repository:
        """As the device asks it."""
        return Repository(self.web.url, self.home, Client(self.piece_s, (0.0,)))

    def update(self) -> State:
        """Update the device from the server."""
        settings = Settings(Watch(prove_here), lambda line: None)
        return update(self.home, Later(self.source(), self.clock_s), settings)


def make_origin(folder: Path) -> Path:
    """The folder of a stage, with release 1 made and the device provisioned: copied for each test."""
    for number in (1, 2, 3):
        make_bundle(folder / f"bundle{number}", seed=number)
    publish(folder / "bundle1", folder / "repo", make_key(folder / "key.pem"))
    home = Home(str(folder / "home"))
    provisioning.init(home, str(folder / "bundle1"), str(folder / "repo" / "trust"), 1, prove_here)
    return folder


@contextmanager
def staged(origin: Path, folder: Path) -> Iterator[Stage]:
    """A copy of the origin, served."""
    shutil.copytree(origin, folder, symlinks=True)
    key = keys.load(folder / "key.pem", lambda path: None)
    with serving(folder / "repo") as web:
        stage = Stage(folder, Keys(key, key), web, Home(str(folder / "home")))
        stage.release(1)
        yield stage
