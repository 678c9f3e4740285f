"""Reads every ELF file of a folder: its processor, the versions that it asks for, its links."""

import re
from dataclasses import dataclass
from pathlib import Path

from packager.errors import PreflightError
from packager.layout import Platform

_MAGIC = b"\x7fELF"
_MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "arm64", "EM_ARM": "armv7", "EM_RISCV": "riscv64"}
_VERSION = re.compile(r"(GLIBC|GLIBCXX)_([0-9.]+)")
_EXTENSION = re.compile(r"\.cpython-(\d)(\d+)[a-z]*-")


@dataclass(frozen=True, slots=True)
class Library:
    """One ELF file: ``needs`` are (library, version) pairs such as ("libc.so.6", "GLIBC_2.28")."""

    path: str
    arch: str
    name: str
    links: tuple[str, ...]
    needs: tuple[tuple[str, str], ...]


def check(folder: Path, platform: Platform) -> tuple[Library, ...]:
    """Raise PreflightError naming every file that would not load on the platform; return what was read."""
    found = tuple(_read(path, folder) for path in _elf_files(folder))
    present = {Path(library.path).name for library in found} | {library.name for library in found}
    faults = [fault for library in found for fault in _faults(library, platform, present)]
    if faults:
        raise PreflightError(
            f"{faults[0]} ({len(faults)} such in all)" if len(faults) > 1 else faults[0],
            hint="choose another --runtime, --arch or --device, or a version of the package made for it",
            details=tuple(faults[1:20]),
        )
    return found


def _faults(library: Library, platform: Platform, present: set[str]) -> list[str]:
    if library.arch != platform.arch:
        return [f"{library.path} is for {library.arch}, and the target is {platform.arch}"]
    faults = []
    extension = _EXTENSION.search(library.path)
    if extension and f"{extension[1]}.{extension[2]}" != platform.python:
        made_for = f"{extension[1]}.{extension[2]}"
        faults.append(f"{library.path} is for Python {made_for}, and the target has {platform.python}")
    for needed, version in library.needs:
        wanted = _VERSION.fullmatch(version)
        has = {"GLIBC": platform.glibc, "GLIBCXX": platform.glibcxx}[wanted[1]] if wanted else None
        if wanted and has and _number(wanted[2]) > _number(has):
            faults.append(f"{library.path} needs {version} of {needed}, and the target has {wanted[1]}_{has}")
    missing = [name for name in library.links if name not in present and name not in platform.libraries]
    return faults + [
        f"{library.path} links to {name}, which is in neither the artifact nor the target" for name in missing
    ]


def _elf_files(folder: Path) -> list[Path]:
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            if file.read(4) == _MAGIC:
                found.append(path)
    return found


def _read(path: Path, folder: Path) -> Library:
    from elftools.common.exceptions import ELFError
    from elftools.elf.dynamic import DynamicSection
    from elftools.elf.elffile import ELFFile
    from elftools.elf.gnuversions import GNUVerNeedSection

    inside = path.relative_to(folder).as_posix()
    links: list[str] = []
    needs: list[tuple[str, str]] = []
    name = ""
    try:
        with path.open("rb") as file:
            elf = ELFFile(file)
            arch = _MACHINES.get(elf["e_machine"], str(elf["e_machine"]))
            for section in elf.iter_sections():
                if isinstance(section, DynamicSection):
                    links += [tag.needed for tag in section.iter_tags("DT_NEEDED")]
                    name = next((tag.soname for tag in section.iter_tags("DT_SONAME")), name)
                elif isinstance(section, GNUVerNeedSection):
                    needs += [
                        (need.name, aux.name) for need, entries in section.iter_versions() for aux in entries
                    ]
    except (ELFError, UnicodeDecodeError) as error:
        raise PreflightError(
            f"{inside} starts like a shared library but cannot be read as one: {error}"
        ) from error
    return Library(inside, arch, name, tuple(links), tuple(needs))


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
