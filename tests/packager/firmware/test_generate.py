"""What is written is C of any name and text, the same bytes each time, and proves itself."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from packager import verify
from packager.conversion import Conversion
from packager.converters.signature import Feature, Signature, TensorSpec
from packager.errors import ConversionError, ToolError, VerificationError
from packager.firmware import Generated, answers, generate, run_tests
from packager.probe import Case, read_cases
from tests.packager.firmware.asking import held, of_graph, single
from tests.runtimes.core.engines.tiny.running import model_of

_HOSTILE = ("int", "2nd */ x", 'a"b\\', "??/\nline", "Ünï", "", "int", "_", "NAN", "答え")
"""Names of inputs, and of classes."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Conversion:
    """A model whose every name is another attempt to break out."""
    count = len(_HOSTILE)
    names = [f"in {at} {name}" for at, name in enumerate(_HOSTILE)]
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 1]) for name in names]
    made = [
        helper.make_tensor_value_info("label", TensorProto.INT64, ["batch"]),
        helper.make_tensor_value_info("for", TensorProto.FLOAT, ["batch", count]),
    ]
    nodes = [
        helper.make_node("Concat", names, ["for"], axis=1),
        helper.make_node("ArgMax", ["for"], ["label"], axis=1, keepdims=0),
    ]
    signature = Signature(
        inputs=tuple(TensorSpec(name, "float32", ("batch", 1)) for name in names),
        outputs=(
            TensorSpec("label", "int64", ("batch",), "label"),
            TensorSpec("for", "float32", ("batch", count)),
        ),
        class_labels=_HOSTILE,
        label_is_index=True,
        features=tuple(Feature(own, "number", name, 0) for own, name in zip(_HOSTILE, names, strict=True)),
    )
    rows = single(np.random.default_rng(0).normal(size=(6, count)))
    inputs = {name: rows[:, [at]] for at, name in enumerate(names)}
    cases = [Case(inputs, {"label": rows.argmax(axis=1), "for": rows})]
    folder = tmp_path_factory.mktemp("hostile")
    return of_graph(model_of(nodes, given, made), signature, cases, folder)


def test_no_name_breaks_out_of_the_c(hostile: Conversion) -> None:
    generated, found = held(hostile, "while")
    assert found.passed, found.failure
    assert generated.name == "model_while"
    assert generated.header.count("extern const char") == 1


def test_the_same_model_is_the_same_bytes(hostile: Conversion) -> None:
    assert generate(hostile, "a", {}).files == generate(hostile, "a", {}).files


def test_the_header_is_also_one_of_c_plus_plus(hostile: Conversion, tmp_path: Path) -> None:
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        pytest.skip("no C++ compiler is on this machine")
    _written(generate(hostile, "a", {}), tmp_path)
    (tmp_path / "user.cpp").write_text('#include "a.h"\n#include "a.h"\na_answer answer;\n', encoding="utf-8")
    command = [compiler, "-std=c++11", "-Wall", "-Wextra", "-pedantic", "-Werror", "-c", "user.cpp"]
    subprocess.run(command, cwd=tmp_path, check=True)


def test_make_builds_and_runs_the_golden_rows(hostile: Conversion, tmp_path: Path) -> None:
    _written(_proved(hostile), tmp_path)
    done = subprocess.run(["make", "test"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "6 of 6 rows answered as the source model does, by 0e-9 at most" in done.stdout
    assert run_tests(tmp_path, "a").rows == 6


def test_golden_rows_find_an_answer_that_is_wrong(hostile: Conversion, tmp_path: Path) -> None:
    _written(_proved(hostile), tmp_path)
    source = tmp_path / "a.c"
    text = source.read_text(encoding="utf-8")
    assert "return A_OK;" in text
    source.write_text(text.replace("return A_OK;", "answer->label ^= 1; return A_OK;"), encoding="utf-8")
    with pytest.raises(VerificationError, match="golden rows") as raised:
        run_tests(tmp_path, "a")
    assert "0 of 6 rows" in raised.value.details[-1]


def test_fast_math_does_not_compile(hostile: Conversion, tmp_path: Path) -> None:
    with pytest.raises(ToolError) as raised:
        answers(generate(hostile, "a", {}), read_cases(hostile.reference), ("-ffast-math",))
    assert "without -ffast-math" in raised.value.details[0]


def test_without_a_compiler_it_says_what_to_install(
    hostile: Conversion, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="no C compiler") as raised:
        answers(generate(hostile, "a", {}), read_cases(hostile.reference))
    assert raised.value.hint is not None and "gcc" in raised.value.hint


@pytest.mark.parametrize(
    ("shape", "reason"),
    [(["batch", "length"], "any length"), ([3, "batch"], "any batch"), (["batch", 0], "no elements")],
)
def test_sizes_that_nobody_knows_are_refused_by_name(shape: Any, reason: str, tmp_path: Path) -> None:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y")]
    signature = Signature(
        (TensorSpec("x", "float32", tuple(shape)),), (TensorSpec("y", "float32", tuple(shape)),)
    )
    model = model_of([helper.make_node("Neg", ["x"], ["y"])], ends[:1], ends[1:])
    with pytest.raises(ConversionError, match=reason):
        generate(of_graph(model, signature, [], tmp_path), "a", {})


def test_single_precision_that_is_too_far_from_the_source_becomes_double(tmp_path: Path) -> None:
    rows = single([[1.0, 1e4, 1.0], [0.5, -2e4, 0.25]])
    weights = np.array([[1.0], [1.0], [0.125]], np.float32)
    big = helper.make_tensor("w", TensorProto.FLOAT, [4, 1], [1e4, 1.0, 0.125, -1e4])
    nodes = [
        helper.make_node("Concat", ["x", "last"], ["wide"], axis=1),
        helper.make_node("Slice", ["x", "from", "to", "axes"], ["last"]),
        helper.make_node("MatMul", ["wide", "w"], ["y"]),
    ]
    constants = [
        big, *(helper.make_tensor(name, TensorProto.INT64, [1], [value])
               for name, value in (("from", 0), ("to", 1), ("axes", 1))),
    ]  # fmt: skip
    ends = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3]),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 1]),
    ]
    signature = Signature(
        (TensorSpec("x", "float32", ("batch", 3)),), (TensorSpec("y", "float32", ("batch", 1)),)
    )
    shift = single([[0.0, 1e-3, 0.0]])
    inputs = rows + shift
    wanted = (inputs[:, 1:].astype(np.float64) @ weights[1:].astype(np.float64)).astype(np.float32)
    model = model_of([nodes[1], nodes[0], nodes[2]], ends[:1], ends[1:], constants)
    made = of_graph(model, signature, [Case({"x": inputs}, {"y": wanted})], tmp_path)
    assert held(made, precision="double")[1].max_abs_error <= held(made)[1].max_abs_error
    assert held(made, precision="double")[1].passed


def _proved(converted: Conversion) -> Generated:
    cases = read_cases(converted.reference)
    return generate(converted, "a", verify.tolerances(converted.model.signature, cases))


def _written(generated: Generated, folder: Path) -> None:
    for name, text in generated.files.items():
        (folder / name).write_text(text, encoding="utf-8")
