"""What the source model refuses is refused by the artifact, wherever it stands in a request."""

from typing import Any

import pytest

from runtimes.core.errors import ModelError
from runtimes.core.predictor import Predictor
from runtimes.core.service import respond
from runtimes.core.signature import read_signature
from tests.artifacts import make_root
from tests.runtimes.core.conftest import Opener
from tests.runtimes.core.models import linear

FEATURES = [
    {"name": "city", "kind": "text", "input": "city", "column": 0, "categories": ["Köln", "Rome"]},
    {"name": "rooms", "kind": "integer", "input": "rooms", "column": 0, "categories": [1, 2, 3]},
]
SIGNATURE: dict[str, Any] = {
    "inputs": [
        {"name": "city", "dtype": "string", "shape": ["batch", 1]},
        {"name": "rooms", "dtype": "int64", "shape": ["batch", 1]},
    ],
    "outputs": [
        {"name": "where", "dtype": "string", "shape": ["batch", 1], "role": "tensor"},
        {"name": "many", "dtype": "int64", "shape": ["batch", 1], "role": "tensor"},
    ],
    "features": FEATURES,
}


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    from onnx import TensorProto, helper

    kinds = {"city": TensorProto.STRING, "rooms": TensorProto.INT64}
    outputs = {"where": TensorProto.STRING, "many": TensorProto.INT64}
    graph = helper.make_graph(
        [
            helper.make_node("Identity", ["city"], ["where"]),
            helper.make_node("Identity", ["rooms"], ["many"]),
        ],
        "echo",
        [helper.make_tensor_value_info(name, kind, ["batch", 1]) for name, kind in kinds.items()],
        [helper.make_tensor_value_info(name, kind, ["batch", 1]) for name, kind in outputs.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return Predictor(str(make_root(tmp_path_factory.mktemp("echo"), model.SerializeToString(), SIGNATURE)))


def test_known_categories_are_answered(predictor: Predictor) -> None:
    status, answer = respond(predictor, "predict", {"instances": [["Köln", 2], {"rooms": 3, "city": "Rome"}]})
    assert status == 200
    assert answer["outputs"] == {"where": [["Köln"], ["Rome"]], "many": [[2], [3]]}


@pytest.mark.parametrize(
    ("request_document", "field", "index"),
    [
        ({"features": ["Paris", 2]}, "features.city", None),
        ({"instances": [["Köln", 2], ["köln", 2]]}, "instances[1].city", 1),
        ({"instances": [{"city": "Köln", "rooms": 4}]}, "instances[0].rooms", 0),
        ({"inputs": {"city": [["Köln"], [""]], "rooms": [[1], [1]]}}, "inputs.city[1][0]", 1),
        (
            {
                "inputs": {
                    "city": [["Köln"]],
                    "rooms": {"dtype": "int64", "shape": [1, 1], "b64": "CQAAAAAAAAA="},
                }
            },
            "inputs.rooms[0][0]",
            0,
        ),
    ],
)
def test_an_unknown_category_is_named_with_its_place(
    predictor: Predictor, request_document: Any, field: str, index: int | None
) -> None:
    status, answer = respond(predictor, "predict", request_document)
    error: Any = answer["error"]
    assert status == 422
    assert (error["field"], error["index"]) == (field, index)
    assert "is a category that the model does not know; it knows " in error["message"]


def test_numbers_have_categories_too(serve: Opener) -> None:
    model, signature = linear()
    first, second = signature["features"]
    limited = {**signature, "features": [{**first, "categories": [0, 1, 2]}, second]}
    predictor = serve((model, limited))
    assert respond(predictor, "predict", {"instances": [[1.0, 0.5], [2, 7]]})[0] == 200
    for wrong in (3, -1, 1.5):
        status, answer = respond(predictor, "predict", {"features": [wrong, 0]})
        error: Any = answer["error"]
        assert (status, error["field"]) == (422, "features.a")
        assert "the model does not know; it knows 0, 1, 2" in error["message"]


def test_one_unknown_category_spares_the_other_rows_of_a_batch(predictor: Predictor) -> None:
    status, answer = respond(predictor, "predict/batch", {"instances": [["Rome", 1], ["Paris", 1]]})
    assert (status, answer["succeeded"], answer["failed"]) == (200, 1, 1)


def test_a_manifest_with_categories_of_another_kind_is_refused() -> None:
    wrong = {**SIGNATURE, "features": [{**FEATURES[0], "categories": [1]}, FEATURES[1]]}
    with pytest.raises(ModelError, match="categories that are not text"):
        read_signature(wrong)


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    """Double precision in, single precision out, as behind a scaler."""
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Cast", ["X"], ["single"], to=TensorProto.FLOAT)],
        "scaled",
        [helper.make_tensor_value_info("X", TensorProto.DOUBLE, ["batch", 2])],
        [helper.make_tensor_value_info("single", TensorProto.FLOAT, ["batch", 2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    features = [
        {"name": name, "kind": "number", "input": "X", "column": column, "nullable": column == 1}
        for column, name in enumerate(["width", "height"])
    ]
    signature = {
        "inputs": [{"name": "X", "dtype": "float64", "shape": ["batch", 2]}],
        "outputs": [{"name": "single", "dtype": "float32", "shape": ["batch", 2], "role": "tensor"}],
        "features": features,
    }
    return Predictor(str(make_root(tmp_path_factory.mktemp("scaled"), model.SerializeToString(), signature)))


@pytest.mark.parametrize("number", [1e39, -1e300, 10**60])
def test_a_number_beyond_single_precision_is_named_with_its_place(scaled: Predictor, number: float) -> None:
    requests: list[tuple[dict[str, Any], str]] = [
        ({"instances": [[1, 2], [number, None]]}, "instances[1].width"),
        ({"inputs": {"X": [[1.0, 2.0], [number, 2.0]]}}, "inputs.X[1][0]"),
    ]
    for request_document, field in requests:
        status, answer = respond(scaled, "predict", request_document)
        error: Any = answer["error"]
        assert (status, error["field"], error["index"]) == (422, field, 1)
        assert "is too large" in error["message"]


def test_the_largest_number_and_a_missing_one_are_answered(scaled: Predictor) -> None:
    status, answer = respond(scaled, "predict", {"instances": [[3.4028234663852886e38, None]]})
    assert (status, answer["outputs"]) == (200, {"single": [[3.4028234663852886e38, None]]})
