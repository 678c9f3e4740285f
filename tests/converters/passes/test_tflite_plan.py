"""Quantized TFLite: smaller, as right as it was in the shipped engine, the same bytes again; or refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runtimes.core.predictor import Predictor
from runtimes.core.tensors import Tensor
from tests.artifacts import make_root
from tests.converters.jobs import Done
from tests.converters.passes import tflite_models as nets
from tests.converters.passes.tflite_models import accuracy, changed, convert, digits, model_bytes, passed

KINDS: list[tuple[dict[str, Any], float]] = [
    ({"kind": "float16"}, 0.58),
    ({"kind": "tflite_dynamic_int8"}, 0.36),
    ({"kind": "tflite_int4"}, 0.26),
    ({"kind": "tflite_full_int8"}, 0.45),
    ({"kind": "tflite_int16"}, 0.45),
]
"""With what is left of the bytes at most: such small nets are scales and names for a tenth."""
ALL = ["layer_0", "layer_1", "layer_2", "layer_3"]


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return convert(tmp_path_factory.mktemp("net"), nets.dense(), digits().images[nets.TRAINED])


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The same net in other units, which one scale for all cannot hold."""
    return convert(tmp_path_factory.mktemp("spread"), nets.dense(2.0), digits().images[nets.TRAINED])


def served(root: Path, done: Done, rows: np.ndarray[Any, Any]) -> bytes:
    """What the shipped runtime answers."""
    signature = done.result["signature"]
    path = make_root(root, model_bytes(done), signature, file="model.tflite")
    with Predictor(str(path)) as predictor:
        (spec,) = signature["inputs"]
        given: dict[str, object] = {spec["name"]: Tensor(rows.dtype.name, rows.shape, rows.tobytes())}
        first = next(iter(predictor.run(given).values())).to_bytes()
        assert next(iter(predictor.run(given).values())).to_bytes() == first
        return bytes(first)


@pytest.mark.parametrize(("options", "ratio"), KINDS, ids=[one["kind"] for one, _ in KINDS])
def test_makes_the_model_smaller_and_keeps_its_answers(
    tmp_path: Path, net: Done, options: dict[str, Any], ratio: float
) -> None:
    before = model_bytes(net)
    done = passed(tmp_path / "pass", net, options)
    after = model_bytes(done)
    assert len(after) <= ratio * len(before)
    assert accuracy(after) >= accuracy(before) - 0.02
    assert changed(done) == ALL
    assert done.result["applied"][0]["detail"].startswith("4 of 4 layers to ")
    assert done.result["signature"] == net.signature
    rows = digits().images[1200:1207]
    shipped = np.frombuffer(served(tmp_path / "root", done, rows), np.float32).reshape(7, 10)
    np.testing.assert_allclose(shipped, nets.answers(after, rows), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "ratio", "drop"),
    [("tflite_full_int8", 0.30, 0.005), ("tflite_dynamic_int8", 0.30, 0.005), ("tflite_int4", 0.16, 0.01)],
)
def test_a_convolutional_net_keeps_its_accuracy_in_a_third_of_the_bytes(
    tmp_path: Path, kind: str, ratio: float, drop: float
) -> None:
    net = convert(tmp_path / "net", nets.convolving(), digits().images[nets.TRAINED])
    before, after = model_bytes(net), model_bytes(passed(tmp_path / "pass", net, {"kind": kind}))
    assert accuracy(before) > 0.9
    assert len(after) <= ratio * len(before)
    assert accuracy(after) >= accuracy(before) - drop


@pytest.mark.parametrize("options", [one for one, _ in KINDS], ids=[one["kind"] for one, _ in KINDS])
def test_writes_the_same_bytes_again(tmp_path: Path, net: Done, options: dict[str, Any]) -> None:
    first, second = (model_bytes(passed(tmp_path / name, net, options)) for name in ("first", "second"))
    assert first == second
    assert str(tmp_path).encode() not in first


@pytest.mark.parametrize("options", [one for one, _ in KINDS], ids=[one["kind"] for one, _ in KINDS])
def test_leaves_layers_as_they_are(tmp_path: Path, net: Done, options: dict[str, Any]) -> None:
    done = passed(tmp_path, net, {**options, "exclude": ["layer_1", "layer_[3]"]})
    assert changed(done) == ["layer_0", "layer_2"]
    assert done.result["applied"][0]["left"] == ["layer_1", "layer_3"]
    assert accuracy(model_bytes(done)) >= accuracy(model_bytes(net)) - 0.02


@pytest.mark.parametrize(
    "options", [one for one, _ in KINDS if one["kind"] != "float16"], ids=lambda one: str(one["kind"])
)
def test_refuses_a_model_that_is_quantized_already(
    tmp_path: Path, net: Done, options: dict[str, Any]
) -> None:
    done = passed(tmp_path, net, {"kind": "tflite_full_int8"}, options)
    assert "is quantized already" in done.error["message"]


def test_a_collapse_is_undone_by_leaving_the_worst_layers(tmp_path: Path, spread: Done) -> None:
    own = accuracy(model_bytes(spread))
    assert own > 0.9
    broken = passed(tmp_path / "broken", spread, {"kind": "tflite_full_int8"})
    assert accuracy(model_bytes(broken)) < own - 0.2
    ranked = passed(tmp_path / "ranked", spread, {"kind": "tflite_full_int8"}, action="sensitivity")
    assert sorted(nets.layers_of(ranked)[:2]) == ["layer_1", "layer_2"]
    worst = nets.layers_of(ranked)[:2]
    rescued = passed(tmp_path / "rescued", spread, {"kind": "tflite_full_int8", "exclude": worst})
    assert accuracy(model_bytes(rescued)) >= own - 0.01
    assert changed(rescued) == ["layer_0", "layer_3"]


@pytest.mark.parametrize("kind", ["tflite_dynamic_int8", "tflite_int4", "tflite_int16", "float16"])
def test_ranks_every_layer_the_worst_first(tmp_path: Path, net: Done, kind: str) -> None:
    ranked = passed(tmp_path, net, {"kind": kind}, action="sensitivity")
    rows = ranked.result["layers"]
    assert sorted(nets.layers_of(ranked)) == ALL
    assert all(row["operator"] == "FULLY_CONNECTED" and row["parameters"] > 0 for row in rows)
    errors = [row["error"] for row in rows]
    assert errors == sorted(errors, reverse=True)
    assert 0 < errors[0] < 0.3


def test_layers_are_ranked_without_rows_where_none_are_needed(tmp_path: Path) -> None:
    bare = convert(tmp_path / "net", nets.dense(), None)
    ranked = passed(tmp_path / "ranked", bare, {"kind": "tflite_dynamic_int8"}, action="sensitivity")
    assert sorted(nets.layers_of(ranked)) == ALL
    assert changed(passed(tmp_path / "pass", bare, {"kind": "tflite_int4"})) == ALL


@pytest.mark.parametrize("kind", ["tflite_full_int8", "tflite_int16"])
def test_refuses_ranges_without_rows(tmp_path: Path, kind: str) -> None:
    bare = convert(tmp_path / "net", nets.dense(), None)
    done = passed(tmp_path / "pass", bare, {"kind": kind})
    assert done.error["kind"] == "SamplesError"
    assert "need real rows" in done.error["message"]


def test_refuses_a_layer_that_is_not_there(tmp_path: Path, net: Done) -> None:
    done = passed(tmp_path, net, {"kind": "tflite_full_int8", "exclude": ["layer_9"]})
    assert done.error["message"] == "There is no layer 'layer_9' to leave as it is"
    assert "layer_0 (FULLY_CONNECTED)" in done.error["details"]


def test_refuses_when_all_layers_are_left(tmp_path: Path, net: Done) -> None:
    done = passed(tmp_path, net, {"kind": "tflite_dynamic_int8", "exclude": ["FULLY_CONNECTED"]})
    assert done.error["message"] == "No layer of the model became int8 weights"


def test_int4_in_blocks_takes_the_layers_that_blocks_divide(tmp_path: Path, net: Done) -> None:
    by_row = passed(tmp_path / "rows", net, {"kind": "tflite_int4"})
    in_blocks = passed(tmp_path / "blocks", net, {"kind": "tflite_int4", "block": 32})
    assert changed(in_blocks) == ALL
    assert model_bytes(in_blocks) != model_bytes(by_row)
    assert accuracy(model_bytes(in_blocks)) >= accuracy(model_bytes(net)) - 0.02


def test_float16_refuses_weights_beyond_its_range(tmp_path: Path) -> None:
    huge = convert(tmp_path / "net", nets.dense(6.0), None)
    done = passed(tmp_path / "pass", huge, {"kind": "float16"})
    assert "beyond 65504" in done.error["message"]


def test_codes_go_in_and_come_out_as_they_are(tmp_path: Path, net: Done) -> None:
    done = passed(tmp_path / "pass", net, {"kind": "tflite_full_int8", "io": "int8"})
    codes = done.result["applied"][0]["quantized_io"]
    assert {name: said["dtype"] for name, said in codes.items()} == {"image": "int8", "scores": "int8"}
    rows = digits().images[1200:1205]
    given, said = codes["image"], codes["scores"]
    coded = np.clip(np.round(rows / given["scale"]) + given["zero_point"], -128, 127).astype(np.int8)
    signature = {**done.result["signature"]}
    for side in ("inputs", "outputs"):
        signature[side] = [{**spec, "dtype": "int8"} for spec in signature[side]]
    done.result["signature"] = signature
    shipped = np.frombuffer(served(tmp_path / "root", done, coded), np.int8).reshape(5, 10)
    numbers = said["scale"] * (shipped.astype(np.float32) - said["zero_point"])
    floats = model_bytes(passed(tmp_path / "floats", net, {"kind": "tflite_full_int8"}))
    np.testing.assert_allclose(numbers, nets.answers(floats, rows), atol=1e-4)
    assert (numbers.argmax(1) == nets.answers(model_bytes(net), rows).argmax(1)).all()
