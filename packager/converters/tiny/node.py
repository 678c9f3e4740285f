"""What lowerings read: an ONNX node with what is known of its inputs; and what they write: steps."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
NUMBERS = ("float32", "float64", "int64", "int32")
FLOATS = ("float32", "float64")
WHOLE = ("int64", "int32")


class UncoveredError(Exception):
    """The engine cannot run this graph; the text says what of it, so that it fits after "tiny has no"."""


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A value of the graph: a constant has its array (texts as an object array of str)."""

    dtype: str
    array: Array | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the written model: ``operator`` is "module.function" of the runtime's `tiny_ops`."""

    operator: str
    takes: tuple[Value | None, ...]
    gives: tuple[Value, ...]
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Node:
    """An ONNX node whose inputs are values (None where left out) and whose attributes are Python values.

    A lowering writes steps with ``step`` and returns the node's outputs.
    """

    kind: str
    opset: int
    inputs: tuple[Value | None, ...]
    outputs: int
    attributes: dict[str, Any]
    steps: list[Step] = field(default_factory=list)

    def input(self, at: int) -> Value:
        """The input at a place where the operator must have one."""
        value = self.inputs[at] if at < len(self.inputs) else None
        if value is None:
            raise UncoveredError(f"{self.kind} without its input {at}")
        return value

    def constant(self, at: int) -> Array | None:
        """The values of an input that must be known; None where it is left out."""
        if at >= len(self.inputs) or self.inputs[at] is None:
            return None
        array = self.input(at).array
        if array is None:
            raise UncoveredError(f"{self.kind} whose input {at} is computed")
        return array

    def demand(self, at: int, *dtypes: str) -> Value:
        """The input at a place, of one of these dtypes."""
        value = self.input(at)
        if value.dtype not in dtypes:
            raise UncoveredError(f"{self.kind} of {value.dtype}")
        return value

    def attribute(self, name: str, default: Any = None) -> Any:
        """An attribute of the node, or its default."""
        return self.attributes.get(name, default)

    def only(self, **known: Any) -> None:
        """Refuse attributes that are not among ``known``, or have another value than the one stated there.

        ``...`` stands for any value: the lowering reads it.
        """
        for name, value in self.attributes.items():
            if name not in known:
                raise UncoveredError(f"{self.kind} with {name}")
            if known[name] is not ... and value != known[name]:
                raise UncoveredError(f"{self.kind} with {name} {value!r}")

    def step(
        self, operator: str, takes: "list[Value | None] | list[Value]", *gives: str, **attributes: Any
    ) -> list[Value]:
        """Write a step; returns what it gives, of these dtypes."""
        made = tuple(Value(dtype) for dtype in gives)
        self.steps.append(Step(operator, tuple(takes), made, attributes))
        return list(made)


Lowering = Callable[[Node], list[Value]]


def known(array: Array) -> Value:
    """A constant."""
    return Value("string" if array.dtype.kind in "OSU" else array.dtype.name, np.asarray(array))
