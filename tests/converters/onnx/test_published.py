"""ONNX models that nobody here wrote: each is taken as it is, and answers as it did."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import published
from tests.converters.jobs import Done, array_of, assert_answers_alike, do
from tests.packages import Published

pytestmark = pytest.mark.network

# Each with the shapes that its inputs have then.
MODELS: dict[str, tuple[Published, list[list[Any]]]] = {
    "speech without branches": (
        published.SILERO_VAD_IFLESS,
        [["batch", "sequence"], [], [2, "batch", 128]],
    ),
    "text detection": (published.TEXT_DETECTION, [["batch", 3, "dim_1", "dim_2"]]),
    "text recognition": (published.TEXT_RECOGNITION, [["batch", 3, "dim_1", "dim_2"]]),
    "face proposals": (published.MTCNN_PNET, [["batch", "M1", "M2", 3]]),
    "peptides in forests": (published.MACREL_AMP, [["batch", 22]]),
    "faces ten at a time": (published.CENTERFACE, [[10, 3, 32, 32]]),
    "int8 end of turn": (published.SMART_TURN, [["batch", 80, 800]]),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_published_model_answers_alike(name: str, tmp_path: Path) -> None:
    model, shapes = MODELS[name]
    done = do(tmp_path / "job", model.fetch(), rows=2)
    assert_answers_alike(done)
    assert [spec["shape"] for spec in done.signature["inputs"]] == shapes
    for at, spec in enumerate(done.signature["inputs"]):
        seen = {tuple(case["inputs"][spec["name"]]["shape"]) for case in done.cases}
        assert len(seen) > 1 or not any(isinstance(dim, str) for dim in shapes[at])


def speech(folder: Path, model: Published, rate: int, window: int) -> Done:
    random = np.random.default_rng(rate)
    arrays: dict[str, Any] = {
        "input": (random.normal(size=(3, window)) / 10).astype(np.float32),
        "state": (random.normal(size=(2, 3, 128)) / 10).astype(np.float32),
        "sr": np.array(rate),
    }
    folder.mkdir()
    np.savez(folder / "rows.npz", **arrays)
    return do(folder / "job", model.fetch(), samples=str(folder / "rows.npz"))


@pytest.mark.parametrize(("rate", "window"), [(16000, 576), (8000, 288)])
def test_both_ways_of_a_branch_are_shipped(rate: int, window: int, tmp_path: Path) -> None:
    """Another network for each rate, in the graphs of one If; another export of one of them agrees."""
    done = speech(tmp_path / "both", published.SILERO_VAD_BOTH_RATES, rate, window)
    assert_answers_alike(done)
    if rate == 16000:
        other = speech(tmp_path / "one", published.SILERO_VAD, rate, window)
        both, one = (run.cases[0]["outputs"]["output"] for run in (done, other))
        assert np.abs(array_of(both) - array_of(one)).max() < 1e-5


def test_a_batch_that_is_no_first_size_is_seen_at_two_values(tmp_path: Path) -> None:
    done = speech(tmp_path / "job", published.SILERO_VAD_IFLESS, 16000, 576)
    assert_answers_alike(done)
    assert {case["inputs"]["state"]["shape"][1] for case in done.cases} == {1, 3}
