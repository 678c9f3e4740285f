"""What the tests of firmware need of the machine: skipped where it is missing, but never in CI."""

import platform

from packager.firmware import toolchain
from packager.firmware.board import EMULATOR
from tests.devices.presence import NotHereError, need_programs, skip_or_fail


def cross_compiler() -> None:
    _need(toolchain.COMPILER, package=toolchain.PACKAGES)


def board() -> None:
    """The compiler and the emulator."""
    cross_compiler()
    _need(EMULATOR, package=EMULATOR)


def micro_interpreter() -> None:
    """TFLite Micro's, which is published for one processor."""
    if platform.machine() != "x86_64":
        skip_or_fail(NotHereError("tflite-micro is published for x86_64 alone"))


def _need(program: str, package: str) -> None:
    try:
        need_programs(program, package=package)
    except NotHereError as error:
        skip_or_fail(error)
