"""A converted TFLite file against the source's own answers, by LiteRT's interpreter and by our engine."""

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from runtimes.core.predictor import Predictor
from tests.artifacts import make_root
from tests.converters.jobs import Done, array_of


def assert_answers_alike(done: Done, tolerance: float = 1e-5) -> None:
    assert done.result["ok"], done.result
    _assert_interpreted_alike(done, tolerance)
    _assert_served_alike(done, tolerance)


def _assert_interpreted_alike(done: Done, tolerance: float) -> None:
    interpreter = Interpreter(model_path=str(done.folder / "model.tflite"), num_threads=1)
    runner = interpreter.get_signature_runner()
    assert sorted(runner.get_input_details()) == sorted(one["name"] for one in done.signature["inputs"])
    assert done.cases
    for case in done.cases:
        made = runner(**{name: array_of(tensor) for name, tensor in case["inputs"].items()})
        assert sorted(made) == sorted(one["name"] for one in done.signature["outputs"])
        for name, tensor in case["outputs"].items():
            own = array_of(tensor)
            assert (made[name].shape, made[name].dtype) == (own.shape, own.dtype), name
            if own.dtype.kind == "f":
                np.testing.assert_allclose(made[name], own, rtol=tolerance, atol=tolerance, err_msg=name)
            else:
                assert made[name].tolist() == own.tolist(), name


def _assert_served_alike(done: Done, tolerance: float) -> None:
    written = (done.folder / "model.tflite").read_bytes()
    root = make_root(done.folder / "root", written, done.signature, file="model.tflite")
    with Predictor(str(root)) as predictor:
        for case in done.cases:
            answers = predictor.run({name: array_of(tensor) for name, tensor in case["inputs"].items()})
            for name, tensor in case["outputs"].items():
                own = array_of(tensor)
                made = np.frombuffer(answers[name].to_bytes(), own.dtype).reshape(own.shape)
                np.testing.assert_allclose(made, own, rtol=tolerance, atol=tolerance, err_msg=name)
