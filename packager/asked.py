"""What an optimization is asked for: the `[optimize]` table of a configuration.

The metric and the smallest accuracy stand beside the table: they hold for builds without it, too.
"""

import re
from typing import TYPE_CHECKING, Annotated, Any, Union, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from packager.errors import ConfigError
from packager.optimized import Objective
from packager.passes import PASSES, Pass, find

DEFAULT_MAX_DROP = "0.5%"
"""Of a search that nobody gave a budget."""

if TYPE_CHECKING:
    AnyPass = Pass
elif len(PASSES) > 1:
    AnyPass = Annotated[Union[tuple(PASSES.values())], Field(discriminator="kind")]  # noqa: UP007
else:
    AnyPass = Pass


class Optimize(BaseModel):
    """A search under a budget; with ``passes`` no search, but exactly these, in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_drop: Annotated[str, Field(coerce_numbers_to_str=True)] | None = Field(
        default=None,
        description=f"How much of the metric may be lost, as 0.5% or 0.005; of a search: {DEFAULT_MAX_DROP}.",
    )
    objective: Objective = Field(
        default="latency", description="What shall become less: size, latency or cost."
    )
    max_trials: int = Field(default=40, ge=1, description="Make at most so many candidates.")
    max_minutes: float = Field(
        default=30.0, gt=0, allow_inf_nan=False, description="Begin no candidate after so many minutes."
    )
    calibration_rows: int = Field(
        default=128, ge=1, le=10_000, description="Rows of the samples that quantizers see."
    )
    evaluation_rows: int = Field(
        default=2000, ge=1, le=1_000_000, description="Other rows of them that the metric is counted on."
    )
    train: str | None = Field(
        default=None,
        pattern=r"^[\w.]+:\w+$",
        description="MODULE:FUNCTION of your own that trains the torch modules that were pruned.",
    )
    passes: tuple[AnyPass, ...] = Field(default=(), description="No search: exactly these passes, in order.")
    keep_candidates: bool = Field(
        default=False, description="Keep every candidate's model file in OUTPUT/NAME/candidates."
    )

    @property
    def budget(self) -> str | None:
        """The drop that is allowed; None: any, where passes are named without one."""
        return self.max_drop or (None if self.passes else DEFAULT_MAX_DROP)

    def refuse_contradictions(self, *, has_samples: bool, is_billed: bool) -> None:
        """ConfigError where what is asked for cannot be measured: there are no rows, or no bills."""
        if self.objective == "cost" and not is_billed:
            raise ConfigError(
                "the objective is cost, and a device is paid for already",
                "take --objective size or latency; of the targets the first one counts",
            )
        needing = [one.kind for one in self.passes if one.needs_calibration]
        if has_samples or (self.budget is None and not needing):
            return
        what = f"the pass {needing[0]}" if needing else f"a drop of at most {self.budget}"
        raise ConfigError(
            f"{what} needs rows of the real kind, and there are no samples",
            "give --samples FILE; passes that look at no rows go without: packager optimize --passes",
        )

    @field_validator("max_drop", mode="after")
    @classmethod
    def _drop_is_a_share(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"\d{1,6}(\.\d{1,15})?\s?%?", value):
            raise ValueError("it must be written like 0.5% or 0.005")
        return value

    @field_validator("passes", mode="before")
    @classmethod
    def _kinds_are_known(cls, value: Any, info: ValidationInfo) -> Any:
        """A kind may be written with hyphens; an unknown one gets a suggestion."""
        if not isinstance(value, list | tuple):
            return value
        rows = [_known(row) if isinstance(row, dict) else row for row in value]
        train = info.data.get("train")
        return _trained(rows, train) if train and rows else rows


def refuse_unscored(min_accuracy: float, metric: str | None, has_labels: bool) -> None:
    """ConfigError where a least accuracy is asked for that no row's truth can show."""
    if not has_labels:
        raise ConfigError(
            f"min_accuracy is {min_accuracy:g}, and there are no labelled rows to score",
            "give --samples FILE and --labels COLUMN|FILE",
        )
    if metric == "cosine":
        raise ConfigError(
            f"min_accuracy is {min_accuracy:g}, and cosine compares with the source, not the labels",
            "name another --metric, or none",
        )


def _known(row: dict[str, Any]) -> dict[str, Any]:
    kind = row.get("kind")
    return {**row, "kind": find(kind).model_fields["kind"].default} if isinstance(kind, str) else row


def _trained(rows: list[Any], train: str) -> list[Any]:
    """The user's function is for the named passes, too; an own one of theirs goes before it."""
    tables = [row.model_dump() if isinstance(row, Pass) else row for row in rows]
    kinds = [str(row.get("kind")) for row in tables if isinstance(row, dict)]
    if not any(kind in PASSES and "train" in PASSES[kind].model_fields for kind in kinds):
        raise ConfigError(
            f"train is {train}, and there is nothing to train for {', '.join(kinds)}",
            "leave it out, or name prune_channels or prune_weights",
        )
    return [_with_train(row, train) for row in tables]


def _with_train(row: Any, train: str) -> Any:
    kind = row.get("kind") if isinstance(row, dict) else ""
    takes = isinstance(kind, str) and kind in PASSES and "train" in PASSES[kind].model_fields
    return {**row, "train": row.get("train") or train} if takes else row


def written_pass(text: str) -> dict[str, Any]:
    """`static_int8:per_channel=false,exclude=/a/Conv,exclude=/b/Conv` as a table; values are checked later.

    An option that takes several values is written several times.
    """
    kind, _, rest = text.partition(":")
    one = find(kind.strip())
    found: dict[str, Any] = {"kind": one.model_fields["kind"].default}
    for part in rest.split(",") if rest else ():
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals):
            raise ConfigError(
                f"--pass {text}: {part!r} is no option with a value",
                "write it as KIND:OPTION=VALUE,OPTION=VALUE",
            )
        if _takes_several(one, name):
            found[name] = [*found.get(name, ()), value]
        elif name in found:
            raise ConfigError(f"--pass {text}: {name!r} is given twice", "it takes one value")
        else:
            found[name] = value
    return found


def _takes_several(one: type[Pass], option: str) -> bool:
    return option in one.model_fields and get_origin(one.model_fields[option].annotation) is tuple
