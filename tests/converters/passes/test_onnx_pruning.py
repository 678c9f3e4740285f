"""Pruned weights are zero, the smallest first; archives shrink, files do not."""

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.converters.jobs import Done
from tests.converters.passes import weight_models as nets
from tests.converters.passes.weight_models import Array, Net, passed


@pytest.fixture(scope="module")
def conv(tmp_path_factory: pytest.TempPathFactory) -> Net:
    return nets.convolutional(tmp_path_factory.mktemp("conv"))


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Net:
    return nets.dense(tmp_path_factory.mktemp("dense"))


def weights_of(done: Done) -> dict[str, Array]:
    model = onnx.load(done.folder / "model.onnx")
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def compressed(done: Done) -> int:
    packer = zlib.compressobj(9, wbits=-15)
    return len(packer.compress((done.folder / "model.onnx").read_bytes()) + packer.flush())


def test_the_smallest_weights_of_all_layers_become_zero(conv: Net, tmp_path: Path) -> None:
    done = passed(tmp_path, conv.done, {"kind": "prune_magnitude", "sparsity": 0.5})
    before, after = weights_of(conv.done), weights_of(done)
    changed = ["second", "matrix"]
    kept = np.concatenate([np.abs(after[name][after[name] != 0]) for name in changed])
    gone = np.concatenate([np.abs(before[name][after[name] == 0]) for name in changed])
    assert gone.max() < kept.min()
    assert gone.size == (gone.size + kept.size) // 2
    assert all(np.array_equal(before[name], after[name]) for name in ("first", "bias"))
    decided = nets.answers(done, conv.rows).argmax(1) == conv.labels
    assert decided.mean() > 0.85


def test_the_file_is_as_large_as_before_and_both_sizes_in_an_archive_are_said(
    conv: Net, tmp_path: Path
) -> None:
    done = passed(tmp_path, conv.done, {"kind": "prune_magnitude", "sparsity": 0.8})
    assert nets.size(done) == nets.size(conv.done)
    assert compressed(done) < 0.4 * compressed(conv.done)
    assert done.result["applied"][0]["detail"] == (
        f"80% of 14,592 weights are zero: {nets.size(done):,} bytes, "
        f"compressed {compressed(conv.done):,} to {compressed(done):,}"
    )


def test_each_layer_may_lose_the_same_share(conv: Net, tmp_path: Path) -> None:
    done = passed(tmp_path, conv.done, {"kind": "prune_magnitude", "sparsity": 0.25, "scope": "layer"})
    after = weights_of(done)
    assert [np.mean(after[name] == 0) for name in ("second", "matrix")] == [0.25, 0.25]


def test_the_first_and_the_last_layer_may_stay(dense: Net, tmp_path: Path) -> None:
    done = passed(tmp_path, dense.done, {"kind": "prune_magnitude", "keep_ends": True})
    (applied,) = done.result["applied"]
    assert (applied["layers"], applied["left"]) == (["turned"], ["product", "last"])
    before, after = weights_of(dense.done), weights_of(done)
    assert [name for name in before if not np.array_equal(before[name], after[name])] == ["second"]


def test_what_is_pruned_already_is_not_pruned_again(dense: Net, tmp_path: Path) -> None:
    half = {"kind": "prune_magnitude", "sparsity": 0.5}
    again = passed(tmp_path, dense.done, half, half)
    assert "weights are zero already: there is nothing to prune" in again.error["message"]


def test_two_of_each_four_along_the_inputs_become_zero(dense: Net, tmp_path: Path) -> None:
    done = passed(tmp_path, dense.done, {"kind": "prune_2_4"})
    before, after = weights_of(dense.done), weights_of(done)
    for name, inputs in (("first", 0), ("second", 1), ("third", 0)):
        fours = np.moveaxis(after[name], inputs, -1).reshape(-1, 4)
        own = np.moveaxis(before[name], inputs, -1).reshape(-1, 4)
        assert np.all((fours != 0).sum(axis=1) == 2), name
        assert np.all(np.abs(own).max(axis=1) == np.abs(fours).max(axis=1)), name


def test_pruned_weights_stay_pruned_as_integers(conv: Net, tmp_path: Path) -> None:
    """One pass after the other: the archive is smaller than either makes it."""
    pruning: dict[str, Any] = {"kind": "prune_magnitude", "sparsity": 0.5}
    integers: dict[str, Any] = {"kind": "weight_only"}
    both = passed(tmp_path / "both", conv.done, pruning, integers)
    alone = [passed(tmp_path / one["kind"], conv.done, one) for one in (pruning, integers)]
    assert compressed(both) < min(compressed(one) for one in alone)
    assert [one["kind"] for one in both.result["applied"]] == ["prune_magnitude", "weight_only"]
    expected, found = (nets.answers(done, conv.rows) for done in (alone[0], both))
    assert nets.error(expected, found) < 0.02


def test_half_precision_may_follow(conv: Net, tmp_path: Path) -> None:
    done = passed(tmp_path, conv.done, {"kind": "prune_2_4"}, {"kind": "float16"})
    assert done.result["ok"], done.result
    assert nets.size(done) < 0.55 * nets.size(conv.done)


@pytest.mark.parametrize("kind", ["prune_magnitude", "prune_2_4"])
def test_layers_are_ranked_and_excluded(dense: Net, tmp_path: Path, kind: str) -> None:
    found = nets.ranked(tmp_path / "ranked", dense.done, {"kind": kind})
    assert {one["layer"] for one in found} == {"product", "turned", "last"}
    worst = found[0]["layer"]
    done = passed(tmp_path / "rest", dense.done, {"kind": kind, "exclude": [worst]})
    assert done.result["applied"][0]["left"] == [worst]
    assert worst not in done.result["applied"][0]["layers"]
