"""The conversion that a configuration asks workers for: for the oldest engine among its targets."""

from pathlib import Path

from packager import dependencies, tools
from packager.asked import Optimize
from packager.config import Configuration
from packager.conversion import Way, default_format
from packager.errors import SamplesError
from packager.model import Format
from packager.passes import Oldest
from packager.targets import AnyTarget
from packager.targets.aws_lambda.target import AwsLambda
from packager.targets.edge.profile import Microcontroller
from packager.targets.edge.target import Edge
from packager.worker import Limits, WorkerRequest


def conversion_of(configuration: Configuration) -> WorkerRequest:
    """Rows to judge by are asked for where something is judged by them: a budget, or labels."""
    asked, limits = configuration.optimize, oldest(configuration)
    judging = asked or (Optimize() if configuration.labels else None)
    return WorkerRequest(
        action="convert",
        source=configuration.model,
        name=configuration.name,
        samples=_existing(configuration.samples),
        labels=_labels(configuration.labels),
        allow=configuration.allow,
        torch_model=configuration.torch_model,
        import_paths=(Path.cwd(), configuration.model.resolve().parent),
        max_opset=limits.max_opset,
        max_ml_opset=limits.max_ml_opset,
        max_ir_version=limits.max_ir_version,
        rows=configuration.rows,
        format=format_of(configuration),
        evaluation_rows=judging.evaluation_rows if judging else 0,
        calibration_rows=asked.calibration_rows if asked else 0,
    )


def oldest(configuration: Configuration) -> Oldest:
    """What every engine among the targets reads."""
    version = configuration.engine_version
    # C is written of what the engine tiny takes, the same on all platforms; no engine of ours runs on a part.
    has_engine = configuration.format != "c" and not any(map(_is_part, configuration.targets))
    targets = configuration.targets if has_engine else (AwsLambda(),)
    takes = [dependencies.onnx_limits(target.platform, version) for target in targets]
    return Oldest(
        max_opset=min(limits.max_opset for limits in takes),
        max_ml_opset=min(limits.max_ml_opset for limits in takes),
        max_ir_version=min(limits.max_ir_version for limits in takes),
    )


def format_of(configuration: Configuration) -> Format:
    """The format that is asked for (C is written out of ONNX), else the one that suits the source."""
    asked = "onnx" if configuration.format == "c" else configuration.format
    return asked or default_format(configuration.model)


def way(configuration: Configuration, say: tools.Progress = tools.silent) -> Way:
    """How its workers are run."""
    limits = Limits(configuration.convert_timeout_s, configuration.convert_memory_mb)
    return Way(limits, configuration.worker, configuration.offline, say)


def _is_part(target: AnyTarget) -> bool:
    return isinstance(target, Edge) and isinstance(target.profile, Microcontroller)


def _existing(samples: Path | None) -> Path | None:
    if samples is not None and not samples.is_file():
        raise SamplesError(f"there are no samples at {samples}", "check the path")
    return samples


def _labels(labels: str | None) -> str | None:
    """A file if there is one of that name, else a column of the samples."""
    return str(Path(labels).resolve()) if labels and Path(labels).is_file() else labels
