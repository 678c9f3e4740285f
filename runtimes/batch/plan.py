"""The plan of a job as a value and as canonical JSON, whose digest is its name."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from runtimes.batch.errors import JobError
from runtimes.batch.job import Job
from runtimes.batch.work import Cut, InputFile, Shard

SCHEMA_VERSION = 1
OWN_FOLDER = "_packager"
"""The folder of an output that holds what is not an answer; readers of data sets skip such a name."""


@dataclass(frozen=True)
class Model:
    """The model that answers; ``digest`` is the SHA-256 of its manifest.json."""

    name: str
    version: str
    digest: str


@dataclass(frozen=True)
class Plan:
    """All of a job that is decided before the first row.

    ``answers``: the columns of the output, with their types. ``schemas``: the columns of the input, once for
    all files that have the same; ``schema_numbers``: which of them each file has.
    """

    model: Model
    job: Job
    answers: tuple[tuple[str, str], ...]
    schemas: tuple[pa.Schema, ...]
    files: tuple[InputFile, ...]
    schema_numbers: tuple[int, ...]
    shards: tuple[Shard, ...]

    def document(self) -> dict[str, Any]:
        """The plan as JSON."""
        numbers = {file.uri: number for number, file in enumerate(self.files)}
        return {
            "schema_version": SCHEMA_VERSION,
            "model": asdict(self.model),
            "job": self.job.document(),
            "answers": self.answers,
            "schemas": [_schema_text(schema) for schema in self.schemas],
            "files": [
                {**asdict(file), "schema": number}
                for file, number in zip(self.files, self.schema_numbers, strict=True)
            ],
            "shards": [_shard_document(shard, numbers[shard.file.uri]) for shard in self.shards],
        }


@dataclass(frozen=True)
class Planned:
    """A plan with the digest of its bytes, which is its name."""

    plan: Plan
    digest: str

    @cached_property
    def identity(self) -> str:
        """What the whole output depends on: plans that differ in what they bear with have the same."""
        shape = {**self.plan.job.shape(), "output": self.plan.job.output}
        return hashlib.sha256(canonical({**self.plan.document(), "job": shape})).hexdigest()

    def schema_number(self, file: InputFile) -> int:
        """Which of the plan's schemas a file has."""
        return self._schema_numbers[file.uri]

    @cached_property
    def _schema_numbers(self) -> dict[str, int]:
        numbered = zip(self.plan.files, self.plan.schema_numbers, strict=True)
        return {file.uri: number for file, number in numbered}

    @property
    def uri(self) -> str:
        """Where the plan lies."""
        return plan_uri(self.plan.job.output, self.digest)


def name_plan(plan: Plan) -> tuple[Planned, bytes]:
    """A plan with its name, and its bytes."""
    data = canonical(plan.document())
    return Planned(plan, hashlib.sha256(data).hexdigest()), data


def plan_uri(output: str, digest: str) -> str:
    """Where the plan of this digest lies in an output."""
    return f"{output}/{OWN_FOLDER}/plan-{digest}.json"


def read_plan(data: bytes, uri: str) -> Planned:
    """A plan out of its bytes, which ``uri`` names by their digest."""
    digest = hashlib.sha256(data).hexdigest()
    if not uri.endswith(f"plan-{digest}.json"):
        raise JobError(f"the plan {uri} is not what its name says", "remove it, and plan the job once more")
    document = json.loads(data)
    found = document.get("schema_version")
    if found != SCHEMA_VERSION:
        message = f"the plan {uri} has schema_version {found!r}; this job reads {SCHEMA_VERSION}"
        raise JobError(message, "run it with the job that planned it")
    numbers = tuple(file.pop("schema") for file in document["files"])
    files = tuple(InputFile(**file) for file in document["files"])
    schemas = tuple(_read_schema(text) for text in document["schemas"])
    shards = tuple(_read_shard(number, item, files) for number, item in enumerate(document["shards"]))
    answers = tuple((name, type_name) for name, type_name in document["answers"])
    model, job = Model(**document["model"]), _read_job(document["job"])
    return Planned(Plan(model, job, answers, schemas, files, numbers, shards), digest)


def canonical(document: object) -> bytes:
    """JSON of which there is one spelling."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def identity_of(model: Model, shape: dict[str, Any], file: InputFile, cut: Cut) -> str:
    """What tells a shard's output from any other: the same identity means the same bytes. ``shape``: what of
    the job the answers depend on."""
    return hashlib.sha256(
        canonical(
            {
                "model": model.digest,
                "job": shape,
                "format": file.format,
                "compression": file.compression,
                "version": file.version,
                "start": cut.start,
                "stop": cut.stop,
            }
        )
    ).hexdigest()


def _schema_text(schema: pa.Schema) -> str:
    return base64.b64encode(schema.serialize()).decode()


def _read_schema(text: str) -> pa.Schema:
    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text)))


def _shard_document(shard: Shard, file: int) -> dict[str, Any]:
    return {**asdict(shard.cut), "file": file, "identity": shard.identity}


def _read_job(document: dict[str, Any]) -> Job:
    return Job(**{**document, "missing": tuple(document["missing"])})


def _read_shard(index: int, document: dict[str, Any], files: tuple[InputFile, ...]) -> Shard:
    cut = Cut(
        document["start"],
        document["stop"],
        document["first_row"],
        document["rows"],
        tuple((offset, length) for offset, length in document["spans"]),
    )
    return Shard(index, files[document["file"]], cut, document["identity"])
