"""Runs a bundle on this machine as a device would: `python -m edge …` in a child of its own."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager import tools
from packager.errors import InvokeError, VerificationError
from packager.preflight import ReadOnly
from packager.targets.edge import digests

MANIFEST, GOLDEN = "manifest.json", "golden.json"
_ANSWERED = (0, 3)
"""All rows, or all but those that were refused: these have their sentences among the answers."""
_LAST_LINES = 8
_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class Tested:
    """What the self-test of a bundle found: rows of the golden inputs, and the most memory that it held."""

    rows: int
    largest_difference: float
    peak_memory_bytes: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a bundle is asked: the rows of a file, or the one request document of another (`-`: of stdin).

    Of neither: the first of its golden inputs.
    """

    rows: Path | None = None
    request: Path | None = None

    def options(self, root: Path, scratch: Path) -> list[str]:
        """As the command line of the bundle takes it. InvokeError for a file that cannot be read."""
        given = self.rows or self.request
        if given is None:
            inputs = json.loads((root / GOLDEN).read_text(encoding="utf-8"))["cases"][0]["inputs"]
            given = scratch / "request.json"
            given.write_text(json.dumps({"inputs": inputs}), encoding="utf-8")
        elif str(given) != "-" and not given.is_file():
            raise InvokeError(f"there is no file {given}", "name rows with --input, a request with --event")
        form = [] if self.rows else ["--format", "json"]
        return [*form, "--", "-" if str(given) == "-" else str(given.resolve())]


def selftest(root: Path, python: Path, library: Path | None) -> Tested:
    """The bundle's own proof, in a folder that cannot be written to. VerificationError says what it lacks."""
    with _runnable(root, library) as place:
        command = [str(python), "-B", "-m", "edge", "selftest", "--json"]
        done = ReadOnly()(command, place, _ENVIRONMENT)
        if done.returncode == 0:
            _check_updater(place, python)
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


def _check_updater(place: Path, python: Path) -> None:
    """A bundle whose updater does not run would be the last one of its device."""
    done = ReadOnly()([str(python), "-B", "-m", "edge.update", "check"], place, _ENVIRONMENT)
    if done.returncode != 0:
        lines = tuple((done.stderr or "").strip().splitlines()[-_LAST_LINES:])
        raise VerificationError("the bundle's updater does not run", None, lines)


def predict(root: Path, python: Path, library: Path | None, asked: Asked) -> Iterator[str]:
    """The answers of `python -m edge predict`, line by line as they come; its other words go to stderr."""
    with _runnable(root, library) as place, tempfile.TemporaryDirectory(prefix="packager-rows-") as scratch:
        command = [str(python), "-B", "-m", "edge", "predict", *asked.options(root, Path(scratch))]
        env, pipe = _ENVIRONMENT, subprocess.PIPE
        with subprocess.Popen(command, cwd=place, env=env, stdout=pipe, text=True, encoding="utf-8") as child:
            try:
                yield from child.stdout or ()
            except BaseException:  # nobody reads on
                child.terminate()
                raise
    if child.returncode not in _ANSWERED:
        raise InvokeError(f"the bundle ended with code {child.returncode}", "its own words stand above")


@contextmanager
def _runnable(root: Path, library: Path | None) -> Iterator[Path]:
    """The bundle itself, or for another processor the same files beneath a manifest that is for this one,
    with ``library`` as its engine: a bundle takes no other processor, and no file that it cannot verify."""
    if _is_for_here(root):
        yield root.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="packager-device-") as scratch:
        place = Path(scratch, "bundle")
        document = _manifest(root)
        instead = {document["engine"]["library"]: library} if library else {}
        for source in filter(Path.is_file, root.resolve().rglob("*")):
            name = source.relative_to(root.resolve()).as_posix()
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name != MANIFEST:
                path.symlink_to(instead.get(name, source))
        (place / MANIFEST).write_text(json.dumps(_for_here(document, instead)), encoding="utf-8")
        yield place


def _is_for_here(root: Path) -> bool:
    return bool(_manifest(root)["device"]["arch"] == tools.host_arch())


def _for_here(document: dict[str, Any], instead: Mapping[str, Path]) -> Mapping[str, Any]:
    device = {**document["device"], "arch": tools.host_arch()}
    entries = {name: digests.entry_of(path.read_bytes()) for name, path in instead.items()}
    return {**document, "device": device, "files": {**document["files"], **entries}}


def _manifest(root: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    return document
