"""`packager build`: the main job."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from packager.cli.optimize_options import optimize_options
from packager.cli.session import Session, Spinner, output_option
from packager.cli.source_options import Source, source_options

NAMES = (
    click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="TARGET",
        help="What to build for. Repeatable. Default: lambda.",
    ),
    click.option("--name", help="The artifact's name. Default: the model file's."),
)
OPTIONS = (
    click.option("--labels", metavar="COLUMN|FILE", help="The truth: a column of the samples, or a file."),
    click.option("--output", type=click.Path(path_type=Path), metavar="DIR", help="Default: dist."),
    click.option(
        "--arch", type=click.Choice(["x86_64", "arm64"]), help="The target's processor. Default: x86_64."
    ),
    click.option(
        "--device",
        metavar="NAME|FILE",
        help="With --target edge: the device's profile, or a .toml file of your own.",
    ),
    click.option(
        "--greengrass",
        is_flag=True,
        default=None,
        help="With --target edge: also write a component of AWS IoT Greengrass.",
    ),
    click.option(
        "--runtime",
        metavar="python3.N",
        help="Lambda's Python runtime, python3.11 to python3.14. Default: python3.13.",
    ),
    click.option(
        "--python", metavar="3.N", help="With --target batch: the job's Python, 3.11 to 3.14. Default: 3.13."
    ),
    click.option(
        "--http",
        type=click.Choice(["fastapi", "none"]),
        help="The HTTP pages with their documents, or none: predictions alone. Default: fastapi.",
    ),
    click.option(
        "--image",
        is_flag=True,
        default=None,
        help="Also write a Dockerfile and template for a container image.",
    ),
    click.option(
        "--format",
        type=click.Choice(["onnx", "tflite", "c"]),
        help="What to convert to; c: sources for a device. Default: what suits the source.",
    ),
    click.option(
        "--engine",
        type=click.Choice(["auto", "onnxruntime", "litert", "tiny"]),
        help="What runs the model. Default: auto: pure Python (tiny) where that is right and quick enough.",
    ),
    click.option(
        "--tiny-limit-ms", type=float, help="auto takes tiny where one prediction takes less. Default: 1."
    ),
    click.option(
        "--engine-version",
        metavar="X.Y.Z",
        help="Release of ONNX Runtime. Default: auto, the smallest that will do.",
    ),
    click.option(
        "--favour",
        type=click.Choice(["start", "throughput"]),
        help="What a large neural net is opened for. Default: start; for a batch job throughput.",
    ),
    click.option(
        "--tolerance", type=float, help="Allow this absolute difference (it is written in the report)."
    ),
    click.option(
        "--min-accuracy",
        type=float,
        metavar="SCORE",
        help="End with exit code 17, and write nothing, where the artifact scores less on the labelled rows.",
    ),
    click.option("--rows", type=int, help="Compare at most so many rows. Default: 256."),
)
_model = click.argument("model", type=click.Path(path_type=Path), required=False)
_config = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Default: packager.toml, if there is one.",
)


def build_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add MODEL and every option of a build."""
    for add in reversed((_model, *NAMES, source_options, *OPTIONS, optimize_options, _config, output_option)):
        command = add(command)
    return command


@click.command()
@build_options
@click.pass_obj
def build(session: Session, /, **given: Any) -> None:
    """Convert MODEL, prove that the result answers as it does, and package it.

    Nothing is written unless every check has passed. With --max-drop, --objective, --pass or another option
    of `packager optimize`, the model is made smaller or faster first.
    """
    carry_out(session, given.pop("source"), given.pop("asked") or None, given)


def carry_out(
    session: Session, source: Source, optimize: dict[str, Any] | None, given: dict[str, Any]
) -> None:
    """Build as it was asked for, and print the report; ``optimize``: None where no option of it was given."""
    from packager import config as configurations
    from packager import report
    from packager.build import build as run

    flags, on_target = _flags(source, given), _target_flags(given)
    configuration = configurations.load(given["config"], flags, on_target, given["targets"], optimize)
    with Spinner() as spinner:
        made = run(configuration, spinner)
    if session.as_json:
        session.answer_json(report.document(made))
        return
    if made.optimization is not None:
        from packager.optimization import table

        table.show(made.optimization)
    report.show_build(made)


def _flags(source: Source, given: dict[str, Any]) -> dict[str, Any]:
    names = (
        *("model", "name", "labels", "output", "tolerance", "rows", "format"),
        *("engine", "engine_version", "tiny_limit_ms", "favour", "metric", "min_accuracy"),
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
    names = ("arch", "runtime", "python", "http", "image", "device", "greengrass")
    return {name: given[name] for name in names if given[name] is not None}
