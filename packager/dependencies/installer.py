"""Installs wheels for another platform with uv, and turns uv's refusals into a sentence."""

import re
import sys
from pathlib import Path

from packager import cache, uv_program
from packager.errors import DependencyError
from packager.layout import Platform
from packager.uv_program import Done

# The glibc versions that uv has a platform for; a target gets the newest that it has.
_GLIBC_PLATFORMS = (40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 28, 17)
_COMMON_PLATFORMS = ("x86_64-manylinux_2_40", "aarch64-manylinux_2_40", "macos", "windows")
_COMMON_PYTHONS = ("3.14", "3.13", "3.12", "3.11", "3.10", "3.9")
_NO_WHEEL = (
    re.compile(r"Because ([\w.-]+)==(\S+) has no (?:usable )?wheels"),
    re.compile(r"Because all versions of ([\w.-]+)() have no (?:usable )?wheels"),
)
_HAS = re.compile(
    r"(?:Wheels are available for|we only found wheels for) `[^`]+` \(v([^)]+)\) (?:on|with) (.+)"
)
_NO_NETWORK = re.compile(r"dns error|error sending request|network was disabled|connect|timed out|tls", re.I)


def install(lock: Path, platform: Platform, dest: Path, what: str) -> None:
    """Put the wheels of ``lock`` (exact versions with hashes) for ``platform`` into ``dest``.

    Nothing is built and no code of the wheels runs; ``what`` names them in an error.
    """
    options = [
        "--target", str(dest), "--python", sys.executable, "--only-binary", ":all:", "--no-deps",
        "--python-version", platform.python, "--python-platform", wheel_platform(platform),
        "--link-mode", "copy", "--no-progress", "--color", "never", "--quiet",
    ]  # fmt: skip
    done = uv_program.run(["pip", "install", *options, "--require-hashes", "--requirement", str(lock)])
    if done.returncode != 0:
        raise refusal(what, platform, done)


def wheel_platform(platform: Platform) -> str:
    """uv's name of the platform: wheels tagged for this glibc or an older one."""
    minor = int(platform.glibc.partition(".")[2])
    newest = next((known for known in _GLIBC_PLATFORMS if known <= minor), None)
    if newest is None:
        raise DependencyError(
            f"glibc {platform.glibc} of the target is older than any wheel is made for (2.17)"
        )
    return f"{platform.machine}-manylinux_2_{newest}"


def refusal(what: str, platform: Platform, done: Done) -> DependencyError:
    """The error for what uv said: no such wheel, no network, no space, or its own words."""
    text = " ".join(done.said.split())
    target = f"{platform.machine} with glibc {platform.glibc} and Python {platform.python}"
    if done.disk_is_full:
        return DependencyError(
            f"{what} could not be unpacked: the disk of {cache.root()} is full", done.way_on
        )
    for pattern in _NO_WHEEL:
        missing = pattern.search(text)
        if missing:
            return _no_wheel(missing[1], missing[2], target, text)
    if _NO_NETWORK.search(text):
        return DependencyError(
            f"{what} is not in the cache and could not be fetched: the package index does not answer",
            hint=done.way_on or "connect once: later builds take it from the cache",
            details=done.last(),
        )
    return DependencyError(f"{what} could not be fetched for {target}", details=done.last())


def _no_wheel(package: str, version: str, target: str, text: str) -> DependencyError:
    """uv names the package and mostly what its wheels are for; else uv is asked about other platforms."""
    has = _HAS.search(text)
    found = re.findall(r"`([^`]+)`", has[2]) if has else _platforms_with(package, version)
    shown = f"it has wheels for: {', '.join(found)}" if found else "it has no wheels at all, only its source"
    return DependencyError(
        " ".join((package, version or (has[1] if has else ""))).strip() + f" has no wheel for {target}",
        hint="choose another --arch or --runtime, or a version of the package that has such a wheel",
        details=(shown,),
    )


def _platforms_with(package: str, version: str) -> list[str]:
    """Try the common platforms without installing anything."""
    wanted = f"{package}=={version}" if version else package
    found = []
    for name in _COMMON_PLATFORMS:
        for python in _COMMON_PYTHONS:
            attempt = ["pip", "install", "--dry-run", "--quiet", "--no-deps", "--only-binary", ":all:"]
            where = ["--target", str(cache.root() / "nowhere"), "--python", sys.executable]
            asked = ["--python-platform", name, "--python-version", python, wanted]
            if uv_program.run([*attempt, *where, *asked]).returncode == 0:
                found.append(f"{name} (Python {python})")
                break  # the newest Python says enough
    return found
