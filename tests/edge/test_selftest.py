"""The self-test fails for every reason there is, and passes for none but the right one."""

import base64
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge import ModelError
from edge.selftest import selftest
from tests.edge.bundles import change_golden, change_manifest, make_bundle, seal, tensor
from tests.edge.conftest import ROWS, iris_model
from tests.edge.running import run_edge
from tests.runtimes.core import models

Copy = Callable[[Path], Path]
Change = Callable[[Any], object]


def test_a_whole_bundle_passes_and_says_what_was_found(iris: Path, iris_onnx: Path, mixed: Path) -> None:
    for bundle, name, rows in ((iris, "iris", 5), (iris_onnx, "iris", 5), (mixed, "rent", 4)):
        done = run_edge(bundle, "selftest")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"{name} ")
        assert f"answers all {rows} golden rows as its source model did: largest difference " in done.stdout
        assert "verified and loaded in " in done.stdout
        assert "peak memory " in done.stdout
        assert "over the budget" not in done.stdout


def test_json_has_the_figures(iris: Path) -> None:
    found = json.loads(run_edge(iris, "selftest", "--json").stdout)
    assert (found["ok"], found["name"], found["cases"], found["rows"]) == (True, "iris", 2, 5)
    assert 0 <= found["largest_difference"] < 1e-5
    assert found["load_ms"] > 0
    assert 1 << 20 < found["peak_memory_bytes"] < found["memory_budget_bytes"] == 256 << 20
    assert found["differences"] == []


def outputs(golden: Any, place: int = 1) -> Any:
    return golden["cases"][place]["outputs"]


def inputs(golden: Any) -> Any:
    return golden["cases"][0]["inputs"]


def set_probabilities(value: float) -> Change:
    """The first probability of the second case is another."""

    def change(golden: Any) -> None:
        entry = outputs(golden)["probabilities"]
        raw = bytearray(base64.b64decode(entry["b64"]))
        struct.pack_into("<f", raw, 0, value)
        entry["b64"] = base64.b64encode(bytes(raw)).decode()

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (set_probabilities(0.5), "the output probabilities in row 0 is 0.99769"),
        (set_probabilities(float("nan")), "and the source model gave nan"),
        (set_probabilities(float("inf")), "and the source model gave inf"),
        (lambda golden: outputs(golden).pop("label"), "the output label is missing in golden.json"),
        (
            lambda golden: outputs(golden).update(label=tensor(np.array([1, 1, 2, 2]))),
            "the output label in row 0 is 0, and the source model gave 1",
        ),
        (
            lambda golden: outputs(golden).update(label=tensor(np.array([[0], [1], [2], [2]]))),
            "the output label has the shape [4], not [4, 1]",
        ),
        (
            lambda golden: outputs(golden).update(label=tensor(np.array([0.0, 1, 2, 2]))),
            "the output label is int64, not float64",
        ),
        (
            lambda golden: outputs(golden).update(probabilities=tensor(np.zeros((4, 3), np.int32))),
            "the output probabilities is float32, not int32",
        ),
        (
            lambda golden: inputs(golden).update(X=tensor(ROWS[:1, :3])),
            "a golden input is refused: X takes the shape",
        ),
    ],
)  # fmt: skip
def test_another_answer_fails(iris: Path, copy_of: Copy, change: Change, sentence: str) -> None:
    bundle = copy_of(iris)
    change_golden(bundle, change)
    done = run_edge(bundle, "selftest")
    assert (done.returncode, done.stdout) == (5, "")
    assert "does not answer as its source model did (" in done.stderr
    assert sentence in done.stderr
    found = json.loads(run_edge(bundle, "selftest", "--json").stdout)
    assert found["ok"] is False
    assert sentence in " ".join(found["differences"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda golden: golden.update(cases=[]), "has no cases, so nothing is proved"),
        (lambda golden: golden.pop("cases"), "holds no cases"),
        (lambda golden: golden.update(schema_version=2), "holds no cases that this runtime reads"),
        (lambda golden: golden["cases"][0].pop("outputs"), "case 0 has no inputs or no outputs"),
        (lambda golden: outputs(golden).clear(), "case 1 has no inputs or no outputs"),
        (lambda golden: inputs(golden).update(X={"dtype": "complex"}), "case 0 is no pair of tensors"),
        (lambda golden: inputs(golden).update(X=[1]), "case 0 is no pair of tensors"),
    ],
)  # fmt: skip
def test_a_bundle_that_proves_nothing_fails(iris: Path, copy_of: Copy, change: Change, sentence: str) -> None:
    bundle = copy_of(iris)
    change_golden(bundle, change)
    with pytest.raises(ModelError, match=sentence):
        selftest(str(bundle))


def bounds(manifest: Any) -> Any:
    return manifest["tolerance"]["probabilities"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda manifest: manifest.pop("tolerance"), "has no tolerance"),
        (lambda manifest: bounds(manifest).pop("relative"), "not two numbers"),
        (lambda manifest: bounds(manifest).update(absolute=float("inf")), "Infinity is not a JSON number"),
        (lambda manifest: bounds(manifest).update(relative=-1), "not two numbers"),
        (lambda manifest: bounds(manifest).update(relative="1"), "not two numbers"),
        (lambda manifest: manifest["files"].pop("golden.json"), "does not list golden.json"),
    ],
)  # fmt: skip
def test_a_manifest_that_allows_anything_fails(
    iris: Path, copy_of: Copy, change: Change, sentence: str
) -> None:
    bundle = copy_of(iris)
    change_manifest(bundle, change)
    with pytest.raises(ModelError, match=sentence):
        selftest(str(bundle))


def test_an_output_without_tolerance_has_to_be_equal(iris: Path, copy_of: Copy) -> None:
    bundle = copy_of(iris)
    change_manifest(bundle, lambda manifest: manifest.update(tolerance={}))
    assert selftest(str(bundle))["differences"][0].startswith("the output probabilities in row 0 is ")


def test_a_spoilt_model_fails_by_its_digest_and_without_that_by_its_answers(
    iris: Path, copy_of: Copy
) -> None:
    bundle = copy_of(iris)
    model = bundle / "model" / "model.tiny"
    content = bytearray(model.read_bytes())
    place = content.index(struct.pack("<f", 1.5))
    content[place : place + 4] = struct.pack("<f", 1.75)
    model.write_bytes(content)
    done = run_edge(bundle, "selftest")
    assert done.returncode == 1
    assert "model/model.tiny has changed" in done.stderr
    assert json.loads(run_edge(bundle, "selftest", "--json").stdout)["ok"] is False
    seal(bundle)
    done = run_edge(bundle, "selftest")
    assert done.returncode == 5
    assert "the output probabilities in row " in done.stderr


def test_labels_may_differ_only_where_the_source_model_was_undecided(tmp_path: Path) -> None:
    bundle = make_bundle(tmp_path / "b", *iris_model(), [{"X": ROWS[1:2]}], name="iris")  # the model says 1

    def tie(golden: Any, second: float = 0.4) -> None:
        chances = np.array([[0.2, second, 0.4]], np.float32)
        golden["cases"][0]["outputs"] = {"label": tensor(np.array([2])), "probabilities": tensor(chances)}

    def labels(found: dict[str, Any]) -> list[str]:
        return [difference for difference in found["differences"] if "label" in difference]

    change_golden(bundle, tie)
    undecided = selftest(str(bundle))
    assert (undecided["ties"], labels(undecided)) == (1, [])
    change_golden(bundle, lambda golden: tie(golden, 0.39))
    decided = selftest(str(bundle))
    assert decided["ties"] == 0
    assert labels(decided) == ["the output label in row 0 is 1, and the source model gave 2"]


def test_more_memory_than_its_budget_is_said(iris: Path, copy_of: Copy) -> None:
    bundle = copy_of(iris)
    change_manifest(bundle, lambda manifest: manifest["device"].update(memory_mb=1))
    assert "(over the budget of 1 MB)" in run_edge(bundle, "selftest").stdout


def test_the_benchmark_measures_what_it_says(iris: Path, iris_onnx: Path) -> None:
    for bundle in (iris, iris_onnx):
        found = json.loads(run_edge(bundle, "benchmark", "--seconds", "0.05", "--json").stdout)
        assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p90"] <= found["latency_ms"]["p99"]
        assert found["rows_per_s"] > 0
        assert found["runs"] >= 5
        assert min(found[name] for name in ("load_ms", "verify_ms", "first_answer_ms")) > 0
    said = run_edge(iris, "benchmark", "--seconds", "0.05").stdout
    assert [line.split("  ")[0] for line in said.splitlines()[1:]] == [
        "open", "first answer", "one row", "rows at once", "peak memory",
    ]  # fmt: skip


def test_the_benchmark_of_a_fixed_batch_speaks_of_no_single_row(tmp_path: Path) -> None:
    data, signature = models.image(2)
    pixels = np.zeros((2, *signature["inputs"][0]["shape"][1:]), np.float32)
    bundle = make_bundle(tmp_path / "bundle", data, signature, [{"pixels": pixels}], engine="onnxruntime_c")
    said = run_edge(bundle, "benchmark", "--seconds", "0.05").stdout
    assert "2 rows in a run  p50" in said and "one row" not in said


def test_info_reads_a_bundle_for_any_machine(iris: Path, copy_of: Copy) -> None:
    bundle = copy_of(iris)
    change_manifest(bundle, lambda manifest: manifest["device"].update(name="board", arch="armv7"))
    said = run_edge(bundle, "info")
    assert said.returncode == 0
    assert "device   board: armv7, glibc 2.36, Python 3.11, 256 MB for the model" in said.stdout
    assert "classes  setosa, versicolor, virginica" in said.stdout
    found = json.loads(run_edge(bundle, "info", "--json").stdout)
    assert found["device"]["arch"] == "armv7"
    assert found["path"] == str(bundle)
