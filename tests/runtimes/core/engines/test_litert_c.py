"""The engine litert_c answers bit for bit as LiteRT's interpreter, in every dtype, and refuses clearly."""

import threading
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from runtimes.core.engines._litert_api import load
from runtimes.core.engines.litert_c import LiteRt
from runtimes.core.errors import ModelError
from runtimes.core.manifest import read_manifest
from runtimes.core.predictor import Predictor
from runtimes.core.tensors import DTYPES, Tensor, from_buffer
from tests.artifacts import engine_library, make_root
from tests.runtimes.core import tflite_models as models
from tests.runtimes.core.models import Model, Spec, signature
from tests.runtimes.core.tflite_models import Graph

NUMBERS = [dtype for dtype in DTYPES if dtype != "string"]


def opened(tmp_path: Path, model: Model) -> LiteRt:
    path = tmp_path / f"root{len(list(tmp_path.iterdir()))}"
    return LiteRt.open(read_manifest(str(make_root(path, *model, file="model.tflite"))))


def interpreted(model: bytes, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The interpreter's answers by the names of the file's tensors."""
    interpreter = Interpreter(model_content=model)
    places = {entry["name"]: entry["index"] for entry in interpreter.get_input_details()}
    for name, array in arrays.items():
        interpreter.resize_tensor_input(places[name], array.shape)
    interpreter.allocate_tensors()
    for name, array in arrays.items():
        interpreter.set_tensor(places[name], array)
    interpreter.invoke()
    return {
        entry["name"]: interpreter.get_tensor(entry["index"]) for entry in interpreter.get_output_details()
    }


def array_of(tensor: Tensor) -> np.ndarray:
    return np.frombuffer(tensor.to_bytes(), tensor.dtype).reshape(tensor.shape)


def assert_same_as_the_interpreter(
    engine: LiteRt, model: bytes, names: dict[str, str], values: dict[str, np.ndarray]
) -> None:
    """``names``: what the file's tensors are called there, by the engine's names where they differ."""
    expected = interpreted(model, {names.get(name, name): array for name, array in values.items()})
    for _ in range(3):
        answers = engine.run([from_buffer(array) for array in values.values()])
        for kind, answer in zip(sorted(engine.outputs, key=lambda kind: kind.name), answers, strict=True):
            array = expected[names.get(kind.name, kind.name)]
            assert (answer.dtype, answer.shape) == (array.dtype.name, array.shape)
            assert answer.to_bytes() == array.tobytes()


@pytest.mark.parametrize("dtype", NUMBERS)
def test_every_number_dtype_goes_in_and_out_unchanged(tmp_path: Path, dtype: str) -> None:
    values = np.array([[0, 1, 100], [1, 0, 7], [3, 2, 1]]).astype(dtype)
    model = models.same(dtype)
    with opened(tmp_path, model) as engine:
        assert_same_as_the_interpreter(engine, model[0], {}, {"x": values})
        assert engine.run([from_buffer(values[:1])])[0].to_bytes() == values[:1].tobytes()


def test_text_is_refused_at_open(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", *models.same("string"), file="model.tflite")
    with pytest.raises(ModelError, match="the input x is a string; only tensors of known types are served"):
        Predictor(str(root))


def test_a_signature_in_another_order_than_the_graph_names_the_right_tensors(tmp_path: Path) -> None:
    model = models.switch()
    rng = np.random.default_rng(1)
    flag = rng.random((5, 2)) > 0.5
    first, second = rng.random((5, 2), np.float32), rng.random((5, 2), np.float32)
    names = {"flag": "t0", "a": "t1", "b": "t2", "difference": "t4", "chosen": "t3"}
    with opened(tmp_path, model) as engine:
        values = {"flag": flag, "b": second, "a": first}
        assert_same_as_the_interpreter(engine, model[0], names, values)
        chosen, difference = engine.run([from_buffer(array) for array in values.values()])
    np.testing.assert_array_equal(array_of(chosen), np.where(flag, first, second))
    np.testing.assert_array_equal(array_of(difference), first - second)


def test_a_convolution_equals_the_interpreter_at_every_batch(tmp_path: Path) -> None:
    model = models.image()
    with opened(tmp_path, model) as engine:
        for batch in (1, 7, 1, 64):
            pixels = np.random.default_rng(batch).random((batch, 4, 4, 2), dtype=np.float32)
            assert_same_as_the_interpreter(engine, model[0], {}, {"pixels": pixels})


def test_a_fixed_batch_takes_no_other(tmp_path: Path) -> None:
    with opened(tmp_path, models.image(2)) as engine:
        assert engine.inputs[0].shape == (2, 4, 4, 2)
        with pytest.raises(ModelError, match=r"cannot take an input of the shape \[3, 4, 4, 2\]"):
            engine.run([from_buffer(np.ones((3, 4, 4, 2), np.float32))])
        assert engine.run([from_buffer(np.ones((2, 4, 4, 2), np.float32))])[0].shape == (2, 3)


def test_scalars_are_taken(tmp_path: Path) -> None:
    graph = Graph()
    graph.tensor("x", "float32", [])
    graph.tensor("y", "float32", [])
    graph.operator("NEG", ["x"], ["y"], NegOptions={})
    with opened(tmp_path, models.made(graph, [("x", "float32", [])], [("y", "float32", [])])) as engine:
        (answer,) = engine.run([from_buffer(np.array(1.5, np.float32))])
    assert (answer.shape, array_of(answer).item()) == ((), -1.5)


def test_a_read_only_and_a_strided_array_are_taken(tmp_path: Path) -> None:
    frozen = np.arange(6, dtype=np.int32).reshape(2, 3)
    frozen.flags.writeable = False
    strided = np.arange(12, dtype=np.int32).reshape(2, 6)[:, ::2]
    model = models.same("int32")
    with opened(tmp_path, model) as engine:
        for array in (frozen, strided):
            assert array_of(engine.run([from_buffer(array)])[0]).tolist() == array.tolist()


def test_an_input_given_back_as_it_stands_is_not_stale(tmp_path: Path) -> None:
    graph = Graph()
    graph.tensor("x", "float32", [1, 3])
    graph.tensor("y", "float32", [1, 3])
    graph.operator("NEG", ["x"], ["y"], NegOptions={})
    outputs: list[Spec] = [("x", "float32", [1, 3]), ("y", "float32", [1, 3])]
    with opened(tmp_path, models.made(graph, [("x", "float32", [1, 3])], outputs)) as engine:
        for value in (1.0, 2.0, 3.0):
            row = np.full((1, 3), value, np.float32)
            same, negated = engine.run([from_buffer(row)])
            assert (same.to_bytes(), negated.to_bytes()) == (row.tobytes(), (-row).tobytes())


def test_a_constant_output_is_right_each_time(tmp_path: Path) -> None:
    graph = Graph()
    graph.tensor("x", "float32", [1, 3])
    graph.constant("k", np.array([4, 5, 6], np.int64))
    graph.tensor("y", "float32", [1, 3])
    graph.operator("NEG", ["x"], ["y"], NegOptions={})
    outputs: list[Spec] = [("y", "float32", [1, 3]), ("k", "int64", [3])]
    with opened(tmp_path, models.made(graph, [("x", "float32", [1, 3])], outputs)) as engine:
        for value in (1.0, 2.0, 3.0):
            _, constant = engine.run([from_buffer(np.full((1, 3), value, np.float32))])
            assert array_of(constant).tolist() == [4, 5, 6]


def test_what_a_recurrent_model_keeps_does_not_reach_the_next_answer(tmp_path: Path) -> None:
    steps = np.ones((1, 2, 2), np.float32)
    model = models.recurrent()
    with opened(tmp_path, model) as engine:
        assert_same_as_the_interpreter(engine, model[0], {}, {"x": steps})
        engine.run([from_buffer(steps * 100)])
        assert array_of(engine.run([from_buffer(steps)])[0]).tolist() == [[[1, 1], [2, 2]]]


def test_answers_whose_size_depends_on_the_values_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="finds the sizes of its answers while it runs"):
        opened(tmp_path, models.places())


def test_nothing_runs_where_the_manifest_promises_other_shapes_than_the_model_has(tmp_path: Path) -> None:
    """The library would write as much as the answer has, whatever memory it was given."""
    model, _ = models.linear()
    document = signature([("X", "float32", ["batch", 2])], [("y", "float32", [1, 1])])
    with opened(tmp_path, (model, document)) as engine:
        assert array_of(engine.run([from_buffer(np.ones((1, 2), np.float32))])[0]) == 6
        with pytest.raises(ModelError, match="finds the sizes of its answers"):
            engine.run([from_buffer(np.ones((2, 2), np.float32))])


def test_answers_that_the_model_keeps_in_memory_of_its_own_are_not_taken_for_answers(tmp_path: Path) -> None:
    with opened(tmp_path, models.computed_sizes()) as engine:
        for _ in range(2):
            with pytest.raises(ModelError, match="finds the sizes of its answers while it runs"):
                engine.run([from_buffer(np.ones((1, 4), np.float32))])


def test_answers_that_look_unwritten_are_right(tmp_path: Path) -> None:
    for value in (0xA5, 0x5A, 0xA5, 1, 0xA5):
        with opened(tmp_path, models.same("uint8")) as engine:
            row = bytes([value] * 3)
            for _ in range(2):
                assert engine.run([Tensor("uint8", (1, 3), row)])[0].to_bytes() == row


def test_names_dtypes_and_shapes_are_read_from_the_model(tmp_path: Path) -> None:
    with opened(tmp_path, models.embedding()) as engine:
        (tokens,), (vectors,) = engine.inputs, engine.outputs
    assert (tokens.name, tokens.dtype, tokens.shape) == ("tokens", "int32", ("", ""))
    assert (vectors.name, vectors.dtype, vectors.shape) == ("vectors", "float32", ("", "", 2))


def test_a_value_that_the_model_refuses_is_said_in_its_words_and_does_no_harm(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with opened(tmp_path, models.embedding()) as engine:
        for tokens in ([[1, 2]], [[1, 9]], [[-7, 9]], [[3, 4]], [[1, 2, 3]]):
            tensor = from_buffer(np.array(tokens, np.int32))
            if 9 in tokens[0]:
                with pytest.raises(ModelError, match="gather index out of bounds") as raised:
                    engine.run([tensor])
                assert raised.value.about_input
            else:
                expected = np.arange(10, dtype=np.float32).reshape(5, 2)[tokens]
                assert engine.run([tensor])[0].to_bytes() == expected.tobytes()
    assert capfd.readouterr() == ("", "")


def test_opening_and_running_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with opened(tmp_path, models.image(1)) as engine:
        engine.run([from_buffer(np.ones((1, 4, 4, 2), np.float32))])
    assert capfd.readouterr() == ("", "")


def test_too_few_bytes_are_refused(tmp_path: Path) -> None:
    with opened(tmp_path, models.linear()) as engine:
        with pytest.raises(ModelError, match="takes 8 bytes, not 4") as raised:
            engine.run([Tensor("float32", (1, 2), b"1234")])
        assert raised.value.about_input
        assert array_of(engine.run([from_buffer(np.ones((1, 2), np.float32))])[0]) == 6


def test_a_closed_model_refuses_to_run(tmp_path: Path) -> None:
    engine = opened(tmp_path, models.same("float32"))
    engine.close()
    with pytest.raises(ModelError, match="closed"):
        engine.run([Tensor("float32", (1, 3), bytes(12))])


def test_threads_share_a_model_and_closing_ends_it(tmp_path: Path) -> None:
    engine = opened(tmp_path, models.image())
    rows = {size: np.random.default_rng(size).random((size, 4, 4, 2), np.float32) for size in (1, 2, 3)}
    expected = {size: engine.run([from_buffer(row)])[0].to_bytes() for size, row in rows.items()}
    wrong: list[object] = []

    def work(size: int) -> None:
        for _ in range(100):
            try:
                answer = engine.run([from_buffer(rows[size])])[0].to_bytes()
            except ModelError as error:
                if "closed" not in error.message:
                    wrong.append(error)
                return
            if answer != expected[size]:
                wrong.append(size)

    threads = [threading.Thread(target=work, args=(size % 3 + 1,)) for size in range(6)]
    for thread in threads:
        thread.start()
    threads[0].join()
    engine.close()
    for thread in threads[1:]:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x18\0\0\0TFL3" + b"\xff" * 200])
def test_a_damaged_model_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModelError, match=r"LiteRT cannot open the model: .*no valid TFLite|cannot be read"):
        opened(tmp_path, (content, models.same("float32")[1]))


def test_a_truncated_model_is_refused(tmp_path: Path) -> None:
    model, document = models.image()
    for size in range(8, len(model), 97):
        with pytest.raises(ModelError, match="LiteRT cannot"):
            opened(tmp_path, (model[:size], document))


def test_an_operator_that_nobody_has_is_refused_at_open_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="OurOwnOperator") as raised:
        opened(tmp_path, models.custom())
    assert not raised.value.about_input


def test_a_manifest_that_names_other_tensors_is_refused(tmp_path: Path) -> None:
    model, _ = models.linear()
    document = signature([("Z", "float32", ["batch", 2])], [("y", "float32", ["batch", 1])])
    root = make_root(tmp_path / "root", model, document, file="model.tflite")
    with pytest.raises(ModelError, match=r"no input Z \(it has: X\); the model also needs the input X"):
        Predictor(str(root))


def test_a_missing_model_and_a_library_that_is_none_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_root(tmp_path / "root", *models.linear(), file="model.tflite")
    (root / "model" / "model.tflite").unlink()
    with pytest.raises(ModelError, match="does not exist"):
        LiteRt.open(read_manifest(str(root)))
    (tmp_path / "engine.so").write_bytes(b"\x7fELF nothing")
    monkeypatch.setenv("ENGINE_LIBRARY", str(tmp_path / "engine.so"))
    with pytest.raises(ModelError, match="the engine's library cannot be loaded"):
        opened(tmp_path, models.linear())


def test_another_engines_library_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_LIBRARY", str(engine_library("onnx")))
    with pytest.raises(ModelError, match=r"cannot be loaded: .*LiteRt"):
        opened(tmp_path, models.linear())


def test_the_library_is_loaded_once() -> None:
    path = str(engine_library("tflite"))
    assert load(path) is load(path)
