"""A Keras file as it is, checked from end to end before Keras opens it: zip, configuration, weights."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from packager.converters.archive import entries, read_entry
from packager.converters.contents import describe
from packager.converters.detection import Form
from packager.converters.failure import SourceError, UnsafeModelError, translated
from packager.converters.keras.config_guard import check_config
from packager.converters.keras.hdf5_guard import check_hdf5
from packager.converters.keras.names import LAYERS, MODELS

_LARGEST_CONFIG = 64 << 20
_ENTRIES = frozenset({"config.json", "metadata.json", "model.weights.h5"})
_ASSETS = "assets/"


@dataclass(frozen=True, slots=True)
class KerasFile:
    """``loads``: the classes that the configuration names."""

    path: Path
    form: Form
    version: str | None
    config: dict[str, Any]
    loads: tuple[str, ...]

    @property
    def major(self) -> int:
        """Files without a version were written by Keras 2 or older."""
        return int(self.version.partition(".")[0]) if self.version else 2

    @property
    def description(self) -> str:
        kind = self.config.get("class_name", "Model")
        layers = [name for name in self.loads if name in LAYERS - MODELS - {"InputLayer"}]
        more = ", …" if len(layers) > 6 else ""
        return f"{kind}({', '.join(layers[:6])}{more})"


def read_file(path: Path, form: Form) -> KerasFile:
    if form == "keras_zip":
        config, version = _zip_config(path), describe(path).versions.get("keras")
    else:
        config, version = _hdf5_config(path)
    return KerasFile(path, form, version, config, check_config(config, path.name))


def _zip_config(path: Path) -> dict[str, Any]:
    sizes = entries(path)
    _check_names(path, sizes)
    for name in ("config.json", "metadata.json"):
        if sizes.get(name, 0) > _LARGEST_CONFIG:
            raise SourceError(f"{path.name} has a {name} of {sizes[name]:,} bytes: it is not opened")
    config = _json(path, read_entry(path, "config.json"))
    weights = read_entry(path, "model.weights.h5")
    check_hdf5(io.BytesIO(weights), len(weights), path.name)
    return config


def _check_names(path: Path, sizes: dict[str, int]) -> None:
    with zipfile.ZipFile(path) as archive:
        listed = archive.namelist()
    doubled = next((name for name in listed if listed.count(name) > 1), None)
    if doubled is not None:
        raise UnsafeModelError(f"{path.name} holds {doubled} twice: it was not opened")
    for name in sizes:
        parts = PurePosixPath(name).parts
        inside = name.startswith(_ASSETS) and ".." not in parts and "\\" not in name
        if name not in _ENTRIES and not inside:
            raise UnsafeModelError(f"{path.name} holds {name!r}, which is no part of a Keras model")


def _hdf5_config(path: Path) -> tuple[dict[str, Any], str | None]:
    import h5py

    check_hdf5(path, path.stat().st_size, path.name)
    with h5py.File(path, "r") as file:
        text, version = file.attrs.get("model_config"), file.attrs.get("keras_version")
        if text is None:
            raise SourceError(
                f"{path.name} holds weights alone, and not the model that they belong to",
                hint="save the whole model: model.save('model.keras')",
            )
    return _json(path, _bytes(text)), _bytes(version).decode() if version is not None else None


def _bytes(text: Any) -> bytes:
    """An attribute's text, in either of the two ways in which HDF5 keeps one."""
    return text.encode() if isinstance(text, str) else bytes(text)


def _json(path: Path, text: bytes) -> dict[str, Any]:
    if len(text) > _LARGEST_CONFIG:
        raise SourceError(f"{path.name} has a configuration of {len(text):,} bytes: it is not opened")
    try:
        with translated(SourceError, f"{path.name} has a damaged configuration"):
            config = json.loads(text)
    except RecursionError as error:
        raise SourceError(f"{path.name} has a configuration nested too deep") from error
    if not isinstance(config, dict):
        raise SourceError(f"{path.name} holds no configuration of a Keras model")
    return config
