"""Answers of models that decide several targets, and of those that give scores."""

import struct
from collections.abc import Sequence

from runtimes.core.answers import AnswerWriter
from runtimes.core.signature import read_signature
from runtimes.core.tensors import Tensor


def tensor(dtype: str, values: Sequence[object]) -> Tensor:
    rows = [value if isinstance(value, list) else [value] for value in values]
    flat = [item for row in rows for item in row]
    shape = (len(rows), len(rows[0])) if isinstance(values[0], list) else (len(rows),)
    return Tensor(dtype, shape, struct.pack(f"<{len(flat)}{'q' if dtype == 'int64' else 'f'}", *flat))


def spec(name: str, dtype: str, shape: list[object], role: str, labels: list[object] | None = None) -> object:
    own = {"class_labels": labels} if labels else {}
    return {"name": name, "dtype": dtype, "shape": shape, "role": role, **own}


X = spec("X", "float32", ["batch", 2], "tensor")


def writer(*outputs: object, **more: object) -> AnswerWriter:
    return AnswerWriter(read_signature({"inputs": [X], "outputs": list(outputs), **more}))


def two_targets() -> tuple[AnswerWriter, list[Tensor]]:
    answers = writer(
        spec("label_0", "int64", ["batch"], "label", ["low", "high"]),
        spec("probabilities_0", "float32", ["batch", 2], "probabilities", ["low", "high"]),
        spec("label_1", "int64", ["batch"], "label", [False, True]),
        spec("probabilities_1", "float32", ["batch", 2], "probabilities", [False, True]),
    )
    chances = [[0.25, 0.75], [0.5, 0.5]]
    return answers, [
        tensor("int64", [1, 0]),
        tensor("float32", chances),
        tensor("int64", [0, 1]),
        tensor("float32", chances),
    ]


def test_each_row_has_its_label_for_every_target() -> None:
    answers, outputs = two_targets()
    assert answers.whole(outputs) == {
        "predictions": [["high", False], ["low", True]],
        "probabilities": [[[0.25, 0.75], [0.25, 0.75]], [[0.5, 0.5], [0.5, 0.5]]],
    }


def test_a_row_by_itself_has_the_same() -> None:
    answers, outputs = two_targets()
    assert answers.by_row(outputs, 2)[1] == {
        "prediction": ["low", True],
        "probabilities": [[0.5, 0.5], [0.5, 0.5]],
    }


def test_scores_have_their_own_place() -> None:
    answers = writer(
        spec("label", "int64", ["batch"], "label"),
        spec("scores", "float32", ["batch"], "scores"),
        class_labels=["no", "yes"],
        label_is_index=True,
    )
    outputs = [tensor("int64", [1, 0]), tensor("float32", [1.5, -2.0])]
    assert answers.whole(outputs) == {"predictions": ["yes", "no"], "scores": [1.5, -2.0]}
    assert answers.by_row(outputs, 2)[0] == {"prediction": "yes", "scores": 1.5}
