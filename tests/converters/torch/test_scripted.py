"""Script modules: plain numbers, nested answers, free sizes, and what keeps a state."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.converters.jobs import Done, array_of, assert_answers_alike, do
from tests.converters.torch.modules import Branching, Recurrent, numbers


class Keyed(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor, times: int, *, scale: torch.Tensor) -> dict[str, torch.Tensor]:
        scores = self.last(x) * scale
        for _ in range(times):
            scores = scores + 1
        return {"scores": scores, "x": x * 2}


class OneState(Recurrent):
    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen, state = self.layer(x)
        return self.last(seen[:, -1]), state


class TwoStates(Recurrent):
    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        seen, state = self.layer(x)
        return self.last(seen[:, -1]), state


class Counting(nn.Module):  # type: ignore[misc]
    seen: int

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen += 1
        return x * self.seen


def converted(folder: Path, module: nn.Module, arrays: dict[str, Any]) -> Done:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(module.eval()), folder / "model.pt")
    np.savez(folder / "rows.npz", **arrays)
    return do(folder / "job", folder / "model.pt", samples=str(folder / "rows.npz"))


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_scripts_with_their_states(kind: Any, tmp_path: Path) -> None:
    module = (TwoStates if kind is nn.LSTM else OneState)(kind)
    done = converted(tmp_path, module, {"x": numbers(5, 6, 4)})
    assert_answers_alike(done)
    assert done.signature["inputs"][0]["shape"] == ["batch", "dim_2", 4]
    assert {case["inputs"]["x"]["shape"][1] for case in done.cases} == {3, 6}
    assert done.signature["outputs"][1]["shape"] == [4, "batch", 6]


def test_a_script_keeps_both_ways_of_a_branch(tmp_path: Path) -> None:
    done = converted(tmp_path, Branching(), {"x": numbers(4, 6, 4)})
    assert_answers_alike(done)
    assert done.signature["inputs"][0]["shape"] == ["batch", "dim_2", 4]


def test_plain_numbers_keyword_inputs_and_answers_by_key(tmp_path: Path) -> None:
    arrays = {"x": numbers(4, 4), "scale": numbers(4, 1), "times": np.array(3)}
    done = converted(tmp_path, Keyed(), arrays)
    assert_answers_alike(done)
    assert [spec["name"] for spec in done.signature["inputs"]] == ["x", "scale"]
    assert [spec["name"] for spec in done.signature["outputs"]] == ["scores", "x_out"]
    assert np.array_equal(arrays["x"] * 2, array_of(done.cases[-1]["outputs"]["x_out"]))


def test_refuses_an_answer_of_no_declared_kind(tmp_path: Path) -> None:
    error = converted(tmp_path, Recurrent(), {"x": numbers(5, 6, 4)}).error
    assert "cannot be taken apart into tensors" in error["message"]
    assert "declare what forward gives" in error["hint"]


def test_refuses_several_values_for_a_plain_number(tmp_path: Path) -> None:
    arrays = {"x": numbers(4, 4), "scale": numbers(4, 1), "times": np.array([1, 2, 3, 4])}
    error = converted(tmp_path, Keyed(), arrays).error
    assert "takes one int as times, and the samples hold 4 values" in error["message"]


def test_refuses_a_script_that_keeps_a_state(tmp_path: Path) -> None:
    error = converted(tmp_path, Counting(), {"x": numbers(3, 4)}).error
    assert error["kind"] == "ConversionError"
    assert "keeps a state between calls (seen)" in error["message"]
