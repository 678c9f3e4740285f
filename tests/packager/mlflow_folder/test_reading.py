"""MLmodel: which file is the model, and what a folder that is wrong or hostile is told."""

from pathlib import Path
from typing import Any

import pytest

from packager import mlflow_folder
from packager.errors import SourceError
from tests.packager.mlflow_folder import folders


def test_the_model_and_its_version_are_what_the_flavour_names(tmp_path: Path) -> None:
    folder = folders.make(tmp_path / "m", run_id="1")
    (folder / "requirements.txt").write_text("mlflow==3.17.0\nscikit-learn==1.7.1\n")
    found = mlflow_folder.read(folder)
    assert found.flavour == "sklearn" and found.model == folder / "model.pkl"
    assert found.versions == {"scikit-learn": "1.7.2"}
    assert {path.name for path in found.files} == {"MLmodel", "requirements.txt", "model.pkl"}


@pytest.mark.parametrize(
    ("flavour", "said", "file"),
    [
        ("pytorch", {"model_data": "data"}, "data/model.pt2"),
        ("pytorch", {"model_data": "data"}, "data/model.pth"),
        ("keras", {"data": "data"}, "data/model.keras"),
        ("tensorflow", {"data": "data", "model_type": "keras"}, "data/model.h5"),
        ("tensorflow", {"data": "data", "model_type": "keras"}, "data/model/saved_model.pb"),
        ("tensorflow", {"saved_model_dir": "tf2model"}, "tf2model/saved_model.pb"),
        ("xgboost", {"data": "model.ubj"}, "model.ubj"),
        ("lightgbm", {"data": "model.lgb"}, "model.lgb"),
        ("onnx", {"data": "model.onnx"}, "model.onnx"),
    ],
)
def test_each_flavours_own_way_to_lay_a_model_down(
    tmp_path: Path, flavour: str, said: dict[str, Any], file: str
) -> None:
    folder = folders.make_with_flavour(tmp_path / "m", flavour, said)
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(b"model")
    expected = (folder / file).parent if file.endswith(".pb") else folder / file
    assert mlflow_folder.read(folder).model == expected


def test_python_function_alone_is_refused(tmp_path: Path) -> None:
    folder = folders.make(tmp_path / "m", flavors={"python_function": {"python_model": "python_model.pkl"}})
    with pytest.raises(SourceError, match="answers are made by Python code") as caught:
        mlflow_folder.read(folder)
    assert caught.value.hint is not None and "mlflow.sklearn.save_model" in caught.value.hint


def test_another_flavour_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="of the flavour prophet, which is not supported"):
        mlflow_folder.read(folders.make_with_flavour(tmp_path / "m", "prophet", {"data": "x"}))


@pytest.mark.parametrize("name", ["../secret.pkl", "/etc/passwd", "data/../../secret.pkl", "link.pkl"])
def test_a_model_outside_of_the_folder_is_never_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.pkl").write_bytes(b"secret")
    said = {"pickled_model": name, "sklearn_version": "1.7.2"}
    folder = folders.make(tmp_path / "m", flavors={"sklearn": said})
    (folder / "link.pkl").symlink_to(tmp_path / "secret.pkl")
    with pytest.raises(SourceError, match="leads out of the folder"):
        mlflow_folder.read(folder)


def test_an_example_outside_of_the_folder_is_never_read(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("[[1]]")
    info = {"artifact_path": "../secret.json", "type": "ndarray"}
    with pytest.raises(SourceError, match="leads out of the folder"):
        mlflow_folder.read(folders.make(tmp_path / "m", saved_input_example_info=info))


@pytest.mark.parametrize(
    "text",
    [
        "", "just words", "[1, 2]", "flavors: 3", "flavors: {sklearn: 3}", "{{{{", "a: &a [*a]",
        "!!python/object/apply:os.system ['true']", "[" * 5000, "x: " + "y" * (2 << 20), "\0\1\2",
    ],
)  # fmt: skip
def test_an_mlmodel_that_is_damaged_or_hostile_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "MLmodel").write_text(text)
    with pytest.raises(SourceError, match="MLmodel"):
        mlflow_folder.read(tmp_path)


def test_a_folder_whose_model_is_gone_says_where_it_should_be(tmp_path: Path) -> None:
    folder = folders.make(tmp_path / "m")
    (folder / "model.pkl").unlink()
    with pytest.raises(SourceError, match=r"no model at .*model\.pkl"):
        mlflow_folder.read(folder)


def test_a_signature_of_no_inputs_says_nothing(tmp_path: Path) -> None:
    assert mlflow_folder.read(folders.make(tmp_path / "m", signature={"inputs": "{}"})).inputs == ()


@pytest.mark.parametrize("inputs", ["no json", '[{"type": "tensor"}]', "[3]", '[{"name": "a"}]'])
def test_a_signature_that_cannot_be_read_is_refused(tmp_path: Path, inputs: str) -> None:
    folder = folders.make(tmp_path / "m", signature={"inputs": inputs})
    with pytest.raises(SourceError, match=r"signature .* cannot be read"):
        mlflow_folder.read(folder)
