"""What goes into a firmware for TFLite Micro: it compiles, and its golden rows are the interpreter's."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from packager.firmware import Micro, tflm_files
from packager.firmware.toolchain import COMPILER
from packager.layout import IncludedFile
from packager.model import ModelFile
from packager.optimized import QuantizedTensor
from packager.probe import Answers, Case
from packager.results import Tolerance
from packager.targets.edge import profile
from packager.targets.edge.profile import Microcontroller
from tests.packager.firmware import needed
from tests.packager.targets.models import IRIS

MODEL = bytes(range(256)) * 3
ROWS = tuple(
    Case(
        {"X": np.array([[at, -0.5, 1e-30, 3.4e38]], np.float32)},
        {"scores": np.array([[at * 2]], np.int8), "sum": np.array([[at / 3]], np.float32)},
    )
    for at in range(3)
)
MICRO = Micro(
    operators=("FULLY_CONNECTED", "SOFTMAX", "UNIDIRECTIONAL_SEQUENCE_LSTM"),
    arena_bytes=2048,
    quantized=("scores",),
    inputs=("X",),
    outputs=("scores", "sum"),
    answers=Answers((), 0.0, ()),
    rows=ROWS,
)
# As much of TFLite Micro as the self-test asks for: an interpreter that answers row after row.
STAND_IN = """
#pragma once
#include <stddef.h>
#include <stdint.h>
enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };
struct TfLiteTensor { void *data; };
namespace tflite {
struct Model {};
inline const Model *GetModel(const void *) { return nullptr; }
template <class T> T *GetTensorData(TfLiteTensor *tensor) { return static_cast<T *>(tensor->data); }
template <unsigned int N> struct MicroMutableOpResolver {
    TfLiteStatus AddFullyConnected() { return kTfLiteOk; }
    TfLiteStatus AddSoftmax() { return kTfLiteOk; }
    TfLiteStatus AddUnidirectionalSequenceLSTM() { return N == 3 ? kTfLiteOk : kTfLiteError; }
};
struct MicroInterpreter {
    template <class R> MicroInterpreter(const Model *, const R &, uint8_t *, size_t) {}
    TfLiteStatus AllocateTensors() { return kTfLiteOk; }
    TfLiteStatus Reset() { return kTfLiteOk; }
    TfLiteStatus Invoke() { return kTfLiteOk; }
    TfLiteTensor *input(size_t) { return &tensor; }
    TfLiteTensor *output(size_t) { return &tensor; }
    TfLiteTensor tensor;
};
}
"""
HEADERS = (
    "kernels/internal/tensor_ctypes.h",
    "micro/micro_interpreter.h",
    "micro/micro_mutable_op_resolver.h",
    "schema/schema_generated.h",
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The files of a model with a name that is no identifier."""
    (tmp_path / "model.tflite").write_bytes(MODEL)
    model = ModelFile(tmp_path / "model.tflite", "tflite", IRIS, "", len(MODEL))
    part = profile.find("cortex-m4")
    assert isinstance(part, Microcontroller)
    codes = [QuantizedTensor("scores", "int8", 0.25, -3)]
    allowed = {"scores": Tolerance(1.0, 0.0), "sum": Tolerance(1e-5, 1e-4)}
    files = tflm_files("2nd net */", model, MICRO, part, allowed, codes, "It was proved.")
    for file in files:
        _put(tmp_path, file)
    return tmp_path


def _put(folder: Path, file: IncludedFile) -> None:
    (folder / file.dest).write_bytes(file.read())


def compiled(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        [*arguments, "-mcpu=cortex-m4", "-mthumb", "-Wall", "-Wextra", "-Werror"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_the_array_is_the_model_to_the_byte_and_compiles_as_c99(written: Path) -> None:
    needed.cross_compiler()
    (source,) = written.glob("*_model.c")
    assert source.name == "model_2nd_net_model.c"
    body = source.read_text().partition("= {")[2]
    assert bytes(int(number) for number in re.findall(r"\d+", body)) == MODEL
    compiled(written, COMPILER, "-std=c99", "-pedantic", "-c", source.name)
    symbols = subprocess.run(
        ["arm-none-eabi-nm", "-S", "model_2nd_net_model.o"], cwd=written, capture_output=True
    )
    assert b"00000300 R model_2nd_net_model" in symbols.stdout


def test_the_self_test_compiles_where_tflite_micro_is(written: Path) -> None:
    needed.cross_compiler()
    for header in HEADERS:
        path = written / "tensorflow" / "lite" / header
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            STAND_IN
            if "micro_interpreter" in header
            else '#include "tensorflow/lite/micro/micro_interpreter.h"\n'
        )
    compiler = COMPILER.replace("gcc", "g++")
    compiled(
        written,
        compiler,
        "-std=c++17",
        "-fno-exceptions",
        "-fno-rtti",
        "-I.",
        "-c",
        "model_2nd_net_selftest.cc",
    )


def test_golden_rows_are_the_interpreters_own_to_the_last_digit(written: Path) -> None:
    text = (written / "model_2nd_net_golden.h").read_text()
    assert "#define MODEL_2ND_NET_GOLDEN_ROWS 3" in text
    assert "{2.0f, -0.5f, 1e-30f, 3.4e+38f,}," in text
    assert "static const int8_t model_2nd_net_golden_output_0[MODEL_2ND_NET_GOLDEN_ROWS][1]" in text
    assert "{0.6666667f,}," in text


def test_the_readme_has_the_code_and_says_what_codes_stand_for(written: Path) -> None:
    readme = (written / "README.md").read_text()
    assert (written / "model_2nd_net_selftest.cc").read_text() in readme
    assert "It was proved." in readme
    assert "scores holds codes: n stands for 0.25 x (n + 3)" in readme
    assert "FullyConnected, Softmax, UnidirectionalSequenceLSTM" in readme


def test_large_rows_are_few_so_that_they_fit_beside_the_model(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(MODEL)
    image = Case({"X": np.zeros((1, 200, 200, 3), np.float32)}, {"scores": np.zeros((1, 1), np.int8)})
    part = profile.find("cortex-m4")
    assert isinstance(part, Microcontroller)
    model = ModelFile(tmp_path / "model.tflite", "tflite", IRIS, "", len(MODEL))
    micro = Micro(("RELU",), 64, (), ("X",), ("scores",), Answers((), 0.0, ()), (image,) * 5)
    files = {file.dest: file for file in tflm_files("m", model, micro, part, {}, (), "")}
    golden = next(file.read().decode() for name, file in files.items() if name.endswith("_golden.h"))
    assert "GOLDEN_ROWS 1\n" in golden
