"""``Model``: a bundle's model on a device, verified, opened once, asked from as many threads as you like."""

from __future__ import annotations

import os
from time import perf_counter

import edge
from edge.bundle import Bundle
from edge.rows import count_answers, request_of
from edge.tensors import count_outputs, read_inputs, write_output
from runtimes.core.errors import ModelError, RequestError
from runtimes.core.predictor import Predictor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Protocol, TypeVar

    from runtimes.core.tensors import Tensor

    Answer = TypeVar("Answer")

    class Telemetry(Protocol):
        """What is told of each request: never a value of it. ``edge.telemetry`` has one."""

        def serves(self, name: str, version: str, profile: str | None, root: str | None) -> None:
            """Which model is asked from now on, for which kind of device, and its bundle."""

        def record(self, latency_ms: float, rows: int, error_code: str | None) -> None:
            """How long a request took, how many rows it had, and the code of its error, if it had one."""

        def refuse(self, error_code: str) -> None:
            """A row of a request that was recorded got an error of its own."""


class Model:
    """An open model. ``Model.open`` makes one; ``close`` or a ``with`` block lets go of it."""

    __slots__ = ("_predictor", "_telemetry", "bundle")

    def __init__(self, bundle: Bundle, telemetry: Telemetry | None = None) -> None:
        self.bundle = bundle
        self._telemetry = telemetry
        self._predictor: Predictor | None = Predictor(bundle.manifest)
        if telemetry is not None:
            manifest, profile = bundle.manifest, bundle.device.get("name")
            telemetry.serves(manifest.name, manifest.version, profile, bundle.root)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        threads: int | None = 1,
        verify: bool = True,
        telemetry: Telemetry | None = None,
    ) -> Model:
        """The model of the bundle in ``path``; without one, of the bundle that holds this very code.

        ``verify`` holds what runs to the manifest's digests first. ``threads`` is how many the engine has;
        None takes what the build chose. Raises ``ModelError`` with a sentence.
        """
        if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
            raise ValueError(f"threads is {threads!r}; it must be a whole number from 1 on, or None")
        bundle = Bundle(os.fsdecode(path) if path is not None else own_bundle())
        bundle.check_machine()
        if verify:
            bundle.verify()
        if threads is not None:
            bundle.manifest.engine.intra_op_threads = threads
        return cls(bundle, telemetry)

    def predict(self, rows: object) -> dict[str, Any]:
        """The answers to rows: ``{"predictions": […], "probabilities": […], "model": {…}}``, as in the cloud.

        A row is a list in the order of the features, or a dict by name. ``rows`` is a list of them, one row
        alone (answered as a list of one), or an array; one of as many dimensions as a row has is one row.
        """
        predictor = self._open()
        signature = predictor.manifest.signature
        return self._observed(lambda: predictor.predict(request_of(rows, signature)), count_answers)

    def answer(self, request: object) -> dict[str, Any]:
        """The answer to one document: ``{"features": …}``, ``{"instances": …}`` or ``{"inputs": …}``."""
        predictor = self._open()
        return self._observed(lambda: predictor.predict(request), count_answers)

    def answer_rows(self, rows: list[object]) -> list[dict[str, Any]]:
        """Each row's own answer or error, in order: a row that does not fit fails alone."""
        predictor = self._open()
        answer = self._observed(lambda: predictor.predict_rows(rows), count_answers)
        found: list[dict[str, Any]] = answer["results"]  # type: ignore[assignment]
        if self._telemetry is not None and answer["failed"]:
            for row in found:
                if "error" in row:
                    self._telemetry.refuse(row["error"]["code"])
        return found

    def run(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Whole tensors by name to whole tensors by name: arrays, any buffers, or nested lists go in.

        Numbers come out as a ``memoryview`` in the output's shape, for ``numpy.asarray`` and ``.tolist()``,
        texts as nested lists. Half precision comes out as single; what has no elements, as a flat view.
        """
        return {name: write_output(tensor) for name, tensor in self.run_tensors(inputs).items()}

    def run_tensors(self, inputs: dict[str, Any]) -> dict[str, Tensor]:
        """The same, with the outputs as the runtime holds them."""
        predictor = self._open()
        signature = predictor.manifest.signature
        return self._observed(lambda: predictor.run(read_inputs(inputs, signature)), count_outputs)

    @property
    def info(self) -> dict[str, Any]:
        """What this is: name, version, device, engine, signature, source, limits, sizes, folder."""
        return describe(self.bundle)

    def close(self) -> None:
        """Let go of the model; requests that are under way finish. To close twice is no error."""
        predictor, self._predictor = self._predictor, None
        if predictor is not None:
            predictor.close()

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        manifest = self.bundle.manifest
        closed = ", closed" if self._predictor is None else ""
        return f"<Model {manifest.name} {manifest.version} on {manifest.engine.kind}{closed}>"

    def _open(self) -> Predictor:
        predictor = self._predictor
        if predictor is None:
            raise ModelError(
                f"the model {self.bundle.manifest.name} is closed: open it again with Model.open"
            )
        return predictor

    def _observed(self, work: Callable[[], Answer], count: Callable[[Answer], int]) -> Answer:
        telemetry = self._telemetry
        if telemetry is None:
            return work()
        code, rows, started = "internal", 0, perf_counter()
        try:
            answer = work()
            code, rows = "", count(answer)
        except RequestError as error:
            code = error.code
            raise
        except ModelError:
            code = "model_failed"
            raise
        finally:
            telemetry.record((perf_counter() - started) * 1000, rows, code or None)
        return answer


def own_bundle() -> str:
    """The folder of the bundle that holds this code, by the link that it was imported by, if by any: a
    program that opens its model again after an update has the new one."""
    return os.path.dirname(os.path.dirname(os.path.abspath(edge.__file__)))


def describe(bundle: Bundle) -> dict[str, Any]:
    """What a bundle is, without opening its model."""
    manifest = bundle.manifest
    return {
        "name": manifest.name,
        "version": manifest.version,
        "packager_version": manifest.packager_version,
        "path": bundle.root,
        "device": bundle.device,
        "engine": {
            "kind": manifest.engine.kind,
            "version": manifest.engine.version,
            "threads": manifest.engine.intra_op_threads,
        },
        "model": {"format": manifest.model.format, "sha256": manifest.model.sha256},
        "source": {
            key: manifest.source.get(key) for key in ("framework", "framework_version", "description")
        },
        "signature": manifest.signature.document(),
        "limits": manifest.limits.document(),
        "sizes": bundle.sizes(),
    }
