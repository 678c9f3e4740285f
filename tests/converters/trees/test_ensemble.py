"""Sets of categories as the engine's questions: each category and missing value goes where it should."""

from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from packager.converters.trees.ensemble import ML, ensemble_attributes
from packager.converters.trees.flat import LEAF, MEMBER, Trees, make_tree


def asked_by_engine(trees: Trees, values: list[float], double: bool) -> list[float]:
    attributes = ensemble_attributes(trees, np.array([10.0]), double=double)
    kind = TensorProto.DOUBLE if double else TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain=ML, **attributes)],
        "sets",
        [helper.make_tensor_value_info("x", kind, [None, 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(ML, 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    rows: Any = np.array(values, dtype=np.float64 if double else np.float32)[:, None]
    return list(session.run(None, {"x": rows})[0].ravel().tolist())


def one_set(members: list[int], missing_yes: bool) -> Trees:
    columns = {
        "asks": [MEMBER, LEAF, LEAF],
        "feature": [0, 0, 0],
        "threshold": [0, 0, 0],
        "yes": [1, -1, -1],
        "no": [2, -1, -1],
        "missing_yes": [missing_yes, False, False],
        "values": [0, 1, 2],
    }
    return Trees((make_tree(columns, {0: members}, 1, 0),), (0,))


@settings(max_examples=60, deadline=None)
@given(
    members=st.lists(st.integers(0, 80), max_size=40, unique=True),
    missing_yes=st.booleans(),
    double=st.booleans(),
)
def test_members_say_yes_and_all_others_no(members: list[int], missing_yes: bool, double: bool) -> None:
    values = [-3.0, -1.0, *map(float, range(90)), float("nan")]
    wanted = [11.0 if value in members else 12.0 for value in values[:-1]]
    wanted.append(11.0 if missing_yes else 12.0)
    assert asked_by_engine(one_set(members, missing_yes), values, double) == wanted


@pytest.mark.parametrize("double", [True, False])
def test_a_run_of_members_is_two_questions(double: bool) -> None:
    attributes = ensemble_attributes(one_set(list(range(1000)), False), np.zeros(1), double=double)
    assert attributes["nodes_modes"] == ["BRANCH_LT", "LEAF", "LEAF", "BRANCH_LEQ"]
