"""Device profiles: what a machine at the edge has, out of `edge/devices/` or a file of the user's own."""

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from packager import refusal, resources
from packager.errors import ArtifactError, ConfigError
from packager.layout import Arch, Platform

_SUFFIX = ".toml"
_FLAG = r"^-m[\w.+=-]+$"
_VERSION = r"^\d{1,2}(\.\d{1,3}){1,2}$"
# What every system with a C library of its own has; an engine's library links to no more.
_GLIBC_LIBRARIES = (
    *("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"),
    *("libgcc_s.so.1", "libstdc++.so.6"),
    *("ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "ld-linux-armhf.so.3", "ld-linux-riscv64-lp64d.so.1"),
)


class _Profile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")
    title: str = Field(min_length=1, max_length=120)


class LinuxDevice(_Profile):
    """A machine with Linux and Python. ``memory_mb`` and ``flash_mb`` are budgets: of the model's process,
    and of the bundle as it lies unpacked."""

    kind: Literal["linux"]
    arch: Arch
    libc: Literal["glibc", "musl"]
    libc_version: str = Field(pattern=_VERSION)
    libstdcxx: str = Field("3.4.0", pattern=_VERSION)
    python: str = Field(pattern=r"^3\.(9|1\d)$")
    cores: int = Field(ge=1, le=1024)
    memory_mb: int = Field(ge=16)
    flash_mb: int = Field(ge=1)

    @property
    def told(self) -> str:
        """Its figures in a line."""
        cores = "1 core" if self.cores == 1 else f"{self.cores} cores"
        return (
            f"{self.arch}, {self.libc} {self.libc_version}, Python {self.python}, {cores}, "
            f"{self.memory_mb} MB of memory, {self.flash_mb} MB of flash"
        )

    @property
    def platform(self) -> Platform:
        """The machine, as all targets say it."""
        has_glibc = self.libc == "glibc"
        return Platform(
            arch=self.arch,
            python=self.python,
            glibc=self.libc_version if has_glibc else "0",
            glibcxx=self.libstdcxx,
            libraries=_GLIBC_LIBRARIES if has_glibc else (),
        )


class Microcontroller(_Profile):
    """A part without an operating system. ``flags`` are the compiler's; ``board`` is QEMU's name of one that
    has the same processor."""

    kind: Literal["microcontroller"]
    cpu: str
    flags: tuple[Annotated[str, Field(pattern=_FLAG)], ...]
    flash_kib: int = Field(ge=1)
    ram_kib: int = Field(ge=1)
    board: str | None = None

    @property
    def told(self) -> str:
        """Its figures in a line."""
        return f"{self.cpu}, {self.flash_kib} KiB of flash, {self.ram_kib} KiB of RAM"


Device = LinuxDevice | Microcontroller
_KINDS: dict[object, type[LinuxDevice] | type[Microcontroller]] = {
    "linux": LinuxDevice, "microcontroller": Microcontroller,
}  # fmt: skip
_EXAMPLES = {
    "libc_version": "2.36",
    "libstdcxx": "3.4.30",
    "python": "3.11 (3.9 or newer)",
    "name": "my-device",
}
_HINT = "packager targets -o json shows every field of the profiles that come with packager"


def is_file(device: object) -> bool:
    """Whether ``device`` names a profile in a file of the user's own, and none of packager's."""
    return isinstance(device, str) and device.endswith(_SUFFIX)


def names() -> tuple[str, ...]:
    """The profiles that come with packager."""
    return tuple(sorted(path.stem for path in _folder().glob(f"*{_SUFFIX}")))


def find(device: str) -> Device:
    """The profile of that name, or in that file; ConfigError says what is wrong with it."""
    path = Path(device) if is_file(device) else _folder() / f"{device}{_SUFFIX}"
    if not is_file(device) and device not in names():
        close = difflib.get_close_matches(device, names(), 1)
        raise ConfigError(
            f"there is no device {device!r}",
            f"did you mean {close[0]!r}?"
            if close
            else f"name a file of your own (my-device.toml), or one of: {', '.join(names())}",
        )
    try:
        return _checked(path, tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"the device profile {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def of_bundle(document: Mapping[str, Any], where: Path) -> LinuxDevice:
    """The profile that a bundle was built for, out of its manifest: the file it came from may be gone."""
    try:
        return LinuxDevice.model_validate({"kind": "linux", "title": document["name"], **document})
    except (ValidationError, KeyError) as error:
        raise ArtifactError(f"{where} has no device that this packager knows", "build it again") from error


def _checked(path: Path, document: dict[str, Any]) -> Device:
    kind = document.get("kind")
    if kind not in ("linux", "microcontroller"):
        wrong = "it has no 'kind'" if kind is None else f"kind is {kind!r}"
        raise ConfigError(f'{path}: {wrong}: it must be "linux" or "microcontroller"', _HINT)
    profile = _KINDS[kind]
    try:
        return profile.model_validate({"name": path.stem, **document})
    except ValidationError as error:
        raise refusal.of_settings(error, str(path), profile.model_fields, _EXAMPLES, _HINT) from error


def _folder() -> Path:
    return resources.folder("edge") / "devices"
