"""Arrays as the JSON tensors of docs/contracts.md."""

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def tensor_document(array: Array) -> dict[str, Any]:
    if array.dtype.kind in "OUT":
        return {"dtype": "string", "shape": list(array.shape), "data": [str(text) for text in array.ravel()]}
    little = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
    return {
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "b64": base64.b64encode(little.tobytes()).decode("ascii"),
    }


def array_of(tensor: dict[str, Any]) -> Array:
    """What ``tensor_document`` wrote."""
    if tensor["dtype"] == "string":
        return np.array(tensor["data"], dtype=object).reshape(tensor["shape"])
    flat = np.frombuffer(base64.b64decode(tensor["b64"]), dtype=np.dtype(tensor["dtype"]).newbyteorder("<"))
    return flat.reshape(tensor["shape"]).astype(tensor["dtype"])


def plain(value: Any) -> Any:
    """A numpy scalar as the Python value that JSON can hold; everything else as it is."""
    return value.item() if isinstance(value, np.generic) else value
