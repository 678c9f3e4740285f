"""Two models beside one another: which is quicker, and what cannot be timed."""

from pathlib import Path

import pytest

from packager import trial
from packager.errors import BenchmarkError
from packager.targets.aws_lambda.target import AwsLambda
from packager.trial import TrialRoot
from tests.packager.trial.laid import converted, write_net

WIDTH = 256


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cases")
    return converted(write_net(folder / "net.onnx", WIDTH, 1), folder / "job").reference


def _laid(folder: Path, layers: int) -> TrialRoot:
    made = converted(write_net(folder / f"{layers}.onnx", WIDTH, layers), folder / f"job-{layers}")
    return trial.lay(folder / f"root-{layers}", AwsLambda(), made)


def test_twenty_times_the_work_takes_longer_in_either_order(tmp_path: Path, cases: Path) -> None:
    little, much = _laid(tmp_path, 1), _laid(tmp_path, 20)
    slower, quicker = trial.compare(much, little, cases, 0.0), trial.compare(little, much, cases, 0.0)
    assert (slower.ratio.verdict, quicker.ratio.verdict) == ("larger", "smaller")
    assert slower.own_ms > slower.base_ms and quicker.own_ms < quicker.base_ms
    assert slower.ratio.low <= slower.ratio.ratio <= slower.ratio.high


def test_many_rows_are_timed_together_and_told_for_each(tmp_path: Path, cases: Path) -> None:
    laid, other = _laid(tmp_path, 1), _laid(tmp_path, 2)
    many, alone = (trial.compare(laid, other, cases, 0.0, many=which) for which in (True, False))
    assert many.rows > 1 and alone.rows == 1
    # A row alone takes many times as long as one of many: calling the engine is most of it.
    assert many.own_ms < alone.own_ms


def test_says_why_a_model_cannot_be_timed(tmp_path: Path, cases: Path) -> None:
    laid, broken = _laid(tmp_path, 1), _laid(tmp_path, 2)
    (broken.root / "model/model.onnx").write_bytes(b"no model")
    with pytest.raises(BenchmarkError, match="ended while it was timed") as caught:
        trial.compare(broken, laid, cases)
    assert any("model" in line for line in caught.value.details)
