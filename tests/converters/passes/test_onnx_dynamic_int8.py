"""Dynamic int8 for ONNX: products, LSTMs and tables in 8 bits without calibration; convolutions are left."""

import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from packager.passes.dynamic_int8 import DynamicInt8
from tests import published
from tests.converters.jobs import do
from tests.converters.passes import int8_models as int8
from tests.converters.passes import weight_models as nets
from tests.converters.passes.weight_models import Net, passed

DYNAMIC = {"kind": "dynamic_int8"}


def test_products_become_integers(tmp_path: Path) -> None:
    net = nets.dense(tmp_path / "net")
    done = passed(tmp_path / "passed", net.done, DYNAMIC)
    assert int8.detail(done).startswith("3 of 3 layers with weights of int8")
    assert int8.operators(done).count("MatMulInteger") == 3
    assert nets.size(done) < 0.45 * nets.size(net.done)
    assert nets.error(nets.answers(net.done, net.rows), nets.answers(done, net.rows)) < 0.05


def test_weights_take_seven_bits_unless_all_are_asked_for(tmp_path: Path) -> None:
    net = nets.dense(tmp_path / "net")
    largest = {}
    for reduced in (True, False):
        done = passed(tmp_path / str(reduced), net.done, {**DYNAMIC, "reduce_range": reduced})
        tensors = [
            numpy_helper.to_array(one) for one in onnx.load(done.folder / "model.onnx").graph.initializer
        ]
        largest[reduced] = max(np.abs(one.astype(int)).max() for one in tensors if one.dtype == np.int8)
    assert largest == {True: 64, False: 127}


def test_lstms_become_integers(tmp_path: Path) -> None:
    net = int8.recurrent(tmp_path / "net")
    done = passed(tmp_path / "passed", net.done, DYNAMIC)
    assert "DynamicQuantizeLSTM" in int8.operators(done)
    assert done.result["applied"][0]["layers"] == ["cells", "head"]
    assert nets.size(done) < 0.40 * nets.size(net.done)
    assert nets.error(nets.answers(net.done, net.rows), nets.answers(done, net.rows)) < 0.05


def test_lstms_stay_float_with_unsigned_weights_which_the_engine_has_none_of(tmp_path: Path) -> None:
    net = int8.recurrent(tmp_path / "net")
    done = passed(tmp_path / "passed", net.done, {**DYNAMIC, "weights": "uint8"})
    assert int8.detail(done).endswith("; LSTM stay float32")
    assert "LSTM" in int8.operators(done)


def test_lstms_within_a_branch_become_integers(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    branches = {}
    for branch in ("then", "else"):
        weights = {
            f"{branch}_w": (random.standard_normal((1, 128, 24)) / 5).astype(np.float32),
            f"{branch}_r": (random.standard_normal((1, 128, 32)) / 6).astype(np.float32),
        }
        cells = helper.make_node("LSTM", ["x", *weights], ["", branch], f"{branch}_cells", hidden_size=32)
        branches[f"{branch}_branch"] = helper.make_graph(
            [cells],
            branch,
            [],
            [helper.make_tensor_value_info(branch, TensorProto.FLOAT, None)],
            [numpy_helper.from_array(array, name) for name, array in weights.items()],
        )
    nodes = [
        helper.make_node("Transpose", ["X"], ["x"], perm=[1, 0, 2]),
        helper.make_node("ReduceSum", ["X"], ["sum"], keepdims=0),
        helper.make_node("Greater", ["sum", "zero"], ["positive"]),
        helper.make_node("If", ["positive"], ["h"], **branches),
        helper.make_node("Squeeze", ["h", "axis"], ["Y"]),
    ]
    others: dict[str, nets.Array] = {"zero": np.zeros((), np.float32), "axis": np.zeros(1, np.int64)}
    model = nets.graph(nodes, others, {"X": ["batch", 6, 24]}, {"Y": ["batch", 32]})
    before = nets.converted(tmp_path / "net", model)
    done = passed(tmp_path / "passed", before, DYNAMIC)
    assert int8.detail(done).startswith("2 of 2 layers")
    for rows in random.standard_normal((4, 1, 6, 24)).astype(np.float32):
        assert nets.error(nets.answers(before, rows), nets.answers(done, rows)) < 0.05


def test_convolutions_are_left_and_the_reason_is_said(tmp_path: Path) -> None:
    net = nets.convolutional(tmp_path / "net")
    done = passed(tmp_path / "passed", net.done, DYNAMIC)
    assert "convolutions stay float32, since they are slower so" in int8.detail(done)
    assert done.result["applied"][0]["layers"] == ["head"]
    asked = {**DYNAMIC, "operators": ["Conv"], "weights": "uint8"}
    every = passed(tmp_path / "asked", net.done, asked)
    assert every.result["applied"][0]["layers"] == ["conv_1", "conv_2"]
    assert int8.operators(every).count("ConvInteger") == 2


def test_tables_become_integers(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    weights = {
        "table": random.standard_normal((80, 32)).astype(np.float32),
        "matrix": random.standard_normal((32, 10)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["table", "X"], ["a"], "table"),
        helper.make_node("MatMul", ["a", "matrix"], ["Y"], "head"),
    ]
    model = nets.graph(nodes, weights, {"X": ["batch", 6]}, {"Y": ["batch", 6, 10]})
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    before = nets.converted(tmp_path, model)
    done = passed(tmp_path / "passed", before, DYNAMIC)
    rows = random.integers(0, 80, (16, 6))
    assert done.result["applied"][0]["layers"] == ["table", "head"]
    assert nets.size(done) < 0.45 * nets.size(before)
    assert nets.error(nets.answers(before, rows), nets.answers(done, rows)) < 0.05


def test_an_excluded_layer_stays_float(tmp_path: Path) -> None:
    net = nets.dense(tmp_path / "net")
    done = passed(tmp_path / "passed", net.done, {**DYNAMIC, "exclude": ["turned"]})
    (applied,) = done.result["applied"]
    assert applied["layers"] == ["product", "last"] and applied["left"] == ["turned"]
    assert int8.operators(done).count("MatMulInteger") == 2


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    net = nets.dense(tmp_path / "net")
    one, other = (
        passed(tmp_path / name, net.done, DYNAMIC).folder / "model.onnx" for name in ("one", "other")
    )
    assert one.read_bytes() == other.read_bytes()


def test_trees_are_refused_by_name(tmp_path: Path) -> None:
    from skl2onnx import to_onnx
    from sklearn.tree import DecisionTreeClassifier

    rows = np.random.default_rng(0).standard_normal((40, 4)).astype(np.float32)
    model = DecisionTreeClassifier(random_state=0).fit(rows, rows[:, 0] > 0)
    before = nets.converted(tmp_path, to_onnx(model, rows[:1], options={"zipmap": False}, target_opset=15))
    done = passed(tmp_path / "passed", before, DYNAMIC)
    assert done.error["message"] == "Trees and linear models of ai.onnx.ml have no layers that int8 is for"


_PERCEPTRON = """
import sys
import warnings
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
rows, labels = load_digits(return_X_y=True)
rows = (rows / 16).astype("float32")
warnings.simplefilter("ignore")
model = MLPClassifier((64, 32), max_iter=12, random_state=0).fit(rows[:1200], labels[:1200])
made = to_onnx(model, rows[:1], options={"zipmap": False}, target_opset={"": 17, "ai.onnx.ml": 3})
open(sys.argv[1], "wb").write(made.SerializeToString())
"""
"""In a process of its own: other tests give skl2onnx our converters, which compute in double precision."""


def test_a_network_of_scikit_learn_decides_the_same(tmp_path: Path) -> None:
    from sklearn.datasets import load_digits

    file = tmp_path / "perceptron.onnx"
    subprocess.run([sys.executable, "-c", _PERCEPTRON, str(file)], check=True)
    made = onnx.load(file)
    rows = (load_digits(return_X_y=True)[0] / 16).astype(np.float32)
    before = nets.converted(tmp_path, made)
    given = int8.calibration(tmp_path / "rows", {"X": rows[1200:1300]})
    asked = nets.run(before.folder / "model.onnx", {"X": rows[1200:]})[0]
    for kind in ("dynamic_int8", "static_int8"):
        done = passed(tmp_path / kind, before, {"kind": kind}, calibration=given)
        assert int8.detail(done).startswith("3 of 3 layers")
        assert nets.size(done) < 0.5 * nets.size(before)
        answered = nets.run(done.folder / "model.onnx", {"X": rows[1200:]})[0]
        assert (asked == answered).mean() > 0.98


def test_an_lstm_as_torch_exports_it_really_becomes_integers(tmp_path: Path) -> None:
    import torch
    from torch import nn

    class Reader(nn.Module):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.cells = nn.LSTM(8, 32, batch_first=True, bidirectional=True)
            self.head = nn.Linear(64, 10)

        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            return self.head(self.cells(rows)[0][:, -1])

    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Reader().eval(), (torch.randn(2, 6, 8),), str(tmp_path / "exported.onnx"), dynamo=True,
            input_names=["X"], output_names=["Y"], dynamic_shapes=({0: torch.export.Dim("batch")},),
            external_data=False, opset_version=18, verbose=False,
        )  # fmt: skip
    before = nets.of_file(tmp_path, tmp_path / "exported.onnx")
    done = passed(tmp_path / "passed", before, DYNAMIC)
    assert "DynamicQuantizeLSTM" in int8.operators(done)
    assert nets.size(done) < 0.40 * nets.size(before)
    rows = np.random.default_rng(0).standard_normal((16, 6, 8)).astype(np.float32)
    assert nets.error(nets.answers(before, rows), nets.answers(done, rows)) < 0.05


@pytest.mark.network
def test_a_published_net_with_branches_is_quantized_in_them(tmp_path: Path) -> None:
    before = nets.of_file(tmp_path, published.SILERO_VAD_IFLESS.fetch())
    done = passed(tmp_path / "passed", before, DYNAMIC)
    assert int8.detail(done).startswith("4 of 4 layers")
    assert nets.size(done) < 0.70 * nets.size(before)


def test_cells_whose_batch_comes_first_are_left_since_the_quantizer_forgets_it(tmp_path: Path) -> None:
    weights = {"W": np.ones((1, 128, 24), np.float32), "R": np.ones((1, 128, 32), np.float32)}
    node = helper.make_node("LSTM", ["X", "W", "R"], ["", "Y"], "cells", hidden_size=32, layout=1)
    model = nets.graph([node], weights, {"X": ["batch", 6, 24]}, {"Y": ["batch", 1, 32]})
    folder = tmp_path / "before"
    folder.mkdir()
    onnx.save(model, folder / "model.onnx")
    (folder / "result.json").write_text(_result(), encoding="utf-8")
    done = do(
        tmp_path / "done",
        folder / "model.onnx",
        action="optimize",
        converted=str(folder),
        passes=[DynamicInt8().model_dump(mode="json")],
    )
    assert done.error["message"].startswith("The model has no layer that int8 is for")


def _result() -> str:
    """Of a job for a model that the engine here does not run: it has no cells with the batch first."""
    spec = [{"name": "X", "dtype": "float32", "shape": ["batch", 6, 24]}]
    out = [{"name": "Y", "dtype": "float32", "shape": ["batch", 1, 32], "role": "prediction"}]
    signature = {"inputs": spec, "outputs": out, "class_labels": [], "label_is_index": False, "features": []}
    return json.dumps({"signature": signature, "model": {"path": "model.onnx", "format": "onnx"}})


def test_what_no_int8_is_for_stays_as_it_was(tmp_path: Path) -> None:
    net: Net = int8.attending(tmp_path / "net")
    done = passed(tmp_path / "passed", net.done, DYNAMIC)
    made = onnx.load(done.folder / "model.onnx").graph
    assert [node.name for node in made.node if node.op_type == "MatMul"] == ["scores", "mixed"]
    assert nets.error(nets.answers(net.done, net.rows), nets.answers(done, net.rows)) < 0.05
