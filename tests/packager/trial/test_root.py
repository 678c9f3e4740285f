"""A trial runs what would ship: the same engine, the same stored form, the same code."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from packager import conversion, probe, serving, tools, trial
from packager.conversion import Conversion, Way
from packager.errors import VerificationError
from packager.layout import Arch
from packager.targets import Target
from packager.targets.aws_lambda.target import AwsLambda
from packager.trial.root import deflated_bytes
from tests.packager.trial.laid import converted, write_net


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Conversion:
    folder = tmp_path_factory.mktemp("net")
    return converted(write_net(folder / "net.onnx"), folder / "job")


def test_lays_out_what_would_be_served(tmp_path: Path, net: Conversion) -> None:
    target: Target = AwsLambda()
    laid = trial.lay(tmp_path / "root", target, net)
    served = serving.serve(target, net, "auto", "start")
    manifest = json.loads((laid.root / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["engine"]["version"] == served.engine.version == laid.engine_version
    assert manifest["engine"]["graph_optimization"] == served.described.graph_optimization
    assert laid.engine == "onnxruntime" and laid.library is not None


def test_the_shipped_code_gives_the_answers_of_the_source(tmp_path: Path, net: Conversion) -> None:
    assert net.evaluation is not None
    laid = trial.lay(tmp_path / "root", AwsLambda(), net)
    given = trial.answers(laid, net.evaluation.path)
    for case, outputs in zip(probe.read_cases(net.evaluation.path), given.outputs, strict=True):
        assert np.allclose(case.outputs["y"], outputs["y"], atol=1e-5)


def test_sizes_are_those_of_the_archive_with_the_engine(tmp_path: Path, net: Conversion) -> None:
    sizes = trial.lay(tmp_path / "root", AwsLambda(), net).sizes
    model = net.model.path.read_bytes()
    assert (sizes.model_bytes, sizes.compressed_bytes) == (len(model), len(zlib.compress(model, 9)) - 6)
    assert sizes.shipped_bytes > 1_000_000


def test_a_large_model_is_weighed_with_the_weights_beside_it(tmp_path: Path) -> None:
    made = converted(write_net(tmp_path / "net.onnx", width=600, layers=1), tmp_path / "job")
    laid = trial.lay(tmp_path / "root", AwsLambda(), made)
    weights = laid.root / "model" / "model.weights"
    assert weights.stat().st_size > 1_400_000
    assert laid.sizes.model_bytes == weights.stat().st_size + (laid.root / "model/model.onnx").stat().st_size


def test_pure_python_ships_no_engine(tmp_path: Path, net: Conversion) -> None:
    tiny = conversion.for_tiny(net, tmp_path / "job", Way())
    laid = trial.lay(tmp_path / "root", AwsLambda(), tiny)
    assert (laid.engine, laid.library) == ("tiny", None)
    assert laid.sizes.shipped_bytes == laid.sizes.compressed_bytes


def test_another_processor_has_its_own_engine_and_runs_by_this_machines(
    tmp_path: Path, net: Conversion
) -> None:
    other: Arch = "x86_64" if tools.host_arch() == "arm64" else "arm64"
    laid = trial.lay(tmp_path / "root", AwsLambda(arch=other), net)
    assert laid.library is not None
    assert laid.sizes.shipped_bytes != laid.sizes.compressed_bytes + deflated_bytes(laid.library)
    assert trial.answers(laid, net.reference).outputs


def test_a_damaged_model_has_no_answers(tmp_path: Path, net: Conversion) -> None:
    assert net.evaluation is not None
    laid = trial.lay(tmp_path / "root", AwsLambda(), net)
    (laid.root / "model/model.onnx").write_bytes(b"no model")
    with pytest.raises(VerificationError, match="cannot run the model"):
        trial.answers(laid, net.evaluation.path)
