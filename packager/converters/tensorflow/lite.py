"""TFLite of what TensorFlow runs, by its own converter: built-in operators, sizes free where they can be."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from packager.converters.failure import ConversionError, WorkerError, translated
from packager.converters.files import write_bytes
from packager.converters.signature import BATCH, Signature, TensorSpec
from packager.converters.tensorflow.graph import function_of, input_specs
from packager.converters.tensorflow.quantizing import Quantizing
from packager.converters.tflite.sizes import fit_batch

_HINT = "replace the operation that it names, or build the model as ONNX: --format onnx"


def write_tflite(
    call: Any, signature: Signature, dest: Path, quantizing: Quantizing | None = None
) -> tuple[Signature, str]:
    """The signature that the file has, and the converter's name; recurrences take batches of one alone."""
    import tensorflow as tf

    single = _of_one_row(signature)
    failure: WorkerError | None = None
    for asked in (signature, single):
        try:
            with translated(
                ConversionError, "TensorFlow's converter cannot write this model as TFLite", _HINT
            ):
                data = _converted(call, asked, dest.parent / "exported", quantizing)
                _check_names(data, asked)
                data = fit_batch(data, free=asked is signature)
        except WorkerError as error:
            failure = error
        else:
            write_bytes(dest, data)
            return asked, f"tf.lite.TFLiteConverter of tensorflow {tf.__version__}"
    assert failure is not None  # noqa: S101 - both failed, so there is a first failure
    raise failure


def _of_one_row(signature: Signature) -> Signature:
    def single(specs: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
        return tuple(
            replace(spec, shape=tuple(1 if dim == BATCH else dim for dim in spec.shape)) for spec in specs
        )

    return replace(signature, inputs=single(signature.inputs), outputs=single(signature.outputs))


def _converted(call: Any, signature: Signature, folder: Path, quantizing: Quantizing | None) -> bytes:
    """By way of a SavedModel, whose signature gives the file the names."""
    import tensorflow as tf
    from tensorflow.lite.python.convert_phase import ConverterError
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    asked = input_specs(signature, [spec.name for spec in signature.inputs])
    # Weights become constants first: the converter forgets those that a loop reads.
    frozen = convert_variables_to_constants_v2(
        function_of(call, asked).get_concrete_function(), lower_control_flow=False
    )
    names = [spec.name for spec in signature.outputs]

    @tf.function(input_signature=asked)  # type: ignore[untyped-decorator, unused-ignore]
    def serve(*given: Any) -> dict[str, Any]:
        return dict(zip(names, frozen(*given), strict=True))

    try:
        concrete = serve.get_concrete_function()
        tf.saved_model.save(tf.Module(), str(folder), signatures={"serving_default": concrete})
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
        if quantizing is not None:
            quantizing.tell(converter)
        made: bytes = converter.convert()
        return made
    except ConverterError as error:
        odd = sorted(set(re.findall(r"'tf\.(\w+)' op", str(error))))
        if not odd:
            raise
        raise ConversionError(
            f"TFLite has no operator for {', '.join(odd[:5])} of TensorFlow", hint=_HINT
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check_names(data: bytes, signature: Signature) -> None:
    import tensorflow as tf

    found = tf.lite.Interpreter(model_content=data).get_signature_list()["serving_default"]
    for which, specs in (("inputs", signature.inputs), ("outputs", signature.outputs)):
        wanted = sorted(spec.name for spec in specs)
        if sorted(found[which]) != wanted:
            raise ConversionError(
                f"The TFLite file has the {which} {sorted(found[which])} in place of {wanted}"
            )
