"""Reads an artifact's record and the files that `packager bench`, `tune` and `explain-size` save."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from packager import evidence
from packager.errors import ArtifactError
from packager.html_report.section import command, printable
from packager.html_report.subject import Built, Subject
from packager.measurement import SCHEMA_VERSION, Bench, SizeLedger, Tuning
from packager.optimized import Optimization
from packager.sizes import ledger
from packager.targets.aws_lambda.target import AwsLambda

BENCH, TUNE, SIZES = "bench.json", "tune.json", "sizes.json"
"""Looked for in dist/NAME when the artifact is dist/NAME/TARGET, to which nothing may be added."""

OPTIMIZATION = "optimization.json"
"""Written into the artifact by a build that searched."""

Saved = TypeVar("Saved", Bench, Tuning, SizeLedger, Built, Optimization)


def read_subjects(
    artifacts: Sequence[Path],
    bench: Sequence[Path] = (),
    tune: Sequence[Path] = (),
    sizes: Sequence[Path] = (),
) -> tuple[Subject, ...]:
    """The artifacts with what was measured of them.

    Files that are named belong to the artifacts in order; for an artifact without one, the file beside it
    is taken. Raises ArtifactError for what is not an artifact, not such a file, or another artifact's.
    """
    read = [
        _read_subject(artifact, _nth(bench, place), _nth(tune, place), _nth(sizes, place))
        for place, artifact in enumerate(artifacts)
    ]
    counts = Counter(subject.label for subject in read)
    return tuple(
        replace(subject, label=printable(str(subject.path))) if counts[subject.label] > 1 else subject
        for subject in read
    )


def _nth(files: Sequence[Path], place: int) -> Path | None:
    return files[place] if place < len(files) else None


def _read_subject(artifact: Path, bench: Path | None, tune: Path | None, sizes: Path | None) -> Subject:
    asked = evidence.read(artifact).configuration
    name, (target,) = asked.name, asked.targets
    built = _read_built(artifact)
    if target.folder != AwsLambda.folder:
        return _read_other(name, artifact, built, target.folder)
    found = Subject(
        label=name,
        path=artifact,
        built=built,
        sizes=_sizes(artifact, built.archive.size_bytes, sizes),
        bench=_read(bench or artifact.parent / BENCH, Bench, required=bench is not None),
        tune=_read(tune or artifact.parent / TUNE, Tuning, required=tune is not None),
        optimization=_read(artifact / OPTIMIZATION, Optimization, required=False),
    )
    return _of_this_build(found, bench or artifact.parent / BENCH, tune or artifact.parent / TUNE)


def _read_other(name: str, artifact: Path, built: Built, target: str) -> Subject:
    """A bundle or a batch job: what is saved in the folder above is of the function of the same name."""
    candidates = _read(artifact / OPTIMIZATION, Optimization, required=False)
    return Subject(name, artifact, built, ledger(artifact), None, None, candidates, target)


def _sizes(artifact: Path, zipped_bytes: int, named: Path | None) -> SizeLedger:
    """The ledger that was saved with its cuts, if it is of this archive; else one of now, without cuts."""
    saved = _read(named or artifact.parent / SIZES, SizeLedger, required=named is not None)
    if saved and saved.zipped_bytes == zipped_bytes:
        return saved
    if named:
        raise ArtifactError(
            f"{named} is of another archive than that of {artifact}",
            f"write it again: {command('packager', 'explain-size', artifact, '--save', named)}",
        )
    return ledger(artifact)


def _of_this_build(subject: Subject, bench: Path, tune: Path) -> Subject:
    """Refuse figures of something else: of another artifact, or of this one before it was rebuilt."""
    for measured, file, by in ((subject.benchmark, bench, "bench"), (subject.tune, tune, "tune")):
        if measured and measured.archive_sha256 != subject.built.archive.sha256:
            raise ArtifactError(
                f"{file} was measured on {measured.name!r} of another build than {subject.path}",
                f"measure it again: {command('packager', by, subject.path, '--save', file)}",
            )
    return subject


def _read_built(artifact: Path) -> Built:
    path = artifact / evidence.FILE_NAME
    return _parsed(path, path.read_bytes(), Built)


def _read(path: Path, kind: type[Saved], *, required: bool) -> Saved | None:
    """The values in a file; None where a file that nobody named is not there."""
    try:
        text = path.read_bytes()
    except OSError as error:
        if required or path.exists():
            raise ArtifactError(f"{path} cannot be read: {error.strerror}", "check the path") from error
        return None
    return _parsed(path, text, kind)


def _parsed(path: Path, text: bytes, kind: type[Saved]) -> Saved:
    """The value that a file holds: of this schema, of the right shape, and with finite figures alone."""
    expected = evidence.SCHEMA_VERSION if kind is Built else SCHEMA_VERSION
    try:
        document = json.loads(text)
        schema = document.get("schema_version") if isinstance(document, dict) else None
        if schema != expected:
            raise ArtifactError(f"{path} has schema {schema!r}, and this packager reads {expected}", _HINT)
        value = TypeAdapter(kind).validate_json(text)
        json.dumps(asdict(value), allow_nan=False)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the document"
        raise ArtifactError(
            f"{path} is not what {_WRITERS[kind]} writes: {place}: {first['msg']}", _HINT
        ) from error
    except ValueError as error:
        raise ArtifactError(f"{path} is no JSON document of finite figures: {error}", _HINT) from error
    return value


_HINT = "write it again with this packager"
_WRITERS: dict[type, str] = {
    Bench: "`packager bench --save`",
    Tuning: "`packager tune --save`",
    SizeLedger: "`packager explain-size --save`",
    Built: "`packager build`",
    Optimization: "`packager optimize`",
}
