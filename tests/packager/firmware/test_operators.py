"""Each kind of step computes in C what it computes in the engine tiny, on the data of ONNX itself."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from packager.converters.tiny.node import UncoveredError
from packager.errors import ConversionError
from packager.firmware import answers, generate
from packager.firmware.steps import EMITTERS
from packager.probe import Case
from tests.packager.firmware.asking import of_graph
from tests.runtimes.core.engines.tiny.running import by_tiny, signature_of
from tests.runtimes.core.engines.tiny.test_operator_data import OperatorCase, _cases

_WITHOUT = {
    "Cast": "the dtypes of tables",
    "Constant": "an input",
    "ConstantOfShape": "sizes that are known",
    "Equal": "texts that are not known",
    "IsInf": "infinite numbers, which no row may hold",
    "IsNaN": "the same",
    "Range": "sizes that the values decide",
    "StringConcat": "texts as such",
    "TfIdfVectorizer": "texts as such",
}
"""Operators of which the data has no case for C, and why."""


def test_every_step_of_the_engine_but_those_on_words_has_c() -> None:
    operators = Path("runtimes/core/engines/tiny_ops")
    made = {
        f"{path.stem}.{line.split('(')[0].removeprefix('def ')}"
        for path in operators.glob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith("def ") and not line.startswith("def _") and line.endswith("Step) -> Operate:")
    }
    assert made - EMITTERS.keys() == {"texts.tokens", "counting.n_grams"}
    assert EMITTERS.keys() <= made


@pytest.mark.parametrize("operator", sorted({name for name in _cases() if name} - _WITHOUT.keys()))
def test_c_computes_what_tiny_computes(operator: str, tmp_path: Path) -> None:
    cases = sorted(_cases()[operator], key=lambda case: -sum(array.size for array in case.inputs.values()))
    assert any(_agrees(case, tmp_path) for case in cases if _is_finite(case)), "no case of the data has C"


def _is_finite(case: OperatorCase) -> bool:
    arrays = case.inputs.values()
    return all(array.dtype.kind != "f" or np.isfinite(array).all() for array in arrays)


def _agrees(case: OperatorCase, folder: Path) -> bool:
    """False where C or tiny refuses it by name."""
    model = _fixed(case)
    inputs = {entry.name: np.asarray(case.inputs[entry.name]) for entry in model.graph.input}
    try:
        made = by_tiny(model, inputs)
        outputs = {entry.name: array for entry, array in zip(model.graph.output, made, strict=True)}
        converted = of_graph(model, signature_of(model), [Case(inputs, outputs)], folder)
        generated = generate(converted, "step", {}, "double")
    except (ConversionError, UncoveredError):
        return False
    (found,) = answers(generated, [Case(inputs, {})], ("-O0",)).outputs
    for name, wanted in outputs.items():
        assert (found[name].shape, found[name].dtype) == (wanted.shape, wanted.dtype), case.name
        np.testing.assert_allclose(found[name], wanted, rtol=1e-6, atol=1e-30, err_msg=case.name)
    return True


def _fixed(case: OperatorCase) -> Any:
    """The model with axes and sizes, which the data gives as inputs, for constants."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    fixed = [entry for entry in model.graph.input[1:] if case.inputs[entry.name].dtype.kind == "i"]
    if model.graph.node[0].op_type in ("Div", "Mul", "Add", "Sub", "Mod", "Max", "Min", "Greater", "Less"):
        fixed = []
    for entry in fixed:
        model.graph.initializer.append(numpy_helper.from_array(case.inputs[entry.name], entry.name))
        model.graph.input.remove(entry)
    return model
