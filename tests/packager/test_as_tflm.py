"""TFLite models for microcontrollers, built, verified and refused as a user sees it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from packager import audit, build, config
from packager.config import Configuration
from packager.errors import ArtifactError, ConfigError, SizeLimitError
from packager.results import BuildReport
from tests.converters.passes import tflite_models as nets
from tests.packager.firmware import needed, tflite

FILES = {
    "tflm/README.md", "tflm/dense.tflite", "tflm/dense_golden.h", "tflm/dense_model.c", "tflm/dense_model.h",
    "tflm/dense_ops.h", "tflm/dense_selftest.cc", "golden.json", "signature.json", "dense.tar.gz",
    "build.json", "SHA256SUMS",
}  # fmt: skip
INT8 = {"passes": [{"kind": "tflite_full_int8"}]}


@pytest.fixture(scope="module", autouse=True)
def _needed() -> None:
    needed.micro_interpreter()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A net of the digits, and rows that it was not trained on."""
    made = tmp_path_factory.mktemp("dense")
    (made / "dense.tflite").write_bytes(nets.dense())
    np.save(made / "rows.npy", tflite.HELD_OUT)
    return made


def configuration(folder: Path, output: Path, **changes: Any) -> Configuration:
    target = {"kind": "edge", "device": changes.pop("device", "cortex-m4")}
    document = {
        "model": str(folder / "dense.tflite"),
        "name": "dense",
        "samples": str(folder / "rows.npy"),
        "output": str(output),
        "rows": tflite.ROWS,
        "target": [target],
    }
    return config.parse({**document, **changes}, "a test")


@pytest.fixture(scope="module")
def built(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildReport:
    return build.build(configuration(folder, tmp_path_factory.mktemp("dist")))


def test_every_row_is_proved_by_the_interpreter_that_runs_on_the_part(built: BuildReport) -> None:
    found, (artifact,) = built.verification, built.artifacts
    assert (found.engine, found.rows, found.passed) == ("TFLite Micro's interpreter", tflite.ROWS, True)
    assert artifact.footprint is not None
    assert artifact.footprint.flash_bytes == (artifact.path / "tflm" / "dense.tflite").stat().st_size
    assert artifact.footprint.whole_flash_bytes is None
    assert any("was not measured" in note for note in artifact.notes)


def test_the_artifact_has_what_a_firmware_needs_and_the_record_of_it(built: BuildReport) -> None:
    (artifact,) = built.artifacts
    found = {
        path.relative_to(artifact.path).as_posix() for path in artifact.path.rglob("*") if path.is_file()
    }
    assert found == FILES
    record = json.loads((artifact.path / "build.json").read_text())
    assert record["footprint"]["ram_bytes"] == artifact.footprint.ram_bytes if artifact.footprint else False
    assert record["footprint"]["stack_bytes"] is None


def test_it_is_verified_again_and_built_again_to_the_byte(built: BuildReport) -> None:
    found = audit.audit(built.artifacts[0].path, rebuild=True)
    assert found.verification.passed
    assert found.rebuilt_files == len(FILES) - 2


def test_a_changed_model_is_not_what_was_built(built: BuildReport, tmp_path: Path) -> None:
    path = built.artifacts[0].path / "tflm" / "dense.tflite"
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[:-1] + b"\1")
        with pytest.raises(ArtifactError, match="is not what was built"):
            audit.audit(built.artifacts[0].path)
    finally:
        path.write_bytes(whole)


def test_a_model_that_the_part_has_no_room_for_is_refused_and_nothing_is_written(
    folder: Path, tmp_path: Path
) -> None:
    part = tmp_path / "small.toml"
    part.write_text(
        'title = "Small"\nkind = "microcontroller"\ncpu = "cortex-m4"\nflags = ["-mcpu=cortex-m4"]\n'
        "flash_kib = 16\nram_kib = 8\n"
    )
    with pytest.raises(SizeLimitError, match=r"small needs .* bytes of flash, and it has 16,384"):
        build.build(configuration(folder, tmp_path / "dist", device=str(part)))
    assert not (tmp_path / "dist").exists() or not list((tmp_path / "dist").rglob("*.c"))


def test_after_int8_it_is_what_the_interpreter_loses_that_counts(folder: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "labels.npy", nets.digits().labels[nets.TRAINED.stop :][: tflite.ROWS])
    asked = configuration(
        folder, tmp_path / "dist", labels=str(tmp_path / "labels.npy"), optimize={**INT8, "max_drop": "2%"}
    )
    report = build.build(asked)
    (artifact,) = report.artifacts
    assert report.artifact_score is not None and report.source_score is not None
    assert report.artifact_score.value >= report.source_score.value - 0.02
    assert any(note.startswith("by TFLite Micro its accuracy is") for note in artifact.notes)
    assert artifact.footprint is not None
    assert artifact.footprint.flash_bytes < 0.5 * len(nets.dense())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"engine": "tiny", "format": "tflite"}, "does not run tflite|engine tiny is asked for"),
        (
            {"target": [{"kind": "edge", "device": "cortex-m4"}, {"kind": "aws_lambda"}]},
            "is built by itself, and this build has several targets",
        ),
    ],
)
def test_what_goes_not_together_is_refused_before_anything_is_converted(
    folder: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        build.build(configuration(folder, tmp_path, **changes))
