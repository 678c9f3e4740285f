"""The environments of a batch job and of what it is measured against: made by uv once, kept in the cache."""

import hashlib
from pathlib import Path

from packager import cache, installed, interpreters
from packager.errors import ToolError
from packager.tools import Progress
from packager.uv_program import run as uv

_SHARED = ("numpy", "onnxruntime", "pandas", "pyarrow")
"""In the versions that this environment has, so that only the way differs."""
PACKAGES = {"polars": "polars==2.1.0", "ray": "ray[data]==2.60.0", "spark": "pyspark==4.3.0"}


def of_tool(name: str, say: Progress) -> Path:
    """The interpreter of an environment that holds a tool, and what all ways share."""
    wanted = (PACKAGES[name], *(f"{shared}=={installed.version(shared)}" for shared in _SHARED))
    return _made(name, wanted, "".join(wanted).encode(), say)


def of_job(job: Path, say: Progress) -> Path:
    """The interpreter of an environment that holds what the job asks for, and no more."""
    wanted = job / "requirements.txt"
    return _made("job", ("--require-hashes", "--requirement", str(wanted)), wanted.read_bytes(), say)


def versions() -> list[str]:
    """What all are, for the page."""
    others = [requirement.replace("==", " ") for requirement in PACKAGES.values()]
    return [f"{name} {installed.version(name)}" for name in ("scikit-learn", *_SHARED)] + others


def _made(name: str, wanted: tuple[str, ...], made_of: bytes, say: Progress) -> Path:
    python = interpreters.own()

    def make(dest: Path) -> None:
        say(f"making the environment of {name} (once; the cache keeps it)")
        _uv("venv", "--quiet", "--relocatable", "--python", str(python.path), str(dest))
        target = ("--python", str(dest / "bin" / "python"))
        _uv("pip", "install", "--quiet", "--compile-bytecode", *target, *wanted)

    digest = hashlib.sha256(made_of).hexdigest()[:12]
    return cache.entry(f"environments/batch-{name}-{python.version}-{digest}", make) / "bin" / "python"


def _uv(*arguments: str) -> None:
    done = uv(arguments)
    if done.returncode:
        raise ToolError(f"uv {arguments[0]} failed", details=done.last())
