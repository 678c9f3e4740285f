"""Keras files that run something or reach outside themselves when they are opened as Keras does it."""

import base64
import io
import json
import marshal
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.converters.keras.models import row_model, saved

Trick = Callable[[Path, Path], Path]
"""Writes a file into the folder; the second path is what appears when something in it runs."""


def command(canary: Path) -> str:
    return f"(__import__('pathlib').Path({str(canary)!r}).touch(), x)[1]"


def lambda_layer(canary: Path) -> dict[str, Any]:
    """A Lambda layer as Keras 3 writes one: marshalled byte code."""
    function = eval(f"lambda x: {command(canary)}")
    assert isinstance(function, types.LambdaType)
    code = base64.b64encode(marshal.dumps(function.__code__)).decode("ascii")
    inner = {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}
    config = {"name": "sly", "function": inner, "arguments": {}}
    return {"module": "keras.layers", "class_name": "Lambda", "config": config, "registered_name": None}


def layer(where: str | None, name: str, **config: Any) -> dict[str, Any]:
    return {
        "module": where,
        "class_name": name,
        "config": {"name": "sly", **config},
        "registered_name": None,
    }


def keras_file(folder: Path, change: Callable[[dict[str, Any]], None] = lambda config: None) -> Path:
    """A real .keras file whose configuration was edited."""
    path = saved(row_model(), folder / "model.keras")

    def edit(name: str, data: bytes) -> bytes:
        if name != "config.json":
            return data
        config = json.loads(data)
        change(config)
        return json.dumps(config).encode()

    rewrite(path, edit)
    return path


def rewrite(path: Path, edit: Callable[[str, bytes], bytes]) -> None:
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in held.items():
            archive.writestr(name, edit(name, data))


def with_layer(folder: Path, *made: dict[str, Any]) -> Path:
    return keras_file(folder, lambda config: config["config"]["layers"].extend(made))


def hdf5_file(folder: Path, made: dict[str, Any] | None = None, **attributes: str) -> Path:
    """A real .h5 file of Keras 3, with one more layer in its configuration."""
    path = saved(row_model(), folder / "model.h5")
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        if made is not None:
            config["config"]["layers"].append(made)
        file.attrs["model_config"] = json.dumps(config)
        for name, text in attributes.items():
            file.attrs[name] = text
    return path


def lambda_in_keras(folder: Path, canary: Path) -> Path:
    return with_layer(folder, lambda_layer(canary))


def lambda_in_time_distributed(folder: Path, canary: Path) -> Path:
    steps = layer("keras.layers", "Reshape", target_shape=[3, 1])
    steps["config"]["name"] = "steps"
    return with_layer(folder, steps, layer("keras.layers", "TimeDistributed", layer=lambda_layer(canary)))


def lambda_in_inner_model(folder: Path, canary: Path) -> Path:
    inner = {"name": "inner", "layers": [lambda_layer(canary)]}
    made = {"module": "keras", "class_name": "Sequential", "config": inner, "registered_name": None}
    return with_layer(folder, made)


def lambda_in_hdf5(folder: Path, canary: Path) -> Path:
    return hdf5_file(folder, lambda_layer(canary))


def lambda_of_keras_2(folder: Path, canary: Path) -> Path:
    function = lambda_layer(canary)["config"]["function"]["config"]
    config = {"name": "sly", "function": [function["code"], None, None], "function_type": "lambda"}
    made = {"class_name": "Lambda", "config": config | {"module": "__main__", "arguments": {}}}
    return hdf5_file(folder, made, keras_version="2.15.0")


def torch_module(folder: Path, canary: Path) -> Path:
    """A whole torch module within the configuration: a pickle."""
    import torch

    from tests.converters.hostile_pickles import _Reduced as Reduced
    from tests.converters.hostile_pickles import code

    buffer = io.BytesIO()
    torch.save(Reduced(exec, code(canary)), buffer)
    text = base64.b64encode(buffer.getvalue()).decode("ascii")
    return with_layer(folder, layer("keras.layers", "TorchModuleWrapper", module=text))


RUNNING: dict[str, Trick] = {
    trick.__name__: trick
    for trick in (
        lambda_in_keras, lambda_in_time_distributed, lambda_in_inner_model, lambda_in_hdf5, torch_module
    )
}  # fmt: skip
"""Each runs something when Keras opens it without its safe mode."""

ASKING: dict[str, tuple[dict[str, Any], str]] = {
    "a command": (layer("os", "system", command="id"), "os.system"),
    "a download": (layer("keras.utils", "get_file", origin="http://localhost/x"), "keras.utils.get_file"),
    "another loader": (layer("keras.models", "load_model", filepath="/etc/x"), "keras.models.load_model"),
    "a saved model": (layer("keras.layers", "TFSMLayer", filepath="/tmp/x"), "keras.layers.TFSMLayer"),
    "a vocabulary file": (layer("keras.layers", "StringLookup", vocabulary="/etc/passwd"), "vocabulary="),
    "a text's vocabulary": (layer("keras.layers", "TextVectorization", vocabulary="/etc/x"), "vocabulary="),
    "a custom class": (
        layer("my.layers", "Gate") | {"registered_name": "my>Gate"},
        "my>Gate",
    ),
    "a renamed class": (layer("keras.layers", "Dense") | {"registered_name": "my>Dense"}, "my>Dense"),
    "a custom activation": (layer("keras.layers", "Dense", units=3, activation="swoosh"), "swoosh"),
    "a function elsewhere": (
        layer(
            "keras.layers", "Dense", units=3,
            activation={"module": "os", "class_name": "function", "config": "getcwd"},
        ),
        "os.getcwd",
    ),
    "a module's class": (layer("keras.src.saving.saving_lib", "H5IOStore", root_path="/etc"), "H5IOStore"),
    "a file written": (layer(None, "TFOpLambda", function="io.write_file"), "tf.io.write_file"),
    "an operator's text": (layer(None, "TensorFlowOpLayer", node_def="ReadFile"), "TensorFlowOpLayer"),
    "a hidden one": (
        layer("keras.layers", "Dense", units=3, kernel_initializer=layer("subprocess", "Popen", args="id")),
        "subprocess.Popen",
    ),
}  # fmt: skip
"""Layers that name what is not Keras's own, with the words that the refusal holds."""


def weights(folder: Path, change: Callable[[h5py.File], None]) -> Path:
    """A .keras file whose weights were edited."""
    path = saved(row_model(), folder / "model.keras")

    def edit(name: str, data: bytes) -> bytes:
        if name != "model.weights.h5":
            return data
        buffer = io.BytesIO(data)
        with h5py.File(buffer, "r+") as file:
            change(file)
        return buffer.getvalue()

    rewrite(path, edit)
    return path


def external_link(file: h5py.File, secret: Path) -> None:
    file["sly"] = h5py.ExternalLink(str(secret), "/numbers")


def soft_link(file: h5py.File, secret: Path) -> None:
    file["sly"] = h5py.SoftLink("/layers")


def external_values(file: h5py.File, secret: Path) -> None:
    file.create_dataset("sly", (8,), "u1", external=[(str(secret), 0, 8)])


def virtual_values(file: h5py.File, secret: Path) -> None:
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(secret), "numbers", (4,))
    file.create_virtual_dataset("sly", layout)


def references(file: h5py.File, secret: Path) -> None:
    file.create_dataset("sly", (1,), h5py.ref_dtype)[0] = file["/"].ref


REACHING = {
    trick.__name__: trick for trick in (external_link, soft_link, external_values, virtual_values, references)
}
"""Weights that stand elsewhere."""


def secret_file(folder: Path) -> Path:
    path = folder / "secret.h5"
    with h5py.File(path, "w") as file:
        file["numbers"] = np.arange(4, dtype=np.float32)
    return path


def bomb(file: h5py.File) -> None:
    """A terabyte of zeros in a few hundred bytes."""
    file.create_dataset("sly", (1 << 38,), "f4", chunks=(1 << 20,), compression="gzip")
