"""Networks in ONNX as TFLite, by onnx2tf: what it calls a success may not even load."""

import contextlib
import io
import shutil
import tempfile
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from packager.converters.failure import ConversionError, WorkerError, translated
from packager.converters.files import write_bytes
from packager.converters.signature import BATCH, Dim, Signature, TensorSpec
from packager.converters.tflite.cases import Case, fitted
from packager.converters.tflite.editing import declare, rename
from packager.converters.tflite.library import opened, packed
from packager.converters.tflite.proof import prove
from packager.converters.tflite.reading import served
from packager.converters.tflite.structure import read_structure

_HINT = "build ONNX: leave out --format tflite"
_QUANTIZED = frozenset({"QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger"})
_WHOLE = frozenset({"int32", "int64"})


@dataclass(frozen=True, slots=True)
class Network:
    """A written and proved file, with the cases that it was held to."""

    signature: Signature
    cases: list[Case]
    converter: str
    notes: list[str]


def write_network(source: Path, model: Any, signature: Signature, cases: list[Case], dest: Path) -> Network:
    """With the batch free, or where that is not the model, for one row; else sizes are those of the cases."""
    _refuse_quantized(model)
    sized = _sized(signature, cases)
    failures: list[WorkerError] = []
    ways: tuple[Dim, ...] = (BATCH, 1) if signature.batched else (BATCH,)
    for batch in ways:
        try:
            made = _converted(source, _with_batch(sized, batch), dest)
            held = fitted(cases, signature, made)
            prove(dest, made, held)
        except WorkerError as error:
            failures.append(error)
        else:
            return Network(made, held, f"onnx2tf {version('onnx2tf')}", _notes(signature, made))
    raise ConversionError(
        f"The TFLite file that onnx2tf makes is not the model: {failures[-1].message}",
        hint=_HINT,
        details=tuple(error.message for error in failures[:-1]),
    )


def _refuse_quantized(model: Any) -> None:
    kinds = sorted(_QUANTIZED.intersection(node.op_type for node in model.graph.node))
    if kinds:
        raise ConversionError(
            f"The model is quantized ({', '.join(kinds)}), and TFLite made of it would be single precision "
            "and several times larger",
            hint=_HINT,
        )


def _sized(signature: Signature, cases: list[Case]) -> Signature:
    """Every size but the batch as the rows have it."""

    def sized(spec: TensorSpec, kind: str) -> TensorSpec:
        held = cases[-1][kind][spec.name]["shape"]
        return replace(
            spec,
            shape=tuple(dim if dim == BATCH else size for dim, size in zip(spec.shape, held, strict=True)),
        )

    return replace(
        signature,
        inputs=tuple(sized(spec, "inputs") for spec in signature.inputs),
        outputs=tuple(sized(spec, "outputs") for spec in signature.outputs),
    )


def _with_batch(signature: Signature, batch: Dim) -> Signature:
    def given(spec: TensorSpec) -> TensorSpec:
        limits = spec.limits if batch == BATCH else {}
        return replace(spec, shape=tuple(batch if dim == BATCH else dim for dim in spec.shape), limits=limits)

    return replace(
        signature,
        inputs=tuple(given(spec) for spec in signature.inputs),
        outputs=tuple(given(spec) for spec in signature.outputs),
    )


def _converted(source: Path, wanted: Signature, dest: Path) -> Signature:
    """It changes the file that it is given, so it gets a copy."""
    names = [spec.name for spec in wanted.inputs]
    fixed = [
        f"{spec.name}:{','.join(map(str, spec.shape))}" for spec in wanted.inputs if BATCH not in spec.shape
    ]
    with tempfile.TemporaryDirectory(dir=dest.parent) as folder:
        copy = Path(folder) / "model.onnx"
        shutil.copyfile(source, copy)
        with translated(ConversionError, "onnx2tf cannot convert this model", _HINT), _quiet():
            import onnx2tf

            onnx2tf.convert(
                input_onnx_file_path=str(copy),
                output_folder_path=folder,
                keep_shape_absolutely_input_names=names,
                overwrite_input_shape=fixed or None,
                non_verbose=True,
            )
        written = Path(folder) / "model_float32.tflite"
        if not written.is_file():
            raise ConversionError("onnx2tf wrote no file", hint=_HINT)
        model = opened(written.read_bytes())
    _keep_names(model, wanted)
    declare(model, wanted)
    write_bytes(dest, packed(model))
    return _as_written(dest, wanted)


def _keep_names(model: Any, wanted: Signature) -> None:
    (signature,) = model.signatureDefs
    given = [entry.name.decode() for entry in (*signature.inputs, *signature.outputs)]
    asked = {spec.name for spec in (*wanted.inputs, *wanted.outputs)}
    if set(given) != asked:
        raise ConversionError(
            f"onnx2tf names {sorted(set(given) - asked)} in place of {sorted(asked - set(given))}"
        )
    rename(model, {name: name for name in given})


def _as_written(path: Path, wanted: Signature) -> Signature:
    """Whole numbers may have become shorter; nothing else may have another type."""
    found = served(read_structure(path))

    def typed(spec: TensorSpec, made: str) -> TensorSpec:
        if made != spec.dtype and not {made, spec.dtype} <= _WHOLE:
            raise ConversionError(f"onnx2tf makes {spec.name} {made} in place of {spec.dtype}")
        return replace(spec, dtype=made)

    return replace(
        wanted,
        inputs=tuple(typed(spec, found.inputs[spec.name].dtype) for spec in wanted.inputs),
        outputs=tuple(typed(spec, found.outputs[spec.name].dtype) for spec in wanted.outputs),
    )


def _notes(before: Signature, after: Signature) -> list[str]:
    kept = [
        f"{spec.name} {list(made.shape)}"
        for spec, made in zip(before.inputs, after.inputs, strict=True)
        if any(isinstance(dim, str) and dim != BATCH for dim in spec.shape)
    ]
    return [f"TFLite keeps the sizes of the rows: {', '.join(kept)}"] if kept else []


@contextlib.contextmanager
def _quiet() -> Any:
    """It draws progress bars."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
