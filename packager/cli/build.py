"""`packager build`: the main job."""

from pathlib import Path
from typing import Any

import click

from packager.cli.session import Session, Spinner, output_option
from packager.cli.source_options import Source, source_options


@click.command()
@click.argument("model", type=click.Path(path_type=Path), required=False)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="TARGET",
    help="What to build for. Repeatable. Default: lambda.",
)
@click.option("--name", help="The artifact's name. Default: the model file's.")
@source_options
@click.option("--labels", metavar="COLUMN|FILE", help="The truth: a column of the samples, or a file.")
@click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="Default: dist.")
@click.option(
    "--arch", type=click.Choice(["x86_64", "arm64"]), help="The target's processor. Default: x86_64."
)
@click.option(
    "--runtime",
    metavar="python3.N",
    help="Lambda's Python runtime, python3.11 to python3.14. Default: python3.13.",
)
@click.option(
    "--http",
    type=click.Choice(["fastapi", "none"]),
    help="The HTTP pages with their documents, or none: predictions alone. Default: fastapi.",
)
@click.option(
    "--image", is_flag=True, default=None, help="Also write a Dockerfile and template for a container image."
)
@click.option(
    "--format",
    type=click.Choice(["onnx", "tflite"]),
    help="What to convert to. Default: what suits the source.",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "onnxruntime", "litert", "tiny"]),
    help="What runs the model. Default: auto: pure Python (tiny) where that is right and quick enough.",
)
@click.option(
    "--tiny-limit-ms", type=float, help="auto takes tiny where one prediction takes less. Default: 1."
)
@click.option(
    "--engine-version",
    metavar="X.Y.Z",
    help="Release of ONNX Runtime. Default: auto, the smallest that will do.",
)
@click.option(
    "--favour",
    type=click.Choice(["start", "throughput"]),
    help="What a large neural net is opened for. Default: start.",
)
@click.option("--tolerance", type=float, help="Allow this absolute difference (it is written in the report).")
@click.option("--rows", type=int, help="Compare at most so many rows. Default: 256.")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Default: packager.toml, if there is one.",
)
@output_option
@click.pass_obj
def build(session: Session, /, source: Source, config: Path | None, **given: Any) -> None:
    """Convert MODEL, prove that the result answers as it does, and package it.

    Nothing is written unless every check has passed.
    """
    from packager import config as configurations
    from packager import report
    from packager.build import build as run

    configuration = configurations.load(config, _flags(source, given), _target_flags(given), given["targets"])
    with Spinner() as spinner:
        made = run(configuration, spinner)
    if session.as_json:
        session.answer_json(report.document(made))
    else:
        report.show_build(made)


def _flags(source: Source, given: dict[str, Any]) -> dict[str, Any]:
    names = (
        *("model", "name", "labels", "output", "tolerance", "rows", "format"),
        *("engine", "engine_version", "tiny_limit_ms", "favour"),
    )
    return {name: given[name] for name in names} | {
        "samples": source.samples,
        "allow": source.allow or None,
        "torch_model": source.torch_model,
        "convert_timeout_s": source.timeout_s,
        "convert_memory_mb": source.memory_mb,
        "worker": source.worker,
        "offline": source.offline,
    }


def _target_flags(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in ("arch", "runtime", "http", "image") if given[name] is not None}
