"""TFLite models by TFLite Micro's own interpreter: all rows, its operators by name, the arena it needs."""

import platform
import re
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from elftools.elf.elffile import ELFFile

from packager import environments, probe, recipes
from packager.conversion import Conversion
from packager.errors import ConversionError, SizeLimitError, ToolError
from packager.firmware import tflm, with_arena
from packager.targets.edge import profile
from packager.targets.edge.profile import Microcontroller
from tests.converters.passes import tflite_models as nets
from tests.packager.firmware import needed, tflite
from tests.published import IRIS_LANDMARKS, SINE_WAVE
from tests.runtimes.core.tflite_models import Graph, quantized


@pytest.fixture(scope="module", autouse=True)
def _needed() -> None:
    needed.micro_interpreter()


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Conversion:
    return tflite.converted(tmp_path_factory.mktemp("dense"), nets.dense(), tflite.HELD_OUT)


def unary(code: str, shape: list[int | str], **options: object) -> bytes:
    """A model of one operator."""
    graph = Graph()
    graph.tensor("x", "float32", shape)
    graph.tensor("y", "float32", shape)
    graph.operator(code, ["x"], ["y"], **options)
    return graph.written(["x"], ["y"], {"x": "x", "y": "y"})


def test_every_row_is_answered_as_the_source_model_does(dense: Conversion) -> None:
    micro = tflm.run(dense.model, dense.reference)
    found = tflite.compared(dense, micro)
    assert (found.passed, found.rows) == (True, tflite.ROWS)
    assert micro.operators == ("FULLY_CONNECTED",)
    assert (micro.inputs, micro.outputs, micro.quantized) == (("image",), ("scores",), ())


def test_the_arena_is_found_and_holds_what_flows_between_the_layers(dense: Conversion) -> None:
    arena = tflm.run(dense.model, dense.reference).arena_bytes
    assert arena % 16 == 0
    assert 4 * (64 + 48) < arena < 8192


def test_rows_for_the_device_have_the_interpreters_own_answers(dense: Conversion) -> None:
    micro = tflm.run(dense.model, dense.reference)
    last = probe.read_cases(dense.reference)[-1]
    assert len(micro.rows) == 16
    for at, row in enumerate(micro.rows):
        assert row.inputs["image"].tolist() == last.inputs["image"][at : at + 1].tolist()
        assert row.outputs["scores"].tolist() == micro.answers.outputs[-1]["scores"][at : at + 1].tolist()


def test_an_int8_model_answers_as_litert_to_a_step_of_its_codes(tmp_path: Path) -> None:
    """Its answers are codes: at most one apart, and the same digits."""
    source = nets.convert(tmp_path / "net", nets.dense(), nets.digits().images[nets.TRAINED])
    done = nets.passed(tmp_path / "pass", source, {"kind": "tflite_full_int8", "io": "int8"})
    codes = np.clip(np.round(tflite.HELD_OUT * 255 - 128), -128, 127).astype(np.int8)
    made = tflite.converted(tmp_path / "int8", nets.model_bytes(done), codes)
    micro = tflm.run(made.model, made.reference)
    assert micro.quantized == micro.outputs
    own, source_says = (
        one[-1] for one in (micro.answers.outputs, [c.outputs for c in probe.read_cases(made.reference)])
    )
    name = micro.outputs[0]
    apart = np.abs(own[name].astype(int) - source_says[name].astype(int))
    assert apart.max() <= 1
    assert (own[name].argmax(1) == source_says[name].argmax(1)).mean() > 0.99


def test_whole_numbers_that_stand_for_fractions_are_told_from_others(tmp_path: Path) -> None:
    made = tflite.converted(tmp_path, quantized()[0])
    micro = tflm.run(made.model, made.reference)
    assert micro.quantized == micro.outputs
    assert tflite.compared(made, micro).max_abs_error <= 1


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (unary("GELU", ["batch", 4], GeluOptions={}), r"TFLite Micro has no operator GELU, and .* needs it"),
        (unary("ABS", ["batch", "length"], AbsOptions={}), r"fixed sizes, and '.*' of the input 'x' is free"),
    ],
)
def test_what_tflite_micro_has_not_is_refused_by_name(tmp_path: Path, model: bytes, said: str) -> None:
    made = tflite.converted(tmp_path, model)
    with pytest.raises(ConversionError, match=said):
        tflm.run(made.model, made.reference)


def test_what_tflite_micro_does_not_run_is_refused_in_its_own_words(tmp_path: Path) -> None:
    """Weights in int8 between floats: LiteRT runs them, TFLite Micro does not."""
    source = nets.convert(tmp_path / "net", nets.dense(), nets.digits().images[nets.TRAINED])
    done = nets.passed(tmp_path / "pass", source, {"kind": "tflite_dynamic_int8"})
    made = tflite.converted(tmp_path / "hybrid", nets.model_bytes(done), tflite.HELD_OUT[:8])
    with pytest.raises(
        ConversionError, match=r"run model\.tflite: .* FLOAT32 with filter type: INT8 not supported"
    ):
        tflm.run(made.model, made.reference)


def test_a_machine_of_another_processor_says_that_nothing_is_proved_there(
    dense: Conversion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(
        ToolError, match=r"published for x86_64 alone, and this machine is aarch64: .* cannot be"
    ):
        tflm.run(dense.model, dense.reference)


def test_the_table_of_operators_is_what_the_pinned_wheel_registers() -> None:
    python = environments.find(recipes.recipe("tflite_micro")).python
    (library,) = (python.parents[1] / "lib").glob("python3.*/site-packages/tflite_micro/python/*/_runtime.so")
    with library.open("rb") as file:
        names = [symbol.name for symbol in ELFFile(file).get_section_by_name(".dynsym").iter_symbols()]
    mangled = (re.search(r"Register_([A-Z0-9_]+)E?v$", name) for name in names)
    registered = {found[1].removesuffix("E") for found in mangled if found}
    builtin = {name for name in vars(schema.BuiltinOperator) if name.isupper()}
    assert set(tflm.registered()) == registered & builtin


def test_a_published_model_answers_as_its_source(tmp_path: Path) -> None:
    made = tflite.converted(tmp_path, SINE_WAVE.fetch(), np.linspace(0, 6, 500, dtype=np.float32)[:, None])
    micro = tflm.run(made.model, made.reference)
    found = tflite.compared(made, micro)
    assert (found.passed, found.rows) == (True, 500)


def test_a_published_model_that_is_too_large_for_a_part_is_refused_with_its_sizes(tmp_path: Path) -> None:
    made = tflite.converted(tmp_path, IRIS_LANDMARKS.fetch())
    micro = tflm.run(made.model, made.reference)
    assert tflite.compared(made, micro).passed
    part = profile.find("stm32f746-discovery")
    assert isinstance(part, Microcontroller)
    with pytest.raises(
        SizeLimitError, match=r"bytes of flash, .*; 87\d,\d{3} bytes of RAM, and it has 327,680"
    ):
        with_arena(made.model.size_bytes, micro.arena_bytes, part)
