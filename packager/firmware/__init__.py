"""Models as C for a microcontroller: generated, measured for the part, and asked on an emulated board."""

from packager.firmware.board import Checked, check
from packager.firmware.generate import Generated, generate
from packager.firmware.proof import answers, run_tests

__all__ = ["Checked", "Generated", "answers", "check", "generate", "run_tests"]
