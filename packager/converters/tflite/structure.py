"""What stands in a TFLite file, as frozen values: read through the format's schema, with bounds.

A flatbuffer is offsets upon offsets. Each is followed with the file's end in view, and no more entries are
read than a file of its size can hold, so that a damaged or hostile file ends in a sentence.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.converters.failure import SourceError
from packager.converters.tflite.library import MAGIC, schema_module

_LARGEST_RANK = 8
_VERSION = 3


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """``free`` is the shape with -1 for free sizes; ``scale`` is 0 where the numbers stand for themselves."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    free: tuple[int, ...]
    constant: bool
    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True)
class StoredOperator:
    """``kind`` is an operator's name, or "CUSTOM" with ``custom``; ``starts``: a graph that it calls once."""

    kind: str
    custom: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    starts: int | None


@dataclass(frozen=True, slots=True)
class StoredGraph:
    tensors: tuple[StoredTensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[StoredOperator, ...]


@dataclass(frozen=True, slots=True)
class StoredSignature:
    """Names for a graph's inputs and outputs, each with the number of its tensor."""

    key: str
    graph: int
    inputs: dict[str, int]
    outputs: dict[str, int]


@dataclass(frozen=True, slots=True)
class Stored:
    description: str
    graphs: tuple[StoredGraph, ...]
    signatures: tuple[StoredSignature, ...]


def read_structure(path: Path) -> Stored:
    """Raises SourceError for whatever does not stand in the file as the format wants it."""
    return structure_of(path.read_bytes(), path.name)


def structure_of(data: bytes, name: str) -> Stored:
    """The same of bytes; ``name`` is what a refusal calls them."""
    if data[4:8] != MAGIC:
        raise SourceError(f"{name} is not a TFLite file")
    try:
        return _Reader(data).model()
    # What the schema's accessors raise when an offset leads astray.
    except (
        ArithmeticError,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        MemoryError,
        struct.error,
    ) as error:
        raise SourceError(
            f"{name} is a damaged TFLite file: {error}", hint="save or download the model again"
        ) from error


class _Reader:
    """Counts what it reads: every entry of a vector takes at least a byte of the file."""

    def __init__(self, data: bytes) -> None:
        self.schema = schema = schema_module()
        self.left = len(data)
        self.root = schema.Model.GetRootAs(bytearray(data), 0)
        self.dtypes = _names(schema.TensorType)
        self.kinds = _names(schema.BuiltinOperator)

    def model(self) -> Stored:
        root = self.root
        if root.Version() != _VERSION:
            raise ValueError(f"it has version {root.Version()} of the format, and {_VERSION} is known")
        graphs = tuple(self.graph(graph) for graph in self.vector(root.SubgraphsLength, root.Subgraphs))
        if not graphs:
            raise ValueError("it has no graph")
        found = self.vector(root.SignatureDefsLength, root.SignatureDefs)
        signatures = tuple(self.signature(one, graphs) for one in found)
        for graph in graphs:
            _check_starts(graph, len(graphs))
        return Stored(_text(root.Description()), graphs, signatures)

    def vector(self, length: Callable[[], int], item: Callable[[int], Any]) -> Iterator[Any]:
        """The entries of a vector, as the schema's accessors give them."""
        count = length()
        self.left -= count
        if self.left < 0:
            raise ValueError("it names more entries than it has bytes")
        return (item(at) for at in range(count))

    def graph(self, graph: Any) -> StoredGraph:
        tensors = tuple(self.tensor(one) for one in self.vector(graph.TensorsLength, graph.Tensors))
        operators = tuple(
            self.operator(one, len(tensors)) for one in self.vector(graph.OperatorsLength, graph.Operators)
        )
        inputs = self.places(graph.InputsLength, graph.Inputs, len(tensors))
        outputs = self.places(graph.OutputsLength, graph.Outputs, len(tensors))
        return StoredGraph(tensors, inputs, outputs, operators)

    def places(
        self, length: Callable[[], int], item: Callable[[int], int], count: int, least: int = 0
    ) -> tuple[int, ...]:
        """Numbers of tensors; -1 is a tensor that is left out, where one may be."""
        found = tuple(self.vector(length, item))
        if any(not least <= place < count for place in found):
            raise ValueError("it names a tensor that it does not have")
        return found

    def tensor(self, tensor: Any) -> StoredTensor:
        shape = tuple(self.vector(tensor.ShapeLength, tensor.Shape))
        free = tuple(self.vector(tensor.ShapeSignatureLength, tensor.ShapeSignature)) or shape
        if len(shape) > _LARGEST_RANK or len(free) != len(shape) or min(shape, default=0) < 0:
            raise ValueError(f"a tensor of it has the shape {list(shape)}")
        scale, zero_point = self.quantization(tensor.Quantization())
        return StoredTensor(
            name=_text(tensor.Name()),
            dtype=self.dtypes[tensor.Type()].lower(),
            shape=shape,
            free=free,
            constant=self.holds_data(tensor.Buffer()),
            scale=scale,
            zero_point=zero_point,
        )

    def holds_data(self, place: int) -> bool:
        if not 0 <= place < max(1, self.root.BuffersLength()):
            raise ValueError("it names a buffer that it does not have")
        buffer = self.root.Buffers(place) if self.root.BuffersLength() else None
        return buffer is not None and (buffer.DataLength() > 0 or buffer.Size() > 1)

    def quantization(self, found: Any) -> tuple[float, int]:
        """One scale for the whole tensor, as inputs and outputs have it."""
        if found is None or found.ScaleLength() != 1 or found.ZeroPointLength() > 1:
            return 0.0, 0
        return float(found.Scale(0)), int(found.ZeroPoint(0)) if found.ZeroPointLength() else 0

    def operator(self, operator: Any, count: int) -> StoredOperator:
        at = operator.OpcodeIndex()
        if not 0 <= at < self.root.OperatorCodesLength():
            raise ValueError("it names an operator that it does not have")
        code = self.root.OperatorCodes(at)
        kind = self.kinds[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        return StoredOperator(
            kind=kind,
            custom=_text(code.CustomCode()),
            inputs=self.places(operator.InputsLength, operator.Inputs, count, -1),
            outputs=self.places(operator.OutputsLength, operator.Outputs, count, -1),
            starts=self.started(operator) if kind == "CALL_ONCE" else None,
        )

    def started(self, operator: Any) -> int:
        table, options = operator.BuiltinOptions(), self.schema.CallOnceOptions()
        if table is None:
            raise ValueError("a call in it names no graph")
        options.Init(table.Bytes, table.Pos)
        return int(options.InitSubgraphIndex())

    def signature(self, found: Any, graphs: tuple[StoredGraph, ...]) -> StoredSignature:
        at = found.SubgraphIndex()
        if not 0 <= at < len(graphs):
            raise ValueError("a signature of it names a graph that it does not have")
        inputs = self.named(found.InputsLength, found.Inputs, graphs[at].inputs)
        outputs = self.named(found.OutputsLength, found.Outputs, graphs[at].outputs)
        return StoredSignature(_text(found.SignatureKey()), at, inputs, outputs)

    def named(
        self, length: Callable[[], int], item: Callable[[int], Any], known: tuple[int, ...]
    ) -> dict[str, int]:
        found = {_text(one.Name()): int(one.TensorIndex()) for one in self.vector(length, item)}
        if not set(found.values()) <= set(known) or len(found) != length():
            raise ValueError("a signature of it does not fit its graph")
        return found


def _check_starts(graph: StoredGraph, count: int) -> None:
    for operator in graph.operators:
        if operator.starts is not None and not 0 <= operator.starts < count:
            raise ValueError("a call in it names a graph that it does not have")


def _names(enumeration: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


def _text(found: bytes | None) -> str:
    return (found or b"").decode("utf-8", "replace")
