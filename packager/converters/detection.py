"""Finds a model's framework in the content of its file: magic bytes and zip entries, never the ending."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packager.converters.failure import SourceError
from packager.converters.pickles.stream import compression_of, open_stream

Form = Literal["pickle", "skops", "exported_program", "script_module", "state_dict", "onnx"]

_TORCH_LEGACY_MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_LATER = "supported are scikit-learn (.joblib, .pkl, .skops), PyTorch (.pt2, .pt, .pth) and .onnx"


@dataclass(frozen=True, slots=True)
class Detected:
    framework: str
    form: Form


def detect(path: Path) -> Detected:
    if path.is_dir():
        raise SourceError(f"{path.name} is a folder, not a model file", hint=_LATER)
    if not path.is_file():
        raise SourceError(f"There is no file {path.name}", hint="check the path of the model")
    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        raise SourceError(f"{path.name} is empty")
    if head.startswith(b"PK\x03\x04"):
        return _detect_zip(path)
    _refuse_other_frameworks(path, head)
    if compression_of(head) is not None:
        with open_stream(path) as stream:
            head = stream.read(512)
    return _detect_bytes(path, head)


def _detect_bytes(path: Path, head: bytes) -> Detected:
    if head[:1] == b"\x80" and len(head) > 1 and head[1] <= 5:
        legacy_torch = head[2 : 2 + len(_TORCH_LEGACY_MAGIC)] == _TORCH_LEGACY_MAGIC
        return Detected("torch", "state_dict") if legacy_torch else Detected("sklearn", "pickle")
    if _looks_like_onnx(path, head):
        return Detected("onnx", "onnx")
    if head[:1] in b"c(]}" and b"\n" in head:
        return Detected("sklearn", "pickle")
    raise SourceError(
        f"{path.name} is not a model of a known kind (it begins with {head[:8]!r})", hint=_LATER
    )


def _looks_like_onnx(path: Path, head: bytes) -> bool:
    """A protocol buffer has no magic bytes: it is read, and must hold a version and nodes."""
    if head[:1] not in (b"\x08", b"\x12", b"\x1a", b"\x3a", b"\x42"):
        return False
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(path, load_external_data=False)
    except (DecodeError, ValueError):
        return False
    return bool(model.ir_version and model.graph.output)


def _detect_zip(path: Path) -> Detected:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
        raise SourceError(f"{path.name} is a damaged zip file: {error}") from error
    below = {name.partition("/")[2] for name in names}
    if "archive_format" in below or "archive_format" in names or "serialized_exported_program.json" in names:
        return Detected("torch", "exported_program")
    if "constants.pkl" in below and any(name.startswith("code/") for name in below):
        return Detected("torch", "script_module")
    if "data.pkl" in below:
        return Detected("torch", "state_dict")
    if "schema.json" in names:
        return Detected("sklearn", "skops")
    kind = "a Keras model" if "model.weights.h5" in names else f"a zip of {', '.join(sorted(names)[:3])}"
    raise SourceError(f"{path.name} is {kind}, which is not supported", hint=_LATER)


def _refuse_other_frameworks(path: Path, head: bytes) -> None:
    kind = None
    if head.startswith(b"\x89HDF\r\n"):
        kind = "an HDF5 file (Keras)"
    elif head[4:8] == b"TFL3":
        kind = "a TFLite model"
    elif head.startswith(b"tree\nversion="):
        kind = "a LightGBM model"
    elif head.lstrip()[:1] == b"{" and b"learner" in head:
        kind = "an XGBoost model"
    elif head[:4] == b"\x93NUM":
        kind = "a numpy array, not a model"
    if kind:
        raise SourceError(f"{path.name} is {kind}, which is not supported", hint=_LATER)
