"""Models as C for a microcontroller: generated, measured for the part, and asked on an emulated board."""

from packager.firmware.board import Checked, check
from packager.firmware.fit import with_arena
from packager.firmware.generate import Generated, Precision, generate, precisions
from packager.firmware.naming import prefix_of
from packager.firmware.proof import answers, is_near_between, run_tests
from packager.firmware.tflm import Micro
from packager.firmware.tflm import run as run_tflm
from packager.firmware.tflm_files import write as tflm_files

__all__ = [
    "Checked", "Generated", "Micro", "Precision", "answers", "check", "generate", "is_near_between",
    "precisions", "prefix_of", "run_tests", "run_tflm", "tflm_files", "with_arena",
]  # fmt: skip
