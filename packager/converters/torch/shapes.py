"""Sizes of torch tensors as dimensions of the signature: symbols become names, the first one the batch."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from packager.converters.failure import ConversionError
from packager.converters.signature import BATCH, NUMPY_TYPES, Dim, TensorSpec


@dataclass(slots=True)
class DimNames:
    """One name for each symbol, in the order in which they are met."""

    names: dict[str, str] = field(default_factory=dict)

    def shape(self, sizes: Any) -> tuple[Dim, ...]:
        return tuple(self._dim(at, size) for at, size in enumerate(sizes))

    def _dim(self, at: int, size: Any) -> Dim:
        if isinstance(size, int):
            return size
        symbol = str(size)
        if symbol not in self.names:
            first = at == 0 and BATCH not in self.names.values()
            self.names[symbol] = BATCH if first else f"dim_{len(self.names) + 1}"
        return self.names[symbol]


def dtype_name(dtype: Any) -> str:
    name = str(dtype).removeprefix("torch.")
    if name not in NUMPY_TYPES:
        raise ConversionError(
            f"The model uses {name} tensors, which the runtime does not take", hint="convert it to float32"
        )
    return name


def output_specs(
    names: list[str], dtypes: list[str], shapes: list[tuple[Dim, ...]]
) -> tuple[TensorSpec, ...]:
    role: Any = "prediction" if len(names) == 1 else "tensor"
    return tuple(TensorSpec(n, d, s, role) for n, d, s in zip(names, dtypes, shapes, strict=True))


def to_array(tensor: Any) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any] = tensor.detach().cpu().numpy()
    return array
