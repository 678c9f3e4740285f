"""What brings accuracy back without labels: rows, and the answers of the model as it was."""

import copy
from typing import Any

import torch

_PIECE_ROWS = 64
_STEP_ROWS = 32
LEAST_ROWS = _STEP_ROWS
"""Of fewer rows a module would learn these alone."""
_RATE = 1e-3


def norms_of(module: Any) -> list[Any]:
    """The batch norms that remember statistics of the training."""
    kind = torch.nn.modules.batchnorm._BatchNorm
    return [layer for layer in module.modules() if isinstance(layer, kind) and layer.track_running_stats]


def recalibrate(module: Any, tensors: list[Any]) -> None:
    """Means and variances of batch norms become what they are over these rows now."""
    norms = norms_of(module)
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
        norm.train()
    count = len(tensors[0])
    # Batches of about one size: a last one of a few rows would count as much as the others.
    with torch.no_grad():
        for rows in torch.arange(count).tensor_split(max(1, count // _PIECE_ROWS)):
            module(*(tensor[rows] for tensor in tensors))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    module.eval()


def imitate(module: Any, tensors: list[Any], answers: list[Any], steps: int, seed: int) -> Any:
    """The module, trained to give these answers; as it was where that did not bring it nearer."""
    before = copy.deepcopy(module)
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trained, _RATE)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    order = torch.Generator().manual_seed(seed)
    for norm in norms_of(module):
        norm.train()
    with torch.enable_grad():
        for _ in range(steps):
            rows = torch.randperm(len(tensors[0]), generator=order)[:_STEP_ROWS]
            loss = _distance(
                module(*(tensor[rows] for tensor in tensors)), [one[rows] for one in answers], answers
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            slower.step()
    nearer = _apart(module.eval(), tensors, answers) < _apart(before, tensors, answers)
    return module if nearer else before


def in_pieces(module: Any, tensors: list[Any]) -> list[Any]:
    """The module's answers to many rows: what is between its layers would not fit into memory at once."""
    with torch.no_grad():
        pieces = [list(module(*piece)) for piece in zip(*(tensor.split(_PIECE_ROWS) for tensor in tensors))]
    return [torch.cat(parts) for parts in zip(*pieces)]


def _apart(module: Any, tensors: list[Any], answers: list[Any]) -> float:
    return float(_distance(in_pieces(module, tensors), answers, answers))


def _distance(made: Any, wanted: list[Any], all_wanted: list[Any]) -> Any:
    """Mean squares, each output by how much it varies; whole numbers teach nothing."""
    parts = [
        (one - own).square().mean() / whole.var().clamp_min(1e-12)
        for one, own, whole in zip(made, wanted, all_wanted, strict=True)
        if own.is_floating_point()
    ]
    return torch.stack([part.double() for part in parts]).sum()
