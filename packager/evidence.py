"""`build.json`: what was asked, what came out, and what is needed to build the same again."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from packager import __version__
from packager.asked import Optimize
from packager.bundle import WrittenArchive
from packager.chosen import Chosen
from packager.config import Configuration, parse
from packager.errors import ArtifactError
from packager.manifest import canonical_json
from packager.optimized import Score
from packager.results import DeviceFit, Footprint, RowSource, Tolerance, TrimmedRule, Verification
from packager.targets import Target
from packager.targets.aws_lambda.target import AwsLambda
from packager.targets.edge.profile import is_file

FILE_NAME = "build.json"
OPTIMIZATION = "optimization.json"
SCHEMA_VERSION = 2
_OTHERS = {
    "edge": (
        "for a device",
        "`python3 -m edge benchmark` in the bundle measures it on the device itself",
    ),
    "batch": (
        "a batch job",
        "`packager invoke ARTIFACT --input FILES -o json` gives a job's rows/s, CPU and memory",
    ),
}
"""Of artifacts that are none: what they are, and what measures them."""
_HINT = "name a folder that `packager build` wrote, as in dist/NAME/lambda"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What `build.json` says: the request for this one target, the source's digests, the comparison.

    ``source_files``: what was read beside the model, by its path from there, with its SHA-256.
    """

    configuration: Configuration
    source_sha256: str
    source_files: dict[str, str]
    source_of_rows: RowSource
    tolerance: dict[str, Tolerance]
    packager_version: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What the building of one artifact showed; ``score``, and the source model's own on the same rows, are
    where the truth is known, ``fit`` is that of a bundle, ``footprint`` that of C on a microcontroller."""

    verification: Verification
    archives: Sequence[WrittenArchive]
    trimmed: Sequence[TrimmedRule]
    score: Score | None = None
    source_score: Score | None = None
    fit: DeviceFit | None = None
    footprint: Footprint | None = None


def write(
    folder: Path,
    configuration: Configuration,
    target: Target,
    chosen: Chosen,
    found: Findings,
) -> None:
    """Write the record into the artifact's folder. Paths are absolute: it is a record of this machine."""
    converted, optimization = chosen.converted, chosen.optimization
    document = {
        "schema_version": SCHEMA_VERSION,
        "packager_version": __version__,
        "python": platform.python_version(),
        "request": _request(configuration, target, chosen),
        "source": {**_plain(asdict(converted.source)), "signature": None},
        "conversion": _plain(asdict(converted.record)),
        "engine": _plain(asdict(chosen.choice)),
        "notes": list(converted.notes),
        "verification": _plain(asdict(found.verification)),
        "accuracy": _plain(asdict(converted.accuracy)) if converted.accuracy else None,
        "artifact_score": _plain(asdict(found.score)) if found.score else None,
        "source_score": _plain(asdict(found.source_score)) if found.source_score else None,
        "fit": _plain(asdict(found.fit)) if found.fit else None,
        "footprint": _plain(asdict(found.footprint)) if found.footprint else None,
        "archives": [_plain(asdict(archive)) for archive in found.archives],
        "trimming": [_plain(asdict(rule)) for rule in found.trimmed],
    }
    (folder / FILE_NAME).write_bytes(canonical_json(document))
    if optimization is not None:
        (folder / OPTIMIZATION).write_bytes(canonical_json(_plain(asdict(optimization))))


def read(folder: Path) -> Evidence:
    """Read the record of an artifact; ArtifactError when it is missing or not ours."""
    path = folder / FILE_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema_version"] != SCHEMA_VERSION:
            raise _foreign(path, document["schema_version"])
        digest, beside = document["source"]["sha256"], dict(document["source"].get("files", ()))
        found = document["verification"]
        rows: RowSource = "samples" if found["source_of_rows"] == "samples" else "signature"
        tolerance = {name: Tolerance(**bounds) for name, bounds in found["tolerance"].items()}
        request, version = document["request"], document["packager_version"]
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror}", _HINT) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is not a record of a build: {error}", _HINT) from error
    return Evidence(parse(request, str(path)), digest, beside, rows, tolerance, version)


def function_of(folder: Path) -> AwsLambda:
    """The target of a Lambda artifact; any other has no memory size that Lambda would price."""
    (target,) = read(folder).configuration.targets
    if isinstance(target, AwsLambda):
        return target
    what, instead = _OTHERS[target.kind]
    raise ArtifactError(
        f"{folder} is {what}, and this is about Lambda functions", f"name dist/NAME/lambda; {instead}"
    )


def for_target(folder: Path, target: AwsLambda) -> bytes:
    """The record of the same artifact as if ``target`` had been asked for."""
    document = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
    document["request"]["target"] = [target.model_dump(mode="json")]
    return canonical_json(document)


def _foreign(path: Path, schema: object) -> ArtifactError:
    return ArtifactError(
        f"{path} has schema {schema!r}, and this packager reads {SCHEMA_VERSION}", "build the artifact again"
    )


def _request(configuration: Configuration, target: Target, chosen: Chosen) -> dict[str, Any]:
    """What builds the same again: engine and passes by name, since no two measurements are the same."""
    passes = _exactly(configuration.optimize, chosen) if configuration.optimize else None
    again = configuration.model_copy(
        update={"target": (target,), "engine": chosen.choice.engine, "optimize": passes}
    )
    request: dict[str, Any] = again.model_dump(mode="json")
    for key in ("model", "samples", "output"):
        if request[key] is not None:
            request[key] = str(Path(request[key]).resolve())
    for table in request["target"]:
        if is_file(table.get("device")):
            table["device"] = str(Path(table["device"]).resolve())
    if request["labels"] and Path(request["labels"]).is_file():
        request["labels"] = str(Path(request["labels"]).resolve())
    return request


def _exactly(asked: Optimize, chosen: Chosen) -> Optimize | None:
    """These passes on the same rows, without a budget: a rebuild asks for the same bytes, and no more."""
    update = {"passes": chosen.passes, "max_drop": None, "train": None, "keep_candidates": False}
    return asked.model_copy(update=update) if chosen.passes else None


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """JSON's own types; infinities of a failed row cannot occur, since only a passed build is recorded."""
    return json.loads(json.dumps(value, default=str))  # type: ignore[no-any-return]
