"""Weights with their module: it is asked which sizes are free, and each graph is proved before it counts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.converters.jobs import array_of, assert_answers_alike
from tests.converters.torch.modules import RANDOM, converted, numbers


def words(count: int, length: int) -> Any:
    return RANDOM.integers(0, 30, (count, length))


def shapes(specs: list[dict[str, Any]]) -> list[Any]:
    return [spec["shape"] for spec in specs]


def seen(done: Any, name: str, axis: int) -> set[int]:
    """The sizes that the cases of reference.json have there."""
    return {case["inputs"][name]["shape"][axis] for case in done.cases}


FREE: dict[str, tuple[dict[str, Any], list[Any], list[Any]]] = {
    "Recurrent": (
        {"x": numbers(5, 6, 4)},
        [["batch", "dim_2", 4]],
        [["batch", 3], [4, "batch", 6], [4, "batch", 6]],
    ),
    "Words": ({"ids": words(4, 8)}, [["batch", "dim_2"]], [["batch", 3]]),
    "Images": ({"x": numbers(3, 3, 32, 24)}, [["batch", 3, "dim_2", "dim_3"]], [["batch", 5]]),
    "Halved": ({"x": numbers(3, 1, 16, 16)}, [["batch", 1, 16, 16]], [["batch", 5, 16, 16]]),
}


@pytest.mark.parametrize("name", FREE)
def test_the_sizes_that_the_module_takes_stay_free(name: str, tmp_path: Path) -> None:
    arrays, inputs, outputs = FREE[name]
    done = converted(tmp_path, name, arrays)
    assert_answers_alike(done)
    assert shapes(done.signature["inputs"]) == inputs
    assert shapes(done.signature["outputs"]) == outputs
    first = next(iter(arrays))
    for axis, dim in enumerate(inputs[0]):
        assert len(seen(done, first, axis)) > 1 if isinstance(dim, str) else seen(done, first, axis) == {dim}


def test_the_longest_text_that_a_module_takes_does_not_fix_the_length(tmp_path: Path) -> None:
    """It takes 12 words and no more: shorter texts show that the length is free."""
    done = converted(tmp_path, "Words", {"ids": words(4, 12)})
    assert_answers_alike(done)
    assert shapes(done.signature["inputs"]) == [["batch", "dim_2"]]
    assert seen(done, "ids", 1) == {6, 12}


def test_inputs_that_share_a_size_share_its_name(tmp_path: Path) -> None:
    mask = np.zeros((4, 8), dtype=bool)
    mask[1:, 6:] = True
    done = converted(tmp_path, "Words", {"ids": words(4, 8), "mask": mask})
    assert_answers_alike(done)
    assert shapes(done.signature["inputs"]) == [["batch", "dim_2"]] * 2


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        (np.ones((4, 3, 16, 16), np.uint8), "give float32 values"),
        (numbers(4, 16, 16, 3), "channels last; the model takes them first"),
        (np.ones((4, 16, 16, 3), np.uint8), "channels last; the model takes float32 values with them first"),
        (numbers(4, 16, 16, 5), "check the shape, the dtype"),
    ],
)
def test_says_what_the_pictures_lack(pictures: Any, words: str, tmp_path: Path) -> None:
    error = converted(tmp_path, "Images", {"x": pictures}).error
    assert error["kind"] == "SamplesError"
    assert words in error["hint"]


def test_refuses_what_no_exporter_makes_right_and_names_the_cure(tmp_path: Path) -> None:
    """torch answers masked places by nested tensors; every exporter makes a graph that differs."""
    mask = np.zeros((4, 8), dtype=bool)
    mask[1:, 6:] = True
    error = converted(tmp_path, "NestedWords", {"ids": words(4, 8), "mask": mask}).error
    assert error["kind"] == "ConversionError"
    assert "is not the model: output differs by" in error["message"]
    assert "enable_nested_tensor=False" in error["hint"]


def test_a_graph_that_keeps_one_rule_for_all_lengths_is_made_for_one_length(tmp_path: Path) -> None:
    done = converted(tmp_path, "Branching", {"x": numbers(4, 6, 4)})
    assert_answers_alike(done)
    assert shapes(done.signature["inputs"]) == [["batch", 6, 4]]
    assert done.result["notes"] == ["the graph takes only size 6 of x: no exporter of torch leaves it free"]


def test_refuses_a_module_that_decides_by_values(tmp_path: Path) -> None:
    error = converted(tmp_path, "Deciding", {"x": numbers(4, 4)}).error
    assert error["kind"] == "ConversionError"
    assert "decides by values in Python (modules.py, line" in error["message"]
    assert "torch.where" in error["hint"]


def test_whole_inputs_whose_batch_is_not_their_first_size(tmp_path: Path) -> None:
    done = converted(
        tmp_path, "Stepped", {"x": numbers(3, 6, 4), "h": numbers(1, 3, 6), "c": numbers(1, 3, 6)}
    )
    assert_answers_alike(done)
    assert shapes(done.signature["inputs"]) == [["batch", "dim_1", 4], [1, "batch", 6], [1, "batch", 6]]
    assert seen(done, "x", 0) == {1, 3}
    assert seen(done, "h", 1) == {1, 3}


def test_time_steps_are_no_batch(tmp_path: Path) -> None:
    done = converted(tmp_path, "TimeFirst", {"x": numbers(6, 3, 4)})
    assert_answers_alike(done)
    assert shapes(done.signature["inputs"]) == [["dim_1", "dim_2", 4]]
    assert seen(done, "x", 0) == {6, 3}


def test_keyword_inputs_plain_numbers_and_nested_answers(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    arrays = {"x": numbers(4, 4), "scale": numbers(4, 1), "bias": numbers(4, 3), "times": np.array(3)}
    done = converted(tmp_path, "Named", arrays)
    assert_answers_alike(done)
    assert [spec["name"] for spec in done.signature["inputs"]] == ["x", "scale", "bias"]
    names = [spec["name"] for spec in done.signature["outputs"]]
    assert names == ["scores", "more_0", "more_1_scores", "more_1_shifted"]
    last = done.cases[-1]
    own = array_of(last["outputs"]["scores"]) + arrays["bias"]
    assert np.allclose(own, array_of(last["outputs"]["more_1_shifted"]), atol=1e-6)
    without = converted(
        tmp_path_factory.mktemp("without"), "Named", {"x": arrays["x"], "scale": arrays["scale"]}
    )
    thrice = array_of(without.cases[-1]["outputs"]["scores"]) * 3
    assert np.allclose(thrice, array_of(last["outputs"]["scores"]), atol=1e-5)


def test_whole_numbers_out_of_a_text_file_are_words(tmp_path: Path) -> None:
    """A csv file holds no dtypes; the embedding takes no fractions."""
    done = converted(tmp_path, "Words", {"ids": words(4, 8).astype(np.float64)})
    assert_answers_alike(done)
    assert done.signature["inputs"][0]["dtype"] == "int64"


@pytest.mark.parametrize("name", ["Remembering", "Slightly"])
def test_refuses_a_module_that_answers_otherwise_when_it_is_asked_again(name: str, tmp_path: Path) -> None:
    error = converted(tmp_path, name, {"x": numbers(4, 4)}).error
    assert error["kind"] == "ConversionError"
    assert "gives other answers (output) when it is asked the same again" in error["message"]


def test_a_module_that_writes_into_its_input_answers_alike(tmp_path: Path) -> None:
    rows = numbers(4, 4)
    done = converted(tmp_path, "Writing", {"x": rows})
    assert_answers_alike(done)
    assert np.array_equal(array_of(done.cases[-1]["inputs"]["x"]), rows)


def test_double_precision_is_taken_from_doubles_and_kept(tmp_path: Path) -> None:
    done = converted(tmp_path, "Double", {"x": RANDOM.normal(size=(4, 4))})
    assert_answers_alike(done)
    assert [spec["dtype"] for spec in done.signature["inputs"]] == ["float64"]


def test_double_precision_that_the_engine_does_not_know_names_the_cure(tmp_path: Path) -> None:
    error = converted(tmp_path, "DoubleGelu", {"x": RANDOM.normal(size=(4, 4))}).error
    assert "few operators for float64" in error["hint"]
    assert "model.float()" in error["hint"]


def test_refuses_a_module_that_leaves_rows_out(tmp_path: Path) -> None:
    rows = np.abs(numbers(6, 4))
    rows[3:5] *= -1
    error = converted(tmp_path, "Choosing", {"x": rows}).error
    assert error["kind"] == "ConversionError"
    assert error["message"] == "The model answers 6 rows with 4 of output"
