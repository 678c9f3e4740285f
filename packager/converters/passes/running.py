"""The actions `optimize` (passes over a model, in order) and `sensitivity` (which layers suffer most)."""

import json
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from packager.converters.failure import ConversionError
from packager.converters.passes.step import Applied, PassModule, SensitiveModule, Step
from packager.converters.request import Request
from packager.converters.signature import Signature, read_document

MODULES: dict[str, str] = {
    "cleanup": "packager.converters.passes.onnx_cleanup",
    "dynamic_int8": "packager.converters.passes.onnx_dynamic_int8",
    "static_int8": "packager.converters.passes.onnx_static_int8",
    "float16:onnx": "packager.converters.passes.onnx_float16",
    "weight_only": "packager.converters.passes.onnx_weight_only",
    "prune_magnitude": "packager.converters.passes.onnx_prune_magnitude",
    "prune_2_4": "packager.converters.passes.onnx_prune_2_4",
    "truncate_trees": "packager.converters.passes.onnx_trees_truncate",
    "narrow_trees": "packager.converters.passes.onnx_trees_narrow",
    "tidy_trees": "packager.converters.passes.onnx_trees_tidy",
    "float16:tflite": "packager.converters.passes.tflite_float16",
    "tflite_dynamic_int8": "packager.converters.passes.tflite_dynamic_int8",
    "tflite_full_int8": "packager.converters.passes.tflite_full_int8",
    "tflite_int4": "packager.converters.passes.tflite_int4",
    "tflite_int16": "packager.converters.passes.tflite_int16",
}
"""Kind to module, or `kind:format` where each format has one; `packager/passes` has the same kinds."""


def optimized(request: Request, job: Path) -> dict[str, Any]:
    """Every pass in turn; the last one writes the model file."""
    from packager.converters import versions

    before = _before(request)
    model, done = request.source, list[Applied]()
    for number, options in enumerate(request.passes):
        dest = job / f"pass-{number}" / f"model.{request.format}"
        dest.parent.mkdir()
        done.append(_module(options, request).apply(_step(request, before, options, model, dest)))
        if not dest.is_file():
            raise ConversionError(f"The pass {options['kind']} wrote nothing")
        model = dest
    final = job / f"model.{request.format}"
    model.replace(final)
    return {
        **({"source": before["source"]} if "source" in before else {}),
        "signature": before["signature"],
        "notes": [],
        "model": {**before["model"], "path": final.name, **_versions(final, request.format)},
        "applied": [
            {"kind": options["kind"], **asdict(applied)}
            for options, applied in zip(request.passes, done, strict=True)
        ],
        "record": {**versions.running(), "warnings": []},
    }


def _versions(model: Path, format: str) -> dict[str, Any]:
    """The opset as it is now: quantizers raise an old one."""
    if format != "onnx":
        return {}
    import onnx

    from packager.converters.onnx.graph import opset_of

    return {"opset": opset_of(onnx.load(model, load_external_data=False))}


def ranked(request: Request, job: Path) -> dict[str, Any]:
    """The layers of the one pass that is asked about, the worst first."""
    (options,) = request.passes
    step = _step(request, _before(request), options, request.source, job / f"trial.{request.format}")
    module = cast("SensitiveModule", _module(options, request))
    return {"layers": [asdict(layer) for layer in module.sensitivity(step)]}


def _before(request: Request) -> dict[str, Any]:
    """What the job said that wrote the model."""
    if request.converted is None:
        raise ConversionError("A pass needs the folder of the job that wrote the model")
    document: dict[str, Any] = json.loads((request.converted / "result.json").read_text(encoding="utf-8"))
    return document


def _reference(request: Request, before: dict[str, Any]) -> Path | None:
    path = before.get("reference", {}).get("path")
    return request.converted / path if request.converted is not None and path else None


def _module(options: dict[str, Any], request: Request) -> PassModule:
    kind = options["kind"]
    name = MODULES.get(f"{kind}:{request.format}") or MODULES.get(kind)
    if name is None:
        raise ConversionError(f"The pass {kind} does not work on {request.format} files")
    return cast("PassModule", import_module(name))


def _step(request: Request, before: dict[str, Any], options: dict[str, Any], model: Path, dest: Path) -> Step:
    signature: Signature = read_document(before["signature"])
    return Step(
        model=model,
        dest=dest,
        options={name: value for name, value in options.items() if name != "kind"},
        signature=signature,
        calibration=request.calibration,
        seed=request.seed,
        max_opset=request.max_opset,
        max_ml_opset=request.max_ml_opset,
        max_ir_version=request.max_ir_version,
        reference=_reference(request, before),
        source=before.get("source", {}).get("description", ""),
    )
