"""A model whose answer to a row hangs on the rows beside it is judged by requests of one row."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from packager import probe, row_by_row, trial
from packager.conversion import Conversion, Way
from packager.passes import Oldest, apply, find
from packager.probe import Case
from packager.targets.aws_lambda.target import AwsLambda
from tests.packager.trial.laid import converted

WIDTH = 64


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Conversion:
    folder = tmp_path_factory.mktemp("net")
    weight = np.random.default_rng(0).standard_normal((WIDTH, WIDTH)).astype(np.float32) / 8
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", WIDTH])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", WIDTH])],
        [numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, folder / "net.onnx")
    return converted(folder / "net.onnx", folder / "job")


@pytest.fixture(scope="module")
def dynamic(net: Conversion, tmp_path_factory: pytest.TempPathFactory) -> Conversion:
    one = find("dynamic_int8").model_validate({})
    job = tmp_path_factory.mktemp("pass") / "job"
    return apply(net, [one], None, Oldest(18, 3, 8), job, Way()).converted


def uneven(path: Path, net: Conversion) -> Path:
    """Two batches; in each one row is a thousand times as large as the others."""
    rows = np.random.default_rng(1).standard_normal((12, WIDTH)).astype(np.float32)
    rows[[3, 9]] *= 1000
    weight = numpy_helper.to_array(onnx.load(net.model.path).graph.initializer[0])
    cases = [Case({"x": part}, {"y": part @ weight}) for part in (rows[:7], rows[7:])]
    probe.write_cases(path, cases)
    return path


def error(cases: Path, answers: probe.Answers) -> float:
    """Of the usual rows."""
    told = [
        (case.outputs["y"], given["y"])
        for case, given in zip(probe.read_cases(cases), answers.outputs, strict=True)
    ]
    own, given = (np.concatenate(arrays) for arrays in zip(*told, strict=True))
    usual = np.abs(own).max(axis=1) < 100
    return float(np.linalg.norm((own - given)[usual]) / np.linalg.norm(own[usual]))


def test_a_row_keeps_its_digits_whatever_stands_beside_it(
    tmp_path: Path, net: Conversion, dynamic: Conversion
) -> None:
    cases = uneven(tmp_path / "cases.json", net)
    laid = trial.lay(tmp_path / "root", AwsLambda(), dynamic)
    together, alone = trial.answers(laid, cases), trial.answers_to_rows(laid, cases)
    assert [len(one["y"]) for one in alone.outputs] == [len(one["y"]) for one in together.outputs] == [7, 5]
    assert len(alone.run_ms) == 2
    assert error(cases, together) > 0.5
    assert error(cases, alone) < 0.02


def test_a_model_that_answers_each_row_by_itself_is_asked_for_all_at_once(
    tmp_path: Path, net: Conversion, dynamic: Conversion
) -> None:
    assert not row_by_row.mixes_rows(net.model)
    assert row_by_row.mixes_rows(dynamic.model)
    cases = uneven(tmp_path / "cases.json", net)
    asked: list[Path] = []

    def ask(path: Path) -> probe.Answers:
        asked.append(path)
        return probe.Answers(tuple(case.outputs for case in probe.read_cases(path)), 0.0, (0.0, 0.0))

    assert row_by_row.asked(net.model, cases, ask).outputs[0]["y"].shape == (7, WIDTH)
    assert asked == [cases]
