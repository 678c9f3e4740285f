"""Asks a model in C on an emulated board of the part's processor, and whether it fits the part."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from packager import child
from packager.errors import ConfigError, ToolError, VerificationError
from packager.firmware import fit, rows, toolchain
from packager.firmware.toolchain import Memory, Toolchain
from packager.model import Signature
from packager.probe import Answers, Case
from packager.results import Footprint
from packager.targets.edge.profile import Microcontroller

EMULATOR = "qemu-system-arm"
_LIMIT_S, _MEMORY_MB = 240, 1024
_MIB = 1 << 20
BOARDS = {
    "microbit": Memory(256 << 10, 16 << 10, 6 << 10),
    "mps2-an385": Memory(4 * _MIB, 4 * _MIB, 256 << 10),
    "mps2-an386": Memory(4 * _MIB, 4 * _MIB, 256 << 10),
    "mps2-an500": Memory(4 * _MIB, 4 * _MIB, 256 << 10),
}
"""Boards of QEMU with flash at 0 and RAM at 0x20000000, and how much of that is stack while rows are asked
for their answers."""
_FAULTED = 9
_FAMILY = "cortex-m"
_NOT_OURS = (
    "{part} has a {cpu}, and packager links for Cortex-M alone: whether it fits, and what it answers there, "
    "was not shown"
)


class Source(Protocol):
    """What the generator of C gives (`docs/contracts.md`)."""

    @property
    def name(self) -> str:
        """Of the files and functions."""

    @property
    def header(self) -> str:
        """The text of NAME.h."""

    @property
    def source(self) -> str:
        """The text of NAME.c."""

    @property
    def rows_source(self) -> str:
        """The program that answers rows."""

    @property
    def signature(self) -> Signature:
        """What the C function takes and gives."""

    @property
    def scratch_bytes(self) -> int:
        """What a caller has to lend the function."""

    @property
    def has_trees(self) -> bool:
        """Whether trees are what it is made of."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was shown of a part: ``answers`` are those of the emulated board. ``not_shown`` says plainly what
    was not, why, and how to have it."""

    footprint: Footprint | None
    answers: Answers | None
    not_shown: tuple[str, ...]


def check(generated: Source, profile: Microcontroller, cases: Sequence[Case]) -> Checked:
    """Compile for the part, let an emulated board answer every row, and link it with the part's sizes.

    Raises SizeLimitError where it does not fit. Whether the answers are right is the caller's to compare.
    """
    if profile.board is not None and profile.board not in BOARDS:
        raise ConfigError(
            f"the profile {profile.name} names the board {profile.board!r}, which packager does not know",
            f"one of: {', '.join(BOARDS)}; or leave `board` out",
        )
    if not profile.cpu.startswith(_FAMILY):
        return Checked(None, None, (_NOT_OURS.format(part=profile.name, cpu=profile.cpu),))
    compiler = toolchain.find()
    if compiler is None:
        return Checked(None, None, (_no_compiler(profile),))
    with tempfile.TemporaryDirectory(prefix="packager-board-") as scratch:
        chain = Toolchain(compiler, profile, Path(scratch))
        _write(generated, chain.folder)
        model = chain.compile(f"{generated.name}.c")
        answers, stack_bytes, missing = _asked(chain, model, generated, cases)
        needs = fit.Needs(
            function=f"{generated.name}_predict",
            stack_bytes=stack_bytes,
            row_bytes=rows.row_bytes(generated.signature) + rows.answer_bytes(generated.signature),
            scratch_bytes=generated.scratch_bytes,
            has_trees=generated.has_trees,
        )
        board = profile.board if answers is not None else None
        return Checked(fit.check(chain, model, needs, board), answers, missing)


def _write(generated: Source, folder: Path) -> None:
    name = generated.name
    texts = {
        f"{name}.h": generated.header,
        f"{name}.c": generated.source,
        f"{name}_rows.c": generated.rows_source,
    }
    for path, text in texts.items():
        (folder / path).write_text(text, encoding="utf-8")


def _asked(
    chain: Toolchain, model: str, generated: Source, cases: Sequence[Case]
) -> tuple[Answers | None, int | None, tuple[str, ...]]:
    """The board's answers and the stack's depth; or why there are none."""
    emulator, board = shutil.which(EMULATOR), chain.profile.board
    if board is None:
        return None, None, (f"{chain.profile.name} names no board to emulate: {_NOT_ASKED}",)
    if emulator is None:
        return None, None, (f"no {EMULATOR} is on this machine: {_NOT_ASKED} ({_GET_EMULATOR})",)
    objects = [chain.compile(part) for part in ("startup.c", "rows_board.c", f"{generated.name}_rows.c")]
    if not chain.link("rows.elf", [*objects, model], BOARDS[board]):
        return None, None, (f"it is too large for the emulated board {board}: {_NOT_ASKED}",)
    (chain.folder / "rows.bin").write_bytes(rows.encode(cases, generated.signature))
    _emulate(emulator, board, chain.folder)
    written = (chain.folder / "answers.bin").read_bytes()
    stack_bytes = int.from_bytes((chain.folder / "stack.bin").read_bytes(), "little")
    return rows.decode(written, cases, generated.signature), stack_bytes, ()


_NOT_ASKED = "its answers there were not compared, and the depth of its stack was not measured"
_GET_EMULATOR = "Debian: apt-get install qemu-system-arm"


def _no_compiler(profile: Microcontroller) -> str:
    return (
        f"no {toolchain.COMPILER} is on this machine: whether it fits {profile.name}, and what it "
        f"answers there, was not shown (Debian: apt-get install {toolchain.PACKAGES} qemu-system-arm)"
    )


def _emulate(emulator: str, board: str, folder: Path) -> None:
    """Run the firmware to its end: it reads and writes files of ``folder`` by semihosting."""
    command = [
        emulator, "-M", board, "-nographic", "-monitor", "none", "-serial", "none",
        "-semihosting-config", "enable=on,target=native", "-kernel", "rows.elf",
    ]  # fmt: skip
    log = folder / "emulator.log"
    environment = {"PATH": os.environ.get("PATH", os.defpath)}
    ended = child.run(command, folder, environment, log, _LIMIT_S, _MEMORY_MB)
    said = child.last_lines(log)
    if ended.limit is not None:
        raise ToolError(
            f"the emulated {board} was stopped after {_LIMIT_S} s or {_MEMORY_MB} MB",
            "give fewer --rows",
            said,
        )
    if ended.returncode == _FAULTED:
        raise VerificationError(
            f"the model faults on the emulated {board}, as it would on the part", None, said
        )
    if ended.returncode != 0 or not (folder / "stack.bin").exists():
        raise ToolError(f"the emulated {board} ended with code {ended.returncode} and no answer", None, said)
