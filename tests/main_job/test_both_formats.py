"""One network, published by its makers in both formats, in two Lambda artifacts with two engines."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from packager.invoke import emulator
from tests import published
from tests.main_job.commands import build, http_event, packager
from tests.runtimes.core import tflite_models

# What the makers' own conversions call the three answers.
NAMES = {
    "contour": "StatefulPartitionedCall:0",
    "note": "StatefulPartitionedCall:1",
    "onset": "StatefulPartitionedCall:2",
}


def answered(folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    with emulator.session(folder) as function:
        document = function.invoke(request).or_error().document
    assert isinstance(document, dict)
    return document


@pytest.mark.network
def test_the_same_network_in_both_formats_answers_alike(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).normal(scale=0.1, size=(1, 43844, 1)).astype(np.float32)
    np.save(tmp_path / "rows.npy", sound)
    outputs = {}
    for model, given, kind in (
        (published.BASIC_PITCH_ONNX, "serving_default_input_2:0", "onnxruntime_c"),
        (published.BASIC_PITCH_TFLITE, "input_2", "litert_c"),
    ):
        report = build(model.fetch(), "--name", kind, "--samples", str(tmp_path / "rows.npy"), cwd=tmp_path)
        assert kind in report["verification"]["engine"]
        (artifact,) = report["artifacts"]
        request = {"inputs": {given: sound.tolist()}}
        outputs[kind] = answered(tmp_path / artifact["path"], request)["outputs"]
    for name, other in NAMES.items():
        one, two = np.array(outputs["litert_c"][name]), np.array(outputs["onnxruntime_c"][other])
        np.testing.assert_allclose(one, two, atol=1e-4)
        assert np.ptp(one) > 0.05


@pytest.mark.network
def test_a_tflite_model_answers_in_every_way_that_a_function_is_asked(tmp_path: Path) -> None:
    model, _ = tflite_models.linear()
    (tmp_path / "linear.tflite").write_bytes(model)
    report = build(tmp_path / "linear.tflite", cwd=tmp_path)
    (artifact,) = report["artifacts"]
    folder = tmp_path / artifact["path"]
    assert report["verification"]["max_abs_error"] == 0
    with emulator.session(folder) as function:

        def ask(document: Any) -> Any:
            return function.invoke(document).or_error().document

        assert ask({"instances": [[1, 2], [0, 0]]})["predictions"] == [9, 1]
        assert ask({"instances": [[1]]})["status"] == 422
        proxied = ask(http_event({"instances": [[1, 1]]}))
        assert (proxied["statusCode"], '"predictions":[6.0]' in proxied["body"]) == (200, True)
        assert ask(http_event({"instances": [["x", 1]]}))["statusCode"] == 422
        info = ask({**http_event({}), "rawPath": "/info", "requestContext": _get("/info")})
        assert '"kind":"litert_c"' in info["body"].replace(" ", "")
    checked = packager("verify", folder, "--rebuild", cwd=tmp_path)
    assert checked.exit_code == 0, checked.stderr
    assert "byte for byte the same" in checked.stdout


def _get(path: str) -> dict[str, Any]:
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"}
    return {"http": http, "stage": "$default", "requestId": "test"}


@pytest.mark.network
@pytest.mark.parametrize("arguments", [("--arch", "arm64"), ("--runtime", "python3.11")])
def test_a_tflite_model_is_built_for_other_machines(tmp_path: Path, arguments: tuple[str, str]) -> None:
    (tmp_path / "linear.tflite").write_bytes(tflite_models.linear()[0])
    report = build(tmp_path / "linear.tflite", *arguments, cwd=tmp_path)
    assert report["verification"]["passed"]
    assert ("standing in for arm64" in report["verification"]["engine"]) == ("arm64" in arguments)


def test_a_system_that_no_engine_for_tflite_loads_on_is_refused(tmp_path: Path) -> None:
    (tmp_path / "linear.tflite").write_bytes(tflite_models.linear()[0])
    done = packager("build", "linear.tflite", "--arch", "arm64", "--runtime", "python3.11", cwd=tmp_path)
    assert done.exit_code == 10
    assert "LiteRT needs glibc 2.34 on arm64, and the target has 2.26" in done.stderr
    assert "take a newer --runtime" in done.stderr
    assert not (tmp_path / "dist").exists() or not any((tmp_path / "dist").rglob("*"))
