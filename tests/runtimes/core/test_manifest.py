"""The manifest is read whole, or refused with a sentence."""

import json
from pathlib import Path

import pytest

import runtimes.core
from runtimes.core.errors import ModelError
from runtimes.core.manifest import find_root, read_manifest
from tests.artifacts import Document, make_root, manifest_document
from tests.runtimes.core import models


def written(path: Path, document: object) -> str:
    (path / "manifest.json").write_text(json.dumps(document))
    return str(path)


def changed(**entries: object) -> Document:
    return {**manifest_document(*models.linear()), **entries}


def test_reads_what_the_contract_says(tmp_path: Path) -> None:
    root = make_root(tmp_path / "root", *models.classifier(["no", "yes"], label_is_index=True))
    manifest = read_manifest(str(root))
    assert (manifest.name, manifest.model.path, manifest.model.format) == (
        "probe",
        "model/model.onnx",
        "onnx",
    )
    assert (manifest.engine.kind, manifest.engine.intra_op_threads) == ("onnxruntime_c", 1)
    assert (manifest.limits.max_rows, manifest.limits.max_body_bytes) == (10000, 6291456)
    signature = manifest.signature
    assert (signature.class_labels, signature.label_is_index) == (("no", "yes"), True)
    assert [(spec.name, spec.dtype, spec.shape) for spec in signature.inputs] == [
        ("X", "float32", ("batch", 2))
    ]
    assert [spec.role for spec in signature.outputs] == ["label", "probabilities"]
    assert [(feature.name, feature.kind, feature.column) for feature in signature.features] == [
        ("no", "number", 0),
        ("yes", "number", 1),
    ]


def test_a_signature_is_written_as_it_was_read(tmp_path: Path) -> None:
    model, document = models.classifier([0, 1])
    root = make_root(tmp_path / "root", model, document)
    assert read_manifest(str(root)).signature.document() == {
        **document,
        "label_is_index": False,
        "inputs": [{"name": "X", "dtype": "float32", "shape": ["batch", 2]}],
    }


@pytest.mark.parametrize("schema", [0, 2, "1", True, None])
def test_refuses_a_manifest_from_another_schema(tmp_path: Path, schema: object) -> None:
    with pytest.raises(ModelError, match="this runtime reads 1: build the artifact with"):
        read_manifest(written(tmp_path, changed(schema_version=schema)))


def test_refuses_a_folder_without_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no artifact in .*No such file"):
        read_manifest(str(tmp_path))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\xff\xfe", "[]", "7"])
def test_refuses_what_is_not_an_object_of_json(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(ModelError, match=r"is not JSON|is not an object"):
        read_manifest(str(tmp_path))


@pytest.mark.parametrize("missing", ["name", "version", "model", "engine", "source", "limits", "signature"])
def test_refuses_a_manifest_without_an_entry_and_names_it(tmp_path: Path, missing: str) -> None:
    document = changed()
    del document[missing]
    with pytest.raises(ModelError, match=rf"the manifest has no (text|object) '{missing}'"):
        read_manifest(written(tmp_path, document))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"limits": {"max_rows": -1, "max_body_bytes": 1}}, "limits.max_rows is -1"),
        ({"limits": {"max_rows": 1}}, "limits.max_body_bytes is None"),
        ({"engine": {"kind": "onnxruntime_c", "intra_op_threads": 0}}, "intra_op_threads is 0"),
        ({"signature": {"inputs": [], "outputs": []}}, "no inputs or no outputs"),
        ({"signature": {"inputs": 3}}, "inputs is not a list"),
        ({"signature": {"inputs": [3]}}, "an entry that is not an object"),
    ],
)
def test_refuses_values_that_cannot_be(tmp_path: Path, change: Document, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        read_manifest(written(tmp_path, changed(**change)))


@pytest.mark.parametrize(
    ("place", "change", "sentence"),
    [
        ("inputs", {"dtype": "complex64"}, "dtype 'complex64', which this runtime does not know"),
        ("inputs", {"shape": ["batch", -1]}, "the dimension -1"),
        ("inputs", {"name": 3}, "without name or dtype"),
        ("outputs", {"role": "oracle"}, "the role 'oracle'"),
        ("features", {"kind": "colour"}, "the kind 'colour'"),
        ("features", {"kind": "text"}, "the feature a is text, but its input is float32"),
        ("features", {"name": "b"}, "two features of one name"),
        ("features", {"column": 5}, "do not fill the columns"),
        ("features", {"column": None}, "no column"),
    ],
)
def test_refuses_a_signature_that_does_not_fit_together(
    tmp_path: Path, place: str, change: Document, sentence: str
) -> None:
    document = changed()
    document["signature"] = json.loads(json.dumps(document["signature"]))
    document["signature"][place][0].update(change)
    with pytest.raises(ModelError, match=sentence):
        read_manifest(written(tmp_path, document))


@pytest.mark.parametrize("path", ["/etc/passwd", "../model.onnx", "model/../../x", ""])
def test_a_path_may_not_leave_the_artifact(tmp_path: Path, path: str) -> None:
    manifest = read_manifest(written(tmp_path, changed()))
    with pytest.raises(ModelError, match="not inside the artifact"):
        manifest.path(path)


def test_the_root_is_the_folder_that_holds_the_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODEL_ROOT", raising=False)
    assert Path(find_root()) == Path(runtimes.core.__path__[0]).parents[1]


def test_the_environment_names_another_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODEL_ROOT", str(tmp_path))
    assert find_root() == str(tmp_path)
