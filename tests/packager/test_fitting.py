"""A bundle is held to its device: what its self-test took, and in whose words that is told."""

from pathlib import Path

import pytest

from packager.errors import SizeLimitError
from packager.model import Format, ModelFile
from packager.results import DeviceFit
from packager.targets.edge import budget
from tests.packager.targets.models import IRIS

MB = 1 << 20


def fit(peak_mb: int, budget_mb: int) -> DeviceFit:
    return DeviceFit("shed", 2 * MB, 8 * MB, peak_mb * MB, budget_mb * MB, "on x86_64, Python 3.12.1")


def model(folder: Path, format: Format, size_mb: int) -> ModelFile:
    path = folder / "model"
    path.write_bytes(bytes(size_mb * MB))
    return ModelFile(path, format, IRIS, "0" * 64, size_mb * MB, None)


@pytest.mark.parametrize(
    ("format", "model_mb", "hint"),
    [
        ("onnx", 60, "--pass static_int8"),
        ("onnx", 1, "no pass on the model would help"),
        ("tflite", 60, "tflite_full_int8"),
        ("tiny", 60, "truncate_trees"),
        ("tiny", 1, "that is what every bundle takes"),
    ],
)
def test_over_the_budget_of_memory_is_an_error_with_numbers_and_what_helps(
    format: Format, model_mb: int, hint: str, tmp_path: Path
) -> None:
    with pytest.raises(SizeLimitError) as refused:
        budget.check_memory(fit(80, 64), model(tmp_path, format, model_mb))
    assert (
        "takes 80.0 MiB of memory at its peak, over the budget of 64.0 MiB of shed" in refused.value.message
    )
    assert "on x86_64, Python 3.12.1" in refused.value.message
    assert hint in str(refused.value.hint)
    assert f"{model_mb}.0 MiB  the model" in refused.value.details[0]


def test_what_takes_exactly_its_budget_fits(tmp_path: Path) -> None:
    budget.check_memory(fit(64, 64), model(tmp_path, "onnx", 1))


def test_the_figures_are_one_line() -> None:
    said = budget.told(fit(12, 64))
    assert said == "2.0 MiB of 8.0 MiB of flash, 12.0 MiB of 64.0 MiB of memory (on x86_64, Python 3.12.1)"
