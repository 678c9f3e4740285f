"""Pruning of torch models as it is described, and as a conversion carries it out."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from packager import conversion
from packager.passes.prune_channels import PruneChannels
from packager.passes.prune_weights import PruneWeights
from packager.worker import WorkerRequest

FACTORY = """
from torch import nn

def build():
    return nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 3))
"""


def test_a_title_names_what_is_no_default() -> None:
    assert PruneChannels(share=0.5, train="net:train").title() == "prune channels, share 0.5, train net:train"
    assert PruneWeights().title() == "prune weights"


@pytest.mark.parametrize("options", [{"share": 0.95}, {"share": 0.0}, {"round_to": 0}, {"shares": 0.5}])
def test_refuses_options_that_are_out_of_range_or_unknown(options: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        PruneChannels.model_validate(options)


def test_a_conversion_says_what_was_pruned(tmp_path: Path) -> None:
    (tmp_path / "pruned_net.py").write_text(FACTORY)
    module = torch.nn.Sequential(torch.nn.Linear(8, 64), torch.nn.ReLU(), torch.nn.Linear(64, 3))
    torch.save(module.state_dict(), tmp_path / "model.pth")
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32))
    asked = PruneChannels(share=0.5, imitate=1)
    request = WorkerRequest(
        action="convert",
        source=tmp_path / "model.pth",
        samples=tmp_path / "rows.npy",
        torch_model="pruned_net:build",
        import_paths=(tmp_path,),
        passes=(asked.model_dump(mode="json"),),
    )
    made = conversion.convert(request, tmp_path / "job", conversion.Way())
    (record,) = made.applied
    assert (record.kind, record.layers, record.left) == ("prune_channels", ("0",), ())
    assert record.options == asked.model_dump(mode="json", exclude={"kind"})
    assert record.detail.startswith("1 layer with fewer channels: 771 to 387 parameters")
    assert "torch-pruning" in made.record.packages
