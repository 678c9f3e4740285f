"""Models for devices, each with what its source's own library answers to rows that no build has seen."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.devices.bundles import Tensors
from tests.main_job import nets


@dataclass(frozen=True, slots=True)
class Subject:
    """A model file, the options of its build, and questions with the source's answers."""

    model: Path
    options: tuple[str, ...]
    questions: tuple[Tensors, ...]
    expected: tuple[Tensors, ...]


def forest(folder: Path, trees: int) -> Subject:
    """Hand-written digits by scikit-learn: labels and probabilities of 540 rows."""
    import joblib
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier

    images, digits = load_digits(return_X_y=True)
    model = RandomForestClassifier(trees, max_depth=8, random_state=0).fit(images[540:], digits[540:])
    joblib.dump(model, folder / "digits.joblib")
    np.save(folder / "rows.npy", images[540:740])
    rows = images[:540].astype(np.float32)
    expected = {"label": model.predict(rows), "probabilities": model.predict_proba(rows)}
    options = ("--samples", str(folder / "rows.npy"), "--name", "digits")
    return Subject(folder / "digits.joblib", options, ({"X": rows},), (expected,))


def by_onnxruntime(model: Path, questions: tuple[Tensors, ...], *options: str) -> Subject:
    """An ONNX model, asked through onnxruntime's own package."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    expected = [
        {name: _as_array(answer) for name, answer in zip(names, session.run(names, asked), strict=True)}
        for asked in questions
    ]
    return Subject(model, options, questions, tuple(expected))


def _as_array(answer: Any) -> Any:
    """Older classifiers give a list of maps from label to score."""
    return np.array([list(row.values()) for row in answer]) if isinstance(answer, list) else answer


def by_interpreter(model: Path, *options: str) -> Subject:
    """A TFLite model, asked through LiteRT's own package: one input of noise."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(model), num_threads=1)
    interpreter.allocate_tensors()
    (given,) = interpreter.get_input_details()
    asked = noise(*given["shape"])
    interpreter.set_tensor(given["index"], asked)
    interpreter.invoke()
    answers = [interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()]
    names = [output["name"] for output in interpreter.get_output_details()]
    expected = dict(zip(names, answers, strict=True))
    return Subject(model, options, ({given["name"]: asked},), (expected,))


def noise(*shape: int) -> Any:
    """Numbers between 0 and 1, the same each time."""
    return np.random.default_rng(1).random(shape, dtype=np.float32)


def net(folder: Path) -> Subject:
    """Dense layers over digits, as ONNX."""
    made = nets.digits(folder)
    rows = np.load(made.samples)
    return by_onnxruntime(made.model, ({"image": rows},), "--samples", str(made.samples))


def int8_net(folder: Path) -> Subject:
    """The same with weights and values of 8 bits, by ONNX Runtime's own quantizer."""
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    made = nets.digits(folder)
    rows = np.load(made.samples)

    class Rows(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = [{"image": rows[:100]}]

        def get_next(self) -> Tensors | None:
            return self._left.pop() if self._left else None

    quantized = folder / "int8.onnx"
    quantize_static(made.model, quantized, Rows())
    return by_onnxruntime(quantized, ({"image": rows},), "--samples", str(made.samples))


def sound() -> Tensors:
    """A moment of noise for silero-vad, from silence."""
    heard = np.random.default_rng(0).normal(scale=0.1, size=(1, 576)).astype(np.float32)
    return {"input": heard, "state": np.zeros((2, 1, 128), np.float32), "sr": np.array(16000, np.int64)}
