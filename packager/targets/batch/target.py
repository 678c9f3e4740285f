"""The options of a batch job, and the layout of its artifact."""

import hashlib
import json
import re
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from packager import resources
from packager.layout import Archive, Favour, IncludedFile, Layout, OwnCode, Parts, Platform
from packager.manifest import canonical_json
from packager.rendering import render
from packager.targets.batch import aws, quotas

PythonVersion = Literal["3.11", "3.12", "3.13", "3.14"]
LOCK = "batch"
"""What a job's environment holds: `requirements.txt` has the same lines."""
ARCHIVE = "job.tar.gz"
_HASHED = ("model/", "lib/")
# Debian 12, Ubuntu 22.04, Amazon Linux 2023 and all that is newer; pyarrow asks for 2.28.
_GLIBC, _GLIBCXX = "2.34", "3.4.29"
_LIBRARIES = (
    *("libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "libgcc_s.so.1"),
    *("libstdc++.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"),
)
_PAGES = ("Dockerfile", ".dockerignore")
_KINDS = {"number": "a number", "integer": "a whole number", "boolean": "true or false", "text": "text"}
_ENGINES = {"onnxruntime_c": "ONNX Runtime", "litert_c": "LiteRT", "tiny": "pure Python"}


class Batch(BaseModel):
    """A job over files (Parquet, CSV, JSON lines, Arrow, NPY): here, in a container, on AWS Batch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: ClassVar[str] = "batch"
    root: ClassVar[str] = "job"
    own_code: ClassVar[OwnCode] = "beside"
    favours: ClassVar[Favour] = "throughput"

    kind: Literal["batch"] = "batch"
    arch: Literal["x86_64", "arm64"] = Field("x86_64", description="processor of the job: x86_64 or arm64")
    python: PythonVersion = Field("3.13", description="Python that runs the job: 3.11 to 3.14")
    compute: Literal["fargate", "fargate_spot", "ec2_spot"] = Field(
        "fargate_spot", description="what AWS Batch runs it on: fargate, fargate_spot or ec2_spot"
    )
    vcpus: float = Field(2, description="processors of one job on AWS Batch")
    memory_mb: int = Field(4096, description="memory of one job on AWS Batch")
    timeout_s: int = Field(21_600, description="longest time that one attempt on AWS Batch may take")
    attempts: int = Field(5, description="how often AWS Batch starts a job that was interrupted or failed")
    ephemeral_gb: int = Field(30, description="disk of one job on AWS Batch with Fargate")
    log_retention_days: int = Field(30, description="how long the log on AWS is kept")

    @model_validator(mode="after")
    def _takes_aws(self) -> Self:
        quotas.check_options(self)
        return self

    @property
    def platform(self) -> Platform:
        """Linux with glibc: what the engine and pyarrow are published for."""
        return Platform(self.arch, self.python, _GLIBC, _GLIBCXX, _LIBRARIES)

    @property
    def rooms(self) -> tuple[str, ...]:
        """What ships of `runtimes/`."""
        return ("batch", "core")

    @property
    def lock(self) -> str | None:
        """None: pyarrow is larger than all else, and belongs into the environment that runs the job."""
        return None

    @property
    def thread_per(self) -> dict[str, int]:
        """One thread in the engine: the job runs several batches at once."""
        return {}

    def layout(self, parts: Parts) -> Layout:
        """The job's folder and its archive, and beside them what makes an image of it."""
        files = self._job(parts)
        files.append(IncludedFile("manifest.json", _manifest(parts, files)))
        beside = (_readme(parts, self), *self.templates(parts.name))
        entries = (*(file.under(self.root) for file in files), *beside)
        return Layout("batch", entries, (Archive(ARCHIVE, self.root, "tar.gz"),))

    def templates(self, name: str) -> list[IncludedFile]:
        """What is for people, for a container engine and for AWS: nothing of what runs."""
        values = {"name": name, "target": self, "root": self.root}
        pages = [IncludedFile(page, render(f"batch/{page.lstrip('.')}", **values)) for page in _PAGES]
        return [*pages, *aws.files(name, self)]

    def _job(self, parts: Parts) -> list[IncludedFile]:
        files = [
            IncludedFile("__main__.py", render("batch/__main__.py")),
            IncludedFile("golden.json", parts.golden_json),
            IncludedFile("requirements.txt", resources.DATA / f"{LOCK}.lock"),
            *(IncludedFile(f"model/{path.name}", path) for path in parts.model.paths),
            *parts.runtime, *parts.licences,
        ]  # fmt: skip
        if parts.library is not None and parts.library_dest is not None:
            files.append(IncludedFile(parts.library_dest, parts.library))
        return files


def image_name(name: str) -> str:
    """What the commands call the artifact's image: container engines take fewer names than packager."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "job"


def _readme(parts: Parts, target: Batch) -> IncludedFile:
    """How to run the job, with the model's own columns."""
    document: dict[str, Any] = json.loads(parts.manifest_json)
    signature, engine = parts.model.signature, document["engine"]
    body = render(
        "batch/README.md",
        name=parts.name,
        description=document["source"]["description"],
        engine=f"{_ENGINES[engine['kind']]} {engine['version']}",
        features=signature.features,
        inputs=signature.inputs,
        kinds=_KINDS,
        tag=image_name(parts.name),
        job_name=aws.job_name(parts.name),
        stack_name=aws.stack_name(parts.name),
        folder=f"dist/{parts.name}/{target.folder}",
        target=target,
    )
    return IncludedFile("README.md", body)


def _manifest(parts: Parts, files: list[IncludedFile]) -> bytes:
    """As every artifact's, with the digest of the model and of the engine: the job verifies what it opens."""
    document: dict[str, Any] = json.loads(parts.manifest_json)
    listed = {file.dest: _entry(file.read()) for file in files if file.dest.startswith(_HASHED)}
    return canonical_json({**document, "files": listed})


def _entry(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
