"""The same bundle test on four processors: in Debian's root file systems, foreign ones under emulation.

What runs there has no network, may write nowhere but into its own folder, and is nobody.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import published
from tests.devices import roots
from tests.devices.bundles import (
    Tensors,
    ask,
    assert_equal,
    assert_nothing_foreign,
    made,
    on_device,
    released,
    unpack,
)  # fmt: skip
from tests.devices.roots import Arch
from tests.edge.devices import subjects
from tests.edge.devices.subjects import Subject, by_interpreter, by_onnxruntime, noise
from tests.packages import Published

DEVICES: dict[Arch, tuple[str, str]] = {
    "x86_64": ("linux-x86_64", "x86_64"),
    "arm64": ("raspberry-pi-4", "aarch64"),
    "armv7": ("raspberry-pi-3-32", "armv7l"),
    "riscv64": ("linux-riscv64", "riscv64"),
}
"""A profile of each processor, and what its kernel calls it."""

PUBLISHED: dict[str, tuple[str, Callable[[], Subject]]] = {
    "peptides": ("tiny", lambda: _onnx(published.MACREL_HEMO, {"input_features": noise(5, 22)})),
    "speech": ("onnxruntime_c", lambda: _onnx(published.SILERO_VAD, subjects.sound())),
    "MNIST": ("onnxruntime_c", lambda: _onnx(published.MNIST_CONV, {"Input3": noise(1, 1, 28, 28)})),
    "faces": ("onnxruntime_c", lambda: _onnx(published.MTCNN_ONET, {"input_3": noise(2, 48, 48, 3)})),
    "irises": ("litert_c", lambda: by_interpreter(published.IRIS_LANDMARKS.fetch())),
    "selfies": ("litert_c", lambda: by_interpreter(published.SELFIE_SEGMENTATION.fetch())),
    "hands": ("litert_c", lambda: by_interpreter(published.HAND_LANDMARKS.fetch())),
}
"""Models that nobody here wrote, by the engine that each runs by."""


@pytest.mark.parametrize("arch", DEVICES)
def test_a_forest_is_unpacked_checked_proved_asked_and_updated(arch: Arch, tmp_path: Path) -> None:
    root, (device, machine) = roots.ready(arch), DEVICES[arch]
    old, new = (_built_forest(tmp_path / name, device, trees) for name, trees in (("old", 10), ("new", 20)))
    work = tmp_path / "work"
    unpack(root, old[1], work)
    assert json.loads(on_device(root, work, "-m", "edge", "selftest", "--json").stdout)["ok"] is True
    answers = ask(root, work, old[0].questions)
    assert (answers.machine, answers.engine) == (machine, "tiny")
    assert_equal(old[1], answers, old[0].expected)
    assert_nothing_foreign(answers)

    releases = released((old[1], new[1]), tmp_path)
    update, trust = ("-m", "edge.update", "--home", "/room/home"), ("--trust", "/bundle/trust")
    done = on_device(root, work, *update, "init", *trust, "--number", "1", "/room/bundle", releases=releases)
    assert done.code == 0, done.stderr
    done = on_device(root, work, *update, "--from", "/bundle", "--health-s", "0", releases=releases)
    assert done.code == 0, done.stderr
    current = "/room/home/current"
    status = json.loads(on_device(root, work, *update, "status", "--json", place=current).stdout)
    assert (status["good"]["number"], status["current"]) == (2, "b")
    updated = ask(root, work, new[0].questions, place=current)
    assert_equal(new[1], updated, new[0].expected)
    with pytest.raises(AssertionError):  # the two can be told apart
        assert_equal(old[1], updated, old[0].expected)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_model_answers_on_arm64_as_its_own_library_does(name: str, tmp_path: Path) -> None:
    root, (engine, make) = roots.ready("arm64"), PUBLISHED[name]
    subject = make()
    artifact = made(subject.model, "raspberry-pi-4", tmp_path, *subject.options)
    unpack(root, artifact, tmp_path / "work")
    answers = ask(root, tmp_path / "work", subject.questions)
    assert (answers.machine, answers.engine) == ("aarch64", engine)
    assert_equal(artifact, answers, subject.expected)
    assert_nothing_foreign(answers)


def test_an_int8_net_answers_alike_on_three_arm_processors(tmp_path: Path) -> None:
    """Kernels go by what the processor has: the newest one has an instruction for products of 8 bits."""
    root, subject = roots.ready("arm64"), subjects.int8_net(tmp_path)
    artifact = made(subject.model, "raspberry-pi-4", tmp_path, *subject.options)
    unpack(root, artifact, tmp_path / "work")
    for cpu in ("cortex-a53", "cortex-a72", "neoverse-n1"):
        answers = ask(root, tmp_path / "work", subject.questions, cpu=cpu)
        assert answers.engine == "onnxruntime_c"
        assert_equal(artifact, answers, subject.expected)


def test_an_engine_of_another_processor_is_refused_by_a_sentence(tmp_path: Path) -> None:
    root, subject = roots.ready("arm64"), subjects.net(tmp_path)
    artifact = made(subject.model, "linux-x86_64", tmp_path, *subject.options)
    unpack(root, artifact, tmp_path / "work")
    done = on_device(root, tmp_path / "work", "-m", "edge", "selftest")
    assert done.code == 1
    assert "(x86_64), and this machine is arm64: build one for it with --device" in done.stderr
    assert "Traceback" not in done.stderr
    # The same bundle is whole: where it belongs, it answers.
    here = roots.ready("x86_64")
    answers = ask(here, tmp_path / "work", subject.questions)
    assert_equal(artifact, answers, subject.expected)
    assert_nothing_foreign(answers)


def test_a_bundle_for_64_bits_is_refused_on_32(tmp_path: Path) -> None:
    root, (_, artifact) = roots.ready("armv7"), _built_forest(tmp_path / "forest", "raspberry-pi-4", 3)
    unpack(root, artifact, tmp_path / "work")
    done = on_device(root, tmp_path / "work", "-m", "edge", "predict")
    assert done.code == 1
    assert "is for raspberry-pi-4 (arm64), and this machine is armv7" in done.stderr


def test_a_tampered_model_is_refused_by_its_digest(tmp_path: Path) -> None:
    root, (_, artifact) = roots.ready("arm64"), _built_forest(tmp_path / "forest", "raspberry-pi-4", 3)
    work = tmp_path / "work"
    unpack(root, artifact, work)
    model = work / "bundle" / "model" / "model.tiny"
    content = bytearray(model.read_bytes())
    content[-4] ^= 1  # of the last leaf's weight
    model.write_bytes(content)
    done = on_device(root, work, "-m", "edge", "selftest")
    assert done.code == 1
    assert "model/model.tiny has changed" in done.stderr
    # And it was the digest that refused it: the engine itself takes such a model.
    opened = "from edge import Model; print(Model.open(verify=False).predict([[0.0] * 64])['predictions'])"
    assert on_device(root, work, "-c", opened).code == 0


def _built_forest(folder: Path, device: str, trees: int) -> tuple[Subject, Path]:
    folder.mkdir()
    subject = subjects.forest(folder, trees)
    return subject, made(subject.model, device, folder, *subject.options, "--engine", "tiny")


def _onnx(model: Published, asked: Tensors) -> Subject:
    return by_onnxruntime(model.fetch(), (asked,))
