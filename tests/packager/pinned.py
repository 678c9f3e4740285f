"""The engine's library of a release that does not change, for tests that read what is in it."""

import platform as machine
from pathlib import Path

from packager import dependencies
from packager.dependencies.engine import engines
from packager.layout import Arch
from packager.targets.aws_lambda import quotas

HERE: Arch = "arm64" if machine.machine() == "aarch64" else "x86_64"


def pinned_engine() -> Path:
    """The newest release of the engine table, for this machine."""
    platform = quotas.runtimes()["python3.13"].platform(HERE)
    library = dependencies.engine_files(engines()[0], platform).library
    assert library is not None
    return library
