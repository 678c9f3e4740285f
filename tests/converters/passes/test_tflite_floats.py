"""TFLite files as quantizers want them: weights widened, operators of older files, names, a signature."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from packager.converters.passes.tflite_floats import opened, read_floats
from packager.converters.tflite.library import packed
from packager.converters.tflite.structure import structure_of
from tests.converters.jobs import array_of
from tests.converters.passes import tflite_models as nets
from tests.converters.passes.tflite_models import convert, digits, model_bytes, passed
from tests.packages import Published
from tests.published import HAND_LANDMARKS, IRIS_LANDMARKS, SPARSE_FACE_DETECTION
from tests.runtimes.core.tflite_models import Graph


def edited(model: bytes, change: Any) -> bytes:
    found = opened(model)
    change(found)
    return packed(found)


def test_a_file_of_floats_keeps_its_operators_and_answers(tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(nets.dense())
    found = read_floats(tmp_path / "net.tflite")
    assert not found.were_float16
    assert (found.key, list(found.served.inputs), list(found.served.outputs)) == (
        "serving_default",
        ["image"],
        ["scores"],
    )
    rows = digits().images[:3]
    assert (nets.answers(found.data, rows) == nets.answers(nets.dense(), rows)).all()


def test_operators_are_found_in_files_of_older_writers(tmp_path: Path) -> None:
    def age(model: Any) -> None:
        for code in model.operatorCodes:
            code.deprecatedBuiltinCode, code.builtinCode = code.builtinCode, 0

    converted = convert(tmp_path / "net", edited(nets.dense(), age), digits().images[nets.TRAINED])
    done = passed(tmp_path / "pass", converted, {"kind": "tflite_dynamic_int8"})
    assert len(nets.changed(done)) == 4
    assert nets.accuracy(model_bytes(done)) > 0.85


def test_names_that_are_missing_or_stand_twice_are_no_hindrance(tmp_path: Path) -> None:
    def unname(model: Any) -> None:
        graph = model.subgraphs[0]
        for at, tensor in enumerate(graph.tensors):
            if at not in (*graph.inputs, *graph.outputs):
                tensor.name = b"" if at % 2 else b"same"

    converted = convert(tmp_path / "net", edited(nets.dense(), unname), digits().images[nets.TRAINED])
    done = passed(tmp_path / "pass", converted, {"kind": "tflite_full_int8"})
    assert len(nets.changed(done)) == 4
    assert nets.accuracy(model_bytes(done)) > 0.85


def test_without_a_signature_inputs_and_answers_keep_their_names(tmp_path: Path) -> None:
    converted = convert(tmp_path / "net", nets.dense(named=False), digits().images[nets.TRAINED])
    done = passed(tmp_path / "pass", converted, {"kind": "tflite_full_int8"})
    assert done.result["signature"] == converted.signature
    (signature,) = structure_of(model_bytes(done), "made").signatures
    assert (list(signature.inputs), list(signature.outputs)) == (["pixels"], ["layer_3"])
    assert nets.accuracy(model_bytes(done)) > 0.85


def test_what_was_made_float16_is_made_int8(tmp_path: Path) -> None:
    converted = convert(tmp_path / "net", nets.dense(), digits().images[nets.TRAINED])
    done = passed(tmp_path / "pass", converted, {"kind": "float16"}, {"kind": "tflite_full_int8"})
    assert [one["kind"] for one in done.result["applied"]] == ["float16", "tflite_full_int8"]
    kinds = {operator.kind for operator in structure_of(model_bytes(done), "made").graphs[0].operators}
    assert kinds == {"QUANTIZE", "FULLY_CONNECTED", "DEQUANTIZE"}
    again = passed(tmp_path / "again", converted, {"kind": "float16"}, {"kind": "float16"})
    assert again.error["message"] == "The model's weights are float16 already"


def test_a_model_without_weights_is_refused(tmp_path: Path) -> None:
    graph = Graph()
    graph.tensor("x", "float32", ["batch", 4])
    graph.tensor("y", "float32", ["batch", 4])
    graph.operator("LOG", ["x"], ["y"])
    converted = convert(tmp_path / "net", graph.written(["x"], ["y"]), digits().images[:64, 20:24] + 1)
    for kind in ("float16", "tflite_dynamic_int8", "tflite_int4", "tflite_full_int8", "tflite_int16"):
        done = passed(tmp_path / kind, converted, {"kind": kind})
        assert "has no layer that can be" in done.error["message"]


@pytest.mark.parametrize("left", ["h", "y"])
def test_an_answer_that_other_layers_read_keeps_its_name(tmp_path: Path, left: str) -> None:
    graph = Graph()
    graph.tensor("x", "float32", ["batch", 64])
    for name, rows, columns in (("h", 32, 64), ("y", 10, 32)):
        graph.tensor(name, "float32", ["batch", rows])
        weights = np.random.default_rng(rows).normal(size=(rows, columns)).astype(np.float32)
        graph.constant(f"w_{name}", weights)
    graph.operator("FULLY_CONNECTED", ["x", "w_h", ""], ["h"], FullyConnectedOptions={})
    graph.operator("FULLY_CONNECTED", ["h", "w_y", ""], ["y"], FullyConnectedOptions={})
    model = graph.written(["x"], ["h", "y"], {"x": "x", "hidden": "h", "scores": "y"})
    converted = convert(tmp_path / "net", model, digits().images[:100])
    done = passed(tmp_path / "pass", converted, {"kind": "tflite_full_int8", "exclude": [left]})
    assert nets.changed(done) == [name for name in ("h", "y") if name != left]
    runner = Interpreter(model_content=model_bytes(done), num_threads=1).get_signature_runner()
    (case,) = [one for one in converted.cases if array_of(one["inputs"]["x"]).shape[0] == 1]
    made = runner(x=array_of(case["inputs"]["x"]))
    for name, tensor in case["outputs"].items():
        own = array_of(tensor)
        assert made[name].dtype == own.dtype
        assert np.linalg.norm(made[name] - own) < 0.05 * np.linalg.norm(own)


def test_divisions_stay_in_floats(tmp_path: Path) -> None:
    """Their kernel of whole numbers stops where a divisor rounds to zero."""
    graph = Graph()
    graph.tensor("x", "float32", ["batch", 64])
    for name in ("h", "d"):
        graph.tensor(name, "float32", ["batch", 32])
    graph.constant("w", np.random.default_rng(0).normal(size=(32, 64)).astype(np.float32))
    graph.constant("v", np.random.default_rng(1).normal(size=(10, 32)).astype(np.float32))
    graph.tensor("y", "float32", ["batch", 10])
    graph.operator("FULLY_CONNECTED", ["x", "w", ""], ["h"], FullyConnectedOptions={})
    graph.operator("DIV", ["h", "h"], ["d"], DivOptions={})
    graph.operator("FULLY_CONNECTED", ["d", "v", ""], ["y"], FullyConnectedOptions={})
    converted = convert(tmp_path / "net", graph.written(["x"], ["y"]), digits().images[:100])
    done = passed(tmp_path / "pass", converted, {"kind": "tflite_full_int8"})
    assert nets.changed(done) == ["h", "y"]
    assert np.isfinite(nets.answers(model_bytes(done), digits().images[100:110])).all()


@pytest.mark.network
@pytest.mark.parametrize(
    ("published", "kind", "ratio"),
    [
        (IRIS_LANDMARKS, {"kind": "float16"}, 0.53),
        (IRIS_LANDMARKS, {"kind": "tflite_dynamic_int8"}, 0.31),
        (IRIS_LANDMARKS, {"kind": "tflite_full_int8"}, 0.35),
        (HAND_LANDMARKS, {"kind": "tflite_full_int8"}, 0.68),
        (SPARSE_FACE_DETECTION, {"kind": "tflite_int4"}, 0.75),
    ],
    ids=lambda one: one.member.split("/")[-1] if isinstance(one, Published) else "",
)
def test_published_models_become_smaller_and_are_served(
    tmp_path: Path, published: Published, kind: dict[str, Any], ratio: float
) -> None:
    """Of the second the weights are float16, of the third sparse, too."""
    side = {IRIS_LANDMARKS: 64, HAND_LANDMARKS: 224, SPARSE_FACE_DETECTION: 192}[published]
    images = np.random.default_rng(0).random((8, side, side, 3)).astype(np.float32)
    converted = convert(tmp_path / "net", published.fetch(), images, rows=2)
    done = passed(tmp_path / "pass", converted, kind)
    assert len(model_bytes(done)) <= ratio * published.fetch().stat().st_size
    case = converted.cases[0]
    runner = Interpreter(model_content=model_bytes(done), num_threads=1).get_signature_runner()
    made = runner(**{name: array_of(tensor) for name, tensor in case["inputs"].items()})
    own = {name: array_of(tensor) for name, tensor in case["outputs"].items()}
    assert {name: array.shape for name, array in made.items()} == {n: one.shape for n, one in own.items()}
    largest = max(own, key=lambda name: own[name].size)
    moved = float(np.linalg.norm(made[largest] - own[largest]) / np.linalg.norm(own[largest]))
    assert moved < (0.6 if kind["kind"] == "tflite_int4" else 0.1)


@pytest.mark.network
def test_a_sparse_model_that_would_grow_is_refused(tmp_path: Path) -> None:
    converted = convert(tmp_path / "net", SPARSE_FACE_DETECTION.fetch(), None)
    done = passed(tmp_path / "pass", converted, {"kind": "tflite_dynamic_int8"})
    assert done.error["message"].startswith("The model would not get smaller: ")
