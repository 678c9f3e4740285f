"""The predictor: checks a request against the signature, runs the engine, writes the answer.

The Lambda handler, the FastAPI app, the batch job and the edge ``Model`` are thin faces of it.
"""

from __future__ import annotations

from runtimes.core.answers import AnswerWriter
from runtimes.core.engines import open_engine
from runtimes.core.engines.graph import disagreements
from runtimes.core.errors import ModelError, RequestError
from runtimes.core.inputs import InputReader
from runtimes.core.manifest import Manifest, find_root, read_manifest
from runtimes.core.row_runs import RowRuns
from runtimes.core.shapes import BATCH, batch_of
from runtimes.core.tensors import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtimes.core.engines import Engine

_FORMS = ("features", "instances", "inputs")


class Predictor:
    """One open model, of the artifact in ``root`` or of a manifest that was read before. Safe from several
    threads at once."""

    __slots__ = ("_answers", "_batch", "_engine", "_inputs", "_rows", "_run", "manifest")

    def __init__(self, root: str | Manifest | None = None) -> None:
        self.manifest: Manifest = root if isinstance(root, Manifest) else read_manifest(root or find_root())
        self._engine: Engine = open_engine(self.manifest)
        signature = self.manifest.signature
        found = disagreements(signature, self._engine.inputs, self._engine.outputs)
        if found:
            raise ModelError(f"the manifest does not fit the model: {'; '.join(found)}")
        self._batch = batch_of(signature)
        self._run = self._in_short_runs if self._reads_texts() else self._engine.run
        self._inputs = InputReader(signature)
        self._answers = AnswerWriter(signature)
        self._rows = RowRuns(signature, self._answers, self._execute)

    def run(self, inputs: dict[str, object]) -> dict[str, Tensor]:
        """Tensors (or arrays) by name in, tensors by name out: names, dtypes and shapes are checked."""
        outputs = self._execute(self._inputs.check_run(inputs))
        return {spec.name: tensor for spec, tensor in zip(self.manifest.signature.outputs, outputs)}

    def execute(self, tensors: list[Tensor]) -> list[Tensor]:
        """The outputs for tensors that the caller has checked, in the signature's order."""
        return self._execute(tensors)

    def predict(self, document: object) -> dict[str, object]:
        """Answer one request: ``{"features": row}``, ``{"instances": [row, …]}`` or ``{"inputs": {…}}``."""
        if isinstance(document, dict) and "encoding" in document:
            return self._predict_encoded(document)
        form, value = _form_of(document)
        if form == "features":
            answer = self._rows.together([value], form, None)
        elif form == "instances":
            answer = self._rows.together(self._instances(value), form, 0)
        else:
            answer = self._answers.whole(self._execute(self._read_inputs(value)))
        answer["model"] = self.model()
        return answer

    def predict_tensors(self, document: object) -> list[Tensor]:
        """The outputs themselves, for the same requests: in the signature's order, classes not decoded."""
        form, value = _form_of(document)
        if form == "inputs":
            return self._execute(self._read_inputs(value))
        if form == "features":
            return self._execute(self._rows.read_together([value], form, None))
        return self._execute(self._rows.read_together(self._instances(value), form, 0))

    def predict_batch(self, document: object) -> dict[str, object]:
        """Answer ``{"instances": [row, …]}`` row by row: a bad row fails alone."""
        _, value = _form_of(document, ("instances",))
        return self.predict_rows(self._instances(value))

    def predict_rows(self, instances: list[object]) -> dict[str, object]:
        """Each row's own answer or error, in order; all good rows go through the engine together."""
        results = self._rows.each(instances)
        failed = sum("error" in result for result in results)
        return {
            "results": results,
            "succeeded": len(results) - failed,
            "failed": failed,
            "model": self.model(),
        }

    def infer_v2(self, document: object) -> dict[str, object]:
        """Answer a request of the Open Inference Protocol, version 2."""
        from runtimes.core import protocol_v2

        request = protocol_v2.read_request(document, self.manifest.signature, self._inputs)
        self._check_count(request.tensors)
        return protocol_v2.write_answer(request, self.manifest, self._execute(request.tensors))

    def model_metadata_v2(self) -> dict[str, object]:
        """The model as the Open Inference Protocol describes it."""
        from runtimes.core import protocol_v2

        return protocol_v2.metadata(self.manifest)

    def model(self) -> dict[str, object]:
        """Name and version, as every answer carries them."""
        return {"name": self.manifest.name, "version": self.manifest.version}

    def info(self) -> dict[str, object]:
        """What is served: for ``/info``."""
        manifest = self.manifest
        return {
            "name": manifest.name,
            "version": manifest.version,
            "packager_version": manifest.packager_version,
            "signature": manifest.signature.document(),
            "engine": {"kind": manifest.engine.kind, "version": manifest.engine.version},
            "source": {
                key: manifest.source.get(key) for key in ("framework", "framework_version", "description")
            },
            "limits": manifest.limits.document(),
        }

    def close(self) -> None:
        """Let go of the model; requests that are under way finish."""
        self._engine.close()

    def __enter__(self) -> Predictor:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _predict_encoded(self, document: dict[str, object]) -> dict[str, object]:
        """``"encoding": "b64"`` beside the form: numbers are answered as base64, as they lie in memory."""
        encoding = document["encoding"]
        rest = {key: value for key, value in document.items() if key != "encoding"}
        if encoding == "json":
            return self.predict(rest)
        if encoding != "b64":
            raise RequestError("encoding must be 'json' or 'b64'", field="encoding")
        answer = self._answers.encoded(self.predict_tensors(rest))
        answer["model"] = self.model()
        return answer

    def _read_inputs(self, value: object) -> list[Tensor]:
        tensors = self._inputs.read(value)
        self._check_count(tensors)
        return tensors

    def _reads_texts(self) -> bool:
        signature = self.manifest.signature
        texts = [spec for spec in signature.inputs if spec.dtype == "string"]
        apart = self._batch == BATCH and not [
            spec for spec in signature.outputs if spec.shape[:1] != (BATCH,)
        ]
        return bool(signature.features and texts and apart)

    def _in_short_runs(self, tensors: list[Tensor]) -> list[Tensor]:
        from runtimes.core import text_runs

        return text_runs.run(self._engine.run, tensors)

    def _execute(self, tensors: list[Tensor]) -> list[Tensor]:
        try:
            outputs = self._run(tensors)
        except ModelError as error:
            if not error.about_input:
                raise
            message = f"the model cannot process this input: {error.message}"
            raise RequestError(message, code="refused_by_model") from error
        if self._batch == BATCH:
            self._answers.check_rows(outputs, tensors[0].shape[0])
        return outputs

    def _instances(self, value: object) -> list[object]:
        if not isinstance(value, list):
            raise RequestError("instances must be a list of rows", field="instances")
        if not value:
            raise RequestError("instances has no rows", field="instances")
        self._check_rows(len(value), "instances")
        return value

    def _check_rows(self, count: int, field: str) -> None:
        limit = self.manifest.limits.max_rows
        if count > limit:
            message = f"{field} has {count} rows; at most {limit} are taken at once"
            raise RequestError(message, field=field, status=413, code="too_many_rows")

    def _check_count(self, tensors: list[Tensor]) -> None:
        if self._batch == BATCH:
            self._check_rows(tensors[0].shape[0], "inputs")


def _form_of(document: object, forms: tuple[str, ...] = _FORMS) -> tuple[str, object]:
    """Which of the forms a request has, and its value: exactly one, and nothing else."""
    if isinstance(document, dict) and len(document) == 1:
        for form in forms:
            if form in document:
                return form, document[form]
    raise _wrong_form(document, " or ".join(forms), forms)


def _wrong_form(document: object, wanted: str, forms: tuple[str, ...]) -> RequestError:
    if not isinstance(document, dict):
        return RequestError(f"the request must be an object with {wanted}")
    unknown = [str(key) for key in document if key not in forms]
    if unknown:
        name = unknown[0][:80]
        return RequestError(f"a request has no {name!r}; it takes {wanted}", field=name)
    found = " and ".join(document) or "nothing"
    return RequestError(f"the request must have {wanted}; it has {found}")
