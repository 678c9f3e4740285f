"""Weights beside the model: read only from files inside the model's own folder, and within their bounds."""

import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from packager.converters.failure import ConversionError, SourceError, UnsafeModelError
from packager.converters.onnx.graph import subgraphs

_PIECE = 1 << 20
# What one protocol buffer can hold, with room for the graph itself.
_LARGEST = (2 << 30) - (64 << 20)


def take_in(model: Any, source: Path) -> tuple[tuple[str, str], ...]:
    """Puts the weights into the model; returns each file that was read, with its SHA-256."""
    import onnx

    apart = [tensor for tensor in tensors_of(model) if tensor.data_location == onnx.TensorProto.EXTERNAL]
    places = [_Place(source, tensor) for tensor in apart]
    total = sum(place.length for place in places)
    if total > _LARGEST:
        raise ConversionError(
            f"The weights beside {source.name} are {total:,} bytes, and one ONNX file holds {_LARGEST:,}",
            hint="make the model smaller before: half precision, or fewer layers",
        )
    for tensor, place in zip(apart, places, strict=True):
        tensor.raw_data = place.read()
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]
    return tuple((name, _digest(source.parent / name)) for name in sorted({place.name for place in places}))


class _Place:
    """Where the bytes of one tensor lie."""

    def __init__(self, source: Path, tensor: Any) -> None:
        entries = {entry.key: entry.value for entry in tensor.external_data}
        self.name = entries.get("location", "")
        self.tensor = str(tensor.name)
        self.file = _inside(source, self.name, self.tensor)
        size = self.file.stat().st_size
        self.offset = self._number(entries.get("offset", "0"))
        self.length = self._number(entries.get("length", str(max(size - self.offset, 0))))
        expected = expected_bytes(tensor)
        if self.offset + self.length > size or self.length != expected:
            raise SourceError(
                f"The weight {self.tensor} needs {expected:,} bytes, and {self.name} has "
                f"{min(self.length, max(size - self.offset, 0)):,} for it",
                hint="copy the model again with all its files",
            )

    def _number(self, text: str) -> int:
        if not text.isdecimal():
            raise SourceError(f"The weight {self.tensor} lies at {text[:20]!r}, which is no number of bytes")
        return int(text)

    def read(self) -> bytes:
        with self.file.open("rb") as stream:
            stream.seek(self.offset)
            return stream.read(self.length)


def _inside(source: Path, name: str, tensor: str) -> Path:
    """The file, if its name leads nowhere but into the folder of the model."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
        raise UnsafeModelError(
            f"The weight {tensor} lies in {name!r}, which is not beside the model: nothing of it was read",
            hint="put the weights into the folder of the model, and save it again",
        )
    file = source.parent
    for part in path.parts:
        file = file / part
        if file.is_symlink():
            raise UnsafeModelError(
                f"The weight {tensor} lies in {name!r}, which is a link to another place: nothing was read",
                hint="put the file itself beside the model",
            )
    if not file.is_file():
        raise SourceError(
            f"The weights of {source.name} lie in {name}, which is not beside it",
            hint="copy the model with all its files",
        )
    return file


def expected_bytes(tensor: Any) -> int:
    import onnx

    count = 1
    for size in tensor.dims:
        if size < 0:
            raise SourceError(f"The weight {tensor.name} has the size {size}")
        count *= size
    try:
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
    except KeyError as error:
        raise SourceError(f"The weight {tensor.name} has the unknown type {tensor.data_type}") from error
    if dtype.kind == "O" or tensor.data_type == onnx.TensorProto.STRING:
        raise SourceError(f"The weight {tensor.name} is text, which cannot lie in another file")
    halves = {getattr(onnx.TensorProto, name, -1) for name in ("INT4", "UINT4", "FLOAT4E2M1")}
    return (count + 1) // 2 if tensor.data_type in halves else count * int(dtype.itemsize)


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def tensors_of(model: Any) -> Iterator[Any]:
    """Every tensor of the model, also in its nodes and in the graphs and functions within it."""
    holders = [*subgraphs(model.graph), *model.functions]
    for holder in holders:
        yield from getattr(holder, "initializer", ())
        for sparse in getattr(holder, "sparse_initializer", ()):
            yield from (sparse.values, sparse.indices)
        for node in holder.node:
            for attribute in node.attribute:
                yield attribute.t
                yield from attribute.tensors
                for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                    yield from (sparse.values, sparse.indices)
