"""The manifest: the same bytes for the same values, and read back by the shipped reader."""

from pathlib import Path

import pytest

from packager.errors import ConversionError
from packager.manifest import Engine, canonical_json, manifest_json, read_signature, signature_document
from packager.model import Feature, ModelFile, Signature, SourceModel, TensorSpec

SIGNATURE = Signature(
    inputs=(TensorSpec("X", "float32", ("batch", 2)),),
    outputs=(
        TensorSpec("label", "int64", ("batch",), "label"),
        TensorSpec("probabilities", "float32", ("batch", 2), "probabilities"),
    ),
    class_labels=("ja", "nein"),
    label_is_index=True,
    features=(Feature("Größe", "number", "X", 0, nullable=True), Feature("b", "number", "X", 1)),
)


def manifest() -> bytes:
    model = ModelFile(Path("model.onnx"), "onnx", SIGNATURE, "ab" * 32, 12, 18)
    source = SourceModel(
        Path("m.joblib"), "sklearn", "1.9.1", "1.9.1", "LogisticRegression", "cd" * 32, 3, SIGNATURE
    )
    return manifest_json(
        "iris", model, source, Engine("onnxruntime_c", "1.31.1", "lib/libonnxruntime.so.1.31.1")
    )


def test_the_same_values_give_the_same_bytes() -> None:
    assert manifest() == manifest()


def test_a_signature_survives_the_journey() -> None:
    assert read_signature(signature_document(SIGNATURE)) == SIGNATURE


def test_a_broken_signature_names_the_place() -> None:
    document = signature_document(SIGNATURE)
    document["inputs"][0]["dtype"] = None
    with pytest.raises(ConversionError, match=r"inputs\.0\.dtype"):
        read_signature(document)


def test_what_json_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"x": float("nan")})


def test_the_shipped_reader_reads_what_the_builder_writes(tmp_path: Path) -> None:
    from runtimes.core.manifest import read_manifest

    (tmp_path / "manifest.json").write_bytes(manifest())
    read = read_manifest(str(tmp_path))
    assert read.name == "iris"
    assert read.signature.features[0].name == "Größe"
    assert read.signature.features[0].nullable is True
    assert read.signature.label_is_index is True
    assert read.engine.library == "lib/libonnxruntime.so.1.31.1"
