"""The SavedModel converter: the signature that is served, its names, and TensorFlow's own answers."""

from importlib.util import find_spec
from typing import Any

from packager.converters.failure import ConversionError, SourceError, translated
from packager.converters.request import Request
from packager.converters.source import About
from packager.converters.tensorflow.keras_model import input_specs
from packager.converters.tensorflow.source import TensorFlowSource, read_source

_SERVED = "serving_default"


def open_source(request: Request) -> TensorFlowSource:
    folder = request.source
    if find_spec("tensorflow") is None:
        raise ConversionError(
            f"{folder.name} needs TensorFlow, which is not in this environment", environment="tensorflow"
        )
    from packager.converters.tensorflow.saved_model_guard import read_saved_model

    graph, operators = read_saved_model(folder)
    key = _signature_key(folder.name, sorted(graph.signature_def))
    import tensorflow as tf

    with translated(SourceError, f"{folder.name} cannot be read by TensorFlow {tf.__version__}"):
        loaded = tf.saved_model.load(str(folder))
        function = loaded.signatures[key]
    given = function.structured_input_signature[1]
    names, outputs = sorted(given), sorted(function.structured_outputs)
    renamed = [f"{name}_out" if name in names else name for name in outputs]

    def call(tensors: list[Any]) -> list[Any]:
        answers = loaded.signatures[key](**dict(zip(names, tensors, strict=True)))
        return [answers[name] for name in outputs]

    specs = input_specs(names, [given[name] for name in names])
    written_by = graph.meta_info_def.tensorflow_version or None
    description = f"SavedModel({key}: {len(operators)} kinds of operators)"
    about = About("tensorflow", tf.__version__, written_by, description, operators)
    return read_source(call, specs, renamed, about, request)


def _signature_key(name: str, keys: list[str]) -> str:
    own = [key for key in keys if not key.startswith("__")]
    if _SERVED in own:
        return _SERVED
    if len(own) == 1:
        return own[0]
    has = f"the signatures {', '.join(own)}, and none is {_SERVED}" if own else "no signature"
    raise SourceError(
        f"{name} has {has}",
        hint=f"save it with the one to serve: tf.saved_model.save(m, path, signatures={{'{_SERVED}': f}})",
    )
