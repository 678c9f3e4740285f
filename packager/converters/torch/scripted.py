"""Script modules: their answers, and ONNX by the older exporter, the only one that reads them."""

import io
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.converters.failure import ConversionError, SamplesError, translated
from packager.converters.onnx.graph import write_model
from packager.converters.request import Request
from packager.converters.signature import BATCH, Signature, TensorSpec
from packager.converters.torch.exported import quiet
from packager.converters.torch.shapes import compared_shapes, dtype_name, output_specs

CHECK_SAMPLES = "check the shape, the dtype and the values of the samples"
_OLDEST_EXPORTER_OPSET = 20


@dataclass(frozen=True, slots=True)
class ScriptedModel:
    module: Any
    signature: Signature
    example: list[Any]
    largest: int | None = None

    def run(self, arguments: list[Any]) -> list[Any]:
        return run_module(self.module, arguments)

    def write(self, dest: Path, request: Request) -> int:
        import onnx
        import torch

        names = [spec.name for spec in self.signature.inputs]
        answers = [spec.name for spec in self.signature.outputs]
        free = {
            spec.name: {0: BATCH}
            for spec in (*self.signature.inputs, *self.signature.outputs)
            if spec.batched
        }
        buffer = io.BytesIO()
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        hint = "save the model as an exported program instead: torch.export.save (.pt2)"
        with (
            translated(ConversionError, "torch's ONNX exporter cannot convert this script module", hint),
            quiet(),
        ):
            torch.onnx.export(
                self.module,
                tuple(self.example),
                buffer,
                dynamo=False,
                input_names=names,
                output_names=answers,
                dynamic_axes=free,
                opset_version=min(request.max_opset, _OLDEST_EXPORTER_OPSET),
            )
        proto = onnx.load_from_string(buffer.getvalue())
        return write_model(proto, self.signature, request, dest)


def run_module(module: Any, arguments: list[Any]) -> list[Any]:
    import torch

    with torch.no_grad():
        answer = module(*arguments)
    answers = list(answer) if isinstance(answer, tuple | list) else [answer]
    if any(not isinstance(one, torch.Tensor) for one in answers):
        kinds = ", ".join(type(one).__name__ for one in answers)
        raise ConversionError(
            f"The model answers with {kinds}, not with tensors alone",
            hint="return a tensor or a tuple of tensors",
        )
    return answers


def read_script(module: Any, names: list[str], example: list[Any]) -> ScriptedModel:
    """``example`` has two rows; the shapes of answers show themselves with one row beside it."""
    with translated(SamplesError, "The model does not take the sample rows", CHECK_SAMPLES):
        two = run_module(module, example)
        one = run_module(module, [tensor[:1] for tensor in example])
    shapes = compared_shapes(one, two, (1, 2))
    answers = ["output"] if len(two) == 1 else [f"output_{at}" for at in range(len(two))]
    inputs = tuple(
        TensorSpec(name, dtype_name(tensor.dtype), (BATCH, *tensor.shape[1:]))
        for name, tensor in zip(names, example, strict=True)
    )
    outputs = output_specs(answers, [dtype_name(tensor.dtype) for tensor in two], shapes)
    return ScriptedModel(module, Signature(inputs, outputs), example)
