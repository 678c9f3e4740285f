"""The options that say how a model file is to be read; `inspect` and `build` share them."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any, Literal

import click


@dataclass(frozen=True, slots=True)
class Source:
    """How to read the model file."""

    samples: Path | None
    allow: tuple[str, ...]
    torch_model: str | None
    timeout_s: float | None
    memory_mb: int | None
    worker: Literal["matched", "current"] | None
    offline: bool | None


OPTIONS = (
    click.option(
        "--samples", type=click.Path(path_type=Path), metavar="FILE",
        help="Input rows of the real kind: csv, parquet, npz, npy or jsonl.",
    ),
    click.option(
        "--allow", multiple=True, metavar="MODULE.NAME",
        help="Let the pickle load this class or function as well. Repeatable. Only for files that you trust.",
    ),
    click.option(
        "--torch-model", metavar="MODULE:FACTORY",
        help="The function that makes the empty torch module for a state_dict.",
    ),
    click.option(
        "--convert-timeout-s", "timeout_s", type=click.FloatRange(min=1),
        help="Stop a converter that takes longer. Default: 1800.",
    ),
    click.option(
        "--convert-memory-mb", "memory_mb", type=click.IntRange(min=64),
        help="Stop a converter that takes more. Default: nine tenths of what is free.",
    ),
    click.option(
        "--worker", type=click.Choice(["matched", "current"]),
        help="Read the model with the versions that wrote it (fetched once), or with those installed here. "
        "Default: matched.",
    ),
    click.option("--offline", is_flag=True, default=None, help="Fetch nothing; say what is missing."),
)  # fmt: skip


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options, gathered into one `source` argument."""

    @wraps(command)
    def gather(*args: Any, **given: Any) -> Any:
        mine = {field.name: given.pop(field.name) for field in fields(Source)}
        return command(*args, source=Source(**mine), **given)

    for option in reversed(OPTIONS):
        gather = option(gather)
    return gather
