"""Files that mean harm or are broken, as `packager build` meets them: each maker writes one into a folder."""

import gzip
import io
import pickle
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from tests.converters import hostile_keras, hostile_pickles, hostile_torch
from tests.converters.test_hostile_skops import command
from tests.converters.test_hostile_skops import write as write_skops

Maker = Callable[[Path, Path], Path]
"""Writes a file into the folder; the second path appears when something in it runs."""


def _file(name: str, content: Callable[[Path], bytes]) -> Maker:
    def make(folder: Path, canary: Path) -> Path:
        path = folder / name
        path.write_bytes(content(canary))
        return path

    return make


def _skops(folder: Path, canary: Path) -> Path:
    write_skops(folder / "model.skops", command(canary))
    return folder / "model.skops"


def _object_array(canary: Path) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([hostile_pickles._Reduced(exec, hostile_pickles.code(canary))]), allow_pickle=True)
    return file.getvalue()


def _zip(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def _zip_of_many(_: Path) -> bytes:
    """A zip whose directory alone is large."""
    return _zip({f"archive/data/{at}": b"" for at in range(60_000)} | {"archive/data.pkl": b"\x80\x04N."})


def _overlapping(_: Path) -> bytes:
    """A zip whose directory names one entry many times: it unpacks to more than it seems to."""
    data = bytearray(_zip({"archive/data.pkl": bytes(8 << 20)}))
    start = data.rfind(b"PK\x01\x02")
    end = data.rfind(b"PK\x05\x06")
    entry = bytes(data[start:end])
    tail = bytearray(data[end:])
    count = 2000
    struct.pack_into("<HHI", tail, 8, count, count, len(entry) * count)
    return bytes(data[:start]) + entry * count + bytes(tail)


def _nested_json(_: Path) -> bytes:
    return b'{"learner": ' + b"[" * 2_000_000


def _protobuf(_: Path) -> bytes:
    """ONNX that claims a graph of four gigabytes."""
    return b"\x08\x08\x3a\xff\xff\xff\xff\x0f" + bytes(1000)


def _random(seed: int, head: bytes) -> Callable[[Path], bytes]:
    return lambda _: head + random.Random(seed).randbytes(4000)


def _half(make: Callable[[], bytes]) -> Callable[[Path], bytes]:
    def cut(_: Path) -> bytes:
        data = make()
        return data[: len(data) // 2]

    return cut


def _forest() -> bytes:
    from sklearn.ensemble import RandomForestClassifier

    return pickle.dumps(RandomForestClassifier(5, random_state=0).fit([[0.0], [1.0], [2.0]], [0, 1, 0]))


def _booster() -> bytes:
    import lightgbm

    data = lightgbm.Dataset(np.arange(400.0).reshape(200, 2), np.arange(200.0), params={"verbose": -1})
    text: str = lightgbm.train({"verbose": -1}, data, 5).model_to_string()
    return text.encode()


def _reaching(name: str) -> Maker:
    """Weights that stand in another file of the machine."""

    def make(folder: Path, _: Path) -> Path:
        secret = hostile_keras.secret_file(folder)
        return hostile_keras.weights(folder, lambda file: hostile_keras.REACHING[name](file, secret))

    return make


_HEADS = {
    "pickle": b"\x80\x04\x95",
    "zip": b"PK\x03\x04",
    "gzip": b"\x1f\x8b\x08\x00",
    "hdf5": b"\x89HDF\r\n\x1a\n",
    "tflite": b"\x1c\x00\x00\x00TFL3",
    "lightgbm": b"tree\nversion=v4\n",
    "xgboost": b'{"learner": {',
    "xgboost_binary": b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner",
    "onnx": b"\x08\x08\x12\x04test",
    "nothing": b"",
}
RANDOM: dict[str, Maker] = {
    f"random bytes after {name}": _file("model.bin", _random(at, head))
    for at, (name, head) in enumerate(_HEADS.items())
}
BOMBS: dict[str, Maker] = {
    "gzip bomb": _file("model.pkl.gz", lambda _: gzip.compress(b"\x80\x04" + bytes(600 << 20))),
    "zlib bomb": _file("model.pkl.z", lambda _: zlib.compress(b"\x80\x04" + bytes(600 << 20))),
    "skops bomb": _file("model.skops", lambda _: _zip({"schema.json": bytes(600 << 20)})),
    "keras bomb": _file(
        "model.keras",
        lambda _: _zip({"config.json": bytes(600 << 20), "model.weights.h5": b"\x89HDF\r\n\x1a\n"}),
    ),
    "torch bomb": _file("model.pt", lambda _: _zip({"archive/data.pkl": bytes(600 << 20)})),
    "zip of many entries": _file("model.pt", _zip_of_many),
    "zip of overlapping entries": _file("model.pt", _overlapping),
    "nested JSON": _file("model.json", _nested_json),
    "a graph of four gigabytes": _file("model.onnx", _protobuf),
}
TRUNCATED: dict[str, Maker] = {
    "half a pickle": _file("model.pkl", _half(_forest)),
    "half a LightGBM text": _file("model.txt", _half(_booster)),
    "half an exported program": _file("model.pt2", _half(hostile_torch.program)),
    "half a state_dict": _file("model.pt", _half(lambda: hostile_torch.saved({"weight": torch.ones(99)}))),
}
CODE: dict[str, Maker] = {
    **{f"pickle: {name}": _file("model.pkl", trick) for name, trick in hostile_pickles.TRICKS.items()},
    **{f"torch weights: {name}": _file("model.pt", trick) for name, trick in hostile_torch.WEIGHTS.items()},
    **{f"torch program: {name}": _file("model.pt2", trick) for name, trick in hostile_torch.PROGRAMS.items()},
    "torch script": _file("model.pt", hostile_torch.script_module),
    "numpy object array": _file("model.npy", _object_array),
    "skops": _skops,
}
KERAS: dict[str, Maker] = {
    **{f"keras: {name}": trick for name, trick in hostile_keras.RUNNING.items()},
    "keras: lambda_of_keras_2": hostile_keras.lambda_of_keras_2,
    **{f"keras: weights by {name}": _reaching(name) for name in hostile_keras.REACHING},
    "keras: a terabyte of weights": lambda folder, _: hostile_keras.weights(folder, hostile_keras.bomb),
}
FILES: dict[str, Maker] = CODE | KERAS | BOMBS | TRUNCATED | RANDOM
