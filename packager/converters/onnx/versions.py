"""Another opset where the engine asks for it: by ONNX's own converter, and proved on the file as it came."""

from typing import Any

from packager.converters.failure import ConversionError, WorkerError, translated
from packager.converters.onnx.graph import opset_of
from packager.converters.request import Request

# Since this one ONNX Runtime has all operators; of older ones it has some.
OLDEST = 7


def fitted(model: Any, request: Request) -> tuple[Any, str | None]:
    """The model in an opset that the runtime reads, and what was done.

    Where the converter cannot, the model as it is: the check of versions and the engine say why not.
    """
    have = opset_of(model)
    want = OLDEST if 0 < have < OLDEST else min(have, request.max_opset)
    if want == have:
        return model, None
    try:
        made = converted(model, have, want)
    except WorkerError:
        return model, None
    return made, f"{'raised' if want > have else 'lowered'} from opset {have} to {want}"


def converted(model: Any, have: int, want: int) -> Any:
    """By ONNX's converter; ConversionError where the model has what that does not know."""
    import onnx

    others = sorted({entry.domain for entry in model.opset_import} - {"", "ai.onnx"})
    if others or model.functions:
        raise ConversionError(
            f"The model has opset {have} and operators of {', '.join(others) or 'its own'}, "
            f"which cannot be brought to opset {want}"
        )
    hint = "export the model again with a newer exporter"
    with translated(ConversionError, f"The model has opset {have} and cannot be brought to {want}", hint):
        made = onnx.version_converter.convert_version(model, want)
    made.ir_version = max(model.ir_version, 3)
    return made
