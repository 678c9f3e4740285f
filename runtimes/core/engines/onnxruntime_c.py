"""The engine ``onnxruntime_c``: ONNX Runtime through its C API, on plain buffers, without numpy."""

from __future__ import annotations

import ctypes
import os

from runtimes.core.engines._ort_api import Library, load
from runtimes.core.engines._ort_plan import MAX_PLANS, Plans
from runtimes.core.engines._ort_session import LEVELS, Session
from runtimes.core.engines._ort_values import make_value, read_value
from runtimes.core.engines.graph import GraphTensor
from runtimes.core.errors import ModelError
from runtimes.core.manifest import Manifest
from runtimes.core.tensors import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runtimes.core.engines._ort_plan import RunCall


class OnnxRuntime:
    """An open model. Several threads may run it at once; ctypes lets the others go on meanwhile."""

    __slots__ = ("_call", "_library", "_output_count", "_plans", "_session", "inputs", "outputs")

    def __init__(
        self,
        library: Library,
        model: str,
        input_names: list[str],
        output_names: list[str],
        *,
        threads: int = 1,
        level: str = "all",
    ) -> None:
        session = Session(library, model, threads, level)
        self.inputs: tuple[GraphTensor, ...] = session.inputs
        self.outputs: tuple[GraphTensor, ...] = session.outputs
        self._session: Session | None = session
        self._library = library
        self._output_count = len(output_names)
        self._plans: dict[tuple[tuple[int, ...], ...], Plans] = {}
        self._call = _bind(library, input_names, output_names)

    @classmethod
    def open(cls, manifest: Manifest) -> OnnxRuntime:
        """The model of a manifest."""
        level = manifest.engine.options.get("graph_optimization", "all")
        if not isinstance(level, str) or level not in LEVELS:
            known = ", ".join(LEVELS)
            raise ModelError(f"the manifest's engine.graph_optimization is {level!r}; known are {known}")
        library = load(manifest.library())
        model = manifest.path(manifest.model.path)
        if not os.path.isfile(model):
            raise ModelError(f"the model {model} does not exist")
        signature = manifest.signature
        inputs = [spec.name for spec in signature.inputs]
        outputs = [spec.name for spec in signature.outputs]
        threads = manifest.engine.intra_op_threads
        return cls(library, model, inputs, outputs, threads=threads, level=level)

    def run(self, tensors: list[Tensor]) -> list[Tensor]:
        """Execute the model once: tensors in the order of the input names, answers in that of the outputs."""
        session = self._session
        if session is None:
            raise ModelError("the model is closed")
        shapes = tuple([tensor.shape for tensor in tensors])
        plans = self._plans.get(shapes)
        if plans is None:
            answers = self._run_once(session, tensors)
            if len(self._plans) < MAX_PLANS:
                self._plans[shapes] = Plans(self._library, tensors, answers)
            return answers
        if plans.usable:
            planned = plans.run(self._call, session.address, tensors)
            if planned is not None:
                return planned
            answers = self._run_once(session, tensors)  # raises where the values are to blame, not the plan
            plans.count_miss()
            return answers
        return self._run_once(session, tensors)

    def _run_once(self, session: Session, tensors: list[Tensor]) -> list[Tensor]:
        library = self._library
        inputs, outputs = (ctypes.c_void_p * len(tensors))(), (ctypes.c_void_p * self._output_count)()
        kept = []
        try:
            for index, tensor in enumerate(tensors):
                inputs[index], buffer = make_value(library, tensor)
                kept.append(buffer)
            library.check(self._call(session.address, inputs, outputs))
            return [read_value(library, value) for value in outputs if value]
        finally:
            for value in (*inputs, *outputs):
                if value:
                    library.release_value(value)

    def close(self) -> None:
        """Let go of the session; it is released when the last run that uses it ends."""
        self._session = None

    def __enter__(self) -> OnnxRuntime:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _bind(library: Library, input_names: list[str], output_names: list[str]) -> RunCall:
    """The run call with all that never changes: the names, whose arrays live as long as the call."""
    count, wanted = len(input_names), len(output_names)
    names = (ctypes.c_char_p * count)(*[name.encode("utf-8") for name in input_names])
    wanted_names = (ctypes.c_char_p * wanted)(*[name.encode("utf-8") for name in output_names])
    # As plain pointers: an array would be made into one on every call. Each keeps its array alive.
    first, first_wanted = ctypes.cast(names, ctypes.c_void_p), ctypes.cast(wanted_names, ctypes.c_void_p)
    run = library.run

    def call(session: int, inputs: object, outputs: object) -> int | None:
        status: int | None = run(session, None, first, inputs, count, first_wanted, wanted, outputs)
        return status

    return call
