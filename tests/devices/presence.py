"""What a test needs of the machine that it runs on: skipped where that is missing, but never in CI."""

import os
import shutil
from typing import NoReturn

import pytest


class NotHereError(Exception):
    """This machine cannot be, or make, such a device; the message says why."""


def need_root(what: str) -> None:
    """Raises NotHereError unless this is root: namespaces, device files and control groups are its own."""
    if os.geteuid() != 0:
        raise NotHereError(f"only root can make {what}")


def need_programs(*names: str, package: str) -> None:
    """Raises NotHereError where a program is not installed; ``package`` is what Debian has it in."""
    missing = [name for name in names if shutil.which(name) is None]
    if missing:
        raise NotHereError(f"{', '.join(missing)} is missing: apt-get install {package}")


def skip_or_fail(error: NotHereError) -> NoReturn:
    """End a test that cannot run here."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must be able to run this: {error}")
    pytest.skip(str(error))
