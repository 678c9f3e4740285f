"""The options of an AWS Lambda artifact, and its layout."""

import math
import re
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from packager.errors import ConfigError
from packager.layout import Archive, Favour, IncludedFile, Layout, OwnCode, Parts, Platform, SizeLimit
from packager.model import Format, ModelFile
from packager.rendering import render
from packager.targets.aws_lambda import event, quotas

RuntimeName = Literal["python3.11", "python3.12", "python3.13", "python3.14"]
RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]

HANDLER = "runtimes.aws_lambda.handler.handler"
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
_ALIAS = re.compile(r"(?!\d+$)[A-Za-z0-9_-]{1,128}")
# Seen of functions at their start: the interpreter, the engine and the HTTP routes, and each byte of the
# model once as it is read and once as the engine keeps it; of weights that are mapped, once.
_ENGINE_MB, _LOADING, _MAPPED = 80, 2, 1
# What Lambda sets and does not let a function's configuration name.
_RESERVED = frozenset(
    {
        "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
    }
)  # fmt: skip


class AwsLambda(BaseModel):
    """A function for AWS Lambda: zip, container image, and the SAM template that deploys either."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: ClassVar[str] = "lambda"
    root: ClassVar[str] = "function"
    own_code: ClassVar[OwnCode] = "packed"
    favours: ClassVar[Favour] = "start"

    kind: Literal["aws_lambda"] = "aws_lambda"
    arch: Literal["x86_64", "arm64"] = Field(
        "x86_64", description="processor of the function: x86_64 or arm64"
    )
    runtime: RuntimeName = Field("python3.13", description="Lambda's Python runtime")
    memory_mb: int = Field(1024, description="memory of the function; its share of CPU grows with it")
    timeout_s: int = Field(30, description="longest time that one request may take")
    ephemeral_mb: int = Field(512, description="size of the function's temporary folder")
    environment: dict[str, str] = Field(
        default_factory=dict, description="environment variables of the function"
    )
    http: Literal["fastapi", "none"] = Field(
        "fastapi", description="the HTTP API with its documentation, or none"
    )
    image: bool = Field(False, description="also describe a container image of the same function")
    alias: str = Field("live", description="alias that names the published version")
    log_retention_days: RetentionDays = Field(30, description="how long the function's log is kept")
    upload: Literal["s3", "direct"] = Field(
        "s3",
        description="how the zip gets to AWS: through S3 (as sam deploy does), or directly (up to 50 MB)",
    )

    @field_validator("memory_mb", "timeout_s", "ephemeral_mb")
    @classmethod
    def _in_range(cls, value: int, info: object) -> int:
        name = getattr(info, "field_name", "")
        limits = quotas.limits()
        least, most = getattr(limits, name)
        if not least <= value <= most:
            raise ValueError(
                f"{name} is {value}, and AWS Lambda takes {least} to {most} (as of {limits.date})"
            )
        return value

    @field_validator("environment")
    @classmethod
    def _takes_environment(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not _VARIABLE.fullmatch(name):
                raise ValueError(
                    f"environment has {name!r}, which is no name of a Lambda variable: letters, digits, _"
                )
            if name in _RESERVED:
                raise ValueError(f"environment has {name!r}, which Lambda sets itself")
        size_bytes = sum(len(name.encode()) + len(text.encode()) for name, text in value.items())
        if size_bytes > quotas.limits().environment_bytes:
            most = quotas.limits().environment_bytes
            raise ValueError(
                f"environment has {size_bytes} bytes of names and values, and AWS Lambda takes {most}"
            )
        return value

    @field_validator("alias")
    @classmethod
    def _is_alias(cls, value: str) -> str:
        if not _ALIAS.fullmatch(value):
            raise ValueError(f"alias is {value!r}: letters, digits, - and _, not digits alone")
        return value

    @property
    def platform(self) -> Platform:
        """The machine that Lambda runs the function on."""
        return quotas.runtimes()[self.runtime].platform(self.arch)

    @property
    def rooms(self) -> tuple[str, ...]:
        """Without HTTP the FastAPI app stays at home."""
        return ("aws_lambda", "core") if self.http == "none" else ("aws_lambda", "core", "http")

    @property
    def lock(self) -> str | None:
        """The packages that the FastAPI app needs."""
        return None if self.http == "none" else "aws_lambda"

    @property
    def thread_per(self) -> dict[str, int]:
        """A function gets one processor for so many MB of memory."""
        return {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": quotas.limits().mb_per_processor}

    def layout(self, parts: Parts) -> Layout:
        """The function's folder and zip, and beside them what SAM needs."""
        function = [file.under("function") for file in self._function(parts)]
        beside = [IncludedFile("golden.json", parts.golden_json), *self.templates(parts.name)]
        beside += event.files(parts.model.signature, parts.golden_json, http=self.http != "none")
        zipped = Archive("function.zip", "function", "zip", self._limits())
        notes = (*self._notes(parts.model.format), *self._memory_notes(parts.model))
        return Layout("aws_lambda", tuple(function + beside), (zipped,), notes)

    def _function(self, parts: Parts) -> list[IncludedFile]:
        files = [
            IncludedFile("manifest.json", parts.manifest_json),
            *(IncludedFile(f"model/{path.name}", path) for path in parts.model.paths),
            *parts.runtime, *parts.packages, *parts.licences,
        ]  # fmt: skip
        if parts.library is not None and parts.library_dest is not None:
            files.append(IncludedFile(parts.library_dest, parts.library))
        return files

    def templates(self, name: str) -> list[IncludedFile]:
        """What SAM and a container engine read: all that depends on the memory, and none of what ships."""
        files = ["template.yaml", "samconfig.toml"]
        files += ["template-image.yaml", "image/Dockerfile", ".dockerignore"] if self.image else []
        values = {"name": name, "target": self, "handler": HANDLER, "python": self.platform.python}
        return [IncludedFile(file, render(f"aws_lambda/{file.lstrip('.')}", **values)) for file in files]

    def _limits(self) -> tuple[SizeLimit, ...]:
        limits = quotas.limits()
        why = f"(as of {limits.date})"
        return (
            SizeLimit(
                "unzipped", limits.unzipped_bytes, f"a function's zip {why}",
                "deploy the container image beside it (template-image.yaml), which takes 10 GiB" if self.image
                else "make the model smaller, or build with --image: a container image takes 10 GiB",
                refuse=not self.image,
            ),
            SizeLimit(
                "zipped", limits.direct_upload_bytes, f"direct upload {why}",
                "upload it through S3, as `sam deploy` does, or make the model smaller",
                refuse=self.upload == "direct",
            ),
        )  # fmt: skip

    def _memory_notes(self, model: ModelFile) -> tuple[str, ...]:
        """Lambda kills a function that takes more memory than it has, and says no more than that."""
        model_bytes = model.total_bytes
        least_mb = math.ceil(_ENGINE_MB + (_MAPPED if model.weights else _LOADING) * model_bytes / 2**20)
        if model_bytes >= self.memory_mb * 2**20:
            raise ConfigError(
                f"memory_mb is {self.memory_mb}, and the model alone has {model_bytes / 2**20:.0f} MB",
                f"raise memory_mb: this function needs about {least_mb} to start",
            )
        if least_mb <= self.memory_mb:
            return ()
        return (
            f"memory_mb is {self.memory_mb}, and this function takes about {least_mb} to start: raise it",
        )

    def _notes(self, format: Format) -> tuple[str, ...]:
        runtime = quotas.runtimes()[self.runtime]
        if not runtime.glibc.startswith("2.2"):
            return ()
        engine = ", with an older engine" if format == "onnx" else ""
        return (f"{self.runtime} runs on {runtime.system} until {runtime.deprecated}{engine}",)
