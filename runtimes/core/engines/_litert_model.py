"""A TFLite model as LiteRT holds it: opened from a path, described, compiled for this processor."""

from __future__ import annotations

import ctypes

from runtimes.core.engines._litert_api import CPU, UNSUPPORTED, Layout, Library, TensorType
from runtimes.core.engines._litert_file import ModelFile
from runtimes.core.engines.graph import GraphTensor

DTYPE_OF_LITERT = {
    1: "float32",
    2: "int32",
    3: "uint8",
    4: "int64",
    6: "bool",
    7: "int16",
    9: "int8",
    10: "float16",
    11: "float64",
    13: "uint64",
    16: "uint32",
    17: "uint16",
}
LITERT_DTYPES = {dtype: number for number, dtype in DTYPE_OF_LITERT.items()}
_KINDS = {5: "string", 8: "complex64", 12: "complex128", 14: "resource", 15: "variant", 18: "int4"}
_DEFAULT_SIGNATURE = "serving_default"
# Operators that carry something from one run to the next: the recurrent ones, and variables.
_KEEPS_STATE = frozenset((16, 24, 27, 35, 44, 46, 52, 129, 142, 143, 144))
_BUFFERED_ERRORS = 2


class Compiled:
    """A model made ready to run, with its own working memory. Runs hold a reference to it."""

    __slots__ = ("_library", "_model", "address")

    def __init__(self, library: Library, model: Model, threads: int) -> None:
        self._library = library
        self._model = model  # its weights are used where they lie
        self.address = 0
        options = library.made("be configured", library.create_options)
        try:
            library.check("be configured", library.set_accelerators(options, CPU))
            library.settings(options, b"xnnpack", b"num_threads = %d\n" % threads)
            library.settings(
                options, b"runtime_options_string", b"error_reporter_mode = %d\n" % _BUFFERED_ERRORS
            )
            with library.silence:
                self.address = library.made(
                    "prepare the model", library.compile, library.environment, model.address, options
                )
        finally:
            library.release_options(options)

    def input_shape(self, place: int) -> tuple[int, ...]:
        """The shape that an input has now."""
        layout = Layout()
        status = self._library.input_layout(self.address, self._model.signature, place, ctypes.byref(layout))
        self._library.check("tell the shape of an input", status)
        return layout.shape()

    def __del__(self) -> None:
        address, self.address = self.address, 0
        if address:
            self._library.release_compiled(address)


class Model:
    """The parsed file: which signature of it is served, and what that takes and gives.

    ``inputs`` and ``outputs`` are in the graph's own order, which is the order of a run's buffers; a tensor
    that is given back as it was taken, or given twice, has the same number in ``…_tensors``.
    """

    __slots__ = (
        "address",
        "file",
        "input_tensors",
        "inputs",
        "library",
        "output_tensors",
        "outputs",
        "signature",
        "stateful",
    )

    def __init__(self, library: Library, path: str) -> None:
        self.library = library
        self.address = 0
        self.file = ModelFile(path)
        self.address, hidden = _read(library, self.file)
        self.signature, signature = _choose_signature(library, self.address)
        self.inputs, self.input_tensors = _describe(self, signature, "input")
        self.outputs, self.output_tensors = _describe(self, signature, "output")
        self.stateful = hidden or not _KEEPS_STATE.isdisjoint(_operators(library, self.address))

    def __del__(self) -> None:
        address, self.address = self.address, 0
        if address:
            self.library.release_model(address)


def _read(library: Library, file: ModelFile) -> tuple[int, bool]:
    """The model, and whether its state was hidden. The library verifies what it reads from memory."""
    out = ctypes.c_void_p()
    arguments = (library.environment, file.address, file.size, ctypes.byref(out))
    status = library.create_model(*arguments)
    hidden = status == UNSUPPORTED
    if hidden:
        kept = file.hide()
        status = library.create_model(*arguments)
        file.show(kept)
    library.check("open the model", status)
    return out.value or 0, hidden


def _choose_signature(library: Library, model: int) -> tuple[int, int]:
    """The signature that TensorFlow serves by default, else the first: its index and its address."""
    count = library.made("read the model", library.signature_count, model)
    found = [library.made("read the model", library.signature, model, index) for index in range(count)]
    for index, signature in enumerate(found):
        if library.text("read the model", library.signature_key, signature) == _DEFAULT_SIGNATURE:
            return index, signature
    if found:
        return 0, found[0]
    raise library.failure("serve the model: it has no signature", 6)


def _describe(model: Model, signature: int, which: str) -> tuple[tuple[GraphTensor, ...], list[int]]:
    """The graph's tensors under the names that the signature gives them, and their addresses."""
    library = model.library

    def ask(call: str, *arguments: int) -> int:
        return library.made("read the model", getattr(library, call), *arguments)

    names = {}
    for index in range(ask(f"signature_{which}_count", signature)):
        name_of = getattr(library, f"signature_{which}_name")
        tensor = ask(f"signature_{which}", signature, index)
        names[tensor] = library.text("read the model", name_of, signature, index)
    graph = ask("signature_graph", signature)
    tensors = [ask(which, graph, index) for index in range(ask(f"{which}_count", graph))]
    place = [ask("graph", model.address, index) for index in range(ask("graph_count", model.address))].index(
        graph
    )
    described = []
    for tensor in tensors:
        stated = model.file.stated_shape(place, ask("tensor_index", tensor))
        described.append(_describe_one(library, names.get(tensor, ""), tensor, stated))
    return tuple(described), tensors


def _describe_one(library: Library, name: str, tensor: int, stated: tuple[int, ...]) -> GraphTensor:
    found = TensorType()
    library.check("read the model", library.tensor_type(tensor, ctypes.byref(found)))
    shape = tuple("" if dim < 0 else dim for dim in stated or found.layout.shape())
    dtype = DTYPE_OF_LITERT.get(found.element)
    kind = dtype or _KINDS.get(found.element, f"type {found.element}")
    return GraphTensor(name, kind, shape, tensor=dtype is not None)


def _operators(library: Library, model: int) -> set[int]:
    """The codes of all operators in all graphs of the model."""
    codes = set()
    for index in range(library.made("read the model", library.graph_count, model)):
        graph = library.made("read the model", library.graph, model, index)
        for place in range(library.made("read the model", library.operator_count, graph)):
            operator = library.made("read the model", library.operator, graph, place)
            codes.add(library.made("read the model", library.operator_code, operator) & 0xFFFFFFFF)
    return codes
