"""The engine ``tiny``: small tabular models in pure Python, without a library and without numpy.

Its file (`docs/contracts.md`) holds constants and the steps of a graph that the builder has checked; each
step names the function of ``tiny_ops`` that computes it, and only those modules are imported, and shipped.
"""

from __future__ import annotations

from array import array

from runtimes.core import json_text
from runtimes.core.engines.graph import GraphTensor
from runtimes.core.errors import ModelError
from runtimes.core.manifest import Manifest
from runtimes.core.tensors import DTYPES, Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    Value = tuple[tuple[int, ...], list[Any]]
    Operate = Callable[..., list[Value]]

MAGIC = b"TINYMODL"
VERSION = 1
_HEAD = len(MAGIC) + 4
_OPERATORS = "runtimes.core.engines.tiny_ops."
_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, ImportError, RecursionError, MemoryError)
"""What reading a file comes to that is no model, or one of another release."""


class Step:
    """What is known of a step before the model runs: its attributes, the dtypes of what it takes and gives
    (None: left out), and of what it takes the constants (None: computed, or left out)."""

    __slots__ = ("attributes", "constants", "gives", "takes")

    def __init__(
        self,
        attributes: dict[str, Any],
        constants: list[Value | None],
        takes: list[str | None],
        gives: list[str],
    ) -> None:
        self.attributes = attributes
        self.constants = constants
        self.takes = takes
        self.gives = gives


class Tiny:
    """An open model. Nothing in it changes while it runs, so several threads may run it at once."""

    __slots__ = ("_blank", "_inputs", "_outputs", "_steps", "inputs", "outputs")

    def __init__(self, data: bytes, input_names: list[str], output_names: list[str]) -> None:
        header, arrays = _split(data)
        self.inputs: tuple[GraphTensor, ...] = _tensors(header["inputs"])
        self.outputs: tuple[GraphTensor, ...] = _tensors(header["outputs"])
        trees = _trees_alone(header["steps"])
        constants = [_constant(entry, arrays, at in trees) for at, entry in enumerate(header["constants"])]
        count: int = header["values"]
        # The last place stands for inputs that are left out: it is found at -1.
        self._blank: list[Any] = [*constants, *[None] * (count - len(constants) + 1)]
        self._steps: list[tuple[Operate, list[int], list[int]]] | None = [
            (_ready(step, header["dtypes"], self._blank), step["in"], step["out"]) for step in header["steps"]
        ]
        for at in trees:
            self._blank[at] = None  # its nodes hold all of it
        self._inputs = _places(header["inputs"], input_names)
        self._outputs = _places(header["outputs"], output_names)

    @classmethod
    def open(cls, manifest: Manifest) -> Tiny:
        """The model of a manifest."""
        path = manifest.path(manifest.model.path)
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError as error:
            raise ModelError(f"the model {path} cannot be read ({error.strerror})") from None
        signature = manifest.signature
        try:
            return cls(
                data, [spec.name for spec in signature.inputs], [spec.name for spec in signature.outputs]
            )
        except _UNREADABLE as error:
            reason = f"{type(error).__name__}: {error}"
            raise ModelError(f"the model {path} is damaged, or of another release ({reason})") from error

    def run(self, tensors: list[Tensor]) -> list[Tensor]:
        """Execute the model once: tensors in the order of the input names, answers in that of the outputs."""
        steps = self._steps
        if steps is None:
            raise ModelError("the model is closed")
        values = self._blank.copy()
        for (place, _), tensor in zip(self._inputs, tensors):
            values[place] = (tensor.shape, _numbers(tensor))
        try:
            for operate, takes, gives in steps:
                made = operate(*[values[place] for place in takes])
                for place, value in zip(gives, made):
                    values[place] = value
        except (ArithmeticError, LookupError, ValueError, MemoryError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise ModelError(f"a step of the model failed ({reason})", about_input=True) from error
        return [_tensor(values[place], dtype) for place, dtype in self._outputs]

    def close(self) -> None:
        """Let go of the model; runs that are under way finish."""
        self._steps = None

    def __enter__(self) -> Tiny:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _split(data: bytes) -> tuple[dict[str, Any], memoryview]:
    if data[: len(MAGIC)] != MAGIC:
        raise ValueError("it does not begin as such a model does")
    end = _HEAD + int.from_bytes(data[len(MAGIC) : _HEAD], "little")
    header = json_text.read_own(data[_HEAD:end].decode("utf-8"))
    if header["version"] != VERSION:
        raise ValueError(f"it has the version {header['version']}, and this runtime reads {VERSION}")
    return header, memoryview(data)[end:]


def _tensors(entries: list[dict[str, Any]]) -> tuple[GraphTensor, ...]:
    return tuple([GraphTensor(entry["name"], entry["dtype"], tuple(entry["shape"])) for entry in entries])


def _trees_alone(steps: list[dict[str, Any]]) -> set[int]:
    """The values that nothing but trees reads: what is theirs among the constants is never made a list of."""
    trees: list[int] = []
    others: list[int] = []
    for step in steps:
        rows, *tables = step["in"]
        others.append(rows)
        (trees if step["op"].startswith("trees.") else others).extend(tables)
    return {at for at in trees if at >= 0}.difference(others)


def _constant(entry: dict[str, Any], arrays: memoryview, as_it_lies: bool) -> Value:
    shape = tuple(entry["shape"])
    if entry["dtype"] == "string":
        return shape, entry["data"]
    start = entry["offset"]
    stored = arrays[start : start + entry["bytes"]]
    if len(stored) != entry["bytes"]:
        raise ValueError("it ends within its constants")
    view = stored.cast(DTYPES[entry["dtype"]][0])  # type: ignore[call-overload]
    return shape, view if as_it_lies else view.tolist()


def _ready(step: dict[str, Any], dtypes: list[str], constants: list[Value | None]) -> Operate:
    module, _, function = step["op"].partition(".")
    make = getattr(__import__(_OPERATORS + module, fromlist=[function]), function)
    takes, gives = step["in"], step["out"]
    known = [constants[place] for place in takes]
    kinds = [None if place < 0 else dtypes[place] for place in takes]
    operate: Operate = make(Step(step.get("with", {}), known, kinds, [dtypes[place] for place in gives]))
    return operate


def _places(entries: list[dict[str, Any]], names: list[str]) -> list[tuple[int, str]]:
    """Where the values of these names stand, with their dtypes; the predictor refuses names without one."""
    found = {entry["name"]: (entry["id"], entry["dtype"]) for entry in entries}
    return [found[name] for name in names if name in found]


def _numbers(tensor: Tensor) -> list[Any]:
    data = tensor.data
    if isinstance(data, list):
        return data
    return memoryview(tensor.to_bytes()).cast(DTYPES[tensor.dtype][0]).tolist()  # type: ignore[call-overload,no-any-return]


def _tensor(value: Value, dtype: str) -> Tensor:
    shape, data = value
    if dtype == "string":
        return Tensor(dtype, shape, data)
    if dtype == "bool":
        return Tensor(dtype, shape, bytes(data))
    return Tensor(dtype, shape, array(DTYPES[dtype][0], data))
