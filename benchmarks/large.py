"""`python -m benchmarks.large [ROUNDS]`: a residual net of 25 million parameters, cold to first answer."""

import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import variants
from benchmarks.goals import Row, State, ratio_row
from packager.benchmark import baselines
from packager.benchmark.bench import Runs, measure, ratios_of
from packager.cli.session import Spinner

ROUNDS, CALLS, LOAD_MS = 20, 30, 15.0
STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
"""Width, blocks and stride of each stage: those of ResNet-50."""


def rows(work: Path, rounds: int = ROUNDS) -> Iterator[Row]:
    """Both in turn, each request an image of 224 x 224; the usual way has the same graph in one file."""
    folder = work / "large"
    folder.mkdir()
    spinner = Spinner()
    ours = variants.build(residual(folder), "residual", engine="onnxruntime")
    naive = baselines.make("naive", ours, folder, spinner.said)
    mine, other = measure([ours, naive], rounds, CALLS, spinner)
    cold = next(ratio for ratio in ratios_of(mine, other) if ratio.figure == "cold_ms")
    yield ratio_row("ResNet-50-sized model, cold to first answer", 0.20, "naive", cold)
    yield _load_row(mine)


def _load_row(mine: Runs) -> Row:
    """The model's part of the traced starts, in the time that a start takes."""
    start_ms = statistics.median(mine.times)
    loads_ms = sorted(share["model_load"] * start_ms for share in mine.shares)
    spread = f"{loads_ms[0]:.1f} to {loads_ms[-1]:.1f} ms"
    state: State = "met" if loads_ms[-1] <= LOAD_MS else "not met" if loads_ms[0] > LOAD_MS else "undecided"
    figure = "ResNet-50-sized model, model load"
    return Row(figure, f"≤ {LOAD_MS:g} ms", f"{statistics.median(loads_ms):.1f} ms", spread, state)


def residual(folder: Path) -> Path:
    """The net as an exported program. It is not trained: what is measured does not depend on the weights."""
    import torch

    torch.manual_seed(0)
    net = torch.nn.Sequential(*_layers())
    images = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        net(images)  # in training mode: the numbers keep their size from layer to layer
    free = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(net.eval(), (images,), dynamic_shapes=free)
    torch.export.save(program, folder / "residual.pt2")
    return folder / "residual.pt2"


def _layers() -> Iterator[Any]:
    from torch import nn

    yield from (nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    taken = 64
    for width, blocks, stride in STAGES:
        for number in range(blocks):
            yield _block(taken, width, stride if number == 0 else 1)
            taken = 4 * width
    yield from (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(taken, 1000))


def _block(taken: int, width: int, stride: int) -> Any:
    """Three convolutions, and what they are added to."""
    import torch
    from torch import nn

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(taken, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
                nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
                nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width),
            )  # fmt: skip
            changed = nn.Conv2d(taken, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width)
            self.side = nn.Identity() if taken == 4 * width else nn.Sequential(*changed)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.relu(self.body(images) + self.side(images))

    return Block()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="packager-bench-") as scratch:
        for row in rows(Path(scratch), int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS):
            print(row.figure, row.goal, row.measured, row.interval, row.state, sep=" | ")
