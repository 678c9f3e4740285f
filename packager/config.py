"""What a build is asked for: `packager.toml` under the flags, checked before anything starts."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo

from packager import refusal
from packager.asked import Optimize, refuse_unscored
from packager.errors import ConfigError
from packager.layout import Favour
from packager.optimized import MetricName
from packager.passes import PASSES
from packager.rendering import render
from packager.targets import TARGETS, AnyTarget, TargetTable, find
from packager.targets.aws_lambda.target import AwsLambda
from packager.targets.edge.profile import is_file
from packager.targets.edge.target import Edge
from packager.trimming import Rule

FILE_NAME = "packager.toml"
DEFAULT_TARGET = "lambda"
TINY_LIMIT_MS = 1.0
"""Lambda bills whole milliseconds: a prediction below one costs as much as the quickest engine's."""
# What `packager init` shows for options that have no default.
EXAMPLES: dict[str, Any] = {
    "name": "model",
    "samples": "rows.csv",
    "labels": "target",
    "tolerance": 1e-4,
    "torch_model": "module:factory",
    "environment": {},
    "format": "onnx",
    "favour": "start",
    "convert_memory_mb": 8000,
    "max_drop": "0.5%",
    "metric": "accuracy",
    "min_accuracy": 0.85,
    "train": "module:function",
    "greengrass_name": "com.example.model",
    "greengrass_version": "1.0.0",
    "greengrass_bucket": "my-bucket/components",
}
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$"


class Configuration(BaseModel):
    """One build. Paths in a packager.toml are relative to its folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Path = Field(description="The model file.")
    name: str = Field(default="", description="The artifact's name; default: the model file's.")
    samples: Path | None = Field(default=None, description="Input rows of the real kind.")
    labels: str | None = Field(
        default=None, description="The column of the samples, or a file, with the truth."
    )
    output: Path = Field(default=Path("dist"), description="Artifacts are written to OUTPUT/NAME/TARGET.")
    tolerance: float | None = Field(
        default=None, gt=0, allow_inf_nan=False,
        description="Allow this absolute difference where it is more than the dtype's own.",
    )  # fmt: skip
    allow: tuple[str, ...] = Field(default=(), description="MODULE.NAME that a pickle may load as well.")
    torch_model: str | None = Field(
        default=None, pattern=r"^[\w.]+:\w+$", description="MODULE:FACTORY that makes the empty torch module."
    )
    rows: int = Field(default=256, ge=1, le=100_000, description="At most so many rows are compared.")
    format: Literal["onnx", "tflite", "c"] | None = Field(
        default=None,
        description="What to convert to: onnx, tflite, or c for a device; default: what suits the source.",
    )
    engine: Literal["auto", "onnxruntime", "litert", "tiny"] = Field(
        default="auto",
        description="What runs the model; auto: pure Python (tiny) where that is right and quick enough.",
    )
    tiny_limit_ms: float = Field(
        default=TINY_LIMIT_MS,
        gt=0,
        allow_inf_nan=False,
        description="auto takes tiny where one prediction takes less.",
    )
    engine_version: str = Field(
        default="auto",
        description="Release of ONNX Runtime; auto: the smallest that is known to do what a graph asks for.",
    )
    favour: Favour | None = Field(
        default=None,
        description="What a large neural net is opened for: a quick start, or less time for each request; "
        "default: start, and throughput for batch jobs.",
    )
    convert_timeout_s: float = Field(default=1800.0, gt=0, description="Stop a converter that takes longer.")
    convert_memory_mb: int | None = Field(
        default=None,
        ge=64,
        description="Stop a converter that takes more; default: nine tenths of what is free.",
    )
    worker: Literal["matched", "current"] = Field(
        default="matched",
        description="Convert with the versions that the model was made with, or with those installed here.",
    )
    offline: bool = Field(default=False, description="Fetch nothing; what is missing is named.")
    trim: tuple[Rule, ...] = Field(
        default=(),
        description="[[trim]] tables (name, files = [patterns]): left out, too, if no answer changes.",
    )
    min_accuracy: float | None = Field(
        default=None,
        allow_inf_nan=False,
        description="End with exit code 17 where the artifact scores less on the labelled rows.",
    )
    metric: MetricName | None = Field(
        default=None,
        description="What is scored; default: accuracy of classes, r2 of numbers, cosine of tensors.",
    )
    optimize: Optimize | None = Field(
        default=None, description="[optimize]: make the model smaller or faster within a budget."
    )
    target: tuple[TargetTable, ...] = Field(default=(AwsLambda(),), description="What to build for.")

    @property
    def targets(self) -> tuple[AnyTarget, ...]:
        """What to build for, as it was asked."""
        return self.target

    @field_validator("name")
    @classmethod
    def _name_fits_a_stack(cls, value: str) -> str:
        if value and not re.match(NAME_PATTERN, value):
            raise ValueError(
                "must be at most 63 letters, digits, '-' and '_', and begin with a letter or digit"
            )
        return value

    @model_validator(mode="after")
    def _targets_take_the_format(self) -> Self:
        for target in self.target:
            if isinstance(target, Edge):
                target.check_format(self.format)
        return self

    @model_validator(mode="after")
    def _what_is_asked_can_be_done(self) -> Self:
        """A budget that nothing can be measured against is none."""
        if self.min_accuracy is not None:
            refuse_unscored(self.min_accuracy, self.metric, bool(self.labels and self.samples))
        if self.optimize is not None:
            self.optimize.refuse_contradictions(
                has_samples=self.samples is not None, is_billed=isinstance(self.target[0], AwsLambda)
            )
        return self


def default_name(model: Path) -> str:
    """A name from the model file's: what cannot stand in one becomes '-'."""
    stem = model.name.split(".")[0] or model.name.strip(".")
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:63]
    return name or "model"


def load(
    file: Path | None,
    flags: Mapping[str, Any],
    target_flags: Mapping[str, Any] | None = None,
    targets: Sequence[str] = (),
    optimize: Mapping[str, Any] | None = None,
) -> Configuration:
    """Read ``file`` (default: ./packager.toml when it is there), lay the flags over it and check all.

    ``flags`` and ``target_flags`` (laid over every target) hold what was given on the command line: None
    overrides nothing. ``targets`` names what to build for, instead of all that the file has; ``optimize`` is
    laid over the table of that name, which is there then. Raises ConfigError with the field's name and value.
    """
    path = file or (Path(FILE_NAME) if Path(FILE_NAME).is_file() else None)
    settings = _read(path) if path else {}
    settings.update({key: value for key, value in flags.items() if value is not None})
    if "model" not in settings:
        raise ConfigError("no model is named", "give the model file: packager build MODEL")
    if optimize is not None:
        settings["optimize"] = {**_table(settings.get("optimize", {})), **optimize}
    settings["target"] = _chosen(settings.get("target", []), targets, target_flags or {})
    configuration = parse(settings, str(path) if path else "the command line")
    if configuration.name:
        return configuration
    return configuration.model_copy(update={"name": default_name(configuration.model)})


def _chosen(tables: object, names: Sequence[str], flags: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The [[target]] tables to build, by kind; a name without a table gets the defaults."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"target is {tables!r}", 'write it as a table: [[target]] with kind = "lambda"')
    known: dict[str, dict[str, Any]] = {}
    for table in tables:
        kind = _kind(table.get("kind", DEFAULT_TARGET))
        if kind in known:
            raise ConfigError(
                f"there are two tables for the target {kind}, and a build makes one artifact for each",
                "keep one, and build the other with a packager.toml of its own and another name",
            )
        known[kind] = table
    kinds = [_kind(name) for name in names] or list(known) or [_kind(DEFAULT_TARGET)]
    chosen = list(dict.fromkeys(kinds))
    for flag in flags:
        if not any(flag in TARGETS[kind].model_fields for kind in chosen):
            others = " or ".join(cls.folder for cls in TARGETS.values() if flag in cls.model_fields)
            raise ConfigError(
                f"--{flag} is for the target {others}, and this build is for {', '.join(chosen)}",
                f"add --target {others}, or leave it out",
            )
    return [{**known.get(kind, {}), **_of(kind, flags), "kind": kind} for kind in chosen]


def _of(kind: str, flags: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if name in TARGETS[kind].model_fields}


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"optimize is {value!r}", "write it as a table: [optimize]")
    return value


def _kind(name: object) -> str:
    return str(find(str(name)).model_fields["kind"].default)


def parse(settings: Mapping[str, Any], where: str) -> Configuration:
    """Check the settings; ``where`` says whose they are."""
    try:
        return Configuration.model_validate(settings)
    except ValidationError as error:
        known = {*Configuration.model_fields, *Rule.model_fields, *Optimize.model_fields}
        known |= {field for cls in TARGETS.values() for field in cls.model_fields}
        known |= {field for cls in PASSES.values() for field in cls.model_fields}
        raise refusal.of_settings(error, where, known, EXAMPLES) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", "packager init writes one") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    for table in settings["target"] if isinstance(settings.get("target"), list) else ():
        if isinstance(table, dict) and is_file(table.get("device")):
            table["device"] = str(path.parent / table["device"])
    for key in ("model", "samples", "output"):
        if isinstance(settings.get(key), str):
            settings[key] = path.parent / settings[key]
    if _names_a_file(settings.get("labels"), path.parent):
        settings["labels"] = str(path.parent / settings["labels"])
    return settings


def _names_a_file(labels: object, folder: Path) -> bool:
    return isinstance(labels, str) and (folder / labels).is_file()


def schema() -> dict[str, Any]:
    """The JSON schema of packager.toml, made of the same classes that check it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Configuration.model_json_schema()}


def starter(model: Path) -> bytes:
    """A packager.toml with every option: the defaults as comments, what has no default by an example."""
    options = [_option(name, field) for name, field in Configuration.model_fields.items()]
    targets = [
        {"kind": cls.folder, "options": [_option(n, f) for n, f in cls.model_fields.items() if n != "kind"]}
        for cls in TARGETS.values()
    ]
    wanted = [option for option in options if option["name"] not in ("model", "target", "optimize")]
    optimize = [_option(name, field) for name, field in Optimize.model_fields.items() if name != "passes"]
    return render("packager.toml", model=str(model), options=wanted, optimize=optimize, targets=targets)


def _option(name: str, field: FieldInfo) -> dict[str, Any]:
    value = EXAMPLES.get(name, field.get_default(call_default_factory=True))
    example = str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
    return {"name": name, "example": example, "description": field.description}
