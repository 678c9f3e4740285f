"""What is done for a changed module's accuracy: the user's own training, or what the samples alone allow."""

from typing import Any

import numpy as np
import torch

from packager.converters.evaluation import calibrating
from packager.converters.failure import ConversionError, translated
from packager.converters.request import Request
from packager.converters.rows import Rows
from packager.converters.sampled import read_sampled
from packager.converters.source import Source
from packager.converters.torch import imitation
from packager.converters.torch.training import trained


def recovered(source: Source, module: Any, options: dict[str, Any], request: Request) -> tuple[Any, str]:
    """The module, and what was done to it (nothing: ""); the user's own module lies in one of ours."""
    if options["train"] is not None:
        module.inner = trained(module.inner, options["train"], request)
        return module.eval(), f", trained by {options['train']}"
    tensors = _rows(source, request)
    count = len(tensors[0]) if tensors else 0
    said = ""
    with translated(ConversionError, "The pruned model cannot be trained on the samples", "set imitate = 0"):
        if count and imitation.norms_of(module):
            imitation.recalibrate(module, tensors)
            said = f", batch norms taken again over {count} rows"
        if count >= imitation.LEAST_ROWS and options["imitate"]:
            module = _imitating(source, module, tensors, options["imitate"], request)
            said = f", {options['imitate']} steps towards the answers of the whole model on {count} rows"
    return module, said


def _imitating(source: Source, module: Any, tensors: list[Any], steps: int, request: Request) -> Any:
    names = [spec.name for spec in source.signature.inputs]
    rows = Rows({name: tensor.numpy() for name, tensor in zip(names, tensors, strict=True)})
    answers = [torch.from_numpy(one) for one in source.answer(rows).values()]
    if not any(one.is_floating_point() and len(one) == len(rows) for one in answers):
        return module
    return imitation.imitate(module, tensors, answers, steps, request.seed)


def _rows(source: Source, request: Request) -> list[Any]:
    """The calibration rows as the model takes them; none where inputs are no rows."""
    sampled = read_sampled(request, source.signature)
    if sampled is None or not sampled.rows.batched:
        return []
    columns = calibrating(source, request, sampled).columns
    return [torch.from_numpy(np.ascontiguousarray(columns[spec.name])) for spec in source.signature.inputs]
