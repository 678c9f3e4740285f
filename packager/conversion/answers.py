"""What workers write, as values."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packager import mlflow_folder, source_files
from packager.conversion.values import Conversion, Evaluation
from packager.environments import Environment
from packager.manifest import read_signature
from packager.mlflow_folder import MlflowModel
from packager.model import ModelFile, Signature, SourceModel
from packager.optimized import PassRecord
from packager.results import Accuracy, ConversionRecord, Warned
from packager.worker import WorkerRequest


@dataclass(frozen=True, slots=True)
class Asked:
    """The request as a worker gets it; ``path`` is what the user named: the file, or an MLflow folder."""

    request: WorkerRequest
    path: Path
    mlflow: MlflowModel | None = None
    notes: tuple[str, ...] = ()

    def signature(self, document: dict[str, Any]) -> Signature:
        """As the converter found it, and as MLflow saved it."""
        signature = read_signature(document)
        return mlflow_folder.agreed(signature, self.mlflow.inputs) if self.mlflow else signature


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker said, the folder with its files, and the environment that it ran in."""

    result: dict[str, Any]
    folder: Path
    environment: Environment


def conversion(asked: Asked, done: Done) -> Conversion:
    """What a worker made of the source."""
    said = done.result
    source = read_source(asked, said)
    return Conversion(
        source=source,
        model=model_file(done.folder / said["model"]["path"], said["model"], source.signature),
        record=_record(done, source),
        reference=done.folder / said["reference"]["path"],
        rows=said["reference"]["rows"],
        source_of_rows=said["reference"]["source_of_rows"],
        accuracy=Accuracy(**said["accuracy"]) if said.get("accuracy") else None,
        environment=done.environment,
        notes=(*asked.notes, *said.get("notes", ())),
        evaluation=_evaluation(done),
        applied=_applied(asked.request, said),
    )


def translation(made: Conversion, asked: Asked, done: Done) -> Conversion:
    """The conversion ``made`` with what a second worker wrote of it in another format."""
    said = done.result
    signature = asked.signature(said["signature"])
    second = _record(done, made.source)
    return replace(
        made,
        source=replace(made.source, signature=signature),
        model=model_file(done.folder / said["model"]["path"], said["model"], signature),
        record=replace(
            second,
            converter=f"{made.record.converter}, {second.converter}",
            environment=", ".join(dict.fromkeys((made.record.environment, second.environment))),
            warnings=made.record.warnings + second.warnings,
            packages={**made.record.packages, **second.packages},
        ),
        reference=done.folder / said["reference"]["path"],
        notes=made.notes + tuple(said.get("notes", ())),
        evaluation=_evaluation(done),
    )


def _applied(request: WorkerRequest, said: dict[str, Any]) -> tuple[PassRecord, ...]:
    return tuple(
        PassRecord(
            row["kind"],
            {name: value for name, value in asked.items() if name != "kind"},
            row["detail"],
            tuple(row["layers"]),
            tuple(row["left"]),
        )
        for asked, row in zip(request.passes, said["applied"], strict=True)
    )


def _evaluation(done: Done) -> Evaluation | None:
    said = done.result.get("evaluation")
    if said is None:
        return None
    calibration = said["calibration_path"]
    return Evaluation(
        path=done.folder / said["path"],
        rows=said["rows"],
        labelled=said["labels"],
        source_of_rows=done.result["reference"]["source_of_rows"],
        calibration=done.folder / calibration if calibration else None,
        calibration_rows=said["calibration_rows"],
        notes=tuple(said["notes"]),
    )


def _record(done: Done, source: SourceModel) -> ConversionRecord:
    said, model = done.result["record"], done.result["model"]
    return ConversionRecord(
        source_sha256=source.sha256,
        framework=f"{source.framework} {source.framework_version}",
        written_by=source.written_by,
        converter=model["converter"],
        format=model["format"],
        opset=model.get("opset"),
        environment=done.environment.name,
        python=said["python"],
        packages=dict(said["packages"]),
        warnings=tuple(Warned(**one) for one in said["warnings"]),
    )


def read_source(asked: Asked, result: dict[str, Any]) -> SourceModel:
    """What a worker says of the source."""
    said = result["source"]
    return SourceModel(
        path=asked.path,
        framework=said["framework"],
        framework_version=said["framework_version"],
        written_by=said.get("written_by"),
        description=said["description"],
        sha256=source_files.digest_of(asked.path),
        size_bytes=source_files.size_of(asked.path),
        signature=asked.signature(result["signature"]),
        loads=tuple(said.get("loads", ())),
        files=tuple((name, digest) for name, digest in said.get("files", ())),
    )


def model_file(path: Path, said: dict[str, Any], signature: Signature) -> ModelFile:
    """The file that a worker wrote."""
    return ModelFile(
        path=path,
        format=said["format"],
        signature=signature,
        sha256=source_files.sha256_of(path),
        size_bytes=path.stat().st_size,
        opset=said.get("opset"),
    )
