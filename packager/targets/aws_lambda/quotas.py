"""AWS Lambda's runtimes and limits, read from the dated tables in `data/`."""

import tomllib
from dataclasses import dataclass
from functools import cache

from packager import resources
from packager.layout import Arch, Platform


@dataclass(frozen=True, slots=True)
class Runtime:
    """One of Lambda's Python runtimes and the system that it brings."""

    name: str
    system: str
    glibc: str
    glibcxx: str
    deprecated: str
    libraries: tuple[str, ...]

    def platform(self, arch: Arch) -> Platform:
        """The machine that a function of this runtime runs on."""
        return Platform(arch, self.name.removeprefix("python"), self.glibc, self.glibcxx, self.libraries)


@dataclass(frozen=True, slots=True)
class Limits:
    """What Lambda takes; ``source`` and ``date`` say who says so, and when it was read."""

    direct_upload_bytes: int
    unzipped_bytes: int
    memory_mb: tuple[int, int]
    timeout_s: tuple[int, int]
    ephemeral_mb: tuple[int, int]
    environment_bytes: int
    mb_per_processor: int
    source: str
    date: str


@cache
def runtimes() -> dict[str, Runtime]:
    """Every runtime by its name, such as python3.13."""
    table = tomllib.loads((resources.DATA / "lambda_runtimes.toml").read_text())
    libraries = tuple(table["libraries"])
    return {name: Runtime(name=name, libraries=libraries, **row) for name, row in table["runtimes"].items()}


@cache
def default_runtime() -> str:
    """The runtime that a build takes when none is asked for."""
    name: str = tomllib.loads((resources.DATA / "lambda_runtimes.toml").read_text())["default"]
    return name


@cache
def limits() -> Limits:
    """Lambda's limits."""
    table = tomllib.loads((resources.DATA / "lambda_limits.toml").read_text())
    function = table["function"]
    return Limits(
        direct_upload_bytes=table["zip"]["direct_upload_bytes"],
        unzipped_bytes=table["zip"]["unzipped_bytes"],
        memory_mb=_range(function["memory_mb"]),
        timeout_s=_range(function["timeout_s"]),
        ephemeral_mb=_range(function["ephemeral_mb"]),
        environment_bytes=function["environment_bytes"],
        mb_per_processor=function["mb_per_processor"],
        source=table["source"],
        date=table["date"],
    )


def _range(pair: list[int]) -> tuple[int, int]:
    least, most = pair
    return least, most
