"""Finds a model's framework in the content of its file: magic bytes and zip entries, never the ending."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packager.converters import protobuf
from packager.converters.archive import entries
from packager.converters.failure import SourceError
from packager.converters.pickles.stream import compression_of, open_stream

Form = Literal[
    "pickle",
    "skops",
    "xgboost_json",
    "xgboost_ubj",
    "lightgbm_text",
    "exported_program",
    "script_module",
    "state_dict",
    "safetensors",
    "keras_zip",
    "keras_hdf5",
    "saved_model",
    "onnx",
    "tflite",
]

_TORCH_LEGACY_MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_LARGEST_TENSOR_HEADER = 100 << 20
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_KNOWN = (
    "supported are scikit-learn (.joblib, .pkl, .skops), XGBoost (.json, .ubj), LightGBM (.txt), "
    "PyTorch (.pt2, .pt, .pth, .safetensors), Keras (.keras, .h5), SavedModel and MLflow folders, .onnx "
    "and .tflite"
)
_SAVED_MODEL = "saved_model.pb"
# Numbers of the fields of ONNX's ModelProto.
_IR_VERSION, _GRAPH = 1, 7
_NEWEST_IR_VERSION = 99


@dataclass(frozen=True, slots=True)
class Detected:
    framework: str
    form: Form


def detect(path: Path) -> Detected:
    if path.is_dir():
        return _detect_folder(path)
    if not path.is_file():
        raise SourceError(f"There is no file {path.name}", hint="check the path of the model")
    with path.open("rb") as file:
        head = file.read(512)
    if not head:
        raise SourceError(f"{path.name} is empty")
    if head.startswith(b"PK\x03\x04"):
        return _detect_zip(path)
    if compression_of(head) is not None:
        with open_stream(path) as stream:
            head = stream.read(512)
    return _detect_bytes(path, head)


def _detect_folder(path: Path) -> Detected:
    if (path / _SAVED_MODEL).is_file():
        return Detected("tensorflow", "saved_model")
    if (path / "keras_metadata.pb").is_file():
        raise SourceError(f"{path.name} is a part of a SavedModel without {_SAVED_MODEL}")
    raise SourceError(f"{path.name} is a folder, not a model file", hint=_KNOWN)


def _detect_bytes(path: Path, head: bytes) -> Detected:
    plain = _detect_magic(head)
    if plain is not None:
        return plain
    if head[:1] == b"\x80" and len(head) > 1 and head[1] <= 5:
        legacy_torch = head[2 : 2 + len(_TORCH_LEGACY_MAGIC)] == _TORCH_LEGACY_MAGIC
        return Detected("torch", "state_dict") if legacy_torch else Detected("sklearn", "pickle")
    if _looks_like_onnx(path):
        return Detected("onnx", "onnx")
    if head[:1] in b"c(]}" and b"\n" in head:
        return Detected("sklearn", "pickle")
    raise SourceError(
        f"{path.name} is not a model of a known kind (it begins with {head[:8]!r})", hint=_KNOWN
    )


def _detect_magic(head: bytes) -> Detected | None:
    """Files that say at their beginning what they are."""
    if head[4:8] == b"TFL3":
        return Detected("tflite", "tflite")
    # The length of a header in eight bytes, and the header in JSON.
    if head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= _LARGEST_TENSOR_HEADER:
        return Detected("torch", "safetensors")
    if head.startswith(_HDF5_MAGIC):
        return Detected("keras", "keras_hdf5")
    if head.startswith((b"tree\n", b"tree\r\n")) and b"version=" in head:
        return Detected("lightgbm", "lightgbm_text")
    # XGBoost's keys stand in any order: "learner" and "version" are the only two at the top.
    if head.lstrip()[:1] == b"{" and b"learner" in head:
        return Detected(
            "xgboost", "xgboost_json" if head.lstrip()[1:].lstrip()[:1] == b'"' else "xgboost_ubj"
        )
    if head[:4] == b"\x93NUM":
        raise SourceError("The file is a numpy array, not a model", hint=_KNOWN)
    return None


def _looks_like_onnx(path: Path) -> bool:
    """A protocol buffer has no magic bytes: its outermost fields must be a version and a graph."""
    found = protobuf.fields(path)
    return found is not None and 0 < found.get(_IR_VERSION, 0) <= _NEWEST_IR_VERSION and _GRAPH in found


def _detect_zip(path: Path) -> Detected:
    try:
        names = set(entries(path))
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
    if "config.json" in names and "model.weights.h5" in names:
        return Detected("keras", "keras_zip")
    kind = f"a zip of {', '.join(sorted(names)[:3])}"
    raise SourceError(f"{path.name} is {kind}, which is not supported", hint=_KNOWN)
