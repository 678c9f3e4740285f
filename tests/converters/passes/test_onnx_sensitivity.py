"""The layer that ruins int8 is found, and without it the model keeps its decisions."""

from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from packager.converters.passes.onnx_sensitivity import MOST_LAYERS
from tests.converters.passes import int8_models as int8
from tests.converters.passes import weight_models as nets
from tests.converters.passes.weight_models import Net, passed

STATIC, DYNAMIC = {"kind": "static_int8"}, {"kind": "dynamic_int8"}


@pytest.fixture(scope="module")
def collapsing(tmp_path_factory: pytest.TempPathFactory) -> Net:
    return int8.collapsing(tmp_path_factory.mktemp("net"))


def agreement(net: Net, folder: Path) -> float:
    before = nets.answers(net.done, net.rows)
    after = np.asarray(nets.run(folder / "model.onnx", {"X": net.rows})[0])
    return float((before.argmax(1) == after.argmax(1)).mean())


def test_a_model_that_collapses_holds_without_the_layers_that_rank_worst(
    collapsing: Net, tmp_path: Path
) -> None:
    plain = int8.quantized(tmp_path / "plain", collapsing, STATIC)
    assert agreement(collapsing, plain.folder) < 0.5
    given = int8.calibration(tmp_path / "rows", {"X": collapsing.rows[:128]})
    found = passed(
        tmp_path / "ranked", collapsing.done, STATIC, action="sensitivity", calibration=given
    ).result["layers"]
    assert [one["layer"] for one in found][2] == "head"
    assert all(one["error"] > 0.2 for one in found[:2]) and found[2]["error"] < 0.05
    worst = [one["layer"] for one in found[:2]]
    rescued = int8.quantized(tmp_path / "rescued", collapsing, {**STATIC, "exclude": worst})
    assert agreement(collapsing, rescued.folder) > 0.98


def test_every_layer_is_ranked_with_its_operator_and_size(tmp_path: Path) -> None:
    net = nets.dense(tmp_path / "net")
    given = int8.calibration(tmp_path / "rows", {"X": net.rows})
    for number, one in enumerate((STATIC, DYNAMIC)):
        found = passed(tmp_path / str(number), net.done, one, action="sensitivity", calibration=given).result[
            "layers"
        ]
        assert {layer["layer"]: layer["parameters"] for layer in found} == {
            "product": 40 * 96,
            "turned": 64 * 96,
            "last": 64 * 24,
        }
        errors = [layer["error"] for layer in found]
        assert errors == sorted(errors, reverse=True) and errors[-1] > 0


def test_of_a_deep_net_those_whose_inputs_spread_widest_are_ranked(tmp_path: Path) -> None:
    count = MOST_LAYERS + 4
    random = np.random.default_rng(0)
    weights = {f"w{at}": (random.standard_normal((24, 24)) / 5).astype(np.float32) for at in range(count)}
    weights["far"] = np.ones(24, np.float32)
    weights["far"][3] = 500.0
    nodes, last = [], "X"
    for at in range(count):
        given = last
        if at == 40:
            nodes.append(helper.make_node("Mul", [last, "far"], ["spread"]))
            given = "spread"
        nodes.append(helper.make_node("MatMul", [given, f"w{at}"], [f"a{at}"], f"layer_{at}"))
        last = f"b{at}" if at < count - 1 else "Y"
        nodes.append(helper.make_node("Tanh", [f"a{at}"], [last]))
    net = nets.converted(tmp_path, nets.graph(nodes, weights, {"X": ["batch", 24]}, {"Y": ["batch", 24]}))
    given = int8.calibration(tmp_path / "rows", {"X": random.standard_normal((16, 24)).astype(np.float32)})
    found = passed(tmp_path / "ranked", net, STATIC, action="sensitivity", calibration=given).result["layers"]
    assert len(found) == MOST_LAYERS
    assert "layer_40" in [one["layer"] for one in found]


def test_without_rows_it_says_what_they_are_for(tmp_path: Path) -> None:
    net = nets.dense(tmp_path / "net")
    done = passed(tmp_path / "ranked", net.done, DYNAMIC, action="sensitivity")
    assert done.error["message"] == "To see which layers suffer from dynamic int8 needs real rows"
