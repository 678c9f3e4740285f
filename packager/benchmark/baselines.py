"""What an artifact is compared with when it is compared with the usual way: made here, of the same model."""

import json
import math
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from packager import build, evidence, source_files, tools, weights
from packager.assembly import read_manifest
from packager.benchmark import answers
from packager.benchmark.answers import Golden
from packager.benchmark.subject import Subject, check_alike, zipped_bytes
from packager.errors import BenchmarkError
from packager.layout import IncludedFile, files_in
from packager.model import Feature, TensorSpec
from packager.rendering import render
from packager.runtime_api import Function
from packager.tools import Progress

NAMES = ("naive", "sklearn", "hello")
_END_OF_ZIP = 22
"""Bytes at the end of each zip: two zips in one have them once."""
_FILE, _HANDLER = "service.py", "service.handler"
_PICKLES = (".joblib", ".pkl", ".pickle")


def make(name: str, subject: Subject, scratch: Path, say: Progress) -> Subject:
    """The baseline of this name for the subject's model and event, in a folder of ``scratch``."""
    folder = scratch / name
    folder.mkdir()
    if name == "hello":
        (folder / _FILE).write_bytes(render("baselines/hello.py"))
        return _subject(name, folder, subject, subject.event, check_alike)
    golden = _golden(subject, name)
    model = _source(subject) if name == "sklearn" else _onnx(subject, scratch, say)
    shutil.copyfile(model, folder / ("model.joblib" if name == "sklearn" else "model.onnx"))
    (folder / _FILE).write_bytes(render(f"baselines/{name}.py", **_described(golden, name)))
    event = _event(subject.event, golden)
    made = _subject(name, folder, subject, event, lambda body: answers.check(body, golden))
    return _with_packages(made, name, say)


def _subject(
    name: str, folder: Path, beside: Subject, event: bytes, check: Callable[[bytes], None]
) -> Subject:
    files = files_in(folder)
    python, client = beside.function.python, beside.function.client
    return Subject(
        name=name,
        path=folder,
        function=Function(folder, _HANDLER, python, client, name=name),
        event=event,
        check=check,
        engine=None,
        archive_bytes=zipped_bytes(files),
        unzipped_bytes=sum(file.size_bytes for file in files),
        model_bytes=sum(file.size_bytes for file in files if file.dest.startswith("model.")),
    )


def _with_packages(subject: Subject, name: str, say: Progress) -> Subject:
    """Beside the handler, the packages as pip lays them down: by links, since the files are thousands."""
    packages = tools.usual_packages(name, subject.function.python, say)
    files = files_in(packages)
    shutil.copytree(packages, subject.function.folder, dirs_exist_ok=True, copy_function=_link)
    return replace(
        subject,
        archive_bytes=subject.archive_bytes + _packed_bytes(packages, files, say) - _END_OF_ZIP,
        unzipped_bytes=subject.unzipped_bytes + sum(file.size_bytes for file in files),
    )


def _link(source: str, dest: str) -> None:
    try:
        os.link(source, dest)
    except OSError:  # another disk
        shutil.copy2(source, dest)  # with its date: byte-code is bound to it


def _packed_bytes(packages: Path, files: tuple[IncludedFile, ...], say: Progress) -> int:
    """Packing them takes half a minute, and the cache's folder never changes: it is done once."""
    known = packages.with_name(f"{packages.name}.zip-bytes")
    if not known.is_file():
        say(f"packing {len(files)} files, to know how large they are as a zip (once)")
        beside = known.with_name(f"{known.name}.{os.getpid()}")
        beside.write_text(str(zipped_bytes(files)), encoding="ascii")
        beside.replace(known)
    return int(known.read_text(encoding="ascii"))


def _golden(subject: Subject, name: str) -> Golden:
    if subject.golden is None:
        raise BenchmarkError(
            f"the {name} function is asked what the artifact's own example asks, and {subject.path} has none",
            "name dist/NAME/lambda and leave out --event, or give another artifact to --against",
        )
    signature = subject.golden.signature
    if name == "sklearn" and (len(signature.inputs) != 1 or not signature.features):
        raise BenchmarkError("the sklearn function takes rows of numbers, and this model takes others")
    return subject.golden


def _source(subject: Subject) -> Path:
    """The pickle that was built from, as it was then: that one was read by the allow-list."""
    record = evidence.read(_artifact(subject))
    model = record.configuration.model
    if model.suffix not in _PICKLES or not model.is_file():
        raise BenchmarkError(f"the sklearn function needs the pickle, and the source is {model}")
    if source_files.digest_of(model) != record.source_sha256:
        raise BenchmarkError(f"the model {model} has changed since the artifact was built", "build it again")
    return model


def _onnx(subject: Subject, scratch: Path, say: Progress) -> Path:
    """The artifact's own graph; for other formats the source is converted once more."""
    manifest = read_manifest(subject.function.folder)
    model = subject.function.folder / str(manifest["model"]["path"])
    if "weights" in manifest["model"]:  # the usual way keeps them in the model
        whole = scratch / "whole.onnx"
        whole.write_bytes(weights.bring_back(model))
        return whole
    if model.suffix == ".onnx":
        return model
    record = evidence.read(_artifact(subject))
    asked = record.configuration
    if not asked.model.exists():
        raise BenchmarkError(
            f"the naive function needs the model as ONNX, and its source {asked.model} is not there any more",
            "restore it, or give another artifact to --against",
        )
    say(f"converting {asked.model.name} to ONNX")
    changes = {
        "format": "onnx",
        "output": scratch / "onnx",
        "engine": "onnxruntime",
        "engine_version": "auto",
    }
    made = build.build(asked.model_copy(update=changes))
    (found,) = (made.artifacts[0].path / "function" / "model").glob("*.onnx")
    return found


def _artifact(subject: Subject) -> Path:
    return subject.function.folder.parent


def _described(golden: Golden, name: str) -> dict[str, Any]:
    """The inputs as the templates write them."""
    signature = golden.signature
    places: dict[str, list[int]] = {}
    for place, feature in enumerate(signature.features):
        places.setdefault(feature.input, []).append(place)
    inputs = [
        {
            "name": spec.name,
            "dtype": "np.float64" if name == "sklearn" else _dtype(spec),
            "places": places.get(spec.name, []),
            "annotation": _annotation(spec),
        }
        for spec in signature.inputs
    ]
    return {"inputs": inputs, "cell": _cell(signature.features) if signature.features else ""}


def _cell(features: tuple[Feature, ...]) -> str:
    kinds = {"str" if feature.kind == "text" else "float" for feature in features}
    missing = ["None"] if any(feature.nullable for feature in features) else []
    return " | ".join([*sorted(kinds), *missing])


def _dtype(spec: TensorSpec) -> str:
    return {"string": "object", "bool": "np.bool_"}.get(spec.dtype, f"np.{spec.dtype}")


def _annotation(spec: TensorSpec) -> str:
    kind = "str" if spec.dtype == "string" else "float" if spec.dtype.startswith("float") else "int"
    return "list[" * len(spec.shape) + kind + "]" * len(spec.shape)


def _cell_value(value: object) -> object:
    """NaN is no JSON: a missing number is null."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _event(event: bytes, golden: Golden) -> bytes:
    """The subject's event with a body that the usual way understands: nested lists of numbers."""
    signature = golden.signature
    values = {name: array.tolist() for name, array in golden.inputs.items()}
    if signature.features:
        row = [values[feature.input][0][feature.column] for feature in signature.features]
        body: dict[str, Any] = {"features": [_cell_value(value) for value in row]}
    else:
        body = {"inputs": values}
    document = json.loads(event)
    return json.dumps({**document, "body": json.dumps(body), "isBase64Encoded": False}).encode()
