"""What each tree of an ensemble says by itself, on rows as they reach it."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from packager.converters.passes.onnx_trees import TreeNode, asked_nodes, precision, weights_of
from packager.converters.passes.onnx_trees_table import table
from packager.converters.tensors import Array, array_of
from packager.converters.tiny.forest import Ensemble
from packager.converters.trees.ensemble import ML

_MADE_ROWS, _MOST_ROWS = 256, 1024


@dataclass(frozen=True, slots=True)
class Alone:
    """``said``: for each row and each pair of a tree and a target that it adds to, how much it adds."""

    pairs: list[tuple[int, int]]
    said: Array

    def of_target(self, target: int) -> tuple[list[int], Array]:
        """The trees that add to a target, in order, and a column for each."""
        places = [at for at, (_, mine) in enumerate(self.pairs) if mine == target]
        return [self.pairs[at][0] for at in places], self.said[:, places]


def each_alone(ensemble: Ensemble, rows: Array) -> Alone:
    """Every tree runs in ONNX Runtime, with targets of its own in the place of those it shares."""
    pairs: list[tuple[int, int]] = []
    leaves = dict(ensemble.leaves)
    for number, root in enumerate(ensemble.roots):
        targets = sorted({target for found in weights_of(ensemble, root) for target, _ in found})
        column = {target: len(pairs) + at for at, target in enumerate(targets)}
        pairs += [(number, target) for target in targets]
        for place in asked_nodes(ensemble, root):
            if ensemble.nodes[place] is None:
                leaves[place] = tuple(
                    (column[target], weight) for target, weight in ensemble.leaves.get(place, ())
                )
    return Alone(pairs, _sums(replace(ensemble, leaves=leaves, targets=len(pairs), base=()), rows))


def rows_into(cases: Path | None, model: Any, node: TreeNode) -> Array | None:
    """The rows of a cases file as they reach the trees; None where there are none."""
    if cases is None:
        return None
    import onnx

    document = json.loads(cases.read_text(encoding="utf-8"))
    name = node.proto.input[0]
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    if name not in {entry.name for entry in (*model.graph.input, *model.graph.output)}:
        watched.graph.output.append(onnx.ValueInfoProto(name=name))
    session = _session(watched)
    found = []
    for case in document["cases"]:
        given = {port: array_of(tensor) for port, tensor in case["inputs"].items()}
        found.append(given[name] if name in given else session.run([name], given)[0])
    rows = np.concatenate(found)[:_MOST_ROWS] if found else np.zeros((0, 1))
    return rows.astype(precision(node.ensemble)) if len(rows) else None


def made_rows(ensemble: Ensemble, seed: int) -> Array:
    """Rows around the values that the trees compare with: each tree sends them many ways."""
    random = np.random.default_rng(seed)
    asked = [node for node in ensemble.nodes if node is not None]
    rows = np.zeros((_MADE_ROWS, 1 + max((node.column for node in asked), default=0)))
    for column in range(rows.shape[1]):
        bounds = np.unique([node.values[0] for node in asked if node.column == column])
        bounds = bounds[np.abs(bounds) < np.finfo(np.float32).max]
        if len(bounds):
            spread = float(np.std(bounds)) or abs(float(bounds[0])) or 1.0
            rows[:, column] = random.choice(bounds, _MADE_ROWS) + random.normal(0, spread / 4, _MADE_ROWS)
    return rows.astype(precision(ensemble))


def _sums(ensemble: Ensemble, rows: Array) -> Array:
    from onnx import TensorProto, helper

    kind = TensorProto.FLOAT if ensemble.single else TensorProto.DOUBLE
    attributes = table(ensemble, "target")
    node = helper.make_node(
        "TreeEnsembleRegressor", ["X"], ["Y"], domain=ML, n_targets=ensemble.targets, **attributes
    )
    graph = helper.make_graph(
        [node],
        "trees",
        [helper.make_tensor_value_info("X", kind, ["batch", rows.shape[1]])],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, ["batch", ensemble.targets])],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(ML, 3)]
    said: Array = _session(helper.make_model(graph, opset_imports=opsets, ir_version=8)).run(
        None, {"X": rows}
    )[0]
    return said.astype(np.float64)


def _session(model: Any) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
