"""Has passes carried out over a converted model; those over a source model go with its conversion."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packager import environments, recipes, source_files
from packager.conversion import Conversion, Way
from packager.errors import ConfigError
from packager.model import Signature
from packager.optimized import PassRecord, QuantizedTensor
from packager.passes.base import Pass
from packager.worker import WorkerRequest, run


@dataclass(frozen=True, slots=True)
class Passed:
    """The model after the passes; ``converted.reference`` still holds the answers of the source."""

    converted: Conversion
    records: tuple[PassRecord, ...]


@dataclass(frozen=True, slots=True)
class LayerError:
    """One layer, changed alone: how far the model's answers move, relative to their size (L2)."""

    layer: str
    operator: str
    error: float
    parameters: int


@dataclass(frozen=True, slots=True)
class Oldest:
    """What the oldest engine among the targets reads."""

    max_opset: int
    max_ml_opset: int
    max_ir_version: int


def apply(
    converted: Conversion,
    passes: Sequence[Pass],
    calibration: Path | None,
    oldest: Oldest,
    job: Path,
    way: Way,
) -> Passed:
    """Carry out ``passes`` in order, in the new folder ``job``; ConversionError says what a pass refuses."""
    said = _asked("optimize", converted, passes, calibration, oldest, job, way)
    records = tuple(_record(row, one) for row, one in zip(said["applied"], passes, strict=True))
    path = job / said["model"]["path"]
    model = replace(
        converted.model,
        path=path,
        sha256=source_files.sha256_of(path),
        size_bytes=path.stat().st_size,
        opset=said["model"].get("opset"),
        signature=_signature(converted.model.signature, said["applied"]),
        opened_bytes=_opened_bytes(converted, passes),
    )
    codes = tuple(code for record in records for code in record.quantized_io)
    return Passed(replace(converted, model=model, codes=codes), records)


def _opened_bytes(converted: Conversion, passes: Sequence[Pass]) -> int | None:
    before = converted.model
    is_unpacked = before.opened_bytes is not None or any(one.is_unpacked for one in passes)
    return (before.opened_bytes or before.size_bytes) if is_unpacked else None


def sensitivity(
    converted: Conversion, one: Pass, calibration: Path | None, oldest: Oldest, job: Path, way: Way
) -> tuple[LayerError, ...]:
    """The layers that the pass would change, the worst first."""
    said = _asked("sensitivity", converted, (one,), calibration, oldest, job, way)
    return tuple(LayerError(**row) for row in said["layers"])


def _asked(
    action: Any,
    converted: Conversion,
    passes: Sequence[Pass],
    calibration: Path | None,
    oldest: Oldest,
    job: Path,
    way: Way,
) -> dict[str, Any]:
    strange = [one.kind for one in passes if converted.model.format not in one.formats]
    if strange:
        works = " or ".join(sorted(next(one.formats for one in passes if one.kind == strange[0])))
        raise ConfigError(
            f"the pass {strange[0]} does not work on {converted.model.format} files",
            f"build the model as {works}: --format; packager optimize --passes says what each works on",
        )
    _refuse_undoing(converted, passes)
    request = WorkerRequest(
        action=action,
        source=converted.model.path,
        converted=converted.model.path.parent,
        format=converted.model.format,
        passes=tuple(one.model_dump(mode="json") for one in passes),
        calibration=calibration,
        max_opset=oldest.max_opset,
        max_ml_opset=oldest.max_ml_opset,
        max_ir_version=oldest.max_ir_version,
    )
    environment = environments.find(recipes.recipe(f"{converted.model.format}_passes"), way.say, way.offline)
    job.mkdir(parents=True)
    return run(request, job, environment, way.limits)


def _refuse_undoing(converted: Conversion, passes: Sequence[Pass]) -> None:
    packed = converted.model.opened_bytes is not None
    for one in passes:
        if packed and one.computes_ahead:
            raise ConfigError(
                f"the pass {one.kind} would undo that weights are stored in fewer bits",
                "name float16 and weight_only last",
            )
        packed = packed or one.is_unpacked


def _record(row: dict[str, Any], one: Pass) -> PassRecord:
    options = one.model_dump(mode="json", exclude={"kind"})
    codes = tuple(QuantizedTensor(name, **said) for name, said in (row["quantized_io"] or {}).items())
    return PassRecord(row["kind"], options, row["detail"], tuple(row["layers"]), tuple(row["left"]), codes)


def _signature(before: Signature, applied: Sequence[dict[str, Any]]) -> Signature:
    """With the dtypes of tensors that hold integers now."""
    quantized = {name: said for row in applied for name, said in (row["quantized_io"] or {}).items()}
    inputs, outputs = (
        tuple(
            replace(spec, dtype=quantized[spec.name]["dtype"]) if spec.name in quantized else spec
            for spec in specs
        )
        for specs in (before.inputs, before.outputs)
    )
    return replace(before, inputs=inputs, outputs=outputs)
