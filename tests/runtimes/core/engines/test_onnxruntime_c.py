"""The C engine answers bit for bit as ONNX Runtime's own package, in every dtype, and refuses clearly."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from runtimes.core.engines._ort_api import load
from runtimes.core.engines.onnxruntime_c import OnnxRuntime
from runtimes.core.errors import ModelError
from runtimes.core.manifest import read_manifest
from runtimes.core.tensors import DTYPES, Tensor, from_buffer
from tests.artifacts import engine_library, make_root
from tests.runtimes.core import models
from tests.runtimes.core.models import Model

NUMBERS = [dtype for dtype in DTYPES if dtype != "string"]


def opened(tmp_path: Path, model: Model, **engine: object) -> OnnxRuntime:
    root = make_root(tmp_path / f"root{len(list(tmp_path.iterdir()))}", *model)
    manifest = read_manifest(str(root))
    manifest.engine.options.update(engine)
    return OnnxRuntime.open(manifest)


def package_session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def array_of(tensor: Tensor) -> np.ndarray:
    if tensor.dtype == "string":
        return np.array(tensor.data, dtype=object).reshape(tensor.shape)
    return np.frombuffer(tensor.to_bytes(), tensor.dtype).reshape(tensor.shape)


def assert_same_as_package(engine: OnnxRuntime, model: bytes, arrays: dict[str, np.ndarray]) -> None:
    expected = package_session(model).run(None, arrays)
    tensors = [
        Tensor("string", array.shape, list(array.ravel())) if array.dtype == object else from_buffer(array)
        for array in arrays.values()
    ]
    for _ in range(3):  # the first run learns the shapes, the later ones are prepared
        answers = engine.run(tensors)
        assert len(answers) == len(expected)
        for answer, array in zip(answers, expected, strict=True):
            assert answer.shape == array.shape
            if answer.dtype == "string":
                assert answer.data == list(array.ravel())
            else:
                assert answer.dtype == array.dtype.name
                assert answer.to_bytes() == array.tobytes()


@pytest.mark.parametrize("dtype", NUMBERS)
def test_every_number_dtype_goes_in_and_out_unchanged(tmp_path: Path, dtype: str) -> None:
    model = models.same(dtype)
    values = np.array([[0, 1, 100], [1, 0, 7], [3, 2, 1]]).astype(dtype)
    with opened(tmp_path, model) as engine:
        assert_same_as_package(engine, model[0], {"x": values})
        assert_same_as_package(engine, model[0], {"x": values[:1]})


def test_strings_go_in_and_out_unchanged(tmp_path: Path) -> None:
    texts = [["", "plain", "Köln"], ["東京 \N{PILE OF POO}", "x" * 100_000, " \t\n"]]
    model = models.same("string")
    with opened(tmp_path, model) as engine:
        assert_same_as_package(engine, model[0], {"x": np.array(texts, dtype=object)})


def test_a_nul_inside_a_text_is_kept(tmp_path: Path) -> None:
    with opened(tmp_path, models.same("string")) as engine:
        for texts in (["a\0b", "\0", "plain"], ["a", "b", "c\0"], ["\0\0", "", "a\0b"], ["a", "b", "c"]):
            (answer,) = engine.run([Tensor("string", (1, 3), texts)])
            assert answer.data == texts


def test_several_inputs_and_outputs_keep_their_order(tmp_path: Path) -> None:
    model = models.switch()
    rng = np.random.default_rng(1)
    arrays = {"flag": rng.random((5, 2)) > 0.5, "a": rng.random((5, 2)), "b": rng.random((5, 2))}
    with opened(tmp_path, model) as engine:
        assert_same_as_package(engine, model[0], arrays)


def test_a_convolution_equals_the_package(tmp_path: Path) -> None:
    model = models.image()
    with opened(tmp_path, model) as engine:
        for batch in (1, 7, 1, 64):
            pixels = np.random.default_rng(batch).random((batch, 2, 4, 4), dtype=np.float32)
            assert_same_as_package(engine, model[0], {"pixels": pixels})


def test_a_pipeline_with_text_equals_the_package(tmp_path: Path) -> None:
    model = models.mixed()
    arrays = {
        "city": np.array([["Köln"], ["東京"], ["nowhere"]], dtype=object),
        "age": np.array([[30.5], [np.nan], [80]], np.float32),
        "rooms": np.array([[1], [5], [3]], np.int64),
    }
    with opened(tmp_path, model) as engine:
        assert_same_as_package(engine, model[0], arrays)


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "string"])
def test_tensors_without_elements_are_taken(tmp_path: Path, dtype: str) -> None:
    empty: list[str] = []
    with opened(tmp_path, models.same(dtype)) as engine:
        (answer,) = engine.run([Tensor(dtype, (0, 3), empty if dtype == "string" else b"")])
    assert (answer.dtype, answer.shape, len(answer.data)) == (dtype, (0, 3), 0)


def test_scalars_are_taken(tmp_path: Path) -> None:
    model = models.made(
        [helper.make_node("Mul", ["x", "x"], ["y"])], [("x", "float64", [])], [("y", "float64", [])]
    )
    with opened(tmp_path, model) as engine:
        assert_same_as_package(engine, model[0], {"x": np.array(1.5)})


def test_a_read_only_and_a_strided_array_are_taken(tmp_path: Path) -> None:
    frozen = np.arange(6, dtype=np.int32).reshape(2, 3)
    frozen.flags.writeable = False
    strided = np.arange(12, dtype=np.int32).reshape(2, 6)[:, ::2]
    model = models.same("int32")
    with opened(tmp_path, model) as engine:
        assert_same_as_package(engine, model[0], {"x": frozen})
        assert_same_as_package(engine, model[0], {"x": strided})


@pytest.mark.parametrize("dims", [["batch", 3], [1, 3]])
def test_an_input_given_back_as_it_stands_is_not_stale(tmp_path: Path, dims: list[Any]) -> None:
    """A prepared output buffer stays unwritten there: the next request must not see the last answer."""
    model = models.made([], [("x", "float32", dims)], [("x", "float32", dims)])
    with opened(tmp_path, model) as engine:
        for value in (1.0, 2.0, 3.0, 4.0):
            row = np.full((1, 3), value, np.float32)
            (answer,) = engine.run([from_buffer(row)])
            assert answer.to_bytes() == row.tobytes()


def test_text_given_back_as_it_stands_is_not_stale(tmp_path: Path) -> None:
    model = models.made([], [("x", "string", [1, 3])], [("x", "string", [1, 3])])
    with opened(tmp_path, model) as engine:
        for texts in (["a", "b", "c"], ["d", "e", "f"], ["g", "", "\x1a not written"], ["h", "i", "j"]):
            (answer,) = engine.run([Tensor("string", (1, 3), texts)])
            assert answer.data == texts


def test_answers_that_look_unwritten_are_right(tmp_path: Path) -> None:
    with opened(tmp_path, models.same("uint8")) as engine:
        for value in (165, 1, 165, 165, 2):
            row = bytes([value] * 3)
            assert engine.run([Tensor("uint8", (1, 3), row)])[0].to_bytes() == row


def test_a_constant_output_is_right_each_time(tmp_path: Path) -> None:
    constant = np.array([4, 5, 6], np.int64)
    nodes = [helper.make_node("Identity", ["x"], ["y"]), helper.make_node("Identity", ["c"], ["k"])]
    model = models.made(
        nodes,
        [("x", "float32", ["batch", 3])],
        [("y", "float32", ["batch", 3]), ("k", "int64", [3])],
        {"c": constant},
    )
    with opened(tmp_path, model) as engine:
        for value in (1, 2, 3, 4):
            _, answer = engine.run([from_buffer(np.full((1, 3), value, np.float32))])
            assert answer.to_bytes() == constant.tobytes()


def test_output_shapes_that_depend_on_the_values_are_right_each_time(tmp_path: Path) -> None:
    model = models.made(
        [helper.make_node("NonZero", ["x"], ["places"])],
        [("x", "float32", ["batch", 3])],
        [("places", "int64", [2, "n"])],
    )
    with opened(tmp_path, model) as engine:
        for row in ([1, 0, 1], [0, 0, 1], [1, 1, 1], [0, 0, 0]):
            (answer,) = engine.run([from_buffer(np.array([row], np.float32))])
            expected = np.array(np.nonzero([row]), np.int64)
            assert (answer.shape, answer.to_bytes()) == (expected.shape, expected.tobytes())


def test_a_branch_that_gives_back_its_input_is_right_each_time(tmp_path: Path) -> None:
    def branch(name: str, node: onnx.NodeProto) -> onnx.GraphProto:
        output = helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, [1, 3])
        return helper.make_graph([node], name, [], [output])

    kept = branch("kept", helper.make_node("Identity", ["x"], ["kept_out"]))
    negated = branch("negated", helper.make_node("Neg", ["x"], ["negated_out"]))
    nodes = [helper.make_node("If", ["flag"], ["y"], then_branch=kept, else_branch=negated)]
    model = models.made(nodes, [("x", "float32", [1, 3]), ("flag", "bool", [])], [("y", "float32", [1, 3])])
    with opened(tmp_path, model) as engine:
        for value, flag in ((1.0, False), (2.0, False), (3.0, True), (4.0, True), (5.0, False), (6.0, True)):
            row = np.full((1, 3), value, np.float32)
            (answer,) = engine.run([from_buffer(row), Tensor("bool", (), bytes([flag]))])
            assert answer.to_bytes() == (row if flag else -row).tobytes()


def test_names_dtypes_and_shapes_are_read_from_the_model(tmp_path: Path) -> None:
    with opened(tmp_path, models.embedding()) as engine:
        (tokens,), (vectors,) = engine.inputs, engine.outputs
    assert (tokens.name, tokens.dtype, tokens.shape) == ("tokens", "int64", ("batch", "length"))
    assert (vectors.name, vectors.dtype, vectors.shape) == ("vectors", "float32", ("batch", "length", 2))


def test_a_value_that_the_model_refuses_is_said_in_its_words_and_does_no_harm(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with opened(tmp_path, models.embedding()) as engine:
        for tokens in ([[1, 2]], [[1, 9]], [[1, 9]], [[3, 4]]):
            tensor = from_buffer(np.array(tokens))
            if 9 in tokens[0]:
                with pytest.raises(ModelError, match="indices element out of data bounds") as raised:
                    engine.run([tensor])
                assert raised.value.about_input
            else:
                expected = np.arange(10, dtype=np.float32).reshape(5, 2)[tokens]
                assert engine.run([tensor])[0].to_bytes() == expected.tobytes()
    assert capfd.readouterr() == ("", "")  # ONNX Runtime's own log would hold the values


def test_a_closed_model_refuses_to_run(tmp_path: Path) -> None:
    engine = opened(tmp_path, models.same("float32"))
    engine.close()
    with pytest.raises(ModelError, match="closed"):
        engine.run([Tensor("float32", (1, 3), bytes(12))])


def test_threads_share_a_model_and_closing_waits_for_none(tmp_path: Path) -> None:
    engine = opened(tmp_path, models.image())
    rows = {
        size: np.random.default_rng(size).random((size, 2, 4, 4), dtype=np.float32) for size in range(1, 13)
    }
    expected = {size: engine.run([from_buffer(row)])[0].to_bytes() for size, row in rows.items()}
    wrong: list[object] = []

    def work(size: int) -> None:
        for _ in range(200):
            try:
                answer = engine.run([from_buffer(rows[size])])[0].to_bytes()
            except ModelError as error:
                if "closed" not in error.message:
                    wrong.append(error)
                return
            if answer != expected[size]:
                wrong.append(size)

    threads = [threading.Thread(target=work, args=(size % 3 + 1,)) for size in range(8)]
    for thread in threads:
        thread.start()
    threads[0].join()
    engine.close()
    for thread in threads[1:]:
        thread.join()
    assert wrong == []


def test_the_library_is_loaded_once() -> None:
    assert load(str(engine_library())) is load(str(engine_library()))
