"""The engine ``litert_c``: LiteRT (TensorFlow Lite) through its C API, on plain buffers, without numpy."""

from __future__ import annotations

import os
from _thread import allocate_lock

from runtimes.core.engines._litert_api import Library, load
from runtimes.core.engines._litert_buffers import SIZES_UNKNOWN, Buffers
from runtimes.core.engines._litert_model import Compiled, Model
from runtimes.core.engines.graph import GraphTensor, disagreements
from runtimes.core.errors import ModelError
from runtimes.core.manifest import Manifest
from runtimes.core.signature import Signature
from runtimes.core.tensors import Tensor

_MARKS = (0xA5, 0x5A)


class LiteRt:
    """An open model. One run at a time: the model's working memory is one. Others wait."""

    __slots__ = (
        "_buffers",
        "_compiled",
        "_library",
        "_lock",
        "_model",
        "_signature",
        "_threads",
        "inputs",
        "outputs",
    )

    def __init__(
        self,
        library: Library,
        path: str,
        signature: Signature,
        *,
        threads: int = 1,
    ) -> None:
        model = Model(library, path)
        self.inputs: tuple[GraphTensor, ...] = model.inputs
        self.outputs: tuple[GraphTensor, ...] = model.outputs
        self._library = library
        self._model: Model | None = model
        self._signature = signature
        self._threads = threads
        self._lock = allocate_lock()
        self._compiled: Compiled | None = Compiled(library, model, threads)
        self._buffers: Buffers | None = None
        self._open()

    @classmethod
    def open(cls, manifest: Manifest) -> LiteRt:
        """The model of a manifest."""
        library = load(manifest.library())
        path = manifest.path(manifest.model.path)
        if not os.path.isfile(path):
            raise ModelError(f"the model {path} does not exist")
        return cls(library, path, manifest.signature, threads=manifest.engine.intra_op_threads)

    def run(self, tensors: list[Tensor]) -> list[Tensor]:
        """Execute the model once: tensors and answers in the signature's order."""
        given = {spec.name: tensor for spec, tensor in zip(self._signature.inputs, tensors)}
        with self._lock:
            model = self._model
            if model is None:
                raise ModelError("the model is closed")
            ordered = [given[kind.name] for kind in model.inputs]
            # An answer may look like a mark, but not like two.
            answers = self._run(model, ordered, _MARKS[0]) or self._run(model, ordered, _MARKS[1])
        if answers is None:
            raise ModelError(SIZES_UNKNOWN)
        named = {kind.name: answer for kind, answer in zip(model.outputs, answers)}
        return [named[spec.name] for spec in self._signature.outputs]

    def _run(self, model: Model, tensors: list[Tensor], mark: int) -> list[Tensor] | None:
        answers = None
        try:
            answers = self._prepared(model, tuple([tensor.shape for tensor in tensors])).run(tensors, mark)
        finally:
            # What failed halfway is not used again; nor is what remembers this request.
            if answers is None or model.stateful:
                self._compiled = self._buffers = None
        return answers

    def _open(self) -> None:
        """Prepare at once where the file states all sizes: what fails then is no request's fault."""
        if disagreements(self._signature, self.inputs, self.outputs):
            return  # the predictor says which
        stated = [[dim for dim in kind.shape if isinstance(dim, int)] for kind in self.inputs]
        free = any(len(dims) < len(kind.shape) for dims, kind in zip(stated, self.inputs))
        if self._model is None or free or not all(kind.tensor for kind in self.inputs + self.outputs):
            return
        try:
            self._prepared(self._model, tuple([tuple(dims) for dims in stated]))
        except ModelError as error:
            raise ModelError(error.message) from None

    def _prepared(self, model: Model, shapes: tuple[tuple[int, ...], ...]) -> Buffers:
        if self._compiled is None:
            self._compiled = Compiled(self._library, model, self._threads)
        if self._buffers is None or self._buffers.shapes != shapes:
            self._buffers = None  # the old ones go before the new ones come
            expected = self._expected(model, shapes)
            self._buffers = Buffers(self._library, model, self._compiled, shapes, expected)
        return self._buffers

    def _expected(self, model: Model, shapes: tuple[tuple[int, ...], ...]) -> list[tuple[int, ...]]:
        """The shapes that the signature promises of the answers; -1 is a size that no input tells."""
        given = {kind.name: shape for kind, shape in zip(model.inputs, shapes)}
        sizes: dict[int | str, int] = {}
        for spec in self._signature.inputs:
            sizes.update(zip(spec.shape, given[spec.name]))
        promised = {
            spec.name: tuple([dim if isinstance(dim, int) else sizes.get(dim, -1) for dim in spec.shape])
            for spec in self._signature.outputs
        }
        return [promised.get(kind.name, (-1,)) for kind in model.outputs]

    def close(self) -> None:
        """Let go of the model; it is released when the run that uses it ends."""
        with self._lock:
            self._model = self._compiled = self._buffers = None

    def __enter__(self) -> LiteRt:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
