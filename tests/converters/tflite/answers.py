"""A converted TFLite file against the source's own answers, by LiteRT's interpreter."""

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from tests.converters.jobs import Done, array_of


def assert_answers_alike(done: Done, tolerance: float = 1e-5) -> None:
    assert done.result["ok"], done.result
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
