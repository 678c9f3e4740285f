"""Codes for fractions: floats become the nearest code, and codes the numbers that they stand for."""

from pathlib import Path

import numpy as np

from packager import codes, probe
from packager.optimized import QuantizedTensor
from packager.probe import Answers, Case

CODES = (QuantizedTensor("image", "int8", 0.5, -28), QuantizedTensor("scores", "int8", 0.25, 0))


def test_floats_become_the_nearest_code_and_stay_within_its_range() -> None:
    image = np.array([[0.0, 0.6, -1e9, 1e9]], np.float32)
    coded = codes.encoded(CODES, {"image": image})["image"]
    assert coded.dtype == np.int8
    assert coded.tolist() == [[-28, -27, -128, 127]]


def test_every_code_is_the_same_after_it_was_a_number() -> None:
    every = np.arange(-128, 128).astype(np.int8)
    numbers = codes.decoded(CODES, {"image": every})
    assert numbers["image"][0] == np.float32(-50)
    assert codes.encoded(CODES, numbers)["image"].tolist() == every.tolist()


def test_what_has_no_code_stays_as_it_is() -> None:
    tensors = {"words": np.array([3, 4]), "weights": np.array([0.5], np.float32)}
    assert codes.encoded(CODES, tensors)["words"].tolist() == [3, 4]
    assert codes.decoded(CODES, tensors)["weights"].tolist() == [0.5]


def test_a_model_of_codes_is_asked_and_answers_in_floats(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    probe.write_cases(
        path, [Case({"image": np.ones((1, 2), np.float32)}, {"scores": np.ones(1, np.float32)})]
    )
    before = path.read_bytes()
    seen = []

    def ask(cases: Path) -> Answers:
        (case,) = probe.read_cases(cases)
        seen.append(case)
        return Answers(({"scores": np.array([6], np.int8)},), 1.0, (1.0,))

    answers = codes.asked(CODES, path, ask)
    assert seen[0].inputs["image"].tolist() == [[-26, -26]]
    assert seen[0].outputs["scores"].tolist() == [4]
    assert answers.outputs[0]["scores"].tolist() == [1.5]
    assert path.read_bytes() == before


def test_a_model_of_floats_is_asked_as_it_is(tmp_path: Path) -> None:
    asked = []

    def ask(cases: Path) -> Answers:
        asked.append(cases)
        return Answers((), 1.0, ())

    codes.asked((), tmp_path / "cases.json", ask)
    assert asked == [tmp_path / "cases.json"]
