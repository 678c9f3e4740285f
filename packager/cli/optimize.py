"""`packager optimize`: a build that first looks for the smallest or fastest model within a budget."""

from typing import Any

import click

from packager.cli.build import build_options, carry_out
from packager.cli.listing import lines
from packager.cli.session import Session


def _list_passes(ctx: click.Context, _option: click.Parameter, value: bool) -> None:
    """`--passes`: every pass with its options, and no build."""
    if not value:
        return
    from packager.passes import PASSES

    session = ctx.ensure_object(Session)
    if session.as_json:
        session.answer_json({kind: one.model_json_schema() for kind, one in PASSES.items()})
    else:
        for kind, one in PASSES.items():
            remark = " Needs samples." if one.needs_calibration else ""
            of = f" [{one.stage}: {', '.join(sorted(one.formats | one.frameworks))}]"
            click.echo("\n".join(lines(kind, one.model_json_schema(), remark + of)))
    ctx.exit()


@click.command()
@build_options
@click.option(
    "--passes", "listed", is_flag=True, expose_value=False, callback=_list_passes,
    help="List every pass with its options, and end.",
)  # fmt: skip
@click.pass_obj
def optimize(session: Session, /, **given: Any) -> None:
    """Build MODEL from the best candidate that keeps the budget, or as it is where none is better.

    Quantizers, pruning and clean-ups are tried. Each candidate is scored and timed in the form in which it
    would ship, in turn with the model as converted. A search that was ended goes on where it was.
    Needs --samples; with --labels the budget is in the metric, without them in agreement with the source.
    """
    carry_out(session, given.pop("source"), given.pop("asked"), given)
