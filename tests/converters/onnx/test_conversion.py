"""ONNX models as they are: signatures read from graphs, maps made tensors, refusals by name."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

from tests.converters.jobs import array_of, assert_answers_alike, do

ROWS, CLASSES = load_iris(return_X_y=True)
FLOAT = TensorProto.FLOAT


def value(name: str, shape: Any, kind: int = FLOAT) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def saved(path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], **options: Any) -> Path:
    weights = options.pop("weights", [])
    opsets = [helper.make_opsetid(*pair) for pair in options.pop("opsets", [("", 17)])]
    graph = helper.make_graph(nodes, "graph", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=opsets, ir_version=options.pop("ir_version", 8), **options)
    path.write_bytes(model.SerializeToString())
    return path


def doubled(path: Path, shape: Any = ("N", 3), **options: Any) -> Path:
    node = helper.make_node("Add", ["rows", "rows"], ["sum"], doc_string='File "/home/someone/train.py"')
    return saved(path, [node], [value("rows", shape)], [value("sum", shape)], **options)


def test_a_graph_is_taken_as_it_is(tmp_path: Path) -> None:
    done = do(
        tmp_path / "job", doubled(tmp_path / "model.onnx", producer_name="someone", producer_version="1")
    )
    assert_answers_alike(done, tolerance=0)
    assert done.signature["inputs"] == [{"name": "rows", "dtype": "float32", "shape": ["batch", 3]}]
    assert done.signature["outputs"][0]["role"] == "prediction"
    assert done.signature["outputs"][0]["shape"] == ["batch", 3]
    assert done.result["source"]["written_by"] == "someone 1"
    assert b"/home/someone" not in (done.folder / "model.onnx").read_bytes()


def test_a_fixed_batch_stays_fixed(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.arange(18, dtype=np.float32).reshape(6, 3))
    done = do(tmp_path / "job", doubled(tmp_path / "model.onnx", (2, 3)), samples=str(tmp_path / "rows.npy"))
    assert_answers_alike(done, tolerance=0)
    assert [case["inputs"]["rows"]["shape"] for case in done.cases] == [[2, 3]] * 3


@pytest.mark.parametrize("labels", [CLASSES, np.array(["a", "b", "ü"])[CLASSES]])
def test_a_map_of_probabilities_becomes_a_tensor(labels: Any, tmp_path: Path) -> None:
    model = RandomForestClassifier(5, random_state=0).fit(ROWS, labels)
    opsets = {"": 18, "ai.onnx.ml": 3}
    proto = to_onnx(model, ROWS[:1].astype(np.float32), target_opset=opsets)
    assert any(node.op_type == "ZipMap" for node in proto.graph.node)
    (tmp_path / "model.onnx").write_bytes(proto.SerializeToString())
    np.save(tmp_path / "rows.npy", ROWS)
    done = do(tmp_path / "job", tmp_path / "model.onnx", samples=str(tmp_path / "rows.npy"))
    assert_answers_alike(done, tolerance=0)
    assert done.signature["class_labels"] == model.classes_.tolist()
    assert [spec["role"] for spec in done.signature["outputs"]] == ["label", "probabilities"]
    assert done.signature["outputs"][1]["shape"] == ["batch", 3]
    own = model.predict_proba(array_of(done.cases[-1]["inputs"]["X"]))
    assert np.abs(own - array_of(done.cases[-1]["outputs"]["output_probability"])).max() < 1e-6


def test_weights_among_the_inputs_are_no_inputs(tmp_path: Path) -> None:
    weight = numpy_helper.from_array(np.ones((3,), dtype=np.float32), "weight")
    node = helper.make_node("Add", ["rows", "weight"], ["sum"])
    inputs = [value("rows", [None, 3]), value("weight", [3])]
    path = saved(
        tmp_path / "model.onnx", [node], inputs, [value("sum", [None, 3])], weights=[weight], ir_version=3
    )
    done = do(tmp_path / "job", path)
    assert_answers_alike(done, tolerance=0)
    assert [spec["name"] for spec in done.signature["inputs"]] == ["rows"]
    assert done.signature["outputs"][0]["shape"] == ["batch", 3]


def test_free_sizes_without_a_name_get_one(tmp_path: Path) -> None:
    node = helper.make_node("Concat", ["rows", "rows"], ["twice"], axis=1)
    done = do(
        tmp_path / "job",
        saved(
            tmp_path / "model.onnx",
            [node],
            [value("rows", [None, "?", 2])],
            [value("twice", [None, None, 2])],
        ),
    )
    assert_answers_alike(done, tolerance=0)
    assert done.signature["inputs"][0]["shape"] == ["batch", "dim_1", 2]
    first, second, last = done.signature["outputs"][0]["shape"]
    assert (first, last) == ("batch", 2)
    assert second.startswith("dim_")


def test_the_shape_of_an_output_that_the_file_leaves_out_is_inferred(tmp_path: Path) -> None:
    node = helper.make_node("Add", ["rows", "rows"], ["sum"])
    path = saved(tmp_path / "model.onnx", [node], [value("rows", ("N", 3))], [value("sum", None)])
    done = do(tmp_path / "job", path)
    assert_answers_alike(done, tolerance=0)
    assert done.signature["outputs"][0]["shape"] == ["batch", 3]


def test_every_dtype_is_taken(tmp_path: Path) -> None:
    for kind in ("DOUBLE", "INT64", "INT32", "BOOL", "STRING", "FLOAT16", "UINT8"):
        code = getattr(TensorProto, kind)
        node = helper.make_node("Identity", ["rows"], ["same"])
        path = saved(
            tmp_path / f"{kind}.onnx",
            [node],
            [value("rows", ["N", 2], code)],
            [value("same", ["N", 2], code)],
        )
        assert_answers_alike(do(tmp_path / kind, path), tolerance=0)


def test_several_inputs_that_do_not_begin_with_the_batch(tmp_path: Path) -> None:
    """A state whose second size is the batch: nothing in the file says so, running it shows."""
    nodes = [
        helper.make_node("Gather", ["state", "first"], ["half"], axis=0),
        helper.make_node("Concat", ["rows", "half"], ["joined"], axis=1),
    ]
    first = numpy_helper.from_array(np.array(0), "first")
    inputs = [value("rows", ["N", 4]), value("state", [2, None, 3])]
    done = do(
        tmp_path / "job",
        saved(tmp_path / "model.onnx", nodes, inputs, [value("joined", [None, 7])], weights=[first]),
    )
    assert_answers_alike(done, tolerance=0)
    assert {case["inputs"]["state"]["shape"][1] for case in done.cases} == {1, 2}


def refusals(folder: Path) -> dict[str, tuple[Path, str, str]]:
    path = folder / "model.onnx"
    newer = helper.make_node("Gelu", ["rows"], ["sum"])
    custom = helper.make_node("Quant", ["rows"], ["sum"], domain="onnx.brevitas")
    sequence = helper.make_tensor_sequence_value_info("sum", FLOAT, None)
    rows, total = [value("rows", ["N", 3])], [value("sum", ["N", 3])]
    pack = helper.make_node("SequenceConstruct", ["rows"], ["sum"])
    return {
        "newer_opset": (
            saved(folder / "a.onnx", [newer], rows, total, opsets=[("", 22)]),
            "ConversionError",
            "The model has opset 22",
        ),
        "custom": (
            saved(folder / "b.onnx", [custom], rows, total, opsets=[("", 17), ("onnx.brevitas", 1)]),
            "ConversionError",
            "onnx.brevitas.Quant",
        ),
        "sequence": (
            saved(folder / "d.onnx", [pack], rows, [sequence]),
            "ConversionError",
            "The output sum is a sequence_type",
        ),
        "invalid": (
            saved(path, [helper.make_node("NoSuch", ["rows"], ["sum"])], rows, total),
            "SourceError",
            "no valid ONNX model",
        ),
        "float8": (
            doubled_of(folder / "e.onnx", TensorProto.FLOAT8E4M3FN),
            "ConversionError",
            "which the runtime does not take",
        ),
    }


def doubled_of(path: Path, kind: int) -> Path:
    node = helper.make_node("Identity", ["rows"], ["sum"])
    opsets = [("", 19)]
    return saved(
        path, [node], [value("rows", [2], kind)], [value("sum", [2], kind)], opsets=opsets, ir_version=9
    )


@pytest.mark.parametrize("name", ["newer_opset", "custom", "sequence", "invalid", "float8"])
def test_refuses_by_name(name: str, tmp_path: Path) -> None:
    path, kind, words = refusals(tmp_path)[name]
    limits = {"max_opset": 19, "max_ir_version": 9} if name == "float8" else {}
    error = do(tmp_path / "job", path, **limits).error
    assert (error["kind"], words in error["message"]) == (kind, True), error


@pytest.mark.parametrize(
    ("inputs", "operator", "words"),
    [
        ([], "Constant", "The model takes no inputs"),
        ([value("rows", None)], "Relu", "The input rows has no shape in the file"),
        (
            [value("rows", ["N", 3]), value("sizes", ["M"], TensorProto.INT64)],
            "Reshape",
            "none can be inferred",
        ),
    ],
)
def test_refuses_a_graph_that_does_not_say_what_it_takes_and_gives(
    inputs: list[Any], operator: str, words: str, tmp_path: Path
) -> None:
    options = {"value_float": 1.0} if operator == "Constant" else {}
    node = helper.make_node(operator, [entry.name for entry in inputs], ["out"], **options)
    path = saved(
        tmp_path / "model.onnx", [node], inputs, [value("out", [] if operator == "Constant" else None)]
    )
    error = do(tmp_path / "job", path).error
    assert error["kind"] == "ConversionError"
    assert words in error["message"]


def test_refuses_a_truncated_graph(tmp_path: Path) -> None:
    data = doubled(tmp_path / "model.onnx").read_bytes()
    for at in range(1, len(data) - 1, 7):
        (tmp_path / "cut.onnx").write_bytes(data[:at])
        assert do(tmp_path / "job", tmp_path / "cut.onnx").error["kind"] in ("SourceError", "ConversionError")


def test_samples_of_the_wrong_kind_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.ones((2, 5), dtype=np.float32))
    error = do(tmp_path / "job", doubled(tmp_path / "model.onnx"), samples=str(tmp_path / "rows.npy")).error
    assert error["message"] == "rows.npy:rows has shape [2, 5], and the model takes ['batch', 3]"


def test_lowers_the_ir_version_where_that_changes_nothing(tmp_path: Path) -> None:
    done = do(tmp_path / "job", doubled(tmp_path / "model.onnx", ir_version=10))
    assert_answers_alike(done, tolerance=0)
    assert onnx.load(done.folder / "model.onnx").ir_version == 8
