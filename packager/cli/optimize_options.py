"""What a model may lose for being smaller or faster: the options that `build` and `optimize` share."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

METRICS = ("accuracy", "auc", "f1", "r2", "rmse", "log_loss", "top5", "cosine")
OBJECTIVES = ("size", "latency", "cost")
_NAMES = (
    *("max_drop", "objective", "max_trials", "max_minutes", "calibration_rows", "evaluation_rows"),
    *("train", "keep_candidates", "passes"),
)
OPTIONS = (
    click.option(
        "--max-drop", metavar="DROP",
        help="Search for the best model that loses no more: 0.5% or 0.005 (points of the metric; of rmse and "
        "log_loss a share). A search that is not told takes 0.5%.",
    ),
    click.option(
        "--objective", type=click.Choice(OBJECTIVES), help="What shall become less. Default: latency."
    ),
    click.option(
        "--metric", type=click.Choice(METRICS),
        help="What is scored, against the labels, or without any against the source model's answers. "
        "Default: accuracy, r2 or cosine, as the model is.",
    ),
    click.option(
        "--pass", "passes", multiple=True, metavar="KIND[:OPTION=VALUE,…]",
        help="No search: exactly this pass. Repeatable, in order. `packager optimize --passes` lists them.",
    ),
    click.option("--max-trials", type=click.IntRange(1), help="Try at most so many candidates. Default: 40."),
    click.option(
        "--max-minutes", type=click.FloatRange(0, min_open=True),
        help="Begin no candidate after so many minutes. Default: 30.",
    ),
    click.option(
        "--calibration-rows", type=click.IntRange(1), help="Samples that quantizers see. Default: 128."
    ),
    click.option(
        "--evaluation-rows", type=click.IntRange(1), help="Other samples that are scored. Default: 2000."
    ),
    click.option(
        "--train", metavar="MODULE:FUNCTION",
        help="Of your own: trains the torch modules that were pruned, before they are converted.",
    ),
    click.option(
        "--keep-candidates", is_flag=True, default=None,
        help="Keep every candidate's model in OUTPUT/NAME/candidates.",
    ),
)  # fmt: skip


def optimize_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; those that were given are gathered into one `asked` argument."""

    @wraps(command)
    def gather(*args: Any, **given: Any) -> Any:
        asked = {name: given.pop(name) for name in _NAMES}
        if asked["passes"]:
            from packager.asked import written_pass

            asked["passes"] = [written_pass(text) for text in asked["passes"]]
        wanted = {name: value for name, value in asked.items() if value not in (None, ())}
        return command(*args, asked=wanted, **given)

    for option in reversed(OPTIONS):
        gather = option(gather)
    return gather
