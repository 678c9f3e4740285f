"""`packager verify`: is the artifact on disk still what was built, does it answer, can it be built again."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from packager import (
    as_c,
    as_tflm,
    assembly,
    build,
    bundle,
    evidence,
    job_proof,
    preflight,
    probe,
    source_files,
    verify,
)
from packager.errors import ArtifactError, PackagerError, SourceError
from packager.invoke import device
from packager.manifest import read_signature
from packager.progress import Silence, Steps, Watcher
from packager.results import StepRecord, Verification
from packager.targets.batch.target import Batch
from packager.targets.edge import greengrass
from packager.targets.edge.target import Edge

GOLDEN = "golden.json"
SAM_BUILD = ".aws-sam/"
"""What `sam build` leaves behind in the folder where it ran: no part of the artifact, and no harm to it."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What was checked: every file's digest, the golden answers, and (None: not asked) the rebuild."""

    path: Path
    files: int
    verification: Verification
    rebuilt_files: int | None
    steps: tuple[StepRecord, ...]


def audit(folder: Path, rebuild: bool = False, watcher: Watcher | None = None) -> Audit:
    """Check the artifact in ``folder``; raises at the first thing that is not as it was built."""
    steps = Steps(watcher or Silence())
    with steps.step("digests") as step:
        listed = check_digests(folder)
        step.detail = f"{len(listed)} files are what was built"
    record = evidence.read(folder)
    (target,) = record.configuration.targets
    if isinstance(target, Edge) and target.greengrass:
        with steps.step("greengrass") as step:
            checked = greengrass.check(folder, record.configuration.name)
            step.detail = f"{checked.component_name} {checked.component_version} is a component"
    with steps.step("golden") as step:
        found = _replay(folder, record)
        step.detail = (
            f"{found.rows} rows, {found.label_flips} flips, largest difference {found.max_abs_error:.2g}"
        )
    if isinstance(target, Edge) and (folder / target.root).is_dir():
        _prove_bundle(target, folder, steps)
    if isinstance(target, Batch):
        _prove_job(target, folder, record, steps)
    rebuilt = _rebuild(folder, record, listed, steps) if rebuild else None
    return Audit(folder, len(listed), found, rebuilt, steps.records)


def _prove_bundle(target: Edge, folder: Path, steps: Steps) -> None:
    """What goes to the device, by what it has to prove itself there: its own checksums and self-test."""
    with steps.step("device") as step:
        listed = check_digests(folder / target.root)
        here = assembly.on_this_machine(target, folder)
        tested = device.selftest(here.root, here.python, here.library)
        step.detail = f"{len(listed)} checksums of its own, and its self-test passes on {tested.rows} rows"


def _prove_job(target: Batch, folder: Path, record: evidence.Evidence, steps: Steps) -> None:
    """The golden rows once more, as files through the whole job."""
    with steps.step("job") as step:
        here = assembly.on_this_machine(target, folder)
        signature = read_signature(assembly.read_manifest(here.root)["signature"])
        cases = probe.read_cases(here.root / GOLDEN)
        asked = job_proof.Asked(signature, cases, record.source_of_rows, record.tolerance)
        offline = record.configuration.offline
        step.detail = job_proof.prove(
            here.root, (here.python, here.library), asked, step.say, offline=offline
        )


def check_digests(folder: Path) -> dict[str, str]:
    """Compare every file with SHA256SUMS; returns digests by name."""
    sums = folder / bundle.CHECKSUMS
    if not sums.is_file():
        raise ArtifactError(
            f"{folder} is not an artifact: it has no {bundle.CHECKSUMS}", "name dist/NAME/TARGET"
        )
    listed = dict(line.split("  ", 1)[::-1] for line in sums.read_text(encoding="utf-8").splitlines())
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    present -= {bundle.CHECKSUMS, evidence.FILE_NAME, evidence.OPTIMIZATION}
    present = {name for name in present if not name.startswith((SAM_BUILD, as_c.MADE))}
    wrong = [f"{name}: missing" for name in sorted(listed.keys() - present)]
    wrong += [f"{name}: not part of the artifact" for name in sorted(present - listed.keys())]
    wrong += [
        f"{name}: changed"
        for name in sorted(present & listed.keys())
        if source_files.sha256_of(folder / name) != listed[name]
    ]
    if wrong:
        hint = "build it again; what runs must not write into the artifact's folder"
        raise ArtifactError(
            f"{folder} is not what was built: {len(wrong)} files differ", hint, tuple(wrong[:20])
        )
    return listed


def _replay(folder: Path, record: evidence.Evidence) -> Verification:
    """Run the golden inputs through the artifact as it lies on disk."""
    (target,) = record.configuration.targets
    if record.configuration.format == "c":
        return as_c.replayed(folder, record.source_of_rows, record.tolerance)
    if as_tflm.is_asked(record.configuration):
        return _right(as_tflm.replayed(folder, record.source_of_rows, record.tolerance))
    here = assembly.on_this_machine(target, folder)
    manifest = assembly.read_manifest(here.root)
    signature = read_signature(manifest["signature"])
    inside = isinstance(target, Batch | Edge)
    golden = (here.root if inside else folder) / GOLDEN
    answers = probe.run(here.root, golden, here.python, preflight.ReadOnly(), here.library)
    # Under the tolerance of the build: the golden rows are few, and their answers may all be smaller.
    found = verify.compare(
        probe.read_cases(golden), answers, signature, record.source_of_rows, record.tolerance, here.engine
    )
    return _right(found)


def _right(found: Verification) -> Verification:
    if not found.passed:
        hint = "it answered right when it was built: its files or what runs it have changed; build it again"
        raise verify.verification_error(found, hint)
    return found


def _rebuild(folder: Path, record: evidence.Evidence, listed: dict[str, str], steps: Steps) -> int:
    """Build again from the recorded request into a scratch folder and compare every byte."""
    asked = record.configuration
    state = _state_of(asked.model, record)
    if state is not None:
        raise SourceError(
            f"cannot rebuild: the model {asked.model} {state}", "restore it, or build a new artifact"
        )
    with steps.step("rebuild") as step, tempfile.TemporaryDirectory(prefix="packager-") as scratch:
        again = build.build(asked.model_copy(update={"output": Path(scratch)}))
        other = again.artifacts[0].path
        fresh = check_digests(other)
        differing = sorted(
            name for name in listed.keys() | fresh.keys() if listed.get(name) != fresh.get(name)
        )
        if differing:
            raise _not_the_same(folder, other, differing, record.packager_version)
        step.detail = f"{len(fresh)} files, byte for byte the same"
        return len(fresh)


def _state_of(model: Path, record: evidence.Evidence) -> str | None:
    """None while the model and all that was read beside it are as they were."""
    beside = {model.parent / name: digest for name, digest in record.source_files.items()}
    if not all(path.exists() for path in (model, *beside)):
        return "is not there any more"
    try:
        same = source_files.digest_of(model) == record.source_sha256 and all(
            source_files.sha256_of(path) == digest for path, digest in beside.items()
        )
    except PackagerError:  # a folder that was a model and is none now
        same = False
    return None if same else "has changed since"


def _not_the_same(folder: Path, other: Path, differing: list[str], version: str) -> ArtifactError:
    lines = tuple(f"{name}: {_first_difference(folder / name, other / name)}" for name in differing[:20])
    return ArtifactError(
        f"a rebuild gives other bytes in {len(differing)} files (the artifact is by packager {version})",
        "another version of packager, a framework or an interpreter gives other bytes; else please report it",
        lines,
    )


def _first_difference(one: Path, other: Path) -> str:
    if not one.exists() or not other.exists():
        return "only in the artifact" if one.exists() else "only in the rebuild"
    left, right = one.read_bytes(), other.read_bytes()
    for offset, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return f"first differing byte at {offset}: {a:#04x}, rebuilt {b:#04x}"
    return f"{len(left)} bytes, rebuilt {len(right)}"
