"""Joins a converted model with what ships for a target's platform, and finds what can run it here."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from packager import dependencies, interpreters, probe, row_by_row, serving, tools, trimming, verify
from packager.config import Configuration
from packager.conversion import Conversion
from packager.layout import IncludedFile, Layout, Parts, Platform
from packager.manifest import canonical_json, manifest_json
from packager.results import TrimmedRule
from packager.targets import Target
from packager.targets.batch.target import Batch
from packager.targets.edge import profile
from packager.targets.edge.target import Edge

SOURCES_SHIP = (
    "no Python {python} is on this machine, so sources ship instead of byte-code, and every cold start "
    "compiles them: it takes two to four times as long (`uv python install {python}`, then build again)"
)
SOURCES_ALONE = (
    "no Python {python} is on this machine, so the bundle has sources alone: the device compiles them, at "
    "every start where it cannot write beside them (`uv python install {python}`, then build again)"
)
JOB_SOURCES_ALONE = (
    "no Python {python} is on this machine, so the job has sources alone, and each start compiles them where "
    "it cannot write beside them (`uv python install {python}`, then build again)"
)
MIXES_ROWS = (
    "the model takes one range of 8 bits for all rows of a run: a job answers a row otherwise than a "
    "function that is asked for it alone"
)


@dataclass(frozen=True, slots=True)
class Here:
    """What runs an artifact's code here: its root, a Python, and for a foreign processor a library."""

    root: Path
    python: Path
    library: Path | None
    engine: str


@dataclass(frozen=True, slots=True)
class Assembly:
    """An artifact described, not yet written, with what became of each rule of trimming."""

    layout: Layout
    notes: tuple[str, ...]
    trimmed: tuple[TrimmedRule, ...]
    engine: str


def assemble(
    target: Target, converted: Conversion, configuration: Configuration, say: tools.Progress
) -> Assembly:
    """Gather everything that ships for the target's platform; long fetches tell ``say``.

    What no answer needs is left out, by the declared rules of trimming and the configuration's own.
    """
    platform, name, trim = target.platform, configuration.name, configuration.trim
    served = serving.serve(target, converted, configuration.engine_version, configuration.favour)
    files = dependencies.engine_files(served.engine, platform, say)
    python = interpreters.find(platform.python)
    parts = Parts(
        name=name,
        model=served.model,
        manifest_json=manifest_json(name, served.model, converted.source, served.described),
        golden_json=canonical_json(probe.golden_document(converted.reference)),
        runtime=_own_code(target, python, converted),
        packages=_packages(target, python, say),
        library=files.library,
        library_dest=files.dest,
        licences=files.licences,
        library_glibc=files.glibc,
        tolerance=_tolerance(converted, configuration),
    )
    if target.own_code == "beside":
        notes = tuple(_notes_beside(target, python is not None, converted))
        return Assembly(target.layout(parts), notes, (), served.told)
    notes = () if python else (SOURCES_SHIP.format(python=platform.python),)
    layout, trimmed = trimming.lay_out(target, parts, trim, _library_here(served.engine, platform), say)
    return Assembly(layout, (*notes, *_trimming_notes(trimmed, trim)), trimmed, served.told)


def _notes_beside(target: Target, has_python: bool, converted: Conversion) -> Iterator[str]:
    """What is to be known of a bundle or a job."""
    if not has_python:
        said = JOB_SOURCES_ALONE if isinstance(target, Batch) else SOURCES_ALONE
        yield said.format(python=target.platform.python)
    if isinstance(target, Batch) and row_by_row.mixes_rows(converted.model):
        yield MIXES_ROWS


def _own_code(
    target: Target, python: interpreters.Interpreter | None, converted: Conversion
) -> tuple[IncludedFile, ...]:
    if isinstance(target, Batch):
        return dependencies.job_files(target.rooms, python, converted.model)
    if target.own_code == "beside":
        return dependencies.device_files(python)
    return dependencies.runtime_files(target.rooms, python, converted.model)


def _packages(
    target: Target, python: interpreters.Interpreter | None, say: tools.Progress
) -> tuple[IncludedFile, ...]:
    if target.lock is None:
        return ()
    if target.own_code == "beside":
        return dependencies.install_pure(target.lock, target.platform.python, say)
    return dependencies.install(target.lock, target.platform, python, say)


def _tolerance(converted: Conversion, configuration: Configuration) -> dict[str, dict[str, float]]:
    cases, signature = probe.read_cases(converted.reference), converted.model.signature
    found = verify.tolerances(signature, cases, configuration.tolerance)
    return {name: asdict(bounds) for name, bounds in found.items()}


def _library_here(engine: dependencies.Engine, platform: Platform) -> Path | None:
    """This machine's library of the engine, where the target has another processor."""
    if platform.arch == tools.host_arch():
        return None
    return dependencies.engine_files(engine, replace(platform, arch=tools.host_arch())).library


def _platform(target: Target, manifest: dict[str, Any], root: Path) -> Platform:
    if isinstance(target, Edge):
        return profile.of_bundle(manifest["device"], root).platform
    return target.platform


def _trimming_notes(trimmed: Sequence[TrimmedRule], own: Sequence[trimming.Rule]) -> Iterator[str]:
    """What did not go as declared: a rule that changes an answer, one of the user's that names nothing."""
    for record in trimmed:
        if record.undone is not None:
            yield (
                f"trimming: the rule {record.rule!r} was undone, so its {record.files} files ship: "
                f"{record.undone}"
            )
    found = {record.rule for record in trimmed}
    for rule in own:
        if rule.name not in found:
            yield f"trimming: the rule {rule.name!r} names no file that may be left out"


def on_this_machine(target: Target, folder: Path) -> Here:
    """How to run the artifact in ``folder`` here: as it is, or for a foreign processor with this machine's
    library of the same engine release."""
    root = folder / target.root
    manifest = read_manifest(root)
    described, platform = manifest["engine"], _platform(target, manifest, root)
    engine = dependencies.known_release(described["kind"], described["version"])
    name = f"{engine.kind.kind} {engine.version}"
    found = interpreters.find(platform.python)
    python = found.path if found else Path(sys.executable)
    library = _library_here(engine, platform)
    if library is None:
        return Here(root, python, None, name)
    host = replace(platform, arch=tools.host_arch())
    return Here(root, python, library, f"{name} for {host.arch}, standing in for {platform.arch}")


def read_manifest(root: Path) -> dict[str, Any]:
    """The manifest as it lies in the artifact."""
    document: dict[str, Any] = json.loads((root / "manifest.json").read_text(encoding="utf-8"))
    return document
