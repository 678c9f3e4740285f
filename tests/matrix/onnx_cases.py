"""ONNX files that nobody here wrote, and TFLite made of them."""

from pathlib import Path
from typing import Any

from tests.matrix.case import Case, Files
from tests.published import (
    CUSTOM_OPERATORS,
    MACREL_HEMO,
    MNIST_CONV,
    MTCNN_ONET,
    SILERO_VAD,
    SILERO_VAD_BOTH_RATES,
    TEXT_DIRECTION,
    Published,
)


def _published(name: str, model: Published, **changes: Any) -> Case:
    def make(_: Path) -> Files:
        return Files(model.fetch())

    return Case("ONNX", name, make, origin=model.requirement, **changes)


CASES = [
    _published("silero-vad, recurrent with a state", SILERO_VAD),
    _published("silero-vad of two rates, with branches", SILERO_VAD_BOTH_RATES),
    _published("MNIST convolutions", MNIST_CONV),
    _published("MTCNN's last stage, four outputs", MTCNN_ONET),
    _published("text direction, images of any size", TEXT_DIRECTION),
    _published("peptides, a forest with ZipMap", MACREL_HEMO),
    _published("MNIST convolutions", MNIST_CONV, format="tflite"),
    _published("custom operators", CUSTOM_OPERATORS, refused=("ConversionError", "operator")),
]
