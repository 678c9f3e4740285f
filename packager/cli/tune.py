"""`packager tune`: what an artifact takes and costs at each Lambda memory size."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from packager.cli.session import Session, Spinner, output_option, save_option

if TYPE_CHECKING:
    from packager.measurement import Choice, Tuning

_KINDS = ("cheapest", "fastest", "balanced")


def _sizes(_ctx: click.Context, _option: click.Parameter, value: str | None) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in (value or "").split(",") if part.strip())
    except ValueError:
        raise click.BadParameter(f"{value!r} is no list of sizes: write 640,2048") from None


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


@click.command()
@click.argument("artifact", type=click.Path(path_type=Path))
@click.option(
    "--latency-ms", type=click.FloatRange(0, min_open=True), help="Warm requests shall have this p95."
)
@click.option("--memory-mb", callback=_sizes, metavar="A,B", help="Look at these sizes, too.")
@click.option("--region", default=_region, show_default="AWS_REGION, else us-east-1", help="Whose prices.")
@click.option(
    "--prices", "price_file", type=click.Path(path_type=Path), metavar="FILE",
    help="Prices of your own, in the form of packager's table.",
)  # fmt: skip
@click.option(
    "--event", type=click.Path(path_type=Path), metavar="FILE",
    help="The event to measure with. Default: the artifact's own events/predict.json.",
)  # fmt: skip
@click.option(
    "--rounds", type=click.IntRange(1, 1000), default=5, show_default=True, help="Cold starts at each size."
)
@click.option(
    "--requests", type=click.IntRange(3, 100_000), default=20, show_default=True,
    help="Warm requests after each cold start.",
)  # fmt: skip
@click.option("--write", is_flag=True, help="Write the choice into the template, and into packager.toml.")
@click.option(
    "--choice", "kind", type=click.Choice(_KINDS),
    help="What to write. Default: cheapest with --latency-ms, else balanced.",
)  # fmt: skip
@save_option
@output_option
@click.pass_obj
def tune(session: Session, /, write: bool, kind: str | None, save: Path | None, **asked: Any) -> int:
    """Measure ARTIFACT (dist/NAME/lambda) at Lambda's memory sizes, price them, and recommend one.

    The CPU share and the memory limit of each size are set by control groups, where this user may; what this
    machine cannot be is extrapolated, and marked so. No AWS account is needed. Ends with 16 when no size
    meets --latency-ms.
    """
    from packager.tuning import table
    from packager.tuning import tune as tuning

    with Spinner() as spinner:
        found = tuning.tune(tuning.Question(**asked), spinner)
    chosen = _chosen(found, kind)
    session.answer_figures(found, save, lambda: table.show(found))
    if write and chosen is not None:
        _write(session, asked["artifact"], chosen)
    return _ended(session, found, write and chosen is None)


def _chosen(found: "Tuning", kind: str | None) -> "Choice | None":
    kind = kind or ("balanced" if found.latency_target_ms is None else "cheapest")
    return next((choice for choice in found.choices if choice.kind == kind), None)


def _write(session: Session, artifact: Path, choice: "Choice") -> None:
    from packager.tuning.apply import apply

    written = apply(artifact, choice.memory_mb, Path.cwd())
    session.say(f"template.yaml: {written.memory_mb} MB ({choice.kind}), was {written.before_mb} MB")
    if written.config is not None:
        session.say(f"{written.config}: memory_mb = {written.memory_mb}")
    else:
        line = f"memory_mb = {written.memory_mb}"
        session.say(f"to keep it in later builds, write {line} under [[target]] in packager.toml")


def _ended(session: Session, found: "Tuning", not_written: bool) -> int:
    """The exit code; a missed target has one of its own, said on stderr beside the whole answer."""
    from packager.errors import LatencyError

    missed = found.latency_target_ms is not None and not any(c.kind == "cheapest" for c in found.choices)
    if not missed and not not_written:
        return 0
    said = (
        f"no memory size has a warm p95 within {found.latency_target_ms:g} ms" if missed else "no size fits"
    )
    session.say(click.style("error: ", fg="red", bold=True) + said)
    if not_written:
        session.say("nothing was written")
    return LatencyError.exit_code
