"""Runs a bundle on this machine as a device would: `python -m edge …` in a child of its own."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from packager import tools
from packager.errors import InvokeError, VerificationError
from packager.preflight import ReadOnly

MANIFEST = "manifest.json"
_ANSWERED = (0, 3)
"""All rows, or all but those that were refused: these have their sentences among the answers."""
_LAST_LINES = 8


@dataclass(frozen=True, slots=True)
class Tested:
    """What the self-test of a bundle found: rows of the golden inputs, and the most memory that it held."""

    rows: int
    largest_difference: float
    peak_memory_bytes: int


def selftest(root: Path, python: Path, library: Path | None) -> Tested:
    """The bundle's own proof, in a folder that cannot be written to. VerificationError says what it lacks."""
    with _runnable(root) as place:
        command = [str(python), "-B", "-m", "edge", "selftest", "--json"]
        done = ReadOnly()(command, place, _environment(library))
    lines = tuple((done.stderr or "").strip().splitlines()[-_LAST_LINES:])
    try:
        document = json.loads(done.stdout)
    except ValueError:
        raise VerificationError(
            f"the bundle's self-test ended with code {done.returncode} and no answer", None, lines
        ) from None
    if done.returncode != 0 or not document.get("ok"):
        said = document.get("error", {}).get("message") or "; ".join(document.get("differences", ()))
        raise VerificationError(f"the bundle fails its own self-test: {said}", None, lines)
    peak_bytes = document["peak_memory_bytes"]
    if peak_bytes is None:
        raise VerificationError("this machine does not say how much memory the bundle's self-test took")
    return Tested(document["rows"], document["largest_difference"], peak_bytes)


def predict(
    root: Path,
    python: Path,
    library: Path | None,
    options: Sequence[str],
    rows: IO[bytes] | None,
    to: IO[bytes],
) -> None:
    """`python -m edge predict`: answers go to ``to`` as they come, sentences to this process's stderr."""
    with _runnable(root) as place:
        command = [str(python), "-B", "-m", "edge", "predict", *options]
        done = subprocess.run(
            command,
            cwd=place,
            env=_environment(library),
            stdin=rows or subprocess.DEVNULL,
            stdout=to,
            check=False,
        )
    if done.returncode not in _ANSWERED:
        raise InvokeError(f"the bundle ended with code {done.returncode}", "its own words stand above")


def _environment(library: Path | None) -> dict[str, str]:
    return {"LC_ALL": "C.UTF-8", **({"ENGINE_LIBRARY": str(library)} if library else {})}


@contextmanager
def _runnable(root: Path) -> Iterator[Path]:
    """The bundle itself, or for another processor the same files beneath a manifest that is for this one: a
    bundle refuses a processor that it was not built for."""
    if _is_for_here(root):
        yield root.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="packager-device-") as scratch:
        place = Path(scratch, "bundle")
        place.mkdir()
        for path in root.resolve().iterdir():
            if path.name != MANIFEST:
                (place / path.name).symlink_to(path)
        (place / MANIFEST).write_text(json.dumps(_for_here(root)), encoding="utf-8")
        yield place


def _is_for_here(root: Path) -> bool:
    return bool(_manifest(root)["device"]["arch"] == tools.host_arch())


def _for_here(root: Path) -> Mapping[str, Any]:
    document = _manifest(root)
    return {**document, "device": {**document["device"], "arch": tools.host_arch()}}


def _manifest(root: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    return document
