"""`--format c`: a folder of C for a microcontroller, proved before it is written, audited and built again."""

import subprocess
from pathlib import Path
from typing import Any

import joblib
import pytest
from onnx import TensorProto, helper, save
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from packager import report
from packager.audit import audit
from packager.build import build
from packager.config import Configuration, parse
from packager.errors import ArtifactError, ConfigError, ConversionError, PackagerError
from packager.firmware import toolchain
from packager.progress import Silence
from packager.results import BuildReport
from tests.runtimes.core.engines.tiny.running import model_of

EDGE = {"kind": "edge", "device": "cortex-m4"}


def asked(model: Path, **changes: Any) -> Configuration:
    settings = {
        "model": model,
        "name": "iris",
        "format": "c",
        "output": model.parent / "dist",
        "target": [EDGE],
    }
    return parse({**settings, "worker": "current", **changes}, "a test")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("c")
    iris = load_iris(as_frame=True)
    names = iris.target_names[iris.target]
    net = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    joblib.dump(net.fit(iris.data, names), folder / "iris.joblib")
    iris.data.assign(kind=names).to_csv(folder / "iris.csv", index=False)
    return folder / "iris.joblib"


@pytest.fixture(scope="module")
def made(model: Path) -> BuildReport:
    return build(asked(model, samples=model.parent / "iris.csv", labels="kind"))


def test_the_artifact_is_a_folder_of_c_and_its_archive(made: BuildReport) -> None:
    (artifact,) = made.artifacts
    files = {path.relative_to(artifact.path).as_posix() for path in artifact.path.rglob("*.*")}
    assert files == {
        "c/iris.c", "c/iris.h", "c/test_iris.c", "c/README.md", "build.json", "iris.tar.gz",
    }  # fmt: skip
    assert (made.verification.rows, made.verification.label_flips) == (150, 0)
    assert made.artifact_score is not None and made.artifact_score == made.source_score
    assert artifact.c_name == "iris"
    assert f"make -C {artifact.path}/c test" in list(report.next_commands(artifact))


def test_verify_compiles_and_runs_what_lies_there(made: BuildReport) -> None:
    folder = made.artifacts[0].path
    subprocess.run(["make", "-s", "-C", str(folder / "c"), "test"], check=True, capture_output=True)
    found = audit(folder)  # what make left behind is no harm
    assert found.verification.passed and found.verification.rows > 1
    assert found.verification.max_abs_error < 1e-6


def test_a_changed_table_is_found(made: BuildReport) -> None:
    source = made.artifacts[0].path / "c" / "iris.c"
    before = source.read_text(encoding="utf-8")
    try:
        source.write_text(before.replace("0.", "1.", 1), encoding="utf-8")
        with pytest.raises(ArtifactError, match="1 files differ"):
            audit(made.artifacts[0].path)
    finally:
        source.write_text(before, encoding="utf-8")


def test_it_is_built_again_byte_for_byte(made: BuildReport) -> None:
    assert audit(made.artifacts[0].path, rebuild=True).rebuilt_files == 6


def test_a_microcontroller_takes_c_by_itself(model: Path, tmp_path: Path) -> None:
    made = build(asked(model, format=None, output=tmp_path, rows=2))
    assert (made.artifacts[0].path / "c" / "iris.h").is_file()


def test_no_other_format_is_converted_for_a_microcontroller(model: Path) -> None:
    met: list[str] = []

    class Met(Silence):
        def started(self, step: str) -> None:
            met.append(step)

    with pytest.raises(ConfigError, match="runs no bundle"):
        build(asked(model, format="onnx"), Met())
    with pytest.raises(ConfigError, match="runs no bundle"):
        build(asked(model, format=None, target=[EDGE, {"kind": "edge", "device": "linux-arm64"}]), Met())
    assert met == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": [{"kind": "aws_lambda"}]}, "C is for a device, and this build is for lambda"),
        ({"engine": "onnxruntime"}, "C runs without an engine"),
        ({"optimize": {"passes": [{"kind": "dynamic_int8"}]}}, "optimize measures candidates in an engine"),
        ({"target": [{"kind": "edge", "device": "cortex-m5"}]}, "there is no device 'cortex-m5'"),
        ({"target": [{"kind": "edge"}]}, "none is named"),
    ],
)
def test_what_c_cannot_be_built_with_is_refused_before_the_work(
    model: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        build(asked(model, **changes))


def test_what_c_lacks_is_said_with_a_way_that_there_is(tmp_path: Path) -> None:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 1, 8]) for name in ("x", "y")]
    weight = helper.make_tensor("w", TensorProto.FLOAT, [1, 1, 3], [1.0, 2.0, 1.0])
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1])
    save(model_of([node], ends[:1], ends[1:], [weight]), tmp_path / "conv.onnx")
    with pytest.raises(ConversionError, match="C has no operator Conv") as raised:
        build(asked(tmp_path / "conv.onnx"))
    assert raised.value.hint is not None and "linux-arm64" in raised.value.hint
    assert "--engine" not in raised.value.hint


def test_a_forest_that_is_too_large_for_the_part_leaves_nothing(tmp_path: Path) -> None:
    rows, classes = load_iris(return_X_y=True)
    forest = RandomForestClassifier(400, random_state=0).fit(rows, classes)
    joblib.dump(forest, tmp_path / "forest.joblib")
    part = tmp_path / "small.toml"
    part.write_text(
        'title = "A part of 8 KiB"\nkind = "microcontroller"\ncpu = "cortex-m3"\n'
        'flags = ["-mcpu=cortex-m3", "-mthumb"]\nflash_kib = 8\nram_kib = 4\n',
        encoding="utf-8",
    )
    if toolchain.find() is None:
        pytest.skip("no ARM compiler is on this machine")
    with pytest.raises(PackagerError, match="flash"):
        build(asked(tmp_path / "forest.joblib", target=[{"kind": "edge", "device": str(part)}]))
    assert not (tmp_path / "dist").exists()
