"""What an artifact's template says about its function: the template is what SAM runs and what is deployed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from packager.errors import ArtifactError

HANDLER = "runtimes.aws_lambda.handler.handler"
_FUNCTION_TYPE = "AWS::Serverless::Function"


@dataclass(frozen=True, slots=True)
class Function:
    """One function as Lambda would be told about it, with the folder that holds its code."""

    logical_id: str
    folder: Path
    handler: str
    runtime: str
    arch: str
    memory_mb: int
    timeout_s: int
    environment: Mapping[str, str]

    @property
    def python_version(self) -> str:
        """The interpreter that the runtime has, as in 3.13."""
        return self.runtime.removeprefix("python")

    @property
    def needs_exact_python(self) -> bool:
        """Byte-code without sources runs on the one version that compiled it."""
        return not (self.folder / "runtimes" / "aws_lambda" / "handler.py").exists()


def read_function(artifact: Path) -> Function:
    """The function of the artifact in this folder (``dist/NAME/lambda``)."""
    template = artifact / "template.yaml"
    folder = artifact / "function"
    if (artifact / "build.json").is_file() and any((artifact / made).is_dir() for made in ("c", "tflm")):
        raise ArtifactError(
            f"{artifact} is for a microcontroller, and only its firmware can ask it",
            "`packager verify` runs its golden rows on this machine",
        )
    if (artifact / "job" / "manifest.json").is_file():
        raise ArtifactError(
            f"{artifact} is a batch job, and this is about Lambda functions",
            "`packager invoke ARTIFACT --input FILES` runs it here",
        )
    if not artifact.exists():
        raise ArtifactError(f"there is no folder {artifact}", "name the one that `packager build` wrote")
    if not template.is_file() or not folder.is_dir():
        raise ArtifactError(
            f"{artifact} is not a Lambda artifact: it has no template.yaml beside a function folder",
            hint="name the folder that `packager build` wrote, as in dist/NAME/lambda or dist/NAME/edge",
        )
    logical_id, properties = _function_in(_parse(template), template)
    runtime = str(properties.get("Runtime", "python3.13"))
    return Function(
        logical_id=logical_id,
        folder=folder.resolve(),
        handler=str(properties.get("Handler", HANDLER)),
        runtime=runtime,
        arch=str(_first(properties.get("Architectures"), "x86_64")),
        memory_mb=_number(properties, "MemorySize", 128, template),
        timeout_s=_number(properties, "Timeout", 3, template),
        environment=_environment(properties, template),
    )


@dataclass(frozen=True, slots=True)
class Described:
    """What a template of anyone says about its first function; None where it does not say, or not plainly."""

    handler: str | None
    runtime: str | None


def describe(template: Path) -> Described | None:
    """The first function of a template, or None where it has none."""
    try:
        _, properties = _function_in(_parse(template), template)
    except (ArtifactError, OSError):
        return None
    handler, runtime = (_only_plain(properties.get(name)) for name in ("Handler", "Runtime"))
    return Described(handler, runtime)


def _only_plain(value: Any) -> str | None:
    return value if isinstance(value, str) and not isinstance(value, _Intrinsic) else None


class _Intrinsic(str):
    """A value that only CloudFormation knows (!Ref, !Sub ...), kept by its text."""


class _TemplateLoader(yaml.SafeLoader):  # type: ignore[misc]
    """Plain YAML and nothing else, with CloudFormation's short forms as opaque text."""


_TemplateLoader.add_multi_constructor("!", lambda _loader, suffix, _node: _Intrinsic(f"!{suffix}"))


def _parse(template: Path) -> dict[str, Any]:
    try:
        parsed = yaml.load(template.read_text(encoding="utf-8"), _TemplateLoader)  # noqa: S506 (a SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{template} is not a template: {error}") from error
    if not isinstance(parsed, dict):
        raise ArtifactError(f"{template} is not a template: it holds no mapping")
    return parsed


def _function_in(parsed: dict[str, Any], template: Path) -> tuple[str, dict[str, Any]]:
    shared = _mapping(_mapping(parsed.get("Globals")).get("Function"))
    for logical_id, resource in _mapping(parsed.get("Resources")).items():
        if _mapping(resource).get("Type") == _FUNCTION_TYPE:
            return str(logical_id), {**shared, **_mapping(resource.get("Properties"))}
    raise ArtifactError(f"{template} has no resource of type {_FUNCTION_TYPE}")


def _environment(properties: dict[str, Any], template: Path) -> dict[str, str]:
    variables = _mapping(_mapping(properties.get("Environment")).get("Variables"))
    for name, value in variables.items():
        if isinstance(value, (_Intrinsic, dict, list)):
            raise ArtifactError(
                f"{template}: the environment variable {name} has a value that only CloudFormation knows",
                hint="give it a plain value, or invoke with --with sam",
            )
    return {str(name): _plain(value) for name, value in variables.items()}


def _plain(value: Any) -> str:
    """As CloudFormation writes it: booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(properties: dict[str, Any], name: str, default: int, template: Path) -> int:
    value = properties.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ArtifactError(f"{template}: {name} is {value!r}, not a whole number")
    return value


def _first(value: Any, default: str) -> Any:
    return value[0] if isinstance(value, list) and value else default


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
