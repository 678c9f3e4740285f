"""Small tree models, converted, and passes over them; and graphs of trees made at random."""

import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from packager.converters.passes.onnx_trees_table import table
from packager.converters.tensors import tensor_document
from packager.converters.tiny.forest import Ensemble, Weights
from packager.converters.tiny.questions import Asked
from packager.converters.trees.ensemble import ML
from packager.passes import PASSES
from tests.converters.jobs import Done, do

Array = Any


def converted(folder: Path, model: Any, rows: Array) -> Done:
    """A fitted model as the converter of its library writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "source.joblib")
    np.save(folder / "rows.npy", rows)
    done = do(folder / "job", folder / "source.joblib", samples=str(folder / "rows.npy"))
    assert done.result["ok"], done.result
    return done


def passed(folder: Path, before: Done, *passes: dict[str, Any], calibration: Array | None = None) -> Done:
    """The passes over what a job wrote."""
    rows = None
    if calibration is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (spec,) = before.signature["inputs"]
        tensor = tensor_document(np.asarray(calibration, dtype=spec["dtype"]))
        rows = folder / "calibration.json"
        rows.write_text(json.dumps({"schema_version": 1, "cases": [{"inputs": {spec["name"]: tensor}}]}))
    asked = [PASSES[one["kind"]](**one).model_dump(mode="json") for one in passes]
    return do(
        folder / "job", before.folder / "model.onnx", action="optimize", format="onnx",
        converted=str(before.folder), passes=asked, calibration=str(rows) if rows else None,
    )  # fmt: skip


def answers(model: Path | Any, rows: Array) -> list[Array]:
    """What ONNX Runtime says, as the runtime runs it: with one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    data = model.read_bytes() if isinstance(model, Path) else model.SerializeToString()
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    kind = np.float64 if given.type == "tensor(double)" else np.float32
    return session.run(None, {given.name: np.asarray(rows, dtype=kind)})


def model_of(ensemble: Ensemble, columns: int, **attributes: Any) -> Any:
    """A graph of one TreeEnsembleRegressor."""
    kind = TensorProto.FLOAT if ensemble.single else TensorProto.DOUBLE
    node = helper.make_node(
        "TreeEnsembleRegressor", ["X"], ["Y"], "trees", domain=ML, n_targets=ensemble.targets,
        **table(ensemble, "target"), **attributes,
    )  # fmt: skip
    graph = helper.make_graph(
        [node],
        "graph",
        [helper.make_tensor_value_info("X", kind, ["batch", columns])],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, ["batch", ensemble.targets])],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(ML, 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def job_of(folder: Path, model: Any) -> Done:
    """A graph as if a job had written it."""
    done = do(folder / "made", _saved(folder, model))
    assert done.result["ok"], done.result
    return done


def _saved(folder: Path, model: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "source.onnx")
    return folder / "source.onnx"


BOUNDS = (-1.0, 0.0, 0.5, 1.0, 2.0)
COLUMNS = 3


def grown(random: np.random.Generator, trees: int, modes: tuple[str, ...], *, single: bool) -> Ensemble:
    """Trees with few bounds and few leaves, so that many questions are asked twice or for nothing."""
    nodes: list[Asked | None] = []
    leaves: dict[int, Weights] = {}

    def grow(depth: int) -> int:
        place = len(nodes)
        nodes.append(None)
        if depth == 0 or random.random() < 0.2:
            leaves[place] = ((0, float(random.integers(-2, 3)) / 4),)
            return place
        yes, no = grow(depth - 1), grow(depth - 1)
        mode, bound = str(random.choice(modes)), float(random.choice(BOUNDS))
        column, missing = int(random.integers(COLUMNS)), bool(random.random() < 0.3)
        nodes[place] = Asked(mode, column, (bound,), yes, no, missing)
        return place

    roots = [grow(5) for _ in range(trees)]
    return Ensemble(nodes, leaves, roots, 1, (), single)


def rows_on_and_beside_the_bounds(random: np.random.Generator, count: int, *, single: bool) -> Array:
    kind = np.float32 if single else np.float64
    bounds = np.array([*BOUNDS, np.inf, -np.inf, np.nan], dtype=kind)
    beside = np.concatenate([np.nextafter(bounds, kind(np.inf)), np.nextafter(bounds, kind(-np.inf))])
    return random.choice(np.concatenate([bounds, bounds, beside]), (count, COLUMNS)).astype(kind)


def nodes_in(path: Path) -> int:
    """How many nodes all trees of a file have."""
    return sum(
        len(attribute.ints)
        for node in onnx.load(path).graph.node
        for attribute in node.attribute
        if attribute.name == "nodes_nodeids"
    )
