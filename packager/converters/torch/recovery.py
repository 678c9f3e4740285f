"""What is done for a changed module's accuracy: the user's own training, or what the samples alone allow."""

from typing import Any

import numpy as np
import torch

from packager.converters.evaluation import unjudged
from packager.converters.failure import ConversionError, translated
from packager.converters.request import Request
from packager.converters.sampled import read_sampled
from packager.converters.source import Source
from packager.converters.torch import imitation
from packager.converters.torch.training import trained


def recovered(
    source: Source, whole: Any, module: Any, options: dict[str, Any], request: Request
) -> tuple[Any, str]:
    """The module, and what was done to it (nothing: ""), for its answers to be near those of ``whole``."""
    if options["train"] is not None:
        # The user's own module lies in one of ours.
        module.inner = trained(module.inner, options["train"], request)
        return module.eval(), f", trained by {options['train']}"
    tensors = _rows(source, request)
    count = len(tensors[0]) if tensors else 0
    said = ""
    with translated(ConversionError, "The pruned model cannot be trained on the samples", "set imitate = 0"):
        if count and imitation.norms_of(module):
            imitation.recalibrate(module, tensors)
            said = f", batch norms taken again over {count:,} rows"
        if count >= imitation.LEAST_ROWS and options["imitate"]:
            answers = imitation.in_pieces(whole, tensors)
            if any(one.is_floating_point() for one in answers):
                module = imitation.imitate(module, tensors, answers, options["imitate"], request.seed)
                said = (
                    f", {options['imitate']} steps towards the answers of the whole model to {count:,} rows"
                )
    return module, said


def _rows(source: Source, request: Request) -> list[Any]:
    """The rows to learn from as the model takes them; none where it does not answer row by row."""
    sampled = read_sampled(request, source.signature)
    if sampled is None or not sampled.rows.batched or not source.signature.batched:
        return []
    columns = unjudged(source, request, sampled).columns
    return [torch.from_numpy(np.ascontiguousarray(columns[spec.name])) for spec in source.signature.inputs]
