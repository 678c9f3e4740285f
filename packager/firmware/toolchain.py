"""Compiles and links C for a Cortex-M part, and says how much each kind of section takes."""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from packager import child, resources
from packager.errors import ConfigError, ToolError
from packager.results import Sections
from packager.targets.edge.profile import Microcontroller

COMPILER = "arm-none-eabi-gcc"
PACKAGES = "gcc-arm-none-eabi libnewlib-arm-none-eabi"
_OPTIONS = (
    *("-std=c99", "-Wall", "-Wextra", "-Os", "-ffunction-sections", "-fdata-sections"),
    *("-ffp-contract=off", "-fno-math-errno", "-fno-common"),
)
_LINKING = ("-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections")
_LIMIT_S = 300
_OVERFLOW = re.compile(r"overflowed by (\d+) bytes")
_REFUSED_FLAG = re.compile(r"^(cc1|arm-none-eabi-gcc): error: ")
_KINDS = {".vectors": "text", ".text": "text", ".ARM.extab": "rodata", ".ARM.exidx": "rodata"}


@dataclass(frozen=True, slots=True)
class Memory:
    """What a firmware is linked into."""

    flash_bytes: int
    ram_bytes: int
    stack_bytes: int


class _Done(NamedTuple):
    well: bool
    said: str


@dataclass(frozen=True, slots=True)
class Toolchain:
    """The cross compiler with one part's flags; everything is made in ``folder``."""

    compiler: Path
    profile: Microcontroller
    folder: Path

    @property
    def version(self) -> str:
        """As it says it itself."""
        return f"{COMPILER} {self._run(['-dumpfullversion']).said.strip()}"

    def compile(self, source: str) -> str:
        """The object file of a source in the folder, or of one of the board's."""
        made = f"{Path(source).stem}.o"
        own = self.folder / source
        path = own if own.exists() else board_files() / source
        done = self._run([*_OPTIONS, f"-I{board_files()}", "-I.", "-c", str(path), "-o", made])
        if not done.well:
            raise self._refused(source, done.said)
        return made

    def link(self, firmware: str, objects: Sequence[str], memory: Memory, keep: str | None = None) -> bool:
        """Link ``objects`` into ``firmware``; whether the memory was enough, by the linker's own word.

        ``keep``: a function that stays although nothing calls it.
        """
        sizes = {"FLASH": memory.flash_bytes, "RAM": memory.ram_bytes, "STACK": memory.stack_bytes}
        options = [f"-Wl,--defsym={name}_BYTES={size}" for name, size in sizes.items()]
        kept = [f"-Wl,--undefined={keep}"] if keep else []
        script = ["-T", str(board_files() / "part.ld")]
        done = self._run([*_LINKING, *script, *options, *kept, *objects, "-lm", "-o", firmware])
        if not done.well and not _OVERFLOW.search(done.said):
            raise self._refused(firmware, done.said)
        return done.well

    def sections(self, firmware: str) -> Sections:
        """What a linked firmware takes, by kind of section; the stack is no part of it."""
        from elftools.elf.elffile import ELFFile

        sizes = dict.fromkeys(("text", "rodata", "data", "bss"), 0)
        with (self.folder / firmware).open("rb") as file:
            for section in ELFFile(file).iter_sections():
                kind = _KINDS.get(section.name, section.name.lstrip("."))
                if kind in sizes:
                    sizes[kind] += section["sh_size"]
        return Sections(**sizes)

    def _run(self, arguments: Sequence[str]) -> "_Done":
        log = self.folder / "compiler.log"
        command = [str(self.compiler), *self.profile.flags, *arguments]
        ended = child.run(command, self.folder, _environment(), log, _LIMIT_S, child.memory_here_mb())
        if ended.limit is not None:
            raise ToolError(
                f"{COMPILER} was stopped: it takes more than {_LIMIT_S} s, or more memory than is free",
                "build a smaller model: packager optimize",
            )
        return _Done(ended.returncode == 0, log.read_text(encoding="utf-8", errors="replace"))

    def _refused(self, what: str, said: str) -> ToolError | ConfigError:
        lines = tuple(said.strip().splitlines()[:6])
        flags = " ".join(self.profile.flags)
        if "nano.specs" in said or "string.h: No such file" in said or "math.h: No such file" in said:
            return ToolError(f"{COMPILER} has no C library", f"Debian: apt-get install {PACKAGES}", lines)
        if any(_REFUSED_FLAG.match(line) for line in lines):
            return ConfigError(
                f"{COMPILER} refuses the flags of {self.profile.name}, {flags}: {_reason(lines)}",
                "correct `flags` in the device's profile",
            )
        return ToolError(f"{COMPILER} {flags} cannot make {what}: {_reason(lines)}", None, lines)


def find() -> Path | None:
    """The cross compiler, where this machine has one."""
    found = shutil.which(COMPILER)
    return Path(found) if found else None


def board_files() -> Path:
    """Where startup code, linker script and the ends of the rows lie."""
    return resources.folder("templates") / "firmware" / "board"


def _environment() -> Mapping[str, str]:
    kept = ("PATH", "TMPDIR")
    return {"LC_ALL": "C", **{name: os.environ[name] for name in kept if name in os.environ}}


def _reason(lines: Sequence[str]) -> str:
    said = next((line for line in lines if "error:" in line), lines[0] if lines else "it does not say why")
    return said.partition("error:")[2].strip() or said
