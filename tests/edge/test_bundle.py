"""A bundle that is not whole, or not for this machine, is refused before its model is opened."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge import Model, ModelError
from edge.bundle import Bundle
from edge.digests import PIECE_BYTES, find_wrong, pieces_of
from edge.machine import find_arch
from edge.selftest import selftest
from packager.targets.edge.digests import entry_of
from tests.edge.bundles import ARCH, change_manifest, seal
from tests.edge.conftest import ROWS

Copy = Callable[[Path], Path]
EMPTY = {"sha256": "", "size_bytes": 0, "blake2b": [""]}


def refusal(bundle: Path, **options: Any) -> str:
    with pytest.raises(ModelError) as raised:
        Model.open(bundle, **options)
    return raised.value.message


def flip(path: Path) -> None:
    """One bit of the file is another."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "name",
    ["model/model.onnx", "lib/libonnxruntime.so.1", "edge/model.py", "runtimes/core/rows.py"],
)
def test_a_changed_file_is_named(iris_onnx: Path, copy_of: Copy, name: str) -> None:
    bundle = copy_of(iris_onnx)
    flip(bundle / name)
    assert f"is not whole: {name} has changed" in refusal(bundle)


def test_what_runs_nothing_is_verified_by_the_self_test_alone(iris: Path, copy_of: Copy) -> None:
    bundle = copy_of(iris)
    flip(bundle / "edge" / "update" / "state.py")
    with Model.open(bundle) as model:
        assert model.predict(ROWS)["predictions"]
    with pytest.raises(ModelError, match=r"is not whole: edge/update/state\.py has changed"):
        selftest(str(bundle))


@pytest.mark.parametrize("processors", [1, 4])
def test_a_large_file_is_verified_in_pieces_to_its_end(
    tmp_path: Path, processors: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
    path, content = tmp_path / "large", bytes(range(256)) * (5 * PIECE_BYTES // 512)
    path.write_bytes(content)
    entry = entry_of(content)
    pieces = pieces_of("large", str(path), entry["size_bytes"], entry["blake2b"])
    assert (len(pieces), find_wrong(pieces)) == (3, None)
    for place in (0, PIECE_BYTES - 1, PIECE_BYTES, len(content) - 1):
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(changed)
        assert find_wrong(pieces) == "large has changed (its digest is another)"
    path.unlink()
    assert "large cannot be read" in str(find_wrong(pieces))
    assert pieces_of("large", str(path), len(content) + PIECE_BYTES, entry["blake2b"]) == []


def test_a_truncated_a_longer_and_a_missing_file_are_named(iris: Path, copy_of: Copy) -> None:
    bundle = copy_of(iris)
    model = bundle / "model" / "model.tiny"
    content = model.read_bytes()
    model.write_bytes(content[:-1])
    assert f"model/model.tiny has {len(content) - 1} bytes, not {len(content)}" in refusal(bundle)
    model.write_bytes(content + b"\0")
    assert f"model/model.tiny has {len(content) + 1} bytes, not {len(content)}" in refusal(bundle)
    model.unlink()
    assert "model/model.tiny is missing" in refusal(bundle)
    model.mkdir()
    assert "model/model.tiny is no file" in refusal(bundle)
    model.rmdir()
    os.mkfifo(model)
    assert "model/model.tiny is no file" in refusal(bundle)


def test_a_model_that_the_manifest_does_not_list_is_not_opened(iris: Path, copy_of: Copy) -> None:
    bundle = copy_of(iris)
    change_manifest(bundle, lambda manifest: manifest["files"].pop("model/model.tiny"))
    assert "does not list model/model.tiny, so it cannot be verified" in refusal(bundle)


def test_files_that_the_manifest_does_not_list_are_nobodys_business(iris: Path, copy_of: Copy) -> None:
    bundle = copy_of(iris)
    (bundle / "notes.txt").write_text("mine")
    with Model.open(bundle) as model:
        assert model.predict(ROWS)["predictions"]


def test_without_verification_only_the_model_itself_has_to_be_there(iris: Path, copy_of: Copy) -> None:
    bundle = copy_of(iris)
    (bundle / "edge" / "info.py").unlink()
    with Model.open(bundle, verify=False) as model:
        assert model.predict(ROWS)["predictions"]
    assert "edge/info.py is missing" in refusal(bundle)


@pytest.mark.parametrize("arch", [arch for arch in ("x86_64", "arm64", "armv7", "riscv64") if arch != ARCH])
@pytest.mark.parametrize("verify", [True, False])
def test_a_bundle_for_another_machine_is_refused(iris: Path, copy_of: Copy, arch: str, verify: bool) -> None:
    bundle = copy_of(iris)
    change_manifest(bundle, lambda manifest: manifest["device"].update(name="board", arch=arch))
    said = refusal(bundle, verify=verify)
    assert said.startswith(f"this bundle of iris is for board ({arch}), and this machine is {ARCH}: ")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda manifest: manifest.update(schema_version=2), "has schema_version 2; this runtime reads 1"),
        (lambda manifest: manifest.pop("files"), "is no edge bundle: its manifest has no 'files'"),
        (lambda manifest: manifest.update(files={}), "is no edge bundle: its manifest has no 'files'"),
        (lambda manifest: manifest.pop("device"), "is no edge bundle: its manifest has no 'device'"),
        (lambda manifest: manifest["files"].update(x=None), "lists x without its blake2b or size_bytes"),
        (lambda manifest: manifest["engine"].update(kind="other"), "names the engine 'other'"),
        (lambda manifest: manifest.pop("model"), "has no object 'model'"),
    ],
)  # fmt: skip
def test_a_manifest_that_does_not_fit_is_refused(
    iris: Path, copy_of: Copy, change: Callable[[Any], object], sentence: str
) -> None:
    bundle = copy_of(iris)
    change_manifest(bundle, change)
    assert sentence in refusal(bundle)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("../x", "not inside"),
        ("/etc/x", "not inside"),
        ("a\0", "cannot be read"),
        ("runtimes/../../x", "not inside"),
    ],
)
def test_the_self_test_reads_nothing_outside_of_the_bundle(
    iris: Path, copy_of: Copy, name: str, sentence: str
) -> None:
    bundle = copy_of(iris)
    change_manifest(bundle, lambda manifest: manifest["files"].update({name: EMPTY}))
    with pytest.raises(ModelError, match=sentence):
        selftest(str(bundle))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"schema_version": 1}', b"[" * 100_000])
def test_a_torn_manifest_is_refused(iris: Path, copy_of: Copy, content: bytes) -> None:
    bundle = copy_of(iris)
    (bundle / "manifest.json").write_bytes(content)
    assert refusal(bundle)


def test_a_folder_that_is_no_bundle_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere").startswith(f"no artifact in {tmp_path / 'nowhere'}: ")


def test_a_link_that_is_switched_while_a_bundle_is_opened_changes_nothing(
    iris: Path, mixed: Path, tmp_path: Path
) -> None:
    current = tmp_path / "current"
    current.symlink_to(iris)
    bundle = Bundle(str(current))
    current.unlink()
    current.symlink_to(mixed)
    bundle.verify()
    with Model(bundle) as model:
        assert model.info["path"] == str(iris)
        assert model.predict(ROWS)["model"]["name"] == "iris"


def test_a_large_file_among_small_ones_is_verified(iris: Path, copy_of: Copy) -> None:
    bundle = copy_of(iris)
    large = bundle / "runtimes" / "large.bin"
    with large.open("wb") as file:
        file.write(b"x")
        file.truncate(5 << 20)
    seal(bundle)
    Bundle(str(bundle)).verify()
    with large.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"y")
    assert "runtimes/large.bin has changed" in refusal(bundle)


def test_the_machine_is_what_this_python_was_built_for() -> None:
    assert find_arch() == ARCH


def test_sizes_are_those_of_the_files(iris_onnx: Path) -> None:
    sizes = Bundle(str(iris_onnx)).sizes()
    files = json.loads((iris_onnx / "manifest.json").read_text())["files"]
    assert sizes["engine_bytes"] == (iris_onnx / "lib" / "libonnxruntime.so.1").stat().st_size
    assert sizes["bundle_bytes"] == sum((iris_onnx / name).stat().st_size for name in files)
