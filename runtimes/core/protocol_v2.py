"""The Open Inference Protocol, version 2: its requests to tensors, tensors to its answers, its metadata."""

from __future__ import annotations

from runtimes.core.errors import RequestError
from runtimes.core.inputs import InputReader, reshaped
from runtimes.core.manifest import Manifest
from runtimes.core.nested import to_flat
from runtimes.core.signature import Signature, TensorSpec
from runtimes.core.tensors import Tensor, read_shape

DATATYPES = {
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "bool": "BOOL",
    "string": "BYTES",
}
_REQUEST_KEYS = {"id", "inputs", "outputs", "parameters"}


class RequestV2:
    """A request that was read: its tensors in the signature's order, and what it wants back."""

    __slots__ = ("id", "tensors", "wanted")

    def __init__(self, tensors: list[Tensor], wanted: list[str], identity: str | None) -> None:
        self.tensors = tensors
        self.wanted = wanted
        self.id = identity


def read_request(document: object, signature: Signature, reader: InputReader) -> RequestV2:
    """Read ``{"inputs": [{name, shape, datatype, data}], "outputs"?, "id"?, "parameters"?}``."""
    if not isinstance(document, dict):
        raise RequestError("the request must be an object with inputs")
    unknown = next((str(key) for key in document if key not in _REQUEST_KEYS), None)
    if unknown is not None:
        raise RequestError(f"a request has no {unknown[:80]!r}", field=unknown[:80])
    identity = document.get("id")
    if identity is not None and not isinstance(identity, str):
        raise RequestError("id must be text", field="id")
    tensors = _read_inputs(document.get("inputs"), signature, reader)
    return RequestV2(tensors, _read_wanted(document.get("outputs"), signature), identity)


def write_answer(request: RequestV2, manifest: Manifest, outputs: list[Tensor]) -> dict[str, object]:
    """The answer: tensors as the model gave them, in the order that was asked for."""
    by_name = {spec.name: tensor for spec, tensor in zip(manifest.signature.outputs, outputs)}
    answer: dict[str, object] = {
        "model_name": manifest.name,
        "model_version": manifest.version,
        "outputs": [_written(name, by_name[name]) for name in request.wanted],
    }
    if request.id is not None:
        answer["id"] = request.id
    return answer


def metadata(manifest: Manifest) -> dict[str, object]:
    """The model as ``GET /v2/models/{name}`` describes it; -1 is a free dimension."""
    return {
        "name": manifest.name,
        "versions": [manifest.version],
        "platform": f"{manifest.model.format}_{manifest.engine.kind}",
        "inputs": [_described(spec) for spec in manifest.signature.inputs],
        "outputs": [_described(spec) for spec in manifest.signature.outputs],
    }


def _described(spec: TensorSpec) -> dict[str, object]:
    shape = [dim if isinstance(dim, int) else -1 for dim in spec.shape]
    return {"name": spec.name, "datatype": DATATYPES[spec.dtype], "shape": shape}


def _written(name: str, tensor: Tensor) -> dict[str, object]:
    return {
        "name": name,
        "datatype": DATATYPES[tensor.dtype],
        "shape": list(tensor.shape),
        "data": to_flat(tensor),
    }


def _read_inputs(items: object, signature: Signature, reader: InputReader) -> list[Tensor]:
    if not isinstance(items, list):
        raise RequestError("inputs must be a list of tensors", field="inputs")
    specs = {spec.name: spec for spec in signature.inputs}
    found: dict[str, Tensor] = {}
    for index, item in enumerate(items):
        place = f"inputs[{index}]"
        name = item.get("name") if isinstance(item, dict) else None
        spec = specs.get(name) if isinstance(name, str) else None
        if not isinstance(item, dict) or spec is None:
            message = f"each input must be an object whose name is one of {', '.join(specs)}"
            raise RequestError(message, field=f"{place}.name")
        if spec.name in found:
            raise RequestError(f"{spec.name} is given twice", field=f"{place}.name")
        found[spec.name] = _read_tensor(spec, item, place, reader)
    for name in specs:
        if name not in found:
            raise RequestError(f"the input {name} is missing", field="inputs")
    return reader.check([found[name] for name in specs])


def _read_tensor(spec: TensorSpec, item: dict[str, object], place: str, reader: InputReader) -> Tensor:
    expected = DATATYPES[spec.dtype]
    if item.get("datatype") != expected:
        raise RequestError(f"{spec.name} takes the datatype {expected}", field=f"{place}.datatype")
    shape = read_shape(item.get("shape"), f"{place}.shape")
    data = item.get("data")
    if not isinstance(data, list):
        raise RequestError("data must be a list of values", field=f"{place}.data")
    # Values may come flat or nested; both are row-major.
    nested = bool(data) and isinstance(data[0], list)
    tensor = reader.read_list(spec, data, len(shape) if nested else 1, f"{place}.data")
    return reshaped(tensor, shape, f"{place}.data")


def _read_wanted(items: object, signature: Signature) -> list[str]:
    names = [spec.name for spec in signature.outputs]
    if items is None:
        return names
    if not isinstance(items, list):
        raise RequestError("outputs must be a list of names", field="outputs")
    wanted = []
    for index, item in enumerate(items):
        name = item.get("name") if isinstance(item, dict) else None
        if name not in names:
            message = f"each output must be an object whose name is one of {', '.join(names)}"
            raise RequestError(message, field=f"outputs[{index}].name")
        wanted.append(str(name))
    return wanted or names
