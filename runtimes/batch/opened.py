"""A plan made ready to run in this process: its model opened and verified, its stores, its rows by schema."""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import dataclass
from typing import Any

from runtimes.batch.errors import JobError
from runtimes.batch.job import Job
from runtimes.batch.ledger import Ledger
from runtimes.batch.plan import Model, Planned
from runtimes.batch.rows import Binding, Rows
from runtimes.batch.stores import Stores
from runtimes.batch.work import Shard, Wanted
from runtimes.core.errors import ModelError
from runtimes.core.manifest import Manifest, find_root, read_document, read_manifest
from runtimes.core.predictor import Predictor

_PIECE = 1 << 20


@dataclass(frozen=True)
class Way:
    """From the columns of a file to the columns of its answers."""

    binding: Binding
    rows: Rows
    wanted: Wanted


class Opened:
    """What every shard of a plan shares: one session of the engine above all. Safe from several threads."""

    def __init__(self, planned: Planned, root: str, stores: Stores) -> None:
        self.planned = planned
        self.job = planned.plan.job
        manifest, found = read_model(root)
        asked = planned.plan.model
        if found != asked:
            raise JobError(
                f"the plan is for {asked.name} {asked.version}, and this job is {found.name} {found.version},"
                " built on its own",
                "run it with the job that planned it, or plan once more",
            )
        verify_files(manifest)
        self.predictor = open_predictor(manifest)
        self.stores = stores
        self.output = self.stores.of(self.job.output)
        self.ledger = Ledger(planned, self.output)
        self._lock = threading.Lock()
        self._ways: dict[tuple[int, str], Way] = {}

    def way(self, shard: Shard) -> Way:
        """How the rows of a shard's file become answers."""
        key = (self.planned.schema_number(shard.file), shard.file.format)
        with self._lock:
            if key not in self._ways:
                schema = self.planned.plan.schemas[key[0]]
                binding = Binding(self.predictor.manifest.signature, schema, key[1], self.job)
                self._ways[key] = Way(binding, Rows(binding, self.predictor), wanted_of(self.job, binding))
            return self._ways[key]

    def close(self) -> None:
        """Let go of the model."""
        self.predictor.close()


def wanted_of(job: Job, binding: Binding | None = None) -> Wanted:
    """What is to be read of a file, and how; without a binding no column."""
    columns = {} if binding is None else dict(binding.wanted)
    return Wanted(
        columns, job.batch_rows, job.delimiter, job.header, job.newlines_in_values, tuple(job.missing)
    )


def read_model(root: str = "") -> tuple[Manifest, Model]:
    """The manifest in the job's folder ("": the one that this code lies in), and the model that it is of."""
    root = root or find_root()
    try:
        manifest = read_manifest(root)
        with open(os.path.join(root, "manifest.json"), "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
    except ModelError as error:
        raise JobError(error.message, "run it in the folder that packager built") from None
    return manifest, Model(manifest.name, manifest.version, digest)


def open_predictor(manifest: Manifest) -> Predictor:
    """The model, ready to answer."""
    try:
        return Predictor(manifest)
    except ModelError as error:
        raise JobError(f"the model cannot be opened: {error.message}", "build the job once more") from None


def verify_files(manifest: Manifest) -> None:
    """Hold the model's files to the digests in the manifest, where it has them."""
    for path, entry in sorted(_files(manifest).items()):
        try:
            found = digest_of(manifest.path(path))
        except OSError as error:
            reason = error.strerror or error
            raise JobError(f"{path} of the job cannot be read ({reason})", "copy the job once more") from None
        if found != entry.get("sha256"):
            raise JobError(f"{path} of the job is not the file that was built", "copy the job once more")


def _files(manifest: Manifest) -> dict[str, dict[str, Any]]:
    files = read_document(manifest.root).get("files") or {}
    if not isinstance(files, dict) or not all(isinstance(entry, dict) for entry in files.values()):
        raise JobError("the manifest's files are not an object", "build the job once more")
    return files


def digest_of(path: str) -> str:
    """The SHA-256 of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
