"""C refuses the rows that the shipped runtime refuses, and says by which rule."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from packager.converters.signature import Feature, Signature, TensorSpec
from packager.firmware import Generated, generate
from packager.manifest import signature_document
from packager.model import MISSING_TEXT
from packager.probe import Case
from runtimes.core.errors import RequestError
from runtimes.core.inputs import InputReader
from runtimes.core.signature import read_signature
from runtimes.core.tensors import Tensor
from tests.packager.firmware.asking import codes_of, of_graph
from tests.runtimes.core.engines.tiny.running import model_of, tensor_of

OK, MISSING, NOT_FINITE, TOO_LARGE, UNKNOWN_CATEGORY, REFUSED = range(6)
_ROW = {
    "city": np.array([["Rome"]], dtype=object), "rooms": np.array([[2]], np.int64),
    "age": np.array([[41.5]], np.float64), "size": np.array([[1.5, 2.5]], np.float32),
}  # fmt: skip
_SIGNATURE = Signature(
    inputs=tuple(TensorSpec(name, "string" if a.dtype == object else a.dtype.name, ("batch", a.shape[1]))
                 for name, a in _ROW.items()),
    outputs=(TensorSpec("known", "bool", ("batch", 1)), TensorSpec("sum", "float64", ("batch", 1))),
    features=(
        Feature("city", "text", "city", 0, True, ("Rome", "Köln")),
        Feature("rooms", "integer", "rooms", 0, False, (1, 2, 30_000_000_000)),
        Feature("age", "number", "age", 0, True), Feature("wide", "number", "size", 0),
        Feature("high", "number", "size", 1, True),
    ),
)  # fmt: skip
_ROWS: list[tuple[str, Any, int]] = [
    ("city", "Rome", OK), ("city", MISSING_TEXT, OK), ("city", "Bonn", UNKNOWN_CATEGORY),
    ("rooms", 30_000_000_000, OK), ("rooms", 3, UNKNOWN_CATEGORY),
    ("age", np.nan, OK), ("age", np.inf, NOT_FINITE), ("age", -1e39, TOO_LARGE), ("age", 3.4e38, OK),
    ("size", (np.nan, 0), MISSING), ("size", (0, np.nan), OK), ("size", (0, -np.inf), NOT_FINITE),
    ("size", (1e-45, -0.0), OK),
]  # fmt: skip


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    kinds = {"city": TensorProto.STRING, "rooms": TensorProto.INT64, "age": TensorProto.DOUBLE}
    ends = [
        helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), ["batch", array.shape[1]])
        for name, array in _ROW.items()
    ]
    rome = helper.make_tensor("rome", TensorProto.STRING, [1], [b"Rome"])
    nodes = [
        helper.make_node("Equal", ["city", "rome"], ["known"]),
        helper.make_node("Cast", ["rooms"], ["doubles"], to=TensorProto.DOUBLE),
        helper.make_node("Add", ["doubles", "age"], ["sum"]),
    ]
    made = [
        helper.make_tensor_value_info("known", TensorProto.BOOL, ["batch", 1]),
        helper.make_tensor_value_info("sum", TensorProto.DOUBLE, ["batch", 1]),
    ]
    graph = model_of(nodes, ends, made, [rome], onnx=19)
    outputs = {"known": np.array([[True]]), "sum": np.array([[43.5]])}
    folder = tmp_path_factory.mktemp("checks")
    return generate(of_graph(graph, _SIGNATURE, [Case(_ROW, outputs)], folder), "flat", {})


def _with(name: str, value: Any) -> dict[str, Any]:
    array = _ROW[name]
    return {**_ROW, name: np.array([value], dtype=array.dtype).reshape(array.shape)}


def test_each_row_ends_with_the_code_of_its_rule(generated: Generated, tmp_path: Path) -> None:
    rows = [_with(name, value) for name, value, _ in _ROWS]
    assert codes_of(generated, rows, tmp_path) == [code for *_, code in _ROWS]


@pytest.mark.parametrize(("name", "value", "code"), _ROWS)
def test_the_shipped_runtime_draws_the_same_line(
    generated: Generated, name: str, value: Any, code: int
) -> None:
    interface = generated.coding.interface
    document = {"features": [_document(one) for argument in interface.inputs for one in argument.features]}
    reader = InputReader(read_signature({**_plain(interface), **document}))
    tensors = [_tensor(array) for array in _with(name, value).values()]
    try:
        reader.check(tensors)
    except RequestError:
        assert code != OK
    else:
        assert code == OK


def _plain(interface: Any) -> dict[str, Any]:
    from packager.model import Signature as Model

    specs = (tuple(a.spec for a in interface.inputs), tuple(a.spec for a in interface.outputs))
    return signature_document(Model(*specs))


def _document(feature: Any) -> dict[str, Any]:
    return {
        "name": feature.name, "kind": feature.kind, "input": feature.input, "column": feature.column,
        "nullable": feature.nullable, "categories": list(feature.categories),
    }  # fmt: skip


def _tensor(array: Any) -> Tensor:
    return tensor_of(array)


def test_a_place_that_a_table_has_not_is_refused_by_the_model(tmp_path: Path) -> None:
    signature = Signature(
        (TensorSpec("at", "int64", ("batch",)),), (TensorSpec("found", "float32", ("batch",)),)
    )
    given = [helper.make_tensor_value_info("at", TensorProto.INT64, ["batch"])]
    made = [helper.make_tensor_value_info("found", TensorProto.FLOAT, ["batch"])]
    table = helper.make_tensor("table", TensorProto.FLOAT, [3], [1.0, 2.0, 4.0])
    model = model_of([helper.make_node("Gather", ["table", "at"], ["found"])], given, made, [table])
    cases = [Case({"at": np.array([1])}, {"found": np.array([2.0], np.float32)})]
    generated = generate(of_graph(model, signature, cases, tmp_path), "lookup", {})
    rows = [{"at": np.array([at])} for at in (0, 2, -3, 3, -4, 2**62)]
    assert codes_of(generated, rows, tmp_path) == [OK, OK, OK, REFUSED, REFUSED, REFUSED]
