"""Bundles for devices, as a user builds them: unpacked, installed, asked, verified, refused in a sentence."""

import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from packager import interpreters
from tests.devices.presence import NotHereError, need_programs, skip_or_fail
from tests.main_job.commands import build, packager
from tests.runtimes.core import tflite_models

X, Y = load_iris(return_X_y=True)
DEVICE = ("--target", "edge", "--device")
HERE = (*DEVICE, "linux-x86_64")
PYTHONS = [found for found in (interpreters.find("3.9"), interpreters.find("3.11")) if found]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three models: a forest and a line over iris, a classifier of texts."""
    folder = tmp_path_factory.mktemp("edge")
    forest = RandomForestClassifier(5, max_depth=4, random_state=0).fit(X, Y)
    (folder / "forest.pkl").write_bytes(pickle.dumps(forest))
    (folder / "line.pkl").write_bytes(pickle.dumps(LogisticRegression(max_iter=500).fit(X, Y)))
    texts = make_pipeline(TfidfVectorizer(), LogisticRegression())
    texts.fit(["good fine", "bad poor", "fine day", "poor thing"], ["yes", "no", "yes", "no"])
    (folder / "texts.pkl").write_bytes(pickle.dumps(texts))
    np.save(folder / "rows.npy", X[::3])
    return folder


@pytest.fixture(scope="module")
def forest(work: Path) -> Path:
    return work / made("forest.pkl", "--samples", "rows.npy", *HERE, work=work)["artifacts"][0]["path"]


@pytest.fixture(scope="module")
def line(work: Path) -> Path:
    return work / made("line.pkl", "--samples", "rows.npy", *HERE, work=work)["artifacts"][0]["path"]


def made(model: str, *arguments: str, work: Path) -> Any:
    return build(work / model, *arguments, cwd=work)


def run(*command: object, cwd: Path, given: str = "") -> str:
    """A command with an empty environment, as on a device."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env={}, input=given, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def unpacked(artifact: Path, dest: Path) -> Path:
    (archive,) = artifact.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(dest, filter="data")
    return dest


@pytest.mark.parametrize("python", PYTHONS, ids=lambda found: found.version)
def test_what_is_unpacked_proves_itself_and_answers(
    python: interpreters.Interpreter, forest: Path, tmp_path: Path
) -> None:
    place = unpacked(forest, tmp_path / "device")
    run("/usr/bin/sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS", cwd=place)
    found = json.loads(run(python.path, "-I", "-S", "-B", "edge", "selftest", "--json", cwd=place))
    assert found["ok"] and found["peak_memory_bytes"] < found["memory_budget_bytes"]
    said = run(python.path, "-S", "-B", "-m", "edge", "predict", cwd=place, given="[5.1, 3.5, 1.4, 0.2]\n")
    assert json.loads(said)["prediction"] == 0


def test_the_record_says_what_the_device_has_to_give(forest: Path) -> None:
    fit = json.loads((forest / "build.json").read_text())["fit"]
    assert fit["device"] == "linux-x86_64" and fit["flash_budget_bytes"] == 400 << 20
    assert 5 << 20 < fit["peak_memory_bytes"] < 100 << 20
    files = [path for path in (forest / "bundle").rglob("*") if path.is_file()]
    assert fit["unpacked_bytes"] == sum(path.stat().st_size for path in files)


def test_verify_proves_the_bundle_and_builds_the_same_bytes(forest: Path, work: Path) -> None:
    done = packager("verify", forest, "--rebuild", cwd=work)
    assert done.exit_code == 0, done.stderr
    assert "checksums of its own, and its self-test passes" in done.stderr
    assert "byte for byte the same" in done.stdout


def test_verify_finds_a_changed_file(forest: Path, work: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(forest, tmp_path / "copy")
    with (copy / "bundle/edge/model.py").open("a") as file:
        file.write("# mine\n")
    done = packager("verify", copy, cwd=work)
    assert done.exit_code == 12
    assert "bundle/edge/model.py: changed" in done.stderr


def test_invoke_answers_rows_and_says_by_what(forest: Path, work: Path) -> None:
    (work / "ask.jsonl").write_text("[5.1, 3.5, 1.4, 0.2]\n[1, 2]\n")
    done = packager("invoke", forest, "--input", "ask.jsonl", cwd=work)
    assert done.exit_code == 0, done.stderr
    right, wrong = map(json.loads, done.stdout.splitlines())
    assert right["prediction"] == 0 and "error" in wrong
    assert done.stderr.startswith("by tiny 1\n")
    document = packager("invoke", forest, "-o", "json", cwd=work).document()
    assert document["answers"][0]["predictions"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("invoke", "--with", "sam"), "--with and --image are for functions"),
        (("invoke", "--input", "a", "--event", "b"), "not both"),
        (("bench",), "is a bundle for a device, and this measures functions"),
        (("tune",), "is for a device, and this is about Lambda functions"),
        (
            ("explain-size", "--apply", "small.zip"),
            "whose manifest names every file: nothing is cut out of it",
        ),
    ],
)
def test_what_is_for_functions_says_so_of_a_bundle(
    arguments: tuple[str, ...], said: str, forest: Path, work: Path
) -> None:
    command, *options = arguments
    done = packager(command, forest, *options, cwd=work)
    assert done.exit_code in (2, 12)
    assert said in done.stderr


def test_its_size_and_its_report_are_told_in_the_devices_words(forest: Path, work: Path) -> None:
    sizes = packager("explain-size", forest, "-o", "json", cwd=work).document()
    assert sizes["room"][0]["limit"] == "a bundle on linux-x86_64 (flash_mb)"
    assert {"edge", "runtimes", "model/model.tiny"} <= {share["package"] for share in sizes["shares"]}
    done = packager("report", forest, "--output", "report.html", cwd=work)
    assert done.exit_code == 0, done.stderr
    assert "of memory for linux-x86_64" in done.stdout
    assert "packager bench" not in done.stderr and "packager tune" not in done.stderr


def test_a_function_and_a_bundle_come_of_one_build(work: Path) -> None:
    arguments = ("--target", "lambda", *DEVICE, "raspberry-pi-3-32", "--http", "none", "--name", "both")
    report = made("forest.pkl", *arguments, work=work)
    function, bundle = report["artifacts"]
    assert (function["target"], bundle["target"]) == ("lambda", "edge")
    assert (
        report["engine"]["engine"] == "tiny"
        and "no release of ONNX Runtime is published for armv7" in report["engine"]["why"]
    )
    assert function["fit"] is None and "not on the device's armv7" in bundle["fit"]["measured"]
    for artifact in (function, bundle):
        assert packager("verify", artifact["path"], cwd=work).exit_code == 0


def test_a_device_without_any_library_gets_pure_python(work: Path) -> None:
    report = made("texts.pkl", *DEVICE, "alpine-arm64", work=work)
    (artifact,) = report["artifacts"]
    assert report["engine"]["engine"] == "tiny"
    (work / "texts.jsonl").write_text('["fine day"]\n["a poor thing"]\n')
    done = packager("invoke", artifact["path"], "--input", "texts.jsonl", cwd=work)
    assert [json.loads(line)["prediction"] for line in done.stdout.splitlines()] == ["yes", "no"]
    assert next((work / artifact["path"]).glob("*.whl")).name.endswith("-py3-none-any.whl")


def convolution(path: Path) -> Path:
    """A net that pure Python does not run."""
    kernel = np.random.default_rng(0).normal(size=(4, 3, 3, 3)).astype(np.float32)
    weights = [helper.make_tensor("W", TensorProto.FLOAT, kernel.shape, kernel.ravel().tolist())]
    nodes = [
        helper.make_node("Conv", ["image", "W"], ["c"]),
        helper.make_node("GlobalAveragePool", ["c"], ["y"]),
    ]
    shapes = {"image": ["batch", 3, 8, 8], "y": ["batch", 4, 1, 1]}
    (image, y) = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items())
    graph = helper.make_graph(nodes, "net", [image], [y], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def test_a_net_for_a_device_without_any_library_is_refused_with_the_alternatives(work: Path) -> None:
    convolution(work / "net.onnx")
    done = packager("build", "net.onnx", *DEVICE, "beaglebone-black", "--name", "refused", cwd=work)
    assert done.exit_code == 10
    assert "no release of ONNX Runtime is published for armv7" in done.stderr
    assert "--format c" in done.stderr
    assert not (work / "dist/refused").exists()


@pytest.mark.network
def test_a_net_for_another_processor_is_proved_by_this_ones_library(work: Path) -> None:
    convolution(work / "net.onnx")
    report = made("net.onnx", *DEVICE, "raspberry-pi-4", work=work)
    (artifact,) = report["artifacts"]
    folder = work / artifact["path"]
    assert "standing in for arm64" in report["verification"]["engine"]
    assert (folder / "bundle/lib/libonnxruntime.so.1").read_bytes()[18:20] == b"\xb7\x00"
    (wheel,) = folder.glob("*.whl")
    assert wheel.name.endswith("-py3-none-manylinux_2_28_aarch64.whl")
    asked = packager("invoke", folder, cwd=work)
    assert asked.exit_code == 0 and "standing in for arm64" in asked.stderr
    assert packager("verify", folder, cwd=work).exit_code == 0


@pytest.mark.network
def test_a_tflite_model_is_a_bundle_too(work: Path, tmp_path: Path) -> None:
    model, _ = tflite_models.linear()
    (work / "linear.tflite").write_bytes(model)
    report = made("linear.tflite", *HERE, work=work)
    place = unpacked(work / report["artifacts"][0]["path"], tmp_path / "device")
    found = json.loads(run(sys.executable, "-I", "-B", "edge", "selftest", "--json", cwd=place))
    assert found["ok"] and found["largest_difference"] == 0


def test_over_the_budget_of_memory_nothing_is_written(work: Path) -> None:
    text = Path("edge/devices/linux-x86_64.toml").read_text().replace("memory_mb = 512", "memory_mb = 16")
    (work / "devices").mkdir(exist_ok=True)
    (work / "devices/tight.toml").write_text(text)
    convolution(work / "net.onnx")
    table = '[[target]]\nkind = "edge"\ndevice = "devices/tight.toml"\n'
    (work / "tight.toml").write_text(f'model = "net.onnx"\nname = "tight"\n{table}')
    done = packager("build", "--config", work / "tight.toml", cwd=work.parent)
    assert done.exit_code == 9, done.stderr
    assert "over the budget of 16.0 MiB of tight (memory_mb)" in done.stderr
    assert not list(work.parent.glob("**/tight/edge"))


def test_a_device_costs_nothing_to_run(work: Path) -> None:
    done = packager("optimize", "forest.pkl", "--samples", "rows.npy", *HERE, "--objective", "cost", cwd=work)
    assert done.exit_code == 3
    assert "a device is paid for already" in done.stderr


@pytest.fixture(scope="module", params=PYTHONS, ids=lambda found: found.version)
def device(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment of a device's Python, as `python -m venv` makes it."""
    place = tmp_path_factory.mktemp("device") / "env"
    run(request.param.path, "-m", "venv", place, cwd=place.parent)
    return place


def pip(device: Path, *arguments: object) -> str:
    options = ("--disable-pip-version-check", "--no-input", "--no-cache-dir")
    return run(device / "bin/python", "-m", "pip", *arguments, *options, cwd=device)


def python(device: Path, code: str) -> str:
    return run(device / "bin/python", "-c", code, cwd=device).strip()


def test_wheels_of_two_models_work_beside_each_other_and_alone(
    device: Path, forest: Path, line: Path
) -> None:
    site = Path(python(device, "import sysconfig; print(sysconfig.get_path('purelib'))"))
    before = sorted(path.name for path in site.iterdir())
    wheels = [next(artifact.glob("*.whl")) for artifact in (forest, line)]
    pip(device, "install", "--quiet", "--no-index", *wheels)
    assert "No broken requirements" in pip(device, "check")
    both = """
import forest, line
with forest.Model.open() as one, line.Model.open() as two:
    print([type(m).__module__ for m in (one, two)], one.predict([5.1, 3.5, 1.4, 0.2])["model"]["name"],
          two.predict([5.1, 3.5, 1.4, 0.2])["model"]["name"])
"""
    assert python(device, both) == "['forest', 'line'] forest line"
    assert (
        json.loads(run(device / "bin/python", "-m", "line", "selftest", "--json", cwd=device))["name"]
        == "line"
    )
    pip(device, "uninstall", "--quiet", "--yes", "forest")
    assert (
        python(device, "import line; print(line.Model.open().predict([5.1, 3.5, 1.4, 0.2])['predictions'])")
        == "[0]"
    )
    pip(device, "uninstall", "--quiet", "--yes", "line")
    assert sorted(path.name for path in site.iterdir() if path.name != "__pycache__") == before


def test_wheels_of_other_code_refuse_one_process(forest: Path, line: Path, tmp_path: Path) -> None:
    for artifact in (forest, line):
        zipfile.ZipFile(next(artifact.glob("*.whl"))).extractall(tmp_path)
    manifest = tmp_path / "line/bundle/manifest.json"
    document = json.loads(manifest.read_text())
    document["files"]["edge/model.py"]["sha256"] = "0" * 64
    manifest.write_text(json.dumps({**document, "packager_version": "9.9"}))
    foreign = "import sys, types; sys.modules['edge'] = types.ModuleType('edge')"
    for first, then, said in (
        (
            "import forest",
            "line",
            "line was built by packager 9.9, and the model forest, which is loaded already",
        ),
        (foreign, "forest", "forest brings a package 'edge', and another one of that name is loaded already"),
    ):
        code = f"{first}\ntry: import {then}\nexcept ImportError as error: print(error)"
        assert said in run(sys.executable, "-B", "-c", code, cwd=tmp_path)


@pytest.fixture
def served(forest: Path, tmp_path: Path) -> Iterator[Path]:
    """The bundle behind a socket, started by systemd's own program as the unit says it."""
    try:
        need_programs("systemd-socket-activate", package="systemd")
    except NotHereError as error:
        skip_or_fail(error)
    (unit,) = (forest / "bundle/systemd").glob("*@.service")
    start = next(row for row in unit.read_text().splitlines() if row.startswith("ExecStart="))
    words = [sys.executable, *start.split()[1:]]
    place = tmp_path / "forest.sock"
    command = ["systemd-socket-activate", "--listen", str(place), "--accept", "--inetd", *words]
    server = subprocess.Popen(command, cwd=forest / "bundle", env={"PATH": os.environ["PATH"]})
    deadline = time.monotonic() + 30
    while not place.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    yield place
    server.terminate()
    server.wait()


def test_each_connection_of_the_socket_is_answered_row_by_row(served: Path) -> None:
    for _ in range(2):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(60)
            client.connect(str(served))
            answers = client.makefile("r")
            for row, label in (("[5.1, 3.5, 1.4, 0.2]", 0), ("[6.3, 3.3, 6.0, 2.5]", 2)):
                client.sendall(f"{row}\n".encode())
                assert json.loads(answers.readline())["prediction"] == label
