"""Keras files of hostile kinds: Keras runs them or follows them, the worker does neither."""

import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import pytest

from tests.converters import hostile_keras
from tests.converters.hostile_keras import ASKING, REACHING, RUNNING
from tests.converters.jobs import do
from tests.converters.keras.models import keras_on_torch, row_model, saved
from tests.converters.test_hostile_torch import attempt


def assert_refused(folder: Path, path: Path, *kinds: str) -> str:
    for action in ("inspect", "convert"):
        error = do(folder / action, path, action=action).error
        assert error["kind"] in (kinds or ("UnsafeModelError",)), error
        assert error["environment"] is None
    return error["message"]


@pytest.mark.parametrize("trick", sorted(RUNNING))
def test_what_keras_would_run(trick: str, tmp_path: Path) -> None:
    canary = tmp_path / "it_ran"
    path = RUNNING[trick](tmp_path, canary)
    message = assert_refused(tmp_path, path)
    assert "(layer sly)" in message
    assert not canary.exists()
    attempt(lambda: keras_on_torch().saving.load_model(path, safe_mode=False))
    assert canary.exists()


def test_a_lambda_of_keras_2(tmp_path: Path) -> None:
    path = hostile_keras.lambda_of_keras_2(tmp_path, tmp_path / "it_ran")
    assert "asks for Lambda" in assert_refused(tmp_path, path).replace("__main__.", "")


@pytest.mark.parametrize("form", ["keras", "h5"])
@pytest.mark.parametrize("name", sorted(ASKING))
def test_layers_that_are_not_keras_own(name: str, form: str, tmp_path: Path) -> None:
    made, words = ASKING[name]
    write = hostile_keras.with_layer if form == "keras" else hostile_keras.hdf5_file
    assert words in assert_refused(tmp_path, write(tmp_path, made))


@pytest.mark.parametrize("name", sorted(REACHING))
def test_weights_that_stand_elsewhere(name: str, tmp_path: Path) -> None:
    secret = hostile_keras.secret_file(tmp_path)
    path = hostile_keras.weights(tmp_path, lambda file: REACHING[name](file, secret))
    assert "sly" in assert_refused(tmp_path, path)


@pytest.mark.parametrize("name", ["external_link", "external_values", "virtual_values"])
def test_h5py_itself_follows_them(name: str, tmp_path: Path) -> None:
    """So that the refusals above are of what bites."""
    secret = hostile_keras.secret_file(tmp_path)
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        REACHING[name](file, secret)
    with h5py.File(tmp_path / "weights.h5", "r") as file:
        assert file["sly"][()].any()


def test_a_link_in_an_hdf5_model(tmp_path: Path) -> None:
    path = saved(row_model(), tmp_path / "model.h5")
    with h5py.File(path, "r+") as file:
        hostile_keras.external_link(file, hostile_keras.secret_file(tmp_path))
    assert "links are not followed" in assert_refused(tmp_path, path)


@pytest.mark.parametrize("form", ["keras", "h5"])
def test_a_terabyte_in_a_small_file(form: str, tmp_path: Path) -> None:
    if form == "keras":
        path = hostile_keras.weights(tmp_path, hostile_keras.bomb)
    else:
        path = saved(row_model(), tmp_path / "model.h5")
        with h5py.File(path, "r+") as file:
            hostile_keras.bomb(file)
    assert path.stat().st_size < 1 << 20
    assert "it is not opened" in assert_refused(tmp_path, path, "SourceError")


def added(path: Path, name: str, data: bytes = b"x", **options: Any) -> Path:
    with (
        zipfile.ZipFile(path, "a", **options) as archive,
        pytest.warns() if name == "config.json" else io.BytesIO(),
    ):
        archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/etc/evil", "assets/../../evil", "assets\\..\\evil", "run.py"]
)
def test_entries_that_are_no_part_of_a_model(name: str, tmp_path: Path) -> None:
    path = added(hostile_keras.keras_file(tmp_path), name)
    assert "no part of a Keras model" in assert_refused(tmp_path, path)


def test_a_configuration_that_stands_there_twice(tmp_path: Path) -> None:
    path = added(hostile_keras.keras_file(tmp_path), "config.json", b"{}")
    assert "holds config.json twice" in assert_refused(tmp_path, path)


def test_a_zip_that_unpacks_to_too_much(tmp_path: Path) -> None:
    path = hostile_keras.keras_file(tmp_path)
    added(path, "assets/zeros", bytes(128 << 20), compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 20
    assert "it is not opened" in assert_refused(tmp_path, path, "SourceError")


def test_a_configuration_of_endless_depth(tmp_path: Path) -> None:
    path = hostile_keras.keras_file(tmp_path)
    hostile_keras.rewrite(path, lambda name, data: b"[" * 100_000 if name == "config.json" else data)
    assert_refused(tmp_path, path, "SourceError")
    hostile_keras.rewrite(
        path, lambda name, data: b'{"config":' * 300 + b"{}" + b"}" * 300 if name == "config.json" else data
    )
    assert "levels" in assert_refused(tmp_path, path, "SourceError")


def _cut(data: bytes, random: random.Random) -> bytes:
    return data[: random.randrange(10, len(data))]


def _changed(data: bytes, random: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(20):
        made[random.randrange(8, len(made))] = random.randrange(256)
    return bytes(made)


@pytest.mark.parametrize("damage", [_cut, _changed])
@pytest.mark.parametrize("form", ["keras", "h5"])
def test_damaged_files_are_refused_or_read(
    form: str, damage: Callable[[bytes, random.Random], bytes], tmp_path: Path
) -> None:
    """Whatever the damage, there is an answer in a sentence; a byte within a weight changes nothing else."""
    data = saved(row_model(), tmp_path / f"model.{form}").read_bytes()
    path = tmp_path / f"damaged.{form}"
    chance = random.Random(7)
    for at in range(8):
        path.write_bytes(damage(data, chance))
        result = do(tmp_path / f"job{at}", path, action="inspect").result
        if not result["ok"]:
            assert result["error"]["kind"] in ("SourceError", "UnsafeModelError", "ConversionError")
            assert "Traceback" not in result["error"]["message"]


@pytest.mark.parametrize("form", ["keras", "h5"])
def test_the_unchanged_file_is_taken(form: str, tmp_path: Path) -> None:
    """So that the refusals above are of the change and not of the file."""
    path = hostile_keras.keras_file(tmp_path) if form == "keras" else hostile_keras.hdf5_file(tmp_path)
    done = do(tmp_path / "job", path, action="inspect")
    assert done.signature["inputs"] == [{"name": "rows", "dtype": "float32", "shape": ["batch", 4]}]


def test_weights_alone_are_named_so(tmp_path: Path) -> None:
    path = tmp_path / "model.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = [1.0, 2.0]
    assert "weights alone" in assert_refused(tmp_path, path, "SourceError")
