"""Makes the model of a lineage by the workers, and keeps its files where a resumed search finds them."""

import json
import shutil
import tempfile
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter

from packager import conversion, passes, source_files
from packager.conversion import Conversion, Way
from packager.errors import ConfigError
from packager.manifest import canonical_json, read_signature, signature_document
from packager.optimization.lineage import Lineage, key
from packager.optimized import PassRecord
from packager.passes import LayerError, Oldest
from packager.worker import WorkerRequest

_SAYS = "made.json"
_OF_THE_JOB = ("result.json", "reference.json")
"""What a worker that goes on from this model reads beside it."""
_RECORDS = TypeAdapter(tuple[PassRecord, ...])


@dataclass(frozen=True, slots=True)
class Made:
    """A lineage's model. ``converted.reference`` holds the source's answers; ``folder``: its name among those
    that are kept, None for the model as converted; ``parent_sha256``: of what the last pass was done to."""

    lineage: Lineage
    converted: Conversion
    records: tuple[PassRecord, ...] = ()
    folder: str | None = None
    parent_sha256: str | None = None


class Maker:
    """Makes each lineage once, from the longest part of it that is made already."""

    def __init__(
        self, base: Conversion, request: WorkerRequest, oldest: Oldest, way: Way, kept: Path, scratch: Path
    ) -> None:
        """``request``: that of the base's conversion; ``kept``: where models stay, ``scratch``: jobs."""
        self._base, self._request, self._oldest, self._way = base, request, oldest, way
        self._kept, self._scratch = kept, scratch

    def make(self, lineage: Lineage) -> Made:
        """The model of that lineage; ConversionError says what a pass refuses."""
        if not lineage:
            return Made((), self._base)
        name = sha256(key(lineage).encode()).hexdigest()[:16]
        found = self._found(lineage, name)
        if found is not None:
            return found
        if lineage[-1].stage == "source":
            made = self._converted(lineage)
        else:
            made = self._passed(self.make(lineage[:-1]), lineage)
        self._keep(made, name)
        return self._read(lineage, name)

    def worst_layers(self, lineage: Lineage) -> tuple[LayerError, ...]:
        """The layers that the last pass of the lineage changes, the worst first."""
        parent = self.make(lineage[:-1]).converted
        calibration = self._calibration()
        return passes.sensitivity(
            parent, lineage[-1], calibration, self._oldest, self._job("sensitivity"), self._way
        )

    def _passed(self, parent: Made, lineage: Lineage) -> Made:
        job = self._job("pass")
        done = passes.apply(parent.converted, lineage[-1:], self._calibration(), self._oldest, job, self._way)
        records = (*parent.records, *done.records)
        return Made(lineage, done.converted, records, parent_sha256=parent.converted.model.sha256)

    def _converted(self, lineage: Lineage) -> Made:
        """Source passes all go with one conversion."""
        if any(one.stage != "source" for one in lineage):
            last = lineage[-1].kind
            raise ConfigError(f"the pass {last} changes the source model", "name it before the other passes")
        rows = tuple(one.model_dump(mode="json") for one in lineage)
        made = conversion.convert(replace(self._request, passes=rows), self._job("convert"), self._way)
        return Made(lineage, made, made.applied, parent_sha256=made.source.sha256)

    def _calibration(self) -> Path | None:
        return self._base.evaluation.calibration if self._base.evaluation else None

    def _job(self, name: str) -> Path:
        self._scratch.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._scratch)) / "job"

    def _keep(self, made: Made, name: str) -> None:
        """By rename: what is there is whole."""
        model = made.converted.model
        with tempfile.TemporaryDirectory(prefix="making-", dir=self._kept) as beside:
            folder = Path(beside, name)
            folder.mkdir()
            shutil.move(model.path, folder / model.path.name)
            for file in (model.path.parent / one for one in _OF_THE_JOB):
                if file.is_file():
                    shutil.copyfile(file, folder / file.name)
            said = {
                "model": {
                    "path": model.path.name, "format": model.format, "sha256": model.sha256,
                    "size_bytes": model.size_bytes, "opset": model.opset,
                    "opened_bytes": model.opened_bytes,
                    "signature": signature_document(model.signature),
                },
                "parent_sha256": made.parent_sha256,
                "records": [asdict(record) for record in made.records],
            }  # fmt: skip
            (folder / _SAYS).write_bytes(canonical_json(said))
            folder.rename(self._kept / name)

    def _found(self, lineage: Lineage, name: str) -> Made | None:
        """What is kept already, if its model is what it was."""
        folder = self._kept / name
        if not folder.is_dir():
            return None
        made = self._read(lineage, name)
        model = made.converted.model
        if model.path.is_file() and source_files.sha256_of(model.path) == model.sha256:
            return made
        shutil.rmtree(folder)
        return None

    def _read(self, lineage: Lineage, name: str) -> Made:
        folder = self._kept / name
        said = json.loads((folder / _SAYS).read_text(encoding="utf-8"))
        about = said["model"]
        model = replace(
            self._base.model,
            path=folder / about["path"],
            format=about["format"],
            signature=read_signature(about["signature"]),
            sha256=about["sha256"],
            size_bytes=about["size_bytes"],
            opset=about["opset"],
            opened_bytes=about["opened_bytes"],
        )
        records = _RECORDS.validate_python(said["records"])
        codes = tuple(code for record in records for code in record.quantized_io)
        converted = replace(self._base, model=model, codes=codes)
        return Made(lineage, converted, records, name, said["parent_sha256"])
