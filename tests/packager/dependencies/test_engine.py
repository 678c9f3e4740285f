"""Each of Lambda's runtimes gets the newest engine that its system can load."""

import platform as machine
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from packager import dependencies, preflight
from packager.dependencies.engine import engines
from packager.errors import DependencyError
from packager.layout import Arch, Platform
from packager.model import Format
from packager.targets.aws_lambda import quotas
from runtimes.core.predictor import Predictor
from runtimes.core.tensors import Tensor
from tests.artifacts import engine_library, make_root
from tests.runtimes.core import tflite_models

ARCHES: tuple[Arch, ...] = ("x86_64", "arm64")
RUNTIMES = sorted(quotas.runtimes())
HERE: Arch = "arm64" if machine.machine() == "aarch64" else "x86_64"


LICENCES = {
    "onnxruntime_c": ["lib/onnxruntime-LICENSE", "lib/onnxruntime-ThirdPartyNotices.txt"],
    "litert_c": ["lib/ai-edge-litert-LICENSE"],
}


@pytest.mark.parametrize(
    ("runtime", "version"),
    [("python3.11", "1.23.2"), ("python3.12", "1.31.1"), ("python3.13", "1.31.1"), ("python3.14", "1.31.1")],
)
def test_the_engine_fits_the_runtimes_glibc(runtime: str, version: str) -> None:
    platform = quotas.runtimes()[runtime].platform("x86_64")
    assert dependencies.choose_engine("onnxruntime_c", platform).version == version


@pytest.mark.parametrize(("format", "kind"), [("onnx", "onnxruntime_c"), ("tflite", "litert_c")])
def test_each_format_has_its_engine(format: Format, kind: str) -> None:
    assert dependencies.kind_for(format) == kind


def test_refuses_a_glibc_that_no_release_loads_on() -> None:
    with pytest.raises(DependencyError, match=r"no release of ONNX Runtime loads on glibc 2\.5 for x86_64"):
        dependencies.choose_engine("onnxruntime_c", Platform("x86_64", "3.11", "2.5", "3.4.8", ()))


def test_litert_for_arm64_needs_the_newer_system() -> None:
    runtimes = quotas.runtimes()
    assert dependencies.choose_engine("litert_c", runtimes["python3.12"].platform("arm64")).version == "2.3.0"
    with pytest.raises(DependencyError, match=r"LiteRT loads on glibc 2\.26 for arm64") as refused:
        dependencies.choose_engine("litert_c", runtimes["python3.11"].platform("arm64"))
    assert "choose a newer system (--runtime, --device)" in str(refused.value.hint)


def test_newer_releases_take_newer_models() -> None:
    found = [engine.takes for engine in engines() if engine.kind.format == "onnx"]
    assert len(found) == 3
    for name in ("max_opset", "max_ml_opset", "max_ir_version"):
        limits = [getattr(takes, name) for takes in found]
        assert limits == sorted(limits, reverse=True)


@pytest.mark.network
@pytest.mark.parametrize("runtime", ["python3.11", "python3.13"])
@pytest.mark.parametrize("arch", ARCHES)
@pytest.mark.parametrize("kind", LICENCES)
def test_the_library_loads_on_the_runtime(kind: str, runtime: str, arch: Arch, tmp_path: Path) -> None:
    target = quotas.runtimes()[runtime].platform(arch)
    if (kind, runtime, arch) == ("litert_c", "python3.11", "arm64"):
        return  # refused, as another test shows
    engine = dependencies.choose_engine(kind, target)
    files = dependencies.engine_files(engine, target)
    assert files.library is not None and files.dest is not None
    path = tmp_path / files.dest
    path.parent.mkdir()
    path.symlink_to(files.library)
    (library,) = preflight.check(tmp_path, target)
    assert (library.path, library.name) == (files.dest, Path(files.dest).name)
    assert [licence.dest for licence in files.licences] == LICENCES[kind]
    # What the table promises for every system that has this glibc, whatever the runtime's own is.
    oldest = Platform(arch, target.python, engine.glibc[arch], target.glibcxx, target.libraries)
    preflight.check(tmp_path, oldest)


@pytest.mark.network
def test_every_engine_answers_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """exp, log and pow are the functions that the older release is bound to anew."""
    target = quotas.runtimes()["python3.13"].platform(HERE)
    answers = {}
    for engine in (engine for engine in engines() if engine.kind.format == "onnx"):
        monkeypatch.setenv("ENGINE_LIBRARY", str(dependencies.engine_files(engine, target).library))
        answers[engine.version] = _answer(tmp_path / engine.version)
    assert len(answers) == 3
    expected = np.exp(_ROWS) + np.log(_ROWS) + np.power(_ROWS, np.float32(1.7))
    for found in answers.values():
        np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.network
def test_the_changed_library_for_tflite_answers_as_the_one_in_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = quotas.runtimes()["python3.13"].platform(HERE)
    files = dependencies.engine_files(dependencies.choose_engine("litert_c", target), target)
    model, signature = tflite_models.exponents()
    rows = Tensor("float32", (10, 4), _ROWS.tobytes())
    answers = []
    for number, library in enumerate((files.library, engine_library("tflite"))):
        monkeypatch.setenv("ENGINE_LIBRARY", str(library))
        root = make_root(tmp_path / str(number), model, signature, file="model.tflite")
        with Predictor(str(root)) as predictor:
            answers.append(predictor.run({"x": rows})["y"].to_bytes())
    assert answers[0] == answers[1]
    found = np.frombuffer(answers[0], np.float32).reshape(10, 4)
    np.testing.assert_allclose(found, np.exp(_ROWS) + np.log(_ROWS) + _ROWS**1.7, rtol=1e-5)


_ROWS = np.linspace(0.1, 3.0, 40, dtype=np.float32).reshape(10, 4)


def _answer(root: Path) -> NDArray[np.float32]:
    nodes = [
        helper.make_node("Exp", ["X"], ["e"]),
        helper.make_node("Log", ["X"], ["l"]),
        helper.make_node("Pow", ["X", "power"], ["p"]),
        helper.make_node("Sum", ["e", "l", "p"], ["Y"]),
    ]
    shape = ["batch", 4]
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, shape)],
        [helper.make_tensor("power", TensorProto.FLOAT, [], [1.7])],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    signature = {
        "inputs": [{"name": "X", "dtype": "float32", "shape": shape}],
        "outputs": [{"name": "Y", "dtype": "float32", "shape": shape, "role": "tensor"}],
        "class_labels": [], "features": [],
    }  # fmt: skip
    make_root(root, model.SerializeToString(), signature)
    with Predictor(str(root)) as predictor:
        found = predictor.run({"X": Tensor("float32", (10, 4), _ROWS.tobytes())})["Y"]
    return np.array(memoryview(found.data).cast("B")).view(np.float32).reshape(10, 4)  # type: ignore[arg-type]


@pytest.mark.network
@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("arch", ARCHES)
def test_every_wheel_of_the_lock_loads_on_the_runtime(runtime: str, arch: Arch, tmp_path: Path) -> None:
    target = quotas.runtimes()[runtime].platform(arch)
    for file in dependencies.install("aws_lambda", target, None):
        path = tmp_path / file.dest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.read())
    (library,) = preflight.check(tmp_path, target)
    assert library.path.startswith("pydantic_core/")


def test_locks_name_no_index_and_every_package_has_a_hash() -> None:
    for lock in Path(dependencies.__file__).parents[1].joinpath("data").glob("*.lock"):
        text = lock.read_text()
        assert "://" not in text, lock.name
        assert text.count("==") >= 1
        for requirement in text.replace("\\\n", " ").splitlines():
            assert "--hash=sha256:" in requirement, (lock.name, requirement[:60])
