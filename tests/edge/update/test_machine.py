"""What this machine is, and which bundles are for another."""

import json
import platform
import sys

import pytest

from edge.update.contents import Contents, read_contents
from edge.update.errors import UnfitError
from edge.update.machine import Machine, check_fit, look
from tests.edge.update.test_contents import FILE, MANIFEST

MACHINE = Machine("arm64", "glibc", "2.36", "3.11", 4000)


def _contents(**device: object) -> Contents:
    changed = {**MANIFEST, "device": {**MANIFEST["device"], **device}}
    return read_contents(json.dumps({**changed, "files": {"a": FILE}}).encode())


def test_this_machine_is_what_python_says() -> None:
    found = look()
    assert found.python == f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert (found.libc, found.libc_version) == platform.libc_ver()
    assert found.memory_mb > 100


@pytest.mark.parametrize(
    ("machine", "why"),
    [
        (MACHINE._replace(arch="armv7"), "is for arm64; this machine is armv7"),
        (MACHINE._replace(libc="musl", libc_version=""), "with glibc; this one has musl"),
        (MACHINE._replace(libc_version="2.31"), r"needs glibc 2\.36; this system has 2\.31"),
        (MACHINE._replace(libc_version="2.4"), r"needs glibc 2\.36; this system has 2\.4"),
        (MACHINE._replace(python="3.9"), r"needs Python 3\.11; this one is 3\.9"),
        (MACHINE._replace(memory_mb=255), "256 MB of memory; this machine has 255 MB"),
    ],
)
def test_a_bundle_for_another_machine_is_unfit(machine: Machine, why: str) -> None:
    with pytest.raises(UnfitError, match=why):
        check_fit(_contents(), machine)


def test_a_newer_system_is_fit() -> None:
    check_fit(_contents(), MACHINE)
    check_fit(_contents(), MACHINE._replace(libc_version="2.100", python="3.14", memory_mb=0))
    check_fit(_contents(libc="musl"), MACHINE._replace(libc="musl", libc_version=""))
