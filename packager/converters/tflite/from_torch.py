"""A torch module as TFLite, by litert-torch: the names and types of the source, its batch where proved."""

import contextlib
import io
import logging
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from packager.converters.failure import ConversionError, WorkerError, translated
from packager.converters.files import write_bytes
from packager.converters.signature import BATCH, Dim, Signature, TensorSpec
from packager.converters.tflite.editing import free_batch, rename
from packager.converters.tflite.library import opened, packed
from packager.converters.tflite.proof import open_written, settle
from packager.converters.torch.module import run_module
from packager.converters.torch.proof import compared
from packager.converters.torch.shapes import to_array

_HINT = "build ONNX: leave out --format tflite"
_BATCHES = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Lite:
    """A written file: its signature, and what to say of it."""

    signature: Signature
    converter: str
    notes: tuple[str, ...] = ()


def write_module(
    module: Any, example: list[Any], signature: Signature, dest: Path, traced: Any = None
) -> Lite:
    """``module`` takes tensors in the signature's order and gives a tuple of them.

    ``traced`` is given to litert-torch in its place, where that cannot read the module itself.
    ``example``: tensors whose sizes the file keeps. Only the batch stays free, if a file with a free batch
    answers as the module does; otherwise the file takes one row, and the runtime runs many one by one.
    """
    rows = one_row(signature, example)
    fixed = _with_sizes(signature, rows, module)
    model = opened(_converted(traced or module, rows))
    rename(model, _names(signature))
    plain = packed(model)
    name = f"litert-torch {version('litert-torch')}"
    notes = _fixed_notes(signature, fixed)
    if signature.batched:
        free_batch(model)
        whole = replace(
            fixed,
            inputs=tuple(_with_batch(spec, signature.inputs[at]) for at, spec in enumerate(fixed.inputs)),
            outputs=tuple(_with_batch(spec, signature.outputs[at]) for at, spec in enumerate(fixed.outputs)),
        )
        if _difference(packed(model), module, whole, example, dest) is None:
            return Lite(whole, name, notes)
    said = _difference(plain, module, fixed, rows, dest)
    if said is not None:
        raise ConversionError(f"The TFLite file that litert-torch makes is not the model: {said}", hint=_HINT)
    return Lite(fixed, name, notes)


def _pairs(signature: Signature, example: list[Any]) -> list[tuple[TensorSpec, Any]]:
    return list(zip(signature.inputs, example, strict=True))


def one_row(signature: Signature, example: list[Any]) -> list[Any]:
    """The example with a batch of one, where the batch is free."""
    return [_rows(spec, tensor, 1) for spec, tensor in _pairs(signature, example)]


def _rows(spec: TensorSpec, tensor: Any, count: int) -> Any:
    """That many rows of the example, begun again where it has fewer; all of it where it has no batch."""
    import torch

    if BATCH not in spec.shape:
        return tensor
    axis = spec.shape.index(BATCH)
    return tensor.index_select(axis, torch.arange(count) % tensor.shape[axis]).contiguous()


def _converted(module: Any, example: list[Any]) -> bytes:
    hint = "replace the operation that it names, or build ONNX: leave out --format tflite"
    talk = io.StringIO()
    with translated(ConversionError, "litert-torch cannot convert this model", hint), _quiet(talk):
        import litert_torch

        made = litert_torch.convert(module.eval(), tuple(example), enable_x64=True)
        return bytes(made.model_content())


@contextlib.contextmanager
def _quiet(talk: io.StringIO) -> Any:
    """It reports its progress on stdout and its own imports as warnings."""
    logging.getLogger("torchao").setLevel(logging.ERROR)
    with contextlib.redirect_stdout(talk):
        yield


def _names(signature: Signature) -> dict[str, str]:
    inputs = {f"args_{at}": spec.name for at, spec in enumerate(signature.inputs)}
    return inputs | {f"output_{at}": spec.name for at, spec in enumerate(signature.outputs)}


def _with_sizes(signature: Signature, example: list[Any], module: Any) -> Signature:
    """Every size as the example has it."""
    answers = run_module(module, example)
    inputs = tuple(
        replace(spec, shape=tuple(int(size) for size in tensor.shape), limits={})
        for spec, tensor in _pairs(signature, example)
    )
    outputs = tuple(
        replace(spec, shape=tuple(int(size) for size in answer.shape))
        for spec, answer in zip(signature.outputs, answers, strict=True)
    )
    return replace(signature, inputs=inputs, outputs=outputs)


def _with_batch(spec: TensorSpec, before: TensorSpec) -> TensorSpec:
    shape: tuple[Dim, ...] = (BATCH, *spec.shape[1:])
    limits = {dim: both for dim, both in before.limits.items() if dim == BATCH}
    return replace(spec, shape=shape, limits=limits)


def _fixed_notes(before: Signature, after: Signature) -> tuple[str, ...]:
    kept = [
        f"{spec.name} {list(fixed.shape)}"
        for spec, fixed in zip(before.inputs, after.inputs, strict=True)
        if any(isinstance(dim, str) and dim != BATCH for dim in spec.shape)
    ]
    return (f"TFLite keeps the sizes of the samples: {', '.join(kept)}",) if kept else ()


def _difference(data: bytes, module: Any, signature: Signature, example: list[Any], dest: Path) -> str | None:
    """Writes the file, and says in what it differs from the module; several batches where that is free."""
    write_bytes(dest, data)
    seen = []
    outputs = [spec.name for spec in signature.outputs]
    try:
        answers = open_written(dest, signature)
        for batch in _BATCHES if signature.batched else (1,):
            tensors = [_rows(spec, one, batch) for spec, one in _pairs(signature, example)]
            seen.append({spec.name: to_array(one) for spec, one in _pairs(signature, tensors)})
            made = answers.of(seen[-1])
            said = compared(outputs, run_module(module, tensors), [made[name] for name in outputs])
            if said is not None:
                return said
        settle(dest, answers, seen)
    except WorkerError as error:
        return error.message
    return None
