"""Walks a Keras model's configuration before Keras sees it: what it names must be on the list of names."""

from collections.abc import Iterator
from typing import Any

from packager.converters.failure import SourceError, UnsafeModelError
from packager.converters.keras import names

_DEEPEST = 200
_HINT = (
    "build it again with Keras's own layers, or export it where its code is (model.export) and build from "
    "that: neither code nor files are taken from a model"
)
_OF_TENSORFLOW = {"TFOpLambda", "SlicingOpLambda"}
# Arguments that Keras reads as the path of a file.
_PATHS = ("vocabulary", "idf_weights")


def check_config(config: Any, file: str) -> tuple[str, ...]:
    """The classes that the model asks for; raises at the first that is not Keras's own.

    The training configuration at the top is not looked at, since it is never used.
    """
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict | list):
        raise SourceError(f"{file} holds no configuration of a Keras model")
    found: dict[str, None] = {}
    _walk({key: held for key, held in config.items() if key != "compile_config"}, file, "", found, 0)
    return tuple(found)


def _walk(value: Any, file: str, layer: str, found: dict[str, None], depth: int) -> None:
    if depth > _DEEPEST:
        raise SourceError(f"{file} has a configuration of more than {_DEEPEST} levels")
    if isinstance(value, dict):
        if "class_name" in value:
            inner = value.get("config")
            named = inner.get("name") if isinstance(inner, dict) else None
            layer = str(named)[:60] if named else layer
            name = _admitted(value, file, layer)
            if name not in names.VALUES:
                found[name] = None
        _check_arguments(value, file, layer)
    for held in _held(value):
        _walk(held, file, layer, found, depth + 1)


def _held(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _admitted(value: dict[str, Any], file: str, layer: str) -> str:
    name, module = value["class_name"], value.get("module")
    registered = value.get("registered_name")
    if not isinstance(name, str) or not isinstance(module, str | None):
        raise SourceError(f"{file} names a class by {type(name).__name__}, not by text")
    if name in _OF_TENSORFLOW:
        return _tensorflow_function(value, name, file, layer)
    if name == "function":
        return _function(value, file, layer)
    if registered not in (None, name):
        raise _refusal(file, layer, str(registered), "a class of its author's")
    allowed = names.VALUES | (
        names.CLASSES if module is None else names.BY_MODULE.get(_public(module), frozenset())
    )
    if name not in allowed:
        kind = "code of its author's" if name in ("Lambda", "__lambda__") else "not of Keras's own layers"
        raise _refusal(file, layer, f"{module}.{name}" if module else name, kind)
    return name


def _public(module: str) -> str:
    """Where Keras 2 and early Keras 3 kept what keras.layers shows, such as keras.src.layers.core.dense."""
    module = module.replace("tf_keras.", "keras.", 1) if module.startswith("tf_keras.") else module
    parts = module.split(".")
    if parts[:2] == ["keras", "src"] and parts[2:3] != ["ops"]:
        parts = ["keras", *parts[2:]]
    if parts[:2] == ["keras", "backend"] and parts[3:4] == ["optimizers"]:
        return "keras.optimizers"
    if parts[:2] == ["keras", "engine"]:
        return "keras.layers"
    return module if parts[1:2] == ["src"] else ".".join(parts[:2])


def _function(value: dict[str, Any], file: str, layer: str) -> str:
    name, module = value.get("config"), value.get("module")
    registered = value.get("registered_name")
    own = name in names.ACTIVATIONS and registered in (None, name, "function")
    if not own or (module is not None and module not in names.FUNCTION_MODULES):
        raise _refusal(file, layer, f"{module}.{name}", "not a function of Keras's own")
    return str(name)


def _tensorflow_function(value: dict[str, Any], name: str, file: str, layer: str) -> str:
    inner = value.get("config")
    function = inner.get("function") if isinstance(inner, dict) else None
    if function not in names.TENSORFLOW_FUNCTIONS:
        raise _refusal(file, layer, f"tf.{function}", f"a {name} that is not on the list")
    return name


def _check_arguments(value: dict[str, Any], file: str, layer: str) -> None:
    for key, held in value.items():
        if key in _PATHS and isinstance(held, str):
            raise _refusal(file, layer, f"{key}={held[:80]!r}", "a file of the machine that loads it")
        if key.endswith("activation") and isinstance(held, str) and held not in names.ACTIVATIONS:
            raise _refusal(file, layer, held[:80], "not an activation of Keras's own")


def _refusal(file: str, layer: str, asked: str, kind: str) -> UnsafeModelError:
    where = f" (layer {layer})" if layer else ""
    return UnsafeModelError(f"{file} asks for {asked}{where}, which is {kind}: it was not opened", hint=_HINT)
