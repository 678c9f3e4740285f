"""ONNX's own test data: every case of a claimed operator passes, or is refused by name for a known reason."""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from packager.converters.tiny.graph import LOWERINGS
from packager.converters.tiny.node import UncoveredError
from tests.runtimes.core.engines.tiny.running import by_tiny

_DATA = Path(onnx.__file__).parent / "backend" / "test" / "data"
_KINDS = ("node", "simple", "pytorch-operator", "pytorch-converted")
_CLAIMED = sorted((domain, name) for domain, found in LOWERINGS.items() for name in found)

WITHOUT_DATA = {
    "CategoryMapper": "test_columns",
    "Imputer": "test_columns",
    "LinearClassifier": "test_linear",
    "LinearRegressor": "test_linear",
    "Normalizer": "test_columns",
    "OneHotEncoder": "test_columns",
    "SVMClassifier": "test_machines",
    "SVMRegressor": "test_machines",
    "Scaler": "test_columns",
    "Tokenizer": "test_texts",
    "TreeEnsembleClassifier": "test_trees",
    "TreeEnsembleRegressor": "test_trees",
}
"""Operators of which the data has no case, and the test that holds them to ONNX Runtime."""

REFUSED = (
    (r"(b?float(16|8\w*|4\w*)|u?int(2|4|8|16)|uint(32|64)) \(.*\)", "dtypes that no table has"),
    (r"Cast from \w+ to texts, or a dtype that is not served", "dtypes that no table has"),
    (r"(Add|Gemm) with broadcast|Clip with max", "opset 6 and older"),
    (r"Mod with fmod 1|Range of float32|Pow of int(32|64)|Reduce(Max|Min) of bool", "rare"),
    (r"\w+ whose input \d is computed", "sizes that the values decide"),
)
"""What a refusal may say, and why it is left out."""


class OperatorCase(NamedTuple):
    """One case of the data: a model with what it takes and must give."""

    name: str
    model: Any
    inputs: dict[str, Any]
    outputs: list[Any]


@cache
def _cases() -> dict[str, list[OperatorCase]]:
    """The cases whose operators are all claimed, by operator; graphs of several operators under no name."""
    found = defaultdict(list)
    for kind in _KINDS:
        for folder in sorted((_DATA / kind).iterdir()):
            model = onnx.load(folder / "model.onnx")
            names = {(node.domain, node.op_type) for node in model.graph.node}
            if names <= {*_CLAIMED, ("", "Constant")} and all(_is_tensor(entry) for entry in _ends(model)):
                found[names.pop()[1] if len(model.graph.node) == 1 else ""].append(_read(folder, model))
    return found


def _ends(model: Any) -> list[Any]:
    return [*model.graph.input, *model.graph.output]


def _is_tensor(entry: Any) -> bool:
    return bool(entry.type.HasField("tensor_type"))


def _read(folder: Path, model: Any) -> OperatorCase:
    known = {tensor.name for tensor in model.graph.initializer}
    given = [entry for entry in model.graph.input if entry.name not in known]
    del model.graph.input[:]
    model.graph.input.extend(given)
    data = folder / "test_data_set_0"
    return OperatorCase(
        folder.name,
        model,
        {entry.name: _tensor(data / f"input_{at}.pb") for at, entry in enumerate(given)},
        [_tensor(data / f"output_{at}.pb") for at in range(len(model.graph.output))],
    )


def _tensor(path: Path) -> Any:
    return numpy_helper.to_array(onnx.load_tensor(str(path)))


def _run(case: OperatorCase) -> list[Any]:
    """The answers; axes and sizes that the data gives as inputs are constants, as they are in any model."""
    try:
        return by_tiny(case.model, case.inputs)
    except UncoveredError as error:
        if "is computed" not in str(error):
            raise
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    _, *others = model.graph.input
    fixed = [entry for entry in others if case.inputs[entry.name].dtype.kind == "i"]
    model.graph.initializer.extend(
        numpy_helper.from_array(case.inputs[entry.name], entry.name) for entry in fixed
    )
    for entry in fixed:
        model.graph.input.remove(entry)
    return by_tiny(model, case.inputs)


def _passes(case: OperatorCase) -> bool:
    """Whether it runs; it then must give what it should."""
    try:
        found = _run(case)
    except UncoveredError as error:
        allowed = any(re.fullmatch(pattern, str(error)) for pattern, _ in REFUSED)
        assert allowed, f"{case.name} is refused for another reason: {error}"
        return False
    for made, wanted in zip(found, case.outputs, strict=True):
        assert made.shape == wanted.shape, case.name
        if wanted.dtype.kind in "OSU":
            assert made.tolist() == wanted.astype(str).astype(object).tolist(), case.name
        else:
            assert made.dtype == wanted.dtype, case.name
            np.testing.assert_allclose(made, wanted, rtol=1e-5, atol=1e-6, err_msg=case.name)
    return True


@pytest.mark.parametrize("operator", [name for _, name in _CLAIMED])
def test_gives_what_the_operator_should_give(operator: str) -> None:
    passed = [case.name for case in _cases()[operator] if _passes(case)]
    assert bool(passed) != (operator in WITHOUT_DATA)


def test_gives_what_graphs_of_several_operators_should_give() -> None:
    assert sum(map(_passes, _cases()[""])) > 100


def test_each_reason_of_a_refusal_is_one_that_the_data_has() -> None:
    said = set()
    for case in [case for found in _cases().values() for case in found]:
        try:
            _run(case)
        except UncoveredError as error:
            said.add(str(error))
    for pattern, _ in REFUSED:
        assert any(re.fullmatch(pattern, text) for text in said), pattern
