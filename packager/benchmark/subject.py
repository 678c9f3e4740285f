"""What is measured: an artifact, or any function's folder or zip, as a function that can be started here."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packager import assembly, evidence, interpreters, source_files, tools
from packager.benchmark import answers
from packager.bundle.archive import pack
from packager.errors import ArtifactError, BenchmarkError, ToolError
from packager.invoke import events
from packager.invoke.interpreter import interpreter_for
from packager.invoke.template import HANDLER, read_function
from packager.layout import IncludedFile, files_in
from packager.runtime_api import Function
from packager.sizes.reading import unpack

DEFAULT_PYTHON = "3.13"
Check = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Subject:
    """A function that can be started, the event for it, and what its answers are held to.

    ``check`` judges the first answer, and raises BenchmarkError; every other one must be equal to the first.
    """

    name: str
    path: Path
    function: Function
    event: bytes
    check: Check
    engine: str | None
    archive_bytes: int
    unzipped_bytes: int
    model_bytes: int
    golden: answers.Golden | None = None
    archive_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """How a function is to be run that packager did not make; an artifact says it all itself."""

    handler: str | None = None
    python: str = DEFAULT_PYTHON
    event: Path | None = None


def open_subject(path: Path, asked: Asked, scratch: Path, say: tools.Progress) -> Subject:
    """What lies there: ``dist/NAME/lambda`` or its function folder; with a handler any folder or zip."""
    artifact = _artifact_of(path)
    if artifact is not None:
        return _artifact(path, artifact, asked.event, say)
    if (path / "bundle" / "manifest.json").is_file():
        raise ArtifactError(
            f"{path} is a bundle for a device, and this measures functions",
            "`python3 -m edge benchmark` in its bundle measures it: on the device itself, best",
        )
    if (path / "job" / "manifest.json").is_file():
        raise ArtifactError(
            f"{path} is a batch job, and this measures functions",
            "`packager invoke ARTIFACT --input FILES -o json` gives its rows/s, CPU and memory",
        )
    if asked.handler is None and not (path / "manifest.json").is_file():
        raise ArtifactError(
            f"{path} is not an artifact of packager, so its handler is not known"
            if path.exists()
            else f"there is nothing at {path}",
            "name dist/NAME/lambda, or say --handler module.function" if path.exists() else "check the path",
        )
    return _foreign(path, asked, scratch, say)


def check_alike(body: bytes) -> None:
    """What a foreign function's first answer is held to; each later one must be equal to it."""
    answers.demand_no_error(body)


def _artifact_of(path: Path) -> Path | None:
    """The artifact's own folder, of which the function's folder or zip may be named."""
    candidates = (path, path.parent) if path.name in ("function", "function.zip") else (path,)
    return next((folder for folder in candidates if _is_artifact(folder)), None)


def _is_artifact(folder: Path) -> bool:
    return (folder / "template.yaml").is_file() and (folder / "function" / "manifest.json").is_file()


def _artifact(path: Path, artifact: Path, event: Path | None, say: tools.Progress) -> Subject:
    described = read_function(artifact)
    if described.arch != tools.host_arch():
        raise ToolError(
            f"the artifact is for {described.arch} and this machine is {tools.host_arch()}",
            f"build it with --arch {tools.host_arch()} to measure it here",
        )
    python = interpreter_for(described)
    manifest = assembly.read_manifest(described.folder)
    client = tools.interface_client(python, say)
    function = Function(
        described.folder,
        described.handler,
        python,
        client,
        described.environment,
        name=str(manifest["name"]),
    )
    subject = Subject(
        name=str(manifest["name"]),
        path=path,
        function=function,
        event=_event(events.read_event(artifact, event)),
        check=check_alike,
        engine=_engine(manifest),
        archive_bytes=(artifact / "function.zip").stat().st_size,
        unzipped_bytes=sum(file.size_bytes for file in files_in(described.folder)),
        model_bytes=int(manifest["model"]["size_bytes"]),
        archive_sha256=source_files.sha256_of(artifact / "function.zip"),
    )
    if event is not None:
        return subject
    golden = answers.read_golden(artifact, manifest, evidence.read(artifact).tolerance)
    return replace(subject, golden=golden, check=lambda body: answers.check(body, golden))


def _foreign(path: Path, asked: Asked, scratch: Path, say: tools.Progress) -> Subject:
    if asked.event is None:
        raise BenchmarkError(f"no event is known for {path}", "give one: --event FILE")
    folder = path.resolve() if path.is_dir() else _unpacked(path, scratch)
    files = files_in(folder)
    found = interpreters.find(asked.python)
    if found is None:
        raise ToolError(
            f"no Python {asked.python} is on this machine", f"uv python install {asked.python}, or --python"
        )
    client = tools.interface_client(found.path, say)
    return Subject(
        name=path.resolve().name,
        path=path,
        function=Function(folder, asked.handler or HANDLER, found.path, client, name=path.resolve().name),
        event=_event(events.read_event(path, asked.event)),
        check=check_alike,
        engine=_engine(_read_json(folder / "manifest.json")),
        archive_bytes=zipped_bytes(files) if path.is_dir() else path.stat().st_size,
        unzipped_bytes=sum(file.size_bytes for file in files),
        model_bytes=0,
        archive_sha256=None if path.is_dir() else source_files.sha256_of(path),
    )


def zipped_bytes(files: tuple[IncludedFile, ...]) -> int:
    """What a zip of these files takes, packed as packager packs."""
    with tempfile.TemporaryDirectory(prefix="packager-bench-") as scratch:
        archive = Path(scratch) / "function.zip"
        pack("zip", files, archive)
        return archive.stat().st_size


def _event(document: object) -> bytes:
    return json.dumps(document).encode()


def _engine(manifest: dict[str, Any]) -> str | None:
    engine = manifest.get("engine")
    return f"{engine.get('kind')} {engine.get('version')}" if isinstance(engine, dict) else None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _unpacked(archive: Path, scratch: Path) -> Path:
    """The zip's files in a folder of their own, with their dates: byte-code is bound to its source's."""
    dest = Path(tempfile.mkdtemp(prefix="function-", dir=scratch))
    unpack(archive, dest)
    return dest
