"""TFLite files that nobody here wrote."""

from pathlib import Path
from typing import Any

from tests.matrix.case import Case, Files
from tests.published import (
    FACE_WITH_ATTENTION,
    HAND_LANDMARKS,
    IRIS_LANDMARKS,
    SELFIE_SEGMENTATION,
    SPARSE_FACE_DETECTION,
    WAKE_WORD,
    Published,
)


def _published(name: str, model: Published, **changes: Any) -> Case:
    def make(_: Path) -> Files:
        return Files(model.fetch())

    return Case("TFLite", name, make, format="tflite", origin=model.requirement, **changes)


CASES = [
    _published("hand landmarks, half precision", HAND_LANDMARKS),
    _published("selfie segmentation", SELFIE_SEGMENTATION),
    _published("iris landmarks", IRIS_LANDMARKS),
    _published("face detection, sparse weights", SPARSE_FACE_DETECTION),
    _published(
        "face landmarks with operators of their own", FACE_WITH_ATTENTION, refused=("ConversionError", "")
    ),
    _published("wake word, with a state", WAKE_WORD, refused=("ConversionError", "")),
]
