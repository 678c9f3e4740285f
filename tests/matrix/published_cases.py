"""Models that nobody here wrote, out of published packages; and files of older versions."""

from pathlib import Path
from typing import Any

import numpy as np

from tests import published
from tests.converters.torch import test_published as modules
from tests.main_job.test_matched_environment import written_by
from tests.matrix.case import Case, Files
from tests.packages import Published

ONNX = {
    "silero-vad, recurrent with a state": published.SILERO_VAD,
    "silero-vad of two rates, with branches": published.SILERO_VAD_BOTH_RATES,
    "text direction, images of any size": published.TEXT_DIRECTION,
    "text detection": published.TEXT_DETECTION,
    "text recognition, recurrent": published.TEXT_RECOGNITION,
    "MTCNN's first stage, any size": published.MTCNN_PNET,
    "MTCNN's last stage, four outputs": published.MTCNN_ONET,
    "face detection in batches of ten": published.CENTERFACE,
    "end of speech, quantized": published.SMART_TURN,
    "peptides, a forest with ZipMap": published.MACREL_HEMO,
    "notes of music": published.BASIC_PITCH_ONNX,
    "MNIST convolutions": published.MNIST_CONV,
}
TFLITE = {
    "hand landmarks, half precision": published.HAND_LANDMARKS,
    "selfie segmentation": published.SELFIE_SEGMENTATION,
    "iris landmarks": published.IRIS_LANDMARKS,
    "face detection, sparse weights": published.SPARSE_FACE_DETECTION,
    "notes of music": published.BASIC_PITCH_TFLITE,
}
LIGHTGBM = {
    "taxi fares": published.LEAVES_TAXI,
    "flights, categories": published.LEAVES_AIRLINE,
    "insurance, 1000 trees": published.LEAVES_INSURANCE,
    "three classes": published.LEAVES_MULTICLASS,
    "categories alone": published.LEAVES_CATEGORICAL,
    "walking": published.WALKING,
    "ranker of strings (.pkl)": published.STRING_RANKER,
}
KERAS = {
    "speech or music (Keras 2, .hdf5)": published.SPEECH_OR_MUSIC,
    "sleep stages (.keras)": published.SLEEP_STAGES,
    "retention times, four inputs (.keras)": published.DEEPLC,
}
REFUSED = {
    "ONNX": {"operators of its own": (published.CUSTOM_OPERATORS, "does not have")},
    "TFLite": {
        "operators of its own": (published.FACE_WITH_ATTENTION, "TransformLandmarks"),
        "a state between calls": (published.WAKE_WORD, "ASSIGN_VARIABLE"),
    },
}


def _as_it_is(framework: str, name: str, model: Published, **changes: Any) -> Case:
    def make(_: Path) -> Files:
        return Files(model.fetch())

    return Case(framework, name, make, origin=model.requirement, **changes)


def _weights(name: str) -> Case:
    model, sizes, _ = modules.MODELS[name]

    def make(folder: Path) -> Files:
        (folder / f"{name.lower()}_net.py").write_text(modules.FACTORIES, encoding="utf-8")
        np.save(folder / "rows.npy", np.random.default_rng(0).normal(size=sizes).astype(np.float32))
        # The factory's module is looked for beside the model file.
        path = folder / "weights.pt"
        path.write_bytes(model.fetch().read_bytes())
        return Files(path, {"torch_model": f"{name.lower()}_net:{name}", "samples": folder / "rows.npy"})

    return Case("PyTorch", f"{name} (state_dict)", make, origin=model.requirement)


def _old(version: str, kind: str) -> Case:
    """A pickle that only the version that wrote it can read."""

    def make(folder: Path) -> Files:
        written_by(version, folder / "old.pkl", kind)
        return Files(folder / "old.pkl")

    return Case("scikit-learn", f"{kind} boosting of version {version} (.pkl)", make)


def _all(framework: str, models: dict[str, Published], format: Any = "onnx") -> list[Case]:
    return [_as_it_is(framework, name, model, format=format) for name, model in models.items()]


def _refused(framework: str, format: Any) -> list[Case]:
    return [
        _as_it_is(framework, name, model, format=format, refused=("ConversionError", word))
        for name, (model, word) in REFUSED[framework].items()
    ]


CASES = [
    _old("1.7.2", "histogram"),
    *_all("LightGBM", LIGHTGBM),
    *(_weights(name) for name in modules.MODELS),
    *_all("Keras", KERAS),
    *_all("ONNX", ONNX),
    _as_it_is("ONNX", "MNIST convolutions", published.MNIST_CONV, format="tflite", environment="onnx2tf"),
    *_all("TFLite", TFLITE, "tflite"),
    *_refused("ONNX", "onnx"),
    *_refused("TFLite", "tflite"),
]
