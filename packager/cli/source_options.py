"""The options that say how a model file is to be read; `inspect` and `build` share them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Source:
    """How to read the model file."""

    samples: Path | None
    allow: tuple[str, ...]
    torch_model: str | None
    timeout_s: float | None


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
)  # fmt: skip


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options, gathered into one `source` argument."""

    @wraps(command)
    def gather(
        *args: Any, samples: Path | None, allow: tuple[str, ...], torch_model: str | None,
        timeout_s: float | None, **rest: Any,
    ) -> Any:  # fmt: skip
        return command(*args, source=Source(samples, allow, torch_model, timeout_s), **rest)

    for option in reversed(OPTIONS):
        gather = option(gather)
    return gather
