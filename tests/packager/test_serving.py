"""How a model is served follows from its size, its source, its graph and what is asked for."""

from dataclasses import replace
from pathlib import Path

import pytest
from onnx import helper

from packager import environments, serving, weights
from packager.conversion import Conversion
from packager.errors import ConfigError
from packager.layout import Favour, Parts
from packager.manifest import read_signature
from packager.model import ModelFile, SourceModel
from packager.results import ConversionRecord
from packager.serving import serve
from packager.targets.aws_lambda.target import AwsLambda
from packager.targets.batch.target import Batch
from tests.packager.large_models import dense
from tests.packager.targets.models import golden, tensor

SMALL, MAPPED, LARGE = 100, 520, 1200
"""Widths whose squares are the weights: 40 kB, 1.1 MB, 5.8 MB."""


def converted(folder: Path, width: int, framework: str = "torch") -> Conversion:
    content, document = dense(width)
    path = folder / "model.onnx"
    path.write_bytes(content)
    signature = read_signature(document)
    model = ModelFile(path, "onnx", signature, "ab" * 32, len(content), 18)
    source = SourceModel(path, framework, "1", None, "a net", "cd" * 32, len(content), signature)
    record = ConversionRecord("cd" * 32, framework, None, "none", "onnx", 18, "current", "3.11", {}, ())
    return Conversion(source, model, record, path, 1, "signature", None, environments.current(), ())


@pytest.mark.parametrize(
    ("width", "favour", "framework", "effort"),
    [
        (SMALL, "start", "torch", "all"),
        (MAPPED, "start", "torch", "all"),
        (LARGE, "start", "torch", "extended"),
        (LARGE, "throughput", "torch", "all"),
        (LARGE, "start", "sklearn", "basic"),
        (LARGE, "throughput", "lightgbm", "basic"),
    ],
)
def test_a_large_net_is_not_laid_out_anew_at_each_start(
    tmp_path: Path, width: int, favour: Favour, framework: str, effort: str
) -> None:
    served = serve(AwsLambda(), converted(tmp_path, width, framework), "auto", favour)
    assert served.described.graph_optimization == effort


def test_a_batch_job_is_for_throughput_unless_a_quick_start_is_asked_for(tmp_path: Path) -> None:
    large = converted(tmp_path, LARGE)
    assert serve(Batch(), large, "auto").described.graph_optimization == "all"
    assert serve(Batch(), large, "auto", "start").described.graph_optimization == "extended"
    assert serve(AwsLambda(), large, "auto").described.graph_optimization == "extended"


def test_a_batch_job_gets_the_newest_release_and_one_thread_in_the_engine(tmp_path: Path) -> None:
    served = serve(Batch(), converted(tmp_path, LARGE), "auto")
    assert (served.engine.version, served.described.intra_op_threads) == ("1.31.1", 1)
    assert served.described.thread_per is None


@pytest.mark.parametrize(("width", "is_mapped"), [(SMALL, False), (MAPPED, True), (LARGE, True)])
def test_from_a_megabyte_on_weights_are_mapped_and_every_processor_has_a_thread(
    tmp_path: Path, width: int, is_mapped: bool
) -> None:
    whole = converted(tmp_path, width)
    served = serve(AwsLambda(), whole, "auto", "start")
    assert (served.model.weights is not None) == is_mapped
    assert (served.described.thread_per == {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": 1769}) == is_mapped
    assert served.described.intra_op_threads == 1
    assert served.model.version == whole.model.version
    assert whole.model.size_bytes >= serving.MAPPED_FROM_BYTES or not is_mapped


@pytest.mark.parametrize(("group", "effort"), [(1, "extended"), (4, "all")])
def test_convolutions_in_groups_are_laid_out_anew_however_large_the_net_is(
    tmp_path: Path, group: int, effort: str
) -> None:
    whole = converted(tmp_path, SMALL)
    node = helper.make_node("Conv", ["X", "W"], ["Y"], group=group)
    graph = helper.make_graph([node], "net", [], [])
    whole.model.path.write_bytes(helper.make_model(graph).SerializeToString())
    large = replace(whole, model=replace(whole.model, opened_bytes=serving.LARGE_BYTES))
    assert serve(AwsLambda(), large, "auto", "start").described.graph_optimization == effort


@pytest.mark.parametrize(
    ("operators", "effort"),
    [
        (["QuantizeLinear", "DequantizeLinear", "Conv"], "all"),
        (["QLinearConv"], "all"),
        (["QuantizeLinear", "DequantizeLinear", "MatMul"], "extended"),
    ],
)
def test_convolutions_in_int8_are_laid_out_anew_too(
    tmp_path: Path, operators: list[str], effort: str
) -> None:
    whole = converted(tmp_path, SMALL)
    nodes = [helper.make_node(operator, ["X", "W"], ["Y"]) for operator in operators]
    graph = helper.make_graph(nodes, "net", [], [])
    whole.model.path.write_bytes(helper.make_model(graph).SerializeToString())
    large = replace(whole, model=replace(whole.model, opened_bytes=serving.LARGE_BYTES))
    assert serve(AwsLambda(), large, "auto", "start").described.graph_optimization == effort


def test_weights_in_fewer_bits_are_served_as_what_they_become_when_opened(tmp_path: Path) -> None:
    whole = converted(tmp_path, SMALL)
    packed = replace(whole, model=replace(whole.model, opened_bytes=serving.LARGE_BYTES))
    described = serve(AwsLambda(), packed, "auto", "start").described
    assert described.graph_optimization == "extended"
    assert described.thread_per == {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": 1769}


def test_the_release_and_its_reason_are_told(tmp_path: Path) -> None:
    served = serve(AwsLambda(), converted(tmp_path, SMALL), "auto", "start")
    why = "the smallest release that is for all 3 operators of the graph"
    assert (served.engine.version, served.described.why) == ("1.20.1", why)
    assert served.told == f"ONNX Runtime 1.20.1 ({why})"


def test_a_pinned_release_is_served(tmp_path: Path) -> None:
    served = serve(AwsLambda(), converted(tmp_path, SMALL), "1.31.1", "start")
    assert served.told == "ONNX Runtime 1.31.1 (asked for)"


def test_another_format_has_one_engine(tmp_path: Path) -> None:
    whole = converted(tmp_path, LARGE)
    lite = replace(whole, model=replace(whole.model, format="tflite"))
    served = serve(AwsLambda(), lite, "auto", "start")
    assert (served.model, served.told) == (lite.model, "LiteRT 2.3.0")
    assert served.described.graph_optimization is None


def test_a_target_ships_both_files_and_counts_both(tmp_path: Path) -> None:
    served = serve(AwsLambda(), converted(tmp_path, LARGE), "auto", "start")
    assert served.model.weights is not None
    assert [path.name for path in served.model.paths] == ["model.onnx", weights.FILE_NAME]
    parts = Parts("net", served.model, b"{}", golden({"X": tensor([[0.0] * LARGE], "float32")}), ())
    files = {entry.dest for entry in AwsLambda(memory_mb=128).layout(parts).entries}
    assert {"function/model/model.onnx", f"function/model/{weights.FILE_NAME}"} <= files


def test_a_memory_smaller_than_the_mapped_weights_is_refused(tmp_path: Path) -> None:
    model = serve(AwsLambda(), converted(tmp_path, LARGE), "auto", "start").model
    assert model.weights is not None
    grown = replace(model, weights=replace(model.weights, size_bytes=200 << 20))
    with pytest.raises(ConfigError, match="memory_mb is 128, and the model alone has 200 MB"):
        AwsLambda(memory_mb=128).layout(
            Parts("net", grown, b"{}", golden({"X": tensor([[0.0] * LARGE], "float32")}), ())
        )
